import streamlit as st

from ui.data_form import choose_data, refine
from ui.data_views import draw_findings, draw_preview, draw_summary
from ui.page import begin_page, next_step

page = begin_page("data")
taken = page.find_intake()

if taken is not None:
    st.header(f"Loaded: {taken.data['name']}", anchor=False)
    draw_summary(taken)
    next_step("features", "Continue to Features")
st.header("Choose the data", anchor=False)
choose_data(page.store)
if taken is not None:
    st.header("What the columns mean, and which rows count", anchor=False)
    refine(page.store, taken)
    st.header("What was wrong, and what was done about it", anchor=False)
    draw_findings(taken)
    st.header("Preview", anchor=False)
    draw_preview(page.store, taken)
