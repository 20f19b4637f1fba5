"""Sentences on files of every kind: what they are, their encoding, JSON and Parquet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from segcore.wording.numbers import counted, listed
from segcore.wording.quotes import named, quoted

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
    """Return the usual name of an encoding, from Python's name."""
    return _ENCODINGS.get(encoding, encoding)


# Files that are not tables: a description, and what to do.
_FORMATS: Mapping[str, tuple[str, str]] = {
    "png": ("a PNG image, not a table", GIVE),
    "jpeg": ("a JPEG image, not a table", GIVE),
    "gif": ("a GIF image, not a table", GIVE),
    "pdf": ("a PDF, not a table", f"{GIVE} instead of a printout"),
    "encrypted parquet": ("an encrypted Parquet file", "write it without encryption"),
    "arrow": ("an Arrow file", "write it as Parquet"),
    "orc": ("an ORC file", "write it as Parquet"),
    "avro": ("an Avro file", "write it as Parquet"),
    "sqlite": ("an SQLite database", "write the table as CSV or Parquet"),
    "bzip2": ("compressed with bzip2", "unpack it, or compress it with gzip or zstd"),
    "xz": ("compressed with xz", "unpack it, or compress it with gzip or zstd"),
    "7z": ("a 7z archive", "unpack it and give the table in it"),
    "rar": ("a RAR archive", "unpack it and give the table in it"),
    "lz4": ("compressed with LZ4", "unpack it, or compress it with gzip or zstd"),
    "tar": ("a tar archive", "unpack it and give the table in it"),
    "zip": ("a zip archive, not a table", "unpack it and give the CSV, Parquet or XLSX file in it"),
    "html": ("a web page (HTML; perhaps a login page), not a table", GIVE),
    "xml": ("XML, not a table", GIVE),
    "compound": ("an old workbook (.xls) or an encrypted one", "save it as .xlsx without a password, or as CSV"),
    "encrypted workbook": ("a workbook with a password", "save it without one"),
    "old workbook": ("an old workbook (.xls)", "save it as .xlsx or CSV"),
    "word": ("a Word document, not a table", "give CSV, Parquet or XLSX"),
    "presentation": ("a presentation, not a table", "give CSV, Parquet or XLSX"),
    "old office": ("an old workbook (.xls) or another old Office file", "save it as .xlsx or CSV"),
    "binary workbook": ("a binary workbook (.xlsb)", "save it as .xlsx or CSV"),
    "opendocument": ("an OpenDocument file", "save it as .xlsx or CSV"),
}
_CONTENTS = {
    "text": "plain text (CSV)",
    "csv": "CSV",
    "workbook": "an XLSX workbook",
    "old workbook": "an Excel workbook",
    "parquet": "Parquet",
    "database": "read from a database",
    "json": "JSON",
    "gzip": "compressed with gzip",
    "zstd": "compressed with zstd",
}
_PROMISED = {**_CONTENTS, "text": "CSV", "gzip": "gzip", "zstd": "zstd"}
_PACKED = {"parquet": "a Parquet file", "zip": "a zip file or workbook", "packed": "another compressed file"}
_OPTIONS = {"delimiter": "the delimiter", "encoding": "the encoding", "header_row": "the header row", "sheets": "the sheets"}
_MIB, _GIB = 2**20, 2**30


def in_file(file: str, sheet: str | None) -> str:
    """Return a file, or a sheet of it, as the subject of a sentence."""
    return named(file) if sheet is None else f"{named(file)}, sheet {quoted(sheet)},"


def _other_format(file: str, format: str, unpacked: bool) -> str:
    what, remedy = _FORMATS[format]
    return f"{named(file)} is{', once unpacked,' if unpacked else ''} {what}: {remedy}."


def _zip_ratings(file: str, used: Sequence[str], others: int) -> str:
    items = f", and the items from {named(used[1])}" if len(used) > 1 else ""
    rest = f"; {counted(others, 'other file')} in it {'is' if others == 1 else 'are'} not read" if others else ""
    return f"{named(file)}: the ratings are from {named(used[0])}{items}{rest}."


def _unused_options(file: str, format: str, options: Sequence[str]) -> str:
    verb = "was" if len(options) == 1 and options != ["sheets"] else "were"
    return f"{named(file)} is {_CONTENTS[format]}: {listed([_OPTIONS[option] for option in options])} that you gave {verb} not used."


def _alike_names(file: str, sheet: str | None, names: Sequence[str], positions: Sequence[int]) -> str:
    both = f"{quoted(names[0], plain=True)} and {quoted(names[1], plain=True)}"
    return f"{in_file(file, sheet)} has two columns whose names look the same, {both} {_rename(positions)}"


