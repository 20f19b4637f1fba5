"""Preparation of a feature table for clustering, fitted once and applied to new customers too.

Transforms come first, then the scaler, then weights. Like the server, this module does not import scikit-learn: its scalers
equal scikit-learn's to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from segcore.errors import DataError, ParameterError
from segcore.features.ideas import Idea, find_ideas, idea_factors
from segcore.features.transforms import fitted_transform, transformed
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.plan import Plan
from segcore.records.preparation import Preparation, Scaler
from segcore.wording.findings import refusal

_EPS = float(np.finfo(np.float64).eps)


def resolve_plan(table: FeatureTable, plan: Plan) -> Plan:
    """Return a plan that is adapted to a table: columns replaced by their dummies, weights and transforms in the order of the features.

    Raises
    ------
    ParameterError
        If a feature is unknown or named twice, or no feature is given; if a weight or transform is for a feature that is not chosen; if a
        transformed feature is not a number.
    DataError
        If a name is a column that could not become a feature; with the reason.
    """
    chosen = table.select(plan.features)
    for what, named in (("weighted", plan.weights), ("transformed", plan.transforms)):
        for name in named:
            if name not in chosen.names:
                raise ParameterError(f"{name} is to be {what}, but is not among the chosen features: choose it, or leave that out.")
    kinds = {entry.name: entry.kind for entry in chosen.dictionary}
    for name, transform in plan.transforms.items():
        if kinds.get(name, "number") != "number":
            raise ParameterError(f"{name} is 0 or 1, and transforms do not change that: leave its {transform} transform out.")
    return replace(
        plan,
        features=chosen.names,
        transforms={name: plan.transforms[name] for name in chosen.names if name in plan.transforms},
        weights={name: plan.weights[name] for name in chosen.names if name in plan.weights},
    )


def fit_preparation(table: FeatureTable, plan: Plan) -> Preparation:
    """Fit the preparation that turns a plan's features into the matrix to cluster.

    Parameters
    ----------
    table : FeatureTable
        The rows to cluster, copies included: see `segcore.features.assemble.assemble`.
    plan : Plan
        Its transforms, scaler, weights and ideas are used; its outlier rule and copies are not.

    Raises
    ------
    ParameterError, DataError
        If the plan does not fit the table: see `resolve_plan`.
    DataError
        If a value is not finite.

    Notes
    -----
    A scaler's centre and scale are mean and standard deviation (ddof 0), minimum and range, median and interquartile range, or 0 and 1.
    A constant feature has scale 1. Transforms change numbers only: see `segcore.features.transforms`.

    The dummies of one column are scaled together, so that a column with many categories weighs no more than one with few.
    Of a column with m dummies in the table, ``minmax`` and ``robust`` leave each at 0 and w with ``w ** 2 = m / (4 (m - 1))``: between
    two random customers, m equally frequent categories then give a mean squared distance of 1/2 for any m, like a binary feature
    whose values are equally frequent. A single dummy stays 0 and 1. ``standard`` divides each by the root of the sum of their variances,
    so that together they have variance 1, like any other feature.

    Features of taste share the largest of their scales: the first component varies most because it matters most.

    References
    ----------
    ml_autosegmentation scales dummies for their number, and multiplies priority features by a factor, truncated to a whole number.
    """
    return fit_with_ideas(table, plan)[0]


def fit_with_ideas(table: FeatureTable, plan: Plan) -> tuple[Preparation, tuple[Idea, ...]]:
    """Fit the preparation, and return the ideas that count once in it: see `fit_preparation`."""
    plan = resolve_plan(table, plan)
    table = table.select(plan.features)
    finite = np.isfinite(table.values).all(axis=0)
    if not finite.all():
        name = table.names[int(np.argmin(finite))]
        raise refusal("feature.not_finite", feature=name)
    steps = _steps(table, plan)
    values = _transformed(np.asarray(table.values), steps)
    ideas = find_ideas(table, values) if plan.ideas == "once" else ()
    centre, scale = _fitted(values, plan.scaler, blocks_of(table))
    tastes = table.learned_names
    scale = _one_for_all(scale, values, [at for at, name in enumerate(table.names) if name in tastes])
    preparation = Preparation(
        features=table.names,
        scaler=plan.scaler,
        centre=tuple(float(value) for value in centre),
        scale=tuple(float(value) for value in scale),
        reference_date=table.reference_date,
        transforms=steps if plan.transforms else (),
        weights=_weights(table, plan, ideas),
        fitted=_fitted_for(table),
    )
    return preparation, ideas


def ideas_of(table: FeatureTable, plan: Plan) -> tuple[Idea, ...]:
    """Return the ideas among a plan's features after their transforms; ``table`` has the rows to cluster, as for `fit_preparation`."""
    table = table.select(plan.features)
    return find_ideas(table, _transformed(np.asarray(table.values), _steps(table, plan)))


