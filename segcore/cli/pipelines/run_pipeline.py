"""Command ``run``: a pipeline, from data to files, as often as it is wanted."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segcore import jobs
from segcore.cli import FAILED
from segcore.cli.options import print_notes
from segcore.errors import JobError, ParameterError
from segcore.wording.terminal import say, say_json

if TYPE_CHECKING:
    from segcore.pipelines.journey import Journey
    from segcore.pipelines.running import StepDone
    from segcore.store.store import Store

DIFFERENT = 3
"""Exit code where today's data do not give the segments that were signed off."""


def add_commands(subparsers: Any) -> None:
    """Add ``run``."""
    parser = subparsers.add_parser(
        "run",
        help="run a pipeline: a TOML file with the whole way from data to files",
        description="Run a pipeline: a TOML file with data, features, sweep, choice, names and files, as 'Save as pipeline' in the app "
        "makes it. Work that was done on the same data is not repeated: after an interruption, the same command continues. Exit code 3: "
        "--check found that today's data do not give the segments that were signed off.",
    )
    parser.add_argument("pipeline", nargs="?", metavar="FILE", help="pipeline file, .toml")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="KEY=VALUE",
        help="value instead of one in the file, such as data.path=next.csv; repeatable; paths are relative to the current folder",
    )
    parser.add_argument("--only", metavar="STEP", help="one step: prepare, features, sweep, choose, export, score or targets")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--dry-run", action="store_true", help="check the file, and say what would be done")
    what.add_argument("--check", action="store_true", help="say whether today's data still give the segments that were signed off")
    what.add_argument("--schema", action="store_true", help="print the JSON schema of pipeline files, for editors")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run_pipeline)


def run_pipeline(args: argparse.Namespace) -> int:
    """Run a pipeline, say what would be done, check it, or print the schema."""
    if args.schema:
        from segcore.pipelines.format.schema import json_schema

        say_json(json_schema())
        return 0
    if args.pipeline is None:
        raise ParameterError("run needs a pipeline: segcore run FILE.toml. 'Save as pipeline' in the app makes one.")

    from segcore.pipelines.format.pipeline_file import read_document
    from segcore.pipelines.journey import STEPS, build_journey
    from segcore.store.store import Store

    if args.only is not None and args.only not in STEPS:
        raise ParameterError.unknown("step", args.only, STEPS)
    journey = build_journey(read_document(Path(args.pipeline), args.settings))
    store = Store()
    do = _check if args.check else _preview if args.dry_run else _run
    try:
        with _stopped_by_sigterm():
            return do(store, journey, args)
    except JobError as error:  # the pipeline is right, but its work could not be done
        say(f"segcore: {' '.join(str(error).split())}", file=sys.stderr)
        return FAILED


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """Take SIGTERM, by which schedulers end commands, as Ctrl-C, which cancels the work; further ones do not disturb the cancelling."""
    if threading.current_thread() is not threading.main_thread():  # which alone may set handlers
        yield
        return

    def stop(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(store: Store, journey: Journey, args: argparse.Namespace) -> int:
    from segcore.pipelines.running import run_journey

    report = (lambda step: None) if args.json else _say_step
    with _progress() as progress:
        found = run_journey(store, journey, only=args.only, progress=progress, report=report)
    print_notes(found.notes, "pipeline")
    if args.json:
        say_json(found.to_json())
    elif found.manifest.get("outputs"):
        say(f"Where the files come from is in {journey.manifest}.")
    return 0


def _say_step(step: StepDone) -> None:
    say(f"{step.step:<9} {'already done: ' if step.repeated else ''}{step.text}")


def _progress() -> Any:
    return jobs.ProgressLine(sys.stderr) if sys.stderr.isatty() else nullcontext(False)


def _preview(store: Store, journey: Journey, args: argparse.Namespace) -> int:
    from segcore.pipelines.preview import preview

    found = preview(store, journey, args.only)
    if args.json:
        say_json({"steps": [step.to_json() for step in found]})
    else:
        for step in found:
            say(f"{step.step:<9} {step.text}")
    return 0


def _check(store: Store, journey: Journey, args: argparse.Namespace) -> int:
    from segcore.pipelines.sign_off import check_journey

    with _progress() as progress:
        found = check_journey(store, journey, progress=progress)
    if args.json:
        say_json(found.to_json())
    else:
        say(found.text())
    return 0 if found.is_same else DIFFERENT
