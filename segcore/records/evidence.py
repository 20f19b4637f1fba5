"""Evidence on the solutions of a sweep: what speaks for each, and how much was gathered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from segcore.records.estimate import Estimate
from segcore.records.shapes import check_fields

Scheme = Literal["boot", "subset"]
Level = Literal["none", "auto", "all"]
LEVELS: tuple[Level, ...] = ("none", "auto", "all")
"""How much evidence is gathered: none; what takes less than half a minute; everything."""
FIRST_PLACEBOS, PLACEBOS, RESAMPLES = 19, 99, 50

NOT_GATHERED = "No evidence has been gathered."
_PARTS = ("placebo", "stability", "prediction_strength", "describability")


@dataclass(frozen=True, slots=True)
class SegmentStability:
    """How well one segment is found again among randomly drawn customers.

    Parameters
    ----------
    jaccard : float
        Mean over the resamples of the largest Jaccard index with a segment found there; in [0, 1].
    low, high : float
        5 % and 95 % quantile of the resamples.
    dissolved, recovered : float
        Share of the resamples with a Jaccard index of at most 0.5, and above 0.75.
    """

    jaccard: float
    low: float
    high: float
    dissolved: float
    recovered: float

    def to_json(self) -> dict[str, float]:
        """Return plain values."""
        return {
            "jaccard": self.jaccard,
            "low": self.low,
            "high": self.high,
            "dissolved": self.dissolved,
            "recovered": self.recovered,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SegmentStability:
        """Build the record from the output of ``to_json``."""
        return cls(data["jaccard"], data["low"], data["high"], data["dissolved"], data["recovered"])


@dataclass(frozen=True, slots=True)
class Stability:
    """Stability of each segment of a solution.

    Parameters
    ----------
    segments : mapping of segment label to SegmentStability
        Empty if undefined.
    n : int
        Number of resamples it was measured on.
    scheme : {"boot", "subset"}
        The distinct customers of a bootstrap sample, or a random subset. The usual reading of the mean (below 0.6 unstable, above 0.75
        a pattern, above 0.85 highly stable) was proposed for "boot".
    reason : str or None
        Reason why it is undefined.
    """

    segments: Mapping[int, SegmentStability]
    n: int
    scheme: Scheme
    reason: str | None = None

    @property
    def least(self) -> float | None:
        """The least mean Jaccard index over the segments, or ``None`` if undefined."""
        return min((segment.jaccard for segment in self.segments.values()), default=None)

    def to_json(self) -> dict[str, Any]:
        """Return plain values; ``reason`` only if it is set."""
        plain: dict[str, Any] = {
            "segments": {str(label): segment.to_json() for label, segment in self.segments.items()},
            "least": self.least,
            "n": self.n,
            "scheme": self.scheme,
        }
        return {**plain, "reason": self.reason} if self.reason else plain

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Stability:
        """Build the record from the output of ``to_json``."""
        segments = {int(label): SegmentStability.from_json(segment) for label, segment in data["segments"].items()}
        return cls(segments, data["n"], data["scheme"], data.get("reason"))


@dataclass(frozen=True, slots=True)
class PredictionStrength:
    """Share of the pairs of a segment that a solution of other customers puts together too, in the worst segment.

    Parameters
    ----------
    value : float or None
        Mean over the splits, in [0, 1]; ``None`` if undefined.
    standard_error : float or None
        Of that mean, from the differences between splits; ``None`` with fewer than two.
    n : int
        Number of splits it was measured on.
    reason : str or None
        Reason why it is undefined.
    """

    value: float | None
    standard_error: float | None
    n: int
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values; ``reason`` only if it is set."""
        plain = {"value": self.value, "se": self.standard_error, "n": self.n}
        return {**plain, "reason": self.reason} if self.reason else plain

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PredictionStrength:
        """Build the record from the output of ``to_json``."""
        return cls(data["value"], data["se"], data["n"], data.get("reason"))


