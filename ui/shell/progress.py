"""Running jobs in the sidebar of every page and session; polled, because jobs run in other processes."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st

from segcore import jobs
from segcore.errors import SegcoreError, StoreError
from segcore.store.store import Store
from segcore.system.spare import keep_spare
from segcore.wording.findings import error_text, sentence
from segcore.wording.markdown import escape
from segcore.wording.numbers import duration_text
from ui.shell import cache, state
from ui.shell.guard import fragment

POLL_SECONDS = 2.0  # while something runs
IDLE_SECONDS = 5.0  # to notice jobs started by another session or the command line; a poll costs about 50 ms
MOMENT_SECONDS = 1.5
_LOOK_SECONDS = 0.02
_WATCH_SECONDS = 0.5
LIVE = ("queued", "running", "interrupted")


def draw_progress() -> None:
    """Draw the progress of jobs in the sidebar, and keep redrawing it."""
    store = cache.store()
    # Jobs stopped by a power cut or a kill continue when the server starts again.
    cache.once_a_server("resume", str(store.home), lambda: jobs.resume_interrupted(store))
    live = _live()
    state.remember("live", _signature(live))
    polling = POLL_SECONDS if any(job.state in ("queued", "running") for job in live) else IDLE_SECONDS
    fragment(_draw, run_every=polling, key="progress")()


def keep_spare_ready() -> None:
    """Keep a spare worker ready from now on; called after a page is drawn, because its start takes as long as reading the first data."""
    store = cache.store()
    cache.once_a_server("spare", str(store.home), lambda: keep_spare(store.home, may_replace=lambda: _is_fitting_nothing(store)))


def _is_fitting_nothing(store: Store) -> bool:
    """Tell whether only evidence is being gathered, which gives way to the next sweep."""
    return all(job.to_gather or job.state != "running" for job in jobs.list_jobs(store, 20))


def _live() -> list[jobs.Job]:
    return [job for job in jobs.list_jobs(cache.store(), 20) if job.state in LIVE]


def _signature(live: list[jobs.Job]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((job.id, job.state) for job in live))


def _draw() -> None:
    live = _live()
    if _signature(live) != state.recall("live"):
        st.rerun()  # a job started or ended: redraw the whole page, for its results and the polling interval
    problem = state.recall("job_problem")
    if problem:
        st.error(escape(problem))
    waiting = sorted((job for job in live if job.state != "interrupted"), key=lambda job: (job.state != "running", job.number))
    for place, job in enumerate(waiting):
        draw_job(job, place=place, where="sidebar")
    for job in live:
        if job.state == "interrupted":
            draw_job(job, where="sidebar")


def wait_for_solution(store: Store, sweep_id: str) -> None:
    """Wait a moment for the first solution of a sweep that was just started."""
    deadline = time.monotonic() + MOMENT_SECONDS
    while not store.positions(sweep_id) and not jobs.read_job(store, sweep_id).is_over and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)


def watch_for_solution(store: Store, sweep_id: str) -> None:
    """Run the page again when a sweep at work has its first solution; the sidebar does so when another begins or ends."""

    def look() -> None:
        if store.positions(sweep_id):
            st.rerun()

    if any(job.id == sweep_id for job in _live()):
        fragment(look, run_every=_WATCH_SECONDS, key="first-solution")()


def draw_job(job: jobs.Job, *, place: int = 0, where: str = "page") -> None:
    """Draw one job: progress, time left, and buttons to cancel or resume it."""
    st.markdown(f"**{escape(job.title)}**")
    st.progress(job.share_done, text=job_line(job, place=place))
    if job.state == "interrupted" and job.message:
        st.error(escape(job.message), icon=":material/error:")
    with st.container(horizontal=True):
        if job.state == "interrupted":
            st.button("Resume", key=f"{where}.resume.{job.id}", icon=":material/play_arrow:", on_click=act, args=("resume", job.id))
        st.button("Cancel", key=f"{where}.cancel.{job.id}", icon=":material/stop_circle:", on_click=act, args=("cancel", job.id))


def find_job(store: Store, job_id: str) -> jobs.Job | None:
    """Return a job, or None if it was never started."""
    try:
        return jobs.read_job(store, job_id)
    except StoreError:
        return None


def follow_job(store: Store, job_id: str, *, where: str, words: Callable[[jobs.Job], str]) -> None:
    """Draw a job with a caption, and redraw both until the job is over and cannot be resumed; then the page is drawn again."""

    def draw() -> None:
        job = jobs.read_job(store, job_id)
        if job.state not in LIVE:  # one that was interrupted is over too, but can be resumed
            st.rerun()
        draw_job(job, where=where)
        caption = words(job)
        if caption:
            st.caption(escape(caption))

    fragment(draw, run_every=POLL_SECONDS, key=f"{where}.progress")()


def draw_task(store: Store, job_id: str, *, where: str, what: str) -> jobs.Job | None:
    """Draw the progress of a task on its page, or why it failed, and return its job; ``None`` while nobody has started it.

    Parameters
    ----------
    store : Store
    job_id : str
    where : str
        Begins the keys of its buttons.
    what : str
        Begins the sentence of a failure without a message, such as "The check".
    """
    job = find_job(store, job_id)
    if job is not None and job.state in LIVE:
        follow_job(store, job.id, where=where, words=lambda _: "You can leave this page meanwhile.")
    elif job is not None and job.state == "failed":
        draw_failure(job, f"{what} failed")
    return job


def draw_failure(job: jobs.Job, failed: str) -> None:
    """Draw why a job failed; ``failed`` begins the sentence of one that does not know."""
    said = job.message or f"{failed}: see {job.log}." if job.finding is None else sentence(job.finding, "screen")
    st.error(escape(said), icon=":material/error:")


def draw_without_answer(store: Store, job: jobs.Job, *, where: str, what: str, again: str) -> None:
    """Draw the progress of a job at work on an answer, or why it ended without one.

    Parameters
    ----------
    store : Store
    job : Job
    where : str
        Begins the keys of its buttons.
    what : str
        What the job does, to begin a sentence, such as "Finding targets".
    again : str
        What to do if the answer is not in the store any more, as a sentence without its end.
    """
    if job.state in LIVE:
        words = "You can leave this page meanwhile."
        follow_job(store, job.id, where=where, words=lambda now: words if now.state == "running" else "")
    elif job.state == "failed":
        draw_failure(job, f"{what} failed")
    elif job.state == "cancelled":
        st.info(f"{what} was cancelled.", icon=":material/stop_circle:")
    else:
        st.info(f"The answer was found before, but is no longer in the store. {again}.", icon=":material/history:")


def job_line(job: jobs.Job, *, place: int = 0) -> str:
    """Return one line such as ``Sweep, 5 of 27 solutions, about 20 s left``; ``place`` is the number of jobs ahead of it."""
    line = f"{job.kind.capitalize()}, {job.steps}"
    if job.state == "queued":
        return f"{line}, {('starting', 'next in the queue')[place] if place < 2 else f'{place} jobs ahead in the queue'}"
    if job.state == "running":
        return f"{line}, about {duration_text(job.seconds_left)} left" if job.seconds_left is not None else line
    return f"{line}, {job.state}"


def act(what: str, job_id: str) -> None:
    """Cancel or resume a job; a callback, so an error is kept and shown in the sidebar."""
    try:
        (jobs.cancel if what == "cancel" else jobs.resume)(cache.store(), job_id)
        state.remember("job_problem", None)
    except SegcoreError as error:
        state.remember("job_problem", error_text(error, "screen"))
