"""Papers of a case: once, with a receipt, encrypted, seen by those they are shared with, and not asked for again."""

from __future__ import annotations

import datetime
import hashlib
import io
import uuid
from pathlib import Path
from typing import Any

import pytest

from hopenow.errors import InputError
from tests.web.documents import hostile
from tests.web.people import opened
from tests.web.workbench.test_pages import browser

pytestmark = pytest.mark.usefixtures("platform")
LOAN = {"servicer": "First Servicing", "first_due": "2026-01-01", "payment": "1500.00"}


@pytest.fixture
def told(platform: None) -> Any:
    return opened(LOAN)


def do(actor: Any, name: str, case: Any, **given: Any) -> Any:
    from hopenow.web.cases.actions import perform

    return perform(actor, name, case, given)


def add(actor: Any, case: Any, kind: str = "pay_stub", size: int = 40, **other: Any) -> Any:
    from hopenow.web.documents.cleaning import receive

    return do(actor, "add_document", case, type=kind, received=receive(hostile.photo(size=(size, 20))), **other)


def documents(actor: Any, case: Any) -> list[Any]:
    from hopenow.web.acting import acting
    from hopenow.web.documents.models import Document

    with acting(actor):
        return list(Document.objects.filter(case=case))


def kinds(actor: Any, case: Any) -> list[str]:
    from hopenow.web.acting import acting
    from hopenow.web.cases.models import Event

    with acting(actor):
        return list(Event.objects.filter(case=case).values_list("kind", flat=True))


def upload(data: bytes, name: str = "photo.jpg") -> Any:
    file = io.BytesIO(data)
    file.name = name
    return file


def test_a_paper_is_sent_and_read_through_pages(told: Any) -> None:
    data = hostile.located()
    client = browser(told.homeowner)
    listed = client.get(f"/cases/{told.case}/documents/").content.decode()
    assert "Mortgage Assistance Application (Form 710)" in listed
    answer = client.post(
        f"/cases/{told.case}/documents/add", {"type": "pay_stub", "file": upload(data, "../../etc/passwd\0.exe")}
    )
    assert answer.status_code == 302, answer.content.decode()
    receipt = client.get(answer["Location"]).content.decode()
    assert hashlib.sha256(data).hexdigest() in receipt
    assert "not checked for viruses" in receipt
    assert "passwd" not in receipt
    (kept,) = documents(told.homeowner, told.case)
    file = browser(told.servicer).get(f"{answer['Location']}file")
    assert file.content.startswith(b"\xff\xd8\xff")
    assert b"Secret" not in file.content
    assert file["Content-Disposition"] == f'attachment; filename="{kept.name}"'
    assert kept.name.startswith("pay_stub-")
    assert file["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in file["Cache-Control"]
    from hopenow.web.acting import acting
    from hopenow.web.cases.models import Reading

    with acting(told.homeowner):
        reading = Reading.objects.get(case=told.case, what="document")
    assert (reading.person_id, reading.organization, reading.subject) == (
        told.servicer.person,
        told.servicer.organization,
        kept.id,
    )


@pytest.mark.parametrize("who", ["counselor", "stranger", "neighbor"])
def test_those_without_the_documents_see_none(told: Any, who: str) -> None:
    add(told.homeowner, told.case)
    (kept,) = documents(told.homeowner, told.case)
    actor = getattr(told, who)
    assert documents(actor, told.case) == []
    client = browser(actor)
    for address in ("", "add", "ask", f"{kept.id}/", f"{kept.id}/replace", f"{kept.id}/file"):
        # The case itself is shared with the counselor, without its documents.
        assert client.get(f"/cases/{told.case}/documents/{address}").status_code == (403 if who == "counselor" else 404)


def test_a_document_of_another_case_is_not_found(told: Any) -> None:
    add(told.homeowner, told.case)
    (kept,) = documents(told.homeowner, told.case)
    other = do(told.homeowner, "open_case", None, channel="web", loan=LOAN).case
    for address in (f"{kept.id}/", f"{kept.id}/file", f"{uuid.uuid4()}/file"):
        assert browser(told.homeowner).get(f"/cases/{other}/documents/{address}").status_code == 404


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "is empty"), (b"<html>", "not taken"), (b"\xff\xd8\xff" + bytes(31 * 1024 * 1024), "larger than 30 MB")],
    ids=["nothing", "page", "large"],
)
def test_a_refused_file_is_told_on_the_page_and_leaves_nothing(told: Any, data: bytes, words: str) -> None:
    answer = browser(told.homeowner).post(
        f"/cases/{told.case}/documents/add", {"type": "pay_stub", "file": upload(data)}
    )
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert documents(told.homeowner, told.case) == []
    assert "document_added" not in kinds(told.homeowner, told.case)


