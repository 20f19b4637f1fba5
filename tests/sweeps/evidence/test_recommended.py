"""A small part of what ``benchmarks/evidence_rates.py`` measures: the product's own path, from a table to the recommendation."""

import numpy as np
import pytest

from segcore.features.preparation import blocks_of
from tests.generated import WITHOUT_SEGMENTS, generate, swept


@pytest.mark.parametrize(
    ("kind", "n", "outcome", "n_segments"),
    [("one Gaussian", 400, "nothing", None), ("3 segments", 400, "groups", 3)],
)
def test_groups_are_recommended_where_segments_were_planted_and_only_there(kind, n, outcome, n_segments, home):
    sweep = swept(generate(kind, 1, n=n), home, sizes=(2, 3, 4), n_init=3, placebos=19)
    found = sweep.recommendation
    assert (sweep.evidence.placebos, sweep.evidence.resamples) == (19, 50)
    assert found.outcome == outcome
    assert (found.params and found.params["n_clusters"]) == n_segments


@pytest.mark.parametrize("kind", WITHOUT_SEGMENTS)
def test_a_data_set_depends_on_its_kind_and_seed_alone(kind):
    data = generate(kind, 3)
    assert data.labels is None
    assert np.array_equal(data.values, generate(kind, 3).values)
    assert not np.array_equal(data.values, generate(kind, 4, n=len(data.values)).values)


def test_planted_segments_are_as_large_and_as_far_apart_as_promised():
    data = generate("5 segments, categories", 0, n=600)
    assert data.n_segments == 5
    assert np.bincount(data.labels).min() >= 60
    assert 0.22 <= data.silhouette <= 0.4
    apart = [np.linalg.norm(one - other) for at, one in enumerate(data.centres) for other in data.centres[:at]]
    assert data.nearest_centres == pytest.approx(min(apart))


def test_each_row_has_one_category_of_a_categorical_column():
    table = generate("independent categories", 0).feature_table()
    blocks = blocks_of(table)
    assert blocks
    for block in blocks:
        assert (table.values[:, block].sum(axis=1) == 1).all()
