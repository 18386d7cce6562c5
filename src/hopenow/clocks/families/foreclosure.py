"""The foreclosure shield: FC-1 to FC-3, EV-5, SS-1, TR-3, and acts against it."""

from __future__ import annotations

from hopenow.clocks.families.loss_mitigation import (
    answer_by,
    by_reasonable_date,
    in_time_for_decision,
    is_covered,
    may_appeal,
    passed_on,
    timely_appeal,
)
from hopenow.clocks.families.scope import FULL, NONE, SMALL, coverage
from hopenow.clocks.output import Out, of_event
from hopenow.clocks.result import Bar, Words
from hopenow.clocks.rulebook import Rule
from hopenow.clocks.state import Application, Completion, State

UNTIL_DECIDED = (
    "a decision that no option is available, with no appeal left; a rejection of every offer; or a failure to perform"
)
BEFORE_FILING = "A complete application came in on {0}, before a first notice or filing could be made or was."
AFTER_FILING = "A complete application came in on {0}, after the first filing and early enough before a sale."
BY_REASONABLE_DATE = "The application was complete on {0}, by the reasonable date of the new servicer."
_EARNED = frozenset({"FC-2", "FC-3", "EV-5", "SS-1"})
LAPSED = "the application became incomplete again on {0}: what was asked for did not come in time"
NO_ANSWER = "no answer to the offer by {0}; the homeowner rejecting every offer; or failing to perform"
BARRED_MOTION = "A motion for judgment or an order of sale was made on {0}, which was barred."
BARRED_FILING = "The first notice or filing was made on {0}, which was barred."
EARLY_FILING = (
    "The first filing was made on {0}; the oldest unpaid installment was due on {1}, so the first possible day was {2}."
)
WHILE_PERFORMING = "the homeowner failing to perform under the agreement"


def run(s: State, out: Out) -> None:
    """Every bar, and every act against one."""
    early_filing(s, out)
    for application in s.applications.values():
        short_term_plan(s, out, application)
        if application.successor:
            continue
        agreement_with_small_servicer(s, out, application)
        if application.completions and is_covered(s, application)[0]:
            while_decided(s, out, application)
        if s.transfers:
            before_reasonable_date(s, out, application)
    time_to_apply(s, out)


# --- FC-1 -----------------------------------------------------------------------------------------


def early_filing(s: State, out: Out) -> None:
    """FC-1: no first filing until the loan is more than the barred days delinquent."""
    ledger = s.ledger
    if not ledger.dates:
        return
    for start, cured in ledger.spells:
        if cured <= s.as_of:
            continue
        _barred_spell(s, out, start)
        return
    _barred_while_current(s, out)


def _barred_spell(s: State, out: Out, start: int) -> None:
    oldest = s.ledger.oldest(s.as_of)
    rule = s.book.at(oldest or start).get("FC-1")
    if rule is None or not oldest or coverage(s, s.as_of) == NONE:
        return
    until = rule.after(oldest)
    why = ("The oldest unpaid installment was due on {0}; the law's time after it ends with {1}.", oldest, until)
    exits = ("a first filing is possible from {0}, if no other protection stands and nothing is paid before", until + 1)
    out.protection(rule, Bar.FIRST_FILING, oldest, oldest, until, (), why=why, exits=exits)


def _barred_while_current(s: State, out: Out) -> None:
    day = s.as_of
    rule = s.book.at(day).get("FC-1")
    if rule is None or coverage(s, day) == NONE or s.ended:
        return
    start = s.ledger.spells[-1][1] if s.ledger.spells else s.ledger.dates[0]
    if start > day:
        start = day
    out.protection(
        rule,
        Bar.FIRST_FILING,
        start,
        start,
        0,
        (),
        why="Nothing is due and unpaid.",
        exits="the loan becoming delinquent for longer than the law demands",
    )


# --- while an application is decided --------------------------------------------------------------


