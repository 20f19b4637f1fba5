"""Lock files, which a process holds for as long as it lives.

The kernel releases a lock whenever its process ends, for whatever reason; unlike a process number, a lock is not reused. It can be handed
to a child (``pass_fds``), so that it is held without a gap.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

from segcore.store.disk import store_error
from segcore.system.private_files import make_folder

_LOOK_SECONDS = 0.01


def take(path: Path, *, patience: float = 0.0) -> int | None:
    """Lock a file exclusively and return its descriptor, or ``None`` if another process still holds it after ``patience`` seconds.

    Closing the descriptor unlocks the file; children do not inherit it unless it is passed to them.
    """
    try:
        make_folder(path.parent)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise store_error(error, path.parents[1]) from error
    deadline = time.monotonic() + patience
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(handle)
                    return None
                time.sleep(_LOOK_SECONDS)
            else:
                return handle
    except BaseException:
        with contextlib.suppress(OSError):
            os.close(handle)
        raise


def is_held(path: Path) -> bool:
    """Tell whether a process holds the lock; several processes can check at once.

    Raises
    ------
    StoreError
        If the lock cannot be read, for example because its folder is a file.
    """
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise store_error(error, path.parents[1]) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
