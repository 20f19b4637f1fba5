"""JSON of plain values, written and read strictly; its digests, used as ids, and that of segcore's own code."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

_SOURCE = Path(__file__).parents[1]


def canonical_json(value: object) -> str:
    """Return JSON text that is the same for equal values: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def plain_values(text: str | bytes) -> Any:
    """Return the value of JSON text.

    Raises
    ------
    ValueError, RecursionError
        If it is not JSON, has a number that JSON lacks, or is nested too deep.
    """
    return json.loads(text, parse_constant=_refuse)


def mapping(text: str | bytes) -> dict[str, Any]:
    """Return the value of the text of a JSON object.

    Raises
    ------
    ValueError, RecursionError, TypeError
        See `plain_values`; or if it is another value.
    """
    found = plain_values(text)
    if not isinstance(found, dict):
        raise TypeError(f"a JSON object is expected, not {type(found).__name__}")
    return found


def digest(value: object) -> str:
    """Return the SHA-256 of a JSON-able value, in hexadecimal."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def code_digest() -> str:
    """Return the SHA-256 of segcore's source files, in hexadecimal."""
    files = sorted(_SOURCE.rglob("*.py"))
    return _digest_of(tuple((file, file.stat().st_mtime_ns) for file in files))


@lru_cache(maxsize=1)
def _digest_of(files: tuple[tuple[Path, int], ...]) -> str:
    found = hashlib.sha256()
    for file, _ in files:
        found.update(file.read_bytes())
    return found.hexdigest()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