def while_decided(s: State, out: Out, application: Application) -> None:
    """FC-2 and FC-3, from facial completeness until an exit."""
    completions = application.completions
    for number, completion in enumerate(completions):
        following = completions[number + 1] if number + 1 < len(completions) else None
        if following is not None and following.facial == completion.facial:
            # The protection goes on with the next completion, from the same day (FA-3).
            continue
        law = s.book.at(completion.facial)
        if completion.early:
            _earned(s, out, application, completion, law.get("FC-2"), BEFORE_FILING)
        if completion.filed and in_time_for_decision(s, application, completion):
            counsel_told(s, out, application, completion)
            late = by_reasonable_date(s, application, completion)
            _earned(s, out, application, completion, law.get("FC-3"), BY_REASONABLE_DATE if late else AFTER_FILING)


def counsel_told(s: State, out: Out, application: Application, completion: Completion) -> None:
    """PP-5: foreclosure counsel learns promptly that judgment and sale are barred (comment 41(g)-3)."""
    start = completion.facial
    rule = s.book.at(start).get("PP-5")
    if rule is None:
        return
    done, index = next(((day, at) for day, at in s.counsel if day >= start), (0, completion.index))
    events = (completion.index,) if index == completion.index else (completion.index, index)
    out.duty(rule, of_event(application.index), start, rule.after(start), events, done=done)


def _earned(
    s: State, out: Out, application: Application, completion: Completion, rule: Rule | None, words: str
) -> None:
    """One bar that a complete application earned."""
    if rule is None:
        return
    bars = Bar.FIRST_FILING if rule.id == "FC-2" else Bar.JUDGMENT_OR_SALE
    until, expected, exits, behind = shield_end(s, application, completion)
    about, start = of_event(application.index), completion.facial
    events = (application.index, completion.index, *behind)
    why = (words, start)
    out.protection(rule, bars, about, start, until, events, why=why, exits=exits, expected=expected)
    late = answered_late(s, application, completion)
    if late:
        # The servicer took the answer after the time had run out: performing protects from then on.
        over = application.failed or application.completed_plan or application.withdrawn or s.ended
        why = ("The homeowner has performed under the agreement since {0}.", late)
        out.protection(rule, bars, about, late, over, events, why=why, exits=WHILE_PERFORMING)


def answered_late(s: State, application: Application, completion: Completion) -> int:
    """Day of an acceptance or first trial payment that came after the time to answer; 0 if it came in time (RS-3)."""
    if not completion.decided or not (application.accepted or application.trial_days):
        return 0
    if not (completion.details.get("offered") or application.appeal_details.get("offered")):
        return 0
    first = min(day for day in (application.accepted, *application.trial_days) if day)
    last = answer_by(s, application, completion)[0]
    return first if last and first > last and s.policies.silence_is_rejection else 0


def time_to_apply(s: State, out: Out) -> None:
    """Until when a complete application would protect, where none does yet."""
    if s.ended or coverage(s, s.as_of) != FULL:
        return
    if any(row[0].id in _EARNED and (not row[4] or s.as_of <= row[4]) for row in out.protections):
        return
    law, today = s.book.at(s.as_of), s.as_of
    if s.filed and s.sale > today:
        at = s.sales[-1][2]
        rule = law.get("FC-3")
        if rule is not None and s.sale - today > rule.figures["more_than"]:
            last = s.sale - rule.figures["more_than"] - 1
            why = ("The sale is set for {0}; a complete application must be in by {1}.", s.sale, last)
            out.right(rule, "apply", of_event(at), s.sales[-1][0], last, (at,), why=why)
    elif not s.filed and (oldest := s.ledger.oldest(today)):
        rule, days = law.get("FC-2"), law.get("FC-1")
        if rule is not None and days is not None and today <= days.after(oldest):
            words = ("As things stand, a first filing is possible from {0}.", days.after(oldest) + 1)
            out.right(rule, "apply", oldest, oldest, days.after(oldest), (), why=words)


