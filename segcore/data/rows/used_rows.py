"""Used rows of a source, typed, sieved and filtered: all at once, or piece by piece into files, where that makes no difference."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.files.raw import VALUES_AT_A_TIME, Raw, table_source
from segcore.data.meaning.roles import Meaning
from segcore.data.rows.fingerprint import Fingerprint
from segcore.data.rows.set_aside import (
    CANCELLED,
    DUPLICATE,
    EARLIER_SHEET,
    NEGATIVE_PRICE,
    TOO_LARGE,
    Sieve,
    bad_value,
    without,
)
from segcore.data.rows.typed_columns import IDS, Typed, too_large, typed_columns
from segcore.data.rows.worth_a_look import Looks, cancelled_lines, looks_of
from segcore.records.data_rules import DateOrder, RowRules
from segcore.records.dataset import ROW_NUMBER
from segcore.records.finding import Finding, Remedy
from segcore.system.row_parts import ROW, RowParts
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    from segcore.data.rows.dataset import Selection
    from segcore.data.rows.filters import Condition

MOST_ASIDE = 500_000
"""Of the rows set aside, kept for the report when rows are read piece by piece."""
_OF_WHOLE_COLUMNS = {"id.zero_fraction", "id.two_forms", "id.composed"}  # other rows may change the ids, or what is noticed about them


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Rows to read, and how.

    Parameters
    ----------
    raw, meaning, selection, conditions, rules
        The rows, the meaning of their columns, the filters, those in SQL parsed, and how doubtful rows are treated.
    today : date
    repeated : ndarray of shape (n_rows,), bool, or None
        Rows that are set aside because they repeat an earlier one.
    """

    raw: Raw
    meaning: Meaning
    selection: Selection
    conditions: Sequence[Condition]
    rules: RowRules
    today: dt.date
    repeated: np.ndarray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class UsedRows:
    """The used rows of a source, or of one piece of it, and what was noticed about all.

    Parameters
    ----------
    rows : pyarrow Table
        In canonical types; without rows where they are in files.
    kept : ndarray of shape (n_rows,), bool
        Which rows of the source these are.
    n_valid : int
        Rows that were not set aside; the others of them were filtered out.
    set_aside : list of (Finding, int)
        Each reason that was looked for, and its number of rows.
    notes : tuple of Finding
        How columns were read.
    orders : pyarrow Array or ChunkedArray
        The different orders of rows without a customer.
    aside : pyarrow Table or None
        The rows that were set aside: see `Sieve.table`.
    looks : Looks
    """

    rows: pa.Table
    kept: np.ndarray
    n_valid: int
    set_aside: list[tuple[Finding, int]]
    notes: tuple[Finding, ...]
    orders: pa.Array | pa.ChunkedArray
    aside: pa.Table | None
    looks: Looks


class InseparableError(Exception):
    """The pieces of a column, read one by one, may not be what they are in the whole column."""


def used_rows(source: Source, fingerprint: Fingerprint) -> UsedRows:
    """Type the rows, set doubtful ones aside and filter the rest; add them to the fingerprint.

    Raises
    ------
    DataError
        If a role column holds values of the wrong type, or two rows are of one customer where each has one.
    """
    raw, meaning, rules = source.raw, source.meaning, source.rules
    roles = dict(meaning.roles)
    typed = typed_columns(raw, meaning, _needed(raw, meaning, source.conditions, rules.required), rules)
    sieve = Sieve(raw.n_rows)
    _set_aside(sieve, typed, source)
    table = pa.table(typed.columns)
    valid = sieve.kept
    as_written = pa.table({**typed.columns, **typed.days})  # conditions refer to the columns of the file
    kept = _filtered(valid, as_written, source.conditions, source.selection, roles, rules.date_order)
    n_kept = int(kept.sum())
    wanted = table.column_names if meaning.kind == "customers" else list(dict.fromkeys(roles.values()))
    used = table.select(wanted)
    used = (used if n_kept == table.num_rows else used.filter(pa.array(kept))).combine_chunks()
    notes = (*typed.notes, *_blank_values(used, roles))
    orders = pa.array([], pa.large_string())
    if {"customer", "order"} <= roles.keys():
        nobody = sieve.rows_with(without(roles["customer"]))
        orders = typed.columns[roles["order"]].filter(pa.array(nobody)).unique().drop_null()
    del typed, table, as_written
    if meaning.kind == "customers":
        if "customer" not in roles:
            used = used.add_column(0, ROW_NUMBER, pc.cast(pa.array(np.flatnonzero(kept) + 1), pa.large_string()))
        _refuse_duplicates(used, kept, raw, roles)
    fingerprint.add(used)
    looks = looks_of(used, meaning, source.today)
    return UsedRows(used, kept, int(valid.sum()), sieve.numbers, notes, orders, sieve.table(raw), looks)


def why_whole(source: Source) -> str | None:
    """Return the column that has to be read as a whole, "" if the format has to; ``None`` if rows can be read piece by piece.

    The notation of dates and numbers written as text is that of the whole column.
    """
    raw, roles = source.raw, source.meaning.roles
    if raw.batches is None or raw.items is not None:
        return ""
    if source.meaning.clock is not None:
        return source.meaning.clock
    types = {entry.name: entry.type for entry in raw.head(1).schema}
    measured = [column for role, column in roles.items() if role not in (*IDS, "category")]
    compared = [name for condition in source.conditions for name in condition.typed_columns if name in types]
    for column in (*measured, *compared):
        kind = types[column]
        timed = pa.types.is_timestamp(kind) or pa.types.is_date(kind)
        numeric = pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)
        if not timed and not (numeric and column != roles.get("time")):
            return column
    return None


