"""Sentences on vectors of customers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from segcore.wording.numbers import counted, listed, percent_text, share_text
from segcore.wording.quotes import quoted
from segcore.wording.taste import MATRICES
from segcore.wording.taste import METHODS as TASTE_METHODS

if TYPE_CHECKING:
    from segcore.records.estimate import Estimate
    from segcore.records.vectors import Vectors
    from segcore.records.vectors_check import VectorsCheck
    from segcore.wording.remedies import Audience

METHODS: Mapping[str, tuple[str, str]] = {
    "dbow": ("Bag of words", "a customer's vector predicts each product bought; fast, and the order does not count"),
    "dm": ("Distributed memory", "a customer's vector and the products before and after predict each product; slower"),
}
"""Title of each method, and what it does."""
OPTIONS: Mapping[str, str] = {
    "products": "Products that are words",
    "window": "Window",
    "least_products": "Minimum lines per customer",
    "least_count": "Minimum lines per product",
    "negative": "Negative samples",
    "exponent": "Exponent of negative samples",
    "sample": "Skip products above a share",
    "seed": "Seed",
}
"""Title of each further option's field on screen."""
COSINES = "Between products and customers only the order of the cosines counts: training pushes all of them down, even below 0."
INSTALL = f"{sys.executable} -m pip install gensim~=4.4"


def method_text(vectors: Vectors) -> str:
    """Return how vectors were made: "doc2vec, bag of words, 20 epochs, length 1"; with a number of epochs."""
    length = ", length 1" if vectors.lengths == "unit" else ""
    return f"doc2vec, {METHODS[vectors.method][0].lower()}, {counted(int(vectors.epochs), 'epoch')}{length}"


def _apart(customers: int, least: int, revenue_share: float | None = None) -> str:
    have, were = ("has", "was") if customers == 1 else ("have", "were")
    share = "" if revenue_share is None else f" with {percent_text(revenue_share)} of net revenue"
    return f"{counted(customers, 'customer')}{share} {have} fewer than {counted(least, 'line')} of known products and {were} set apart."


def _nobody(customers: int, left: int, least: int, known: float, do: str) -> str:
    who = "No customer has" if not left else "Only one customer has"
    share = f", which make up {percent_text(known)} of the lines" if known < 1 else ""
    return f"{who} at least {counted(least, 'line')} of known products{share}, of {customers:,} in all: {do}."


def _other(products: int, share: float, kept: int) -> str:
    return (
        f"The {kept:,} most frequent products are words; the other {products:,}, on {percent_text(share)} of the lines, are combined "
        "into one word."
    )


def _similar(nearest: Sequence[str]) -> str:
    return f" Similar: {listed([quoted(one) for one in nearest])}." if nearest else ""


def _of_many(ids: Sequence[str], number: int) -> str:
    shown = [quoted(one) for one in ids]
    return f"such as {', '.join(shown)}" if len(ids) < number else " or ".join(shown) if number == 2 else ", ".join(shown)


def _rare(given: str, words: int, do: str) -> str:
    return f"{quoted(given)} has no vector, because only the {words:,} most frequent products have one: {do}."


def cut_text(cut: str) -> str:
    """Return a moment given as ISO date and time: "2024-02-17", and its time of day unless that is midnight."""
    day, time = cut.split("T")
    return day if time == "00:00:00" else f"{day} {time.removesuffix(':00')}"


def verdict_text(check: VectorsCheck, audience: Audience = "command line") -> str:
    """Return whether the vectors predict the next basket better than the plain rival, which is offered if not, and both numbers."""
    found = check.next_basket
    if check.verdict == "unknown":
        reason = found.over_shares.reason or "the customers are too few."
        return f"Whether vectors predict the next basket is unknown: {reason[0].lower()}{reason[1:]}"
    start = {
        "vectors": "The vectors predict the next basket better than the plain rival",
        "shares": "The plain rival predicts the next basket better than the vectors",
        "alike": "The vectors predict the next basket no better than the plain rival, which is simpler",
    }[check.verdict]
    mine, other = share_text(found.cust2vec), share_text(found.shares)
    first, second = (other, mine) if check.verdict == "shares" else (mine, other)
    rival = "" if check.verdict == "vectors" else f": {rival_offer(check.dimensions, audience)}"
    return f"{start}{rival}. Of a customer's next products, {first} are among ten recommended, against {second}."


def rival_offer(dimensions: int, audience: Audience) -> str:
    """Return how to use the plain rival of so many dimensions, as the end of a sentence."""
    if audience == "command line":
        return f"use it with --features components={dimensions} --components svd --matrix tfidf"
    return f"choose {dimensions} components of taste, {TASTE_METHODS['svd'][0]}, with the values {MATRICES['tfidf'][0]}"


