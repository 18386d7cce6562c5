"""What the platform refuses to start with, and that it says everything at once."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from hopenow.errors import InputError
from hopenow.web.configuration import VARIABLES, read

KEY = base64.b64encode(b"k" * 32).decode()
GOOD = {
    "HOPENOW_MODE": "production",
    "HOPENOW_ADDRESS": "https://help.example.org/",
    "HOPENOW_SECRET_KEY": "s" * 50,
    "HOPENOW_FIELD_KEYS": f"new:{KEY},old:{KEY}",
    "DATABASE_URL": "postgresql://app:x@db/hopenow",
    "HOPENOW_EMAIL": "smtp+tls://mail.example.org:587",
}


def test_production_starts_with_everything() -> None:
    found = read(GOOD)
    assert found.production
    assert found.address == "https://help.example.org"
    assert found.hosts == ("help.example.org",)
    assert list(found.field_keys) == ["new", "old"]
    assert found.log == "json"


def test_development_needs_nothing_and_keeps_its_keys(tmp_path: Path) -> None:
    first = read({"HOPENOW_DATA": str(tmp_path)})
    second = read({"HOPENOW_DATA": str(tmp_path)})
    assert first.embedded
    assert first.secret_key == second.secret_key
    assert first.field_keys == second.field_keys
    assert len(first.secret_key) >= 50
    for path in (tmp_path / "keys").iterdir():
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", [variable.name for variable in VARIABLES if variable.production])
def test_production_refuses_without(name: str) -> None:
    with pytest.raises(InputError, match=name):
        read({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("HOPENOW_MODE", "prod", "must be one of"),
        ("HOPENOW_ADDRESS", "http://help.example.org", "https://"),
        ("HOPENOW_ADDRESS", "help.example.org", "must look like"),
        ("HOPENOW_HOSTS", "*", "not allowed"),
        ("HOPENOW_SECRET_KEY", "short", "at least 50"),
        ("HOPENOW_FIELD_KEYS", "a:b", "32 bytes"),
        ("HOPENOW_FIELD_KEYS", f"a:{KEY},a:{KEY}", "twice"),
        ("DATABASE_URL", "sqlite:///x", "postgresql://"),
        ("HOPENOW_OWNER_DATABASE_URL", GOOD["DATABASE_URL"], "different roles"),
        ("HOPENOW_EMAIL", "console:", "nobody would get"),
        ("HOPENOW_EMAIL", "carrier://pigeon", "must start with"),
        ("HOPENOW_PROXIES", "two", "whole number"),
        ("HOPENOW_LOG", "xml", "text or json"),
        ("HOPENOW_METRICS_TOKEN", "short", "at least 20"),
        ("HOPENOW_SECERT_KEY", "x", "not a variable"),
    ],
)
def test_each_defect_is_named(name: str, value: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read({**GOOD, name: value})


def test_every_defect_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        read({"HOPENOW_MODE": "production", "HOPENOW_PROXIES": "x"})
    assert len(caught.value.findings) == 1 + sum(variable.production for variable in VARIABLES)


def test_secrets_are_not_shown() -> None:
    shown = repr(read(GOOD))
    for secret in ("s" * 50, "app:x", "kkkk", "mail.example"):
        assert secret not in shown
