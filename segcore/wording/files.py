"""What is said of files of every kind: what they are, their encoding, JSON and Parquet."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from segcore.wording.quotes import named

GIVE = "give CSV, XLSX, Parquet or JSON Lines"

_ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252",
    "iso8859-1": "Latin-1",
    "latin-1": "Latin-1",
    "ascii": "ASCII",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "cp1253": "Windows-1253",
    "cp1255": "Windows-1255",
    "cp1256": "Windows-1256",
    "cp866": "DOS Cyrillic",
    "cp874": "Windows Thai",
    "cp932": "Shift-JIS",
    "cp949": "EUC-KR",
    "cp950": "Big5",
    "euc_jp": "EUC-JP",
    "gb18030": "GB18030",
    "iso8859-2": "ISO-8859-2",
    "iso8859-5": "ISO-8859-5",
    "iso8859-7": "ISO-8859-7",
    "koi8-r": "KOI8-R",
    "koi8-u": "KOI8-U",
}


def encoding_name(encoding: str) -> str:
    """Return what people call an encoding that Python calls by the name given."""
    return _ENCODINGS.get(encoding, encoding)


def _nearly_utf8(file: str, places: int, line: int, do: str) -> str:
    broken = "one place" if places == 1 else f"{places:,} places, the first"
    return f"{named(file)} is UTF-8 except in {broken} in line {line}: correct it there and save it again, or {do}."


def _not_decodable(file: str, encoding: str, line: int, exact: bool, do: str) -> str:
    near = "in" if exact else "in or below"
    return f"{named(file)} is not {encoding_name(encoding)} {near} line {line}: {do}, or leave it out to detect it."


def _not_utf8(file: str, line: int) -> str:
    return f"{named(file)} is not UTF-8 (first seen in line {line})"


SENTENCES: Mapping[str, Callable[..., str]] = {
    "encoding.damaged": lambda file, encoding: (
        f"{named(file)} looks like {encoding_name(encoding)} text but is damaged: save it again as UTF-8."
    ),
    "encoding.doubtful": lambda file, line, do: f"{_not_utf8(file, line)}, and more than one encoding fits: {do}.",
    "encoding.found": lambda file, line, encoding, language, do: (
        f"{_not_utf8(file, line)}: read as {encoding_name(encoding)}, because its words are {language}; if that is wrong, {do}."
    ),
    "encoding.mark": lambda file, encoding: (
        f"{named(file)} begins with a byte order mark (BOM) of {encoding_name(encoding)}, which is left out."
    ),
    "encoding.nearly_utf8": _nearly_utf8,
    "encoding.no_mark": lambda file, encoding: f"{named(file)} is {encoding_name(encoding)} text, though it has no byte order mark.",
    "encoding.not_decodable": _not_decodable,
    "encoding.unknown": lambda asked: (
        f"Unknown encoding {named(asked)!r}: give one such as utf-8, utf-16, cp1252, latin-1, cp1251 or shift_jis."
    ),
    "encoding.western": lambda file, line, encoding, do: (
        f"{_not_utf8(file, line)}: read as {encoding_name(encoding)}; if that is wrong, {do}."
    ),
    "file.not_text": lambda file: f"{named(file)} is not a text file: {GIVE}.",
}
