"""What became of a kept solution's segments in later data, computed once and kept in the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from segcore import __version__
from segcore.errors import DataError
from segcore.features.grouping import first_rows_of
from segcore.features.transactions.calendar_names import MONTHS
from segcore.intake.remembered import remember_data
from segcore.intake.take_in import PREVIEW_ROWS, request_key
from segcore.intake.trained_rows import read_like_trained
from segcore.records.dataset import Dataset
from segcore.records.estimate import Z_95, Estimate
from segcore.records.finding import Finding
from segcore.records.grid import point_key
from segcore.records.intake import DataRequest, Intake
from segcore.segments.names import known_names
from segcore.segments.over_time.drift import Drift, drift_of_counts, find_drift
from segcore.segments.over_time.followed import Followed, follow_customers, later_data
from segcore.segments.over_time.over_time_records import FollowedCustomers, OverTime, Periods, Refit, SegmentChange
from segcore.segments.over_time.refit import refit_later
from segcore.segments.profiles.segment_order import SegmentOrder, colour_places
from segcore.segments.scoring import KeptSolution
from segcore.store.damage import if_readable
from segcore.store.store import Store
from segcore.system.digests import digest

_EDITION = 1  # of the stored record; raising it invalidates the records stored before
_OF_MONTHS = frozenset((*MONTHS, *(f"share_{month}" for month in MONTHS)))
Progress = Callable[[float], None]


def over_time_key(store: Store, sweep_id: str, position: int, request: DataRequest, as_of: str | None) -> str:
    """Return the key under which the store has the answer, which is also the id of the job that computes it.

    Parameters
    ----------
    store : Store
    sweep_id : str
    position : int
        Of the solution.
    request : DataRequest
        For the later data.
    as_of : str or None
    """
    asked = {"sweep": sweep_id, "position": position, "later": request_key(store, request), "as_of": as_of}
    return digest({"over time": _EDITION, "segcore": __version__, **asked})


def find_over_time(
    store: Store, sweep_id: str, position: int, request: DataRequest, *, as_of: str | None = None, progress: Progress = lambda share: None
) -> OverTime:
    """Read later data, find out what became of a solution's segments, and store the answer; or return a stored answer.

    Parameters
    ----------
    store : Store
    sweep_id : str
    position : int
        Of the solution.
    request : DataRequest
        For the later data, which are read like those of the sweep.
    as_of : str or None
        See `compare_later`.
    progress : callable (float) -> None
        Called with the share done, 0 to 1.

    Raises
    ------
    SegcoreError
        If the data cannot be read; see also `compare_later`.
    """
    key = over_time_key(store, sweep_id, position, request, as_of)
    known = known_over_time(store, key)
    if known is not None:
        return known
    with read_like_trained(store, store.spec(sweep_id).data, request) as dataset:
        progress(0.1)
        found = compare_later(store, sweep_id, position, dataset, as_of=as_of, progress=lambda share: progress(0.1 + 0.9 * share))
        if found.refit is not None:
            _remember_later(store, found, found.refit, dataset, request)
    store.put_intake(key, _record(store, found))
    return found


def compare_later(
    store: Store, sweep_id: str, position: int, dataset: Dataset, *, as_of: str | None = None, progress: Progress = lambda share: None
) -> OverTime:
    """Find out what became of a solution's segments in later data.

    Parameters
    ----------
    store, sweep_id, position
        The kept solution.
    dataset : Dataset
    as_of : str or None
        See `follow_customers`.
    progress : callable (float) -> None

    Raises
    ------
    StoreError
        If the solution has no labels.
    DataError, ParameterError
        See `follow_customers`.
    """
    kept = KeptSolution.read(store, sweep_id, position)
    followed = follow_customers(kept, dataset, as_of=as_of)
    progress(0.2)
    refit: Refit | None = None
    no_refit = ""
    try:
        refit = refit_later(kept, followed, {**kept.spec.data, **later_data(dataset)}, lambda share: progress(0.2 + 0.8 * share))
        _pass_on(store, kept, position, refit)
    except DataError as error:
        no_refit = str(error)
    segments = segment_changes(followed.customers)
    family = 1 + len(_names(kept))
    return OverTime(
        sweep=sweep_id,
        point=point_key(kept.solution.params),
        params=dict(kept.solution.params),
        data=later_data(dataset),
        periods=followed.periods,
        customers=followed.customers,
        segments=segments,
        sizes=drift_of_counts("segments", *(np.array([getattr(one, when) for one in segments]) for when in ("then", "now")), family=family),
        drift=_drift(kept, followed, family),
        rows_differ=followed.rows_differ,
        refit=refit,
        no_refit=no_refit,
        notes=(*dataset.notes, *followed.scored.notes, *_notes(kept)),
    )


def _remember_later(store: Store, found: OverTime, refit: Refit, dataset: Dataset, request: DataRequest) -> None:
    """Make screens that show the new solution also show the later data."""
    spec = store.spec(refit.sweep)
    table, first_rows = store.feature_table(spec.table), first_rows_of(dataset, PREVIEW_ROWS)
    later = Intake(
        table=spec.table,
        data=spec.data,
        kind=dataset.kind,
        roles=dataset.roles,
        columns=tuple(first_rows.columns),
        rows_read=dataset.rows_read,
        rows_used=dataset.rows_used,
        set_aside=dataset.set_aside,
        filtered_out=dataset.filtered_out,
        notes=dataset.notes,
        preview=store.put_frame(first_rows.astype(str).where(first_rows.notna(), None).astype(object)),
        n_customers=len(table),
        first_date=found.periods.later_first,
        last_date=found.periods.later_last,
        total_revenue=None if table.revenue is None else float(table.revenue.sum()),
        counts=dataset.counts,
        uses=table.uses,
    )
    remember_data(store, later, request)


def segment_changes(customers: FollowedCustomers) -> tuple[SegmentChange, ...]:
    """Return the size of each segment then and now, by label.

    Notes
    -----
    The interval of the difference takes into account that customers in both are the same: the variance of the difference of two independent
    shares, minus twice their covariance, which comes from the customers in both.

    References
    ----------
    Derrick, Dobson-Mckittrick, Toher & White (2015), Test statistics for comparing two proportions with partially overlapping samples.
    """
    then, now, both = customers.then, customers.now, customers.in_both
    was, there = both | (customers.status == "gone"), both | (customers.status == "new")
    n, m = int(was.sum()), int(there.sum())
    worth = [_whole(customers.revenue_then[was]), _whole(customers.revenue_now[there])]
    found = []
    for label in np.unique(np.concatenate([then[was], now[there]])).tolist():
        before, after = was & (then == label), there & (now == label)
        p, q = float(before.sum() / n), float(after.sum() / m)
        shared = float(np.mean((before & after)[both]) - np.mean(before[both]) * np.mean(after[both]))
        variance = max(p * (1 - p) / n + q * (1 - q) / m - 2 * int(both.sum()) * shared / (n * m), 0.0)
        reach = Z_95 * float(np.sqrt(variance))
        found.append(
            SegmentChange(
                label=int(label),
                then=int(before.sum()),
                now=int(after.sum()),
                then_share=Estimate.of_share(p, n),
                now_share=Estimate.of_share(q, m),
                difference=Estimate(q - p, max(q - p - reach, -1.0), min(q - p + reach, 1.0), n + m - int(both.sum())),
                revenue_then=None if worth[0] is None else float(customers.revenue_then[before].sum() / worth[0]),
                revenue_now=None if worth[1] is None else float(customers.revenue_now[after].sum() / worth[1]),
                new=int(np.sum(after & (customers.status == "new"))),
                gone=int(np.sum(before & (customers.status == "gone"))),
                came=int(np.sum(after & both & (then != label))),
                left=int(np.sum(before & both & (now != label))),
            )
        )
    return tuple(found)


def _pass_on(store: Store, kept: KeptSolution, position: int, refit: Refit) -> None:
    """Give segments of the compared solution the colours and names of the kept segments that they continue; the analyst's names stay."""
    names, own = known_names(store, store.sweep(kept.spec.id), position).names, store.segment_names(refit.sweep, refit.point)
    order = SegmentOrder.of(np.asarray(kept.solution.labels)[:: kept.spec.plan.repeats], names)
    places = colour_places(order.labels, store.segment_colours(kept.spec.id, point_key(kept.solution.params)))
    store.keep_segment_colours(refit.sweep, refit.point, {label: places[of] for label, of in refit.partners.items() if of in places})
    for label, of in refit.partners.items():
        if of in names and label not in own:
            store.name_segment(refit.sweep, refit.point, label, names[of])


