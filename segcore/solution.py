"""The records of a sweep: what was asked, what was fitted, and what came out at each point of the grid.

Records are frozen and hold arrays and plain values only, so that they can be stored without pickle (see ``store.py``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from segcore.canonical import canonical_json as canonical_json
from segcore.canonical import digest

Value = int | float | str
Status = Literal["ok", "failed", "skipped"]
EngineName = Literal["stock", "intel", "shared"]
Scaler = Literal["standard", "minmax", "robust", "none"]
Outliers = Literal["kit", "none"]
Transform = Literal["log", "power"]

ENGINES: tuple[EngineName, ...] = ("stock", "intel", "shared")
TRANSFORMS: tuple[Transform, ...] = ("log", "power")
SCALERS: tuple[Scaler, ...] = ("standard", "minmax", "robust", "none")
NOISE = -1
CRITERIA = ("bic", "aic")
"""Names that ``Solution.criteria`` may have."""


def default_scaler(kind: str) -> Scaler:
    """Return how features are scaled where nobody says: from 0 to 1 with one row a customer, to unit variance elsewhere."""
    return "minmax" if kind == "customers" else "standard"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with what is needed to trust it.

    Parameters
    ----------
    value, low, high : float or None
        The number and its 95 % interval; equal where it is exact, all ``None`` where it is undefined.
    sample_size : int or None
        How many customers it was measured on.
    reason : str or None
        Why it is undefined.
    """

    value: float | None
    low: float | None
    high: float | None
    sample_size: int | None
    reason: str | None = None

    @property
    def is_exact(self) -> bool:
        """Tell whether the value was measured on everything, so that the interval is the value."""
        return self.value is not None and self.low == self.high

    @classmethod
    def undefined(cls, reason: str) -> Estimate:
        """Build the estimate that does not exist, with the reason."""
        return cls(None, None, None, None, reason)

    def to_json(self) -> dict[str, Any]:
        """Return plain values; ``reason`` only where there is one."""
        plain = {"value": self.value, "low": self.low, "high": self.high, "sample_size": self.sample_size}
        return {**plain, "reason": self.reason} if self.reason else plain

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Estimate:
        """Build the record from what ``to_json`` returned."""
        return cls(data["value"], data["low"], data["high"], data["sample_size"], data.get("reason"))


