"""Databases of each kind for exports, used with their own clients."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass

import duckdb

KINDS = ("sqlite", "duckdb", "postgresql")


@dataclass(frozen=True)
class Database:
    """A database, and how to run SQL in it without segcore."""

    kind: str
    url: str

    def connect(self):
        file = self.url.partition(":///")[2]
        if self.kind == "sqlite":
            return sqlite3.connect(file)
        if self.kind == "duckdb":
            return duckdb.connect(file)
        import adbc_driver_postgresql.dbapi

        return adbc_driver_postgresql.dbapi.connect(self.url)

    def run(self, *statements):
        """Run statements and return the rows of the last."""
        with closing(self.connect()) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            rows = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
            cursor.close()
            connection.commit()
        return rows


def open_database(request, kind, folder):
    """Return an empty database of a kind; PostgreSQL's is asked for only where it is needed."""
    if kind == "postgresql":
        return Database(kind, request.getfixturevalue("postgresql").url)
    return Database(kind, f"{kind}:///{folder / f'shop.{kind}'}")
