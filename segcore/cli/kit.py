"""Command ``analyze``: the Intel kit's flags, log lines and files, computed by segcore."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segcore.clustering.algorithms.registry import algorithm, algorithms
from segcore.errors import DataError, ParameterError
from segcore.records.plan import Plan
from segcore.wording.findings import sentence
from segcore.wording.numbers import percent_text

if TYPE_CHECKING:
    from segcore.clustering.specification.algorithm import AlgorithmSpec
    from segcore.clustering.specification.kit import KitCommand
    from segcore.records.feature_table import FeatureTable
    from segcore.records.solution import Solution

_FORMAT = "%(asctime)s [%(levelname)s] %(message)s"
_COUNTS = ("NumberOfOrders", "Recency")


def add_commands(subparsers: Any) -> None:
    """Add ``analyze``."""
    known = [spec.name for spec in algorithms() if spec.kit]
    parser = subparsers.add_parser(
        "analyze",
        help="run the Intel kit's analysis, with its flags and files",
        description="Cluster a file of transactions with every setting of the Intel kit's grid, and save each model and its predictions.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("-l", "--logfile", metavar="FILE", help="log file to write, in addition to the console")
    parser.add_argument("-i", dest="engine", action="store_const", const="intel", default="stock", help="the same as --engine intel")
    parser.add_argument("--engine", choices=("stock", "intel"), default="stock", help="engine that computes the clustering")
    parser.add_argument("--use_small_features", action="store_true", help="use 3 features instead of 21")
    parser.add_argument("-r", "--repeats", type=int, default=1, metavar="N", help="number of jittered copies of each customer")
    parser.add_argument("-a", "--algo", choices=known, default=next(iter(known), None), help="clustering algorithm")
    parser.add_argument("--save_model_dir", metavar="DIR", help="directory for all models, predictions and the data")
    parser.add_argument(
        "--dataset_path", metavar="DATA", default="../data/OnlineRetail.csv", help="file of transactions, or a sample's name"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed for the copies' jitter and the starts of k-means")
    parser.set_defaults(run=run_analyze)


def run_analyze(args: argparse.Namespace) -> int:
    """Run the kit's grid and write the kit's files; return 1 if a point failed."""
    from segcore import jobs
    from segcore.store.store import Store

    if args.repeats < 1:
        raise ParameterError(f"--repeats must be at least 1, got {args.repeats}.")
    if not 0 <= args.seed < 2**32:
        raise ParameterError.out_of_range("--seed", args.seed, 0, 2**32 - 1)
    folder = Path(args.save_model_dir) / args.algo if args.save_model_dir else None
    with _log(args.logfile) as log:
        if folder is not None:
            _make_folder(folder)
        log.info("Reading in the data...")
        start = time.perf_counter()
        table = _features(args, log)
        log.info("=======> Preprocessing Time : %.3f secs", time.perf_counter() - start)
        log.info("Number of data points : (%d, %d)", *table.values.shape)
        with jobs.turn(Store()):
            return _run_grid(args, table, folder, log)


def _features(args: argparse.Namespace, log: logging.Logger) -> FeatureTable:
    """Build the kit's features for the kit's customers, in the kit's order."""
    from segcore.clustering.engines import require_engine
    from segcore.features.assemble import assemble
    from segcore.features.builders import build_features
    from segcore.features.planning.sets import feature_names
    from segcore.intake.child import rows_from_child
    from segcore.records.intake import DataRequest
    from segcore.store.store import Store
    from segcore.sweeps.spec import require_enough

    require_engine(args.engine)
    with rows_from_child(Store().home, DataRequest(args.dataset_path, kind="transactions")) as dataset:
        for note in dataset.notes:
            log.log(logging.WARNING if note.severity == "warning" else logging.INFO, "%s", sentence(note))
        full = in_kits_order(build_features(dataset))
    names = feature_names(full, "small" if args.use_small_features else "kit", dataset.kind)
    plan = Plan(names, outliers="kit", repeats=args.repeats, seed=args.seed)
    require_enough(assemble(full, replace(plan, repeats=1)))
    assembled = assemble(full, plan)
    share = assembled.set_aside_revenue_share
    log.info(
        "Outlier rule : %d of %d customers set aside%s",
        assembled.set_aside_customers,
        len(full),
        "" if share is None else f", with {percent_text(share)} of the net revenue",
    )
    return assembled.table


