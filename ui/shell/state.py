"""Choices of one browser session; the only user of ``st.session_state`` and ``st.query_params``.

Streamlit drops a widget's value when its page is left, so every choice is kept under a separate key and widgets are seeded from it.
Data, sweep and solution are in the address, ``?data=…&sweep=…&point=…``, vectors that are being made, targets that were asked for, and
segments that were followed into later data. It is read and written when a page is opened, and written when one of them changes, so that a
reload, a second tab and a link show the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

import streamlit as st

from segcore.errors import ParameterError, SegcoreError
from segcore.records.grid import find_point, parse_point, point_key
from segcore.records.plan import Plan
from segcore.records.sweep import Sweep
from ui.shell import cache

if TYPE_CHECKING:
    from segcore.records.intake import DataRequest, Intake

_OWN = "segcore."
_ENTERED = "segcore.entered"
AwaitedJob = Literal["vectors", "targets", "over_time", "export"]
"""Name in the address of a job that this session awaits, or whose results it shows."""
_JOBS: tuple[AwaitedJob, ...] = get_args(AwaitedJob)


def recall(name: str, default: Any = None) -> Any:
    """Return a value kept for this session."""
    return st.session_state.get(_OWN + name, default)


def remember(name: str, value: Any) -> None:
    """Keep a value for this session, across pages."""
    st.session_state[_OWN + name] = value


def take(name: str) -> Any:
    """Return a value kept for this session, or None, and forget it."""
    return st.session_state.pop(_OWN + name, None)


def seed_widget(key: str, value: Any) -> None:
    """Set a widget's initial value unless it already has one on this page."""
    if key not in st.session_state:
        st.session_state[key] = value


def set_widget(key: str, value: Any) -> None:
    """Set a widget's value; only from a callback, or before the widget is drawn."""
    st.session_state[key] = value


def widget(key: str, default: Any = None) -> Any:
    """Return a widget's value, even before it is drawn in this run."""
    return st.session_state.get(key, default)


def new_click(key: str) -> int | None:
    """Return the mark clicked in a figure since the last call; None if there was no new click.

    Parameters
    ----------
    key : str
        The figure's key; its marks carry a whole number as ``customdata``.

    Notes
    -----
    A selection stays in the browser after the analyst has chosen otherwise, so only a changed selection counts as a click.
    """
    event = st.session_state.get(key)
    points = event["selection"]["points"] if event else []
    mark = points[0].get("customdata") if points else None
    mark = mark[0] if isinstance(mark, list | tuple) else mark
    if mark == recall(f"click.{key}"):
        return None
    remember(f"click.{key}", mark)
    return None if mark is None else int(mark)


def drawn_regions(key: str) -> list[list[tuple[float, float]]]:
    """Return the polygons drawn by dragging in a figure, lassos and boxes, each as its corners ``(x, y)``.

    Notes
    -----
    Corners, not marks: their positions in the event are wrong across traces, and of many customers only a sample is drawn.
    """
    event = st.session_state.get(key)
    selection = event["selection"] if event else {}
    lassos = [list(zip(one["x"], one["y"], strict=True)) for one in selection.get("lasso", ())]
    boxes = [[(one["x"][i], one["y"][j]) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))] for one in selection.get("box", ())]
    return lassos + boxes


def enter() -> None:
    """Record that the next page is reached through the navigation."""
    st.session_state[_ENTERED] = True


def entered() -> bool:
    """Tell whether the page was reached through the navigation, and reset that; see ``ui.shell.page.begin_page``."""
    return bool(st.session_state.pop(_ENTERED, False))


def intake() -> Intake | None:
    """Return the data loaded in this session."""
    found: Intake | None = recall("intake")
    return found


def request() -> DataRequest | None:
    """Return the request that led to ``intake()``."""
    found: DataRequest | None = recall("request")
    return found


def load(taken: Intake, asked: DataRequest) -> None:
    """Make an intake this session's data; a sweep of other data is no longer shown, and a different table gets the default features."""
    remember("intake", taken)
    remember("request", asked)
    remember("data_broken", False)
    for name in _JOBS:
        remember(name, None)
    _forget(*_JOBS)
    followed = sweep_id()
    if followed is not None:
        spec = cache.store().specs([followed]).get(followed)
        if spec is None or spec.table != taken.table:
            unfollow()
    _write({"data": _data_in_link(taken)})


def plan() -> Plan:
    """Return the plan for the loaded data: the app's defaults until the analyst changes them."""
    taken = intake()
    if taken is None:
        return Plan(features=())
    kept: Plan | None = recall(f"plan.{taken.table}")
    if kept is not None:
        return kept

    def build() -> Plan:
        from segcore.features.planning.defaults import DEFAULT

        return DEFAULT.plan(cache.feature_table(str(cache.store().home), taken.table), taken.kind)

    return cache.computed("default_plan", taken.table, build)


def keep_plan(asked: Plan) -> None:
    """Keep the plan for the loaded data."""
    taken = intake()
    if taken is not None:
        remember(f"plan.{taken.table}", asked)


def read_link() -> None:
    """Show the data, sweep and solution in the address; ``link_problem`` then returns what is wrong with it."""
    for name in ("link_problem", "link_broken", "data_broken"):
        remember(name, None)
    asked, awaited = st.query_params.get("sweep"), {name: st.query_params.get(name) for name in _JOBS}
    if asked:
        _read_sweep(asked)
    else:
        _read_data(st.query_params.get("data"))
    for name, prefix in awaited.items():
        if prefix:
            _read_job(name, prefix)


