from __future__ import annotations

import datetime
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hopenow.facts.schema import NEVER
from hopenow.mortgage.kernels import payment
from hopenow.tapes.history import amortization_check, assumptions, read_performance
from tests.tapes.performance_lines import INSTALLMENT, facts, fannie, write

BALANCE = "100000.00"


def months(first: str, rows: list[tuple[str, dict[str, str]]]) -> list[str]:
    """Rows of consecutive months from MMYYYY: a status and the fields that differ from a plain loan."""
    month, year = int(first[:2]), int(first[2:])
    lines = []
    for step, (status, fields) in enumerate(rows):
        number = year * 12 + month - 1 + step
        period = f"{number % 12 + 1:02d}{number // 12}"
        lines.append(fannie(period, fields.get("curr_actual_upb", BALANCE), status, **{
            name: value for name, value in fields.items() if name != "curr_actual_upb"
        }))  # fmt: skip
    return lines


def walk(folder: Path, first: str, rows: list[tuple[str, dict[str, str]]], **options: Any) -> pl.DataFrame:
    """Facts at each month."""
    return facts(list(read_performance(write(folder, months(first, rows)), at="each", **options)))


FORBEARANCE = {"borrower_assistance_plan": "F"}
TRIAL = {"borrower_assistance_plan": "T"}
REPAYMENT = {"borrower_assistance_plan": "R"}
NONE = {"borrower_assistance_plan": "N"}
DEFERRED = {"alternative_delinquency_resolution": "P", "total_deferral_amount": "3000.00"}
MODIFIED = {
    "mod_flag": "Y",
    "curr_rate": "4.000",
    "maturity": "062062",
    "curr_actual_upb": "110000.00",
    "non_interest_bearing_upb": "0.00",
}


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def test_status_and_dates(tmp_path: Path) -> None:
    frame = walk(tmp_path, "032022", [("00", {}), ("00", {}), ("01", {}), ("02", {}), ("00", {})])
    assert frame["next_due_date"].to_list() == [
        day("2022-04-01"), day("2022-05-01"), day("2022-05-01"), day("2022-05-01"), day("2022-08-01"),
    ]  # fmt: skip
    assert frame["evaluation_date"].to_list()[2:4] == [day("2022-05-31"), day("2022-06-30")]
    assert frame["days_delinquent"].to_list() == [0, 0, 30, 60, 0]
    assert frame["remaining_term"].to_list() == [357, 356, 356, 356, 353]
    # The first two installments fell due before the tape begins.
    assert frame["thirty_day_lates_last_6_months"].to_list() == [None] * 5
    assert frame["payments_since_note_or_modification"].to_list() == [3, 4, 4, 4, 7]


def test_lates_of_the_last_six_months(tmp_path: Path) -> None:
    late = ["00", "01", "00", "01", "02", "00", "00", "00", "00", "XX"]
    frame = walk(tmp_path, "012022", [(status, {}) for status in late])
    assert frame["thirty_day_lates_last_6_months"].to_list() == [0, 1, 1, 2, 3, 3, 3, 2, 2, None]
    assert frame["payment_history"][-2] == "0,0,0,0,2,1,0,1,0"
    assert frame["months_delinquent"][-1] is None


def test_a_forbearance_plan(tmp_path: Path) -> None:
    rows = [("00", {}), ("01", FORBEARANCE), ("02", FORBEARANCE), ("03", FORBEARANCE), ("04", {}), ("00", {})]
    frame = walk(tmp_path, "012022", rows)
    assert frame["active_forbearance"].to_list() == [False, True, True, True, False, False]
    assert frame["forbearance_months_used"].to_list() == [0, 1, 2, 3, 3, 0]
    start = day("2022-02-01")
    assert frame["forbearance_start_date"].to_list() == [NEVER, start, start, start, start, NEVER]


def test_a_repayment_plan(tmp_path: Path) -> None:
    frame = walk(tmp_path, "012022", [("00", {}), ("01", {}), ("01", REPAYMENT)])
    assert frame["active_repayment_plan"].to_list() == [False, False, True]


@pytest.mark.parametrize("code", ["P", "C"])
def test_a_payment_deferral(tmp_path: Path, code: str) -> None:
    deferred = {
        "alternative_delinquency_resolution": code,
        "total_deferral_amount": "3000.00",
        "curr_actual_upb": "102500.00",
    }
    rows = [("00", {}), ("01", {}), ("02", {}), ("03", {}), ("00", deferred), ("00", deferred)]
    frame = walk(tmp_path, "012022", rows)
    # 3,000.00 holds four installments of 719.46 and some escrow; three were unpaid and a fourth fell due.
    assert frame["deferred_months_used"].to_list() == [0, 0, 0, 0, 4, 4]
    assert frame["deferred_balance"].to_list()[3:] == [0, 3_000_00, 3_000_00]
    assert frame["interest_bearing_balance"][4] == 99_500_00
    assert frame["last_payment_deferral_date"].to_list()[3:] == [NEVER, day("2022-05-01"), day("2022-05-01")]
    assert frame["payments_since_note_or_modification"].to_list() == [1, 1, 1, 1, 1, 2]


