"""Loss mitigation procedures: LM-1 to LM-7, EV-1 to EV-7, FA-1 to FA-4, RS-1 to RS-4, AP-1 to AP-3, DU-1, TR-1 to TR-9.

Each test against the sale date is made by itself; the tier is only a label (:func:`tier`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from hopenow.clocks.families.scope import FULL, SMALL, coverage
from hopenow.clocks.ledger import NEVER
from hopenow.clocks.output import Out, of_event
from hopenow.clocks.result import ApplicationFacts, Test, Words, day_or_none, spoken
from hopenow.clocks.rulebook import Law, Rule
from hopenow.clocks.state import Application, Completion, State

WITHDRAWN = "The homeowner withdrew the application on {0}."
PASSED_ON = "Servicing was transferred on {0}; the new servicer must do it."
ASKED = "More was asked for on {0}; the time to decide runs from the day on which the application is complete again."
DEFERRED = "The homeowner accepted a deferral on {0}, which ended the work on the application."
SAID_COMPLETE = "The acknowledgment already said that the application is complete, and nothing was asked for since."
DECIDED = "The decision was sent on {0}, before the notice was due."
LOAN_ENDED = "The loan, or the homeowner's title, ended on {0}."
CONFIRMATION = "A possible successor applied; the application counts as received once the successor is confirmed."


def run(s: State, out: Out) -> None:
    """Every clock of every application."""
    for application in s.applications.values():
        if application.successor:
            out.note(s.book.at(s.as_of).get("LM-7"), CONFIRMATION)
            continue
        covered, why = is_covered(s, application)
        short_term(s, out, application)
        if not covered:
            if why:
                out.note(s.book.at(application.received).get("DU-1"), why)
            continue
        acknowledge(s, out, application)
        missing_papers(s, out, application)
        diligence(s, out, application)
        for number, completion in enumerate(application.completions):
            following = application.completions[number + 1] if number + 1 < len(application.completions) else None
            complete_notice(s, out, application, completion, number)
            decide(s, out, application, completion, following)
            more_papers(s, out, application, completion, following)
            if completion.decided:
                denial(s, out, application, completion)
                answer(s, out, application, completion)
                appeal(s, out, application, completion)
        offers(s, out, application)


# --- what applies ---------------------------------------------------------------------------------


def is_covered(s: State, application: Application) -> tuple[bool, str]:
    """Whether section 1024.41 applies to an application in full, and why not (SG-1 to SG-4, DU-1)."""
    if coverage(s, application.received) != FULL:
        return False, ""
    rule = s.book.at(application.received).get("DU-1")
    if rule is None:
        return False, ""
    for earlier in s.applications.values():
        if earlier.index >= application.index:
            break
        last = earlier.last
        if last is None or not last.decided or last.decided > application.received:
            continue
        if s.servicer_on(application.received) != s.servicer_on(last.decided):
            continue
        if earlier.appealed and not (earlier.appeal_decided and earlier.appeal_decided <= application.received):
            continue
        if not rule.figures["cure_renews"] or s.ledger.always_behind(last.facial, application.received):
            return False, (
                f"The application {s.case.events[application.index].id} is not covered: the servicer handled a "
                "complete application before, and the homeowner has been behind ever since."
            )
    return True, ""


def more_than(rule: Rule | None, gap: int) -> bool:
    """Whether a gap to the sale is more than the rule's number of days; true without a sale (CR-6)."""
    return rule is not None and gap > rule.figures["more_than"]


def in_time_for_decision(s: State, application: Application, completion: Completion) -> bool:
    """Whether the completion came early enough before a sale for 41(c), (d) and (g); or by the date of TR-4."""
    law = s.book.at(completion.facial)
    gap = completion.gap if s.policies.facial_sale_test == "facial" else completion.actual_gap
    return more_than(law.get("EV-1"), gap) or by_reasonable_date(s, application, completion)


def by_reasonable_date(s: State, application: Application, completion: Completion) -> bool:
    """TR-4: complete by the reasonable date that a new servicer disclosed under TR-2."""
    if not (application.reasonable and s.transfers and passed_on(s, application)):
        return False
    return completion.facial <= application.reasonable and "TR-4" in s.book.at(completion.facial)


