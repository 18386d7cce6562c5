"""Key facts of a loan for a borrower before signing: what is paid now, how high it can go, what is left, what it costs.

The offer comes from a small YAML or JSON file in dollars and percent. The highest path takes every cap of an adjustable
rate as reached at once: it is what the contract allows, not what anyone expects.
"""

from __future__ import annotations

import dataclasses
import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from hopenow.errors import HopeNowError, InputError, LawError
from hopenow.law.loader import read_strict
from hopenow.money import cents, format_cents, ppm
from hopenow.mortgage.schedule import schedule

__all__ = ["Adjustable", "KeyFacts", "Offer", "key_facts", "read_offer"]

FIVE_YEARS = 60


def _dollars(value: object) -> object:
    try:
        return cents(value)
    except HopeNowError as error:
        raise ValueError(str(error)) from None


def _percent(value: object) -> object:
    try:
        return ppm(value)
    except HopeNowError as error:
        raise ValueError(str(error)) from None


Dollars = Annotated[int, BeforeValidator(_dollars)]
Percent = Annotated[int, BeforeValidator(_percent)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Adjustable(_Strict):
    """How the rate may change.

    Attributes:
        first_change_after: payments at the starting rate.
        then_every: payments between later changes.
        first_cap: most that the rate may rise at the first change.
        later_cap: most that it may rise at each later one.
        lifetime_cap: highest rate ever.
    """

    first_change_after: Annotated[int, Field(ge=1)]
    then_every: Annotated[int, Field(ge=1)] = 12
    first_cap: Percent
    later_cap: Percent
    lifetime_cap: Percent


class Offer(_Strict):
    """A loan that is offered. Money in dollars and rates in percent outside, cents and millionths inside.

    Attributes:
        amount: borrowed.
        rate: at the start.
        months: number of monthly payments.
        pay_off_months: months over which the payment would pay the loan off, when there is a balloon.
        interest_only: payments that cover interest only, at the start.
        adjustable: how the rate may change; None for a fixed rate.
        taxes_and_insurance: a month, paid with the payment; None when not known.
        fees: paid at closing.
        prepayment_penalty: whether paying early costs extra; None when not known.
        first_payment: due date of the first payment.
    """

    amount: Dollars
    rate: Percent
    months: Annotated[int, Field(ge=1, le=600)] = 360
    pay_off_months: Annotated[int, Field(ge=1, le=600)] | None = None
    interest_only: Annotated[int, Field(ge=0)] = 0
    adjustable: Adjustable | None = None
    taxes_and_insurance: Dollars | None = None
    fees: Dollars | None = None
    prepayment_penalty: bool | None = None
    first_payment: datetime.date = datetime.date.min

    @model_validator(mode="after")
    def _holds_together(self) -> Offer:
        if self.amount <= 0:
            raise ValueError("amount must be more than zero")
        if self.interest_only >= self.months:
            raise ValueError("interest_only must leave at least one regular payment")
        if self.pay_off_months is not None and self.pay_off_months < self.months:
            raise ValueError("pay_off_months must be at least months; it is longer when there is a balloon")
        if self.adjustable is not None and self.adjustable.lifetime_cap < self.rate:
            raise ValueError("lifetime_cap is under the starting rate")
        return self


@dataclasses.dataclass(frozen=True)
class KeyFacts:
    """What a borrower should know; all money in cents, principal and interest only unless said otherwise.

    Attributes:
        offer: the loan.
        payment_now: first payment.
        highest_five_years: highest payment of the first five years, if the rate rises as fast as it may.
        highest_five_years_number: its place among the payments.
        highest_ever: highest regular payment of the whole loan on that path.
        highest_ever_number: its place.
        balance_five_years: owed after five years on that path.
        balance_five_years_same: owed after five years if the rate stays as it is.
        balloon: last payment, where it is a balloon; None otherwise.
        total_same: all payments if the rate stays as it is.
        total_highest: all payments on the highest path.
        changes: what can change, in plain sentences.
        path: the payments: installment, due date, payment and balance on both paths (cents).
    """

    offer: Offer
    payment_now: int
    highest_five_years: int
    highest_five_years_number: int
    highest_ever: int
    highest_ever_number: int
    balance_five_years: int
    balance_five_years_same: int
    balloon: int | None
    total_same: int
    total_highest: int
    changes: tuple[str, ...]
    path: pl.DataFrame

    def lines(self) -> list[tuple[str, str, str]]:
        """Return each key fact: a question, the answer, and a plain sentence."""
        offer, extra = self.offer, self.offer.taxes_and_insurance
        now = self.payment_now + (extra or 0)
        found = [
            (
                "What do you pay each month now?",
                _shown(now),
                f"This is {_shown(self.payment_now)} for the loan and {_shown(extra)} for taxes and insurance."
                if extra is not None
                else "This is for the loan alone. Taxes and insurance come on top. Ask how much they are.",
            ),
            (
                "How high can the payment get in the first five years?",
                _shown(self.highest_five_years + (extra or 0)),
                "The payment for the loan stays the same."
                if self.highest_five_years == self.payment_now
                else f"This can start with payment number {self.highest_five_years_number}. "
                "Could you still pay it then?",
            ),
            (
                "How much do you still owe after five years?",
                _shown(self.balance_five_years),
                f"You borrow {_shown(offer.amount)}. After five years you have paid back "
                f"{_shown(offer.amount - self.balance_five_years)} of it."
                if self.balance_five_years < offer.amount
                else "After five years you have paid back nothing of what you borrowed.",
            ),
            (
                "What does it cost in all?",
                _shown(self.total_same + (offer.fees or 0)),
                f"You pay back {_shown(offer.amount)} and {_shown(self.total_same - offer.amount)} in interest"
                + (f", and {_shown(offer.fees)} in fees." if offer.fees else ".")
                + (" This is if the rate stays as it is." if self.total_highest != self.total_same else ""),
            ),
        ]
        if self.total_highest != self.total_same:
            found.append(
                (
                    "What could it cost at most?",
                    _shown(self.total_highest + (offer.fees or 0)),
                    "This is if the rate rises as fast and as far as the contract lets it.",
                )
            )
        return found


def _shown(amount: int | None) -> str:
    return "not known" if amount is None else format_cents(amount)


def read_offer(path: Path) -> Offer:
    """Read an offer from a YAML or JSON file.

    Raises:
        InputError: with everything that is wrong.
    """
    if not path.is_file():
        raise InputError(f"{path} is not there")
    try:
        content = read_strict(path)
    except LawError as error:
        raise InputError(str(error)) from None
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold the facts of one loan by name, such as `amount: 250000`")
    return parse_offer(content, path.name)


def parse_offer(content: dict[str, object], name: str = "the offer") -> Offer:
    """Check an offer given as plain data (dollars, percent).

    Raises:
        InputError: with everything that is wrong.
    """
    plain = {key: Decimal(str(value)) if isinstance(value, float) else value for key, value in content.items()}
    try:
        return Offer.model_validate(plain)
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in item['loc']) or 'offer'}: {item['msg']}" for item in error.errors()]
        raise InputError(f"{name} cannot be used", lines) from None