def test_a_deferral_for_a_disaster_does_not_count(tmp_path: Path) -> None:
    deferred = {"alternative_delinquency_resolution": "D", "total_deferral_amount": "1438.92"}
    frame = walk(tmp_path, "012022", [("00", {}), ("01", {}), ("00", deferred)])
    assert frame["deferred_months_used"][-1] == 0
    assert frame["last_payment_deferral_date"][-1] == NEVER
    assert frame["deferred_balance"][-1] == 1_438_92


def test_the_non_interest_bearing_balance_may_hold_the_deferral(tmp_path: Path) -> None:
    before = {**MODIFIED, "non_interest_bearing_upb": "5000.00"}
    code = {"alternative_delinquency_resolution": "P", "total_deferral_amount": "2000.00"}
    inside = {**before, **code, "non_interest_bearing_upb": "7000.00"}
    beside = {**before, **code}
    start = [("00", {}), ("00", before), *[("00", before)] * 4, ("03", before)]
    assert walk(tmp_path, "012022", [*start, ("00", inside)])["deferred_balance"][-1] == 7_000_00
    assert walk(tmp_path, "012022", [*start, ("00", beside)])["deferred_balance"][-1] == 7_000_00


def test_a_modification_after_a_trial(tmp_path: Path) -> None:
    rows = [
        ("00", {}),
        *[(f"0{late}", {}) for late in range(1, 5)],
        *[("04", TRIAL)] * 3,
        ("04", NONE),
        ("00", MODIFIED),
    ]
    frame = walk(tmp_path, "012022", [*rows, ("00", {**MODIFIED, "curr_actual_upb": "109874.00"})])
    assert frame["active_trial"].to_list() == [False] * 5 + [True] * 3 + [False] * 3
    assert set(frame["last_failed_trial_date"]) == {NEVER}
    assert frame["prior_modifications"].to_list() == [0] * 9 + [1, 1]
    assert frame["last_modification_date"].to_list()[-2:] == [day("2022-10-01")] * 2
    assert frame["last_flex_modification_date"][-1] == day("2022-10-01")
    assert frame["flex_modification_redefault_date"][-1] == NEVER
    # November 2022 to June 2062.
    assert frame["remaining_term"][9] == 476
    assert frame["monthly_principal_and_interest"][9] == payment(110_000_00, 40_000, 476)
    assert frame["payments_since_note_or_modification"].to_list()[-3:] == [5, 0, 1]


def test_a_rate_that_arrives_a_month_after_the_flag(tmp_path: Path) -> None:
    rows = [("00", {}), ("00", {**MODIFIED, "curr_rate": "6.000"}), ("00", MODIFIED)]
    frame = walk(tmp_path, "012022", rows)
    assert frame["monthly_principal_and_interest"][1] == payment(110_000_00, 60_000, 484)
    assert frame["monthly_principal_and_interest"][2] == payment(110_000_00, 40_000, 483)
    assert frame["prior_modifications"].to_list() == [0, 1, 1]


@pytest.mark.parametrize(
    ("after", "failed"),
    [
        ([("05", NONE), ("06", NONE), ("07", NONE)], day("2022-05-31")),
        ([("05", FORBEARANCE), ("06", FORBEARANCE), ("07", FORBEARANCE)], NEVER),
        ([("00", NONE), ("00", NONE), ("00", NONE)], NEVER),
        ([("05", NONE), ("05", TRIAL), ("05", TRIAL)], NEVER),
        ([("05", NONE), ("00", DEFERRED), ("00", {})], NEVER),
    ],
)  # fmt: skip
def test_a_trial_that_ends(
    tmp_path: Path, after: list[tuple[str, dict[str, str]]], failed: datetime.date
) -> None:
    rows = [("02", {}), ("03", TRIAL), ("04", TRIAL), ("04", TRIAL), *after]
    frame = walk(tmp_path, "012022", rows)
    assert frame["last_failed_trial_date"][-1] == failed


def test_a_failed_trial_shows_only_after_the_grace(tmp_path: Path) -> None:
    rows = [("02", {}), ("03", TRIAL), ("04", NONE), ("05", NONE), ("06", NONE)]
    frame = walk(tmp_path, "012022", rows)
    assert frame["last_failed_trial_date"].to_list() == [NEVER] * 4 + [day("2022-03-31")]


