"""SQL for what the database itself enforces: who sees a row, and that the ledger only grows.

Used by migrations. Every table with rows of a case gets a policy from here; a test reads PostgreSQL's own catalog
and fails when a table of ours has none.
"""

from __future__ import annotations

from django.conf import settings
from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION hn_person() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('hopenow.person', true), '')::uuid $$;
CREATE FUNCTION hn_grantees() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(nullif(current_setting('hopenow.grantees', true), ''), '{}')::uuid[] $$;
CREATE FUNCTION hn_service() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(current_setting('hopenow.service', true), '') $$;
CREATE FUNCTION hn_job_case() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('hopenow.case', true), '')::uuid $$;
CREATE FUNCTION hn_refuse() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION '% of % is refused: it only grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege'; END $$;
"""

_JOB = "(hn_service() IN ('jobs', 'operations') AND {column} = coalesce(hn_job_case(), {column}))"


def sees(column: str, scope: str) -> str:
    """Return the condition that the actor (or a job) may see what belongs to the case in ``column``.

    Args:
        column: the column with the case's id, with its table, such as ``cases_event.case_id``.
        scope: which part of a case a share must cover.
    """
    return (
        f"(EXISTS (SELECT 1 FROM cases_grant g WHERE g.case_id = {column} AND g.grantee = ANY (hn_grantees())"
        f" AND '{scope}' = ANY (g.scopes) AND g.withdrawn_at IS NULL AND (g.until IS NULL OR g.until > now()))"
        f" OR {_JOB.format(column=column)})"
    )


def protect(table: str, condition: str, check: str = "", *, owner: bool = True) -> migrations.RunSQL:
    """Turn on row-level security for a table.

    Args:
        table: the table.
        condition: which rows exist for the actor.
        check: which rows the actor may write; by default the same.
        owner: hold the table's owner to it too. Not where the database's own functions must look behind it; the
            application never connects as the owner.
    """
    force = f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;" if owner else ""
    return migrations.RunSQL(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
        f"{force}CREATE POLICY {table}_sight ON {table} USING ({condition}) WITH CHECK ({check or condition});",
        f"DROP POLICY {table}_sight ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;",
    )


def append_only(table: str) -> migrations.RunSQL:
    """Let nobody change or delete a row of a table, the owner of the table included."""
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_grows BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION hn_refuse();"
        f"CREATE TRIGGER {table}_stays BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION hn_refuse();"
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {application_role()};",
        f"DROP TRIGGER {table}_grows ON {table}; DROP TRIGGER {table}_stays ON {table};",
    )


def application_role() -> str:
    """Return the application's role, quoted."""
    role: str = settings.DATABASES["default"]["USER"]
    return '"' + role.replace('"', '""') + '"'


def open_to_application() -> migrations.RunSQL:
    """Let the application's role work on every table that the owner will make; must come first."""
    role = application_role()
    return migrations.RunSQL(
        f"GRANT USAGE ON SCHEMA public TO {role};"
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};"
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role};"
        # The tables that Django made before this migration ran.
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};"
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};",
        migrations.RunSQL.noop,
    )
