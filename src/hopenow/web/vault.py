"""Encryption of what is personal: a ring of keys for the installation, and one key for each case.

The ring's first key encrypts; all of them decrypt, so keys rotate without a pause (`rewrap`). A case's own key is
kept wrapped by the ring; deleting it makes everything encrypted under it unreadable for good, in backups too,
while the ledger's chain still verifies.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hopenow.errors import HopeNowError

_VERSION = 1
_NONCE = 12
_KEY = 32


class VaultError(HopeNowError):
    """Something cannot be decrypted: its key is gone, or it was changed."""


class Ring:
    """The installation's keys.

    Args:
        keys: name to key of 32 bytes, the encrypting one first.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Hold the keys; the first one encrypts."""
        self._keys = {name: AESGCM(key) for name, key in keys.items()}
        self.current = next(iter(keys))

    def encrypt(self, plain: bytes, purpose: str) -> bytes:
        """Encrypt for one purpose.

        Args:
            plain: what to protect.
            purpose: what and whose it is, such as ``case:<id>``; the same must be given to decrypt, so that a
                value cannot be moved to another row.
        """
        name = self.current.encode()
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._keys[self.current].encrypt(nonce, plain, purpose.encode())
        return bytes([_VERSION, len(name)]) + name + nonce + sealed

    def decrypt(self, sealed: bytes, purpose: str) -> bytes:
        """Decrypt what `encrypt` gave for the same purpose.

        Raises:
            VaultError: when the key is not in the ring, or the value or its purpose was changed.
        """
        name, rest = _opened(sealed)
        key = self._keys.get(name)
        if key is None:
            raise VaultError(f"the key {name!r} is not configured; add it to HOPENOW_FIELD_KEYS")
        return _decrypt(key, rest, purpose)

    def is_current(self, sealed: bytes) -> bool:
        """Whether a value is under the key that encrypts now; if not, it wants `rewrap`."""
        return _opened(sealed)[0] == self.current

    def rewrap(self, sealed: bytes, purpose: str) -> bytes:
        """Put a value under the key that encrypts now."""
        return self.encrypt(self.decrypt(sealed, purpose), purpose)

    def new_case_key(self, case: str) -> tuple[CaseCipher, bytes]:
        """Make a case's own key; return it ready for use, and wrapped for keeping."""
        key = secrets.token_bytes(_KEY)
        return CaseCipher(key, case), self.encrypt(key, f"case-key:{case}")

    def case_key(self, case: str, wrapped: bytes) -> CaseCipher:
        """Unwrap a case's own key.

        Raises:
            VaultError: as `decrypt`.
        """
        return CaseCipher(self.decrypt(wrapped, f"case-key:{case}"), case)


class CaseCipher:
    """Encrypts and decrypts what belongs to one case."""

    def __init__(self, key: bytes, case: str) -> None:
        """Hold the key of one case."""
        self._key, self._case = AESGCM(key), case

    def encrypt(self, plain: bytes, purpose: str) -> bytes:
        """Encrypt for one purpose within the case, such as ``event:<id>`` or ``document:<id>``."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._key.encrypt(nonce, plain, f"{self._case}/{purpose}".encode())

    def decrypt(self, sealed: bytes, purpose: str) -> bytes:
        """Decrypt what `encrypt` gave for the same purpose.

        Raises:
            VaultError: when the value, its case or its purpose was changed.
        """
        return _decrypt(self._key, sealed, f"{self._case}/{purpose}")


def _opened(sealed: bytes) -> tuple[str, bytes]:
    if len(sealed) < 2 or sealed[0] != _VERSION:
        raise VaultError("this is not an encrypted value of Hope Now")
    end = 2 + sealed[1]
    return sealed[2:end].decode(errors="replace"), sealed[end:]


def _decrypt(key: AESGCM, rest: bytes, purpose: str) -> bytes:
    try:
        return key.decrypt(rest[:_NONCE], rest[_NONCE:], purpose.encode())
    except (InvalidTag, ValueError) as error:
        raise VaultError("this value was changed, or belongs somewhere else") from error
