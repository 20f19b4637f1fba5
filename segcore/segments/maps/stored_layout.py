"""Layouts of the customers of a sweep that keep neighbours together, each made once and stored."""

from __future__ import annotations

import functools
import importlib.metadata

import numpy as np

from segcore.errors import StoreError
from segcore.features.assemble import assemble
from segcore.features.preparation import apply_preparation
from segcore.records.feature_table import FeatureTable
from segcore.records.preparation import Preparation
from segcore.records.sweep import Sweep
from segcore.segments.maps.neighbour_layout import NeighbourLayout, NeighbourMethod, Progress, neighbour_layout
from segcore.store.damage import if_readable
from segcore.store.store import Store
from segcore.system.digests import digest
from segcore.wording.findings import refusal

_EDITION = 1  # of the layout; after raising it, every layout is made again
_PACKAGES = {"tsne": ("numpy", "scikit-learn", "openTSNE"), "umap": ("numpy", "scikit-learn", "umap-learn", "numba")}


def fitted_preparation(sweep: Sweep) -> Preparation:
    """Return the preparation of a sweep.

    Raises
    ------
    StoreError
        If the sweep has not stored it yet.
    """
    if sweep.preparation is None:
        raise refusal("export.no_preparation", kind=StoreError, sweep=sweep.id[:12])
    return sweep.preparation


def rows_digest(sweep: Sweep) -> str:
    """Return a digest that is equal for sweeps in which the same customers were clustered by the same values.

    Raises
    ------
    StoreError
        If the sweep has not stored its preparation yet.
    """
    plan, preparation = sweep.spec.plan, fitted_preparation(sweep)
    return digest(
        {
            "table": sweep.spec.table,
            "outliers": plan.outliers,
            "copies": [plan.repeats, plan.seed] if plan.repeats > 1 else None,  # even the first copy is jittered
            **{part: list(getattr(preparation, part)) for part in ("features", "centre", "scale", "transforms", "weights")},
        }
    )


def layout_key(sweep: Sweep, method: NeighbourMethod) -> str:
    """Return the key under which the store has a layout; all solutions of a sweep, and all sweeps of the same rows, share it.

    Raises
    ------
    StoreError
        If the sweep has not stored its preparation yet.
    """
    return digest({"map": _EDITION, "method": method, "rows": rows_digest(sweep), "versions": _versions(method)})


@functools.cache
def _versions(method: NeighbourMethod) -> dict[str, str]:
    return {package: importlib.metadata.version(package) for package in _PACKAGES[method]}


def known_layout(store: Store, sweep: Sweep, method: NeighbourMethod) -> NeighbourLayout | None:
    """Return a stored layout; ``None`` if it was not made yet, or is damaged.

    Raises
    ------
    StoreError
        If the sweep has not stored its preparation yet.
    """
    record = store.intake(layout_key(sweep, method))
    if record is None:
        return None
    return if_readable(lambda: NeighbourLayout(store.array(record["places"]), record["different"], record["laid_out"]))


def make_layout(store: Store, sweep: Sweep, method: NeighbourMethod, progress: Progress = lambda share: None) -> NeighbourLayout:
    """Lay out the customers of a sweep and store the layout, or return a stored layout.

    Parameters
    ----------
    store : Store
    sweep : Sweep
    method : {"tsne", "umap"}
    progress : callable (float) -> None
        Called with the share done, 0 to 1.

    Raises
    ------
    DataError
        If fewer than four customers differ.
    StoreError
        If the sweep has not stored its preparation yet.
    """
    known = known_layout(store, sweep, method)
    if known is not None:
        return known
    rows = assemble(store.feature_table(sweep.spec.table, profile=False), sweep.spec.plan).table
    found = neighbour_layout(clustered_values(rows, fitted_preparation(sweep)), method, progress=progress)
    record = {"places": store.put_array(found.places), "different": found.different, "laid_out": found.laid_out}
    store.put_intake(layout_key(sweep, method), record)
    return found


def clustered_values(rows: FeatureTable, preparation: Preparation) -> np.ndarray:
    """Return the values that were clustered, each customer once, shape (n_customers, n_features)."""
    return apply_preparation(preparation, rows.values[np.asarray(rows.copies) == 0])
