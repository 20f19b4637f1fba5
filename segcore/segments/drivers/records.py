"""Records of the drivers: the model of each segment, how well it predicts, and what explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segcore.errors import ParameterError
from segcore.prediction.contributions import Contributions
from segcore.prediction.explained import Explained, ExplainedFeature, row_of
from segcore.prediction.held_out import Accuracy, Auc
from segcore.records.finding import Finding
from segcore.records.solution import NOISE
from segcore.segments.maps.customer_map import draw_sample
from segcore.wording.findings import note_json, refusal, sentence
from segcore.wording.numbers import segment_title
from segcore.wording.predictions import predicted_text, pushes_text, recognised_text

if TYPE_CHECKING:
    import pyarrow as pa

LEAST_AUC = 0.6
"""Below this AUC, a model says too little about who is in a segment to be explained."""
_SHARES = {"balanced_accuracy": "balanced", "sensitivity": "sensitivity", "specificity": "specificity"}


@dataclass(frozen=True, slots=True, eq=False)
class SegmentDrivers:
    """The model of one segment against the rest.

    Parameters
    ----------
    label : int
    customers : int
        In the sample.
    reason : Finding or None
        Why there is no model.
    auc : Auc or None
        Held out.
    accuracy : Accuracy or None
        Held out; a customer is predicted to be in the segment if the calibrated probability is above the segment's share.
    contributions : Contributions or None
        For every customer in the sample, by trees that did not see the customer.
    """

    label: int
    customers: int
    reason: Finding | None = None
    auc: Auc | None = None
    accuracy: Accuracy | None = None
    contributions: Contributions | None = None

    @property
    def problem(self) -> Finding | None:
        """Why there are no drivers to show: there is no model, or it does not predict."""
        if self.auc is None or self.reason is not None:
            return self.reason
        if self.auc.low > 0.5 and self.auc.value >= LEAST_AUC:
            return None
        return Finding("drivers.not_predicted", "warning", {"value": self.auc.value, "low": self.auc.low, "high": self.auc.high})


@dataclass(frozen=True, slots=True, eq=False)
class CustomerDrivers:
    """A customer in the model of a segment: the segment, everybody who is explained, and the customer's row among them."""

    label: int
    explained: Explained
    row: int


