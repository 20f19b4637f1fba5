import pytest

from segcore.records.finding import Finding, Remedy
from segcore.records.target_question import TargetQuestion
from segcore.wording.findings import sentence
from segcore.wording.targets import compared_text, components_text, expected_text, headline, question_text, unbeaten_baselines


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((1,), "One component describes the buyers best (lowest BIC), so there are no groups among them."),
        ((3,), "3 components describe the buyers best (lowest BIC)."),
        (
            (3, 0.05, 19),
            "3 components describe the buyers best (lowest BIC). Data without groups does worse: p = 0.05, from 19 data sets.",
        ),
        (
            (3, 0.4, 19, 2),
            "3 components describe the buyers best (lowest BIC), and 2 features fall in groups without the others (dip test).",
        ),
        (
            (3, 0.4, 19),
            "3 components describe the buyers best (lowest BIC), but data without groups does as well (p = 0.4, from 19 data sets): the "
            "components describe the buyers, and are not groups.",
        ),
    ],
)
def test_components_are_called_groups_only_with_evidence(given, words):
    assert components_text(*given) == words


def test_too_few_buyers_are_counted():
    found = Finding("targets.few_of_either", "error", {"buyers": 3, "customers": 1_200, "least": 10})
    assert sentence(found) == (
        "Describing buyers takes at least 10 buyers and 10 other customers, but 3 of 1,200 customers are buyers: choose other products or "
        "another period."
    )


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (
            {"promote": "department", "value": "MEAT", "budget": 1_000},
            "department MEAT, 1,000 contacts, purchase within 28 days, earlier buyers left out",
        ),
        (
            {"promote": "department", "money": 90.0, "cost": 2.0, "again": True},
            "all values of department, 45 contacts, purchase within 28 days, earlier buyers included",
        ),
        (
            {"promote": "campaign", "value": "18", "budget": 1, "window_days": 1},
            "campaign 18, 1 contact, response within 1 day, earlier responders left out",
        ),
        ({"outcome": "bought", "yes": "1", "treatment": "mailed", "budget": 9}, "bought = 1, 9 contacts, uplift of mailed"),
    ],
)
def test_a_question_is_one_line(question, words):
    assert question_text(TargetQuestion(**question)) == words


def test_baselines_that_are_not_beaten_beyond_chance_are_named():
    won = {"first": "model", "second": "random", "winner": "model"}
    drawn = {"first": "model", "second": "past buyers", "winner": None}
    lost = {"first": "recency", "second": "model", "winner": "recency"}
    rules = {"first": "model", "second": "rules", "winner": "rules"}
    assert unbeaten_baselines({"comparison": [won, drawn, lost, rules]}, "model") == ["past buyers", "recency"]
    assert unbeaten_baselines({"comparison": [won, rules]}, "model") == []


def test_compared_values_are_counted_by_who_finds_more():
    rows = [{"value": name, "winner": winner, "reason": None} for name, winner in (("a", "model"), ("b", "recency"), ("c", None))]
    assert compared_text([*rows, {"value": "d", "reason": "too few"}]) == (
        "The model finds more buyers than the better baseline, beyond chance, for 1 of 3 values: a. It finds fewer for b. For 1, there is "
        "no clear difference. 1 could not be judged."
    )
    assert compared_text([{"value": "d", "reason": "too few"}]).startswith("None of 1 value could be judged")


def test_a_remedy_is_in_the_words_of_the_audience():
    values = {"feature": "paid", "title": "Paid", "auc": 0.999}
    leak = Finding("targets.leak", "warning", values, Remedy("keep_leak", {"column": "paid"}))
    assert "keep it with --keep" in sentence(leak)
    assert "choose it under “Keep although it looks like a leak”" in sentence(leak, "screen")


def judged(kind, *, model, recency, winner, baseline):
    """Return as much of a document as its first lines need."""
    lift = {"low": [0.9], "high": [1.9], "budget": [100]}
    return {
        "kind": kind,
        "budget": 200,
        "judged": {"customers": 1_000, "budget": 100, "later": True},
        "curves": {"model": {**lift, "lift": [model]}, "recency": {**lift, "lift": [recency]}, "random": {**lift, "lift": [1.0]}},
        "comparison": [
            {"first": "model", "second": "recency", "winner": winner},
            {"first": "model", "second": "random", "winner": baseline},
        ],
        "expected": {"buyers": 1.0, "low": 0, "high": 3, "profit": None},
    }


def test_the_first_line_says_whether_the_model_is_worth_it_and_of_whom():
    better = judged("purchase", model=1.5, recency=1.1, winner="model", baseline="model")
    assert headline(better, "model") == (
        "Model: better than random customers and most recent customers. In the later period, the first 100 of 1,000 customers held "
        "1.50 (0.90 to 1.90) times as many buyers as random contacts."
    )
    beaten = judged("campaign", model=1.5, recency=1.6, winner=None, baseline="model")
    assert headline(beaten, "model") == (
        "Model: no better than most recent customers. In the later period, the first 100 of 1,000 customers held 1.50 (0.90 to 1.90) "
        "times as many responders as random contacts; theirs held 1.60 (0.90 to 1.90) times."
    )
    chance = judged("outcome", model=1.1, recency=1.6, winner=None, baseline=None)
    assert headline(chance, "model").startswith("Model: not better than contacting customers at random, as far as these data show.")
    assert "as many customers with the wanted outcome as" in headline(chance, "model")


def test_who_is_expected_is_called_by_what_was_asked():
    found = {kind: expected_text(judged(kind, model=1, recency=1, winner=None, baseline=None)) for kind in ("campaign", "outcome")}
    assert found["campaign"] == "Expect 1 responder among 200 contacts (95 % certain: 0 to 3)."
    assert found["outcome"] == "Expect 1 customer with the wanted outcome among 200 contacts (95 % certain: 0 to 3)."


@pytest.mark.parametrize(
    ("of", "subject", "words"),
    [
        ("purchase", "MEAT", "'MEAT': none of 50 customers bought it for the first time in the learning period, and a model needs 10: "),
        ("campaign", "campaign 18", "Campaign 18: none of 50 customers responded in the learning period, and a model needs 10: "),
        ("outcome", "won", "'won': none of 50 customers with a known outcome has the wanted one, and a model needs 10: "),
    ],
)
def test_too_few_to_learn_from_are_called_by_what_was_asked(of, subject, words):
    values = {"subject": subject, "of": of, "new": of == "purchase", "buyers": 0, "customers": 50, "least": 10}
    assert sentence(Finding("targets.few_buyers", "error", values)).startswith(words)
