"""Invoices in SQLite."""

from __future__ import annotations

import sqlite3

from invoice.lines import Invoice, Line
from invoice.money import Money

SCHEMA = """
create table if not exists invoices (
    id integer primary key, customer text not null, country text not null, vat_id text);
create table if not exists lines (
    invoice integer not null references invoices (id), position integer not null,
    text text not null, quantity integer not null, cents integer not null,
    kind text not null, discount integer not null, primary key (invoice, position));
"""


class NotFound(KeyError):
    """There is no such invoice."""


class Store:
    def __init__(self, path: str) -> None:
        self.db = sqlite3.connect(path)
        self.db.executescript(SCHEMA)

    def close(self) -> None:
        self.db.close()

    def save(self, invoice: Invoice) -> int:
        """All of it or nothing; the new invoice's number."""
        with self.db:
            number = self.db.execute(
                "insert into invoices (customer, country, vat_id) values (?, ?, ?)",
                (invoice.customer, invoice.country, invoice.vat_id),
            ).lastrowid
            self.db.executemany(
                "insert into lines values (?, ?, ?, ?, ?, ?, ?)",
                [
                    (number, i, li.text, li.quantity, li.price.cents, li.kind, li.discount)
                    for i, li in enumerate(invoice.lines)
                ],
            )
        return number

    def load(self, number: int) -> Invoice:
        row = self.db.execute(
            "select customer, country, vat_id from invoices where id = ?", (number,)
        ).fetchone()
        if row is None:
            raise NotFound(number)
        lines = self.db.execute(
            "select text, quantity, cents, kind, discount from lines"
            " where invoice = ? order by position",
            (number,),
        )
        return Invoice(
            *row, [Line(text, n, Money(cents), kind, off) for text, n, cents, kind, off in lines]
        )

    def find(self, customer: str) -> list[int]:
        """Numbers of the invoices of customers whose name has this in it."""
        rows = self.db.execute(
            "select id from invoices where instr(lower(customer), lower(?)) > 0 order by id",
            (customer,),
        )
        return [number for (number,) in rows]
