"""Job that follows segments into later data, on the Over time screen: started, found again, and its end said."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from segcore import jobs
from segcore.errors import SegcoreError
from segcore.jobs.tasks.following_over_time import start_over_time
from segcore.records.intake import DataRequest
from segcore.records.sweep import Sweep
from segcore.segments.over_time.changes import known_over_time, over_time_key
from segcore.segments.over_time.over_time_records import OverTime
from segcore.store.damage import if_readable
from segcore.store.store import Store
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from ui.shell import state
from ui.shell.progress import LIVE, draw_without_answer, find_job
from ui.shell.sweep_data import segment_names

_MOST_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Kept:
    """The solution whose segments are followed."""

    store: Store
    sweep: Sweep
    position: int

    def names(self) -> dict[int, str]:
        """Return the names of its segments."""
        return segment_names(self.store, self.sweep, self.position)


@dataclass(frozen=True, slots=True)
class Shown:
    """What this session shows: a job, what it was asked, and its answer, or ``None`` while there is none."""

    job: jobs.Job
    request: DataRequest
    as_of: str | None
    found: OverTime | None

    @property
    def has_ended_badly(self) -> bool:
        """Tell whether there is no answer, and no job at work on it."""
        return self.found is None and self.job.state not in LIVE


def shown_answer(kept: Kept) -> Shown | None:
    """Return what this session follows of a solution, or its newest answer; ``None`` without one."""
    job_id = state.awaited_job("over_time")
    job = None if job_id is None else find_job(kept.store, job_id)
    if job is None or not _is_about(kept, job):
        listed = (job for job in jobs.list_jobs(kept.store, _MOST_LOOKED_AT) if job.kind == "over time" and job.state == "done")
        job = next((job for job in listed if _is_about(kept, job)), None)
    if job is None:
        return None
    spec = kept.store.job_row(job.id)["spec"]
    request = if_readable(lambda: DataRequest.from_json(spec["request"]))
    found = known_over_time(kept.store, job.id) if job.state == "done" else None
    return None if request is None else Shown(job, request, spec.get("as_of"), found)


def _is_about(kept: Kept, job: jobs.Job) -> bool:
    if job.kind != "over time":
        return False
    spec = if_readable(lambda: dict(kept.store.job_row(job.id)["spec"]))
    return spec is not None and (spec.get("sweep"), spec.get("position")) == (kept.sweep.id, kept.position)


def start(kept: Kept, request: DataRequest, as_of: str | None) -> None:
    """Start the job, or show what it found before; show an error as its sentence."""
    try:
        key = over_time_key(kept.store, kept.sweep.id, kept.position, request, as_of)
        job = find_job(kept.store, key)
        if job is None or job.state != "done" or known_over_time(kept.store, key) is None:
            start_over_time(kept.store, kept.sweep.id, kept.position, request, as_of=as_of)
    except SegcoreError as error:
        st.error(escape(error_text(error, "screen")), icon=":material/error:")
        return
    state.await_job("over_time", key)
    st.rerun()


def draw_end(kept: Kept, shown: Shown) -> None:
    """Draw the progress of a job at work, or why it ended without an answer."""
    if shown.found is None:
        draw_without_answer(kept.store, shown.job, where="over_time", what="Following the segments", again="Follow the segments again")
