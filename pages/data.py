import streamlit as st

from segcore.wording.markdown import escape
from ui.data.loading import name_of
from ui.data.meaning_form import known_of, known_of_pending, meaning_form, reading_form
from ui.data.missions import draw_missions
from ui.data.report import draw_aside, draw_findings, draw_preview, draw_summary
from ui.data.second_tables import draw_second_tables
from ui.data.source_form import CHOOSER, FORM, choose_data, draw_remedy, pending, say_problem
from ui.shell import state
from ui.shell.page import begin_page, next_step

page = begin_page("data")
taken = page.find_intake()
failed, request = pending(), state.request()

if taken is not None:
    st.header(f"{'Still loaded' if failed else 'Loaded'}: {escape(taken.data['name'])}", anchor=False)
    draw_summary(taken)
    if failed is None:
        next_step("features", "Continue to Features")
st.header("Choose the data", anchor=False)
choose_data(page.store)
if failed is not None:
    st.header(f"Not loaded yet: {escape(name_of(failed.request))}", anchor=False)
    if failed.seen is None or failed.place == CHOOSER:
        draw_remedy(page.store, failed, taken)
    if failed.seen is None and failed.request.database is None:
        reading_form(page.store, failed.request)
    elif failed.seen is not None:
        known = known_of_pending(failed.request, failed.seen)
        meaning_form(page.store, known, lambda: draw_remedy(page.store, failed, taken) if failed.place == FORM else None)
        draw_preview(page.store, failed.seen.preview, failed.seen.rows)
elif taken is not None and request is not None:
    st.header("Findings", anchor=False)
    draw_findings(page.store, taken, request)
    draw_aside(page.store, taken)
    st.header("What the columns mean and which rows count", anchor=False)
    meaning_form(page.store, known_of(request, taken), lambda: say_problem(FORM))
    st.header("More about customers and items", anchor=False)
    draw_second_tables(page.store, taken, request)
    draw_missions(page.store, taken, request)
    st.header("Preview", anchor=False)
    draw_preview(page.store, taken.preview, taken.rows_read)
