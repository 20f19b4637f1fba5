"""Following a job from its start to its end: progress on one line, and Ctrl-C cancels it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TextIO

from segcore.jobs.cancelling import cancel
from segcore.jobs.state import Job, wait
from segcore.store.index import Index


def follow(store: Index, start: Callable[[], str], on_progress: Callable[[Job], None] | None = None) -> Job:
    """Start a job and return it once it is over.

    Parameters
    ----------
    store : Index
    start : callable
        Starts the job and returns its id.
    on_progress : callable (Job) -> None, or None
        Called about seven times a second.

    Raises
    ------
    KeyboardInterrupt
        Raised again after the job was cancelled and its processes have ended.
    """
    job_id = start()
    try:
        return wait(store, job_id, on_progress=on_progress)
    except KeyboardInterrupt:
        cancel(store, job_id)
        raise


class ProgressLine:
    """One line with a job's progress, which is overwritten; used with ``with``, which ends the line.

    Parameters
    ----------
    stream : text file or None
        ``None`` is standard error in a terminal, where the line disappears at the end, and otherwise standard output, as in a notebook,
        where it stays.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or (sys.stderr if sys.stderr.isatty() else sys.stdout)
        self._shown = ""

    def __call__(self, job: Job) -> None:
        """Show a job's progress."""
        left = "" if job.seconds_left is None else f", about {job.seconds_left:,.0f} s left"
        self._write("waiting for its turn" if job.state == "queued" else f"{job.steps}{left}")

    def __enter__(self) -> ProgressLine:
        """Return the line."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Remove the line from a terminal; end it elsewhere."""
        if self._stream.isatty():
            self._write("")
            self._stream.write("\r")
        elif self._shown:
            self._stream.write("\n")
        self._stream.flush()

    def _write(self, text: str) -> None:
        if text != self._shown:
            # Spaces cover the rest of a longer line; a notebook does not know the terminal's code for that.
            self._stream.write(f"\r{text:<{len(self._shown)}}")
            self._stream.flush()
            self._shown = text
