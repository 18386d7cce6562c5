"""Lists of events that contradict themselves or cannot have happened: each refused, all reasons together."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from hopenow.clocks import EventFinding, read_case, read_cases
from hopenow.errors import InputError
from tests.clocks.stories import make_case, row

APP = row("application_received", "2026-03-02", id="app")
COMPLETE = row("application_complete", "2026-03-05")
OFFER = row("decision_sent", "2026-03-20", offered=["plan"])
DENIAL = row("decision_sent", "2026-03-20", denied_modifications=["modification"])
FILING = row("first_filing_made", "2026-02-01")
ERROR = row("error_notice_received", "2026-03-02", id="err", error="other")
ASK = row("request_received", "2026-03-02", id="ask", asks="other")
SHORT = row("short_term_offer_made", "2026-03-04", plan="forbearance")

IMPOSSIBLE: dict[str, tuple[str, list[dict[str, Any]], dict[str, Any]]] = {
    "response before offer": ("RESPONSE-BEFORE-OFFER", [APP, row("offer_accepted", "2026-03-10")], {}),
    "rejection before offer": (
        "RESPONSE-BEFORE-OFFER",
        [APP, COMPLETE, DENIAL, row("offer_rejected", "2026-03-21")],
        {},
    ),
    "trial payment before offer": ("RESPONSE-BEFORE-OFFER", [APP, row("trial_payment_made", "2026-03-10")], {}),
    "short plan accepted before offer": ("RESPONSE-BEFORE-OFFER", [APP, row("short_term_accepted", "2026-03-10")], {}),
    "deferral accepted before offer": (
        "RESPONSE-BEFORE-OFFER",
        [APP, row("deferral_accepted", "2026-03-10", next_due="2026-04-01")],
        {},
    ),
    "appeal without denial": (
        "APPEAL-WITHOUT-DENIAL",
        [APP, COMPLETE, OFFER, row("appeal_received", "2026-03-25")],
        {},
    ),
    "appeal mailed before denial": (
        "APPEAL-WITHOUT-DENIAL",
        [APP, COMPLETE, DENIAL, row("appeal_received", "2026-03-25", mailed="2026-03-19")],
        {},
    ),
    "appeal mailed after receipt": (
        "MAILED-AFTER-RECEIPT",
        [APP, COMPLETE, DENIAL, row("appeal_received", "2026-03-25", mailed="2026-03-26")],
        {},
    ),
    "two appeals": (
        "APPEALED-TWICE",
        [APP, COMPLETE, DENIAL, row("appeal_received", "2026-03-25"), row("appeal_received", "2026-03-26")],
        {},
    ),
    "appeal decided before it is made": (
        "DECISION-WITHOUT-APPEAL",
        [APP, row("appeal_decision_sent", "2026-03-25")],
        {},
    ),
    "appeal decided twice": (
        "APPEAL-DECIDED-TWICE",
        [
            APP,
            COMPLETE,
            DENIAL,
            row("appeal_received", "2026-03-25"),
            row("appeal_decision_sent", "2026-03-26"),
            row("appeal_decision_sent", "2026-03-27"),
        ],
        {},
    ),
    "acknowledgment before application": (
        "NO-APPLICATION",
        [row("acknowledgment_sent", "2026-03-01", complete=True), APP],
        {},
    ),
    "acknowledgment names a later application": (
        "APPLICATION-LATER",
        [row("acknowledgment_sent", "2026-03-01", complete=True, about="app"), APP],
        {},
    ),
    "about nothing known": ("UNKNOWN-APPLICATION", [APP, row("application_complete", "2026-03-05", about="nope")], {}),
    "about another kind of thing": ("WRONG-THREAD", [APP, ERROR, row("error_answered", "2026-03-05", about="app")], {}),
    "which application": (
        "WHICH-ONE",
        [APP, row("application_received", "2026-03-03", id="two"), row("application_complete", "2026-03-05")],
        {},
    ),
    "acknowledged twice": (
        "ACKNOWLEDGED-TWICE",
        [APP, *[row("acknowledgment_sent", f"2026-03-0{day}", complete=True) for day in (3, 4)]],
        {},
    ),
    "complete and missing": (
        "COMPLETE-AND-MISSING",
        [APP, row("acknowledgment_sent", "2026-03-03", complete=True, missing=["x"])],
        {},
    ),
    "complete and a date for papers": (
        "COMPLETE-AND-MISSING",
        [APP, row("acknowledgment_sent", "2026-03-03", complete=True, reasonable_date="2026-04-03")],
        {},
    ),
    "incomplete and nothing missing": (
        "NOTHING-MISSING",
        [APP, row("acknowledgment_sent", "2026-03-03", complete=False)],
        {},
    ),
    "reasonable date in the past": (
        "DATE-IN-THE-PAST",
        [APP, row("acknowledgment_sent", "2026-03-03", complete=False, missing=["x"], reasonable_date="2026-03-03")],
        {},
    ),
    "more asked for before completion": ("NOT-COMPLETE", [APP, row("information_requested", "2026-03-05")], {}),
    "notice of completion before completion": ("NOT-COMPLETE", [APP, row("complete_notice_sent", "2026-03-05")], {}),
    "answer deadline before the decision": (
        "DATE-IN-THE-PAST",
        [APP, COMPLETE, row("decision_sent", "2026-03-20", offered=["x"], respond_by="2026-03-19")],
        {},
    ),
    "offered and denied": (
        "OFFERED-AND-DENIED",
        [APP, COMPLETE, row("decision_sent", "2026-03-20", offered=["x"], denied_modifications=["x"])],
        {},
    ),
    "decision after withdrawal": (
        "AFTER-WITHDRAWAL",
        [APP, COMPLETE, row("application_withdrawn", "2026-03-10"), OFFER],
        {},
    ),
    "complete after withdrawal": (
        "AFTER-WITHDRAWAL",
        [APP, row("application_withdrawn", "2026-03-03"), COMPLETE],
        {},
    ),
    "short plan over before it is offered": ("DATE-IN-THE-PAST", [APP, {**SHORT, "ends": "2026-03-03"}], {}),
    "short plan begun after its end": (
        "AFTER-THE-PLAN",
        [APP, {**SHORT, "ends": "2026-03-10"}, row("short_term_accepted", "2026-03-11")],
        {},
    ),
    "accepted and rejected": (
        "ACCEPTED-AND-REJECTED",
        [APP, COMPLETE, OFFER, row("offer_accepted", "2026-03-22"), row("offer_rejected", "2026-03-23")],
        {},
    ),
    "failure without agreement": ("NO-AGREEMENT", [APP, COMPLETE, OFFER, row("plan_failed", "2026-03-22")], {}),
    "short plan ends before it begins": ("NO-AGREEMENT", [APP, SHORT, row("short_term_ended", "2026-03-22")], {}),
    "two first filings": ("TWO-FIRST-FILINGS", [FILING, row("first_filing_made", "2026-03-01")], {}),
    "motion before filing": ("NO-FIRST-FILING", [row("judgment_motion_made", "2026-03-01")], {}),
    "dismissal before filing": ("NO-FIRST-FILING", [row("foreclosure_dismissed", "2026-03-01")], {}),
    "sale in the past": ("SALE-IN-THE-PAST", [row("sale_scheduled", "2026-03-01", sale_date="2026-02-28")], {}),
    "sale scheduled twice": (
        "SALE-SCHEDULED-TWICE",
        [row("sale_scheduled", f"2026-03-0{day}", sale_date="2026-06-01") for day in (1, 2)],
        {},
    ),
    "sale moved that was not set": (
        "NO-SALE-SCHEDULED",
        [row("sale_rescheduled", "2026-03-01", sale_date="2026-04-01")],
        {},
    ),
    "sale called off that was not set": ("NO-SALE-SCHEDULED", [row("sale_cancelled", "2026-03-01")], {}),
    "sale held that was not set": ("NO-SALE-SCHEDULED", [row("sale_held", "2026-03-01")], {}),
    "sale held after it was called off": (
        "SALE-AFTER-CANCELLATION",
        [
            row("sale_scheduled", "2026-03-01", sale_date="2026-04-01"),
            row("sale_cancelled", "2026-03-10"),
            row("sale_held", "2026-04-01"),
        ],
        {},
    ),
    "sale held early": (
        "SALE-TOO-EARLY",
        [row("sale_scheduled", "2026-03-01", sale_date="2026-04-01"), row("sale_held", "2026-03-31")],
        {},
    ),
    "payment after payoff": (
        "AFTER-THE-END",
        [row("loan_paid_off", "2026-03-01"), row("payment_received", "2026-03-02")],
        {},
    ),
    "no such due date": ("NO-SUCH-DUE-DATE", [row("payment_received", "2026-03-01", for_due="2026-03-02")], {}),
    "due date after the last": (
        "NO-SUCH-DUE-DATE",
        [row("payment_received", "2026-03-01", for_due="2026-03-01")],
        {"last_due": "2026-02-01"},
    ),
    "current from no due date": (
        "NO-SUCH-DUE-DATE",
        [row("loan_brought_current", "2026-03-01", next_due="2026-03-15")],
        {},
    ),
    "amount and count": (
        "AMOUNT-AND-COUNT",
        [row("payment_received", "2026-03-01", amount="5", installments=1)],
        {"payment": "10"},
    ),
    "amount of an unknown payment": ("PAYMENT-UNKNOWN", [row("payment_received", "2026-03-01", amount="5")], {}),
    "change of an unknown payment": (
        "PAYMENT-UNKNOWN",
        [row("payment_amount_changed", "2026-03-01", amount="5", from_due="2026-04-01")],
        {},
    ),
    "return of no payment": ("NO-SUCH-PAYMENT", [row("payment_returned", "2026-03-01", payment="p")], {}),
    "return twice": (
        "RETURNED-TWICE",
        [
            row("payment_received", "2026-03-01", id="p"),
            *[row("payment_returned", f"2026-03-0{day}", payment="p") for day in (2, 3)],
        ],
        {},
    ),
    "accelerated twice": ("ACCELERATED-TWICE", [row("loan_accelerated", f"2026-03-0{day}") for day in (1, 2)], {}),
    "acceleration taken back that never was": ("NOT-ACCELERATED", [row("acceleration_rescinded", "2026-03-01")], {}),
    "stop to contact taken back that never was": (
        "NOTHING-TO-WITHDRAW",
        [row("cease_contact_withdrawn", "2026-03-01")],
        {},
    ),
    "same servicer": ("SAME-SERVICER", [row("servicing_transferred", "2026-03-01", to="First")], {}),
    "dismissal without bankruptcy": ("NO-BANKRUPTCY", [row("bankruptcy_dismissed", "2026-03-01")], {}),
    "extension after the answer": (
        "AFTER-THE-ANSWER",
        [ERROR, row("error_answered", "2026-03-05"), row("error_extension_sent", "2026-03-06")],
        {},
    ),
    "extension of a request after the answer": (
        "AFTER-THE-ANSWER",
        [ASK, row("request_answered", "2026-03-05"), row("request_extension_sent", "2026-03-06")],
        {},
    ),
    "ground told before it is decided": ("GROUND-NOT-DECIDED", [ERROR, row("error_ground_sent", "2026-03-05")], {}),
    "ground of a request told before it is decided": (
        "GROUND-NOT-DECIDED",
        [ASK, row("request_ground_sent", "2026-03-05")],
        {},
    ),
    "documents that nobody asked for": ("NOT-ASKED-FOR", [ERROR, row("error_documents_sent", "2026-03-05")], {}),
    "two events of one id": (
        "ID-TWICE",
        [row("note_made", "2026-03-01", id="n"), row("note_made", "2026-03-02", id="n")],
        {},
    ),
    "unknown kind": ("UNKNOWN-KIND", [row("letter_lost", "2026-03-01")], {}),
    "unknown field": ("UNKNOWN-FIELD", [row("note_made", "2026-03-01", color="red")], {}),
    "missing field": ("MISSING-FIELD", [row("sale_scheduled", "2026-03-01")], {}),
    "no day": ("MISSING-FIELD", [{"kind": "note_made"}], {}),
    "bad day": ("BAD-VALUE", [row("note_made", "2026-02-30")], {}),
    "bad choice": ("BAD-VALUE", [row("error_notice_received", "2026-03-01", error="rude")], {}),
    "bad flag": ("BAD-VALUE", [APP, row("acknowledgment_sent", "2026-03-03", complete="maybe")], {}),
    "bad count": ("BAD-VALUE", [row("payment_received", "2026-03-01", installments="two")], {}),
    "bad amount": ("BAD-VALUE", [row("payment_received", "2026-03-01", amount="12.345")], {"payment": "10"}),
    "amount below zero": ("BAD-VALUE", [row("payment_received", "2026-03-01", amount="-5")], {"payment": "10"}),
    "bad moment": ("BAD-VALUE", [{"kind": "note_made", "at": "yesterday"}], {}),
    "day and moment differ": (
        "DAY-AND-MOMENT-DIFFER",
        [{"kind": "note_made", "day": "2026-03-01", "at": "2026-03-01T23:30:00-08:00"}],
        {},
    ),
    "unknown fact of the loan": ("UNKNOWN-FIELD", [], {"color": "red"}),
    "unknown time zone": ("BAD-VALUE", [], {"time_zone": "Mars/Base"}),
}


def findings(error: InputError) -> list[EventFinding]:
    return [finding for finding in error.findings if isinstance(finding, EventFinding)]


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_refused(name: str) -> None:
    code, rows, loan = IMPOSSIBLE[name]
    with pytest.raises(InputError) as refused:
        make_case(rows, **{"first_due": "2026-01-01", **loan})
    assert [finding.code for finding in findings(refused.value)] == [code]
    assert code in str(refused.value)


def test_all_reasons_come_together() -> None:
    rows = [
        row("offer_accepted", "2026-01-05", id="a"),
        row("sale_held", "2026-01-06", id="b"),
        row("payment_received", "2026-01-07", id="c", for_due="2026-01-02"),
        row("letter_lost", "2026-01-08", id="d"),
        row("servicing_transferred", "2026-01-09", id="e"),
    ]
    with pytest.raises(InputError) as refused:
        make_case(rows, first_due="2026-01-01")
    codes = {finding.code for finding in findings(refused.value)}
    assert codes == {
        "NO-APPLICATION",
        "NO-SALE-SCHEDULED",
        "AFTER-THE-END",
        "NO-SUCH-DUE-DATE",
        "UNKNOWN-KIND",
        "MISSING-FIELD",
    }


def test_an_unknown_part_of_a_case_is_refused() -> None:
    with pytest.raises(InputError, match="no field 'evnts'"):
        read_case({"case": "A", "evnts": []})


def test_rejected_then_accepted_after_an_appeal_is_possible() -> None:
    rows = [
        APP,
        COMPLETE,
        row("decision_sent", "2026-03-20", offered=["plan"], denied_modifications=["modification"]),
        row("appeal_received", "2026-03-25"),
        row("offer_rejected", "2026-03-26"),
        row("appeal_decision_sent", "2026-04-10", offered=["modification"]),
        row("offer_accepted", "2026-04-20"),
    ]
    assert len(make_case(rows).events) == len(rows)


def test_a_table_of_events(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text(
        "case,loan.first_due,loan.payment,kind,day,id,amount,missing,complete\n"
        'A,2026-01-01,"1,000.00",payment_received,2026-01-03,,1000,,\n'
        "A,,,application_received,2026-02-03,app,,,\n"
        "A,,,acknowledgment_sent,2026-02-05,,,pay stub; bank statement,no\n"
        "B,2026-02-01,,note_made,2026-02-03,,,,\n",
        encoding="utf-8",
    )
    first, second = read_cases(path)
    assert first.loan.payment == 100_000
    assert first.events[2].details["missing"] == ("pay stub", "bank statement")
    assert second.loan.first_due == datetime.date(2026, 2, 1)
    path.write_text("case,kind,day\nA,lost,2026-01-03\nB,found,2026-01-04\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_cases(path)
    assert [finding.where for finding in findings(refused.value)] == ["A e1", "B e1"]


def test_files_of_cases(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"case": "A", "loan": {}, "events": []}', encoding="utf-8")
    (tmp_path / "b.yaml").write_text(
        "- {case: A}\n- {case: B, events: [{kind: note_made, day: 2026-01-03}]}\n", encoding="utf-8"
    )
    assert [case.id for case in read_cases(tmp_path / "a.json")] == ["A"]
    assert [case.id for case in read_cases(tmp_path / "b.yaml")] == ["A", "B"]
    (tmp_path / "c.txt").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match=r"\.json, \.yaml or \.csv"):
        read_cases(tmp_path / "c.txt")
    (tmp_path / "d.yaml").write_text("- 5\n", encoding="utf-8")
    with pytest.raises(InputError, match="a case is a mapping"):
        read_cases(tmp_path / "d.yaml")


@pytest.mark.parametrize(
    ("name", "held", "said"),
    [
        ("a.json", b'{"case": "A",\n "loan": }', r"a\.json is not JSON: .* at line 2, column 10"),
        ("a.json", b"", r"a\.json is not JSON"),
        ("a.json", b'{"case": "Jos\xe9"}', r"a\.json is not UTF-8 text \(byte 14 "),
        ("a.csv", b"case,kind,day\nJos\xe9,note_made,2026-01-03\n", r"a\.csv is not UTF-8 text"),
        ("a.yaml", b"case: Jos\xe9\n", r"a\.yaml is not UTF-8 text"),
        ("a.yaml", b"case: [\n", r"a\.yaml cannot be read"),
        ("a.yaml", b"case: A\ncase: B\n", r"a\.yaml cannot be read"),
        ("a.json", b"[" * 100_000, r"a\.json is nested too deeply"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, held: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(held)
    with pytest.raises(InputError, match=said):
        read_cases(path)


def test_a_mark_at_the_start_of_a_file_is_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'\xef\xbb\xbf{"case": "A"}')
    assert [case.id for case in read_cases(path)] == ["A"]
