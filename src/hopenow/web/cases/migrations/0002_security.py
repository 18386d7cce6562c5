"""Who sees a case, and a ledger that only grows."""

from django.db import migrations

from hopenow.web.security import append_only, application_role, protect, sees

LEDGER = """
CREATE SEQUENCE cases_event_order OWNED BY cases_event.position;

-- What is hashed: one field a line, in this order; nothing here can hold a line break.
CREATE FUNCTION hn_event_text(e cases_event) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT concat_ws(E'\\n',
        'hopenow event 1', e.id, e.case_id, e.number, e.kind, to_char(e.day, 'YYYY-MM-DD'),
        coalesce(extract(epoch FROM e.at)::text, '-'), extract(epoch FROM e.recorded_at)::text,
        coalesce(e.person::text, '-'), coalesce(e.organization::text, '-'), coalesce(nullif(e.service, ''), '-'),
        e.action, coalesce(nullif(e.request, ''), '-'), coalesce(e.about::text, '-'), coalesce(e.audience::text, '-'),
        e.details::text, coalesce(encode(sha256(e.private), 'hex'), '-'), encode(e.previous, 'hex')) $$;

CREATE FUNCTION hn_event_hash(e cases_event) RETURNS bytea LANGUAGE sql IMMUTABLE
    AS $$ SELECT sha256(convert_to(hn_event_text(e), 'UTF8')) $$;

CREATE FUNCTION hn_event_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
DECLARE head cases_head%ROWTYPE;
BEGIN
    -- The head's row is the lock that puts the events of one case in one order.
    INSERT INTO cases_head (case_id, number, hash) VALUES (NEW.case_id, 0, sha256(convert_to(NEW.case_id::text, 'UTF8')))
        ON CONFLICT (case_id) DO NOTHING;
    SELECT * INTO STRICT head FROM cases_head WHERE case_id = NEW.case_id FOR UPDATE;
    NEW.position := nextval('cases_event_order');
    NEW.number := head.number + 1;
    NEW.previous := head.hash;
    NEW.recorded_at := clock_timestamp();
    NEW.hash := hn_event_hash(NEW);
    UPDATE cases_head SET number = NEW.number, hash = NEW.hash WHERE case_id = NEW.case_id;
    RETURN NEW;
END $$;
CREATE TRIGGER cases_event_chain BEFORE INSERT ON cases_event FOR EACH ROW EXECUTE FUNCTION hn_event_chain();

-- A line break in a hashed field would let two different events hash alike.
ALTER TABLE cases_event ADD CONSTRAINT cases_event_words CHECK (
    kind ~ '^[a-z0-9_.]+$' AND action ~ '^[a-z0-9_.]+$' AND service ~ '^[a-z]*$' AND request ~ '^[A-Za-z0-9-]*$');

-- A share may be given by whoever has one, and with the first event of a new case.
CREATE FUNCTION hn_may_share(shared uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = public, pg_temp
    AS $$ SELECT hn_service() IN ('jobs', 'operations')
        OR NOT EXISTS (SELECT 1 FROM cases_head h WHERE h.case_id = shared)
        OR EXISTS (SELECT 1 FROM cases_grant g WHERE g.case_id = shared AND g.grantee = ANY (hn_grantees())
            AND g.withdrawn_at IS NULL AND (g.until IS NULL OR g.until > now())) $$;

-- People whom the actor meets in a case: sharing one, or members of an organization that does.
CREATE FUNCTION hn_knows(somebody uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = public, pg_temp
    AS $$ SELECT EXISTS (
            SELECT 1 FROM people_membership m WHERE m.person_id = somebody AND m.organization_id = ANY (hn_grantees()))
        OR EXISTS (
            SELECT 1 FROM cases_grant theirs JOIN cases_grant mine USING (case_id)
            WHERE mine.grantee = ANY (hn_grantees()) AND mine.withdrawn_at IS NULL
                AND (mine.until IS NULL OR mine.until > now())
                AND (theirs.grantee = somebody OR theirs.grantee IN (
                    SELECT m.organization_id FROM people_membership m WHERE m.person_id = somebody))) $$;
"""
_JOBS = "hn_service() IN ('jobs', 'operations')"
_AUTHOR = (
    "((person = hn_person() AND (organization IS NULL OR organization = ANY (hn_grantees())) AND service = '')"
    f" OR ({_JOBS} AND person IS NULL AND service <> ''))"
)


def _only(table: str, *allowed: str) -> migrations.RunSQL:
    """Leave the application's role these rights on a table, besides reading."""
    role = application_role()
    granted = "".join(f"GRANT {right} ON {table} TO {role};" for right in allowed)
    return migrations.RunSQL(
        f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {table} FROM {role};{granted}", migrations.RunSQL.noop
    )


class Migration(migrations.Migration):
    """Chains the ledger, and closes every row that belongs to a case."""

    dependencies = [("cases", "0001_initial"), ("people", "0002_security")]

    operations = [
        migrations.RunSQL(LEDGER, migrations.RunSQL.noop),
        append_only("cases_event"),
        append_only("cases_reading"),
        append_only("cases_anchor"),
        protect("cases_case", sees("cases_case.id", "status")),
        protect(
            "cases_event",
            f"({sees('cases_event.case_id', 'status')} AND (audience IS NULL OR audience = ANY (hn_grantees())"
            f" OR {_JOBS}))",
            f"({sees('cases_event.case_id', 'status')} AND {_AUTHOR})",
        ),
        protect("cases_casekey", sees("cases_casekey.case_id", "facts"), f"{_JOBS} OR hn_may_share(case_id)"),
        protect("cases_request", "person = hn_person()"),
        protect("cases_reading", sees("cases_reading.case_id", "status"), "person_id = hn_person()"),
        # The database's own functions must pass these two: their owner is not held to the policy.
        migrations.RunSQL(
            "ALTER TABLE cases_head ENABLE ROW LEVEL SECURITY;"
            f"CREATE POLICY cases_head_sight ON cases_head FOR SELECT USING ({sees('cases_head.case_id', 'status')});"
            "ALTER TABLE cases_grant ENABLE ROW LEVEL SECURITY;"
            "CREATE POLICY cases_grant_sight ON cases_grant FOR SELECT"
            f" USING (grantee = ANY (hn_grantees()) OR {_JOBS} OR hn_may_share(case_id));"
            "CREATE POLICY cases_grant_given ON cases_grant FOR INSERT WITH CHECK (hn_may_share(case_id));"
            "CREATE POLICY cases_grant_ended ON cases_grant FOR UPDATE USING (hn_may_share(case_id));"
            "ALTER TABLE cases_anchor ENABLE ROW LEVEL SECURITY;"
            "CREATE POLICY cases_anchor_sight ON cases_anchor FOR SELECT USING (true);"
            f"CREATE POLICY cases_anchor_made ON cases_anchor FOR INSERT WITH CHECK ({_JOBS});",
            migrations.RunSQL.noop,
        ),
        _only("cases_head"),
        _only("cases_anchor", "INSERT"),
        _only("cases_grant", "INSERT", "UPDATE (until, withdrawn_at)"),
        protect(
            "people_person",
            "hn_service() <> '' OR id = hn_person() OR hn_knows(id)",
            "hn_service() IN ('accounts', 'operations') OR id = hn_person()",
        ),
    ]
