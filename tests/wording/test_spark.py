"""Spark that cannot be used is refused in one sentence, before a Java is started."""

import socket
import sys

import pytest

from segcore.errors import SegcoreError
from segcore.system import local_spark
from segcore.wording import spark


@pytest.mark.parametrize(
    ("version", "java", "sentence"),
    [
        ("", 17, "Spark is not installed: install it with 'pip install pyspark==4.3.0', or do without Spark."),
        (
            "4.3.0",
            None,
            "Spark needs Java 17 or newer, and none was found: install one, such as with 'sudo apt install openjdk-17-jre-headle",
        ),
        ("4.3.0", 11, "Spark needs Java 17 or newer, and found Java 11: install one, "),
    ],
)
def test_a_missing_spark_or_java_is_reported_before_spark_is_started(monkeypatch, version, java, sentence):
    monkeypatch.setattr(spark, "runs_here", lambda: False)
    monkeypatch.setattr(spark, "spark_version", lambda: version)
    monkeypatch.setattr(spark, "java_version", lambda: java)

    with pytest.raises(SegcoreError) as refused, spark.using_spark():
        pytest.fail("a Spark")

    assert str(refused.value).startswith(sentence)


@pytest.fixture
def closed_port():
    """Return a port of 127.0.0.1 at which nothing answers, taken for the time of the test."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def no_spark(has_spark, monkeypatch):
    """Have no Spark run here and none start, and no address of one or of a proxy in the environment."""
    monkeypatch.setattr(spark, "runs_here", lambda: False)
    monkeypatch.setattr(local_spark, "runs_here", lambda: False)
    monkeypatch.setattr(local_spark, "_launched", lambda *_: pytest.fail("Java was started"))
    for name in ("MASTER", "SPARK_REMOTE", *local_spark._PROXIES):
        monkeypatch.delenv(name, raising=False)


def refused_with_spark():
    with pytest.raises(SegcoreError) as refused, spark.using_spark(), local_spark.spark_session():
        pytest.fail("a Spark")
    return str(refused.value)


@pytest.mark.parametrize(
    ("variable", "address", "shown"),
    [
        ("MASTER", "spark://127.0.0.1:{}", "spark://127.0.0.1:{}"),
        ("MASTER", "spark://127.0.0.1:{},localhost:{}", "spark://127.0.0.1:{},localhost:{}"),
        ("SPARK_REMOTE", "sc://127.0.0.1:{}/;token=secret", "sc://127.0.0.1:{}"),
    ],
)
def test_an_address_that_does_not_answer_is_refused_before_java_is_started(no_spark, closed_port, monkeypatch, variable, address, shown):
    monkeypatch.setattr(local_spark, "_CONNECT_PACKAGES", ())
    monkeypatch.setenv(variable, address.replace("{}", str(closed_port)))

    assert refused_with_spark() == (
        f"No Spark answers at {shown.replace('{}', str(closed_port))}, the address in {variable}: check the address and whether the "
        "cluster runs, or leave out --frames spark."
    )


@pytest.mark.parametrize(
    ("variable", "value", "form"),
    [
        ("SPARK_REMOTE", "spark://host:7077", "sc://host:port"),
        ("SPARK_REMOTE", "host:15002", "sc://host:port"),
        ("MASTER", "sc://host", "spark://host:port"),
        ("MASTER", "k8s://https://host:443", "spark://host:port"),
        ("MASTER", "spark://host", "spark://host:port"),
        ("MASTER", "spark://host:many", "spark://host:port"),
    ],
)
def test_what_is_not_an_address_is_refused_with_the_form_of_one(no_spark, monkeypatch, variable, value, form):
    monkeypatch.setenv(variable, value)

    assert refused_with_spark() == (
        f"{variable} in the environment is not an address of Spark: set it to {form}, unset it to use a Spark on this machine, "
        "or leave out --frames spark."
    )


@pytest.mark.parametrize(("variable", "value"), [("MASTER", "local[*]"), ("MASTER", "node17"), ("SPARK_REMOTE", "local"), ("MASTER", "")])
def test_a_spark_on_this_machine_and_what_other_programs_mean_are_no_addresses(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)

    assert local_spark._address(variable) == ""


def test_an_address_that_answers_is_accepted(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("MASTER", f"spark://127.0.0.1:{server.getsockname()[1]}")
        local_spark._check_answers("MASTER")


def test_spark_connect_without_its_packages_is_one_sentence(no_spark, monkeypatch):
    monkeypatch.setenv("SPARK_REMOTE", "sc://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "grpc", None)

    assert refused_with_spark() == (
        "Spark Connect, which SPARK_REMOTE asks for, is not installed: run pip install 'pyspark[connect]==4.3.0', or leave out "
        "--frames spark."
    )
