"""Neighbours of a product and of a customer: those whose vectors point in the most similar directions."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from segcore.errors import ParameterError, SegcoreError
from segcore.features.vectors.model import VectorModel, unit_rows
from segcore.features.vectors.stored_model import KEY, FittedVectors, vectors_of
from segcore.records.feature_table import FeatureTable
from segcore.records.finding import Remedy
from segcore.records.purchases import Purchases
from segcore.store.store import Store
from segcore.wording.findings import refusal

_NEAREST, _CUTOFF = 3, 0.6  # number of spellings that an error suggests, and least similarity
_MOST_LISTED = 5


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A product or a customer, and how near it is.

    Parameters
    ----------
    id : str
    title : str
        Of a product; "" where it has none, and for customers.
    cosine : float
        Of the angle between the two vectors, -1 to 1.
    """

    id: str
    title: str
    cosine: float


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest neighbours of one product or customer, each list from the nearest on.

    Among equally near products, the more frequent one is first; among customers, the one with the smaller id.

    Parameters
    ----------
    of : {"item", "customer"}
    id : str
    title : str
        Of a product; "" where it has none, and for a customer.
    items : tuple of Neighbour
        A product's nearest products; or the products that a customer's vector predicts, by the smallest angle to it.
    customers : tuple of Neighbour
        A customer's nearest customers; or those whose vectors predict a product.
    """

    of: Literal["item", "customer"]
    id: str
    title: str
    items: tuple[Neighbour, ...]
    customers: tuple[Neighbour, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values, as ``neighbours --json`` prints them."""
        return {**asdict(self), "items": [asdict(one) for one in self.items], "customers": [asdict(one) for one in self.customers]}


def stored_neighbours(store: Store, table: str, *, item: str | None = None, customer: str | None = None, top: int = 10) -> Neighbours:
    """Return the neighbours of a product or of a customer in a stored table with vectors.

    Parameters
    ----------
    store : Store
    table : str
        Id of the stored feature table.
    item, customer, top
        See `find_neighbours`.

    Raises
    ------
    ParameterError
        If the table has no vectors; see also `find_neighbours`.
    """
    found = store.feature_table(table, profile=False)
    if KEY not in found.fitted:
        raise refusal("vectors.needed", kind=ParameterError, asked="neighbours")
    purchases = store.purchases(table, "item")
    return find_neighbours(FittedVectors.read(store, found.fitted[KEY]).model, found, purchases, item=item, customer=customer, top=top)


def find_neighbours(
    model: VectorModel,
    table: FeatureTable,
    purchases: Purchases | None,
    *,
    item: str | None = None,
    customer: str | None = None,
    top: int = 10,
) -> Neighbours:
    """Return the neighbours of a product or of a customer.

    Parameters
    ----------
    model : VectorModel
    table : FeatureTable
        Of customers with their vectors.
    purchases : Purchases or None
        With the titles of products, and with products that have no vector; ``None`` if unknown.
    item : str or None
        Id of a product, or a title that only one product with a vector has.
    customer : str or None
        Id of a customer. Give either ``item`` or ``customer``.
    top : int
        Neighbours of each kind, at least 1.

    Raises
    ------
    ParameterError
        If both or neither are given, ``top`` is below 1, or there is no such product or customer; the message names similar ones.
    """
    if (item is None) == (customer is None):
        raise refusal("vectors.item_or_customer", kind=ParameterError)
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise ParameterError.out_of_range("top", top, 1, None)
    names = model.words.names
    titles = _titles(purchases)
    products = unit_rows(model.products)
    predicting = unit_rows(model.output[: len(names)])
    customers = unit_rows(vectors_of(table, model.vectors.dimensions))
    ids = [str(one) for one in table.customers]
    titled = [titles.get(name, "") for name in names]
    if item is not None:
        at = _product(item, model, titles)
        return Neighbours(
            "item",
            names[at],
            titled[at],
            _nearest(products @ products[at], names, titled, top, without=at),
            _nearest(customers @ predicting[at], ids, None, top),
        )
    if customer not in ids:
        raise refusal(
            "vectors.unknown_customer",
            kind=ParameterError,
            given=str(customer),
            nearest=_similar(str(customer), ids),
            least=model.vectors.least_products,
        )
    at = ids.index(str(customer))
    return Neighbours(
        "customer",
        ids[at],
        "",
        _nearest(predicting @ customers[at], names, titled, top),
        _nearest(customers @ customers[at], ids, None, top, without=at),
    )


def _titles(purchases: Purchases | None) -> Mapping[str, str]:
    """Return the title of each product in the data, "" if it has none."""
    if purchases is None:
        return {}
    return dict(zip(purchases.names, purchases.titles or ("",) * len(purchases.names), strict=True))


def _nearest(
    cosines: np.ndarray, ids: Sequence[str], titles: Sequence[str] | None, top: int, *, without: int | None = None
) -> tuple[Neighbour, ...]:
    order = np.argsort(-np.round(cosines, 12), kind="stable")  # rounding alone must not decide between two products with the same vector
    order = order[order != without] if without is not None else order
    return tuple(Neighbour(ids[at], "" if titles is None else titles[at], float(np.clip(cosines[at], -1, 1))) for at in order[:top])


def _product(given: str, model: VectorModel, titles: Mapping[str, str]) -> int:
    """Return the position of a product among the words."""
    names = model.words.names
    if given in names:
        return names.index(given)
    places = [at for at, name in enumerate(names) if given and titles.get(name) == given]  # "" is the title of products without one
    if len(places) == 1:
        return places[0]
    if places:
        raise refusal(
            "vectors.shared_title", kind=ParameterError, title=given, products=len(places), ids=[names[at] for at in places[:_MOST_LISTED]]
        )
    raise _no_vector(given, model, titles)


def _no_vector(given: str, model: VectorModel, titles: Mapping[str, str]) -> SegcoreError:
    """Return the error about a product that is bought too rarely, or unknown."""
    vectors, names = model.vectors, model.words.names
    if given in titles or (given and given in titles.values()):
        change, option = ("lower", "least_count") if len(names) < vectors.products else ("raise", "products")
        remedy = Remedy("vectors_option", {"change": change, "option": option})
        return refusal("vectors.rare_product", kind=ParameterError, given=given, words=len(names), remedy=remedy)
    with_titles = [title for title in (titles.get(name) for name in names) if title]
    return refusal("vectors.unknown_product", kind=ParameterError, given=given, nearest=_similar(given, [*names, *with_titles]))


def _similar(given: str, known: Sequence[str]) -> list[str]:
    """Return the same number with other leading zeros, which spreadsheets drop, or else the most similar spellings in any case."""
    same = [text for text in known if text.isdecimal() and text.lstrip("0") == given.lstrip("0")] if given.isdecimal() else []
    if same:
        return same[:_NEAREST]
    spelt = {text.casefold(): text for text in reversed(known)}
    return [spelt[text] for text in difflib.get_close_matches(given.casefold(), list(spelt), n=_NEAREST, cutoff=_CUTOFF)]
