"""Child processes: how segcore starts its own modules as processes, and how those end with their parent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Literal, NoReturn

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
_PR_SET_PDEATHSIG = 1
_WATCH_SECONDS = 0.5
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def python_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module with this interpreter; a file in the current folder cannot shadow what it imports."""
    return [sys.executable, "-P", "-m", module, *arguments]


def child_environment(**settings: str) -> dict[str, str]:
    """Return this process's environment with ``settings`` added, in which ``segcore`` can be imported from any folder."""
    others = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder and folder != str(CHECKOUT)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(CHECKOUT), *others]), **settings}


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
) -> subprocess.Popen[str]:
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
        See `die_with_parent`; only from a program with one thread.
    stdin, stdout, stderr, pass_fds
        As for `subprocess.Popen`, except that standard input is empty unless given.

    Raises
    ------
    OSError
        If the process cannot be started.
    """
    return subprocess.Popen(
        command,
        env=child_environment() if environment is None else environment,
        process_group=0 if own == "group" else None,
        start_new_session=own == "session",
        preexec_fn=die_with_parent if dies_with_parent else None,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        pass_fds=pass_fds,
        umask=UMASK,
        text=True,
    )


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
            return bool(select.select([handle], [], [], seconds)[0])
        finally:
            os.close(handle)
    import psutil

    time.sleep(seconds)
    return psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies.

    Before the program starts, only from a parent with one thread: the kernel means the *thread* that started the child. Has an effect
    only on Linux, where the setting outlives the start of the new program; `watch_parent` does the same from inside, a little later.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def leave_at_once(code: int) -> NoReturn:
    """End this process with an exit code, without taking apart what it has imported: somebody waits for its end."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def watch_parent(parent: int) -> None:
    """Kill this process and its group as soon as ``parent`` is no longer its parent; call it at the start.

    The process must lead its process group, so that everything it started ends with it, and nothing else does.
    """
    if os.getpgid(0) != os.getpid():
        raise RuntimeError("watch_parent needs a process that leads its process group")

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()
