"""Sentences on whom to reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from segcore.records.target_question import CAMPAIGN, TargetQuestion
from segcore.wording.numbers import counted, listed, percent_text
from segcore.wording.quotes import quoted

_KINDS: Mapping[str, str] = {"transactions": "transactions", "ratings": "ratings", "customers": "a table with one row per customer"}


def _some(values: Sequence[str]) -> str:
    return listed([quoted(value) for value in values])


def _window_too_long(window: int, days: float, most: int) -> str:
    if most < 1:
        return f"The data cover {days:.1f} days, which is too short to learn from one window and judge on the next: load a longer period."
    return (
        f"A window of {counted(window, 'day')} needs data of three windows, to learn, to judge and to look back, but these data cover "
        f"{days:.0f} days: give a window of at most {counted(most, 'day')}."
    )


def _windows(windows: int, days: int, looked_back: int) -> str:
    one = windows == 1
    learned = f"the window of {counted(days, 'day')}" if one else f"the {windows} windows of {counted(days, 'day')}"
    return f"Learned from {learned} before the judged one. Features describe the {counted(looked_back, 'day')} before each window."


def _few_of_either(buyers: int, customers: int, least: int) -> str:
    return (
        f"Describing buyers takes at least {least} buyers and {least} other customers, but {buyers:,} of "
        f"{counted(customers, 'customer')} {'is a buyer' if buyers == 1 else 'are buyers'}: choose other products or another period."
    )


def components_text(n_components: int, p_value: float | None = None, n_placebos: int = 0, n_split: int = 0, *, who: str = "buyers") -> str:
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
    who : str
        What the buyers are called; see `buyers_text`.
    """
    if n_components == 1:
        return f"One component describes the {who} best (lowest BIC), so there are no groups among them."
    found = f"{n_components} components describe the {who} best (lowest BIC)"
    if p_value is None:
        return f"{found}."
    compared = f"p = {p_value:.2g}, from {counted(n_placebos, 'data set')}"
    if p_value <= 0.05:
        return f"{found}. Data without groups does worse: {compared}."
    if n_split:
        falls = "1 feature falls" if n_split == 1 else f"{n_split} features fall"
        return f"{found}, and {falls} in groups without the others (dip test)."
    return f"{found}, but data without groups does as well ({compared}): the components describe the {who}, and are not groups."


def _few_buyers(subject: str, of: str, new: bool, buyers: int, customers: int, least: int, do: str = "") -> str:
    who = f"none of {counted(customers, 'customer')}" if not buyers else f"only {buyers:,} of {counted(customers, 'customer')}"
    if of == "outcome":
        have = "has" if buyers < 2 else "have"
        return (
            f"{quoted(subject)}: {who} with a known outcome {have} the wanted one, and a model needs {least}: load more customers with a "
            "known outcome."
        )
    if of == "campaign":
        return f"{subject.capitalize()}: {who} responded in the learning period, and a model needs {least}: choose a longer window."
    wider = f"{do}, " if do else ""
    return (
        f"{quoted(subject)}: {who} bought it{' for the first time' if new else ''} in the learning period, and a model needs {least}: "
        f"{wider}choose a longer window, or promote something that more customers buy."
    )


def _few_others(subject: str, of: str, new: bool, buyers: int, customers: int, least: int) -> str:
    but = "all" if buyers == customers else f"all but {customers - buyers:,} of"
    who = f"{but} {counted(customers, 'customer')}"
    if of == "outcome":
        return (
            f"{quoted(subject)}: {who} with a known outcome have the wanted one, and a model needs {least} who do not: load more customers "
            "with a known outcome."
        )
    if of == "campaign":
        return f"{subject.capitalize()}: {who} responded, and a model needs {least} who did not: choose a shorter window."
    return f"{quoted(subject)}: {who} bought it, and a model needs {least} who did not: promote something that fewer customers buy."


