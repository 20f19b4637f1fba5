"""What the columns of a file mean: guessed from their names and contents, corrected by the analyst."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from segcore.dataset import KINDS, ROLES, Kind
from segcore.errors import DataError, ParameterError
from segcore.rules import RowRules
from segcore.sources.columns import as_ids, is_numeric
from segcore.sources.dates import read_times
from segcore.sources.raw import Raw

NO_QUANTITY = "there is no quantity"
_SAMPLE_ROWS = 2_000
_WHO = "customer|client|household|member|user|buyer|shopper|account|visitor|subscriber|person|consumer|cust"
_ID = "id|no|nr|num|number|key|code|ref|uuid|hash"
# Patterns over names with all but letters and digits taken out, the most telling first.
_NAMES: dict[str, tuple[str, ...]] = {
    "customer": (
        rf"({_WHO})(unique)?({_ID})",
        rf"({_WHO})s?",
        rf".*({_WHO})(unique)?({_ID})",
        "(loyalty)?card(id|no|number)|cid|panelist(id)?|kundennr|kunde(nnummer|nid|nnr)?",
        "(code|numero|num|no?|id)(client|cliente|customer)|cliente(id)?",
        "(customer|client)?(email(address)?|name)",
    ),
    "time": (
        "(invoice|order|purchase|transaction|trans|basket|sales?|receipt|visit|event)(date|time|datetime|timestamp|dt)+",
        "date|datetime|timestamp|time|datum|dt",
        ".*(timestamp|datetime)",
        ".*(date|time)",
        "(order|purchase|created|purchased|ordered|sold|paid).*at|(created|purchased|ordered|sold)(on)?|day",
    ),
    "order": (
        rf"(invoice|order|basket|transaction|trans|receipt|ticket|bill|purchase|sales?|checkout|trip|visit)({_ID})",
        "invoice|order|basket|transaction|receipt|ticket|bill",
        rf".*(invoice|order|basket|transaction|receipt)({_ID})",
        "(bestell|auftrags?|rechnungs?|beleg|bon)(nummer|nr|id)|bestellung|auftrag|rechnung|beleg",
        "(numero|num|no?|id|code)?(commande|facture|pedido|factura)",
    ),
    "item": (
        rf"(stock|product|item|article|sku|prod|material|goods)({_ID})",
        "sku|product|item|article|stock|asin|upc|ean|isbn|plu|gtin",
        rf".*(product|item|article)({_ID})",
        "(product|item|article)(name|description|title)|description",
        "artikel(nummer|nr|id)?|produkt(nummer|nr|id)?|produit|producto|reference",
    ),
    "quantity": (
        "quantity|qty|units|pieces|pcs|menge",
        "(item|order|product|sales?|units?)(quantity|qty|sold|count)|.*(quantity|qty)|nitems|quantityordered",
        "anzahl|stuckzahl|stuck|quantite|qte|cantidad|count",
    ),
    "price": (
        "(unit|item|product|list|selling|sale)?price(each|perunit|peritem|perunit)?|unitcost|preis|einzelpreis",
        "price.*",
        "prix(unitaire)?|pu|precio(unitario)?|stuckpreis|(?!.*(total|line|gesamt|order|basket)).*price",
    ),
    "amount": (
        "sales?(value|amount|total)|(line|total|net|gross|order|transaction|trans|purchase|invoice|paid)?(amount|amt)",
        "(line|grand|order|net|gross)?total(price|sales?|spent|spend|value|cost|revenue)?|revenue|turnover|sales|spent|spend|umsatz",
        "(payment|monetary|order|purchase|basket|net|gross)?(value|payment)|price|.*(amount|revenue)",
        "betrag|gesamt(betrag|preis)?|summe|montant|importe",
    ),
}
_NUMERIC_ROLES = ("quantity", "price", "amount")


@dataclass(frozen=True, slots=True)
class Meaning:
    """The kind of a source and the roles of its columns.

    Parameters
    ----------
    kind : {"transactions", "customers"}
    roles : mapping of role to column name
    reasons : mapping of role to str
        Why each column was taken for it; "chosen" where the analyst said so.
    """

    kind: Kind
    roles: Mapping[str, str]
    reasons: Mapping[str, str] = field(default_factory=dict)


def find_meaning(raw: Raw, *, kind: str | None, roles: Mapping[str, str], rows: RowRules | None = None) -> Meaning:
    """Return the roles asked for, completed by guesses.

    Parameters
    ----------
    raw : Raw
    kind : str or None
        As asked; ``None`` guesses: transactions where there is a customer, a time, and a customer with more than one row.
    roles : mapping of role to column name
        As asked; an empty column name says that no column has the role.
    rows : RowRules or None
        The order of day and month helps to tell which columns hold dates.

    Raises
    ------
    ParameterError
        Where a role or kind does not exist.
    DataError
        Where a column does not exist or has two roles, or a role that is needed was not found.
    """
    _validate(raw, kind, roles)
    asked = {role: column for role, column in roles.items() if column}
    known = {role: column for role, column in raw.roles.items() if role not in roles and column not in asked.values()}
    reasons = {**dict.fromkeys(known, "known of this sample"), **dict.fromkeys(asked, "chosen")}
    found = {**known, **asked}
    if raw.kind is None:
        guessed = _guess(raw, found, without={role for role, column in roles.items() if not column})
        found = {**{role: column for role, (column, _) in guessed.items()}, **found}
        reasons = {**{role: reason for role, (_, reason) in guessed.items()}, **reasons}
    decided = _decide_kind(raw, kind, found, without_customer=roles.get("customer") == "")
    if decided == "customers":
        found = {} if "customer" in roles and not roles["customer"] else _customers_role(raw, found, chosen="customer" in asked)
    else:
        _require(raw, found)
        if "amount" in found and "amount" not in asked and {"quantity", "price"} <= set(found):
            del found["amount"]
    return Meaning(
        decided,
        {role: found[role] for role in ROLES if role in found},
        {role: reasons.get(role, "each value stands once") for role in found},
    )


def _validate(raw: Raw, kind: str | None, roles: Mapping[str, str]) -> None:
    if kind is not None and kind not in KINDS:
        raise ParameterError.unknown("kind", kind, KINDS)
    holders: dict[str, str] = {}
    for role, column in roles.items():
        if role not in ROLES:
            raise ParameterError.unknown("role", role, ROLES)
        if column and column not in raw.names:
            raise DataError(f"{raw.name} has no column {column!r} for the role {role}: its columns are {', '.join(raw.names)}.")
        if column and column in holders:
            raise DataError(f"{column} cannot be both {holders[column]} and {role}: give one of the roles to another column.")
        holders[column] = role


def _guess(raw: Raw, found: dict[str, str], *, without: set[str]) -> dict[str, tuple[str, str]]:
    """Return ``{role: (column, reason)}`` for the roles that are not taken yet."""
    sample = raw.head(_SAMPLE_ROWS)
    guessed: dict[str, tuple[str, str]] = {}
    for role in ("time", "customer", "order", "item", "quantity", "price", "amount"):
        if role in found or role in without:
            continue
        have = {**found, **{other: column for other, (column, _) in guessed.items()}}
        if role == "amount" and {"quantity", "price"} <= set(have):
            continue
        if role == "price" and "amount" in have:
            continue
        free = [name for name in raw.names if name not in have.values()]
        choice = _by_name(sample, free, role)
        if choice:
            guessed[role] = choice
    return _lone_price(guessed, found, without)


def _lone_price(guessed: dict[str, tuple[str, str]], found: dict[str, str], without: set[str]) -> dict[str, tuple[str, str]]:
    """Take a price without a quantity for the line's amount, where nothing else is; else a price without a quantity has no use."""
    if "price" in guessed and "quantity" not in guessed and "quantity" not in found:
        column, reason = guessed.pop("price")
        if "amount" not in guessed and "amount" not in found and "amount" not in without:
            guessed["amount"] = (column, f"{reason}; {NO_QUANTITY}")
    return guessed


