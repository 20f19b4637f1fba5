"""From a feature table to the matrix that is clustered, and the same way again for new customers.

Transforms come first, then the scaler, then weights. Nothing here imports scikit-learn, which the server never does either: the scalers
are its own, to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from segcore.errors import DataError, ParameterError
from segcore.features.transforms import fitted_transform, transformed
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.preparation import SCALERS, TRANSFORMS, Preparation, Scaler, Transform
from segcore.wording.findings import refusal

_EPS = float(np.finfo(np.float64).eps)


def fit_preparation(
    table: FeatureTable,
    scaler: Scaler,
    *,
    weights: Mapping[str, float] | None = None,
    transforms: Mapping[str, Transform] | None = None,
) -> Preparation:
    """Fit what makes the matrix to cluster of a table's features.

    Parameters
    ----------
    table : FeatureTable
        The rows to cluster, copies included.
    scaler : {"standard", "minmax", "robust", "none"}
        Mean and standard deviation (ddof 0); minimum and range; median and interquartile range; or the values as they are.
        A constant feature has scale 1. The dummies of one column are scaled together, so that a column with many categories weighs no
        more than one with few: see Notes.
    weights : mapping of feature to float, or None
        Factors on scaled features, each > 0 and finite; features that are not named have 1.
    transforms : mapping of feature to {"log", "power"}, or None
        What is done to features before they are scaled, binary ones and dummies excepted: see `segcore.features.transforms`.

    Raises
    ------
    ParameterError
        Where ``scaler`` is unknown, a weight or transform is outside its domain, or one is for a feature that is not in the table.
    DataError
        Where a value is not finite.

    Notes
    -----
    Of a column with m dummies in the table, ``minmax`` and ``robust`` leave each at 0 and w with ``w ** 2 = m / (4 (m - 1))``: between
    two random customers, m equally frequent categories then make a mean squared distance of 1/2 whatever m is, as a binary feature does
    whose values are equally frequent. One dummy alone is 0 and 1. ``standard`` divides each by the root of the sum of their variances,
    so that they have the variance 1 together, as any other feature has.

    References
    ----------
    ml_autosegmentation scales dummies for their number, and multiplies priority features by a factor that it cuts to a whole number.
    """
    if scaler not in SCALERS:
        raise ParameterError.unknown("scaler", scaler, SCALERS)
    weights, transforms = checked_weights(table, weights or {}), checked_transforms(table, transforms or {})
    finite = np.isfinite(table.values).all(axis=0)
    if not finite.all():
        name = table.names[int(np.argmin(finite))]
        raise refusal("feature.not_finite", feature=name)
    steps = tuple(
        (str(step), fitted_transform(table.column(name), step) if len(table) else 0.0)
        for name, step in ((name, transforms.get(name, "")) for name in table.names)
    )
    centre, scale = _fitted(_transformed(np.asarray(table.values), steps), scaler, _blocks(table))
    return Preparation(
        features=table.names,
        scaler=scaler,
        centre=tuple(float(value) for value in centre),
        scale=tuple(float(value) for value in scale),
        reference_date=table.reference_date,
        transforms=steps if transforms else (),
        weights=tuple(weights.get(name, 1.0) for name in table.names) if weights else (),
        fitted=_fitted_for(table),
    )


def _fitted_for(table: FeatureTable) -> Mapping[str, Any]:
    """Return what made the table's features, without what made others only."""
    if "columns" not in table.fitted:
        return table.fitted
    from segcore.features.customers.encoding import needed_recipes

    return needed_recipes(table.fitted, table.names)


def checked_weights(table: FeatureTable, weights: Mapping[str, float]) -> dict[str, float]:
    """Return weights in the table's order, those of 1 left out.

    Raises
    ------
    ParameterError
        Where one is for a feature that is not in the table, or not a finite number above 0.
    """
    _require_chosen(table, weights, "weighted")
    for name, weight in weights.items():
        if isinstance(weight, bool) or not (math.isfinite(weight) and weight > 0):
            raise ParameterError(f"The weight of {name} must be a number above 0, such as 2.5 or 0.5, got {weight!r}.")
    return {name: float(weights[name]) for name in table.names if name in weights and weights[name] != 1}


