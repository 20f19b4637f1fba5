"""Preparation: everything fitted between raw features and the clustered matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Scaler = Literal["standard", "minmax", "robust", "none"]
Outliers = Literal["kit", "none"]
Transform = Literal["log", "power"]
Ideas = Literal["once", "each"]

SCALERS: tuple[Scaler, ...] = ("standard", "minmax", "robust", "none")
OUTLIERS: tuple[Outliers, ...] = ("kit", "none")
TRANSFORMS: tuple[Transform, ...] = ("log", "power")
# Of `segcore.features.planning.defaults.SETTINGS`; here so that the command line is parsed without numerical libraries.
SETTING_NAMES = ("default", "kit", "minmax")
IDEAS: tuple[Ideas, ...] = ("once", "each")


@dataclass(frozen=True, slots=True)
class Preparation:
    """Everything fitted between raw data and the clustered matrix, so that new customers are prepared in the same way.

    Parameters
    ----------
    features : tuple of str
        Names of the columns of the matrix, in its order.
    scaler : {"standard", "minmax", "robust", "none"}
    centre, scale : tuple of float, one per feature
        The matrix is ``(values - centre) / scale``; constant features have scale 1.
    reference_date : str or None
        ISO date and time up to which days were counted; ``None`` for customer tables.
    transforms : tuple of (str, float), one per feature, or empty
        ``("log", 0.0)``, ``("power", lambda)`` or ``("", 0.0)``: applied before scaling. Empty means no transforms.
    weights : tuple of float, one per feature, or empty
        Factors on the scaled features. Empty means 1 for each.
    fitted : mapping
        ``FeatureTable.fitted``: the values fitted to build the features from the source's columns.
    """

    features: tuple[str, ...]
    scaler: Scaler
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    reference_date: str | None = None
    transforms: tuple[tuple[str, float], ...] = ()
    weights: tuple[float, ...] = ()
    fitted: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain values; numbers keep every digit."""
        return {
            "features": list(self.features),
            "scaler": self.scaler,
            "centre": list(self.centre),
            "scale": list(self.scale),
            "reference_date": self.reference_date,
            "transforms": [list(transform) for transform in self.transforms],
            "weights": list(self.weights),
            "fitted": dict(self.fitted),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Preparation:
        """Build the record from the output of ``to_json``.

        Raises
        ------
        ValueError
            If there is not one centre and one scale per feature.
        """
        if not len(data["features"]) == len(data["centre"]) == len(data["scale"]):
            raise ValueError("a preparation has one centre and one scale per feature")
        return cls(
            features=tuple(data["features"]),
            scaler=data["scaler"],
            centre=tuple(data["centre"]),
            scale=tuple(data["scale"]),
            reference_date=data["reference_date"],
            transforms=tuple((name, value) for name, value in data.get("transforms", ())),
            weights=tuple(data.get("weights", ())),
            fitted=data.get("fitted", {}),
        )
