"""Number format of a column: one currency, with or without percent signs, decimal comma or decimal point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.bad_values import Faults
from segcore.data.columns.number_parts import split_numbers
from segcore.data.columns.text import Distinct, Where, blanks, plain_characters, true_of
from segcore.records.finding import Finding, Severity

EXACT = 2.0**53  # from here on, floating numbers skip some whole numbers
_POINT = r"^(?:[0-9]+|[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+|(?: [0-9]{3})+|(?:'[0-9]{3})+)|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3})?(?:\.[0-9]*)?$"
_COMMA = r"^(?:[0-9]+|[1-9][0-9]{0,2}(?:(?:\.[0-9]{3})+|(?: [0-9]{3})+|(?:'[0-9]{3})+))?(?:,[0-9]*)?$"
_MARKS = ".", ",", " ", "'"
_NOTHING = pa.scalar("", pa.large_string())


@dataclass(frozen=True, slots=True, eq=False)
class NumberReading:
    """Numbers read from the distinct texts of a column.

    Parameters
    ----------
    values : ndarray of shape (n_values,), float64
        NaN where bad or missing.
    bad : ndarray of shape (n_values,), bool
    faults : Faults
        Faults of bad texts, if known more precisely than "not a number".
    notes : tuple of Finding
    unit : str
    """

    values: np.ndarray
    bad: np.ndarray
    faults: Faults
    notes: tuple[Finding, ...]
    unit: str


def may_be_numbers(text: pa.Array) -> bool:
    """Tell whether every text, on its own, is a number or means a missing one."""
    plain, _ = plain_characters(text)
    return bool((split_numbers(plain).shaped | true_of(pc.is_null(text)) | true_of(blanks(plain))).all())


def read_texts(found: Distinct, *, name: str, where: Where) -> NumberReading:
    """Read the distinct texts of a column of numbers; contradictory forms are decided by the number of rows."""
    texts, other = plain_characters(found.values)
    missing = true_of(blanks(texts))
    column = _Column(found, texts, name, where)
    column.faults.add(true_of(pc.match_substring_regex(texts, r"(?i)^[+-]?(inf|infinity|∞)$")), "not_finite")
    column.faults.add(~column.good & true_of(pc.match_substring_regex(texts, r"^[+-]?[0-9]{20}[0-9.,]*$")), "too_long")
    unit = column.one_currency() + column.one_percent()
    column.one_decimal_mark()
    values = column.numbers()
    column.note_characters(other)
    column.note_marks(values)
    if missing.any():
        column.note("number.missing", missing, count=found.count(missing))
    bad = ~column.good & ~missing
    return NumberReading(np.where(column.good, values, np.nan), bad, column.faults, tuple(column.notes), unit)


class _Column:
    """Distinct texts of a column, parsed into parts, with what was found about them."""

    def __init__(self, found: Distinct, texts: pa.Array, name: str, where: Where) -> None:
        self.found, self.texts, self.name, self.where = found, texts, name, where
        self.counts = found.counts
        self.notes: list[Finding] = []
        self.faults = Faults()
        self.parts = split_numbers(texts)
        self.body = self.parts.body
        self.good = self.parts.shaped.copy()
        self.mark = "."

    def is_like(self, pattern: str) -> np.ndarray:
        """Return which bodies match a pattern."""
        return self.good & true_of(pc.match_substring_regex(self.body, pattern))

    def note(self, code: str, chosen: np.ndarray, severity: Severity = "info", **values: Any) -> None:
        """Note something about the chosen values, with the first of them as an example."""
        self.notes.append(Finding(code, severity, {"column": self.name, "example": self.example(chosen), **values}))

    def example(self, chosen: np.ndarray) -> dict[str, str]:
        """Return the first of the chosen values with its place."""
        return self.found.example(chosen, self.where)

    def drop(self, bad: np.ndarray, fault: str, **values: Any) -> None:
        """Count texts among the bad ones, for a fault."""
        bad = bad & self.good
        self.faults.add(bad, fault, **values)
        self.good &= ~bad

    def one_currency(self) -> str:
        """Keep the currency of most rows, and the values without one; return its mark."""
        codes = self.parts.currency
        chosen = self.good & (codes != "")
        kinds = list(dict.fromkeys(codes[chosen]))
        if not kinds:
            return ""
        most = max(kinds, key=lambda kind: int(self.counts[chosen & (codes == kind)].sum()))
        usual = chosen & (codes == most)
        self.drop(chosen & (codes != most), "other_currency", others=self.example(usual))
        mark = str(self.parts.mark[int(np.argmax(usual))])
        self.note("number.currency", usual, mark=mark)
        return mark

    def one_percent(self) -> str:
        """Keep either the values with a percent sign or those without, except zeros; return "%" if they have it."""
        with_sign = self.good & self.parts.percent
        if not with_sign.any():
            return ""
        without = self.good & ~with_sign & ~self.is_like(r"^0*[.,]?0*$")
        if self.counts[with_sign].sum() >= self.counts[without].sum():
            self.drop(without, "no_percent_sign", others=self.example(with_sign))
            self.note("number.percent", with_sign)
            return "%"
        self.drop(with_sign, "percent_sign", others=self.example(without))
        return ""

    def one_decimal_mark(self) -> None:
        """Decide between decimal point and decimal comma; values that contradict the majority are bad."""
        point, comma = self.is_like(_POINT), self.is_like(_COMMA)
        self.good &= point | comma
        only_point, only_comma = point & ~comma, comma & ~point
        n_point, n_comma = int(self.counts[only_point].sum()), int(self.counts[only_comma].sum())
        if n_point or n_comma:
            first_point = n_point > 0 and (n_comma == 0 or np.argmax(only_point) < np.argmax(only_comma))
            self.mark = "." if n_point > n_comma or (n_point == n_comma and first_point) else ","
            usual, others = (only_point, only_comma) if self.mark == "." else (only_comma, only_point)
            if others.any():
                self.drop(others, "other_decimal_mark", mark=self.mark, others=self.example(usual))
        else:
            self._undecided(point & self.is_like(r"\."), point & self.is_like(","))

    def _undecided(self, points: np.ndarray, commas: np.ndarray) -> None:
        """Read a column whose commas or points all precede the last three digits, such as 1,234, and warn that it is a guess.

        If marks separate thousands, all whole numbers from 1,000 on have them and no smaller ones; decimals are seldom three, and end in
        a zero only if all numbers have three. The likelier reading is chosen.
        """
        if points.any() and commas.any():
            rarer, usual = (points, commas) if self.counts[points].sum() < self.counts[commas].sum() else (commas, points)
            self.drop(rarer, "other_mark", mark="," if usual is commas else ".", others=self.example(usual))
            points, commas = points & self.good, commas & self.good
        whole = self.is_like("^[0-9]+$")
        small, large = (whole & ~(thousands := self.is_like("^[1-9][0-9]{3,}$"))).any(), (whole & thousands).any()
        if commas.any():
            self.mark = "," if large else "."
            self._warn(commas, ",", thousands=self.mark == ".")
        elif points.any():
            grouped = bool(small and not large and self.is_like(r"\.[0-9]*0$").any())
            self.mark = "," if grouped else "."
            self._warn(points, ".", thousands=grouped)

    def _warn(self, chosen: np.ndarray, mark: str, *, thousands: bool) -> None:
        position, _ = self.found.first(chosen)
        digits = self.body[position].as_py()
        whole, part = float(digits.replace(".", "").replace(",", "")), float(digits.replace(",", "."))
        read_as, otherwise = (whole, part) if thousands else (part, whole)
        self.note("number.ambiguous_mark", chosen, "warning", mark=mark, read_as=read_as, otherwise=otherwise)

    def numbers(self) -> np.ndarray:
        """Return the values; numbers that float64 cannot hold become bad."""
        groups = "[., ']".replace(self.mark, "")
        body = pc.replace_substring_regex(self.body, groups, "")
        digits = pc.binary_join_element_wise(pc.replace_substring(body, ",", "."), self.parts.exponent, _NOTHING)
        values = pc.cast(pc.if_else(pa.array(self.good), digits, "nan"), pa.float64()).to_numpy(zero_copy_only=False)
        self.drop(np.isinf(values), "too_large")
        whole = true_of(pc.equal(self.parts.exponent, ""))
        self.drop((values >= EXACT) & whole, "too_long")
        return np.where(self.parts.minus, -values, values)

    def note_characters(self, other: np.ndarray) -> None:
        """Note texts with characters that only look like digits and signs."""
        if (chosen := other & self.good).any():
            self.note("number.characters", chosen, read_as=self.texts[self.found.first(chosen)[0]].as_py())

    def note_marks(self, values: np.ndarray) -> None:
        """Note which marks separate thousands or decimals, and unusual minus signs."""
        doubtful = any(note.severity == "warning" for note in self.notes)
        for mark in _MARKS:
            marked = self.good & true_of(pc.match_substring(self.body, mark))
            if marked.any() and not (doubtful and mark in ".,") and not mark == self.mark == ".":
                self._note_read("number.mark", marked, values, mark=mark, separates="decimals" if mark == self.mark else "thousands")
        for code, chosen in (("number.brackets", self.parts.brackets), ("number.minus_behind", self.parts.behind)):
            if (self.good & chosen).any():
                self._note_read(code, self.good & chosen, values)

    def _note_read(self, code: str, chosen: np.ndarray, values: np.ndarray, **more: Any) -> None:
        self.note(code, chosen, read_as=float(values[self.found.first(chosen)[0]]), **more)
