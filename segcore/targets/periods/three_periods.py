"""Who is learned from, on whom that is judged, and who can be on the list: three moments of the same customers, or parts of one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from segcore.errors import DataError, ParameterError
from segcore.features.grouping import DAY, as_iso
from segcore.records.dataset import Dataset
from segcore.records.feature_table import FeatureEntry
from segcore.records.finding import Finding
from segcore.records.target_question import CAMPAIGN, TargetQuestion
from segcore.targets.periods.contacts import Contacts, read_contacts
from segcore.targets.periods.snapshots import MICROSECOND, OWN, OrderHistory, Snapshot, among, stack
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    from segcore.data.files.raw import Raw
    from segcore.records.intake import DataRequest, Intake
    from segcore.store.store import Store

_ENOUGH_RESPONSES, _MOST_CAMPAIGNS = 50, 3
_ENOUGH_BUYERS, _MOST_WINDOWS = 200, 5
_WORDS_FOR_YES = ("1", "yes", "y", "true", "t", "ja", "j", "oui", "si", "sí", "sim", "tak")


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """The customers that a question is about.

    Parameters
    ----------
    learned : Snapshot
        With known outcomes.
    judged : Snapshot or None
        Later, with known outcomes; ``None`` where there is no later period.
    judged_from, judged_to : str or None
        Days of the judged window, ISO.
    listed : Snapshot
        Customers who can be on the list.
    listed_rows : ndarray of shape (n_listed,), int, or None
        Their rows in ``learned`` where they are among them; ``None`` where nobody is.
    treated : ndarray of shape (n_learned,), bool, or None
        Who was contacted at random.
    worth : ndarray of shape (n_learned,), float64, or None
        What is known to be spent by them, for the components' shares of spend.
    notes : tuple of Finding
    """

    learned: Snapshot
    judged: Snapshot | None
    judged_from: str | None
    judged_to: str | None
    listed: Snapshot
    listed_rows: np.ndarray | None = None
    treated: np.ndarray | None = None
    worth: np.ndarray | None = None
    notes: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """Data of a question: rows as a data set, and their source.

    Parameters
    ----------
    raw : Raw
    dataset : Dataset
    customers : frozenset of str
        Those that were loaded.
    """

    raw: Raw
    dataset: Dataset
    customers: frozenset[str]

    def coded(self, column: str) -> tuple[list[str], np.ndarray]:
        """Return the different texts of a column of the lines, and the position of each line's, -1 where it is missing.

        Raises
        ------
        ParameterError
            If there is no such column.
        """
        from segcore.intake.described_customers import coded_column

        if column not in self.raw.names:
            raise refusal("targets.no_column", kind=ParameterError, column=column, columns=list(self.raw.names))
        used = np.ones(self.raw.n_rows, dtype=bool) if self.dataset.used is None else self.dataset.used
        texts, codes = coded_column(self.raw, column, used)
        return texts.to_pylist(), codes


def open_again(store: Store, intake: Intake, request: DataRequest) -> Opened:
    """Read the rows of loaded data again, with the same meaning and filters.

    Parameters
    ----------
    store : Store
    intake : Intake
        Of the data.
    request : DataRequest
        That led to it.

    Raises
    ------
    SegcoreError
        If the file is gone, cannot be read, or has changed since.
    """
    from segcore.data.meaning.roles import find_meaning
    from segcore.data.rows.dataset import Selection, build_dataset, split_conditions
    from segcore.data.samples.registry import samples_folder
    from segcore.data.sources import open_source
    from segcore.intake.remembered import recall_choice, with_choice
    from segcore.records.dataset import ROLES_OF

    asked = request.without_added()
    raw = open_source(asked, folder=samples_folder(store.home))
    choice = None if raw.kind else recall_choice(store, asked, raw.names, raw.own_names)
    asked = asked if choice is None else with_choice(asked, choice)
    unused = dict.fromkeys(ROLES_OF[intake.kind], "")  # type: ignore[index]  # a stored kind is one of them
    meaning = find_meaning(raw, kind=intake.kind, roles={**unused, **intake.roles}, rows=asked.rows)
    of_rows, _ = split_conditions(asked.where, raw.names)
    dataset = build_dataset(raw, meaning, Selection.of(replace(asked, where=of_rows)), frames="pandas", rows=asked.rows)
    if dataset.fingerprint != intake.data["fingerprint"]:
        raise refusal("targets.changed", kind=DataError, data=raw.name)
    customers = store.feature_table(intake.table, profile=False).customers
    return Opened(raw, dataset, frozenset(customers.tolist()))


def history_of(opened: Opened) -> OrderHistory:
    """Return the order lines of the data, with nothing promoted yet."""
    return OrderHistory.of(opened.dataset, opened.customers)


def periods_of_purchases(history: OrderHistory, question: TargetQuestion, windows: int | None = None) -> Periods:
    """Return the three moments of a promotion: two windows before the end of the data, one, and the end.

    Parameters
    ----------
    history : OrderHistory
        With what is promoted.
    question : TargetQuestion
    windows : int or None
        Number of windows to learn from; ``None`` for as many as it takes.

    Raises
    ------
    DataError
        If the data are shorter than three windows.

    Notes
    -----
    Where few customers bought in the window that is learned from, the windows before it are learned from as well: up to five, until 200
    customers bought, as long as features look back over half of the data. On The Complete Journey's departments with 20 to 60 new
    buyers in a window that raised the lift of the highest eighth on the later period from 1.5 to 2.1.
    """
    window = np.timedelta64(question.window_days, "D").astype("timedelta64[us]")
    if history.last - 3 * window < history.first:
        most = int(history.span_days // 3)
        raise refusal("targets.window_too_long", kind=DataError, window=question.window_days, days=history.span_days, most=most)
    n = windows or _windows(history, window, again=question.again)
    look_back = history.last - (n + 1) * window - history.first + MICROSECOND
    fitted, parts = None, []
    for back in range(n + 1, 1, -1):
        found, fitted = history.at(history.last - back * window, look_back=look_back, window=window, fitted=fitted)
        parts.append(_candidates(found, question))
    judged, _ = history.at(history.last - window, look_back=look_back, window=window, fitted=fitted)
    listed, _ = history.at(history.last, look_back=look_back, window=None, fitted=fitted)
    note = Finding("targets.windows", values={"windows": n, "days": question.window_days, "looked_back": int(look_back / DAY)})
    learned = stack(parts)
    return Periods(
        learned=learned,
        judged=_candidates(judged, question),
        judged_from=as_iso(history.last - window + MICROSECOND)[:10],
        judged_to=as_iso(history.last)[:10],
        listed=_candidates(listed, question),
        worth=learned.spent,
        notes=(note,),
    )


def _windows(history: OrderHistory, window: np.timedelta64, *, again: bool) -> int:
    """Return how many windows to learn from."""
    n, buyers = 0, 0
    while n < _MOST_WINDOWS and buyers < _ENOUGH_BUYERS:
        n += 1
        if n > 1 and 2 * (history.last - (n + 1) * window - history.first) < history.last - history.first:
            return n - 1
        buyers += history.buyers(history.last - (n + 1) * window, window, again=again)
    return n


def _candidates(found: Snapshot, question: TargetQuestion) -> Snapshot:
    return found if question.again else found.take(found.before == 0)


def periods_of_campaign(opened: Opened, question: TargetQuestion) -> Periods:
    """Return the moments of a campaign: earlier campaigns are learned from, this one is judged, and the list is for the next.

    Parameters
    ----------
    opened : Opened
    question : TargetQuestion
        Its value is the campaign.

    Raises
    ------
    DataError
        If there are no contacts, or nothing is known of those contacted before the campaign.
    ParameterError
        If there is no such campaign.

    Notes
    -----
    Only customers who were contacted are learned from and judged. A response counts within the window, and an earlier campaign only if
    its window was over when this one was sent. Where there is none, the campaign itself is learned from, and no later period is judged.
    """
    contacts = contacts_of(opened, question)
    if question.value not in contacts.names:
        raise refusal("targets.no_campaign", kind=ParameterError, campaign=question.value, campaigns=contacts.names)
    history = history_of(opened)
    window = np.timedelta64(question.window_days, "D").astype("timedelta64[us]")
    own = contacts.of(question.value)
    begun = own.sent.min()
    known = contacts.take((contacts.sent + window <= begun) & (contacts.sent - history.first >= window))
    earlier = _enough_of(known, window)
    # Of a campaign sent in waves, only those whose window was over are learned from.
    moments = [*((name, known.of(name)) for name in earlier), (question.value, own)]
    first = min(found.sent.min() for _, found in moments)
    look_back = first - history.first
    if look_back < window:
        raise refusal(
            "targets.campaign_too_early", kind=DataError, campaign=question.value, sent=as_iso(begun)[:10], first=as_iso(history.first)[:10]
        )
    snapshots, fitted = [], None
    for _, found in moments:
        at, fitted = history.at(found.sent.min() - MICROSECOND, look_back=look_back, window=None, fitted=fitted)
        snapshots.append(_contacted(at, found, contacts, window))
    listed, _ = history.at(history.last, look_back=look_back, window=None, fitted=fitted)
    answered = set(own.customers[own.within(window)].tolist())
    if not question.again:
        listed = listed.take(~among(listed.customers, answered))
    listed = _with_answers(listed, contacts, history.last)
    notes = []
    if own.sent.max() + window > history.last:
        values = {"campaign": question.value, "window": question.window_days, "last": as_iso(history.last)[:10]}
        notes.append(Finding("targets.window_not_over", "warning", values))
    if not earlier:
        notes.append(Finding("targets.first_campaign", values={"campaign": question.value}))
        return Periods(snapshots[0], None, None, None, listed, notes=tuple(notes))
    end = min(begun + window, history.last)
    notes.append(Finding("targets.learned_from", values={"campaigns": earlier, "campaign": question.value}))
    return Periods(stack(snapshots[:-1]), snapshots[-1], as_iso(begun)[:10], as_iso(end)[:10], listed, notes=tuple(notes))


def contacts_of(opened: Opened, question: TargetQuestion) -> Contacts:
    """Return the contacts of a question: those of its file, or the sample's own."""
    from segcore.data.files.file_identity import user_path
    from segcore.data.files.reader import read_file

    table = opened.raw.contacts if question.contacts is None else read_file(user_path(question.contacts), None, namer=None)
    if table is None:
        raise refusal("targets.no_contacts", kind=DataError, remedy="contacts_file", data=opened.raw.name)
    return read_contacts(table, opened.dataset.roles["customer"])


