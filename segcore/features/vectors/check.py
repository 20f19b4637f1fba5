"""Check of the vectors in a stored table: whether they predict held-out data better than plain rivals do."""

from __future__ import annotations

import importlib.metadata

import numpy as np

from segcore import __version__
from segcore.errors import DataError, ParameterError
from segcore.features.taste.matrix import choose_cells
from segcore.features.vectors.attributes import attributes_of, check_attribute
from segcore.features.vectors.model import Progress, require_gensim
from segcore.features.vectors.next_basket import check_next_basket
from segcore.features.vectors.plain_rival import plain_vectors
from segcore.features.vectors.stored_model import KEY, FittedVectors, vectors_of
from segcore.records.feature_table import FeatureTable
from segcore.records.purchases import Purchases
from segcore.records.vectors_check import VectorsCheck
from segcore.store.damage import if_readable
from segcore.store.store import Store
from segcore.system.digests import digest
from segcore.wording.findings import refusal

_EDITION = 1  # of the stored record; raising it invalidates the records stored before
_NEXT_BASKET = 0.7  # share of the work


def check_key(table: str) -> str:
    """Return the key under which the store has the check of a stored table's vectors.

    Raises
    ------
    ParameterError
        If gensim is not installed.
    """
    require_gensim()
    versions = {package: importlib.metadata.version(package) for package in ("numpy", "scipy", "scikit-learn", "gensim")}
    return digest({"vectors_check": _EDITION, "table": table, "segcore": __version__, "versions": versions})


def known_check(store: Store, table: str) -> VectorsCheck | None:
    """Return the stored check of a stored table's vectors, or ``None``.

    Raises
    ------
    ParameterError
        If gensim is not installed.
    """
    record = store.intake(check_key(table))
    return None if record is None else if_readable(lambda: VectorsCheck.from_json(record))


def check_vectors(store: Store, table: str, progress: Progress = lambda share: None) -> VectorsCheck:
    """Check the vectors of a stored table and store the result, or return a stored check.

    Parameters
    ----------
    store : Store
    table : str
        Id of the stored feature table with vectors.
    progress : callable (float) -> None
        Called with the share done, 0 to 1.

    Raises
    ------
    ParameterError
        If the table has no vectors, or gensim is not installed.

    Notes
    -----
    A second model is trained, so the check takes about as long as making the vectors did, plus some seconds for each attribute.
    """
    known = known_check(store, table)
    if known is not None:
        return known
    rows = store.feature_table(table)
    purchases = store.purchases(table, "item")
    if KEY not in rows.fitted or purchases is None:
        raise refusal("vectors.needed", kind=ParameterError, asked="vectors-check")
    found = _check(rows, purchases, FittedVectors.read(store, rows.fitted[KEY]), progress)
    store.put_intake(check_key(table), found.to_json())
    return found


def _check(rows: FeatureTable, purchases: Purchases, fitted: FittedVectors, progress: Progress) -> VectorsCheck:
    vectors = fitted.model.vectors
    next_basket = check_next_basket(purchases, vectors, lambda share: progress(_NEXT_BASKET * share))
    X = vectors_of(rows, vectors.dimensions)
    attributes = attributes_of(rows)
    shares = _shares(purchases, vectors.dimensions, vectors.seed) if attributes else None
    checks = []
    for done, attribute in enumerate(attributes, 1):
        checks.append(check_attribute(attribute, X, shares, seed=vectors.seed))
        progress(_NEXT_BASKET + (1 - _NEXT_BASKET) * done / len(attributes))
    progress(1.0)
    return VectorsCheck(vectors.dimensions, next_basket, tuple(checks))


def _shares(purchases: Purchases, dimensions: int, seed: int) -> np.ndarray | None:
    try:
        return plain_vectors(choose_cells(purchases).X, dimensions, seed=seed).scores
    except DataError:
        return None
