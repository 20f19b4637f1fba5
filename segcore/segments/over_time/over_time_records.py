"""What became of the segments of a kept solution in later data: records, stored once and shown everywhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from segcore.records.estimate import Estimate
from segcore.records.finding import Finding
from segcore.records.grid import Value
from segcore.segments.comparison import Fate
from segcore.segments.over_time.drift import Drift

if TYPE_CHECKING:
    import pandas as pd

Status = Literal["both", "new", "gone", "aside"]
Cause = Literal["", "rows", "time", "behaviour"]
CAUSES: tuple[Cause, ...] = ("behaviour", "time", "rows")
"""Causes of a move: behaviour since the earlier end, the time that passed, or earlier rows that differ now."""
NOWHERE = -2
"""Segment of customers who are missing in the earlier or the later data, or set aside there."""


@dataclass(frozen=True, slots=True)
class Periods:
    """Periods that the earlier and the later data cover; ISO dates and times, ``None`` in data without times.

    Parameters
    ----------
    earlier_first, earlier_last : str or None
        ``earlier_last`` is the date up to which the sweep counted days.
    later_first, later_last : str or None
        ``later_last`` is the date up to which days are counted now.
    is_same_start : bool
        Whether the later data cover the earlier period too, so that its rows can be compared.
    """

    earlier_first: str | None = None
    earlier_last: str | None = None
    later_first: str | None = None
    later_last: str | None = None
    is_same_start: bool = False

    def days(self) -> tuple[float, float] | None:
        """Return the length of both periods; ``None`` if the beginning or end of a period is not known."""
        ends = (self.earlier_first, self.earlier_last, self.later_first, self.later_last)
        first, last, later_first, later_last = (None if end is None else dt.datetime.fromisoformat(end) for end in ends)
        if first is None or last is None or later_first is None or later_last is None:
            return None
        return (last - first) / dt.timedelta(days=1), (later_last - later_first) / dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, eq=False)
class FollowedCustomers:
    """Customers of the earlier and of the later data; arrays of shape (n_customers,).

    Parameters
    ----------
    ids : ndarray of object
        Text, ascending.
    status : ndarray of object
        "both", "new" (only in the later data), "gone" (only in the earlier data), "aside": set aside in the earlier data, the later data or
        both, by the outlier rule or for too few items.
    then, now : ndarray of int32
        Segments; -1 is noise, -2 nowhere.
    cause : ndarray of object
        Cause of a move, for customers in both: see `CAUSES`; "" for all others.
    revenue_then, revenue_now : ndarray of float64
        In the data's currency; NaN if unknown.
    """

    ids: np.ndarray
    status: np.ndarray
    then: np.ndarray
    now: np.ndarray
    cause: np.ndarray
    revenue_then: np.ndarray
    revenue_now: np.ndarray

    @property
    def in_both(self) -> np.ndarray:
        """Customers in both data sets, shape (n_customers,), bool."""
        return np.asarray(self.status == "both")

    @property
    def moved(self) -> np.ndarray:
        """Customers in both who are in another segment now, shape (n_customers,), bool."""
        return self.in_both & (self.then != self.now)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per customer."""
        import pandas as pd

        columns = {"customer_id": self.ids, "status": self.status, "then": self.then, "now": self.now, "cause": self.cause}
        return pd.DataFrame({**columns, "revenue_then": self.revenue_then, "revenue_now": self.revenue_now})

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> FollowedCustomers:
        """Build the record from the output of ``to_frame``."""
        texts = {name: frame[name].to_numpy(dtype=object) for name in ("customer_id", "status", "cause")}
        then, now = (frame[name].to_numpy(dtype=np.int32) for name in ("then", "now"))
        revenues = (frame[name].to_numpy(dtype=np.float64) for name in ("revenue_then", "revenue_now"))
        return cls(texts["customer_id"], texts["status"], then, now, texts["cause"], *revenues)


