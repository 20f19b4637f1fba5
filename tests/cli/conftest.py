"""Commands that read in this process and fork their jobs: fresh processes for each would cost these tests minutes."""

import pytest


@pytest.fixture(autouse=True)
def quick_processes(forked, read_here):
    """See `forked` and `read_here`; what the processes do is tested in tests/jobs and tests/intake."""