@dataclass(frozen=True, slots=True, eq=False)
class Drivers:
    """Models of the segments of a solution, each against the rest, and what explains them.

    Parameters
    ----------
    customers : ndarray of shape (n_sampled,), object
        Ids, as text.
    labels : ndarray of shape (n_sampled,), int
        Segments; -1 is noise, which belongs to the rest of every segment.
    features : tuple of ExplainedFeature
    values : ndarray of shape (n_sampled, n_features), float64
        Before transforms and scaling, which do not affect trees.
    n_customers : int
        Of the solution.
    segments : tuple of SegmentDrivers
        The largest first, then the noise.
    notes : tuple of Finding
        Notes that apply to all segments.
    """

    customers: np.ndarray
    labels: np.ndarray
    features: tuple[ExplainedFeature, ...]
    values: np.ndarray
    n_customers: int
    segments: tuple[SegmentDrivers, ...]
    notes: tuple[Finding, ...]

    def find(self, label: int) -> SegmentDrivers:
        """Return the drivers of a segment.

        Raises
        ------
        ParameterError
            If there is no such segment.
        """
        found = next((one for one in self.segments if one.label == label), None)
        if found is None:
            known = [one.label for one in self.segments if one.label != NOISE]
            raise refusal("drivers.unknown_segment", kind=ParameterError, given=label, known=known)
        return found

    def explained(self, label: int) -> Explained:
        """Return the customers with what pushes each into or out of a segment, whether or not its model predicts.

        Raises
        ------
        ParameterError
            If the segment does not exist, or has no model.
        """
        found = self.find(label)
        if found.contributions is None:
            reason = found.reason or Finding("drivers.noise")
            raise refusal(reason.code, kind=ParameterError, **reason.values)
        return Explained(self.customers, self.features, self.values, found.contributions)

    def of_customer(self, customer: str, label: int | None = None) -> CustomerDrivers:
        """Return the features that put a customer into a segment, or out of it; ``None`` means the customer's own segment.

        Raises
        ------
        ParameterError
            If the customer is not in the sample; see also `explained`.
        """
        row = row_of(self.customers, customer)
        label = int(self.labels[row]) if label is None else label
        return CustomerDrivers(label, self.explained(label), row)

    def draw_sample(self, label: int, most: int) -> np.ndarray:
        """Return rows of customers to draw, ascending: half from the segment and half from the others, or all if there are fewer."""
        return draw_sample((self.labels == label).astype(np.int64), most=most, least=most // 2)

    def typical(self, label: int) -> str:
        """Return the id of the customer in the middle of a segment: the one with its median log-odds.

        Raises
        ------
        ParameterError
            See `explained`.
        """
        log_odds = self.explained(label).contributions.log_odds
        inside = np.flatnonzero(self.labels == label)
        return str(self.customers[inside[np.argsort(log_odds[inside], kind="stable")[len(inside) // 2]]])

    def summary(self) -> str:
        """Return how many segments are predicted, and how well, in words."""
        predicted = [one.accuracy.balanced.value or 0.0 for one in self.segments if one.problem is None and one.accuracy is not None]
        segments = sum(one.label != NOISE for one in self.segments)
        return predicted_text(len(predicted), segments, min(predicted, default=None), max(predicted, default=None))

    def sentence(self, label: int, names: Mapping[int, str], *, most: int = 3) -> str:
        """Return how well a segment is predicted, and by which values of which features; or why it has no drivers."""
        found = self.find(label)
        if found.problem is not None or found.accuracy is None:
            return "" if found.problem is None else sentence(found.problem)
        explained = self.explained(label)
        top = explained.leading(most)
        pushed = pushes_text([self.features[at].title for at in top], [explained.direction_text(at) for at in top])
        known = recognised_text(segment_title(label, names), found.accuracy.sensitivity, found.accuracy.specificity)
        return f"{known} What speaks for it most: {pushed}."

    def accuracy_rows(self, names: Mapping[int, str]) -> pa.Table:
        """Return one row per segment: how well it is predicted, with 95 % intervals, and why it has no drivers."""
        import pyarrow as pa

        columns: dict[str, list[Any]] = {
            "segment": [one.label for one in self.segments],
            "segment_name": [segment_title(one.label, names) for one in self.segments],
            "customers": [one.customers for one in self.segments],
            "predicted": [one.problem is None for one in self.segments],
        }
        parts = {
            "auc": [one.auc for one in self.segments],
            **{
                name: [None if one.accuracy is None else getattr(one.accuracy, part) for one in self.segments]
                for name, part in _SHARES.items()
            },
        }
        for name, found in parts.items():
            for end, field in (("", "value"), ("_low", "low"), ("_high", "high")):
                columns[f"{name}{end}"] = [None if one is None else getattr(one, field) for one in found]
        columns["reason"] = ["" if one.problem is None else sentence(one.problem) for one in self.segments]
        return pa.table(columns)

    def importance_rows(self, names: Mapping[int, str]) -> pa.Table:
        """Return one row per segment with a model and feature, the most important first.

        ``importance`` is the mean absolute SHAP value, in log-odds; ``pushed_up_by`` the values that speak for the segment; ``direction``
        the rank correlation of values and SHAP values; ``predicted`` whether the model predicts: if not, the rest means nothing.
        """
        import pyarrow as pa

        rows = [
            {
                "segment": one.label,
                "segment_name": segment_title(one.label, names),
                "feature": self.features[at].name,
                "title": self.features[at].title,
                "importance": float(explained.contributions.importance[at]),
                "pushed_up_by": explained.direction_text(at),
                "direction": explained.direction(at),
                "predicted": one.problem is None,
            }
            for one in self.segments
            if one.contributions is not None
            for explained in [self.explained(one.label)]
            for at in explained.order.tolist()
        ]
        kinds = {"segment": pa.int64(), "importance": pa.float64(), "direction": pa.float64(), "predicted": pa.bool_()}
        names_of = ("segment", "segment_name", "feature", "title", "importance", "pushed_up_by", "direction", "predicted")
        schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names_of])
        return pa.Table.from_pylist(rows, schema)

    def value_rows(self, label: int) -> pa.Table:
        """Return the SHAP values of a segment's model: one row per customer, with ``base``, ``log_odds``, and ``shap_`` of each feature.

        Raises
        ------
        ParameterError
            See `explained`.
        """
        import pyarrow as pa

        found = self.explained(label).contributions
        own = {"customer_id": pa.array(self.customers.tolist(), pa.string()), "segment": pa.array(self.labels)}
        own |= {"base": pa.array(found.base), "log_odds": pa.array(found.log_odds)}
        values = [pa.array(found.values[:, at]) for at in range(len(self.features))]
        return pa.table([*own.values(), *values], names=[*own, *(f"shap_{feature.name}" for feature in self.features)])

    def to_json(self, names: Mapping[int, str], label: int | None = None) -> dict[str, Any]:
        """Return plain values of all segments, or one, as ``drivers --json`` prints them; unpredicted segments have no drivers."""
        shown = self.segments if label is None else (self.find(label),)
        importance = self.importance_rows(names).to_pylist()
        wanted = ("feature", "title", "importance", "pushed_up_by", "direction")
        return {
            "customers": self.n_customers,
            "sampled": len(self.customers),
            "sentence": self.summary(),
            "notes": [note_json(note) for note in self.notes],
            "segments": [
                {
                    "segment": one.label,
                    "name": segment_title(one.label, names),
                    "customers": one.customers,
                    "predicted": one.problem is None,
                    "sentence": self.sentence(one.label, names),
                    "auc": None if one.auc is None else {"value": one.auc.value, "low": one.auc.low, "high": one.auc.high},
                    **{name: None if one.accuracy is None else getattr(one.accuracy, part).to_json() for name, part in _SHARES.items()},
                    "drivers": [
                        {name: row[name] for name in wanted} for row in importance if row["segment"] == one.label and row["predicted"]
                    ],
                }
                for one in shown
            ],
        }
