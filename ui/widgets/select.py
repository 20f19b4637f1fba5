"""A list to choose from whose entries may change their text while somebody is choosing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

from segcore.wording.quotes import distinct, visible
from ui.shell import state

T = TypeVar("T", int, str)
_MOST_KEPT = 1000


def select(
    label: str,
    options: Sequence[T],
    *,
    key: str,
    format_func: Callable[[T], str],
    on_choice: Callable[[T], None] | None = None,
    value: T | None = None,
    default: T | None = None,
    **look: Any,
) -> T:
    """Draw a list and return the chosen option.

    Streamlit sends back the text of an entry and looks it up among the texts of the last run. An entry that has got another text since,
    for example because its solution is now the recommended one, would not be found; here it is found among all texts that were offered.

    A browser that has not drawn yet what was chosen elsewhere, such as by a click in a figure, still sends the list's earlier entry, which
    would take that choice back. So the list is a new widget after each such choice, and what an old one sends is ignored.

    Parameters
    ----------
    label, format_func
        As for `streamlit.selectbox`; control and invisible characters of the texts are escaped, and equal texts numbered.
    options : sequence of int or str
        At least one, each once.
    key : str
        Of the first such widget; without ``value``, it may be set before this is called.
    on_choice : callable (option) -> None, or None
        Called when the user has chosen another option, before anything is drawn.
    value : int or str, or None
        The option that is chosen, where that is kept elsewhere; ``None`` where the widget keeps it.
    default : int or str, or None
        One of the options, chosen where the widget has no value or one that is not there any more; ``None`` is the first.
    **look
        Passed on to `streamlit.selectbox`.
    """
    texts = dict(zip(options, distinct([visible(format_func(option)) for option in options]), strict=True))
    kept = f"offered.{key}"
    offered = state.recall(kept, {})
    if len(offered) > _MOST_KEPT:
        offered = {}
    offered = {**offered, **{text: option for option, text in texts.items()}}
    state.remember(kept, offered)

    listed = f"listed.{key}"
    turn, shown = state.recall(listed, (0, value))
    if value != shown:
        turn += 1
    state.remember(listed, (turn, value))
    key = f"{key}.{turn}" if turn else key
    if value is not None:
        state.set_widget(key, value)

    def resolve() -> T | None:
        held = state.widget(key)
        found = held if held in options else offered.get(held)
        return found if found in options else None

    def choose() -> None:
        found = resolve()
        if on_choice is not None and found is not None and state.recall(listed)[0] == turn:
            if value is not None:
                state.remember(listed, (turn, found))
            on_choice(found)

    if state.widget(key) not in options:
        found = resolve()
        state.set_widget(key, next(option for option in (found, default, options[0]) if option is not None))
    return st.selectbox(label, options, key=key, format_func=texts.__getitem__, on_change=choose, **look)
