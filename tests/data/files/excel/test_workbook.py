"""Workbooks as people really have them: several sheets, titles, totals, hidden sheets, errors, formulas."""

import datetime as dt
import os

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segcore.data.files.excel.workbook import read_workbook
from segcore.errors import DataError
from segcore.records.data_rules import ReadOptions
from segcore.wording.findings import sentence
from tests.examples import few

SALES = ["customer", "date", "amount"]


def read(path, *sheets, header_row=None):
    return read_workbook(path, path.name, ReadOptions(sheets=sheets, header_row=header_row))


def columns(raw):
    return {name: raw.column(name).to_pylist() for name in raw.names}


def texts(raw, level=None):
    return [sentence(note) for note in raw.notes if level in (None, note.severity)]


def day(write_xlsx, number):
    return write_xlsx.date(40_513 + number)  # 1 December 2010 and on


# Values


def test_ids_numbers_and_dates_keep_their_types(write_xlsx):
    date = write_xlsx.date
    rows = [["invoice", "code", "when", "price"], [536365.0, 71053.0, date(40513.3513888889), 2.5], ["C536379", "85123A", date(40514), 3.0]]

    raw = read(write_xlsx({"Sheet1": rows}))

    table = raw.read(raw.names)
    assert table["invoice"].to_pylist() == ["536365", "C536379"]
    assert table["code"].to_pylist() == ["71053", "85123A"]
    assert pa.types.is_timestamp(table["when"].type)
    assert abs(table["when"].to_pylist()[0] - dt.datetime(2010, 12, 1, 8, 26)) < dt.timedelta(seconds=1)
    assert table["price"].to_pylist() == [2.5, 3.0]


def test_texts_stay_texts_whatever_they_look_like(write_xlsx):
    rows = [["id", "note"], ["00042", "=1+1"], ["1e5", "+cmd|' /C calc'!A0"], ["17850.0", "<script>alert(1)</script>"], ["x", "@SUM(1)"]]

    raw = read(write_xlsx({"Data": rows}))

    assert columns(raw) == {"id": ["00042", "1e5", "17850.0", "x"], "note": [row[1] for row in rows[1:]]}


def test_booleans_and_times_of_day_are_what_the_sheet_shows(write_xlsx):
    rows = [["active", "at"], [True, write_xlsx.date(0.5)], [False, write_xlsx.date(0.25)], [None, None], ["maybe", "late"]]

    assert columns(read(write_xlsx({"Data": rows}))) == {"active": ["TRUE", "FALSE", "maybe"], "at": ["12:00:00", "06:00:00", "late"]}


def test_dates_among_texts_are_written_as_iso(write_xlsx):
    rows = [["when", "n"], [write_xlsx.date(40513), 1.0], [write_xlsx.date(40513.75), 2.0], ["soon", 3.0]]

    assert columns(read(write_xlsx({"Data": rows})))["when"] == ["2010-12-01", "2010-12-01 18:00:00", "soon"]


def test_day_numbers_without_a_date_format_stay_numbers(write_xlsx):
    raw = read(write_xlsx({"Data": [["when", "n"], [40513.5, 1.0], [40514.0, 2.0]]}))

    assert columns(raw)["when"] == [40513.5, 40514.0]


def test_a_column_is_one_type_however_long_the_sheet_is(write_xlsx, monkeypatch):
    monkeypatch.setattr("segcore.data.files.excel.sheet._BLOCK", 6)
    monkeypatch.setattr("segcore.data.files.excel.sheet._BLOCK_ROWS", 2)
    rows = [["id", "amount", "empty"], *([float(n), n / 2, None] for n in range(5)), ["C7", None, None]]

    raw = read(write_xlsx({"Data": rows}))

    assert columns(raw) == {"id": ["0", "1", "2", "3", "4", "C7"], "amount": [0.0, 0.5, 1.0, 1.5, 2.0, None], "empty": [None] * 6}
    assert raw.column("amount").type == pa.float64()
    assert raw.where(5) == "row 7 of sheet 'Data'"


