"""Check of today's data against a signed-off run: whether they still give the same segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from segcore.clustering.compare import adjusted_rand_index
from segcore.errors import DataError, ParameterError
from segcore.features.assemble import assemble
from segcore.intake.trained_rows import read_like_trained
from segcore.pipelines.choosing import labels_by_customer
from segcore.pipelines.journey import CheckRules, Journey, SolutionChoice
from segcore.pipelines.manifest import signed_off
from segcore.pipelines.running import Progress, Run
from segcore.records.estimate import difference_interval
from segcore.records.evidence import Placebo
from segcore.records.finding import Finding
from segcore.records.intake import DataRequest
from segcore.records.solution import NOISE
from segcore.segments.over_time.drift import FAMILY_LEVEL, Drift, find_drift
from segcore.segments.scoring import ScoredCustomers, latest_time, score
from segcore.store.store import Store
from segcore.wording.findings import error_text, note_json, refusal
from segcore.wording.pipelines import verdict_text


@dataclass(frozen=True, slots=True)
class Size:
    """Share of the customers in one segment, then and today.

    Parameters
    ----------
    segment : int
    name : str
    then, now : int
        Customers.
    share_then, share_now : float
    low, high : float
        Newcombe's hybrid score interval of the change in share; the intervals hold for all segments together at 99 %.
    moved : bool
        Whether the interval excludes 0 and the change is large enough to matter.
    """

    segment: int
    name: str
    then: int
    now: int
    share_then: float
    share_now: float
    low: float
    high: float
    moved: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether today's data still give the segments that were signed off, and if not, why.

    Parameters
    ----------
    reasons : tuple of str
        Codes: "sizes", "drift", "agreement", "placebo"; empty if the segments are the same.
    reference, data : mapping
        The signed-off solution, and today's data.
    sizes : tuple of Size
        Of today's customers, scored with the signed-off solution.
    drift : tuple of Drift
        Of each feature that was clustered on.
    drifted : tuple of str
        Features whose drift is certain and large enough to matter.
    agreement : float or None
        Adjusted Rand index of the scored segments and those of a refit to today's data, on ``n_agreement`` customers.
    placebo, placebo_then : Placebo or None
        Silhouette of the refit, and of the signed-off solution, compared with data without segments.
    unknown : mapping of str to str
        Reasons why something could not be judged, by its code.
    """

    reasons: tuple[str, ...]
    reference: Mapping[str, Any]
    data: Mapping[str, Any]
    sizes: tuple[Size, ...]
    drift: tuple[Drift, ...]
    drifted: tuple[str, ...]
    agreement: float | None
    n_agreement: int
    least_agreement: float
    placebo: Placebo | None
    placebo_then: Mapping[str, Any] | None
    needed_z: float | None
    unknown: Mapping[str, str]
    notes: tuple[Finding, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether nothing speaks against the signed-off segments."""
        return not self.reasons

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "same": self.is_same,
            "reasons": list(self.reasons),
            "text": self.text(),
            "reference": dict(self.reference),
            "data": dict(self.data),
            "sizes": [asdict(size) for size in self.sizes],
            "drift": [one.to_json() for one in self.drift],
            "drifted": list(self.drifted),
            "agreement": self._agreement_json(),
            "placebo": None if self.placebo is None else {**self.placebo.to_json(), "needed_z": self.needed_z},
            "placebo_then": None if self.placebo_then is None else dict(self.placebo_then),
            "unknown": dict(self.unknown),
            "notes": [note_json(note, "pipeline") for note in self.notes],
        }

    def text(self) -> str:
        """Return the verdict in words, the answer first."""
        return verdict_text(
            self.reasons,
            sizes=[asdict(size) for size in self.sizes],
            drift=[one.to_json() for one in self.drift],
            drifted=self.drifted,
            agreement=self._agreement_json(),
            placebo={"z": None if self.placebo is None else self.placebo.z, "needed_z": self.needed_z},
            unknown=self.unknown,
        )

    def _agreement_json(self) -> dict[str, Any]:
        return {"adjusted_rand_index": self.agreement, "customers": self.n_agreement, "least": self.least_agreement}


def check_journey(store: Store, journey: Journey, *, progress: Progress = False) -> Verdict:
    """Compare today's data with the run that was signed off.

    Today's customers are scored with the signed-off solution, and clustered again at the same point. Nothing but the store is written.

    Parameters
    ----------
    store : Store
        With the signed-off sweep.
    journey : Journey
        Its data are today's.
    progress : bool or callable (Job) -> None
        See `segcore.library.plan.Plan.sweep`.

    Raises
    ------
    ParameterError
        If there is no signed-off run.
    StoreError
        If its sweep is not in the store.
    SegcoreError
        If today's data cannot be read, scored or clustered; with the line and the key.
    """
    manifest = signed_off(journey.rules.reference or journey.manifest)
    reference = manifest["solution"]
    sweep_id, position = reference["sweep"], reference["position"]
    if not store.has_sweep(sweep_id):
        raise refusal("pipeline.sweep_elsewhere", kind=ParameterError, sweep=sweep_id[:12])
    run = Run(store, replace(journey, choice=SolutionChoice(point=reference["point"])), progress=progress)
    for step in ("prepare", "features", "sweep"):
        run.do(step)
    scored, notes = run.at(("data",), lambda: _scored(store, run.request or journey.request, sweep_id, position))
    drift = _drift(store, sweep_id, scored)
    return _judged(store, journey.rules, manifest, run, scored, drift, notes)


def _scored(store: Store, request: DataRequest, sweep_id: str, position: int) -> tuple[ScoredCustomers, tuple[Finding, ...]]:
    spec, sweep = store.spec(sweep_id), store.sweep(sweep_id)
    with read_like_trained(store, spec.data, request.without_added()) as dataset:
        dated = sweep.preparation is not None and sweep.preparation.reference_date is not None
        latest = latest_time(dataset) if dated else None
        found = score(store, sweep_id, position, dataset, as_of=None if latest is None else latest.isoformat(sep=" "))
    return found, found.notes


def _drift(store: Store, sweep_id: str, scored: ScoredCustomers) -> tuple[Drift, ...]:
    spec = store.spec(sweep_id)
    before = assemble(store.feature_table(spec.table, profile=False), replace(spec.plan, repeats=1)).table
    kept = ~scored.set_aside
    return find_drift(scored.table.names, before.select(scored.table.names).values, scored.table.values[kept])


def _judged(
    store: Store,
    rules: CheckRules,
    manifest: Mapping[str, Any],
    run: Run,
    scored: ScoredCustomers,
    drift: tuple[Drift, ...],
    notes: tuple[Finding, ...],
) -> Verdict:
    reference = manifest["solution"]
    sizes = _sizes(reference["segments"], scored.labels[~scored.set_aside], rules.least_change)
    drifted = tuple(one.name for one in drift if one.drifted and one.psi >= rules.least_psi)
    unknown: dict[str, str] = {}
    agreement, n_agreement, placebo, needed_z = None, 0, None, None
    sweep = run.swept
    try:
        refit = run.chosen()
    except (DataError, ParameterError) as error:
        unknown = {"agreement": error_text(error, "pipeline")}
    else:
        agreement, n_agreement = _agreement(store, sweep.id, refit, scored)
        evidence = sweep.evidence
        point = evidence.points[refit] if evidence is not None and evidence.points else None
        placebo = None if point is None else point.placebo
        needed_z = None if evidence is None else evidence.needed_z
        if placebo is None or placebo.z is None or needed_z is None:
            unknown["placebo"] = "no_evidence"
    then = _reached(reference.get("placebo"), reference.get("needed_z"))
    now = None if placebo is None or placebo.z is None or needed_z is None else placebo.z > needed_z
    reasons = {
        "sizes": any(size.moved for size in sizes),
        "drift": bool(drifted),
        "agreement": agreement is None or agreement < rules.least_agreement,
        "placebo": now is False and then is not False,
    }
    return Verdict(
        reasons=tuple(name for name, is_reason in reasons.items() if is_reason),
        reference={name: reference[name] for name in ("sweep", "position", "point", "customers")},
        data={name: run.manifest["data"][name] for name in ("name", "fingerprint", "rows_used", "customers")},
        sizes=sizes,
        drift=drift,
        drifted=drifted,
        agreement=agreement,
        n_agreement=n_agreement,
        least_agreement=rules.least_agreement,
        placebo=placebo,
        placebo_then=reference.get("placebo"),
        needed_z=needed_z,
        unknown=unknown,
        notes=(*run.notes, *notes),
    )


def _reached(placebo: Mapping[str, Any] | None, needed_z: float | None) -> bool | None:
    z = None if placebo is None else placebo.get("silhouette", {}).get("z")
    return None if z is None or needed_z is None else z > needed_z


def _agreement(store: Store, sweep_id: str, position: int, scored: ScoredCustomers) -> tuple[float | None, int]:
    refit = labels_by_customer(store, sweep_id, position)
    kept = [at for at, customer in enumerate(scored.customers.tolist()) if customer in refit]
    if len(kept) < 2:
        return None, len(kept)
    again = np.array([refit[customer] for customer in scored.customers[kept].tolist()])
    return adjusted_rand_index(np.asarray(scored.labels[kept]), again), len(kept)


def _sizes(segments: Sequence[Mapping[str, Any]], labels: np.ndarray, least_change: float) -> tuple[Size, ...]:
    """Compare the share of each segment; noise counts as a segment."""
    from scipy.special import ndtri

    total_then, total_now = sum(one["customers"] for one in segments), len(labels)
    known = {one["segment"]: one for one in segments}
    if NOISE not in known and (labels == NOISE).any():
        known[NOISE] = {"segment": NOISE, "name": "Noise", "customers": 0}
    quantile = float(ndtri(1 - FAMILY_LEVEL / 2 / max(len(known), 1)))
    found = []
    for label, one in known.items():
        now = int((labels == label).sum())
        then_share, now_share = one["customers"] / total_then, now / total_now
        low, high = difference_interval((now_share, total_now), (then_share, total_then), quantile)
        moved = (low > 0 or high < 0) and abs(now_share - then_share) >= least_change
        found.append(Size(label, one["name"], one["customers"], now, then_share, now_share, low, high, moved))
    return tuple(found)
