"""Puts every case's keys, and the secrets of second factors, under the key that encrypts now.

A few at a time, while the platform runs. Afterwards the old key can leave HOPENOW_FIELD_KEYS.
"""

from __future__ import annotations

from django.apps import apps

from hopenow.web.acting import serving
from hopenow.web.cases.ledger import ring

_AT_ONCE = 500
_SEALED = "v1:"
"""Mark of an encrypted secret of a second factor."""


def rotate() -> int:
    """Rewrap what is not under the current key; return how many keys. Run again it finds nothing to do."""
    count = 0
    for model in apps.get_models():
        if not {"wrapped", "wrapped_by"} <= {field.name for field in model._meta.get_fields()}:
            continue
        part = getattr(model, "part", "")
        while True:
            with serving("operations"):
                old = model._default_manager.exclude(wrapped_by=ring().current).select_for_update()[:_AT_ONCE]
                for kept in old:
                    purpose = f"case-key:{kept.case_id}/{part}" if part else f"case-key:{kept.case_id}"
                    kept.wrapped = ring().rewrap(bytes(kept.wrapped), purpose)
                    kept.wrapped_by = ring().current
                    kept.save(update_fields=["wrapped", "wrapped_by"])
                found = len(old)
            count += found
            if not found:
                break
    return count + _factors()


def _factors() -> int:
    """Rewrap the secrets of second factors."""
    from allauth.mfa.models import Authenticator

    count = 0
    with serving("operations"):
        for factor in Authenticator.objects.select_for_update():
            fresh = {name: _fresh(value) for name, value in factor.data.items()}
            if fresh != factor.data:
                factor.data = fresh
                factor.save(update_fields=["data"])
                count += 1
    return count


def _fresh(value: object) -> object:
    """Return a secret under the current key; anything else as it is."""
    if not isinstance(value, str) or not value.startswith(_SEALED):
        return value
    sealed = bytes.fromhex(value.removeprefix(_SEALED))
    return value if ring().is_current(sealed) else _SEALED + ring().rewrap(sealed, "mfa").hex()
