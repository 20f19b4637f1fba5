"""Commands from ``explain`` to ``score``: use the segments of a sweep."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segcore.cli.jobs import wait_for
from segcore.cli.options import add_data_options, add_frames_option, print_notes, request_for_rows
from segcore.errors import ParameterError
from segcore.wording.findings import note_json, refusal
from segcore.wording.maps import METHODS
from segcore.wording.numbers import counted
from segcore.wording.results import DIALECTS
from segcore.wording.terminal import say, say_code, say_json

if TYPE_CHECKING:
    from segcore.store.store import Store


def add_commands(subparsers: Any) -> None:
    """Add ``explain``, ``items``, ``rules``, ``validate``, ``drivers``, ``map``, ``compare``, ``over-time``, ``export`` and ``score``."""
    explain = subparsers.add_parser(
        "explain",
        help="say who is in each segment of a solution",
        description="Say who is in each segment of a solution: its features and how far they are from those of the other customers, its "
        "categories with their index (100: as among all customers), and its key figures; differences with 95 % intervals.",
    )
    _add_solution(explain)
    explain.add_argument("--segment", metavar="N", help="only this segment, or noise")
    explain.add_argument("--json", action="store_true", help="print one JSON document")
    explain.set_defaults(run=run_explain)

    items = subparsers.add_parser(
        "items",
        help="list the most telling items of each segment",
        description="List the items, or categories, of each segment with the highest mean TF-IDF, with their index (100: as among all "
        "customers) and its 95 % interval.",
    )
    _add_solution(items)
    items.add_argument("--what", choices=("item", "category"), default="item", help="what to list (default: item)")
    items.add_argument("--top", type=int, default=10, metavar="N", help="how many per segment (default: 10)")
    items.add_argument("--json", action="store_true", help="print one JSON document")
    items.set_defaults(run=run_items)

    rules = subparsers.add_parser(
        "rules",
        help="print the rule that finds each segment, or one tree for all, in words or as SQL",
        description="Print the shortest rule for each segment, or one small tree for all of them. With --sql: one SELECT on the table that "
        "'features --features all' or 'export' wrote; the rule selects its customers, the tree assigns a segment to every customer.",
    )
    _add_solution(rules)
    rules.add_argument("--segment", metavar="N", help="only the rule of this segment")
    rules.add_argument("--what", choices=("rules", "tree"), default="rules", help="what to print (default: rules)")
    rules.add_argument("--sql", action="store_true", help="print SQL instead of words")
    rules.add_argument("--filter", action="store_true", help="print the rules as conditions for --where, which keep the same customers")
    rules.add_argument("--dialect", choices=tuple(DIALECTS), help="SQL dialect (default: duckdb)")
    rules.add_argument("--table", metavar="NAME", help="table, or file that DuckDB reads, such as segments.parquet (default: customers)")
    rules.add_argument("--out", metavar="FILE", help="file to write instead of printing")
    rules.set_defaults(run=run_rules)

    validate = subparsers.add_parser(
        "validate",
        help="predict a solution's segments with naive Bayes, out of fold",
        description="Predict each customer's segment with a naive Bayes trained on the other customers; count who is predicted as what.",
    )
    _add_solution(validate)
    validate.add_argument("--json", action="store_true", help="print one JSON document")
    validate.set_defaults(run=run_validate)

    drivers = subparsers.add_parser(
        "drivers",
        help="say which features drive each segment, and what puts one customer into it",
        description="Predict who is in each segment, each against the rest, by LightGBM on customers that it had not seen, and show with "
        "SHAP values which features the model uses. At most 10,000 customers are used. FILE has the importance of each feature in each "
        "segment, or with --segment the SHAP values of each customer.",
    )
    _add_solution(drivers)
    drivers.add_argument("--segment", metavar="N", help="only this segment")
    drivers.add_argument("--customer", metavar="ID", help="what puts this customer into that segment (default: into the customer's own)")
    drivers.add_argument("--json", action="store_true", help="print one JSON document")
    drivers.add_argument("--out", metavar="FILE", help="file to write, .csv or .parquet")
    drivers.set_defaults(run=run_drivers)

    drawn = subparsers.add_parser(
        "map",
        help="write a map of the customers of a solution",
        description="Write a map of the customers of a solution. pca is the plane of their first two principal components, with the mean "
        "and 90 % ellipse of each segment; tsne and umap keep similar customers together, and are made once, by a job. FILE.html is "
        "one page that needs no network and, of more than 5,000 customers, shows the density and a sample; FILE.csv has customer_id, x, y, "
        "segment and segment_name of all.",
    )
    _add_solution(drawn)
    drawn.add_argument(
        "--method", choices=tuple(METHODS), default="pca", help="how customers are put on the plane (default: pca, principal components)"
    )
    drawn.add_argument("--colour", metavar="FEATURE", help="feature that colours the customers on the page (default: their segment)")
    drawn.add_argument("--out", required=True, metavar="FILE", help="file to write, .html or .csv")
    drawn.set_defaults(run=run_map)

    compare = subparsers.add_parser(
        "compare",
        help="compare two solutions of the same customers",
        description="Compare two solutions of the same customers, also of different sweeps: 'compare SWEEP --point n_clusters=4 SWEEP "
        "--point n_clusters=5'. Says which segments stayed, were split or merged, vanished or appeared, and who moved.",
    )
    compare.add_argument("before", metavar="SWEEP", help="id of the first solution's sweep, or the beginning of it")
    compare.add_argument("after", metavar="SWEEP", help="id of the second solution's sweep")
    compare.add_argument(
        "--point", action="append", required=True, metavar="NAME=VALUE,...", help="solution of each sweep, in their order; give it twice"
    )
    compare.add_argument("--moved", metavar="FILE", help="file for the customers who moved, .csv or .parquet")
    compare.add_argument("--json", action="store_true", help="print one JSON document")
    compare.set_defaults(run=run_compare)

    over_time = subparsers.add_parser(
        "over-time",
        help="follow the segments of a solution into later data, and say whether to segment again",
        description="Score the same customers in a later file or period with a kept solution. Says whether to segment again and why, how "
        "large each segment was and is, who went where and why, who is new and gone, and which features drifted. The later customers are "
        "also clustered again, and the new segments matched with the kept ones.",
    )
    _add_solution(over_time)
    add_data_options(over_time, features=False)
    over_time.add_argument("--as-of", metavar="DATE", help="day up to which recency and similar features count (default: the data's last)")
    add_frames_option(over_time)
    over_time.add_argument("--out", metavar="FILE", help="file for the customers with their segments then and now, .csv or .parquet")
    over_time.add_argument("--json", action="store_true", help="print one JSON document")
    over_time.set_defaults(run=run_over_time)

    export = subparsers.add_parser(
        "export",
        help="write the customers of chosen segments to a file or a database, or SQL that scores customers there",
        description="Write the customers of chosen segments, one row each, with their segment and features. FILE.json, next to FILE, "
        "records where they come from. With --out URL, they go into a table of PostgreSQL, DuckDB or SQLite, in one transaction. "
        "With --sql: one SELECT of customer_id and segment, which assigns the customers of a table that 'features --features all' or "
        "'features --like SWEEP' wrote as 'score' does (k-means, mini-batch k-means, Gaussian mixtures).",
    )
    _add_point(export)
    export.add_argument("--sql", action="store_true", help="write SQL that scores customers where they are, to a file named .sql")
    export.add_argument("--dialect", choices=tuple(DIALECTS), help="SQL dialect (default: duckdb)")
    export.add_argument(
        "--table", metavar="NAME", help="table with the features, or file that DuckDB reads, such as features.parquet (default: customers)"
    )
    export.add_argument("--segments", metavar="N,...", help="segments to write, such as 0,2 or noise (default: all)")
    export.add_argument("--copies", action="store_true", help="also write the jittered copies of each customer")
    export.add_argument("--filled", action="store_true", help="replace blanks with the values that they counted as, such as the median")
    export.add_argument("--profile", action="store_true", help="also write the profile columns, which were not clustered on")
    export.add_argument("--own-id", action="store_true", help="name the id column as in the data, not customer_id")
    export.add_argument(
        "--clustered-values", action="store_true", help="also write each feature as it was clustered: transformed, scaled and weighted"
    )
    export.add_argument("--probabilities", action="store_true", help="also write the probability of each segment (Gaussian mixtures)")
    export.add_argument(
        "--with-set-aside", action="store_true", help="also write the customers that the outlier rule set aside, scored and marked"
    )
    export.add_argument("--model", metavar="FILE", help="also write the model, a .zip of plain files for scoring elsewhere")
    export.add_argument("--json", action="store_true", help="print the content of FILE.json")
    export.set_defaults(run=run_export)

    score = subparsers.add_parser(
        "score",
        help="assign new customers to the segments of a sweep",
        description="Assign the customers of DATA to the segments of one solution, with the scaling and the model fitted by its sweep. "
        "Every customer gets one row; those that the sweep would have set aside, as outliers or for too few items, are marked. "
        "With --out URL, the rows go into a table of a database.",
    )
    _add_point(score)
    add_data_options(score, features=False)
    score.add_argument("--as-of", metavar="DATE", help="day up to which recency and similar features count (default: the sweep's)")
    add_frames_option(score)
    score.add_argument("--json", action="store_true", help="print one JSON document with the counts and notes")
    score.set_defaults(run=run_score)


def _add_solution(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sweep", metavar="SWEEP", help="id of the sweep, or the beginning of it ('segcore jobs' lists sweeps)")
    parser.add_argument("--point", required=True, metavar="NAME=VALUE,...", help="solution of the sweep, such as n_clusters=5,tol=0.001")


def _add_point(parser: argparse.ArgumentParser) -> None:
    _add_solution(parser)
    parser.add_argument(
        "--out",
        required=True,
        metavar="FILE",
        help="file to write, .csv or .parquet; or a database, postgresql://user@host/name, duckdb:///file or sqlite:///file",
    )
    parser.add_argument("--into", metavar="TABLE", help="table of the database, as TABLE or SCHEMA.TABLE; it is created if it is missing")
    parser.add_argument(
        "--how",
        choices=("replace", "merge"),
        help="leave exactly these rows in the table, or merge them by customer and keep those of all others (default: replace)",
    )


def run_explain(args: argparse.Namespace) -> int:
    """Explain a solution's segments."""
    label = _one_segment(args.segment)

    from segcore.cli.tables import explanation_text
    from segcore.segments.explanation import explain
    from segcore.store.store import Store

    store = Store()
    found = explain(store, *find_sweep_point(store, args.sweep, args.point))
    if args.json:
        say_json(found.to_json(label))
    else:
        say(explanation_text(found, label))
    return 0


