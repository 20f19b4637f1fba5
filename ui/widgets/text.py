"""Sentences that name options of the command line, for a screen."""

from __future__ import annotations

import re

_OPTION = re.compile(r"(,? perhaps)?,?(?: with)? \(?(--[a-z-]+)([^()]*?)[ ,]+\(?a (?:choice|button) on screen\)")
_ROLE = re.compile(r"say which(?: with the role \w+)?, such as --role \w+=COLUMN")
_CODES = re.compile(r"declare the column with --category (?:'[^']*'|\"[^\"]*\"|\S+)")
_FIELDS = {
    "--set-aside": " with the button below",
    "--date-order": " below",
    "--duplicates": " (“Leave exact repeats out” below)",
    **dict.fromkeys(("--header-row", "--encoding", "--delimiter", "--sheet"), ", under “How the file is read”"),
}


def on_screen(text: str) -> str:
    """Return a sentence that names an option of the command line with the name of the field that does the same on the Data screen."""
    text = _CODES.sub("choose “Category”", _ROLE.sub("choose it below", text))
    return _OPTION.sub(lambda found: (f", perhaps {found[3].strip()}" if found[1] else "") + _FIELDS.get(found[2], " below"), text)
