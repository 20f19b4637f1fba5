"""Answers from files to the list: customer tables and order lines are written, taken in, and asked."""

import csv
import functools
import json

import numpy as np
import pandas as pd
import pytest

from segcore.errors import SegcoreError
from segcore.export.tables import write_table
from segcore.intake.take_in import take_in
from segcore.records.intake import DataRequest
from segcore.records.target_question import TargetQuestion
from segcore.store.store import Store
from segcore.targets import rankings
from segcore.targets.answer import answer_key, find_targets
from segcore.targets.buyers.buyer_components import describe_components
from segcore.targets.contact_list import list_rows
from segcore.targets.periods.three_periods import find_periods, open_again
from segcore.wording.findings import sentence
from segcore.wording.remedies import option_value

KEYS = {
    *(
        "subject",
        "kind",
        "base_rate",
        "customers",
        "budget",
        "expected",
        "stop",
        "holdout",
        "curves",
        "judged",
        "comparison",
        "later_period",
    ),
    *("rules", "components", "model", "groups", "uplift"),
}
COLUMNS = ["customer_id", "rank", "probability", "expected_value", "reason", "group"]


@pytest.fixture(autouse=True)
def few_mixtures(monkeypatch):
    """Fit two mixtures and one placebo instead of 40 and 19, which are tested in tests/targets/buyers and take seconds."""
    few = functools.partial(describe_components, placebos=1, n_components=(1, 2), covariance_types=("diag",))
    monkeypatch.setattr(rankings, "describe_components", few)


def asked(folder, frame, question, **request):
    """Return the answer to a question about a table in a file, its list, and what was noticed, in words."""
    frame.to_csv(folder / "data.csv", index=False)
    return answered(folder, question, **request)


def answered(folder, question, **request):
    store, wanted = Store(folder / "home"), DataRequest(str(folder / "data.csv"), **request)
    found = find_targets(store, take_in(store, wanted), wanted, question)
    return found, store.frame(found.contacts), [sentence(note) for note in found.notes]


def learned_from(folder, question, **request):
    """Return the customers that a question about the file last written is learned from."""
    store, wanted = Store(folder / "home"), DataRequest(str(folder / "data.csv"), **request)
    return find_periods(open_again(store, take_in(store, wanted), wanted), question, wanted).learned


def members(n=600, *, known=0.5, seed=0, **columns):
    """Return customers whose visits raise the probability to buy; ``bought`` is blank where it is not known."""
    draw = np.random.default_rng(seed)
    visits = draw.poisson(6, n)
    yes = draw.random(n) < 1 / (1 + np.exp(3 - 0.5 * visits))
    told = draw.random(n) < known
    frame = pd.DataFrame(
        {
            "member": [f"{number:05}" for number in range(n)],
            "visits": visits,
            "age": draw.integers(18, 80, n),
            "club": draw.choice(["gold", "none"], n),
            "bought": np.where(told, np.where(yes, "yes", "no"), ""),
        }
    )
    return frame.assign(**{name: make(draw, yes & told, told) for name, make in columns.items()})


def orders(seed=0):
    """Return the order lines of 240 customers over 140 days; those who buy bread often begin to buy cheese."""
    draw = np.random.default_rng(seed)
    lines = []
    for customer in range(240):
        keen = customer % 4 == 0
        for number, minute in enumerate(np.sort(draw.integers(0, 140 * 1440, draw.integers(12, 25)))):
            department = "bread" if draw.random() < (0.8 if keen else 0.2) else "milk"
            if draw.random() < (0.12 if keen else 0.01):
                department = "cheese"
            when = np.datetime64("2024-01-01T00:00") + np.timedelta64(int(minute), "m")
            lines.append((f"{customer:04}", f"o{customer}-{number}", str(when).replace("T", " "), round(draw.uniform(1, 9), 2), department))
    return pd.DataFrame(lines, columns=["customer_id", "order_id", "order_date", "amount", "department"])