def run_items(args: argparse.Namespace) -> int:
    """List what each segment buys or rates."""
    from segcore.cli.tables import items_text
    from segcore.segments.explanation import items_of_segments
    from segcore.store.store import Store

    store = Store()
    segments = items_of_segments(store, *find_sweep_point(store, args.sweep, args.point), args.what, most=args.top)
    if args.json:
        say_json({"segments": segments})
    else:
        say(items_text(segments))
    return 0


def run_rules(args: argparse.Namespace) -> int:
    """Print rules or a tree, in words or as SQL."""
    label = _one_segment(args.segment)
    if not args.sql and (args.dialect or args.table):
        raise ParameterError("--dialect and --table are for SQL: add --sql.")
    if args.filter and (args.sql or args.what == "tree"):
        raise ParameterError("--filter prints rules as conditions: leave out --sql and --what tree.")

    from segcore.cli.tables import rules_text
    from segcore.export.sql import TABLE, point_sql
    from segcore.export.tables import write_text
    from segcore.segments.rules.definition import Definition
    from segcore.store.store import Store

    store = Store()
    found = Definition.of(store, *find_sweep_point(store, args.sweep, args.point))
    if args.sql:
        text = point_sql(found, args.what, segment=label, dialect=args.dialect or "duckdb", table=args.table or TABLE)
    else:
        text = rules_text(found, args.what, label, as_filter=args.filter)
    if args.out is None:
        say_code(text)
    else:
        write_text(f"{text}\n", Path(args.out))
    return 0


