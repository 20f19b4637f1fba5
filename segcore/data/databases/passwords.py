"""Passwords of databases: found in Streamlit's secrets, and removed from drivers' messages. libpq itself finds PGPASSWORD and .pgpass."""

from __future__ import annotations

import os
import re
import tomllib
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from segcore.data.databases.address import Address
from segcore.errors import SourceError
from segcore.wording.findings import refusal

_SECRETS = Path(".streamlit") / "secrets.toml"
_HIDDEN = "***"
_MOST_LETTERS = 300
_IN_URL = re.compile(r"(://[^\s/:@]*):[^\s@]*@")
_SETTING = re.compile(r"""((?:ssl)?password\s*[=:]\s*)('[^']*'|"[^"]*"|[^\s&'"]+)""", re.IGNORECASE)

_LOCAL = ("", "localhost", "127.0.0.1", "[::1]")


def password_of(address: Address) -> str | None:
    """Return the password that Streamlit's secrets have for a database; ``None`` if they have none.

    The search covers ``.streamlit/secrets.toml`` of the working folder, then of the user's home, and there the sections
    ``[connections.NAME]`` as Streamlit's own SQL connections have them: ``url``, or ``host``, ``port``, ``database`` and ``username``, and
    ``password``. The first section with the host, port, database and user of the address counts.

    Raises
    ------
    SourceError
        If the file cannot be read.
    """
    asked = _place(address.host, address.port, address.database, address.user)
    for section in _sections():
        place, password = _read(section)
        if password and place == asked:
            return password
    return None


def reason_text(text: str, password: str | None = None) -> str:
    """Return the first line of a driver's message, without full stop and without any password.

    Parameters
    ----------
    text : str
    password : str or None
        The one that was used to connect; that of PGPASSWORD is always removed.
    """
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    for secret in (password, os.environ.get("PGPASSWORD")):
        if secret:
            for written in {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote(secret), urllib.parse.quote_plus(secret)}:
                line = line.replace(written, _HIDDEN)
    line = _SETTING.sub(rf"\1{_HIDDEN}", _IN_URL.sub(rf"\1:{_HIDDEN}@", line))
    return line[:_MOST_LETTERS].rstrip(".")


def _sections() -> Iterator[Mapping[str, Any]]:
    for folder in dict.fromkeys((Path.cwd(), Path.home())):
        path = folder / _SECRETS
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as error:
            # A TOML error quotes the line, which may contain the password.
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not TOML"
            raise refusal("database.bad_secrets", kind=SourceError, file=str(path), reason=reason) from None
        connections = found.get("connections")
        yield from (entry for entry in (connections.values() if isinstance(connections, dict) else ()) if isinstance(entry, dict))


def _read(section: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """Return the host, port, database and user of a section, and its password."""
    texts = {key: str(value) for key, value in section.items() if isinstance(value, str | int)}
    password = texts.get("password", "")
    if "url" not in texts:
        names = ("host", "port", "database", "username")
        return _place(*(texts.get(name, "") for name in names)), password
    try:
        url = urllib.parse.urlsplit(texts["url"])
        port = url.port
    except ValueError:
        return (), ""
    query = dict(urllib.parse.parse_qsl(url.query))
    host = query.get("host") or ",".join(entry.rpartition("@")[2] for entry in (url.hostname or "",))
    place = _place(host, str(port or query.get("port", "")), urllib.parse.unquote(url.path[1:]), urllib.parse.unquote(url.username or ""))
    return place, password or urllib.parse.unquote(url.password or "")


def _place(host: str, port: str, database: str, user: str) -> tuple[str, ...]:
    return ("" if host in _LOCAL else host.lower(), port or "5432", database or user, user)
