"""What the analyst chose to cluster on; plain values, no Streamlit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from segcore.dataset import FeatureTable
from segcore.solution import Outliers, Scaler


@dataclass(frozen=True, slots=True)
class FeatureChoice:
    """Features and what is done to their table before the clustering.

    Parameters
    ----------
    features : tuple of str
        Names of columns of the feature table, in its order; may be empty while the analyst is choosing.
    outliers, scaler, repeats, seed
        As in ``SweepSpec``.
    """

    features: tuple[str, ...]
    outliers: Outliers = "none"
    scaler: Scaler = "standard"
    repeats: int = 1
    seed: int = 0


def default_choice(table: FeatureTable, kind: str) -> FeatureChoice:
    """Return what the app ticks at first: ``behaviour`` for transactions, every numeric column for one row a customer."""
    from segcore.features import feature_names

    return FeatureChoice(features=feature_names(table, "behaviour" if kind == "transactions" else "all", kind))


def kit_choice(table: FeatureTable, kind: str, *, seed: int = 0) -> FeatureChoice:
    """Return the Intel kit's setting: its 21 features, its outlier rule, standard scaling, one row a customer."""
    from segcore.features import feature_names

    return FeatureChoice(features=feature_names(table, "kit", kind), outliers="kit", seed=seed)


def preset_name(choice: FeatureChoice, table: FeatureTable, kind: str) -> str | None:
    """Return the name of the feature set that is exactly what is ticked, if there is one."""
    from segcore.features import feature_names

    ticked = set(choice.features)
    for name in ("behaviour", "kit", "small", "all") if kind == "transactions" else ("all",):
        if ticked == set(feature_names(table, name, kind)):
            return name
    return None


def with_features(choice: FeatureChoice, features: tuple[str, ...]) -> FeatureChoice:
    """Return the choice with other features."""
    return replace(choice, features=features)
