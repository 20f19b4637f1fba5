"""Commands read in this process: a child for each would cost these tests minutes. What the child does is tested in tests/intake."""

import pytest

from segcore.data.sources import read_source
from segcore.intake import child
from segcore.intake.take_in import samples_folder, take_in
from segcore.store.store import Store


@pytest.fixture(autouse=True)
def read_here(request, monkeypatch):
    """Let the commands of a test read in this process, unless it is marked ``in_a_child``."""
    if request.node.get_closest_marker("in_a_child"):
        return
    monkeypatch.setattr(child, "take_in_child", lambda home, asked: take_in(Store(home), asked))

    def rows_here(home, asked, **more):
        return read_source(asked, folder=samples_folder(Store(home)), **more)

    monkeypatch.setattr(child, "read_rows_in_child", rows_here)
