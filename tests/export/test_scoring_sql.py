"""SQL that scores customers where they are: every database gives the labels of segcore's own scoring."""

import warnings
from dataclasses import replace
from types import SimpleNamespace

import duckdb
import numpy as np
import pytest
import sqlglot
from sklearn.mixture import GaussianMixture

from segcore.clustering.algorithms.registry import algorithm
from segcore.errors import ParameterError, StoreError
from segcore.export.scoring_sql import scoring_sql
from segcore.features.output import rows_for_file
from segcore.features.preparation import apply_preparation, fit_preparation
from segcore.records.plan import Plan
from segcore.store.store import Store
from segcore.wording.results import DIALECTS
from tests.export.conftest import keep_sweep, make_table

HOSTILE_NAMES = (
    *('a"b', "x;DROP TABLE customers;--", "{{ config }}", "new\nline", "`tick`", "/*", "customer_id", "Ort=O'Brien", "%s", "\\", "ö"),
)
SHAPES = ("full", "tied", "diag", "spherical")
N = 300
CLOSE = 1e-9


def hostile_values(draw):
    """Return columns of every size and shape that a table of features can hold, shape (N, 11)."""
    return np.column_stack(
        [
            draw.normal(size=N),
            draw.lognormal(3, 2, N),
            -draw.lognormal(0, 3, N),
            draw.choice([0.0, 1.0], N),
            np.full(N, 7.25),
            draw.choice([5e-324, -5e-324, 1e-310, 1e-300, 1e-200, -1e-160, 0.0, -0.0], N),
            1e9 + draw.normal(size=N),
            draw.normal(size=N) * 1e-10,
            draw.integers(-(2**53), 2**53, N).astype(float),
            draw.choice([0.0, 0.0, 0.0, 1.0, 250.0], N),
            np.round(draw.normal(size=N), 1) * draw.choice([1, 1e6], N),
        ]
    )


def wilder(draw, values):
    """Return other customers: with the same values, with multiples of them, and with some that no sweep has seen."""
    found = values[draw.integers(0, N, N)] * draw.choice([1, 1, 1, -1, 2, 1e5], values.shape)
    beyond = draw.random(values.shape) < 0.05
    found[beyond] = draw.choice([1e300, -1e300, 1e-300, 1e150, -0.0, 9.2e18], int(beyond.sum()))
    return found


def random_plan(draw):
    """Return a random plan of a few features, of which the first one is in a usual range."""
    names = ('a"b', *draw.permutation(HOSTILE_NAMES[1:])[: draw.integers(0, 8)].tolist())
    return Plan(
        names,
        scaler=str(draw.choice(["standard", "minmax", "robust", "none"])),
        transforms={name: str(draw.choice(["log", "power"])) for name in names if draw.random() < 0.5},
        weights={name: float(draw.choice([0.3, 2.5, 7.0])) for name in names if draw.random() < 0.3},
    )


