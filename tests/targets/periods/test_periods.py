import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from segcore.data.files.raw import table_source
from segcore.errors import DataError, ParameterError
from segcore.records.dataset import Dataset
from segcore.records.intake import DataRequest
from segcore.records.target_question import TargetQuestion
from segcore.targets.periods.contacts import read_contacts
from segcore.targets.periods.three_periods import Opened, find_periods, history_of, periods_of_purchases
from tests.targets.conftest import START

ASK = DataRequest("lines")


def cheese(**options):
    return TargetQuestion(promote="department", value="cheese", **{"budget": 20, "window_days": 20, **options})


def test_the_three_moments_are_two_windows_one_and_none_before_the_end(shop):
    found = find_periods(shop, cheese(again=True), ASK)
    last = shop.dataset.frame["when"].max()
    assert found.judged.until == (last - dt.timedelta(days=20)).isoformat() and found.listed.until == last.isoformat()
    assert found.judged_to == str(last)[:10] and found.listed.outcome is None
    assert found.learned.names == found.judged.names == found.listed.names


def test_outcomes_are_those_of_each_window(shop):
    found = find_periods(shop, cheese(again=True), ASK)
    frame = shop.dataset.frame
    last, bought = frame["when"].max(), frame["department"] == "cheese"
    window = frame[bought & (frame["when"] > last - dt.timedelta(days=20))]
    assert set(found.judged.customers[found.judged.outcome]) == set(window["who"])


def test_new_buyers_never_bought_it_before(shop):
    found = find_periods(shop, cheese(), ASK)
    frame = shop.dataset.frame
    ever = set(frame.loc[frame["department"] == "cheese", "who"])
    assert not set(found.listed.customers) & ever and len(found.listed.customers) == 200 - len(ever)
    for snapshot in (found.learned, found.judged, found.listed):
        assert not snapshot.before.any()


def test_few_buyers_are_learned_from_in_several_windows(shop):
    history = history_of(shop).promoting(shop.dataset.frame["department"].to_numpy() == "cheese", "cheese")
    one = periods_of_purchases(history, cheese(window_days=15), windows=1)
    more = periods_of_purchases(history, cheese(window_days=15))
    assert more.notes[0].values["windows"] == 2  # three would look back over less than half of the data
    assert len(more.learned.customers) > 1.5 * len(one.learned.customers)


@pytest.mark.parametrize("days", [41, 120, 3_000])
def test_a_window_longer_than_a_third_of_the_data_is_refused_with_the_longest(shop, days):
    with pytest.raises(DataError, match=r"cover 120 days: give a window of at most (39|40) days"):
        find_periods(shop, cheese(window_days=days), ASK)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (TargetQuestion(promote="aisle", value="7", budget=5), "There is no column 'aisle'"),
        (TargetQuestion(promote="department", value="fish", budget=5), "No order line has 'fish' in 'department'"),
        (TargetQuestion(outcome="churned", budget=5), "belongs to a table with one row per customer; these data are transactions"),
        (TargetQuestion(promote="campaign", value="1", budget=5), "lines has no contacts"),
    ],
)
def test_what_the_data_do_not_have_is_one_sentence(shop, question, message):
    with pytest.raises((DataError, ParameterError), match=message):
        find_periods(shop, question, ASK)


def contact_rows(rows):
    frame = pd.DataFrame(rows, columns=["who", "Campaign", "sent", "responded"])
    for name in ("sent", "responded"):
        frame[name] = [None if pd.isna(day) else (START + dt.timedelta(days=int(day))).date() for day in frame[name]]
    return table_source("contacts", pa.Table.from_pandas(frame, preserve_index=False), where=lambda row: f"row {row + 1}")


@pytest.fixture(scope="module")
def mailed(shop):
    rows = [(f"c{at:03}", "spring", 40, 45 if at % 8 == 0 else None) for at in range(120)]
    rows += [(f"c{at:03}", "early", 2, 3) for at in range(30)]
    rows += [(f"c{at:03}", "running", 75, 78) for at in range(90)]
    rows += [(f"c{at:03}", "summer", 80, 85 if at % 4 == 0 else 105 if at == 101 else None) for at in range(40, 200)]
    return Opened(type(shop.raw)(**{**fields_of(shop.raw), "contacts": contact_rows(rows)}), shop.dataset, shop.customers)


