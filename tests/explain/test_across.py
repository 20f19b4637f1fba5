"""How columns are shared out over segments: hand-worked counts, scikit-learn and scipy as oracles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2_contingency
from sklearn.metrics import adjusted_rand_score

from segcore.dataset import FeatureEntry, FeatureTable
from segcore.explain.across import columns_across, numbers_across, wilson
from segcore.plots.across import describe_across, draw_across
from segcore.solution import Solution


def table_of(values, entries, profile=None, fitted=None, copies=None):
    values = np.asarray(values, dtype=float)
    return FeatureTable(
        values=values,
        names=tuple(entry.name for entry in entries),
        customers=np.array([f"c{i}" for i in range(len(values))], dtype=object),
        copies=np.zeros(len(values), dtype=np.int32) if copies is None else np.asarray(copies, dtype=np.int32),
        dictionary=tuple(entries),
        profile=profile or {},
        fitted=fitted or {},
    )


def solution_of(labels):
    return Solution.from_labels(np.asarray(labels), params={"k": 2}, engine="stock", evidence="", seed=0)


AGE = FeatureEntry("age", "Age", "years", "")
JOB = [FeatureEntry(f"job={value}", f"job: {value}", "", "", ("job",), block="job", kind="dummy") for value in ("clerk", "nurse")]
OWNS = FeatureEntry("owns=yes", "owns: yes", "", "", ("owns",), kind="binary")
FITTED = {"columns": [{"column": "owns", "use": "binary", "names": ["owns=yes"], "values": ["no", "yes"]}]}


def test_categories_that_were_clustered_on_are_read_back_from_their_dummies():
    values = [[30, 1, 0, 1], [40, 1, 0, 1], [50, 0, 1, 0], [60, 0, 0, 0]]
    found = {
        across.column: across
        for across in columns_across(table_of(values, [AGE, *JOB, OWNS], fitted=FITTED), solution_of([0, 0, 1, 1]), {})
    }

    assert set(found) == {"job", "owns"}
    job = found["job"]
    assert job.clustered_on
    assert [(value.value, value.customers) for value in job.everyone.values] == [("clerk", 2), ("(other)", 1), ("nurse", 1)]
    assert [(value.value, value.share) for value in job.segments[1].values] == [("clerk", 0), ("(other)", 0.5), ("nurse", 0.5)]
    assert job.pure == (("Segment 0", "clerk"),)
    assert [value.value for value in found["owns"].everyone.values] == ["no", "yes"]
    assert found["owns"].association == pytest.approx(1.0)
    assert found["owns"].agreement == 1.0


def test_the_column_that_differs_most_comes_first_and_copies_and_constants_are_left_out():
    profile = {
        "alike": np.array(["a", "b", "a", "b", "a"], dtype=object),
        "telling": np.array(["x", "x", "y", "y", "y"], dtype=object),
        "constant": np.array(["k"] * 5, dtype=object),
    }
    table = table_of(np.zeros((5, 1)), [AGE], profile, copies=[0, 0, 0, 0, 1])
    found = columns_across(table, solution_of([0, 0, 1, 1, 0]), {1: "Best"})
    assert [across.column for across in found] == ["telling", "alike"]
    assert found[0].everyone.customers == 4
    assert {group.title for group in found[0].segments} == {"Segment 0", "Best"}


def test_rare_values_are_one_rest_and_missing_ones_are_said():
    values = np.array([f"v{number % 12}" for number in range(120)] + [None] * 30, dtype=object)
    [across] = columns_across(table_of(np.zeros((150, 1)), [AGE], {"city": values}), solution_of([0] * 75 + [1] * 75), {})
    named = [value.value for value in across.everyone.values]
    assert named[0] == "(missing)" and named[-1] == "(other)" and len(named) == 8
    assert sum(value.customers for value in across.everyone.values) == 150
    assert all(sum(value.share for value in group.values) == pytest.approx(1) for group in across.segments)


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abc")), min_size=4, max_size=60))
def test_association_and_agreement_are_those_of_the_libraries(pairs):
    labels, values = np.array([label for label, _ in pairs]), np.array([value for _, value in pairs], dtype=object)
    found = columns_across(table_of(np.zeros((len(pairs), 1)), [AGE], {"c": values}), solution_of(labels), {})
    if len(set(values)) < 2:
        assert found == ()
        return
    [across] = found
    assert across.agreement == pytest.approx(adjusted_rand_score(labels, values))
    counts = np.array([[np.sum((labels == label) & (values == value)) for value in np.unique(values)] for label in np.unique(labels)])
    if len(counts) > 1:
        expected = np.sqrt(chi2_contingency(counts, correction=False)[0] / counts.sum() / (min(counts.shape) - 1))
        assert across.association == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("count", "of"), [(0, 10), (3, 10), (10, 10), (1, 4000)])
def test_the_interval_is_wilsons(count, of):
    theirs = binomtest(count, of).proportion_ci(method="wilson")
    assert wilson(count, of) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_numbers_of_the_profile_have_counts_medians_and_means():
    profile = {"balance": np.array([1.5, 2.5, np.nan, 10.5, 20.5, 3.25, 4.75, 8.5, 9.5]), "flag": np.array([0.0, 1, 0, 1, 0, 1, 0, 1, 0])}
    table = table_of(np.zeros((9, 1)), [AGE], profile)
    labels = [0, 0, 0, 1, 1, 1, 1, 1, -1]
    [balance] = numbers_across(table, solution_of(labels), {})
    assert balance.everyone == (8, pytest.approx(6.625), pytest.approx(np.nanmean(profile["balance"])))
    assert [title for title, _ in balance.segments] == ["Segment 1", "Segment 0", "Noise"]
    assert balance.segments[1][1] == (2, 2.0, 2.0)
    assert [across.column for across in columns_across(table, solution_of(labels), {})] == ["flag"]


def test_the_figure_has_a_bar_a_segment_that_adds_up_to_all():
    values = np.array(list("aabbbc"), dtype=object)
    [across] = columns_across(table_of(np.zeros((6, 1)), [AGE], {"c": values}), solution_of([0, 0, 0, 1, 1, 1]), {0: "Same", 1: "Same"})
    figure = draw_across(across)
    assert [bar.name for bar in figure.data] == ["b", "a", "c"]
    np.testing.assert_allclose(np.sum([bar.x for bar in figure.data], axis=0), 100)
    assert list(figure.data[0].y) == ["All customers", "Same (0)", "Same (1)"]
    assert "Same: mostly a (67 % of 3 customers)" in describe_across(across)
