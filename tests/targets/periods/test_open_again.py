import pandas as pd
import pytest

from segcore.errors import DataError, SourceError
from segcore.intake.take_in import take_in
from segcore.records.intake import DataRequest
from segcore.store.store import Store
from segcore.targets.periods.three_periods import open_again


@pytest.fixture
def loaded(tmp_path):
    days = pd.date_range("2024-01-01", periods=40, freq="D")
    lines = {"customer_id": [f"c{at % 8}" for at in range(40)], "invoice": range(40), "date": days, "amount": 5.0, "shop": "north"}
    path = tmp_path / "lines.csv"
    pd.DataFrame(lines).assign(shop=["north", "south"] * 20).to_csv(path, index=False)
    store = Store(tmp_path / "home")
    request = DataRequest(str(path), where=("shop = 'north'", "customer.invoices > 3"))
    return store, request, take_in(store, request), path


def test_rows_are_read_with_the_same_meaning_and_filters(loaded):
    store, request, intake, _ = loaded
    found = open_again(store, intake, request)
    assert found.dataset.roles == intake.roles and len(found.dataset.frame) == intake.rows_used
    assert found.customers == frozenset(store.feature_table(intake.table).customers)


def test_another_column_goes_with_the_rows_that_are_used(loaded):
    store, request, intake, _ = loaded
    found = open_again(store, intake, request)
    texts, codes = found.coded("shop")
    assert len(codes) == len(found.dataset.frame) and {texts[code] for code in codes} == {"north"}


def test_a_file_that_changed_or_went_is_said(loaded):
    store, request, intake, path = loaded
    path.write_text(path.read_text().replace("5.0", "6.0", 1))
    with pytest.raises(DataError, match=r"lines.csv has changed since it was loaded: load it again"):
        open_again(store, intake, request)
    path.unlink()
    with pytest.raises(SourceError, match="lines.csv"):
        open_again(store, intake, request)
