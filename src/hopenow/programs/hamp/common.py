"""Law files, rules of basic eligibility and survey rates that the HAMP options share."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.facts.derived import add_months, month_index
from hopenow.law import Document, OptionLaw, Parameters, package_documents, package_option
from hopenow.mortgage import kernels
from hopenow.programs.base import RuleFunction, RuleTable, Step, TermType
from hopenow.reference import survey_series

c = pl.col

PACKAGE = "hopenow.programs.hamp"
NAME = "hamp"
WHOLE = 1_000_000
UNKNOWN = -1
ROUNDING = {"half_up": kernels.HALF_UP, "floor": kernels.FLOOR}
SHARED = RuleTable()


# --- law ------------------------------------------------------------------------------------------


def documents() -> dict[str, Document]:
    """Return the documents that the HAMP law files cite."""
    return package_documents(PACKAGE)


def _file(name: str) -> OptionLaw:
    return package_option(PACKAGE, name)


def law(
    name: str, rules_of: tuple[str, ...] = (), figures_of: tuple[str, ...] = (), without: tuple[str, ...] = ()
) -> OptionLaw:
    """Load an option's law and add what it shares with others.

    Args:
        name: the option's own file.
        rules_of: files whose rules, words and figures are added; a rule bound to rule sets that the option does not
            have is left out.
        figures_of: files of which only the figures are added.
        without: rules of those files that the option does not share.
    """
    own = _file(name)
    sets = {item.id for item in own.rule_sets}
    bases = [_file(base) for base in rules_of]
    figures = [*bases, *(_file(base) for base in figures_of), own]
    texts = [*bases, own]
    return own.model_copy(
        update={
            "parameters": {key: value for item in figures for key, value in item.parameters.items()},
            "rules": {
                key: rule
                for item in texts
                for key, rule in item.rules.items()
                if key not in without and (not rule.rule_sets or sets & set(rule.rule_sets))
            },
            "process": {
                key: entry
                for item in texts
                for key, entry in item.process.items()
                if not entry.rule_sets or sets & set(entry.rule_sets)
            },
        }
    )


def only(rules: Mapping[str, RuleFunction], found: OptionLaw) -> RuleTable:
    """Return the rules that an option's law holds."""
    return RuleTable({name: rule for name, rule in rules.items() if name in found.rules})


def known(p: Parameters, *names: str) -> tuple[str, ...]:
    """Return the parameters that have a value in this stretch of time (for the figures of a step)."""
    return tuple(name for name in names if name in p)


def figure_or(p: Parameters, name: str, otherwise: int) -> int:
    """Return a figure, or another where the law has none in this stretch of time."""
    if name not in p:
        return otherwise
    return p[name]


# --- rules ----------------------------------------------------------------------------------------


def _date(p: Parameters, name: str) -> pl.Expr:
    return pl.lit(p.word(name)).str.to_date("%Y-%m-%d")


@SHARED("HAMP-LIEN")
def first_lien(p: Parameters) -> pl.Expr:
    """The loan is a first lien."""
    return c("lien_position") == 1


@SHARED("HAMP-ORIGINATED")
def old_enough(p: Parameters) -> pl.Expr:
    """The loan was made early enough."""
    return c("origination_date") <= _date(p, "originated_by")


def unpaid_principal() -> pl.Expr:
    """Return all unpaid principal before anything is added."""
    return c("interest_bearing_balance") + c("deferred_balance").fill_null(0)


@SHARED("HAMP-BALANCE")
def small_enough(p: Parameters) -> pl.Expr:
    """The balance is at most the limit for its units; unknown units leave only the space between the limits open."""
    limits = [p[f"largest_balance_{units}"] for units in range(1, p["most_units"] + 1)]
    balance = unpaid_principal()
    own = [(c("units") == place + 1) & (balance <= limit) for place, limit in enumerate(limits)]
    return (pl.any_horizontal(own) | (balance <= min(limits))) & (balance <= max(limits))


@SHARED("HAMP-PROPERTY")
def sound_home(p: Parameters) -> pl.Expr:
    """Few units, not condemned, fit to live in."""
    return (c("units") <= p["most_units"]) & ~c("condemned") & ~c("hamp_uninhabitable")


@SHARED("HAMP-HARDSHIP")
def hardship(p: Parameters) -> pl.Expr:
    """A documented hardship without liquid assets that suffice."""
    return c("hardship_documented") & c("hamp_liquid_assets_insufficient")


@SHARED("HAMP-ESCROW")
def escrowed(p: Parameters) -> pl.Expr:
    """Escrow is in place or accepted."""
    return c("escrow_account") | c("hamp_accepts_escrow")


@SHARED("HAMP-INVESTOR")
def participating(p: Parameters) -> pl.Expr:
    """Servicer and investor take part."""
    return c("hamp_participating")


@SHARED("HAMP-PERSON")
def person(p: Parameters) -> pl.Expr:
    """A person, or a revocable trust of one."""
    kind = c("hamp_borrower_kind")
    return (kind == "natural_person") | ((kind == "revocable_trust") & c("hamp_trustee_and_beneficiary"))


