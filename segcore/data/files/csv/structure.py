"""Structure of CSV text: rows and quotes, located by scanning bytes, so that good files are never read row by row."""

from __future__ import annotations

import array
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from segcore.data.files.csv.dialect import CsvForm, rows_of
from segcore.data.files.encoding import line_at
from segcore.data.files.header_row import kind_of, kinds_of_columns
from segcore.errors import SegcoreError
from segcore.wording.findings import refusal

MAX_LINE = 8 * 2**20
MAX_VALUE = 2**20
_CHUNK = 2**22
_LF, _CR = 10, 13
_MOST_CHECKED = 20_000


@dataclass(frozen=True, slots=True)
class Lines:
    """First and last line of each row.

    Parameters
    ----------
    first, last : ndarray of shape (n_rows,), int64, or None
        From 1, without the header; ``None`` if each row is one line, without gaps.
    empty : int
        Empty lines between rows.
    """

    first: np.ndarray | None
    last: np.ndarray | None
    empty: int = 0


@dataclass(frozen=True, slots=True)
class Records:
    """Lines of a text that are not empty; lines joined by quotes count as one.

    Parameters
    ----------
    begin, stop : ndarray of int64
        Bytes of each, without its line end.
    first, last : ndarray of int64
        Lines of each, from 0.
    empty : int
        Empty lines between them.
    """

    begin: np.ndarray
    stop: np.ndarray
    first: np.ndarray
    last: np.ndarray
    empty: int


def quotes_are_clean(content: bytearray, form: CsvForm) -> bool:
    """Tell whether every quote opens a value, closes one, or is doubled inside one, and the last one closes."""
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