def may_appeal(s: State, completion: Completion) -> bool:
    """41(h)(1): early before a sale, or before the first filing."""
    rule = s.book.at(completion.facial).get("AP-1")
    return rule is not None and (completion.gap >= rule.figures["sale_days"] or completion.early)


def passed_on(s: State, application: Application) -> int:
    """TR-2: transfer date on which the acknowledgment was still to be sent and its time had not run out; or 0."""
    law = s.book.at(application.received)
    rule = law.get("LM-2")
    if rule is None or application.gap < rule.figures["sale_days"]:
        return 0
    last = rule.after(application.received)
    for day, _, _ in s.transfers:
        if day < application.received or (application.acknowledged and application.acknowledged < day):
            continue
        if day <= last and "TR-2" in s.book.at(day):
            return day
        break
    return 0


def tier(s: State, completion: Completion) -> str | None:
    """Label of a complete application, T1 to T4, as fixed on its receipt (CR-7); None before the rules."""
    law = s.book.at(completion.facial)
    if "T2" not in law:
        return None
    if completion.early:
        return "T1"
    if completion.gap >= law["T2"].figures["sale_days"]:
        return "T2"
    return "T3" if completion.gap > law["T3"].figures["more_than"] else "T4"


# --- receipt and completeness ---------------------------------------------------------------------


def acknowledge(s: State, out: Out, application: Application) -> None:
    """LM-1, LM-2 and, after a transfer, TR-2."""
    received, about = application.received, of_event(application.index)
    law = s.book.at(received)
    rule = law.get("LM-2")
    if rule is None or application.gap < rule.figures["sale_days"]:
        return
    sent, index = application.acknowledged, application.acknowledged_index
    events: tuple[int, ...] = (application.index, index) if sent else (application.index,)
    review = law["LM-1"]
    withdrawn = application.withdrawn
    if withdrawn and not sent:
        out.ended(
            review, about, received, review.after(received), (application.index,), withdrawn, (WITHDRAWN, withdrawn)
        )
    else:
        out.duty(review, about, received, review.after(received), events, done=sent)
    last = rule.after(received)
    moved = passed_on(s, application)
    if moved:
        out.ended(rule, about, received, last, (application.index,), moved, (PASSED_ON, moved))
        rule, received = s.book.at(moved)["TR-2"], moved
        last = rule.after(moved)
        transfer = next(i for day, i, _ in s.transfers if day == moved)
        events = (application.index, transfer, index) if sent else (application.index, transfer)
    if sent:
        out.duty(rule, about, received, last, events, done=sent)
    elif withdrawn and withdrawn <= last:
        out.ended(rule, about, received, last, events, withdrawn, (WITHDRAWN, withdrawn))
    else:
        _open(s, out, rule, about, received, last, events)


def _open(s: State, out: Out, rule: Rule, about: int, start: int, last: int, events: tuple[int, ...]) -> None:
    """A duty that is still to be done, unless the loan or the title ended."""
    if s.ended:
        out.ended(rule, about, start, last, (*events, s.ended_index), s.ended, (LOAN_ENDED, s.ended))
    else:
        out.duty(rule, about, start, last, events)


def reasonable_date(s: State, application: Application) -> tuple[int, int, str]:
    """LM-3: (latest date the acknowledgment may name, shortest, what made it so)."""
    sent = application.acknowledged
    rule = s.book.at(sent)["LM-3"]
    figures = rule.figures
    latest, why = rule.after(sent), ""
    sale = s.sale_on(sent)
    oldest = s.ledger.oldest(sent)
    milestones = [(day, "something submitted goes stale on {0}") for day in application.stale]
    if oldest:
        milestones.append((oldest + figures["delinquency_milestone"], "the delinquency reaches its milestone on {0}"))
    if sale:
        milestones.append((sale - figures["first_sale_milestone"], "the first milestone before the sale is {0}"))
        milestones.append((sale - figures["last_sale_milestone"], "the last milestone before the sale is {0}"))
    ahead = min(((day, words) for day, words in milestones if day > sent), default=None)
    if ahead is not None and ahead[0] < latest:
        latest, why = ahead
    shortest = sent + figures["shortest"]
    return (shortest, shortest, why) if latest < shortest else (latest, shortest, why)


