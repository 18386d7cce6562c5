"""The words in which a worked case describes a loan, and the facts that they become.

Most words are another name of one fact; they stand in ``NAMES``. Every fact of the schema may also be given
under its own name. Words that need more than a new name stand in ``WORDS``.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from hopenow.conformance.kinds import KINDS, Field, nearest
from hopenow.dates import add_months, days_delinquent, first_of_month
from hopenow.errors import InputError
from hopenow.facts import NEVER, schema
from hopenow.facts.schema import Fact

__all__ = ["NAMES", "WORDS", "Loan", "facts_of", "loan_fields"]

NAMES: Mapping[str, str] = {
    # balances and the note
    "ib_upb": "interest_bearing_balance",
    "nib_upb": "deferred_balance",
    "prior_nib": "deferred_balance",
    "note_rate_pct": "note_rate",
    "contract_rate_pct": "note_rate",
    "rate_pct": "note_rate",
    "pi": "monthly_principal_and_interest",
    "pre_mod_pi": "monthly_principal_and_interest",
    "remaining_term_months": "remaining_term",
    "rate_cap_pct": "rate_ceiling",
    "lifetime_cap_pct": "rate_ceiling",
    "final_rate_pct": "rate_ceiling",
    "final_step_rate_pct": "rate_ceiling",
    "rate_type": "amortization_type",
    "origination": "origination_date",
    "maturity": "maturity_date",
    "mbs": "in_mbs_pool",
    # arrears and charges
    "delinquent_interest": "accrued_interest",
    "interest": "accrued_interest",
    "months_unpaid": "months_delinquent",
    "months_delinquent_now": "months_delinquent",
    "delinquent_months_now": "months_delinquent",
    "late_charges_excluded": "late_charges",
    "escrow_shortage_excluded": "escrow_shortage",
    "contribution": "borrower_contribution",
    # housing expense
    "hoi": "monthly_insurance",
    "hoi_monthly": "monthly_insurance",
    "insurance_monthly": "monthly_insurance",
    "tax": "monthly_taxes",
    "tax_monthly": "monthly_taxes",
    "taxes_monthly": "monthly_taxes",
    "hoa": "monthly_dues",
    "hoa_monthly": "monthly_dues",
    "mi_monthly": "monthly_mortgage_insurance",
    # history
    "previously_deferred_months": "deferred_months_used",
    "last_deferral": "last_payment_deferral_date",
    "last_deferral_effective": "last_payment_deferral_date",
    "last_modification": "last_modification_date",
    "failed_trial_date": "last_failed_trial_date",
    "lates_in_6_months": "thirty_day_lates_last_6_months",
    "thirty_day_lates_in_6_months": "thirty_day_lates_last_6_months",
    "months_delinquent_at_disaster_date": "months_delinquent_at_disaster",
    # people
    "brp_complete": "borrower_response_package_complete",
    "gross_monthly_income": "monthly_gross_income",
    "gross_total_income": "monthly_gross_income",
    "gross_income": "monthly_gross_income",
    "income": "monthly_gross_income",
    "non_retirement_reserves": "liquid_reserves",
    "non_retirement_cash_reserves": "liquid_reserves",
    "cash_reserves": "liquid_reserves",
    "reserves": "liquid_reserves",
    "capacity": "monthly_capacity",
    "disaster_declaration_date": "disaster_date",
    "pcs": "permanent_change_of_station",
    "transfer_miles": "transfer_distance_miles",
    "keep_home": "wants_to_keep_home",
    # leaving the home
    "price": "sale_price",
    "commission": "sale_commission",
    "closing": "sale_costs",
    "settlement_charges": "sale_costs",
    "sub_liens": "subordinate_lien_payoff",
    "second_lien_payoff": "subordinate_lien_payoff",
    "paid_in_advance": "paid_in_advance_adjustment",
    "mnp": "minimum_net_proceeds",
    "new_mortgage": "new_mortgage_within_6_months",
    "dla": "dislocation_allowance",
    "other_aid": "other_relocation_aid",
}

HARDSHIPS: Mapping[str, str] = {
    "unemp": "unemployment",
    "unemployment": "unemployment",
    "incomereduction": "reduced_income",
    "reductioninincome": "reduced_income",
    "businessfail": "reduced_income",
    "businessfailure": "reduced_income",
    "increasedhousingexpenses": "increased_housing_expense",
    "disaster": "disaster",
    "disability": "disability_or_illness",
    "illness": "disability_or_illness",
    "seriousillness": "disability_or_illness",
    "divorce": "divorce_or_separation",
    "separation": "divorce_or_separation",
    "legalseparation": "divorce_or_separation",
    "separationofunrelatedborrowers": "separation_of_unrelated_borrowers",
    "death": "death",
    "deathofborrower": "death",
    "relocation": "distant_transfer",
    "transfer": "distant_transfer",
    "pcs": "distant_transfer",
    "other": "other",
}

VALUATIONS: Mapping[str, str] = {
    "bpo": "exterior_bpo",
    "exteriorbpo": "exterior_bpo",
    "appraisal": "appraisal",
    "smdu": "servicing_system",
    "avm": "third_party_avm",
    "investoravm": "investor_avm",
    "ownavm": "own_avm",
}

ARREARS: Mapping[str, tuple[str, int]] = {
    "LegalFeesandCosts": ("servicing_advances", 1),
    "AttorneyFees": ("servicing_advances", 1),
    "ForeclosureFeesandCosts": ("servicing_advances", 1),
    "BankruptcyFeesandCosts": ("servicing_advances", 1),
    "PropertyInspection": ("servicing_advances", 1),
    "PropertyPreservation": ("servicing_advances", 1),
    "PropertyValuation": ("servicing_advances", 1),
    "TitleCosts": ("servicing_advances", 1),
    "RecordingFees": ("servicing_advances", 1),
    "ServicingAdvances": ("servicing_advances", 1),
    "OtherAdvances": ("servicing_advances", 1),
    "Other": ("servicing_advances", 1),
    "EscrowAdvances": ("escrow_advances", 1),
    "TaxesandInsurance": ("escrow_advances", 1),
    "RealEstateTaxes": ("escrow_advances", 1),
    "HomeownersInsurance": ("escrow_advances", 1),
    "HOADues": ("servicing_advances", 1),
    "BorrowerContribution": ("borrower_contribution", -1),
    "SuspenseFunds": ("borrower_contribution", -1),
    "BuydownFunds": ("buydown_funds", -1),
}
"""Category of an arrears item to the fact it is added to and the sign under which a case writes it."""


@dataclasses.dataclass
class Loan:
    """Facts of one case, as they come together.

    Attributes:
        facts: fact to engine value.
        told: fact to the word that gave it.
        notes: what was understood or assumed, for the reader.
    """

    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    told: dict[str, str] = dataclasses.field(default_factory=dict)
    notes: list[str] = dataclasses.field(default_factory=list)

    def tell(self, fact: str, value: Any, word: str) -> None:
        """Enter a fact.

        Raises:
            InputError: two words of the case give it different values.
        """
        if fact in self.facts and self.facts[fact] != value:
            raise InputError(
                f"{word} and {self.told[fact]} contradict each other: both give {fact} ({self.facts[fact]} and {value})"
            )
        self.facts[fact] = value
        self.told[fact] = word

    def suppose(self, fact: str, value: Any, why: str) -> None:
        """Enter a fact that the case leaves open; says so in a note."""
        if fact not in self.facts:
            self.facts[fact] = value
            self.told[fact] = "(supposed)"
            self.notes.append(f"{fact} is not given; {why}")


@dataclasses.dataclass(frozen=True)
class Word:
    """A word of its own: how it is written, and what it tells about the loan.

    ``tell`` gets the loan, the read value, and the figures of the law by name.
    """

    field: Field
    tell: Callable[[Loan, Any, Callable[[str], Any]], None]


def _plain(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


def _chosen(table: Mapping[str, str], choices: Iterable[str], text: str, what: str) -> str:
    if text in set(choices):
        return text
    if _plain(text) not in table:
        raise InputError(f"unknown {what} {text!r}{nearest(text, [*choices, *table])}")
    return table[_plain(text)]


def _hardship(loan: Loan, value: str, _: Any) -> None:
    loan.tell("hardship_kind", _chosen(HARDSHIPS, schema()["hardship_kind"].choices, value, "hardship"), "hardship")


def _valuation(loan: Loan, value: str, _: Any) -> None:
    method = _chosen(VALUATIONS, schema()["valuation_method"].choices, value, "valuation type")
    loan.tell("valuation_method", method, "valuation_type")


def _arrears(loan: Loan, items: Any, _: Any) -> None:
    if not isinstance(items, list):
        raise InputError(f"capitalized_arrears is a list of category and amount, not {items!r}")
    sums: dict[str, int] = {}
    for item in items:
        if not isinstance(item, dict) or set(item) != {"category", "amount"}:
            raise InputError(f"an item of capitalized_arrears has exactly the keys category and amount, not {item!r}")
        category = item["category"]
        if category not in ARREARS:
            raise InputError(f"unknown category of arrears {category!r}{nearest(str(category), list(ARREARS))}")
        fact, sign = ARREARS[category]
        amount = sign * KINDS["money"].read(item["amount"])
        if amount < 0:
            raise InputError(
                f"{category} is written as a {'negative' if sign < 0 else 'positive'} amount, not {item['amount']!r}"
            )
        sums[fact] = sums.get(fact, 0) + amount
    for fact, amount in sums.items():
        loan.tell(fact, amount, "capitalized_arrears")


def _shortage_monthly(loan: Loan, value: int, figure: Callable[[str], Any]) -> None:
    loan.tell("escrow_shortage", value * figure("shortage_months"), "escrow_shortage_monthly")


def _posted_rate(loan: Loan, value: int | None, _: Any) -> None:
    if value is not None:
        loan.tell("published_modification_rate", value, "published_mod_rate_pct")
    elif "note_rate" in loan.facts:
        loan.tell("published_modification_rate", loan.facts["note_rate"], "published_mod_rate_pct")
        loan.notes.append(
            "the posted modification rate is not printed; a rate that is not below the note rate stands in"
        )


def _gross(loan: Loan, value: int, _: Any) -> None:
    """Take a balance after capitalization as the loan's balance with nothing left to capitalize."""
    if "interest_bearing_balance" in loan.facts:
        raise InputError(
            "gross_upb stands for the balance with everything capitalized; leave it out where ib_upb is given"
        )
    loan.tell("interest_bearing_balance", value, "gross_upb")
    loan.tell("accrued_interest", 0, "gross_upb")
    loan.notes.append("the balance after capitalization is given; the remaining term is worked out from it")


