"""Speed of this machine: measured once, in a child process, and kept in the store's home.

``python -m segcore.sweeps.cost.calibration HOME`` measures. Each task is a small sweep of the real algorithm; the seconds of an
operation are its wall time divided by the operations that the algorithm's cost counts for it.
"""

from __future__ import annotations

import importlib
import json
import math
import platform
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segcore.clustering.algorithms.registry import algorithms
from segcore.clustering.engines import versions
from segcore.clustering.quality.measures import measure
from segcore.clustering.quality.silhouette import SilhouetteScorer
from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.clustering.specification.cost import CalibrationTask
from segcore.errors import SegcoreError
from segcore.store.disk import disk_problem, naming_disk
from segcore.store.index import Index
from segcore.sweeps.cost.measuring_work import MEASURING_KINDS, other_work, silhouette_work
from segcore.sweeps.cost.sampled_rows import SampledRows
from segcore.system.child_process import fitting_environment, python_command, start_child
from segcore.system.cores import usable_cores
from segcore.system.machine import processor_name, resident_bytes
from segcore.system.private_files import temporary_file

FILE = "calibration.json"
BASE_BYTES = 300 << 20
"""Bytes of a worker with its libraries but without rows, until this is measured."""
_FORMAT = 1
_TIMEOUT = 120.0
_WARM_ROWS = 300
_TASK_SECONDS = 0.3
_SUPERVISOR_SECONDS = 0.3  # until the worker's process has started
_FIRST_FIT_BYTES = 75 << 20  # threads' stacks, compiled code and the like


@dataclass(frozen=True, slots=True)
class Calibration:
    """Measured speed and memory of this machine.

    Parameters
    ----------
    seconds : mapping of kind to float
        Seconds of one operation, by kind of work.
    start_seconds : float
        From the start of a worker to its first fit.
    base_bytes : int
        Bytes of a worker with its libraries but without rows.
    """

    seconds: Mapping[str, float]
    start_seconds: float
    base_bytes: int = BASE_BYTES

    def time_of(self, work: Mapping[str, float]) -> float | None:
        """Return the seconds of some work; ``None`` if a kind of it was not measured."""
        if any(kind not in self.seconds for kind in work):
            return None
        return sum(self.seconds[kind] * amount for kind, amount in work.items())


def calibration_tasks() -> list[tuple[AlgorithmSpec, CalibrationTask]]:
    """Return the calibration sweeps of every algorithm, each with its algorithm."""
    return [(spec, task) for spec in algorithms() if spec.cost for task in spec.cost.tasks]


def kinds_of_work() -> tuple[str, ...]:
    """Return the kinds of work whose seconds a calibration measures."""
    return (*(task.kind for _, task in calibration_tasks()), *MEASURING_KINDS)


def describe() -> dict[str, Any]:
    """Return what a calibration is valid for: processor, cores, Python and the libraries' versions."""
    return {
        "format": _FORMAT,
        "cpu": processor_name(),
        "cores": usable_cores(),
        "python": platform.python_version(),
        "versions": versions(),
        "algorithms": [spec.name for spec in algorithms()],
    }


def read_calibration(home: Path | str) -> Calibration | None:
    """Return the stored calibration; ``None`` if there is none, it is damaged, or for another machine or other versions."""
    try:
        kept = json.loads((Path(home) / FILE).read_text())
        if kept["machine"] != describe():
            return None
        found = Calibration(
            {str(kind): float(value) for kind, value in kept["seconds"].items()}, float(kept["start_seconds"]), int(kept["base_bytes"])
        )
        numbers = (*found.seconds.values(), found.start_seconds, found.base_bytes)
        return found if all(math.isfinite(number) and number >= 0 for number in numbers) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return None


def write_calibration(home: Path | str, found: Calibration) -> None:
    """Save a calibration in a store's home."""
    document = {
        "machine": describe(),
        "seconds": dict(found.seconds),
        "start_seconds": found.start_seconds,
        "base_bytes": found.base_bytes,
    }
    with naming_disk(home, holder="home"), temporary_file(Index(home).temporary) as (partial, file):
        file.write(json.dumps(document, indent=1).encode())
        file.flush()
        partial.replace(Path(home) / FILE)


