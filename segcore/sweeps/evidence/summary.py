"""What the pieces of evidence say together about each solution of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from segcore.records.estimate import Estimate
from segcore.records.evidence import Level, Placebo, PointEvidence, SweepEvidence
from segcore.records.solution import Solution
from segcore.records.sweep import Sweep
from segcore.sweeps.evidence.placebo import PlaceboPoint, PlaceboTest, placebo_test
from segcore.sweeps.evidence.prediction_strength import prediction_strength
from segcore.sweeps.evidence.stability import stability
from segcore.wording.numbers import counted, listed

NOT_YET = "Not gathered yet."
_PIECES = {"placebo": ("observed", "placebo"), "stability": ("resample",), "prediction_strength": ("split",)}
"""The pieces that each part of a point's evidence is made of; its describability is one piece."""
_GROUPED = 0.05
_CORRELATION_GAP, _ASSOCIATION_GAP = 0.05, 0.06

Records = Mapping[str, Mapping[int, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class _Found:
    """What the pieces of a sweep say, or of one of its points: see `at`.

    Parameters
    ----------
    tested : PlaceboTest or None
    point : PlaceboPoint or None
        Of the one point.
    placebos, sample_size, n_rows : int
    jaccards, strengths : sequences
        One entry per resample and split; for one point its own values.
    descriptions : mapping of position to record
    missing : mapping of part to reason
        Why a part is not there.
    """

    tested: PlaceboTest | None
    point: PlaceboPoint | None
    placebos: int
    sample_size: int
    n_rows: int
    jaccards: Sequence[Any]
    strengths: Sequence[Any]
    descriptions: Mapping[int, Mapping[str, Any]]
    missing: Mapping[str, str]

    @classmethod
    def of(cls, records: Records, n_rows: int) -> _Found:
        observed, placebos = records.get("observed", {}).get(0, {}), _there(records, "placebo", "silhouettes")
        return cls(
            tested=_tested(observed, placebos),
            point=None,
            placebos=len(placebos),
            sample_size=observed.get("rows", 0),
            n_rows=n_rows,
            jaccards=_there(records, "resample", "jaccards"),
            strengths=_there(records, "split", "strengths"),
            descriptions=records.get("description", {}),
            missing={part: _first_reason(records, *parts) or NOT_YET for part, parts in _PIECES.items()},
        )

    def at(self, described: int, position: int) -> _Found:
        """Return what they say of one point, whose description is that of the first one with its partition."""
        return replace(
            self,
            point=self.tested.points[position] if self.tested else None,
            jaccards=[_values(resample[position]) for resample in self.jaccards],
            strengths=[split[position] for split in self.strengths],
            descriptions={0: self.descriptions[described]} if described in self.descriptions else {},
        )


def summarize(sweep: Sweep, records: Records, *, n_rows: int, level: Level | None = None, reason: str | None = None) -> SweepEvidence:
    """Return the evidence on a sweep.

    Parameters
    ----------
    sweep : Sweep
    records : mapping of part and number to record
        The pieces that `segcore.sweeps.evidence.gather` has stored so far.
    n_rows : int
        Rows that were clustered.
    level, reason : str or None
        See `SweepEvidence`.
    """
    observed = records.get("observed", {}).get(0, {})
    dips = observed.get("dips", {})
    found = _Found.of(records, n_rows)
    points = tuple(
        _point(solution, found.at(position if same is None else same, position))
        for position, (solution, same) in enumerate(zip(sweep.solutions, sweep.same_as(), strict=True))
    )
    return SweepEvidence(
        points=points,
        level=level,
        placebos=found.placebos,
        resamples=len(found.jaccards),
        splits=len(found.strengths),
        p=found.tested.p_value if found.tested else None,
        needed_z=found.tested.needed_z if found.tested else None,
        sample_size=found.sample_size,
        grouped=tuple(name for name, p in dips.items() if p * len(dips) <= _GROUPED),
        notes=tuple(_notes(observed)),
        reason=reason or _first_reason(records, *records),
    )


def _first_reason(records: Records, *parts: str) -> str | None:
    """Return why a piece of these parts failed, if any did."""
    return next((str(record["reason"]) for part in parts for record in records.get(part, {}).values() if "reason" in record), None)


def _there(records: Records, part: str, name: str) -> list[Any]:
    return [record[name] for record in records.get(part, {}).values() if name in record]


def _values(found: Sequence[float] | str) -> np.ndarray | str:
    return found if isinstance(found, str) else np.asarray(found, dtype=np.float64)


def _tested(observed: Mapping[str, Any], placebos: Sequence[Sequence[float | None]]) -> PlaceboTest | None:
    if "silhouettes" not in observed or not placebos:
        return None
    return placebo_test(np.array(observed["silhouettes"], dtype=np.float64), np.array(placebos, dtype=np.float64))


def _point(solution: Solution | None, pieces: _Found) -> PointEvidence:
    if solution is None or solution.status != "ok":
        return PointEvidence.without("The solution failed or was skipped.")
    steady = stability(solution.segments, pieces.jaccards, n_rows=pieces.n_rows) if pieces.jaccards else None
    strong = prediction_strength(pieces.strengths) if pieces.strengths else None
    record = pieces.descriptions.get(0, {})
    described = Estimate.from_json(record["describability"]) if record.get("describability") else None
    found: dict[str, Any] = {
        "placebo": _placebo(pieces.point, pieces) if pieces.point else None,
        "stability": steady if steady is not None and steady.segments else None,
        "prediction_strength": strong if strong is not None and strong.value is not None else None,
        "describability": described if described is not None and described.value is not None else None,
    }
    why: dict[str, str] = {
        "placebo": pieces.missing["placebo"],
        "stability": (steady and steady.reason) or pieces.missing["stability"],
        "prediction_strength": (strong and strong.reason) or pieces.missing["prediction_strength"],
        "describability": (described and described.reason) or record.get("reason") or NOT_YET,
    }
    return PointEvidence(**found, reasons={part: why[part] for part, value in found.items() if value is None})


def _placebo(point: PlaceboPoint, pieces: _Found) -> Placebo:
    return Placebo(
        observed=point.observed,
        mean=point.mean,
        low=point.low,
        high=point.high,
        highest=point.highest,
        z=point.z,
        defined=point.n_defined,
        n=pieces.placebos,
        sample_size=pieces.sample_size,
        reason=_without_z(point, pieces.placebos),
    )


def _without_z(placebo: PlaceboPoint, n: int) -> str | None:
    if placebo.z is not None:
        return None
    if placebo.observed is None:
        return "The solution has no silhouette on these customers."
    if 2 * placebo.n_defined < n or placebo.n_defined < 2:
        return f"Only {placebo.n_defined} of {counted(n, 'data set')} without segments had a silhouette here."
    return "All data sets without segments had the same silhouette here."


def _notes(observed: Mapping[str, Any]) -> list[str]:
    notes = []
    if observed.get("repaired"):
        notes.append("The correlations of the features had to be adjusted, because no data set can have exactly these.")
    gaps = [
        f"{name} by up to {observed[key]:.2f}"
        for name, key, most in (
            ("correlations", "correlation_gap", _CORRELATION_GAP),
            ("associations of categories", "association_gap", _ASSOCIATION_GAP),
        )
        if observed.get(key, 0.0) > most
    ]
    if gaps:
        notes.append(f"The data sets without segments miss the data's {listed(gaps)}.")
    return notes
