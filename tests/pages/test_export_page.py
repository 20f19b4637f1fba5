import contextlib
import io
import json
import sqlite3

import pandas as pd
import pytest

from segcore import jobs
from segcore.errors import SegcoreError
from segcore.export.database_table import Destination
from segcore.export.files import file_stem
from segcore.export.scoring_sql import scoring_sql
from segcore.export.segment_rows import export_rows
from segcore.jobs.tasks.writing_tables import work
from segcore.records.estimate import Estimate
from segcore.records.grid import point_key
from segcore.records.solution import Solution
from segcore.store.store import Store
from segcore.store.worker_errors import report_error
from segcore.wording.numbers import percent_text
from ui.export.downloads import _content, _description, agreement_words, export_table
from ui.export.request_form import ExportRequest


def rows_shown(app):
    return int(next(metric.value for metric in app.metric if metric.label == "Rows in the file").replace(",", ""))


def segments(app):
    return next(pills for pills in app.pills if pills.label == "Segments")


def request(**options):
    return ExportRequest(options, "csv")


def test_without_a_sweep_it_shows_the_way_to_one(small_intake, open_app, words):
    app = open_app("export")
    assert not app.exception
    assert "There is no sweep of orders.csv yet" in words(app)


def test_all_segments_are_chosen_at_first_and_the_count_is_everyone(finished_sweep, open_app):
    app = open_app("export", sweep=finished_sweep.id, point="n_clusters=3")
    assert not app.exception
    assert rows_shown(app) == 45
    assert {button.label for button in app.get("download_button")} == {
        "Download 45 rows as CSV",
        "Download description (JSON)",
        "Download model (zip)",
        "Save as pipeline",
        "Download the SQL",
    }


def test_the_sql_that_scores_follows_database_and_table(home, finished_sweep, open_app):
    app = open_app("export", sweep=finished_sweep.id, point="n_clusters=3")
    app.selectbox(key="export.sql.dialect").set_value("spark").run()
    app.text_input(key="export.sql.table").set_value("crm.people").run()
    assert not app.exception
    sql = scoring_sql(Store(home), finished_sweep.id, 1, dialect="spark", table="crm.people")
    shown, commands = (code.value for code in app.code[:2])
    assert sql.startswith(shown) and "FROM `crm`.`people`" in sql
    assert f"export {finished_sweep.id[:12]} --point {point_key(finished_sweep.spec.points[1])} --sql --dialect spark" in commands


def test_the_count_follows_the_chosen_segments(finished_sweep, open_app):
    app = open_app("export", sweep=finished_sweep.id, point="n_clusters=3")
    label, size = finished_sweep.solutions[1].segments[0], finished_sweep.solutions[1].sizes[0]
    segments(app).set_value([label]).run()
    assert not app.exception
    assert rows_shown(app) == size


def test_no_segment_is_no_file(finished_sweep, open_app, words):
    app = open_app("export", sweep=finished_sweep.id, point="n_clusters=3")
    segments(app).set_value([]).run()
    assert not app.exception
    assert "Choose at least one segment" in words(app)
    assert not app.get("download_button")


def test_the_file_its_description_and_the_screen_agree(home, finished_sweep, open_app):
    app = open_app("export", sweep=finished_sweep.id, point="n_clusters=3")
    store = Store(home)
    asked = request(segments=tuple(segments(app).value))
    file = pd.read_csv(io.BytesIO(_content(store, finished_sweep, 1, asked)()), dtype={"customer_id": str})
    described = json.loads(_description(store, finished_sweep, 1, asked)())
    assert len(file) == rows_shown(app) == described["rows"]
    assert list(file.columns[:3]) == ["customer_id", "segment", "segment_name"]
    assert file["customer_id"].str.startswith("0").all()
    sizes = dict(zip(finished_sweep.solutions[1].segments, finished_sweep.solutions[1].sizes, strict=True))
    assert file["segment"].value_counts().to_dict() == sizes
    assert described["point"] == dict(finished_sweep.spec.points[1])


def test_the_chosen_point_of_explore_is_the_one_exported(finished_sweep, open_app):
    app = open_app("explore", sweep=finished_sweep.id, point="n_clusters=4")
    app.switch_page("pages/export.py").run()
    assert not app.exception
    assert app.selectbox[0].value == 2
    assert point_key(finished_sweep.spec.points[2]) in app.code[0].value


