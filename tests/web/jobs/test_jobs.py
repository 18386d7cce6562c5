"""Scheduled duties, done by a real worker process, killed and not."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("platform")
LOAN = {"servicer": "First Servicing", "first_due": "2026-01-01", "payment": "1500.00"}


@pytest.fixture
def case(platform: None) -> Any:
    from tests.web.people import opened

    return opened(LOAN).case


def environment() -> dict[str, str]:
    """Name the test's own database to another process."""
    from django.db import connections

    given = connections["default"].settings_dict
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "hopenow.web.settings",
        "DATABASE_URL": f"postgresql://{given['USER']}@/{given['NAME']}?host={given['HOST']}",
    }


def worker(*options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "django", "procrastinate", "worker", "--fetch-job-polling-interval=0.2", *options]
    return subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def worked() -> str:
    """Let a worker do what waits; return its log."""
    process = worker("--one-shot")
    _, log = process.communicate(timeout=60)
    assert process.returncode == 0, log
    return log


def rows(statement: str, *values: Any) -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def status(job: int) -> str:
    return str(rows("SELECT status FROM procrastinate_jobs WHERE id = %s", job)[0][0])


def spoil(case: Any) -> None:
    """Leave the case as it was derived some days ago."""
    from hopenow.web.acting import serving
    from hopenow.web.cases.models import Case

    with serving("jobs"):
        Case.objects.filter(id=case).update(next_due=None, next_rule="", waiting_for="")


def derived(case: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    from hopenow.web.acting import serving
    from hopenow.web.cases import projection
    from hopenow.web.cases.models import Case

    with serving("jobs"):
        found = Case.objects.get(id=case)
        return {name: getattr(found, name) for name in projection.COLUMNS}, projection.rebuilt(case)


def test_a_worker_derives_cases_anew_and_anchors_the_ledger_once(case: Any) -> None:
    from hopenow.web import jobs
    from hopenow.web.acting import serving
    from hopenow.web.cases import ledger
    from hopenow.web.cases.models import Anchor

    spoil(case)
    asked = [jobs.refresh.defer(), jobs.anchor.defer(), jobs.tidy.defer(), jobs.forget_jobs.defer()]
    log = worked()
    assert [status(job) for job in asked] == ["succeeded"] * 4, log
    kept, fresh = derived(case)
    assert kept == fresh
    assert kept["next_due"] is not None
    with serving("jobs"):
        assert Anchor.objects.count() == 1
    # Done again, nothing is doubled.
    assert jobs.refresh() == 0
    assert jobs.anchor() == 0
    with serving("operations"):
        assert Anchor.objects.count() == 1
        assert list(ledger.verify()) == []
    assert "Ruiz" not in log


def test_the_same_duty_does_not_wait_twice(case: Any) -> None:
    from procrastinate.exceptions import AlreadyEnqueued

    from hopenow.web import jobs

    jobs.refresh.defer()
    with pytest.raises(AlreadyEnqueued):
        jobs.refresh.defer()


def test_a_killed_worker_loses_nothing(case: Any) -> None:
    from django.db import connection, transaction
    from procrastinate.exceptions import AlreadyEnqueued

    from hopenow.web import jobs

    spoil(case)
    job = jobs.refresh.defer()
    with transaction.atomic(), connection.cursor() as cursor:
        # Somebody holds the case, so that the worker is caught in the middle of its duty.
        cursor.execute("SELECT set_config('hopenow.service', 'jobs', true)")
        cursor.execute("SELECT id FROM cases_case WHERE id = %s FOR UPDATE", [case])
        process = worker()
        end = time.monotonic() + 30
        while not rows("SELECT 1 FROM pg_locks WHERE NOT granted"):
            assert process.poll() is None, process.stderr and process.stderr.read()
            assert time.monotonic() < end
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=20)
    assert status(job) == "doing"
    rows("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
    with contextlib.suppress(AlreadyEnqueued):  # the killed worker may have put it on the list, as scheduled
        jobs.recover.defer()
    log = worked()
    # Where the next refresh waited already, it does the duty and the killed one ends.
    assert status(job) in ("succeeded", "aborted"), log
    kept, fresh = derived(case)
    assert kept == fresh
    assert kept["next_due"] is not None


def test_a_killed_duty_gives_way_to_the_next_of_its_kind(case: Any) -> None:
    from hopenow.web import jobs

    spoil(case)
    killed = jobs.refresh.defer()
    rows("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = %s", killed)
    rows(
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour');"
        "UPDATE procrastinate_jobs SET worker_id = (SELECT max(id) FROM procrastinate_workers) WHERE id = %s",
        killed,
    )
    following = jobs.refresh.defer()
    jobs.recover.defer()
    log = worked()
    assert status(killed) == "aborted", log
    assert status(following) == "succeeded", log
    kept, fresh = derived(case)
    assert kept == fresh


def test_a_case_that_cannot_be_derived_does_not_stop_the_others(case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from hopenow.web import jobs
    from hopenow.web.cases import projection
    from hopenow.web.cases.actions import perform
    from tests.web.people import homeowner

    other = perform(homeowner(), "open_case", None, {"channel": "web", "loan": LOAN}).case
    spoil(case)
    spoil(other)
    right = projection.project

    def broken(found: Any, events: Any, as_of: Any = None) -> Any:
        if found.id == case:
            raise ValueError("broken on purpose")
        return right(found, events, as_of)

    monkeypatch.setattr(projection, "project", broken)
    assert jobs.refresh() == 1
    monkeypatch.undo()
    kept, fresh = derived(other)
    assert kept == fresh


def test_every_duty_is_on_the_schedule() -> None:
    from procrastinate.contrib.django import app

    from hopenow.web import jobs

    scheduled = {name for name, _ in app.periodic_registry.periodic_tasks}
    assert scheduled >= {"refresh", "anchor", "tidy", "recover", "forget_jobs"}
    assert jobs.SILENT_SECONDS > 30
