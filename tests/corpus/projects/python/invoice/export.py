"""What customers get: text and CSV."""

from __future__ import annotations

import csv
import io

from invoice.lines import Invoice

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_text(invoice: Invoice) -> str:
    out = [f"Invoice for {invoice.customer}", ""]
    for line in invoice.lines:
        out.append(f"{line.quantity:>5} x {line.text:<30} {line.net()!s:>16}")
    out += ["", f"{'net':>38} {invoice.net()!s:>16}"]
    for rate, amount in sorted(invoice.tax().items()):
        label = f"VAT {float(rate * 100):g} %"
        out.append(f"{label:>38} {amount!s:>16}")
    if not invoice.tax() and invoice.vat_id is not None:
        out.append(f"Reverse charge: the recipient {invoice.vat_id} owes the tax.")
    out.append(f"{'total':>38} {invoice.gross()!s:>16}")
    return "\n".join(out) + "\n"


def _cell(text: str) -> str:
    """A spreadsheet takes such a text for a formula, so it is quoted."""
    return "'" + text if text.startswith(_FORMULA) else text


def as_csv(invoice: Invoice) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["text", "quantity", "price", "discount", "net"])
    for line in invoice.lines:
        writer.writerow(
            [_cell(line.text), line.quantity, str(line.price), line.discount, str(line.net())]
        )
    return out.getvalue()