def run_validate(args: argparse.Namespace) -> int:
    """Validate a solution."""
    from segcore.cli.tables import validation_text
    from segcore.segments.names import known_names
    from segcore.segments.validation import validate
    from segcore.store.store import Store

    store = Store()
    sweep_id, position = find_sweep_point(store, args.sweep, args.point)
    found = validate(store, sweep_id, position)
    if args.json:
        say_json(found.to_json())
    else:
        say(validation_text(found, known_names(store, store.sweep(sweep_id), position).names))
    return 0


def run_drivers(args: argparse.Namespace) -> int:
    """Say what drives the segments."""
    label = _one_segment(args.segment)

    from segcore.cli.jobs import wait_for
    from segcore.cli.tables import drivers_text
    from segcore.export.tables import check_table_path, write_table
    from segcore.jobs.tasks.finding_drivers import drivers_by_job
    from segcore.segments.names import known_names
    from segcore.store.store import Store

    if args.out is not None:
        check_table_path(Path(args.out), "--out")
    store = Store()
    sweep_id, position = find_sweep_point(store, args.sweep, args.point)
    found = drivers_by_job(store, sweep_id, position, lambda begin: wait_for(store, begin))
    names = known_names(store, store.sweep(sweep_id), position).names
    customer = None if args.customer is None else found.of_customer(args.customer, label)
    if args.json:
        own = {} if customer is None else {"customer": {"explained_segment": customer.label, **customer.explained.row_json(customer.row)}}
        say_json({**found.to_json(names, label), **own})
    else:
        say(drivers_text(found, names, label, customer))
    if args.out is not None:
        write_table(found.importance_rows(names) if label is None else found.value_rows(label), Path(args.out))
    return 0


