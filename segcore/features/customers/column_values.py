"""Values of one column for screening and encoding: numbers, or texts in one spelling."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.wording.findings import refusal
from segcore.wording.numbers import plain_number

HEAD = 10_000
_WRITTEN_NUMBER = r"^[+-]?\d+(\.\d+)?$"


class NumberColumn:
    """A column of numbers.

    Parameters
    ----------
    name : str
    numbers : ndarray of shape (n_rows,), float64
        NaN where a value is missing; never infinite. Not changed.
    """

    is_number = True
    holds_times = False

    def __init__(self, name: str, numbers: np.ndarray) -> None:
        self.name = name
        self.numbers = numbers

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.numbers)

    @cached_property
    def missing(self) -> np.ndarray:
        """Which rows have no value, shape (n_rows,)."""
        return np.isnan(self.numbers)

    @cached_property
    def n_missing(self) -> int:
        """Rows without a value."""
        return int(self.missing.sum())

    @cached_property
    def there(self) -> np.ndarray:
        """The values that are not missing, shape (n_rows - n_missing,)."""
        return self.numbers[~self.missing] if self.n_missing else self.numbers

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value."""
        return float(self.there.min()), float(self.there.max())

    @cached_property
    def whole(self) -> bool:
        """Whether every value is a whole number."""
        # Most columns with fractions have one among the first values.
        return all(bool((part == np.trunc(part)).all()) for part in (self.there[:HEAD], self.there))

    @cached_property
    def n_values(self) -> int:
        """Different values."""
        return len(self._counted[0])

    @cached_property
    def _counted(self) -> tuple[np.ndarray, np.ndarray]:
        return np.unique(self.there, return_counts=True)

    def few(self, most: int) -> list[tuple[str, int]] | None:
        """Return the values as text with their numbers of rows, most frequent first, ties by text; ``None`` if more than ``most``."""
        if len(np.unique(self.there[:HEAD])) > most or self.n_values > most:
            return None
        return _sorted(zip(map(plain_number, self._counted[0]), self._counted[1], strict=True))

    def frequent(self, share: float) -> list[tuple[str, int]]:
        """Return the values of more than ``share`` of the rows, as `few` does."""
        values, counts = self._counted
        often = counts / len(self) > share
        return _sorted(zip(map(plain_number, values[often]), counts[often], strict=True))

    def where(self, value: str | None) -> np.ndarray:
        """Return which rows have a value, shape (n_rows,), bool; ``None`` means those without one."""
        if value is None:
            return self.missing
        number = as_number(value)
        return np.zeros(len(self), dtype=bool) if number is None else np.asarray(self.numbers == number)

    def carried(self) -> np.ndarray:
        """Return the values in the form of profile columns."""
        return self.numbers


class TextColumn:
    """A column of texts, in which numbers and truth values have one spelling each.

    Parameters
    ----------
    name : str
    codes : ndarray of shape (n_rows,), int32
        Positions in ``texts``; -1 where a value is missing.
    texts : pyarrow Array
        The different values, in order of first appearance.
    holds_times : bool
        Whether the frame's type is one of dates or times.
    """

    is_number = False

    def __init__(self, name: str, codes: np.ndarray, texts: pa.Array, *, holds_times: bool = False) -> None:
        self.name = name
        self.codes = codes
        self.texts = texts
        self.holds_times = holds_times

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.codes)

    @cached_property
    def missing(self) -> np.ndarray:
        """Which rows have no value, shape (n_rows,)."""
        return self.codes < 0

    @cached_property
    def n_missing(self) -> int:
        """Rows without a value."""
        return int(self.missing.sum())

    @property
    def n_values(self) -> int:
        """Different values."""
        return len(self.texts)

    @cached_property
    def counts(self) -> np.ndarray:
        """Rows of each of ``texts``."""
        return np.bincount(self.codes[~self.missing], minlength=len(self.texts))

    def few(self, most: int) -> list[tuple[str, int]] | None:
        """Return the values with their numbers of rows, most frequent first, ties by text; ``None`` if more than ``most``."""
        return None if self.n_values > most else _sorted(zip(self.texts.to_pylist(), self.counts, strict=True))

    def frequent(self, share: float) -> list[tuple[str, int]]:
        """Return the values of more than ``share`` of the rows, as `few` does."""
        often = np.flatnonzero(self.counts / len(self) > share)
        return _sorted((self.texts[int(code)].as_py(), self.counts[code]) for code in often)

    def where(self, value: str | None) -> np.ndarray:
        """Return which rows have a value, shape (n_rows,), bool; ``None`` means those without one."""
        if value is None:
            return self.missing
        code = int(pc.index(self.texts, pa.scalar(value, self.texts.type)).as_py())
        return np.zeros(len(self), dtype=bool) if code < 0 else np.asarray(self.codes == code)

    def matching(self, pattern: str) -> float:
        """Return the share of the different values that match a pattern; 0 without values."""
        return float(pc.mean(pc.match_substring_regex(self.texts, pattern)).as_py()) if self.n_values else 0.0

    def carried(self) -> np.ndarray:
        """Return the values in the form of profile columns."""
        values = np.empty(len(self.texts) + 1, dtype=object)
        values[:-1] = self.texts.to_pylist()
        values[-1] = None
        return np.asarray(values[self.codes], dtype=object)


