"""Random canonical loans that crowd the places where a rule or a waterfall turns."""

from __future__ import annotations

import datetime
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.facts import NEVER, schema
from hopenow.mortgage.kernels import interest_array, payment_array
from hopenow.review.engine import Settings, determine

Generator = np.random.Generator
Array = npt.NDArray[Any]
DAY = datetime.timedelta(days=1)

STARTS = (
    "2017-10-01",
    "2018-12-01",
    "2018-12-12",
    "2020-07-01",
    "2020-10-01",
    "2020-11-10",
    "2021-02-10",
    "2021-02-25",
    "2021-06-30",
    "2023-04-01",
    "2023-07-01",
    "2023-10-01",
    "2024-11-01",
    "2024-12-01",
    "2025-04-09",
    "2025-08-13",
    "2026-05-01",
)
"""Days on which some rule or figure begins; loans are evaluated on them and on the days beside them."""

ALWAYS_KNOWN = {"loan_id", "evaluation_date", "investor", "next_due_date", "months_delinquent"}
NEVER_DRAWN = {"servicer", "investor_profile", "metro", "zip3", "payment_history", "income_kinds"}

EDGES: dict[str, tuple[int, ...]] = {
    "prior_modifications": (0, 1, 2, 3, 4),
    "deferred_months_used": (0, 0, 0, 1, 5, 6, 7, 8, 10, 11, 12, 13),
    "credit_score": (300, 580, 619, 620, 621, 700, 850),
    "thirty_day_lates_last_6_months": (0, 1, 2, 3, 6),
    "documents_age_days": (0, 30, 89, 90, 91, 200),
    "months_delinquent_at_disaster": (0, 1, 2, 3),
    "forbearance_months_used": (0, 1, 3, 6, 9, 10, 11, 12, 13),
    "requested_forbearance_months": (1, 2, 3, 4, 6, 7, 12),
    "transfer_distance_miles": (0, 50, 51, 400),
    "listing_days": (0, 4, 5, 6, 90),
    "payments_since_note_or_modification": (0, 2, 3, 4, 100),
    "lien_position": (1, 1, 1, 1, 1, 1, 1, 2),
}

OFTEN_TRUE = {
    "quality_right_party_contact": 0.85,
    "hardship_documented": 0.85,
    "borrower_response_package_complete": 0.75,
    "escrow_account": 0.8,
    "can_resume_payment": 0.7,
    "licensed_agent": 0.8,
    "listing_includes_weekend": 0.8,
    "arms_length": 0.85,
    "title_marketable": 0.85,
    "condition_acceptable": 0.85,
    "disaster_caused_hardship": 0.7,
    "subordinate_liens_release": 0.6,
}
"""Share of yes for flags that are mostly yes; every other flag is yes in 15 of 100."""


def _pick(rng: Generator, count: int, *choices: tuple[float, Array]) -> Array:
    """Mix arrays: each row takes one of them, with the given weights."""
    weights = np.array([weight for weight, _ in choices])
    which = rng.choice(len(choices), count, p=weights / weights.sum())
    result = choices[0][1].copy()
    for place, (_, values) in enumerate(choices):
        result[which == place] = values[which == place]
    return result


def _dates(rng: Generator, count: int, first: str, days: int) -> Array:
    anywhere = np.datetime64(first) + rng.integers(0, days, count)
    beside = rng.choice(np.array(STARTS, "datetime64[D]"), count) + rng.integers(-1, 2, count)
    month = anywhere.astype("datetime64[M]")
    day = rng.choice(np.array([1, 2, 14, 15, 16, 28]), count)
    last = (month + 1).astype("datetime64[D]") - 1
    return _pick(rng, count, (5, anywhere), (3, beside), (3, month.astype("datetime64[D]") + day - 1), (1, last))


def _rates(rng: Generator, count: int) -> Array:
    return _pick(
        rng,
        count,
        (6, rng.integers(8, 90, count) * 1250),
        (2, rng.integers(100, 1200, count) * 100),
        (1, rng.integers(1, 130_000, count)),
        (0.3, np.zeros(count, np.int64)),
        (0.2, rng.integers(1, 200, count)),
        (0.1, rng.integers(200_000, 300_001, count)),
    )


