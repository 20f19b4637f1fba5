"""Options shared by several commands: data, features and sweep."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from segcore.cli.meaning import add_meaning_options, column_rules, parse_roles, read_options, row_rules
from segcore.clustering.algorithms.registry import algorithms
from segcore.errors import ParameterError
from segcore.features.taste.asked import TASTE_OPTIONS, asked_taste, check_frames
from segcore.features.vectors.asked import asked_vectors, vector_defaults
from segcore.records.feature_table import FeatureTable
from segcore.records.finding import Finding
from segcore.records.intake import MOST_ROWS, TIMEOUT_SECONDS
from segcore.records.plan import MAX_SEED, Plan
from segcore.records.preparation import IDEAS, OUTLIERS, SCALERS, SETTING_NAMES
from segcore.records.solution import ENGINES
from segcore.records.taste import LENGTHS, MATRICES, METHODS, OF
from segcore.system.frames import FRAMES
from segcore.wording.findings import sentence
from segcore.wording.remedies import Audience
from segcore.wording.terminal import say

if TYPE_CHECKING:
    from segcore.records.intake import DatabaseQuestion, DataRequest, Intake, SecondTable

_MAX_REPEATS = 1_000
DATA_HELP = "name of a sample ('segcore samples' lists them), path of a file, or address of a database, without a password"


def add_data_options(parser: argparse.ArgumentParser, *, data: bool = True, features: bool = True) -> None:
    """Add the options for the data, its meaning, its rows and the features to build.

    Parameters
    ----------
    parser : ArgumentParser
    data : bool
        Whether to add the positional ``DATA``.
    features : bool
        Whether to add the options for features; scoring uses those of the sweep.
    """
    if data:
        parser.add_argument("data", metavar="DATA", help=DATA_HELP)
    add_database_options(parser)
    add_meaning_options(parser, columns=features)
    add_second_tables(parser.add_argument_group("more about customers and items"), ("customers", "items") if features else ("items",))
    if features:
        parser.add_argument(
            "--missions",
            type=int,
            metavar="N",
            help="find N basket missions (2 to 20) by the categories that orders spend on, and show each customer's most frequent one for "
            "each segment (default: none)",
        )
        _add_feature_options(parser)


def add_database_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for data from a database."""
    group = parser.add_argument_group(
        "rows from a database (DATA is postgresql://user@host/database, duckdb:///file or sqlite:///file; the password is in PGPASSWORD, "
        ".pgpass or Streamlit's secrets)"
    )
    group.add_argument("--table", metavar="NAME", help="table or view to read: NAME or SCHEMA.NAME")
    group.add_argument("--query", metavar="SELECT", help="SELECT to read instead of a table")
    group.add_argument(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help=f"longest that one statement may take (default: {TIMEOUT_SECONDS:g})",
    )
    group.add_argument(
        "--time-zone",
        metavar="ZONE",
        help="time zone for dates and times that are stored with a time zone, such as Europe/Berlin (default: UTC)",
    )
    group.add_argument("--most-rows", type=int, metavar="N", help=f"read nothing if there are more rows than this (default: {MOST_ROWS:,})")


def _database(args: argparse.Namespace) -> DatabaseQuestion | None:
    """Return what is read from a database, if there is an option for one or the data are one."""
    from segcore.data.databases.address import is_address
    from segcore.records.intake import DatabaseQuestion

    names = {"table": "table", "query": "query", "timeout": "timeout_seconds", "time_zone": "time_zone", "most_rows": "most_rows"}
    given = {field: getattr(args, name) for name, field in names.items() if getattr(args, name) is not None}
    is_database = is_address(args.data)
    return DatabaseQuestion(args.data if is_database else "", **given) if given or is_database else None


_SECOND_TABLES = {
    "customers": "file with one row per customer: its columns are shown for each segment, but not clustered on",
    "items": "file with one row per item: its columns are joined to the rows, and one of them can be the category",
}


def add_second_tables(group: argparse._ArgumentGroup, tables: Iterable[str]) -> None:
    """Add the options for second tables: "customers", "items"."""
    for name in tables:
        group.add_argument(f"--{name}", metavar="FILE", help=_SECOND_TABLES[name])
        group.add_argument(f"--{name}-key", metavar="COLUMN", help=f"its column with the ids of the {name} (default: detected)")


