"""Data sets from sources: what is set aside, counted, said, and the same content with the same fingerprint."""

import gzip

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segcore.data.samples.registry import SAMPLES, find_sample
from segcore.data.sources import read_source
from segcore.errors import DataError
from segcore.records.dataset import ROW_NUMBER
from segcore.records.intake import DataRequest
from segcore.wording.findings import rows_by_label, sentence

LINES = """InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID,Description
536365,85123A,6,2010-12-01 08:26:00,2.55,17850.0,LANTERN
536366,71053,6,2010-12-01 08:28:00,3.39,17850,£ SIGN
C536367,71053,-1,2010-12-02 09:00:00,3.39,017850,
536368,22752,2,2010-12-02 09:01:00,7.65,,HEART
536369,22752,2,2010-12-02 09:02:00,,13047,HEART
"""


def test_ids_are_text_and_one_customer_has_one_spelling(write_text):
    dataset = read_source(DataRequest(str(write_text(LINES, encoding="latin-1"))))

    assert dataset.kind == "transactions"
    assert list(dataset.frame["CustomerID"]) == ["17850", "17850", "017850"]
    assert list(dataset.frame["InvoiceNo"]) == ["536365", "536366", "C536367"]
    assert rows_by_label(dataset.set_aside) == {"without CustomerID": 1, "without UnitPrice": 1}
    assert dataset.rows_read == 5
    assert [sentence(note) for note in dataset.notes if "set aside" in sentence(note)] == [
        "1 row set aside: without CustomerID.",
        "1 row set aside: without UnitPrice.",
    ]


def test_rows_without_a_customer_are_counted_with_their_orders(write_text):
    nobody = "536370,22752,1,2010-12-02 10:00:00,7.65,,HEART\n536370,71053,1,2010-12-02 10:00:00,3.39,,HEART\n"
    dataset = read_source(DataRequest(str(write_text(LINES + nobody, encoding="latin-1"))))

    said = [sentence(note) for note in dataset.notes if "set aside" in sentence(note)]
    assert said == ["3 rows in 2 orders set aside: without CustomerID.", "1 row set aside: without UnitPrice."]


def test_a_missing_value_in_a_column_without_a_role_sets_nothing_aside(write_text):
    dataset = read_source(
        DataRequest(str(write_text(LINES, encoding="latin-1")), roles={"price": "", "quantity": "", "amount": "Quantity"})
    )

    assert rows_by_label(dataset.set_aside) == {"without CustomerID": 1}


def test_the_same_content_has_the_same_fingerprint_whatever_the_file(write_text, tmp_path):
    latin = read_source(DataRequest(str(write_text(LINES, "a.csv", "latin-1"))))
    packed = read_source(DataRequest(str(write_text(gzip.compress(LINES.encode()), "b.csv.gz"))))
    frame = pd.read_csv(write_text(LINES, "c.csv"), dtype={"CustomerID": str})
    frame["InvoiceDate"] = pd.to_datetime(frame["InvoiceDate"])
    pq.write_table(pa.Table.from_pandas(frame), tmp_path / "d.parquet")
    parquet = read_source(DataRequest(str(tmp_path / "d.parquet")))

    assert latin.fingerprint == packed.fingerprint == parquet.fingerprint


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (",6,2010-12-01 08:28", ",7,2010-12-01 08:28"),
        ("71053", "71054"),
        ("08:26:00", "08:27:00"),
        ("17850.0", "17851"),
        ("3.39,1", "3.38,1"),
    ],
)
def test_another_value_has_another_fingerprint(write_text, old, new):
    assert old in LINES

    one = read_source(DataRequest(str(write_text(LINES, "a.csv"))))
    other = read_source(DataRequest(str(write_text(LINES.replace(old, new, 1), "b.csv"))))

    assert one.fingerprint != other.fingerprint


def test_roles_kind_and_filters_change_the_fingerprint(write_text):
    path = str(write_text(LINES))
    found = {
        read_source(DataRequest(path)).fingerprint,
        read_source(DataRequest(path, roles={"item": ""})).fingerprint,
        read_source(DataRequest(path, roles={"item": "Description"})).fingerprint,
        read_source(DataRequest(path, where=("Quantity > 0",))).fingerprint,
        read_source(DataRequest(path, date_to="2010-12-01")).fingerprint,
        read_source(DataRequest(path, kind="customers", roles={"customer": "InvoiceNo"})).fingerprint,
    }

    assert len(found) == 5  # both filters leave the same rows


