"""CSV files: encoding, delimiter and every broken row found and said; all values are text, so that ids keep their zeros."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from segcore.dataset import Note
from segcore.errors import DataError, SourceError
from segcore.sources.raw import Raw, check_header, table_source

MAX_BYTES = 4 * 2**30  # of text, unpacked: what two copies of fit into an ordinary machine's memory
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_CHUNK = 2**24
_SNIFFED_ROWS = 50
_SEPARATOR_LINE = re.compile(rb'("?sep=([,;|\t])"?)\r?\n', re.IGNORECASE)
_CP1252_UNDEFINED = b"\x81\x8d\x8f\x90\x9d"


def read_csv(path: Path, name: str, *, max_bytes: int = MAX_BYTES) -> Raw:
    """Read a CSV file, plain or gzip, as text columns.

    Parameters
    ----------
    path : Path
    name : str
        What messages call the file.
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
    content = _unpacked(path, name, max_bytes)
    encoding, notes = _encoding(content, name)
    content, said = _as_utf8(content, encoding)
    _refuse_other_formats(content, name)
    delimiter = said or _delimiter(content, name)
    header = next(_rows(content, delimiter), [])
    names, header_notes = check_header(header, name)
    table = _parse(content, delimiter, names, name)
    if table.num_rows == 0:
        raise DataError(f"{name} has a header but no row below it.")
    if delimiter != ",":
        notes.append(Note("info", f"Values are separated by {_DELIMITERS[delimiter]}."))

    def where(row: int) -> str:
        return f"line {_line_of(path, name, encoding, delimiter, row, max_bytes)}"

    return table_source(name, table, where=where, notes=(*notes, *header_notes))


