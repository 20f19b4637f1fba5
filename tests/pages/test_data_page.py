"""Choose the data, correct what the columns mean, filter rows."""

import errno
from pathlib import Path

import pandas as pd
import pytest

from segcore.errors import DiskError, StoreError
from segcore.intake.take_in import take_in
from segcore.records.data_rules import ColumnRules
from segcore.records.feature_table import ColumnUse
from segcore.records.finding import Finding
from segcore.records.intake import DataRequest
from segcore.wording.markdown import escape
from ui.data import sample_download
from ui.data.column_editor import changed_rules, editor_frame
from ui.data.source_form import keep_upload

WHY = Finding("column.number", values={"apart": None})


@pytest.fixture
def small_orders(orders_csv):
    return lambda: pd.read_csv(orders_csv, dtype={"customer_id": str}, parse_dates=["date"])


def loaded(app):
    return next(heading.value for heading in app.header if heading.value.startswith("Loaded"))


def counts(app):
    return dict(zip(*(app.dataframe[0].value[name] for name in ("Rows", "Count")), strict=True))


def apply(app):
    next(button for button in app.button if button.label == "Apply").click().run()
    return app


def widget(app, kind, label):
    return next(element for element in getattr(app, kind) if element.label == label)


def test_it_shows_the_guessed_roles_with_their_reasons(open_app, small_intake, words):
    app = open_app("data")
    roles = {box.label: box.value for box in app.selectbox}
    assert app.segmented_control[1].value == "transactions"
    roles.pop("Delimiter")
    assert roles == {
        "Customer": "customer_id",
        "Order": "invoice",
        "Time": "date",
        "Item": "item",
        "Quantity": "quantity",
        "Price": "unit_price",
        "Amount": "",
        "Discount": "",
        "Category": "",
    }
    assert "Why these columns: " in words(app)
    assert "quantity and price each by its name, and it holds numbers" in words(app)


def test_the_rows_that_were_set_aside_add_up_to_those_read(open_app, small_intake, small_orders):
    lines = counts(open_app("data"))
    assert lines.pop("Read") == len(small_orders())
    assert sum(lines.values()) == len(small_orders())
    assert sorted(lines.values())[0] == 5


def test_the_preview_shows_the_first_rows_as_text(open_app, small_intake, small_orders):
    preview = open_app("data").dataframe[-1].value
    assert list(preview.columns) == list(small_orders().columns)
    assert preview["customer_id"].iloc[0] == "0000"


@pytest.mark.in_a_child
def test_an_upload_is_loaded_and_kept_under_its_content(open_app, small_intake, store, small_orders):
    app = open_app("data")
    app.segmented_control(key="data.way").set_value("Upload a file").run()
    content = small_orders().head(60).to_csv(index=False).encode()
    app.file_uploader[0].upload("my orders.csv", content).run()
    assert not app.exception
    assert not app.error
    assert loaded(app) == "Loaded: my orders.csv"
    [kept] = (store.home / "uploads").iterdir()
    assert kept.read_bytes() == content
    app.segmented_control(key="data.way").set_value("A sample").run()
    assert loaded(app) == "Loaded: my orders.csv"


@pytest.mark.in_a_child
def test_a_bad_upload_is_one_sentence_and_what_was_loaded_stays(open_app, small_intake):
    app = open_app("data")
    app.segmented_control(key="data.way").set_value("Upload a file").run()
    app.file_uploader[0].upload("holiday.csv", b"\x89PNG\r\n\x1a\n" + b"\0" * 50).run()
    assert not app.exception
    [error] = app.error
    assert "holiday.csv is a PNG image" in error.value
    assert error.value.endswith("The earlier data are still loaded.")
    assert loaded(app) == "Loaded: orders.csv"
    app.switch_page("pages/home.py").run()
    assert loaded(app) == "Loaded: orders.csv"


def test_a_path_that_is_not_there_is_one_sentence(open_app, small_intake):
    app = open_app("data")
    app.segmented_control(key="data.way").set_value("A file on this machine").run()
    app.text_input(key="data.path_text").set_value("/nowhere/x.csv")
    next(button for button in app.button if button.label == "Load").click().run()
    [error] = app.error
    assert "/nowhere/x.csv" in error.value


