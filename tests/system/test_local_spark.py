"""Spark's start and end, in processes of their own, because Spark is one per process; each takes seconds."""

import contextlib
import gc
import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from segcore.system import local_spark
from segcore.system.local_spark import java_version

ROOT = Path(__file__).resolve().parents[2]
COMPUTE = """
import os, signal, time
from segcore.system.local_spark import running_spark, runs_here
with running_spark(600 << 20) as spark:
    print(spark.parallelize([1, 2, 3], 3).map(lambda number: number ** 2).collect(), runs_here(), flush=True)
    {busy}
print(runs_here(), signal.getsignal(signal.SIGINT) is signal.default_int_handler, {"SPARK_HOME": os.environ["SPARK_HOME"]}, flush=True)
"""


@pytest.fixture
def start(has_spark, tmp_path):
    """Return a function that starts a program in an empty folder, with an empty folder for temporary files."""
    started = []

    def run(code):
        environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary"), "PYTHONPATH": str(ROOT), "SPARK_HOME": "/another/spark"}
        for folder in ("temporary", "current"):
            (tmp_path / folder).mkdir()
        command = [sys.executable, "-W", "error", "-c", code]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, cwd=tmp_path / "current", env=environment, start_new_session=True, **pipes))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def files_left(tmp_path):
    return [path.name for folder in ("temporary", "current") for path in (tmp_path / folder).rglob("*")]


def test_spark_computes_quietly_and_leaves_nothing(start, tmp_path):
    process = start(COMPUTE.replace("{busy}", "pass"))

    printed, said = process.communicate(timeout=120)

    assert printed == "[1, 4, 9] True\nFalse True {'SPARK_HOME': '/another/spark'}\n"
    assert (said, files_left(tmp_path)) == ("", [])


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_spark_ends_with_the_process_that_is_interrupted(start, tmp_path, sent):
    process = start(COMPUTE.replace("{busy}", "spark.parallelize([1, 2], 2).map(lambda _: __import__('time').sleep(60)).collect()"))
    process.stdout.readline()
    began = psutil.Process(process.pid).children(recursive=True)
    time.sleep(0.5)  # until it waits for the second job
    process.send_signal(sent)

    _, said = process.communicate(timeout=60)

    assert len(began) >= 2  # Java, and the workers' parent
    assert psutil.wait_procs(began, timeout=30)[1] == []
    if sent == signal.SIGINT:
        assert said.rstrip().endswith("KeyboardInterrupt") and "ERROR" not in said
        assert files_left(tmp_path) == []


def test_an_interrupt_while_spark_starts_leaves_no_java(start, tmp_path):
    process = start("from segcore.system.local_spark import running_spark\nwith running_spark(): print('started', flush=True)")
    began, commands, deadline = [], "", time.monotonic() + 60
    while "SparkSubmit" not in commands:
        assert time.monotonic() < deadline and process.poll() is None
        with contextlib.suppress(psutil.Error):  # some end meanwhile
            began = psutil.Process(process.pid).children(recursive=True)
            commands = " ".join(itertools.chain.from_iterable(child.cmdline() for child in began))
    process.send_signal(signal.SIGINT)

    printed, said = process.communicate(timeout=60)

    assert psutil.wait_procs(began, timeout=10)[1] == []
    assert (printed, files_left(tmp_path)) == ("", [])
    assert said.rstrip().endswith("KeyboardInterrupt")


def test_the_reason_that_java_does_not_start_is_in_its_own_words(has_spark, tmp_path, monkeypatch):
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'Error: no memory for the heap' >&2\nexit 1\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    monkeypatch.setattr(local_spark, "runs_here", lambda: False)
    with pytest.raises(local_spark.SparkError, match="no memory for the heap"), local_spark.running_spark():
        pytest.fail("a Spark without Java")
    gc.collect()


@pytest.mark.parametrize(
    ("line", "version"),
    [('openjdk version "17.0.15" 2025-04-15', 17), ('java version "1.8.0_292"', 8), ('openjdk version "25" 2025-09-16', 25), ("?", None)],
)
@pytest.mark.parametrize("through", ["JAVA_HOME", "PATH"])
def test_the_version_of_java_is_read_from_what_it_prints(tmp_path, monkeypatch, through, line, version):
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho '{line}' >&2\n")
    java.chmod(0o755)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv(through, str(tmp_path if through == "JAVA_HOME" else java.parent))

    assert java_version() == version


def test_without_java_there_is_no_version(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert java_version() is None
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert java_version() is None
