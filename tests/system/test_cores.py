"""Threads that spread work over the cores."""

import threading

import pytest

from segcore.system.cores import in_turns


@pytest.mark.parametrize("threads", [1, 2, 5, None])
def test_tasks_in_turns_each_run_once(threads):
    ran = []
    in_turns([lambda number=number: ran.append(number) for number in range(100)], threads=threads)
    assert sorted(ran) == list(range(100))


def test_a_long_task_does_not_hold_up_the_others():
    done, released = [], threading.Event()

    def short(number):
        done.append(number)
        if len(done) == 20:
            released.set()

    waited = []
    in_turns([lambda: waited.append(released.wait(10)), *(lambda number=number: short(number) for number in range(20))], threads=2)
    assert waited == [True]


def test_an_error_in_a_task_is_raised():
    with pytest.raises(ZeroDivisionError):
        in_turns([lambda: 1 / 0, lambda: None], threads=2)


def test_nothing_to_do_is_done():
    in_turns([], threads=2)