def _both_in_one(loan: Loan, value: int, _: Any) -> None:
    loan.tell("monthly_taxes", value, "ti_monthly")
    loan.tell("monthly_insurance", 0, "ti_monthly")


def _whole_payment(word: str) -> Callable[[Loan, int, Any], None]:
    def tell(loan: Loan, value: int, _: Any) -> None:
        interest_part = loan.facts.get("monthly_principal_and_interest")
        if interest_part is None:
            loan.tell("monthly_principal_and_interest", value, word)
            loan.tell("monthly_taxes", 0, word)
        else:
            loan.tell("monthly_taxes", value - interest_part, word)
        loan.tell("monthly_insurance", 0, word)

    return tell


def _residence(loan: Loan, value: bool, _: Any) -> None:
    loan.tell("occupancy", "principal_residence" if value else "second_home", "principal_residence")


def _contact(loan: Loan, value: Any, _: Any) -> None:
    if not isinstance(value, bool):
        KINDS["date"].read(value)
    loan.tell("quality_right_party_contact", value is not False, "qrpc")


def _disaster(loan: Loan, value: bool, _: Any) -> None:
    if value:
        loan.tell("hardship_kind", "disaster", "disaster")


def _last_paid(loan: Loan, value: datetime.date, _: Any) -> None:
    loan.tell("next_due_date", add_months(value, 1), "ddlpi")


