from fractions import Fraction

import pytest

from invoice import Invoice, Line, Money


def test_net_with_discount():
    line = Line("Paper", 3, Money(999), discount=10)
    assert line.net() == Money(2697)


def test_full_discount_costs_nothing():
    assert Line("Gift", 1, Money(500), discount=100).net() == Money(0)


@pytest.mark.parametrize("quantity", [0, -1])
def test_quantity_is_positive(quantity):
    with pytest.raises(ValueError, match="quantity"):
        Line("x", quantity, Money(1))


@pytest.mark.parametrize("discount", [-1, 101])
def test_discount_is_a_percentage(discount):
    with pytest.raises(ValueError, match="discount"):
        Line("x", 1, Money(1), discount=discount)


def mixed():
    return Invoice(
        "Ada Ltd",
        lines=[
            Line("Consulting", 8, Money(9500)),
            Line("Book", 2, Money(1999), kind="reduced"),
            Line("Stamp", 1, Money(85), kind="exempt"),
        ],
    )


def test_totals():
    invoice = mixed()
    assert invoice.net() == Money(80083)
    assert invoice.tax() == {Fraction(19, 100): Money(14440), Fraction(7, 100): Money(280)}
    assert invoice.gross() == Money(94803)


def test_tax_is_rounded_once_per_rate():
    invoice = Invoice("x", lines=[Line("a", 1, Money(3)), Line("b", 1, Money(3))])
    assert invoice.tax() == {Fraction(19, 100): Money(1)}


def test_reverse_charge_has_no_tax():
    invoice = Invoice("BV", "NL", "NL123456789B01", [Line("x", 1, Money(100))])
    assert invoice.tax() == {}
    assert invoice.gross() == Money(100)
