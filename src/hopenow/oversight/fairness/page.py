"""The report as one page: a chart and the table behind it for every question, the method beside every figure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from hopenow.oversight.fairness.alarm import RISK_ORDERS
from hopenow.oversight.fairness.cells import EVERYBODY
from hopenow.oversight.fairness.funnel import held_alike
from hopenow.oversight.fairness.groups import UNKNOWN, Dimension
from hopenow.oversight.fairness.replay import COUNTED
from hopenow.oversight.fairness.vocabulary import measures, stages
from hopenow.pages import Headline, Section, Table, charts, document, joined, share, words

if TYPE_CHECKING:
    from hopenow.oversight.fairness.run import Fairness

__all__ = ["page"]

DASH = "\u2013"
WITHHELD = "withheld"
LONGEST = 60
Row = dict[str, Any]


def page(result: Fairness) -> str:
    """Return the report as HTML."""
    made = [*_way(result), *_compared(result), *_alarm(result), *_screens(result), *_replayed(result)]
    made += [*_means(result), *_models(result), *_people(result)]
    applications = result.applications
    source = applications.mapping.source
    identity = [
        ("File", applications.name),
        ("What a row is", applications.mapping.unit),
        ("Read as", applications.mapping.title),
        *([("Source", f"{source.publisher}: {source.title}"), ("Rights", source.rights)] if source else []),
    ]
    return document(
        "Who gets help, and who is left out",
        f"{applications.frame.height:,} of {applications.read:,} rows of {applications.name}, group by group.",
        made,
        identity=identity,
        headline=_headline(result),
        notes=_notes(result),
        behind=[
            ("What was not used, and why", _findings(result)),
            ("Thresholds, and where they come from", _thresholds(result)),
        ],
        definitions=_definitions(result),
        closing="A difference between groups is a reason to look. It does not by itself show why it is there.",
    )


# --- figures in words -----------------------------------------------------------------------------


def percent(value: float | None) -> str:
    """Return a fraction in percent with one decimal; a dash where there is none."""
    return DASH if value is None else f"{100 * value:.1f}%"


def spanned(row: Row, name: str, kind: str = "percent") -> str:
    """Return a figure with its interval: ``88.0% (86.7% to 89.3%)``."""
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    if value is None:
        return DASH
    if kind == "percent":
        return f"{percent(value)} ({percent(low)} to {percent(high)})"
    return f"{value:.3f} ({_plain(low)} to {_plain(high)})"


def _plain(value: float | None) -> str:
    return "no limit" if value is None else f"{value:.3f}"


def _count(value: int | None) -> str | int:
    return WITHHELD if value is None else value


def _label(result: Fairness, name: str) -> str:
    return next((item.label for item in result.dimensions if item.id == name), EVERYBODY)


def _stage(name: str | None) -> str:
    return next((stage.label for stage in stages() if stage.name == name), "everybody")


# --- sections -------------------------------------------------------------------------------------


def _headline(result: Fairness) -> list[Headline]:
    applications = result.applications
    alarms = result.alarms.filter(pl.col("alarm")).height
    adverse = result.funnel.steps.filter(pl.col("flag") == "adverse impact").height
    return [
        Headline(
            f"{applications.frame.height:,}",
            f"{applications.mapping.unit}s examined",
            f"{applications.excluded:,} rows excluded",
        ),
        Headline(
            str(adverse), "places of adverse impact", f"{result.funnel.steps.height:,} groups and stages looked at"
        ),
        Headline(
            str(alarms) if result.alarms.height else "not tested",
            "skew alarms",
            f"{result.alarms.height} trends tested" if result.alarms.height else "no order of risk in the file",
        ),
    ]


def _notes(result: Fairness) -> list[str]:
    notes = []
    if result.reached.absent:
        names = joined([stage.label for stage in result.reached.absent])
        notes.append(f"The file does not tell about these stages, so nothing is said of them: {names}.")
    if not result.controls:
        notes.append("No facts were named to be held alike, so there are no adjusted figures.")
    if result.applications.unused:
        notes.append(f"Columns of the file that were not used: {', '.join(result.applications.unused)}.")
    for name, cells in result.funnel.tables.items():
        for target in dict.fromkeys(cells.joined.values()):
            few = joined([group for group, into in cells.joined.items() if into == target][:40])
            notes.append(f"{_label(result, name).capitalize()}: {target!r} holds, because they are few or many: {few}.")
    for reason, target in result.screens.joined.items():
        notes.append(f"Reasons: {target!r} holds, because they are few: {reason!r}.")
    notes.append(
        f"Counts of people from 1 to {result.minimum - 1} are withheld, and whatever they could be worked out from."
    )
    return notes


def _people(result: Fairness) -> Iterable[Section]:
    pictures, tables, unknown = [], [], []
    unit = result.applications.mapping.unit
    for dimension in result.dimensions:
        rows = result.people.filter(pl.col("dimension") == dimension.id).rows(named=True)
        total = sum(row["people"] for row in rows)
        missing = sum(row["people"] for row in rows if row["group"] == UNKNOWN)
        if missing:
            unknown.append(f"{dimension.label} ({share(missing, total)})")
        told = "One bar for each group; the table has the same counts."
        bars = [
            (f"{dimension.label}: {row['group']}" if not place else row["group"], row["people"])
            for place, row in enumerate(rows[:12])
        ]
        pictures.append(charts.bars(f"people-{dimension.id}", f"People by {dimension.label}", told, bars))
        shown = tuple((row["group"], row["people"], share(row["people"], total)) for row in rows)
        tables.append(
            Table(
                f"People by {dimension.label}",
                ("Group", "People", "Share"),
                shown,
                note=f"{dimension.how.capitalize()}.",
            )
        )
    if tables:
        yield Section(
            "people",
            "Who is in the file?",
            f"Not known for some: {joined(unknown)}." if unknown else "The group of everybody is known.",
            f"Counted in {unit}s, out of {result.applications.frame.height:,}.",
            tuple(pictures),
            tuple(tables),
        )


def _way(result: Fairness) -> Iterable[Section]:
    rows = result.funnel.steps.filter(pl.col("dimension") == "").rows(named=True)
    if not rows:
        return
    series = (("reached", charts.BLUE), ("cannot be told", charts.AMBER))
    counts = [(_stage(row["stage"]), (row["reached"] or 0, row["not_known"] or 0)) for row in rows]
    picture = charts.stacked(
        "way", "The way to help", "One bar for each stage; the table has the same counts.", counts, series
    )
    table = Table(
        "The way to help",
        ("Stage", "Came from the stage before", "Cannot be told", "Reached", "Rate (interval)"),
        tuple(
            (
                _stage(row["stage"]),
                _count(row["entered"]),
                _count(row["not_known"]),
                _count(row["reached"]),
                spanned(row, "rate"),
            )
            for row in rows
        ),
    )
    last = rows[-1]
    yield Section(
        "way",
        "How far did people get?",
        f"{_stage(last['stage']).capitalize()}: {last['reached']:,} of {last['people']:,}."
        if last["reached"] is not None
        else "The last count is withheld.",
        f"Counted in {result.applications.mapping.unit}s. A stage is reached when the file says so, or when "
        "a later one was.",
        (picture,),
        (table,),
        "The rate is out of those who came from the stage before and of whom it can be told. Wilson's interval.",
    )


def _key_stage(result: Fairness) -> str | None:
    names = [stage.name for stage in result.reached.present]
    return "offered" if "offered" in names else names[-1] if names else None


def _compared(result: Fairness) -> Iterable[Section]:
    key = _key_stage(result)
    if key is None:
        return
    for dimension in result.dimensions:
        own = result.funnel.steps.filter(pl.col("dimension") == dimension.id)
        rows = own.filter(pl.col("stage") == key).rows(named=True)
        if len(rows) < 2:
            continue
        yield Section(
            f"compare-{dimension.id}",
            f"Are groups treated alike: {dimension.label}?",
            _answer(dimension, rows),
            f"Step: {_stage(rows[0]['from_stage'])} to {_stage(key)}. Counted in {result.applications.mapping.unit}s.",
            _comparison_pictures(dimension, rows, key),
            (_comparison(dimension, rows, key), _every_stage(dimension, own.rows(named=True))),
            _comparison_note(result, dimension),
        )


def _answer(dimension: Dimension, rows: Sequence[Row]) -> str:
    adverse = [row["group"] for row in rows if row["flag"] == "adverse impact"]
    chance = [row["group"] for row in rows if row["flag"] == "low, could be chance"]
    limit = measures()["adverse_impact_below"] // 10_000
    if adverse:
        return (
            f"Under {limit} percent of the rate of the group compared with ({dimension.reference}), "
            f"beyond chance: {joined(adverse)}."
        )
    if chance:
        return f"Under {limit} percent of the rate of {dimension.reference}, but it could be chance: {joined(chance)}."
    return f"No group is under {limit} percent of the rate of {dimension.reference} at this step."


def _comparison_pictures(dimension: Dimension, rows: Sequence[Row], key: str) -> tuple[charts.Picture, ...]:
    marks = []
    colors = []
    for row in rows[:20]:
        for name, color, kind in (("ratio", charts.BLUE, "raw"), ("adjusted_ratio", charts.TEAL, "adjusted")):
            if row[name] is not None and row[f"{name}_high"] is not None:
                marks.append((f"{row['group']}, {kind}", row[name], row[f"{name}_low"], row[f"{name}_high"]))
                colors.append(color)
    if not marks:
        return ()
    told = (
        f"Ratio of each group's rate to that of {dimension.reference}, with its interval; the line is 1, "
        "equal. The table has the same figures."
    )
    return (
        charts.intervals(
            f"ratio-{dimension.id}",
            f"Rates against {dimension.reference}: {_stage(key)}",
            told,
            marks,
            f"rate over that of {dimension.reference}",
            reference=1.0,
            colors=colors,
        ),
    )


def _comparison(dimension: Dimension, rows: Sequence[Row], key: str) -> Table:
    return Table(
        f"{_stage(key).capitalize()}, by {dimension.label}",
        (
            "Group",
            "Could get there",
            "Got there",
            "Rate (interval)",
            "Ratio, raw (interval)",
            "Ratio to the highest (interval)",
            "Ratio, adjusted (interval)",
            "Odds ratio, adjusted (interval)",
            "Sign",
        ),
        tuple(
            (
                row["group"],
                _count(row["entered"]),
                _count(row["reached"]),
                spanned(row, "rate"),
                spanned(row, "ratio", ""),
                spanned(row, "ratio_to_highest", ""),
                spanned(row, "adjusted_ratio", ""),
                spanned(row, "adjusted_odds", ""),
                row["flag"] or row["model_note"] or "",
            )
            for row in rows[:LONGEST]
        ),
        note=f"Compared with {dimension.reference}; the highest rate is that of {rows[0]['highest']}.",
    )


def _every_stage(dimension: Dimension, rows: Sequence[Row]) -> Table:
    names = list(dict.fromkeys(row["stage"] for row in rows))
    groups = list(dict.fromkeys(row["group"] for row in rows))
    found = {(row["group"], row["stage"]): row for row in rows}
    return Table(
        f"Rate from stage to stage, by {dimension.label}",
        ("Group", *(_stage(name) for name in names)),
        tuple(
            (
                group,
                *(
                    WITHHELD if found[group, name]["withheld"] else spanned(found[group, name], "rate")
                    for name in names
                ),
            )
            for group in groups[:LONGEST]
        ),
    )


def _comparison_note(result: Fairness, dimension: Dimension) -> str:
    level = measures()["confidence"] // 10_000
    told = f"Intervals at {level} percent: Wilson's for rates, the score interval for raw ratios. "
    alike = [result.applications.mapping.label(name) for name in held_alike(dimension, result.controls)]
    if alike:
        told += (
            "Adjusted: a logistic regression holds alike "
            f"{joined(alike)}; each group's rate is the mean "
            "predicted rate if everybody belonged to it (delta method, HC1 errors). "
        )
    return (
        told
        + "A ratio under four fifths is a rule of thumb made for hiring. It is a reason to look, and no finding of law."
    )


def _alarm(result: Fairness) -> Iterable[Section]:
    if result.alarms.is_empty():
        return
    law = measures()
    for name in RISK_ORDERS:
        rows = result.alarms.filter(pl.col("dimension") == name).rows(named=True)
        if not rows:
            continue
        rung = [row for row in rows if row["alarm"]]
        steps = result.funnel.steps.filter((pl.col("dimension") == name) & (pl.col("stage") == _key_stage(result)))
        marks = [
            (row["group"], row["rate"], row["rate_low"], row["rate_high"])
            for row in steps.rows(named=True)
            if row["rate"] is not None and row["group"] != UNKNOWN
        ]
        label = _label(result, name)
        told = (
            f"Rate of getting to {_stage(_key_stage(result))} by {label}, least risky first. Counts "
            "stand in the comparison above."
        )
        picture = (
            [charts.intervals(f"skew-{name}", f"Help by {label}", told, marks, "rate", percent=True)] if marks else []
        )
        table = Table(
            f"Does help fall with risk: {label}",
            (
                "From",
                "To",
                "People",
                "Trend (z)",
                "Chance, all tests together",
                "Riskiest third over least risky (interval)",
                "Answer",
            ),
            tuple(
                (
                    _stage(row["from_stage"]),
                    _stage(row["stage"]),
                    _count(row["people"]),
                    DASH if row["z"] is None else f"{row['z']:.2f}",
                    DASH if row["p_together"] is None else f"{row['p_together']:.4f}",
                    spanned(row, "ratio", ""),
                    ("ALARM: " if row["alarm"] else "") + row["says"],
                )
                for row in rows
            ),
        )
        yield Section(
            f"alarm-{name}",
            f"Does help go to the least risky: {label}?",
            f"Alarm at {len(rung)} of {len(rows)} steps." if rung else "No alarm.",
            f"Counted in {result.applications.mapping.unit}s whose risk and next step are known.",
            tuple(picture),
            (table,),
            "The alarm rings when a rate falls with risk beyond chance (Cochran-Armitage test, Holm's "
            "method over all tests, under "
            f"{law['alarm_significance'] / 10_000:g} percent), the riskiest third gets under "
            f"{law['alarm_ratio_below'] / 10_000:g} percent of the "
            f"rate of the least risky third, and at least {law['alarm_least_people']} people are in the step.",
        )


def _screens(result: Fairness) -> Iterable[Section]:
    screened = result.screens.screened
    if screened.is_empty():
        return
    everyone = screened.filter(pl.col("dimension") == "").rows(named=True)
    picture = charts.bars(
        "reasons",
        "Denials by reason",
        "One bar for each reason; the table has the same counts.",
        [(row["reason"], row["screened_out"]) for row in everyone if row["screened_out"] is not None][:20],
    )
    tables = [
        Table(
            "Whom each rule left out",
            ("Reason", "Decided", "Left out", "Share (interval)"),
            tuple(
                (row["reason"], _count(row["decided"]), _count(row["screened_out"]), spanned(row, "rate"))
                for row in everyone
            ),
        )
    ]
    for dimension in result.dimensions:
        own = (
            screened.filter((pl.col("dimension") == dimension.id) & pl.col("rate").is_not_null())
            .head(LONGEST)
            .rows(named=True)
        )
        if own:
            tables.append(
                Table(
                    f"Whom each rule left out, by {dimension.label}",
                    (
                        "Reason",
                        "Group",
                        "Left out",
                        "Share of those decided (interval)",
                        f"Ratio to {dimension.reference} (interval)",
                    ),
                    tuple(
                        (
                            row["reason"],
                            row["group"],
                            _count(row["screened_out"]),
                            spanned(row, "rate"),
                            spanned(row, "ratio", ""),
                        )
                        for row in own
                    ),
                )
            )
    yield Section(
        "reasons",
        "Whom did each rule leave out?",
        f"{len(everyone)} reasons were recorded.",
        "Denied people, by the first reason recorded for each.",
        (picture,),
        tuple(tables),
    )
    fared = result.screens.fared.rows(named=True)
    if fared:
        reasons = list(dict.fromkeys(row["reason"] for row in fared))
        kept = [row for row in fared if row["fate"] == "kept_home" and row["rate"] is not None]
        yield Section(
            "fared",
            "How did they fare?",
            "What became of the home of those whom each rule left out, beside those who were offered help.",
            "Shares are of those whose fate is known or pending; the unknown stand apart.",
            (
                charts.intervals(
                    "kept",
                    "Kept the home",
                    "Share who kept the home, with its interval.",
                    [(row["reason"], row["rate"], row["rate_low"], row["rate_high"]) for row in kept],
                    "share who kept the home",
                    percent=True,
                ),
            )
            if kept
            else (),
            (
                Table(
                    "What became of the home",
                    (
                        "Reason",
                        *(words(name) for name in ("kept_home", "gave_up_home", "lost_home", "pending", "unknown")),
                    ),
                    tuple(
                        (
                            reason,
                            *(
                                WITHHELD if row["withheld"] else f"{row['count']:,}: {spanned(row, 'rate')}"
                                for row in fared
                                if row["reason"] == reason
                            ),
                        )
                        for reason in reasons
                    ),
                ),
            ),
            "Description only: those whom a rule leaves out differ from those whom it lets through, so a "
            "difference is not the rule's effect.",
        )


def _means(result: Fairness) -> Iterable[Section]:
    for measure in result.means["measure"].unique(maintain_order=True).to_list():
        tables, pictures = [], []
        label = result.applications.mapping.label(measure)
        for dimension in result.dimensions:
            rows = (
                result.means.filter((pl.col("measure") == measure) & (pl.col("dimension") == dimension.id))
                .head(LONGEST)
                .rows(named=True)
            )
            marks = []
            colors = []
            for row in rows[:12]:
                for name, color, kind in (
                    ("difference", charts.BLUE, "raw"),
                    ("adjusted_difference", charts.TEAL, "adjusted"),
                ):
                    if row[name] is not None:
                        marks.append((f"{row['group']}, {kind}", row[name], row[f"{name}_low"], row[f"{name}_high"]))
                        colors.append(color)
            if marks:
                told = (
                    f"Difference of the mean from {dimension.reference}, with its interval; the line is "
                    "none. The table has the same figures."
                )
                pictures.append(
                    charts.intervals(
                        f"mean-{measure}-{dimension.id}",
                        f"{label}: {dimension.label}",
                        told,
                        marks,
                        f"difference from {dimension.reference}",
                        reference=0.0,
                        colors=colors,
                    )
                )
            tables.append(
                Table(
                    f"{label}, by {dimension.label}",
                    (
                        "Group",
                        "Known for",
                        "Not known",
                        "Mean (interval)",
                        f"Difference from {dimension.reference} (interval)",
                        "Adjusted difference (interval)",
                    ),
                    tuple(
                        (
                            row["group"],
                            _count(row["people"]),
                            _count(row["not_known"]),
                            WITHHELD if row["withheld"] else spanned(row, "mean", ""),
                            spanned(row, "difference", ""),
                            spanned(row, "adjusted_difference", ""),
                        )
                        for row in rows
                    ),
                )
            )
        known = joined([words(name) for name in result.controls if name != measure])
        yield Section(
            f"mean-{measure}",
            f"Do groups differ in {label}?",
            "Means by group, with the difference from the group compared with.",
            "Counted where the number is known and plausible; what was left out stands at the end of the page.",
            tuple(pictures),
            tuple(tables),
            "Student's interval for means, Welch's for differences. Adjusted: least squares with HC1 "
            f"errors, alike in {known or 'nothing'}.",
        )


def _models(result: Fairness) -> Iterable[Section]:
    for name, model in result.models.items():
        note = result.applications.mapping.models[name].note if name in result.applications.mapping.models else ""
        left = joined([f"{count:,} because {reason}" for reason, count in model.left_out.items()]) or "none"
        dropped = joined([f"{term} ({why})" for term, why in model.dropped.items()])
        rows = [
            (
                result.applications.mapping.label(line.term) + (f": {line.level}" if line.level else "")
                if line.term != "const"
                else "constant",
                f"{line.value:.3f}",
                f"{line.robust:.3f}",
                f"{line.classic:.3f}",
                f"{line.low:.3f} to {line.high:.3f}",
                f"{line.p:.4f}",
            )
            for line in model.coefficients
        ]
        marks = [
            (row[0], line.value, line.low, line.high)
            for row, line in zip(rows, model.coefficients, strict=True)
            if line.term != "const"
        ]
        yield Section(
            f"model-{name}",
            f"Regression: {words(name)}",
            model.refused
            or (
                f"{words(model.method)} of {words(model.outcome)}: {model.used:,} rows, {model.outcomes:,} "
                f"of them {words(model.outcome)}."
            ),
            f"Rows left out: {left}." + (f" Terms left out: {dropped}." if dropped else ""),
            (
                charts.intervals(
                    f"model-{name}",
                    f"Coefficients of {name}",
                    "Each coefficient with its interval; the line is none.",
                    marks,
                    "coefficient",
                    reference=0.0,
                ),
            )
            if marks
            else (),
            (
                Table(
                    f"Coefficients of {name}",
                    ("Term", "Coefficient", "HC1 error", "Textbook error", f"Interval ({model.errors})", "Chance"),
                    tuple(rows),
                ),
            )
            if rows
            else (),
            f"{note} R squared {model.r_squared:.4f}." if rows else note,
        )


def _replayed(result: Fairness) -> Iterable[Section]:
    if result.replay is None:
        return
    counts = result.replay.counts
    everyone = counts.filter(pl.col("dimension") == "").rows(named=True)
    tables = [
        Table(
            "Denials replayed",
            ("Verdict", "Denials", "Share (interval)"),
            tuple((COUNTED[row["verdict"]], _count(row["count"]), spanned(row, "rate")) for row in everyone),
        )
    ]
    for dimension in result.dimensions:
        own = (
            counts.filter((pl.col("dimension") == dimension.id) & (pl.col("verdict") == "denied_but_eligible"))
            .head(LONGEST)
            .rows(named=True)
        )
        if own:
            tables.append(
                Table(
                    f"Denied but eligible, by {dimension.label}",
                    ("Group", "Denials", "Denied but eligible", "Share (interval)", "Ratio (interval)"),
                    tuple(
                        (
                            row["group"],
                            _count(row["denials"]),
                            _count(row["count"]),
                            spanned(row, "rate"),
                            spanned(row, "ratio", ""),
                        )
                        for row in own
                    ),
                )
            )
    wrong = next((row for row in everyone if row["verdict"] == "denied_but_eligible"), None)
    says = "Nothing was replayed."
    if wrong is not None:
        says = (
            f"{'Some' if wrong['count'] is None else format(wrong['count'], ',')} of "
            f"{wrong['denials']:,} denials: every rule is met on the facts given."
        )
    yield Section(
        "denials",
        "Were people denied who were eligible?",
        says,
        "Each recorded denial, its option reviewed again by the rules in force on the day of the facts.",
        (
            charts.bars(
                "verdicts",
                "Denials replayed",
                "One bar for each verdict.",
                [(COUNTED[row["verdict"]], row["count"]) for row in everyone if row["count"] is not None],
            ),
        )
        if everyone
        else (),
        tuple(tables),
        "A verdict is a reason to look again: the file may lack what the servicer knew. Rules that could "
        "not be confirmed never rule an option out.",
    )


# --- behind ---------------------------------------------------------------------------------------


def _findings(result: Fairness) -> Table:
    rows = result.findings.rows(named=True)
    return Table(
        "Values and rows that were not used",
        ("Column", "Rule", "Value", "Rows", "Effect", "What it means"),
        tuple(
            (row["column"] or "", row["rule"], row["value"] or "", row["rows"], row["effect"], row["message"])
            for row in rows
        ),
        note=(
            f"{result.applications.read:,} rows read = {result.applications.frame.height:,} kept + "
            f"{result.applications.excluded:,} excluded."
        ),
    )


def _thresholds(result: Fairness) -> Table:
    from hopenow.law import package_option
    from hopenow.oversight.fairness.vocabulary import PACKAGE

    law = package_option(PACKAGE, "measures")
    rows = []
    for name, item in law.parameters.items():
        value = item.values[-1]
        written = joined(value.value) if isinstance(value.value, tuple) else str(value.value)
        rows.append(
            (
                item.meaning,
                written,
                item.unit,
                law.documents[value.cite.split("#")[0]].title,
                value.verification,
                value.note or "",
            )
        )
        if name == "minimum_cell" and str(result.minimum) != written:
            rows[-1] = (*rows[-1][:5], f"this report: {result.minimum}")
    return Table("Thresholds", ("What", "Value", "Unit", "Source", "How sure", "Note"), tuple(rows))


def _definitions(result: Fairness) -> list[tuple[str, str]]:
    found = [(stage.label, stage.means) for stage in result.reached.present]
    found += [
        (dimension.label, f"{dimension.how}; compared with {dimension.reference}") for dimension in result.dimensions
    ]
    found += [
        ("rate", "those who reached a stage, out of those who reached the one before and of whom it can be told"),
        ("raw", "as counted"),
        ("adjusted", "as it would be if people differed in the group alone and not in what is held alike"),
        ("adverse impact", "a rate under four fifths of that of the group compared with, beyond chance"),
        ("withheld", "too few people, or it would give away too few people elsewhere"),
    ]
    return found
