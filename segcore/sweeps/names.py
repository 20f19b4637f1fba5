"""Names of sweeps: the analyst's own, else one made of what distinguishes them."""

from __future__ import annotations

from segcore.clustering.algorithms.registry import algorithm
from segcore.clustering.point_labels import axis_label
from segcore.features.planning.sets import DESCRIPTIONS, FEATURE_SETS
from segcore.records.grid import axes_of
from segcore.records.plan import Plan
from segcore.records.sweep import SweepSpec
from segcore.store.store import Store
from segcore.wording.numbers import counted

_FEW = 2
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
    return f"{what} · {', '.join([_features(spec), *_done(spec.plan)])}{'' if spec.engine == 'shared' else f' · {spec.engine}'}"


def _features(spec: SweepSpec) -> str:
    chosen = set(spec.plan.features)
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
