"""Take the data of a command in with a process of its own, which no file can take this one down with, and which gives its memory back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segcore.records.intake import DataRequest, Intake
    from segcore.store.store import Store


def taken_in(store: Store, request: DataRequest) -> Intake:
    """Return what `intake.take_in` returns.

    Raises
    ------
    SegcoreError
        Where the data cannot be used.
    """
    from segcore.data.files.reader import user_path
    from segcore.data.samples.registry import find_sample
    from segcore.intake.child import take_in_child
    from segcore.intake.take_in import take_in

    path = user_path(request.data)
    # Ray has processes of its own; a sample is known to be sound, and comes before a file of its name.
    if request.frames == "modin" or find_sample(request.data) or not path.exists():
        return take_in(store, request)
    return take_in_child(store.home, replace(request, data=str(path.resolve())))