def checked_transforms(table: FeatureTable, transforms: Mapping[str, Transform]) -> dict[str, Transform]:
    """Return transforms in the table's order.

    Raises
    ------
    ParameterError
        Where one is unknown, or for a feature that is not in the table or is not a number.
    """
    _require_chosen(table, transforms, "transformed")
    kinds = {entry.name: entry.kind for entry in table.dictionary}
    for name, transform in transforms.items():
        if transform not in TRANSFORMS:
            raise ParameterError.unknown(f"transform of {name}", transform, TRANSFORMS)
        if kinds.get(name, "number") != "number":
            raise ParameterError(f"{name} is 0 or 1, which no transform changes: leave its {transform} transform out.")
    return {name: transforms[name] for name in table.names if name in transforms}


def _require_chosen(table: FeatureTable, names: Mapping[str, object], what: str) -> None:
    for name in names:
        if name not in table.names:
            raise ParameterError(f"{name} is to be {what}, but it is not among the chosen features: choose it, or leave that out.")


def _blocks(table: FeatureTable) -> list[list[int]]:
    """Return the positions of each column's dummies."""
    entries: dict[str, FeatureEntry] = {entry.name: entry for entry in table.dictionary}
    blocks: dict[str, list[int]] = {}
    for position, name in enumerate(table.names):
        if name in entries and entries[name].block:
            blocks.setdefault(entries[name].block, []).append(position)
    return list(blocks.values())


