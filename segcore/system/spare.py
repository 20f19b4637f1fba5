"""Spare processes: a reader and a worker that have imported everything wait for one file and one sweep, which then begin at once.

They belong to a process of ``segcore.jobs.standby``. Its owner holds the other end of a socket, its channel, and it ends when the owner
does. A shared one also listens at a socket in ``HOME/spares``, for other processes of the same user.

What is wanted is one message, with descriptors; the answer is another; and only when whoever asked has told it to go on has anything
happened. If that fails, the caller starts another process, as without a spare.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from segcore.system.child_process import python_command, start_child
from segcore.system.digests import code_digest, digest
from segcore.system.machine import available_bytes
from segcore.system.private_files import FOLDER_MODE, make_folder, private_opener

SETTING = "SEGCORE_SPARE_WORKER"
"""Environment variable; "0" means that no spare is kept beside a server, and that none is used."""

ANSWER_SECONDS = 2.0
GO_ON = b"go on"
_MESSAGE_BYTES = 1 << 16
# Names that can change what a process computes, or where it writes; others, such as a terminal's, may differ.
_ENVIRONMENT = (
    *("SEGCORE_", "PYTHON", "OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "BLIS_", "VECLIB_", "NUMEXPR_", "NUMBA_", "SKLEARN", "DAAL"),
    *("ONEDAL", "TBB", "RAY_", "LD_", "DYLD_", "MALLOC_", "TMP", "TZ"),
)
_LIKE = 16  # characters of a likeness in a socket's name, because a socket's path must be short
_ROOM_BYTES = 1 << 30  # free memory below which no spare is kept: one holds some 400 MB
_PAUSE_SECONDS = 2.0
_AGAIN_SECONDS = 5.0  # whoever ran a sweep is looking at its results, whose drawing needs both cores
_LONGEST_PAUSE_SECONDS = 60.0
_LOOK_SECONDS = 1.0

Answer = tuple[dict[str, Any], list[int]]
"""A message, and the descriptors that came with it."""


def likeness(home: Path | str) -> str:
    """Return a digest of what must be the same for a spare to do what a new process would: store, code, environment and cores."""
    ignored = (SETTING, "SEGCORE_HOME")
    return digest(
        {
            "home": str(Path(home).resolve()),
            "code": code_digest(),
            "python": sys.executable,
            "cores": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "environment": {name: value for name, value in os.environ.items() if name.startswith(_ENVIRONMENT) and name not in ignored},
        }
    )


@dataclass(slots=True)
class Spare:
    """A spare that this process has started; it ends with this process, unless it was given a sweep."""

    process: subprocess.Popen[str]
    channel: socket.socket

    def close(self) -> None:
        """Let it end, unless it was given a sweep."""
        self.channel.close()


_own: dict[str, Spare] = {}
_own_lock = threading.Lock()


def start_spare(home: Path | str, *, algorithm: str = "", engine: str = "", shared: bool = False) -> Spare:
    """Start a spare for a store.

    Parameters
    ----------
    home : Path or str
        The store's directory.
    algorithm, engine : str
        What its worker loads; "" means every algorithm, with its own engine.
    shared : bool
        Whether other processes may use it.

    Raises
    ------
    OSError
        If no process can be started.
    """
    ours, theirs = socket.socketpair()
    folder = Path(home).absolute()
    arguments = [str(folder), str(theirs.fileno()), likeness(folder), algorithm, engine, "shared" if shared else "own"]
    log = folder / "logs" / "spare.log"
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        make_folder(log.parent)
        with open(log, "wb", opener=private_opener) as output:
            process = start_child(
                python_command("segcore.jobs.standby", *arguments),
                own="session",  # it outlives this process once it has a sweep
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
            )
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    spare = Spare(process, ours)
    with _own_lock:
        earlier, _own[str(folder)] = _own.get(str(folder)), spare
    if earlier is not None:
        earlier.close()
    return spare


def start_early(home: Path | str, *, algorithm: str, engine: str) -> None:
    """Start what a command will need in a moment, for it to import meanwhile; do nothing if a spare stands ready, or memory is short."""
    with contextlib.suppress(OSError):
        if not _sockets(Path(home), likeness(home)) and available_bytes() > _ROOM_BYTES:
            start_spare(home, algorithm=algorithm, engine=engine)


def end_early(home: Path | str) -> None:
    """Let what `start_early` started end, unless it was given a sweep; for a process that goes on."""
    with _own_lock:
        own = _own.pop(str(Path(home).absolute()), None)
    if own is not None:
        own.close()


def _never() -> bool:
    return False


def keep_spare(home: Path | str, may_replace: Callable[[], bool] = _never) -> None:
    """Keep a spare ready for as long as this process lives: for a server. Returns at once.

    Parameters
    ----------
    home : Path or str
        The store's directory.
    may_replace : callable
        Tells whether one that is at work can be replaced already; by default only once it has ended.
    """
    if os.environ.get(SETTING) != "0":
        threading.Thread(target=_keep, args=(Path(home), may_replace), name="spare", daemon=True).start()


def _keep(home: Path, may_replace: Callable[[], bool]) -> NoReturn:
    pause = _PAUSE_SECONDS
    while True:
        time.sleep(pause)  # at first, the cores belong to whoever is opening the first page
        served = False
        if available_bytes() > _ROOM_BYTES:
            with contextlib.suppress(OSError):
                served = _has_served(start_spare(home, shared=True), home, may_replace)
        # One that dies again and again must not keep a core busy.
        pause = _AGAIN_SECONDS if served else min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _has_served(spare: Spare, home: Path, may_replace: Callable[[], bool]) -> bool:
    """Wait until a spare has ended, or is at work and may be replaced; tell whether it was of use."""
    stood_ready = False
    while (code := spare.process.poll()) is None:
        is_ready = any((home / "spares").glob(f"*-{spare.process.pid}"))
        if stood_ready and not is_ready and may_replace():
            return True
        stood_ready = stood_ready or is_ready
        time.sleep(_LOOK_SECONDS)
    return code == 0


def ask_spare(home: Path | str, wanted: Mapping[str, Any], descriptors: Sequence[int] = (), *, last: bool = False) -> Answer | None:
    """Ask a spare that stands ready for something.

    Parameters
    ----------
    home : Path or str
        The store's directory.
    wanted : mapping
        JSON-able; see ``segcore.jobs.standby``.
    descriptors : sequence of int
        To be passed along; the caller keeps its own.
    last : bool
        Whether the spare is used up by this.

    Returns
    -------
    tuple of dict and list of int, or None
        The answer, with descriptors that are now the caller's. ``None`` without such a spare; nothing has changed then.
    """
    folder = str(Path(home).absolute())
    if folder not in _own and not _sockets(Path(home)):
        return None
    like = likeness(home)
    message = json.dumps({**wanted, "like": like}).encode()
    with _own_lock:
        own = _own.get(folder)
        if own is not None:
            answer = _ask(own.channel, message, descriptors) if own.process.poll() is None else None
            if answer is None or last:
                del _own[folder]
                own.close()
            if answer is not None:
                return answer
    for path in _sockets(Path(home), like):
        with socket.socket(socket.AF_UNIX) as there, contextlib.suppress(OSError):
            there.settimeout(ANSWER_SECONDS)
            there.connect(str(path))
            answer = _ask(there, message, descriptors)
            if answer is not None:
                return answer
    return None


def _ask(there: socket.socket, message: bytes, descriptors: Sequence[int]) -> Answer | None:
    received: list[int] = []
    try:
        there.settimeout(ANSWER_SECONDS)
        socket.send_fds(there, [message], list(descriptors))
        text, received, *_ = socket.recv_fds(there, _MESSAGE_BYTES, 4)
        if text:
            there.sendall(GO_ON)
            return json.loads(text), received
    except (OSError, ValueError):
        pass
    for descriptor in received:
        os.close(descriptor)
    return None


def receive(asking: socket.socket) -> Answer | None:
    """Return what is wanted of this process, which is a spare; ``None`` if the other side has gone."""
    try:
        message, descriptors, *_ = socket.recv_fds(asking, _MESSAGE_BYTES, 4)
        if message:
            return json.loads(message), list(descriptors)
    except (OSError, ValueError):
        pass
    return None


def reply(asking: socket.socket, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> bool:
    """Answer, and tell whether the other side says to go on; if not, it has given up."""
    try:
        asking.settimeout(ANSWER_SECONDS)
        socket.send_fds(asking, [json.dumps(message).encode()], list(descriptors))
        return asking.recv(len(GO_ON)) == GO_ON
    except OSError:
        return False


def _sockets(home: Path, like: str = "") -> list[Path]:
    """Return the sockets of shared spares, or only of those that do what a new process would."""
    if os.environ.get(SETTING) == "0":
        return []
    try:
        return sorted(path for path in (home / "spares").glob(f"{like[:_LIKE] or '*'}-*") if is_alive(path))
    except OSError:
        return []


def socket_path(home: Path, like: str) -> Path:
    """Return the path of this process's socket, if it is a shared spare."""
    return home / "spares" / f"{like[:_LIKE]}-{os.getpid()}"


def is_alive(path: Path) -> bool:
    """Tell whether the spare that made a socket is alive."""
    try:
        os.kill(int(path.name.partition("-")[2]), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True
