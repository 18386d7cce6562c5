"""Who sees tasks, and that only their being done is written to them."""

from django.db import migrations

from hopenow.web.security import application_role, protect, sees

_SEES = sees("tasks_task.case_id", "status")
_JOBS = "hn_service() IN ('jobs', 'operations')"


class Migration(migrations.Migration):
    """Closes every row that belongs to a case."""

    dependencies = [("tasks", "0001_initial"), ("cases", "0002_security")]

    operations = [
        protect(
            "tasks_task",
            f"{_SEES} AND (NOT internal OR organization = ANY (hn_grantees()) OR {_JOBS})",
            f"{_SEES} AND (NOT internal OR organization = ANY (hn_grantees()) OR {_JOBS})",
        ),
        protect("tasks_taskkey", sees("tasks_taskkey.case_id", "status")),
        migrations.RunSQL(
            f"REVOKE UPDATE, DELETE, TRUNCATE ON tasks_task FROM {application_role()};"
            f"GRANT UPDATE (done_at, done_by) ON tasks_task TO {application_role()};",
            migrations.RunSQL.noop,
        ),
    ]
