"""What is clustered: a data set with the roles of its columns, and the table of features made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from segcore.records.finding import Finding

Kind = Literal["transactions", "ratings", "customers"]
KINDS: tuple[Kind, ...] = ("transactions", "ratings", "customers")
ROW_NUMBER = "row number"  # the column of text ids that stands in for a customer role, with one row a customer
ROLES = ("customer", "order", "time", "item", "quantity", "price", "amount", "discount", "category", "rating")
# The roles that a kind of data can have.
ROLES_OF: Mapping[Kind, tuple[str, ...]] = {
    "transactions": ROLES[:-1],
    "ratings": ("customer", "item", "rating", "time", "category"),
    "customers": ("customer",),
}


CANCELLED_ORDER = r"^C[0-9]+$"


def is_cancelled(roles: Mapping[str, str]) -> Any:
    """Return the Narwhals expression that tells the cancelled lines of transactions.

    Parameters
    ----------
    roles : mapping of role to column name
        Of columns in their canonical types.

    Returns
    -------
    narwhals Expr, bool
        True where the quantity is negative (the amount, where no column is the quantity), or the order's number is a C and digits, as
        in the Intel kit's data.
    """
    import narwhals as nw

    negative = nw.col(roles["quantity"] if "quantity" in roles else roles["amount"]) < 0
    return negative | nw.col(roles["order"]).str.contains(CANCELLED_ORDER) if "order" in roles else negative


def Note(level: Literal["info", "warning"], text: str) -> Finding:  # noqa: N802
    """Return a finding that is still a sentence; goes when every finding has a code."""
    return Finding("text", level, {"text": text})


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Rows and what their columns mean.

    Parameters
    ----------
    frame : a native frame (pandas, Polars or Modin)
        Rows that can be used: no null in a column with a role. The role columns have canonical types
        (customer, order, item, category: text; time: datetime64; quantity, price, amount, discount, rating: float64) and keep their
        own names. Only category and discount may be null. With one row a customer the other columns are float64 where every value is a
        number, times where every value is one, else text.
    kind : {"transactions", "ratings", "customers"}
    roles : mapping of role to column name
    name : str
        What people call it: the sample's or the file's name.
    fingerprint : str
        SHA-256 of the canonical content, roles and kind included, filters applied.
    rows_read : int
        Rows in the source, before anything was set aside or filtered.
    set_aside : mapping of reason to number of rows
        ``rows_read == rows kept + sum(set_aside.values()) + rows filtered out``.
    filtered_out : int
        Rows the analyst's filters removed.
    filters : tuple of str
        The filters, as asked.
    notes : tuple of Finding
    aside : pyarrow Table or None
        The rows that were set aside: ``Row`` (where it stands in the source), ``Why``, then the source's columns as text.
    counts : mapping of str to int
        Rows that are used though they are worth a look: what they are, and how many.
    """

    frame: Any
    kind: Kind
    roles: Mapping[str, str]
    name: str
    fingerprint: str
    rows_read: int
    set_aside: Mapping[str, int] = field(default_factory=dict)
    filtered_out: int = 0
    filters: tuple[str, ...] = ()
    notes: tuple[Finding, ...] = ()
    aside: Any = None
    counts: Mapping[str, int] = field(default_factory=dict)
