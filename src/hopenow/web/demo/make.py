"""Makes the demonstration: organizations and people, and cases in every state of their life.

Cases are made by the same actions that people use, so every ledger is one that could have come about. The same
seed on the same day makes the same people and stories; only identifiers differ, as nobody may guess them.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import importlib.resources
import random
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from hopenow.dates import add_months, first_of_month, first_of_next_month
from hopenow.errors import HopeNowError
from hopenow.law.loader import read_strict
from hopenow.web.acting import Actor, serving
from hopenow.web.cases.actions import perform
from hopenow.web.cases.kinds import kinds
from hopenow.web.cases.models import Case, Grant
from hopenow.web.people.models import Membership, Organization, Person

SEED = 20071010
COPIES = 2
HOST = "demo.example"
"""Made-up people have addresses at this host, which nobody can own."""

_SHARED = ("status", "facts", "documents", "conversation")
_RELATION = {"counseling": "counselor", "legal_aid": "legal_aid", "servicer": "servicer", "investor": "investor"}
_ENDS = frozenset({"current", "kept", "given_up", "lost", "closed"})
_WHY = {
    "counselor": "to help me with my application",
    "servicer": "it services my loan",
    "legal_aid": "to look at my rights",
    "investor": "it owns the loan",
    "alliance": "to follow up when somebody is late",
}


class DemoError(HopeNowError):
    """The demonstration cannot be made here."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Organization(_Data):
    kind: str
    name: str
    members: dict[str, str]


class Story(_Data):
    """How a case goes; see ``stories.yaml``."""

    state: str
    unpaid: int
    opened: int
    care: bool = True
    shared: list[str] = Field(default_factory=list, alias="with")
    steps: list[list[Any]]


class Stories(_Data):
    """Everything that the demonstration is made of."""

    organizations: list[_Organization]
    given: list[str]
    family: list[str]
    streets: list[str]
    towns: dict[str, str]
    doors: list[str]
    payment: list[int]
    care: list[list[Any]]
    each_month: list[Any]
    stories: dict[str, Story]


@functools.cache
def stories() -> Stories:
    """Return the stories."""
    path = importlib.resources.files("hopenow.web.demo").joinpath("stories.yaml")
    return Stories.model_validate(read_strict(path))


@dataclasses.dataclass(frozen=True)
class Made:
    """What was made.

    Attributes:
        cases: how many cases.
        people: how many people can be signed in as.
        again: it was there already; nothing was made now.
    """

    cases: int
    people: int
    again: bool = False


def make(today: datetime.date, seed: int = SEED, copies: int = COPIES) -> Made:
    """Make the demonstration, whole or not at all; where it stands already, leave it as it is.

    Args:
        today: the day that the stories count back from.
        seed: the same seed makes the same people and stories.
        copies: cases of each story.

    Raises:
        DemoError: when the database holds people who are not made up.
    """
    with serving("operations"):
        if Person.objects.exclude(email__endswith=f"@{HOST}").exists():
            raise DemoError(
                "this database holds people who were not made up, and in a demonstration anybody may sign in as"
                " anybody; name an empty folder with --data"
            )
        if Person.objects.exists():
            return Made(Case.objects.count(), Person.objects.count(), again=True)
        chance = random.Random(seed)  # noqa: S311  (made-up people, no secrets)
        members = _organizations()
        names = [f"{first} {last}" for first in stories().given for last in stories().family]
        chance.shuffle(names)
        for copy in range(copies):
            for story in stories().stories.values():
                _Telling(story, today, copy, chance, members, names.pop()).tell()
        return Made(Case.objects.count(), Person.objects.count())


def _person(name: str) -> Person:
    return Person.objects.create_user(f"{re.sub(r'[^a-z]+', '.', name.lower())}@{HOST}", name)


def _organizations() -> dict[str, list[Actor]]:
    """Make the organizations; return one worker of each, by kind."""
    found: dict[str, list[Actor]] = {}
    for each in stories().organizations:
        organization = Organization.objects.create(kind=each.kind, name=each.name)
        actors = []
        for name, role in each.members.items():
            person = _person(name)
            Membership.objects.create(person=person, organization=organization, role=role)
            actors.append(Actor(person.id, organization.id, role, each.kind))
        found.setdefault(each.kind, []).append(actors[0])
    return found


