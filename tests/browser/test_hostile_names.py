"""Names that look like markup, on every screen in a real browser: nothing is fetched, nothing is a link, every character is there."""

import re
import time

import pytest
from playwright.sync_api import expect

from segcore.clustering.algorithms.registry import algorithm
from segcore.features.planning.sets import feature_names
from segcore.intake.take_in import take_in
from segcore.records.grid import point_key
from segcore.records.intake import DataRequest
from segcore.records.plan import Plan
from segcore.store.store import Store
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec
from tests.browser.conftest import running
from tests.browser.steps import LONG, upload
from tests.data import conftest as data_fixtures
from tests.hostile_names import NAMES, marks, write_customers, write_orders, write_ratings, wrong_texts

write_xlsx = data_fixtures.write_xlsx

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SCREENS = ("", "data", "features", "sweep", "explore", "segments", "compare", "over_time", "targets", "export", "benchmark")
POINT = "n_clusters=3"
_OPEN = """() => {
    const shut = document.querySelectorAll('[data-testid=stMain] [data-testid=stExpander] details:not([open]) summary');
    shut.forEach(summary => summary.click());
    return shut.length;
}"""
_CHOICES = "[role=tab], [data-testid=stButtonGroup] button, [data-testid=stPopover] button, [data-testid=stRadio] label"

# Each text with the block that it is in, whatever is bold, a link or a line of its own within that block; no code, which must run as it is.
_TEXTS = """() => {
    const inline = ['SPAN', 'B', 'I', 'EM', 'STRONG', 'CODE', 'DEL', 'A', 'SMALL', 'TSPAN'], blocks = new Set(), found = [];
    for (const element of document.body.querySelectorAll('*')) {
        if (['SCRIPT', 'STYLE'].includes(element.tagName)) continue;
        if (element.value && ['INPUT', 'TEXTAREA'].includes(element.tagName)) found.push(element.value);
        for (const name of ['title', 'alt', 'placeholder']) found.push(element.getAttribute(name) || '');
        let block = element;
        if (![...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())) continue;
        while (inline.includes(block.tagName.toUpperCase())) block = block.parentElement;
        blocks.add(block);
    }
    const shown = block => {
        const copy = block.cloneNode(true);
        copy.querySelectorAll('[data-testid=stCode]').forEach(code => code.remove());
        return block.closest('[data-testid=stCode]') ? '' : copy.textContent;
    };
    return [...found, ...[...blocks].map(shown)].filter(text => text.trim());
}"""
_FOREIGN = """() => [...document.querySelectorAll('*')].flatMap(element => {
    const tag = element.tagName.toLowerCase();
    const to = tag === 'a' ? element.getAttribute('href') || element.getAttribute('xlink:href') : tag === 'img' ? element.src : null;
    if (!to || /^(data|blob):/.test(to)) return [];
    const host = new URL(to, location.href).host;
    return host === location.host ? [] : [element.outerHTML];
})"""


@pytest.fixture(scope="module")
def named_store(tmp_path_factory):
    """Return a function that makes a store of one kind of data whose names are hostile, with a sweep, and the sweep's id."""

    def make(kind):
        folder = tmp_path_factory.mktemp(kind)
        path = folder / "data.csv"
        {"customers": write_customers, "transactions": write_orders, "ratings": write_ratings}[kind](path)
        store, request = Store(folder / "home"), DataRequest(data=str(path), name=f"{NAMES[0]} {NAMES[38]}")
        taken = take_in(store, request)
        assert taken.kind == kind
        store.put_intake("app:latest-request", request.to_json())
        names = feature_names(store.feature_table(taken.table), "behaviour" if kind == "transactions" else "all", kind)[:24]
        points = algorithm("kmeans").parse_grid(["n_clusters=2,3", "tol=0.0001", "n_init=2"]).points()
        spec = make_spec(store, taken.table, taken.data, Plan(names), algorithm="kmeans", points=points)
        store.add_sweep(spec)
        run_sweep(store, spec.id)
        store.name_sweep(spec.id, NAMES[2])
        for place, name in enumerate((NAMES[4], NAMES[17], NAMES[32])):
            store.name_segment(spec.id, point_key(spec.points[1]), place, name)
        return store.home, spec.id

    return make


