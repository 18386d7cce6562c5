"""Forgetting: nothing personal can be read by anybody, and the chain still verifies."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from hopenow.errors import HopeNowError, InputError
from tests.web.documents import hostile
from tests.web.people import opened

LOAN = {"servicer": "First Servicing", "first_due": "2026-01-01", "payment": "1500.00"}


@pytest.fixture
def told(platform: None) -> Any:
    from hopenow.web.cases.actions import perform
    from hopenow.web.documents.cleaning import receive

    cast = opened(LOAN)
    perform(
        cast.homeowner, "add_document", cast.case, {"type": "pay_stub", "received": receive(hostile.photo())}
    )
    perform(cast.homeowner, "send_message", cast.case, {"body": "I lost my job"})
    perform(cast.homeowner, "add_task", cast.case, {"words": "Call the servicer"})
    return cast


def test_a_forgotten_case_names_nobody_and_still_verifies(told: Any) -> None:
    from django.core.files.storage import default_storage

    from hopenow.web.acting import acting, serving
    from hopenow.web.cases import ledger
    from hopenow.web.cases.actions import perform
    from hopenow.web.cases.models import Event
    from hopenow.web.conversations.models import ConversationKey, Message
    from hopenow.web.documents.forgetting import KEYS, forget
    from hopenow.web.documents.models import Document

    with pytest.raises(InputError, match="is open"):
        forget(told.case, asked=True)
    perform(told.homeowner, "close_case", told.case, {"outcome": "kept_home"})
    with pytest.raises(InputError, match="must be kept until"):
        forget(told.case)
    with acting(told.homeowner):
        place = Document.objects.get(case=told.case).place
    assert default_storage.exists(place)
    forget(told.case, asked=True)
    assert not default_storage.exists(place)
    with serving("operations"):
        assert list(ledger.verify()) == []
        for kind in KEYS:
            assert not kind.objects.filter(case=told.case).exists()
    with acting(told.homeowner):
        first = Event.objects.filter(case=told.case).first()
        assert ledger.private(first, ledger.cipher(told.case)) == {}
        assert Message.objects.get(case=told.case).text(ConversationKey.cipher(told.case)) == ""
    with pytest.raises(InputError, match="forgotten already"):
        forget(told.case, asked=True)
    perform(told.homeowner, "reopen_case", told.case, {})
    with pytest.raises(HopeNowError, match="destroyed"):
        perform(told.homeowner, "send_message", told.case, {"body": "hello"})
    with serving("operations"):
        assert not ConversationKey.objects.filter(case=told.case).exists()


def test_every_kind_of_key_is_destroyed(platform: None) -> None:
    from django.apps import apps

    from hopenow.web.documents.forgetting import KEYS

    keyed = [each for each in apps.get_models() if any(field.name == "wrapped_by" for field in each._meta.fields)]
    assert set(keyed) == set(KEYS)


def test_how_long_a_case_is_kept(platform: None) -> None:
    from hopenow.web.cases.models import Event
    from hopenow.web.documents.forgetting import keep_until, rules

    day = datetime.date(2027, 3, 2)
    closed, again = Event(kind="case_closed", day=day), Event(kind="case_reopened", day=day)
    assert keep_until([]) is None
    assert keep_until([closed, again]) is None
    assert keep_until([closed]) == datetime.date(2031, 3, 3)
    assert keep_until([Event(kind="case_closed", day=datetime.date(2028, 2, 29))]) == datetime.date(2032, 3, 1)
    assert {rule.relation for rule in rules()} >= {"any", "counselor", "servicer"}
