"""Threads that spread work over the cores."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from segcore.system.child_process import start_child
from segcore.system.cores import in_turns

SESSION = Path("/proc/self/autogroup")
STAND_BACK = """
import json, os, threading
from pathlib import Path
from segcore.system.cores import let_others_go_first
go, asked, found = threading.Event(), threading.Event(), []
def work():
    asked.set()
    go.wait()
    found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
earlier = threading.Thread(target=work)
earlier.start()
asked.wait()
let_others_go_first()
let_others_go_first()
go.set()
earlier.join()
session = Path("/proc/self/autogroup")
print(json.dumps([os.getpriority(os.PRIO_PROCESS, 0), *found, session.read_text() if session.exists() else ""]))
"""


@pytest.mark.parametrize("threads", [1, 2, 5, None])
def test_tasks_in_turns_each_run_once(threads):
    ran = []
    in_turns([lambda number=number: ran.append(number) for number in range(100)], threads=threads)
    assert sorted(ran) == list(range(100))


def test_a_long_task_does_not_hold_up_the_others():
    done, released = [], threading.Event()

    def short(number):
        done.append(number)
        if len(done) == 20:
            released.set()

    waited = []
    in_turns([lambda: waited.append(released.wait(10)), *(lambda number=number: short(number) for number in range(20))], threads=2)
    assert waited == [True]


def test_an_error_in_a_task_is_raised():
    with pytest.raises(ZeroDivisionError):
        in_turns([lambda: 1 / 0, lambda: None], threads=2)


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux has each thread its own niceness")
def test_a_process_that_lets_others_go_first_does_so_with_all_its_threads_and_its_session():
    with start_child([sys.executable, "-c", STAND_BACK], own="session", stdout=subprocess.PIPE) as child:
        *threads, session = json.loads(child.stdout.read())
    assert threads == [10, 10]
    # Empty where the kernel does not divide the cores among sessions, or not for this one.
    assert session.split()[-1:] in ([], ["10"])


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux has each thread its own niceness")
def test_a_process_in_the_session_of_another_keeps_its_claim():
    claim = os.getpriority(os.PRIO_PROCESS, 0)
    with start_child([sys.executable, "-c", STAND_BACK], own="group", stdout=subprocess.PIPE) as child:
        assert json.loads(child.stdout.read()) == [claim, claim, SESSION.read_text() if SESSION.exists() else ""]


def test_nothing_to_do_is_done():
    in_turns([], threads=2)
