"""Commands that read in this process and fork their jobs: fresh processes for each would cost these tests minutes."""

from types import SimpleNamespace

import pytest


@pytest.fixture(autouse=True)
def quick_processes(forked, read_here):
    """See `forked` and `read_here`; what the processes do is tested in tests/jobs and tests/intake."""


@pytest.fixture(autouse=True)
def begun(monkeypatch):
    """Return what is started beside the server, instead of starting it: it would read the sample."""
    commands = []
    monkeypatch.setattr(
        "segcore.cli.app.start_child", lambda command, **options: commands.append(command) or SimpleNamespace(wait=int, lifeline=None)
    )
    return commands
