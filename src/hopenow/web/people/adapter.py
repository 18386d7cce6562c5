"""How signing in behaves, where it differs from the library."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter


class Adapter(DefaultAccountAdapter):
    """Signing in by code or passkey; nobody ever sets a password."""
