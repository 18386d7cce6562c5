"""Messages: encrypted, seen by those they are for, plain text, and counted while nobody answers."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopenow.errors import InputError
from tests.web.people import opened
from tests.web.workbench.test_pages import browser

LOAN = {"servicer": "First Servicing", "first_due": "2026-01-01", "payment": "1500.00"}


@pytest.fixture
def told(platform: None) -> Any:
    return opened(LOAN)


def say(actor: Any, case: Any, body: str, **other: Any) -> Any:
    from hopenow.web.cases.actions import perform

    return perform(actor, "send_message", case, {"body": body, **other})


def seen(actor: Any, case: Any) -> list[Any]:
    from hopenow.web.acting import acting
    from hopenow.web.conversations.models import ConversationKey, Message

    with acting(actor):
        key = ConversationKey.cipher(case)
        return [each.text(key) for each in Message.objects.filter(case=case)]


def test_a_message_is_written_and_read_through_pages(told: Any) -> None:
    client = browser(told.homeowner)
    sent = client.post(f"/cases/{told.case}/conversation/", {"body": "Did you get it?\n<b>https://a.example/x</b>"})
    assert sent.status_code == 302
    page = browser(told.servicer).get(f"/cases/{told.case}/conversation/").content.decode()
    assert "Did you get it?<br>&lt;b&gt;" in page
    assert 'href="https://a.example/x"' in page
    assert "The homeowner waits for an answer" in page
    assert ">new<" in page
    assert ">new<" not in browser(told.servicer).get(f"/cases/{told.case}/conversation/").content.decode()
    assert ">new<" not in client.get(f"/cases/{told.case}/conversation/").content.decode()


def test_what_is_written_is_encrypted(told: Any) -> None:
    from hopenow.web.acting import acting
    from hopenow.web.conversations.models import Message

    say(told.homeowner, told.case, "I lost my job")
    with acting(told.homeowner):
        message = Message.objects.get(case=told.case)
    assert b"job" not in bytes(message.body)
    assert seen(told.servicer, told.case) == ["I lost my job"]


@pytest.mark.parametrize("who", ["counselor", "stranger", "neighbor"])
def test_those_without_the_conversation_see_nothing(told: Any, who: str) -> None:
    say(told.homeowner, told.case, "hello")
    actor = getattr(told, who)
    assert seen(actor, told.case) == []
    address = f"/cases/{told.case}/conversation/"
    assert browser(actor).get(address).status_code == (403 if who == "counselor" else 404)
    from hopenow.web.cases.actions import Refused

    with pytest.raises(Refused):
        say(actor, told.case, "hello")


def test_an_internal_message_stays_within_its_organization(told: Any) -> None:
    from hopenow.web.cases.actions import Refused

    say(told.servicer, told.case, "check the file", internal=True)
    assert seen(told.servicer, told.case) == ["check the file"]
    assert seen(told.homeowner, told.case) == []
    assert "check the file" not in browser(told.homeowner).get(f"/cases/{told.case}/conversation/").content.decode()
    with pytest.raises(Refused, match="only a member"):
        say(told.homeowner, told.case, "x", internal=True)
    say(told.homeowner, told.case, "hello")
    assert seen(told.homeowner, told.case) == ["hello"]


def test_only_documents_of_the_case_go_with_a_message(told: Any) -> None:
    with pytest.raises(InputError, match="not in this case"):
        say(told.homeowner, told.case, "here", documents=[uuid.uuid4()])


@pytest.mark.parametrize(
    "statement", ["UPDATE conversations_message SET relation = 'x'", "DELETE FROM conversations_message"]
)
def test_the_database_keeps_every_message(told: Any, statement: str) -> None:
    from django.db import DatabaseError, connection

    from hopenow.web.acting import acting

    say(told.homeowner, told.case, "hello")
    refused = pytest.raises(DatabaseError, match=r"denied|is refused")
    with refused, acting(told.homeowner), connection.cursor() as cursor:
        cursor.execute(statement)


def test_what_one_has_read_is_nobody_elses_to_know(told: Any) -> None:
    from hopenow.web.acting import acting
    from hopenow.web.conversations.models import ReadUntil

    say(told.homeowner, told.case, "hello")
    browser(told.servicer).get(f"/cases/{told.case}/conversation/")
    for actor, count in ((told.servicer, 1), (told.homeowner, 0)):
        with acting(actor):
            assert ReadUntil.objects.count() == count


def test_a_key_cannot_be_moved_to_another_part(told: Any) -> None:
    from hopenow.web.acting import acting
    from hopenow.web.cases.ledger import ring
    from hopenow.web.conversations.models import ConversationKey
    from hopenow.web.vault import VaultError

    say(told.homeowner, told.case, "hello")
    with acting(told.homeowner):
        wrapped = bytes(ConversationKey.objects.get(case=told.case).wrapped)
    with pytest.raises(VaultError):
        ring().case_key(f"{told.case}/documents", wrapped)


START = datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC)


def messages(*written: tuple[str, int] | tuple[str, int, bool]) -> list[Any]:
    from hopenow.web.conversations.models import Message

    return [
        Message(
            relation=relation,
            at=START + datetime.timedelta(days=day),
            audience=uuid.uuid4() if internal and internal[0] else None,
        )
        for relation, day, *internal in written
    ]


@pytest.mark.parametrize(
    ("written", "day", "homeowner"),
    [
        ([("borrower", 0), ("borrower", 5)], 0, False),
        ([("servicer", 0), ("borrower", 1), ("representative", 4)], 1, False),
        ([("borrower", 0), ("servicer", 3)], 3, True),
        ([("borrower", 0), ("servicer", 3, True)], 0, False),
        ([("borrower", 0), ("counselor", 2), ("servicer", 3)], 2, True),
    ],
)
def test_the_clock_runs_from_the_first_unanswered_message(
    platform: None, written: Any, day: int, homeowner: bool
) -> None:
    from hopenow.web.conversations.reading import Waiting, waiting

    found = waiting(messages(*written))
    assert found == Waiting(START + datetime.timedelta(days=day), homeowner)
    assert found.days(START + datetime.timedelta(days=day + 2, hours=5)) == 2
    assert waiting([]) is None


@pytest.fixture(scope="module")
def shown(postgres: Any) -> Any:
    from hopenow.web.conversations.reading import shown

    return shown


PIECES = st.sampled_from(
    ["<", ">", '"', "'", "&", "javascript:", "http://x.y", "https://x.y/?a=1&b=2", "\n", " ", "on=", "x"]
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=12).map("".join))
def test_no_text_makes_anything_but_https_links_and_lines(shown: Any, text: str) -> None:
    from html.parser import HTMLParser

    found: list[tuple[str, dict[str, str | None]]] = []
    words: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, dict(attrs)))
            if tag == "br":
                words.append("\n")

        def handle_data(self, data: str) -> None:
            words.append(data)

    parser = Parser()
    parser.feed(shown(text))
    parser.close()
    for tag, attributes in found:
        assert tag in ("a", "br")
        if tag == "a":
            assert set(attributes) == {"href", "rel", "referrerpolicy"}
            assert (attributes["href"] or "").startswith("https://")
    assert "".join(words) == text
