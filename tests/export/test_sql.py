"""SQL of rules and trees, run by DuckDB on the tables that segcore writes, selects exactly whom the rule or the tree selects here."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import sqlglot
from sklearn.cluster import KMeans

from segcore.errors import ParameterError
from segcore.export.files import write_export
from segcore.export.sql import SqlTable, point_sql, rules_sql, tree_sql
from segcore.features.output import rows_for_file
from segcore.intake.take_in import take_in
from segcore.records.data_rules import ColumnRules
from segcore.records.estimate import Estimate
from segcore.records.intake import DataRequest
from segcore.segments.rules.condition import Condition
from segcore.segments.rules.definition import Definition
from segcore.segments.rules.rule import Rule, SegmentRules
from segcore.segments.rules.tree import Branch, ExplainingTree, Leaf
from segcore.store.store import Store
from segcore.wording.results import DIALECTS
from tests.export.conftest import keep_sweep

HERE = Estimate(1.0, 1.0, 1.0, 1)
NAMES = ['a"b', "=cmd", "Größe`", "SEGMENT", "segment", "customer_id", "x\\y"]


def ruled(*conditions, label=1):
    rule = Rule(conditions, HERE, HERE)
    return SegmentRules(label, rule, (rule,))


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Return the definition of a solution of a table with hostile names, values and gaps, and the folder of its files."""
    draw = np.random.default_rng(5)
    n = 1_200
    frame = pd.DataFrame({name: np.round(draw.normal(10, 3, n), 1) for name in NAMES})
    frame.insert(0, "id", [f"{number:05d}" for number in range(n)])
    frame['a"b'] += 40 * (draw.random(n) < 0.3)
    frame.loc[::7, 'a"b'] = None
    frame.loc[::5, "=cmd"] = None
    frame["Ort"] = draw.choice(["=x", "O'Brien", "Åland", "c:\\new"], n)
    frame.loc[::11, "Ort"] = None
    frame["why"] = draw.choice(["-1+1", "\"q\" 'r'", "b"], n)
    folder = tmp_path_factory.mktemp("people")
    frame.to_csv(folder / "people.csv", index=False)
    store = Store(folder / "home")
    rules = ColumnRules(profile=("why",), keep=("SEGMENT", "segment", "customer_id"))
    request = DataRequest(str(folder / "people.csv"), kind="customers", roles={"customer": "id"}, columns=rules)
    table = store.feature_table(take_in(store, request).table)
    features = (*NAMES, *(name for name in table.names if name.startswith("Ort=")))
    X = table.select(features).values
    labels = KMeans(3, n_init=1, random_state=0).fit_predict((X - X.mean(axis=0)) / X.std(axis=0))
    sweep = keep_sweep(store, table, labels, features=features)
    found = Definition.of(store, sweep, 0)
    write_export(store, sweep, 0, folder / "rows.parquet", profile=True)
    write_export(store, sweep, 0, folder / "rows.csv", profile=True)
    pa.parquet.write_table(rows_for_file(found.rows, profile=True), folder / "features.parquet")
    return found, folder


def selected(sql, folder):
    """Return the ids that DuckDB selects, and the other columns, in the order of the ids."""
    connection = duckdb.connect()
    connection.execute(f"SET file_search_path = '{folder}'")
    return connection.execute(sql).fetchdf().sort_values("customer_id", kind="stable")


def columns_of(found):
    return {name: found.rows.column(name) for name in found.rows.names} | dict(found.rows.profile)


def meeting(found, conditions):
    columns = columns_of(found)
    hit = np.logical_and.reduce([condition.meets(columns[condition.feature]) for condition in conditions])
    return sorted(found.rows.customers[hit])


