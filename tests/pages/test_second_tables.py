"""More about customers and items on the Data screen: add a table, correct its key, remove it; nothing breaks."""

import pandas as pd
import pytest

N = 45


def people_csv(**more):
    frame = pd.DataFrame({"customer_id": [f"0{n:03d}" for n in range(N)], "club": ["yes" if n % 3 else "no" for n in range(N)], **more})
    return frame.to_csv(index=False)


PRODUCTS = "item,department\nitem0,Food\nitem1,Toys\nitem2,Food\n"


@pytest.fixture
def data_page(open_app, small_intake):
    return open_app("data")


def upload(app, name, content, file="table.csv"):
    content = content.encode() if isinstance(content, str) else content
    app.file_uploader(key=f"second.upload.{name}").upload(file, content).run()
    assert not app.exception
    return app


def said(text):
    """Return a page's words without the escapes of Markdown."""
    return text.replace("\\", "")


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def loaded(app):
    return app.session_state["segcore.intake"]


def profile(app, store):
    return store.feature_table(loaded(app).table).profile


def test_a_table_of_customers_is_added_shown_and_removed(data_page, store, words, small_intake):
    app = upload(data_page, "customers", people_csv(), "people.csv")
    assert not app.error
    assert "people.csv describes 45 of 45 customers, found by customer_id." in said(words(app))
    assert set(profile(app, store)) == {"rfm_segment", "club"}
    [kept] = (store.home / "uploads").iterdir()
    assert kept.read_text() == people_csv()

    press(app, "Remove people.csv")
    assert not app.error
    assert loaded(app) == small_intake


def test_a_table_of_items_gives_the_category_until_it_is_removed(data_page, store, words):
    app = upload(data_page, "items", PRODUCTS, "products.csv")
    assert "products.csv describes 3 of 3 items, found by item." in said(words(app))
    assert loaded(app).roles["category"] == "department"
    next(button for button in app.button if button.label == "Apply").click().run()
    assert app.session_state["segcore.request"].roles["category"] == "department"

    press(app, "Remove products.csv")
    assert not app.error
    assert "category" not in loaded(app).roles
    assert "department" not in loaded(app).columns


def test_no_category_chosen_before_does_not_hide_that_of_the_items(data_page):
    next(button for button in data_page.button if button.label == "Apply").click().run()
    assert data_page.session_state["segcore.request"].roles["category"] == ""
    app = upload(data_page, "items", PRODUCTS)
    assert loaded(app).roles["category"] == "department"


def test_both_tables_are_in_the_link(data_page, open_app, words):
    app = upload(data_page, "customers", people_csv(), "people.csv")
    app = upload(app, "items", PRODUCTS, "products.csv")
    [link] = [app.query_params["data"]] if isinstance(app.query_params["data"], str) else app.query_params["data"]
    again = open_app("data", data=link)
    assert loaded(again) == loaded(app)
    assert "people.csv describes 45 of 45" in said(words(again)) and "products.csv describes 3 of 3" in said(words(again))


def test_a_key_can_be_corrected(data_page, words):
    other = [f"0{(n + 1) % N:03d}" if n < 30 else f"x{n}" for n in range(N)]
    app = upload(data_page, "customers", people_csv(referred_by=other), "people.csv")
    app.selectbox(key="second.key.customers").select("referred_by").run()
    press(app, "Match by this column")
    assert not app.error
    assert "people.csv describes 30 of 45 customers, found by referred_by; 15 rows of it belong to no customer." in said(words(app))
    app.selectbox(key="second.key.customers").select("club").run()
    press(app, "Match by this column")
    [error] = app.error
    assert "people.csv has no row for any customer of the data: club has values such as" in said(error.value)
    assert "found by referred_by" in said(words(app))


def test_a_table_that_does_not_match_is_one_sentence_there_and_another_column_can_be_chosen(data_page, words, small_intake):
    text = "who,code,club\n" + "".join(f"{'AB'[n % 2]}{n},{n if n % 3 else f'0{n:03d}'},yes\n" for n in range(N))
    app = upload(data_page, "customers", text, "people.csv")
    [error] = app.error
    assert said(error.value).startswith("people.csv has no row for any customer of the data: of code, who, club, none matches")
    assert "--customers-key" not in error.value and error.value.endswith("The data stay as they were.")
    assert loaded(app) == small_intake
    app.selectbox(key="second.retry.customers").select("code").run()
    press(app, "Match by this column")
    assert not app.error
    assert "people.csv describes 15 of 45 customers, found by code; 30 rows of it belong to no customer" in said(words(app))