def test_errors_are_said_with_their_count_and_first_place(write_xlsx):
    error = {name: write_xlsx.markup(f't="e"><v>{name}</v>') for name in ("#N/A", "#DIV/0!", "#REF!")}
    rows = [["a", "b"], [1.0, 2.0], [error["#N/A"], error["#DIV/0!"]], [error["#REF!"], 4.0], [5.0, error["#N/A"]]]

    raw = read(write_xlsx({"Data": rows}, start=3))

    assert columns(raw) == {"a": ["1", None, "#REF!", "5"], "b": ["2", "#DIV/0!", "4", None]}
    assert texts(raw, "info") == ["2 cells hold #N/A, read as missing: the first is A5 of sheet 'Data'."]
    assert texts(raw, "warning") == [
        "2 cells hold an error instead of a value (#DIV/0!, #REF!), read as text: the first is B5 of sheet 'Data'."
    ]


def test_formulas_give_their_saved_results_and_those_without_one_are_said(write_xlsx):
    cell = write_xlsx.markup
    rows = [
        ["n", "total", "word"],
        [1.0, cell("><f>A2*2</f><v>2</v>"), cell('t="str"><f>""</f><v></v>')],
        [2.0, cell("><f>A3*2</f>"), cell('t="str"><f>"x"</f><v>x</v>')],
        [3.0, cell("><f>A4*2</f><v></v>"), cell('t="e"><f>1/0</f><v>#DIV/0!</v>')],
    ]

    raw = read(write_xlsx({"Data": rows}))

    assert columns(raw) == {"n": [1.0, 2.0, 3.0], "total": [2.0, None, None], "word": [None, "x", "#DIV/0!"]}
    assert any(text.startswith("2 formulas have no saved result: the first is B3 of") for text in texts(raw, "warning"))


def test_ids_longer_than_a_workbook_keeps_are_said(write_xlsx):
    raw = read(write_xlsx({"Data": [["card", "n"], [1234567890123456.0, 1.0], [12.0, 1e300]]}))

    assert len(raw.notes) == 1
    assert sentence(raw.notes[0]).startswith("card has numbers of more than 15 digits (the first in row 2 of sheet 'Data')")


def test_days_from_1904_are_said(write_xlsx):
    path = write_xlsx({"Data": [["n", "m"], [1.0, 2.0]]})
    book = (
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><workbookPr date1904="1"/>'
        '<sheets><sheet name="Data" sheetId="1" r:id="r1"/></sheets></workbook>'
    )
    path = write_xlsx({"Data": [["when", "n"], [write_xlsx.date(39051), 1.0]]}, parts={"xl/workbook.xml": book})

    raw = read(path)

    assert columns(raw)["when"] == [dt.datetime(2010, 12, 1)]
    assert "1904" in sentence(raw.notes[0])


# Header, empty and doubtful rows


def test_empty_rows_are_left_out_and_places_are_those_of_the_sheet(write_xlsx):
    raw = read(write_xlsx({"Data": [["a", "b"], [1.0, "x"], [None, None], [None, "y"]]}, start=5))

    assert raw.n_rows == 2
    assert raw.column("a").to_pylist() == [1.0, None]
    assert [raw.where(0), raw.where(1)] == ["row 6 of sheet 'Data'", "row 8 of sheet 'Data'"]
    assert raw.form == {"format": "XLSX workbook", "sheets": "Data", "header": "row 5"}


def test_empty_columns_at_the_side_and_between_are_dropped(write_xlsx):
    raw = read(write_xlsx({"Data": [[None, "a", None, "b", "c"], [None, 1.0, None, 2.0, None], [None, 3.0, None, 4.0, None]]}))

    assert columns(raw) == {"a": [1.0, 3.0], "b": [2.0, 4.0], "c": [None, None]}
    assert not raw.notes


@pytest.mark.parametrize(
    "above",
    [
        [["Sales of December"]],
        [["Sales of December"], [], ["Printed:", "3 January"], []],
        [["Sales of December"], ["by customer"]],
        [[None, "Sales"], [None, None, None]],
    ],
)
def test_the_header_is_found_below_titles(write_xlsx, above):
    raw = read(write_xlsx({"Data": [*above, SALES, ["c1", day(write_xlsx, 0), 5.0], ["c2", day(write_xlsx, 1), 6.0]]}))

    row = len(above) + 1
    assert raw.names == tuple(SALES)
    assert raw.column("amount").to_pylist() == [5.0, 6.0]
    assert raw.where(0) == f"row {row + 1} of sheet 'Data'"
    assert raw.form["header"] == f"row {row}"
    assert f"Row {row} of sheet 'Data' holds the column names" in sentence(raw.notes[0])


