"""SELECTs that an analyst writes: checked to be one query that only reads."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from segcore.errors import ParameterError
from segcore.wording.findings import refusal

_MOST_LETTERS = 100_000
_BEGINNINGS = ("SELECT", "WITH", "FROM", "VALUES", "TABLE", "(")
_FORBIDDEN = (
    *(exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.TruncateTable, exp.Into, exp.Copy, exp.Command),
    *(exp.Lock, exp.Set, exp.Use, exp.Attach, exp.Detach, exp.Pragma, exp.Transaction, exp.Commit, exp.Rollback),
)
# Functions of DuckDB and SQLite that reach files, or run text as a query. Opening the file without access to anything else is the second
# safeguard.
_ACTING = re.compile(r"load_extension|readfile|writefile|getenv|read_.*|.*_scan|sniff_csv|query|query_table")
# Functions of PostgreSQL that sqlglot has no type for, or no type if they have a schema. This is a list of functions that only return a
# value, because among thousands, including those of extensions, there are always others that run text as a query or reach the server's
# files.
_HARMLESS = """
abs acos age any_value array_agg array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position
array_positions array_prepend array_remove array_replace array_to_json array_to_string array_upper ascii asin atan atan2 avg bit_and
bit_length bit_or bit_xor bool_and bool_or btrim cardinality cbrt ceil ceiling char_length character_length chr clock_timestamp concat
concat_ws convert_from convert_to corr cos cosh cot count covar_pop covar_samp cume_dist current_database current_schema date date_bin
date_part date_trunc daterange decode degrees dense_rank div encode every exp extract factorial first_value floor format gcd
gen_random_uuid generate_series generate_subscripts hashtext hashtextextended initcap int4range int8range isempty isfinite json_agg
json_array_elements json_array_elements_text json_array_length json_build_array json_build_object json_each json_each_text
json_extract_path json_extract_path_text json_object json_object_agg json_object_keys json_populate_record json_populate_recordset
json_strip_nulls json_to_record json_to_recordset json_typeof jsonb_agg jsonb_array_elements jsonb_array_elements_text
jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text
jsonb_object jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_match jsonb_path_query jsonb_path_query_array
jsonb_path_query_first jsonb_populate_record jsonb_populate_recordset jsonb_pretty jsonb_set jsonb_strip_nulls jsonb_to_record
jsonb_to_recordset jsonb_typeof justify_days justify_hours justify_interval lag last_value lcm lead left length ln log log10 lower
lower_inc lower_inf lpad ltrim make_date make_interval make_time make_timestamp make_timestamptz max md5 min min_scale mod mode
normalize now nth_value ntile num_nonnulls num_nulls numrange octet_length overlaps overlay parse_ident percent_rank percentile_cont
percentile_disc pg_size_pretty pg_typeof phraseto_tsquery pi plainto_tsquery position pow power quote_ident quote_literal quote_nullable
radians random range_agg range_merge rank regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace
regexp_split_to_array regexp_split_to_table regexp_substr regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx
regr_sxy regr_syy repeat replace reverse right round row row_number row_to_json rpad rtrim scale sha224 sha256 sha384 sha512 sign sin
sinh split_part sqrt starts_with statement_timestamp stddev stddev_pop stddev_samp string_agg string_to_array string_to_table strpos
substr substring sum tan tanh timeofday timezone to_ascii to_char to_date to_hex to_json to_jsonb to_number to_timestamp to_tsquery
to_tsvector transaction_timestamp translate trim_array trim_scale trunc ts_headline ts_rank tsrange tstzrange unistr unnest upper
upper_inc upper_inf var_pop var_samp variance websearch_to_tsquery width_bucket
"""


def check_select(text: str, dialect: str) -> str:
    """Return a SELECT without the semicolon at its end, if it only reads.

    Parameters
    ----------
    text : str
        One query, also with WITH or UNION; comments are allowed.
    dialect : str
        Name in sqlglot.

    Raises
    ------
    ParameterError
        If the text cannot be parsed as SQL, is several statements, or might do something other than reading.

    Notes
    -----
    In PostgreSQL's dialect, functions that are not known to only return a value are refused, including the user's own harmless ones. This
    guards against mistakes and careless pasting; the rights of the database user limit what a query can reach.
    """
    text = text.strip()
    if not text or len(text) > _MOST_LETTERS or "\0" in text:
        raise refusal("database.not_a_select", kind=ParameterError, part="")
    try:
        tokens = sqlglot.tokenize(text, dialect=dialect)
        first = next(iter(tokens), None)
        if first is None or first.text.upper() not in _BEGINNINGS:  # for others, sqlglot logs a warning with the whole text
            raise refusal("database.not_a_select", kind=ParameterError, part=first.text.upper() if first else "")
        if dialect == "postgres" and _has_unicode_escapes(tokens, text):
            raise refusal("database.unicode_escapes", kind=ParameterError)
        parsed = [tree for tree in sqlglot.parse(text, dialect=dialect) if tree is not None and not isinstance(tree, exp.Semicolon)]
    except (SqlglotError, RecursionError) as error:
        raise refusal("database.unreadable_select", kind=ParameterError, remedy="view", near=_place(error)) from None
    if len(parsed) != 1:
        raise refusal("database.several_statements", kind=ParameterError, statements=len(parsed))
    (tree,) = parsed
    if not isinstance(tree, exp.Query):
        raise refusal("database.not_a_select", kind=ParameterError, part=tree.key.upper())
    for node in tree.walk():
        if isinstance(node, _FORBIDDEN):
            raise refusal("database.not_a_select", kind=ParameterError, part=_called(node))
        name = _refused_function(node, dialect)
        if name is not None:
            raise refusal("database.acting_function", kind=ParameterError, remedy="view", function=name)
    return _without_semicolon(text, dialect)


def _called(node: Any) -> str:
    return "SELECT ... INTO" if isinstance(node, exp.Into) else "FOR UPDATE" if isinstance(node, exp.Lock) else node.key.upper()


def _refused_function(node: Any, dialect: str) -> str | None:
    """Return the name of a called function that is not allowed; ``None`` for allowed functions and anything else."""
    if not isinstance(node, exp.Func):
        return None
    is_known = not isinstance(node, exp.Anonymous | exp.AnonymousAggFunc)
    name = node.sql_name() if is_known else node.name
    if dialect != "postgres":
        return name if _ACTING.fullmatch(name.lower()) else None
    schema = _schema(node)
    if schema not in ("", "pg_catalog"):  # somebody's own function, whatever its name
        return f"{schema}.{name}"
    return None if is_known or name.lower() in _HARMLESS.split() else name


def _schema(function: Any) -> str:
    """Return the schema that is written before a function's name, "" if there is none."""
    parent = function.parent
    if isinstance(parent, exp.Table) and parent.this is function:
        return str(parent.db).lower()
    return parent.this.name.lower() if isinstance(parent, exp.Dot) and parent.expression is function else ""


def _has_unicode_escapes(tokens: Sequence[Token], text: str) -> bool:
    """Tell whether names or texts are written as U&"..." or U&'...', in which PostgreSQL reads other characters than sqlglot."""
    return any(
        token.token_type is TokenType.UNICODE_STRING
        or (token.token_type is TokenType.AMP and previous.text in ("U", "u") and text[token.start - 1 : token.end + 2] in ('U&"', 'u&"'))
        for previous, token in itertools.pairwise([tokens[0], *tokens])
    )


def _without_semicolon(text: str, dialect: str) -> str:
    """Return a text without the semicolon that ends its only statement, because it is later put in parentheses."""
    for token in sqlglot.tokenize(text, dialect=dialect):
        if token.token_type is TokenType.SEMICOLON:
            return text[: token.start]
    return text


def _place(error: Exception) -> str:
    """Return the words at which a SELECT could not be parsed."""
    found = getattr(error, "errors", None) or [{}]
    return str(found[0].get("highlight") or "")
