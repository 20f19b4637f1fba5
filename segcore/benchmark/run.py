"""Run a benchmark: prepare the rows once, then let the engines take turns, each run in a fresh process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from segcore.benchmark.conditions import busy_seconds, describe_machine
from segcore.benchmark.document import fits_document, silhouettes_document
from segcore.benchmark.record import Run
from segcore.benchmark.spec import BenchmarkSpec, turns
from segcore.errors import DataError
from segcore.records.grid import point_key
from segcore.store.disk import disk_problem
from segcore.store.store import Store
from segcore.sweeps.prepared import prepare
from segcore.system.child_process import fitting_environment, python_command, start_child

FIT = tuple(python_command("segcore.benchmark.fit"))
_HOPELESS = 2


def run_benchmark(
    store: Store, spec: BenchmarkSpec, folder: Path, *, progress: Callable[[int], None] | None = None, fit: tuple[str, ...] = FIT
) -> dict[str, Any]:
    """Time every engine's runs and return the document of ``benchmark --json``.

    Parameters
    ----------
    store : Store
    spec : BenchmarkSpec
    folder : Path
        Temporary folder for rows and labels; created, and removed at the end.
    progress : callable or None
        Called with the number of finished fits.
    fit : tuple of str
        Command for one run, without its folder.

    Notes
    -----
    An engine whose process died twice is not started again: it would die each time, which takes long on a large grid.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        X = prepare(store, spec.sweep).X
        shape = X.shape
        try:
            np.save(folder / "X.npy", X, allow_pickle=False)
        except OSError as error:  # of NumPy, which leaves out the reason
            raise disk_problem(folder, holder="file") or error from error
        del X
        machine = describe_machine()
        tell = progress or (lambda done: None)
        request: dict[str, Any] = {"X": str(folder / "X.npy"), "work": spec.work}
        request |= {"algorithm": spec.sweep.algorithm, "points": [dict(point) for point in spec.sweep.points], "seed": spec.sweep.plan.seed}
        if request["work"] == "silhouette":
            request["labels"] = _labellings({**request, "work": "fit"}, spec.sweep.engine, folder, fit)
        runs: list[Run] = []
        for order, (engine, number) in enumerate(turns(spec.engines, spec.runs)):
            before = order * len(spec.sweep.points)
            if sum(run.died is not None for run in runs if run.engine == engine) < _HOPELESS:
                runs.append(_run(request, engine, number, folder, fit, partial(_progress_from, tell, before)))
            tell(before + len(spec.sweep.points))
        return (silhouettes_document if request["work"] == "silhouette" else fits_document)(spec, runs, shape=shape, machine=machine)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _progress_from(tell: Callable[[int], None], before: int, done: int) -> None:
    tell(before + done)


def _labellings(request: Mapping[str, Any], engine: str, folder: Path, fit: tuple[str, ...]) -> list[str | None]:
    """Fit each point once and return its file of labels, or ``None`` if it has no labels."""
    found = _run(request, engine, 0, folder, fit, lambda done: None)
    if found.died is not None:
        raise DataError(f"The solutions to measure could not be fitted: {found.died}")
    files = [found.folder / f"labels_{position}.npy" for position in range(len(request["points"]))]
    return [str(file) if file.exists() else None for file in files]


def _run(request: Mapping[str, Any], engine: str, number: int, folder: Path, fit: tuple[str, ...], progress: Callable[[int], None]) -> Run:
    own = folder / f"{engine}_{number}"
    own.mkdir()
    (own / "request.json").write_text(json.dumps({**request, "engine": engine, "parent": os.getpid()}))
    start, busy = time.monotonic(), busy_seconds()
    with (own / "stderr").open("wb") as errors:
        # It stays in this process's group and ends with it, so cancelling the benchmark ends it too.
        process = start_child(
            [*fit, str(own)], environment=fitting_environment(), dies_with_parent=True, stdout=subprocess.PIPE, stderr=errors
        )
        done = 0
        with process:
            for line in process.stdout or ():
                if line.strip().isdigit():
                    done = int(line)
                    progress(done)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
    taken = time.monotonic() - start
    others = busy_seconds() - busy - usage.ru_utime - usage.ru_stime
    share = max(0.0, others / max(taken * (psutil.cpu_count() or 1), 1e-9))
    if process.returncode != 0:
        full = disk_problem(folder, holder="file")
        if full is not None:
            raise full  # no engine is to blame for it
        return Run(engine, number, own, other_cpu_share=share, died=_death(process.returncode, _where(request, engine, done), own))
    return Run(engine, number, own, **json.loads((own / "result.json").read_text()), other_cpu_share=share, process_seconds=taken)


def _where(request: Mapping[str, Any], engine: str, done: int) -> str:
    """Return the progress of a run that had reported ``done`` points."""
    points = request["points"]
    if done >= len(points):
        return "after the last fit"
    if engine in ("stock", "intel"):  # these fit point by point
        return f"while fitting {point_key(points[done])}"
    return f"after {done} of {len(points)} solutions"


def _death(code: int, where: str, folder: Path) -> str:
    """Return one sentence about how a run's process died, and where."""
    if code < 0:
        name = signal.Signals(-code).name
        memory = " (most likely for lack of memory)" if name == "SIGKILL" else ""
        return f"Its process was killed by {name}{memory} {where}."
    lines = [line.strip() for line in (folder / "stderr").read_text(errors="replace").splitlines() if line.strip()]
    return f"Its process stopped with code {code} {where}: {lines[-1][:300] if lines else 'it printed nothing'}."
