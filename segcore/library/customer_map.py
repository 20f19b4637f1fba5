"""Map of customers as an analyst's script holds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from segcore.library.display import paragraph
from segcore.plots.segments.map import draw_customers, feature_colours
from segcore.records.feature_table import FeatureTable
from segcore.records.plan import Plan
from segcore.segments.maps.customer_map import CustomerMap
from segcore.segments.maps.selection import Polygon, inside
from segcore.wording.quotes import visible

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure


class Map:
    """Customers on a plane, with their segments: `segcore.library.point.Point.map` returns it.

    Examples
    --------
    >>> found = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best.map()
    >>> [round(share, 2) for share in found.shares]
    [0.55, 0.34]
    """

    def __init__(self, record: CustomerMap, names: Mapping[int, str], features: Callable[[], FeatureTable], plan: Plan) -> None:
        self.record = record
        self._names = names
        self._features = features
        self._plan = plan

    @property
    def table(self) -> pd.DataFrame:
        """One row per customer: ``customer_id``, ``x``, ``y`` and ``segment`` (-1 is noise).

        On principal components, ``x`` and ``y`` are in the units of the values that were clustered, such as standard deviations; with
        t-SNE and UMAP their unit means nothing.
        """
        return self.record.rows(self._names).drop_columns("segment_name").to_pandas()

    @property
    def shares(self) -> tuple[float, float] | None:
        """Share of the variance of the clustered features along ``x`` and along ``y``, 0 to 1; ``None`` for t-SNE and UMAP."""
        return self.record.shares

    def plot(self, colour: str | None = None) -> Figure:
        """Draw the map as on the Segments screen; of more than 5,000 customers, the density and a sample.

        Parameters
        ----------
        colour : str or None
            Name of a feature that colours the customers, clustered on or not; ``None`` colours by segment.

        Raises
        ------
        ParameterError
            If the feature is unknown.

        Examples
        --------
        >>> found = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best.map()
        >>> found.plot().layout.xaxis.title.text
        'First principal component (55 % of the variance):<br>Order lines +, Recency −'
        >>> found.plot("Recency").layout.coloraxis.colorbar.title.text
        'Recency (days)'
        """
        colours = None if colour is None else feature_colours(self._features(), self._plan, colour)
        return draw_customers(self.record, self._names, colours=colours)

    def inside(self, polygon: Polygon) -> pd.DataFrame:
        """Return the rows of `table` of all customers inside a polygon, drawn or not.

        Parameters
        ----------
        polygon : sequence of (x, y)
            At least three corners, in the units of the map.

        Raises
        ------
        ParameterError
            If there are fewer than three corners, or one is not two finite numbers.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best
        >>> found = point.map().inside([(0, -9), (9, -9), (9, 9), (0, 9)])
        >>> point.export(folder / "selected.csv", customers=found["customer_id"])["rows"] == len(found) > 0
        True
        """
        return self.table[inside(self.record.places, polygon)].reset_index(drop=True)

    def __repr__(self) -> str:
        """Return one line: what the map shows."""
        return visible(f"Map({self.record.sentence})")

    def _repr_html_(self) -> str:
        return paragraph(f"{self.record.sentence} {self.record.caution}", title="Map")
