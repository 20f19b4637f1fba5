"""Parts of numbers in text: digits and the marks between them, signs, brackets, currency, percent sign, exponent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.text import true_of

_CODES = (
    "USD|EUR|GBP|JPY|CNY|RMB|CHF|AUD|CAD|NZD|SEK|NOK|DKK|ISK|PLN|CZK|HUF|RON|BGN|HRK|RSD|TRY|RUB|UAH|ILS|AED|SAR|QAR|KWD|EGP|ZAR|NGN|"
    "KES|GHS|MAD|TND|INR|PKR|LKR|BDT|NPR|IDR|MYR|SGD|THB|VND|PHP|KRW|TWD|HKD|BRL|MXN|ARS|CLP|COP|PEN|UYU"
)
_CURRENCY = rf"(?:US|CA|AU|NZ|HK|MX|[ACRS])?\$|\p{{Sc}}|(?:{_CODES})|kr\.?|zł|Kč|Ft|S?Fr\.|Rs\.?"
_SAME_CURRENCY = {
    "$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "Rs": "INR", "Rs.": "INR", "zł": "PLN", "Kč": "CZK",
    "Ft": "HUF", "Fr.": "CHF", "SFr.": "CHF", "R$": "BRL", "C$": "CAD", "CA$": "CAD", "A$": "AUD", "AU$": "AUD", "NZ$": "NZD",
    "S$": "SGD", "HK$": "HKD", "MX$": "MXN", "RMB": "CNY", "kr.": "kr", "₽": "RUB", "₺": "TRY", "₩": "KRW", "₪": "ILS", "₴": "UAH",
}  # fmt: skip
# The first pattern needs no backtracking, which makes it fast; what surrounds the digits has few different texts.
_AROUND = r"^(?P<front>[^0-9]*)(?P<body>[0-9][0-9., ']*)(?P<behind>(?:[^0-9., '].*)?)$"
_FRONT = rf"^(?P<first>{_CURRENCY})? ?(?P<bracket>\()?(?P<sign>[+-])? ?(?P<currency>{_CURRENCY})? ?(?P<inner>[+-])?(?P<point>[.,])?$"
_BEHIND = rf"^(?P<dash>--?)?(?P<exponent>[eE][+-]?[0-9]{{1,4}})? ?(?P<percent>%)? ?(?P<currency>{_CURRENCY})?(?P<sign>-)?(?P<bracket>\))?$"
_NOTHING = pa.scalar("", pa.large_string())
_LONGEST = 64  # bytes


@dataclass(frozen=True, slots=True, eq=False)
class NumberParts:
    """Parts of distinct texts, arrays of shape (n_values,).

    Parameters
    ----------
    shaped : bool
        Which texts may be numbers, judged by the characters around the digits.
    body : pyarrow Array of large_string
        Digits and the marks between them; "" where the text is not a number.
    exponent : pyarrow Array of large_string
        Such as ``e+05``.
    minus, brackets, behind : bool
        Which are negative; by brackets; by a minus after the number.
    percent : bool
    currency : ndarray of object
        Its code, "" without one.
    mark : ndarray of object
        The currency as it is written.
    """

    shaped: np.ndarray
    body: pa.Array
    exponent: pa.Array
    minus: np.ndarray
    brackets: np.ndarray
    behind: np.ndarray
    percent: np.ndarray
    currency: np.ndarray
    mark: np.ndarray


def split_numbers(texts: pa.Array) -> NumberParts:
    """Parse texts of ASCII digits and signs as numbers; null is not a number."""
    short = pc.if_else(pc.less_equal(pc.binary_length(texts), _LONGEST), texts, "")
    around = pc.extract_regex(pc.fill_null(short, ""), _AROUND)
    there = around.is_valid().to_numpy(zero_copy_only=False)
    before, digits, after = (pc.if_else(pa.array(there), around.field(part), "") for part in ("front", "body", "behind"))
    front, behind = _Affix(before, _FRONT), _Affix(after, _BEHIND)
    body = pc.utf8_rtrim_whitespace(digits)
    if front.has("point").any():
        body = pc.binary_join_element_wise(front.text("point"), body, _NOTHING)
    # In "5,-" the dash means no cents.
    cents = behind.has("dash") & true_of(pc.match_substring_regex(body, "[.,]$"))
    trailing = (behind.has("dash") & ~cents) | behind.has("sign")
    brackets = front.has("bracket") & behind.has("bracket")
    signs = front.has("sign").astype(int) + front.has("inner") + trailing + brackets
    currencies = front.has("first").astype(int) + front.has("currency") + behind.has("currency")
    doubled = (behind.is_("dash", "--") & ~cents) | (behind.has("dash") & (behind.has("sign") | behind.has("exponent")))
    unpaired = front.has("bracket") != behind.has("bracket")
    mark = front.texts("first") + front.texts("currency") + behind.texts("currency")
    return NumberParts(
        shaped=there & front.fits & behind.fits & ~unpaired & ~doubled & (signs <= 1) & (currencies <= 1),
        body=body,
        exponent=behind.text("exponent"),
        minus=trailing | brackets | front.is_("sign", "-") | front.is_("inner", "-"),
        brackets=brackets,
        behind=trailing,
        percent=behind.has("percent"),
        currency=_codes(mark),
        mark=mark,
    )


class _Affix:
    """Characters before or after the digits; each distinct text is matched once."""

    def __init__(self, texts: pa.Array, pattern: str) -> None:
        encoded = texts.dictionary_encode()
        self._parts = pc.extract_regex(encoded.dictionary, pattern)
        self._rows = encoded.indices.to_numpy()
        self.fits = self._spread(self._parts.is_valid().to_numpy(zero_copy_only=False))

    def _spread(self, values: np.ndarray) -> np.ndarray:
        return values[self._rows]

    def has(self, part: str) -> np.ndarray:
        """Return which texts have a part."""
        return self.fits & self._spread(true_of(pc.not_equal(self._parts.field(part), "")))

    def is_(self, part: str, text: str) -> np.ndarray:
        """Return which texts have a part with the given text."""
        return self.fits & self._spread(true_of(pc.equal(self._parts.field(part), text)))

    def texts(self, part: str) -> np.ndarray:
        """Return a part of each text that fits, as objects; "" if it is missing."""
        return self._spread(np.array(self._parts.field(part).to_pylist(), dtype=object))

    def text(self, part: str) -> pa.Array:
        """Return a part of each text; "" if it is missing."""
        return self._parts.field(part).take(pa.array(self._rows))


def _codes(marks: np.ndarray) -> np.ndarray:
    if not (marks != "").any():
        return marks
    return np.array([_SAME_CURRENCY.get(mark, mark) for mark in marks.tolist()], dtype=object)
