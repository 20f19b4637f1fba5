"""Measure the engines on the Intel kit's grids and write the table of ``docs/benchmarks.md``.

``python -m segcore.benchmark.table DATA OUT.md [--runs N] [--keep DIR]`` runs one ``segcore benchmark`` per case; cases with a document
in ``DIR`` are not measured again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segcore.clustering.algorithms.registry import algorithm
from segcore.system.child_process import python_command, start_child


@dataclass(frozen=True, slots=True)
class Case:
    """One benchmark of the page.

    Parameters
    ----------
    algorithm : str
    repeats : int
        Copies of each customer.
    engines : str
        Separated by commas; "" means all engines of the algorithm.
    work : {"fit", "silhouette"}
    grid : tuple of str
        Axes as in ``--grid``; empty means the algorithm's default grid.
    runs : int or None
        Runs of each engine; ``None`` means the number for the whole page.
    """

    algorithm: str
    repeats: int
    engines: str = ""
    work: str = "fit"
    grid: tuple[str, ...] = ()
    runs: int | None = None

    @property
    def name(self) -> str:
        """Name of its file, without suffix."""
        return "_".join(part for part in (self.work, self.algorithm, str(self.repeats), self.engines.replace(",", "-")) if part)


CASES = (
    Case("kmeans", 1),
    Case("kmeans", 10),
    Case("kmeans", 100),
    Case("dbscan", 1),
    Case("dbscan", 10),
    Case("dbscan", 15),
    # One fit of another engine on these rows takes longer than everything else together.
    Case("dbscan", 100, engines="shared"),
    Case("kmeans", 1, work="silhouette"),
    Case("kmeans", 10, work="silhouette", runs=1),
    Case("ward", 1, grid=(f"n_clusters={','.join(str(count) for count in range(2, 31))}",)),
    Case("hdbscan", 1),
    Case("gaussian_mixture", 1),
    Case("minibatch_kmeans", 10),
)
_GIB, _MIB = 2**30, 2**20
_HEADER = (
    "work",
    "rows",
    "solutions",
    "engine",
    "ran",
    "seconds (fastest to slowest)",
    "times as fast as stock",
    "times as fast as Intel's",
    "same results as stock",
    "lowest ARI",
    "inertia against stock",
    "peak memory",
)
_METHOD = (
    "Written by `make bench`. The engines compute the same grid on the same rows with the same seed in turn (stock, intel, shared,",
    "stock…). Each run is a fresh process whose compiled code is loaded and warmed up before the clock starts; start-up and the building",
    "of features are not counted. Times are medians of the runs, whose number is given below the table. For stock and Intel, the seconds",
    "are the sum of the fits alone; for the shared engine, and for silhouettes, the time from the start of the first solution to the last",
    "result. Repeats are jittered copies of each customer. Stock is scikit-learn's estimator, fitted solution by solution (Ward:",
    "`AgglomerativeClustering`, HDBSCAN: `HDBSCAN`); for silhouettes, `silhouette_score` called for each solution. *Same results* means",
    "the same labels for algorithms that number their segments by a rule (DBSCAN, HDBSCAN, Ward), else the same partition.",
)
_GROWTH = (
    "Seconds for the whole grid by number of rows. The time of k-means grows about in proportion to the rows. The pairs of neighbours",
    "within a fixed radius grow with the square of the repeats, because each copy is near all other copies of its customer. DBSCAN fitted",
    "solution by solution grows at that rate; the shared search grows more slowly, because it handles boxes of rows that are all",
    "neighbours at once.",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the missing benchmarks and write the page."""
    parser = argparse.ArgumentParser(prog="segcore.benchmark.table", description="Time the engines and write their table.")
    parser.add_argument("data", help="name of a sample or path of a file of transactions")
    parser.add_argument("out", help="Markdown file to write")
    parser.add_argument("--runs", type=int, default=3, help="runs of each engine (3)")
    parser.add_argument("--keep", help="folder for the JSON documents; a benchmark whose document is there is not run again")
    args = parser.parse_args(argv)
    documents = []
    for case in CASES:
        kept = Path(args.keep) / f"{case.name}.json" if args.keep else None
        if kept is not None and kept.exists():
            documents.append(json.loads(kept.read_text()))
            continue
        document = measure(args.data, case, args.runs)
        if document is None:
            return 1
        documents.append(document)
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(document))
    Path(args.out).write_text(markdown(documents), encoding="utf-8")
    return 0