@dataclass(frozen=True, slots=True)
class SegmentChange:
    """One segment, then and now.

    Parameters
    ----------
    label : int
    then, now : int
        Customers.
    then_share, now_share : Estimate
        Of the customers of that time.
    difference : Estimate
        ``now_share - then_share``; its interval takes into account that customers in both are the same.
    revenue_then, revenue_now : float or None
        Share of the revenue of all customers of that time; ``None`` if that revenue is not positive.
    new, gone, came, left : int
        Customers in the segment now who are new in the data, customers of the segment then who are gone from the data, and customers in
        both data sets who moved into it or out of it.
    """

    label: int
    then: int
    now: int
    then_share: Estimate
    now_share: Estimate
    difference: Estimate
    revenue_then: float | None
    revenue_now: float | None
    new: int
    gone: int
    came: int
    left: int

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return {name: value.to_json() if isinstance(value, Estimate) else value for name, value in plain.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SegmentChange:
        """Build the record from the output of ``to_json``."""
        estimates = {name: Estimate.from_json(data[name]) for name in ("then_share", "now_share", "difference")}
        return cls(**{**data, **estimates})


@dataclass(frozen=True, slots=True)
class OtherNumber:
    """Another number of segments, and how it compares with the kept one, before and now.

    Parameters
    ----------
    n_segments : int
    then, now : float
        Its silhouette minus that of the kept number, for the earlier and for the later customers.
    by_chance : float
        Largest change of that difference between two random halves of the earlier customers.
    """

    n_segments: int
    then: float
    now: float
    by_chance: float


@dataclass(frozen=True, slots=True)
class Refit:
    """The later customers, clustered again.

    Parameters
    ----------
    sweep, point : str
        The stored sweep, and the name of its solution that is compared.
    position : int
        Of that solution.
    n_segments : int
    agreement : float
        Adjusted Rand index of the kept solution and of one with the same settings that was fitted to the later customers.
    least_agreement : float
        Lowest agreement between halves of the earlier customers, each fitted and scored by the other half's solution.
    would_move : float
        Share of the later customers who would be in another segment with the same settings.
    others : tuple of OtherNumber
        Other numbers of segments that were tried.
    better : int or None
        The one of these numbers that has become clearly better than the kept number.
    fates : tuple of Fate
        What became of the kept segments in the compared solution.
    partners : mapping of int to int
        For segments of the compared solution, the kept segment whose name they take.
    """

    sweep: str
    point: str
    position: int
    n_segments: int
    agreement: float
    least_agreement: float
    would_move: float
    others: tuple[OtherNumber, ...]
    better: int | None
    fates: tuple[Fate, ...]
    partners: Mapping[int, int]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        lists = {"others": [asdict(one) for one in self.others], "fates": [fate.to_json() for fate in self.fates]}
        return {**plain, **lists, "partners": {str(label): kept for label, kept in self.partners.items()}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Refit:
        """Build the record from the output of ``to_json``."""
        lists = {"others": tuple(OtherNumber(**one) for one in data["others"]), "fates": tuple(map(Fate.from_json, data["fates"]))}
        return cls(**{**data, **lists, "partners": {int(to): int(label) for to, label in data["partners"].items()}})


@dataclass(frozen=True, slots=True, eq=False)
class OverTime:
    """A kept solution in later data.

    Parameters
    ----------
    sweep, point : str
        The kept solution.
    params : mapping
        Its parameters.
    data : mapping
        ``name``, ``fingerprint`` and ``filters`` of the later data.
    periods : Periods
    customers : FollowedCustomers
    segments : tuple of SegmentChange
        By label, noise first.
    sizes : Drift
        Of the sizes of the segments.
    drift : tuple of Drift
        Of each feature that was clustered on, and is not a dimension of a vector.
    rows_differ : int or None
        Customers in both whose earlier rows are not the same in the later data; ``None`` if the rows cannot be compared.
    refit : Refit or None
    no_refit : str
        Why there is no refit.
    notes : tuple of Finding
    """

    sweep: str
    point: str
    params: Mapping[str, Value]
    data: Mapping[str, Any]
    periods: Periods
    customers: FollowedCustomers
    segments: tuple[SegmentChange, ...]
    sizes: Drift
    drift: tuple[Drift, ...]
    rows_differ: int | None
    refit: Refit | None
    no_refit: str
    notes: tuple[Finding, ...] = ()

    def causes(self) -> dict[str, int]:
        """Return the customers in both who moved, by cause."""
        return {cause: int(np.sum(self.customers.cause == cause)) for cause in CAUSES}

    def count(self, status: Status) -> int:
        """Return the customers of one status."""
        return int(np.sum(self.customers.status == status))
