"""FHA-insured loans: the timing fence of 24 CFR part 203 and the letters on top of it (FHA-T1 to FHA-PC9a)."""

from __future__ import annotations

from hopenow.clocks.case import Row
from hopenow.clocks.families.programs_common import (
    PAID,
    Answer,
    Log,
    Spell,
    Trial,
    answers,
    month_after,
    spells,
    trials,
    while_behind,
)
from hopenow.clocks.ledger import NEVER
from hopenow.clocks.output import of_event
from hopenow.clocks.result import Bar, Words
from hopenow.clocks.rulebook import Rule

ANSWERS = (
    Answer("FHA-T12", ("first_filing_made",), ("agency_notified",), with_={"matter": "foreclosure"}),
    Answer("FHA-PC9", ("partial_claim_executed",), ("partial_claim_note_sent",)),
    Answer("FHA-PC9a", ("partial_claim_executed",), ("partial_claim_instrument_sent",)),
    Answer("FHA-M616", ("modification_executed",), ("agency_notified",), with_={"matter": "modification"}),
)
TRIAL = Trial(month="FHA-G7", effective="FHA-G10")
FORECLOSURE_TOO_EARLY = "Foreclosure was started on {0}, before that many installments were unpaid."
NO_MEETING = "Foreclosure was started on {0} without a meeting, or two attempts, long enough before."


def run(log: Log) -> None:
    """Every clock of an FHA-insured loan."""
    for spell in spells(log):
        evaluation(spell)
        meeting(spell)
        notice(spell)
        no_foreclosure_yet(spell)
        use_a_tool(spell)
        contact_milestones(spell)
    for row in log.all("short_term_failed", "plan_failed"):
        meeting_after_plan(log, row)
    reinstatement(log)
    answers(log, ANSWERS)
    trials(log, TRIAL)


def evaluation(spell: Spell) -> None:
    """FHA-T1: every option before four installments are unpaid, then every month."""
    log = spell.log
    rule = log.rule("FHA-T1", spell.start)
    if rule is None:
        return
    oldest, fourth = spell.unpaid_at_once(rule.figures["installments"])
    how: Words = ("before the installment due on {0} is unpaid too, so by {1}", fourth, fourth - 1)
    kinds = ("options_evaluated", "decision_sent")
    while_behind(spell, rule, oldest, fourth - 1, done=log.first(spell.start, spell.end, *kinds), how=how)
    begins = fourth
    while begins <= log.s.as_of and begins < spell.end:
        ends = month_after(begins, 1)
        how = ("once in the month that begins on {0}, so by {1}", begins, ends - 1)
        found = log.first(begins, min(ends, spell.end), *kinds)
        while_behind(spell, rule, begins, ends - 1, done=found, how=how)
        begins = ends


def meeting(spell: Spell) -> None:
    """FHA-T2 and FHA-T3: a meeting or two attempts before three installments are unpaid and before foreclosure."""
    log = spell.log
    rule = log.rule("FHA-T2", spell.start)
    if rule is None:
        return
    oldest, third = spell.unpaid_at_once(rule.figures["installments"])
    how = ("before the installment due on {0} is unpaid too, so by {1}", third, third - 1)
    met = _met(log, rule, spell.start, spell.end)
    waived = "" if met is not None else _no_meeting_needed(spell)
    while_behind(spell, rule, oldest, third - 1, done=met, waived=waived, how=how)
    for filing in log.all("first_filing_made"):
        if waived or not spell.start <= filing.day < spell.end:
            continue
        latest = filing.day - rule.figures["before_foreclosure"]
        if met is None or met.day > latest:
            events = (filing.at,) if met is None else (filing.at, met.at)
            log.out.breach(rule, of_event(filing.at), filing.day, (NO_MEETING, filing.day), events)


def _met(log: Log, rule: Rule, start: int, end: int) -> Row | None:
    """The meeting, or the attempt with which the effort was made, whichever came first."""
    tries = [row for row in log.all("meeting_attempted") if start <= row.day < end]
    enough = tries[rule.figures["attempts"] - 1] if len(tries) >= rule.figures["attempts"] else None
    held = log.first(start, end, "meeting_held")
    found = [row for row in (held, enough) if row is not None]
    return min(found) if found else None


