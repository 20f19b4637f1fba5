"""Sentences on CSV files: delimiter, quotes, lines, and the header."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from segcore.wording.numbers import counted, listed
from segcore.wording.quotes import named, quoted

_DELIMITERS = {
    ",": "commas",
    "::": "double colons",
    ";": "semicolons",
    "\t": "tabs",
    "|": "vertical bars",
    ":": "colons",
    "^": "carets",
    "~": "tildes",
    "\x1f": "unit separators",
    "\x01": "control characters (0x01)",
    "#": "number signs",
    "¦": "broken bars",
    "§": "section signs",
    "¬": "not signs",
    "þ": "thorns",
    "!": "exclamation marks",
    "*": "asterisks",
    " ": "spaces",
    "/": "slashes",
    "-": "hyphens",
    "_": "underscores",
    "\x1e": "record separators",
}
_MIB = 2**20


def delimiter_name(delimiter: str) -> str:
    """Return a delimiter in words."""
    return _DELIMITERS.get(delimiter, quoted(delimiter))


def _no_header(file: str, line: int, values: Sequence[str], more: bool, do: str) -> str:
    shown = ", ".join(quoted(value) for value in values) + (", ..." if more else "")
    return (
        f"{named(file)} has no header: line {line} holds values like the rows below it ({shown}); put a line with the column names above "
        f"it, or, if line {line} does name the columns, {do}."
    )


def _columns_named(file: str, names: Sequence[str]) -> str:
    return (
        f"{named(file)} has no header: its columns are read as {listed([named(name) for name in names])}; if that is wrong, put a line "
        "with the names above the rows."
    )


def _line_ends(file: str, ends: Mapping[str, int]) -> str:
    found = ", ".join(f"{kind} {count:,} times" for kind, count in ends.items())
    return f"Lines of {named(file)} end in more than one way ({found}): all are read as line ends."


def _ragged(file: str, values: int, line: int, last_line: int, columns: int, header_line: int, delimiter: str) -> str:
    header = f"the header (line {header_line})" if header_line > 1 else "the header" if header_line else "the first row"
    if values > columns:
        inside = {",": "a comma", ";": "a semicolon"}.get(delimiter, "the delimiter")
        remedy = f"correct the line, or put values with {inside} in quotes"
    elif last_line > line:
        remedy = f"correct it; the row ends only in line {last_line}, perhaps because a quote is out of place"
    else:
        remedy = "correct the line"
    return f"{named(file)} has {counted(values, 'value')} in line {line}, where {header} has {columns:,}: {remedy}."


def _text_behind_quote(file: str, line: int, opened: int) -> str:
    where = f"line {line}" if line == opened else f"line {line} (the quote opened in line {opened})"
    return f"{named(file)} has text after a closing quote in {where}: remove the quote, or double it if it belongs to the value."


SENTENCES: Mapping[str, Callable[..., str]] = {
    "csv.bad_delimiter": lambda asked: f"The delimiter cannot be {quoted(asked)}: give one character that separates the values, or 'tab'.",
    "csv.columns_named": _columns_named,
    "csv.cr_only": lambda file: f"Lines of {named(file)} end in CR only, as on old Macs.",
    "csv.delimiter": lambda delimiter: f"Values are separated by {delimiter_name(delimiter)}.",
    "csv.empty_header_line": lambda file, line, do: f"{named(file)} has nothing in line {line:,}, which should name the columns: {do}.",
    "csv.empty_lines": lambda file, lines: (
        f"{named(file)} has {counted(lines, 'empty line')} between its rows, which {'is' if lines == 1 else 'are'} skipped."
    ),
    "csv.line_ends": _line_ends,
    "csv.lines_above": lambda lines, header_line: (
        f"{counted(lines, 'line')} above the header (line {header_line}) {'is' if lines == 1 else 'are'} skipped."
    ),
    "csv.long_line": lambda file, line, size, most: (
        f"{named(file)} has a line of {size:,} bytes (line {line}), more than the {most // _MIB} MiB allowed: is it a table, with one row "
        "per line?"
    ),
    "csv.long_name": lambda file, line, letters, name: (
        f"{named(file)} is not a table: line {line} names a column with {letters:,} letters ({quoted(name)})."
    ),
    "csv.long_row": lambda file, line, size: f"{named(file)} has a row of {size:,} bytes in line {line}, which is too long: shorten it.",
    "csv.long_value": lambda file, line, size, column, most: (
        f"{named(file)} has a value of {size:,} bytes in line {line}, column {named(column)}, more than the {most // _MIB} MiB allowed: "
        "shorten it, or leave the column out; is a quote there not closed?"
    ),
    "csv.many_columns": lambda file, line, columns, most: (
        f"{named(file)} has {columns:,} columns in line {line}, more than the {most:,} allowed: keep those that are needed."
    ),
    "csv.no_delimiter": lambda file, delimiter, do: (
        f"{named(file)} has no {delimiter_name(delimiter)} between its values: {do}, or leave it out to detect it."
    ),
    "csv.items_alone": lambda file, do: f"{named(file)} is a table of films without a header, not of ratings: {do}.",
    "csv.no_header": _no_header,
    "csv.no_line": lambda file, line, last: (
        f"{named(file)} has no line {line:,}, which should name the columns: it ends with line {last:,}."
    ),
    "csv.nothing_below": lambda file, line: f"{named(file)} has nothing below line {line}: a header and at least one row are needed.",
    "csv.nul": lambda file, line: (
        f"{named(file)} has a NUL byte in line {line}, which is not text: remove it, or export the file again as text."
    ),
    "csv.open_quote": lambda file, line: (
        f"{named(file)} has a quote in line {line} that is never closed: close it, or remove it (double a quote that is part of a value)."
    ),
    "csv.ragged": _ragged,
    "csv.single_quotes": lambda: "Values are in single quotes, which are removed.",
    "csv.stray_quote": lambda file, line: f"{named(file)} has a quote out of place in line {line}: close it, or remove it.",
    "csv.swallowed_rows": lambda file, opened, closed: (
        f"{named(file)} has a quote in line {opened} that is closed only in line {closed}, and the text between looks like rows: close it "
        f"in line {opened}, or remove it."
    ),
    "csv.text_behind_quote": _text_behind_quote,
    "csv.title_first": lambda file, line, columns, do: (
        f"{named(file)} has only one name in line {line}, where the rows below have {columns} values: remove titles and empty rows above "
        f"the header, or {do}."
    ),
    "csv.unreadable": lambda file, reason: f"{named(file)} cannot be read as CSV: {reason}.",
    "csv.unusable_delimiter": lambda delimiter: (
        f"This file cannot be read with {delimiter_name(delimiter)} as the delimiter: save it with another."
    ),
}
