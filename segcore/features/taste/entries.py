"""Names, titles and definitions of features of taste, from the items that they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from segcore.features.taste.components import Components
from segcore.records.feature_table import FeatureEntry
from segcore.records.purchases import Purchases
from segcore.records.taste import Taste
from segcore.wording.numbers import counted, percent_text
from segcore.wording.quotes import value_text, visible
from segcore.wording.taste import METHODS, values_text

STRONGEST = 5
"""Items at each end of a component that its definition names."""
_IN_TITLE, _LETTERS = 2, 30
_PREFIX = "component_"


def component_names(n: int) -> tuple[str, ...]:
    """Return the names of n components."""
    return tuple(f"{_PREFIX}{number + 1}" for number in range(n))


def item_titles(purchases: Purchases) -> list[str]:
    """Return the title of each item, or its name if it has no title, as screens show it."""
    titles = purchases.titles or ("",) * len(purchases.names)
    return [value_text(title or name) for name, title in zip(purchases.names, titles, strict=True)]


def strongest_items(loadings: np.ndarray, titles: Sequence[str], most: int = STRONGEST) -> tuple[list[str], list[str]]:
    """Return the titles of the items that raise a component most, and of those that lower it most.

    Parameters
    ----------
    loadings : ndarray of shape (n_items,), float64
    titles : sequence of str
    most : int
        Of each kind; items without a loading are left out.
    """
    order = np.argsort(-loadings, kind="stable")
    high = [titles[at] for at in order[:most] if loadings[at] > 0]
    return high, [titles[at] for at in order[::-1][:most] if loadings[at] < 0]


def describe_components(
    made: Components, taste: Taste, titles: Sequence[str], *, kind: str, column: str, unit: str
) -> tuple[FeatureEntry, ...]:
    """Return the data dictionary of components.

    Parameters
    ----------
    made : Components
    taste : Taste
        With its matrix.
    titles : sequence of str
        Of the items.
    kind : {"transactions", "ratings"}
    column : str
        The source's column of the items.
    unit : str
    """
    method = METHODS[taste.components][0].lower()
    whole = f"{values_text(taste.matrix or '', kind, taste.of)}, {counted(len(titles), *_words(taste))}"
    entries = []
    for at, name in enumerate(component_names(len(made))):
        high, low = strongest_items(made.loadings[at], titles)
        share = f"; {percent_text(made.ratios[at])} of the variance" if made.ratios else ""
        alike = f"; agreement {made.agreement[at]:.2f} with fits from other starts" if made.agreement else ""
        # Semicolons, because titles have commas: "Empire Strikes Back, The".
        ends = f" High with {'; '.join(high)}." + (f" Low with {'; '.join(low)}." if low else "")
        title = "; ".join(_short(text) for text in high[:_IN_TITLE])
        text = f"Component {at + 1} of {len(made)} ({method}) of {whole}{share}{alike}.{ends}"
        entries.append(FeatureEntry(name, f"Taste {at + 1}: {title}", unit, text, (column,)))
    return tuple(entries)


def describe_items(
    names: Sequence[str], titles: Sequence[str], taste: Taste, *, kind: str, column: str, unit: str
) -> tuple[FeatureEntry, ...]:
    """Return the data dictionary of items that are features themselves; see `describe_components`."""
    of, values = taste.of, values_text(taste.matrix or "", kind, taste.of)
    return tuple(
        FeatureEntry(f"{of}={name}", visible(title), unit, f"Value of {column} {title} in the matrix of {values}; 0 without it.", (column,))
        for name, title in zip(names, titles, strict=True)
    )


def unit_of(taste: Taste, kind: str) -> str:
    """Return the unit of the features."""
    units: Mapping[str, str] = {"zero": "", "centred": "", "log": "logarithm", "binary": "0 or 1", "tfidf": "TF-IDF"}
    rated = "rating" if kind == "ratings" and taste.of == "item" else "lines"
    return "score" if taste.components != "raw" else units[taste.matrix or "zero"] or rated


def _words(taste: Taste) -> tuple[str, str]:
    return ("item", "items") if taste.of == "item" else ("category", "categories")


def _short(title: str) -> str:
    return title if len(title) <= _LETTERS else f"{title[: _LETTERS - 1].rstrip()}…"