def _money(rng: Generator, count: int, most: int) -> Array:
    return _pick(
        rng, count, (5, rng.integers(0, most, count)), (2, np.zeros(count, np.int64)), (1, rng.integers(0, 100, count))
    )


def _near(rng: Generator, count: int, amounts: tuple[int, ...], most: int) -> Array:
    edge = rng.choice(np.array(amounts), count) + rng.integers(-1, 2, count)
    return np.maximum(_pick(rng, count, (1, rng.integers(0, most, count)), (1, edge)), 0)


def _twelve_months_before(rng: Generator, evaluation: Array, months: int = 12) -> Array:
    """Dates about a year before, on the day itself and on the days beside it, and now and then never."""
    count = evaluation.size
    month = evaluation.astype("datetime64[M]")
    day = (evaluation - month.astype("datetime64[D]")).astype(np.int64)
    same = (month - months).astype("datetime64[D]") + np.minimum(day, 27) + rng.integers(-1, 2, count)
    anywhere = evaluation - rng.integers(1, 1400, count)
    return _pick(rng, count, (3, np.full(count, np.datetime64(NEVER))), (1, same), (1, anywhere))


def _loan(rng: Generator, count: int, first: str, days: int) -> dict[str, Array]:
    evaluation = _dates(rng, count, first, days)
    month = evaluation.astype("datetime64[M]")
    behind = rng.choice(np.array([-1, 0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 6, 7, 8, 11, 12, 13, 18, 19, 24, 60]), count)
    balance = _pick(
        rng,
        count,
        (7, np.exp(rng.normal(16.8, 0.8, count)).astype(np.int64) + 1),
        (2, rng.integers(1_000, 300_000, count)),
        (0.3, rng.integers(1, 1_000, count)),
        (0.3, rng.integers(1_000_000_000, 9_000_000_000, count)),
    )
    rate = _rates(rng, count)
    term = _pick(
        rng,
        count,
        (6, rng.integers(1, 481, count)),
        (2, rng.choice(np.array([240, 300, 330, 355, 359, 360, 361]), count)),
        (1, rng.choice(np.array([1, 2, 6, 12, 36, 37, 38, 478, 479, 480, 481, 600]), count)),
    )
    level = np.maximum(payment_array(balance, rate, term), 1)
    monthly_interest = interest_array(balance, rate, np.ones(count, np.int64))
    installment = _pick(
        rng,
        count,
        (8, level),
        (1, level + rng.integers(-1, 2, count)),
        (1, (level * rng.uniform(1.0, 1.8, count)).astype(np.int64)),
        (0.5, (level * rng.uniform(0.5, 1.0, count)).astype(np.int64)),
        (0.3, monthly_interest),
    )
    installment = np.minimum(np.maximum(installment, 2), 1_000_000_000)
    step = rng.integers(-4, 30, count) * 1250
    posted = np.maximum(
        _pick(
            rng,
            count,
            (4, rate - step),
            (2, rate - step - rng.integers(1, 1250, count)),
            (1, rate.copy()),
            (3, rng.integers(16, 60, count) * 1250),
        ),
        0,
    )
    due = (month + 1 - behind).astype("datetime64[D]")
    return {
        "evaluation_date": evaluation,
        "next_due_date": due,
        "months_delinquent": np.maximum(behind, 0),
        "interest_bearing_balance": balance,
        "note_rate": rate,
        "remaining_term": term,
        "monthly_principal_and_interest": installment,
        "published_modification_rate": posted,
        "property_value": np.maximum((balance / rng.uniform(0.25, 1.6, count)).astype(np.int64), 1),
        "origination_date": _pick(
            rng, count, (3, due - rng.integers(400, 5000, count)), (1, _twelve_months_before(rng, evaluation))
        ),
        "days_delinquent": rng.choice(np.array([0, 29, 30, 31, 32, 59, 60, 61, 89, 90, 91, 210, 211, 300, 301]), count),
        "rate_ceiling": _pick(
            rng, count, (3, rate + rng.integers(0, 60_000, count)), (1, np.maximum(posted, rate)), (1, rate.copy())
        ),
    }