def _enough_of(known: Contacts, window: np.timedelta64) -> list[str]:
    """Return the latest campaigns that together have enough responses to learn from, at most three."""
    chosen: list[str] = []
    responses = 0
    for name in known.names:
        if responses >= _ENOUGH_RESPONSES or len(chosen) == _MOST_CAMPAIGNS:
            break
        found = int(known.of(name).within(window).sum())
        if found:
            chosen.append(name)
            responses += found
    return chosen[::-1]


def _contacted(at: Snapshot, own: Contacts, contacts: Contacts, window: np.timedelta64) -> Snapshot:
    """Return the contacted customers of a snapshot with their responses."""
    answer = dict(zip(own.customers.tolist(), own.within(window).tolist(), strict=True))
    kept = at.take(among(at.customers, answer.keys()))
    outcome = np.array([answer[customer] for customer in kept.customers.tolist()], dtype=bool)
    return replace(_with_answers(kept, contacts, own.sent.min()), outcome=outcome)


def _with_answers(at: Snapshot, contacts: Contacts, until: np.datetime64) -> Snapshot:
    """Replace features of what is promoted by the campaigns that each customer got, and responded to, before a moment."""
    import pandas as pd

    def counted(earlier: np.ndarray) -> np.ndarray:
        return np.asarray(pd.Series(contacts.customers[earlier]).value_counts().reindex(at.customers).fillna(0), dtype=np.float64)

    answered, sent = counted(contacts.responded < until), counted(contacts.sent < until)
    found = replace(at.without(OWN), before=answered)
    found = found.with_feature(
        FeatureEntry("earlier_responses", "Earlier responses", "responses", "Campaigns responded to before."), answered
    )
    return found.with_feature(FeatureEntry("earlier_contacts", "Earlier contacts", "contacts", "Campaigns got before."), sent)


