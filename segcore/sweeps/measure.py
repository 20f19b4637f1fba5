"""Measure the solutions of a sweep as they arrive, in batches if they arrive quickly."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from queue import Empty, SimpleQueue

import numpy as np

from segcore.clustering.quality.measures import measure
from segcore.clustering.quality.silhouette import SilhouetteScorer
from segcore.clustering.specification.outcome import failed
from segcore.records.estimate import Estimate
from segcore.records.solution import Quality, Solution, partition_digest
from segcore.store.disk import is_disk_error

_FIRST_BATCH_SECONDS = 0.04  # the first results are waited for
_BATCH_SECONDS = 2.0


def batches(fitted: Iterator[Solution]) -> Iterator[list[Solution]]:
    """Yield batches of solutions that arrive within a short time; no solution waits longer than that for the next.

    Notes
    -----
    The fits run in a separate thread. It waits while a batch is measured, so that the next fit has the machine to itself, unless that
    fit has already started and takes long.
    """
    ready: SimpleQueue[Solution | Exception | None] = SimpleQueue()
    go_on = threading.Semaphore(0)

    def fit() -> None:
        try:
            for solution in fitted:
                ready.put(solution)
                go_on.acquire()
        except Exception as error:
            ready.put(error)
        else:
            ready.put(None)

    threading.Thread(target=fit, daemon=True).start()
    waiting: list[Solution] = []
    patience, since = _FIRST_BATCH_SECONDS, time.monotonic()
    while True:
        found, late = None, False
        try:
            found = ready.get(timeout=max(0.0, since + patience - time.monotonic()) if waiting else None)
        except Empty:
            late = True
        if isinstance(found, Solution):
            waiting.append(found)
        elif not late:
            break
        if late or time.monotonic() - since >= patience:
            began = time.monotonic()
            yield waiting
            waiting, since = [], time.monotonic()
            # One pass of the distances measures any number of labellings, so if it takes long, it waits for more of them.
            patience = max(_BATCH_SECONDS, 2 * (since - began))
        if not late:
            go_on.release()
    if waiting:
        yield waiting
    if found is not None:
        raise found


class Meter:
    """Measures batches of solutions; equal partitions are measured once, however their segments are numbered.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), float64
        The matrix that was clustered.
    names : sequence of str, one per feature
    seed : int
        Seed of the silhouette's sample.
    """

    def __init__(self, X: np.ndarray, names: Sequence[str], *, seed: int) -> None:
        self._X, self._names = X, names
        self._scorer = SilhouetteScorer(X, seed=seed)
        self._silhouettes: dict[str, Estimate] = {}
        self._qualities: dict[str, Quality] = {}

    def measured(self, solutions: Sequence[Solution]) -> Iterator[Solution]:
        """Yield the solutions with their quality; one that cannot be measured is failed."""
        partitions = [None if solution.labels is None else partition_digest(solution.labels) for solution in solutions]
        new = {
            partition: solution.labels
            for solution, partition in zip(solutions, partitions, strict=True)
            if partition is not None and solution.labels is not None and partition not in self._silhouettes
        }
        try:
            self._silhouettes |= dict(zip(new, self._scorer.score_all(list(new.values())), strict=True))
        except Exception as error:
            if is_disk_error(error):
                raise
            undefined = Estimate.undefined(f"It could not be measured ({type(error).__name__}).")
            self._silhouettes |= dict.fromkeys(new, undefined)
        for solution, partition in zip(solutions, partitions, strict=True):
            yield solution if partition is None or solution.labels is None else self._with_quality(solution, solution.labels, partition)

    def _with_quality(self, solution: Solution, labels: np.ndarray, partition: str) -> Solution:
        # Compactness names the segments, so their numbers count as well.
        content = hashlib.sha256(labels.tobytes()).hexdigest()
        try:
            if content not in self._qualities:
                # Compactness depends neither on units nor on weights, so the scaled values serve for it too. Transformed features are
                # as alike as they were when they were clustered.
                self._qualities[content] = measure(self._X, self._X, self._names, labels, silhouette=self._silhouettes[partition])
        except Exception as error:
            return failed(solution.params, solution.engine, solution.seed, error)
        return replace(solution, quality=self._qualities[content], partition=partition)