# --- paths ----------------------------------------------------------------------------------------


def key_facts(offer: Offer) -> KeyFacts:
    """Work out the key facts of an offer."""
    same, highest = _path(offer, ()), _path(offer, _steps(offer))
    last = highest.height
    balloon = _balloon(offer, same)
    # The last payment clears what is left: a balloon, or a few odd cents.
    regular = highest.head(max(last - 1, 1))
    # A payment due five years to the day after the first one still counts, as in the rule on qualified mortgages.
    early = (highest if balloon is not None else regular).head(FIVE_YEARS + 1)
    path = same.select(
        "installment", "due_date", pl.col("payment").alias("payment_same"), pl.col("balance").alias("balance_same")
    ).join(
        highest.select(
            "installment", pl.col("payment").alias("payment_highest"), pl.col("balance").alias("balance_highest")
        ),
        on="installment",
    )
    return KeyFacts(
        offer=offer,
        payment_now=int(same["payment"][0]),
        highest_five_years=_most(early)[0],
        highest_five_years_number=_most(early)[1],
        highest_ever=_most(regular)[0],
        highest_ever_number=_most(regular)[1],
        balance_five_years=int(highest["balance"][min(FIVE_YEARS, last) - 1]),
        balance_five_years_same=int(same["balance"][min(FIVE_YEARS, same.height) - 1]),
        balloon=balloon,
        total_same=int(same["payment"].sum()),
        total_highest=int(highest["payment"].sum()),
        changes=tuple(_changes(offer, balloon, _most(regular))),
        path=path,
    )


