"""The panel of vectors on Features: a job at a click, its progress and its end, what was made, the plain rival, and back."""

import importlib.util
import re
from dataclasses import replace

import pytest

from segcore import jobs
from segcore.features.vectors.check import known_check
from segcore.features.vectors.neighbours import stored_neighbours
from segcore.intake.remembered import data_key
from segcore.intake.take_in import take_in
from segcore.jobs.tasks.making_vectors import job_of, start_check, start_vectors
from segcore.records.intake import DataRequest
from segcore.records.taste import Taste
from segcore.records.vectors import Vectors
from segcore.wording.numbers import share_text
from segcore.wording.vectors import verdict_text
from tests.segments.test_vector_segments import orders_of_two_tastes
from ui.features.vectors.panel import stage_text
from ui.shell.progress import job_line

SMALL = Vectors(dimensions=4, epochs=3)


@pytest.fixture
def orders(tmp_path):
    path = tmp_path / "baskets.csv"
    orders_of_two_tastes().to_csv(path, index=False)
    return path


@pytest.fixture
def opened(store, orders):
    """Take the orders in, as what a session opens."""
    request = DataRequest(str(orders), name="baskets")
    taken = take_in(store, request)
    store.put_intake("app:latest-request", request.to_json())
    return taken


@pytest.fixture
def made(store, opened, orders):
    """Make small vectors of the orders, as what a session opens."""
    request = DataRequest(str(orders), name="baskets", vectors=SMALL)
    taken = take_in(store, request)
    store.put_intake("app:latest-request", request.to_json())
    return taken


def asked(app, **options):
    """Return the app after small vectors are asked for."""
    for name, value in {"dimensions": SMALL.dimensions, "epochs": SMALL.epochs, **options}.items():
        app.number_input(key=f"vectors.{name}").set_value(value)
    return app.button(key="vectors.make").click().run()


def keys(app):
    return {button.key for button in app.button}


def test_vectors_are_made_by_a_job_and_become_the_features_without_another_click(open_app, store, opened):
    app = asked(open_app("features"))

    assert not app.exception and not app.error
    (job_id,) = [job.id for job in jobs.list_jobs(store) if job.kind == "vectors"]
    assert app.query_params["vectors"] == job_id[:16]
    jobs.wait(store, job_id, timeout=60)
    app.run()

    assert not app.exception and not app.error
    taken = app.session_state["segcore.intake"]
    assert taken.data["vectors"]["dimensions"] == 4
    assert app.session_state[f"segcore.plan.{taken.table}"].features == ("v0", "v1", "v2", "v3")
    assert "vectors" not in app.query_params
    assert "All 4 dimensions" in {box.label for box in app.checkbox}


def test_progress_is_shown_with_cancel_after_a_refresh_and_what_was_cancelled_is_said(open_app, store, opened, words, nothing_starts):
    app = asked(open_app("features"))
    (job,) = [job for job in jobs.list_jobs(store) if job.kind == "vectors"]
    assert {f"vectors.cancel.{job.id}", f"sidebar.cancel.{job.id}"} <= keys(app) and "vectors.make" not in keys(app)

    again = open_app("features", data=app.query_params["data"], vectors=app.query_params["vectors"])
    assert f"vectors.cancel.{job.id}" in keys(again)
    assert "Vectors of 60 customers of baskets" in words(again)
    assert job_line(job) == "Vectors, 0 %, starting"
    other_tab = open_app("features")
    assert f"vectors.cancel.{job.id}" not in keys(other_tab) and f"sidebar.cancel.{job.id}" in keys(other_tab)

    store.update_job(job.id, state="cancelled")
    again.run()
    assert "Making the vectors was cancelled." in words(again) and "vectors.make" in keys(again)
    assert app.run().number_input(key="vectors.epochs").value == SMALL.epochs, "what was asked for is kept"
    assert again.session_state["segcore.intake"].table == opened.table


