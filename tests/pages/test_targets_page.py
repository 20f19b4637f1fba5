"""Targets: a question, its job and how it ends, the answer in its order, and what can be changed and downloaded."""

import io

import numpy as np
import pandas as pd
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from segcore import jobs
from segcore.errors import DataError
from segcore.intake.remembered import data_key
from segcore.intake.take_in import take_in
from segcore.jobs.tasks.finding_targets import answered_by, work
from segcore.jobs.tasks.mapping_buyers import work as place_buyers
from segcore.records.intake import DataRequest
from segcore.records.target_question import TargetQuestion
from segcore.store.worker_errors import report_error
from segcore.targets.answer import answer_key
from segcore.targets.buyers.looks import look_key
from segcore.wording.markdown import escape
from segcore.wording.targets import RESPONSE_LIFT, expected_text, headline, holdout_text, stop_text
from tests.pages.conftest import CHEESE, put_targets_job
from ui.targets.contacts import table_file

FIND = "targets.find"


def keys(app):
    return {button.key for button in app.button}


def figures(app):
    return {
        chart.proto.id.split("figure.targets.")[1].split("-")[0] for chart in app.get("plotly_chart") if "figure.targets." in chart.proto.id
    }


def drawn(app, name):
    return next(
        (chart.proto.id.split("figure.targets.")[1] for chart in app.get("plotly_chart") if f"figure.targets.{name}" in chart.proto.id), ""
    )


def group(app, label):
    return next(found for found in app.get("button_group") if found.label == label)


def box(app, label):
    return next(found for found in app.selectbox if found.label == label)


def only_question(store):
    (job,) = [job for job in jobs.list_jobs(store) if job.kind == "targets"]
    return job, TargetQuestion.from_json(store.job_row(job.id)["spec"]["question"])


def test_a_question_is_answered_by_a_job_and_the_answer_is_found_again(open_app, store, departments, departments_csv, words):
    app = open_app("targets")
    assert not app.exception and not app.error and not figures(app)
    assert box(app, "Column of the order lines").value == "department"
    buyers = pd.read_csv(departments_csv).groupby("department")["customer_id"].nunique().sort_values(ascending=False)
    listed = [f"{name}, {number} customers" for name, number in buyers.items()]
    assert box(app, "What is promoted there").options == [*listed, "Compare all values of department"]
    assert box(app, "What is promoted there").value == "cheese", "what most customers buy has nobody left to win"
    app.number_input(key="targets.budget").set_value(30)
    app.number_input(key="targets.window").set_value(14)
    app.checkbox(key="targets.again").check()
    app.button(key=FIND).click().run()

    job, question = only_question(store)
    assert app.query_params["targets"] == job.id[:16]
    assert question == TargetQuestion(promote="department", value="cheese", budget=30, window_days=14, again=True)
    assert jobs.wait(store, job.id, timeout=120).state == "done"
    app.run()
    answer = answered_by(store, job.id)
    assert not app.exception and not app.error and headline(answer.document, "model").split(".")[0] in words(app)
    assert "profit" not in {measure.lower() for measure in group(app, "Measure").options}, "a buyer has no value"
    again = open_app("targets")
    assert "lift" in figures(again) and "department cheese, 30 contacts" in words(again)


def test_the_answer_comes_first_and_then_what_it_rests_on(open_app, answered, words):
    app = open_app("targets")
    assert not app.exception and not app.error
    said, document = words(app), answered.document
    for text in (expected_text(document), stop_text(document), holdout_text(document), RESPONSE_LIFT):
        assert text.replace("~", "") in said.replace("\\", "")
    assert [header.value for header in app.header] == [
        "cheese",
        "How well each method finds buyers",
        "Whom to contact",
        "Who buys",
        "Rules",
        "The buyers' segments",
        "All values of department",
    ]
    assert figures(app) >= {"lift", "calibration", "beeswarm", "force", "groups.linear"}
    table = next(frame.value for frame in app.dataframe if "Ranked by" in frame.value)
    assert set(table["Ranked by"]) == {"Model", "Rules", "Buyers' components", "Most recent customers", "Past buyers", "Random customers"}
    assert [button.key for button in app.button if button.proto.type == "primary"] == [FIND]


def test_another_measure_another_customer_and_the_sql_of_a_rule_are_shown(open_app, answered, store, words):
    app = open_app("targets")
    group(app, "Measure").set_value("profit").run()
    assert not app.exception and "profit" in figures(app) and "Model is highest at" in words(app)
    known = app.text_input(key="targets.customer").value
    other = next(customer for customer in store.json(answered.parts["customers"]) if customer != known)
    app.text_input(key="targets.customer").set_value(other).run()
    assert not app.exception and f"Customer {other}: log-odds" in words(app)
    app.text_input(key="targets.customer").set_value("nobody").run()
    assert "is not among the" in app.error[0].value
    first = next(one for one in answered.document["rules"] if one["raises"])["conditions"][0]["feature"]
    assert any("-- Rule 1:" in code.value and f'"{first}"' in code.value for code in app.get("code"))


