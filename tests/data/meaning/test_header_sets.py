"""Roles found under the headers of shops, platforms, banks and rating sites, in seven languages; and tables that have none."""

import numpy as np
import pyarrow as pa
import pytest

from segcore.data.files.raw import table_source
from segcore.data.meaning.header_names import matching, plain
from segcore.data.meaning.roles import find_meaning
from segcore.errors import DataError
from segcore.wording.findings import sentence

N = 400
RNG = np.random.default_rng(7)


def dates(form="%Y-%m-%d %H:%M:%S", start="2023-01-02", days=300):
    moments = np.datetime64(start, "s") + RNG.integers(0, days * 86_400, N).astype("timedelta64[s]")
    return [moment.astype(object).strftime(form) for moment in np.sort(moments)]


def pick(values):
    return [str(value) for value in RNG.choice(values, N)]


CONTENTS = {
    "who": lambda: pick([f"C{n:05d}" for n in range(60)]),
    "whoNumber": lambda: pick(range(12_000, 12_060)),
    "unique": lambda: [f"{n:06d}" for n in RNG.permutation(N)],
    "name": lambda: pick([f"Ann {n}" for n in range(60)]),
    "mail": lambda: pick([f"a{n}@b.org" for n in range(60)]),
    "order": lambda: [str(536_000 + n // 3) for n in range(N)],
    "item": lambda: pick([f"P{n:04d}" for n in range(90)]),
    "text": lambda: pick([f"WHITE LANTERN {n}" for n in range(90)]),
    "when": dates,
    "day": lambda: dates("%Y-%m-%d"),
    "dmy": lambda: dates("%d.%m.%Y"),
    "mdy": lambda: dates("%m/%d/%Y %H:%M"),
    "epoch": lambda: [str(n) for n in np.sort(RNG.integers(874_000_000, 893_000_000, N))],
    "hour": lambda: pick([f"{hour:02d}:{minute:02d}" for hour in range(8, 20) for minute in (3, 33)]),
    "count": lambda: pick(range(1, 9)),
    "signed": lambda: pick([*range(1, 9), -1]),
    "price": lambda: pick([0.85, 1.25, 2.55, 4.95, 12.5]),
    "comma": lambda: pick(["0,85", "1,25", "12,50"]),
    "money": lambda: [f"{value:.2f}" for value in RNG.gamma(2, 20, N)],
    "rate": lambda: pick([0.0, 0.1, 0.2, 0.45]),
    "off": lambda: pick([0, 0, 1.5, 3.25, 7]),
    "one": lambda: ["all"] * N,
    "few": lambda: pick(["Furniture", "Office", "Technology"]),
    "more": lambda: pick([f"Sub {n}" for n in range(17)]),
    "yes": lambda: pick(["yes", "no"]),
    "stars": lambda: pick(range(1, 6)),
    "half": lambda: pick(np.arange(0.5, 5.5, 0.5)),
    "number": lambda: [f"{value:.3f}" for value in RNG.normal(50, 12, N)],
    "code": lambda: pick([1, 2, 3]),
    "country": lambda: pick(["FR", "DE", "GB"]),
}


def sets(text):
    """Return ``{title: ({header: content}, {role: header})}``: a title, then ``header=content>role`` with bars between, indented."""
    found, title = {}, ""
    for line in text.strip().splitlines():
        if not line.startswith(" "):
            title = line
            found[title] = ({}, {})
            continue
        for cell in line.strip().strip("|").split("|"):
            header, _, content = cell.strip().rpartition("=")
            content, _, role = content.partition(">")
            found[title][0][header] = content
            if role:
                found[title][1][role] = header
    return found


def columns(headers):
    return {name: CONTENTS[content]() for name, content in headers.items()}


def meaning(headers, **asked):
    raw = table_source("rows", pa.table(columns(headers)), where=lambda row: f"line {row + 2}")
    return find_meaning(raw, kind=asked.get("kind"), roles=asked.get("roles", {}))


SHOPS = sets(
    """
Online Retail
    InvoiceNo=order>order | StockCode=item>item | Description=text | Quantity=signed>quantity | InvoiceDate=when>time |
    UnitPrice=price>price | CustomerID=whoNumber>customer | Country=country
Online Retail II
    Invoice=order>order | StockCode=item>item | Description=text | Quantity=signed>quantity | InvoiceDate=mdy>time |
    Price=price>price | Customer ID=whoNumber>customer | Country=country
Superstore
    Row ID=unique | Order ID=order>order | Order Date=mdy>time | Ship Date=mdy | Ship Mode=few | Customer ID=who>customer |
    Customer Name=name | Segment=few | Country=one | City=more | Postal Code=code | Product ID=item>item | Category=few>category |
    Sub-Category=more | Product Name=text | Sales=money>amount | Quantity=count>quantity | Discount=rate | Profit=number
Superstore, shipped first
    Ship Date=mdy | Order Date=mdy>time | Sub-Category=more | Category=few>category | Customer ID=who>customer |
    Order ID=order>order | Sales=money>amount
Olist
    order_id=order>order | customer_id=unique | order_status=few | order_purchase_timestamp=when>time | order_approved_at=when |
    order_delivered_carrier_date=when | order_estimated_delivery_date=when | order_item_id=count | product_id=item>item |
    seller_id=who | shipping_limit_date=when | price=price | freight_value=price | payment_type=few | payment_installments=count |
    payment_value=money>amount | customer_unique_id=who>customer | product_category_name=more>category | review_score=stars
a sample of sales
    ORDERNUMBER=order>order | QUANTITYORDERED=count>quantity | PRICEEACH=price>price | ORDERLINENUMBER=count | SALES=money |
    ORDERDATE=mdy>time | STATUS=few | QTR_ID=code | PRODUCTLINE=more>category | MSRP=price | PRODUCTCODE=item>item |
    CUSTOMERNAME=name>customer | PHONE=unique | CITY=more | DEALSIZE=few
groceries
    Member_number=whoNumber>customer | Date=dmy>time | itemDescription=text>item | pieces=count>quantity | Price=price>price
member_no
    member_no=who>customer | receipt_no=order>order | purchase_date=day>time | sku=item>item | qty=count>quantity |
    unit_price=price>price | discount=off>discount
a shopper
    shopper=who>customer | basket=order>order | when=when>time | upc=item>item | spend=money>amount | department=more>category
H&M
    t_dat=day>time | customer_id=who>customer | article_id=item>item | price=price>amount | sales_channel_id=code
Instacart-like
    order_id=order>order | user_id=whoNumber>customer | product_id=item>item | order_timestamp=when>time | aisle=more |
    department=few>category | total=money>amount
Dunnhumby
    household_key=whoNumber>customer | BASKET_ID=order>order | TRANS_TIMESTAMP=when>time | PRODUCT_ID=item>item |
    QUANTITY=count>quantity | SALES_VALUE=money>amount | RETAIL_DISC=off>discount | STORE_ID=code
a bank
    TransactionID=unique>order | CustomerID=who>customer | CustomerDOB=day | CustGender=yes | CustAccountBalance=money |
    TransactionDate=mdy>time | TransactionTime=count | TransactionAmount (INR)=money>amount
a card
    txn_id=unique>order | account_no=whoNumber>customer | txn_date=day>time | merchant_category=more | amount_usd=money>amount
dunnhumby, Let's Get Sort-of Real
    SHOP_WEEK=count | SHOP_DATE=day>time | SHOP_WEEKDAY=code | SHOP_HOUR=count | QUANTITY=count>quantity | SPEND=money>amount |
    PROD_CODE=item>item | PROD_CODE_10=text | PROD_CODE_20=text | PROD_CODE_30=more | PROD_CODE_40=few>category | CUST_CODE=who>customer |
    CUST_PRICE_SENSITIVITY=few | CUST_LIFESTAGE=country | BASKET_ID=order>order | BASKET_SIZE=few | BASKET_PRICE_SENSITIVITY=few |
    BASKET_TYPE=few | BASKET_DOMINANT_MISSION=few | STORE_CODE=more | STORE_FORMAT=few | STORE_REGION=country
R's dots
    Customer.ID=who>customer | Order.ID=order>order | Order.Date=day>time | Product.ID=item>item | Quantity=count>quantity |
    Unit.Price=price>price
with tables' names
    orders.customer_id=who>customer | orders.order_id=order>order | orders.order_date=day>time | lines.product_id=item>item |
    lines.qty=count>quantity | lines.unit_price=price>price
a till
    Bill No=order>order | Date=day>time | Time=hour | Loyalty ID=who>customer | Barcode=item>item | Qty=count>quantity |
    Rate=price>price | Disc=off>discount | Net Amount=money
trx
    cust_no=who>customer | trx_dt=day>time | trx_id=unique>order | trx_amt=money>amount
numbers of a card
    DATE=day>time | STORE_NBR=code | LYLTY_CARD_NBR=whoNumber>customer | TXN_ID=order>order | PROD_NBR=item>item | PROD_NAME=text |
    PROD_QTY=count>quantity | TOT_SALES=money>amount
a star's facts
    ProductKey=item>item | OrderDateKey=count | CustomerKey=whoNumber>customer | SalesOrderNumber=order>order |
    OrderQuantity=count>quantity | UnitPrice=price>price | ExtendedAmount=money | DiscountAmount=off>discount | SalesAmount=money |
    TaxAmt=money | Freight=money | DueDate=day | OrderDate=day>time | ShipDate=day
an export of a shop
    Name=order | Email=mail>customer | Financial Status=few | Created at=when>time | Subtotal=money | Shipping=price |
    Discount Code=few | Discount Amount=off>discount | Lineitem quantity=count>quantity | Lineitem name=text |
    Lineitem price=price>price | Lineitem sku=item>item | Billing Name=name
a marketplace
    buyer_name=name | buyer_email=mail>customer | order_id=order>order | ordered_at=when>time | sku=item>item |
    quantity_purchased=count>quantity | item_price=money>price | item_tax=price
departments
    MEMBER_ID=who>customer | TXN_DT=day>time | NET_SALES=money>amount | DISCOUNT_AMT=off>discount | DEPT_NAME=few>category |
    CLASS_NAME=more | TRAN_ID=order>order
German, short
    Kd-Nr=who>customer | Bel-Nr=order>order | Bel-Datum=dmy>time | Art-Nr=item>item | Menge=count>quantity | VK-Preis=comma>price |
    Rabatt %=count
Spanish, short
    Nº Cliente=who>customer | Fecha Venta=dmy>time | Nº Ticket=order>order | Cod. Artículo=item>item | Uds.=count>quantity |
    PVP=comma>price | Dto.=off>discount
German
    Kundennummer=who>customer | Bestellnummer=order>order | Bestelldatum=dmy>time | Lieferdatum=dmy | Artikelnummer=item>item |
    Anzahl=count>quantity | Einzelpreis=comma>price | Warengruppe=more>category | Rabatt=off>discount
German, a sum
    Kunden-Nr.=who>customer | Rechnungsdatum=dmy>time | Rechnungsnr.=order>order | Umsatz (€)=comma>amount
Käufer
    Käufer-ID=who>customer | Kaufdatum=dmy>time | Produkt=item>item | Stückzahl=count>quantity | Stückpreis=comma>price
French
    Code client=who>customer | N° commande=order>order | Date de commande=dmy>time | Date de livraison=dmy | Référence=item>item |
    Quantité=count>quantity | Prix unitaire HT=comma>price | Remise=off>discount | Catégorie=few>category
French, a sum
    numero_client=who>customer | numero_facture=order>order | date_facture=dmy>time | montant_ttc=comma>amount
Spanish
    id_cliente=who>customer | numero_pedido=order>order | fecha_pedido=dmy>time | producto=item>item | cantidad=count>quantity |
    precio_unitario=comma>price | descuento=off>discount | categoría=few>category
Spanish, a sum
    Código de cliente=who>customer | Factura=order>order | Fecha=dmy>time | Importe=comma>amount
Italian
    Codice Cliente=who>customer | Numero Ordine=order>order | Data Ordine=dmy>time | Codice Prodotto=item>item |
    Quantità=count>quantity | Prezzo Unitario=comma>price | Sconto=off>discount | Reparto=few>category
Dutch
    Klantnummer=who>customer | Ordernummer=order>order | Besteldatum=dmy>time | Leverdatum=dmy | Artikelcode=item>item |
    Aantal=count>quantity | Prijs=comma>price | Korting=off>discount | Afdeling=few>category
Dutch, a sum
    klant_id=who>customer | factuurnummer=order>order | factuurdatum=dmy>time | bedrag=comma>amount
Portuguese
    cod_cliente=who>customer | num_pedido=order>order | data_compra=dmy>time | produto=item>item | quantidade=count>quantity |
    preço_unitário=comma>price | desconto=off>discount | categoria=few>category
Portuguese, a sum
    ID do Cliente=who>customer | Nota Fiscal=order>order | Data=dmy>time | Valor Total=comma>amount
    """
)


@pytest.mark.parametrize("shop", SHOPS)
def test_the_roles_of_a_shops_columns_are_found(shop):
    headers, expected = SHOPS[shop]

    found = meaning(headers)

    assert (found.kind, dict(found.roles)) == ("transactions", expected)
    assert set(found.reasons) == set(expected)
    assert all(sentence(reason) for reason in found.reasons.values())


@pytest.mark.parametrize("shop", SHOPS)
def test_the_order_of_the_columns_does_not_matter_to_the_roles(shop):
    headers, expected = SHOPS[shop]

    assert dict(meaning(dict(reversed(headers.items()))).roles) == expected


RATINGS = sets(
    """
MovieLens
    userId=whoNumber>customer | movieId=item>item | rating=half>rating | timestamp=epoch>time
u.data
    user_id=whoNumber>customer | movie_id=item>item | rating=stars>rating | timestamp=epoch>time
RecBole
    user_id:token=whoNumber>customer | item_id:token=item>item | rating:float=half>rating | timestamp:float=epoch>time
books
    User-ID=whoNumber>customer | ISBN=item>item | Book-Rating=stars>rating
reviews
    reviewer_user=few | user=who>customer | item=item>item | stars=stars>rating | date=day>time
anime
    user_id=whoNumber>customer | anime_id=item>item | rating=stars>rating
reviews of a shop
    reviewerID=who>customer | asin=item>item | overall=stars>rating | unixReviewTime=epoch>time | summary=text
German
    Kunde=who>customer | Artikel=item>item | Bewertung=stars>rating | Datum=dmy>time
    """
)


@pytest.mark.parametrize("site", RATINGS)
def test_the_roles_of_ratings_are_found(site):
    headers, expected = RATINGS[site]

    found = meaning(headers)

    assert (found.kind, dict(found.roles)) == ("ratings", expected)


def test_the_category_of_ratings_is_found():
    found = meaning({"userId": "who", "movieId": "item", "rating": "half", "genre": "few"})

    assert found.roles["category"] == "genre"


def test_implicit_ratings_are_found_where_it_is_said_that_they_are_ratings():
    headers = {"user": "who", "artist": "item", "plays": "count"}

    assert meaning(headers, kind="ratings").roles == {"customer": "user", "item": "artist", "rating": "plays"}


def test_ratings_lack_what_is_asked_for_by_name():
    with pytest.raises(DataError, match=r"looks like the rating: name it with --role rating=COLUMN, or count .* with --role rating= "):
        meaning({"user": "who", "item": "item", "x": "text"}, kind="ratings")


@pytest.mark.parametrize(("chosen", "severity"), [({"rating": ""}, "info"), ({}, "warning")])
def test_lines_of_orders_read_as_ratings_are_counted(chosen, severity):
    found = meaning({"customer_id": "who", "order_date": "day", "product_id": "item", "quantity": "count"}, kind="ratings", roles=chosen)

    assert found.roles == {"customer": "customer_id", "time": "order_date", "item": "product_id"}
    [note] = found.notes
    assert note.severity == severity
    assert "number of rows of a customer_id with a product_id counts as the rating (implicit ratings)" in sentence(note)


def test_rows_without_a_rating_are_counted_where_it_is_said_that_there_is_none():
    found = meaning({"user": "who", "item": "item", "x": "text"}, kind="ratings", roles={"rating": ""})

    assert found.roles == {"customer": "user", "item": "item"}


CUSTOMER_TABLES = sets(
    """
telecom
    customerID=unique>customer | gender=yes | SeniorCitizen=yes | tenure=count | Contract=few | MonthlyCharges=money |
    TotalCharges=money | Churn=yes
telecom without an id
    state=more | account length=count | area code=code | international plan=yes | total day minutes=number | churn=yes
bank marketing
    age=count | job=more | marital=few | default=yes | balance=number | day=count | month=few | duration=number | deposit=yes
bank churners
    CLIENTNUM=unique>customer | Attrition_Flag=yes | Customer_Age=count | Card_Category=few | Credit_Limit=money |
    Total_Trans_Amt=money
bank churn
    RowNumber=unique | CustomerId=unique>customer | Surname=name | CreditScore=number | Balance=money | Exited=yes
insurance
    Customer=unique>customer | State=few | Customer Lifetime Value=money | Effective To Date=day | Total Claim Amount=money
insurance policies
    policy_number=unique>customer | policy_bind_date=day | insured_sex=yes | umbrella_limit=money | incident_date=day | fraud=yes
insurance without an id
    age=count | sex=yes | bmi=number | smoker=yes | charges=money
retail
    customer_id=unique>customer | signup_date=day | last_order_date=day | total_orders=count | total_spend=money
a mall
    CustomerID=unique>customer | Gender=yes | Age=count | Annual Income (k$)=number | Spending Score (1-100)=count
credit cards
    CUST_ID=unique>customer | BALANCE=money | PURCHASES=money | CASH_ADVANCE=money | TENURE=count
members are yes and no
    member=yes | joined=day | age=count | visits=count
accounts of three kinds
    account=few | opened=day | balance=money
shoppers
    Administrative=count | BounceRates=rate | Month=count | Region=code | VisitorType=few | Revenue=yes
wholesale
    Channel=code | Region=code | Fresh=number | Milk=number
emails
    email=unique | age=count | visits=count
emails that stand twice
    email=mail | age=count | visits=count
what was paid is no id
    amount_paid=number | paid=number | age=count | plan=few
a loan
    loanId=unique>customer | platform=few | amount=money
a phone is no id
    phone_number=unique | age=count | visits=count
german
    Kundennummer=unique>customer | Anlagedatum=day | Umsatz=money
    """
)


@pytest.mark.parametrize("table", CUSTOMER_TABLES)
def test_tables_with_one_row_a_customer_are_known_as_such(table):
    headers, expected = CUSTOMER_TABLES[table]

    found = meaning(headers)

    assert (found.kind, dict(found.roles)) == ("customers", expected)


def test_a_discount_that_is_a_rate_has_no_role_and_that_is_said():
    headers, _ = SHOPS["Superstore"]

    found = meaning(headers)

    assert [sentence(note) for note in found.notes] == [
        "Discount holds rates between 0 and 1 rather than money taken off, so it has no role: if it is money, give it the role discount."
    ]
    assert [note.severity for note in meaning(headers, roles={"discount": "Discount"}).notes] == ["warning"]


def test_a_discount_in_per_cent_is_a_rate_by_its_name():
    found = meaning({"customer_id": "who", "date": "day", "discount_pct": "count", "amount": "money"})

    assert "discount" not in found.roles
    assert "is a rate by its name" in sentence(found.notes[0])


def with_totals(**more):
    """Return orders of three lines whose total stands in each of them."""
    lines = {**columns({"customer_id": "who", "order_id": "order", "order_date": "day"}), **columns(more)}
    totals = {order: str(100 + n) for n, order in enumerate(dict.fromkeys(lines["order_id"]))}
    lines["order_total"] = [totals[order] for order in lines["order_id"]]
    return table_source("rows", pa.table(lines), where=str)


def test_a_total_that_each_line_of_an_order_repeats_is_warned_of():
    found = find_meaning(with_totals(), kind=None, roles={})

    assert found.roles["amount"] == "order_total"
    assert [sentence(note) for note in found.notes] == [
        "order_total is the same in all lines of an order, like an order total, and counts once per line: if it is a total, give another "
        "column the role amount, or keep one row per order."
    ]


def test_an_amount_of_the_line_is_preferred_to_a_total_that_each_line_repeats():
    found = find_meaning(with_totals(amount="money"), kind=None, roles={})

    assert (found.roles["amount"], found.notes) == ("amount", ())


def test_totals_that_differ_within_an_order_are_amounts_of_lines():
    assert meaning({"customer_id": "who", "order_id": "order", "order_date": "day", "total": "money"}).notes == ()


def test_yes_and_no_are_no_categories():
    found = meaning({"customer_id": "who", "date": "day", "amount": "money", "category_1": "yes", "category_2": "few"})

    assert found.roles["category"] == "category_2"


def test_a_category_of_one_value_is_none():
    found = meaning({"customer_id": "who", "date": "day", "amount": "money", "category": "one", "subcategory": "more"})

    assert found.roles["category"] == "subcategory"


def test_the_reason_of_a_category_names_what_it_was_chosen_from():
    headers, _ = SHOPS["Superstore"]

    assert sentence(meaning(headers).reasons["category"]) == "by its name, with 3 different values, the fewest of Category, Sub-Category"


def test_the_reason_of_an_id_says_how_many_there_are():
    headers, _ = SHOPS["Online Retail"]

    assert sentence(meaning(headers).reasons["customer"]) == "by its name, with 60 different values in 400 rows"


def test_lines_of_orders_are_transactions_though_each_customer_ordered_once():
    found = meaning({"customer_id": "unique", "order_id": "order", "date": "day", "qty": "count", "price": "price"})

    assert found.kind == "transactions"


def test_orders_without_a_customer_are_refused_naming_the_role():
    with pytest.raises(DataError, match=r"--role customer=COLUMN"):
        meaning({"order_id": "order", "order_date": "day", "total": "money"})


def test_roles_that_are_asked_for_tell_the_kind():
    headers = {"customer_id": "unique", "opened": "day", "value": "money", "score": "stars", "thing": "item"}

    assert meaning(headers, roles={"amount": "value"}).kind == "transactions"
    assert meaning(headers, roles={"rating": "score", "item": "thing"}).kind == "ratings"


def test_roles_of_another_kind_are_left_out():
    headers, _ = SHOPS["Online Retail"]

    found = meaning({**headers, "CustomerID": "unique"}, kind="customers", roles={"customer": "CustomerID", "time": "InvoiceDate"})

    assert dict(found.roles) == {"customer": "CustomerID"}


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Käufer-ID", "kauferid"),
        ("N° commande", "ncommande"),
        ("Umsatz (€)", "umsatz"),
        ("Straße", "strasse"),
        ("(only)", "only"),
        ("rating:float", "rating"),
        ("客户", ""),
    ],
)
def test_names_are_compared_by_their_letters(name, letters):
    assert plain(name) == letters


def test_a_seller_is_no_customer():
    assert matching("customer", ["seller_id", "salesperson_id", "cashier_no", "employee_id", "client_id"]) == ["client_id"]
