"""Where the rows and quotes of a CSV text lie, found by scans of its bytes, so that good files are never walked row by row."""

from __future__ import annotations

import array
import csv
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from segcore.errors import DataError
from segcore.sources.csvform import CsvForm, rows_of
from segcore.sources.encoding import line_at
from segcore.sources.headers import kind_of, kinds_of_columns

MAX_LINE = 8 * 2**20
MAX_VALUE = 2**20
_CHUNK = 2**22
_LF, _CR = 10, 13
_TYPED_ROWS = 200


@dataclass(frozen=True, slots=True)
class Lines:
    """The line each row begins in and ends with.

    Parameters
    ----------
    first, last : ndarray of shape (n_rows,), int64, or None
        From 1, the header's left out; ``None`` where each row has one line and follows the other.
    empty : int
        Empty lines between rows.
    """

    first: np.ndarray | None
    last: np.ndarray | None
    empty: int = 0


def quotes_are_clean(content: bytearray, form: CsvForm) -> bool:
    """Tell whether every quote opens a value, closes one, or stands doubled inside one, and the last one closes."""
    quote, borders = ord(form.quote), _borders(form)
    text = np.frombuffer(content, np.uint8)
    seen = 0
    for start in range(0, len(text), _CHUNK):
        found = np.flatnonzero(text[start : start + _CHUNK] == quote) + start
        if not len(found):
            continue
        opens = found[seen % 2 :: 2]
        closes = found[1 - seen % 2 :: 2]
        seen += len(found)
        before = np.where(opens > 0, text[np.maximum(opens - 1, 0)], _LF)
        after = np.where(closes + 1 < len(text), text[np.minimum(closes + 1, len(text) - 1)], _LF)
        if not (borders[before].all() and borders[after].all()):
            return False
    return seen % 2 == 0


def _borders(form: CsvForm) -> np.ndarray:
    borders = np.zeros(256, bool)
    borders[[_LF, _CR, ord(form.delimiter), ord(form.quote)]] = True
    return borders


def line_ends(content: bytearray) -> np.ndarray:
    """Return the position of the last byte of each line end (LF, CRLF or CR), ascending."""
    text = np.frombuffer(content, np.uint8)
    returns = content.find(b"\r") >= 0
    found = []
    for start in range(0, len(text), _CHUNK):
        chunk = text[start : start + _CHUNK]
        ends = chunk == _LF
        if returns:
            following = text[start + 1 : start + _CHUNK + 1]
            lone = chunk[: len(following)] == _CR
            lone &= following != _LF
            ends[: len(lone)] |= lone
            if len(following) < len(chunk):
                ends[-1] |= chunk[-1] == _CR
        found.append(np.flatnonzero(ends) + start)
    return np.concatenate(found)


def _outside(content: bytearray, positions: np.ndarray, quote: int) -> np.ndarray:
    """Tell of each position whether it is outside quotes, where those are clean."""
    text = np.frombuffer(content, np.uint8)
    outside = np.empty(len(positions), bool)
    seen = 0
    for start in range(0, len(text), _CHUNK):
        found = np.flatnonzero(text[start : start + _CHUNK] == quote) + start
        low, high = np.searchsorted(positions, (start, start + _CHUNK))
        outside[low:high] = (seen + np.searchsorted(found, positions[low:high])) % 2 == 0
        seen += len(found)
    return outside


def clean_lines(content: bytearray, form: CsvForm, ends: np.ndarray) -> Lines:
    """Return the lines of the rows below the header, where quotes are clean."""
    outside = np.flatnonzero(_outside(content, ends, ord(form.quote)))
    text = np.frombuffer(content, np.uint8)
    # One entry a row or empty line: the index of the line it begins with and of the one it ends with.
    last = outside
    if not len(ends) or ends[-1] + 1 < len(text):
        last = np.append(last, len(ends))
    first = np.append(0, last[:-1] + 1)
    begins = np.where(first > 0, ends[np.maximum(first - 1, 0)] + 1, 0) if len(ends) else np.zeros(1, np.int64)
    stops = np.where(last < len(ends), ends[np.minimum(last, len(ends) - 1)], len(text)) if len(ends) else np.array([len(text)])
    crlf = (stops < len(text)) & (stops > 0) & (text[np.minimum(stops, len(text) - 1)] == _LF) & (text[np.maximum(stops - 1, 0)] == _CR)
    filled = stops - crlf > begins
    rows = np.flatnonzero(filled)
    if not len(rows):
        return Lines(np.empty(0, np.int64), np.empty(0, np.int64))
    empty = int((~filled[rows[0] : rows[-1] + 1]).sum())
    offset = form.header_line - int(first[rows[0]])
    return Lines(first[rows][1:] + offset, last[rows][1:] + offset, empty)


def walk(content: bytearray, form: CsvForm, name: str) -> Lines:
    """Return the lines of the rows below the header, row by row: for files whose quotes are not clean.

    Raises
    ------
    DataError
        At the first row that is broken: another number of values than the header, a quote that is never closed, text after one that is.
    """
    first, last = array.array("q"), array.array("q")
    offset, empty, at, width = form.header_line - 1, 0, 1, len(form.header)
    # The header is the first row that is not empty; its line is known.
    begun = False
    try:
        for begin, end, row in rows_of(content, form.delimiter, form.quote, strict=True):
            at = end + 1
            if not row:
                empty += begun
                continue
            if not begun:
                offset, begun = form.header_line - begin, True
                continue
            if len(row) != width:
                raise DataError(_ragged(name, row, begin + offset, end + offset, form))
            first.append(begin + offset)
            last.append(end + offset)
    except csv.Error:
        raise _broken_quote(content, form, name, at, offset) from None
    return Lines(np.array(first, np.int64), np.array(last, np.int64), empty)


