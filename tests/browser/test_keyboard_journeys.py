"""The same journeys by keyboard alone: every control is reached with Tab and used with keys."""

import csv
import io
import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import LONG, metric, wait_for_sample
from tests.browser.test_data_journeys import customer_table

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

HAS_FOCUS = "element => element.contains(document.activeElement)"
FOCUSED = "() => document.activeElement.outerHTML"
IN_TABLE = "() => document.activeElement.closest('[data-testid=stDataFrame]') !== null"


def reach(page, target, *, most=250):
    """Press Tab until the focus is on, or in, what is looked for; a table is left with Escape."""
    expect(target).to_be_visible(timeout=LONG)
    passed = []
    for _ in range(most):
        if target.evaluate(HAS_FOCUS):
            return
        page.keyboard.press("Escape" if page.evaluate(IN_TABLE) else "Tab")
        passed.append(page.evaluate("() => document.activeElement.innerText || document.activeElement.getAttribute('aria-label')"))
    raise AssertionError(f"not reached with {most} keys: {passed}")


def press(page, settle, target, key="Enter"):
    reach(page, target)
    page.keyboard.press(key)
    settle(page)


def go(page, settle, title):
    press(page, settle, page.get_by_test_id("stSidebarNavLink").filter(has_text=title))
    expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible(timeout=LONG)
    settle(page)


def choose(page, settle, label, option):
    """Choose from a list by typing, as Streamlit's lists are searched."""
    reach(page, page.get_by_role("combobox", name=label))
    page.keyboard.type(option)
    page.keyboard.press("Enter")
    settle(page)


def saved(page, name):
    reach(page, page.get_by_role("button", name=name))
    with page.expect_download(timeout=LONG) as waiting:
        page.keyboard.press("Enter")
    return waiting.value.path().read_text(encoding="utf-8")


def test_the_sample_is_swept_a_solution_chosen_named_compared_and_exported_by_keyboard(new_server, open_page, settle):
    page = open_page(new_server)
    wait_for_sample(page, settle)
    press(page, settle, page.get_by_role("button", name="Set up a sweep"))
    press(page, settle, page.get_by_role("button", name="Run sweep"))
    opened = page.get_by_role("heading", name="Explore", exact=True, level=1)
    button = page.get_by_role("button", name="Explore the results")
    expect(opened.or_(button)).to_be_visible(timeout=LONG)
    if button.is_visible():
        press(page, settle, button)
    expect(opened).to_be_visible(timeout=LONG)
    settle(page)
    choose(page, settle, "Solution", "4 segments")
    expect(metric(page, "Segments")).to_have_text("4", timeout=LONG)

    go(page, settle, "Segments")
    reach(page, page.get_by_label("Name", exact=True))
    page.keyboard.press("Control+a")
    page.keyboard.type("Regulars")
    page.keyboard.press("Enter")
    settle(page)
    expect(page.get_by_text("Regulars").first).to_be_visible(timeout=LONG)

    go(page, settle, "Compare")
    expect(page.get_by_text("Rand").first).to_be_visible(timeout=LONG)
    go(page, settle, "Export")
    rows = list(csv.DictReader(io.StringIO(saved(page, re.compile("Download .* as CSV")))))
    assert len(rows) == 2469
    assert {row["segment_name"] for row in rows} >= {"Regulars"}


def test_a_file_is_uploaded_its_columns_corrected_and_its_features_chosen_by_keyboard(new_server, open_page, settle, tmp_path):
    page = open_page(new_server, "/data")
    expect(page.get_by_role("heading", name=re.compile("^Loaded: "))).to_be_visible(timeout=LONG)
    settle(page)
    file = tmp_path / "people.csv"
    file.write_bytes(customer_table()["buffer"])
    reach(page, page.get_by_test_id("stMain").get_by_role("radio", name="A sample"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    settle(page)
    opened = []

    def note(chooser):
        opened.append(chooser)

    page.once("filechooser", note)
    for _ in range(5):
        reach(page, page.locator("[class*='st-key-data-upload'] [data-testid=stFileUploaderDropzone] button"))
        page.keyboard.press("Enter")
        page.wait_for_timeout(1000)  # while a page is drawn again, its buttons do nothing
        if opened:
            break
    opened[0].set_files(file)
    expect(page.get_by_role("heading", name="Loaded: people.csv")).to_be_visible(timeout=LONG)
    settle(page)

    reach(page, page.locator("[class*='st-key-columns-'] [data-testid=stDataFrame]").first)
    use_of_region = page.locator("#glide-cell-1-0").first
    for _ in range(8):
        if use_of_region.evaluate(HAS_FOCUS):
            break
        before = page.evaluate(FOCUSED)
        page.keyboard.press("Tab")
        # A table moves the focus twice: to itself, and to its cell once it has drawn.
        page.wait_for_function(f"before => ({FOCUSED})() !== before", arg=before)
        page.wait_for_timeout(300)
    expect(use_of_region).to_have_text("Number")
    page.keyboard.press("Enter")
    expect(page.locator("input[id^=react-select]")).to_be_focused(timeout=LONG)
    page.keyboard.type("Category")
    expect(page.get_by_role("option", name="Category", exact=True)).to_be_visible(timeout=LONG)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    settle(page)
    expect(page.get_by_text("Changed, but not applied yet.")).to_be_visible(timeout=LONG)
    press(page, settle, page.get_by_role("button", name="Apply", exact=True))
    expect(page.get_by_text("Changed, but not applied yet.")).to_have_count(0, timeout=LONG)
    settle(page)

    reach(page, page.get_by_test_id("stDataFrame").last)
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()  # behind the last table comes the beginning
    go(page, settle, "Features")
    expect(page.get_by_test_id("stMain")).to_contain_text("region")
    press(page, settle, page.get_by_role("button", name="Untick all").first, "Space")


def test_a_table_is_left_with_one_key(server, prepared, open_page, settle):
    page = open_page(server, f"/explore?sweep={prepared.kmeans.id}")
    expect(page.get_by_role("combobox", name="Solution")).to_be_visible(timeout=LONG)
    settle(page)
    table = page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    place = table.bounding_box()
    page.mouse.click(place["x"] + 60, place["y"] + 60)
    assert page.evaluate(IN_TABLE)
    page.keyboard.press("Tab")
    assert page.evaluate(IN_TABLE)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Download the table as CSV")).to_be_focused()