def test_a_second_modification_while_the_flag_stays(tmp_path: Path) -> None:
    again = {**MODIFIED, "maturity": "122063", "curr_actual_upb": "118000.00"}
    rows = [("00", {}), *[("00", MODIFIED)] * 6, ("03", MODIFIED), ("00", again), ("00", again)]
    frame = walk(tmp_path, "012022", rows)
    assert frame["prior_modifications"].to_list() == [0, *[1] * 7, 2, 2]
    assert frame["last_modification_date"][-1] == day("2022-09-01")


def test_redefault_and_reinstatement_after_a_flex_modification(tmp_path: Path) -> None:
    rows = [
        ("00", {}),
        ("00", MODIFIED),
        ("01", MODIFIED),
        ("02", MODIFIED),
        ("03", MODIFIED),
        ("00", MODIFIED),
    ]
    frame = walk(tmp_path, "012022", rows)
    assert frame["flex_modification_redefault_date"].to_list()[2:] == [NEVER, *[day("2022-04-30")] * 3]
    assert frame["flex_modification_reinstated"].to_list() == [None, None, None, False, False, True]


def test_a_modification_before_the_flex_program(tmp_path: Path) -> None:
    old = {"orig_date": "112014", "first_pay": "012015", "maturity": "122044"}
    rows = [("00", old), ("00", {**old, **MODIFIED})]
    frame = walk(tmp_path, "012015", rows)
    assert frame["prior_modifications"][-1] == 1
    assert frame["last_modification_date"][-1] == day("2015-02-01")
    assert frame["last_flex_modification_date"][-1] == NEVER


def test_a_history_that_begins_late_leaves_things_unknown(tmp_path: Path) -> None:
    blank = {"borrower_assistance_plan": "", "alternative_delinquency_resolution": ""}
    rows = [("03", {**blank, **MODIFIED}), ("04", {**blank, **MODIFIED})]
    row = walk(tmp_path, "012026", rows).row(-1, named=True)
    unknown = (
        "last_modification_date", "last_flex_modification_date", "last_failed_trial_date",
        "last_payment_deferral_date",
        "deferred_months_used", "active_trial", "active_forbearance", "payments_since_note_or_modification",
    )  # fmt: skip
    assert {name: row[name] for name in unknown} == dict.fromkeys(unknown)
    assert row["prior_modifications"] == 1
    # Its installment is derived from what the first month seen says: 440 months from November 2025.
    assert row["monthly_principal_and_interest"] == payment(110_000_00, 40_000, 440)


def test_a_reported_payment_history_fills_the_months_before_the_tape(tmp_path: Path) -> None:
    reported = "00" * 18 + "XX01000000" + "01"
    rows = [("01", {"payment_history": reported}), ("02", {"payment_history": reported[2:] + "02"})]
    frame = walk(tmp_path, "012026", rows)
    assert frame["payment_history"][1].startswith("2,1,0,0,0,1,,0,0")
    assert frame["thirty_day_lates_last_6_months"].to_list() == [None, 3]


def paid(balance: int, months: int) -> list[str]:
    """Balances after each of some installments of 721.86, which a note for 120,400.00 has."""
    texts = []
    for _ in range(months):
        balance -= 721_86 - (balance * 6 + 600) // 1_200
        texts.append(f"{balance // 100}.{balance % 100:02d}")
    return texts


def test_the_first_balance_tells_the_original_one(tmp_path: Path) -> None:
    # The published 120,000.00 gives 719.46.
    rows = [("00", {"curr_actual_upb": text}) for text in ["", "", "", *paid(120_400_00, 6)[3:]]]
    frame = walk(tmp_path, "012022", rows, detail=True)
    assert frame["monthly_principal_and_interest"].to_list() == [719_46] * 3 + [721_86] * 3
    assert frame["event"].to_list()[4:] == ["matched", "matched"]


def test_the_installment_is_confirmed_by_two_equal_months(tmp_path: Path) -> None:
    # Principal paid early hides the original balance: 719.46 until two months show the same.
    rows = [("00", {"curr_actual_upb": text}) for text in paid(118_000_00, 4)]
    frame = walk(tmp_path, "012022", rows, detail=True)
    assert frame["monthly_principal_and_interest"].to_list() == [719_46, 719_46, 721_86, 721_86]
    assert frame["event"].to_list()[2:] == ["matched", "matched"]