def test_noise_can_be_exported_beside_segments_and_is_named(spec_of, finish, open_app):
    for eps in ("1.6", "1.9", "2.2", "2.5"):  # one that finds segments and noise
        sweep = finish(spec_of(algo="dbscan", axes=("min_samples=3", f"eps={eps}")))
        if sweep.solutions[0].n_segments and sweep.solutions[0].n_noise:
            break
    app = open_app("export", sweep=sweep.id)
    assert not app.exception
    assert rows_shown(app) == 45
    app.button_group[0].set_value([-1]).run()
    assert rows_shown(app) == sweep.solutions[0].n_noise > 0
    assert "--segments noise" in app.code[0].value


def test_copies_are_left_out_unless_asked_for(spec_of, finish, open_app):
    sweep = finish(spec_of(repeats=3))
    app = open_app("export", sweep=sweep.id, point="n_clusters=2")
    assert rows_shown(app) == 45
    app.checkbox(key="export.copies").check().run()
    assert not app.exception
    assert rows_shown(app) == 135


def test_a_point_without_a_result_sends_back(spec_of, finish, open_app, words):
    app = open_app("export", sweep=finish(spec_of(axes=("n_clusters=500", "tol=0.0001"))).id)
    assert not app.exception
    assert "skipped" in words(app)


@pytest.mark.parametrize(
    ("algo", "axes", "sentence"),
    [("kmeans", ("n_clusters=3",), "whose centre is nearest"), ("ward", ("n_clusters=3",), "of the nearest customer")],
)
def test_how_the_model_scores_is_said_with_its_agreement(spec_of, finish, open_app, words, algo, axes, sentence):
    sweep = finish(spec_of(algo=algo, axes=axes))
    found = sweep.solutions[0].agreement
    text = words(open_app("export", sweep=sweep.id))
    share = "every row of this sweep to its own segment" if found is None else f"{percent_text(found.value)} of this sweep's rows to"
    assert sentence in text
    assert share in text


@pytest.mark.parametrize(
    ("agreement", "sentence"),
    [
        (None, "assigns every row of this sweep to its own segment"),
        (Estimate(0.95, 0.95, 0.95, 40), "This assigns 95 % of this sweep's rows to their own segment."),
        (
            Estimate(0.95, 0.93, 0.97, 4000),
            "about 95 % of this sweep's rows to their own segment (95 % interval 93 % to 97 %",
        ),
    ],
)
def test_an_agreement_that_is_estimated_has_its_interval(agreement, sentence):
    solution = Solution(params={}, status="ok", engine="shared", evidence="", seed=0, agreement=agreement)
    assert sentence in agreement_words(solution)


def test_the_first_ten_rows_are_shown_as_they_will_be_written(finished_sweep, store, open_app, words):
    app = open_app("export", sweep=finished_sweep.id, point="n_clusters=3")
    head = next(frame.value for frame in app.dataframe if "customer_id" in frame.value)
    written = export_rows(store, finished_sweep.id, 1)
    assert list(head.columns) == written.schema.names
    assert head["customer_id"].tolist() == list(written.table.customers[:10])
    assert "The first 10 of 45 rows" in words(app)


@pytest.mark.parametrize(
    ("data", "label", "segments", "stem"),
    [
        ("orders 2024.csv", "5 segments", (), "orders-2024-5-segments"),
        ("orders.csv", "2 components, shape full", ("Noise",), "orders-2-components-shape-full-Noise"),
        ("../../x <b>.csv", "3 segments", ("=Größe", "a/b"), "x-b-3-segments-Größe-a-b"),
        ("x" * 300, "3 segments", (), "x" * 100),
        ("///", "", (), "segments"),
    ],
)
def test_a_file_is_named_after_its_data_solution_and_segments(data, label, segments, stem):
    assert file_stem(data, label, segments) == stem


def into_database(app, address, table, how="replace", *, store=None):
    """Choose a table on the page, press the button if that can be done, and with ``store`` do the job that it queues."""
    next(control for control in app.button_group if control.label == "Format").set_value("database").run()
    app.text_input(key="export.address").set_value(address)
    app.text_input(key="export.table").set_value(table)
    next(control for control in app.button_group if control.label == "If the table has rows").set_value(how).run()
    button = app.button(key="export.write")
    if not button.disabled:
        button.click().run()
    assert not app.exception
    return app if store is None else do_job(app, store)


def do_job(app, store):
    """Do the queued job as its worker does, in this process, and draw the page again."""
    (job,) = [job for job in jobs.list_jobs(store, 9) if job.state == "queued"]
    assert app.button(key="export.write").disabled
    try:
        work(store, store.job_row(job.id)["spec"], lambda share: None)
        store.update_job(job.id, state="done")
    except SegcoreError as error:
        report_error(store, job.id, error)
        store.update_job(job.id, state="failed")
    app.run()
    assert not app.exception
    return app


