"""Dialect of a CSV file, detected from its first lines: delimiter, quotes, and header line."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from segcore.data.files.csv.nameless_columns import Namer, are_films
from segcore.data.files.header_row import TitleRule, find_header, kinds_of_columns, looks_like_data
from segcore.data.files.raw import MAX_COLUMNS
from segcore.errors import ParameterError
from segcore.records.data_rules import ReadOptions
from segcore.records.finding import Remedy
from segcore.wording.findings import refusal

csv.field_size_limit(2**31 - 1)  # our own limit names line and column; csv's limit of 128 KiB would apply first
_COMMON = (",", ";", "\t", "|")
_RARE = (":", "^", "~", "\x1f", "\x01", "#", "¦", "§", "¬", "þ", "!", "*")
_SAMPLE_ROWS = 200
_SAMPLE_BYTES = 2**19
_MOSTLY = 0.9
_SHOWN_LETTERS = 100
_MOST_LETTERS = 10_000  # of a column's name
# A short line of several values is a broken row, not a title. The line proposed as the header needs no proof: a person confirms it.
_TITLES = TitleRule(title_share=0, names_share=0, deepest=_SAMPLE_ROWS, proof=False)
_DOUBLE_COLON = "::"  # MovieLens' delimiter
_NO_QUOTE = "\x04"  # where quotes have no meaning, since no text has it
_SEPARATOR_LINE = re.compile(rb'("?sep=([^\r\n"\\])"?)(?=\r?\n|\r)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CsvForm:
    """Form of the rows.

    Parameters
    ----------
    delimiter : str
        One character, or ``::``.
    quote : str
        A double or a single quote, or a character that no text has where values are never in quotes.
    header : tuple of str
        The values of the header row.
    header_line : int
        Its line, from 1; the line before the rows if ``made_up``.
    above : int
        Bytes before the header, which are skipped.
    titles : int
        Lines before the header that are not empty.
    made_up : bool
        Whether the file has no header, and ``header`` are names for its columns.
    """

    delimiter: str
    quote: str
    header: tuple[str, ...]
    header_line: int
    above: int
    titles: int
    made_up: bool = False

    @property
    def quoted(self) -> bool:
        """Whether values may be in quotes."""
        return self.quote != _NO_QUOTE


def find_form(content: bytearray, name: str, reading: ReadOptions, namer: Namer | None = None) -> CsvForm:
    """Detect the form of UTF-8 text.

    Parameters
    ----------
    content : bytearray
    name : str
        Name of the file in messages.
    reading : ReadOptions
    namer : callable or None
        Names the columns if the file has no header; ``None``, or a namer that returns ``None``, refuses it.

    Raises
    ------
    ParameterError
        If the chosen delimiter cannot be a delimiter.
    DataError
        If no row is a header: titles are above it, it holds data, or it names too many columns.
    """
    said_delimiter, above, line = _separator_line(content)
    if reading.header_row is not None:
        above, line = _header_position(content, reading.header_row, name)
    sample = _sample(content, above)
    asked = _asked_delimiter(reading.delimiter) or said_delimiter
    delimiter, quote, rows = _split(sample, asked, line)
    begins = line
    found = find_header([row for _, row in rows], _TITLES, count=_filled) if reading.header_row is None else None
    skipped = found.first if found else 0
    if skipped:  # rows with empty values only, as spreadsheets write empty rows
        above, begins = _header_position(content, rows[skipped][0], name)
        rows = rows[skipped:]
    if not rows:
        raise refusal("csv.nothing_below", file=name, line=line)
    line, header = rows[0]
    if len(header) > MAX_COLUMNS:
        raise refusal("csv.many_columns", file=name, line=line, columns=len(header), most=MAX_COLUMNS)
    longest = max(header, key=len)
    if len(longest) > _MOST_LETTERS:
        raise refusal("csv.long_name", file=name, line=line, letters=len(longest), name=longest[:_SHOWN_LETTERS])
    if reading.header_row is not None or len(rows) > 1:
        _refuse_lonely(rows, name, asked)
    if found and found.header > skipped:
        _refuse_title(rows, found.header - skipped, name)
    names = _names_without_header(rows, name, namer) if reading.header_row is None else None
    cut = reading.header_row is not None or skipped
    titles = sum(1 for part in bytes(content[:above]).splitlines() if part.strip()) if cut else 0
    if names is not None:
        return CsvForm(delimiter, quote, names, begins - 1, above, titles, made_up=True)
    return CsvForm(delimiter, quote, tuple(header), line, above, titles)


def rows_of(content: bytes | bytearray, delimiter: str, quote: str, *, strict: bool = False) -> Iterator[tuple[int, int, list[str]]]:
    """Yield the first line, the last line (from 1) and the values of each row; empty lines have no values."""
    text = io.TextIOWrapper(pa.BufferReader(pa.py_buffer(content)), "utf-8", newline="")
    reader = csv.reader(text, delimiter=delimiter, quotechar=quote, strict=strict)
    line = 1
    for row in reader:
        yield line, reader.line_num, row
        line = reader.line_num + 1


def _separator_line(content: bytearray) -> tuple[str | None, int, int]:
    """Return the delimiter named by Excel's first line ``sep=;``, the bytes of that line, and the next line's number."""
    found = _SEPARATOR_LINE.match(bytes(content[:64]))
    return (None, 0, 1) if found is None else (found.group(2).decode("utf-8", "replace"), found.end(1), 1)


def _header_position(content: bytearray, line: int, name: str) -> tuple[int, int]:
    """Return the start of a line, and its number."""
    ends = re.compile(rb"\r\n|\n|\r").finditer(content)
    position = 0
    for number in range(1, line):
        end = next(ends, None)
        if end is None or end.end() >= len(content):
            raise refusal("csv.no_line", file=name, line=line, last=number)
        position = end.end()
    if re.compile(rb"[ \t]*(\r|\n|\Z)").match(content, position):
        raise refusal("csv.empty_header_line", remedy="header_row", file=name, line=line)
    return position, line


def _asked_delimiter(asked: str | None) -> str | None:
    if asked is None:
        return None
    if asked == "tab":
        return "\t"
    if asked in "\"'\r\n\0" or asked.isalnum():
        raise refusal("csv.bad_delimiter", kind=ParameterError, asked=asked)
    return asked


def _sample(content: bytearray, above: int) -> bytes:
    """Return the first complete lines from the header on; at least two if possible."""
    end = above + _SAMPLE_BYTES
    if end >= len(content):
        return bytes(content[above:])
    cut = max(content.rfind(b"\n", above, end), content.rfind(b"\r", above, end))
    if cut < 0 or content.count(b"\n", above, cut) + content.count(b"\r", above, cut) < 1:
        second = re.compile(rb"(?:[^\r\n]*+(?:\r\n|\n|\r)){2}").match(content, above)
        return bytes(content[above : second.end() if second else len(content)])
    return bytes(content[above : cut + 1])


def _numbered_rows(sample: bytes, delimiter: str, quote: str, line: int) -> list[tuple[int, list[str]]]:
    rows = ((line + begin - 1, row) for begin, _, row in rows_of(sample, delimiter, quote) if row)
    return list(itertools.islice(rows, _SAMPLE_ROWS))


def _split(sample: bytes, asked: str | None, line: int) -> tuple[str, str, list[tuple[int, list[str]]]]:
    """Return delimiter and quote, and the first rows with their lines."""
    if asked is None and _has_double_colons(sample):
        stand_in = "\x1f"
        rows = _numbered_rows(sample.replace(_DOUBLE_COLON.encode(), stand_in.encode()), stand_in, _NO_QUOTE, line)
        return _DOUBLE_COLON, _NO_QUOTE, rows
    delimiter = asked or _find_delimiter(sample)
    quote = _find_quote(sample, delimiter)
    return delimiter, quote, _numbered_rows(sample, delimiter, quote, line)


def _widths(sample: bytes, delimiter: str, quote: str = '"') -> list[int]:
    return [len(row) for _, row in _numbered_rows(sample, delimiter, quote, 1)]


def _find_delimiter(sample: bytes) -> str:
    """Return the delimiter that splits the first rows into the same number of values; the more values the better."""
    widths = {delimiter: _widths(sample, delimiter) for delimiter in (*_COMMON, *_RARE) if delimiter.encode() in sample}
    scores = {delimiter: (_share(of, of[0]), of[0]) for delimiter, of in widths.items() if of and of[0] > 1}
    common = {delimiter: score for delimiter, score in scores.items() if delimiter in _COMMON}
    if common and max(common.values())[0] > _MOSTLY:
        return max(common, key=lambda delimiter: common[delimiter])
    clear = {delimiter: score[1] for delimiter, score in scores.items() if score[0] == 1 and len(widths[delimiter]) > 1}
    if clear:
        return max(clear, key=lambda delimiter: clear[delimiter])
    if common:
        return max(common, key=lambda delimiter: common[delimiter])
    if _parted_by_spaces(sample):
        return " "
    # No delimiter in the first row: if most rows below have one, the first row is a title.
    below = {delimiter: _share(of[1:], _usual(of[1:])) * (_usual(of[1:]) > 1) for delimiter, of in widths.items() if len(of) > 2}
    likely = [delimiter for delimiter in _COMMON if below.get(delimiter, 0) > 0.5]
    return max(likely, key=lambda delimiter: below[delimiter]) if likely else ","


def _has_double_colons(sample: bytes) -> bool:
    """Tell whether ``::`` separates the values of each line, as in MovieLens' files; another delimiter may be within values."""
    lines = [line for line in sample.splitlines() if line.strip()][:_SAMPLE_ROWS]
    counts = [line.count(_DOUBLE_COLON.encode()) for line in lines]
    if not counts or _usual(counts) < 2 or _share(counts, _usual(counts)) < _MOSTLY:
        return False
    firsts = (line.partition(_DOUBLE_COLON.encode())[0] for line in lines)
    return not any(mark.encode() in first for first in firsts for mark in _COMMON)


