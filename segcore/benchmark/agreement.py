"""How far an engine's results agree, between its own runs and with stock's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from segcore.benchmark.record import Run
from segcore.benchmark.spec import BenchmarkSpec
from segcore.clustering.algorithms.registry import algorithm
from segcore.clustering.compare import adjusted_rand_index, inertia_gap, same_labels, same_partition


def count_repeatable(runs: Sequence[Run], n_points: int) -> int | None:
    """Return the number of points with identical labels in every run of an engine; ``None`` for fewer than two runs."""
    if len(runs) < 2:
        return None
    return sum(
        all(
            run.points[position]["status"] == "ok" == runs[0].points[position]["status"]
            and same_labels(run.labels(position), runs[0].labels(position))
            for run in runs[1:]
        )
        for position in range(n_points)
    )


def agreement_with_stock(runs: Sequence[Run], base: Sequence[Run], spec: BenchmarkSpec) -> dict[str, Any]:
    """Compare an engine's runs with stock's, run by run; each point counts as its worst run."""
    pairs = [(run, other) for run in runs for other in base if run.number == other.number and run.died is None is other.died]
    identical = same_labels if algorithm(spec.sweep.algorithm).numbered else same_partition
    compared: list[dict[str, Any]] = []
    for position, point in enumerate(spec.sweep.points):
        found = []
        for run, other in pairs:
            if run.points[position]["status"] == "ok" == other.points[position]["status"]:
                a, b = run.labels(position), other.labels(position)
                gap = inertia_gap(run.points[position]["inertia"], other.points[position]["inertia"])
                found.append((identical(a, b), adjusted_rand_index(a, b), gap))
        if found:
            gaps = [gap for _, _, gap in found if gap is not None]
            compared.append(
                {
                    "params": dict(point),
                    "identical": all(same for same, _, _ in found),
                    "ari": min(ari for _, ari, _ in found),
                    "inertia_gap": max(gaps) if gaps and algorithm(spec.sweep.algorithm).judging.by == "inertia" else None,
                }
            )
    gaps = [point["inertia_gap"] for point in compared if point["inertia_gap"] is not None]
    return {
        "identical_points": sum(point["identical"] for point in compared),
        "points": len(compared),
        "min_ari": min((point["ari"] for point in compared), default=None),
        "max_inertia_gap": max(gaps, default=None),
        "min_inertia_gap": min(gaps, default=None),
        "identical_meaning": "the same labels" if identical is same_labels else "the same partition",
        "inertia_gap_meaning": "(inertia of the engine - inertia of stock) / inertia of stock; above 0 the engine's result is worse",
        "by_point": compared,
    }
