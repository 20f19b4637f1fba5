"""Compiled loops over arrays, one file per kind of work; they know no points, engines or records.

They are compiled by ``make install`` (``python -m segcore.clustering.kernels``) and kept with the environment, so that no sweep
waits for a compiler.
Each lets go of the interpreter's lock, so that plain threads keep all cores busy (see ``cores.in_threads``), and none reorders
a sum: what LLVM may do beyond the order written is to contract a product and a sum, where a label cannot hang on it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

from numba import config

_CACHE = Path(sys.prefix) / "var" / "segcore-kernels"


def cache_folder() -> Path:
    """Return the folder of this source's compiled code: one folder per state of the files below this one's folder.

    numba looks at the file of a function only, and would go on with what it once compiled in from another file.
    """
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return _CACHE / digest.hexdigest()[:16]


def drop_other_code() -> None:
    """Remove code compiled from other states of the source."""
    kept = cache_folder().name
    for folder in _CACHE.glob("*"):
        if folder.name != kept:
            shutil.rmtree(folder, ignore_errors=True)


def _keep_with_environment() -> None:
    """Have numba keep compiled code in the environment, or where numba chooses if the environment is not writable."""
    if config.CACHE_DIR:  # type: ignore[attr-defined]
        return
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if os.access(folder, os.W_OK):
        config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]


_keep_with_environment()
