"""What becomes of doubtful rows: each is used, set aside under the first reason that applies, or filtered out."""

import datetime as dt
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcore.data.files.raw import table_source
from segcore.data.meaning.roles import find_meaning
from segcore.data.rows.dataset import Selection, build_dataset
from segcore.data.rows.duplicates import repeats_earlier
from segcore.data.rows.worth_a_look import cancelled_lines
from segcore.data.sources import read_source
from segcore.errors import DataError
from segcore.records.data_rules import RowRules
from segcore.records.dataset import is_cancelled
from segcore.records.intake import DataRequest
from segcore.wording.findings import rows_by_label, sentence
from tests.examples import few

ROLES = {"customer": "who", "order": "order", "time": "when", "quantity": "n", "price": "price"}
HEADER = "customer_id,order_id,date,qty,price\n"
LINES = "".join(f"c{n % 3},{n},2024-01-{n % 27 + 1:02d} 10:00,{n % 4 + 1},{n}.5\n" for n in range(30))


def source(table, repeated=None):
    return table_source("rows", table, where=lambda row: f"line {row + 2}", repeated=repeated)


def build(raw, *, kind="transactions", roles=ROLES, selection=None, frames="pandas", today=None, **rules):
    rows = RowRules(**rules)
    meaning = find_meaning(raw, kind=kind, roles=roles, rows=rows)
    return build_dataset(raw, meaning, selection or Selection(), frames=frames, rows=rows, today=today)


def read(path, **rules):
    return read_source(DataRequest(str(path), rows=RowRules(**rules)))


MESSY = st.fixed_dictionaries(
    {
        "who": st.sampled_from(["a", "b", "c", "", "NA"]),
        "order": st.sampled_from(["1", "2", "C3", "CX", ""]),
        "when": st.sampled_from(["2024-01-01 10:00", "2024-02-03 11:00", "", "soon", "2024-02-30 00:00"]),
        "n": st.sampled_from(["1", "2", "-1", "", "inf", "x", "1000"]),
        "price": st.sampled_from(["1.5", "-2", "0", "", "1e308", "nan", "x"]),
        "land": st.sampled_from(["FR", "DE", ""]),
    }
)
GOOD = {"who": "a", "order": "1", "when": "2024-01-01 10:00", "n": "1", "price": "1.5", "land": "FR"}


def expected_reason(row, position, rows, repeated, rules):
    """Return why one row is set aside, by looking at it alone and at those before it."""
    dates = {"2024-01-01 10:00", "2024-02-03 11:00"}
    if repeated[position]:
        return "already on an earlier sheet"
    bad = {"when": row["when"] not in dates | {""}, "n": row["n"] in ("inf", "x"), "price": row["price"] == "x"}
    for column in ("when", "n", "price"):
        if bad[column]:
            return f"bad value in {column}"
    if row["n"] and row["price"] not in ("", "nan") and not math.isfinite(float(row["n"]) * float(row["price"])):
        return "amount too large"
    for column in ("who", "order", "when", "n", "price"):
        if row[column] in ("", "NA", "nan"):
            return f"without {column}"
    if float(row["price"]) < 0:
        return "negative price"
    if rules["cancelled"] == "aside" and (float(row["n"]) < 0 or row["order"] == "C3"):
        return "cancelled"
    if rules["duplicates"] == "aside" and row in rows[:position]:
        return "duplicate"
    return None


