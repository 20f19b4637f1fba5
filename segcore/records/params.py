"""Parameters of algorithms: name, type, domain and default, used for validation, widgets and the command line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from segcore.errors import ParameterError

Number = int | float
Value = int | float | str


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of an algorithm.

    Parameters
    ----------
    name : str
        scikit-learn's name of it, also used in grids and files.
    kind : {"int", "float", "choice"}
    low, high : float, float or None
        The domain, bounds included; ``low_open`` excludes the lower bound, ``None`` means no upper bound. Ignored for a choice.
    default : tuple of numbers or words
        The values of the default grid; empty if the parameter is in grids only when asked for.
    title, unit, help : str
        Text on screen: a label, the unit of the number ("" for a plain count), one sentence.
    choices : tuple of str
        The domain of a choice: lower-case words.
    counts, counts_many : str
        What its value is a number of, in the singular and, where "s" does not make it, in the plural: a point then reads ``5 segments``.
    label : str
        What comes before the value otherwise, such as ``tol 0.001``; "" is the title in lower case.
    benchmark : tuple of values or None
        The values of the benchmark's grid, which is the Intel kit's for its algorithms, where they differ; empty if it is left out there.
    is_ranged : bool
        Whether people ask for it "from 2 to 12" rather than as a list.
    """

    name: str
    kind: Literal["int", "float", "choice"]
    low: float
    high: float | None
    default: tuple[Value, ...]
    title: str
    unit: str
    help: str
    low_open: bool = False
    choices: tuple[str, ...] = ()
    counts: str = ""
    counts_many: str = ""
    label: str = ""
    benchmark: tuple[Value, ...] | None = None
    is_ranged: bool = False

    @property
    def is_optional(self) -> bool:
        """Whether a point may lack it; scikit-learn's default then holds."""
        return not self.default or self.benchmark == ()

    @property
    def plural(self) -> str:
        """Plural of what the value counts, such as ``segments``."""
        return self.counts_many or f"{self.counts}s"

    def words(self, text: str, *, is_one: bool = False) -> str:
        """Return the text of one or more values as a point's label has it: ``2 or 3 segments``, ``shape full``.

        Parameters
        ----------
        text : str
        is_one : bool
            Whether the value is the number 1.
        """
        if self.counts:
            return f"{text} {self.counts if is_one else self.plural}"
        return f"{self.label or self.title.lower()} {text}"

    def validate(self, value: Value) -> Value:
        """Return ``value`` as this parameter's type, or raise `ParameterError` with the domain."""
        if self.kind == "choice":
            if value not in self.choices:
                raise ParameterError.unknown(self.name, str(value), self.choices)
            return value
        if isinstance(value, bool | str) or not math.isfinite(value):
            raise ParameterError(f"{self.name} must be a finite number, got {value!r}.")
        if self.kind == "int" and value != int(value):
            raise ParameterError(f"{self.name} must be a whole number, got {value!r}.")
        if value < self.low or (self.high is not None and value > self.high):
            raise ParameterError.out_of_range(self.name, value, self.low, self.high)
        if self.low_open and value == self.low:
            raise ParameterError(f"{self.name} must be greater than {self.low:g}, got {value!r}.")
        return int(value) if self.kind == "int" else float(value)

    def parse(self, text: str) -> Value:
        """Read one value from ``text``."""
        if self.kind == "choice":
            return self.validate(text.strip().lower())
        try:
            value = float(text.strip())
        except ValueError:
            kind = "a whole number" if self.kind == "int" else "a number"
            raise ParameterError(f"{self.name} must be {kind}, got {text.strip()!r}.") from None
        return self.validate(value)

    def parse_axis(self, text: str) -> tuple[Value, ...]:
        """Read the values of a grid axis from comma-separated ``text``, in order, without duplicates."""
        parts = [part for part in text.split(",") if part.strip()]
        if not parts:
            raise ParameterError(f"{self.name} needs at least one value, got {text!r}.")
        return tuple(dict.fromkeys(self.parse(part) for part in parts))

    def validate_axis(self, values: Sequence[Value]) -> tuple[Value, ...]:
        """Return the values of a grid axis as this parameter's type, in order, without duplicates."""
        if not values:
            raise ParameterError(f"{self.name} needs at least one value.")
        return tuple(dict.fromkeys(self.validate(value) for value in values))