def test_a_customer_table_is_answered_with_the_whole_document(tmp_path):
    frame = members()
    found, listed, _ = asked(tmp_path, frame, TargetQuestion(outcome="bought", budget=60, worth=20.0, cost=2.0))
    document, blank = found.document, set(frame.loc[frame["bought"] == "", "member"])

    assert set(document) == KEYS
    assert {"buyers", "low", "high", "profit"} <= set(document["expected"])
    assert {"size", "detects"} <= set(document["holdout"])
    assert all({"budget", "lift", "low", "high"} <= set(curve) for curve in document["curves"].values())
    assert set(document["curves"]) == {"model", "components", "rules", "random"}  # there are no orders, recent or past
    assert {"auc", "calibration", "features"} <= set(document["model"])
    assert document["later_period"] is None and document["uplift"] is None
    assert (document["customers"], document["budget"]) == (len(blank), 60)
    assert document["model"]["features"][0]["feature"] == "visits"
    assert "customers with the wanted outcome best (lowest BIC)" in document["components"]["sentence"]
    assert json.loads(json.dumps(found.to_report(), allow_nan=False))["question"]["budget"] == 60

    assert list(listed.columns) == COLUMNS
    assert set(listed["customer_id"]) <= blank and not listed["customer_id"].duplicated().any()
    assert listed["rank"].tolist() == list(range(1, len(listed) + 1))
    assert listed["group"].value_counts().to_dict() == {"contact": 60, "holdout": document["holdout"]["size"]}
    assert listed["probability"].is_monotonic_decreasing
    assert listed["reason"].str.contains("isits").mean() > 0.9
    assert listed["expected_value"].to_numpy() == pytest.approx(20 * listed["probability"].to_numpy() - 2)


def test_the_figures_of_the_list_add_up_to_what_is_expected(tmp_path):
    asks = TargetQuestion(promote="department", value="cheese", budget=40, worth=10.0, cost=0.5)
    found, listed, _ = asked(tmp_path, orders(), asks)
    expected, contacts = found.document["expected"], listed[listed["group"] == "contact"]

    assert expected["factor"] != 1  # the later period shows another level
    assert contacts["probability"].sum() == pytest.approx(expected["buyers"])
    assert contacts["expected_value"].sum() == pytest.approx(expected["profit"])
    assert expected["low"] <= expected["buyers"] <= expected["high"]
    stop = found.document["stop"]
    assert stop["profit"] == pytest.approx(10 * stop["buyers"] - 0.5 * stop["contacts"])


def test_held_out_customers_have_the_ranks_of_the_contacted(tmp_path):
    _, listed, _ = asked(tmp_path, members(), TargetQuestion(outcome="bought", budget=100, holdout=50))
    held = listed["group"] == "holdout"

    assert (held.sum(), (~held).sum()) == (50, 100)
    # Twenty parts of the ranks hold two or three each; drawn from the end, the mean would be 125.
    assert listed.loc[held, "rank"].mean() == pytest.approx(75.5, abs=3)
    assert all(held[first : first + 30].sum() in range(8, 13) for first in range(0, 150, 30))


def test_purchases_are_judged_on_the_days_and_customers_that_the_lines_say(tmp_path):
    lines = orders()
    found, listed, _ = asked(tmp_path, lines, TargetQuestion(promote="department", value="cheese", budget=40))
    document, time = found.document, pd.to_datetime(lines["order_date"])
    last, cheese = time.max(), lines["department"] == "cheese"
    since = last - pd.Timedelta(days=28)
    earlier = set(lines.loc[cheese & (time <= since), "customer_id"])
    known = time[time <= since].groupby(lines["customer_id"]).max().drop(labels=list(earlier), errors="ignore")
    buyers = set(lines.loc[cheese & (time > since), "customer_id"]) & set(known.index)

    assert (document["later_period"]["from"], document["later_period"]["to"]) == (str(since.date()), str(last.date()))
    assert (document["judged"]["customers"], document["judged"]["buyers"]) == (len(known), len(buyers))
    assert document["base_rate"] == pytest.approx(len(buyers) / len(known))
    budget = document["judged"]["budget"]
    days = (since - known).dt.days  # whole days: of those as long ago as the last to be contacted, a random part is
    edge = days.sort_values().iloc[budget - 1]
    sooner, ties = known.index[days < edge], known.index[days == edge]
    found_buyers = len(buyers.intersection(sooner)) + len(buyers.intersection(ties)) * (budget - len(sooner)) / len(ties)
    lift = found_buyers / budget / document["base_rate"]
    assert document["later_period"]["lift_at_budget"]["recency"]["value"] == pytest.approx(lift)
    assert set(document["later_period"]["lift_at_budget"]) >= {"model", "recency", "random"}

    ever = set(lines.loc[cheese, "customer_id"])
    assert document["customers"] == 240 - len(ever)
    assert not ever & set(listed["customer_id"])


