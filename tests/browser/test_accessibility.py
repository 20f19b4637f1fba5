"""axe-core's rules on every page, light and dark, empty and with a sweep."""

from collections import Counter

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
PAGES = ["/", "/data", "/features", "/sweep", "/explore", "/segments", "/compare", "/over_time", "/targets", "/benchmark", "/export"]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
RULES_OF_COLOUR = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}  # no other depends on the scheme


def serious(page, rules=RULES):
    """Return the serious findings; a rule that Streamlit's own frame breaks is a finding too."""
    found = Axe().run(page, options=rules).response["violations"]
    return {rule["id"]: rule["nodes"][0]["html"][:300] for rule in found if rule["impact"] in ("serious", "critical")}


def repeated_buttons(page):
    """Return the names that more than one button of the page has."""
    buttons = page.locator("[data-testid='stButton'], [data-testid='stDownloadButton'], [data-testid='stPopover']").get_by_role("button")
    names = [button.inner_text().split("\n")[-1].strip() for button in buttons.all()]
    return [name for name, count in Counter(names).items() if count > 1]


def background(page):
    return page.get_by_test_id("stApp").evaluate("app => getComputedStyle(app).backgroundColor")


@pytest.mark.parametrize("path", PAGES)
def test_no_serious_finding_on_a_page(server, prepared, open_page, settle, path):
    page = open_page(server, f"{path}?sweep={prepared.kmeans.id}&point=1")
    expect(page.get_by_role("heading", level=1).first).to_be_visible(timeout=60_000)
    settle(page)
    page.wait_for_timeout(800)
    assert serious(page) == {}
    assert repeated_buttons(page) == []
    light = background(page)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(800)
    settle(page)
    assert background(page) != light
    assert serious(page, RULES_OF_COLOUR) == {}


@pytest.mark.parametrize("path", ["/explore", "/segments", "/export"])
def test_no_serious_finding_with_noise_and_points_without_segments(server, prepared, open_page, settle, path):
    page = open_page(server, f"{path}?sweep={prepared.dbscan.id}", width=700)
    expect(page.get_by_role("heading", level=1).first).to_be_visible(timeout=60_000)
    settle(page)
    page.wait_for_timeout(800)
    assert serious(page) == {}


def test_no_serious_finding_with_a_table_before_and_after_it_is_written(server, prepared, open_page, settle, tmp_path):
    page = open_page(server, f"/export?sweep={prepared.kmeans.id}&point=1", width=700)
    page.get_by_text("Database table", exact=True).click(timeout=60_000)
    expect(page.get_by_role("button", name="into a table")).to_be_disabled(timeout=60_000)
    settle(page)
    assert serious(page) == {}
    page.get_by_role("textbox", name="Address of the database").fill(f"sqlite:///{tmp_path / 'shop.db'}")
    page.get_by_role("textbox", name="Table").fill("segments")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="into segments").click(timeout=60_000)
    expect(page.get_by_text("written into the new table")).to_be_visible(timeout=60_000)
    settle(page)
    assert serious(page) == {}
    assert repeated_buttons(page) == []
