"""Texts as numbers: their signs, currencies and percent signs, and which of comma and point is the decimal mark of a column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.number_parts import take_apart
from segcore.data.columns.text import Distinct, Where, blanks, plain_characters, true_of
from segcore.records.dataset import Note
from segcore.records.finding import Finding
from segcore.wording.quotes import quoted

EXACT = 2.0**53  # from here on not every whole number has a floating number of its own
TOO_LONG = ", which has more digits than a number can hold (is it an id?)"
_TOO_LARGE = ", which is too large"
_INFINITE = ", which is no finite number"
_POINT = r"^(?:[0-9]+|[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+|(?: [0-9]{3})+|(?:'[0-9]{3})+)|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3})?(?:\.[0-9]*)?$"
_COMMA = r"^(?:[0-9]+|[1-9][0-9]{0,2}(?:(?:\.[0-9]{3})+|(?: [0-9]{3})+|(?:'[0-9]{3})+))?(?:,[0-9]*)?$"
_MARKS = {".": "points", ",": "commas", " ": "spaces", "'": "apostrophes"}
_NOTHING = pa.scalar("", pa.large_string())


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What the distinct texts of a column are as numbers.

    Parameters
    ----------
    values : ndarray of shape (n_values,), float64
        NaN where bad or missing.
    bad : ndarray of shape (n_values,), bool
    why : mapping of str to ndarray of shape (n_values,), bool
        What is wrong, as it follows the value in a message, and of which; bad texts that are simply no number are in none.
    notes : tuple of Finding
    unit : str
    """

    values: np.ndarray
    bad: np.ndarray
    why: dict[str, np.ndarray]
    notes: tuple[Finding, ...]
    unit: str

    def reason(self, position: int) -> str:
        """Return what is wrong with a bad text, as it follows the value in a message."""
        return next((text for text, which in self.why.items() if which[position]), "")


def may_be_numbers(text: pa.Array) -> bool:
    """Tell whether every text, taken by itself, is a number or stands for a missing one."""
    plain, _ = plain_characters(text)
    return bool((take_apart(plain).shaped | true_of(pc.is_null(text)) | true_of(blanks(plain))).all())


def read_texts(found: Distinct, *, name: str, where: Where) -> Reading:
    """Read the distinct texts of a column of numbers; which rows have which decides between forms that contradict each other."""
    texts, other = plain_characters(found.values)
    missing = true_of(blanks(texts))
    column = _Column(found, texts, name, where)
    column.why[_INFINITE] = true_of(pc.match_substring_regex(texts, r"(?i)^[+-]?(inf|infinity|∞)$"))
    column.why[TOO_LONG] = ~column.good & true_of(pc.match_substring_regex(texts, r"^[+-]?[0-9]{20}[0-9.,]*$"))
    unit = column.one_currency() + column.one_percent()
    column.one_decimal_mark()
    values = column.numbers()
    column.say_characters(other)
    column.say_signs(values)
    if missing.any():
        count = found.count(missing)
        first = f"{count:,} {'value' if count == 1 else 'values'} of {name}, the first {found.quote(missing, where)}, "
        column.say(f"{first}{'is' if count == 1 else 'are'} taken for missing.")
    bad = ~column.good & ~missing
    return Reading(np.where(column.good, values, np.nan), bad, column.why, tuple(column.notes), unit)


