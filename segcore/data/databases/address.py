"""Address of a database: a URL without a password."""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final, Literal

from segcore.data.files.file_identity import user_path
from segcore.errors import ParameterError
from segcore.wording.findings import refusal

Scheme = Literal["postgresql", "duckdb", "sqlite"]
POSTGRESQL: Final = "postgresql"
DUCKDB: Final = "duckdb"
SQLITE: Final = "sqlite"
_FILES: tuple[Scheme, ...] = (DUCKDB, SQLITE)

_BLANK = " \t\r\n\f\v\ufeff\u00a0"
_AROUND = f"{_BLANK}\"'`"
_URL = re.compile(r"([A-Za-z][A-Za-z0-9.+-]*)://")
_ALMOST = re.compile(r"(?:jdbc:)?(postgres(?:ql)?|duckdb|sqlite)[+a-z0-9]*:", re.IGNORECASE)
_WEB = ("http", "https", "file", "ftp", "s3", "gs", "az", "hdfs")  # of files, which have their own messages
# A colon before an @ means a password, however the rest is written: an address that cannot be parsed might still contain one.
_USER_PART = re.compile(r"(?://|:/|postgres/|postgresql/)[^@/]*:[^@]*@")
# The same with a ? in the password; a port, being a number, contains none.
_ODD_USER_PART = re.compile(r"(?://|:/)[^@/?\[]*:(?!\d{1,5}(?:[/?,]|$))[^@]*@")
_PASSWORD = re.compile(r"(?:password|passwd|pwd|(?<![a-z])pass)[\"']?\s*[=:]", re.IGNORECASE)
_MOST_DECODINGS = 3
# Options of libpq, except passwords and those that would change how values are read.
# fmt: off
_SETTINGS = frozenset((
    "host", "hostaddr", "port", "dbname", "user", "passfile", "channel_binding", "connect_timeout", "options", "application_name",
    "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout", "gssencmode", "krbsrvname", "gsslib",
    "service", "target_session_attrs", "load_balance_hosts", "sslmode", "sslnegotiation", "sslcert", "sslkey", "sslrootcert", "sslcrl",
    "sslcrldir", "sslsni", "requirepeer", "ssl_min_protocol_version", "ssl_max_protocol_version", "require_auth",
))
# fmt: on
_SECRET = re.compile(r"pass(?!file$)|pwd|secret|token", re.IGNORECASE)
_DEFAULT_PORT = "5432"


@dataclass(frozen=True, slots=True)
class Address:
    """Address of a database.

    Parameters
    ----------
    text : str
        The URL: ``postgresql://user@host:port/name?host=/socket``, ``duckdb:///path`` or ``sqlite:///path``. A path after three slashes
        is relative, after four absolute. It has no password.
    scheme : {"postgresql", "duckdb", "sqlite"}
    path : str
        File of a DuckDB or SQLite database; "" for a server.
    host, port, user, database : str
        Of a server's database; "" uses the default of the server or the environment.
    """

    text: str
    scheme: Scheme
    path: str = ""
    host: str = ""
    port: str = ""
    user: str = ""
    database: str = ""

    @property
    def name(self) -> str:
        """Short name for people: the file's name, or the database's."""
        return PurePath(self.path).name if self.path else self.database or self.user or self.host or self.scheme

    @property
    def file(self) -> Path:
        """Absolute path of a DuckDB or SQLite database's file."""
        return Path.cwd() / user_path(self.path)

    def absolute(self) -> Address:
        """Return the address with an absolute path, which means the same from any folder."""
        return self.at(self.file) if self.path else self

    def at(self, file: Path | str) -> Address:
        """Return the address of another file of the same kind of database."""
        return parse_address(f"{self.scheme}:///{file}")


def is_address(text: str) -> bool:
    """Tell whether a text is meant as the address of a database, even an invalid one; any text with a password is."""
    text = text.strip(_AROUND)
    url = _URL.match(text)
    return has_password(text) or (bool(_ALMOST.match(text)) if url is None else url[1].lower() not in _WEB)


