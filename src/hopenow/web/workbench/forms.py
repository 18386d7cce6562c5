"""Forms made from the list of events: each kind's fields become questions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hopenow.clocks import loan_fields
from hopenow.clocks.events import FieldSpec
from hopenow.web.cases.kinds import Kind

_TEXT = {"class": "usa-input"}


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def field_for(name: str, spec: FieldSpec) -> forms.Field:
    """Return the form field for a detail of an event or a fact of a loan."""
    common: dict[str, Any] = {
        "label": _words(name),
        "help_text": spec.means[:1].upper() + spec.means[1:],
        "required": spec.required,
    }
    if spec.type == "flag":
        choices = [("", _("Not known")), ("true", _("Yes")), ("false", _("No"))]
        return forms.ChoiceField(choices=choices, widget=forms.Select(attrs={"class": "usa-select"}), **common)
    if spec.type == "choice":
        listed = [("", _("Not known")), *((each, _words(each)) for each in spec.choices)]
        return forms.ChoiceField(choices=listed, widget=forms.Select(attrs={"class": "usa-select"}), **common)
    if spec.type == "date":
        return forms.DateField(widget=forms.DateInput(attrs={**_TEXT, "type": "date"}), **common)
    if spec.type == "count":
        return forms.IntegerField(min_value=0, widget=forms.NumberInput(attrs=_TEXT), **common)
    if spec.type == "money":
        widget = forms.TextInput(attrs={**_TEXT, "inputmode": "decimal"})
        return forms.DecimalField(min_value=0, decimal_places=2, max_digits=12, widget=widget, **common)
    if spec.type == "words":
        return forms.CharField(widget=forms.Textarea(attrs={"class": "usa-textarea", "rows": 3}), **common)
    return forms.CharField(max_length=300, widget=forms.TextInput(attrs=_TEXT), **common)


def _given(cleaned: dict[str, Any], fields: dict[str, FieldSpec]) -> dict[str, Any]:
    """Return what was filled in, as the events take it; blank is the same as not said."""
    given: dict[str, Any] = {}
    for name, spec in fields.items():
        value = cleaned.get(name)
        if value in (None, ""):
            continue
        if spec.type == "words":
            value = [line.strip() for line in value.splitlines() if line.strip()]
        elif spec.type == "money":
            value = str(value)
        elif spec.type == "date":
            value = value.isoformat()
        given[name] = value
    return given


class TellForm(forms.Form):
    """When something happened, and its details."""

    day = forms.DateField(
        label=_("Day it happened"),
        help_text=_("The day it was received or sent, where the servicer is"),
        widget=forms.DateInput(attrs={**_TEXT, "type": "date"}),
    )

    def __init__(self, kind: Kind, *args: Any, **kwargs: Any) -> None:
        """Ask for the fields of one kind of event."""
        super().__init__(*args, **kwargs)
        self.kind = kind
        for name, spec in kind.fields.items():
            self.fields[name] = field_for(name, spec)

    def given(self) -> dict[str, Any]:
        """Return what the action takes."""
        return {
            "kind": self.kind.name,
            "day": self.cleaned_data["day"],
            "details": _given(self.cleaned_data, dict(self.kind.fields)),
        }


_DOOR = (("web", _("Web")), ("telephone", _("Telephone")), ("letter", _("Letter")), ("event", _("Event")))
_LOAN = ("servicer", "state", "first_due", "payment")


class OpenForm(forms.Form):
    """What is known when a case is opened."""

    borrower = forms.CharField(
        label=_("Homeowner's name"), max_length=200, widget=forms.TextInput(attrs={**_TEXT, "autocomplete": "name"})
    )
    property = forms.CharField(
        label=_("Address of the home"), max_length=300, required=False, widget=forms.TextInput(attrs=_TEXT)
    )
    loan_number = forms.CharField(
        label=_("Loan number"), max_length=40, required=False, widget=forms.TextInput(attrs=_TEXT)
    )
    channel = forms.ChoiceField(
        label=_("How they came"), choices=_DOOR, widget=forms.Select(attrs={"class": "usa-select"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Ask for the loan's facts that the clocks need most, too."""
        super().__init__(*args, **kwargs)
        for name in _LOAN:
            self.fields[name] = field_for(name, loan_fields()[name])

    def given(self, relation: str) -> dict[str, Any]:
        """Return what the action takes."""
        cleaned = self.cleaned_data
        given = {
            name: cleaned[name] for name in ("borrower", "property", "loan_number", "channel") if cleaned.get(name)
        }
        return {**given, "relation": relation, "loan": _given(cleaned, {name: loan_fields()[name] for name in _LOAN})}
