"""Plan: which features are clustered, and how they are prepared."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from segcore.errors import ParameterError
from segcore.records.preparation import IDEAS, OUTLIERS, SCALERS, TRANSFORMS, Ideas, Outliers, Scaler, Transform

MAX_SEED = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Plan:
    """All choices between the table of all features and the matrix that is clustered.

    Parameters
    ----------
    features : tuple of str
        Columns of the feature table to cluster on, in order. Empty only while the analyst is choosing.
    outliers : {"kit", "none"}
        The Intel kit's outlier rule, or none.
    scaler : {"standard", "minmax", "robust", "none"}
    transforms : mapping of feature to {"log", "power"}
        Applied to skewed features before scaling.
    weights : mapping of feature to float
        Factors on scaled features, each > 0 and finite. Other features have 1, and a weight of 1 is omitted.
    ideas : {"once", "each"}
        Whether features that say the same count once together, or each in full: see `segcore.features.ideas`.
    repeats : int
        Copies of each customer, at least 1; above 1 every copy is jittered.
    seed : int
        Seed of every random draw, 0 to 2**32 - 1.

    Raises
    ------
    ParameterError
        If a field is outside its domain. Whether the features exist and include those with a transform or weight is
        checked where the table is at hand: see `segcore.features.preparation.fit_plan`.

    Examples
    --------
    >>> Plan(("age", "spend"), weights={"age": 4, "spend": 1}).weights
    {'age': 4.0}
    """

    features: tuple[str, ...]
    outliers: Outliers = "none"
    scaler: Scaler = "standard"
    transforms: Mapping[str, Transform] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    ideas: Ideas = "each"
    repeats: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        """Check each field and bring it into its canonical form."""
        if self.outliers not in OUTLIERS:
            raise ParameterError.unknown("outlier rule", self.outliers, OUTLIERS)
        if self.scaler not in SCALERS:
            raise ParameterError.unknown("scaler", self.scaler, SCALERS)
        if self.ideas not in IDEAS:
            raise ParameterError.unknown("ideas", self.ideas, IDEAS)
        for name, transform in self.transforms.items():
            if transform not in TRANSFORMS:
                raise ParameterError.unknown(f"transform of {name}", transform, TRANSFORMS)
        for name, weight in self.weights.items():
            if isinstance(weight, bool) or not (math.isfinite(weight) and weight > 0):
                raise ParameterError(f"The weight of {name} must be a number above 0, such as 2.5 or 0.5, got {weight!r}.")
        if isinstance(self.repeats, bool) or int(self.repeats) != self.repeats or self.repeats < 1:
            raise ParameterError(f"repeats must be a whole number of at least 1, got {self.repeats!r}.")
        if isinstance(self.seed, bool) or int(self.seed) != self.seed or not 0 <= self.seed <= MAX_SEED:
            raise ParameterError.out_of_range("seed", self.seed, 0, MAX_SEED)
        canonical = {
            "features": tuple(self.features),
            "transforms": dict(self.transforms),
            "weights": {name: float(weight) for name, weight in self.weights.items() if weight != 1},
            "repeats": int(self.repeats),
            "seed": int(self.seed),
        }
        for name, value in canonical.items():
            object.__setattr__(self, name, value)

    def with_features(self, features: Sequence[str]) -> Plan:
        """Return the plan with other features; those that stay keep their weight and transform."""
        return replace(
            self,
            features=tuple(features),
            transforms={name: transform for name, transform in self.transforms.items() if name in features},
            weights={name: weight for name, weight in self.weights.items() if name in features},
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain values; ``ideas`` only where they count once, so that a sweep from before there was a choice keeps its id."""
        return {
            "features": list(self.features),
            "outliers": self.outliers,
            "scaler": self.scaler,
            "transforms": dict(self.transforms),
            "weights": dict(self.weights),
            **({"ideas": self.ideas} if self.ideas == "once" else {}),
            "repeats": self.repeats,
            "seed": self.seed,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Plan:
        """Build the record from the output of ``to_json``."""
        return cls(
            features=tuple(data["features"]),
            outliers=data["outliers"],
            scaler=data["scaler"],
            transforms=data.get("transforms", {}),
            weights=data.get("weights", {}),
            ideas=data.get("ideas", "each"),
            repeats=data["repeats"],
            seed=data["seed"],
        )
