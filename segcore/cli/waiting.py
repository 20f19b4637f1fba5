"""Wait for a job on the command line: its progress on one line of a terminal, Ctrl-C to cancel it."""

from __future__ import annotations

import sys
from collections.abc import Callable

from segcore import jobs
from segcore.store.store import Store


def wait_for(store: Store, start: Callable[[], str], *, unit: str) -> jobs.Job:
    """Start a job and wait for it, its progress on one line of a terminal; Ctrl-C cancels it.

    Parameters
    ----------
    store : Store
    start : callable
        Starts the job and returns its id.
    unit : str
        What is counted: "points" or "fits".
    """
    shown = sys.stderr.isatty()

    def show(job: jobs.Job) -> None:
        left = "" if job.seconds_left is None else f", about {job.seconds_left:,.0f} s left"
        line = "waiting for its turn" if job.state == "queued" else f"{job.done:,} of {job.total:,} {unit}{left}"
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    job_id = None
    try:
        job_id = start()
        return jobs.wait(store, job_id, on_progress=show if shown else None)
    except KeyboardInterrupt:
        if job_id is None:
            raise
        jobs.cancel(store, job_id)
        return jobs.read_job(store, job_id)
    finally:
        if shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