def _no_meeting_needed(spell: Spell) -> Words:
    log = spell.log
    if log.rule("FHA-T3", spell.start) is None:
        return ""
    refused = log.first(spell.start, spell.end, "meeting_refused", "help_refused")
    if refused is not None:
        return ("The homeowner refused on {0}.", refused.day)
    for application in log.s.applications.values():
        begun = application.short_accepted
        if application.short_plan == "repayment" and spell.start <= begun < spell.end and not application.short_failed:
            return ("The homeowner performs on a repayment plan begun on {0}.", begun)
    return ""


def meeting_after_plan(log: Log, row: Row) -> None:
    """FHA-T2: a meeting within days after a repayment plan was not kept."""
    rule = log.rule("FHA-T2", row.day)
    application = log.s.applications.get(row.thread)
    if rule is None or application is None or row.kind != "short_term_failed" or application.short_plan != "repayment":
        return
    last = row.day + rule.figures["after_plan"]
    met = log.first(row.day, NEVER, "meeting_held", "meeting_attempted")
    events = (row.at,) if met is None else (row.at, met.at)
    how = ("the repayment plan was not kept on {0}; the time after it ends on {1}", row.day, last)
    log.out.duty(rule, of_event(row.at), row.day, last, events, done=met.day if met else 0, how=how)


def notice(spell: Spell) -> None:
    """FHA-T4: the notice of delinquency by the end of the second month, once in six months."""
    log = spell.log
    rule = log.rule("FHA-T4", spell.start)
    if rule is None:
        return
    last = month_after(spell.start, rule.figures["months"]) - 1
    how = ("the second month of the delinquency that began on {0} ends on {1}", spell.start, last)
    sent = log.first(spell.start, spell.end, "program_notice_sent", notice="fha_delinquency")
    waived: Words = ""
    for before in log.all("program_notice_sent", notice="fha_delinquency"):
        if before.day < spell.start and last < month_after(before.day, rule.figures["again_months"]):
            waived = ("A notice went out on {0}, and not more than one is due in that time.", before.day)
    while_behind(spell, rule, spell.start, last, done=sent, waived=waived, how=how)


def exception_from(spell: Spell) -> int:
    """FHA-T6: first day on which the count of installments is waived, or ``NEVER``."""
    log = spell.log
    rule = log.rule("FHA-T6", spell.start)
    if rule is None:
        return NEVER
    days = [row.day for row in log.all("help_refused", "program_exception_found") if spell.start <= row.day]
    for row in log.all("home_found_vacant"):
        since = _vacant_since(row)
        if row.details.get("abandoned"):
            days.append(row.day)
        else:
            days.append(max(row.day, since + rule.figures["vacant_days"] + 1))
    return min(days, default=NEVER)


def _vacant_since(row: Row) -> int:
    since = row.details.get("since")
    return int(since.toordinal()) if since is not None else row.day


def no_foreclosure_yet(spell: Spell) -> None:
    """FHA-T5: no foreclosure before three installments are unpaid and the notice is given."""
    log, out = spell.log, spell.log.out
    rule = log.rule("FHA-T5", spell.start)
    if rule is None:
        return
    number = rule.figures["installments"]
    oldest, third = spell.unpaid_at_once(number)
    free = min(third, exception_from(spell))
    given = log.first(spell.start, spell.end, "program_notice_sent", notice="fha_default_and_intent")
    # Without the notice it stays barred once the count is reached.
    told = given.day if given is not None else 0
    until = max(free, told) - 1 if told or free > log.s.as_of else 0
    if spell.is_over:
        until = min(until or NEVER, spell.end - 1)
    events = (given.at,) if given is not None else ()
    why = ("The oldest unpaid installment was due on {0}; enough are unpaid with that of {1}.", oldest, third)
    exits = "enough full installments being unpaid and the notice of default and of the intent to foreclose"
    if until >= spell.start or not until:
        out.protection(rule, Bar.FIRST_FILING, oldest, spell.start, until, events, why=why, exits=exits)
    for filing in log.all("first_filing_made"):
        counted = log.s.ledger.unpaid(filing.day) >= number or exception_from(spell) <= filing.day
        if spell.start <= filing.day < spell.end and filing.day >= free and not counted:
            words = (FORECLOSURE_TOO_EARLY, filing.day)
            out.breach(rule, of_event(filing.at), filing.day, words, (filing.at,))