def _not_final(loan: Loan, value: bool, _: Any) -> None:
    loan.tell("rate_is_final", not value, "arm_not_final")
    if value:
        loan.facts.setdefault("amortization_type", "adjustable")


def _step_rate(loan: Loan, value: bool, _: Any) -> None:
    if value:
        loan.facts["amortization_type"] = "step_rate"
        loan.told["amortization_type"] = "step_rate"
        final, now = loan.facts.get("rate_ceiling"), loan.facts.get("note_rate")
        if "rate_is_final" not in loan.facts and final is not None and now is not None:
            loan.tell("rate_is_final", now >= final, "step_rate")


def _steps(loan: Loan, value: Any, _: Any) -> None:
    """Enter the rate in force and the last one of a step-rate loan."""
    if not isinstance(value, list) or not all(
        isinstance(item, dict) and set(item) == {"from", "rate_pct"} for item in value
    ):
        raise InputError(f"step_rates is a list of from and rate_pct, not {value!r}")
    steps = sorted((KINDS["date"].read(item["from"]), KINDS["rate"].read(item["rate_pct"])) for item in value)
    begun = [step for step in steps if step[0] <= loan.facts["evaluation_date"]]
    loan.tell("amortization_type", "step_rate", "step_rates")
    loan.tell("rate_is_final", len(begun) == len(steps), "step_rates")
    if begun and "note_rate" not in loan.facts:
        loan.tell("note_rate", begun[-1][1], "step_rates")
        loan.tell("last_rate_adjustment_date", begun[-1][0], "step_rates")
    if steps:
        loan.tell("rate_ceiling", steps[-1][1], "step_rates")