def _rename(positions: Sequence[int]) -> str:
    return f"(columns {positions[0]} and {positions[1]}): rename one of them."


_KINDS = {"list": "a list", "text": "a text", "boolean": "true or false", "null": "null", "number": "a number"}


def _at(line: int | None, number: int | None) -> str:
    """Return where an object of a JSON file is."""
    if number is None:
        return f"line {line}"
    return f"object {number}" if line is None else f"object {number} (line {line})"


def _nearly_utf8(file: str, places: int, line: int, do: str) -> str:
    broken = "one place" if places == 1 else f"{places:,} places, the first"
    return f"{named(file)} is UTF-8 except in {broken} in line {line}: correct it there and save it again, or {do}."


def _not_decodable(file: str, encoding: str, line: int, exact: bool, do: str) -> str:
    near = "in" if exact else "in or below"
    return f"{named(file)} is not valid {encoding_name(encoding)} {near} line {line}: {do}, or leave it out to detect it."


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
        f"{named(file)} begins with a byte order mark (BOM) of {encoding_name(encoding)}, which is skipped."
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
    "file.alike_names": _alike_names,
    "file.blank": lambda file: f"{named(file)} is empty except for white space: a header and at least one row are needed.",
    "file.bomb": lambda file, ratio: (
        f"{named(file)} unpacks to more than {ratio} times its size, which no table does (a bomb?): if you trust it, unpack it yourself "
        "and give the file inside."
    ),
    "file.damaged_packing": lambda file, packing, reason: (
        f"{named(file)} is a damaged {packing} file ({reason}): download or compress it again."
    ),
    "zip.ratings": _zip_ratings,
    "file.damaged_zip": lambda file, reason: f"{named(file)} is a damaged zip or XLSX file ({reason}): download or save it again.",
    "file.empty": lambda file: f"{named(file)} is empty: a header and at least one row are needed.",
    "file.many_columns": lambda file, sheet, columns, most: (
        f"{in_file(file, sheet)} has {columns:,} columns, more than the {most:,} allowed: keep those that are needed."
    ),
    "file.misnamed": lambda file, format, promised, better: (
        f"{named(file)} is {_CONTENTS[format]}, not {_PROMISED[promised]} as its name says: rename it to {named(better)}, or save it "
        "in the format of its name."
    ),
    "file.missing": lambda path: f"There is no file {path!r}: give a path, or the name of a sample ('segcore samples' lists them).",
    "file.nameless_columns": lambda positions: (
        f"Columns without a name were named by their position: {', '.join(f'column_{position}' for position in positions)}."
    ),
    "file.no_line_end": lambda file, most, byte: (
        f"{named(file)} has no line end for more than {most // _MIB} MiB, from byte {byte:,} on: is it a table, with one row per line?"
    ),
    "file.no_rows": lambda file: f"{named(file)} has a header but no row below it.",
    "file.not_regular": lambda path: f"{path!r} is not a regular file: {GIVE}.",
    "file.one_name": lambda file, sheet, do: (
        f"{in_file(file, sheet)} names only one column in its first row: remove titles and empty rows above the header, or {do}."
    ),
    "file.other_format": _other_format,
    "file.packed_twice": lambda file, format: f"{named(file)} is, once unpacked, {_PACKED[format]}: unpack it first.",
    "file.repeated_name": lambda file, sheet, name, positions: (
        f"{in_file(file, sheet)} has two columns named {quoted(name)} {_rename(positions)}"
    ),
    "file.too_large": lambda file, most, unpacked: (
        f"{named(file)} is larger than {most / _GIB:.3g} GiB{' unpacked' if unpacked else ''}: save it as Parquet, or give fewer columns "
        "or rows."
    ),
    "file.unreadable": lambda file, reason: f"{named(file)} cannot be read: {reason}.",
    "file.unused_options": _unused_options,
    "file.not_text": lambda file: f"{named(file)} is not a text file: {GIVE}.",
    "json.blank": lambda file: f"{named(file)} is empty except for white space: at least one object is needed.",
    "json.broken_list": lambda file, number, line: (
        f"{named(file)} is a JSON list that breaks off or lacks a comma after object {number}, in line {line}: export it again."
    ),
    "json.goes_on": lambda file: f"{named(file)} has more content after its JSON list: give one list of objects, or one object per line.",
    "json.half_character": lambda file, line, number, column: (
        f"{named(file)} has half a character (a lone surrogate) in {_at(line, number)}, "
        f"{'a key' if column is None else f'column {named(column)}'}: correct it."
    ),
    "json.lists": lambda file: f"{named(file)} is one object of lists, one per column: give one object with named values per row.",
    "json.long_line": lambda file, line, size, most: (
        f"{named(file)} has {size:,} bytes in line {line}, more than the {most // _MIB} MiB allowed: shorten it."
    ),
    "json.long_value": lambda file, line, number, letters, column, most: (
        f"{named(file)} has a value of {letters:,} letters in {_at(line, number)}, column {named(column)}, more than the {most // _MIB} "
        "MiB allowed: shorten it, or leave the column out."
    ),
    "json.many_columns": lambda file, line, number, most: (
        f"{named(file)} has more than {most:,} columns, counted up to {_at(line, number)}: keep the keys that are needed, the same in "
        "each object."
    ),
    "json.nested": lambda columns: f"Lists and objects inside a row were read as JSON text: {', '.join(map(named, columns))}.",
    "json.no_json": lambda file, line, number, reason, character: (
        f"{named(file)} has invalid JSON in {_at(line, number)} ({reason}, character {character:,}): correct it, or remove it."
    ),
    "json.no_object": lambda file, empty: f"{named(file)} holds no object{' with a named value' if empty else ''}: at least one is needed.",
    "json.not_object": lambda file, line, number, found: (
        f"{named(file)} has {_KINDS[found]} in {_at(line, number)}, where an object is needed: give one object with named values per row."
    ),
    "json.repeated_key": lambda file, line, number, key: (
        f"{named(file)} is ambiguous in {_at(line, number)}: key {named(key)} occurs twice in one object; remove one."
    ),
    "json.several_objects": lambda file, line: f"{named(file)} has more than one object in line {line}: put each on its own line.",
    "json.too_deep": lambda file, line, number: (
        f"{named(file)} nests lists or objects too deeply in {_at(line, number)}: give one flat object per row."
    ),
    "json.wrapped": lambda file, objects, key: (
        f"{named(file)} holds {objects:,} objects in the list {named(key)} of one object: give only them, one per line or as a list."
    ),
    "parquet.bomb": lambda file, column, ratio: (
        f"{named(file)}, column {named(column)}, unpacks to more than {ratio} times the file, which no table does (a bomb?): leave the "
        "column out, or write the table again."
    ),
    "parquet.damaged": lambda file, reason: f"{named(file)} is a damaged Parquet file ({reason}): write it again.",
    "parquet.different_folders": lambda file, other: (
        f"{named(file)} and {named(other)} are in folders with different keys: put all parts into folders with the same keys."
    ),
    "parquet.different_types": lambda file, other, column, types: (
        f"{named(file)} has {types[0]} in column {named(column)}, where {named(other)} has {types[1]}: write all parts with the same types."
    ),
    "parquet.long_value": lambda file, column, row, size, most: (
        f"{named(file)}, column {named(column)}, has a value of {size:,} bytes in row {row:,}, more than the {most // _MIB} MiB allowed: "
        "shorten it, or leave the column out."
    ),
    "parquet.many_parts": lambda file, most, most_files: (
        f"{named(file)} has more than {most:,} parts or {most_files:,} files: give the folder of one table."
    ),
    "parquet.missing_column": lambda file, other, column: (
        f"{named(file)} has no column {named(column)}, but {named(other)} has: write all parts with the same columns."
    ),
    "parquet.no_parts": lambda file: (
        f"{named(file)} is a folder without Parquet files: give a file, or a folder with the Parquet parts of one table."
    ),
    "parquet.no_rows": lambda file: f"{named(file)} has columns but no row.",
    "parquet.not_parquet": lambda file: (
        f"{named(file)} is not Parquet, though its name says so: write it again, or remove it from the folder."
    ),
    "parquet.parts": lambda file, parts: (
        f"{named(file)} is a folder: {counted(parts, 'Parquet file')} {'is' if parts == 1 else 'are'} read as one table."
    ),
    "parquet.rows_lost": lambda file, rows, expected: (
        f"{named(file)} is a damaged Parquet file ({rows:,} rows where it says {expected:,}): write it again."
    ),
    "parquet.too_many_values": lambda file, values, size: (
        f"{named(file)} says it has {values:,} values in {size:,} bytes, more than can be read: give fewer rows or columns."
    ),
    "parquet.unfit_values": lambda file, column, type, reason: (
        f"{named(file)} has values in column {named(column)} that do not fit the {type} of the other parts ({reason}): write all parts "
        "with the same types."
    ),
}