def test_a_session_that_shows_other_features_by_then_keeps_them(open_app, store, opened, orders):
    app = open_app("features")
    request = DataRequest(str(orders), name="baskets", vectors=SMALL)
    app.query_params["vectors"] = start_vectors(store, opened, request)[:16]
    app.number_input(key="taste.n").set_value(2)
    app.button(key="taste.compute").click().run()
    jobs.wait(store, job_of(opened, request), timeout=60)
    app.run()

    assert not app.exception
    assert "taste" in app.session_state["segcore.intake"].data and "vectors" not in app.query_params


def test_vectors_of_data_that_are_read_otherwise_are_made_by_a_job(open_app, store, opened, orders, nothing_starts):
    request = DataRequest(str(orders), name="baskets", vectors=SMALL)
    store.put_intake("app:latest-request", request.to_json())

    app = open_app("features")

    assert not app.exception and not app.error
    assert app.session_state["segcore.intake"].table == opened.table
    assert f"vectors.cancel.{job_of(opened, request)}" in keys(app)


def test_why_a_job_failed_is_one_sentence(open_app, store, opened, orders, words):
    request = DataRequest(str(orders), name="baskets", vectors=SMALL)
    job_id = job_of(opened, request)
    spec = {"taken": opened.to_json(), "request": request.to_json()}
    store.put_job(job_id, kind="vectors", title="Vectors of 60 customers of baskets", spec=spec, total=100, state="failed")
    store.update_job(job_id, message="The disk is full: free some space.")

    app = open_app("features", data=data_key(opened.table, opened.data), vectors=job_id[:16])

    assert [error.value for error in app.error] == ["The disk is full: free some space."]
    assert app.session_state["segcore.intake"].table == opened.table and "vectors.make" in keys(app)


def test_what_cannot_be_made_is_one_sentence(open_app, store, opened):
    app = asked(open_app("features"), least_products=1000)
    (error,) = [found.value for found in app.error]
    assert error.startswith("No customer has at least 1,000 lines of known products")
    assert error.endswith("lower “Minimum lines per customer” under “More options”.")
    assert not [job for job in jobs.list_jobs(store) if job.kind == "vectors"]


def test_without_gensim_the_panel_says_how_to_install_it(open_app, opened, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "gensim" else find(name, *more))
    app = open_app("features")
    (warning,) = [found.value for found in app.warning if "gensim" in found.value]
    assert re.search(r"is not installed: run .*-m pip install gensim\\~=4\.4", warning)
    assert app.button(key="vectors.make").disabled and not app.button(key="vectors.rival").disabled


def test_what_was_made_is_counted_and_no_dimension_is_listed(open_app, made, words):
    app = open_app("features")
    assert "**60 customers** have a vector of **4 dimensions**, learned from **16 products**" in words(app)
    assert {"files.vectors.csv", "files.vectors.parquet"} <= {button.key for button in app.get("download_button")}
    assert "dimensions of vectors mean nothing individually" in words(app)
    assert not any(re.search(r"dimension \d", table.value.to_csv()) for table in app.dataframe)


def test_vectors_that_learned_little_are_a_warning(open_app, made):
    (warning,) = [found.value for found in open_app("features").warning]
    assert re.match(r"The vectors of all customers point in nearly the same direction \(mean cosine 0\.9\d\)", warning)
    assert warning.endswith("raise “Epochs”, or leave it empty.")


def test_the_plain_rival_has_as_many_components_and_the_vectors_come_back_at_once(open_app, store, made, words):
    app = open_app("features")
    app.button(key="vectors.rival").click().run()
    taken = app.session_state["segcore.intake"]
    rival = Taste.from_json(taken.data["taste"])
    assert (rival.of, rival.matrix, rival.components, rival.n) == ("item", "tfidf", "svd", 4) and "vectors" not in taken.data
    assert "the plain rival: 4 components" in words(app) and app.button(key="vectors.rival").disabled
    assert (app.selectbox(key="taste.components").value, app.number_input(key="taste.n").value) == ("svd", 4), "the form shows it too"

    app.button(key="vectors.make").click().run()
    assert not app.exception
    assert app.session_state["segcore.intake"] == made and not [job for job in jobs.list_jobs(store) if job.kind == "vectors"]


def test_the_way_back_removes_the_vectors(open_app, opened, made):
    app = open_app("features")
    app.button(key="vectors.drop").click().run()
    assert not app.exception and app.session_state["segcore.intake"].table == opened.table