def periods_of_outcome(opened: Opened, question: TargetQuestion, request: DataRequest) -> Periods:
    """Return who is learned from and listed in a table with one row per customer.

    Parameters
    ----------
    opened : Opened
    question : TargetQuestion
        Its outcome is a column.
    request : DataRequest
        With the analyst's rules for columns.

    Raises
    ------
    ParameterError
        If there is no such column.
    DataError
        If it does not hold two values, or nobody is left to contact.

    Notes
    -----
    Customers with a blank outcome are listed. Where none is blank, those without the wanted value are, who are among those learned from.
    """
    from segcore.features.builders import build_features
    from segcore.features.customers.build import customer_ids
    from segcore.features.customers.column_values import read_column
    from segcore.records.dataset import ROW_NUMBER

    dataset, columns = opened.dataset, (question.outcome or "", *([] if question.treatment is None else [question.treatment]))
    for column in columns:
        if column not in dataset.frame.columns:
            raise refusal(
                "targets.no_column",
                kind=ParameterError,
                column=column,
                columns=[name for name in dataset.frame.columns if name != ROW_NUMBER],
            )
    rules = request.columns
    kept = {name: tuple(column for column in found if column not in columns) for name, found in rules.named().items()}
    others = {name: tuple(column for column in getattr(rules, name) if column not in columns) for name in ("keep", "zero")}
    chosen = replace(rules, **{**kept, **others, "exclude": (*kept["exclude"], *columns)})  # type: ignore[arg-type]
    table = build_features(dataset, columns=chosen)
    import narwhals as nw

    frame = nw.from_native(dataset.frame, eager_only=True)
    ids = customer_ids(frame, dataset.roles.get("customer", ROW_NUMBER))
    order = np.argsort(ids, kind="stable")
    asked = read_column(frame[columns[0]], columns[0])
    answer = _yes(asked, columns[0], question.yes)[order]
    blank = np.asarray(asked.missing)[order]
    inside = among(table.customers, opened.customers)
    entries = tuple(entry for entry in table.dictionary if entry.dropped is None)
    whole = Snapshot(table.customers, np.asarray(table.values), _ordered(entries, table.names), None, np.zeros(len(table)), answer)
    treated, told = None, np.ones(len(table), dtype=bool)
    if question.treatment is not None:
        given = read_column(frame[question.treatment], question.treatment)
        treated = _treated(given, question.treatment)[order]
        told = ~np.asarray(given.missing)[order]
    known = inside & ~blank & told
    if not known.any():
        raise refusal("targets.all_blank", kind=DataError, column=columns[0])
    learned = whole.take(known)
    worth = None if table.revenue is None else table.revenue[known]
    treated = None if treated is None else treated[known]
    if (inside & blank).any():
        return Periods(learned, None, None, None, replace(whole.take(inside & blank), outcome=None), treated=treated, worth=worth)
    rows = np.flatnonzero(~answer[known])
    note = Finding("targets.no_blank", values={"column": columns[0], "candidates": len(rows)})
    return Periods(learned, None, None, None, replace(learned.take(rows), outcome=None), rows, treated, worth, (note,))