def _line_ends(content: bytearray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the start of each chunk, and the positions of the last bytes of its line ends (LF, CRLF or CR)."""
    text = np.frombuffer(content, np.uint8)
    returns = content.find(b"\r") >= 0
    for start in range(0, len(text), _CHUNK):
        chunk = text[start : start + _CHUNK]
        ends = chunk == _LF
        if returns:
            following = np.append(text[start + 1 : start + _CHUNK + 1], [0] if start + _CHUNK >= len(text) else []).astype(np.uint8)
            ends |= (chunk == _CR) & (following != _LF)
        yield start, np.flatnonzero(ends) + start


def find_records(content: bytearray, quote: str = "") -> Records:
    """Return the lines that are not empty; lines joined by clean quotes count as one."""
    text = np.frombuffer(content, np.uint8)
    found: list[tuple[np.ndarray, ...]] = []
    quotes = line = begin = begin_line = index = 0
    first_index = last_index = 0
    for start, ends in _line_ends(content):
        lines = line + np.arange(len(ends))
        line += len(ends)
        if quote:
            marks = np.flatnonzero(text[start : start + _CHUNK] == ord(quote)) + start
            outside = (quotes + np.searchsorted(marks, ends)) % 2 == 0
            ends, lines = ends[outside], lines[outside]
            quotes += len(marks)
        if not len(ends):
            continue
        begins, firsts = np.append(begin, ends[:-1] + 1), np.append(begin_line, lines[:-1] + 1)
        stops = ends - ((text[ends] == _LF) & (ends > 0) & (text[np.maximum(ends - 1, 0)] == _CR))
        filled = np.flatnonzero(stops > begins)
        if len(filled):
            first_index = first_index if found else index + int(filled[0])
            last_index = index + int(filled[-1])
            found.append((begins[filled], stops[filled], firsts[filled], lines[filled]))
        begin, begin_line, index = int(ends[-1]) + 1, int(lines[-1]) + 1, index + len(ends)
    if begin < len(text):
        first_index, last_index = first_index if found else index, index
        found.append(tuple(np.array([value]) for value in (begin, len(text), begin_line, line)))
    if not found:
        none = np.empty(0, np.int64)
        return Records(none, none, none, none, 0)
    begin_of, stop_of, first_of, last_of = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Records(begin_of, stop_of, first_of, last_of, last_index - first_index + 1 - len(begin_of))


def _positions(content: bytearray, lines: np.ndarray) -> np.ndarray:
    """Return the start of lines (from 0, ascending); the end of the text for lines beyond it."""
    positions = np.full(len(lines), len(content), np.int64)
    positions[lines == 0] = 0
    seen = 0
    for _, ends in _line_ends(content):
        low, high = np.searchsorted(lines, (seen + 1, seen + len(ends) + 1))
        positions[low:high] = ends[lines[low:high] - seen - 1] + 1
        seen += len(ends)
    return positions


def first_ragged(content: bytearray, form: CsvForm, name: str, row: int, count: int) -> SegcoreError:
    """Return the error for a row with a wrong number of values, in text with clean quotes.

    Parameters
    ----------
    row : int
        Its position among the rows that are not empty; 0 is the header.
    count : int
        Number of its values.
    """
    found = find_records(content, form.quote)
    shift = form.header_line - int(found.first[0])
    return _ragged(name, count, int(found.first[row]) + shift, int(found.last[row]) + shift, form)


def walk(content: bytearray, form: CsvForm, name: str) -> Lines:
    """Return the lines of the rows below the header, row by row: for files whose quotes are not clean.

    Raises
    ------
    DataError
        For the first broken row: a wrong number of values, a quote that is never closed, or text after a closing quote.
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
                raise _ragged(name, len(row), begin + offset, end + offset, form)
            first.append(begin + offset)
            last.append(end + offset)
    except csv.Error:
        raise _broken_quote(content, form, name, at, offset) from None
    return Lines(np.array(first, np.int64), np.array(last, np.int64), empty)


def _ragged(name: str, count: int, first: int, last: int, form: CsvForm) -> SegcoreError:
    return refusal(
        "csv.ragged",
        file=name,
        values=count,
        line=first,
        last_line=last,
        columns=len(form.header),
        header_line=form.header_line,
        delimiter=form.delimiter,
    )


def _broken_quote(content: bytearray, form: CsvForm, name: str, line: int, offset: int) -> SegcoreError:
    """Return the fault of the row that begins in a line: a quote that is never closed, or that has text after it."""
    start = int(_positions(content, np.array([line - 1]))[0])
    for opened, closed in _quoted(content, form, start):
        opened_line = line_at(content, opened) + offset
        if closed is None:
            return refusal("csv.open_quote", file=name, line=opened_line)
        if content[closed + 1 : closed + 2] not in (b"", b"\n", b"\r", form.delimiter.encode()):
            closed_line = line_at(content, closed) + offset
            return refusal("csv.text_behind_quote", file=name, line=closed_line, opened=opened_line)
    return refusal("csv.stray_quote", file=name, line=line + offset)


def _quoted(content: bytearray, form: CsvForm, start: int) -> Iterator[tuple[int, int | None]]:
    """Yield where each quoted value opens and closes, from the start of a row on; ``None`` if it never closes."""
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


def clean_lines(content: bytearray, form: CsvForm, name: str, sample: list[list[str]]) -> Lines:
    """Return the lines of the rows below the header, by scans, for text with clean quotes.

    Parameters
    ----------
    sample : list of rows
        Some rows of the table, which show the kinds of values in its columns.

    Raises
    ------
    DataError
        If a quoted value contains rows.
    """
    found = find_records(content, form.quote)
    shift = form.header_line - int(found.first[0]) if len(found.first) else 0
    several = np.flatnonzero(found.last > found.first)
    several = several[several > 0]
    refuse_swallowed(content, form, name, np.column_stack([found.begin[several], found.stop[several]]), shift, sample)
    return Lines(found.first[1:] + shift, found.last[1:] + shift, found.empty)


def check_walked(content: bytearray, form: CsvForm, name: str, lines: Lines, sample: list[list[str]]) -> None:
    """Raise if a quoted value contains rows, for lines that were found row by row."""
    if lines.first is None or lines.last is None:
        return
    shift = form.header_line - line_at(content, _past_empty(content)) + 1
    several = lines.last > lines.first
    begins = _positions(content, lines.first[several] - shift)
    stops = _positions(content, lines.last[several] - shift + 1)
    refuse_swallowed(content, form, name, np.column_stack([begins, stops]), shift, sample)


def _past_empty(content: bytearray) -> int:
    blank = re.compile(rb"[\r\n]*+").match(content)
    return blank.end() if blank else 0


def refuse_swallowed(content: bytearray, form: CsvForm, name: str, spans: np.ndarray, shift: int, sample: list[list[str]]) -> None:
    """Raise if rows of several lines contain rows: each line has the delimiters of a row and its kinds of values.

    Parameters
    ----------
    spans : ndarray of shape (n, 2), int64
        The bytes of rows that have several lines.
    shift : int
        What to add to the index of a line for its number.
    sample : list of rows
        Some rows of the table.
    """
    width = len(form.header)
    if width < 2 or not len(spans):
        return
    kinds = kinds_of_columns([row for row in sample if not any("\n" in value or "\r" in value for value in row)], width)
    for begin, stop in spans[_full(content, form, spans)][:_MOST_CHECKED].tolist():
        if not _are_rows(bytes(content[begin:stop]), form, kinds):
            continue
        quoted = ((opened, stop if closed is None else closed) for opened, closed in _quoted(content, form, begin))
        lines = ((line_at(content, opened) + shift - 1, line_at(content, closed) + shift - 1) for opened, closed in quoted)
        opened, closed = next((span for span in lines if span[1] > span[0]), (0, 0))
        raise refusal("csv.swallowed_rows", file=name, opened=opened, closed=closed)


def _full(content: bytearray, form: CsvForm, spans: np.ndarray) -> np.ndarray:
    """Tell which spans have as many delimiters, in quotes or not, as if each of their lines were a row."""
    delimiters, feeds, returns = (_count_within(content, ord(letter), spans) for letter in (form.delimiter, "\n", "\r"))
    # CRLF counts as either; spans with mixed line ends are rare, so that checking them in vain is cheap.
    breaks = np.maximum(feeds, returns)
    return delimiters >= breaks * (len(form.header) - 1)


def _count_within(content: bytearray, byte: int, spans: np.ndarray) -> np.ndarray:
    """Return how often a byte occurs in each span; spans are ascending and do not overlap."""
    text = np.frombuffer(content, np.uint8)
    borders = spans.ravel()
    counts = np.empty(len(borders), np.int64)
    seen = low = 0
    for start in range(0, len(text), _CHUNK):
        found = np.flatnonzero(text[start : start + _CHUNK] == byte) + start
        high = int(np.searchsorted(borders, start + _CHUNK)) if start + _CHUNK < len(text) else len(borders)
        counts[low:high] = seen + np.searchsorted(found, borders[low:high])
        seen, low = seen + len(found), high
    return np.diff(counts.reshape(-1, 2)).ravel()


def _are_rows(text: bytes, form: CsvForm, kinds: list[str]) -> bool:
    lines = text.decode().replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    if any(line.count(form.delimiter) != len(kinds) - 1 for line in lines):
        return False
    rows = [line.split(form.delimiter) for line in lines]
    typed = [position for position, kind in enumerate(kinds) if kind in ("number", "date")]
    if not typed:
        return len(kinds) > 3 or (form.delimiter != "," and len(rows) > 2)
    return all(kind_of(row[position].strip().strip(form.quote)) in (kinds[position], "missing") for row in rows for position in typed)
