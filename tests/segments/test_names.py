import json
import sqlite3

import numpy as np
import pytest

from segcore.errors import StoreError
from segcore.records.plan import Plan
from segcore.records.solution import Solution
from segcore.segments.names import known_names
from segcore.store.store import Store
from segcore.sweeps.spec import make_spec
from tests.generated import generate


@pytest.fixture
def named(home):
    """Return a function that stores a sweep of some labellings, names segments of it, and returns the known names of one solution."""

    def make(labellings, names, position):
        store, data = Store(home), generate("banana", 0)
        points = [{"n_clusters": 2 + at, "tol": 0.1} for at in range(len(labellings))]
        table = store.put_feature_table(data.feature_table())
        spec = make_spec(store, table, {"name": "x", "kind": "customers"}, Plan(data.names), algorithm="kmeans", points=points)
        store.add_sweep(spec)
        for at, labels in enumerate(labellings):
            labels = np.asarray(labels, dtype=np.int32)
            sizes = tuple(int(size) for size in np.bincount(labels[labels >= 0]))
            noise = int((labels < 0).sum())
            solution = Solution(
                points[at], "ok", "stock", "x", 0, labels=labels, sizes=sizes, n_noise=noise, segments=tuple(range(len(sizes)))
            )
            store.put_solution(spec.id, at, solution)
        for at, segment, name in names:
            store.name_segment(spec.id, f"n_clusters={2 + at},tol=0.1", segment, name)
        return known_names(store, store.sweep(spec.id), position)

    return make


def test_a_name_follows_the_same_customers_and_says_from_where(named):
    first, second = np.repeat([0, 1, 2], [60, 40, 20]), np.repeat([2, 0, 1], [60, 40, 20])
    second[:10] = 0
    found = named([first, second], [(0, 0, "Regulars"), (0, 2, "New")], 1)
    assert found.names == {2: "Regulars", 1: "New"}
    assert {label: carried.position for label, carried in found.carried.items()} == {2: 0, 1: 0}
    assert found.carried[2].jaccard == pytest.approx(50 / 60) and found.carried[1].jaccard == 1


@pytest.mark.parametrize("lost", ["own labels", "labels of the solution with the names", "features"])
def test_names_are_not_made_up_where_what_they_come_from_is_damaged(lost, named, home):
    labels, others = np.repeat([0, 1], 50), np.repeat([1, 0], 50)
    assert named([labels, others], [(0, 0, "Regulars")], 1).names[1] == "Regulars"
    store = Store(home)
    [sweep] = map(store.sweep, store.sweep_ids())
    if lost == "features":
        path = store.object_path(store.json(sweep.spec.table)["values"])
    else:
        position = 1 if lost == "own labels" else 0
        path = store.object_path(json.loads(store._one("select record from points where position = ?", position)[0])["labels"])
    path.unlink()
    with pytest.raises(StoreError, match="missing or damaged"):
        known_names(store, sweep, 1)


def test_names_of_a_solution_that_is_not_finished_are_those_that_were_given(named, home):
    labels = np.repeat([0, 1], 50)
    named([labels, labels], [(0, 0, "Old"), (1, 1, "Own")], 1)
    store = Store(home)
    with sqlite3.connect(home / "index.db") as index:
        index.execute("delete from points where position = 1")
    [sweep] = map(store.sweep, store.sweep_ids())
    assert known_names(store, sweep, 1).names == {1: "Own"}
    assert known_names(store, sweep, 0).names[0] == "Old"


def test_own_names_come_first(named):
    labels = np.repeat([0, 1], 50)
    assert named([labels, labels], [(0, 0, "Old"), (1, 0, "New")], 1).names == {0: "New"}


def test_no_name_is_used_twice(named):
    labels = np.repeat([0, 1], 50)
    assert named([labels, labels], [(0, 0, "Same"), (1, 1, "Same")], 1).names == {1: "Same"}


def test_half_of_the_customers_are_not_the_same_segment(named):
    first = np.repeat([0, 1], 60)
    assert named([first, np.repeat([0, 1, 2, 3], 30)], [(0, 0, "A"), (0, 1, "B")], 1).names == {}


def test_noise_has_no_name(named):
    first = np.repeat([0, 1], 60)
    assert named([first, np.where(first == 0, -1, 0)], [(0, 0, "A")], 1).names == {}


def test_the_nearest_of_several_solutions_gives_the_name(named):
    base = np.repeat([0, 1], 60)
    near, far = base.copy(), base.copy()
    near[:2], far[:20] = 1, 1
    found = named([far, near, base], [(0, 0, "Far"), (1, 0, "Near")], 2)
    assert found.names == {0: "Near"} and found.carried[0].position == 1
