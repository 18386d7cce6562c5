"""From profiles to expressions: one expression over ``investor_profile`` serves all profiles at once.

Three answers: a loan whose profile is not known gets null; one whose profile is not loaded, the answer for
"nothing is allowed"; any other, what its profile says.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from hopenow.law import Document, OptionLaw, Parameters, package_documents, package_option
from hopenow.programs.base import RuleTable, Step, TermType
from hopenow.programs.private_label.profile import (
    MODIFICATION_POWERS,
    WORKOUT_POWERS,
    Profile,
    Profiles,
    Workout,
    WorkoutLimit,
)

c = pl.col
PACKAGE = "hopenow.programs.private_label"
SEPARATOR = "; "

TITLES = {
    "allow_forbearance": "Forbearance of principal",
    "allow_forgiveness": "Forgiveness of principal",
    "npv_required": "Test of net present value",
    "pool_cap_percent": "Cap on changes to the pool",
    "consent_from": "Consent",
}

UNLISTED = "no profile of this name is loaded: the agreement's own words decide, and no power is assumed"

COMMON_COLUMNS: dict[str, TermType] = {
    "refused": "text",
    "consent_from": "text",
    "profile_label": "text",
    "clause_verification": "text",
}
"""Columns of every option on a profile: refused powers with their clauses, whose consent is needed, what to
say beside every result, and the weakest mark among the clauses."""


def documents() -> dict[str, Document]:
    """Return the documents that private-label law files cite."""
    return package_documents(PACKAGE)


@functools.cache
def law(name: str, shared: bool = True) -> OptionLaw:
    """Load one option's law file; the rules that all workouts on a profile share are added if asked for."""
    own = package_option(PACKAGE, name)
    if not shared:
        return own
    common = package_option(PACKAGE, "shared")
    return own.model_copy(update={"rules": {**common.rules, **own.rules}})


@dataclasses.dataclass(frozen=True)
class Lookup:
    """Profiles, and how much of each one's pool is used.

    Attributes:
        profiles: by name.
        pool_used: profile to the share of its pool already changed, millionths; a loan's own fact goes first.
    """

    profiles: Profiles
    pool_used: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def by_profile(
        self, value: Callable[[Profile], Any], dtype: pl.DataType, unlisted: Any = None
    ) -> pl.Expr:
        """Return what each loan's profile says.

        Args:
            value: from a profile to the value.
            dtype: type of the column.
            unlisted: value for a profile that is not loaded.
        """
        given = c("investor_profile")
        values = pl.Series([value(profile) for profile in self.profiles.values()], dtype=dtype)
        found = given.replace_strict(
            pl.Series(list(self.profiles), dtype=pl.String),
            values,
            default=pl.lit(unlisted, dtype),
            return_dtype=dtype,
        )
        return pl.when(given.is_not_null()).then(found)

    def flag(self, value: Callable[[Profile], bool], unlisted: bool = False) -> pl.Expr:
        """Return a yes or no of each loan's profile."""
        return self.by_profile(value, pl.Boolean(), unlisted)

    def figure(self, power: str, name: str) -> pl.Expr:
        """Return a figure of a power or limit (Int64); null where the profile gives none."""
        return self.by_profile(lambda profile: getattr(getattr(profile, power), name, None), pl.Int64())

    def date(self, value: Callable[[Profile], datetime.date | None]) -> pl.Expr:
        """Return a date of each loan's profile."""
        return self.by_profile(value, pl.Date())

    def allows(self, power: str) -> pl.Expr:
        """Tell whether each loan's profile gives a power."""
        return self.flag(lambda profile: profile.allows(power))

    def limited(self, limit: str, workout: Workout) -> pl.Expr:
        """Tell whether a limit of each loan's profile bears on a workout."""

        def bears(profile: Profile) -> bool:
            stated = getattr(profile, limit)
            return isinstance(stated, WorkoutLimit) and stated.active and workout in stated.options

        return self.flag(bears)

    def common_columns(self, workout: Workout) -> list[pl.Expr]:
        """Return the text columns that every option on a profile has."""
        powers = MODIFICATION_POWERS if workout == "modification" else (WORKOUT_POWERS[workout],)
        if workout == "modification":
            powers = ("allow_capitalization", *powers)

        def refused(profile: Profile) -> str:
            return SEPARATOR.join(filter(None, (profile.refusal(power) for power in powers)))

        def consent(profile: Profile) -> str:
            stated = profile.consent_from
            return stated.party if stated is not None and stated.active and workout in stated.options else ""

        text = pl.String()
        return [
            self.by_profile(refused, text, UNLISTED).alias("refused"),
            self.by_profile(consent, text, "").alias("consent_from"),
            self.by_profile(lambda profile: profile.label, text, UNLISTED).alias("profile_label"),
            self.by_profile(lambda profile: profile.verification(workout), text, "").alias(
                "clause_verification"
            ),
        ]

    def profile_of(self, row: Mapping[str, Any]) -> Profile | None:
        """Return the profile of one loan, None where it is not known or not loaded."""
        name = row.get("investor_profile")
        return self.profiles.get(name) if isinstance(name, str) else None

    def clause_steps(self, row: Mapping[str, Any], workout: Workout) -> list[Step]:
        """Show the clauses that a workout rests on."""
        profile = self.profile_of(row)
        if profile is None:
            given = row.get("investor_profile")
            return [Step("Agreement", UNLISTED if given else "which agreement governs the loan is not known")]
        bearing = {id(clause) for clause in profile.bearing_on(workout)}
        found = [Step("Agreement", f"{profile.title}. {profile.label}")]
        for name, clause in profile.clauses():
            if id(clause) not in bearing:
                continue
            refused = "" if getattr(clause, "allowed", True) else "not allowed: "
            note = f". {clause.note}" if clause.note else ""
            title = TITLES.get(name) or name.removeprefix("allow_").replace("_", " ").capitalize()
            found.append(Step(title, f"{refused}{profile.words(clause)}{note}"))
        return found

    def pool_share(self) -> pl.Expr:
        """Return the share of the pool already changed, millionths; null where it is not known."""
        stated = self.by_profile(lambda profile: self.pool_used.get(profile.profile), pl.Int64())
        return pl.coalesce(c("pool_used_percent"), stated)


