import pyarrow as pa
import pytest

from segcore.data.files.raw import table_source
from segcore.data.meaning.roles import find_meaning
from segcore.errors import DataError, ParameterError
from segcore.records.data_rules import RowRules
from segcore.wording.findings import sentence

WHEN = ["2024-01-01 10:00", "2024-01-02 11:00", "2024-01-03 12:00", "2024-02-01 13:00"]
IDS = ["11", "12", "11", "13"]
CODES = ["A1", "B2", "C3", "A1"]
COUNTS = ["1", "2", "-1", "3"]
PRICES = ["1.5", "2.5", "1.5", "9.99"]


def source(**columns):
    return table_source("rows", pa.table(columns), where=lambda row: f"line {row + 2}")


def meaning(columns, *, kind=None, roles=None):
    return find_meaning(source(**columns), kind=kind, roles=roles or {})


HEADERS = [
    # customer, order, time, item, quantity, price
    ("CustomerID", "InvoiceNo", "InvoiceDate", "StockCode", "Quantity", "UnitPrice"),
    ("Customer ID", "Invoice", "InvoiceDate", "StockCode", "Quantity", "Price"),
    ("customer_id", "order_id", "order_date", "product_id", "qty", "unit_price"),
    ("client_id", "basket_id", "timestamp", "sku", "units", "price"),
    ("user_id", "transaction_id", "created_at", "item_id", "quantity", "item_price"),
    ("household_key", "BASKET_ID", "DAY_DATE", "PRODUCT_ID", "QUANTITY", "PRICE"),
    ("Member_number", "receipt no", "Date", "itemDescription", "pieces", "Price"),
    ("Kundennr", "Order", "Datum", "Artikel_ID", "Menge", "Preis"),
]


@pytest.mark.parametrize("names", HEADERS, ids=lambda names: names[0])
def test_roles_are_found_under_the_names_people_use(names):
    columns = dict(zip(names, (IDS, CODES, WHEN, CODES, COUNTS, PRICES), strict=True))
    shuffled = {name: columns[name] for name in sorted(columns)}
    if names[0] == "Kundennr":
        shuffled.pop("Artikel_ID")

    found = meaning({"Country": ["FR", "DE", "FR", "FR"], **shuffled})

    assert found.kind == "transactions"
    expected = dict(zip(("customer", "order", "time", "item", "quantity", "price"), names, strict=True))
    if names[0] == "Kundennr":
        expected.pop("item")
    if names[0] == "Member_number":
        expected["item"] = "itemDescription"
    assert dict(found.roles) == expected
    assert set(found.reasons) == set(expected)


@pytest.mark.parametrize(
    "name", ["sales_value", "amount", "Total", "revenue", "TotalPrice", "payment_value", "order_total", "price", "SalesAmount"]
)
def test_the_amount_of_a_line_is_found_without_a_quantity(name):
    found = meaning({"customer_id": IDS, "date": WHEN, name: PRICES})

    assert found.roles["amount"] == name
    assert "price" not in found.roles


def test_quantity_times_price_is_preferred_to_a_total_that_may_be_the_orders():
    found = meaning({"customer_id": IDS, "date": WHEN, "quantity": COUNTS, "price": PRICES, "order_total": PRICES})

    assert {"quantity", "price"} <= set(found.roles)
    assert "amount" not in found.roles


def test_an_amount_that_is_asked_for_counts_beside_quantity_and_price():
    columns = {"customer_id": IDS, "date": WHEN, "quantity": COUNTS, "price": PRICES, "net": PRICES}

    assert meaning(columns, roles={"amount": "net"}).roles["amount"] == "net"


def test_the_time_is_found_by_what_it_holds_where_its_name_says_nothing():
    found = meaning({"customer_id": IDS, "x17": WHEN, "amount": PRICES})

    assert found.roles["time"] == "x17"
    assert found.reasons["time"].code == "role.dates"


def test_a_column_called_date_that_holds_none_is_not_the_time():
    found = meaning({"customer_id": IDS, "date": ["a", "b", "c", "d"], "bought": WHEN, "amount": PRICES})

    assert found.roles["time"] == "bought"


def test_a_text_called_quantity_is_not_the_quantity():
    found = meaning({"customer_id": IDS, "date": WHEN, "quantity": ["few", "many", "few", "many"], "amount": PRICES})

    assert "quantity" not in found.roles


def test_customers_with_one_row_each_are_a_table_of_customers():
    found = meaning({"customer_id": ["1", "2", "3", "4"], "signup_date": WHEN, "spend": PRICES})

    assert (found.kind, dict(found.roles)) == ("customers", {"customer": "customer_id"})