@dataclass(frozen=True, slots=True)
class Quality:
    """How good one labelling is, noise left out.

    Parameters
    ----------
    inertia, calinski_harabasz, davies_bouldin : float or None
        ``None`` where undefined; ``reasons`` then says why, under the same name.
    silhouette : Estimate
    compactness : mapping of segment label to mapping of feature name to float or None
        ``1 - std within the segment / std overall`` (ddof 0); ``None`` for one-member segments and constant features.
    mean_compactness : mapping of feature name to float or None
        Size-weighted mean over the segments where it is defined.
    """

    inertia: float | None
    silhouette: Estimate
    calinski_harabasz: float | None
    davies_bouldin: float | None
    compactness: Mapping[int, Mapping[str, float | None]]
    mean_compactness: Mapping[str, float | None]
    reasons: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain values, as ``sweep --json`` prints them under ``metrics`` and ``compactness``."""
        return {
            "metrics": {
                "inertia": self.inertia,
                "silhouette": self.silhouette.to_json(),
                "calinski_harabasz": self.calinski_harabasz,
                "davies_bouldin": self.davies_bouldin,
                **({"reasons": dict(self.reasons)} if self.reasons else {}),
            },
            "compactness": {
                "segments": {str(label): dict(features) for label, features in self.compactness.items()},
                "mean": dict(self.mean_compactness),
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Quality:
        """Build the record from what ``to_json`` returned."""
        metrics, compactness = data["metrics"], data["compactness"]
        return cls(
            inertia=metrics["inertia"],
            silhouette=Estimate.from_json(metrics["silhouette"]),
            calinski_harabasz=metrics["calinski_harabasz"],
            davies_bouldin=metrics["davies_bouldin"],
            compactness={int(label): features for label, features in compactness["segments"].items()},
            mean_compactness=compactness["mean"],
            reasons=metrics.get("reasons", {}),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """One grid point's result; a point that failed or was skipped is a Solution too, with the reason.

    Parameters
    ----------
    params : mapping of str to number or word
        The point.
    status, reason : str
        ``reason`` is ``None`` for ``ok`` points, unless there is something to say (no segment found, say).
    segments, sizes : tuple of int
        The labels that occur, noise left out, ascending; and how many customers each has.
    n_noise : int
        Customers labelled ``-1``.
    engine, evidence : str
        Who really computed it, and the proof.
    fit_seconds : float or None
        This point's own fitting time, in seconds.
    quality : Quality or None
        ``None`` until measured and for points that are not ``ok``.
    labels : ndarray of shape (n_customers,), int32, or None
        ``None`` where the record was read without its arrays, and for points that are not ``ok``.
    arrays : mapping of str to ndarray
        What scoring needs: centres, core points; named by the algorithm.
    criteria : mapping of str to float
        The algorithm's own measures of the fit, such as ``bic`` and ``aic``.
    agreement : Estimate or None
        Share of the training rows, 0 to 1, that scoring gives the label they have; ``None`` where it gives it to all by construction.
    partition : str or None
        What equal partitions have in common, however their segments are numbered; ``None`` until measured.
    """

    params: Mapping[str, Value]
    status: Status
    engine: EngineName
    evidence: str
    seed: int
    reason: str | None = None
    segments: tuple[int, ...] = ()
    sizes: tuple[int, ...] = ()
    n_noise: int = 0
    fit_seconds: float | None = None
    quality: Quality | None = None
    labels: np.ndarray | None = None
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    criteria: Mapping[str, float] = field(default_factory=dict)
    agreement: Estimate | None = None
    partition: str | None = None

    @property
    def n_segments(self) -> int:
        """Number of segments, noise not counted."""
        return len(self.segments)

    @property
    def noise_share(self) -> float | None:
        """Share of the customers that are noise, 0 to 1; ``None`` where there are no labels."""
        total = sum(self.sizes) + self.n_noise
        return self.n_noise / total if total else None

    @classmethod
    def from_labels(cls, labels: np.ndarray, **fields: Any) -> Solution:
        """Build an ``ok`` solution, its segments and sizes counted from ``labels`` of shape (n_customers,)."""
        labels = np.ascontiguousarray(labels, dtype=np.int32)
        sizes = np.bincount(labels + 1)
        found, counts = np.flatnonzero(sizes) - 1, sizes[sizes > 0]
        noise = found == NOISE
        return cls(
            status="ok",
            labels=labels,
            segments=tuple(int(label) for label in found[~noise]),
            sizes=tuple(int(count) for count in counts[~noise]),
            n_noise=int(counts[noise].sum()),
            **fields,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the point as ``sweep --json`` prints it; labels and arrays left out."""
        undefined: dict[str, Any] = {
            "metrics": {
                "inertia": None,
                "silhouette": {"value": None, "low": None, "high": None, "sample_size": None},
                "calinski_harabasz": None,
                "davies_bouldin": None,
            },
            "compactness": {"segments": {}, "mean": {}},
        }
        measured: dict[str, Any] = self.quality.to_json() if self.quality else undefined
        return {
            "params": dict(self.params),
            "status": self.status,
            "reason": self.reason,
            "n_segments": self.n_segments,
            "segments": list(self.segments),
            "sizes": list(self.sizes),
            "n_noise": self.n_noise,
            "noise_share": self.noise_share,
            **measured,
            "metrics": {**measured["metrics"], **self.criteria},
            "scoring_agreement": None if self.agreement is None else self.agreement.to_json(),
            "partition": self.partition,
            "fit_seconds": self.fit_seconds,
            "engine": self.engine,
            "evidence": self.evidence,
            "seed": self.seed,
        }

    @classmethod
    def from_json(
        cls, data: Mapping[str, Any], *, labels: np.ndarray | None = None, arrays: Mapping[str, np.ndarray] | None = None
    ) -> Solution:
        """Build the record from what ``to_json`` returned, with its arrays where they were read."""
        measured = bool(data["compactness"]["mean"])
        return cls(
            params=data["params"],
            status=data["status"],
            reason=data["reason"],
            segments=tuple(data["segments"]),
            sizes=tuple(data["sizes"]),
            n_noise=data["n_noise"],
            fit_seconds=data["fit_seconds"],
            engine=data["engine"],
            evidence=data["evidence"],
            seed=data["seed"],
            quality=Quality.from_json(data) if measured else None,
            labels=labels,
            arrays=arrays or {},
            criteria={name: value for name, value in data["metrics"].items() if name in CRITERIA},
            agreement=Estimate.from_json(data["scoring_agreement"]) if data.get("scoring_agreement") else None,
            partition=data.get("partition"),
        )


