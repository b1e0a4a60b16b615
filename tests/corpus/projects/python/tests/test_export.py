from pathlib import Path

import pytest

from invoice import Invoice, Line, Money
from invoice.export import as_csv, as_text

GOLDEN = Path(__file__).parent / "golden"


def sample():
    return Invoice(
        "Ada Ltd",
        lines=[
            Line("Consulting", 8, Money(9500)),
            Line("Book", 2, Money(1999), kind="reduced", discount=30),
        ],
    )


def test_text():
    assert as_text(sample()) == (GOLDEN / "invoice.txt").read_text()


def test_csv():
    assert as_csv(sample()) == (GOLDEN / "invoice.csv").read_text()


def test_reverse_charge_is_said():
    invoice = Invoice("BV", "NL", "NL123456789B01", [Line("x", 1, Money(100))])
    assert "recipient NL123456789B01 owes the tax" in as_text(invoice)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_formulas_are_quoted(text):
    csv = as_csv(Invoice("x", lines=[Line(text, 1, Money(1))]))
    assert f"\n'{text}," in csv


def test_commas_are_quoted():
    assert '"a,b"' in as_csv(Invoice("x", lines=[Line("a,b", 1, Money(1))]))
