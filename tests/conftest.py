"""What every test has: a store of its own, and the real data where this machine has it."""

import io
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import settings

from tests.examples import few

# How long an example takes on a busy machine says nothing about the code.
settings.register_profile("segcore", deadline=None, max_examples=few(100))
settings.load_profile("segcore")

# Threads of small fits that wait for one another on a busy machine, spinning, cost the suite more than they give: on two shared cores
# the fits of test_recommend took 20 s with two threads and 4 s with one. Before NumPy is imported; child processes inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A shell's background jobs ignore Ctrl-C, and so would every process that a test starts to interrupt it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Servers of tests keep no spare worker beside them: it would cost more than their sweeps.
os.environ.setdefault("SEGCORE_SPARE_WORKER", "0")

# A store flushes everything it writes. On a disk an empty one takes 65 ms to make, in memory 3 ms; all tests together write some 100 MB.
MEMORY = Path("/dev/shm")
if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 1 << 30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_make_parametrize_id(val):
    """Name what gzip has packed by its length, because the time is in it and both processes of ``make test`` have to use one name."""
    return f"{len(val)} bytes of gzip" if isinstance(val, bytes) and val.startswith(b"\x1f\x8b") else None


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """Give each test an empty store; nothing of the developer's own is read or written."""
    path = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("SEGCORE_HOME", str(path))
    return path


@pytest.fixture(scope="session")
def fork_server():
    """Return what forks processes for the tests of this run."""
    from tests.fork_server import ForkServer

    server = ForkServer()
    yield server
    server.close()


@pytest.fixture
def forked(request, fork_server, monkeypatch):
    """Have jobs run in forked processes, which need no spare, unless the test is marked ``fresh_processes``."""
    if sys.platform == "linux" and not request.node.get_closest_marker("fresh_processes"):
        monkeypatch.setattr("segcore.jobs.start.start_child", fork_server.start_forked)
        monkeypatch.setattr("segcore.system.spare.start_spare", _no_spare)


def _no_spare(*args, **options):
    raise OSError("no spare in this test")


@pytest.fixture
def read_here(request, monkeypatch):
    """Read data in this process, unless the test is marked ``in_a_child``; all but the start of the child is as ever."""
    if request.node.get_closest_marker("in_a_child"):
        return
    from segcore.intake import child

    def run_here(question, **limits):
        pipes = SimpleNamespace(stdin=io.StringIO(question), stdout=io.StringIO())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(child, "sys", pipes)
            assert child.main() == 0
        return json.loads(pipes.stdout.getvalue())

    monkeypatch.setattr(child, "_run_child", run_here)


@pytest.fixture(autouse=True)
def main_module(monkeypatch):
    """Give ``__main__`` back after each test: AppTest puts the app in its place, and a spawned process would run it again."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(scope="session")
def has_spark():
    """Skip what needs Spark where it or a Java is missing, with the reason."""
    from segcore.system.local_spark import LEAST_JAVA, java_version, spark_version

    if not spark_version():
        pytest.skip("Spark is not installed: make install-spark (450 MB), which make test-all does where there is a Java")
    if (java_version() or 0) < LEAST_JAVA:
        pytest.skip(f"Spark needs Java {LEAST_JAVA} or newer, which is not on PATH and not in JAVA_HOME")


@pytest.fixture(scope="session")
def spark(has_spark):
    """Return a Spark for all tests of this process: starting one takes seconds."""
    from segcore.system.local_spark import running_spark

    with running_spark() as context:
        yield context


@pytest.fixture(scope="session")
def postgresql_server():
    """Return a PostgreSQL for all tests of this process, or skip what needs one, with the reason."""
    from tests.postgresql_server import NoServerError, start_server

    pytest.importorskip("adbc_driver_postgresql", reason="what reads and writes PostgreSQL is not installed: make install-postgresql")
    try:
        server = start_server()
    except NoServerError as reason:
        pytest.skip(str(reason))
    yield server
    server.stop()


@pytest.fixture
def postgresql(postgresql_server, monkeypatch):
    """Return an empty database, whose password is in the environment; another server's settings are not."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PGPASSWORD", postgresql_server.password)
    database = postgresql_server.new_database()
    yield database
    database.drop()


@pytest.fixture
def data_dir():
    """Return the folder with the real data sets that may not be committed."""
    if "SEGCORE_DATA_DIR" not in os.environ:
        pytest.skip("SEGCORE_DATA_DIR is not set: it names a folder with Online Retail's files")
    return Path(os.environ["SEGCORE_DATA_DIR"])
