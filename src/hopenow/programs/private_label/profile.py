"""Profiles: what one pooling agreement or portfolio policy lets a servicer do, as data.

No authority speaks for private-label and portfolio loans. A profile restates the words of one agreement:
each power and each limit with its clause, citation and mark of certainty. What it does
not say is not allowed.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from hopenow.errors import InputError
from hopenow.law import Document, Verification, weakest
from hopenow.programs.profiles import ByName, Strict, as_millionths, as_tuple, read_profiles, shipped

Step = Literal["rate_cut", "term_extension", "forbearance", "forgiveness"]
Workout = Literal["forbearance", "repayment_plan", "deferral", "modification", "short_sale", "deed_in_lieu"]

STEPS: tuple[Step, ...] = ("rate_cut", "term_extension", "forbearance", "forgiveness")
"""Steps of a modification after capitalization, in the order in which the kernel numbers them."""

MODIFICATION_POWERS = tuple(f"allow_{step}" for step in STEPS)
WORKOUT_POWERS: dict[Workout, str] = {
    "forbearance": "allow_forbearance_plan",
    "repayment_plan": "allow_repayment_plan",
    "deferral": "allow_deferral",
    "short_sale": "allow_short_sale",
    "deed_in_lieu": "allow_deed_in_lieu",
}
POWERS = ("allow_capitalization", *MODIFICATION_POWERS, *WORKOUT_POWERS.values())
LIMITS = ("trigger", "pool_cap_percent", "npv_required", "consent_from")
REPEATS = ("months_between_modifications", "most_modifications")
NONE = "none"


def _percent(value: object) -> object:
    """Turn a published percent into millionths; words stay, for pydantic to judge."""
    return value if isinstance(value, str) else as_millionths(value)


Share = Annotated[int, BeforeValidator(_percent), Field(gt=0, le=1_000_000)]
Rate = Annotated[int, BeforeValidator(_percent), Field(ge=0, le=1_000_000)]
RateStep = Annotated[int, BeforeValidator(_percent), Field(gt=0, le=1_000_000)]
Multiple = Annotated[int, BeforeValidator(_percent), Field(ge=0, le=10 * 1_000_000)]
Months = Annotated[int, Field(ge=1, le=1_000)]
Text = Annotated[str, Field(min_length=1)]


class Clause(Strict):
    """Words of the agreement, where they stand, and how sure the reading is."""

    clause: Text
    cite: Text
    verification: Verification
    note: str | None = None


class Power(Clause):
    """Something the servicer may, or expressly may not, do; figures are given exactly when it is allowed."""

    allowed: bool
    figures: ClassVar[tuple[str, ...]] = ()
    optional: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="after")
    def _figures_when_allowed(self) -> Power:
        absent = [name for name in self.figures if getattr(self, name) is None]
        given = [name for name in (*self.figures, *self.optional) if getattr(self, name) is not None]
        if self.allowed and absent:
            raise ValueError(
                f"allowed, but without {', '.join(absent)}; a power without its bounds is no power"
            )
        if not self.allowed and given:
            raise ValueError(f"not allowed, yet it gives {', '.join(given)}; take the figures out")
        return self


class RateCut(Power):
    """Cutting the rate: in steps, to a floor; ``part_step`` lets the last cut land exactly on the floor."""

    figures = ("floor", "step", "part_step")
    floor: Rate | None = None
    step: RateStep | None = None
    part_step: bool | None = None


class TermExtension(Power):
    """Lengthening the loan: to a number of months, and where given to no later than a date."""

    figures = ("longest_term",)
    optional = ("latest_maturity",)
    longest_term: Months | None = None
    latest_maturity: datetime.date | None = None


class PrincipalCut(Power):
    """Setting principal aside without interest, or forgiving it.

    ``largest_share`` is of the balance after capitalization; ``lowest_loan_to_value`` is the ratio of the
    balance that still bears interest to the property value, below which no principal is taken.
    """

    figures = ("largest_share", "lowest_loan_to_value")
    largest_share: Share | None = None
    lowest_loan_to_value: Multiple | None = None


class RepaymentPlanPower(Power):
    """Repayment plans: longest plan, and largest payment in percent of the contractual payment."""

    figures = ("longest_plan", "highest_payment")
    longest_plan: Months | None = None
    highest_payment: (
        Annotated[int, BeforeValidator(_percent), Field(gt=1_000_000, le=10 * 1_000_000)] | None
    ) = None


class ForbearancePlanPower(Power):
    """Forbearance plans: longest single term, and longest series of terms."""

    figures = ("longest_term", "longest_series")
    longest_term: Months | None = None
    longest_series: Months | None = None


class DeferralPower(Power):
    """Moving unpaid installments to the end of the loan: at most this many."""

    figures = ("most_installments",)
    most_installments: Months | None = None


class LeavingPower(Power):
    """Releasing the lien for less than is owed; whether the rest of the debt is waived."""

    figures = ("waives_deficiency",)
    waives_deficiency: bool | None = None


class Limit(Clause):
    """A condition on using powers. It can rule options out, so it may not rest on unverified words."""

    verification: Literal["verified", "secondary"]


class WorkoutLimit(Limit):
    """A limit that bears on the workouts it names; none where there is no such limit."""

    options: Annotated[tuple[Workout, ...], BeforeValidator(as_tuple)] = ()

    @property
    def active(self) -> bool:
        """Whether there is a limit at all."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _names_workouts(self) -> WorkoutLimit:
        if self.active and not self.options:
            raise ValueError("name the options that it bears on")
        if not self.active and self.options:
            raise ValueError("there is no such limit, so it bears on no options; leave 'options' out")
        return self


