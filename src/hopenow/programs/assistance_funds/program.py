"""The program of assistance funds: one option per kind of fund, any number of profiles."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from hopenow.law import Document, OptionLaw, Parameters, package_documents, package_option
from hopenow.programs.assistance_funds.profile import Fund, Profile, Profiles, load_profiles
from hopenow.programs.base import Option, Program, RuleFunction, RuleTable, Step, TermType, column

c = pl.col
NAME = "assistance_funds"
PACKAGE = "hopenow.programs.assistance_funds"
WHOLE = 1_000_000
MONTHS = 12
SEPARATOR = "; "
HAF: Fund = "haf"
HHF: Fund = "hhf"
LOCAL: Fund = "local_fund"


def documents() -> dict[str, Document]:
    """Return the documents that the law files cite."""
    return package_documents(PACKAGE)


def law(name: str) -> OptionLaw:
    """Load the law file of one kind of fund."""
    return package_option(PACKAGE, name)


@dataclasses.dataclass(frozen=True)
class Lookup:
    """The profiles of one kind of fund, as expressions over a loan's place."""

    fund: Fund
    profiles: tuple[Profile, ...]

    def fact(self, name: str) -> pl.Expr:
        """Return a fact that each kind of fund has of its own, such as ``assistance_haf_open``."""
        return c(f"assistance_{self.fund}_{name}")

    def _place(self) -> pl.Expr:
        """Return what the profiles are found by: the state, for local funds state and county."""
        if self.fund == LOCAL:
            return pl.concat_str([c("state"), c("assistance_county")], separator="|")
        return c("state")

    def by_place(self, value: Callable[[Profile], Any], dtype: pl.DataType, elsewhere: Any = None) -> pl.Expr:
        """Return what the fund of each loan's place says; null where the place is not known."""
        keys, values = [], []
        for profile in self.profiles:
            for state in profile.states:
                keys.append(f"{state}|{profile.county}" if self.fund == LOCAL else state)
                values.append(value(profile))
        place = self._place()
        found = place.replace_strict(
            pl.Series(keys, dtype=pl.String),
            pl.Series(values, dtype=dtype),
            default=pl.lit(elsewhere, dtype),
            return_dtype=dtype,
        )
        return pl.when(place.is_not_null()).then(found)

    def there(self) -> pl.Expr:
        """Tell whether there is a fund; a state without any decides also where the county is not known."""
        states = sorted({state for profile in self.profiles for state in profile.states})
        return c("state").is_in(states) & self.by_place(lambda profile: True, pl.Boolean(), False)

    def figure(self, term: str, name: str) -> pl.Expr:
        """Return a figure of a term (Int64); null where the profile does not give it."""
        return self.by_place(lambda profile: getattr(getattr(profile, term), name, None), pl.Int64())

    def of(self, row: Mapping[str, Any]) -> Profile | None:
        """Return the profile for one loan, None where there is none or the place is not known."""
        for profile in self.profiles:
            if row["state"] in profile.states and profile.county in (None, row["assistance_county"]):
                return profile
        return None

    def opened(self) -> pl.Expr:
        """Tell whether the fund takes applications: as given, or by its window; null where that leaves it open."""
        day = c("evaluation_date")
        opens = self.by_place(lambda profile: profile.window.opens if profile.window else None, pl.Date())
        closes = self.by_place(lambda profile: profile.window.closes if profile.window else None, pl.Date())
        return pl.coalesce(self.fact("open"), (day >= opens) & (day <= closes))


def _agency(lookup: Lookup) -> RuleFunction:
    def approved(p: Parameters) -> pl.Expr:
        """The agency has approved; an approval that nobody has reported is not in hand."""
        return lookup.fact("approved").fill_null(False)

    return approved


def _day(p: Parameters, name: str) -> pl.Expr:
    return pl.lit(p.word(name)).str.to_date("%Y-%m-%d")


# --- rules ----------------------------------------------------------------------------------------