def test_a_little_paid_early_does_not_hide_the_installment(tmp_path: Path) -> None:
    # 700.00 paid early makes the first balance look like one of a note for 119,700.00 (717.66).
    rows = [("00", {"curr_actual_upb": text}) for text in paid(119_700_00, 4)]
    frame = walk(tmp_path, "012022", rows, detail=True)
    first, second, *rest = frame["monthly_principal_and_interest"].to_list()
    assert first == second < 719_46
    assert rest == [721_86, 721_86]


def test_what_happened_in_a_month(tmp_path: Path) -> None:
    balances = ["119880.54", "119760.48", "119639.82", "119518.56", "118896.69", "118896.69", "118646.11"]
    rows = [("00", {"curr_actual_upb": text}) for text in balances]
    frame = walk(
        tmp_path, "012022", [*rows, ("00", {"curr_actual_upb": "118700.00"}), ("01", {})], detail=True
    )
    assert frame["event"].to_list() == [
        "first month", "matched", "matched", "matched", "curtailment", "no payment posted", "two payments",
        "balance rose",
        "not current in both months",
    ]  # fmt: skip
    # 118,896.69 instead of 119,396.69: 500.00 more than the scheduled 121.87.
    assert frame["curtailment"][4] == 500_00
    check = amortization_check(tmp_path / "tape.txt")
    assert (check.loan_months, check.compared, check.matched) == (9, 7, 3)
    assert check.share == 3 / 7


def test_an_adjustable_loan_is_re_amortized_when_its_rate_changes(tmp_path: Path) -> None:
    arm = {"amort_type": "ARM", "arm_lifetime_cap": "5.0000"}
    rows = [("00", arm), ("00", {**arm, "curr_rate": "7.000"})]
    frame = walk(tmp_path, "012022", rows)
    assert frame["monthly_principal_and_interest"].to_list() == [
        INSTALLMENT,
        payment(100_000_00, 70_000, 358),
    ]
    assert frame["amortization_type"].to_list() == ["adjustable", "adjustable"]
    assert frame["rate_ceiling"].to_list() == [110_000, 110_000]
    assert frame["rate_is_final"].to_list() == [False, False]
    assert frame["last_rate_adjustment_date"].to_list() == [None, day("2022-02-01")]


def test_an_interest_only_loan(tmp_path: Path) -> None:
    rows = [("00", {"io": "Y", "io_first_pi": "042022"})] * 3
    frame = walk(tmp_path, "012022", rows)
    assert frame["interest_only"].to_list() == [True, True, False]
    assert frame["monthly_principal_and_interest"].to_list() == [
        500_00,
        500_00,
        payment(100_000_00, 60_000, 357),
    ]


def test_mortgage_insurance_may_be_cancelled(tmp_path: Path) -> None:
    frame = walk(
        tmp_path, "012022", [("00", {"mi_pct": "25.00"}), ("00", {"mi_pct": "25.00", "mi_cancel": "Y"})]
    )
    assert frame["mortgage_insured"].to_list() == [True, False]


def test_nothing_rests_on_later_months(tmp_path: Path) -> None:
    rows = [
        ("00", {}), ("01", {}), ("02", FORBEARANCE), ("03", TRIAL), ("04", TRIAL), ("00", MODIFIED),
        ("00", MODIFIED), ("02", MODIFIED), ("03", TRIAL | {"mod_flag": "Y"}), ("XX", {}),
        ("00", {}), ("00", {}),
    ]  # fmt: skip
    whole = walk(tmp_path, "012022", rows)
    for size in range(1, len(rows)):
        assert walk(tmp_path, "012022", rows[:size]).equals(whole[:size])


def test_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    lines = []
    for loan in range(30):
        rows = [("00", {"loan_id": f"7000000001{loan:02d}"})] * 3 + [
            ("01", {"loan_id": f"7000000001{loan:02d}"} | FORBEARANCE)
        ]
        lines += months("012022", rows)
    expected = facts(list(read_performance(write(tmp_path, lines), at="each"))).drop("row")
    random.Random(5).shuffle(lines)
    for order in ("any", "auto"):
        shuffled = facts(list(read_performance(write(tmp_path, lines), at="each", order=order)))  # type: ignore[arg-type]
        assert shuffled.drop("row").sort("loan_id", "evaluation_date").equals(expected)


def test_batches_have_the_size_asked_for(tmp_path: Path) -> None:
    lines = months("012022", [("00", {})] * 25)
    batches = list(read_performance(write(tmp_path, lines), at="each", batch_rows=10))
    assert [batch.facts.height for batch in batches] == [10, 10, 5]
    assert sum(batch.read for batch in batches) == 25


def test_every_assumption_says_where_it_comes_from() -> None:
    for assumption in assumptions().values():
        assert assumption.cite
        assert assumption.meaning
        assert assumption.verification in {"verified", "secondary", "unverified"}
