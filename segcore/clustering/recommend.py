"""Which point of a sweep to start from, or that none is clearly best, and why."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segcore.clustering.algorithms.registry import find_algorithm
from segcore.clustering.point_labels import axis_label, grid_label, point_label
from segcore.clustering.specification.presentation import Criterion, Judging
from segcore.records.params import Param
from segcore.records.solution import Solution
from segcore.records.sweep import Recommendation

LOW_SILHOUETTE = 0.25
"""Below it the structure found "could be artificial" (Kaufman and Rousseeuw 1990, table 4)."""
MOST_NOISE = 0.5
_NOTHING_LEFT = 1e-9
_FEWEST_FOR_ELBOW = 4


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked of the solutions of a grid.

    Parameters
    ----------
    algorithm : str
    judging : Judging
    size : Param or None
        The parameter over whose values inertia or a criterion is compared.
    criterion : Criterion or None
        The one that judges, if one does.
    grid : str
        The grid in words.
    """

    algorithm: str
    judging: Judging
    size: Param | None
    criterion: Criterion | None
    grid: str

    @classmethod
    def of(cls, algorithm: str, solutions: Sequence[Solution]) -> _Question:
        """Look up how an algorithm is judged; an unknown one, by silhouette."""
        spec, grid = find_algorithm(algorithm), _grid_text(algorithm, solutions)
        if spec is None:
            return cls(algorithm, Judging(), None, None, grid)
        judging = spec.judging
        criterion = next((criterion for criterion in spec.criteria if criterion.name == judging.by), None)
        return cls(algorithm, judging, spec.param(judging.size) if judging.size else None, criterion, grid)

    def at(self, size: int) -> str:
        """Return a value of the size in words, such as ``5 segments``."""
        return axis_label(self.algorithm, self.judging.size, [size])

    @property
    def sizes(self) -> tuple[str, str]:
        """What one value of the size is called, and several: ``number of segments``, ``numbers of segments``."""
        if self.size is None or not self.size.counts:
            title = self.size.title.lower() if self.size else "size"
            return f"value of {title}", f"values of {title}"
        return f"number of {self.size.plural}", f"numbers of {self.size.plural}"


def recommend(algorithm: str, solutions: Sequence[Solution | None]) -> Recommendation:
    """Return the point to start from with the reason in one sentence, or none with the reason why.

    Parameters
    ----------
    algorithm : str
        Its name; its ``judging`` says what decides. Where that is inertia, its elbow and silhouette decide together; where it is a
        criterion, its lowest value, unless the segments overlap; else silhouette alone.
    solutions : sequence of Solution or None
        Of the whole grid, measured; points that are not there, failed or were not measured are passed over.

    Notes
    -----
    At each number of segments k-means is represented by the fit with the least inertia, over tolerances and starts. What an algorithm
    prefers among equal points is its own (``Judging.preference``), equal silhouettes under inertia go to the smallest number of
    segments. A criterion that is lowest at the largest size of the grid may fall further beyond it, so that is no clear best. Never a
    point with fewer than two segments or with more than half noise.

    References
    ----------
    Satopaa et al. (2011), "Finding a kneedle in a haystack". Rousseeuw (1987). Fraley and Raftery (2002), "Model-based clustering".
    """
    there = [solution for solution in solutions if solution is not None]
    asked = _Question.of(algorithm, there)
    if asked.judging.by == "inertia":
        return _by_elbow_and_silhouette(there, asked)
    return _by_criterion(there, asked, asked.criterion) if asked.criterion else _by_silhouette(there, asked)


def _by_elbow_and_silhouette(solutions: Sequence[Solution], asked: _Question) -> Recommendation:
    best, grid = _least_inertia_by_size(solutions, asked.judging), asked.grid
    scored = {k: value for k, solution in best.items() if _is_candidate(solution) and (value := _silhouette(solution)) is not None}
    if not scored:
        return _none(f"over {grid}, no point has two segments whose silhouette is defined")
    top = max(scored, key=lambda k: (scored[k], -k))
    says = f"silhouette is highest at {asked.at(top)} ({_number(scored[top])})"
    if len(best) < 2:
        alone = f"there is only one {asked.sizes[0]}, so nothing to compare it with (its silhouette is {_number(scored[top])})"
        return _none(f"over {grid}, {alone}")
    knee = _elbow({k: inertia for k, solution in best.items() if (inertia := _inertia(solution)) is not None})
    elbow = f"inertia has its elbow at {asked.at(knee)}" if knee else _no_elbow(len(best), asked)
    if scored[top] < LOW_SILHOUETTE:
        return _none(f"over {grid}, {elbow} and {says}, which is below {LOW_SILHOUETTE}: the segments overlap")
    values = list(best)
    if knee and abs(values.index(knee) - values.index(top)) > 1:
        return _none(f"over {grid}, {elbow} but {says}: the two measures disagree")
    if not knee:
        return Recommendation(dict(best[top].params), f"Over {grid}, {says}; {elbow}.")
    near = "both point to it" if knee == top else "the two are neighbours in the grid, and silhouette decides"
    return Recommendation(dict(best[top].params), f"Over {grid}, {elbow} and {says}: {near}.")


