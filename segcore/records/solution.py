"""The records of a sweep: what was asked, what was fitted, and what came out at each point of the grid.

Records are frozen and hold arrays and plain values only, so that they can be stored without pickle (see ``store``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from segcore.records.grid import Value

Status = Literal["ok", "failed", "skipped"]
EngineName = Literal["stock", "intel", "shared"]

ENGINES: tuple[EngineName, ...] = ("stock", "intel", "shared")
NOISE = -1
CRITERIA = ("bic", "aic")
"""Names that ``Solution.criteria`` may have."""


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
