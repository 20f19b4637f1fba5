"""Online Retail in each form it goes around in."""

import gzip
import os

import numpy as np
import pandas as pd
import pytest

from segcore.data.sources import read_source
from segcore.features.builders import build_features
from segcore.records.intake import DataRequest
from segcore.wording.findings import rows_by_label, sentence

pytestmark = pytest.mark.skipif(
    "SEGCORE_DATA_DIR" not in os.environ, reason="SEGCORE_DATA_DIR is not set: it names a folder with Online Retail's files"
)
HEAD_ROWS = 73_558


def assert_same_features(one, other):
    assert list(one.customers) == list(other.customers)
    np.testing.assert_allclose(one.values, other.values, rtol=1e-9, atol=1e-9)
    assert one.reference_date == other.reference_date


def warnings_of(dataset):
    return [sentence(note) for note in dataset.notes if note.severity == "warning"]


def test_the_latin_1_csv_and_the_parquet_are_the_same_data(data_dir):
    csv = read_source(DataRequest(str(data_dir / "OnlineRetail.csv.gz")))
    parquet = read_source(DataRequest(str(data_dir / "online_retail.parquet")))

    assert csv.fingerprint == parquet.fingerprint
    assert rows_by_label(csv.set_aside) == rows_by_label(parquet.set_aside) == {"without CustomerID": 135_080}
    assert any("Latin-1" in sentence(note) for note in csv.notes)
    assert warnings_of(csv) == warnings_of(parquet) == []


def test_the_workbooks_head_is_the_parquets_head(data_dir, tmp_path):
    pd.read_parquet(data_dir / "online_retail.parquet").head(HEAD_ROWS).to_parquet(tmp_path / "head.parquet")

    workbook = read_source(DataRequest(str(data_dir / "OnlineRetail.first73558rows.xlsx")))
    parquet = read_source(DataRequest(str(tmp_path / "head.parquet")))

    assert workbook.rows_read == parquet.rows_read == HEAD_ROWS
    assert workbook.fingerprint == parquet.fingerprint
    assert_same_features(build_features(workbook), build_features(parquet))


def test_the_12_hour_clock_is_noticed_and_only_days_are_off(data_dir):
    wrong = read_source(DataRequest(str(data_dir / "OnlineRetail.xlsx2csv-0.8.6.csv.gz")))
    right = build_features(read_source(DataRequest(str(data_dir / "online_retail.parquet"))))

    assert len(warnings_of(wrong)) == 1
    assert "12-hour clock" in warnings_of(wrong)[0]
    table = build_features(wrong)
    off = table.column("Recency") - right.column("Recency")
    assert set(off) == {0.0, 1.0}
    assert (off == 1).sum() == 2_243
    np.testing.assert_allclose(table.column("total_spend"), right.column("total_spend"))


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ("%-m/%-d/%Y %-H:%M", {}),
        ("%d/%m/%Y %H:%M", {"InvoiceNo": "Invoice", "UnitPrice": "Price", "CustomerID": "Customer ID"}),
        ("%d-%m-%y %H:%M", {}),
    ],
)
def test_other_public_copies_give_the_same_features(data_dir, tmp_path, form, headers):
    frame = pd.read_parquet(data_dir / "online_retail.parquet").sample(60_000, random_state=0).sort_index()
    frame.to_parquet(tmp_path / "some.parquet")
    frame["InvoiceDate"] = frame["InvoiceDate"].dt.strftime(form)
    with gzip.open(tmp_path / "some.csv.gz", "wb") as file:
        frame.rename(columns=headers).to_csv(file, index=False, encoding="latin-1")

    copy = read_source(DataRequest(str(tmp_path / "some.csv.gz")))

    assert warnings_of(copy) == []
    assert_same_features(build_features(copy), build_features(read_source(DataRequest(str(tmp_path / "some.parquet")))))


def test_filters_leave_what_pandas_leaves(data_dir):
    frame = pd.read_parquet(data_dir / "online_retail.parquet")
    dataset = read_source(
        DataRequest(str(data_dir / "OnlineRetail.csv.gz"), where=("Country = 'France'",), date_from="2011-02-01", date_to="2011-06-30")
    )

    wanted = frame[(frame["Country"] == "France") & frame["CustomerID"].notna()]
    wanted = wanted[(wanted["InvoiceDate"] >= "2011-02-01") & (wanted["InvoiceDate"] < "2011-07-01")]
    assert len(dataset.frame) == len(wanted)
    assert dataset.rows_read == 541_909
    assert dataset.filtered_out == 541_909 - 135_080 - len(wanted)
    assert dataset.frame["Quantity"].sum() == wanted["Quantity"].sum()


def test_the_tables_with_one_row_a_customer_are_read(data_dir):
    wholesale = read_source(DataRequest(str(data_dir / "wholesale_customers.csv")))
    bank = read_source(DataRequest(str(data_dir / "bank_marketing.csv")))
    shoppers = read_source(DataRequest(str(data_dir / "online_shoppers_intention.csv")))

    assert [dataset.kind for dataset in (wholesale, bank, shoppers)] == ["customers"] * 3
    assert wholesale.rows_read == 440
    assert len(build_features(bank)) == 45_211
    assert {"age", "balance", "day", "duration", "campaign", "pdays", "previous"} <= set(build_features(bank).names)
    assert len(build_features(wholesale)) == 440
    assert len(build_features(shoppers)) == 12_330