def _second_table(args: argparse.Namespace, name: str) -> SecondTable | None:
    """Return the second table that the options name."""
    from segcore.records.intake import SecondTable

    file, key = getattr(args, name, None), getattr(args, f"{name}_key", None)
    if file is None and key is not None:
        raise ParameterError(f"--{name}-key names a column of a table of {name}: give that table with --{name}.")
    return None if file is None else SecondTable(file, key=key)


def _add_feature_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which features")
    group.add_argument(
        "--setting",
        choices=SETTING_NAMES,
        help="starting point for the other options: segcore's defaults, the Intel kit's setting for transactions, or min-max scaling of "
        "all columns of a customer table, as auto-segmentation does (default: default; for benchmarks of transactions, kit)",
    )
    group.add_argument(
        "--features",
        metavar="SET|NAME,...",
        help="value, behaviour, rfm, kit, small, all, or names separated by commas (default: value; all for ratings and customer tables); "
        "components=N or components=auto for components of what customers bought or rated, raw for the items themselves, cust2vec=N for "
        "vectors of customers with N dimensions, from what they bought basket by basket",
    )
    _add_taste_options(group)
    group.add_argument("--outliers", choices=OUTLIERS, help="outlier rule (default: none)")
    group.add_argument(
        "--repeats", type=int, default=1, metavar="R", help="copies of each customer, jittered if more than one (default: 1)"
    )
    group.add_argument("--seed", type=int, default=0, help="seed of the jitter and the clustering (default: 0)")
    add_frames_option(group, more="; spark also computes components")


def add_frames_option(group: argparse._ActionsContainer, *, more: str = "") -> None:
    """Add the option for the library that builds features; ``more`` ends the sentence on what each is good for."""
    group.add_argument(
        "--frames",
        choices=FRAMES,
        default="pandas",
        help="library that builds the features: duckdb, polars and spark need not hold all order lines of a Parquet table in memory, modin "
        f"spreads them over Ray{more} (default: pandas)",
    )


def _add_taste_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--matrix",
        choices=MATRICES,
        help="values that the components are made from: as they are, less the customer's mean, their logarithm, 1, or TF-IDF "
        "(default: centred for ratings, log for transactions)",
    )
    group.add_argument("--components", choices=METHODS[:-1], help="kind of components (default: pca)")
    group.add_argument(
        "--lengths",
        choices=LENGTHS,
        help="whether each customer's row of the matrix is scaled to length 1, so that how much a customer has does not count, or "
        "keeps its length (default: unit; kept for --matrix zero)",
    )
    group.add_argument("--of", choices=OF, help="what the components are made of (default: item)")
    group.add_argument("--least-items", type=int, metavar="N", help="set customers with fewer items apart (default: 1)")
    group.add_argument("--least-customers", type=int, metavar="N", help="leave out items with fewer customers (default: 1)")
    group.add_argument(
        "--cust2vec",
        metavar="NAME=VALUE,...",
        help=f"options of vectors: {', '.join(f'{name}={usual}' for name, usual in vector_defaults().items())}",
    )


def add_sweep_options(parser: argparse.ArgumentParser, *, engine: bool = True) -> None:
    """Add the options for algorithm, grid and scaler, and, for a single engine, the engine."""
    group = parser.add_argument_group("what is clustered")
    group.add_argument("--algo", required=True, choices=[spec.name for spec in algorithms()], help="clustering algorithm")
    group.add_argument(
        "--grid",
        action="append",
        default=[],
        metavar="NAME=VALUE,...",
        help="values of one parameter, such as n_clusters=2,3,4; repeatable (default: the algorithm's grid)",
    )
    group.add_argument("--scaler", choices=SCALERS, help="how features are scaled (default: standard)")
    group.add_argument(
        "--ideas",
        choices=IDEAS,
        help="whether features that say the same (correlated at 0.95 or more, shares of one total, a category and its number) count once "
        "together, or each in full (default: once)",
    )
    group.add_argument(
        "--priority",
        action="append",
        default=[],
        metavar="LEVEL=NAME,...",
        help="features or columns to give more weight: high, medium, low or a factor, such as high=age,job; repeatable",
    )
    group.add_argument(
        "--transform",
        action="append",
        default=[],
        metavar="KIND=NAME,...",
        help="log or power of features before scaling, repeatable, or none (default: of skewed features that it makes clearly less skewed)",
    )
    if engine:
        group.add_argument(
            "--engine", choices=ENGINES, help="engine that computes (default: shared where available, with the same labels as stock)"
        )


