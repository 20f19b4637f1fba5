"""Sentences on what the store has lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from segcore.wording.quotes import named

Lost = Literal[
    "file",
    "labels",
    "model",
    "solution",
    "settings",
    "preparation",
    "summary",
    "evidence",
    "table",
    "purchases",
    "rows",
    "aside",
    "job",
    "result",
    "answer",
    "list",
    "vectors",
    "components",
    "upload",
    "extract",
]

# By what is lost: a clause without its end, made from the finding's values.
LOST: Mapping[Lost, Callable[..., str]] = {
    "file": lambda name: f"A file of the store, {name}, is",
    "labels": lambda sweep, point: f"The labels of the solution {point} of sweep {sweep} are",
    "model": lambda sweep, point: f"The model of the solution {point} of sweep {sweep} is",
    "solution": lambda sweep, point: f"The solution {point} of sweep {sweep} is",
    "settings": lambda sweep: f"What sweep {sweep} was asked to do is",
    "preparation": lambda sweep: f"The scaling that sweep {sweep} fitted is",
    "summary": lambda sweep: f"The summary of sweep {sweep} is",
    "evidence": lambda sweep: f"Some of the evidence on sweep {sweep} is",
    "table": lambda data: f"The features of {named(data)} are",
    "purchases": lambda data: f"What the customers of {named(data)} chose is",
    "rows": lambda: "The first rows of the data are",
    "aside": lambda: "The rows of the data that were set aside are",
    "job": lambda title="": f"What {f'the job “{named(title)}”' if title else 'this job'} was asked to do is",
    "result": lambda title: f"The result of the job “{named(title)}” is",
    "answer": lambda: "The answer about whom to reach is",
    "list": lambda: "The list of customers to contact is",
    "vectors": lambda: "The trained vectors are",
    "components": lambda: "The components of taste are",
    "upload": lambda: "The uploaded file is",
    "extract": lambda: "What was read from the database is",
}


def _damaged(what: Lost, do: str, **whose: str) -> str:
    return f"{LOST[what](**whose)} missing or damaged in the store: {do}."


SENTENCES: Mapping[str, Callable[..., str]] = {
    "store.damaged": _damaged,
    "store.unreadable": lambda path, reason: (
        f"{f'{path}, a file of the store,' if path else 'A file of the store'} cannot be read ({reason}): fix that and try again. "
        "Nothing was deleted."
    ),
    "store.index_damaged": lambda index, reason: (
        f"{index}, which lists all data, sweeps and jobs, is damaged ({reason}): move it away, with index.db-wal and index.db-shm next to "
        "it, and load the data and run the sweeps again; names of segments and remembered choices are lost, and jobs are no longer listed."
    ),
    "store.newer": lambda home, version: (
        f"The store at {home} was made by a newer segcore (version {version} of its index): update segcore, or set SEGCORE_HOME to "
        "another directory."
    ),
    "store.other_data": lambda data: (
        f"The features of {named(data)} are missing or damaged in the store, and its data have changed since: load them again, and run "
        "the sweep again."
    ),
    "store.choices_lost": lambda: (
        "What was chosen for files with these columns is damaged in the store, so it was detected again: choose it once more."
    ),
}