def test_without_an_order_each_time_is_one_and_that_is_said(write_text):
    dataset = read_source(DataRequest(str(write_text(LINES)), roles={"order": ""}))

    assert any("role order" in sentence(note) for note in dataset.notes)


def test_what_commas_in_numbers_were_read_as_is_said(write_text):
    path = write_text("Kundennr;Datum;Umsatz\n1;01.02.2024;5,50\n1;13.02.2024;1000,25\n")

    dataset = read_source(DataRequest(str(path)))

    assert list(dataset.frame["Umsatz"]) == [5.5, 1000.25]
    assert any("Umsatz are read as decimal commas" in sentence(note) for note in dataset.notes)


def test_a_table_of_customers_keeps_numbers_and_text_apart(write_text):
    path = write_text("customer_id;age;zip;plan\n007;30;01234;a\n42;;04321;b\n9;50;01234;a\n", "rows.csv")

    dataset = read_source(DataRequest(str(path)))

    assert dataset.kind == "customers"
    assert list(dataset.frame["customer_id"]) == ["007", "42", "9"]
    assert dataset.frame["age"].dtype == "float64"
    assert list(dataset.frame["zip"]) == ["01234", "04321", "01234"]


def test_rows_without_an_id_are_numbered_as_in_the_file_even_when_filtered(write_text):
    path = write_text("age,spend\n30,1\n40,2\n50,3\n")

    dataset = read_source(DataRequest(str(path), where=("age >= 40",)))

    assert list(dataset.frame[ROW_NUMBER]) == ["2", "3"]
    assert dataset.roles == {}
    assert any(note.severity == "warning" and note.code == "role.row_number_as_id" for note in dataset.notes)


def test_a_customer_with_two_rows_is_refused_with_both_lines(write_text):
    path = write_text("customer_id,age\n1,30\n2,40\n1.0,50\n")

    with pytest.raises(DataError, match=r"customer_id '1' is in line 2 and in line 4"):
        read_source(DataRequest(str(path)))


def test_a_period_of_data_without_times_is_refused(write_text):
    with pytest.raises(DataError, match="role time"):
        read_source(DataRequest(str(write_text("customer_id,age\n1,30\n2,40\n")), date_from="2020-01-01"))


def test_the_complete_journey_is_read_with_its_roles():
    dataset = read_source(DataRequest("complete-journey", date_to="2017-01-07"))

    assert dataset.kind == "transactions"
    assert dataset.rows_read == 1_469_307
    assert dataset.roles["amount"] == "sales_value"
    assert "quantity" not in dataset.roles  # fuel is counted by volume there
    assert dataset.name == "The Complete Journey"
    assert len(dataset.frame) + dataset.filtered_out == 1_469_307
    assert list(dataset.frame.columns) == list(dataset.roles.values())


def test_a_samples_roles_can_be_changed_and_its_other_columns_filtered():
    dataset = read_source(
        DataRequest("complete-journey", roles={"order": "", "quantity": "quantity"}, where=("store_id = 367",), date_to="2017-01-31")
    )

    assert "order" not in dataset.roles
    assert dataset.roles["quantity"] == "quantity"
    assert 0 < len(dataset.frame) < 10_000


def test_every_sample_describes_itself():
    for sample in SAMPLES:
        assert find_sample(sample.name) is sample
        assert sample.title
        assert sample.description
        assert sample.licence
    assert find_sample("nothing") is None


def test_a_price_that_is_taken_for_the_whole_amount_is_warned_of(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("customer,order,date,maengd,price\na,1,2024-01-01,3,2.50\na,2,2024-01-13,1,4\n")

    guessed = read_source(DataRequest(str(path)))
    chosen = read_source(DataRequest(str(path), roles={"amount": "price"}))

    assert any(note.severity == "warning" and "price is read as the whole amount" in sentence(note) for note in guessed.notes)
    assert not any("read as the whole amount" in sentence(note) for note in chosen.notes)
