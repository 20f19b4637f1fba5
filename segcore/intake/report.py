"""Data report: how a file was read, and what became of every row and column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segcore.records.intake import Intake
from segcore.store.store import Store
from segcore.wording.findings import counts_json, note_json, reason_json, rows_by_label, use_json

if TYPE_CHECKING:
    import pyarrow as pa


def rows_aside(store: Store, intake: Intake) -> pa.Table:
    """Return the rows that were set aside, if any: ``Row`` (its place), ``Why``, then the source's columns as text."""
    import pyarrow as pa

    if intake.aside is None:
        return pa.table({name: pa.array([], pa.string()) for name in dict.fromkeys(("Row", "Why", *intake.columns))})
    return pa.Table.from_pandas(store.frame(intake.aside), preserve_index=False)


def data_report(intake: Intake) -> dict[str, Any]:
    """Return how the data were read and what became of their rows and columns, as plain values.

    Returns
    -------
    dict
        ``rows.read == rows.used + rows.set_aside_total + rows.filtered_out``, and ``rows.set_aside`` sums to ``set_aside_total``.
        ``worth_a_look`` counts rows among those used. ``columns`` is empty if the data have more than one row per customer.
    """
    return {
        "data": intake.data["name"],
        "fingerprint": intake.data["fingerprint"],
        "read_as": dict(intake.form),
        "sheets": list(intake.sheets),
        "kind": intake.kind,
        "roles": {role: {"column": column, **reason_json(intake.reasons.get(role))} for role, column in intake.roles.items()},
        "chosen_for": intake.remembered,
        "rows": {
            "read": intake.rows_read,
            "used": intake.rows_used,
            "set_aside_total": intake.rows_set_aside,
            "set_aside": rows_by_label(intake.set_aside),
            "set_aside_findings": counts_json(intake.set_aside),
            "filtered_out": intake.filtered_out,
            "filters": list(intake.data["filters"]),
        },
        "worth_a_look": rows_by_label(intake.counts),
        "worth_a_look_findings": counts_json(intake.counts),
        "columns": [use_json(use) for use in intake.uses],
        "customers": intake.n_customers,
        "period": {"first": intake.first_date, "last": intake.last_date},
        "net_revenue": intake.total_revenue,
        "notes": [note_json(note) for note in intake.notes],
    }
