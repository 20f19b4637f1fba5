"""Next basket: recall of ten recommended products on a split in time, by vectors and by plain rivals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from segcore.errors import DataError
from segcore.features.vectors.documents import choose_words, documents_of
from segcore.features.vectors.model import Progress, VectorModel, infer, train
from segcore.features.vectors.plain_rival import count_lines, plain_vectors
from segcore.records.estimate import Estimate, wilson_interval
from segcore.records.purchases import Baskets, Purchases
from segcore.records.vectors import Vectors
from segcore.records.vectors_check import NextBasket
from segcore.wording.numbers import counted
from segcore.wording.vectors import cut_text

if TYPE_CHECKING:
    from scipy.sparse import csr_array

RECOMMENDED = 10
HELD_OUT = 0.15
"""Share of the orders after the cut, as nearly as the times allow."""
MOST_CUSTOMERS = 10_000
"""If there are more customers, so many are sampled, because the intervals are then narrow."""
_CELLS = 4_000_000  # of a block of scores
_TRAINING, _INFERRING = 0.6, 0.3  # shares of the work
_LEVEL = 0.975  # of Student's t, for 95 % intervals


def check_next_basket(purchases: Purchases, vectors: Vectors, progress: Progress = lambda share: None) -> NextBasket:
    """Predict the first order of each customer after a cut in time from the orders before it.

    Parameters
    ----------
    purchases : Purchases
        With baskets.
    vectors : Vectors
        Options of the model that is trained on the orders before the cut; its customers have ``least_products`` lines there.
    progress : callable (float) -> None
        Called with the share done, 0 to 1.

    Notes
    -----
    All methods are judged on the same customers: those that the model was trained on and who have an order after the cut, at most 10,000.
    Recall is over all products, including those that were never bought before the cut, which no method can recommend. Ties go to the more
    frequent product.
    """
    split = split_in_time(purchases)
    if split is None:
        return NextBasket.undefined("All orders have the same time, so none can be held out.")
    past = replace(purchases, baskets=split.past)
    words = choose_words(past, vectors)
    documents = documents_of(past, words)
    trained = documents.known >= vectors.least_products
    judged = trained & split.has_next
    if judged.sum() < 2 or len(words.names) < 2:
        return NextBasket.undefined(
            f"Fewer than two customers have at least {counted(vectors.least_products, 'line')} of known products before "
            f"{cut_text(split.cut)}, and an order from then on."
        )
    judged = _sampled(judged, vectors.seed)
    model = train(documents.take(trained), words, vectors, lambda share: progress(_TRAINING * share))
    unscaled = replace(model, vectors=replace(vectors, lengths="kept"))
    X = infer(unscaled, documents.take(judged), lambda share: progress(_TRAINING + _INFERRING * share))
    catalogue = Catalogue.of(split.past.items, len(purchases.names))
    truth = [catalogue.rank[items] for items in split.next_items(judged)]
    counts = count_lines(split.past, len(purchases.names))[:, catalogue.items]
    n_words = len(words.names)  # the most frequent products of the catalogue, in its order
    recalls = {
        "cust2vec": recall(truth, highest(lambda rows: log_probabilities(X[rows], model), len(truth), n_words)),
        "own_favourites": recall(truth, favourites(counts[np.flatnonzero(judged)])),
        "popular": recall(truth, [np.arange(RECOMMENDED)] * len(truth)),
    }
    found = {name: mean_estimate(each, 0.0, 1.0) for name, each in recalls.items()}
    over_favourites = mean_estimate(recalls["cust2vec"] - recalls["own_favourites"], -1.0, 1.0)
    try:
        plain = plain_vectors(counts[np.flatnonzero(trained)], vectors.dimensions, seed=vectors.seed)
    except DataError as error:
        shares = over_shares = Estimate.undefined(str(error))
    else:
        scores = plain.scores[judged[trained]]
        rebuilt = recall(truth, highest(lambda rows: scores[rows] @ plain.loadings, len(truth), len(catalogue)))
        shares, over_shares = mean_estimate(rebuilt, 0.0, 1.0), mean_estimate(recalls["cust2vec"] - rebuilt, -1.0, 1.0)
    progress(1.0)
    return NextBasket(
        **found, shares=shares, over_shares=over_shares, over_favourites=over_favourites, cut=split.cut, share_after=split.share_after
    )


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Orders before and after one moment.

    Parameters
    ----------
    moment : int
        Microseconds since 1970; orders from this moment on are held out.
    past : Baskets
        Of all customers; those without an order before the moment have none.
    baskets : Baskets
        All of them.
    """

    moment: int
    past: Baskets
    baskets: Baskets

    @property
    def has_next(self) -> np.ndarray:
        """Who has an order from the moment on, shape (n_customers,), bool."""
        return np.asarray(np.diff(self.past.customers) < np.diff(self.baskets.customers))

    def next_items(self, customers: np.ndarray) -> list[np.ndarray]:
        """Return the different items of the first order from the moment on, for customers that have such an order."""
        first = (self.baskets.customers[:-1] + np.diff(self.past.customers))[customers]
        return [np.unique(self.baskets.items[self.baskets.orders[at] : self.baskets.orders[at + 1]]) for at in first]

    @property
    def share_after(self) -> float:
        """Share of the orders that are held out."""
        return 1 - len(self.past.placed) / len(self.baskets.placed)

    @property
    def cut(self) -> str:
        """The moment as ISO date and time."""
        return str(np.datetime64(self.moment, "us").astype("datetime64[s]"))


