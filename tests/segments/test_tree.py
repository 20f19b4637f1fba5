"""Explaining trees: planted boxes are found with one leaf each, and accuracy and cost equal independent values."""

import doctest

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs

import segcore
from segcore.errors import ParameterError
from segcore.segments.rules.condition import ColumnTitles, Condition
from segcore.segments.rules.search import halves
from segcore.segments.rules.tree import Branch, Leaf, explain_tree


def inertia(X, groups):
    return sum(((X[groups == group] - X[groups == group].mean(axis=0)) ** 2).sum() for group in np.unique(groups))


def test_boxes_get_one_leaf_each_and_cost_nothing():
    X = np.random.default_rng(0).random((4_000, 3)) * 100
    labels = np.where(X[:, 0] <= 40, 0, np.where(X[:, 2] <= 70, 1, 2))
    tree = explain_tree({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2]}, labels, X=X)
    assert [leaf.label for leaf in tree.leaves] in ([0, 1, 2], [1, 2, 0], [0, 2, 1], [2, 0, 1])
    assert tree.accuracy.value > 0.995
    assert tree.cost_ratio == pytest.approx(1, abs=0.02)
    assert {condition.feature for _, path in tree.paths() for condition in path} == {"a", "c"}


def test_accuracy_cost_and_precision_are_those_of_the_customers_who_were_not_searched():
    X, labels = make_blobs(3_000, 4, centers=5, cluster_std=2.5, random_state=3)
    frame = pd.DataFrame(X, columns=list("abcd"))
    tree = explain_tree(frame, labels, X=X, seed=7)
    _, rest = halves(labels, 7, most=10_000)
    assigned = tree.assign(frame)[rest]
    assert tree.accuracy.value == np.mean(assigned == labels[rest])
    assert tree.accuracy.sample_size == len(rest)
    assert tree.cost_ratio == pytest.approx(inertia(X[rest], assigned) / inertia(X[rest], labels[rest]))
    for leaf, path in tree.paths():
        here = np.logical_and.reduce([condition.meets(X[rest, "abcd".index(condition.feature)]) for condition in path])
        assert (leaf.customers, leaf.precision.value) == (here.sum(), np.mean(labels[rest][here] == leaf.label))


@pytest.mark.parametrize("seed", range(5))
def test_every_segment_has_a_leaf_and_there_are_at_most_twice_as_many(seed):
    X, _ = make_blobs(1_500, 5, centers=8, cluster_std=4, random_state=seed)
    labels = KMeans(8, n_init=1, random_state=seed).fit_predict(X)
    tree = explain_tree({str(at): X[:, at] for at in range(5)}, labels)
    assert {leaf.label for leaf in tree.leaves} == set(range(8))
    assert 8 <= len(tree.leaves) <= 16
    assert tree.cost_ratio >= 1  # k-means is at a minimum


def test_texts_flags_and_missing_values_are_asked_for_and_the_missing_go_with_the_others():
    n = 2_000
    draw = np.random.default_rng(1)
    frame = pd.DataFrame({"land": draw.choice(["Åland", "x", "y"], n), "vip": draw.integers(0, 2, n), "spend": draw.normal(size=n)})
    frame.loc[::50, "land"] = None
    labels = np.where(frame["land"] == "Åland", 2, frame["vip"])
    tree = explain_tree(frame, labels)
    titles = ColumnTitles({"vip": "A VIP"}, frozenset({"vip"}))
    assert tree.text(titles, {2: "Islanders"}) in (
        "land = Åland:\n  Islanders\nelse:\n  A VIP:\n    Segment 1\n  else:\n    Segment 0",
        "A VIP:\n  land = Åland:\n    Islanders\n  else:\n    Segment 1\nelse:\n  land = Åland:\n    Islanders\n  else:\n    Segment 0",
    )
    assert (tree.assign(frame) == labels).all()


@pytest.mark.parametrize(
    ("frame", "labels", "leaves"),
    [
        ({"a": [1.0, 2.0, 3.0, 4.0]}, [0, 0, 0, 1], 2),
        ({"a": [1.0] * 8}, [0, 0, 0, 1, 1, 1, 1, 1], 1),
        ({"a": [np.nan] * 8}, [0, 0, 0, 0, 1, 1, 1, 1], 1),
        ({"a": [None] * 8}, [0, 0, 0, 0, 1, 1, 1, 1], 1),
        ({"a": np.arange(8.0)}, [3] * 8, 1),
        ({"a": [5.0]}, [0], 1),
        ({"a": [np.inf, -np.inf, 1.0, 2.0]}, [0, 0, 1, 1], 2),
        ({"a": [1.0, np.nan, 1.0, np.nan]}, [0, 1, 0, 1], 2),
    ],
)
def test_degenerate_tables_have_a_tree_too(frame, labels, leaves):
    tree = explain_tree(frame, labels)
    assert len(tree.leaves) <= leaves
    assert len(tree.assign(frame)) == len(labels)
    assert tree.to_json()["leaves"] == len(tree.leaves)


def test_a_leaf_that_no_cut_can_separate_is_of_its_largest_segment():
    assert explain_tree({"a": [1.0] * 8}, [0, 0, 0, 1, 1, 1, 1, 1]).root.label == 1


def test_noise_is_left_out_and_alone_it_is_refused():
    X = np.arange(300.0)
    labels = np.where(X < 100, -1, X >= 200)
    assert {leaf.label for leaf in explain_tree({"a": X}, labels).leaves} == {0, 1}
    with pytest.raises(ParameterError, match="all customers are noise"):
        explain_tree({"a": X}, np.full(300, -1))
    with pytest.raises(ParameterError, match="at least one column"):
        explain_tree({}, [0, 1])


def test_paths_of_a_tree_by_hand():
    leaves = [Leaf(label, 0, None) for label in range(3)]
    tree = segcore.segments.rules.tree.ExplainingTree(
        Branch(Condition("a", "<=", 5.0), leaves[0], Branch(Condition("b", "=", "x"), leaves[1], leaves[2])), None, None
    )
    assert [(leaf.label, [condition.text() for condition in path]) for leaf, path in tree.paths()] == [
        (0, ["a <= 5"]),
        (1, ["a > 5", "b = x"]),
        (2, ["a > 5", "b != x"]),
    ]


def test_sixty_segments_are_explained():
    X, labels = make_blobs(3_000, 6, centers=60, random_state=0)
    tree = explain_tree({str(at): X[:, at] for at in range(6)}, labels)
    assert {leaf.label for leaf in tree.leaves} == set(range(60))


def test_the_example_of_the_docstring_holds():
    found = doctest.DocTestFinder().find(explain_tree, "explain_tree", globs={"segcore": segcore})
    assert next(doctest.DocTestRunner().run(example) for example in found if example.examples).failed == 0


def test_a_flag_with_a_word_for_0_is_asked_for_by_it():
    titles = ColumnTitles({"loan=yes": "loan: yes"}, frozenset({"loan=yes", "job=x"}), {"loan=yes": "loan: no"})
    assert Condition("loan=yes", "<=", 0.0).text(titles) == "loan: no"
    assert Condition("loan=yes", ">", 0.0).text(titles) == "loan: yes"
    assert Condition("job=x", "<=", 0.0).text(titles) == "not job=x"