Column = NumberColumn | TextColumn


def read_column(series: Any, name: str) -> Column:
    """Return one column of a frame.

    Parameters
    ----------
    series : narwhals Series
    name : str

    Raises
    ------
    DataError
        If a number is infinite.
    """
    if series.dtype.is_numeric():
        numbers = np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)
        # A finite sum proves all values finite; otherwise the values are checked one by one.
        with np.errstate(all="ignore"):
            infinite = np.isinf(numbers) if np.isinf(numbers.sum(where=~np.isnan(numbers))) else np.zeros(0, dtype=bool)
        if infinite.any():
            raise refusal("feature.infinite", column=name, row=int(np.argmax(infinite)) + 1)
        return NumberColumn(name, numbers)
    array = _unified(_as_arrow(series)).dictionary_encode()
    first, texts = array.indices, array.dictionary
    if series.dtype.is_temporal():
        texts = pc.replace_substring_regex(pc.replace_substring_regex(texts, r"\.0+$", ""), r" 00:00:00$", "")
    spelled = _one_spelling(texts)
    merged = pc.if_else(pc.equal(spelled, ""), pa.scalar(None, spelled.type), spelled).dictionary_encode()
    # Rows point to the distinct texts as read, and these to their spelling here; -1 is missing.
    codes = np.append(merged.indices.fill_null(-1).to_numpy(zero_copy_only=False), -1)
    rows = first.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    return TextColumn(name, codes[rows].astype(np.int32), merged.dictionary, holds_times=series.dtype.is_temporal())


def as_number(text: str) -> float | None:
    """Return a text as a finite number, or ``None``."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) and "_" not in text else None


def _sorted(counted: Any) -> list[tuple[str, int]]:
    return sorted(((str(text), int(count)) for text, count in counted), key=lambda entry: (-entry[1], entry[0]))


def _as_arrow(series: Any) -> pa.Array | pa.ChunkedArray:
    try:
        return series.to_arrow()
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        # Values of several types in one column.
        return pa.array([None if value is None or value != value else str(value) for value in series.to_list()], pa.large_string())


def _unified(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return one array of text."""
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    try:
        array = array.cast(pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        array = pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.large_string())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _one_spelling(texts: pa.Array) -> pa.Array:
    """Return texts in one Unicode form, without outer spaces; ``3.0`` and ``+3`` are ``3``, ``true`` and ``TRUE`` are ``True``."""
    texts = pc.utf8_trim_whitespace(pc.utf8_normalize(texts, form="NFC"))
    numbers = pc.match_substring_regex(texts, _WRITTEN_NUMBER)
    if pc.any(numbers).as_py():
        plain = pc.replace_substring_regex(pc.replace_substring_regex(texts, r"^\+", ""), r"\.0+$|(\.\d*[1-9])0+$", r"\1")
        texts = pc.if_else(numbers, plain, texts)
    for truth in ("True", "False"):
        texts = pc.if_else(pc.match_substring_regex(texts, f"(?i)^{truth}$"), pa.scalar(truth, texts.type), texts)
    return texts
