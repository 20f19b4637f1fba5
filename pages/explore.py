from ui.explore.measures import draw_measures, draw_spaces, figure_keys
from ui.explore.nothing_found import draw_nothing, found_nothing
from ui.explore.recommendation import draw_recommendation, watch
from ui.explore.solutions_table import draw_table
from ui.explore.structure import draw_details
from ui.shell.page import begin_page, end_page, next_step
from ui.shell.sweep_data import find_solution
from ui.widgets.pipeline import draw_save
from ui.widgets.solution_choice import draw_point, draw_sweep_line, follow_clicks, pick_point

page = begin_page("explore")
sweep = page.require_sweep()
follow_clicks(sweep, figure_keys(sweep))
draw_sweep_line(sweep)
if found_nothing(sweep):
    draw_nothing(sweep)
    draw_table(sweep, -1)
    end_page()
draw_recommendation(page.store, sweep)
watch(page.store, sweep)
chosen = pick_point(sweep)
solution = find_solution(page.store, sweep, chosen.position)
draw_measures(sweep, chosen.position)
draw_spaces(page.store, sweep)
draw_point(sweep, chosen, solution)
if chosen.n_segments:
    draw_save(page.store, sweep, chosen.position)
    next_step("segments", "See who is in these segments")
draw_table(sweep, chosen.position)
draw_details(page.store, sweep, chosen, solution)