def _by_name(sample: pa.Table, free: list[str], role: str) -> tuple[str, str] | None:
    """Return the column with the most telling name among those that hold what the role needs; else among those that nearly do.

    The latter is read and reported with the first value that does not fit, which says more than that there is no such column.
    """
    for suits in _CONTENT_TESTS.get(role, (_may_be_id,)):
        if suits is _nearly_times and (found := _by_content(sample, free)):
            return found
        for pattern in _NAMES[role]:
            for name in free:
                if re.fullmatch(pattern, _plain(name)) and suits(sample[name], name):
                    return name, "by its name and what it holds" if role in _CONTENT_TESTS else "by its name"
    return None


def _plain(name: str) -> str:
    """Return a name's letters and digits in lower case, accents taken off."""
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", name.lower().replace("°", "").replace("º", "")))


def _by_content(sample: pa.Table, free: list[str]) -> tuple[str, str] | None:
    for name in free:
        if not is_numeric(sample[name]) and _holds_times(sample[name], name):
            return name, "it holds dates"
    return None


def _may_be_id(column: pa.ChunkedArray, name: str) -> bool:
    text = _text(column)
    if text is not None and pc.all(pc.match_substring_regex(text, r"^\s*\d*(\.0+)?\s*$")).as_py():
        return True
    return not _holds_times(column, name) or is_numeric(column)