def test_a_header_of_few_names_above_texts_is_not_taken_for_a_title(write_xlsx):
    raw = read(write_xlsx({"Data": [["name", None], ["Ann", "x"], ["Bob", "y"]]}))

    assert columns(raw) == {"name": ["Ann", "Bob"], "column_2": ["x", "y"]}


def test_a_title_above_no_header_asks_for_the_row(write_xlsx):
    with pytest.raises(
        DataError,
        match=r"names only one column in row 1: choose the header row with --header-row 2, or the row that holds the column names\.$",
    ):
        read(write_xlsx({"Data": [["Sales"], ["c1", 1.0, 5.0], ["c2", 2.0, 6.0]]}))


def test_the_header_row_can_be_given(write_xlsx):
    path = write_xlsx({"Data": [["old", "names", "here"], ["x", "y", "z"], SALES, ["c1", 1.0, 5.0]]})

    raw = read(path, header_row=3)

    assert columns(raw) == {"customer": ["c1"], "date": [1.0], "amount": [5.0]}
    assert sentence(raw.notes[0]) == "Row 3 of sheet 'Data' holds the column names; the 2 rows above it are skipped."
    for row in (9, 1_048_576):
        with pytest.raises(DataError, match="--header-row"):
            read(path, header_row=row)


def test_groups_of_columns_above_the_header_are_left_out_and_tall_names_are_kept(write_xlsx):
    sheet = write_xlsx.sheet([["id", "Order", None], [None, "day", "amount"], ["c1", 1.0, 5.0]])
    merged = '<mergeCells count="2"><mergeCell ref="A1:A2"/><mergeCell ref="B1:C1"/></mergeCells></worksheet>'

    raw = read(write_xlsx({"Data": sheet.replace("</worksheet>", merged)}))

    assert columns(raw) == {"id": ["c1"], "day": [1.0], "amount": [5.0]}


def test_merged_cells_of_several_rows_are_said(write_xlsx):
    sheet = write_xlsx.sheet([["id", "n"], ["c1", 1.0], [None, 2.0]])

    raw = read(write_xlsx({"Data": sheet.replace("</worksheet>", '<mergeCells><mergeCell ref="A2:A3"/></mergeCells></worksheet>')}))

    assert columns(raw)["id"] == ["c1", None]
    assert (
        sentence(raw.notes[0]) == "1 merged cell spans several rows, and only the top row has the value: the first is A2 of sheet 'Data'."
    )


def test_a_row_of_totals_is_left_and_said(write_xlsx):
    raw = read(write_xlsx({"Data": [SALES, ["c1", 1.0, 5.0], ["c2", 1.0, 6.0], ["Grand total:", None, 11.0]]}))

    assert raw.n_rows == 3
    assert "Row 4 of sheet 'Data', the last, begins with 'Grand total:'" in sentence(raw.notes[0])


def test_names_that_stand_twice_are_refused(write_xlsx):
    with pytest.raises(DataError, match=r"sheet 'Data', has two columns named 'a' \(columns 1 and 3\)"):
        read(write_xlsx({"Data": [["a", "b", "a "], [1.0, 2.0, 3.0]]}))


def test_rows_far_below_the_header_are_found(write_xlsx):
    sheet = write_xlsx.sheet([["a", "b"]]).replace("</sheetData>", '<row r="500"><c r="B500"><v>7</v></c></row></sheetData>')

    raw = read(write_xlsx({"Data": sheet}))

    assert raw.read(["a", "b"]).to_pylist() == [{"a": None, "b": 7.0}]
    assert raw.where(0) == "row 500 of sheet 'Data'"


# Sheets


def test_the_first_sheet_with_rows_is_read_and_the_others_are_named(write_xlsx):
    book = write_xlsx({"Cover": [["Only a title"]], "Data": [["a", "b"], [1.0, 2.0]], "More": [["x"], [1.0]]})

    raw = read(book)

    assert raw.names == ("a", "b")
    assert sentence(raw.notes[0]) == "Sheet 'Data' is read; 'More' is not."
    assert raw.sheets == ("Data", "More")
    assert raw.repeated is None


