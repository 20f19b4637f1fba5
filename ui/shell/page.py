"""The table of pages, and what every page begins with."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from segcore.errors import SegcoreError
from segcore.records.sweep import Sweep
from segcore.store.store import Store
from segcore.wording.findings import error_text
from ui.data import loading
from ui.shell import cache, state
from ui.shell.progress import draw_progress

if TYPE_CHECKING:
    from segcore.records.feature_table import FeatureTable
    from segcore.records.intake import Intake

ROOT = Path(__file__).resolve().parents[2]
_log = logging.getLogger("segcore.app")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table of pages: the file's name, and what the navigation and the page's head show."""

    name: str
    title: str
    icon: str
    lead: str

    @property
    def file(self) -> str:
        """The page's file, from the folder of ``app.py``."""
        return f"pages/{self.name}.py"

    @property
    def exists(self) -> bool:
        """Tell whether there is such a page."""
        return (ROOT / self.file).exists()


PAGES = (
    Entry("home", "Home", ":material/home:", "Turn customer data into segments you can trust and use."),
    Entry("data", "Data", ":material/table_view:", "Choose the data, check what its columns mean, and see what was wrong with it."),
    Entry("features", "Features", ":material/checklist:", "Tick what the customers are to be compared by."),
    Entry("sweep", "Sweep", ":material/grid_on:", "Cluster the customers at every point of a grid of settings."),
    Entry("explore", "Explore", ":material/insights:", "See how good every point of the grid is, and choose one."),
    Entry("segments", "Segments", ":material/groups:", "See who is in each segment, and name it."),
    Entry("benchmark", "Benchmark", ":material/speed:", "Time the engines on the same work, with proof of what ran."),
    Entry("export", "Export", ":material/download:", "Take the chosen segments with you, as CSV or Parquet."),
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page that has begun: its store, and what it may require."""

    entry: Entry
    store: Store

    def find_intake(self) -> Intake | None:
        """Return the loaded data, loading the first data where there are none yet; None, and a sentence on the page, where that fails."""
        taken = state.intake()
        if taken is not None:
            return taken
        try:
            return loading.load_first(self.store)
        except SegcoreError as error:
            st.error(error_text(error, "screen"), icon=":material/error:")
            return None

    def require_intake(self) -> Intake:
        """Return the loaded data, or end the page with the way to get some."""
        taken = self.find_intake()
        if taken is None:
            link("data", "Choose data")
            st.stop()
        return taken

    def feature_table(self, taken: Intake) -> FeatureTable:
        """Return every feature of every customer of the loaded data."""
        return cache.feature_table(str(self.store.home), taken.table)

    def require_sweep(self) -> Sweep:
        """Return the sweep that is looked at, as far as it has come, or end the page with the way to get one.

        It is the one in the address, else the one this session follows, else the newest of the loaded data.
        """
        if state.link_is_broken():
            link("sweep", "See the sweeps there are")
            st.stop()
        followed = state.sweep_id() or loading.newest_sweep(self.store)
        if followed is None:
            st.info("There is no sweep yet. Run one, and its results are shown here.", icon=":material/grid_on:")
            link("sweep", "Go to Sweep")
            st.stop()
        sweep = cache.sweep_now(str(self.store.home), followed)
        if not any(sweep.solutions):
            st.info("This sweep has no finished point yet. Its results are shown here as they come.", icon=":material/hourglass_top:")
            link("sweep", "See how far it is")
            st.stop()
        return sweep


def run() -> None:
    """Draw the chrome and run the page that the address asks for; ``app.py`` is nothing but this."""
    entries = [entry for entry in PAGES if entry.exists]
    pages = [st.Page(entry.file, title=entry.title, icon=entry.icon, default=entry.name == "home") for entry in entries]
    # Before the navigation: without an icon of its own a tab takes the page's, which the browser would fetch from the web.
    st.set_page_config(page_title="segcore", page_icon=str(ROOT / "ui/assets/icon.png"), layout="wide")
    chosen = st.navigation(pages)
    st.set_page_config(page_title=f"{chosen.title} · segcore")
    st.html(ROOT / "ui/assets/style.css")
    st.logo(ROOT / "ui/assets/logo.svg", icon_image=ROOT / "ui/assets/icon.png", size="large")
    with st.sidebar:
        guard(draw_progress)
    state.enter()
    guard(chosen.run)


def begin_page(name: str) -> Page:
    """Draw the head of a page and return what it works with; the first line of every file in ``pages/``.

    A folder called ``pages/`` lets Streamlit 1.67 run a deep link's file without ``app.py``, until some session has executed
    ``st.navigation``. Then the whole app is run from here, which runs this same file through the navigation, and this bare run ends.
    """
    if not state.entered():
        run()
        st.stop()
    entry = next(entry for entry in PAGES if entry.name == name)
    st.title(entry.title, anchor=False)
    st.caption(entry.lead)
    state.read_link()
    problem = state.link_problem()
    if problem:
        st.warning(problem, icon=":material/link_off:")
    return Page(entry, cache.store())


def link(name: str, label: str) -> None:
    """Draw a link to another page of the table."""
    entry = next(entry for entry in PAGES if entry.name == name)
    if entry.exists:
        st.page_link(entry.file, label=label, icon=entry.icon)


def next_step(name: str, label: str) -> None:
    """Draw the page's one primary button, which leads to the next page."""
    entry = next(entry for entry in PAGES if entry.name == name)
    if entry.exists and st.button(label, key=f"next.{name}", type="primary", icon=entry.icon):
        st.switch_page(entry.file)


def guard(draw: Callable[[], object]) -> None:
    """Run a part of the app; a user's error becomes its sentence, a bug one sentence on screen and its traceback in the log."""
    try:
        draw()
    except SegcoreError as error:
        st.error(error_text(error, "screen"), icon=":material/error:")
    except Exception as error:
        report_bug(error)


def report_bug(error: Exception) -> None:
    """Say that the page failed, and write everything about it to the server's log."""
    _log.exception("a page failed", exc_info=error)
    st.error("This page failed because of a fault in segcore. The server's log says more; reloading the page may help.")
