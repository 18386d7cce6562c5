"""Who sees sign-ins and invitations to cases, and the table of counters."""

from django.db import migrations

from hopenow.web.security import protect, sees

_ACCOUNTS = "hn_service() IN ('accounts', 'operations')"

COUNTERS = """
CREATE UNLOGGED TABLE people_limit (
    cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);
CREATE INDEX people_limit_expires ON people_limit (expires);
"""


class Migration(migrations.Migration):
    """Closes the new tables."""

    dependencies = [("people", "0003_people"), ("cases", "0002_security")]

    operations = [
        protect("people_signin", f"{_ACCOUNTS} OR person_id = hn_person()", _ACCOUNTS),
        protect(
            "people_caseinvitation",
            f"{_ACCOUNTS} OR (invited_by_id = hn_person() AND {sees('people_caseinvitation.case_id', 'status')})",
        ),
        migrations.RunSQL(COUNTERS, "DROP TABLE people_limit"),
        # Names are hashed and values are times: nothing of anybody.
        protect("people_limit", "true"),
    ]
