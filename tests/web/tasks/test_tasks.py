"""Tasks: on somebody's list, seen by those they are for, taken from deadlines, done once."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest

from hopenow.errors import InputError
from tests.web.people import opened
from tests.web.workbench.test_pages import browser

LOAN = {"servicer": "First Servicing", "first_due": "2026-01-01", "payment": "1500.00"}


@pytest.fixture
def told(platform: None) -> Any:
    return opened(LOAN)


def do(actor: Any, name: str, case: Any, **given: Any) -> Any:
    from hopenow.web.cases.actions import perform

    return perform(actor, name, case, given)


def tasks(actor: Any) -> list[Any]:
    from hopenow.web.acting import acting
    from hopenow.web.tasks.models import Task

    with acting(actor):
        return list(Task.objects.all())


def soon() -> str:
    return (datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=9)).isoformat()


def test_a_task_is_noted_listed_and_done_through_pages(told: Any) -> None:
    client = browser(told.counselor)
    address = f"/cases/{told.case}/tasks/"
    owner = str(told.servicer.organization)
    sent = client.post(address, {"words": "Send the payoff letter", "due": soon(), "owner": owner})
    assert sent.status_code == 302, sent.content.decode()
    (task,) = tasks(told.servicer)
    assert b"payoff" not in bytes(task.words)
    theirs = browser(told.servicer)
    assert "Send the payoff letter" in theirs.get("/tasks/").content.decode()
    assert "Send the payoff letter" not in client.get("/tasks/").content.decode()
    assert "Send the payoff letter" in client.get(address).content.decode()
    assert theirs.post(f"{address}{task.id}/done", follow=True).status_code == 200
    assert "Send the payoff letter" not in theirs.get("/tasks/").content.decode()
    with pytest.raises(InputError, match="done already"):
        do(told.servicer, "finish_task", told.case, task=task.id)
    (task,) = tasks(told.counselor)
    assert task.done_by == told.servicer.person


@pytest.mark.parametrize("who", ["stranger", "neighbor"])
def test_strangers_see_no_task(told: Any, who: str) -> None:
    do(told.homeowner, "add_task", told.case, words="Call the servicer")
    (task,) = tasks(told.homeowner)
    actor = getattr(told, who)
    assert tasks(actor) == []
    client = browser(actor)
    assert client.get(f"/cases/{told.case}/tasks/").status_code == 404
    assert client.post(f"/cases/{told.case}/tasks/{task.id}/done").status_code == 404
    assert "Call the servicer" not in client.get("/tasks/").content.decode()


def test_an_internal_task_stays_within_its_organization(told: Any) -> None:
    from hopenow.web.acting import acting
    from hopenow.web.cases.actions import Refused
    from hopenow.web.cases.models import Event

    do(told.counselor, "add_task", told.case, words="Check with the supervisor", internal=True)
    assert len(tasks(told.counselor)) == 1
    for actor in (told.homeowner, told.servicer):
        assert tasks(actor) == []
        with acting(actor):
            assert not Event.objects.filter(case=told.case, kind="task_added").exists()
    with pytest.raises(Refused, match="only a member"):
        do(told.homeowner, "add_task", told.case, words="mine alone", internal=True)


def test_whoever_is_to_do_it_must_see_the_case(told: Any) -> None:
    from hopenow.web.cases.actions import Refused

    for owner in (told.stranger.organization, told.neighbor.person, uuid.uuid4()):
        with pytest.raises(Refused, match="must see the case"):
            do(told.homeowner, "add_task", told.case, words="Do this", owner=owner)
    with pytest.raises(InputError, match="day has passed"):
        do(told.homeowner, "add_task", told.case, words="Do this", due="2020-01-01")
    with pytest.raises(Refused, match="no such task"):
        do(told.homeowner, "finish_task", told.case, task=uuid.uuid4())


def test_a_deadline_goes_on_a_list_once(told: Any) -> None:
    from hopenow import clocks
    from hopenow.web.acting import acting
    from hopenow.web.cases import ledger, projection
    from hopenow.web.cases.models import Case, Event

    missing = {"missing": ["pay stub"]}
    do(told.servicer, "tell", told.case, kind="application_received", day="2026-03-02", details=missing)
    with acting(told.servicer):
        counted = ledger.clock_case(Case.objects.get(id=told.case), Event.objects.filter(case=told.case))
    duty = next(
        each
        for each in clocks.derive(counted, projection.today(counted)).duties
        if each.due is not None and each.status in (clocks.Status.OPEN, clocks.Status.OVERDUE, clocks.Status.DUE_TODAY)
    )
    client = browser(told.servicer)
    given = {"rule": duty.legal.rule, "due": duty.due.isoformat()}
    assert "Put it on our list" in client.get(f"/cases/{told.case}/tasks/").content.decode()
    assert "on your list" in client.post(f"/cases/{told.case}/tasks/take", given, follow=True).content.decode()
    assert duty.what in client.get("/tasks/").content.decode().replace("&#x27;", "'")
    again = client.post(f"/cases/{told.case}/tasks/take", given, follow=True).content.decode()
    assert "on that list already" in again
    (task,) = tasks(told.servicer)
    assert (task.rule, task.due, task.owner) == (duty.legal.rule, duty.due, told.servicer.organization)
    with pytest.raises(InputError, match="no such deadline"):
        do(told.servicer, "take_duty", told.case, rule="XX-1", due="2026-03-09")


@pytest.mark.parametrize(
    "statement", ["UPDATE tasks_task SET due = NULL", "UPDATE tasks_task SET words = ''", "DELETE FROM tasks_task"]
)
def test_only_being_done_is_written_to_a_task(told: Any, statement: str) -> None:
    from django.db import DatabaseError, connection

    from hopenow.web.acting import acting

    do(told.homeowner, "add_task", told.case, words="Call the servicer")
    with pytest.raises(DatabaseError, match="denied"), acting(told.homeowner), connection.cursor() as cursor:
        cursor.execute(statement)