@settings(max_examples=few(60), deadline=None)
@given(
    st.lists(st.tuples(MESSY, st.booleans()), max_size=25),
    st.sampled_from(["keep", "aside"]),
    st.sampled_from(["keep", "aside"]),
    st.sampled_from([(), ("land = 'FR'",)]),
)
def test_every_row_is_used_set_aside_or_filtered_out(drawn, cancelled, duplicates, where):
    rows = [GOOD, *(row for row, _ in drawn)]
    repeated = np.array([False, *(again for _, again in drawn)])
    rules = {"cancelled": cancelled, "duplicates": duplicates}
    reasons = [expected_reason(row, position, rows, repeated, rules) for position, row in enumerate(rows)]
    used = [row for row, reason in zip(rows, reasons, strict=True) if reason is None and (not where or row["land"] == "FR")]

    dataset = build(source(pa.Table.from_pylist(rows), repeated), selection=Selection(where), set_aside=True, **rules)

    counted = {reason: reasons.count(reason) for reason in set(reasons) - {None}}
    assert rows_by_label(dataset.set_aside) == counted
    assert dataset.rows_read == len(rows)
    assert len(dataset.frame) == len(used) == dataset.rows_read - sum(count.rows for count in dataset.set_aside) - dataset.filtered_out
    assert list(dataset.frame["who"]) == [row["who"] for row in used]
    assert list(dataset.frame["price"]) == [float(row["price"]) for row in used]
    aside = [] if dataset.aside is None else dataset.aside.to_pylist()
    set_aside = [position for position, reason in enumerate(reasons) if reason]
    assert [(row["Row"], row["Why"]) for row in aside] == [(f"line {at + 2}", reasons[at]) for at in set_aside]
    assert [{name: row[name] for name in GOOD} for row in aside] == [rows[at] for at in set_aside]
    assert rows_by_label(dataset.counts).get("price of 0", 0) == sum(row["price"] == "0" for row in used)
    cancelled_lines_used = sum(float(row["n"]) < 0 or row["order"] == "C3" for row in used)
    assert rows_by_label(dataset.counts).get("cancelled lines", 0) == cancelled_lines_used


@settings(max_examples=few(60), deadline=None)
@given(st.data())
def test_exact_repeats_are_those_of_pandas(data):
    kinds = [
        (st.sampled_from(["a", "b", "", None]), pa.large_string()),
        (st.sampled_from([0, 1, -1, 2**62, None]), pa.int64()),
        (st.sampled_from([0.0, 1.5, None]), pa.float64()),
        (st.sampled_from([dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 2), None]), pa.timestamp("us")),
        (st.sampled_from([True, False, None]), pa.bool_()),
        (st.sampled_from([dt.date(2024, 1, 1), dt.date(1970, 1, 1), None]), pa.date32()),
    ]
    chosen = data.draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4))
    n_rows = data.draw(st.integers(1, 30))
    table = pa.table(
        {str(at): pa.array(data.draw(st.lists(values, min_size=n_rows, max_size=n_rows)), kind) for at, (values, kind) in enumerate(chosen)}
    )
    cut = data.draw(st.integers(0, n_rows))
    chunked = pa.concat_tables([table.slice(0, cut), table.slice(cut)])

    repeated = repeats_earlier(source(chunked), data.draw(st.sampled_from([{}, {"item": "0"}])))

    rows = [tuple(row.values()) for row in table.to_pylist()]
    assert repeated.tolist() == [row in rows[:at] for at, row in enumerate(rows)]


def test_columns_of_categories_in_several_pieces_are_compared_by_their_values():
    one, other = (pa.array(values).dictionary_encode() for values in (["a", "b"], ["b", "a"]))

    assert repeats_earlier(source(pa.table({"x": pa.chunked_array([one, other])})), {}).tolist() == [False, False, True, True]


@settings(max_examples=few(50), deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["C1", "C", "C12x", "1", "c1", ""]), st.sampled_from([1.0, -1.0, 0.0])), min_size=1), st.booleans()
)
def test_a_line_is_cancelled_here_where_features_take_it_for_cancelled(lines, with_order):
    import narwhals as nw

    rows = pa.table({"order": [order for order, _ in lines], "n": [n for _, n in lines]})
    roles = {"quantity": "n"} | ({"order": "order"} if with_order else {})

    plain = nw.from_native(rows, eager_only=True).select(is_cancelled(roles).alias("found"))["found"].to_list()

    assert cancelled_lines(rows, roles).tolist() == plain
    assert plain == [n < 0 or (with_order and order == "C1") for order, n in lines]


def test_the_kit_keeps_cancelled_lines_and_repeats_which_are_counted(write_text):
    path = write_text(HEADER + LINES + "c1,C7,2024-01-08 10:00,-1,7.5\nc1,99,2024-01-09 10:00,-2,7.5\nc1,1,2024-01-02 10:00,2,1.5\n")

    dataset = read(path)

    assert len(dataset.frame) == 33
    assert rows_by_label(dataset.set_aside) == {} and dataset.aside is None
    assert rows_by_label(dataset.counts) == {
        "cancelled lines": 2,
        "exact repeats of an earlier row": 1,
        "negative quantity without cancellation": 1,
    }