class _Column:
    """The distinct texts of a column taken apart, and what was found out about them."""

    def __init__(self, found: Distinct, texts: pa.Array, name: str, where: Where) -> None:
        self.found, self.texts, self.name, self.where = found, texts, name, where
        self.counts = found.counts
        self.notes: list[Finding] = []
        self.why: dict[str, np.ndarray] = {}
        self.parts = take_apart(texts)
        self.body = self.parts.body
        self.good = self.parts.shaped.copy()
        self.mark = "."

    def is_like(self, pattern: str) -> np.ndarray:
        """Return which bodies match a pattern."""
        return self.good & true_of(pc.match_substring_regex(self.body, pattern))

    def say(self, text: str) -> None:
        """Note something."""
        self.notes.append(Note("info", text))

    def quote(self, chosen: np.ndarray) -> str:
        """Return the first of the chosen values with its place."""
        return self.found.quote(chosen, self.where)

    def drop(self, bad: np.ndarray, why: str = "") -> None:
        """Take texts for bad ones."""
        bad &= self.good
        if why and bad.any():
            self.why[why] = bad | self.why.get(why, False)
        self.good &= ~bad

    def one_currency(self) -> str:
        """Keep the currency that most rows have, and the values without one; return its mark."""
        codes = self.parts.currency
        chosen = self.good & (codes != "")
        kinds = list(dict.fromkeys(codes[chosen]))
        if not kinds:
            return ""
        most = max(kinds, key=lambda kind: int(self.counts[chosen & (codes == kind)].sum()))
        usual = chosen & (codes == most)
        self.drop(chosen & (codes != most), f", though others are in another currency, such as {self.quote(usual)}")
        mark = str(self.parts.mark[int(np.argmax(usual))])
        self.say(f"{self.name} is written with {mark}, such as {self.quote(usual)}: read as plain numbers.")
        return mark

    def one_percent(self) -> str:
        """Keep either the values with a percent sign or those without, zeros apart; return "%" where they have it."""
        with_sign = self.good & self.parts.percent
        if not with_sign.any():
            return ""
        without = self.good & ~with_sign & ~self.is_like(r"^0*[.,]?0*$")
        if self.counts[with_sign].sum() >= self.counts[without].sum():
            self.drop(without, f", though others have a percent sign, such as {self.quote(with_sign)}")
            self.say(f"{self.name} is written with %, such as {self.quote(with_sign)}: read as numbers of percent, 12 % as 12.")
            return "%"
        self.drop(with_sign, f", though others have no percent sign, such as {self.quote(without)}")
        return ""

    def one_decimal_mark(self) -> None:
        """Find out whether a point or a comma parts the decimals; values that say otherwise than most are bad."""
        point, comma = self.is_like(_POINT), self.is_like(_COMMA)
        self.good &= point | comma
        only_point, only_comma = point & ~comma, comma & ~point
        n_point, n_comma = int(self.counts[only_point].sum()), int(self.counts[only_comma].sum())
        if n_point or n_comma:
            first_point = n_point > 0 and (n_comma == 0 or np.argmax(only_point) < np.argmax(only_comma))
            self.mark = "." if n_point > n_comma or (n_point == n_comma and first_point) else ","
            usual, others = (only_point, only_comma) if self.mark == "." else (only_comma, only_point)
            mark = "point" if self.mark == "." else "comma"
            if others.any():
                self.drop(others, f", though others have a decimal {mark}, such as {self.quote(usual)}")
        else:
            self._undecided(point & self.is_like(r"\."), point & self.is_like(","))

    def _undecided(self, points: np.ndarray, commas: np.ndarray) -> None:
        """Read a column all of whose commas or points stand before the last three digits, such as 1,234, and say that it is a guess.

        Thousands are parted in whole numbers from 1,000 on, in all of them, and none below; decimals are seldom three, and end in a
        zero only where all numbers have three. What is likelier by that is taken.
        """
        if points.any() and commas.any():
            rarer, usual = (points, commas) if self.counts[points].sum() < self.counts[commas].sum() else (commas, points)
            self.drop(rarer, f", though others have it the other way round, such as {self.quote(usual)}")
            points, commas = points & self.good, commas & self.good
        whole = self.is_like("^[0-9]+$")
        small, large = (whole & ~(thousands := self.is_like("^[1-9][0-9]{3,}$"))).any(), (whole & thousands).any()
        if commas.any():
            self.mark = "," if large else "."
            self._warn(commas, "commas", thousands=self.mark == ".")
        elif points.any():
            grouped = bool(small and not large and self.is_like(r"\.[0-9]*0$").any())
            self.mark = "," if grouped else "."
            self._warn(points, "points", thousands=grouped)

    def _warn(self, chosen: np.ndarray, marks: str, *, thousands: bool) -> None:
        position, _ = self.found.first(chosen)
        digits = self.body[position].as_py()
        whole, part = float(digits.replace(".", "").replace(",", "")), float(digits.replace(",", "."))
        taken, other = (whole, part) if thousands else (part, whole)
        text = (
            f"{self.name} does not tell whether its {marks} part thousands or decimals: {self.quote(chosen)} is read as {taken:.15g}; "
            f"where it is {other:.15g}, write it so."
        )
        self.notes.append(Note("warning", text))

    def numbers(self) -> np.ndarray:
        """Return the values; what float64 does not hold becomes bad."""
        groups = "[., ']".replace(self.mark, "")
        body = pc.replace_substring_regex(self.body, groups, "")
        digits = pc.binary_join_element_wise(pc.replace_substring(body, ",", "."), self.parts.exponent, _NOTHING)
        values = pc.cast(pc.if_else(pa.array(self.good), digits, "nan"), pa.float64()).to_numpy(zero_copy_only=False)
        self.drop(np.isinf(values), _TOO_LARGE)
        whole = true_of(pc.equal(self.parts.exponent, ""))
        self.drop((values >= EXACT) & whole, TOO_LONG)
        return np.where(self.parts.minus, -values, values)

    def say_characters(self, other: np.ndarray) -> None:
        """Say which texts have characters that only look like digits and signs."""
        if (other & self.good).any():
            position, row = self.found.first(other & self.good)
            first = f"{quoted(self.found.values[position], plain=True)} in {self.where(row)} is read as {quoted(self.texts[position])}"
            self.say(f"{self.name} has other characters than plain digits and signs: {first}.")

    def say_signs(self, values: np.ndarray) -> None:
        """Say what marks were read as parting, and what else stands for a minus."""
        doubtful = any(note.severity == "warning" for note in self.notes)
        for mark, title in _MARKS.items():
            marked = self.good & true_of(pc.match_substring(self.body, mark))
            if marked.any() and not (doubtful and mark in ".,") and not mark == self.mark == ".":
                what = "decimals" if mark == self.mark else "thousands"
                self._example(f"{title.capitalize()} in {self.name} are read as parting {what}", marked, values)
        brackets, behind = self.good & self.parts.brackets, self.good & self.parts.behind
        if brackets.any():
            self._example(f"Brackets in {self.name} are read as negative", brackets, values)
        if behind.any():
            self._example(f"A minus behind the number in {self.name} is read as negative", behind, values)

    def _example(self, what: str, chosen: np.ndarray, values: np.ndarray) -> None:
        self.say(f"{what}: {self.quote(chosen)} is {values[self.found.first(chosen)[0]]:.15g}.")
