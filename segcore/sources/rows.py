"""From the rows as read to a data set: canonical role columns, rows that miss one set aside and counted, filters applied."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.dataset import ROW_NUMBER, Dataset, Note
from segcore.errors import DataError
from segcore.frames import to_backend
from segcore.rules import RowRules
from segcore.sources.columns import as_ids, as_numbers, as_text, is_numeric
from segcore.sources.dates import read_times
from segcore.sources.filters import Condition, period
from segcore.sources.raw import Raw
from segcore.sources.roles import NO_QUANTITY, Meaning

_HEAD_ROWS, _MOST_CODES = 10_000, 6
_MODIN_PAYS_ROWS = 20_000_000
_IDS = ("customer", "order", "item")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows the analyst wants.

    Parameters
    ----------
    where : tuple of str
        SQL conditions, all of which must hold.
    date_from, date_to : str or None
        ISO dates, both included.
    """

    where: tuple[str, ...] = ()
    date_from: str | None = None
    date_to: str | None = None

    def spoken(self) -> tuple[str, ...]:
        """Return the filters as people read them."""
        bounds = ((f"from {self.date_from}", self.date_from), (f"to {self.date_to}", self.date_to))
        return (*self.where, *(text for text, bound in bounds if bound))


def build_dataset(raw: Raw, meaning: Meaning, selection: Selection, *, frames: str, rows: RowRules | None = None) -> Dataset:
    """Return the rows that can be used, in the frame library asked for.

    Parameters
    ----------
    raw, meaning, selection
        The rows, what their columns mean, which of them are wanted.
    frames : {"pandas", "polars", "modin"}
    rows : RowRules or None
        What becomes of doubtful rows.

    Raises
    ------
    DataError
        Where a role column holds something else than it must, or no row is left.
    ParameterError
        Where a filter cannot be read, or asks for a period of data without times.
    """
    conditions = [Condition(text, raw.names) for text in selection.where]
    roles = meaning.roles
    if (selection.date_from or selection.date_to) and "time" not in roles:
        raise DataError(f"{raw.name} has no column with the role time, so --from and --to have nothing to look at.")
    columns, notes = _canonical(raw, meaning, conditions)
    table = pa.table(columns)
    valid, set_aside = _complete(table, roles)
    kept = valid
    for condition in conditions:
        kept = pc.and_(kept, condition.mask(_marked(table, roles)))
    if "time" in roles:
        kept = pc.and_(kept, period(table[roles["time"]].combine_chunks(), date_from=selection.date_from, date_to=selection.date_to))
    n_valid, n_kept = int(pc.sum(valid).as_py() or 0), int(pc.sum(kept).as_py() or 0)
    if n_kept == 0:
        why = f"of {raw.n_rows:,} rows {raw.n_rows - n_valid:,} miss a value that is needed, and the filters take {n_valid - n_kept:,} out"
        raise DataError(f"{raw.name} has no row left: {why}.")
    wanted = table.column_names if meaning.kind == "customers" else list(dict.fromkeys(roles.values()))
    used = table.select(wanted)
    used = (used if n_kept == table.num_rows else used.filter(kept)).combine_chunks()
    del columns, table
    if meaning.kind == "customers" and "customer" not in roles:
        numbers = pa.array(np.flatnonzero(kept.to_numpy(zero_copy_only=False)) + 1)
        used = used.add_column(0, ROW_NUMBER, pc.cast(numbers, pa.large_string()))
    if meaning.kind == "customers":
        _refuse_duplicates(used, kept, raw, roles)
        notes = (*notes, *_customer_notes(used, roles))
    return Dataset(
        frame=to_backend(used, frames),
        kind=meaning.kind,
        roles=dict(roles),
        name=raw.name,
        fingerprint=_fingerprint(used, meaning),
        rows_read=raw.n_rows,
        set_aside=set_aside,
        filtered_out=n_valid - n_kept,
        filters=selection.spoken(),
        notes=(*raw.notes, *notes, *_set_aside_notes(set_aside), *_role_notes(meaning), *_frame_notes(frames, raw.n_rows)),
    )


