import datetime as dt
import decimal
import sqlite3

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcore.data.rows.filters import Condition, period
from segcore.data.sources import read_source
from segcore.errors import DataError, ParameterError
from segcore.records.intake import DataRequest
from segcore.wording.findings import rows_by_label

TABLE = pa.table(
    {
        "Country": ["France", "Germany", None, "O'Land", "france"],
        "Customer ID": ["17850", "007", "12", "9", "10"],
        "Quantity": [1.0, -2.0, None, 10.0, 5.0],
        "Age": ["30", "4", "", "100", "31"],
        "When": pa.array([dt.datetime(2011, 1, day, 12) for day in range(1, 6)], pa.timestamp("us")),
        "Joined": ["2010-01-05", "2010-02-05", "2009-01-01", "", "2011-01-01"],
    }
)
IDS = pa.schema([field.with_metadata({b"role": b"id"}) if field.name == "Customer ID" else field for field in TABLE.schema])


def rows(condition, table=TABLE):
    return [row for row, kept in enumerate(Condition(condition, table.column_names).mask(table).to_pylist()) if kept]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("Country = 'France'", [0]),
        ("Country <> 'France'", [1, 3, 4]),
        ("country_is_not = 1 OR 1", None),
        ("Country = 'O''Land'", [3]),
        ("Country IN ('France', 'Germany')", [0, 1]),
        ("Country NOT IN ('France', 'Germany')", [3, 4]),
        ("Country LIKE '%ran%'", [0, 4]),
        ("Country LIKE 'F_ance'", [0]),
        ("Country ILIKE 'FRANCE'", [0, 4]),
        ("Country NOT LIKE '%a%'", []),
        ("Country IS NULL", [2]),
        ("Country IS NOT NULL AND NOT Quantity > 1", [0, 1]),
        ("Quantity BETWEEN 1 AND 5", [0, 4]),
        ("Quantity NOT BETWEEN 1 AND 5", [1, 3]),
        ("Quantity = -2", [1]),
        ("0 < Quantity", [0, 3, 4]),
        ("Quantity >= '5'", [3, 4]),
        ("NOT (Country = 'France' OR Quantity < 0)", [3, 4]),
        ("Age > 30", [3, 4]),
        ("Age IS NULL", [2]),
        ("When >= '2011-01-04'", [3, 4]),
        ("When = '2011-01-04 12:00'", [3]),
        ("When BETWEEN '2011-01-02' AND '2011-01-03'", [1]),
        ("When >= DATE '2011-01-04'", [3, 4]),
        ("Joined >= '2010-02-01'", [1, 4]),
        ("\"Customer ID\" = '007'", [1]),
        ('"Customer ID" = Country', []),
        ("Quantity = Age", []),
        ("Quantity < Age", [0, 1, 3, 4]),
    ],
)
def test_a_condition_keeps_the_rows_that_sql_would_keep(condition, expected):
    if expected is None:
        with pytest.raises(ParameterError):
            rows(condition)
    else:
        assert rows(condition) == expected


def test_an_id_is_equal_to_its_number_and_ordered_as_one():
    table = pa.Table.from_arrays(TABLE.columns, schema=IDS)
    plain = table.set_column(1, IDS.field(1), pa.array(["17850", "7", "12", "9", "10"]))

    assert rows('"Customer ID" = 17850', table) == [0]
    assert rows('"Customer ID" IN (12, 9)', table) == [2, 3]
    assert rows('"Customer ID" > 10', plain) == [0, 2]


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "Country",
        "Country = ",
        "Country = 'France' ; DROP TABLE x",
        "Country = (SELECT 1)",
        "Country IN (SELECT 1)",
        "EXISTS (SELECT 1)",
        "length(Country) = 3",
        "Country || 'x' = 'Francex'",
        "Quantity + 1 = 2",
        "1 = 1",
        "Country = NULL",
        "Country LIKE Country",
        "Country LIKE 'x' ESCAPE '!'",
        "Country LIKE ANY ('x')",
        "Quantity BETWEEN SYMMETRIC 2 AND 1",
        "Quantity IS NOT DISTINCT FROM 1",
        "t.Country = 'France'",
        "Country = CAST('x' AS INT)",
        "Quantity IN (1) IS NULL",
        "SELECT 1",
        "Customer ID = 3",
        "__import__('os').system('true')",
        "Country = 'France' --",
        "CASE WHEN Country = 'France' THEN 1 END",
        "(" * 3000 + "Quantity = 1" + ")" * 3000,
    ],
)
def test_whatever_is_no_plain_condition_is_refused_in_one_line(condition, caplog):
    if condition.endswith("--"):
        assert rows(condition) == [0]  # a comment changes nothing
        return
    with pytest.raises(ParameterError) as error:
        Condition(condition)
    assert "\n" not in str(error.value)
    assert not caplog.records


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("Land = 'France'", ["'Land'", "Country, Customer ID"]),
        ('Country = "France"', ["'France'", "single quotes"]),
        ("Country > 3", ["text", "single quotes"]),
        ("Quantity = 'many'", ["numbers", "'many'"]),
        ("When > 3", ["dates"]),
    ],
)
def test_a_condition_that_does_not_fit_the_columns_says_how(condition, words):
    with pytest.raises(DataError) as error:
        rows(condition)
    for word in words:
        assert word in str(error.value)


def test_a_date_that_is_none_is_said_with_its_column():
    with pytest.raises(ParameterError, match="When"):
        rows("When > 'yesterday'")


