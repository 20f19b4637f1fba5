"""Time what a user waits for: ``python benchmarks/start_up.py [--runs N]``; prints a table in Markdown.

Small commands are compared with a bare Python that imports two modules, a small sweep with ``plain_script.py``, alone and with a server
beside it that keeps a spare worker. Each is a new process; the ones that are compared take turns, and their medians are divided.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
BARE = [sys.executable, "-c", "import sqlite3, json"]
SEGCORE = [sys.executable, "-m", "segcore"]
SPARE_SECONDS = 10  # until a spare stands ready again, and nothing else is at work


def write_orders(path: Path) -> None:
    """Write the orders of 200 customers, of three kinds."""
    dice = np.random.default_rng(0)
    rows = ["customer_id,invoice,date,item,quantity,unit_price"]
    for customer in range(200):
        orders, price = ((12, 4.0), (4, 60.0), (1, 15.0))[customer % 3]
        for order in range(orders):
            day = np.datetime64("2024-01-02T08:00") + np.timedelta64(int(dice.integers(0, 300 * 24 * 60)), "m")
            for line in range(int(dice.integers(1, 4))):
                amount = price * dice.uniform(0.8, 1.2)
                rows.append(
                    f"{customer:04d},A{customer}-{order},{str(day).replace('T', ' ')},item{line},{dice.integers(1, 5)},{amount:.2f}"
                )
    path.write_text("\n".join(rows) + "\n")


def seconds(command: list[str], environment: Mapping[str, str]) -> float:
    """Return how long a command takes."""
    began = time.perf_counter()
    subprocess.run(command, check=True, env=environment, cwd=HERE.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def in_turn(runs: int, *, warm: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Return the times of things that take turns, after one of each that is not counted."""
    found: dict[str, list[float]] = {name: [] for name in warm}
    for run in range(runs + 1):
        for name, measure in warm.items():
            taken = measure()
            if run:
                found[name].append(taken)
    return found


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        orders = Path(folder) / "orders.csv"
        write_orders(orders)
        alone = {**os.environ, "SEGCORE_HOME": str(Path(folder) / "home"), "SEGCORE_SPARE_WORKER": "0"}
        sweep = [*SEGCORE, "sweep", str(orders), "--algo", "kmeans", "--grid", "n_clusters=2,3,4,5", "--outliers", "none", "--seed"]
        seeds = iter(range(10**6))  # another sweep each time, or it would be read from the store

        def fresh(environment: Mapping[str, str]) -> float:
            orders.write_text(orders.read_text() + f"{next(seeds) % 200:04d},Z{time.time_ns()},2024-11-01 10:00,item0,1,9.99\n")
            return seconds([*sweep, str(next(seeds))], environment)

        small = {
            "python": lambda: seconds(BARE, alone),
            "--help": lambda: seconds([*SEGCORE, "--help"], alone),
            "samples": lambda: seconds([*SEGCORE, "samples"], alone),
            "jobs": lambda: seconds([*SEGCORE, "jobs"], alone),
            "import segcore": lambda: seconds([sys.executable, "-c", "import segcore"], alone),
        }
        times = in_turn(runs, warm=small)
        shared = {name: value for name, value in alone.items() if name != "SEGCORE_SPARE_WORKER"}
        keeper = (
            "import time; from segcore.store.index import Index; from segcore.system.spare import keep_spare; "
            "keep_spare(Index().home); time.sleep(1e6)"
        )
        with subprocess.Popen([sys.executable, "-c", keeper], env=shared, cwd=HERE.parent) as server:
            try:

                def ready(measure: Callable[[], float]) -> Callable[[], float]:
                    def wait_and_measure() -> float:
                        time.sleep(SPARE_SECONDS)
                        return measure()

                    return wait_and_measure

                times |= in_turn(
                    runs,
                    warm={
                        "plain script": ready(lambda: seconds([sys.executable, str(HERE / "plain_script.py"), str(orders)], alone)),
                        "sweep, no spare worker": ready(lambda: fresh(alone)),
                        "sweep, with a spare worker": ready(lambda: fresh(shared)),
                    },
                )
            finally:
                server.kill()
    print("## What a user waits for on the command line\n")
    print("Written by `benchmarks/start_up.py`. The yardstick of small commands is a Python that imports two modules, that of a sweep of")
    print(f"200 customers is `benchmarks/plain_script.py`; each is a new process, and both take turns ({runs} runs).\n")
    print("| what | seconds (median, fastest to slowest) | times the yardstick |\n| --- | --- | --- |")
    for name, taken in times.items():
        base = "python" if name in small else "plain script"
        ratio = statistics.median(taken) / statistics.median(times[base])
        print(f"| {name} | {statistics.median(taken):.3f} ({min(taken):.3f} to {max(taken):.3f}) | {ratio:.2f} |")


if __name__ == "__main__":
    main()