@pytest.mark.parametrize("path", ["~nobody-here/x.csv", "/nowhere/\N{SKULL}" + "x" * 300 + ".csv"])
def test_a_path_that_no_file_can_have_is_one_sentence_too(open_app, small_intake, path):
    app = open_path(open_app("data"), path)
    assert not app.exception
    assert len(app.error) == 1
    assert loaded(app) == "Loaded: orders.csv"


def test_a_file_whose_roles_cannot_be_guessed_can_be_given_them(open_app, small_intake, tmp_path, small_orders):
    path = tmp_path / "odd.csv"
    small_orders().set_axis(["customer_id", "b", "date", "d", "e", "f"], axis=1).to_csv(path, index=False)
    app = open_app("data")
    app.segmented_control(key="data.way").set_value("A file on this machine").run()
    app.text_input(key="data.path_text").set_value(str(path))
    next(button for button in app.button if button.label == "Load").click().run()
    assert "amount" in app.error[0].value
    widget(app, "selectbox", "Customer").select("customer_id")
    widget(app, "selectbox", "Time").select("date")
    widget(app, "selectbox", "Order").select("b")
    widget(app, "selectbox", "Amount").select("f")
    apply(app)
    assert not app.error
    assert loaded(app) == "Loaded: odd.csv"


def test_a_role_can_be_corrected(open_app, small_intake):
    app = open_app("data")
    widget(app, "selectbox", "Item").select("")
    apply(app)
    assert not app.error
    assert widget(app, "selectbox", "Item").value == ""
    assert app.session_state["segcore.intake"].roles.get("item") is None


def test_filters_leave_rows_out_and_say_how_many(open_app, small_intake, small_orders):
    app = open_app("data")
    widget(app, "text_area", "Keep only rows where").set_value("quantity > 1")
    widget(app, "text_input", "From (inclusive)").set_value("2023-03-01")
    apply(app)
    assert not app.error
    orders = small_orders().dropna()
    kept = int(((orders["quantity"] > 1) & (orders["date"] >= "2023-03-01")).sum())
    assert counts(app)["Used"] == kept
    assert counts(app)["Filtered out"] == len(orders) - kept


def test_a_wrong_filter_is_one_sentence_and_the_data_stay(open_app, small_intake):
    app = open_app("data")
    widget(app, "text_area", "Keep only rows where").set_value("colour = 'red'")
    apply(app)
    [error] = app.error
    assert "colour" in error.value
    assert app.session_state["segcore.intake"] == small_intake
    assert widget(app, "text_area", "Keep only rows where").value == "colour = 'red'"
    app.button(key="data.back").click().run()
    assert not app.error
    assert widget(app, "text_area", "Keep only rows where").value == ""


def test_one_row_a_customer_needs_no_orders(open_app, small_intake, tmp_path, words):
    path = tmp_path / "people.csv"
    pd.DataFrame({"id": range(30), "age": range(20, 50), "visits": [n % 7 for n in range(30)]}).to_csv(path, index=False)
    app = open_app("data")
    app.segmented_control(key="data.way").set_value("A file on this machine").run()
    app.text_input(key="data.path_text").set_value(str(path))
    next(button for button in app.button if button.label == "Load").click().run()
    assert not app.error
    assert {metric.label for metric in app.metric} == {"Customers", "Rows used", "Columns used for clustering"}
    app.switch_page("pages/features.py").run()
    assert not app.exception
    assert {box.label: box.value for box in app.checkbox} == {"age": True, "visits": True}
    assert "needs transactions" in words(app)


def test_a_sample_that_cannot_be_fetched_is_one_sentence(open_app, small_intake, monkeypatch):
    real = sample_download.fetch
    monkeypatch.setattr(sample_download, "fetch", lambda store, name, url=None: real(store, name, url="http://127.0.0.1:9/none.zip"))
    app = open_app("data")
    app.button(key="load.online-retail").click().run()
    assert not app.exception
    [error] = app.error
    assert escape("http://127.0.0.1:9/none.zip cannot be reached") in error.value
    assert "Upload a file" in error.value
    assert loaded(app) == "Loaded: orders.csv"


def open_path(app, path):
    app.segmented_control(key="data.way").set_value("A file on this machine").run()
    app.text_input(key="data.path_text").set_value(str(path))
    next(button for button in app.button if button.label == "Load").click().run()
    return app


