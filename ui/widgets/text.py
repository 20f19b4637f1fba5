"""Numbers and times as people read them."""

from __future__ import annotations

import re
import time

from segcore.system.machine import seconds_text as duration

__all__ = ["ago", "count", "day", "duration", "number", "on_screen", "plain", "share", "visible"]

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#$|~@]|(?<=www)\.)")
# Streamlit looks for these in the finished text, where an escape no longer stands.
_COLON = re.compile(r"(?<!\d):(?=[a-zA-Z0-9_+-])")
_JOINER = "\N{WORD JOINER}"
_OPTION = re.compile(r"(,? perhaps)?,?(?: with)? \(?(--[a-z-]+)([^()]*?)[ ,]+\(?a (?:choice|button) on screen\)")
_ROLE = re.compile(r"say which(?: with the role \w+)?, such as --role \w+=COLUMN")
_CODES = re.compile(r"declare the column with --category (?:'[^']*'|\"[^\"]*\"|\S+)")
_FIELDS = {
    "--set-aside": " with the button below",
    "--date-order": " below",
    "--duplicates": " (“Leave exact repeats out” below)",
    **dict.fromkeys(("--header-row", "--encoding", "--delimiter", "--sheet"), ", under “How the file is read”"),
}


def count(number: int, one: str, many: str | None = None) -> str:
    """Return ``1 customer`` or ``2,469 customers``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def share(part: float) -> str:
    """Return a share of 1 as a percentage that does not round something to nothing."""
    if 0 < part < 0.001:
        return "less than 0.1 %"
    return f"{part:.1%}".replace("%", " %").replace(".0 %", " %")


def ago(moment: float | None) -> str:
    """Return ``just now``, ``5 min ago`` or the day, of a time in seconds since 1970."""
    if moment is None:
        return ""
    passed = time.time() - moment
    if passed < 60:
        return "just now"
    if passed < 86_400:
        return f"{duration(passed)} ago"
    return time.strftime("%d %b %Y", time.localtime(moment))


def day(moment: str | None) -> str:
    """Return the day of an ISO date and time, such as ``1 Jan 2017``."""
    if not moment:
        return "unknown"
    parts = time.strptime(moment[:10], "%Y-%m-%d")
    return f"{parts.tm_mday} {time.strftime('%b %Y', parts)}"


def number(value: float) -> str:
    """Return a number with four significant digits, thousands separated."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if 1000 <= abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def plain(text: str) -> str:
    """Return text with nothing in it that Markdown would draw: names and values are the file's own."""
    return _COLON.sub(f":{_JOINER}", _MARKDOWN.sub(r"\\\1", text))


def on_screen(text: str) -> str:
    """Return a sentence that names an option of the command line with the name of the field that does the same on the Data screen."""
    text = _CODES.sub("choose “Category”", _ROLE.sub("choose it below", text))
    return _OPTION.sub(lambda found: (f", perhaps {found[3].strip()}" if found[1] else "") + _FIELDS.get(found[2], " below"), text)


def visible(text: str) -> str:
    """Return text with control and invisible characters escaped."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
