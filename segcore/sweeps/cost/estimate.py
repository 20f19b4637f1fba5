"""Time and memory of a sweep, before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from segcore.clustering.algorithms.registry import algorithm
from segcore.clustering.specification.cost import Cost, RowsToCost
from segcore.errors import MemoryLimitError
from segcore.records.feature_table import FeatureTable
from segcore.records.grid import Point, point_key
from segcore.records.solution import EngineName
from segcore.records.sweep import SweepSpec
from segcore.sweeps.cost.calibration import BASE_BYTES, Calibration
from segcore.sweeps.cost.measuring_work import MEASURING_KINDS, other_work, silhouette_work
from segcore.sweeps.cost.sampled_rows import SampledRows
from segcore.system.machine import available_bytes
from segcore.wording.numbers import bytes_text

_FLOAT = 8
_ROW_COPIES = 6.0
_ROW_BYTES = 120
_POINT_SECONDS = 0.02
_NAMED = 3


@dataclass(frozen=True, slots=True)
class SweepEstimate:
    """Estimated time and memory of a sweep.

    Parameters
    ----------
    points : tuple of points
    n_rows, n_features : int
    seconds : float or None
        From start to end; ``None`` if this machine was not measured, or not for this algorithm and engine.
    bytes : int
        Peak memory of its worker.
    base_bytes : int
        The part of it for libraries and rows alone.
    point_bytes : tuple of int
        The same as ``bytes`` for each point alone.
    remedy : str
        What to change if it does not fit.
    """

    points: tuple[Point, ...]
    n_rows: int
    n_features: int
    seconds: float | None
    bytes: int
    base_bytes: int
    point_bytes: tuple[int, ...]
    remedy: str

    def fits(self, limit: int) -> bool:
        """Tell whether the sweep fits into so many bytes."""
        return self.bytes <= limit

    def refusal(self, limit: int) -> str | None:
        """Return why the sweep cannot start with so many bytes and what to change; ``None`` if it fits."""
        if self.fits(limit):
            return None
        if limit < self.base_bytes:
            return (
                f"This sweep needs about {bytes_text(self.bytes)}, but may use only {bytes_text(limit)}. Libraries and rows "
                f"alone take {bytes_text(self.base_bytes)}: give it more memory, or close other programs."
            )
        large = [point_key(point) for point, needed in zip(self.points, self.point_bytes, strict=True) if needed > limit]
        which = ""
        if large and len(large) < len(self.points):
            rest = f" and {len(large) - _NAMED:,} more" if len(large) > _NAMED else ""
            which = f" ({'; '.join(large[:_NAMED])}{rest} would not fit)"
        return f"This sweep needs about {bytes_text(self.bytes)}, but may use only {bytes_text(limit)}{which}: choose {self.remedy}."

    def to_json(self, limit: int) -> dict[str, Any]:
        """Return the document that ``sweep --dry-run --json`` prints."""
        return {
            "points": len(self.points),
            "rows": self.n_rows,
            "features": self.n_features,
            "estimated_seconds": self.seconds,
            "estimated_bytes": self.bytes,
            "memory_limit_bytes": limit,
            "fits": self.fits(limit),
            "refusal": self.refusal(limit),
        }


def memory_limit(asked: int | None = None) -> int:
    """Return the bytes that a sweep may use: the given limit, else what the machine and its control groups have free."""
    return available_bytes() if asked is None else asked


def estimate_sweep(
    rows: RowsToCost,
    algorithm_name: str,
    points: Sequence[Point],
    engine: EngineName,
    *,
    calibration: Calibration | None = None,
    memory: int | None = None,
    measured: bool = True,
) -> SweepEstimate:
    """Estimate the time and memory of a sweep.

    Parameters
    ----------
    rows : RowsToCost
        Such as `SampledRows.of` a feature table.
    algorithm_name : str
    points : sequence of points
    engine : {"stock", "intel", "shared"}
    calibration : Calibration or None
        Of this machine; without one, no time is estimated.
    memory : int or None
        Bytes the worker may use, for engines that adapt to their limit.
    measured : bool
        Whether the solutions are measured and stored; a benchmark only fits them.
    """
    spec = algorithm(algorithm_name)
    n, d = rows.n_rows, rows.n_features
    base = (calibration.base_bytes if calibration else BASE_BYTES) + n * (_FLOAT * d * 2 + _ROW_BYTES)
    room = None if memory is None else max(0, memory - base)
    none = (0,) * len(points)
    cost = spec.cost.estimate(rows, points, engine, memory=room) if spec.cost else Cost({}, none, none, (1.0,) * len(points))
    passing = int(_FLOAT * n * d * (_ROW_COPIES - 2))  # temporary memory for measuring one labelling
    labels = 12 * n * len(points)
    most = base + sum(cost.kept_bytes) + labels + max(cost.shared_bytes + max(cost.point_bytes, default=0), passing)
    alone = tuple(base + 12 * n + kept + max(own, passing) for own, kept in zip(cost.point_bytes, cost.kept_bytes, strict=True))
    seconds = None
    if calibration is not None:
        measuring = (silhouette_work(n, d, cost.clustered), other_work(n, d, cost.clustered))
        work = {**cost.work, **dict(zip(MEASURING_KINDS, measuring, strict=True))} if measured else cost.work
        fitted = calibration.time_of(work) if spec.cost else None
        storing = _POINT_SECONDS * len(points) if measured else 0.0
        seconds = None if fitted is None else calibration.start_seconds + fitted + storing
    return SweepEstimate(tuple(points), n, d, seconds, most, base, alone, cost.remedy)


def estimate_spec(
    table: FeatureTable, spec: SweepSpec, *, calibration: Calibration | None = None, memory: int | None = None
) -> SweepEstimate:
    """Estimate the sweep of a spec; ``table`` is the stored one with every feature, the rest as in `estimate_sweep`."""
    rows = SampledRows.of(table, spec.plan)
    return estimate_sweep(rows, spec.algorithm, spec.points, spec.engine, calibration=calibration, memory=memory)


def require_memory(estimate: SweepEstimate, limit: int) -> None:
    """Raise `MemoryLimitError` with what to change if a sweep would not fit."""
    refusal = estimate.refusal(limit)
    if refusal is not None:
        raise MemoryLimitError(refusal)