def check_notes(check: VectorsCheck) -> list[str]:
    """Return what else the check of vectors says, a sentence each: own favourites, attributes, and what is circular."""
    found, notes = check.next_basket, []
    if found.over_favourites.high is not None and found.over_favourites.high < 0:
        notes.append(
            f"To recommend products, take what the customer bought most so far: that gets {share_text(found.own_favourites)} of them right."
        )
    for name, lead in (("vectors", 1), ("plain rival", -1)):
        # Who predicts better, but no better than the most frequent value, predicts nothing.
        ahead = [
            one.column
            for one in check.attributes
            if _beyond_0(one.over_shares) == lead and _says_something(one.cust2vec if lead > 0 else one.shares, one.majority)
        ]
        if ahead:
            verb = "predict" if lead > 0 else "predicts"
            notes.append(f"The {name} {verb} {_columns(ahead)} better.")
    nothing = [one.column for one in check.attributes if one.cust2vec.low is not None and not _says_something(one.cust2vec, one.majority)]
    if nothing:
        notes.append(f"The vectors predict {_columns(nothing)} no better than the most frequent value does.")
    circular = [one.column for one in check.attributes if one.by_construction]
    if circular:
        verb = "comes" if len(circular) == 1 else "come"
        notes.append(f"{_columns(circular)} {verb} from purchases, as the vectors do: predicting that is in part true by construction.")
    return notes


def _columns(names: Sequence[str]) -> str:
    """Return a list of columns; those of several words are quoted, so that "in demographics" is not read as part of the sentence."""
    return listed([quoted(name) if " " in name else name for name in names])


def _says_something(found: Estimate, majority: Estimate) -> bool:
    return found.low is not None and found.low > (majority.value or 0)


def _beyond_0(difference: Estimate) -> int:
    if difference.low is None or difference.high is None:
        return 0
    return 1 if difference.low > 0 else -1 if difference.high < 0 else 0


SENTENCES: Mapping[str, Callable[..., str]] = {
    "vectors.no_gensim": lambda: f"Vectors of customers need gensim, which is not installed: run {INSTALL}.",
    "vectors.no_baskets": lambda data, do: (
        "Vectors of customers need transactions with a column of products, the role item, "
        f"{'which this data does not have' if data == 'transactions' else f'but this data is read as {data}'}: {do}."
    ),
    "vectors.one_product": lambda: (
        "All lines are of one product, so customers do not differ in what they buy: choose other features, or another column as item."
    ),
    "vectors.few_products": lambda least, do: f"Fewer than two products are on at least {counted(least, 'line')}: {do}.",
    "vectors.one_customer": lambda: "All lines are of one customer, and vectors compare customers: give the lines of others too.",
    "vectors.nothing_shared": lambda: (
        "No product was bought by more than one customer, so nothing shows who buys alike: choose other features, or another column as "
        "item."
    ),
    "vectors.nobody_left": _nobody,
    "vectors.customers_apart": _apart,
    "vectors.other_products": _other,
    "vectors.alike": lambda cosine, do: (
        f"The vectors of all customers point in nearly the same direction (mean cosine {cosine:.2f}), so the model has learned little of "
        f"their differences: {do}."
    ),
    "vectors.orders_at_once": lambda share: (
        f"{percent_text(share)} of the orders begin at the same time as another order of the customer: which came first is unknown, so "
        "these orders stay in the order of the file."
    ),
    "vectors.unseen_products": lambda share: f"{percent_text(share)} of the lines are of products that the model does not know.",
    "vectors.too_few": lambda customers, least: (
        f"{counted(customers, 'customer')} {'has' if customers == 1 else 'have'} fewer than {counted(least, 'line')} of known products: "
        "their segment says little."
    ),
    "vectors.name_taken": lambda names: (
        f"The data already {'has a feature' if len(names) == 1 else 'have features'} named {listed([quoted(name) for name in names])}: "
        "rename the column."
    ),
    "vectors.option_without": lambda features: f"Options of cust2vec are for the features cust2vec=64, not for {features}.",
    "vectors.bad_features": lambda asked: f"Ask for vectors as cust2vec=64, with their number of dimensions, not as {quoted(asked)}.",
    "vectors.bad_option": lambda given: f"An option of cust2vec is written as name=value, such as window=8, not as {quoted(given)}.",
    "vectors.bad_number": lambda option, given, whole: (
        f"{option} of cust2vec must be a {'whole ' if whole else ''}number, not {quoted(given)}."
    ),
    "vectors.needed": lambda asked: f"{asked} needs vectors of customers: ask for them with --features cust2vec=64.",
    "vectors.item_or_customer": lambda: "Neighbours are those of one product or of one customer: name an item or a customer, not both.",
    "vectors.unknown_product": lambda given, nearest: f"No product has the id or the title {quoted(given)}.{_similar(nearest)}",
    "vectors.shared_title": lambda title, products, ids: (
        f"{products:,} products have the title {quoted(title)}: name one by its id, {_of_many(ids, products)}."
    ),
    "vectors.rare_product": _rare,
    "vectors.unknown_customer": lambda given, nearest, least: (
        f"No customer with at least {counted(least, 'line')} of known products has the id {quoted(given)}.{_similar(nearest)}"
    ),
    "vectors.not_made": lambda asked: f"This data has no vectors yet: make them first ({asked}).",
}