def _ragged(name: str, row: list[str], first: int, last: int, form: CsvForm) -> str:
    width, count = len(form.header), "1 value" if len(row) == 1 else f"{len(row):,} values"
    header = f"the header (line {form.header_line})" if form.header_line > 1 else "the header"
    if len(row) > width:
        remedy = f"correct the line, or put values with {_delimiter_inside(form)} in quotes"
    elif last > first and any("\n" in value or "\r" in value for value in row):
        remedy = f"correct it; a value goes on until line {last}: is a quote there too many?"
        return f"{name} has {count} in line {first}, where {header} has {width:,}: {remedy}"
    else:
        remedy = "correct the line"
    return f"{name} has {count} in line {first}, where {header} has {width:,}: {remedy}."


def _delimiter_inside(form: CsvForm) -> str:
    return "a comma" if form.delimiter == "," else "a semicolon" if form.delimiter == ";" else "the delimiter"


def _broken_quote(content: bytearray, form: CsvForm, name: str, line: int, offset: int) -> DataError:
    """Return what is wrong with the row that begins in a line: where a quote opens that is never closed, or has text after it."""
    ends = line_ends(content)
    start = int(ends[line - 2]) + 1 if line > 1 else 0
    for opened, closed in _quoted(content, form, start):
        opened_line = line_at(content, opened) + offset
        if closed is None:
            return DataError(
                f"{name} has a quote in line {opened_line} that is never closed: close it, or take it out (inside a value it is doubled)."
            )
        if content[closed + 1 : closed + 2] not in (b"", b"\n", b"\r", form.delimiter.encode()):
            closed_line = line_at(content, closed) + offset
            where = f"line {closed_line}" if closed_line == opened_line else f"line {closed_line} (the quote opened in line {opened_line})"
            return DataError(
                f"{name} has text after a closing quote in {where}: take the quote out, or double it where it belongs to the value."
            )
    return DataError(f"{name} has a quote out of place in line {line + offset}: close it, or take it out.")


def _quoted(content: bytearray, form: CsvForm, start: int) -> Iterator[tuple[int, int | None]]:
    """Yield where each quoted value from a row's begin on opens and closes; ``None`` where it never does."""
    quote, delimiter = form.quote.encode(), form.delimiter.encode()
    position = start
    while position < len(content):
        if content[position : position + 1] == quote:
            opened, position = position, position + 1
            while True:
                closed = content.find(quote, position)
                if closed < 0:
                    yield opened, None
                    return
                if content[closed + 1 : closed + 2] != quote:
                    break
                position = closed + 2
            yield opened, closed
            position = closed + 1
        found = [at for at in (content.find(end, position, position + MAX_LINE) for end in (delimiter, b"\n", b"\r")) if at >= 0]
        if not found:
            return
        position = min(found) + 1


def refuse_swallowed(content: bytearray, form: CsvForm, name: str, lines: Lines, ends: np.ndarray, sample: list[list[str]]) -> None:
    """Raise where a quoted value holds what were rows: each of its lines has as many delimiters as a row, and the kinds of values.

    Parameters
    ----------
    lines : Lines
        Of the rows below the header.
    ends : ndarray of int
        Where the lines of the content end.
    sample : list of rows
        Some rows of the table, to know what kinds of values its columns hold.
    """
    width = len(form.header)
    if lines.first is None or lines.last is None or width < 2:
        return
    several = np.flatnonzero(lines.last > lines.first)
    if not len(several):
        return
    shift = form.header_line - _header_index(content) - 1
    first, last = lines.first[several] - 1 - shift, lines.last[several] - 1 - shift
    begins = np.where(first > 0, ends[np.maximum(first - 1, 0)] + 1, 0)
    stops = np.where(last < len(ends), ends[np.minimum(last, len(ends) - 1)], len(content))
    kinds = kinds_of_columns([row for row in sample if not any("\n" in value or "\r" in value for value in row)], width)
    delimiter = form.delimiter.encode()
    for begin, stop, line, end in zip(begins.tolist(), stops.tolist(), first.tolist(), last.tolist(), strict=True):
        if content.count(delimiter, begin, stop) != (end - line + 1) * (width - 1):
            continue
        if _are_rows(bytes(content[begin:stop]), form, kinds):
            spans = ((opened, stop if closed is None else closed) for opened, closed in _quoted(content, form, begin))
            lines_of = ((line_at(content, opened) + shift, line_at(content, closed) + shift) for opened, closed in spans)
            opened, closed = next((span for span in lines_of if span[1] > span[0]), (line + shift + 1, end + shift + 1))
            raise DataError(
                f"{name} has a quote in line {opened} that is closed only in line {closed}, and what is between looks like rows: close it "
                f"in line {opened}, or take it out."
            )


def _header_index(content: bytearray) -> int:
    """Return how many empty lines stand above the header."""
    blank = len(content) - len(content.lstrip(b"\r\n"))
    return line_at(content, blank) - 1 if blank else 0


def _are_rows(text: bytes, form: CsvForm, kinds: list[str]) -> bool:
    rows = [line.split(form.delimiter) for line in text.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    if any(len(row) != len(kinds) for row in rows):
        return False
    typed = [position for position, kind in enumerate(kinds) if kind in ("number", "date")]
    if not typed:
        return len(kinds) > 3 or (form.delimiter != "," and len(rows) > 2)
    return all(kind_of(row[position].strip().strip(form.quote)) in (kinds[position], "missing") for row in rows for position in typed)