class Trigger(WorkoutLimit):
    """What must have happened first; a default is a payment unpaid for at least ``days_delinquent``."""

    when: Literal["default", "default_or_reasonably_foreseeable", "none"]
    days_delinquent: Annotated[int, Field(ge=1)] | None = None

    @property
    def active(self) -> bool:
        """Whether something must have happened."""
        return self.when != NONE

    @model_validator(mode="after")
    def _days(self) -> Trigger:
        if self.active != (self.days_delinquent is not None):
            raise ValueError("days_delinquent says what a default is: give it exactly where one is asked for")
        return self


class PoolCap(WorkoutLimit):
    """Largest share of the pool, by balance, that may be changed; ``none`` where there is no cap."""

    percent: Share | Literal["none"]

    @property
    def active(self) -> bool:
        """Whether there is a cap."""
        return self.percent != NONE


class NetPresentValue(WorkoutLimit):
    """Whether the option must be worth more to the investor than foreclosure."""

    required: bool

    @property
    def active(self) -> bool:
        """Whether a test is required."""
        return self.required


class Consent(WorkoutLimit):
    """Whose prior consent is needed; ``none`` where nobody's is."""

    party: Text

    @property
    def active(self) -> bool:
        """Whether somebody must consent."""
        return self.party != NONE


class MonthsBetween(Limit):
    """Months that must pass between two modifications."""

    months: Months


class MostModifications(Limit):
    """Modifications over the life of the loan, at most."""

    count: Annotated[int, Field(ge=1)]


class Target(Limit):
    """What the steps aim at, and whether terms that miss it but lower the payment are still offered.

    ``housing_ratio``: principal, interest, taxes, insurance and dues in percent of gross income.
    ``payment_reduction``: percent by which principal and interest falls.
    """

    kind: Literal["housing_ratio", "payment_reduction"]
    percent: Share
    if_missed: Literal["offer_if_lower", "refuse"]


class Trial(Clause):
    """Trial payments before a modification takes effect."""

    months: Months


