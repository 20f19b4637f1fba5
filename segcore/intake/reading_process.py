"""Process that reads one file: started here, or lent by a spare; its requests and limits are in ``child.py``."""

from __future__ import annotations

import contextlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from segcore.system.child_process import Child, has_ended, python_command, start_child
from segcore.system.spare import ask_spare

_END_SECONDS = 10.0


def start_reader() -> Child:
    """Start a process that waits for a file to read, and ends with this one."""
    return start_child(
        python_command("segcore.intake"),
        own="session",  # so that it ends with all processes it started
        dies_with_parent=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


@dataclass(slots=True)
class LentReader:
    """A process that reads one file, started by a spare before it was needed; has the parts of ``Popen`` that are used here.

    ``lifeline`` is the writing end of its `Lifeline`, held only by this process.
    """

    pid: int
    stdin: IO[str]
    stdout: IO[str]
    lifeline: int
    returncode: int | None = None

    def communicate(self, question: str) -> tuple[str, None]:
        """Write the request, and return the answer; when this process ends afterwards, everything that it started ends too."""
        try:
            with contextlib.suppress(BrokenPipeError), self.stdin:
                self.stdin.write(question)
            with self.stdout:
                return self.stdout.read(), None
        finally:
            os.close(self.lifeline)

    def poll(self) -> int | None:
        """Return None while the process runs."""
        import psutil

        try:
            return 0 if psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return 0

    def wait(self) -> None:
        """Wait for the end of the process once it was killed; the spare reaps it."""
        with contextlib.suppress(ProcessLookupError):
            has_ended(self.pid, _END_SECONDS)


def lent_reader(home: Path | str) -> LentReader | None:
    """Return a reader that a spare of this store has ready, if there is one."""
    answer = ask_spare(home, {"read": True})
    if answer is None:
        return None
    message, (stdin, stdout, lifeline) = answer
    return LentReader(int(message["pid"]), os.fdopen(stdin, "w"), os.fdopen(stdout), lifeline)