def start_calibration(home: Path | str) -> subprocess.Popen[str]:
    """Start measuring in a child process, which takes about five seconds."""
    command = python_command("segcore.sweeps.cost.calibration", str(Path(home).absolute()))
    return start_child(
        command, environment=fitting_environment(), dies_with_parent=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def require_calibration(home: Path | str) -> Calibration:
    """Return this machine's calibration, measuring it first if needed.

    Raises
    ------
    SegcoreError
        If it cannot be measured or saved, such as on a full disk.
    """
    known = read_calibration(home)
    if known is not None:
        return known
    full = disk_problem(home)
    if full is not None:
        raise full
    process = start_calibration(home)
    try:
        process.wait(_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    found = read_calibration(home)
    if found is None:
        full = disk_problem(home)
        if full is not None:
            raise full
        raise SegcoreError(f"This machine's speed could not be measured (exit code {process.returncode}): try again when it is less busy.")
    return found


def measure_machine() -> Calibration:
    """Measure this machine: the seconds of each kind of work, and time and memory of a worker's start."""
    import psutil

    # The modules that a worker has loaded by its first fit and measure.
    importlib.import_module("segcore.store.store")
    importlib.import_module("sklearn.cluster")
    importlib.import_module("segcore.clustering.kernels.silhouette")
    since_start = max(0.0, time.time() - psutil.Process().create_time())  # the clock may have been set back
    started, base = since_start + _SUPERVISOR_SECONDS, resident_bytes()
    seconds = {task.kind: found for spec, task in calibration_tasks() if (found := _seconds_of(spec, task)) is not None}
    return Calibration({**seconds, **_seconds_of_measuring()}, started, base + _FIRST_FIT_BYTES)


def _data(rows: int, features: int) -> np.ndarray:
    """Return rows in eight loose groups, more like customers than like noise."""
    dice = np.random.default_rng(0)
    middles = dice.normal(size=(8, features))
    return np.asarray(middles[dice.integers(0, 8, rows)] + 0.5 * dice.normal(size=(rows, features)))


def load_code(spec: AlgorithmSpec, engine: str) -> None:
    """Load the libraries and the compiled code of an algorithm and of measuring its solutions, with a few rows."""
    X = _data(_WARM_ROWS, 4)
    for task in spec.cost.tasks if spec.cost else ():
        if task.engine == engine:
            list(spec.sweep(X, spec.parse_grid(task.grid, benchmark=True).points()[:1], task.engine))
    labels = np.arange(len(X), dtype=np.int32) % 2
    measure(X, X, ["a", "b", "c", "d"], labels, silhouette=SilhouetteScorer(X).score(labels))


def _seconds_of(spec: AlgorithmSpec, task: CalibrationTask) -> float | None:
    """Return the seconds per operation of a task's kind; ``None`` if it cannot run here."""
    if spec.cost is None or task.engine not in spec.engines:
        return None
    points = spec.parse_grid(task.grid, benchmark=True).points()
    X = _data(task.rows, task.features)
    list(spec.sweep(X[:_WARM_ROWS], points, task.engine))  # loads libraries and compiled code
    taken = math.inf
    since = time.perf_counter()
    # The shortest of a few runs, because other work on the machine only makes a run longer.
    while taken == math.inf or (time.perf_counter() - since + taken < _TASK_SECONDS):
        begun = time.perf_counter()
        solutions = list(spec.sweep(X, points, task.engine))
        taken = min(taken, time.perf_counter() - begun)
    work = spec.cost.estimate(SampledRows(X, len(X)), points, task.engine).work.get(task.kind, 0.0)
    return taken / work if work and all(solution.engine == task.engine for solution in solutions if solution.status == "ok") else None


def _seconds_of_measuring() -> dict[str, float]:
    """Return the seconds per operation of the silhouettes' pass and of the other measures."""
    X = _data(6_000, 16)
    names = [f"feature {column}" for column in range(X.shape[1])]
    labellings = [np.argmin(((X[:, None, :2] - X[None, :k, :2]) ** 2).sum(axis=2), axis=1) for k in (3, 6, 12)]
    clustered = [1.0] * len(labellings)
    found: dict[str, float] = {}
    for rows in (_WARM_ROWS, len(X)):
        begun = time.perf_counter()
        silhouettes = SilhouetteScorer(X[:rows]).score_all([labels[:rows] for labels in labellings])
        passed = time.perf_counter()
        for labels, silhouette in zip(labellings, silhouettes, strict=True):
            measure(X[:rows], X[:rows], names, labels[:rows], silhouette=silhouette)
        rates = (
            (passed - begun) / silhouette_work(rows, X.shape[1], clustered),
            (time.perf_counter() - passed) / other_work(rows, X.shape[1], clustered),
        )
        found = dict(zip(MEASURING_KINDS, rates, strict=True))
    return found


def main(argv: list[str]) -> int:
    """Measure this machine and keep the result in a store's home."""
    write_calibration(argv[0], measure_machine())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
