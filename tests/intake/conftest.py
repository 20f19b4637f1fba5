import pytest


@pytest.fixture(autouse=True)
def forked_reading(request, fork_server, monkeypatch):
    """Fork the processes that read, unless the test is marked ``fresh_processes``: a fresh one imports for longer than it reads."""
    if not request.node.get_closest_marker("fresh_processes"):
        monkeypatch.setattr("segcore.intake.reading_process.start_child", fork_server.start_forked)
