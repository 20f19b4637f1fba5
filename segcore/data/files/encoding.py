"""Encoding of a text file, detected from its bytes or chosen by the analyst, and conversion to UTF-8."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from segcore.data.files.likely_encodings import likely_encodings
from segcore.errors import ParameterError, SegcoreError, SourceError
from segcore.records.finding import Finding, Remedy
from segcore.wording.files.every_file import encoding_name
from segcore.wording.findings import refusal

_MARKS = (  # longer marks first: that of UTF-32 begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNICODE = ("utf-32", "utf-16", "utf-16-le", "utf-16-be")
_NO_ENCODINGS = ("idna", "punycode", "unicode_escape", "raw_unicode_escape")
_CP1252_UNDEFINED = b"\x81\x8d\x8f\x90\x9d"
_CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f\x1b\x1c\x1d\x1e\x1f\x01")
_NOT_CONTROL = bytes(byte for byte in range(256) if byte not in _CONTROL)
_NOT_C1 = bytes(byte for byte in range(256) if not 0x80 <= byte < 0xA0)
_CHUNK = 2**22
_HEAD = 2**16


@dataclass(frozen=True, slots=True)
class Encoding:
    """Encoding of a text: Python's name, a description with its byte order mark, and findings."""

    name: str
    spoken: str
    notes: tuple[Finding, ...] = ()


def decode(content: bytearray, name: str, asked: str | None = None) -> tuple[bytearray, Encoding]:
    """Return text as UTF-8 without a byte order mark, and its original encoding.

    Parameters
    ----------
    content : bytearray
        It may be changed.
    name : str
        Name of the file in messages.
    asked : str or None
        Python's name of the encoding; ``None`` detects it.

    Raises
    ------
    ParameterError
        If the encoding is unknown.
    SourceError
        If it is not text.
    DataError
        If the text is damaged, with the line, or more than one encoding fits.
    """
    encoding = _asked(content, asked) if asked else _found(content, name)
    if encoding.name == "utf-8":
        if content.startswith(codecs.BOM_UTF8):
            del content[: len(codecs.BOM_UTF8)]
        if asked and not _is_utf8(content):
            raise _not_decodable(content, encoding, name)
        return content, encoding
    text = _as_utf8(content, encoding, name)
    if text.startswith(codecs.BOM_UTF8):
        del text[: len(codecs.BOM_UTF8)]
    return text, encoding


def _asked(content: bytearray, asked: str) -> Encoding:
    try:
        known = codecs.lookup(asked)
        "a1,\n".encode(known.name)
        if known.name.replace("-", "_") in _NO_ENCODINGS:
            raise LookupError(known.name)
    except (LookupError, UnicodeError, ValueError):
        # ValueError: a name with a null; LookupError also: codecs that do not make text, such as hex
        raise refusal("encoding.unknown", kind=ParameterError, asked=asked) from None
    name = "utf-8" if known.name == "utf-8-sig" else known.name
    mark = next((mark for mark, marked in _MARKS if content.startswith(mark) and marked == name), None)
    return Encoding(name, f"{encoding_name(name)}{' with a byte order mark' if mark else ''}, as asked")


def _found(content: bytearray, name: str) -> Encoding:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            if encoding == "utf-8" and not _is_utf8(content):
                break
            note = Finding("encoding.mark", values={"file": name, "encoding": encoding})
            return Encoding(encoding, f"{encoding_name(encoding)} with a byte order mark", (note,))
    head = content[:_HEAD]
    if head.count(0) > len(head) / 100:
        return _without_mark(head, name)
    if _is_utf8(content):
        return Encoding("utf-8", "UTF-8")
    return _eight_bit(content, name)


def _without_mark(head: bytearray, name: str) -> Encoding:
    """Detect UTF-16 without a mark by zeros in every other byte; other content with many zeros is not text."""
    zeros = [head[start::2].count(0) / max(len(head[start::2]), 1) for start in (0, 1)]
    if max(zeros) < 0.1 or min(zeros) > max(zeros) / 10:
        raise refusal("file.not_text", kind=SourceError, file=name)
    encoding = "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    return Encoding(encoding, "UTF-16", (Finding("encoding.no_mark", values={"file": name, "encoding": encoding}),))


