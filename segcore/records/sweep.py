"""Sweep: what was asked, and the solutions found so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from segcore.records.grid import Value
from segcore.records.preparation import Outliers, Preparation, Scaler, Transform
from segcore.records.solution import EngineName, Solution
from segcore.system.digests import digest


@dataclass(frozen=True, slots=True)
class SweepSpec:
    """What is asked of a sweep. Its id is its content: the same question has the same id, on every screen and in every session.

    Parameters
    ----------
    table : str
        Id of the stored FeatureTable with every feature of every customer (before outlier rule and copies).
    data : mapping
        What the table was made from, for people: ``name``, ``kind``, ``fingerprint``, ``roles``, ``filters``.
    features : tuple of str
        Columns of the table to cluster on, in order.
    outliers, repeats, scaler
        The Intel kit's outlier rule or none; copies a customer (with seeded jitter where more than one); scaling.
    algorithm, points, engine, seed
        The grid, point by point in the order asked, and who computes it.
    versions : mapping of str to str
        Versions of segcore and the numerical libraries.
    weights : mapping of feature to float
        Factors on scaled features, each > 0; features that are not named have 1.
    transforms : mapping of feature to {"log", "power"}
        What is done to skewed features before they are scaled.
    """

    table: str
    data: Mapping[str, Any]
    features: tuple[str, ...]
    outliers: Outliers
    repeats: int
    scaler: Scaler
    algorithm: str
    points: tuple[Mapping[str, Value], ...]
    engine: EngineName
    seed: int
    versions: Mapping[str, str]
    weights: Mapping[str, float] = field(default_factory=dict)
    transforms: Mapping[str, Transform] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """SHA-256 of the spec in hexadecimal; what only describes the data to people is left out."""
        described = {key: value for key, value in self.to_json().items() if key != "data"}
        return digest({**described, "fingerprint": self.data.get("fingerprint"), "filters": self.data.get("filters")})

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "table": self.table,
            "data": dict(self.data),
            "features": list(self.features),
            "outliers": self.outliers,
            "repeats": self.repeats,
            "scaler": self.scaler,
            "algorithm": self.algorithm,
            "points": [dict(point) for point in self.points],
            "engine": self.engine,
            "seed": self.seed,
            "versions": dict(self.versions),
            "weights": dict(self.weights),
            "transforms": dict(self.transforms),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SweepSpec:
        """Build the record from what ``to_json`` returned."""
        return cls(
            **{
                **data,
                "features": tuple(data["features"]),
                "points": tuple(dict(point) for point in data["points"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The point to start from, or none, and why in one sentence.

    Parameters
    ----------
    params : mapping or None
        ``None`` where there is no clear best.
    reason : str
    """

    params: Mapping[str, Value] | None
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """A sweep as far as it has come.

    Parameters
    ----------
    id : str
    spec : SweepSpec
    solutions : tuple of Solution or None
        One a point of ``spec.points``, in that order; ``None`` where it is not there yet.
    preparation : Preparation or None
        ``None`` before the first point is there.
    summary : mapping
        Once complete: ``rows``, ``shared_seconds``, ``set_aside`` ({"customers", "revenue_share"}),
        ``recommended`` ({"params", "reason"}; ``params`` may be null).
    """

    id: str
    spec: SweepSpec
    solutions: tuple[Solution | None, ...]
    preparation: Preparation | None
    summary: Mapping[str, Any]

    @property
    def is_complete(self) -> bool:
        """Tell whether every point has its Solution."""
        return all(solution is not None for solution in self.solutions)

    def same_as(self) -> tuple[int | None, ...]:
        """Return for each point the first point of the grid, before it, with the same partition; ``None`` where there is none."""
        first: dict[str, int] = {}
        found: list[int | None] = []
        for position, solution in enumerate(self.solutions):
            partition = solution.partition if solution else None
            earliest = position if partition is None else first.setdefault(partition, position)
            found.append(earliest if earliest < position else None)
        return tuple(found)

    @property
    def recommendation(self) -> Recommendation | None:
        """The recommended point; ``None`` before the sweep is complete."""
        found = self.summary.get("recommended")
        return Recommendation(found["params"], found["reason"]) if found else None
