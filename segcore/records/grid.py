"""Grids of hyperparameters: their points in the order given, and the points' names."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from segcore.errors import ParameterError

Number = int | float
Value = int | float | str
Point = Mapping[str, Value]
_WORD = re.compile(r"[a-z][a-z_]*")


@dataclass(frozen=True, slots=True)
class Grid:
    """Product of axes of parameter values; the last axis varies fastest.

    Parameters
    ----------
    axes : tuple of (name, values)
        Each axis has at least one value and no duplicates.
    """

    axes: tuple[tuple[str, tuple[Value, ...]], ...]

    @classmethod
    def from_mapping(cls, axes: Mapping[str, Iterable[Value]]) -> Grid:
        """Build a grid from ``{name: values}``; duplicate values are dropped."""
        return cls(tuple((name, tuple(dict.fromkeys(values))) for name, values in axes.items()))

    def points(self) -> tuple[dict[str, Value], ...]:
        """Return every point as ``{name: value}``."""
        names = [name for name, _ in self.axes]
        return tuple(dict(zip(names, values, strict=True)) for values in product(*(axis for _, axis in self.axes)))

    def __len__(self) -> int:
        """Return the number of points without building them."""
        count = 1
        for _, values in self.axes:
            count *= len(values)
        return count


def axes_of(points: Sequence[Point]) -> dict[str, list[Value]]:
    """Return the distinct values of each parameter over ``points``: numbers sorted, words in the order given."""
    names = dict.fromkeys(name for point in points for name in point)
    values = {name: dict.fromkeys(point[name] for point in points if name in point) for name in names}
    return {name: sorted(found, key=lambda value: 0.0 if isinstance(value, str) else value) for name, found in values.items()}


def value_text(value: Value) -> str:
    """Return a parameter's value as text: ``0.001``, ``full``."""
    return value if isinstance(value, str) else f"{value:g}"


def point_key(point: Point) -> str:
    """Return the canonical name of a point, ``n_clusters=5,tol=0.001``, which ``parse_point`` can read."""
    return ",".join(f"{name}={value if isinstance(value, str) else repr(value)}" for name, value in point.items())


def parse_point(text: str) -> dict[str, Value]:
    """Read a point from ``n_clusters=5,tol=0.001``.

    Raises
    ------
    ParameterError
        If an item is neither ``name=number`` nor ``name=word``, or a name appears twice.
    """
    point: dict[str, Value] = {}
    for part in text.split(","):
        name, sign, value = part.partition("=")
        if name.strip() in point:
            raise ParameterError(f"A solution has one value per parameter, but {name.strip()} appears twice in {text!r}.")
        number = math.nan
        try:
            number = float(value)
        except ValueError:
            if sign and name.strip() and _WORD.fullmatch(value.strip()):
                point[name.strip()] = value.strip()
                continue
            sign = ""
        if not sign or not name.strip() or not math.isfinite(number):
            raise ParameterError(f"A solution is named by name=value,name=value, such as n_clusters=5,tol=0.001, got {text!r}.")
        point[name.strip()] = int(number) if number == int(number) and "." not in value and "e" not in value.lower() else number
    return point


def find_point(points: Sequence[Point], wanted: Point) -> int:
    """Return the index of the one point that has all the ``wanted`` values.

    A parameter that is not in ``wanted`` may have any value, provided that only one point remains.

    Raises
    ------
    ParameterError
        If no point matches, or more than one.
    """
    found = [i for i, point in enumerate(points) if all(name in point and point[name] == value for name, value in wanted.items())]
    if len(found) == 1:
        return found[0]
    asked = point_key(wanted)
    if found:
        raise ParameterError(
            f"{len(found)} solutions of the sweep have {asked}: name the other parameters too, such as {point_key(points[found[0]])}."
        )
    values = "; ".join(f"{name} = {', '.join(repr(v) for v in axis)}" for name, axis in axes_of(points).items())
    raise ParameterError(f"The sweep has no solution with {asked}. It has {values}.")
