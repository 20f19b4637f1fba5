"""The rows of a sweep, ready to cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segcore.features.assemble import Assembled, assemble
from segcore.features.ideas import Idea
from segcore.features.preparation import apply_preparation, fit_with_ideas
from segcore.records.feature_table import FeatureTable
from segcore.records.preparation import Preparation
from segcore.records.sweep import SweepSpec
from segcore.store.store import Store
from segcore.sweeps.spec import require_enough


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """The rows of a sweep, ready to cluster.

    Parameters
    ----------
    assembled : Assembled
        Selected features of the customers kept, copies included; and the customers set aside.
    preparation : Preparation
    ideas : tuple of Idea
        Those that count once.
    X : ndarray of shape (n_rows, n_features), float64
    """

    assembled: Assembled
    preparation: Preparation
    ideas: tuple[Idea, ...]
    X: np.ndarray

    @property
    def table(self) -> FeatureTable:
        """The table that was clustered, unscaled."""
        return self.assembled.table


def prepare(store: Store, spec: SweepSpec, *, ids: bool = True) -> Prepared:
    """Return a sweep's rows as they are clustered, equal in every process. See ``Store.feature_table`` for ``ids``."""
    full = store.feature_table(spec.table, ids=ids)
    assembled = assemble(full, spec.plan)
    require_enough(assembled)
    preparation, ideas = fit_with_ideas(assembled.table, spec.plan)
    return Prepared(assembled, preparation, ideas, apply_preparation(preparation, assembled.table.values))
