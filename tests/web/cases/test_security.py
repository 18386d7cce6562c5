"""What the database itself refuses and hides, whatever the code above it does."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.web.people import Cast, cast, write

pytestmark = pytest.mark.usefixtures("platform")

OURS = (
    "people_",
    "cases_",
    "documents_",
    "conversations_",
    "tasks_",
    "account_",
    "mfa_",
    "usersessions_",
    "django_session",
)
REFUSED = r"denied|violates row-level security|is refused"
OPEN: dict[str, str] = {}
"""Tables of ours that hold nothing of anybody, with the reason; each was looked at."""


def rows(statement: str, *values: Any) -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def seen_by(actor: Any, table: str, column: str, case: Any) -> int:
    from hopenow.web.acting import acting

    with acting(actor):
        return int(rows(f"SELECT count(*) FROM {table} WHERE {column} = %s", case.id)[0][0])


def refused(actor: Any, statement: str, *values: Any) -> None:
    from django.db import DatabaseError, connection

    from hopenow.web.acting import acting

    def attempt() -> None:
        with acting(actor), connection.cursor() as cursor:
            cursor.execute(statement, values)

    with pytest.raises(DatabaseError, match=REFUSED):
        attempt()


CASE_TABLES = [
    ("cases_case", "id", 1),
    ("cases_event", "case_id", 2),
    ("cases_head", "case_id", 1),
    ("cases_grant", "case_id", 3),
]


@pytest.mark.parametrize(("table", "column", "count"), CASE_TABLES)
def test_raw_sql_shows_a_case_to_those_it_is_shared_with(table: str, column: str, count: int) -> None:
    told = cast()
    for actor in (told.homeowner, told.servicer, told.counselor):
        assert seen_by(actor, table, column, told.case) == count


@pytest.mark.parametrize(("table", "column", "count"), CASE_TABLES)
def test_raw_sql_shows_nothing_to_anybody_else(table: str, column: str, count: int) -> None:
    told = cast()
    for actor in (told.stranger, told.neighbor):
        assert seen_by(actor, table, column, told.case) == 0
    assert rows(f"SELECT count(*) FROM {table}") == [(0,)], "without an actor there is nothing at all"


def test_a_withdrawn_share_ends_at_once() -> None:
    from django.utils import timezone

    from hopenow.web.acting import acting
    from hopenow.web.cases.models import Grant

    told = cast()
    with acting(told.homeowner):
        assert Grant.objects.filter(grantee=told.counselor.organization).update(withdrawn_at=timezone.now()) == 1
    for table, column, _ in CASE_TABLES:
        assert seen_by(told.servicer, table, column, told.case) > 0
        # What is left is their own ended share.
        assert seen_by(told.counselor, table, column, told.case) == (1 if table == "cases_grant" else 0)


def test_a_share_that_ran_out_shows_nothing() -> None:
    import datetime

    from django.utils import timezone

    from hopenow.web.acting import acting
    from hopenow.web.cases.models import Grant

    told = cast()
    with acting(told.homeowner):
        Grant.objects.filter(grantee=told.servicer.organization).update(
            until=timezone.now() - datetime.timedelta(seconds=1)
        )
    assert seen_by(told.servicer, "cases_case", "id", told.case) == 0


def test_a_part_that_is_not_shared_stays_hidden() -> None:
    from hopenow.web.acting import acting
    from hopenow.web.cases.models import CaseKey

    told = cast()
    with acting(told.homeowner):
        CaseKey.objects.create(case=told.case, wrapped_by="test", wrapped=b"x")
    assert seen_by(told.servicer, "cases_casekey", "case_id", told.case) == 1
    assert seen_by(told.counselor, "cases_casekey", "case_id", told.case) == 0


def test_an_internal_note_is_seen_by_its_organization_alone() -> None:
    from hopenow.web.acting import acting

    told = cast()
    with acting(told.servicer):
        write(told.case, told.servicer, "noted", audience=told.servicer.organization)
    assert seen_by(told.servicer, "cases_event", "case_id", told.case) == 3
    assert seen_by(told.homeowner, "cases_event", "case_id", told.case) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cases_event SET kind = 'x' WHERE case_id = %s",
        "DELETE FROM cases_event WHERE case_id = %s",
        "UPDATE cases_head SET number = 0 WHERE case_id = %s",
        "DELETE FROM cases_head WHERE case_id = %s",
        "UPDATE cases_grant SET scopes = '{identity}' WHERE case_id = %s",
        "DELETE FROM cases_grant WHERE case_id = %s",
    ],
)
def test_the_ledger_refuses_the_application(statement: str) -> None:
    told = cast()
    refused(told.homeowner, statement, told.case.id)


@pytest.mark.parametrize(
    "statement", ["UPDATE cases_event SET kind = 'x'", "DELETE FROM cases_event", "TRUNCATE cases_event"]
)
def test_the_ledger_refuses_its_owner_too(statement: str, postgres: Any) -> None:
    import psycopg
    from django.db import connection

    cast()
    with (
        psycopg.connect(f"host={postgres} user=postgres dbname={connection.settings_dict['NAME']}") as administrator,
        pytest.raises(psycopg.Error, match="only grows"),
    ):
        administrator.execute(statement)


def test_nobody_writes_into_a_foreign_case() -> None:
    from django.db import DatabaseError

    from hopenow.web.acting import acting

    told = cast()
    with pytest.raises(DatabaseError, match="row-level security"), acting(told.stranger):
        write(told.case, told.stranger, "noted")
    refused(
        told.stranger,
        "INSERT INTO cases_grant (id, case_id, grantee, relation, scopes, reason, since, event)"
        " VALUES (%s, %s, %s, 'servicer', '{status}', 'x', now(), %s)",
        uuid.uuid4(),
        told.case.id,
        told.stranger.organization,
        uuid.uuid4(),
    )


def test_nobody_writes_in_another_name() -> None:
    from django.db import DatabaseError

    from hopenow.web.acting import acting

    told = cast()
    with pytest.raises(DatabaseError, match="row-level security"), acting(told.servicer):
        write(told.case, told.homeowner, "noted")


def test_people_are_seen_by_those_they_meet() -> None:
    from hopenow.web.acting import acting
    from hopenow.web.people.models import Person

    told = cast()
    with acting(told.servicer):
        assert set(Person.objects.values_list("id", flat=True)) == {
            told.homeowner.person,
            told.servicer.person,
            told.counselor.person,
        }
    with acting(told.stranger):
        assert set(Person.objects.values_list("id", flat=True)) == {told.stranger.person}
    assert not Person.objects.exists()


def test_acting_ends_with_its_block() -> None:
    from hopenow.web.acting import acting, serving

    told = cast()
    with acting(told.homeowner):
        with acting(told.stranger):
            assert rows("SELECT count(*) FROM cases_case") == [(0,)]
        assert rows("SELECT count(*) FROM cases_case") == [(1,)]
        with pytest.raises(ZeroDivisionError), acting(told.stranger):
            raise ZeroDivisionError
        assert rows("SELECT count(*) FROM cases_case") == [(1,)]
    with serving("jobs", case=uuid.uuid4()):
        assert rows("SELECT count(*) FROM cases_case") == [(0,)]
    with serving("jobs"):
        assert rows("SELECT count(*) FROM cases_case") == [(1,)]
    assert rows("SELECT count(*) FROM cases_case") == [(0,)]
    with pytest.raises(ValueError, match="is not a service"), serving("everything"):
        pass


def unprotected() -> set[str]:
    found = rows(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND (NOT relrowsecurity OR NOT EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = pg_class.oid))"
    )
    return {name for (name,) in found if name.startswith(OURS)} - set(OPEN)


def test_every_table_of_ours_is_protected() -> None:
    assert unprotected() == set()


def test_a_table_without_protection_is_found(postgres: Any) -> None:
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("CREATE TABLE cases_planted (id int)")
    assert unprotected() == {"cases_planted"}


def test_the_application_cannot_pass_row_level_security() -> None:
    assert rows("SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user") == [
        (False, False, False)
    ]
    assert rows("SELECT count(*) FROM pg_tables WHERE tableowner = current_user") == [(0,)]


def test_the_chain_holds_what_was_written() -> None:
    from hopenow.web.acting import acting

    told: Cast = cast()
    with acting(told.homeowner):
        chained = rows("SELECT number, previous, hash, hash = hn_event_hash(e) FROM cases_event e ORDER BY number")
        assert [number for number, *_ in chained] == [1, 2]
        assert all(right for *_, right in chained)
        assert bytes(chained[1][1]) == bytes(chained[0][2])
        assert rows("SELECT number, hash FROM cases_head") == [(2, chained[1][2])]
