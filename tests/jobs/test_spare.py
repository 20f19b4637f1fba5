"""A spare worker: it runs one sweep as any other worker would, and whatever happens to it, no job is lost."""

import os
import signal
import socket
import subprocess
import sys
import threading

import psutil
import pytest

from segcore import jobs
from segcore.errors import SourceError
from segcore.intake import child
from segcore.jobs.locks import job_lock, read_processes
from segcore.records.intake import DataRequest
from segcore.sweeps.run import run_sweep
from segcore.system import spare
from segcore.system.child_process import CHECKOUT

start_spare = spare.start_spare


@pytest.fixture(autouse=True)
def allowed(request, forked, fork_server, monkeypatch):
    """Allow spares, which are forked too unless the test is marked ``fresh_processes``."""
    monkeypatch.delenv(spare.SETTING)
    monkeypatch.setattr(spare, "start_spare", start_spare)
    if not request.node.get_closest_marker("fresh_processes"):
        monkeypatch.setattr(spare, "start_child", fork_server.start_forked)


@pytest.fixture
def ready(store, until):
    """Return a function that starts a spare and waits until its worker has imported everything."""
    started = []

    def start(**options):
        found = spare.start_spare(store.home, algorithm="kmeans", engine="shared", **options)
        started.append(found)
        until(lambda: len(psutil.Process(found.process.pid).children()) == 2)
        if options.get("shared"):
            until(lambda: list((store.home / "spares").glob("*")))
        return found

    yield start
    for found in started:
        found.close()
        psutil.wait_procs([psutil.Process(found.process.pid)] if psutil.pid_exists(found.process.pid) else [], timeout=10)


def worker_of(found):
    """Return the worker: the second child, after the reader."""
    return psutil.Process(found.process.pid).children()[1]


@pytest.mark.fresh_processes
def test_a_sweep_is_run_by_the_spare_and_gives_what_any_worker_gives(store, make_spec, ready, until, tmp_path):
    found = ready()
    pids = found.process.pid, worker_of(found).pid
    seen = set()
    job_id = jobs.start_sweep(store, make_spec())
    job = jobs.wait(store, job_id, on_progress=lambda job: seen.add(read_processes(job_lock(store, job_id))), timeout=60)
    assert (job.state, job.done) == ("done", 6)
    assert pids in seen and {supervisor for supervisor, _ in seen} <= {pids[0], 0}
    until(lambda: found.process.poll() is not None)
    labels = [store.solution(job_id, position).labels.tolist() for position in range(6)]
    store.forget_failed(job_id)
    other = make_spec(seed=0)
    assert other.id == job_id
    again = type(store)(tmp_path / "other")
    again.put_feature_table(store.feature_table(other.table))
    again.add_sweep(other)
    run_sweep(again, other.id)
    assert [again.solution(job_id, position).labels.tolist() for position in range(6)] == labels


@pytest.mark.parametrize("change", ["environment", "code", "switched off"])
def test_a_spare_that_differs_is_not_used(store, make_spec, ready, monkeypatch, change):
    ready(shared=True)
    spare._own.clear()  # as in a process that did not start it
    if change == "environment":
        monkeypatch.setenv("OMP_NUM_THREADS", "7")
    elif change == "code":
        monkeypatch.setattr(spare, "code_digest", lambda: "other")
    else:
        monkeypatch.setenv(spare.SETTING, "0")
    assert spare.ask_spare(store.home, {"read": True}) is None


def test_another_process_uses_a_shared_spare(store, make_spec, ready, until):
    found = ready(shared=True)
    spare._own.clear()
    job_id = jobs.start_sweep(store, make_spec())
    assert until(lambda: read_processes(job_lock(store, job_id))[0]) == found.process.pid
    assert jobs.wait(store, job_id, timeout=60).state == "done"
    assert list((store.home / "spares").glob("*")) == []


@pytest.mark.parametrize("whom", ["supervisor", "worker", "both"])
def test_a_spare_that_was_killed_before_is_as_if_there_were_none(store, make_spec, ready, whom):
    found = ready(shared=True)
    worker = worker_of(found)
    if whom != "worker":
        os.kill(found.process.pid, signal.SIGKILL)
    if whom != "supervisor":
        worker.kill()
    job = jobs.wait(store, jobs.start_sweep(store, make_spec(points=2)), timeout=60)
    assert (job.state, job.done) == ("done", 2)
    psutil.wait_procs([worker], timeout=5)
    assert not worker.is_running()