def test_a_sheet_of_remarks_does_not_stand_in_for_the_table(write_xlsx):
    raw = read(write_xlsx({"Read me": [["About"], ["Made by hand."], ["Use with care."]], "Data": [["a", "b"], [1.0, 2.0]]}))

    assert raw.names == ("a", "b")
    assert sentence(raw.notes[0]) == "Sheet 'Data' is read; 'Read me' is not."


def test_sheets_of_the_same_columns_are_read_one_below_the_other(write_xlsx):
    first = [SALES, ["c1", day(write_xlsx, 0), 5.0], [1.0, day(write_xlsx, 1), 6.0]]
    second = [["amount", "customer", "date"], [7.0, 17850.0, day(write_xlsx, 9)], [8.0, 2.0, day(write_xlsx, 10)]]

    raw = read(write_xlsx({"2009": first, "Notes": [["x", "y"], [1.0, 2.0]], "2010": second}))

    assert raw.column("customer").to_pylist() == ["c1", "1", "17850", "2"]
    assert raw.column("amount").to_pylist() == [5.0, 6.0, 7.0, 8.0]
    assert [raw.where(row) for row in range(4)] == [f"row {row} of sheet '{title}'" for title in ("2009", "2010") for row in (2, 3)]
    assert texts(raw) == [
        "Sheets '2009' and '2010' have the same columns and are read as one table.",
        "The sheets with the same columns are read; 'Notes' is not.",
    ]
    assert raw.form["sheets"] == "2009, 2010"
    assert raw.repeated is None


def test_rows_that_stand_in_an_earlier_sheet_too_are_marked_as_often_as_they_stand_there(write_xlsx):
    def row(customer, number):
        return [customer, day(write_xlsx, number), 5.0]

    first = [SALES, row("c1", 0), row("c1", 0), row("c2", 7), row("c2", 7), row("c3", 8)]
    second = [SALES, row("c2", 7), row("c2", 7), row("c2", 7), row("c3", 8), row("c9", 9), row("c9", 9)]
    third = [SALES, row("c9", 9), row("c2", 7), row("c5", 20)]

    raw = read(write_xlsx({"A": first, "B": second, "C": third}))

    assert raw.repeated.tolist() == [False] * 5 + [True, True, False, True, False, False] + [True, True, False]
    assert texts(raw, "warning") == [
        "3 rows of sheet 'B' are in an earlier sheet too, equal in every column: the sheets overlap, and such rows count once.",
        "2 rows of sheet 'C' are in an earlier sheet too, equal in every column: the sheets overlap, and such rows count once.",
    ]


def test_customers_of_one_age_and_city_on_two_sheets_are_two_customers(write_xlsx):
    north = [["age", "city"], [30.0, "York"], [30.0, "York"], [41.0, "Leeds"]]
    south = [["age", "city"], [30.0, "York"], [52.0, "Bath"], [52.0, "Bath"]]

    raw = read(write_xlsx({"North": north, "South": south}))

    assert raw.repeated is None
    assert texts(raw, "warning")[0].startswith("1 row of sheet 'South' is in an earlier sheet too, equal in every column, but ")


def test_customers_of_one_id_on_two_sheets_are_one(write_xlsx):
    old = [["id", "city"], ["a", "York"], ["b", "York"], ["c", "Leeds"]]
    new = [["id", "city"], ["c", "Leeds"], ["d", "York"], ["a", "York"]]

    assert read(write_xlsx({"Old": old, "New": new})).repeated.tolist() == [False] * 3 + [True, False, True]


def test_the_same_article_on_the_same_day_in_two_shops_is_two_sales(write_xlsx):
    def sales(amounts):
        return [["date", "item", "amount"], *([day(write_xlsx, n), "tea", amount] for n, amount in enumerate(amounts))]

    raw = read(write_xlsx({"Shop 1": sales([1.0] * 9), "Shop 2": sales([1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0])}))

    # The dates tell the rows of a sheet apart here, but as sales do, not as ids do.
    assert raw.repeated is None
    assert "are scattered" in texts(raw, "warning")[0]