def test_segments_are_written_into_a_table_with_the_command_that_does_the_same(
    finished_sweep, open_app, words, tmp_path, home, nothing_starts
):
    address, store = f"sqlite:///{tmp_path / 'shop.db'}", Store(home)
    app = into_database(open_app("export", sweep=finished_sweep.id, point="n_clusters=3"), address, "segments of May", store=store)
    assert "45 rows written into the new table 'segments of May' in shop.db." in app.success[0].value.replace("\\", "")
    assert [button.label for button in app.button if button.proto.type == "primary"] == ["Write 45 rows into segments of May"]
    assert any(f"--out {address} --into 'segments of May' --how replace" in code.value for code in app.code)
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        found = dict(connection.execute('SELECT segment, count(*) FROM "segments of May" GROUP BY 1'))
    assert found == dict(zip(finished_sweep.solutions[1].segments, finished_sweep.solutions[1].sizes, strict=True))

    segments(app).set_value([0]).run()
    assert not app.success  # of other rows
    app = into_database(app, address, "segments of May", "merge", store=store)
    assert "nothing was changed" in app.success[0].value and "were kept" in app.success[0].value


def test_a_page_that_is_loaded_again_shows_what_is_being_written_and_can_cancel_it(
    finished_sweep, open_app, words, tmp_path, home, nothing_starts
):
    address, store = f"sqlite:///{tmp_path / 'shop.db'}", Store(home)
    link = {"sweep": finished_sweep.id, "point": "n_clusters=3"}
    into_database(open_app("export", **link), address, "segments", "merge")
    (job,) = jobs.list_jobs(store, 1)

    app = open_app("export", **link, export=job.id[:16])
    assert (app.text_input(key="export.address").value, app.text_input(key="export.table").value) == (address, "segments")
    assert "Segments of orders.csv into segments" in words(app) and not app.success
    app = do_job(app, store)
    assert "45 rows written into the new table" in app.success[0].value

    into_database(app, address, "others")
    next(button for button in app.main.button if button.label == "Cancel").click().run()
    app.run()
    assert "The table has not changed." in app.info[0].value
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [("segments",)]


def test_a_table_that_is_not_known_yet_cannot_be_written(finished_sweep, open_app, words):
    app = into_database(open_app("export", sweep=finished_sweep.id, point="n_clusters=3"), "sqlite:///shop.db", "")
    assert app.button(key="export.write").disabled
    assert any("--out ADDRESS --into TABLE" in code.value for code in app.code)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://analyst:swordfish@db.example.com/shop", "The address has a password"),
        ("shop.db", "give the address of a database"),
        ("sqlite:////no/such/folder/shop.db", "because its folder /no/such/folder does not exist"),
    ],
)
def test_an_address_that_cannot_be_used_is_one_sentence(finished_sweep, open_app, words, home, address, said):
    app = into_database(open_app("export", sweep=finished_sweep.id, point="n_clusters=3"), address, "segments")
    assert said in app.error[0].value.replace("\\", "")
    assert "swordfish" not in words(app) + "".join(code.value for code in app.code)
    assert not app.success
    assert not [path for path in home.rglob("*") if path.is_file() and b"swordfish" in path.read_bytes()]


def test_a_table_is_saved_in_the_pipeline(finished_sweep, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    asked = request(segments=(0,))
    found = export_table(finished_sweep, 1, ExportRequest(asked.options, None, Destination.of("duckdb:///shop.db", "segments", "merge")))
    assert found == {"out": f"duckdb:///{tmp_path / 'shop.db'}", "into": "segments", "how": "merge", "segments": (0,)}
    assert export_table(finished_sweep, 1, ExportRequest(asked.options, None)) is None


def test_a_wrong_password_is_one_sentence_on_the_screen_and_nowhere_else(
    finished_sweep, open_app, words, home, postgresql, monkeypatch, capfd, nothing_starts
):
    store = Store(home)
    app = into_database(open_app("export", sweep=finished_sweep.id, point="n_clusters=3"), postgresql.url, "segments", store=store)
    assert "45 rows written into the new table" in app.success[0].value
    monkeypatch.setenv("PGPASSWORD", "wrong-herring")
    app = into_database(app, postgresql.url, "more", store=store)
    assert "refused user or password" in app.error[0].value.replace("\\", "")
    for secret in ("wrong-herring", postgresql.server.password):
        assert secret not in words(app) + "".join(capfd.readouterr())
        assert not [path for path in home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    monkeypatch.setenv("PGPASSWORD", postgresql.server.password)
