"""Drivers on Segments: found by a job that survives a refresh, drawn after their accuracy, and one sentence where there are none."""

import json

import numpy as np
import pytest

from segcore import jobs
from segcore.jobs.tasks.finding_drivers import job_of, start_drivers
from segcore.segments.drivers.stored import drivers_key, drivers_of, known_drivers
from segcore.wording.markdown import escape

BUTTON = "segments.drivers"


def keys(app):
    return {button.key for button in app.button}


def figures(app):
    return {
        part
        for chart in app.get("plotly_chart")
        for part in ("importance", "beeswarm", "force", "forces")
        if f"figure.{part}." in chart.proto.id
    }


def opened(open_app, sweep, point="n_clusters=3"):
    return open_app("segments", sweep=sweep.id, point=point)


def test_drivers_are_found_at_a_click_by_a_job_and_drawn_with_the_answer_first(finished_sweep, open_app, store, words):
    app = opened(open_app, finished_sweep)
    assert not app.exception and BUTTON in keys(app) and not figures(app)
    app.button(key=BUTTON).click().run()
    job_id = job_of(finished_sweep.id, 1)
    assert jobs.wait(store, job_id, timeout=60).state == "done"
    app.run()

    assert not app.exception and not app.error and BUTTON not in keys(app)
    found = known_drivers(store, finished_sweep.id, 1)
    assert found.summary() in words(app) and "drivers say which rule the clustering follows" in words(app)
    assert figures(app) == {"importance", "beeswarm", "force", "forces"}
    label = app.selectbox(key="segments.picked").value
    assert any(f"of “{app.text_input[0].placeholder}”" in box.value for box in app.success), "the segment that is shown above"
    assert found.find(label).problem is None
    table = next(frame.value for frame in app.dataframe if "Of it recognised" in frame.value)
    assert table["Customers"].sum() == 45


def test_another_segment_and_another_customer_are_explained(finished_sweep, open_app, store, words):
    found = drivers_of(store, finished_sweep.id, 1)
    app = opened(open_app, finished_sweep)
    box = next(box for box in app.selectbox if box.label == "Segment to explain")
    other = next(one.label for one in found.segments if one.label != box.value)
    box.set_value(other).run()
    assert not app.exception
    field = next(field for field in app.text_input if field.label == "Customer id")
    assert field.value == found.typical(other) and found.labels[found.customers == field.value] == other
    outside = str(found.customers[found.labels != other][0])
    field.set_value(outside).run()
    assert not app.exception and f"Customer {outside}: log-odds" in words(app) and "This customer is not in" in words(app)
    next(field for field in app.text_input if field.label == "Customer id").set_value("<b>nobody</b>").run()
    assert not app.exception
    assert app.error[0].value.startswith(escape("Customer '<b>nobody</b>' is not among the 45 explained"))


def test_a_job_at_work_is_shown_with_cancel_after_a_refresh_and_its_end_is_said(finished_sweep, open_app, store, words, nothing_starts):
    job_id = start_drivers(store, finished_sweep.id, 1)
    app = opened(open_app, finished_sweep)
    assert {f"drivers.cancel.{job_id}", f"sidebar.cancel.{job_id}"} <= keys(app) and BUTTON not in keys(app)
    assert "Drivers of 3 segments of orders.csv" in words(app) and "You can leave this page meanwhile." in words(app)
    other = opened(open_app, finished_sweep, "n_clusters=2")
    assert BUTTON in keys(other) and f"drivers.cancel.{job_id}" not in keys(other)

    store.update_job(job_id, state="cancelled")
    app = opened(open_app, finished_sweep)
    assert "Finding the drivers was cancelled." in words(app) and BUTTON in keys(app)
    store.update_job(job_id, state="failed", message="The disk is full: free some space.")
    app = opened(open_app, finished_sweep)
    assert [error.value for error in app.error] == ["The disk is full: free some space."] and BUTTON in keys(app)


def test_a_segment_that_is_not_predicted_is_said_so_and_not_explained(finished_sweep, open_app, store, words):
    labelled = store.solution(finished_sweep.id, 1)
    shuffled = np.random.default_rng(0).permutation(labelled.labels)
    row = store._one("select record from points where sweep = ? and position = 1", finished_sweep.id)
    record = json.loads(row[0])
    record["labels"] = store.put_array(shuffled)
    record.pop("sha256")  # as in records of earlier versions, which are read as they are
    with store._write() as index:
        index.execute("update points set record = ? where sweep = ? and position = 1", (json.dumps(record), finished_sweep.id))
    found = drivers_of(store, finished_sweep.id, 1)
    assert all(one.problem.code == "drivers.not_predicted" for one in found.segments)
    app = opened(open_app, finished_sweep)
    assert not app.exception
    assert "The features predict 0 of 3 segments" in words(app) and not figures(app)
    assert any("do not predict who is in this segment" in warning.value for warning in app.warning)


@pytest.mark.parametrize(("name"), ["<b>x</b>", "$a$ [b](http://c) *d*", "=cmd()"])
def test_names_may_hold_anything(finished_sweep, open_app, store, name):
    drivers_of(store, finished_sweep.id, 1)
    app = opened(open_app, finished_sweep)
    next(field for field in app.text_input if field.label == "Name").set_value(name).run()
    assert not app.exception
    specs = [
        chart.proto.spec for chart in app.get("plotly_chart") if "figure.beeswarm" in chart.proto.id or "figure.force" in chart.proto.id
    ]
    assert specs and not any("<b>x</b>" in spec for spec in specs)


def test_one_segment_is_one_clear_sentence_and_no_button(spec_of, finish, open_app, words):
    sweep = finish(spec_of(algo="dbscan", axes=("min_samples=2", "eps=50")))
    assert sweep.solutions[0].n_segments == 1 and not sweep.solutions[0].n_noise
    app = open_app("segments", sweep=sweep.id)
    assert not app.exception and "All customers are in one segment, so nothing sets it apart" in words(app)
    assert BUTTON not in keys(app)


def test_two_features_are_explained_with_one_clear_sentence(spec_of, finish, open_app, store, words):
    sweep = finish(spec_of(axes=("n_clusters=3", "tol=0.0001", "n_init=3"), features=("Recency", "Amount")))
    drivers_of(store, sweep.id, 0)
    app = open_app("segments", sweep=sweep.id)
    assert not app.exception and "Only 2 features were clustered, so nothing else can be a driver." in words(app)


def test_drivers_are_found_once(finished_sweep, store, monkeypatch):
    first = drivers_of(store, finished_sweep.id, 1)
    monkeypatch.setattr("segcore.segments.drivers.stored.find_drivers", None)
    again = drivers_of(store, finished_sweep.id, 1)
    assert store.intake(drivers_key(finished_sweep.id, 1)) is not None
    for one, other in zip(first.segments, again.segments, strict=True):
        np.testing.assert_array_equal(one.contributions.values, other.contributions.values)
        assert (one.auc, one.accuracy, one.customers) == (other.auc, other.accuracy, other.customers)
    assert (first.features, first.notes, first.n_customers) == (again.features, again.notes, again.n_customers)
    np.testing.assert_array_equal(first.customers, again.customers)
