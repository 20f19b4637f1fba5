import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from segcore.clustering.compare import adjusted_rand_index, inertia_gap, matched_segments, same_labels, same_partition
from segcore.errors import ParameterError
from tests.examples import few

LABELLINGS = st.integers(1, 40).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(-1, 6), min_size=n, max_size=n).map(lambda x: np.array(x, dtype=np.int32))] * 2)
)


@settings(max_examples=few(300), deadline=None)
@given(LABELLINGS)
def test_the_adjusted_rand_index_is_scikit_learns(labellings):
    a, b = labellings
    assert adjusted_rand_index(a, b) == pytest.approx(adjusted_rand_score(a, b), abs=1e-12)
    assert adjusted_rand_index(a, b) == adjusted_rand_index(b, a)


@settings(max_examples=few(100), deadline=None)
@given(LABELLINGS, st.permutations(range(8)))
def test_renumbering_the_segments_changes_neither_partition_nor_index(labellings, numbers):
    a, b = labellings
    renumbered = np.array(numbers)[a + 1]
    assert same_partition(a, renumbered)
    assert adjusted_rand_index(a, renumbered) == 1.0
    assert adjusted_rand_index(renumbered, b) == pytest.approx(adjusted_rand_index(a, b), abs=1e-12)
    assert same_partition(a, b) == (adjusted_rand_index(a, b) == 1.0)


@settings(max_examples=few(100), deadline=None)
@given(LABELLINGS)
def test_matched_segments_are_those_with_most_customers_in_both(labellings):
    a, b = ([{at for at, label in enumerate(labels) if label == segment} for segment in range(7)] for labels in labellings)
    shares = {(one, other): len(a[one] & b[other]) / max(len(a[one] | b[other]), 1) for one in range(7) for other in range(7)}
    assert matched_segments(*labellings) == [(*pair, share) for pair, share in shares.items() if share > 0.5]


def test_the_index_of_many_customers_is_exact():
    """Products of pair counts pass 2 ** 63 here: int64 arithmetic would wrap."""
    rng = np.random.default_rng(0)
    a = rng.integers(0, 3, 500_000)
    b = np.where(rng.random(500_000) < 0.9, a, rng.integers(0, 3, 500_000))
    assert adjusted_rand_index(a, b) == pytest.approx(adjusted_rand_score(a, b), abs=1e-12)


def test_a_segment_for_every_customer_does_not_need_a_full_table():
    a = np.arange(200_000)
    assert adjusted_rand_index(a, a[::-1]) == 1.0
    assert adjusted_rand_index(a, a // 2) == pytest.approx(adjusted_rand_score(a, a // 2))


def test_a_part_of_a_partition_is_not_the_partition():
    assert not same_partition(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 0]))
    assert not same_partition(np.array([0, 0, 0, 0]), np.array([0, 0, 1, 1]))
    assert same_partition(np.array([0, 0, 1, 1]), np.array([5, 5, 2, 2]))
    assert not same_labels(np.array([0, 0, 1, 1]), np.array([5, 5, 2, 2]))
    assert same_labels(np.array([0, -1], dtype=np.int32), np.array([0, -1], dtype=np.int64))


def test_labellings_of_other_customers_are_refused():
    with pytest.raises(ParameterError, match="got 3 and 2 customers"):
        adjusted_rand_index(np.zeros(3, int), np.zeros(2, int))


@pytest.mark.parametrize(
    ("a", "b", "gap"), [(110.0, 100.0, 0.1), (95.0, 100.0, -0.05), (0.0, 0.0, 0.0), (1.0, 0.0, None), (None, 1.0, None)]
)
def test_the_inertia_gap_is_relative_and_signed(a, b, gap):
    assert inertia_gap(a, b) == (gap if gap is None else pytest.approx(gap))
