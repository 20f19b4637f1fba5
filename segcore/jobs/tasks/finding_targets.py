"""Targets found in the background."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from segcore import jobs
from segcore.errors import JobError
from segcore.jobs.tasks.task import Follow, Report, await_task, run_task, understood
from segcore.records.intake import DataRequest, Intake
from segcore.records.target_question import TargetQuestion, TargetsAnswer
from segcore.store.store import Store
from segcore.targets.answer import answer_key, find_promotions, find_targets, known_answer, known_promotions

Found = TypeVar("Found")


def start_targets(store: Store, intake: Intake, request: DataRequest, question: TargetQuestion) -> str:
    """Answer a question in the background, or join the job that does; return its id at once.

    Parameters
    ----------
    store : Store
    intake : Intake
        Of the loaded data.
    request : DataRequest
        The request that led to the intake.
    question : TargetQuestion
    """
    spec = {"intake": intake.to_json(), "request": request.to_json(), "question": question.to_json()}
    title = f"Targets for {question.subject} in {intake.data['name']}"
    return jobs.start_task(store, "targets", answer_key(intake, question), spec, title=title)


def answered_by(store: Store, job_id: str) -> TargetsAnswer | None:
    """Return the answer of a job; ``None`` if the job is not done, or the answer is lost.

    Raises
    ------
    StoreError
        If there is no such job.
    """
    row = store.job_row(job_id)
    return known_answer(store, job_id) if row["kind"] == "targets" and row["state"] == "done" else None


def targets_by_job(
    store: Store, intake: Intake, request: DataRequest, question: TargetQuestion, follow: Follow | None = None
) -> TargetsAnswer:
    """Return the answer to a question, from the store or by a job that is awaited.

    Parameters
    ----------
    store, intake, request, question
        See `start_targets`.
    follow : callable or None
        See `segcore.jobs.tasks.task.await_task`.

    Raises
    ------
    SegcoreError
        If the question cannot be answered from the data, or the job was stopped.
    """
    return _by_job(store, intake, request, question, follow, known_answer)


def promotions_by_job(
    store: Store, intake: Intake, request: DataRequest, question: TargetQuestion, follow: Follow | None = None
) -> list[dict[str, Any]]:
    """Return what `segcore.targets.promotions.compare_promotions` finds, from the store or by a job; see `targets_by_job`."""
    return _by_job(store, intake, request, question, follow, known_promotions)


def _by_job(
    store: Store,
    intake: Intake,
    request: DataRequest,
    question: TargetQuestion,
    follow: Follow | None,
    known: Callable[[Store, str], Found | None],
) -> Found:
    key = answer_key(intake, question)
    found = known(store, key)
    if found is None:
        await_task(store, lambda: start_targets(store, intake, request, question), follow, "Finding targets")
        found = known(store, key)
    if found is None:
        raise JobError("The answer was lost after it was computed. The same command computes it again.")
    return found


def work(store: Store, spec: Mapping[str, Any], report: Report) -> None:
    """Answer the question of one job."""
    intake, request, question = understood(
        lambda: (Intake.from_json(spec["intake"]), DataRequest.from_json(spec["request"]), TargetQuestion.from_json(spec["question"]))
    )
    (find_promotions if question.compares else find_targets)(store, intake, request, question, report)


if __name__ == "__main__":
    sys.exit(run_task(sys.argv[1:], work))
