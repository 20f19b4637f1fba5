"""Measure building features by frame library: ``python benchmarks/scale.py FOLDER [--lines N ...] [--frames NAME ...] [--sweep]``.

Order lines are written into FOLDER first, 50 for each customer (see order_lines.py). Each run is ``segcore features --features all`` as a
command of its own with a store of its own; with ``--sweep``, a k-means sweep of nine points follows as another command. Memory is the
largest sum over the command and all its children, of what each has for itself and its share of what they have in common (PSS), ten times
a second. Prints Markdown, with the load of the machine before each run.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from order_lines import write_lines

ROOT = Path(__file__).resolve().parents[1]
FRAMES = ("pandas", "polars", "duckdb", "modin", "spark")
LINES_A_CUSTOMER = 50
PAUSE_SECONDS = 0.1


def measured(command: list[str], home: Path) -> tuple[float, int, int]:
    """Run a command; return its seconds, the largest memory of its processes together in bytes, and its exit code."""
    begun, peak = time.perf_counter(), 0
    environment = {**os.environ, "SEGCORE_HOME": str(home), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    own = psutil.Process(process.pid)
    while process.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            peak = max(peak, sum(_bytes_of(one) for one in (own, *own.children(recursive=True))))
        time.sleep(PAUSE_SECONDS)
    return time.perf_counter() - begun, peak, process.returncode


def _bytes_of(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().pss
    except psutil.Error:
        return 0


def main() -> None:
    """Write the lines, run each command, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int, nargs="+", default=[500_000, 5_000_000, 50_000_000])
    parser.add_argument("--frames", nargs="+", choices=FRAMES, default=FRAMES)
    parser.add_argument("--sweep", action="store_true")
    args = parser.parse_args()
    print("| lines | frames | command | seconds | peak memory | load before |\n|---|---|---|---|---|---|", flush=True)
    for lines in args.lines:
        data = args.folder / f"lines-{lines}"
        if not data.exists():
            write_lines(data, lines, max(1, lines // LINES_A_CUSTOMER))
        for frames in args.frames:
            with tempfile.TemporaryDirectory(dir=args.folder) as home:
                asked = [str(data), "--frames", frames]
                commands = [("features", "--features", "all", "--out", f"{home}/features.parquet")]
                commands += [("sweep", "--algo", "kmeans", "--grid", "n_clusters=2,3,4,5,6,7,8,9,10")] if args.sweep else []
                for name, *options in commands:
                    load = os.getloadavg()[0]
                    seconds, peak, code = measured([sys.executable, "-m", "segcore", name, *asked, *options], Path(home) / "store")
                    done = f"{seconds:.0f}" if code == 0 else f"exit code {code} after {seconds:.0f}"
                    print(f"| {lines:,} | {frames} | {name} | {done} | {peak / 1e9:.2f} GB | {load:.1f} |", flush=True)


if __name__ == "__main__":
    main()
