"""One loan's value test in full: outcome, every intermediate figure, and steps that explain themselves."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

import hopenow
from hopenow.law import Verification, weakest
from hopenow.money import dollars, format_cents
from hopenow.valuation.hamp_npv import kernel as k
from hopenow.valuation.hamp_npv import plain
from hopenow.valuation.hamp_npv.checks import checks, truncated_ltv
from hopenow.valuation.hamp_npv.figures import BUCKETS, Reading, Readings, mark_of, parameters, passage
from hopenow.valuation.hamp_npv.inputs import PERCENT_UNITS, Finding, fields, read_inputs
from hopenow.valuation.hamp_npv.model import Group, Outcome, run
from hopenow.valuation.hamp_npv.prepare import Modification
from hopenow.valuation.hamp_npv.supplement import Supplements

__all__ = ["ROUNDING", "Part", "Result", "RunError", "Step", "complete", "evaluate", "explain"]

ROUNDING = "Values are worked in full precision and rounded to the cent once, at the end; half a cent goes up."
OUTCOMES = {
    True: "positive: the modified loan is worth more to its owner",
    False: "negative: the modified loan is not worth more to its owner",
    None: "no result",
}
BUCKET_WORDS = dict(zip(BUCKETS, ("current", "30 days late", "60 days late", "90 or more days late"), strict=True))


@dataclasses.dataclass(frozen=True)
class RunError:
    """A run error of the model, or a word of this project, with what it is about."""

    code: str
    says: str
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        about = f" ({', '.join(self.fields)})" if self.fields else ""
        return f"{self.code}: {self.says}{about}"


@dataclasses.dataclass(frozen=True)
class Step:
    """One figure of the test and how it comes about."""

    title: str
    how: str
    value: str


@dataclasses.dataclass(frozen=True)
class Part:
    """Steps that belong together, what they are about, and where the texts say so."""

    title: str
    steps: tuple[Step, ...]
    says: str
    source: str
    verification: Verification


@dataclasses.dataclass(frozen=True)
class Result:
    """One loan's value test.

    Attributes:
        loan_number: the servicer's.
        version: of the model.
        modification: which was valued.
        ok: the run succeeded.
        run_code: ``Y``, or ``N: `` and every code.
        errors: every run error, with words.
        findings: inputs that a person should look at.
        npv_unmodified: value without a modification, cents; None where the run failed.
        npv_modified: value with it.
        difference: the second less the first.
        positive: the modified loan is worth strictly more, compared in whole cents.
        figures: every intermediate figure by name.
        parts: the steps.
        paths: month by month: ``unmodified`` and ``modified``, each with lists by name.
        inputs: name, meaning and value of every input given.
        readings: of the open points.
        supplement: the tables it rests on.
        supplement_label: what must be shown with it.
        supplement_notes: what a reader has to know of them.
        verification: least certain mark among everything it rests on.
        notes: what was filled in, and what to look at twice.
        npv_date: of the test.
    """

    loan_number: str
    version: str
    modification: str
    ok: bool
    run_code: str
    errors: tuple[RunError, ...]
    findings: tuple[Finding, ...]
    npv_unmodified: int | None
    npv_modified: int | None
    difference: int | None
    positive: bool | None
    figures: Mapping[str, Any]
    parts: tuple[Part, ...]
    paths: Mapping[str, Mapping[str, list[float]]]
    inputs: tuple[tuple[str, str, str], ...]
    readings: tuple[Reading, ...]
    supplement: str
    supplement_label: str
    supplement_notes: tuple[str, ...]
    verification: Verification
    notes: tuple[str, ...]
    npv_date: datetime.date | None

    @property
    def outcome(self) -> str:
        """The outcome in words."""
        return OUTCOMES[self.positive]

    def as_dict(self, *, paths: bool = True) -> dict[str, Any]:
        """Return everything as plain values for JSON; money as decimal dollars in text.

        Args:
            paths: with the month-by-month figures.
        """

        def money(amount: int | None) -> str | None:
            return None if amount is None else str(dollars(amount))

        found: dict[str, Any] = {
            "loan_number": self.loan_number,
            "model": f"HAMP Base NPV {self.version}",
            "software": f"hopenow {hopenow.__version__}",
            "modification": self.modification,
            "npv_date": self.npv_date.isoformat() if self.npv_date else None,
            "run_ok": self.ok,
            "run_code": self.run_code,
            "errors": [dataclasses.asdict(item) for item in self.errors],
            "findings": [dataclasses.asdict(item) for item in self.findings],
            "npv_unmodified": money(self.npv_unmodified),
            "npv_modified": money(self.npv_modified),
            "difference": money(self.difference),
            "positive": self.positive,
            "outcome": self.outcome,
            "figures": {name: _plain(value) for name, value in self.figures.items()},
            "steps": [dataclasses.asdict(part) for part in self.parts],
            "inputs": {name: value for name, _, value in self.inputs},
            "readings": [dataclasses.asdict(item) for item in self.readings],
            "supplement": {
                "name": self.supplement,
                "label": self.supplement_label,
                "notes": list(self.supplement_notes),
            },
            "verification": self.verification,
            "rounding": ROUNDING,
            "notes": list(self.notes),
        }
        if paths:
            found["paths"] = {name: dict(path) for name, path in self.paths.items()}
        return found


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, float):
        return round(value, 10)
    return value


# --- inputs -----------------------------------------------------------------------------------------------------------

_PLACEHOLDER = "-"


def complete(loan: Mapping[str, object]) -> tuple[dict[str, object], tuple[str, ...]]:
    """Fill in what a denial notice does not print, and say so; values that are given stay as they are.

    Filled in: the servicer's numbers (they identify a run and do not enter the value), a partial claim of zero, the
    data collection date (the NPV date), and the mark-to-market loan to value, from balance and value of the home.
    """
    filled = {name: value for name, value in loan.items() if value is not None and str(value).strip() != ""}
    notes = []

    def fill(name: str, value: object, words: str) -> None:
        if name not in filled:
            filled[name] = value
            notes.append(words)

    fill("servicer_loan_number", _PLACEHOLDER, "the servicer's loan number is not given; it does not enter the value")
    fill("servicer_number", _PLACEHOLDER, "the servicer's program number is not given; it does not enter the value")
    fill("mi_partial_claim", "0", "no partial claim of a mortgage insurer is given; none is counted")
    if "npv_date" in filled:
        fill(
            "data_collection_date", filled["npv_date"], "the data collection date is not given; the NPV date stands in"
        )
    if "mark_to_market_ltv" not in filled and {"upb", "property_value"} <= filled.keys():
        read = read_inputs({"upb": filled["upb"], "property_value": filled["property_value"]}).frame
        ltv = read.select(truncated_ltv()).item()
        if ltv is not None:
            fill(
                "mark_to_market_ltv",
                str(Decimal(ltv) / PERCENT_UNITS),
                "loan to value is worked from balance and value of the home",
            )
    return filled, tuple(notes)


def _suspicions(frame: pl.DataFrame, row: int) -> list[str]:
    found = []
    for name in ("rate", "rate_after", "original_rate", "original_ltv", "mark_to_market_ltv"):
        value = frame[name][row]
        if value is not None and 0 < value < PERCENT_UNITS:
            found.append(f"{name} is below one percent: was a fraction written in place of a percentage?")
    return found


# --- one loan ---------------------------------------------------------------------------------------------------------


def evaluate(
    loan: Mapping[str, object],
    supplements: Supplements,
    *,
    version: str = "3.0",
    readings: Readings | None = None,
    modification: Modification | None = None,
    on: datetime.date | None = None,
    fill_in: bool = True,
) -> Result:
    """Run the value test of one loan and explain it.

    Args:
        loan: inputs by name.
        supplements: the quarterly tables.
        version: of the model.
        readings: of the open points.
        modification: which is valued.
        on: NPV dates after this day are in the future; None is today.
        fill_in: fill in what a denial notice does not print (see :func:`complete`); False leaves the run error.

    Raises:
        InputError: inputs that the model does not know, an unknown version.
    """
    filled, notes = complete(loan) if fill_in else (dict(loan), ())
    outcome = run(filled, supplements, version=version, readings=readings, modification=modification, on=on)
    return explain(outcome, 0, notes)


def explain(outcome: Outcome, row: int, notes: tuple[str, ...] = ()) -> Result:
    """Explain one loan of a run.

    Args:
        outcome: of :func:`hopenow.valuation.hamp_npv.model.run`.
        row: place of the loan.
        notes: said with the result.
    """
    of = outcome.frame.row(row, named=True)
    findings = tuple(item for item in outcome.findings if item.row == row)
    group = next((item for item in outcome.groups if row in item.places), None)
    inputs = outcome.inputs
    supplement_marks: list[Verification] = [group.supplement.verification] if group else []
    figures: dict[str, Any] = {}
    parts: tuple[Part, ...] = ()
    paths: dict[str, dict[str, list[float]]] = {}
    valued = group is not None and of["run_ok"]
    if group is not None and valued:
        explained = _Explained(outcome, group, row)
        figures, parts, paths = explained.figures(), explained.parts(), explained.paths()
    return Result(
        loan_number=of["servicer_loan_number"] or "",
        version=outcome.version,
        modification=outcome.modification.name,
        ok=of["run_ok"],
        run_code=of["run_code"],
        errors=_errors(of["run_code"], findings),
        findings=findings,
        npv_unmodified=of["npv_unmodified"],
        npv_modified=of["npv_modified"],
        difference=of["difference"],
        positive=of["positive"],
        figures=figures,
        parts=parts,
        paths=paths,
        inputs=tuple(_inputs(inputs, row)),
        readings=outcome.readings.shown(),
        supplement=group.supplement.name if group else "",
        supplement_label=outcome.label,
        supplement_notes=group.supplement.notes if group else (),
        verification=weakest([mark_of(outcome.version, outcome.readings), *supplement_marks]),
        notes=(*notes, *_suspicions(inputs, row), *_notes(outcome, row)),
        npv_date=inputs["npv_date"][row],
    )


def _notes(outcome: Outcome, row: int) -> list[str]:
    found = []
    if outcome.version != "3.0":
        found.append(
            f"Only the default equations are those of version {outcome.version}, as research replicated them "
            "(secondary); cash flows and prepayment are those of 3.0."
        )
    if outcome.modification.reduction:
        found.append(
            "How the value test counts forgiveness over three years is derived by this project, not published."
        )
    return found


def _errors(run_code: str, findings: tuple[Finding, ...]) -> tuple[RunError, ...]:
    if not run_code.startswith("N"):
        return ()
    known = checks()
    found = []
    for code in run_code.removeprefix("N: ").split("; "):
        if code in known:
            item = known[code]
            about = dict.fromkeys([*item.missing, *item.outside, *item.among])
            found.append(RunError(code, item.says, tuple(about)))
        else:
            mine = [item for item in findings if item.code == code]
            about = dict.fromkeys(item.field for item in mine if item.field)
            found.append(RunError(code, mine[0].says if mine else "", tuple(about)))
    return tuple(found)


def _inputs(frame: pl.DataFrame, row: int) -> list[tuple[str, str, str]]:
    found = []
    for name, field in fields().items():
        value = frame[name][row]
        if value is not None:
            found.append((name, field.says, shown(value, field.kind)))
    return found


def shown(value: Any, kind: str) -> str:
    """Write an input as people do."""
    if kind == "money":
        return format_cents(value)
    if kind == "percent":
        return f"{format(Decimal(value) / PERCENT_UNITS, 'f').rstrip('0').rstrip('.') if value else '0'}%"
    if kind == "flag":
        return "yes" if value else "no"
    return str(value)


def _percent(value: float, places: int = 2) -> str:
    return f"{value:.{places}f}%"


def _weighted(chance: float) -> str:
    return f"{_percent(100 * (1 - chance))} of the cure and {_percent(100 * chance)} of the default"


class _Explained:
    """Figures and steps of one loan."""

    def __init__(self, outcome: Outcome, group: Group, row: int) -> None:
        self.outcome, self.group, self.of = outcome, group, outcome.frame.row(row, named=True)
        self.input = outcome.inputs.row(row, named=True)
        self.at = int(np.flatnonzero(group.places == row)[0])
        self.table = group.prepared.table[:, self.at]
        self.before, self.after = group.unmodified[:, self.at], group.modified[:, self.at]
        self.trace, self.trace_after = plain.Trace(), plain.Trace()
        one = np.ascontiguousarray(group.prepared.table[:, [self.at]])
        self.checked, self.checked_after = np.zeros((k.RESULTS, 1)), np.zeros((k.RESULTS, 1))
        first = np.zeros(1, np.int64)
        plain.unmodified(one, first, *group.arguments(), self.checked, self.trace)
        plain.modified(one, first, *group.arguments(), self.checked_after, self.trace_after)

    def cents(self, place: int) -> int:
        return int(np.floor(self.table[place] + 0.5))

    def money(self, figure: float) -> str:
        return format_cents(int(np.floor(figure + 0.5)))

    def part(self, name: str, title: str, steps: tuple[Step, ...]) -> Part:
        about = passage(self.outcome.version, name)
        return Part(title, steps, about.says, about.source, about.verification)

    def figures(self) -> dict[str, Any]:
        t, p = self.table, parameters(self.outcome.version)
        amounts = {
            "success_payment_a_year": t[k.CREDIT],
            "cost_share_a_month": t[k.SHARE],
            "current_borrower_incentive": t[k.ONCE],
            "price_decline_payment": t[k.DECLINE],
            "principal_reduction_incentive": t[k.REDUCTION],
            "balance_of_a_cure": self.before[k.EXTRA],
            "cure_unmodified": self.before[k.CURE],
            "default_value_unmodified": self.before[k.DEFAULT],
            "net_disposition_unmodified": self.before[k.PROCEEDS],
            "insurance_claim_unmodified": self.before[k.CLAIMED],
            "cure_modified": self.after[k.CURE],
            "default_value_modified": self.after[k.DEFAULT],
            "net_disposition_modified": self.after[k.PROCEEDS],
            "insurance_claim_modified": self.after[k.CLAIMED],
        }
        found: dict[str, Any] = {name: dollars(int(np.floor(value + 0.5))) for name, value in amounts.items()}
        found |= {
            "survey_rate_percent": t[k.SURVEY].item(),
            "discount_rate_monthly": t[k.DISCOUNT].item(),
            "ratio_before_percent": self.of["ratio_before"],
            "ratio_after_percent": self.of["ratio_after"],
            "delinquency": BUCKETS[self.group.prepared.bucket[self.at]],
            "default_equation": BUCKETS[self.group.prepared.equation[self.at]],
            "default_probability_unmodified": t[k.CHANCE].item(),
            "default_probability_modified": t[k.CHANCE_AFTER].item(),
            "months_to_sale_unmodified": int(t[k.SALE_MONTH]),
            "months_to_sale_modified": int(t[k.SALE_MONTH_AFTER]) + p["redefault_paid_months"],
            "rate_cap_percent": t[k.CAP].item() * 100,
            "survivors_to_redefault": self.after[k.EXTRA].item(),
            "valued_at_par": bool(t[k.PAR] == 1.0),
            "waterfall_test": self.of["waterfall_test"],
            "de_minimis": self.of["de_minimis"],
            "success_within_half": self.of["success_within_half"],
            "forbearance_flag": self.of["forbearance_flag"],
        }
        return found

    def paths(self) -> dict[str, dict[str, list[float]]]:
        found: dict[str, dict[str, list[float]]] = {}
        for name, trace in (("unmodified", self.trace), ("modified", self.trace_after)):
            path: dict[str, list[float]] = {"month": list(range(1, len(trace.smm) + 1))}
            for key, scale in (
                ("balance", 0.01),
                ("paid", 0.01),
                ("extra", 0.01),
                ("smm", 1),
                ("survivors", 1),
                ("discount", 1),
                ("rate", 100),
                ("incentive", 1),
            ):
                path[key] = [round(float(values[0]) * scale, 10) for values in getattr(trace, key)]
            found[name] = path
        return found

    def parts(self) -> tuple[Part, ...]:
        return (self._ratios(), self._chances(), self._as_it_is(), self._modified(), self._decision())

    def _ratios(self) -> Part:
        of, income = self.input, format_cents(self.input["gross_income"])
        carry = of["association_dues"] + of["insurance"] + of["taxes"]
        reset = (
            " (the fully amortizing payment at the reset rate)"
            if of["pi_before"] > of["principal_and_interest"]
            else ""
        )
        return self.part(
            "ratios",
            "Payment and income",
            (
                Step(
                    "Housing ratio before",
                    f"{format_cents(of['pi_before'])} principal and interest{reset} and {format_cents(carry)} taxes, "
                    f"insurance and dues, over {income} income",
                    _percent(self.of["ratio_before"]),
                ),
                Step(
                    "Housing ratio after",
                    f"{format_cents(of['principal_and_interest_after'])} principal and interest "
                    f"and {format_cents(carry)}, over {income}",
                    _percent(self.of["ratio_after"]),
                ),
                Step(
                    "Payment falls enough for success payments",
                    "at least the smallest reduction of the program",
                    "yes" if self.of["de_minimis"] else "no",
                ),
            ),
        )

    def _chances(self) -> Part:
        bucket = BUCKET_WORDS[BUCKETS[self.group.prepared.equation[self.at]]]
        t = self.table
        smm = self.trace.smm[0][0] if self.trace.smm else None
        steps = [
            Step(
                "Chance of default, unchanged",
                f"equation of a loan {bucket}: loan to value, credit score and housing ratio",
                _percent(100 * t[k.CHANCE]),
            ),
            Step(
                "Chance of default, modified",
                "the same, and how far the ratio falls",
                _percent(100 * t[k.CHANCE_AFTER]),
            ),
            Step(
                "Prepayment in the first month, unchanged",
                "house prices, gain from refinancing, loan to value, credit score and original balance",
                _percent(100 * smm, 4) if smm is not None else "not used: valued at par",
            ),
            Step(
                "Prepayment in the first month, modified",
                "the same, less what prepaying would give up",
                _percent(100 * self.trace_after.smm[0][0], 4),
            ),
        ]
        return self.part("chances", "Chances", tuple(steps))

    def _common(self) -> str:
        t = self.table
        yearly = _percent(t[k.DISCOUNT] * 1200, 3)
        return f"discounted at {yearly} a year (survey rate {_percent(t[k.SURVEY])} and the premium)"

    def _as_it_is(self) -> Part:
        t, b = self.table, self.before
        months = int(t[k.SALE_MONTH])
        cure = (
            "at par: the balance and the missed payments, because the payment of the loan changes"
            if t[k.PAR] == 1.0
            else f"{int(t[k.TERM])} scheduled payments and prepayments on {self.money(b[k.EXTRA])}, {self._common()}, "
            f"and {int(t[k.MISSED])} missed payments at once"
        )
        return self.part(
            "as_it_is",
            "Without a modification",
            (
                Step("Value if the loan cures", cure, self.money(b[k.CURE])),
                Step(
                    "Net proceeds of the home",
                    f"sold in month {months}; after discount, charges and costs; "
                    f"insurance pays {self.money(b[k.CLAIMED])}",
                    self.money(b[k.PROCEEDS]),
                ),
                Step(
                    "Value if the loan defaults",
                    f"the proceeds discounted, less {self.money(t[k.CARRY])} a month until the sale",
                    self.money(b[k.DEFAULT]),
                ),
                Step("Value without a modification", _weighted(t[k.CHANCE]), self.money(b[k.NPV])),
            ),
        )

    def _modified(self) -> Part:
        t, a = self.table, self.after
        p = parameters(self.outcome.version)
        months = int(t[k.SALE_MONTH_AFTER]) + p["redefault_paid_months"]
        rise = f", rising to {_percent(100 * t[k.CAP], 3)}" if t[k.CAP] > t[k.RATE_AFTER] else ""
        aside = f"; {self.money(t[k.FORBORNE])} set aside is due at the end" if t[k.FORBORNE] else ""
        steps = [
            Step("Success payment each year", "goes to principal while payments are on time", self.money(t[k.CREDIT])),
            Step("Cost share each month", "the program's part of the lower payment", self.money(t[k.SHARE])),
            Step("Incentive for a current borrower", "once", self.money(t[k.ONCE])),
            Step("Home price decline payment", "over two years", self.money(t[k.DECLINE])),
        ]
        if self.outcome.modification.reduction:
            steps.append(Step("Incentive for forgiven principal", "in three yearly parts", self.money(t[k.REDUCTION])))
        steps += [
            Step(
                "Value if the loan cures",
                f"{int(t[k.TERM_AFTER])} payments at {_percent(100 * t[k.RATE_AFTER], 3)}{rise} "
                f"on {self.money(t[k.BALANCE_AFTER])}{aside}; with incentives",
                self.money(a[k.CURE]),
            ),
            Step(
                "Net proceeds of the home",
                f"sold in month {months}; insurance pays {self.money(a[k.CLAIMED])}",
                self.money(a[k.PROCEEDS]),
            ),
            Step(
                "Value if the loan defaults again",
                f"{p['redefault_paid_months']} payments, then the sale of the home",
                self.money(a[k.DEFAULT]),
            ),
            Step(
                "Value with the modification",
                _weighted(t[k.CHANCE_AFTER]),
                self.money(a[k.NPV]),
            ),
        ]
        return self.part("modified", "With the modification", tuple(steps))

    def _decision(self) -> Part:
        of = self.of
        return self.part(
            "decision",
            "Result",
            (
                Step(
                    "Difference",
                    f"{format_cents(of['npv_modified'])} with the modification less "
                    f"{format_cents(of['npv_unmodified'])} without. {ROUNDING}",
                    format_cents(of["difference"]),
                ),
                Step(
                    "Outcome",
                    "positive only where the modified loan is worth strictly more",
                    "positive" if of["positive"] else "negative",
                ),
            ),
        )