def _unpacked(path: Path, name: str, max_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            stream = gzip.GzipFile(fileobj=file) if packed else file
            content = bytearray()
            while chunk := stream.read(_CHUNK):
                content += chunk
                if len(content) > max_bytes:
                    raise SourceError(
                        f"{name} is larger than {max_bytes / 2**30:.3g} GiB{' unpacked' if packed else ''}: save it as Parquet, or give "
                        "fewer columns or rows."
                    )
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(f"{name} is a damaged gzip file ({error}): fetch or pack it again.") from error
    except OSError as error:
        raise SourceError(f"{name} cannot be read: {error.strerror or error}.") from error
    if not content.strip():
        raise DataError(f"{name} is empty: a header and at least one row are needed.")
    return bytes(content)


def _encoding(content: bytes, name: str) -> tuple[str, list[Note]]:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif content[:4096].count(0) > len(content[:4096]) / 100:
        # Text in UTF-16 without a mark has its zeros in every other place; anything else with so many is no text.
        head = content[:4096]
        high, low = head[::2].count(0) / len(head[::2]), head[1::2].count(0) / max(len(head[1::2]), 1)
        if max(high, low) < 0.6 or min(high, low) > 0.1:
            raise SourceError(f"{name} is not a text file: give CSV, CSV.gz, Parquet or XLSX.")
        encoding = "utf-16-be" if high > low else "utf-16-le"
    else:
        return _eight_bit_encoding(content, name)
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        raise SourceError(f"{name} looks like UTF-16 text but is damaged: save it again as UTF-8.") from None
    return encoding, [Note("info", f"{name} is UTF-16 text.")]


def _eight_bit_encoding(content: bytes, name: str) -> tuple[str, list[Note]]:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    else:
        return "utf-8", []
    control = sum(content.count(bytes([byte])) for byte in range(32) if byte not in b"\t\n\r\f\x1b")
    if control > len(content) / 1000:
        raise SourceError(f"{name} is not a text file: give CSV, CSV.gz, Parquet or XLSX.")
    windows = any(bytes([byte]) in content for byte in range(0x80, 0xA0)) and not any(
        bytes([byte]) in content for byte in _CP1252_UNDEFINED
    )
    encoding, spoken = ("cp1252", "Windows-1252") if windows else ("latin-1", "Latin-1")
    return encoding, [Note("info", f"{name} is not UTF-8 (first seen in line {line}): read as {spoken}.")]


def _as_utf8(content: bytes, encoding: str) -> tuple[bytes, str | None]:
    """Return plain UTF-8, and the delimiter where Excel's first line ``sep=;`` says it; that line is then left empty."""
    if encoding != "utf-8":
        content = content.decode(encoding).encode()
    content = content.removeprefix(codecs.BOM_UTF8)
    said = _SEPARATOR_LINE.match(content)
    if said is None:
        return content, None
    return content[said.end(1) :], said.group(2).decode()


def _refuse_other_formats(content: bytes, name: str) -> None:
    head = content[:512].lstrip().lower()
    for starts, what in (
        ((b"<!doctype", b"<html", b"<head"), "a web page"),
        ((b"<?xml",), "XML"),
        ((b"{", b"["), "JSON"),
        ((b"%pdf",), "a PDF"),
    ):
        if head.startswith(starts):
            raise SourceError(f"{name} is {what}, not a table: give CSV, CSV.gz, Parquet or XLSX.")


def _rows(content: bytes, delimiter: str, *, strict: bool = False) -> Iterator[list[str]]:
    """Yield the rows that are not empty."""
    return (
        row for row in csv.reader(io.TextIOWrapper(io.BytesIO(content), "utf-8", newline=""), delimiter=delimiter, strict=strict) if row
    )


def _delimiter(content: bytes, name: str) -> str:
    """Return the delimiter that cuts the first rows into the same number of values, the more the better."""
    best, best_score = ",", (0.0, 1)
    for delimiter in _DELIMITERS:
        try:
            widths = [len(row) for row in itertools.islice(_rows(content, delimiter), _SNIFFED_ROWS)]
        except csv.Error:
            continue
        if widths and widths[0] > 1:
            score = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
            best, best_score = (delimiter, score) if score > best_score else (best, best_score)
    first_line = content.partition(b"\n")[0]
    if best_score[0] == 0 and len(first_line) > 10_000:
        raise SourceError(f"{name} is not a table: its first line is {len(first_line):,} bytes long.")
    return best


def _parse(content: bytes, delimiter: str, names: list[str], name: str) -> pa.Table:
    # An odd number of quotes is either inches in a text or a quote never closed, which swallows all that follows it.
    if content.count(b'"') % 2:
        _check_rows(content, delimiter, len(names), name)
    text = pa.large_string()
    try:
        return pacsv.read_csv(
            pa.BufferReader(content),
            read_options=pacsv.ReadOptions(column_names=names, skip_rows_after_names=0, block_size=_CHUNK),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, text), strings_can_be_null=False, check_utf8=False),
        ).slice(1)
    except pa.ArrowInvalid as error:
        _check_rows(content, delimiter, len(names), name)
        raise DataError(f"{name} cannot be read as CSV: {error}.") from error


def _check_rows(content: bytes, delimiter: str, width: int, name: str) -> None:
    """Raise the error of the first row that is broken, with its line."""
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(content), "utf-8", newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            if row and len(row) != width:
                raise DataError(
                    f"{name} has {_values(len(row))} in line {line}, where the header has {width}: correct the line, or put values with a "
                    f"{'comma' if delimiter == ',' else 'delimiter'} in quotes."
                )
            line = reader.line_num + 1
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise DataError(f"{name} has a quote in line {line} that is never closed: close it, or take it out.") from None
        if "field larger" in str(error):
            raise DataError(f"{name} has a value of more than 128 KiB in line {line}: is a quote there not closed?") from None
        # Text after a closing quote is read by pyarrow as part of the value: no reason to refuse the file.
        return


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count} values"


def _line_of(path: Path, name: str, encoding: str, delimiter: str, row: int, max_bytes: int) -> int:
    """Return the line that a row (0 is the first below the header) begins in; the file is read again, since this is for messages only."""
    content, _ = _as_utf8(_unpacked(path, name, max_bytes), encoding)
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(content), "utf-8", newline=""), delimiter=delimiter)
    begins, seen = 1, -2
    for values in reader:
        seen += bool(values)
        if seen == row:
            return begins
        begins = reader.line_num + 1
    return begins
