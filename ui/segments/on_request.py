"""What is computed on the Segments screen only once it was asked for."""

from __future__ import annotations

import streamlit as st

from ui.shell import state


def asked_for(name: str, title: str, *, key: str, icon: str, words: str, before: str = "") -> bool:
    """Tell whether something was asked for in this session; if not, draw the button that asks for it.

    Parameters
    ----------
    name : str
        Under which the session remembers it.
    title, key, icon, words : str
        Of the button; ``words`` is its help.
    before : str
        A caption above the button.
    """
    if state.recall(name):
        return True
    if before:
        st.caption(before)
    st.button(title, key=key, icon=icon, help=words, on_click=state.remember, args=(name, True))
    return False