@pytest.mark.parametrize("name", ["ID", "id", "uuid"])
def test_a_column_called_id_names_the_customers_of_a_table_of_customers(name):
    assert dict(meaning({"age": PRICES, name: ["1", "2", "3", "4"]}).roles) == {"customer": name}


def test_a_table_without_an_id_has_no_customer_role():
    assert dict(meaning({"VisitorType": CODES, "Region": IDS, "customer_segment": CODES, "user_age": COUNTS}).roles) == {}


def test_no_column_names_the_customers_where_the_analyst_says_so():
    assert dict(meaning({"id": ["1", "2"], "age": ["30", "40"]}, kind="customers", roles={"customer": ""}).roles) == {}


def test_names_that_stand_twice_are_not_the_ids_of_customers():
    assert dict(meaning({"customer_name": ["Ann", "Bob", "Ann", "Cy"], "spend": PRICES}).roles) == {}


def test_what_is_asked_for_counts_and_the_rest_is_guessed():
    columns = {"customer_id": IDS, "account": CODES, "date": WHEN, "amount": PRICES}

    found = meaning(columns, roles={"customer": "account"})

    assert found.roles["customer"] == "account"
    assert found.reasons["customer"].code == "role.chosen"
    assert found.roles["time"] == "date"


def test_an_empty_column_takes_a_guessed_role_away():
    columns = {"customer_id": IDS, "sku": CODES, "date": WHEN, "amount": PRICES}

    assert "item" in meaning(columns).roles
    assert "item" not in meaning(columns, roles={"item": ""}).roles


def test_a_table_of_customers_with_one_of_them_twice_is_no_list_of_orders():
    ids = [*(f"K{number}" for number in range(19)), "K0"]
    table = {"customer_id": ids, "date of birth": [f"1980-03-{number + 1:02d}" for number in range(20)]}
    money = [f"{number}.50" for number in range(20)]

    assert meaning(table).kind == meaning({**table, "revenue": money}).kind == "customers"
    assert meaning({**table, "revenue": money, "product": ["car", "home"] * 10}).kind == "customers"
    assert meaning({**table, "customer_id": ids[:10] * 2, "revenue": money}).kind == "transactions"
    lines = {"customer_id": ids, "order date": table["date of birth"], "order_id": [str(number) for number in range(20)], "revenue": money}
    assert meaning(lines).kind == "transactions"


def test_the_kind_that_is_asked_for_counts():
    columns = {"customer_id": ["1", "2", "3", "4"], "date": WHEN, "amount": PRICES}

    assert meaning(columns).kind == "customers"
    assert meaning(columns, kind="transactions").kind == "transactions"


@pytest.mark.parametrize(
    ("columns", "kind", "roles", "error", "words"),
    [
        ({"a": IDS}, None, {"customer": "b"}, DataError, ["'b'", "its columns are a"]),
        ({"a": IDS}, None, {"buyer": "a"}, ParameterError, ["'buyer'", "customer, order"]),
        ({"a": IDS}, "orders", {}, ParameterError, ["'orders'"]),
        ({"a": IDS}, None, {"customer": "a", "order": "a"}, DataError, ["both customer and order"]),
        ({"a": PRICES, "date": WHEN}, "transactions", {}, DataError, ["the customer", "columns: a, date"]),
        ({"customer": IDS, "x": PRICES}, "transactions", {}, DataError, ["the date or time"]),
        ({"customer": IDS, "date": WHEN, "note": CODES}, "transactions", {}, DataError, ["amount", "quantity and price"]),
    ],
)
def test_what_cannot_be_is_refused_with_the_columns_there_are(columns, kind, roles, error, words):
    with pytest.raises(error) as raised:
        meaning(columns, kind=kind, roles=roles)
    for word in words:
        assert word in str(raised.value)


def test_a_single_bad_value_does_not_hide_the_column_that_holds_it():
    columns = {"customer_id": IDS * 10, "date": [*WHEN * 9, *WHEN[:3], "soon"], "amount": [*PRICES * 9, *PRICES[:3], "abc"]}

    found = meaning(columns)

    assert {"time": "date", "amount": "amount"}.items() <= dict(found.roles).items()


@pytest.mark.parametrize(
    ("name", "values"), [("amount", ["$5", "$6", "$7", "$8"]), ("date", ["1 Mai 2024", "2 Mai 2024", "3 Mai 2024", "4 Mai 2024"])]
)
def test_a_column_that_nearly_fits_is_taken_so_that_its_values_are_reported(name, values):
    columns = {"customer_id": IDS, "date": WHEN, "amount": PRICES, name: values}

    assert meaning(columns, kind="transactions").roles["time" if name == "date" else name] == name


def test_codes_of_digits_are_items_although_they_could_be_seconds_since_1970():
    found = meaning(
        {"customer_id": IDS, "date": WHEN, "article_id": ["0663713001", "0541518023", "0663713001", "0505221004"], "price": PRICES}
    )

    assert found.roles["item"] == "article_id"