@SHARED("HAMP-CERT")
def certified(p: Parameters) -> pl.Expr:
    """Certified, where that is required."""
    return c("hamp_dodd_frank_certified") | pl.lit(not p["certification_required"])


@SHARED("HAMP-TAX")
def taxes_filed(p: Parameters) -> pl.Expr:
    """The tax return is in order."""
    return c("hamp_tax_return_in_order")


@SHARED("HAMP-RELEASED")
def not_released(p: Parameters) -> pl.Expr:
    """Not charged off and released."""
    return ~c("hamp_charged_off_and_released")


@SHARED("HAMP-OFFER")
def no_offer_rejected(p: Parameters) -> pl.Expr:
    """No offer turned down since circumstances changed."""
    return ~c("hamp_offer_rejected") | c("hamp_change_in_circumstance")


@SHARED("HAMP-ARM")
def can_be_fixed(p: Parameters) -> pl.Expr:
    """An adjustable rate can be fixed."""
    free = ~c("hamp_investor_restrictions") | ~c("hamp_arm_cannot_be_fixed")
    return (c("amortization_type") != "adjustable") | free


@SHARED("HAMP-LIMITS")
def limits_proven(p: Parameters) -> pl.Expr:
    """No limits by the investor, or proven ones."""
    return ~c("hamp_investor_restrictions") | c("hamp_restriction_evidence")


@SHARED("HAMP-UP")
def unemployment_first(p: Parameters) -> pl.Expr:
    """Unemployment forbearance was looked at first."""
    return (c("hardship_kind") != "unemployment") | c("hamp_unemployment_program_evaluated")


@SHARED("HAMP-VALUE")
def fresh_value(p: Parameters) -> pl.Expr:
    """The property value is recent."""
    return c("valuation_age_days").is_between(0, p["value_at_most_days"])


def lives_there() -> pl.Expr:
    """Test for an owner-occupant or a displaced borrower."""
    return (c("occupancy") == "principal_residence") | c("hamp_displaced_borrower")


def in_default(p: Parameters) -> pl.Expr:
    """Default, or imminent default."""
    return (c("days_delinquent") >= p["default_from_days"]) | c("hamp_imminent_default__met")


def counseled(option: str, expense: pl.Expr, income: str) -> RuleFunction:
    """Make the rule that counseling is agreed to where all debts are a heavy share of income.

    Args:
        option: the option after which they are.
        expense: housing expense after it.
        income: column with the income after it.
    """

    def counseling_agreed(p: Parameters) -> pl.Expr:
        """Counseling is agreed to where all debts are a heavy share of income."""
        light = (expense + c("hamp_debts__debts")) * WHOLE < c(income) * p["counseling_from"]
        return light | c("hamp_counseling_agreed")

    return counseling_agreed


# --- survey rate ----------------------------------------------------------------------------------


def survey_rate(frame: pl.DataFrame, days_after: int) -> pl.Series:
    """Return the survey rate that counts on each evaluation date (millionths, null where none is known).

    A rate counts from some days after its publication; one given as a fact goes first.
    """
    series = survey_series()
    weeks = np.array(series.weeks, dtype="datetime64[D]")
    rates = np.array(series.rates, dtype=np.int64)
    days = frame["evaluation_date"].to_numpy().astype("datetime64[D]") - np.timedelta64(days_after, "D")
    places = np.searchsorted(weeks, days, side="right") - 1
    # A missing day sorts past every week and so counts as not covered.
    covered = (places >= 0) & (days <= np.datetime64(series.covered_to, "D"))
    found = pl.Series("survey", rates[np.clip(places, 0, None)]).set(pl.Series(~covered), None)
    return frame.select(pl.coalesce(c("hamp_survey_rate"), found).alias("survey_rate"))["survey_rate"]


def nearest(rate: pl.Expr, step: int) -> pl.Expr:
    """Round a rate to the nearest step, halves up."""
    return (2 * rate + step) // (2 * step) * step


def rounded_up(rate: pl.Expr, step: int) -> pl.Expr:
    """Round a rate up to a step."""
    return (rate + step - 1) // step * step


# --- terms ----------------------------------------------------------------------------------------


def array(frame: pl.DataFrame, name: str) -> npt.NDArray[np.int64]:
    """Return a column as int64 with -1 for null."""
    return np.ascontiguousarray(frame[name].cast(pl.Int64).fill_null(UNKNOWN).to_numpy())


def unrestricted() -> pl.Expr:
    """Test that the investor's limits do not matter; while nothing is known of any, the standard terms are worked."""
    return ~c("hamp_investor_restrictions").fill_null(False)


def unless_restricted(standard: pl.Expr, restricted: pl.Expr) -> pl.Expr:
    """Return the standard value, or the one under the investor's limits where there are some."""
    return pl.when(unrestricted()).then(standard).otherwise(restricted)


