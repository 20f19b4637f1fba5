"""One run of one engine: ``python -m segcore.benchmark.fit FOLDER``, a fresh process that computes the whole grid and is timed.

It reads ``FOLDER/request.json``, prints one line after each point, and writes ``result.json`` and ``labels_0.npy``… to ``FOLDER``.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import segcore
from segcore.clustering.algorithms.registry import algorithm
from segcore.clustering.quality.measures import inertia
from segcore.clustering.quality.silhouette import SilhouetteScorer
from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.records.grid import point_key
from segcore.records.solution import NOISE, EngineName, Solution

_WARM_ROWS = 4096


def main(argv: Sequence[str]) -> int:
    """Run the request in ``FOLDER/request.json``."""
    faulthandler.enable()
    folder = Path(argv[0])
    request = json.loads((folder / "request.json").read_text())
    if request["parent"] != os.getppid():
        return 1  # the parent was killed while this process started
    # Read, not mapped, so that no page is loaded from disk while a fit is timed.
    X = np.load(request["X"], allow_pickle=False)
    result = measure_grid(X, request) if request["work"] == "silhouette" else fit_grid(X, request, folder)
    (folder / "result.json").write_text(json.dumps(result, allow_nan=False))
    return 0


def fit_grid(X: np.ndarray, request: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Fit every point and return its seconds, the engine that ran and the proof; write labels to ``folder``.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), float64
        Scaled features.
    request : mapping
        ``algorithm``, ``points``, ``engine``, ``seed``.
    folder : Path
    """
    spec, engine = algorithm(request["algorithm"]), request["engine"]
    warm_up(spec, X, request["points"], engine, request["seed"])
    before = peak_rss_bytes()
    found: dict[str, Solution] = {}
    shared: list[float] = []
    start = time.perf_counter()
    for solution in spec.sweep(X, request["points"], engine, seed=request["seed"], shared=shared.append):
        found[point_key(solution.params)] = solution
        print(len(found), flush=True)  # noqa: T201
    elapsed = time.perf_counter() - start
    peak = peak_rss_bytes()
    solutions = [found[point_key(point)] for point in request["points"]]
    for position, solution in enumerate(solutions):
        if solution.labels is not None:
            np.save(folder / f"labels_{position}.npy", solution.labels, allow_pickle=False)
    return {
        "points": [_point(X, solution) for solution in solutions],
        "elapsed_seconds": elapsed,
        "shared_seconds": sum(shared),
        "peak_rss_bytes": peak,
        "rss_before_fits_bytes": before,
    }


def warm_up(spec: AlgorithmSpec, X: np.ndarray, points: Sequence[dict[str, Any]], engine: EngineName, seed: int) -> None:
    """Fit the first and the last point on a few rows, so that compiled code and its threads are ready when the clock starts."""
    few = np.ascontiguousarray(X[np.unique(np.linspace(0, len(X) - 1, min(_WARM_ROWS, len(X))).astype(np.intp))])
    for _ in spec.sweep(few, [points[0], points[-1]], engine, seed=seed):
        pass


def measure_grid(X: np.ndarray, request: dict[str, Any]) -> dict[str, Any]:
    """Measure the silhouettes of existing labellings: one by one with scikit-learn's function, or all in one pass.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), float64
        Scaled features.
    request : mapping
        ``points``, ``engine`` ("pointwise" or "shared") and ``labels``: for each point a file or ``None``.

    Notes
    -----
    Both engines skip a point without a silhouette (no labels, or fewer than two segments).
    """
    labellings = {at: np.load(path, allow_pickle=False) for at, path in enumerate(request["labels"]) if path is not None}
    defined = {position: labels for position, labels in labellings.items() if _has_silhouette(labels)}
    work = silhouettes_pointwise if request["engine"] == "pointwise" else silhouettes_shared
    few = min(len(X), _WARM_ROWS)
    for _ in work(X[:few], [np.arange(few, dtype=np.int32) % 2]):
        pass
    before, start = peak_rss_bytes(), time.perf_counter()
    values: list[float] = []
    for value in work(X, list(defined.values())):
        values.append(value)
        print(len(values), flush=True)  # noqa: T201
    elapsed = time.perf_counter() - start
    found = dict(zip(defined, values, strict=True))
    title = f"scikit-learn {version('scikit-learn')}, sklearn.metrics.silhouette_score for each solution"
    if request["engine"] == "shared":
        title = f"segcore {segcore.__version__}, one pass over the distances for all solutions (numba {version('numba')})"
    return {
        "points": [
            {
                "params": dict(point),
                "status": "ok" if position in found else "skipped",
                "reason": None if position in found else "It has no silhouette: it has fewer than two segments, or no labels.",
                "seconds": None,
                "ran": request["engine"] if position in found else None,
                "evidence": title,
                "n_segments": None,
                "inertia": None,
                "silhouette": found.get(position),
            }
            for position, point in enumerate(request["points"])
        ],
        "elapsed_seconds": elapsed,
        "shared_seconds": 0.0,
        "peak_rss_bytes": peak_rss_bytes(),
        "rss_before_fits_bytes": before,
    }


def _has_silhouette(labels: np.ndarray) -> bool:
    kept = labels[labels != NOISE]
    return 2 <= len(np.unique(kept)) < len(kept)


def silhouettes_pointwise(X: np.ndarray, labellings: Sequence[np.ndarray]) -> Iterator[float]:
    """Yield each labelling's silhouette without noise, computed by scikit-learn's function."""
    from sklearn.metrics import silhouette_score

    for labels in labellings:
        kept = labels != NOISE
        yield float(silhouette_score(X if kept.all() else X[kept], labels[kept]))


def silhouettes_shared(X: np.ndarray, labellings: Sequence[np.ndarray]) -> Iterator[float]:
    """Yield each labelling's exact silhouette without noise, all measured in one pass over the distances."""
    for estimate in SilhouetteScorer(X, pairs=len(X) ** 2).score_all(labellings):
        yield float("nan") if estimate.value is None else estimate.value


def _point(X: np.ndarray, solution: Solution) -> dict[str, Any]:
    labels = solution.labels
    clustered = labels is not None and bool((labels != NOISE).all())
    return {
        "params": dict(solution.params),
        "status": solution.status,
        "reason": solution.reason,
        "seconds": solution.fit_seconds,
        "ran": solution.engine if solution.status == "ok" else None,
        "evidence": solution.evidence,
        "n_segments": solution.n_segments,
        # Noise has no centre, so inertia can only compare clusterings without noise.
        "inertia": inertia(X, labels) if clustered and labels is not None else None,
    }


def peak_rss_bytes() -> int:
    """Return this process's peak memory so far, in bytes.

    ``getrusage`` would include the parent's memory at the fork, which exec does not reset.
    """
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