def random_arrays(draw, X, name, params):
    """Return a model at rows of ``X``; the components' weights and shapes are those of a mixture fitted to its scaled rows."""
    near = X[np.abs(X).max(axis=1) <= np.quantile(np.abs(X).max(axis=1), 0.9)]
    chosen = near[draw.integers(0, len(near), params.get("n_clusters") or params["n_components"])]
    if name != "gaussian_mixture":
        return {"centres": chosen, "origin": near.mean(axis=0)}
    spread = near.std(axis=0)
    mixture = GaussianMixture(
        len(chosen), covariance_type=params["covariance_type"], init_params="random_from_data", reg_covar=1e-3, random_state=0, max_iter=5
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mixture.fit((near - near.mean(axis=0)) / np.where(spread > 0, spread, 1.0))
    return {"weights": mixture.weights_, "means": chosen, "precisions_cholesky": mixture.precisions_cholesky_}


def random_case(store, seed, *, dialect="duckdb"):
    """Return a random solution's SQL, other customers as rows, and segcore's labels of them."""
    draw = np.random.default_rng(seed)
    values, customers = hostile_values(draw), [f"{number:05d}" for number in range(N)]
    table = make_table(values, customers, names=HOSTILE_NAMES)
    plan = random_plan(draw)
    name = str(draw.choice(["kmeans", "minibatch_kmeans", "gaussian_mixture"]))
    k = int(draw.integers(1, 7))
    params = {"n_components": k, "covariance_type": str(draw.choice(SHAPES))} if name == "gaussian_mixture" else {"n_clusters": k}
    preparation = fit_preparation(table.select(plan.features), plan)
    arrays = random_arrays(draw, apply_preparation(preparation, table.select(plan.features).values), name, params)
    options = {"scaler": plan.scaler, "transforms": plan.transforms, "weights": plan.weights}
    labels = np.zeros(N, dtype=np.int32)
    sweep = keep_sweep(store, table, labels, features=plan.features, algorithm=name, params=params, arrays=arrays, **options)
    later = make_table(wilder(draw, values), customers, names=HOSTILE_NAMES)
    return SimpleNamespace(
        sql=scoring_sql(store, sweep, 0, dialect=dialect),
        rows=rows_for_file(later),
        **expected(name, params, arrays, apply_preparation(preparation, later.select(plan.features).values)),
    )


def expected(name, params, arrays, X):
    """Return segcore's labels, the rows it can score, and of those the ones whose two best segments are as good as equal."""
    scoring = algorithm(name).scoring
    with np.errstate(all="ignore"):
        labels = scoring.assign(X, arrays, params)
        ranked = np.sort(scores_of(scoring.discriminants(arrays, params), X), axis=1)
        is_close = ranked[:, -1] - ranked[:, -2] <= CLOSE * np.abs(ranked[:, -1]) if ranked.shape[1] > 1 else np.zeros(len(X), bool)
    return {"labels": labels, "scored": np.isfinite(X).all(axis=1), "is_close": is_close}


def scores_of(found, X):
    """Return the discriminants written out row by row: an independent reading of their two docstrings."""
    if hasattr(found, "slopes"):
        return np.array(
            [[float((x - found.origin) @ slope) + c for slope, c in zip(found.slopes, found.constants, strict=True)] for x in X]
        )
    apply = (lambda away, factor: away * factor) if found.factors.ndim == 2 else (lambda away, factor: away @ factor)
    pairs = list(zip(found.means, found.factors, found.constants, strict=True))
    return np.array([[c - 0.5 * float((apply(x - mean, factor) ** 2).sum()) for mean, factor, c in pairs] for x in X])


def by_duckdb(sql, rows):
    connection = duckdb.connect()
    connection.register("customers", rows)
    return dict(connection.execute(sql).fetchall())


def differing(case, found):
    """Return the customers whose segment is another one than segcore's; there is none for a row that segcore cannot score."""
    assert sorted(found) == case.rows["customer_id"].to_pylist()
    labels = np.array([-9 if found[customer] is None else found[customer] for customer in sorted(found)])
    assert (labels[~case.scored] == -9).all()
    return case.scored & (labels != case.labels), labels == -9


def check_cases(seeds, store, run, dialect="duckdb"):
    """Compare many random cases; return how many rows were scored, and how many of them differ where two segments are equal."""
    counts = {"scored": 0, "close": 0, "beyond": 0}
    for seed in seeds:
        case = random_case(store, seed, dialect=dialect)
        differs, is_missing = differing(case, run(case.sql, case.rows))
        assert case.is_close[differs & ~is_missing].all(), seed
        counts["scored"] += int(case.scored.sum())
        counts["close"] += int((differs & ~is_missing).sum())
        counts["beyond"] += int((differs & is_missing).sum())
    return counts


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "home")


