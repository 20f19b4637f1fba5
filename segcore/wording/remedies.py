"""What a user can do about a finding, in the words of the command line and of the screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from segcore.records.finding import Remedy
from segcore.wording.files import encoding_name

Audience = Literal["command line", "screen"]
_READING = "under “How the file is read”"


def _either(choices: Sequence[str]) -> str:
    return choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"


def _encoding(name: str) -> str:
    called = encoding_name(name)
    return name if called.lower() == name else f"{name} ({called})"


def _choice(option: str, what: str, written: Callable[[Any], str] = str) -> tuple[Callable[..., str], Callable[..., str]]:
    """Return how to choose something about the reading of a file; ``choices`` are the likely values."""

    def command_line(choices: Sequence[object] = ()) -> str:
        given = [f"--{option} {written(choice)}" for choice in choices] or [f"--{option}"]
        return f"choose {what} with {_either(given)}"

    def screen(choices: Sequence[object] = ()) -> str:
        likely = f": {_either([written(choice) for choice in choices])}" if choices else ""
        return f"choose {what} {_READING}{likely}"

    return command_line, screen


def _option(name: str, command_line: str, screen: str) -> tuple[Callable[..., str], Callable[..., str]]:
    return (lambda **_: command_line.format(name)), (lambda **_: screen)


# Code: what to do on the command line, and on screen; each takes the remedy's values by name and is an imperative clause.
REMEDIES: Mapping[str, tuple[Callable[..., str], Callable[..., str]]] = {
    "encoding": _choice("encoding", "the encoding", _encoding),
    "header_row": _choice("header-row", "the header row"),
    "delimiter": _choice("delimiter", "the delimiter"),
    "sheets": _choice("sheet", "the sheet"),
    "set_aside": _option("--set-aside", "skip unreadable rows with {}", "skip unreadable rows with the button below"),
}


def remedy_text(remedy: Remedy, audience: Audience) -> str:
    """Return what to do, as a clause without a capital or a full stop."""
    command_line, screen = REMEDIES[remedy.code]
    return (screen if audience == "screen" else command_line)(**remedy.values)
