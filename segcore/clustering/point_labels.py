"""Labels of solutions and axes in words: ``5 segments, tol 0.001``, ``shape full or diag``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from segcore.clustering.algorithms.registry import find_algorithm
from segcore.records.grid import Value, axes_of, value_text


def point_label(algorithm: str, params: Mapping[str, Value]) -> str:
    """Return a point in words, such as ``5 segments, tol 0.001`` or ``2 components, shape full``."""
    return ", ".join(axis_label(algorithm, name, [value]) for name, value in params.items())


def grid_label(algorithm: str, points: Sequence[Mapping[str, Value]]) -> str:
    """Return the axes of a grid in words, such as ``2 to 10 segments and tol 0.001 or 0.0001``; "" of no points."""
    parts = [axis_label(algorithm, name, values) for name, values in axes_of(points).items()]
    return _listed(parts, "and")


def axis_label(algorithm: str, name: str, values: Sequence[Value]) -> str:
    """Return the values of one parameter in words, such as ``2 to 10 segments``, ``1 component`` or ``shape full or diag``."""
    text = _values_text(values)
    spec = find_algorithm(algorithm)
    known = next((param for param in spec.params if param.name == name), None) if spec else None
    return known.words(text, is_one=list(values) == [1]) if known else f"{name} {text}"


def _values_text(values: Sequence[Value]) -> str:
    whole = [value for value in values if isinstance(value, int)]
    if len(whole) == len(values) > 2 and whole[-1] - whole[0] == len(whole) - 1:
        return f"{whole[0]} to {whole[-1]}"
    return _listed([value_text(value) for value in values], "or")


def _listed(parts: Sequence[str], last: str) -> str:
    return f" {last} ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