def _parted_by_spaces(sample: bytes) -> bool:
    """Tell whether spaces split all rows into the same number of values, at least three, with a column of numbers or dates."""
    rows = [row for _, row in _numbered_rows(sample, " ", '"', 1)]
    if len(rows) < 3 or len(rows[0]) < 3 or any(len(row) != len(rows[0]) or not all(row) for row in rows):
        return False
    return not {"number", "date"}.isdisjoint(kinds_of_columns(rows[1:], len(rows[0])))


def _share(widths: Sequence[int], width: int) -> float:
    return sum(one == width for one in widths) / len(widths)


def _usual(widths: Sequence[int]) -> int:
    return Counter(widths).most_common(1)[0][0]


def _find_quote(sample: bytes, delimiter: str) -> str:
    """Return ``'`` if values are in single quotes and none in double quotes; an apostrophe opens a value without closing it."""
    cut = re.escape(delimiter.encode())
    begins, ends = rb"(?:^|(?<=" + cut + rb")|(?<=[\r\n]))", rb"(?=" + cut + rb"|[\r\n]|\Z)"
    if b"'" not in sample or re.search(begins + rb'"', sample):
        return '"'
    opened = len(re.findall(begins + rb"'", sample))
    whole = len(re.findall(begins + rb"'(?:[^']|'')*+'" + ends, sample))
    return "'" if whole >= 2 and whole == opened and len(set(_widths(sample, delimiter, "'"))) == 1 else '"'


