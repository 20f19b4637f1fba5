import pytest

from segcore.cli import taking
from segcore.errors import SourceError
from segcore.intake import DataRequest
from segcore.store import Store

ROWS = "customer,date,amount\n" + "".join(f"c{row % 7},2023-01-{1 + row % 28:02d},{row}.5\n" for row in range(200))


@pytest.fixture
def orders(tmp_path, monkeypatch):
    (tmp_path / "orders.csv").write_text(ROWS)
    monkeypatch.chdir(tmp_path)
    return DataRequest(data="orders.csv")


def test_a_large_file_is_taken_in_by_a_child_with_the_same_result(orders, home, tmp_path, monkeypatch):
    small = taking.taken_in(Store(tmp_path / "one"), orders)
    monkeypatch.setattr(taking, "_LARGE_BYTES", 100)
    monkeypatch.setattr("segcore.intake.take_in", lambda *args: pytest.fail("it was read in this process"))
    large = taking.taken_in(Store(tmp_path / "two"), orders)
    assert large.table == small.table
    assert large.data["fingerprint"] == small.data["fingerprint"] and large.data["name"] == "orders.csv"


def test_what_is_wrong_with_a_large_file_is_one_sentence(orders, home, tmp_path, monkeypatch):
    monkeypatch.setattr(taking, "_LARGE_BYTES", 1)
    (tmp_path / "orders.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    with pytest.raises(SourceError, match="orders.csv"):
        taking.taken_in(Store(home), orders)
