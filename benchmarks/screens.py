"""Time what a user of the browser waits for: ``python benchmarks/screens.py [--runs N]``; prints a table in Markdown.

From the start of a server on an empty store to the sample on screen; and from the click on "Run sweep", on the default settings with a
spare worker ready, to the first figure on Explore. Needs Chromium and the packages of ``requirements-dev.txt``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.browser.conftest import ARGS, Server, chromium, free_port, settle

SPARE_SECONDS = 12  # until a spare stands ready again
LONG = 60_000


def measure(browser: Browser, folder: Path) -> dict[str, float]:
    """Return the seconds of one server's life."""
    server = Server(folder, free_port(), folder / "server.log")
    context = browser.new_context(viewport={"width": 1400, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    found = {}
    try:
        began = time.perf_counter()
        server.start()
        asked = time.perf_counter()
        page.goto(server.url)
        page.get_by_role("heading", name="Loaded: The Complete Journey").wait_for(timeout=LONG)
        now = time.perf_counter()
        found["server's start to data on screen, empty store"] = now - began
        found["first request to data on screen, empty store"] = now - asked
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
                page.get_by_text("Stock", exact=True).first.click()
                settle(page)
                page.wait_for_timeout(1000 * SPARE_SECONDS)
            began = time.perf_counter()
            page.get_by_role("button", name="Run sweep").click()
            page.get_by_role("heading", name="Explore", exact=True, level=1).wait_for(timeout=LONG)
            page.locator("[class*='st-key-figure-'] .js-plotly-plot .scatterlayer .points path").first.wait_for(timeout=LONG)
            found[("first" if not count else "second") + " click on Run sweep to points on Explore"] = time.perf_counter() - began
            settle(page)
    finally:
        context.close()
        server.kill()
    return found


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