def fields_of(raw):
    return {name: getattr(raw, name) for name in raw.__slots__}


def test_a_campaign_is_judged_on_those_it_reached_and_learned_from_earlier_ones(mailed):
    found = find_periods(mailed, TargetQuestion(promote="campaign", value="summer", budget=20, window_days=20), ASK)
    assert set(found.judged.customers) == {f"c{at:03}" for at in range(40, 200)}
    # "running" was not over when "summer" was sent, and "early" was sent when nobody was known yet.
    assert found.notes[-1].values == {"campaigns": ["spring"], "campaign": "summer"}
    assert set(found.learned.customers) == {f"c{at:03}" for at in range(120)} and found.learned.outcome.sum() == 15


def test_a_response_after_the_window_does_not_count(mailed):
    found = find_periods(mailed, TargetQuestion(promote="campaign", value="summer", budget=20, window_days=20), ASK)
    assert not found.judged.outcome[found.judged.customers.tolist().index("c101")] and found.judged.outcome.sum() == 40


def test_earlier_responses_are_a_feature_and_later_ones_are_not(mailed):
    found = find_periods(mailed, TargetQuestion(promote="campaign", value="summer", budget=20, window_days=20), ASK)
    column = found.judged.X[:, found.judged.names.index("earlier_responses")]
    expected = [(at % 8 == 0 and at < 120) + (at < 90) for at in range(40, 200)]
    assert column.tolist() == expected and found.judged.before.tolist() == expected


def test_those_who_responded_to_it_are_not_listed_unless_asked(mailed):
    question = {"promote": "campaign", "value": "summer", "budget": 20, "window_days": 20}
    once = find_periods(mailed, TargetQuestion(**question), ASK)
    again = find_periods(mailed, TargetQuestion(**question, again=True), ASK)
    assert len(again.listed.customers) == 200 and len(once.listed.customers) == 160


def test_a_late_wave_of_an_earlier_campaign_is_not_learned_from(shop):
    rows = [(f"c{at:03}", "spring", 40 if at < 100 else 85, 90 if at >= 100 else 45 if at % 8 == 0 else None) for at in range(120)]
    rows += [(f"c{at:03}", "summer", 80, 85 if at % 4 == 0 else None) for at in range(200)]
    opened = Opened(type(shop.raw)(**{**fields_of(shop.raw), "contacts": contact_rows(rows)}), shop.dataset, shop.customers)
    found = find_periods(opened, TargetQuestion(promote="campaign", value="summer", budget=20, window_days=20), ASK)
    assert set(found.learned.customers) == {f"c{at:03}" for at in range(100)}


def test_a_first_campaign_has_no_later_period(mailed):
    found = find_periods(mailed, TargetQuestion(promote="campaign", value="spring", budget=20, window_days=20), ASK)
    assert found.judged is None and found.notes[-1].code == "targets.first_campaign"


def test_a_campaign_before_its_customers_were_known_is_refused(mailed):
    with pytest.raises(DataError, match="too soon after the first order"):
        find_periods(mailed, TargetQuestion(promote="campaign", value="early", budget=20, window_days=20), ASK)


def test_contacts_need_their_columns():
    with pytest.raises(DataError, match="needs the columns 'sent', 'responded' and 'who'; it has 'client' and 'campaign'"):
        read_contacts(table_source("mail.csv", pa.table({"client": ["a"], "campaign": ["x"]}), where=str), "who")


def customer_table(outcome, **columns):
    n = len(outcome)
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"id": [f"k{at:03}" for at in range(n)], "age": draw.normal(40, 9, n), **columns, "deal": outcome})
    dataset = Dataset(frame, "customers", {"customer": "id"}, "table", "", n, used=np.ones(n, dtype=bool))
    raw = table_source("table", pa.Table.from_pandas(frame, preserve_index=False), where=str)
    return Opened(raw, dataset, frozenset(frame["id"]))