def first_rows(labels: np.ndarray) -> np.ndarray:
    """Return the first row of each label from 0 to the largest one, and the number of rows for one that does not occur."""
    first = np.full(int(labels.max(initial=NOISE)) + 2, len(labels))
    # Of several values for one place numpy keeps the last, here each label's first row.
    first[labels[::-1] + 1] = np.arange(len(labels) - 1, -1, -1)
    return first[1:]


def partition_digest(labels: np.ndarray) -> str:
    """Return what labellings of shape (n_customers,) have in common that differ in the numbers of their segments only; noise is noise."""
    first = first_rows(labels)
    number = np.full(len(first) + 1, NOISE, dtype=np.int32)
    number[np.argsort(first, kind="stable") + 1] = np.arange(len(first), dtype=np.int32)
    return hashlib.sha256(number[labels + 1].tobytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class Preparation:
    """Everything fitted between raw data and the matrix that is clustered, so that new customers pass through the same numbers.

    Parameters
    ----------
    features : tuple of str
        Names of the columns of the matrix, in its order.
    scaler : {"standard", "minmax", "robust", "none"}
    centre, scale : tuple of float, one a feature
        The matrix is ``(values - centre) / scale``; constant features have scale 1.
    reference_date : str or None
        ISO date and time to which recency and the like were counted; ``None`` for one row a customer.
    transforms : tuple of (str, float), one a feature, or empty
        ``("log", 0.0)``, ``("power", lambda)`` or ``("", 0.0)``: applied before scaling. Empty is none at all.
    weights : tuple of float, one a feature, or empty
        Factors on the scaled features. Empty is 1 each.
    fitted : mapping
        ``FeatureTable.fitted``: what made the features from the source's columns.
    """

    features: tuple[str, ...]
    scaler: Scaler
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    reference_date: str | None = None
    transforms: tuple[tuple[str, float], ...] = ()
    weights: tuple[float, ...] = ()
    fitted: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain values; numbers keep every digit."""
        return {
            "features": list(self.features),
            "scaler": self.scaler,
            "centre": list(self.centre),
            "scale": list(self.scale),
            "reference_date": self.reference_date,
            "transforms": [list(transform) for transform in self.transforms],
            "weights": list(self.weights),
            "fitted": dict(self.fitted),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Preparation:
        """Build the record from what ``to_json`` returned."""
        return cls(
            features=tuple(data["features"]),
            scaler=data["scaler"],
            centre=tuple(data["centre"]),
            scale=tuple(data["scale"]),
            reference_date=data["reference_date"],
            transforms=tuple((name, value) for name, value in data.get("transforms", ())),
            weights=tuple(data.get("weights", ())),
            fitted=data.get("fitted", {}),
        )


@dataclass(frozen=True, slots=True)
class SweepSpec:
    """What is asked of a sweep. Its id is its content: the same question has the same id, on every screen and in every session.

    Parameters
    ----------
    table : str
        Id of the stored FeatureTable with every feature of every customer (before outlier rule and copies).
    data : mapping
        What the table was made from, for people: ``name``, ``kind``, ``fingerprint``, ``roles``, ``filters``.
    features : tuple of str
        Columns of the table to cluster on, in order.
    outliers, repeats, scaler
        The Intel kit's outlier rule or none; copies a customer (with seeded jitter where more than one); scaling.
    algorithm, points, engine, seed
        The grid, point by point in the order asked, and who computes it.
    versions : mapping of str to str
        Versions of segcore and the numerical libraries.
    weights : mapping of feature to float
        Factors on scaled features, each > 0; features that are not named have 1.
    transforms : mapping of feature to {"log", "power"}
        What is done to skewed features before they are scaled.
    """

    table: str
    data: Mapping[str, Any]
    features: tuple[str, ...]
    outliers: Outliers
    repeats: int
    scaler: Scaler
    algorithm: str
    points: tuple[Mapping[str, Value], ...]
    engine: EngineName
    seed: int
    versions: Mapping[str, str]
    weights: Mapping[str, float] = field(default_factory=dict)
    transforms: Mapping[str, Transform] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """SHA-256 of the spec in hexadecimal; what only describes the data to people is left out."""
        described = {key: value for key, value in self.to_json().items() if key != "data"}
        return digest({**described, "fingerprint": self.data.get("fingerprint"), "filters": self.data.get("filters")})

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "table": self.table,
            "data": dict(self.data),
            "features": list(self.features),
            "outliers": self.outliers,
            "repeats": self.repeats,
            "scaler": self.scaler,
            "algorithm": self.algorithm,
            "points": [dict(point) for point in self.points],
            "engine": self.engine,
            "seed": self.seed,
            "versions": dict(self.versions),
            "weights": dict(self.weights),
            "transforms": dict(self.transforms),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SweepSpec:
        """Build the record from what ``to_json`` returned."""
        return cls(
            **{
                **data,
                "features": tuple(data["features"]),
                "points": tuple(dict(point) for point in data["points"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The point to start from, or none, and why in one sentence.

    Parameters
    ----------
    params : mapping or None
        ``None`` where there is no clear best.
    reason : str
    """

    params: Mapping[str, Value] | None
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """A sweep as far as it has come.

    Parameters
    ----------
    id : str
    spec : SweepSpec
    solutions : tuple of Solution or None
        One a point of ``spec.points``, in that order; ``None`` where it is not there yet.
    preparation : Preparation or None
        ``None`` before the first point is there.
    summary : mapping
        Once complete: ``rows``, ``shared_seconds``, ``set_aside`` ({"customers", "revenue_share"}),
        ``recommended`` ({"params", "reason"}; ``params`` may be null).
    """

    id: str
    spec: SweepSpec
    solutions: tuple[Solution | None, ...]
    preparation: Preparation | None
    summary: Mapping[str, Any]

    @property
    def is_complete(self) -> bool:
        """Tell whether every point has its Solution."""
        return all(solution is not None for solution in self.solutions)

    def same_as(self) -> tuple[int | None, ...]:
        """Return for each point the first point of the grid, before it, with the same partition; ``None`` where there is none."""
        first: dict[str, int] = {}
        found: list[int | None] = []
        for position, solution in enumerate(self.solutions):
            partition = solution.partition if solution else None
            earliest = position if partition is None else first.setdefault(partition, position)
            found.append(earliest if earliest < position else None)
        return tuple(found)

    @property
    def recommendation(self) -> Recommendation | None:
        """The recommended point; ``None`` before the sweep is complete."""
        found = self.summary.get("recommended")
        return Recommendation(found["params"], found["reason"]) if found else None
