"""What a conversation comes to: links, what is unread, and who has waited since when. Pure but for `mark_read`."""

from __future__ import annotations

import dataclasses
import datetime
import re
import uuid
from collections.abc import Iterable

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from hopenow.web.cases.actions.lifecycle import HOMEOWNERS
from hopenow.web.conversations.models import Message, ReadUntil

_LINK = re.compile(r"https://[A-Za-z0-9\-._~:/?#@!$&*+,;=%]+")
_END = ".,;:!?"


@dataclasses.dataclass(frozen=True)
class Waiting:
    """A message that nobody on the other side has answered.

    Attributes:
        since: when the first unanswered message was written.
        homeowner: the homeowner's side must answer; else the helpers and the servicer.
    """

    since: datetime.datetime
    homeowner: bool

    def days(self, now: datetime.datetime) -> int:
        """Return whole days waited."""
        return (now - self.since).days


def waiting(messages: Iterable[Message]) -> Waiting | None:
    """Return what waits for an answer; None when nothing does.

    The clock starts with the first message of one side after the last of the other side, not with the latest one, so
    that asking again does not start it anew. Internal messages answer nothing and ask nothing.
    """
    found: Waiting | None = None
    for each in sorted(messages, key=lambda one: one.at):
        if each.audience is not None:
            continue
        asks_homeowner = each.relation not in HOMEOWNERS
        if found is None or found.homeowner != asks_homeowner:
            found = Waiting(each.at, asks_homeowner)
    return found


def shown(text: str) -> SafeString:
    """Return a message for a page: every character as it was typed, and only https addresses as links."""
    parts, place = [], 0
    for match in _LINK.finditer(text):
        address = match.group().rstrip(_END)
        parts.append(_lines(text[place : match.start()]))
        parts.append(
            f'<a href="{escape(address)}" rel="noopener noreferrer nofollow" referrerpolicy="no-referrer">'
            f"{escape(address)}</a>"
        )
        place = match.start() + len(address)
    parts.append(_lines(text[place:]))
    return mark_safe("".join(parts))  # noqa: S308  (every part is escaped above)


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def read_until(case: uuid.UUID, person: uuid.UUID) -> datetime.datetime | None:
    """Return until when a person has read."""
    return ReadUntil.objects.filter(case_id=case, person_id=person).values_list("at", flat=True).first()


def mark_read(case: uuid.UUID, person: uuid.UUID, at: datetime.datetime) -> None:
    """Keep that a person has read until a moment; never goes back."""
    made, new = ReadUntil.objects.get_or_create(case_id=case, person_id=person, defaults={"at": at})
    if not new and made.at < at:
        ReadUntil.objects.filter(id=made.id, at__lt=at).update(at=at)
