"""Child processes: how segcore starts its own modules as processes, and how those end with their parent."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Literal, NoReturn

from segcore.system.machine import sparing_settings

CHECKOUT = Path(__file__).resolve().parents[2]
"""The folder that holds ``segcore``, and in a checkout also the app."""

UMASK = 0o077
"""Of child processes: what they write is for this user only. The files that a user asked for are written by the command itself."""

Own = Literal["nothing", "group", "session"]

# OpenMP's threads spin at the end of each loop, by default for so long that on a busy machine a fit takes some thirty times as long.
# GNU's then wait: 3,000 turns cost nothing measurable on a quiet machine, where OMP_WAIT_POLICY=PASSIVE costs a third of short fits.
_SPIN_SETTINGS = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
_SPINS = "3000"
# By default, glibc's malloc keeps what a thread frees for that thread; a shared DBSCAN on two cores takes 5 % longer for the new memory.
_HEAPS = "MALLOC_ARENA_MAX"
_WATCH_SECONDS = 0.5


class Lifeline:
    """A pipe whose writing end this process holds: when it closes, because this process has ended or by `cut`, a child is killed.

    On Linux the kernel itself sends the signal (``F_SETSIG``) as the pipe closes: nothing in the child has to run, which a native call that
    holds the interpreter's lock could delay. Unlike ``PR_SET_PDEATHSIG``, it means this process and not one of its threads, reaches the
    whole group of the child, and can be handed on. Has no effect on other systems: see `watch_parent`.

    Attributes
    ----------
    reading, writing : int
        Descriptors of the ends; the child inherits the first and never uses it.
    """

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self._cut = weakref.finalize(self, os.close, self.writing)

    def tie(self, child: int, *, leads: bool) -> None:
        """Tie a child that has inherited the reading end, with its group if it leads one; call it once, right after the start."""
        with contextlib.suppress(OSError):  # it has already ended
            if sys.platform == "linux":
                fcntl.fcntl(self.reading, fcntl.F_SETOWN, -child if leads else child)
                fcntl.fcntl(self.reading, fcntl.F_SETSIG, signal.SIGKILL)
                fcntl.fcntl(self.reading, fcntl.F_SETFL, fcntl.fcntl(self.reading, fcntl.F_GETFL) | os.O_ASYNC)
        self.drop()

    def drop(self) -> None:
        """Close the reading end here."""
        os.close(self.reading)

    def cut(self) -> None:
        """Close the writing end here: the child is killed, unless another process holds that end too."""
        self._cut()


class Child(subprocess.Popen[str]):
    """A child process.

    Attributes
    ----------
    lifeline : Lifeline or None
        If it ends with this process. Whoever drops the ``Child`` cuts it.
    """

    lifeline: Lifeline | None = None


def python_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module with this interpreter; a file in the current folder cannot shadow what it imports."""
    return [sys.executable, "-P", "-m", module, *arguments]


def child_environment(**settings: str) -> dict[str, str]:
    """Return this process's environment with ``settings`` added, in which ``segcore`` can be imported from any folder."""
    others = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder and folder != str(CHECKOUT)]
    return {**os.environ, **sparing_settings(), "PYTHONPATH": os.pathsep.join([str(CHECKOUT), *others]), **settings}


def fitting_environment() -> dict[str, str]:
    """Return the environment of a process that fits: its threads spin briefly and share a heap, unless the user has set these."""
    settings = {} if any(name in os.environ for name in _SPIN_SETTINGS) else {"GOMP_SPINCOUNT": _SPINS}
    return child_environment(**{_HEAPS: os.environ.get(_HEAPS, "1"), **settings})


def start_child(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    own: Own = "nothing",
    dies_with_parent: bool = False,
    stdin: int = subprocess.DEVNULL,
    stdout: IO[Any] | int | None = None,
    stderr: IO[Any] | int | None = None,
    pass_fds: Collection[int] = (),
) -> Child:
    """Start a command in the current folder; its pipes carry text.

    Parameters
    ----------
    command : sequence of str
        Usually from `python_command`.
    environment : mapping or None
        ``None`` is `child_environment`.
    own : {"nothing", "group", "session"}
        What the child leads. A signal to the parent's process group, such as Ctrl-C, does not reach a new group; the end of the
        parent's terminal does not reach a new session. Both can be ended with everything they started: see `signal_group`.
    dies_with_parent : bool
        Whether it ends with this process, however that ends, and so does the group or session that it leads: see `Lifeline`.
    stdin, stdout, stderr, pass_fds
        As for `subprocess.Popen`, except that standard input is empty unless given.

    Raises
    ------
    OSError
        If the process cannot be started.
    """
    lifeline = Lifeline() if dies_with_parent else None
    try:
        child = Child(
            command,
            env=child_environment() if environment is None else environment,
            process_group=0 if own == "group" else None,
            start_new_session=own == "session",
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=[*pass_fds, lifeline.reading] if lifeline else pass_fds,
            umask=UMASK,
            text=True,
        )
    except BaseException:
        if lifeline:
            lifeline.drop()
        raise
    if lifeline:
        child.lifeline = lifeline
        lifeline.tie(child.pid, leads=own != "nothing")
    return child


def signal_group(leader: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to a child that leads a group or session, and to all that it started; do nothing if they have ended."""
    if leader > 1:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS denies it for a process that has ended
            os.killpg(leader, number)


def has_ended(child: int, seconds: float) -> bool:
    """Wait for a child's end, at most ``seconds``, and tell whether it has come; the child is not reaped, so its number stays taken."""
    if hasattr(os, "pidfd_open"):
        handle = os.pidfd_open(child)
        try:
            end = select.poll()  # `select.select` takes no descriptor above 1,023
            end.register(handle, select.POLLIN)
            return bool(end.poll(1000 * seconds))
        finally:
            os.close(handle)
    import psutil

    time.sleep(seconds)
    return psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def leave_at_once(code: int) -> NoReturn:
    """End this process with an exit code, without taking apart what it has imported: somebody waits for its end."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # a log on a full disk must not change the exit code
            stream.flush()
    os._exit(code)


def watch_parent(parent: int) -> None:
    """Kill this process and its group soon after ``parent`` has ended; call it at the start.

    For systems without `Lifeline`, and for a parent that is killed while it starts this process. The process must lead its process group,
    so that everything it started ends with it, and nothing else does.
    """
    if os.getpgid(0) != os.getpid():
        raise RuntimeError("watch_parent needs a process that leads its process group")

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()