# --- the six months ---------------------------------------------------------------------------------

_TOOLS = ("first_filing_made", "modification_executed", "partial_claim_executed", "short_sale_started")


def use_a_tool(spell: Spell) -> None:
    """FHA-T7 to FHA-T10: one of the tools, or foreclosure, within six months of the date of default."""
    log = spell.log
    dated = log.rule("FHA-DD", spell.start)
    if dated is None or dated.length is None:
        return
    oldest = spell.still_unpaid(dated.length)
    default = oldest + dated.length
    rule = log.rule("FHA-T7", default)
    if rule is None or default > log.s.as_of or default >= spell.end:
        return
    last = rule.after(default)
    done = _tool(spell)
    how = ("due on {0}, so in default on {1}; counted from there it is {2}", oldest, default, last)
    waived: Words = ""
    barred = _legal_bar(log, default, last)
    if barred and (done is None or done.day > last):
        waived = ("Bankruptcy barred foreclosure from {0}.", barred)
    while_behind(spell, rule, oldest, last, done=done, waived=waived, how=how)
    vacant_home(spell, last)
    after_bar(spell)
    after_failed_option(spell, last)
    after_short_sale(spell, last)


def _tool(spell: Spell) -> Row | None:
    log = spell.log
    found = [log.first(spell.start, spell.end + 1, kind) for kind in (*_TOOLS, "title_transferred", "loan_paid_off")]
    for how in ("modification", "partial_claim"):
        found.append(log.first(spell.start, spell.end + 1, "loan_brought_current", by=how))
    for row in log.all("short_term_accepted"):
        application = log.s.applications.get(row.thread)
        if application is not None and application.short_plan == "forbearance" and spell.start <= row.day < spell.end:
            found.append(row)
    known = [row for row in found if row is not None]
    return min(known) if known else None


def _legal_bar(log: Log, start: int, end: int) -> int:
    for bankruptcy in log.s.bankruptcies.values():
        if bankruptcy.filed <= end and (not bankruptcy.ended or bankruptcy.ended > start):
            return bankruptcy.filed
    return 0


def _foreclosure(spell: Spell, start: int) -> Row | None:
    return spell.log.first(start, spell.end, "first_filing_made")


def _act(spell: Spell, rule: Rule, row: Row, start: int, last: int, how: Words, done: Row | None) -> None:
    out = spell.log.out
    events = (row.at,) if done is None else (row.at, done.at)
    if done is None and spell.is_over:
        out.ended(rule, of_event(row.at), start, last, events, spell.end, (PAID, spell.end), how)
    else:
        out.duty(rule, of_event(row.at), start, last, events, done=done.day if done else 0, how=how)


def vacant_home(spell: Spell, never_beyond: int) -> None:
    """FHA-T8: the later of 120 days after vacancy and 60 after discovery, never beyond FHA-T7."""
    log = spell.log
    row = log.first(spell.start, spell.end, "home_found_vacant")
    rule = log.rule("FHA-T8", row.day) if row is not None else None
    if row is None or rule is None:
        return
    vacated, found = rule.after(_vacant_since(row)), row.day + rule.figures["from_discovery"]
    last = min(max(vacated, found), never_beyond)
    how = (
        "the later of {0} after the vacancy and {1} after it was found, never beyond {2}",
        vacated,
        found,
        never_beyond,
    )
    _act(spell, rule, row, row.day, last, how, _foreclosure(spell, spell.start))


def after_bar(spell: Spell) -> None:
    """FHA-T8a: start or restart within 90 days after bankruptcy no longer bars it."""
    log = spell.log
    for row in log.all("bankruptcy_dismissed", "bankruptcy_closed"):
        rule = log.rule("FHA-T8a", row.day)
        if rule is not None and spell.start <= row.day < spell.end:
            done = log.first(row.day, spell.end, "first_filing_made", "judgment_motion_made", "sale_scheduled")
            _act(spell, rule, row, row.day, rule.after(row.day), "", done)


