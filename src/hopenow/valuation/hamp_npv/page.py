"""One page about one loan's value test: to read on a phone, to print, and to take to the servicer or a counselor."""

from __future__ import annotations

from collections.abc import Iterator

from hopenow.money import format_cents
from hopenow.pages import MARKS, Headline, Section, Table, day, document
from hopenow.valuation.hamp_npv.differs import Differences
from hopenow.valuation.hamp_npv.prepare import TITLES
from hopenow.valuation.hamp_npv.result import ROUNDING, Result
from hopenow.valuation.hamp_npv.supplement import PUBLIC_LABEL
from hopenow.valuation.hamp_npv.tiers import Tiers

__all__ = ["page"]

LEAD = (
    "The program asked: is this loan worth more to its owner with lower payments, or without a change? "
    "This page works the answer from the numbers given, step by step."
)
DEFINITIONS = (
    ("Value without a modification", "What the owner of the loan could expect if nothing changes, in today's dollars."),
    ("Value with the modification", "What the owner could expect with the new terms, in today's dollars."),
    ("Positive", "The modified loan is worth more. The program then asked the servicer to offer the modification."),
    ("Negative", "It is not worth more. The servicer could still offer it, if the investor allowed that."),
    ("Cures", "The borrower catches up and goes on paying."),
    ("Defaults", "The loan ends with the sale of the home."),
    ("Discounted", "A dollar that comes later counts less; the rate says how much less for each year."),
)
CLOSING = (
    "This page is a guide, not a decision. The program ended in 2016; the test can show whether a denial followed its "
    "published rules. Help is free: a housing counselor at a HUD-approved agency can go through this page with you."
)


def page(result: Result, differences: Differences | None = None, tiers: Tiers | None = None) -> str:
    """Return the page as HTML, in one file without anything from elsewhere.

    Args:
        result: of the loan, with the inputs of the notice.
        differences: what corrected inputs change.
        tiers: results of the program's other modifications.
    """
    return document(
        "The value test of your loan",
        LEAD,
        list(_sections(result, differences, tiers)),
        identity=_identity(result),
        headline=_headline(result),
        notes=_notes(result),
        behind=_behind(result),
        definitions=DEFINITIONS,
        closing=CLOSING,
        tables_open=True,
    )


def _identity(result: Result) -> list[tuple[str, str]]:
    found = [("Loan", result.loan_number)]
    if result.npv_date is not None:
        found.append(("Day of the test", day(result.npv_date)))
    return [*found, ("Model", f"HAMP Base NPV {result.version}"), ("Modification", TITLES[result.modification])]


def _headline(result: Result) -> list[Headline]:
    if result.positive is None or result.difference is None:
        return [Headline("No result", "the test cannot be run with these inputs", result.run_code)]
    word = "Positive" if result.positive else "Negative"
    gap = format_cents(abs(result.difference))
    more = "more" if result.difference > 0 else "less"
    return [
        Headline(word, "result of the value test", f"{gap} {more} with the modification"),
        Headline(format_cents(result.npv_modified or 0), "value with the modification", "to the owner of the loan"),
        Headline(format_cents(result.npv_unmodified or 0), "value without it", "to the owner of the loan"),
    ]  # fmt: skip


def _notes(result: Result) -> list[str]:
    found = []
    if result.supplement_label == PUBLIC_LABEL:
        found.append(
            "State timelines, costs, house prices and discounts are a public substitute, not Treasury's: the tables "
            "that servicers used were never published. The result can differ from the servicer's for that reason alone."
        )
    else:
        found.append(f"State timelines, costs, house prices and discounts: {result.supplement_label}.")
    return [*found, *(f"{note[0].upper()}{note[1:].rstrip('.')}." for note in result.notes)]


def _sections(result: Result, differences: Differences | None, tiers: Tiers | None) -> Iterator[Section]:
    if result.errors:
        rows = tuple((item.code, item.says, ", ".join(item.fields)) for item in result.errors)
        found = tuple((item.field, item.says, item.value) for item in result.findings)
        tables = [Table("Run errors", ("Code", "What it means", "Inputs"), rows)]
        if found:
            tables.append(Table("Found in the inputs", ("Input", "What is wrong", "Found"), found))
        yield Section(
            "errors", "Why is there no result?", "The test needs other or further inputs.", "", (), tuple(tables)
        )
    if differences is not None:
        yield _differing(differences)
    if tiers is not None:
        yield _tiers(tiers)
    for place, part in enumerate(result.parts):
        steps = tuple((step.title, step.value, step.how) for step in part.steps)
        source = f"Source: {part.source} ({part.verification})."
        table = Table(part.title, ("Figure", "Value", "How"), steps)
        yield Section(f"part-{place}", part.title, part.says, "", (), (table,), note=source)
    inputs = tuple((name.replace("_", " "), says, value) for name, says, value in result.inputs)
    yield Section(
        "inputs",
        "Which inputs were used?",
        "If one of these is wrong, tell your servicer in writing, all at once, and keep a copy.",
        "",
        (),
        (Table("Inputs", ("Input", "What it is", "Value"), inputs),),
    )


def _differing(found: Differences) -> Section:
    rows = tuple(("yes" if item.flips else "no", item.words) for item in (*found.singles, *found.pairs))
    return Section(
        "differs",
        "Which input changes the result?",
        found.summary,
        "",
        (),
        (Table("Corrected inputs", ("Changes it?", "With the corrected value"), rows),),
        note=" ".join(found.notes),
    )


def _tiers(found: Tiers) -> Section:
    rows = tuple(
        (
            TITLES[name],
            item.outcome.split(":")[0] if item.ok else item.run_code,
            format_cents(item.difference) if item.difference is not None else "",
            found.not_valued.get(name, ""),
        )
        for name, item in found.results.items()
    )
    rows += tuple(
        (TITLES[name], "not valued", "", why) for name, why in found.not_valued.items() if name not in found.results
    )
    return Section(
        "tiers",
        "What of the program's other modifications?",
        found.decision,
        "",
        (),
        (Table("Every modification", ("Modification", "Result", "Difference", "Remark"), rows),),
    )


def _behind(result: Result) -> list[tuple[str, Table]]:
    readings = tuple(
        (item.question, item.choice.replace("_", " "), "chosen" if item.choice != item.default else "usual", item.note)
        for item in result.readings
    )
    supplement = ((result.supplement or "none", result.supplement_label, " ".join(result.supplement_notes)),)
    marks = ((MARKS[result.verification][0], MARKS[result.verification][1], ROUNDING),)
    return [
        ("Where the published texts are silent", Table("Readings", ("Open point", "Reading", "", "Why"), readings)),
        ("The quarterly tables", Table("Supplement", ("Name", "Label", "Notes"), supplement)),
        ("How sure this is", Table("Least certain part, and rounding", ("Mark", "Meaning", "Rounding"), marks)),
    ]
