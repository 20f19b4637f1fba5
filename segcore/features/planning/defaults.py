"""Settings: named plans for each kind of data, and the default of app, command line and library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from segcore.errors import ParameterError
from segcore.features.assemble import assemble
from segcore.features.planning.sets import feature_names
from segcore.features.planning.transform_advice import advised_transforms
from segcore.records.feature_table import FeatureTable
from segcore.records.plan import Plan
from segcore.records.preparation import SETTING_NAMES, Ideas, Outliers, Scaler, Transform


@dataclass(frozen=True, slots=True)
class Setting:
    """A feature set, and its preparation for clustering.

    Parameters
    ----------
    title, words : str
        For display: a title as within a sentence, and the effect of the setting in one sentence.
    features : mapping of kind of data to name of a set
        See `segcore.features.planning.sets.FEATURE_SETS`; ``all`` for other kinds.
    outliers : {"kit", "none"}
    scaler : {"standard", "minmax", "robust", "none"}
    transforms : bool
        Whether skewed features are transformed: see `segcore.features.planning.transform_advice`.
    ideas : {"once", "each"}
    kinds : tuple of str
        The kinds of data that it is for.
    tastes : bool
        Whether it uses the features of taste if the table has some, because they were requested.
    """

    title: str
    words: str
    features: Mapping[str, str]
    outliers: Outliers = "none"
    scaler: Scaler = "standard"
    transforms: bool = False
    ideas: Ideas = "each"
    kinds: tuple[str, ...] = ("transactions", "ratings", "customers")
    tastes: bool = False

    def plan(
        self,
        table: FeatureTable,
        kind: str,
        features: str | Sequence[str] | None = None,
        *,
        transforms: Mapping[str, Transform] | None = None,
        **fields: Any,
    ) -> Plan:
        """Return the setting as a plan for a table of one kind of data, with some of the analyst's choices.

        Parameters
        ----------
        table : FeatureTable
            Every feature of every customer.
        kind : {"transactions", "ratings", "customers"}
        features : str, sequence of str, or None
            A set or names, instead of those of the setting: see `segcore.features.planning.sets.feature_names`.
        transforms : mapping of feature to transform, or None
            Instead of those of the setting.
        **fields
            Other fields of `Plan`; ``None`` uses the value of the setting.

        Raises
        ------
        ParameterError, DataError
            If the setting is not for this kind of data, or a feature cannot be made from these data.
        """
        if kind not in self.kinds:
            raise ParameterError(f"The setting “{self.title}” is for {' and '.join(self.kinds)}, not for {kind}: choose another.")
        own = {"outliers": self.outliers, "scaler": self.scaler, "ideas": self.ideas}
        chosen = {name: value for name, value in fields.items() if value is not None}
        if features is None:
            features = (self.tastes and sorted(table.learned_names, key=table.names.index)) or self.set_for(kind)
        plan = Plan(feature_names(table, features, kind), **{**own, **chosen})
        if transforms is None and self.transforms:
            # Skewness is judged on the customers that are clustered, as on the Features screen.
            transforms = advised_transforms(assemble(table, replace(plan, repeats=1)).table, plan.features)
        return replace(plan, transforms=transforms or {})

    def set_for(self, kind: str) -> str:
        """Return the name of its feature set for a kind of data."""
        return self.features.get(kind, "all")


DEFAULT = Setting(
    "segcore's defaults",
    "The features of value, or every column of a customer table; skewed ones transformed, standard scaling, each idea counted once, "
    "no outlier rule.",
    {"transactions": "value"},
    transforms=True,
    ideas="once",
    tastes=True,
)
KIT = Setting(
    "the Intel kit's setting",
    "The kit's 21 features, its outlier rule and standard scaling.",
    {"transactions": "kit"},
    outliers="kit",
    kinds=("transactions",),
)
MINMAX = Setting(
    "auto-segmentation's setting",
    "Every column stretched to the range from 0 to 1, as in Treasure Data's auto-segmentation.",
    {},
    scaler="minmax",
    kinds=("customers",),
)
SETTINGS: Mapping[str, Setting] = dict(zip(SETTING_NAMES, (DEFAULT, KIT, MINMAX), strict=True))
"""By their names on the command line and in the library."""


def setting_named(name: str) -> Setting:
    """Return a setting by its name, or raise `ParameterError` naming the known ones."""
    if name not in SETTINGS:
        raise ParameterError.unknown("setting", name, SETTINGS)
    return SETTINGS[name]
