"""Drivers of a solution's segments as an analyst's script holds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from segcore.errors import ParameterError
from segcore.library.display import listed_html, paragraph
from segcore.plots.contributions.beeswarm import MOST_POINTS, beeswarm_data, draw_beeswarm
from segcore.plots.contributions.force import MOST_TOGETHER, Order, draw_force, draw_forces, force_data, forces_data
from segcore.plots.contributions.importance import importance_data
from segcore.plots.heatmap import draw_map
from segcore.records.solution import NOISE
from segcore.segments.drivers.records import Drivers as DriversRecord
from segcore.wording.findings import refusal, sentence
from segcore.wording.numbers import segment_title
from segcore.wording.quotes import visible

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure


class Drivers:
    """Which features predict who is in each segment: `segcore.library.point.Point.drivers` returns it.

    Examples
    --------
    >>> drivers = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best.drivers()
    >>> drivers.accuracy[["segment", "customers"]].values.tolist()
    [[0, 10], [1, 10], [2, 10]]
    """

    def __init__(self, record: DriversRecord, names: Mapping[int, str]) -> None:
        self.record = record
        self._names = names

    @property
    def accuracy(self) -> pd.DataFrame:
        """How well each segment is predicted on customers that its model had not seen, with 95 % intervals.

        ``predicted`` is whether the features predict it; if they do not, ``reason`` says so, and its importances mean nothing.
        ``sensitivity`` is the share of its customers that the model recognises, ``specificity`` that of the others, and
        ``balanced_accuracy`` their mean.
        """
        return self.record.accuracy_rows(self._names).to_pandas()

    @property
    def importance(self) -> pd.DataFrame:
        """Importance of each feature in the model of each segment, the most important first: the mean absolute SHAP value, in log-odds.

        ``pushed_up_by`` says which values speak for the segment, and ``direction`` is the rank correlation of values and SHAP values.
        """
        return self.record.importance_rows(self._names).to_pandas()

    def values(self, segment: int) -> pd.DataFrame:
        """Return the SHAP values of the model of a segment, in log-odds; one row per customer, of at most 10,000.

        ``base`` and all ``shap_`` columns add up to ``log_odds``, what the model predicts of a customer that it had not seen.

        Raises
        ------
        ParameterError
            If there is no such segment, or it has no model.

        Examples
        --------
        >>> drivers = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best.drivers()
        >>> drivers.values(0).columns.tolist()
        ['customer_id', 'segment', 'base', 'log_odds', 'shap_Amount', 'shap_NumberOfOrders', 'shap_Recency']
        """
        return self.record.value_rows(segment).to_pandas()

    def plot(self, segment: int | None = None, *, customer: str | None = None, customers: Order | None = None) -> Figure:
        """Draw the importance of features in all segments, or the beeswarm of a segment, or what puts customers into it.

        Parameters
        ----------
        segment : int or None
            ``None`` draws a heat map of all segments; with ``customer``, it is the customer's own segment.
        customer : str or None
            Id of a customer whose force plot is drawn.
        customers : {"similarity", "log-odds"} or None
            Draws the force plots of 100 customers next to each other, in this order: half of the segment, half of the others.

        Raises
        ------
        ParameterError
            If the segment or the customer is unknown, or the features do not predict the segment.

        Examples
        --------
        >>> drivers = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best.drivers()
        >>> drivers.plot(0).layout.xaxis.title.text
        'SHAP value (log-odds): against “Large order lines” ← → for it'
        """
        found = self.record
        if segment is None and customer is None:
            if customers is not None:
                raise ParameterError("plot needs a segment to draw its customers: plot(0, customers='similarity').")
            data = importance_data(found, self._names)
            if data is None:
                raise refusal("drivers.none", kind=ParameterError)
            return draw_map(data)
        if customer is not None:
            asked = found.of_customer(customer, segment)
            towards = self._predicted(asked.label)
            return draw_force(force_data(asked.explained, asked.row), towards=towards)
        label = NOISE if segment is None else int(segment)
        towards = self._predicted(label)
        explained = found.explained(label)
        if customers is None:
            return draw_beeswarm(beeswarm_data(explained, found.draw_sample(label, MOST_POINTS)), towards=towards)
        if customers not in ("similarity", "log-odds"):
            raise ParameterError.unknown("order", customers, ("similarity", "log-odds"))
        rows = found.draw_sample(label, MOST_TOGETHER)
        inside = np.asarray(found.labels)[rows] == label
        return draw_forces(forces_data(explained, rows, inside, order=customers), towards=towards, marked=f"in {towards}")

    def _predicted(self, label: int) -> str:
        """Return the title of a segment, which must be predicted."""
        problem = self.record.find(label).problem
        if problem is not None:
            raise refusal(problem.code, kind=ParameterError, **problem.values)
        return f"“{segment_title(label, self._names)}”"

    def _sentences(self) -> list[str]:
        return [self.record.sentence(one.label, self._names) for one in self.record.segments]

    def __repr__(self) -> str:
        """Return how many segments are predicted, and one line per segment: how well, and by what."""
        return "\n".join(map(visible, [self.record.summary(), *self._sentences()]))

    def _repr_html_(self) -> str:
        return (
            paragraph(self.record.summary(), title="Drivers")
            + listed_html(self._sentences())
            + "".join(paragraph(sentence(note)) for note in self.record.notes)
        )
