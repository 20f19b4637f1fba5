"""One solution of a sweep, its quality, and the estimates in it.

Records are frozen and hold only arrays and plain values, so that they can be stored without pickle (see ``store``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from segcore.records.estimate import Estimate
from segcore.records.grid import Value

Status = Literal["ok", "failed", "skipped"]
EngineName = Literal["stock", "intel", "shared"]

ENGINES: tuple[EngineName, ...] = ("stock", "intel", "shared")
NOISE = -1
_MEASURES = ("inertia", "silhouette", "calinski_harabasz", "davies_bouldin", "reasons")
"""Names under ``metrics`` in JSON that every solution has; other names are the algorithm's criteria."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Quality of one labelling, without its noise.

    Parameters
    ----------
    inertia, calinski_harabasz, davies_bouldin : float or None
        ``None`` if undefined; ``reasons`` then has the reason under the same name.
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
        """Build the record from the output of ``to_json``."""
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
    """Result of one point of a grid; a failed or skipped point is a Solution too, with the reason.

    Parameters
    ----------
    params : mapping of str to number or word
        The point.
    status, reason : str
        ``reason`` is ``None`` for most ``ok`` points, but explains, for example, why no segment was found.
    segments, sizes : tuple of int
        Labels of the segments in ascending order, without noise, and the number of customers in each.
    n_noise : int
        Customers labelled ``-1``.
    engine, evidence : str
        The engine that actually computed it, and the proof.
    fit_seconds : float or None
        Fitting time of this point alone, in seconds.
    quality : Quality or None
        ``None`` until measured and for points that are not ``ok``.
    labels : ndarray of shape (n_customers,), int32, or None
        ``None`` if the record was read without its arrays, and for points that are not ``ok``.
    arrays : mapping of str to ndarray
        Arrays for scoring, named by the algorithm: centres, core points and so on.
    criteria : mapping of str to float
        The algorithm's measures of fit, such as ``bic`` and ``aic``.
    agreement : Estimate or None
        Share of the training rows, 0 to 1, that scoring gives their own label; ``None`` if that is all of them by construction.
    partition : str or None
        Digest that is equal for equal partitions, however their segments are numbered; ``None`` until measured.
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
        """Share of the customers that are noise, 0 to 1; ``None`` without labels."""
        total = sum(self.sizes) + self.n_noise
        return self.n_noise / total if total else None

    @classmethod
    def from_labels(cls, labels: np.ndarray, **fields: Any) -> Solution:
        """Build an ``ok`` solution from ``labels`` of shape (n_customers,), counting its segments and sizes."""
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
        """Return the solution as ``sweep --json`` prints it, without labels and arrays."""
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
        """Build the record from the output of ``to_json``, and from its labels and arrays if given."""
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
            criteria={name: value for name, value in data["metrics"].items() if name not in _MEASURES},
            agreement=Estimate.from_json(data["scoring_agreement"]) if data.get("scoring_agreement") else None,
            partition=data.get("partition"),
        )


def first_rows(labels: np.ndarray) -> np.ndarray:
    """Return the first row of each label from 0 to the largest; a label without rows gets the number of rows."""
    first = np.full(int(labels.max(initial=NOISE)) + 2, len(labels))
    # If several values are assigned to one place, numpy keeps the last: here each label's first row.
    first[labels[::-1] + 1] = np.arange(len(labels) - 1, -1, -1)
    return first[1:]


def partition_digest(labels: np.ndarray) -> str:
    """Return a digest of ``labels``, shape (n_customers,), that ignores the numbering of segments but not which rows are noise."""
    first = first_rows(labels)
    number = np.full(len(first) + 1, NOISE, dtype=np.int32)
    number[np.argsort(first, kind="stable") + 1] = np.arange(len(first), dtype=np.int32)
    return hashlib.sha256(number[labels + 1].tobytes()).hexdigest()
