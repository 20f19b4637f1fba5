"""Errors on screen: each part of the app that can fail by itself, a page or a fragment, draws its own as one sentence."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec

import streamlit as st

from segcore import jobs
from segcore.errors import SegcoreError
from segcore.store.disk import any_disk_error
from segcore.store.index import default_home
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from segcore.wording.memory import limit_error
from ui.shell import cache, state

P = ParamSpec("P")
_log = logging.getLogger("segcore.app")


def guard(draw: Callable[[], object], *, where: str, said: str | None = None) -> str | None:
    """Run a part of the app; show a user's error as its sentence, and a bug as one sentence with its traceback in the log.

    Parameters
    ----------
    draw : callable
    where : str
        Begins the keys of what is drawn for an error; each part of one run has its own.
    said : str or None
        The sentence of another part, which is not drawn again.

    Returns
    -------
    str or None
        The sentence of the user's error.
    """
    try:
        draw()
    except SegcoreError as error:
        known = error
    except Exception as error:
        limit = any_disk_error(error, default_home()) or limit_error(error)
        if limit is None:
            report_bug(error)
            return None
        known = limit
    else:
        return None
    sentence = error_text(known, "screen")
    if sentence != said:
        draw_error(known, where=where)
    return sentence


def fragment(draw: Callable[P, object], *, key: str | None = None, run_every: float | None = None) -> Callable[P, None]:
    """Make a function a fragment of Streamlit, guarded: when a fragment runs alone, no page's `guard` is around it.

    Parameters
    ----------
    draw : callable
    key : str or None
        Tells apart fragments of the same function.
    run_every : float or None
        Seconds between two runs.
    """

    @functools.wraps(draw)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        guard(lambda: draw(*args, **kwargs), where=key or f"{draw.__module__}.{draw.__qualname__}")

    return st.fragment(guarded, key=key, run_every=run_every)


def report_bug(error: Exception) -> None:
    """Show that the page failed, and write the traceback to the server's log."""
    _log.exception("a page failed", exc_info=error)
    st.error("This page failed because of a fault in segcore. Reloading may help; details are in the server's log.")


def draw_error(error: SegcoreError, *, where: str) -> None:
    """Draw a user's error as its sentence, with the button that repairs a damaged sweep where that is what to do.

    Parameters
    ----------
    error : SegcoreError
    where : str
        Begins the key of the button.
    """
    st.error(escape(error_text(error, "screen")), icon=":material/error:")
    if error.remedy == "repair_sweep" and error.finding is not None and error.finding.remedy is not None:
        asked = error.finding.remedy.values["sweep"]
        key = f"{where}.repair.{asked}"
        st.button("Repair this sweep", key=key, icon=":material/build:", on_click=_repair, args=(asked,))


def _repair(asked: str) -> None:
    """Have a sweep that is damaged computed again; a callback, so an error is kept and shown in the sidebar."""
    store = cache.store()
    try:
        jobs.resume(store, store.resolve(asked))
        state.remember("job_problem", None)
    except SegcoreError as error:
        state.remember("job_problem", error_text(error, "screen"))
