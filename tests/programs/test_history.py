"""One loan, seven days: the programs and options of each day, and nothing that came before or after it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import polars as pl
import pytest

from hopenow.facts import schema
from hopenow.programs.registry import PROGRAMS
from hopenow.review.engine import Settings, determine

D = datetime.date
OWNERS: Mapping[str, tuple[str | None, str | None]] = {
    "fannie_mae": ("conventional", "fannie_mae"),
    "freddie_mac": ("conventional", "freddie_mac"),
    "pool": ("conventional", "private_label"),
    "lender": ("conventional", "portfolio"),
    "fha": ("fha", "ginnie_mae"),
    "va": ("va", "ginnie_mae"),
    "usda": ("usda", "ginnie_mae"),
    "section_184": ("section_184", "ginnie_mae"),
    "not known": (None, None),
}
"""Loan type and investor of a loan, by whose it is."""

COUNSELING = "housing_counseling"
AUTHORITIES = (
    "fannie_mae",
    "freddie_mac",
    "private_label",
    "fha",
    "va",
    "usda",
    "section_184",
    "hamp",
    "hope_now_2007",
    "assistance_funds",
)

OLD_ENTERPRISE = ("reinstatement", "repayment_plan", "short_sale", "mortgage_release")
ENTERPRISE = (
    "reinstatement",
    "forbearance",
    "repayment_plan",
    "payment_deferral",
    "disaster_payment_deferral",
    "flex_modification",
    "disaster_flex_modification",
    "short_sale",
    "mortgage_release",
)
PRIVATE = (
    "reinstatement",
    "portfolio_forbearance",
    "portfolio_repayment_plan",
    "portfolio_deferral",
    "portfolio_modification",
    "portfolio_short_sale",
    "portfolio_deed_in_lieu",
)
FHA = ("reinstatement", "fha_repayment_plan", "fha_forbearance", "fha_pre_foreclosure_sale", "fha_deed_in_lieu")
FHA_HAMP = ("fha_hamp_partial_claim", "fha_hamp_modification", "fha_hamp_combination")
FHA_COVID = ("fha_covid_partial_claim", "fha_covid_advance_modification", "fha_covid_modification")
VA = (
    "va_repayment_plan",
    "va_special_forbearance",
    "va_modification",
    "va_affordable_modification",
    "va_streamline_modification",
    "va_disaster_modification",
    "va_refunding",
    "va_short_sale",
    "va_deed_in_lieu",
)
USDA = (
    "usda_repayment_agreement",
    "usda_special_forbearance",
    "usda_modification",
    "usda_preforeclosure_sale",
    "usda_deed_in_lieu",
    "usda_assignment",
)
USDA_2013 = (*USDA, "usda_special_servicing")
SECTION_184 = (
    "section_184_informal_forbearance",
    "section_184_formal_forbearance",
    "section_184_unemployment_forbearance",
    "section_184_servicemember_forbearance",
    "section_184_modification",
    "section_184_advance",
    "section_184_assumption",
    "section_184_preforeclosure_sale",
    "section_184_deed_in_lieu",
)

HISTORY: Mapping[datetime.date, Mapping[str, tuple[str, ...]]] = {
    # The fast track and Project Lifeline; no public program yet.
    D(2008, 3, 1): {
        "fannie_mae": OLD_ENTERPRISE,
        "freddie_mac": OLD_ENTERPRISE,
        "private_label": PRIVATE,
        "fha": FHA,
        "va": VA,
        "hope_now_2007": ("hope_now_fast_track", "project_lifeline"),
        "assistance_funds": ("local_fund",),
    },
    # HAMP has begun; the Streamlined Modification Program has ended in March.
    D(2009, 6, 1): {
        "fannie_mae": OLD_ENTERPRISE,
        "freddie_mac": OLD_ENTERPRISE,
        "private_label": PRIVATE,
        "fha": FHA,
        "va": VA,
        "hamp": ("hamp_tier1", "second_lien_modification"),
        "hope_now_2007": ("hope_now_fast_track", "project_lifeline"),
        "assistance_funds": ("local_fund",),
    },
    # Tier 2 since June; FHA-HAMP in its first form; the Hardest Hit Fund.
    D(2012, 7, 1): {
        "fannie_mae": OLD_ENTERPRISE,
        "freddie_mac": OLD_ENTERPRISE,
        "private_label": PRIVATE,
        "fha": (*FHA, "fha_hamp_combination"),
        "va": VA,
        "hamp": ("hamp_tier1", "hamp_tier1_pra", "hamp_tier2", "hamp_tier2_pra", "second_lien_modification"),
        "assistance_funds": ("hhf", "local_fund"),
    },
    # Streamline HAMP on its first day; USDA's special servicing.
    D(2016, 1, 1): {
        "fannie_mae": OLD_ENTERPRISE,
        "freddie_mac": OLD_ENTERPRISE,
        "private_label": PRIVATE,
        "fha": (*FHA, *FHA_HAMP),
        "va": VA,
        "usda": USDA_2013,
        "hamp": (
            "hamp_tier1",
            "hamp_tier1_pra",
            "hamp_tier2",
            "hamp_tier2_pra",
            "hamp_streamline",
            "second_lien_modification",
        ),
        "assistance_funds": ("hhf", "local_fund"),
    },
    # The pandemic's options; HAMP is over.
    D(2021, 8, 1): {
        "fannie_mae": (*ENTERPRISE, "covid_payment_deferral"),
        "freddie_mac": (*ENTERPRISE, "covid_payment_deferral"),
        "private_label": PRIVATE,
        "fha": (*FHA, *FHA_HAMP, *FHA_COVID),
        "va": (*VA, "va_covid_partial_claim", "va_covid_refund_modification"),
        "usda": USDA_2013,
        "assistance_funds": ("haf", "local_fund"),
    },
    # VASP and the forty-year modification.
    D(2024, 12, 1): {
        "fannie_mae": ENTERPRISE,
        "freddie_mac": ENTERPRISE,
        "private_label": PRIVATE,
        "fha": (*FHA, *FHA_HAMP, *FHA_COVID),
        "va": (*VA, "va_forty_year_modification", "va_covid_refund_modification", "va_vasp"),
        "usda": USDA_2013,
        "assistance_funds": ("haf", "local_fund"),
    },
    # Today: FHA's permanent options, VA's partial claim, USDA's rules of 2025, Section 184.
    D(2026, 11, 25): {
        "fannie_mae": ENTERPRISE,
        "freddie_mac": ENTERPRISE,
        "private_label": PRIVATE,
        "fha": (*FHA, "fha_partial_claim", "fha_modification", "fha_combination", "fha_payment_supplement"),
        "va": (*VA, "va_thirty_year_modification", "va_forty_year_modification", "va_partial_claim"),
        "usda": (*USDA, "usda_recovery_advance", "usda_streamline"),
        "section_184": SECTION_184,
        "assistance_funds": ("haf", "local_fund"),
    },
}
"""Day to the programs that answer, each with the options in force."""

ANSWERING: Mapping[str, tuple[str, ...]] = {
    "fannie_mae": ("fannie_mae",),
    "freddie_mac": ("freddie_mac",),
    "pool": ("private_label", "hamp"),
    "lender": ("private_label", "hamp"),
    "fha": ("fha",),
    "va": ("va",),
    "usda": ("usda",),
    "section_184": ("section_184",),
    "not known": ("fannie_mae", "freddie_mac", "private_label", "fha", "va", "usda", "section_184", "hamp"),
}
"""Whose loan it is to the programs that answer, on the days on which they do; besides those open to any loan."""
ANY_LOAN = ("hope_now_2007", "assistance_funds")


def answered(owner: str, day: datetime.date) -> dict[str, list[str]]:
    """Review a loan of which only this much is known; return the programs that answer, with the options in force."""
    loan_type, investor = OWNERS[owner]
    facts = {"loan_id": "one", "evaluation_date": day, "loan_type": loan_type, "investor": investor}
    frame = pl.DataFrame([pl.Series(name, [value], dtype=schema()[name].dtype) for name, value in facts.items()])
    return {
        part.program.id: sorted(
            planned.option.id
            for planned in part.interval.options
            if planned.segment is not None and planned.option.kind != "finding"
        )
        for part in determine(frame, Settings(programs=AUTHORITIES))
    }


def test_no_program_is_left_out() -> None:
    assert set(PROGRAMS) - {COUNSELING} == set(AUTHORITIES)
    for programs in HISTORY.values():
        assert set(programs) <= set(AUTHORITIES)


@pytest.mark.parametrize("day", HISTORY, ids=str)
@pytest.mark.parametrize("owner", OWNERS)
def test_programs_of_the_day(owner: str, day: datetime.date) -> None:
    may_answer = (*ANSWERING[owner], *ANY_LOAN)
    expected = {name: sorted(options) for name, options in HISTORY[day].items() if name in may_answer}
    assert answered(owner, day) == expected
