"""Tables of items joined to order lines: by which column, what becomes of unknown items, and which roles they may have."""

import pandas as pd
import pytest

from segcore.data.meaning.item_titles import item_titles
from segcore.data.meaning.roles import find_meaning
from segcore.data.sources import open_source, read_source
from segcore.errors import DataError, SegcoreError
from segcore.records.intake import DataRequest, SecondTable

LINES = pd.DataFrame(
    {
        "customer_id": [f"{n % 5:03d}" for n in range(20)],
        "order_id": [f"o{n // 2}" for n in range(20)],
        "date": [f"2024-01-{n + 1:02d}" for n in range(20)],
        "sku": [("12", "7", "007", "x 1", "12.0")[n % 5] for n in range(20)],
        "amount": [n + 0.25 for n in range(20)],
    }
)
ITEMS = (
    "SKU,department,product_name,price,launched\n12,Food,Bread,1.5,2020-01-01\nx 1,Toys,Ball,2.5,2021-01-01\n"
    "7,Food,Milk,3,2022-01-01\nq,Toys,Kite,9,2023-01-01\n"
)


@pytest.fixture
def request_of(tmp_path):
    """Return a function that makes the request for the lines with a table of items, given as text."""

    def make(items=ITEMS, *, lines=LINES, key=None, **more):
        lines.to_csv(tmp_path / "orders.csv", index=False)
        (tmp_path / "products.csv").write_text(items)
        return DataRequest(str(tmp_path / "orders.csv"), items=SecondTable(str(tmp_path / "products.csv"), key=key), **more)

    return make


def test_every_line_has_the_columns_of_its_item_and_nothing_for_unknown_ones(request_of):
    raw = open_source(request_of())

    assert raw.names == (*LINES.columns, "department", "product_name", "price", "launched")
    assert raw.own_names == tuple(LINES.columns)
    assert raw.read(["product_name", "sku", "department"]).slice(0, 5).to_pydict() == {
        "product_name": ["Bread", "Milk", None, "Ball", "Bread"],
        "sku": ["12", "7", "007", "x 1", "12.0"],
        "department": ["Food", "Food", None, "Toys", "Food"],
    }
    assert raw.head(3).column_names == list(raw.names)
    assert raw.head(3)["price"].to_pylist() == ["1.5", "3", None]
    [note] = [note for note in raw.notes if note.code.startswith("second.")]
    assert (note.severity, dict(note.values)) == (
        "warning",  # 007 is not 7, but may be meant
        {
            "file": "products.csv",
            "column": "SKU",
            "columns": ["SKU", "department", "product_name", "price", "launched"],
            "found": 3,
            "items": 4,
            "unknown": 4,
            "lines": 20,
            "zeros": 1,
        },
    )


def test_only_the_category_is_detected_among_the_columns_of_items(request_of):
    raw = open_source(request_of())
    assert find_meaning(raw, kind=None, roles={}).roles == {
        "customer": "customer_id",
        "order": "order_id",
        "time": "date",
        "item": "sku",
        "amount": "amount",
        "category": "department",
    }
    dataset = read_source(request_of(roles={"category": "product_name"}, where=("department = 'Food'",)))
    assert sorted(set(dataset.frame["product_name"])) == ["Bread", "Milk"]


def test_most_items_unknown_is_a_warning(request_of):
    raw = open_source(request_of("sku,kind\n12,a\n"))
    assert [note.severity for note in raw.notes if note.code == "second.items"] == ["warning"]


def test_the_item_column_is_chosen_or_one_of_the_same_name(request_of):
    other = LINES.assign(ref=[f"R{n % 3}" for n in range(20)])
    table = "ref,colour\nR0,red\nR1,blue\nR2,red\n"
    assert open_source(request_of(table, lines=other)).items.column == "ref"
    assert open_source(request_of(table.replace("ref", "nr"), lines=other, roles={"item": "ref"})).items.column == "ref"
    with pytest.raises(DataError, match="has no row for any item of the data: of nr, colour, none matches"):
        open_source(request_of(table.replace("ref", "nr"), lines=other))


