"""The solutions of a sweep as a reader sees them: their labels, and their measures or why they have none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from segcore.clustering.algorithms.registry import algorithm, criteria
from segcore.clustering.point_labels import point_label
from segcore.clustering.specification.presentation import Criterion
from segcore.records.estimate import Estimate
from segcore.records.evidence import PointEvidence
from segcore.records.grid import Value, axes_of, find_point, value_text
from segcore.records.solution import Solution
from segcore.records.sweep import Sweep
from segcore.wording.numbers import number_text, two_decimals

WAITING = "not finished"
"""The gap of a solution that the sweep has not reached; figures leave it blank, and their descriptions count it."""

NOT_MEASURED = Estimate.undefined("not measured")


@dataclass(frozen=True, slots=True)
class PointRow:
    """One solution.

    Parameters
    ----------
    position : int
        In the sweep.
    params : mapping of str to number or word
    label, tick : str
        The varying parameters, in words, and as bare values for an axis; see ``points_axis``.
    state : {"ok", "failed", "skipped", "waiting"}
    gap : str or None
        Why there is no quality, in a few words: "failed", "skipped", "not finished", "no segment", "one segment".
    reason : str or None
        The solution's own sentence.
    sizes : tuple of int
        Rows of each segment, the largest first.
    n_noise : int
    noise_share : float or None
        0 to 1.
    inertia, calinski_harabasz, davies_bouldin : float or None
    criteria : mapping of name to float
        Values computed by the algorithm itself, such as ``bic``; see ``AlgorithmSpec.criteria``.
    silhouette : Estimate
    compactness : mapping of feature name to float or None
        Size-weighted mean over the segments.
    fit_seconds : float or None
    engine : str or None
        The engine that really computed it.
    """

    position: int
    params: Mapping[str, Value]
    label: str
    tick: str
    state: Literal["ok", "failed", "skipped", "waiting"]
    gap: str | None
    reason: str | None
    sizes: tuple[int, ...]
    n_noise: int
    noise_share: float | None
    inertia: float | None
    calinski_harabasz: float | None
    davies_bouldin: float | None
    criteria: Mapping[str, float]
    silhouette: Estimate
    compactness: Mapping[str, float | None]
    fit_seconds: float | None
    engine: str | None

    @property
    def n_segments(self) -> int:
        """Number of segments found, not counting noise."""
        return len(self.sizes)

    @property
    def mean_compactness(self) -> float | None:
        """Mean over the features for which it is defined."""
        known = [value for value in self.compactness.values() if value is not None]
        return sum(known) / len(known) if known else None


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of a solution, which may be missing.

    Parameters
    ----------
    name, title, unit : str
    reading : str
        How to read it, in one sentence.
    value : callable (PointRow) -> float or None
    """

    name: str
    title: str
    unit: str
    reading: str
    value: Callable[[PointRow], float | None]

    @property
    def axis(self) -> str:
        """Title of an axis that shows it."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def text(self, value: float | None) -> str:
        """Return a value in words."""
        return two_decimals(value) if self.name in ("silhouette", "compactness") else number_text(value, self.unit)


_MEASURES = (
    Metric(
        "inertia",
        "Inertia",
        "squared scaled units",
        "Total squared distance of customers to their segment's centre. It falls with more segments; look for the bend.",
        lambda row: row.inertia,
    ),
    Metric(
        "silhouette",
        "Silhouette",
        "−1 to 1",
        "How much closer customers are to their own segment than to the next one. Higher is better, but data without segments have one "
        "too: compare with the area.",
        lambda row: row.silhouette.value,
    ),
    Metric(
        "calinski_harabasz",
        "Calinski–Harabasz",
        "index without a unit",
        "Spread between segments divided by spread within them. Higher is better, on the same data.",
        lambda row: row.calinski_harabasz,
    ),
    Metric(
        "davies_bouldin",
        "Davies–Bouldin",
        "index without a unit",
        "Mean similarity of each segment to the most similar other one. Lower is better.",
        lambda row: row.davies_bouldin,
    ),
)
_COUNTS = (
    Metric(
        "n_segments",
        "Segments found",
        "segments",
        "The number of segments, not counting noise.",
        lambda row: row.n_segments if row.state == "ok" else None,
    ),
    Metric(
        "noise_share",
        "Noise",
        "share of customers",
        "The share of customers that belong to no segment.",
        lambda row: row.noise_share,
    ),
    Metric(
        "compactness",
        "Mean compactness",
        "1 = identical within segments, 0 = as spread as all",
        "How much more alike customers are within the segments than overall, averaged over the features.",
        lambda row: row.mean_compactness,
    ),
)


def metrics() -> tuple[Metric, ...]:
    """Return every number that a solution may have: measures, the algorithms' own criteria, and counts."""
    own = (Metric(found.name, found.title, found.unit, found.reading, partial(_criterion_value, found.name)) for found in criteria())
    return (*_MEASURES, *own, *_COUNTS)


