import random
from fractions import Fraction

import pytest

from invoice.money import Money, MoneyError, round_half_even


@pytest.mark.parametrize(
    ("text", "cents"),
    [("12", 1200), ("12.50", 1250), ("-0.99", -99), (" 7.00 ", 700), ("0", 0)],
)
def test_parse(text, cents):
    assert Money.parse(text).cents == cents


@pytest.mark.parametrize("text", ["", "12.5", "1,00", "12.345", "1e3", "--1", "1234567890123"])
def test_parse_refuses(text):
    with pytest.raises(MoneyError, match="is no amount"):
        Money.parse(text)


def test_str_has_sign_and_two_digits():
    assert str(Money(-5)) == "-0.05 EUR"
    assert str(Money(123456, "USD")) == "1234.56 USD"


def test_currencies_do_not_mix():
    with pytest.raises(MoneyError):
        Money(1) + Money(1, "USD")
    with pytest.raises(MoneyError):
        Money(1) - Money(1, "USD")


def test_difference():
    assert Money(500) - Money(125) == Money(375)


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (Fraction(5, 2), 2),
        (Fraction(7, 2), 4),
        (Fraction(-5, 2), -2),
        (Fraction(26, 10), 3),
        (Fraction(24, 10), 2),
    ],
)
def test_round_half_even(value, want):
    assert round_half_even(value) == want


def test_times_rounds_once():
    assert Money(1005).times(Fraction(19, 100)) == Money(191)
    assert Money(250).times(3) == Money(750)


def test_split_adds_up():
    rng = random.Random(4)
    for _ in range(300):
        whole = Money(rng.randrange(-100000, 100000))
        parts = whole.split(rng.randrange(1, 30))
        total = Money(0)
        for part in parts:
            total += part
        assert total == whole
        assert max(parts).cents - min(parts).cents <= 1


def test_split_into_nothing():
    with pytest.raises(MoneyError):
        Money(100).split(0)


def test_parse_reads_what_str_writes():
    rng = random.Random(5)
    for _ in range(300):
        money = Money(rng.randrange(-(10**9), 10**9))
        assert Money.parse(str(money).rsplit(" ", 1)[0]) == money
