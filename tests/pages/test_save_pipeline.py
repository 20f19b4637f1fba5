"""A journey by the screens is saved as a pipeline, and the command repeats it in another store, to the byte."""

import json
import tomllib

import pytest

from segcore import jobs
from segcore.cli import main
from segcore.store.store import Store
from ui.export import downloads
from ui.widgets import pipeline


@pytest.fixture
def saved(monkeypatch):
    """Return what the button on the page drawn last would save."""
    texts = []
    make = pipeline.saved_text

    def kept(*args, **options):
        texts.append(make(*args, **options))
        return texts[-1]

    monkeypatch.setattr(pipeline, "saved_text", kept)
    return texts


@pytest.fixture
def downloaded(monkeypatch):
    """Return the file and the description that the buttons on Export would give."""
    found = {}

    def keep(name, make):
        def kept(*args):
            found[name] = make(*args)
            return found[name]

        monkeypatch.setattr(downloads, name, kept)

    for name in ("_content", "_description"):
        keep(name, getattr(downloads, name))
    return found


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


@pytest.mark.parametrize("page", ["explore", "segments", "export"])
def test_each_screen_saves_the_solution_that_it_shows(finished_sweep, open_app, saved, page):
    app = open_app(page, sweep=finished_sweep.id, point="n_clusters=3")
    assert not app.exception
    assert "Save as pipeline" in [button.label for button in app.get("download_button")]
    document = tomllib.loads(saved[-1])
    assert document["choose"]["point"]["n_clusters"] == 3
    assert document["sweep"]["grid"]["n_clusters"] == [2, 3, 4]
    assert ("export" in document) == (page == "export")


def test_chosen_segments_and_columns_are_saved(finished_sweep, open_app, saved):
    app = open_app("export", sweep=finished_sweep.id, point="n_clusters=3")
    assert tomllib.loads(saved[-1])["export"] == [{"out": "segments.csv"}]
    next(pills for pills in app.pills if pills.label == "Segments").set_value([2, 0]).run()
    app.checkbox(key="export.clustered").check().run()
    assert tomllib.loads(saved[-1])["export"] == [{"out": "segments.csv", "segments": [2, 0], "clustered_values": True}]


def test_data_that_cannot_be_told_any_more_are_said_to_be(finished_sweep, open_app, monkeypatch, words):
    monkeypatch.setattr("segcore.pipelines.saving.recall_data", lambda *_: None)
    monkeypatch.setattr("ui.shell.state.request", lambda: None)
    app = open_app("segments", sweep=finished_sweep.id, point="n_clusters=3")
    assert not app.exception and "It is no longer known how orders.csv was read" in words(app)


@pytest.mark.parametrize("file_format", ["CSV", "Parquet"])
def test_the_command_repeats_the_journey(open_app, small_intake, store, saved, downloaded, tmp_path, monkeypatch, capsys, file_format):
    app = open_app("features")
    app.switch_page("pages/sweep.py").run()
    app.slider(key="grid.kmeans.n_clusters.span").set_range(2, 4).run()
    press(app, "Run sweep")
    [sweep_id] = store.sweep_ids()
    assert jobs.wait(store, sweep_id, timeout=120).state == "done"
    app.run()
    press(app, "Explore the results")
    app.selectbox[0].set_value(2).run()
    app.switch_page("pages/segments.py").run()
    name = next(field for field in app.text_input if field.label == "Name")
    name.set_value("Stammkunden “Größe” #1").run()
    app.switch_page("pages/export.py").run()
    app.segmented_control(key="export.format").set_value(file_format.lower()).run()
    app.checkbox(key="export.clustered").check().run()
    assert not app.exception
    by_hand, described = downloaded.pop("_content")(), json.loads(downloaded.pop("_description")())

    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "saved.toml").write_text(saved[-1])
    monkeypatch.setenv("SEGCORE_HOME", str(tmp_path / "other-home"))
    assert main(["run", str(folder / "saved.toml"), "--json"]) == 0
    manifest = json.loads(capsys.readouterr().out)["manifest"]

    written = folder / f"segments.{file_format.lower()}"
    assert written.read_bytes() == by_hand
    again = json.loads(written.with_name(f"{written.name}.json").read_text())
    assert {**again, "created": 0, "file": None} == {**described, "created": 0}
    assert manifest["solution"]["sweep"] == sweep_id
    assert "Stammkunden “Größe” #1" in [segment["name"] for segment in manifest["solution"]["segments"]]
    labels = [Store(home).labelled_solution(sweep_id, 2).labels.tolist() for home in (store.home, tmp_path / "other-home")]
    assert labels[0] == labels[1]
