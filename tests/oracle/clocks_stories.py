"""Random stories of loans for the clocks: plain data, always possible, with days close to where the rules turn."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from tests.oracle.clocks import cal, month_after, xhol

Rows = list[dict[str, Any]]


class Teller:
    """Collects events; each gets an id of its own."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.rows: Rows = []

    def say(self, kind: str, day: date, **details: Any) -> str:
        """Add an event and return its id."""
        details.setdefault("id", f"{kind}-{len(self.rows)}")
        self.rows.append({"kind": kind, "day": day, **details})
        return str(details["id"])

    def maybe(self, chance: float) -> bool:
        """Toss a coin."""
        return self.rng.random() < chance

    def after(self, day: date, low: int, high: int) -> date:
        """A later day."""
        return day + timedelta(days=self.rng.randint(low, high))

    def near(self, day: date) -> date:
        """A day, the one before or the one after."""
        return day + timedelta(days=self.rng.choice([-1, 0, 0, 1]))


def random_story(seed: int) -> tuple[dict[str, Any], date]:
    """Make a case as plain data and an as-of day, the same for the same seed."""
    rng = random.Random(seed)
    teller = Teller(rng)
    first = date(rng.randint(2018, 2027), rng.randint(1, 12), rng.choice([1, 1, 15, 28]))
    start = month_after(first, rng.randint(1, 5))
    loan: dict[str, Any] = {
        "servicer": "First",
        "first_due": first,
        "payment": "1000.00",
        "principal_residence": not teller.maybe(0.05),
    }
    for exempt in ("small_servicer", "reverse_mortgage", "open_end"):
        if teller.maybe(0.04):
            loan[exempt] = True
    payments(teller, first)
    parts = [contacts, errors, requests, application, neighbors]
    if teller.maybe(0.15):
        stops(teller, start, loan)
    if teller.maybe(0.06):
        parts = [errors, requests, neighbors]
        teller.say("loan_paid_off", cal(month_after(first, 24), rng.randint(0, 400)))
    for part in parts:
        if teller.maybe(0.6):
            part(teller, start)
    teller.rows.sort(key=lambda row: row["day"])
    last = teller.rows[-1]["day"] if teller.rows else start
    as_of = teller.after(first, 1, (last - first).days + 60) if teller.maybe(0.5) else teller.after(last, 0, 500)
    return {"case": f"S{seed}", "loan": loan, "events": teller.rows}, as_of


def payments(teller: Teller, first: date) -> None:
    """Eighteen months, some missed, some halves, some days late."""
    stops = teller.rng.randint(1, 14)
    for month in range(stops):
        due = month_after(first, month)
        if teller.maybe(0.8):
            day = teller.near(cal(due, teller.rng.choice([0, 0, 10, 29, 36, 45, 46])))
            if teller.maybe(0.1):
                teller.say("payment_received", day, amount="500.00")
                teller.say("payment_received", teller.after(day, 0, 20), amount="500.00")
            else:
                teller.say("payment_received", day)


def contacts(teller: Teller, start: date) -> None:
    """Calls and letters."""
    for _ in range(teller.rng.randint(0, 4)):
        teller.say("live_contact_made", teller.after(start, -30, 200), told_of_help=True)
    day = teller.near(cal(start, 45))
    for _ in range(teller.rng.randint(0, 3)):
        teller.say("early_notice_sent", day)
        day = teller.near(cal(day, 180))


def stops(teller: Teller, start: date, loan: dict[str, Any]) -> None:
    """A bankruptcy, or word to a debt collector to stop."""
    if teller.maybe(0.5):
        filed = teller.say("bankruptcy_filed", teller.after(start, -40, 100))
        if teller.maybe(0.3):
            teller.say("bankruptcy_dismissed", teller.after(teller.rows[-1]["day"], 30, 300), about=filed)
    else:
        loan["debt_collector"] = True
        teller.say("cease_contact_received", teller.after(start, -40, 100))


def errors(teller: Teller, start: date) -> None:
    """Notices of error."""
    for _ in range(teller.rng.randint(1, 2)):
        day = teller.after(start, 0, 300)
        kind = teller.rng.choice(["payoff", "other", "other", "first_filing", "judgment_or_sale"])
        about = teller.say(
            "error_notice_received", day, error=kind, about_payment=kind == "other" and teller.maybe(0.4)
        )
        if teller.maybe(0.6):
            teller.say("error_acknowledged", teller.near(xhol(day, 5)), about=about)
        last = xhol(day, 7 if kind == "payoff" else 30)
        if kind == "other" and teller.maybe(0.4):
            teller.say("error_extension_sent", teller.near(last) - timedelta(days=2), about=about)
            last = xhol(day, 45)
        if teller.maybe(0.6):
            answer = teller.near(last)
            teller.say("error_answered", answer, about=about)
            if teller.maybe(0.4):
                teller.say("error_documents_requested", teller.after(answer, 1, 20), about=about)
        elif teller.maybe(0.3):
            teller.say("error_ground_decided", teller.after(day, 0, 20), about=about, ground="duplicative")


def requests(teller: Teller, start: date) -> None:
    """Requests for information, possible successors."""
    for _ in range(teller.rng.randint(1, 2)):
        day = teller.after(start, 0, 300)
        asks = teller.rng.choice(["owner", "other"])
        about = teller.say("request_received", day, asks=asks)
        last = xhol(day, 10 if asks == "owner" else 30)
        if teller.maybe(0.5):
            teller.say("request_acknowledged", teller.near(xhol(day, 5)), about=about)
        if asks == "other" and teller.maybe(0.4):
            teller.say("request_extension_sent", teller.near(last) - timedelta(days=2), about=about)
            last = xhol(day, 45)
        if teller.maybe(0.6):
            teller.say("request_answered", teller.near(last), about=about)
        elif teller.maybe(0.3):
            teller.say("request_ground_decided", teller.after(day, 0, 9), about=about, ground="overbroad")
    if teller.maybe(0.3):
        teller.say("successor_inquired", teller.after(start, 0, 200))


