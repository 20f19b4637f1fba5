"""Sentences for findings, the same on screens, on the command line and in reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from segcore.errors import DataError, SegcoreError
from segcore.records.dataset import RowCount
from segcore.records.finding import Finding, Remedy
from segcore.wording import (
    columns,
    databases,
    destinations,
    features,
    home,
    machine,
    maps,
    over_time,
    pipelines,
    predictions,
    results,
    roles,
    rows,
    schedules,
    second_tables,
    store,
    targets,
    taste,
    uplift,
    vectors,
)
from segcore.wording.files import csv_file, every_file, excel_file
from segcore.wording.remedies import Audience, remedy_text

if TYPE_CHECKING:
    from segcore.records.feature_table import ColumnUse

Sentence = Callable[..., str]
"""Function of the finding's values by name and, if the finding has a remedy, its text as ``do``."""

Kind = TypeVar("Kind", bound=SegcoreError)

# One mapping per subject: a code belongs to exactly one.
SUBJECTS: tuple[Mapping[str, Sentence], ...] = (
    {"text": lambda text: text},
    every_file.SENTENCES,
    csv_file.SENTENCES,
    excel_file.SENTENCES,
    columns.SENTENCES,
    databases.SENTENCES,
    destinations.SENTENCES,
    roles.SENTENCES,
    rows.SENTENCES,
    features.SENTENCES,
    home.SENTENCES,
    machine.SENTENCES,
    maps.SENTENCES,
    over_time.SENTENCES,
    pipelines.SENTENCES,
    results.SENTENCES,
    schedules.SENTENCES,
    second_tables.SENTENCES,
    store.SENTENCES,
    targets.SENTENCES,
    predictions.SENTENCES,
    taste.SENTENCES,
    uplift.SENTENCES,
    vectors.SENTENCES,
)


def sentence(finding: Finding, audience: Audience = "command line") -> str:
    """Return a finding as one sentence.

    Parameters
    ----------
    finding : Finding
    audience : {"command line", "screen", "pipeline"}
        Decides whether a remedy names an option, a field or a key.

    Raises
    ------
    KeyError
        If no subject has the finding's code.
    """
    make = _SENTENCES[finding.code]
    if finding.remedy is None:
        return make(**finding.values)
    return make(**finding.values, do=remedy_text(finding.remedy, audience))


def note_json(finding: Finding, audience: Audience = "command line") -> dict[str, Any]:
    """Return a finding for reports: ``level`` and ``text``, and the ``code`` and ``values`` behind the text."""
    return {"level": finding.severity, "text": sentence(finding, audience), "code": finding.code, "values": dict(finding.values)}


@overload
def refusal(code: str, /, *, kind: Callable[[str], Kind], remedy: Remedy | str | None = None, **values: Any) -> Kind: ...
@overload
def refusal(code: str, /, *, remedy: Remedy | str | None = None, **values: Any) -> DataError: ...
def refusal(
    code: str, /, *, kind: Callable[[str], SegcoreError] = DataError, remedy: Remedy | str | None = None, **values: Any
) -> SegcoreError:
    """Build the error for a finding that ends the work: ``raise refusal("csv.open_quote", line=7)``.

    Parameters
    ----------
    code : str
    kind : subclass of SegcoreError
    remedy : Remedy, or the code of one without values, or None
    **values : JSON values
        Of the finding.
    """
    finding = Finding(code, "error", values, Remedy(remedy) if isinstance(remedy, str) else remedy)
    error = kind(sentence(finding))
    error.finding = finding
    return error


def error_text(error: SegcoreError, audience: Audience = "command line") -> str:
    """Return an error's sentence, with its remedy in the words of the audience."""
    return str(error) if error.finding is None else sentence(error.finding, audience)


def use_json(use: ColumnUse) -> dict[str, Any]:
    """Return the use of a column for reports: with its reason as text, the code and values behind it, and what blanks counted as."""
    filled = None if use.filled is None else dict(use.filled.values)
    return {"column": use.column, "use": use.use, **reason_json(use.reason), "outcome": use.outcome, "codes": use.codes, "filled": filled}


def reason_json(reason: Finding | None) -> dict[str, Any]:
    """Return a reason for reports: its text, and the code and values behind it."""
    if reason is None:
        return {"reason": "", "code": None, "values": {}}
    return {"reason": sentence(reason), "code": reason.code, "values": dict(reason.values)}


def rows_by_label(counts: Iterable[RowCount]) -> dict[str, int]:
    """Return the number of rows by the label of the reason."""
    return {sentence(count.reason): count.rows for count in counts}


def counts_json(counts: Iterable[RowCount]) -> list[dict[str, Any]]:
    """Return the number of rows with each reason."""
    return [{**reason_json(count.reason), "rows": count.rows} for count in counts]


def _merged(subjects: tuple[Mapping[str, Sentence], ...]) -> dict[str, Sentence]:
    merged: dict[str, Sentence] = {}
    for subject in subjects:
        twice = merged.keys() & subject.keys()
        if twice:
            raise ValueError(f"Two sentences for {', '.join(sorted(twice))}.")
        merged.update(subject)
    return merged


_SENTENCES = _merged(SUBJECTS)
