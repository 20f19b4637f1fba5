"""A new user's first segmentation; then files of their own, refused one after the other, or taken from upload to a segmentation."""

import csv
import gzip
import io
import json
import random
import re
import zipfile

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    LONG,
    click_plot_point,
    downloaded,
    go,
    lasso_left_half,
    metric,
    open_results,
    sidebar,
    start_sweep,
    upload,
    wait_for_sample,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def csv_file(name, header, rows):
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return {"name": name, "mimeType": "text/csv", "buffer": text.getvalue().encode()}


def customer_table():
    draw = random.Random(5)
    rows = [
        (f"k{n:04d}", draw.choice((1, 2, 3)), draw.randint(18, 80), draw.choice(("flat", "house")), draw.choice(("no", "no", "yes")))
        for n in range(400)
    ]
    return csv_file("people.csv", ["client_id", "region", "age", "home", "churn"], rows)


def ambiguous_orders():
    draw = random.Random(7)
    rows = [
        (
            f"{draw.randint(1, 60):04d}",
            n // 2,
            f"0{draw.randint(1, 9)}/0{draw.randint(1, 9)}/2024",
            draw.randint(1, 5),
            draw.randint(1, 40) / 4,
        )
        for n in range(900)
    ]
    return csv_file("orders.csv", ["customer", "order", "date", "quantity", "price"], rows)


FILMS = ("Space", "Harbour")


def ratings_and_films():
    """Return ratings of 90 customers with one of two tastes, without a header, and the table of the films."""
    draw = random.Random(3)
    ratings = [
        (who, film, draw.randint(4, 5) if film % 2 == who % 2 else draw.randint(1, 2), 881_250_949 + 977 * who + film)
        for who in range(1, 91)
        for film in range(1, 31)
        if draw.random() < 0.6
    ]
    films = [(film, f"{FILMS[film % 2]} {film} (1997)", ("Sci-Fi", "Drama")[film % 2]) for film in range(1, 31)]
    lines = "".join("\t".join(map(str, row)) + "\n" for row in ratings)
    return {"name": "u.data", "mimeType": "text/plain", "buffer": lines.encode()}, csv_file("films.csv", ["item", "title", "genre"], films)


def change_use(page, settle, row, use):
    """Choose another use in the column editor as a person does: double-click the cell, choose from its list."""
    editor = page.locator("[class*='st-key-columns-'] [data-testid=stDataFrame]").first
    editor.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    box = editor.locator("canvas").first.bounding_box()
    column = editor.locator("[role=columnheader]").filter(has_text="Used as")
    assert column.count() == 1
    page.mouse.dblclick(box["x"] + 130, box["y"] + 35 * (row + 1) + 17)
    page.get_by_role("option", name=use, exact=True).click()
    page.keyboard.press("Enter")
    settle(page)


def test_a_new_user_sweeps_clicks_a_point_names_a_segment_and_exports_it(new_server, open_page, settle):
    page = open_page(new_server)
    wait_for_sample(page, settle)
    page.get_by_role("button", name="Set up a sweep").click()
    start_sweep(page, settle)
    open_results(page, settle)
    expect(page.get_by_text("Recommended: 2 segments.").first).to_be_visible(timeout=LONG)
    settle(page)
    click_plot_point(page, page.locator("[class*='st-key-figure-'] .js-plotly-plot").first, 3)
    expect(metric(page, "Segments")).to_have_text("5", timeout=LONG)
    settle(page)
    assert "point=" in page.url and "sweep=" in page.url
    link = page.url.removeprefix(new_server.url)

    go(page, settle, "Segments")
    page.get_by_label("Name", exact=True).fill("Regulars, weekly")
    page.keyboard.press("Enter")
    settle(page)
    expect(page.get_by_text("Regulars, weekly").first).to_be_visible(timeout=LONG)

    go(page, settle, "Export")
    expect(page.get_by_text("Regulars, weekly").first).to_be_visible(timeout=LONG)
    sizes = [int(size.replace(",", "")) for size in re.findall(r"· ([\d,]+) customers", page.get_by_test_id("stMain").inner_text())]
    assert len(sizes) == 5 and sum(sizes) == 2469
    rows = list(csv.DictReader(io.StringIO(downloaded(page, re.compile("Download .* as CSV")).decode())))
    assert list(rows[0])[:3] == ["customer_id", "segment", "segment_name"]
    assert sorted(sum(row["segment"] == str(label) for row in rows) for label in range(5)) == sorted(sizes)
    assert len({row["customer_id"] for row in rows}) == len(rows) == 2469
    assert {row["segment_name"] for row in rows} >= {"Regulars, weekly"}
    described = json.loads(downloaded(page, re.compile("JSON")))
    assert described["rows"] == 2469

    other = open_page(new_server, link)
    expect(metric(other, "Segments")).to_have_text("5", timeout=LONG)