@pytest.mark.parametrize("file", ["rows.parquet", "features.parquet", "rows.csv"])
@pytest.mark.parametrize(
    "conditions",
    [
        [Condition('a"b', "<=", 10.0)],
        [Condition('a"b', ">", 9.9), Condition("Größe`", "<=", 12.3)],
        [Condition("=cmd", ">", 10.1), Condition("SEGMENT", "<=", 10.0), Condition("segment", ">", 8.0)],
        [Condition("=cmd", "<=", 10.1), Condition("customer_id", ">", 0.0)],
        [Condition("Ort==x", ">", 0.0)],
        [Condition("Ort=O'Brien", "<=", 0.0), Condition("x\\y", "<=", 10.5)],
        [Condition("why", "=", "-1+1")],
        [Condition("why", "!=", "-1+1"), Condition("why", "!=", "\"q\" 'r'")],
        [Condition("why", "=", "\"q\" 'r'")],
    ],
)
def test_the_sql_of_a_rule_selects_whom_the_rule_selects_also_on_ties_and_gaps(people, file, conditions):
    found, folder = people
    expected = meeting(found, conditions)
    assert 0 < len(expected) < len(found.rows)
    ids = selected(rules_sql([ruled(*conditions)], SqlTable.of(found.rows, file)), folder)
    # DuckDB reads ids of digits in a CSV file as numbers.
    assert [f"{int(number):05d}" for number in ids["customer_id"]] == expected


@pytest.mark.parametrize("file", ["rows.parquet", "features.parquet", "rows.csv"])
def test_the_sql_of_the_rules_and_of_the_tree_that_were_found_selects_the_same_customers(people, file):
    found, folder = people
    table = selected(point_sql(found, "tree", table=file), folder)
    assert table["segment"].tolist() == found.tree.assign(columns_of(found)).tolist()
    rules = [rules for rules in found.rules if rules.chosen is not None]
    assert rules
    assert [found.found_by(one.chosen) for one in rules] == [len(meeting(found, one.chosen.conditions)) for one in rules]
    union = selected(point_sql(found, table=file), folder) if len(found.rules) > 1 else None
    for one in rules:
        expected = meeting(found, one.chosen.conditions)
        alone = selected(point_sql(found, segment=one.label, table=file), folder)
        assert len(alone) == len(expected) == (union["segment"] == one.label).sum()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_is_parsed_with_names_and_values_as_they_are(people, dialect):
    found, _ = people
    of_sqlglot = "postgres" if dialect == "postgresql" else dialect
    # BigQuery has no such columns.
    name = "a&b ö-'" if dialect == "bigquery" else "a\"b`\\ö\n'"
    conditions = [Condition(name, ">", 1e-7), Condition("Ort", "=", "O'B\\r`\"\n=x"), Condition("n", "<=", -1e21)]
    tree = ExplainingTree(Branch(conditions[0], Leaf(0, 1, HERE), Branch(conditions[1], Leaf(1, 1, HERE), Leaf(2, 1, HERE))), HERE, 1.0)
    for sql in (rules_sql([ruled(*conditions)], SqlTable("a.b"), dialect), tree_sql(tree, SqlTable('we`ird "t'), dialect)):
        [parsed] = sqlglot.parse(sql, dialect=of_sqlglot)
        names = {column.name for column in parsed.find_all(sqlglot.exp.Column)}
        assert {conditions[0].feature, "Ort", "customer_id"} <= names
        assert {"O'B\\r`\"\n=x"} == {literal.this for literal in parsed.find_all(sqlglot.exp.Literal) if literal.is_string}
    if dialect != "bigquery":
        assert sqlglot.parse(point_sql(found, "tree", dialect=dialect), dialect=of_sqlglot)


def test_a_column_that_bigquery_cannot_have_is_one_sentence():
    with pytest.raises(ParameterError, match="BigQuery cannot have columns with names such as"):
        rules_sql([ruled(Condition("a`b", ">", 1.0))], SqlTable(), "bigquery")


def test_nan_and_null_in_a_warehouse_meet_no_condition():
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE customers AS SELECT * FROM (VALUES ('1', 5.0), ('2', 'NaN'::DOUBLE), ('3', NULL), ('4', 6.0)) t(customer_id, x)"
    )

    def ids(*conditions):
        return connection.execute(rules_sql([ruled(*conditions)], SqlTable())).fetchall()

    assert ids(Condition("x", ">", 5.0)) == [("4",)]
    assert ids(Condition("x", "<=", 5.0)) == [("1",)]
    tree = ExplainingTree(Branch(Condition("x", "<=", 5.0), Leaf(0, 1, HERE), Leaf(1, 1, HERE)), HERE, None)
    assert dict(connection.execute(tree_sql(tree, SqlTable())).fetchall()) == {"1": 0, "2": 1, "3": 1, "4": 1}


