"""A comparison of a column with a value: the building block of rules and trees."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from segcore.errors import ParameterError
from segcore.records.feature_table import FeatureTable, unique_titles
from segcore.wording.features import title_of_0

if TYPE_CHECKING:
    import pandas as pd

    Frame = pd.DataFrame | Mapping[str, Any]

_SMALLEST = 1e-280  # for smaller numbers, the powers of ten below overflow
Op = Literal["<=", ">", "=", "!="]


@dataclass(frozen=True, slots=True)
class ColumnTitles:
    """Titles of columns; by default, their names.

    Parameters
    ----------
    titles : mapping of str to str
        Titles of the columns that have one.
    flags : frozenset of str
        Columns that are 0 or 1, whose title says what 1 means: "job: student".
    others : mapping of str to str
        Meaning of 0, for flags that have a word for it: "loan: no".
    """

    titles: Mapping[str, str] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    others: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, table: FeatureTable) -> ColumnTitles:
        """Return the titles of a table's features."""
        entries = [entry for entry in table.dictionary if entry.dropped is None]
        flags = frozenset(entry.name for entry in entries if entry.kind != "number")
        others = {entry.name: title for entry in entries if (title := title_of_0(table, entry))}
        return cls(unique_titles(entries), flags, others)


NAMES = ColumnTitles()


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of a column with a value; a missing value meets no condition, as in SQL.

    Parameters
    ----------
    feature : str
    op : {"<=", ">", "=", "!="}
    value : float or str
        A number for ``<=`` and ``>``, with few digits; text for ``=`` and ``!=``.
    """

    feature: str
    op: Op
    value: float | str

    def meets(self, column: np.ndarray) -> np.ndarray:
        """Return which values of the column meet the condition, shape (n_customers,), bool.

        Parameters
        ----------
        column : ndarray of shape (n_customers,)
            float64, or text with ``None`` for missing values.
        """
        if self.op in ("<=", ">"):
            with np.errstate(invalid="ignore"):
                return np.asarray(column <= self.value if self.op == "<=" else column > self.value)
        same = column == self.value
        return np.asarray(same if self.op == "=" else ~same & (column != None), dtype=bool)  # noqa: E711  # elementwise

    def text(self, titles: ColumnTitles = NAMES) -> str:
        """Return the condition in words, "basket > 38" or "not job: student"."""
        title = titles.titles.get(self.feature, self.feature)
        if self.feature in titles.flags and not isinstance(self.value, str) and 0 <= self.value < 1:
            return title if self.op == ">" else titles.others.get(self.feature, f"not {title}")
        return f"{title} {self.op} {self.value if isinstance(self.value, str) else number_literal(self.value)}"

    def opposite(self) -> Condition:
        """Return the opposite condition, which the other customers with a value meet."""
        opposites: Mapping[Op, Op] = {"<=": ">", ">": "<=", "=": "!=", "!=": "="}
        return Condition(self.feature, opposites[self.op], self.value)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"feature": self.feature, "op": self.op, "value": self.value}


def number_literal(value: float) -> str:
    """Return the shortest text that reads as exactly this number, in words and in SQL: "38", "0.6", "1e+16"."""
    return repr(float(value)).removesuffix(".0")


def short_number(low: float, high: float) -> float:
    """Return a number with as few digits as possible that is at least ``low`` and below ``high``.

    Parameters
    ----------
    low, high : float
        Finite, ``low < high``.
    """
    if low <= 0 < high:
        return 0.0
    largest = max(abs(low), abs(high))
    if largest < _SMALLEST:
        return low
    scale = math.floor(math.log10(largest))
    for digits in range(-scale, 18 - scale):
        # Rounded from the decimal number, so that it prints with few digits.
        found = float(f"{math.ceil(low * 10.0**digits)}e{-digits}")
        if low <= found < high:
            return found
    return low


def plain_columns(frame: Frame, n_labels: int, *, made: str) -> dict[str, np.ndarray]:
    """Return the columns of any table as float64, or as text with ``None`` for missing values.

    Parameters
    ----------
    frame : DataFrame, or mapping of str to column
        Numbers, or text, booleans and categories.
    n_labels : int
        Number of rows that the columns must have.
    made : str
        Name of the result, to begin an error message: "A rule".

    Raises
    ------
    ParameterError
        If the numbers of rows differ, or there is no column.
    """
    columns = {str(name): _plain(column) for name, column in frame.items()}
    if not columns:
        raise ParameterError(f"{made} needs at least one column.")
    for name, column in columns.items():
        if len(column) != n_labels:
            raise ParameterError(f"{name} has {len(column):,} rows, and there are {n_labels:,} labels.")
    return columns


def _plain(column: Any) -> np.ndarray:
    import pandas as pd

    series = pd.Series(column).reset_index(drop=True)
    if pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isfinite(values), values, np.nan)
    missing = series.isna().to_numpy()
    texts = series.astype(object).astype(str).to_numpy(dtype=object)
    texts[missing] = None
    return texts
