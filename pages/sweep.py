import streamlit as st

from ui.shell import state
from ui.shell.page import begin_page, link
from ui.sweep.form import sweep_form
from ui.sweep.list import draw_followed, draw_sweeps, open_results
from ui.widgets.figures import fetch_figure_code

page = begin_page("sweep")
taken = page.require_intake()
open_results()
draw_followed(page.store)
plan = state.plan()
if plan.features:
    sweep_form(page.store, taken, page.feature_table(taken), plan)
else:
    st.warning("No feature is ticked. Tick at least one to compare customers by.", icon=":material/checklist:")
    link("features", "Choose features")
draw_sweeps(page.store, taken)
fetch_figure_code()
