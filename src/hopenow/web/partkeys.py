"""Keys for the parts of a case that are shared by themselves.

A case's own key opens what is personal in its ledger and is seen by whoever sees the figures. Documents, the
conversation and tasks each have a key of their own, seen by whoever sees that part, so that sharing the papers does
not open the figures. Deleting every one of a case's keys is what forgetting means.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import ClassVar

from django.db import models

from hopenow.web.cases.ledger import ring
from hopenow.web.cases.models import Event
from hopenow.web.vault import CaseCipher, VaultError

FORGOTTEN = "personal_data_forgotten"


class PartKey(models.Model):
    """One part's key of one case, wrapped by the installation's key; subclasses say which part."""

    part: ClassVar[str] = ""

    case = models.OneToOneField("cases.Case", on_delete=models.PROTECT, primary_key=True, related_name="+")
    wrapped_by = models.CharField(max_length=40)
    wrapped = models.BinaryField()

    class Meta:
        """No table of its own."""

        abstract = True

    @classmethod
    def cipher(cls, case: uuid.UUID, *, make: bool = False) -> CaseCipher | None:
        """Return the key, or None when it was destroyed or is not in the actor's sight.

        Args:
            case: the case; locked by an action where a key is to be made.
            make: make it when there is none; see `to_write`.
        """
        # The part's name is in the purpose, so that a wrapped key cannot be moved to another part.
        name = f"{case}/{cls.part}"
        kept = cls._default_manager.filter(case_id=case).first()
        if kept is not None:
            return ring().case_key(name, bytes(kept.wrapped))
        if not make:
            return None
        key, wrapped = ring().new_case_key(name)
        cls._default_manager.create(case_id=case, wrapped_by=ring().current, wrapped=wrapped)
        return key

    @classmethod
    def to_write(cls, case: uuid.UUID, events: Iterable[Event]) -> CaseCipher:
        """Return the key for something new, made at the first need.

        Args:
            case: the case, locked by an action.
            events: its ledger.

        Raises:
            VaultError: when what is personal in the case was forgotten; no key is ever made for it again.
        """
        kept = None if any(each.kind == FORGOTTEN for each in events) else cls.cipher(case, make=True)
        if kept is None:
            raise VaultError("what was personal in this case was destroyed; nothing personal can be added to it")
        return kept