def test_labels_are_those_of_segcore_for_any_plan_and_hostile_values(store):
    counts = check_cases(range(25), store, by_duckdb)
    assert counts["scored"] > 7_000
    assert counts["close"] <= 0.0002 * counts["scored"]
    # Of unscaled features, 1e300 times a centre of 1e16 is beyond a double.
    assert counts["beyond"] <= 0.01 * counts["scored"]


@pytest.mark.slow
def test_labels_are_those_of_segcore_in_many_more_cases(store):  # a rare rounding or overflow needs many to be seen
    counts = check_cases(range(100, 300), store, by_duckdb)
    # Far from every component of the same shape, all are equally likely but for rounding.
    assert counts["close"] <= 0.001 * counts["scored"]
    assert counts["beyond"] <= 0.01 * counts["scored"]


def in_postgresql(database):
    """Return a function that runs SQL on rows in a database: features as doubles, ids as text."""

    def run(sql, rows):
        names = ['"' + name.replace('"', '""') + '"' for name in rows.column_names]
        typed = ", ".join([f"{names[0]} text", *(f"{name} double precision" for name in names[1:])])
        lines = ["\t".join(map(str, row.values())).replace("nan", "NaN").replace("None", "\\N") for row in rows.to_pylist()]
        database.run(
            "\n".join(
                [f"DROP TABLE IF EXISTS customers; CREATE TABLE customers ({typed});", "COPY customers FROM STDIN;", *lines, "\\.", ""]
            )
        )
        found = [line.split("|") for line in database.run(sql).splitlines()]
        return {customer: int(segment) if segment else None for customer, segment in found}

    return run


def test_postgresql_gives_the_same_labels_and_refuses_no_value(store, postgresql):
    counts = check_cases(range(25), store, in_postgresql(postgresql), "postgresql")
    assert counts["scored"] > 7_000
    assert counts["close"] <= 0.001 * counts["scored"]


@pytest.mark.slow
def test_postgresql_gives_the_same_labels_in_many_more_cases(store, postgresql):
    check_cases(range(100, 300), store, in_postgresql(postgresql), "postgresql")


def in_spark(context):
    from pyspark.sql import SparkSession

    session = SparkSession(context)

    def run(sql, rows):
        session.createDataFrame(rows.to_pandas()).createOrReplaceTempView("customers")
        return {row["customer_id"]: row["segment"] for row in session.sql(sql).collect()}

    return run


@pytest.mark.slow
def test_spark_gives_the_same_labels(store, spark):
    counts = check_cases(range(12), store, in_spark(spark), "spark")
    assert counts["scored"] > 3_000
    assert counts["close"] <= 0.001 * counts["scored"]


def small_sweep(store, *, algorithm_name="kmeans", params=None, arrays=None, **options):
    """Keep two segments of five customers, at 0 and 10 on the first feature and 0 on the second."""
    values = [[0.0, 1.0], [0.0, -1.0], [10.0, 1.0], [10.0, -1.0], [5.0, 0.0]]
    table = make_table(values, [*"abcde"], names=options.pop("names", ("spend", "visits")))
    centres = {"centres": np.array([[0.0, 0.0], [10.0, 0.0]]), "origin": np.array([5.0, 0.0])}
    options = {"features": table.names, "scaler": "none", "algorithm": algorithm_name, "params": params, "arrays": arrays, **options}
    options["arrays"] = options["arrays"] or centres
    return keep_sweep(store, table, [0, 0, 1, 1, 0], **options)


def rows_of(values, names=("spend", "visits")):
    return rows_for_file(make_table(values, [f"{at:02d}" for at in range(len(values))], names=names))


def test_a_tie_takes_the_lowest_label_and_what_is_missing_has_no_segment(store):
    sweep = small_sweep(store)
    values = [[5.0, 0.0], [5.0, -0.0], [5.000001, 3.0], [np.nan, 0.0], [0.0, np.inf], [-np.inf, 0.0]]
    found = by_duckdb(scoring_sql(store, sweep, 0), rows_of(values))
    assert list(found.values()) == [0, 0, 1, None, None, None]
    connection = duckdb.connect()
    connection.execute("CREATE TABLE customers AS SELECT 'a' AS customer_id, NULL::DOUBLE AS spend, 1 AS visits UNION ALL SELECT 'b', 9, 2")
    assert dict(connection.execute(scoring_sql(store, sweep, 0)).fetchall()) == {"a": None, "b": 1}