def missing_papers(s: State, out: Out, application: Application) -> None:
    """LM-3, and the homeowner's time to send what is missing."""
    sent, about = application.acknowledged, of_event(application.index)
    if not sent or not application.missing:
        return
    rule = s.book.at(sent)["LM-3"]
    latest, shortest, why = reasonable_date(s, application)
    events = (application.acknowledged_index,)
    named = application.reasonable
    how: Words = ""
    if not why:
        pass
    elif latest == shortest:
        how = ("the next milestone comes sooner, but the time after the notice may not end before {0}", latest)
    else:
        how = (why + ", which comes before the usual time ends", latest)
    out.duty(rule, about, sent, latest, events, done=sent, first=shortest, how=how)
    if named and named < shortest:
        out.breach(
            rule,
            about,
            sent,
            ("The acknowledgment names {0}, and the time may not end before {1}.", named, shortest),
            events,
        )
    elif named > latest and why:
        out.breach(
            rule,
            about,
            sent,
            ("The acknowledgment names {0}, which is later than the next milestone allows: {1}.", named, latest),
            events,
        )
    completed = application.completions[0].facial if application.completions else 0
    over = application.withdrawn or application.deferral
    out.right(rule, "send_papers", about, sent, named or latest, events, used=completed, over=over)


def diligence(s: State, out: Out, application: Application) -> None:
    """LM-4: keep working on an incomplete application; it may rest during a short-term plan."""
    received, about = application.received, of_event(application.index)
    rule = s.book.at(received)["LM-4"]
    last = application.last
    if last is not None and not last.lapsed:
        out.ended(
            rule,
            about,
            received,
            0,
            (application.index, last.index),
            last.actual,
            ("The application became complete on {0}.", last.actual),
        )
        return
    over = application.withdrawn or application.deferral or s.ended
    if over:
        words = WITHDRAWN if application.withdrawn else DEFERRED if application.deferral else LOAN_ENDED
        out.ended(rule, about, received, 0, (application.index,), over, (words, over))
        return
    resting = application.short_accepted and not (application.short_failed or application.short_ended)
    why = "The work may rest while the homeowner performs on the short-term plan." if resting else ""
    start = last.lapsed if last is not None else received
    out.duty(rule, about, start, 0, (application.index,), why=why)
    if resting and application.short_plan == "forbearance" and application.short_ends:
        why = "Contact the homeowner before the forbearance ends."
        how = ("the forbearance ends on {0}", application.short_ends)
        out.duty(
            rule,
            about,
            application.short_accepted,
            application.short_ends,
            (application.short_index,),
            done=application.short_contacted,
            why=why,
            how=how,
        )


def complete_notice(s: State, out: Out, application: Application, completion: Completion, number: int) -> None:
    """LM-6: notice of complete application, each time it becomes complete."""
    actual, about = completion.actual, of_event(application.index)
    rule = s.book.at(actual).get("LM-6")
    if rule is None or not in_time_for_decision(s, application, completion):
        return
    last = rule.after(actual)
    events = (application.index, completion.index)
    acknowledged = application.acknowledged
    if completion.noticed:
        out.duty(rule, about, actual, last, (*events, completion.noticed_index), done=completion.noticed)
        if completion.shows and completion.shows != actual:
            words = ("The notice shows {0} as the day of completion, and it was {1}.", completion.shows, actual)
            out.breach(rule, about, completion.noticed, words, (completion.noticed_index,))
    elif acknowledged and not application.missing and not number and acknowledged <= last:
        out.waived(rule, about, actual, last, (*events, application.acknowledged_index), SAID_COMPLETE)
    elif completion.decided and completion.decided <= last:
        out.waived(rule, about, actual, last, (*events, completion.decision), (DECIDED, completion.decided))
    elif application.withdrawn and application.withdrawn <= last:
        out.ended(rule, about, actual, last, events, application.withdrawn, (WITHDRAWN, application.withdrawn))
    else:
        _open(s, out, rule, about, actual, last, events)


