"""Ray on this machine, for this process and its children only."""

from __future__ import annotations

import atexit
import contextlib
import errno
import functools
import logging
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from segcore.errors import SegcoreError
from segcore.system.child_process import Child, python_command, start_child
from segcore.system.cores import usable_cores
from segcore.system.private_files import private_opener, temporary_folder

if TYPE_CHECKING:
    from psutil import Process

_ROUNDS = 20
_PAUSE_SECONDS = 0.1
_SOCKET_BYTES = 107  # the longest path of a Unix socket
_LONGEST = _SOCKET_BYTES - len("/ray/session_2026-01-31_23-59-59_123456_4194304/sockets/plasma_store.9")

_LEAST_FREE_BYTES = 10 << 20  # of temporary files; an idle Ray writes a few hundred KiB of logs


def start_ray() -> None:
    """Start Ray once, for this process and its children only: a secret token, loopback only, no dashboard, no usage reports, private files.

    Raises
    ------
    SegcoreError
        If it cannot be started.
    OSError
        If the disk of its temporary files is full.
    """
    os.environ["RAY_AUTH_MODE"] = "token"  # before the import, which reads all of these
    folder = _own_folder()
    if shutil.disk_usage(folder).free < _LEAST_FREE_BYTES:  # it would wait for half a minute for files that nobody can write
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
    if "RAY_AUTH_TOKEN_PATH" not in os.environ:
        os.environ["RAY_AUTH_TOKEN_PATH"] = str(_token_file(folder))
    # As Ray does on systems without cluster support: its node is 127.0.0.1, and its servers listen only there.
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("MODIN_ENGINE", "ray")
    import ray

    if ray.is_initialized():
        return
    _end_with_this_process(folder)
    # joblib treats a pool of one as no pool, and would compute in this process, which a crash would then end.
    cores = max(2, usable_cores())
    try:
        ray.init(
            address="local",
            num_cpus=cores,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=False,
            _temp_dir=str(folder / "ray"),  # which Ray opens to everybody, inside a folder that it does not open
        )
    except Exception as error:  # Ray raises anything from RuntimeError to its own kinds
        raise SegcoreError(
            f"Ray could not be started ({str(error).splitlines()[0]}): use pandas for the frames, and local workers."
        ) from error


@functools.cache
def _own_folder() -> Path:
    """Return this process's folder for Ray's files: sessions, logs, and rows that do not fit into memory."""
    # What is registered before Ray's own end runs after it.
    files = contextlib.ExitStack()
    atexit.register(files.close)
    return files.enter_context(temporary_folder(prefix="ray-", fits=lambda path: len(os.fsencode(path)) <= _LONGEST))


@functools.cache
def _end_with_this_process(folder: Path) -> Child:
    """Start what ends Ray when this process is killed; it is a command's own group that Ray's processes are in, not one of their own."""
    return start_child(python_command("segcore.system.local_ray", str(folder)), own="session", stdin=subprocess.PIPE)


def main(argv: list[str]) -> int:
    """Wait until the process that started Ray has ended, and end all of Ray: its agents would go on for minutes."""
    import psutil

    sys.stdin.read()
    folder = argv[0]
    for _ in range(_ROUNDS):
        left = [process for process in psutil.process_iter() if _has_file_in(process, folder)]
        if not left:
            break
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(_PAUSE_SECONDS)
    return 0


def _has_file_in(process: Process, folder: str) -> bool:
    """Tell whether a process of this user writes to a file in a folder, as each of Ray's does to its log."""
    import psutil

    try:
        return process.uids().real == os.getuid() and any(file.path.startswith(f"{folder}/") for file in process.open_files())
    except psutil.Error:
        return False


def _token_file(folder: Path) -> Path:
    path = folder / "token"
    with open(path, "w", opener=private_opener) as file:
        file.write(secrets.token_hex(32))
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
