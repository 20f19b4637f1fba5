"""Results as text for a terminal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from segcore.records.estimate import Estimate
from segcore.records.evidence import NOT_GATHERED
from segcore.records.grid import point_key
from segcore.wording.findings import sentence
from segcore.wording.numbers import counted, difference_text, index_text, number_text, percent_text, points_text, segment_title, share_text
from segcore.wording.over_time import psi_text
from segcore.wording.plans import ideas_text, transforms_text
from segcore.wording.predictions import auc_text
from segcore.wording.quotes import visible
from segcore.wording.targets import (
    METHOD_TITLES,
    RESPONSE_LIFT,
    buyers_text,
    expected_text,
    headline,
    holdout_text,
    lift_text,
    lifts_at_budget,
    stop_text,
    uplift_text,
)
from segcore.wording.vectors import COSINES, check_notes, cut_text, verdict_text

if TYPE_CHECKING:
    from segcore.features.vectors.neighbours import Neighbour, Neighbours
    from segcore.records.evidence import Placebo, PredictionStrength
    from segcore.records.solution import Solution
    from segcore.records.sweep import Recommendation, Sweep
    from segcore.records.target_question import TargetsAnswer
    from segcore.records.vectors_check import VectorsCheck
    from segcore.segments.comparison import SolutionComparison
    from segcore.segments.drivers.records import CustomerDrivers, Drivers
    from segcore.segments.explanation import Explanation
    from segcore.segments.over_time.over_time_records import OverTime
    from segcore.segments.rules.definition import Definition
    from segcore.segments.validation import Validation
    from segcore.sweeps.overview import SweepLine

_SIZES_SHOWN = 6
_MOST_NAMES = 21  # the Intel kit's set
_ITEMS_SHOWN = 5
_DRIVERS_SHOWN = 10


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> str:
    """Lay out rows in columns; those in ``right`` are right-aligned."""
    lines = [[visible(text) for text in line] for line in (header, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]

    def cell(text: str, column: int) -> str:
        return text.rjust(widths[column]) if column in right else text.ljust(widths[column])

    return "\n".join("  ".join(cell(text, column) for column, text in enumerate(line)).rstrip() for line in lines)


def _lines(*lines: str) -> str:
    """Join lines in which a name may contain a line break, which would begin a line of its own."""
    return "\n".join(map(visible, lines))


def sweep_text(sweep: Sweep, from_store: bool) -> str:
    """Return a complete sweep as text: a table of its solutions, the reasons of some, and the recommendation."""
    summary, spec = sweep.summary, sweep.spec
    solutions = [solution for solution in sweep.solutions if solution is not None]
    aside = summary["set_aside"]
    share = "" if aside["revenue_share"] is None else f" with {percent_text(aside['revenue_share'])} of net revenue"
    names = spec.plan.features
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    head = f"{counted(summary['rows'], 'row')}, {counted(len(names), 'feature')}: {', '.join(map(visible, names[:_MOST_NAMES]))}{more}."
    if aside["customers"]:
        head += f" The outlier rule set aside {counted(aside['customers'], 'customer')}{share}."
    head += "".join(
        f" {text}" for text in (transforms_text(spec.plan.transforms, {}), ideas_text(summary.get("ideas", ()), {}, once=True)) if text
    )
    criteria = list(dict.fromkeys(name for solution in solutions for name in solution.criteria))
    measures = ("silhouette", "inertia", "Calinski-Harabasz", "Davies-Bouldin", *(name.upper() for name in criteria))
    header = ("solution", "status", "segments", "noise", *measures, "fit s", "sizes")
    table = text_table(header, [_row(solution, criteria) for solution in solutions], right=range(2, len(header) - 1))
    reasons = [f"{point_key(solution.params)}: {solution.reason}" for solution in solutions if solution.reason]
    recommended = sweep.recommendation
    end = [] if recommended is None else [_recommended(recommended)]
    source = "saved results" if from_store else f"computed by {', '.join(sorted({s.engine for s in solutions}))}"
    return "\n".join([head, "", table, *reasons, "", *end, f"Sweep {sweep.id[:12]}: {source}."])


def comparison_text(found: SolutionComparison) -> str:
    """Return the comparison of two solutions as text."""
    lines = [f"{side.label} of {side.sweep_name}" for side in (found.before, found.after)]
    apart = [
        f"{counted(number, 'customer')} only in the {which} solution, not compared."
        for number, which in ((found.only_before, "first"), (found.only_after, "second"))
        if number
    ]
    flows = [
        (flow["before_name"], flow["after_name"], f"{flow['customers']:,}", percent_text(flow["share_of_before"]))
        for flow in sorted(found.flow(), key=lambda flow: (flow["before"], -flow["customers"]))
    ]
    table = text_table(("from", "to", "customers", "of the former"), flows, right=(2, 3))
    fates = [found.fate_text(fate) for fate in found.comparison.fates]
    return "\n".join([_lines(f"{lines[0]}, then {lines[1]}.", found.summary(), *apart, "", *fates, ""), table])


def over_time_text(found: OverTime, names: Mapping[int, str]) -> str:
    """Return what became of the segments of a kept solution in later data as text."""
    from segcore.segments.over_time.migration import migration_of, new_titles, refit_fate_text
    from segcore.segments.over_time.verdict import followed_sentences, judge

    sizes = [
        (
            segment_title(one.label, names),
            f"{one.then:,}",
            f"{one.now:,}",
            share_text(one.then_share),
            share_text(one.now_share),
            points_text(one.difference),
            *(f"{number:,}" for number in (one.new, one.gone, one.came, one.left)),
        )
        for one in found.segments
    ]
    parts = [
        judge(found, names).text(),
        *followed_sentences(found),
        "",
        text_table(
            ("segment", "then", "now", "share then", "share now", "change", "new", "gone", "came", "left"), sizes, right=range(1, 10)
        ),
        "",
        text_table(
            ("from", "to", "customers", "of the former"),
            [
                (one["then_name"] or "(new)", one["now_name"] or "(gone)", f"{one['customers']:,}", percent_text(one["share_of_then"]))
                for one in migration_of(found).rows(names)
            ],
            right=(2, 3),
        ),
        "",
        text_table(
            ("feature", "stability index", "critical", "drifted"),
            [(one.name, psi_text(one.psi), psi_text(one.critical), "yes" if one.drifted else "no") for one in found.drift],
            right=(1, 2),
        ),
    ]
    if found.refit is not None:
        titles = new_titles(found.refit, names)
        fates = [refit_fate_text(fate, names, titles) for fate in found.refit.fates]
        parts += ["", f"Clustered again ({found.refit.point}, sweep {found.refit.sweep[:12]}):", *fates]
    return "\n".join(parts)


def items_text(segments: Sequence[Mapping[str, Any]]) -> str:
    """Return what each segment buys or rates, as `items_of_segments` gives it, as text."""
    parts = []
    for segment in segments:
        size = f"{counted(segment['customers'], 'customer')}, {segment['n_items']:,} different"
        rows = [
            (
                one["item"] if one["title"] == one["item"] else f"{one['title']} ({one['item']})",
                f"{one['tfidf']:.3f}",
                percent_text(one["support"]),
                "–" if one["index"] is None else f"{one['index']:.0f} ({one['low']:.0f} to {one['high']:.0f})",
            )
            for one in segment["top"]
        ]
        parts.append(visible(f"{segment['name']} ({size})"))
        parts.append(text_table(("item", "TF-IDF", "support", "index"), rows, right=(1, 2)))
    return "\n".join(parts)


def neighbours_text(found: Neighbours) -> str:
    """Return the neighbours of a product or of a customer as text."""
    what = _item_text(found) if found.of == "item" else f"customer {found.id}"
    tables = {"products": [(_item_text(one), f"{one.cosine:.3f}") for one in found.items]}
    tables["customers"] = [(one.id, f"{one.cosine:.3f}") for one in found.customers]
    order = ("products", "customers") if found.of == "item" else ("customers", "products")
    lists = [f"{visible(f'Nearest {name} to {what}')}\n{text_table((name, 'cosine'), tables[name], right=(1,))}" for name in order]
    return "\n\n".join([*lists, COSINES])


def vectors_check_text(check: VectorsCheck) -> str:
    """Return the check of vectors as text: the verdict, what else it says, and tables of the numbers."""
    found = check.next_basket
    by = {"vectors": found.cust2vec, "plain rival": found.shares, "own favourites": found.own_favourites, "popular": found.popular}
    parts = [_lines(verdict_text(check), *check_notes(check))]
    if found.cut is not None:
        held_out = f"{percent_text(found.share_after)} of the orders, from {cut_text(found.cut)} on, were held out"
        parts.append(f"{held_out}; the first of each of {counted(found.cust2vec.sample_size or 0, 'customer')} was predicted.")
        parts.append(
            text_table(
                ("next basket by", "recall of ten"),
                [(name, share_text(one)) for name, one in by.items()],
                right=(1,),
            )
        )
    attributes = [
        (one.column, *(share_text(part) for part in (one.cust2vec, one.shares, one.majority)), f"{one.cust2vec.sample_size or 0:,}")
        for one in check.attributes
    ]
    if attributes:
        header = ("attribute", "vectors", "plain rival", "most frequent value", "customers")
        parts.append(text_table(header, attributes, right=range(1, len(header))))
    return "\n\n".join(parts)


def targets_text(answer: TargetsAnswer) -> str:
    """Return whom to reach as text: what to expect, the methods at the budget, rules, components and the first of the list."""
    found, method = answer.document, answer.question.method
    lines = [headline(found, method), expected_text(found), stop_text(found), holdout_text(found)]
    lines += [RESPONSE_LIFT] if found["uplift"] is None else [uplift_text(found["uplift"])]
    parts = [_lines(*(line for line in lines if line))]
    lifts = [(METHOD_TITLES[name], lift_text(lift)) for name, lift in lifts_at_budget(found).items()]
    parts.append(text_table(("ranked by", f"lift at {found['judged']['budget']:,} contacts"), lifts))
    area = found["model"]["auc"]
    if area is not None:
        parts.append(
            f"Area under the ROC curve of the model ({found['model']['measured_on']}): {area['value']:.2f} "
            f"({area['low']:.2f} to {area['high']:.2f}); 0.5 is chance, 1 is perfect."
        )
    rules = [
        (one["words"], one["method"], *(_estimate(Estimate.from_json(one[name])) for name in ("precision", "recall", "lift")))
        for one in found["rules"]
        if one["raises"]
    ]
    if rules:
        parts.append(text_table(("rule, on customers held out", "found by", "precision", "recall", "lift"), rules))
    if found["components"] is not None:
        rows = [
            (
                f"{one['component']}{' *' if one['ticked'] else ''}",
                share_text(Estimate.from_json(one["share"])),
                f"{one['candidates']:,}",
                _estimate(Estimate.from_json(one["near"]["lift"])),
            )
            for one in found["components"]["components"]
        ]
        table = text_table(
            (f"component of the {buyers_text(found)} (* ranked by)", "share of them", "candidates near", "lift near"), rows, right=(2,)
        )
        parts.append(f"{visible(found['components']['sentence'])}\n{table}")
    return "\n\n".join(parts)


def promotions_text(found: Sequence[Mapping[str, Any]]) -> str:
    """Return every promoted value with the lift of the model and of the better baseline as text."""
    rows = []
    for one in found:
        if one["reason"]:
            rows.append((one["value"], "-", "-", one["reason"], "-"))
            continue
        baseline = f"{METHOD_TITLES[one['baseline']['name']].lower()} {lift_text(one['baseline'])}"
        better = "-" if one["winner"] is None else METHOD_TITLES[one["winner"]].lower()
        rows.append((one["value"], percent_text(one["base_rate"]), lift_text(one["model"]), baseline, better))
    return text_table(("promoted", "base rate", "lift of the model", "the better baseline", "better beyond chance"), rows)


def _item_text(one: Neighbour | Neighbours) -> str:
    return f"{one.title} ({one.id})" if one.title else one.id


def rules_text(found: Definition, what: str, label: int | None, *, as_filter: bool = False) -> str:
    """Return the rule for each segment, or for one of them, or the tree, as text; or the rules as filters on data."""
    names = {one: visible(name) for one, name in found.names.items()}
    if what == "tree":
        tree = found.tree_for(label)
        return f"{tree.text(found.titles, names)}\n\n{tree.sentence}"
    rules = found.rules_for(label)
    if not as_filter:
        return _lines(*(f"{segment_title(one.label, names)}: {one.sentence(found.titles)}" for one in rules))
    from segcore.export.sql import rule_filter

    texts = {one.label: one.reason if one.chosen is None else rule_filter(one.chosen) for one in rules}
    return "\n".join(f"{segment_title(one, names)}: {text}" if label is None else f"{text}" for one, text in texts.items())


def explanation_text(found: Explanation, label: int | None) -> str:
    """Return who is in each segment, or in one of them, as text: its sentence, what it stands out by, its key figures."""
    from segcore.segments.profiles.column_shares import standing_out  # with NumPy, which the other tables do not need

    parts = []
    for summary in found.summaries(label):
        parts.append(_lines(found.sentence(summary), summary.apart))
        if summary.label in found.rules:
            parts.append(visible(found.rules[summary.label].sentence(found.definition.titles)))
        features = [
            (
                feature.title,
                number_text(feature.median, feature.unit),
                number_text(feature.mean, feature.unit),
                difference_text(feature.difference),
            )
            for feature in summary.ranked()
        ]
        numbers = [
            (number.column, number_text(group.median), number_text(group.mean), difference_text(group.difference))
            for number in found.numbers
            for group in number.segments
            if group.label == summary.label
        ]
        parts.append(text_table(("feature", "median", "mean", "difference from the rest, sd"), [*features, *numbers], right=(1, 2)))
        categories = [
            (
                across.column,
                value.value,
                percent_text(value.share),
                index_text(value.index),
                "by construction" if across.by_construction else "",
            )
            for across, value in standing_out(found.columns, summary.label)
        ]
        if categories:
            parts.append(text_table(("stands out by", "value", "share", "index", "differs"), categories, right=(2,)))
        for what, by_segment in found.bought.items():
            bought = [
                (
                    one.item if one.title is None else f"{one.title} ({one.item})",
                    percent_text(one.support),
                    f"{one.buyers:,}",
                    index_text(one.index),
                    f"{one.tfidf:.3f}",
                )
                for one in by_segment[summary.label].by_index[:_ITEMS_SHOWN] or by_segment[summary.label].by_tfidf[:_ITEMS_SHOWN]
            ]
            if bought:
                parts.append(text_table((f"bought: {what}", "support", "buyers", "index", "TF-IDF"), bought, right=(1, 2, 4)))
        spend = [
            (
                row.category,
                percent_text(row.share),
                percent_text(row.overall),
                "–" if row.index is None else f"{row.index:,.0f}",
                f"{row.rank}",
                f"{row.index_rank}",
            )
            for row in found.spent.get(summary.label, ())
        ]
        if spend:
            header = ("spends on", "share of spend", "all customers", "index", "rank", "rank by index")
            parts.append(text_table(header, spend, right=(1, 2, 3, 4, 5)))
        figures = found.figures.find(summary.label).figures
        rows = [
            (
                title,
                number_text(figures[name].value),
                number_text(found.figures.everyone.figures[name].value),
                percent_text(figures[name].share),
            )
            for name, title in found.figures.titles.items()
        ]
        parts.append(text_table(("key figure", "segment", "all customers", "share"), rows, right=(1, 2, 3)))
        parts.append("")
    return "\n".join(parts).rstrip()


def validation_text(found: Validation, names: Mapping[int, str]) -> str:
    """Return what naive Bayes predicts, as text: a row for each segment, a column for what its customers were predicted as."""
    titles = [segment_title(label, names) for label in found.labels]
    rows = [(title, *(f"{count:,}" for count in counts)) for title, counts in zip(titles, found.matrix.tolist(), strict=True)]
    header = ("predicted as", *titles)
    return "\n".join([visible(found.sentence), "", text_table(header, rows, right=range(1, len(header)))])


def drivers_text(found: Drivers, names: Mapping[int, str], label: int | None, customer: CustomerDrivers | None) -> str:
    """Return what drives the segments, or one of them, as text: how well each is predicted, then its features; and one customer."""
    from segcore.plots.contributions.force import describe_force, force_data  # with NumPy, which the other tables do not need

    document = found.to_json(names, label)
    shares = ("balanced_accuracy", "sensitivity", "specificity")
    rows = [
        (
            one["name"],
            f"{one['customers']:,}",
            "–" if one["auc"] is None else auc_text(**one["auc"]),
            *("–" if one[name] is None else share_text(Estimate.from_json(one[name])) for name in shares),
        )
        for one in document["segments"]
    ]
    header = ("segment", "customers", "AUC", "balanced accuracy", "of it recognised", "of the others")
    parts = [visible(document["sentence"]), text_table(header, rows, right=range(1, len(header)))]
    for one in document["segments"]:
        parts.append(visible(one["sentence"] if one["predicted"] else f"{one['name']}: {one['sentence']}"))
        drivers = [(row["title"], f"{row['importance']:.3f}", row["pushed_up_by"]) for row in one["drivers"][:_DRIVERS_SHOWN]]
        if drivers:
            parts.append(text_table(("feature", "mean |SHAP|, log-odds", "for it"), drivers, right=(1,)))
    if customer is not None:
        force = describe_force(force_data(customer.explained, customer.row))
        problem = found.find(customer.label).problem
        parts.append(visible(f"In the model of {segment_title(customer.label, names)}: {force if problem is None else sentence(problem)}"))
    parts.append(_lines(*(note["text"] for note in document["notes"])))
    return "\n\n".join(parts)


def sweeps_text(lines: Sequence[SweepLine]) -> str:
    """Return a list of sweeps as text."""
    if not lines:
        return "There are no sweeps yet: 'segcore sweep' runs one."

    def number(value: float | None, decimals: int) -> str:
        return "–" if value is None else f"{value:.{decimals}f}"

    rows = [
        (
            line.id[:12],
            line.data,
            line.name,
            f"{line.finished} of {line.solutions}",
            line.outcome or "–",
            f"{line.best}{', recommended' if line.is_recommended else ''}" if line.best else "–",
            number(line.z, 1),
            number(line.stability, 2),
            number(line.silhouette, 3),
        )
        for line in lines
    ]
    header = ("id", "data", "name", "finished", "verdict", "best solution", "z", "least stability", "silhouette")
    return text_table(header, rows, right=(6, 7, 8))


def evidence_text(sweep: Sweep) -> str:
    """Return the evidence on a sweep as text: a table of its solutions, and the recommendation."""
    evidence, recommended = sweep.evidence, sweep.recommendation
    if evidence is None or recommended is None:
        return NOT_GATHERED
    header = (
        "solution",
        "silhouette",
        "without segments",
        "z",
        "least stability",
        "prediction strength",
        "describability",
    )
    rows = [
        (
            point_key(solution.params),
            _estimate(solution.quality.silhouette) if solution.quality else "-",
            "-" if point.placebo is None or point.placebo.mean is None else _band(point.placebo),
            _number(point.z),
            _number(point.least_stability),
            "-" if point.prediction_strength is None else _with_error(point.prediction_strength),
            "-" if point.describability is None else _estimate(point.describability),
        )
        for solution, point in zip(sweep.solutions, evidence.points, strict=False)
        if solution is not None
    ]
    sets = f"{counted(evidence.placebos, 'data set')} without segments, of {counted(evidence.sample_size, 'customer')}"
    measured = f"{sets}; {counted(evidence.resamples, 'resample')} of the customers; {counted(evidence.splits, 'split')} into halves."
    needed = "" if evidence.needed_z is None else f" Groups need a z above {evidence.needed_z:.2f}."
    table = [text_table(header, rows, right=range(1, len(header))), "", measured + needed] if rows else []
    reasons = [evidence.reason] if evidence.reason and evidence.points else []
    return "\n".join([*table, *evidence.notes, *reasons, "", _recommended(recommended)]).strip()


def _band(placebo: Placebo) -> str:
    return f"{placebo.mean:.3f} ({placebo.low:.3f} to {placebo.high:.3f}, at most {placebo.highest:.3f})"


def _with_error(strength: PredictionStrength) -> str:
    error = "" if strength.standard_error is None else f" ± {strength.standard_error:.3f}"
    return f"{strength.value:.3f}{error}"


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