def _mostly_numbers(column: pa.ChunkedArray, name: str) -> bool:
    # A single bad value must be reported as such, not make the column's role unfindable: most of the sample decides.
    return is_numeric(column) or _mostly(column, r"^\s*[+-]?\d+([.,]\d+)?\s*$")


def _nearly_numbers(column: pa.ChunkedArray, name: str) -> bool:
    return _mostly(column, r"^[^\d,;]{0,4}\d[\d., ']*[^\d,;]{0,4}$")


def _nearly_times(column: pa.ChunkedArray, name: str) -> bool:
    return _mostly(column, r"\d") and not is_numeric(column)


def _mostly(column: pa.ChunkedArray, pattern: str) -> bool:
    text = _text(column)
    return text is not None and bool((pc.sum(pc.match_substring_regex(text, pattern)).as_py() or 0) > 0.5 * len(text))


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    is_text = pa.types.is_large_string(column.type) or pa.types.is_string(column.type)
    return column.cast(pa.large_string()) if is_text else None


def _holds_times(column: pa.ChunkedArray, name: str) -> bool:
    if pa.types.is_boolean(column.type):
        return False
    for part in (column, column.slice(0, 20)):
        # A bad date far down must be reported as such: the first rows decide where the whole sample does not.
        try:
            times = read_times(part, name=name, where=str)
        except DataError:
            continue
        if times.values.null_count < len(times.values):
            return True
    return False


_CONTENT_TESTS: dict[str, tuple[Callable[[pa.ChunkedArray, str], bool], ...]] = {
    "time": (_holds_times, _nearly_times),
    **dict.fromkeys(_NUMERIC_ROLES, (_mostly_numbers, _nearly_numbers)),
}


def _decide_kind(raw: Raw, kind: str | None, found: Mapping[str, str], *, without_customer: bool) -> Kind:
    asked = kind or raw.kind
    if asked is not None:
        return "transactions" if asked == "transactions" else "customers"
    if "customer" not in found and not without_customer and {"time", "order", "quantity", "price"} <= set(found):
        return "transactions"  # lines of orders for sure: whose they are is then asked for
    if "customer" not in found or "time" not in found:
        return "customers"
    ids = as_ids(raw.column(found["customer"])).drop_null()
    return "transactions" if pc.count_distinct(ids).as_py() < len(ids) else "customers"


def _customers_role(raw: Raw, found: Mapping[str, str], *, chosen: bool) -> dict[str, str]:
    """Keep the id of one row a customer; without one named for it, a column ``id`` of distinct values serves."""
    if "customer" in found:
        column = found["customer"]
        looks_like_name = re.search(r"name|mail", column.lower())
        if chosen or not looks_like_name or _distinct(raw, column):
            return {"customer": column}
        return {}
    for name in raw.names:
        if re.fullmatch("id|uid|uuid|key", name.strip().lower()) and _distinct(raw, name):
            return {"customer": name}
    return {}


def _distinct(raw: Raw, column: str) -> bool:
    ids = as_ids(raw.column(column))
    return ids.null_count == 0 and pc.count_distinct(ids).as_py() == len(ids)


def _require(raw: Raw, found: Mapping[str, str]) -> None:
    for role, what in (("customer", "the customer"), ("time", "the date or time")):
        if role not in found:
            raise DataError(
                f"{raw.name} has no column that looks like {what}: say which with the role {role} (columns: {', '.join(raw.names)})."
            )
    if "amount" not in found and not {"quantity", "price"} <= set(found):
        raise DataError(
            f"{raw.name} needs a column with the role amount, or two with the roles quantity and price: say which "
            f"(columns: {', '.join(raw.names)})."
        )
