"""Validation of a solution: how well naive Bayes, trained on other customers, predicts the segments from the features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from segcore.clustering.algorithms.registry import algorithm
from segcore.errors import DataError, StoreError
from segcore.features.assemble import kept_customers
from segcore.features.taste.components import fit_components, most_components, project
from segcore.features.taste.fitted import KEY, FittedTaste
from segcore.features.taste.matrix import inverse_frequencies, weighted
from segcore.features.taste.new_customers import known_items
from segcore.records.estimate import Estimate
from segcore.store.store import Store
from segcore.sweeps.evidence.describability import folds_of
from segcore.sweeps.evidence.refit import refit
from segcore.sweeps.prepared import prepare
from segcore.wording.numbers import percent_text, share_text

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Model = Literal["gaussian", "bernoulli"]
_PERMUTATIONS = 5
_CAUTIONS: Mapping[Model, str] = {
    "gaussian": "The segments were made from these very features: this says how simple they are, not whether they exist.",
    "bernoulli": "The segments were made from these very items: this says how simple they are, not whether they exist.",
}


@dataclass(frozen=True, slots=True, eq=False)
class Validation:
    """Labels against those that naive Bayes predicts out of fold.

    Parameters
    ----------
    labels : tuple of int
        Ascending; -1 is noise, one more class.
    matrix : ndarray of shape (n_labels, n_labels), int64
        Customers of each label, by row, predicted as each, by column.
    accuracy : Estimate
        Share of the customers predicted correctly, with Wilson's 95 % interval.
    majority : float
        Share of the most frequent label: the accuracy of always predicting this label.
    model : {"gaussian", "bernoulli"}
        From the features as clustered, or from which items each customer likes.
    split_items : SplitItems or None
        For segments made from what customers bought or rated: how well segments from one half of the items are predicted by the other half.
    """

    labels: tuple[int, ...]
    matrix: np.ndarray
    accuracy: Estimate
    majority: float
    model: Model = "gaussian"
    split_items: SplitItems | None = None

    @property
    def recalls(self) -> tuple[Estimate, ...]:
        """Share of each label's customers predicted correctly, with Wilson's 95 % interval."""
        sizes = self.matrix.sum(axis=1).tolist()
        shares = [hits / size for hits, size in zip(self.matrix.diagonal().tolist(), sizes, strict=True)]
        return tuple(map(Estimate.of_share, shares, sizes))

    @property
    def caution(self) -> str:
        """What the accuracy does not show."""
        return _CAUTIONS[self.model]

    @property
    def sentence(self) -> str:
        """The result and its meaning, in words."""
        honest = "" if self.split_items is None else f" {self.split_items.sentence}"
        return (
            f"Naive Bayes predicts the segment of {share_text(self.accuracy)} of the customers correctly; always predicting the largest "
            f"would be correct for {percent_text(self.majority)}. {self.caution}{honest}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain values, as ``validate --json`` prints them."""
        found = {
            "accuracy": self.accuracy.to_json(),
            "majority": self.majority,
            "labels": list(self.labels),
            "matrix": self.matrix.tolist(),
        }
        split = {} if self.split_items is None else {"split_items": self.split_items.to_json()}
        return {"naive_bayes": found, **split, "sentence": self.sentence}


@dataclass(frozen=True, slots=True)
class SplitItems:
    """How well segments made from one half of the items are predicted from the other half, by naive Bayes, out of fold.

    Parameters
    ----------
    accuracy : Estimate
        Share of the customers predicted correctly, with Wilson's 95 % interval.
    permuted : float
        Accuracy by chance: the mean of five runs with the segments' labels permuted among the customers.
    """

    accuracy: Estimate
    permuted: float

    @property
    def sentence(self) -> str:
        """The result, in words."""
        much = share_text(self.accuracy)
        found = f"Segments made again from one half of the items are predicted from the other half for {much} of the customers"
        if self.above_chance:
            return f"{found}, by chance for {percent_text(self.permuted)}: tastes carry over, or only how much customers choose does."
        return f"{found}, no more than by chance ({percent_text(self.permuted)})."

    @property
    def above_chance(self) -> bool:
        """Whether the interval of the accuracy lies above that of permuted labels."""
        return self.accuracy.low is not None and self.accuracy.low > self.permuted

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"accuracy": self.accuracy.to_json(), "permuted": self.permuted}


def naive_bayes(X: np.ndarray | csr_array, labels: np.ndarray, *, model: Model = "gaussian", seed: int = 0) -> Validation:
    """Predict each customer's label with a naive Bayes trained on the other four fifths of the customers.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_customers, n_features), float64
        Sparse only for ``bernoulli``.
    labels : ndarray of shape (n_customers,), int
    model : {"gaussian", "bernoulli"}
        scikit-learn's ``GaussianNB``, or ``BernoulliNB``, for values of 0 and 1.
    seed : int
        For the folds, over which each label is spread evenly.

    Notes
    -----
    A label that only one fold has cannot be predicted there; its customers count as wrong.
    """
    found, classes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    predicted = _out_of_fold(X, classes, model, seed)
    matrix = np.bincount(classes * len(found) + predicted, minlength=len(found) ** 2).reshape(len(found), len(found))
    n, share = len(classes), float(np.trace(matrix) / len(classes))
    accuracy = Estimate.of_share(share, n)
    return Validation(tuple(found.tolist()), matrix, accuracy, float(sizes.max() / n), model)


