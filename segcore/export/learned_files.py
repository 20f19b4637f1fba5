"""Components, items and vectors in a model: the items and numbers that they are computed from, and the steps."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segcore.features.taste.fitted import KEY as TASTE
from segcore.features.taste.fitted import FittedTaste
from segcore.features.vectors.stored_model import KEY as VECTORS
from segcore.features.vectors.stored_model import FittedVectors
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


_VECTOR_STEPS = """The features {first} to {last} are a vector made with gensim's doc2vec ({method}) from the lines of each customer:
   - Take the customer's products, order by order in the order of time, cancelled lines left out. The word of a product is its position, as
     text, in vector_items.json{other}.
   - Build a gensim.models.doc2vec.Doc2Vec with vector_size={dimensions}, dm={dm}, window={window}, epochs={epochs}, min_count=1,
     sorted_vocab=0, negative={negative}, ns_exponent={exponent}, sample={sample} and build_vocab_from_freq, the words with the numbers in
     vector_counts.npy; set its syn1neg to vector_output.npy{input}.
   - Infer the vector with {epochs} passes over {parts}, weights fixed, the learning rate falling from 0.025 to
     0.0001.{unit} Its random draws make it differ slightly from ours, whose seed comes from the customer's own lines."""


@dataclass(frozen=True, slots=True, eq=False)
class LearnedFiles:
    """Files that a model needs to compute its components, items or vectors.

    Parameters
    ----------
    name : {"taste", "vector"}
        Beginning of the files' names.
    items : bytes
        Content of the file with the items, ``taste_items.json``.
    arrays : dict of str to ndarray
        Keys are the files' names without ``.npy``.
    """

    name: str
    items: bytes
    arrays: dict[str, np.ndarray]

    @classmethod
    def of(cls, store: Store, preparation: Preparation) -> LearnedFiles | None:
        """Return the files that a solution needs, or ``None`` if no feature is made from items."""
        tastes, vectors = (preparation.fitted.get(key) for key in (TASTE, VECTORS))
        if tastes is not None:
            fitted = FittedTaste.read(store, tastes)
            loadings = None if fitted.components is None else fitted.components.loadings
            return cls._with("taste", fitted.items, {"idf": fitted.idf, "loadings": loadings})
        if vectors is not None:
            model = FittedVectors.read(store, vectors).model
            return cls._with("vector", model.words.names, {"counts": model.words.counts, "output": model.output, "input": model.input})
        return None

    @classmethod
    def _with(cls, name: str, items: Sequence[str], arrays: Mapping[str, np.ndarray | None]) -> LearnedFiles:
        content = json.dumps(items, indent=0, ensure_ascii=False) + "\n"
        there = {f"{name}_{part}": array for part, array in arrays.items() if array is not None}
        return cls(name, content.encode(), there)


def with_files(document: dict[str, Any]) -> dict[str, Any]:
    """Return a preparation's plain values, in which learned features refer to these files instead of objects of the store."""
    fitted = dict(document["fitted"])
    for key, name in ((TASTE, "taste"), (VECTORS, "vector")):
        known = fitted.get(key)
        if known is not None:
            ends = {"items": "json", **dict.fromkeys(("idf", "loadings", "counts", "output", "input"), "npy")}
            fitted[key] = {**known, **{part: f"{name}_{part}.{end}" for part, end in ends.items() if part in known}}
    return {**document, "fitted": fitted}


def learned_steps(preparation: Preparation, kind: str | None) -> list[str]:
    """Return in words how components, items or vectors are computed; empty without such features."""
    if VECTORS in preparation.fitted:
        return [_vector_step(preparation.fitted[VECTORS])]
    return _taste_steps(preparation, kind)


def _vector_step(known: Mapping[str, Any]) -> str:
    options, features = known["options"], known["features"]
    is_dm = options["method"] == "dm"
    return _VECTOR_STEPS.format(
        **options,
        first=features[0],
        last=features[-1],
        dm=int(is_dm),
        other="; that of any other product is the number of those" if known["other"] else "; leave other products out",
        input=", and its wv.vectors to vector_input.npy" if is_dm else "",
        parts="each order" if is_dm else "all lines",
        unit=" Divide it by the root of its sum of squares." if options["lengths"] == "unit" else "",
    )


def _taste_steps(preparation: Preparation, kind: str | None) -> list[str]:
    known = preparation.fitted.get(TASTE)
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