operands = st.sampled_from(
    ["Quantity > 1", "Quantity <= -2", "Country = 'France'", "Country IS NULL", "Quantity BETWEEN 0 AND 7", "Country LIKE '%a%'"]
)
conditions = st.recursive(
    operands,
    lambda inner: st.one_of(
        inner.map("NOT ({})".format),
        st.tuples(inner, inner).map("({0[0]}) AND ({0[1]})".format),
        st.tuples(inner, inner).map("({0[0]}) OR ({0[1]})".format),
    ),
    max_leaves=5,
)


@given(conditions)
def test_every_nesting_keeps_what_sqlite_keeps(condition):
    database = sqlite3.connect(":memory:")
    database.execute("pragma case_sensitive_like=on")
    database.execute("create table t (n integer, Country text, Quantity real)")
    kept = zip(TABLE["Country"].to_pylist(), TABLE["Quantity"].to_pylist(), strict=True)
    database.executemany("insert into t values (?, ?, ?)", [(n, *row) for n, row in enumerate(kept)])
    expected = [row[0] for row in database.execute(f"select n from t where {condition} order by n")]
    database.close()

    assert rows(condition) == expected


def test_columns_of_any_type_can_be_asked_about():
    table = pa.table(
        {
            "flag": [True, None, False],
            "day": [dt.date(2024, 1, 1), dt.date(2024, 1, 2), None],
            "category": pa.array(["x", "y", "x"]).dictionary_encode(),
            "view": pa.array(["q", "r", None], pa.string_view()),
            "tags": [[1, 2], [3], None],
            "money": pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("3.25")]),
        }
    )

    assert rows("flag = TRUE", table) == [0]
    assert rows("flag = 'false' OR flag IS NULL", table) == [1, 2]
    assert rows("day >= '2024-01-02'", table) == [1]
    assert rows("category = 'x' AND view = 'q'", table) == [0]
    assert rows("tags IS NULL", table) == [2]
    assert rows("money > 1.5", table) == [2]


def test_thousands_of_values_are_looked_up_and_thousands_of_alternatives_refused():
    listed = ", ".join(str(number) for number in range(5, 5000))

    assert rows(f"Quantity IN ({listed})") == [3, 4]
    assert rows(f"Quantity NOT IN ({listed})") == [0, 1]
    with pytest.raises(ParameterError, match="use IN"):
        rows(" OR ".join(f"Quantity = {number}" for number in range(5000)))


def test_a_period_includes_both_its_days():
    times = pa.array([dt.datetime(2011, 1, 1), dt.datetime(2011, 1, 2, 23, 59, 59), dt.datetime(2011, 1, 3)], pa.timestamp("us"))

    assert period(times, date_from="2011-01-01", date_to="2011-01-02").to_pylist() == [True, True, False]
    assert period(times, date_from="2011-01-02", date_to=None).to_pylist() == [False, True, True]
    assert period(times, date_from=None, date_to="2011-01-02T12:00").to_pylist() == [True, False, False]
    with pytest.raises(ParameterError, match="ends before it begins"):
        period(times, date_from="2011-01-03", date_to="2011-01-02")


def test_filters_are_counted_and_combined(write_text):
    lines = "".join(f"c{n % 4},2024-01-{n + 1:02d},{n},{'FR' if n % 2 else 'DE'}\n" for n in range(20))
    path = write_text("customer_id,date,amount,Country\n" + lines + ",2024-01-01,3,FR\n")

    dataset = read_source(DataRequest(str(path), where=("Country = 'FR'", "amount > 4"), date_from="2024-01-08", date_to="2024-01-18"))

    assert sorted(dataset.frame["amount"]) == [7, 9, 11, 13, 15, 17]
    assert dataset.rows_read == 21
    assert rows_by_label(dataset.set_aside) == {"without customer_id": 1}
    assert dataset.filtered_out == 14
    assert dataset.filters == ("Country = 'FR'", "amount > 4", "from 2024-01-08", "to 2024-01-18")


def test_filters_that_leave_nothing_say_so(write_text):
    path = write_text("customer_id,date,amount\nc1,2024-01-01,1\nc1,2024-01-02,1\n")

    with pytest.raises(DataError, match="no row left.*filters exclude 2"):
        read_source(DataRequest(str(path), where=("amount > 4",)))


def test_a_bare_code_with_a_leading_zero_is_asked_for_in_quotes():
    with pytest.raises(ParameterError, match="00220: put a code that begins with 0 in single quotes"):
        Condition("StockCode = 00220")
    Condition("Price > 0.5 AND Quantity <> 0 AND StockCode = '00220'")


def test_dates_whose_order_nobody_can_tell_are_not_compared_as_text():
    table = pa.table({"Joined": ["03/04/2010", "05/06/2010"], "Price": ["£1,234.50", "£2.00"]})
    condition = Condition("Joined >= '2010-05-01'", table.column_names)

    with pytest.raises(DataError, match=r"Joined.*--date-order"):
        condition.mask(table)
    assert condition.mask(table, order="dmy").to_pylist() == [False, True]
    assert condition.mask(table, order="mdy").to_pylist() == [False, True]
    assert Condition("Joined < '2010-04-01'", table.column_names).mask(table, order="mdy").to_pylist() == [True, False]
    assert rows("Price > 1000", table) == [0]


def test_a_few_bad_dates_in_a_filtered_column_are_refused_and_text_with_a_date_in_it_stays_text():
    table = pa.table({"Joined": ["13/04/2010", "soon", "14/04/2010"], "Note": ["2010-04-13", "soon", "later"]})

    with pytest.raises(DataError, match=r"Joined.*'soon' in row 2"):
        Condition("Joined >= '2010-04-14'", table.column_names).mask(table)
    assert rows("Note = '2010-04-13'", table) == [0]
