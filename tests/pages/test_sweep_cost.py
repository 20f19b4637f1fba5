"""What a sweep would take stands beside the button that starts it."""

import subprocess
import sys

import pytest

from segcore.sweeps.cost import calibration
from segcore.sweeps.cost.calibration import FILE
from ui.shell import cache
from ui.sweep import form as sweep_form


@pytest.fixture
def measuring(home, monkeypatch):
    """Have this machine not measured yet; returns a function that ends the measuring."""
    (home / FILE).unlink()
    begun = []

    def start(asked):
        begun.append(subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE))
        return begun[-1]

    monkeypatch.setattr("segcore.sweeps.cost.calibration.start_calibration", start)
    cache.once_a_server.clear()

    def end():
        assert len(begun) == 1, "it is measured once"
        begun[0].communicate()

    yield end
    for process in begun:
        process.communicate()


def run_button(app):
    return next(button for button in app.button if button.label == "Run sweep")


def test_time_and_memory_stand_beside_the_button(open_app, small_intake, words):
    app = open_app("sweep")
    assert not app.exception
    [said] = [caption.value for caption in app.caption if "on this machine" in caption.value]
    assert said.startswith("About 2 s and ") and said.endswith(" MiB of memory on this machine.")
    assert not run_button(app).disabled


def test_a_sweep_that_does_not_fit_cannot_be_started_and_it_is_said_what_to_change(open_app, small_intake, store, monkeypatch):
    monkeypatch.setattr(sweep_form, "available_bytes", lambda: 64 << 20)
    app = open_app("sweep")
    [warning] = app.warning
    assert warning.value.startswith("This sweep needs about ") and "may use only 64 MiB" in warning.value
    assert run_button(app).disabled
    assert not [caption for caption in app.caption if "on this machine" in caption.value]


def test_until_this_machine_is_measured_no_time_is_guessed(open_app, small_intake, measuring, home, words):
    app = open_app("sweep")
    assert "Measuring this machine's speed once" in words(app)
    assert "MiB of memory on this machine" in words(app)
    assert not run_button(app).disabled
    app.run()
    measuring()
    calibration.write_calibration(home, calibration.Calibration({"kmeans.stock": 1e-10, "silhouette": 1e-10, "measuring": 1e-10}, 9.0))
    app.segmented_control(key="sweep.engine.kmeans").set_value("stock").run()
    assert "About 9 s and " in words(app)


def test_where_measuring_failed_the_memory_alone_is_said(open_app, small_intake, measuring, words):
    app = open_app("sweep")
    measuring()
    app.run()
    assert not app.exception
    assert "of memory on this machine." in words(app) and "Measuring" not in words(app)


def test_dbscan_is_estimated_from_neighbours(open_app, small_intake, words):
    app = open_app("sweep")
    app.segmented_control(key="sweep.algorithm").set_value("dbscan").run()
    assert not app.exception
    assert " MiB of memory on this machine." in words(app)
