import streamlit as st

from ui.export.downloads import draw_command, draw_downloads, draw_scoring, export_table
from ui.export.request_form import export_form
from ui.export.scoring_sql import draw_scoring_sql
from ui.shell.page import begin_page, end_page, link
from ui.widgets.pipeline import draw_save
from ui.widgets.solution_choice import require_labels

page = begin_page("export")
sweep = page.require_sweep()
chosen, solution = require_labels(page.store, sweep)
if not solution.n_segments:
    st.info("This solution has no segments to export: all customers are noise.", icon=":material/search_off:")
    link("explore", "Choose another solution")
    end_page()
request = export_form(page.store, sweep, chosen.position, solution)
if request is not None:
    draw_downloads(page.store, sweep, chosen.position, request)
    draw_save(page.store, sweep, chosen.position, export=export_table(sweep, chosen.position, request))
    draw_scoring(sweep, solution)
    draw_scoring_sql(page.store, sweep, chosen.position)
    draw_command(sweep, chosen.position, request)
