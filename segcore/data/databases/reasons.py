"""Reasons that drivers give, shortened to one line from which passwords are taken out."""

from __future__ import annotations

import os
import re
import urllib.parse

_HIDDEN = "***"
_MOST_LETTERS = 300
_IN_URL = re.compile(r"(://[^\s/:@]*):[^\s@]*@")
_SETTING = re.compile(r"""((?:ssl)?password\s*[=:]\s*)('[^']*'|"[^"]*"|[^\s&'"]+)""", re.IGNORECASE)


def reason_text(text: str, password: str | None = None) -> str:
    """Return the first line of a driver's message, without full stop and without any password.

    Parameters
    ----------
    text : str
    password : str or None
        One that was used to connect; that of PGPASSWORD is always taken out.
    """
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    for secret in (password, os.environ.get("PGPASSWORD")):
        if secret:
            for written in {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote(secret), urllib.parse.quote_plus(secret)}:
                line = line.replace(written, _HIDDEN)
    line = _SETTING.sub(rf"\1{_HIDDEN}", _IN_URL.sub(rf"\1:{_HIDDEN}@", line))
    return line[:_MOST_LETTERS].rstrip(".")