def far_cell():
    content = io.BytesIO()
    names = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    relations = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kinds}.worksheet+xml"/></Types>',
        "_rels/.rels": relations.format(f'<Relationship Id="r1" Type="{relation}/officeDocument" Target="xl/workbook.xml"/>'),
        "xl/workbook.xml": f'<workbook {names} xmlns:r="{relation}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations.format(
            f'<Relationship Id="r1" Type="{relation}/worksheet" Target="worksheets/sheet1.xml"/>'
        ),
        "xl/worksheets/sheet1.xml": f'<worksheet {names}><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>',
    }
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


GOOD = ambiguous_orders()["buffer"].replace(b"/2024", b"/2024 10:00")
REFUSED = {
    "picture.csv": (b"\x89PNG\r\n\x1a\n" + bytes(200), "PNG"),
    "login.csv": (b"<!DOCTYPE html><html><body>Please log in</body></html>", "HTML"),
    "book.csv": (far_cell(), "XLSX"),
    "cut.csv.gz": (gzip.compress(GOOD)[:-400], "gzip"),
    "open.csv": (b'customer,date,amount\n1,2024-01-01,3\n2,"2024-01-02,4\n3,2024-01-03,5\n', "line 3"),
    "zeros.csv": (GOOD.replace(b"/2024", b"\x00/2024", 3), "NUL"),
    "far.xlsx": (far_cell(), "1,048,576"),
    "empty.csv": (b"", "empty"),
}


def test_files_that_are_refused_are_each_one_sentence_and_a_good_one_is_loaded_after_them(new_server, open_page, settle):
    page = open_page(new_server, "/data")
    wait_for_sample(page, settle)
    for name, (content, word) in REFUSED.items():
        upload(page, settle, {"name": name, "mimeType": "application/octet-stream", "buffer": content})
        said = page.get_by_test_id("stAlert").filter(has_text=name).filter(has_text=word)
        expect(said).to_be_visible(timeout=LONG)
        settle(page)
        expect(page.get_by_test_id("stMain")).not_to_contain_text("Traceback")
        expect(page.get_by_role("heading", name="Loaded: The Complete Journey")).to_be_visible()
    upload(page, settle, csv_file("good.csv", ["customer", "date", "amount"], [(n % 9, f"2024-03-{n % 28 + 1:02d}", n) for n in range(90)]))
    expect(page.get_by_role("heading", name="Loaded: good.csv")).to_be_visible(timeout=LONG)
    expect(page.get_by_test_id("stAlert").filter(has_text="is still loaded")).to_have_count(0)
    expect(metric(page, "Customers")).to_have_text("9")


def sweep_and_explore(page, settle):
    go(page, settle, "Sweep")
    page.get_by_role("button", name="Run sweep").click()
    open_results(page, settle)
    expect(page.get_by_role("combobox", name="Solution")).to_be_visible(timeout=LONG)
    settle(page)


def test_a_customer_table_is_corrected_clustered_looked_into_and_exported(new_server, open_page, settle):
    page = open_page(new_server, "/data")
    upload(page, settle, customer_table())
    expect(page.get_by_role("heading", name="Loaded: people.csv")).to_be_visible(timeout=LONG)
    settle(page)
    change_use(page, settle, 0, "Category")
    expect(page.get_by_text("Changed, but not applied yet.")).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Apply", exact=True).click()
    expect(page.get_by_text("Changed, but not applied yet.")).to_have_count(0, timeout=LONG)
    settle(page)

    go(page, settle, "Features")
    expect(page.get_by_test_id("stMain")).to_contain_text("region")
    sweep_and_explore(page, settle)
    go(page, settle, "Segments")
    main = page.get_by_test_id("stMain")
    expect(page.get_by_role("heading", name="Categories and profile columns")).to_be_visible(timeout=LONG)
    settle(page)
    expect(main.get_by_text("churn · profile column, not clustered on")).to_be_visible()
    main.get_by_text("Choose which columns to show").click()
    expect(main.get_by_role("button", name="region", exact=True)).to_be_visible()

    go(page, settle, "Export")
    rows = list(csv.DictReader(io.StringIO(downloaded(page, re.compile("Download .* as CSV")).decode())))
    assert len(rows) == 400
    assert {row["customer_id"] for row in rows} == {f"k{n:04d}" for n in range(400)}


