"""Supervisor of a job: ``python -m segcore.jobs.supervisor HOME ID [LOCK]``, a small process in a separate session.

It waits for its turn, starts the worker, and if the worker dies, starts another for the missing work. The attempts that ``run_sweep``
counts in the store show which point a dead worker was computing; a point at which two workers died is given up, and the next worker stores
it as failed, with the signal and the memory. A worker that only gathers evidence is ended when another job waits. ``LOCK`` is the
descriptor of the job's lock, inherited locked.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import NoReturn

from segcore.errors import DiskError, SegcoreError
from segcore.jobs.deaths import Death, Deaths
from segcore.jobs.locks import job_lock, write_processes
from segcore.jobs.queue import is_waited_for, next_in_line
from segcore.jobs.state import ACTIVE, log_path
from segcore.store.disk import any_disk_error, disk_problem, is_disk_error
from segcore.store.file_lock import take
from segcore.store.index import Index
from segcore.store.worker_errors import DISK_ERROR, USER_ERROR
from segcore.system.child_process import fitting_environment, has_ended, python_command, signal_group, start_child
from segcore.system.machine import available_bytes, oom_kills
from segcore.wording.memory import memory_error, memory_is_scarce

_WORKERS = {  # of jobs that are not sweeps
    "benchmark": "segcore.benchmark",
    "vectors": "segcore.jobs.tasks.making_vectors",
    "map": "segcore.jobs.tasks.making_maps",
    "drivers": "segcore.jobs.tasks.finding_drivers",
    "targets": "segcore.jobs.tasks.finding_targets",
    "buyer map": "segcore.jobs.tasks.mapping_buyers",
    "over time": "segcore.jobs.tasks.following_over_time",
    "export": "segcore.jobs.tasks.writing_tables",
}
_HASH_SEED = {"PYTHONHASHSEED": "0"}  # for the same results in every process
_AGAIN_SECONDS = 0.2
_LOOK_SECONDS = 0.05


def main(argv: list[str]) -> int:
    """Supervise one job to its end."""
    signal.signal(signal.SIGTERM, leave)
    home, job_id, *rest = argv
    index = Index(home)
    lock = int(rest[0]) if rest else take(job_lock(index, job_id), patience=1.0)
    if lock is None:
        return 0  # another supervisor holds it
    supervise(index, job_id, lock)
    return 0


def supervise(index: Index, job_id: str, lock: int, spare: subprocess.Popen[str] | None = None) -> None:
    """Wait for a queued job's turn, and run it to its end; while it only gathers evidence, it lets others go first.

    Parameters
    ----------
    index : Index
    job_id : str
    lock : int
        Descriptor of the job's lock, held by this process.
    spare : Popen or None
        A sweep's worker that waits for the id of its sweep.
    """
    os.set_inheritable(lock, False)
    try:
        write_processes(lock, supervisor=os.getpid())
        _run_in_turn(index, job_id, lock, spare)
    except (DiskError, OSError) as error:
        full = any_disk_error(error, index.home)
        if full is None:
            raise
        # The row keeps its state: without a supervisor, the job is interrupted, and it continues where it was when it is started again.
        print(full, file=sys.stderr)  # noqa: T201 - to the log
        with contextlib.suppress(SegcoreError):
            index.update_job(job_id, only_from=ACTIVE, message=str(full))


def _run_in_turn(index: Index, job_id: str, lock: int, spare: subprocess.Popen[str] | None) -> None:
    while True:
        with next_in_line(index, job_id) as is_next:
            # The row is updated first, so that a job cancelled at this moment is not started.
            if not is_next or not index.update_job(job_id, only_from=["queued"], state="running", started=time.time(), result=None):
                return
            state, message = _supervise(Supervision(index, job_id, lock, spare=spare))
            if state != "queued":
                index.update_job(job_id, only_from=["running"], state=state, message=message, finished=time.time())
                return
            index.queue_again(job_id)
        spare = None


def leave(number: int, frame: object) -> NoReturn:
    """End this process in order: a signal handler."""
    raise SystemExit(128 + number)


def _supervise(supervision: Supervision) -> tuple[str, str | None]:
    """Run the job to its end and return its state and message."""
    log = log_path(supervision.index, supervision.job_id)
    try:
        return supervision.run()
    except DiskError:
        raise
    except SegcoreError as error:
        return "failed", str(error)
    except Exception as error:
        if is_disk_error(error):
            raise
        sys.excepthook(type(error), error, error.__traceback__)  # to the log
        return "failed", f"The job's supervisor stopped ({type(error).__name__}: {error}). Its log is {log}."


@dataclass(slots=True)
class Supervision:
    """Workers of one job, one after the other.

    Parameters
    ----------
    index : Index
    job_id : str
    lock : int
        Descriptor of the job's lock, which holds the process numbers.
    spare : Popen or None
        The first worker, if it runs already.
    """

    index: Index
    job_id: str
    lock: int
    spare: subprocess.Popen[str] | None = None
    deaths: Deaths = field(default_factory=Deaths)

    def run(self) -> tuple[str, str | None]:
        """Start workers until one ends normally or the job is given up."""
        kind = self.index.job_row(self.job_id)["kind"]
        while True:
            attempts, done = self.index.attempts(self.job_id), self._finished()
            code, death = self._work(kind)
            if code == USER_ERROR:
                return "failed", self._said()
            if code != 0 and death is not None and (full := self._disk_error(code)) is not None:
                raise full
            if death is None:
                return "queued", None
            if code == 0 and (kind != "sweep" or self.index.is_complete(self.job_id)):
                return "done", None
            after = self.index.attempts(self.job_id)
            at_work = [position for position, count in after.items() if count > attempts.get(position, 0)]
            advanced = self._finished() > done
            if self.deaths.is_hopeless(death, at_work, advanced=advanced):
                if memory_is_scarce():
                    return "failed", str(memory_error())
                where = f"Its log is {log_path(self.index, self.job_id)}."
                return "failed", f"The worker {death.sentence}; {self.deaths.barren} times in a row it did not reach a solution. {where}"
            time.sleep(_AGAIN_SECONDS)

    def _disk_error(self, code: int) -> DiskError | None:
        """Return why a worker that ended with ``code`` could not write; ``None`` if it died for another reason."""
        if code == DISK_ERROR and (message := self.index.job_row(self.job_id)["message"]):
            return DiskError(message)
        found = disk_problem(self.index.home)  # libraries that cannot write end in their own ways
        return DiskError(self._said()) if found is None and code == DISK_ERROR else found

    def _only_gathers(self) -> bool:
        """Tell whether only evidence is left to gather; a worker without requested evidence is about to end anyway."""
        if not self.index.is_complete(self.job_id):
            return False
        return bool(self.index.job_row(self.job_id)["spec"].get("evidence", "none") != "none")

    def _finished(self) -> int:
        row = self.index.job_row(self.job_id)
        return int(row["done"]) + int(row["gathered"])

    def _command(self, kind: str) -> list[str]:
        home = str(self.index.home)
        if kind in _WORKERS:
            return python_command(_WORKERS[kind], home, self.job_id)
        poison = json.dumps({str(position): reason for position, reason in self.deaths.given_up.items()})
        return python_command("segcore.jobs.worker", home, self.job_id, str(os.getpid()), poison)

    def _worker(self, kind: str) -> subprocess.Popen[str]:
        spare, self.spare = self.spare, None
        if spare is not None and spare.stdin is not None:
            with contextlib.suppress(BrokenPipeError), spare.stdin:  # if it has died, its death counts like any other
                spare.stdin.write(json.dumps(self.job_id) + "\n")
            return spare
        return start_child(self._command(kind), environment={**fitting_environment(), **_HASH_SEED}, own="session", dies_with_parent=True)

    def _work(self, kind: str) -> tuple[int, Death | None]:
        """Run one worker to its end; return its exit code and its ``Death``, or None instead if it was ended for another job."""
        kills, free = oom_kills(), available_bytes()
        worker = self._worker(kind)
        gives_way = False
        try:
            write_processes(self.lock, supervisor=os.getpid(), worker=worker.pid)
            while not has_ended(worker.pid, _LOOK_SECONDS) and not gives_way:
                gives_way = kind == "sweep" and self._only_gathers() and is_waited_for(self.index)
        finally:
            signal_group(worker.pid)  # and the processes it started
            write_processes(self.lock, supervisor=os.getpid())
            _, status, usage = os.wait4(worker.pid, 0)
            worker.returncode = os.waitstatus_to_exitcode(status)
        if gives_way and worker.returncode != 0:
            self.index.forget_evidence_attempts(self.job_id)  # the piece at work did not kill it
            return worker.returncode, None
        return worker.returncode, Death.of(worker.returncode, usage, out_of_memory=oom_kills() > kills, free_bytes=free)

    def _said(self) -> str:
        message = self.index.job_row(self.job_id)["message"]
        if message:
            return str(message)
        with log_path(self.index, self.job_id).open(errors="replace") as log:
            lines = [line.strip() for line in log if line.strip()]
        return lines[-1].removeprefix("segcore: ")[:500] if lines else "The worker stopped without a message."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
