"""The three-sided view in words and as a page: for the homeowner's table, the counselor's and the investor's file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from hopenow.money import dollars, dollars_expr, format_cents
from hopenow.pages import Headline, Section, Table, charts, day, document, words
from hopenow.programs.registry import PROGRAMS
from hopenow.programs.registry import program as registered
from hopenow.valuation.modern import CASES, HORIZONS, Assumption, shown
from hopenow.valuation.offers import NO_HELP
from hopenow.valuation.sides import Sides, Swing

__all__ = ["RESTS_ON", "UNVERIFIED", "as_dict", "conflict_words", "in_published_units", "page", "title_of"]

UNVERIFIED: Final = "unverified"
RESTS_ON: Final = (
    "These figures rest on assumptions of this project that nobody has verified yet. Every one is listed with its "
    "range; the lows and highs show how much depends on them."
)
_LEAD: Final = (
    "What each way forward is worth to the investor, to you as the homeowner and to the servicer. "
    "Every amount is a range, because nobody knows what will happen."
)
_DEFINITIONS: Final = (
    ("Worth", "What the investor or servicer can expect, in today's dollars. Later dollars count less."),
    ("No help", "The loan stays as it is. Some homeowners catch up by themselves; that is counted."),
    ("Investor", "Who owns the loan, together with whoever pays for its losses (a guarantor or insurer)."),
    (
        "Low, usual, high",
        "Hard times, what we take to be usual, and good times. Amounts are sorted from least to most.",
    ),
    ("Still home", "You still have the home and the loan. Paid off, sold and lost homes are not counted."),
    ("Conflict", "The way forward that is best for the investor is not the one that is best for the servicer."),
)
_COSTS: Final = ("cost", "advances")
_CLOSING: Final = (
    "This is a model, not an offer or a decision. Help is free: a housing counselor at a HUD-approved agency can go "
    "through it with you."
)


def title_of(option: str) -> str:
    """Return an option in words."""
    if option == NO_HELP:
        return "No help"
    program, _, name = option.partition(".")
    if program in PROGRAMS:
        known = registered(program)
        titles = [item.law.title for item in known.options if item.id == name]
        if titles:
            return f"{titles[0]} ({known.title})"
    # A profile that was made at run time.
    return f"{words(name).capitalize()} ({words(program)})"


def _range(row: Mapping[str, Any], name: str) -> str:
    low, base, high = (row[f"{name}_{case}"] for case in CASES)
    if base is None:
        return "-"
    return f"{_round(base)} ({_round(low)} to {_round(high)})"


def _round(amount: int) -> str:
    """Return an amount of a model in whole dollars: cents would say more than is known."""
    sign = "-" if amount < -50 else ""
    return f"{sign}${(abs(amount) + 50) // 100:,}"


def _share(row: Mapping[str, Any], name: str) -> str:
    low, base, high = (row[f"{name}_{case}"] for case in CASES)
    return f"{base:.0%} ({low:.0%} to {high:.0%})"


def conflict_words(entry: Mapping[str, Any]) -> list[str]:
    """Return a row of the conflict register in sentences."""
    investor, servicer = title_of(entry["best_for_investor"]), title_of(entry["best_for_servicer"])
    homeowner = title_of(entry["best_for_homeowner"])
    found = []
    if entry["servicer_conflict"]:
        found.append(
            f"Conflict: best for the investor is {investor}; best for the servicer is {servicer}. If the servicer's "
            f"way is taken, the investor loses {_range(entry, 'investor_loses')}; the servicer is better off by "
            f"{_range(entry, 'servicer_gains')}. This holds in {entry['cases_in_conflict']} of {len(CASES)} cases."
        )
    else:
        found.append(f"Best for the investor and for the servicer: {investor}.")
        if entry["cases_in_conflict"]:
            found.append(f"In {entry['cases_in_conflict']} of {len(CASES)} cases they would differ.")
    if entry["homeowner_conflict"]:
        found.append(
            f"Best for the homeowner is {homeowner}: with the investor's best way the chance of losing the home is "
            f"{100 * entry['homeowner_risk_added']:.0f} points higher."
        )
    else:
        found.append("It is also the best way for the homeowner to keep the home.")
    found.append(f"Junior lien owned by the servicer: {entry['own_junior_lien']}.")
    found.append(f"Work that goes to the servicer's affiliates: {entry['affiliated_vendors']}.")
    return found


def in_published_units(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with money in exact dollars and without internal columns."""
    kept = [name for name in frame.columns if not name.startswith("_")]
    numbers = ("cases_in_conflict", "options")
    return frame.select(kept).with_columns(
        dollars_expr(name).alias(name) for name in kept if frame.schema[name] == pl.Int64 and name not in numbers
    )


