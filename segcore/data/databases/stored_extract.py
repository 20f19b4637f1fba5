"""Extracts of databases: rows are read into a file of the store, and everything else reads that file like an upload."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from segcore.data.databases.address import is_address, parse_address
from segcore.errors import ParameterError, SourceError
from segcore.records.finding import Finding
from segcore.records.intake import SECOND_TABLES, DatabaseQuestion, DataRequest
from segcore.store.damage import damage, if_readable
from segcore.store.store import Store
from segcore.system.digests import digest
from segcore.system.private_files import temporary_file
from segcore.wording.findings import refusal


def check_database(request: DataRequest) -> None:
    """Check a request without its database.

    Raises
    ------
    ParameterError
        If an address, a table or a SELECT cannot be used or is missing, or a table or SELECT is given for a file.
    """
    for name in SECOND_TABLES:
        table = getattr(request, name)
        if table is not None:
            require_file(name, table.data)
    if is_address(request.data):
        from segcore.data.databases.extract import check_question

        check_question(_question(request))
    elif request.database is not None and not request.database.address:
        raise refusal("database.table_of_file", kind=ParameterError, data=request.data)


def require_file(of: str, data: str) -> None:
    """Raise if the data of a table that is only read from files, such as "customers", are the address of a database.

    Raises
    ------
    ParameterError
    """
    if is_address(data):
        parse_address(data)  # an address with a password is refused for that reason
        raise refusal("database.second_table", kind=ParameterError, of=of)


def is_unread(request: DataRequest) -> bool:
    """Tell whether a request is for a database that has not been read for it yet, or not with all rows that the request needs."""
    return is_address(request.data) or bool(_other_filters(request, _filtered(request)))


def _filtered(request: DataRequest) -> tuple[int, tuple[str, ...]] | None:
    """Return `filtered_by` of the extract that a request reads; ``None`` also for other data, and if the extract is lost."""
    path = Path(request.data)
    if request.database is None or not path.is_file():
        return None
    from segcore.data.databases.extract import filtered_by

    return if_readable(lambda: filtered_by(path))


def _other_filters(request: DataRequest, found: tuple[int, tuple[str, ...]] | None) -> list[str]:
    """Return the filters that the database applied to an extract and that the request no longer has."""
    if found is None:
        return []
    from segcore.data.rows.dataset import Selection

    return [text for text in found[1] if text not in Selection.of(request).texts()]


def extract_notes(request: DataRequest) -> tuple[Finding, ...]:
    """Return notes about the extract that a request reads: how many rows the database left out.

    Raises
    ------
    SourceError
        If the request needs rows that the database left out.
    StoreError
        If the extract is missing.
    """
    if request.database is None:
        return ()
    if not Path(request.data).is_file():
        raise damage("extract", "read_again")
    found = _filtered(request)
    if found is None:
        return ()
    others = _other_filters(request, found)
    if others:
        raise refusal("database.rows_left_out", kind=SourceError, remedy="read_again", filters=others)
    return (Finding("database.filtered", values={"rows": found[0], "filters": list(found[1])}),)


def from_database(store: Store, request: DataRequest) -> DataRequest:
    """Return the request for the rows that a database has now: its data are the path of an extract in the store.

    Parameters
    ----------
    store : Store
    request : DataRequest
        Returned unchanged unless its data are the address of a database.

    Raises
    ------
    SegcoreError
        If the database cannot be read; in one sentence.
    """
    check_database(request)
    if not is_unread(request):
        return request
    from segcore.data.databases.extract import write_extract

    question = _question(request)
    with temporary_file(store.temporary, suffix=".parquet") as (path, _):
        write_extract(question, path, request)
        kept = store.put_extract(path)
    store.put_intake(_remembered(request, question), {"extract": kept.name})
    return _with_extract(request, question, kept)


def latest_extract(store: Store, request: DataRequest) -> DataRequest | None:
    """Return the request for the rows that its database had when last read; ``None`` if it was never read, or the extract is lost.

    A request for other data is returned unchanged.
    """
    check_database(request)
    if not is_unread(request):
        return request
    question = _question(request)
    known = store.intake(_remembered(request, question))
    path = None if known is None else store.extract(str(known.get("extract")))
    return None if path is None else _with_extract(request, question, path)


def _question(request: DataRequest) -> DatabaseQuestion:
    """Return the question to the database, with an address that means the same from any folder."""
    asked = request.data if is_address(request.data) or request.database is None else request.database.address
    address = parse_address(asked).absolute()
    return replace(request.database or DatabaseQuestion(""), address=address.text)


def _with_extract(request: DataRequest, question: DatabaseQuestion, path: Path) -> DataRequest:
    name = f"{question.table or 'query'} ({parse_address(question.address).name})"
    return replace(request, data=str(path), database=question, name=request.name or name)


def _remembered(request: DataRequest, question: DatabaseQuestion) -> str:
    what = (question.address, question.table, question.query, question.time_zone)
    kept = (list(request.where), request.date_from, request.date_to, request.kind, dict(request.roles))  # see `push_down`
    return f"database:{digest([*what, *kept])}"
