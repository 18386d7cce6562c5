"""Documents, conversation and tasks in a real browser: a paper is sent without scripts, and nothing is hard to use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.browser.test_people import CHROMIUM, SHEET, address, cookie, playwright
from tests.web.documents import hostile
from tests.web.people import opened

__all__ = ["address"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")


def test_a_paper_is_sent_and_every_page_is_usable(address: str, tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    from hopenow.web.cases.actions import perform

    told = opened({"servicer": "First Servicing", "first_due": "2026-01-01", "payment": "1500.00"})
    perform(told.servicer, "request_document", told.case, {"type": "pay_stub"})
    perform(told.servicer, "send_message", told.case, {"body": "Please see https://example.org/form"})
    perform(told.homeowner, "add_task", told.case, {"words": "Call the servicer"})
    signed = cookie(told.homeowner, address)
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(hostile.located())
    found: list[str] = []
    with playwright.sync_playwright() as tool:
        chromium = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        plain = chromium.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
        plain.add_cookies([signed])
        page = plain.new_page()
        page.goto(f"{address}/cases/{told.case}/documents/add?type=pay_stub")
        page.set_input_files("#id_file", photo)
        page.get_by_role("button", name="Send").click()
        assert page.get_by_role("heading", name="Receipt: Pay stub").is_visible()
        receipt = page.url.removeprefix(address)
        paths = [receipt, f"{receipt}replace", "/tasks/"]
        paths += [f"/cases/{told.case}/{rest}" for rest in ("documents/", "documents/add", "conversation/", "tasks/")]
        for width in (360, 1280):
            context = chromium.new_context(viewport={"width": width, "height": 800})
            context.add_cookies([signed])
            page = context.new_page()
            for path in paths:
                page.goto(address + path)
                found += [
                    f"{path} at {width}: {each['id']} {[node['html'][:120] for node in each['nodes'][:2]]}"
                    for each in Axe().run(page).response["violations"]
                    if each["impact"] in ("serious", "critical")
                ]
                if SHEET and page.evaluate("document.documentElement.scrollWidth") > width:
                    found.append(f"{path} at {width}: wider than the screen")
            context.close()
        chromium.close()
    assert found == []
