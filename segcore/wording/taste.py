"""Sentences on features of taste: components of what customers bought or rated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from segcore.wording.numbers import counted, listed, percent_text
from segcore.wording.quotes import quoted, value_text

METHODS: Mapping[str, tuple[str, str]] = {
    "pca": ("Principal components", "the directions in which customers differ most"),
    "svd": ("Truncated SVD", "as principal components, but items are not centred, so that the first follows how much a customer has"),
    "nmf": ("Non-negative factors", "tastes that only add up; for values that are never negative"),
}
"""Title of each kind of components, and what they are."""
MATRICES: Mapping[str, tuple[str, str]] = {
    "centred": (
        "Less the customer's mean",
        "recommended for ratings: what a customer prefers, not how strictly they rate. An item that was not rated counts as average, not "
        "as the worst, and a customer's row has the same length however much they rated.",
    ),
    "log": ("Logarithm", "recommended for counts: the second purchase says more than the twentieth."),
    "zero": ("As they are", "an item that a customer does not have counts as 0, which for ratings is worse than the worst."),
    "binary": ("Has it or not", "how often, or how well it was rated, does not count."),
    "tfidf": ("TF-IDF", "rare items count more than those that everybody has, and each customer's row has the same length."),
}
"""Title of each kind of values in the matrix, and what it means."""
_OF = {"item": ("item", "items"), "category": ("category", "categories")}


def values_text(matrix: str, kind: str, of: str) -> str:
    """Return what the matrix of a component holds: "ratings less the customer's mean"."""
    what = "ratings" if kind == "ratings" and of == "item" else "counts"
    return {
        "centred": f"{what} less the customer's mean",
        "log": f"the logarithms of {what}",
        "binary": "whether a customer has each",
        "tfidf": f"{what} weighted by TF-IDF",
    }.get(matrix, what)


def _of(number: int, of: str) -> str:
    return counted(number, *_OF[of])


def _apart(customers: int, least: int, of: str) -> str:
    have, were = ("has", "was") if customers == 1 else ("have", "were")
    return f"{counted(customers, 'customer')} {have} {_fewer_than(least, of)} and {were} set apart."


def _fewer_than(least: int, of: str) -> str:
    return f"no {_OF[of][0]}" if least == 1 else f"fewer than {_of(least, of)}"


def _left_out(items: int, least: int, of: str) -> str:
    has = f"has fewer than {counted(least, 'customer')} and was" if items == 1 else f"have fewer than {counted(least, 'customer')} and were"
    return f"{_of(items, of)} {has} left out."


def _nobody_left(least_items: int, least_customers: int, of: str) -> str:
    return (
        f"No customer has at least {_of(least_items, of)} with at least {counted(least_customers, 'customer')} each: choose smaller "
        "least numbers."
    )


def _fewer(asked: int, made: int, customers: int, items: int, of: str) -> str:
    return (
        f"{counted(made, 'component')} instead of {asked:,}: {counted(customers, 'customer')} and {_of(items, of)} differ in no more "
        "directions."
    )


def _unseen(items: int, pairs: int, share: float, of: str) -> str:
    are = "is" if items == 1 else "are"
    return (
        f"{_of(items, of)} {are} not among those that the sweep was made from, and {are} ignored: {counted(pairs, 'value')}, "
        f"{percent_text(share)} of what the customers have."
    )


def _unstable(components: Sequence[int], least: float) -> str:
    which = "Component" if len(components) == 1 else "Components"
    return (
        f"{which} {listed([str(number) for number in components])} came out differently from other random starts (agreement down to "
        f"{least:.2f}, 1 is the same): do not rely on what they mean, or choose fewer components."
    )


def _spark_method(method: str, do: str) -> str:
    if method == "raw":
        return f"Spark does not make items features: choose features components=10, or {do}."
    return f"{METHODS[method][0]} ({method.upper()}) cannot be computed on Spark: choose components pca or svd, or {do}."


SENTENCES: Mapping[str, Callable[..., str]] = {
    "taste.no_purchases": lambda of, data: (
        f"Components need {'the column of the items' if of == 'item' else 'a column of categories'}, and customers with several of them: "
        f"{'a table with one row per customer has none' if data == 'customers' else f'no column has the role {of}'}."
    ),
    "taste.customers_apart": _apart,
    "taste.items_left_out": _left_out,
    "taste.nobody_left": _nobody_left,
    "taste.too_small": lambda customers, items, of: (
        f"Components need at least 2 customers and 2 {_OF[of][1]}: there are {counted(customers, 'customer')} and {_of(items, of)}."
    ),
    "taste.no_variance": lambda: "All customers have the same values in the matrix, so there is nothing in which they differ.",
    "taste.not_converged": lambda n: f"The {counted(n, 'component')} could not be computed: choose another number of components.",
    "taste.negative": lambda least, do: f"NMF needs values of at least 0, but the smallest is {least:.4g}: {do}.",
    "taste.raw_too_large": lambda customers, items, most, of: (
        f"{counted(customers, 'customer')} with {_of(items, of)} each are more than {most:,} cells: use components instead, or leave out "
        "rare ones with a larger least number of customers."
    ),
    "taste.fewer": _fewer,
    "taste.parallel": lambda n: f"Parallel analysis chose {counted(n, 'component')}: each explains more than chance would.",
    "taste.parallel_bounded": lambda n: f"Parallel analysis chose all {counted(n, 'component')} that it compared; there may be more.",
    "taste.none_above_chance": lambda: (
        "No component explains more than chance would, so the data show no tastes: give a number of components to see them anyway."
    ),
    "taste.unstable": _unstable,
    "taste.unseen_items": _unseen,
    "taste.too_few_items": lambda customers, least, of: (
        f"{counted(customers, 'customer')} {'has' if customers == 1 else 'have'} {_fewer_than(least, of)} of those that the sweep was "
        f"made from. {'They get' if customers > 1 else 'This customer gets'} a segment that says little about them."
    ),
    "taste.option_without": lambda option, given: (
        f"{option} {quoted(given)} is about components or items as features: also choose features components=10 or raw."
    ),
    "taste.bad_features": lambda asked, most: (
        f"{value_text(asked)} is not a number of components: give components=10, or another number from 1 to {most}, or components=auto."
    ),
    "taste.on_spark": lambda version, partitions: (
        f"The components were computed on Spark {version}, with the customers in {counted(partitions, 'partition')}."
    ),
    "taste.spark_method": _spark_method,
    "taste.not_made": lambda asked: f"{value_text(asked)} has not been computed for this data.",
}
