"""Sweep as an analyst's script holds it: its table, its figures, and the recommended solution."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segcore import jobs
from segcore.clustering.algorithms.registry import algorithm, criteria
from segcore.errors import JobError, ParameterError, StoreError
from segcore.export.tables import check_table_path, write_table
from segcore.features.assemble import assemble
from segcore.features.output import rows_for_file
from segcore.intake.trained_rows import read_like_trained
from segcore.library.display import Findings, frame_html, paragraph
from segcore.library.point import Point
from segcore.library.request import requested_like
from segcore.plots.compactness import compactness_map_data
from segcore.plots.heatmap import draw_map
from segcore.plots.measure_figures import draw_measure, measure_data
from segcore.plots.segments.segment_sizes import draw_sizes, sizes_data
from segcore.records.feature_table import FeatureTable, unique_titles
from segcore.records.grid import Value, find_point, point_key
from segcore.records.sweep import Sweep as SweepRecord
from segcore.segments.scoring import features_like
from segcore.store.store import Store
from segcore.sweeps.overview import sweep_name
from segcore.sweeps.points import evidence_table, metrics, point_table, points_axis, recommended_position
from segcore.wording.numbers import counted
from segcore.wording.quotes import visible

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

_SIZES, _FEATURES = "sizes", "features"
_SHOWN = ("segments", "noise_share", "silhouette", "inertia", "calinski_harabasz", "davies_bouldin")


class Sweep:
    """Every solution of a grid: made by `segcore.library.plan.Plan.sweep`.

    Examples
    --------
    >>> sweep = segcore.load(orders).plan("small").sweep("kmeans", n_clusters=range(2, 4))
    >>> len(sweep), len(sweep.id)
    (2, 64)
    """

    def __init__(self, store: Store, sweep_id: str) -> None:
        self.store = store
        self.id = sweep_id

    @cached_property
    def record(self) -> SweepRecord:
        """The stored sweep: its specification, solutions and preparation."""
        return self.store.sweep(self.id)

    @cached_property
    def clustered(self) -> FeatureTable:
        """The rows that were clustered, with their features unscaled."""
        return assemble(self.store.feature_table(self.record.spec.table), self.record.spec.plan).table

    @property
    def name(self) -> str:
        """Its name: the analyst's own (see `rename`), else one made of what distinguishes it."""
        return sweep_name(self.store, self.id)

    def rename(self, name: str) -> None:
        """Give it a name; an empty one takes it back.

        Examples
        --------
        >>> sweep = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4), evidence="none")
        >>> sweep.rename("Spring sale")
        >>> sweep.name
        'Spring sale'
        >>> sweep.rename("")
        """
        self.store.name_sweep(self.id, name)

    def table(self) -> pd.DataFrame:
        """Return every number that was measured, one row per solution; undefined ones are missing.

        Examples
        --------
        >>> sweep = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4))
        >>> sweep.table()[["n_clusters", "segments", "smallest"]].values.tolist()
        [[2, 2, 10], [3, 3, 10]]
        """
        import pandas as pd

        return pd.DataFrame(point_table(self.record))

    def plot(self, name: str = "silhouette") -> Figure:
        """Draw a measure of every solution, as on the Explore screen; the recommended solution is marked.

        Parameters
        ----------
        name : str
            A measure, such as "silhouette" or "inertia"; "sizes" of the segments; or "features", the compactness of each feature.

        Raises
        ------
        ParameterError
            If the figure is unknown; the message names all.

        Examples
        --------
        >>> sweep = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4))
        >>> sweep.plot("inertia").layout.yaxis.title.text
        'Inertia (squared scaled units)'
        """
        if name not in self._figures():
            raise ParameterError.unknown("plot", name, self._figures())
        recommended = recommended_position(self.record)
        if name == _SIZES:
            return draw_sizes(sizes_data(self.record), x_title=points_axis(self.record), chosen=recommended)
        if name == _FEATURES:
            titles = unique_titles(self.clustered.dictionary)
            return draw_map(compactness_map_data(self.record, titles), recommended=recommended)
        return draw_measure(measure_data(self.record, name), recommended=recommended)

    def _figures(self) -> list[str]:
        # Criteria of other algorithms are never measured here.
        own = {criterion.name for criterion in algorithm(self.record.spec.algorithm).criteria}
        foreign = {criterion.name for criterion in criteria()} - own
        return [*(found.name for found in metrics() if found.name not in foreign), _SIZES, _FEATURES]

    @property
    def points(self) -> list[Point]:
        """Every solution, in the grid's order.

        Examples
        --------
        >>> sweep = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4))
        >>> [point.n_segments for point in sweep.points]
        [2, 3]
        """
        return [Point(self.store, self.record, position, self._rows) for position in range(len(self))]

    def _rows(self) -> FeatureTable:
        return self.clustered

    def features(self, data: Any, *, as_of: str | None = None, out: str | os.PathLike[str] | None = None, **options: Any) -> pd.DataFrame:
        """Build every feature of the sweep's data for other customers or a later month: same categories, cut-points and fill values.

        Nothing is fitted to the new data. SQL that scores (`segcore.library.point.Point.sql`) reads what ``out`` has. Findings about the
        new data are in ``frame.attrs["findings"]``.

        Parameters
        ----------
        data : str, path, or frame
            As in `segcore.load`. It is read like the sweep's data where its columns are the same.
        as_of : str or None
            Day up to which recency and similar features count; ``None`` is the sweep's.
        out : path or None
            File to write too, ``.csv`` or ``.parquet``.
        **options
            As in `segcore.library.point.Point.score`.

        Returns
        -------
        DataFrame
            Shape (n_customers, n_features), indexed by customer.

        Raises
        ------
        SegcoreError
            If the data cannot be read, is of another kind, lacks a column, or continues after the date.

        Examples
        --------
        >>> data = segcore.load(orders)
        >>> sweep = data.plan("small").sweep(n_clusters=range(2, 4))
        >>> sweep.features(orders).equals(data.features)
        True
        """
        import pandas as pd

        if out is not None:
            check_table_path(Path(out), "out")
        with requested_like(data, options, self.store) as request, read_like_trained(self.store, self.record.spec.data, request) as dataset:
            table, notes = features_like(self.store, self.id, dataset, as_of=as_of)
        if out is not None:
            write_table(rows_for_file(table), Path(out))
        frame = pd.DataFrame(np.array(table.values), index=pd.Index(table.customers, name="customer_id"), columns=list(table.names))
        frame.attrs["findings"] = Findings.of((*dataset.notes, *notes))
        return frame

    def point(self, **params: Value) -> Point:
        """Return the one solution with these parameters; those that do not vary can be left out.

        Raises
        ------
        ParameterError
            If no solution has them, or more than one.

        Examples
        --------
        >>> sweep = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4))
        >>> sweep.point(n_clusters=3).params
        {'n_clusters': 3, 'tol': 0.0001, 'n_init': 10}
        """
        spec = self.record.spec
        for name in params:
            algorithm(spec.algorithm).param(name)
        plain = {name: value.item() if hasattr(value, "item") else value for name, value in params.items()}
        return Point(self.store, self.record, find_point(spec.points, plain), self._rows)

    @property
    def best(self) -> Point | None:
        """The recommended solution, or None without a recommendation.

        Examples
        --------
        >>> sweep = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4))
        >>> sweep.best.n_segments
        3
        """
        position = recommended_position(self.record)
        return None if position is None else Point(self.store, self.record, position, self._rows)

    @property
    def recommendation(self) -> str:
        """Why a solution is recommended, or why none is."""
        found = self.record.recommendation
        return "" if found is None else found.reason

    def evidence(self, *, progress: bool | Callable[[jobs.Job], None] = False) -> pd.DataFrame:
        """Gather all evidence on the sweep, and return it, one row per solution; `best` and `recommendation` follow it.

        Compares the solutions with data that have the same single features and correlations but no segments, and with resamples of the
        customers. What was gathered before is not gathered again. Ctrl-C stops it; the same call continues it.

        Parameters
        ----------
        progress : bool or callable (Job)
            Whether to show a line with the progress, or a function that is called with it.

        Returns
        -------
        DataFrame
            ``z``: standard deviations by which the silhouette is above that of data without segments. ``least_stability``: mean Jaccard
            index of the least stable segment over the resamples. ``prediction_strength`` with its standard error. ``describability``:
            how well a small decision tree tells the segments apart. Missing where undefined.

        Examples
        --------
        >>> sweep = segcore.load(orders).plan("small").sweep(n_clusters=3, evidence="none")
        >>> sweep.best is None
        True
        >>> sweep.evidence()[["n_clusters", "least_stability"]].round(1).values.tolist()
        [[3.0, 0.9]]
        >>> sweep.best.n_segments
        3
        """
        import pandas as pd

        job = follow_job(self.store, self.id, lambda: jobs.start_sweep(self.store, self.record.spec, evidence="all"), progress)
        if job.state != "done":
            raise JobError(job.message or f"Gathering evidence was {job.state}: {job.steps} are saved. The same call continues it.")
        self.__dict__.pop("record", None)
        return pd.DataFrame(evidence_table(self.record))

    def __len__(self) -> int:
        """Return the number of solutions."""
        return len(self.record.spec.points)

    def __iter__(self) -> Iterator[Point]:
        """Iterate over the solutions."""
        return iter(self.points)

    def __repr__(self) -> str:
        """Return one line: algorithm, number of solutions, and the recommended one."""
        spec, position = self.record.spec, recommended_position(self.record)
        found = "none recommended" if position is None else f"recommended {point_key(spec.points[position])}"
        return f"Sweep({spec.algorithm!r}: {counted(len(self), 'solution')} on {visible(str(spec.data['name']))}; {found})"

    def _repr_html_(self) -> str:
        table = self.table()
        shown = [*self.record.spec.points[0], *(name for name in _SHOWN if table[name].notna().any())]
        title = f"{algorithm(self.record.spec.algorithm).title} on {self.record.spec.data['name']}"
        return paragraph(counted(len(self), "solution"), title=title) + frame_html(table[shown]) + paragraph(self.recommendation)


def follow_job(store: Store, job_id: str, start: Callable[[], str], progress: bool | Callable[[jobs.Job], None]) -> jobs.Job:
    """Start a job and return it once it is over; Ctrl-C cancels it.

    Parameters
    ----------
    store : Store
    job_id : str
        The id that ``start`` returns.
    start : callable
        Starts the job.
    progress : bool or callable (Job)
        Whether to show a line with the progress, or a function that is called with it.
    """
    try:
        if callable(progress):
            return jobs.follow(store, start, progress)
        if not progress:
            return jobs.follow(store, start)
        with jobs.ProgressLine() as line:
            return jobs.follow(store, start, line)
    except KeyboardInterrupt:
        # Also one that came while the job was being started, which nobody was following yet.
        with contextlib.suppress(StoreError):
            jobs.cancel(store, job_id)
        raise
