"""Policies: choices that the law leaves open, each named, explained and settable (``policies.yaml``)."""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hopenow.errors import InputError, LawError
from hopenow.law.loader import read_strict
from hopenow.law.model import Verification


class Policy(BaseModel):
    """One choice that the law leaves open.

    Attributes:
        id: open point or counting rule that it answers.
        means: what it decides.
        value: the choice made unless somebody sets another.
        choices: what may be chosen; empty for a number or a flag.
        reason: why it is set so.
        verification: how sure it is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: str
    means: str
    value: bool | int | str
    choices: Annotated[tuple[str, ...], Field(strict=False)] = ()
    reason: str
    verification: Verification


@functools.cache
def policy_table() -> dict[str, Policy]:
    """Return every policy by name.

    Raises:
        LawError: the file is not what it must be.
    """
    try:
        path = importlib.resources.files("hopenow.clocks").joinpath("policies.yaml")
        table = TypeAdapter(dict[str, Policy]).validate_python(read_strict(path))
    except ValidationError as error:
        raise LawError(f"policies.yaml: {error}") from None
    if set(table) != {item.name for item in dataclasses.fields(Policies)}:
        raise LawError("policies.yaml and the class Policies name different policies")
    return table


@dataclasses.dataclass(frozen=True, slots=True)
class Policies:
    """One value for every policy; ``policies.yaml`` says what each decides."""

    observed_holidays: str
    promptly_days: int
    reasonable_opportunity_days: int
    late_evening: str
    closing_hour: int
    appeal_made_on: str
    roll_back: str
    facial_sale_test: str
    silence_is_rejection: bool
    proposal_2024: bool

    def with_(self, **changes: Any) -> Policies:
        """Return these policies with some set otherwise.

        Raises:
            InputError: naming every policy that is unknown or set to something that it cannot be.
        """
        table = policy_table()
        wrong = []
        for name, value in changes.items():
            policy = table.get(name)
            if policy is None:
                wrong.append(f"there is no policy {name!r}; known: {', '.join(table)}")
            elif policy.choices and value not in policy.choices:
                wrong.append(f"{name} is one of {', '.join(policy.choices)}, not {value!r}")
            elif type(value) is not type(policy.value) or (isinstance(value, int) and value < 0):
                wrong.append(f"{name} is like {policy.value!r}, not {value!r}")
        if wrong:
            raise InputError("These policies cannot be set:", wrong)
        return dataclasses.replace(self, **changes)

    def shown(self) -> tuple[tuple[str, Policy, object], ...]:
        """Every policy with the value that is set: (name, policy, value)."""
        return tuple((name, policy, getattr(self, name)) for name, policy in policy_table().items())


DEFAULT = Policies(**{name: policy.value for name, policy in policy_table().items()})  # type: ignore[arg-type]
"""What holds unless somebody sets otherwise."""
