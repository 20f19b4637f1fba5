import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.cluster import contingency_matrix

from segcore.segments.comparison import compare_labels


def kinds(before, after):
    return [(fate.kind, fate.before, fate.after) for fate in compare_labels(np.array(before), np.array(after)).fates]


def blocks(*sizes):
    return np.repeat(np.arange(len(sizes)), sizes)


@pytest.mark.parametrize("seed", range(5))
def test_a_permutation_of_the_numbers_leaves_every_segment_where_it_was(seed):
    rng = np.random.default_rng(seed)
    before = rng.permutation(blocks(50, 30, 20, 7))
    other = rng.permutation(4)

    found = compare_labels(before, other[before])

    assert {(fate.kind, *fate.before, *fate.after) for fate in found.fates} == {("stayed", k, other[k]) for k in range(4)}
    assert all(fate.jaccard == 1 for fate in found.fates)
    assert not found.moved.any()
    assert found.agreement == 1


@pytest.mark.parametrize("share", [0.5, 0.6, 0.75, 0.88])
def test_a_planted_split_is_named_and_so_is_the_merger_the_other_way_round(share):
    before = blocks(200, 100, 100)
    after = before.copy()
    after[: round(200 * (1 - share))] = 3

    assert kinds(before, after) == [("stayed", (1,), (1,)), ("stayed", (2,), (2,)), ("split", (0,), (0, 3))]
    assert kinds(after, before) == [("stayed", (1,), (1,)), ("stayed", (2,), (2,)), ("merged", (0, 3), (0,))]
    assert compare_labels(before, after).moved.sum() == round(200 * (1 - share))


def test_a_few_who_leave_do_not_make_a_split():
    before = blocks(200, 100)
    after = before.copy()
    after[:10] = 2
    assert kinds(before, after) == [("stayed", (0,), (0,)), ("stayed", (1,), (1,)), ("appeared", (), (2,))]


def test_a_segment_that_is_scattered_vanishes_and_one_from_everywhere_appears():
    before, after = blocks(90, 90, 90, 60), blocks(90, 90, 90, 60)
    after[270:] = np.arange(60) % 3  # the fourth is scattered
    after[[*range(20), *range(90, 110), *range(180, 200)]] = 3  # a new one from the other three
    assert kinds(before, after) == [
        ("stayed", (0,), (0,)),
        ("stayed", (1,), (1,)),
        ("stayed", (2,), (2,)),
        ("vanished", (3,), ()),
        ("appeared", (), (3,)),
    ]


def test_noise_is_no_segment_but_counts_in_the_flow_and_among_the_moved():
    before, after = np.array([0] * 50 + [1] * 50 + [-1] * 10), np.array([0] * 45 + [-1] * 5 + [1] * 50 + [-1] * 10)
    found = compare_labels(before, after)
    assert [(fate.kind, fate.before, fate.after) for fate in found.fates] == [("stayed", (0,), (0,)), ("stayed", (1,), (1,))]
    assert found.labels_before == (-1, 0, 1)
    assert found.counts.tolist() == [[10, 0, 0], [5, 45, 0], [0, 0, 50]]
    assert np.flatnonzero(found.moved).tolist() == [45, 46, 47, 48, 49]


def test_only_noise_has_nothing_to_name():
    found = compare_labels(np.full(5, -1), np.full(5, -1))
    assert found.fates == () and not found.moved.any()
    found = compare_labels(np.full(5, -1), np.zeros(5, dtype=int))
    assert [fate.kind for fate in found.fates] == ["appeared"] and found.moved.all()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(-1, 5), st.integers(-1, 5)), min_size=2, max_size=60))
def test_numbers_are_scikit_learns_and_every_segment_has_one_fate(pairs):
    before, after = (np.array(column) for column in zip(*pairs, strict=True))

    found = compare_labels(before, after)

    assert found.agreement == pytest.approx(adjusted_rand_score(before, after))
    assert (found.counts == contingency_matrix(before, after)).all()
    for labels, side in ((before, "before"), (after, "after")):
        named = [label for fate in found.fates for label in getattr(fate, side)]
        assert sorted(named) == sorted(set(labels.tolist()) - {-1})
    back = compare_labels(after, before)
    mirrored = {"split": "merged", "merged": "split", "vanished": "appeared", "appeared": "vanished", "stayed": "stayed"}
    if not {"split", "merged"} & {fate.kind for fate in found.fates}:
        assert sorted(mirrored[fate.kind] for fate in found.fates) == sorted(fate.kind for fate in back.fates) or {
            "split",
            "merged",
        } & {fate.kind for fate in back.fates}
