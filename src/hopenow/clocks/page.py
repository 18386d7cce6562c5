"""A case's clocks as one self-contained page, and a portfolio's duties as another."""

from __future__ import annotations

import datetime
import functools
from typing import Any

import jinja2
import polars as pl

from hopenow.clocks.derive import Clockwork
from hopenow.clocks.events import event_kinds
from hopenow.clocks.policies import DEFAULT, Policies
from hopenow.clocks.result import FORECLOSURE
from hopenow.clocks.rulebook import rulebook
from hopenow.clocks.shown import (
    BASES,
    LIMITS,
    WHO,
    Reader,
    about,
    barred,
    breach_words,
    lasts,
    left,
    open_duties,
    open_rights,
    party,
    standing,
    used_policies,
    ways_in,
    weekday,
)
from hopenow.clocks.timeline import first_shown, spans, timeline
from hopenow.pages import Headline, Section, Table, charts, document, environment, number
from hopenow.pages import day as spoken

MEANINGS = {
    "verified": "The text of the law was read.",
    "secondary": "Only a summary was read, not the text itself.",
    "unverified": "An interpretation, or a choice of whoever runs the clocks. Ask a lawyer before you rely on it.",
}


def sentence(words: str) -> str:
    """Begin words with a capital letter and end them with a full stop."""
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


@functools.cache
def _templates() -> jinja2.Environment:
    return environment(
        "hopenow.clocks",
        {
            "weekday": weekday,
            "left": left,
            "lasts": lasts,
            "party": party,
            "breach": breach_words,
            "sentence": sentence,
            "barred": barred,
        },
    )


def page(clockwork: Clockwork, reader: Reader = "all") -> str:
    """Return a case as a page: HTML in one file, without script, fit to be printed.

    Args:
        clockwork: the case as of a day.
        reader: whose duties and rights are shown.
    """
    template = _templates().overlay()
    template.filters = {**_templates().filters, "about": functools.partial(about, clockwork.case)}
    chosen = dict(used_policies(clockwork))
    policies = [
        (name, {"id": policy.id, "means": policy.means, "shown": chosen[name], "reason": policy.reason})
        for name, policy, _ in clockwork.policies.shown()
        if name in chosen
    ]
    return template.get_template("clocks.html").render(
        title=f"Clocks of case {clockwork.case.id}",
        clock=clockwork,
        reader=reader,
        standing=standing(clockwork),
        ways=ways_in(clockwork),
        picture=timeline(clockwork, reader),
        bars=spans(clockwork, reader),
        earlier=first_shown(clockwork)
        if clockwork.case.events and clockwork.case.events[0].day < first_shown(clockwork)
        else None,
        events=[event for event in clockwork.case.events if event.day <= clockwork.as_of],
        kinds=event_kinds(),
        duties=open_duties(clockwork, reader),
        rights=open_rights(clockwork, reader),
        others=[item for item in clockwork.protections if item.in_force and item.bars not in FORECLOSURE],
        remedy=" ".join(dict.fromkeys(breach.remedy for breach in clockwork.breaches)),
        policies=policies,
        bases=BASES,
        meanings=MEANINGS,
        limits=LIMITS,
    )


# --- portfolios -----------------------------------------------------------------------------------

ROWS_SHOWN = 200
"""Duties listed on the page of a portfolio; the files have all."""

_DAYS_AHEAD = 28
# Tables of many columns scroll sideways instead of breaking words.
_WHOLE_WORDS = "th, td { overflow-wrap: normal; } td:not(.num) { min-width: 6rem; } tbody th { white-space: nowrap; }"


DUE = {"today": "due today", "week": "due within a week", "overdue": "overdue", "all": "not done"}


def said(due: str, party: str | None) -> str:
    """Say which duties were picked."""
    return f"what is {DUE[due]}{f', for the {party}' if party else ''}"


def pick(duties: pl.DataFrame, due: str, party: str | None = None, policies: Policies = DEFAULT) -> pl.DataFrame:
    """Pick duties of :func:`hopenow.clocks.simulate`, most urgent first, with the title of each rule.

    Args:
        duties: not done, one row each.
        due: ``today``, ``week`` (seven days, today among them), ``overdue`` or ``all``.
        party: who must act; all without.
        policies: under which they were derived.
    """
    left_ = pl.col("days_left")
    tests = {"today": left_ == 0, "week": left_.is_between(0, 6), "overdue": left_ < 0, "all": pl.lit(value=True)}
    picked = duties.filter(tests[due])
    if party:
        picked = picked.filter(pl.col("who") == party)
    titles = {rule.id: rule.title for rule in rulebook(policies)}
    return picked.with_columns(title=pl.col("rule").replace_strict(titles, default=None, return_dtype=pl.String)).sort(
        "due", "case", "rule", "about", nulls_last=True
    )