@pytest.fixture(scope="module")
def customers(named_store):
    """Return a server of a table of customers, and the id of its sweep."""
    home, sweep = named_store("customers")
    with running(home) as server:
        yield server, sweep


@pytest.fixture(autouse=True)
def no_dialog(browser):
    """Fail a test in which a dialog opens; `open_page` fails one whose page asks another host for anything."""
    said = []

    def dismiss(dialog):
        said.append(dialog.message)
        dialog.dismiss()

    browser.on("dialog", dismiss)
    yield
    browser.remove_listener("dialog", dismiss)
    assert said == []


def look(page):
    """Check what a page shows, and return which names are on it."""
    texts = page.evaluate(_TEXTS)
    assert wrong_texts(texts) == []
    assert page.evaluate(_FOREIGN) == []
    return marks(texts)


def look_for(page, wanted, *, least=None):
    """Check what a page shows until the wanted names are on it, or at least so many of them."""
    until = time.monotonic() + LONG / 1000
    while len(found := look(page) & wanted) < (least or len(wanted)) and time.monotonic() < until:
        page.wait_for_timeout(200)
    assert len(found) >= (least or len(wanted)), found


def open_all(page, settle):
    """Open every expander of a page, also those within others."""
    while page.evaluate(_OPEN):
        settle(page)


@pytest.mark.parametrize("screen", SCREENS)
def test_names_of_a_table_of_customers_are_text_on_every_screen(customers, open_page, settle, screen):
    server, sweep = customers
    page = open_page(server, f"/{screen}?sweep={sweep}&point={POINT}")
    expect(page.get_by_role("heading", level=1).first).to_be_visible(timeout=LONG)
    open_all(page, settle)
    look_for(page, {0, 38} | ({2, 4} if screen in ("segments", "export", "compare") else set()))
    if screen == "features":
        for tab in ("Correlations", "Data dictionary"):
            page.get_by_role("tab", name=tab).click()
            settle(page)
            assert len(look(page)) > 20


def test_a_hostile_address_and_file_are_said_as_they_are(customers, open_page, settle):
    server, _ = customers
    page = open_page(server, "/data?data=![](//q.w/e.r)x")
    expect(page.get_by_test_id("stMain")).to_contain_text("'![](//q.w/e.r)x'")
    name = ":red[x] <b>`y`.csv"
    upload(page, settle, {"name": name, "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"})
    expect(page.get_by_test_id("stMain")).to_contain_text(f"Loaded: {name}", timeout=LONG)
    settle(page)
    look(page)


def test_names_of_sheets_are_text(customers, open_page, settle, write_xlsx):
    rows = [["customer_id", NAMES[23], NAMES[20]], *([f"c{row}", row % 7, row % 3] for row in range(30))]
    book = write_xlsx({NAMES[0]: rows, NAMES[5]: rows, NAMES[17]: rows})
    page = open_page(customers[0], "/data")
    upload(page, settle, {"name": "book.xlsx", "mimeType": "application/octet-stream", "buffer": book.read_bytes()})
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("Loaded: book.xlsx").or_(main.get_by_role("alert")).first).to_be_visible(timeout=LONG)
    settle(page)
    open_all(page, settle)
    look_for(page, {0, 5, 17}, least=1)


def test_a_download_is_called_by_letters_only(customers, open_page, settle):
    server, sweep = customers
    page = open_page(server, f"/data?sweep={sweep}")
    settle(page)
    with page.expect_download(timeout=LONG) as waiting:
        page.get_by_role("button", name="Data report").click()
    assert re.fullmatch(r"[\w.-]+-report\.json", waiting.value.suggested_filename)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", ["customers", "transactions", "ratings"])
def test_names_are_text_behind_every_choice_of_every_screen(named_store, open_page, settle, kind):
    home, sweep = named_store(kind)
    with running(home) as server:
        for screen in SCREENS:
            page = open_page(server, f"/{screen}?sweep={sweep}&point={POINT}")
            settle(page)
            asking = ", [data-testid=stButton] button:not([kind=primary])" if screen == "segments" else ""
            seen = set()
            while True:
                open_all(page, settle)
                look(page)
                choices = page.get_by_test_id("stMain").locator(_CHOICES + asking)
                new = next((one for one in choices.all() if one.is_enabled() and one.inner_text()[:40] not in seen), None)
                if new is None:
                    break
                seen.add(new.inner_text()[:40])
                new.click()
                settle(page)
            page.close()