def test_a_missing_value_counts_as_it_did_in_the_sweep(store):
    table = make_table([[0.0], [0.0], [10.0], [10.0], [7.0]], [*"abcde"], names=("spend",))
    table = replace(table, filled={"spend": np.array([False, False, False, False, True])})
    arrays = {"centres": np.array([[0.0], [10.0]]), "origin": np.array([5.0])}
    sweep = keep_sweep(store, table, [0, 0, 1, 1, 1], features=("spend",), scaler="none", arrays=arrays)
    found = by_duckdb(scoring_sql(store, sweep, 0), rows_of([[np.nan], [0.0], [1e308], [6.0]], names=("spend",)))
    assert list(found.values()) == [1, 0, None, 1]


def test_whole_numbers_and_flags_of_a_database_are_doubles(store):
    connection = duckdb.connect()
    connection.execute("CREATE TABLE customers (customer_id BIGINT, spend HUGEINT, visits BOOLEAN)")
    connection.execute("INSERT INTO customers VALUES (1, 170141183460469231731687303715884105727, true), (2, 4, false), (3, 6, true)")
    assert connection.execute(scoring_sql(store, small_sweep(store), 0)).fetchall() == [(1, 1), (2, 0), (3, 1)]


@pytest.mark.parametrize("name", ["features", "known", "Compared", "sales.features", 'a "table"; DROP TABLE x', "scores"])
def test_a_table_may_have_any_name(store, name):
    connection = duckdb.connect()
    connection.register("rows", rows_of([[1.0, 0.0], [9.0, 0.0]]))
    schema, table = name.split(".") if "." in name else ("main", name)
    quoted = table.replace('"', '""')
    connection.execute(f'CREATE SCHEMA IF NOT EXISTS {schema}; CREATE TABLE {schema}."{quoted}" AS FROM rows')
    assert connection.execute(scoring_sql(store, small_sweep(store), 0, table=name)).fetchall() == [("00", 0), ("01", 1)]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_is_one_select_that_parses_back_to_itself(store, dialect):
    of_sqlglot = "postgres" if dialect == "postgresql" else dialect
    mixture = {"params": {"n_components": 2, "covariance_type": "full"}, "algorithm_name": "gaussian_mixture"}
    mixture["arrays"] = {
        "weights": np.array([0.25, 0.75]),
        "means": np.array([[0.1, 1e-7], [1 / 3, -2e17]]),
        "precisions_cholesky": np.array([[[1 / 7, 1e-5], [0, 2.0]], [[3e-20, -1.0], [0, 1e9]]]),
    }
    prepared = {"transforms": {"spend": "power", "visits": "log"}, "scaler": "robust", "weights": {"spend": 0.1}}
    for asked in ({}, mixture, prepared):
        sweep = small_sweep(store, **asked)
        [parsed] = sqlglot.parse(scoring_sql(store, sweep, 0, dialect=dialect), dialect=of_sqlglot)
        assert isinstance(parsed, sqlglot.exp.Select)
        assert parsed.named_selects == ["customer_id", "segment"]
        assert [table.name for table in parsed.find_all(sqlglot.exp.Table) if table.this.quoted] == ["customers"]
        assert sqlglot.parse_one(parsed.sql(of_sqlglot), dialect=of_sqlglot) == parsed
    preparation = store.sweep(sweep).preparation
    power = preparation.transforms[0][1]
    numbers = {float(literal.this) for literal in parsed.find_all(sqlglot.exp.Literal)}
    assert {abs(power), 2 - power, abs(preparation.centre[0]), *preparation.scale, preparation.weights[0]} <= numbers