def _canonical(raw: Raw, meaning: Meaning, conditions: Sequence[Condition]) -> tuple[dict[str, pa.Array], tuple[Note, ...]]:
    """Return the role columns in their types and the others that are needed: those of filters, or all with one row a customer."""
    holders = {column: role for role, column in meaning.roles.items()}
    asked = [name for condition in conditions for name in condition.columns if name in raw.names]
    # A condition on an unknown column is reported with the names of all columns, so they all must be there then.
    unknown = any(name not in raw.names for condition in conditions for name in condition.columns)
    everything = meaning.kind == "customers" or unknown
    names = list(raw.names) if everything else list(dict.fromkeys([*meaning.roles.values(), *asked]))
    table = raw.read(names)
    columns: dict[str, pa.Array] = {}
    notes: list[Note] = []
    for name in names:
        role = holders.get(name)
        if role in _IDS:
            columns[name] = as_ids(table[name])
        elif role == "time":
            times = read_times(table[name], name=name, where=raw.where)
            columns[name] = times.values
            notes.extend(times.notes)
        elif role is not None or (meaning.kind == "customers" and is_numeric(table[name])):
            columns[name] = as_numbers(table[name], name=name, where=raw.where)
            notes.extend(_comma_notes(table[name], name))
        elif meaning.kind == "customers" and not _is_time(table[name]):
            columns[name] = as_text(table[name])
        else:
            columns[name] = table[name].combine_chunks()
    return columns, tuple(notes)


