"""What the screens say of a damaged store, and the button that repairs a sweep."""

import json
import sqlite3

import pytest

from segcore import jobs

SCREENS = ("home", "data", "features", "sweep", "explore", "segments", "compare", "over_time", "export", "targets", "benchmark")


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def flip_labels(store, sweep_id):
    for (record,) in store._rows("select record from points where sweep = ?", sweep_id):
        flip(store.object_path(json.loads(record)["labels"]))


def put(statement, value):
    def damage(store, sweep_id):
        with sqlite3.connect(store.home / "index.db") as index:
            index.execute(statement, (value,))

    return damage


# What is done to the store, and what is lost by it.
DAMAGES = {
    "labels": (flip_labels, "The labels of the solution n\\_clusters="),
    "solution": (put("update points set record = ?", "{"), "The solution n\\_clusters="),
    "summary": (put("update sweeps set summary = ?", '{"a":1}'), "The summary of sweep"),
    "preparation": (put("update sweeps set preparation = ?", "[]"), "The scaling that sweep"),
}


@pytest.mark.parametrize("lost", DAMAGES)
def test_a_damaged_sweep_is_told_on_each_screen_that_shows_it_and_repaired_by_the_button(lost, finished_sweep, store, open_app):
    damage, told = DAMAGES[lost]
    damage(store, finished_sweep.id)
    noticed = {}
    for name in SCREENS:
        app = open_app(name, sweep=finished_sweep.id)
        errors = [error.value for error in app.error]
        assert not app.exception and len(errors) <= 1, name
        assert all(told in error and "press “Repair this sweep” below" in error for error in errors), (name, errors)
        if errors:
            noticed[name] = app
    assert noticed.keys() >= {"segments"}
    next(button for button in noticed["segments"].button if button.label == "Repair this sweep").click()
    noticed["segments"].run()

    assert jobs.wait(store, finished_sweep.id, timeout=60).state == "done"
    repaired = open_app("segments", sweep=finished_sweep.id)
    assert [error.value for error in repaired.error] == []


def test_data_whose_table_is_damaged_are_loaded_again_by_the_button(finished_sweep, store, open_app):
    flip(store.object_path(store.json(finished_sweep.spec.table)["values"]))
    app = open_app("explore", sweep=finished_sweep.id)
    assert not app.exception
    assert all("missing or damaged" in error.value for error in app.error)
    store.check_feature_table(finished_sweep.spec.table)  # a new session loads the data, and with them the table


def test_a_sweep_whose_settings_are_damaged_can_be_run_again(finished_sweep, store, open_app):
    put("update sweeps set spec = ?", "{}")(store, finished_sweep.id)
    for name, link in (
        *((name, {}) for name in SCREENS),
        ("explore", {"sweep": finished_sweep.id}),
        ("sweep", {"sweep": finished_sweep.id}),
    ):
        app = open_app(name, **link)
        assert not app.exception, name
        assert all("was asked to do is missing or damaged" in error.value for error in app.error), (name, [e.value for e in app.error])


@pytest.mark.parametrize(
    "statement",
    ["update points set record = '{' where sweep = ?", "update sweeps set summary = '{' where id = ?"],
    ids=["solution", "summary"],
)
def test_a_damaged_sweep_is_not_offered_beside_the_map_of_another(statement, finished_sweep, finish, spec_of, store, open_app):
    other = finish(spec_of(axes=("n_clusters=2,5", "tol=0.0001", "n_init=3")))
    put(statement, other.id)(store, other.id)
    app = open_app("segments", sweep=finished_sweep.id)
    app.button(key="segments.map").click().run()
    assert not app.exception and not app.error
    offered = next(list_ for list_ in app.selectbox if list_.label.startswith("Beside it"))
    assert len(offered.options) == len(finished_sweep.solutions)  # "none", and the others of the same sweep
