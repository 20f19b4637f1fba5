import datetime as dt
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import segcore
from segcore.errors import ParameterError, SegcoreError, SourceError
from segcore.library.request import OPTIONS, build_request
from segcore.store.store import Store
from tests.library.conftest import small_orders


def test_data_holds_what_the_screen_shows(orders):
    data = segcore.load(orders)
    assert (data.name, data.kind, len(data), len(data.customers)) == ("orders.csv", "transactions", 30, 30)
    assert data.customers.name == "customer_id"
    assert data.features.index.equals(data.customers)
    assert set(data.features.columns) == set(data.dictionary.loc[data.dictionary["kind"].isin(["number", "0 or 1"]), "name"])
    assert data.features["invoices"].tolist() == [6, 3, 1] * 10
    assert data.report()["rows"]["set_aside_total"] == 1


def test_findings_have_codes_and_print_as_sentences(orders):
    (found,) = segcore.load(orders).findings
    assert found.severity == "info"
    assert found.values["rows"] == 1
    assert found.sentence == str(found) == "1 row set aside: without customer_id."
    assert str(segcore.load(orders).findings) == found.sentence


def test_an_analyst_may_change_the_features_without_changing_the_store(orders):
    data = segcore.load(orders)
    frame = data.features
    frame.loc["000", "invoices"] = -1
    assert data.features.loc["000", "invoices"] == 6


@pytest.mark.parametrize("frame", [small_orders, lambda: pl.from_pandas(small_orders()), lambda: small_orders().set_index("customer_id")])
def test_a_frame_is_read_like_a_file(frame, orders):
    given, read = segcore.load(frame(), name="mine"), segcore.load(orders)
    assert given.name == "mine"
    pd.testing.assert_frame_equal(given.features, read.features)


def test_a_frame_leaves_no_file_behind(kept_home):
    segcore.load(small_orders())
    assert list(kept_home.glob("*.parquet")) == []


def test_a_frame_of_mixed_values_is_refused_in_one_sentence():
    with pytest.raises(segcore.DataError, match=r"^The frame cannot be read as a table: .*\.$"):
        segcore.load(pd.DataFrame({"customer": [1, "a", 2.5]}))


def test_what_is_no_data_is_refused():
    with pytest.raises(segcore.ParameterError, match="got int"):
        segcore.load(3)


def test_rows_can_be_chosen_and_a_home_be_named(orders, tmp_path):
    data = segcore.load(orders, where="invoice <> 'A000-0'", date_from=dt.date(2024, 1, 8), date_to="2024-12-31", home=tmp_path / "other")
    assert data.features.loc["000", "invoices"] == 5
    assert Store(tmp_path / "other").sweep_ids() == []


def test_options_have_the_names_of_the_command_line():
    request = build_request(
        "a.csv",
        kind="customers",
        roles={"customer": "id"},
        where=["a > 1", "b > 2"],
        options={"delimiter": "\t", "sheet": "May", "header_row": 3, "set_aside": True, "keep": ["x"], "min_share": 0.2, "guess": True},
    )
    assert (request.reading.delimiter, request.reading.sheets, request.reading.header_row) == ("tab", ("May",), 3)
    assert (request.rows.set_aside, request.columns.keep, request.columns.min_share, request.afresh) == (True, ("x",), 0.2, True)
    assert request.where == ("a > 1", "b > 2")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"delimeter": ";"}, "Unknown option 'delimeter': choose one of delimiter, encoding, sheet"),
        ({"kind": "orders"}, "Unknown kind 'orders': choose one of transactions"),
        ({"roles": {"buyer": "x"}}, "Unknown role 'buyer': choose one of customer"),
        ({"header_row": "3"}, "header_row must be a whole number"),
        ({"keep": [1]}, "keep must be a name or a list of names"),
        ({"set_aside": "yes"}, "set_aside must be True or False"),
        ({"encoding": 8}, "encoding must be text"),
        ({"duplicates": "drop"}, "Unknown rule for duplicates rows 'drop'"),
        ({"frames": "dask"}, "Unknown frames 'dask'"),
    ],
)
def test_an_unknown_option_names_the_choices(orders, options, sentence):
    with pytest.raises(segcore.ParameterError) as raised:
        segcore.load(orders, **options)
    assert str(raised.value).startswith(sentence)


def test_every_option_of_the_docstring_exists_and_the_other_way_round():
    text = segcore.load.__doc__
    assert [name for name in OPTIONS if name not in text] == []


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(segcore.SourceError) as raised:
        segcore.load(tmp_path / "no.csv")
    assert "\n" not in str(raised.value)


def test_a_notebook_shows_data_without_running_what_is_in_it():
    frame = small_orders()
    data = segcore.load(frame, name="<script>alert(1)</script>")
    shown = data._repr_html_() + data.plan("small")._repr_html_() + data.findings._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_numbers_of_numpy_are_numbers(orders):
    plan = segcore.load(orders).plan("small", weights={"Recency": np.float64(2)})
    assert plan.record.weights == {"Recency": 2.0}


@pytest.fixture
def shop(tmp_path):
    """Return the address of an SQLite database with the orders as ``lines``."""
    connection = sqlite3.connect(tmp_path / "shop.db")
    small_orders().astype({"date": str}).to_sql("lines", connection, index=False)
    connection.close()
    return f"sqlite:///{tmp_path}/shop.db"


def test_a_database_is_read_once_and_gives_the_data_of_the_file(orders, shop):
    data = segcore.load(shop, table="lines")
    pd.testing.assert_frame_equal(data.features, segcore.load(orders).features, rtol=1e-9)
    assert data.name == "lines (shop.db)"
    Path(shop.removeprefix("sqlite:///")).unlink()
    assert data.targets("item=itema", budget=5, again=True, window=30).document["budget"] == 5
    with pytest.raises(SourceError, match="There is no database"):
        segcore.load(shop, table="lines")


def test_customers_in_a_database_are_scored(orders, shop):
    point = segcore.load(orders).plan("small").sweep(n_clusters=[3], evidence="none").point(n_clusters=3)
    scored = point.score(shop, query="SELECT * FROM lines")
    assert scored["segment"].tolist() == point.score(orders)["segment"].tolist()


@pytest.mark.parametrize("options", [{}, {"table": "a", "query": "SELECT 1"}, {"table": "lines", "timeout": "soon"}, {"table": "nosuch"}])
def test_a_bad_question_to_a_database_is_one_sentence(shop, options):
    with pytest.raises(SegcoreError) as caught:
        segcore.load(shop, **options)
    assert len(str(caught.value).splitlines()) == 1


def test_contacts_are_a_file(orders):
    with pytest.raises(ParameterError, match="PGPASSWORD") as caught:
        segcore.load(orders).targets("campaign=1", budget=5, contacts="postgresql://me:swordfish@h/shop")
    assert "swordfish" not in str(caught.value)
