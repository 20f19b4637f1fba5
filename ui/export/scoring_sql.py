"""SQL that scores customers in a database, on the Export screen."""

from __future__ import annotations

import streamlit as st

from segcore.errors import ParameterError
from segcore.export.files import file_stem
from segcore.records.grid import point_key
from segcore.records.sweep import Sweep
from segcore.store.store import Store
from segcore.sweeps.points import point_rows
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from segcore.wording.results import DIALECTS, Dialect
from ui.shell import cache
from ui.shell.guard import fragment
from ui.shell.sweep_data import segment_names

_SHOWN_LINES = 60


@fragment
def draw_scoring_sql(store: Store, sweep: Sweep, position: int) -> None:
    """Draw the SQL of a solution with its database and table, or why there is none; of long SQL, the beginning."""
    with st.expander("SQL that scores customers"):
        st.caption(
            "One SELECT that assigns each customer in a table of features to a segment, with the same result as scoring here. The second "
            "command below writes that table, also for other customers or a later month."
        )
        left, right = st.columns(2)
        dialect: Dialect = left.selectbox("Database", tuple(DIALECTS), key="export.sql.dialect", format_func=DIALECTS.__getitem__)
        table = right.text_input("Table", "customers", key="export.sql.table").strip() or "customers"
        try:
            sql = _sql(store, sweep, position, dialect, table)
        except ParameterError as error:
            st.info(escape(error_text(error, "screen")), icon=":material/info:")
            return
        lines = sql.splitlines()
        st.code("\n".join(lines[:_SHOWN_LINES]), language="sql")
        if len(lines) > _SHOWN_LINES:
            st.caption(f"The first {_SHOWN_LINES} of {len(lines):,} lines.")
        name = file_stem(str(sweep.spec.data.get("name", "data")), point_rows(sweep)[position].label)
        st.download_button(
            "Download the SQL",
            f"{sql}\n",
            f"{name}.sql",
            "text/plain",
            icon=":material/download:",
            on_click="ignore",
            key="export.sql.file",
        )
        st.code(_commands(sweep, position, dialect), language="bash", wrap_lines=True)


def _sql(store: Store, sweep: Sweep, position: int, dialect: Dialect, table: str) -> str:
    def build() -> str:
        from segcore.export.scoring_sql import scoring_sql  # with a parser of SQL, which takes an eighth of a second to import

        return scoring_sql(store, sweep.id, position, dialect=dialect, table=table)

    names = sorted(segment_names(store, sweep, position).items())
    return str(cache.computed("scoring sql", f"{sweep.id}.{position}.{dialect}.{names}.{table}", build))


def _commands(sweep: Sweep, position: int, dialect: Dialect) -> str:
    point = point_key(sweep.spec.points[position])
    return (
        f"python -m segcore export {sweep.id[:12]} --point {point} --sql --dialect {dialect} --out score.sql\n"
        f"python -m segcore features DATA --like {sweep.id[:12]} --out features.parquet"
    )