def shield_end(s: State, application: Application, completion: Completion) -> tuple[int, int, Words, tuple[int, ...]]:
    """When the protection of a complete application ends: (last day or 0, expected last day or 0, exits, events)."""
    if completion.lapsed:
        return completion.lapsed - 1, 0, (LAPSED, completion.lapsed), (completion.asked_index,)
    end = _ends(s, application, completion)
    over = (application.withdrawn, application.deferral, s.ended)
    early = min((found for found in over if found >= completion.facial), default=0)
    if early and (not end[0] or early < end[0]):
        template = (
            "the application was withdrawn on {0}" if early == application.withdrawn else "the matter ended on {0}"
        )
        return early, 0, (template, early), ()
    return end


def _ends(s: State, application: Application, completion: Completion) -> tuple[int, int, Words, tuple[int, ...]]:
    if not completion.decided:
        expected = completion.until if completion.asked else 0
        if expected:
            return 0, expected, ("what was asked for not coming in by {0}; or " + UNTIL_DECIDED, expected), ()
        return 0, 0, UNTIL_DECIDED, ()
    decision = (completion.told_index,)
    if answered_late(s, application, completion):
        return _offer_ends(s, application, completion, decision)
    if application.failed:
        words = ("the homeowner failed to perform on {0}", application.failed)
        return application.failed, 0, words, (application.failed_index,)
    if application.completed_plan:
        words = ("the agreement was carried out on {0}", application.completed_plan)
        return application.completed_plan, 0, words, decision
    if application.accepted or application.trial_days:
        return 0, 0, WHILE_PERFORMING, decision
    appealed = timely_appeal(s, application, completion)
    if appealed and not application.appeal_decided:
        return (
            0,
            0,
            "the decision on the appeal, and the time to answer after it",
            (*decision, application.appeal_index),
        )
    if completion.details.get("offered") or (appealed and application.appeal_details.get("offered")):
        return _offer_ends(s, application, completion, decision)
    return _denial_ends(s, application, completion, appealed, decision)


def _offer_ends(
    s: State, application: Application, completion: Completion, decision: tuple[int, ...]
) -> tuple[int, int, Words, tuple[int, ...]]:
    if application.rejected:
        last = max(application.rejected, application.appeal_decided)
        words = ("the homeowner rejected every offer on {0}", application.rejected)
        return last, 0, words, (*decision, application.rejected_index)
    last, _, _ = answer_by(s, application, completion)
    if not s.policies.silence_is_rejection:
        return 0, 0, "the homeowner rejecting every offer, or failing to perform", decision
    if s.as_of > last:
        return last, 0, ("the time to answer the offer ended on {0} without an answer", last), decision
    return 0, last, (NO_ANSWER, last), decision


def _denial_ends(
    s: State, application: Application, completion: Completion, appealed: bool, decision: tuple[int, ...]
) -> tuple[int, int, Words, tuple[int, ...]]:
    if appealed:
        last = application.appeal_decided
        return last, 0, ("the appeal was denied on {0}", last), (*decision, application.appeal_decided_index)
    if completion.details.get("denied_modifications") and may_appeal(s, completion):
        last = s.book.at(completion.told)["AP-1"].after(completion.told)
        if s.as_of > last:
            return last, 0, ("no option is available, and the time to appeal ended on {0}", last), decision
        return 0, last, ("no appeal by {0}; or the denial of an appeal", last), decision
    last = completion.told
    return last, 0, ("the homeowner was told on {0} that no option is available, and no appeal applies", last), decision


# --- agreements, transfers ------------------------------------------------------------------------


def short_term_plan(s: State, out: Out, application: Application) -> None:
    """EV-5: while the homeowner performs on a short-term plan."""
    start = application.short_accepted
    if not start or coverage(s, start) != FULL:
        return
    rule = s.book.at(start).get("EV-5")
    if rule is None:
        return
    until = application.short_failed or application.short_ended
    expected = 0
    if not until and application.short_ends:
        until = application.short_ends if application.short_ends < s.as_of else 0
        expected = 0 if until else application.short_ends
    why = ("The homeowner has performed on a short-term plan since {0}.", start)
    for bars in (Bar.FIRST_FILING, Bar.JUDGMENT_OR_SALE):
        out.protection(
            rule,
            bars,
            of_event(application.index),
            start,
            until,
            (application.short_index,),
            why=why,
            exits="the plan ending, or the homeowner failing to perform",
            expected=expected,
        )


