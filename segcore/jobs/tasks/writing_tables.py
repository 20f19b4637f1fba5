"""Segments written into a table of a database, in the background."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from segcore import jobs
from segcore.export.database_table import Destination
from segcore.export.files import write_export
from segcore.export.segment_rows import RowChoice
from segcore.jobs.tasks.task import Report, run_task, understood
from segcore.store.store import Store
from segcore.system.digests import digest


def start_writing(store: Store, sweep_id: str, position: int, out: Destination, choice: RowChoice) -> str:
    """Write a solution's segments into a table in the background, or join the job that does; return its id at once.

    The job's ``result`` is what `segcore.export.files.write_export` returns.

    Parameters
    ----------
    store : Store
    sweep_id : str
    position : int
        Of the solution.
    out : Destination
    choice : RowChoice
        See `segcore.export.segment_rows.export_rows`.

    Raises
    ------
    StoreError
        If the solution is not finished, or has no labels.
    """
    store.labelled_solution(sweep_id, position)
    spec = _spec(sweep_id, position, out, choice)
    title = f"Segments of {store.spec(sweep_id).data.get('name', 'data')} into {out.table}"
    return jobs.start_task(store, "export", _job_of(spec), spec, title=title)


def writing_job_of(sweep_id: str, position: int, out: Destination, choice: RowChoice) -> str:
    """Return the id of the job that writes these segments into this table; parameters are those of `start_writing`."""
    return _job_of(_spec(sweep_id, position, out, choice))


def destination_of(spec: Mapping[str, Any]) -> Destination:
    """Return the table that a job writes into.

    Raises
    ------
    StoreError
        If its spec is damaged.
    """
    found = understood(lambda: Destination.of(spec["out"], spec["into"], spec["how"]))
    if found is None:
        raise ValueError("A job of this kind writes into a table.")
    return found


def work(store: Store, spec: Mapping[str, Any], report: Report) -> None:
    """Write the rows of one job."""
    sweep_id, position, choice = understood(lambda: (str(spec["sweep"]), int(spec["position"]), dict(spec["choice"])))
    document = write_export(store, sweep_id, position, destination_of(spec), progress=report, **choice)
    store.update_job(_job_of(spec), result=document)


def _spec(sweep_id: str, position: int, out: Destination, choice: RowChoice) -> dict[str, Any]:
    address = out.address.absolute()  # the worker may run in another folder
    return {"sweep": sweep_id, "position": position, "out": address.text, "into": out.table, "how": out.how, "choice": dict(choice)}


def _job_of(spec: Mapping[str, Any]) -> str:
    return digest({"export": dict(spec)})


if __name__ == "__main__":
    sys.exit(run_task(sys.argv[1:], work))
