"""Columns of order lines, from a file to profile columns and the sentences on them."""

import pandas as pd
import pytest

from segcore.errors import DataError, ParameterError
from segcore.intake.take_in import take_in
from segcore.records.intake import DataRequest, SecondTable
from segcore.store.store import Store
from segcore.wording.findings import sentence

N_CUSTOMERS = 120
CUSTOMERS = "Profile columns, not clustered on, that describe the customers: "
ORDERS = "Profile columns, not clustered on, that describe the orders: "


@pytest.fixture
def store(home):
    return Store(home)


@pytest.fixture
def load(store, tmp_path):
    """Return a function that takes in two orders of two lines per customer, with more columns made from customer, order and line."""

    def loaded(*, customers=None, missions=None, **columns):
        path = tmp_path / "orders.csv"
        rows = [(n, order, line) for n in range(N_CUSTOMERS) for order in range(2) for line in range(2)]
        lines = [[f"{n:03d}", f"{n}-{order}", f"2024-01-{n % 28 + 1:02d} {10 + order}:00", "1.5"] for n, order, _ in rows]
        for line, row in zip(lines, rows, strict=True):
            line += [str(make(*row)) for make in columns.values()]
        header = ["customer_id", "order_id", "date", "amount", *columns]
        path.write_text("\n".join(",".join(cells) for cells in [header, *lines]))
        second = None if customers is None else SecondTable(str(customers))
        return take_in(store, DataRequest(str(path), customers=second, missions=missions))

    return loaded


def said(taken):
    return [sentence(note) for note in taken.notes if note.code.startswith("role.columns")]


def test_columns_of_customers_and_of_orders_become_profile_columns(load, store):
    taken = load(
        age_group=lambda n, order, line: ["18-24", "25-34", ""][n % 3],
        channel=lambda n, order, line: ["web", "shop"][(n + order) % 2],
        colour=lambda n, order, line: ["red", "blue"][line],
    )
    table = store.feature_table(taken.table)
    assert said(taken) == [f"{CUSTOMERS}age_group.", f"{ORDERS}channel; for each customer, the most frequent value counts."]
    assert list(table.profile["age_group"][:3]) == ["18-24", "25-34", None]
    assert list(table.profile["channel"][:3]) == ["web", "shop", "web"]  # one order each: the first in time
    assert {"age_group", "channel"} <= set(table.described)
    assert "colour" not in table.profile
    assert "most of the customer's orders" in next(entry for entry in table.dictionary if entry.name == "channel").description


def test_customers_with_several_values_are_counted(load):
    taken = load(country=lambda n, order, line: "France" if n == 7 and order else "Germany" if n % 2 else "Spain")
    assert said(taken) == [f"{CUSTOMERS}country; where a customer has several values (1 customer in country), the most frequent counts."]


def test_many_values_are_not_shown_and_this_is_said(load):
    taken = load(city=lambda n, order, line: f"Town {n % 55}", name=lambda n, order, line: f"Ann Other {n}")
    assert said(taken) == [
        "Not shown for each segment: city (55 different values); of the columns of order lines, at most 20 are shown, each with at most "
        "50 different values."
    ]


def test_at_most_twenty_columns_are_added(load, store):
    taken = load(**{f"answer {at}": lambda n, order, line, at=at: ["yes", "no"][n // (at + 1) % 2] for at in range(21)})
    assert len(store.feature_table(taken.table).described) == 20
    assert said(taken)[-1].startswith("Not shown for each segment: answer 20; ")


def test_numbers_dates_and_single_values_are_not_added(load):
    taken = load(
        age=lambda n, order, line: 20 + n % 9,
        weekday=lambda n, order, line: n % 7 + 1,
        born=lambda n, order, line: f"19{70 + n % 20}-01-02",
        currency=lambda n, order, line: "EUR",
    )
    assert said(taken) == []


def test_truth_values_and_categories_of_a_typed_file_are_added_too(store, tmp_path):
    lines = pd.DataFrame(
        [(f"{n:03d}", f"{n}-{order}", order) for n in range(40) for order in (1, 2)], columns=["customer_id", "order_id", "day"]
    )
    customer = lines["customer_id"].astype(int)
    lines = lines.assign(date=pd.Timestamp("2024-01-01") + pd.to_timedelta(lines.pop("day"), unit="D"), amount=1.5)
    lines = lines.assign(member=customer % 2 == 0, region=pd.Categorical(customer.map(lambda n: f"region {n % 3}")))
    lines.to_parquet(tmp_path / "orders.parquet")
    table = store.feature_table(take_in(store, DataRequest(str(tmp_path / "orders.parquet"))).table)
    assert list(table.profile["member"][:2]) == ["true", "false"]
    assert list(table.profile["region"][:2]) == ["region 0", "region 1"]


def test_a_second_table_has_precedence(load, store, tmp_path):
    people = tmp_path / "people.csv"
    people.write_text("customer_id,club\n" + "".join(f"{n:03d},{['gold', 'none'][n % 2]}\n" for n in range(N_CUSTOMERS)))
    taken = load(customers=people, club=lambda n, order, line: ["yes", "no"][n % 2])
    assert list(store.feature_table(taken.table).profile["club"][:2]) == ["gold", "none"]
    assert said(taken) == []


def test_the_columns_change_neither_features_nor_fingerprints(load, store):
    plain = load()
    described = load(age_group=lambda n, order, line: ["18-24", "25-34"][n % 2])
    first, second = store.feature_table(plain.table), store.feature_table(described.table)
    assert (plain.data["fingerprint"], first.fingerprint) == (described.data["fingerprint"], second.fingerprint)


def department(n, order, line):
    return ["Food", "Toys"][(n + order) % 2] if n % 3 else "Food"


def test_missions_are_found_only_on_request(load, store):
    plain, asked = load(department=department), load(department=department, missions=2)
    table = store.feature_table(asked.table)
    assert "basket_mission" not in store.feature_table(plain.table).profile
    assert list(table.profile["basket_mission"][:6]) == ["Food", "Toys", "Food", "Food", "Food", "Toys"]  # of one each, the first
    assert table.fingerprint == store.feature_table(plain.table).fingerprint
    [entry] = [entry for entry in table.dictionary if entry.name == "basket_mission"]
    assert entry.columns == ("department",)
    assert [sentence(note) for note in asked.notes] == [
        "2 basket missions, found in 240 orders by their shares of spend on each department: Food (67 %); Toys (33 %). Each customer's "
        "most frequent one is the profile column basket_mission."
    ]
    assert DataRequest.from_json(DataRequest("x", missions=2).to_json()).missions == 2


def test_missions_that_cannot_be_found_are_refused_in_one_sentence(load, store, tmp_path):
    with pytest.raises(DataError, match=r"^orders\.csv has no column with the role category, .*: name it with --role category=COLUMN, or"):
        load(missions=2)
    (tmp_path / "people.csv").write_text("customer_id,age\n" + "".join(f"{n},{n % 40}\n" for n in range(50)))
    with pytest.raises(DataError, match=r"^people\.csv is read as customers, but basket missions are of orders"):
        take_in(store, DataRequest(str(tmp_path / "people.csv"), missions=2))
    with pytest.raises(ParameterError, match="The number of basket missions must be between 2 and 20, got 21"):
        DataRequest("orders.csv", missions=21)
