"""From a feature table to the matrix that is clustered, and the same way again for new customers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from segcore.dataset import FeatureTable
from segcore.errors import DataError, ParameterError
from segcore.solution import SCALERS, Preparation, Scaler, Transform


def fit_preparation(
    table: FeatureTable,
    scaler: Scaler,
    *,
    weights: Mapping[str, float] | None = None,
    transforms: Mapping[str, Transform] | None = None,
) -> Preparation:
    """Fit the scaling of a table's features.

    Parameters
    ----------
    table : FeatureTable
        The rows to cluster, copies included.
    scaler : {"standard", "minmax", "robust", "none"}
        Mean and standard deviation (ddof 0); minimum and range; median and interquartile range; or the values as they are.
        A constant feature has scale 1.
    weights : mapping of feature to float, or None
        Factors on scaled features, each > 0.
    transforms : mapping of feature to {"log", "power"}, or None
        What is done to features before they are scaled.

    Raises
    ------
    ParameterError
        Where ``scaler`` is unknown.
    DataError
        Where a value is not finite.
    """
    if scaler not in SCALERS:
        raise ParameterError.unknown("scaler", scaler, SCALERS)
    finite = np.isfinite(table.values).all(axis=0)
    if not finite.all():
        name = table.names[int(np.argmin(finite))]
        raise DataError(f"{name} has values that are missing or infinite: leave it out, or clean the column.")
    centre, scale = _fitted(np.asarray(table.values), scaler)
    return Preparation(
        features=table.names,
        scaler=scaler,
        centre=tuple(float(value) for value in centre),
        scale=tuple(float(value) for value in scale),
        reference_date=table.reference_date,
        weights=tuple(float((weights or {}).get(name, 1.0)) for name in table.names) if weights else (),
        fitted=table.fitted,
    )


def _fitted(values: np.ndarray, scaler: Scaler) -> tuple[np.ndarray, np.ndarray]:
    if scaler == "none" or not len(values):
        return np.zeros(values.shape[1]), np.ones(values.shape[1])
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

    if scaler == "standard":
        standard = StandardScaler().fit(values)
        return standard.mean_, standard.scale_
    if scaler == "minmax":
        minmax = MinMaxScaler().fit(values)
        # What scikit-learn takes as constant gets scale 1; the rest keeps its range, of which its factor is the reciprocal.
        constant = minmax.data_range_ < 10 * np.finfo(np.float64).eps
        return minmax.data_min_, np.where(constant, 1.0, minmax.data_range_)
    robust = RobustScaler().fit(values)
    return robust.center_, robust.scale_


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
        On the rows it was fitted on, what scikit-learn's scaler gives with ``fit_transform``, to the bit.
    """
    X = np.array(values, dtype=np.float64, order="C")
    if X.ndim != 2 or X.shape[1] != len(preparation.features):
        raise DataError(f"The rows have {X.shape[-1]} features, but {len(preparation.features)} were prepared.")
    centre, scale = np.asarray(preparation.centre), np.asarray(preparation.scale)
    if preparation.scaler == "none":
        return X
    if preparation.scaler == "minmax":
        # scikit-learn multiplies before it shifts; the other order differs in the last bit.
        factor = 1 / scale
        X *= factor
        X += 0 - centre * factor
        return X
    X -= centre
    X /= scale
    return X


def scaled(values: np.ndarray, scaler: Scaler) -> np.ndarray:
    """Return scaled features, as `apply_preparation` gives them but for the last bit, without scikit-learn, which the server never imports.

    Parameters
    ----------
    values : ndarray of shape (n_customers, n_features), float64
    """
    if scaler == "none":
        return np.array(values, dtype=float)
    if scaler == "standard":
        centre, scale = values.mean(axis=0), values.std(axis=0)
    elif scaler == "minmax":
        centre, scale = values.min(axis=0), np.ptp(values, axis=0)
    else:
        low, centre, high = np.percentile(values, [25, 50, 75], axis=0)
        scale = high - low
    return (values - centre) / np.where(scale > 0, scale, 1.0)
