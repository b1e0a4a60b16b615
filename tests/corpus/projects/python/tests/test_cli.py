import pytest

from invoice.cli import main


@pytest.fixture
def invoice(tmp_path, capsys):
    def call(*args):
        status = main(["--db", str(tmp_path / "shop.db"), *args])
        out, err = capsys.readouterr()
        return status, out, err

    return call


def test_add_show_export_find(invoice):
    assert invoice("add", "Ada Ltd", "Consulting", "8", "95.00") == (0, "1\n", "")
    status, out, _ = invoice("show", "1")
    assert status == 0
    assert "904.40 EUR" in out
    status, out, _ = invoice("export", "1")
    assert (status, out.splitlines()[1]) == (0, "Consulting,8,95.00 EUR,0,760.00 EUR")
    assert invoice("find", "ada") == (0, "1\n", "")


def test_missing_invoice(invoice):
    assert invoice("show", "9") == (1, "", "invoice: there is no invoice 9\n")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("add", "A", "x", "1", "1,50"), "'1,50' is no amount of money"),
        (("add", "A", "x", "0", "1.50"), "a line needs a quantity of 1 or more"),
        (("add", "A", "x", "1", "1.50", "--country", "XX"), "no rates for country 'XX'"),
    ],
)
def test_wrong_input_is_said(invoice, args, message):
    assert invoice(*args) == (1, "", f"invoice: {message}\n")
    assert invoice("find", "A") == (0, "", "")


def test_no_command():
    with pytest.raises(SystemExit):
        main(["--db", "x"])
