"""Columns of any type as text, with missing values as null, and their distinct values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MISSING = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "Null", "None", "NaT", "\\N")
# Usual marks of a missing number or date; in a column of ids or texts they may be ordinary values.
BLANKS = ("-", "--", "---", "?", ".", "..", "...", "na", "n.a.", "n/a", "nan", "null", "(null)", "none", "nil", "#n/a", "(blank)")
# Unicode's Default_Ignorable_Code_Point (zero-width characters, direction marks, soft hyphen, BOM...) and control characters; those among
# the latter that are spaces (tab, line break) stay.
INVISIBLE = (
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\x{ad}\x{34f}\x{61c}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{200b}-\x{200f}"
    r"\x{202a}-\x{202e}\x{2060}-\x{206f}\x{3164}\x{fe00}-\x{fe0f}\x{feff}\x{ffa0}\x{fff0}-\x{fffb}\x{1bca0}-\x{1bca3}"
    r"\x{1d173}-\x{1d17a}\x{e0000}-\x{e0fff}]"
)
_LIKE_ASCII = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-"), "\uff0b": "+", "\uff05": "%", "\u066a": "%",
    "\uff0e": ".", "\uff0c": ",", "\u066b": ".", "\u066c": "'", "\uff08": "(", "\uff09": ")",
}  # fmt: skip
_APOSTROPHES = "\u2019\u2018\u02bc\u2032\u00b4`"
_MOST_STRANGE = 40
_INVISIBLE = re.compile(re.sub(r"\\x\{(\w+)\}", lambda code: chr(int(code[1], 16)), INVISIBLE))
_MOST_SHOWN = 200  # letters of a value in a finding
_ALL_DIGITS = 1e22  # floating numbers above it are written with an exponent
Where = Callable[[int], str]


@dataclass(frozen=True, eq=False)
class Distinct:
    """Distinct texts of a column, and the text of each row.

    Parameters
    ----------
    values : pyarrow Array of large_string, shape (n_values,)
        In the order of their first occurrence in the column; no null.
    rows : ndarray of shape (n_rows,), int32
        Position in ``values``; -1 where the row's value is missing.
    """

    values: pa.Array
    rows: np.ndarray

    @classmethod
    def of(cls, column: pa.Array) -> Distinct:
        """Find the distinct texts of a column of any type."""
        if pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
        elif pa.types.is_nested(column.type) or pa.types.is_null(column.type):
            column = written(column)
        encoded = column.dictionary_encode()
        return cls(written(encoded.dictionary), pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False))

    def __len__(self) -> int:
        """Return the number of distinct texts."""
        return len(self.values)

    def at(self, chosen: np.ndarray) -> np.ndarray:
        """Return the rows whose value is among ``chosen``, both as boolean masks."""
        # Index -1 picks the appended last element: missing is never chosen.
        return np.append(chosen, False)[self.rows]

    @cached_property
    def counts(self) -> np.ndarray:
        """Number of rows with each value, shape (n_values,)."""
        return np.bincount(self.rows + 1, minlength=len(self) + 1)[1:]

    def count(self, chosen: np.ndarray) -> int:
        """Return how many rows have one of the values in the mask ``chosen``."""
        return int(self.counts[chosen].sum()) if chosen.any() else 0

    def first(self, chosen: np.ndarray) -> tuple[int, int]:
        """Return the position of the first chosen value in the column, and its row; values are in the order of their first occurrence."""
        position = int(np.argmax(chosen))
        return position, int(np.argmax(self.rows == position))

    def example(self, chosen: np.ndarray, where: Where) -> dict[str, str]:
        """Return the first of the chosen values as findings hold it: ``{"value": "17850", "place": "line 7"}``."""
        position, row = self.first(chosen)
        return example(self.values[position].as_py(), where(row))

    def spread(self, values: pa.Array) -> pa.Array:
        """Return values by row, from values of the distinct texts."""
        rows = pa.array(self.rows, mask=self.rows < 0) if (self.rows < 0).any() else pa.array(self.rows)
        return values.take(rows)


def example(value: object, place: str) -> dict[str, str]:
    """Return a value and its place for a finding; a very long value is cut."""
    return {"value": str(value)[:_MOST_SHOWN], "place": place}


def written(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return the values as they would be written, whole floating numbers without ``.0``, as large_string."""
    column = combined(column)
    if pa.types.is_large_string(column.type):
        return column
    if pa.types.is_decimal(column.type):
        # As floating numbers, ids of more than 15 digits would become one.
        return pc.replace_substring_regex(pc.cast(column, pa.large_string()), r"\.0+$|(\.\d*[1-9])0+$", r"\1")
    if pa.types.is_floating(column.type):
        return _floats_as_text(column)
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        column = pc.cast(column, pa.binary())
    try:
        return pc.cast(column, pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        if pa.types.is_timestamp(column.type) and column.type.tz:  # an unknown zone: as stored, in UTC
            return pc.cast(pc.cast(column, pa.timestamp(column.type.unit)), pa.large_string())
        return pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.large_string())


