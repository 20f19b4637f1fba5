"""Errors about Spark: it is not installed, lacks a Java, cannot be reached, or fails."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

from segcore.errors import SegcoreError
from segcore.records.finding import Remedy
from segcore.system.local_spark import (
    LEAST_JAVA,
    ConnectMissingError,
    SparkAddressError,
    SparkError,
    SparkUnreachableError,
    java_version,
    remote,
    runs_here,
    spark_version,
)
from segcore.wording.findings import refusal

PACKAGE = "pyspark==4.3.0"
"""What to install; the version of ``requirements-spark.txt``."""
CONNECT = PACKAGE.replace("==", "[connect]==")
"""What to install for a Spark Connect server."""


@contextlib.contextmanager
def using_spark() -> Iterator[None]:
    """Refuse what cannot run on Spark here in one sentence.

    Raises
    ------
    SegcoreError
        If Spark or a Java that it runs on is missing, the environment's ``MASTER`` or ``SPARK_REMOTE`` does not lead to a Spark, or Spark
        fails inside the ``with`` block.
    """
    try:
        if not runs_here():
            _check_installed()
        yield
    except SparkError as error:
        raise _refused(error) from error


def _refused(error: SparkError) -> SegcoreError:
    refused = functools.partial(refusal, kind=SegcoreError, remedy="frames")
    match error:
        case SparkAddressError():
            return refused("no_spark.address", variable=error.variable, form=error.form)
        case SparkUnreachableError():
            return refused("no_spark.unreachable", variable=error.variable, address=error.address)
        case ConnectMissingError():
            return refused("no_spark.connect_missing", package=CONNECT)
    return refused("no_spark.failed", reason=str(error))


def _check_installed() -> None:
    if not spark_version():
        raise refusal("no_spark.missing", kind=SegcoreError, remedy=Remedy("install", {"package": PACKAGE}))
    if remote():
        return  # Spark Connect, whose Java runs elsewhere
    java = java_version()
    if java is None or java < LEAST_JAVA:
        raise refusal("no_spark.java", kind=SegcoreError, remedy="frames", found=java, least=LEAST_JAVA)
