"""Explained variance of components, and inertia in two spaces."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans

from segcore.features.planning.defaults import DEFAULT
from segcore.features.taste.overview import ComponentRow, component_rows
from segcore.intake.take_in import take_in
from segcore.plots.explained_variance import describe_explained_variance, draw_explained_variance
from segcore.plots.inertia_shares import (
    CAUTION,
    describe_inertia_shares,
    draw_inertia_shares,
    inertia_share_curve,
    missing_space,
    other_space,
)
from segcore.records.intake import DataRequest
from segcore.records.taste import Taste
from segcore.store.store import Store
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec


def row(number, ratio, cumulative, chance=None):
    return ComponentRow(f"component_{number}", number, ratio, cumulative, chance, None, ("a<b", "c"), ())


def test_the_bars_are_the_components_and_the_line_their_sum():
    rows = (row(1, 0.5, 0.5, 0.1), row(2, 0.2, 0.7, 0.08))

    bars, line, chance = draw_explained_variance(rows).data

    assert (list(bars.y), list(line.y), list(chance.y)) == ([0.5, 0.2], [0.5, 0.7], [0.1, 0.08])
    assert bars.customdata[0] == "a&lt;b; c"
    assert describe_explained_variance(rows).startswith(
        "The first component explains 50 % of the variance, the last 20 %; the 2 components together 70 %. By chance, component 2 would "
        "explain 8 %."
    )


def test_without_parallel_analysis_there_is_no_line_of_chance_and_without_ratios_no_figure():
    assert len(draw_explained_variance((row(1, 0.5, 0.5),)).data) == 2
    nmf = (ComponentRow("component_1", 1, None, None, None, 0.9, ("a",), ()),)
    assert draw_explained_variance(nmf) is None and describe_explained_variance(nmf) == ""


@pytest.fixture
def swept(home, tmp_path):
    """Return a store and a function that sweeps ratings in one space; 2 and 4 segments."""
    draw = np.random.default_rng(0)
    pairs = [(who, what) for who in range(50) for what in range(12) if draw.random() < 0.6]
    frame = pd.DataFrame([(f"u{who:02d}", f"i{what:02d}", 1 + (who * what) % 5) for who, what in pairs], columns=["user", "item", "rating"])
    frame.to_csv(tmp_path / "r.csv", index=False)
    store = Store(home)

    def sweep(**options):
        taste = Taste(**options) if options else None
        taken = take_in(store, DataRequest(str(tmp_path / "r.csv"), kind="ratings", taste=taste))
        plan = DEFAULT.plan(store.feature_table(taken.table), "ratings", scaler="none")
        points = [{"n_clusters": k, "tol": 1e-4, "n_init": 10} for k in (2, 4)]
        spec = make_spec(store, taken.table, taken.data, plan, algorithm="kmeans", points=points)
        store.add_sweep(spec)
        run_sweep(store, spec.id)
        return store.sweep(spec.id)

    return store, sweep


def test_components_and_items_find_each_other_and_other_features_neither(swept):
    store, sweep = swept
    plain, components, raw = sweep(), sweep(n=2), sweep(components="raw")

    assert (other_space(store, components), other_space(store, raw)) == (raw.id, components.id)
    assert other_space(store, plain) is None
    assert [missing_space(one) for one in (components, raw, plain)] == ["items", "components", None]


def test_shares_begin_at_one_and_are_those_of_scikit_learn(swept):
    store, sweep = swept
    raw = sweep(components="raw", matrix="zero")
    table = store.feature_table(raw.spec.table)
    X = table.select(raw.spec.plan.features).values

    curve = inertia_share_curve(store, raw)

    inertias = [KMeans(k, n_init=10, random_state=0).fit(X).inertia_ for k in (1, 2, 4)]
    assert (curve.name, curve.k) == ("12 items as features", (1, 2, 4))
    np.testing.assert_allclose(curve.shares, np.array(inertias) / inertias[0], rtol=1e-9)
    assert curve.shares[0] == 1


def test_the_figure_says_what_it_cannot(swept):
    store, sweep = swept
    curves = [inertia_share_curve(store, found) for found in (sweep(n=2), sweep(components="raw"))]

    figure = draw_inertia_shares(curves)

    assert [trace.name for trace in figure.data] == ["2 components, PCA, centred", "12 items as features"]
    words = describe_inertia_shares(curves)
    assert words.startswith("Inertia falls: on 2 components, PCA, centred, to ") and words.endswith(f"% with 4 segments. {CAUTION}")


def test_component_rows_need_components(swept):
    store, sweep = swept

    assert component_rows(store, sweep().spec.table) == component_rows(store, sweep(components="raw").spec.table) == ()
    assert [found.cumulative for found in component_rows(store, sweep(n=2).spec.table)][1] > 0