def _path(offer: Offer, steps: tuple[tuple[int, int], ...]) -> pl.DataFrame:
    first = offer.first_payment if offer.first_payment != datetime.date.min else datetime.date(2000, 1, 1)
    term = offer.pay_off_months or offer.months
    balloon = offer.months if term > offer.months else None
    inside = [step for step in steps if step[0] <= offer.months]
    return schedule(
        offer.amount, offer.rate, term, first, rate_steps=inside, interest_only=offer.interest_only, balloon=balloon
    )


def _steps(offer: Offer) -> tuple[tuple[int, int], ...]:
    """Return the rate changes on the highest path: installment from which a rate applies, and the rate."""
    terms = offer.adjustable
    if terms is None:
        return ()
    steps: list[tuple[int, int]] = []
    rate, number, cap = offer.rate, terms.first_change_after + 1, terms.first_cap
    while number <= offer.months and rate < terms.lifetime_cap:
        rate = min(rate + cap, terms.lifetime_cap)
        steps.append((number, rate))
        number, cap = number + terms.then_every, terms.later_cap
        if cap == 0:
            break
    return tuple(steps)


def _most(rows: pl.DataFrame) -> tuple[int, int]:
    """Return the largest payment and the place of the first such one."""
    place = int(rows["payment"].arg_max() or 0)
    return int(rows["payment"][place]), int(rows["installment"][place])


def _balloon(offer: Offer, same: pl.DataFrame) -> int | None:
    return int(same["payment"][-1]) if (offer.pay_off_months or offer.months) > offer.months else None


def _changes(offer: Offer, balloon: int | None, most: tuple[int, int]) -> list[str]:
    said = []
    if offer.adjustable is None:
        said.append("The interest rate stays the same for the whole loan.")
    else:
        terms = offer.adjustable
        said.append(
            f"The rate is {_rate(offer.rate)} for the first {terms.first_change_after} payments. Then it "
            "can go up or down every "
            f"{terms.then_every} payments."
        )
        said.append(
            f"The rate can rise to {_rate(terms.lifetime_cap)}. Your payment could then be "
            f"{_shown(most[0])}, from payment number {most[1]}."
        )
    if offer.interest_only:
        said.append(
            f"For the first {offer.interest_only} payments you pay interest only. You do not pay back any "
            "of what you owe. After that the payment goes up."
        )
    if balloon is not None:
        said.append(
            f"The last payment is very large: about {_shown(balloon)}. You must pay it at once, or get a "
            "new loan to pay it."
        )
    if offer.prepayment_penalty:
        said.append("If you pay off the loan early, you must pay a penalty.")
    elif offer.prepayment_penalty is None:
        said.append("Ask if you must pay a penalty when you pay off the loan early.")
    said.append("Taxes and insurance can go up, even if the loan payment does not.")
    return said


def _rate(value: int) -> str:
    whole, part = divmod(value, 10_000)
    digits = f"{part:04d}".rstrip("0")
    return f"{whole}.{digits}%" if digits else f"{whole}%"
