"""Which papers count today, which are still needed, and which were asked for. Pure functions over what is on file."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Mapping, Sequence

from hopenow.programs.conventional.required_documents import RequiredDocument, required_documents
from hopenow.web.cases import ledger
from hopenow.web.cases.models import Event
from hopenow.web.documents.models import Document
from hopenow.web.documents.types import AUTHORITY, by_paper, types
from hopenow.web.vault import CaseCipher

_ENDS_REVIEW = ("decision_sent", "application_withdrawn")
VALID, TOO_OLD, REPLACED, NEEDED, ASK_FIRST = "valid", "too_old", "replaced", "needed", "ask_first"


def review_since(events: Iterable[Event]) -> datetime.date | None:
    """Return the day on which the application that is being decided became complete; None when none is."""
    since = None
    for event in events:
        if event.kind == "application_complete":
            since = since or event.day
        elif event.kind in _ENDS_REVIEW:
            since = None
    return since


def counts(document: Document, today: datetime.date, review: datetime.date | None) -> bool:
    """Whether the age of a paper still counts.

    A paper that was fresh on the day the application became complete stays so until that application is decided: a
    review that takes long does not send the homeowner back for new papers.
    """
    return document.current_on(today) or (review is not None and document.current_on(review))


def current(documents: Iterable[Document]) -> list[Document]:
    """Return the versions that no other version replaces."""
    listed = list(documents)
    replaced = {each.replaces_id for each in listed}
    return [each for each in listed if each.id not in replaced]


def valid(documents: Iterable[Document], kind: str, today: datetime.date, events: Sequence[Event]) -> Document | None:
    """Return the valid paper of a kind, the newest one; None when there is none."""
    review = review_since(events)
    found = [each for each in current(documents) if each.type == kind and counts(each, today, review)]
    return max(found, key=lambda each: each.received_at, default=None)


def state(document: Document, documents: Sequence[Document], today: datetime.date, events: Sequence[Event]) -> str:
    """Return `VALID`, `TOO_OLD` or `REPLACED`."""
    if document.id in {each.replaces_id for each in documents}:
        return REPLACED
    return VALID if counts(document, today, review_since(events)) else TOO_OLD


def asked(events: Iterable[Event]) -> dict[str, Event]:
    """Return the requests that nothing has answered yet, by kind of paper."""
    found: dict[str, Event] = {}
    for event in events:
        if event.kind == "document_requested":
            found[event.details["type"]] = event
        elif event.kind == "document_added":
            found.pop(event.details["type"], None)
    return found


def facts(events: Iterable[Event], key: CaseCipher | None) -> dict[str, str]:
    """Return the answers on file that decide which papers are needed; empty where the key is not shared."""
    found: dict[str, str] = {}
    for event in events:
        if event.kind == "fact_given":
            found[event.details["fact"]] = ledger.private(event, key).get("value") or ""
    return {name: value for name, value in found.items() if value}


@dataclasses.dataclass(frozen=True)
class Item:
    """One line of the checklist.

    Attributes:
        paper: what is needed, why, and by which rule.
        type: its kind; empty where a question decides first.
        how: how to get it.
        state: `VALID`, `TOO_OLD`, `NEEDED` or `ASK_FIRST`.
        document: the paper that answers it, or that is too old.
    """

    paper: RequiredDocument
    type: str
    how: str
    state: str
    document: Document | None


def checklist(
    known: Mapping[str, str], documents: Sequence[Document], events: Sequence[Event], today: datetime.date
) -> list[Item]:
    """Return what a complete application needs, with what is on file for each.

    Args:
        known: answers on file, by name of the fact; see `facts`.
        documents: every version on file.
        events: the case's ledger.
        today: the day.

    Raises:
        InputError: when an answer is not one of the choices.
        CoverageError: when no edition of the application is known for the day.
    """
    wanted = required_documents(
        known.get("hardship_kind"), known.get("income_kinds"), evaluation_date=today, authority=AUTHORITY
    )
    return [_item(each, documents, events, today) for each in wanted]


def _item(
    paper: RequiredDocument, documents: Sequence[Document], events: Sequence[Event], today: datetime.date
) -> Item:
    names = [paper.name, *(each.says for each in paper.alternatives)]
    kinds = [by_paper()[name] for name in names if name in by_paper()]
    kind = by_paper().get(paper.name, "")
    how = types()[kind].how if kind else ""
    for each in kinds:
        if document := valid(documents, each, today, events):
            return Item(paper, kind, how, VALID, document)
    if paper.needed is None:
        return Item(paper, kind, how, ASK_FIRST, None)
    old = next((each for each in current(documents) if each.type in kinds), None)
    return Item(paper, kind, how, TOO_OLD if old else NEEDED, old)
