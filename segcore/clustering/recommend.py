"""Which point of a sweep to start from, or that none is clearly best, and why."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from segcore.clustering.algorithms.registry import ALGORITHMS
from segcore.clustering.point_labels import axis_label, grid_label, point_label
from segcore.records.grid import Point
from segcore.records.solution import Solution
from segcore.records.sweep import Recommendation

LOW_SILHOUETTE = 0.25
"""Below it the structure found "could be artificial" (Kaufman and Rousseeuw 1990, table 4)."""
MOST_NOISE = 0.5
_NOTHING_LEFT = 1e-9
_FEWEST_FOR_ELBOW = 4


def recommend(algorithm: str, solutions: Sequence[Solution | None]) -> Recommendation:
    """Return the point to start from with the reason in one sentence, or none with the reason why.

    Parameters
    ----------
    algorithm : str
        Its name. Where its ``judged_by`` is inertia, the elbow of that and silhouette decide together; where it is bic, the lowest BIC,
        unless the segments overlap; else silhouette alone.
    solutions : sequence of Solution or None
        Of the whole grid, measured; points that are not there, failed or were not measured are passed over.

    Notes
    -----
    At each number of clusters k-means is represented by the fit with the least inertia, over tolerances and starts; equal ones by the
    loosest tolerance. Equal silhouettes go to the smallest number of clusters, and for DBSCAN to the largest eps and fewest
    neighbours. Equal BICs go to the fewest components. BIC that is lowest at the most components of the grid may fall further beyond it,
    so that is no clear best. Never a point with fewer than two segments or with more than half noise.

    References
    ----------
    Satopaa et al. (2011), "Finding a kneedle in a haystack". Rousseeuw (1987). Fraley and Raftery (2002), "Model-based clustering".
    """
    there = [solution for solution in solutions if solution is not None]
    grid = _grid_text(there)
    judged_by = {spec.name: spec.judged_by for spec in ALGORITHMS}.get(algorithm, "silhouette")
    if judged_by == "inertia":
        return _by_elbow_and_silhouette(there, grid)
    return _by_bic(there, grid) if judged_by == "bic" else _by_silhouette(there, grid)


def _by_elbow_and_silhouette(solutions: Sequence[Solution], grid: str) -> Recommendation:
    best = _least_inertia_by_k(solutions)
    scored = {k: value for k, solution in best.items() if _is_candidate(solution) and (value := _silhouette(solution)) is not None}
    if not scored:
        return _none(f"over {grid}, no point has two segments whose silhouette is defined")
    top = max(scored, key=lambda k: (scored[k], -k))
    says = f"silhouette is highest at {top} segments ({_number(scored[top])})"
    if len(best) < 2:
        return _none(f"over {grid}, there is only one number of segments, so nothing to compare it with (its silhouette is "
                     f"{_number(scored[top])})")  # fmt: skip
    knee = _elbow({k: inertia for k, solution in best.items() if (inertia := _inertia(solution)) is not None})
    elbow = f"inertia has its elbow at {knee} segments" if knee else _no_elbow(len(best))
    if scored[top] < LOW_SILHOUETTE:
        return _none(f"over {grid}, {elbow} and {says}, which is below {LOW_SILHOUETTE}: the segments overlap")
    values = list(best)
    if knee and abs(values.index(knee) - values.index(top)) > 1:
        return _none(f"over {grid}, {elbow} but {says}: the two measures disagree")
    if not knee:
        return Recommendation(dict(best[top].params), f"Over {grid}, {says}; {elbow}.")
    near = "both point to it" if knee == top else "the two are neighbours in the grid, and silhouette decides"
    return Recommendation(dict(best[top].params), f"Over {grid}, {elbow} and {says}: {near}.")


def _no_elbow(n_values: int) -> str:
    # Kneedle wants the curve to flatten by a whole step after the elbow, which three points cannot show however sharp it is.
    return (
        "inertia has no clear elbow"
        if n_values >= _FEWEST_FOR_ELBOW
        else f"{n_values} numbers of segments are too few for an elbow of inertia"
    )


def _by_silhouette(solutions: Sequence[Solution], grid: str) -> Recommendation:
    candidates = [(value, solution) for solution in solutions if _is_candidate(solution) and (value := _silhouette(solution)) is not None]
    if not candidates:
        tried = [solution for solution in solutions if solution.status == "ok"]
        noisy = sum((solution.noise_share or 0) > MOST_NOISE for solution in tried)
        few = sum(solution.n_segments < 2 for solution in tried)
        counts = f"{noisy} of {len(solutions)} points are more than half noise and {few} have fewer than two segments"
        return _none(f"over {grid}, no point has at least two segments and at most half noise with a silhouette ({counts})")
    value, top = max(candidates, key=lambda found: (found[0], *_simplest(found[1].params)))
    says = (
        f"silhouette of the customers that are not noise is highest at {point_label(top.params)} ({_number(value)}), "
        f"with {top.n_segments} segments and {100 * (top.noise_share or 0):.0f} % noise"
    )
    if value < LOW_SILHOUETTE:
        return _none(f"over {grid}, {says}, but that is below {LOW_SILHOUETTE}: the segments overlap")
    return Recommendation(dict(top.params), f"Over {grid}, {says}.")


def _by_bic(solutions: Sequence[Solution], grid: str) -> Recommendation:
    fitted = [(bic, solution) for solution in solutions if (bic := _bic(solution)) is not None and "n_components" in solution.params]
    if not fitted:
        return _none(f"over {grid}, no point has a BIC")
    sizes = sorted({int(solution.params["n_components"]) for _, solution in fitted})
    # Rounded, so that the same mixture reached by another route counts as equal.
    bic, top = min(fitted, key=lambda found: (float(f"{found[0]:.9e}"), int(found[1].params["n_components"])))
    n_components, silhouette = int(top.params["n_components"]), _silhouette(top)
    shape = f" with {axis_label('covariance_type', [top.params['covariance_type']])}" if "covariance_type" in top.params else ""
    says = f"BIC is lowest at {axis_label('n_components', [n_components])}{shape} ({bic:,.0f})"
    if len(sizes) < 2:
        return _none(f"over {grid}, {says}, but there is only one number of components, so nothing to compare it with")
    if n_components == sizes[-1]:
        return _none(f"over {grid}, {says}, the most that were tried, so it may fall further: try more components")
    if not _is_candidate(top) or silhouette is None:
        return _none(f"over {grid}, {says}, but that does not part the customers into two segments that could be told apart")
    if silhouette < LOW_SILHOUETTE:
        return _none(f"over {grid}, {says}, but its silhouette is {_number(silhouette)}, below {LOW_SILHOUETTE}: the segments overlap")
    return Recommendation(dict(top.params), f"Over {grid}, {says}, and its segments are apart (silhouette {_number(silhouette)}).")


def _bic(solution: Solution) -> float | None:
    value = solution.criteria.get("bic") if solution.status == "ok" else None
    return value if value is not None and math.isfinite(value) else None


def _simplest(point: Point) -> tuple[float, float]:
    """Rank a point among equals: few clusters or a large eps first, then few neighbours."""
    return float(point.get("eps", -float(point.get("n_clusters", 0)))), -float(point.get("min_samples", 0))


def _none(reason: str) -> Recommendation:
    return Recommendation(None, f"No clear best: {reason}.")


def _is_candidate(solution: Solution) -> bool:
    return solution.status == "ok" and solution.n_segments >= 2 and (solution.noise_share or 0.0) <= MOST_NOISE


def _silhouette(solution: Solution) -> float | None:
    value = solution.quality.silhouette.value if solution.quality else None
    return value if value is not None and math.isfinite(value) else None


def _inertia(solution: Solution) -> float | None:
    value = solution.quality.inertia if solution.quality else None
    return value if value is not None and math.isfinite(value) else None


def _least_inertia_by_k(solutions: Sequence[Solution]) -> dict[int, Solution]:
    """Return the representative of each number of clusters, ascending."""
    best: dict[int, tuple[tuple[float, float, float], Solution]] = {}
    for solution in solutions:
        inertia = _inertia(solution) if solution.status == "ok" else None
        if inertia is None or "n_clusters" not in solution.params:
            continue
        k = int(solution.params["n_clusters"])
        # Rounded, so that the same partition reached by another route counts as equal.
        rank = (float(f"{inertia:.9e}"), -float(solution.params.get("tol", 0)), float(solution.params.get("n_init", 0)))
        if k not in best or rank < best[k][0]:
            best[k] = rank, solution
    return {k: best[k][1] for k in sorted(best)}


def _elbow(inertia: Mapping[int, float]) -> int | None:
    """Return the number of clusters at the elbow of inertia, or ``None``: with fewer than four there is none to see.

    Found on the logarithm, where a step is the share of inertia it saves: on 36 sets of 3, 4, 5 and 7 generated clusters that is the
    true number 35 times, against 18 (from one cluster) and 26 (from two) on inertia itself, whose first steps outweigh the rest.
    """
    highest = max(inertia.values(), default=0.0)
    if len(inertia) < _FEWEST_FOR_ELBOW or highest <= min(inertia.values()):
        return None
    # Fewer distinct customers than clusters leave nothing, and nothing has no logarithm.
    logs = [math.log(max(value, _NOTHING_LEFT * highest)) for value in inertia.values()]
    from kneed import KneeLocator

    ks = list(inertia)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            knees = KneeLocator(ks, logs, S=1.0, curve="convex", direction="decreasing", online=True).all_knees
        except (ValueError, IndexError, ZeroDivisionError):
            return None
    # Kneedle may name an end of the curve, where nothing can bend, or a small dent before the elbow: the deepest is taken.
    chord = np.interp(ks, [ks[0], ks[-1]], [logs[0], logs[-1]])
    depth = {k: float(chord[at] - logs[at]) for at, k in enumerate(ks) if k in knees}
    return max(depth, key=lambda k: (depth[k], -k)) if depth and max(depth.values()) > 0 else None


def _grid_text(solutions: Sequence[Solution]) -> str:
    unusable = sum(solution.status != "ok" for solution in solutions)
    note = f" ({unusable} of {len(solutions)} points failed or {'was' if unusable == 1 else 'were'} skipped)" if unusable else ""
    return (grid_label([solution.params for solution in solutions]) or "an empty grid") + note


def _number(value: float) -> str:
    return f"{value:.2f}"
