"""Choose the data, correct what the columns mean, filter rows."""

import pandas as pd
import pytest

from ui import download as downloads


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
    assert roles == {
        "Kind": "transactions",
        "Customer": "customer_id",
        "Order": "invoice",
        "Time": "date",
        "Item": "item",
        "Quantity": "quantity",
        "Price": "unit_price",
        "Amount": "",
    }
    assert "Why these columns: " in words(app)
    assert "customer by its name;" in words(app)


def test_the_rows_that_were_set_aside_add_up_to_those_read(open_app, small_intake, small_orders):
    lines = counts(open_app("data"))
    assert lines.pop("Read") == len(small_orders())
    assert sum(lines.values()) == len(small_orders())
    assert sorted(lines.values())[0] == 5


def test_the_preview_shows_the_first_rows_as_text(open_app, small_intake, small_orders):
    preview = open_app("data").dataframe[-1].value
    assert list(preview.columns) == list(small_orders().columns)
    assert preview["customer_id"].iloc[0] == "0000"


def test_an_upload_is_loaded_and_kept_under_its_content(open_app, small_intake, store, small_orders):
    app = open_app("data")
    app.segmented_control(key="data.way").set_value("Upload a file").run()
    content = small_orders().head(60).to_csv(index=False).encode()
    app.file_uploader[0].upload("my orders.csv", content).run()
    app.button(key="data.load_upload").click().run()
    assert not app.exception
    assert not app.error
    assert loaded(app) == "Loaded: my orders.csv"
    [kept] = (store.home / "uploads").iterdir()
    assert kept.read_bytes() == content


def test_a_bad_upload_is_one_sentence_and_what_was_loaded_stays(open_app, small_intake):
    app = open_app("data")
    app.segmented_control(key="data.way").set_value("Upload a file").run()
    app.file_uploader[0].upload("holiday.csv", b"\x89PNG\r\n\x1a\n" + b"\0" * 50).run()
    app.button(key="data.load_upload").click().run()
    assert not app.exception
    [error] = app.error
    assert "holiday.csv is a PNG image" in error.value
    assert error.value.endswith("What was loaded before is still loaded.")
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
    widget(app, "text_area", "Only rows where").set_value("quantity > 1")
    widget(app, "text_input", "From (included)").set_value("2023-03-01")
    apply(app)
    assert not app.error
    orders = small_orders().dropna()
    kept = int(((orders["quantity"] > 1) & (orders["date"] >= "2023-03-01")).sum())
    assert counts(app)["Used"] == kept
    assert counts(app)["Left out by the filters"] == len(orders) - kept


def test_a_wrong_filter_is_one_sentence_and_the_data_stay(open_app, small_intake):
    app = open_app("data")
    widget(app, "text_area", "Only rows where").set_value("colour = 'red'")
    apply(app)
    [error] = app.error
    assert "colour" in error.value
    assert app.session_state["segcore.intake"] == small_intake
    assert widget(app, "text_area", "Only rows where").value == "colour = 'red'"
    app.button(key="data.back").click().run()
    assert not app.error
    assert widget(app, "text_area", "Only rows where").value == ""


def test_one_row_a_customer_needs_no_orders(open_app, small_intake, tmp_path, words):
    path = tmp_path / "people.csv"
    pd.DataFrame({"id": range(30), "age": range(20, 50), "visits": [n % 7 for n in range(30)]}).to_csv(path, index=False)
    app = open_app("data")
    app.segmented_control(key="data.way").set_value("A file on this machine").run()
    app.text_input(key="data.path_text").set_value(str(path))
    next(button for button in app.button if button.label == "Load").click().run()
    assert not app.error
    assert {metric.label for metric in app.metric} == {"Customers", "Rows used"}
    app.switch_page("pages/features.py").run()
    assert not app.exception
    assert {box.label: box.value for box in app.checkbox} == {"age": True, "visits": True}
    assert "needs transactions" in words(app)


def test_a_sample_that_cannot_be_fetched_is_one_sentence(open_app, small_intake, monkeypatch):
    real = downloads.fetch
    monkeypatch.setattr(downloads, "fetch", lambda store, name, url=None: real(store, name, url="http://127.0.0.1:9/none.zip"))
    app = open_app("data")
    app.button(key="load.online-retail").click().run()
    assert not app.exception
    [error] = app.error
    assert "http://127.0.0.1:9/none.zip cannot be reached" in error.value
    assert "Upload a file" in error.value
    assert loaded(app) == "Loaded: orders.csv"
