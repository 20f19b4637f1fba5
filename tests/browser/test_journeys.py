"""What an analyst does, in a real browser against a real server."""

import contextlib
import re
import shutil
import signal
import threading

import psutil
import pytest
from playwright.sync_api import expect

from segcore import jobs
from segcore.jobs.locks import job_lock, read_processes
from segcore.store.store import Store
from segcore.system.child_process import signal_group
from tests.browser.conftest import running, sample_spec
from tests.browser.steps import LONG, go, sidebar, wait_for_sample

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@contextlib.contextmanager
def slow_sweep(home):
    """Start a sweep of many points as another session does, and let its worker work a tenth of the time once it has a solution.

    A screen needs a job that runs for as long as the screen is looked at, not the computing of both cores.
    """
    store, over = Store(home), threading.Event()
    axes = ["n_clusters=" + ",".join(map(str, range(2, 62))), "tol=1e-6", "n_init=5"]
    spec = sample_spec(store, "kmeans", axes, repeats=10)
    job_id = jobs.start_sweep(store, spec)

    def hold_back():
        while not over.wait(0.05):
            if store.positions(job_id) and jobs.state.is_alive(store, job_id):
                _, worker = read_processes(job_lock(store, job_id))
                signal_group(worker, signal.SIGSTOP)
                over.wait(0.45)
                signal_group(worker, signal.SIGCONT)

    pace = threading.Thread(target=hold_back)
    pace.start()
    try:
        yield store, job_id
    finally:
        over.set()
        pace.join()
        jobs.cancel(store, job_id)


def test_progress_is_seen_on_every_page_after_a_refresh_and_in_another_session_and_can_be_cancelled(server, open_page, settle):
    page = open_page(server)
    wait_for_sample(page, settle)
    with slow_sweep(server.home) as (store, job_id):
        bar = sidebar(page).get_by_test_id("stProgress")
        expect(bar).to_contain_text(re.compile(r"[1-9]\d* of 60 solutions"), timeout=LONG)
        first = bar.inner_text()
        go(page, settle, "Explore")
        expect(bar).to_contain_text("of 60 solutions", timeout=LONG)
        expect(bar).not_to_have_text(first, timeout=LONG)
        page.reload()
        settle(page)
        expect(bar).to_contain_text("of 60 solutions", timeout=LONG)
        other = open_page(server, "/data")
        expect(sidebar(other).get_by_test_id("stProgress")).to_contain_text("of 60 solutions", timeout=LONG)
        sidebar(other).get_by_role("button", name="Cancel").click()
        expect(sidebar(page).get_by_test_id("stProgress")).to_have_count(0, timeout=LONG)
        job = jobs.read_job(store, job_id)
        assert (job.state, job.total) == ("cancelled", 60)


def test_a_server_that_is_killed_in_the_middle_of_a_sweep_finds_it_again(prepared, tmp_path, open_page, settle):
    home = tmp_path / "home"
    shutil.copytree(prepared.home, home)
    with running(home) as server, slow_sweep(home) as (store, job_id):
        page = open_page(server)
        expect(sidebar(page).get_by_test_id("stProgress")).to_contain_text(re.compile(r"[1-9]\d* of 60 solutions"), timeout=LONG)
        page.close()
        server.kill(signal.SIGKILL)
        before = store.positions(job_id)
        server.start()
        again = open_page(server)
        expect(sidebar(again).get_by_test_id("stProgress")).to_contain_text("of 60 solutions", timeout=LONG)
        assert before and before <= store.positions(job_id)
        assert jobs.read_job(store, job_id).state == "running"


def test_an_unknown_sweep_in_a_link_is_told_in_a_sentence(server, open_page):
    page = open_page(server, "/explore?sweep=0123456789abcdef&point=3")
    expect(page.get_by_test_id("stMain")).to_contain_text("The sweep in the link, '0123456789abcdef', is not in this store", timeout=LONG)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_server_listens_on_this_machine_only(server):
    processes = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children(recursive=True)]
    listening = [entry.laddr.ip for process in processes for entry in process.net_connections() if entry.status == psutil.CONN_LISTEN]
    assert listening == ["127.0.0.1"]