def orders_of(path, dates):
    path.write_text("customer,date,amount,order\n" + "".join(f"c{n % 3},{date},{n}.5,o{n}\n" for n, date in enumerate(dates)))
    return path


def test_dates_that_could_be_either_are_settled_by_a_click(open_app, small_intake, tmp_path, words):
    path = orders_of(tmp_path / "short.csv", [f"0{n % 9 + 1}/0{n % 5 + 1}/2024" for n in range(30)])
    app = open_path(open_app("data"), path)
    assert "Not loaded yet: short.csv" in words(app)
    app.button(key="data.mdy").click().run()
    assert not app.error and not app.exception
    assert loaded(app) == "Loaded: short.csv"
    taken = app.session_state["segcore.intake"]
    assert taken.first_date == "2024-01-01T00:00:00"
    assert taken.last_date == "2024-09-04T00:00:00"


def test_rows_with_bad_values_are_put_aside_by_a_click_and_can_be_seen(open_app, small_intake, tmp_path, words):
    path = orders_of(tmp_path / "bad.csv", [*[f"2024-03-{n % 28 + 1:02d}" for n in range(30)], "2024-02-31", "never"])
    app = open_path(open_app("data"), path)
    assert "2024-02-31" in app.error[0].value
    app.button(key="data.set_aside").click().run()
    assert not app.error and not app.exception
    lines = counts(app)
    assert lines["Read"] == 32 and lines["Used"] == 30
    assert sum(lines.values()) == 64
    shown = next(frame.value for frame in app.dataframe if "Why" in frame.value)
    assert shown["Row"].tolist() == ["line 32", "line 33"]
    assert shown["date"].tolist() == ["2024-02-31", "never"]
    assert any(toggle.label == "Skip unreadable rows" and toggle.value for toggle in app.toggle)


def test_what_was_chosen_for_one_file_is_taken_for_the_next_and_can_be_guessed_afresh(open_app, small_intake, tmp_path, words):
    for month in ("march", "april"):
        orders_of(tmp_path / f"{month}.csv", [f"2024-0{n % 9 + 1}-{n % 28 + 1:02d}" for n in range(30)])
    app = open_path(open_app("data"), tmp_path / "march.csv")
    widget(app, "selectbox", "Order").select("")
    apply(app)
    app = open_path(app, tmp_path / "april.csv")
    assert "Read as you chose for march.csv, which has the same columns" in words(app)
    assert widget(app, "selectbox", "Order").value == ""
    app.button(key="data.afresh").click().run()
    assert widget(app, "selectbox", "Order").value == "order"
    assert "Read as you chose" not in words(app)


def test_another_kind_asks_for_its_own_roles(open_app, small_intake):
    app = open_app("data")
    kinds = next(control for control in app.segmented_control if control.label == "Kind")
    kinds.set_value("ratings").run()
    labels = {box.label for box in app.selectbox}
    assert {"Customer", "Item", "Rating", "Time", "Category"} <= labels
    assert not {"Quantity", "Price", "Amount"} & labels


def test_hostile_names_are_shown_as_text(open_app, small_intake, tmp_path, words):
    path = tmp_path / "<b>x<b> *y*.csv"
    rows = "".join(f"c{n % 3},2024-03-{n + 1:02d},{n},=1+1\n" for n in range(20))
    path.write_text("customer,date,amount,<script>alert(1)</script>\n" + rows)
    app = open_path(open_app("data"), path)
    assert not app.exception and not app.error
    assert loaded(app) == r"Loaded: \<b\>x\<b\> \*y\*.csv"


def test_a_file_that_is_not_loaded_yet_shows_what_was_guessed_of_it(open_app, small_intake, tmp_path, words):
    path = orders_of(tmp_path / "short.csv", [f"0{n % 9 + 1}/0{n % 5 + 1}/2024" for n in range(30)])
    app = open_path(open_app("data"), path)
    assert "Still loaded: orders.csv" in words(app)
    assert "--date-order" not in app.error[0].value
    roles = {label: widget(app, "selectbox", label).value for label in ("Customer", "Time", "Amount", "Order")}
    assert roles == {"Customer": "customer", "Time": "date", "Amount": "amount", "Order": "order"}
    assert not any(button.key == "next.features" for button in app.button)
    app.button(key="data.back").click().run()
    assert loaded(app) == "Loaded: orders.csv"


