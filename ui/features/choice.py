"""What the analyst chose to cluster on; plain values, no Streamlit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from segcore.records.feature_table import FeatureTable
from segcore.records.preparation import Outliers, Scaler, Transform

SETS: Mapping[str, tuple[str, ...]] = {"transactions": ("behaviour", "rfm", "kit", "small", "all")}
"""The feature sets of each kind of data that a screen offers; the others have ``all`` only."""


@dataclass(frozen=True, slots=True)
class FeatureChoice:
    """Features and what is done to their table before the clustering.

    Parameters
    ----------
    features : tuple of str
        Names of columns of the feature table, in its order; may be empty while the analyst is choosing.
    outliers, scaler, repeats, seed
        As in ``SweepSpec``.
    weights : tuple of (feature, factor)
        Ticked features whose factor is not 1, in the order of ``features``.
    transforms : tuple of (feature, {"log", "power"})
        Ticked features that are transformed, in the order of ``features``.
    """

    features: tuple[str, ...]
    outliers: Outliers = "none"
    scaler: Scaler = "standard"
    repeats: int = 1
    seed: int = 0
    weights: tuple[tuple[str, float], ...] = ()
    transforms: tuple[tuple[str, Transform], ...] = ()


def default_choice(table: FeatureTable, kind: str) -> FeatureChoice:
    """Return what the app ticks at first.

    ``behaviour`` in units of a standard deviation for transactions, every feature otherwise; with one row a customer stretched from
    0 to 1, so that numbers stand beside what is 0 or 1 already.
    """
    from segcore.features.sets import feature_names

    features = feature_names(table, "behaviour" if kind == "transactions" else "all", kind)
    return FeatureChoice(features=features, scaler="minmax" if kind == "customers" else "standard")


def kit_choice(table: FeatureTable, kind: str, *, seed: int = 0) -> FeatureChoice:
    """Return the Intel kit's setting: its 21 features, its outlier rule, standard scaling, one row a customer."""
    from segcore.features.sets import feature_names

    return FeatureChoice(features=feature_names(table, "kit", kind), outliers="kit", seed=seed)


def sets_of(kind: str) -> tuple[str, ...]:
    """Return the names of the feature sets that there are for a kind of data."""
    from segcore.features.sets import FEATURE_SETS

    return tuple(name for name in SETS.get(kind, ("all",)) if name in FEATURE_SETS)


def preset_name(choice: FeatureChoice, table: FeatureTable, kind: str) -> str | None:
    """Return the name of the feature set that is exactly what is ticked, if there is one."""
    from segcore.features.sets import feature_names

    ticked = set(choice.features)
    return next((name for name in sets_of(kind) if ticked == set(feature_names(table, name, kind))), None)


def with_features(choice: FeatureChoice, features: tuple[str, ...]) -> FeatureChoice:
    """Return the choice with other features; those that stay keep their weight and transform."""
    return replace(
        choice,
        features=features,
        weights=tuple(pair for pair in choice.weights if pair[0] in features),
        transforms=tuple(pair for pair in choice.transforms if pair[0] in features),
    )
