import os
import subprocess
import sys
import time

import pytest

from segcore.errors import JobError, StoreError
from segcore.jobs.locks import read_processes, starting, write_processes
from segcore.store.file_lock import is_held, take


def test_a_lock_is_held_until_it_is_let_go(tmp_path):
    path = tmp_path / "locks" / "a"
    assert not is_held(path)
    handle = take(path)
    assert is_held(path)
    assert take(path) is None
    os.close(handle)
    assert not is_held(path)
    assert path.exists()
    os.close(take(path))


def test_a_lock_passes_to_a_child_without_a_moment_in_which_it_is_free(tmp_path):
    path = tmp_path / "locks" / "a"
    handle = take(path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[handle]) as child:
        os.close(handle)
        assert is_held(path)
        child.kill()
    assert not is_held(path)


def test_a_child_to_which_it_is_not_passed_does_not_keep_a_lock(tmp_path):
    path = tmp_path / "locks" / "a"
    handle = take(path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        os.close(handle)
        assert not is_held(path)
        child.kill()


def test_a_lock_whose_folder_is_a_file_is_one_error(tmp_path):
    (tmp_path / "locks").write_text("")
    for look in (is_held, take):
        with pytest.raises(StoreError, match=rf"^The store at {tmp_path} cannot be used"):
            look(tmp_path / "locks" / "a")


def test_waiting_for_a_lock_ends(tmp_path):
    path = tmp_path / "locks" / "a"
    handle = take(path)
    begun = time.monotonic()
    assert take(path, patience=0.2) is None
    assert 0.2 <= time.monotonic() - begun < 2
    os.close(handle)


def test_the_processes_at_work_are_read_as_they_were_written_last(tmp_path):
    path = tmp_path / "locks" / "a"
    assert read_processes(path) == (0, 0)
    handle = take(path)
    assert read_processes(path) == (0, 0)
    write_processes(handle, supervisor=4_194_303, worker=4_194_302)
    assert read_processes(path) == (4_194_303, 4_194_302)
    write_processes(handle, supervisor=7)
    assert read_processes(path) == (7, 0)
    os.close(handle)


def test_only_one_starts_jobs_at_a_time_and_the_other_is_told(store):
    with starting(store), pytest.raises(JobError, match=r"has been starting a job .* for 0\.1 seconds"), starting(store, patience=0.1):
        pass
