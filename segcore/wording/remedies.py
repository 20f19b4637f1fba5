"""What a user can do about a finding, in the words of the command line and of the screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from segcore.records.finding import Remedy

Audience = Literal["command line", "screen"]
_READING = "under “How the file is read”"


def _option(name: str, command_line: str, screen: str) -> tuple[Callable[..., str], Callable[..., str]]:
    return (lambda **_: command_line.format(name)), (lambda **_: screen)


# Code: what to do on the command line, and on screen; each takes the remedy's values by name and is an imperative clause.
REMEDIES: Mapping[str, tuple[Callable[..., str], Callable[..., str]]] = {
    "set_aside": _option("--set-aside", "skip unreadable rows with {}", "skip unreadable rows with the button below"),
}


def remedy_text(remedy: Remedy, audience: Audience) -> str:
    """Return what to do, as a clause without a capital or a full stop."""
    command_line, screen = REMEDIES[remedy.code]
    return (screen if audience == "screen" else command_line)(**remedy.values)
