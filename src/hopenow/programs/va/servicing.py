"""Duties of a VA servicer as pure functions on dates and amounts, and other figures of the regulation.

Money is in cents, rates in millionths. Every figure comes from ``servicing.yaml`` or an option's own law.
"""

from __future__ import annotations

import calendar
import dataclasses
import datetime
from typing import Literal

from hopenow.errors import CoverageError, InputError
from hopenow.law import OptionLaw, Parameters, segments
from hopenow.mortgage import kernels
from hopenow.programs.va import leaving, modification
from hopenow.programs.va.common import NAME, WHOLE, law

LAW = law("servicing")
_DAY = datetime.timedelta(days=1)


def parameters_on(day: datetime.date, option_law: OptionLaw = LAW) -> Parameters:
    """Return the parameters in force on a day: those of servicing, or of an option's law.

    Raises:
        CoverageError: no rule set covers the day.
    """
    found = segments(option_law, NAME)
    for segment in found:
        if segment.start <= day <= segment.end:
            return segment.parameters
    raise CoverageError(option_law.title, day, found[0].start, found[-1].end)


def _months_later(day: datetime.date, months: int) -> datetime.date:
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return datetime.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


@dataclasses.dataclass(frozen=True)
class Letters:
    """When the letters and the inspection of a default fall due.

    Attributes:
        first: a letter is due if the payment is still unpaid and there was no telephone contact by then.
        options: day of the letter that lists the options.
        options_mailed_by: last day for mailing it.
        early_default: the default fell shortly after closing or modification.
        inspection_before: the property is inspected before this day unless a repayment agreement runs.
    """

    first: datetime.date
    options: datetime.date
    options_mailed_by: datetime.date
    early_default: bool
    inspection_before: datetime.date


def letters(first_unpaid_due: datetime.date, closed_or_modified: datetime.date) -> Letters:
    """Return the dates of the letters after a default (38 CFR 36.4350(g), (i)).

    Args:
        first_unpaid_due: due date of the earliest payment not fully satisfied (date of first uncured default).
        closed_or_modified: date of closing, or of the latest modification.

    Raises:
        CoverageError: the default lies before the first rule set.
        InputError: the default lies before the closing.
    """
    if first_unpaid_due < closed_or_modified:
        raise InputError(
            f"the default of {first_unpaid_due} lies before the closing or modification of {closed_or_modified}"
        )
    p = parameters_on(first_unpaid_due)
    early = first_unpaid_due < _months_later(closed_or_modified, p["early_default_months"])
    options = first_unpaid_due + _DAY * (p["second_letter_early"] if early else p["second_letter"])
    return Letters(
        first=first_unpaid_due + _DAY * p["first_letter_after"],
        options=options,
        options_mailed_by=options + _DAY * p["mailed_within"],
        early_default=early,
        inspection_before=first_unpaid_due + _DAY * p["inspection_before"],
    )


def highest_late_charge(installment: int, days_late: int, on: datetime.date) -> int:
    """Return the highest late charge (cents, rounded down) on an installment so many days late (38 CFR 36.4312(c))."""
    p = parameters_on(on)
    return installment * p["late_charge_share"] // WHOLE if days_late > p["late_charge_after"] else 0


Ground = Literal[
    "tenant's rent withheld",
    "less than one full installment",
    "less than the share of the total due",
    "less than the plan amount",
    "personal check after notice",
    "long delinquent without a plan",
    "foreclosure begun",
    "lien at risk",
]


@dataclasses.dataclass(frozen=True)
class PartialPayment:
    """What is known of a partial payment (cents); ``plan_amount`` is None where no plan runs."""

    amount: int
    installment: int
    total_due: int
    months_delinquent: int
    plan_amount: int | None = None
    tenant_rent_withheld: bool = False
    personal_check_after_notice: bool = False
    foreclosure_begun: bool = False
    lien_at_risk: bool = False


def grounds_for_return(payment: PartialPayment, on: datetime.date) -> tuple[Ground, ...]:
    """Return the grounds on which a partial payment may be returned; none means that it must be accepted (36.4316)."""
    p = parameters_on(on)
    plan = payment.plan_amount
    found: list[Ground] = []
    if payment.tenant_rent_withheld:
        found.append("tenant's rent withheld")
    if plan is None:
        if payment.amount < payment.installment:
            found.append("less than one full installment")
        if payment.amount * WHOLE < payment.total_due * p["least_share_of_due"]:
            found.append("less than the share of the total due")
        if payment.months_delinquent >= p["long_delinquency"]:
            found.append("long delinquent without a plan")
    elif payment.amount < plan:
        found.append("less than the plan amount")
    if payment.personal_check_after_notice:
        found.append("personal check after notice")
    if payment.foreclosure_begun:
        found.append("foreclosure begun")
    if payment.lien_at_risk:
        found.append("lien at risk")
    return tuple(found)


def return_by(received: datetime.date) -> datetime.date:
    """Return the last day for sending a partial payment back with its letter."""
    return received + _DAY * parameters_on(received)["return_within"]


def disaster_effective_date(last_trial_due: datetime.date, paid_on: datetime.date) -> datetime.date | None:
    """Return when a disaster modification takes effect (M26-4 21.08); None where the last payment missed its month.

    Args:
        last_trial_due: due date of the last trial payment.
        paid_on: day on which it was paid.
    """
    p = parameters_on(last_trial_due, modification.DISASTER.law)
    if (paid_on.year, paid_on.month) > (last_trial_due.year, last_trial_due.month):
        return None
    late = p["late_wait"] if paid_on > last_trial_due else 0
    return _months_later(last_trial_due.replace(day=1), 1 + late)


def claim_interest(
    balance: int,
    rate: int,
    last_paid_due: datetime.date,
    sale: datetime.date,
    allowed_foreclosure_days: int,
    basis: int,
) -> int:
    """Return the interest in a guaranty claim (38 CFR 36.4324): to the sale, or to the end of the allowed time.

    Args:
        balance: unpaid principal, cents.
        rate: contract rate, millionths.
        last_paid_due: due date of the last paid installment.
        sale: day of the sale.
        allowed_foreclosure_days: VA's allowed foreclosure time for the state, days.
        basis: days in a year (the regulation names none).
    """
    p = parameters_on(sale, leaving.SHORT_SALE.law)
    days = min((sale - last_paid_due).days, allowed_foreclosure_days + p["claim_days"])
    if days < 0:
        raise InputError(f"the sale of {sale} lies before the last paid due date {last_paid_due}")
    return kernels.interest_days(balance, rate, days, basis)
