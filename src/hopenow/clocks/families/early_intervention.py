"""Early intervention (EI-1 to EI-10) and continuity of contact (CC-1, CC-2)."""

from __future__ import annotations

import bisect

from hopenow.clocks.families.scope import FULL, coverage
from hopenow.clocks.ledger import NEVER
from hopenow.clocks.output import Out, of_event
from hopenow.clocks.result import Words
from hopenow.clocks.rulebook import Rule
from hopenow.clocks.state import Bankruptcy, State

PAID_IN_TIME = "The installment was paid on {0}, before the time ran out."
PAID = "The installment was paid on {0}."
IN_BANKRUPTCY = "A borrower on the loan is in bankruptcy."
CEASED = "The homeowner told the debt collector to stop contact."
NO_OPTION = "The owner of the loan offers no option."
STOOD = "A payment stood on that day; it was returned later."
ONGOING = "The servicer is in contact with the homeowner about an application, or about an agreement under it."
NOT_ELIGIBLE = "The homeowner was told that no option is available, and has been behind ever since."
OUT_OF_SCOPE = "The rules do not apply to this loan on that day."
TRANSFERRED = "Servicing was transferred on {0}; the new servicer has its own duty."
CURED = "The homeowner caught up on {0}."
KEPT = "Enough payments in a row were made on time under the agreement by {0}."
ALSO_CEASED = "The homeowner also told the debt collector to stop contact."
SENT_EARLIER = "the written notice went out on {0}, before the longest time, which would be {1}"
LOAN_ENDED = "The loan, or the homeowner's title, ended on {0}."

_AGREEMENTS = frozenset({"modification", "deferral", "partial_claim"})

Windows = list[tuple[Bankruptcy, int]]
Candidate = tuple[Rule, int, int, int, int]
"""A letter that may be owed: rule, what it is about, trigger day, last day, first day."""


def run(s: State, out: Out) -> None:
    """Live contact and written notices for every due date that went unpaid."""
    if not s.ledger.spells:
        return
    windows = [(bankruptcy, resume_day(s, bankruptcy)) for bankruptcy in s.bankruptcies.values()]
    live_contact(s, out, windows)
    told_of_help(s, out)
    written_notice(s, out, windows)
    bankruptcy_notice(s, out)
    contact_person(s, out)


def resume_day(s: State, bankruptcy: Bankruptcy) -> int:
    """Return the due date with which contact resumes after a bankruptcy case (EI-9); ``NEVER`` while it is open."""
    if not bankruptcy.ended or bankruptcy.reopened >= bankruptcy.ended:
        return NEVER
    return s.ledger.next_due_after(bankruptcy.ended) or NEVER


def live_contact(s: State, out: Out, windows: Windows) -> None:
    """EI-1: by due date + length, for every due date that is unpaid."""
    due, paid, at = s.ledger.due, s.ledger.paid, s.book.at
    days = s.attempts
    contacts = s.simple.get("live_contact_attempted", [])
    in_scope = simple_scope(s)
    exceptions = bool(windows or s.ceased or s.applications or s.ledger.stood)
    for i in range(len(due)):
        start, settled = due[i], paid[i]
        if settled <= start:
            continue
        rule = at(start).get("EI-1")
        if rule is None:
            continue
        last = rule.after(start)
        if not in_scope and coverage(s, last) != FULL:
            # Nothing is owed then; the facts say why.
            continue
        # A contact after the due date serves it; one that lies inside several windows serves several due dates.
        found = bisect.bisect_right(days, start)
        done, index = contacts[found] if found < len(days) else (0, -1)
        if done > settled:
            done = 0
        if done and done <= last:
            out.duty(rule, start, start, last, (index,), done=done)
        elif settled <= last:
            out.ended(rule, start, start, last, (), settled, (PAID_IN_TIME, settled))
        elif exceptions and (why := no_live_contact(s, start, last, windows)):
            out.waived(rule, start, start, last, (), why)
        elif moved := next((day for day, _, _ in s.transfers if last < day and (not done or day <= done)), 0):
            # The old servicer missed it; the new one has due dates of its own.
            out.ended(rule, start, start, last, (), min(moved, settled), (TRANSFERRED, moved))
        elif done:
            out.duty(rule, start, start, last, (index,), done=done)
        elif settled <= s.as_of:
            out.ended(rule, start, start, last, (), settled, (PAID, settled))
        else:
            out.duty(rule, start, start, last, ())