@pytest.mark.parametrize("name", ["customers", "items"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"customer_id,item\n",
        b"x\n1\n2\n",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
        b"customer_id,item,a\n0000,item0,1\n0000,item0,2\n",
        b"customer_id,item,a\n0000,item0,1,9\n",
        b'customer_id,item,a\n"0000,item0,1\n',
        b"a,a\n1,2\n",
    ],
    ids=["empty", "only a header", "one column", "an image", "contradicting", "a long row", "an open quote", "a repeated name"],
)
def test_hostile_tables_end_in_one_sentence_and_the_data_stay(data_page, small_intake, name, content):
    app = upload(data_page, name, content, "bad.csv")
    [error] = app.error
    assert "bad.csv" in said(error.value) and "\n" not in error.value and "--" not in said(error.value)
    assert loaded(app) == small_intake
    app.switch_page("pages/features.py").run()
    assert not app.exception and not app.error


def test_the_data_itself_is_no_table_of_its_customers_or_items(data_page, orders_csv, small_intake):
    for name in ("customers", "items"):
        data_page = upload(data_page, name, orders_csv.read_bytes(), "orders.csv")
        [error] = data_page.error
        assert "orders.csv has two different rows for" in said(error.value)
        assert loaded(data_page) == small_intake


@pytest.mark.parametrize("ids", ["Customer ID,club\n{0}\n", "CUSTOMER_ID,club\n {0} \n", "customer_id;club\n{0}\n"])
def test_keys_match_in_other_capitals_and_with_spaces(data_page, ids, words):
    comma = ";" if ";" in ids else ","
    rows = "\n".join(f"0{n:03d}{comma}{'yes' if n % 2 else 'no'}" for n in range(N))
    upload(data_page, "customers", ids.replace("{0}", rows), "people.csv")
    assert "people.csv describes 45 of 45 customers" in said(words(data_page))


def test_ids_written_as_fractions_match(open_app, small_intake, tmp_path, words):
    path = tmp_path / "lines.csv"
    path.write_text("customer,date,amount,order\n" + "".join(f"{n % 5 + 10},2024-03-{n % 28 + 1:02d},{n}.5,o{n}\n" for n in range(30)))
    app = open_app("data")
    app.segmented_control(key="data.way").set_value("A file on this machine").run()
    app.text_input(key="data.path_text").set_value(str(path))
    press(app, "Load")
    upload(app, "customers", "customer,club\n" + "".join(f"{n}.0,{'yes' if n % 2 else 'no'}\n" for n in range(10, 15)), "people.csv")
    assert "people.csv describes 5 of 5 customers" in said(words(app))


def test_a_path_can_be_given_and_a_missing_one_is_one_sentence(data_page, tmp_path, words):
    (tmp_path / "people.csv").write_text(people_csv())
    for path in ("/nowhere/people.csv", str(tmp_path / "people.csv")):
        data_page.text_input(key="second.path.customers").set_value(path)
        next(button for button in data_page.button if button.label == "Add").click().run()
        assert not data_page.exception
        assert [("/nowhere/people.csv" in error.value) for error in data_page.error] == [path.startswith("/nowhere")] * len(data_page.error)
    assert "people.csv describes 45 of 45" in said(words(data_page))


def test_other_data_begin_without_the_tables(data_page, tmp_path, orders_csv):
    app = upload(data_page, "customers", people_csv(), "people.csv")
    (tmp_path / "other.csv").write_bytes(orders_csv.read_bytes())
    app.segmented_control(key="data.way").set_value("A file on this machine").run()
    app.text_input(key="data.path_text").set_value(str(tmp_path / "other.csv"))
    press(app, "Load")
    assert app.session_state["segcore.request"].customers is None


def test_the_segments_screen_shows_the_columns_and_the_titles(data_page, store, finish, words, open_app):
    from tests.pages.conftest import small_spec

    upload(data_page, "customers", people_csv(), "people.csv")
    upload(data_page, "items", "item,name\nitem0,Bread\nitem1,Bread\nitem2,Milk\n", "products.csv")
    finished = finish(small_spec(store, loaded(data_page), axes=("n_clusters=3", "tol=0.0001", "n_init=3")))
    app = open_app("segments", sweep=finished.id, point="n_clusters=3")
    assert not app.exception and not app.error
    bought = [frame.value for frame in app.dataframe if "Number" in frame.value]
    assert bought and set(bought[0]["Item"]) <= {"Bread", "Milk"} and set(bought[0]["Number"]) <= {"item0", "item1", "item2"}
    assert "club" in said(words(app))


def test_the_upload_says_where_second_tables_go(data_page, words):
    app = data_page
    app.segmented_control(key="data.way").set_value("Upload a file").run()
    assert "tables of customers and items can be added under “More about customers and items”" in words(app)


def test_basket_missions_are_found_changed_and_removed(data_page, store, words, small_intake):
    assert "Number of missions" not in [field.label for field in data_page.number_input]  # without a category
    app = upload(data_page, "items", PRODUCTS, "products.csv")
    app.number_input(key="missions.n").set_value(2)
    press(app, "Find basket missions")
    assert not app.error
    assert "2 basket missions, found in" in words(app)
    assert set(profile(app, store)["basket_mission"]) <= {"Food", "Toys, Food"}
    press(app, "Remove basket missions")
    assert not app.error
    assert set(profile(app, store)) == {"rfm_segment"}