def test_names_that_the_lines_have_get_a_suffix(request_of):
    raw = open_source(request_of("sku,amount,amount (items)\n12,A,B\nx 1,C,D\n7,E,F\n"))
    assert raw.names[-2:] == ("amount (items)", "amount (items) (items)")
    assert raw.read(["amount", "amount (items)", "amount (items) (items)"]).slice(0, 1).to_pylist() == [
        {"amount": "0.25", "amount (items)": "A", "amount (items) (items)": "B"}
    ]


def test_lines_without_items_need_the_role(request_of):
    with pytest.raises(DataError, match="no column of orders.csv has the role item: name it with --role item=COLUMN"):
        open_source(request_of(lines=LINES.drop(columns="sku")))


@pytest.mark.parametrize(
    "items",
    ["", "sku,a\n", "sku\nA\n", "\x00\x01\x02", "sku,a\n12,1\n12,2\n", "sku,a\n12,1,3\n", LINES.to_csv(index=False), "a,b\n,\n,\n"],
)
def test_a_bad_table_is_one_sentence_that_names_it(request_of, items):
    with pytest.raises(SegcoreError) as error:
        open_source(request_of(items))
    assert "products.csv" in str(error.value) and "\n" not in str(error.value)


def test_rows_that_repeat_each_other_do_not_matter_and_others_are_refused(request_of):
    assert open_source(request_of(ITEMS + "12,Food,Bread,1.5,2020-01-01\n")).read(["department"])["department"][0].as_py() == "Food"
    with pytest.raises(DataError, match="two different rows for SKU '12', in line 2 and in line 6: keep one row per item"):
        open_source(request_of(ITEMS + "12,Food,Bun,1.5,2020-01-01\n"))


def test_titles_are_the_column_called_so_or_the_text_that_differs_most(request_of):
    roles = {"item": "sku", "category": "department"}
    assert item_titles(open_source(request_of()), roles) == {"12": "Bread", "x 1": "Ball", "7": "Milk", "q": "Kite"}
    plain = "sku,department,size,variety\n12,Food,2 LB,Rye  bread\nx 1,Toys,3 CT,Ball\n7,Food,1 L,\n"
    assert item_titles(open_source(request_of(plain)), roles) == {"12": "Rye bread", "x 1": "Ball"}
    assert item_titles(open_source(request_of("sku,size\n12,2 LB\n")), roles) == {}


def test_without_a_table_an_item_is_called_what_its_lines_call_it_most_often(tmp_path):
    called = ["bread", "Milk", "Milk", "ball", None] * 2 + ["Bread", "milk", "x", "Ball", "Bread"] * 2
    LINES.assign(Description=called).to_csv(tmp_path / "orders.csv", index=False)
    raw = open_source(DataRequest(str(tmp_path / "orders.csv")))
    # 12 and 12.0 are one item: Bread four times, bread twice. Of two names that are equally frequent, the first.
    assert item_titles(raw, {"item": "sku"}) == {"12": "Bread", "7": "Milk", "007": "Milk", "x 1": "Ball"}
    assert item_titles(raw, {"item": "sku", "category": "Description"}) == {}
    assert item_titles(raw, {}) == {}


@pytest.mark.parametrize("key", [None, "x 1"])
def test_a_first_line_that_is_an_item_is_no_header(request_of, key):
    raw = open_source(request_of("x 1,Toys,Ball\n12,Food,Bread\n7,Food,Milk\n", key=key))

    assert raw.names[-2:] == ("column_2", "column_3")
    assert raw.read(["column_3"]).slice(0, 4)["column_3"].to_pylist() == ["Bread", "Milk", None, "Ball"]
    assert {note.code for note in raw.notes} >= {"csv.columns_named"}
    [note] = [note for note in raw.notes if note.code == "second.items"]
    assert note.values["found"] == 3
