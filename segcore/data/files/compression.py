"""Decompression of a file as a stream, so that a bomb ends in an error message before it fills the memory."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from segcore.data.files.file_type import HEAD_BYTES, packing_of, refuse_other_formats
from segcore.errors import SegcoreError, SourceError
from segcore.wording.findings import refusal

MAX_BYTES = 4 * 2**30  # of decompressed text: two copies fit into an ordinary machine's memory
BOMB_BYTES = 64 * 2**20
BOMB_RATIO = 250  # tables compress to a third, very repetitive ones to a fiftieth; deflate's maximum is 1,032
MAX_STRETCH = 64 * 2**20  # without a line end; the limit of a line is checked once the text is complete
_CHUNK = 2**23
_PACKED = 2**16  # read at once: small, since a bomb shows by how little of the file was read
Reader = Callable[[int], bytes]


def unpack(path: Path, name: str, max_bytes: int = MAX_BYTES) -> tuple[bytearray, str]:
    """Return the decompressed content of a file, and its compression: ``gzip``, ``zstd`` or an empty text.

    Raises
    ------
    SourceError
        If it cannot be read, is larger than ``max_bytes``, is a known format other than text, is damaged, or unpacks to more than
        ``BOMB_RATIO`` times its size.
    DataError
        If it is empty or white space only, or has no line end for too long.
    """
    content = bytearray()
    line_end = 0
    try:
        with path.open("rb") as file:
            packing = packing_of(file.read(4))
            size = file.seek(0, 2)
            file.seek(0)
            if not packing and size > max_bytes:
                raise too_large(name, max_bytes)
            for chunk in _chunks(file, packing):
                if not content:
                    refuse_other_formats(chunk[:HEAD_BYTES], name, packing=packing)
                content += chunk
                if packing and len(content) > max(BOMB_BYTES, BOMB_RATIO * file.tell()):
                    raise refusal("file.bomb", kind=SourceError, file=name, ratio=BOMB_RATIO)
                if len(content) > max_bytes:
                    raise too_large(name, max_bytes, unpacked=bool(packing))
                line_end = max(line_end, content.rfind(b"\n", line_end), content.rfind(b"\r", line_end))
                if len(content) - line_end > MAX_STRETCH:
                    raise refusal("file.no_line_end", file=name, most=MAX_STRETCH, byte=line_end + 1)
    except (EOFError, zlib.error) as error:
        raise refusal("file.damaged_packing", kind=SourceError, file=name, packing="gzip", reason=_reason(error)) from error
    except OSError as error:
        if error.errno is None:
            raise refusal("file.damaged_packing", kind=SourceError, file=name, packing="zstd", reason=_reason(error)) from error
        raise refusal("file.unreadable", kind=SourceError, file=name, reason=error.strerror or str(error)) from error
    if not content or content.isspace():
        raise refusal("file.blank" if content else "file.empty", file=name)
    return content, packing


def peek(path: Path, count: int = HEAD_BYTES) -> tuple[bytes, str]:
    """Return the first bytes of a file, decompressed if possible, and its compression; ``unpack`` reports damage."""
    with path.open("rb") as file:
        head = file.read(count)
        packing = packing_of(head)
        file.seek(0)
        if packing:
            try:
                head = next(_chunks(file, packing, count), b"")
            except (EOFError, zlib.error, OSError):
                head = b""
    return head, packing


def _chunks(file: BinaryIO, packing: str, count: int = _CHUNK) -> Iterator[bytes]:
    with _reader(file, packing) as read:
        while chunk := read(count):
            yield chunk


class _Inflater:
    """Reader of a gzip file's members in turn; Python's own reads the file name in a header letter by letter.

    Parameters
    ----------
    file : BinaryIO
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._waiting = file.read(_PACKED)

    def read(self, count: int) -> bytes:
        """Return up to ``count`` bytes; empty at the end.

        Raises
        ------
        EOFError, zlib.error
            If the file is cut off or damaged, or continues with other content.
        """
        while True:
            if self._member.eof and not self._next_member():
                return b""
            if not self._waiting:
                self._waiting = self._file.read(_PACKED)
            if not self._waiting:
                raise EOFError("it ends before its end-of-stream marker")
            chunk = self._member.decompress(self._waiting, count)
            self._waiting = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if chunk:
                return chunk

    def _next_member(self) -> bool:
        """Move to the next member, if any, skipping padding zeros."""
        while True:
            self._waiting = self._waiting.lstrip(b"\0")
            if len(self._waiting) > 1:
                self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
                return True
            more = self._file.read(_PACKED)
            if not more:
                if self._waiting:
                    raise EOFError("one byte too many at its end")
                return False
            self._waiting += more


@contextmanager
def _reader(file: BinaryIO, packing: str) -> Iterator[Reader]:
    if packing == "gzip":
        yield _Inflater(file).read
    elif packing == "zstd":
        import pyarrow as pa

        with pa.PythonFile(file, "r") as inner, pa.CompressedInputStream(inner, "zstd") as stream:
            yield stream.read
    else:
        yield file.read


def too_large(name: str, max_bytes: int, *, unpacked: bool = False) -> SegcoreError:
    """Build the error for a file that is too large to be read."""
    return refusal("file.too_large", kind=SourceError, file=name, most=max_bytes, unpacked=unpacked)


def _reason(error: BaseException) -> str:
    return str(error).splitlines()[0].rstrip(".")
