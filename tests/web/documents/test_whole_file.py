"""The whole file: everything that is shared, nothing that is not, and proof against changes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from tests.web.documents import hostile
from tests.web.people import opened
from tests.web.workbench.test_pages import browser

LOAN = {"servicer": "First Servicing", "first_due": "2026-01-01", "payment": "1500.00"}


@pytest.fixture
def told(platform: None) -> Any:
    from hopenow.web.cases.actions import perform
    from hopenow.web.documents.cleaning import receive

    cast = opened(LOAN)
    perform(
        cast.homeowner, "add_document", cast.case, {"type": "pay_stub", "received": receive(hostile.photo())}
    )
    perform(cast.homeowner, "send_message", cast.case, {"body": "<b>I lost my job</b>"})
    perform(cast.servicer, "send_message", cast.case, {"body": "secret of the servicer", "internal": True})
    perform(cast.homeowner, "add_task", cast.case, {"words": "Call the servicer"})
    return cast


def taken(actor: Any, case: Any) -> bytes:
    answer = browser(actor).post(f"/cases/{case}/documents/whole-file")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    return b"".join(answer.streaming_content)


def check(data: bytes) -> list[str]:
    from hopenow.web.documents.whole_file import check

    return check(io.BytesIO(data))


def test_the_homeowner_takes_everything_that_is_theirs(told: Any) -> None:
    data = taken(told.homeowner, told.case)
    assert check(data) == []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        page = archive.read("index.html").decode()
        (document,) = json.loads(archive.read("documents.json"))
        assert archive.read(document["file"]).startswith(b"\xff\xd8\xff")
        everything = b"".join(archive.read(name) for name in archive.namelist())
        assert json.loads(archive.read("events.json"))[-1]["kind"] == "case_exported"
    for words in ("Ana Ruiz", "0012345", "&lt;b&gt;I lost my job", "Call the servicer", "Pay stub"):
        assert words in page
    assert "<script" not in page
    assert b"secret of the servicer" not in everything
    from hopenow.web.acting import acting
    from hopenow.web.cases.models import Reading

    with acting(told.homeowner):
        assert Reading.objects.filter(case=told.case, what="export").count() == 1


def test_others_take_what_is_shared_with_them(told: Any) -> None:
    with zipfile.ZipFile(io.BytesIO(taken(told.counselor, told.case))) as archive:
        assert json.loads(archive.read("documents.json")) == []
        assert json.loads(archive.read("conversation.json")) == []
        everything = b"".join(archive.read(name) for name in archive.namelist())
    # The counselor sees the status alone.
    for words in (b"0012345", b"lost my job"):
        assert words not in everything
    assert browser(told.stranger).post(f"/cases/{told.case}/documents/whole-file").status_code == 404
    assert browser(told.homeowner).get(f"/cases/{told.case}/documents/whole-file").status_code == 405


def rewritten(data: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """Return the archive after a change, with a manifest whose file hashes agree again."""
    import hashlib

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    change(content)
    manifest = json.loads(content.pop("manifest.json"))
    manifest["files"] = {
        name: {"sha256": hashlib.sha256(each).hexdigest(), "size": len(each)} for name, each in content.items()
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, each in {**content, "manifest.json": json.dumps(manifest).encode()}.items():
            archive.writestr(name, each)
    return out.getvalue()


def test_changes_are_found(told: Any) -> None:
    data = taken(told.homeowner, told.case)
    assert check(rewritten(data, lambda content: None)) == []

    def events(change: Callable[[list[Any]], object]) -> list[str]:
        def apply(content: dict[str, bytes]) -> None:
            listed = json.loads(content["events.json"])
            change(listed)
            content["events.json"] = json.dumps(listed).encode()

        return check(rewritten(data, apply))

    assert "text was changed" in str(events(lambda rows: rows[1].update(text=rows[1]["text"] + "x")))
    assert "not what was hashed" in str(events(lambda rows: rows[1].update(kind="case_closed")))
    assert "not the one that the manifest names" in str(events(lambda rows: rows.pop()))
    assert "out of order" in str(events(lambda rows: rows.reverse()))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        listed = {name: archive.read(name) for name in archive.namelist()}
    for name in ("index.html", "events.json"):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for each, content in listed.items():
                archive.writestr(each, content + b" " if each == name else content)
        assert check(out.getvalue()) == [f"{name} was changed"]
    assert "not the whole file" in check(b"nonsense")[0]
