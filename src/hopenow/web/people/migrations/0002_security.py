"""Who sees people, memberships and what signing in keeps."""

from django.db import migrations

from hopenow.web.security import FUNCTIONS, open_to_application, protect

_ACCOUNTS = "hn_service() IN ('accounts', 'operations')"


class Migration(migrations.Migration):
    """Opens the tables to the application's role and closes their rows."""

    dependencies = [
        ("people", "0001_initial"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("usersessions", "0001_initial"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        open_to_application(),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
        protect("people_organization", "true", "hn_service() = 'operations'"),
        protect(
            "people_membership",
            f"{_ACCOUNTS} OR person_id = hn_person() OR organization_id = ANY (hn_grantees())",
            _ACCOUNTS,
            owner=False,
        ),
        protect("people_invitation", f"{_ACCOUNTS} OR organization_id = ANY (hn_grantees())"),
        protect("account_emailaddress", f"{_ACCOUNTS} OR user_id = hn_person()"),
        protect("account_emailconfirmation", _ACCOUNTS),
        protect("mfa_authenticator", f"{_ACCOUNTS} OR user_id = hn_person()"),
        protect("usersessions_usersession", f"{_ACCOUNTS} OR user_id = hn_person()"),
        protect("django_session", _ACCOUNTS),
    ]
