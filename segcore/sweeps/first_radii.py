"""The grid that is tried first: the defaults, with radii from the k-distance curve of a plan's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from segcore.clustering.quality.k_distance import KDistances, k_distances
from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.clustering.specification.presentation import RadiusHint
from segcore.features.assemble import assemble
from segcore.features.preparation import prepare_rows
from segcore.records.feature_table import FeatureTable
from segcore.records.grid import Grid, Value
from segcore.records.plan import Plan


def first_grid(spec: AlgorithmSpec, axes: Mapping[str, Sequence[Value]], table: FeatureTable, plan: Plan) -> Grid:
    """Return the grid with some axes set; of the others, a radius is suggested by the data, and the rest have their defaults.

    Parameters
    ----------
    spec : AlgorithmSpec
    axes : mapping of parameter to values
    table, plan
        See `radius_curve`.

    Raises
    ------
    ParameterError
        See `AlgorithmSpec.grid_with`.
    """
    if spec.radius is None or spec.radius.param in axes:
        return spec.grid_with(axes)
    return spec.grid_with({**(suggested_radii(radius_curve(table, plan, spec.radius.neighbours), spec.radius) or {}), **axes})


def radius_curve(table: FeatureTable, plan: Plan, neighbours: int) -> KDistances:
    """Return the k-distance curve of the rows that a plan clusters, without their copies.

    Parameters
    ----------
    table : FeatureTable
        Every feature of every customer.
    plan : Plan
    neighbours : int
        See `RadiusHint`.
    """
    rows = assemble(table, replace(plan, repeats=1)).table
    return k_distances(prepare_rows(rows, plan), neighbours, seed=plan.seed)


def suggested_radii(curve: KDistances, hint: RadiusHint) -> dict[str, tuple[float, ...]] | None:
    """Return the radii to try first, at the bend and around it; None if the curve has no bend."""
    if curve.eps is None:
        return None
    return {hint.param: tuple(float(f"{curve.eps * factor:.3g}") for factor in hint.factors)}
