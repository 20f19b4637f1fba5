"""A small shop's orders, and the library on a store of its own."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import segcore
from segcore.system import child_process

N_CUSTOMERS = 30


def small_orders() -> pd.DataFrame:
    """Return ten customers each who buy often and little, seldom and much, and once; one line of nobody."""
    rng = np.random.default_rng(3)
    rows = []
    for number in range(N_CUSTOMERS):
        orders, price = ((6, 4.0), (3, 80.0), (1, 20.0))[number % 3]
        for order in range(orders):
            day = pd.Timestamp("2024-01-08") + pd.Timedelta(days=int(rng.integers(0, 250)), hours=int(rng.integers(8, 20)))
            rows += [
                (f"{number:03d}", f"A{number:03d}-{order}", day, f"item{line}", 2, round(price * rng.uniform(0.9, 1.1), 2)) for line in "ab"
            ]
    nobody = [(None, "B1", pd.Timestamp("2024-05-05 10:00"), "item0", 1, 9.99)]
    return pd.DataFrame(rows + nobody, columns=["customer_id", "invoice", "date", "item", "quantity", "unit_price"])


@pytest.fixture(autouse=True)
def quick_processes(forked, read_here):
    """See `forked` and `read_here`: what the processes do is tested in tests/jobs and tests/intake."""


@pytest.fixture(scope="session")
def orders(tmp_path_factory):
    """Return the file of the small shop's orders."""
    path = tmp_path_factory.mktemp("library") / "orders.csv"
    small_orders().to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def kept_home(tmp_path_factory):
    """Return a store that tests share: what one of them computes, the next ones find."""
    return tmp_path_factory.mktemp("library-home")


@pytest.fixture(autouse=True)
def home(kept_home, monkeypatch):
    monkeypatch.setenv("SEGCORE_HOME", str(kept_home))
    return kept_home


@pytest.fixture
def plan(orders):
    return segcore.load(orders).plan("small")


@pytest.fixture
def sweep(plan):
    return plan.sweep(n_clusters=range(2, 4))


@pytest.fixture
def fresh_python():
    """Return a function that runs a script in a Python of its own, in another folder."""

    def run(code, folder, **options):
        environment = child_process.child_environment()
        return subprocess.Popen(
            [sys.executable, "-c", code], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
        )

    return run
