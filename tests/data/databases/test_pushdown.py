"""Filters in the database: segcore's own filter on all rows is the oracle."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segcore.data.databases.extract import filtered_by, write_extract
from segcore.data.databases.pushdown import push_down
from segcore.data.rows.filters import Condition, period
from segcore.records.intake import DatabaseQuestion, DataRequest

ROLES = {"customer": "customer", "time": "moment", "price": "price", "amount": "amount"}
TYPES = (
    "customer INTEGER, moment TIMESTAMP, day DATE, price DECIMAL(10, 2), amount DOUBLE PRECISION, code DECIMAL(10, 2), "
    "big BIGINT, country VARCHAR(9)"
)
ROWS = [
    (1, "2024-01-01 00:00:00", "2024-01-01", "0.10", "0.1", "5.00", 2**53 - 1, "FR"),
    (2, "2024-01-31 23:59:59.999999", "2024-01-31", "0.30", "0.30000000000000004", "5.50", 2**53 - 2, "DE"),
    (3, "2024-02-01 00:00:00", "2024-02-01", "5.00", "NaN", "6.00", -(2**53) + 1, "FR "),
    (4, "2024-02-29 12:00:00", None, "-5.00", "-0.0", None, None, None),
    (5, None, "2024-03-01", None, None, "-1.00", 7, "it's"),
    (None, "2024-03-01 10:00:00", "2024-03-01", "7.25", "1e300", "0.00", 0, ""),
]
CONDITIONS = [
    ("customer > 2", True),
    ("2 >= customer", True),
    ("customer = 3", True),
    ("customer <> 3", True),
    ("customer > 1.5", True),
    ("customer IN (1, 3, 9)", True),
    ("customer BETWEEN 2 AND 4", True),
    ("customer IS NULL", True),
    ("customer > -1 AND country = 'FR'", True),
    ("(customer < 2 OR customer > 4)", True),
    ("customer < 2 OR country = 'DE'", False),
    ("NOT customer = 2", False),
    ("price > 0.3", True),
    ("price = 0.3", True),
    ("price <= -5", True),
    ("amount = 0.1", True),
    ("amount > 0.3", True),
    ("amount <> 0.1", True),
    ("amount = 0", True),
    ("amount < 1", True),
    ("moment >= '2024-02-01'", True),
    ("moment < '2024-02-01'", True),
    ("moment = '2024-02-29 12:00:00'", True),
    ("moment BETWEEN '2024-01-31' AND '2024-02-29'", True),
    ("day = '2024-02-01'", True),
    ("day > DATE '2024-01-31'", True),
    ("day IS NULL", True),
    ("big = 9007199254740991", True),
    ("big <= 9007199254740990", True),
    ("big < 9007199254740993", False),
    ("big < 0", True),
    ("code > 5", False),
    ("country = 'FR'", False),
    ("country LIKE 'F%'", False),
    ("customer = big", False),
    ("customer.total_spend > 5", False),
]


def asked(*where, **more):
    return DataRequest("", kind="transactions", roles=ROLES, where=where, **more)


@pytest.fixture(params=["duckdb", "postgresql"])
def lines(request):
    """Return a database with the rows."""
    shop = request.getfixturevalue({"duckdb": "duck", "postgresql": "server"}[request.param])
    shop.run(f"CREATE TABLE lines ({TYPES})")
    values = ["NULL" if value is None else "'" + str(value).replace("'", "''") + "'" for row in ROWS for value in row]
    rows = [f"({', '.join(values[first : first + 8])})" for first in range(0, len(values), 8)]
    shop.run(f"INSERT INTO lines VALUES {', '.join(rows)}")
    return shop


def read(shop, path, request=None):
    write_extract(DatabaseQuestion(shop.address.text, table="lines"), path, request)
    return pq.read_table(path)


def test_no_filter_loses_a_row_that_segcore_keeps(lines, tmp_path):
    whole = read(lines, tmp_path / "whole.parquet")
    assert whole.num_rows == len(ROWS)
    for text, is_pushed in CONDITIONS:
        if text.startswith("customer.total"):
            continue
        condition = Condition(text, whole.column_names)
        expected = whole.filter(condition.mask(whole))
        part = read(lines, tmp_path / "part.parquet", asked(text))
        assert repr(part.filter(condition.mask(part)).to_pylist()) == repr(expected.to_pylist()), text  # NaN is not equal to itself
        assert filtered_by(tmp_path / "part.parquet") == ((len(ROWS), (text,)) if is_pushed else None), text
        assert part.num_rows < whole.num_rows or not is_pushed, text


@pytest.mark.parametrize(
    "dates", [("2024-01-31", None), (None, "2024-01-31"), ("2024-01-31", "2024-02-29 12:00:00"), ("2024-02-01 00:00:00", "2024-02-29")]
)
def test_a_period_loses_no_row_either(lines, tmp_path, dates):
    whole = read(lines, tmp_path / "whole.parquet")
    bounds = {"date_from": dates[0], "date_to": dates[1]}
    part = read(lines, tmp_path / "part.parquet", asked(**bounds))

    def kept(table):
        return table.filter(period(table["moment"].combine_chunks(), **bounds))

    assert repr(kept(part).to_pylist()) == repr(kept(whole).to_pylist())
    assert part.num_rows < whole.num_rows


def schema():
    return pa.schema({"customer": pa.int32(), "moment": pa.timestamp("us"), "price": pa.decimal128(10, 2)})


@pytest.mark.parametrize("missing", ["kind", "roles"])
def test_nothing_is_pushed_where_roles_would_be_detected_from_what_is_left(missing):
    request = DataRequest(
        "", **{"kind": "transactions", "roles": ROLES, "where": ("customer > 2",)} | {missing: None if missing == "kind" else {}}
    )
    assert push_down(request, schema().names, schema(), "postgres").sql == ""


def test_what_cannot_be_pushed_in_part_of_an_and_is_left_out():
    found = push_down(asked("customer > 2 AND customer LIKE '1%'"), schema().names, schema(), "postgres")
    assert found.sql == "(c0 > 2)"


def test_a_hostile_condition_is_a_literal_or_refused():
    found = push_down(asked("moment > '2024-01-01'", "customer > 2"), schema().names, schema(), "duckdb")
    assert found.sql == "(c1 > CAST('2024-01-01 00:00:00' AS TIMESTAMP)) AND (c0 > 2)"
    assert push_down(asked("moment > '''; DROP TABLE lines; --'"), schema().names, schema(), "duckdb").sql == ""
