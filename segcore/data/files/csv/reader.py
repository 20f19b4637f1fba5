"""Reader of CSV files: detects encoding, delimiter and quotes, and reports broken rows; all values are text, so ids keep zeros."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from segcore.data.files.compression import MAX_BYTES, unpack
from segcore.data.files.csv.dialect import CsvForm, find_form
from segcore.data.files.csv.nameless_columns import Namer, rating_names, with_genres, with_rating_roles
from segcore.data.files.csv.structure import (
    MAX_LINE,
    MAX_VALUE,
    Lines,
    check_walked,
    clean_lines,
    find_records,
    first_ragged,
    quotes_are_clean,
    walk,
)
from segcore.data.files.encoding import decode, line_at
from segcore.data.files.file_type import HEAD_BYTES, refuse_other_formats
from segcore.data.files.raw import Raw, check_header, table_source
from segcore.errors import SegcoreError, SourceError
from segcore.records.data_rules import ReadOptions
from segcore.records.finding import Finding
from segcore.wording.files.csv_file import delimiter_name
from segcore.wording.findings import refusal

_BLOCK = 2**24
_SAMPLE_ROWS = 200
_STAND_INS = "\x1f\x1e\x1d\x1c\x02\x03\x04"  # for a delimiter outside ASCII


def read_csv(
    path: Path,
    name: str,
    reading: ReadOptions | None = None,
    *,
    max_bytes: int = MAX_BYTES,
    namer: Namer | None = rating_names,
) -> Raw:
    """Read a CSV file, plain or compressed with gzip or zstd, as text columns.

    Parameters
    ----------
    path : Path
    name : str
        Name of the file in messages.
    reading : ReadOptions or None
        Delimiter, encoding and header line; omitted options are detected.
    max_bytes : int
        Largest decompressed size, so that a gzip bomb is refused.
    namer : callable or None
        Names the columns of a file without a header; ``None`` refuses it.

    Raises
    ------
    SourceError
        If the file is not readable text, or too large.
    DataError
        If a row has a wrong number of values, a quote is not closed, the header is missing or names a column twice,
        or no row follows it; with the line.
    """
    content, packing = unpack(path, name, max_bytes)
    return parse_csv(content, name, reading or ReadOptions(), packing=packing, namer=namer)


def parse_csv(content: bytearray, name: str, reading: ReadOptions, *, packing: str = "", namer: Namer | None = rating_names) -> Raw:
    """Read the content of a CSV file, and reuse its memory; see `read_csv`."""
    content, encoding = decode(content, name, reading.encoding)
    refuse_no_text(content, name)
    ends_spoken, notes = _line_ends_in_words(content, name)
    too_long = _long_line(content)
    if too_long is not None:
        _refuse_long_line(content, too_long, name, reading)
    form = find_form(content, name, reading, namer)
    del content[: form.above]
    names, header_notes = check_header(form.header, name)
    content, form, stood_in = _with_ascii_delimiter(content, form)
    if form.made_up:
        content[:0] = f"{form.delimiter.join(form.header)}\n".encode()
    clean = content.find(form.quote.encode()) < 0 or quotes_are_clean(content, form)
    lines = None if clean else walk(content, form, name)
    table = _parse(content, form, names, name, clean=clean)
    if table.num_rows == 0:
        raise refusal("file.no_rows", file=name)
    lines = _lines(content, form, name, lines, table)
    if stood_in and form.quoted:
        table = _replaced(table, form.delimiter, stood_in)
    line_of = _line_of(lines, form.header_line)
    _refuse_long_values(table, name, line_of)
    delimiter = stood_in or form.delimiter
    if form.made_up:
        table = with_genres(table)
        header_notes = (Finding("csv.columns_named", values={"file": name, "names": list(table.column_names)}),)
    raw = table_source(
        name,
        table,
        where=lambda row: f"line {line_of(row)}",
        notes=(*encoding.notes, *notes, *_form_notes(form, delimiter, lines, name), *header_notes),
        form={
            "format": f"CSV, compressed with {packing}" if packing else "CSV",
            "encoding": encoding.spoken,
            "delimiter": delimiter_name(delimiter),
            "quotes": "single" if form.quote == "'" else "double" if form.quoted else "none",
            "line ends": ends_spoken,
            "header": "none" if form.made_up else f"line {form.header_line}",
        },
    )
    return with_rating_roles(raw) if form.made_up else raw


def refuse_no_text(content: bytearray, name: str) -> None:
    """Raise if UTF-8 text is white space only, another format, or has a NUL byte; with the line."""
    if not content or content.isspace():
        raise refusal("file.blank", file=name)
    refuse_other_formats(bytes(content[:HEAD_BYTES]), name)
    null = content.find(0)
    if null >= 0:
        raise refusal("csv.nul", file=name, line=line_at(content, null))


def _line_ends_in_words(content: bytearray, name: str) -> tuple[str, list[Finding]]:
    """Return how lines end; quoted line breaks count too, except that LF within a file of CRLF is what workbooks write."""
    returns = content.count(b"\r")
    if not returns:
        return "LF", []
    feeds, both = content.count(b"\n"), content.count(b"\r\n")
    counts = {"CRLF": both, "LF": feeds - both, "CR": returns - both}
    present = [kind for kind, count in counts.items() if count]
    if present == ["CRLF"]:
        return "CRLF", []
    if present == ["CR"]:
        return "CR", [Finding("csv.cr_only", values={"file": name})]
    listed = ", ".join(f"{kind} {counts[kind]:,} times" for kind in present)
    return "mixed: " + listed, [Finding("csv.line_ends", values={"file": name, "ends": {kind: counts[kind] for kind in present}})]


def _long_line(content: bytearray) -> int | None:
    """Return the start of the first line longer than ``MAX_LINE``, jumping as far as possible from line end to line end."""
    start = 0
    while len(content) - start > MAX_LINE:
        stop = start + MAX_LINE + 1
        end = max(content.rfind(b"\n", start, stop), content.rfind(b"\r", start, stop))
        if end < 0:
            return start
        start = end + 1
    return None


def _refuse_long_line(content: bytearray, start: int, name: str, reading: ReadOptions) -> NoReturn:
    """Raise for a line that is too long; if one value is too long, with its column."""
    line = line_at(content, start)
    found = [at for at in (content.find(b"\n", start), content.find(b"\r", start)) if at >= 0]
    stop = min(found, default=len(content))
    form = find_form(content[:start], name, reading, rating_names) if start else None
    if form is not None:
        mark = ord(form.delimiter) if form.delimiter.isascii() else 0  # values with a delimiter outside ASCII are not split
        cuts = np.flatnonzero(np.frombuffer(content, np.uint8, stop - start, start) == mark)
        sizes = np.diff(np.concatenate([[-1], cuts, [stop - start]])) - 1
        longest = int(sizes.argmax())
        if sizes[longest] > MAX_VALUE and longest < len(form.header):
            raise _long_value(name, int(sizes[longest]), line, form.header[longest])
    raise refusal("csv.long_line", file=name, line=line, size=stop - start, most=MAX_LINE)


def _refuse_long_values(table: pa.Table, name: str, line_of: Callable[[int], int]) -> None:
    for column in table.column_names:
        if table[column].nbytes <= MAX_VALUE:
            continue
        lengths = pc.binary_length(table[column])
        longest = pc.max(lengths).as_py()
        if longest > MAX_VALUE:
            raise _long_value(name, longest, line_of(pc.index(lengths, longest).as_py()), column)


def _long_value(name: str, size: int, line: int, column: str) -> SegcoreError:
    return refusal("csv.long_value", file=name, line=line, size=size, column=column, most=MAX_VALUE)


def _with_ascii_delimiter(content: bytearray, form: CsvForm) -> tuple[bytearray, CsvForm, str]:
    """Return text with a one-byte delimiter, and the original delimiter if it was replaced."""
    if form.delimiter.isascii() and len(form.delimiter) == 1:
        return content, form, ""
    free = next((letter for letter in _STAND_INS if letter.encode() not in content), None)
    if free is None:
        raise refusal("csv.unusable_delimiter", kind=SourceError, delimiter=form.delimiter)
    return content.replace(form.delimiter.encode(), free.encode()), replace(form, delimiter=free), form.delimiter


def _replaced(table: pa.Table, stand_in: str, delimiter: str) -> pa.Table:
    """Return the table with the original delimiter inside quotes."""
    columns = {name: pc.replace_substring(table[name], stand_in, delimiter) for name in table.column_names}
    return pa.table(columns)


def _parse(content: bytearray, form: CsvForm, names: list[str], name: str, *, clean: bool) -> pa.Table:
    try:
        return _read(content, form, names)
    except pa.ArrowInvalid as error:
        reason = str(error).splitlines()[0].rstrip(".")
    if clean:
        _refuse_ragged(content, form, names, name)
        _refuse_long_rows(content, form, name)
    walk(content, form, name)
    raise refusal("csv.unreadable", file=name, reason=reason)


def _refuse_long_rows(content: bytearray, form: CsvForm, name: str) -> None:
    """Raise if a row is longer than the blocks that are read at a time, as with values of many lines."""
    found = find_records(content, form.quote)
    sizes = found.stop - found.begin
    longest = int(sizes.argmax())
    if sizes[longest] > _BLOCK:
        shift = form.header_line - int(found.first[0])
        raise refusal("csv.long_row", file=name, line=int(found.first[longest]) + shift, size=int(sizes[longest]))


def _read(content: bytearray, form: CsvForm, names: list[str], found: Callable[[Any], str] | None = None) -> pa.Table:
    return pacsv.read_csv(
        pa.BufferReader(pa.py_buffer(content)),
        read_options=pacsv.ReadOptions(column_names=names, block_size=_BLOCK, use_threads=found is None),
        parse_options=pacsv.ParseOptions(
            delimiter=form.delimiter, quote_char=form.quote, newlines_in_values=True, invalid_row_handler=found
        ),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False, check_utf8=False
        ),
    ).slice(1)


def _refuse_ragged(content: bytearray, form: CsvForm, names: list[str], name: str) -> None:
    """Raise for the first row with a wrong number of values; it is found by reading again on one thread, which counts rows."""
    ragged: list[tuple[int, int]] = []

    def note(row: Any) -> str:
        ragged.append((row.number - 1, row.actual_columns))
        return "error"

    try:
        _read(content, form, names, note)
    except pa.ArrowInvalid:
        if ragged:
            raise first_ragged(content, form, name, *ragged[0]) from None


def _lines(content: bytearray, form: CsvForm, name: str, walked: Lines | None, table: pa.Table) -> Lines:
    """Return the lines of the rows; nothing is stored if each row is one line, without gaps."""
    returns = content.count(b"\r")
    count = content.count(b"\n") + (returns - content.count(b"\r\n") if returns else 0)
    count += not content.endswith((b"\n", b"\r"))
    if count == table.num_rows + 1:
        return Lines(None, None)
    sample = [list(row.values()) for row in table.slice(0, _SAMPLE_ROWS).to_pylist()]
    if walked is None:
        lines = clean_lines(content, form, name, sample)
        if lines.first is not None and len(lines.first) == table.num_rows:
            return lines
    lines = walked or walk(content, form, name)
    check_walked(content, form, name, lines, sample)
    return lines


def _line_of(lines: Lines, header_line: int) -> Callable[[int], int]:
    first = lines.first
    return lambda row: header_line + 1 + row if first is None else int(np.take(first, row))


def _form_notes(form: CsvForm, delimiter: str, lines: Lines, name: str) -> list[Finding]:
    notes = []
    if form.delimiter != ",":
        notes.append(Finding("csv.delimiter", values={"delimiter": delimiter}))
    if form.quote == "'":
        notes.append(Finding("csv.single_quotes"))
    if form.titles:
        notes.append(Finding("csv.lines_above", values={"lines": form.titles, "header_line": form.header_line}))
    if lines.empty:
        notes.append(Finding("csv.empty_lines", values={"file": name, "lines": lines.empty}))
    return notes
