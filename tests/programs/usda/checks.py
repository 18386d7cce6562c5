"""What every program must hold to; used by the tests of USDA, Section 184 and assistance funds."""

from __future__ import annotations

import datetime
import importlib.resources
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from polars.testing import assert_frame_equal

from hopenow.facts import schema
from hopenow.facts.derived import DERIVED
from hopenow.law import FIRST_DAY, OptionLaw, segments
from hopenow.mortgage.kernels import payment_array
from hopenow.programs.base import Program
from hopenow.review import Settings, explain, review, review_canonical
from hopenow.review.plan import intervals
from tests.review.loans import WHOLE

DAY = datetime.timedelta(days=1)


def settings(program: Program) -> Settings:
    return Settings(programs=(program.id,), extra_programs={program.id: program})


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    """One canonical row per argument; facts left out are unknown."""
    names = list(dict.fromkeys(["loan_id", "evaluation_date", *(name for row in rows for name in row)]))
    return pl.DataFrame(
        [{name: row.get(name) for name in names} for row in rows],
        schema={name: schema()[name].dtype for name in names},
    )


def words(result: pl.DataFrame) -> pl.DataFrame:
    return result.with_columns(pl.selectors.enum().cast(pl.String), pl.selectors.categorical().cast(pl.String))


def answers(program: Program, facts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The answers for one loan."""
    result = review_canonical(frame({**facts, **changes}), settings(program))
    return words(result).row(0, named=True)


def failed(row: dict[str, Any], option: str) -> set[str]:
    return set(filter(None, row[f"{option}__failed"].split(";")))


def conditions(row: dict[str, Any], option: str) -> set[str]:
    return set(filter(None, row[f"{option}__conditions"].split(";")))


def unknown(row: dict[str, Any], option: str) -> set[str]:
    return set(filter(None, row[f"{option}__unknown"].split(";")))


def random_loans(count: int, seed: int, fixed: dict[str, Any], holes: float = 0.2) -> pl.DataFrame:
    """Random loans over every fact; a share of what can be unknown is unknown."""
    rng = np.random.default_rng(seed)
    balance = rng.integers(2_000_000, 60_000_000, count)
    rate, term = rng.integers(0, 80, count) * 1250, rng.integers(1, 400, count)
    columns: dict[str, pl.Series] = {
        "loan_id": pl.Series([f"L{number:06d}" for number in range(count)]),
        "evaluation_date": pl.Series(np.datetime64("2012-06-01") + rng.integers(0, 5400, count)).cast(pl.Date),
        "interest_bearing_balance": pl.Series(balance),
        "note_rate": pl.Series(rate),
        "remaining_term": pl.Series(term.astype(np.int32)),
        "monthly_principal_and_interest": pl.Series(payment_array(balance, rate, term)),
    }
    day = columns["evaluation_date"].to_numpy()
    spans = {"money": 400_000, "rate": 200_000, "months": 14, "days": 200, "count": 6}
    for fact in schema().values():
        if fact.name in columns:
            continue
        if fact.type in spans:
            low, high = fact.canonical_range
            values = rng.integers(0, spans[fact.type], count).clip(low, high)
            columns[fact.name] = pl.Series(values).cast(fact.dtype)
        elif fact.type == "flag":
            columns[fact.name] = pl.Series(rng.random(count) < 0.5)
        elif fact.type == "choice":
            columns[fact.name] = pl.Series(rng.choice(list(fact.choices), count), dtype=fact.dtype)
        elif fact.type == "date":
            columns[fact.name] = pl.Series(day - rng.integers(-30, 900, count)).cast(pl.Date)
    for name, value in fixed.items():
        dtype = schema()[name].dtype
        if isinstance(value, list):
            columns[name] = pl.Series(rng.choice(value, count)).cast(dtype)
        else:
            columns[name] = pl.Series([value] * count, dtype=dtype)
    keep = {"loan_id", "evaluation_date", *fixed}
    return pl.DataFrame(
        [
            (series if name in keep else series.set(pl.Series(rng.random(count) < holes), None)).alias(name)
            for name, series in columns.items()
        ]
    )


# --- checks ---------------------------------------------------------------------------------------


def check_whole(program: Program, folder: str) -> None:
    """Rules and law agree, every figure is used, columns lead back to facts, options stand in every order."""
    offered = {option.id for option in program.options if option.kind != "finding"}
    for order in program.orders.values():
        assert set(order) == offered
        assert len(order) == len(offered)
    assert set(program.order_sources) == set(program.orders)
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in Path(str(importlib.resources.files(f"hopenow.programs.{folder}"))).glob("*.py")
    )
    known = set(schema()) | set(DERIVED)
    for option in program.options:
        known |= {f"{option.id}__{name}" for name in option.columns} | {f"{option.id}__met"}
    documents = program.options[0].law.documents
    for sourced in program.order_sources.values():
        assert sourced["cite"].partition("#")[0] in documents
    for option in program.options:
        law = option.law
        assert set(option.rules) == set(law.rules), option.id
        text = " ".join(f"{rule.says} {rule.change}" for rule in law.rules.values())
        text += " ".join(term.says for term in law.process.values())
        unused = [name for name in law.parameters if f'"{name}"' not in source and f"{{{name}}}" not in text]
        assert unused == [], option.id
        assert set(option.needs) <= known, option.id
        assert set(option.additive) <= set(schema()), option.id
        for segment in segments(law, program.id):
            for name in segment.rules:
                columns = set(option.rules[name](segment.parameters).meta.root_names())
                assert columns <= known, name
    for interval in intervals(program):
        for planned in interval.options:
            for rule in planned.rules:
                assert rule.facts or set(rule.columns) <= {"evaluation_date"}, rule.id
    for earlier, later in pairwise(intervals(program)):
        assert later.start - earlier.end == DAY


def edges(program: Program) -> Iterator[tuple[str, datetime.date, str]]:
    """Every option on each effective date, one day before and one day after, with the rule set in force."""
    for option in program.options:
        days = set()
        for rule_set in option.law.rule_sets:
            for day in (rule_set.start, rule_set.end, rule_set.known_since):
                if day is not None:
                    days |= {day - DAY, day, day + DAY}
        for day in sorted(days):
            yield option.id, day, _in_force(option.law, day)


def _in_force(law: OptionLaw, day: datetime.date) -> str:
    for rule_set in law.rule_sets:
        start, end = rule_set.start or FIRST_DAY, rule_set.end or datetime.date.max
        if start <= day <= end:
            return rule_set.id
    if day < min(rule_set.start or FIRST_DAY for rule_set in law.rule_sets):
        # Where nobody says that the option began then, earlier rules may have been there.
        return "NOT-YET-IN-FORCE" if law.introduced else "NOT-COVERED"
    return "ENDED"


def check_edge(program: Program, facts: dict[str, Any], option: str, day: datetime.date, rule_set: str) -> None:
    """The rule set in force on a day; a program none of whose options is in force gives no answer at all."""
    offered = {_in_force(item.law, day) for item in program.options if item.kind != "finding"} - {
        "NOT-YET-IN-FORCE",
        "NOT-COVERED",
        "ENDED",
    }
    row = answers(program, facts, evaluation_date=day)
    if offered:
        assert row[f"{option}__rule_set"] == rule_set
        if rule_set == "NOT-COVERED":  # a refusal, and not today's rule
            assert row[f"{option}__status"] == "not_determined"
    else:
        assert row.get("program") is None


def check_batch_equals_singles(program: Program, loans: pl.DataFrame) -> None:
    """All at once, one by one and in another order give the same."""
    whole = words(review_canonical(loans, settings(program)))
    backward = words(review_canonical(loans.reverse(), settings(program)))
    keys = ["loan_id"]
    assert_frame_equal(whole.sort(keys), backward.sort(keys), check_column_order=False)
    for number in range(0, loans.height, max(1, loans.height // 25)):
        single = words(review_canonical(loans[number : number + 1], settings(program)))
        expected = whole.filter(pl.col("loan_id") == loans["loan_id"][number])
        shared = [name for name in expected.columns if name in single.columns]
        assert_frame_equal(single.select(shared), expected.select(shared))


def check_explained(program: Program, loans: pl.DataFrame) -> None:
    """Every option can be told in words, with facts known or not."""
    options = {option.id for option in program.options}
    for explanation in explain(loans, settings(program)):
        assert {option.id for option in explanation.options} == options
        text = json.dumps(explanation.as_dict(), default=str)
        assert "{" not in "".join(_texts(json.loads(text)))
        for option in explanation.options:
            if option.rule_set not in {"NOT-YET-IN-FORCE", "ENDED", "NOT-COVERED"}:
                kinds = next(item for item in program.options if item.id == option.id)
                assert option.steps or kinds.steps is None
            if option.status == "conditional":
                assert option.questions or any(rule.answer == "no" for rule in option.rules), option.id


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def check_published(program: Program) -> None:
    """The whole path in published units works too."""
    table = review(
        pl.DataFrame(
            {
                "loan_id": ["a"],
                "evaluation_date": ["2026-09-15"],
                "loan_type": [program.id if program.id != "assistance_funds" else "fha"],
                "state": ["NJ"],
            }
        ),
        settings(program),
    )
    assert table.num_rows == 1


def known_loan(**changes: Any) -> dict[str, Any]:
    """The whole loan of the review's tests, with changes."""
    return {**WHOLE, "investor": "ginnie_mae", **changes}
