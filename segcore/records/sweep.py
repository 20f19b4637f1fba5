"""Sweep: its specification, and the solutions finished so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segcore.records.grid import Value
from segcore.records.plan import Plan
from segcore.records.preparation import Preparation
from segcore.records.solution import EngineName, Solution
from segcore.system.digests import digest


@dataclass(frozen=True, slots=True)
class SweepSpec:
    """Specification of a sweep. Its id is a digest of its content, so equal specifications have the same id everywhere.

    Parameters
    ----------
    table : str
        Id of the stored FeatureTable with every feature of every customer (before outlier rule and copies).
    data : mapping
        Where the table comes from, for display: ``name``, ``kind``, ``fingerprint``, ``roles``, ``filters``.
    plan : Plan
        What is clustered, and how it is prepared.
    algorithm, points, engine
        The grid, point by point in the order given, and the engine that computes it.
    versions : mapping of str to str
        Versions of segcore and the numerical libraries.
    """

    table: str
    data: Mapping[str, Any]
    plan: Plan
    algorithm: str
    points: tuple[Mapping[str, Value], ...]
    engine: EngineName
    versions: Mapping[str, str]

    @property
    def id(self) -> str:
        """SHA-256 of the spec in hexadecimal, without the parts that only describe the data for display."""
        described = {key: value for key, value in self.to_json().items() if key != "data"}
        return digest({**described, "fingerprint": self.data.get("fingerprint"), "filters": self.data.get("filters")})

    def to_json(self) -> dict[str, Any]:
        """Return plain values, with the plan's at the top level: ids are digests of this form, and earlier stores hold it."""
        return {
            "table": self.table,
            "data": dict(self.data),
            **self.plan.to_json(),
            "algorithm": self.algorithm,
            "points": [dict(point) for point in self.points],
            "engine": self.engine,
            "versions": dict(self.versions),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SweepSpec:
        """Build the record from the output of ``to_json``."""
        return cls(
            table=data["table"],
            data=data["data"],
            plan=Plan.from_json(data),
            algorithm=data["algorithm"],
            points=tuple(dict(point) for point in data["points"]),
            engine=data["engine"],
            versions=data["versions"],
        )


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Recommended solution, if any, with the reason in a few sentences.

    Parameters
    ----------
    params : mapping or None
        ``None`` if no solution stands out.
    reason : str
    """

    params: Mapping[str, Value] | None
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """Sweep with the solutions finished so far.

    Parameters
    ----------
    id : str
    spec : SweepSpec
    solutions : tuple of Solution or None
        One per point of ``spec.points``, in that order; ``None`` while unfinished.
    preparation : Preparation or None
        ``None`` before the first point is finished.
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
        """Return for each point the first earlier point with the same partition, if any, else ``None``."""
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