def test_sheets_can_be_chosen(write_xlsx):
    book = write_xlsx({"A": [["x", "y"], [1.0, 2.0]], "B": [["x", "y"], [3.0, 4.0]], "C": [["z", "x"], [5.0, 6.0]], "Empty": [["x", "y"]]})

    assert columns(read(book, "B")) == {"x": [3.0], "y": [4.0]}
    assert columns(read(book, "b ", "A")) == {"x": [3.0, 1.0], "y": [4.0, 2.0]}
    assert columns(read(book, "C")) == {"z": [5.0], "x": [6.0]}
    with pytest.raises(DataError, match=r"has no sheet 'D', only 'A', 'B' and 'C': choose the sheet with --sheet\.") as missing:
        read(book, "D")
    with pytest.raises(
        DataError, match=r"column 'y' is in 'A' only; choose the sheet with --sheet, with the same columns in each\."
    ) as different:
        read(book, "A", "C")
    with pytest.raises(DataError, match="sheet 'Empty', has no row below a header"):
        read(book, "Empty")
    assert missing.value.remedy == different.value.remedy == "sheets"


def test_a_star_reads_all_sheets_that_are_shown(write_xlsx):
    sheets = {"A": [["x", "y"], [1.0, 2.0]], "Empty": [], "B": [["x", "y"], [3.0, 4.0]], "Old": [["x", "y"], [9.0, 9.0]]}

    assert columns(read(write_xlsx(sheets, hidden=["Old"]), "*")) == {"x": [1.0, 3.0], "y": [2.0, 4.0]}


def test_a_hidden_sheet_is_read_only_when_asked_for(write_xlsx):
    book = write_xlsx({"Old": [["x", "y"], [1.0, 2.0]], "New": [["x", "y"], [3.0, 4.0]]}, hidden=["Old"])

    raw = read(book)

    assert columns(raw) == {"x": [3.0], "y": [4.0]}
    assert texts(raw) == ["Sheet 'Old' is hidden and not read; if you need it, choose the sheet with --sheet."]
    assert raw.sheets == ("Old", "New")
    assert columns(read(book, "Old")) == {"x": [1.0], "y": [2.0]}


def test_a_workbook_whose_only_rows_are_hidden_says_so(write_xlsx):
    with pytest.raises(DataError, match="'Old' is hidden and read only when asked for"):
        read(write_xlsx({"Cover": [["x"]], "Old": [["x", "y"], [1.0, 2.0]]}, hidden=["Old"]))


def test_macros_are_ignored_and_said(write_xlsx):
    raw = read(write_xlsx({"Data": [["x", "y"], [1.0, 2.0]]}, name="book.xlsm", parts={"xl/vbaProject.bin": b"\xd0\xcf" + bytes(999)}))

    assert texts(raw) == ["The workbook's macros are ignored."]


# Any table


CELL = st.one_of(
    st.none(),
    st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs", "Z"]), min_size=1, max_size=8),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.integers(-(10**9), 10**9).map(float),
)


@settings(max_examples=few(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=7), start=st.integers(1, 4))
def test_any_small_table_comes_back(write_xlsx, rows, start):
    raw_rows = [["id", *row] for row in rows]  # a row of its own, whatever the cells are

    raw = read(write_xlsx({"Any": [["key", "a", "b", "c"], *raw_rows]}, start=start), header_row=start)

    def value(cell, numeric):
        if cell is None or numeric or isinstance(cell, str):
            return cell
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e21 else repr(cell)

    for position, name in enumerate("abc"):
        cells = [row[position] for row in rows]
        numeric = not any(isinstance(cell, str) for cell in cells)
        assert raw.column(name).to_pylist() == [value(cell, numeric) for cell in cells]
    assert [raw.where(row) for row in range(len(rows))] == [f"row {start + 1 + row:,} of sheet 'Any'" for row in range(len(rows))]


@pytest.mark.skipif(
    "SEGCORE_DATA_DIR" not in os.environ, reason="SEGCORE_DATA_DIR is not set: it names a folder with Online Retail's files"
)
def test_the_real_workbook_is_read_without_a_word(data_dir):
    path = data_dir / "OnlineRetail.first73558rows.xlsx"

    raw = read_workbook(path, path.name)

    assert raw.n_rows == 73_558
    assert not raw.notes
    assert raw.where(73_557) == "row 73,559 of sheet 'Online Retail'"
    assert np.isnan(raw.column("CustomerID").to_numpy()).sum() == raw.column("CustomerID").null_count > 0