def test_dates_that_could_be_either_are_settled_by_a_click_and_lead_to_a_sweep(new_server, open_page, settle):
    page = open_page(new_server, "/data")
    upload(page, settle, ambiguous_orders())
    expect(page.get_by_role("heading", name="Not loaded yet: orders.csv")).to_be_visible(timeout=LONG)
    settle(page)
    page.get_by_role("button", name="Read dates month first").click()
    expect(page.get_by_role("heading", name="Loaded: orders.csv")).to_be_visible(timeout=LONG)
    settle(page)
    expect(metric(page, "Rows used")).to_have_text("900")
    sweep_and_explore(page, settle)


def test_two_tabs_each_show_their_own_data_after_reloads_links_and_the_back_button(new_server, open_page, settle):
    first = open_page(new_server)
    loaded = first.get_by_role("heading", name=re.compile("^Loaded: "))
    expect(loaded).to_be_visible(timeout=LONG)
    settle(first)
    name = loaded.inner_text().removeprefix("Loaded: ")  # what another test has loaded last
    expect(sidebar(first)).to_contain_text(name, timeout=LONG)

    second = open_page(new_server, "/data")
    settle(second)
    orders = "customer,date,amount,order\n" + "".join(f"c{n % 9},2024-{n % 12 + 1:02d}-11,{n}.5,o{n}\n" for n in range(90))
    upload(second, settle, {"name": "tab two.csv", "mimeType": "text/csv", "buffer": orders.encode()})
    expect(second.get_by_role("heading", name="Loaded: tab two.csv")).to_be_visible(timeout=LONG)
    settle(second)
    expect(sidebar(second)).to_contain_text("tab two.csv", timeout=LONG)

    first.reload()
    settle(first)
    expect(sidebar(first)).to_contain_text(name, timeout=LONG)
    go(first, settle, "Features")
    first.reload()
    settle(first)
    expect(sidebar(first)).to_contain_text(name, timeout=LONG)

    go(second, settle, "Explore")
    expect(second.get_by_text("There is no sweep of tab two.csv yet.")).to_be_visible(timeout=LONG)
    second.go_back()
    settle(second)
    expect(sidebar(second)).to_contain_text("tab two.csv", timeout=LONG)
    linked = open_page(new_server, second.url.removeprefix(new_server.url))
    expect(sidebar(linked)).to_contain_text("tab two.csv", timeout=LONG)


def test_ratings_and_films_are_uploaded_swept_explained_and_exported(new_server, open_page, settle):
    page = open_page(new_server, "/data")
    settle(page)
    ratings, films = ratings_and_films()
    upload(page, settle, ratings)
    expect(page.get_by_role("heading", name="Loaded: u.data")).to_be_visible(timeout=LONG)
    settle(page)
    page.locator("[class*='st-key-second-upload-items'] input[type=file]").set_input_files(films)
    expect(page.get_by_text("films.csv describes 30 of 30 items, found by item.")).to_be_visible(timeout=LONG)
    settle(page)

    go(page, settle, "Features")
    page.get_by_text("Taste: what customers like, item by item").click()
    page.get_by_role("button", name="Compute components").click()
    expect(page.get_by_role("button", name="Remove these features")).to_be_visible(timeout=LONG)
    settle(page)
    sweep_and_explore(page, settle)
    page.get_by_role("combobox", name="Solution").fill("2 segments")
    page.keyboard.press("Enter")
    expect(metric(page, "Segments")).to_have_text("2", timeout=LONG)
    settle(page)

    go(page, settle, "Segments")
    main = page.get_by_test_id("stMain")
    for film in FILMS:
        expect(main.get_by_text(re.compile(f"Like {film} .*% of them vs .* of all")).first).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Predict the segments").click()
    expect(main.get_by_text("Do tastes carry over to other items?")).to_be_visible(timeout=LONG)
    settle(page)
    expect(main).to_contain_text("tastes carry over")
    page.get_by_role("button", name="Draw the map").click()
    expect(main.get_by_text(re.compile("The map shows .* of the variance of the .* of taste as clustered"))).to_be_visible(timeout=LONG)
    settle(page)
    lasso_left_half(page, page.locator("[class*='st-key-figure-map-']").first)
    expect(main.get_by_text(re.compile(r"Selected: \d+ customers, \d+ % of all"))).to_be_visible(timeout=LONG)
    settle(page)
    selected = list(csv.DictReader(io.StringIO(downloaded(page, re.compile("Download .* as CSV")).decode())))
    assert len({row["segment_name"] for row in selected}) == 1  # one segment is left of the other

    go(page, settle, "Export")
    rows = list(csv.DictReader(io.StringIO(downloaded(page, re.compile("Download .* as CSV")).decode())))
    assert {(row["segment_name"].split()[1], int(row["customer_id"]) % 2) for row in rows} == {("Space", 0), ("Harbour", 1)}
