"""A PostgreSQL server for tests: empty, on a socket of its own, with a password, and gone when the test run has ended in whatever way."""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from segcore.system.child_process import start_child

USER = "segcore"
START_SECONDS = 60
# Nothing has to survive a crash of the machine, and nobody else may come in.
SETTINGS = "-c listen_addresses= -c fsync=off -c full_page_writes=off"
CLUSTER = "--no-sync --no-instructions --no-locale --encoding=UTF8 --auth=scram-sha-256"
# Ends the server and removes its folder as soon as standard input closes: by the fixture, or because the process of the tests has ended.
KEEPER = f"""
$AS_USER "$PROGRAMS/initdb" -D "$0/data" --username={USER} --pwfile="$0/password" {CLUSTER} >"$0/log" 2>&1 || exit 1
rm "$0/password"
$AS_USER "$PROGRAMS/postgres" -D "$0/data" -c unix_socket_directories="$0" {SETTINGS} >"$0/log" 2>&1 &
cat >/dev/null
kill -TERM $!  # before it handles signals; QUIT, which a shell lets its background ignore, would then be lost
kill -QUIT $!  # afterwards, without waiting for who is connected
wait $!
rm -rf -- "$0"
"""


class NoServerError(Exception):
    """There is no PostgreSQL to start, or nobody to start it as."""


@dataclass
class PostgresqlServer:
    """A running server.

    Attributes
    ----------
    folder : Path
        Of its data and its socket.
    password : str
        Of the superuser `USER`, who is asked for it.
    log : Path
        What the server has logged.
    """

    folder: Path
    programs: Path
    password: str = field(default_factory=lambda: f"tell-nobody-{secrets.token_hex(8)}")
    keeper: subprocess.Popen | None = None

    @property
    def log(self):
        return self.folder / "log"

    def url(self, database="postgres", user=USER):
        """Return the address of a database, without a password."""
        return f"postgresql://{user}@/{quote(database, safe='')}?host={quote(str(self.folder), safe='')}"

    def run(self, statement, database="postgres"):
        """Run SQL as the superuser by psql, and return what it prints, one row per line, fields separated by ``|``."""
        command = [self.programs / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.url(database)]
        done = subprocess.run(
            command, input=statement, env={"PGPASSWORD": self.password, "PGCLIENTENCODING": "UTF8"}, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.rstrip("\n")

    def new_database(self):
        """Create an empty database, in which text sorts by its bytes."""
        database = PostgresqlDatabase(self, f"test_{secrets.token_hex(4)}")
        self.run(f"CREATE DATABASE {database.name}")
        return database

    def stop(self):
        """End the server at once, whoever is connected, and remove its folder."""
        self.keeper.stdin.close()
        self.keeper.wait(START_SECONDS)


@dataclass(frozen=True)
class PostgresqlDatabase:
    """A database of the server, for one test."""

    server: PostgresqlServer
    name: str

    @property
    def url(self):
        return self.server.url(self.name)

    def run(self, statement):
        return self.server.run(statement, self.name)

    def drop(self):
        """Drop the database, also if somebody is still connected to it."""
        self.server.run(f"DROP DATABASE {self.name} WITH (FORCE)")


def start_server():
    """Start a server, in about two seconds, or raise `NoServerError`."""
    server = PostgresqlServer(Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp")), _programs())  # the path of a socket has at most 107 bytes
    try:
        as_user = _other_user(server.folder)
        secret = server.folder / "password"
        secret.write_text(server.password)
        os.chown(secret, server.folder.stat().st_uid, -1)
        server.keeper = start_child(
            ["/bin/sh", "-c", KEEPER, str(server.folder)],
            environment={"PATH": os.environ["PATH"], "LC_ALL": "C", "AS_USER": as_user, "PROGRAMS": str(server.programs)},
            own="session",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _await_ready(server)
    except BaseException:
        if server.keeper:
            server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)
        raise
    return server


def _programs():
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    for folder in folders:
        if all((folder / program).exists() for program in ("initdb", "postgres", "psql")):
            return folder
    raise NoServerError("there is no PostgreSQL on PATH or in /usr/lib/postgresql; sh .ci/postgresql installs Debian's")


def _other_user(folder):
    """Return the words before a command that run it as somebody else, who owns ``folder``: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return ""
    if not shutil.which("setpriv"):
        raise NoServerError("PostgreSQL refuses to run as root, and setpriv is not there to start it as somebody else")
    for name in ("postgres", "nobody"):
        with suppress(LookupError):
            shutil.chown(folder, name)
            return f"setpriv --reuid={name} --regid=65534 --clear-groups"
    raise NoServerError("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")


def _await_ready(server):
    end = time.monotonic() + START_SECONDS
    while not server.log.exists() or "ready to accept connections" not in server.log.read_text():
        if time.monotonic() > end or server.keeper.poll() is not None:
            raise RuntimeError(server.log.read_text() if server.log.exists() else "no log")
        time.sleep(0.02)
