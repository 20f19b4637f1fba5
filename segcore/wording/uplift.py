"""Sentences on uplift."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from segcore.wording.numbers import counted, two_decimals
from segcore.wording.quotes import value_text


def _not_randomised(feature: str, auc: float, low: float, high: float, others: int) -> str:
    more = f", and so {'does' if others == 1 else 'do'} {counted(others, 'other feature')}" if others else ""
    area = f"AUC {two_decimals(auc)}, {two_decimals(low)} to {two_decimals(high)}; 0.5 is chance"
    return (
        f"The treatment was not drawn at random: {value_text(feature)} differs between those with and without it ({area}){more}, "
        "so the uplift may come from who was treated."
    )


SENTENCES: Mapping[str, Callable[..., str]] = {"uplift.not_randomised": _not_randomised}