def _no_elbow(n_values: int, asked: _Question) -> str:
    # Kneedle wants the curve to flatten by a whole step after the elbow, which three points cannot show however sharp it is.
    return (
        "inertia has no clear elbow"
        if n_values >= _FEWEST_FOR_ELBOW
        else f"{n_values} {asked.sizes[1]} are too few for an elbow of inertia"
    )


def _by_silhouette(solutions: Sequence[Solution], asked: _Question) -> Recommendation:
    grid = asked.grid
    candidates = [(value, solution) for solution in solutions if _is_candidate(solution) and (value := _silhouette(solution)) is not None]
    if not candidates:
        tried = [solution for solution in solutions if solution.status == "ok"]
        noisy = sum((solution.noise_share or 0) > MOST_NOISE for solution in tried)
        few = sum(solution.n_segments < 2 for solution in tried)
        counts = f"{noisy} of {len(solutions)} points are more than half noise and {few} have fewer than two segments"
        return _none(f"over {grid}, no point has at least two segments and at most half noise with a silhouette ({counts})")
    value, top = max(candidates, key=lambda found: (found[0], *asked.judging.preference(found[1].params)))
    says = (
        f"silhouette of the customers that are not noise is highest at {point_label(asked.algorithm, top.params)} ({_number(value)}), "
        f"with {top.n_segments} segments and {100 * (top.noise_share or 0):.0f} % noise"
    )
    if value < LOW_SILHOUETTE:
        return _none(f"over {grid}, {says}, but that is below {LOW_SILHOUETTE}: the segments overlap")
    return Recommendation(dict(top.params), f"Over {grid}, {says}.")


def _by_criterion(solutions: Sequence[Solution], asked: _Question, criterion: Criterion) -> Recommendation:
    judging, grid = asked.judging, asked.grid
    fitted = [
        (value, solution)
        for solution in solutions
        if (value := _value_of(criterion, solution)) is not None and judging.size in solution.params
    ]
    if not fitted:
        return _none(f"over {grid}, no point has a {criterion.title}")
    sizes = sorted({int(solution.params[judging.size]) for _, solution in fitted})
    # Rounded, so that the same result reached by another route counts as equal; the first of the most preferred ones is taken.
    value, top = max(fitted, key=lambda found: (-float(f"{found[0]:.9e}"), *judging.preference(found[1].params)))
    size, silhouette = int(top.params[judging.size]), _silhouette(top)
    words = [axis_label(asked.algorithm, name, [chosen]) for name, chosen in top.params.items() if isinstance(chosen, str)]
    shape = f" with {' and '.join(words)}" if words else ""
    says = f"{criterion.title} is lowest at {asked.at(size)}{shape} ({criterion.text(value)})"
    if len(sizes) < 2:
        return _none(f"over {grid}, {says}, but there is only one {asked.sizes[0]}, so nothing to compare it with")
    if size == sizes[-1]:
        more = f"more {asked.size.plural}" if asked.size and asked.size.counts else f"larger {asked.sizes[1]}"
        return _none(f"over {grid}, {says}, the most that were tried, so it may fall further: try {more}")
    if not _is_candidate(top) or silhouette is None:
        return _none(f"over {grid}, {says}, but it does not divide the customers into at least two segments with a silhouette")
    if silhouette < LOW_SILHOUETTE:
        return _none(f"over {grid}, {says}, but its silhouette is {_number(silhouette)}, below {LOW_SILHOUETTE}: the segments overlap")
    return Recommendation(dict(top.params), f"Over {grid}, {says}, and its segments are apart (silhouette {_number(silhouette)}).")


def _value_of(criterion: Criterion, solution: Solution) -> float | None:
    value = solution.criteria.get(criterion.name) if solution.status == "ok" else None
    return value if value is not None and math.isfinite(value) else None


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


def _least_inertia_by_size(solutions: Sequence[Solution], judging: Judging) -> dict[int, Solution]:
    """Return the representative of each number of segments, ascending."""
    best: dict[int, tuple[tuple[float, ...], Solution]] = {}
    for solution in solutions:
        inertia = _inertia(solution) if solution.status == "ok" else None
        if inertia is None or judging.size not in solution.params:
            continue
        size = int(solution.params[judging.size])
        # Rounded, so that the same partition reached by another route counts as equal.
        rank = (-float(f"{inertia:.9e}"), *judging.preference(solution.params))
        if size not in best or rank > best[size][0]:
            best[size] = rank, solution
    return {size: best[size][1] for size in sorted(best)}


def _elbow(inertia: Mapping[int, float]) -> int | None:
    """Return the number of clusters at the elbow of inertia, or ``None``: fewer than four cannot show one.

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


def _grid_text(algorithm: str, solutions: Sequence[Solution]) -> str:
    unusable = sum(solution.status != "ok" for solution in solutions)
    note = f" ({unusable} of {len(solutions)} points failed or {'was' if unusable == 1 else 'were'} skipped)" if unusable else ""
    return (grid_label(algorithm, [solution.params for solution in solutions]) or "an empty grid") + note


def _number(value: float) -> str:
    return f"{value:.2f}"