def _ordered(entries: Sequence[FeatureEntry], names: Sequence[str]) -> tuple[FeatureEntry, ...]:
    by_name = {entry.name: entry for entry in entries}
    return tuple(by_name[name] for name in names)


def _yes(column: Any, name: str, wanted: str | None) -> np.ndarray:
    """Return where a column has the wanted value, shape (n_rows,), bool; False where it is missing."""
    values = [value for value, _ in column.few(50) or []]
    if wanted is not None:
        if column.few(50) is not None and wanted not in values:
            raise refusal("targets.no_value", kind=ParameterError, column=name, value=wanted, values=values[:8])
        return np.asarray(column.where(wanted))
    if len(values) != 2:
        n = column.n_values if column.few(50) is None else len(values)
        raise refusal("targets.not_two_values", kind=DataError, remedy="wanted_value", column=name, n=n, values=values[:5])
    words = [value for value in values if value.casefold() in _WORDS_FOR_YES]
    chosen = words[0] if len(words) == 1 else max(values, key=float) if column.is_number else None
    if chosen is None:
        raise refusal("targets.which_is_yes", kind=DataError, remedy="wanted_value", column=name, values=values)
    return np.asarray(column.where(chosen))


def _treated(column: Any, name: str) -> np.ndarray:
    """Return who was contacted, shape (n_rows,), bool; False where it is missing."""
    try:
        return _yes(column, name, None)
    except DataError as error:
        values = [value for value, _ in column.few(50) or []][:5]
        raise refusal("targets.treatment_values", kind=DataError, column=name, values=values) from error


def find_periods(opened: Opened, question: TargetQuestion, request: DataRequest) -> Periods:
    """Return the customers that a question is about; see the three functions above.

    Raises
    ------
    SegcoreError
        If the data cannot answer it, in one sentence.
    """
    kind = opened.dataset.kind
    if question.outcome is not None:
        if kind != "customers":
            raise refusal("targets.outcome_of_lines", kind=ParameterError, column=question.outcome, data=kind)
        return periods_of_outcome(opened, question, request)
    if kind != "transactions":
        raise refusal("targets.promote_needs_lines", kind=ParameterError, column=question.promote, data=kind)
    if question.promote == CAMPAIGN and (question.contacts is not None or CAMPAIGN not in opened.raw.names):
        return periods_of_campaign(opened, question)
    texts, codes = opened.coded(question.promote or "")
    if question.value not in texts:
        raise refusal("targets.no_promoted", kind=ParameterError, column=question.promote, value=question.value, values=sorted(texts)[:8])
    return periods_of_purchases(history_of(opened).promoting(codes == texts.index(question.value), question.subject), question)
