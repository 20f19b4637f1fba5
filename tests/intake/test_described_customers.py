"""A second table of customers, from a file beside the data to the stored profile columns."""

import numpy as np
import pandas as pd
import pytest

from segcore.errors import DataError, SegcoreError
from segcore.intake.remembered import data_key, recall_data
from segcore.intake.take_in import take_in
from segcore.records.intake import DataRequest, SecondTable
from segcore.store.store import Store
from segcore.wording.findings import sentence

LINES = "".join(f"{n % 4:03d},o{n // 2},2024-01-{n + 1:02d},{n}.25\n" for n in range(20))
PEOPLE = "Customer ID,income,club,mail\n000,10,yes,a@b.org\n002,30,no,c@d.org\n009,1,yes,e@f.org\n"


@pytest.fixture
def store(home):
    return Store(home)


@pytest.fixture
def load(store, tmp_path):
    """Return a function that takes lines in with a second table of customers, given as text."""
    (tmp_path / "orders.csv").write_text("customer_id,order_id,date,amount\n" + LINES)

    def loaded(people=PEOPLE, *, data=None, file="people.csv", key=None, **more):
        path = tmp_path / file
        if people is not None:
            path.write_text(people)
        return take_in(store, DataRequest(str(data or tmp_path / "orders.csv"), customers=SecondTable(str(path), key=key), **more))

    return loaded


def said(taken):
    return [sentence(note) for note in taken.notes]


def test_the_columns_are_stored_as_profile_columns_and_what_matched_is_noted(load, store):
    taken = load()

    table = store.feature_table(taken.table)
    np.testing.assert_array_equal(table.profile["income"], [10, np.nan, 30, np.nan])
    assert pd.isna(table.profile["club"]).tolist() == [False, True, False, True]
    assert table.profile["in people.csv"].tolist() == ["yes", "no", "yes", "no"]
    assert said(taken) == [
        "people.csv describes 2 of 4 customers, found by Customer ID; 1 row of it belongs to no customer.",
        "Not used from people.csv: mail (it holds email addresses).",
    ]
    assert taken.data["customers"] == {"name": "people.csv", "key": None}


def test_few_matches_are_a_warning(load):
    few = load("customer_id,income\n000,1\nA1,2\nA2,3\n")
    part = load("customer_id,income\n000,1\n", file="part.csv")
    assert (few.notes[0].severity, part.notes[0].severity) == ("warning", "info")


def test_the_same_content_is_stored_once_whatever_its_folder(load, store, tmp_path):
    first = load()
    (tmp_path / "sub").mkdir()
    assert load(file="sub/people.csv") == first
    assert load(PEOPLE.replace("10", "11")).table != first.table
    assert load(PEOPLE, key="Customer ID").data != first.data


def test_a_link_opens_the_data_with_its_second_table(load, store, tmp_path):
    taken = load()
    again, request = recall_data(store, data_key(taken.table, taken.data))
    assert again == taken
    assert request == DataRequest.from_json(request.to_json())
    assert request.customers == SecondTable(str(tmp_path / "people.csv"))
    assert take_in(store, request) == taken


def test_ratings_and_customer_tables_can_be_described_too(load, store, tmp_path):
    ratings = tmp_path / "ratings.csv"
    ratings.write_text("user_id,movie_id,rating\n" + "".join(f"u{n % 5},m{n % 7},{n % 5 + 1}\n" for n in range(30)))
    users = load("user_id,town\nu0,Rome\nu1,Oslo\nu2,Oslo\nu3,Oslo\n", file="users.csv", data=ratings)
    assert store.feature_table(users.table).profile["town"].tolist()[:4] == ["Rome", "Oslo", "Oslo", "Oslo"]

    bank = tmp_path / "bank.csv"
    bank.write_text("customer_id,age,income\n" + "".join(f"c{n},{20 + n},{n % 7}\n" for n in range(30)))
    described = load("customer_id,income\nc0,5\nc1,6\nc2,6\n", file="more.csv", data=bank)
    assert store.feature_table(described.table).profile["income (customers)"][0] == 5
    assert [use.column for use in described.uses] == ["customer_id", "age", "income"]


def test_a_table_without_a_customer_column_names_the_role(load, tmp_path):
    bank = tmp_path / "bank.csv"
    bank.write_text("age,income\n" + "".join(f"{20 + n},{n % 7}\n" for n in range(30)))
    with pytest.raises(DataError, match="no column of bank.csv has the role customer: name it with --role customer=COLUMN"):
        load(data=bank)


@pytest.mark.parametrize(
    ("people", "sentence"),
    [
        ("", "people.csv is empty"),
        ("customer_id,income\n", "people.csv"),
        ("customer_id\nA\nB\n", "people.csv has no row for any customer of the data: customer_id has values such as 'A', while"),
        (b"\x89PNG\r\n\x1a\n".decode("latin-1") + "x" * 50, "people.csv"),
        (
            "customer_id,income\n000,1\n000,2\n",
            "two different rows for customer_id '000', in line 2 and in line 3: keep one row per customer",
        ),
        ("customer_id,income\n000,1,2\n", "people.csv"),
        (None, "people.csv"),
    ],
)
def test_a_bad_table_is_one_sentence_that_names_it(load, people, sentence):
    with pytest.raises(SegcoreError) as error:
        load(people)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_the_data_itself_is_no_table_of_its_customers(load):
    with pytest.raises(DataError, match="orders.csv has two different rows for customer_id '000'"):
        load(None, file="orders.csv")


def test_a_table_with_only_the_key_adds_nothing_and_says_so(load, store):
    taken = load("customer_id\n000\n001\n002\n003\n")
    assert said(taken)[-1] == "people.csv has no column besides customer_id that can be shown, so it adds nothing."
    assert set(store.feature_table(taken.table).profile) == {"rfm_segment"}


def test_odd_values_are_missing_rather_than_a_reason_to_stop(load, store):
    rows = "".join(f"{n:03d},{'inf' if n == 1 else n},{n / 7}\n" for n in range(4))
    taken = load("customer_id,height,share\n" + rows)
    assert store.feature_table(taken.table).profile["share"][2] == pytest.approx(2 / 7)
    assert np.isnan(store.feature_table(taken.table).profile["share"][1])
    assert "people.csv: 1 row set aside: bad value in height." in said(taken)
