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
    run: Callable[[str], None]


def sqlite_shop(folder):
    file = folder / "shop.db"

    def run(sql):
        connection = sqlite3.connect(file)
        connection.executescript(sql)
        connection.close()

    run("PRAGMA user_version = 1")  # an empty file is not a database yet
    return Shop(parse_address(f"sqlite:///{file}"), run)


def duckdb_shop(folder):
    file = folder / "shop.duckdb"

    def run(sql):
        with duckdb.connect(str(file)) as connection:
            connection.execute(sql)

    run("SELECT 1")
    return Shop(parse_address(f"duckdb:///{file}"), run)


KINDS = {"sqlite": sqlite_shop, "duckdb": duckdb_shop}


@pytest.fixture(params=KINDS)
def shop(request, tmp_path):
    """Return an empty database of each kind."""
    return KINDS[request.param](tmp_path)