def test_earlier_buyers_are_listed_on_request(tmp_path):
    lines = orders()
    found, listed, _ = asked(tmp_path, lines, TargetQuestion(promote="department", value="cheese", budget=100, again=True))

    assert found.document["customers"] == 240
    assert set(lines.loc[lines["department"] == "cheese", "customer_id"]) & set(listed["customer_id"])
    assert "past buyers" in found.document["curves"]


DAMAGED = (
    "'$.document', json('{}')",
    "'$.document.curves', 5",
    "'$.document.expected', json('{}')",
    "'$.document.budget', 1e999",
    "'$.notes[0]', 1",
    "'$.data', 'another file'",
)


def test_the_same_question_is_answered_from_the_store_unless_the_answer_is_damaged(tmp_path, monkeypatch):
    asks = TargetQuestion(outcome="bought", budget=60)
    found, listed, _ = asked(tmp_path, members(), asks)
    monkeypatch.setattr("segcore.targets.answer.learn", lambda *args: pytest.fail("computed again"))
    again, same, _ = answered(tmp_path, asks)

    assert again.to_json() == found.to_json()
    pd.testing.assert_frame_equal(same, listed)
    with pytest.raises(pytest.fail.Exception):
        answered(tmp_path, TargetQuestion(outcome="bought", budget=61))
    key = answer_key(take_in(Store(tmp_path / "home"), DataRequest(str(tmp_path / "data.csv"))), asks)
    for damage in DAMAGED:
        with Store(tmp_path / "home")._write() as index:
            [[record]] = index.execute("select record from intakes where key = ?", (key,)).fetchall()
            index.execute(f"update intakes set record = json_set(record, {damage}) where key = ?", (key,))
            with pytest.raises(pytest.fail.Exception):
                answered(tmp_path, asks)
            index.execute("update intakes set record = ? where key = ?", (record, key))
    assert answered(tmp_path, asks)[0].to_json() == found.to_json()


def test_money_buys_as_many_contacts_as_it_pays(tmp_path):
    found, listed, _ = asked(tmp_path, members(), TargetQuestion(outcome="bought", money=100.0, cost=1.6, holdout=0))

    assert found.document["budget"] == 62 == len(listed)
    assert found.document["holdout"] == {"size": 0, "detects": None, "wanted": found.document["holdout"]["wanted"]}
    assert listed["expected_value"].isna().all()  # a buyer's value was not given


@pytest.mark.parametrize(("method", "reason"), [("components", r"^Near component \d$"), ("rules", "isits|^Meets none of the rules$")])
def test_other_methods_rank_the_list_and_give_their_reasons(tmp_path, method, reason):
    found, listed, _ = asked(tmp_path, members(), TargetQuestion(outcome="bought", budget=60, method=method))

    assert listed["reason"].str.contains(reason).all()
    assert not listed["probability"].is_monotonic_decreasing  # they are the model's, by another rank
    assert {pair[side] for pair in found.document["comparison"] for side in ("first", "second")} >= {method, "model", "random"}
    assert all(method in (pair["first"], pair["second"]) for pair in found.document["comparison"])