def _filled(row: Sequence[str]) -> int:
    return sum(bool(value.strip()) for value in row)


def _refuse_title(rows: Sequence[tuple[int, list[str]]], header: int, name: str) -> None:
    """Raise if the first row is a title, and propose the line of the header below it.

    The first of only two lines is read as a header above a broken row. A line that begins with an empty value is a header whose row labels
    have no name, and a line of two values with one of them empty is a header that names one of two columns.
    """
    line, first = rows[0]
    if len(rows) < 3 or len(first) == 2 or (len(first) > 1 and not first[0].strip()):
        return
    below, names = rows[header]
    raise refusal("csv.title_first", remedy=Remedy("header_row", {"choices": [below]}), file=name, line=line, columns=len(names))


def _refuse_lonely(rows: Sequence[tuple[int, list[str]]], name: str, asked: str | None) -> None:
    """Raise if the chosen delimiter does not occur."""
    if asked is not None and all(len(row) == 1 for _, row in rows):
        raise refusal("csv.no_delimiter", remedy="delimiter", file=name, delimiter=asked)


def _names_without_header(rows: Sequence[tuple[int, list[str]]], name: str, namer: Namer | None) -> tuple[str, ...] | None:
    """Return names for the columns if the first row is data, and ``None`` if it is a header.

    Raises
    ------
    DataError
        If it is data, and nothing names the columns.
    """
    line, first = rows[0]
    if not looks_like_data(first, [row for _, row in rows[1:]]):
        return None
    names = namer([row for _, row in rows]) if namer is not None else None
    if names is not None:
        return names
    if are_films([row for _, row in rows]):
        raise refusal("csv.items_alone", remedy="as_items", file=name)
    shown = [value[:_SHOWN_LETTERS] for value in first[:3]]
    raise refusal(
        "csv.no_header",
        remedy=Remedy("header_row", {"choices": [line]}),
        file=name,
        line=line,
        values=shown,
        more=len(first) > len(shown),
    )
