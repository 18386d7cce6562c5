"""Pages of the workbench: who sees what, forms that do what they say, and refusals in words."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("platform")


@pytest.fixture
def told(platform: None) -> Any:
    from tests.web.people import opened

    return opened({"servicer": "First Servicing", "first_due": "2026-01-01", "payment": "1500.00"})


def browser(actor: Any) -> Any:
    """Return a client that is signed in as this person."""
    from django.test import Client

    from hopenow.web.acting import serving
    from hopenow.web.people.models import Person

    client = Client(headers={"host": "localhost"})
    with serving("accounts"):
        client.force_login(
            Person.objects.get(id=actor.person), backend="allauth.account.auth_backends.AuthenticationBackend"
        )
    return client


PARTIES = ["homeowner", "servicer", "counselor"]
STRANGERS = ["stranger", "neighbor"]


@pytest.mark.parametrize("who", PARTIES)
def test_those_it_is_shared_with_see_the_case(told: Any, who: str) -> None:
    client = browser(getattr(told, who))
    page = client.get(f"/cases/{told.case}/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "We are getting to know your situation." in text
    assert "First Servicing" in text
    # The name is not shared with the counselor.
    assert ("<h1>Ana Ruiz" in text) == (who != "counselor")


@pytest.mark.parametrize("who", STRANGERS)
def test_nobody_else_sees_it(told: Any, who: str) -> None:
    client = browser(getattr(told, who))
    for address in ("", "tell", "tell/live_contact_made"):
        assert client.get(f"/cases/{told.case}/{address}").status_code == 404
    posted = client.post(f"/cases/{told.case}/tell/live_contact_made", {"day": "2026-02-03"})
    assert posted.status_code == 404
    assert str(told.case) not in client.get("/cases/").content.decode()


def test_a_case_that_is_not_there_looks_like_one_that_is_not_shared(told: Any) -> None:
    client = browser(told.stranger)
    foreign, missing = client.get(f"/cases/{told.case}/"), client.get(f"/cases/{uuid.uuid4()}/")
    assert foreign.status_code == missing.status_code == 404
    token = re.compile(rb'name="csrfmiddlewaretoken" value="\w+"')
    assert token.sub(b"", foreign.content) == token.sub(b"", missing.content)


@pytest.mark.parametrize("address", ["/cases/", "/cases/open"])
def test_without_signing_in_there_is_nothing(address: str) -> None:
    from django.test import Client

    answer = Client(headers={"host": "localhost"}).get(address)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_a_case_is_opened_and_found_by_its_number(told: Any) -> None:
    client = browser(told.counselor)
    form = {
        "borrower": "Li Wei",
        "channel": "telephone",
        "state": "OH",
        "first_due": "2026-03-01",
        "payment": "1,200.50",
    }
    assert "Enter a number" in client.post("/cases/open", form).content.decode()
    opened = client.post("/cases/open", form | {"payment": "1200.50"})
    assert opened.status_code == 302
    page = client.get(opened["Location"]).content.decode()
    assert "Li Wei" in page
    code = page.split("Its number is ")[1][:15]
    assert client.get("/cases/", {"code": code.lower()})["Location"] == opened["Location"]
    assert "no case with this number" in browser(told.stranger).get("/cases/", {"code": code}).content.decode()


def test_what_happened_is_put_on_record(told: Any) -> None:
    client = browser(told.servicer)
    choose = client.get(f"/cases/{told.case}/tell").content.decode()
    assert "The servicer spoke with the homeowner" in choose
    told_of = {"day": "2026-03-02", "missing": "pay stub\nbank statement"}
    answer = client.post(f"/cases/{told.case}/tell/application_received", told_of)
    assert answer.status_code == 302
    page = client.get(f"/cases/{told.case}/").content.decode()
    assert "Some papers are still missing" in page
    assert "pay stub, bank statement" in page
    assert "12 CFR 1024.41" in page


def test_a_contradiction_is_told_in_words_and_keeps_what_was_typed(told: Any) -> None:
    client = browser(told.servicer)
    answer = client.post(f"/cases/{told.case}/tell/acknowledgment_sent", {"day": "2026-03-02", "complete": "true"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'role="alert"' in text
    assert 'value="2026-03-02"' in text


def test_a_party_cannot_speak_for_another(told: Any) -> None:
    answer = browser(told.homeowner).post(f"/cases/{told.case}/tell/live_contact_made", {"day": "2026-03-02"})
    assert "for the servicer to say" in answer.content.decode()


@pytest.mark.parametrize("address", ["/cases/?show=nothing", "/cases/?after=x", "/cases/?after=2026-01-01_x"])
def test_addresses_that_are_made_up_are_not_found(told: Any, address: str) -> None:
    assert browser(told.servicer).get(address).status_code == 404


def test_hostile_words_stay_words(told: Any) -> None:
    client = browser(told.counselor)
    evil = "<script>alert(1)</script>"
    opened = client.post("/cases/open", {"borrower": evil, "channel": "web", "servicer": evil})
    page = client.get(opened["Location"]).content.decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_forms_are_refused_without_their_token(told: Any) -> None:
    from django.test import Client

    client = browser(told.servicer)
    strict = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    strict.cookies = client.cookies
    assert strict.post(f"/cases/{told.case}/tell/live_contact_made", {"day": "2026-02-03"}).status_code == 403


def test_the_queue_is_paged_by_deadline(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from hopenow.web.cases.actions import perform
    from hopenow.web.workbench import queries

    monkeypatch.setattr(queries, "PAGE", 4)
    for month in range(1, 10):
        given = {"channel": "web", "loan": {"servicer": "S", "first_due": f"2026-{month:02d}-01", "payment": "1000.00"}}
        perform(told.counselor, "open_case", None, given)
    client, seen, after = browser(told.counselor), [], ""
    for _ in range(5):
        page = client.get("/cases/", {"after": after} if after else {}).content.decode()
        seen += [part[:12] for part in page.split('/">HN-')[1:]]
        if "after=" not in page:
            break
        after = page.split("after=")[1].split('"')[0]
    assert len(seen) == len(set(seen)) == 10
