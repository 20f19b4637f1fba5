"""Compiled loops over arrays, one file a kind of work; they know nothing of points, engines or records.

They are compiled by ``make install`` (``python -m segcore.kernels``) and kept with the environment, so that no sweep waits for a compiler.
Each lets go of the interpreter's lock, so that plain threads keep all cores busy (see ``cores.in_threads``), and none reorders
a sum: what LLVM may do beyond the order written is to contract a product and a sum, where a label cannot hang on it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from numba import config

_CACHE = Path(sys.prefix) / "var" / "segcore-kernels"


def _keep_with_environment() -> None:
    """Have numba keep compiled code in the environment; where that cannot be written, numba's own choice stands."""
    if config.CACHE_DIR:  # type: ignore[attr-defined]
        return
    try:
        _CACHE.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if os.access(_CACHE, os.W_OK):
        config.CACHE_DIR = str(_CACHE)  # type: ignore[attr-defined]


_keep_with_environment()