def more_papers(
    s: State, out: Out, application: Application, completion: Completion, following: Completion | None
) -> None:
    """FA-2 to FA-4: time to send what was asked for after completion."""
    asked = completion.asked
    if not asked:
        return
    rule = s.book.at(asked)["FA-2"]
    used = following.actual if following is not None and following.actual <= completion.until else 0
    why = (
        "The application counts as complete for the foreclosure bars since {0} while this time lasts.",
        completion.facial,
    )
    out.right(
        rule,
        "send_papers",
        of_event(application.index),
        asked,
        completion.until,
        (completion.index, completion.asked_index),
        used=used,
        over=application.withdrawn,
        why=why,
    )


# --- evaluation -----------------------------------------------------------------------------------


def decide(s: State, out: Out, application: Application, completion: Completion, following: Completion | None) -> None:
    """EV-1, EV-2 and, after a transfer, TR-5."""
    actual, about = completion.actual, of_event(application.index)
    law = s.book.at(actual)
    rule = law.get("EV-1")
    events: tuple[int, ...] = (application.index, completion.index)
    if rule is None:
        return
    if not in_time_for_decision(s, application, completion):
        other = law.get("PP-3")
        if other is not None and not completion.decided:
            why = "Too close to the sale for the procedure; the servicer's own policies still apply."
            out.duty(other, about, actual, 0, events, why=why)
        return
    start, last = actual, rule.after(actual)
    for moved, index, _ in s.transfers:
        new = s.book.at(moved).get("TR-5")
        pending = not completion.decided or completion.decided >= moved
        asked = completion.asked and completion.asked < moved
        # On the transfer date itself the application is pending at the new servicer.
        if (
            moved >= actual
            and pending
            and not asked
            and new is not None
            and not (moved == actual and completion.servicer)
        ):
            out.ended(rule, about, start, last, events, moved, (PASSED_ON, moved))
            rule, start, last = new, moved, new.after(moved)
            events = (application.index, completion.index, index)
    if completion.decided:
        delayed = completion.delayed and completion.delayed <= last < completion.decided
        if delayed:
            _after_delay(s, out, rule, about, start, last, events, completion)
        else:
            out.duty(rule, about, start, last, (*events, completion.decision), done=completion.decided)
        return
    if completion.asked:
        over = completion.asked
        out.ended(rule, about, start, last, (*events, completion.asked_index), over, (ASKED, over))
    elif application.withdrawn:
        out.ended(rule, about, start, last, events, application.withdrawn, (WITHDRAWN, application.withdrawn))
    elif application.deferral:
        out.ended(rule, about, start, last, events, application.deferral, (DEFERRED, application.deferral))
    elif completion.delayed and completion.delayed <= last:
        _after_delay(s, out, rule, about, start, last, events, completion)
    else:
        _open(s, out, rule, about, start, last, events)


def _after_delay(
    s: State, out: Out, rule: Rule, about: int, start: int, last: int, events: tuple[int, ...], completion: Completion
) -> None:
    """EV-2: the notice about something missing from another party stands in for the decision until that is in."""
    later = s.book.at(start).get("EV-2")
    if later is None:
        _open(s, out, rule, about, start, last, events)
        return
    out.duty(later, about, start, last, (*events, completion.delayed_index), done=completion.delayed)
    words = ("Something from another party was missing; the homeowner was told on {0}.", completion.delayed)
    out.waived(rule, about, start, last, (*events, completion.delayed_index), words)
    came = completion.third_party
    if completion.decided and came > completion.decided:
        came = 0
    target = s.book.at(came).get("PP-4") if came else None
    due = target.after(came) if target is not None else 0
    how = ("decide promptly once it is in; it came in on {0}", came) if came else "decide promptly once it is in"
    out.duty(later, about, came or completion.delayed, due, events, done=completion.decided, how=how)


def denial(s: State, out: Out, application: Application, completion: Completion) -> None:
    """EV-7: specific reasons for each modification denied."""
    if not completion.details.get("denied_modifications"):
        return
    decided, about = completion.told, of_event(application.index)
    rule = s.book.at(decided)["EV-7"]
    events = (completion.told_index,)
    how = ("in the decision itself, sent on {0}", decided)
    if completion.details.get("reasons_given") is False:
        out.breach(rule, about, decided, "The decision denies a modification without its specific reasons.", events)
    else:
        out.duty(rule, about, decided, decided, events, done=decided, how=how)