def haf_rules(lookup: Lookup) -> RuleTable:
    """Return the rules of the Homeowner Assistance Fund."""
    table = RuleTable()
    table("AF-AGENCY")(_agency(lookup))

    @table("HAF-PROFILE")
    def fund_known(p: Parameters) -> pl.Expr:
        """There is a fund."""
        return lookup.there()

    @table("HAF-1")
    def hardship_recent(p: Parameters) -> pl.Expr:
        """The hardship is recent enough."""
        return c("assistance_hardship_date") > _day(p, "hardship_after")

    @table("HAF-1a")
    def attested(p: Parameters) -> pl.Expr:
        """The hardship is attested."""
        return c("assistance_hardship_attested")

    @table("HAF-2")
    def income_within(p: Parameters) -> pl.Expr:
        """Income is within the general limit and the fund's own."""
        own = lookup.figure("income_share", "at_most")
        limit = pl.min_horizontal(own, pl.lit(p["income_percent_ami"], pl.Int64))
        return c("assistance_income_percent_ami") <= limit

    @table("HAF-3")
    def principal_residence(p: Parameters) -> pl.Expr:
        """The owner lives there, and the building is small enough."""
        return (c("occupancy") == "principal_residence") & (c("units") <= p["most_units"])

    @table("HAF-4")
    def conforming(p: Parameters) -> pl.Expr:
        """The loan was within the limit."""
        return c("original_balance") <= c("assistance_conforming_loan_limit")

    @table("HAF-7")
    def fund_open(p: Parameters) -> pl.Expr:
        """The fund is open; after the federal money's last day only where somebody says so."""
        over = c("evaluation_date") > _day(p, "money_until")
        return pl.coalesce(lookup.fact("open"), pl.when(over).then(False), lookup.opened())

    @table("AF-SERVICER")
    def servicer_takes_part(p: Parameters) -> pl.Expr:
        """The servicer takes part."""
        return c("assistance_servicer_participates")

    return table


def hhf_rules(lookup: Lookup) -> RuleTable:
    """Return the rules of the Hardest Hit Fund."""
    table = RuleTable()
    table("AF-AGENCY")(_agency(lookup))

    @table("HHF-PROFILE")
    def fund_known(p: Parameters) -> pl.Expr:
        """There is a fund."""
        return lookup.there()

    @table("HHF-OPEN")
    def fund_open(p: Parameters) -> pl.Expr:
        """The fund is open."""
        return lookup.opened()

    return table


def local_rules(lookup: Lookup) -> RuleTable:
    """Return the rules of local funds."""
    table = RuleTable()
    table("AF-AGENCY")(_agency(lookup))

    @table("LF-PLACE")
    def place_served(p: Parameters) -> pl.Expr:
        """The fund serves the place."""
        return lookup.there()

    @table("LF-OPEN")
    def fund_open(p: Parameters) -> pl.Expr:
        """The fund is open."""
        return lookup.opened()

    @table("LF-INCOME")
    def income_within(p: Parameters) -> pl.Expr:
        """Income is within the limit, as given or as the table brackets it."""
        income = c("monthly_gross_income") * MONTHS
        surely, at_most = _brackets(lookup)
        bracketed = pl.when(income <= surely).then(True).when(income > at_most).then(False)
        return (income <= c("assistance_local_income_limit")).fill_null(bracketed)

    return table


def _brackets(lookup: Lookup) -> tuple[pl.Expr, pl.Expr]:
    """Return the limit that a household surely has, and the one that it surely does not exceed (cents)."""
    largest = max(
        (size for profile in lookup.profiles if profile.income_limits for size in profile.income_limits.by_size),
        default=1,
    )
    size = c("assistance_household_size").clip(upper_bound=largest)

    def bound(place: int) -> pl.Expr:
        found = pl.lit(None, pl.Int64)
        for people in range(1, largest + 1):

            def limit(profile: Profile, people: int = people) -> int | None:
                return profile.income_limits.between(people)[place] if profile.income_limits else None

            found = pl.when(size == people).then(lookup.by_place(limit, pl.Int64())).otherwise(found)
        # A household of unknown size has at least the limit of one person, and at most that of the largest.
        return found

    def end(people: int, place: int) -> pl.Expr:
        return lookup.by_place(
            lambda profile: profile.income_limits.between(people)[place] if profile.income_limits else None,
            pl.Int64(),
        )

    unknown = c("assistance_household_size").is_null()
    beyond = c("assistance_household_size") > largest
    surely = pl.when(unknown).then(end(1, 0)).otherwise(bound(0))
    # Households above the table may have higher limits; nothing is sure then.
    at_most = pl.when(unknown | beyond).then(pl.lit(None, pl.Int64)).otherwise(bound(1))
    return surely, at_most


# --- terms ----------------------------------------------------------------------------------------

COLUMNS: dict[str, TermType] = {
    "fund_title": "text",
    "uses": "text",
    "terms_verification": "text",
    "arrears": "money",
    "future_payments_most": "count",
    "need": "money",
    "award_cap": "money",
    "award": "money",
    "award_possible": "money",
    "covers_arrears": "flag",
    "lien_years": "count",
    "lien_forgivable": "flag",
}


