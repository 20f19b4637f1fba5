"""Commands ``sweep``, ``evidence`` and ``sweeps``."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segcore import jobs
from segcore.cli import FAILED, INTERRUPTED
from segcore.cli.jobs import SHORT, check_not_stopped, wait_for
from segcore.cli.options import add_data_options, add_sweep_options, plan_from, print_notes, request_from
from segcore.cli.tables import evidence_text, sweep_text, sweeps_text
from segcore.errors import ParameterError
from segcore.records.evidence import LEVELS
from segcore.store.disk import naming_disk
from segcore.sweeps.workers import WORKERS
from segcore.system.machine import parse_bytes
from segcore.system.private_files import temporary_file
from segcore.system.spare import start_early
from segcore.wording.findings import error_text
from segcore.wording.numbers import bytes_text, counted, duration_text
from segcore.wording.quotes import visible
from segcore.wording.terminal import say, say_json

if TYPE_CHECKING:
    from segcore.records.grid import Value
    from segcore.records.intake import Intake
    from segcore.records.sweep import SweepSpec
    from segcore.store.store import Store
    from segcore.sweeps.cost.estimate import SweepEstimate

_WRITTEN = ("features.parquet", "labels.parquet", "sweep.json")


def add_commands(subparsers: Any) -> None:
    """Add ``sweep``, ``evidence`` and ``sweeps``."""
    sweep = subparsers.add_parser(
        "sweep",
        help="cluster with every setting of a grid and measure each solution",
        description="Cluster the customers with every setting of a grid and measure each solution. Saved results are not computed again. "
        "Ctrl-C cancels the sweep; the same command continues it.",
    )
    add_data_options(sweep)
    add_sweep_options(sweep)
    sweep.add_argument(
        "--workers",
        choices=WORKERS,
        default="local",
        help="where the fits run: local, or ray for the cluster at RAY_ADDRESS or, without it, a Ray on this machine (default: local)",
    )
    sweep.add_argument(
        "--evidence",
        choices=LEVELS,
        default="none",
        help="compare the solutions with data without segments and with resamples of the customers, and recommend one: what takes at most "
        "half a minute (auto), everything (all), or nothing (default: none)",
    )
    _add_cost_options(sweep)
    sweep.add_argument("--out", metavar="DIR", help="folder for features.parquet, labels.parquet and sweep.json")
    sweep.add_argument("--json", action="store_true", help="print one JSON document")
    sweep.set_defaults(run=run_sweep)

    evidence = subparsers.add_parser(
        "evidence",
        help="gather the evidence on a sweep, and recommend a solution",
        description="Compare the solutions of a sweep with data that have the same single features and correlations but no segments, and "
        "with resamples of the customers, and recommend one. What was gathered before is not gathered again. Ctrl-C stops it; the same "
        "command continues it.",
    )
    evidence.add_argument("sweep", metavar="SWEEP", help="id of the sweep, or the beginning of it ('segcore jobs' lists sweeps)")
    evidence.add_argument("--json", action="store_true", help="print one JSON document")
    evidence.set_defaults(run=run_evidence)

    listing = subparsers.add_parser(
        "sweeps",
        help="list the sweeps with their best solutions; name, remove or restore one",
        description="List the sweeps with their best solutions and the evidence on them, the newest first; rename one, leave it out of "
        "the list, or bring it back.",
    )
    listing.add_argument("action", nargs="?", choices=("list", "name", "remove", "restore"), default="list", help="default: list")
    listing.add_argument("sweep", nargs="?", metavar="SWEEP", help="id of the sweep, or the beginning of it")
    listing.add_argument("name", nargs="?", metavar="NAME", help="the new name; '' for the automatic name")
    listing.add_argument("--json", action="store_true", help="print one JSON document")
    listing.set_defaults(run=run_sweeps)


def run_sweep(args: argparse.Namespace) -> int:
    """Run or continue a sweep, or print its saved results; with ``--dry-run``, only estimate it."""
    request, memory = request_from(args), _asked_memory(args)
    out = None if args.dry_run else _folder(args.out)

    from segcore.clustering.algorithms.registry import algorithm
    from segcore.intake.child import from_database_apart
    from segcore.jobs.tasks.making_vectors import take_in_with_vectors
    from segcore.store.store import Store

    asked = algorithm(args.algo)
    axes = asked.parse_axes(args.grid)
    store = Store()
    if not args.dry_run:
        start_early(store.home, algorithm=args.algo, engine=args.engine or asked.default_engine)
    with contextlib.suppress(RuntimeError):  # a thread more than is allowed
        threading.Thread(target=_import_for_sweeps).start()  # while another process reads the file
    request = from_database_apart(store, request)
    intake = take_in_with_vectors(store, request, follow=lambda begin: wait_for(store, begin))

    from segcore.sweeps.cost.room import require_room
    from segcore.sweeps.document import sweep_document, write_sweep_folder

    spec = _spec(store, args, intake, axes)
    print_notes(intake.notes)
    if args.dry_run:
        _print_estimate(store, spec, args)
        return 0
    from_store = False

    def look(complete: bool) -> None:
        nonlocal from_store
        from_store = complete
        if not complete:
            require_room(store, spec, memory)

    options = {"memory": memory, "workers": args.workers, "evidence": args.evidence}
    job = wait_for(store, lambda: jobs.start_sweep(store, spec, **options, before=look), spec.id)
    if job.state != "done":
        return _report_end(job)
    sweep = store.sweep(job.id)
    if out is not None:
        write_sweep_folder(store, job.id, out, from_store=from_store)
    if args.json:
        say_json(sweep_document(sweep, from_store))
    else:
        say(sweep_text(sweep, from_store))
        if out is not None:
            say(f"Written to {out}: {', '.join(_WRITTEN)}.")
    return 0


def _import_for_sweeps() -> None:
    with contextlib.suppress(ImportError, OSError, MemoryError):  # the command itself reports what keeps it from importing
        for module in ("segcore.sweeps.spec", "segcore.sweeps.cost.room", "segcore.sweeps.document"):
            importlib.import_module(module)


def run_evidence(args: argparse.Namespace) -> int:
    """Gather all evidence on a sweep, or print what is there."""
    from segcore.store.store import Store
    from segcore.sweeps.document import evidence_document

    store = Store()
    spec = store.spec(store.resolve(args.sweep))
    job = wait_for(store, lambda: jobs.start_sweep(store, spec, evidence="all"), spec.id)
    if job.state != "done":
        return _report_end(job)
    sweep = store.sweep(job.id)
    if args.json:
        say_json(evidence_document(sweep))
    else:
        say(evidence_text(sweep))
    return 0


def run_sweeps(args: argparse.Namespace) -> int:
    """List the sweeps, or name, remove or restore one."""
    from segcore.store.store import Store
    from segcore.sweeps.overview import listed_sweeps, sweep_line, sweep_name

    if (args.action == "list") == (args.sweep is not None):
        rule = "takes no SWEEP" if args.action == "list" else "needs a SWEEP: 'segcore sweeps' lists them"
        raise ParameterError(f"'sweeps {args.action}' {rule}.")
    if (args.action == "name") == (args.name is None):
        raise ParameterError(f"'sweeps {args.action}' {'needs the new NAME' if args.action == 'name' else 'takes no NAME'}.")
    store = Store()
    if args.action == "list":
        lines, problems = listed_sweeps(store, store.sweep_ids())
        document = {"sweeps": [line.to_json() for line in lines]}
        if args.json:
            say_json(document)
        elif lines or not problems:
            say(sweeps_text(lines))
        for problem in problems[:-1]:  # what is not damaged is listed all the same
            say(f"segcore: {error_text(problem)}", file=sys.stderr)
        if problems:
            raise problems[-1]
        return 0
    sweep_id = store.resolve(args.sweep)
    if args.action == "name":
        store.name_sweep(sweep_id, args.name)
    else:
        (store.remove_sweep if args.action == "remove" else store.restore_sweep)(sweep_id)
    line = sweep_line(store.sweep(sweep_id), sweep_name(store, sweep_id))
    done = {"name": "is the name of this sweep", "remove": "is no longer listed", "restore": "is listed again"}[args.action]
    if args.json:
        say_json({"sweep": line.to_json()})
    else:
        say(visible(f"{line.name} {done}."))
    return 0


def _folder(asked: str | None) -> Path | None:
    """Create the output folder and try to write there before the work starts, and return it."""
    if asked is None:
        return None
    folder = Path(asked)
    try:
        with naming_disk(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with temporary_file(folder, prefix=".segcore."):
                pass
    except OSError as error:
        raise ParameterError(f"--out {asked} cannot be used as a folder for files ({error.strerror}): choose another.") from error
    for name in _WRITTEN:
        if (folder / name).is_dir():
            raise ParameterError(f"--out {asked} has a folder with the name of a file, {name}: choose another.")
    return folder


def _spec(store: Store, args: argparse.Namespace, intake: Intake, axes: Mapping[str, Sequence[Value]]) -> SweepSpec:
    from segcore.clustering.algorithms.registry import algorithm
    from segcore.sweeps.first_radii import first_grid
    from segcore.sweeps.spec import make_spec

    table = store.feature_table(intake.table, profile=False)
    plan = plan_from(args, intake, table)
    points = first_grid(algorithm(args.algo), axes, table, plan).points()
    return make_spec(store, intake.table, intake.data, plan, algorithm=args.algo, points=points, engine=args.engine)


def _report_end(job: jobs.Job) -> int:
    check_not_stopped(job)
    job.raise_finding()
    if job.state == "failed":
        say(f"segcore: {job.message}", file=sys.stderr)
        return FAILED
    say(
        f"segcore: The sweep was {job.state}. {job.steps} are finished and saved: "
        f"continue with the same command, or with 'segcore jobs resume {job.id[:SHORT]}'.",
        file=sys.stderr,
    )
    return INTERRUPTED if job.state == "cancelled" else FAILED


def _add_cost_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--memory`` and ``--dry-run``."""
    parser.add_argument(
        "--memory",
        metavar="BYTES",
        help="most memory the sweep may use, such as 4e9, 512M or 2G (default: free memory); a sweep that needs more is refused",
    )
    parser.add_argument("--dry-run", action="store_true", help="only estimate time and memory on this machine")