class _Telling:
    """One story, told of one homeowner."""

    def __init__(
        self,
        story: Story,
        today: datetime.date,
        copy: int,
        chance: random.Random,
        members: Mapping[str, Sequence[Actor]],
        name: str,
    ) -> None:
        self.story, self.today, self.chance, self.name = story, today, chance, name
        # A later copy of a story happened a little earlier.
        self.earlier = copy * chance.randint(1, 3)
        self.parties = {kind: actors[chance.randrange(len(actors))] for kind, actors in members.items()}

    def day(self, ago: int) -> datetime.date:
        """Return the day so many days ago; days to come stay what they are, whichever copy it is."""
        return self.today - datetime.timedelta(days=ago + (self.earlier if ago > 0 else 0))

    def tell(self) -> None:
        """Make the homeowner, open the case, share it, and tell what happened."""
        data = stories()
        homeowner = Actor(_person(self.name).id)
        state = self.chance.choice(sorted(data.towns))
        first_due = first_of_month(add_months(self.today, -self.story.unpaid))
        servicer = Organization.objects.get(id=self.parties["servicer"].organization)
        given = {
            "channel": self.chance.choice(data.doors),
            "borrower": self.name,
            "property": f"{self.chance.randint(10, 990)} {self.chance.choice(data.streets)}, {data.towns[state]}",
            "loan_number": str(self.chance.randint(10**9, 10**10 - 1)),
            "day": self.day(self.story.opened),
            "loan": {
                "servicer": servicer.name,
                "state": state,
                "first_due": first_due.isoformat(),
                "payment": str(self.chance.randrange(data.payment[0], data.payment[1], 5)),
                "principal_residence": True,
            },
        }
        case = perform(homeowner, "open_case", None, given).case
        for kind in ("servicer", "counseling", *self.story.shared):
            self._share(homeowner, case, kind)
        for ago, kind, *details in self._steps(first_due):
            self._step(homeowner, case, ago, kind, *details)

    def _steps(self, first_due: datetime.date) -> list[list[Any]]:
        """Return what happens, in the order of its days: the servicer's care first, then the story's own."""
        data, own = stories(), self.story.steps
        care: list[list[Any]] = []
        if self.story.care:
            after, *monthly = data.each_month
            dates = [add_months(first_due, month) for month in range(self.story.unpaid)]
            care += [[(self.today - each).days - after, *monthly] for each in dates]
            care += [[(self.today - first_due).days - each, *rest] for each, *rest in data.care]
        # Nothing is chased any more once the story has come to its end.
        end = own[-1][0] if self.story.state in _ENDS else -1
        return sorted([*(step for step in care if step[0] > end), *own], key=lambda step: -step[0])

    def _share(self, homeowner: Actor, case: uuid.UUID, kind: str) -> None:
        relation = _RELATION.get(kind, kind)
        given = {
            "grantee": self.parties[kind].organization,
            "relation": relation,
            "scopes": list(_SHARED if relation in ("servicer", "counselor", "legal_aid") else _SHARED[:1]),
            "reason": _WHY[relation],
            "day": self.day(self.story.opened),
        }
        perform(homeowner, "share_case", case, given)

    def _step(
        self, homeowner: Actor, case: uuid.UUID, ago: int, kind: str, details: Mapping[str, Any] | None = None
    ) -> None:
        if kind == "case_closed":
            perform(self.parties["counseling"], "close_case", case, details or {})
            return
        known = kinds()[kind]
        kept = {name: self._value(known.fields[name].type, value) for name, value in (details or {}).items()}
        # What the servicer received it puts on record itself; the rest is the homeowner's own.
        theirs = known.who in ("servicer", "court") or kind.endswith(("_received", "_made", "_complete"))
        actor = self.parties["servicer"] if theirs else homeowner
        perform(actor, "tell", case, {"kind": kind, "day": self.day(ago), "details": kept})

    def _value(self, type_: str, value: Any) -> Any:
        if type_ != "date":
            return value
        if value == "next_first":
            return first_of_next_month(self.today).isoformat()
        return self.day(value).isoformat()


@dataclasses.dataclass(frozen=True)
class Face:
    """Somebody to be.

    Attributes:
        id: the person.
        name: their name.
        what: their role, or how things stand with their case.
    """

    id: uuid.UUID
    name: str
    what: str


@dataclasses.dataclass(frozen=True)
class Group:
    """People under one heading."""

    title: str
    kind: str
    faces: tuple[Face, ...]


def groups() -> list[Group]:
    """Return whom one can be: one homeowner for each state of a case, then the staff of each organization."""
    from hopenow.web.cases.states import machine

    with serving("operations"):
        states = dict(Case.objects.order_by("-opened_at").values_list("id", "state"))
        owners = dict(Grant.objects.filter(relation="borrower").values_list("case_id", "grantee"))
        first = {state: owners[case] for case, state in states.items() if case in owners}
        people = {each.id: each for each in Person.objects.filter(email__endswith=f"@{HOST}")}
        homeowners = tuple(
            Face(people[first[name]].id, str(people[first[name]]), state.words)
            for name, state in machine().states.items()
            if first.get(name) in people
        )
        staff: dict[Organization, list[Face]] = {}
        members = Membership.objects.select_related("organization", "person").filter(until=None, person__in=people)
        for each in members.order_by("organization__kind", "organization__name", "since"):
            staff.setdefault(each.organization, []).append(
                Face(each.person_id, str(each.person), str(each.get_role_display()))
            )
    return [
        Group("Homeowners", "", homeowners),
        *(Group(each.name, str(each.get_kind_display()), tuple(faces)) for each, faces in staff.items()),
    ]