def request_from(args: argparse.Namespace) -> DataRequest:
    """Return the data request that the options describe.

    Raises
    ------
    ParameterError
        If an option is malformed; raised before anything is read.
    """
    _check_numbers(args)
    given = {name: getattr(args, name) for name in TASTE_OPTIONS}
    taste = asked_taste(args.features, given, seed=args.seed, written=lambda name: f"--{name.replace('_', '-')}")
    vectors = asked_vectors(args.features, args.cust2vec, seed=args.seed)
    check_frames(taste, args.frames)
    return request_for_rows(args, columns=column_rules(args), afresh=args.guess, taste=taste, vectors=vectors, missions=args.missions)


def request_for_rows(args: argparse.Namespace, **more: Any) -> DataRequest:
    """Return the data request of a command that builds no features itself; ``more`` are further fields.

    Raises
    ------
    ParameterError
        If an option is malformed.
    """
    from segcore.data.databases.stored_extract import check_database
    from segcore.records.intake import DataRequest

    request = DataRequest(
        data=args.data,
        kind=args.kind,
        roles=parse_roles(args.role),
        where=tuple(args.where),
        date_from=args.date_from,
        date_to=args.date_to,
        frames=args.frames,
        reading=read_options(args),
        rows=row_rules(args),
        customers=_second_table(args, "customers"),
        items=_second_table(args, "items"),
        database=_database(args),
        **more,
    )
    check_database(request)
    return request


def plan_from(args: argparse.Namespace, intake: Intake, table: FeatureTable, *, usual: str = "default") -> Plan:
    """Return the plan that the options describe.

    Parameters
    ----------
    args : Namespace
        Parsed from `add_data_options`, and for clustering also from `add_sweep_options`.
    intake : Intake
    table : FeatureTable
        The intake's table: every feature of every customer.
    usual : str
        Name of the setting without ``--setting``; for data that it is not for, the default one.

    Raises
    ------
    ParameterError, DataError
        If a feature or the outlier rule does not exist for this data.
    """
    from segcore.features.assemble import assemble
    from segcore.features.distances import catch_up
    from segcore.features.planning.defaults import SETTINGS, setting_named
    from segcore.features.planning.priorities import parse_priorities, parse_transforms
    from segcore.features.planning.sets import feature_names

    _check_numbers(args)
    setting = setting_named(args.setting or (usual if intake.kind in SETTINGS[usual].kinds else "default"))
    names = feature_names(table, setting.set_for(intake.kind) if args.features is None else args.features, intake.kind)
    chosen = replace(table.select(names), uses=intake.uses)  # which give the reason why a column is not a feature
    asked = getattr(args, "transform", ["none"])
    transforms = None if not asked else {} if asked == ["none"] else parse_transforms(chosen, asked)
    choices = {name: getattr(args, name, None) for name in ("outliers", "scaler", "ideas", "repeats", "seed")}
    plan = setting.plan(table, intake.kind, names, transforms=transforms, **choices)
    priorities = getattr(args, "priority", ())
    if not priorities:
        return plan
    ahead = catch_up(assemble(table, replace(plan, repeats=1)).table, plan)
    return replace(plan, weights=parse_priorities(chosen, priorities, catch_up=ahead))


def print_notes(notes: Iterable[Finding], audience: Audience = "command line") -> None:
    """Print the findings about the data on standard error, one per line."""
    for note in notes:
        say(f"{'warning' if note.severity == 'warning' else 'note'}: {sentence(note, audience)}", file=sys.stderr)


def _check_numbers(args: argparse.Namespace) -> None:
    if not 1 <= args.repeats <= _MAX_REPEATS:
        raise ParameterError.out_of_range("--repeats", args.repeats, 1, _MAX_REPEATS)
    if not 0 <= args.seed <= MAX_SEED:
        raise ParameterError.out_of_range("--seed", args.seed, 0, MAX_SEED)