def _asked_memory(args: argparse.Namespace) -> int | None:
    """Return ``--memory`` in bytes, or ``None`` if it was not given.

    Raises
    ------
    ParameterError
        If it is not an amount of memory.
    """
    return None if args.memory is None else parse_bytes(args.memory)


def _print_estimate(store: Store, spec: SweepSpec, args: argparse.Namespace) -> None:
    """Print the estimated time and memory of a sweep without running it; measure this machine first if that is not done yet."""
    from segcore.sweeps.cost.calibration import require_calibration
    from segcore.sweeps.cost.estimate import estimate_spec, memory_limit

    limit = memory_limit(_asked_memory(args))
    calibration = require_calibration(store.home)
    found = estimate_spec(store.feature_table(spec.table), spec, calibration=calibration, memory=limit)
    if args.json:
        say_json(found.to_json(limit))
    else:
        say(_estimate_text(found, limit))


def _estimate_text(found: SweepEstimate, limit: int) -> str:
    """Return an estimate in one or two sentences."""
    what = f"{counted(len(found.points), 'solution')} on {counted(found.n_rows, 'row')} with {counted(found.n_features, 'feature')}"
    refusal = found.refusal(limit)
    if refusal:
        return f"{what}. {refusal}"
    time = "an unknown time" if found.seconds is None else f"about {duration_text(found.seconds)}"
    return f"{what}: {time} and {bytes_text(found.bytes)} of memory on this machine; {bytes_text(limit)} may be used."
