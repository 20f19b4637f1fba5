"""Basket missions: purposes of orders, found by clustering orders by the categories that they spend on."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import narwhals as nw
import numpy as np
import pandas as pd

from segcore.features.categories import NONE, as_category
from segcore.features.grouping import in_order
from segcore.features.taste.matrix import inverse_frequencies, weighted
from segcore.features.transactions.line_columns import OrderLines
from segcore.records.dataset import Dataset, is_cancelled
from segcore.records.finding import Finding, Remedy
from segcore.wording.findings import refusal
from segcore.wording.quotes import value_text

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MISSION = "basket_mission"
_FITTED, _STARTS, _SEED = 100_000, 3, 0
_IN_NAME, _NEAR_THE_TOP = 3, 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Missions:
    """Groups of orders that spend on the same categories.

    Parameters
    ----------
    names : tuple of str
        The largest group first; each name consists of the group's top categories.
    of_orders : ndarray of shape (n_orders,), int64
        Position of each order's group; -1 for orders without spend.
    """

    names: tuple[str, ...]
    of_orders: np.ndarray

    @property
    def sizes(self) -> list[int]:
        """Orders in each group."""
        return np.bincount(self.of_orders[self.of_orders >= 0], minlength=len(self.names)).tolist()

    def note(self, column: str, asked: int) -> Finding:
        """Return the finding that reports the missions: ``column`` is the category's column, ``asked`` the requested number."""
        without = int((self.of_orders < 0).sum())
        values = {"column": column, "asked": asked, "names": list(self.names), "sizes": self.sizes, "without": without}
        return Finding("feature.missions", values=values)


def require_orders(dataset: Dataset) -> None:
    """Raise `DataError` if missions cannot be found in data of this kind, or without the role category."""
    if dataset.kind != "transactions":
        raise refusal("feature.missions_of_orders", source=dataset.name, read_as=dataset.kind)
    if "category" not in dataset.roles:
        raise refusal("feature.missions_without_category", remedy=Remedy("role", {"role": "category"}), source=dataset.name)


def find_missions(dataset: Dataset, lines: OrderLines, n: int) -> Missions:
    """Cluster the orders by their categories.

    Parameters
    ----------
    dataset : Dataset of kind "transactions"
        With the role category.
    lines : OrderLines
        Of the data.
    n : int
        Number of groups, at least 2; fewer are found if there are fewer different orders.

    Raises
    ------
    DataError
        If fewer than two categories have spend; see also `require_orders`.

    Notes
    -----
    An order is the spend on each category (positive amounts, without cancelled lines) as TF-IDF of length 1; k-means has three starts and
    a fixed seed. It is fitted to at most 100,000 orders drawn at random, so the time for further orders is only that of assigning them.
    """
    require_orders(dataset)
    spent, categories = _spend(dataset, lines)
    if len(categories) < 2:
        raise refusal("feature.missions_of_one_category", source=dataset.name, column=dataset.roles["category"])
    bought = np.flatnonzero(np.diff(spent.indptr))
    X = spent[bought]
    X = weighted(X, "tfidf", inverse_frequencies(X))
    groups, centres = _clustered(X, n)
    order = np.argsort(-np.bincount(groups, minlength=len(centres)), kind="stable")
    of_orders = np.full(len(lines.customer), -1, dtype=np.int64)
    of_orders[bought] = np.argsort(order)[groups]
    return Missions(_names(centres[order], categories), of_orders)


def _spend(dataset: Dataset, lines: OrderLines) -> tuple[csr_array, list[str]]:
    """Return the spend of each order on each category, and the categories, those without spend left out."""
    from scipy.sparse import csr_array

    roles = {role: role for role in ("order", "quantity", "price", "amount", "category") if role in dataset.roles}
    amount = nw.col("amount") if "amount" in roles else nw.col("quantity") * nw.col("price")
    frame = in_order(dataset, roles)
    found = frame.select(as_category("category"), amount.alias("amount"), is_cancelled(roles).alias("cancelled"))
    spend = found["amount"].to_numpy()
    kept = (spend > 0) & ~found["cancelled"].to_numpy().astype(bool)
    place, names = pd.factorize(found["category"].to_pandas()[kept], sort=True)
    cells = lines.order[kept].astype(np.int32), place.astype(np.int32)  # scikit-learn does not accept other types
    return csr_array((spend[kept], cells), shape=(len(lines.customer), len(names))), [str(name) for name in names]


def _clustered(X: csr_array, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return each order's group, and the groups' centres; groups without orders are left out."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    drawn = np.random.default_rng(_SEED).permutation(X.shape[0])[:_FITTED]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different orders than groups
        fitted = KMeans(min(n, len(drawn)), n_init=_STARTS, random_state=_SEED).fit(X if len(drawn) == X.shape[0] else X[np.sort(drawn)])
    found, groups = np.unique(fitted.predict(X), return_inverse=True)
    return groups, fitted.cluster_centers_[found]


def _names(centres: np.ndarray, categories: list[str]) -> tuple[str, ...]:
    """Return names of the categories with at least half the weight of the group's first: at most three, or more to distinguish groups."""
    names: list[str] = []
    for centre in centres:
        top = [position for position in np.argsort(-centre, kind="stable") if centre[position] > 0]
        texts = ["no category" if categories[position] == NONE else value_text(categories[position]) for position in top]
        near = sum(centre[position] >= _NEAR_THE_TOP * centre[top[0]] for position in top[:_IN_NAME])
        choices = [", ".join(texts[:length]) for length in range(near, len(top) + 1)]
        free = (name for name in (*choices, *(f"{choices[0]} ({number})" for number in range(2, len(centres) + 1))) if name not in names)
        names.append(next(free))
    return tuple(names)
