"""axe-core's rules on every page, light and dark, empty and with a sweep."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from segcore import jobs
from segcore.clustering.algorithms.registry import algorithm
from segcore.features.planning.sets import feature_names
from segcore.intake.take_in import take_in
from segcore.records.intake import DataRequest
from segcore.records.plan import Plan
from segcore.store.store import Store
from segcore.sweeps.spec import make_spec

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
PAGES = ["/", "/data", "/features", "/sweep", "/explore", "/segments", "/benchmark", "/export"]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}


@pytest.fixture(scope="module")
def sweeps(server):
    """Return the ids of a finished k-means and a finished DBSCAN sweep of the shared server's store."""
    store = Store(server.home)
    taken = take_in(store, DataRequest(data="complete-journey"))
    table = store.feature_table(taken.table)
    names = feature_names(table, "behaviour", taken.kind)
    found = []
    for name, axes in (("kmeans", ["n_clusters=2,3,4,5", "tol=0.0001"]), ("dbscan", ["min_samples=5,10", "eps=0.3,1.5"])):
        points = algorithm(name).parse_grid(axes).points()
        spec = make_spec(store, taken.table, taken.data, Plan(names), algorithm=name, points=points)
        jobs.start_sweep(store, spec)
        assert jobs.wait(store, spec.id, timeout=200).state == "done"
        found.append(spec.id)
    return found


def serious(page):
    """Return the serious findings; a rule that Streamlit's own frame breaks is a finding too."""
    found = Axe().run(page, options=RULES).response["violations"]
    return {rule["id"]: rule["nodes"][0]["html"][:300] for rule in found if rule["impact"] in ("serious", "critical")}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_no_serious_finding_on_a_page(server, sweeps, open_page, settle, path, scheme):
    page = open_page(server, f"{path}?sweep={sweeps[0]}&point=1", color_scheme=scheme)
    expect(page.get_by_role("heading", level=1).first).to_be_visible(timeout=60_000)
    settle(page)
    page.wait_for_timeout(800)
    assert serious(page) == {}


@pytest.mark.parametrize("path", ["/explore", "/segments", "/export"])
def test_no_serious_finding_with_noise_and_points_without_segments(server, sweeps, open_page, settle, path):
    page = open_page(server, f"{path}?sweep={sweeps[1]}", viewport={"width": 700, "height": 900})
    expect(page.get_by_role("heading", level=1).first).to_be_visible(timeout=60_000)
    settle(page)
    page.wait_for_timeout(800)
    assert serious(page) == {}