def _out_of_fold(X: np.ndarray | csr_array, classes: np.ndarray, model: Model, seed: int) -> np.ndarray:
    from sklearn.naive_bayes import BernoulliNB, GaussianNB

    folds = folds_of(classes, seed)
    predicted = np.full(len(classes), int(np.argmax(np.bincount(classes))))
    for fold in np.unique(folds):
        held_out = folds == fold
        if not (~held_out).any():
            continue
        learner = GaussianNB() if model == "gaussian" else BernoulliNB(binarize=None)
        with np.errstate(divide="ignore", invalid="ignore"):  # if the other customers are all alike
            predicted[held_out] = learner.fit(X[~held_out], classes[~held_out]).predict(X[held_out])
    return predicted


def split_items(X: csr_array, cluster: Callable[[csr_array], np.ndarray], likes: csr_array, *, seed: int = 0) -> SplitItems | None:
    """Predict segments that are made from one random half of the items, using the other half.

    Parameters
    ----------
    X : csr_array of shape (n_customers, n_items), float64
        Counts or ratings, as they are.
    cluster : callable (csr_array of shape (n_customers, n_half)) -> labels of shape (n_customers,)
        Makes segments from some of the items.
    likes : csr_array of shape (n_customers, n_items)
        1 where a customer likes the item.
    seed : int
        For the halves, the folds and the permutations.

    Returns
    -------
    SplitItems or None
        ``None`` if there are too few items, or fewer than two segments.

    Notes
    -----
    Labels and predictors share no item, so a prediction above chance is not circular: what customers like in one half is related to what
    they like in the other. How much they buy or rate at all shows in both halves too.
    """
    draw = np.random.default_rng([seed, 2])
    order = draw.permutation(X.shape[1])
    one, other = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    if not len(one):
        return None
    _, classes = np.unique(cluster(X[:, one]), return_inverse=True)
    if classes.max(initial=0) < 1:
        return None
    predictors = likes[:, other]

    def accuracy(labels: np.ndarray) -> float:
        return float((_out_of_fold(predictors, labels, "bernoulli", seed) == labels).mean())

    share, n = accuracy(classes), len(classes)
    chance = float(np.mean([accuracy(draw.permutation(classes)) for _ in range(_PERMUTATIONS)]))
    return SplitItems(Estimate.of_share(share, n), chance)


def liked(X: csr_array, *, rated: bool) -> csr_array:
    """Return 1 where a customer likes an item: rates it at least as high as the mean of what the customer rated, or buys it at all.

    Parameters
    ----------
    X : csr_array of shape (n_customers, n_items), float64
    rated : bool
        Whether the values are ratings, not counts.
    """
    there = weighted(X, "centred").data >= 0 if rated else X.data > 0
    found = type(X)((there.astype(np.float64), X.indices.copy(), X.indptr.copy()), shape=X.shape)
    found.eliminate_zeros()  # in place
    return found


def validate(store: Store, sweep_id: str, position: int, *, seed: int = 0) -> Validation:
    """Validate a solution of a sweep, without copies.

    Segments made from features of taste are predicted by a Bernoulli naive Bayes from the items that each customer likes, and segments from
    one half of the items from the other half; all other segments are predicted from the values that were clustered.

    Parameters
    ----------
    store : Store
    sweep_id : str
    position : int
        Of the solution.
    seed : int
        See `naive_bayes` and `split_items`.

    Raises
    ------
    StoreError
        If the solution is not finished, or has no segments.
    """
    spec, solution = store.spec(sweep_id), store.labelled_solution(sweep_id, position)
    repeats = spec.plan.repeats
    labels = np.asarray(solution.labels)[::repeats]
    table = store.feature_table(spec.table, profile=False) if "taste" in spec.data else None
    if table is None or not spec.plan.features or not set(spec.plan.features) <= table.learned_names:
        return naive_bayes(prepare(store, spec, ids=False).X[::repeats], labels, seed=seed)
    fitted = FittedTaste.read(store, table.fitted[KEY])
    purchases = store.purchases(spec.table, fitted.taste.of)
    if purchases is None:
        raise StoreError("What the customers chose is no longer in the store: load the data and run the sweep again.")
    X, _ = known_items(purchases.take(kept_customers(table, spec.plan)), fitted.items)
    likes = liked(X, rated=spec.data["kind"] == "ratings" and fitted.taste.of == "item")

    def cluster(half: csr_array) -> np.ndarray:
        taste = fitted.taste
        idf = inverse_frequencies(half) if taste.matrix == "tfidf" else None
        weights = weighted(half, taste.matrix or "zero", idf, lengths=taste.lengths or "kept")
        if taste.components == "raw":
            scores = weights.toarray()
        else:
            n = min(int(taste.n), most_components(weights))
            scores = project(weights, fit_components(weights, taste.components, n, seed=taste.seed))
        if spec.plan.scaler != "none":  # features of taste share one scale
            scores = (scores - scores.mean(axis=0)) / (scores.std(axis=0).max() or 1.0)
        [found] = refit(algorithm(spec.algorithm), scores, np.arange(len(scores)), [spec.points[position]], seed=spec.plan.seed)
        return np.zeros(len(scores), np.int64) if found.labels is None else np.asarray(found.labels)

    found = naive_bayes(likes, labels, model="bernoulli", seed=seed)
    try:
        return replace(found, split_items=split_items(X, cluster, likes, seed=seed))
    except DataError:  # a half of the items has no components
        return found