def test_the_most_recent_customers_are_listed_by_recency(tmp_path):
    lines = orders()
    _, listed, _ = asked(tmp_path, lines, TargetQuestion(promote="department", value="cheese", budget=40, method="recency"))
    time, buyers = pd.to_datetime(lines["order_date"]), lines.loc[lines["department"] == "cheese", "customer_id"].unique()
    ago = (time.max() - time.groupby(lines["customer_id"]).max().drop(labels=list(buyers))).dt.days

    assert ago[listed["customer_id"]].tolist() == sorted(ago)[: len(listed)]
    assert listed["reason"].tolist() == [f"Last order {days} day{'' if days == 1 else 's'} ago" for days in ago[listed["customer_id"]]]


def test_recency_needs_orders(tmp_path):
    with pytest.raises(SegcoreError, match="cannot be ranked by recency here: choose model or components or rules"):
        asked(tmp_path, members(), TargetQuestion(outcome="bought", budget=60, method="recency"))


def after_it(draw, bought, told):
    return np.where(bought, np.round(draw.lognormal(3, 1, len(bought)), 2), np.nan)


LEAKS = {
    "status": lambda draw, bought, told: np.where(bought, "won", np.where(draw.random(len(bought)) < 0.5, "lost", "open")),
    "answer": lambda draw, bought, told: np.where(told, np.where(bought, "accepted", "declined"), "open"),
    "nearly": lambda draw, bought, told: np.round(bought + draw.normal(0, 0.25, len(bought)), 3),
    "order value": after_it,
    "points": lambda draw, bought, told: np.where(bought, 7_000, 3_000) + draw.integers(0, 500, len(bought)),
}


@pytest.mark.parametrize("column", LEAKS)
def test_a_column_made_from_the_outcome_is_named_and_left_out(tmp_path, column):
    found, _, notes = asked(tmp_path, members(**{column: LEAKS[column]}), TargetQuestion(outcome="bought", budget=60))

    assert len(notes) == 1 and f"--keep {option_value(column)}." in notes[0] and "It is left out" in notes[0]
    assert not [one for one in found.document["model"]["features"] if one["feature"].startswith(column)]
    assert found.document["model"]["auc"]["value"] < 0.9


def test_a_kept_leak_predicts_and_a_kept_one_of_two_alone(tmp_path):
    frame = members(nearly=LEAKS["nearly"], points=LEAKS["points"])
    found, _, notes = asked(tmp_path, frame, TargetQuestion(outcome="bought", budget=60, keep=("nearly",)))

    assert found.document["model"]["auc"]["value"] > 0.98
    assert found.document["model"]["features"][0]["feature"] == "nearly"
    assert ["'points'" in note for note in notes] == [True]


def test_ids_that_encode_the_outcome_and_dates_after_the_campaign_are_no_features(tmp_path):
    frame = members(
        replied=lambda draw, bought, told: np.where(bought, "2024-05-17", ""),
        joined=lambda draw, bought, told: [f"2020-{1 + month:02}-11" for month in draw.integers(0, 12, len(bought))],
    )
    frame["member"] = np.where(frame["bought"] == "yes", "B", "A") + frame["member"]
    asks = TargetQuestion(outcome="bought", budget=60)
    found, _, notes = asked(tmp_path, frame, asks)

    assert set(learned_from(tmp_path, asks).names) == {"visits", "age", "club=gold"}
    assert notes == []
    assert found.document["model"]["auc"]["value"] < 0.9


def test_with_leaks_alone_there_is_nothing_to_learn_from(tmp_path):
    frame = members(nearly=LEAKS["nearly"])[["member", "bought", "nearly"]]
    with pytest.raises(SegcoreError, match="Only 'nearly' differs between customers, and it alone reveals the outcome.*--keep nearly"):
        asked(tmp_path, frame, TargetQuestion(outcome="bought", budget=60))


