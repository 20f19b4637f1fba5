"""Segments over time as an analyst's script holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from segcore.errors import ParameterError
from segcore.library.display import listed_html, paragraph
from segcore.plots.segments.drift import draw_drift, drift_data
from segcore.plots.segments.flow import Weights, draw_flow, migration_data
from segcore.plots.segments.sizes_over_time import draw_sizes_over_time, sizes_over_time_data
from segcore.segments.over_time.migration import followed_rows, migration_of, new_titles, over_time_document, refit_fate_text
from segcore.segments.over_time.over_time_records import OverTime as OverTimeRecord
from segcore.segments.over_time.verdict import followed_sentences, judge
from segcore.wording.findings import sentence
from segcore.wording.quotes import visible

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

    from segcore.library.point import Point

_ENDS = (("", "value"), ("_low", "low"), ("_high", "high"))


class OverTime:
    """A kept solution in later data: `segcore.library.point.Point.over_time` returns it.

    Examples
    --------
    >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).point(n_clusters=3)
    >>> found = point.over_time(orders)
    >>> found.verdict
    'Keep these segments: nothing changed beyond chance.'
    """

    def __init__(self, record: OverTimeRecord, names: Mapping[int, str], solution: Callable[[str, int], Point]) -> None:
        self.record = record
        self._names = names
        self._solution = solution

    @property
    def segment_again(self) -> bool:
        """Whether the segments no longer fit the later customers."""
        return judge(self.record, self._names).answer == "again"

    @property
    def verdict(self) -> str:
        """Whether to segment again, in one sentence."""
        return sentence(judge(self.record, self._names).headline)

    @property
    def reasons(self) -> list[str]:
        """What the verdict is based on, who is in both data sets, and why customers moved: one sentence each."""
        return [*(sentence(one) for one in judge(self.record, self._names).reasons), *followed_sentences(self.record)]

    @property
    def refit(self) -> Point | None:
        """The later customers clustered again, a solution whose segments keep the names and colours of those that they match.

        ``None`` where they could not be clustered. `fates` says what became of each kept segment in it.
        """
        found = self.record.refit
        return None if found is None else self._solution(found.sweep, found.position)

    @property
    def fates(self) -> list[str]:
        """What became of each kept segment when the later customers were clustered again: one sentence each."""
        found = self.record.refit
        if found is None:
            return []
        titles = new_titles(found, self._names)
        return [refit_fate_text(fate, self._names, titles) for fate in found.fates]

    def sizes(self) -> pd.DataFrame:
        """Return the size of each segment then and now, as customers and as shares with 95 % intervals.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).point(n_clusters=3)
        >>> point.over_time(orders).sizes()[["then", "now"]].values.tolist()
        [[10, 10], [10, 10], [10, 10]]
        """
        import pandas as pd

        rows = []
        for one in over_time_document(self.record, self._names)["segments"]:
            shares = {name: one.pop(name) for name in ("then_share", "now_share", "difference")}
            rows.append({**one, **{f"{name}{end}": shares[name][key] for name in shares for end, key in _ENDS}})
        return pd.DataFrame(rows)

    def migration(self) -> pd.DataFrame:
        """Return the customers of each pair of segments then and now; new customers have none then, those who are gone none now.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).point(n_clusters=3)
        >>> point.over_time(orders).migration()["customers"].tolist()
        [10, 10, 10]
        """
        import pandas as pd

        return pd.DataFrame(migration_of(self.record).rows(self._names))

    def customers(self) -> pd.DataFrame:
        """Return one row per customer: status ("both", "new", "gone" or "aside"), segment then and now, and the cause of a move.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).point(n_clusters=3)
        >>> point.over_time(orders).customers()["status"].unique().tolist()
        ['both']
        """
        found: pd.DataFrame = followed_rows(self.record, self._names).to_pandas()
        return found

    def drift(self) -> pd.DataFrame:
        """Return the population stability index of each feature, and the value below which it stays by chance.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).point(n_clusters=3)
        >>> point.over_time(orders).drift()["drifted"].any()
        np.False_
        """
        import pandas as pd

        return pd.DataFrame([one.to_json() for one in self.record.drift])

    def plot(self, what: str = "flow", *, weights: Weights = "customers") -> Figure:
        """Draw a figure of the Over time screen.

        Parameters
        ----------
        what : {"flow", "sizes", "drift"}
        weights : {"customers", "revenue"}
            Of the flow: customers, or the revenue that they had then.

        Raises
        ------
        ParameterError
            If there is no such figure, or the data have no revenue.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).point(n_clusters=3)
        >>> point.over_time(orders).plot(weights="revenue").data[0].type
        'sankey'
        """
        if what == "sizes":
            return draw_sizes_over_time(sizes_over_time_data(self.record, self._names))
        if what == "drift":
            return draw_drift(drift_data(self.record, {}))
        if what != "flow":
            raise ParameterError.unknown("figure", what, ("flow", "sizes", "drift"))
        if weights not in ("customers", "revenue"):
            raise ParameterError.unknown("weights", weights, ("customers", "revenue"))
        flow = migration_data(self.record, self._names, weights)
        if flow is None:
            raise ParameterError('These data have no revenue: use weights="customers".')
        return draw_flow(flow)

    def to_json(self) -> dict[str, Any]:
        """Return plain values, as ``over-time --json`` prints them.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).point(n_clusters=3)
        >>> point.over_time(orders).to_json()["moved"]
        0
        """
        return over_time_document(self.record, self._names)

    def __repr__(self) -> str:
        """Return the verdict."""
        return visible(f"OverTime({self.verdict})")

    def _repr_html_(self) -> str:
        return paragraph(self.verdict, title=f"{self.record.point} in {self.record.data['name']}") + listed_html(self.reasons)
