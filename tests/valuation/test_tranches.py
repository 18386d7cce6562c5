"""Deals: cash is neither made nor lost, seniority holds, triggers pull."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hopenow.errors import InputError
from hopenow.review.engine import Settings, determine
from hopenow.tapes.synthetic import synthetic_delinquent
from hopenow.valuation.modern import CASES, as_is, assumptions, build, market, value_table
from hopenow.valuation.modern import kernel as k
from hopenow.valuation.tranches import TEMPLATE, Deal, Flows, flows, load_deal, tranches, waterfall
from tests.valuation.test_modern import loans, terms

DAY = datetime.date(2024, 6, 15)


def deal(**changes: object) -> Deal:
    content = {
        "name": "test",
        "principal": "pro_rata",
        "tranches": [
            {"name": "A", "share": "80", "rate": "4"},
            {"name": "M", "share": "12", "rate": "5"},
            {"name": "B", "share": "8", "rate": "6"},
        ],
    }
    return Deal.model_validate({**content, **changes})


def pool(**changes: list[float]) -> Flows:
    flat = {"interest": [0.5] * 4, "principal": [10.0, 10.0, 10.0, 50.0], "loss": [0.0] * 4, "late": [0.0] * 4}
    made = {name: np.array(values) for name, values in {**flat, **changes}.items()}
    return Flows(**made, first_total=100.0)


@pytest.mark.parametrize("case", CASES)
def test_flows_are_those_of_the_kernel(case: str) -> None:
    """Discounted, the monthly cash comes to what the kernel says of the same loans."""
    a = assumptions(case)
    of = loans(200)
    chosen = dataclasses.replace(terms(of), behind=np.zeros(of.count, np.int64))
    for item in (as_is(of), chosen):
        table = build(of, item, a, market(DAY, a))
        out = value_table(table, a)
        found = flows(table, a, (of.balance + of.deferred).astype(np.float64))
        factors = np.power(1.0 + table[k.DISCOUNT, 0], -np.arange(1, found.interest.size + 1))
        ours = float(((found.interest + found.principal) * factors).sum())
        fee = a["servicing_fee"] / 12
        theirs = float((out[k.PAID] + out[k.SOLD] - fee * out[k.BALANCE_PAYING]).sum())
        assert ours == pytest.approx(theirs, rel=1e-9)


def test_principal_and_losses_make_up_the_balance() -> None:
    a = assumptions()
    of = loans(200, late=0)
    table = build(of, as_is(of), a, market(DAY, a))
    found = flows(table, a, (of.balance + of.deferred).astype(np.float64))
    assert found.principal.sum() + found.loss.sum() == pytest.approx(found.first_total, rel=1e-6)
    assert (found.late >= 0).all()


def test_pro_rata_shares_and_sequential_does_not() -> None:
    shared = waterfall(deal(), pool())
    assert shared.cash[:, 0] == pytest.approx([80 * 0.04 / 12 + 8, 12 * 0.05 / 12 + 1.2, 8 * 0.06 / 12 + 0.8], abs=0.3)
    ordered = waterfall(deal(principal="sequential"), pool())
    assert ordered.cash[1, :3].max() < 0.1
    assert ordered.cash[0, :3].min() > 10


def test_losses_come_from_the_junior_end() -> None:
    found = waterfall(deal(excess_interest_covers_losses=False), pool(loss=[5.0, 5.0, 0.0, 0.0]))
    assert found.written[2].sum() == pytest.approx(8 - 0.5, abs=0.6)
    assert found.written[0].sum() == 0
    assert found.written.sum() == pytest.approx(10)


def test_trigger_turns_to_sequential_for_good() -> None:
    tied = deal(trigger={"measure": "delinquency", "above": "20"})
    found = waterfall(tied, pool(late=[0.0, 30.0, 0.0, 0.0]))
    assert found.triggered == 2
    assert found.cash[1, 0] > 1
    assert found.cash[1, 2] < 0.1
    assert waterfall(deal(trigger={"measure": "loss", "above": "3"}), pool(loss=[0, 0, 4.0, 0])).triggered == 3
    assert waterfall(tied, pool()).triggered == 0


def test_excess_interest_covers_losses_where_the_deal_says_so() -> None:
    rich = pool(interest=[5.0] * 4, loss=[2.0, 0.0, 0.0, 0.0])
    assert waterfall(deal(), rich).written.sum() == pytest.approx(0.0)
    assert waterfall(deal(excess_interest_covers_losses=False), rich).written.sum() == pytest.approx(2.0)


def test_deal_file_is_read_strictly(tmp_path: Path) -> None:
    file = tmp_path / "deal.yaml"
    file.write_text(TEMPLATE)
    assert [item.name for item in load_deal(file).tranches] == ["A", "M", "B"]
    file.write_text(TEMPLATE.replace("share: 8.0", "share: 9.0").replace("principal: pro_rata", "principal: odd"))
    with pytest.raises(InputError, match="principal"):
        load_deal(file)
    file.write_text(TEMPLATE.replace("share: 8.0", "share: 9.0"))
    with pytest.raises(InputError, match="not 100"):
        load_deal(file)
    with pytest.raises(InputError, match="no such file"):
        load_deal(tmp_path / "none.yaml")


def test_tranches_of_a_pool_are_compared() -> None:
    facts = synthetic_delinquent(400, evaluation_date=datetime.date(2025, 9, 15))
    found = tranches(facts, determine(facts, Settings()), deal(trigger={"measure": "loss", "above": "5"}))
    assert found["tranche"].to_list() == ["A", "M", "B", "pool"]
    for other in ("no_help", "foreclosure"):
        low, base, high = (found[f"gain_over_{other}_{case}"] for case in CASES)
        assert (low <= base).all()
        assert (base <= high).all()
        assert abs(base[:3].sum() - base[3]) <= 3
    assert found["loans_modified"][0] > 0
    two = facts.with_columns(
        evaluation_date=pl.when(pl.int_range(pl.len()) == 0).then(DAY).otherwise("evaluation_date")
    )
    with pytest.raises(InputError, match="2 days"):
        tranches(two, [], deal())
