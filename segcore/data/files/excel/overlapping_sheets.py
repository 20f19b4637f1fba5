"""Overlapping sheets: rows in two sheets of a workbook, such as a month shared by the exports of two years."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.date_patterns import BEGINS_AS_DATE
from segcore.records.finding import Finding

_DENSE = 0.5
_KEY = re.compile(r"(id|no|nr|num|number|code|key)\.?$", re.IGNORECASE)
_SAMPLE = 1_000


def find_repeated(table: pa.Table, n_rows: Sequence[int], titles: Sequence[str]) -> tuple[np.ndarray | None, list[Finding]]:
    """Find the rows of later sheets that are also in an earlier one, equal in every column.

    If an earlier sheet has a row ``a`` times and this one ``b`` times, the first ``min(a, b)`` are repeated; repeats within a sheet
    are not. Equal rows can also be different ones that look alike (two customers of one age and city, the same article sold in two shops):
    rows count as repeated if a column identifies rows, or if there is a date and the equal rows are adjacent, like those of a shared
    month.

    Parameters
    ----------
    table : pyarrow Table
        The rows of all sheets, one below the other.
    n_rows : sequence of int
        Rows of each sheet.
    titles : sequence of str

    Returns
    -------
    tuple of ndarray of shape (n_rows,), bool, or None; list of Finding
    """
    if len(n_rows) < 2 or not table.num_columns:
        return None, []
    codes, keyed = _row_codes(table, n_rows)
    alike = _alike(codes, n_rows)
    if not alike.any():
        return None, []
    bounds = np.cumsum([0, *n_rows])
    dated = any(_holds_dates(table.column(position)) for position in range(table.num_columns))
    repeated = np.zeros(len(alike), bool)
    notes = []
    for number, title in enumerate(titles):
        inside = slice(int(bounds[number]), int(bounds[number + 1]))
        rows = np.flatnonzero(alike[inside])
        if not len(rows):
            continue
        together = len(rows) >= _DENSE * (rows[-1] - rows[0] + 1)
        values = {"sheet": title, "rows": len(rows)}
        if keyed or (dated and together):
            repeated[inside] = alike[inside]
            notes.append(Finding("sheet.repeated_rows", "warning", values))
        else:
            notes.append(Finding("sheet.alike_rows", "warning", {**values, "dated": dated}))
    return (repeated if repeated.any() else None), notes


def _row_codes(table: pa.Table, n_rows: Sequence[int]) -> tuple[np.ndarray, bool]:
    """Return a number for each row, equal for rows that are equal in every column, and whether a column identifies the rows of a sheet."""
    codes = np.zeros(table.num_rows, np.int64)
    n_codes, keyed = 1, False
    bounds = np.cumsum([0, *n_rows])
    for name, column in zip(table.column_names, table.columns, strict=True):
        values, n_values = _numbered(column.combine_chunks())
        if not keyed and 2 * n_values > max(n_rows) and _may_be_key(name, column):
            keyed = all(len(np.unique(values[begin:end])) == end - begin for begin, end in itertools.pairwise(bounds))
        if n_codes * n_values >= 2**62:
            codes, n_codes = _numbered(pa.array(codes))
        codes = codes * n_values + values
        n_codes *= n_values
    return _numbered(pa.array(codes))[0], keyed


def _may_be_key(name: str, column: pa.ChunkedArray) -> bool:
    """Tell whether a column of distinct values would be an id: any text column, or a number column with an id's name."""
    return pa.types.is_large_string(column.type) or (pa.types.is_floating(column.type) and _KEY.search(name) is not None)


def _numbered(values: pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, int]:
    if isinstance(values, pa.ChunkedArray):
        values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
    encoded = pc.dictionary_encode(values, null_encoding="encode")
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), max(1, len(encoded.dictionary))


def _alike(codes: np.ndarray, n_rows: Sequence[int]) -> np.ndarray:
    """Return which rows are also in an earlier sheet; each earlier row matches one."""
    alike = np.zeros(len(codes), bool)
    earlier = np.zeros(int(codes.max(initial=0)) + 1, np.int64)
    begin = 0
    for number in n_rows:
        own = codes[begin : begin + number]
        order = np.argsort(own, kind="stable")
        ordered = own[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if number else np.zeros(0, np.int64)
        occurrence = np.arange(number) - np.repeat(starts, np.diff(np.r_[starts, number]))
        alike[begin + order] = occurrence < earlier[ordered]
        np.maximum(earlier, np.bincount(own, minlength=len(earlier)), out=earlier)
        begin += number
    return alike


def _holds_dates(column: pa.ChunkedArray) -> bool:
    if pa.types.is_timestamp(column.type):
        return True
    if not pa.types.is_large_string(column.type):
        return False
    sample = column.drop_null().slice(0, _SAMPLE)
    return len(sample) > 0 and pc.mean(pc.match_substring_regex(sample, BEGINS_AS_DATE).cast(pa.float64())).as_py() > 0.9
