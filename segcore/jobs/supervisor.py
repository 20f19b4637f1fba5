"""The supervisor of a job: ``python -m segcore.jobs.supervisor HOME ID [LOCK]``, a small process with a session of its own.

It waits for its turn, starts the worker, and starts it again on what is missing when it dies. Which point a dead worker was at is
known from the attempts that ``run_sweep`` counts in the store; a point that was being attempted at two deaths is given up, and the
next worker writes it down as failed, with the signal and the memory. ``LOCK`` is the descriptor of the job's lock, inherited locked.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import NoReturn

from segcore.errors import SegcoreError
from segcore.jobs.deaths import Death, Deaths
from segcore.jobs.locks import job_lock, take, write_processes
from segcore.jobs.queue import next_in_line
from segcore.jobs.state import log_path
from segcore.store.index import Index
from segcore.system.child_process import fitting_environment, python_command, signal_group, start_child
from segcore.system.machine import available_bytes, oom_kills

USER_ERROR = 2  # the worker's exit code where the input is at fault
_AGAIN_SECONDS = 0.2


def main(argv: list[str]) -> int:
    """Look after one job to its end."""
    signal.signal(signal.SIGTERM, _leave)
    home, job_id, *rest = argv
    index = Index(home)
    lock = int(rest[0]) if rest else take(job_lock(index, job_id), patience=1.0)
    if lock is None:
        return 0  # another supervisor has it
    os.set_inheritable(lock, False)
    write_processes(lock, supervisor=os.getpid())
    with next_in_line(index, job_id) as is_next:
        # The row says so first: a job that was cancelled in this very moment is not started.
        if is_next and index.update_job(job_id, only_from=["queued"], state="running", started=time.time(), result=None):
            state, message = _supervise(index, job_id, lock)
            index.update_job(job_id, only_from=["running"], state=state, message=message, finished=time.time())
    return 0


def _leave(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _supervise(index: Index, job_id: str, lock: int) -> tuple[str, str | None]:
    """Return how the job ended: its state and message."""
    try:
        return Supervision(index, job_id, lock).run()
    except SegcoreError as error:
        return "failed", str(error)
    except Exception as error:
        sys.excepthook(type(error), error, error.__traceback__)  # to the log
        return "failed", f"Its supervisor stopped ({type(error).__name__}: {error}); what it printed is in {log_path(index, job_id)}."


@dataclass(slots=True)
class Supervision:
    """One job's workers, one after the other.

    Parameters
    ----------
    index : Index
    job_id : str
    lock : int
        Descriptor of the job's lock, where the processes' numbers are noted.
    """

    index: Index
    job_id: str
    lock: int
    deaths: Deaths = field(default_factory=Deaths)

    def run(self) -> tuple[str, str | None]:
        """Start workers until one ends in good order, or there is no hope."""
        kind = self.index.job_row(self.job_id)["kind"]
        while True:
            attempts, done = self.index.attempts(self.job_id), len(self.index.positions(self.job_id))
            code, death = self._work(kind)
            if code == USER_ERROR:
                return "failed", self._said()
            if code == 0 and (kind != "sweep" or self.index.is_complete(self.job_id)):
                return "done", None
            after = self.index.attempts(self.job_id)
            at_work = [position for position, count in after.items() if count > attempts.get(position, 0)]
            advanced = len(self.index.positions(self.job_id)) > done
            if self.deaths.is_hopeless(death, at_work, advanced=advanced):
                where = f"What it printed is in {log_path(self.index, self.job_id)}."
                return "failed", f"The worker {death.sentence}; {self.deaths.barren} times in a row it did not reach a grid point. {where}"
            time.sleep(_AGAIN_SECONDS)

    def _command(self, kind: str) -> list[str]:
        home = str(self.index.home)
        if kind == "benchmark":
            return python_command("segcore.benchmark", home, self.job_id)
        poison = json.dumps({str(position): reason for position, reason in self.deaths.given_up.items()})
        return python_command("segcore.jobs.worker", home, self.job_id, str(os.getpid()), poison)

    def _work(self, kind: str) -> tuple[int, Death]:
        """Run one worker to its end; returns its exit code, and the same as a death."""
        kills, free = oom_kills(), available_bytes()
        worker = start_child(self._command(kind), environment=fitting_environment(), own="group", dies_with_parent=True)
        ended = None
        try:
            write_processes(self.lock, supervisor=os.getpid(), worker=worker.pid)
            if hasattr(os, "waitid"):
                os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)  # dead, but its number cannot be another's yet
            else:  # macOS before Python 3.13
                ended = os.wait4(worker.pid, 0)
        finally:
            signal_group(worker.pid)  # and whatever it started
            write_processes(self.lock, supervisor=os.getpid())
            _, status, usage = ended or os.wait4(worker.pid, 0)
            worker.returncode = os.waitstatus_to_exitcode(status)
        return worker.returncode, Death.of(worker.returncode, usage, out_of_memory=oom_kills() > kills, free_bytes=free)

    def _said(self) -> str:
        message = self.index.job_row(self.job_id)["message"]
        if message:
            return str(message)
        with log_path(self.index, self.job_id).open(errors="replace") as log:
            lines = [line.strip() for line in log if line.strip()]
        return lines[-1].removeprefix("segcore: ")[:500] if lines else "It stopped without saying why."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
