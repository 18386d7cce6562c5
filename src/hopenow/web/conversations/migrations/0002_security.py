"""Who sees messages, and that they are only ever added."""

from django.db import migrations

from hopenow.web.security import append_only, protect, sees

_SEES = sees("conversations_message.case_id", "conversation")
_JOBS = "hn_service() IN ('jobs', 'operations')"


class Migration(migrations.Migration):
    """Closes every row that belongs to a case."""

    dependencies = [("conversations", "0001_initial"), ("cases", "0002_security")]

    operations = [
        append_only("conversations_message"),
        protect(
            "conversations_message",
            f"{_SEES} AND (audience IS NULL OR audience = ANY (hn_grantees()) OR {_JOBS})",
            f"{_SEES} AND ({_JOBS} OR (person_id = hn_person()"
            " AND (organization IS NULL OR organization = ANY (hn_grantees()))"
            " AND (audience IS NULL OR audience = organization)))",
        ),
        protect("conversations_conversationkey", sees("conversations_conversationkey.case_id", "conversation")),
        protect(
            "conversations_readuntil",
            "person_id = hn_person()",
            f"person_id = hn_person() AND {sees('conversations_readuntil.case_id', 'conversation')}",
        ),
    ]
