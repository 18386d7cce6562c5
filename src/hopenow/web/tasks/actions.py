"""Noting tasks, taking them from deadlines, and finishing them."""

from __future__ import annotations

import datetime
import uuid

from django.utils import timezone
from pydantic import Field

from hopenow import clocks
from hopenow.errors import InputError
from hopenow.web.cases.actions.base import Form, Refused, Work, action
from hopenow.web.cases.actions.lifecycle import PARTIES
from hopenow.web.cases.models import Grant
from hopenow.web.people.models import Membership
from hopenow.web.tasks.models import Task, TaskKey

_RELATIONS = (*PARTIES, Grant.Relation.INVESTOR, Grant.Relation.ALLIANCE)
_OPEN = (clocks.Status.OPEN, clocks.Status.DUE_TODAY, clocks.Status.OVERDUE)


class AddTask(Form):
    """What is to be done, by whom and by when."""

    words: str = Field(min_length=3, max_length=500)
    due: datetime.date | None = None
    owner: uuid.UUID | None = None
    """A person or an organization that the case is shared with, or a member of one's own; the actor when empty."""
    internal: bool = False
    """Only the actor's organization sees it."""


@action("add_task", "Add a task", AddTask, relations=_RELATIONS)
def add_task(work: Work, form: AddTask) -> None:
    """Note something to do."""
    if form.internal and work.actor.organization is None:
        raise Refused("Add a task: only a member of an organization can keep one within it")
    if form.due is not None and form.due < work.today():
        raise InputError("Add a task: the day has passed; give a day that is still to come")
    _add(work, form.words, form.due, form.owner or work.actor.grantee, internal=form.internal)


class TakeDuty(Form):
    """The duty, as the deadlines show it."""

    rule: str
    due: datetime.date
    owner: uuid.UUID | None = None


@action("take_duty", "Make a task from a deadline", TakeDuty, relations=_RELATIONS)
def take_duty(work: Work, form: TakeDuty) -> None:
    """Put a running deadline on somebody's list."""
    counted = clocks.derive(work.clock_case(), work.today())
    duty = next(
        (
            each
            for each in counted.duties
            if each.legal.rule == form.rule and each.due == form.due and each.status in _OPEN
        ),
        None,
    )
    if duty is None:
        raise InputError("Make a task from a deadline: no such deadline is running in this case")
    owner = form.owner or work.actor.grantee
    if Task.objects.filter(case=work.case, owner=owner, rule=form.rule, due=form.due).exists():
        raise InputError("Make a task from a deadline: it is on that list already")
    _add(work, duty.what, form.due, owner, rule=form.rule)


def _add(
    work: Work, words: str, due: datetime.date | None, owner: uuid.UUID, *, internal: bool = False, rule: str = ""
) -> None:
    if not _knows(work, owner):
        raise Refused("Add a task: whoever is to do it must see the case")
    identity = uuid.uuid4()
    audience = work.actor.organization if internal else None
    work.record("task_added", {"task": str(identity), **({"due": due} if due else {})}, audience=audience)
    key = TaskKey.to_write(work.case.id, work.events)
    Task.objects.create(
        id=identity,
        case=work.case,
        person_id=work.actor.person,
        organization=work.actor.organization,
        internal=internal,
        owner=owner,
        due=due,
        words=key.encrypt(words.encode(), f"task:{identity}"),
        rule=rule,
    )


def _knows(work: Work, owner: uuid.UUID) -> bool:
    """Whether a person or organization sees the case: by a share, or as a member of the actor's organization."""
    if owner in (work.actor.person, work.actor.organization):
        return True
    now = timezone.now()
    shares = Grant.objects.filter(case=work.case, grantee=owner, withdrawn_at=None)
    if any(grant.until is None or grant.until > now for grant in shares):
        return True
    return Membership.objects.filter(
        person_id=owner, organization_id=work.actor.organization, until=None, since__lte=now
    ).exists()


class FinishTask(Form):
    """The task."""

    task: uuid.UUID


@action("finish_task", "Finish a task", FinishTask, relations=_RELATIONS)
def finish_task(work: Work, form: FinishTask) -> None:
    """Say that it is done; done twice is done once."""
    task = Task.objects.select_for_update().filter(case=work.case, id=form.task).first()
    if task is None:
        raise Refused("Finish a task: there is no such task in this case for you")
    if task.done_at is not None:
        raise InputError("Finish a task: it was done already")
    audience = task.organization if task.internal else None
    work.record("task_done", {"task": str(task.id)}, audience=audience)
    Task.objects.filter(id=task.id).update(done_at=timezone.now(), done_by=work.actor.person)
