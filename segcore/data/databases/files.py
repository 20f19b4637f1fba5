"""Files that are databases, checked before a driver opens them."""

from __future__ import annotations

from collections.abc import Callable

from segcore.data.databases.address import Address
from segcore.data.databases.connection import Access
from segcore.errors import SourceError
from segcore.wording.findings import refusal

_HEAD_BYTES = 64


def check_file(address: Address, access: Access, is_ours: Callable[[bytes], bool], title: str) -> None:
    """Raise an error unless the file is a database of this kind; a file to be written may be missing or empty.

    Parameters
    ----------
    address : Address
    access : Access
    is_ours : callable
        Decides whether the file is of this kind, from its first ``_HEAD_BYTES`` bytes.
    title : str
        Of the kind of database.

    Raises
    ------
    SourceError
        If the file is missing, unreadable or something else.
    """
    file = address.file
    if file.exists() and not file.is_file():  # a pipe or a device may have no end
        raise refusal("database.not_a_file", kind=SourceError, file=address.path)
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except FileNotFoundError:
        if access.writing and file.parent.is_dir():
            return
        raise refusal("database.no_file", kind=SourceError, file=address.path, path=str(file)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name cannot be used"
        raise refusal("database.unreadable_file", kind=SourceError, file=address.path, reason=reason) from None
    if not is_ours(head) and not (access.writing and not head):
        raise refusal("database.other_file", kind=SourceError, file=address.path, title=title)
