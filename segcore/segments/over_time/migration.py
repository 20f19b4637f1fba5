"""Migration of customers between the segments of a kept solution, as a matrix, as rows, and as a JSON document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segcore.segments.comparison import Fate
from segcore.segments.over_time.over_time_records import NOWHERE, OverTime, Refit
from segcore.segments.over_time.verdict import judge
from segcore.wording.findings import note_json
from segcore.wording.numbers import counted, listed, percent_text, segment_title

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, eq=False)
class Migration:
    """Customers of each pair of segments, then and now.

    Parameters
    ----------
    labels_then, labels_now : tuple of int
        Ascending; -2 is for customers who are missing in the earlier or the later data.
    customers : ndarray of shape (len(labels_then), len(labels_now)), int64
    revenue : ndarray of the same shape, float64, or None
        Their revenue then, negative amounts counted as 0; ``None`` without data on revenue. New customers have none.
    """

    labels_then: tuple[int, ...]
    labels_now: tuple[int, ...]
    customers: np.ndarray
    revenue: np.ndarray | None

    def rows(self, names: Mapping[int, str]) -> list[dict[str, Any]]:
        """Return one record for each pair of segments with customers."""
        sizes = self.customers.sum(axis=1)
        return [
            {
                "then": None if label == NOWHERE else label,
                "then_name": None if label == NOWHERE else segment_title(label, names),
                "now": None if to == NOWHERE else to,
                "now_name": None if to == NOWHERE else segment_title(to, names),
                "customers": int(self.customers[i, j]),
                "share_of_then": float(self.customers[i, j] / sizes[i]),
                "revenue_then": None if self.revenue is None or label == NOWHERE else float(self.revenue[i, j]),
            }
            for i, label in enumerate(self.labels_then)
            for j, to in enumerate(self.labels_now)
            if self.customers[i, j]
        ]


def migration_of(found: OverTime) -> Migration:
    """Return who went where among the customers in both, the new and the gone."""
    customers = found.customers
    counted_ones = customers.status != "aside"
    then, now = customers.then[counted_ones], customers.now[counted_ones]
    rows, i = np.unique(then, return_inverse=True)
    columns, j = np.unique(now, return_inverse=True)
    shape, cells = (len(rows), len(columns)), i * len(columns) + j
    counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape).astype(np.int64)
    revenue = customers.revenue_then[counted_ones]
    money = None
    if np.isfinite(revenue[then != NOWHERE]).all() and (revenue[then != NOWHERE] > 0).any():
        worth = np.clip(np.nan_to_num(revenue), 0.0, None)
        money = np.bincount(cells, weights=worth, minlength=shape[0] * shape[1]).reshape(shape)
    return Migration(tuple(map(int, rows)), tuple(map(int, columns)), counts, money)


def followed_rows(found: OverTime, names: Mapping[int, str]) -> pa.Table:
    """Return one row per customer: customer_id, status, segment and name then and now, cause of the move, revenue then and now."""
    import pyarrow as pa

    customers = found.customers
    columns: dict[str, Any] = {
        "customer_id": pa.array(customers.ids.tolist(), pa.string()),
        "status": pa.array(customers.status.tolist(), pa.string()),
    }
    for when, labels in (("then", customers.then), ("now", customers.now)):
        columns[when] = pa.array(labels, pa.int32(), mask=labels == NOWHERE)
        titles = [None if label == NOWHERE else segment_title(label, names) for label in labels.tolist()]
        columns[f"{when}_name"] = pa.array(titles, pa.string())
    columns["cause"] = pa.array([cause or None for cause in customers.cause.tolist()], pa.string())
    for when, revenue in (("revenue_then", customers.revenue_then), ("revenue_now", customers.revenue_now)):
        columns[when] = pa.array(revenue, pa.float64(), mask=~np.isfinite(revenue))
    return pa.table(columns)


def refit_fate_text(fate: Fate, names: Mapping[int, str], titles: Mapping[int, str]) -> str:
    """Return what became of a kept segment when the later customers were clustered again, as a sentence.

    Parameters
    ----------
    fate : Fate
    names : mapping of int to str
        Of the kept segments.
    titles : mapping of int to str
        Of the new segments.
    """
    before, after = (
        listed([f"“{segment_title(label, of)}”" for label in labels]) for labels, of in ((fate.before, names), (fate.after, titles))
    )
    customers = counted(fate.customers, "customer")
    if fate.kind == "vanished":
        return f"{before} vanished: its {customers} are in several segments."
    if fate.kind == "appeared":
        return f"{after} is new: its {customers} come from several segments."
    shared = f"{customers} in both, {percent_text(fate.jaccard)} of those in either"
    if fate.kind == "stayed":
        return f"{before} stayed: {shared}."
    return f"{before} {'was split into' if fate.kind == 'split' else 'were merged into'} {after}: {shared}."


def new_titles(refit: Refit, names: Mapping[int, str]) -> dict[int, str]:
    """Return the title of each segment of the compared solution: its partner's name, or that it is new."""
    labels = sorted({label for fate in refit.fates for label in fate.after})
    return {label: segment_title(refit.partners[label], names) if label in refit.partners else f"New segment {label}" for label in labels}


def over_time_document(found: OverTime, names: Mapping[int, str]) -> dict[str, Any]:
    """Return plain values, as ``over-time --json`` prints them.

    Parameters
    ----------
    found : OverTime
    names : mapping of int to str
        Of the kept segments.
    """
    refit = found.refit
    again: dict[str, Any] | None = None
    if refit is not None:
        titles = new_titles(refit, names)
        fates = [{**fate.to_json(), "text": refit_fate_text(fate, names, titles)} for fate in refit.fates]
        again = {**refit.to_json(), "fates": fates, "names": {str(label): title for label, title in titles.items()}}
    return {
        "sweep": found.sweep,
        "point": found.point,
        "later": dict(found.data),
        "periods": asdict(found.periods),
        "verdict": judge(found, names).to_json(),
        "customers": {status: found.count(status) for status in ("both", "new", "gone", "aside")},
        "moved": int(found.customers.moved.sum()),
        "causes": found.causes(),
        "rows_differ": found.rows_differ,
        "segments": [{"name": segment_title(one.label, names), **one.to_json()} for one in found.segments],
        "sizes": found.sizes.to_json(),
        "migration": migration_of(found).rows(names),
        "drift": [one.to_json() for one in found.drift],
        "refit": again,
        "no_refit": found.no_refit or None,
        "notes": [note_json(note) for note in found.notes],
    }
