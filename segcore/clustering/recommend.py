"""The recommended solution of a sweep by its evidence, or the reason for none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segcore.clustering.algorithms.registry import find_algorithm
from segcore.clustering.point_labels import axis_label, grid_label, point_label
from segcore.clustering.quality.kneedle import knees
from segcore.clustering.specification.presentation import Criterion, Judging
from segcore.records.evidence import PointEvidence, SweepEvidence
from segcore.records.params import Param
from segcore.records.solution import Solution
from segcore.records.sweep import Recommendation
from segcore.wording.numbers import counted, listed

MOST_NOISE = 0.5
FOUND_AGAIN, USEFUL = 0.75, 0.6
"""Least stability of groups, and of a cut (Hennig 2007)."""
LEAST_EXCESS = 0.05
"""Of many customers any difference from data without segments is more than chance; one of a smaller share of their silhouette does not
matter."""
SURE = 0.9
"""Least stability that decides for one group more."""
LEAST_SHARE, LEAST_CUSTOMERS = 0.01, 20
_CUT_SIZES = range(3, 9)
_STRUCTURE = 0.5  # mean silhouette from which Kaufman and Rousseeuw (1990) speak of structure, here of data without segments
_NOTHING_LEFT = 1e-9
_FEWEST_FOR_ELBOW = 4
_AS_STABLE = 0.02
_AS_FAR = 0.8
_SPEAKING = ("placebo_mean", "placebo_max", "z", "least_stability", "prediction_strength", "describability")


@dataclass(frozen=True, slots=True)
class _Question:
    """How the solutions of a grid are judged.

    Parameters
    ----------
    algorithm : str
    judging : Judging
    size : Param or None
        The parameter over whose values inertia or a criterion is compared.
    criterion : Criterion or None
        The one that is described, if any.
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
        """Return how an algorithm is judged; an unknown one by silhouette."""
        spec, grid = find_algorithm(algorithm), _grid_text(algorithm, solutions)
        if spec is None:
            return cls(algorithm, Judging(), None, None, grid)
        judging = spec.judging
        criterion = next((criterion for criterion in spec.criteria if criterion.name == judging.by), None)
        return cls(algorithm, judging, spec.param(judging.size) if judging.size else None, criterion, grid)

    def at(self, size: int) -> str:
        """Return a value of the size in words, such as ``5 segments``."""
        return axis_label(self.algorithm, self.judging.size, [size])

    def label(self, solution: Solution) -> str:
        """Return a solution in words."""
        return point_label(self.algorithm, solution.params)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A solution that can be recommended, and the evidence on it."""

    solution: Solution
    evidence: PointEvidence
    preference: tuple[float, ...]

    @property
    def z(self) -> float:
        return -math.inf if self.evidence.z is None else self.evidence.z

    @property
    def stability(self) -> float:
        return 0.0 if self.evidence.least_stability is None else self.evidence.least_stability

    @property
    def described(self) -> float:
        found = self.evidence.describability
        return -math.inf if found is None or found.value is None else found.value

    @property
    def n_segments(self) -> int:
        return self.solution.n_segments

    def row(self) -> dict[str, Any]:
        """Return what speaks for it, as plain values."""
        numbers = self.evidence.numbers()
        return {
            "params": dict(self.solution.params),
            "segments": self.n_segments,
            "silhouette": _silhouette(self.solution),
            **{name: numbers[name] for name in _SPEAKING},
            "smallest": min(self.solution.sizes),
        }


def recommend(
    algorithm: str,
    solutions: Sequence[Solution | None],
    evidence: SweepEvidence | None = None,
    *,
    same_as: Sequence[int | None] | None = None,
) -> Recommendation:
    """Return the recommended solution with the reason, or no solution with the reason.

    Parameters
    ----------
    algorithm : str
    solutions : sequence of Solution or None
        Of the whole grid, measured; those that are missing, failed or not measured are ignored.
    evidence : SweepEvidence or None
    same_as : sequence of int or None
        See `Sweep.same_as`; a solution that repeats an earlier one is not compared with it.

    Returns
    -------
    Recommendation
        "groups": the solution whose silhouette is furthest above that of data without segments, among those that are above the highest
        of 95 % of the placebos, by at least a twentieth of their mean, and whose segments all have a stability of at least 0.75. One with
        one segment more is preferred if it is at least 0.8 times as far above and has a stability of at least 0.9, and so on. "cuts":
        without groups, the most stable of the solutions with 3 to 8 segments and a stability of at least 0.6; describability decides
        between equally stable ones. "nothing": neither. ``None``: without evidence, elbow and silhouette are described.

    Notes
    -----
    One segment more: the highest z alone merges near segments, which are stable together, while half a segment is not stable. On 135
    data sets with 2 to 7 planted segments (``benchmarks/evidence_rates.py``, the first 9 seeds), with which this rule was chosen, it finds
    the planted number in 112; on the 165 others in 128. Other weights, and excess, stability or prediction strength beside z, find it in
    at most 4 more of the 300.

    A solution with fewer than two segments or more than half noise is never recommended; one with a segment of less than 1 % of the
    customers, or of fewer than 20, only if all have one.

    References
    ----------
    Hennig (2007), Computational Statistics & Data Analysis 52: 0.6 and 0.75. Satopaa et al. (2011), "Finding a kneedle in a haystack".
    """
    there = [solution for solution in solutions if solution is not None]
    asked = _Question.of(algorithm, there)
    if evidence is None or not evidence.is_enough:
        return Recommendation(None, None, _without_evidence(there, asked, evidence))
    found = [
        _Candidate(solution, evidence.points[position], tuple(asked.judging.preference(solution.params)))
        for position, solution in enumerate(solutions)
        if solution is not None and _is_candidate(solution) and not (same_as and same_as[position] is not None)
    ]
    large = [candidate for candidate in found if _has_large_segments(candidate.solution)]
    judged = large or found
    if not judged:
        return Recommendation("nothing", None, f"{_no_candidate(there)} Tried: {asked.grid}.", evidence.p)
    answer = _groups(judged, evidence) or _cut(judged, asked, evidence) or _nothing(judged, asked, evidence)
    small = "" if large else f" Every solution has a segment of under {LEAST_SHARE:.0%} or {LEAST_CUSTOMERS} customers."
    alone = _grouped_alone(evidence)
    return answer.saying(f"{small}{alone} Tried: {asked.grid}.")


def _groups(judged: Sequence[_Candidate], evidence: SweepEvidence) -> Recommendation | None:
    fit = [candidate for candidate in judged if _is_above(candidate, evidence) and candidate.stability >= FOUND_AGAIN]
    if not fit:
        return None
    first = max(fit, key=lambda candidate: (candidate.z, *candidate.preference))
    chosen, why = _with_more(first, fit)
    others = sorted((other for other in judged if other.n_segments != chosen.n_segments), key=lambda other: other.z, reverse=True)
    reason = (
        f"The customers fall into {counted(chosen.n_segments, 'group')}. {_against_placebos(chosen, evidence)}, "
        f"and {_found_again(chosen, evidence)}.{why}"
    )
    return _recommendation("groups", chosen, others[:1], reason, evidence)


def _with_more(first: _Candidate, fit: Sequence[_Candidate]) -> tuple[_Candidate, str]:
    """Return the first solution, or one with more segments, reached one by one, each nearly as far above and very stable; and why."""
    chosen, more = first, [candidate for candidate in fit if candidate.z >= _AS_FAR * first.z and candidate.stability >= SURE]
    while another := [candidate for candidate in more if candidate.n_segments == chosen.n_segments + 1]:
        chosen = max(another, key=lambda candidate: (candidate.z, *candidate.preference))
    if chosen is first:
        return first, ""
    return chosen, f" {first.n_segments} segments would do as well; {chosen.n_segments} are preferred, because they are very stable too."


def _cut(judged: Sequence[_Candidate], asked: _Question, evidence: SweepEvidence) -> Recommendation | None:
    fit = [candidate for candidate in judged if candidate.stability >= USEFUL and candidate.n_segments in _CUT_SIZES]
    if not fit:
        return None
    most = max(candidate.stability for candidate in fit)
    chosen = max(
        (candidate for candidate in fit if candidate.stability >= most - _AS_STABLE),
        key=lambda candidate: (candidate.described, candidate.stability, *candidate.preference),
    )
    others = sorted(
        (other for other in judged if other.n_segments != chosen.n_segments and other.n_segments in _CUT_SIZES),
        key=lambda other: other.stability,
        reverse=True,
    )
    reason = (
        f"{_no_groups(judged, evidence)} {counted(chosen.n_segments, 'segment').capitalize()} are a useful cut, not groups: "
        f"{_found_again(chosen, evidence)}."
    )
    return _recommendation("cuts", chosen, others[:1], reason, evidence)


def _nothing(judged: Sequence[_Candidate], asked: _Question, evidence: SweepEvidence) -> Recommendation:
    cuts = [candidate for candidate in judged if candidate.n_segments in _CUT_SIZES and candidate.evidence.least_stability is not None]
    steadiest = max(cuts or judged, key=lambda candidate: candidate.stability)
    furthest = max(judged, key=lambda candidate: candidate.z)
    sizes = f"{_CUT_SIZES[0]} to {_CUT_SIZES[-1]} segments"
    if cuts:
        why = (
            f"No cut into {sizes} is stable enough to be useful: in the most stable one ({asked.label(steadiest.solution)}), a segment has "
            f"a similarity of {steadiest.stability:.2f} in resamples of the customers, and {USEFUL} is needed."
        )
    else:
        why = f"No solution with {sizes} has a stability that could be measured."
    reason = f"{_no_groups(judged, evidence)} {why}"
    table = [furthest.row()] + ([] if steadiest is furthest else [steadiest.row()])
    return Recommendation("nothing", None, reason, evidence.p, None, tuple(table))


def _recommendation(outcome: Any, chosen: _Candidate, others: Sequence[_Candidate], reason: str, evidence: SweepEvidence) -> Recommendation:
    runner_up = dict(others[0].solution.params) if others else None
    table = tuple(candidate.row() for candidate in (chosen, *others))
    return Recommendation(outcome, dict(chosen.solution.params), reason, evidence.p, runner_up, table)


def _against_placebos(chosen: _Candidate, evidence: SweepEvidence) -> str:
    placebo = chosen.evidence.placebo
    mean = "" if placebo is None or placebo.mean is None else f", {placebo.mean:.2f} on average without segments"
    return f"Their silhouette ({_number(_silhouette(chosen.solution) or 0.0)}{mean}) is one that {_as_well(evidence)}"


def _as_well(evidence: SweepEvidence) -> str:
    """Return how many placebos do as well, as a clause that follows ``one that``."""
    reached = round((evidence.p or 1.0) * (evidence.placebos + 1)) - 1
    sets = counted(evidence.placebos, "data set")
    return f"none of {sets} without segments reaches" if not reached else f"{reached} of {sets} without segments reach"


def _found_again(chosen: _Candidate, evidence: SweepEvidence) -> str:
    steady = chosen.evidence.stability
    n = steady.n if steady else evidence.resamples
    return (
        f"each segment is found again in resamples of the customers (similarity of at least {chosen.stability:.2f} on average of {n} draws)"
    )


def _no_groups(judged: Sequence[_Candidate], evidence: SweepEvidence) -> str:
    """Return why no solution is called groups."""
    above = [candidate for candidate in judged if _is_above(candidate, evidence)]
    if above:
        if all(candidate.evidence.least_stability is None for candidate in above):
            return "Some solutions are better than data without segments, but their stability could not be measured."
        steadiest = max(candidate.stability for candidate in above)
        return (
            f"Some solutions are better than data without segments, but each has a segment that is not found again in resamples of the "
            f"customers: its similarity is {steadiest:.2f} at best, and {FOUND_AGAIN} is needed."
        )
    if evidence.p is None:
        return "No solution could be compared with data without segments."
    best = max(judged, key=lambda candidate: candidate.z)
    placebo = best.evidence.placebo
    if placebo and (placebo.mean or 0.0) >= _STRUCTURE:
        begin = "Any groups come from single features, not from their combination"
    else:
        begin = "The customers are a continuum, without separate groups"
    if placebo and evidence.needed_z is not None and best.z > evidence.needed_z:
        both = f"({_number(placebo.observed or 0.0)} and {_number(placebo.mean or 0.0)})"
        return f"{begin}: the best silhouette is hardly above that without segments {both}."
    return f"{begin}: the best silhouette is one that {_as_well(evidence)}."


def _is_above(candidate: _Candidate, evidence: SweepEvidence) -> bool:
    """Tell whether a silhouette is above those of data without segments by more than chance, and by enough to matter."""
    placebo = candidate.evidence.placebo
    if evidence.needed_z is None or placebo is None or candidate.z <= evidence.needed_z:
        return False
    return placebo.excess is None or placebo.excess >= LEAST_EXCESS


def _grouped_alone(evidence: SweepEvidence) -> str:
    if not evidence.grouped:
        return ""
    verb = "falls" if len(evidence.grouped) == 1 else "fall"
    return f" {listed(evidence.grouped)} {verb} in groups even alone; data without segments keep that, so it does not count here."


def _without_evidence(solutions: Sequence[Solution], asked: _Question, evidence: SweepEvidence | None) -> str:
    if evidence is not None and evidence.reason and not evidence.points:
        begin = evidence.reason
    elif evidence is not None and evidence.level is None:
        begin = "Not all evidence has been gathered yet."
    else:
        begin = (
            "No solution is recommended without evidence: \"Gather evidence\" on Explore, or 'segcore evidence', compares them with data "
            "without segments and with resamples of the customers."
        )
    return f"{begin} {_described(solutions, asked)} Tried: {asked.grid}."


def _described(solutions: Sequence[Solution], asked: _Question) -> str:
    """Return what elbow, criterion and silhouette say by themselves."""
    said = []
    if asked.judging.by == "inertia":
        elbow = _elbow_of(solutions, asked)
        said.append(f"Inertia has its elbow at {asked.at(elbow)}" if elbow else "Inertia has no clear elbow")
    elif asked.criterion is not None:
        fitted = [(value, solution) for solution in solutions if (value := _value_of(asked.criterion, solution)) is not None]
        if fitted:
            value, lowest = min(fitted, key=lambda found: found[0])
            said.append(f"{asked.criterion.title} is lowest at {asked.label(lowest)} ({asked.criterion.text(value)})")
    scored = [(value, solution) for solution in solutions if _is_candidate(solution) and (value := _silhouette(solution)) is not None]
    if not scored:
        said.append(_no_candidate(solutions).rstrip("."))
    else:
        value, top = max(scored, key=lambda found: (found[0], *asked.judging.preference(found[1].params)))
        noise = f", with {top.n_segments} segments and {100 * (top.noise_share or 0):.0f} % noise" if top.n_noise else ""
        said.append(f"silhouette is highest at {asked.label(top)} ({_number(value)}{noise})")
    text = "; ".join(said)
    return f"{text[:1].upper()}{text[1:]}."


def _no_candidate(solutions: Sequence[Solution]) -> str:
    tried = [solution for solution in solutions if solution.status == "ok"]
    noisy = sum((solution.noise_share or 0) > MOST_NOISE for solution in tried)
    few = sum(solution.n_segments < 2 for solution in tried)
    return (
        f"No solution has at least two segments and at most half noise: {noisy} of {len(solutions)} are more than half noise, and {few} "
        "have fewer than two segments."
    )


def _value_of(criterion: Criterion, solution: Solution) -> float | None:
    value = solution.criteria.get(criterion.name) if solution.status == "ok" else None
    return value if value is not None and math.isfinite(value) else None


def _is_candidate(solution: Solution) -> bool:
    return solution.status == "ok" and solution.n_segments >= 2 and (solution.noise_share or 0.0) <= MOST_NOISE


def _has_large_segments(solution: Solution) -> bool:
    n = sum(solution.sizes) + solution.n_noise
    return min(solution.sizes) >= max(LEAST_CUSTOMERS, LEAST_SHARE * n)


def _silhouette(solution: Solution) -> float | None:
    value = solution.quality.silhouette.value if solution.quality else None
    return value if value is not None and math.isfinite(value) else None


def _inertia(solution: Solution) -> float | None:
    value = solution.quality.inertia if solution.quality else None
    return value if value is not None and math.isfinite(value) else None


def _elbow_of(solutions: Sequence[Solution], asked: _Question) -> int | None:
    """Return the number of segments at the elbow of inertia, of an algorithm that is judged by it."""
    if asked.judging.by != "inertia":
        return None
    best = _least_inertia_by_size(solutions, asked.judging)
    return _elbow({k: inertia for k, solution in best.items() if (inertia := _inertia(solution)) is not None})


def _least_inertia_by_size(solutions: Sequence[Solution], judging: Judging) -> dict[int, Solution]:
    """Return the solution that represents each number of segments, ascending."""
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
    """Return the number of clusters at the elbow of inertia, or ``None``; fewer than four values have no elbow.

    The logarithm is used, where a step is the share of inertia it saves: on 36 sets of 3, 4, 5 and 7 generated clusters this gave the
    true number 35 times, against 18 (from one cluster) and 26 (from two) on inertia itself, whose first steps outweigh the rest.
    """
    highest = max(inertia.values(), default=0.0)
    if len(inertia) < _FEWEST_FOR_ELBOW or highest <= min(inertia.values()):
        return None
    # With fewer distinct customers than clusters the inertia is 0, which has no logarithm.
    logs = [math.log(max(value, _NOTHING_LEFT * highest)) for value in inertia.values()]
    ks = list(inertia)
    found = knees(ks, logs)
    # Kneedle may name an end of the curve, where nothing can bend, or a small dent before the elbow: the deepest is taken.
    chord = np.interp(ks, [ks[0], ks[-1]], [logs[0], logs[-1]])
    depth = {k: float(chord[at] - logs[at]) for at, k in enumerate(ks) if k in found}
    return max(depth, key=lambda k: (depth[k], -k)) if depth and max(depth.values()) > 0 else None


def _grid_text(algorithm: str, solutions: Sequence[Solution]) -> str:
    unusable = sum(solution.status != "ok" for solution in solutions)
    note = f" ({unusable} of {len(solutions)} solutions failed or {'was' if unusable == 1 else 'were'} skipped)" if unusable else ""
    return (grid_label(algorithm, [solution.params for solution in solutions]) or "an empty grid") + note


def _number(value: float) -> str:
    return f"{value:.2f}"
