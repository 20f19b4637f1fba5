"""Time what a user of the browser waits for: ``python benchmarks/screens.py [--runs N]``; prints a table in Markdown.

From the start of a server to the sample on screen, on an empty store and on one that has the sample; and from the click on "Run sweep", on
the default settings with a spare worker ready, to Explore and to its first points. The page's own clock takes the times after a click,
because Playwright answers only when the page has nothing else to do. Needs Chromium and the packages of ``requirements-dev.txt``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.browser.conftest import ARGS, Server, chromium, free_port, settle

SPARE_SECONDS = 12  # until a spare stands ready again
LONG = 60_000
POINTS = "[class*='st-key-figure-'] .js-plotly-plot .scatterlayer .points path"
WATCH = """points => {
  window.seen = {};
  const look = () => {
    const now = performance.now() - window.seen.clicked;
    if (document.querySelector('h1')?.textContent === 'Explore') window.seen.explore ??= now;
    if (document.querySelector(points)) window.seen.points ??= now;
  };
  document.addEventListener('click', () => { window.seen = {clicked: performance.now()}; }, {capture: true, once: true});
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true});
}"""


def measure(browser: Browser, folder: Path) -> dict[str, float]:
    """Return the seconds of one server's life."""
    server = Server(folder, free_port(), folder / "server.log")
    context = browser.new_context(viewport={"width": 1400, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    found = {}
    try:
        found |= start(server, page, "empty store")
        settle(page)
        page.get_by_role("button", name="Set up a sweep").click()
        page.get_by_role("button", name="Run sweep").wait_for(timeout=LONG)
        settle(page)
        page.wait_for_timeout(1000 * SPARE_SECONDS)
        for count in range(2):
            if count:  # another sweep; by now everything has been imported
                page.goto(f"{server.url}/sweep")
                page.get_by_text("Engine", exact=True).first.wait_for(timeout=LONG)
                settle(page)
                page.get_by_text("Mini-batch k-means", exact=True).first.click()
                settle(page)
                page.wait_for_timeout(1000 * SPARE_SECONDS)
            page.evaluate(WATCH, POINTS)
            page.get_by_role("button", name="Run sweep").click()
            page.wait_for_function("window.seen.points !== undefined", timeout=LONG)
            seen = page.evaluate("window.seen")
            which = "second" if count else "first"
            found[f"{which} click on Run sweep to Explore"] = seen["explore"] / 1000
            found[f"{which} click on Run sweep to points on Explore"] = seen["points"] / 1000
            settle(page)
        server.kill()
        found |= start(server, page, "sample in the store")
    finally:
        context.close()
        server.kill()
    return found


def start(server: Server, page: Page, what: str) -> dict[str, float]:
    """Start the server, open its first page, and return the seconds until the sample is on screen."""
    began = time.perf_counter()
    server.start()
    asked = time.perf_counter()
    page.goto(server.url)
    page.get_by_role("heading", name="Loaded: The Complete Journey").wait_for(timeout=LONG)
    now = time.perf_counter()
    return {f"server's start to data on screen, {what}": now - began, f"first request to data on screen, {what}": now - asked}


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    times: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGS, headless=True)
        for _ in range(runs):
            with tempfile.TemporaryDirectory() as folder:
                for name, seconds in measure(browser, Path(folder)).items():
                    times.setdefault(name, []).append(seconds)
        browser.close()
    print("\n## What a user waits for in the browser\n")
    print(f"Written by `benchmarks/screens.py`: headless Chromium, default sample and settings, {runs} servers.\n")
    print("| what | seconds (median, fastest to slowest) |\n| --- | --- |")
    for name, taken in times.items():
        print(f"| {name} | {statistics.median(taken):.2f} ({min(taken):.2f} to {max(taken):.2f}) |")


if __name__ == "__main__":
    main()
