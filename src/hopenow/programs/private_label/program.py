"""The private-label and portfolio program: one set of options, any number of profiles."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from hopenow.errors import HopeNowError, InputError
from hopenow.money import ppm
from hopenow.programs.base import Program
from hopenow.programs.private_label import leaving, modification, plans
from hopenow.programs.private_label.lookup import Lookup
from hopenow.programs.private_label.profile import Profiles, load_profiles

NAME = "private_label"
INVESTORS = ("private_label", "portfolio")

_KEEP = ("reinstatement", plans.FORBEARANCE, plans.REPAYMENT, plans.DEFERRAL, modification.NAME)
_LEAVE = (leaving.SALE, leaving.DEED)


def program_with(profiles: Profiles | None = None, pool_used: Mapping[str, object] | None = None) -> Program:
    """Return the program for the given profiles.

    One program serves all profiles: each loan's fact ``investor_profile`` picks its own.

    Args:
        profiles: from :func:`load_profiles`; None means those that ship with the package.
        pool_used: profile name to the percent of its pool, by balance, that has been changed so far, not
            counting the loans at hand (text, Decimal or int); profiles left out are "not known".

    Raises:
        InputError: ``pool_used`` names a profile that is not there, or holds something that is not a
            percentage of at most one hundred; with every finding.
    """
    profiles = load_profiles() if profiles is None else profiles
    lookup = Lookup(profiles, _checked(profiles, pool_used or {}))
    leave = ~pl.col("wants_to_keep_home")
    return Program(
        id=NAME,
        title="Private label and portfolio",
        applies=pl.col("investor").is_in(INVESTORS)
        & (pl.col("loan_type").is_null() | (pl.col("loan_type") == "conventional")),
        options=(
            plans.reinstatement(),
            plans.forbearance(lookup),
            plans.repayment_plan(lookup),
            plans.deferral(lookup),
            modification.option(lookup),
            leaving.short_sale(lookup),
            leaving.deed_in_lieu(lookup),
        ),
        orders={"standard": (*_KEEP, *_LEAVE), "leave_first": (*_LEAVE, *_KEEP)},
        order=pl.when(leave).then(pl.lit("leave_first")).otherwise(pl.lit("standard")),
        order_sources={
            "standard": {"cite": "INHOUSE", "verification": "unverified"},
            "leave_first": {"cite": "INHOUSE", "verification": "unverified"},
        },
    )


def _checked(profiles: Profiles, pool_used: Mapping[str, object]) -> dict[str, int]:
    findings, found = [], {}
    for name, value in pool_used.items():
        if name not in profiles:
            findings.append(f"{name}: no such profile; loaded: {', '.join(profiles)}")
            continue
        try:
            found[name] = ppm(value)
        except HopeNowError as error:
            findings.append(f"{name}: {error}")
            continue
        if not 0 <= found[name] <= 1_000_000:
            findings.append(f"{name}: {value} is not a share of the pool; give a percentage from 0 to 100")
    if findings:
        raise InputError("the used shares of pools cannot be read", findings)
    return found
