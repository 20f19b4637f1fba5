import itertools
import math

import numpy as np
import pytest

from segcore.prediction.classifier import fit_classifier
from segcore.prediction.contributions import Contributions, explain_held_out, explain_others


@pytest.fixture(scope="module")
def fitted():
    draw = np.random.default_rng(0)
    X = draw.normal(size=(600, 4))
    y = X[:, 0] + (X[:, 1] > 0) * (X[:, 2] > 0) + draw.normal(size=600) > 1.2
    return X, fit_classifier(X, y)


def test_base_and_values_add_up_to_the_log_odds_of_the_trees(fitted, monkeypatch):
    X, found = fitted
    rows = np.array([5, 599, 0, 17])
    assert explain_held_out(found, X, rows).log_odds == pytest.approx(found.log_odds[rows], abs=1e-9)
    others = X + 0.1
    monkeypatch.setattr("segcore.prediction.contributions._AT_ONCE", 250)
    assert explain_others(found, others).log_odds == pytest.approx(found.predict_log_odds(others), abs=1e-9)


def test_customers_beyond_a_number_are_explained_by_one_fold(fitted, monkeypatch):
    X, found = fitted
    monkeypatch.setattr("segcore.prediction.contributions._AT_ONCE", 70)
    others = X + 0.1
    both = explain_others(found, others, by_all_folds=200).log_odds
    assert both[:200] == pytest.approx(found.predict_log_odds(others[:200]), abs=1e-9)
    assert both[200:] == pytest.approx(found.boosters[0].predict(others[200:], raw_score=True), abs=1e-9)


def expected(node, x, known):
    """Return what a tree says of a customer of whom only some features are known: paths weighted by their customers."""
    if "leaf_value" in node:
        return node["leaf_value"]
    left, right = node["left_child"], node["right_child"]
    if node["split_feature"] in known:
        return expected(left if x[node["split_feature"]] <= node["threshold"] else right, x, known)
    n_left, n_right = (child.get("internal_count", child.get("leaf_count")) for child in (left, right))
    return (n_left * expected(left, x, known) + n_right * expected(right, x, known)) / (n_left + n_right)


def test_values_are_shapleys_by_the_definition(fitted):
    X, found = fitted
    rows = np.flatnonzero(found.fold == 2)[:3]
    trees = [tree["tree_structure"] for tree in found.boosters[2].dump_model()["tree_info"]]
    made = explain_held_out(found, X, rows)
    for values, x in zip(made.values, X[rows], strict=True):
        worth = {
            known: sum(expected(tree, x, known) for tree in trees) for size in range(5) for known in itertools.combinations(range(4), size)
        }
        for feature in range(4):
            shapley = sum(
                math.factorial(len(known)) * math.factorial(3 - len(known)) / 24 * (worth[tuple(sorted((*known, feature)))] - before)
                for known, before in worth.items()
                if feature not in known
            )
            assert values[feature] == pytest.approx(shapley, abs=1e-9)


def test_what_was_planted_matters_and_noise_does_not(fitted):
    X, found = fitted
    importance = explain_held_out(found, X, np.arange(600)).importance
    assert importance[0] > importance[1:3].max() and importance[1:3].min() > importance[3]


def test_importance_is_the_mean_of_absolute_values():
    found = Contributions(np.array([[1.0, -2.0], [-3.0, 0.0]]), np.array([0.5, 0.5]))
    assert found.importance.tolist() == [2.0, 1.0] and found.log_odds.tolist() == [-0.5, -2.5]