@dataclass(frozen=True, slots=True)
class Placebo:
    """Silhouette of a solution next to those of the same point on data without segments.

    Parameters
    ----------
    observed : float or None
        Of the solution, fitted to the same customers; ``None`` if undefined.
    mean, low, high, highest : float or None
        Mean, 5 % quantile, 95 % quantile and maximum over the placebos; ``None`` if none has a silhouette.
    z : float or None
        ``(observed - mean) / standard deviation`` of the placebos; ``None`` with the reason.
    defined, n : int
        Placebos with a silhouette at this point, and all.
    sample_size : int
        Customers that placebos and solution were measured on.
    reason : str or None
        Reason for a missing z.
    """

    observed: float | None
    mean: float | None
    low: float | None
    high: float | None
    highest: float | None
    z: float | None
    defined: int
    n: int
    sample_size: int
    reason: str | None = None

    @property
    def excess(self) -> float | None:
        """Share of the placebos' mean by which the silhouette is above it; ``None`` if that is not above 0."""
        if self.observed is None or self.mean is None or self.mean <= 0:
            return None
        return self.observed / self.mean - 1

    def to_json(self) -> dict[str, Any]:
        """Return plain values; ``reason`` only if it is set."""
        silhouette = {
            "observed": self.observed,
            "mean": self.mean,
            "low": self.low,
            "high": self.high,
            "max": self.highest,
            "z": self.z,
            "defined": self.defined,
        }
        plain = {"silhouette": silhouette, "n": self.n, "sample_size": self.sample_size}
        return {**plain, "reason": self.reason} if self.reason else plain

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Placebo:
        """Build the record from the output of ``to_json``."""
        found = data["silhouette"]
        return cls(
            found["observed"],
            found["mean"],
            found["low"],
            found["high"],
            found["max"],
            found["z"],
            found["defined"],
            data["n"],
            data["sample_size"],
            data.get("reason"),
        )


@dataclass(frozen=True, slots=True)
class PointEvidence:
    """Evidence on one solution; what is ``None`` has its reason under the same name.

    Parameters
    ----------
    placebo : Placebo or None
    stability : Stability or None
    prediction_strength : PredictionStrength or None
    describability : Estimate or None
        Share of the way from guessing to perfect prediction, see `segcore.sweeps.evidence.describability`.
    reasons : mapping of str to str
    """

    placebo: Placebo | None = None
    stability: Stability | None = None
    prediction_strength: PredictionStrength | None = None
    describability: Estimate | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def without(cls, reason: str) -> PointEvidence:
        """Build a record of nothing, with one reason for all."""
        return cls(reasons=dict.fromkeys(_PARTS, reason))

    @property
    def z(self) -> float | None:
        """Standard deviations of the placebos by which its silhouette is above their mean."""
        return self.placebo.z if self.placebo else None

    @property
    def least_stability(self) -> float | None:
        """Mean Jaccard index of the least stable segment."""
        return self.stability.least if self.stability else None

    def numbers(self) -> dict[str, float | None]:
        """Return its numbers by the names of their columns in tables, ``None`` if undefined or not gathered."""
        placebo, strength, described = self.placebo, self.prediction_strength, self.describability
        return {
            "z": self.z,
            "placebo_mean": placebo.mean if placebo else None,
            "placebo_low": placebo.low if placebo else None,
            "placebo_high": placebo.high if placebo else None,
            "placebo_max": placebo.highest if placebo else None,
            "least_stability": self.least_stability,
            "prediction_strength": strength.value if strength else None,
            "prediction_strength_error": strength.standard_error if strength else None,
            "describability": described.value if described else None,
            "describability_low": described.low if described else None,
            "describability_high": described.high if described else None,
        }

    def to_json(self) -> dict[str, Any]:
        """Return plain values; ``reasons`` only if there are any."""
        parts = {name: getattr(self, name) for name in _PARTS}
        plain = {name: None if part is None else part.to_json() for name, part in parts.items()}
        return {**plain, "evidence_reasons": dict(self.reasons)} if self.reasons else plain

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PointEvidence:
        """Build the record from the output of ``to_json``."""
        return cls(
            placebo=Placebo.from_json(data["placebo"]) if data["placebo"] else None,
            stability=Stability.from_json(data["stability"]) if data["stability"] else None,
            prediction_strength=PredictionStrength.from_json(data["prediction_strength"]) if data["prediction_strength"] else None,
            describability=Estimate.from_json(data["describability"]) if data["describability"] else None,
            reasons=data.get("evidence_reasons", {}),
        )


