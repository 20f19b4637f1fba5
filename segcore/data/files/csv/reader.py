"""CSV files: encoding, delimiter, quotes and every broken row found and said; all values are text, so that ids keep their zeros."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from segcore.data.files.compression import MAX_BYTES, unpack
from segcore.data.files.csv.dialect import CsvForm, find_form
from segcore.data.files.csv.structure import MAX_LINE, MAX_VALUE, Lines, check_walked, clean_lines, first_ragged, quotes_are_clean, walk
from segcore.data.files.encoding import decode, line_at
from segcore.data.files.file_type import GIVE, HEAD_BYTES, refuse_other_formats
from segcore.data.files.raw import Raw, check_header, table_source
from segcore.errors import DataError, SourceError
from segcore.records.data_rules import ReadOptions
from segcore.records.dataset import Note
from segcore.records.finding import Finding
from segcore.wording.quotes import named

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
    spoken = named(name)
    content, encoding = decode(content, name, reading.encoding)
    refuse_no_text(content, name)
    ends_spoken, notes = _line_ends_in_words(content, spoken)
    too_long = _long_line(content)
    if too_long is not None:
        _refuse_long_line(content, too_long, spoken, reading)
    form = find_form(content, name, reading)
    del content[: form.above]
    names, header_notes = check_header(form.header, spoken)
    content, form, stood_in = _with_ascii_delimiter(content, form)
    clean = content.find(form.quote.encode()) < 0 or quotes_are_clean(content, form)
    lines = None if clean else walk(content, form, spoken)
    table = _parse(content, form, names, spoken, clean=clean)
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
    name = named(name)
    if not content or content.isspace():
        raise DataError(f"{name} is empty but for white space: a header and at least one row are needed.")
    refuse_other_formats(bytes(content[:HEAD_BYTES]), name)
    null = content.find(0)
    if null >= 0:
        raise DataError(
            f"{name} has a NUL byte in line {line_at(content, null)}, which no text has: take it out, or export the file again as text."
        )


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
        return "CR", [Note("info", f"Lines of {name} end in CR only, as on old Macs.")]
    listed = ", ".join(f"{kind} {counts[kind]:,} times" for kind in present)
    return "mixed: " + listed, [Note("info", f"Lines of {name} end in more than one way ({listed}): all are read as line ends.")]


def _long_line(content: bytearray) -> int | None:
    """Return where a line longer than ``MAX_LINE`` begins; hops from line end to line end, as few as there are."""
    start = 0
    while len(content) - start > MAX_LINE:
        stop = start + MAX_LINE + 1
        end = max(content.rfind(b"\n", start, stop), content.rfind(b"\r", start, stop))
        if end < 0:
            return start
        start = end + 1
    return None


def _refuse_long_line(content: bytearray, start: int, name: str, reading: ReadOptions) -> NoReturn:
    """Raise for a line that is too long; where a value in it is, with the column."""
    line = line_at(content, start)
    found = [at for at in (content.find(b"\n", start), content.find(b"\r", start)) if at >= 0]
    stop = min(found, default=len(content))
    form = find_form(content[:start], name, reading) if start else None
    if form is not None:
        mark = ord(form.delimiter) if form.delimiter.isascii() else 0  # values of another delimiter are left uncut
        cuts = np.flatnonzero(np.frombuffer(content, np.uint8, stop - start, start) == mark)
        sizes = np.diff(np.concatenate([[-1], cuts, [stop - start]])) - 1
        longest = int(sizes.argmax())
        if sizes[longest] > MAX_VALUE and longest < len(form.header):
            raise _long_value(name, int(sizes[longest]), f"line {line}", form.header[longest])
    raise DataError(
        f"{name} has a line of {stop - start:,} bytes (line {line}), more than the {MAX_LINE // 2**20} MiB a line may have: is it a table, "
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
        f"{name} has a value of {size:,} bytes in {where}, column {named(column)}, more than the {MAX_VALUE // 2**20} MiB allowed: "
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


def _parse(content: bytearray, form: CsvForm, names: list[str], name: str, *, clean: bool) -> pa.Table:
    try:
        return _read(content, form, names)
    except pa.ArrowInvalid as error:
        words = "a row is too long" if "straddling" in str(error) else str(error).splitlines()[0].rstrip(".")
    if clean:
        _refuse_ragged(content, form, names, name)
    walk(content, form, name)
    raise DataError(f"{name} cannot be read as CSV: {words}.")


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
    """Raise for the first row with another number of values than the header; read again on one thread, which counts rows."""
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
    """Return the lines of the rows; none have to be kept where each row has one and follows the other."""
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


def _where(lines: Lines, header_line: int) -> Callable[[int], str]:
    first = lines.first

    def where(row: int) -> str:
        return f"line {header_line + 1 + row if first is None else int(np.take(first, row))}"

    return where


def _delimiter_words(delimiter: str, form: CsvForm) -> str:
    return CsvForm(delimiter, form.quote, form.header, form.header_line, form.above, form.titles).delimiter_spoken


def _form_notes(form: CsvForm, delimiter: str, lines: Lines, name: str) -> list[Finding]:
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
