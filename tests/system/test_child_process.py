import os
import subprocess
import sys
import time

import psutil
import pytest

from segcore.system.child_process import (
    CHECKOUT,
    child_environment,
    fitting_environment,
    has_ended,
    python_command,
    signal_group,
    start_child,
)


def is_gone(process_id, seconds=5.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(process_id) or psutil.Process(process_id).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


# A native call that never gives the interpreter's lock back, in a process with a child of its own.
STUCK = (
    "import ctypes, os, subprocess\nprint(os.getpid(), subprocess.Popen(['sleep', '600']).pid, flush=True)\nctypes.PyDLL(None).sleep(600)"
)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent in the kernel")
@pytest.mark.parametrize("own", ["nothing", "group", "session"])
def test_a_child_ends_at_once_with_the_parent_that_was_killed(own):
    code = (
        "import os, subprocess, sys, threading\nfrom segcore.system.child_process import start_child\nstarted = []\n"
        f"def start(): started.append(start_child([sys.executable, '-c', {STUCK!r}], own={own!r}, dies_with_parent=True, stdout=-1))\n"
        "thread = threading.Thread(target=start)\nthread.start()\nthread.join()\n"  # it is the process that counts, not a thread
        "print(started[0].stdout.readline(), started[0].poll(), flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT, start_new_session=True
    ) as parent:
        child, grandchild = map(int, parent.stdout.readline().split())
        assert parent.stdout.readline() == " None\n"
        parent.kill()
    assert is_gone(child, 1)
    assert is_gone(grandchild, 1) or own == "nothing"
    if own == "nothing":
        os.kill(grandchild, 9)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent in the kernel")
def test_a_child_ends_with_the_last_process_that_holds_its_lifeline():
    child = start_child(["sleep", "600"], own="session", dies_with_parent=True)
    heir = os.dup(child.lifeline.writing)
    child.lifeline.cut()
    child.lifeline.cut()
    assert not has_ended(child.pid, 0.1)
    os.close(heir)
    assert child.wait(5) == -9


def test_a_process_that_watches_its_parent_follows_it_with_its_own_children():
    watcher = (
        "import os, subprocess, sys, time\nfrom segcore.system.child_process import watch_parent\nwatch_parent(int(sys.argv[1]))\n"
        "print(os.getpid(), subprocess.Popen(['sleep', '600']).pid, flush=True)\ntime.sleep(600)"
    )
    code = (
        "import os, subprocess, sys\n"
        f"command = [sys.executable, '-c', {watcher!r}, str(os.getpid())]\n"
        "child = subprocess.Popen(command, process_group=0, stdout=subprocess.PIPE, text=True)\n"
        "print(child.stdout.readline(), flush=True)\nos.kill(os.getpid(), 9)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) as parent:
        child, grandchild = map(int, parent.stdout.readline().split())
    assert is_gone(child)
    assert is_gone(grandchild)


def test_only_the_leader_of_a_group_can_watch():
    code = "from segcore.system.child_process import watch_parent\nwatch_parent(1)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=CHECKOUT, check=False)
    assert "a process that leads its process group" in found.stderr


@pytest.mark.parametrize("has_descriptors", [True, False])
def test_the_end_of_a_child_is_seen_and_it_is_not_reaped(monkeypatch, has_descriptors):
    if not has_descriptors:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    with start_child(["sleep", "600"], own="group") as child:
        assert not has_ended(child.pid, 0.01)
        began = time.monotonic()
        signal_group(child.pid)
        while not has_ended(child.pid, 0.1):
            assert time.monotonic() < began + 20
        assert has_ended(child.pid, 0.0)
        assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE


def test_a_child_finds_segcore_from_any_folder_and_nothing_there_shadows_it(tmp_path, monkeypatch):
    (tmp_path / "segcore").mkdir()
    (tmp_path / "segcore" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)
    child = start_child(python_command("segcore", "--version"), stdout=subprocess.PIPE)
    printed, _ = child.communicate(timeout=30)
    assert printed.startswith("segcore ")


def test_the_checkout_comes_first_on_the_path_once_and_what_the_user_set_stays(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/theirs", "", str(CHECKOUT)]))
    found = child_environment(SEGCORE_HOME="/here")
    assert found["PYTHONPATH"].split(os.pathsep) == [str(CHECKOUT), "/theirs"]
    assert found["SEGCORE_HOME"] == "/here"
    assert found["PATH"] == os.environ["PATH"]


@pytest.mark.parametrize(
    ("set_by_user", "expected"),
    [({}, {"GOMP_SPINCOUNT": "3000"}), ({"OMP_WAIT_POLICY": "ACTIVE"}, {"OMP_WAIT_POLICY": "ACTIVE"}), ({"GOMP_SPINCOUNT": "7"},) * 2],
)
def test_threads_of_a_process_that_fits_spin_briefly_unless_the_user_says_how_they_wait(set_by_user, expected, monkeypatch):
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in set_by_user.items():
        monkeypatch.setenv(name, value)
    found = fitting_environment()
    assert {name: found[name] for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY") if name in found} == expected
    assert found["PATH"] == os.environ["PATH"]


@pytest.mark.parametrize(("set_by_user", "expected"), [(None, "1"), ("4", "4")])
def test_threads_of_a_process_that_fits_share_a_heap_unless_the_user_says_how_many_there_are(set_by_user, expected, monkeypatch):
    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    if set_by_user:
        monkeypatch.setenv("MALLOC_ARENA_MAX", set_by_user)
    assert fitting_environment()["MALLOC_ARENA_MAX"] == expected


@pytest.mark.parametrize("own", ["nothing", "group", "session"])
def test_a_child_leads_what_it_was_given_and_has_an_empty_input(own):
    code = "import os, sys; print(os.getpid(), os.getpgid(0), os.getsid(0), repr(sys.stdin.read()))"
    child = start_child([sys.executable, "-c", code], own=own, stdout=subprocess.PIPE)
    process, group, session, read = child.communicate(timeout=30)[0].split()
    assert int(process) == child.pid and read == "''"
    assert (group == process) == (own != "nothing")
    assert (session == process) == (own == "session")


def test_a_group_ends_with_what_its_leader_started():
    code = "import subprocess, time; print(subprocess.Popen(['sleep', '600']).pid, flush=True); time.sleep(600)"
    child = start_child([sys.executable, "-c", code], own="group", stdout=subprocess.PIPE)
    grandchild = int(child.stdout.readline())
    signal_group(child.pid)
    child.communicate(timeout=30)
    assert child.returncode == -9
    assert is_gone(grandchild)
    signal_group(child.pid)
