"""Downloads of the data dictionary, the feature table and vectors; each file is made when its button is clicked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from segcore.records.feature_table import FeatureTable
from segcore.records.plan import Plan
from segcore.wording.numbers import counted

if TYPE_CHECKING:
    from segcore.records.intake import Intake

_MIME = {".csv": "text/csv", ".parquet": "application/vnd.apache.parquet"}


def dictionary_file(table: FeatureTable) -> bytes:
    """Return the data dictionary as CSV."""
    from segcore.export.tables import table_bytes
    from segcore.features.output import data_dictionary

    return table_bytes(data_dictionary(table), ".csv")


def features_file(table: FeatureTable, plan: Plan, suffix: str) -> bytes:
    """Return the ticked features of the clustered customers, before weights, transforms and scaling, as `features` writes them."""
    from segcore.export.tables import table_bytes
    from segcore.features.assemble import assemble
    from segcore.features.output import rows_for_file

    found = assemble(table, plan)
    return table_bytes(rows_for_file(found.table), suffix)


def draw_files(taken: Intake, table: FeatureTable, plan: Plan) -> None:
    """Draw the three buttons."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Data dictionary (CSV)",
            partial(dictionary_file, table),
            file_name=_file_name(taken, "dictionary", ".csv"),
            mime=_MIME[".csv"],
            key="files.dictionary",
            on_click="ignore",
            icon=":material/menu_book:",
            help="Describes every feature, and every column that is not a feature.",
        )
        words = f"The {counted(len(plan.features), 'ticked feature')} of the clustered customers, before any change."
        _draw_table_files("Feature table", "features", taken, table, plan, words)


def draw_vector_files(taken: Intake, table: FeatureTable) -> None:
    """Draw the buttons for the vectors of all customers, whatever is ticked."""
    plan = Plan(tuple(name for name in table.names if name in table.dimensions))
    words = "One row per customer: the id, then the dimensions v0, v1 and so on."
    _draw_table_files("Vectors", "vectors", taken, table, plan, words)


def _draw_table_files(what: str, end: str, taken: Intake, table: FeatureTable, plan: Plan, words: str) -> None:
    for suffix, title in ((".csv", "CSV"), (".parquet", "Parquet")):
        st.download_button(
            f"{what} ({title})",
            partial(features_file, table, plan, suffix),
            file_name=_file_name(taken, end, suffix),
            mime=_MIME[suffix],
            key=f"files.{end}{suffix}",
            on_click="ignore",
            icon=":material/table:",
            disabled=not plan.features,
            help=words,
        )


def _file_name(taken: Intake, what: str, suffix: str) -> str:
    from segcore.export.files import file_stem

    return f"{file_stem(str(taken.data.get('name', 'data')), what)}{suffix}"
