"""Second clustering of the later customers, and whether it gives other segments than the kept solution."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from segcore.clustering.algorithms.registry import algorithm
from segcore.clustering.compare import adjusted_rand_index
from segcore.clustering.quality.silhouette import SilhouetteScorer
from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.errors import DataError
from segcore.features.preparation import apply_preparation
from segcore.records.grid import Value, point_key
from segcore.records.solution import NOISE, Solution
from segcore.segments.comparison import Comparison, compare_labels
from segcore.segments.over_time.followed import Followed
from segcore.segments.over_time.over_time_records import OtherNumber, Refit
from segcore.segments.scoring import KeptSolution
from segcore.store.store import Store
from segcore.sweeps.evidence.refit import refit as fit_again
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec

LEAST_DIFFERENCE = 0.05
"""Differences up to this are too small to segment again: share of customers who would move, and silhouette."""
_SPLITS = 10
_MOST_ROWS = 10_000
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Halves:
    """Differences between random halves of the earlier customers, between which nothing has changed.

    Parameters
    ----------
    agreements : list of float
        Adjusted Rand index between each half's own solution and the segments that the other half's solution assigns.
    gaps : ndarray of shape (n_splits, n_points)
        Each point's silhouette minus that of the kept point: its change from one half to the other.
    """

    agreements: list[float]
    gaps: np.ndarray


def refit_later(kept: KeptSolution, followed: Followed, data: Mapping[str, object], progress: Progress) -> Refit:
    """Cluster the later customers again, and compare the result with the segments that the kept solution assigns.

    Parameters
    ----------
    kept : KeptSolution
    followed : Followed
    data : mapping
        Record of the data, for the new sweep.
    progress : callable (float) -> None
        Called with the share done, 0 to 1.

    Raises
    ------
    DataError
        If too few customers are left to cluster.

    Notes
    -----
    The later customers are clustered with the same settings, and with one segment fewer and one more where the algorithm has such a
    parameter. How much results differ by chance is measured with ten random splits of the earlier customers into halves: each half is
    fitted, and scored by the other half's solution. Halves differ more than samples of full size, so chance is overestimated, not
    underestimated. Segments are matched by their customers: those of the earlier segments, or those whom the kept solution assigns now,
    whichever agrees more with the new solution. The first is better after a shift of all customers, the second after many have moved. The
    cost is three fits of the later customers and thirty of half of the earlier customers, 10,000 at most.
    """
    store, spec = kept.store, kept.spec
    method, own = algorithm(spec.algorithm), dict(kept.solution.params)
    points = _points(method, own, len(followed.earlier))
    X = _sampled(apply_preparation(kept.preparation, followed.earlier.select(kept.preparation.features).values), spec.plan.seed)
    halves = _halves(method, X, points, spec.plan.seed, lambda share: progress(0.7 * share))
    refit_id, labels, solutions = _fit_stored(store, kept, followed, points, data)
    progress(0.9)
    counted = ~followed.scored.set_aside
    scored = followed.scored.labels[counted]
    agreement = adjusted_rand_index(scored, labels[0])
    same = compare_labels(scored, labels[0])
    others = _others(method, X, points, solutions, halves, seed=spec.plan.seed)
    at = _chosen(others, solutions)
    matched = _match(followed, scored, labels[at])
    return Refit(
        sweep=refit_id,
        point=point_key(points[at]),
        position=at,
        n_segments=solutions[at].n_segments,
        agreement=agreement,
        least_agreement=min(halves.agreements, default=-1.0),  # -1: too few customers to measure chance
        would_move=float(same.moved.mean()),
        others=tuple(others),
        better=solutions[at].n_segments if at else None,
        fates=matched.fates,
        partners=_heirs(matched),
    )


def _heirs(matched: Comparison) -> dict[int, int]:
    """Return the kept segment that each new segment continues; in a split or merger, the pair with most of the same customers."""
    related = {(label, to) for fate in matched.fates for label in fate.before for to in fate.after}
    return {to: label for label, to in matched.partners.items() if (label, to) in related}


def _points(method: AlgorithmSpec, own: Mapping[str, Value], n_customers: int) -> list[dict[str, Value]]:
    """Return the kept point, and the points with one segment fewer and one more."""
    size = method.judging.size
    if size not in own:
        return [dict(own)]
    k = int(own[size])
    return [dict(own), *({**own, size: other} for other in (k - 1, k + 1) if 2 <= other < n_customers)]


def _fit_stored(
    store: Store, kept: KeptSolution, followed: Followed, points: Sequence[Mapping[str, Value]], data: Mapping[str, object]
) -> tuple[str, list[np.ndarray], list[Solution]]:
    """Return a stored sweep of the later customers who were not set aside, and the labels and solutions of its points."""
    counted = ~followed.scored.set_aside
    full = followed.scored.full
    purchases = {what: bought.take(counted) for what, bought in full.purchases.items()}
    # Features are made as for the kept solution, including components and vectors, so that the new solution can be followed too.
    fitted = kept.preparation.fitted or full.fitted
    table = store.put_feature_table(replace(full.take(counted), purchases=purchases, fitted=fitted))
    # Customers who would be set aside are left out; copies would only take time.
    plan = replace(kept.spec.plan, outliers="none", repeats=1)
    spec = make_spec(store, table, data, plan, algorithm=kept.spec.algorithm, points=points)
    is_listed = spec.id in store.sweep_ids()
    refit_id = store.add_sweep(spec)
    if not is_listed:
        store.remove_sweep(refit_id)  # it is listed once the analyst uses it
    run_sweep(store, refit_id)
    solutions = [store.solution(refit_id, at) for at in range(len(points))]
    if solutions[0].labels is None:
        raise DataError(f"Clustering the later customers again failed: {solutions[0].reason}")
    noise = np.full(int(counted.sum()), NOISE, dtype=np.int32)
    return refit_id, [noise if one.labels is None else np.asarray(one.labels) for one in solutions], solutions


def _sampled(X: np.ndarray, seed: int) -> np.ndarray:
    if len(X) <= _MOST_ROWS:
        return X
    return X[np.sort(np.random.default_rng(seed).choice(len(X), _MOST_ROWS, replace=False))]


def _halves(method: AlgorithmSpec, X: np.ndarray, points: Sequence[Mapping[str, Value]], seed: int, progress: Progress) -> _Halves:
    draw = np.random.default_rng(seed)
    agreements: list[float] = []
    gaps = []
    for split in range(_SPLITS):
        halves = np.array_split(draw.permutation(len(X)), 2)
        fits = [fit_again(method, X, rows, points, seed=seed) for rows in halves]
        for (rows, own), other in zip(zip(halves, fits, strict=True), reversed(fits), strict=True):
            if own[0].labels is not None and other[0].labels is not None:
                assigned = method.scoring.assign(X[rows], other[0].arrays, other[0].params)
                agreements.append(adjusted_rand_index(np.asarray(assigned), np.asarray(own[0].labels)))
        first, second = (_gaps(X[rows], found) for rows, found in zip(halves, fits, strict=True))
        gaps.append(np.abs(first - second))
        progress((split + 1) / _SPLITS)
    return _Halves(agreements, np.array(gaps))


def _gaps(X: np.ndarray, solutions: Sequence[Solution]) -> np.ndarray:
    """Return the silhouette of each solution minus that of the first, shape (n_points,); NaN where one of the two is undefined."""
    scorer = SilhouetteScorer(X)
    values = [None if one.labels is None else scorer.score(np.asarray(one.labels)).value for one in solutions]
    found = np.array([np.nan if value is None else value for value in values])
    return np.asarray(found - found[0])


def _others(
    method: AlgorithmSpec,
    X: np.ndarray,
    points: Sequence[Mapping[str, Value]],
    solutions: Sequence[Solution],
    halves: _Halves,
    *,
    seed: int,
) -> list[OtherNumber]:
    """Return the other numbers of segments that can be compared then, now and between halves, in the order of their points."""
    if len(points) < 2:
        return []
    then = _gaps(X, fit_again(method, X, np.arange(len(X)), points, seed=seed))
    measured = [None if one.quality is None else one.quality.silhouette.value for one in solutions]
    now = np.array([np.nan if value is None else value for value in measured])
    chance = halves.gaps.max(axis=0)
    found = []
    for at in range(1, len(points)):
        values = (float(then[at]), float(now[at] - now[0]), float(chance[at]))
        if np.isfinite(values).all():
            found.append(OtherNumber(int(points[at][method.judging.size]), *values))
    return found


def _chosen(others: Sequence[OtherNumber], solutions: Sequence[Solution]) -> int:
    """Return the position of the number of segments that has become clearly better than the kept number; 0 if there is none."""
    better = [one for one in others if one.now > 0 and one.now - one.then > max(one.by_chance, LEAST_DIFFERENCE)]
    if not better:
        return 0
    best = max(better, key=lambda one: one.now)
    return next(at for at, solution in enumerate(solutions) if at and solution.n_segments == best.n_segments)


def _match(followed: Followed, scored: np.ndarray, labels: np.ndarray) -> Comparison:
    """Return what became of the kept segments; see `refit_later`."""
    customers = followed.customers
    ids = customers.ids[customers.in_both].astype(str)
    own = followed.scored.customers[~followed.scored.set_aside].astype(str)
    by_then = compare_labels(customers.then[customers.in_both], labels[np.searchsorted(own, ids)])
    by_now = compare_labels(scored, labels)
    return by_then if by_then.agreement > by_now.agreement else by_now