def _current(loan: Loan, value: bool, _: Any) -> None:
    if value:
        loan.tell("months_delinquent", 0, "current")
        loan.tell("days_delinquent", 0, "current")


def _days_back(fact: str, word: str) -> Callable[[Loan, int, Any], None]:
    def tell(loan: Loan, value: int, _: Any) -> None:
        loan.tell(fact, loan.facts["evaluation_date"] - datetime.timedelta(days=value), word)

    return tell


def _months_back(fact: str, word: str) -> Callable[[Loan, int | None, Any], None]:
    def tell(loan: Loan, value: int | None, _: Any) -> None:
        loan.tell(fact, NEVER if value is None else add_months(loan.facts["evaluation_date"], -value), word)

    return tell


_31 = 31  # the number in the word delinquent_31_plus


def _31_plus(loan: Loan, value: bool, _: Any) -> None:
    """Let the day count agree with what the case says of it."""
    known = loan.facts.get("days_delinquent", _days(loan.facts))
    if known is None:
        known = _31 if value else 0
    loan.facts["days_delinquent"] = max(known, _31) if value else min(known, _31 - 1)
    loan.told["days_delinquent"] = "delinquent_31_plus"


def _days(facts: Mapping[str, Any]) -> int | None:
    """Days delinquent as they follow from the other facts, as far as they do."""
    due = facts.get("next_due_date")
    if due is None and facts.get("months_delinquent") is not None:
        due = add_months(first_of_month(facts["evaluation_date"]), 1 - facts["months_delinquent"])
    return None if due is None else days_delinquent(due, facts["evaluation_date"])


