"""Attributes of customers predicted from vectors, and from a plain rival: by multinomial logistic regression, out of fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segcore.features.transactions.dictionary import SPENT
from segcore.features.transactions.rfm import SEGMENT
from segcore.features.vectors.next_basket import mean_estimate
from segcore.records.estimate import Estimate
from segcore.records.feature_table import FeatureTable
from segcore.records.vectors_check import AttributeCheck

OF_ORDERS = "column.of_orders"
"""Code of columns of order lines that describe orders, such as the type of basket."""
LEAST_VALUES, MOST_VALUES = 2, 20
LEAST_CUSTOMERS = 100
LEAST_OF_A_VALUE = 10
"""Customers with a rarer value are left out: each fold needs some customers with each value."""
MOST_CUSTOMERS = 10_000
"""If there are more customers, so many are sampled."""
_FOLDS, _INNER_FOLDS = 5, 3
_INVERSE_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)  # the first predicts hardly more than the most frequent value


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """A category that customers have.

    Parameters
    ----------
    column : str
    texts : ndarray of shape (n_customers,), object
        The value as text; ``None`` if missing.
    by_construction : bool
        Whether it comes from purchases itself.
    """

    column: str
    texts: np.ndarray
    by_construction: bool = False


def attributes_of(table: FeatureTable) -> tuple[Attribute, ...]:
    """Return the profile columns of a table that are categories, and the category with the customer's largest spend.

    Parameters
    ----------
    table : FeatureTable
        With its profile. Columns are left out unless they have 2 to 20 values, each of at least 10 customers, and 100 such customers.
    """
    of_orders = {name for name, reason in table.dropped().items() if reason.code == OF_ORDERS}
    made = {SEGMENT, *of_orders}
    found = [Attribute(name, _texts(values), by_construction=name in made) for name, values in table.profile.items()]
    spent = [at for at, name in enumerate(table.names) if name.startswith(SPENT.prefix)]
    if spent:
        shares = table.values[:, spent]
        labels = np.array([table.names[at].removeprefix(SPENT.prefix) for at in spent], dtype=object)
        most = labels[shares.argmax(axis=1)]
        most[shares.max(axis=1) <= 0] = None
        entry = next(entry for entry in table.dictionary if entry.name == table.names[spent[0]])
        found.append(Attribute(f"dominant {entry.columns[0]}", most, by_construction=True))
    return tuple(usable for usable in map(_usable, found) if usable is not None)


def _texts(values: np.ndarray) -> np.ndarray:
    import pandas as pd

    there = ~pd.isna(values)
    found = np.full(len(values), None, dtype=object)
    if values.dtype.kind == "f" and (np.rint(values[there]) != values[there]).any():
        return found  # a measurement
    found[there] = [str(int(value) if values.dtype.kind == "f" else value) for value in values[there]]
    return found


def _usable(attribute: Attribute) -> Attribute | None:
    texts = attribute.texts.copy()
    there = np.array([text is not None for text in texts], dtype=bool)
    known, place, sizes = np.unique(texts[there].astype(str), return_inverse=True, return_counts=True)
    if len(known) > MOST_VALUES:
        return None
    texts[np.flatnonzero(there)[sizes[place] < LEAST_OF_A_VALUE]] = None
    large = sizes[sizes >= LEAST_OF_A_VALUE]
    if len(large) < LEAST_VALUES or large.sum() < LEAST_CUSTOMERS:
        return None
    return Attribute(attribute.column, texts, attribute.by_construction)


def check_attribute(attribute: Attribute, vectors: np.ndarray, shares: np.ndarray | None, *, seed: int) -> AttributeCheck:
    """Predict an attribute, each customer by a model fitted to the other four fifths.

    Parameters
    ----------
    attribute : Attribute
        As `attributes_of` gives it.
    vectors : ndarray of shape (n_customers, n_dimensions), float64
    shares : ndarray of shape (n_customers, n_components), float64, or None
        ``None`` if there is no plain rival.
    seed : int
        Of the folds, which are the same for both, and of the sample.
    """
    rows = np.flatnonzero([text is not None for text in attribute.texts])
    if len(rows) > MOST_CUSTOMERS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_CUSTOMERS, replace=False))
    known, classes = np.unique(attribute.texts[rows].astype(str), return_inverse=True)
    right = predicts(vectors[rows], classes, seed=seed)
    rival = None if shares is None else predicts(shares[rows], classes, seed=seed)
    nothing = Estimate.undefined("The customers' shares of products do not differ.")
    return AttributeCheck(
        column=attribute.column,
        values=len(known),
        cust2vec=Estimate.of_share(float(right.mean()), len(right)),
        shares=nothing if rival is None else Estimate.of_share(float(rival.mean()), len(rival)),
        majority=Estimate.of_share(float(np.bincount(classes).max() / len(classes)), len(classes)),
        over_shares=nothing if rival is None else mean_estimate(right.astype(float) - rival, -1.0, 1.0),
        by_construction=attribute.by_construction,
    )


def predicts(X: np.ndarray, classes: np.ndarray, *, seed: int) -> np.ndarray:
    """Return which customers' class is predicted correctly, out of fold, shape (n_customers,), bool.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
        Centred, and scaled as a whole, so that features keep their proportions.
    classes : ndarray of shape (n_customers,), int
        Each of at least 10 customers.
    seed : int
        Of the folds.

    Notes
    -----
    scikit-learn's ``LogisticRegression``; the strength of its penalty is chosen in each fold by log loss on three inner folds, so that
    uninformative features do about as well as the most frequent class, and not worse.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    spread = np.sqrt(X.var(axis=0).mean())
    X = (X - X.mean(axis=0)) / (spread if spread > 0 else 1.0)
    right = np.zeros(len(classes), dtype=bool)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    for others, held_out in folds.split(X, classes):
        inner = StratifiedKFold(_INNER_FOLDS, shuffle=True, random_state=seed)
        search = GridSearchCV(LogisticRegression(max_iter=1000), {"C": _INVERSE_PENALTIES}, scoring="neg_log_loss", cv=inner)
        right[held_out] = search.fit(X[others], classes[others]).predict(X[held_out]) == classes[held_out]
    return right
