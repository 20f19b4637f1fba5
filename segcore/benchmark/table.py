"""Measure the engines on the Intel kit's grids and write the table of ``docs/benchmarks.md``.

``python -m segcore.benchmark.table DATA OUT.md [--runs N] [--keep DIR]``: one ``segcore benchmark`` a row, documents kept in ``DIR``
are not measured again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from segcore.algorithms import algorithm

ROOT = Path(__file__).resolve().parents[2]
CASES = (("kmeans", 1), ("kmeans", 10), ("dbscan", 1), ("dbscan", 10))
_GIB, _MIB = 2**30, 2**20
_HEADER = (
    "work",
    "rows",
    "points",
    "engine",
    "ran",
    "seconds (fastest to slowest)",
    "times as fast as stock",
    "same results as stock",
    "lowest ARI",
    "inertia against stock",
    "peak memory",
)
_METHOD = (
    "Written by `make bench`. The same grid, rows and seed go through the engines in turn (stock, intel, stock, intel…), each run in a",
    "fresh process whose compiled code is warmed up before the clock starts. Seconds are those of the fits of the whole grid: neither",
    "start-up, nor building of features. Times are medians.",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is not there yet and write the page."""
    parser = argparse.ArgumentParser(prog="segcore.benchmark.table", description="Time the engines and write their table.")
    parser.add_argument("data", help="a sample's name or a path, transactions")
    parser.add_argument("out", help="Markdown file to write")
    parser.add_argument("--runs", type=int, default=3, help="runs of each engine (3)")
    parser.add_argument("--keep", help="folder for the JSON documents; those that are there are not measured again")
    args = parser.parse_args(argv)
    documents = []
    for name, repeats in CASES:
        kept = Path(args.keep) / f"{name}_{repeats}.json" if args.keep else None
        if kept is not None and kept.exists():
            documents.append(json.loads(kept.read_text()))
            continue
        document = measure(args.data, name, repeats, args.runs)
        if document is None:
            return 1
        documents.append(document)
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(document))
    Path(args.out).write_text(markdown(documents), encoding="utf-8")
    return 0


def measure(data: str, algorithm: str, repeats: int, runs: int) -> dict[str, Any] | None:
    """Run one benchmark by the command line; ``None`` where it failed, which it then has said itself."""
    command = [sys.executable, "-m", "segcore", "benchmark", data, "--algo", algorithm, "--repeats", str(repeats), "--runs", str(runs)]
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
    done = subprocess.run([*command, "--json"], stdout=subprocess.PIPE, text=True, check=False, env={**os.environ, "PYTHONPATH": path})
    return json.loads(done.stdout) if done.returncode == 0 else None


def markdown(documents: Sequence[Mapping[str, Any]]) -> str:
    """Return the page: how it was measured, the table, and what it says, work by work.

    Parameters
    ----------
    documents : sequence of mapping
        What ``segcore benchmark --json`` printed, each.
    """
    rows = [_row(document, engine) for document in documents for engine in _engines(document)]
    table = [_line(_HEADER), _line("---" for _ in _HEADER), *(_line(row) for row in rows)]
    said = [f"- **{_work(document)}, {document['rows']:,} rows.** {_told(document)}" for document in documents]
    proofs = list(dict.fromkeys(_proof(engine, document) for document in documents for engine in _engines(document)))
    return "\n".join(
        [
            "# Stock scikit-learn against Intel's",
            "",
            *_METHOD,
            "",
            *_machines(documents),
            "",
            *table,
            "",
            *said,
            "",
            "Proof of what ran:",
            "",
            *(f"- {proof}" for proof in proofs),
            "",
        ]
    )


def _engines(document: Mapping[str, Any]) -> list[str]:
    """Return the engines in the order of their turns."""
    return list(dict.fromkeys(turn["engine"] for turn in document["order"]))


def _line(cells: Any) -> str:
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |"


def _work(document: Mapping[str, Any]) -> str:
    return f"{algorithm(document['algorithm']).title}, repeats {document['repeats']}"


def _row(document: Mapping[str, Any], engine: str) -> tuple[str, ...]:
    times, agreement = document["engines"][engine], document["agreement"].get(engine)
    ratio = document["ratio_to_stock"].get(engine)
    seconds, same = "no run finished", ("–", "–", "–")
    if times["median_seconds"] is not None:
        seconds = f"{times['median_seconds']:.2f} ({times['min_seconds']:.2f} to {times['max_seconds']:.2f})"
    if agreement and agreement["points"]:
        low, high = agreement["min_inertia_gap"], agreement["max_inertia_gap"]
        gap = "–" if high is None else f"{low:+.2%} to {high:+.2%}"
        same = (f"{agreement['identical_points']} of {agreement['points']}", f"{agreement['min_ari']:.3f}", gap)
    return (
        _work(document),
        f"{document['rows']:,}",
        str(document["points"]),
        engine,
        times["ran"] or "nothing",
        seconds,
        "–" if ratio is None else f"{ratio:.2f}",
        *same,
        f"{times['peak_rss_bytes'] / _MIB:,.0f} MiB" if times["peak_rss_bytes"] else "–",
    )


def _told(document: Mapping[str, Any]) -> str:
    return " ".join([document["summary"], *document["warnings"]])


def _proof(engine: str, document: Mapping[str, Any]) -> str:
    return f"{engine}, {_work(document)}: {' '.join(document['engines'][engine]['evidence'].split())}"


def _machines(documents: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = []
    for document in documents:
        machine = document["machine"]
        versions = ", ".join(f"{name} {version}" for name, version in sorted(machine["versions"].items()))
        lines.append(
            f"Machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory_bytes'] / _GIB:.0f} GiB, {machine['os']}, "
            f"Python {machine['python']}, {versions}. Data: {document['data']['name']}, {document['features']} features, "
            f"{document['runs']} runs of each engine."
        )
    return list(dict.fromkeys(lines))


if __name__ == "__main__":
    sys.exit(main())