def _steps(table: FeatureTable, plan: Plan) -> tuple[tuple[str, float], ...]:
    """Return the transform of each feature, "" for none, with its fitted parameter."""
    return tuple(
        (str(step), fitted_transform(table.column(name), step) if len(table) else 0.0)
        for name, step in ((name, plan.transforms.get(name, "")) for name in table.names)
    )


def _weights(table: FeatureTable, plan: Plan, ideas: tuple[Idea, ...]) -> tuple[float, ...]:
    """Return the factor on each scaled feature: the analyst's weight times that of its idea; empty if all are 1."""
    weights = np.array([plan.weights.get(name, 1.0) for name in table.names]) * idea_factors(table.names, ideas)
    return () if (weights == 1).all() else tuple(weights.tolist())


def _fitted_for(table: FeatureTable) -> Mapping[str, Any]:
    """Return the fitted values of the table's features, without those that only other features need."""
    learned = {"taste", "vectors"} & table.fitted.keys()
    if learned and not table.learned_names:
        return {name: values for name, values in table.fitted.items() if name not in learned}
    if "columns" not in table.fitted:
        return table.fitted
    from segcore.features.customers.encoding import needed_recipes

    return needed_recipes(table.fitted, table.names)


def blocks_of(table: FeatureTable) -> list[list[int]]:
    """Return the positions of the dummies of each column."""
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


def _one_for_all(scale: np.ndarray, values: np.ndarray, together: list[int]) -> np.ndarray:
    """Return scales with the largest of some features for all of them, so that scaling keeps their proportions."""
    varying = [at for at in together if np.ptp(values[:, at]) > 0] if len(values) else []
    if varying:
        scale = scale.copy()
        scale[together] = scale[varying].max()
    return scale


def _standard(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return means and standard deviations; a deviation is 1 where the spread may be due to rounding alone.

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
    """Return scales, with 1 in place of those that scikit-learn treats as 0."""
    return np.where(scale < 10 * _EPS, 1.0, scale)


def _transformed(values: np.ndarray, steps: tuple[tuple[str, float], ...]) -> np.ndarray:
    """Return the transformed features; ``values`` itself if nothing is transformed."""
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
        Without transforms, weights and dummies, it equals the output of scikit-learn's scaler to the bit.
    """
    values = np.asarray(values)
    if values.ndim != 2 or values.shape[1] != len(preparation.features):
        raise DataError(f"The rows have {values.shape[-1]} features, but {len(preparation.features)} were prepared.")
    X = np.array(_transformed(values, preparation.transforms), dtype=np.float64, order="C")
    centre, scale = np.asarray(preparation.centre), np.asarray(preparation.scale)
    with np.errstate(over="ignore"):  # the code that uses infinite values raises an error
        if preparation.scaler == "minmax":
            # scikit-learn multiplies before it shifts; the reverse order differs in the last bit.
            factor = 1 / scale
            X *= factor
            X += 0 - centre * factor
        elif preparation.scaler != "none":
            X -= centre
            X /= scale
        if preparation.weights:
            X *= np.asarray(preparation.weights)
    return X


def prepare_rows(table: FeatureTable, plan: Plan) -> np.ndarray:
    """Return a table's rows as they are clustered, for callers that do not need the preparation; see `fit_preparation`."""
    return apply_preparation(fit_preparation(table, plan), table.select(plan.features).values)
