"""Figures for the gate 'speed': a month of invoices, and a search in them."""

import sys

from invoice.lines import Invoice, Line
from invoice.money import Money
from invoice.search import Index


def totals() -> None:
    invoices = [
        Invoice(
            f"Customer {i}",
            lines=[
                Line(f"Item {j}", j + 1, Money(137 * j + i), ("standard", "reduced")[j % 2], i % 20)
                for j in range(12)
            ],
        )
        for i in range(400)
    ]
    sum(invoice.gross().cents for invoice in invoices)


def search() -> None:
    index = Index()
    for i in range(6000):
        index.add(i, f"item {i % 97} in box {i % 13}, shelf {i % 31}, colour {i % 7}")
    for i in range(200):
        index.find(f"item {i % 97} box shelf")


if __name__ == "__main__":
    {"totals": totals, "search": search}[sys.argv[1]]()
