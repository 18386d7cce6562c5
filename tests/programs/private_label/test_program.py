"""The program: every power denied names its clause, three answers, limits, terms and texts."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hopenow.errors import InputError
from hopenow.money import format_cents
from hopenow.programs.private_label import PROGRAM, load_profiles, program_with
from hopenow.programs.private_label.lookup import UNLISTED
from hopenow.programs.private_label.profile import (
    LIMITS,
    POWERS,
    REPEATS,
    Consent,
    MostModifications,
    NetPresentValue,
    PoolCap,
    Profiles,
    Target,
    Trigger,
)
from hopenow.programs.registry import program
from tests.programs.private_label.loans import (
    GOOD,
    LEAVING,
    answers,
    everything,
    failed,
    frame,
    refusing,
    unknown,
)

ALL = program_with(everything(), {"everything": Decimal("4.9999")})
MODIFICATION = "portfolio_modification"
DENIALS = {
    "allow_forbearance_plan": ("portfolio_forbearance", "PL-F-1"),
    "allow_repayment_plan": ("portfolio_repayment_plan", "PL-P-1"),
    "allow_deferral": ("portfolio_deferral", "PL-D-1"),
    "allow_short_sale": ("portfolio_short_sale", "PL-S-1"),
    "allow_deed_in_lieu": ("portfolio_deed_in_lieu", "PL-L-1"),
}
CASES: dict[str, dict[str, Any]] = {
    "portfolio_forbearance": {"hardship_resolved": False},
    "portfolio_repayment_plan": {"monthly_capacity": 400_000, "borrower_contribution": 100_000},
    "portfolio_deferral": {},
    "portfolio_modification": {},
    "portfolio_short_sale": LEAVING,
    "portfolio_deed_in_lieu": LEAVING,
}


def one(loaded: Any, option: str, **changes: Any) -> dict[str, Any]:
    return answers(loaded, option, frame(CASES.get(option, {}) | changes))[0]


# --- rules and law --------------------------------------------------------------------------------


def test_rules_and_law_files_agree() -> None:
    assert program("private_label") is PROGRAM
    for option in PROGRAM.options:
        assert set(option.rules) == set(option.law.rules)
        assert all(name.startswith("PL-") for name in option.rules)


def test_no_rule_that_denies_is_unverified() -> None:
    for option in PROGRAM.options:
        for rule in option.law.rules.values():
            assert {source.verification for source in rule.sources} <= {"verified", "secondary"}


@pytest.mark.parametrize("investor", ["private_label", "portfolio", "fannie_mae", None])
@pytest.mark.parametrize("loan_type", ["conventional", "fha", None])
def test_which_loans_are_its_own(investor: str | None, loan_type: str | None) -> None:
    loans = frame({"investor": investor, "loan_type": loan_type})
    own = loans.select(PROGRAM.applies.alias("own"))["own"][0]
    if loan_type == "fha" or investor == "fannie_mae":
        assert own is False
    else:
        assert own is (None if investor is None else True)


# --- three answers --------------------------------------------------------------------------------


@pytest.mark.parametrize("option", CASES)
def test_everything_allowed_and_fitting_is_eligible(option: str) -> None:
    answer = one(ALL, option)
    assert unknown(answer) == []
    # The short sale still needs the consent that the profile asks for.
    assert failed(answer) == (["PL-6"] if option == "portfolio_short_sale" else [])


@pytest.mark.parametrize("option", CASES)
def test_unknown_profile_leaves_open(option: str) -> None:
    answer = one(ALL, option, investor_profile=None)
    assert {"PL-1", "PL-2"} <= set(unknown(answer))
    assert failed(answer) == []
    rules = next(item for item in ALL.options if item.id == option).rules
    assert set(rules["PL-1"]({}).meta.root_names()) == {"investor_profile"}  # type: ignore[arg-type]


@pytest.mark.parametrize("option", CASES)
def test_profile_that_is_not_loaded_is_refused(option: str) -> None:
    answer = one(ALL, option, investor_profile="series_2006_a")
    assert "PL-1" in failed(answer)
    assert answer["refused"] == UNLISTED
    assert "own words decide" in answer["refused"]


@pytest.mark.parametrize("option", CASES)
def test_deny_all_refuses_everything_and_says_that_no_clause_allows_it(option: str) -> None:
    answer = one(PROGRAM, option, investor_profile="deny_all")
    assert any(name.endswith("-1") and name != "PL-1" for name in failed(answer))
    assert "no clause allows it" in answer["refused"]


def test_reinstatement_needs_no_profile() -> None:
    answer = one(PROGRAM, "reinstatement", investor_profile="deny_all", can_reinstate=True)
    assert failed(answer) == unknown(answer) == []
    assert answer["amount"] == 4 * (209_765 + 40_000)


@pytest.mark.parametrize(
    ("day", "in_force"),
    [("2004-12-31", False), ("2005-01-01", True), ("2029-12-31", True), ("2030-01-01", False)],
)
def test_profile_is_in_force_from_its_first_to_its_last_day(day: str, in_force: bool) -> None:
    answer = one(ALL, "portfolio_deferral", evaluation_date=datetime.date.fromisoformat(day))
    assert answer["PL-2"] is in_force


# --- every permission, denied, names its clause ---------------------------------------------------


@pytest.mark.parametrize("power", DENIALS)
@pytest.mark.parametrize("stated", [True, False], ids=["clause refuses", "no clause"])
def test_denied_workout_names_its_clause(power: str, stated: bool) -> None:
    option, rule = DENIALS[power]
    profile = everything()["everything"]
    refused = refusing(profile, power, "shall not do this") if stated else None
    answer = one(program_with(everything(**{power: refused})), option)
    assert [name for name in failed(answer) if name != "PL-6"] == [rule]
    words = "“shall not do this” (Pooling agreement, 9.99; verified)" if stated else "no clause allows it"
    assert words in answer["refused"]
    assert power.removeprefix("allow_").replace("_", " ") in answer["refused"]


@pytest.mark.parametrize("step", ["rate_cut", "term_extension", "forbearance", "forgiveness"])
@pytest.mark.parametrize("stated", [True, False], ids=["clause refuses", "no clause"])
def test_denied_step_is_skipped_and_named(step: str, stated: bool) -> None:
    power = f"allow_{step}"
    profile = everything()["everything"]
    # A target so far away that every step is wanted.
    far = Target(
        kind="payment_reduction",
        percent=90,
        if_missed="offer_if_lower",
        clause="c",
        cite="PSA",
        verification="verified",
    )
    changes: dict[str, Any] = {
        power: refusing(profile, power, f"no {step}") if stated else None,
        "order": tuple(item for item in profile.order if item != step),
        "target": far,
    }
    loaded = program_with(everything(**changes), {"everything": "0"})
    cheap = {"property_value": 15_000_000}
    answer = one(loaded, MODIFICATION, **cheap)
    free = one(program_with(everything(target=far)), MODIFICATION, **cheap)
    name = step.replace("_", " ")
    expected = (
        f"{name}: “no {step}” (Pooling agreement, 9.99; verified)"
        if stated
        else f"{name}: no clause allows it"
    )
    assert answer["step_refused"] == expected
    assert answer[f"payment_after_{step}"] is None
    assert free[f"payment_after_{step}"] is not None
    assert free["step_refused"] == ""
    assert answer["principal_and_interest"] > free["principal_and_interest"]


def test_refused_step_that_was_not_wanted_is_not_named() -> None:
    loaded = program_with(
        everything(allow_forgiveness=None, order=("term_extension", "rate_cut", "forbearance"))
    )
    answer = one(loaded, MODIFICATION)
    assert answer["target_met"]
    assert answer["step_refused"] == ""
    assert "forgiveness: no clause allows it" in answer["refused"]


def test_denied_capitalization_leaves_the_arrears_past_due() -> None:
    profile = everything()["everything"]
    loaded = program_with(
        everything(allow_capitalization=refusing(profile, "allow_capitalization", "never add"))
    )
    answer = one(loaded, MODIFICATION)
    assert answer["gross_balance"] == 28_000_000
    assert answer["left_past_due"] == answer["arrearage"] > 0
    assert "PL-M-5" in failed(answer)
    assert "capitalization: “never add”" in answer["step_refused"]
    paid = one(loaded, MODIFICATION, borrower_contribution=answer["arrearage"] + 100_00)
    assert paid["PL-M-5"] is True
    assert paid["gross_balance"] == 28_000_000 - 100_00


def test_no_step_allowed_refuses_the_modification() -> None:
    nothing = dict.fromkeys(
        ("allow_rate_cut", "allow_term_extension", "allow_forbearance", "allow_forgiveness")
    )
    answer = one(program_with(everything(**nothing, order=(), target=None)), MODIFICATION)
    assert "PL-M-1" in failed(answer)
    assert answer["refused"].count("no clause allows it") == 4


def test_rate_that_can_still_change_may_not_be_fixed_without_a_clause() -> None:
    fixed = everything(allow_rate_cut=None, order=("term_extension", "forgiveness", "forbearance"))
    adjustable = {"amortization_type": "adjustable", "rate_is_final": False}
    assert one(program_with(fixed), MODIFICATION, **adjustable)["PL-M-6"] is False
    assert one(ALL, MODIFICATION, **adjustable)["PL-M-6"] is True
    assert one(program_with(fixed), MODIFICATION, amortization_type="adjustable")["PL-M-6"] is None


# --- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("used", "expected"), [("4.9999", True), ("5", False), ("5.0001", False), (None, None)]
)
def test_pool_cap(used: str | None, expected: bool | None) -> None:
    loaded = program_with(everything(), {} if used is None else {"everything": used})
    assert one(loaded, MODIFICATION)["PL-4"] is expected
    # The cap bears on modifications only.
    assert one(loaded, "portfolio_deferral")["PL-4"] is True


def test_no_pool_cap_needs_no_use() -> None:
    none = PoolCap(percent="none", clause="none", cite="PSA", verification="verified")
    assert one(program_with(everything(pool_cap_percent=none)), MODIFICATION)["PL-4"] is True


def test_pool_use_is_checked() -> None:
    with pytest.raises(InputError) as caught:
        program_with(everything(), {"nobody": 1, "everything": 101, "deny_all": "much"})
    assert len(caught.value.findings) == 3


def test_net_present_value_is_open_until_there_is_a_result() -> None:
    required = NetPresentValue(
        required=True, options=("modification",), clause="c", cite="PSA", verification="verified"
    )
    answer = one(program_with(everything(npv_required=required), {"everything": 0}), MODIFICATION)
    assert unknown(answer) == ["PL-5"]
    assert failed(answer) == []


def test_consent_is_asked_of_the_named_party() -> None:
    consent = Consent(
        party="the trustee", options=("modification",), clause="c", cite="PSA", verification="verified"
    )
    answer = one(program_with(everything(consent_from=consent), {"everything": 0}), MODIFICATION)
    assert failed(answer) == ["PL-6"]
    assert answer["consent_from"] == "the trustee"
    option = next(item for item in ALL.options if item.id == MODIFICATION)
    assert option.law.rules["PL-6"].effect == "approval"
    assert one(ALL, MODIFICATION)["consent_from"] == ""


@pytest.mark.parametrize(
    ("when", "days", "expected"),
    [
        ("default", 29, False),
        ("default", 30, True),
        ("default_or_reasonably_foreseeable", 30, True),
        ("default_or_reasonably_foreseeable", 29, None),
        ("none", 0, True),
    ],
)
def test_trigger(when: str, days: int, expected: bool | None) -> None:
    limited = when != "none"
    trigger = Trigger(
        when=when, days_delinquent=30 if limited else None, options=("modification",) if limited else (),
        clause="c", cite="PSA", verification="verified",
    )  # type: ignore[arg-type]  # fmt: skip
    assert (
        one(program_with(everything(trigger=trigger)), MODIFICATION, days_delinquent=days)["PL-3"] is expected
    )


def test_facts_of_pool_value_consent_and_foresight_are_used() -> None:
    names = ("pool_used_percent", "npv_positive", "investor_consent", "default_reasonably_foreseeable")
    clause: dict[str, Any] = {
        "options": ("modification",),
        "clause": "c",
        "cite": "PSA",
        "verification": "verified",
    }
    profiles = everything(
        npv_required=NetPresentValue(required=True, **clause),
        consent_from=Consent(party="the trustee", **clause),
        trigger=Trigger(when="default_or_reasonably_foreseeable", days_delinquent=500, **clause),
    )
    loaded = program_with(profiles, {"everything": 99})
    facts = [pl.Series(names[0], [10_000, 60_000]), *(pl.Series(name, [True, False]) for name in names[1:])]
    loans = frame({}, {}).drop(names, strict=False).with_columns(facts)
    good, bad = answers(loaded, MODIFICATION, loans)
    assert failed(good) == unknown(good) == []
    assert failed(bad) == ["PL-3", "PL-4", "PL-5", "PL-6"]


@pytest.mark.parametrize(
    ("changes", "rule", "expected"),
    [
        ({"last_modification_date": datetime.date(2024, 3, 10)}, "PL-M-7", True),
        ({"last_modification_date": datetime.date(2024, 3, 11)}, "PL-M-7", False),
        ({"last_modification_date": None}, "PL-M-7", None),
        ({"prior_modifications": 1}, "PL-M-8", True),
        ({"prior_modifications": 2}, "PL-M-8", False),
        ({"prior_modifications": None}, "PL-M-8", None),
        ({"lien_position": 2}, "PL-M-2", False),
        ({"texas_50a6": True, "texas_50a6_lawful": False}, "PL-M-9", False),
    ],
)
def test_further_rules_of_a_modification(changes: dict[str, Any], rule: str, expected: bool | None) -> None:
    assert one(ALL, MODIFICATION, **changes)[rule] is expected


def test_limits_that_are_not_stated_do_not_bind() -> None:
    loaded = program_with(everything(months_between_modifications=None, most_modifications=None))
    answer = one(loaded, MODIFICATION, prior_modifications=None, last_modification_date=None)
    assert answer["PL-M-7"] is answer["PL-M-8"] is True
    once = MostModifications(count=1, clause="c", cite="PSA", verification="verified")
    loaded = program_with(everything(most_modifications=once))
    assert one(loaded, MODIFICATION, prior_modifications=1)["PL-M-8"] is False


# --- terms of a modification ----------------------------------------------------------------------


def test_template_waterfall_by_hand() -> None:
    """31 % of 5,000 less 400 of taxes and insurance leaves 1,150; 287,000 at 2 % needs 323 months."""
    answer = one(PROGRAM, MODIFICATION, investor_profile="generic_portfolio")
    assert answer["target_payment"] == 115_000
    assert answer["interest_months"] == 4
    assert answer["delinquent_interest"] == 700_000
    assert answer["gross_balance"] == 28_700_000
    assert answer["starting_term"] == 296
    assert (answer["rate"], answer["rate_steps"]) == (20_000, 44)
    assert (answer["term"], answer["principal_and_interest"]) == (323, 114_979)
    assert answer["forborne"] == answer["forgiven"] == 0
    assert answer["housing_ratio"] == 309_958
    assert answer["maturity_date"] == datetime.date(2052, 2, 1)
    assert unknown(answer) == ["PL-5"]
    assert failed(answer) == []
    assert "investor's own rules apply" in answer["profile_label"]
    assert answer["clause_verification"] == "secondary"


@pytest.mark.parametrize(
    ("value", "limit", "forborne"),
    # A third of 287,000 to the cent below (33.3333 %), and 100 % of the value.
    [
        (10_000_000, "share of the balance", 9_566_657),
        (25_000_000, "property value", 3_700_000),
        (28_700_000, "property value", 0),
    ],
)
def test_template_forbears_a_third_but_not_below_the_value(value: int, limit: str, forborne: int) -> None:
    answer = one(
        PROGRAM,
        MODIFICATION,
        investor_profile="generic_portfolio",
        monthly_gross_income=250_000,
        property_value=value,
    )
    assert (answer["rate"], answer["term"]) == (20_000, 480)
    assert (answer["forborne"], answer["forborne_limit"]) == (forborne, limit)
    assert answer["interest_bearing_balance"] == 28_700_000 - forborne
    assert answer["deferred_balance"] == forborne
    assert answer["target_met"] is False
    # Missing the target is not fatal in the template: the payment is lower.
    assert answer["PL-M-4"] is True


def test_missing_the_target_is_fatal_where_the_profile_says_so() -> None:
    far = {
        "kind": "payment_reduction",
        "percent": 90,
        "clause": "c",
        "cite": "PSA",
        "verification": "verified",
    }
    for if_missed, expected in (("refuse", False), ("offer_if_lower", True)):
        target = Target(if_missed=if_missed, **far)  # type: ignore[arg-type]
        assert one(program_with(everything(target=target)), MODIFICATION)["PL-M-4"] is expected


def test_payment_at_or_below_the_target_needs_no_modification() -> None:
    # 31 % of income less 400 is exactly the present payment of 2,097.65.
    income = 805_693
    assert income * 31 // 100 - 40_000 == 209_764
    below = one(PROGRAM, MODIFICATION, investor_profile="generic_portfolio", monthly_gross_income=income)
    assert below["PL-M-3"] is True
    at = one(PROGRAM, MODIFICATION, investor_profile="generic_portfolio", monthly_gross_income=income + 4)
    assert at["PL-M-3"] is False


@pytest.mark.parametrize("fact", ["monthly_gross_income", "monthly_taxes", "monthly_insurance"])
def test_unknown_income_or_escrow_leaves_the_terms_open(fact: str) -> None:
    answer = one(PROGRAM, MODIFICATION, investor_profile="generic_portfolio", **{fact: None})
    assert answer["principal_and_interest"] is None
    assert {"PL-M-3", "PL-M-4"} <= set(unknown(answer))
    option = next(item for item in PROGRAM.options if item.id == MODIFICATION)
    assert fact in option.needs


def test_reduction_target_needs_no_income() -> None:
    answer = one(ALL, MODIFICATION, monthly_gross_income=None)
    assert answer["target_payment"] == 209_765 * 75 // 100
    assert answer["target_met"]
    assert answer["housing_ratio"] is None
    assert unknown(answer) == []


def test_unknown_value_matters_only_where_principal_is_taken() -> None:
    assert one(ALL, MODIFICATION, property_value=None)["target_met"] is True
    far = Target(
        kind="payment_reduction",
        percent=90,
        if_missed="refuse",
        clause="c",
        cite="PSA",
        verification="verified",
    )
    answer = one(program_with(everything(target=far)), MODIFICATION, property_value=None)
    assert answer["PL-M-4"] is None


def test_term_stops_at_the_latest_maturity() -> None:
    profile = everything()["everything"]
    assert profile.allow_term_extension is not None
    extension = profile.allow_term_extension.model_copy(update={"latest_maturity": datetime.date(2050, 6, 1)})
    only_term = {
        "allow_rate_cut": None, "allow_forbearance": None, "allow_forgiveness": None,
        "order": ("term_extension",),
        "allow_term_extension": extension,
    }  # fmt: skip
    answer = one(program_with(everything(**only_term)), MODIFICATION)
    assert answer["maturity_date"] == datetime.date(2050, 6, 1)
    assert answer["longest_term"] == answer["term"]


def test_maturity_does_not_move_without_a_clause() -> None:
    loaded = program_with(
        everything(allow_term_extension=None, order=("rate_cut", "forgiveness", "forbearance"))
    )
    answer = one(loaded, MODIFICATION)
    assert answer["maturity_date"] == datetime.date(2049, 11, 1)
    assert (
        one(loaded, MODIFICATION, maturity_date=datetime.date(2025, 1, 1))["principal_and_interest"] is None
    )
    assert (
        one(ALL, MODIFICATION, maturity_date=datetime.date(2025, 1, 1))["principal_and_interest"] is not None
    )


def test_trial_moves_the_first_payment_and_its_interest() -> None:
    with_trial, without = one(ALL, MODIFICATION), one(program_with(everything(trial=None)), MODIFICATION)
    assert (with_trial["trial_months"], without["trial_months"]) == (3, 0)
    assert with_trial["first_payment_date"] == datetime.date(2025, 7, 1)
    assert without["first_payment_date"] == datetime.date(2025, 4, 1)
    assert with_trial["delinquent_interest"] - without["delinquent_interest"] == 3 * 175_000


def test_earlier_deferred_balance_stays_deferred() -> None:
    answer = one(ALL, MODIFICATION, deferred_balance=1_000_000)
    assert answer["gross_balance"] == one(ALL, MODIFICATION)["gross_balance"]
    assert answer["deferred_balance"] == 1_000_000 + answer["forborne"]


def test_batch_equals_single_and_order_does_not_matter() -> None:
    loans = [
        {"investor_profile": name, "monthly_gross_income": income, "loan_id": f"{name}{income}"}
        for name in ("everything", "generic_portfolio", "deny_all", "nowhere", None)
        for income in (100_000, 400_000, None)
    ]
    together = answers(ALL, MODIFICATION, frame(*loans))
    assert together == [answers(ALL, MODIFICATION, frame(loan))[0] for loan in loans]
    assert together == answers(ALL, MODIFICATION, frame(*reversed(loans)))[::-1]


# --- plans and leaving ----------------------------------------------------------------------------


def test_forbearance_keeps_to_the_profile() -> None:
    option = "portfolio_forbearance"
    assert one(ALL, option)["months"] == 3
    assert one(ALL, option, requested_forbearance_months=2)["months"] == 2
    going_on = {"active_forbearance": True, "forbearance_start_date": datetime.date(2024, 10, 1)}
    last = one(ALL, option, **going_on, forbearance_months_used=5)
    assert (last["months"], last["start"], last["end"]) == (
        1,
        datetime.date(2025, 3, 1),
        datetime.date(2025, 3, 31),
    )
    assert one(ALL, option, **going_on, forbearance_months_used=6)["PL-F-3"] is False
    assert one(ALL, option, hardship_resolved=True)["PL-F-2"] is False


def test_repayment_plan_keeps_to_profile_and_capacity() -> None:
    option = "portfolio_repayment_plan"
    answer = one(ALL, option, monthly_capacity=340_000, borrower_contribution=0)
    # 4 x 2,497.65 = 9,990.60; capacity leaves 902.35 a month: 12 months, and the profile allows 9.
    assert answer["arrears"] == 999_060
    assert answer["months"] == 12
    assert answer["PL-P-4"] is False
    # The profile's 140 % leaves 999.06: 10 months; a contribution of 1,000 makes it 9.
    assert one(ALL, option, borrower_contribution=0)["months"] == 10
    helped = one(ALL, option)
    assert (helped["months"], helped["installment"], helped["last_installment"]) == (9, 99_896, 99_892)
    assert helped["payment"] == 249_765 + 99_896 <= 249_765 * 140 // 100
    assert helped["PL-P-4"] is True
    # Capacity not known: a plan that breaks the profile's bound is out all the same.
    assert one(ALL, option, monthly_capacity=None, borrower_contribution=0)["PL-P-4"] is False
    assert one(ALL, option, monthly_capacity=None)["PL-P-4"] is None


def test_deferral_moves_what_is_unpaid() -> None:
    option = "portfolio_deferral"
    answer = one(ALL, option, escrow_advances=50_000)
    assert answer["payments_deferred"] == 4
    assert answer["deferred_amount"] == 4 * 209_765 + 50_000
    assert answer["interest_bearing_balance"] < 28_000_000
    assert answer["next_due_date"] == datetime.date(2025, 4, 1)
    assert one(ALL, option, next_due_date=datetime.date(2024, 11, 1), days_delinquent=129)["PL-D-3"] is False
    assert one(ALL, option, hardship_resolved=False)["PL-D-4"] is False


def test_leaving_says_whether_the_rest_is_waived() -> None:
    sale, deed = one(ALL, "portfolio_short_sale"), one(ALL, "portfolio_deed_in_lieu")
    assert sale["net_proceeds"] == 22_560_000
    assert sale["deficiency"] == 28_000_000 + 700_000 - 22_560_000
    assert (sale["deficiency_waived"], deed["deficiency_waived"]) == (True, False)
    assert deed["deficiency"] == 28_700_000 - 25_000_000
    assert sale["consent_from"] == "the insurer"
    assert one(ALL, "portfolio_short_sale", minimum_net_proceeds=22_560_001)["PL-S-4"] is False
    assert one(ALL, "portfolio_deed_in_lieu", environmental_hazard=True)["PL-L-3"] is False


# --- steps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", [option.id for option in PROGRAM.options])
@pytest.mark.parametrize("name", ["everything", "generic_portfolio", "deny_all", "nowhere", None])
def test_steps_can_be_shown_for_every_loan(option: str, name: str | None) -> None:
    answer = one(ALL, option, investor_profile=name)
    found = next(item for item in ALL.options if item.id == option)
    assert found.steps is not None
    shown = found.steps(answer["row"], {})  # type: ignore[arg-type]
    assert shown
    if option != "reinstatement":
        assert shown[0].title == "Agreement"
        known = {"everything": "Made for tests", "nowhere": "own words decide", None: "not known"}
        assert known.get(name, "own rules apply") in shown[0].text


def test_steps_follow_the_order_of_the_profile() -> None:
    far = Target(
        kind="payment_reduction",
        percent=90,
        if_missed="refuse",
        clause="c",
        cite="PSA",
        verification="verified",
    )
    loaded = program_with(everything(target=far))
    option = next(item for item in loaded.options if item.id == MODIFICATION)
    assert option.steps is not None
    row = one(loaded, MODIFICATION)["row"]
    titles = [step.title for step in option.steps(row, {})]  # type: ignore[arg-type]
    wanted = ["Term", "Rate", "Principal forgiven", "Principal set aside"]
    assert [title for title in titles if title in wanted] == wanted


def test_own_files_join_the_shipped_profiles() -> None:
    profiles = load_profiles([GOOD])
    assert isinstance(profiles, Profiles)
    answer = one(program_with(profiles, {"everything": 0}), MODIFICATION)
    assert failed(answer) == unknown(answer) == []


def test_steps_say_what_is_refused() -> None:
    answer = one(ALL, MODIFICATION, investor_profile="generic_portfolio")
    option = next(item for item in ALL.options if item.id == MODIFICATION)
    assert option.steps is not None
    texts = {step.title: step.text for step in option.steps(answer["row"], {})}  # type: ignore[arg-type]
    assert texts["Forgiveness of principal"].startswith(
        "not allowed: “The typical waterfall forgives no principal”"
    )
    assert texts["Test of net present value"].startswith("“")
    assert texts["Forbearance of principal"].endswith("so never more than a third")


def test_worked_example_of_the_page(repository: Path) -> None:
    """The figures of docs/private-label.md are those of the code."""
    answer = one(PROGRAM, MODIFICATION, investor_profile="generic_portfolio")
    page = (repository / "docs" / "private-label.md").read_text(encoding="utf-8")
    for name in ("payment_after_capitalization", "payment_after_rate_cut", "payment_after_term_extension"):
        assert format_cents(answer[name], symbol="") in page
    for option in PROGRAM.options:
        assert option.id in page or option.id == "reinstatement" or option.id == MODIFICATION
    for name in (*POWERS, *LIMITS, *REPEATS):
        assert f"`{name}`" in page
