"""The followed sweep, and earlier sweeps."""

from __future__ import annotations

import streamlit as st

from segcore import jobs
from segcore.clustering.algorithms.registry import algorithm
from segcore.errors import SegcoreError
from segcore.records.grid import axes_of
from segcore.records.sweep import SweepSpec
from segcore.store.store import Store
from segcore.wording.numbers import ago_text, counted
from ui.data.loading import newest_sweep
from ui.shell import cache, state
from ui.shell.progress import LIVE, POLL_SECONDS, act, draw_job, job_line
from ui.widgets.parameters import axis_words

_STATES = {
    "queued": (":material/hourglass_top:", "blue", "waiting"),
    "running": (":material/autorenew:", "blue", "running"),
    "done": (":material/check:", "green", "done"),
    "cancelled": (":material/block:", "gray", "cancelled"),
    "failed": (":material/error:", "red", "failed"),
    "interrupted": (":material/power_off:", "orange", "interrupted"),
}


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
        st.fragment(run_every=pace, key="followed")(_draw_running)(store, job.id)
        return
    with st.container(border=True):
        if job.state == "done":
            _draw_done(store, job)
        elif job.state == "cancelled":
            st.markdown(
                f"**{job.title} was cancelled** after {job.done:,} of {counted(job.total, 'solution')}. Finished solutions are kept."
            )
            st.button("Resume", key="followed.resume", icon=":material/play_arrow:", on_click=act, args=("resume", job.id))
        else:
            st.error(f"{job.title} failed: {job.message or 'see the log for the reason'}", icon=":material/error:")
            st.button("Try again", key="followed.resume", icon=":material/replay:", on_click=act, args=("resume", job.id))


def _draw_running(store: Store, job_id: str) -> None:
    job = jobs.read_job(store, job_id)
    with st.container(border=True):
        if job.state in LIVE:
            draw_job(job, place=jobs_before(store, job), where="page")
        else:
            st.markdown(f"**{job.title}**")
            st.progress(job.share_done, text=job_line(job))


def jobs_before(store: Store, job: jobs.Job) -> int:
    """Return how many jobs are ahead of a queued one."""
    waiting = [other for other in jobs.list_jobs(store, 50) if other.state in ("running", "queued") and other.created < job.created]
    return len(waiting)


def _draw_done(store: Store, job: jobs.Job) -> None:
    sweep = cache.sweep_now(str(store.home), job.id)
    failed = sum(solution is not None and solution.status != "ok" for solution in sweep.solutions)
    less = f", {failed} of them failed or skipped" if failed else ""
    st.markdown(f"**{job.title} is done**: {counted(job.done, 'solution')}{less}.")
    if sweep.recommendation is not None:
        st.markdown(sweep.recommendation.reason)
    if st.button("Explore the results", key="followed.explore", type="primary", icon=":material/insights:"):
        st.switch_page("pages/explore.py", query_params=state.link_to(job.id))


def draw_recent(store: Store) -> None:
    """Draw the newest sweeps, each with its state and buttons."""
    found = [job for job in jobs.list_jobs(store, 30) if job.kind == "sweep"]
    if not found:
        st.caption("No sweep has been run yet. Sweeps will be listed here.")
        return
    shown = followed_job(store)
    for job in found[:10]:
        _draw_line(store, job, followed=shown.id if shown else None)


def _draw_line(store: Store, job: jobs.Job, *, followed: str | None) -> None:
    icon, color, word = _STATES[job.state]
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"recent.{job.id}"):
        with st.container(gap=None, width="stretch"):
            st.markdown(f"**{job.title}** :{color}-badge[{icon} {word}]")
            far = job.steps if job.state != "done" else ""
            parts = (describe(store.spec(job.id)), far, ago_text(job.finished or job.created))
            st.caption(" · ".join(part for part in parts if part))
        if job.done:
            st.button("Open", key=f"open.{job.id}", on_click=state.follow, args=(job.id,), disabled=job.id == followed)
        if job.state in ("queued", "running"):
            st.button("Cancel", key=f"list.cancel.{job.id}", on_click=act, args=("cancel", job.id))
        elif job.state in ("cancelled", "failed", "interrupted"):
            st.button("Resume", key=f"list.resume.{job.id}", on_click=act, args=("resume", job.id))


def describe(spec: SweepSpec) -> str:
    """Return what a job's title leaves out: features, outlier rule, copies and the axes of the grid."""
    rule = ", outliers set aside" if spec.plan.outliers == "kit" else ""
    copies = f", {spec.plan.repeats} copies" if spec.plan.repeats > 1 else ""
    known = algorithm(spec.algorithm)
    asked = axes_of(spec.points)
    axes = "; ".join(axis_words(param, tuple(asked[param.name])) for param in known.params if param.name in asked)
    return f"{axes} · {counted(len(spec.plan.features), 'feature')}{rule}{copies}"
