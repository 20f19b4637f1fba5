"""Time what twenty analysts at once wait for: ``python benchmarks/analysts.py [--analysts N]``; prints a table in Markdown.

A server with a finished sweep of the sample, and sessions that speak Streamlit's protocol as browsers do, polls included: they open Home,
Explore and Segments, and choose other solutions, segments and tabs. First one analyst; then all with one to three seconds between an answer
and the next click; then all with every click at the same moment; then the same clicks again, for which nothing may be computed. No browser
draws here, so what is timed is the server's share. Before that, a real browser opens Explore on servers that have just started. Needs
Linux, for the server's memory.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.browser.conftest import ARGS, ROOT, Server, chromium, free_port

THINKING = (1.0, 3.0)  # seconds between an answer and the next click
ARRIVAL = 1.0  # seconds between two analysts
SETTLING = 12  # seconds after which a server's spare processes have started
SLOW = 60
SWEEP = ["complete-journey", "--algo", "kmeans", "--grid", "n_clusters=2,3,4,5,6,7,8,9,10,11,12", "--evidence", "auto"]


@dataclass
class Analyst:
    """One session: its connection, what its page offers, and what it has chosen."""

    socket: ClientConnection
    chance: random.Random  # of what is chosen; an analyst with the same seed chooses the same again
    pages: dict[str, str] = field(default_factory=dict)
    page: str = ""
    query: str = ""
    offered: dict[str, list[str]] = field(default_factory=dict)
    tabs: list[str] = field(default_factory=list)
    chosen: dict[str, WidgetState] = field(default_factory=dict)
    polled: tuple[str, float] = ("", 0.0)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def open(self, path: str) -> None:
        """Open a page as by a click in the navigation; the first one is Home, as by the address."""
        self.page, self.query, self.chosen, self.offered = self.pages[path] if self.pages else "", "", {}, {}
        await self.run()

    async def choose(self, key: str) -> None:
        """Choose another option of the list, or another tab, whose key begins so."""
        name = next(name for name in self.offered if f"-{key}" in name)
        last = self.chosen[name].string_value if name in self.chosen else self.offered[name][0]
        others = [option for option in self.offered[name] if option != last]
        self.chosen[name] = WidgetState(id=name, string_value=self.chance.choice(others))
        await self.run()

    async def poll(self) -> None:
        """Ask for the sidebar's fragment again and again, as an open page does."""
        while True:
            fragment, seconds = self.polled
            await asyncio.sleep(seconds or 1.0)
            if fragment:
                await self.run(fragment)

    async def run(self, fragment: str = "") -> None:
        """Have the server run the page, or one of its fragments, and read the answer to its end.

        Raises
        ------
        RuntimeError
            If the page shows an exception, or that it failed.
        """
        async with self.turn:
            asked = BackMsg()
            state = asked.rerun_script
            state.page_script_hash, state.query_string, state.fragment_id = self.page, self.query, fragment
            state.widget_states.widgets.extend(self.chosen.values())
            await self.socket.send(asked.SerializeToString())
            while True:
                message = ForwardMsg.FromString(await asyncio.wait_for(self.socket.recv(), SLOW))
                kind = message.WhichOneof("type")
                if kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    return
                self._read(kind, message)

    def _read(self, kind: str | None, message: ForwardMsg) -> None:
        if kind == "navigation":
            self.pages = {page.url_pathname or "home": page.page_script_hash for page in message.navigation.app_pages}
        elif kind == "new_session":
            self.page = message.new_session.page_script_hash
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            self.polled = (message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            if element.WhichOneof("type") == "selectbox":
                self.offered[element.selectbox.id] = list(element.selectbox.options)
            if element.WhichOneof("type") == "exception" or "fault in segcore" in element.alert.body:
                raise RuntimeError(str(element)[:500])
        elif kind == "delta" and message.delta.add_block.WhichOneof("type") == "tab_container":
            self.tabs = []
            self.offered[message.delta.add_block.id] = self.tabs
        elif kind == "delta" and message.delta.add_block.WhichOneof("type") == "tab":
            self.tabs.append(message.delta.add_block.tab.label)


TOUR: tuple[tuple[str, Callable[[Analyst], Awaitable[None]]], ...] = (
    ("open Home", lambda one: one.open("home")),
    ("open Explore", lambda one: one.open("explore")),
    ("another solution", lambda one: one.choose("point.")),
    ("another tab", lambda one: one.choose("explore.tab")),
    ("another solution", lambda one: one.choose("point.")),
    ("open Segments", lambda one: one.open("segments")),
    ("another segment", lambda one: one.choose("segments.picked")),
    ("another segment", lambda one: one.choose("segments.picked")),
    ("another solution on Segments", lambda one: one.choose("point.")),
    ("another segment", lambda one: one.choose("segments.picked")),
    ("open Explore", lambda one: one.open("explore")),
)


@dataclass
class Load:
    """What a number of analysts measured: seconds by kind of click, errors, and what the server had to do for it."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    processor: float = 0.0
    computed: int = 0
    memory: float = 0.0

    @property
    def all_seconds(self) -> list[float]:
        """Return the seconds of every click, sorted."""
        return sorted(second for taken in self.seconds.values() for second in taken)


async def join(port: int, seed: int) -> Analyst:
    """Open a session."""
    address, origin = f"ws://127.0.0.1:{port}/_stcore/stream", f"http://127.0.0.1:{port}"
    socket = await connect(address, origin=origin, subprotocols=["streamlit"], max_size=None)
    return Analyst(socket, random.Random(seed))


async def tour(one: Analyst, load: Load, together: asyncio.Barrier | None) -> None:
    """Click through the tour once, and note how long each answer took."""
    for what, click in TOUR:
        if together is None:
            await asyncio.sleep(random.uniform(*THINKING))
        else:
            await together.wait()
        began = time.perf_counter()
        try:
            await click(one)
        except Exception as error:
            load.errors.append(f"{what}: {error!r}")
        load.seconds.setdefault(what, []).append(time.perf_counter() - began)


async def visit(port: int, seed: int, place: int, load: Load, together: asyncio.Barrier | None, done: asyncio.Barrier) -> None:
    """Open a session, click through the tour, and stay until all have done so and the server's memory is noted."""
    if together is None:
        await asyncio.sleep(ARRIVAL * place)
    one = await join(port, seed)
    polls = asyncio.create_task(one.poll())
    await tour(one, load, together)
    await done.wait()
    await done.wait()
    polls.cancel()
    await one.socket.close()


async def measure(server: Server, analysts: int, *, together: bool, seed: int = 0) -> Load:
    """Let a number of analysts click at once; with the same ``seed``, they choose the same as another time."""
    load, process = Load(), psutil.Process(server.process.pid)
    before = (sum(process.cpu_times()[:2]), misses(server), proportional_mb(process.pid))
    done = asyncio.Barrier(analysts + 1)
    barrier = asyncio.Barrier(analysts) if together else None
    visits = [asyncio.create_task(visit(server.port, seed + place, place, load, barrier, done)) for place in range(analysts)]
    await done.wait()
    after = (sum(process.cpu_times()[:2]), misses(server), proportional_mb(process.pid))
    await done.wait()
    await asyncio.gather(*visits)
    load.processor, load.computed, load.memory = (end - begin for begin, end in zip(before, after, strict=True))
    return load


def misses(server: Server) -> int:
    """Return how often a result was not in the server's memory yet; who waits for another session's computation counts too."""
    with urllib.request.urlopen(f"{server.url}/_stcore/metrics?families=cache_lookups") as answer:
        return sum(int(count) for count in re.findall(r'cache_lookups_total{[^}]*result="miss"} (\d+)', answer.read().decode()))


def proportional_mb(pid: int) -> float:
    """Return the memory of a process in MB, with its share of what it shares with others (PSS)."""
    [kib] = re.findall(r"^Pss: +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(kib) / 1000


def first_load(server: Server) -> float:
    """Return the seconds in which a real browser that has loaded nothing yet shows Explore's figures, on a server just started."""
    server.start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGS, headless=True)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        began = time.perf_counter()
        page.goto(f"{server.url}/explore")
        page.locator("[class*='st-key-figure-'] .js-plotly-plot .points path").first.wait_for(timeout=SLOW * 1000)
        seconds = time.perf_counter() - began
        browser.close()
    server.kill()
    return seconds


def report(title: str, load: Load) -> None:
    """Print the rows of one run."""
    for what, taken in [("every click", load.all_seconds), *load.seconds.items()]:
        ordered = sorted(taken)
        high = ordered[max(0, -(-95 * len(ordered) // 100) - 1)]
        print(f"| {title} | {what} | {len(taken)} | {statistics.median(taken):.2f} | {high:.2f} | {ordered[-1]:.2f} |")
    clicks = len(load.all_seconds)
    print(
        f"| {title} | *{len(load.errors)} errors, {load.computed} results computed, {load.memory:.0f} MB more memory, "
        f"{1000 * load.processor / clicks:.0f} ms of processor per click* | | | | |"
    )
    for error in load.errors[:5]:
        print(error, file=sys.stderr)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--analysts", type=int, default=20)
    parser.add_argument("--starts", type=int, default=3, help="servers that a browser opens Explore on, each just started")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), free_port(), Path(folder) / "server.log")
        subprocess.run(
            [sys.executable, "-m", "segcore", "sweep", *SWEEP],
            cwd=ROOT,
            env={**os.environ, "SEGCORE_HOME": folder},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        starts = [first_load(server) for _ in range(options.starts)]
        server.start()
        alone = asyncio.run(measure(server, 1, together=True))
        time.sleep(SETTLING)
        spread = asyncio.run(measure(server, options.analysts, together=False))
        at_once = asyncio.run(measure(server, options.analysts, together=True, seed=options.analysts))
        again = asyncio.run(measure(server, options.analysts, together=True, seed=options.analysts))
        server.kill()
    print("\n## Twenty analysts at once\n")
    print(f"Written by `benchmarks/analysts.py`: {options.analysts} sessions on one server with a finished sweep of the sample.\n")
    print("| analysts | click | clicks | median s | 95 % below | slowest |\n| --- | --- | --- | --- | --- | --- |")
    report("one, on a server just started", alone)
    report(f"{options.analysts}, thinking 1 to 3 s", spread)
    report(f"{options.analysts}, all at the same moment", at_once)
    report("the same again", again)
    print(f"\nA browser's first load of Explore from a server just started: {', '.join(f'{seconds:.2f}' for seconds in starts)} s.")


if __name__ == "__main__":
    main()
