"""The values of a column as what its role needs: text, ids or numbers (dates are in ``dates.py``)."""

from segcore.data.columns.ids import Ids, as_ids, read_ids
from segcore.data.columns.numbers import Numbers, as_numbers, is_numeric, read_numbers
from segcore.data.columns.text import MISSING, Where, as_text, missing_to_null

__all__ = [
    "MISSING",
    "Ids",
    "Numbers",
    "Where",
    "as_ids",
    "as_numbers",
    "as_text",
    "is_numeric",
    "missing_to_null",
    "read_ids",
    "read_numbers",
]