def as_dict(found: Sides, swings: Sequence[Swing] = ()) -> dict[str, Any]:
    """Return everything as plain data; money as text in dollars."""

    def rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
        plain = []
        for row in in_published_units(frame).iter_rows(named=True):
            plain.append(
                {
                    key: value if isinstance(value, int | float | str | None) else str(value)
                    for key, value in row.items()
                }
            )
        return plain

    return {
        "verification": UNVERIFIED,
        "rests_on": RESTS_ON,
        "options": rows(found.options),
        "conflict_register": [
            {**plain, "says": conflict_words(entry)}
            for plain, entry in zip(rows(found.register), found.register.iter_rows(named=True), strict=True)
        ],
        "not_valued": rows(found.not_valued),
        "not_usable": rows(found.not_usable),
        "sensitivity": [
            {"assumption": item.assumption, "option": item.option}
            | {case: str(dollars(getattr(item, case))) for case in CASES}
            for item in swings
        ],
        "assumptions": [
            {
                "name": item.name,
                "meaning": item.meaning,
                "low": item.low,
                "base": item.base,
                "high": item.high,
                "citation": item.citation,
                "as_of": None if item.as_of is None else item.as_of.isoformat(),
                "verification": item.verification,
                "note": item.note,
            }
            for item in shown()
        ],
    }


def page(found: Sides, swings: Sequence[Swing]) -> str:
    """Return the page of one loan as HTML, in one file without anything from elsewhere."""
    options = list(found.options.iter_rows(named=True))
    entry = found.register.row(0, named=True)
    first = options[0]
    return document(
        "What each way forward is worth, and to whom",
        _LEAD,
        [
            _worth(options),
            _home(options),
            _servicer(options),
            _conflict(entry),
            *([_swings(swings)] if swings else []),
            *([_left_out(found.not_valued)] if found.not_valued.height else []),
        ],
        identity=[("Loan", first["loan_id"]), ("Day", day(first["evaluation_date"])), ("Model", "modern, first set")],
        headline=[
            Headline(title_of(entry["best_for_homeowner"]), "keeps the home most often", "for the homeowner"),
            Headline(title_of(entry["best_for_investor"]), "is worth most", "to the investor"),
            Headline(title_of(entry["best_for_servicer"]), "is worth most", "to the servicer"),
        ],
        notes=[RESTS_ON],
        behind=[("Assumptions", _assumptions(shown()))],
        definitions=_DEFINITIONS,
        closing=_CLOSING,
        tables_open=True,
    )


def _worth(options: Sequence[Mapping[str, Any]]) -> Section:
    others = [row for row in options if row["option"] != NO_HELP]
    bars = [
        (title_of(row["option"]), *(row[f"gain_{case}"] / 100 for case in ("base", "low", "high"))) for row in others
    ]
    best = max(options, key=lambda row: row["investor_base"])
    table = Table(
        "Worth to the investor: usual (low to high)",
        ("Way forward", "Worth", "More than no help"),
        tuple((title_of(row["option"]), _range(row, "investor"), _range(row, "gain")) for row in options),
    )
    pictures = (
        (
            charts.intervals(
                "gain",
                "Gain over no help",
                "For each way forward, dollars more than without help, with its range.",
                bars,
                "dollars more than no help",
                reference=0.0,
            ),
        )
        if bars
        else ()
    )
    return Section(
        "investor",
        "What is it worth to the investor?",
        f"Most, in usual times: {title_of(best['option'])}.",
        "Present value of what the investor can expect. No help counts homeowners who catch up by themselves.",
        pictures,
        (table,),
        "Where a range crosses zero, the model cannot say which is better.",
    )