def as_text(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return the values as they would be written, without outer spaces; whole floating numbers lose their ``.0``."""
    return pc.utf8_trim_whitespace(written(column))


def missing_to_null(text: pa.Array) -> pa.Array:
    """Return text with every spelling of a missing value (empty, NA, NaN, NULL, None...) as null."""
    missing = pc.is_in(text, value_set=pa.array(MISSING, text.type))
    return pc.if_else(missing, pa.scalar(None, text.type), text)


def blanks(values: pa.Array) -> pa.Array:
    """Return which texts mean a missing number or date: a dash, a question mark, n.a. and the like, as booleans."""
    return pc.is_in(pc.utf8_lower(values), value_set=pa.array(BLANKS, values.type))


def true_of(values: pa.Array) -> np.ndarray:
    """Return the mask of boolean values, false where null."""
    return pc.fill_null(values, False).to_numpy(zero_copy_only=False)


def plain_characters(texts: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """Return texts with look-alike digits, signs and spaces made plain, and which texts had such digits and signs."""
    letters = bytes_of(texts)
    if not len(letters) or letters.max() < 0x80:
        return texts, np.zeros(len(texts), dtype=bool)
    strange = sorted(set(letters.tobytes().decode(errors="replace")) - set(map(chr, range(0x80))))
    plain = {letter: like for letter in strange if (like := _plain_letter(letter)) is not None}
    if len(plain) > _MOST_STRANGE:
        return texts, np.zeros(len(texts), dtype=bool)
    spaced = texts
    for letter in [letter for letter, like in plain.items() if like in (" ", "'")]:
        spaced = pc.replace_substring(spaced, letter, plain.pop(letter))
    changed = spaced
    for letter, like in plain.items():
        changed = pc.replace_substring(changed, letter, like)
    return pc.utf8_trim_whitespace(changed), true_of(pc.not_equal(spaced, changed))


def _plain_letter(letter: str) -> str | None:
    """Return the ASCII that a character means in a number or date; ``None`` where it means itself."""
    if unicodedata.category(letter) == "Zs":
        return " "
    if letter in _APOSTROPHES:
        return "'"
    if letter in _LIKE_ASCII:
        return _LIKE_ASCII[letter]
    if _INVISIBLE.match(letter):
        return ""
    digit = unicodedata.decimal(letter, None)
    return None if digit is None else str(digit)


def combined(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return a column in one piece, categories as their values, strings as large_string."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type):
        column = column.cast(pa.large_string())
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def bytes_of(text: pa.Array) -> np.ndarray:
    """Return the bytes of all values of a large_string array one after the other, without a copy, uint8."""
    _, offsets, values = text.buffers()
    if values is None:
        return np.zeros(0, np.uint8)
    bounds = np.frombuffer(offsets, dtype=np.int64)[text.offset : text.offset + len(text) + 1]
    return np.frombuffer(values, np.uint8)[bounds[0] : bounds[-1]] if len(bounds) else np.zeros(0, np.uint8)


def visible(text: str) -> str:
    """Return the visible part of a text: without invisible characters and outer spaces, in the composed Unicode form."""
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", text)).strip()


def _floats_as_text(column: pa.Array) -> pa.Array:
    column = pc.cast(column, pa.float64())
    column = pc.if_else(pc.is_nan(column), pa.scalar(None, pa.float64()), column)
    whole = pc.and_kleene(pc.equal(pc.trunc(column), column), pc.less(pc.abs(column), 2.0**53))
    integers = pc.cast(pc.cast(pc.if_else(whole, column, pa.scalar(None, pa.float64())), pa.int64()), pa.large_string())
    if not pc.any(pc.invert(whole)).as_py():
        return integers
    texts = [None if value is None else _float_as_text(value) for value in column.to_pylist()]
    return pc.coalesce(integers, pa.array(texts, pa.large_string()))


def _float_as_text(value: float) -> str:
    return f"{value:.0f}" if abs(value) < _ALL_DIGITS and value.is_integer() else repr(value)