def _nobody_left(subject: str, of: str, do: str = "", **_: object) -> str:
    if of == "outcome":
        return f"{quoted(subject)}: nobody is left to contact, because every customer has the wanted outcome: load others."
    again = f"everybody bought it already: {do}" if do else "load customers who can still be contacted"
    return f"{quoted(subject)}: nobody is left to contact; {again}."


def _no_judged_buyers(subject: str, of: str, first: str, last: str, **_: object) -> str:
    did = "responded to it" if of == "campaign" else "bought it"
    return f"{quoted(subject)}: nobody {did} from {first} to {last}, so methods cannot be judged: choose a longer window."


def _few_judged(buyers: int, of: str = "purchase") -> str:
    did = "responded to it" if of == "campaign" else "bought it"
    return f"{'Only ' + counted(buyers, 'customer') if buyers else 'Nobody'} {did} in the judged window."


def _leak(feature: str, title: str, auc: float, do: str = "keep it") -> str:
    return (
        f"{quoted(title)} alone predicts the outcome almost perfectly (area under the ROC curve {auc:.3f}), as if it was recorded "
        f"afterwards. It is left out. If it was known before, {do}."
    )


def _only_leaks(columns: Sequence[str], do: str) -> str:
    differs, tells = ("differs", "it alone reveals") if len(columns) == 1 else ("differ", "each alone reveals")
    return (
        f"Only {_some(columns)} {differs} between customers, and {tells} the outcome, as if recorded afterwards: add "
        f"columns that were known before. If {quoted(columns[0])} was, {do}."
    )


METHOD_TITLES: Mapping[str, str] = {
    "model": "Model",
    "components": "Buyers' components",
    "rules": "Rules",
    "recency": "Most recent customers",
    "past buyers": "Past buyers",
    "random": "Random customers",
}
"""What each way to rank customers is called."""
_BASELINES = ("past buyers", "recency")


def lift_text(lift: Mapping[str, float]) -> str:
    """Return a lift with its interval: "2.43 (2.22 to 2.65)"."""
    return f"{lift['value']:.2f} ({lift['low']:.2f} to {lift['high']:.2f})"


