from __future__ import annotations

import datetime
from pathlib import Path

import polars as pl
import pytest

from hopenow.errors import InputError
from hopenow.facts.schema import NEVER
from hopenow.mortgage.kernels import payment
from hopenow.tapes import freddie_mac
from hopenow.tapes.layouts import FREDDIE_MAC_ORIGINATION, FREDDIE_MAC_PERFORMANCE
from hopenow.tapes.loan_months import recognize
from tests.tapes.performance_lines import facts, findings, line, one, write

ORIGIN = {
    "credit_score": "9999", "first_payment_date": "202201", "maturity_date": "205112", "msa": "17140",
    "mi_pct": "25",
    "units": "1", "occupancy": "P", "orig_upb": "120000", "ltv": "90", "orig_rate": "6.000",
    "amortization_type": "FRM",
    "state": "OH", "postal_code": "45200", "loan_sequence_number": "F21Q40000001", "orig_term": "360",
    "servicer": "Elm Street Bank", "interest_only": "N",
}  # fmt: skip


def month(period: str, balance: str, status: str = "0", **fields: str) -> str:
    first = 2051 * 12 + 11
    now = int(period[:4]) * 12 + int(period[4:]) - 1
    base = {
        "loan_sequence_number": "F21Q40000001",
        "reporting_period": period,
        "curr_upb": balance,
        "delinquency_status": status,
        "curr_rate": "6.000",
        "rem_legal_months": str(first - now),
        "interest_bearing_upb": balance,
    }
    return line("freddie_mac_performance", base, **fields)


def files(folder: Path, rows: list[str]) -> list[Path]:
    return [
        write(folder, rows, "historical_data_time_2021Q4.txt"),
        write(folder, [line("freddie_mac_origination", ORIGIN)], "historical_data_2021Q4.txt"),
    ]


PLAIN = [month("202201", "119880.54"), month("202202", "119760.48"), month("202203", "119639.82")]


def test_the_two_files_are_told_apart_and_joined(tmp_path: Path) -> None:
    paths = files(tmp_path, PLAIN)
    assert recognize(paths[0]) == FREDDIE_MAC_PERFORMANCE
    assert recognize(paths[1]) == FREDDIE_MAC_ORIGINATION
    batches = list(freddie_mac.read(paths))
    assert findings(batches) == []
    row = one(facts(batches))
    expected = {
        "loan_id": "F21Q40000001",
        "investor": "freddie_mac",
        "servicer": "Elm Street Bank",
        "evaluation_date": datetime.date(2022, 3, 31),
        "monthly_principal_and_interest": 719_46,
        "interest_bearing_balance": 119_639_82,
        "deferred_balance": 0,
        "maturity_date": datetime.date(2051, 12, 1),
        "remaining_term": 357,
        "next_due_date": datetime.date(2022, 4, 1),
        "mortgage_insured": True,
        "zip3": "452",
        "credit_score": None,
        "prior_modifications": 0,
        "last_modification_date": NEVER,
        "last_payment_deferral_date": NEVER,
        "last_failed_trial_date": NEVER,
        "active_forbearance": False,
    }
    assert {name: row[name] for name in expected} == expected


def test_an_acquired_property_ends_the_loan(tmp_path: Path) -> None:
    batches = list(freddie_mac.read(files(tmp_path, [*PLAIN, month("202204", "119639.82", "RA")])))
    found = pl.concat([batch.findings for batch in batches])
    assert found["rule"].to_list() == ["LOGIC-ENDED"]
    assert "the property was acquired" in found["message"][0]
    assert [(batch.read, batch.skipped) for batch in batches] == [(1, 1)]


def test_the_last_paid_installment_stands_in_for_the_status(tmp_path: Path) -> None:
    late = month("202204", "119639.82", "XX", due_date_last_paid_installment="202202")
    row = one(facts(list(freddie_mac.read(files(tmp_path, [*PLAIN[:2], late])))))
    assert row["months_delinquent"] == 2
    assert row["next_due_date"] == datetime.date(2022, 3, 1)
    assert row["days_delinquent"] == 60


def test_a_deferral_and_later_months(tmp_path: Path) -> None:
    rows = [
        *PLAIN,
        month("202204", "119639.82", "1"),
        month("202205", "119639.82", "2"),
        # Three installments of 719.46 are deferred: 363.80 principal, and 2,158.38 without interest.
        month("202206", "121434.40", "0", payment_deferral="Y", non_interest_bearing_upb="2158.38",
              interest_bearing_upb="119276.02"),
        month("202207", "121312.32", "0", payment_deferral="P", non_interest_bearing_upb="2158.38",
              interest_bearing_upb="119153.94"),
    ]  # fmt: skip
    frame = facts(list(freddie_mac.read(files(tmp_path, rows), at="each")))
    assert frame["deferred_months_used"].to_list() == [0, 0, 0, 0, 0, 3, 3]
    assert frame["last_payment_deferral_date"].to_list()[-1] == datetime.date(2022, 6, 1)
    assert frame["deferred_balance"].to_list()[-1] == 2_158_38
    assert frame["monthly_principal_and_interest"].to_list()[-1] == 719_46


def test_a_deferral_for_a_disaster_does_not_count(tmp_path: Path) -> None:
    rows = [
        *PLAIN,
        month("202204", "119639.82", "1", delinquency_due_to_disaster="Y"),
        month("202205", "121078.74", "0", payment_deferral="Y", non_interest_bearing_upb="1438.92",
              interest_bearing_upb="119397.35", delinquency_due_to_disaster="Y"),
    ]  # fmt: skip
    row = one(facts(list(freddie_mac.read(files(tmp_path, rows)))))
    assert (row["deferred_months_used"], row["last_payment_deferral_date"]) == (0, NEVER)


def test_two_modifications(tmp_path: Path) -> None:
    end = {"rem_legal_months": "479", "curr_rate": "4.000"}
    rows = [
        *PLAIN,
        month("202204", "119639.82", "4"),
        month("202205", "125000.00", "0", modification_flag="Y", **end),
        month("202206", "124895.17", "0", modification_flag="P", curr_rate="4.000", rem_legal_months="478"),
        month("202207", "130000.00", "0", modification_flag="Y", curr_rate="4.000", rem_legal_months="480"),
    ]
    frame = facts(list(freddie_mac.read(files(tmp_path, rows), at="each")))
    assert frame["prior_modifications"].to_list() == [0, 0, 0, 0, 1, 1, 2]
    assert frame["last_modification_date"].to_list()[-2:] == [
        datetime.date(2022, 5, 1),
        datetime.date(2022, 7, 1),
    ]
    # 125,000.00 at 4 % for 479 months.
    assert frame["monthly_principal_and_interest"][4] == payment(125_000_00, 40_000, 479)
    assert frame["payments_since_note_or_modification"].to_list() == [1, 2, 3, 0, 0, 1, 0]


def test_a_file_of_the_other_enterprise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Not Freddie Mac"):
        list(freddie_mac.read(write(tmp_path, ["a|b"])))
