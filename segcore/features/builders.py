"""Features of customers: built by the kind of data, chosen by name or by set, assembled for clustering."""

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

# One line a kind of data.
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
        ISO date and time to which days are counted; the latest time in the data where ``None``.
    fitted : mapping or None
        ``FeatureTable.fitted`` of an earlier table, where new customers are to get the same features by the same numbers.
    columns : ColumnRules or None
        What becomes of columns, where that is not left to what they hold; of no use beside ``fitted``.

    Raises
    ------
    SegcoreError
        Where the data cannot be used: see the builder of its kind.
    """
    builder = dict(BUILDERS).get(dataset.kind)
    if builder is None:
        raise ParameterError.unknown("kind", dataset.kind, [kind for kind, _ in BUILDERS])
    return builder(dataset, reference_date=reference_date, fitted=fitted, columns=columns or ColumnRules())