@dataclass(frozen=True, slots=True)
class SweepEvidence:
    """Evidence on a sweep, as far as it has been gathered.

    Parameters
    ----------
    points : tuple of PointEvidence
        One per point of the sweep; empty without evidence.
    level : {"auto", "all"} or None
        How much was asked for and gathered; ``None`` while it is being gathered.
    placebos, resamples, splits : int
        Data sets without segments, resamples of the customers, and splits into halves, measured so far.
    p, needed_z : float or None
        p-value of the highest z of all solutions, and the 95 % quantile of the highest z of each placebo.
    sample_size : int
        Customers that the placebos were made of.
    grouped : tuple of str
        Features whose own values fall in groups, which a placebo keeps.
    notes : tuple of str
        What limits the evidence, in sentences.
    reason : str or None
        Reason for none, or for no more.
    """

    points: tuple[PointEvidence, ...] = ()
    level: Level | None = None
    placebos: int = 0
    resamples: int = 0
    splits: int = 0
    p: float | None = None
    needed_z: float | None = None
    sample_size: int = 0
    grouped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str | None = None

    @property
    def is_enough(self) -> bool:
        """Tell whether there is enough for a verdict; more placebos only sharpen it.

        Once everything has been tried, half of the resamples are enough, so that one that failed does not prevent a verdict.
        """
        resamples = RESAMPLES // 2 if self.level == "all" else RESAMPLES
        return bool(self.points) and self.placebos >= FIRST_PLACEBOS and self.resamples >= resamples

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        names = ("level", "placebos", "resamples", "splits", "p", "needed_z", "sample_size", "reason")
        return {
            **{name: getattr(self, name) for name in names},
            "grouped": list(self.grouped),
            "notes": list(self.notes),
            "points": [point.to_json() for point in self.points],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SweepEvidence:
        """Build the record from the output of ``to_json``."""
        plain = {name: value for name, value in data.items() if name not in ("points", "grouped", "notes")}
        return cls(
            points=tuple(PointEvidence.from_json(point) for point in data["points"]),
            grouped=tuple(data["grouped"]),
            notes=tuple(data["notes"]),
            **plain,
        )


@dataclass(frozen=True, slots=True)
class _Silhouettes:
    silhouettes: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class _Observed:
    silhouettes: tuple[float | None, ...]
    rows: int
    dips: Mapping[str, float]
    repaired: bool
    correlation_gap: float
    association_gap: float


@dataclass(frozen=True, slots=True)
class _Jaccards:
    jaccards: tuple[tuple[float, ...] | str, ...]


@dataclass(frozen=True, slots=True)
class _Strengths:
    strengths: tuple[float | str, ...]


@dataclass(frozen=True, slots=True)
class _Describability:
    describability: Estimate | None


# By part: its record, and the field with one value per point.
_PIECES: Mapping[str, tuple[type, str | None]] = {
    "observed": (_Observed, "silhouettes"),
    "placebo": (_Silhouettes, "silhouettes"),
    "resample": (_Jaccards, "jaccards"),
    "split": (_Strengths, "strengths"),
    "description": (_Describability, None),
}


def sound_piece(part: str, record: Mapping[str, Any], *, n_points: int) -> Mapping[str, Any]:
    """Return the stored record of a piece of evidence: what it says of each point, or only why it says nothing.

    Parameters
    ----------
    part : str
        Such as "placebo": see `segcore.sweeps.evidence.gather.pieces`.
    record : mapping
        Plain values.
    n_points : int
        Points of the sweep.

    Raises
    ------
    AttributeError, LookupError, TypeError, ValueError
        If it is damaged.
    """
    kind, each = _PIECES[part]
    if record.keys() == {"reason"}:
        if not isinstance(record["reason"], str):
            raise TypeError("a reason is a text")
        return record
    found = dict(record)
    if part == "description" and found["describability"] is not None:
        found["describability"] = Estimate.from_json(found["describability"])
    check_fields(kind(**{name: _as_tuple(value) for name, value in found.items()}))
    if each is not None and len(found[each]) != n_points:
        raise ValueError(f"{each} are not one per point")
    return record


def _as_tuple(value: Any) -> Any:
    """Return a list of stored JSON as the tuple that records have, with its lists; another value as it is."""
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value
