"""Processes that do not outlive the one that started them, however that one ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
_WATCH_SECONDS = 0.5
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies; for ``subprocess.Popen(preexec_fn=die_with_parent)``.

    Only from a program with one thread: the kernel means the *thread* that started the child. Does nothing but on Linux, where the
    setting outlives the start of the new program; ``watch_parent`` does the same from inside, a little later.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def watch_parent(parent: int) -> None:
    """Kill this process and its group as soon as ``parent`` is no longer its parent; to be called at its start.

    The process must lead a group of its own, so that whatever it started itself goes with it and nothing else does.
    """
    if os.getpgid(0) != os.getpid():
        raise RuntimeError("watch_parent needs a process group of its own")

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()
