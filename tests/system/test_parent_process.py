import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]


def is_gone(process_id, seconds=5.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(process_id) or psutil.Process(process_id).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent in the kernel")
def test_a_process_dies_with_the_parent_that_was_killed():
    code = (
        "import os, subprocess\nfrom segcore.system.parent_process import die_with_parent\n"
        "child = subprocess.Popen(['sleep', '600'], preexec_fn=die_with_parent)\nprint(child.pid, flush=True)\nos.kill(os.getpid(), 9)"
    )
    parent = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, cwd=ROOT, check=False)
    assert is_gone(int(parent.stdout), 2)


def test_a_process_that_watches_its_parent_follows_it_with_its_own_children():
    watcher = (
        "import os, subprocess, sys, time\nfrom segcore.system.parent_process import watch_parent\nwatch_parent(int(sys.argv[1]))\n"
        "print(os.getpid(), subprocess.Popen(['sleep', '600']).pid, flush=True)\ntime.sleep(600)"
    )
    code = (
        "import os, subprocess, sys\n"
        f"command = [sys.executable, '-c', {watcher!r}, str(os.getpid())]\n"
        "child = subprocess.Popen(command, process_group=0, stdout=subprocess.PIPE, text=True)\n"
        "print(child.stdout.readline(), flush=True)\nos.kill(os.getpid(), 9)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        child, grandchild = map(int, parent.stdout.readline().split())
    assert is_gone(child)
    assert is_gone(grandchild)


def test_only_the_leader_of_a_group_can_watch():
    code = "from segcore.system.parent_process import watch_parent\nwatch_parent(1)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert "a process group of its own" in found.stderr
