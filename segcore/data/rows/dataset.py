"""Building of data sets from rows as read: columns typed by role, unusable rows set aside and counted, filters applied."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.files.raw import Raw
from segcore.data.meaning.roles import Meaning
from segcore.data.rows.duplicates import repeats_earlier
from segcore.data.rows.fingerprint import fingerprint
from segcore.data.rows.set_aside import (
    CANCELLED,
    DUPLICATE,
    EARLIER_SHEET,
    NEGATIVE_PRICE,
    TOO_LARGE,
    Sieve,
    bad_value,
    set_aside_notes,
    without,
)
from segcore.data.rows.typed_columns import IDS, Typed, too_large, typed_columns
from segcore.data.rows.worth_a_look import cancelled_lines, worth_a_look
from segcore.errors import SegcoreError
from segcore.records.data_rules import DateOrder, RowRules
from segcore.records.dataset import ROW_NUMBER, Dataset
from segcore.records.finding import Finding, Remedy
from segcore.records.intake import DataRequest
from segcore.system.frames import to_backend
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
    raw: Raw, meaning: Meaning, selection: Selection, *, frames: str, rows: RowRules | None = None, today: dt.date | None = None
) -> Dataset:
    """Build the data set of the usable rows, in the requested frame library.

    Parameters
    ----------
    raw, meaning, selection
        The rows, the meaning of their columns, and the filters.
    frames : {"pandas", "polars", "modin"}
    rows : RowRules or None
        How doubtful rows are treated.
    today : date or None
        Rows dated later are counted, with a warning; ``None`` is today.

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
    typed = typed_columns(raw, meaning, _needed(raw, meaning, conditions, rules.required), rules)
    sieve = Sieve(raw.n_rows)
    _set_aside(sieve, typed, raw, meaning, rules)
    table = pa.table(typed.columns)
    valid = sieve.kept
    as_written = pa.table({**typed.columns, **typed.days})  # conditions refer to the columns of the file
    kept = _filtered(valid, as_written, conditions, selection, roles, rules.date_order)
    n_valid, n_kept = int(valid.sum()), int(kept.sum())
    if n_kept == 0:
        raise _no_row_left(raw, sieve, n_valid)
    wanted = table.column_names if meaning.kind == "customers" else list(dict.fromkeys(roles.values()))
    used = table.select(wanted)
    used = (used if n_kept == table.num_rows else used.filter(pa.array(kept))).combine_chunks()
    aside = set_aside_notes(sieve, roles, typed.columns)
    notes = (*raw.notes, *typed.notes, *_blank_values(used, roles))
    del typed, table, as_written
    if meaning.kind == "customers":
        if "customer" not in roles:
            used = used.add_column(0, ROW_NUMBER, pc.cast(pa.array(np.flatnonzero(kept) + 1), pa.large_string()))
        _refuse_duplicates(used, kept, raw, roles)
    counts, worth = worth_a_look(raw, used, kept, meaning, rules, today or dt.date.today())
    return Dataset(
        frame=to_backend(used, frames),
        kind=meaning.kind,
        roles=roles,
        name=raw.name,
        fingerprint=fingerprint(used, meaning),
        rows_read=raw.n_rows,
        set_aside=sieve.counts,
        filtered_out=n_valid - n_kept,
        filters=selection.texts(),
        notes=(*notes, *meaning.notes, *worth, *aside, *_role_notes(meaning), *_frame_notes(frames, raw.n_rows)),
        aside=sieve.table(raw),
        counts=counts,
        used=kept,
    )


def _conditions(where: Sequence[str], names: Sequence[str]) -> list[Condition]:
    if not where:
        return []
    from segcore.data.rows.filters import Condition  # with a parser of SQL, which takes an eighth of a second to import

    return [Condition(text, names) for text in where]


def _needed(raw: Raw, meaning: Meaning, conditions: Sequence[Condition], required: Sequence[str]) -> list[str]:
    """Return the columns to read: those with a role and those of filters, or all with one row per customer."""
    asked = [name for condition in conditions for name in condition.columns if name in raw.names]
    # The error for a condition on an unknown column names all columns, so all must be read then.
    unknown = any(name not in raw.names for condition in conditions for name in condition.columns)
    everything = meaning.kind == "customers" or unknown
    return list(raw.names) if everything else list(dict.fromkeys([*meaning.roles.values(), *required, *asked]))


