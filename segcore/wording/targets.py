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


def _few_of_either(buyers: int, customers: int, least: int) -> str:
    return (
        f"Describing buyers takes at least {least} buyers and {least} other customers, but {buyers:,} of "
        f"{counted(customers, 'customer')} {'is a buyer' if buyers == 1 else 'are buyers'}: choose other products or another period."
    )


def components_text(n_components: int, p_value: float | None = None, n_placebos: int = 0, n_split: int = 0) -> str:
    """Return whether the buyers fall in groups, in words.

    Parameters
    ----------
    n_components : int
        Of the mixture with the lowest BIC.
    p_value : float or None
        Of its comparison with data without groups; ``None`` if they were not compared.
    n_placebos : int
        How many such data sets there were.
    n_split : int
        Features that fall in groups by themselves.
    """
    if n_components == 1:
        return "One component describes the buyers best (lowest BIC), so there are no groups among them."
    found = f"{n_components} components describe the buyers best (lowest BIC)"
    if p_value is None:
        return f"{found}."
    compared = f"p = {p_value:.2g}, from {counted(n_placebos, 'data set')}"
    if p_value <= 0.05:
        return f"{found}. Data without groups does worse: {compared}."
    if n_split:
        falls = "1 feature falls" if n_split == 1 else f"{n_split} features fall"
        return f"{found}, and {falls} in groups without the others (dip test)."
    return f"{found}, but data without groups does as well ({compared}): the components describe the buyers, and are not groups."


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
    "targets.few_of_either": _few_of_either,
    "targets.buyers_alike": lambda buyers: (
        f"No feature differs among the {counted(buyers, 'buyer')} looked at, so there is nothing to describe: choose other features."
    ),
    "targets.few_for_shape": lambda buyers, least: (
        f"Components of this shape and number are fitted to half of the buyers and need {least:,} there, but there are {buyers:,}: choose "
        "the shape diag or spherical, or fewer components."
    ),
    "targets.nothing_varies": lambda customers: (
        f"The features are the same for all {counted(customers, 'customer')}, so none tells buyers from others: choose other features."
    ),
    "targets.no_contribution": lambda customers: (
        f"No feature contributes to the prediction of any of {counted(customers, 'customer')}, so there are no groups: choose others."
    ),
    "targets.few_distinct": lambda customers, distinct: (
        f"The contributions of {counted(customers, 'customer')} have only {distinct} different values: choose at most {distinct} groups."
    ),
}