def simple_scope(s: State) -> bool:
    """Whether the loan is fully in scope on every day."""
    return coverage(s, s.as_of) == FULL and not s.small and not s.occupancy


def no_live_contact(s: State, start: int, last: int, windows: Windows) -> str:
    """Why no live contact is owed for a due date; empty where it is."""
    for bankruptcy, resume in windows:
        if bankruptcy.filed <= last and (start < resume or bankruptcy.discharged):
            return IN_BANKRUPTCY
    if s.cease_on(last) >= 0:
        return CEASED
    if s.ledger.stood and any(begin <= last < end for begin, end in s.ledger.stood):
        return STOOD
    for application in s.applications.values():
        if application.turned_down_at(last):
            completion = application.last
            if completion is not None and s.ledger.always_behind(completion.decided, last):
                return NOT_ELIGIBLE
        elif application.in_contact(start, last):
            return ONGOING
    return ""


def told_of_help(s: State, out: Out) -> None:
    """EI-2: after live contact, tell of help, promptly."""
    for day, index in s.simple.get("live_contact_made", ()):
        if not s.ledger.oldest(day) or coverage(s, day) != FULL:
            continue
        rule = s.book.at(day).get("EI-2")
        if rule is None:
            continue
        found = bisect.bisect_left(s.help_told, (day, -1))
        done, by = s.help_told[found] if found < len(s.help_told) else (0, index)
        out.duty(rule, of_event(index), day, rule.after(day), (index,) if by == index else (index, by), done=done)


# --- the written notice ---------------------------------------------------------------------------


def written_notice(s: State, out: Out, windows: Windows) -> None:
    """EI-3 to EI-7 and EI-10, servicer by servicer.

    One letter serves every due date that was missed until it was sent, so one duty stands for each stretch without a
    letter: that of the earliest due date.
    """
    start = 0
    for number in range(len(s.transfers) + 1):
        end = s.transfers[number][0] if number < len(s.transfers) else NEVER
        letters = [(day, index) for day, index, servicer, _ in s.notices if servicer == number]
        _Letters(s, out, windows, number, start, end, letters).run()
        start = end


