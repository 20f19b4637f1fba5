import numpy as np
import pytest

from segcore.records.feature_table import FeatureEntry
from segcore.targets.reasons import reasons_of

ENTRIES = [FeatureEntry(name, name, "", "") for name in ("visits", "age", "spend")] + [
    FeatureEntry(f"club={value}", f"club: {value}", "", "", ("club",), block="club", kind="dummy") for value in ("gold", "none")
]


@pytest.mark.parametrize(
    ("contributions", "words"),
    [
        ([0.5, 0.4, -0.9, 0, 0], "High visits (7 vs 5), high age (60 vs 40)"),
        ([0.02, 0.5, 0, 0, 0], "High age (60 vs 40)"),  # below 15 % of what raises it
        ([0, 0, 0, 0.3, 0.2], "Club: gold"),
        ([0, 0, 0, 0, 0.2], "Not club: none"),
        ([-0.1, 0, -0.2, 0, 0], ""),
    ],
)
def test_what_raises_the_prediction_most_is_named(contributions, words):
    X, typical = np.array([[7.0, 60, 3, 1, 0]]), np.array([5.0, 40, 4, 0, 1])
    assert reasons_of(np.array([contributions]), X, typical, ENTRIES) == [words]


def test_of_many_small_reasons_the_strongest_is_named():
    entries = [FeatureEntry(f"item {at}", f"item {at}", "", "") for at in range(20)]
    contributions = np.full((1, 20), 0.1)
    contributions[0, 7] = 0.11
    assert reasons_of(contributions, np.ones((1, 20)), np.zeros(20), entries) == ["High item 7 (1 vs 0)"]