def test_files_at_rest_are_encrypted_and_a_change_is_found(told: Any) -> None:
    from django.conf import settings

    from hopenow.web.acting import acting
    from hopenow.web.documents import files
    from hopenow.web.vault import VaultError

    add(told.homeowner, told.case)
    (kept,) = documents(told.homeowner, told.case)
    path = Path(settings.HOPENOW.data) / "files" / kept.place
    stored = path.read_bytes()
    assert b"\xff\xd8\xff" not in stored
    assert path.stat().st_mode & 0o077 == 0
    with acting(told.homeowner):
        assert hashlib.sha256(files.content(kept)).hexdigest() == kept.kept_sha256
        path.write_bytes(stored[:-1] + bytes([stored[-1] ^ 1]))
        with pytest.raises(VaultError, match="changed"):
            files.content(kept)
        path.unlink()
        with pytest.raises(VaultError, match="not in the storage"):
            files.content(kept)
    assert browser(told.homeowner).get(f"/cases/{told.case}/documents/{kept.id}/file").status_code == 404


def test_chunks_cannot_be_swapped_or_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    from hopenow.web.documents import files
    from hopenow.web.vault import CaseCipher, VaultError

    monkeypatch.setattr(files, "_CHUNK", 10)
    key = CaseCipher(bytes(32), "case")
    for plain in (b"", b"x", b"0123456789", b"0123456789" * 3, b"0123456789abc"):
        assert files.unseal(files.seal(plain, key, "d"), key, "d") == plain
    sealed = files.seal(b"0123456789" * 3, key, "d")
    size = len(sealed) // 3
    parts = [sealed[start : start + size] for start in range(0, len(sealed), size)]
    for wrong in (b"", parts[0], parts[0] + parts[1], parts[1] + parts[0] + parts[2], sealed + parts[2], sealed[:-1]):
        with pytest.raises(VaultError):
            files.unseal(wrong, key, "d")
    with pytest.raises(VaultError):
        files.unseal(sealed, key, "e")


def test_a_newer_version_replaces_and_the_older_one_stays(told: Any) -> None:
    add(told.homeowner, told.case, "divorce_decree", 40)
    (first,) = documents(told.homeowner, told.case)
    client = browser(told.homeowner)
    answer = client.post(
        f"/cases/{told.case}/documents/{first.id}/replace", {"file": upload(hostile.photo(size=(50, 20)))}
    )
    assert answer.status_code == 302
    add(told.homeowner, told.case, "divorce_decree", 60)
    third, second, same = documents(told.homeowner, told.case)
    assert (same.id, second.replaces_id, third.replaces_id) == (first.id, first.id, second.id)
    with pytest.raises(InputError, match="newer version already"):
        do(
            told.homeowner,
            "replace_document",
            told.case,
            document=first.id,
            received=hostile_received(70),
        )
    assert client.get(f"/cases/{told.case}/documents/{first.id}/file").status_code == 200


def hostile_received(size: int) -> Any:
    from hopenow.web.documents.cleaning import receive

    return receive(hostile.photo(size=(size, 20)))


def test_a_paper_is_sent_only_once(told: Any) -> None:
    add(told.homeowner, told.case)
    with pytest.raises(InputError, match="on file already"):
        add(told.homeowner, told.case)
    with pytest.raises(InputError, match="lies in the future"):
        add(told.homeowner, told.case, size=44, dated=datetime.date(2999, 1, 1))
    with pytest.raises(InputError, match="no kind of paper"):
        add(told.homeowner, told.case, "secret")


