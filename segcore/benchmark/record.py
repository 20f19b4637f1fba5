"""Record of one run of one engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

BASE = "stock"
"""The engine that the others are compared with."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one engine.

    Parameters
    ----------
    engine : str
    number : int
        Number of the run among this engine's runs, from 1.
    folder : Path
        Folder of its labels.
    points : list of dict
        See ``fit.fit_grid``; empty if the process died.
    peak_rss_bytes, rss_before_fits_bytes : int or None
    other_cpu_share : float
        Share of the machine's processor time, 0 to 1, used by other programs during the run.
    died : str or None
        Sentence about the process's death.
    elapsed_seconds, shared_seconds : float or None
        Wall time of the whole grid, and of its work that served several points; see ``SweepFunction``.
    process_seconds : float or None
        Wall time from the start of the process to its end: with start-up, imports and loading of compiled code.
    """

    engine: str
    number: int
    folder: Path
    points: list[dict[str, Any]] = field(default_factory=list)
    peak_rss_bytes: int | None = None
    rss_before_fits_bytes: int | None = None
    other_cpu_share: float = 0.0
    died: str | None = None
    elapsed_seconds: float | None = None
    shared_seconds: float = 0.0
    process_seconds: float | None = None

    def labels(self, position: int) -> np.ndarray:
        """Return the labels of a point."""
        return np.load(self.folder / f"labels_{position}.npy", allow_pickle=False)
