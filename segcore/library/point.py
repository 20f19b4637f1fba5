"""Solution as an analyst's script holds it: its segments, and what can be done with them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np

from segcore.errors import ParameterError
from segcore.export.files import output_of, write_export, write_model, write_scores
from segcore.export.segment_rows import RowChoice, segment_titles
from segcore.features.assemble import readable_rows
from segcore.intake.trained_rows import read_like_trained
from segcore.library.display import Findings, frame_html, paragraph
from segcore.library.request import requested_like
from segcore.plots.segments.segment_shares import draw_shares, shares_data
from segcore.records.feature_table import FeatureTable
from segcore.records.grid import Value, point_key
from segcore.records.solution import Solution
from segcore.records.sweep import Sweep as SweepRecord
from segcore.segments.likes import apart_by_likes
from segcore.segments.names import known_names
from segcore.segments.profiles.profile import profile_of_every_feature, segment_profile
from segcore.segments.profiles.records import SegmentProfile
from segcore.segments.scoring import score
from segcore.store.store import Store
from segcore.sweeps.prepared import prepare
from segcore.wording.findings import refusal
from segcore.wording.maps import METHODS, Method
from segcore.wording.numbers import counted

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

    from segcore.export.database_table import How
    from segcore.export.sql import SqlOf
    from segcore.jobs import Job
    from segcore.library.comparison import Comparison
    from segcore.library.customer_map import Map
    from segcore.library.drivers import Drivers
    from segcore.library.explanation import Profile
    from segcore.library.over_time import OverTime
    from segcore.segments.rules.rule import SegmentRules
    from segcore.segments.rules.tree import ExplainingTree
    from segcore.segments.validation import Validation
    from segcore.wording.results import Dialect


class Point:
    """One solution of a sweep: `segcore.library.sweep.Sweep.point` and ``best`` return it.

    Examples
    --------
    >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).point(n_clusters=3)
    >>> point
    Point(n_clusters=3,tol=0.0001,n_init=10: 3 segments of 30 customers)
    """

    def __init__(self, store: Store, sweep: SweepRecord, position: int, rows: Callable[[], FeatureTable]) -> None:
        self.store = store
        self.position = position
        self._sweep = sweep
        self._rows = rows

    @property
    def params(self) -> dict[str, Value]:
        """The parameters of the algorithm."""
        return dict(self._sweep.spec.points[self.position])

    @property
    def n_segments(self) -> int:
        """Number of segments, noise not counted; 0 if the solution failed."""
        found = self._sweep.solutions[self.position]
        return 0 if found is None else found.n_segments

    @property
    def solution(self) -> Solution:
        """The stored solution: status, quality, labels and arrays."""
        return self.store.solution(self._sweep.id, self.position)

    @property
    def labels(self) -> pd.Series:
        """Segment of each clustered customer, indexed by customer; -1 is noise.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best
        >>> point.labels.value_counts().tolist()
        [10, 10, 10]
        """
        import pandas as pd

        labels, rows = self._labelled().labels, self._rows()
        originals = rows.copies == 0
        index = pd.Index(rows.customers[originals], name="customer_id")
        return pd.Series(np.array(labels)[originals], index=index, name="segment")

    def segments(self) -> pd.DataFrame:
        """Return the segments, the largest first and noise last: size, share of customers and revenue, and what sets each apart.

        The revenue of a customer table's segments is the sum of its value column, if one was named: ``roles={"value": "balance"}``.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best
        >>> point.segments()[["segment", "name", "customers"]].values.tolist()
        [[0, 'Large order lines', 10], [1, 'Few order lines, not seen for long', 10], [2, 'Many order lines, small order lines', 10]]
        """
        import pandas as pd

        found = self._profile()
        rows = [
            {
                "segment": summary.label,
                "name": summary.title,
                "customers": summary.customers,
                "share": summary.customer_share,
                **({} if found.revenue is None else {"revenue": summary.revenue, "revenue_share": summary.revenue_share}),
                "sets_apart": summary.apart,
            }
            for summary in found.everyone()
        ]
        return pd.DataFrame(rows)

    def features(self, *, every: bool = False) -> pd.DataFrame:
        """Return the mean of each feature in each segment, and among all customers; instead of vectors, of the other features.

        Parameters
        ----------
        every : bool
            Whether to add the features of the data that were not clustered on.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best
        >>> point.features().index.tolist()
        ['Large order lines', 'Few order lines, not seen for long', 'Many order lines, small order lines', 'All customers']
        """
        import pandas as pd

        everyone = self._profile(every=every).everyone()
        rows = [{feature.name: feature.mean for feature in summary.features} for summary in everyone]
        rows += [{feature.name: feature.population_mean for feature in everyone[0].features}]
        return pd.DataFrame(rows, index=pd.Index([*(summary.title for summary in everyone), "All customers"], name="name"))

    def profile(self) -> Profile:
        """Return who is in each segment: features, categories with their index, and key figures.

        Raises
        ------
        StoreError
            If the solution has no segments.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best
        >>> len(point.profile().to_json()["segments"])
        3
        """
        from segcore.library.explanation import Profile

        return Profile(self.store, self._sweep.id, self.position)

    def names(self) -> dict[int, str]:
        """Return the name of each segment: the analyst's, else one from what sets the segment apart.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best
        >>> point.names()
        {0: 'Large order lines', 1: 'Few order lines, not seen for long', 2: 'Many order lines, small order lines'}
        """
        return dict(known_names(self.store, self._sweep, self.position, rows=self._rows).names)

    def items(self, what: str = "item", *, top: int = 10) -> pd.DataFrame:
        """Return the most telling items of each segment: the items, or categories, with the highest mean TF-IDF.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best
        >>> point.items(top=1)[["segment", "item"]].values.tolist()
        [[0, 'itema'], [1, 'itema'], [2, 'itema']]
        """
        import pandas as pd

        from segcore.segments.explanation import items_of_segments

        found = items_of_segments(self.store, self._sweep.id, self.position, what, most=top)
        return pd.DataFrame([{"segment": segment["label"], **one} for segment in found for one in segment["top"]])

    def rules(self, *, seed: int = 0) -> tuple[SegmentRules, ...]:
        """Return the shortest rule for each segment, in features clustered on and profile columns: see `segcore.find_rules`.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best
        >>> [found.chosen.text() for found in point.rules()]
        ['Amount > 100', 'NumberOfOrders <= 2', 'Amount <= 10']
        """
        from segcore.segments.rules.definition import rules_of

        return rules_of(self._readable(), self._labelled(), seed=seed)

    def tree(self, *, seed: int = 0) -> ExplainingTree:
        """Return one small tree for all segments, in the features clustered on: see `segcore.explain_tree`.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best
        >>> print(point.tree().text())
        Amount <= 100:
          NumberOfOrders <= 10:
            Segment 1
          else:
            Segment 2
        else:
          Segment 0
        """
        from segcore.segments.rules.definition import tree_of

        return tree_of(self._readable(), self._labelled(), self._sweep.preparation, clustered=self._rows(), seed=seed)

    def sql(
        self,
        *,
        what: SqlOf | Literal["scoring"] = "rules",
        segment: int | None = None,
        dialect: Dialect = "duckdb",
        table: str = "customers",
    ) -> str:
        """Return SQL that finds the customers of a segment, or of each, in a table that segcore wrote.

        Parameters
        ----------
        what : {"rules", "tree", "scoring"}
            The rule selects a segment's customers; the tree assigns every customer to a segment; scoring does so too, with the labels of
            `score`, and reads what ``features --features all`` or `segcore.library.sweep.Sweep.features` writes.
        segment : int or None
            Of the rule; ``None`` selects the customers of every rule, with the segment.
        dialect : {"duckdb", "postgresql", "spark", "bigquery", "snowflake"}
        table : str
            Name of the table, with the columns that ``export`` writes; or of a file that DuckDB reads, ``segments.parquet``.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best
        >>> print(point.sql(segment=0))
        -- Segment 0 (Large order lines): Amount > 100
        SELECT
          "customer_id"
        FROM "customers"
        WHERE
          "Amount" > 100
        >>> print(point.sql(what="scoring").splitlines()[-1])
        FROM compared

        Raises
        ------
        ParameterError
            If the algorithm has no SQL that scores, as `segcore.export.scoring_sql.scoring_sql` says, or a segment is given for it.
        """
        from segcore.export.scoring_sql import scoring_sql
        from segcore.export.sql import point_sql
        from segcore.segments.rules.definition import Definition

        if what == "scoring":
            if segment is not None:
                raise refusal("sql.every_segment", kind=ParameterError)
            return scoring_sql(self.store, self._sweep.id, self.position, dialect=dialect, table=table)

        found = Definition(self._readable(), self._labelled(), self._sweep.preparation, self.names(), clustered=self._rows())
        return point_sql(found, what, segment=segment, dialect=dialect, table=table)

    def validate(self, *, seed: int = 0) -> Validation:
        """Predict each customer's segment with a naive Bayes trained on the other customers, and count who is predicted as what.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best
        >>> point.validate().matrix.sum()
        np.int64(30)
        """
        from segcore.segments.validation import validate

        return validate(self.store, self._sweep.id, self.position, seed=seed)

    def drivers(self) -> Drivers:
        """Return which features predict who is in each segment, by SHAP values of one classifier per segment against the rest.

        Computed in a separate process; the same question is answered from the store. At most 10,000 customers are used.

        Raises
        ------
        ParameterError
            If all customers are in one segment, or all are noise.
        JobError
            If it failed, or was cancelled elsewhere.

        Examples
        --------
        >>> drivers = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best.drivers()
        >>> sorted(drivers.importance["feature"].unique())
        ['Amount', 'NumberOfOrders', 'Recency']
        """
        from segcore.jobs.tasks.finding_drivers import drivers_by_job
        from segcore.library.drivers import Drivers

        return Drivers(drivers_by_job(self.store, self._sweep.id, self.position), self.names())

    def map(self, method: Method = "pca", *, progress: bool | Callable[[Job], None] = False) -> Map:
        """Return a map of the customers.

        Parameters
        ----------
        method : {"pca", "tsne", "umap"}
            "pca" is the plane of the first two principal components, with the mean and ellipse of each segment. "tsne" and "umap" keep
            similar customers together, and only closeness means something; a job makes such a map once for all solutions.
        progress : bool or callable (Job)
            As in `segcore.library.plan.Plan.sweep`, of the job.

        Raises
        ------
        ParameterError
            If the method is unknown.
        SegcoreError
            If fewer than four customers differ, or the job was stopped.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best
        >>> found = point.map()
        >>> found.table.columns.tolist(), len(found.table)
        (['customer_id', 'x', 'y', 'segment'], 30)
        >>> len(point.map("tsne").table)
        30
        """
        from segcore.jobs.tasks.making_maps import map_by_job, map_job_of
        from segcore.library.customer_map import Map
        from segcore.library.sweep import follow_job
        from segcore.segments.maps.customer_map import map_of

        if method not in METHODS:
            raise ParameterError.unknown("method", method, METHODS)
        sweep = self.store.sweep(self._sweep.id)
        if method != "pca":
            job_id = map_job_of(sweep, method)
            map_by_job(self.store, sweep, method, lambda begin: follow_job(self.store, job_id, begin, progress))
        found = map_of(self.store, sweep.id, self.position, method=method, rows=self._rows)
        return Map(found, self.names(), lambda: self.store.feature_table(sweep.spec.table, profile=False), sweep.spec.plan)

    def plot(self) -> Figure:
        """Draw each segment's share of customers and, where there is one, of revenue or the value column, as on the Segments screen.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best
        >>> [bars.name for bars in point.plot().data]
        ['share of revenue', 'share of customers']
        """
        found = self._profile()
        return draw_shares(shares_data(found), worth=found.worth)

    def name(self, segment: int, text: str) -> None:
        """Give a segment a name, which the screens and exports use too; an empty one removes it.

        Raises
        ------
        ParameterError
            If the segment is unknown.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best
        >>> point.name(0, "Regulars")
        >>> point.segments()["name"].tolist()
        ['Regulars', 'Few order lines, not seen for long', 'Many order lines, small order lines']
        >>> point.name(0, "")
        """
        known = self.solution.segments
        if segment not in known:
            raise ParameterError.unknown("segment", segment, map(str, known))
        self.store.name_segment(self._sweep.id, point_key(self.params), int(segment), str(text))

    def compare(self, other: Point) -> Comparison:
        """Compare the segments with those of another solution of the same customers, also of another sweep.

        Parameters
        ----------
        other : Point

        Raises
        ------
        DataError
            If they have no customer in common.

        Examples
        --------
        >>> sweep = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4))
        >>> sweep.point(n_clusters=2).compare(sweep.point(n_clusters=3)).agreement < 1
        True
        """
        from segcore.library.comparison import Comparison

        return Comparison(self.store, (self._sweep.id, self.position), (other._sweep.id, other.position))

    def over_time(self, data: Any, *, as_of: str | None = None, progress: bool | Callable[[Job], None] = False, **options: Any) -> OverTime:
        """Follow the segments into later data, and say whether to segment again.

        Computed by a job in a separate process; what was asked before is answered from the store.

        Parameters
        ----------
        data : str, path, or frame
            The same customers later, as in `segcore.load`. It is read like the sweep's data where its columns are the same.
        as_of : str or None
            Day up to which recency and similar features count; ``None`` is the last one in the data.
        progress : bool or callable (Job)
            As in `segcore.library.plan.Plan.sweep`.
        **options
            As in `score`.

        Raises
        ------
        SegcoreError
            If the data cannot be read, are of another kind, lack a feature, share no customer with the sweep's, or end before them.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best
        >>> point.over_time(orders).segment_again
        False
        """
        from segcore.jobs.tasks.following_over_time import over_time_by_job
        from segcore.library.over_time import OverTime
        from segcore.library.sweep import follow_job
        from segcore.segments.over_time.changes import over_time_key

        with requested_like(data, options, self.store) as request:
            key = over_time_key(self.store, self._sweep.id, self.position, request, as_of)
            found = over_time_by_job(
                self.store,
                self._sweep.id,
                self.position,
                request,
                as_of=as_of,
                follow=lambda begin: follow_job(self.store, key, begin, progress),
            )
        return OverTime(found, self.names(), self._of_later)

    def _of_later(self, sweep_id: str, position: int) -> Point:
        """Return a solution of a stored sweep, which is listed from now on."""
        self.store.restore_sweep(sweep_id)
        return Point(self.store, self.store.sweep(sweep_id), position, lambda: prepare(self.store, self.store.spec(sweep_id)).table)

    def export(
        self,
        out: str | os.PathLike[str],
        *,
        into: str | None = None,
        how: How | None = None,
        **choice: Unpack[RowChoice],
    ) -> dict[str, Any]:
        """Write the customers of some segments to a file, and where they come from to ``FILE.json``; or into a table of a database.

        Parameters
        ----------
        out : path or str
            A file that ends in ``.csv`` or ``.parquet``; or a database, ``postgresql://user@host/name``, ``duckdb:///file`` or
            ``sqlite:///file``, whose password is in PGPASSWORD, ``.pgpass`` or Streamlit's secrets.
        into : str or None
            Table of the database, ``name`` or ``schema.name``, which is created if it is missing.
        how : {"replace", "merge"} or None
            Whether the table then has exactly these rows (``None`` too), or those of other customers are kept.
        segments : sequence of int or None
            -1 is noise; ``None`` means all.
        customers : collection of str or None
            Ids, such as those of `segcore.library.customer_map.Map.inside`; ``None`` means all customers of these segments.
        copies : bool
            Whether jittered copies are rows too.
        profile : bool
            Whether to write the profile columns, which were not clustered on.
        include_set_aside : bool
            Whether to add the customers that the outlier rule set aside, in the segment that scoring assigns.
        filled : bool
            Whether to replace blanks with the values that they counted as, such as the median.
        own_id : bool
            Whether the id column is named as in the data, not ``customer_id``.
        clustered_values : bool
            Whether to write each feature as it was clustered too: transformed, scaled and weighted.
        probabilities : bool
            Whether to write the probability of each segment, which Gaussian mixtures have.

        Returns
        -------
        dict
            Content of ``FILE.json``; of a table, with the rows that were added, changed, removed, kept and unchanged in ``"table"``.

        Raises
        ------
        ParameterError
            If a segment is unknown, the algorithm has no probabilities, the file cannot be written, or the table does not fit.
        SourceError
            If the database cannot be written; then it is as it was.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best
        >>> point.export(folder / "segments.csv", segments=[0, 2])["rows"]
        20
        >>> found = point.export(f"sqlite:///{folder / 'shop.db'}", into="segments", how="merge")["table"]
        >>> found["added"], found["changed"], found["unchanged"]
        (30, 0, 0)
        """
        return write_export(self.store, self._sweep.id, self.position, output_of(os.fspath(out), into, how), **choice)

    def model(self, path: str | os.PathLike[str]) -> None:
        """Write the model as a ``.zip`` of plain files, with which customers can be scored without segcore.

        Raises
        ------
        ParameterError
            If the name does not end in ``.zip``, or the file cannot be written.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best
        >>> point.model(folder / "model.zip")
        """
        if Path(path).suffix.lower() != ".zip":
            raise ParameterError(f"The model must be a file named .zip, got {os.fspath(path)!r}.")
        write_model(self.store, self._sweep.id, self.position, Path(path))

    def score(
        self,
        data: Any,
        *,
        as_of: str | None = None,
        out: str | os.PathLike[str] | None = None,
        into: str | None = None,
        how: How | None = None,
        **options: Any,
    ) -> pd.DataFrame:
        """Assign the customers of new data to the segments, with the preparation and the model of the sweep.

        Findings about the new data are in ``frame.attrs["findings"]``; warnings among them are also issued as Python warnings.

        Parameters
        ----------
        data : str, path, or frame
            As in `segcore.load`. It is read like the sweep's data where its columns are the same.
        as_of : str or None
            Day up to which recency and similar features count; ``None`` is the sweep's.
        out : path, str or None
            File to write too, ``.csv`` or ``.parquet``, or a database.
        into, how
            As in `export`.
        **options
            ``kind``, ``roles``, ``where``, ``date_from``, ``date_to`` and the options of `segcore.load` for reading.

        Returns
        -------
        DataFrame
            ``customer_id``, ``segment`` (-1 is noise), ``segment_name``, and ``set_aside``: whether the outlier rule would have set the
            customer aside.

        Raises
        ------
        SegcoreError
            If the data cannot be read, is of another kind, lacks a feature, or continues after the date.

        Examples
        --------
        >>> point = segcore.load(orders).plan("small").sweep(n_clusters=range(2, 4)).best
        >>> scored = point.score(orders)
        >>> scored.columns.tolist(), len(scored)
        (['customer_id', 'segment', 'segment_name', 'set_aside'], 30)
        """
        import pandas as pd

        output = None if out is into is how is None else output_of(os.fspath(out or ""), into, how)
        with requested_like(data, options, self.store) as request, read_like_trained(self.store, self._sweep.spec.data, request) as dataset:
            scored = score(self.store, self._sweep.id, self.position, dataset, as_of=as_of)
        if output is not None:
            which = {"customers": scored.customers, "labels": scored.labels, "set_aside": scored.set_aside}
            write_scores(self.store, self._sweep.id, self.position, output, **which)
        titles = segment_titles(self.store, self._sweep.id, self.position, np.unique(scored.labels).tolist())
        frame = pd.DataFrame(
            {
                "customer_id": scored.customers,
                "segment": scored.labels,
                "segment_name": [titles[label] for label in scored.labels.tolist()],
                "set_aside": scored.set_aside,
            }
        )
        findings = Findings.of((*dataset.notes, *scored.notes))
        for found in findings:
            if found.severity == "warning":
                warnings.warn(found.sentence, stacklevel=2)
        frame.attrs["findings"] = findings
        return frame

    def _profile(self, *, every: bool = False) -> SegmentProfile:
        solution, spec = self._labelled(), self._sweep.spec
        names, apart = self.names(), apart_by_likes(self.store, spec, solution)
        if not every:
            return segment_profile(self._readable(), solution, names, apart=apart)
        return profile_of_every_feature(self.store.feature_table(spec.table), spec.plan, solution, names, apart=apart)

    def _readable(self) -> FeatureTable:
        spec = self._sweep.spec
        return readable_rows(self._rows(), lambda: self.store.feature_table(spec.table), spec.plan)

    def _labelled(self) -> Solution:
        return self.store.labelled_solution(self._sweep.id, self.position)

    def __repr__(self) -> str:
        """Return one line: parameters and number of segments."""
        return f"Point({point_key(self.params)}: {self._size()})"

    def _size(self) -> str:
        found = self._sweep.solutions[self.position]
        if found is None or found.status != "ok":
            return "not finished" if found is None else found.status
        repeats = self._sweep.spec.plan.repeats
        customers = (sum(found.sizes) + found.n_noise) // repeats
        return f"{counted(found.n_segments, 'segment')} of {counted(customers, 'customer')}"

    def _repr_html_(self) -> str:
        found = self._sweep.solutions[self.position]
        table = frame_html(self.segments()) if found is not None and found.status == "ok" else ""
        return paragraph(self._size(), title=point_key(self.params)) + table
