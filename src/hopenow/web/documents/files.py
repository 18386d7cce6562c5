"""Files at rest: encrypted in chunks under the key of the case's documents, under names that say nothing."""

from __future__ import annotations

import hashlib
import secrets

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from hopenow.web.documents.models import Document, DocumentKey
from hopenow.web.vault import CaseCipher, VaultError

_CHUNK = 1024 * 1024
_LENGTH = 4


def seal(content: bytes, key: CaseCipher, document: str) -> bytes:
    """Encrypt a file in chunks.

    Each chunk is bound to its document, its place, and to whether it is the last one, so that chunks can be neither
    swapped nor cut off.
    """
    chunks = [content[start : start + _CHUNK] for start in range(0, len(content), _CHUNK)] or [b""]
    parts = []
    for index, chunk in enumerate(chunks):
        sealed = key.encrypt(chunk, _purpose(document, index, index == len(chunks) - 1))
        parts += [len(sealed).to_bytes(_LENGTH, "big"), sealed]
    return b"".join(parts)


def unseal(sealed: bytes, key: CaseCipher, document: str) -> bytes:
    """Decrypt what `seal` gave.

    Raises:
        VaultError: when anything was changed, swapped or cut off.
    """
    found, place, index = [], 0, 0
    while place < len(sealed) or not index:
        length = int.from_bytes(sealed[place : place + _LENGTH], "big")
        place += _LENGTH
        chunk = sealed[place : place + length]
        place += length
        found.append(key.decrypt(chunk, _purpose(document, index, place >= len(sealed))))
        index += 1
    return b"".join(found)


def _purpose(document: str, index: int, last: bool) -> str:
    return f"document:{document}:{index}{':last' if last else ''}"


def keep(content: bytes, key: CaseCipher, document: str) -> str:
    """Encrypt and store a file; return its random name in the storage."""
    name = secrets.token_hex(20)
    return default_storage.save(f"documents/{name[:2]}/{name}", ContentFile(seal(content, key, document)))


def discard(place: str) -> None:
    """Remove a stored file."""
    default_storage.delete(place)


def content(document: Document) -> bytes:
    """Return the clean copy of a document.

    Raises:
        VaultError: when its key was destroyed or is not shared with the actor, the file is gone, or it was changed.
    """
    key = DocumentKey.cipher(document.case_id)
    if key is None:
        raise VaultError("the key of these documents was destroyed, or is not shared with you")
    try:
        with default_storage.open(document.place) as stored:
            plain = unseal(stored.read(), key, str(document.id))
    except FileNotFoundError:
        raise VaultError("the file is not in the storage any more") from None
    if hashlib.sha256(plain).hexdigest() != document.kept_sha256:
        raise VaultError("the file in the storage is another one")
    return plain
