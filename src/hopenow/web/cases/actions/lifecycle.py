"""Opening a case, saying what happened in it, sharing it, closing it."""

from __future__ import annotations

import datetime
import json
import uuid
from typing import Any

from pydantic import Field

from hopenow.clocks.events import read_loan, refuse
from hopenow.errors import InputError
from hopenow.web.cases.actions.base import Form, Refused, Work, action
from hopenow.web.cases.kinds import kinds
from hopenow.web.cases.models import Grant

HOMEOWNERS = (
    Grant.Relation.BORROWER,
    Grant.Relation.CO_BORROWER,
    Grant.Relation.SUCCESSOR,
    Grant.Relation.REPRESENTATIVE,
)
HELPERS = (Grant.Relation.COUNSELOR, Grant.Relation.LEGAL_AID)
PARTIES = (*HOMEOWNERS, *HELPERS, Grant.Relation.SERVICER)
EVERYTHING = tuple(Grant.Scope.values)

_MAY_TELL = {
    **dict.fromkeys(HOMEOWNERS, frozenset({"homeowner", "anyone"})),
    # A counselor or lawyer sends for the homeowner; what a servicer did is the servicer's to say.
    **dict.fromkeys(HELPERS, frozenset({"homeowner", "anyone"})),
    Grant.Relation.SERVICER: frozenset({"homeowner", "servicer", "anyone", "court"}),
    Grant.Relation.INVESTOR: frozenset({"owner"}),
}
"""Relation to whose acts it may record: the servicer also records what it received and what a court did."""


class OpenCase(Form):
    """What is known at the door."""

    channel: str
    relation: str = Grant.Relation.BORROWER
    borrower: str = Field("", max_length=200)
    property: str = Field("", max_length=300)
    loan_number: str = Field("", max_length=40)
    loan: dict[str, Any] = Field(default_factory=dict)
    day: datetime.date | None = None
    """The day they came, where it is put on record later."""


@action("open_case", "Open a case", OpenCase, scopes=())
def open_case(work: Work, form: OpenCase) -> None:
    """Open a case that is shared with nobody but whoever opens it."""
    if form.relation not in PARTIES:
        raise Refused("Open a case: only homeowners, their helpers and servicers do")
    work.share(work.actor.grantee, form.relation, EVERYTHING, "opened the case")
    work.case.save(force_insert=True)
    given = {name: getattr(form, name) for name in ("borrower", "property", "loan_number") if getattr(form, name)}
    work.record("case_opened", {"channel": form.channel, **_facts(form.loan), **given}, day=_past(work, form.day))
    work.record_shares(day=form.day)


def _past(work: Work, day: datetime.date | None) -> datetime.date | None:
    """Return a day on which something is said to have happened; not one to come."""
    if day is not None and day > work.today():
        raise InputError(f"the day {day} has not come yet; give the day on which it happened")
    return day


def _facts(loan: dict[str, Any]) -> dict[str, str]:
    """Check facts of the loan, and return them as they are kept."""
    if not loan:
        return {}
    refuse("The facts of the loan", read_loan(loan)[1])
    return {"loan_facts": json.dumps(loan, sort_keys=True, default=str)}


class GiveLoanFacts(Form):
    """Facts of the loan for its clocks."""

    loan: dict[str, Any]


@action("give_loan_facts", "Give or correct facts of the loan", GiveLoanFacts, relations=PARTIES)
def give_loan_facts(work: Work, form: GiveLoanFacts) -> None:
    """Record facts; what was given before and is not named stays."""
    work.record("loan_facts_given", _facts(form.loan))


class Tell(Form):
    """Something that happened."""

    kind: str
    day: datetime.date | None = None
    at: datetime.datetime | None = None
    about: uuid.UUID | None = None
    details: dict[str, Any] = Field(default_factory=dict)


@action("tell", "Say what happened", Tell, relations=(*PARTIES, Grant.Relation.INVESTOR))
def tell(work: Work, form: Tell) -> None:
    """Record an event that the clocks count from."""
    kind = kinds().get(form.kind)
    if kind is None or not kind.clock:
        raise Refused(f"{form.kind!r} is not something that can be told this way")
    if not any(kind.who in _MAY_TELL.get(grant.relation, ()) for grant in work.own):
        raise Refused(f"{kind.means}: that is for the {kind.who} to say")
    work.record(form.kind, form.details, day=form.day, at=form.at, about=form.about)


class ShareCase(Form):
    """With whom, what, why and until when."""

    grantee: uuid.UUID
    relation: str
    scopes: list[str] = Field(min_length=1)
    reason: str = Field(min_length=3, max_length=300)
    until: datetime.date | None = None
    day: datetime.date | None = None
    """The day of the consent, where it is put on record later, such as one given on paper."""


@action("share_case", "Share the case", ShareCase, relations=HOMEOWNERS)
def share_case(work: Work, form: ShareCase) -> None:
    """Let somebody see a part of the case; the homeowner's consent is this act."""
    if form.relation not in Grant.Relation.values or set(form.scopes) - set(EVERYTHING):
        raise Refused("Share the case: no such relation or part")
    work.share(form.grantee, form.relation, form.scopes, form.reason, form.until, day=_past(work, form.day))


class WithdrawShare(Form):
    """The share to end."""

    grant: uuid.UUID


@action("withdraw_share", "Take back a share", WithdrawShare, relations=HOMEOWNERS)
def withdraw_share(work: Work, form: WithdrawShare) -> None:
    """End a share at once; a servicer's stays, because the law makes it act on the case."""
    grant = Grant.objects.filter(case=work.case, id=form.grant, withdrawn_at=None).first()
    if grant is None:
        raise Refused("Take back a share: there is no such share")
    if grant.relation == Grant.Relation.SERVICER:
        raise Refused("Take back a share: your servicer must see the case, because it services the loan")
    if grant.grantee == work.actor.person and grant.relation in HOMEOWNERS:
        raise Refused("Take back a share: you cannot shut yourself out")
    work.record("share_withdrawn", {"grant": str(grant.id)})
    Grant.objects.filter(id=grant.id).update(withdrawn_at=datetime.datetime.now(datetime.UTC))


class CloseCase(Form):
    """How it ended."""

    outcome: str


@action("close_case", "Close the case", CloseCase, relations=PARTIES)
def close_case(work: Work, form: CloseCase) -> None:
    """Close the case; it can be opened again at any time."""
    work.record("case_closed", {"outcome": form.outcome})


class Nothing(Form):
    """Nothing is asked."""


@action("reopen_case", "Open the case again", Nothing, relations=PARTIES)
def reopen_case(work: Work, form: Nothing) -> None:
    """Open a closed case again."""
    work.record("case_reopened")