FOREIGN = [
    ("Kundennummer", "Bestellnummer", "Bestelldatum", "Artikelnummer", "Anzahl", "Preis"),
    ("Kunde", "Rechnungsnr", "Datum", "Artikel", "Stückzahl", "Stückpreis"),
    ("Code client", "N° commande", "Date commande", "Produit", "Quantité", "Prix unitaire"),
    ("id_cliente", "numero_pedido", "fecha", "producto", "cantidad", "precio"),
    ("CUSTOMERNAME", "ORDERNUMBER", "ORDERDATE", "PRODUCTCODE", "QUANTITYORDERED", "PRICEEACH"),
    ("household_id", "basket_id", "transaction_timestamp", "product_id", "quantity", "sales_price"),
]


@pytest.mark.parametrize("names", FOREIGN, ids=lambda names: names[0])
def test_roles_are_found_under_german_french_and_spanish_names_too(names):
    columns = dict(zip(names, (IDS, CODES, WHEN, CODES, COUNTS, PRICES), strict=True))

    found = meaning(columns)

    assert found.kind == "transactions"
    assert tuple(found.roles[role] for role in ("customer", "order", "time", "item", "quantity", "price")) == names


def test_a_total_price_beside_a_quantity_is_no_price_of_one_piece():
    found = meaning({"customer": IDS, "order": CODES, "date": WHEN, "qty": COUNTS, "total_price": PRICES})

    assert found.roles["amount"] == "total_price" and "price" not in found.roles


def test_lines_of_orders_without_a_known_customer_column_ask_for_it():
    columns = {"Whom": IDS, "Invoice": CODES, "InvoiceDate": WHEN, "Quantity": COUNTS, "Price": PRICES}

    with pytest.raises(DataError, match="looks like the customer: name it with --role customer=COLUMN"):
        meaning(columns)
    assert meaning(columns, roles={"customer": ""}).kind == "customers"
    assert meaning(columns, kind="customers").kind == "customers"


def test_columns_without_values_have_no_role():
    columns = {
        "id": CODES,
        "Description": [None] * 4,
        "Created (UTC)": WHEN,
        "Amount": PRICES,
        "Customer ID": IDS,
        "Invoice ID": ["in_1"] + [None] * 3,
    }
    found = meaning(columns)
    assert found.roles == {"customer": "Customer ID", "time": "Created (UTC)", "amount": "Amount"}
    assert [sentence(note) for note in found.notes] == [
        "Invoice ID has no value in 75% of 4 rows, which would be set aside, so it has no role; to use only the other rows, give it the "
        "role order."
    ]


def test_a_date_in_the_first_line_of_an_order_alone_gives_way_to_one_in_every_line():
    columns = {
        "Name": ["#1001", "#1001", "#1002", "#1003"],
        "Email": [f"{one}@x.com" for one in IDS],
        "Paid at": [WHEN[0], None, WHEN[2], WHEN[3]],
    }
    columns |= {"Created at": WHEN, "Lineitem quantity": COUNTS, "Lineitem price": PRICES}
    assert meaning(columns).roles == {
        "customer": "Email", "order": "Name", "time": "Created at", "quantity": "Lineitem quantity", "price": "Lineitem price",
    }  # fmt: skip
    del columns["Created at"]
    assert meaning(columns).roles["time"] == "Paid at"


def test_the_price_that_was_paid_comes_before_the_one_that_was_asked():
    columns = {"Order Date": WHEN, "Order ID": CODES, "Ordering Customer Email": [f"{one}@x.com" for one in IDS], "Quantity": COUNTS}
    columns |= {"List Price Per Unit": ["$2.00"] * 4, "Purchase Price Per Unit": [f"${price}" for price in PRICES]}
    found = meaning(columns).roles
    assert (found["customer"], found["price"]) == ("Ordering Customer Email", "Purchase Price Per Unit")
    del columns["Purchase Price Per Unit"]
    assert meaning(columns).roles["price"] == "List Price Per Unit"


def test_an_amount_that_may_be_a_number_of_pieces_is_warned_of():
    columns = {
        "TRANSACTION_DT": WHEN,
        "CUSTOMER_ID": IDS,
        "PRODUCT_ID": CODES,
        "AMOUNT": ["1", "2", "1", "3"],
        "SALES_PRICE": ["46", "28", "166", "9"],
    }
    found = meaning(columns)
    assert found.roles["amount"] == "AMOUNT"
    assert "give SALES_PRICE the role amount if it is for the whole line" in sentence(found.notes[0])
    assert not meaning(columns, roles={"amount": "SALES_PRICE"}).notes
    assert not meaning({**columns, "AMOUNT": PRICES}).notes