def shared_rules(lookup: Lookup, workout: Workout) -> RuleTable:
    """Return the rules that every workout on a profile shares.

    The functions do not read parameters: all figures are the profiles'.
    """
    table = RuleTable()

    @table("PL-1")
    def profile_known(p: Parameters) -> pl.Expr:
        """The agreement's profile is known and loaded."""
        return lookup.flag(lambda profile: True)

    @table("PL-2")
    def profile_in_force(p: Parameters) -> pl.Expr:
        """The profile is in force on the evaluation date."""
        day = c("evaluation_date")
        begun = day >= lookup.date(lambda profile: profile.start)
        over = day > lookup.date(lambda profile: profile.end)
        in_force = begun.fill_null(False) & ~over.fill_null(False)
        return pl.when(c("investor_profile").is_not_null()).then(in_force)

    @table("PL-3")
    def triggered(p: Parameters) -> pl.Expr:
        """A default has happened, or where that is enough, is reasonably foreseeable."""
        default = c("days_delinquent") >= lookup.figure("trigger", "days_delinquent")
        soon = lookup.flag(
            lambda profile: getattr(profile.trigger, "when", "") == "default_or_reasonably_foreseeable"
        )
        foreseeable = soon & c("default_reasonably_foreseeable")
        return ~lookup.limited("trigger", workout) | default | foreseeable

    @table("PL-4")
    def room_in_pool(p: Parameters) -> pl.Expr:
        """The cap on changed loans of the pool is not used up."""
        cap = lookup.by_profile(
            lambda profile: (
                profile.pool_cap_percent.percent
                if profile.pool_cap_percent is not None and profile.pool_cap_percent.active
                else None
            ),
            pl.Int64(),
        )
        return ~lookup.limited("pool_cap_percent", workout) | (lookup.pool_share() < cap)

    @table("PL-5")
    def worth_more(p: Parameters) -> pl.Expr:
        """Where the profile asks for it, the option is worth more to the investor than foreclosure."""
        return ~lookup.limited("npv_required", workout) | c("npv_positive")

    @table("PL-6")
    def consented(p: Parameters) -> pl.Expr:
        """Nobody's consent is needed, or it is in hand; consent that nobody has reported is not in hand."""
        in_hand = c("investor_consent").fill_null(False)
        return ~lookup.limited("consent_from", workout) | in_hand

    return table