def _criterion_value(name: str, row: PointRow) -> float | None:
    return row.criteria.get(name)


def metric(name: str) -> Metric:
    """Return a metric by its name."""
    return next(found for found in metrics() if found.name == name)


def point_rows(sweep: Sweep) -> tuple[PointRow, ...]:
    """Return every solution of a sweep in the grid's order, finished or not."""
    varying = [name for name, values in axes_of(sweep.spec.points).items() if len(values) > 1]
    return tuple(
        _row(sweep.spec.algorithm, position, params, solution, varying)
        for position, (params, solution) in enumerate(zip(sweep.spec.points, sweep.solutions, strict=True))
    )


def _row(algorithm_name: str, position: int, params: Mapping[str, Value], solution: Solution | None, varying: Sequence[str]) -> PointRow:
    quality = solution.quality if solution else None
    shown = {name: value for name, value in params.items() if name in varying} or params
    return PointRow(
        position=position,
        params=params,
        label=point_label(algorithm_name, shown),
        tick=" · ".join(value_text(value) for value in shown.values()),
        state=solution.status if solution else "waiting",
        gap=_gap(solution),
        reason=solution.reason if solution else None,
        sizes=tuple(sorted(solution.sizes, reverse=True)) if solution else (),
        n_noise=solution.n_noise if solution else 0,
        noise_share=solution.noise_share if solution else None,
        inertia=quality.inertia if quality else None,
        calinski_harabasz=quality.calinski_harabasz if quality else None,
        davies_bouldin=quality.davies_bouldin if quality else None,
        criteria=solution.criteria if solution else {},
        silhouette=quality.silhouette if quality else NOT_MEASURED,
        compactness=quality.mean_compactness if quality else {},
        fit_seconds=solution.fit_seconds if solution else None,
        engine=solution.engine if solution and solution.status == "ok" else None,
    )


def _gap(solution: Solution | None) -> str | None:
    if solution is None:
        return WAITING
    if solution.status != "ok":
        return solution.status
    return {0: "no segment", 1: "one segment"}.get(solution.n_segments)


def axis_title(algorithm_name: str, param_name: str) -> str:
    """Return the title of an axis over a parameter, with its unit and name."""
    param = algorithm(algorithm_name).param(param_name)
    unit = f", {param.unit}" if param.unit else ""
    return f"{param.title}{unit} ({param.name})" if param.title.lower() != param.name.lower() else f"{param.name}{unit}"


def points_axis(sweep: Sweep) -> str:
    """Return the title of an axis on which every solution has its ``tick``."""
    axes = axes_of(sweep.spec.points)
    return joint_axis(sweep, [name for name, values in axes.items() if len(values) > 1] or list(axes))


def joint_axis(sweep: Sweep, names: Sequence[str]) -> str:
    """Return the title of an axis over several parameters, such as ``Number of components · shape``; over one, ``axis_title``."""
    if len(names) == 1:
        return axis_title(sweep.spec.algorithm, names[0])
    title = " · ".join(algorithm(sweep.spec.algorithm).param(name).title.lower() for name in names)
    return title[:1].upper() + title[1:]


def recommended_position(sweep: Sweep) -> int | None:
    """Return the position of the recommended solution, or None."""
    found = sweep.recommendation
    return find_point(sweep.spec.points, found.params) if found is not None and found.params is not None else None