def test_a_worker_that_is_killed_at_its_sweep_is_replaced(store, make_spec, ready, until):
    found = ready()
    worker = worker_of(found)
    job_id = jobs.start_sweep(store, make_spec(points=30, rows=3000))
    until(lambda: store.positions(job_id))
    worker.kill()
    job = jobs.wait(store, job_id, timeout=60)
    assert (job.state, job.done) == ("done", 30)


def test_one_that_does_not_answer_is_passed_over_in_time(store, make_spec, ready, monkeypatch):
    monkeypatch.setattr(spare, "ANSWER_SECONDS", 0.2)
    found = ready(shared=True)
    os.kill(found.process.pid, signal.SIGSTOP)
    try:
        job_id = jobs.start_sweep(store, make_spec(points=2))
        assert jobs.wait(store, job_id, timeout=60).state == "done"
    finally:
        os.kill(found.process.pid, signal.SIGCONT)


@pytest.mark.fresh_processes
def test_a_server_keeps_one_ready_replaces_it_and_takes_it_along(store, make_spec, processes, until):
    code = "import sys, time; spare.keep_spare(sys.argv[1]); time.sleep(100)"
    command = [
        sys.executable,
        "-c",
        f"from segcore.system import spare; spare._PAUSE_SECONDS = spare._AGAIN_SECONDS = 0.1\n{code}",
        str(store.home),
    ]
    with subprocess.Popen(command, cwd=CHECKOUT) as server:
        try:
            [first] = until(lambda: list((store.home / "spares").glob("*")), seconds=30)
            job_id = jobs.start_sweep(store, make_spec(points=2))
            assert jobs.wait(store, job_id, timeout=60).state == "done"
            until(lambda: [path for path in (store.home / "spares").glob("*") if path != first], seconds=30)
        finally:
            server.kill()
    until(lambda: processes("segcore.jobs") == [])


@pytest.mark.parametrize("may_replace", [True, False])
def test_one_that_is_at_work_is_replaced_once_that_is_allowed(store, monkeypatch, may_replace):
    monkeypatch.setattr(spare, "_LOOK_SECONDS", 0.01)
    with subprocess.Popen(["sleep", "0.5"]) as process:
        ready = store.home / "spares" / f"like-{process.pid}"
        ready.parent.mkdir(exist_ok=True)
        ready.touch()
        asked = []

        def allowed():
            asked.append(ready.exists())
            return may_replace

        threading.Timer(0.1, ready.unlink).start()
        served = spare._has_served(spare.Spare(process, None), store.home, allowed)
        assert (served, process.poll()) == (True, None if may_replace else 0)
        assert asked and not any(asked), "nobody asks while it stands ready"


def test_an_answer_that_comes_too_late_starts_nothing():
    """Whoever asked has given up: the spare must not begin the job that somebody else has been given meanwhile."""
    ours, theirs = socket.socketpair()
    socket.send_fds(ours, [b'{"job": "j", "like": "x"}'], [0])
    ours.close()
    wanted, descriptors = spare.receive(theirs)
    assert wanted["job"] == "j"
    assert spare.reply(theirs, {"taken": True}) is False
    theirs.close()
    os.close(descriptors[0])


def test_a_file_is_read_by_the_spare_again_and_again(store, ready, until, tmp_path, monkeypatch):
    path = tmp_path / "orders.csv"
    rows = [f"{n % 7},2024-01-{n % 28 + 1:02d},{n}.5" for n in range(60)]
    path.write_text("\n".join(["customer,date,amount", *rows]))
    monkeypatch.setattr("segcore.intake.reading_process.start_child", lambda *args, **options: pytest.fail("a new process was started"))
    ready(shared=True)
    first = child.take_in_child(store.home, DataRequest(str(path)))
    path.write_text("\n".join(["customer,date,amount", *rows, "8,2024-02-01,1"]))
    second = child.take_in_child(store.home, DataRequest(str(path)))
    assert (first.n_customers, second.n_customers) == (7, 8)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    with pytest.raises(SourceError, match="PNG"):
        child.take_in_child(store.home, DataRequest(str(path)))


def test_a_lent_reader_that_takes_too_much_is_ended(store, ready, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("customer,date,amount\n" + "1,2024-01-01,5\n" * 9)
    ready()
    with pytest.raises(SourceError, match="needs more memory than"):
        child.take_in_child(store.home, DataRequest(str(path)), max_bytes=1 << 20)


def test_a_path_that_is_too_long_for_a_socket_ends_nothing(store):
    """Other processes then find no spare; its owner holds a channel."""
    from segcore.jobs.standby import _listen

    with _listen(store.home / "spares" / ("x" * 200)) as listener:
        assert listener is None
