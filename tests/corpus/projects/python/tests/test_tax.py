from fractions import Fraction

import pytest

from invoice.tax import TaxError, rate, valid_vat_id


def test_home_rates():
    assert rate("DE") == Fraction(19, 100)
    assert rate("DE", "reduced") == Fraction(7, 100)
    assert rate("DE", "exempt") == 0


def test_rates_abroad():
    assert rate("FR", "reduced") == Fraction(55, 1000)
    assert rate("FR") == Fraction(1, 5)
    assert rate("NL") == Fraction(21, 100)
    assert rate("NL", "reduced") == Fraction(9, 100)


def test_reverse_charge_needs_a_vat_id_from_abroad():
    assert rate("NL", vat_id="NL123456789B01") == 0
    assert rate("DE", vat_id="DE123456789") == Fraction(19, 100)


def test_wrong_vat_id():
    with pytest.raises(TaxError, match="no VAT id of NL"):
        rate("NL", vat_id="FR12345678901")


def test_unknown_country_and_kind():
    with pytest.raises(TaxError, match="country 'XX'"):
        rate("XX")
    with pytest.raises(TaxError, match="no rate 'luxury' in DE"):
        rate("DE", "luxury")


@pytest.mark.parametrize(
    ("vat_id", "good"),
    [("FR123456789", True), ("FR12345678", False), ("FR1234567890123", False), ("FR12345 789", False)],
)
def test_form_of_vat_ids(vat_id, good):
    assert valid_vat_id("FR", vat_id) is good