def test_customers_with_a_blank_outcome_are_listed():
    opened = customer_table([*["yes", "no"] * 20, *[None] * 10])
    found = find_periods(opened, TargetQuestion(outcome="deal", budget=5), ASK)
    assert found.learned.outcome.tolist() == [True, False] * 20 and found.listed_rows is None
    assert found.listed.customers.tolist() == [f"k{at:03}" for at in range(40, 50)]
    assert found.learned.names == ("age",)  # the outcome itself is never a feature


def test_without_blanks_those_with_0_are_listed():
    found = find_periods(customer_table([0.0, 1.0, 0.0, 1.0] * 10), TargetQuestion(outcome="deal", budget=5), ASK)
    assert found.listed_rows.tolist() == list(range(0, 40, 2))
    assert found.notes[0].code == "targets.no_blank"


@pytest.mark.parametrize(
    ("outcome", "options", "message"),
    [
        ([None] * 20, {}, "holds 0 different values"),
        (["a", "b"] * 10, {}, "holds 'a' and 'b': name the wanted one with --yes"),
        (["yes"] * 20, {}, "holds 1 different value, such as 'yes': an outcome must have two"),
        ([float(at) for at in range(20)], {}, "holds 20 different values"),
        (["a", "b"] * 10, {"yes": "c"}, "'deal' has no 'c'; it holds 'a' and 'b'"),
    ],
)
def test_an_outcome_has_two_values(outcome, options, message):
    with pytest.raises((DataError, ParameterError), match=message):
        find_periods(customer_table(outcome), TargetQuestion(outcome="deal", budget=5, **options), ASK)


def test_the_wanted_value_can_be_named_among_several():
    found = find_periods(customer_table(["a", "b", "c", "a"] * 10), TargetQuestion(outcome="deal", yes="a", budget=5), ASK)
    assert found.learned.outcome.tolist() == [True, False, False, True] * 10


def test_treatment_is_no_feature_and_goes_with_the_known():
    treated = ["mail", "none"] * 20
    opened = customer_table([0.0, 0.0, 1.0, 1.0] * 10, arm=[value == "mail" for value in treated])
    found = find_periods(opened, TargetQuestion(outcome="deal", treatment="arm", budget=5), ASK)
    assert found.treated.tolist() == [value == "mail" for value in treated] and found.learned.names == ("age",)


def test_one_question_at_a_time():
    for options in ({}, {"promote": "a", "outcome": "b"}):
        with pytest.raises(ParameterError, match="Say what is promoted"):
            TargetQuestion(**options, budget=5)
    for options in ({}, {"budget": 5, "money": 5, "cost": 1}):
        with pytest.raises(ParameterError, match="budget either as contacts"):
            TargetQuestion(outcome="a", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": 0}, "The budget must be at least 1, got 0"),
        ({"budget": 5, "window_days": 0}, "The window must be at least 1, got 0"),
        ({"budget": 5, "holdout": -1}, "The hold-out must be at least 0, got -1"),
        ({"money": 5.0}, "also needs the cost of one contact"),
        ({"money": 5.0, "cost": 6.0}, "does not pay for one contact"),
        ({"money": float("nan"), "cost": 6.0}, "The money to spend must be at least 0, got nan"),
        ({"budget": 2.5}, "Budget must be a whole number, got 2.5"),
        ({"budget": 5, "method": "magic"}, "Unknown method 'magic'"),
    ],
)
def test_numbers_outside_their_domain_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        TargetQuestion(outcome="a", **options)


def test_money_buys_whole_contacts_and_questions_survive_json():
    question = TargetQuestion(promote="department", value="x=y", money=10.0, cost=3.0, keep=("a",))
    assert TargetQuestion(outcome="a", money=100.0, cost=0.1).n_contacts == 1_000
    assert question.n_contacts == 3 and TargetQuestion.from_json(question.to_json()) == question
