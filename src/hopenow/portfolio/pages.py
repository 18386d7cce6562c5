"""One loan's whole waterfall as a web page: what a homeowner needs first, every figure and source after it.

The page stands alone: no script, no outside resource. Templates only lay out; what is said is decided here.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import jinja2
import polars as pl

from hopenow.errors import InputError
from hopenow.facts import schema
from hopenow.pages import day, joined, words
from hopenow.pages import environment as shared_environment
from hopenow.review.engine import Settings
from hopenow.review.explain import (
    Citation,
    Explanation,
    Figure,
    OptionExplained,
    Question,
    RuleAnswer,
    StepShown,
    explain,
)

POSSIBLE = ("eligible", "conditional")
STATUS_WORDS: dict[str, tuple[str, str]] = {
    "eligible": ("Open to you on these facts", "good"),
    "conditional": ("May be open to you", "maybe"),
    "ineligible": ("Not open now", "no"),
    "not_determined": ("No rule on file for this date", "unknown"),
}
_FINDING_WORDS: dict[str, tuple[str, str]] = {
    "yes": ("Met", "good"),
    "no": ("Not met", "no"),
    "unknown": ("Not known yet", "maybe"),
}
_HOUSEHOLD_GROUPS = {"hardship", "household", "property", "disaster", "leaving"}
_NOT_IN_FORCE = {
    "NOT-YET-IN-FORCE": "This option did not exist yet on the day of the review.",
    "ENDED": "This option has ended; no new ones are given.",
    "NOT-COVERED": "We have no rules on file for this option on that day, so we cannot say yes or no.",
}


def environment() -> jinja2.Environment:
    """Return the template environment: everything is escaped, an unknown name is an error."""
    return _environment()


@functools.cache
def _environment() -> jinja2.Environment:
    return shared_environment("hopenow.portfolio", {"shown": shown})


# --- small words ----------------------------------------------------------------------------------


def shown(item: Figure | StepShown) -> str:
    """Return a figure as people write it; dates in words."""
    if isinstance(item.raw, datetime.date):
        return day(item.raw)
    return item.value


def _money(value: object) -> str:
    return f"${value:,.2f}" if isinstance(value, Decimal) else "not known"


def _count(value: int, one: str, many: str = "") -> str:
    return f"{value} {one}" if value == 1 else f"{value} {many or one + 's'}"


# --- what the page says of an option --------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Line:
    """A labeled figure on an option's card, with a remark."""

    label: str
    value: str
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Reason:
    """Why an option is ruled out: what the rule asks, what was found, what would change the answer."""

    rule: RuleAnswer
    found: tuple[Figure, ...]
    assumed: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class OptionView:
    """One option as the page shows it."""

    option: OptionExplained
    anchor: str
    status: str
    tone: str
    lines: tuple[Line, ...]
    ending: str
    todo: tuple[RuleAnswer, ...]
    confirm: tuple[RuleAnswer, ...]
    reasons: tuple[Reason, ...]
    out_of_force: str
    assumed: tuple[str, ...]
    estimate: str


@dataclasses.dataclass(frozen=True)
class Group:
    """Options of one kind under a heading."""

    title: str
    options: tuple[OptionView, ...]


@dataclasses.dataclass(frozen=True)
class Ask:
    """A question and the options that wait for its answer."""

    question: Question
    options: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class SourceLine:
    """A numbered source."""

    number: int
    citation: Citation


@dataclasses.dataclass(frozen=True)
class LoanView:
    """One loan under one program as the page shows it."""

    loan: Explanation
    prefix: str
    possible: tuple[Group, ...]
    ruled_out: tuple[OptionView, ...]
    everything: tuple[OptionView, ...]
    findings: tuple[OptionView, ...]
    ask_homeowner: tuple[Ask, ...]
    ask_servicer: tuple[Ask, ...]
    assumed: tuple[tuple[str, str], ...]

    @property
    def count(self) -> int:
        """Number of possible options."""
        return sum(len(group.options) for group in self.possible)

    @property
    def cards(self) -> list[OptionView]:
        """The possible options in order."""
        return [card for group in self.possible for card in group.options]


