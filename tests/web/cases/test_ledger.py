"""Verification finds every way in which a ledger could be tampered with by somebody who passes every guard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

pytestmark = pytest.mark.usefixtures("platform")


@pytest.fixture
def superuser(platform: None, postgres: Path) -> Any:
    """A connection for which no trigger and no policy holds."""
    from django.db import connection

    with psycopg.connect(
        f"host={postgres} user=postgres dbname={connection.settings_dict['NAME']}", autocommit=True
    ) as found:
        found.execute("SET session_replication_role = replica")
        yield found


def faults() -> list[str]:
    from hopenow.web.acting import serving
    from hopenow.web.cases import ledger

    with serving("operations"):
        return [fault.what for fault in ledger.verify()]


def anchored() -> int:
    from hopenow.web.acting import serving
    from hopenow.web.cases import ledger

    with serving("operations"):
        return ledger.anchor()


@pytest.fixture
def told(superuser: Any) -> Any:
    from tests.web.people import opened

    return opened({"first_due": "2026-01-01"})


def test_an_honest_ledger_has_no_fault(told: Any) -> None:
    assert faults() == []
    assert anchored() == 4
    assert anchored() == 0
    assert faults() == []


TAMPERED = [
    ("UPDATE cases_event SET details = '{}' WHERE number = 2", "content was changed"),
    ("UPDATE cases_event SET day = day - 1 WHERE number = 1", "content was changed"),
    ("UPDATE cases_event SET private = 'x' WHERE number = 1", "content was changed"),
    ("UPDATE cases_event SET person = gen_random_uuid() WHERE number = 3", "content was changed"),
    ("DELETE FROM cases_event WHERE number = 2", "something between is gone"),
    ("DELETE FROM cases_event WHERE number = 4", "events were cut off"),
    ("UPDATE cases_head SET number = 2", "events were cut off"),
    ("DELETE FROM cases_head", "events were cut off"),
    ("UPDATE cases_event SET previous = 'x' WHERE number = 2", "not chained"),
]


@pytest.mark.parametrize(("statement", "says"), TAMPERED)
def test_every_tampering_is_found(told: Any, superuser: Any, statement: str, says: str) -> None:
    superuser.execute(statement)
    assert any(says in fault for fault in faults())


def do(actor: Any, case: Any) -> None:
    from hopenow.web.cases.actions import perform

    perform(actor, "tell", case, {"kind": "help_requested", "day": "2026-02-01"})


def _rechain(superuser: Any) -> None:
    """Compute every hash anew, as a thorough forger would."""
    superuser.execute("""
        DO $$ DECLARE e cases_event; link bytea; last int; BEGIN
            FOR e IN SELECT * FROM cases_event ORDER BY case_id, number LOOP
                IF last IS NULL OR e.number = 1 THEN link := sha256(convert_to(e.case_id::text, 'UTF8')); END IF;
                e.previous := link; link := hn_event_hash(e); last := e.number;
                UPDATE cases_event SET previous = e.previous, hash = link WHERE id = e.id;
                UPDATE cases_head SET number = e.number, hash = link WHERE case_id = e.case_id;
            END LOOP; END $$""")


def _forge_content(superuser: Any) -> None:
    superuser.execute("UPDATE cases_event SET details = '{}' WHERE number = 2")
    _rechain(superuser)


def _cut_the_tail(superuser: Any) -> None:
    superuser.execute("DELETE FROM cases_event WHERE number = 4")
    _rechain(superuser)


def _remove_the_case(superuser: Any) -> None:
    for table in ("event", "head", "grant", "casekey"):
        superuser.execute(f"DELETE FROM cases_{table}")


@pytest.mark.parametrize("forge", [_forge_content, _cut_the_tail, _remove_the_case])
def test_what_hides_from_the_chain_is_found_by_the_anchor(
    told: Any, superuser: Any, forge: Callable[[Any], None]
) -> None:
    assert anchored() == 4
    forge(superuser)
    assert [fault for fault in faults() if "position" in fault]


def test_an_anchor_waits_for_open_transactions(told: Any, superuser: Any, postgres: Path) -> None:
    from django.db import connection

    name = connection.settings_dict["NAME"]
    with psycopg.connect(f"host={postgres} user=hopenow_app dbname={name}") as other:
        other.execute("SELECT now()")
        do(told.homeowner, told.case)
        assert anchored() == 4, "the fifth event is younger than the open transaction"
    assert anchored() == 1
    assert faults() == []
