"""The command line: add, show, export, find."""

from __future__ import annotations

import argparse
import sys

from invoice.export import as_csv, as_text
from invoice.lines import Invoice, Line
from invoice.money import Money, MoneyError
from invoice.store import NotFound, Store
from invoice.tax import TaxError


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(prog="invoice")
    p.add_argument("--db", required=True, help="the file with the invoices")
    commands = p.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="write an invoice of one line")
    add.add_argument("customer")
    add.add_argument("text")
    add.add_argument("quantity", type=int)
    add.add_argument("price")
    add.add_argument("--country", default="DE")
    add.add_argument("--vat-id")
    for name, text in (("show", "print an invoice"), ("export", "print it as CSV")):
        command = commands.add_parser(name, help=text)
        command.add_argument("number", type=int)
    find = commands.add_parser("find", help="invoices of a customer")
    find.add_argument("customer")
    return p


def run(args: argparse.Namespace, store: Store) -> None:
    if args.command == "add":
        line = Line(args.text, args.quantity, Money.parse(args.price))
        invoice = Invoice(args.customer, args.country, args.vat_id, [line])
        invoice.gross()  # says so now when there is no rate
        print(store.save(invoice))
    elif args.command == "find":
        for number in store.find(args.customer):
            print(number)
    else:
        invoice = store.load(args.number)
        sys.stdout.write(as_text(invoice) if args.command == "show" else as_csv(invoice))


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    store = Store(args.db)
    try:
        run(args, store)
    except NotFound as e:
        print(f"invoice: there is no invoice {e.args[0]}", file=sys.stderr)
        return 1
    except (MoneyError, TaxError, ValueError) as e:
        print(f"invoice: {e}", file=sys.stderr)
        return 1
    finally:
        store.close()
    return 0
