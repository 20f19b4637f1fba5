"""Which column of a second table holds the ids of the data, by name and by content."""

import pandas as pd
import pyarrow as pa
import pytest

from segcore.data.files.raw import table_source
from segcore.data.rows.matching_keys import Wanted, distinct_ids, find_key, rows_of_ids
from segcore.errors import DataError

WANTED = Wanted("customers", "orders.csv", "customer_id", distinct_ids(pd.Index(["001", "12", "A 7", "x"])))

ZEROS = ["001", "12", "0001", "y"]


def table_of(**columns):
    return table_source("people.csv", pa.table(columns), where=lambda row: f"line {row + 2}")


def test_a_column_of_the_same_name_is_the_key_though_another_matches_more():
    key = find_key(table_of(other=["001", "12", "A 7"], customer_id=["12", "y", "z"]), WANTED)
    assert (key.column, key.found) == ("customer_id", 1)


@pytest.mark.parametrize("name", ["Customer_ID", "CustomerId", " customer id "])
def test_capitals_spaces_and_signs_of_the_name_do_not_matter(name):
    assert find_key(table_of(**{"number": ["x", "12"], name: ["12", "x"]}), WANTED).column == name


@pytest.mark.parametrize("written", [[" 12 ", "x\u200b"], ["12.0", "x"], ["12", "x\u00a0"]])
def test_ids_match_however_they_are_written(written):
    assert find_key(table_of(customer_id=written), WANTED).found == 2


def test_numbers_match_ids_of_text():
    assert find_key(table_of(customer_id=[12.0, 13.0]), WANTED).found == 1


def test_leading_zeros_and_capitals_of_ids_matter():
    with pytest.raises(DataError, match="has values such as '1', while customer_id of the data has '001'"):
        find_key(table_of(customer_id=["1", "X"]), WANTED)


@pytest.mark.parametrize("name", ["customer_id", "number"])
def test_it_is_said_how_many_ids_would_match_without_leading_zeros(name):
    with pytest.raises(DataError, match=r"without leading zeros, 3 of 4 would match, so write the ids alike in both files, or name"):
        find_key(table_of(**{name: ["1", "0012", "0x", "0A 7", "00x"]}), Wanted("customers", "o", "customer_id", pa.array(ZEROS)))

    key = find_key(table_of(customer_id=["12", "007", "0"]), Wanted("customers", "o", "customer_id", pa.array(["12", "7", "00", "8"])))
    assert (key.found, key.zeros) == (1, 2)


def test_without_the_name_it_is_the_column_whose_different_values_match_most():
    table = table_of(city=["x", "x", "x", "12"], code=["A 7", "x", "q", "12"], few=["x", "p", "q", "r"])
    assert find_key(table, WANTED).column == "code"


def test_a_few_matches_by_chance_make_no_key():
    with pytest.raises(DataError, match=r"of age and|of age, code") as error:
        find_key(table_of(age=["12", "30", "31", "32"], code=["a", "b", "c", "d"]), WANTED)
    assert error.value.remedy == "second_key"
    assert "--customers-key COLUMN" in str(error.value)


def test_a_column_that_was_named_is_used_or_refused():
    table = table_of(customer_id=["12", "x"], ref=["001", "q"])
    assert find_key(table, WANTED, asked="ref").column == "ref"
    with pytest.raises(DataError, match="people.csv has no column 'nr': its columns are customer_id, ref"):
        find_key(table, WANTED, asked="nr")
    with pytest.raises(DataError, match="people.csv has no row for any customer"):
        find_key(table_of(customer_id=["12"], ref=["q"]), WANTED, asked="ref")


def test_rows_that_contradict_each_other_are_refused_with_their_places():
    same = table_of(customer_id=["12", "x", "12"], age=[30, 20, 30])
    assert find_key(same, WANTED).found == 2
    with pytest.raises(DataError, match="two different rows for customer_id '12', in line 2 and in line 5: keep one row per customer"):
        find_key(table_of(customer_id=["12", "x", "12", "12"], age=[30, 20, 30, 31]), WANTED)


def test_columns_without_a_value_or_of_odd_types_are_no_key():
    table = table_of(gone=pa.nulls(2), when=pd.to_datetime(["2024-01-01", "2024-02-01"]), share=[0.5, 0.25], sure=[True, False])
    with pytest.raises(DataError, match="has no row for any customer"):
        find_key(table, WANTED)


def test_each_id_is_found_at_its_first_row():
    known = pa.array(["b", None, "a", "b"], pa.large_string())
    assert rows_of_ids(pa.array(["a", "b", None, "c"], pa.large_string()), known).to_pylist() == [2, 0, None, None]