def test_the_list_is_shown_in_part_and_downloaded_whole(open_app, answered, store):
    app = open_app("targets")
    shown = next(frame.value for frame in app.dataframe if "Why" in frame.value)
    listed = store.frame(answered.contacts)
    assert list(shown["Customer"]) == list(listed["customer_id"][:100]) and set(shown["Do"]) <= {"contact", "hold out"}
    assert {button.label for button in app.get("download_button")} >= {
        f"Download all {len(listed)} as CSV",
        f"Download all {len(listed)} as Parquet",
    }
    as_csv = pacsv.read_csv(io.BytesIO(table_file(store, answered.contacts, ".csv")))
    as_parquet = pq.read_table(io.BytesIO(table_file(store, answered.contacts, ".parquet")))
    assert as_csv["customer_id"].to_pylist() == as_parquet["customer_id"].to_pylist() == list(listed["customer_id"])


def test_a_question_that_was_answered_is_shown_without_another_job(open_app, answered, store, departments, nothing_starts):
    app = open_app("targets", targets="0" * 16)
    app.button(key=FIND).click().run()
    job, question = only_question(store)
    assert (job.state, question) == ("done", CHEESE) and "lift" in figures(app)


def test_a_job_at_work_is_shown_with_cancel_after_a_refresh_and_its_end_is_said(open_app, store, departments, words, nothing_starts):
    app = open_app("targets")
    app.button(key=FIND).click().run()
    job, _ = only_question(store)
    assert {f"targets.cancel.{job.id}", f"sidebar.cancel.{job.id}"} <= keys(app)
    again = open_app("targets", data=app.query_params["data"], targets=app.query_params["targets"])
    assert f"targets.cancel.{job.id}" in keys(again) and "Targets for cheese in departments.csv" in words(again)
    store.update_job(job.id, state="cancelled")
    again.run()
    assert not again.exception and "Finding targets was cancelled." in words(again) and FIND in keys(again)


def test_a_value_with_markup_is_shown_as_it_is(open_app, store, departments, nothing_starts, words):
    question = TargetQuestion(promote="department", value="*<b>rye</b>*", budget=30)
    key = put_targets_job(store, *departments, question, "queued")
    app = open_app("targets", data=data_key(departments[0].table, departments[0].data), targets=key[:16])
    assert not app.exception and "*<b>" not in words(app)
    assert [header.value for header in app.header] == [escape("*<b>rye</b>*")] and f"**{escape('Targets for *<b>rye</b>*')}**" in words(app)


def test_an_interrupted_job_can_be_resumed(open_app, store, departments, monkeypatch):
    key = put_targets_job(store, *departments, CHEESE, "running")
    monkeypatch.setattr("ui.shell.progress.jobs.resume_interrupted", lambda _: [])
    app = open_app("targets", data=data_key(departments[0].table, departments[0].data), targets=key[:16])
    assert not app.exception and f"targets.resume.{key}" in keys(app)


def test_why_a_question_has_no_answer_is_said_in_the_words_of_the_screen(open_app, store, departments):
    question = TargetQuestion(promote="department", value="milk", budget=30)
    key = put_targets_job(store, *departments, question, "failed")
    with pytest.raises(DataError, match=r"'milk': .*--again") as raised:
        work(store, store.job_row(key)["spec"], lambda share: None)
    report_error(store, key, raised.value)
    app = open_app("targets", data=data_key(departments[0].table, departments[0].data), targets=key[:16])
    (error,) = app.error
    assert "'milk'" in error.value and "include earlier buyers" in error.value and "--again" not in error.value


@pytest.mark.parametrize(
    ("what", "figure", "label", "way"),
    [("groups", "groups", "Place customers by", "umap"), ("components", "map", "Place buyers by", "tsne")],
    ids=["reasons by UMAP", "buyers by t-SNE"],
)
def test_customers_are_placed_on_request_by_a_job(open_app, answered, store, nothing_starts, monkeypatch, what, figure, label, way):
    app = open_app("targets")
    assert f"{figure}.linear" in drawn(app, figure) and f"targets.look.{what}" not in keys(app)
    group(app, label).set_value(way).run()
    assert not app.exception and not drawn(app, figure)
    app.button(key=f"targets.look.{what}").click().run()
    job_id = look_key(answered, what)
    assert not app.exception and f"look.{what}.cancel.{job_id}" in keys(app)
    monkeypatch.setattr("segcore.targets.buyers.looks.look_at_contributions", lambda values, *, progress: values[:, :2].copy())
    place_buyers(store, store.job_row(job_id)["spec"], lambda share: None)
    store.update_job(job_id, state="done")
    app.run()
    assert not app.exception and f"{figure}.{way}" in drawn(app, figure)