def test_transactions_without_a_customer_keep_what_was_found_and_ask_for_it(open_app, small_intake, tmp_path, words):
    path = tmp_path / "lines.csv"
    path.write_text(
        "order,date,qty,price,who\n" + "".join(f"o{n // 2},2024-03-{n % 28 + 1:02d},{n % 3 + 1},2.5,p{n % 7}\n" for n in range(60))
    )
    app = open_path(open_app("data"), path)
    assert "choose it below" in app.error[0].value
    assert "--role" not in app.error[0].value
    assert widget(app, "selectbox", "Time").value == "date"
    widget(app, "selectbox", "Customer").select("who")
    apply(app)
    assert not app.error
    assert next(metric.value for metric in app.metric if metric.label == "Customers") == "7"


def test_a_title_above_the_header_is_settled_where_the_file_is_said_to_be_read(open_app, small_intake, tmp_path, words):
    path = tmp_path / "titled.csv"
    path.write_text("Sales of our shop\ncustomer,date,amount\n" + "".join(f"c{n % 5},2024-03-{n % 28 + 1:02d},{n}\n" for n in range(40)))
    app = open_path(open_app("data"), path)
    assert "choose the header row under “How the file is read”: 2" in app.error[0].value
    widget(app, "number_input", "Row with the column names").set_value(2)
    next(button for button in app.button if button.label == "Read again").click().run()
    assert not app.error and not app.exception
    assert loaded(app) == "Loaded: titled.csv"
    assert counts_or_none(app) is None


def counts_or_none(app):
    return next((frame for frame in app.dataframe if "Count" in frame.value), None)


def test_what_is_entered_stays_while_the_kind_is_switched(open_app, small_intake, words):
    app = open_app("data")
    widget(app, "text_area", "Keep only rows where").set_value("quantity > 1")
    kinds = next(control for control in app.segmented_control if control.label == "Kind")
    kinds.set_value("customers").run()
    assert widget(app, "text_area", "Keep only rows where").value == "quantity > 1"
    assert "Changed, but not applied yet." in words(app)
    next(control for control in app.segmented_control if control.label == "Kind").set_value("transactions").run()
    assert widget(app, "text_area", "Keep only rows where").value == "quantity > 1"
    assert app.session_state["segcore.intake"] == small_intake


def test_nothing_is_said_to_be_changed_before_it_is(open_app, small_intake, words):
    assert "Changed, but not applied yet." not in words(open_app("data"))


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("orders.csv", ".csv"),
        ("ORDERS.CSV.GZ", ".csv.gz"),
        ("a.b.jsonl.zst", ".jsonl.zst"),
        ("v1.2.xlsx", ".xlsx"),
        ("x." + "y" * 240 + ".csv", ".csv"),
        ("no ending", ""),
        ("..%2f..%2fpasswd", ""),
    ],
)
def test_an_upload_is_kept_under_the_ending_of_its_format_whatever_its_name(store, name, ending):
    kept = keep_upload(store, name, b"content")
    assert kept.parent == store.home / "uploads"
    assert kept.name == kept.name[:64] + ending


