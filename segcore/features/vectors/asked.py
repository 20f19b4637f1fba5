"""Vectors as they are requested in words: ``cust2vec=64``, and options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from segcore.errors import ParameterError
from segcore.records.vectors import USUAL_DIMENSIONS, WHOLE, Vectors
from segcore.wording.findings import refusal

NAME = "cust2vec"
_DEFAULTS: dict[str, Any] = {entry.name: entry.default for entry in fields(Vectors)}
VECTOR_OPTIONS = tuple(name for name in _DEFAULTS if name not in ("dimensions", "seed"))


def vector_defaults() -> dict[str, Any]:
    """Return the default of each option."""
    return {name: _DEFAULTS[name] for name in VECTOR_OPTIONS}


def names_vectors(features: str) -> bool:
    """Tell whether the requested features are vectors."""
    return features.strip() == NAME or features.strip().startswith(f"{NAME}=")


def asked_vectors(features: str | Sequence[str] | None, options: str | Mapping[str, Any] | None, *, seed: int = 0) -> Vectors | None:
    """Return the requested vectors, or ``None`` if other features are requested.

    Parameters
    ----------
    features : str, sequence of str, or None
        See `segcore.features.planning.sets.feature_names`.
    options : str, mapping of option to value, or None
        As text ``method=dm,window=5``; see ``VECTOR_OPTIONS``.
    seed : int

    Raises
    ------
    ParameterError
        If options are given for other features, or an option is unknown or outside its domain.

    Examples
    --------
    >>> asked_vectors("cust2vec=32", "method=dm,window=5").window
    5
    >>> asked_vectors("value", None) is None
    True
    """
    if not isinstance(features, str) or not names_vectors(features):
        if options:
            raise refusal("vectors.option_without", kind=ParameterError, features=str(features or "the usual ones"))
        return None
    text = features.strip().removeprefix(NAME).removeprefix("=").strip()
    if features.strip() != NAME and not text.isdecimal():
        raise refusal("vectors.bad_features", kind=ParameterError, asked=features)
    given = _parsed(options) if isinstance(options, str) else dict(options or {})
    for name in given:
        if name not in VECTOR_OPTIONS:
            raise ParameterError.unknown(f"option of {NAME}", name, VECTOR_OPTIONS)
    return Vectors(**given, dimensions=int(text) if text else USUAL_DIMENSIONS, seed=seed)


def _parsed(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, is_given, value = (piece.strip() for piece in part.partition("="))
        if not is_given:
            raise refusal("vectors.bad_option", kind=ParameterError, given=part)
        if value == _DEFAULTS.get(name):  # "auto"
            continue
        try:
            found[name] = int(value) if name in WHOLE else type(_DEFAULTS.get(name, ""))(value)
        except ValueError:
            raise refusal("vectors.bad_number", kind=ParameterError, option=name, given=value, whole=name in WHOLE) from None
    return found
