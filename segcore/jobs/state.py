"""State of jobs, the same in every process: the row in the index, and whether a process is working on the job."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from segcore.errors import JobError, StoreError
from segcore.jobs.locks import job_lock
from segcore.records.finding import Finding
from segcore.store.disk import disk_problem
from segcore.store.file_lock import is_held
from segcore.store.index import Index
from segcore.wording.numbers import counted, percent_text

TaskKind = Literal["vectors", "map", "drivers", "targets", "buyer map", "over time", "export"]
JobKind = Literal["sweep", "benchmark", "vectors", "map", "drivers", "targets", "buyer map", "over time", "export"]
State = Literal["queued", "running", "done", "cancelled", "failed", "interrupted"]

ACTIVE = ("queued", "running")
STEPS = 100
"""Of a task's progress."""
TURN = "turn"  # the kind of rows that only hold a place in the queue: see queue.turn
_POLL_SECONDS = 0.15
_FIRST_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Job:
    """A sweep, a benchmark or a task, and its progress.

    Parameters
    ----------
    id : str
        For a sweep, the sweep's id.
    kind : {"sweep", "benchmark", "vectors", "map", "drivers", "targets", "buyer map", "over time", "export"}
        All kinds except sweeps and benchmarks are tasks: see ``segcore.jobs.tasks``.
    title : str
    state : {"queued", "running", "done", "cancelled", "failed", "interrupted"}
        ``interrupted``: it was queued or running, but its supervisor has ended; it can be resumed.
    done, total : int
        Number of finished solutions of a sweep (fits of a benchmark, hundredths of a task), and their total.
    gathered, to_gather : int
        Pieces of evidence on a sweep, and their total; the total is 0 until its solutions are finished and evidence is being gathered.
    number : int
        Grows with every job that is put into the queue, whatever the clock says.
    created, started, finished : float or None
        Seconds since 1970.
    seconds_left : float or None
        From the pace since the work (last) started; ``None`` before the first solution, and if the job does not run.
    message : str or None
        Reason of a failure, or of an interruption if it is known, such as a full disk.
    finding : Finding or None
        The finding from which the message was made, if any.
    log : Path
        File with the output of its processes.
    """

    id: str
    kind: JobKind
    title: str
    state: State
    done: int
    total: int
    gathered: int
    to_gather: int
    number: int
    created: float
    started: float | None
    finished: float | None
    seconds_left: float | None
    message: str | None
    finding: Finding | None
    log: Path

    @property
    def is_over(self) -> bool:
        """Tell whether no process works on the job, and none will unless it is resumed."""
        return self.state not in ACTIVE

    @property
    def is_task(self) -> bool:
        """Tell whether the job is neither a sweep nor a benchmark."""
        return self.kind not in ("sweep", "benchmark")

    def raise_finding(self) -> None:
        """Raise the error that ended the job, if it has a finding with something that a user can do."""
        if self.state == "failed" and self.finding is not None:
            error = JobError(self.message or "")
            error.finding = self.finding
            raise error

    @property
    def share_done(self) -> float:
        """Share of its present stage that is finished, 0 to 1."""
        done, total = (self.gathered, self.to_gather) if self.to_gather else (self.done, self.total)
        return min(done / total, 1.0) if total else 0.0

    @property
    def steps(self) -> str:
        """Progress of the present stage, such as ``5 of 27 solutions``."""
        if self.to_gather:
            return f"{self.gathered:,} of {counted(self.to_gather, 'piece')} of evidence"
        if self.is_task:
            return percent_text(self.share_done)
        return f"{self.done:,} of {counted(self.total, 'solution' if self.kind == 'sweep' else 'fit')}"


def log_path(index: Index, job_id: str) -> Path:
    """Return the path of the output of a job's processes."""
    return index.home / "logs" / f"{job_id}.log"