def run_map(args: argparse.Namespace) -> int:
    """Write a map."""
    path = Path(args.out)
    ending = path.suffix.lower()
    if ending not in (".html", ".csv"):
        raise ParameterError(f"--out must be a file named .html or .csv, got {args.out!r}.")

    if args.colour is not None and ending == ".csv":
        raise ParameterError("--colour is for a page: write FILE.html, or leave --colour out.")

    from segcore.export.tables import check_folder, write_table, write_text
    from segcore.jobs.tasks.making_maps import map_by_job
    from segcore.segments.maps.customer_map import map_of
    from segcore.segments.names import known_names
    from segcore.store.store import Store

    check_folder(path, "--out")
    store = Store()
    sweep_id, position = find_sweep_point(store, args.sweep, args.point)
    sweep = store.sweep(sweep_id)
    colours = None
    if args.colour is not None:
        from segcore.plots.segments.map import feature_colours

        colours = feature_colours(store.feature_table(sweep.spec.table, profile=False), sweep.spec.plan, args.colour)
    store.labelled_solution(sweep_id, position)  # one without segments is refused before minutes of work
    if args.method != "pca":
        map_by_job(store, sweep, args.method, lambda begin: wait_for(store, begin))
    found, names = map_of(store, sweep_id, position, method=args.method), known_names(store, sweep, position).names
    if ending == ".csv":
        write_table(found.rows(names), path)
    else:
        from segcore.plots.segments.map import map_page

        write_text(map_page(found, names, title=f"Map of {counted(len(found.labels), 'customer')}", colours=colours), path)
    say(f"{counted(len(found.labels), 'customer')} mapped in {args.out}. {found.sentence} {found.caution}")
    return 0


