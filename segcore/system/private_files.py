"""Files that only this user can read, and temporary ones that are known to be left over as soon as their owner has ended.

A temporary file or folder is locked (``flock``) by the process it belongs to. The kernel releases the lock when that process ends, however
it ends, so that whatever is not locked is left over: no clock and no process number is asked.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

FOLDER_MODE = 0o700
FILE_MODE = 0o600
_MARK = "[0-9a-f]+"  # that of earlier versions was a process number
_OURS = re.compile(r"(.+[.-])?[0-9a-f]{16}(\.parquet)?")  # what is created here is called; others may keep files of their own there
_ELSEWHERE = "segcore-"  # what a temporary folder outside the store is called
_TRIES = 100
_places: list[Path] = []


def private_opener(path: str, flags: int) -> int:
    """Open a file, created for this user only: an opener for `open`."""
    return os.open(path, flags, FILE_MODE)


def make_folder(path: Path) -> None:
    """Create a folder for this user only, unless it exists; its parent does."""
    path.mkdir(mode=FOLDER_MODE, exist_ok=True)


def keep_temporary_files_in(folder: Path) -> None:
    """Have this process create temporary folders here unless told otherwise: what opens a store calls it with the store's."""
    _places[:] = [folder]


@contextlib.contextmanager
def temporary_file(folder: Path, *, prefix: str = "", suffix: str = "", mode: int = FILE_MODE) -> Iterator[tuple[Path, BinaryIO]]:
    """Create an empty file, locked by this process, and delete it afterwards unless it was renamed.

    Parameters
    ----------
    folder : Path
        Created if missing.
    prefix, suffix : str
        Of the file's name.
    mode : int
        Permissions, from which the process's mask is subtracted.

    Yields
    ------
    path : Path
    file : binary file, open for writing
    """
    make_folder(folder)
    path, handle = _claim(folder, prefix, suffix, lambda name: os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode))
    with os.fdopen(handle, "wb") as file:
        try:
            yield path, file
        finally:
            path.unlink(missing_ok=True)  # before it is unlocked


@contextlib.contextmanager
def temporary_folder(folder: Path | None = None, *, prefix: str = "", fits: Callable[[str], object] = lambda path: True) -> Iterator[Path]:
    """Create a folder, locked by this process, and delete it with its content afterwards.

    Parameters
    ----------
    folder : Path or None
        Where; created if missing. ``None`` means that of the store which this process has opened, else the system's.
    prefix : str
        Of the folder's name.
    fits : callable
        Tells whether a path will do for what uses it. If not, the folder is in the system's folder for temporary files, and here is a link.
    """
    inside = folder or next((place for place in _places if place.parent.is_dir()), None)  # the store may have been deleted since
    system = Path(tempfile.gettempdir())
    if inside is None:
        inside = system
    else:
        make_folder(inside)

    def create(name: Path) -> int:
        name.mkdir(mode=FOLDER_MODE)
        return os.open(name, os.O_RDONLY)

    inside = inside.absolute()
    apart = not fits(str(inside / (prefix + _mark())))
    path, handle = _claim(system if apart else inside, _ELSEWHERE if apart else prefix, "", create)
    link = inside / f"{prefix}{path.name}"
    try:
        if apart:
            link.symlink_to(path)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if apart:
            link.unlink(missing_ok=True)
        os.close(handle)


@contextlib.contextmanager
def replacement(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside ``path`` that replaces it once complete: for a file that the user asked for, with the user's mask.

    What a killed process left of the same file is deleted.
    """
    folder = path.absolute().parent
    folder.stat()  # it is the user's to create
    drop_leftovers(folder, re.compile(rf"\.{re.escape(path.name)}\.{_MARK}\.tmp"))
    with temporary_file(folder, prefix=f".{path.name}.", suffix=".tmp", mode=0o666) as (temporary, file):
        yield file
        file.flush()
        os.fsync(file.fileno())
        temporary.replace(path)


def drop_leftovers(folder: Path, names: re.Pattern[str] | None = None) -> int:
    """Delete this user's temporary files and folders that no process has locked, and return their number.

    Parameters
    ----------
    folder : Path
        A folder of temporary files; it need not exist.
    names : pattern or None
        Only those whose whole name matches; ``None`` means what `temporary_file` and `temporary_folder` call theirs.
    """
    dropped = 0
    names = names or _OURS
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            with contextlib.suppress(OSError):
                if names.fullmatch(entry.name) and entry.stat(follow_symlinks=False).st_uid == os.geteuid():
                    dropped += _drop(Path(entry.path))
    return dropped


def drop_leftovers_elsewhere() -> int:
    """Delete what `temporary_folder` created in the system's folder for temporary files and no process has locked; return the number.

    A link in the store leads to each, unless its process was killed before it made one, or the store was deleted.
    """
    try:
        return drop_leftovers(Path(tempfile.gettempdir()), re.compile(re.escape(_ELSEWHERE) + "[0-9a-f]{16}"))
    except FileNotFoundError:
        return 0  # none can be written


def _drop(path: Path) -> bool:
    """Delete a file or folder, or a link and the folder it leads to, unless a process has locked it."""
    target = path.readlink() if path.is_symlink() else path
    try:
        handle = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        if target != path:
            path.unlink()
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found = os.fstat(handle)
        is_folder = stat.S_ISDIR(found.st_mode)
        if target != path:
            path.unlink()
        if is_folder and (target == path or (target.name.startswith(_ELSEWHERE) and found.st_uid == os.geteuid())):
            shutil.rmtree(target, ignore_errors=True)
        elif target == path:
            path.unlink()
        return True
    finally:
        os.close(handle)


def _claim(folder: Path, prefix: str, suffix: str, create: Callable[[Path], int]) -> tuple[Path, int]:
    """Create something with a name of its own and lock it; return its path and descriptor."""
    for left in reversed(range(_TRIES)):
        path = folder / f"{prefix}{_mark()}{suffix}"
        try:
            handle = create(path)
        except FileNotFoundError:
            if not left or not folder.is_dir():  # such as in /proc, where nothing can be created
                raise
            continue  # dropped as left over before it was open
        with contextlib.suppress(OSError):  # where the file system has no locks, nothing is dropped either
            fcntl.flock(handle, fcntl.LOCK_EX)
        if _is_same(path, handle):
            return path, handle
        os.close(handle)  # dropped as left over before it was locked
    raise FileNotFoundError(errno.ENOENT, "what was created there was deleted at once", str(folder))


def _mark() -> str:
    return secrets.token_hex(8)


def _is_same(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
