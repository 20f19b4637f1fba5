"""Data set: rows, the roles of their columns, and findings about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from segcore.records.finding import Finding

Kind = Literal["transactions", "ratings", "customers"]
KINDS: tuple[Kind, ...] = ("transactions", "ratings", "customers")
ROW_NUMBER = "row number"  # the column of text ids where no column has the role customer, with one row per customer
ROLES = ("customer", "order", "time", "item", "quantity", "price", "amount", "discount", "category", "rating", "value")
# The roles that a kind of data can have.
ROLES_OF: Mapping[Kind, tuple[str, ...]] = {
    "transactions": ROLES[:-2],
    "ratings": ("customer", "item", "rating", "time", "category"),
    "customers": ("customer", "value"),
}


CANCELLED_ORDER = r"^C[0-9]+$"


def is_cancelled(roles: Mapping[str, str]) -> Any:
    """Return the Narwhals expression for cancelled lines of transactions.

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


@dataclass(frozen=True, slots=True)
class RowCount:
    """Number of rows with one reason: why they are set aside, or why they are worth a look.

    Parameters
    ----------
    reason : Finding
        Its code is one of ``wording.rows.LABELS``.
    rows : int
        At least 1.
    """

    reason: Finding
    rows: int

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"reason": self.reason.to_json(), "rows": self.rows}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RowCount:
        """Build the record from what ``to_json`` returned."""
        return cls(Finding.from_json(data["reason"]), data["rows"])


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Rows and what their columns mean.

    Parameters
    ----------
    frame : a native frame (pandas, Polars or Modin), or a tuple of lazy ones (Polars, DuckDB or Spark)
        Rows that can be used; of several frames, each holds all rows of its customers, with columns named by their roles and ``row``, the
        row's number in the source. In all: no null in a column with a role. The role columns have canonical types
        (customer, order, item, category: text; time: datetime64; quantity, price, amount, discount, rating: float64) and keep their
        own names. Only category and discount may be null. Ratings without the role rating are rows to be counted. With one row per
        customer the other columns are float64 where every value is a number, times where every value is one, else text.
    kind : {"transactions", "ratings", "customers"}
    roles : mapping of role to column name
    name : str
        Display name: the sample's or the file's name.
    fingerprint : str
        SHA-256 of the canonical content, roles and kind included, filters applied.
    rows_read : int
        Rows in the source, before anything was set aside or filtered.
    set_aside : tuple of RowCount
        ``rows_read == rows kept + rows set aside + rows filtered out``.
    filtered_out : int
        Rows the analyst's filters removed.
    filters : tuple of str
        The filters, as the analyst wrote them.
    notes : tuple of Finding
    aside : pyarrow Table or None
        The rows that were set aside: ``Row`` (its place in the source), ``Why``, then the source's columns as text.
    counts : tuple of RowCount
        Rows that are used though they are worth a look.
    used : ndarray of shape (rows_read,), bool, or None
        Which rows of the source the frame has, in the same order; ``None`` if that is not known.
    """

    frame: Any
    kind: Kind
    roles: Mapping[str, str]
    name: str
    fingerprint: str
    rows_read: int
    set_aside: tuple[RowCount, ...] = ()
    filtered_out: int = 0
    filters: tuple[str, ...] = ()
    notes: tuple[Finding, ...] = ()
    aside: Any = None
    counts: tuple[RowCount, ...] = ()
    used: Any = None

    @property
    def rows_used(self) -> int:
        """Rows that are neither set aside nor filtered out."""
        return self.rows_read - sum(count.rows for count in self.set_aside) - self.filtered_out

    @property
    def parts(self) -> tuple[Any, ...]:
        """The native frames that hold the rows."""
        return self.frame if isinstance(self.frame, tuple) else (self.frame,)

    @property
    def columns(self) -> Mapping[str, str]:
        """The frames' column of each role."""
        return {role: role for role in self.roles} if isinstance(self.frame, tuple) else self.roles