def after_failed_option(spell: Spell, six_months: int) -> None:
    """FHA-T9: more time after a modification or a special forbearance failed."""
    log = spell.log
    for row in log.all("plan_failed", "short_term_failed"):
        rule = log.rule("FHA-T9", row.day)
        if rule is None or not spell.start <= row.day < spell.end:
            continue
        if row.kind == "short_term_failed":
            application = log.s.applications.get(row.thread)
            stays = row.day + rule.figures["stays_failed"]
            if (
                application is None
                or application.short_plan != "forbearance"
                or min(log.s.as_of, spell.end - 1) < stays
            ):
                continue
            last = max(six_months, rule.after(row.day))
            how: Words = ("the later of {0} and the days after the failure, {1}", six_months, rule.after(row.day))
        else:
            if not _eligible_by(log, row, six_months):
                continue
            last = rule.after(six_months)
            how = ("the time of FHA-T7 ends on {0}; with the days more it is {1}", six_months, last)
        _act(spell, rule, row, row.day, last, how, log.first(row.day, spell.end, *_TOOLS))


def _eligible_by(log: Log, row: Row, day: int) -> bool:
    application = log.s.applications.get(row.thread)
    decided = application.last.decided if application is not None and application.last is not None else 0
    return bool(decided) and decided <= day


def after_short_sale(spell: Spell, six_months: int) -> None:
    """FHA-T10: when a pre-foreclosure sale ends, and the next step after it."""
    log = spell.log
    for sale in log.all("short_sale_started"):
        rule = log.rule("FHA-T10", sale.day)
        if rule is None or not spell.start <= sale.day < spell.end:
            continue
        contract = log.first(sale.day, NEVER, "short_sale_contract_signed", thread=sale.at)
        no_contract = month_after(sale.day, rule.figures["no_contract_months"])
        ends = no_contract
        if contract is not None and contract.day <= no_contract:
            ends = month_after(sale.day, rule.figures["contract_months"])
        given_up = log.first(sale.day, ends, "short_sale_ended", thread=sale.at)
        ends = given_up.day if given_up is not None else ends
        if ends > log.s.as_of:
            log.out.note(rule, ("The pre-foreclosure sale ends on {0} as things stand.", ends))
            continue
        if ends >= spell.end:
            continue
        last = max(rule.after(ends), six_months)
        how = (
            "the pre-foreclosure sale ended on {0}; the days after it, or the time of FHA-T7 if later, is {1}",
            ends,
            last,
        )
        _act(spell, rule, sale, ends, last, how, log.first(ends, spell.end, *_TOOLS[:3]))


# --- reinstatement, milestones ----------------------------------------------------------------------


_MONTHS = 12


def reinstatement(log: Log) -> None:
    """FHA-T11: one sum brings the loan back, unless it did in the two years before."""
    back = log.all("loan_brought_current", by="reinstatement")
    filings = log.all("first_filing_made")
    for filing in filings:
        rule = log.rule("FHA-T11", filing.day)
        if rule is None:
            continue
        since = month_after(filing.day, -_MONTHS * rule.figures["earlier_years"])
        earlier = [
            row
            for row in back
            if since <= row.day < filing.day and any(other.day <= row.day for other in filings if other.at < row.at)
        ]
        if earlier:
            words = "The servicer may refuse a reinstatement: one was accepted on {0}, after a filing."
            log.out.note(rule, (words, earlier[-1].day))
            continue
        used = next((row for row in back if row.day >= filing.day), None)
        over = log.first(filing.day, NEVER, "sale_held", "loan_paid_off", "foreclosure_dismissed", "title_transferred")
        events = (filing.at,) if used is None else (filing.at, used.at)
        log.out.right(
            rule,
            "reinstate",
            of_event(filing.at),
            filing.day,
            0,
            events,
            used=used.day if used is not None else 0,
            over=over.day if over is not None and used is None else 0,
            why="until the sale",
        )


def contact_milestones(spell: Spell) -> None:
    """FHA-T20: the next contact milestone; what it asks for is not known, so it starts no duty."""
    log = spell.log
    rule = log.rule("FHA-T20", log.s.as_of)
    oldest = log.s.ledger.oldest(log.s.as_of)
    if rule is None or not oldest or spell.is_over:
        return
    ahead = [oldest + days for days in rule.figures.values() if oldest + days >= log.s.as_of]
    if ahead:
        log.out.note(
            rule, ("The next contact milestone is on {0}; what must happen then is not known here.", min(ahead))
        )
