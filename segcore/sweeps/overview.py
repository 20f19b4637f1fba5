"""Every sweep in a line: its name, and its best solution with the evidence on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from segcore.clustering.algorithms.registry import algorithm
from segcore.clustering.point_labels import axis_label
from segcore.errors import StoreError
from segcore.features.planning.sets import DESCRIPTIONS, FEATURE_SETS
from segcore.features.taste.entries import component_names
from segcore.features.taste.fitted import KEY
from segcore.features.vectors.stored_model import vector_names
from segcore.records.grid import axes_of
from segcore.records.intake import Intake
from segcore.records.plan import Plan
from segcore.records.sweep import Sweep, SweepSpec
from segcore.records.taste import AUTO, Taste
from segcore.records.vectors import Vectors
from segcore.store.store import Store
from segcore.sweeps.points import best_position, point_rows
from segcore.wording.numbers import counted

_FEW = 2


@dataclass(frozen=True, slots=True)
class SweepLine:
    """One sweep of a list.

    Parameters
    ----------
    id, name : str
        The name is the analyst's, else see `name_of`.
    data : str
        Name of its data.
    solutions, finished : int
        Points of its grid, and those with a solution.
    outcome : {"groups", "cuts", "nothing"} or None
        See `Recommendation`.
    best : str or None
        Label of its recommended solution, else of that with the highest silhouette; ``None`` while none is finished.
    is_recommended : bool
        Whether the evidence recommends it.
    segments : int or None
    silhouette, z, stability : float or None
        Of the best solution: see `PointEvidence`; ``stability`` is that of the least stable segment.
    """

    id: str
    name: str
    data: str
    solutions: int
    finished: int
    outcome: str | None = None
    best: str | None = None
    is_recommended: bool = False
    segments: int | None = None
    silhouette: float | None = None
    z: float | None = None
    stability: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def sweep_lines(store: Store, intake: Intake | None = None) -> tuple[SweepLine, ...]:
    """Return every sweep that was not removed and is not damaged, or those of some data, the newest first."""
    ids = store.sweep_ids() if intake is None else sweeps_of(store, intake.table, intake.data)
    return listed_sweeps(store, ids)[0]


def listed_sweeps(
    store: Store, ids: Iterable[str], read: Callable[[str], Sweep] | None = None
) -> tuple[tuple[SweepLine, ...], tuple[StoreError, ...]]:
    """Return sweeps, each in a line, and for each that is damaged the error instead.

    Parameters
    ----------
    store : Store
    ids : iterable of str
    read : callable or None
        Returns the sweep of an id; ``None`` reads it from the store.
    """
    lines, problems = [], []
    for found in ids:
        try:
            lines.append(sweep_line((read or store.sweep)(found), sweep_name(store, found)))
        except StoreError as error:
            problems.append(error)
    return tuple(lines), tuple(problems)


def sweeps_of(store: Store, table: str, data: Mapping[str, Any]) -> list[str]:
    """Return the ids of the sweeps of some data, the newest first: of one table, and of those with other features of taste.

    Parameters
    ----------
    store : Store
    table, data
        See `Intake`, or `SweepSpec`.
    """
    rows = _rows(data)
    specs = store.specs(store.sweep_ids())
    return [found for found, spec in specs.items() if spec.table == table or ({KEY} & {*spec.data, *data} and _rows(spec.data) == rows)]


def _rows(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != KEY}


def sweep_line(sweep: Sweep, name: str) -> SweepLine:
    """Return one sweep in a line."""
    rows = point_rows(sweep)
    head = (sweep.id, name, str(sweep.spec.data.get("name", "data")), len(rows))
    finished = sum(solution is not None for solution in sweep.solutions)
    found, evidence = sweep.recommendation, sweep.evidence
    outcome = found.outcome if found is not None else None
    if not finished:
        return SweepLine(*head, finished, outcome)
    position = best_position(sweep)
    row = rows[position]
    known = evidence.points[position] if evidence is not None and evidence.points else None
    return SweepLine(
        *head,
        finished,
        outcome,
        best=row.label,
        is_recommended=found is not None and found.params is not None,
        segments=row.n_segments if row.state == "ok" else None,
        silhouette=row.silhouette.value,
        z=known.z if known is not None else None,
        stability=known.least_stability if known is not None else None,
    )


_SCALERS = {"minmax": "min-max", "robust": "robust scaling", "none": "no scaling"}


def sweep_name(store: Store, sweep_id: str) -> str:
    """Return the name of a sweep: see `Store.name_sweep`; without one, see `name_of`."""
    return store.sweep_name(sweep_id) or name_of(store.spec(sweep_id))


def name_of(spec: SweepSpec) -> str:
    """Return a name made of algorithm, grid, features and what is done to them: ``k-means, 2 to 12 segments · Value, log``."""
    axes = axes_of(spec.points)
    varied = [name for name, values in axes.items() if len(values) > 1] or list(axes)[:1]
    labels = [axis_label(spec.algorithm, name, axes[name]) for name in varied]
    what = ", ".join([algorithm(spec.algorithm).title, *labels])
    return f"{what} · {', '.join([features_name(spec), *_done(spec.plan)])}{'' if spec.engine == 'shared' else f' · {spec.engine}'}"


def features_name(spec: SweepSpec) -> str:
    """Return what a sweep clusters on: the title of a set, components, items, or few names."""
    chosen = set(spec.plan.features)
    if KEY in spec.data:
        taste = Taste.from_json(spec.data[KEY])
        if taste.components == "raw" and all(name.startswith(f"{taste.of}=") for name in chosen):
            return f"{counted(len(chosen), 'item')} as features"
        if taste.n != AUTO and chosen == set(component_names(taste.n)):
            return f"{counted(len(chosen), 'component')}, {taste.components.upper()}, {taste.matrix}"
    if "vectors" in spec.data:
        vectors = Vectors.from_json(spec.data["vectors"])
        if chosen == set(vector_names(vectors.dimensions)):
            return f"vectors, {counted(len(chosen), 'dimension')}, {vectors.method.upper()}"
    for name, features in FEATURE_SETS.items():
        if chosen == set(features):
            return DESCRIPTIONS[name][0]
    return ", ".join(spec.plan.features) if len(chosen) <= _FEW else counted(len(chosen), "feature")


def _done(plan: Plan) -> list[str]:
    """Return what is done to the features that most sweeps do not do."""
    kinds = dict.fromkeys(plan.transforms.values())
    return [
        *kinds,
        *(["weighted"] if plan.weights else []),
        *([_SCALERS[plan.scaler]] if plan.scaler in _SCALERS else []),
        *(["outliers set aside"] if plan.outliers == "kit" else []),
        *([f"{plan.repeats} copies"] if plan.repeats > 1 else []),
        *([f"seed {plan.seed}"] if plan.seed else []),
    ]