class _Letters:
    """The walk over one servicer's letters."""

    __slots__ = (
        "end",
        "first_due",
        "floor",
        "in_scope",
        "letters",
        "number",
        "out",
        "s",
        "shown",
        "start",
        "used",
        "windows",
    )

    def __init__(
        self, s: State, out: Out, windows: Windows, number: int, start: int, end: int, letters: list[tuple[int, int]]
    ) -> None:
        self.s = s
        self.out = out
        self.windows = windows
        self.number = number
        self.start = start
        self.end = end
        self.letters = letters
        self.used = 0
        # Due dates up to this one have been shown as paid in time.
        self.shown = 0
        self.floor = 0
        self.in_scope = simple_scope(s)
        self.first_due = 0
        if number:
            self.first_due = self._after_transfer()

    def _after_transfer(self) -> int:
        """EI-7: first due date for which the new servicer owes a letter."""
        law = self.s.book.at(self.start)
        rule = law.get("EI-7") or law.get("EI-3")
        if rule is None:
            return self.start
        earlier = [day for day, _, servicer, _ in self.s.notices if servicer < self.number]
        if earlier and earlier[-1] >= self.start - rule.figures.get("recent", 0):
            return self.s.ledger.next_due_after(self.start - 1) or NEVER
        # Without a recent letter: due dates whose time had not run out at the transfer.
        return self.start - (rule.length or 0)

    def run(self) -> None:
        candidate = self._from_due(self.first_due)
        while candidate is not None:
            candidate = self._settle(*candidate)

    def _from_due(self, first_due: int) -> Candidate | None:
        """The first due date that is unpaid when its time runs out; never one that was settled before."""
        s = self.s
        first_due = max(first_due, self.floor)
        due, paid = s.ledger.due, s.ledger.paid
        for i in range(bisect.bisect_left(due, first_due), len(due)):
            start, settled = due[i], paid[i]
            if settled <= start:
                continue
            law = s.book.at(start)
            rule = (law.get("EI-7") if self.number else None) or law.get("EI-3")
            if rule is None:
                continue
            last = rule.after(start)
            if last >= self.end:
                return None
            if not self.in_scope and coverage(s, last) != FULL:
                continue
            if settled <= last:
                unanswered = self.used == len(self.letters) or self.letters[self.used][0] > last
                if unanswered and start > self.shown:
                    self.shown = start
                    self.out.ended(rule, start, start, last, (), settled, (PAID_IN_TIME, settled))
                continue
            if s.cease_on(last) >= 0:
                rule = law.get("EI-10") or rule
            return rule, start, start, last, 0
        return None

    def _settle(self, rule: Rule, about: int, start: int, last: int, first: int) -> Candidate | None:
        """Write one duty and return the next candidate."""
        s, out = self.s, self.out
        if about > 0:
            self.floor = start + 1
        letter, index = self.letters[self.used] if self.used < len(self.letters) else (NEVER, -1)
        why, resume = self._exempt(start, last)
        if why and letter > last:
            if why != OUT_OF_SCOPE:
                out.waived(rule, about, start, last, (), why)
            return self._from_due(max(resume, start + 1)) if resume < NEVER else None
        if letter <= last:
            self.used += 1
            if letter > start or rule.id == "EI-5":
                out.duty(rule, about, start, last, (index,), done=letter, first=first)
            return self._after_letter(letter, index)
        cured = s.ledger.cured(last)
        over = min(cured, self.end, s.ended or NEVER)
        if letter <= over and letter != NEVER:
            self.used += 1
            out.duty(rule, about, start, last, (index,), done=letter, first=first)
            return self._after_letter(letter, index)
        if over <= s.as_of:
            words = CURED if over == cured else TRANSFERRED if over == self.end else LOAN_ENDED
            out.ended(rule, about, start, last, (), over, (words, over))
            return self._from_due(over) if over == cured else None
        out.duty(rule, about, start, last, (), first=first)
        return None

    def _after_letter(self, letter: int, index: int) -> Candidate | None:
        """EI-4 to EI-6, EI-10: what is owed after a letter."""
        s = self.s
        law = s.book.at(letter)
        once = law.get("EI-4")
        if once is None:
            return self._from_due(letter + 1)
        clear = once.after(letter)
        oldest = s.ledger.oldest(clear)
        if not oldest:
            # Nothing is due and unpaid then, as far as is known.
            return self._from_due(clear)
        collector = s.cease_on(clear) >= 0
        rule = law.get("EI-10") if collector else law.get("EI-5")
        if rule is not None and clear - oldest >= rule.figures["behind"]:
            last = letter + rule.figures["latest"] if collector else rule.after(letter)
            return (rule, of_event(index), letter, last, clear if collector else 0) if last < self.end else None
        rule = law.get("EI-10") if collector else law.get("EI-6")
        if rule is None or (s.ledger.cured(clear) <= rule.after(oldest)):
            return self._from_due(oldest + 1)
        last = max(rule.after(oldest), letter + rule.figures["latest"]) if collector else rule.after(oldest)
        return (rule, oldest, oldest, last, clear) if last < self.end else None

    def _exempt(self, start: int, last: int) -> tuple[str, int]:
        """Why no letter is owed, and the due date from which one may be again."""
        s = self.s
        if coverage(s, last) != FULL:
            return OUT_OF_SCOPE, start + 1
        for bankruptcy, resume in self.windows:
            if bankruptcy.filed <= last and start < resume:
                return IN_BANKRUPTCY, resume
            if bankruptcy.discharged and bankruptcy.filed <= last:
                paid = any(day > bankruptcy.filed for day in s.payments)
                if not paid:
                    return IN_BANKRUPTCY, NEVER
        if not s.loan.options_available and s.cease_on(last) >= 0:
            return NO_OPTION, NEVER
        if any(begin <= last < end for begin, end in s.ledger.stood):
            return STOOD, start + 1
        return "", 0


def bankruptcy_notice(s: State, out: Out) -> None:
    """EI-8: one modified notice in a bankruptcy case."""
    for bankruptcy in s.bankruptcies.values():
        filed = bankruptcy.filed
        rule = s.book.at(filed).get("EI-8")
        if rule is None or coverage(s, filed) != FULL:
            continue
        about, events = of_event(bankruptcy.index), (bankruptcy.index,)
        start = filed if s.ledger.oldest(filed) else _later_delinquency(s, rule, filed)
        if not start:
            continue
        last = rule.after(start)
        cease = s.cease_on(last)
        if cease >= 0:
            out.waived(rule, about, start, last, (bankruptcy.index, cease), ALSO_CEASED)
            continue
        if not s.loan.options_available:
            out.waived(rule, about, start, last, events, NO_OPTION)
            continue
        sent = next(((day, index) for day, index, _, _ in s.notices if day >= filed), (0, -1))
        ended = bankruptcy.ended if bankruptcy.ended and bankruptcy.ended < last else 0
        if sent[0] and not (ended and sent[0] > ended):
            out.duty(rule, about, start, last, (*events, sent[1]), done=sent[0])
        elif ended:
            out.ended(rule, about, start, last, events, ended, ("The bankruptcy case ended on {0}.", ended))
        else:
            out.duty(rule, about, start, last, events)


