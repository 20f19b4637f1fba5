"""Data dictionary on screen: what each feature is, and the files to download."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from segcore.records.feature_table import FeatureTable
from segcore.records.plan import Plan
from segcore.wording.findings import sentence
from ui.features.downloads import draw_files
from ui.widgets.table import draw_frame

if TYPE_CHECKING:
    from segcore.records.intake import Intake


def draw_dictionary(plan: Plan, taken: Intake, table: FeatureTable) -> None:
    """Draw each feature's definition and source columns, why other columns were left out, and the downloads."""
    draw_files(taken, table, plan)
    ticked = set(plan.features)
    rows = pd.DataFrame(
        {
            "Feature": [entry.title for entry in table.dictionary],
            "Name in files": [entry.name for entry in table.dictionary],
            "Ticked": [entry.name in ticked for entry in table.dictionary],
            "Unit": [entry.unit for entry in table.dictionary],
            "What it is": [
                f"Not a feature: {sentence(entry.dropped, 'screen')}. {entry.description}".strip() if entry.dropped else entry.description
                for entry in table.dictionary
            ],
            "Made from": [", ".join(entry.columns) for entry in table.dictionary],
        }
    )
    draw_frame(
        rows,
        hide_index=True,
        column_config={"What it is": st.column_config.TextColumn(width="large")},
        height=38 + 35 * min(len(rows), 16),
        alt="Data dictionary: every feature, its unit, what it is and the columns it was made from",
    )
