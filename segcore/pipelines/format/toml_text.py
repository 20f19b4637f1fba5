"""TOML from plain values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WIDTH = 120


def toml_text(document: Mapping[str, Any]) -> str:
    """Return a document as TOML: plain values first, then tables.

    Parameters
    ----------
    document : mapping
        Texts, finite numbers, booleans, lists and mappings with texts as keys.

    Examples
    --------
    >>> print(toml_text({"sweep": {"algorithm": "kmeans", "grid": {"n_clusters": [2, 3]}}}), end="")
    [sweep]
    algorithm = "kmeans"
    <BLANKLINE>
    [sweep.grid]
    n_clusters = [2, 3]
    """
    return "\n".join(_table_lines(document, ())).lstrip("\n") + "\n"


def _table_lines(table: Mapping[str, Any], path: Sequence[str]) -> Iterator[str]:
    later: list[tuple[str, Any]] = []
    for name, value in table.items():
        if isinstance(value, Mapping) or _is_list_of_tables(value):
            later.append((name, value))
        else:
            yield f"{_key(name)} = {inline_value(value)}"
    for name, value in later:
        below = (*path, name)
        written = ".".join(map(_key, below))
        if isinstance(value, Mapping):
            # The headings of nested tables define this table too.
            if not value or not all(isinstance(one, Mapping) or _is_list_of_tables(one) for one in value.values()):
                yield f"\n[{written}]"
            yield from _table_lines(value, below)
        else:
            for entry in value:
                yield f"\n[[{written}]]"
                yield from _table_lines(entry, below)


def _is_list_of_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, Mapping) for entry in value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def inline_value(value: Any) -> str:
    """Return a value as TOML writes it after an equals sign."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(name)} = {inline_value(one)}' for name, one in value.items())} }}" if value else "{}"
    items = [inline_value(one) for one in value]
    line = f"[{', '.join(items)}]"
    if len(line) <= _WIDTH:
        return line
    return "[\n" + "".join(f"  {item},\n" for item in items) + "]"


def _text(text: str) -> str:
    """Return a basic string, with control and invisible characters escaped, so that an editor shows them."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in quoted)


def _escaped(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if ord(letter) <= 0xFFFF else f"\\U{ord(letter):08x}"