def _home(options: Sequence[Mapping[str, Any]]) -> Section:
    best = min(options, key=lambda row: (row["lost_ever_base"], row["payment_after"] or 0))
    tables = []
    for row in options:
        rows = [(f"Still home after {month} months", _share(row, f"home_{month}")) for month in HORIZONS]
        if row["payment_after"] is not None:
            rows += [
                ("Payment (principal and interest)", format_cents(row["payment_after"])),
                ("Change of the payment", format_cents(row["payment_change"])),
                ("To pay now", format_cents(row["paid_now"])),
                ("To pay in all", _round(row["total_cost"])),
                ("Equity now", _round(row["equity_now"])),
                ("Equity after 60 months", _range(row, "equity_60")),
            ]
        if row["residual_income"] is not None:
            rows.append(("Left of income", format_cents(row["residual_income"])))
        tables.append(Table(title_of(row["option"]), ("", "Usual (low to high)"), tuple(rows)))
    return Section(
        "homeowner",
        "What is it worth to the homeowner?",
        f"The home is kept most often with {title_of(best['option'])}.",
        "Chances under the model, out of all homeowners in the same place.",
        (),
        tuple(tables),
        "Equity is the value of the home less what is owed on this loan, if it is kept; other liens are not taken off. "
        "Left of income is before income taxes and other debts.",
    )


def _servicer(options: Sequence[Mapping[str, Any]]) -> Section:
    parts = {
        "fees": "Servicing fees",
        "late_income": "Late charges and other income",
        "incentive": "Incentive",
        "cost": "Cost to service",
        "advances": "Cost of advances",
    }
    tables = []
    for row in options:
        rows = [("Worth (low to high)", _range(row, "servicer"))]
        rows += [
            (words, _round(-row[f"servicer_{part}"] if part in _COSTS else row[f"servicer_{part}"]))
            for part, words in parts.items()
        ]
        tables.append(Table(title_of(row["option"]), ("", "Usual"), tuple(rows)))
    best = max(options, key=lambda row: row["servicer_base"])
    return Section(
        "servicer",
        "What is it worth to the servicer?",
        f"Most, in usual times: {title_of(best['option'])}.",
        "Fees and other income less costs, in today's dollars.",
        (),
        tuple(tables),
    )


def _conflict(entry: Mapping[str, Any]) -> Section:
    said = conflict_words(entry)
    table = Table(
        "Conflict register",
        ("Side", "Best way forward"),
        tuple((side, title_of(entry[f"best_for_{side.lower()}"])) for side in ("Investor", "Servicer", "Homeowner")),
        " ".join(said[1:]),
    )
    return Section(
        "conflict",
        "Do they want the same?",
        said[0],
        "Each side's best way forward, of those that can be valued.",
        (),
        (table,),
    )


def _swings(swings: Sequence[Swing], most: int = 10) -> Section:
    meaning = {item.name: item.meaning for item in shown()}
    tables = []
    for option in dict.fromkeys(item.option for item in swings):
        own = [item for item in swings if item.option == option][:most]
        rows = tuple(
            (
                meaning.get(item.assumption, "Nobody catches up without help, against some do"),
                f"{_round(item.low)} to {_round(item.high)}",
            )
            for item in own
        )
        caption = f"{title_of(option)}: gain over no help, {_round(own[0].base)} in usual times"
        tables.append(Table(caption, ("Assumption", "At its low to at its high"), rows))
    return Section(
        "sensitivity",
        "What does it depend on most?",
        "Each assumption is moved to its ends while the others stay.",
        "Gain of the investor over no help; the largest swings first.",
        (),
        tuple(tables),
    )


def _left_out(frame: pl.DataFrame) -> Section:
    rows = tuple((title_of(f"{row['program']}.{row['option']}"), row["why"]) for row in frame.iter_rows(named=True))
    return Section(
        "left_out",
        "Which ways forward have no value here?",
        "These may still be right for you.",
        "Options that the loan is or may be eligible for.",
        (),
        (Table("Without a value", ("Way forward", "Why"), rows),),
    )


def _assumptions(items: Sequence[Assumption]) -> Table:
    return Table(
        "Every assumption",
        ("Assumption", "Low", "Usual", "High", "Source", "How sure"),
        tuple((item.meaning, item.low, item.base, item.high, item.citation, item.verification) for item in items),
        "Low is the hard case, high the good one. Percent is of one unless the text says otherwise.",
    )