def write_to_log(index: Index, job_id: str) -> None:
    """Make this process write its output to a job's log from now on."""
    log = os.open(log_path(index, job_id), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.close(log)


def read_job(store: Index, job_id: str) -> Job:
    """Return a job's current state.

    Raises
    ------
    StoreError
        If there is no such job.
    """
    return _settle(store, store.job_row(job_id))


def resolve(store: Index, prefix: str) -> str:
    """Return the id of the only job whose id begins with ``prefix``.

    Raises
    ------
    StoreError
        If no id does, or more than one.
    """
    found = store.job_ids(prefix) if prefix else []
    if len(found) == 1:
        return found[0]
    if found:
        raise StoreError(f"More than one job begins with {prefix!r}: give more of its id.")
    raise StoreError(f"There is no job {prefix!r} in the store at {store.home}: 'segcore jobs list' lists the jobs.")


def list_jobs(store: Index, limit: int = 50) -> list[Job]:
    """Return the newest ``limit`` jobs, the newest first."""
    return [_settle(store, row) for row in store.job_rows(limit) if row["kind"] != TURN]


def wait(store: Index, job_id: str, on_progress: Callable[[Job], None] | None = None, timeout: float | None = None) -> Job:
    """Return a job once it is over, or its current state after ``timeout`` seconds.

    ``on_progress`` is called with the job at every check: often at first, then about seven times a second.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    pause = _FIRST_POLL_SECONDS
    while True:
        job = read_job(store, job_id)
        if on_progress:
            on_progress(job)
        if job.is_over or (deadline is not None and time.monotonic() >= deadline):
            return job
        time.sleep(pause)
        pause = min(1.1 * pause, _POLL_SECONDS)


def is_alive(store: Index, job_id: str) -> bool:
    """Tell whether a job's supervisor is running."""
    return is_held(job_lock(store, job_id))


def _settle(store: Index, row: dict[str, Any]) -> Job:
    while row["state"] in ACTIVE and not is_alive(store, row["id"]):
        # The supervisor may have ended normally between the two checks, or another supervisor may have started.
        again = store.job_row(row["id"])
        if (again["state"], again["number"]) == (row["state"], row["number"]):
            # On a full disk, there may have been no room for the reason.
            full = None if again["message"] else disk_problem(store.home, by_writing=False)
            return _job(store, again if full is None else {**again, "message": str(full)}, "interrupted")
        row = again
    return _job(store, row, row["state"])


def _job(store: Index, row: Mapping[str, Any], state: State) -> Job:
    fields = ("id", "kind", "title", "done", "total", "gathered", "number", "created", "started", "finished")
    return Job(
        **{name: row[name] for name in fields},
        to_gather=_to_gather(row),
        state=state,
        message=row["message"] if row["spec"] is not None else row["message"] or "What it was asked to do is damaged in the store.",
        finding=_finding(row),
        seconds_left=_seconds_left(row) if state == "running" else None,
        log=log_path(store, row["id"]),
    )


def _finding(row: Mapping[str, Any]) -> Finding | None:
    if row["finding"] is None:
        return None
    from segcore.store.damage import if_readable  # a supervisor does not need the sentences

    return if_readable(lambda: Finding.from_json(row["finding"]))


def _to_gather(row: Mapping[str, Any]) -> int:
    found = row["result"].get("evidence") if row["kind"] == "sweep" and row["result"] else 0
    return found if isinstance(found, int) else 0


def _seconds_left(row: Mapping[str, Any]) -> float | None:
    # A sweep's worker records the start of each stage, and how much was finished by then; before that, and for benchmarks, the job's start
    # counts.
    kept = row["result"] if row["kind"] == "sweep" and row["result"] else {}
    since, before = kept.get("since", row["started"]), kept.get("done", 0)
    if not isinstance(since, int | float) or not isinstance(before, int):
        return None
    done, total = (row["gathered"], _to_gather(row)) if _to_gather(row) else (row["done"], row["total"])
    finished = done - before
    # The first piece of evidence of each kind includes importing and compiling, so it says nothing about the time of the others.
    least = max(1, (total - before) // 10) if _to_gather(row) else 1
    passed = time.time() - since
    if finished < least or passed <= 0:  # the clock may have been set back
        return None
    return max(0.0, passed / finished * (total - done))
