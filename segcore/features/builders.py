"""Builders of features, one for each kind of data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from segcore.errors import ParameterError
from segcore.features.customers.build import build_customers
from segcore.features.ratings import build_ratings
from segcore.features.transactions.build import build_transactions
from segcore.records.data_rules import ColumnRules
from segcore.records.dataset import Dataset
from segcore.records.feature_table import FeatureTable

# One line per kind of data.
BUILDERS: tuple[tuple[str, Callable[..., FeatureTable]], ...] = (
    ("transactions", build_transactions),
    ("ratings", build_ratings),
    ("customers", build_customers),
)


def build_features(
    dataset: Dataset,
    *,
    reference_date: str | None = None,
    fitted: Mapping[str, Any] | None = None,
    columns: ColumnRules | None = None,
) -> FeatureTable:
    """Build every feature of every customer.

    Parameters
    ----------
    dataset : Dataset
    reference_date : str or None
        ISO date and time up to which days are counted; ``None`` is the latest time in the data.
    fitted : mapping or None
        ``FeatureTable.fitted`` of an earlier table, to build the same features for new customers.
    columns : ColumnRules or None
        The analyst's rules for columns; ignored if ``fitted`` is given.

    Raises
    ------
    SegcoreError
        If the data cannot be used: see the builder of its kind.
    """
    builder = dict(BUILDERS).get(dataset.kind)
    if builder is None:
        raise ParameterError.unknown("kind", dataset.kind, [kind for kind, _ in BUILDERS])
    return builder(dataset, reference_date=reference_date, fitted=fitted, columns=columns or ColumnRules())