def _whole(revenue: np.ndarray) -> float | None:
    whole = float(revenue.sum())
    return whole if whole > 0 else None


def _names(kept: KeptSolution) -> list[str]:
    """Return the features whose drift can be measured: a single dimension of a vector means nothing, and a month only says which it is."""
    left_out = kept.earlier.dimensions | _OF_MONTHS
    return [name for name in kept.preparation.features if name not in left_out]


def _drift(kept: KeptSolution, followed: Followed, family: int) -> tuple[Drift, ...]:
    names = _names(kept)
    if not names:
        return ()
    later = followed.scored.table.values[~followed.scored.set_aside]
    places = [kept.preparation.features.index(name) for name in names]
    return find_drift(names, followed.earlier.select(names).values, later[:, places], family=family)


def _notes(kept: KeptSolution) -> list[Finding]:
    months = sorted(_OF_MONTHS.intersection(kept.preparation.features))
    return [Finding("over_time.months", values={"features": months})] if months else []


def known_over_time(store: Store, key: str) -> OverTime | None:
    """Return the stored answer; ``None`` if it was not computed yet, or is damaged."""
    record = store.intake(key)
    return None if record is None else if_readable(lambda: _read(store, record))


def _record(store: Store, found: OverTime) -> dict[str, Any]:
    plain = {name: getattr(found, name) for name in ("sweep", "point", "params", "data", "rows_differ", "no_refit")}
    return {
        **plain,
        "periods": asdict(found.periods),
        "customers": store.put_frame(found.customers.to_frame()),
        "segments": [one.to_json() for one in found.segments],
        "sizes": asdict(found.sizes),
        "drift": [asdict(one) for one in found.drift],
        "refit": None if found.refit is None else found.refit.to_json(),
        "notes": [note.to_json() for note in found.notes],
    }


def _read(store: Store, record: Mapping[str, Any]) -> OverTime:
    parts: dict[str, Any] = {
        "periods": Periods(**record["periods"]),
        "customers": FollowedCustomers.from_frame(store.frame(record["customers"])),
        "segments": tuple(map(SegmentChange.from_json, record["segments"])),
        "sizes": Drift(**record["sizes"]),
        "drift": tuple(Drift(**one) for one in record["drift"]),
        "refit": None if record["refit"] is None else Refit.from_json(record["refit"]),
        "notes": tuple(map(Finding.from_json, record["notes"])),
    }
    return OverTime(**{**record, **parts})
