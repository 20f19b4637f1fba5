"""Which errors are from lack of memory: real ones of a process with too little address space, and bugs."""

import errno
import subprocess
import sys
import threading

import numpy as np
import pyarrow as pa
import pytest

from segcore.system.child_process import CHECKOUT
from segcore.system.machine import MemoryLimit
from segcore.wording.memory import is_memory_error, limit_error

UNDER_A_LIMIT = """
import resource, sys, threading
from segcore.wording.memory import is_memory_error
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]) << 20,) * 2)
try:
    {work}
except Exception as error:
    print(type(error).__name__, is_memory_error(error))
"""


@pytest.fixture
def low_limit(monkeypatch):
    """Give this process a low limit, as far as it can see."""
    monkeypatch.setattr("segcore.wording.memory.memory_limit", lambda: MemoryLimit(900 << 20, "ulimit -v"))


@pytest.mark.parametrize(
    ("megabytes", "work", "kind"),
    [
        (60, "import numpy", "ImportError"),
        (60, "import pyarrow", "ImportError"),
        (300, "[threading.Thread(target=threading.Event().wait, daemon=True).start() for _ in range(900)]", "RuntimeError"),
        (60, "import ctypes; ctypes.CDLL(sys.argv[2])", "OSError"),
    ],
)
def test_what_fails_for_lack_of_address_space_is_found_by_its_kind(megabytes, work, kind):
    command = [sys.executable, "-c", UNDER_A_LIMIT.format(work=work), str(megabytes), np._core._multiarray_umath.__file__]
    found = subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, check=False)
    assert found.stdout.split() == [kind, "True"], found.stderr


def raised(work):
    """Return the error that a call raises."""
    with pytest.raises(Exception) as found:
        work()
    return found.value


def refuse_to_fork():
    with pytest.MonkeyPatch.context() as patch:

        def refuse(*_):
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

        patch.setattr("subprocess._fork_exec", refuse)
        patch.setattr("subprocess._USE_POSIX_SPAWN", False)
        subprocess.run(["true"], check=False)


def wrap_memory_error():
    try:
        raise MemoryError
    except MemoryError as error:
        raise ValueError("the table could not be read") from error


@pytest.mark.parametrize("work", [lambda: np.zeros(1 << 55), lambda: pa.allocate_buffer(1 << 60), wrap_memory_error])
def test_errors_of_libraries_about_memory_are_found_without_a_limit_too(work):
    assert is_memory_error(raised(work))


def test_a_process_that_cannot_start_is_lack_of_memory_only_under_a_low_limit(low_limit, monkeypatch):
    error = raised(refuse_to_fork)
    assert is_memory_error(error)
    monkeypatch.setattr("segcore.wording.memory.memory_limit", lambda: None)
    assert not is_memory_error(error)


def test_a_process_or_thread_more_than_the_limit_allows_is_one_sentence(monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading._start_new_thread", refuse)
    monkeypatch.setattr("segcore.wording.memory.memory_limit", lambda: None)
    for work in (refuse_to_fork, threading.Thread(target=print).start):
        assert str(limit_error(raised(work))) == (
            "No more processes or threads can be started: raise the limit (ulimit -u), or end other programs."
        )
    assert limit_error(raised(refuse)) is None


@pytest.mark.parametrize(
    "work",
    [
        lambda: {}["customer"],
        lambda: exec("import no_such_module"),
        lambda: exec("from numpy._core._multiarray_umath import no_such_name"),
        lambda: subprocess.run(["no-such-program"], check=False),
        lambda: next(iter({}.values())),
        lambda: (_ for _ in ()).throw(RuntimeError("dictionary changed size")),
    ],
)
def test_a_bug_is_one_under_a_low_limit_too(low_limit, work):
    assert not is_memory_error(raised(work))