def test_the_sql_of_one_segment_has_one_column_and_of_several_the_segment_too():
    one, other = ruled(Condition("x", ">", 1.0)), ruled(Condition("x", "<=", 1.0), label=2)
    assert '"segment"' not in rules_sql([one], SqlTable())
    assert rules_sql([one, other], SqlTable()).count("SELECT") == 2
    assert 'FROM "sales"."people"' in rules_sql([one], SqlTable("sales.people"))
    comment = "With profile columns, which export --profile and features --with-profile write: x"
    assert comment in rules_sql([one], SqlTable(profile=frozenset({"x"})))


def test_what_has_no_sql_is_said_in_one_sentence(people):
    found, _ = people
    with pytest.raises(ParameterError, match="There is no rule to write as SQL. Segment 4: Nobody"):
        rules_sql([SegmentRules(4, None, (), "Nobody.")], SqlTable())
    with pytest.raises(ParameterError, match="dialect"):
        point_sql(found, dialect="oracle")
    with pytest.raises(ParameterError, match="all segments at once"):
        point_sql(found, "tree", segment=1)
    with pytest.raises(ParameterError, match="segment"):
        point_sql(found, segment=9)
    with pytest.raises(ParameterError, match="kind of SQL"):
        point_sql(found, "forest")


@pytest.fixture
def psql(tmp_path):
    """Return a function that runs SQL on an own PostgreSQL server, which listens on a socket in its folder only."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [Path(found).parent for found in [shutil.which("initdb")] if found]
    if not programs or not (programs[-1] / "postgres").exists() or shutil.which("psql") is None:
        pytest.skip("PostgreSQL's server programs are not installed")
    owner = None
    if os.getuid() == 0:  # the server refuses to run as root
        try:
            owner = pwd.getpwnam("postgres").pw_name
        except KeyError:
            pytest.skip("PostgreSQL's server cannot run as root, and there is no user postgres")
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # a socket's path has at most 107 characters
    folder.chmod(0o777)
    run = partial(subprocess.run, check=True, capture_output=True, text=True, cwd=folder)
    run([programs[-1] / "initdb", "-D", folder / "data", "-A", "trust", "-U", "segcore", "-E", "UTF8", "--locale=C"], user=owner)
    server = subprocess.Popen(
        [programs[-1] / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses="],
        user=owner,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    client = ["psql", "-h", str(folder), "-U", "segcore", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-X", "-q", "-A", "-t", "-f", "-"]
    try:
        for _ in range(100):
            if (folder / ".s.PGSQL.5432").exists() and subprocess.run([*client[:7], "-c", "SELECT 1"], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        yield lambda sql: run(client, input=sql).stdout.splitlines()
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_postgresql_selects_the_same_customers(people, psql):
    found, folder = people
    rows = pa.parquet.read_table(folder / "rows.parquet")
    types = {"string": "text", "double": "double precision", "int32": "integer"}
    columns = ", ".join('"' + field.name.replace('"', '""') + f'" {types[str(field.type)]}' for field in rows.schema)
    pa.csv.write_csv(rows, folder / "for_psql.csv")
    psql(f"CREATE TABLE customers ({columns});\n\\copy customers FROM '{folder}/for_psql.csv' CSV HEADER")
    psql("""INSERT INTO customers (customer_id, "=cmd", "Größe`") VALUES ('not a number', 'NaN', 'NaN')""")
    assert psql("SELECT count(*) FROM customers") == [str(len(found.rows) + 1)]
    tree = dict(line.split("|") for line in psql(point_sql(found, "tree", dialect="postgresql")))
    assert [int(tree[customer]) for customer in found.rows.customers] == found.tree.assign(columns_of(found)).tolist()
    rules = [
        [Condition('a"b', ">", 9.9), Condition("Größe`", "<=", 12.3)],
        [Condition("=cmd", ">", 10.1)],
        [Condition("Ort==x", ">", 0.0), Condition("why", "=", "\"q\" 'r'")],
        [Condition("why", "!=", "-1+1")],
        *(one.chosen.conditions for one in found.rules if one.chosen is not None),
    ]
    for conditions in rules:
        assert sorted(psql(rules_sql([ruled(*conditions)], SqlTable.of(found.rows), "postgresql"))) == meeting(found, conditions)
