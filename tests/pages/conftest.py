"""The app without a browser, on a small shop's orders whose customers fall into three kinds."""

import functools
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from segcore import jobs
from segcore.clustering.algorithms.registry import algorithm
from segcore.features.planning.sets import feature_names
from segcore.intake.take_in import take_in
from segcore.records.intake import DataRequest
from segcore.records.plan import Plan
from segcore.records.target_question import TargetQuestion
from segcore.store.store import Store
from segcore.sweeps.cost.calibration import Calibration, kinds_of_work, write_calibration
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec
from segcore.targets.answer import answer_key, find_targets

ROOT = Path(__file__).resolve().parents[2]
N_CUSTOMERS = 45


def small_orders() -> pd.DataFrame:
    """Return 15 customers each who buy often and little, seldom and much, and once; five lines of nobody."""
    rng = np.random.default_rng(7)
    rows = []
    for number in range(N_CUSTOMERS):
        orders, price = ((12, 4.0), (4, 60.0), (1, 15.0))[number % 3]
        for order in range(orders):
            day = pd.Timestamp("2023-01-02") + pd.Timedelta(days=int(rng.integers(0, 300)), hours=int(rng.integers(8, 20)))
            for line in range(int(rng.integers(1, 4))):
                rows.append(
                    (
                        f"0{number:03d}",
                        f"A{number:03d}-{order}",
                        day,
                        f"item{line}",
                        int(rng.integers(1, 5)),
                        round(price * rng.uniform(0.8, 1.2), 2),
                    )
                )
    nobody = [(None, f"B{order}", pd.Timestamp("2023-05-05 10:00"), "item0", 1, 9.99) for order in range(5)]
    return pd.DataFrame(rows + nobody, columns=["customer_id", "invoice", "date", "item", "quantity", "unit_price"])


@pytest.fixture(autouse=True)
def quick_processes(forked, read_here):
    """Fork jobs, and read data in this process: a fresh process for each takes longer than a page."""


@pytest.fixture(autouse=True)
def stay_on_sweep(monkeypatch):
    """Stay on Sweep after a start, however quick the sweep is."""
    monkeypatch.setattr("ui.sweep.form.QUICK_SECONDS", -1.0)


@pytest.fixture(autouse=True)
def no_evidence(monkeypatch):
    """Start sweeps without evidence, which takes longer than they do."""
    monkeypatch.setattr("ui.sweep.form.EVIDENCE", "none")


@pytest.fixture
def nothing_starts(monkeypatch):
    """Leave jobs queued, as behind another one."""
    monkeypatch.setattr("segcore.jobs.start._spawn", lambda *_: None)
    monkeypatch.setattr("segcore.jobs.state.is_alive", lambda *_: True)


@pytest.fixture(scope="session")
def orders_csv(tmp_path_factory):
    """Return the file of the small shop's orders."""
    path = tmp_path_factory.mktemp("orders") / "orders.csv"
    small_orders().to_csv(path, index=False)
    return path


@pytest.fixture(autouse=True)
def loud_bugs(monkeypatch):
    """Let a page's bug fail its test; a user sees one sentence instead."""

    def report(error):
        raise error

    monkeypatch.setattr("ui.shell.guard.report_bug", report)


@pytest.fixture(scope="session", autouse=True)
def components_are_looked_for_once():
    """Keep what Streamlit finds among the installed packages: each new ``AppTest`` reads all their metadata, twice what a page takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", functools.cache(manifest_scanner.scan_component_manifests))
        yield


def calibrate(home):
    """Give a store what measuring a machine gives, so that no test's server measures this one."""
    write_calibration(home, Calibration(dict.fromkeys(kinds_of_work(), 1e-10), start_seconds=2.0))


def take_in_small_orders(store, orders_csv):
    """Take the small shop's orders in, as what a session opens."""
    request = DataRequest(data=str(orders_csv), name="orders.csv")
    taken = take_in(store, request)
    store.put_intake("app:latest-request", request.to_json())
    return taken


@pytest.fixture(scope="session")
def home_with_orders(orders_csv, tmp_path_factory):
    """Return a store with the small shop's orders, which tests get a copy of."""
    home = tmp_path_factory.mktemp("orders-home")
    calibrate(home)
    take_in_small_orders(Store(home), orders_csv)
    return home


@pytest.fixture(scope="session")
def home_with_sweep(home_with_orders, orders_csv, tmp_path_factory):
    """Return a store with the small shop's orders and the finished sweep of them, which tests get a copy of."""
    home = tmp_path_factory.mktemp("sweep-home") / "store"
    shutil.copytree(home_with_orders, home)
    store = Store(home)
    finish_in(store, small_spec(store, take_in_small_orders(store, orders_csv)))
    return home


@pytest.fixture(autouse=True)
def home(home, request):
    """Fill a test's store before anything opens it: with what its other fixtures are about to ask for, or with nothing."""
    wanted = next((kept for name, kept in PREPARED.items() if name in request.fixturenames), None)
    if wanted:
        shutil.copytree(request.getfixturevalue(wanted), home, dirs_exist_ok=True)
    else:
        calibrate(home)
    return home


