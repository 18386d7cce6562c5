"""What must be true of the database before anything is served from it."""

from __future__ import annotations

from typing import Any

from django.core import checks
from django.db import connections

from hopenow.errors import HopeNowError

_PASSES = """
SELECT r.rolname FROM pg_roles r
WHERE (r.rolsuper OR r.rolbypassrls) AND pg_has_role(current_user, r.oid, 'MEMBER') ORDER BY r.rolname
"""
_OWNS = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND pg_has_role(current_user, c.relowner, 'MEMBER')
ORDER BY c.relname
"""
_BARE = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
    AND (c.relname LIKE 'cases\\_%' OR c.relname LIKE 'people\\_%') ORDER BY c.relname
"""


class Unsafe(HopeNowError):
    """The database would not keep one organization's cases from another."""


def faults(alias: str = "default") -> list[str]:
    """Return why the database would not protect cases from the application's own connection; empty when it does."""
    found = []
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT current_user")
        (role,) = cursor.fetchone()
        cursor.execute(_PASSES)
        if passing := [name for (name,) in cursor.fetchall()]:
            found.append(
                f"the role {role} of DATABASE_URL is, or can become, one that passes row-level security"
                f" ({', '.join(passing)}); connect as a role that is NOSUPERUSER and NOBYPASSRLS"
            )
        cursor.execute(_OWNS)
        if owned := [name for (name,) in cursor.fetchall()]:
            found.append(
                f"the role {role} of DATABASE_URL owns {len(owned)} tables ({', '.join(owned[:3])} ...);"
                " let HOPENOW_OWNER_DATABASE_URL name their owner, and DATABASE_URL another role"
            )
        cursor.execute(_BARE)
        if bare := [name for (name,) in cursor.fetchall()]:
            found.append(f"row-level security is off on {', '.join(bare)}; turn it on again before anybody signs in")
    return found


def refuse() -> None:
    """Refuse to go on with a database that does not protect cases.

    Raises:
        Unsafe: naming everything that is wrong.
    """
    if found := faults():
        raise Unsafe("Hope Now does not start on this database: " + "; ".join(found))


@checks.register(checks.Tags.database)
def database_check(app_configs: Any = None, databases: Any = None, **other: Any) -> list[checks.CheckMessage]:
    """Report the same to ``manage check --database default``."""
    if "default" not in (databases or ()):
        return []
    return [checks.Error(found, id="hopenow.E001") for found in faults()]
