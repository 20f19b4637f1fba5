"""Descriptions of customers, from second tables and from columns of order lines, added to their features as profile columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segcore.records.dataset import ROW_NUMBER, Dataset
from segcore.records.feature_table import FeatureTable
from segcore.records.finding import Finding, Remedy
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from segcore.data.files.raw import Raw
    from segcore.data.rows.matching_keys import Key
    from segcore.features.transactions.line_columns import OrderLines

_OF_ROWS = "row.", "role."  # findings about data that is clustered
_MOST_COLUMNS, _MOST_LOOKED_AT = 20, 60


def describe_customers(table: FeatureTable, dataset: Dataset, described: Raw, key: str | None) -> tuple[FeatureTable, list[Finding]]:
    """Add a second table's columns to the profile columns of the customers, and report what matched.

    Parameters
    ----------
    table : FeatureTable
        Of the data.
    dataset : Dataset
        The data.
    described : Raw
        One row per customer; customers may be missing, and rows may belong to no customer.
    key : str or None
        Column of ``described`` with the customers' ids; ``None`` detects it.

    Raises
    ------
    DataError
        If the data or ``described`` has no such column, no row belongs to a customer, or two rows for one customer differ.
    """
    import pandas as pd

    from segcore.data.rows.matching_keys import Wanted, distinct_ids, find_key
    from segcore.features.customers.profile_columns import with_profile

    column = dataset.roles.get("customer", ROW_NUMBER)
    if column == ROW_NUMBER:
        remedy = Remedy("role", {"role": "customer"})
        raise refusal("second.no_role", remedy=remedy, file=described.name, data=dataset.name, role="customer")
    wanted = Wanted("customers", dataset.name, column, distinct_ids(pd.Index(table.customers)))
    found = find_key(described, wanted, asked=key)
    rows = _read(described, found.column)
    result = with_profile(table, rows)
    return result, [*_matched(described, found, wanted), *_carried(table, result, rows, found.column)]


def describe_by_lines(
    table: FeatureTable, dataset: Dataset, raw: Raw, *, missions: int | None = None
) -> tuple[FeatureTable, list[Finding]]:
    """Add the columns of order lines that describe customers or orders to the profile columns, and report them.

    Parameters
    ----------
    table : FeatureTable
        Of the data.
    dataset : Dataset
        The data.
    raw : Raw
        Its source.
    missions : int or None
        Number of basket missions to find and to add as a column of orders.

    Raises
    ------
    DataError
        If missions cannot be found in these data.

    Notes
    -----
    Only texts and truth values are examined, in at most the first sixty such columns, and at most twenty columns with at most fifty
    different values are added. Data other than transactions stay as they are.
    """
    if missions is not None:
        from segcore.features.transactions.missions import require_orders

        require_orders(dataset)
    names = _texts_of_few_values(raw, dataset) if dataset.kind == "transactions" and dataset.used is not None else []
    if not names and missions is None:
        return table, []
    import pandas as pd

    from segcore.features.transactions.line_columns import OrderLines

    index = pd.Index(table.customers)
    notes: list[Finding] = []
    if missions is not None:
        table, notes = _with_missions(table, dataset, OrderLines.of(dataset, index), missions)
    if names:
        table, found = _with_columns(table, dataset, raw, names, OrderLines.of_parts(dataset, index))
        notes += found
    return table, notes


def _with_missions(table: FeatureTable, dataset: Dataset, lines: OrderLines, n: int) -> tuple[FeatureTable, list[Finding]]:
    import numpy as np

    from segcore.features.transactions.line_columns import LineColumn, dominant, with_line_columns
    from segcore.features.transactions.missions import MISSION, find_missions

    found = find_missions(dataset, lines, n)
    values, several = dominant(found.of_orders[lines.order], len(found.names), lines, len(table))
    column = LineColumn(MISSION, "order", np.array([*found.names, None], dtype=object)[values], several, (dataset.roles["category"],))
    return with_line_columns(table, [column])[0], [found.note(dataset.roles["category"], n)]


def _with_columns(
    table: FeatureTable, dataset: Dataset, raw: Raw, names: list[str], lines: list[OrderLines]
) -> tuple[FeatureTable, list[Finding]]:
    import numpy as np

    from segcore.features.transactions.line_columns import MOST_VALUES, column_of_lines, describes, with_line_columns

    found, varied = [], []
    place = np.cumsum(dataset.used, dtype=np.int32) - 1  # position of each row of the source among the used rows
    for name in names:
        texts, of_used = coded_column(raw, name, dataset.used)
        codes = [of_used if part.rows is None else of_used[place[part.rows]] for part in lines]
        if 1 < len(texts) <= MOST_VALUES:
            found.append(column_of_lines(name, texts, codes, lines, len(table)))
        elif MOST_VALUES < len(texts) <= len(table) / 2 and describes(codes, len(texts), lines) == "customer":
            varied.append({"column": name, "values": len(texts)})
    columns = [column for column in found if column is not None]
    result, added = with_line_columns(table, columns[:_MOST_COLUMNS])
    notes = []
    for what in ("customer", "order"):
        values = [{"column": column.name, "several": column.several} for column in added if column.describes == what]
        notes += [Finding(f"role.columns_of_{what}s", values={"columns": values})] if values else []
    beyond = [{"column": column.name, "values": None} for column in columns[_MOST_COLUMNS:]]
    if varied or beyond:
        limits = {"most_values": MOST_VALUES, "most_columns": _MOST_COLUMNS}
        notes.append(Finding("role.columns_not_shown", values={"columns": [*varied, *beyond], **limits}))
    return result, notes


def _texts_of_few_values(raw: Raw, dataset: Dataset) -> list[str]:
    """Return the columns of lines without a role that hold texts or truth values, with far fewer different values than customers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from segcore.data.columns import inferred_type
    from segcore.data.meaning.role_guesses import SAMPLE_ROWS
    from segcore.features.transactions.line_columns import MOST_VALUES

    head = raw.head(SAMPLE_ROWS)
    most = max(MOST_VALUES, pc.count_distinct(head[dataset.roles["customer"]]).as_py() // 2)
    free = [name for name in raw.own_names if name not in dataset.roles.values()]
    texts = [name for name in free if pa.types.is_boolean(head[name].type) or inferred_type.as_strings(head[name]) is not None]
    texts = [name for name in texts if not inferred_type.is_numeric(head[name])]
    return [name for name in texts if pc.count_distinct(head[name]).as_py() <= most][:_MOST_LOOKED_AT]


def coded_column(raw: Raw, name: str, used: np.ndarray) -> tuple[pa.Array, np.ndarray]:
    """Return the different texts of a column, trimmed, and for each used row the position of its text among them; -1 if missing.

    Parameters
    ----------
    raw : Raw
    name : str
        Of the column.
    used : ndarray of shape (n_rows,), bool
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from segcore.data.columns.text import Distinct, combined, missing_to_null

    texts, pieces = pa.array([], pa.large_string()), []
    for piece in raw.pieces([name]):
        found = Distinct.of(combined(piece[name]))
        clean = missing_to_null(pc.utf8_trim_whitespace(found.values))
        texts = pa.chunked_array([texts, clean]).unique().drop_null()
        spelled = np.append(pc.index_in(clean, texts).fill_null(-1).to_numpy(zero_copy_only=False), -1).astype(np.int32)
        pieces.append(spelled[found.rows])
    codes = np.concatenate(pieces)
    codes = codes if used.all() else codes[used]
    left = np.bincount(codes + 1, minlength=len(texts) + 1)[1:] > 0
    return texts.filter(pa.array(left)), np.append(np.cumsum(left) - 1, -1).astype(np.int32)[codes]


def _read(described: Raw, key: str) -> Dataset:
    from segcore.data.meaning.roles import find_meaning
    from segcore.data.rows.dataset import Selection, build_dataset
    from segcore.records.data_rules import RowRules

    # Values that cannot be read count as missing, because the column is only shown, not clustered on.
    rules = RowRules(set_aside=True, duplicates="aside")
    meaning = find_meaning(described, kind="customers", roles={"customer": key}, rows=rules)
    return build_dataset(described, meaning, Selection(), frames="pandas", rows=rules)


def _matched(described: Raw, key: Key, wanted: Any) -> list[Finding]:
    import pyarrow.compute as pc

    others = pc.invert(pc.is_in(key.ids, value_set=wanted.ids)).to_numpy(zero_copy_only=False)
    n_others = int(others.sum())
    customers = len(wanted.ids)
    few = key.found < min(customers, len(key.ids)) / 2
    counts = {"found": key.found, "customers": customers, "others": n_others, "zeros": key.zeros}
    values = {"file": described.name, "column": key.column, "columns": list(described.names), **counts}
    return [Finding("second.customers", "warning" if few or key.zeros else "info", values)]


def _carried(table: FeatureTable, result: FeatureTable, rows: Dataset, key: str) -> list[Finding]:
    """Report warnings about the table's values, and the columns that are not shown."""
    notes = [note for note in rows.notes if note.severity == "warning" and not note.code.startswith(_OF_ROWS)]
    notes += [Finding("second.set_aside", values={"file": rows.name, **count.to_json()}) for count in rows.set_aside]
    added = result.dictionary[len(table.dictionary) :]
    left = [entry for entry in added if entry.name not in result.profile]
    if left:
        columns = [{"column": entry.columns[0], "reason": entry.dropped.to_json()} for entry in left if entry.dropped]
        notes.append(Finding("second.not_carried", values={"file": rows.name, "columns": columns}))
    shown = len(result.profile) - len(table.profile) - len([entry for entry in added if entry.columns == (key,)])
    if not shown:
        notes.append(Finding("second.adds_nothing", "warning", {"file": rows.name, "column": key}))
    return notes
