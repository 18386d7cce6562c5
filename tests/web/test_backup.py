"""A backup that comes back whole, and one that was touched and does not."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hopenow.web import backup


def hopenow(*arguments: str, data: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PGHOST", "DJANGO", "HOPENOW"))
    }
    command = [sys.executable, "-m", "hopenow", *arguments]
    if "--data" not in arguments:
        environment["HOPENOW_DATA"] = str(data)
    return subprocess.run(
        command, capture_output=True, text=True, env={**environment, **variables}, timeout=120, check=False
    )


MAKE = """
import django, datetime
django.setup()
from hopenow.web.demo import make
print(make.make(datetime.date(2026, 6, 15), copies=1).cases)
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hopenow-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def backed(folder: Path) -> Any:
    """An installation with cases and a file, and its backup."""
    from hopenow.web import database

    data = folder / "first"
    done = hopenow("platform", "migrate", data=data)
    assert done.returncode == 0, done.stderr
    (data / "files").mkdir()
    (data / "files" / "paper").write_bytes(os.urandom(3 << 20))
    with database.embedded(data / "postgresql") as socket:
        variables = {"HOPENOW_DATA": str(data), "PGHOST": str(socket), "DJANGO_SETTINGS_MODULE": "hopenow.web.settings"}
        made = subprocess.run(
            [sys.executable, "-c", MAKE], env={**os.environ, **variables}, capture_output=True, text=True, check=False
        )
        assert made.returncode == 0, made.stderr[-2000:]
        # While the database runs, as it does in a platform that is at work.
        done = hopenow(
            *("platform", "backup", str(folder / "archive"), "--keys", str(folder / "keys")), data=data
        )
    assert done.returncode == 0, done.stderr
    return data


def test_it_comes_back_whole(backed: Path, folder: Path) -> None:
    again = folder / "again"
    restored = ("platform", "restore", str(folder / "archive"), "--keys", str(folder / "keys"), "--data", str(again))
    done = hopenow(*restored, data=again)
    assert done.returncode == 0, done.stderr
    assert "every one agrees" in done.stderr
    assert " 0 events" not in done.stderr
    assert (again / "files" / "paper").read_bytes() == (backed / "files" / "paper").read_bytes()
    assert (again / "keys" / "field_keys").read_text() == (backed / "keys" / "field_keys").read_text()
    verified = hopenow("verify", data=again)
    assert verified.returncode == 0, verified.stderr
    # A second time there is something to lose.
    assert hopenow(*restored, data=again).returncode == 3


def test_nothing_in_it_can_be_read_without_its_keys(backed: Path, folder: Path) -> None:
    content = (folder / "archive").read_bytes()
    for readable in (b"PGDMP", b"case_opened", b"demo.example", b"database.dump"):
        assert readable not in content
    assert b"key" not in content[:17]
    for name in ("archive", "keys"):
        assert (folder / name).stat().st_mode & 0o077 == 0


def test_one_that_was_touched_is_refused_before_anything_is_made(backed: Path, folder: Path, tmp_path: Path) -> None:
    content = (folder / "archive").read_bytes()
    length = 4 + (1 << 20) + 16
    head = len(backup._HEAD) + 7
    first = slice(head, head + length)
    second = slice(head + length, head + 2 * length)
    swapped = content[:head] + content[second] + content[first] + content[head + 2 * length :]
    for touched in (
        content[:-1],
        content[: head + length],
        content + b"x",
        swapped,
        content[:1000] + bytes([content[1000] ^ 1]) + content[1001:],
        content[:head],
        b"",
    ):
        (tmp_path / "archive").write_bytes(touched)
        with pytest.raises(backup.BackupError):
            backup.restore(tmp_path / "archive", folder / "keys", tmp_path / "data")
        assert list((tmp_path / "data").iterdir()) == []


def test_a_backup_overwrites_nothing(backed: Path, folder: Path) -> None:
    done = hopenow("platform", "backup", str(folder / "archive"), "--keys", str(folder / "other"), data=backed)
    assert done.returncode == 3
    assert "is there already" in done.stderr
    assert not (folder / "other").exists()


def test_keys_rotate(platform: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from allauth.mfa.models import Authenticator
    from django.conf import settings

    from hopenow.web.acting import acting, serving
    from hopenow.web.cases import ledger
    from hopenow.web.cases.models import CaseKey, Event
    from hopenow.web.rotation import rotate
    from hopenow.web.vault import Ring
    from tests.web.people import opened

    told = opened({"first_due": "2026-01-01"})
    before = ledger.ring().encrypt(b"second factor", "mfa").hex()
    with serving("operations"):
        factor = Authenticator.objects.create(
            user_id=told.homeowner.person, type="totp", data={"secret": f"v1:{before}", "other": 3}
        )
    both = Ring({"new": b"n" * 32, **settings.HOPENOW.field_keys})
    monkeypatch.setattr(ledger, "ring", lambda: both)
    monkeypatch.setattr("hopenow.web.rotation.ring", lambda: both)
    assert rotate() >= 2
    assert rotate() == 0
    with serving("operations"):
        assert set(CaseKey.objects.values_list("wrapped_by", flat=True)) == {"new"}
        factor.refresh_from_db()
        after = bytes.fromhex(factor.data["secret"].removeprefix("v1:"))
    assert Ring({"new": b"n" * 32}).decrypt(after, "mfa") == b"second factor"
    assert factor.data["other"] == 3
    monkeypatch.setattr(ledger, "ring", lambda: Ring({"new": b"n" * 32}))
    with acting(told.homeowner):
        event = Event.objects.get(case=told.case, kind="case_opened")
        assert ledger.private(event, ledger.cipher(told.case))["borrower"] == "Ana Ruiz"
