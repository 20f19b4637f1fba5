"""Process of a spare: ``python -m segcore.jobs.standby HOME CHANNEL LIKENESS ALGORITHM ENGINE SHARED``; see ``system/spare.py``.

It leads a separate session, with two children that have imported what they need: a process that reads one file, and the worker of one
sweep. ``{"read": true}`` is answered with the reader's process number, and its standard input, standard output and lifeline; another reader
takes its place. ``{"job": ID}`` comes with the lock of a queued sweep, and makes this process its supervisor.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from segcore.intake.reading_process import start_reader
from segcore.jobs.state import write_to_log
from segcore.jobs.supervisor import leave, supervise
from segcore.jobs.worker import SPARE
from segcore.store.index import Index
from segcore.system.child_process import Child, fitting_environment, python_command, signal_group, start_child
from segcore.system.private_files import make_folder
from segcore.system.spare import ANSWER_SECONDS, is_alive, receive, reply, socket_path

_LOOK_SECONDS = 2.0  # if a process cannot be waited for with a descriptor


@dataclass(slots=True)
class Standby:
    """The waiting processes.

    Parameters
    ----------
    like : str
        `segcore.system.spare.likeness` of the processes that may use it.
    worker : Popen
    reader : Child or None
    again : bool
        Whether a reader that was given away is replaced.
    """

    like: str
    worker: subprocess.Popen[str]
    reader: Child | None
    again: bool

    def serve(self, asking: socket.socket) -> tuple[str, int] | None:
        """Answer a request; return the id and the lock of a job that was handed over."""
        given = receive(asking)
        if given is None:
            return None
        wanted, descriptors = given
        if wanted.get("like") == self.like:
            if wanted.get("read"):
                self._give_reader(asking)
            elif len(descriptors) == 1 and reply(asking, {"taken": True}):
                return str(wanted["job"]), descriptors[0]
        for descriptor in descriptors:
            os.close(descriptor)
        return None

    def _give_reader(self, asking: socket.socket) -> None:
        reader = self.reader
        if reader is None or reader.poll() is not None or reader.stdin is None or reader.stdout is None or reader.lifeline is None:
            return
        if reply(asking, {"pid": reader.pid}, [reader.stdin.fileno(), reader.stdout.fileno(), reader.lifeline.writing]):
            reader.stdin.close()
            reader.stdout.close()
            reader.lifeline.cut()  # from now on, it ends with the requesting process
            self.reader = start_reader() if self.again else None

    def close_reader(self) -> None:
        """End the reader, whose memory the sweep may need."""
        _end(self.reader)

    def close(self) -> None:
        """End the processes that still wait."""
        _end(self.worker)
        _end(self.reader)


def _end(process: subprocess.Popen[str] | None) -> None:
    if process is not None and process.poll() is None:
        signal_group(process.pid)
        process.wait()


def main(argv: list[str]) -> int:
    """Wait for one job, and supervise it to its end."""
    signal.signal(signal.SIGTERM, leave)
    home, channel, like, algorithm, engine, sharing = argv
    index, owner, shared = Index(home), socket.socket(fileno=int(channel)), sharing == "shared"
    with contextlib.ExitStack() as ready:
        listener = ready.enter_context(_listen(socket_path(index.home, like))) if shared else None
        reader = start_reader()
        worker = start_child(
            python_command("segcore.jobs.worker", home, SPARE, str(os.getpid()), json.dumps([algorithm, engine])),
            environment=fitting_environment(),
            own="session",
            dies_with_parent=True,
            stdin=subprocess.PIPE,
        )
        standby = Standby(like, worker, reader, again=shared)
        try:
            given = _wait(owner, listener, standby)
            ready.close()
            owner.close()
            if given is not None:
                job_id, lock = given
                standby.close_reader()
                write_to_log(index, job_id)
                supervise(index, job_id, lock, worker)
        finally:
            standby.close()
    return 0


@contextlib.contextmanager
def _listen(path: Path) -> Iterator[socket.socket | None]:
    """Listen at a socket while the body runs, or yield None if no socket can be created, for example because the path is too long."""
    make_folder(path.parent)
    for other in path.parent.iterdir():
        if not is_alive(other):  # left by a process that was killed
            other.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(str(path))
            listener.listen()
            found: socket.socket | None = listener
        except OSError:
            found = None
        try:
            yield found
        finally:
            path.unlink(missing_ok=True)


def _wait(owner: socket.socket, listener: socket.socket | None, standby: Standby) -> tuple[str, int] | None:
    """Return the job that was handed over and its lock, or None once the owner or the worker has ended."""
    ended = os.pidfd_open(standby.worker.pid) if hasattr(os, "pidfd_open") else None
    waiting = select.poll()
    for source in (owner, listener, ended):
        if source is not None:
            waiting.register(source, select.POLLIN)
    try:
        while True:
            readable = {descriptor for descriptor, _ in waiting.poll(None if ended is not None else 1000 * _LOOK_SECONDS)}
            if standby.worker.poll() is not None or (owner.fileno() in readable and _has_gone(owner)):
                return None
            given = standby.serve(owner) if owner.fileno() in readable else None
            if given is None and listener is not None and listener.fileno() in readable:
                with listener.accept()[0] as asking:
                    asking.settimeout(ANSWER_SECONDS)
                    given = standby.serve(asking)
            if given is not None:
                return given
    finally:
        if ended is not None:
            os.close(ended)


def _has_gone(owner: socket.socket) -> bool:
    try:
        return not owner.recv(1, socket.MSG_PEEK)
    except OSError:
        return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
