import streamlit as st

from ui import state
from ui.data_form import choose_data, draw_remedy, pending
from ui.data_views import draw_aside, draw_findings, draw_preview, draw_summary
from ui.meaning_form import known_of, known_of_pending, meaning_form
from ui.page import begin_page, next_step
from ui.words import plain

page = begin_page("data")
taken = page.find_intake()
failed, request = pending(), state.request()

if taken is not None:
    st.header(f"Loaded: {plain(taken.data['name'])}", anchor=False)
    draw_summary(taken)
    next_step("features", "Continue to Features")
st.header("Choose the data", anchor=False)
choose_data(page.store)
if failed is not None:
    st.header(f"Not loaded yet: {plain(failed.request.name or failed.request.data)}", anchor=False)
    draw_remedy(page.store, failed, taken)
    meaning_form(page.store, known_of_pending(failed))
    draw_preview(page.store, failed.seen.preview, failed.seen.rows)
elif taken is not None and request is not None:
    st.header("What the columns mean, and which rows count", anchor=False)
    meaning_form(page.store, known_of(request, taken))
    st.header("What was wrong, and what was done about it", anchor=False)
    draw_findings(taken)
    draw_aside(page.store, taken)
    st.header("Preview", anchor=False)
    draw_preview(page.store, taken.preview, taken.rows_read)
