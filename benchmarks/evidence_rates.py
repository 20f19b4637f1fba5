"""Measure how often the recommendation is right: ``python benchmarks/evidence_rates.py RESULTS``; prints a table in Markdown.

Data sets with and without segments (``tests/generated.py``) are swept with k-means, 2 to 9 segments, and all evidence is gathered, as for
any other data. RESULTS is a file with one line per data set; what is in it is not computed again, so that the work can be done in pieces,
and is judged by the present rule, so that a change of the rule needs no new fits. 20 data sets per kind take about an hour on two cores.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import math
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from segcore.clustering.recommend import recommend
from segcore.records.estimate import wilson_interval
from segcore.records.evidence import PLACEBOS, SweepEvidence
from segcore.records.solution import Solution
from tests.generated import KINDS, REPORTED, WITH_SEGMENTS, generate, swept

SIZES = range(2, 10)
MEMORY = Path("/dev/shm")
"""A store flushes each piece of evidence; on a disk that takes longer than the fits."""
NEAR = 2.0
"""Two planted centres that are nearer, in standard deviations within a segment, count as one or as two."""


def measured(kind: str, seed: int, placebos: int) -> dict[str, Any]:
    """Return what was planted in a data set, and its solutions with the evidence on them, as plain values."""
    data = generate(kind, seed)
    began = time.process_time()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as home:
        sweep = swept(data, Path(home), sizes=SIZES, placebos=placebos)
    return {
        "kind": kind,
        "seed": seed,
        "rows": len(data.values),
        "features": len(data.names),
        "planted": data.n_segments,
        "nearest": data.nearest_centres,
        "silhouette": data.silhouette,
        "cpu_seconds": time.process_time() - began,
        "solutions": [solution.to_json() for solution in sweep.solutions if solution is not None],
        "same_as": sweep.same_as(),
        "evidence": sweep.summary["evidence"],
    }


def judged(record: dict[str, Any]) -> tuple[str | None, int | None]:
    """Return the outcome by the present rule, and the number of segments of the recommended solution."""
    solutions = [Solution.from_json(solution) for solution in record["solutions"]]
    found = recommend("kmeans", solutions, SweepEvidence.from_json(record["evidence"]), same_as=record["same_as"])
    return found.outcome, None if found.params is None else int(found.params["n_clusters"])


def is_planted(record: dict[str, Any], n_segments: int | None) -> bool:
    """Tell whether a number of segments is the planted one; one less counts where two planted centres are near each other."""
    allowed = {record["planted"], record["planted"] - (record["nearest"] is not None and record["nearest"] < NEAR)}
    return n_segments in allowed


def on_one_core(core: multiprocessing.Queue[int]) -> None:
    """Keep a process on a core of its own: with data sets this small, threads mostly wait for one another."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core.get()})


def computed(
    wanted: Iterable[tuple[str, int]], measure: Callable[[str, int], dict[str, Any]], *, processes: int, seconds: float
) -> Iterator[dict[str, Any]]:
    """Yield what was measured on each data set, until there are no more or the time is over; what has begun is finished."""
    ends, waiting = time.monotonic() + seconds, iter(wanted)
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    spawn = multiprocessing.get_context("spawn")
    cores = spawn.Queue()
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    for process in range(processes):
        cores.put(usable[process % len(usable)])
    with ProcessPoolExecutor(processes, mp_context=spawn, initializer=on_one_core, initargs=(cores,)) as pool:
        running = {pool.submit(measure, *each) for each in itertools.islice(waiting, processes)}
        while running:
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            if time.monotonic() < ends:
                running |= {pool.submit(measure, *each) for each in itertools.islice(waiting, len(finished))}
            yield from (future.result() for future in finished)


def table(records: Sequence[dict[str, Any]]) -> list[str]:
    """Return the lines of the table: one per kind, and the sums that are demanded."""
    demanded = [kind for kind in KINDS if kind not in REPORTED]
    sections = {
        "**All without segments**": [kind for kind in demanded if kind not in WITH_SEGMENTS],
        "**All with planted segments**": [kind for kind in demanded if kind in WITH_SEGMENTS],
        "": list(REPORTED),
    }
    lines = ["| data | data sets | groups | cuts | nothing | planted number |", "|---|---|---|---|---|---|"]
    for title, kinds in sections.items():
        lines += [row(kind, [record for record in records if record["kind"] == kind]) for kind in kinds]
        if title:
            lines.append(row(title, [record for record in records if record["kind"] in kinds], total=True))
    return lines


def row(title: str, records: Sequence[dict[str, Any]], *, total: bool = False) -> str:
    """Return a line of the table; a total has 95 % intervals."""
    found = [judged(record) for record in records]
    counts = [sum(outcome == wanted for outcome, _ in found) for wanted in ("groups", "cuts", "nothing")]
    right = sum(outcome == "groups" and is_planted(record, k) for record, (outcome, k) in zip(records, found, strict=True))
    has_segments = any(record["nearest"] is not None for record in records)
    text = share if total else lambda count, n: str(count)
    cells = [text(counts[0], len(records)), str(counts[1]), str(counts[2]), text(right, len(records)) if has_segments else ""]
    return f"| {title} | {len(records)} | {' | '.join(cells)} |"


def share(count: int, n: int) -> str:
    """Return a count as a share with Wilson's 95 % interval."""
    if not n:
        return "0"
    low, high = wilson_interval(count / n, n)
    return f"{count} = {count / n:.0%} ({low:.0%} to {high:.0%})".replace("%", " %")


def main() -> None:
    """Measure what is missing, and print the table of all that is there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--seeds", type=int, default=20, help="data sets per kind")
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=KINDS, metavar="KIND", help=f"of {', '.join(KINDS)}")
    parser.add_argument("--placebos", type=int, default=PLACEBOS)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no data set after so many")
    asked = parser.parse_args()
    records = [json.loads(line) for line in asked.results.read_text().splitlines()] if asked.results.exists() else []
    there = {(record["kind"], record["seed"]) for record in records}
    missing = [(kind, seed) for seed in range(asked.seeds) for kind in asked.kinds if (kind, seed) not in there]
    if missing:
        measure = functools.partial(measured, placebos=asked.placebos)
        with asked.results.open("a") as file:
            for record in computed(missing, measure, processes=asked.processes, seconds=asked.seconds):
                print(f"{record['kind']}, seed {record['seed']}: {record['cpu_seconds']:.0f} s of a core", file=sys.stderr)
                file.write(json.dumps(record) + "\n")
                file.flush()
                records.append(record)
    print("\n".join(table(records)))


if __name__ == "__main__":
    main()
