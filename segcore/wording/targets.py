"""Sentences on whom to reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from segcore.wording.numbers import counted, listed
from segcore.wording.quotes import quoted

_KINDS: Mapping[str, str] = {"transactions": "transactions", "ratings": "ratings", "customers": "a table with one row per customer"}


def _some(values: Sequence[str]) -> str:
    return listed([quoted(value) for value in values])


def _window_too_long(window: int, days: float, most: int) -> str:
    if most < 1:
        return f"The data cover {days:.1f} days, which is too short to learn from one window and judge on the next: load a longer period."
    return (
        f"A window of {counted(window, 'day')} needs data of three windows, to learn, to judge and to look back, and these cover "
        f"{days:.0f} days: give a window of at most {counted(most, 'day')}."
    )


def _windows(windows: int, days: int, looked_back: int) -> str:
    learned = f"the window of {counted(days, 'day')}" if windows == 1 else f"the {windows} windows of {counted(days, 'day')}"
    return f"Learned from {learned} before the judged one; features look back {counted(looked_back, 'day')}."


SENTENCES: Mapping[str, Callable[..., str]] = {
    "targets.no_lines": lambda until: f"There are no order lines before {until[:10]}: load a longer period.",
    "targets.window_too_long": _window_too_long,
    "targets.windows": _windows,
    "targets.no_column": lambda column, columns: f"There is no column {quoted(column)}; the columns are {_some(columns[:20])}.",
    "targets.no_promoted": lambda column, value, values: (
        f"No order line has {quoted(value)} in {quoted(column)}; it holds {_some(values)} and possibly more."
    ),
    "targets.no_campaign": lambda campaign, campaigns: (
        f"Nobody was contacted by campaign {quoted(campaign)}; the campaigns are {_some(campaigns[:30])}."
    ),
    "targets.campaign_too_early": lambda campaign, sent, first: (
        f"Campaign {quoted(campaign)} was sent on {sent}, too soon after the first order on {first} to know its customers: choose a later "
        "campaign or a shorter window."
    ),
    "targets.window_not_over": lambda campaign, window, last: (
        f"The data end on {last}, before {counted(window, 'day')} after campaign {quoted(campaign)} were over: later responses are missing."
    ),
    "targets.first_campaign": lambda campaign: (
        f"No earlier campaign was over when campaign {quoted(campaign)} was sent, so every figure is cross-fitted on this one."
    ),
    "targets.learned_from": lambda campaigns, campaign: (
        f"Learned from {'campaign' if len(campaigns) == 1 else 'campaigns'} {_some(campaigns)}, judged on campaign {quoted(campaign)}."
    ),
    "targets.no_contacts": lambda data: (
        f"{data} has no contacts: give a file with one row per customer and campaign with --contacts, or promote a column of the order "
        "lines."
    ),
    "targets.contact_columns": lambda file, lacking, columns: (
        f"{file} needs {'the column' if len(lacking) == 1 else 'the columns'} {_some(lacking)}; it has {_some(columns[:20])}. Dates "
        "are in 'sent' and 'responded', which is blank where nobody did."
    ),
    "targets.all_blank": lambda column: f"{quoted(column)} is blank for every customer, so there is nobody to learn from.",
    "targets.no_blank": lambda column, candidates: (
        f"No customer is blank in {quoted(column)}, so the {counted(candidates, 'customer')} without the wanted value can be on the list, "
        "and each is predicted by models that did not see that customer."
    ),
    "targets.no_value": lambda column, value, values: f"{quoted(column)} has no {quoted(value)}; it holds {_some(values)}.",
    "targets.not_two_values": lambda column, n, values: (
        f"{quoted(column)} holds {counted(n, 'different value')}"
        f"{f', such as {_some(values)}' if values else ''}: an outcome has two. Name the wanted one with --yes."
    ),
    "targets.which_is_yes": lambda column, values: f"{quoted(column)} holds {_some(values)}: name the wanted one with --yes.",
    "targets.outcome_of_lines": lambda column, data: (
        f"An outcome column ({quoted(column)}) belongs to a table with one row per customer; these data are {_KINDS[data]}: promote a "
        "column of the order lines instead."
    ),
    "targets.promote_needs_lines": lambda column, data: (
        f"Promoting a value of {quoted(column)} needs transactions, with the time of each order; these data are {_KINDS[data]}: give an "
        "outcome column instead."
    ),
}
