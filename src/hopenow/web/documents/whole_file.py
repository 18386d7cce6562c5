"""The whole file of a case as one archive that explains and proves itself, without this platform.

It holds what is shared with whoever takes it: every event with the very text that was hashed, every document, the
conversation, the tasks, the shares, and a page to read it all. `check` verifies an archive with nothing but its
bytes, so that another installation, a court or the homeowner can do the same.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from typing import IO, Any

from django.db import connection
from django.template.loader import render_to_string
from django.utils import timezone

from hopenow.web.cases import ledger
from hopenow.web.cases.kinds import kinds
from hopenow.web.cases.models import Case, Event, Grant
from hopenow.web.conversations.models import ConversationKey, Message
from hopenow.web.documents import files
from hopenow.web.documents.models import Document
from hopenow.web.documents.types import types
from hopenow.web.people.models import Organization, Person
from hopenow.web.tasks.models import Task, TaskKey
from hopenow.web.vault import VaultError

FORMAT = "hopenow case file 1"
_PROOF = (
    "Each event's hash is the SHA-256 of its text in UTF-8. The text's last line is the hash of the event before it;"
    " for the first event it is the SHA-256 of the case's id. Numbers that are missing belong to events that are not"
    " shared with whoever took this file."
)


def write(case: Case, target: IO[bytes]) -> None:
    """Write a case's archive; run it as the person who takes it.

    Args:
        case: the case.
        target: an open binary file.
    """
    names = _names(case)
    events = _events(case, names)
    documents = list(Document.objects.filter(case=case).order_by("received_at"))
    parts = {
        "events": events,
        "documents": [_document(each, names) for each in documents],
        "conversation": _conversation(case, names),
        "tasks": _tasks(case, names),
        "shares": _shares(case, names),
    }
    listed: dict[str, dict[str, Any]] = {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:

        def put(path: str, content: bytes) -> None:
            archive.writestr(path, content)
            listed[path] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}

        for document, told in zip(documents, parts["documents"], strict=True):
            try:
                put(told["file"], files.content(document))
            except VaultError as error:
                # What cannot be read any more is said, not left out in silence.
                told["file"], told["missing"] = "", str(error)
        for name, rows in parts.items():
            put(f"{name}.json", _json(rows))
        page = {**parts, "case": case, "made_at": timezone.now(), "proof": _PROOF}
        put("index.html", render_to_string("documents/whole_file.html", page).encode())
        manifest = {
            "format": FORMAT,
            "case": str(case.id),
            "code": case.code,
            "made_at": timezone.now().isoformat(),
            "head": {"number": events[-1]["number"], "hash": events[-1]["hash"]} if events else None,
            "proof": _PROOF,
            "files": listed,
        }
        archive.writestr("manifest.json", _json(manifest))


def _json(content: Any) -> bytes:
    return json.dumps(content, indent=1, sort_keys=True, default=str, ensure_ascii=False).encode()


def _names(case: Case) -> dict[Any, str]:
    people = {each.id: str(each) for each in Person.objects.all()}
    return people | {each.id: each.name for each in Organization.objects.all()} | {None: "", case.id: case.code}


def _events(case: Case, names: dict[Any, str]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, hn_event_text(e) FROM cases_event e WHERE case_id = %s", [case.id])
        texts = dict(cursor.fetchall())
    key = ledger.cipher(case.id)
    return [
        {
            "number": each.number,
            "id": each.id,
            "kind": each.kind,
            "means": kinds()[each.kind].means,
            "day": each.day,
            "recorded_at": each.recorded_at,
            "by": names.get(each.person, "") if each.person else "Hope Now",
            "for": names.get(each.organization, ""),
            "details": each.details,
            "private": ledger.private(each, key),
            "text": texts[each.id],
            "hash": bytes(each.hash).hex(),
        }
        for each in Event.objects.filter(case=case).order_by("number")
    ]


def _document(document: Document, names: dict[Any, str]) -> dict[str, Any]:
    return {
        "id": document.id,
        "type": document.type,
        "title": types()[document.type].title,
        "received_at": document.received_at,
        "by": names.get(document.person_id, ""),
        "for": names.get(document.organization, ""),
        "received_sha256": document.sha256,
        "sha256": document.kept_sha256,
        "scan": document.scan,
        "expires": document.expires,
        "replaces": document.replaces_id,
        "event": document.event,
        "file": f"documents/{document.name}",
    }


def _conversation(case: Case, names: dict[Any, str]) -> list[dict[str, Any]]:
    key = ConversationKey.cipher(case.id)
    return [
        {
            "id": each.id,
            "at": each.at,
            "by": names.get(each.person_id, ""),
            "for": names.get(each.organization, ""),
            "relation": each.relation,
            "internal": each.audience is not None,
            "text": each.text(key),
            "documents": each.documents,
            "event": each.event,
        }
        for each in Message.objects.filter(case=case)
    ]


def _tasks(case: Case, names: dict[Any, str]) -> list[dict[str, Any]]:
    key = TaskKey.cipher(case.id)
    return [
        {
            "id": each.id,
            "what": each.text(key),
            "owner": names.get(each.owner, ""),
            "due": each.due,
            "rule": each.rule,
            "made_at": each.made_at,
            "done_at": each.done_at,
        }
        for each in Task.objects.filter(case=case)
    ]


def _shares(case: Case, names: dict[Any, str]) -> list[dict[str, Any]]:
    return [
        {
            "id": each.id,
            "who": names.get(each.grantee, ""),
            "relation": each.relation,
            "scopes": each.scopes,
            "reason": each.reason,
            "since": each.since,
            "until": each.until,
            "withdrawn_at": each.withdrawn_at,
        }
        for each in Grant.objects.filter(case=case).order_by("since")
    ]


def check(source: IO[bytes]) -> list[str]:
    """Verify an archive with nothing but its bytes; return everything that does not agree.

    Args:
        source: the archive, open for reading.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            if manifest.get("format") != FORMAT:
                return [f"this is not a {FORMAT}"]
            found = _check_files(archive, manifest["files"])
            events = json.loads(archive.read("events.json"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        return [f"this is not the whole file of a case: {error}"]
    return found + _check_chain(events, manifest)


def _check_files(archive: zipfile.ZipFile, listed: dict[str, dict[str, Any]]) -> list[str]:
    names = set(archive.namelist()) - {"manifest.json"}
    found = [f"{name} is not in the manifest" for name in sorted(names - set(listed))]
    found += [f"{name} is missing" for name in sorted(set(listed) - names)]
    for name in sorted(names & set(listed)):
        if hashlib.sha256(archive.read(name)).hexdigest() != listed[name]["sha256"]:
            found.append(f"{name} was changed")
    return found


def _check_chain(events: list[dict[str, Any]], manifest: dict[str, Any]) -> list[str]:
    found = []
    last, link = 0, hashlib.sha256(manifest["case"].encode()).hexdigest()
    for each in events:
        lines = each["text"].split("\n")
        number = each["number"]
        if hashlib.sha256(each["text"].encode()).hexdigest() != each["hash"]:
            found.append(f"event {number}: its text was changed after it was written")
        if lines[1:5] != [each["id"], manifest["case"], str(number), each["kind"]]:
            found.append(f"event {number}: what is shown is not what was hashed")
        if number == last + 1 and lines[-1] != link:
            found.append(f"event {number}: it is not chained to the event before it")
        if number <= last:
            found.append(f"event {number}: it is out of order")
        last, link = number, each["hash"]
    head = manifest["head"] or {"number": 0, "hash": link}
    if (last, link) != (head["number"], head["hash"]):
        found.append("the last event is not the one that the manifest names")
    return found
