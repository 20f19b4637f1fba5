"""A real server on a free port of 127.0.0.1, and headless Chromium in front of it.

A page fails its test when the browser reports an error, when a request leaves this machine, when the content-security policy blocks
something, or when the server logs a traceback.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from segcore.clustering.algorithms.registry import algorithm
from segcore.features.planning.sets import feature_names
from segcore.intake.take_in import take_in
from segcore.records.intake import DataRequest
from segcore.records.plan import Plan
from segcore.records.sweep import SweepSpec
from segcore.store.store import Store
from segcore.sweeps.cost.calibration import Calibration, kinds_of_work, write_calibration
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec

ROOT = Path(__file__).resolve().parents[2]
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
]


def chromium() -> str | None:
    """Return the Chromium of this machine; ``None`` leaves the choice to Playwright, which has its own or fails the test."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Server:
    """A running app: start it, kill it, start it again on the same store and port."""

    home: Path
    port: int
    log: Path
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, timeout=90):
        command = [sys.executable, "-m", "segcore", "app", f"--server.port={self.port}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, "SEGCORE_HOME": str(self.home)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1) as answer:
                if answer.status == 200:
                    return
            time.sleep(0.05)
        raise TimeoutError(self.log.read_text()[-3000:])

    def kill(self, how=signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, how)
        self.process.wait(10)


@contextlib.contextmanager
def running(home):
    # No server measures this machine while a test looks at its screens.
    write_calibration(home, Calibration(dict.fromkeys(kinds_of_work(), 1e-10), 2.0))
    server = Server(home, free_port(), home / "server.log")
    server.start()
    yield server
    server.kill(signal.SIGTERM)
    assert "Traceback" not in server.log.read_text(), server.log.read_text()[-5000:]


@dataclass(frozen=True)
class Prepared:
    """A store with the sample and two finished sweeps of it, and the specs of those."""

    home: Path
    kmeans: SweepSpec
    dbscan: SweepSpec


def sample_spec(store, algo, axes, **planned):
    """Return the spec of a sweep of the sample, which is taken in here if need be."""
    taken = take_in(store, DataRequest(data="complete-journey"))
    names = feature_names(store.feature_table(taken.table), "behaviour", taken.kind)
    points = algorithm(algo).parse_grid(axes).points()
    return make_spec(store, taken.table, taken.data, Plan(names, **planned), algorithm=algo, points=points)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """Return the store that servers get a copy of; made in this process, where a new user's first minute is not what is tested."""
    home = tmp_path_factory.mktemp("prepared")
    store, grids = Store(home), {"kmeans": ["n_clusters=2,3,5,12", "tol=0.0001"], "dbscan": ["min_samples=5,10", "eps=0.3,1.5"]}
    specs = {algo: sample_spec(store, algo, axes) for algo, axes in grids.items()}
    for spec in specs.values():
        store.add_sweep(spec)
        run_sweep(store, spec.id)
    return Prepared(home, **specs)


@pytest.fixture(scope="session")
def server(tmp_path_factory, prepared):
    """Return the server that the tests share."""
    home = tmp_path_factory.mktemp("shared") / "home"
    shutil.copytree(prepared.home, home)
    with running(home) as server:
        yield server


@pytest.fixture(scope="module")
def new_server(tmp_path_factory):
    """Return a server with an empty store, for a new user and then for other data: a new session opens what was loaded last."""
    with running(tmp_path_factory.mktemp("new-home")) as server:
        yield server


@pytest.fixture(scope="session")
def browser():
    """Return a browser that keeps what it loaded: compiling Streamlit's code again for each page took most of these tests' time."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGS, headless=True)
        yield browser.new_context(reduced_motion="reduce", accept_downloads=True)
        browser.close()


@pytest.fixture
def open_page(browser, request, tmp_path):
    """Return a function that opens a fresh session of a server; what went wrong in the browser fails the test."""
    pages, wrong = [], []

    def open_on(server, path="/", *, width=1400):
        page = browser.new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": 900})
        page.set_default_timeout(30000)
        page.on("pageerror", lambda error: wrong.append(f"page error: {error}"))

        def look(request):
            if not request.url.startswith((server.url, server.url.replace("http", "ws"), "data:", "blob:")):
                wrong.append(f"request to the outside: {request.url}")

        page.on("request", look)
        page.on("console", lambda message: wrong.append(message.text) if "Content Security Policy" in message.text else None)
        page.goto(server.url + path)
        settle(page)
        return page

    yield open_on
    for number, page in enumerate(pages):
        if not page.is_closed():
            page.screenshot(path=tmp_path / f"{request.node.name}-{number}.png")
            page.close()
    assert not wrong, wrong


def settle(page):
    """Wait until Streamlit says that it is idle."""
    page.wait_for_selector("[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]")


@pytest.fixture(name="settle")
def settle_fixture():
    return settle
