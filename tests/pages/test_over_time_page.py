"""Segments of a solution in later data: the form, the verdict, its evidence, and the new segments."""

import sqlite3

import pandas as pd
import pytest

from segcore import jobs
from segcore.jobs.tasks.following_over_time import over_time_by_job
from segcore.records.intake import DataRequest
from segcore.segments.names import known_names
from segcore.segments.over_time.migration import followed_rows
from segcore.segments.over_time.verdict import judge
from segcore.wording.findings import sentence
from tests.pages.conftest import small_orders
from ui.over_time.changes import followed_file

POINT = {"point": "n_clusters=3"}


def later_orders():
    """Return the small shop's next ten months; four customers are gone, and those who bought seldom and much now buy often and little."""
    rows = small_orders().dropna(subset="customer_id")
    rows["date"] = rows["date"] + pd.Timedelta(days=300)
    numbers = rows["customer_id"].astype(int)
    rows["customer_id"] = [f"0{number - 1 if number % 3 == 1 else number + 1 if number % 3 == 0 else number:03d}" for number in numbers]
    return rows[~rows["customer_id"].isin(["0000", "0001", "0002", "0005"])]


@pytest.fixture(scope="session")
def later_csv(tmp_path_factory):
    path = tmp_path_factory.mktemp("later") / "later.csv"
    later_orders().to_csv(path, index=False)
    return path


@pytest.fixture
def followed(store, finished_sweep, later_csv):
    """Return what became of three segments in the later orders, found by a job."""
    return over_time_by_job(store, finished_sweep.id, 1, DataRequest(str(later_csv), name="later.csv"))


def follow(app):
    return next(button for button in app.button if button.key == "over_time.follow")


def test_without_a_sweep_it_shows_the_way_to_one(open_app, small_intake, words):
    app = open_app("over_time")
    assert not app.exception and "There is no sweep of orders.csv yet" in words(app)


def test_before_anything_was_asked_there_is_the_form_alone(open_app, finished_sweep, words):
    app = open_app("over_time", sweep=finished_sweep.id, **POINT)
    assert not app.exception and not app.error
    assert [one.label for one in app.expander] == ["The later data"]
    assert follow(app).disabled and not app.header
    assert app.segmented_control(key="over_time.way").options == [
        "Upload a file",
        "A file on this machine",
        "A database",
        "A later period of the same data",
    ]


def test_rows_of_a_database_are_followed(open_app, finished_sweep, store, tmp_path):
    connection = sqlite3.connect(tmp_path / "shop.db")
    later_orders().astype({"date": str}).to_sql("later", connection, index=False)
    connection.close()
    app = open_app("over_time", sweep=finished_sweep.id, **POINT)
    app.segmented_control(key="over_time.way").set_value("database").run()
    app.text_input(key="over_time.database.address").set_value(f"sqlite:///{tmp_path}/shop.db").run()
    app.text_input(key="over_time.database.table").set_value("later").run()
    follow(app).click().run()
    assert not app.exception and not app.error
    (job,) = [job for job in jobs.list_jobs(store, 9) if job.kind == "over time"]
    assert jobs.wait(store, job.id).state == "done"


def test_a_path_is_followed_and_the_answer_stays_in_the_address(open_app, finished_sweep, store, later_csv, words):
    app = open_app("over_time", sweep=finished_sweep.id, **POINT)
    app.segmented_control(key="over_time.way").set_value("path").run()
    app.text_input(key="over_time.path").set_value(str(later_csv)).run()
    follow(app).click().run()
    assert not app.exception
    (job,) = [job for job in jobs.list_jobs(store, 9) if job.kind == "over time"]
    assert jobs.wait(store, job.id).state == "done"
    app.run()
    assert app.query_params["over_time"] == job.id[:16]
    assert app.header[1].value == "Sizes then and now"
    assert open_app("over_time", sweep=finished_sweep.id, **POINT, over_time=job.id[:16]).header[1].value == "Sizes then and now"


def test_an_upload_is_followed(open_app, finished_sweep, store, later_csv, words):
    app = open_app("over_time", sweep=finished_sweep.id, **POINT)
    app.file_uploader(key="over_time.upload").upload("later.csv", later_csv.read_bytes(), "text/csv").run()
    follow(app).click().run()
    (job,) = [job for job in jobs.list_jobs(store, 9) if job.kind == "over time"]
    assert jobs.wait(store, job.id).state == "done"
    app.run()
    assert not app.exception and "from later.csv" in words(app)


