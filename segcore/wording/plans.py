"""Sentences on what a plan does to features unasked: transforms, and ideas that count once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from segcore.wording.numbers import listed
from segcore.wording.quotes import value_text

_NAMED = 4
_WHY = {"alike": "correlated at 0.95 or more", "shares": "shares of one total", "ordered": "a category and its number"}
_COUNTS = {1: "one", 2: "two"}


def transforms_text(transforms: Mapping[str, str], titles: Mapping[str, str]) -> str:
    """Return the sentence on transformed features; "" if none is.

    Parameters
    ----------
    transforms : mapping of feature to {"log", "power"}
    titles : mapping of feature to title
    """
    parts = []
    for kind, done in (("log", "Log-transformed"), ("power", "Power-transformed")):
        names = [titles.get(name, name) for name, found in transforms.items() if found == kind]
        if names:
            skewed = "it is skewed" if len(names) == 1 else "they are skewed"
            parts.append(f"{done}, because {skewed}: {_some(names)}.")
    return " ".join(parts)


def ideas_text(ideas: Sequence[Mapping[str, Any]], titles: Mapping[str, str], *, once: bool) -> str:
    """Return the sentences on features that say the same; "" if none do.

    Parameters
    ----------
    ideas : sequence of mappings
        Each as `segcore.features.ideas.Idea.to_json` returns it.
    titles : mapping of feature to title
    once : bool
        Whether each idea counts once.
    """
    if not ideas:
        return ""
    if not once:
        return f"Some features say the same, and each counts in full: {_ideas(ideas, titles)}."
    groups = ((counts, [idea for idea in ideas if idea["counts"] == counts]) for counts in _COUNTS)
    return " ".join(
        f"Counted together as {_COUNTS[counts]} feature{'s' if counts > 1 else ''}: {_ideas(found, titles)}."
        for counts, found in groups
        if found
    )


def _ideas(ideas: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> str:
    shown = [f"{_some(_members(idea, titles))} ({', '.join(_WHY[why] for why in idea['why'])})" for idea in ideas[:_NAMED]]
    return "; ".join([*shown, *([f"and {len(ideas) - _NAMED} more"] if len(ideas) > _NAMED else [])])


def _members(idea: Mapping[str, Any], titles: Mapping[str, str]) -> list[str]:
    """Return features by their titles, and several values of one column by the column's name."""
    found = []
    for column, features in idea["columns"].items():
        found.append(titles.get(features[0], features[0]) if len(features) == 1 else column)
    return found


def _some(names: Sequence[str]) -> str:
    short = [value_text(name) for name in names[:_NAMED]]
    return listed(short) if len(names) <= _NAMED else f"{', '.join(short[: _NAMED - 1])} and {len(names) - _NAMED + 1} more"
