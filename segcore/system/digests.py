"""Digests of JSON-able values, used as ids."""

from __future__ import annotations

import hashlib
import json


def canonical_json(value: object) -> str:
    """Return JSON text that is the same for equal values: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: object) -> str:
    """Return the SHA-256 of a JSON-able value, in hexadecimal."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
