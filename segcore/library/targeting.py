"""Whom to reach, as an analyst's script holds it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from segcore.errors import ParameterError
from segcore.library.display import listed_html, paragraph
from segcore.library.request import check_options
from segcore.records.target_question import TargetQuestion, TargetsAnswer
from segcore.store.store import Store
from segcore.wording.findings import sentence
from segcore.wording.quotes import visible
from segcore.wording.targets import METHOD_TITLES, RESPONSE_LIFT, expected_text, headline, holdout_text, stop_text, uplift_text

if TYPE_CHECKING:
    import pandas as pd

OPTIONS = ("yes", "treatment", "money", "cost", "value", "holdout", "contacts", "keep", "seed")
_CURVES = ("lift", "gain", "rate", "profit")


def build_question(promote: str | None, columns: Iterable[str], *, window: int, options: Mapping[str, Any], **more: Any) -> TargetQuestion:
    """Return the question that the arguments of ``Data.targets`` describe.

    Parameters
    ----------
    promote : str or None
        Such as "department=MEAT".
    columns : iterable of str
        Of the data.
    window : int
        Days.
    options : mapping
        See ``OPTIONS``.
    **more
        Further fields of the question.

    Raises
    ------
    ParameterError
        If an option is unknown or a value is outside its domain.
    """
    check_options(options, OPTIONS)
    given = dict(options)
    if "value" in given:
        given["worth"] = given.pop("value")
    if given.get("holdout") == "auto":
        given["holdout"] = None
    if "keep" in given:
        given["keep"] = (given["keep"],) if isinstance(given["keep"], str) else tuple(given["keep"])
    if given.get("contacts") is not None:
        given["contacts"] = str(given["contacts"])
    question = TargetQuestion(promote=promote, window_days=window, **more, **given)
    return question if promote is None else question.promoting(promote, [*columns, "campaign"])


class Targets:
    """Whom to reach with a limited budget, and how many will buy: `segcore.library.data.Data.targets` returns it.

    Examples
    --------
    >>> found = segcore.load(orders).targets("item=itema", budget=5, again=True, window=30)
    >>> found.list.columns.tolist()
    ['customer_id', 'rank', 'probability', 'expected_value', 'reason', 'group']
    >>> int((found.list["group"] == "contact").sum())
    5
    """

    def __init__(self, store: Store, record: TargetsAnswer) -> None:
        self._store = store
        self.record = record

    @property
    def document(self) -> dict[str, Any]:
        """The whole answer as plain values, as ``--json`` prints it: see docs/targets.md."""
        return self.record.to_report()

    @property
    def list(self) -> pd.DataFrame:
        """Customers to contact, and those held out, one row each, by rank.

        ``group`` is "contact" or "holdout"; ``probability`` is calibrated; ``expected_value`` is what a contact brings in on average, less
        its cost, and missing without a value of a buyer; ``reason`` says in words why the customer is on the list.
        """
        return self._store.frame(self.record.contacts)

    @property
    def headline(self) -> str:
        """Whether the method is better than rankings without a model, on the customers it was judged on."""
        return headline(self.record.document, self.record.question.method)

    @property
    def rules(self) -> pd.DataFrame:
        """Rules that tell buyers from others: support, precision, recall and lift on held-out customers, with their 95 % intervals."""
        import pandas as pd

        rows = []
        for one in self.record.document["rules"]:
            row = {"rule": one["words"], "method": one["method"], "importance": one["importance"], "raises": one["raises"]}
            for name in ("support", "precision", "recall", "lift"):
                row |= {name: one[name]["value"], f"{name}_low": one[name]["low"], f"{name}_high": one[name]["high"]}
            rows.append(row)
        return pd.DataFrame(rows)

    def curves(self, what: str = "lift") -> pd.DataFrame:
        """Return a curve of every method: ``method``, ``budget``, ``value``, ``low`` and ``high``.

        Parameters
        ----------
        what : {"lift", "gain", "rate", "profit"}
            Rate among the contacted as a multiple of everybody's; share of all buyers; rate among the contacted; profit, if a buyer has a
            value.

        Raises
        ------
        ParameterError
            If it is another, or there is no profit.

        Examples
        --------
        >>> found = segcore.load(orders).targets("item=itema", budget=5, again=True, window=30)
        >>> sorted(found.curves()["method"].unique())[:2]
        ['components', 'model']
        """
        import pandas as pd

        if what not in _CURVES:
            raise ParameterError.unknown("curve", what, _CURVES)
        frames = []
        for method, curve in self.record.document["curves"].items():
            if what == "profit" and "profit" not in curve:
                raise ParameterError("Profit needs the value of a buyer: targets(..., value=20, cost=1).")
            band = {"value": curve["lift"], "low": curve["low"], "high": curve["high"]} if what == "lift" else curve[what]
            frames.append(pd.DataFrame({"method": method, "budget": curve["budget"], **band}))
        return pd.concat(frames, ignore_index=True)

    def _lines(self) -> Sequence[str]:
        found = self.record.document
        note = RESPONSE_LIFT if found["uplift"] is None else uplift_text(found["uplift"])
        return [line for line in (self.headline, expected_text(found), stop_text(found), holdout_text(found), note) if line]

    def __repr__(self) -> str:
        """Return whether it is worth it, and what to expect."""
        return "\n".join(map(visible, self._lines()))

    def _repr_html_(self) -> str:
        title = f"Targets for {self.record.question.subject}, ranked by {METHOD_TITLES[self.record.question.method].lower()}"
        return paragraph(self.headline, title=title) + listed_html([*self._lines()[1:], *(sentence(note) for note in self.record.notes)])
