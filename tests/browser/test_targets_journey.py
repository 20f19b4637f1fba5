"""Whom to reach, in a real browser: asked, found by a job that a reload does not stop, and downloaded."""

import csv
import io
import random
import re

import pytest
from playwright.sync_api import expect

from segcore.intake.take_in import take_in
from segcore.records.intake import DataRequest
from segcore.store.store import Store
from tests.browser.conftest import running
from tests.browser.steps import LONG, downloaded
from tests.browser.test_accessibility import repeated_buttons, serious

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def shop(tmp_path):
    """Return a server with the orders of 150 customers, a quarter of whom keep to bread, and often buy cheese; the others milk."""
    draw, rows = random.Random(0), []
    for number in range(150):
        bread, cheese = (0.8, 0.08) if number % 4 == 0 else (0.2, 0.005)
        for order in range(draw.randint(12, 24)):
            day = draw.randrange(120)
            bought = "cheese" if draw.random() < cheese else "bread" if draw.random() < bread else "milk"
            rows.append((f"c{number:03}", f"o{number}-{order}", f"2024-{1 + day // 30:02}-{1 + day % 28:02}", draw.randint(1, 9), bought))
    path = tmp_path / "shop.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("customer_id", "order", "date", "amount", "department"), *rows])
    home = tmp_path / "home"
    store, request = Store(home), DataRequest(data=str(path), name="shop.csv")
    take_in(store, request)
    store.put_intake("app:latest-request", request.to_json())
    with running(home) as server:
        yield server


def test_whom_to_reach_is_found_through_a_reload_and_downloaded(shop, open_page, settle):
    page = open_page(shop, "/targets")
    main = page.get_by_test_id("stMain")
    main.get_by_label("Customers to contact").fill("30")
    main.get_by_label("Customers to contact").press("Enter")
    main.get_by_text("Include earlier buyers").click()
    settle(page)
    main.get_by_role("button", name="Find whom to reach").click()
    expect(main.get_by_role("heading", name="cheese", exact=True)).to_be_visible(timeout=LONG)
    page.reload()
    settle(page)
    expect(main.get_by_role("heading", name="Whom to contact")).to_be_visible(timeout=LONG)
    expect(main).to_contain_text("department cheese, 30 contacts, purchase within 28 days, earlier buyers included")
    expect(main.get_by_test_id("stMetric").filter(has_text="Customers to contact")).to_contain_text("30")
    main.get_by_role("radio", name="Buyers reached").or_(main.get_by_role("button", name="Buyers reached")).first.click()
    expect(main).to_contain_text("of all buyers:", timeout=LONG)
    assert serious(page) == {} and repeated_buttons(page) == []
    rows = list(csv.DictReader(io.StringIO(downloaded(page, re.compile("Download all .* as CSV")).decode())))
    assert sum(row["group"] == "contact" for row in rows) == 30 and [row["rank"] for row in rows] == [
        str(at + 1) for at in range(len(rows))
    ]
