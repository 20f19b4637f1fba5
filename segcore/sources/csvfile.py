"""CSV files: encoding, delimiter, quotes and every broken row found and said; all values are text, so that ids keep their zeros."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from segcore.dataset import Note
from segcore.errors import DataError, SourceError
from segcore.rules import ReadOptions
from segcore.sources.csvform import CsvForm, find_form
from segcore.sources.csvscan import MAX_LINE, MAX_VALUE, Lines, clean_lines, line_ends, quotes_are_clean, refuse_swallowed, walk
from segcore.sources.encoding import decode, line_at
from segcore.sources.formats import GIVE, HEAD_BYTES, refuse_other_formats, said
from segcore.sources.packed import MAX_BYTES, unpack
from segcore.sources.raw import Raw, check_header, table_source

_BLOCK = 2**24
_SAMPLE_ROWS = 200
_STAND_INS = "\x1f\x1e\x1d\x1c\x02\x03\x04"  # for a delimiter outside ASCII


def read_csv(path: Path, name: str, reading: ReadOptions | None = None, *, max_bytes: int = MAX_BYTES) -> Raw:
    """Read a CSV file, plain or packed with gzip or zstd, as text columns.

    Parameters
    ----------
    path : Path
    name : str
        What messages call the file.
    reading : ReadOptions or None
        Delimiter, encoding and the header's line, where they are not to be found from the content.
    max_bytes : int
        Largest size unpacked, so that a gzip bomb ends in a sentence.

    Raises
    ------
    SourceError
        Where the file is no readable text or too large.
    DataError
        Where a row has another number of values than the header, a quote is not closed, the header is missing or names a column twice,
        or there is no row below it; with the line.
    """
    content, packing = unpack(path, name, max_bytes)
    return parse_csv(content, name, reading or ReadOptions(), packing=packing)


def parse_csv(content: bytearray, name: str, reading: ReadOptions, *, packing: str = "") -> Raw:
    """Read the content of a CSV file, which is taken over; see `read_csv`."""
    spoken = said(name)
    content, encoding = decode(content, name, reading.encoding)
    refuse_no_text(content, name)
    ends_spoken, notes = _line_ends_in_words(content, spoken)
    form = find_form(content, name, reading)
    del content[: form.above]
    _refuse_long_lines(content, form, spoken)
    names, header_notes = check_header(form.header, spoken)
    content, form, stood_in = _with_ascii_delimiter(content, form)
    clean = content.find(form.quote.encode()) < 0 or quotes_are_clean(content, form)
    lines = None if clean else walk(content, form, spoken)
    table = _parse(content, form, names, spoken)
    if table.num_rows == 0:
        raise DataError(f"{spoken} has a header but no row below it.")
    lines = _lines(content, form, spoken, lines, table)
    if stood_in:
        table = _replaced(table, form.delimiter, stood_in)
    where = _where(lines, form.header_line)
    _refuse_long_values(table, spoken, where)
    delimiter = _delimiter_words(stood_in or form.delimiter, form)
    return table_source(
        name,
        table,
        where=where,
        notes=(*encoding.notes, *notes, *_form_notes(form, delimiter, lines, spoken), *header_notes),
        form={
            "format": f"CSV, packed with {packing}" if packing else "CSV",
            "encoding": encoding.spoken,
            "delimiter": delimiter,
            "quotes": "single" if form.quote == "'" else "double",
            "line ends": ends_spoken,
            "header": f"line {form.header_line}",
        },
    )


def refuse_no_text(content: bytearray, name: str) -> None:
    """Raise where UTF-8 text is white space only, another format, or holds a NUL byte; with the line."""
    name = said(name)
    if not content or content.isspace():
        raise DataError(f"{name} is empty but for white space: a header and at least one row are needed.")
    refuse_other_formats(bytes(content[:HEAD_BYTES]), name)
    null = content.find(0)
    if null >= 0:
        raise DataError(
            f"{name} has a NUL byte in line {line_at(content, null)}, which no text has: take it out, or export the file again as text."
        )


def _line_ends_in_words(content: bytearray, name: str) -> tuple[str, list[Note]]:
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
        return "CR", [Note("info", f"Lines of {name} end in CR only, as on old Macs.")]
    listed = ", ".join(f"{kind} {counts[kind]:,} times" for kind in present)
    return "mixed: " + listed, [Note("info", f"Lines of {name} end in more than one way ({listed}): all are read as line ends.")]


def _refuse_long_lines(content: bytearray, form: CsvForm, name: str) -> None:
    """Raise where a line is longer than ``MAX_LINE``; hops from line end to line end, as few as there are."""
    start = 0
    while len(content) - start > MAX_LINE:
        stop = start + MAX_LINE + 1
        end = max(content.rfind(b"\n", start, stop), content.rfind(b"\r", start, stop))
        if end < 0:
            break
        start = end + 1
    else:
        return
    line = line_at(content, start) + form.header_line - 1
    found = [at for at in (content.find(b"\n", start), content.find(b"\r", start)) if at >= 0]
    text = bytes(content[start : min(found, default=len(content))])
    values = text.split(form.delimiter.encode())
    longest = max(range(len(values)), key=lambda position: len(values[position]))
    if len(values[longest]) > MAX_VALUE and longest < len(form.header) and start > 0:
        raise _long_value(name, len(values[longest]), f"line {line}", form.header[longest])
    raise DataError(
        f"{name} has a line of {len(text):,} bytes (line {line}), more than the {MAX_LINE // 2**20} MiB a line may have: is it a table, "
        "with a row a line?"
    )


def _refuse_long_values(table: pa.Table, name: str, where: Callable[[int], str]) -> None:
    for column in table.column_names:
        if table[column].nbytes <= MAX_VALUE:
            continue
        lengths = pc.binary_length(table[column])
        longest = pc.max(lengths).as_py()
        if longest > MAX_VALUE:
            raise _long_value(name, longest, where(pc.index(lengths, longest).as_py()), column)


def _long_value(name: str, size: int, where: str, column: str) -> DataError:
    return DataError(
        f"{name} has a value of {size:,} bytes in {where}, column {said(column)}, more than the {MAX_VALUE // 2**20} MiB a value may have: "
        "shorten it, or leave the column out; is a quote there not closed?"
    )


def _with_ascii_delimiter(content: bytearray, form: CsvForm) -> tuple[bytearray, CsvForm, str]:
    """Return text whose delimiter is one byte, and the true one where another stands in for it."""
    if form.delimiter.isascii():
        return content, form, ""
    free = next((letter for letter in _STAND_INS if letter.encode() not in content), None)
    if free is None:
        raise SourceError(f"The delimiter {form.delimiter_spoken} cannot be used with this file: {GIVE}.")
    changed = CsvForm(free, form.quote, form.header, form.header_line, form.above, form.titles)
    return content.replace(form.delimiter.encode(), free.encode()), changed, form.delimiter


def _replaced(table: pa.Table, stand_in: str, delimiter: str) -> pa.Table:
    """Return the table with a delimiter inside quotes as it was."""
    columns = {name: pc.replace_substring(table[name], stand_in, delimiter) for name in table.column_names}
    return pa.table(columns)


def _parse(content: bytearray, form: CsvForm, names: list[str], name: str) -> pa.Table:
    text = pa.large_string()
    try:
        return pacsv.read_csv(
            pa.BufferReader(pa.py_buffer(content)),
            read_options=pacsv.ReadOptions(column_names=names, skip_rows_after_names=0, block_size=_BLOCK),
            parse_options=pacsv.ParseOptions(delimiter=form.delimiter, quote_char=form.quote, newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, text), strings_can_be_null=False, check_utf8=False),
        ).slice(1)
    except pa.ArrowInvalid as error:
        walk(content, form, name)
        words = "a row is too long" if "straddling" in str(error) else str(error).splitlines()[0].rstrip(".")
        raise DataError(f"{name} cannot be read as CSV: {words}.") from error


def _lines(content: bytearray, form: CsvForm, name: str, walked: Lines | None, table: pa.Table) -> Lines:
    """Return the lines of the rows; none have to be kept where each row has one and follows the other."""
    returns = content.count(b"\r")
    count = content.count(b"\n") + (returns - content.count(b"\r\n") if returns else 0)
    count += not content.endswith((b"\n", b"\r"))
    if count == table.num_rows + 1:
        return Lines(None, None)
    ends = line_ends(content)
    lines = clean_lines(content, form, ends) if walked is None else walked
    if lines.first is None or len(lines.first) != table.num_rows:
        lines = walk(content, form, name)
    sample = [list(row.values()) for row in table.slice(0, _SAMPLE_ROWS).to_pylist()]
    refuse_swallowed(content, form, name, lines, ends, sample)
    return lines


def _where(lines: Lines, header_line: int) -> Callable[[int], str]:
    first = lines.first

    def where(row: int) -> str:
        return f"line {header_line + 1 + row if first is None else int(np.take(first, row))}"

    return where


def _delimiter_words(delimiter: str, form: CsvForm) -> str:
    return CsvForm(delimiter, form.quote, form.header, form.header_line, form.above, form.titles).delimiter_spoken


def _form_notes(form: CsvForm, delimiter: str, lines: Lines, name: str) -> list[Note]:
    notes = []
    if form.delimiter != ",":
        notes.append(Note("info", f"Values are separated by {delimiter}."))
    if form.quote == "'":
        notes.append(Note("info", "Values stand in single quotes, which are taken off."))
    if form.titles:
        above = "1 line" if form.titles == 1 else f"{form.titles:,} lines"
        notes.append(Note("info", f"{above} above the header (line {form.header_line}) {'is' if form.titles == 1 else 'are'} left out."))
    if lines.empty:
        empty = "1 empty line" if lines.empty == 1 else f"{lines.empty:,} empty lines"
        notes.append(Note("info", f"{name} has {empty} between its rows, which {'is' if lines.empty == 1 else 'are'} skipped."))
    return notes
