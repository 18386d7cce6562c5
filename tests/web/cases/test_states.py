"""The states of a case: sound data, everyday words, and a machine that refuses what its data does not allow."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hopenow.web.cases.kinds import kinds
from hopenow.web.cases.states import Machine, machine

MOVING = sorted(machine().moving)
EVENTS = st.lists(st.tuples(st.sampled_from(MOVING), st.sampled_from([{}, {"offered": ["modification"]}])), max_size=25)


def test_every_state_can_be_left_or_is_final_or_says_what_to_do() -> None:
    for name, state in machine().states.items():
        assert state.words.endswith("."), name
        assert state.next.endswith("."), name


@given(EVENTS)
def test_folding_never_leaves_the_machine(events: list[tuple[str, dict[str, Any]]]) -> None:
    assert machine().fold(events) in machine().states


@given(EVENTS)
def test_folding_step_by_step_is_folding_at_once(events: list[tuple[str, dict[str, Any]]]) -> None:
    state = machine().first
    for kind, details in events:
        state = machine().after(state, kind, details) or state
    assert state == machine().fold(events)


@pytest.mark.parametrize("state", [name for name, state in machine().states.items() if state.final])
@pytest.mark.parametrize("kind", MOVING)
def test_nothing_moves_a_final_state(state: str, kind: str) -> None:
    assert machine().after(state, kind, {}) is None


def test_decisions_branch() -> None:
    assert machine().after("in_review", "decision_sent", {"offered": ["x"]}) == "offered"
    assert machine().after("in_review", "decision_sent", {}) == "denied"


def test_the_picture_shows_every_transition() -> None:
    picture = machine().picture()
    for name, state in machine().states.items():
        for event, to in state.to.items():
            for target in to.split("/"):
                assert f"{name} --> {target}: {event}" in picture


SOUND: dict[str, Any] = {
    "first": "a",
    "everywhere": {"case_closed": "b"},
    "states": {"a": {"words": "A.", "next": "N."}, "b": {"words": "B.", "next": "N.", "to": {"case_reopened": "a"}}},
}


def broken(**change: Any) -> dict[str, Any]:
    return {**SOUND, **change}


def test_the_planted_machine_is_sound() -> None:
    Machine.model_validate(SOUND)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (broken(first="c"), "no such state: c"),
        (broken(everywhere={"case_closed": "c"}), "no such state: c"),
        (broken(everywhere={"no_such_event": "b"}), "no such event: no_such_event"),
        (broken(everywhere={}), "no event leads to: b"),
        (
            broken(states={**SOUND["states"], "a": {"words": "A.", "next": "N.", "to": {"offer_accepted": "a/b"}}}),
            "two states",
        ),
        (
            broken(states={**SOUND["states"], "a": {"words": "A.", "next": "N.", "to": {"decision_sent": "a"}}}),
            "two states",
        ),
        (broken(states={**SOUND["states"], "a": {"words": "A."}}), "next"),
    ],
)
def test_a_defect_of_the_data_is_an_error(content: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Machine.model_validate(content)


def test_private_and_open_details_never_share_a_name() -> None:
    for name, kind in kinds().items():
        assert not set(kind.fields) & set(kind.private), name
