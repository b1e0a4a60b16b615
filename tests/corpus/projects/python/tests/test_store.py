import sqlite3

import pytest

from invoice import Invoice, Line, Money
from invoice.store import NotFound, Store


@pytest.fixture
def store():
    s = Store(":memory:")
    yield s
    s.close()


def test_what_is_saved_is_loaded(store):
    invoice = Invoice(
        "O'Hara", "FR", None, [Line("a", 2, Money(150), "reduced", 5), Line("b", 1, Money(7))]
    )
    assert store.load(store.save(invoice)) == invoice


def test_numbers_go_up(store):
    assert store.save(Invoice("a")) == 1
    assert store.save(Invoice("b")) == 2


def test_missing_invoice(store):
    with pytest.raises(NotFound):
        store.load(1)


def test_find_by_part_of_the_name(store):
    for name in ("Ada Ltd", "Babbage & Co", "ada lovelace", "100% Cotton"):
        store.save(Invoice(name))
    assert store.find("ADA") == [1, 3]
    assert store.find("%") == [4]
    assert store.find("' or 1=1 --") == []


def test_nothing_is_left_of_a_failed_save(store):
    bad = Invoice("x", lines=[Line("a", 1, Money(1)), Line(None, 1, Money(1))])
    with pytest.raises(sqlite3.IntegrityError):
        store.save(bad)
    assert store.find("x") == []
