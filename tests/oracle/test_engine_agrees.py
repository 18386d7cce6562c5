"""The engine and the independent oracle give the same figures to the cent and the same answers to every rule.

What is compared, with which readings, and which differences are explained: ``validation/oracle.md``.
"""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from hopenow.programs.registry import program
from hopenow.review.plan import intervals
from tests.oracle.agreement import MAIN_FIGURE, OWN, Agreement, Chunk, agree_on
from tests.oracle.random_cases import STARTS

OPTIONS = sorted(MAIN_FIGURE)

EXPLAINED = {
    "PD-T4 where nothing is unpaid",
    "a contribution that comes out the same for every amount not known",
    "an event late in its month, counted to the end of a shorter month",
    "contributions above the whole debt",
    "imminent default before its first known text",
    "only the tolerance lets the payment amortize the loan",
}
"""Reasons for leaving a loan or an answer out; each is described in ``validation/oracle.md``."""

BRANCHES = {
    "2017: MTMLTV 100% but for a cent",
    "2017: MTMLTV 80% but for a cent",
    "2017: MTMLTV 80% exactly",
    "2017: first forbearance",
    "2017: more forbearance",
    "2017: payment equals the target",
    "2017: rate not final",
    "2017: target missed, payment higher",
    "2017: target missed, payment lower",
    "2017: zero rate",
    "2024: MTMLTV 50% but for a cent",
    "2024: MTMLTV 50% exactly",
    "2024: formula shorter than the contract",
    "2024: limit a",
    "2024: limit b",
    "2024: limit c",
    "2024: no posted rate",
    "2024: no value",
    "2024: part step",
    "2024: payment equals the target",
    "2024: payment one cent above the target",
    "2024: rate not final",
    "2024: step forbearance",
    "2024: step rate",
    "2024: step term",
    "2024: target met",
    "2024: target missed, payment higher",
    "2024: target missed, payment lower",
    "2024: target missed, payment the same",
    "2024: term 480",
    "2024: term above 480",
    "2024: whole steps",
    "2024: zero rate",
}

OLD, NEW = ("2020-11-10", 1_050), ("2024-12-01", 760)
"""Stretches of evaluation dates: every option of the years to 2023 in force, and the waterfall of 2024 in force."""


def check(found: Agreement) -> None:
    assert not found.differences, "\n" + found.report()
    assert set(found.excluded) <= EXPLAINED


@pytest.fixture(scope="module")
def some() -> Agreement:
    """A few thousand loans: all dates, the two stretches, and a servicer that adopted every change early."""
    found = Agreement()
    for chunk in (
        Chunk(1_200, 101, 1_200),
        Chunk(1_300, 102, 500, *OLD),
        Chunk(1_300, 103, 500, *NEW),
        Chunk(400, 104, 400, early=True),
        Chunk(300, 105, 300, "2023-06-25", 110, early=True),
        Chunk(300, 106, 300, "2024-10-25", 45, early=True),
    ):
        found.add(agree_on(chunk))
    return found


def test_terms_and_rules_agree(some: Agreement) -> None:
    check(some)
    for option in OPTIONS:
        assert some.determined[option] >= 1_000, some.report()
        assert some.ruled[option] >= 700, some.report()


def test_the_loans_take_every_turn(some: Agreement) -> None:
    assert set(some.branches) >= BRANCHES, sorted(BRANCHES - set(some.branches))


def test_no_rule_is_left_out(some: Agreement) -> None:
    """Every rule of both programs is among those compared (a rule without an oracle would be a difference)."""
    assert not [what for what in some.differences if "without an oracle" in what]
    assert set(OWN) <= {
        rule for name in ("fannie_mae", "freddie_mac") for option in program(name).options for rule in option.rules
    }


def test_loans_stand_on_both_sides_of_every_date() -> None:
    """The random loans know every day on which one of the enterprises' rules begins."""
    known = {date.fromisoformat(day) for day in STARTS}
    for name in ("fannie_mae", "freddie_mac"):
        starts = {interval.start for interval in intervals(program(name))} - {date(1900, 1, 2)}
        assert {day for day in starts if day > date(2017, 10, 1)} <= known


def test_a_wrong_figure_would_be_seen() -> None:
    """The comparison itself: a loan whose fact is changed behind the oracle's back differs."""
    from tests.oracle import agreement

    chunk = Chunk(60, 7, 60, *NEW)
    real = agreement.known

    def off_by_a_cent(row: agreement.Row) -> agreement.Row:
        f = real(row)
        if f["interest_bearing_balance"] is not None:
            f["interest_bearing_balance"] += 1
        return f

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(agreement, "known", off_by_a_cent)
        seen = agree_on(chunk).differences
    assert {
        "flex_modification__gross_balance",
        "payment_deferral__interest_bearing_balance",
        "short_sale__amount_owed",
    } <= set(seen)


@pytest.mark.long
def test_a_hundred_thousand_loans_per_option(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Terms of at least 100,000 loans and rules of at least 20,000 for every option (minutes, on all cores)."""
    size = 2_500
    chunks = [Chunk(size, 1_000 + n, size // 5, *OLD) for n in range(64)]
    chunks += [Chunk(size, 2_000 + n, size // 5, *NEW) for n in range(50)]
    chunks += [Chunk(size, 3_000 + n, size // 2, early=n % 2 == 1) for n in range(12)]
    found = Agreement()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLARS_MAX_THREADS", "1")
        patch.setenv("NUMBA_NUM_THREADS", "1")
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(max_workers=os.cpu_count() or 1, mp_context=spawn) as pool:
            for part in pool.map(agree_on, chunks):
                found.add(part)
    report = found.report()
    record = repository / "build" / "oracle-agreement.txt"
    record.parent.mkdir(exist_ok=True)
    record.write_text(report + "\n", encoding="utf-8")
    with capsys.disabled():
        print("\n" + report)
    check(found)
    assert set(found.branches) >= BRANCHES
    for option in OPTIONS:
        assert found.determined[option] >= 100_000, option
        assert found.ruled[option] >= 20_000, option
