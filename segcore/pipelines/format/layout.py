"""Layout of a pipeline file: its tables and keys. Checks and the JSON schema are made from it.

Keys have the names of the library's and the command line's options: ``--set-aside`` is ``set_aside``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from segcore.clustering.algorithms.registry import algorithms
from segcore.export.database_table import HOW
from segcore.features.vectors.asked import VECTOR_OPTIONS
from segcore.records.data_rules import DATE_ORDERS
from segcore.records.dataset import KINDS, ROLES
from segcore.records.evidence import LEVELS
from segcore.records.intake import FEWEST_MISSIONS, LONGEST_SECONDS, MOST_MISSIONS
from segcore.records.plan import MAX_SEED
from segcore.records.preparation import IDEAS, OUTLIERS, SCALERS, SETTING_NAMES
from segcore.records.solution import ENGINES
from segcore.records.target_question import METHODS
from segcore.records.taste import LENGTHS, MATRICES, OF
from segcore.records.taste import METHODS as COMPONENTS
from segcore.records.vectors import REAL, WHOLE
from segcore.sweeps.workers import WORKERS
from segcore.system.frames import FRAMES
from segcore.wording.results import DIALECTS

Kind = Literal["text", "whole", "number", "flag", "date", "as of", "texts", "labels", "grid", "weight", "range", "table"]
MEASURES = ("silhouette", "calinski_harabasz", "davies_bouldin", "z", "least_stability", "prediction_strength", "describability")
"""Measures by which ``choose.best`` can choose; the lowest `davies_bouldin` is the best, and the highest of every other measure."""
RULES = ("recommended",)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a table.

    Parameters
    ----------
    name : str
        "" for the keys of a table that names features, parameters or segments.
    kind : str
        "text", "whole", "number", "flag", "date" and "as of" (a date, or "latest") are one value; "texts" is a text or a list of them;
        "labels" is a list of segments, -1 or "noise" for noise; "grid" is a number or word, or a list of them; "weight" is a number above 0
        or a word; "range" is a list of two whole numbers, the lower first; "table" is a nested table.
    words : str
        Description of the key in a few words, for an editor.
    choices : tuple of str
        Values that a text may have; empty if any text is allowed.
    low, high : float or None
        Domain of a number, both included.
    is_required : bool
    table : Table or None
        For the kind "table".
    is_path : bool
        Whether the text is the path of a file, or the name of a sample.
    """

    name: str
    kind: Kind
    words: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    is_required: bool = False
    table: Table | None = None
    is_path: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the file.

    Parameters
    ----------
    words : str
    keys : tuple of Key
    any_key : Key or None
        What keys hold whose names are not known beforehand, such as features.
    is_list : bool
        Whether there can be several: ``[[export]]``.
    is_required : bool
    """

    words: str
    keys: tuple[Key, ...] = ()
    any_key: Key | None = None
    is_list: bool = False
    is_required: bool = False

    def key(self, name: str) -> Key | None:
        """Return what a key may hold; ``None`` if there is no such key."""
        return next((key for key in self.keys if key.name == name), self.any_key)


def _switches(words: dict[str, str]) -> tuple[Key, ...]:
    return tuple(Key(name, "flag", text) for name, text in words.items())


def _nested(name: str, words: str, *, keys: tuple[Key, ...] = (), any_key: Key | None = None) -> Key:
    return Key(name, "table", words, table=Table(words, keys, any_key))


_SEED = Key("seed", "whole", "seed of every random draw", low=0, high=MAX_SEED)
_READING = (
    Key("delimiter", "text", "character between the values of a CSV file, or 'tab'"),
    Key("encoding", "text", "encoding of a CSV file, such as utf-8 or cp1252"),
    Key("sheet", "texts", "sheets of a workbook; '*' means all visible ones"),
    Key("header_row", "whole", "row or line with the column names, counted from 1", low=1),
)
_ROWS = (
    Key("date_order", "text", "order of day, month and year in dates that could be read in two ways", DATE_ORDERS),
    Key("set_aside", "flag", "skip rows with an unreadable number or date instead of refusing the file"),
    Key("required", "texts", "columns in which a row must have a value"),
    Key("cancelled", "text", "what becomes of cancelled lines", ("keep", "aside")),
    Key("duplicates", "text", "what becomes of exact duplicates of a row", ("keep", "aside")),
)
_DATABASE = (
    Key("table", "text", "table or view of the database"),
    Key("query", "text", "a SELECT to read instead of a table"),
    Key("timeout", "number", "longest that one statement may take, in seconds", low=0.001, high=LONGEST_SECONDS),
    Key("time_zone", "text", "time zone for dates and times that are stored with a time zone, such as Europe/Berlin"),
    Key("most_rows", "whole", "read nothing if there are more rows", low=1),
)
_MEANING = (
    Key("path", "text", "path of a file, name of a sample, or address of a database, without a password", is_required=True, is_path=True),
    Key("name", "text", "name to show instead of the file's"),
    Key("kind", "text", "one row per order line, per rating or per customer", KINDS),
    _nested("roles", "column of each role; '' means that no column has it", keys=tuple(Key(role, "text", "a column") for role in ROLES)),
    Key("where", "texts", "conditions on rows or customers; all must hold"),
    Key("date_from", "date", "first day"),
    Key("date_to", "date", "last day, inclusive"),
    *_DATABASE,
    *_READING,
    *_ROWS,
    Key("items", "text", "file with one row per item", is_path=True),
    Key("items_key", "text", "column of that file with the ids of the items"),
    Key("frames", "text", "library that builds the features", FRAMES),
)
_COLUMNS = (
    Key("exclude", "texts", "columns to leave out"),
    Key("category", "texts", "columns whose numbers are codes"),
    Key("number", "texts", "columns to use as numbers although they look like codes"),
    Key("profile", "texts", "columns to carry along without clustering on them"),
    Key("keep", "texts", "columns to use as features although they look like an identifier or an outcome"),
    Key("zero", "texts", "columns of numbers in which a missing value counts as 0"),
    Key("min_share", "number", "share of rows that a category's value must exceed to get its own feature", low=0, high=1),
    Key("max_categories", "whole", "most categories of transactions whose share of spend is a feature", low=1),
)
_VECTORS = tuple(
    Key(name, "whole", "option of the vectors", low=WHOLE[name][0], high=WHOLE[name][1])
    if name in WHOLE and name != "epochs"
    else Key(name, "number", "option of the vectors", low=REAL[name][0], high=REAL[name][1])
    if name in REAL
    else Key(name, "grid" if name == "epochs" else "text", "option of the vectors")
    for name in VECTOR_OPTIONS
)
_OUTPUT = (
    Key(
        "out",
        "text",
        "file named .csv, .parquet or .sql, or address of a database, without password",
        is_required=True,
        is_path=True,
    ),
    Key("into", "text", "table of the database, with its schema if that is not the usual one"),
    Key("how", "text", "whether the table then has exactly these rows, or those of other customers are kept", HOW),
)
_GRID_WORDS = "values of the algorithm's parameters; others have their defaults"

TABLES: dict[str, Table] = {
    "data": Table(
        "where the data come from, what they mean, and which rows count",
        (
            *_MEANING,
            *_COLUMNS,
            Key("customers", "text", "file with one row per customer, whose columns are shown but not clustered on", is_path=True),
            Key("customers_key", "text", "column of that file with the ids of the customers"),
        ),
        is_required=True,
    ),
    "features": Table(
        "what the segments are based on",
        (
            Key("set", "text", "value, behaviour, rfm, kit, small or all; components=N or auto, raw; cust2vec=N"),
            Key("names", "texts", "features by name, instead of all of the set"),
            Key("matrix", "text", "values that the components are made from", MATRICES),
            Key("components", "text", "kind of components", COMPONENTS[:-1]),
            Key("of", "text", "what the components are made of", OF),
            Key("lengths", "text", "whether each customer's row is scaled to length 1", LENGTHS),
            Key("least_items", "whole", "set customers with fewer items apart", low=1),
            Key("least_customers", "whole", "leave out items with fewer customers", low=1),
            _nested("cust2vec", "options of vectors", keys=_VECTORS),
            Key("seed", "whole", "seed of components and vectors (default: that of the plan)", low=0, high=MAX_SEED),
            Key("missions", "whole", "number of basket missions to find", low=FEWEST_MISSIONS, high=MOST_MISSIONS),
        ),
    ),
    "plan": Table(
        "how the features are prepared",
        (
            Key("setting", "text", "starting point for the other choices", SETTING_NAMES),
            Key("outliers", "text", "outlier rule", OUTLIERS),
            Key("scaler", "text", "how features are scaled", SCALERS),
            Key("log", "texts", "features to log-transform; log and power both [] for none"),
            Key("power", "texts", "features to power-transform"),
            _nested(
                "weights",
                "features or columns with more weight: high, medium, low or a factor",
                any_key=Key("", "weight", "high, medium, low or a factor above 0"),
            ),
            Key("ideas", "text", "whether features that say the same count once together, or each in full", IDEAS),
            Key("repeats", "whole", "copies of each customer, jittered if more than one", low=1, high=1_000),
            _SEED,
        ),
    ),
    "sweep": Table(
        "the grid of clusterings",
        (
            Key("algorithm", "text", "clustering algorithm", tuple(spec.name for spec in algorithms()), is_required=True),
            Key("engine", "text", "engine that computes", ENGINES),
            _nested("grid", _GRID_WORDS, any_key=Key("", "grid", "a value or several")),
            Key("evidence", "text", "comparison with data without segments and with resamples", LEVELS),
            Key("memory", "text", "most memory, such as 512M or 2G"),
            Key("workers", "text", "where the fits run", WORKERS),
        ),
        is_required=True,
    ),
    "choose": Table(
        "which solution: one of point, rule and best",
        (
            _nested("point", "its parameters; those that do not vary can be left out", any_key=Key("", "grid", "the value")),
            Key("rule", "text", "the recommended solution", RULES),
            Key("best", "text", "the solution with the best value of a measure", MEASURES),
            Key("segments", "range", "fewest and most segments that the rule or the measure may choose", low=1),
        ),
    ),
    "names": Table('names of the segments, by their numbers: 0 = "Regulars"', any_key=Key("", "text", "the name")),
    "export": Table(
        "a file or a table with the customers of the segments, or SQL that scores customers where they are",
        (
            *_OUTPUT,
            Key("sql", "flag", "write SQL that scores the table that 'features --features all' or 'features --like' writes"),
            Key("dialect", "text", "dialect of the SQL (default: duckdb)", tuple(DIALECTS)),
            Key("table", "text", "name of the table with the features, in SQL (default: customers)"),
            Key("segments", "labels", "segments to write; -1 or 'noise' is noise (default: all)"),
            *_switches(
                {
                    "own_id": "name the id column as in the data",
                    "clustered_values": "add each feature as it was clustered",
                    "probabilities": "add the probability of each segment, which mixtures have",
                    "profile": "add the profile columns",
                    "filled": "replace blanks with the values that they counted as",
                    "include_set_aside": "add the customers that the outlier rule set aside",
                    "copies": "add the jittered copies of each customer",
                }
            ),
            Key("model", "text", "file named .zip for the model", is_path=True),
        ),
        is_list=True,
    ),
    "score": Table(
        "new customers to assign to the segments",
        (
            *_MEANING,
            Key("as_of", "as of", "day up to which recency and similar features count, or 'latest' for the latest of these data"),
            *_OUTPUT,
            Key("features", "text", "file named .csv or .parquet for their features, as 'features --like' writes them", is_path=True),
        ),
        is_list=True,
    ),
    "targets": Table(
        "whom to reach with a limited budget",
        (
            Key("promote", "text", "what is promoted, such as department=MEAT, or campaign=NAME"),
            Key("outcome", "text", "column of a customer table with the outcome"),
            Key("yes", "text", "the wanted outcome"),
            Key("treatment", "text", "column that says who was contacted, drawn at random"),
            Key("contacts", "text", "file of contacts", is_path=True),
            Key("budget", "whole", "customers who can be contacted", low=1),
            Key("money", "number", "money to spend; needs cost", low=0),
            Key("cost", "number", "cost of one contact", low=0),
            Key("value", "number", "value of one buyer", low=0),
            Key("window", "whole", "days in which a purchase counts", low=1),
            Key("again", "flag", "include customers who bought it before"),
            Key("method", "text", "what ranks the customers", METHODS),
            Key("holdout", "whole", "size of the random hold-out (default: computed)", low=0),
            Key("keep", "texts", "features to keep although they look like a leak"),
            _SEED,
            Key("out", "text", "file named .csv or .parquet for the list", is_required=True, is_path=True),
        ),
        is_list=True,
    ),
    "check": Table(
        "when today's data still give the segments that were signed off",
        (
            Key("reference", "text", "manifest of the run that was signed off (default: the pipeline's own)", is_path=True),
            Key("least_agreement", "number", "least adjusted Rand index of scored and refitted segments", low=0, high=1),
            Key("least_psi", "number", "population stability index below which drift does not matter", low=0),
            Key("least_change", "number", "change of a segment's share of customers that does not matter", low=0, high=1),
        ),
    ),
}
ROOT = Table(
    "A segcore pipeline: from data to segments, files, scores and targets",
    (
        *(Key(name, "table", table.words, is_required=table.is_required, table=table) for name, table in TABLES.items()),
        Key("manifest", "text", "file for the manifest (default: next to the first file that is written)", is_path=True),
    ),
)
"""The whole file."""