def test_an_upload_that_does_not_fit_names_the_disk_and_leaves_no_half_file(store, monkeypatch):
    def no_room(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(Path, "rename", no_room)
        with pytest.raises(DiskError, match=r"The disk with SEGCORE_HOME \(.*\) is full \(.* left\): free \d+ MB, then try again"):
            keep_upload(store, "orders.csv", b"content")
    assert [*(store.home / "uploads").iterdir(), *store.temporary.iterdir()] == []
    assert keep_upload(store, "orders.csv", b"content").read_bytes() == b"content"


def test_an_upload_that_was_damaged_is_not_read_and_uploading_it_again_repairs_it(store):
    rows = b"customer,date,amount\n" + b"".join(b"c%d,2024-01-0%d,10\n" % (number % 4, 1 + number) for number in range(8))
    kept = keep_upload(store, "orders.csv", rows)
    kept.write_bytes(rows.replace(b",10", b",90", 1))
    with pytest.raises(StoreError, match="The uploaded file is missing or damaged in the store: give the original file"):
        take_in(store, DataRequest(str(kept)))
    assert keep_upload(store, "orders.csv", rows) == kept and kept.read_bytes() == rows
    assert take_in(store, DataRequest(str(kept))).n_customers == 4


class TestColumnEditor:
    """The rules that a change in the editor makes."""

    @pytest.mark.parametrize(
        ("use", "named", "keep"),
        [
            ("Number", {"number": ("a",)}, ("a",)),
            ("Category", {"category": ("a",)}, ("a",)),
            ("Profile", {"profile": ("a",)}, ()),
            ("Not used", {"exclude": ("a",)}, ()),
            ("0 or 1", {}, ("a",)),
        ],
    )
    def test_a_use_becomes_its_rule_in_place_of_the_one_before(self, use, named, keep):
        rules = changed_rules(ColumnRules(category=("a", "b"), min_share=0.2), {"a": use})
        expected = {"exclude": (), "category": (), "number": (), "profile": (), **named}
        expected["category"] = ("b", *expected["category"])
        assert rules == ColumnRules(**expected, keep=keep, min_share=0.2)

    def test_each_column_but_the_id_has_a_row_with_examples(self):
        uses = [ColumnUse("id", "id", WHY), ColumnUse("job", "category", WHY), ColumnUse("age", "number", WHY)]
        preview = pd.DataFrame({"id": ["1", "2"], "job": ["clerk", "clerk"], "age": ["3", None]})
        frame = editor_frame(uses, preview)
        assert frame["Column"].tolist() == ["job", "age"]
        assert frame["Holds"].tolist() == ["clerk", "3"]
        assert frame["Used as"].tolist() == ["Category", "Number"]

    def test_what_cannot_be_seen_is_escaped(self):
        frame = editor_frame([ColumnUse("a\u200b", "number", WHY)], pd.DataFrame({"a\u200b": ["1\u200b"]}))
        assert frame.iloc[0].tolist() == ["a\\u200b", "Number", "Numbers", "1\\u200b"]


def test_the_number_of_categories_with_a_share_of_their_own_is_asked_where_there_are_categories(open_app, small_intake, tmp_path):
    path = tmp_path / "shop.csv"
    header = "customer,order,date,department,amount\n"
    path.write_text(header + "".join(f"c{n % 9},o{n},2024-0{n % 6 + 1}-{n % 27 + 1:02d},d{n % 5},{n + 1}\n" for n in range(90)))
    app = open_path(open_app("data"), path)
    widget(app, "number_input", "Categories with their own feature").set_value(2).run()
    apply(app)
    assert not app.error and not app.exception
    assert app.session_state["segcore.request"].columns.max_categories == 2
    app.switch_page("pages/features.py").run()
    labels = {box.label for box in app.checkbox}
    assert sum(label[:1] == "d" and label[1:].isdigit() for label in labels) == 2, sorted(labels)


def test_filled_values_are_announced_with_what_they_have_in_common_and_changed_by_a_click(open_app, small_intake, store, tmp_path, words):
    rows = 40
    frame = pd.DataFrame({"client": [f"c{row}" for row in range(rows)], "months": [1 + row % 30 for row in range(rows)]})
    frame["paid"] = [20.5 + 3 * row for row in range(rows)]
    frame.loc[[4, 9, 14], "months"] = 0
    frame.loc[[4, 9, 14], "paid"] = None
    frame.to_csv(tmp_path / "clients.csv", index=False)
    app = open_path(open_app("data"), tmp_path / "clients.csv")
    median = f"{frame['paid'].median():g}"
    assert f"paid has 3 missing values, which count as the median, {median}; all 3 have 0 in months: use 0 instead, or leave" in words(app)

    press(app, "Use 0 instead")
    table = store.feature_table(app.session_state["segcore.intake"].table)
    assert "3 missing values, which count as 0; all 3 have 0 in months: leave these customers out" in words(app)
    assert sorted(table.column("paid"))[:3] == [0, 0, 0]
    assert [button.label for button in app.button if button.key.startswith("data.zero")] == []

    press(app, "Leave these customers out")
    assert counts(app) == {"Read": rows, "Set aside: without paid": 3, "Used": rows - 3}
    assert "missing values" not in words(app)


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
