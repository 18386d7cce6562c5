"""What the operator relies on: figures that tell nothing of anybody, and a start that is refused where it must be."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("platform")
TOKEN = "t" * 20


@pytest.fixture
def case(platform: None) -> Any:
    from tests.web.people import opened

    return opened({"servicer": "First Servicing", "first_due": "2026-01-01", "payment": "1500.00"}).case


def asked(**headers: str) -> Any:
    from django.test import Client

    return Client(headers={"host": "localhost"}).get("/metrics", headers=headers)


def configured(**values: Any) -> Any:
    from django.conf import settings
    from django.test import override_settings

    return override_settings(HOPENOW=dataclasses.replace(settings.HOPENOW, **values))


def test_figures_count_and_name_nobody(case: Any) -> None:
    from django.test import Client

    Client(headers={"host": "localhost"}).get("/?name=Ana+Ruiz")
    answer = asked()
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'hopenow_cases{state="talking"} 1.0' in text
    assert 'hopenow_cases_overdue{state="talking"} 1.0' in text
    assert "hopenow_anchor_age_seconds -1.0" in text
    assert 'hopenow_request_seconds_count{route=""}' in text
    assert "Ruiz" not in text
    assert str(case) not in text


def test_figures_are_for_the_operator_alone() -> None:
    assert asked(**{"X-Forwarded-For": "127.0.0.1"}).status_code == 404
    with configured(proxies=1):
        assert asked().status_code == 404
    with configured(metrics_token=TOKEN):
        assert asked().status_code == 404
        assert asked(Authorization=f"Bearer {TOKEN[:-1]}").status_code == 404
        assert asked(Authorization=f"Bearer {TOKEN}").status_code == 200


def test_methods_that_are_made_up_make_no_new_lines() -> None:
    from hopenow.web import metrics

    metrics.answered("EVIL", "cases/", 405, 0.1)
    text = asked().content.decode()
    assert 'method="other"' in text
    assert "EVIL" not in text


def test_the_applications_role_is_sound() -> None:
    from django.core.management import call_command

    from hopenow.web import checks

    assert checks.faults() == []
    checks.refuse()
    call_command("check", databases=["default"])


def test_an_owner_is_refused() -> None:
    from hopenow.web import checks

    assert "owns" in " ".join(checks.faults("owner"))


@pytest.mark.parametrize("user", ["postgres"])
def test_a_superuser_is_refused(user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import connections

    from hopenow.web import checks

    connections["default"].close()
    monkeypatch.setitem(connections["default"].settings_dict, "USER", user)
    with pytest.raises(checks.Unsafe, match="passes row-level security"):
        checks.refuse()
    connections["default"].close()


def test_a_table_laid_bare_is_refused() -> None:
    from django.db import connections

    from hopenow.web import checks

    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE cases_event DISABLE ROW LEVEL SECURITY")
    with pytest.raises(checks.Unsafe, match="off on cases_event"):
        checks.refuse()


def test_every_variable_is_in_the_reference() -> None:
    from hopenow.web.configuration import VARIABLES, reference

    page = reference()
    for variable in VARIABLES:
        assert f"| `{variable.name}` |" in page
