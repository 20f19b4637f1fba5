"""The PostgreSQL of the tests: it asks for its password, and nothing of it is left when the tests' process has been killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from segcore.system.child_process import child_environment
from tests.postgresql_server import USER

KILLED = """
import os, signal, sys
from tests.postgresql_server import start_server
print(start_server().folder, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def connect(url):
    import adbc_driver_postgresql.dbapi

    return adbc_driver_postgresql.dbapi.connect(url)


def test_a_database_is_empty_and_needs_the_password_from_the_environment(postgresql, monkeypatch):
    with connect(postgresql.url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_user, count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone() == (USER, 0)
    monkeypatch.setenv("PGPASSWORD", "wrong")
    with pytest.raises(Exception, match="password authentication failed"):
        connect(postgresql.url)


def test_a_server_ends_and_its_folder_goes_when_the_tests_are_killed(postgresql_server):
    environment = child_environment(PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
    killed = subprocess.run([sys.executable, "-c", KILLED], env=environment, capture_output=True, text=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    folder = Path(killed.stdout.strip())
    assert folder.name.startswith("pg-")
    end = time.monotonic() + 30
    while folder.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not folder.exists()
    assert not [one.pid for one in psutil.process_iter(["cmdline"]) if str(folder) in (one.info["cmdline"] or ())]