def neighbors(teller: Teller, start: date) -> None:
    """Payoff statement, ownership, insurance, escrow, file."""
    if teller.maybe(0.4):
        teller.say("payoff_requested", teller.after(start, 0, 400))
    if teller.maybe(0.4):
        day = teller.after(start, 0, 100)
        sold = teller.say("loan_sold", day, **({"resold_by": teller.near(cal(day, 30))} if teller.maybe(0.3) else {}))
        if teller.maybe(0.3):
            teller.say("loan_sold", teller.after(day, 0, 20), joint_with=sold)
    if teller.maybe(0.4):
        day = teller.after(start, 0, 200)
        notice = teller.say("insurance_notice_sent", day)
        if teller.maybe(0.5):
            teller.say("insurance_reminder_sent", teller.near(cal(day, 30)), about=notice)
            teller.say("insurance_charged", cal(day, teller.rng.randint(44, 60)), about=notice)
        if teller.maybe(0.3):
            teller.say("insurance_evidence_received", teller.after(day, 0, 80), about=notice)
    if teller.maybe(0.3):
        teller.say("escrow_year_ended", teller.after(start, 0, 300))
    if teller.maybe(0.3):
        teller.say("escrow_surplus_found", teller.after(start, 0, 300))
    if teller.maybe(0.3):
        teller.say("file_requested", teller.after(start, 0, 300))
    if teller.maybe(0.3):
        teller.say("nonconforming_payment_received", teller.after(start, 0, 300))


def application(teller: Teller, start: date) -> None:
    """An application from first word to the end, a filing and a sale beside it, perhaps a new servicer."""
    rng = teller.rng
    received = teller.after(start, 20, 200)
    filing = teller.after(received, -60, 90)
    if teller.maybe(0.5):
        teller.say("first_filing_made", filing)
        if teller.maybe(0.7):
            complete_guess = cal(received, 25)
            sale = teller.near(cal(complete_guess, rng.choice([30, 37, 38, 60, 89, 90, 120])))
            set_on = teller.after(filing, 1, 20)
            if sale > cal(set_on, 30):
                teller.say("sale_scheduled", set_on, sale_date=sale)
                if teller.maybe(0.3):
                    teller.say("sale_rescheduled", teller.after(set_on, 1, 20), sale_date=teller.after(sale, 5, 90))
    moves = teller.after(received, 1, 70) if teller.maybe(0.4) else None
    if moves:
        teller.say("servicing_transferred", moves, to="Second")
        if teller.maybe(0.6):
            teller.say(
                "transfer_notice_sent",
                teller.near(cal(moves, -15)),
                by=rng.choice(["both", "transferor"]),
                effective=moves,
            )
    stale = {"stale_on": teller.after(received, 8, 60)} if teller.maybe(0.2) else {}
    app = teller.say("application_received", received, **stale)
    if teller.maybe(0.1):
        return
    letter = teller.near(xhol(received, 5))
    if teller.maybe(0.2):
        teller.say("acknowledgment_sent", letter, about=app, complete=True)
        complete = received
    else:
        teller.say("acknowledgment_sent", letter, about=app, complete=False, missing=["pay stub", "bank statement"])
        if teller.maybe(0.15):
            return
        middle = teller.after(letter, 1, 10)
        complete = teller.after(middle, 0, 15)
        teller.say("document_received", middle, about=app, document="pay stub")
        teller.say("document_received", complete, about=app, document="bank statement")
    if teller.maybe(0.2):
        asked = teller.after(max(complete, letter), 1, 10)
        teller.say("information_requested", asked, about=app, documents=["tax return"], respond_by=cal(asked, 20))
        if teller.maybe(0.2):
            return
        complete = teller.after(asked, 1, 20)
        teller.say("document_received", complete, about=app, document="tax return")
    if teller.maybe(0.7):
        teller.say("complete_notice_sent", teller.near(xhol(max(complete, letter), 5)), about=app)
    if teller.maybe(0.2):
        return
    decided = teller.near(cal(max(complete, letter), 30))
    if teller.maybe(0.5):
        other = {"offered": ["repayment plan"]} if teller.maybe(0.25) else {}
        teller.say("decision_sent", decided, about=app, denied_modifications=["flex modification"], **other)
        if teller.maybe(0.5):
            appeals(teller, app, decided)
        return
    teller.say("decision_sent", decided, about=app, offered=["flex modification"])
    turn = rng.random()
    day = teller.after(decided, 1, 7)
    if turn < 0.3:
        teller.say("offer_rejected", day, about=app)
    elif turn < 0.6:
        teller.say("offer_accepted", day, about=app)
        if teller.maybe(0.4):
            teller.say("plan_failed", teller.after(day, 20, 90), about=app)


def appeals(teller: Teller, app: str, decided: date) -> None:
    """An appeal in time, perhaps answered."""
    day = teller.after(decided, 1, 14)
    mailed = {"mailed": teller.after(day, -1, 0)} if teller.maybe(0.3) else {}
    teller.say("appeal_received", day, about=app, **mailed)
    if teller.maybe(0.6):
        offered = {"offered": ["deferral"]} if teller.maybe(0.3) else {}
        teller.say("appeal_decision_sent", teller.near(cal(day, 30)), about=app, **offered)
