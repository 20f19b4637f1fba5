"""Tables with one row a customer: numbers, times and text kept apart, and what does not fit said."""

import pandas as pd
import pytest

from segcore.data.sources import read_source
from segcore.errors import DataError
from segcore.records.data_rules import RowRules
from segcore.records.intake import DataRequest
from segcore.wording.findings import rows_by_label, sentence


def table(write_text, header, cells, name="rows.csv"):
    return str(write_text(f"id,{header}\n" + "".join(f"u{n},{cell}\n" for n, cell in enumerate(cells)), name))


def customers(path, **rules):
    return read_source(DataRequest(path, kind="customers", rows=RowRules(**rules)))


def test_numbers_times_and_text_are_told_apart(write_text):
    cells = [f"{n}.5,2024-01-{n + 1:02d},plan {n % 2},0{n}" for n in range(20)]

    frame = customers(table(write_text, "spend,joined,plan,zip", cells)).frame

    assert frame["spend"].dtype == "float64"
    assert str(frame["joined"].dtype) == "datetime64[us]"
    assert frame["joined"][3] == pd.Timestamp("2024-01-04")
    assert list(frame["plan"][:2]) == ["plan 0", "plan 1"]
    assert frame["zip"][3] == "03"


def test_a_few_texts_among_numbers_are_missing_and_that_is_said(write_text):
    cells = [*(str(n) for n in range(60)), "#", "few"]

    dataset = customers(table(write_text, "spend", cells))

    assert dataset.frame["spend"].isna().sum() == 2
    assert [sentence(note) for note in dataset.notes if note.severity == "warning"] == [
        "spend holds numbers, except for 2 texts read as missing ('#' in line 62)."
    ]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ([*(str(n) for n in range(60)), *["#"] * 10], "a seventh of the values is no number"),
        ([*(str(n % 5) for n in range(60)), "#"], "five different numbers may be codes"),
        ([*(f"0{n}" for n in range(60)), "#"], "digits with a 0 before them are codes"),
    ],
)
def test_texts_and_codes_stay_text(write_text, cells, why):
    dataset = customers(table(write_text, "spend", cells))

    assert list(dataset.frame["spend"]) == cells, why
    assert not [note for note in dataset.notes if note.severity == "warning"]


def test_dates_among_which_one_is_none_are_text(write_text):
    cells = [*(f"2024-01-{n + 1:02d}" for n in range(20)), "soon"]

    assert list(customers(table(write_text, "joined", cells)).frame["joined"]) == cells


def test_dates_that_could_be_day_or_month_first_are_text_unless_it_is_said(write_text):
    path = table(write_text, "joined", [f"0{n % 9 + 1}/0{n % 7 + 1}/2024" for n in range(40)])

    assert str(customers(path, date_order="dmy").frame["joined"][1]).startswith("2024-02-02")


def test_an_infinity_is_refused_or_set_aside(write_text):
    path = table(write_text, "spend", [*(str(n) for n in range(60)), "inf", "5", "-Infinity"])

    with pytest.raises(DataError) as error:
        customers(path)
    assert str(error.value) == (
        "spend holds numbers, but 2 values are not finite: the first is 'inf' in line 62; correct them, or skip unreadable rows with "
        "--set-aside."
    )
    assert error.value.remedy == "set_aside"
    dataset = customers(path, set_aside=True)
    assert rows_by_label(dataset.set_aside) == {"bad value in spend": 2}
    assert len(dataset.frame) == 61


def test_missing_values_of_every_spelling_are_null(write_text):
    frame = customers(table(write_text, "plan,spend", ["a,1", "NA,2", ",", "null,4", "b,n/a"])).frame

    assert frame["plan"].isna().tolist() == [False, True, True, True, False]
    assert frame["spend"].isna().tolist() == [False, False, True, False, True]


def test_a_row_without_its_id_is_set_aside(write_text):
    dataset = read_source(DataRequest(str(write_text("customer_id,age\n1,30\n,40\n3,50\n"))))

    assert dataset.kind == "customers"
    assert rows_by_label(dataset.set_aside) == {"without customer_id": 1}
    assert dataset.aside.to_pylist() == [{"Row": "line 3", "Why": "without customer_id", "customer_id": "", "age": "40"}]


def test_a_row_that_stands_twice_can_be_set_aside(write_text):
    path = str(write_text("customer_id,age\n1,30\n2,40\n1,30\n"))

    with pytest.raises(
        DataError, match=r"is in line 2 and in line 4; set exact duplicates aside with --duplicates aside, keep one row per customer"
    ):
        read_source(DataRequest(path, kind="customers"))

    dataset = customers(path, duplicates="aside")
    assert rows_by_label(dataset.set_aside) == {"duplicate": 1}
    assert rows_by_label(dataset.counts) == {}