def _set_aside(sieve: Sieve, typed: Typed, raw: Raw, meaning: Meaning, rules: RowRules) -> None:
    roles = dict(meaning.roles)
    sieve.put(raw.repeated, EARLIER_SHEET)
    for column, bad in typed.bad.items():
        sieve.put(bad, bad_value(column))
    sieve.put(too_large(typed, roles, raw, rules), TOO_LARGE)
    for column in dict.fromkeys((*(column for role, column in roles.items() if role != "value"), *rules.required)):
        values = typed.columns[column]
        sieve.put(pc.is_null(values).to_numpy(zero_copy_only=False) if values.null_count else None, without(column))
    if "price" in roles:
        sieve.put(_below_zero(typed.columns[roles["price"]]), NEGATIVE_PRICE)
    if rules.cancelled == "aside" and meaning.kind == "transactions":
        sieve.put(cancelled_lines(pa.table({name: typed.columns[name] for name in roles.values()}), roles), CANCELLED)
    if rules.duplicates == "aside":
        sieve.put(repeats_earlier(raw, meaning.roles), DUPLICATE)


def _below_zero(values: pa.Array) -> np.ndarray | None:
    least = pc.min(values).as_py()
    return None if least is None or least >= 0 else pc.less(values, 0).fill_null(False).to_numpy(zero_copy_only=False)


def _filtered(
    valid: np.ndarray,
    table: pa.Table,
    conditions: Sequence[Condition],
    selection: Selection,
    roles: Mapping[str, str],
    order: DateOrder | None,
) -> np.ndarray:
    kept = valid
    for condition in conditions:
        kept = kept & _as_mask(condition.mask(_marked(table, roles), order=order))
    if selection.date_from or selection.date_to:
        from segcore.data.rows.filters import period

        times = table[roles["time"]].combine_chunks()
        kept = kept & _as_mask(period(times, date_from=selection.date_from, date_to=selection.date_to))
    return kept


def _as_mask(rows: pa.Array | pa.ChunkedArray) -> np.ndarray:
    rows = rows.combine_chunks() if isinstance(rows, pa.ChunkedArray) else rows
    return np.asarray(rows.to_numpy(zero_copy_only=False), dtype=bool)


def _no_row_left(raw: Raw, sieve: Sieve, n_valid: int) -> SegcoreError:
    reasons = [count.to_json() for count in sieve.counts]
    return refusal("row.none_left", data=raw.name, rows=raw.n_rows, set_aside=reasons, filtered_out=n_valid)


def _marked(table: pa.Table, roles: Mapping[str, str]) -> pa.Table:
    """Return the table with its id columns marked, so that filters compare them as text."""
    ids = {roles[role] for role in IDS if role in roles}
    fields = [field.with_metadata({b"role": b"id"}) if field.name in ids else field for field in table.schema]
    return pa.Table.from_arrays(table.columns, schema=pa.schema(fields))


def _refuse_duplicates(rows: pa.Table, kept: np.ndarray, raw: Raw, roles: Mapping[str, str]) -> None:
    if "customer" not in roles:
        return
    ids = rows[roles["customer"]].to_pandas()
    repeated = ids.duplicated().to_numpy()
    if not repeated.any():
        return
    source_rows = np.flatnonzero(kept)
    second = int(np.argmax(repeated))
    first = int(np.argmax((ids == ids.iloc[second]).to_numpy()))
    same = all(rows[name][first].as_py() == rows[name][second].as_py() for name in rows.column_names)
    raise refusal(
        "row.repeated_customer",
        remedy=Remedy("one_row_per_customer", {"exact": same}),
        data=raw.name,
        column=roles["customer"],
        customer=str(ids.iloc[second]),
        places=[raw.where(int(source_rows[row])) for row in (first, second)],
    )


def _blank_values(used: pa.Table, roles: Mapping[str, str]) -> list[Finding]:
    blanks = used[roles["value"]].null_count if "value" in roles else 0
    return [Finding("role.blank_values", values={"column": roles["value"], "rows": blanks})] if blanks else []


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
