"""The list of pages, and their common beginning: title, session, requirements."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from segcore.errors import SegcoreError
from segcore.records.finding import Finding
from segcore.records.sweep import Sweep
from segcore.store.home import take_notice
from segcore.store.store import Store
from segcore.wording.findings import error_text, sentence
from segcore.wording.markdown import escape
from ui.data import loading
from ui.shell import cache, state
from ui.shell.guard import guard
from ui.shell.progress import draw_progress, keep_spare_ready, wait_for_solution, watch_for_solution
from ui.shell.where import draw_where

if TYPE_CHECKING:
    from segcore.records.feature_table import FeatureTable
    from segcore.records.intake import Intake

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Entry:
    """One page: its file's name, and the title, icon and sentence in the navigation and at the top."""

    name: str
    title: str
    icon: str
    lead: str

    @property
    def file(self) -> str:
        """Path of the page's file, relative to the folder of ``app.py``."""
        return f"pages/{self.name}.py"

    @property
    def exists(self) -> bool:
        """Tell whether the page's file exists."""
        return (ROOT / self.file).exists()


PAGES = (
    Entry("home", "Home", ":material/home:", "Turn customer data into segments you can trust and use."),
    Entry("data", "Data", ":material/table_view:", "Choose data, check what its columns mean, and see which problems it has."),
    Entry("features", "Features", ":material/checklist:", "Choose the features by which customers are compared."),
    Entry("sweep", "Sweep", ":material/grid_on:", "Cluster the customers with a whole grid of settings."),
    Entry("explore", "Explore", ":material/insights:", "See how good each solution is, and choose one."),
    Entry("segments", "Segments", ":material/groups:", "See who is in each segment, and name the segments."),
    Entry("compare", "Compare", ":material/compare_arrows:", "See what changes between two solutions, and who moves."),
    Entry("over_time", "Over time", ":material/update:", "See whether the segments still fit later data, and who moved and why."),
    Entry("targets", "Targets", ":material/ads_click:", "Find whom to reach with a limited budget, and how many will buy or respond."),
    Entry("export", "Export", ":material/download:", "Download the chosen segments, or write them into a database."),
    Entry("benchmark", "Benchmark", ":material/speed:", "Compare the engines' speed on the same work, with proof of what ran."),
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page being drawn: its store, and the data or sweep that it requires."""

    entry: Entry
    store: Store

    def find_intake(self) -> Intake | None:
        """Return the loaded data, first loading the default data if there are none; on failure, show the error and return None."""
        taken = state.intake()
        if taken is not None or state.data_is_broken():
            return taken
        try:
            return loading.load_first(self.store)
        except SegcoreError as error:
            st.error(escape(error_text(error, "screen")), icon=":material/error:")
            return None

    def require_intake(self) -> Intake:
        """Return the loaded data, or end the page with a link to the Data screen."""
        taken = self.find_intake()
        if taken is None:
            link("data", "Choose data")
            end_page()
        loading.load_made_vectors(self.store)
        return state.intake() or taken

    def feature_table(self, taken: Intake) -> FeatureTable:
        """Return every feature of every customer of the loaded data."""
        return cache.feature_table(str(self.store.home), taken.table)

    def require_sweep(self) -> Sweep:
        """Return the sweep to show with its finished solutions, or end the page with a link to the Sweep screen.

        It is the sweep in the address, else the one this session follows, else the newest of the loaded data.
        """
        started = state.take("just_started")
        if state.link_is_broken():
            link("sweep", "Choose another sweep")
            end_page()
        self.find_intake()
        followed = state.sweep_id() or loading.newest_sweep(self.store)
        if followed is None:
            taken = state.intake()
            name = f" of {escape(taken.data['name'])}" if taken is not None else ""
            st.info(f"There is no sweep{name} yet. Run one to see its results here.", icon=":material/grid_on:")
            link("sweep", "Go to Sweep")
            end_page()
        if followed == started:
            wait_for_solution(self.store, followed)
        sweep = cache.sweep_now(str(self.store.home), followed)
        if not any(sweep.solutions):
            st.info("This sweep has no finished solution yet. Results will appear here one by one.", icon=":material/hourglass_top:")
            watch_for_solution(self.store, followed)
            link("sweep", "Show progress")
            end_page()
        return sweep


def run() -> None:
    """Draw navigation, logo and sidebar, and run the page in the address; ``app.py`` only calls this."""
    entries = [entry for entry in PAGES if entry.exists]
    pages = [st.Page(entry.file, title=entry.title, icon=entry.icon, default=entry.name == "home") for entry in entries]
    # Before the navigation: otherwise the tab shows the page's icon, which the browser would fetch from the web.
    st.set_page_config(page_title="segcore", page_icon=str(ROOT / "ui/assets/icon.png"), layout="wide")
    chosen = st.navigation(pages)
    st.set_page_config(page_title=f"{chosen.title} · segcore")
    st.html(ROOT / "ui/assets/style.css")
    st.logo(ROOT / "ui/assets/logo.svg", icon_image=ROOT / "ui/assets/icon.png", size="large")
    with st.sidebar:
        place = st.container()
        guard(draw_progress, where="progress")
    state.enter()
    guard(_draw_notice, where="notice")
    try:
        said = guard(lambda: _run_page(chosen), where="page")
        with place:
            guard(draw_where, where="sidebar", said=said)
        with st.sidebar:
            st.html(ROOT / "ui/assets/leave_table.html", unsafe_allow_javascript=True)
    finally:  # a page may also end by opening another
        guard(keep_spare_ready, where="spare")


def _draw_notice() -> None:
    home = cache.store().home
    if take_notice(home):
        found = Finding("home.tightened", "warning", {"home": str(home)})
        st.toast(escape(sentence(found, "screen")), icon=":material/lock:", duration="infinite")


class EndOfPage(Exception):  # noqa: N818 - it is no error
    """Raised by a page that has nothing more to show; ``st.stop`` would leave the sidebar undrawn."""


def end_page() -> NoReturn:
    """End the page here."""
    raise EndOfPage


def _run_page(chosen: StreamlitPage) -> None:
    with contextlib.suppress(EndOfPage):
        chosen.run()


def begin_page(name: str) -> Page:
    """Draw the top of a page and return its ``Page``; the first line of every file in ``pages/``.

    Because of the folder name ``pages/``, Streamlit 1.67 runs a deep link's file without ``app.py`` until some session has executed
    ``st.navigation``. In that case this runs the whole app, which runs the same file through the navigation, and ends the bare run.
    """
    if not state.entered():
        run()
        st.stop()
    entry = next(entry for entry in PAGES if entry.name == name)
    st.title(entry.title, anchor=False)
    st.caption(entry.lead)
    state.read_link()
    state.write_link()
    problem = state.link_problem()
    if problem:
        st.warning(escape(problem), icon=":material/link_off:")
    return Page(entry, cache.store())


def link(name: str, label: str) -> None:
    """Draw a link to another page."""
    entry = next(entry for entry in PAGES if entry.name == name)
    if entry.exists:
        st.page_link(entry.file, label=label, icon=entry.icon)


def next_step(name: str, label: str) -> None:
    """Draw the page's only primary button, which opens the next page."""
    entry = next(entry for entry in PAGES if entry.name == name)
    if entry.exists and st.button(label, key=f"next.{name}", type="primary", icon=entry.icon):
        st.switch_page(entry.file)
