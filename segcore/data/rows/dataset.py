"""Building of data sets from rows as read: columns typed by role, unusable rows set aside and counted, filters applied."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.data.files.raw import Raw
from segcore.data.meaning.roles import Meaning
from segcore.data.rows.duplicates import MOST_ROWS, repeats_earlier
from segcore.data.rows.fingerprint import Fingerprint
from segcore.data.rows.set_aside import counts_of, set_aside_notes
from segcore.data.rows.used_rows import InseparableError, Source, UsedRows, put_pieces, put_rows, used_rows, why_whole
from segcore.data.rows.worth_a_look import worth_a_look
from segcore.errors import SegcoreError
from segcore.records.data_rules import RowRules
from segcore.records.dataset import Dataset
from segcore.records.finding import Finding, Remedy
from segcore.records.intake import DataRequest
from segcore.system.frames import in_memory, to_backend
from segcore.system.row_parts import RowParts
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    from segcore.data.rows.filters import Condition

_MODIN_PAYS_ROWS = 20_000_000


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters on rows, chosen by the analyst.

    Parameters
    ----------
    where : tuple of str
        SQL conditions; all must hold.
    date_from, date_to : str or None
        ISO dates, both included.
    """

    where: tuple[str, ...] = ()
    date_from: str | None = None
    date_to: str | None = None

    @classmethod
    def of(cls, request: DataRequest) -> Selection:
        """Return the selection of a request."""
        return cls(tuple(request.where), request.date_from, request.date_to)

    def texts(self) -> tuple[str, ...]:
        """Return the filters as text for display."""
        bounds = ((f"from {self.date_from}", self.date_from), (f"to {self.date_to}", self.date_to))
        return (*self.where, *(text for text, bound in bounds if bound))


