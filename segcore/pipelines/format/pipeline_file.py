"""A pipeline file as it was read: its values, with the line or the setting that each came from."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from segcore.data.databases.address import is_address, parse_address
from segcore.data.files.file_identity import user_path
from segcore.data.samples.registry import find_sample
from segcore.errors import ParameterError, SegcoreError, SourceError
from segcore.pipelines.format.checking import Problem, masked, problems_of
from segcore.pipelines.format.key_lines import Path as KeyPath
from segcore.pipelines.format.key_lines import key_lines
from segcore.pipelines.format.layout import ROOT, Key, Table
from segcore.pipelines.format.toml_text import inline_value
from segcore.system.digests import digest
from segcore.wording.findings import error_text, refusal
from segcore.wording.pipelines import key_text, place_text

_MOST_BYTES = 4_000_000
# Keys that findings about a database can refer to without quoting the whole value.
_KEY_OF: Mapping[str, str] = {
    "database.one_of": "path",
    "database.not_a_select": "query",
    "database.several_statements": "query",
    "database.unreadable_select": "query",
    "database.acting_function": "query",
    "database.no_column": "query",
    "database.no_table_in_query": "query",
    "database.no_table": "table",
    "database.several_tables": "table",
    "database.time_zone": "time_zone",
}
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Document:
    """Values of a pipeline file.

    Parameters
    ----------
    file : Path
    values : mapping
        Values of the file and the settings.
    lines : mapping of path to int
        Line of each key of the file.
    settings : mapping of path to str
        Keys that were overridden, as they were written.
    """

    file: Path
    values: Mapping[str, Any]
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    settings: Mapping[KeyPath, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Digest of the values, whatever the layout of the file."""
        return digest(_plain(self.values))

    @property
    def plain_settings(self) -> dict[str, Any]:
        """The overridden keys, with their values as in JSON."""
        return {key: _plain(self.value(*path)) for path, key in self.settings.items()}

    @property
    def written_settings(self) -> list[str]:
        """The overridden keys as ``KEY=VALUE``, from which `read_document` gets the same values."""
        return [f"{key}={_written(key, value)}" for key, value in self.plain_settings.items()]

    def value(self, *path: str | int) -> Any:
        """Return the value at a path; ``None`` if there is none."""
        found: Any = self.values
        for part in path:
            below = found if isinstance(found, Mapping) else dict(enumerate(found)) if isinstance(found, list) else {}
            if part not in below:
                return None
            found = below[part]
        return found

    def place(self, path: KeyPath) -> str:
        """Return where a key was set: "line 3" or "--set data.path"; for a missing key, where its table begins."""
        for length in range(len(path), 0, -1):
            above = path[:length]
            if above in self.settings:
                return place_text(None, f"--set {self.settings[above]}")
            if above in self.lines:
                return place_text(self.lines[above], None)
        return ""

    def is_set(self, path: KeyPath) -> bool:
        """Tell whether a value was overridden, so that a path is relative to the current folder and not to that of the file."""
        return any(path[:length] in self.settings for length in range(1, len(path) + 1))

    def refuse(self, problems: Iterable[Problem]) -> NoReturn:
        """Raise `ParameterError` with all problems, in the order of their lines."""
        found = sorted(problems, key=lambda problem: self.lines.get(problem.path, 0))
        listed = [{"place": self.place(problem.path), "text": problem.text} for problem in found]
        raise refusal("pipeline.invalid", kind=ParameterError, file=self.file.name, problems=listed)

    def located(self, error: SegcoreError, path: KeyPath) -> SegcoreError:
        """Return an error of a step with the file, line and key that it is about.

        Parameters
        ----------
        error : SegcoreError
        path : tuple of str and int
            The key, unless the error's finding names a value that is in the file.
        """
        found = self.key_of(error, path) or self._named(error, path) or path
        values = {"file": self.file.name, "place": self.place(found), "key": key_text(found), "sentence": error_text(error, "pipeline")}
        return refusal("pipeline.failed", kind=type(error), **values)

    def key_of(self, error: SegcoreError, path: KeyPath) -> KeyPath | None:
        """Return the key of a table that a database's error is about; ``None`` for other errors, or if the table does not have the key.

        Parameters
        ----------
        error : SegcoreError
        path : tuple of str and int
            The table, or a key in it.
        """
        name = "" if error.finding is None else _KEY_OF.get(error.finding.code, "")
        tables = (path[:length] for length in range(len(path), 0, -1))
        return next(((*table, name) for table in tables if self.value(*table, name) is not None), None)

    def _named(self, error: SegcoreError, path: KeyPath) -> KeyPath | None:
        """Return the key in the step's table that holds a name in the error's finding."""
        if error.finding is None:
            return None
        names = {value for value in error.finding.values.values() if isinstance(value, str) and value}
        for found, value in _leaves(self.value(*path[:1]), path[:1]):
            # Most findings name the file too, which does not identify the key.
            if found[-1] not in ("path", "name") and (value in names or found[-1] in names):
                return found
        return None


def _leaves(value: Any, path: KeyPath) -> Iterable[tuple[KeyPath, Any]]:
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from _leaves(below, (*path, name))
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from _leaves(below, (*path, place))
    else:
        yield path, value


