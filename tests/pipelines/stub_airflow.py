"""As much of Airflow as a DAG file uses, in which a test sees what it was asked for; the real one is in ``test_airflow.py``."""

import logging
import sys
import types
from types import SimpleNamespace

PASSWORDS = {"warehouse": "tell-nobody"}


class FailedError(Exception):
    """Airflow's AirflowException: the task is tried again."""


class FinalError(FailedError):
    """Airflow's AirflowFailException: the task is not tried again."""


class Operator:
    """A task."""

    def __init__(self, **options):
        self.options = options
        self.log = logging.getLogger("airflow.task")


class Dag:
    """A DAG, with the tasks that were made within it."""

    def __init__(self, **options):
        self.options = options
        self.order = ()

    def __enter__(self):
        Dag.latest = self
        return self

    def __exit__(self, *raised):
        pass


def _chain(*tasks):
    Dag.latest.order = tasks


def load(path, monkeypatch):
    """Run a DAG file with this Airflow, and return the DAG."""
    sdk, compat = types.ModuleType("airflow.sdk"), types.ModuleType("airflow.providers.common.compat.sdk")
    sdk.DAG, sdk.BaseOperator, sdk.chain = Dag, Operator, _chain
    sdk.Connection = SimpleNamespace(get=lambda name: SimpleNamespace(password=PASSWORDS[name]))
    compat.AirflowException, compat.AirflowFailException = FailedError, FinalError
    packages = map(types.ModuleType, ("airflow", "airflow.providers", "airflow.providers.common", "airflow.providers.common.compat"))
    for module in (*packages, sdk, compat):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(path.read_bytes(), str(path), "exec"), {"__name__": "dag"})
    return Dag.latest
