"""Intake of a command's data in a separate process, so that no file can crash this one and its memory is freed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segcore.records.intake import DataRequest, Intake
    from segcore.store.store import Store


def taken_in(store: Store, request: DataRequest) -> Intake:
    """Take in the data of a request, in a child process where possible; see `intake.take_in`.

    Raises
    ------
    SegcoreError
        If the data cannot be used.
    """
    from segcore.data.files.reader import user_path
    from segcore.data.samples.registry import find_sample
    from segcore.intake.child import take_in_child
    from segcore.intake.take_in import take_in

    path = user_path(request.data)
    # Ray has its own processes; a sample is known to be sound, and takes precedence over a file of the same name.
    if request.frames == "modin" or find_sample(request.data) or not path.exists():
        return take_in(store, request)
    return take_in_child(store.home, replace(request, data=str(path.resolve())))
