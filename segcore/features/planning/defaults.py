"""Default plans: named settings for each kind of data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from segcore.features.planning.sets import feature_names
from segcore.records.feature_table import FeatureTable
from segcore.records.plan import Plan
from segcore.records.preparation import Outliers, Scaler


@dataclass(frozen=True, slots=True)
class Setting:
    """A feature set with its outlier rule and scaler.

    Parameters
    ----------
    features : str
        Name of a set: see `segcore.features.planning.sets.FEATURE_SETS`.
    outliers : {"kit", "none"}
    scaler : {"standard", "minmax", "robust", "none"}
    """

    features: str
    outliers: Outliers = "none"
    scaler: Scaler = "standard"

    def plan(self, table: FeatureTable, kind: str, *, seed: int = 0) -> Plan:
        """Return the setting as a plan for a table of one kind of data.

        Raises
        ------
        ParameterError, DataError
            If the set cannot be made from this data.
        """
        return Plan(feature_names(table, self.features, kind), self.outliers, self.scaler, seed=seed)


KIT = Setting("kit", outliers="kit")
"""Setting of the Intel kit: its 21 features, its outlier rule, standard scaling."""

# Numbers scaled to the range from 0 to 1 are comparable with 0/1 features.
_CUSTOMERS = Setting("all", scaler="minmax")

APP: Mapping[str, Setting] = {"transactions": Setting("behaviour"), "ratings": Setting("all"), "customers": _CUSTOMERS}
"""Defaults of the app by kind of data; no customers are removed."""

COMMAND_LINE: Mapping[str, Setting] = {"transactions": KIT, "ratings": Setting("all"), "customers": _CUSTOMERS}
"""Defaults of the command line by kind of data; for transactions, the kit's setting."""
