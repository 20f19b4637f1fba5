"""Discriminant functions of an algorithm's segments: arithmetic by which a new customer is assigned, for scoring outside segcore."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class LinearDiscriminants:
    """Functions ``(x - origin) @ slopes[i] + constants[i]`` of a scaled row ``x``, of which the largest names the segment.

    Parameters
    ----------
    origin : ndarray of shape (n_features,), float64
    slopes : ndarray of shape (n_segments, n_features), float64
    constants : ndarray of shape (n_segments,), float64
    """

    origin: np.ndarray
    slopes: np.ndarray
    constants: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class QuadraticDiscriminants:
    """Functions ``constants[i] - sum(y ** 2) / 2`` of a scaled row ``x``, of which the largest names the segment.

    Parameters
    ----------
    means : ndarray of shape (n_segments, n_features), float64
    factors : ndarray of shape (n_segments, n_features, n_features) or (n_segments, n_features), float64
        ``y`` is ``(x - means[i]) @ factors[i]``, upper triangular; or ``(x - means[i]) * factors[i]``.
    constants : ndarray of shape (n_segments,), float64
        Minus infinity for a segment that nobody joins.
    """

    means: np.ndarray
    factors: np.ndarray
    constants: np.ndarray


Discriminants = LinearDiscriminants | QuadraticDiscriminants