def agreement_with_small_servicer(s: State, out: Out, application: Application) -> None:
    """SS-1: while the homeowner performs under an agreement with a small servicer."""
    start = application.accepted or application.short_accepted
    if not start or coverage(s, start) != SMALL:
        return
    rule = s.book.at(start).get("SS-1")
    if rule is None:
        return
    until = application.failed or application.completed_plan or application.short_failed or application.short_ended
    index = application.accepted_index if application.accepted else application.short_index
    why = ("The homeowner has performed under an agreement since {0}.", start)
    for bars in (Bar.FIRST_FILING, Bar.JUDGMENT_OR_SALE):
        out.protection(rule, bars, of_event(application.index), start, until, (index,), why=why, exits=WHILE_PERFORMING)


def before_reasonable_date(s: State, out: Out, application: Application) -> None:
    """TR-3: no first filing until after the reasonable date that the new servicer discloses."""
    moved = passed_on(s, application)
    if not moved or application.filed or not is_covered(s, application)[0]:
        return
    rule = s.book.at(moved).get("TR-3")
    if rule is None:
        return
    transfer = next(index for day, index, _ in s.transfers if day == moved)
    events: tuple[int, ...] = (application.index, transfer)
    why = ("Servicing was transferred on {0} before the application was acknowledged.", moved)
    if not application.acknowledged:
        over = application.withdrawn
        out.protection(
            rule,
            Bar.FIRST_FILING,
            of_event(application.index),
            moved,
            over,
            events,
            why=why,
            exits="the reasonable date that the acknowledgment will name having passed",
        )
        return
    if not application.missing:
        # The acknowledgment asked for nothing, so there is no date to wait for.
        return
    until = application.reasonable or _assumed_date(s, application)
    exits = ("the reasonable date, {0}, having passed without a complete application", until)
    out.protection(
        rule,
        Bar.FIRST_FILING,
        of_event(application.index),
        moved,
        until,
        (*events, application.acknowledged_index),
        why=why,
        exits=exits,
    )


def _assumed_date(s: State, application: Application) -> int:
    from hopenow.clocks.families.loss_mitigation import reasonable_date

    return reasonable_date(s, application)[0]


# --- acts against the shield ----------------------------------------------------------------------


def acts(s: State, out: Out) -> None:
    """First filings, motions and sales on protected days."""
    for day, index, basis in s.filings:
        _check_filing(s, out, day, index, basis)
    for day, index in s.motions:
        _check(out, day, index, (Bar.JUDGMENT_OR_SALE, Bar.ANY_STEP), BARRED_MOTION)
    if s.sale_held is not None:
        day, index = s.sale_held
        bars = (Bar.JUDGMENT_OR_SALE, Bar.ANY_STEP, Bar.SALE)
        _check(out, day, index, bars, "The sale was held on {0}, which was barred.")


def _check_filing(s: State, out: Out, day: int, index: int, basis: str) -> None:
    law = s.book.at(day)
    rule = law.get("FC-1")
    if rule is not None and basis == "delinquency" and s.ledger.dates and coverage(s, day) != NONE:
        behind = s.ledger.behind(day)
        if behind <= (rule.length or 0):
            oldest = s.ledger.oldest(day)
            words: Words = "The first filing was made while nothing was due and unpaid."
            if oldest:
                words = (EARLY_FILING, day, oldest, rule.after(oldest) + 1)
            out.breach(rule, of_event(index), day, words, (index,))
    _check(out, day, index, (Bar.FIRST_FILING, Bar.ANY_STEP), BARRED_FILING, skip="FC-1")


def _check(out: Out, day: int, index: int, bars: tuple[str, ...], words: str, skip: str = "") -> None:
    for rule, barred, about, start, until, _, _, _, events in tuple(out.protections):
        if barred in bars and rule.id != skip and start <= day and (not until or day <= until) and index not in events:
            _breach(out, rule, about, day, words, (*events, index))


def _breach(out: Out, rule: Rule, about: int, day: int, words: str, events: tuple[int, ...]) -> None:
    out.breach(rule, about, day, (words, day), events)
