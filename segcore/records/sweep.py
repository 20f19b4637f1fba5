"""Sweep: its specification, and the solutions finished so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from segcore.records.evidence import SweepEvidence
from segcore.records.grid import Value
from segcore.records.plan import Plan
from segcore.records.preparation import Preparation
from segcore.records.shapes import check_fields
from segcore.records.solution import EngineName, Solution
from segcore.system.digests import digest

_EARLIER_RULE = (
    "This sweep was judged by an earlier version, from its silhouettes alone. \"Gather evidence\" on Explore, or 'segcore evidence', "
    "judges it again."
)


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


Outcome = Literal["groups", "cuts", "nothing"]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Recommended solution, if any, with the reason in a few sentences.

    Parameters
    ----------
    outcome : {"groups", "cuts", "nothing"} or None
        Separate groups; a useful cut of a continuum; neither. ``None`` without evidence.
    params : mapping or None
        ``None`` if no solution is recommended.
    reason : str
    p : float or None
        p-value of the best silhouette of the grid: the chance of one so far above those of data without segments, if there are none.
    runner_up : mapping or None
        Parameters of the second-best solution with another number of segments.
    table : tuple of mappings
        What speaks for the recommended solution and the runner-up, a row each; without a recommendation, for the best ones.
    """

    outcome: Outcome | None
    params: Mapping[str, Value] | None
    reason: str
    p: float | None = None
    runner_up: Mapping[str, Value] | None = None
    table: tuple[Mapping[str, Any], ...] = ()

    def saying(self, more: str) -> Recommendation:
        """Return the recommendation with more of a reason."""
        return replace(self, reason=self.reason + more)

    def to_json(self) -> dict[str, Any]:
        """Return plain values, as ``sweep --json`` prints them."""
        return {
            "outcome": self.outcome,
            "params": None if self.params is None else dict(self.params),
            "reason": self.reason,
            "p": self.p,
            "runner_up": None if self.runner_up is None else dict(self.runner_up),
            "table": [dict(row) for row in self.table],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Recommendation:
        """Build the record from the output of ``to_json``; one by an earlier rule, without evidence, recommends nothing."""
        if "outcome" not in data:
            return cls(None, None, _EARLIER_RULE)
        return cls(data["outcome"], data["params"], data["reason"], data["p"], data["runner_up"], tuple(data["table"]))


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
        Once complete: ``rows``, ``shared_seconds``, ``set_aside`` ({"customers", "revenue_share"}), ``recommended``
        (`Recommendation`) and, once some is gathered, ``evidence`` (`SweepEvidence`), both as plain values.
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
        return Recommendation.from_json(found) if found else None

    @property
    def evidence(self) -> SweepEvidence | None:
        """The evidence gathered so far; ``None`` if that has not begun."""
        found = self.summary.get("evidence")
        return SweepEvidence.from_json(found) if found else None


def check_summary(summary: Mapping[str, Any]) -> None:
    """Raise an error if a stored summary is not what ``Sweep.summary`` is; an empty one is one that is not written yet.

    Raises
    ------
    LookupError, TypeError, ValueError, AttributeError
    """
    if not summary:
        return
    aside = summary.get("set_aside", {"customers": 0, "revenue_share": None})
    kinds: tuple[tuple[Any, Any], ...] = (
        (summary["rows"], int),
        (aside["customers"], int),
        (aside["revenue_share"], float | int | None),
        (summary.get("shared_seconds", 0.0), float | int),
        (summary.get("features", []), list),
        (summary.get("ideas", []), list),
        (summary.get("distance_shares", {}), dict),
    )
    if not all(isinstance(value, kind) for value, kind in kinds):
        raise TypeError("a part of a sweep's summary is not of its type")
    for build, found in ((Recommendation.from_json, summary.get("recommended")), (SweepEvidence.from_json, summary.get("evidence"))):
        if found:
            check_fields(build(found))
