"""Sentences on maps of customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from segcore.wording.numbers import counted

Method = Literal["pca", "tsne", "umap"]
METHODS: Mapping[Method, str] = {"pca": "Principal components", "tsne": "t-SNE", "umap": "UMAP"}
"""Title of each kind of map."""
NEIGHBOURS_ONLY = (
    "Only closeness means something on this map: customers who are close are alike. The distance between groups, and how large and dense "
    "they look, mean little; to see how far apart segments are, use the map of principal components."
)
"""What distances do not mean on a map that keeps neighbours together."""


def _too_few(method: Method, different: int, least: int) -> str:
    are = "all customers have the same values" if different == 1 else f"there are only {different}"
    return f"A {METHODS[method]} map needs at least {least} customers who differ, but {are}: use the map of principal components."


SENTENCES: Mapping[str, Callable[..., str]] = {
    "map.too_few": _too_few,
    "map.bad_polygon": lambda: "A region of a map is a list of at least three corners (x, y), such as [(0, 0), (2, 0), (2, 1)].",
    "map.not_made": lambda method, customers: (
        f"The {METHODS[method]} map of these {counted(customers, 'customer')} has not been made yet: make it first."
    ),
}
