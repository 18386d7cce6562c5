"""The made-up alliance: every state, sound ledgers, the same again, and sign-in that exists nowhere else."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.test_serve import free_port

TODAY = datetime.datetime.now(datetime.UTC).date()


def summary() -> list[tuple[Any, ...]]:
    from hopenow.web.acting import serving
    from hopenow.web.cases.models import Case, Event, Grant
    from hopenow.web.people.models import Person

    with serving("operations"):
        names = {each.id: each.name for each in Person.objects.all()}
        owners = {each.case_id: names[each.grantee] for each in Grant.objects.filter(relation="borrower")}
        return sorted(
            (
                *(owners[case.id], case.state, case.waiting_for, str(case.next_due)),
                *((event.kind, event.day) for event in Event.objects.filter(case=case)),
            )
            for case in Case.objects.all()
        )


@pytest.fixture
def made(platform: None) -> Any:
    from hopenow.web.demo import make

    return make.make(TODAY)


@pytest.fixture
def demo_mode(made: Any) -> Iterator[None]:
    from django.conf import settings
    from django.test import override_settings

    from hopenow.web import demo

    configured = dataclasses.replace(settings.HOPENOW, mode="demo")
    usual = settings.TEMPLATES[0]
    pages = [{**usual, "DIRS": [*usual["DIRS"], Path(demo.__file__).parent / "templates"]}]
    with override_settings(HOPENOW=configured, TEMPLATES=pages, ROOT_URLCONF="tests.web.demo.addresses"):
        yield


def test_every_state_of_a_case_is_there_and_every_ledger_is_sound(made: Any) -> None:
    from hopenow.web.acting import serving
    from hopenow.web.cases import ledger, projection
    from hopenow.web.cases.models import Case
    from hopenow.web.cases.states import machine
    from hopenow.web.demo import make

    assert made.cases == make.COPIES * len(make.stories().stories)
    with serving("operations"):
        states = Counter(Case.objects.values_list("state", flat=True))
        assert states == Counter(story.state for story in make.stories().stories.values() for _ in range(make.COPIES))
        # Joining two cases into one needs two doors; nobody came through both yet.
        assert set(states) == set(machine().states) - {"merged"}
        assert list(ledger.verify()) == []
        for case in Case.objects.all():
            derived = projection.rebuilt(case.id)
            assert {name: getattr(case, name) for name in derived} == derived
        due = list(Case.objects.exclude(next_due=None).values_list("next_due", flat=True))
    assert any(day < TODAY for day in due)
    assert any(TODAY <= day <= TODAY + datetime.timedelta(days=14) for day in due)


def test_once_made_it_is_left_alone(made: Any) -> None:
    from hopenow.web.demo import make

    again = make.make(TODAY)
    assert again.again
    assert (again.cases, again.people) == (made.cases, made.people)


def test_the_same_seed_makes_the_same(platform: None) -> None:
    from hopenow.web.acting import serving
    from hopenow.web.demo import make

    class Undo(Exception):
        """Undoes what was made."""

    found = []
    for _ in range(2):
        with contextlib.suppress(Undo), serving("operations"):
            make.make(TODAY, copies=1)
            found.append(summary())
            raise Undo
    assert found[0] == found[1]


@pytest.mark.parametrize("day", [datetime.date(2026, 1, 1), datetime.date(2026, 3, 31), datetime.date(2028, 2, 29)])
def test_stories_hold_on_any_day(day: datetime.date, platform: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Months are of different lengths; no story may contradict itself because of it."""
    from hopenow.web.cases import projection
    from hopenow.web.demo import make

    monkeypatch.setattr(projection, "today", lambda case: day)
    assert make.make(day, copies=1).cases == len(make.stories().stories)


def test_a_database_with_real_people_is_refused(platform: None) -> None:
    from hopenow.web.demo import make
    from tests.web.people import homeowner

    homeowner()
    with pytest.raises(make.DemoError, match="anybody may sign in as anybody"):
        make.make(TODAY)


def test_one_click_makes_one_somebody_else(demo_mode: None) -> None:
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    home = client.get("/").content.decode()
    assert "everybody and everything here is made up" in home
    assert 'href="/demo/"' in home
    page = client.get("/demo/").content.decode()
    faces = dict(re.findall(r'value="([0-9a-f-]{36})".*?>Be ([^<]+)<', page))
    assert "Maria Santos" in faces.values()
    assert "We are getting to know your situation." in page
    before = ""
    for name in ("Maria Santos", "Tina Brooks"):
        person = next(each for each, called in faces.items() if called == name)
        answer = client.post("/demo/", {"person": person})
        assert answer.status_code == 302
        # Another session each time: nobody keeps the one that they came with.
        assert client.cookies["session"].value != before
        before = client.cookies["session"].value
        queue = client.get("/cases/").content.decode()
        assert name in queue
        assert "everybody and everything here is made up" in queue


def test_nobody_else_can_be_signed_in_as(demo_mode: None) -> None:
    from django.test import Client

    for person in ("", "nobody", "00000000-0000-0000-0000-000000000000"):
        assert Client(headers={"host": "localhost"}).post("/demo/", {"person": person}).status_code == 404
    strict = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    assert strict.post("/demo/", {"person": "x"}).status_code == 403


def test_outside_the_demonstration_it_is_not_there(made: Any) -> None:
    from django.test import Client, override_settings

    client = Client(headers={"host": "localhost"})
    assert client.get("/demo/").status_code == 404
    assert "made up" not in client.get("/").content.decode()
    # Even with the address in place the page itself refuses.
    with override_settings(ROOT_URLCONF="tests.web.demo.addresses"):
        assert client.get("/demo/").status_code == 404
        assert client.post("/demo/", {"person": "x"}).status_code == 404


def test_the_command_starts_checks_and_stops() -> None:
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PGHOST", "DJANGO", "HOPENOW"))
    }
    command = [sys.executable, "-m", "hopenow", "serve", "--demo", "--check", "--workers", "1", "--port"]
    done = subprocess.run(
        [*command, str(free_port())], capture_output=True, text=True, env=environment, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"Made up \d+ people and \d+ cases", done.stderr)
    assert "Hope Now runs at http://localhost:" in done.stderr
    assert "the first page comes" in done.stderr


def test_a_port_in_use_is_told_before_anything_starts() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "hopenow", "serve", "--demo", "--check", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert "choose another --port" in done.stderr
