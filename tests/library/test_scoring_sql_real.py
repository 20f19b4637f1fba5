"""SQL that scores, on real data: DuckDB gives the labels of the fit, and of ``score``."""

import duckdb
import numpy as np
import pandas as pd
import pytest

import segcore
from segcore.features.output import rows_for_file

MIXTURES = {"n_components": [4], "covariance_type": ["full", "tied", "diag", "spherical"], "n_init": [1]}


def check(data, features, algorithm, **grid):
    """Compare every solution of a sweep; return how many customers have another segment, of which none may be far from a tie."""
    sweep = data.plan(features).sweep(algorithm, evidence="none", **grid)
    connection = duckdb.connect()
    connection.register("customers", rows_for_file(data.table))
    others = 0
    for point in sweep.points:
        found = connection.execute(point.sql(what="scoring")).fetchdf().set_index("customer_id")["segment"]
        labels = point.labels
        assert found.notna().all() and set(found.index) >= set(labels.index)
        others += int((found.loc[labels.index].to_numpy() != labels.to_numpy()).sum())
    return others


@pytest.mark.slow  # sweeps of 45,000 customers
@pytest.mark.parametrize(
    ("name", "options", "features"),
    [
        ("online_retail.parquet", {}, "value"),
        ("online_retail.parquet", {}, "all"),
        ("complete-journey", {}, "value"),
        ("complete-journey", {}, "behaviour"),
        ("bank_marketing.csv", {"kind": "customers"}, "all"),
    ],
)
def test_labels_of_real_data_are_those_of_the_fit(request, name, options, features):
    path = name if name == "complete-journey" else str(request.getfixturevalue("data_dir") / name)
    data = segcore.load(path, **options)
    assert check(data, features, "kmeans", n_clusters=[3, 6], n_init=[1]) == 0
    assert check(data, features, "minibatch_kmeans", n_clusters=[5], n_init=[1]) == 0
    assert check(data, features, "gaussian_mixture", **MIXTURES) == 0


@pytest.mark.slow
def test_a_next_month_of_real_data_is_scored_as_score_does(data_dir, tmp_path):
    path = str(data_dir / "online_retail.parquet")
    sweep = segcore.load(path, date_to="2011-09-30").plan("value").sweep(n_clusters=[5], n_init=[1], evidence="none")
    point, dates = sweep.points[0], {"date_to": "2011-10-31", "as_of": "2011-10-31"}
    sweep.features(path, out=tmp_path / "october.parquet", **dates)
    scored = point.score(path, **dates).set_index("customer_id")["segment"]
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW customers AS FROM '{tmp_path / 'october.parquet'}'")
    found = connection.execute(point.sql(what="scoring")).fetchdf().set_index("customer_id")["segment"]
    pd.testing.assert_series_equal(found.reindex(scored.index).astype(np.int32), scored, check_names=False)
    assert len(scored) > len(point.labels)
