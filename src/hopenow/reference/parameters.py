"""The project's own choices for using reference tables, each with its reason (``parameters.yaml``)."""

from __future__ import annotations

import functools
from datetime import date
from pathlib import Path

from pydantic import RootModel

from hopenow.errors import ReferenceDataError
from hopenow.reference.tables import StrictModel, Verification, read_yaml


class Parameter(StrictModel):
    """One named choice.

    Attributes:
        value: whole number in ``unit``, or a date.
        unit: unit of the value.
        meaning: what it decides.
        reason: why it has this value.
        verification: how sure it is.
    """

    value: int | date
    unit: str
    meaning: str
    reason: str
    verification: Verification


class _Parameters(RootModel[dict[str, Parameter]]):
    """The file: a name for each choice."""


@functools.cache
def reference_parameters() -> dict[str, Parameter]:
    """Return every choice by name."""
    return dict(read_yaml(Path(__file__).with_name("parameters.yaml"), _Parameters).root)


def number(name: str) -> int:
    """Return a whole-number choice.

    Raises:
        ReferenceDataError: there is no such choice, or it is a date.
    """
    parameter = reference_parameters().get(name)
    if parameter is None or not isinstance(parameter.value, int):
        raise ReferenceDataError(f"{name} is not a whole-number reference parameter.")
    return parameter.value


def day(name: str) -> date:
    """Return a date choice.

    Raises:
        ReferenceDataError: there is no such choice, or it is a number.
    """
    parameter = reference_parameters().get(name)
    if parameter is None or not isinstance(parameter.value, date):
        raise ReferenceDataError(f"{name} is not a reference parameter that is a date.")
    return parameter.value