class Sources:
    """Numbers the citations of a page in the order in which they appear."""

    def __init__(self) -> None:
        """Start with none."""
        self._numbers: dict[tuple[str, str, str], int] = {}
        self._lines: list[SourceLine] = []

    def number(self, citation: Citation) -> int:
        """Return the number of a citation, a new one if it is not listed yet."""
        key = (citation.document, citation.where, citation.verification)
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers) + 1
            self._lines.append(SourceLine(self._numbers[key], citation))
        return self._numbers[key]

    def lines(self) -> list[SourceLine]:
        """Return every source numbered so far."""
        return list(self._lines)


def _current_payment(loan: Explanation) -> Decimal | None:
    """Return the regular monthly payment: what the loan goes on with once everything past due is paid."""
    for option in loan.options:
        if option.kind == "reinstate":
            value = option.terms.get("payment_after")
            return value if isinstance(value, Decimal) else None
    return None


def _difference(new: Decimal, old: Decimal) -> str:
    if new == old:
        return "the same as now"
    return f"{_money(abs(new - old))} {'less' if new < old else 'more'} each month"


def _payment_lines(option: OptionExplained, loan: Explanation) -> Iterator[Line]:
    terms = option.terms
    regular = _current_payment(loan)
    installment = next((fact.raw for fact in loan.facts if fact.name == "monthly_principal_and_interest"), None)
    new, after, during = terms.get("principal_and_interest"), terms.get("payment_after"), terms.get("payment")
    if isinstance(new, Decimal):
        note = f"now {_money(installment)}: {_difference(new, installment)}" if isinstance(installment, Decimal) else ""
        yield Line("Principal and interest each month", _money(new), note)
        if isinstance(after, Decimal):
            yield Line(
                "Full payment, with taxes and insurance",
                _money(after),
                f"now {_money(regular)}" if regular else "",
            )
    elif isinstance(during, Decimal):
        note = f"for {_count(terms['months'], 'month')}" if terms.get("months") else ""
        if regular:
            note += f"{', ' if note else ''}{_difference(during, regular)}"
        yield Line("Payment during the plan", _money(during), note)
        if isinstance(after, Decimal):
            yield Line("Payment after the plan", _money(after), "the regular payment")
    elif isinstance(after, Decimal) and option.kind != "reinstate":
        note = _difference(after, regular) if regular else ""
        shortage = terms.get("escrow_shortage_monthly")
        if isinstance(shortage, Decimal) and shortage:
            note += f"{', ' if note else ''}for the escrow shortage"
        yield Line("Monthly payment afterwards", _money(after), note)


def _other_lines(option: OptionExplained) -> Iterator[Line]:
    terms = option.terms
    if isinstance(terms.get("amount"), Decimal):
        yield Line("To pay at once", _money(terms["amount"]), "brings the loan current")
    if "room_in_series" in terms and terms.get("months") is not None:
        yield Line(
            "Payments stop or shrink",
            f"up to {_count(terms['months'], 'month')}",
            "what is not paid is still owed",
        )
    if isinstance(terms.get("deferred_amount"), Decimal):
        yield Line("Moved to the end of the loan", _money(terms["deferred_amount"]), "no interest on it")
    if terms.get("payments_first"):
        yield Line("To pay first", _count(terms["payments_first"], "full payment"))
    if isinstance(terms.get("forborne"), Decimal) and terms["forborne"]:
        yield Line("Set aside to the end of the loan", _money(terms["forborne"]), "no interest on it; still owed")
    if isinstance(terms.get("rate"), Decimal):
        yield Line("Interest rate", f"{terms['rate'].normalize():f}%")
    if isinstance(terms.get("trial_payment"), Decimal) and terms.get("trial_months"):
        begins = f", from {day(terms['trial_start'])}" if terms.get("trial_start") else ""
        yield Line(
            "Trial payments first",
            f"{terms['trial_months']} of {_money(terms['trial_payment'])}",
            f"on time{begins}",
        )
    if option.kind == "leave":
        yield from _leaving_lines(terms)
    start, end = terms.get("start"), terms.get("end")
    if start and end:
        yield Line("From and to", f"{day(start)} to {day(end)}")


