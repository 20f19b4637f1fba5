"""Points of a grid and the values of its axes as people say them: ``5 segments, tol 0.001``, ``shape full or diag``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from segcore.clustering.algorithms.registry import ALGORITHMS
from segcore.records.grid import Value, axes_of, value_text

_COUNTED = {"n_clusters": "segment", "n_components": "component", "min_samples": "neighbour", "n_init": "start"}
# What the field itself calls by the parameter's name, which is shorter than any title.
_CALLED_BY_NAME = ("eps", "tol")
_TITLES = {
    param.name: param.title.lower() for spec in ALGORITHMS for param in spec.params if param.name not in (*_COUNTED, *_CALLED_BY_NAME)
}


def point_label(params: Mapping[str, Value]) -> str:
    """Return a point in words, such as ``5 segments, tol 0.001`` or ``2 components, shape full``."""
    return ", ".join(axis_label(name, [value]) for name, value in params.items())


def grid_label(points: Sequence[Mapping[str, Value]]) -> str:
    """Return the axes of a grid in words, such as ``2 to 10 segments and tol 0.001 or 0.0001``; "" of no points."""
    parts = [axis_label(name, values) for name, values in axes_of(points).items()]
    return _listed(parts, "and")


def axis_label(name: str, values: Sequence[Value]) -> str:
    """Return the values of one parameter in words, such as ``2 to 10 segments``, ``1 component`` or ``shape full or diag``."""
    text = _values_text(values)
    if name not in _COUNTED:
        return f"{_TITLES.get(name, name)} {text}"
    return f"{text} {_COUNTED[name]}{'' if list(values) == [1] else 's'}"


def _values_text(values: Sequence[Value]) -> str:
    whole = [value for value in values if isinstance(value, int)]
    if len(whole) == len(values) > 2 and whole[-1] - whole[0] == len(whole) - 1:
        return f"{whole[0]} to {whole[-1]}"
    return _listed([value_text(value) for value in values], "or")


def _listed(parts: Sequence[str], last: str) -> str:
    return f" {last} ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
