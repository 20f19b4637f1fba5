"""Commands read in this process: a child for each would cost these tests minutes. What the child does is tested in test_intake."""

import pytest

from segcore import intake
from segcore.intake.source_rows import read_rows
from segcore.store.store import Store


@pytest.fixture(autouse=True)
def read_here(request, monkeypatch):
    """Let the commands of a test read in this process, unless it is marked ``in_a_child``."""
    if request.node.get_closest_marker("in_a_child"):
        return
    monkeypatch.setattr(intake, "take_in_child", lambda home, asked: intake.take_in(Store(home), asked))

    def rows_here(home, asked, **more):
        return read_rows(asked, folder=intake.samples_folder(Store(home)), **more)

    monkeypatch.setattr(intake, "read_rows_in_child", rows_here)