def test_bigquery_and_snowflake_read_the_same_arithmetic_as_duckdb(store):
    """Neither runs here: their SQL is translated to DuckDB's by sqlglot, and gives the same labels."""
    for dialect in ("bigquery", "snowflake"):
        names = ("a=b 1", "ö-2")
        sweep = small_sweep(store, names=names, transforms={names[0]: "power"}, scaler="standard")
        text = sqlglot.transpile(scoring_sql(store, sweep, 0, dialect=dialect), read=dialect, write="duckdb")[0]
        rows = rows_of(np.random.default_rng(2).normal(4, 5, (500, 2)), names)
        assert by_duckdb(text, rows) == by_duckdb(scoring_sql(store, sweep, 0), rows)


def test_nothing_of_a_name_runs_or_ends_the_comment(store):
    names = ("x\n; DROP TABLE customers; --", '"; DROP TABLE customers; --')
    sweep = small_sweep(store, names=names)
    for label, name in enumerate(["a\nDROP TABLE customers;", "b\u2028\r*/ {{ x }}"]):
        store.name_segment(sweep, "n_clusters=2,tol=0.001", label, name)
    connection = duckdb.connect()
    connection.register("rows", rows_of([[1.0, 0.0], [9.0, 0.0]], names))
    connection.execute("CREATE TABLE customers AS FROM rows")
    sql = scoring_sql(store, sweep, 0)
    assert connection.execute(sql).fetchall() == [("00", 0), ("01", 1)]
    assert len(connection.execute("FROM customers").fetchall()) == 2
    head = sql[: sql.index("WITH ")].splitlines()
    assert all(line.startswith("-- ") for line in head)
    assert "-- Segment 0: a\\nDROP TABLE customers;" in head


def test_the_comments_say_what_the_sql_is_for(store):
    sweep = small_sweep(store)
    store.name_segment(sweep, "n_clusters=2,tol=0.001", 1, "Big spenders")
    head = scoring_sql(store, sweep, 0, table="crm.people").split("WITH ")[0].splitlines()
    assert head[0] == "-- Assigns customers to the segments of k-means n_clusters=2,tol=0.001"
    assert head[1].startswith(f"-- Sweep {sweep[:12]} of shop.csv")
    assert head[3] == "-- Segment 1: Big spenders"
    assert "2011-12-09 12:50:00" in head[4]
    assert head[5] == "-- Reads crm.people, one row per customer: segcore features DATA --features all --out FILE"
    assert f"segcore features DATA --like {sweep[:12]} --as-of DATE --out FILE" in head[6]


def test_a_large_mixture_stays_small_and_runs(store):
    draw = np.random.default_rng(4)
    n_features, k = 20, 12
    values = draw.normal(size=(200, n_features))
    names = tuple(f"feature {at}" for at in range(n_features))
    factors = np.triu(draw.normal(size=(k, n_features, n_features))) + 2 * np.eye(n_features)
    arrays = {"weights": np.full(k, 1 / k), "means": draw.normal(size=(k, n_features)), "precisions_cholesky": np.abs(factors)}
    params = {"n_components": k, "covariance_type": "full"}
    table = make_table(values, [f"{at:03d}" for at in range(200)], names=names)
    options = {"algorithm": "gaussian_mixture", "params": params, "arrays": arrays}
    sweep = keep_sweep(store, table, np.zeros(200), features=names, transforms=dict.fromkeys(names, "power"), **options)
    for dialect in DIALECTS:
        assert len(scoring_sql(store, sweep, 0, dialect=dialect)) < 200_000
    preparation = fit_preparation(table, Plan(names, transforms=dict.fromkeys(names, "power")))
    labels = algorithm("gaussian_mixture").scoring.assign(apply_preparation(preparation, values), arrays, params)
    assert len(set(labels)) > 5
    assert list(by_duckdb(scoring_sql(store, sweep, 0), rows_for_file(table)).values()) == labels.tolist()


