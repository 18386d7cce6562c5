"""The pages of signing in, organizations and shares in a real browser: no script needed, nothing hard to use."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

import hopenow
from tests.web.people import homeowner, member, opened
from tests.web.signin.acts import signed_in

playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SHEET = (Path(hopenow.__file__).parent / "web" / "static" / "design" / "hopenow.css").is_file()
"""Without `make assets` the pages have no style, and are as wide as they are."""
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")


class _Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(platform: None) -> Iterator[str]:
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.wsgi import get_wsgi_application
    from django.db import connections

    server = make_server("localhost", 0, StaticFilesHandler(get_wsgi_application()), handler_class=_Quiet)

    def serve() -> None:
        server.serve_forever()
        connections.close_all()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def cookie(actor: Any, address: str) -> Any:
    from django.test import Client

    client = signed_in(Client(headers={"host": "localhost"}), actor)
    return {"name": "session", "value": client.cookies["session"].value, "url": address}


def test_pages_are_usable_on_a_telephone_and_a_desk(address: str, tmp_path: Path) -> None:
    from allauth.mfa.models import Authenticator
    from axe_playwright_python.sync_playwright import Axe

    from hopenow.web.acting import serving

    told = opened({"servicer": "First Servicing", "first_due": "2026-01-01", "payment": "1500.00"})
    with serving("operations"):
        boss = member("legal_aid", "Legal Help", "administrator")
        bare = member("legal_aid", "Other Legal Help")
        Authenticator.objects.filter(user_id=bare.person).delete()
    case = f"/cases/{told.case}"
    pages = [
        (None, ("/", "/accounts/login/", "/accounts/signup/", "/accounts/login/code/", "/accounts/logout/")),
        (told.homeowner, ("/me/", "/me/sign-ins", "/accounts/sessions/", "/accounts/2fa/", "/accounts/email/")),
        (
            told.homeowner,
            (
                f"{case}/people",
                f"{case}/people/person",
                f"{case}/people/organization",
                f"{case}/looked",
                f"{case}/successor",
            ),
        ),
        (homeowner(), ("/accounts/2fa/totp/activate/", "/shares/no-such", "/invitations/no-such")),
        (bare, ("/me/second-factor", "/accounts/2fa/webauthn/add/")),
        (boss, ("/organization/",)),
    ]
    # The browser's own loop runs in this thread, where Django would otherwise refuse to touch the database.
    cookies = [(cookie(actor, address) if actor else None, paths) for actor, paths in pages]
    found: list[str] = []
    with playwright.sync_playwright() as tool:
        chromium = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width in (360, 1280):
            for each, paths in cookies:
                context = chromium.new_context(viewport={"width": width, "height": 800})
                if each:
                    context.add_cookies([each])
                page = context.new_page()
                page.on("console", lambda said: found.append(said.text) if "Content Security" in said.text else None)
                for path in paths:
                    page.goto(address + path)
                    for violation in Axe().run(page).response["violations"]:
                        if violation["impact"] in ("serious", "critical"):
                            nodes = [node["html"][:120] for node in violation["nodes"][:2]]
                            found.append(f"{path} at {width}: {violation['id']} {nodes}")
                    if SHEET and page.evaluate("document.documentElement.scrollWidth") > width:
                        found.append(f"{path} at {width}: wider than the screen")
                    page.screenshot(path=tmp_path / f"{path.strip('/').replace('/', '_')[-30:]}_{width}.png")
                context.close()
        chromium.close()
    assert found == []


def test_a_passkey_is_set_up_and_signs_in(address: str) -> None:
    from allauth.mfa.models import Authenticator

    from hopenow.web.acting import serving

    with serving("operations"):
        worker = member("legal_aid", "Legal Help")
        Authenticator.objects.filter(user_id=worker.person).delete()
    signed = cookie(worker, address)
    with playwright.sync_playwright() as tool:
        chromium = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = chromium.new_context()
        context.add_cookies([signed])
        page = context.new_page()
        keys = context.new_cdp_session(page)
        keys.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
        options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
        keys.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        page.goto(f"{address}/cases/")
        assert page.url == f"{address}/me/second-factor"
        page.get_by_text("Set up a passkey").click()
        page.locator("label[for=id_passwordless]").click()
        page.locator("#mfa_webauthn_add").click()
        page.wait_for_url(lambda url: "add" not in url)
        page.goto(f"{address}/cases/")
        assert page.url == f"{address}/cases/"
        page.get_by_text("Sign out").click()
        page.goto(f"{address}/accounts/login/")
        page.get_by_text("Sign in with a passkey").click()
        page.wait_for_url(f"{address}/cases/")
        chromium.close()
