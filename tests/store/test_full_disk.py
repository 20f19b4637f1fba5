"""A store whose disk is full, simulated by limits of the process, or real where this user may mount a small file system."""

import contextlib
import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from segcore.errors import DiskError
from segcore.store.disk import any_disk_error, disk_error, disk_problem, is_disk_error
from segcore.store.index import Index
from segcore.store.store import Store
from tests.small_disk import fill, mounted

ROOT = Path(__file__).resolve().parents[2]
SAID = {
    errno.ENOSPC: r"The disk with SEGCORE_HOME \(.*home\d+\) is full \(.* left\): free 20 MB, then try again: what was finished is kept\.",
    errno.EDQUOT: r"The disk quota for SEGCORE_HOME \(.*\) is used up: delete files or ask for more, then try again",
    errno.EFBIG: r"No file on the disk with SEGCORE_HOME \(.*\) may be as large as this one: raise the limit, then try again",
    errno.EROFS: r"The disk with SEGCORE_HOME \(.*\) is read-only: make it writable, or set SEGCORE_HOME to another directory\.",
}


def files(home):
    return sorted(path.name for path in home.rglob("*") if path.is_file() and not path.name.startswith("index.db"))


@pytest.mark.parametrize("number", SAID, ids=errno.errorcode.get)
def test_each_reason_why_an_object_cannot_be_written_is_named(home, monkeypatch, number):
    store = Store(home)

    def refuse(handle):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("segcore.store.store.os.fsync", refuse)
    with pytest.raises(DiskError, match=SAID[number]) as raised:
        store.put_array(np.zeros(3))
    assert raised.value.finding.values["path"] == str(home)
    assert files(home) == []


def test_the_space_to_free_covers_what_was_being_written(home, monkeypatch):
    monkeypatch.setattr("segcore.store.disk.free_bytes", lambda path: 3_000_000)
    found = disk_error(OSError(errno.ENOSPC, ""), home, holder="home", needed=125_000_000)
    assert "is full (3 MB left): free 150 MB, then" in str(found)
    assert "is full (3 MB left): free some space, then" in str(disk_error(OSError(errno.ENOSPC, ""), home / "out.csv"))


def test_other_errors_are_no_errors_of_a_disk(home):
    for error in (
        PermissionError(errno.EACCES, ""),
        FileNotFoundError(errno.ENOENT, "", str(home / "gone")),
        ValueError("No space left on device"),
    ):
        assert disk_error(error, home) is None and any_disk_error(error, home) is None and not is_disk_error(error)
    assert disk_problem(home) is None and files(home) == []