def put_pieces(source: Source, fingerprint: Fingerprint, parts: RowParts) -> UsedRows:
    """Put the used rows into files, piece by piece; the result is that of reading all at once, without the rows.

    Raises
    ------
    InseparableError
        If something was noticed about a piece of a column that may be otherwise in the whole; with the column.
    """
    raw, first = source.raw, 0
    found: list[UsedRows] = []
    kept: list[np.ndarray] = []
    for rows in raw.batches(min(parts.rows_a_part, max(1, VALUES_AT_A_TIME // len(raw.names))), raw.names) if raw.batches else ():
        piece = table_source(raw.name, rows, where=functools.partial(_place, raw, first))
        repeated = None if source.repeated is None else source.repeated[first : first + rows.num_rows]
        mine = used_rows(replace(source, raw=piece, repeated=repeated), fingerprint)
        for note in mine.notes:
            if note.code in _OF_WHOLE_COLUMNS:
                raise InseparableError(str(note.values["column"]))
        put_rows(mine, source, parts, first)
        kept.append(mine.kept)
        mine = replace(mine, rows=mine.rows.slice(0, 0))
        found = [mine if not found else _together(found[0], mine)]
        first += rows.num_rows
    aside = sum(number for _, number in found[0].set_aside)
    cut = (Finding("row.aside_cut", values={"shown": MOST_ASIDE, "rows": aside}),) if aside > MOST_ASIDE else ()
    return replace(found[0], kept=np.concatenate(kept), notes=(*found[0].notes, *cut))


def put_rows(used: UsedRows, source: Source, parts: RowParts, first: int = 0) -> None:
    """Put used rows into files, with columns named by their roles, and their numbers in the source from ``first``."""
    roles = source.meaning.roles
    rows = used.rows.select(list(roles.values())).rename_columns(list(roles))
    parts.add(rows.append_column(ROW, pa.array(np.flatnonzero(used.kept) + first, pa.int64())), "customer")


def _place(raw: Raw, first: int, row: int) -> str:
    return raw.where(first + row)


def _together(one: UsedRows, other: UsedRows) -> UsedRows:
    """Return what was noticed about two pieces."""
    numbers = zip(one.set_aside, other.set_aside, strict=True)
    tables = [table for table in (one.aside, other.aside) if table is not None]
    return replace(
        one,
        n_valid=one.n_valid + other.n_valid,
        set_aside=[(reason, number + more) for (reason, number), (_, more) in numbers],
        notes=_merged(one.notes, other.notes),
        orders=pa.chunked_array([one.orders, other.orders]).unique() if len(other.orders) else one.orders,
        aside=pa.concat_tables(tables).slice(0, MOST_ASIDE) if tables else None,
        looks=one.looks + other.looks,
    )


def _merged(notes: Sequence[Finding], others: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the notes on two pieces: one for the same thing, with the rows of both and the first example."""
    merged = list(notes)
    for note in others:
        place = next((at for at, known in enumerate(merged) if _of_the_same(known, note)), None)
        if place is None:
            merged.append(note)
        elif "count" in note.values:
            known = merged[place]
            merged[place] = replace(known, values={**known.values, "count": known.values["count"] + note.values["count"]})
    return tuple(merged)


def _of_the_same(one: Finding, other: Finding) -> bool:
    return one.code == other.code and one.values.get("column") == other.values.get("column")


def _needed(raw: Raw, meaning: Meaning, conditions: Sequence[Condition], required: Sequence[str]) -> list[str]:
    """Return the columns to read: those with a role and those of filters, or all with one row per customer."""
    asked = [name for condition in conditions for name in condition.columns if name in raw.names]
    # The error for a condition on an unknown column names all columns, so all must be read then.
    unknown = any(name not in raw.names for condition in conditions for name in condition.columns)
    everything = meaning.kind == "customers" or unknown
    return list(raw.names) if everything else list(dict.fromkeys([*meaning.roles.values(), *required, *asked]))


def _set_aside(sieve: Sieve, typed: Typed, source: Source) -> None:
    raw, meaning, rules = source.raw, source.meaning, source.rules
    roles = dict(meaning.roles)
    sieve.put(raw.repeated, EARLIER_SHEET)
    for column in typed.columns:
        sieve.put(typed.bad.get(column), bad_value(column))
    sieve.put(too_large(typed, roles, raw, rules), TOO_LARGE)
    for column in dict.fromkeys((*(column for role, column in roles.items() if role != "value"), *rules.required)):
        values = typed.columns[column]
        sieve.put(pc.is_null(values).to_numpy(zero_copy_only=False) if values.null_count else None, without(column))
    if "price" in roles:
        sieve.put(_below_zero(typed.columns[roles["price"]]), NEGATIVE_PRICE)
    if rules.cancelled == "aside" and meaning.kind == "transactions":
        sieve.put(cancelled_lines(pa.table({name: typed.columns[name] for name in roles.values()}), roles), CANCELLED)
    sieve.put(source.repeated, DUPLICATE)


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