def _later_delinquency(s: State, rule: Rule, filed: int) -> int:
    """Due date with which a loan became delinquent after the petition, long enough for the notice; or 0."""
    return next(
        (
            start
            for start, paid in zip(s.ledger.due, s.ledger.paid, strict=True)
            if start > filed and paid > rule.after(start)
        ),
        0,
    )


def contact_person(s: State, out: Out) -> None:
    """CC-1: a person or team by the written notice, or the length at the latest; CC-2: reachable while it lasts."""
    # The person who must be reachable now: (since, index of the assignment, until, why it ends).
    held: tuple[int, int, int, str] | None = None
    for began, end in s.ledger.spells:
        rule, start = _person_owed(s, began, end)
        if rule is None:
            continue
        limit = rule.after(start)
        sent = next((day for day, _, _, _ in s.notices if start < day <= limit), limit)
        last = min(limit, sent)
        how: Words = (SENT_EARLIER, sent, limit) if sent < limit else ""
        moved = max((day for day, _, _ in s.transfers if day <= last), default=0)
        # Somebody assigned before serves still, unless the duty to keep them reachable had ended by then.
        freed = held[2] if held is not None and held[2] <= start else 0
        done, index = next(((day, i) for day, i in s.assigned if day >= max(moved, freed)), (0, -1))
        if done and done < end:
            out.duty(rule, start, start, last, (index,), done=done, how=how)
            if held is not None and held[1] != index:
                _reachable(s, out, held)
                held = None
            held = (held[0] if held is not None else max(done, start), index, *_reachable_until(s, end))
        elif end <= s.as_of:
            out.ended(rule, start, start, last, (), end, (CURED, end), how)
        else:
            out.duty(rule, start, start, last, (), how=how)
    if held is not None:
        _reachable(s, out, held)


def _person_owed(s: State, began: int, end: int) -> tuple[Rule | None, int]:
    """CC-1 for one stretch of delinquency: the rule, and the due date it counts from; None where nobody is owed.

    Each full payment moves the start of the delinquency (DQ-2), so the length counts from the first installment that
    stayed unpaid for so long, or that was unpaid when the written notice went out.
    """
    due, paid = s.ledger.due, s.ledger.paid
    for i in range(bisect.bisect_left(due, began), len(due)):
        rule = s.book.at(due[i]).get("CC-1")
        if due[i] >= end or rule is None:
            break
        noticed = any(due[i] < notice[0] <= paid[i] for notice in s.notices)
        if paid[i] > rule.after(due[i]) or noticed:
            return (rule if coverage(s, due[i]) == FULL else None), due[i]
    return None, 0


def _reachable_until(s: State, cured: int) -> tuple[int, str]:
    """CC-2: until payments in a row were made on time under an agreement; without one, until the loan is current."""
    by_agreement = any(
        day == cured and s.case.events[index].details.get("by") in _AGREEMENTS
        for day, index in s.simple.get("loan_brought_current", ())
    )
    if not by_agreement:
        return cured, CURED
    rule = s.book.at(cured)["CC-2"]
    in_a_row = 0
    for due, paid in zip(s.ledger.due, s.ledger.paid, strict=True):
        if due <= cured:
            continue
        in_a_row = in_a_row + 1 if paid <= due + s.loan.courtesy_days else 0
        if in_a_row == rule.figures["payments"]:
            return max(due, paid), KEPT
    return NEVER, KEPT


def _reachable(s: State, out: Out, held: tuple[int, int, int, str]) -> None:
    start, index, end, words = held
    rule = s.book.at(start).get("CC-2")
    if rule is None:
        return
    end = min(end, s.ended or NEVER)
    if end <= s.as_of:
        out.ended(rule, of_event(index), start, 0, (index,), end, (words, end))
    else:
        out.duty(rule, of_event(index), start, 0, (index,))
