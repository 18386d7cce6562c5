"""Gives the fields of forms that others made the look of ours."""

from __future__ import annotations

from django import forms, template

register = template.Library()


@register.filter
def styled(form: forms.BaseForm | None) -> forms.BaseForm | None:
    """Return the form with the design system's classes on its fields, and no autofocus that skips the heading."""
    if form is None or isinstance(form, str):
        return None
    for field in form.fields.values():
        widget = field.widget
        if isinstance(widget, forms.CheckboxInput | forms.CheckboxSelectMultiple):
            name = "usa-checkbox__input"
        elif isinstance(widget, forms.RadioSelect):
            name = "usa-radio__input"
        elif isinstance(widget, forms.Textarea):
            name = "usa-textarea"
        elif isinstance(widget, forms.Select):
            name = "usa-select"
        else:
            name = "usa-input"
        widget.attrs.setdefault("class", name)
        widget.attrs.pop("autofocus", None)
        widget.attrs.pop("placeholder", None)
    return form


@register.filter
def kind_of(bound: forms.BoundField) -> str:
    """Return whether a field is a box to tick, a group of choices, or something to fill in."""
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxInput):
        return "box"
    return "group" if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple) else "line"
