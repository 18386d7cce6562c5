"""Phase two of validation: does what a row says hold together?

`RANGE` and `DATES` look at one fact at a time; `CROSS_RULES` is the table of rules between facts. A rule is
*broken* where its expression is true; where a fact it reads is unknown, the expression is null and the rule
is silent. Everything works on canonical frames (cents, millionths, dates; see `hopenow.facts.schema`).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from hopenow.facts.derived import month_index
from hopenow.facts.findings import FindingRule, Phase, Severity
from hopenow.facts.schema import NEVER, Fact, schema

c = pl.col

FIRST_DAY: Final = datetime.date(1900, 1, 2)
LAST_DAY: Final = datetime.date(2999, 12, 31)
"""Days between which a date can be meant seriously (a ground lease may run for centuries)."""

FIRST_EVALUATION: Final = datetime.date(1970, 1, 1)
LAST_EVALUATION: Final = datetime.date(2100, 12, 31)

RANGE: Final = FindingRule(
    "LOGIC-RANGE",
    "logic",
    "warning",
    "A number lies within the range of its fact.",
    "Correct it; until then the field counts as unknown.",
)
EVALUATION_DAY: Final = FindingRule(
    "LOGIC-EVALUATION-DATE",
    "logic",
    "error",
    "The evaluation date lies between 1970 and 2100.",
    "Correct the evaluation date; the rules in force cannot be chosen without it.",
)
DUPLICATE: Final = FindingRule(
    "LOGIC-DUPLICATE-LOAN",
    "logic",
    "error",
    "A loan is on the tape once for each evaluation date.",
    "Remove this row, or give it its own loan_id; the first row with this loan_id is reviewed.",
)


@dataclass(frozen=True, slots=True)
class CrossRule:
    """A rule between facts.

    ``broken`` is true where the facts contradict one another; ``reads`` are the facts it needs; ``forgets``
               are the
    facts that count as unknown in a row where it is broken (only where the row is still reviewed).
    """

    rule: FindingRule
    field: str
    broken: pl.Expr
    forgets: tuple[str, ...] = ()

    @property
    def reads(self) -> frozenset[str]:
        """Facts that the rule needs."""
        return frozenset(self.broken.meta.root_names())

    def usable(self, columns: frozenset[str]) -> bool:
        """Tell whether a frame with these columns can break the rule."""
        return self.reads <= columns


def _rule(
    name: str,
    severity: Severity,
    field: str,
    broken: pl.Expr,
    words: str,
    remedy: str,
    *,
    forgets: tuple[str, ...] = (),
) -> CrossRule:
    phase: Phase = "logic"
    return CrossRule(FindingRule(f"LOGIC-{name}", phase, severity, words, remedy), field, broken, forgets)


def _month(name: str) -> pl.Expr:
    return month_index(c(name))


def _happened(name: str) -> pl.Expr:
    """Tell whether the date of an event is known and the event did happen."""
    return c(name) != NEVER


_AS_GIVEN = "The row is reviewed as given; check both."
_UNKNOWN = "Correct it; until then the field counts as unknown."
_AT, _DUE = "evaluation_date", "next_due_date"
_MONTHS_LATE = _month(_AT) - _month(_DUE)
_DAYS_LATE = (c(_AT) - c(_DUE)).dt.total_days().clip(lower_bound=0)

_PAST_EVENTS: Final[Mapping[str, str]] = {
    "last_rate_adjustment_date": "A rate adjustment",
    "last_modification_date": "A past modification",
    "last_flex_modification_date": "A past Flex Modification",
    "flex_modification_redefault_date": "A past redefault",
    "last_failed_trial_date": "A failed trial",
    "last_payment_deferral_date": "A past payment deferral",
    "disaster_date": "The disaster",
    "credit_score_date": "The credit score",
    "valuation_date": "The valuation",
}


def _past_events() -> Iterator[CrossRule]:
    for name, what in _PAST_EVENTS.items():
        yield _rule(
            "EVENT-AFTER-EVALUATION",
            "warning",
            name,
            c(name) > c(_AT),
            f"{what} is not dated after the evaluation date.",
            _UNKNOWN,
            forgets=(name,),
        )
    for name in ("last_modification_date", "last_flex_modification_date", "last_payment_deferral_date"):
        yield _rule(
            "EVENT-BEFORE-ORIGINATION",
            "warning",
            name,
            _happened(name) & (c(name) < c("origination_date")),
            f"{_PAST_EVENTS[name]} is not dated before the loan was made.",
            _UNKNOWN,
            forgets=(name,),
        )


CROSS_RULES: Final[tuple[CrossRule, ...]] = (
    _rule(
        "ORIGINATION-AFTER-EVALUATION",
        "error",
        "origination_date",
        c("origination_date") > c(_AT),
        "The loan was made on or before the evaluation date.",
        "Correct origination_date or evaluation_date.",
    ),
    _rule(
        "MATURITY-BEFORE-ORIGINATION",
        "error",
        "maturity_date",
        c("maturity_date") <= c("origination_date"),
        "The last payment is due after the loan was made.",
        "Correct maturity_date or origination_date.",
    ),
    _rule(
        "FIRST-PAYMENT-BEFORE-ORIGINATION",
        "warning",
        "first_payment_date",
        c("first_payment_date") < c("origination_date"),
        "The first payment is due after the loan was made.",
        _AS_GIVEN,
    ),
    _rule(
        "MATURITY-BEFORE-FIRST-PAYMENT",
        "error",
        "maturity_date",
        c("maturity_date") < c("first_payment_date"),
        "The last payment is not due before the first.",
        "Correct maturity_date or first_payment_date.",
    ),
    _rule(
        "NOTHING-OWED",
        "error",
        "interest_bearing_balance",
        (c("interest_bearing_balance") == 0) & (c("deferred_balance").fill_null(0) == 0),
        "A loan under review owes something.",
        "Remove the row if the loan is paid off; leave the balance empty if it is not known.",
    ),
    _rule(
        "REMAINING-TERM-MATURITY",
        "warning",
        "remaining_term",
        ((_month("maturity_date") - _month(_DUE) + 1) - c("remaining_term")).abs() > 1,
        "remaining_term is the number of installments from next_due_date to maturity_date.",
        _AS_GIVEN,
    ),
    _rule(
        "REMAINING-ABOVE-ORIGINAL-TERM",
        "warning",
        "remaining_term",
        (c("remaining_term") > c("original_term")) & (c("prior_modifications") == 0),
        "A loan that was never modified has no more installments left than it began with.",
        _AS_GIVEN,
    ),
    _rule(
        "NEXT-DUE-MONTHS-DELINQUENT",
        "warning",
        "months_delinquent",
        (c("months_delinquent") < _MONTHS_LATE.clip(lower_bound=0))
        | (c("months_delinquent") > (_MONTHS_LATE + 1).clip(lower_bound=0)),
        "months_delinquent agrees with next_due_date and evaluation_date (MBA method).",
        _AS_GIVEN,
    ),
    _rule(
        "NEXT-DUE-DAYS-DELINQUENT",
        "warning",
        "days_delinquent",
        (c("days_delinquent") - _DAYS_LATE).abs() > 1,
        "days_delinquent is the number of days from next_due_date to evaluation_date.",
        _AS_GIVEN,
    ),
    _rule(
        "PAYMENT-BELOW-INTEREST",
        "warning",
        "monthly_principal_and_interest",
        # Half a cent of slack on the interest, so that a payment rounded down is not blamed.
        (
            12_000_000 * c("monthly_principal_and_interest") + 6_000_000
            < c("interest_bearing_balance") * c("note_rate")
        )
        & ~(c("interest_only").fill_null(False))
        & (c("amortization_type").fill_null("fixed") == "fixed"),
        "The installment of a fully amortizing loan pays at least one month's interest.",
        "Check the balance, the rate and the payment, or say interest_only = yes; reviewed as given.",
    ),
    _rule(
        "RATE-LOOKS-LIKE-FRACTION",
        "warning",
        "note_rate",
        (c("note_rate") > 0) & (c("note_rate") < 1_250),
        "note_rate is in percent (4.75, not 0.0475).",
        "Give percent, or `unit: fraction` in the mapping; until then the rate counts as unknown.",
        forgets=("note_rate",),
    ),
    _rule(
        "RATE-ABOVE-CEILING",
        "warning",
        "note_rate",
        c("note_rate") > c("rate_ceiling"),
        "The rate is not above the contract's ceiling.",
        _AS_GIVEN,
    ),
    _rule(
        "FIXED-RATE-NOT-FINAL",
        "warning",
        "rate_is_final",
        (c("amortization_type") == "fixed") & ~c("rate_is_final"),
        "The rate of a fixed-rate loan is final.",
        _AS_GIVEN,
    ),
    _rule(
        "BALANCE-ABOVE-ORIGINAL",
        "warning",
        "interest_bearing_balance",
        (c("interest_bearing_balance") + c("deferred_balance").fill_null(0) > c("original_balance"))
        & (c("prior_modifications") == 0)
        & (c("amortization_type").fill_null("fixed") == "fixed"),
        "A fixed-rate loan that was never modified does not owe more than was borrowed.",
        _AS_GIVEN,
    ),
    _rule(
        "VALUE-TOO-SMALL",
        "warning",
        "property_value",
        c("property_value") < 100_000,
        "property_value is in dollars, and at least $1,000.",
        "Give dollars, or `unit: thousands` in the mapping; until then the value counts as unknown.",
        forgets=("property_value",),
    ),
    _rule(
        "JUNIOR-LIEN",
        "warning",
        "lien_position",
        c("lien_position") > 1,
        "The workout options reviewed here are for first liens.",
        "Check lien_position; the row is reviewed as given.",
    ),
    _rule(
        "INVESTOR-LOAN-TYPE",
        "warning",
        "loan_type",
        c("investor").is_in(["fannie_mae", "freddie_mac"]) & (c("loan_type") != "conventional"),
        "Under Fannie Mae's or Freddie Mac's conventional rules no government agency insures the loan.",
        _AS_GIVEN,
    ),
    _rule(
        "MODIFIED-BUT-NOT-COUNTED",
        "warning",
        "prior_modifications",
        (_happened("last_modification_date") | _happened("last_flex_modification_date"))
        & (c("prior_modifications") == 0),
        "A loan with a modification date counts at least one modification.",
        "Correct prior_modifications; until then it counts as unknown.",
        forgets=("prior_modifications",),
    ),
    _rule(
        "DEFERRED-BUT-NO-BALANCE",
        "warning",
        "deferred_balance",
        _happened("last_payment_deferral_date") & (c("deferred_balance") == 0),
        "A loan with a payment deferral owes a deferred balance until it is paid off.",
        _AS_GIVEN,
    ),
    _rule(
        "SALE-BEFORE-EVALUATION",
        "warning",
        "sale_date",
        _happened("sale_date") & (c("sale_date") < c(_AT)),
        "A scheduled foreclosure sale does not lie before the evaluation date.",
        "Remove the loan if it was sold, or correct sale_date; until then it counts as unknown.",
        forgets=("sale_date",),
    ),
    _rule(
        "MORTGAGE-INSURANCE",
        "warning",
        "mortgage_insured",
        (c("monthly_mortgage_insurance") > 0) & ~c("mortgage_insured"),
        "A loan that pays for mortgage insurance carries it.",
        _AS_GIVEN,
    ),
    *_past_events(),
)


def range_words(fact: Fact) -> str:
    """Say in plain words which values a number may have."""
    money = fact.type == "money"
    unit = {"money": "", "rate": " percent"}.get(fact.type, "" if fact.type == "count" else f" {fact.type}")

    def words(number: int) -> str:
        return f"${number:,}" if money else f"{number:,}{unit}"

    if fact.minimum is None:
        return "" if fact.maximum is None else f"at most {words(fact.maximum)}"
    if fact.maximum is None:
        return f"at least {words(fact.minimum)}"
    return f"from {words(fact.minimum)} to {words(fact.maximum)}"


def out_of_range(frame: pl.DataFrame) -> dict[str, pl.Series]:
    """Return where numbers are out of range, by fact (Boolean series; null where unknown)."""
    facts = [
        schema()[name]
        for name in frame.columns
        if name in schema() and schema()[name].canonical_range != (None, None)
    ]
    if not facts or frame.is_empty():
        return {}
    ends = frame.select(
        *(c(fact.name).min().alias(f"{fact.name}|low") for fact in facts),
        *(c(fact.name).max().alias(f"{fact.name}|high") for fact in facts),
    ).row(0, named=True)
    broken: dict[str, pl.Series] = {}
    for fact in facts:
        low, high = fact.canonical_range
        smallest, largest = ends[f"{fact.name}|low"], ends[f"{fact.name}|high"]
        if smallest is None:
            continue
        below = low is not None and smallest < low
        above = high is not None and largest > high
        if below or above:
            column = frame[fact.name]
            where = column < low if low is not None else column != column
            broken[fact.name] = where | (column > high) if high is not None else where
    return broken


def broken_rules(frame: pl.DataFrame) -> list[tuple[CrossRule, pl.Series]]:
    """Return the rules that some row breaks, each with where (Boolean series), in the order of the table."""
    columns = frozenset(frame.columns)
    rules = [rule for rule in CROSS_RULES if rule.usable(columns)]
    if not rules or frame.is_empty():
        return []
    masks = frame.select(rule.broken.alias(str(place)) for place, rule in enumerate(rules))
    return [(rule, mask) for rule, mask in zip(rules, masks, strict=True) if mask.any()]