PREPARED = {"finished_sweep": "home_with_sweep", "small_intake": "home_with_orders", "answered": "home_with_targets"}


CHEESE = TargetQuestion(promote="department", value="cheese", budget=30, cost=1.0, worth=9.0, window_days=14, again=True)


@pytest.fixture(scope="session")
def departments_csv(tmp_path_factory):
    """Return the file of a shop's orders in three departments; a quarter of the 200 customers keep to bread, and buy more cheese."""
    draw = np.random.default_rng(0)
    rows = []
    for number in range(200):
        keen = number % 4 == 0
        for order, day in enumerate(np.sort(draw.uniform(0, 120, size=draw.integers(12, 25)))):
            bought = "bread" if draw.random() < (0.8 if keen else 0.2) else "milk"
            bought = "cheese" if draw.random() < (0.05 if keen else 0.005) else bought
            when = pd.Timestamp("2024-01-01 12:00") + pd.Timedelta(days=float(day))
            rows.append((f"c{number:03}", f"o{number}-{order}", when, round(draw.uniform(1, 9), 2), bought))
    path = tmp_path_factory.mktemp("departments") / "departments.csv"
    pd.DataFrame(rows, columns=["customer_id", "order", "date", "amount", "department"]).to_csv(path, index=False)
    return path


def take_in_departments(store, departments_csv):
    """Take that shop's orders in, as what a session opens."""
    request = DataRequest(data=str(departments_csv), name="departments.csv")
    taken = take_in(store, request)
    store.put_intake("app:latest-request", request.to_json())
    return taken, request


def put_targets_job(store, taken, request, question, state):
    """Add the job that answers a question, and return its id; nothing works on it."""
    key = answer_key(taken, question)
    spec = {"intake": taken.to_json(), "request": request.to_json(), "question": question.to_json()}
    store.put_job(key, kind="targets", title=f"Targets for {question.subject}", spec=spec, total=100, state=state)
    return key


@pytest.fixture(scope="session")
def home_with_targets(departments_csv, tmp_path_factory):
    """Return a store with that shop's orders, and whom to reach about cheese, which takes some seconds to find."""
    home = tmp_path_factory.mktemp("targets-home")
    calibrate(home)
    store = Store(home)
    taken, request = take_in_departments(store, departments_csv)
    find_targets(store, taken, request, CHEESE)
    put_targets_job(store, taken, request, CHEESE, "done")
    return home


@pytest.fixture
def answered(store, departments_csv):
    """Return whom to reach about cheese, as the newest answer about what a session opens."""
    taken, request = take_in_departments(store, departments_csv)
    return find_targets(store, taken, request, CHEESE)


@pytest.fixture
def departments(store, departments_csv):
    """Return that shop's orders, with their request, as what a session opens; nothing was asked about them."""
    return take_in_departments(store, departments_csv)


@pytest.fixture
def store(home):
    return Store(home)


@pytest.fixture
def small_intake(store, orders_csv):
    """Return the small shop's orders, as what a session opens."""
    return take_in_small_orders(store, orders_csv)


def small_spec(store, taken, *, algo="kmeans", axes=("n_clusters=2,3,4", "tol=0.0001", "n_init=3"), **options):
    """Return the spec of a quick sweep of the small shop."""
    table = store.feature_table(taken.table)
    names = options.pop("features", feature_names(table, "behaviour", taken.kind))
    points = algorithm(algo).parse_grid(axes).points()
    planned = {name: options.pop(name) for name in Plan.__match_args__ if name in options}
    return make_spec(store, taken.table, taken.data, Plan(names, **planned), algorithm=algo, points=points, **options)


@pytest.fixture
def spec_of(store, small_intake):
    """Return a function that makes the spec of a quick sweep of the small shop: ``spec_of(algo=…, axes=…)``."""
    return lambda **options: small_spec(store, small_intake, **options)


def finish_in(store, spec):
    store.add_sweep(spec)
    if not store.is_complete(spec.id):
        run_sweep(store, spec.id)
    jobs.start_sweep(store, spec)  # complete, so this only notes that it is done
    return store.sweep(spec.id)


@pytest.fixture
def finish(store):
    """Return a function that runs a spec to its end in this process, and returns the sweep as it then stands in the store."""

    return functools.partial(finish_in, store)


@pytest.fixture
def finished_sweep(spec_of, finish):
    """Return a k-means sweep of the small shop over 2, 3 and 4 segments, complete in the store."""
    return finish(spec_of())


@pytest.fixture
def open_app():
    """Return a function that opens a page in a new session: ``open_app("sweep", sweep=…, point=…)``."""

    def opened(name="home", **link):
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        for key, value in link.items():
            app.query_params[key] = value
        if name != "home":
            app.switch_page(f"pages/{name}.py")
        return app.run()

    return opened


def words(app):
    """Return everything that a page says, in one text."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "info", "warning", "error", "success")
    return "\n".join(str(element.value) for kind in kinds for element in getattr(app, kind))


@pytest.fixture(name="words")
def words_fixture():
    return words
