"""Rows of a database on the Data screen and on Over time."""

import sqlite3

import pytest

from segcore.records.intake import DatabaseQuestion
from tests.pages.conftest import small_orders

SECRET = "swordfish-47"


@pytest.fixture
def shop(tmp_path):
    """Return the address of an SQLite database with the small shop's orders as ``lines``."""
    connection = sqlite3.connect(tmp_path / "shop.db")
    orders = small_orders()
    orders.assign(date=orders["date"].astype(str)).to_sql("lines", connection, index=False)
    connection.close()
    return f"sqlite:///{tmp_path}/shop.db"


@pytest.fixture
def data_page(open_app):
    """Return the Data screen with the fields for a database."""
    app = open_app("data")
    app.segmented_control(key="data.way").set_value("A database").run()
    return app


def read(app, address, table=None, query=None):
    app.text_input(key="data.database.address").set_value(address).run()
    if query is not None:
        app.segmented_control(key="data.database.what").set_value("A SELECT").run()
        app.text_area(key="data.database.query").set_value(query).run()
    else:
        app.text_input(key="data.database.table").set_value(table).run()
    app.button(key="data.read_database").click().run()
    assert not app.exception
    return app


def headers(app):
    return [header.value for header in app.header]


def test_a_table_is_loaded(data_page, shop):
    app = read(data_page, shop, "lines")
    assert "Loaded: lines (shop.db)" in headers(app)
    assert app.button(key="data.read_database").label == "Read the database again"


def test_a_select_is_loaded_and_corrected_without_reading_again(data_page, shop, tmp_path):
    app = read(data_page, shop, query="SELECT * FROM lines WHERE quantity > 1")
    assert "Loaded: query (shop.db)" in headers(app)
    (tmp_path / "shop.db").unlink()
    next(button for button in app.button if button.label == "Apply").click().run()
    assert "Loaded: query (shop.db)" in headers(app)


def test_what_is_missing_is_asked_for(data_page):
    data_page.button(key="data.read_database").click().run()
    assert [error.value for error in data_page.error] == ["Enter the address of a database, and a table or a SELECT."]


@pytest.mark.parametrize(
    ("table", "sentence"), [("line", "did you mean 'lines'"), ("x; DROP TABLE lines", "There is no table"), ("![a](http://b)", "no table")]
)
def test_an_error_keeps_the_fields_and_the_earlier_data(data_page, shop, table, sentence):
    app = read(data_page, shop, table)
    (error,) = app.error
    assert sentence in error.value
    assert "The earlier data are still loaded." in error.value
    assert app.text_input(key="data.database.table").value == table
    assert any(header.startswith("Loaded: ") for header in headers(app))


def test_many_rows_are_a_question_with_a_button(data_page, shop, monkeypatch):
    monkeypatch.setattr(DatabaseQuestion, "__init__", _with_few_rows(DatabaseQuestion.__init__))
    app = read(data_page, shop, "lines")
    (button,) = [button for button in app.button if button.label.startswith("Read all ")]
    assert "rows of shop.db would be read, more than 10" in app.error[0].value.replace("\\", "")
    assert "Not loaded yet: lines" in headers(app)
    button.click().run()
    assert "Loaded: lines (shop.db)" in headers(app)


def _with_few_rows(init):
    def limited(self, *values, **named):
        if not values[3:]:
            named.setdefault("most_rows", 10)
        init(self, *values, **named)

    return limited


def test_a_password_is_refused_and_not_shown(data_page, home):
    app = read(data_page, f"postgresql://me:{SECRET}@nowhere.invalid/shop", "lines")
    assert "The address has a password" in app.error[0].value
    texts = [element.value for kind in ("markdown", "header", "caption", "error") for element in getattr(app, kind)]
    assert SECRET not in " ".join(map(str, texts))
    assert all(SECRET.encode() not in file.read_bytes() for file in home.rglob("*") if file.is_file())


def test_the_fields_come_back_with_the_data(data_page, open_app, shop):
    read(data_page, shop, "lines")
    data_page.switch_page("pages/features.py").run()
    data_page.switch_page("pages/data.py").run()
    data_page.segmented_control(key="data.way").set_value("A database").run()
    assert data_page.text_input(key="data.database.table").value == "lines"
    assert data_page.text_input(key="data.database.address").value == shop
