"""Profile of a solution's segments as an analyst's script holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segcore.segments.explanation import Explanation, explain
from segcore.store.store import Store

if TYPE_CHECKING:
    import pandas as pd


class Profile:
    """Who is in each segment: `segcore.library.point.Point.profile` returns it.

    Examples
    --------
    >>> profile = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best.profile()
    >>> profile.features().query("segment == 0")["name"].tolist()
    ['NumberOfOrders', 'Recency', 'Amount']
    """

    def __init__(self, store: Store, sweep_id: str, position: int) -> None:
        self.record: Explanation = explain(store, sweep_id, position)

    def to_json(self) -> dict[str, Any]:
        """Return plain values, as ``explain --json`` prints them."""
        return self.record.to_json()

    def features(self) -> pd.DataFrame:
        """Return each number in each segment, the most compact feature first.

        ``difference`` is the mean less that of all other customers, in standard deviations of all customers, with its 95 % interval.
        """
        return self._frame("features")

    def categories(self) -> pd.DataFrame:
        """Return each value of each column of categories in each segment.

        ``index`` is 100 times the share in the segment over that among all customers, with its 95 % interval; ``p`` is adjusted for the
        number of comparisons, and blank where the segments differ by construction, because they were clustered on the column.

        Examples
        --------
        >>> profile = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best.profile()
        >>> profile.categories()["column"].unique().tolist()
        ['rfm_segment']
        """
        return self._frame("categories")

    def items(self) -> pd.DataFrame:
        """Return the most telling items and categories of each segment, by TF-IDF and by index; empty without such columns.

        ``support`` is the share of the segment that bought it, ``index`` 100 times that over the share among all customers.

        Examples
        --------
        >>> profile = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best.profile()
        >>> sorted(profile.items()["item"].unique())
        ['itema', 'itemb']
        """
        return self._frame("items")

    def spend(self) -> pd.DataFrame:
        """Return the categories in the rank order of each segment's spend; empty for data without categories of transactions.

        ``share`` is the share of the segment's spend, ``overall`` that of all customers' spend, ``index`` 100 times their ratio;
        ``rank`` and ``index_rank`` are 1 for the largest share and the largest index.

        Examples
        --------
        >>> data = segcore.load(orders, roles={"category": "item"})
        >>> spend = data.plan("small").sweep(n_clusters=range(2, 4)).best.profile().spend()
        >>> spend.query("segment == 0")[["category", "rank"]].values.tolist()
        [['itema', 1], ['itemb', 2]]
        """
        return self._frame("spend")

    def figures(self) -> pd.DataFrame:
        """Return the key figures of each segment: its value, that of all customers, and the share of it.

        Examples
        --------
        >>> profile = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best.profile()
        >>> figures = profile.figures()
        >>> figures[figures["name"] == "customers"]["value"].tolist()
        [10.0, 10.0, 10.0]
        """
        import pandas as pd

        rows = [
            {"segment": segment["label"], "name": name, **figure}
            for segment in self.record.profiles()
            for name, figure in segment["kpi"].items()
        ]
        return pd.DataFrame(rows)

    def _frame(self, part: str) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame([{"segment": segment["label"], **row} for segment in self.record.profiles() for row in segment[part]])