def in_kits_order(table: FeatureTable) -> FeatureTable:
    """Sort the customers as the kit does: by number if all ids are whole numbers, else by text.

    The order affects the result, because k-means draws its starting rows by position.
    """
    import numpy as np

    if not all(customer.isdecimal() and customer.isascii() for customer in table.customers):
        return table
    return table.take(np.array(sorted(range(len(table)), key=lambda row: int(table.customers[row])), dtype=np.intp))


def _run_grid(args: argparse.Namespace, table: FeatureTable, folder: Path | None, log: logging.Logger) -> int:
    from segcore.features.preparation import apply_preparation, fit_preparation

    spec = algorithm(args.algo)
    kit = _kit_of(spec)
    points = sorted(spec.benchmark_grid().points(), key=kit.order)
    X = apply_preparation(fit_preparation(table, Plan(table.names)), table.values)
    log.info("Generating clusters using %s...", kit.title)
    total, lost = 0.0, 0
    for solution in spec.sweep(X, points, args.engine, seed=args.seed):
        if solution.labels is None:
            log.error("No model for %s : %s", kit.point_text.format(**solution.params), solution.reason)
            lost += solution.status == "failed"
            continue
        if args.engine == "intel":
            log.info("%s", solution.evidence)
        if folder is not None:
            _save_point(spec, solution, table, folder, log)
        seconds = solution.fit_seconds or 0.0
        log.info("===> Training Time (%s) : %.3f secs", kit.point_text.format(**solution.params), seconds)
        total += seconds
    if folder is not None:
        _save_rows(table, folder)
    log.info("Total hyperparameter tuning time : %.3f secs", total)
    return 1 if lost else 0


def _kit_of(spec: AlgorithmSpec) -> KitCommand:
    if spec.kit is None:
        raise ParameterError.unknown("algorithm of the kit", spec.name, [known.name for known in algorithms() if known.kit])
    return spec.kit


def _save_point(spec: AlgorithmSpec, solution: Solution, table: FeatureTable, folder: Path, log: logging.Logger) -> None:
    """Write one model and its predictions under the kit's file names, which contain Python's text of the numbers."""
    import joblib
    import numpy as np

    from segcore.export.intel_kit import stock_pipeline
    from segcore.store.disk import replacing

    name = _kit_of(spec).file_name.format(**solution.params)
    with replacing(folder / f"model_{name}.pkl") as file:
        joblib.dump(stock_pipeline(spec, solution, table.values, table.names), file)
    log.info("Model saved to %s", folder / f"model_{name}.pkl")
    with replacing(folder / f"pred_{name}.txt") as file:
        np.savetxt(file, np.asarray(solution.labels), fmt="%i")
    log.info("Predictions saved to %s", folder / f"pred_{name}.txt")


def _save_rows(table: FeatureTable, folder: Path) -> None:
    """Write ``data.csv`` as the kit does, and the customer of each row."""
    import numpy as np
    import pandas as pd

    from segcore.store.disk import replacing

    data = pd.DataFrame({name: table.column(name) for name in table.names})
    data = data.astype({name: np.int64 for name in _COUNTS if name in data})
    customers = pd.DataFrame({"row": np.arange(len(table)), "customer_id": table.customers})
    for name, rows in (("data.csv", data), ("customers.csv", customers)):
        with replacing(folder / name) as file:
            rows.to_csv(file, index=False)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"--save_model_dir {folder.parent} cannot be written ({error.strerror}): choose another directory.") from error


class _LogFile(logging.FileHandler):
    """Log file that ends the command when it cannot be written; by default, logging prints a traceback for every line."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the base class calls it by this name
        from segcore.store.disk import disk_error

        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        raise disk_error(error, self.baseFilename) or _unwritable(self.baseFilename, error) from error


def _unwritable(logfile: str, error: OSError) -> DataError:
    return DataError(f"--logfile {logfile} cannot be written ({error.strerror}): choose another file.")


@contextlib.contextmanager
def _log(logfile: str | None) -> Iterator[logging.Logger]:
    """Log to the console, and to ``logfile`` if given, in the kit's format."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if logfile is not None:
        try:
            Path(logfile).parent.mkdir(parents=True, exist_ok=True)
            handlers.append(_LogFile(logfile, encoding="utf-8"))
        except OSError as error:
            raise _unwritable(logfile, error) from error
    log = logging.Logger("segcore.analyze", logging.INFO)
    for handler in handlers:
        handler.setFormatter(logging.Formatter(_FORMAT))
        log.addHandler(handler)
    try:
        yield log
    finally:
        for handler in handlers:
            with contextlib.suppress(OSError):  # of a line that could not be written either, which has been reported
                handler.close()
