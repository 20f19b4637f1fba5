"""Command ``benchmark``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from segcore import jobs
from segcore.cli import FAILED, INTERRUPTED
from segcore.cli.jobs import check_not_stopped, wait_for
from segcore.cli.options import add_data_options, add_sweep_options, plan_from, print_notes, request_from
from segcore.cli.tables import text_table
from segcore.errors import ParameterError
from segcore.records.solution import ENGINES
from segcore.wording.numbers import counted, duration_text, listed
from segcore.wording.terminal import say, say_json

if TYPE_CHECKING:
    from segcore.benchmark.spec import BenchmarkSpec
    from segcore.store.store import Store

_MIB = 2**20
WORKS = ("fit", "silhouette")


def add_commands(subparsers: Any) -> None:
    """Add ``benchmark``."""
    parser = subparsers.add_parser(
        "benchmark",
        help="time the engines on the same grid and compare their results",
        description="Compute the same grid on the same rows with each engine in turn, each run in a fresh process, and report the time, "
        "the engine that actually ran, and how far the results agree.",
    )
    add_data_options(parser)
    add_sweep_options(parser, engine=False)
    parser.add_argument(
        "--work", choices=WORKS, default="fit", help="fit the grid, or measure the exact silhouettes of its solutions (default: fit)"
    )
    parser.add_argument(
        "--engines",
        metavar="NAME,...",
        help="engines to compare: stock, intel, shared; for silhouettes pointwise, shared (default: all that the algorithm has)",
    )
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="number of times each engine computes the grid (default: 3)")
    parser.add_argument("--dry-run", action="store_true", help="only estimate the time on this machine")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run_benchmark)


def run_benchmark(args: argparse.Namespace) -> int:
    """Run a benchmark as a job, wait for it and print its result."""
    request = request_from(args)

    from segcore.benchmark.spec import benchmark_spec, engines_of
    from segcore.clustering.algorithms.registry import algorithm
    from segcore.intake.child import from_database_apart, take_in_apart
    from segcore.store.store import Store
    from segcore.sweeps.spec import make_spec

    known = engines_of(args.algo, args.work)
    engines = list(known) if args.engines is None else [name.strip() for name in args.engines.split(",") if name.strip()]
    for name in engines:
        if name not in known:
            raise ParameterError.unknown("engine", name, known)
    points = algorithm(args.algo).parse_grid(args.grid, benchmark=True).points()
    store = Store()
    intake = take_in_apart(store, from_database_apart(store, request))
    plan = plan_from(args, intake, store.feature_table(intake.table), usual="kit")
    sweep = make_spec(store, intake.table, intake.data, plan, algorithm=args.algo, points=points)
    spec = benchmark_spec(sweep, engines=engines, runs=args.runs, work=args.work)
    print_notes(intake.notes)
    if args.dry_run:
        _print_estimate(store, spec, as_json=args.json)
        return 0
    what = "silhouettes of " if args.work == "silhouette" else ""
    title = f"{what}{algorithm(args.algo).title} on {intake.data['name']}, {listed(engines)}"
    job = wait_for(store, lambda: jobs.start_benchmark(store, spec.to_json(), title=f"Benchmark: {title}", total=spec.total_fits))
    check_not_stopped(job)
    if job.state != "done":
        job.raise_finding()
        say(f"segcore: {job.message or f'The benchmark was {job.state} after {job.done:,} of {job.total:,} fits.'}", file=sys.stderr)
        return INTERRUPTED if job.state == "cancelled" else FAILED
    result = in_order(store.job_row(job.id)["result"], engines)
    if args.json:
        say_json(result)
    else:
        say(benchmark_text(result))
    return 0


def _print_estimate(store: Store, spec: BenchmarkSpec, *, as_json: bool) -> None:
    """Print about how long a benchmark takes; measure this machine first if that is not done yet."""
    from segcore.benchmark.spec import estimated_seconds
    from segcore.sweeps.cost.calibration import require_calibration
    from segcore.sweeps.cost.sampled_rows import SampledRows

    rows = SampledRows.of(store.feature_table(spec.sweep.table), spec.sweep.plan)
    sweep, calibration = spec.sweep, require_calibration(store.home)
    engines = [engine for engine in ENGINES if engine in spec.engines]
    seconds = None if spec.work != "fit" else estimated_seconds(rows, sweep.algorithm, sweep.points, engines, spec.runs, calibration)
    if as_json:
        say_json({"fits": spec.total_fits, "rows": rows.n_rows, "estimated_seconds": seconds})
        return
    time = "an unknown time" if seconds is None else f"about {duration_text(seconds)}"
    say(f"{counted(spec.total_fits, 'fit')} on {counted(rows.n_rows, 'row')}: {time} on this machine.")


def in_order(result: Mapping[str, Any], engines: Sequence[str]) -> dict[str, Any]:
    """Return a benchmark's document with its engines in the order asked, because the store sorts names."""
    return {**result, "engines": {engine: result["engines"][engine] for engine in engines}}


def benchmark_text(result: Mapping[str, Any]) -> str:
    """Return a benchmark's document as text: a table of the engines, the proof of what ran, and the summary."""
    machine = result["machine"]
    of = "silhouettes of " if result["work"] == "silhouette" else ""
    head = (
        f"{counted(result['points'], 'solution')}: {of}{result['algorithm']}, {counted(result['rows'], 'row')}, "
        f"{counted(result['features'], 'feature')}, {counted(result['runs'], 'run')} of each engine in turn, "
        f"on {machine['cpu']}, {counted(machine['cores'], 'core')}."
    )
    base = "pointwise" if of else "stock"
    header = (
        "engine",
        "ran",
        "median s",
        "fastest s",
        "slowest s",
        "with start-up s",
        f"x {base}",
        "peak MiB",
        "same results",
        "lowest ARI",
        "inertia gap",
    )
    rows = [_row(result, engine) for engine in result["engines"]]
    proof = [f"{engine}: {times['evidence']}" for engine, times in result["engines"].items()]
    return "\n".join([head, "", text_table(header, rows, right=range(2, 11)), "", *proof, *result["warnings"], "", result["summary"]])


def _row(result: Mapping[str, Any], engine: str) -> tuple[str, ...]:
    times, agreement = result["engines"][engine], result["agreement"].get(engine)
    ratio = {**result["ratio_to_stock"], **result.get("ratio_to_pointwise", {})}.get(engine)
    seconds = [times[name] for name in ("median_seconds", "min_seconds", "max_seconds", "median_seconds_with_start")]
    found = ("-", "-", "-")
    if agreement and agreement["points"]:
        gap = agreement["max_inertia_gap"]
        same = f"{agreement['identical_points']} of {agreement['points']}"
        found = (same, f"{agreement['min_ari']:.3f}", "-" if gap is None else f"{gap:+.2%}".replace("-0.00%", "+0.00%"))
    return (
        engine,
        times["ran"] or "nothing",
        *("-" if value is None else f"{value:.3f}" for value in seconds),
        "-" if ratio is None else f"{ratio:.2f}",
        "-" if not times["peak_rss_bytes"] else f"{times['peak_rss_bytes'] / _MIB:,.0f}",
        *found,
    )
