"""Trained model that makes vectors, and how it is stored: arrays and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from segcore.features.vectors.documents import Words
from segcore.features.vectors.model import VectorModel
from segcore.records.feature_table import FeatureTable
from segcore.records.vectors import Vectors
from segcore.store.damage import damage, reading
from segcore.store.store import Store

KEY = "vectors"
"""Key of the model in `segcore.records.feature_table.FeatureTable.fitted`."""


def vector_names(dimensions: int) -> tuple[str, ...]:
    """Return the names of the features: ``v0``, ``v1`` and so on."""
    return tuple(f"v{number}" for number in range(dimensions))


def vectors_of(table: FeatureTable, dimensions: int) -> np.ndarray:
    """Return the vectors of a table's customers, shape (n_customers, dimensions)."""
    return np.column_stack([table.column(name) for name in vector_names(dimensions)])


@dataclass(frozen=True, slots=True, eq=False)
class FittedVectors:
    """A model, and the features that are made with it.

    Parameters
    ----------
    model : VectorModel
    """

    model: VectorModel

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features."""
        return vector_names(self.model.vectors.dimensions)

    def put(self, store: Store) -> dict[str, Any]:
        """Store the words and weights as objects, and return plain values that name them."""
        model = self.model
        return {
            "options": model.vectors.to_json(),
            "features": list(self.features),
            "items": store.put_json(list(model.words.names)),
            "counts": store.put_array(model.words.counts),
            "other": model.words.has_other,
            "output": store.put_array(model.output),
            **({} if model.input is None else {"input": store.put_array(model.input)}),
        }

    @classmethod
    def read(cls, store: Store, data: Mapping[str, Any]) -> FittedVectors:
        """Build the record from the output of ``put``.

        Raises
        ------
        StoreError
            If the record is damaged.
        """
        with reading(lambda: damage("vectors", "load_again")):
            words = Words(tuple(store.json(data["items"])), np.array(store.array(data["counts"])), bool(data["other"]))
            weights = {name: np.array(store.array(data[name])) for name in ("output", "input") if name in data}
            return cls(VectorModel(Vectors.from_json(data["options"]), words, **weights))