def _rest(rng: Generator, loan: dict[str, Array]) -> dict[str, Array]:
    """Draw the facts that do not shape the loan itself."""
    evaluation, balance, installment = (
        loan["evaluation_date"],
        loan["interest_bearing_balance"],
        loan["monthly_principal_and_interest"],
    )
    count = evaluation.size
    share = np.maximum(installment // 4, 1)
    taxes, insurance = (rng.integers(0, 2, count) * (share * rng.random(count)).astype(np.int64) for _ in range(2))
    dues = rng.integers(0, 2, count) * (share * rng.random(count)).astype(np.int64)
    premium = rng.integers(0, 2, count) * (share * rng.random(count)).astype(np.int64)
    housing = installment + taxes + insurance + dues + premium
    contractual = installment + taxes + insurance + premium
    arrears = contractual * loan["months_delinquent"]
    price = _pick(
        rng, count, (1, loan["property_value"]), (1, (balance * rng.uniform(0.4, 1.3, count)).astype(np.int64))
    )
    return {
        "monthly_taxes": taxes,
        "monthly_insurance": insurance,
        "monthly_dues": dues,
        "monthly_mortgage_insurance": premium,
        # Housing expense at, just below and just above 40 percent of income.
        "monthly_gross_income": np.maximum(
            _pick(
                rng,
                count,
                (1, (housing * rng.uniform(1.2, 6, count)).astype(np.int64)),
                (1, housing * 5 // 2 + rng.integers(-1, 2, count)),
            ),
            0,
        ),
        "monthly_capacity": _pick(
            rng,
            count,
            (2, (contractual * rng.uniform(0.5, 2.5, count)).astype(np.int64)),
            (1, contractual * 3 // 2 + rng.integers(-1, 2, count)),
        ),
        "escrow_shortage": _money(rng, count, 300_000),
        "escrow_advances": _money(rng, count, 500_000),
        "servicing_advances": _money(rng, count, 200_000),
        "noncapitalizable_advances": _money(rng, count, 50_000),
        "late_charges": _pick(
            rng,
            count,
            (3, np.minimum(_money(rng, count, 60_000), contractual * 3)),
            (1, np.maximum(contractual * 6 - arrears + rng.integers(-1, 2, count), 0)),
        ),
        "borrower_contribution": _pick(
            rng, count, (4, np.zeros(count, np.int64)), (1, (installment * rng.uniform(0, 1.5, count)).astype(np.int64))
        ),
        "buydown_funds": _pick(rng, count, (6, np.zeros(count, np.int64)), (1, rng.integers(0, 50_000, count))),
        "deferred_balance": _pick(
            rng, count, (3, np.zeros(count, np.int64)), (2, (balance * rng.uniform(0, 0.3, count)).astype(np.int64))
        ),
        "liquid_reserves": _near(rng, count, (1_000_000, 2_500_000, 5_000_000, 250_000, 249_998), 6_000_000),
        "sale_price": price,
        "sale_commission": price * 6 // 100,
        "sale_costs": _money(rng, count, 900_000),
        "paid_in_advance_adjustment": _money(rng, count, 100_000),
        "minimum_net_proceeds": np.maximum(price - rng.integers(-100_000, 3_000_000, count), 0),
        "subordinate_lien_payoff": _near(rng, count, (0, 600_000), 900_000),
        "contribution_offered": _near(rng, count, (0, 200_000, 500_000, 1_000_000), 1_200_000),
        "other_relocation_aid": _near(rng, count, (0, 750_000), 900_000),
        "maturity_date": (loan["next_due_date"].astype("datetime64[M]") + loan["remaining_term"] - 1).astype(
            "datetime64[D]"
        ),
        "valuation_date": evaluation
        - _pick(rng, count, (4, rng.integers(0, 90, count)), (1, rng.choice(np.array([89, 90, 91, 400]), count))),
        "credit_score_date": evaluation - rng.choice(np.array([0, 30, 89, 90, 91]), count),
        "leasehold_end_date": (
            evaluation.astype("datetime64[M]") + rng.choice(np.array([100, 536, 540, 543, 544, 545, 600]), count)
        ).astype("datetime64[D]"),
        "last_scheduled_pool_payment_date": (evaluation.astype("datetime64[M]") + rng.integers(-1, 9, count)).astype(
            "datetime64[D]"
        )
        + rng.choice(np.array([0, 24, 27]), count),
        "disaster_date": evaluation - rng.integers(1, 700, count),
    }


def _history(rng: Generator, evaluation: Array) -> dict[str, Array]:
    count = evaluation.size
    names = (
        "last_modification_date",
        "last_failed_trial_date",
        "last_payment_deferral_date",
        "last_rate_adjustment_date",
    )
    drawn = {name: _twelve_months_before(rng, evaluation) for name in names}
    flex = _twelve_months_before(rng, evaluation, 24)
    month = flex.astype("datetime64[M]")
    after = (month + 12).astype("datetime64[D]") + (flex - month.astype("datetime64[D]")) + rng.integers(-1, 2, count)
    after = np.minimum(_pick(rng, count, (1, after), (1, flex + rng.integers(60, 900, count))), evaluation)
    never = np.datetime64(NEVER)
    redefault = np.where((flex == never) | (rng.random(count) < 0.4), never, after)
    drawn |= {"last_flex_modification_date": flex, "flex_modification_redefault_date": redefault}
    start = (evaluation.astype("datetime64[M]") - rng.integers(0, 13, count)).astype("datetime64[D]")
    return drawn | {"forbearance_start_date": start}


def _own(seed: int, name: str) -> Generator:
    """Randomness of one fact alone: a new fact in the schema leaves all others as they were."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _choices(seed: int, count: int) -> dict[str, Array]:
    drawn: dict[str, Array] = {}
    for fact in schema().values():
        if fact.name in NEVER_DRAWN:
            continue
        rng = _own(seed, fact.name)
        if fact.name in EDGES:
            drawn[fact.name] = rng.choice(np.array(EDGES[fact.name]), count)
        elif fact.type == "flag":
            drawn[fact.name] = rng.random(count) < OFTEN_TRUE.get(fact.name, 0.15)
        elif fact.type == "choice":
            drawn[fact.name] = rng.choice(list(fact.choices), count)
    rng = _own(seed, "choices")
    drawn["investor"] = rng.choice(["fannie_mae", "freddie_mac"], count)
    drawn["loan_type"] = np.full(count, "conventional")
    drawn["state"] = rng.choice(["OH", "TX", "CA"], count)
    drawn["amortization_type"] = rng.choice(["fixed", "adjustable", "step_rate"], count, p=[0.7, 0.18, 0.12])
    drawn["hardship_kind"] = _pick(
        rng, count, (2, drawn["hardship_kind"]), (1, np.full(count, "disaster", dtype=drawn["hardship_kind"].dtype))
    )
    drawn["occupancy"] = rng.choice(["principal_residence", "second_home", "investment"], count, p=[0.8, 0.1, 0.1])
    drawn["bankruptcy"] = rng.choice(["none", "chapter_7", "chapter_13"], count, p=[0.85, 0.1, 0.05])
    drawn["hardship_resolved"] = rng.random(count) < 0.6
    drawn["hardship_duration"] = rng.choice(["temporary", "permanent"], count, p=[0.7, 0.3])
    return drawn


def _frame(columns: dict[str, Array]) -> pl.DataFrame:
    facts = schema()
    series = []
    for name, values in columns.items():
        dtype = facts[name].dtype
        held = (
            pl.Series(name, values.astype("datetime64[D]"))
            if facts[name].type == "date"
            else pl.Series(name, values.tolist() if values.dtype.kind == "U" else values)
        )
        series.append(held.cast(dtype))
    return pl.DataFrame(series)


def _at_the_edges(frame: pl.DataFrame, rng: Generator) -> pl.DataFrame:
    """Move values and payments of some loans onto the thresholds that their own capitalized balance gives."""
    given = frame.with_columns(pl.col("published_modification_rate").fill_null(40_000))
    parts = determine(given, Settings(programs=("fannie_mae", "freddie_mac")))
    found = pl.concat(
        [
            part.frame.select("_row", "flex_modification__gross_balance", "flex_modification__principal_and_interest")
            for part in parts
        ]
    ).sort("_row")
    gross, new = found["flex_modification__gross_balance"], found["flex_modification__principal_and_interest"]
    count = frame.height
    nudge = pl.Series(rng.integers(-1, 2, count))
    ratio = pl.Series(rng.choice(np.array([2, 2, 2, 5, 5, 4]), count))
    value = (
        pl.select(
            pl.when(ratio == 2).then(2 * gross).when(ratio == 5).then(5 * gross // 4).otherwise(gross)
        ).to_series()
        + nudge
    )
    move_value = pl.Series(rng.random(count) < 0.3) & value.is_between(1, 100_000_000_000)
    move_payment = pl.Series(rng.random(count) < 0.2) & (new > 0)
    payment = new * 5 // 4 + pl.Series(rng.integers(-1, 3, count))
    same = pl.Series(rng.random(count) < 0.3)
    payment = pl.select(pl.when(same).then(new + nudge).otherwise(payment)).to_series().clip(2, 1_000_000_000)
    return frame.with_columns(
        pl.when(move_value.fill_null(False) & pl.col("property_value").is_not_null())
        .then(value)
        .otherwise("property_value")
        .alias("property_value"),
        pl.when(move_payment.fill_null(False) & pl.col("monthly_principal_and_interest").is_not_null())
        .then(payment)
        .otherwise("monthly_principal_and_interest")
        .alias("monthly_principal_and_interest"),
    )


def random_cases(count: int, seed: int, first: str = "2017-10-01", days: int = 3_300) -> pl.DataFrame:
    """Return ``count`` random canonical loans.

    Half of the loans are known completely, a quarter lacks a few facts, a quarter lacks a third of them. Due dates
    are the first of a month, as both enterprises require, and either the due date or the count of unpaid
    installments is always known.
    """
    rng = np.random.default_rng(seed)
    loan = _loan(rng, count, first, days)
    columns = _choices(seed, count) | _rest(rng, loan) | _history(rng, loan["evaluation_date"]) | loan
    frame = _frame(columns).with_columns(pl.Series("loan_id", [f"R{seed}-{row}" for row in range(count)]))
    share = _pick(rng, count, (2, np.zeros(count)), (1, np.full(count, 0.04)), (1, np.full(count, 0.33)))
    holed = []
    for name in frame.columns:
        chance = share
        if name in ("days_delinquent", "maturity_date"):
            chance = np.full(count, 0.7)  # mostly left to be derived
        if name == "rate_is_final":
            chance = np.where(frame["amortization_type"] == "fixed", 1.0, share)
        if name == "rate_ceiling":
            chance = np.where(frame["amortization_type"] == "fixed", 1.0, share / 2)
        if name in ("months_delinquent", "permanent_change_of_station", "texas_50a6"):
            chance = np.full(count, 0.5)
        if name in ALWAYS_KNOWN and name != "months_delinquent":
            continue
        if name == "forbearance_start_date":
            chance = share / 4
        missing = _own(seed, f"{name} is missing").random(count) < chance
        holed.append(frame[name].set(pl.Series(missing), None))
    frame = frame.with_columns(holed)
    # The count alone must stand for the due date now and then; paid-ahead loans need the date.
    only_count = pl.Series(rng.random(count) < 0.15) & frame["months_delinquent"].is_not_null()
    ahead = pl.col("next_due_date") > pl.col("evaluation_date").dt.month_end() + DAY
    empty = pl.lit(None)
    accrued = pl.Series(rng.integers(0, 1_000_000, count))
    frame = frame.with_columns(
        pl.when(only_count & ~ahead).then(empty).otherwise("next_due_date").alias("next_due_date"),
        # Facts that replace a computation are rarely given.
        pl.when(pl.Series(rng.random(count) < 0.1)).then(accrued).alias("accrued_interest"),
        pl.when(pl.Series(rng.random(count) < 0.04))
        .then((pl.col("monthly_principal_and_interest") * 9 // 10).clip(2))
        .alias("buydown_payment"),
        pl.when(pl.Series(rng.random(count) < 0.1))
        .then(pl.col("maturity_date").dt.offset_by("-14mo"))
        .alias("projected_payoff_date"),
    )
    return _at_the_edges(frame, rng)