def split_in_time(purchases: Purchases) -> Split | None:
    """Return the split that holds out as near to 15 % of the orders as possible, or ``None`` if all orders have the same time."""
    baskets = purchases.baskets
    if baskets is None:
        raise ValueError("These purchases have no baskets.")
    moments, counts = np.unique(baskets.placed, return_counts=True)
    if len(moments) < 2:
        return None
    after = 1 - np.cumsum(counts)[:-1] / counts.sum()
    moment = int(moments[1:][np.argmin(np.abs(after - HELD_OUT))])
    return Split(moment, baskets.take_orders(baskets.placed < moment), baskets)


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All products that were bought, the most frequent first and equally frequent ones by name, as in `choose_words`.

    Parameters
    ----------
    items : ndarray of shape (n_products,), int64
        Positions of the products among all.
    rank : ndarray of shape (n_items,), int64
        Position of each product of the data in this catalogue; -1 if it was not bought.
    """

    items: np.ndarray
    rank: np.ndarray

    def __len__(self) -> int:
        """Return the number of products."""
        return len(self.items)

    @classmethod
    def of(cls, items: np.ndarray, n_items: int) -> Catalogue:
        """Build the catalogue from the item of each line."""
        lines = np.bincount(items, minlength=n_items)
        order = np.argsort(-lines, kind="stable")
        order = order[lines[order] > 0]
        rank = np.full(n_items, -1)
        rank[order] = np.arange(len(order))
        return cls(order, rank)


def log_probabilities(X: np.ndarray, model: VectorModel) -> np.ndarray:
    """Return the logarithm of the probability of each product, up to a constant for each customer, shape (n_customers, n_products).

    Parameters
    ----------
    X : ndarray of shape (n_customers, dimensions), float64
        Vectors that are not scaled.
    model : VectorModel

    Notes
    -----
    With negative sampling, the dot product of the two vectors is the logarithm of the probability over that of the noise, from which
    products are drawn in proportion to their frequency to the power ``exponent`` (Levy and Goldberg, 2014).
    """
    n = len(model.words.names)
    noise = model.vectors.exponent * np.log(model.words.counts[:n])
    return np.asarray(X @ model.output[:n].T + noise)


def recall(truth: Sequence[np.ndarray], recommended: Iterable[np.ndarray]) -> np.ndarray:
    """Return each customer's share of products that are among those recommended, shape (n_customers,), float64.

    Parameters
    ----------
    truth : sequence of ndarray
        The different products of each customer's order, at least one, as positions in the catalogue.
    recommended : iterable of ndarray
        Of each customer.
    """
    return np.array([np.isin(bought, offered).mean() for bought, offered in zip(truth, recommended, strict=True)])


def highest(scores_of: Callable[[slice], np.ndarray], n_customers: int, n_products: int) -> Iterator[np.ndarray]:
    """Yield for each customer the ten products with the highest scores; of equal scores the earlier product is taken.

    Parameters
    ----------
    scores_of : callable (slice) -> ndarray of shape (n_customers, n_products)
        Of some customers.
    n_customers, n_products : int
    """
    step, most = max(1, _CELLS // n_products), min(RECOMMENDED, n_products)
    for begin in range(0, n_customers, step):
        scores = scores_of(slice(begin, min(begin + step, n_customers)))
        least = np.partition(scores, n_products - most, axis=1)[:, n_products - most]
        for mine, lowest in zip(scores, least, strict=True):
            candidates = np.flatnonzero(mine >= lowest)
            yield candidates[np.argsort(-mine[candidates], kind="stable")[:most]]


def favourites(counts: csr_array) -> Iterator[np.ndarray]:
    """Yield for each customer the ten products with the most lines, filled up with popular ones.

    Parameters
    ----------
    counts : csr_array of shape (n_customers, n_products)
        Lines; the most popular product comes first.
    """
    popular = np.arange(min(2 * RECOMMENDED, counts.shape[1]))
    for begin, end in pairwise(counts.indptr):
        order = np.lexsort((counts.indices[begin:end], -counts.data[begin:end]))[:RECOMMENDED]
        own = counts.indices[begin:end][order]
        yield np.concatenate([own, popular[~np.isin(popular, own)]])[:RECOMMENDED]


def mean_estimate(values: np.ndarray, lowest: float, highest: float) -> Estimate:
    """Return the mean over customers with Student's 95 % interval, kept within the values' domain.

    Parameters
    ----------
    values : ndarray of shape (n_customers,), float64
        At least one.
    lowest, highest : float
        The domain. If all values are equal, Wilson's interval of a share is used instead, in this domain.
    """
    from scipy.special import stdtrit

    n, mean = len(values), float(np.mean(values))
    if n < 2 or np.ptp(values) == 0:
        low, high = wilson_interval((mean - lowest) / (highest - lowest), n)
        return Estimate(mean, lowest + low * (highest - lowest), lowest + high * (highest - lowest), n)
    reach = float(stdtrit(n - 1, _LEVEL) * np.std(values, ddof=1) / np.sqrt(n))
    return Estimate(mean, max(lowest, mean - reach), min(highest, mean + reach), n)


def _sampled(kept: np.ndarray, seed: int) -> np.ndarray:
    places = np.flatnonzero(kept)
    if len(places) <= MOST_CUSTOMERS:
        return kept
    found = np.zeros(len(kept), dtype=bool)
    found[np.random.default_rng(seed).choice(places, MOST_CUSTOMERS, replace=False)] = True
    return found
