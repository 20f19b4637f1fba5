import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from segcore.jobs import following, state
from segcore.jobs.state import Job


def job(**fields):
    known = {"id": "a", "kind": "sweep", "title": "t", "state": "running", "done": 3, "total": 12, "gathered": 0, "to_gather": 0}
    unknown = dict.fromkeys(("started", "finished", "seconds_left", "message", "finding"))
    return Job(**{**known, **unknown, "number": 1, "created": 0.0, "log": Path("log"), **fields})


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_an_interrupt_cancels_the_job_and_is_raised_again(monkeypatch):
    cancelled = []

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(following, "wait", interrupt)
    monkeypatch.setattr(following, "cancel", lambda store, job_id: cancelled.append(job_id))
    with pytest.raises(KeyboardInterrupt):
        following.follow(None, lambda: "a")
    assert cancelled == ["a"]


def test_an_interrupt_before_the_start_cancels_nothing(monkeypatch):
    monkeypatch.setattr(following, "cancel", lambda *_: pytest.fail("there is nothing to cancel"))

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        following.follow(None, interrupt)


def test_in_a_notebook_the_line_is_written_over_and_stays():
    stream = io.StringIO()
    with following.ProgressLine(stream) as line:
        line(job(seconds_left=65.2))
        line(job(seconds_left=65.2))
        line(job(done=12))
    assert stream.getvalue() == "\r3 of 12 solutions, about 65 s left\r12 of 12 solutions" + " " * 16 + "\n"


def test_in_a_terminal_nothing_is_left():
    stream = Terminal()
    with following.ProgressLine(stream) as line:
        line(job(state="queued"))
    assert stream.getvalue() == "\rwaiting for its turn\r" + " " * 20 + "\r"


def test_while_evidence_is_gathered_the_line_counts_its_pieces():
    stream = io.StringIO()
    with following.ProgressLine(stream) as line:
        line(job(done=12, gathered=3, to_gather=160, seconds_left=8.0))
        line(job(done=12, gathered=1, to_gather=1))
    assert stream.getvalue() == "\r3 of 160 pieces of evidence, about 8 s left\r1 of 1 piece of evidence" + " " * 19 + "\n"


def test_the_share_that_is_done_is_that_of_the_present_stage():
    assert job().share_done == 0.25
    assert job(done=12, gathered=40, to_gather=160).share_done == 0.25


@pytest.mark.parametrize(("gathered", "left"), [(2, None), (15, None), (16, 94), (80, 11)])
def test_the_first_pieces_of_evidence_which_also_import_give_no_time(monkeypatch, gathered, left):
    monkeypatch.setattr(state, "is_alive", lambda *_: True)
    monkeypatch.setattr(state.time, "time", lambda: 110.0)
    row = dict.fromkeys(("title", "created", "started", "finished", "message", "finding", "spec"))
    row |= {"id": "a", "kind": "sweep", "state": "running", "done": 4, "total": 4, "gathered": gathered, "number": 1}
    row["result"] = {"since": 100.0, "done": 0, "evidence": 166}
    store = SimpleNamespace(home=Path(), job_row=lambda job_id: row)
    assert state.read_job(store, "a").seconds_left == (None if left is None else pytest.approx(left, abs=0.5))


def test_no_time_is_left_to_tell_after_the_clock_was_set_back(monkeypatch):
    monkeypatch.setattr(state, "is_alive", lambda *_: True)
    monkeypatch.setattr(state.time, "time", lambda: 50.0)
    row = dict.fromkeys(("title", "created", "finished", "message", "finding", "spec", "result"))
    row |= {"id": "a", "kind": "sweep", "state": "running", "started": 100.0, "done": 2, "total": 4, "gathered": 0, "number": 1}
    assert state.read_job(SimpleNamespace(home=Path(), job_row=lambda job_id: row), "a").seconds_left is None
