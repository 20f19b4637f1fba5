"""Job that finds targets, on the Targets screen: started, followed, found again, and its end said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from segcore import jobs
from segcore.errors import SegcoreError, StoreError
from segcore.jobs.tasks.finding_targets import answered_by, start_targets
from segcore.jobs.tasks.mapping_buyers import start_look
from segcore.records.target_question import TargetQuestion, TargetsAnswer
from segcore.store.damage import if_readable
from segcore.store.store import Store
from segcore.targets.answer import answer_key, known_answer, known_promotions
from segcore.targets.buyers.looks import Look, known_look, look_key
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from ui.shell import state
from ui.shell.progress import LIVE, draw_task, draw_without_answer, find_job

if TYPE_CHECKING:
    from ui.targets.promoted import Loaded

_MOST_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was asked, its job, and what was found; an answer or a comparison of all values, or ``None`` while there is none."""

    job: jobs.Job
    question: TargetQuestion
    answer: TargetsAnswer | None
    compared: list[dict[str, Any]] | None

    @property
    def has_ended_badly(self) -> bool:
        """Tell whether there is no answer, and no job at work on it."""
        return self.answer is None and self.compared is None and self.job.state not in LIVE


def asked_of(found: Loaded) -> Asked | None:
    """Return the question that this session shows, or the newest one about the loaded data that was answered; ``None`` without one."""
    job_id = state.awaited_job("targets")
    job = None if job_id is None else find_job(found.store, job_id)
    if job is None or not _is_about(found, job):
        job = _newest(found)
    if job is None:
        return None
    question = if_readable(lambda: TargetQuestion.from_json(found.store.job_row(job.id)["spec"]["question"]))
    if question is None:
        return None
    if question.compares:
        return Asked(job, question, None, known_promotions(found.store, job.id) if job.state == "done" else None)
    return Asked(job, question, answered_by(found.store, job.id), None)


def _newest(found: Loaded) -> jobs.Job | None:
    listed = (job for job in jobs.list_jobs(found.store, _MOST_LOOKED_AT) if job.kind == "targets" and job.state == "done")
    return next((job for job in listed if _is_about(found, job)), None)


def _is_about(found: Loaded, job: jobs.Job) -> bool:
    if job.kind != "targets":
        return False
    return if_readable(lambda: found.store.job_row(job.id)["spec"]["intake"]["table"]) == found.taken.table


def start(found: Loaded, question: TargetQuestion) -> None:
    """Start the job that answers a question, or show what it answered before; show an error as its sentence."""
    try:
        state.await_job("targets", start_or_join(found, question))
    except SegcoreError as error:
        st.error(escape(error_text(error, "screen")), icon=":material/error:")
        return
    st.rerun()


def start_or_join(found: Loaded, question: TargetQuestion) -> str:
    """Return the id of the job that answers a question; one that is done and whose answer is in the store is not started again."""
    store, key = found.store, answer_key(found.taken, question)
    known = known_promotions(store, key) if question.compares else known_answer(store, key)
    if known is not None and _state(store, key) == "done":
        return key
    return start_targets(store, found.taken, found.asked, question)


def _state(store: Store, job_id: str) -> str | None:
    try:
        return store.job_state(job_id)
    except StoreError:
        return None


def draw_end(store: Store, asked: Asked) -> bool:
    """Draw the progress of a job at work, or why it ended without an answer; return whether there is an answer."""
    if asked.answer is not None or asked.compared is not None:
        return True
    draw_without_answer(store, asked.job, where="targets", what="Finding targets", again="Find it again")
    return False


def require_look(store: Store, answer: TargetsAnswer, what: Look, *, words: str, button: str) -> np.ndarray | None:
    """Return the places of a map of an answer; where it is not made yet, draw the job that makes it, or the button that starts one.

    Parameters
    ----------
    store : Store
    answer : TargetsAnswer
    what : {"components", "groups"}
    words : str
        What the map is good for, and how long it takes.
    button : str
    """
    placed = known_look(store, answer, what)
    if placed is not None:
        return placed
    job = draw_task(store, look_key(answer, what), where=f"look.{what}", what="Placing the customers")
    if job is not None and job.state in LIVE:
        return None
    st.caption(words)
    if st.button(button, key=f"targets.look.{what}", icon=":material/scatter_plot:"):
        start_look(store, answer, what)
        st.rerun()
    return None


def comparison_of(question: TargetQuestion) -> TargetQuestion:
    """Return the question about every value of the same column, which neither method nor hold-out changes."""
    return replace(question, value=None, method="model", holdout=None, keep=())
