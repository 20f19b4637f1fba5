"""Columns of any type as text: one spelling of each value, a missing one as null; how messages quote a value."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

MISSING = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "Null", "None", "NaT")
Where = Callable[[int], str]


def as_text(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return the values as they would be written, outer spaces taken off; whole floating numbers lose their ``.0``."""
    column = combined(column)
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    if pa.types.is_decimal(column.type):
        # As floating numbers, ids of more than 15 digits would become one.
        return pc.replace_substring_regex(pc.cast(column, pa.large_string()), r"\.0+$|(\.\d*[1-9])0+$", r"\1")
    if pa.types.is_floating(column.type):
        return _floats_as_text(column)
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        column = pc.cast(column, pa.binary())
    try:
        text = pc.cast(column, pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        text = pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.large_string())
    return pc.utf8_trim_whitespace(text)


def missing_to_null(text: pa.Array) -> pa.Array:
    """Return text with every spelling of a missing value (empty, NA, NaN, NULL, None...) as null."""
    missing = pc.is_in(text, value_set=pa.array(MISSING, text.type))
    return pc.if_else(missing, pa.scalar(None, text.type), text)


def combined(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return a column in one piece."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    if pa.types.is_string(column.type):
        column = column.cast(pa.large_string())
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def shown(value: object) -> str:
    """Return a value as a message quotes it: shortened, in quotes."""
    text = str(value)
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def _floats_as_text(column: pa.Array) -> pa.Array:
    column = pc.cast(column, pa.float64())
    column = pc.if_else(pc.is_nan(column), pa.scalar(None, pa.float64()), column)
    whole = pc.and_kleene(pc.equal(pc.trunc(column), column), pc.less(pc.abs(column), 2.0**53))
    integers = pc.cast(pc.cast(pc.if_else(whole, column, pa.scalar(None, pa.float64())), pa.int64()), pa.large_string())
    if not pc.any(pc.invert(whole)).as_py():
        return integers
    return pc.coalesce(integers, pa.array([None if value is None else repr(value) for value in column.to_pylist()], pa.large_string()))
