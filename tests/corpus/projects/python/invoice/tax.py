"""Rates of value added tax, by country and kind of goods."""

from __future__ import annotations

from fractions import Fraction

RATES = {
    "DE": {"standard": Fraction(19, 100), "reduced": Fraction(7, 100)},
    "FR": {"standard": Fraction(20, 100), "reduced": Fraction(55, 1000)},
    "NL": {"standard": Fraction(21, 100), "reduced": Fraction(9, 100)},
}

HOME = "DE"


class TaxError(ValueError):
    """A country or kind that has no rate."""


def rate(country: str, kind: str = "standard", vat_id: str | None = None) -> Fraction:
    """The rate that applies; a business abroad pays the tax itself (reverse charge)."""
    if country not in RATES:
        raise TaxError(f"no rates for country '{country}'")
    if kind == "exempt":
        return Fraction(0)
    if kind not in RATES[country]:
        raise TaxError(f"no rate '{kind}' in {country}")
    if country != HOME and vat_id is not None:
        if not valid_vat_id(country, vat_id):
            raise TaxError(f"'{vat_id}' is no VAT id of {country}")
        return Fraction(0)
    return RATES[country][kind]


def valid_vat_id(country: str, vat_id: str) -> bool:
    """Only the form: country and 9 to 12 letters or digits."""
    rest = vat_id[2:]
    return vat_id[:2] == country and 9 <= len(rest) <= 12 and rest.isalnum()
