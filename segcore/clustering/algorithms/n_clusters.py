"""Number of segments, a parameter of several algorithms."""

from __future__ import annotations

from segcore.records.params import Param

N_CLUSTERS = Param(
    "n_clusters",
    "int",
    1,
    None,
    tuple(range(2, 13)),
    "Number of segments",
    "",
    "Number of segments; every customer gets one.",
    counts="segment",
    benchmark=(2, 3, 4, 5, 10, 15, 20, 25, 30),
    is_ranged=True,
)
