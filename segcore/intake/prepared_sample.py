"""The included sample, taken in once per environment, so that a new store need not read its 1.5 million lines.

``make install`` runs ``python -m segcore.intake.prepared_sample``. The result is only used by the same code; without it, for example after
an update, the sample is read.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from segcore.errors import StoreError
from segcore.store.store import Store
from segcore.system.digests import code_digest

FOLDER = Path(sys.prefix) / "var" / "segcore-sample"


def copy_prepared(store: Store, key: str) -> bool:
    """Copy an intake that was prepared with this code into a store; return whether there was one."""
    home = FOLDER / code_digest()[:16]
    if not home.is_dir() or home == store.home:
        return False
    try:
        store.copy_intake(key, Store(home, is_own=False))
    except StoreError:
        return False
    return True


def main() -> None:
    """Take in the data that a new store opens, and delete results of older code."""
    from segcore.intake.remembered import first_request
    from segcore.intake.take_in import take_in

    home = FOLDER / code_digest()[:16]
    store = Store(home)
    take_in(store, first_request(store))
    for folder in FOLDER.iterdir():
        if folder != home:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
