"""Comparison of two solutions as an analyst's script holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segcore.library.display import listed_html, paragraph
from segcore.plots.segments.flow import draw_flow, flow_data
from segcore.segments.comparison import compare_solutions
from segcore.store.store import Store
from segcore.wording.quotes import visible

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure


class Comparison:
    """What became of each segment, and who moved: `segcore.library.point.Point.compare` returns it.

    Examples
    --------
    >>> sweep = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4))
    >>> found = sweep.point(n_clusters=2).compare(sweep.point(n_clusters=3))
    >>> found.fates
    ['“Many order lines, small order lines” stayed: 10 customers in both, 100 % of those in either.', ...]
    """

    def __init__(self, store: Store, before: tuple[str, int], after: tuple[str, int]) -> None:
        self.record = compare_solutions(store, before, after)

    @property
    def agreement(self) -> float:
        """Adjusted Rand index: 1 for the same segments, about 0 for independent ones."""
        return self.record.comparison.agreement

    @property
    def fates(self) -> list[str]:
        """Which segments stayed, were split or merged, vanished or appeared: one sentence each."""
        return [self.record.fate_text(fate) for fate in self.record.comparison.fates]

    def table(self) -> pd.DataFrame:
        """Return the customers of each pair of segments, and their share of both.

        Examples
        --------
        >>> sweep = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4))
        >>> found = sweep.point(n_clusters=2).compare(sweep.point(n_clusters=3))
        >>> found.table()["customers"].sum()
        np.int64(30)
        """
        import pandas as pd

        return pd.DataFrame(self.record.flow())

    def moved(self) -> pd.DataFrame:
        """Return the customers who are not in the segment that has most of the same customers, with both segments.

        Examples
        --------
        >>> sweep = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4))
        >>> len(sweep.point(n_clusters=2).compare(sweep.point(n_clusters=3)).moved())
        10
        """
        found: pd.DataFrame = self.record.moved_rows().to_pandas()
        return found

    def plot(self) -> Figure:
        """Draw the flow of customers, as on the Compare screen.

        Examples
        --------
        >>> sweep = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4))
        >>> sweep.point(n_clusters=2).compare(sweep.point(n_clusters=3)).plot().data[0].type
        'sankey'
        """
        return draw_flow(flow_data(self.record))

    def to_json(self) -> dict[str, Any]:
        """Return plain values, as ``compare --json`` prints them.

        Examples
        --------
        >>> sweep = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4))
        >>> sweep.point(n_clusters=2).compare(sweep.point(n_clusters=2)).to_json()["adjusted_rand_index"]
        1.0
        """
        return self.record.to_json()

    def __repr__(self) -> str:
        """Return the answer in two sentences."""
        return visible(f"Comparison({self.record.summary()})")

    def _repr_html_(self) -> str:
        title = f"{self.record.before.label}, then {self.record.after.label}"
        return paragraph(self.record.summary(), title=title) + listed_html(self.fates)
