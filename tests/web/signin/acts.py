"""What people do to sign in."""

from __future__ import annotations

import re
from typing import Any

CODE = re.compile(r"^([B-Z]{3,4}-[B-Z]{3,4})$", re.MULTILINE)


def sent_code(message: Any) -> str:
    """Return the code in a message."""
    found = CODE.search(message.body)
    assert found, message.body
    return found[1]


def sign_in(browser: Any, email: str, outbox: list[Any], **other: Any) -> Any:
    """Sign in with a code; return the last answer."""
    before = len(outbox)
    asked = browser.post("/accounts/login/", {"login": email, **other})
    assert asked.status_code == 302, asked.content.decode()
    assert len(outbox) == before + 1
    return browser.post(asked["Location"], {"code": sent_code(outbox[-1])})


def signed_in(browser: Any, actor: Any) -> Any:
    """Sign a person in without a code, with an address that is proved; return the browser."""
    from allauth.account.models import EmailAddress

    from hopenow.web.acting import serving
    from hopenow.web.people.models import Person

    with serving("accounts"):
        person = Person.objects.get(id=actor.person)
        EmailAddress.objects.filter(user=person).update(verified=True)
        browser.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


def link(message: Any) -> str:
    """Return the path of the one link in a message."""
    found = re.search(r"http://localhost:8000(/\S+)", message.body)
    assert found, message.body
    return found[1]
