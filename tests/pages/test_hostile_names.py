"""What figures say of hostile names, also where the mouse has to be for it to appear; see tests/browser for everything else."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from segcore.clustering.algorithms.registry import algorithm
from segcore.features.planning.sets import feature_names
from segcore.intake.take_in import take_in
from segcore.jobs.tasks.following_over_time import over_time_by_job
from segcore.records.grid import point_key
from segcore.records.intake import DataRequest
from segcore.records.plan import Plan
from segcore.sweeps.spec import make_spec
from segcore.wording.markdown import escape
from segcore.wording.quotes import visible
from tests.hostile_names import NAMES, write_customers, write_orders

MEANT = re.compile(r"<br>|</?[bi]>|<extra></extra>")


@pytest.fixture
def named_sweep(store, finish, tmp_path):
    """Return a sweep of a table of customers whose columns, categories, ids and segments are the corpus."""
    write_customers(tmp_path / "customers.csv", n_customers=90)
    request = DataRequest(data=str(tmp_path / "customers.csv"), name=NAMES[2])
    taken = take_in(store, request)
    store.put_intake("app:latest-request", request.to_json())
    names = feature_names(store.feature_table(taken.table), "all", taken.kind)[:24]
    points = algorithm("kmeans").parse_grid(["n_clusters=2,3", "n_init=1"]).points()
    spec = make_spec(store, taken.table, taken.data, Plan(names), algorithm="kmeans", points=points)
    for label in range(3):
        store.name_segment(spec.id, point_key(spec.points[1]), label, NAMES[label + 3])
    return finish(spec)


def texts_of(part):
    if isinstance(part, dict):
        return [text for value in part.values() for text in texts_of(value)]
    if isinstance(part, list):
        return [text for value in part for text in texts_of(value)]
    return [part] if isinstance(part, str) else []


@pytest.mark.parametrize("page", ["features", "explore", "segments", "compare"])
def test_no_figure_draws_or_says_a_name_as_markup(named_sweep, open_app, page):
    app = open_app(page, sweep=named_sweep.id, point="n_clusters=3,n_init=1")
    assert not app.exception
    texts = [text for chart in app.get("plotly_chart") for text in texts_of(json.loads(chart.proto.spec))]
    wrong = re.compile(r"<|&(?!lt;|amp;|#36;)|\$")
    assert [text for text in texts if wrong.search(MEANT.sub("", text)) or not text.isprintable()] == []
    assert any(visible(NAMES[3])[:20].replace("<", "&lt;") in text for text in texts) or page in ("features", "explore")


def test_the_reason_why_rows_are_set_aside_names_their_column_as_text(store, open_app, tmp_path):
    write_orders(tmp_path / "orders.csv", n_customers=60)
    request = DataRequest(data=str(tmp_path / "orders.csv"), name="orders.csv")
    take_in(store, request)
    store.put_intake("app:latest-request", request.to_json())
    app = open_app("features")
    assert not app.exception
    [said] = [text.value for text in app.markdown if " set aside (" in text.value]
    assert f"({escape(f'without {NAMES[23]}')})" in said


@pytest.mark.parametrize("page", ["features", "sweep", "segments"])
def test_a_long_name_is_shortened_in_sentences(store, finish, open_app, tmp_path, page):
    long = "long " * 400
    draw = np.random.default_rng(0)
    kind = np.arange(60) % 3
    columns = {
        "id": [f"c{row}" for row in range(60)],
        long: kind * 30 + draw.normal(size=60),
        f"{long}2": kind * -20 + draw.normal(size=60),
    }
    pd.DataFrame({**columns, f"yes {long}": np.array(["no", "yes", "no"])[kind]}).to_csv(tmp_path / "customers.csv", index=False)
    request = DataRequest(data=str(tmp_path / "customers.csv"), name="customers.csv")
    taken = take_in(store, request)
    store.put_intake("app:latest-request", request.to_json())
    points = algorithm("kmeans").parse_grid(["n_clusters=2,3", "n_init=1"]).points()
    plan = Plan(feature_names(store.feature_table(taken.table), "all", taken.kind))
    sweep = finish(make_spec(store, taken.table, taken.data, plan, algorithm="kmeans", points=points))
    app = open_app(page, sweep=sweep.id, point="n_clusters=3,n_init=1")
    assert not app.exception
    said = [text.value for text in app.caption if "long long" in text.value]
    assert said and [text for text in said if len(text) > 1_000 or "long " * 30 in text] == []


def test_segments_over_time_draw_and_say_no_name_as_markup(named_sweep, open_app, store, tmp_path):
    write_customers(tmp_path / "later.csv", n_customers=80)
    request = DataRequest(str(tmp_path / "later.csv"), name=NAMES[5])
    found = over_time_by_job(store, named_sweep.id, 1, request)
    assert found.customers.in_both.sum() == 80
    test_no_figure_draws_or_says_a_name_as_markup(named_sweep, open_app, "over_time")
