"""Plan as an analyst's script holds it: chosen features, and the sweeps that can be run on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from segcore import jobs
from segcore.clustering.algorithms.registry import algorithm as algorithm_named
from segcore.errors import JobError, ParameterError
from segcore.features.assemble import assemble, kept_customers
from segcore.features.distances import catch_up
from segcore.features.ideas import Idea
from segcore.features.output import ID_COLUMN, rows_for_file
from segcore.features.planning.defaults import setting_named
from segcore.features.planning.priorities import named_transforms, priority_weights
from segcore.features.preparation import ideas_of, resolve_plan
from segcore.features.taste.overview import component_rows
from segcore.features.vectors.neighbours import Neighbours, stored_neighbours
from segcore.jobs.tasks.making_vectors import check_by_job
from segcore.library.display import listed_html, paragraph
from segcore.library.sweep import Sweep, follow_job
from segcore.records.evidence import LEVELS, Level
from segcore.records.feature_table import FeatureTable
from segcore.records.grid import Value
from segcore.records.intake import Intake
from segcore.records.plan import Plan as PlanRecord
from segcore.records.preparation import Transform
from segcore.records.sweep import SweepSpec
from segcore.records.vectors_check import VectorsCheck
from segcore.store.store import Store
from segcore.sweeps.cost.room import require_room
from segcore.sweeps.first_radii import first_grid
from segcore.sweeps.spec import make_spec
from segcore.sweeps.workers import WORKERS
from segcore.system.machine import parse_bytes
from segcore.system.spare import end_early, start_early
from segcore.wording.numbers import counted
from segcore.wording.quotes import visible

if TYPE_CHECKING:
    import pandas as pd


def build_plan(
    table: FeatureTable,
    intake: Intake,
    features: str | Sequence[str] | None,
    *,
    transforms: Mapping[Transform, Sequence[str]] | None,
    weights: Mapping[str, str | float],
    setting: str,
    fields: Mapping[str, Any],
) -> PlanRecord:
    """Return a setting as a plan, with the analyst's own choices.

    Parameters
    ----------
    table : FeatureTable
        Every feature of every customer.
    intake : Intake
    features, weights, setting
        See `segcore.library.data.Data.plan`.
    transforms : mapping of transform to features, or None
        ``None`` is the setting's.
    fields : mapping
        Other fields of the plan.

    Raises
    ------
    ParameterError, DataError
        If a feature or a rule does not exist for this data, or a value is outside its domain.
    """
    known = replace(table, uses=intake.uses)  # which give the reason why a column is not a feature
    own = None if transforms is None else named_transforms(known, transforms)
    plan = resolve_plan(table, setting_named(setting).plan(known, intake.kind, features, transforms=own, **fields))
    if not weights:
        return plan
    ahead = catch_up(assemble(table, replace(plan, repeats=1)).table, plan)
    return resolve_plan(table, replace(plan, weights=priority_weights(known, weights, catch_up=ahead)))


class Plan:
    """Features to cluster on, and how they are prepared: made by `segcore.library.data.Data.plan`.

    Examples
    --------
    >>> plan = segcore.load(orders).plan("small", weights={"Recency": 2})
    >>> plan.features, plan.n_customers
    (('Amount', 'NumberOfOrders', 'Recency'), 30)
    >>> plan.record.weights
    {'Recency': 2.0}
    """

    def __init__(self, store: Store, intake: Intake, record: PlanRecord) -> None:
        self.store = store
        self.intake = intake
        self.record = record
        table = store.feature_table(intake.table)
        self._n_customers = int(kept_customers(table, record).sum())

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features to cluster on."""
        return self.record.features

    @cached_property
    def ideas(self) -> tuple[Idea, ...]:
        """Features that say the same; with ``ideas="once"`` each of these ideas counts once."""
        rows = assemble(self.store.feature_table(self.intake.table), replace(self.record, repeats=1)).table
        return ideas_of(rows, self.record)

    @property
    def components(self) -> pd.DataFrame:
        """The components of what customers bought or rated, one row each; empty without components.

        Returns
        -------
        DataFrame
            Indexed by feature: ``explained`` (share of the variance), ``cumulative``, ``by_chance`` (with ``components=auto``),
            ``agreement`` (of NMF, with fits from other starts), and the titles of the strongest items, ``high`` and ``low``.

        Examples
        --------
        >>> segcore.load(orders).plan("components=1", matrix="zero").components["explained"].round(2).tolist()
        [1.0]
        """
        import pandas as pd

        rows = [
            (row.name, row.ratio, row.cumulative, row.chance, row.agreement, "; ".join(row.high), "; ".join(row.low))
            for row in component_rows(self.store, self.intake.table)
        ]
        names = ["feature", "explained", "cumulative", "by_chance", "agreement", "high", "low"]
        return pd.DataFrame(rows, columns=names).set_index("feature")

    def neighbours(self, *, item: str | None = None, customer: str | None = None, top: int = 10) -> Neighbours:
        """Return the nearest products and customers of a product or of a customer, by the cosine of their vectors.

        Parameters
        ----------
        item : str or None
            Id of a product, or a title that only one product has.
        customer : str or None
            Id of a customer. Give either ``item`` or ``customer``.
        top : int
            Neighbours of each kind, at least 1.

        Returns
        -------
        Neighbours
            ``items`` and ``customers``, each with ``id``, ``title`` and ``cosine``.

        Raises
        ------
        ParameterError
            If the plan has no vectors, or there is no such product or customer; with similar ones.

        Examples
        --------
        >>> plan = segcore.load(orders).plan("cust2vec=2", cust2vec={"epochs": 1})
        >>> [found.id for found in plan.neighbours(item="itema").items]
        ['itemb']
        """
        return stored_neighbours(self.store, self.intake.table, item=item, customer=customer, top=top)

    def check_vectors(self) -> VectorsCheck:
        """Return how well the plan's vectors predict the next basket and attributes of customers, next to plain rivals.

        It trains a second model, which takes about as long as making the vectors did; the same question is answered from the store.

        Returns
        -------
        VectorsCheck
            ``verdict``: "vectors", "shares" (the plain rival is better), "alike" or "unknown"; ``next_basket`` and ``attributes``, whose
            numbers have ``value``, ``low``, ``high`` and ``sample_size``.

        Raises
        ------
        ParameterError
            If the plan has no vectors.
        JobError
            If it failed, or was cancelled elsewhere.

        Examples
        --------
        >>> found = segcore.load(orders).plan("cust2vec=2", cust2vec={"epochs": 1}).check_vectors()
        >>> found.next_basket.popular.value  # there are two products
        1.0
        """
        return check_by_job(self.store, self.intake)

    def table(self) -> pd.DataFrame:
        """Return the rows to cluster, before transforms and scaling, as command ``features`` writes them.

        Returns
        -------
        DataFrame
            One row per customer, one column per feature, indexed by customer_id; with copies, one row per copy, indexed by both.

        Examples
        --------
        >>> segcore.load(orders).plan("small").table().shape
        (30, 3)
        """
        rows = rows_for_file(assemble(self.store.feature_table(self.intake.table), self.record).table).to_pandas()
        return rows.set_index([name for name in (ID_COLUMN, "copy") if name in rows.columns])

    @property
    def n_customers(self) -> int:
        """Number of customers to cluster, without those that the outlier rule sets aside."""
        return self._n_customers

    def sweep(
        self,
        algorithm: str = "kmeans",
        *,
        engine: str | None = None,
        memory: int | str | None = None,
        workers: str = "local",
        evidence: Level = "auto",
        progress: bool | Callable[[jobs.Job], None] = False,
        **grid: Any,
    ) -> Sweep:
        """Cluster with every setting of a grid, measure each solution, and return once all are done.

        The sweep is a job in the store, as from the Sweep screen: the same question is answered from the store, and the app shows it.
        Ctrl-C cancels it; the same call continues it.

        Parameters
        ----------
        algorithm : str
            "kmeans", "minibatch_kmeans", "gaussian_mixture", "ward", "hdbscan" or "dbscan".
        engine : {"stock", "intel", "shared"} or None
            ``None`` is the algorithm's default. The labels of shared are those of stock; Intel draws other starts.
        memory : int, str or None
            Most bytes it may use, such as ``"2G"``; ``None`` is the free memory.
        workers : {"local", "ray"}
            Where the fits run.
        evidence : {"none", "auto", "all"}
            Whether to compare the solutions with data without segments and with resamples of the customers: what takes less than half a
            minute, or everything. Without it no solution is recommended.
        progress : bool or callable (Job) -> None
            Whether to show a line with the progress, or a function that is called with it.
        **grid
            Values of the algorithm's parameters: a number, a word, or several in a list, range or array. Other parameters have the values
            that the app's form begins with.

        Raises
        ------
        ParameterError
            If a name or a value is outside its domain.
        MemoryLimitError
            If it needs more memory than it may use.
        DataError
            If there are too few customers, or nothing separates them.
        JobError
            If it failed, or was cancelled elsewhere.

        Examples
        --------
        >>> plan = segcore.load(orders).plan("small")
        >>> plan.sweep("kmeans", n_clusters=range(2, 4))
        Sweep('kmeans': 2 solutions on orders.csv; recommended n_clusters=3,tol=0.0001,n_init=10)
        """
        if workers not in WORKERS:
            raise ParameterError.unknown("workers", workers, WORKERS)
        if evidence not in LEVELS:
            raise ParameterError.unknown("evidence", evidence, LEVELS)
        limit = parse_bytes(memory) if isinstance(memory, str) else memory
        start_early(self.store.home, algorithm=algorithm, engine=engine or algorithm_named(algorithm).default_engine)
        try:
            spec = self.spec(algorithm, engine=engine, **grid)
            if not self.store.is_complete(spec.id):
                require_room(self.store, spec, limit)
            job = follow_job(
                self.store,
                spec.id,
                lambda: jobs.start_sweep(self.store, spec, memory=limit, workers=workers, evidence=evidence),
                progress,
            )
        finally:
            end_early(self.store.home)
        if job.state == "failed":
            raise JobError(job.message or "The sweep failed.")
        if job.state != "done":
            raise JobError(job.message or f"The sweep was {job.state}: {job.steps} are saved. The same call continues it.")
        return Sweep(self.store, spec.id)

    def spec(self, algorithm: str = "kmeans", *, engine: str | None = None, **grid: Any) -> SweepSpec:
        """Return the specification of a sweep without running it; its ``id`` is the sweep's.

        Parameters
        ----------
        algorithm, engine, **grid
            See `sweep`.

        Examples
        --------
        >>> spec = segcore.load(orders).plan("small").spec(n_clusters=5)
        >>> spec.points
        ({'n_clusters': 5, 'tol': 0.0001, 'n_init': 10},)
        """
        asked = algorithm_named(algorithm)
        axes = {name: _values(name, value) for name, value in grid.items()}
        points = first_grid(asked, axes, self.store.feature_table(self.intake.table), self.record).points()
        return make_spec(self.store, self.intake.table, self.intake.data, self.record, algorithm=algorithm, points=points, engine=engine)

    def _lines(self) -> list[str]:
        def text(name: str) -> str:
            transform, weight = self.record.transforms.get(name), self.record.weights.get(name)
            return f"{transform + ' ' if transform else ''}{name}{f' × {weight:.3g}' if weight else ''}"

        return [text(name) for name in self.features]

    def __repr__(self) -> str:
        """Return one line: features, customers and preparation."""
        return visible(f"Plan({self._size()}: {', '.join(self._lines())}; {self._preparation()})")

    def _size(self) -> str:
        return f"{counted(len(self.features), 'feature')} of {counted(self.n_customers, 'customer')}"

    def _preparation(self) -> str:
        rule = "; outlier rule of the kit" if self.record.outliers == "kit" else ""
        rule += f"; {counted(len(self.ideas), 'idea')} counted once" if self.record.ideas == "once" and self.ideas else ""
        copies = f"; {self.record.repeats} copies" if self.record.repeats > 1 else ""
        return f"scaler {self.record.scaler}{rule}{copies}"

    def _repr_html_(self) -> str:
        return paragraph(f"{self._size()}; {self._preparation()}", title=str(self.intake.data["name"])) + listed_html(self._lines())


def _values(name: str, given: Any) -> tuple[Value, ...]:
    """Return the values of an axis: one or several, also from arrays."""
    plain = given.tolist() if hasattr(given, "tolist") else given
    try:
        values = (plain,) if isinstance(plain, str | int | float) else tuple(plain)
    except TypeError:
        values = (None,)
    values = tuple(value.item() if hasattr(value, "item") else value for value in values)
    if not all(isinstance(value, str | int | float) for value in values):
        raise ParameterError(f"{name} must be a number, a word, or a list of them, got {given!r}.")
    return values