def test_a_negative_quantity_is_said_once_where_no_order_is_marked_as_cancelled(write_text):
    dataset = read(write_text(HEADER + LINES + "c1,99,2024-01-09 10:00,-2,7.5\n"))

    assert rows_by_label(dataset.counts) == {"cancelled lines": 1}


def test_cancelled_lines_and_repeats_are_set_aside_on_request(write_text):
    path = write_text(HEADER + LINES + "c1,C7,2024-01-08 10:00,-1,7.5\nc1,1,2024-01-02 10:00,2,1.5\n")

    dataset = read(path, cancelled="aside", duplicates="aside")

    assert rows_by_label(dataset.set_aside) == {"cancelled": 1, "duplicate": 1}
    assert [(row["Row"], row["Why"], row["order_id"]) for row in dataset.aside.to_pylist()] == [
        ("line 32", "cancelled", "C7"),
        ("line 33", "duplicate", "1"),
    ]
    assert {sentence(note) for note in dataset.notes} >= {
        "1 row set aside: cancelled.",
        "1 row set aside: duplicate.",
    }
    assert rows_by_label(dataset.counts) == {}


def test_a_bad_value_refuses_the_file_unless_such_rows_are_set_aside(write_text):
    path = write_text(HEADER + LINES + "c1,98,2024-01-01 10:00,abc,5\nc1,99,2024-02-30 10:00,1,5\n")

    with pytest.raises(DataError) as error:
        read(path)
    assert error.value.remedy == "set_aside"
    dataset = read(path, set_aside=True)

    assert rows_by_label(dataset.set_aside) == {"bad value in date": 1, "bad value in qty": 1}
    assert [row["qty"] for row in dataset.aside.to_pylist()] == ["abc", "1"]
    assert len(dataset.frame) == 30


def test_negative_prices_are_set_aside(write_text):
    dataset = read(write_text(HEADER + LINES + "c1,98,2024-01-01 10:00,1,-11062.06\nc1,98,2024-01-01 10:00,1,0\n"))

    assert rows_by_label(dataset.set_aside) == {"negative price": 1}
    assert rows_by_label(dataset.counts) == {"price of 0": 1}


def test_an_amount_that_no_number_holds_is_refused_or_set_aside(write_text):
    path = write_text(HEADER + LINES + "c1,98,2024-01-01 10:00,1000,1e308\n")

    with pytest.raises(
        DataError, match="qty times price is more than a number can hold in 1 row: the first is 1000 times 1e.308 in line 32"
    ) as error:
        read(path)
    assert error.value.remedy == "set_aside"

    assert rows_by_label(read(path, set_aside=True).set_aside) == {"amount too large": 1}


def test_large_quantities_and_prices_of_different_rows_are_fine(write_text):
    path = write_text(HEADER + LINES + "c1,98,2024-01-01 10:00,1,1e308\nc1,98,2024-01-01 10:00,1e300,1\n")

    assert len(read(path).frame) == 32


def dated(*whens):
    return pa.Table.from_pylist([{**GOOD, "when": when} for when in whens])


def test_dates_in_the_future_are_read_counted_and_warned_of():
    table = dated("2024-01-01 10:00", "2024-01-02 23:59", "2099-01-03 07:30")

    dataset = build(source(table), today=dt.date(2024, 1, 2))

    assert rows_by_label(dataset.counts) == {"dated after today": 1}
    assert [sentence(note) for note in dataset.notes if note.severity == "warning"] == [
        "1 row is dated after today (2024-01-02), the latest 2099-01-03 07:30: correct the dates, or leave the rows out with --to."
    ]
    assert rows_by_label(build(source(table), today=dt.date(2099, 1, 3)).counts) == {}


def test_rows_of_an_earlier_sheet_are_set_aside_whatever_the_rules():
    table = dated("2024-01-01 10:00", "2024-01-02 10:00", "2024-01-01 10:00")

    dataset = build(source(table, np.array([False, False, True])))

    assert rows_by_label(dataset.set_aside) == {"already on an earlier sheet": 1}
    assert any(sentence(note) == "1 row set aside: already on an earlier sheet." for note in dataset.notes)


