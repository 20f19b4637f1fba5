"""The one builder in every frame library: the same customers, values and nulls."""

import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from segcore.data.sources import read_source
from segcore.errors import ParameterError
from segcore.features.builders import build_features
from segcore.features.grouping import rows_until, time_span
from segcore.features.planning.sets import feature_names
from segcore.intake.child import rows_from_child
from segcore.intake.take_in import take_in
from segcore.intake.trained_rows import read_like_trained
from segcore.records.data_rules import RowRules
from segcore.records.intake import DataRequest
from segcore.records.plan import Plan
from segcore.segments.over_time.changes import compare_later
from segcore.segments.scoring import features_like, latest_time, score
from segcore.store.store import Store
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec
from segcore.system import row_parts
from segcore.system.frames import BACKENDS, LAZY, to_backend
from segcore.system.local_ray import start_ray


@pytest.fixture(scope="module")
def ray_running():
    """Start Ray once for the module, and stop it."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_DEDUP_LOGS", "0")
        start_ray()
        import ray

        yield
        ray.shutdown()


@pytest.fixture(params=BACKENDS)
def backend(request):
    if request.param == "modin":
        request.getfixturevalue("ray_running")
    return request.param


pytestmark = pytest.mark.filterwarnings("ignore")  # Modin and Ray warn about themselves


def assert_equal_tables(one, other):
    assert one.names == other.names
    assert list(one.customers) == list(other.customers)
    assert one.reference_date == other.reference_date
    assert one.dictionary == other.dictionary
    assert one.fitted.keys() == other.fitted.keys()
    np.testing.assert_array_equal(np.isnan(one.values), np.isnan(other.values))
    np.testing.assert_allclose(one.values, other.values, rtol=1e-9, atol=1e-9)
    assert one.sums.keys() == other.sums.keys()
    for name, values in one.sums.items():
        np.testing.assert_allclose(values, other.sums[name], rtol=1e-9, atol=1e-9)
    assert one.purchases.keys() == other.purchases.keys()
    for what, bought in one.purchases.items():
        assert bought.names == other.purchases[what].names
        for part in ("starts", "items", "counts"):
            np.testing.assert_array_equal(getattr(bought, part), getattr(other.purchases[what], part))
        if bought.baskets is not None:
            for part in ("items", "orders", "customers", "placed"):
                np.testing.assert_array_equal(getattr(bought.baskets, part), getattr(other.purchases[what].baskets, part))
    assert set(one.profile) == set(other.profile)
    for name, column in one.profile.items():
        assert [None if value is None or value != value else value for value in column] == list(other.profile[name])


@pytest.mark.parametrize("seed", [0, 1])
def test_every_library_gives_the_same_features(some_lines, dataset_of, backend, seed):
    lines = some_lines(seed=seed)
    rows = pa.Table.from_pandas(lines)

    table = build_features(dataset_of(to_backend(rows, backend)))

    assert_equal_tables(build_features(dataset_of(lines)), table)
    assert np.isfinite(table.values).all()


@pytest.mark.parametrize(
    "roles",
    [
        {"customer": "Client", "time": "At", "amount": "Unit"},
        {"customer": "Client", "order": "Ticket", "time": "At", "amount": "Unit"},
        {"customer": "Client", "time": "At", "amount": "Unit", "category": "Group", "discount": "Off"},
    ],
)
def test_every_library_gives_the_same_features_of_other_roles(some_lines, dataset_of, backend, roles):
    lines = some_lines(200, 10)

    table = build_features(dataset_of(to_backend(pa.Table.from_pandas(lines), backend), roles))

    assert_equal_tables(build_features(dataset_of(lines, roles)), table)


def test_a_single_line_is_enough_in_every_library(some_lines, dataset_of, backend):
    for lines in (some_lines(4, 1).head(1), some_lines(8, 1)):
        table = build_features(dataset_of(to_backend(pa.Table.from_pandas(lines, preserve_index=False), backend)))

        assert_equal_tables(build_features(dataset_of(lines)), table)


def test_customers_whose_every_line_is_cancelled_have_features_in_every_library(some_lines, dataset_of, backend):
    lines = some_lines(40, 3).assign(Qty=-1.0)

    table = build_features(dataset_of(to_backend(pa.Table.from_pandas(lines), backend)))

    assert (table.column("invoices") == 0).all()
    assert_equal_tables(build_features(dataset_of(lines)), table)


def test_missing_values_of_a_table_of_customers_are_the_same_in_every_library(dataset_of, backend):
    rows = pa.table(
        {
            "id": ["c", "a", "b", "d"],
            "age": pa.array([None, 30.0, 20.0, 50.0]),
            "plan": ["x", None, "y", ""],
            "n": [1.0, 2.0, 2.0, 3.0],
            "gone": pa.array([None] * 4, pa.float64()),
        }
    )
    roles = {"customer": "id"}

    table = build_features(dataset_of(to_backend(rows, backend), roles, "customers"))

    assert_equal_tables(build_features(dataset_of(to_backend(rows, "pandas"), roles, "customers")), table)
    np.testing.assert_array_equal(table.column("age"), [30, 20, 30, 50])
    np.testing.assert_array_equal(table.column("plan=(missing)"), [1, 0, 0, 1])


def test_every_library_gives_the_same_features_of_ratings(dataset_of, backend):
    roles = {"customer": "User", "item": "Film", "rating": "Stars", "time": "When", "category": "Genre"}
    draw = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "User": draw.integers(0, 20, 300).astype(str),
            "Film": draw.integers(0, 40, 300).astype(str),
            "Stars": draw.integers(1, 11, 300) / 2,
            "When": np.datetime64("1969-12-30", "us") + draw.integers(0, 9_000, 300).astype("timedelta64[m]"),
            "Genre": np.array([*"abcdefghijklm", None], dtype=object)[draw.integers(0, 14, 300)],
        }
    )

    table = build_features(dataset_of(to_backend(pa.Table.from_pandas(rows), backend), roles, "ratings"))

    assert_equal_tables(build_features(dataset_of(rows, roles, "ratings")), table)
    by = rows.groupby("User")
    np.testing.assert_allclose(table.column("rating_spread"), by["Stars"].std(ddof=0), atol=1e-12)
    np.testing.assert_allclose(table.column("mean_rating"), by["Stars"].mean(), atol=1e-12)
    np.testing.assert_array_equal(table.column("active_days"), rows["When"].dt.date.groupby(rows["User"]).nunique())
    np.testing.assert_array_equal(table.column("distinct_items"), by["Film"].nunique())
    np.testing.assert_allclose(table.column("share_top"), (rows["Stars"] >= 4.1).groupby(rows["User"]).mean())


def test_an_unknown_library_is_refused():
    with pytest.raises(ParameterError, match="pandas, polars, modin"):
        to_backend(pd.DataFrame(), "spark")


def test_pandas_frames_are_taken_by_every_library(some_lines, dataset_of, backend):
    lines = some_lines(50, 5)

    assert_equal_tables(build_features(dataset_of(lines)), build_features(dataset_of(to_backend(lines, backend))))


@pytest.mark.skipif(
    "SEGCORE_DATA_DIR" not in os.environ, reason="SEGCORE_DATA_DIR is not set: it names a folder with Online Retail's files"
)
def test_online_retail_is_one_table_from_every_library_and_file(data_dir, backend):
    reference = build_features(read_source(DataRequest(str(data_dir / "online_retail.parquet"))))

    table = build_features(read_source(DataRequest(str(data_dir / "OnlineRetail.csv.gz"), frames=backend)))

    assert_equal_tables(reference, table)
    assert table.values.shape == (4_372, 60)
    assert np.isfinite(table.values).all()


HOSTILE = {
    "customer": 'Client "a.b`; drop',
    "order": "Ticket.{{ no }}",
    "time": "At -- *",
    "item": "Code[1]",
    "quantity": "Qty?",
    "price": "Unit'",
    "category": "Gro\nup",
    "discount": "row",
}


@pytest.fixture
def parts(tmp_path, some_lines):
    """Return a folder with four Parquet files of lines: every trap, names with a meaning elsewhere, columns that describe customers."""
    lines = some_lines(700, 45)
    plain = {"Client": "customer", "Ticket": "order", "At": "time", "Code": "item", "Qty": "quantity", "Unit": "price"}
    plain |= {"Group": "category", "Off": "discount"}
    lines = lines.rename(columns={name: HOSTILE[role] for name, role in plain.items()})
    customer, time = lines[HOSTILE["customer"]], HOSTILE["time"]
    lines["stage"] = np.where(customer.str.len() > 1, "old", "young")
    lines["channel"] = np.where(lines[HOSTILE["order"]].str.len() > 3, "web", " shop ")
    lines.loc[3, HOSTILE["customer"]] = None
    lines.loc[[9, 500], HOSTILE["price"]] = -1.0
    lines.loc[[640, 641], time] = pd.Timestamp("1969-12-31 23:59:59.000001")
    lines.loc[699] = lines.loc[0]  # an exact repeat, in another part
    lines.loc[[20, 600], HOSTILE["customer"]] = " O'Neil\u200b 💶; --\\N"
    lines.loc[[21, 601], HOSTILE["category"]] = "🎁 {{ x }} 'or' 1=1"
    lines.loc[[22, 602], HOSTILE["quantity"]] = 5_000.0
    (tmp_path / "lines").mkdir()
    for part, (first, end) in enumerate(((0, 40), (40, 41), (41, 600), (600, 700))):
        lines.iloc[first:end].to_parquet(tmp_path / "lines" / f"{part}.parquet", index=False)
    return tmp_path / "lines"


def known(intake):
    """Return what an intake says, but for the names of stored tables whose last bits may differ."""
    return {name: value for name, value in intake.to_json().items() if name not in ("table", "total_revenue")}


@pytest.fixture(params=LAZY)
def lazy(request, monkeypatch):
    """Return the name of a library that need not hold all rows, which gets 60 of them at a time."""
    if request.param == "spark":
        request.getfixturevalue("spark")
    monkeypatch.setattr(row_parts, "ROWS_A_PART", 60)
    return request.param


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rows": RowRules(duplicates="aside", cancelled="aside")},
        {"where": ('"Unit\'" > 2', "\"stage\" = 'old'"), "date_to": "2023-09-01"},
        {"missions": 2},
        {"roles": {**HOSTILE, "order": "", "item": "", "category": ""}},
    ],
    ids=["all roles", "rows set aside", "filters", "missions", "fewer roles"],
)
def test_rows_that_are_read_piece_by_piece_are_those_read_at_once(tmp_path, parts, lazy, options):
    request = DataRequest(str(parts), **{"kind": "transactions", "roles": HOSTILE, **options})
    stores = [Store(tmp_path / name) for name in ("whole", "pieces")]
    whole, pieces = (take_in(store, asked) for store, asked in zip(stores, (request, replace(request, frames=lazy)), strict=True))

    assert known(pieces) == known(whole)
    tables = [_with_purchases(store, taken.table) for store, taken in zip(stores, (whole, pieces), strict=True)]
    assert_equal_tables(*tables)
    assert {"stage"} <= tables[1].profile.keys() or "where" in options
    assert not any((tmp_path / "pieces" / "tmp").iterdir())


def _with_purchases(store, name):
    bought = {what: store.purchases(name, what) for what in store.purchased(name)}
    return replace(store.feature_table(name), purchases=bought)


@pytest.mark.parametrize(
    ("name", "values"),
    [("time", lambda lines: lines[HOSTILE["time"]].dt.strftime("%d.%m.%Y %H:%M")), ("order", lambda lines: lines[HOSTILE["order"]] + ".0")],
    ids=["dates as text", "ids that end in .0"],
)
def test_what_all_rows_decide_is_read_at_once(tmp_path, parts, monkeypatch, name, values):
    monkeypatch.setattr(row_parts, "ROWS_A_PART", 60)
    lines = pd.read_parquet(parts)
    lines[HOSTILE[name]] = values(lines)
    lines.to_parquet(tmp_path / "text.parquet", index=False)
    request = DataRequest(str(tmp_path / "text.parquet"), kind="transactions", roles=HOSTILE, rows=RowRules(date_order="dmy"))
    whole, duckdb = (take_in(Store(tmp_path / frames), replace(request, frames=frames)) for frames in ("pandas", "duckdb"))

    assert "row.read_whole" in {note.code for note in duckdb.notes}
    assert [note for note in duckdb.notes if note.code != "row.read_whole"] == list(whole.notes)
    assert duckdb.data == whole.data


def test_online_retail_in_pieces_is_online_retail(data_dir, tmp_path, lazy, monkeypatch):
    monkeypatch.setattr(row_parts, "ROWS_A_PART", 200_000)
    request = DataRequest(str(data_dir / "online_retail.parquet"))
    stores = [Store(tmp_path / name) for name in ("whole", "pieces")]
    whole, pieces = (take_in(store, asked) for store, asked in zip(stores, (request, replace(request, frames=lazy)), strict=True))

    assert known(pieces) == known(whole)
    assert_equal_tables(*(_with_purchases(store, taken.table) for store, taken in zip(stores, (whole, pieces), strict=True)))


@pytest.mark.skipif(
    "SEGCORE_DATA_DIR" not in os.environ, reason="SEGCORE_DATA_DIR is not set: it names a folder with Online Retail's files"
)
def test_duckdb_gives_the_same_bits_each_time(data_dir, tmp_path):
    request = DataRequest(str(data_dir / "online_retail.parquet"), frames="duckdb", roles={"category": "Country"})
    stores = [Store(tmp_path / name) for name in "ab"]
    first, second = (store.feature_table(take_in(store, request).table).values for store in stores)
    assert np.array_equal(first, second)


def test_later_rows_in_pieces_are_scored_and_followed_as_at_once(home, parts, lazy):
    store = Store(home)
    request = DataRequest(str(parts), kind="transactions", roles=HOSTILE)
    earlier = take_in(store, replace(request, date_to="2023-04-30"))
    names = feature_names(store.feature_table(earlier.table), "value", "transactions")
    points = [{"n_clusters": 3, "tol": 1e-4}]
    spec = make_spec(store, earlier.table, earlier.data, Plan(names), algorithm="kmeans", points=points)
    run_sweep(store, store.add_sweep(spec))

    def of_later(frames):
        with read_like_trained(store, spec.data, replace(request, frames=frames)) as dataset:
            assert isinstance(dataset.frame, tuple) == (frames != "pandas")
            last = latest_time(dataset).isoformat()
            scored = score(store, spec.id, 0, dataset, as_of=last)
            table, _ = features_like(store, spec.id, dataset, as_of=last)
            found = compare_later(store, spec.id, 0, dataset)
        return dataset, scored, table, found

    (dataset, scored, table, found), (by_piece, scored_too, table_too, found_too) = of_later("pandas"), of_later(lazy)

    assert (by_piece.fingerprint, by_piece.notes, by_piece.rows_used) == (dataset.fingerprint, dataset.notes, dataset.rows_used)
    assert len(set(scored.labels.tolist())) == 3
    assert (list(scored_too.customers), list(scored_too.labels)) == (list(scored.customers), list(scored.labels))
    assert scored_too.notes == scored.notes
    assert_equal_tables(table_too, table)
    assert found.rows_differ == found_too.rows_differ == 0 and found.periods == found_too.periods
    assert "time" in found.customers.cause or "behaviour" in found.customers.cause
    for side in ("ids", "status", "then", "now", "cause"):
        assert list(getattr(found_too.customers, side)) == list(getattr(found.customers, side)), side
    assert list(store.temporary.iterdir()) == []


def test_files_of_customers_without_any_of_the_rows_add_nothing(home, parts, lazy):
    request = DataRequest(str(parts), kind="transactions", roles=HOSTILE)
    first, _ = time_span(read_source(request))
    end = first + pd.Timedelta(days=4)

    def early(frames):
        with rows_from_child(home, replace(request, frames=frames)) as dataset:
            return build_features(rows_until(dataset, end.to_pydatetime()))

    whole, pieces = early("pandas"), early(lazy)

    assert 0 < len(whole) < 8, "each file has one of the customers"
    assert_equal_tables(pieces, whole)
