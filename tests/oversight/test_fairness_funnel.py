"""The way to help equals a plain count; small cells cannot be worked out; the alarm hears planted skew."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, milp

from hopenow.errors import InputError
from hopenow.oversight.fairness import Choices, examine
from hopenow.oversight.fairness.alarm import alarms
from hopenow.oversight.fairness.cells import EVERYBODY, MERGED, joined
from hopenow.oversight.fairness.groups import UNKNOWN, with_groups
from hopenow.oversight.fairness.mapping import ModelSpec
from hopenow.oversight.fairness.stages import reach
from tests.oversight.fairness_people import STEPS, applications, people


def test_counts_and_rates_equal_a_plain_count() -> None:
    frame = people(20_000, 1, bias=0.8)
    result = examine(applications(frame, controls=("risk_score",)))
    for group in ("white", "black"):
        rows = [row for row in frame.iter_rows(named=True) if row["race"] == group]
        before = len(rows)
        for stage in STEPS:
            after = sum(row[stage] == "yes" for row in rows)
            shown = result.funnel.steps.filter(
                (pl.col("dimension") == "race") & (pl.col("group") == group) & (pl.col("stage") == stage)
            ).row(0, named=True)
            assert (shown["people"], shown["entered"], shown["reached"]) == (len(rows), before, after)
            assert shown["not_known"] == 0
            assert shown["rate"] == pytest.approx(after / before)
            assert shown["rate_low"] < shown["rate"] < shown["rate_high"]
            before = after
    offered = result.funnel.steps.filter((pl.col("dimension") == "race") & (pl.col("stage") == "offered"))
    black = offered.filter(pl.col("group") == "black").row(0, named=True)
    assert black["flag"] == "adverse impact"
    assert black["adjusted_ratio_high"] < 1
    assert black["reference"] == black["highest"] == "white"
    other = result.funnel.steps.filter((pl.col("dimension") == "sex") & (pl.col("flag") != ""))
    assert other.is_empty()


def test_people_of_whom_it_cannot_be_told_are_neither_yes_nor_no() -> None:
    frame = people(1_000, 2).with_columns(
        pl.when(pl.int_range(pl.len()) % 4 == 0).then(pl.lit("")).otherwise("durable").alias("durable")
    )
    steps = examine(applications(frame)).funnel.steps
    row = steps.filter((pl.col("dimension") == "") & (pl.col("stage") == "durable")).row(0, named=True)
    permanent = frame.filter(pl.col("permanent") == "yes")
    unknown = permanent.filter(pl.col("durable") == "").height
    assert row["entered"] == permanent.height
    assert row["not_known"] == unknown
    assert row["rate"] == pytest.approx(
        permanent.filter(pl.col("durable") == "yes").height / (permanent.height - unknown)
    )


def test_choices_that_cannot_be_done_are_refused_together() -> None:
    made = applications(people(200, 3))
    choices = Choices(
        by=("race", "language"),
        controls=("loan_to_value",),
        references={"race": "green", "county": "x"},
        models={"m": ModelSpec(outcome="denied", terms=("age",))},
    )
    with pytest.raises(InputError) as caught:
        examine(made, choices=choices)
    for part in ("'language'", "'loan_to_value'", "'green'", "'county'", "'denied'"):
        assert part in str(caught.value)


def test_groups_and_references_may_be_chosen() -> None:
    result = examine(applications(people(500, 4)), choices=Choices(by=("race",), references={"race": "black"}))
    assert [item.id for item in result.dimensions] == ["race"]
    assert result.funnel.steps.filter(pl.col("dimension") == "race")["reference"].unique().to_list() == ["black"]


# --- small cells ----------------------------------------------------------------------------------


def possible(
    classes: dict[tuple[str, str], int], shown: list[tuple[dict[tuple[str, str], int], int]], target: Any
) -> float:
    """The most that an attacker must think possible of a sum of cells: whole numbers that agree with what is shown."""
    names = list(classes)
    place = {name: number for number, name in enumerate(names)}
    rows, values = [], []
    for weights, value in shown:
        row = np.zeros(len(names))
        for name, weight in weights.items():
            row[place[name]] = weight
        rows.append(row)
        values.append(value)
    aim = np.zeros(len(names))
    for name in target:
        aim[place[name]] = -1
    # Empty cells are known to be empty.
    high = [0 if classes[name] == 0 else np.inf for name in names]
    answer = milp(
        aim,
        constraints=LinearConstraint(np.array(rows), values, values),
        bounds=(0, high),
        integrality=np.ones(len(names)),
    )
    assert answer.status in {0, 3}
    return np.inf if answer.status == 3 else -float(answer.fun)


def given_away(seed: int, count: int, groups: int) -> tuple[int, int]:
    """Attack the published steps of a made-up file; return how many small figures there are, and how many are found."""
    least = 10
    rng = np.random.default_rng(seed)
    cuts = tuple(float(x) for x in rng.uniform(0.55, 0.98, len(STEPS)))
    weights = rng.dirichlet(np.full(groups, 0.7))
    frame = people(count, seed, cuts=cuts).with_columns(
        pl.Series("race", [["a", "b", "c", "d", "e", ""][number] for number in rng.choice(groups, count, p=weights)]),
        pl.Series("durable", np.where(rng.uniform(size=count) < 0.2, "", "keep")).alias("_hide"),
    )
    frame = frame.with_columns(
        pl.when(pl.col("_hide") == "").then(pl.lit("")).otherwise("durable").alias("durable")
    ).drop("_hide")
    result = examine(applications(frame), choices=Choices(by=("race",)))
    steps = result.funnel.steps
    cells = result.funnel.tables["race"]
    # The exclusive classes, counted here.
    stages = ["delinquent", *STEPS]

    def group_of(row: dict[str, Any]) -> str:
        name = row["race"] or UNKNOWN
        return cells.joined.get(name, name)

    counts: Counter[tuple[str, str]] = Counter()
    for row in frame.iter_rows(named=True):
        furthest = max(number for number, stage in enumerate(stages) if row[stage] == "yes")
        following = row[stages[furthest + 1]] if furthest + 1 < len(stages) else "no"
        counts[group_of(row), f"{furthest}{'?' if following == '' else ''}"] += 1
    names = [f"{number}{mark}" for number in range(len(stages)) for mark in ("", "?")]
    classes = {(group, name): counts[group, name] for group in cells.groups for name in names}
    shown: list[tuple[dict[tuple[str, str], int], int]] = []
    small: list[list[tuple[str, str]]] = [[key] for key, value in classes.items() if 0 < value < least]
    for row in steps.filter(pl.col("dimension").is_in(["", "race"])).iter_rows(named=True):
        own = cells.groups if row["group"] == EVERYBODY else (row["group"],)
        at = stages.index(row["stage"])
        parts = {
            "people": [(group, name) for group in own for name in names],
            "reached": [(group, name) for group in own for name in names if int(name.rstrip("?")) >= at],
            "not_known": [(group, f"{at - 1}?") for group in own] if at else [],
        }
        for figure, inside in parts.items():
            truth = sum(classes[key] for key in inside)
            value = row[figure]
            assert value is None or value == truth
            assert value is None or not 0 < value < least
            if value is not None:
                shown.append((dict.fromkeys(inside, 1), value))
            elif truth and 0 < truth < least:
                small.append(inside)
        if row["rate"] is not None:
            assert None not in (row["entered"], row["reached"], row["not_known"])
        if row["group"] != EVERYBODY and row["ratio"] is not None:
            assert not row["withheld"]
    return len(small), sum(possible(classes, shown, target) < least for target in small)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from([25, 60, 150, 400]), st.integers(2, 6))
def test_no_small_cell_is_shown_or_can_be_worked_out(seed: int, count: int, groups: int) -> None:
    assert given_away(seed, count, groups)[1] == 0


def test_the_attacker_finds_what_is_only_half_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(numbers: list[int], sums: Any, least: int, public: Any = ()) -> Any:
        return [0 < number < least for number in numbers]

    monkeypatch.setattr("hopenow.oversight.fairness.cells.hidden_cells", careless)
    small, found = given_away(1, 400, 3)
    assert small > 5
    assert found > 5


def counted(names: list[str], sizes: dict[str, int], ordered: bool = False) -> dict[str, str]:
    return joined(names, sizes, 10, ordered=ordered)


def test_where_small_groups_go() -> None:
    some = ["a", "b", "c", "d"]
    assert counted(some, {"a": 900, "b": 50, "c": 6, "d": 5}) == {"c": MERGED, "d": MERGED}
    assert counted(some, {"a": 900, "b": 50, "c": 3, "d": 5}) == {"c": "a", "d": "a"}
    assert counted([*some, UNKNOWN], {"a": 900, "b": 50, "c": 30, "d": 5, UNKNOWN: 40}) == {"d": UNKNOWN}
    assert counted([*some, UNKNOWN], {"a": 900, "b": 50, "c": 30, "d": 20, UNKNOWN: 4}) == {UNKNOWN: "a"}
    assert counted(["a"], {"a": 4}) == {}
    assert counted(some, {"a": 900, "b": 50, "c": 6, "d": 300}, ordered=True) == {"c": "b"}
    assert counted([*some, UNKNOWN], {"a": 3, "b": 3, "c": 300, "d": 2, UNKNOWN: 5}, ordered=True) == {
        "a": "c", "b": "c", "d": "c", UNKNOWN: "c",
    }  # fmt: skip
    many = [f"g{number}" for number in range(60)]
    into = counted(many, {name: 100 + place for place, name in enumerate(many)})
    assert len(into) == 21
    assert set(into.values()) == {MERGED}


def test_a_reference_that_is_too_small_gives_way_to_the_largest_group() -> None:
    frame = people(600, 5).with_columns(
        pl.when(pl.int_range(pl.len()) < 6).then(pl.lit("few")).when(pl.int_range(pl.len()) < 12).then(pl.lit("fewer"))
        .otherwise("race").alias("race")
    )  # fmt: skip
    result = examine(applications(frame, references={"race": "few"}), choices=Choices(by=("race",)))
    cells = result.funnel.tables["race"]
    assert cells.joined == {"few": MERGED, "fewer": MERGED}
    assert result.funnel.steps.filter(pl.col("dimension") == "race")["reference"].unique().to_list() == ["white"]


# --- the alarm ------------------------------------------------------------------------------------


def test_planted_skew_rings_at_its_own_step() -> None:
    result = examine(applications(people(4_000, 8, skew=2.5)))
    rung = result.alarms.filter(pl.col("alarm"))
    assert {(row["from_stage"], row["stage"]) for row in rung.iter_rows(named=True)} >= {("decided", "offered")}
    assert set(rung["dimension"]) == {"risk_decile"}
    single = rung.filter(pl.col("from_stage") != "delinquent")
    assert set(single["stage"]) == {"offered"}


def test_help_that_goes_to_the_riskiest_does_not_ring() -> None:
    assert examine(applications(people(4_000, 9, skew=-2.5))).alarms.filter(pl.col("alarm")).is_empty()


def test_a_small_gap_in_a_large_file_does_not_ring() -> None:
    found = examine(applications(people(40_000, 10, skew=0.35))).alarms
    offered = found.filter((pl.col("stage") == "offered") & (pl.col("from_stage") == "decided")).row(0, named=True)
    assert offered["p_together"] < 0.01
    assert not offered["alarm"]
    assert offered["says"] == "The rate falls with risk, but the gap is small."


def rings(frame: pl.DataFrame) -> bool:
    made = applications(frame)
    reached = reach(made)
    grouped, dimensions = with_groups(reached.frame, made.mapping, ("risk_decile",))
    return bool(alarms(reached, grouped, dimensions)["alarm"].any())


def test_unplanted_files_are_silent() -> None:
    # One percent for all tests of a file together; and a gap is needed besides.
    assert sum(rings(people(600, 100 + seed)) for seed in range(100)) <= 4


def test_power_of_the_alarm() -> None:
    assert sum(rings(people(1_500, 300 + seed, skew=2.5)) for seed in range(20)) >= 19


def test_delinquency_stages_are_an_order_of_risk_too() -> None:
    rng = np.random.default_rng(11)
    days = rng.choice([0, 20, 45, 75, 100, 200], 3_000)
    helped = rng.uniform(size=3_000) < 0.8 - 0.1 * np.digitize(days, [1, 30, 60, 90, 120])
    frame = pl.DataFrame(
        {"days_delinquent": days.astype(str), "applied": ["yes"] * 3_000, "offered": np.where(helped, "yes", "no")}
    )
    found = examine(applications(frame)).alarms
    assert found["dimension"].unique().to_list() == ["delinquency_stage"]
    assert found["alarm"].to_list() == [True]


def test_too_few_people_are_said_to_be_too_few() -> None:
    found = examine(applications(people(150, 12, skew=8))).alarms
    assert not found["alarm"].any()
    assert set(found["says"]) == {"too few people to tell"}
    assert found["people"].null_count() == found.height


@pytest.mark.parametrize("reverse", [False, True])
def test_the_order_of_the_rows_does_not_matter(reverse: bool) -> None:
    frame = people(800, 13)
    other = frame.reverse() if reverse else frame.sample(fraction=1.0, shuffle=True, seed=3)
    one, two = (examine(applications(item, controls=("age",))).tables() for item in (frame, other))
    for name in one:
        for row, twin in zip(one[name].iter_rows(), two[name].iter_rows(), strict=True):
            assert [x for x in itertools.chain(row) if not isinstance(x, float)] == [
                x for x in twin if not isinstance(x, float)
            ]
            assert [x for x in row if isinstance(x, float)] == pytest.approx(
                [x for x in twin if isinstance(x, float)], rel=1e-6, nan_ok=True
            )