def test_no_row_left_says_why(write_text):
    path = write_text(HEADER + ",1,2024-01-13 10:00,1,5\nc2,1,2024-01-13 10:00,1,5\n")

    with pytest.raises(DataError, match=r"left: of 2 rows, 1 is set aside \(1 without customer_id\), and the filters exclude 1"):
        read_source(DataRequest(str(path), kind="transactions", where=("customer_id = 'c1'",)))


def test_a_missing_discount_is_0_and_a_missing_category_a_category(write_text):
    lines = "c1,1,2024-01-13,2,5,1.5,Toys\nc1,2,2024-01-14,1,5,,\nc2,3,2024-01-14,1,5,7,Food\n"

    dataset = read(write_text("customer_id,order_id,date,qty,price,discount,category\n" + lines))

    assert list(dataset.frame["discount"]) == [1.5, 0.0, 7.0]
    assert list(dataset.frame["category"]) == ["Toys", "(none)", "Food"]
    assert rows_by_label(dataset.set_aside) == {}


def test_ratings_are_read_with_their_roles(write_text):
    lines = "".join(f"{n % 5},{n % 7},{n % 5 + 1},{880_000_000 + n}\n" for n in range(40))

    dataset = read(write_text("userId,movieId,rating,timestamp\n" + lines + ",3,4,881250949\n7,3,,881250949\n"))

    assert dataset.kind == "ratings"
    assert dict(dataset.roles) == {"customer": "userId", "time": "timestamp", "item": "movieId", "rating": "rating"}
    assert dataset.frame["rating"].dtype == "float64"
    assert list(dataset.frame["movieId"][:2]) == ["0", "1"]
    assert rows_by_label(dataset.set_aside) == {"without userId": 1, "without rating": 1}


def test_columns_called_row_and_why_do_not_hide_those_of_the_report(write_text):
    dataset = read(
        write_text("Row,Why,customer_id,date,amount\n1,x,a,2024-01-13,1\n2,y,,2024-01-14,1\n3,z,a,2024-01-15,1\n"), set_aside=True
    )

    assert dataset.aside.column_names == ["Row", "Why", "Row (source)", "Why (source)", "customer_id", "date", "amount"]
    assert dataset.aside.to_pylist()[0]["Row (source)"] == "2"


@pytest.mark.parametrize("frames", ["pandas", "polars"])
def test_what_is_set_aside_does_not_depend_on_the_frames(frames):
    rows = [GOOD, {**GOOD, "who": ""}, {**GOOD, "order": "C3"}]

    dataset = build(source(pa.Table.from_pylist(rows)), frames=frames, cancelled="aside")

    assert rows_by_label(dataset.set_aside) == {"without who": 1, "cancelled": 1}
    assert len(dataset.frame) == 1


def test_many_negative_amounts_are_warned_of_as_a_banks_spending():
    columns = {"account": ["1", "1", "2", "2"], "booked": ["2024-01-13"] * 4, "amount": ["-5", "-6", "7", "-8"]}
    raw = table_source("rows", pa.table(columns), where=str)
    meaning = find_meaning(raw, kind="transactions", roles={"customer": "account", "time": "booked", "amount": "amount"})
    notes = [sentence(note) for note in build_dataset(raw, meaning, Selection(), frames="pandas").notes]
    assert any(text.startswith("3 of 4 lines have a negative amount and count as cancelled: ") for text in notes)


def test_the_order_of_dates_counts_for_filters_too(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(
        "customer,date,due,amount\n" + "".join(f"c{n % 3},0{n % 9 + 1}/0{n % 5 + 1}/2024,0{n % 9 + 1}/02/2024,{n}\n" for n in range(30))
    )
    rows = RowRules(date_order="dmy")

    dataset = read_source(DataRequest(str(path), kind="transactions", where=("due >= '2024-02-05'",), rows=rows))

    assert dataset.rows_read - dataset.filtered_out == sum(n % 9 + 1 >= 5 for n in range(30))