def split_conditions(where: Sequence[str], names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the conditions on rows, and those on customers.

    Parameters
    ----------
    where : sequence of str
    names : sequence of str
        The columns of the rows.

    Raises
    ------
    ParameterError
        If a text is not a condition.
    """
    pairs = [(condition.text, condition.of_customers) for condition in _conditions(where, names)]
    return tuple(text for text, is_one in pairs if not is_one), tuple(text for text, is_one in pairs if is_one)


def build_dataset(
    raw: Raw,
    meaning: Meaning,
    selection: Selection,
    *,
    frames: str,
    rows: RowRules | None = None,
    today: dt.date | None = None,
    parts: RowParts | None = None,
) -> Dataset:
    """Build the data set of the usable rows, in the requested frame library.

    Parameters
    ----------
    raw, meaning, selection
        The rows, the meaning of their columns, and the filters.
    frames : {"pandas", "polars", "duckdb", "modin", "spark"}
        A library that does not hold rows in memory needs ``parts``; without, pandas is used.
    rows : RowRules or None
        How doubtful rows are treated.
    today : date or None
        Rows dated later are counted, with a warning; ``None`` is today.
    parts : RowParts or None
        Where to put the rows of transactions. More than it has in one part are read piece by piece, if all columns are in types whose
        values do not depend on each other: the result is the same. Only a refused value is then counted in its piece, and of the rows set
        aside only the first `MOST_ASIDE` are kept.

    Raises
    ------
    DataError
        If a role column holds values of the wrong type, or no row is left.
    ParameterError
        If a filter cannot be read, or a period is given for data without times.

    Notes
    -----
    A row is set aside for the first reason that applies: on an earlier sheet too; a bad value (unless the file is refused for it);
    a missing value in a role column; a negative price; a cancelled line or an exact repeat (on request). The rest is filtered. So
    every row read is used, set aside or filtered out.
    """
    rules = rows or RowRules()
    conditions = _conditions(selection.where, raw.names)
    roles = dict(meaning.roles)
    if (selection.date_from or selection.date_to) and "time" not in roles:
        raise refusal("filter.no_time", remedy=Remedy("role", {"role": "time"}), data=raw.name)
    for column in rules.required:
        if column not in raw.names:
            raise refusal("feature.no_column", source=raw.name, column=column, columns=list(raw.names), part_of=None)
    repeated = repeats_earlier(raw, roles) if rules.duplicates == "aside" else None
    source = Source(raw, meaning, selection, conditions, rules, today or dt.date.today(), repeated)
    kept_in = parts if meaning.kind == "transactions" else None
    used, fingerprint, apart = _read(source, kept_in)
    if used.looks.rows == 0:
        raise _no_row_left(raw, used)
    counts_repeats = rules.duplicates == "keep" and raw.n_rows <= MOST_ROWS and meaning.kind != "customers"
    repeats = int((repeats_earlier(raw, roles) & used.kept).sum()) if counts_repeats else None
    counts, worth = worth_a_look(used.looks, repeats, roles, source.today)
    set_aside = counts_of(used.set_aside)
    aside = set_aside_notes(set_aside, roles, len(used.orders))
    return Dataset(
        frame=to_backend(used.rows, in_memory(frames)) if kept_in is None else kept_in.frames(),
        kind=meaning.kind,
        roles=roles,
        name=raw.name,
        fingerprint=fingerprint.hexdigest(),
        rows_read=raw.n_rows,
        set_aside=set_aside,
        filtered_out=used.n_valid - used.looks.rows,
        filters=selection.texts(),
        notes=(*raw.notes, *used.notes, *meaning.notes, *worth, *aside, *_role_notes(meaning), *apart, *_frame_notes(frames, raw.n_rows)),
        aside=used.aside,
        counts=counts,
        used=used.kept,
    )


def _conditions(where: Sequence[str], names: Sequence[str]) -> list[Condition]:
    if not where:
        return []
    from segcore.data.rows.filters import Condition  # with a parser of SQL, which takes an eighth of a second to import

    return [Condition(text, names) for text in where]


def _read(source: Source, parts: RowParts | None) -> tuple[UsedRows, Fingerprint, list[Finding]]:
    """Return the used rows, their fingerprint and findings about how they were read; with ``parts`` the rows are there."""
    raw, fingerprint = source.raw, Fingerprint(source.meaning)
    if parts is None:
        return used_rows(source, fingerprint), fingerprint, []
    whole = why_whole(source) if raw.n_rows > parts.rows_a_part else None
    parts.clear(raw.n_rows)
    if raw.n_rows > parts.rows_a_part and whole is None:
        try:
            return put_pieces(source, fingerprint, parts), fingerprint, []
        except InseparableError as found:
            whole, fingerprint = str(found), Fingerprint(source.meaning)
            parts.clear(raw.n_rows)
    used = used_rows(source, fingerprint)
    put_rows(used, source, parts)
    return used, fingerprint, [] if whole is None else [Finding("row.read_whole", values={"column": whole})]


def _no_row_left(raw: Raw, used: UsedRows) -> SegcoreError:
    reasons = [count.to_json() for count in counts_of(used.set_aside)]
    return refusal("row.none_left", data=raw.name, rows=raw.n_rows, set_aside=reasons, filtered_out=used.n_valid)


def _role_notes(meaning: Meaning) -> list[Finding]:
    notes = []
    if meaning.kind == "customers" and "customer" not in meaning.roles:
        notes.append(Finding("role.row_number_as_id", "warning"))
    if meaning.kind == "transactions" and "order" not in meaning.roles:
        notes.append(Finding("role.no_order"))
    reason = meaning.reasons.get("amount")
    if meaning.kind == "transactions" and reason is not None and reason.code == "role.price_without_quantity":
        notes.append(Finding("role.amount_without_quantity", "warning", {"column": meaning.roles["amount"]}))
    return notes


def _frame_notes(frames: str, n_rows: int) -> list[Finding]:
    return [Finding("row.modin_slower", values={"rows": n_rows})] if frames == "modin" and n_rows <= _MODIN_PAYS_ROWS else []
