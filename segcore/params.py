"""Parameters of algorithms: name, type, domain and default in one record that drives validation, widgets and the command line."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from segcore.errors import ParameterError

Number = int | float


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of an algorithm.

    Parameters
    ----------
    name : str
        The name scikit-learn gives it, which is also its name in grids and files.
    kind : {"int", "float"}
    low, high : float, float or None
        The domain, bounds included; ``low_open`` excludes the lower one. ``None`` is no upper bound.
    default : tuple of numbers
        The values of the default grid; empty where the parameter is left out of grids unless asked for.
    title, unit, help : str
        What a screen shows: a label, the unit of the number ("" for a count without one), one sentence.
    """

    name: str
    kind: Literal["int", "float"]
    low: float
    high: float | None
    default: tuple[Number, ...]
    title: str
    unit: str
    help: str
    low_open: bool = False

    def validate(self, value: Number) -> Number:
        """Return ``value`` as this parameter's type, or raise `ParameterError` naming the domain."""
        if isinstance(value, bool) or not math.isfinite(value):
            raise ParameterError(f"{self.name} must be a finite number, got {value!r}.")
        if self.kind == "int" and value != int(value):
            raise ParameterError(f"{self.name} must be a whole number, got {value!r}.")
        if value < self.low or (self.high is not None and value > self.high):
            raise ParameterError.out_of_range(self.name, value, self.low, self.high)
        if self.low_open and value == self.low:
            raise ParameterError(f"{self.name} must be greater than {self.low:g}, got {value!r}.")
        return int(value) if self.kind == "int" else float(value)

    def parse(self, text: str) -> Number:
        """Read one value from ``text``."""
        try:
            value = float(text.strip())
        except ValueError:
            kind = "a whole number" if self.kind == "int" else "a number"
            raise ParameterError(f"{self.name} must be {kind}, got {text.strip()!r}.") from None
        return self.validate(value)

    def parse_axis(self, text: str) -> tuple[Number, ...]:
        """Read the values of a grid's axis from comma-separated ``text``, in the order written, each once."""
        parts = [part for part in text.split(",") if part.strip()]
        if not parts:
            raise ParameterError(f"{self.name} needs at least one value, got {text!r}.")
        return tuple(dict.fromkeys(self.parse(part) for part in parts))
