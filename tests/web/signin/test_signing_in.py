"""Signing in: by code, with a second step where it is needed, for a while, and without telling who is known."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.web.people import homeowner, member
from tests.web.signin.acts import sent_code, sign_in, signed_in

pytestmark = pytest.mark.usefixtures("platform")


def email_of(actor: Any) -> str:
    from hopenow.web.acting import serving
    from hopenow.web.people.models import Person

    with serving("accounts"):
        return str(Person.objects.get(id=actor.person).email)


def bare_member() -> Any:
    """Make a member who has no second factor yet."""
    from allauth.mfa.models import Authenticator

    from hopenow.web.acting import serving

    with serving("operations"):
        actor = member("counseling", "Bare Counsel")
        Authenticator.objects.filter(user_id=actor.person).delete()
    return actor


def test_somebody_new_starts_with_a_code(new_browser: Any, outbox: list[Any]) -> None:
    from hopenow.web.acting import serving
    from hopenow.web.people.models import Person

    browser = new_browser()
    page = browser.get("/accounts/signup/").content.decode()
    assert "Start here" in page
    assert "assword" not in page.replace("There is no password to remember", "")
    asked = browser.post("/accounts/signup/", {"email": "New@Example.org", "name": "New Person"})
    assert asked.status_code == 302
    (message,) = outbox
    done = browser.post(asked["Location"], {"code": sent_code(message)})
    assert done.status_code == 302
    assert browser.get("/cases/").status_code == 200
    with serving("accounts"):
        person = Person.objects.get(email="new@example.org")
        assert person.name == "New Person"
        assert not person.has_usable_password()


def test_a_homeowner_signs_in_with_a_code(new_browser: Any, outbox: list[Any]) -> None:
    owner, browser = homeowner(), new_browser()
    assert browser.get("/accounts/login/").status_code == 200
    assert sign_in(browser, email_of(owner), outbox).status_code == 302
    assert browser.get("/cases/").status_code == 200
    page = browser.get("/me/sign-ins").content.decode()
    assert "code" in page
    assert "Test browser" in page


def test_a_wrong_code_is_counted_and_seen(new_browser: Any, outbox: list[Any]) -> None:
    owner, browser = homeowner(), new_browser()
    asked = browser.post("/accounts/login/", {"login": email_of(owner)})
    for _ in range(5):
        answer = browser.post(asked["Location"], {"code": "BBBB-BBBB"})
    # After five tries even the right code does not work.
    assert answer.status_code == 302
    browser.post(asked["Location"], {"code": sent_code(outbox[-1])})
    assert browser.get("/cases/").status_code == 302
    sign_in(browser, email_of(owner), outbox)
    assert browser.get("/me/sign-ins").content.decode().count("did not work") == 5


def test_an_unknown_address_gets_the_same_answer(new_browser: Any, outbox: list[Any]) -> None:
    known = email_of(homeowner())
    answers = []
    for email in (known, "nobody@example.org"):
        browser = new_browser()
        asked = browser.post("/accounts/login/", {"login": email})
        page = browser.get(asked["Location"])
        wrong = browser.post(asked["Location"], {"code": "BBBB-BBBB"})
        texts = [each.content.decode().replace(email, "X") for each in (page, wrong)]
        answers.append((asked.status_code, asked["Location"], page.status_code, wrong.status_code, *map(bare, texts)))
    assert answers[0] == answers[1]
    assert [message.to for message in outbox] == [[known], ["nobody@example.org"]], "one message each, so no less time"


def test_starting_twice_gets_the_same_answer(new_browser: Any, outbox: list[Any]) -> None:
    known = email_of(homeowner())
    answers = []
    for email in (known, "nobody@example.org"):
        browser = new_browser()
        asked = browser.post("/accounts/signup/", {"email": email, "name": "A"})
        page = browser.get(asked["Location"]).content.decode().replace(email, "X")
        answers.append((asked.status_code, asked["Location"], bare(page)))
    assert answers[0] == answers[1]
    assert len(outbox) == 2


def bare(page: str) -> str:
    import re

    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)


def test_codes_are_not_sent_without_end(new_browser: Any, outbox: list[Any]) -> None:
    """Other processes count along: the counters are in the database, under names that tell nothing."""
    from django.db import connection

    email = email_of(homeowner())
    answers = [new_browser().post("/accounts/login/", {"login": email}).status_code for _ in range(5)]
    assert answers == [302, 302, 302, 200, 200]
    assert len(outbox) == 3
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM people_limit")
        names = [name for (name,) in cursor.fetchall()]
    assert names
    assert all(len(name) == 64 and "127" not in name[:4] for name in names)


def test_many_tries_from_one_place_are_refused_and_a_made_up_header_does_not_help(
    new_browser: Any, outbox: list[Any]
) -> None:
    answers = [
        new_browser()
        .post("/accounts/signup/", {"email": f"a{n}@example.org"}, headers={"x-forwarded-for": f"10.0.0.{n}"})
        .status_code
        for n in range(21)
    ]
    assert answers == [302] * 20 + [429]


def test_a_session_that_was_planted_is_not_the_one_signed_in(new_browser: Any, outbox: list[Any]) -> None:
    owner, browser = homeowner(), new_browser()
    asked = browser.post("/accounts/login/", {"login": email_of(owner)})
    planted = browser.cookies["session"].value
    browser.post(asked["Location"], {"code": sent_code(outbox[-1])})
    assert browser.cookies["session"].value != planted
    attacker = new_browser()
    attacker.cookies["session"] = planted
    assert attacker.get("/cases/").status_code == 302


def test_nobody_has_a_password(new_browser: Any) -> None:
    for path in ("reset/", "change/", "set/", "reset/key/1-x/"):
        assert new_browser().get(f"/accounts/password/{path}").status_code == 404


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/accounts/signup/", "/accounts/login/code/"])
def test_pages_cannot_be_framed_and_hold_no_inline_script(new_browser: Any, path: str) -> None:
    answer = new_browser().get(path)
    assert answer.status_code == 200
    assert answer["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    page = answer.content.decode()
    for part in page.split("<script")[1:]:
        tag = part.split(">")[0]
        assert "src=" in tag or 'type="application/json"' in tag
    assert " style=" not in page
    assert "onclick" not in page


@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/accounts/signup/", "/accounts/logout/", "/me/", "/me/act-for", "/organization/"]
)
def test_forms_are_refused_without_their_token(new_browser: Any, path: str) -> None:
    assert new_browser(enforce_csrf_checks=True).post(path, {}).status_code == 403


# --- the second step -------------------------------------------------------------------------------


def test_a_member_without_a_second_step_gets_to_nothing_else(new_browser: Any) -> None:
    browser = signed_in(new_browser(), bare_member())
    for path in ("/cases/", "/cases/open", "/me/", "/organization/", "/accounts/email/", "/accounts/sessions/", "/"):
        answer = browser.get(path)
        assert (answer.status_code, answer["Location"]) == (302, "/me/second-factor"), path
    assert browser.post("/cases/open", {}).status_code == 302
    for path in ("/me/second-factor", "/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/"):
        assert browser.get(path).status_code == 200, path


def test_a_member_sets_up_an_app_and_signs_in_with_it(new_browser: Any, outbox: list[Any]) -> None:
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

    from hopenow.web.acting import serving

    def digits(secret: str) -> str:
        return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))

    worker = bare_member()
    email, browser, other = email_of(worker), new_browser(), new_browser()
    sign_in(other, email, outbox)
    sign_in(browser, email, outbox)
    page = browser.get("/accounts/2fa/totp/activate/").content.decode()
    assert "<svg" in page
    assert "data:image" not in page
    secret = page.split("<code>")[1].split("</code>")[0]
    answer = browser.post("/accounts/2fa/totp/activate/", {"code": digits(secret)})
    assert answer.status_code == 302, answer.content.decode()
    assert browser.get("/cases/").status_code == 200
    assert outbox[-1].to == [email]
    assert "was added to your sign-in" in outbox[-1].body
    # A session from before never showed the new step.
    assert other.get("/cases/")["Location"].startswith("/accounts/login/")
    with serving("accounts"):
        kept = Authenticator.objects.get(user_id=worker.person, type="totp").data["secret"]
    assert secret not in kept
    # The last one of a member cannot be taken away.
    browser.post("/accounts/2fa/totp/deactivate/", {})
    with serving("accounts"):
        assert Authenticator.objects.filter(user_id=worker.person, type="totp").exists()
    # Next time the code alone is not enough.
    later = new_browser()
    answer = sign_in(later, email, outbox)
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert later.get("/cases/").status_code == 302
    assert later.post(answer["Location"], {"code": "000000"}).status_code == 200
    assert later.get("/cases/").status_code == 302


def test_a_homeowner_needs_no_second_step(new_browser: Any) -> None:
    browser = signed_in(new_browser(), homeowner())
    for path in ("/cases/", "/me/", "/accounts/email/", "/accounts/sessions/", "/accounts/2fa/"):
        assert browser.get(path).status_code == 200, path


# --- how long --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mark", "ago"), [("seen", 61 * 60), ("began", 12 * 60 * 60 + 1)])
def test_a_session_ends_by_itself(new_browser: Any, mark: str, ago: int) -> None:
    from hopenow.web.acting import serving

    browser = signed_in(new_browser(), homeowner())
    assert browser.get("/cases/").status_code == 200
    with serving("accounts"):
        session = browser.session
        session[mark] = time.time() - ago
        session.save()
    answer = browser.get("/cases/?show=week")
    assert answer["Location"] == "/accounts/login/?next=%2Fcases%2F%3Fshow%3Dweek"
    assert browser.get("/cases/").status_code == 302


def test_devices_are_listed_and_others_signed_out(new_browser: Any) -> None:
    owner = homeowner()
    here, there = signed_in(new_browser(), owner), signed_in(new_browser(), owner)
    there.get("/cases/")
    here.get("/cases/")
    page = here.get("/accounts/sessions/").content.decode()
    assert page.count("Test browser") == 2
    assert page.count("this one") == 1
    assert here.post("/accounts/sessions/", {}).status_code == 302
    assert here.get("/cases/").status_code == 200
    assert there.get("/cases/").status_code == 302


def test_nobody_sees_the_sign_ins_of_another(new_browser: Any) -> None:
    from hopenow.web.acting import acting
    from hopenow.web.people.models import SignIn

    owner, other = homeowner(), homeowner()
    signed_in(new_browser(), owner)
    with acting(owner):
        assert SignIn.objects.count() == 1
    with acting(other):
        assert SignIn.objects.count() == 0
