from ui.shell.page import begin_page
from ui.targets.answer import draw_answer, draw_question
from ui.targets.buyer_segments import draw_components
from ui.targets.buyers import draw_buyers
from ui.targets.contacts import draw_contacts
from ui.targets.job import asked_of, draw_end
from ui.targets.promoted import require_loaded
from ui.targets.promotions import draw_compared, draw_promotions
from ui.targets.question_form import draw_form
from ui.targets.rankings import draw_rankings
from ui.targets.rules import draw_rules

page = begin_page("targets")
found = require_loaded(page)
shown = asked_of(found)
draw_form(found, shown)
if shown is not None:
    draw_question(shown)
    if draw_end(page.store, shown):
        if shown.compared is not None:
            draw_compared(shown.question, shown.compared)
        if shown.answer is not None:
            draw_answer(shown.answer)
            draw_rankings(shown.answer)
            draw_contacts(page.store, shown.answer)
            draw_buyers(page.store, shown.answer)
            draw_rules(page.store, shown.answer)
            draw_components(page.store, shown.answer)
            draw_promotions(found, shown.question)
