"""The number of segments: a parameter of every algorithm that needs to know it."""

from __future__ import annotations

from segcore.records.params import Param

N_CLUSTERS = Param(
    "n_clusters",
    "int",
    1,
    None,
    (2, 3, 4, 5, 10, 15, 20, 25, 30),
    "Number of segments",
    "",
    "How many segments to make; every customer gets one.",
    counts="segment",
    app=tuple(range(2, 13)),
    is_ranged=True,
)