def test_data_without_baskets_have_no_panel(open_app, store, tmp_path):
    orders_of_two_tastes().drop(columns="item").to_csv(tmp_path / "amounts.csv", index=False)
    request = DataRequest(str(tmp_path / "amounts.csv"))
    take_in(store, request)
    store.put_intake("app:latest-request", request.to_json())
    assert "vectors.make" not in keys(open_app("features"))


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "Epoch 1 of 20"), (0.025, "Epoch 2 of 20"), (0.49, "Epoch 20 of 20"), (0.5, "Computing")]
)
def test_the_stage_is_told_in_epochs(share, text):
    assert stage_text(share, 20).startswith(text)


def test_the_number_of_epochs_is_left_to_the_lines(open_app, store, opened, words):
    app = open_app("features")
    assert app.number_input(key="vectors.epochs").value is None
    app.number_input(key="vectors.dimensions").set_value(4)
    app.button(key="vectors.make").click().run()
    (job,) = [job for job in jobs.list_jobs(store) if job.kind == "vectors"]
    jobs.wait(store, job.id, timeout=60)
    app.run()

    assert not app.exception and not app.error
    assert "doc2vec, bag of words, 40 epochs, length 1" in words(app)
    assert app.number_input(key="vectors.epochs").value is None and app.button(key="vectors.make").disabled


def test_jobs_that_were_interrupted_can_be_resumed(open_app, store, opened, made, orders, monkeypatch):
    """They are over, but not gone: the page must not be drawn again and again until they are."""
    monkeypatch.setattr("segcore.jobs.start._spawn", lambda *_: None)  # no process works on them
    monkeypatch.setattr("segcore.jobs.resume_interrupted", lambda *_: [])
    check = start_check(store, made)
    app = open_app("features")
    assert not app.exception and f"vectors.check.resume.{check}" in keys(app)

    request = DataRequest(str(orders), name="baskets", vectors=replace(SMALL, epochs=2))
    start_vectors(store, opened, request)
    again = open_app("features", data=data_key(opened.table, opened.data), vectors=job_of(opened, request)[:16])
    assert not again.exception and f"vectors.resume.{job_of(opened, request)}" in keys(again)


def test_the_check_is_a_job_and_its_verdict_comes_first(open_app, store, made, words):
    app = open_app("features")
    app.button(key="vectors.check").click().run()
    assert not app.exception and not app.error
    (job,) = [job for job in jobs.list_jobs(store) if job.title.startswith("Check of the vectors of")]
    jobs.wait(store, job.id, timeout=60)
    app.run()

    assert not app.exception and not app.error
    found = known_check(store, made.table)
    verdicts = [one.value for one in (*app.success, *app.warning, *app.info)]
    assert any(text.startswith(verdict_text(found, "screen")[:40]) for text in verdicts)
    (rows,) = [one.value for one in app.dataframe if "Recall at 10" in one.value]
    assert rows["Recall at 10"].tolist()[0] == share_text(found.next_basket.cust2vec) and len(rows) == 4
    assert "vectors.check" not in keys(app)


def test_neighbours_of_a_product_and_of_a_customer_are_listed(open_app, store, made, words):
    app = open_app("features")
    frames = {next(iter(one.value)): one.value for one in app.dataframe if "Cosine" in one.value}
    product = app.text_input(key="vectors.item").value
    expected = stored_neighbours(store, made.table, item=product, top=10)
    assert frames["Product"]["Product"].tolist() == [one.title or one.id for one in expected.items]
    assert frames["Customer"]["Customer"].tolist() == [one.id for one in expected.customers]

    app.text_input(key="vectors.item").set_value("no such product").run()
    assert not app.exception and any("no such product" in one.value for one in app.warning)

    app.segmented_control(key="vectors.of").set_value("customer").run()
    frames = {next(iter(one.value)): one.value for one in app.dataframe if "Cosine" in one.value}
    customer = app.text_input(key="vectors.customer").value
    assert frames["Customer"]["Customer"].tolist() == [one.id for one in stored_neighbours(store, made.table, customer=customer).customers]
