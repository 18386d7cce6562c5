"""Pages: a file of loans checked, what was observed of histories, and the key facts of one loan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import polars as pl

from hopenow.law import cited
from hopenow.money import format_cents
from hopenow.oversight.fairness.groups import UNKNOWN
from hopenow.oversight.fairness.page import percent, spanned
from hopenow.oversight.standards.checks import AUTHORITY, law
from hopenow.oversight.standards.observatory import FEATURES
from hopenow.pages import Headline, Section, Table, charts, document, share, words

if TYPE_CHECKING:
    from hopenow.oversight.standards.observatory import Observatory
    from hopenow.oversight.standards.offer import KeyFacts
    from hopenow.oversight.standards.run import Lending

__all__ = ["key_facts_page", "lending_page", "observatory_page"]

WITHHELD = "withheld"
_LONGEST = 60


# --- a file of loans ------------------------------------------------------------------------------


def lending_page(result: Lending) -> str:
    """Return the report of a file of loans as HTML."""
    applications = result.applications
    total = result.checked.height
    answers = result.answers
    made = [
        _answers(
            "qm",
            "Are they qualified mortgages?",
            answers["qualified_mortgage"],
            total,
            "General definition, 12 CFR 1026.43(e)(2).",
        ),
        _answers(
            "atr",
            "Is the ability to repay documented?",
            answers["ability_to_repay"],
            total,
            "Eight factors, 12 CFR 1026.43(c)(2).",
        ),
        *(
            [
                _answers(
                    "protection",
                    "How is the lender protected?",
                    answers["protection"],
                    total,
                    "Safe harbor below the higher-priced line.",
                )
            ]
            if answers["protection"]
            else []
        ),
        _rules(result),
        _years(result),
    ]
    return document(
        "Lending standards",
        f"{total:,} loans of {applications.name}, checked against Regulation Z.",
        made,
        identity=[
            ("File", applications.name),
            ("Read as", applications.mapping.title),
            ("Rests on values marked", result.verification),
        ],
        headline=[
            Headline(f"{total:,}", "loans checked", f"{applications.excluded:,} rows excluded"),
            Headline(
                f"{answers['qualified_mortgage'].get('yes', 0):,}",
                "qualified mortgages",
                share(answers["qualified_mortgage"].get("yes", 0), total),
            ),
            Headline(f"{answers['qualified_mortgage'].get('unknown', 0):,}", "cannot be told", "facts are missing"),
        ],
        notes=[
            "This is a check of facts given, no legal advice. It looks at the general definition alone; "
            "other kinds of qualified mortgage are not tried.",
            *(
                [f"Columns of the file that were not used: {', '.join(applications.unused)}."]
                if applications.unused
                else []
            ),
        ],
        behind=[
            ("What was not used, and why", _findings(result)),
            ("Rules and figures", _figures("general_qm")),
            ("Ability to repay", _figures("ability_to_repay")),
        ],
        definitions=[
            ("not covered", "no figures are on file for the year of the loan; no other year's are used in their place"),
            ("unknown", "facts are missing; neither yes nor no"),
            ("safe harbor", "the loan is not higher-priced, so the ability to repay is taken as given"),
            ("rebuttable presumption", "the loan is higher-priced; the borrower may show that it could not be repaid"),
        ],
    )


def _answers(name: str, title: str, counts: dict[str, int], total: int, note: str) -> Section:
    rows = list(counts.items())
    most = rows[0] if rows else ("unknown", 0)
    return Section(
        name,
        title,
        f"{most[0].capitalize()}: {share(most[1], total)} of the loans.",
        f"Counted in loans, out of {total:,}.",
        (charts.bars(name, title, "One bar for each answer; the table has the same counts.", rows),),
        (
            Table(
                title,
                ("Answer", "Loans", "Share"),
                tuple((answer, count, share(count, total)) for answer, count in rows),
            ),
        ),
        note,
    )


def _rules(result: Lending) -> Section:
    texts = {**law("general_qm").rules, **law("ability_to_repay").rules}
    figures = {name: str(item.values[-1].value) for name, item in law("general_qm").parameters.items()}
    rows = [row for row in result.rules.iter_rows(named=True) if row["rule"] in texts]
    told = {name: item.says.format(**figures) for name, item in texts.items()}
    series = (("not met", charts.AMBER), ("cannot be told", charts.GRAY))
    pictures = (
        (
            charts.stacked(
                "rules",
                "Rules not met",
                "One bar for each rule; the table has the same counts.",
                [(row["rule"], (row["not_met"], row["unknown"])) for row in rows],
                series,
            ),
        )
        if rows
        else ()
    )
    table = Table(
        "Rules that are not met, or cannot be told",
        ("Rule", "What it asks", "Not met", "Cannot be told", "What would change it", "Source"),
        tuple(
            (
                row["rule"],
                told[row["rule"]],
                row["not_met"],
                row["unknown"],
                texts[row["rule"]].change,
                _source(row["rule"]),
            )
            for row in rows
        ),
    )
    return Section(
        "rules",
        "Which rules stand in the way?",
        f"{len(rows)} rules are not met, or cannot be told, for some loan.",
        "Counted in loans; a loan may count for several rules.",
        pictures,
        (table,),
    )


def _source(rule: str) -> str:
    home = law("general_qm") if rule in law("general_qm").rules else law("ability_to_repay")
    source = home.rules[rule].sources[0]
    return f"{cited(home, source.cite)[0]} ({source.verification})"


def _years(result: Lending) -> Section:
    counted = (
        result.checked.group_by("rule_set", "qualified_mortgage")
        .agg(pl.len().alias("n"))
        .sort("rule_set", "qualified_mortgage")
    )
    contents = {item.id: item.content for item in law("general_qm").rule_sets}
    rows = tuple(
        (
            row["rule_set"] or "none",
            contents.get(row["rule_set"] or "", "no figures on file, or no date"),
            row["qualified_mortgage"],
            row["n"],
        )
        for row in counted.iter_rows(named=True)
    )
    totals: dict[str, int] = {}
    for name, _, _, count in rows:
        totals[name] = totals.get(name, 0) + count
    picture = charts.bars(
        "years", "Loans by rule set", "One bar for each rule set; the table has the same counts.", list(totals.items())
    )
    return Section(
        "years",
        "Which year's figures apply?",
        f"{len(totals)} sets of rules apply to the loans of this file.",
        "Counted in loans.",
        (picture,),
        (Table("Loans by rule set", ("Rule set", "What it says", "Qualified mortgage", "Loans"), rows),),
    )


def _findings(result: Lending) -> Table:
    rows = result.applications.findings.rows(named=True)
    return Table(
        "Values and rows that were not used",
        ("Column", "Rule", "Value", "Rows", "Effect", "What it means"),
        tuple(
            (row["column"] or "", row["rule"], row["value"] or "", row["rows"], row["effect"], row["message"])
            for row in rows
        ),
    )


def _figures(name: str) -> Table:
    from hopenow.law.model import shown_value

    own = law(name)
    rows = [
        (
            item.meaning,
            ", ".join(value.rule_sets) or "all",
            shown_value(value.value, item.unit),
            cited(own, value.cite)[0],
            value.verification,
        )
        for item in own.parameters.values()
        for value in item.values
        if AUTHORITY in value.authorities
    ]
    return Table(own.title, ("What", "Rule sets", "Value", "Source", "How sure"), tuple(rows))


# --- histories ------------------------------------------------------------------------------------


def observatory_page(result: Observatory) -> str:
    """Return what was observed as HTML."""
    everyone = result.observed.filter(pl.col("feature") == "").row(0, named=True)
    told = "withheld" if everyone["rate"] is None else spanned(everyone, "rate")
    notes = [
        f"{FEATURES[name].capitalize()}: {target!r} holds, because they are few: "
        f"{', '.join(band for band, into in joined.items() if into == target)}."
        for name, joined in result.joined.items()
        for target in dict.fromkeys(joined.values())
    ]
    return document(
        "Which loans came to distress",
        f"{result.loans:,} loans of {', '.join(result.names)}, {result.window} months from the first payment.",
        list(_features(result)) + list(_inside(result)),
        identity=[
            ("Files", ", ".join(result.names)),
            ("Distress", f"{result.late} unpaid installments (MBA method), or an ending with a loss"),
            ("Window", f"{result.window} months from the first payment"),
        ],
        headline=[
            Headline(f"{result.loans:,}", "loans", "in the files"),
            Headline(told.split(" ")[0], "came to distress", told),
        ],
        notes=notes,
        behind=[
            (
                "Of which loans it cannot be told",
                Table(
                    "Loans of which it cannot be told",
                    ("Why", "Loans"),
                    tuple((row["value"], row["rows"]) for row in result.findings.iter_rows(named=True)),
                ),
            )
        ],
        definitions=[
            ("in distress", f"at least {result.late} installments behind, or ended with a loss, within the window"),
            (
                "adjusted",
                "with credit score, loan over value, debt over income, purpose and occupancy alike "
                "(logistic regression, HC1 errors)",
            ),
            ("withheld", "too few loans, or it would give away too few elsewhere"),
        ],
        closing="Shares among loans that were made. They show what went with distress, not what caused it.",
    )


def _features(result: Observatory) -> Iterable[Section]:
    for name, label in FEATURES.items():
        rows = result.observed.filter(pl.col("feature") == name).head(_LONGEST).rows(named=True)
        if not rows:
            continue
        marks = [
            (row["band"], row["rate"], row["rate_low"], row["rate_high"])
            for row in rows[:25]
            if row["rate"] is not None and row["band"] != UNKNOWN
        ]
        signs = [row["band"] for row in rows if row["sign"].startswith("more")]
        yield Section(
            f"feature-{name}",
            f"Distress by {label}",
            f"More distress than {rows[0]['reference']}, beyond chance: {', '.join(signs)}."
            if signs
            else f"No band has more distress than {rows[0]['reference']} beyond chance.",
            "Counted in loans of which it can be told.",
            (
                charts.intervals(
                    f"feature-{name}",
                    f"Distress by {label}",
                    "Share in distress with its interval; the table has the same figures.",
                    marks,
                    "share in distress",
                    percent=True,
                ),
            )
            if marks
            else (),
            (
                Table(
                    f"Distress by {label}",
                    (
                        "Band",
                        "Loans",
                        "Cannot be told",
                        "In distress",
                        "Share (interval)",
                        f"Ratio to {rows[0]['reference']}",
                        "Ratio, adjusted",
                        "Sign",
                    ),
                    tuple(
                        (
                            row["band"],
                            _count(row["loans"]),
                            _count(row["not_known"]),
                            _count(row["distressed"]),
                            spanned(row, "rate"),
                            spanned(row, "ratio", ""),
                            spanned(row, "adjusted_ratio", ""),
                            row["sign"] or row["model_note"] or "",
                        )
                        for row in rows
                    ),
                ),
            ),
            "Wilson's interval for shares, the score interval for ratios.",
        )


def _inside(result: Observatory) -> Iterable[Section]:
    for by in result.within["by"].unique(maintain_order=True).to_list():
        rows = result.within.filter((pl.col("by") == by) & ~pl.col("withheld")).rows(named=True)
        hidden = result.within.filter((pl.col("by") == by) & pl.col("withheld")).height
        marks = [
            (f"{row['value']}: {words(row['feature'])} {row['band']}", row["rate"], row["rate_low"], row["rate_high"])
            for row in rows
            if row["rate"]
        ][:25]
        yield Section(
            f"inside-{by}",
            f"The same inside each {by}",
            f"{len(rows)} cells are shown, {hidden} are withheld.",
            "Counted in loans.",
            (
                charts.intervals(
                    f"inside-{by}",
                    f"Distress inside each {by}",
                    "Share in distress with its interval.",
                    marks,
                    "share in distress",
                    percent=True,
                ),
            )
            if marks
            else (),
            (
                Table(
                    f"Distress inside each {by}",
                    (by.capitalize(), "Feature", "Band", "Loans", "In distress", "Share (interval)"),
                    tuple(
                        (
                            row["value"],
                            words(row["feature"]),
                            row["band"],
                            _count(row["loans"]),
                            _count(row["distressed"]),
                            spanned(row, "rate"),
                        )
                        for row in rows[:400]
                    ),
                ),
            ),
            "Read bands beside each other inside one cohort or lender; loans of different cohorts lived "
            "through different times.",
        )


def _count(value: int | None) -> str | int:
    return WITHHELD if value is None else value


# --- one loan -------------------------------------------------------------------------------------


def key_facts_page(facts: KeyFacts) -> str:
    """Return the key facts of one loan as HTML, for a borrower to read and print."""
    lines = facts.lines()
    every = facts.path.filter((pl.col("installment") - 1) % 12 == 0)
    points: list[tuple[str, str, list[tuple[float, float, float, float]]]] = []
    for label, color, column in (
        ("if the rate stays", charts.BLUE, "payment_same"),
        ("at the highest", charts.AMBER, "payment_highest"),
    ):
        values = [
            (_year(row["installment"]), row[column] / 100, row[column] / 100, row[column] / 100)
            for row in every.iter_rows(named=True)
        ]
        points.append((label, color, values))
    shown = points if facts.total_same != facts.total_highest else points[:1]
    picture = charts.lines(
        "payments",
        "Your payment, year by year",
        "The payment at the start of each year; the table has the same figures.",
        shown,
        ("year", "monthly payment, dollars"),
        steps=True,
    )
    table = Table(
        "Your payment and what you owe, year by year",
        ("Year", "Payment if the rate stays", "You owe", "Payment at the highest", "You owe at the highest"),
        tuple(
            (
                str((row["installment"] - 1) // 12 + 1),
                *(
                    format_cents(row[name])
                    for name in ("payment_same", "balance_same", "payment_highest", "balance_highest")
                ),
            )
            for row in every.iter_rows(named=True)
        ),
    )
    offer = facts.offer
    sections = [
        Section(
            "facts",
            "What you should know",
            lines[0][1] + " a month now.",
            "In dollars. Read each line before you sign.",
            (),
            (Table("Key facts", ("Question", "Answer", "What it means"), tuple(lines)),),
        ),
        Section(
            "changes",
            "What can change",
            facts.changes[0],
            "Ask about each of these.",
            (),
            (
                Table(
                    "What can change",
                    ("", "What"),
                    tuple((str(number), text) for number, text in enumerate(facts.changes, 1)),
                ),
            ),
        ),
        Section(
            "path",
            "Year by year",
            "This is how the payment and the debt go on.",
            "Loan payment only, without taxes and insurance.",
            (picture,),
            (table,),
            "The highest path is what the contract allows. It is no forecast.",
        ),
    ]
    return document(
        "Before you sign: key facts of this loan",
        "Take this page with you. You may ask for time to read it. Nobody may rush you.",
        sections,
        identity=[
            ("Amount", format_cents(offer.amount)),
            ("Rate at the start", percent(offer.rate / 1_000_000)),
            ("Payments", f"{offer.months} a month apart"),
        ],
        headline=[Headline(answer, question, "") for question, answer, _ in lines[:3]],
        notes=["A HUD-approved housing counselor can read this with you. It is free."],
        tables_open=True,
    )


def _year(installment: Any) -> float:
    return (int(installment) - 1) / 12 + 1