def portfolio_text(duties: pl.DataFrame, as_of: datetime.date, cases: int, picked: str, limit: int) -> str:
    """Return the duties of a portfolio as text: counts by rule and by day, and the most urgent ones.

    Args:
        duties: from :func:`pick`.
        as_of: the day looked at.
        cases: how many cases were looked at.
        picked: which duties these are, in words.
        limit: how many are listed.
    """
    lines = [f"As of {weekday(as_of)}, {cases:,} cases: {picked}; {duties.height:,} duties.", ""]
    if duties.is_empty():
        return "\n".join([*lines, "Nothing is due.", ""])
    lines.append(f"{'rule':<7} {'overdue':>8} {'today':>7} {'6 days':>7} {'later':>7} {'no day':>7}  what [mark]")
    titles = dict(duties.select("rule", "title").unique().iter_rows())
    for row in by_rule(duties).rows(named=True):
        figures = (
            f"{row['overdue']:>8,} {row['today']:>7,} {row['week']:>7,} {row['later']:>7,} {row['no_last_day']:>7,}"
        )
        lines.append(f"{row['rule']:<7} {figures}  {titles[row['rule']]} [{row['verification']}]")
    days = by_day(duties.filter(pl.col("days_left").is_between(0, _DAYS_AHEAD)))
    if not days.is_empty():
        lines += ["", "last day of the next four weeks: duties"]
        lines += [f"{weekday(row['due'])}: {row['duties']:,} ({row['who']})" for row in days.rows(named=True)]
    shown = duties.head(limit)
    if shown.height:
        lines += ["", f"the most urgent {shown.height:,} of {duties.height:,}:"]
        lines += [
            f"{row['due'] or 'no last day'!s:<11} {left(row['days_left']):<24} {row['case']:<14} {row['rule']:<7} "
            f"{WHO[row['who']]}: {row['title']} (about {row['about']})"
            for row in shown.rows(named=True)
        ]
    return "\n".join([*lines, "", LIMITS, ""])


def by_rule(duties: pl.DataFrame) -> pl.DataFrame:
    """Count the duties of :func:`hopenow.clocks.simulate` by rule: overdue, today, in a week, later, no last day."""
    left_ = pl.col("days_left")
    return (
        duties.group_by("rule", "who", "verification")
        .agg(
            overdue=(left_ < 0).sum(),
            today=(left_ == 0).sum(),
            week=left_.is_between(1, 6).sum(),
            later=(left_ > 6).sum(),
            no_last_day=left_.is_null().sum(),
            total=pl.len(),
        )
        .sort("overdue", "today", "week", "total", "rule", descending=[True, True, True, True, False])
    )


def by_day(duties: pl.DataFrame) -> pl.DataFrame:
    """Count the duties that have a last day by it and by who must act."""
    return duties.filter(pl.col("due").is_not_null()).group_by("due", "who").agg(duties=pl.len()).sort("due", "who")


def portfolio_page(
    duties: pl.DataFrame, as_of: datetime.date, cases: int, picked: str, policies: Policies = DEFAULT
) -> str:
    """Return the duties of a portfolio as a page.

    Args:
        duties: rows of :func:`hopenow.clocks.simulate`, as picked.
        as_of: the day looked at.
        cases: how many cases were looked at.
        picked: which duties these are, in words.
        policies: under which they were derived.
    """
    titles = {rule.id: rule.title for rule in rulebook(policies)}
    rules, days = by_rule(duties), by_day(duties)
    counts = {name: int(rules[name].sum()) for name in ("overdue", "today", "week", "later", "no_last_day")}
    sections = [_rules_section(rules, titles), _days_section(days, as_of), _list_section(duties, titles)]
    made = document(
        "Duties due",
        f"What servicers and others must do under the mortgage-servicing rules: {picked}.",
        [section for section in sections if section is not None],
        identity=[("As of", weekday(as_of)), ("Cases", number(cases)), ("Duties", number(duties.height))],
        headline=[
            Headline(number(counts["overdue"]), "overdue", "the last day has passed"),
            Headline(number(counts["today"]), "due today", spoken(as_of)),
            Headline(number(counts["week"]), "due in the next six days", "after today"),
        ],
        definitions=[(mark.capitalize(), words) for mark, words in MEANINGS.items()],
        closing=LIMITS,
        tables_open=True,
    )
    return made.replace("</style>", f"{_WHOLE_WORDS}</style>", 1)


