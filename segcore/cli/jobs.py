"""Command ``jobs``, and waiting for a job that a command has started."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from segcore import jobs
from segcore.cli.tables import text_table
from segcore.errors import JobError, ParameterError, StoreError
from segcore.store.index import Index
from segcore.wording.quotes import visible
from segcore.wording.terminal import say, say_json

SHORT = 12
"""Number of characters of an id that are shown, which are enough to identify it."""


def add_commands(subparsers: Any) -> None:
    """Add ``jobs``."""
    work = subparsers.add_parser(
        "jobs", help="list, cancel or resume sweeps and benchmarks", description="List, cancel or resume sweeps and benchmarks."
    )
    work.add_argument("action", nargs="?", choices=("list", "cancel", "resume"), default="list", help="action (default: list)")
    work.add_argument("id", nargs="?", metavar="ID", help="id of the job, or the beginning of it")
    work.add_argument("--limit", type=int, default=50, metavar="N", help="number of jobs to list, the newest first (default: 50)")
    work.add_argument("--json", action="store_true", help="print one JSON document")
    work.set_defaults(run=run_jobs)


def run_jobs(args: argparse.Namespace) -> int:
    """List the jobs, or cancel or resume one."""
    if args.limit < 1:
        raise ParameterError.out_of_range("--limit", args.limit, 1, None)
    if (args.action == "list") == (args.id is not None):
        rule = "takes no ID" if args.action == "list" else "needs the ID of a job: 'segcore jobs list' lists the jobs"
        raise ParameterError(f"'jobs {args.action}' {rule}.")
    index = Index()
    if args.action == "list":
        found = jobs.list_jobs(index, args.limit)
        if args.json:
            say_json({"jobs": [_job_document(job) for job in found]})
        else:
            say(_jobs_text(found))
        return 0
    job_id = jobs.resolve(index, args.id)
    (jobs.cancel if args.action == "cancel" else jobs.resume)(index, job_id)
    job = jobs.read_job(index, job_id)
    if args.json:
        say_json({"job": _job_document(job)})
    else:
        say(visible(f"{job.id[:SHORT]}  {job.title}: {job.state}, {job.steps}."))
    return 0


def _job_document(job: jobs.Job) -> dict[str, Any]:
    times = {name: getattr(job, name) for name in ("created", "started", "finished")}
    return {
        **{name: getattr(job, name) for name in ("id", "kind", "title", "state", "done", "total", "seconds_left", "message")},
        **{name: None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") for name, at in times.items()},
        "log": str(job.log),
    }


def _jobs_text(found: list[jobs.Job]) -> str:
    if not found:
        return "There are no jobs yet: 'segcore sweep' starts one."
    rows = [
        (
            job.id[:SHORT],
            job.state,
            job.steps if job.is_task else f"{job.done:,} of {job.total:,}",
            time.strftime("%Y-%m-%d %H:%M", time.localtime(job.created)),
            job.title,
        )
        for job in found
    ]
    lines = [text_table(("id", "state", "done", "created", "job"), rows, right=(2,))]
    lines += [f"{job.id[:SHORT]}: {job.message}" for job in found if job.message]
    return "\n".join(lines)


def check_not_stopped(job: jobs.Job) -> None:
    """Raise `JobError` with the reason if something that the user can change has stopped a job, such as a full disk."""
    if job.state == "interrupted" and job.message:
        raise JobError(job.message)


def wait_for(store: Index, start: Callable[[], str], job_id: str | None = None) -> jobs.Job:
    """Start a job and wait for it, showing its progress on one line of a terminal; Ctrl-C cancels it.

    Parameters
    ----------
    store : Index
    start : callable
        Starts the job and returns its id.
    job_id : str or None
        The id, if it is known before, so that Ctrl-C cancels a job too that is just being started.
    """
    started = [] if job_id is None else [job_id]

    def begin() -> str:
        started[:] = [start()]
        return started[0]

    try:
        if not sys.stderr.isatty():
            return jobs.follow(store, begin)
        with jobs.ProgressLine(sys.stderr) as line:
            return jobs.follow(store, begin, line)
    except KeyboardInterrupt:
        if not started:
            raise
        try:
            jobs.cancel(store, started[0])  # which nobody may have followed yet; one that is over stays as it is
            return jobs.read_job(store, started[0])
        except StoreError:
            raise KeyboardInterrupt from None
