"""Differences of a segment from the other customers, against scipy and hand-worked numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, false_discovery_control, fisher_exact, ttest_ind
from scipy.stats.contingency import relative_risk

from segcore.segments.profiles.differences import Groups, adjusted, index_of, p_value


def test_an_index_worked_by_hand():
    # 30 of 100 in the segment, 30 of 300 outside: 0.3 over 60 / 400.
    found = index_of(30, 100, 30, 300)
    assert found.value == pytest.approx(200)
    reach = 1.959963984540054 * np.sqrt(1 / 30 - 1 / 100 + 1 / 30 - 1 / 300)
    low, high = 3 * np.exp(-reach), 3 * np.exp(reach)
    assert found.low == pytest.approx(100 * low / (0.25 * low + 0.75))
    assert found.high == pytest.approx(100 * high / (0.25 * high + 0.75))
    assert found.sample_size == 100


@given(st.integers(1, 60), st.integers(0, 60), st.integers(1, 60), st.integers(0, 60))
def test_the_interval_of_an_index_is_katz_s_carried_over(inside, without, outside, others_without):
    customers, others = inside + without, outside + others_without
    found = index_of(inside, customers, outside, others)
    interval = relative_risk(inside, customers, outside, others).confidence_interval(0.95)
    weight = customers / (customers + others)
    assert [found.low, found.high] == pytest.approx([100 * ratio / (weight * ratio + 1 - weight) for ratio in interval])
    assert found.value == pytest.approx(100 * (inside / customers) / ((inside + outside) / (customers + others)))


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_an_index_lies_in_its_interval_and_its_domain(inside, without, outside, others_without):
    customers, others = inside + without, outside + others_without
    found = index_of(inside, customers, outside, others)
    if found.value is None:
        assert found.reason and (not customers or not inside + outside)
        return
    largest = 100 * (customers + others) / customers
    assert 0 <= found.low <= found.value <= found.high <= largest * (1 + 1e-12)


def test_an_index_of_a_value_that_only_one_side_has_reaches_the_end_of_its_domain():
    none, only = index_of(0, 50, 60, 150), index_of(20, 50, 0, 150)
    assert (none.value, none.low) == (0, 0) and 0 < none.high < 100
    assert (only.value, only.high) == (pytest.approx(400), pytest.approx(400)) and 100 < only.low < 400
    everybody = index_of(50, 50, 150, 150)
    assert (everybody.value, everybody.low, everybody.high) == (100, 100, 100)


@pytest.mark.parametrize("counts", [(30, 100, 30, 300), (500, 1000, 400, 1000), (7, 40, 90, 400)])
def test_large_counts_are_tested_like_pearson(counts):
    inside, customers, outside, others = counts
    table = [[inside, customers - inside], [outside, others - outside]]
    assert p_value(*counts) == pytest.approx(chi2_contingency(table, correction=False).pvalue, rel=1e-9)


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
def test_small_counts_are_tested_like_fisher(inside, without, outside, others_without):
    customers, others = inside + without, outside + others_without
    total, having = customers + others, inside + outside
    found = p_value(inside, customers, outside, others)
    if not customers or not others or having in (0, total):
        assert found == 1.0
    elif min(customers, others) * min(having, total - having) / total < 5:
        assert found == pytest.approx(fisher_exact([[inside, without], [outside, others_without]]).pvalue, rel=1e-6)


def test_a_rare_value_among_many_customers_is_tested_quickly_and_like_fisher():
    assert p_value(9, 60_000, 1, 340_000) == pytest.approx(fisher_exact([[9, 59_991], [1, 339_999]]).pvalue, rel=1e-6)


@given(st.lists(st.floats(0, 1), max_size=30))
def test_many_p_values_are_adjusted_like_scipy_s(p_values):
    assert adjusted(p_values) == pytest.approx(false_discovery_control(p_values).tolist() if p_values else [])


def test_differences_are_welch_s_in_standard_deviations_of_all():
    rng = np.random.default_rng(3)
    values = np.column_stack([rng.normal(5, 2, 90), rng.exponential(3, 90), np.full(90, 4.0)])
    labels = np.repeat([0, 1, 2, -1], [40, 25, 20, 5])
    values[labels == 1, 0] += 3
    groups = Groups(values, labels)
    for label in (0, 1, 2, -1):
        *found, constant = groups.differences(label)
        assert constant.value is None and "alike" in constant.reason
        for feature, estimate in enumerate(found):
            here, there = values[labels == label, feature], values[labels != label, feature]
            interval = ttest_ind(here, there, equal_var=False).confidence_interval(0.95)
            spread = values[:, feature].std()
            assert estimate.value == pytest.approx((here.mean() - there.mean()) / spread)
            assert [estimate.low, estimate.high] == pytest.approx([interval.low / spread, interval.high / spread])
            assert estimate.sample_size == (labels == label).sum()


def test_a_difference_far_from_the_origin_keeps_its_digits():
    values = np.array([[1e9 + n % 3] for n in range(30)])
    labels = np.array([n % 3 == 2 for n in range(30)]).astype(int)
    (found,) = Groups(values, labels).differences(1)
    assert found.value == pytest.approx(1.5 / np.sqrt(2 / 3))
    assert found.low < found.value < found.high


def test_segments_of_one_customer_and_of_all_have_no_difference():
    values = np.arange(6.0)[:, None]
    assert Groups(values, np.array([0, 1, 1, 1, 1, 1])).differences(0)[0].value is None
    assert Groups(values, np.array([0, 1, 1, 1, 1, 1])).differences(1)[0].value is None
    assert Groups(values, np.zeros(6, int)).differences(0)[0].reason


def test_a_segment_whose_customers_are_all_alike_as_are_the_others_has_an_exact_difference():
    (found,) = Groups(np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([0, 0, 1, 1])).differences(1)
    assert found.value == found.low == found.high == pytest.approx(2)
