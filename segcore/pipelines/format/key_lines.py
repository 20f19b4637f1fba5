"""Line numbers of the keys of a TOML file, which Python's TOML parser does not give."""

from __future__ import annotations

import re
import tomllib
from typing import Any

Path = tuple[str | int, ...]
"""Keys from the outermost table to a value; a number is the position in a list."""

_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[A-Za-z0-9_-]+")
_LONG_BASIC = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''.*?'{3,5}", re.DOTALL)
_SCALAR = re.compile(r"[^,\]}#\n]+")


def key_lines(text: str) -> dict[Path, int]:
    r"""Return the line, from 1, at which each key, table and entry of a list first appears.

    Parameters
    ----------
    text : str
        TOML that ``tomllib`` has read without an error.

    Examples
    --------
    >>> key_lines('a.b = 1\n[[c]]\nd = [2,\n3]')
    {('a',): 1, ('a', 'b'): 1, ('c',): 2, ('c', 0): 2, ('c', 0, 'd'): 3, ('c', 0, 'd', 0): 3, ('c', 0, 'd', 1): 4}
    """
    return _Scanner(text).scan()


class _Scanner:
    """Parser of TOML that only finds where keys and values are."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}
        self._counted, self._line = 0, 1

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while True:
            self._skip(_BLANK)
            if self.at >= len(self.text):
                return self.lines
            if self._take("[["):
                table = self._entry(self._keys())
                self._mark(table)
                self._take("]]")
            elif self._take("["):
                table = self._resolved(self._keys())
                self._mark(table)
                self._take("]")
            else:
                self._pair(table)

    def _pair(self, table: Path) -> None:
        path = (*table, *self._keys())
        self._mark(path)
        self._take("=")
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._take("{"):
            self._skip(_BLANK)
            while not self._take("}"):
                self._pair(path)
                self._skip(_BLANK)
                self._take(",")
                self._skip(_BLANK)
        elif self._take("["):
            self._skip(_BLANK)
            place = 0
            while not self._take("]"):
                self._mark((*path, place))
                self._value((*path, place))
                place += 1
                self._skip(_BLANK)
                self._take(",")
                self._skip(_BLANK)
        elif self.text.startswith('"""', self.at):
            self._skip(_LONG_BASIC)
        elif self.text.startswith("'''", self.at):
            self._skip(_LONG_LITERAL)
        elif self.text[self.at : self.at + 1] in ('"', "'"):
            self._skip(_KEY)
        else:
            self._skip(_SCALAR)

    def _keys(self) -> Path:
        keys: list[str] = []
        while True:
            self._skip(_SPACE)
            found = _KEY.match(self.text, self.at)
            if found is None:
                raise ValueError("not the TOML that was read")
            keys.append(_unquoted(found[0]))
            self.at = found.end()
            self._skip(_SPACE)
            if not self._take("."):
                return tuple(keys)

    def _entry(self, keys: Path) -> Path:
        """Return the path of the next entry of a list of tables."""
        path = (*self._resolved(keys[:-1]), keys[-1])
        self._mark(path)
        place = self._counts[path] = self._counts.get(path, -1) + 1
        return (*path, place)

    def _resolved(self, keys: Path) -> Path:
        """Return a path with the position of the latest entry for each list of tables in it."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            if path in self._counts:
                path = (*path, self._counts[path])
        return path

    def _mark(self, path: Path) -> None:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], self._line)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()

    def _take(self, mark: str) -> bool:
        self._skip(_SPACE)
        if not self.text.startswith(mark, self.at):
            return False
        self.at += len(mark)
        return True


def _unquoted(key: str) -> str:
    if key[0] not in "\"'":
        return key
    read: dict[str, Any] = tomllib.loads(f"{key} = 0")
    return next(iter(read))
