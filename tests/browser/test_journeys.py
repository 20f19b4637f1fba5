"""What an analyst does, in a real browser against a real server."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import expect

from segcore import jobs
from segcore.store.store import Store
from tests.browser.steps import LONG, click_plot_point, downloaded, go, metric, sidebar, start_sweep, wait_for_sample

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
ROOT = Path(__file__).resolve().parents[2]


def slow_sweep(home):
    """Start a sweep of many points from the command line, as another session does, and return its process."""
    command = [sys.executable, "-m", "segcore", "sweep", "complete-journey", "--algo", "kmeans", "--features", "all", "--repeats", "30"]
    grid = ["--outliers", "none", "--grid", "n_clusters=" + ",".join(map(str, range(2, 62))), "--grid", "tol=1e-6", "--grid", "n_init=5"]
    return subprocess.Popen(
        [*command, *grid], cwd=ROOT, env={**os.environ, "SEGCORE_HOME": str(home)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def test_a_new_user_sweeps_clicks_a_point_names_a_segment_and_exports_it(own_server, open_page, settle):
    page = open_page(own_server)
    wait_for_sample(page, settle)
    page.get_by_role("button", name="Set up a sweep").click()
    start_sweep(page, settle)
    page.get_by_role("button", name="Explore the results").click(timeout=LONG)
    expect(page.get_by_text("No number of segments stands out").first).to_be_visible(timeout=LONG)
    settle(page)
    click_plot_point(page, page.locator("[class*='st-key-figure-'] .js-plotly-plot").first, 3)
    expect(metric(page, "Segments")).to_have_text("5", timeout=LONG)
    settle(page)
    assert "point=" in page.url and "sweep=" in page.url
    link = page.url.removeprefix(own_server.url)

    go(page, settle, "Segments")
    page.get_by_label("Name", exact=True).fill("Regulars, weekly")
    page.keyboard.press("Enter")
    settle(page)
    expect(page.get_by_text("Regulars, weekly").first).to_be_visible(timeout=LONG)

    go(page, settle, "Export")
    expect(page.get_by_text("Regulars, weekly").first).to_be_visible(timeout=LONG)
    sizes = [int(size.replace(",", "")) for size in re.findall(r"· ([\d,]+) customers", page.get_by_test_id("stMain").inner_text())]
    assert len(sizes) == 5 and sum(sizes) == 2469
    rows = list(csv.DictReader(io.StringIO(downloaded(page, re.compile("Download .* as CSV")).decode())))
    assert list(rows[0])[:3] == ["customer_id", "segment", "segment_name"]
    assert sorted(sum(row["segment"] == str(label) for row in rows) for label in range(5)) == sorted(sizes)
    assert len({row["customer_id"] for row in rows}) == len(rows) == 2469
    assert {row["segment_name"] for row in rows} >= {"Regulars, weekly"}
    described = json.loads(downloaded(page, re.compile("JSON")))
    assert described["rows"] == 2469

    other = open_page(own_server, link)
    expect(metric(other, "Segments")).to_have_text("5", timeout=LONG)


def test_progress_is_seen_on_every_page_after_a_refresh_and_in_another_session_and_can_be_cancelled(server, open_page, settle):
    page = open_page(server)
    wait_for_sample(page, settle)
    client = slow_sweep(server.home)
    try:
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
    finally:
        client.kill()
        client.wait()
    job = next(job for job in jobs.list_jobs(Store(server.home), 10) if job.total == 60)
    assert job.state == "cancelled"


def test_a_server_that_is_killed_in_the_middle_of_a_sweep_finds_it_again(own_server, open_page, settle):
    page = open_page(own_server)
    wait_for_sample(page, settle)
    client = slow_sweep(own_server.home)
    try:
        bar = sidebar(page).get_by_test_id("stProgress")
        expect(bar).to_contain_text(re.compile(r"[1-9]\d* of 60 solutions"), timeout=LONG)
        store = Store(own_server.home)
        job = next(job for job in jobs.list_jobs(store, 5) if job.total == 60)
        page.close()
        own_server.kill(signal.SIGKILL)
        before = store.positions(job.id)
        own_server.start()
        again = open_page(own_server)
        expect(sidebar(again).get_by_test_id("stProgress")).to_contain_text("of 60 solutions", timeout=LONG)
        assert before and before <= store.positions(job.id)
        assert jobs.read_job(store, job.id).state == "running"
        jobs.cancel(store, job.id)
    finally:
        client.kill()
        client.wait()


def test_a_file_of_ones_own_is_uploaded_and_a_bad_one_changes_nothing(own_server, open_page, settle, tmp_path):
    page = open_page(own_server, "/data")
    wait_for_sample(page, settle)
    good, bad = tmp_path / "orders.csv", tmp_path / "picture.csv"
    lines = [f"{number % 7:04d},{number},2024-0{number % 9 + 1}-1{number % 10} 10:00,{number % 5 + 1},2.5" for number in range(200)]
    good.write_text("\n".join(["customer_id,order_id,ordered_at,quantity,unit_price", *lines]))
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    page.get_by_test_id("stMain").get_by_text("Upload a file").first.click()
    settle(page)
    page.locator("input[type=file]").set_input_files(bad)
    page.get_by_role("button", name="Load picture.csv").click(timeout=LONG)
    expect(page.get_by_test_id("stAlert").filter(has_text="picture.csv").first).to_be_visible(timeout=LONG)
    expect(page.get_by_role("heading", name="Loaded: The Complete Journey")).to_be_visible()
    page.locator("input[type=file]").set_input_files(good)
    page.get_by_role("button", name="Load orders.csv").click(timeout=LONG)
    expect(page.get_by_role("heading", name="Loaded: orders.csv")).to_be_visible(timeout=LONG)
    expect(metric(page, "Customers")).to_have_text("7")
    settle(page)


def test_the_point_is_chosen_with_the_keyboard_alone(server, open_page, settle):
    page = open_page(server)
    wait_for_sample(page, settle)
    go(page, settle, "Sweep")
    start_sweep(page, settle)
    page.get_by_role("button", name="Explore the results").click(timeout=LONG)
    expect(page.get_by_role("combobox", name="Solution")).to_be_visible(timeout=LONG)
    settle(page)
    page.get_by_role("combobox", name="Solution").focus()
    page.keyboard.type("12 segments")
    page.keyboard.press("Enter")
    settle(page)
    expect(metric(page, "Segments")).to_have_text("12", timeout=LONG)


def test_an_unknown_sweep_in_a_link_is_told_in_a_sentence(server, open_page):
    page = open_page(server, "/explore?sweep=0123456789abcdef&point=3")
    expect(page.get_by_test_id("stMain")).to_contain_text("The sweep in the link, '0123456789abcdef', is not in this store", timeout=LONG)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_server_listens_on_this_machine_only(server):
    processes = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children(recursive=True)]
    listening = [entry.laddr.ip for process in processes for entry in process.net_connections() if entry.status == psutil.CONN_LISTEN]
    assert listening == ["127.0.0.1"]
