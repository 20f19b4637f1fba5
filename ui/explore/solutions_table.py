"""The table of all solutions of a sweep."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from segcore.clustering.algorithms.registry import algorithm, criteria
from segcore.records.sweep import Sweep
from segcore.sweeps.points import metric, point_table
from ui.widgets.table import draw_frame


def draw_table(sweep: Sweep, chosen: int) -> None:
    """Draw the numbers of every solution, with a download as CSV at full precision."""
    st.header("All solutions in numbers", anchor=False)
    table = pd.DataFrame(point_table(sweep))
    shown = table.assign(noise_share=100 * table["noise_share"].astype(float)).dropna(axis="columns", how="all")
    shown.insert(0, "chosen", ["●" if position == chosen else "" for position in range(len(shown))])
    draw_frame(shown, hide_index=True, column_config=_columns(sweep), placeholder="–", alt="Every solution with its measures")
    st.download_button(
        "Download the table as CSV",
        data=lambda: table.to_csv(index=False).encode(),
        file_name=f"solutions-{sweep.id[:12]}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="explore.csv",
    )


def _columns(sweep: Sweep) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    params = {param.name: param.title for param in algorithm(sweep.spec.algorithm).params}
    return {
        **params,
        "chosen": st.column_config.TextColumn("Chosen", width="small"),
        "status": "Status",
        "segments": number("Segments", format="%d"),
        "largest": number("Largest", format="localized", help="Rows in the largest segment."),
        "smallest": number("Smallest", format="localized", help="Rows in the smallest segment."),
        "noise_share": number("Noise", format="%.1f %%"),
        "silhouette": number("Silhouette", format="%.3f"),
        "silhouette_low": number("Low", format="%.3f", help="95 % interval of the silhouette; equals the silhouette if that is exact."),
        "silhouette_high": number("High", format="%.3f"),
        "silhouette_sample": number("Measured on", format="localized", help="Rows on which the silhouette was measured."),
        "inertia": number("Inertia", format="%,.0f", help=metric("inertia").reading),
        "calinski_harabasz": number("Calinski–Harabasz", format="%.1f"),
        "davies_bouldin": number("Davies–Bouldin", format="%.3f"),
        **{found.name: number(found.title, format=f"%,.{found.decimals}f", help=found.reading) for found in criteria()},
        "mean_compactness": number("Mean compactness", format="%.3f"),
        "z": number("z", format="%.1f", help="Silhouette above that of data without segments, in standard deviations of these."),
        "placebo_mean": number("Without segments", format="%.3f", help="Mean silhouette of the data sets without segments."),
        "placebo_low": number("5 %", format="%.3f", help="5 % quantile of the silhouettes without segments."),
        "placebo_high": number("95 %", format="%.3f", help="95 % quantile of the silhouettes without segments."),
        "placebo_max": number("Highest", format="%.3f", help="Highest silhouette without segments."),
        "least_stability": number("Least stability", format="%.2f", help="Mean Jaccard index of the least stable segment, 0 to 1."),
        "prediction_strength": number("Prediction strength", format="%.2f"),
        "prediction_strength_error": number("Standard error", format="%.3f", help="Of the prediction strength, over the splits."),
        "describability": number("Describability", format="%.2f", help="By a small tree, out of fold: 0 is guessing, 1 is perfect."),
        "describability_low": number("From", format="%.2f", help="95 % interval of the describability."),
        "describability_high": number("To", format="%.2f"),
        "fit_seconds": number("Fit (seconds)", format="%.3f"),
        "engine": "Engine",
        "same_segments_as": st.column_config.TextColumn("Same segments as", help="The first solution with the same segments."),
        "reason": st.column_config.TextColumn("Reason", width="large"),
    }
