"""Question whom to reach: what is promoted, for how much, and how customers are chosen."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any, Literal

from segcore.errors import ParameterError
from segcore.records.finding import Finding

Method = Literal["model", "components", "rules", "recency"]
Kind = Literal["purchase", "campaign", "outcome"]
METHODS: tuple[Method, ...] = ("model", "components", "rules", "recency")
WINDOW_DAYS = 28
CAMPAIGN = "campaign"
"""What is promoted where customers are asked for their response to a campaign."""


@dataclass(frozen=True, slots=True)
class TargetQuestion:
    """What is promoted, how many customers can be contacted, and how they are chosen.

    Parameters
    ----------
    promote : str or None
        Column of the order lines with what is promoted: a department, category, product or brand; or "campaign".
    value : str or None
        Its promoted value; ``None`` with ``promote`` compares all values.
    outcome : str or None
        Column of a customer table with yes or no; blank where it is not known yet.
    yes : str or None
        The outcome's value that is wanted; ``None`` detects it.
    treatment : str or None
        Column of a customer table that tells who was contacted, drawn at random.
    budget : int or None
        Customers who can be contacted, at least 1.
    money, cost : float or None
        Money to spend, and cost of one contact; ``money / cost`` is then the budget.
    worth : float or None
        Value of one buyer, in the same currency.
    window_days : int
        Days in which a purchase or response counts.
    again : bool
        Keep customers who bought it before; without it, only new buyers count.
    method : {"model", "components", "rules", "recency"}
        Ranks the customers on the list.
    holdout : int or None
        Size of the random hold-out; ``None`` computes it.
    keep : tuple of str
        Features to keep although they look like a leak.
    contacts : str or None
        File of contacts, with one row per customer and campaign.
    seed : int

    Raises
    ------
    ParameterError
        If it asks for nothing or for two things at once, or a number is outside its domain.
    """

    promote: str | None = None
    value: str | None = None
    outcome: str | None = None
    yes: str | None = None
    treatment: str | None = None
    budget: int | None = None
    money: float | None = None
    cost: float | None = None
    worth: float | None = None
    window_days: int = WINDOW_DAYS
    again: bool = False
    method: Method = "model"
    holdout: int | None = None
    keep: tuple[str, ...] = ()
    contacts: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what can be checked without the data."""
        for name in ("budget", "window_days", "holdout", "seed"):
            self._make_whole(name)
        if (self.promote is None) == (self.outcome is None):
            raise ParameterError("Say what is promoted: either a column of the order lines (promote) or an outcome column (outcome).")
        if self.treatment is not None and self.treatment == self.outcome:
            raise ParameterError(f"{self.treatment!r} is both the outcome and the treatment: they are two columns.")
        if self.treatment is not None and self.outcome is None:
            raise ParameterError("A treatment column (treatment) belongs to an outcome column (outcome) of a customer table.")
        if self.method not in METHODS:
            raise ParameterError.unknown("method", self.method, METHODS)
        self._check_numbers()

    def _make_whole(self, name: str) -> None:
        """Turn NumPy's whole numbers into Python's, which can be stored."""
        given = getattr(self, name)
        if given is None:
            return
        try:
            object.__setattr__(self, name, operator.index(given))
        except TypeError:
            raise ParameterError(f"{name.replace('_', ' ').capitalize()} must be a whole number, got {given!r}.") from None

    def _check_numbers(self) -> None:
        if (self.budget is None) == (self.money is None):
            raise ParameterError("Give the budget either as contacts (budget) or as money (money and cost).")
        if self.money is not None and self.cost is None:
            raise ParameterError("A budget in money also needs the cost of one contact (cost).")
        limits: tuple[tuple[str, float | None, float], ...] = (
            ("The budget", self.budget, 1),
            ("The window", self.window_days, 1),
            ("The hold-out", self.holdout, 0),
            ("The money to spend", self.money, 0),
            ("The cost of one contact", self.cost, 0),
            ("The value of one buyer", self.worth, 0),
        )
        for name, given, low in limits:
            if given is not None and not low <= given < math.inf:
                raise ParameterError.out_of_range(name, given, low, None)
        if self.money is not None and self.cost is not None and not (self.cost > 0 and self.money >= self.cost):
            raise ParameterError(f"A budget of {self.money:g} does not pay for one contact at a cost of {self.cost:g}: give more.")

    def promoting(self, text: str, columns: Iterable[str]) -> TargetQuestion:
        """Return the question with what is promoted taken apart: "department=MEAT", or a column alone for all of its values.

        Parameters
        ----------
        text : str
        columns : iterable of str
            Of the data: a column's name may contain an equals sign too.
        """
        longest = sorted((name for name in columns if text.startswith(f"{name}=")), key=len)
        if longest:
            return replace(self, promote=longest[-1], value=text.removeprefix(f"{longest[-1]}="))
        column, equals, value = text.partition("=")
        return replace(self, promote=column, value=value if equals else None)

    @property
    def compares(self) -> bool:
        """Tell whether it asks about every value of a column."""
        return self.promote is not None and self.value is None

    @property
    def n_contacts(self) -> int:
        """Customers who can be contacted."""
        if self.budget is not None:
            return self.budget
        if self.money is None or self.cost is None:
            raise ValueError("The question has no budget.")
        # In decimal, because 100 // 0.1 is 999 in binary.
        return int(Decimal(str(self.money)) // Decimal(str(self.cost)))

    @property
    def kind(self) -> Kind:
        """What counts: purchases, responses to a campaign, or an outcome column."""
        return "outcome" if self.outcome is not None else "campaign" if self.promote == CAMPAIGN else "purchase"

    @property
    def subject(self) -> str:
        """What is promoted, in words."""
        if self.outcome is not None:
            return self.outcome
        return str(self.promote) if self.value is None else f"campaign {self.value}" if self.promote == CAMPAIGN else self.value

    def to_json(self) -> dict[str, Any]:
        """Return plain values; what has its default is left out."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        defaults = {entry.name: entry.default for entry in fields(self)}
        return {name: list(value) if name == "keep" else value for name, value in values.items() if value != defaults[name]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TargetQuestion:
        """Build the record from the output of ``to_json``."""
        return cls(**{**data, "keep": tuple(data.get("keep", ()))})


@dataclass(frozen=True, slots=True, eq=False)
class TargetsAnswer:
    """Whom to reach, and how good that is.

    Parameters
    ----------
    question : TargetQuestion
    data : str
        Name of the data.
    document : mapping
        The answer as plain values: see ``docs/targets.md``.
    notes : tuple of Finding
    contacts : str
        Id of the stored list, one row per customer: ``customer_id``, ``rank``, ``probability``, ``expected_value``, ``reason``, ``group``.
    parts : mapping of str to str
        Ids of what figures are drawn from.
    """

    question: TargetQuestion
    data: str
    document: Mapping[str, Any]
    notes: tuple[Finding, ...]
    contacts: str
    parts: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "question": self.question.to_json(),
            "data": self.data,
            "document": dict(self.document),
            "notes": [note.to_json() for note in self.notes],
            "contacts": self.contacts,
            "parts": dict(self.parts),
        }

    def to_report(self) -> dict[str, Any]:
        """Return the answer for readers: the document without what only figures need."""
        groups = self.document["groups"]
        plain = None if groups is None else {name: value for name, value in groups.items() if name != "labels"}
        return {**self.document, "groups": plain, "question": self.question.to_json(), "data": self.data}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TargetsAnswer:
        """Build the record from the output of ``to_json``."""
        question, notes = TargetQuestion.from_json(data["question"]), tuple(Finding.from_json(note) for note in data["notes"])
        return cls(question, data["data"], data["document"], notes, data["contacts"], data["parts"])