def offers(s: State, out: Out, application: Application) -> None:
    """EV-3: offers that rest on evaluating an incomplete application."""
    for day, index, basis in application.offers_on_incomplete:
        rule = s.book.at(day).get("EV-3")
        if rule is None or not s.case.events[index].details.get("offered"):
            continue
        allowed = basis in ("diligence_exhausted", "no_evaluation")
        allowed |= basis == "deferral" and "EV-6" in s.book.at(day)
        allowed |= basis == "covid_streamlined" and bool(rule.figures.get("covid"))
        if not allowed:
            words = "An option was offered from evaluating an application that was not complete."
            out.breach(rule, of_event(application.index), day, words, (index,))


def short_term(s: State, out: Out, application: Application) -> None:
    """EV-4: written terms of a short-term plan; EV-6: a deferral."""
    if application.deferral:
        rule = s.book.at(application.deferral).get("EV-6")
        out.note(rule, (DEFERRED, application.deferral))
    offered = application.short_offered
    if not offered or coverage(s, offered) != FULL:
        return
    about = of_event(application.index)
    rule = s.book.at(offered).get("EV-4")
    if rule is None:
        return
    limit = rule.figures[f"{application.short_plan}_months"]
    months = s.case.events[application.short_index].details.get("months")
    if months is not None and months > limit:
        words = (
            "The plan covers more months of payments than a short-term plan may, so it needed a complete application."
        )
        out.breach(s.book.at(offered)["EV-3"], about, offered, words, (application.short_index,))
    events: tuple[int, ...] = (application.short_index,)
    if application.short_terms:
        events = (*events, application.short_terms_index)
    out.duty(rule, about, offered, rule.after(offered), events, done=application.short_terms)


# --- answers and appeals --------------------------------------------------------------------------


def answer_rule(law: Law, completion: Completion) -> Rule:
    """RS-1 or RS-2: 41(e)(1) looks at the sale date only."""
    rule = law["RS-1"]
    return rule if completion.gap >= rule.figures["sale_days"] else law["RS-2"]


def answer_by(s: State, application: Application, completion: Completion) -> tuple[int, Rule, Words]:
    """Last day to answer the offer: (ordinal or 0 while an appeal is open, rule, how it was counted)."""
    decided = completion.told
    law = s.book.at(decided)
    rule = answer_rule(law, completion)
    shortest = rule.after(decided)
    named = completion.details.get("respond_by")
    stated = named.toordinal() if named is not None else 0
    last = max(shortest, stated)
    how: Words = ""
    if stated > shortest:
        how = ("the decision gives time until {0}", stated)
    if timely_appeal(s, application, completion):
        rule = law["RS-4"]
        if not application.appeal_decided:
            return 0, rule, "the time to answer begins anew with the decision on the appeal"
        last = max(last, rule.after(application.appeal_decided))
        again = application.appeal_details.get("respond_by")
        if again is not None:
            last = max(last, again.toordinal())
        how = (
            "the appeal was decided on {0}; the time to answer may not end before {1}",
            application.appeal_decided,
            last,
        )
    return last, rule, how


def timely_appeal(s: State, application: Application, completion: Completion) -> bool:
    """Whether an appeal that is allowed was made in time."""
    if not application.appealed or not completion.decided or not may_appeal(s, completion):
        return False
    return application.appealed <= s.book.at(completion.told)["AP-1"].after(completion.told)