def _comma_notes(column: pa.ChunkedArray, name: str) -> list[Note]:
    """Say what the commas of a column of numbers were read as."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return []
    if not pc.any(pc.match_substring(column, ",")).as_py():
        return []
    what = "thousands" if pc.any(pc.match_substring_regex(column, r",\d{3}[.,]")).as_py() else "decimals"
    return [Note("info", f"Commas in {name} are read as parting {what}.")]


def _is_time(column: pa.ChunkedArray) -> bool:
    return pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)


def _complete(table: pa.Table, roles: Mapping[str, str]) -> tuple[pa.Array, dict[str, int]]:
    """Return which rows have all role columns, and how many are missing each, counted under the first that is missing."""
    valid = pa.array(np.ones(table.num_rows, dtype=bool))
    set_aside: dict[str, int] = {}
    for column in dict.fromkeys(roles.values()):
        there = pc.is_valid(table[column]).combine_chunks()
        missing = pc.sum(pc.and_(valid, pc.invert(there))).as_py()
        if missing:
            set_aside[f"without {column}"] = int(missing)
        valid = pc.and_(valid, there)
    return valid, set_aside


def _marked(table: pa.Table, roles: Mapping[str, str]) -> pa.Table:
    """Return the table with the id columns marked as such, for filters to compare them as text."""
    ids = {roles[role] for role in _IDS if role in roles}
    fields = [field.with_metadata({b"role": b"id"}) if field.name in ids else field for field in table.schema]
    return pa.Table.from_arrays(table.columns, schema=pa.schema(fields))


def _refuse_duplicates(rows: pa.Table, kept: pa.Array, raw: Raw, roles: Mapping[str, str]) -> None:
    if "customer" not in roles:
        return
    ids = rows[roles["customer"]].to_pandas()
    repeated = ids.duplicated().to_numpy()
    if not repeated.any():
        return
    source_rows = np.flatnonzero(kept.to_numpy(zero_copy_only=False))
    second = int(np.argmax(repeated))
    first = int(np.argmax((ids == ids.iloc[second]).to_numpy()))
    raise DataError(
        f"{raw.name} has more than one row for a customer: {roles['customer']} {ids.iloc[second]!r} stands in "
        f"{raw.where(int(source_rows[first]))} and in {raw.where(int(source_rows[second]))}; give one row a customer, or say that it is "
        "transactions and which column is the time."
    )


def _customer_notes(rows: pa.Table, roles: Mapping[str, str]) -> list[Note]:
    notes = []
    if "customer" not in roles:
        notes.append(Note("warning", "No column names the customers: the number of the row serves as id."))
    numeric = [name for name in rows.column_names if pa.types.is_floating(rows[name].type)]
    missing = [f"{name} ({rows[name].null_count:,})" for name in numeric if 0 < rows[name].null_count < rows.num_rows]
    if missing:
        notes.append(Note("warning", f"Missing values were filled with the column's median: {', '.join(missing)}."))
    codes = [name for name in numeric if _looks_like_codes(rows[name])]
    if codes and rows.num_rows >= 50:
        notes.append(
            Note("info", f"Few different numbers stand in {', '.join(codes)}: where they are codes, leave the column out of the features.")
        )
    return notes


def _looks_like_codes(column: pa.ChunkedArray) -> bool:
    """Tell whether a column has from 3 to 6 different values, or two that are not 0 and 1."""
    # Most columns of measurements show it in their first rows, and counting all of a million takes long.
    if pc.count_distinct(column.slice(0, _HEAD_ROWS)).as_py() > _MOST_CODES:
        return False
    values = pc.unique(column).drop_null().to_pylist()
    return 2 < len(values) <= _MOST_CODES or (len(values) == 2 and set(values) != {0.0, 1.0})


def _set_aside_notes(set_aside: Mapping[str, int]) -> list[Note]:
    return [Note("info", f"{count:,} {'row' if count == 1 else 'rows'} {reason} set aside.") for reason, count in set_aside.items()]


def _role_notes(meaning: Meaning) -> list[Note]:
    notes = []
    if meaning.kind == "transactions" and "order" not in meaning.roles:
        notes.append(Note("info", "No column has the role order: each different time of a customer counts as one order."))
    if meaning.kind == "transactions" and meaning.reasons.get("amount", "").endswith(NO_QUANTITY):
        text = f"{meaning.roles['amount']} is taken for the whole amount of a line, since no column looks like the quantity"
        notes.append(Note("warning", f"{text}: where it is the price of one piece, give the roles quantity and price."))
    return notes


def _frame_notes(frames: str, n_rows: int) -> list[Note]:
    if frames != "modin" or n_rows > _MODIN_PAYS_ROWS:
        return []
    return [Note("info", f"Modin on Ray takes longer than pandas for {n_rows:,} rows; it pays above many millions.")]


def _fingerprint(rows: pa.Table, meaning: Meaning) -> str:
    """Return the SHA-256 of the role columns' values in file order; with one row a customer, of every column's."""
    content = hashlib.sha256(f"{meaning.kind}\x1e{sorted(meaning.roles.items())}\x1e{rows.num_rows}".encode())
    for name in rows.column_names:
        column = rows[name].combine_chunks()
        column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
        content.update(f"\x1e{name}\x1e".encode())
        content.update(pc.is_valid(column).to_numpy(zero_copy_only=False).tobytes())
        if pa.types.is_floating(column.type):
            content.update((pc.fill_null(column, 0.0).to_numpy(zero_copy_only=False).astype(np.float64) + 0.0).tobytes())
        elif pa.types.is_timestamp(column.type):
            content.update(pc.fill_null(pc.cast(column, pa.timestamp("us"), safe=False).cast(pa.int64()), 0).to_numpy().tobytes())
        else:
            text = pc.fill_null(as_text(column), "")
            content.update(pc.binary_length(text).to_numpy(zero_copy_only=False).astype(np.int64).tobytes())
            content.update(_joined(text))
    return content.hexdigest()


def _joined(text: pa.Array) -> memoryview:
    """Return the bytes of all values one after the other, without a copy."""
    _, offsets, values = text.buffers()
    if values is None:
        return memoryview(b"")
    bounds = np.frombuffer(offsets, dtype=np.int64)[text.offset : text.offset + len(text) + 1]
    return memoryview(values)[bounds[0] : bounds[-1]]
