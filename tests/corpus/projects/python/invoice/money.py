"""Amounts of money as whole cents, in one currency each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_FORM = re.compile(r"^(-?)(\d{1,12})(?:\.(\d{2}))?$")


class MoneyError(ValueError):
    """An amount that cannot be read, or two that do not fit together."""


def round_half_even(value: Fraction) -> int:
    """The nearest whole number; of two, the even one."""
    floor = value.numerator // value.denominator
    rest = value - floor
    if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and floor % 2 == 1):
        return floor + 1
    return floor


@dataclass(frozen=True, order=True)
class Money:
    cents: int
    currency: str = "EUR"

    @classmethod
    def parse(cls, text: str, currency: str = "EUR") -> Money:
        """From '12', '12.50' or '-0.99'."""
        match = _FORM.match(text.strip())
        if match is None:
            raise MoneyError(f"'{text}' is no amount of money")
        sign, whole, cents = match.groups()
        value = int(whole) * 100 + int(cents or 0)
        return cls(-value if sign else value, currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise MoneyError(f"{self.currency} and {other.currency} do not add up")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.cents + other.cents, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.cents - other.cents, self.currency)

    def times(self, factor: Fraction | int) -> Money:
        """Rounded half to even."""
        return Money(round_half_even(Fraction(self.cents) * factor), self.currency)

    def split(self, parts: int) -> list[Money]:
        """Shares that differ by a cent at most and add up to the whole."""
        if parts < 1:
            raise MoneyError("a split needs at least one part")
        share, rest = divmod(self.cents, parts)
        return [
            Money(share + (1 if i < rest else 0), self.currency) for i in range(parts)
        ]

    def __str__(self) -> str:
        sign = "-" if self.cents < 0 else ""
        whole, cents = divmod(abs(self.cents), 100)
        return f"{sign}{whole}.{cents:02d} {self.currency}"
