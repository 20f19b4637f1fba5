import streamlit as st

from segcore.wording.markdown import escape
from ui.data.report import draw_summary
from ui.home.next_step import draw_next_step, draw_origin, draw_steps
from ui.shell.page import begin_page, end_page, link

page = begin_page("home")
taken = page.find_intake()
if taken is None:
    link("data", "Choose data")
    end_page()
st.header(f"Loaded: {escape(taken.data['name'])}", anchor=False)
draw_origin(taken)
draw_summary(taken)
draw_next_step(page, taken)
draw_steps()
