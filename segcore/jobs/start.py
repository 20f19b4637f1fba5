"""Start and resume jobs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from segcore.errors import JobError
from segcore.jobs.locks import job_lock, starting, write_processes
from segcore.jobs.queue import drop_dead_turns
from segcore.jobs.repair import forget_damaged, load_damaged_again
from segcore.jobs.state import ACTIVE, STEPS, TURN, TaskKind, is_alive, log_path
from segcore.records.evidence import LEVELS, Level
from segcore.store.disk import any_disk_error
from segcore.store.file_lock import take
from segcore.store.index import Index
from segcore.system.child_process import python_command, start_child
from segcore.system.digests import digest
from segcore.system.private_files import make_folder, private_opener
from segcore.system.spare import ask_spare

if TYPE_CHECKING:
    from segcore.records.sweep import SweepSpec
    from segcore.store.store import Store

SUPERVISOR = tuple(python_command("segcore.jobs.supervisor"))
_ENDING_SECONDS = 3.0


def start_sweep(
    store: Store,
    spec: SweepSpec,
    *,
    memory: int | None = None,
    workers: str = "local",
    evidence: Level = "none",
    before: Callable[[bool], None] | None = None,
) -> str:
    """Run a sweep in the background, or continue one that was stopped; return its id at once.

    A sweep that is complete in the store (``store.is_complete(spec.id)``), with its evidence, starts no process, except that damaged parts
    are computed again. A sweep that is queued or running is joined.

    Parameters
    ----------
    store : Store
    spec : SweepSpec
    memory : int or None
        Memory limit in bytes; ``None`` means the machine's free memory.
    workers : str
        Where the units of the sweep run: see ``run_sweep``. The choice is stored with the job for resuming, but is not part of the id,
        because it does not change results.
    evidence : {"none", "auto", "all"}
        The evidence to gather once all solutions are finished: see ``segcore.sweeps.evidence.gather``.
    before : callable or None
        Called before anything is started, with whether all solutions are stored already and undamaged; if it raises, nothing is started.

    Raises
    ------
    StoreError, JobError
        If the store cannot be written, or no process can be started.
    """
    sweep_id = store.add_sweep(spec)
    if not _is_at_work(store, sweep_id):
        load_damaged_again(store, sweep_id)
    options = {"memory": memory, "workers": workers, "evidence": evidence}
    row: dict[str, Any] = {"kind": "sweep", "title": _title(spec), "spec": options, "total": len(spec.points)}
    with starting(store):
        at_work = _is_at_work(store, sweep_id)
        if not at_work:
            forget_damaged(store, sweep_id)
        if before is not None:
            before(store.is_complete(sweep_id))
        if at_work:
            asked = store.job_row(sweep_id)["spec"]
            if LEVELS.index(evidence) > LEVELS.index(asked.get("evidence", "none")):
                store.update_job(sweep_id, spec={**asked, "evidence": evidence})
            return sweep_id
        if store.is_complete(sweep_id) and _has_evidence(store, sweep_id, evidence):
            if store.job_state(sweep_id) != "done" or not store.is_readable_job(sweep_id):
                store.put_job(sweep_id, **row, state="done")
                store.update_job(sweep_id, finished=time.time())
            return sweep_id
        _launch(store, {"id": sweep_id, **row})
    return sweep_id


def start_benchmark(store: Index, spec: Mapping[str, Any], *, title: str = "Benchmark", total: int = 0) -> str:
    """Run a benchmark in the background; return its job's id at once.

    Parameters
    ----------
    store : Index
    spec : mapping
        Work for ``segcore.benchmark``. While the same spec is queued or running, it is joined; later, it is timed again.
    title : str
    total : int
        Number of fits it will make, if known.
    """
    with starting(store):
        for row in store.jobs_in(ACTIVE):
            if row["kind"] == "benchmark" and digest(row["spec"]) == digest(spec) and is_alive(store, row["id"]):
                return str(row["id"])
        job_id = digest({"benchmark": spec, "asked": time.time_ns()})
        _launch(store, {"id": job_id, "kind": "benchmark", "title": title, "spec": spec, "total": total})
    return job_id


def start_task(store: Index, kind: TaskKind, job_id: str, spec: Mapping[str, Any], *, title: str) -> str:
    """Run a task in the background, or continue a stopped one; return the job's id at once.

    Parameters
    ----------
    store : Index
    kind : {"vectors", "map", "drivers", "targets", "buyer map", "over time", "export"}
    job_id : str
        While a job of this id is queued or running, it is joined.
    spec : mapping
        Work for the worker of this kind, in ``segcore.jobs.tasks``.
    title : str
    """
    with starting(store):
        if not _is_at_work(store, job_id):
            _launch(store, {"id": job_id, "kind": kind, "title": title, "spec": spec, "total": STEPS})
    return job_id


def resume(store: Index, job_id: str) -> None:
    """Continue a job that was interrupted, cancelled or failed.

    A sweep computes only its missing or damaged solutions and evidence; if there are none, those that failed are tried again.

    Raises
    ------
    StoreError
        If there is no such job.
    """
    if store.job_state(job_id) is not None and not _is_at_work(store, job_id):
        load_damaged_again(store, job_id)
    with starting(store):
        row = store.job_row(job_id)
        if _is_at_work(store, job_id) or (row["kind"] != "sweep" and row["state"] == "done"):
            return
        if row["kind"] == "sweep":
            forget_damaged(store, job_id)
        there = row["kind"] == "sweep" and store.is_complete(job_id) and _has_evidence(store, job_id, row["spec"].get("evidence", "none"))
        if there and not store.forget_failed(job_id):
            store.update_job(job_id, state="done", message=None)
            return
        _launch(store, row)


def resume_interrupted(store: Index) -> list[str]:
    """Continue, in order, every job that was queued or running when its processes ended; return their ids.

    For the start of a server, after a power cut or a kill; half-written files are deleted too.
    """
    store.drop_leftovers()
    drop_dead_turns(store)
    with starting(store):
        stopped = [row for row in store.jobs_in(ACTIVE) if row["kind"] != TURN and not _is_at_work(store, row["id"])]
        damaged = [row for row in stopped if row["spec"] is None]
        for row in damaged:  # nobody knows what the job was to do
            store.update_job(row["id"], state="failed", finished=time.time())
        stopped = [row for row in stopped if row not in damaged]
        for row in stopped:
            _launch(store, row)
    return [str(row["id"]) for row in stopped]


def _title(spec: SweepSpec) -> str:
    from segcore.clustering.algorithms.registry import algorithm
    from segcore.wording.numbers import counted

    solutions = counted(len(spec.points), "solution")
    return f"{algorithm(spec.algorithm).title} on {spec.data.get('name', 'data')}, {solutions}, {spec.engine}"


def _has_evidence(store: Index, sweep_id: str, asked: str) -> bool:
    return LEVELS.index(store.evidence_level(sweep_id) or "none") >= LEVELS.index(asked)


def _is_at_work(store: Index, job_id: str) -> bool:
    return store.job_state(job_id) in ACTIVE and is_alive(store, job_id)


def _launch(store: Index, row: Mapping[str, Any]) -> None:
    """Queue a job and start its supervisor, or give a sweep to a spare one; the caller holds ``starting``."""
    job_id = str(row["id"])
    handle = take(job_lock(store, job_id), patience=_ENDING_SECONDS)
    if handle is None:
        raise JobError(f"{row['title']} is still being stopped: try again in a moment.")
    try:
        write_processes(handle, supervisor=0)
        store.forget_evidence_attempts(job_id)  # a piece that was cancelled, or stopped with the machine, is not to blame
        store.put_job(job_id, kind=row["kind"], title=row["title"], spec=row["spec"], total=row["total"], state="queued")
        make_folder(log_path(store, job_id).parent)
        open(log_path(store, job_id), "wb", opener=private_opener).close()
        if row["kind"] != "sweep" or ask_spare(store.home, {"job": job_id}, [handle], last=True) is None:
            _spawn(store, job_id, handle)
    except OSError as error:
        full = any_disk_error(error, store.home)
        if full is not None:
            raise full from error
        store.update_job(job_id, state="failed", finished=time.time(), message=f"No process could be started: {error}")
        raise JobError(f"No process could be started for {row['title']}: {error}") from error
    finally:
        os.close(handle)  # the supervisor has inherited it, and the lock with it


def _spawn(store: Index, job_id: str, handle: int) -> None:
    with log_path(store, job_id).open("ab") as output:
        supervisor = start_child(
            [*SUPERVISOR, str(store.home.absolute()), job_id, str(handle)],
            own="session",  # stopping the server or closing the terminal does not end the sweep
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[handle],
        )
    with contextlib.suppress(RuntimeError):  # no further thread is allowed; the job runs nevertheless
        threading.Thread(target=supervisor.wait, name=f"reap-{job_id[:8]}", daemon=True).start()
