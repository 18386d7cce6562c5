"""Who sees documents, and that they are only ever added."""

from django.db import migrations

from hopenow.web.security import append_only, protect, sees


class Migration(migrations.Migration):
    """Closes every row that belongs to a case."""

    dependencies = [("documents", "0001_initial"), ("cases", "0002_security")]

    operations = [
        append_only("documents_document"),
        protect(
            "documents_document",
            sees("documents_document.case_id", "documents"),
            f"{sees('documents_document.case_id', 'documents')} AND (hn_service() <> '' OR (person_id = hn_person()"
            " AND (organization IS NULL OR organization = ANY (hn_grantees()))))",
        ),
        protect("documents_documentkey", sees("documents_documentkey.case_id", "documents")),
    ]