def _eight_bit(content: bytearray, name: str) -> Encoding:
    if len(content.translate(None, _NOT_CONTROL)) > len(content) / 1000:
        raise refusal("file.not_text", kind=SourceError, file=name)
    line, damaged = _first_not_utf8(content), _damaged_places(content)
    if damaged:
        raise refusal("encoding.nearly_utf8", remedy="encoding", file=name, places=damaged, line=line)
    likely = likely_encodings(content)
    if likely.verdict == "doubtful":
        raise refusal("encoding.doubtful", remedy=Remedy("encoding", {"choices": list(likely.encodings)}), file=name, line=line)
    values: dict[str, Any] = {"file": name, "line": line}
    if likely.verdict == "sure":
        encoding, code = likely.encodings[0], "encoding.found"
        values |= {"language": likely.language}
    else:
        high = content.translate(None, _NOT_C1)
        windows = bool(high) and not any(byte in high for byte in _CP1252_UNDEFINED)
        encoding, code = "cp1252" if windows else "latin-1", "encoding.western"
    note = Finding(code, values={**values, "encoding": encoding}, remedy=Remedy("encoding"))
    return Encoding(encoding, encoding_name(encoding), (note,))


def _is_utf8(content: bytearray) -> bool:
    """Tell whether all of it is UTF-8, without decoding it as a whole."""
    offsets = pa.py_buffer(np.array([0, len(content)], np.int64))
    try:
        pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(content)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _first_not_utf8(content: bytearray) -> int:
    """Return the line of the first byte that is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(content), _CHUNK):
        held_back = len(decoder.getstate()[0])
        try:
            decoder.decode(bytes(content[start : start + _CHUNK]), start + _CHUNK >= len(content))
        except UnicodeDecodeError as error:
            return line_at(content, start - held_back + error.start)
    return 1


def _damaged_places(content: bytearray) -> int:
    """Return the number of places where UTF-8 is broken, if nearly all of the text is UTF-8; else 0, for another encoding."""
    array = np.frombuffer(content, np.uint8)
    high = np.concatenate([np.flatnonzero(array[start : start + _CHUNK] >= 0x80) + start for start in range(0, len(array), _CHUNK)])
    values = array[high]
    leads = (values[:-1] >= 0xC2) & (values[:-1] <= 0xF4) & (np.diff(high) == 1) & (values[1:] < 0xC0)
    sequences = int(leads.sum())
    if sequences < 10:
        return 0
    broken = bytes(content).decode("utf-8", "replace").count("\ufffd") - content.count("\ufffd".encode())
    return broken if broken * 10 <= sequences else 0


def _as_utf8(content: bytearray, encoding: Encoding, name: str) -> bytearray:
    decoder = codecs.getincrementaldecoder(encoding.name)()
    text = bytearray()
    try:
        while content:
            chunk = bytes(content[:_CHUNK])
            del content[:_CHUNK]  # so that the text is never in memory twice
            text += decoder.decode(chunk, not content).encode()
    except UnicodeError:
        raise _not_decodable(text, encoding, name, whole=False) from None
    return text


def _not_decodable(content: bytearray, encoding: Encoding, name: str, *, whole: bool = True) -> SegcoreError:
    """Return the error for a text that is not in its encoding; ``content`` is all of it, or the part decoded before the fault."""
    if encoding.notes and encoding.name in _UNICODE:
        return refusal("encoding.damaged", kind=SourceError, file=name, encoding=encoding.name)
    line = _first_not_utf8(content) if whole else line_at(content, len(content))
    return refusal("encoding.not_decodable", remedy="encoding", file=name, encoding=encoding.name, line=line, exact=whole)


def line_at(content: bytes | bytearray, position: int) -> int:
    """Return the number of the line at a position; LF, CRLF and CR end lines."""
    ends = content.count(b"\n", 0, position)
    if content.find(b"\r", 0, position) >= 0:
        within = content[position : position + 1] == b"\n"
        ends += content.count(b"\r", 0, position) - content.count(b"\r\n", 0, position + within)
    return ends + 1