def _read_data(key: str | None) -> None:
    """Load the data in the address, unless they are those of this session."""
    from segcore.intake.remembered import recall_data

    taken = intake()
    if not key or (taken is not None and _data_in_link(taken) == key):
        return
    found = recall_data(cache.store(), key)
    if found is not None:
        load(*found)
        return
    remember("data_broken", True)
    remember("link_problem", f"The data in the link, {key[:16]!r}, are not in this store: choose data.")


def _read_sweep(asked: str) -> None:
    """Follow the sweep in the address, with its data."""
    store = cache.store()
    try:
        found = store.resolve(asked)
    except SegcoreError:
        remember("link_broken", True)
        remember("link_problem", f"The sweep in the link, {asked[:16]!r}, is not in this store: choose another, or run it again.")
        return
    _follow_with_data(found)
    point = st.query_params.get("point")
    if point:
        try:
            remember(f"point.{found}", find_point(store.spec(found).points, parse_point(point)))
        except ParameterError as error:
            remember("link_problem", f"The solution in the link cannot be shown: {error}")


def _read_job(name: str, asked: str) -> None:
    """Await the job in the address, if there is one."""
    found = cache.store().job_ids(asked)
    if len(found) == 1:
        remember(name, found[0])


def await_job(name: AwaitedJob, job_id: str) -> None:
    """Have this session await what a job makes or finds, and show it, unless it loads other data before."""
    remember(name, job_id)
    _write({name: job_id[:16]})


def awaited_job(name: AwaitedJob) -> str | None:
    """Return the job that this session awaits, or whose results it shows."""
    found: str | None = recall(name)
    return found


def _follow_with_data(followed: str) -> None:
    """Show a sweep, and load the data it was made of, unless they are lost."""
    from segcore.intake.remembered import data_key, recall_data

    spec, taken = cache.store().spec(followed), intake()
    if taken is None or taken.table != spec.table:
        found = recall_data(cache.store(), data_key(spec.table, spec.data))
        if found is not None:
            load(*found)
    remember("sweep", followed)


def _data_in_link(taken: Intake) -> str:
    from segcore.intake.remembered import data_key

    return data_key(taken.table, taken.data)


def write_link() -> None:
    """Put what this session shows into the address, which a change of page empties; what changes it later writes it too."""
    taken, followed = intake(), sweep_id()
    link: dict[str, str] = {}
    if taken is not None and not recall("data_broken"):
        link["data"] = _data_in_link(taken)
    link |= {name: awaited[:16] for name in _JOBS if (awaited := recall(name)) is not None}
    if followed is not None and not link_is_broken():
        link |= link_to(followed, recall(f"point.{followed}"))
    _write(link)


def _write(link: Mapping[str, str]) -> None:
    for name, value in link.items():
        if st.query_params.get(name) != value:
            st.query_params[name] = value


def _forget(*names: str) -> None:
    for name in names:
        if name in st.query_params:
            del st.query_params[name]


def read_other() -> tuple[str | None, str | None]:
    """Return the sweep and the solution in the address to compare with."""
    return st.query_params.get("with_sweep"), st.query_params.get("with_point")


def write_other(followed: str, point: str) -> None:
    """Put the sweep and the solution to compare with into the address."""
    _write({"with_sweep": followed[:16], "with_point": point})


def data_is_broken() -> bool:
    """Tell whether the data in the address are not in this store, so that no others are shown instead."""
    return bool(recall("data_broken"))


def link_problem() -> str | None:
    """Return the problem with the address as one sentence, or None."""
    found: str | None = recall("link_problem")
    return found


def link_is_broken() -> bool:
    """Tell whether the sweep in the address does not exist, so that no other is shown instead."""
    return bool(recall("link_broken"))


def sweep_id() -> str | None:
    """Return the id of the sweep that this session shows."""
    found: str | None = recall("sweep")
    return found


def follow(followed: str) -> None:
    """Show this sweep and its data on every page from now on."""
    _follow_with_data(followed)
    remember("link_problem", None)
    remember("link_broken", False)
    _forget("point")
    _write(link_to(followed))


def unfollow() -> None:
    """Show no particular sweep any more."""
    remember("sweep", None)
    _forget("sweep", "point")


def chosen_point(sweep: Sweep) -> int:
    """Return the position of the solution that this session shows: the clicked or linked one, else see ``best_position``."""
    from segcore.sweeps.points import best_position

    kept: int | None = recall(f"point.{sweep.id}")
    return kept if kept is not None and 0 <= kept < len(sweep.solutions) else best_position(sweep)


def is_chosen(sweep: Sweep) -> bool:
    """Tell whether the analyst chose the solution that is shown, by a click or a link."""
    return recall(f"point.{sweep.id}") is not None


def choose_point(followed: str, position: int) -> None:
    """Show one solution of a sweep, and put both into the address so that it can be shared."""
    remember("sweep", followed)
    remember(f"point.{followed}", position)
    remember("link_problem", None)
    _write(link_to(followed, position))


def link_to(followed: str, position: int | None = None) -> dict[str, str]:
    """Return the query parameters that open a sweep and one of its solutions in another browser."""
    link = {"sweep": followed[:16]}
    if position is not None:
        link["point"] = point_key(cache.store().spec(followed).points[position])
    return link


def show_link(followed: str, position: int | None) -> None:
    """Put the shown solution into the address without choosing it, so that the address can be shared at any time."""
    _write(link_to(followed, position))