def test_an_error_without_a_file_is_about_the_disk_with_the_least_room(home, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("segcore.store.disk.free_bytes", lambda path: 0 if path == str(tmp_path) else 10**9)
    assert f"The disk with the temporary folder ({tmp_path}) is full" in str(any_disk_error(OSError(errno.ENOSPC, ""), home))
    # That is how tempfile says that it can write to no folder.
    nowhere = FileNotFoundError(errno.ENOENT, "No usable temporary directory found")
    assert f"The disk with the temporary folder ({tmp_path}) is full" in str(any_disk_error(nowhere, home))
    named = OSError(errno.ENOSPC, "", str(home / "logs" / "a.log"))
    assert f"The disk with SEGCORE_HOME ({home}) is full" in str(any_disk_error(named, home))


def test_an_index_that_cannot_grow_is_a_full_disk(home):
    store = Store(home)
    store._index().execute("pragma max_page_count = 1")
    with pytest.raises(DiskError, match=r"The disk with SEGCORE_HOME \(.*\) is full"):
        store.name_sweep("a", "b" * 100_000)
    store._index().execute("pragma max_page_count = 1000")
    store.name_sweep("a", "b")
    assert store.sweep_name("a") == "b"


def limited(command, *, file_bytes, **options):
    """Run a command none of whose files may grow beyond ``file_bytes``."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    return subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, cwd=ROOT, **options)


def segcore(*arguments, home, **options):
    return [sys.executable, "-P", "-m", "segcore", *arguments], {**os.environ, "SEGCORE_HOME": str(home), "PYTHONPATH": str(ROOT)}


def test_what_is_there_is_read_where_nothing_can_be_written(home):
    Index(home).put_job("ab", kind="sweep", title="An old sweep", spec={}, total=1, state="done")
    # Too little for the file that processes share to read the index.
    command, environment = segcore("jobs", home=home)
    found = limited(command, file_bytes=1000, env=environment)
    assert (found.returncode, found.stderr) == (0, "") and "An old sweep" in found.stdout
    command, environment = segcore("sweeps", "name", "ab", "x", home=home)
    Store(home)._rows("insert into sweeps (id, spec, created) values ('ab', '{}', 0)")
    found = limited(command, file_bytes=1000, env=environment)
    assert found.returncode == 2 and found.stderr.count("\n") == 1
    assert f"No file on the disk with SEGCORE_HOME ({home}) may be larger than 1 KB (ulimit -f): raise the limit" in found.stderr


@pytest.mark.parametrize("buffered", [True, False])
def test_an_output_on_a_full_disk_is_named(home, buffered):
    command, environment = segcore("samples", home=home)
    environment["PYTHONUNBUFFERED"] = "" if buffered else "1"
    with Path("/dev/full").open("w") as full:
        found = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT)
    assert found.returncode == 2 and found.stderr.startswith("segcore: The disk with the output is full") and found.stderr.count("\n") == 1


@pytest.mark.parametrize("buffered", [True, False])
def test_an_error_that_cannot_be_printed_keeps_its_exit_code(home, buffered):
    command, environment = segcore("jobs", "cancel", "nothing", home=home)
    environment["PYTHONUNBUFFERED"] = "" if buffered else "1"
    with Path("/dev/full").open("w") as full:
        found = subprocess.run(command, stdout=subprocess.PIPE, stderr=full, text=True, env=environment, cwd=ROOT)
    assert (found.returncode, found.stdout) == (2, "")


@pytest.fixture
def small_disk(tmp_path):
    """Return the folder of a file system of 8 MB."""
    with mounted(tmp_path / "disk", 8) as folder:
        yield folder


def test_a_store_on_a_disk_without_a_byte_left_is_read(small_disk):
    Index(small_disk).put_job("ab", kind="sweep", title="An old sweep", spec={}, total=1, state="done")
    code = (
        "import os, sys; from segcore.store.index import Index; "
        "index = Index(sys.argv[1]); index.update_job('ab', message='kept'); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code, str(small_disk)], cwd=ROOT, check=False)  # its row is only in the write-ahead log
    Path(small_disk / "index.db-shm").unlink()
    fill(small_disk)
    for _ in range(2):
        index = Index(small_disk)
        assert index.job_row("ab")["message"] == "kept"
        with pytest.raises(DiskError, match=r"is full \(0 bytes left\): free 20 MB"):
            index.update_job("ab", message="x" * 100_000)
    assert "is full" in str(disk_problem(small_disk)) and "is full" in str(disk_problem(small_disk, by_writing=False))
    with pytest.raises(DiskError, match=r"\(0 bytes left\): free 30 MB"):
        Store(small_disk).put_bytes(bytes(10**7), ".bin")
    (small_disk / "filler").unlink()
    assert index.update_job("ab", message="again") and Index(small_disk).job_row("ab")["message"] == "again"
    assert files(small_disk) == []


def test_a_store_on_a_read_only_disk_is_read(small_disk):
    store = Index(small_disk)
    with contextlib.closing(store._index()) as connection:
        connection.execute("insert into sweep_names values ('ab', 'An old sweep')")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    store = Store(small_disk)
    assert store.sweep_name("ab") == "An old sweep"
    with pytest.raises(DiskError, match=r"The disk with SEGCORE_HOME \(.*\) is read-only: make it writable"):
        store.name_sweep("ab", "Another name")
