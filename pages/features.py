from ui.features.form import feature_form
from ui.features.tabs import draw_tabs
from ui.features.taste_panel import draw_taste
from ui.features.vectors.panel import draw_vectors
from ui.shell.page import begin_page, next_step

page = begin_page("features")
taken = page.require_intake()
table = page.feature_table(taken)
draw_taste(page.store, taken)
draw_vectors(page.store, taken, table)
plan = feature_form(taken, table)
next_step("sweep", "Continue to Sweep")
draw_tabs(plan, taken, table)
