"""Numbers as people and programs write them; the form is found from the whole column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.dataset import Note
from segcore.errors import DataError
from segcore.sources.text import Where, as_text, combined, missing_to_null, shown

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_DECIMAL_COMMA = r"^[+-]?\d+(,\d+)?$"
_SURELY_DECIMAL = r"^[+-]?\d+,(\d{1,2}|\d{4,})$"
_THOUSANDS = r"^[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?$"
_SURELY_THOUSANDS = r",\d{3}[.,]"
_DOTTED_THOUSANDS = r"^[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?$"
_SURELY_DOTTED = r"\.\d{3}[.,]"


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """A column of numbers.

    Parameters
    ----------
    values : pyarrow Array of float64
        Finite; null where missing or bad.
    bad : ndarray of shape (n_rows,), bool, or None
        Values that are no numbers; ``None`` where there is none.
    notes : tuple of Note
        How they were read, where that is a decision.
    """

    values: pa.Array
    bad: np.ndarray | None = None
    notes: tuple[Note, ...] = ()


def read_numbers(column: pa.ChunkedArray | pa.Array, *, name: str, where: Where, set_aside: bool = False) -> Numbers:
    """Read a column of numbers.

    Raises
    ------
    DataError
        Where a value is no finite number and is not to be set aside: how many are not, the first one and its line.
    """
    try:
        return Numbers(as_numbers(column, name=name, where=where))
    except DataError:
        if not set_aside or pa.types.is_boolean(column.type) or pa.types.is_temporal(column.type):
            raise
    text = missing_to_null(as_text(column))
    good = pc.match_substring_regex(text, _NUMBER)
    values = pc.cast(pc.replace_substring_regex(pc.if_else(good, text, pa.scalar(None, text.type)), r"^\+", ""), pa.float64())
    values = pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))
    bad = pc.and_(pc.is_valid(text), pc.is_null(values)).to_numpy(zero_copy_only=False)
    return Numbers(values, bad if bad.any() else None)


def as_numbers(column: pa.ChunkedArray | pa.Array, *, name: str, where: Where) -> pa.Array:
    """Return finite float64 numbers, missing values as null.

    Commas are read where the column says for sure whether they part decimals (``2,50``, ``1.234,50``) or thousands (``1,234.50``).

    Raises
    ------
    DataError
        Where a value is no finite number: how many are not, the first one and its line.
    """
    column = combined(column)
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
    column = combined(column)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        codes = pc.match_substring_regex(pc.utf8_trim_whitespace(column), r"^0\d")
        if pc.any(codes).as_py():
            return False
    try:
        return as_numbers(column, name="", where=str).null_count < len(column)
    except DataError:
        return False


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
        "no role.",
        remedy="set_aside",
    )
