"""Fitted values that make features of taste, and how they are stored with the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from segcore.features.taste.components import Components, Reducer
from segcore.records.taste import Taste
from segcore.store.damage import damage, reading
from segcore.store.store import Store

KEY = "taste"
"""Key of these values in `segcore.records.feature_table.FeatureTable.fitted`."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedTaste:
    """Everything needed to turn the items of new customers into the same features.

    Parameters
    ----------
    taste : Taste
        With the matrix and, except for ``raw``, the number of components that were made.
    features : tuple of str
        Names of the features.
    items : tuple of str
        Names of the matrix's items, ascending.
    idf : ndarray of shape (n_items,), or None
        For the matrix ``tfidf``.
    components : Components or None
        ``None`` for ``raw``.
    chance : tuple of float
        Shares of the variance that components would explain by chance, if parallel analysis chose their number; else empty.
    """

    taste: Taste
    features: tuple[str, ...]
    items: tuple[str, ...]
    idf: np.ndarray | None = None
    components: Components | None = None
    chance: tuple[float, ...] = ()

    def put(self, store: Store) -> dict[str, Any]:
        """Store the items and arrays as objects, because JSON would be slow for them, and return plain values that name them."""
        made = self.components
        return {
            "options": self.taste.to_json(),
            "features": list(self.features),
            "items": store.put_json(list(self.items)),
            "chance": list(self.chance),
            **({} if self.idf is None else {"idf": store.put_array(self.idf)}),
            **(
                {}
                if made is None
                else {
                    "loadings": store.put_array(made.loadings),
                    "offset": made.offset.tolist(),
                    "ratios": list(made.ratios),
                    "agreement": list(made.agreement),
                }
            ),
        }

    @classmethod
    def read(cls, store: Store, data: Mapping[str, Any]) -> FittedTaste:
        """Build the record from the output of ``put``.

        Raises
        ------
        StoreError
            If the record is damaged.
        """
        with reading(lambda: damage("components", "load_again")):
            taste = Taste.from_json(data["options"])
            components = None
            if taste.components != "raw":
                method: Reducer = taste.components
                components = Components(
                    method,
                    np.asarray(store.array(data["loadings"])),
                    np.array(data["offset"], dtype=np.float64),
                    tuple(data["ratios"]),
                    tuple(data["agreement"]),
                )
            return cls(
                taste=taste,
                features=tuple(data["features"]),
                items=tuple(store.json(data["items"])),
                idf=store.array(data["idf"]) if "idf" in data else None,
                components=components,
                chance=tuple(data["chance"]),
            )