def best_position(sweep: Sweep) -> int:
    """Return the position of the solution to show first.

    It is the recommended one, else that with the lowest criterion that its algorithm is judged by, such as BIC, else that with the
    highest silhouette; where nothing is measured, the first that is finished.
    """
    recommended = recommended_position(sweep)
    if recommended is not None:
        return recommended
    by = _judged_by(sweep)

    def rank(position: int) -> tuple[int, float]:
        solution = sweep.solutions[position]
        if solution is None or solution.status != "ok":
            return (0 if solution is None else 1, 0.0)
        if by is not None:
            value = solution.criteria.get(by.name)
            return (2, 0.0) if value is None else (3, -value)
        silhouette = solution.quality.silhouette.value if solution.quality else None
        return (2, 0.0) if silhouette is None else (3, silhouette)

    return max(range(len(sweep.solutions)), key=rank, default=0)


def why_shown(sweep: Sweep) -> str:
    """Return why the solution of `best_position` is shown first, for a sweep without a recommended one; "" where nothing is measured."""
    position = best_position(sweep)
    solution, by = sweep.solutions[position], _judged_by(sweep)
    if solution is None or recommended_position(sweep) is not None:
        return ""
    silhouette = solution.quality.silhouette.value if solution.quality else None
    if by is not None and by.name in solution.criteria:
        what = f"lowest {by.title}, {by.text(solution.criteria[by.name])}"
    elif by is None and silhouette is not None:
        what = f"highest silhouette, {two_decimals(silhouette)}"
    else:
        return ""
    return f"No solution is recommended. This one is shown because it has the {what}."


def _judged_by(sweep: Sweep) -> Criterion | None:
    """Return the criterion that the algorithm's solutions are judged by, if it is one of its own."""
    spec = algorithm(sweep.spec.algorithm)
    return next((found for found in spec.criteria if found.name == spec.judging.by), None)


def same_segments(sweep: Sweep) -> list[str | None]:
    """Return, for each solution, the first earlier one with the same partition, named by the parameters that differ: ``tol 0.0001``."""
    algorithm_name, points = sweep.spec.algorithm, sweep.spec.points
    return [
        None
        if first is None
        else point_label(algorithm_name, {name: value for name, value in points[first].items() if own.get(name) != value})
        for own, first in zip(points, sweep.same_as(), strict=True)
    ]


def point_table(sweep: Sweep) -> list[dict[str, Any]]:
    """Return one record per solution with every measured number at full precision, ``None`` if undefined."""
    return [
        {
            **dict(row.params),
            "status": row.state,
            "segments": row.n_segments if row.state == "ok" else None,
            "largest": row.sizes[0] if row.sizes else None,
            "smallest": row.sizes[-1] if row.sizes else None,
            "noise_share": row.noise_share,
            "silhouette": row.silhouette.value,
            "silhouette_low": row.silhouette.low,
            "silhouette_high": row.silhouette.high,
            "silhouette_sample": row.silhouette.sample_size,
            "inertia": row.inertia,
            "calinski_harabasz": row.calinski_harabasz,
            "davies_bouldin": row.davies_bouldin,
            **{criterion.name: row.criteria.get(criterion.name) for criterion in criteria()},
            "mean_compactness": row.mean_compactness,
            **point.numbers(),
            "fit_seconds": row.fit_seconds,
            "engine": row.engine,
            "same_segments_as": same,
            "reason": row.reason,
        }
        for row, same, point in zip(point_rows(sweep), same_segments(sweep), _evidence(sweep), strict=True)
    ]


def evidence_table(sweep: Sweep) -> list[dict[str, Any]]:
    """Return one record per solution with the evidence on it at full precision, ``None`` if undefined or not gathered."""
    return [{**dict(params), **point.numbers()} for params, point in zip(sweep.spec.points, _evidence(sweep), strict=True)]


def _evidence(sweep: Sweep) -> Sequence[PointEvidence]:
    evidence = sweep.evidence
    return evidence.points if evidence is not None and evidence.points else (PointEvidence(),) * len(sweep.spec.points)
