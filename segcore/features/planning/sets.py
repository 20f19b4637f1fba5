"""Feature sets: their names, and features chosen by set or by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from segcore.errors import ParameterError
from segcore.features.planning.priorities import unavailable, unquoted
from segcore.features.taste.asked import names_taste
from segcore.features.transactions.feature_sets import BEHAVIOUR, KIT, RFM, SMALL, VALUE
from segcore.features.vectors.asked import names_vectors
from segcore.records.feature_table import FeatureTable
from segcore.wording.findings import refusal

# Empty means every feature of the table.
FEATURE_SETS: Mapping[str, tuple[str, ...]] = {
    "value": VALUE,
    "behaviour": BEHAVIOUR,
    "rfm": RFM,
    "kit": KIT,
    "small": SMALL,
    "all": (),
}

# Title and contents.
DESCRIPTIONS: Mapping[str, tuple[str, str]] = {
    "value": ("Value", "recency, orders, net spend, days between orders and average order value"),
    "behaviour": ("Behaviour", "recency, orders, net spend (log), average order value, days between orders and the shares of the weekdays"),
    "rfm": ("RFM", "recency, frequency and monetary value, as in classic RFM scoring"),
    "kit": ("The Intel kit's 21", "exactly the features that the Intel customer segmentation kit clusters on"),
    "small": ("The kit's small 3", "the kit's amount, number of lines and recency"),
    "all": ("All", "every available feature"),
}
_ON_SCREEN: Mapping[str, tuple[str, ...]] = {"transactions": tuple(FEATURE_SETS)}


def sets_of(kind: str) -> tuple[str, ...]:
    """Return the names of the feature sets of a kind of data, in the order in which screens offer them."""
    return _ON_SCREEN.get(kind, ("all",))


def set_of(features: Collection[str], table: FeatureTable, kind: str) -> str | None:
    """Return the name of the set of exactly these features, or ``None``."""
    chosen = set(features)
    return next((name for name in sets_of(kind) if chosen == set(feature_names(table, name, kind))), None)


def feature_names(table: FeatureTable, asked: str | Sequence[str], kind: str) -> tuple[str, ...]:
    """Return the features of a set or a list of names.

    Parameters
    ----------
    table : FeatureTable
        Every feature of every customer.
    asked : str or sequence of str
        ``value``, ``behaviour``, ``rfm``, ``kit``, ``small``, ``all``; ``components=10``, ``raw`` or ``cust2vec=64`` for the features of
        taste or the vectors that the table has; or comma-separated names; or a sequence of names. The name of a column of the source
        means all of its dummies.
    kind : {"transactions", "ratings", "customers"}
        Ratings, and tables with one row per customer, have ``all`` only.

    Raises
    ------
    ParameterError
        If a name is unknown, or the set does not exist for this kind.
    DataError
        If a feature cannot be made from these data; with the reason.
    """
    if not isinstance(asked, str):
        return _named(table, asked)
    asked = asked.strip()
    if names_taste(asked) and asked not in table.names:
        return _tastes(table, asked)
    if names_vectors(asked) and asked not in table.names:
        if "vectors" not in table.fitted:
            raise refusal("vectors.not_made", kind=ParameterError, asked=asked)
        return _learned(table)
    # A column may also be called "all" or "small"; then the name means the set.
    if asked == "all":
        return table.names
    if asked in FEATURE_SETS:
        if kind != "transactions":
            raise refusal("feature.set_of_transactions", kind=ParameterError, set=asked, features=list(table.names))
        return _available(table, FEATURE_SETS[asked])
    known = {entry.name for entry in table.dictionary} | {column for entry in table.dictionary for column in entry.columns}
    return _named(table, _listed(asked, known))


def _tastes(table: FeatureTable, asked: str) -> tuple[str, ...]:
    made = table.fitted.get("taste", {}).get("options", {}).get("components")
    if made is None or (made == "raw") != (asked == "raw"):
        raise refusal("taste.not_made", kind=ParameterError, asked=asked)
    return _learned(table)


def _learned(table: FeatureTable) -> tuple[str, ...]:
    learned = table.learned_names
    return tuple(name for name in table.names if name in learned)


def _named(table: FeatureTable, names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        raise refusal("feature.none_chosen", kind=ParameterError, sets=list(FEATURE_SETS))
    return _available(table, names)


def _available(table: FeatureTable, names: Sequence[str]) -> tuple[str, ...]:
    """Return the named features; raise for the first missing one, with the reason."""
    dropped = table.dropped()
    for name in table.expand(names):
        if name not in table.names and name in dropped:
            raise unavailable(name, dropped[name])
    return table.select(names).names


def _listed(asked: str, known: set[str]) -> list[str]:
    """Return the comma-separated names; a known name may contain commas, and may be in double quotes."""
    parts = asked.split(",")
    longest = 1 + max((name.count(",") for name in known), default=0)
    names: list[str] = []
    while parts:
        joined = [",".join(parts[:length]).strip() for length in range(min(longest, len(parts)), 0, -1)]
        fitting = (name for text in joined for name in (text, unquoted(text)) if name in known)
        name = next(fitting, parts[0].strip())
        parts = parts[1 + name.count(",") :]
        if name:
            names.append(name)
    return names
