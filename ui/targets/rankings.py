"""How many buyers each way to rank customers finds: curves, and a table at the budget."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from segcore.plots.targets.ranking_curves import MEASURES, describe_ranking_curves, draw_ranking_curves, measures_of, ranking_curves
from segcore.records.estimate import Estimate
from segcore.records.target_question import TargetsAnswer
from segcore.wording.numbers import share_text
from segcore.wording.targets import METHOD_TITLES, lift_text, lifts_at_budget
from ui.shell.guard import fragment
from ui.widgets.figures import draw_figure
from ui.widgets.table import draw_frame


@fragment
def draw_rankings(answer: TargetsAnswer) -> None:
    """Draw the curves of a measure that can be chosen, and the table."""
    document, method = answer.document, answer.question.method
    st.header("How well each method finds buyers", anchor=False)
    measure = st.segmented_control(
        "Measure", measures_of(document), key="targets.measure", default="lift", required=True, format_func=MEASURES.__getitem__
    )
    data = ranking_curves(document, measure or "lift", method)
    draw_figure(
        draw_ranking_curves(data),
        key=f"figure.targets.{data.measure}",
        name=f"{MEASURES[data.measure]} of each method by the number of contacts",
        words=describe_ranking_curves(data),
    )
    draw_frame(rankings_frame(answer), hide_index=True, alt="Each method at the budget, with 95 % intervals")


def rankings_frame(answer: TargetsAnswer) -> pd.DataFrame:
    """Return one row per method at the budget, the highest lift first: lift, buyers found and their share, with 95 % intervals."""
    document = answer.document
    judged, better = document["judged"], _compared(answer)
    lifts = lifts_at_budget(document)
    rows = []
    for name in sorted(lifts, key=lambda name: -lifts[name]["value"]):
        at = document["curves"][name]["budget"].index(judged["budget"])
        gain, rate = (
            Estimate(curve["value"][at], curve["low"][at], curve["high"][at], judged["customers"])
            for curve in (document["curves"][name]["gain"], document["curves"][name]["rate"])
        )
        rows.append(
            {
                "Ranked by": METHOD_TITLES[name],
                "Times as many buyers as at random": lift_text(lifts[name]),
                "Of the contacted, buyers": share_text(rate),
                "Of all buyers, reached": share_text(gain),
                f"Next to {METHOD_TITLES[answer.question.method].lower()}": better.get(name, "makes the list"),
            }
        )
    return pd.DataFrame(rows)


def _compared(answer: TargetsAnswer) -> dict[str, str]:
    """Return whether each other method finds more buyers than the one that makes the list, beyond chance."""
    method, words = answer.question.method, {}
    for one in answer.document["comparison"]:
        other = one["second"] if one["first"] == method else one["first"]
        words[other] = "no clear difference" if one["winner"] is None else "fewer buyers" if one["winner"] == method else "more buyers"
    return words