def test_an_answer_begins_with_the_verdict_then_its_evidence(open_app, finished_sweep, store, followed, words):
    app = open_app("over_time", sweep=finished_sweep.id, **POINT)
    assert not app.exception and not app.error
    names = known_names(store, finished_sweep, 1).names
    verdict = judge(followed, names)
    assert [one.value for one in app.header] == [
        sentence(verdict.headline),
        "Sizes then and now",
        "Who went where",
        "Which features drifted",
        "The later customers, clustered again",
    ]
    assert [chart.proto.id.split("-")[-1] for chart in app.get("plotly_chart")] == ["over_time.sizes", "over_time.flow", "over_time.drift"]
    assert "41 customers are in both data sets, 0 are new and 4 are gone" in words(app)
    sizes = next(frame.value for frame in app.dataframe if "Then" in frame.value)
    assert sizes["Then"].sum() == 45 and sizes["Now"].sum() == 41
    matrix = next(frame.value for frame in app.dataframe if "Gone" in frame.value and "Then" not in frame.value)
    assert matrix.iloc[:, 1:].to_numpy().sum() == 45 and matrix["Gone"].sum() == 4
    assert [button.label for button in app.get("download_button")] == ["Download all 45 customers with both segments (CSV)"]
    assert followed_file(followed, names).decode().count("\n") == followed_rows(followed, names).num_rows + 1


def test_the_flow_can_be_weighted_by_revenue(open_app, finished_sweep, followed, words):
    app = open_app("over_time", sweep=finished_sweep.id, **POINT)
    app.segmented_control(key="over_time.weights").set_value("revenue").run()
    assert not app.exception and "of revenue (" in words(app)


def test_another_solution_has_no_answer_until_it_is_asked_for(open_app, finished_sweep, followed):
    app = open_app("over_time", sweep=finished_sweep.id, point="n_clusters=2")
    assert not app.exception and not app.header


def test_the_new_segments_can_be_used_on_every_screen(open_app, finished_sweep, store, followed):
    assert followed.refit.sweep not in store.sweep_ids()
    app = open_app("over_time", sweep=finished_sweep.id, **POINT)
    next(button for button in app.button if button.key == "over_time.use").click().run()
    assert not app.exception and app.title[0].value == "Segments"
    assert app.query_params["sweep"] == followed.refit.sweep[:16] and followed.refit.sweep in store.sweep_ids()
    link = {name: app.query_params[name] for name in ("sweep", "point")}
    for screen in ("data", "features", "explore", "segments", "compare", "over_time", "export"):
        app = open_app(screen, **link)
        assert not app.exception and not app.error, screen
        assert app.query_params["sweep"] == link["sweep"]
    kept = known_names(store, finished_sweep, 1).names
    names = known_names(store, store.sweep(followed.refit.sweep), followed.refit.position).names
    assert {names[label] for label in followed.refit.partners} == {kept[label] for label in followed.refit.partners.values()}


def test_a_later_period_of_the_same_data_begins_after_the_sweep_s(open_app, finished_sweep, store, words):
    app = open_app("over_time", sweep=finished_sweep.id, **POINT)
    app.segmented_control(key="over_time.way").set_value("same").run()
    last = pd.Timestamp(finished_sweep.preparation.reference_date).date()
    assert app.date_input(key="over_time.from.same").value == last + pd.Timedelta(days=1)
    follow(app).click().run()
    (job,) = [job for job in jobs.list_jobs(store, 9) if job.kind == "over time"]
    assert jobs.wait(store, job.id).state == "failed"  # there is no later row
    app.run()
    assert not app.exception and len(app.error) == 1 and app.expander[0].proto.expanded


def test_a_first_day_after_the_last_is_one_sentence(open_app, finished_sweep):
    app = open_app("over_time", sweep=finished_sweep.id, **POINT)
    app.segmented_control(key="over_time.way").set_value("same").run()
    app.date_input(key="over_time.to.same").set_value(pd.Timestamp("2023-01-05").date()).run()
    follow(app).click().run()
    assert not app.exception
    assert len(app.error) == 1 and "is after the last, 2023" in app.error[0].value


def test_the_answer_in_the_address_is_shown_rather_than_the_newest(open_app, finished_sweep, store, orders_csv, followed, words):
    (job,) = [job for job in jobs.list_jobs(store, 9) if job.kind == "over time"]
    again = over_time_by_job(store, finished_sweep.id, 1, DataRequest(str(orders_csv), name="orders.csv"))
    assert again.count("gone") == 0
    assert "and 0 are gone" in words(open_app("over_time", sweep=finished_sweep.id, **POINT))
    app = open_app("over_time", sweep=finished_sweep.id, **POINT, over_time=job.id[:16])
    assert "and 4 are gone" in words(app) and app.query_params["over_time"] == job.id[:16]