def run_compare(args: argparse.Namespace) -> int:
    """Compare two solutions."""
    if len(args.point) != 2:
        raise ParameterError(f"compare needs two solutions, --point once for each sweep, got {len(args.point)}.")

    from segcore.cli.tables import comparison_text
    from segcore.export.tables import check_table_path, write_table
    from segcore.segments.comparison import compare_solutions
    from segcore.store.store import Store

    if args.moved is not None:
        check_table_path(Path(args.moved), "--moved")

    store = Store()
    pairs = [find_sweep_point(store, sweep, point) for sweep, point in zip((args.before, args.after), args.point, strict=True)]
    found = compare_solutions(store, *pairs)
    if args.moved is not None:
        write_table(found.moved_rows(), Path(args.moved))
    if args.json:
        say_json(found.to_json())
    else:
        say(comparison_text(found))
    return 0


def run_over_time(args: argparse.Namespace) -> int:
    """Follow the segments of a solution into later data."""
    request = request_for_rows(args)

    from segcore.cli.tables import over_time_text
    from segcore.export.tables import check_table_path, write_table
    from segcore.intake.child import from_database_apart
    from segcore.jobs.tasks.following_over_time import over_time_by_job
    from segcore.segments.names import known_names
    from segcore.segments.over_time.migration import followed_rows, over_time_document
    from segcore.store.store import Store

    if args.out is not None:
        check_table_path(Path(args.out), "--out")
    store = Store()
    sweep_id, position = find_sweep_point(store, args.sweep, args.point)
    request = from_database_apart(store, request)
    found = over_time_by_job(store, sweep_id, position, request, as_of=args.as_of, follow=lambda begin: wait_for(store, begin))
    names = known_names(store, store.sweep(sweep_id), position).names
    print_notes(found.notes)
    if args.out is not None:
        write_table(followed_rows(found, names), Path(args.out))
    if args.json:
        say_json(over_time_document(found, names))
    else:
        say(over_time_text(found, names))
    return 0


def run_export(args: argparse.Namespace) -> int:
    """Write the customers of chosen segments, or SQL that scores customers."""
    if args.sql:
        return _export_sql(args)
    if args.dialect or args.table:
        given = [option for option in ("--dialect", "--table") if getattr(args, option[2:])]
        raise refusal("sql.only_sql", kind=ParameterError, options=given)
    segments = None if args.segments is None else parse_segments(args.segments)

    from segcore.export.files import output_of, table_text, write_export, write_model
    from segcore.store.store import Store

    out = output_of(args.out, args.into, args.how)
    if args.model is not None and not args.model.lower().endswith(".zip"):
        raise ParameterError(f"--model must be a file named .zip, got {args.model!r}.")
    store = Store()
    sweep_id, position = find_sweep_point(store, args.sweep, args.point)
    document = write_export(
        store,
        sweep_id,
        position,
        out,
        segments=segments,
        copies=args.copies,
        profile=args.profile,
        include_set_aside=args.with_set_aside,
        filled=args.filled,
        own_id=args.own_id,
        clustered_values=args.clustered_values,
        probabilities=args.probabilities,
    )
    if args.model is not None:
        write_model(store, sweep_id, position, args.model)
    if args.json:
        say_json(document)
    else:
        listed = ", ".join(f"{entry['name']} {entry['rows']:,}" for entry in document["segments"])
        model = f" The model is in {args.model}." if args.model is not None else ""
        if "table" in document:
            say(f"{table_text(document)} Rows: {listed}.{model}")
        else:
            say(f"{counted(document['rows'], 'row')} written to {args.out} ({listed}). Where they come from is in {args.out}.json.{model}")
    return 0


_OF_ROWS = (
    "segments",
    "copies",
    "filled",
    "profile",
    "own_id",
    "clustered_values",
    "probabilities",
    "with_set_aside",
    "model",
    "into",
    "how",
)


