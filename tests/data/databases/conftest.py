"""Databases of each kind, made with their own clients."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import pytest

from segcore.data.databases.address import Address, parse_address


@dataclass(frozen=True)
class Shop:
    """An empty database, and how statements are run in it without segcore."""

    address: Address
    run: Callable[[str], object]

    @property
    def scheme(self):
        return self.address.scheme


def sqlite_shop(request):
    file = request.getfixturevalue("tmp_path") / "shop.db"

    def run(sql):
        connection = sqlite3.connect(file)
        connection.executescript(sql)
        connection.close()

    run("PRAGMA user_version = 1")  # an empty file is not a database yet
    return Shop(parse_address(f"sqlite:///{file}"), run)


def duckdb_shop(request):
    file = request.getfixturevalue("tmp_path") / "shop.duckdb"

    def run(sql):
        with duckdb.connect(str(file)) as connection:
            connection.execute(sql)

    run("SELECT 1")
    return Shop(parse_address(f"duckdb:///{file}"), run)


def postgresql_shop(request):
    database = request.getfixturevalue("postgresql")
    return Shop(parse_address(database.url), database.run)


KINDS = {"sqlite": sqlite_shop, "duckdb": duckdb_shop, "postgresql": postgresql_shop}


@pytest.fixture(params=KINDS)
def shop(request):
    """Return an empty database of each kind."""
    return KINDS[request.param](request)


@pytest.fixture
def sqlite(request):
    """Return an empty SQLite database."""
    return sqlite_shop(request)


@pytest.fixture
def duck(request):
    """Return an empty DuckDB database."""
    return duckdb_shop(request)


@pytest.fixture
def server(request):
    """Return an empty PostgreSQL database."""
    return postgresql_shop(request)
