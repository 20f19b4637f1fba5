"""What commands print: texts and JSON in which no name of the data can move the cursor, change colours or turn the order of letters."""

from __future__ import annotations

import json
import re
import sys
from typing import Any, TextIO

from segcore.wording.quotes import visible

STANDARD_OUTPUT = "/dev/stdout"


def say(text: str, *, file: TextIO | None = None) -> None:
    """Print text of one or more lines, with all other control characters, and invisible ones, escaped.

    Parameters
    ----------
    text : str
    file : text stream or None
        ``None`` is standard output.

    Raises
    ------
    OSError
        If it cannot be written; of standard output, with its file name, as for all functions here.
    """
    _write("".join(f"{visible(line)}\n" for line in text.split("\n")), file or sys.stdout)


def say_code(text: str) -> None:
    """Print SQL or a filter: as it is to a file or another program, which needs every character, and escaped as by `say` to a terminal."""
    if sys.stdout.isatty():
        say(text)
    else:
        _write(f"{text}\n", sys.stdout)


def say_json(document: Any) -> None:
    """Print a document as one line of JSON, with invisible characters escaped in a way that does not change its meaning.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    _write(f"{re.sub(r'[^ -~]', _escaped, text)}\n", sys.stdout)


def _write(text: str, file: TextIO) -> None:
    try:
        file.write(text)
    except OSError as error:
        if file is sys.stdout:
            error.filename = STANDARD_OUTPUT  # a failed write names no file
        raise


def _escaped(found: re.Match[str]) -> str:
    letter = found[0]
    return letter if letter.isprintable() else json.dumps(letter)[1:-1]