def _housing_ratio(word: str) -> Callable[[Loan, Fraction, Any], None]:
    def tell(loan: Loan, value: Fraction, _: Any) -> None:
        """Give the household an income at which its housing expense is exactly that share."""
        own = sum(
            loan.facts.get(name) or 0
            for name in (
                "monthly_principal_and_interest",
                "monthly_taxes",
                "monthly_insurance",
                "monthly_dues",
                "monthly_mortgage_insurance",
            )
        )
        if not own:
            own = value.numerator
            loan.tell("monthly_principal_and_interest", own, word)
            loan.tell("monthly_taxes", 0, word)
            loan.tell("monthly_insurance", 0, word)
        if value <= 0:
            raise InputError(f"{word} must be more than zero")
        income = own / value
        loan.tell("monthly_gross_income", -(-income.numerator // income.denominator), word)

    return tell


def _net_proceeds(loan: Loan, value: int, _: Any) -> None:
    loan.tell("sale_price", value, "net_proceeds")
    loan.tell("sale_commission", 0, "net_proceeds")
    loan.tell("sale_costs", 0, "net_proceeds")


def _either_debtor(fact: str, word: str) -> Word:
    return Word(Field("count", f"months before the evaluation of {fact}; null: never"), _months_back(fact, word))


WORDS: Mapping[str, Word] = {
    # In the order in which they are told: later words may build on earlier ones.
    "ddlpi": Word(Field("date", "due date of the last paid installment"), _last_paid),
    "current": Word(Field("flag", "nothing is past due"), _current),
    "delinquent_31_plus": Word(Field("flag", "31 or more days delinquent at the evaluation"), _31_plus),
    "months_since_origination": Word(
        Field("count", "whole months from origination to the evaluation"),
        _months_back("origination_date", "months_since_origination"),
    ),
    "months_since_last_deferral": _either_debtor("last_payment_deferral_date", "months_since_last_deferral"),
    "months_since_failed_trial": _either_debtor("last_failed_trial_date", "months_since_failed_trial"),
    "months_since_modification": _either_debtor("last_modification_date", "months_since_modification"),
    "arm_not_final": Word(Field("flag", "an adjustable or step rate that can still change"), _not_final),
    "step_rate": Word(Field("flag", "a step-rate loan"), _step_rate),
    "step_rates": Word(Field("structure", "list of from and rate_pct, every step of a step-rate loan"), _steps),
    "published_mod_rate_pct": Word(
        Field("rate", "posted modification rate; null: the source does not print it"), _posted_rate
    ),
    "capitalized_arrears": Word(
        Field("structure", f"list of category and amount; categories: {', '.join(ARREARS)}"), _arrears
    ),
    "escrow_shortage_monthly": Word(Field("money", "escrow shortage as spread, per month"), _shortage_monthly),
    "gross_upb": Word(Field("money", "balance with everything capitalized, instead of ib_upb"), _gross),
    "ti_monthly": Word(Field("money", "taxes and insurance per month"), _both_in_one),
    "tias_monthly": Word(Field("money", "taxes and insurance per month"), _both_in_one),
    "piti": Word(Field("money", "principal, interest, taxes and insurance per month"), _whole_payment("piti")),
    "contractual_payment": Word(
        Field("money", "regular monthly payment with escrow"), _whole_payment("contractual_payment")
    ),
    "principal_residence": Word(Field("flag", "the home is the principal residence"), _residence),
    "qrpc": Word(Field("structure", "quality right party contact: true, false, or its date"), _contact),
    "disaster": Word(Field("flag", "a disaster caused the hardship"), _disaster),
    "hardship": Word(Field("text", "cause, as in the application form"), _hardship),
    "valuation_type": Word(Field("text", "how the value was obtained: BPO, appraisal, AVM"), _valuation),
    "valuation_age_days": Word(
        Field("count", "age of the property value in days"),
        _days_back("valuation_date", "valuation_age_days"),
    ),
    "fico": Word(Field("count", "credit score"), lambda loan, value, _: loan.tell("credit_score", value, "fico")),
    "fico_age_days": Word(
        Field("count", "age of the credit score in days"), _days_back("credit_score_date", "fico_age_days")
    ),
    "housing_ratio_pct": Word(Field("ratio", "housing expense to gross income"), _housing_ratio("housing_ratio_pct")),
    "hti_pct": Word(Field("ratio", "housing expense to gross income"), _housing_ratio("hti_pct")),
    "net_proceeds": Word(Field("money", "net proceeds of the sale, instead of price and costs"), _net_proceeds),
}

_KIND_OF_TYPE = {
    "money": "money",
    "rate": "rate",
    "months": "count",
    "days": "count",
    "count": "count",
    "date": "date",
    "flag": "flag",
    "choice": "text",
    "text": "text",
    "choices": "structure",
}
_HELD_BACK = {"loan_id", "investor"}


def fact_field(fact: Fact) -> Field:
    return Field("event" if fact.never else _KIND_OF_TYPE[fact.type], fact.meaning)


@functools.cache
def loan_fields() -> Mapping[str, Field]:
    """Every word that describes a loan, with how it is written."""
    facts = {name: fact_field(fact) for name, fact in schema().items() if name not in _HELD_BACK}
    names = {word: facts[fact] for word, fact in NAMES.items()}
    return {**facts, **names, **{word: entry.field for word, entry in WORDS.items()}}


def facts_of(values: Mapping[str, Any], base: Mapping[str, Any], figure: Callable[[str], Any]) -> Loan:
    """Turn the words of a case into facts.

    Args:
        values: word to value, as read.
        base: facts to begin with; ``evaluation_date`` among them.
        figure: a figure of the option's law by name.

    Returns:
        The facts in engine units, with notes.

    Raises:
        InputError: words that contradict each other, or values outside what a fact allows.
    """
    loan = Loan(dict(base), dict.fromkeys(base, "the case"))
    for word, value in values.items():
        fact = NAMES.get(word, word if word in schema() else None)
        if fact is not None and word not in WORDS and value is not None:
            loan.tell(fact, value, word)
    for word, entry in WORDS.items():
        if word in values and (values[word] is not None or word in _NULL_MEANS):
            entry.tell(loan, values[word], figure)
    _complete(loan)
    findings = [
        finding for name, value in loan.facts.items() if (finding := out_of_range(name, value, loan.told[name]))
    ]
    if findings:
        raise InputError("the loan is not one that the facts allow", findings)
    return loan


_NULL_MEANS = {
    "published_mod_rate_pct",
    "months_since_last_deferral",
    "months_since_failed_trial",
    "months_since_modification",
}


def _complete(loan: Loan) -> None:
    """Fill what a case leaves out because it goes without saying."""
    escrow = {"monthly_taxes", "monthly_insurance"}
    if escrow & set(loan.facts):
        for name in sorted(escrow - set(loan.facts)):
            loan.suppose(name, 0, "taken as nothing, since the rest of the escrow payment is given")
    if "amortization_type" not in loan.facts and loan.facts.get("rate_is_final") is not False:
        loan.facts["amortization_type"] = "fixed"  # as most loans; documented
    if loan.facts.get("amortization_type") == "fixed":
        loan.facts["rate_is_final"] = True
    elif loan.facts.get("rate_is_final") is None and "amortization_type" in loan.facts:
        loan.suppose("rate_is_final", True, "the rate is taken as final")
    if {"sale_costs", "sale_price"} & set(loan.facts) and "sale_commission" not in loan.facts:
        loan.suppose("sale_commission", 0, "taken as part of the other costs")
    if loan.facts.get("rate_is_final") is False and "rate_ceiling" not in loan.facts:
        rates = [loan.facts.get(name) for name in ("note_rate", "published_modification_rate")]
        highest = max((rate for rate in rates if rate is not None), default=None)
        if highest is not None:
            loan.suppose("rate_ceiling", highest, "taken not to bind")
    loan.told.setdefault("rate_is_final", "(supposed)")
    loan.told.setdefault("amortization_type", "(supposed)")


def out_of_range(name: str, value: Any, word: str) -> str | None:
    fact = schema()[name]
    if fact.choices and fact.type == "choice" and value not in fact.choices:
        return f"{word}: {value!r} is not one of {', '.join(fact.choices)}"
    low, high = fact.canonical_range
    if isinstance(value, int) and not isinstance(value, bool):
        if low is not None and value < low:
            return f"{word} is below what {name} allows"
        if high is not None and value > high:
            return f"{word} is above what {name} allows"
    return None