def _award_columns(lookup: Lookup) -> list[pl.Expr]:
    """Return arrears, need and award.

    The award is what the lower of the caps that may apply allows; ``award_possible``, what the higher one does.
    """
    unpaid = c("months_delinquent").cast(pl.Int64) * c("contractual_payment")
    arrears = (
        unpaid
        + c("late_charges").fill_null(0)
        + c("servicing_advances").fill_null(0)
        - c("borrower_contribution").fill_null(0)
    ).clip(lower_bound=0)
    future = lookup.figure("future_payments", "most")
    need = arrears + future.fill_null(0) * c("contractual_payment")
    low = pl.coalesce(lookup.fact("award_cap"), lookup.figure("award", "at_most"))
    high = pl.coalesce(
        lookup.fact("award_cap"), lookup.figure("award", "later_at_most"), lookup.figure("award", "at_most")
    )

    def within(cap: pl.Expr) -> pl.Expr:
        return pl.when(cap.is_not_null() & need.is_not_null()).then(pl.min_horizontal(need, cap))

    text = pl.String()
    return [
        lookup.by_place(lambda profile: profile.title, text, "").alias("fund_title"),
        lookup.by_place(lambda profile: SEPARATOR.join(profile.uses), text, "").alias("uses"),
        lookup.by_place(lambda profile: profile.weakest, text, "").alias("terms_verification"),
        arrears.alias("arrears"),
        future.cast(pl.Int32).alias("future_payments_most"),
        need.alias("need"),
        low.alias("award_cap"),
        within(low).alias("award"),
        within(high).alias("award_possible"),
        pl.when(arrears <= low).then(True).when(arrears > high).then(False).alias("covers_arrears"),
        lookup.figure("lien", "years").cast(pl.Int32).alias("lien_years"),
        lookup.by_place(lambda profile: profile.lien.forgivable if profile.lien else None, pl.Boolean()).alias(
            "lien_forgivable"
        ),
    ]


def _terms(lookup: Lookup) -> Callable[[pl.DataFrame, Parameters], pl.DataFrame]:
    def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
        """Work out the award."""
        if lookup.fund != HHF:
            return frame.select(_award_columns(lookup))
        paid = c("assistance_monthly_help") + c("assistance_borrower_part")
        enough = paid * WHOLE <= p["satisfied_share"] * c("monthly_gross_income")
        return frame.select(*_award_columns(lookup), enough.alias("satisfies_unemployment_program"))

    return terms


def _steps(lookup: Lookup) -> Callable[[Mapping[str, Any], Parameters], list[Step]]:
    def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
        """Show fund, award and where the fund's terms stand."""

        def of(name: str) -> Any:
            return row[column(lookup.fund, name)]

        profile = lookup.of(row)
        if profile is None:
            return [Step("Fund", "no profile is loaded for this place, or the place is not known", "none")]
        uses = ", ".join(profile.uses).replace("_", " ")
        found = [
            Step("Fund", f"pays for {uses}", profile.title),
            Step("Source", "of the profile", profile.words(profile)),
        ]
        found += [
            Step(f"Source: {name.replace('_', ' ')}", "of the term", profile.words(term))
            for name, term in profile.terms()
        ]
        found += [
            Step("Arrears", "unpaid payments, late charges and costs, less any contribution", of("arrears"), "money"),
            Step("Future payments", "at most", of("future_payments_most"), "count"),
            Step("Need", "arrears and future payments", of("need"), "money"),
            Step("Award", "need within the cap", of("award"), "money"),
            Step("Award at the higher cap", "where a second cap may apply", of("award_possible"), "money"),
            Step("Covers the arrears", "at the caps known", of("covers_arrears"), "flag"),
        ]
        if lookup.fund == HHF:
            found.append(
                Step(
                    "Satisfies the forbearance for the unemployed",
                    "help and borrower's part against income",
                    of("satisfies_unemployment_program"),
                    "flag",
                    ("satisfied_share",),
                )
            )
        return found

    return steps


def _option(lookup: Lookup, rules: RuleTable) -> Option:
    own: dict[str, TermType] = {"satisfies_unemployment_program": "flag"} if lookup.fund == HHF else {}
    return Option(
        id=lookup.fund,
        kind="keep",
        law=law(lookup.fund),
        rules=rules,
        terms=_terms(lookup),
        columns={**COLUMNS, **own},
        needs=("state", "months_delinquent", "contractual_payment"),
        additive=("late_charges", "servicing_advances", "borrower_contribution"),
        steps=_steps(lookup),
    )


def program_with(profiles: Profiles | None = None) -> Program:
    """Return the program for the given profiles; it applies to any loan in a state with a loaded profile.

    Args:
        profiles: from :func:`load_profiles`; None means those that ship with the package.
    """
    profiles = load_profiles() if profiles is None else profiles
    haf, hhf, local = (Lookup(fund, tuple(profiles.of(fund))) for fund in (HAF, HHF, LOCAL))
    order = (HAF, HHF, LOCAL)
    return Program(
        id=NAME,
        title="Assistance funds (open to any loan)",
        applies=c("state").is_in(profiles.states),
        options=(_option(haf, haf_rules(haf)), _option(hhf, hhf_rules(hhf)), _option(local, local_rules(local))),
        orders={"standard": order},
        order=pl.lit("standard"),
        order_sources={"standard": {"cite": "PRACTICE", "verification": "unverified"}},
    )