def test_a_component_of_no_weight_is_joined_by_nobody(store):
    arrays = {"weights": np.array([0.0, 1.0]), "means": np.array([[0.0, 0.0], [10.0, 0.0]]), "precisions_cholesky": np.ones(2)}
    params = {"n_components": 2, "covariance_type": "spherical"}
    sweep = small_sweep(store, algorithm_name="gaussian_mixture", params=params, arrays=arrays)
    assert set(by_duckdb(scoring_sql(store, sweep, 0), rows_of([[0.0, 0.0], [10.0, 0.0]])).values()) == {1}


@pytest.mark.parametrize("name", ["ward", "dbscan", "hdbscan"])
def test_an_algorithm_that_compares_with_customers_says_why_it_has_no_sql(store, name):
    sweep = small_sweep(store, algorithm_name=name, params={"n_clusters": 2}, arrays={"rows": np.zeros((5, 2))})
    with pytest.raises(ParameterError, match=r"has no SQL that scores .* k-means, Mini-batch k-means or Gaussian mixture\.$"):
        scoring_sql(store, sweep, 0)


def test_bigquerys_columns_are_named_as_its_loader_names_them(store):
    text = scoring_sql(store, small_sweep(store, names=("job=admin.", "spend_(other)")), 0, dialect="bigquery")
    assert "CAST(`job=admin_` AS FLOAT64)" in text and "CAST(`spend__other_` AS FLOAT64)" in text
    assert "--column_name_character_map=V2" in text


def test_what_cannot_be_sql_is_one_sentence(store):
    sweep = small_sweep(store)
    with pytest.raises(StoreError, match="has no segments"):
        scoring_sql(store, sweep, 1)
    with pytest.raises(ParameterError, match="dialect"):
        scoring_sql(store, sweep, 0, dialect="oracle")
    job = small_sweep(store, names=("share_(other)", "share_[other]"))
    with pytest.raises(ParameterError, match=r"BigQuery would call both 'share_\(other\)' and 'share_\[other\]' 'share__other_'"):
        scoring_sql(store, job, 0, dialect="bigquery")
    for table in ("a\0b", " ", "x" * 64):
        with pytest.raises(ParameterError, match="PostgreSQL cannot have a table with the name .*, of at most 63 bytes"):
            scoring_sql(store, sweep, 0, dialect="postgresql", table=table)
    alike = small_sweep(store, names=(f"{'x' * 63}1", f"{'x' * 63}2"))
    with pytest.raises(ParameterError, match="PostgreSQL cuts names after 63 bytes"):
        scoring_sql(store, alike, 0, dialect="postgresql")
    assert scoring_sql(store, alike, 0)
    wide = (300, 6)
    arrays = {"weights": np.full(300, 1 / 300), "means": np.zeros(wide), "precisions_cholesky": np.ones(wide)}
    table = make_table(np.eye(6), [*"abcdef"], names=tuple("uvwxyz"))
    params = {"n_components": 300, "covariance_type": "diag"}
    sweep = keep_sweep(
        store, table, np.zeros(6), features=table.names, algorithm="gaussian_mixture", params=params, arrays=arrays, scaler="none"
    )
    with pytest.raises(ParameterError, match="takes a SELECT of 1,800 columns, and PostgreSQL has at most 1,663"):
        scoring_sql(store, sweep, 0, dialect="postgresql")
    assert scoring_sql(store, sweep, 0, dialect="snowflake")


@pytest.mark.parametrize("learned", ["taste", "vectors"])
def test_features_learned_from_items_say_why_they_have_no_sql(store, learned):
    sweep = small_sweep(store)
    preparation = store.sweep(sweep).preparation
    store.put_preparation(sweep, replace(preparation, fitted={learned: {}}))
    with pytest.raises(ParameterError, match="computed from all items of a customer"):
        scoring_sql(store, sweep, 0)