class Profile(Strict):
    """One agreement or policy. Everything a servicer may do under it stands here; the rest is refused."""

    profile: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: Text
    label: Text
    start: Annotated[datetime.date, Field(alias="from")]
    end: Annotated[datetime.date | None, Field(alias="to")] = None
    documents: Annotated[dict[str, Document], Field(min_length=1)]
    allow_capitalization: Power | None = None
    allow_rate_cut: RateCut | None = None
    allow_term_extension: TermExtension | None = None
    allow_forbearance: PrincipalCut | None = None
    allow_forgiveness: PrincipalCut | None = None
    allow_repayment_plan: RepaymentPlanPower | None = None
    allow_forbearance_plan: ForbearancePlanPower | None = None
    allow_deferral: DeferralPower | None = None
    allow_short_sale: LeavingPower | None = None
    allow_deed_in_lieu: LeavingPower | None = None
    trigger: Trigger | None = None
    pool_cap_percent: PoolCap | None = None
    npv_required: NetPresentValue | None = None
    consent_from: Consent | None = None
    months_between_modifications: MonthsBetween | None = None
    most_modifications: MostModifications | None = None
    target: Target | None = None
    order: Annotated[tuple[Step, ...], BeforeValidator(as_tuple)] = ()
    trial: Trial | None = None

    def allows(self, power: str) -> bool:
        """Tell whether a power is given; silence is a no."""
        return bool(getattr(getattr(self, power), "allowed", False))

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step: first those of the profile's order, then the others (which it does not allow)."""
        return (*self.order, *(step for step in STEPS if step not in self.order))

    def clauses(self) -> Iterator[tuple[str, Clause]]:
        """Yield every clause with the name it stands under."""
        for name in (*POWERS, *LIMITS, *REPEATS, "target", "trial"):
            clause = getattr(self, name)
            if clause is not None:
                yield name, clause

    def words(self, clause: Clause) -> str:
        """Return a clause with its source and mark, for people."""
        key, _, section = clause.cite.partition("#")
        place = f"{self.documents[key].title}, {section}" if section else self.documents[key].title
        return f"“{clause.clause}” ({place}; {clause.verification})"

    def refusal(self, power: str) -> str | None:
        """Return why a power is refused: its clause, or that there is none. None where it is given."""
        if self.allows(power):
            return None
        clause = getattr(self, power)
        name = power.removeprefix("allow_").replace("_", " ")
        return f"{name}: no clause allows it" if clause is None else f"{name}: {self.words(clause)}"

    def bearing_on(self, workout: Workout) -> list[Clause]:
        """Return the clauses that a workout rests on."""
        powers: tuple[str, ...] = ("allow_capitalization", *MODIFICATION_POWERS, "target", *REPEATS, "trial")
        if workout != "modification":
            powers = (WORKOUT_POWERS[workout],)
        found = [getattr(self, name) for name in powers]
        found += [limit for limit in self.limits() if workout in limit.options]
        return [clause for clause in found if clause is not None]

    def limits(self) -> list[WorkoutLimit]:
        """Return the stated limits that bear on workouts."""
        return [limit for limit in (getattr(self, name) for name in LIMITS) if limit is not None]

    def verification(self, workout: Workout) -> Verification:
        """Return the weakest mark among the clauses that a workout rests on."""
        return weakest(clause.verification for clause in self.bearing_on(workout))

    def defects(self) -> Iterator[str]:
        """Yield what is wrong between the parts of a profile whose parts are each well formed."""
        if self.end is not None and self.end < self.start:
            yield f"from {self.start} is after to {self.end}"
        for name, clause in self.clauses():
            if clause.cite.partition("#")[0] not in self.documents:
                yield f"{name} cites {clause.cite!r}, which is not among the documents"
        if any(self.allows(power) for power in POWERS):
            for name in LIMITS:
                if getattr(self, name) is None:
                    yield f"powers are given, so {name} must be stated too (also where there is none)"
        steps = [step for step in STEPS if self.allows(f"allow_{step}")]
        if steps and self.target is None:
            yield f"{steps[0]} is allowed, so the target that the steps aim at must be stated"
        if len(set(self.order)) < len(self.order):
            yield "order names a step twice"
        for step in steps:
            if step not in self.order:
                yield f"{step} is allowed but has no place in order"


class Profiles(ByName[Profile]):
    """Profiles by name."""


def load_profiles(paths: Iterable[str | Path | Traversable] = (), *, with_shipped: bool = True) -> Profiles:
    """Load profiles strictly.

    Args:
        paths: profile files, one profile each.
        with_shipped: whether the profiles of the package are there as well.

    Returns:
        The profiles by name.

    Raises:
        InputError: with every defect of every file: unreadable, duplicate or unknown keys, wrong types, a
            power without clause, citation, mark or figures, a citation of an unknown document, a limit left
            open, a name used twice.
    """
    findings: list[str] = []
    files = [*(shipped("hopenow.programs.private_label") if with_shipped else []), *paths]
    found = [profile for _, profile in read_profiles(files, Profile.model_validate, findings)]
    if findings:
        raise InputError("profiles cannot be used; correct the files", findings)
    return Profiles(found)
