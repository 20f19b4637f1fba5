"""What can be promoted, or asked about, in loaded data: columns, their values, and campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segcore.data.rows.typed_columns import NO_CATEGORY
from segcore.errors import ParameterError
from segcore.records.target_question import CAMPAIGN, TargetQuestion
from segcore.targets.periods.three_periods import Opened, contacts_of, open_again
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    from segcore.records.intake import DataRequest, Intake
    from segcore.store.store import Store

_PROMOTED_ROLES = ("category", "item")
_MOST_OUTCOMES = 50


@dataclass(frozen=True, slots=True)
class Promotable:
    """A value that can be promoted or wanted.

    Parameters
    ----------
    value : str
        As in the column.
    customers : int
        Who bought it, were contacted by it, or have it.
    title : str
        "" without one.
    """

    value: str
    customers: int
    title: str = ""


def promotable_columns(store: Store, intake: Intake) -> tuple[str, ...]:
    """Return the columns of the order lines whose values can be promoted: the category and the item first, then what describes items.

    Columns with another role, and columns of numbers, are left out: among the first rows, which is all that is looked at.
    """
    roles = {column: role for role, column in intake.roles.items() if column}
    named = [intake.roles[role] for role in _PROMOTED_ROLES if intake.roles.get(role)]
    first = store.frame(intake.preview)
    others = [name for name in (*intake.joined, *intake.own_columns) if name not in roles and name not in named]
    texts = [name for name in others if name in intake.joined or (name in first and not _are_numbers(first[name].tolist()))]
    return tuple(dict.fromkeys([*named, *texts]))


def outcome_columns(store: Store, intake: Intake) -> tuple[str, ...]:
    """Return the columns of a customer table that can be an outcome, those with two values among the first rows at the front."""
    first = store.frame(intake.preview)
    names = [name for name in intake.columns if name not in intake.roles.values() and name in first]
    different = {name: {value for value in first[name] if value} for name in names}
    return tuple(sorted(names, key=lambda name: len(different[name]) != 2))


def values_of(store: Store, intake: Intake, request: DataRequest, column: str) -> tuple[Promotable, ...]:
    """Return the values of a column with the customers who bought or have each, most customers first.

    Parameters
    ----------
    store : Store
    intake : Intake
    request : DataRequest
        That led to it.
    column : str
        The item and the category are stored; for another column the rows are read again, which takes seconds for large files.

    Raises
    ------
    SegcoreError
        If there is no such column, or the file is gone.
    """
    found = _stored(store, intake, column)
    return _counted(open_again(store, intake, request), column) if found is None else found


def campaigns_of(store: Store, intake: Intake, request: DataRequest, contacts: str | None = None) -> tuple[Promotable, ...]:
    """Return the campaigns with the customers contacted by each, the latest campaign first.

    Parameters
    ----------
    store, intake, request
        See `values_of`.
    contacts : str or None
        File of contacts; ``None`` for the sample's own.

    Raises
    ------
    SegcoreError
        If the data have no contacts, or the file cannot be read.
    """
    known = contacts_of(open_again(store, intake, request), TargetQuestion(promote=CAMPAIGN, budget=1, contacts=contacts))
    return tuple(Promotable(name, len(set(known.of(name).customers.tolist()))) for name in known.names)


def _stored(store: Store, intake: Intake, column: str) -> tuple[Promotable, ...] | None:
    role = next((role for role in _PROMOTED_ROLES if intake.roles.get(role) == column), None)
    bought = None if role is None else store.purchases(intake.table, role)
    if bought is None:
        return None
    counts = np.bincount(np.asarray(bought.items), minlength=len(bought.names)).tolist()
    titles = bought.titles or ("",) * len(bought.names)
    rows = [Promotable(*one) for one in zip(bought.names, counts, titles, strict=True) if one[0] != NO_CATEGORY]
    return _most_first(rows)


def _counted(opened: Opened, column: str) -> tuple[Promotable, ...]:
    import pandas as pd

    if opened.dataset.kind == "customers":
        return _outcomes(opened, column)
    texts, codes = opened.coded(column)
    customers = pd.factorize(opened.dataset.frame[opened.dataset.roles["customer"]])[0]
    n_customers = int(customers.max(initial=0)) + 1
    pairs = np.unique((codes.astype(np.int64) * n_customers + customers)[codes >= 0])
    counts = np.bincount(pairs // n_customers, minlength=len(texts)).tolist()
    return _most_first([Promotable(text, count) for text, count in zip(texts, counts, strict=True)])


def _outcomes(opened: Opened, column: str) -> tuple[Promotable, ...]:
    """Return the values of a column of a customer table as an outcome is read; none where there are too many for one."""
    import narwhals as nw

    from segcore.features.customers.column_values import read_column

    frame = nw.from_native(opened.dataset.frame, eager_only=True)
    if column not in frame.columns:
        raise refusal("targets.no_column", kind=ParameterError, column=column, columns=list(frame.columns))
    found = read_column(frame[column], column).few(_MOST_OUTCOMES) or []
    return _most_first([Promotable(value, count) for value, count in found])


def _most_first(found: Sequence[Promotable]) -> tuple[Promotable, ...]:
    return tuple(sorted((one for one in found if one.customers), key=lambda one: (-one.customers, one.value)))


def _are_numbers(values: Sequence[str | None]) -> bool:
    filled = [value for value in values if value]
    return bool(filled) and all(_is_number(value) for value in filled)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
