"""Invoices and their lines."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

from invoice.money import Money
from invoice.tax import rate


@dataclass(frozen=True)
class Line:
    text: str
    quantity: int
    price: Money
    kind: str = "standard"
    discount: int = 0  # percent

    def __post_init__(self) -> None:
        if self.quantity < 1:
            raise ValueError("a line needs a quantity of 1 or more")
        if not 0 <= self.discount <= 100:
            raise ValueError("a discount is from 0 to 100 percent")

    def net(self) -> Money:
        full = self.price.times(self.quantity)
        return full.times(Fraction(100 - self.discount, 100))


@dataclass
class Invoice:
    customer: str
    country: str = "DE"
    vat_id: str | None = None
    lines: list[Line] = field(default_factory=list)

    def net(self) -> Money:
        total = Money(0)
        for line in self.lines:
            total += line.net()
        return total

    def tax(self) -> dict[Fraction, Money]:
        """By rate, rounded once for each."""
        nets: dict[Fraction, Money] = defaultdict(lambda: Money(0))
        for line in self.lines:
            nets[rate(self.country, line.kind, self.vat_id)] += line.net()
        return {r: net.times(r) for r, net in nets.items() if r != 0}

    def gross(self) -> Money:
        total = self.net()
        for amount in self.tax().values():
            total += amount
        return total