def read_document(file: Path, settings: Mapping[str, Any] | Iterable[str] = ()) -> Document:
    """Read and check a pipeline file.

    Parameters
    ----------
    file : Path
    settings : mapping of dotted key to value, or iterable of str
        Values instead of those in the file; as texts, ``data.path=next.csv``, whose values are TOML or plain text. Paths in them are
        relative to the current folder.

    Raises
    ------
    SourceError
        If the file cannot be read.
    ParameterError
        If it is not TOML, or a key or value is wrong; with every error, its line and what to do.
    """
    text = _text_of(file)
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = "its values are nested too deeply" if isinstance(error, RecursionError) else str(error).removesuffix(".")
        raise refusal("pipeline.syntax", kind=ParameterError, file=file.name, reason=reason) from None
    document = Document(file, values, key_lines(text))
    given = settings.items() if isinstance(settings, Mapping) else map(_setting, settings)
    for key, value in given:
        document = _with_setting(document, key, _toml_value(value))
    problems = problems_of(document.values)
    if problems:
        document.refuse(problems)
    return document


def _text_of(file: Path) -> str:
    try:
        if not file.is_file():
            reason = "it is a folder" if file.is_dir() else "there is no such file"
            raise refusal("pipeline.unreadable", kind=SourceError, file=masked(str(file)), reason=reason)
        if file.stat().st_size > _MOST_BYTES:
            raise refusal("pipeline.too_large", kind=SourceError, file=masked(str(file)), most=_MOST_BYTES)
        return file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise refusal("pipeline.unreadable", kind=SourceError, file=masked(str(file)), reason=f"line {line} is not UTF-8") from None
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        reason = getattr(error, "strerror", None) or str(error)
        raise refusal("pipeline.unreadable", kind=SourceError, file=masked(str(file)), reason=reason) from None


def _setting(text: str) -> tuple[str, Any]:
    """Return the key and the value of ``KEY=VALUE``; a value that is not TOML is text."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise refusal("pipeline.bad_setting", kind=ParameterError, given=masked(key))
    try:
        read = tomllib.loads(f"value = {value.strip()}")
    except (tomllib.TOMLDecodeError, RecursionError):
        read = {}
    return key.strip(), read["value"] if set(read) == {"value"} else value


def _written(key: str, value: Any) -> str:
    """Return a value as it is written after ``KEY=``: text has no quotes unless it would be read as something else."""
    is_plain = isinstance(value, str) and _setting(f"{key}={value}")[1] == value
    return value if is_plain else inline_value(value)


def _toml_value(value: Any) -> Any:
    """Return a script's value in TOML's types: paths as text, numbers of segments as keys, ranges and arrays as lists."""
    if isinstance(value, Mapping):
        return {str(name): _toml_value(below) for name, below in value.items()}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    plain = value.tolist() if hasattr(value, "tolist") else value
    return [_toml_value(below) for below in plain] if isinstance(plain, list | tuple | range) else plain


def _with_setting(document: Document, key: str, value: Any) -> Document:
    try:
        nested = tomllib.loads(f"{key} = 0") if "\n" not in key else {}
    except tomllib.TOMLDecodeError:
        nested = {}
    parts: list[str] = []
    while isinstance(nested, dict) and len(nested) == 1:
        ((name, nested),) = nested.items()
        parts.append(name)
    if nested != 0 or not parts or len(parts) > _DEEPEST:
        raise refusal("pipeline.bad_setting", kind=ParameterError, given=masked(key))
    values, path = _set(document.values, parts, _from_current_folder(value, _key_at(parts)))
    return Document(document.file, values, document.lines, {**document.settings, path: key})


def _key_at(parts: list[str]) -> Key | None:
    """Return a key of the layout; ``None`` if it is unknown."""
    table, key = ROOT, None
    for part in parts:
        if key is not None and key.table is not None and key.table.is_list and part.isdecimal():
            continue
        key = table.key(part)
        if key is None:
            return None
        table = key.table or Table("")
    return key


def _from_current_folder(value: Any, key: Key | None) -> Any:
    """Return a value with every path in it made absolute; names of samples and URLs stay as they are."""
    if key is None:
        return value
    if key.table is not None and isinstance(value, list):
        return [_from_current_folder(one, key) for one in value]
    if key.table is not None and isinstance(value, Mapping):
        return {name: _from_current_folder(below, key.table.key(name)) for name, below in value.items()}
    if not key.is_path or not isinstance(value, str) or find_sample(value) is not None:
        return value
    try:
        if is_address(value):
            return parse_address(value).absolute().text
        return value if "://" in value else str(Path.cwd() / user_path(value))
    except (OSError, SegcoreError):  # the current folder is gone, or the value is wrong, which is reported with its key
        return value


def _set(node: Any, parts: list[str], value: Any) -> tuple[Any, KeyPath]:
    """Return a copy of a node with a value at a path, and that path; a number is a position in a list, from 0."""
    if not parts:
        return value, ()
    first, rest = parts[0], parts[1:]
    if isinstance(node, list) and first.isdecimal() and int(first) < len(node):
        place = int(first)
        below, path = _set(node[place], rest, value)
        return [*node[:place], below, *node[place + 1 :]], (place, *path)
    table = dict(node) if isinstance(node, Mapping) else {}
    below, path = _set(table.get(first), rest, value)
    return {**table, first: below}, (first, *path)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(below) for name, below in value.items()}
    if isinstance(value, list):
        return [_plain(below) for below in value]
    return value if isinstance(value, str | int | float | bool) else str(value)