def _leaving_lines(terms: Mapping[str, Any]) -> Iterator[Line]:
    for name, label, note in (
        ("net_proceeds", "The sale would bring", "after costs"),
        ("deficiency", "Debt left unpaid", "waived when the option is completed"),
        ("contribution_request", "You may be asked to pay", "open to negotiation"),
        ("relocation_assistance", "Help with moving costs", "paid to you"),
    ):
        if isinstance(terms.get(name), Decimal):
            yield Line(label, _money(terms[name]), note)


def _ending(option: OptionExplained) -> str:
    """Say what happens at the end of an option, from the terms it has."""
    terms = option.terms
    if option.kind == "reinstate":
        return "The loan goes on as before, and nothing is past due."
    if option.kind == "leave":
        return (
            "You leave the home by agreement instead of by foreclosure. What the home does not cover "
            "is waived when it is completed. "
            "Ask a tax adviser whether forgiven debt counts as income."
        )
    if "months_delinquent_at_end" in terms:
        owed = terms.get("months_delinquent_at_end")
        start = f"By then {_count(owed, 'payment')} will be unpaid. " if owed else ""
        return (
            f"{start}The pause is not forgiveness: before it ends, ask for the next step (catch up, "
            "defer, or change the loan)."
        )
    if isinstance(terms.get("deferred_amount"), Decimal):
        latest = f", at the latest on {day(terms['maturity_date'])}" if terms.get("maturity_date") else ""
        due = _money(terms["deferred_balance"])
        return f"The loan is current. {due} is due when you sell, refinance or pay off the home{latest}."
    if isinstance(terms.get("installment"), Decimal):
        by = f" on {day(terms['end'])}" if terms.get("end") else ""
        return f"If every payment is made, the loan is current{by}, and the regular payment goes on."
    if isinstance(terms.get("principal_and_interest"), Decimal):
        last = f"The last payment is due {day(terms['maturity_date'])}. " if terms.get("maturity_date") else ""
        later = (
            f"{_money(terms['forborne'])} set aside is due then, or when you sell or refinance."
            if isinstance(terms.get("forborne"), Decimal) and terms["forborne"]
            else "Nothing is set aside."
        )
        return (
            f"{last}{later} If all trial payments arrive on time, the change becomes permanent."
            if terms.get("trial_months")
            else f"{last}{later}"
        )
    return ""


_WORDED = {"flag", "choice", "choices", "text"}


def _assumed_in(option: OptionExplained, loan: Explanation) -> tuple[str, ...]:
    """Name the assumed facts this option rests on.

    Those its rules name; and, where it has figures, any assumed figure and any fact that only findings
    read, since either may be in them.
    """
    facts = schema()
    read = {fact.name for rule in option.rules for fact in rule.facts}
    own = [other for other in loan.options if other.kind != "finding"]
    by_rules = {fact.name for other in own for rule in other.rules for fact in rule.facts}
    behind = {
        name
        for name in loan.assumed
        if facts[name].type != "choices" and (name not in by_rules or facts[name].type not in _WORDED)
    }
    return tuple(name for name in loan.assumed if name in read or (option.steps and name in behind))


def _estimate(option: OptionExplained) -> str:
    names = [words(name) for name in option.estimated_without]
    return f"An estimate: it leaves out {joined(names)}, not known yet." if names else ""


