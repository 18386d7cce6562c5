"""What the recount found: places where the clocks once said something else than the rule."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from hopenow.clocks import Clockwork, Status, derive, read_case

DAY = timedelta(days=1)
MAR_2 = date(2026, 3, 2)


def told(rows: list[dict[str, Any]], as_of: date, **loan: Any) -> Clockwork:
    """Derive a case made of rows."""
    facts = {"servicer": "First", "principal_residence": True, **loan}
    return derive(read_case({"case": "F", "loan": facts, "events": rows}), as_of)


def rules(clockwork: Clockwork) -> set[str]:
    """Rules of every item."""
    every: tuple[Any, ...] = (*clockwork.duties, *clockwork.protections, *clockwork.rights, *clockwork.breaches)
    return {item.legal.rule for item in every}


@pytest.mark.parametrize("exempt", ["small_servicer", "reverse_mortgage", "farm_credit", "open_end"])
def test_the_exempt_owe_no_policies_of_38(exempt: str) -> None:
    """SG-2 to SG-4: small servicers, reverse mortgages, Farm Credit and open-end credit are outside 1024.38."""
    rows = [
        {"kind": "file_requested", "day": MAR_2, "id": "file"},
        {"kind": "successor_inquired", "day": MAR_2, "id": "successor"},
        {"kind": "loan_paid_off", "day": MAR_2 + 9 * DAY},
    ]
    assert {"PP-2", "PP-8", "PP-9"} <= rules(told(rows, MAR_2 + 10 * DAY))
    assert {"PP-8", "PP-9"} <= rules(told(rows, MAR_2 + 10 * DAY, principal_residence=False))
    assert not {"PP-2", "PP-8", "PP-9"} & rules(told(rows, MAR_2 + 10 * DAY, **{exempt: True}))


def test_open_end_credit_has_no_clocks_of_subpart_c() -> None:
    """SG-4: a home equity line is no mortgage loan of 1024.30 to 1024.41."""
    rows = [
        {"kind": "insurance_notice_sent", "day": MAR_2, "id": "insurance"},
        {"kind": "loan_paid_off", "day": MAR_2 + 9 * DAY},
    ]
    assert {"ER-1", "FP-1", "FP-2"} <= rules(told(rows, MAR_2 + 10 * DAY))
    assert not {"ER-1", "FP-1", "FP-2"} & rules(told(rows, MAR_2 + 10 * DAY, open_end=True))


def test_sixty_days_begin_on_the_transfer_date() -> None:
    """TN-3: "the 60-day period beginning on the effective date" ends with the 59th day after it."""
    clockwork = told([{"kind": "servicing_transferred", "day": MAR_2, "to": "Second"}], MAR_2 + 60 * DAY)
    shield = next(item for item in clockwork.protections if item.legal.rule == "TN-3")
    assert shield.until is not None
    assert (shield.until - shield.start).days + 1 == 60
    assert not shield.in_force


@pytest.mark.parametrize("by", ["transferor", "transferee", "both"])
@pytest.mark.parametrize(("sent", "status"), [(30, Status.DONE_ON_TIME), (31, Status.DONE_LATE)])
def test_receivership_gives_either_notice_thirty_days(by: str, sent: int, status: Status) -> None:
    """TN-1, TN-2: 33(b)(3)(ii) gives thirty days after the transfer to the notice, whoever sends it."""
    rows = [
        {"kind": "servicing_transferred", "day": MAR_2, "to": "Second"},
        {
            "kind": "transfer_notice_sent",
            "day": MAR_2 + sent * DAY,
            "by": by,
            "effective": MAR_2,
            "receivership": True,
        },
    ]
    rule = {"transferor": ["TN-1"], "transferee": ["TN-2"], "both": ["TN-1", "TN-2"]}[by]
    found = {duty.legal.rule: duty for duty in told(rows, MAR_2 + 40 * DAY).duties if duty.legal.rule in rule}
    assert {(found[name].due, found[name].status) for name in rule} == {(MAR_2 + 30 * DAY, status)}


def test_an_offer_after_an_appeal_stays_open_where_the_sale_was_near() -> None:
    """AP-3: complete in the 120 days (so 41(h) applies) but 26 days before a sale: 14 days from the appeal's answer."""
    rows: list[dict[str, Any]] = [
        {"kind": "first_filing_made", "day": "2024-11-06"},
        {"kind": "sale_scheduled", "day": "2024-11-18", "sale_date": "2025-02-19"},
        {"kind": "application_received", "day": "2024-12-26", "id": "app"},
        {"kind": "acknowledgment_sent", "day": "2025-01-03", "complete": False, "missing": ["pay stub"]},
        {"kind": "document_received", "day": "2025-01-24", "document": "pay stub"},
        {"kind": "decision_sent", "day": "2025-02-23", "denied_modifications": ["flex modification"]},
        {"kind": "appeal_received", "day": "2025-03-08"},
        {"kind": "appeal_decision_sent", "day": "2025-04-07", "offered": ["deferral"]},
    ]
    clockwork = told(rows, date(2025, 4, 10), first_due="2024-10-28")
    accept = next(right for right in clockwork.rights if right.kind == "accept")
    assert (accept.legal.rule, accept.until, accept.open) == ("AP-3", date(2025, 4, 21), True)


def test_an_offer_after_an_appeal_that_was_not_owed_counts_from_that_offer() -> None:
    """RS-2: 78 days before a sale there is no appeal; an offer made all the same gives 7 days from its own day."""
    rows: list[dict[str, Any]] = [
        {"kind": "first_filing_made", "day": "2022-11-04"},
        {"kind": "application_received", "day": "2022-11-04", "id": "app"},
        {"kind": "sale_scheduled", "day": "2022-11-12", "sale_date": "2023-02-25"},
        {"kind": "acknowledgment_sent", "day": "2022-11-15", "complete": False, "missing": ["pay stub"]},
        {"kind": "document_received", "day": "2022-12-09", "document": "pay stub"},
        {"kind": "decision_sent", "day": "2023-01-08", "denied_modifications": ["flex modification"]},
        {"kind": "appeal_received", "day": "2023-01-14"},
        {"kind": "appeal_decision_sent", "day": "2023-02-14", "offered": ["deferral"]},
    ]
    accept = next(
        right for right in told(rows, date(2023, 2, 16), first_due="2022-04-01").rights if right.kind == "accept"
    )
    assert (accept.legal.rule, accept.start, accept.until) == ("RS-2", date(2023, 2, 14), date(2023, 2, 21))