def has_password(text: str) -> bool:
    """Tell whether a text has, or might have, a password: an address, connection string or URL, however it is misspelt.

    Parameters
    ----------
    text : str
        May be the name of a file: only the part before an ``@`` of a URL or after a word such as ``password=`` counts.
    """
    text = text.strip(_AROUND)
    url = _URL.match(text)
    before, _, query = text.partition("?")
    if _PASSWORD.search(_decoded(text)):
        return True
    if url is not None and url[1].lower() in _FILES:
        return ":" in _decoded(text[url.end() :].partition("/")[0]).rpartition("@")[0]
    if _USER_PART.search(_decoded(before)) or _ODD_USER_PART.search(text):
        return True
    settings = [part.partition("=") for part in query.split("&")] if url is not None else []
    return any(_SECRET.search(_decoded(key)) or _has_secret_value(_decoded(key), _decoded(value)) for key, _, value in settings)


def _has_secret_value(key: str, value: str) -> bool:
    return (key == "user" and ":" in value) or bool(_USER_PART.search(value))


def _decoded(text: str) -> str:
    """Return a text without percent-encoding, even if it was encoded more than once."""
    for _ in range(_MOST_DECODINGS):
        text = urllib.parse.unquote(text)
    return text


def parse_address(text: str) -> Address:
    """Return the address in a URL.

    Parameters
    ----------
    text : str
        ``postgres://`` is ``postgresql://``.

    Raises
    ------
    ParameterError
        If it has a password, or is not such a URL. The message quotes no part of it, because any part might be a password.

    Examples
    --------
    >>> parse_address("postgresql://analyst@db.example.com/shop").name
    'shop'
    >>> parse_address("sqlite:///orders.db").path
    'orders.db'
    """
    text = text.strip(_BLANK)
    url = _URL.match(text)
    scheme = url[1].lower() if url else ""
    if has_password(text):
        raise refusal("database.password_in_address", kind=ParameterError)
    if not text.isprintable():
        raise refusal("database.bad_address", kind=ParameterError, part="unprintable")
    if scheme in (POSTGRESQL, "postgres"):
        return _of_server(text[text.index("://") + 3 :])
    of_file = next((known for known in _FILES if known == scheme), None)
    if of_file is not None:
        return _of_file(of_file, text[text.index("://") + 3 :])
    raise refusal("database.unknown_scheme", kind=ParameterError)


def _of_file(scheme: Scheme, rest: str) -> Address:
    path = rest.removeprefix("/")
    if not rest.startswith("/") or not path or path == ":memory:":
        raise refusal("database.bad_address", kind=ParameterError, part="path", scheme=scheme)
    return Address(f"{scheme}:///{path}", scheme, path=path)


def _of_server(rest: str) -> Address:
    main, _, query = rest.partition("?")
    authority, _, name = main.partition("/")
    user, at, hosts = authority.rpartition("@")
    settings = dict(part.partition("=")[::2] for part in query.split("&") if part)
    known = {urllib.parse.unquote(key): urllib.parse.unquote(value) for key, value in settings.items()}
    if "@" in user or "@" in name or " " in rest or (at and not user):
        raise refusal("database.bad_address", kind=ParameterError, part="user")
    if known.keys() - _SETTINGS:
        raise refusal("database.bad_address", kind=ParameterError, part="setting")
    ports = []
    names = []
    for entry in hosts.split(","):
        host, port = _host_and_port(entry)
        names.append(host)
        ports.append(port)
    text = f"{POSTGRESQL}://{rest}"
    host, port = known.get("host", ",".join(names)), known.get("port", ",".join(ports))
    user, name = known.get("user", urllib.parse.unquote(user)), known.get("dbname", urllib.parse.unquote(name))
    return Address(text, POSTGRESQL, host=host, port="" if port == _DEFAULT_PORT else port, user=user, database=name)


def _host_and_port(entry: str) -> tuple[str, str]:
    host, colon, port = entry.rpartition(":") if not entry.endswith("]") else (entry, "", "")
    if not colon:
        host, port = entry, ""
    if (colon and not re.fullmatch(r"\d{1,5}", port)) or (":" in host and not re.fullmatch(r"\[[0-9A-Fa-f:.%]+\]", host)):
        raise refusal("database.bad_address", kind=ParameterError, part="port")
    return urllib.parse.unquote(host), port