def test_a_treatment_measures_uplift_and_its_blanks_are_not_learned_from(tmp_path):
    draw = np.random.default_rng(3)
    frame = members(900, known=0.7, seed=3)
    mailed = np.where(draw.random(900) < 0.5, "1", "0")
    mailed[frame["bought"] == ""] = ""
    mailed[:20] = ""
    frame["mailed"] = mailed
    found, listed, _ = asked(tmp_path, frame, TargetQuestion(outcome="bought", treatment="mailed", budget=60))
    uplift, known = found.document["uplift"], (frame["bought"] != "") & (mailed != "")

    assert {"at_budget", "qini", "random", "passes_self_test", "imbalance"} == set(uplift)
    assert found.document["judged"]["learned_customers"] == known.sum()
    blank = frame["bought"] == ""
    assert found.document["customers"] == blank.sum()
    assert set(listed["customer_id"]) <= set(frame.loc[blank, "member"])
    assert not [one for one in found.document["model"]["features"] if one["feature"].startswith("mailed")]
    at = uplift["at_budget"]
    assert at["budget"] == round(60 / blank.sum() * known.sum())
    assert at["uplift"]["low"] <= at["uplift"]["value"] <= at["uplift"]["high"]


def test_hostile_names_and_ids_are_answered_and_no_spreadsheet_runs_them(tmp_path):
    frame = members().rename(columns={"visits": '=a"b<i>', "club": "x=y\nz", "bought": "bought=it"})
    frame["x=y\nz"] = frame["x=y\nz"].map({"gold": "=1+1", "none": "O'Brien <b>"})
    frame["member"] = "=cmd|'/c calc'!A" + frame["member"]
    asks = TargetQuestion(outcome="bought=it", budget=60)
    found, listed, _ = asked(tmp_path, frame, asks, kind="customers", roles={"customer": "member"})
    write_table(list_rows(listed), tmp_path / "list.csv")
    with (tmp_path / "list.csv").open(newline="") as file:
        rows = list(csv.reader(file))

    assert set(listed["customer_id"]) <= set(frame["member"])
    assert json.loads(json.dumps(found.to_report(), allow_nan=False))["subject"] == "bought=it"
    assert rows[0] == COLUMNS and len(rows) == len(listed) + 1
    assert all(row[0].startswith("'=cmd") for row in rows[1:])
    assert all(not row[4].startswith("=") for row in rows[1:])


def test_numbers_as_ids_keep_their_zeros(tmp_path):
    _, listed, _ = asked(tmp_path, members(), TargetQuestion(outcome="bought", budget=60))
    assert listed["customer_id"].str.fullmatch(r"\d{5}").all()


def test_a_budget_above_all_lists_everybody_and_holds_out_nobody(tmp_path):
    frame = members()
    found, listed, notes = asked(tmp_path, frame, TargetQuestion(outcome="bought", budget=5_000, worth=10.0, cost=1.0))
    blank = frame.loc[frame["bought"] == "", "member"]

    assert sorted(listed["customer_id"]) == sorted(blank) and set(listed["group"]) == {"contact"}
    assert found.document["budget"] == len(blank)
    assert [note for note in notes if note.startswith(f"The budget of 5,000 is more than the {len(blank)} customers")]


def test_without_blanks_those_who_did_not_are_listed_by_held_out_models(tmp_path):
    frame = members(known=1.0)
    found, listed, notes = asked(tmp_path, frame, TargetQuestion(outcome="bought", budget=60))

    assert set(listed["customer_id"]) <= set(frame.loc[frame["bought"] == "no", "member"])
    assert found.document["customers"] == (frame["bought"] == "no").sum()
    assert any("'bought' is known for every customer" in note for note in notes)


def test_two_features_are_enough(tmp_path):
    found, listed, _ = asked(tmp_path, members()[["member", "visits", "age", "bought"]], TargetQuestion(outcome="bought", budget=60))
    assert {one["feature"] for one in found.document["model"]["features"]} <= {"visits", "age"}
    assert listed["reason"].str.contains("isits").mean() > 0.9


def test_customers_who_are_all_alike_are_one_group_or_none(tmp_path):
    frame = members()
    frame["visits"], frame["club"] = 6, "gold"
    found, _, _ = asked(tmp_path, frame, TargetQuestion(outcome="bought", budget=60))
    assert found.document["groups"] is None or found.document["groups"]["groups"]
    json.dumps(found.to_report(), allow_nan=False)
