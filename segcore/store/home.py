"""The store's directory, which only this user can read, however it was created."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import stat
import sys
from pathlib import Path

from segcore.errors import StoreError
from segcore.system.private_files import FILE_MODE, FOLDER_MODE, make_folder

TEMPORARY = "tmp"
"""Name of the folder of temporary files."""
_INDEX = "index.db"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_NOTICE = "tightened"
# Parts of a store; anything else in its directory is not ours to change.
_FOLDERS = ("benchmarks", "extracts", "locks", "logs", "objects", "samples", "spares", "uploads", TEMPORARY)
_FILES = (f"{_INDEX}*", "calibration.json*", "tmp*.parquet")
_DIGEST = "[0-9a-f]" * 64
# Files that killed processes of earlier versions left behind; no owner is recorded for them.
_LEFTOVERS = (
    *("tmp????????.parquet", "calibration.json.*.tmp", f"objects/*/{_DIGEST}.*.tmp", f"uploads/{_DIGEST}*.tmp"),
    *("samples/download-????????", f"benchmarks/{_DIGEST}"),
)
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)  # stored results can still be read
_IGNORED = {"lost+found", *_FOLDERS}  # the first on a disk that is mounted here; the others from a process that is just creating the store


def make_private(home: Path) -> None:
    """Create a store's directory for this user only, or make an existing one private; later starts only check its mode.

    If others could read the directory, this is reported in one line on standard error, and to `take_notice`.

    Raises
    ------
    StoreError
        If others can read it, and it belongs to another user, is shared (such as ``/tmp``), or is not a store yet and holds other files,
        because it must then not be made private.
    OSError
        If it cannot be created, or something else in it has the name of one of its directories.
    """
    with contextlib.suppress(FileExistsError):
        home.mkdir(mode=FOLDER_MODE, parents=True)
    found = home.stat()  # of the target of a link, because the target holds the files
    is_store = (home / _INDEX).exists()
    if found.st_mode & _OTHERS:
        _check(home, found, is_store=is_store)
        if not _tighten(home):
            return  # on a disk that is read-only
        if is_store:
            _give_notice(home)
    if is_store and not (home / TEMPORARY).exists() and _is_index(home / _INDEX):
        _drop_old_leftovers(home)
    for name in _FOLDERS:
        if (home / name).exists() and not (home / name).is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "it must be a directory", str(home / name))
    try:
        make_folder(home / TEMPORARY)
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise


def take_notice(home: Path) -> bool:
    """Tell whether the store was readable by others and this has not been shown on screen yet; true only once."""
    try:
        (home / _NOTICE).unlink()
    except OSError:
        return False
    return True


def _check(home: Path, found: os.stat_result, *, is_store: bool) -> None:
    if found.st_mode & stat.S_ISVTX:
        raise _refusal("home.shared", home)
    if os.geteuid() not in (0, found.st_uid):
        raise _refusal("home.foreign", home)
    if not is_store and any(entry.name not in _IGNORED for entry in home.iterdir()):
        raise _refusal("home.other_files", home)


def _tighten(home: Path) -> bool:
    """Remove other users' permissions from a store, from its directory last, so that a start that is killed here begins again."""
    tops = [home / name for name in _FOLDERS]
    for folder in filter(Path.is_dir, tops):
        for where, folders, files in os.walk(folder, topdown=False):
            for name in (*folders, *files):
                _close(Path(where, name))
        _close(folder)
    for pattern in _FILES:
        for path in home.glob(pattern):
            _close(path)
    try:
        home.chmod(stat.S_IMODE(home.stat().st_mode) & ~_OTHERS)
    except OSError as error:
        if error.errno == errno.EROFS:
            return False
        raise _refusal("home.foreign", home) from error
    if home.stat().st_mode & _OTHERS:
        raise _refusal("home.without_permissions", home)
    return True


def _close(path: Path) -> None:
    with contextlib.suppress(OSError):  # the file was just deleted, or belongs to another user, who cannot reach it in the closed directory
        mode = path.lstat().st_mode
        if mode & _OTHERS and not stat.S_ISLNK(mode):
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS)


def _is_index(path: Path) -> bool:
    """Tell whether a file is an index of segcore, and not the database of another program."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as index:
            return index.execute("select 1 from sqlite_master where name = 'sweeps'").fetchone() is not None
    except sqlite3.Error:
        return False


def _drop_old_leftovers(home: Path) -> None:
    for pattern in _LEFTOVERS:
        for path in home.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        (home / "benchmarks").rmdir()


def _give_notice(home: Path) -> None:
    from segcore.records.finding import Finding
    from segcore.wording.findings import sentence
    from segcore.wording.terminal import say

    with contextlib.suppress(OSError):  # the notice is on screen too
        say(f"segcore: {sentence(Finding('home.tightened', 'warning', {'home': str(home)}))}", file=sys.stderr)
    with contextlib.suppress(OSError):
        (home / _NOTICE).touch(mode=FILE_MODE)


def _refusal(code: str, home: Path) -> StoreError:
    from segcore.wording.findings import refusal

    return refusal(code, kind=StoreError, home=str(home))
