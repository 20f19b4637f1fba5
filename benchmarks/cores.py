"""Time the shared engine on one core and on all: ``python benchmarks/cores.py [--data DATA] [--copies N] [--runs N]``; prints Markdown.

k-means and DBSCAN on the Intel kit's grids and features, and the silhouettes of the k-means. Each run is a fresh process whose compiled
code is loaded and warmed up before the clock starts. One core and all cores take turns; as a yardstick of what the machine has to give, as
many runs as there are cores go side by side, each on its own core. Which comes first rotates: on a virtual machine, memory that the run
before has just given back costs a tenth of memory that the host must find.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
WORKS = ("kmeans", "dbscan", "silhouettes")
WAYS = ("alone", "together", "beside")
WARM_ROWS = 2_000


def write_rows(data: str, copies: int, path: Path) -> tuple[int, int]:
    """Write the rows to cluster, prepared as the Intel kit does, and return their shape."""
    import numpy as np

    from segcore.clustering.algorithms.registry import algorithm
    from segcore.features.planning.defaults import KIT
    from segcore.intake.take_in import take_in
    from segcore.records.intake import DataRequest
    from segcore.store.store import Store
    from segcore.sweeps.prepared import prepare
    from segcore.sweeps.spec import make_spec

    store = Store(path.parent / "home")
    taken = take_in(store, DataRequest(data=data))
    plan = KIT.plan(store.feature_table(taken.table), taken.kind)
    points = algorithm("kmeans").parse_grid([], benchmark=True).points()
    spec = make_spec(store, taken.table, taken.data, replace(plan, repeats=copies), algorithm="kmeans", points=points)
    X = prepare(store, spec, ids=False).X
    np.save(path, X)
    return X.shape


def run(work: str, path: Path) -> float:
    """Return the seconds of one piece of work, in this process."""
    import time

    import numpy as np

    from segcore.clustering.algorithms.registry import algorithm
    from segcore.clustering.quality.silhouette import SilhouetteScorer
    from segcore.clustering.specification.task import SweepTask

    X = np.load(path)
    spec = algorithm("dbscan" if work == "dbscan" else "kmeans")
    points = spec.parse_grid([], benchmark=True).points()

    def labels_of(rows: np.ndarray) -> list[np.ndarray]:
        fitted = spec.fit(SweepTask(rows, points, "shared", 0, None))
        return [solution.labels for solution in fitted if solution.labels is not None]

    def measure(rows: np.ndarray) -> float:
        labels = labels_of(rows) if work == "silhouettes" else []
        began = time.perf_counter()
        if work == "silhouettes":
            SilhouetteScorer(rows, seed=0).score_all(labels)
        else:
            labels_of(rows)
        return time.perf_counter() - began

    measure(np.ascontiguousarray(X[:WARM_ROWS]))
    return measure(X)


def start(work: str, path: Path, cores: set[int]) -> subprocess.Popen[str]:
    """Start a run on some cores."""
    from segcore.system.child_process import fitting_environment

    command = [sys.executable, __file__, "--work", work, "--rows", str(path)]
    allow = partial(os.sched_setaffinity, 0, cores)
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=allow, env=fitting_environment())


def seconds(process: subprocess.Popen[str]) -> float:
    """Return what a run has printed."""
    printed, _ = process.communicate()
    return float(json.loads(printed))


def main() -> None:
    """Measure, and print the table."""
    import numpy as np

    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--data", default="complete-journey", help="sample or file (default: the included sample)")
    parser.add_argument("--copies", type=int, default=172, help="copies of each customer (default: 172, some 420,000 rows of the sample)")
    parser.add_argument("--runs", type=int, default=6)
    parser.add_argument("--work", choices=WORKS, help=argparse.SUPPRESS)
    parser.add_argument("--rows", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.rows:
        print(json.dumps(run(args.work, Path(args.rows))))
        return
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.npy"
        n_rows, n_features = write_rows(args.data, args.copies, path)
        small = path.with_name("small.npy")
        print(f"\n## One core and {len(cores)}\n")
        print(f"Written by `benchmarks/cores.py`: {n_rows:,} rows x {n_features} features ({args.data}), silhouettes on a tenth of them;")
        print(f"medians of {args.runs} runs, which take turns, another first each time.")
        print(f"Side by side are {len(cores)} runs at once, each on its own core.\n")
        print("| work | one core, s | all cores, s | times as fast | side by side, times the work of one | share of that |")
        print("| --- | --- | --- | --- | --- | --- |")
        np.save(small, np.load(path, mmap_mode="r")[::10])
        for work in WORKS:
            rows = small if work == "silhouettes" else path
            taken: dict[str, list[list[float]]] = {way: [] for way in WAYS}
            for number in range(args.runs):
                for way in WAYS[number % len(WAYS) :] + WAYS[: number % len(WAYS)]:
                    at_once = {"alone": [{cores[0]}], "together": [set(cores)], "beside": [{core} for core in cores]}[way]
                    taken[way].append([seconds(each) for each in [start(work, rows, allowed) for allowed in at_once]])
            alone, together = ([first for first, *_ in taken[way]] for way in ("alone", "together"))
            gains = [sum(one / each for each in beside) for one, beside in zip(alone, taken["beside"], strict=True)]
            ratio, gain = statistics.median(alone) / statistics.median(together), statistics.median(gains)
            print(
                f"| {work} | {statistics.median(alone):.2f} ({min(alone):.2f} to {max(alone):.2f}) | {statistics.median(together):.2f} "
                f"({min(together):.2f} to {max(together):.2f}) | {ratio:.2f} | {gain:.2f} | {ratio / gain:.0%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