def lifts_at_budget(document: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return the lift of each method at the budget, on the customers it was judged on."""
    budget = document["judged"]["budget"]
    found = {}
    for name, curve in document["curves"].items():
        place = curve["budget"].index(budget)
        found[name] = {"value": curve["lift"][place], "low": curve["low"][place], "high": curve["high"][place]}
    return found


def buyers_text(document: Mapping[str, Any], number: float | None = None) -> str:
    """Return whom the answer is about: "buyers", "responders" or "customers with the wanted outcome"; with how many, if given."""
    of = document.get("kind", "purchase")
    one, many = {
        "purchase": ("buyer", "buyers"),
        "campaign": ("responder", "responders"),
        "outcome": ("customer with the wanted outcome", "customers with the wanted outcome"),
    }[of]
    return many if number is None else counted(round(number), one, many)


def headline(document: Mapping[str, Any], method: str) -> str:
    """Return whether the method is better than rankings without a model, on the customers it was judged on.

    Parameters
    ----------
    document : mapping
        `segcore.records.target_question.TargetsAnswer.document`.
    method : str
        That ranks the list.
    """
    judged, lifts = document["judged"], lifts_at_budget(document)
    unbeaten = unbeaten_baselines(document, method)
    where = "In the later period" if judged["later"] else "Among customers it was not fitted to"
    reached = (
        f"{where}, the first {judged['budget']:,} of {counted(judged['customers'], 'customer')} held {lift_text(lifts[method])} times "
        f"as many {buyers_text(document)} as random contacts"
    )
    title = METHOD_TITLES[method]
    if "random" in unbeaten:
        return f"{title}: not better than contacting customers at random, as far as these data show. {reached}."
    if unbeaten:
        strongest = max(unbeaten, key=lambda name: lifts[name]["value"])
        return f"{title}: no better than {METHOD_TITLES[strongest].lower()}. {reached}; theirs held {lift_text(lifts[strongest])} times."
    beaten = listed([METHOD_TITLES[name].lower() for name in _rivals(document, method)])
    return f"{title}: better than {beaten}. {reached}."


def unbeaten_baselines(document: Mapping[str, Any], method: str) -> list[str]:
    """Return the rankings that need no model and are not beaten beyond chance at the budget; none if the method is worth it.

    Parameters
    ----------
    document, method
        See `headline`.
    """
    winners = {_other(one, method): one["winner"] for one in document["comparison"]}
    return [name for name in _rivals(document, method) if winners[name] != method]


def _rivals(document: Mapping[str, Any], method: str) -> list[str]:
    compared = {_other(one, method) for one in document["comparison"]}
    return [name for name in ("random", *_BASELINES) if name in compared]


def _other(difference: Mapping[str, Any], method: str) -> str:
    return str(difference["second"] if difference["first"] == method else difference["first"])


def question_text(question: TargetQuestion) -> str:
    """Return what is asked in one line: "department SEAFOOD, 300 contacts, bought within 28 days, earlier buyers included"."""
    contacts = counted(question.n_contacts, "contact")
    if question.outcome is not None:
        wanted = "" if question.yes is None else f" = {question.yes}"
        treated = "" if question.treatment is None else f", uplift of {question.treatment}"
        return f"{question.outcome}{wanted}, {contacts}{treated}"
    window = f"within {counted(question.window_days, 'day')}"
    if question.promote == CAMPAIGN:
        which = "all campaigns" if question.value is None else f"campaign {question.value}"
        return f"{which}, {contacts}, response {window}, earlier responders {'included' if question.again else 'left out'}"
    which = f"all values of {question.promote}" if question.value is None else f"{question.promote} {question.value}"
    return f"{which}, {contacts}, purchase {window}, earlier buyers {'included' if question.again else 'left out'}"


def compared_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return for how many promoted values a model finds more buyers than the better baseline, in one sentence."""
    judged = [one for one in rows if not one["reason"]]
    if not judged:
        return f"None of {counted(len(rows), 'value')} could be judged: include earlier buyers, or choose a longer window."
    better = [one["value"] for one in judged if one["winner"] == "model"]
    worse = [one["value"] for one in judged if one["winner"] not in (None, "model")]
    unjudged = len(rows) - len(judged)
    named = f": {listed(better)}" if better else ""
    fewer = f" It finds fewer for {listed(worse)}." if worse else ""
    same = len(judged) - len(better) - len(worse)
    return (
        f"The model finds more buyers than the better baseline, beyond chance, for {len(better)} of {counted(len(judged), 'value')}{named}."
        f"{fewer}{f' For {same}, there is no clear difference.' if same else ''}{f' {unjudged} could not be judged.' if unjudged else ''}"
    )


def expected_text(document: Mapping[str, Any]) -> str:
    """Return how many buyers to expect among the contacted."""
    found = document["expected"]
    money = "" if found["profit"] is None else f" Expected profit: {found['profit']:,.0f}."
    return (
        f"Expect {buyers_text(document, found['buyers'])} among {counted(document['budget'], 'contact')} "
        f"(95 % certain: {found['low']:,.0f} to {found['high']:,.0f}).{money}"
    )


def stop_text(document: Mapping[str, Any]) -> str | None:
    """Return where to stop contacting; ``None`` without a value of a buyer."""
    stop = document["stop"]
    if stop is None:
        return None
    if not stop["contacts"]:
        return "Nobody is likely enough to respond to be worth the cost of a contact."
    return (
        f"The most profitable number of contacts is {stop['contacts']:,}: an expected profit of {stop['profit']:,.0f} from "
        f"{buyers_text(document, stop['buyers'])}."
    )


def holdout_text(document: Mapping[str, Any]) -> str:
    """Return what the hold-out is and what it can tell."""
    found = document["holdout"]
    if not found["size"]:
        return "Without a hold-out, nothing will show whether the contact itself made a difference."
    detects = found["detects"]
    leave = f"Do not contact the {counted(found['size'], 'customer')} of the hold-out, drawn at random from the same ranks."
    if detects is None:
        return f"{leave} They are too few to show an effect of the contact, even if none of them would buy or respond."
    return (
        f"{leave} Compared with the contacted, they show an effect of the contact of {percent_text(detects)[:-2]} percentage points or "
        "more in 4 of 5 cases."
    )


def uplift_text(found: Mapping[str, Any]) -> str:
    """Return what the randomised treatment changed among the customers ranked first by uplift."""
    at, qini = found["at_budget"], found["qini"]["area"]
    gained = at["uplift"]
    test = "" if found["passes_self_test"] else " A random ranking seems to work as well, so trust neither figure."
    imbalance = f" {found['imbalance']}" if found["imbalance"] else ""
    if gained["value"] is None:
        return f"{gained['reason']}{test}{imbalance}"
    return (
        f"Uplift among the {at['budget']:,} customers whom the contact should change most: {100 * gained['value']:.1f} percentage points "
        f"({100 * gained['low']:.1f} to {100 * gained['high']:.1f}). Qini area {qini['value']:.4f} ({qini['low']:.4f} to "
        f"{qini['high']:.4f}; 0 is a random ranking).{test}{imbalance}"
    )


RESPONSE_LIFT = (
    "The listed customers are likely to respond with or without the contact (response lift). Only the hold-out shows what the contact "
    "changes. Customers whom earlier campaigns did not contact are no control group, because they were not drawn at random."
)


SENTENCES: Mapping[str, Callable[..., str]] = {
    "targets.changed": lambda data: f"{data} has changed since it was loaded: load it again.",
    "targets.few_buyers": _few_buyers,
    "targets.few_others": _few_others,
    "targets.nobody_left": _nobody_left,
    "targets.no_judged_buyers": _no_judged_buyers,
    "targets.no_later_period": lambda: "No earlier campaign was over when this one was sent, so there is nothing to judge it on.",
    "targets.few_judged": _few_judged,
    "targets.leak": _leak,
    "targets.only_leaks": _only_leaks,
    "targets.budget_above_all": lambda budget, customers: (
        f"The budget of {budget:,} is more than the {counted(customers, 'customer')} who can be contacted: everybody is on the list, and "
        "nobody can be held out."
    ),
    "targets.no_method": lambda method, methods: f"Customers cannot be ranked by {method} here: choose {' or '.join(methods)}.",
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
    "targets.no_contacts": lambda data, do: (
        f"{data} has no contacts: {do}, with one row per customer and campaign, or promote a column of the order lines."
    ),
    "targets.contact_columns": lambda file, lacking, columns: (
        f"{file} needs {'the column' if len(lacking) == 1 else 'the columns'} {_some(lacking)}; it has {_some(columns[:20])}. Dates "
        "are in 'sent' and 'responded', which is blank where nobody did."
    ),
    "targets.all_blank": lambda column: f"{quoted(column)} is blank for every customer, so there is nobody to learn from.",
    "targets.no_blank": lambda column, candidates: (
        f"{quoted(column)} is known for every customer, so the list is drawn from the {counted(candidates, 'customer')} without the wanted "
        "value. Each has the probability of similar customers, from models that did not see that customer's own answer."
    ),
    "targets.no_value": lambda column, value, values: f"{quoted(column)} has no {quoted(value)}; it holds {_some(values)}.",
    "targets.not_two_values": lambda column, n, values, do: (
        f"{quoted(column)} holds {counted(n, 'different value')}"
        f"{f', such as {_some(values)}' if values else ''}: an outcome must have two. To predict one of them, {do}."
    ),
    "targets.treatment_values": lambda column, values: (
        f"The treatment {quoted(column)} holds {_some(values) if values else 'many values'}: it needs one value for customers who were "
        "contacted, such as 1 or yes, and one for those who were not."
    ),
    "targets.which_is_yes": lambda column, values, do: f"{quoted(column)} holds {_some(values)}: {do}.",
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