def _card(option: OptionExplained, loan: Explanation, prefix: str) -> OptionView:
    noes = [rule for rule in option.rules if rule.answer == "no"]
    status, tone = STATUS_WORDS[option.status]
    if option.kind == "finding":
        answers = {rule.answer for rule in option.rules}
        status, tone = _FINDING_WORDS[next((word for word in ("no", "unknown") if word in answers), "yes")]
    # A no of an unverified rule, or one that only needs approval or a task, is no reason against an option.
    out = [rule for rule in noes if rule.consequence.startswith("rules this option out")]
    confirm = [rule for rule in noes if rule.consequence.startswith("must be confirmed")]
    todo = [rule for rule in noes if rule not in out and rule not in confirm]
    lines = (*_payment_lines(option, loan), *_other_lines(option))
    return OptionView(
        option=option,
        anchor=f"{prefix}{option.id}",
        status=status,
        tone=tone,
        lines=lines,
        ending=_ending(option),
        todo=tuple(todo),
        confirm=tuple(confirm),
        reasons=tuple(
            Reason(rule, rule.facts, tuple(fact.name for fact in rule.facts if fact.name in loan.assumed))
            for rule in out
        ),
        out_of_force=_NOT_IN_FORCE.get(option.rule_set, ""),
        assumed=_assumed_in(option, loan),
        estimate=_estimate(option) if lines else "",
    )


_GROUP_TITLES = {
    "reinstate": "Keep the home",
    "keep": "Keep the home",
    "leave": "Leave the home without foreclosure",
    "help": "Get help",
}


def _groups(cards: Iterable[OptionView]) -> tuple[Group, ...]:
    found: dict[str, list[OptionView]] = {}
    for card in cards:
        found.setdefault(_GROUP_TITLES.get(card.option.kind, "Other"), []).append(card)
    return tuple(Group(title, tuple(own)) for title, own in found.items())


def _asks(loan: Explanation, possible: Sequence[OptionView]) -> list[Ask]:
    waiting: dict[str, list[str]] = {}
    for card in possible:
        for question in card.option.questions:
            waiting.setdefault(question.fact, []).append(card.option.title)
    questions = [
        Ask(question, tuple(waiting[question.fact])) for question in loan.questions() if question.fact in waiting
    ]
    return sorted(questions, key=lambda ask: -len(ask.options))


def _view(loan: Explanation, prefix: str) -> LoanView:
    cards = [_card(option, loan, prefix) for option in loan.ranked()]
    possible = [card for card in cards if card.option.status in POSSIBLE]
    asks = _asks(loan, possible)
    facts = schema()
    at_home = [
        ask for ask in asks if ask.question.fact in facts and facts[ask.question.fact].group in _HOUSEHOLD_GROUPS
    ]
    shown_facts = {fact.name: shown(fact) for fact in loan.facts}
    return LoanView(
        loan=loan,
        prefix=prefix,
        possible=_groups(possible),
        ruled_out=tuple(card for card in cards if card not in possible),
        everything=tuple(cards),
        findings=tuple(_card(option, loan, prefix) for option in loan.options if option.kind == "finding"),
        ask_homeowner=tuple(at_home),
        ask_servicer=tuple(ask for ask in asks if ask not in at_home),
        assumed=tuple((facts[name].meaning, shown_facts.get(name, "")) for name in loan.assumed),
    )


# --- the page -------------------------------------------------------------------------------------


def loan_page(explanation: Explanation | Sequence[Explanation], back: str = "") -> str:
    """Return one loan's page as self-contained HTML.

    Args:
        explanation: the loan under one program, or under each that may apply (or at several dates).
        back: relative address of the report the page belongs to; empty for a page that stands alone.

    Raises:
        InputError: there is nothing to show.
    """
    loans = [explanation] if isinstance(explanation, Explanation) else list(explanation)
    if not loans:
        raise InputError("there is no explanation to make a page of; no program applies to this loan")
    sources = Sources()
    views = [_view(loan, f"p{place}-" if len(loans) > 1 else "") for place, loan in enumerate(loans, start=1)]
    return environment().get_template("loan.html").render(views=views, sources=sources, back=back, many=len(views) > 1)


def explain_html(facts: pl.DataFrame, settings: Settings | None = None) -> str:
    """Explain one loan and return its page.

    Args:
        facts: canonical frame of one loan (one row, or one row per evaluation date).
        settings: assumptions, early adoptions, programs, reference files.

    Raises:
        InputError: no program applies to the loan.
    """
    return loan_page(explain(facts, settings))
