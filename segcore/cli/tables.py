"""Results as text for a terminal."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from segcore.records.grid import point_key
from segcore.wording.numbers import counted, percent_text

if TYPE_CHECKING:
    from segcore.records.estimate import Estimate
    from segcore.records.solution import Solution
    from segcore.records.sweep import Recommendation, Sweep

_SIZES_SHOWN = 6


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> str:
    """Lay out rows in columns; those in ``right`` are right-aligned."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]

    def cell(text: str, column: int) -> str:
        return text.rjust(widths[column]) if column in right else text.ljust(widths[column])

    return "\n".join("  ".join(cell(text, column) for column, text in enumerate(line)).rstrip() for line in lines)


def sweep_text(sweep: Sweep, from_store: bool) -> str:
    """Return a complete sweep as text: a table of its solutions, the reasons of some, and the recommendation."""
    summary, spec = sweep.summary, sweep.spec
    solutions = [solution for solution in sweep.solutions if solution is not None]
    aside = summary["set_aside"]
    share = "" if aside["revenue_share"] is None else f" with {percent_text(aside['revenue_share'])} of net revenue"
    head = f"{counted(summary['rows'], 'row')}, {counted(len(spec.plan.features), 'feature')}: {', '.join(spec.plan.features)}."
    if aside["customers"]:
        head += f" The outlier rule set aside {counted(aside['customers'], 'customer')}{share}."
    criteria = list(dict.fromkeys(name for solution in solutions for name in solution.criteria))
    measures = ("silhouette", "inertia", "Calinski-Harabasz", "Davies-Bouldin", *(name.upper() for name in criteria))
    header = ("solution", "status", "segments", "noise", *measures, "fit s", "sizes")
    table = text_table(header, [_row(solution, criteria) for solution in solutions], right=range(2, len(header) - 1))
    reasons = [f"{point_key(solution.params)}: {solution.reason}" for solution in solutions if solution.reason]
    recommended = sweep.recommendation
    end = [] if recommended is None else [_recommended(recommended)]
    source = "saved results" if from_store else f"computed by {', '.join(sorted({s.engine for s in solutions}))}"
    return "\n".join([head, "", table, *reasons, "", *end, f"Sweep {sweep.id[:12]}: {source}."])


def _recommended(found: Recommendation) -> str:
    # Without a recommendation, the reason says so.
    return found.reason if found.params is None else f"Recommended: {point_key(found.params)}. {found.reason}"


def _row(solution: Solution, criteria: Sequence[str]) -> tuple[str, ...]:
    quality = solution.quality
    sizes = sorted(solution.sizes, reverse=True)
    more = f" and {len(sizes) - _SIZES_SHOWN} more" if len(sizes) > _SIZES_SHOWN else ""
    return (
        point_key(solution.params),
        solution.status,
        str(solution.n_segments) if solution.status == "ok" else "-",
        "-" if solution.noise_share is None else percent_text(solution.noise_share),
        _estimate(quality.silhouette) if quality else "-",
        _number(quality.inertia if quality else None),
        _number(quality.calinski_harabasz if quality else None),
        _number(quality.davies_bouldin if quality else None),
        *(_number(solution.criteria.get(name)) for name in criteria),
        "-" if solution.fit_seconds is None else f"{solution.fit_seconds:.3f}",
        ", ".join(f"{size:,}" for size in sizes[:_SIZES_SHOWN]) + more,
    )


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


def _estimate(found: Estimate) -> str:
    if found.value is None:
        return "-"
    if found.is_exact or found.low is None or found.high is None:
        return f"{found.value:.3f}"
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"
