"""Forms of people and organizations."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from hopenow.web.cases.models import Grant
from hopenow.web.people.models import Membership, Organization, Person


class SignupForm(forms.Form):
    """What is asked beside the address when somebody starts."""

    name = forms.CharField(
        label=_("Your name"), max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )

    def signup(self, request: HttpRequest, user: Person) -> None:
        """Keep the name."""
        user.name = self.cleaned_data.get("name", "")
        user.save(update_fields=["name"])


class NameForm(forms.ModelForm):
    """A person's own name and language."""

    class Meta:
        """What a person changes about themselves."""

        model = Person
        fields = ("name", "language")
        widgets = {"language": forms.Select(choices=[("en", "English"), ("es", "Español")])}  # noqa: RUF012


class InviteForm(forms.Form):
    """Whom to invite into the organization, and as what."""

    email = forms.EmailField(label=_("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label=_("Role"), choices=Membership.Role.choices)


class RoleForm(forms.Form):
    """A member's new role."""

    role = forms.ChoiceField(label=_("Role"), choices=Membership.Role.choices)


_PERSONS = (Grant.Relation.CO_BORROWER, Grant.Relation.SUCCESSOR, Grant.Relation.REPRESENTATIVE)


class _ConsentForm(forms.Form):
    scopes = forms.MultipleChoiceField(
        label=_("What they may see"),
        choices=Grant.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[Grant.Scope.STATUS.value],
        help_text=_("The status goes with each of the others."),
    )
    reason = forms.CharField(
        label=_("Why"), max_length=300, min_length=3, help_text=_("Such as: to help me with the application")
    )
    until = forms.DateField(
        label=_("Until when"),
        required=False,
        help_text=_("The last day. Empty: until you take it back."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def clean_until(self) -> datetime.date | None:
        """Refuse a day that is over."""
        day: datetime.date | None = self.cleaned_data["until"]
        if day and day < timezone.now().date():
            raise ValidationError(_("This day is over already."))
        return day

    def clean_scopes(self) -> list[str]:
        """Add the status, without which nothing else can be seen."""
        return sorted({*self.cleaned_data["scopes"], Grant.Scope.STATUS.value})


class SharePersonForm(_ConsentForm):
    """Let a person see one's case."""

    email = forms.EmailField(label=_("Their e-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    relation = forms.ChoiceField(
        label=_("Who they are to you"), choices=[(each.value, each.label) for each in _PERSONS]
    )
    field_order = ("email", "relation", "scopes", "reason", "until")

    def only_successors(self) -> None:
        """Offer what a servicer may: letting in the successor whom it confirmed, for good."""
        each = Grant.Relation.SUCCESSOR
        self.fields["relation"].choices = [(each.value, each.label)]  # type: ignore[attr-defined]
        del self.fields["until"]


_ORGANIZATIONS = {
    Organization.Kind.SERVICER: Grant.Relation.SERVICER,
    Organization.Kind.COUNSELING: Grant.Relation.COUNSELOR,
    Organization.Kind.LEGAL_AID: Grant.Relation.LEGAL_AID,
    Organization.Kind.ALLIANCE: Grant.Relation.ALLIANCE,
}


class ShareOrganizationForm(_ConsentForm):
    """Let an organization see one's case."""

    organization = forms.ModelChoiceField(label=_("Organization"), queryset=Organization.objects.none())
    field_order = ("organization", "scopes", "reason", "until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the organizations that help, and servicers."""
        super().__init__(*args, **kwargs)
        self.fields["organization"].queryset = Organization.objects.filter(  # type: ignore[attr-defined]
            active=True, kind__in=list(_ORGANIZATIONS)
        ).order_by("name")

    def relation(self) -> str:
        """Return what the organization is in the case."""
        return str(_ORGANIZATIONS[Organization.Kind(self.cleaned_data["organization"].kind)].value)
