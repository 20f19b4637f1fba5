import logging
from contextlib import suppress

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
    assert (caught.value.finding.remedy is not None) == (code == "database.unreadable_select")
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
    [
        """SELECT U&"pg\\005fread_file"('/etc/passwd')""",
        """SELECT u&"lo\\005fexport"(777777, '/tmp/x')""",
        """SELECT a,U&"lower"('x') FROM lines""",
        "SELECT U&'\\0061' AS a",
    ],
)
def test_escapes_that_hide_a_name_are_refused(text):
    with pytest.raises(ParameterError) as caught:
        check_select(text, "postgres")
    assert caught.value.finding.code == "database.unicode_escapes"


@pytest.mark.parametrize(
    "function",
    [
        "ts_stat('SELECT to_tsvector(pg_read_file(''/etc/passwd''))')",
        "ts_rewrite('a'::tsquery, 'SELECT a, b FROM c')",
        "crosstab('DELETE FROM a')",
        "crosstab_hash('a', 'b')",
        "connectby('a', 'b', 'c', 'd', 0)",
        "loread(1, 2)",
        "lowrite(1, 'a')",
        "gin_clean_pending_list('a')",
        "brin_summarize_new_values('a')",
        "shop.lower('a')",
        "shop.generate_series(1, 2)",
        "shop.make_date(1, 2, 3)",
        "segments_of(1)",
    ],
)
@pytest.mark.parametrize("text", ["SELECT {}", "SELECT * FROM {} AS a", "SELECT a FROM b WHERE c > (SELECT max(d) FROM {} AS e(d))"])
def test_postgresqls_functions_that_may_do_more_than_return_a_value_are_refused(text, function):
    with pytest.raises(ParameterError, match="make a view") as caught:
        check_select(text.format(function), "postgres")
    assert caught.value.finding.code == "database.acting_function"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT date_trunc('month', a), extract(year FROM a), to_char(a, 'YYYY-MM'), age(a, b), make_date(2024, 1, 2), now() FROM t",
        "SELECT coalesce(a, 1), nullif(a, 1), greatest(a, b), CASE WHEN a THEN 1 END, a::numeric(10, 2), CAST(a AS text) FROM t",
        "SELECT j ->> 'x', j #>> '{a,b}', jsonb_array_elements(j), json_build_object('a', 1), jsonb_agg(a) FROM t GROUP BY 1, 2, 3",
        "SELECT regexp_replace(a, 'x', 'y'), regexp_matches(a, 'b'), a ~ 'b', a ILIKE 'b%', split_part(a, ',', 1), initcap(a) FROM t",
        "SELECT g FROM generate_series(1, 5) AS g(g), LATERAL unnest(ARRAY[1, 2]) AS u",
        "SELECT count(*) FILTER (WHERE a), percentile_cont(0.5) WITHIN GROUP (ORDER BY a), string_agg(a, ','), every(a) FROM t",
        "SELECT row_number() OVER w, lag(a, 1) OVER w, ntile(4) OVER w FROM t WINDOW w AS (PARTITION BY b ORDER BY c)",
        "SELECT pg_catalog.lower(a), pg_catalog.make_date(1, 2, 3), md5(a), gen_random_uuid(), ROW(1, 2), 'U&' AS b FROM t",
        'SELECT u & 1, "u"&"a", menu&"a" FROM t',
    ],
)
def test_postgresqls_functions_of_analysts_are_allowed(text):
    assert check_select(text, "postgres") == text


def test_postgresqls_own_functions_that_change_between_calls_are_refused(server):
    """The server knows which of its functions have side effects: they are volatile, as are those that only draw or look at the clock."""
    query = "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace GROUP BY 1 HAVING bool_or(provolatile = 'v')"
    allowed = set()
    volatile = server.run(query).splitlines()
    for name in volatile:
        with suppress(ParameterError):
            check_select(f"SELECT {name}(a)", "postgres")
            allowed.add(name)
    assert len(volatile) > 200
    assert allowed == {"random", "gen_random_uuid", "clock_timestamp", "timeofday"}


@pytest.mark.parametrize(
    "text",
    ["SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM parquet_scan('x')", "SELECT getenv('HOME')", "SELECT * FROM read_text('x')"],
)
def test_files_are_not_read_by_functions(text):
    with pytest.raises(ParameterError, match="function"):
        check_select(text, "duckdb")