def answer(s: State, out: Out, application: Application, completion: Completion) -> None:
    """RS-1 to RS-4: the homeowner's time to accept or reject."""
    decided, about = completion.told, of_event(application.index)
    in_time = in_time_for_decision(s, application, completion)
    first_offer = completion.details.get("offered") if in_time else None
    events: tuple[int, ...] = (completion.told_index,)
    law = s.book.at(decided)
    if first_offer:
        named = completion.details.get("respond_by")
        rule = answer_rule(law, completion)
        if named is not None and named.toordinal() < rule.after(decided):
            words = (
                "The offer gives time until {0}, and it may not end before {1}.",
                named.toordinal(),
                rule.after(decided),
            )
            out.breach(rule, about, decided, words, events)
    elif not application.appeal_details.get("offered"):
        return
    elif not in_time and not timely_appeal(s, application, completion):
        # 41(h) can apply (complete in the 120 days) where the sale was too near for 41(e).
        return
    last, rule, how = answer_by(s, application, completion)
    start = decided
    if application.appeal_decided and timely_appeal(s, application, completion):
        events = (completion.told_index, application.appeal_decided_index)
        if not first_offer:
            start, rule = application.appeal_decided, law["AP-3"]
    elif not first_offer:
        # An appeal that was not owed led to the offer, so 41(e)(1) counts from the day of that offer.
        events = (completion.told_index, application.appeal_decided_index)
        start, rule = application.appeal_decided, answer_rule(law, completion)
        again = application.appeal_details.get("respond_by")
        last, how = max(rule.after(start), again.toordinal() if again is not None else 0), ""
    used = application.accepted or (application.trial_days[0] if application.trial_days else 0)
    if any(moved > start for moved, _, _ in s.transfers) and "TR-7" in law:
        how = how or ("the time to answer goes on across the transfer, to {0}", last)
    out.right(
        rule,
        "accept",
        about,
        start,
        last,
        events,
        used=used,
        over=application.rejected or application.withdrawn,
        why=how,
    )


def appeal(s: State, out: Out, application: Application, completion: Completion) -> None:
    """AP-1 to AP-3, TR-6: appeal against the denial of a modification."""
    decided, about = completion.told, of_event(application.index)
    law = s.book.at(decided)
    if not completion.details.get("denied_modifications") or not may_appeal(s, completion):
        return
    rule = law["AP-1"]
    last = rule.after(decided)
    made = application.appealed
    timely = bool(made) and made <= last
    events: tuple[int, ...] = (completion.told_index,)
    late = ("An appeal was made on {0}, after the time had run out.", made) if made and not timely else ""
    out.right(
        rule, "appeal", about, decided, last, events, used=made if timely else 0, over=application.withdrawn, why=late
    )
    if completion.details.get("appeal_explained") is False:
        out.breach(law["EV-1"], about, decided, "The decision does not explain the right to appeal.", events)
    if not timely:
        return
    rule = s.book.at(made)["AP-3"]
    start, due = made, rule.after(made)
    how: Words = ""
    events = (completion.told_index, application.appeal_index)
    for moved, index, _ in s.transfers:
        new = s.book.at(moved).get("TR-6")
        undecided = not application.appeal_decided or application.appeal_decided >= moved
        if new is not None and moved > made and undecided:
            out.ended(rule, about, start, due, events, moved, (PASSED_ON, moved))
            rule, start, due = new, made, max(new.after(moved), new.after(made))
            how = ("the later of the time from the appeal on {0} and from the transfer on {1}", made, moved)
            events = (completion.told_index, application.appeal_index, index)
    if application.appeal_decided:
        out.duty(
            rule,
            about,
            start,
            due,
            (*events, application.appeal_decided_index),
            done=application.appeal_decided,
            how=how,
        )
        if application.appeal_details.get("same_reviewer"):
            words = "The appeal was decided by somebody who took part in the first evaluation."
            out.breach(law["AP-2"], about, application.appeal_decided, words, (application.appeal_decided_index,))
        named, shortest = (
            application.appeal_details.get("respond_by"),
            application.appeal_decided + rule.figures.get("answer", law["AP-3"].figures["answer"]),
        )
        if named is not None and named.toordinal() < shortest:
            words2 = (
                "The decision on the appeal gives time until {0}, and it may not end before {1}.",
                named.toordinal(),
                shortest,
            )
            out.breach(law["AP-3"], about, application.appeal_decided, words2, (application.appeal_decided_index,))
    elif application.withdrawn:
        out.ended(rule, about, start, due, events, application.withdrawn, (WITHDRAWN, application.withdrawn), how)
    elif s.ended:
        out.ended(rule, about, start, due, events, s.ended, (LOAN_ENDED, s.ended), how)
    else:
        out.duty(rule, about, start, due, events, how=how)


# --- facts ----------------------------------------------------------------------------------------


def facts(s: State) -> tuple[ApplicationFacts, ...]:
    """Where every application stands, with each test by itself."""
    return tuple(_facts(s, application) for application in s.applications.values())


