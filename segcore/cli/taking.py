"""Take the data of a command in; large files in a process of their own, which gives its memory back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segcore.intake import DataRequest, Intake
    from segcore.store import Store

_LARGE_BYTES = 64 * 2**20


def taken_in(store: Store, request: DataRequest) -> Intake:
    """Return what `intake.take_in` returns; the command's own process stays small while the work goes on.

    Raises
    ------
    SegcoreError
        Where the data cannot be used.
    """
    from segcore.intake import take_in, take_in_child

    path = Path(request.data)
    if request.frames != "pandas" or not path.is_file() or path.stat().st_size < _LARGE_BYTES:
        return take_in(store, request)
    return take_in_child(store.home, replace(request, data=str(path.resolve())))
