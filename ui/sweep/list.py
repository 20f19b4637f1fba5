"""The followed sweep, and earlier sweeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from segcore import jobs
from segcore.errors import SegcoreError
from segcore.store.store import Store
from segcore.sweeps.overview import SweepLine, listed_sweeps, sweep_name, sweeps_of
from segcore.wording.markdown import escape
from segcore.wording.numbers import ago_text, counted
from ui.data.loading import newest_sweep
from ui.shell import cache, state
from ui.shell.guard import draw_error, fragment
from ui.shell.progress import LIVE, POLL_SECONDS, act, draw_job, job_line
from ui.widgets.select import select
from ui.widgets.table import draw_frame

if TYPE_CHECKING:
    from segcore.records.intake import Intake


def followed_job(store: Store) -> jobs.Job | None:
    """Return the job of the followed sweep; in a new session, of the newest sweep of the loaded data."""
    followed = state.sweep_id() or newest_sweep(store)
    if followed is None:
        return None
    try:
        return jobs.read_job(store, followed)
    except SegcoreError:
        return None


def open_results() -> None:
    """Open Explore for the quick sweep that was just started; its first solution is awaited there."""
    started = state.recall("just_started")
    if started is not None:
        st.switch_page("pages/explore.py", query_params=state.link_to(started))


def draw_followed(store: Store) -> None:
    """Draw the progress of the followed sweep, then its outcome."""
    job = followed_job(store)
    if job is None:
        return
    if job.state in LIVE:
        pace = POLL_SECONDS if job.state != "interrupted" else None
        fragment(_draw_running, run_every=pace, key="followed")(store, job.id)
        return
    with st.container(border=True):
        if job.state == "done":
            _draw_done(store, job)
        elif job.state == "cancelled":
            st.markdown(
                f"**{escape(job.title)} was cancelled** after {job.done:,} of {counted(job.total, 'solution')}. "
                "Finished solutions are kept."
            )
            st.button("Resume", key="followed.resume", icon=":material/play_arrow:", on_click=act, args=("resume", job.id))
        else:
            st.error(escape(f"{job.title} failed: {job.message or 'see the log for the reason'}"), icon=":material/error:")
            st.button("Try again", key="followed.resume", icon=":material/replay:", on_click=act, args=("resume", job.id))


def _draw_running(store: Store, job_id: str) -> None:
    job = jobs.read_job(store, job_id)
    with st.container(border=True):
        if job.state in LIVE:
            draw_job(job, place=jobs_before(store, job), where="page")
        else:
            st.markdown(f"**{escape(job.title)}**")
            st.progress(job.share_done, text=job_line(job))


def jobs_before(store: Store, job: jobs.Job) -> int:
    """Return how many jobs are ahead of a queued one."""
    waiting = [other for other in jobs.list_jobs(store, 50) if other.state in ("running", "queued") and other.number < job.number]
    return len(waiting)


def _draw_done(store: Store, job: jobs.Job) -> None:
    sweep = cache.sweep_now(str(store.home), job.id)
    failed = sum(solution is not None and solution.status != "ok" for solution in sweep.solutions)
    less = f", {failed} of them failed or skipped" if failed else ""
    st.markdown(f"**{escape(job.title)} is done**: {counted(job.done, 'solution')}{less}.")
    if sweep.recommendation is not None:
        st.markdown(escape(sweep.recommendation.reason))
    if st.button("Explore the results", key="followed.explore", type="primary", icon=":material/insights:"):
        st.switch_page("pages/explore.py", query_params=state.link_to(job.id))


def draw_sweeps(store: Store, taken: Intake) -> None:
    """Draw every sweep of the loaded data with its best solution, and what can be done with one of them."""
    st.header(f"Sweeps of {escape(taken.data['name'])}", anchor=False)
    _offer_undo(store)
    ids = sweeps_of(store, taken.table, taken.data)
    if not ids:
        st.caption("No sweep of these data yet. Sweeps will be listed here, each with its best solution.")
        return
    lines, problems = listed_sweeps(store, ids, lambda found: cache.sweep_now(str(store.home), found))
    for problem in problems:
        draw_error(problem, where="sweeps")
    ids = [line.id for line in lines]
    if not ids:
        return
    work = {job.id: job for job in jobs.list_jobs(store, 200)}
    draw_frame(_frame(lines, work), hide_index=True, column_config=_COLUMNS, placeholder="–", alt="Sweeps with their best solutions")
    shown = followed_job(store)
    key = f"sweeps.{len(ids)}.{shown.id[:12] if shown else ''}"
    state.seed_widget(key, shown.id if shown is not None else None)
    chosen = select("Sweep", ids, key=key, format_func=lambda found: lines[ids.index(found)].name)
    _draw_actions(store, lines[ids.index(chosen)], work.get(chosen), is_shown=shown is not None and shown.id == chosen)


def _draw_actions(store: Store, line: SweepLine, job: jobs.Job | None, *, is_shown: bool) -> None:
    at_work = job is not None and job.state in ("queued", "running")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = f"sweeps.name.{line.id[:12]}"
        st.text_input("Name", line.name, key=key, on_change=lambda: store.name_sweep(line.id, state.widget(key)), width=420)
        if line.finished:
            st.button("Show this sweep", key="sweeps.open", on_click=state.follow, args=(line.id,), disabled=is_shown)
        if at_work:
            st.button("Cancel this sweep", key="sweeps.cancel", on_click=act, args=("cancel", line.id))
        elif job is not None and job.state in ("cancelled", "failed", "interrupted"):
            st.button("Resume this sweep", key="sweeps.resume", on_click=act, args=("resume", line.id))
        st.button(
            "Remove this sweep", key="sweeps.remove", icon=":material/delete:", on_click=_remove, args=(store, line.id), disabled=at_work
        )


def _remove(store: Store, sweep_id: str) -> None:
    store.remove_sweep(sweep_id)
    state.remember("removed_sweep", sweep_id)
    if state.sweep_id() == sweep_id:
        state.unfollow()


def _offer_undo(store: Store) -> None:
    removed = state.recall("removed_sweep")
    if removed is None:
        return

    def restore() -> None:
        store.restore_sweep(removed)
        state.remember("removed_sweep", None)

    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"“{escape(sweep_name(store, removed))}” is no longer listed.", width="content")
        st.button("Undo", key="sweeps.undo", type="tertiary", icon=":material/undo:", on_click=restore)


_OUTCOMES = {"groups": "groups", "cuts": "a useful cut", "nothing": "nothing found"}
_COLUMNS = {
    "Name": st.column_config.TextColumn(width="large"),
    "Evidence (z)": st.column_config.NumberColumn(
        format="%.1f", help="Silhouette of the best solution above that of data without segments, in standard deviations of these."
    ),
    "Least stability": st.column_config.NumberColumn(format="%.2f", help="Mean Jaccard index of its least stable segment, 0 to 1."),
    "Silhouette": st.column_config.NumberColumn(format="%.3f"),
}


def _frame(lines: Sequence[SweepLine], work: Mapping[str, jobs.Job]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Name": [line.name for line in lines],
            "State": [_state(line, work.get(line.id)) for line in lines],
            "Verdict": [_OUTCOMES.get(line.outcome or "") for line in lines],
            "Best solution": [f"{line.best}{', recommended' if line.is_recommended else ''}" if line.best else None for line in lines],
            "Evidence (z)": pd.array([line.z for line in lines], dtype="Float64"),
            "Least stability": pd.array([line.stability for line in lines], dtype="Float64"),
            "Silhouette": pd.array([line.silhouette for line in lines], dtype="Float64"),
            "When": [ago_text(work[line.id].finished or work[line.id].created) if line.id in work else None for line in lines],
        }
    )


def _state(line: SweepLine, job: jobs.Job | None) -> str:
    word = job.state if job is not None else "done" if line.finished == line.solutions else "cancelled"
    return "waiting" if word == "queued" else word if word == "done" else f"{word}, {line.finished} of {line.solutions}"
