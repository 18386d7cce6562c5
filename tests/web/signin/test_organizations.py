"""Joining an organization, changing what one is in it, leaving it."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from tests.web.people import homeowner, member
from tests.web.signin.acts import link, signed_in

pytestmark = pytest.mark.usefixtures("platform")


@pytest.fixture
def boss(platform: None) -> Any:
    from hopenow.web.acting import serving

    with serving("operations"):
        return member("counseling", "Good Counsel", "administrator")


def person(actor: Any) -> Any:
    from hopenow.web.acting import serving
    from hopenow.web.people.models import Person

    with serving("accounts"):
        return Person.objects.get(id=actor.person)


def memberships(actor: Any) -> list[tuple[str, bool]]:
    from hopenow.web.acting import serving
    from hopenow.web.people.models import Membership

    with serving("accounts"):
        return [(m.role, m.until is None) for m in Membership.objects.filter(person=actor.person).order_by("since")]


def invited(boss: Any, email: str, new_browser: Any, outbox: list[Any], role: str = "worker") -> str:
    answer = signed_in(new_browser(), boss).post("/organization/", {"email": email, "role": role})
    assert answer.status_code == 302, answer.content.decode()
    assert outbox[-1].to == [email]
    return link(outbox[-1])


def test_a_link_is_used_once_by_whom_it_was_sent_to(boss: Any, new_browser: Any, outbox: list[Any]) -> None:
    from hopenow.web.acting import serving
    from hopenow.web.people.models import Invitation

    guest, thief = homeowner(), homeowner()
    path = invited(boss, person(guest).email, new_browser, outbox)
    with serving("operations"):
        assert path.split("/")[-1].encode() not in bytes(Invitation.objects.get().token_hash)
    # Without signing in it leads there; with another address it looks like one that is not there.
    assert new_browser().get(path)["Location"].startswith("/accounts/login/?next=/invitations/")
    other = signed_in(new_browser(), thief)
    assert other.get(path).status_code == other.get("/invitations/made-up").status_code == 404
    assert other.post(path).status_code == 404
    assert "Good Counsel" not in other.get(path).content.decode()
    mine = signed_in(new_browser(), guest)
    assert "Join Good Counsel" in mine.get(path).content.decode()
    assert mine.post(path).status_code == 302
    assert memberships(guest) == [("worker", True)]
    # From now on a second step is needed.
    assert mine.get("/cases/")["Location"] == "/me/second-factor"
    assert signed_in(new_browser(), thief).post(path).status_code == 404
    assert memberships(thief) == []


def test_an_address_that_was_not_proved_does_not_count(boss: Any, new_browser: Any, outbox: list[Any]) -> None:
    from allauth.account.models import EmailAddress

    from hopenow.web.acting import serving

    guest = homeowner()
    path = invited(boss, person(guest).email, new_browser, outbox)
    browser = signed_in(new_browser(), guest)
    with serving("accounts"):
        EmailAddress.objects.filter(user=guest.person).update(verified=False)
    assert browser.post(path).status_code == 404
    assert memberships(guest) == []


@pytest.mark.parametrize("how", ["expired", "withdrawn", "invited again", "closed"])
def test_a_link_that_is_over_does_not_work(boss: Any, new_browser: Any, outbox: list[Any], how: str) -> None:
    from django.utils import timezone

    from hopenow.web.acting import serving
    from hopenow.web.people.models import Invitation, Organization

    guest = homeowner()
    path = invited(boss, person(guest).email, new_browser, outbox)
    with serving("operations"):
        invitation = Invitation.objects.get()
        if how == "expired":
            Invitation.objects.update(expires_at=timezone.now() - datetime.timedelta(seconds=1))
        elif how == "closed":
            Organization.objects.filter(id=boss.organization).update(active=False)
    if how == "withdrawn":
        answer = signed_in(new_browser(), boss).post(f"/organization/invitations/{invitation.id}/withdraw")
        assert answer.status_code == 302
    elif how == "invited again":
        newer = invited(boss, person(guest).email, new_browser, outbox)
        assert signed_in(new_browser(), guest).get(newer).status_code == 200
    assert signed_in(new_browser(), guest).post(path).status_code == 404
    assert memberships(guest) == []


@pytest.mark.parametrize("role", ["worker", "supervisor", "reviewer", "observer"])
def test_only_administrators_see_and_change(boss: Any, new_browser: Any, outbox: list[Any], role: str) -> None:
    from hopenow.web.acting import serving
    from hopenow.web.people.models import Membership

    with serving("operations"):
        other = member("legal_aid", "Legal Help", role)
        Membership.objects.filter(person=other.person).update(organization_id=boss.organization)
        theirs = Membership.objects.get(person=boss.person).id
    browser = signed_in(new_browser(), other)
    assert browser.get("/organization/").status_code == 404
    assert browser.post("/organization/", {"email": "a@example.org", "role": "worker"}).status_code == 404
    for what in ("role", "end", "reset"):
        browser.post(f"/organization/members/{theirs}/{what}", {"role": "observer"})
    assert memberships(boss) == [("administrator", True)]
    assert outbox == []


def test_an_administrator_cannot_reach_into_another_organization(boss: Any, new_browser: Any) -> None:
    from hopenow.web.acting import serving
    from hopenow.web.people.models import Membership

    with serving("operations"):
        foreign = member("servicer", "First Servicing")
        theirs = Membership.objects.get(person=foreign.person).id
    browser = signed_in(new_browser(), boss)
    assert "First Servicing" not in browser.get("/organization/").content.decode()
    for what in ("role", "end", "reset"):
        browser.post(f"/organization/members/{theirs}/{what}", {"role": "observer"})
    assert memberships(foreign) == [("worker", True)]


def test_roles_change_and_end_but_an_administrator_stays(boss: Any, new_browser: Any, outbox: list[Any]) -> None:
    from hopenow.web.acting import serving
    from hopenow.web.people.models import Membership

    guest = homeowner()
    path = invited(boss, person(guest).email, new_browser, outbox)
    theirs = signed_in(new_browser(), guest)
    theirs.post(path)
    browser = signed_in(new_browser(), boss)

    def act(actor: Any, what: str, **given: str) -> str:
        with serving("operations"):
            membership = Membership.objects.get(person=actor.person, until=None).id
        return str(browser.post(f"/organization/members/{membership}/{what}", given, follow=True).content.decode())

    act(guest, "role", role="supervisor")
    assert memberships(guest) == [("worker", False), ("supervisor", True)]
    assert "without an administrator" in act(boss, "end")
    assert "without an administrator" in act(boss, "role", role="worker")
    assert memberships(boss) == [("administrator", True)]
    act(guest, "end")
    assert memberships(guest) == [("worker", False), ("supervisor", False)]
    assert theirs.get("/me/").status_code == 302, "signed out at once"
    assert signed_in(new_browser(), guest).get("/cases/").status_code == 200, "and a homeowner as before"


def test_a_lost_second_step_is_removed_without_opening_a_door(boss: Any, new_browser: Any, outbox: list[Any]) -> None:
    from hopenow.web.acting import serving
    from hopenow.web.people.models import Membership

    with serving("operations"):
        worker = member("legal_aid", "Legal Help")
        Membership.objects.filter(person=worker.person).update(organization_id=boss.organization)
        theirs = Membership.objects.get(person=worker.person).id
        own = Membership.objects.get(person=boss.person).id
        elsewhere = member("servicer", "First Servicing")
        Membership.objects.create(person_id=elsewhere.person, organization_id=boss.organization, role="worker")
        shared = Membership.objects.get(person=elsewhere.person, organization_id=boss.organization).id
    before = signed_in(new_browser(), worker)
    browser = signed_in(new_browser(), boss)
    browser.post(f"/organization/members/{theirs}/reset")
    assert [message.to for message in outbox] == [[person(worker).email]]
    assert before.get("/me/")["Location"].startswith("/accounts/login/")
    assert signed_in(new_browser(), worker).get("/cases/")["Location"] == "/me/second-factor"
    for refused in (own, shared):
        browser.post(f"/organization/members/{refused}/reset")
    assert len(outbox) == 1
    assert signed_in(new_browser(), boss).get("/cases/").status_code == 200
    assert signed_in(new_browser(), elsewhere).get("/cases/").status_code == 200


def test_one_chooses_whom_to_act_for(boss: Any, new_browser: Any) -> None:
    from hopenow.web.acting import serving
    from hopenow.web.people.models import Membership

    with serving("operations"):
        foreign = member("servicer", "First Servicing")
        other = member("legal_aid", "Legal Help")
        Membership.objects.create(person_id=boss.person, organization_id=other.organization, role="worker")
    browser = signed_in(new_browser(), boss)

    def chosen(organization: Any) -> int:
        return int(browser.post("/me/act-for", {"organization": str(organization)}).status_code)

    assert chosen(other.organization) == 302
    assert ", Legal Help</a>" in browser.get("/me/").content.decode()
    assert browser.get("/organization/").status_code == 404
    assert chosen(foreign.organization) == chosen("nonsense") == 404
    assert ", Legal Help</a>" in browser.get("/me/").content.decode()
    assert chosen("personal") == 302
    assert ", Legal Help</a>" not in browser.get("/me/").content.decode()
    assert chosen(boss.organization) == 302
    assert browser.get("/organization/").status_code == 200


def test_the_database_refuses_to_write_a_membership_as_a_person(boss: Any) -> None:
    from django.db import DatabaseError

    from hopenow.web.acting import acting
    from hopenow.web.people.models import Membership

    owner = homeowner()
    for actor in (owner, boss):
        with pytest.raises(DatabaseError, match="row-level security"), acting(actor):
            Membership.objects.create(person_id=owner.person, organization_id=boss.organization, role="worker")
