import datetime as dt

import pyarrow as pa

from segcore.sources.files import read_file


def test_ids_numbers_and_dates_keep_their_types(write_xlsx):
    date = write_xlsx.date
    rows = [["invoice", "code", "when", "price"], [536365.0, 71053.0, date(40513.3513888889), 2.5], ["C536379", "85123A", date(40514), 3.0]]

    raw = read_file(write_xlsx({"Sheet1": rows}))

    table = raw.read(raw.names)
    assert table["invoice"].to_pylist() == ["536365", "C536379"]
    assert table["code"].to_pylist() == ["71053", "85123A"]
    assert pa.types.is_timestamp(table["when"].type)
    assert abs(table["when"].to_pylist()[0] - dt.datetime(2010, 12, 1, 8, 26)) < dt.timedelta(seconds=1)
    assert table["price"].to_pylist() == [2.5, 3.0]


def test_the_first_sheet_with_rows_is_read_and_the_others_are_named(write_xlsx):
    book = write_xlsx({"Cover": [["Only a title"]], "Data": [["a", "b"], [1.0, 2.0]], "More": [["x"], [1.0]]})

    raw = read_file(book)

    assert raw.names == ("a", "b")
    assert raw.notes[0].text == "Sheet 'Data' is read; 'More' is not."


def test_empty_rows_are_left_out_and_places_are_those_of_the_sheet(write_xlsx):
    raw = read_file(write_xlsx({"Data": [["a", "b"], [1.0, "x"], [None, None], [None, "y"]]}, start=5))

    assert raw.n_rows == 2
    assert raw.column("a").to_pylist() == [1.0, None]
    assert [raw.where(0), raw.where(1)] == ["row 6 of sheet 'Data'", "row 8 of sheet 'Data'"]
