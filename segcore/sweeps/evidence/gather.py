"""Gathering evidence on a complete sweep, piece by piece; each piece is stored once it is there and never computed again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from segcore.clustering.algorithms.registry import algorithm as algorithm_named
from segcore.clustering.quality.silhouette import SilhouetteScorer
from segcore.clustering.recommend import recommend
from segcore.clustering.specification.task import SweepTask, ignore
from segcore.errors import StoreError
from segcore.features.preparation import blocks_of
from segcore.records.evidence import FIRST_PLACEBOS, PLACEBOS, RESAMPLES, Level, SweepEvidence
from segcore.records.grid import point_key
from segcore.records.sweep import Sweep
from segcore.store.disk import is_disk_error
from segcore.store.store import Store
from segcore.sweeps.evidence.describability import describability
from segcore.sweeps.evidence.dip import falls_in_groups
from segcore.sweeps.evidence.placebo_rows import PlaceboRows
from segcore.sweeps.evidence.prediction_strength import SPLITS, split_strengths
from segcore.sweeps.evidence.stability import resampled_jaccards
from segcore.sweeps.evidence.summary import summarize
from segcore.sweeps.prepared import prepare
from segcore.sweeps.run import room_for_fits
from segcore.system.cores import in_threads, take_rows, usable_cores

MOST_ROWS = 5_000
"""Placebos are made of at most so many customers."""
AUTO_SECONDS = 30.0
COPIES = "Copies of customers were clustered. A copy is no new customer, so evidence would mislead: run the sweep without copies."
_TRIES = 2
_MOST_FEATURES = 400  # the correlations of more take longer than half a minute to match: 400 take 28 s, 1,682 eight minutes
_LONG_SECONDS = 0.1
_SIDE_BY_SIDE_ROWS = 16_384  # with more, one fit keeps all cores busy
_PUBLISH_SECONDS = 1.0
_SAMPLE_STREAM = 5  # so that the sample is not the first draw of another use of the seed

Piece = tuple[str, int]


def pieces(first_of_partition: Sequence[int], placebos: int) -> list[Piece]:
    """Return the parts and numbers of all evidence, in the order in which it is gathered.

    Parameters
    ----------
    first_of_partition : sequence of int
        Positions to describe: each partition once.
    placebos : int
        Those above the first 19 come last, because they only sharpen what is known by then.
    """
    at_first = min(placebos, FIRST_PLACEBOS)
    return [
        ("observed", 0),
        *(("placebo", number) for number in range(at_first)),
        *(("resample", number) for number in range(RESAMPLES)),
        *(("split", number) for number in range(SPLITS)),
        *(("description", position) for position in first_of_partition),
        *(("placebo", number) for number in range(at_first, placebos)),
    ]


def gather(
    store: Store,
    sweep_id: str,
    level: Level,
    *,
    memory: int | None = None,
    begin: Callable[[int], None] = ignore,
) -> None:
    """Gather the missing evidence on a complete sweep, and recommend a solution by it.

    Parameters
    ----------
    store : Store
    sweep_id : str
        A complete sweep.
    level : {"auto", "all"}
        "auto" gathers what takes at most half a minute, judged by the first pieces of each kind: everything, else 19 placebos instead of
        99, else nothing more.
    memory : int or None
        Bytes this process may use in total; ``None`` means the machine's free memory.
    begin : callable
        Called with the number of pieces, before the first and again if it changes.

    Notes
    -----
    An attempt is counted before each piece; what has killed its process twice is left out, with the reason. The summary of the sweep
    is brought up to date about once a second. Its level is "all" as soon as nothing is missing, whatever was asked for.
    """
    sweep = store.sweep(sweep_id)
    if sweep.spec.plan.repeats > 1:
        _publish(store, sweep_id, SweepEvidence(level="all", reason=COPIES))
        return
    work = _Work(store, sweep_id, memory)
    positions = _first_positions(sweep)
    everything = pieces(positions, PLACEBOS)
    wanted, reason = everything, None
    if level == "auto":
        wanted, reason = _affordable(work, wanted, positions, begin)
    if wanted:
        begin(len(wanted))
    published = time.monotonic()
    for group in work.groups(wanted):
        work.do(group)
        if time.monotonic() - published > _PUBLISH_SECONDS:
            _publish(store, sweep_id, work.summary(None, None))
            published = time.monotonic()
    _publish(store, sweep_id, work.summary(level if work.missing(everything) else "all", reason))


def sound_pieces(store: Store, sweep: Sweep) -> dict[str, dict[int, Any]]:
    """Return the pieces of evidence that the store has of a sweep, by part and number, and delete those that are damaged."""
    store.drop_damaged_evidence(sweep.id, n_points=len(sweep.spec.points))
    return store.evidence(sweep.id)


def publish_gathered(store: Store, sweep_id: str) -> None:
    """Have the summary of a complete sweep tell of the evidence that was gathered before, where it was written again without it."""
    sweep = store.sweep(sweep_id)
    if sweep.evidence is not None or not sweep.is_complete or not any(sound_pieces(store, sweep).values()):
        return
    work = _Work(store, sweep_id, None)
    everything, fewer = pieces(_first_positions(sweep), PLACEBOS), pieces(_first_positions(sweep), FIRST_PLACEBOS)
    level: Level | None = "all" if not work.missing(everything) else None if work.missing(fewer) else "auto"
    _publish(store, sweep_id, work.summary(level, None))


def _first_positions(sweep: Sweep) -> list[int]:
    """Return the positions of the solutions with labels, each partition once."""
    return [
        position
        for position, (solution, same) in enumerate(zip(sweep.solutions, sweep.same_as(), strict=True))
        if solution is not None and solution.status == "ok" and same is None
    ]


def _affordable(work: _Work, wanted: list[Piece], positions: Sequence[int], begin: Callable[[int], None]) -> tuple[list[Piece], str | None]:
    """Return the pieces that take at most half a minute, and the reason if there are no more; measures one missing piece of each part."""
    fewer = pieces(positions, FIRST_PLACEBOS)
    if not work.missing(wanted):
        return wanted, None
    if work.n_features > _MOST_FEATURES or work.sweep_seconds() > AUTO_SECONDS / 3:
        return [], _too_long(None)
    begin(len(wanted))
    # The first piece of a part also imports and compiles, so the second one counts where the first took long enough to matter.
    seconds: dict[str, float] = {}
    timed: dict[str, int] = {}
    for part, number in work.missing(wanted):
        if timed.get(part, 0) < (2 if seconds.get(part, 0.0) > _LONG_SECONDS else 1):
            began = time.perf_counter()
            work.do([(part, number)])
            seconds[part] = time.perf_counter() - began
            timed[part] = timed.get(part, 0) + 1
            if sum(seconds.values()) > AUTO_SECONDS:
                return [], _too_long(None)

    def needed(asked: Sequence[Piece]) -> float:
        return sum(seconds.get(group[0][0], 0.0) for group in work.groups(asked))

    for asked in (wanted, fewer):
        if needed(asked) <= AUTO_SECONDS:
            return asked, None
    return [], _too_long(needed(fewer))


def _too_long(seconds: float | None) -> str:
    about = "more than half a minute" if seconds is None else f"about {max(1, round(seconds / 60))} min"
    return f"Evidence takes {about} here, so it is gathered only when asked for."


def _publish(store: Store, sweep_id: str, evidence: SweepEvidence) -> None:
    sweep = store.sweep(sweep_id)
    found = recommend(sweep.spec.algorithm, sweep.solutions, evidence, same_as=sweep.same_as())
    store.put_summary(sweep_id, {**sweep.summary, "evidence": evidence.to_json(), "recommended": found.to_json()})


class _Work:
    """The rows of a sweep, and what was found about them so far."""

    def __init__(self, store: Store, sweep_id: str, memory: int | None) -> None:
        self._store, self._sweep = store, store.sweep(sweep_id)
        self._spec = self._sweep.spec
        self._algorithm = algorithm_named(self._spec.algorithm)
        self._memory = memory
        prepared = prepare(store, self._spec, ids=False)
        self._X, self._blocks = prepared.X, blocks_of(prepared.table)
        self._kinds = {entry.name: entry.kind for entry in prepared.table.dictionary}
        self._names = prepared.table.names
        n, seed = len(self._X), self._spec.plan.seed
        rng = np.random.default_rng([seed, _SAMPLE_STREAM])
        self._sample = self._X if n <= MOST_ROWS else take_rows(self._X, np.sort(rng.choice(n, MOST_ROWS, replace=False)))
        self._placebos: PlaceboRows | None = None
        self._labels: list[np.ndarray | None] | None = None
        self._records = sound_pieces(store, self._sweep)

    @property
    def n_features(self) -> int:
        """Number of features that are clustered."""
        return len(self._names)

    def sweep_seconds(self) -> float:
        """Return the seconds that the sweep's fits would take with the rows of a placebo, were they proportional to the rows."""
        fits = sum(solution.fit_seconds or 0.0 for solution in self._sweep.solutions if solution is not None)
        own = fits + float(self._sweep.summary.get("shared_seconds") or 0.0)
        return own * len(self._sample) / len(self._X)

    def missing(self, wanted: Sequence[Piece]) -> list[Piece]:
        """Return the pieces that are not there yet."""
        return [(part, number) for part, number in wanted if number not in self._records.get(part, {})]

    def groups(self, wanted: Sequence[Piece]) -> list[list[Piece]]:
        """Return the missing pieces in groups that are computed side by side: one piece a core where a fit can keep to one."""
        # What was at work when a process died is tried alone, so that no innocent piece is blamed for the next death.
        suspected = self._store.evidence_attempts(self._sweep.id)
        at_once = usable_cores() if self._algorithm.keeps_to_threads and len(self._X) <= _SIDE_BY_SIDE_ROWS else 1
        groups: list[list[Piece]] = []
        for piece in self.missing(wanted):
            joins = groups and groups[-1][0][0] == piece[0] and len(groups[-1]) < at_once
            if joins and piece not in suspected and groups[-1][0] not in suspected:
                groups[-1].append(piece)
            else:
                groups.append([piece])
        return groups

    def do(self, group: Sequence[Piece]) -> None:
        """Compute and store pieces of one part; one that fails has its reason instead."""
        self._made()
        self._labelled()
        tries = [self._store.begin_evidence(self._sweep.id, part, number) for part, number in group]
        threads = 1 if len(group) > 1 else None
        work = [partial(self._record, *piece, tried, threads) for piece, tried in zip(group, tries, strict=True)]
        for (part, number), record in zip(group, in_threads(work), strict=True):
            self._store.put_evidence(self._sweep.id, part, number, record)
            self._records.setdefault(part, {})[number] = record

    def _record(self, part: str, number: int, tried: int, threads: int | None) -> Mapping[str, Any]:
        if tried > _TRIES:
            return {"reason": f"Its process died {_TRIES} times. To try it again, resume the sweep."}
        compute = {
            "observed": self._observed,
            "placebo": self._placebo,
            "resample": self._resample,
            "split": self._split,
            "description": self._description,
        }
        try:
            return compute[part](number, threads)
        except Exception as error:
            if is_disk_error(error) or isinstance(error, MemoryError | StoreError):  # not of this piece: it is tried again
                raise
            return {"reason": f"It could not be computed ({type(error).__name__}: {error})."}

    def summary(self, level: Level | None, reason: str | None) -> SweepEvidence:
        """Return what the pieces say together."""
        return summarize(self._sweep, self._records, n_rows=len(self._X), level=level, reason=reason)

    def _observed(self, number: int, threads: int | None) -> Mapping[str, Any]:
        continuous = [column for column, name in enumerate(self._names) if self._kinds.get(name, "number") == "number"]
        dips = {self._names[column]: falls_in_groups(self._sample[:, column]) for column in continuous}
        rows = self._made()
        return {
            "silhouettes": self._silhouettes(self._sample, threads),
            "rows": len(self._sample),
            "dips": {name: p for name, p in dips.items() if p is not None},
            "repaired": rows.repaired,
            "correlation_gap": rows.correlation_gap,
            "association_gap": rows.association_gap,
        }

    def _placebo(self, number: int, threads: int | None) -> Mapping[str, Any]:
        return {"silhouettes": self._silhouettes(self._made().rows(number), threads)}

    def _resample(self, number: int, threads: int | None) -> Mapping[str, Any]:
        found = resampled_jaccards(
            self._algorithm, self._X, self._spec.points, self._labelled(), number=number, **self._fit_options(threads)
        )
        return {"jaccards": [each if isinstance(each, str) else each.tolist() for each in found]}

    def _split(self, number: int, threads: int | None) -> Mapping[str, Any]:
        found = split_strengths(self._algorithm, self._X, self._spec.points, number=number, **self._fit_options(threads))
        return {"strengths": found}

    def _description(self, position: int, threads: int | None) -> Mapping[str, Any]:
        labels = self._labelled()[position]
        return {"describability": None if labels is None else describability(self._X, labels, seed=self._spec.plan.seed).to_json()}

    def _fit_options(self, threads: int | None) -> dict[str, Any]:
        return {"seed": self._spec.plan.seed, "memory": room_for_fits(self._memory, self._X), "threads": threads}

    def _made(self) -> PlaceboRows:
        if self._placebos is None:
            self._placebos = PlaceboRows(self._sample, self._blocks, seed=self._spec.plan.seed)
        return self._placebos

    def _labelled(self) -> list[np.ndarray | None]:
        if self._labels is None:
            solutions = (self._store.solution(self._sweep.id, position) for position in range(len(self._spec.points)))
            self._labels = [solution.labels if solution.status == "ok" else None for solution in solutions]
        return self._labels

    def _silhouettes(self, X: np.ndarray, threads: int | None) -> list[float | None]:
        """Return the silhouette of each point fitted to ``X``, ``None`` where it has none."""
        fitted = self._algorithm.fit(SweepTask(X, self._spec.points, self._algorithm.default_engine, **self._fit_options(threads)))
        labels = {point_key(solution.params): solution.labels for solution in fitted if solution.labels is not None}
        scores = SilhouetteScorer(X, seed=self._spec.plan.seed).score_all(list(labels.values()))
        values = dict(zip(labels, (score.value for score in scores), strict=True))
        return [values.get(point_key(point)) for point in self._spec.points]
