import streamlit as st

from ui.segments.bought import draw_bought, draw_spent
from ui.segments.columns import draw_columns, draw_standing_out
from ui.segments.distributions import draw_distributions
from ui.segments.drivers.section import draw_drivers
from ui.segments.key_figures import draw_key_figures, figures_of
from ui.segments.maps.map import draw_map
from ui.segments.one_segment import draw_segment
from ui.segments.profile import describe_point, likes_of_point
from ui.segments.rules import draw_rule, draw_tree
from ui.segments.segment_choice import clicked_segment, pick_segment
from ui.segments.shares import draw_all_shares, draw_portrait, draw_set_aside
from ui.segments.validation import draw_validation
from ui.shell.page import begin_page, end_page, link, next_step
from ui.shell.sweep_data import clustered
from ui.widgets.pipeline import draw_save
from ui.widgets.solution_choice import require_labels

page = begin_page("segments")
sweep = page.require_sweep()
chosen, solution = require_labels(page.store, sweep)
assembled = clustered(page.store, sweep)
profile = describe_point(page.store, sweep, chosen.position, solution)
if not profile.segments:
    st.info("This solution has no segments: all customers are noise.", icon=":material/search_off:")
    link("explore", "Choose another solution")
    end_page()
draw_set_aside(assembled, profile.customers)
clicked = clicked_segment(sweep, chosen.position, profile)
draw_portrait(page.store, sweep, chosen.position, solution, profile)
draw_all_shares(page.store, sweep, chosen.position, profile, clicked.label)
draw_key_figures(page.store, sweep, chosen.position, solution)
draw_map(page.store, sweep, chosen.position, solution)
st.header("One segment in detail", anchor=False)
summary = pick_segment(page.store, sweep, chosen.position, profile)
draw_segment(summary, figures_of(page.store, sweep, chosen.position, solution), profile.worth, likes_of_point(page.store, sweep, solution))
draw_rule(page.store, sweep, chosen.position, solution, summary.label)
draw_standing_out(page.store, sweep, chosen.position, solution, summary.label)
draw_spent(page.store, sweep, solution, summary.label)
draw_bought(page.store, sweep, solution, summary.label)
draw_distributions(page.store, sweep, chosen.position, solution, summary)
draw_columns(page.store, sweep, chosen.position, solution)
draw_tree(page.store, sweep, chosen.position, solution)
draw_drivers(page.store, sweep, chosen.position, solution, summary.label)
draw_validation(page.store, sweep, chosen.position, solution)
draw_save(page.store, sweep, chosen.position)
next_step("export", "Export these segments")
