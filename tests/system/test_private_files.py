"""Temporary files belong to a living process, and are otherwise left over."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from segcore.system.child_process import CHECKOUT
from segcore.system.private_files import drop_leftovers, drop_leftovers_elsewhere, replacement, temporary_file, temporary_folder

HOLD = (
    "import os, sys, time\nfrom pathlib import Path\nfrom segcore.system.private_files import *\nwhere = Path(sys.argv[1])\n"
    "with {what} as found:\n    print('ready', flush=True)\n    time.sleep(600)"
)


@pytest.fixture
def holder(tmp_path):
    """Return a function that starts a process with something temporary in a folder."""
    started = []

    def start(what):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD.format(what=what), tmp_path], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT
        )
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("what", ["temporary_file(where)", "temporary_folder(where)", "temporary_folder(where, fits=lambda path: False)"])
def test_what_a_process_holds_is_left_over_as_soon_as_it_is_killed(holder, tmp_path, monkeypatch, what):
    process = holder(what)
    (found,) = tmp_path.iterdir()
    target = found.resolve()
    assert drop_leftovers(tmp_path) == 0
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert target.exists()
    assert drop_leftovers(tmp_path) == 1
    assert list(tmp_path.iterdir()) == [] and not target.exists()


def test_a_folder_elsewhere_to_which_no_link_leads_is_left_over_too(holder, tmp_path, monkeypatch):
    system = tmp_path / "system"
    system.mkdir()
    monkeypatch.setenv("TMPDIR", str(system))
    monkeypatch.setattr("tempfile.tempdir", None)
    process = holder("temporary_folder(where / 'tmp', prefix='ray-', fits=lambda path: False)")
    (folder,) = system.iterdir()
    (folder / "rows").write_text("customers")
    mine = ("segcore-notes", "segcore-0123456789abcdef.txt", "0123456789abcdef")
    for name in mine:
        (system / name).write_text("")
    assert drop_leftovers_elsewhere() == 0
    process.send_signal(signal.SIGKILL)
    process.wait()
    shutil.rmtree(tmp_path / "tmp")
    assert drop_leftovers_elsewhere() == 1
    assert {path.name for path in system.iterdir()} == set(mine)


def test_a_temporary_folder_that_does_not_fit_is_private_elsewhere_and_goes_away_with_its_link(tmp_path):
    with temporary_folder(tmp_path, prefix="ray-", fits=lambda path: len(path) < 10) as folder:
        (folder / "rows").write_text("customers")
        (link,) = tmp_path.iterdir()
        assert link.is_symlink() and link.resolve() == folder.resolve() and folder.parent != tmp_path
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists() and list(tmp_path.iterdir()) == []


def test_a_link_to_something_else_is_dropped_and_its_target_kept(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "tmp").mkdir()
    for number, name in enumerate(("mine", "file", "nowhere")):
        (tmp_path / "tmp" / f"ray-{number:016x}").symlink_to(tmp_path / name)
    drop_leftovers(tmp_path / "tmp")
    assert list((tmp_path / "tmp").iterdir()) == []
    assert (tmp_path / "mine").is_dir() and (tmp_path / "file").exists()


def test_a_file_that_is_renamed_stays(tmp_path):
    with temporary_file(tmp_path) as (path, file):
        file.write(b"whole")
        file.flush()
        path.rename(tmp_path / "kept")
    assert (tmp_path / "kept").read_bytes() == b"whole"


def test_what_is_swept_before_it_is_locked_is_created_again(tmp_path, monkeypatch):
    """A sweep may see a file after its creation and before its lock."""
    real, seen = os.open, []

    def swept(path, *arguments, **options):
        handle = real(path, *arguments, **options)
        if not seen:
            seen.append(path)
            assert drop_leftovers(tmp_path) == 1
        return handle

    monkeypatch.setattr("segcore.system.private_files.os.open", swept)
    with temporary_file(tmp_path) as (path, _):
        assert path.exists() and path != seen[0]


def test_only_whole_names_are_dropped_where_names_are_given(tmp_path):
    for name in (".a.csv.12ab.tmp", ".a.csv.notes.tmp", ".aXcsv.12.tmp", "a.csv"):
        (tmp_path / name).write_text("")
    with replacement(tmp_path / "a.csv") as file:
        file.write(b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a.csv.notes.tmp", ".aXcsv.12.tmp", "a.csv"]
    assert drop_leftovers(tmp_path, re.compile("none")) == 0


def test_a_killed_replacement_leaves_the_old_file_and_the_next_one_cleans_up(holder, tmp_path):
    (tmp_path / "out.csv").write_text("old")
    process = holder("replacement(where / 'out.csv')")
    with replacement(tmp_path / "out.csv") as file:  # of another process at the same time
        file.write(b"second")
    assert len(list(tmp_path.iterdir())) == 2
    process.kill()
    process.wait()
    assert (tmp_path / "out.csv").read_text() == "second"
    with replacement(tmp_path / "out.csv") as file:
        file.write(b"third")
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_file_that_was_asked_for_has_the_users_mask(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        with replacement(tmp_path / "out.csv"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE(Path(tmp_path / "out.csv").stat().st_mode) == mode


def test_a_temporary_folder_is_the_systems_once_the_store_is_deleted(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("segcore.system.private_files._places", [tmp_path / "deleted" / "tmp"])
    with temporary_folder(prefix="ray-") as folder:
        assert folder.parent == tmp_path
