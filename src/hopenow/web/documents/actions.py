"""Adding, replacing and asking for papers."""

from __future__ import annotations

import datetime
import hashlib
import uuid

from pydantic import ConfigDict

from hopenow.errors import InputError
from hopenow.web.cases.actions.base import Form, Refused, Work, action
from hopenow.web.cases.actions.lifecycle import HELPERS, PARTIES
from hopenow.web.cases.models import Grant
from hopenow.web.documents import files, standing
from hopenow.web.documents.cleaning import Received
from hopenow.web.documents.models import Document, DocumentKey
from hopenow.web.documents.types import types

_SCOPES = ("status", "documents")


class AddDocument(Form):
    """A paper that was received and cleaned."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, arbitrary_types_allowed=True)

    type: str
    received: Received
    dated: datetime.date | None = None
    """The date on the paper, from which its age counts; today when it has none."""


@action("add_document", "Add a document", AddDocument, relations=PARTIES, scopes=_SCOPES)
def add_document(work: Work, form: AddDocument) -> None:
    """Add a paper; where a case has only one of its kind it takes the place of the one before."""
    kind = types().get(form.type)
    if kind is None:
        raise InputError(f"Add a document: there is no kind of paper {form.type!r}")
    before = None if kind.any else _newest(work, form.type)
    _add(work, form.type, form.received, form.dated, before)


class ReplaceDocument(AddDocument):
    """A paper that stands in for another one."""

    type: str = ""
    document: uuid.UUID


@action("replace_document", "Replace a document", ReplaceDocument, relations=PARTIES, scopes=_SCOPES)
def replace_document(work: Work, form: ReplaceDocument) -> None:
    """Add a new version; the one before stays on file and readable."""
    before = Document.objects.filter(case=work.case, id=form.document).first()
    if before is None:
        raise Refused("Replace a document: there is no such document in this case for you")
    if Document.objects.filter(replaces=before).exists():
        raise InputError("Replace a document: there is a newer version already; replace that one")
    _add(work, before.type, form.received, form.dated, before)


def _newest(work: Work, kind: str) -> Document | None:
    found = [each for each in standing.current(Document.objects.filter(case=work.case)) if each.type == kind]
    return max(found, key=lambda each: each.received_at, default=None)


def _add(work: Work, kind: str, received: Received, dated: datetime.date | None, before: Document | None) -> None:
    today = work.today()
    if dated is not None and dated > today:
        raise InputError("the date on the paper lies in the future; look at it again")
    same = Document.objects.filter(case=work.case, type=kind, sha256=received.sha256).first()
    if same is not None:
        raise InputError(
            f"this very file is on file already: it was received on {same.received_at:%B} {same.received_at.day},"
            f" {same.received_at.year}. Nothing more is needed."
        )
    identity, event = uuid.uuid4(), uuid.uuid4()
    expires = types()[kind].expires(dated or today, today)
    details = {"document": str(identity), "type": kind, "sha256": received.sha256}
    if before is not None:
        details["replaces"] = str(before.id)
    work.record("document_added", {**details, **({"expires": expires} if expires else {})}, id=event)
    key = DocumentKey.to_write(work.case.id, work.events)
    place = files.keep(received.content, key, str(identity))
    try:
        Document.objects.create(
            id=identity,
            case=work.case,
            type=kind,
            person_id=work.actor.person,
            organization=work.actor.organization,
            sha256=received.sha256,
            size=received.size,
            media=received.media,
            kept_sha256=hashlib.sha256(received.content).hexdigest(),
            kept_size=len(received.content),
            pages=received.pages,
            place=place,
            scan=received.scan,
            expires=expires,
            replaces=before,
            event=event,
        )
    except BaseException:
        # What the database does not know of must not stay in the storage.
        files.discard(place)
        raise


class RequestDocument(Form):
    """Which paper, and by when."""

    type: str
    needed_by: datetime.date | None = None


@action(
    "request_document",
    "Ask for a document",
    RequestDocument,
    relations=(*HELPERS, Grant.Relation.SERVICER),
    scopes=_SCOPES,
)
def request_document(work: Work, form: RequestDocument) -> None:
    """Ask for a paper; while a valid one is on file the request is refused, and the refusal is on record."""
    if form.type not in types():
        raise InputError(f"Ask for a document: there is no kind of paper {form.type!r}")
    documents = list(Document.objects.filter(case=work.case))
    if have := standing.valid(documents, form.type, work.today(), work.events):
        work.record("document_request_refused", {"type": form.type, "document": str(have.id)})
        return
    if form.type in standing.asked(work.events):
        raise InputError("Ask for a document: it was asked for already, and the request stands")
    if form.needed_by is not None and form.needed_by < work.today():
        raise InputError("Ask for a document: the day by which it is needed has passed")
    by = {"needed_by": form.needed_by} if form.needed_by else {}
    work.record("document_requested", {"type": form.type, **by})


class ExportCase(Form):
    """Nothing is asked."""


@action("export_case", "Take the whole file", ExportCase, relations=PARTIES)
def export_case(work: Work, form: ExportCase) -> None:
    """Put on record that the file was handed out; `whole_file.write` then makes it."""
    work.record("case_exported")