def _facts(s: State, application: Application) -> ApplicationFacts:
    covered, why = is_covered(s, application)
    if application.successor:
        covered, why = False, CONFIRMATION
    elif not covered and not why:
        small = coverage(s, application.received) == SMALL
        why = "The servicer is a small servicer." if small else "The loan is outside the rules."
    last = application.last
    standing = last is not None and not last.lapsed
    return ApplicationFacts(
        id=s.case.events[application.index].id,
        received=day_or_none(application.received) or s.case.events[application.index].day,
        state=standing_of(s, application),
        facially_complete=day_or_none(last.facial) if last is not None and standing else None,
        complete=day_or_none(last.actual) if last is not None and standing and not last.asked else None,
        days_before_sale=last.gap if last is not None and last.gap < NEVER else None,
        tier=tier(s, last) if last is not None and standing else None,
        tests=tuple(_tests(s, application)),
        covered=covered,
        why_not=None if covered else why,
    )


def standing_of(s: State, application: Application) -> str:
    """Where an application stands, in a word or two."""
    last = application.last
    if application.withdrawn:
        return "withdrawn"
    if application.deferral:
        return "deferral accepted"
    if application.failed:
        return "agreement broken"
    if application.completed_plan:
        return "agreement carried out"
    if application.accepted or application.trial_days:
        return "agreement under way"
    if last is None:
        return "incomplete" if application.acknowledged else "received"
    if last.lapsed:
        return "incomplete again"
    if last.decided:
        return _after_decision(application, last)
    return "facially complete" if last.asked else "complete"


def _after_decision(application: Application, last: Completion) -> str:
    if application.appealed and not application.appeal_decided:
        return "appealed"
    if application.rejected:
        return "offer rejected"
    offered = last.details.get("offered") or application.appeal_details.get("offered")
    return "offer made" if offered else "denied"


def _tests(s: State, application: Application) -> Iterable[Test]:
    law = s.book.at(application.received)
    if "LM-2" in law:
        limit = law["LM-2"].figures["sale_days"]
        yield _gap_test(
            "acknowledgment",
            application.received,
            application.sale,
            application.gap >= limit,
            f"at least {limit}",
            "LM-2",
        )
    last = application.last
    if last is None or last.lapsed or "T2" not in law:
        return
    law = s.book.at(last.facial)
    limit = law["EV-1"].figures["more_than"]
    decided = in_time_for_decision(s, application, last)
    yield _gap_test("decision", last.facial, last.sale, decided, f"more than {limit}", "EV-1")
    limit = law["RS-1"].figures["sale_days"]
    long = last.gap >= limit
    yield _gap_test("longer time to answer", last.facial, last.sale, long, f"at least {limit}", "RS-1")
    first = "a first filing had been made" if last.filed else "no first filing had been made"
    if last.filed and last.early:
        first += ", in the time in which none may be made"
    yield dataclasses.replace(
        _gap_test(
            "appeal",
            last.facial,
            last.sale,
            may_appeal(s, last),
            f"at least {law['AP-1'].figures['sale_days']}",
            "AP-1",
        ),
        why=f"{first}; " + _gap_words(last.facial, last.sale, f"at least {law['AP-1'].figures['sale_days']}"),
    )
    yield Test("bar on a first filing", last.early, f"{first} when the application became complete", "FC-2")
    limit = law["FC-3"].figures["more_than"]
    bars = last.filed and decided
    yield dataclasses.replace(
        _gap_test("bar on judgment and sale", last.facial, last.sale, bars, f"more than {limit}", "FC-3"),
        why=f"{first}; " + _gap_words(last.facial, last.sale, f"more than {limit}"),
    )


def _gap_words(day: int, sale: int, wanted: str) -> str:
    if not sale:
        return f"no sale was scheduled on {spoken(day)}; wanted: {wanted} days before a sale"
    return f"{spoken(day)} is {sale - day} days before the sale on {spoken(sale)}; wanted: {wanted}"


def _gap_test(name: str, day: int, sale: int, passed: bool, wanted: str, rule: str) -> Test:
    return Test(name, passed, _gap_words(day, sale, wanted), rule)
