"""A list whose entries change their text between a click and its run."""

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

PAGE = """
import streamlit as st
from ui.shell import state
from ui.widgets.select import select

runs = state.recall("runs", 0) + 1
state.remember("runs", runs)
options = state.recall("options", ["a", "b", "c"])
picked = select(
    "List", options, key="list", format_func=lambda option: f"{option}, {runs} min ago",
    on_choice=lambda option: state.remember("chosen", option), default=state.recall("default"), value=state.recall("value"),
)
st.text(f"picked {picked}, chosen {state.recall('chosen')}")
"""


@pytest.fixture
def app():
    page = AppTest.from_string(PAGE, default_timeout=30).run()
    assert not page.exception
    return page


def click(app, monkeypatch, text):
    """Run the page as a browser does that still shows an entry with this text."""
    box = app.selectbox(key="list")
    monkeypatch.setattr(Selectbox, "_widget_state", property(lambda self: WidgetState(id=box.id, string_value=text)))
    app.run()
    assert not app.exception
    return app.text[0].value


def test_the_first_option_is_picked_until_another_is_chosen(app):
    assert app.text[0].value == "picked a, chosen None"
    app.selectbox(key="list").select("b").run()
    assert app.text[0].value == "picked b, chosen b"


def test_a_text_of_an_earlier_run_is_the_same_option(app, monkeypatch):
    app.run()
    app.run()
    assert click(app, monkeypatch, "c, 1 min ago") == "picked c, chosen c"
    assert app.selectbox(key="list").options[2].startswith("c, ")


def test_a_text_that_was_never_offered_picks_the_default(app, monkeypatch):
    app.session_state["segcore.default"] = "b"
    assert click(app, monkeypatch, "z, 1 min ago") == "picked b, chosen None"


def test_an_option_that_is_gone_picks_the_default(app, monkeypatch):
    app.selectbox(key="list").select("c").run()
    app.session_state["segcore.options"] = ["a", "b"]
    app.run()
    assert not app.exception
    assert app.text[0].value == "picked a, chosen c"


def test_what_was_chosen_elsewhere_is_not_taken_back_by_a_browser_that_still_shows_the_choice_before(app, monkeypatch):
    app.selectbox(key="list").select("b").run()
    late = app.selectbox(key="list").id
    app.session_state["segcore.value"] = "c"
    app.run()
    assert app.text[0].value == "picked c, chosen b"
    app.session_state["segcore.chosen"] = "c"
    stale = WidgetState(id=late, string_value="b, 1 min ago")
    monkeypatch.setattr(Selectbox, "_widget_state", property(lambda self: stale))
    app.run()
    assert not app.exception
    assert app.text[0].value == "picked c, chosen c"


def test_a_choice_from_the_list_keeps_the_list(monkeypatch):
    page = PAGE.replace('state.remember("chosen", option)', '(state.remember("chosen", option), state.remember("value", option))')
    app = AppTest.from_string(page, default_timeout=30)
    app.session_state["segcore.value"] = "a"
    app.run()
    app.selectbox(key="list").select("b").run()
    assert app.text[0].value == "picked b, chosen b"
    assert app.selectbox(key="list").value == "b"


def test_options_whose_texts_look_alike_are_numbered(app, monkeypatch):
    app.session_state["segcore.options"] = ["a\x07", "a\\x07"]
    app.run()
    shown = app.selectbox(key="list").options
    assert len(set(shown)) == 2
    assert click(app, monkeypatch, shown[0]).startswith("picked a\x07,")
