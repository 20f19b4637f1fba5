from ui.compare.other_solution import pick_other
from ui.compare.result import compared, draw_answer, draw_flows, draw_measures_of_both, draw_moved
from ui.shell.page import begin_page, end_page, link
from ui.shell.sweep_data import segment_names
from ui.widgets.solution_choice import require_labels

page = begin_page("compare")
sweep = page.require_sweep()
chosen, _ = require_labels(page.store, sweep)
other = pick_other(page.store, sweep, chosen.position)
if other is None:
    link("sweep", "Run another sweep")
    end_page()
names = [segment_names(page.store, *pair) for pair in ((sweep, chosen.position), other)]
found = compared(page.store, (sweep.id, chosen.position), (other[0].id, other[1]), str(names))
draw_answer(found)
draw_flows(found)
draw_moved(found)
draw_measures_of_both(found)
