"""Rows to score, read as the data of the sweep were read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from segcore.errors import DataError
from segcore.intake.child import rows_from_child
from segcore.records.dataset import Dataset
from segcore.records.intake import DataRequest
from segcore.store.store import Store
from segcore.wording.findings import refusal


@contextlib.contextmanager
def read_like_trained(store: Store, trained: Mapping[str, Any], request: DataRequest) -> Iterator[Dataset]:
    """Yield the data to score, read with the sweep's kind and roles where the request gives none and its columns exist.

    Parameters
    ----------
    store : Store
    trained : mapping
        ``SweepSpec.data``.
    request : DataRequest
        Its kind and roles take precedence over the sweep's.

    Raises
    ------
    SegcoreError
        If the data cannot be read or used; see `rows_from_child`.
    """
    kind = request.kind or trained.get("kind")
    if kind is None:
        raise DataError("The sweep does not record which kind of data it was made from: set the kind of these data.")
    roles: Mapping[str, str] = trained.get("roles", {})
    with rows_from_child(store.home, replace(request, kind=kind), trained=roles) as dataset:
        column = roles.get("category")
        if column is not None and "items" in trained and not {"category"} & {*request.roles, *dataset.roles} and request.items is None:
            items = trained["items"]["name"]
            raise refusal("second.items_needed", remedy="items", file=dataset.name, column=column, items=items)
        yield dataset
