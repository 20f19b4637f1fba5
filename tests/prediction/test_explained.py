import numpy as np
import pytest
from scipy.stats import spearmanr

from segcore.errors import ParameterError
from segcore.prediction.contributions import Contributions
from segcore.prediction.explained import ColumnGroups, Explained, ExplainedFeature, row_of
from segcore.records.feature_table import FeatureEntry, FeatureTable


def test_categories_of_a_column_are_one_feature_whose_contributions_are_added_up():
    entries = (
        FeatureEntry("region_n", "region: north", "share of customers", "", block="region", kind="dummy"),
        FeatureEntry("age", "Age", "years", ""),
        FeatureEntry("region_s", "region: south", "share of customers", "", block="region", kind="dummy"),
        FeatureEntry("loan_yes", "loan: yes", "share of customers", "", kind="binary"),
        FeatureEntry("alone", "plan: gold", "", "", block="plan", kind="dummy"),
    )
    X = np.array([[1, 30, 0, 1, 0], [0, 40, 1, 0, 1], [0, 50, 0, 0, 0]], float)
    table = FeatureTable(X, tuple(one.name for one in entries), np.array(["a", "b", "c"], object), np.zeros(3, np.int32), entries)
    groups = ColumnGroups.of(table)
    region, age, loan, alone = groups.features
    assert (region.title, region.categories, alone.title) == ("region", ("north", "south"), "plan: gold")
    values = groups.values(X)
    assert values.tolist() == [[0, 30, 1, 0], [1, 40, 0, 1], [-1, 50, 0, 0]]
    assert [region.text(value) for value in values[:, 0]] == ["north", "south", "none of them"]
    assert (age.text(30), loan.text(1), alone.text(0)) == ("30 years", "yes", "no")
    found = Contributions(np.arange(15.0).reshape(3, 5), np.array([1.0, 2.0, 3.0]))
    assert groups.add_up(found).values.tolist() == [[2, 1, 3, 4], [12, 6, 8, 9], [22, 11, 13, 14]]
    np.testing.assert_array_equal(groups.add_up(found).log_odds, found.log_odds)


def explained(pushed, values, **kind):
    customers = np.array([f"c{at}" for at in range(len(values))], object)
    column = np.asarray(values, float)[:, None]
    return Explained(
        customers, (ExplainedFeature("x", "X", **kind),), column, Contributions(np.asarray(pushed, float)[:, None], np.zeros(len(values)))
    )


def test_the_direction_is_spearmans_rank_correlation():
    draw = np.random.default_rng(0)
    values = np.round(draw.normal(size=200), 1)
    pushed = values + draw.normal(size=200)
    assert explained(pushed, values).direction(0) == pytest.approx(spearmanr(values, pushed).statistic)


@pytest.mark.parametrize(
    ("pushed", "values", "kind", "said"),
    [
        ([-1, 0, 1], [1, 2, 9], {}, "high"),
        ([1, 0, -1], [1, 2, 9], {}, "low"),
        ([1, 1, -1, -1, 1, 1], [1, 2, 3, 4, 5, 6], {}, "high or low"),
        ([-1, -1, 1, 1, -1, -1], [1, 2, 3, 4, 5, 6], {}, "medium"),
        ([1, -1, 1, -1], [1, 1, 1, 1], {}, "some values"),
        ([0, 0, 0], [1, 2, 9], {}, ""),
        ([1, 1, -1], [0, 0, 1], {"kind": "binary"}, "no"),
        ([1, 3, -1], [0, 1, -1], {"kind": "category", "categories": ("north", "south")}, "south"),
    ],
)
def test_which_values_push_up_is_said(pushed, values, kind, said):
    assert explained(pushed, values, **kind).direction_text(0) == said


def test_an_unknown_customer_is_one_sentence():
    found = explained([0, 1], [0, 1])
    assert row_of(found.customers, " c1 ") == 1
    with pytest.raises(ParameterError, match="Customer 'c9' is not among the 2 explained: give another id, such as 'c0'."):
        row_of(found.customers, "c9")