def _export_sql(args: argparse.Namespace) -> int:
    """Write SQL that scores customers."""
    given = [f"--{name.replace('_', '-')}" for name in _OF_ROWS if getattr(args, name)]
    if given:
        raise refusal("sql.not_for_sql", kind=ParameterError, options=given)

    from segcore.export.scoring_sql import write_scoring_sql
    from segcore.store.store import Store

    store = Store()
    document = write_scoring_sql(
        store, *find_sweep_point(store, args.sweep, args.point), Path(args.out), **_given(args, ("dialect", "table"))
    )
    if args.json:
        say_json(document)
    else:
        say(f"SQL that scores customers of {document['table']} in {DIALECTS[document['dialect']]} written to {args.out}.")
    return 0


def _given(args: argparse.Namespace, names: Sequence[str]) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name in names if (value := getattr(args, name))}


def _one_segment(text: str | None) -> int | None:
    chosen = None if text is None else parse_segments(text, option="--segment")
    if chosen is not None and len(chosen) != 1:
        raise ParameterError(f"--segment must be one segment, got {text!r}.")
    return None if chosen is None else chosen[0]


def parse_segments(text: str, *, option: str = "--segments") -> list[int]:
    """Parse segment numbers from ``0,2``; ``noise`` is -1.

    Raises
    ------
    ParameterError
        If an item is not a number.
    """
    numbers = []
    for part in (part.strip() for part in text.split(",") if part.strip()):
        try:
            numbers.append(-1 if part.lower() == "noise" else int(part))
        except ValueError:
            raise ParameterError(f"{option} must be numbers separated by commas, or noise, such as 0,2,noise, got {part!r}.") from None
    return numbers


def find_sweep_point(store: Store, prefix: str, point: str) -> tuple[str, int]:
    """Find a sweep by the beginning of its id, and the position of one of its solutions.

    Raises
    ------
    StoreError, ParameterError
        If not exactly one sweep matches, or not exactly one of its solutions has these values.
    """
    from segcore.records.grid import find_point, parse_point

    wanted = parse_point(point)
    sweep_id = store.resolve(prefix)
    return sweep_id, find_point(store.spec(sweep_id).points, wanted)


def run_score(args: argparse.Namespace) -> int:
    """Assign new customers to segments and write them."""
    request = request_for_rows(args)

    from segcore.export.files import output_of, table_text, write_scores
    from segcore.intake.child import from_database_apart
    from segcore.intake.trained_rows import read_like_trained
    from segcore.segments.scoring import score
    from segcore.store.store import Store

    out = output_of(args.out, args.into, args.how)
    store = Store()
    sweep_id, position = find_sweep_point(store, args.sweep, args.point)
    with read_like_trained(store, store.spec(sweep_id).data, from_database_apart(store, request)) as dataset:
        scored = score(store, sweep_id, position, dataset, as_of=args.as_of)
    notes = (*dataset.notes, *scored.notes)
    print_notes(notes)
    document = write_scores(store, sweep_id, position, out, customers=scored.customers, labels=scored.labels, set_aside=scored.set_aside)
    if args.json:
        scored_data = {"name": dataset.name, "fingerprint": dataset.fingerprint, "filters": list(dataset.filters), "as_of": args.as_of}
        listed_notes = [note_json(note) for note in notes]
        say_json({**document, "scored": scored_data, "notes": listed_notes})
    else:
        listed = ", ".join(f"{entry['name']} {entry['rows']:,}" for entry in document["segments"] if entry["rows"])
        marked = document["set_aside_rows"]
        aside = f" The sweep would have set aside {marked:,} of them." if marked else ""
        if "table" in document:
            say(f"{table_text(document)} Rows: {listed}.{aside}")
        else:
            say(f"{counted(document['rows'], 'customer')} written to {args.out} ({listed}).{aside}")
    return 0