@pytest.mark.parametrize("statement", ["UPDATE documents_document SET type = 'x'", "DELETE FROM documents_document"])
def test_the_database_keeps_every_version(told: Any, statement: str) -> None:
    from django.db import DatabaseError, connection

    from hopenow.web.acting import acting

    add(told.homeowner, told.case)
    refused = pytest.raises(DatabaseError, match=r"denied|is refused")
    with refused, acting(told.homeowner), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_valid_paper_is_never_asked_for_again(told: Any) -> None:
    """Requirement A5, scenario H3: a repeat request for a valid document is refused and logged."""
    client = browser(told.servicer)
    ask = f"/cases/{told.case}/documents/ask"
    assert client.post(ask, {"type": "pay_stub"}).status_code == 302
    assert "asked for already" in client.post(ask, {"type": "pay_stub"}).content.decode()
    assert "Asked for" in browser(told.homeowner).get(f"/cases/{told.case}/documents/").content.decode()
    add(told.homeowner, told.case)
    assert "Asked for" not in browser(told.homeowner).get(f"/cases/{told.case}/documents/").content.decode()
    for _ in range(2):
        answer = client.post(ask, {"type": "pay_stub"}, follow=True)
        assert "was not asked again" in answer.content.decode()
    listed = kinds(told.homeowner, told.case)
    assert (listed.count("document_requested"), listed.count("document_request_refused")) == (1, 2)
    old = datetime.date(2020, 1, 31)
    add(told.homeowner, told.case, "bank_statements", dated=old)
    do(told.servicer, "request_document", told.case, type="bank_statements")
    assert kinds(told.homeowner, told.case).count("document_requested") == 2


def test_a_slow_review_does_not_make_papers_old(told: Any) -> None:
    """Scenario H4: papers are valid for a time and the review takes longer."""
    from hopenow.web.cases.models import Event
    from hopenow.web.documents import standing
    from hopenow.web.documents.models import Document

    day = datetime.date(2026, 3, 2)
    paper = Document(type="pay_stub", expires=day + datetime.timedelta(days=5), received_at=datetime.datetime.now())  # noqa: DTZ005
    later = day + datetime.timedelta(days=90)
    complete = Event(kind="application_complete", day=day)
    decided = Event(kind="decision_sent", day=later)
    assert standing.valid([paper], "pay_stub", later, [complete]) is paper
    assert standing.valid([paper], "pay_stub", later, []) is None
    assert standing.valid([paper], "pay_stub", later, [complete, decided]) is None
    late = Event(kind="application_complete", day=day + datetime.timedelta(days=6))
    assert standing.valid([paper], "pay_stub", later, [late]) is None


def test_the_checklist_follows_the_answers(told: Any) -> None:
    from hopenow.web.acting import acting
    from hopenow.web.cases.models import Event
    from hopenow.web.documents import standing

    today = datetime.date(2026, 3, 2)
    add(told.homeowner, told.case, "bank_statements")
    with acting(told.homeowner):
        events = list(Event.objects.filter(case=told.case))
    known = {"hardship_kind": "divorce_or_separation", "income_kinds": "wages"}
    items = standing.checklist(known, documents(told.homeowner, told.case), events, today)
    found = {item.type: item.state for item in items}
    # Bank statements do as well as a pay stub.
    assert found["pay_stub"] == standing.VALID
    assert found["divorce_decree"] == standing.NEEDED
    assert found["application_form"] == standing.NEEDED
    assert standing.checklist({}, [], [], today)[1].state == standing.ASK_FIRST


def test_every_paper_of_the_application_has_a_kind() -> None:
    from hopenow.programs.conventional.required_documents import form
    from hopenow.web.documents.types import by_paper, types

    table = form()
    names = {table.application.name, table.transcript.name}
    for group in (table.hardships, table.incomes):
        names |= {item.name for kind in group.values() for item in kind.documents}
    assert names == set(by_paper())
    today = datetime.date(2026, 3, 2)
    assert types()["pay_stub"].expires(today, today) == today + datetime.timedelta(days=91)
    assert types()["death_certificate"].expires(today, today) is None
