from ui.explore import views as explore_views
from ui.shell.page import begin_page, link
from ui.widgets.point_choice import draw_point, draw_sweep_line, feature_titles, find_solution, follow_clicks, pick_point, segment_names

page = begin_page("explore")
sweep = page.require_sweep()
follow_clicks(sweep, explore_views.figure_keys(sweep))
draw_sweep_line(sweep)
explore_views.draw_recommendation(sweep)
chosen = pick_point(sweep)
solution = find_solution(page.store, sweep, chosen.position)
explore_views.draw_measures(sweep, chosen.position)
draw_point(sweep, chosen, solution)
if chosen.n_segments:
    link("segments", "See who is in these segments")
explore_views.draw_all_sizes(sweep, chosen.position)
names = segment_names(page.store, sweep, chosen.position)
explore_views.draw_tree(sweep, solution, names)
titles = feature_titles(page.store, sweep)
explore_views.draw_compactness(sweep, chosen, solution, titles, names)
explore_views.draw_table(sweep, chosen.position)
explore_views.watch(page.store, sweep)