def schedule(p: Parameters) -> list[pl.Expr]:
    """Return the dates of trial and modification; the notice is taken to go out on the evaluation date."""
    wait = pl.when(c("evaluation_date").dt.day() <= p["notice_day"]).then(1).otherwise(2)
    start = add_months(c("evaluation_date"), wait)
    behind = c("days_delinquent") >= p["default_from_days"]
    months = pl.when(behind).then(p["trial_months"]).when(~behind).then(p["trial_months_imminent"])
    return [
        start.alias("trial_start"),
        months.cast(pl.Int32).alias("trial_months"),
        add_months(start, months).alias("first_payment_date"),
    ]


def capitalized(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Add the amount past due that is added to the balance, and the balance after that."""
    effective = add_months(c("first_payment_date"), pl.lit(-1, pl.Int32))
    until = effective if p.word("interest_through") == "effective" else c("evaluation_date").dt.month_start()
    frame = frame.with_columns(
        pl.max_horizontal(month_index(until) - month_index(c("last_paid_installment_date")), pl.lit(0, pl.Int32)).alias(
            "_months"
        )
    ).with_columns(pl.when(c("last_paid_installment_date").is_not_null()).then(c("_months")).alias("_months"))
    computed = pl.Series(
        "_interest",
        kernels.interest_array(
            array(frame, "interest_bearing_balance"), array(frame, "note_rate"), array(frame, "_months")
        ),
    )
    interest = pl.coalesce(c("accrued_interest"), computed.set(computed < 0, None))
    advances = (
        c("escrow_advances").fill_null(0)
        + c("hamp_trial_escrow_advances").fill_null(0)
        + c("servicing_advances").fill_null(0)
        - c("borrower_contribution").fill_null(0)
    )
    frame = frame.with_columns((interest + advances).alias("arrearage"))
    barred = ~unrestricted() & c("hamp_capitalization_barred")
    added = pl.when(unrestricted()).then(c("arrearage")).when(barred).then(pl.lit(0, pl.Int64))
    frame = frame.with_columns(added.when(~barred).then(c("arrearage")).alias("capitalized"))
    return frame.with_columns((unpaid_principal() + c("capitalized")).alias("gross_balance"))


def remaining_term(p: Parameters) -> pl.Expr:
    """Return the payments left, at least one."""
    if p.word("remaining_term_from") == "next_due_date":
        return c("remaining_term")
    left = month_index(c("maturity_date")) - month_index(c("first_payment_date")) + 1
    return pl.when(left.is_not_null()).then(pl.max_horizontal(left, pl.lit(1, pl.Int32)))


def escrow() -> pl.Expr:
    """Return taxes, insurance, dues and the shortage installment; mortgage insurance is no part of the ratio."""
    return (
        c("monthly_taxes")
        + c("monthly_insurance")
        + c("monthly_dues").fill_null(0)
        + c("hamp_escrow_shortage_monthly").fill_null(0)
    )


def ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Return part over whole in millionths, halves up; null where the whole is not positive."""
    return pl.when(whole > 0).then((2 * part * WHOLE + whole) // (2 * whole))


NEEDS = (
    "interest_bearing_balance",
    "note_rate",
    "monthly_principal_and_interest",
    "maturity_date",
    "next_due_date",
    "hamp_investor_restrictions",
    "hamp_investor_rate_floor",
    "hamp_investor_longest_term",
    "hamp_rate_cut_barred",
    "hamp_capitalization_barred",
)
ADDITIVE = (
    "deferred_balance",
    "escrow_advances",
    "hamp_trial_escrow_advances",
    "servicing_advances",
    "monthly_dues",
    "hamp_escrow_shortage_monthly",
)


_RENAMED: Mapping[str, pl.Expr] = {
    "interest_bearing_balance": c("interest_bearing_balance_after"),
    "deferred_balance": c("forborne"),
    "trial_payment": c("payment_after"),
    "effective_date": c("first_payment_date"),
    "maturity_date": c("maturity_date_after"),
}
"""Terms that have the name of a fact, with the column in which they are worked out."""


def terms_of(columns: Mapping[str, TermType]) -> list[pl.Expr]:
    """Return the term columns of both tiers under their published names."""
    return [_RENAMED[name].alias(name) if name in _RENAMED else c(name) for name in columns]


def closing_steps(of: Mapping[str, object]) -> list[Step]:
    """Show trial, first payment and maturity."""
    return [
        Step("Trial begins", "first trial payment due", of["trial_start"], "date", ("notice_day", "trial_months")),
        Step("First modified payment", "after the trial", of["first_payment_date"], "date"),
        Step("New maturity", "last modified payment", of["maturity_date"], "date"),
    ]


def capitalization_steps(of: Mapping[str, object]) -> list[Step]:
    """Show what is added to the balance."""
    added, past_due = of["capitalized"], of["arrearage"]
    kept = " (the investor does not allow adding it; it is forgiven or due at the end)" if added != past_due else ""
    return [
        Step(
            "Past due",
            f"interest, escrow and third-party costs, less contributions; never late fees{kept}",
            past_due,
            "money",
            ("interest_through",),
        ),
        Step("Balance after capitalization", "all principal plus what is added", of["gross_balance"], "money"),
    ]
