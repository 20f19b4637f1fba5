"""Bad values: the fault of each value that a role cannot use, and the error for the column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from segcore.errors import SegcoreError
from segcore.wording.findings import refusal

Fault = Mapping[str, Any]
"""Fault of a value: ``code`` (one of ``wording.columns.FAULTS``) and the values of its sentence."""


class Faults:
    """Faults of some distinct texts of a column; a text that simply cannot be read has no entry."""

    def __init__(self) -> None:
        self._found: list[tuple[Fault, np.ndarray]] = []

    def add(self, chosen: np.ndarray, code: str, **values: Any) -> None:
        """Note the fault of the chosen texts, an array of shape (n_values,), bool."""
        if chosen.any():
            self._found.append(({"code": code, **values}, chosen))

    def of(self, position: int) -> Fault | None:
        """Return the fault of one text, if known."""
        return next((fault for fault, chosen in self._found if chosen[position]), None)


def bad_values(code: str, *, column: str, count: int, example: Mapping[str, str], fault: Fault | None, some_good: bool) -> SegcoreError:
    """Build the error for a column with bad values.

    Parameters
    ----------
    code : {"number.bad_values", "date.bad_values"}
    column : str
    count : int
        Rows with a bad value, >= 1.
    example : mapping
        The first of them: ``value`` and ``place``.
    fault : Fault or None
        Its fault.
    some_good : bool
        Whether the column also has good values; otherwise setting rows aside would leave no rows.
    """
    remedy = "set_aside" if some_good else None
    return refusal(code, remedy=remedy, column=column, count=count, example=dict(example), fault=fault and dict(fault))
