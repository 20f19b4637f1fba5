"""Columns of any type as canonical text and numbers; a missing value is null, whatever its spelling."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.errors import DataError

MISSING = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "Null", "None", "NaT")
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_DECIMAL_COMMA = r"^[+-]?\d+(,\d+)?$"
_SURELY_DECIMAL = r"^[+-]?\d+,(\d{1,2}|\d{4,})$"
_THOUSANDS = r"^[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?$"
_SURELY_THOUSANDS = r",\d{3}[.,]"
_DOTTED_THOUSANDS = r"^[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?$"
_SURELY_DOTTED = r"\.\d{3}[.,]"
Where = Callable[[int], str]


def as_text(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return the values as they would be written, outer spaces taken off; whole floating numbers lose their ``.0``."""
    column = _combined(column)
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


def as_ids(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return identifiers as text: leading zeros stay, ``17850.0`` and ``17850`` are one.

    ``.0`` stays where another id of the column has a true fraction, since ids such as 1.0 and 1.1 are then versions of something.
    """
    text = missing_to_null(as_text(column))
    whole = pc.match_substring_regex(text, r"^-?\d+\.0+$")
    if not pc.any(whole).as_py() or pc.any(pc.match_substring_regex(text, r"^-?\d+\.\d*[1-9]\d*$")).as_py():
        return text
    return pc.if_else(whole, pc.replace_substring_regex(text, r"\.0+$", ""), text)


def as_numbers(column: pa.ChunkedArray | pa.Array, *, name: str, where: Where) -> pa.Array:
    """Return finite float64 numbers, missing values as null.

    Commas are read where the column says for sure whether they part decimals (``2,50``, ``1.234,50``) or thousands (``1,234.50``).

    Raises
    ------
    DataError
        Where a value is no finite number: how many are not, the first one and its line.
    """
    column = _combined(column)
    if pa.types.is_boolean(column.type) or pa.types.is_temporal(column.type):
        raise DataError(f"{name} must hold numbers, but holds {'yes and no' if pa.types.is_boolean(column.type) else 'dates'}.")
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        numbers = pc.cast(column, pa.float64(), safe=False)
        numbers = pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)
    else:
        text = missing_to_null(as_text(column))
        numbers = _parse(text)
        if numbers is None:
            raise _not_numbers(text, pc.match_substring_regex(text, _NUMBER), name=name, where=where)
    finite = pc.is_finite(numbers)
    if not pc.all(finite, min_count=0).as_py():
        raise _not_numbers(as_text(column), finite, name=name, where=where)
    return numbers


def is_numeric(column: pa.ChunkedArray | pa.Array) -> bool:
    """Tell whether every value that is there is a finite number, and one is; digits with leading zeros are codes, not numbers."""
    column = _combined(column)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        codes = pc.match_substring_regex(pc.utf8_trim_whitespace(column), r"^0\d")
        if pc.any(codes).as_py():
            return False
    try:
        return as_numbers(column, name="", where=str).null_count < len(column)
    except DataError:
        return False


def _combined(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if not isinstance(column, pa.ChunkedArray):
        return column
    if pa.types.is_string(column.type):
        column = column.cast(pa.large_string())
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _floats_as_text(column: pa.Array) -> pa.Array:
    column = pc.cast(column, pa.float64())
    column = pc.if_else(pc.is_nan(column), pa.scalar(None, pa.float64()), column)
    whole = pc.and_kleene(pc.equal(pc.trunc(column), column), pc.less(pc.abs(column), 2.0**53))
    integers = pc.cast(pc.cast(pc.if_else(whole, column, pa.scalar(None, pa.float64())), pa.int64()), pa.large_string())
    if not pc.any(pc.invert(whole)).as_py():
        return integers
    return pc.coalesce(integers, pa.array([None if value is None else repr(value) for value in column.to_pylist()], pa.large_string()))


def _parse(text: pa.Array) -> pa.Array | None:
    try:
        return pc.cast(text, pa.float64())
    except pa.ArrowInvalid:
        pass
    good = pc.match_substring_regex(text, _NUMBER)
    if pc.all(good, min_count=0).as_py():
        return pc.cast(pc.replace_substring_regex(text, r"^\+", ""), pa.float64())
    if (
        pc.all(pc.match_substring_regex(text, _DOTTED_THOUSANDS), min_count=0).as_py()
        and pc.any(pc.match_substring_regex(text, _SURELY_DOTTED)).as_py()
    ):
        text = pc.replace_substring(text, ".", "")
        return pc.cast(pc.replace_substring(pc.replace_substring_regex(text, r"^\+", ""), ",", "."), pa.float64())
    for form, sure, replacement in ((_DECIMAL_COMMA, _SURELY_DECIMAL, "."), (_THOUSANDS, _SURELY_THOUSANDS, "")):
        if pc.all(pc.match_substring_regex(text, form), min_count=0).as_py() and pc.any(pc.match_substring_regex(text, sure)).as_py():
            return pc.cast(pc.replace_substring(pc.replace_substring_regex(text, r"^\+", ""), ",", replacement), pa.float64())
    return None


def _not_numbers(text: pa.Array, good: pa.Array, *, name: str, where: Where) -> DataError:
    bad = np.flatnonzero(~good.fill_null(True).to_numpy(zero_copy_only=False))
    values = "1 value is not" if len(bad) == 1 else f"{len(bad):,} values are not"
    first = int(bad[0])
    return DataError(
        f"{name} must hold numbers, but {values}: the first is {shown(text[first].as_py())} in {where(first)}; correct it or give {name} "
        "no role."
    )


def shown(value: object) -> str:
    """Return a value as a message quotes it: shortened, in quotes."""
    text = str(value)
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
