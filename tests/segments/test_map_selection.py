"""Customers inside a region of a map; polygons whose area is known, and the labels themselves, are the oracles."""

import numpy as np
import pytest

from segcore.errors import ParameterError
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.segments.maps.selection import describe_selection, find_selection_rule, inside, selection_sentence

# On no edge of the polygons below.
GRID = np.stack(np.meshgrid(np.arange(10) + 0.5, np.arange(10) + 0.45), axis=-1).reshape(-1, 2)


@pytest.mark.parametrize(
    ("polygon", "n_inside"),
    [
        ([(0, 0), (10, 0), (10, 10), (0, 10)], 100),
        ([(2, 3), (2, 6), (7, 6), (7, 3)], 15),
        ([(0, 0), (10.2, 0), (0, 10.2)], 55),
        ([(0, 0), (10, 0), (10, 1), (1, 1), (1, 10), (0, 10)], 19),
        ([(3, 3), (3, 3), (3, 3)], 0),
        ([(50, 50), (60, 50), (60, 60)], 0),
    ],
    ids=["all", "box", "triangle", "bent", "a point", "outside"],
)
def test_places_inside_a_polygon_are_found_whatever_its_shape_and_direction(polygon, n_inside):
    found = inside(GRID, polygon)
    np.testing.assert_array_equal(found, inside(GRID, polygon[::-1]))
    assert found.sum() == n_inside


def test_of_a_polygon_that_crosses_itself_both_parts_are_inside():
    x, y = GRID.T
    np.testing.assert_array_equal(inside(GRID, [(0, 0), (10, 10), (10, 0), (0, 10)]), np.abs(y - 5) < np.abs(x - 5))


@pytest.mark.parametrize("polygon", [[], [(0, 0), (1, 1)], [(0, 0), (1, 1), (np.nan, 0)], [1, 2, 3], "lasso", [(0, 0, 0)] * 3, None])
def test_what_is_no_region_is_refused_in_one_sentence(polygon):
    with pytest.raises(ParameterError, match=r"^A region of a map is a list of at least three corners \(x, y\), such as "):
        inside(GRID, polygon)


def table_of(values, copies=None):
    values = np.asarray(values, float)
    names = tuple(f"f{at}" for at in range(values.shape[1]))
    ids = np.array([f"c{at}" for at in range(len(values))], dtype=object)
    entries = tuple(FeatureEntry(name, f"Feature {name}", "", "") for name in names)
    return FeatureTable(values, names, ids, np.zeros(len(values), np.int32) if copies is None else copies, entries)


def test_the_selected_are_counted_by_segment_and_compared_with_all_customers():
    values = np.column_stack([np.arange(40.0), np.tile([0.0, 5.0], 20)])
    labels = np.repeat([0, 1, -1], [20, 15, 5])
    selected = np.zeros(40, bool)
    selected[15:30] = True
    found = describe_selection(table_of(values), labels, {0: "Regulars"}, selected)
    assert found.segments == (("Regulars", 5, 20), ("Segment 1", 10, 15))
    assert (found.summary.customers, found.summary.customer_share) == (15, 0.375)
    first = found.summary.features[0]
    assert (first.mean, first.population_mean, first.median) == (22.0, 19.5, 22.0)


def test_copies_are_counted_once():
    values = np.repeat(np.arange(10.0), 3)[:, None]
    found = describe_selection(table_of(values, np.tile(np.arange(3, dtype=np.int32), 10)), np.zeros(10, int), {}, np.arange(10) < 4)
    assert found.summary.customers == 4 and found.segments == (("Segment 0", 4, 10),)


def test_the_rule_of_a_selection_by_one_feature_is_that_feature():
    draw = np.random.default_rng(0)
    values = draw.normal(size=(600, 3))
    rules = find_selection_rule(table_of(values), values[:, 1] > 0.5)
    (condition,) = rules.chosen.conditions
    assert (condition.feature, condition.op) == ("f1", ">") and condition.value == pytest.approx(0.5, abs=0.02)
    assert "of the selected customers are found by f1 > 0.5" in selection_sentence(rules)


@pytest.mark.parametrize("selected", [np.ones(50, bool), np.arange(50) == 0, np.random.default_rng(1).random(50) < 0.5])
def test_where_no_rule_can_be_found_a_sentence_says_so(selected):
    values = np.random.default_rng(2).normal(size=(50, 2))
    describe_selection(table_of(values), np.zeros(50, int), {}, selected)
    assert selection_sentence(find_selection_rule(table_of(values), selected)).startswith("No rule of up to three conditions")