def test_all_values_are_compared_next_to_the_answer(open_app, answered, store, departments, words):
    rows = [
        {"value": "milk", "reason": "Nobody is left."},
        {
            "value": "bread",
            "reason": None,
            "base_rate": 0.5,
            "model": {"name": "model", "value": 1.5, "low": 1.2, "high": 1.8},
            "baseline": {"name": "recency", "value": 1.1, "low": 0.9, "high": 1.3},
            "winner": "model",
        },
    ]
    app = open_app("targets")
    assert "targets.compare" in keys(app)
    compared = TargetQuestion(promote="department", budget=30, cost=1.0, worth=9.0, window_days=14, again=True)
    store.put_intake(answer_key(departments[0], compared), {"promotions": rows})
    app.run()
    assert not app.exception and "targets.compare" not in keys(app)
    assert "for 1 of 1 value: bread. 1 could not be judged." in words(app)
    table = next(frame.value for frame in app.dataframe if "Remark" in frame.value)
    assert list(table["More buyers by"]) == ["–", "model"] and table["Remark"][0] == "Nobody is left."


def test_the_values_of_a_column_can_be_the_whole_question(open_app, store, departments, nothing_starts):
    app = open_app("targets")
    app.selectbox(key="targets.value.department").set_value("").run()
    app.button(key=FIND).click().run()
    _, question = only_question(store)
    assert question.compares and "All values of department" in [header.value for header in app.header]


def test_a_budget_of_money_needs_the_cost_of_a_contact(open_app, store, departments, nothing_starts):
    app = open_app("targets")
    group(app, "Budget in").set_value("money").run()
    assert app.button(key=FIND).disabled
    app.number_input(key="targets.money").set_value(90.0)
    app.number_input(key="targets.cost").set_value(2.0).run()
    app.button(key=FIND).click().run()
    assert only_question(store)[1].n_contacts == 45


def test_data_without_campaigns_ask_for_a_file_of_contacts(open_app, departments, words):
    app = open_app("targets")
    group(app, "What is promoted").set_value("campaign").run()
    assert not app.exception and not app.error and app.button(key=FIND).disabled
    assert "These data have no contacts by campaign." in words(app)


def test_a_table_of_customers_asks_for_an_outcome(open_app, store, tmp_path, nothing_starts):
    draw = np.random.default_rng(0)
    path = tmp_path / "mailing.csv"
    customers = {"customer_id": [f"k{at:03}" for at in range(120)], "age": draw.integers(18, 80, 120), "visits": draw.poisson(4, 120)}
    flags = {"mailed": np.where(draw.random(120) < 0.5, "yes", "no"), "plan": np.where(draw.random(120) < 0.3, "gold", "basic")}
    pd.DataFrame({**customers, **flags}).to_csv(path, index=False)
    request = DataRequest(str(path), name="mailing.csv")
    take_in(store, request)
    store.put_intake("app:latest-request", request.to_json())
    app = open_app("targets")
    assert not app.exception and not app.error and "Most recent customers" not in box(app, "Rank customers by").options
    app.selectbox(key="targets.outcome").set_value("plan").run()
    app.selectbox(key="targets.yes.plan").set_value("gold")
    app.selectbox(key="targets.treatment").set_value("mailed").run()
    app.button(key=FIND).click().run()
    assert only_question(store)[1] == TargetQuestion(outcome="plan", yes="gold", treatment="mailed", budget=300)


def test_ratings_are_told_what_targets_need(open_app, store, tmp_path, words):
    draw = np.random.default_rng(0)
    path = tmp_path / "ratings.csv"
    rows = {"user": np.repeat(np.arange(30), 8), "film": draw.integers(0, 20, 240), "rating": draw.integers(1, 6, 240)}
    pd.DataFrame(rows).to_csv(path, index=False)
    roles = {"customer": "user", "item": "film", "rating": "rating"}
    request = DataRequest(str(path), kind="ratings", roles=roles, name="ratings.csv")
    take_in(store, request)
    store.put_intake("app:latest-request", request.to_json())
    app = open_app("targets")
    assert not app.exception and "needs transactions, or a table of customers with an outcome" in words(app) and FIND not in keys(app)
