import logging

import pytest

from segcore.data.databases.selects import check_select
from segcore.errors import ParameterError

DIALECTS = ("postgres", "duckdb", "sqlite")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM lines",
        "select customer, sum(amount) as spend from lines group by customer",
        "WITH a AS (SELECT 1 AS x) SELECT x FROM a UNION ALL SELECT 2",
        "(SELECT 1 AS x)",
        "SELECT 'a; DROP TABLE lines' AS text -- ; DELETE",
        "/* SELECT */ SELECT \"DELETE\", coalesce(a, 'INTO') FROM lines",
        "SELECT lower(name), count(*) OVER (PARTITION BY a ORDER BY b) FROM lines LIMIT 5",
    ],
)
def test_a_query_is_returned_as_it_is(text, dialect):
    assert check_select(text, dialect) == text


@pytest.mark.parametrize("text", ["SELECT 1 AS a;", "  SELECT 1 AS a ;; ", "SELECT 1 AS a; -- that is all"])
def test_only_the_last_semicolon_is_left_out(text):
    assert check_select(text, "postgres").strip() == "SELECT 1 AS a"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "database.not_a_select"),
        ("-- nothing", "database.not_a_select"),
        (";", "database.not_a_select"),
        ("SELECT 1; SELECT 2", "database.several_statements"),
        ("SELECT 1; DROP TABLE lines", "database.several_statements"),
        ("DELETE FROM lines", "database.not_a_select"),
        ("INSERT INTO lines SELECT 1", "database.not_a_select"),
        ("UPDATE lines SET a = 1", "database.not_a_select"),
        ("DROP TABLE lines", "database.not_a_select"),
        ("CREATE TABLE a AS SELECT 1", "database.not_a_select"),
        ("COPY lines TO 'x'", "database.not_a_select"),
        ("ATTACH 'x' AS y", "database.not_a_select"),
        ("PRAGMA database_list", "database.not_a_select"),
        ("SET a = 1", "database.not_a_select"),
        ("EXPLAIN ANALYZE DELETE FROM lines", "database.not_a_select"),
        ("CALL something()", "database.not_a_select"),
        ("VACUUM", "database.not_a_select"),
        ("DO 'x'", "database.not_a_select"),
        ("SELECT 1) AS a; --", "database.unreadable_select"),
        ("SELECT (((1", "database.unreadable_select"),
        ("SELECT 'open", "database.unreadable_select"),
    ],
)
def test_anything_but_one_query_is_refused(text, code, dialect, caplog):
    with caplog.at_level(logging.DEBUG), pytest.raises(ParameterError) as caught:
        check_select(text, dialect)
    assert caught.value.finding.code == code
    assert caplog.records == []  # sqlglot logs whole statements


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * INTO copy FROM lines",
        "WITH gone AS (DELETE FROM lines RETURNING *) SELECT * FROM gone",
        "WITH new AS (INSERT INTO lines VALUES (1) RETURNING *) SELECT * FROM new",
        "SELECT * FROM lines FOR UPDATE",
        "SELECT * FROM (SELECT * FROM lines FOR SHARE) AS a",
        "SELECT pg_sleep(10)",
        'SELECT "pg_sleep"(10)',
        "SELECT pg_catalog.pg_terminate_backend(1)",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_export(1, '/tmp/x')",
        "SELECT * FROM dblink('host=x', 'DELETE FROM a') AS t(a int)",
        "SELECT set_config('a', 'b', false)",
        "SELECT nextval('a')",
        "SELECT query_to_xml('DELETE FROM a', true, true, '')",
        "SELECT a FROM lines WHERE a IN (SELECT pg_advisory_lock(1))",
    ],
)
def test_what_acts_is_refused_wherever_it_is(text):
    with pytest.raises(ParameterError):
        check_select(text, "postgres")


@pytest.mark.parametrize(
    "text",
    ["SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM parquet_scan('x')", "SELECT getenv('HOME')", "SELECT * FROM read_text('x')"],
)
def test_files_are_not_read_by_functions(text):
    with pytest.raises(ParameterError, match="function"):
        check_select(text, "duckdb")
