"""Sentences on databases: addresses, connections, and what is read from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from segcore.wording.numbers import counted, listed
from segcore.wording.quotes import named, quoted

_PLACES = "PGPASSWORD, in .pgpass or in Streamlit's secrets"
_PASSWORDS = f"put it in {_PLACES}"
_FORMS = "postgresql://user@host/database, duckdb:///file or sqlite:///file"
_PARTS: Mapping[str, str] = {
    "unprintable": "it has a line break or another character that cannot be printed: write that as % and two hexadecimal digits",
    "user": "it has a space, or an @ in a name: write a space as %20 and an @ in a name as %40",
    "port": "after a host's colon there must be a port, a number: write postgresql://user@host:5432/database",
    "setting": "after the ? there is a setting that PostgreSQL's client does not have: leave it out",
}


def _bad_address(part: str, scheme: str = "") -> str:
    if part == "path":
        return f"The address names no file: write {scheme}:///file, or {scheme}:////folder/file for an absolute path."
    return f"The address of the database cannot be read: {_PARTS[part]}."


def _no_table(table: str, similar: Sequence[str], tables: int) -> str:
    if similar:
        return f"There is no table {quoted(table)} in the database: did you mean {quoted(similar[0])}?"
    which = "it has no tables that you may see" if not tables else f"it has {counted(tables, 'other table')}; name one of them"
    return f"There is no table {quoted(table)} in the database: {which}."


def _several(table: str, tables: Sequence[str]) -> str:
    others = [quoted(name) for name in tables[:3] if name != table]
    # A table "b" in the schema "a" cannot be told from one called "a.b" by any name.
    rename = ", or rename the other" if table in tables else ""
    return f"{counted(len(tables), 'table')} are called {quoted(table)}: write {' or '.join(others)}{rename}."


SENTENCES: Mapping[str, Callable[..., str]] = {
    "database.password_in_address": lambda: f"The address has a password: leave it out, and {_PASSWORDS}.",
    "database.bad_address": _bad_address,
    "database.unknown_scheme": lambda: f"This is not the address of a database that can be read: write {_FORMS}.",
    "database.no_driver": lambda title, do: f"{title} needs a package that is not installed: {do}.",
    "database.bad_secrets": lambda file, reason: f"{named(file)}, where passwords are looked for, cannot be read ({reason}): fix that.",
    "database.not_a_file": lambda file: f"{named(file)} is not a file: give the file of a database.",
    "database.no_file": lambda file, path: (
        f"There is no database {named(file)}{f' ({named(path)})' if path != file else ''}: give the path of one that exists."
    ),
    "database.unreadable_file": lambda file, reason: f"{named(file)} cannot be read ({reason}): check its permissions.",
    "database.other_file": lambda file, title: (
        f"{named(file)} is not a database of {title}: give another file, or another kind of address."
    ),
    "database.damaged": lambda database, reason: f"{named(database)} is damaged ({named(reason)}): restore it from a backup.",
    "database.interrupted": lambda database, reason: (
        f"A program that wrote to {named(database)} was interrupted: open the file once with a program that may write to it, such as "
        "sqlite3, and query a table; that undoes the incomplete change."
    ),
    "database.locked": lambda database, reason: (
        f"{named(database)} is in use by another process ({named(reason)}): close it there, and try again."
    ),
    "database.open_here": lambda database, reason: (
        f"{named(database)} is in use by this Python process itself: close your own connection to it, and try again."
    ),
    "database.disk_full": lambda database, reason: (
        f"The disk of the database {named(database)} is full ({named(reason)}): free space there. Nothing was changed."
    ),
    "database.no_host": lambda database, reason: (
        f"The host of the database {named(database)} was not found ({named(reason)}): check its name, and your network."
    ),
    "database.refused": lambda database, reason: (
        f"The server of the database {named(database)} does not accept connections ({named(reason)}): check host and port, and whether "
        "it runs."
    ),
    "database.lost": lambda database, reason: (
        f"The server of the database {named(database)} ended the connection, or accepts no more of them at the moment ({named(reason)}): "
        "try again."
    ),
    "database.no_answer": lambda database, reason: (
        f"The server of the database {named(database)} did not answer in time ({named(reason)}): check host and port, and your network."
    ),
    "database.ssl": lambda database, reason: (
        f"No encrypted connection to the database {named(database)} ({named(reason)}): check sslmode and the certificates in its address."
    ),
    "database.wrong_password": lambda database, reason: (
        f"The database {named(database)} refused user or password ({named(reason)}): check the user in its address, and the password in "
        f"{_PLACES}."
    ),
    "database.no_password": lambda database, reason: f"The database {named(database)} needs a password: {_PASSWORDS}.",
    "database.not_admitted": lambda database, reason: (
        f"The server does not let you connect to the database {named(database)} from here ({named(reason)}): ask its administrator."
    ),
    "database.no_database": lambda database, reason: (
        f"There is no such database ({named(reason)}): check the name after the last slash of its address."
    ),
    "database.no_rights": lambda database, reason: (
        f"You lack the rights for this in the database {named(database)} ({named(reason)}): ask its administrator, or use another user."
    ),
    "database.read_only": lambda database, reason: (
        f"The database {named(database)} is only read here, and this would change it ({named(reason)}): give a SELECT that only reads."
    ),
    "database.file_access": lambda database, reason: (
        f"Only the tables of {named(database)} itself can be read ({named(reason)}): give other files as separate data."
    ),
    "database.timeout": lambda database, reason: (
        f"The database {named(database)} took longer than the time-out allows ({named(reason)}): allow more time, or ask for fewer rows."
    ),
    "database.no_table_in_query": lambda database, reason: (
        f"The database {named(database)} does not know a name in the query ({named(reason)}): check the names of tables and functions."
    ),
    "database.no_column": lambda database, reason: (
        f"The database {named(database)} does not know a column in the query ({named(reason)}): check the names of the columns."
    ),
    "database.failed": lambda database, reason: (
        f"The database {named(database)} reports an error ({named(reason)}): check the address and the query."
    ),
    "database.one_of": lambda do: f"A database has many tables: {do}, but not both.",
    "database.table_of_file": lambda data: (
        f"{named(data)} is a file or a sample, not a database: leave out the table, the query and their options, or give the address of "
        "a database."
    ),
    "database.not_here": lambda: "A database cannot be read here: write the table as CSV or Parquet, and give that file.",
    "database.second_table": lambda of: f"Tables of {of} are read from files: write that table as CSV or Parquet.",
    "database.time_zone": lambda got: f"There is no time zone {quoted(got)}: write one such as Europe/Berlin or UTC.",
    "database.many_rows": lambda database, rows, most, do: (
        f"{counted(rows, 'row')} of {named(database)} would be read, more than {most:,}: {do}."
    ),
    "database.filtered": lambda rows, filters: (
        f"Of {counted(rows, 'row')}, the database left out those that these filters exclude: {listed([quoted(text) for text in filters])}."
    ),
    "database.rows_left_out": lambda filters, do: (
        f"The database left out rows when it was read ({listed([quoted(text) for text in filters])}): {do}."
    ),
    "database.no_columns": lambda database: f"The rows of {named(database)} have no columns: name some after SELECT.",
    "database.repeated_column": lambda database, column: (
        f"Two columns of the rows of {named(database)} are called {quoted(column)}: give one of them another name with AS."
    ),
    "database.unfit_values": lambda database, reason: (
        f"The values of {named(database)} changed their type while they were read ({named(reason)}): name the columns, and CAST the one "
        "that changed."
    ),
    "database.not_a_select": lambda part: (
        f"Only a SELECT can be read{f', not {quoted(part)}' if part else ''}: write one that returns the rows, such as SELECT * FROM lines."
    ),
    "database.unreadable_select": lambda near, do: (
        f"The SELECT cannot be read{f' near {quoted(near)}' if near else ''}: check parentheses, commas and quotes, or {do}."
    ),
    "database.several_statements": lambda statements: (
        f"{counted(statements, 'statement')} instead of one SELECT: leave the others out."
        if statements
        else "There is no SELECT: write one that returns the rows."
    ),
    "database.acting_function": lambda function, do: (
        f"The function {quoted(function)} is not known to only read: write the SELECT without it, or {do}."
    ),
    "database.unicode_escapes": lambda: "Names and text with U& escapes cannot be checked: write the letters themselves.",
    "database.no_table": _no_table,
    "database.several_tables": _several,
}
