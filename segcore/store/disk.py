"""Disks that are full or cannot be written: distinguished from other errors by codes, and named."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal

from segcore.errors import DiskError, ParameterError, SegcoreError, StoreError
from segcore.store.home import TEMPORARY
from segcore.system.private_files import replacement, temporary_file

Holder = Literal["home", "temporary", "output", "file"]
"""How a disk is named: by the store, the system's folder for temporary files, a file that standard output is written to, or a file."""

_CODES = {
    errno.ENOSPC: "disk.full",
    errno.EDQUOT: "disk.quota",
    errno.EFBIG: "disk.file_limit",
    errno.EROFS: "disk.read_only",
}
# SQLite reports "I/O error" for everything except ENOSPC, and cannot create its files on a read-only disk.
_PERHAPS_DISK = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
_PRIMARY = 0xFF  # the part of an extended result code that is the code itself
_PROBE_BYTES = 1 << 16  # the largest step in which SQLite's files grow is 32 KiB, of the shared index of the log
_STDOUT = 1
_TEMPORARY = "/tmp"  # noqa: S108 - where tempfile looks first


def disk_error(error: BaseException, path: Path | str, *, holder: Holder = "file", needed: int | None = None) -> DiskError | None:
    """Return the error for a disk that could not be written; ``None`` if ``error`` has another cause.

    Parameters
    ----------
    error : exception
        From the operating system or SQLite; a `DiskError` is returned unchanged.
    path : Path or str
        The file or folder that was written.
    holder : {"home", "temporary", "output", "file"}
    needed : int or None
        Size in bytes of the data that were being written, if known.
    """
    if isinstance(error, DiskError):
        return error
    number = _sqlite_errno(error, Path(path)) if isinstance(error, sqlite3.Error) else getattr(error, "errno", None)
    code = _CODES.get(number) if isinstance(error, OSError | sqlite3.Error) and number is not None else None
    if code is None:
        return None
    values: dict[str, Any] = {}
    if code == "disk.full":
        values = {"free": free_bytes(path), "needed": needed}
    elif code == "disk.file_limit":
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
        values = {"limit": None if limit == resource.RLIM_INFINITY else limit}
    from segcore.wording.findings import refusal  # not needed to start a process without errors

    return refusal(code, kind=DiskError, holder=holder, path=str(path), **values)


def store_error(error: Exception, home: Path | str, *, needed: int | None = None) -> SegcoreError:
    """Return the user's error for a failed access to a store; ``needed`` is the size of what was being written, if known."""
    full = disk_error(error, home, holder="home", needed=needed)
    if full is not None:
        return full
    if isinstance(error, sqlite3.Error) and not os.access(home, os.W_OK):
        return not_writable(home)
    return StoreError(f"The store at {home} cannot be used ({error}): fix that, or set SEGCORE_HOME to another directory.")


def any_disk_error(error: BaseException, home: Path | str) -> DiskError | None:
    """Do the same as `disk_error` for an error that may be about any file, such as a temporary one of a library.

    The disk is that of the error's file; a failed write names no file, and then it is the disk with the least free space.
    """
    if isinstance(error, DiskError):
        return error
    if not isinstance(error, OSError):
        return None
    places: list[tuple[Holder, str]] = [("home", str(home)), ("temporary", os.environ.get("TMPDIR", _TEMPORARY))]
    if isinstance(error.filename, str):
        inside = [(holder, folder) for holder, folder in places if Path(error.filename).is_relative_to(folder)]
        holder, path = inside[0] if inside else ("file", error.filename)
        if holder == "home" and isinstance(error, PermissionError) and not os.access(Path(error.filename).parent, os.W_OK):
            return not_writable(home)
        return disk_error(error, path, holder=holder)
    if error.errno == errno.ENOENT and free_bytes(places[1][1]) < _PROBE_BYTES:
        error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # tempfile found no usable folder
    with contextlib.suppress(OSError):
        if stat.S_ISREG(os.fstat(_STDOUT).st_mode):
            places.append(("output", f"/dev/fd/{_STDOUT}"))
    holder, path = min(places, key=lambda place: free_bytes(place[1]))
    return disk_error(error, path, holder=holder)


@contextlib.contextmanager
def naming_disk(path: Path | str, *, holder: Holder = "file", needed: int | None = None) -> Iterator[None]:
    """Raise the `DiskError` for a disk that cannot be written instead of the operating system's error; see `disk_error`."""
    try:
        yield
    except OSError as error:
        full = disk_error(error, path, holder=holder, needed=needed)
        if full is None:
            raise
        raise full from error


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces ``path`` once it is complete, and is deleted on failure; see `replacement`.

    Raises
    ------
    ParameterError, DiskError
        If the file cannot be written.
    """
    try:
        with naming_disk(path):
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, "it is a directory")
            with replacement(path) as file:
                yield file
    except OSError as error:
        from segcore.wording.findings import refusal

        raise refusal("export.cannot_write", kind=ParameterError, path=str(path), reason=error.strerror or str(error)) from error


def not_writable(home: Path | str) -> DiskError:
    """Return the error for a store whose permissions do not let this user write there."""
    from segcore.wording.findings import refusal

    return refusal("home.not_writable", kind=DiskError, home=str(home))


def is_disk_error(error: BaseException) -> bool:
    """Tell whether an error is about a disk that could not be written, whichever it is."""
    return isinstance(error, DiskError) or (isinstance(error, OSError) and error.errno in _CODES)


def disk_problem(home: Path | str, *, holder: Holder = "home", by_writing: bool = True) -> DiskError | None:
    """Return why nothing can be written to a store's disk now; ``None`` if nothing is known to prevent it.

    Parameters
    ----------
    home : Path or str
        The store's directory, or another.
    holder : {"home", "temporary", "output", "file"}
    by_writing : bool
        Whether to write a small file and delete it, which also finds a quota; otherwise the file system is only queried, which is cheap.
    """
    if by_writing:
        number = _probe(Path(home))
    elif os.statvfs(home).f_flag & os.ST_RDONLY:
        number = errno.EROFS
    else:
        number = errno.ENOSPC if free_bytes(home) < _PROBE_BYTES else None
    return None if number is None else disk_error(OSError(number, os.strerror(number)), home, holder=holder)


def free_bytes(path: Path | str) -> int:
    """Return the bytes that this user can still write on the disk of a file or folder, which need not exist; 0 if it is unknown."""
    for folder in (Path(path), *Path(path).absolute().parents):
        with contextlib.suppress(OSError):
            found = os.statvfs(folder)
            return found.f_bavail * found.f_frsize
    return 0


def _sqlite_errno(error: sqlite3.Error, path: Path) -> int | None:
    """Return the cause of an error of SQLite as the operating system's number."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    if code & _PRIMARY == sqlite3.SQLITE_FULL:
        return errno.ENOSPC
    if code & _PRIMARY not in _PERHAPS_DISK:
        return None
    found = _probe(path)
    limited = resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY
    return errno.EFBIG if found is None and limited and code & _PRIMARY == sqlite3.SQLITE_IOERR else found


def _probe(folder: Path) -> int | None:
    """Return the number of the error with which the disk refuses a small file; ``None`` if it takes it, or refuses for another reason."""
    inside = folder / TEMPORARY  # of a store; cleaned up later if this process is killed here
    try:
        with temporary_file(inside if inside.is_dir() else folder, prefix=".disk.") as (_, file):
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error.errno if error.errno in _CODES else None
    return None
