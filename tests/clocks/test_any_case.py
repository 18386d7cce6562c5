"""Any list of events that is not refused can be derived on any day, and keeps the properties."""

from __future__ import annotations

import datetime
import json
import random
from typing import Any

import pytest

from hopenow.clocks import DEFAULT, Case, Clockwork, derive, event_kinds, read_case, simulate
from hopenow.clocks.events import FieldSpec
from hopenow.clocks.state import OF_PROGRAMS
from hopenow.errors import InputError

ERAS = {
    "before the rules": (2012, 2015),
    "before 2017": (2015, 2019),
    "2020 and after": (2019, 2023),
    "today": (2024, 2027),
}
POLICIES = (
    DEFAULT,
    DEFAULT.with_(
        observed_holidays="saturday_to_friday",
        roll_back="previous_business_day",
        appeal_made_on="receipt",
        facial_sale_test="actual",
        silence_is_rejection=False,
        proposal_2024=True,
        promptly_days=0,
    ),
)


def value(rng: random.Random, spec: FieldSpec, day: datetime.date, ids: list[str]) -> Any:
    """A value that a field could have."""
    if spec.type == "date":
        return rng.choice([day.replace(day=1), day + datetime.timedelta(days=rng.randrange(-5, 120))])
    if spec.type == "event":
        return rng.choice(ids) if ids else "nothing"
    choices: dict[str, Any] = {
        "money": rng.choice(["600.00", "1000.00", "2500.00"]),
        "flag": rng.random() < 0.5,
        "count": rng.randrange(1, 8),
        "text": rng.choice(["pay stub", "tax return", "Second", "Third"]),
        "words": rng.choice([[], ["pay stub"], ["modification"], ["plan", "tax return"]]),
    }
    return rng.choice(spec.choices) if spec.choices else choices[spec.type]


def any_case(seed: int, era: tuple[int, int], wanted: int = 40, of_programs: bool = False, **facts: Any) -> Case:
    """Add events at random, each kept only if the case can still have happened; of programs too, where wanted."""
    rng = random.Random(seed)
    kinds = event_kinds()
    names = sorted(kinds if of_programs else set(kinds) - OF_PROGRAMS)
    first = datetime.date(era[0], rng.randrange(1, 13), rng.choice([1, 1, 1, 15]))
    loan = {
        "servicer": "First",
        "first_due": first,
        "payment": "1000.00",
        "principal_residence": rng.choice([True, True, True, None, False]),
        "debt_collector": rng.random() < 0.3,
        "small_servicer": rng.random() < 0.15,
        "statements_tracked": rng.random() < 0.3,
        "options_available": rng.random() < 0.9,
        **facts,
    }
    start = datetime.date(era[0], 1, 1)
    span = (era[1] - era[0]) * 365
    days = sorted(start + datetime.timedelta(days=rng.randrange(span)) for _ in range(wanted * 4))
    content: dict[str, Any] = {"case": f"R{seed}", "loan": loan, "events": []}
    case = read_case(content)
    for day in days:
        if len(case.events) >= wanted:
            break
        name = rng.choice(names)
        kind = kinds[name]
        ids = [event.id for event in case.events]
        fields = {
            key: value(rng, spec, day, ids) for key, spec in kind.fields.items() if spec.required or rng.random() < 0.5
        }
        openers = [event.id for event in case.events if kind.of and kinds[event.kind].opens == kind.of]
        about = {"about": rng.choice(openers)} if openers else {}
        row = {"kind": name, "day": day, "id": f"e{len(ids)}", **fields, **about}
        grown = {**content, "events": [*content["events"], row]}
        try:
            case = read_case(grown)
        except InputError:
            continue
        content = grown
    return case


def sound(clockwork: Clockwork) -> None:
    """Nothing stands twice, ends before it begins, or is done in the future."""
    duties = [(duty.legal.rule, duty.about, duty.since, duty.due) for duty in clockwork.duties]
    assert len(duties) == len(set(duties))
    for shield in clockwork.protections:
        assert shield.start <= clockwork.as_of
        assert shield.until is None or shield.start <= shield.until
    for right in clockwork.rights:
        assert right.until is None or right.start <= right.until
    for duty in clockwork.duties:
        assert duty.done is None or duty.done <= clockwork.as_of
        # A notice of transfer goes out before the transfer.
        assert duty.due is None or duty.since <= duty.due or duty.legal.rule in ("TN-1", "TN-2")


@pytest.mark.parametrize("era", ERAS)
def test_any_case_can_be_derived(era: str) -> None:
    for seed in range(25):
        case = any_case(seed, ERAS[era])
        last = case.events[-1].day if case.events else datetime.date(ERAS[era][1], 1, 1)
        for policies in POLICIES:
            for day in (last + datetime.timedelta(days=40), datetime.date(ERAS[era][0], 6, 1)):
                clockwork = derive(case, day, policies)
                shown = json.dumps(clockwork.as_dict())
                assert "{0}" not in shown
                sound(clockwork)
                frame = simulate([case], day, policies, everything=True)
                assert frame["status"].to_list().count("overdue") == sum(
                    d.status == "overdue" for d in clockwork.duties
                )


def test_the_kinds_are_all_met() -> None:
    met = {event.kind for era in ERAS.values() for seed in range(40) for event in any_case(seed, era).events}
    assert len(met) > (len(event_kinds()) - len(OF_PROGRAMS)) * 0.9