def measure(data: str, case: Case, runs: int) -> dict[str, Any] | None:
    """Run one benchmark on the command line; return None if it failed, after it has printed the reason."""
    command = python_command("segcore", "benchmark", data, "--algo", case.algorithm, "--repeats", str(case.repeats), "--json")
    command += ["--runs", str(case.runs or runs), "--work", case.work, *(["--engines", case.engines] if case.engines else [])]
    for axis in case.grid:
        command += ["--grid", axis]
    process = start_child(command, stdout=subprocess.PIPE)
    printed, _ = process.communicate()
    return json.loads(printed) if process.returncode == 0 else None


def markdown(documents: Sequence[Mapping[str, Any]]) -> str:
    """Return the page: method, table, and a summary of each benchmark.

    Parameters
    ----------
    documents : sequence of mapping
        Outputs of ``segcore benchmark --json``.
    """
    rows = [_row(document, engine) for document in documents for engine in _engines(document)]
    table = [_line(_HEADER), _line("---" for _ in _HEADER), *(_line(row) for row in rows)]
    said = [f"- **{_work(document)}, {document['rows']:,} rows.** {_summary(document)}" for document in documents]
    proofs = list(dict.fromkeys(_proof(engine, document) for document in documents for engine in _engines(document)))
    return "\n".join(
        [
            "# A whole grid: stock scikit-learn, Intel's, and segcore's shared engine",
            "",
            *_METHOD,
            "",
            *_machines(documents),
            "",
            *table,
            "",
            *said,
            "",
            "## How cost grows with rows",
            "",
            *_GROWTH,
            "",
            *_growth(documents),
            "",
            "## Proof of what ran",
            "",
            *(f"- {proof}" for proof in proofs),
            "",
        ]
    )


def _growth(documents: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the table of seconds by rows, with one column per algorithm and engine."""
    fits = [document for document in documents if document["work"] == "fit" and document["algorithm"] in ("kmeans", "dbscan")]
    columns = [(name, engine) for name in ("kmeans", "dbscan") for engine in ("stock", "intel", "shared")]
    lines = [_line(["rows", *(f"{algorithm(name).title}, {engine}" for name, engine in columns)]), _line("---" for _ in range(7))]
    for rows in sorted({document["rows"] for document in fits}):
        cells = [f"{rows:,}"]
        for name, engine in columns:
            found = [
                document["engines"][engine]["median_seconds"]
                for document in fits
                if (document["rows"], document["algorithm"]) == (rows, name) and engine in document["engines"]
            ]
            cells.append(_short(found[0]) if found and found[0] is not None else "–")
        lines.append(_line(cells))
    return lines


def _engines(document: Mapping[str, Any]) -> list[str]:
    """Return the engines in the order of their turns."""
    return list(dict.fromkeys(turn["engine"] for turn in document["order"]))


def _line(cells: Any) -> str:
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |"


def _work(document: Mapping[str, Any]) -> str:
    what = "silhouettes of " if document["work"] == "silhouette" else ""
    return f"{what}{algorithm(document['algorithm']).title}, repeats {document['repeats']}"


def _row(document: Mapping[str, Any], engine: str) -> tuple[str, ...]:
    times, agreement = document["engines"][engine], document["agreement"].get(engine)
    ratio = {**document["ratio_to_stock"], **document.get("ratio_to_pointwise", {})}.get(engine)
    against_intel = document.get("ratio_to_intel", {}).get(engine)
    seconds, same = "no run finished", ("–", "–", "–")
    if times["median_seconds"] is not None:
        seconds = f"{_short(times['median_seconds'])} ({_short(times['min_seconds'])} to {_short(times['max_seconds'])})"
    if document.get("max_difference") is not None and engine == "shared":
        same = (f"equal to {document['max_difference']:.0e}", "–", "–")
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
        "–" if against_intel is None else f"{against_intel:.2f}",
        *same,
        f"{times['peak_rss_bytes'] / _MIB:,.0f} MiB" if times["peak_rss_bytes"] else "–",
    )


def _short(seconds: float) -> str:
    return f"{seconds:.3g}" if seconds < 1 else f"{seconds:.2f}"


def _summary(document: Mapping[str, Any]) -> str:
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
            f"Python {machine['python']}, {versions}. Data: {document['data']['name']}, {document['features']} features."
        )
    return list(dict.fromkeys(lines))


if __name__ == "__main__":
    sys.exit(main())
