import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_score

from segcore.errors import DataError, ParameterError
from segcore.prediction.classifier import fit_classifier
from segcore.prediction.contributions import Contributions, explain_held_out
from segcore.targets.buyers.buyer_groups import MOST_EXPLAINED, draw_explained, group_buyers, look_at_contributions
from segcore.targets.buyers.selected_customers import measure_selection

NAMES = ["basket", "visits", "noise"]


@pytest.fixture(scope="module")
def explained():
    """Return customers who buy for one of two reasons, a large basket or many visits, with their contributions."""
    draw = np.random.default_rng(0)
    X = draw.uniform(0, 1, size=(2_000, 3))
    bought = draw.random(2_000) < np.where(X[:, 0] > 0.8, 0.6, np.where(X[:, 1] > 0.85, 0.5, 0.02))
    model = fit_classifier(X, bought)
    return X, bought, model, explain_held_out(model, X, np.arange(2_000))


@pytest.fixture(scope="module")
def found(explained):
    X, bought, _, contributions = explained
    return group_buyers(contributions, bought, dict(zip(NAMES, X.T, strict=True)), n_groups=3)


def test_each_reason_to_buy_is_a_group_with_its_rule(found):
    [basket] = [one for one in found.groups if one.strongest(NAMES, 1)[0][0] == "basket" and one.contributions[0] > 0]
    [visits] = [one for one in found.groups if one.strongest(NAMES, 1)[0][0] == "visits" and one.contributions[1] > 0]
    rule, other = basket.rules.chosen, visits.rules.chosen
    assert [(condition.feature, condition.op) for condition in rule.conditions] == [("basket", ">")]
    assert rule.conditions[0].value == pytest.approx(0.8, abs=0.06)
    assert ("visits", ">") in [(condition.feature, condition.op) for condition in other.conditions]
    assert basket.found.precision.low > 0.4 and basket.found.lift.low > 2 and visits.found.precision.low > 0.35
    neither = found.groups[-1]
    assert neither.found.precision.high < 0.06 and neither.found.lift.high < 0.5


def test_groups_are_counted_beside_who_really_bought(explained, found):
    _, bought, _, contributions = explained
    assert sum(one.found.customers for one in found.groups) == 2_000
    for one in found.groups:
        mine = found.labels == one.label
        assert one.found == measure_selection(mine, bought)
        assert one.contributions == pytest.approx(tuple(contributions.values[mine].mean(axis=0)))
        assert one.log_odds == pytest.approx(contributions.log_odds[mine].mean())
        assert one.to_json()["found"]["lift"]["value"] == one.found.lift.value and "rules" in one.to_json()
    assert found.agreement == adjusted_rand_score(bought, found.labels)


def test_groups_are_ordered_by_what_was_predicted_and_not_by_who_bought(explained, found):
    X, bought, _, contributions = explained
    assert [one.label for one in found.groups] == [0, 1, 2]
    assert sorted((one.log_odds for one in found.groups), reverse=True) == [one.log_odds for one in found.groups]
    other = np.random.default_rng(1).permutation(bought)
    again = group_buyers(contributions, other, dict(zip(NAMES, X.T, strict=True)), n_groups=3)
    assert np.array_equal(again.labels, found.labels)
    assert again.groups[0].found.lift.low < 1 < again.groups[0].found.lift.high


def test_the_folds_of_the_trees_are_not_the_groups(explained, found):
    model = explained[2]
    assert abs(adjusted_rand_score(model.fold, found.labels)) < 0.01


def test_the_number_of_groups_has_the_highest_silhouette(explained):
    X, bought, _, contributions = explained
    rows = np.arange(400)
    part = Contributions(contributions.values[rows], contributions.base[rows])
    found = group_buyers(part, bought[rows], dict(zip(NAMES, X[rows].T, strict=True)))
    assert list(found.silhouettes) == [2, 3, 4, 5, 6, 7, 8]
    best = max(found.silhouettes, key=lambda number: found.silhouettes[number].value)
    assert len(found.groups) == best
    assert found.silhouettes[best].value == pytest.approx(silhouette_score(part.values, found.labels), abs=1e-9)


def test_two_groups_are_made_when_asked(explained):
    X, bought, _, contributions = explained
    found = group_buyers(contributions, bought, dict(zip(NAMES, X.T, strict=True)), n_groups=2)
    assert len(found.groups) == 2 and list(found.silhouettes) == [2]
    assert found.groups[0].found.lift.value > 1 > found.groups[1].found.lift.value


def test_customers_are_drawn_only_above_the_most():
    assert draw_explained(7).tolist() == list(range(7))
    drawn = draw_explained(MOST_EXPLAINED + 500, seed=1)
    assert len(drawn) == MOST_EXPLAINED and (np.diff(drawn) > 0).all()


def test_what_cannot_be_grouped_is_said():
    bought, frame = np.arange(100) < 20, {"a": np.arange(100.0)}
    same = Contributions(np.zeros((100, 1)), np.zeros(100))
    with pytest.raises(DataError, match="No feature contributes to the prediction of any of 100 customers"):
        group_buyers(same, bought, frame)
    two = Contributions(np.repeat([[1.0], [-1.0]], 50, axis=0), np.zeros(100))
    assert [one.found.customers for one in group_buyers(two, bought, frame).groups] == [50, 50]
    with pytest.raises(DataError, match="The contributions of 100 customers have only 2 different values: choose at most 2 groups"):
        group_buyers(two, bought, frame, n_groups=4)
    with pytest.raises(ParameterError, match="n_groups must be between 2 and 8, got 9"):
        group_buyers(two, bought, frame, n_groups=9)
    with pytest.raises(DataError, match="but 3 of 100 customers are buyers"):
        group_buyers(two, np.arange(100) < 3, frame)
    with pytest.raises(DataError, match="needs at least 4 customers who differ"):
        look_at_contributions(np.zeros((2, 3)))


@pytest.mark.slow  # UMAP takes 20 s to import and compile
def test_the_map_shows_customers_with_similar_contributions_near_one_another(explained, found):
    values = explained[3].values[:600]
    places = look_at_contributions(values)
    assert places.shape == (600, 2) and np.isfinite(places).all()
    assert silhouette_score(places, found.labels[:600]) > 0.2
    assert np.array_equal(places, look_at_contributions(values))
    for few in (4, 12):
        assert look_at_contributions(values[:few]).shape == (few, 2)
