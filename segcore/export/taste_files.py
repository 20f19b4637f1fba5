"""Features of taste in a model: the items and numbers that they are made with, and the steps."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from segcore.features.taste.fitted import KEY, FittedTaste
from segcore.records.preparation import Preparation
from segcore.store.store import Store

_STEPS = """The features {first} to {last} are made from the {items} of each customer:
   - Take the values of those in taste_items.json, in that order: {value}. Leave other {items} out.
   - {values}{lengths} What the customer does not have is 0.
   - {scores}"""
_VALUES = {
    "zero": "Leave the values as they are.",
    "centred": "Subtract from each the mean of the customer's values.",
    "log": "Replace each value x by sign(x) * log(1 + |x|), the natural logarithm.",
    "binary": "Replace each value by 1.",
    "tfidf": "Multiply each value by its number in taste_idf.npy, then divide all by the root of their sum of squares.",
}
_UNIT = " Then divide all by the root of their sum of squares; if that is 0, leave them."
_SCORES = {
    "raw": "These values are the features.",
    "nmf": "The features are the numbers w >= 0 with which w times taste_loadings.npy is nearest to the values (least squares).",
    "pca": 'The features are taste_loadings.npy times the values, minus "offset", which is in model.json under "fitted" and "taste".',
    "svd": "The features are taste_loadings.npy times the values.",
}


@dataclass(frozen=True, slots=True, eq=False)
class TasteFiles:
    """What a model needs to make its features of taste.

    Parameters
    ----------
    items : bytes
        Content of ``taste_items.json``.
    arrays : dict of str to ndarray
        Loadings and inverse frequencies, of those that there are, by their names without ``.npy``.
    """

    items: bytes
    arrays: dict[str, np.ndarray]

    @classmethod
    def of(cls, store: Store, preparation: Preparation) -> TasteFiles | None:
        """Return what a solution needs, or ``None`` if no feature is made from items."""
        known = preparation.fitted.get(KEY)
        if known is None:
            return None
        fitted = FittedTaste.read(store, known)
        arrays = {"taste_idf": fitted.idf, "taste_loadings": None if fitted.components is None else fitted.components.loadings}
        items = json.dumps(fitted.items, indent=0, ensure_ascii=False) + "\n"
        return cls(items.encode(), {name: array for name, array in arrays.items() if array is not None})


def with_files(document: dict[str, Any]) -> dict[str, Any]:
    """Return a preparation's plain values, in which features of taste name those files instead of objects of the store."""
    taste = document["fitted"].get(KEY)
    if taste is None:
        return document
    ends = {"items": "json", "idf": "npy", "loadings": "npy"}
    named = {name: f"taste_{name}.{end}" for name, end in ends.items() if name in taste}
    return {**document, "fitted": {**document["fitted"], KEY: {**taste, **named}}}


def taste_steps(preparation: Preparation, kind: str | None) -> list[str]:
    """Return how the features of taste are made, in words; empty without such features."""
    known = preparation.fitted.get(KEY)
    if known is None:
        return []
    options, features = known["options"], known["features"]
    of = options["of"]
    step = _STEPS.format(
        first=features[0],
        last=features[-1],
        items={"item": "items", "category": "categories"}[of],
        value="the customer's rating of each"
        if kind == "ratings" and of == "item"
        else "the customer's number of lines with each, without cancelled ones",
        values=_VALUES[options["matrix"]],
        lengths=_UNIT if options.get("lengths") == "unit" and options["matrix"] != "tfidf" else "",
        scores=_SCORES[options["components"]],
    )
    return [step]


def npy_bytes(array: np.ndarray) -> bytes:
    """Return an array as the content of a ``.npy`` file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