def _rules_section(rules: pl.DataFrame, titles: dict[str, str]) -> Section:
    rows: list[dict[str, Any]] = rules.rows(named=True)
    shown = rows[:15]
    picture = charts.stacked(
        "rules",
        "Duties by rule",
        "One bar for each rule, with its overdue duties, those due within a week, and the rest. The table has all.",
        [
            (
                f"{row['rule']}  {titles.get(row['rule'], '')}",
                (row["overdue"], row["today"] + row["week"], row["later"] + row["no_last_day"]),
            )
            for row in shown
        ],
        [("overdue", "#b50909"), ("due within a week", charts.AMBER), ("later, or no last day", charts.LIGHT_BLUE)],
    )
    table = Table(
        "Duties by rule",
        ("Rule", "What", "Overdue", "Today", "Next 6 days", "Later", "No last day", "All", "Who", "Mark"),
        tuple(
            (
                row["rule"],
                titles.get(row["rule"], ""),
                row["overdue"],
                row["today"],
                row["week"],
                row["later"],
                row["no_last_day"],
                row["total"],
                WHO[row["who"]],
                row["verification"],
            )
            for row in rows
        ),
    )
    if not rows:
        says = "No duty was picked."
    else:
        worst = rows[0]
        says = (
            f"{worst['rule']} ({titles.get(worst['rule'], '')}) has the most overdue: {worst['overdue']:,}."
            if worst["overdue"]
            else f"Nothing is overdue. {worst['rule']} ({titles.get(worst['rule'], '')}) has {worst['total']:,} duties."
        )
    more = f" The picture shows the first {len(shown)} rules." if len(rows) > len(shown) else ""
    return Section("rules", "Under which rules?", says, f"Counted: duties not done.{more}",
                   (picture,) if rows else (), (table,) if rows else ())  # fmt: skip


def _days_section(days: pl.DataFrame, as_of: datetime.date) -> Section | None:
    ahead = {as_of + datetime.timedelta(days=step): [0, 0] for step in range(_DAYS_AHEAD)}
    for row in days.rows(named=True):
        if row["due"] in ahead:
            ahead[row["due"]][0 if row["who"] == "servicer" else 1] += row["duties"]
    if not any(sum(counts) for counts in ahead.values()):
        return None
    rows = [(f"{day:%b} {day.day}", tuple(counts)) for day, counts in ahead.items()]
    picture = charts.columns(
        "days",
        "Duties by last day",
        "One column for each of the next four weeks' days, with the duties whose last day it is.",
        rows,
        [("servicer", charts.BLUE), ("others", charts.AMBER)],
        "last day",
    )
    busiest = max(ahead, key=lambda day: sum(ahead[day]))
    table = Table(
        "Duties by last day",
        ("Last day", "Servicer", "Others"),
        tuple((weekday(day), *counts) for day, counts in ahead.items() if sum(counts)),
    )
    says = f"The busiest day of the next four weeks is {weekday(busiest)}, with {sum(ahead[busiest]):,}."
    return Section("days", "On which days?", says, "Counted: duties with a last day in the next four weeks.",
                   (picture,), (table,))  # fmt: skip


def _list_section(duties: pl.DataFrame, titles: dict[str, str]) -> Section | None:
    if duties.is_empty():
        return None
    first = duties.head(ROWS_SHOWN).rows(named=True)
    table = Table(
        "The most urgent duties",
        ("Case", "By", "When", "Who", "Rule", "What", "About"),
        tuple(
            (
                row["case"],
                row["due"].isoformat() if row["due"] else "no last day",
                left(row["days_left"]),
                WHO[row["who"]],
                row["rule"],
                titles.get(row["rule"], ""),
                row["about"],
            )
            for row in first
        ),
    )
    says = f"The {len(first):,} most urgent of {duties.height:,}; the file has all."
    return Section("list", "Which are the most urgent?", says, "", (), (table,))
