"""Encryption: what comes back, and everything that must not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopenow.web.vault import Ring, VaultError

OLD, NEW = b"o" * 32, b"n" * 32


@given(st.binary(max_size=300), st.text(max_size=30))
def test_comes_back(plain: bytes, purpose: str) -> None:
    ring = Ring({"a": OLD})
    assert ring.decrypt(ring.encrypt(plain, purpose), purpose) == plain


@given(st.binary(min_size=1, max_size=60), st.data())
def test_any_changed_byte_is_found(plain: bytes, data: st.DataObject) -> None:
    ring = Ring({"a": OLD})
    sealed = bytearray(ring.encrypt(plain, "x"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(VaultError):
        ring.decrypt(bytes(sealed), "x")


def test_a_value_cannot_move() -> None:
    ring = Ring({"a": OLD})
    with pytest.raises(VaultError, match="belongs somewhere else"):
        ring.decrypt(ring.encrypt(b"secret", "case:1"), "case:2")
    first, wrapped = ring.new_case_key("1")
    with pytest.raises(VaultError):
        ring.case_key("2", wrapped)
    second, _ = ring.new_case_key("2")
    with pytest.raises(VaultError):
        second.decrypt(first.encrypt(b"secret", "event:1"), "event:1")
    with pytest.raises(VaultError):
        first.decrypt(first.encrypt(b"secret", "event:1"), "event:2")


def test_case_key_survives_wrapping() -> None:
    ring = Ring({"a": OLD})
    key, wrapped = ring.new_case_key("1")
    assert ring.case_key("1", wrapped).decrypt(key.encrypt(b"secret", "event:1"), "event:1") == b"secret"


def test_keys_rotate() -> None:
    sealed = Ring({"old": OLD}).encrypt(b"secret", "x")
    both = Ring({"new": NEW, "old": OLD})
    assert not both.is_current(sealed)
    assert both.decrypt(sealed, "x") == b"secret"
    again = both.rewrap(sealed, "x")
    assert both.is_current(again)
    assert Ring({"new": NEW}).decrypt(again, "x") == b"secret"
    with pytest.raises(VaultError, match="'old' is not configured"):
        Ring({"new": NEW}).decrypt(sealed, "x")


def test_same_text_never_looks_the_same() -> None:
    ring = Ring({"a": OLD})
    assert ring.encrypt(b"secret", "x") != ring.encrypt(b"secret", "x")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x02\x01a", b"\x01\xffabc"])
def test_nonsense_is_refused(sealed: bytes) -> None:
    with pytest.raises(VaultError):
        Ring({"a": OLD}).decrypt(sealed, "x")