def test_discounts_of_0_are_no_rates():
    columns = {"order_date": WHEN, "customer_id": IDS, "amount": PRICES, "discount": ["0"] * 4}
    assert not meaning(columns).notes


def test_times_of_day_alone_are_not_the_time():
    columns = {"household_key": IDS, "BASKET_ID": CODES, "SALES_VALUE": PRICES, "TRANS_TIME": ["1631", "0950", "2215", "0001"]}
    with pytest.raises(DataError, match="no column that looks like the date or time"):
        meaning(columns, kind="transactions")


def test_dates_in_another_order_than_was_asked_for_are_not_exchanged_for_a_birthday():
    days = ["13/1/24", "14/1/24", "15/1/24", "2/2/24"]
    columns = {"CustomerID": IDS, "CustomerDOB": ["10/1/94", "4/12/57", "3/3/70", "1/2/80"], "TransactionDate": days, "Amount": PRICES}
    raw = source(**columns)
    assert find_meaning(raw, kind=None, roles={}, rows=RowRules(date_order="mdy")).roles["time"] == "TransactionDate"


def test_a_date_of_something_else_is_taken_with_a_warning():
    found = meaning({"CustomerID": IDS, "Ship Date": WHEN, "Amount": PRICES}, kind="transactions")
    assert found.roles["time"] == "Ship Date"
    assert sentence(found.notes[0]).startswith("Ship Date is used as the time, since no other column holds dates")


def test_a_rate_that_is_chosen_as_discount_is_warned_of():
    columns = {"order_date": WHEN, "customer_id": IDS, "amount": PRICES, "Discount": ["0.2", "0", "0.45", "0.8"]}
    notes = meaning(columns, roles={"discount": "Discount"}).notes
    assert [sentence(note) for note in notes] == [
        "Discount holds rates between 0 and 1, but is added up as money: if it is a rate, convert it into money in the file."
    ]


def test_an_order_of_several_lines_comes_before_a_transaction_that_is_one_line():
    columns = {
        "Transaction ID": ["1", "2", "3", "4"],
        "Order ID": ["7", "7", "8", "9"],
        "Buyer": IDS,
        "Sale Date": WHEN,
        "Item Total": PRICES,
    }
    assert meaning(columns).roles["order"] == "Order ID"
    assert meaning({**columns, "Order ID": ["6", "7", "8", "9"]}).roles["order"] == "Transaction ID"


def test_an_id_that_stands_in_several_rows_is_the_customers_where_no_other_is():
    columns = {"id": IDS, "date": WHEN, "purchasequantity": COUNTS, "purchaseamount": PRICES}
    assert (meaning(columns).kind, meaning(columns).roles["customer"]) == ("transactions", "id")
    assert meaning({**columns, "id": ["1", "2", "3", "4"]}).kind == "customers"


def test_dates_and_amounts_without_a_customer_are_said_to_be_transactions_perhaps():
    columns = {"date": WHEN, "whose": IDS, "amount": PRICES}
    found = meaning(columns)
    assert found.kind == "customers"
    assert "has dates (date) and amounts (amount), but no column that looks like the customer" in sentence(found.notes[0])
    assert not meaning(columns, kind="customers").notes


def test_a_table_of_items_is_said_to_be_one_perhaps():
    columns = {"movieId": ["1", "2", "3", "4"], "title": ["A", "B", "C", "D"], "genres": ["x|y", "x", "y", "x"]}
    found = meaning(columns)
    assert (found.kind, found.roles["customer"]) == ("customers", "movieId")
    assert "is read as one row per customer, but movieId sounds like items" in sentence(found.notes[0])
    assert "with --items" in sentence(found.notes[0]) and "load the ratings or order lines first" in sentence(found.notes[0], "screen")
    assert not meaning(columns, kind="customers").notes
    assert not meaning({"customer_id" if name == "movieId" else name: values for name, values in columns.items()}).notes


def test_names_of_polish_shops_and_of_paypal_are_known():
    columns = {"Nr zamówienia": CODES, "Data zamówienia": WHEN, "ID klienta": IDS, "Ilość": COUNTS, "Cena": PRICES}
    assert meaning(columns).roles == {
        "customer": "ID klienta", "order": "Nr zamówienia", "time": "Data zamówienia", "quantity": "Ilość", "price": "Cena",
    }  # fmt: skip
    columns = {
        "Date": WHEN,
        "Gross": PRICES,
        "From Email Address": [f"{one}@x.com" for one in IDS],
        "Transaction ID": CODES,
        "Quantity": [None] * 4,
    }
    assert meaning(columns).roles == {"customer": "From Email Address", "order": "Transaction ID", "time": "Date", "amount": "Gross"}
