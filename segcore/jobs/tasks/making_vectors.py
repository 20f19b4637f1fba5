"""Vectors of customers made, or checked, in the background.

The supervisor starts the worker with a fixed hash seed, on which gensim's random draws may depend.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from segcore import jobs
from segcore.errors import ParameterError
from segcore.intake.added_features import added_key, known_added, take_in_added
from segcore.intake.child import take_in_apart
from segcore.jobs.tasks.task import Follow, Report, await_task, run_task, understood
from segcore.records.intake import DataRequest, Intake
from segcore.records.vectors_check import VectorsCheck
from segcore.store.store import Store
from segcore.system.digests import digest
from segcore.wording.findings import refusal
from segcore.wording.numbers import counted


def start_vectors(store: Store, taken: Intake, request: DataRequest) -> str:
    """Make vectors in the background, or join the job that makes them; return its id at once.

    Parameters
    ----------
    store : Store
    taken : Intake
        Of the request without added features.
    request : DataRequest
        Its vectors are not ``None``.

    Raises
    ------
    ParameterError
        If gensim is not installed.
    DataError
        If there are no baskets to learn from; see `segcore.features.vectors.add.make_corpus`.
    """
    from segcore.features.vectors.add import make_corpus
    from segcore.features.vectors.model import require_gensim

    if request.vectors is None:
        raise ValueError("The request asks for no vectors.")
    require_gensim()
    corpus = make_corpus(store.purchases(taken.table, "item"), request.vectors, kind=taken.kind)
    title = f"Vectors of {counted(len(corpus.documents), 'customer')} of {taken.data['name']}"
    spec = {"taken": taken.to_json(), "request": request.to_json(), "epochs": corpus.vectors.epochs}
    return jobs.start_task(store, "vectors", job_of(taken, request), spec, title=title)


def job_of(taken: Intake, request: DataRequest) -> str:
    """Return the id of the job that makes the request's vectors."""
    if request.vectors is None:
        raise ValueError("The request asks for no vectors.")
    return digest({"vectors": added_key(taken, request)})


def made_by(store: Store, job_id: str) -> tuple[Intake, DataRequest] | None:
    """Return the intake with the vectors that a job made, and its request; ``None`` if the job is not done, or the vectors are lost.

    Raises
    ------
    StoreError
        If there is no such job.
    """
    row = store.job_row(job_id)
    if row["kind"] != "vectors" or row["state"] != "done":
        return None
    if "check" in row["spec"]:
        return None
    taken, request = understood(lambda: (Intake.from_json(row["spec"]["taken"]), DataRequest.from_json(row["spec"]["request"])))
    found = known_added(store, taken, request)
    return None if found is None else (found, request)


def take_in_with_vectors(store: Store, request: DataRequest, *, follow: Follow | None = None) -> Intake:
    """Take data in for a command or a script, as `take_in_apart` does, with vectors if requested; see `vectors_by_job`."""
    if request.vectors is None:
        return take_in_apart(store, request)
    return vectors_by_job(store, take_in_apart(store, request.without_added()), request, follow)


def vectors_by_job(store: Store, taken: Intake, request: DataRequest, follow: Follow | None = None) -> Intake:
    """Return an intake with the request's vectors, from the store or by a job that is awaited.

    Parameters
    ----------
    store : Store
    taken : Intake
        Of the request without added features.
    request : DataRequest
    follow : callable or None
        See `segcore.jobs.tasks.task.await_task`.

    Raises
    ------
    SegcoreError
        If vectors cannot be made, or the job was stopped; see also `start_vectors`.
    """
    if request.vectors is None:
        raise ValueError("The request asks for no vectors.")
    if known_added(store, taken, request) is None:
        await_task(store, lambda: start_vectors(store, taken, request), follow, "Making vectors")
    return take_in_added(store, taken, request)


def start_check(store: Store, intake: Intake) -> str:
    """Check vectors in the background, or join the job that checks them; return its id at once.

    Parameters
    ----------
    store : Store
    intake : Intake
        With vectors.

    Raises
    ------
    ParameterError
        If the intake has no vectors, or gensim is not installed.
    """
    if "vectors" not in intake.data:
        raise refusal("vectors.needed", kind=ParameterError, asked="vectors-check")
    title = f"Check of the vectors of {counted(intake.n_customers, 'customer')} of {intake.data['name']}"
    return jobs.start_task(store, "vectors", check_job_of(intake), {"check": intake.table}, title=title)


def check_job_of(intake: Intake) -> str:
    """Return the id of the job that checks the vectors of an intake."""
    from segcore.features.vectors.check import check_key

    return digest({"check": check_key(intake.table)})


def check_by_job(store: Store, intake: Intake, follow: Follow | None = None) -> VectorsCheck:
    """Return the check of an intake's vectors, from the store or by a job that is awaited.

    Parameters
    ----------
    store : Store
    intake : Intake
        With vectors.
    follow : callable or None
        See `vectors_by_job`.

    Raises
    ------
    SegcoreError
        If the intake has no vectors, gensim is not installed, or the job was stopped.
    """
    from segcore.features.vectors.check import check_vectors, known_check

    if known_check(store, intake.table) is None:
        await_task(store, lambda: start_check(store, intake), follow, "Checking vectors")
    return check_vectors(store, intake.table)


def work(store: Store, spec: Mapping[str, Any], report: Report) -> None:
    """Make or check the vectors of one job."""
    if "check" in spec:
        from segcore.features.vectors.check import check_vectors

        check_vectors(store, spec["check"], report)
    else:
        taken, request = understood(lambda: (Intake.from_json(spec["taken"]), DataRequest.from_json(spec["request"])))
        take_in_added(store, taken, request, report)


if __name__ == "__main__":
    sys.exit(run_task(sys.argv[1:], work))
