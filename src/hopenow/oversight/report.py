"""The outcomes report: one self-contained page, and the same tables as files and on the screen.

Every section is drawn from one table of `tables` and shows it beside the picture, with what is counted, the definition
and the method.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import polars as pl

from hopenow.law import OptionLaw, cited, shown_value
from hopenow.oversight import histories as history_room
from hopenow.oversight import outcomes
from hopenow.oversight.disclosure import ALL
from hopenow.oversight.metrics.registry import confidence, definitions, metrics
from hopenow.oversight.tables import SHOWN_STATES, Sheet, Tables
from hopenow.pages import Headline, Section, Table, charts, document, write_whole
from hopenow.pages.words import DASH, MARKS, words

__all__ = ["FEW", "page", "sentences", "spoken", "write"]

FEW: Final = "withheld"
"""Stands where a count, or what follows from it, is not shown."""
_COLORS: Final = (
    charts.BLUE,
    charts.TEAL,
    charts.AMBER,
    charts.LIGHT_BLUE,
    charts.GRAY,
    "#8168b3",
    "#c05600",
    "#3d4551",
)
_TEST_WORDS: Final = {
    "long_term_help": "Got long-term help",
    "out_of_danger": "Out of danger after it",
    "still_home": "Still in the home",
    "first_three": "The first three together",
    "mortgage_again": "Able to get a mortgage again",
    "durable": "All four: durable help",
}
_KIND_WORDS: Final = {
    "modification": "Modification",
    "payment_deferral": "Payment deferral",
    "partial_claim": "Partial claim",
    "forbearance": "Forbearance plan started",
    "trial": "Trial plan started",
    "repayment_plan": "Repayment plan started",
    ALL: "All",
}
_STATE_COLORS: Final = dict(
    zip(
        SHOWN_STATES,
        (charts.TEAL, charts.AMBER, charts.LIGHT_BLUE, charts.BLUE, "#c05600", "#8b0a03", charts.GRAY, charts.PALE),
        strict=True,
    )
)


# --- cells ----------------------------------------------------------------------------------------


def percent(value: float | None) -> str:
    """Return a fraction in percent with one decimal; a dash where there is none."""
    return DASH if value is None else f"{100 * value:.1f}%"


def _count(value: int | None) -> str | int:
    return FEW if value is None else value


def _share(row: dict[str, Any], of: str = "people") -> str:
    if row.get("share") is None:
        return DASH if row.get(of) == 0 else FEW
    return f"{percent(row['share'])} ({100 * row['low']:.1f} to {100 * row['high']:.1f})"


def _with_share(row: dict[str, Any]) -> bool:
    return row.get("share") is not None


# --- sections -------------------------------------------------------------------------------------


def _counted(sheet: Sheet) -> str:
    return f"Counted: {sheet.unit}."


def _note(sheet: Sheet) -> str:
    return f"{sheet.says} {sheet.method}"


def _help(tables: Tables) -> Section:
    sheet = tables["help"]
    rows = sheet.frame.to_dicts()
    total = next(row for row in rows if row["kind"] == ALL)
    drawn = [row for row in rows if row["kind"] != ALL and row["people"] is not None]
    picture = charts.bars(
        "help",
        "Homeowners by kind of help",
        "One bar for each kind of help; the numbers are in the table.",
        [(_KIND_WORDS[row["kind"]], row["people"]) for row in drawn],
        [charts.TEAL if row["kind"] in history_room.LONG_TERM else charts.GRAY for row in drawn],
    )
    return Section(
        "help",
        "What help was given, and to how many?",
        f"{_say(total['actions'])} actions, for {_say(total['people'])} homeowners. Long-term help is in green; "
        f"plans and "
        "trials, in gray, only give time.",
        _counted(sheet),
        (picture,),
        (
            Table(
                sheet.title,
                ("Kind", "Actions", "Homeowners"),
                tuple((_KIND_WORDS[row["kind"]], _count(row["actions"]), _count(row["people"])) for row in rows),
            ),
        ),
        _note(sheet),
    )


def _say(value: int | None) -> str:
    return "A number (withheld) of" if value is None else f"{value:,}"


def _durable(tables: Tables) -> Section:
    sheet = tables["durable"]
    rows = sheet.frame.to_dicts()
    drawn = [
        (f"{row['months']} months", (row["yes"], row["no"], row["unknown"]))
        for row in rows
        if row["test"] == "durable" and row["people"] and None not in (row["yes"], row["no"], row["unknown"])
    ]
    pictures = [
        charts.stacked(
            "durable",
            "Durable help by horizon",
            "One bar for each horizon, divided into yes, no and unknown; the numbers are in the table.",
            drawn,
            [("durable", charts.TEAL), ("not durable", charts.AMBER), ("unknown", charts.GRAY)],
            whole=True,
        )
    ]
    first = [row for row in rows if row["months"] == outcomes.horizons()[0] and _with_share(row)]
    if first:
        pictures.append(
            charts.intervals(
                "tests",
                f"The four tests after {first[0]['months']} months",
                "One estimate with its interval for each test; the numbers are in the table.",
                [(_TEST_WORDS[row["test"]], row["share"], row["low"], row["high"]) for row in first],
                f"share of all homeowners helped, after {first[0]['months']} months",
                percent=True,
            )
        )
    last = next((row for row in reversed(rows) if row["test"] == "durable" and _with_share(row)), None)
    three = next((row for row in reversed(rows) if row["test"] == "first_three" and _with_share(row)), None)
    says = (
        "No homeowner was helped long enough ago to tell, or the numbers are too small to show."
        if last is None
        else f"After {last['months']} months, help had been durable for {percent(last['share'])} of homeowners; at "
        f"most {percent(last['at_most'])} if every unknown were a yes."
    )
    if three is not None:
        says += (
            f" Long-term help, out of danger and still home: {percent(three['share'])} after {three['months']} "
            f"months, at "
            f"most {percent(three['at_most'])}."
        )
    return Section(
        "durable",
        "Did it last?",
        says,
        _counted(sheet),
        tuple(pictures),
        (
            Table(
                sheet.title,
                ("Test", "After", "Homeowners", "Yes", "No", "Unknown", "Yes, of all", "At most", "Share unknown"),
                tuple(
                    (
                        _TEST_WORDS[row["test"]],
                        f"{row['months']} months",
                        _count(row["people"]),
                        _count(row["yes"]),
                        _count(row["no"]),
                        _count(row["unknown"]),
                        _share(row),
                        percent(row["at_most"]),
                        percent(row["share_unknown"]),
                    )
                    for row in rows
                ),
                f"Intervals: {100 * confidence():g}%.",
            ),
        ),
        _note(sheet),
    )


def _states(tables: Tables) -> Section:
    sheet = tables["states"]
    rows = sheet.frame.to_dicts()
    names = SHOWN_STATES[:-1]
    drawn = [
        (f"{row['months']} months", [row[name] for name in names])
        for row in rows
        if row["people"] and all(row[name] is not None for name in names)
    ]
    picture = charts.stacked(
        "states",
        "What had become of the homeowners helped",
        "One bar for each horizon, divided by what had become of the homeowners; the numbers are in the table.",
        drawn,
        [(name, _STATE_COLORS[name]) for name in names],
        whole=True,
    )
    first = next((row for row in rows if _with_share(row)), None)
    says = (
        "Nobody was helped long enough ago to tell, or the numbers are too small to show."
        if first is None
        else f"After {first['months']} months, {percent(first['share'])} were still home and current."
    )
    columns = ("After", "Homeowners", *(name.capitalize() for name in names), "Kept and current, of all", "Too recent")
    table = Table(
        sheet.title,
        columns,
        tuple(
            (
                f"{row['months']} months",
                _count(row["people"]),
                *(_count(row[name]) for name in names),
                _share(row),
                _count(row["too recent"]),
            )
            for row in rows
        ),
    )
    return Section("states", "Are they still home?", says, _counted(sheet), (picture,), (table,), _note(sheet))


def _side_by_side(tables: Tables) -> Section:
    sheet = tables["side_by_side"]
    rows = sheet.frame.to_dicts()
    compared = ("hope_now.performing_6", "occ.redefault_60", "hamp.late_60", "hamp.disqualified", "own.redefault_60")
    drawn = [row for row in rows if row["metric"] in compared and row["months"] in (6, 12) and row["share"] is not None]
    bars = []
    for row in drawn:
        # Performing is the opposite of late: turned round, so that all bars say how many failed.
        if row["metric"] == compared[0]:
            bars.append(
                (
                    f"{row['whose']}: not performing, {row['months']} months",
                    *(1 - row[n] for n in ("share", "high", "low")),
                )
            )
        else:
            bars.append(
                (f"{row['whose']}: {row['title']}, {row['months']} months", row["share"], row["low"], row["high"])
            )
    pictures = (
        (
            charts.intervals(
                "definitions",
                "The same loans under each definition",
                "One estimate with its interval for each definition; the numbers are in the table.",
                bars,
                "share that failed by the definition",
                percent=True,
            ),
        )
        if drawn
        else ()
    )
    table = Table(
        sheet.title,
        ("Measure", "Whose", "Unit", "After", "Count", "Out of", "Share", "Left out", "Unknown"),
        tuple(
            (
                row["title"],
                f"{row['whose']}, version {row['version']}",
                row["unit"],
                DASH if row["months"] is None else f"{row['months']} months",
                _count(row["numerator"]),
                DASH if row["denominator"] is None and not row["hidden"] else _count(row["denominator"]),
                DASH if row["denominator"] is None and not row["hidden"] else _share(row, "denominator"),
                _count(row["left_out"]),
                _count(row["unknown"]),
            )
            for row in rows
        ),
    )
    says = "The same loans look better or worse by the choice of what is counted, in which unit and out of what."
    return Section(
        "definitions",
        "How does it look under each definition?",
        says,
        _counted(sheet),
        pictures,
        (table,),
        _note(sheet),
    )


def _curves(tables: Tables) -> Section:
    sheet = tables["curves"]
    frame = sheet.frame
    pictures = []
    for by in ("", *tables.choices.by):
        free = frame.filter((pl.col("by") == by) & (pl.col("curve") == "free"))
        groups = free["group"].unique(maintain_order=True).to_list()[: len(_COLORS)]
        if not groups or (by and len(groups) == 1):
            continue
        name = "everybody" if not by else outcomes.DIMENSIONS[by]
        pictures.append(
            charts.lines(
                f"curve-{by or 'all'}",
                f"Not late again, by {name}" if by else "Not late again",
                "A line for each group with the band of its interval; the numbers are in the table.",
                [
                    (group if by else "everybody", color, _points(free.filter(pl.col("group") == group)))
                    for group, color in zip(groups, _COLORS, strict=False)
                ],
                (
                    f"months after the help, by {name}" if by else "months after the help",
                    "not yet 60 days late again, loan running",
                ),
                steps=tables.choices.threshold <= 1,
                percent=True,
            )
        )
    if not frame.is_empty():
        risks = frame.filter((pl.col("by") == "") & (pl.col("curve") != "free"))
        if risks.height:
            pictures.insert(
                1,
                charts.lines(
                    "risks",
                    "What came first",
                    "A line for each end with the band of its interval; the numbers are in the table.",
                    [
                        (words(cause), color, _points(risks.filter(pl.col("curve") == cause)))
                        for cause, color in zip(outcomes.CAUSES, ("#8b0a03", charts.AMBER, charts.BLUE), strict=True)
                    ],
                    ("months after the help", "share to whom it came first"),
                    steps=tables.choices.threshold <= 1,
                    percent=True,
                ),
            )
    shown = frame.filter(pl.col("month").is_in([0, 6, 12, 24, 36, 48, 60]) & (pl.col("month") > 0))
    table = Table(
        sheet.title,
        ("By", "Group", "Curve", "After", "At risk before", "Value"),
        tuple(
            (
                outcomes.DIMENSIONS.get(row["by"], "everybody"),
                row["group"],
                words(row["curve"]),
                f"{row['month']} months",
                row["at_risk"],
                f"{percent(row['value'])} ({100 * row['low']:.1f} to {100 * row['high']:.1f})",
            )
            for row in shown.to_dicts()
        ),
        "Every month is in the file curves.",
    )
    says = (
        "A curve counts everybody for as long as anything is known, so recent help counts, too."
        if not frame.is_empty()
        else "The numbers are too small to show a curve."
    )
    return Section(
        "curves", "When do they fall behind again?", says, _counted(sheet), tuple(pictures), (table,), _note(sheet)
    )


def _points(frame: pl.DataFrame) -> list[tuple[float, float, float, float]]:
    return [(float(m), v, low, high) for m, v, low, high in frame.select("month", "value", "low", "high").iter_rows()]


def _groups(tables: Tables) -> Section:
    sheet = tables["groups"]
    first = outcomes.horizons()[0]
    pictures = []
    for by in tables.choices.by:
        rows = [
            row
            for row in sheet.frame.filter((pl.col("by") == by) & (pl.col("months") == first)).to_dicts()
            if _with_share(row)
        ]
        if len(rows) > 1:
            pictures.append(
                charts.intervals(
                    f"group-{by}",
                    f"Kept and current after {first} months, by {outcomes.DIMENSIONS[by]}",
                    "One estimate with its interval for each group; the numbers are in the table.",
                    [(f"{row['group']} ({row['people']:,})", row["share"], row["low"], row["high"]) for row in rows],
                    f"kept and current after {first} months, by {outcomes.DIMENSIONS[by]}",
                    percent=True,
                )
            )
    rows = sheet.frame.filter(pl.col("people").is_null() | (pl.col("people") > 0)).to_dicts()
    table = Table(
        sheet.title,
        ("By", "Group", "After", "Homeowners", "Kept and current, of all", "Gave up", "Lost", "Unknown"),
        tuple(
            (
                outcomes.DIMENSIONS.get(row["by"], "everybody"),
                row["group"],
                f"{row['months']} months",
                _count(row["people"]),
                _share(row),
                _count(row["gave up the home"]),
                _count(row["lost the home"]),
                _count(row["unknown"]),
            )
            for row in rows
        ),
    )
    says = "Groups differ in more than the help they got; a difference between them is not an effect of it."
    return Section("groups", "For whom did it last?", says, _counted(sheet), tuple(pictures), (table,), _note(sheet))


def _payment(tables: Tables) -> Section:
    sheet = tables["payment_change"]
    rows = sheet.frame.to_dicts()
    drawn = [
        r for r in rows if r["months"] == 12 and r["late"].startswith("60") and _with_share(r) and r["payment"] != ALL
    ]
    pictures = (
        (
            charts.intervals(
                "payment",
                "60 or more days late 12 months after the modification, by the change of the payment",
                "One estimate with its interval for each group; the numbers are in the table.",
                [
                    (f"{row['payment']} ({row['modifications']:,})", row["share"], row["low"], row["high"])
                    for row in drawn
                ],
                "60 or more days late 12 months after",
                percent=True,
            ),
        )
        if drawn
        else ()
    )
    table = Table(
        sheet.title,
        ("Payment", "After", "Late", "Modifications", "Late then", "Share", "Left out", "Unknown"),
        tuple(
            (
                row["payment"],
                f"{row['months']} months",
                row["late"],
                _count(row["modifications"]),
                _count(row["late_then"]),
                _share(row, "modifications"),
                _count(row["left_out"]),
                _count(row["unknown"]),
            )
            for row in rows
        ),
    )
    says = "How many modified loans were late again, by how much the payment changed."
    return Section(
        "payment", "Does a lower payment last longer?", says, _counted(sheet), pictures, (table,), _note(sheet)
    )


def _compared(tables: Tables) -> Section:
    landmark, matched, jumps = tables["landmark"], tables["matched"], tables["thresholds"]
    rows = landmark.frame.to_dicts()
    first = next((row["months"] for row in rows if _with_share(row)), None)
    drawn = [row for row in rows if row["months"] == first and _with_share(row) and row["group"] != ALL]
    pictures = (
        (
            charts.intervals(
                "landmark",
                f"Kept and current {first} months after falling behind",
                "One estimate with its interval for each group; the numbers are in the table.",
                [(f"{row['group']} ({row['people']:,})", row["share"], row["low"], row["high"]) for row in drawn],
                f"kept and current {first} months after falling behind",
                percent=True,
            ),
        )
        if drawn
        else ()
    )
    found = [
        Table(
            landmark.title,
            ("Group", "After", "Homeowners", "Kept and current, of all", "Gave up", "Lost", "Paid off", "Unknown"),
            tuple(
                (
                    row["group"],
                    f"{row['months']} months",
                    _count(row["people"]),
                    _share(row),
                    _count(row["gave up the home"]),
                    _count(row["lost the home"]),
                    _count(row["paid off"]),
                    _count(row["unknown"]),
                )
                for row in rows
            ),
            landmark.method,
        ),
        Table(
            matched.title,
            (
                "After",
                "Helped",
                "of them matched",
                "Others matched",
                "Current, helped",
                "Current, others",
                "Difference",
            ),
            tuple(
                (
                    f"{row['months']} months",
                    _count(row["helped"]),
                    _count(row["helped_matched"]),
                    _count(row["others_matched"]),
                    percent(row["share_helped"]),
                    percent(row["share_others"]),
                    DASH
                    if row["difference"] is None
                    else f"{100 * row['difference']:+.1f} points ({100 * row['low']:+.1f} to {100 * row['high']:+.1f})",
                )
                for row in matched.frame.to_dicts()
            ),
            f"{matched.says} {matched.method}",
        ),
    ]
    if jumps.frame.height:
        found.append(
            Table(
                jumps.title,
                ("What", "At", "Within", "Below", "At or above", "Jump", "Robust", "Heaping"),
                tuple(
                    (
                        row["outcome"],
                        f"{words(row['running'])} {row['cutoff']:g}",
                        f"{row['bandwidth']:.4g}",
                        row["below"],
                        row["above"],
                        f"{100 * row['estimate']:+.1f} points",
                        f"{100 * row['robust']:+.1f} ({100 * row['low']:+.1f} to {100 * row['high']:+.1f})",
                        DASH if row["heaping"] is None else f"p = {row['heaping']:.3f}",
                    )
                    for row in jumps.frame.to_dicts()
                ),
                f"{jumps.says} {jumps.method}",
            )
        )
    says = (
        "Without a threshold that decides who is helped, no difference here is an effect of the help."
        if not jumps.frame.height
        else "Only the jump at a threshold can be an effect of the help, and only for homeowners there."
    )
    return Section("compared", "Compared with whom?", says, _counted(landmark), pictures, tuple(found), landmark.says)


def _late(tables: Tables) -> Section:
    sheet = tables["delinquency"]
    rows = sheet.frame.to_dicts()
    columns = ("mba_30", "mba_60", "mba_90", "ots_30", "ots_60", "ots_90")
    lines = []
    for name, color in (("mba_60", charts.BLUE), ("ots_60", charts.AMBER)):
        points = [(float(row["month"].year), row[name], row[name], row[name]) for row in rows if row[name] is not None]
        lines.append((name.replace("_", " ").upper() + " or more days", color, points))
    pictures = (
        (
            charts.lines(
                "late",
                "Loans 60 or more days late by both methods",
                "A line for each method; the numbers are in the table.",
                lines,
                ("year", "60 or more days late"),
                percent=True,
            ),
        )
        if any(len(points) > 1 for _, _, points in lines)
        else ()
    )
    table = Table(
        sheet.title,
        ("Month", "Loans", *(f"{name[:3].upper()} {name[4:]}+" for name in columns)),
        tuple(
            (
                f"{row['month']:%Y-%m}",
                _count(row["known"]),
                *(FEW if row[n] is None else percent(row[n]) for n in columns),
            )
            for row in rows
        ),
    )
    says = "The same loans look later by the MBA's method than by the OTS's."
    return Section("late", "How many loans are late?", says, _counted(sheet), pictures, (table,), _note(sheet))


def _published(tables: Tables) -> Section:
    sheet = tables["published"]
    table = Table(
        sheet.title,
        ("Series", "Period", "Figure", "Unit", "Extrapolated", "Restated", "Comparable run", "Source", "Note"),
        tuple(
            (
                row["title"],
                row["period"],
                f"{row['value']:,.10g}" if row["value"] is not None else row["text"],
                row["unit"],
                DASH if row["extrapolated"] is None else ("yes" if row["extrapolated"] else "no"),
                "" if not row["restatement"] else f"restatement {row['restatement']}",
                str(row["breaks_before"] + 1),
                f"{row['source']} ({row['published']})",
                " ".join(part for part in (row["note"], row["break_within"]) if part),
            )
            for row in sheet.frame.to_dicts()
        ),
    )
    says = "What the alliance and others published, as a reference; breaks and restatements are kept."
    return Section("published", "What was published?", says, _counted(sheet), (), (table,), _note(sheet))


def _extrapolated(tables: Tables) -> Section:
    sheet = tables["extrapolated"]
    table = Table(
        sheet.title,
        ("Measure", "Unit", "Reported", "Extrapolated", "Interval", "If the others did nothing", "Nobody counted"),
        tuple(
            (
                row["title"],
                row["unit"],
                row["reported"],
                row["extrapolated"],
                f"{row['low']:,} to {row['high']:,}",
                row["least"],
                percent(row["estimated_share"]),
            )
            for row in sheet.frame.to_dicts()
        ),
    )
    says = "Counted and estimated are kept apart."
    return Section(
        "extrapolated", "How much is counted, how much estimated?", says, _counted(sheet), (), (table,), _note(sheet)
    )


def _findings(tables: Tables) -> Section:
    sheet = tables["findings"]
    rows = sheet.frame.to_dicts()
    table = Table(
        sheet.title,
        ("Finding", "Severity", "Field", "Count", "What it means"),
        tuple((r["rule"], r["severity"], r["field"] or "", _count(r["count"]), r["message"] or "") for r in rows),
    )
    says = "Nothing impossible was found." if not rows else "Some histories cannot be as the files say."
    return Section("findings", "Can the files be trusted?", says, _counted(sheet), (), (table,), _note(sheet))


_SECTIONS: Final[dict[str, Callable[[Tables], Section]]] = {
    "durable": _durable,
    "states": _states,
    "help": _help,
    "side_by_side": _side_by_side,
    "curves": _curves,
    "groups": _groups,
    "payment_change": _payment,
    "landmark": _compared,
    "delinquency": _late,
    "extrapolated": _extrapolated,
    "published": _published,
    "findings": _findings,
}


# --- whole pages and files ------------------------------------------------------------------------


def _law_table(law: OptionLaw) -> Table:
    rows = []
    for item in law.parameters.values():
        for value in item.values:
            source, _ = cited(law, value.cite)
            mark = MARKS[value.verification][0]
            rows.append((item.meaning, shown_value(value.value, item.unit), item.unit, source, mark, value.note or ""))
    return Table(law.title, ("What", "Value", "Unit", "Source", "Mark", "Note"), tuple(rows))


def _definition_table() -> Table:
    rows = []
    for metric in metrics().values():
        source, _ = cited(definitions(), metric.cite)
        breaks = " ".join(f"From {item.start}: {item.says}" for item in metric.breaks)
        rows.append(
            (
                f"{metric.title} ({metric.id}, version {metric.version})",
                metric.unit,
                metric.says,
                metric.denominator,
                source,
                MARKS[metric.verification][0],
                " ".join(part for part in (metric.note, breaks) if part),
            )
        )
    columns = ("Measure", "Unit", "Definition", "Out of", "Source", "Mark", "Note and breaks")
    return Table("Every measure", columns, tuple(rows))


def _month(month: int | None) -> str:
    return DASH if month is None else f"{history_room.month_date(month):%B %Y}"


def page(tables: Tables, made_on: datetime.date | None = None) -> str:
    """Return the report as HTML."""
    histories = tables.outcomes.histories
    k = tables.choices.threshold
    loans = histories.loans.height
    first = int(histories.loans["first_month"].min()) if loans else None  # type: ignore[arg-type]
    identity = [
        ("Files", ", ".join(path.name for path in histories.paths) or DASH),
        ("Layout", histories.title),
        ("Loan-months read", f"{histories.rows:,}"),
        ("Loans counted", f"{loans:,}" if loans >= k or not loans else FEW),
        ("Period", f"{_month(first)} to {_month(histories.last_month)}"),
        ("Lateness counted by", histories.method),
        ("Smallest count shown", str(k) if k > 1 else "every count: for internal use only"),
    ]
    if made_on is not None:
        identity.append(("Made on", f"{made_on:%B} {made_on.day}, {made_on.year}"))
    notes = []
    marks = {value.verification for item in definitions().parameters.values() for value in item.values}
    if "unverified" in marks:
        notes.append(
            "Some thresholds are the project's own choices or could not be confirmed at their source; they are marked "
            "unverified under What this rests on, and every figure here rests on some of them."
        )
    if histories.method == "OTS":
        notes.append(
            "The files count lateness by the OTS method. A loan that it calls current may have one installment "
            "unpaid, so "
            "current here means at most that."
        )
    if k <= 1:
        notes.append(
            "Small counts are shown. This page can reveal what became of single homeowners; do not publish it."
        )
    notes += list(tables.problems)
    sections = [make(tables) for name, make in _SECTIONS.items() if name in tables.sheets]
    return document(
        "Outcomes: did the help last?",
        "For every homeowner who was helped: long-term help, out of danger, still in the home, able to get a mortgage "
        "again.",
        sections,
        identity=identity,
        headline=_headline(tables),
        notes=notes,
        behind=(
            ("Definitions of every measure", _definition_table()),
            ("Thresholds of the measures", _law_table(definitions())),
            ("How histories are read", _law_table(history_room.definitions())),
        ),
        definitions=(
            ("Homeowner", "One loan in the files; a file of loans cannot tell persons apart."),
            (
                "Withheld",
                f"A count from 1 to {k - 1}, or one from which such a count could be worked out."
                if k > 1
                else "Nothing is withheld.",
            ),
            ("Interval", f"At {100 * confidence():g}% confidence."),
            ("60 days late", "Two installments unpaid at the end of a month, by the MBA's method."),
        ),
        closing="A trial, a forbearance and a repayment plan are activity; they are never counted as help done.",
    )


def _headline(tables: Tables) -> list[Headline]:
    found = []
    people = tables["help"].frame.filter(pl.col("kind") == ALL)["people"][0]
    found.append(Headline(_tile(people), "homeowners got some help", "each counts once"))
    for row in tables["states"].frame.to_dicts():
        if _with_share(row) and len(found) < 4:
            found.append(
                Headline(
                    percent(row["share"]),
                    f"still home and current after {row['months']} months",
                    f"of {row['people']:,}",
                )
            )
    return found


def _tile(value: int | None) -> str:
    return FEW if value is None else f"{value:,}"


def sentences(tables: Tables) -> list[tuple[str, str]]:
    """Return the answers in a sentence each, with their questions: the text output."""
    return [
        (section.title, section.says)
        for section in (make(tables) for name, make in _SECTIONS.items() if name in tables.sheets)
    ]


def spoken(tables: Tables) -> list[Section]:
    """Return the sections whose tables are short enough for a screen."""
    return [_SECTIONS[name](tables) for name in _SPOKEN if name in tables.sheets]


_SPOKEN: Final = ("help", "durable", "states", "side_by_side", "landmark", "extrapolated", "findings")


def write(
    tables: Tables,
    folder: Path,
    formats: Sequence[Literal["parquet", "csv"]] = ("csv",),
    *,
    report: bool = True,
    made_on: datetime.date | None = None,
) -> list[Path]:
    """Write every table, and the page; each file appears whole or not at all.

    Args:
        tables: what to write.
        folder: made if needed.
        formats: of the tables.
        report: write ``report.html``, too.
        made_on: date on the page.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for sheet in tables.sheets.values():
        for kind in formats:
            path = folder / f"{sheet.name}.{kind}"
            partial = path.with_name(f"{path.name}.partial")
            try:
                if kind == "csv":
                    sheet.frame.write_csv(partial)
                else:
                    sheet.frame.write_parquet(
                        partial, metadata={"unit": sheet.unit, "definition": sheet.says, "method": sheet.method}
                    )
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)
            written.append(path)
    meaning = folder / "tables.csv"
    rows = [(s.name, s.title, s.unit, s.says, s.method) for s in tables.sheets.values()]
    write_whole(
        meaning, pl.DataFrame(rows, schema=["table", "title", "unit", "definition", "method"], orient="row").write_csv()
    )
    written.append(meaning)
    if report:
        target = folder / "report.html"
        write_whole(target, page(tables, made_on))
        written.append(target)
    return written
