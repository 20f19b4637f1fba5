"""The chrome of every page: navigation, links, progress, errors."""

import os
import subprocess
import sys
import time

import pytest

from segcore import jobs
from segcore.errors import DataError
from segcore.jobs.locks import job_lock
from segcore.records.grid import point_key
from segcore.store.file_lock import take
from ui.shell import guard
from ui.shell.page import ROOT

PAGES = ("home", "data", "features", "sweep")


@pytest.mark.parametrize("name", PAGES)
def test_each_page_opens_by_its_own_address_as_the_first_of_a_session(open_app, small_intake, name):
    app = open_app(name)
    assert not app.exception
    assert [title.value for title in app.title] == [name.capitalize()]
    assert not app.error


def test_a_store_that_others_could_read_is_said_once(open_app, small_intake, store):
    store.home.chmod(0o755)
    type(store)(store.home)
    (toast,) = open_app("data").toast
    assert "Other users of this machine could read the store" in toast.value
    assert list(open_app("data").toast) == []


def test_the_first_open_loads_the_embedded_sample(open_app, words):
    app = open_app()
    assert not app.exception
    assert "The Complete Journey" in words(app)
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Customers"] == "2,469"
    assert shown["Rows used"] == "1,469,307"
    assert shown["Period"] == "1 Jan 2017 – 1 Jan 2018"
    assert shown["Net revenue"].replace(",", "").isdigit()
    assert app.button(key="home.next").label == "Set up a sweep"


def test_a_new_session_opens_what_was_loaded_last(open_app, small_intake, words):
    assert "orders.csv" in words(open_app())


def test_data_that_are_gone_are_said_in_one_sentence_with_the_way_on(open_app, store):
    store.put_intake("app:latest-request", {"data": "/nowhere/orders.csv"})
    app = open_app("sweep")
    assert not app.exception
    [error] = app.error
    assert "/nowhere/orders.csv" in error.value
    assert [link.label for link in app.get("page_link")] == ["Choose data"]


def test_a_users_error_is_one_sentence_and_a_bug_another(monkeypatch, caplog):
    said = []
    monkeypatch.setattr(guard.st, "error", lambda text, **options: said.append(text))
    monkeypatch.setattr(guard, "report_bug", report_bug)

    def wrong():
        raise DataError("Line 3 has no date: correct it.")

    def broken():
        raise KeyError("x")

    guard.guard(wrong, where="page")
    guard.guard(broken, where="page")
    assert said[0] == "Line 3 has no date: correct it."
    assert "fault in segcore" in said[1]
    assert "KeyError" in caplog.text


report_bug = guard.report_bug


def put_running(store, spec):
    """Make a job that looks as if a supervisor were at work on it; returns the lock to let go of."""
    store.add_sweep(spec)
    store.put_job(spec.id, kind="sweep", title="k-means on orders.csv", spec={}, total=len(spec.points), state="running")
    store.update_job(spec.id, started=time.time() - 10)
    return take(job_lock(store, spec.id))


@pytest.mark.parametrize("name", PAGES)
def test_what_runs_is_shown_on_every_page_and_in_every_session(open_app, store, spec_of, name):
    handle = put_running(store, spec_of())
    try:
        app = open_app(name)
        assert not app.exception
        bar = app.sidebar.get("progress")[0]
        assert bar.proto.text == "Sweep, 0 of 3 solutions"
        assert [button.label for button in app.sidebar.button] == ["Cancel"]
    finally:
        os.close(handle)


def test_progress_says_how_many_points_are_done_and_what_is_left(open_app, store, spec_of, finish, monkeypatch):
    spec = spec_of()
    finish(spec_of(axes=("n_clusters=2", "tol=0.0001", "n_init=3")))
    handle = put_running(store, spec)
    try:
        whole = store.solution(store.sweep_ids()[-1], 0)
        store.put_solution(spec.id, 0, whole)
        bar = open_app("features").sidebar.get("progress")[0]
        assert bar.proto.text.startswith("Sweep, 1 of 3 solutions, about ")
        assert bar.proto.text.endswith("s left")
        assert bar.proto.value == 33
    finally:
        os.close(handle)


def test_a_sweep_whose_supervisor_is_gone_can_be_resumed(open_app, store, spec_of):
    app = open_app()
    spec = spec_of()
    os.close(put_running(store, spec))
    app.run()
    assert app.sidebar.get("progress")[0].proto.text == "Sweep, 0 of 3 solutions, interrupted"
    [resume] = [button for button in app.sidebar.button if button.label == "Resume"]
    resume.click().run()
    job = jobs.wait(store, spec.id, timeout=120)
    assert job.state == "done"
    app.run()
    assert not app.sidebar.get("progress")


def test_a_server_that_starts_goes_on_with_what_was_interrupted(open_app, store, spec_of):
    spec = spec_of()
    os.close(put_running(store, spec))
    open_app()
    assert jobs.wait(store, spec.id, timeout=120).state == "done"


def test_cancel_in_the_sidebar_cancels(open_app, store, spec_of):
    spec = spec_of(axes=("n_clusters=2,3,4,5,6,7,8,9,10", "tol=0.0001", "n_init=1000"))
    jobs.start_sweep(store, spec)
    app = open_app("data")
    [cancel] = [button for button in app.sidebar.button if button.label == "Cancel"]
    cancel.click().run()
    assert jobs.wait(store, spec.id, timeout=10).state == "cancelled"
    assert not app.run().sidebar.get("progress")


def test_a_link_to_an_unknown_sweep_is_one_sentence(open_app, small_intake):
    app = open_app("sweep", sweep="feedfacefeedface")
    assert not app.exception
    [warning] = app.warning
    assert "feedfacefeedface" in warning.value and "not in this store" in warning.value


def test_a_link_opens_the_same_sweep_and_point_in_another_session(open_app, finished_sweep):
    key = point_key(finished_sweep.spec.points[2])
    app = open_app("sweep", sweep=finished_sweep.id[:16], point=key)
    assert not app.exception
    assert app.session_state["segcore.sweep"] == finished_sweep.id
    assert app.session_state[f"segcore.point.{finished_sweep.id}"] == 2


def test_the_server_imports_no_numerical_library_for_these_pages(home, small_intake, tmp_path):
    """In a process of its own: this one has scikit-learn from the fixtures."""
    script = """
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=120).run()
for name in ("data", "features", "sweep"):
    app.switch_page(f"pages/{name}.py").run()
    assert not app.exception, app.exception
    assert not app.error, [error.value for error in app.error]
    assert app.title[0].value == name.capitalize()
app.segmented_control(key="sweep.algorithm").set_value("dbscan").run()
assert not app.exception, app.exception
heavy = {"sklearn", "sklearnex", "modin", "ray", "numba"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "SEGCORE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