def _fitted(values: np.ndarray, scaler: Scaler, blocks: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the centre and the scale of each feature, shape (n_features,) both."""
    if scaler == "none" or not len(values):
        return np.zeros(values.shape[1]), np.ones(values.shape[1])
    centre, scale = {"standard": _standard, "minmax": _minmax, "robust": _robust}[scaler](values)
    for block in blocks:
        if scaler == "standard":
            scale[block] = math.sqrt(float(values[:, block].var(axis=0).sum())) or 1.0
        else:
            m = len(block)
            centre[block], scale[block] = 0.0, math.sqrt(4 * (m - 1) / m) if m > 1 else 1.0
    return centre, scale


def _standard(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return means and standard deviations, which are 1 where rounding alone could be all the spread there is.

    References
    ----------
    Chan, Golub and LeVeque (1983), The American Statistician 37: the corrected two-pass variance and the bound on its error.
    """
    n = len(values)
    centre = values.sum(axis=0) / n
    apart = values - centre
    correction = apart.sum(axis=0)
    apart **= 2
    variance = (apart.sum(axis=0) - correction**2 / n) / n
    constant = variance <= n * _EPS * variance + (n * centre * _EPS) ** 2
    return centre, np.where(constant, 1.0, np.sqrt(variance))


def _minmax(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return minima and ranges."""
    least = values.min(axis=0)
    return least, _without_zeros(values.max(axis=0) - least)


def _robust(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return medians and interquartile ranges."""
    quarters = np.percentile(values, (25.0, 75.0), axis=0)
    return np.median(values, axis=0), _without_zeros(quarters[1] - quarters[0])


def _without_zeros(scale: np.ndarray) -> np.ndarray:
    """Return scales with 1 in the place of those that scikit-learn takes for 0."""
    return np.where(scale < 10 * _EPS, 1.0, scale)


def _transformed(values: np.ndarray, steps: tuple[tuple[str, float], ...]) -> np.ndarray:
    """Return features as they are scaled: ``values`` itself where nothing is transformed."""
    if not any(step for step, _ in steps):
        return values
    found = np.array(values, dtype=np.float64, order="C")
    for column, (step, parameter) in enumerate(steps):
        if step:
            found[:, column] = transformed(found[:, column], step, parameter)
    return found


def apply_preparation(preparation: Preparation, values: np.ndarray) -> np.ndarray:
    """Return the matrix to cluster or to score.

    Parameters
    ----------
    preparation : Preparation
    values : ndarray of shape (n_customers, n_features), float64
        The features of ``preparation.features``, in that order, unscaled.

    Returns
    -------
    ndarray of shape (n_customers, n_features), float64, C order
        Without transforms, weights and dummies: what scikit-learn's scaler gives, to the bit.
    """
    values = np.asarray(values)
    if values.ndim != 2 or values.shape[1] != len(preparation.features):
        raise DataError(f"The rows have {values.shape[-1]} features, but {len(preparation.features)} were prepared.")
    X = np.array(_transformed(values, preparation.transforms), dtype=np.float64, order="C")
    centre, scale = np.asarray(preparation.centre), np.asarray(preparation.scale)
    if preparation.scaler == "minmax":
        # scikit-learn multiplies before it shifts; the other order differs in the last bit.
        factor = 1 / scale
        X *= factor
        X += 0 - centre * factor
    elif preparation.scaler != "none":
        X -= centre
        X /= scale
    if preparation.weights:
        with np.errstate(over="ignore"):
            X *= np.asarray(preparation.weights)
    return X


def prepare_rows(
    table: FeatureTable,
    scaler: Scaler,
    *,
    weights: Mapping[str, float] | None = None,
    transforms: Mapping[str, Transform] | None = None,
) -> np.ndarray:
    """Return a table's rows as they are clustered, where how they were prepared is not needed; see `fit_preparation`."""
    return apply_preparation(fit_preparation(table, scaler, weights=weights, transforms=transforms), table.values)


def distance_shares(X: np.ndarray) -> np.ndarray:
    """Return how much each feature counts for in the distances between customers, shape (n_features,): shares that sum to 1.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
        Rows as they are clustered.

    Notes
    -----
    The mean squared distance of two customers is twice the sum of the features' variances, so that a feature's share of the one is its
    share of the other. A feature with a share near 0 hardly moves a segment, whatever it is called: min-max scaling leaves one with a
    few very large values there, until it is transformed or weighs more. All 0 where no feature varies.
    """
    variances = np.array([column.var() for column in X.T])  # one at a time: beside a copy of all, a large matrix would be there twice
    whole = float(variances.sum())
    return variances / whole if whole > 0 else np.zeros(X.shape[1])


def catch_up(table: FeatureTable, scaler: Scaler, *, transforms: Mapping[str, Transform] | None = None) -> dict[str, float]:
    """Return the factor that makes each feature's column count for as much as an average one; 1 for those that count for more.

    Parameters
    ----------
    table : FeatureTable
        The rows to cluster, with the features to cluster on.
    scaler, transforms
        As in `fit_preparation`.

    Returns
    -------
    dict of feature to float
        At least 1; one number for all dummies of a column, and 1 for a column that does not vary. What counts is the variance of the
        scaled features of the column: see `distance_shares`.

    Notes
    -----
    Min-max scaling leaves a feature with a few very large values with next to no variance beside one that is 0 or 1. A factor of 4 that
    makes the one rule the segments does nothing to the other, unless it catches up first. The standard scaler gives all the same variance.
    """
    X = prepare_rows(table, scaler, transforms=transforms)
    variances = np.array([column.var() for column in X.T])
    blocks = _blocks(table)
    columns = blocks + [[position] for position in sorted(set(range(len(table.names))).difference(*blocks))]
    of_columns = np.array([variances[column].sum() for column in columns])
    average = float(of_columns.mean())
    factors = np.ones(len(table.names))
    for column, variance in zip(columns, of_columns.tolist(), strict=True):
        factors[column] = factor_to(average, variance)
    return dict(zip(table.names, factors.tolist(), strict=True))


def factor_to(average: float, variance: float) -> float:
    """Return the factor, at least 1, that brings what has a variance up to the average one; see `catch_up`."""
    # What varies no more than rounding does would be raised to rule the segments by it.
    return max(1.0, math.sqrt(average / variance)) if variance > 1e-20 * average else 1.0
