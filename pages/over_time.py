from ui.over_time.changes import draw_features, draw_flows, draw_refit, draw_sizes, draw_verdict
from ui.over_time.job import Kept, draw_end, shown_answer
from ui.over_time.later_data import draw_form
from ui.shell.page import begin_page
from ui.widgets.solution_choice import require_labels

page = begin_page("over_time")
sweep = page.require_sweep()
chosen, _ = require_labels(page.store, sweep)
kept = Kept(page.store, sweep, chosen.position)
shown = shown_answer(kept)
if shown is not None and shown.found is not None:
    draw_verdict(kept, shown.found)
draw_form(kept, shown)
if shown is not None:
    draw_end(kept, shown)
    if shown.found is not None:
        draw_sizes(kept, shown.found)
        draw_flows(kept, shown.found)
        draw_features(kept, shown.found)
        draw_refit(kept, shown.found)
