"""The waterfall against a slow loop in Decimal, written from the rules alone."""

from __future__ import annotations

import datetime
import random
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import numpy as np
import pytest

from hopenow.programs.private_label import Profile
from hopenow.programs.private_label import kernel as pk
from hopenow.programs.private_label.modification import figures
from hopenow.programs.private_label.profile import STEPS

CENT = Decimal(1)
NONE_LIMIT = {"clause": "none", "cite": "PSA", "verification": "verified"}


def half_up(value: Decimal) -> int:
    return int(value.quantize(CENT, ROUND_HALF_UP))


def factor(rate: int, term: int) -> Decimal:
    if rate == 0:
        return Decimal(term)
    monthly = Decimal(rate) / Decimal(12_000_000)
    return (1 - (1 + monthly) ** -term) / monthly


def level(balance: int, rate: int, term: int) -> int:
    return half_up(balance / factor(rate, term))


def slow(loan: dict[str, int], profile: dict[str, Any]) -> dict[str, Any]:
    """One loan, one step after another, by plain loops. Rates in millionths, money in cents."""
    balance, rate, term = loan["gross"], loan["rate"], loan["term"]
    payment = level(balance, rate, term)
    found: dict[str, Any] = {
        "start": payment,
        "cuts": 0,
        "forborne": 0,
        "forgiven": 0,
        "refused": set(),
        "after": {},
    }
    order = [*profile["order"], *(step for step in STEPS if step not in profile["order"])]
    for step in order:
        if payment <= loan["target"]:
            break
        power = profile["powers"].get(step)
        if power is None:
            found["refused"].add(step)
            continue
        if step == "rate_cut":
            while payment > loan["target"] and rate > power["floor"]:
                left = rate - power["floor"]
                if left < power["step"] and not power["part_step"]:
                    break
                rate -= min(power["step"], left)
                found["cuts"] += 1
                payment = level(balance, rate, term)
        elif step == "term_extension":
            longest = max(loan["longest"], term)
            while payment > loan["target"] and term < longest:
                term += 1
                payment = level(balance, rate, term)
        else:
            if loan["value"] < 0:
                return {"state": pk.NEEDS_VALUE}
            carried = half_up(loan["target"] * factor(rate, term))
            least = half_up(Decimal(loan["value"]) * power["lowest"] / 1_000_000)
            most = half_up(Decimal(loan["gross"]) * power["share"] / 1_000_000)
            amount = min(max(balance - carried, 0), max(balance - least, 0), most)
            found["forborne" if step == "forbearance" else "forgiven"] = amount
            balance -= amount
            payment = level(balance, rate, term)
        found["after"][step] = payment
    return {
        **found,
        "state": pk.DETERMINED,
        "rate": rate,
        "term": term,
        "payment": payment,
        "met": payment <= loan["target"],
    }


def random_profile(rng: random.Random) -> dict[str, Any]:
    allowed = [step for step in STEPS if rng.random() < 0.7]
    powers: dict[str, dict[str, Any]] = {}
    for step in allowed:
        if step == "rate_cut":
            powers[step] = {
                "floor": rng.choice([0, 20_000, 30_000, 33_700]),
                "step": rng.choice([1_250, 2_500, 10_000]),
                "part_step": rng.random() < 0.5,
            }
        elif step == "term_extension":
            powers[step] = {}
        else:
            powers[step] = {
                "share": rng.choice([50_000, 300_000, 333_333, 1_000_000]),
                "lowest": rng.choice([0, 800_000, 1_000_000, 1_150_000]),
            }
    order = allowed[:]
    rng.shuffle(order)
    return {"powers": powers, "order": order}


def as_profile(drawn: dict[str, Any]) -> Profile:
    """The same profile, as a file would say it."""
    fields: dict[str, Any] = {
        "profile": "drawn", "title": "t", "label": "l", "from": datetime.date(2000, 1, 1),
        "documents": {"PSA": {"publisher": "p", "title": "t"}},
    }  # fmt: skip
    clause = {"allowed": True, **NONE_LIMIT}
    for step, power in drawn["powers"].items():
        percent = {name: Decimal(value) / 10_000 for name, value in power.items() if name != "part_step"}
        if step == "rate_cut":
            given: dict[str, Any] = {**percent, "part_step": power["part_step"]}
        elif step == "term_extension":
            given = {"longest_term": 480}
        else:
            given = {"largest_share": percent["share"], "lowest_loan_to_value": percent["lowest"]}
        fields[f"allow_{step}"] = {**clause, **given}
    fields["order"] = drawn["order"]
    return Profile.model_validate(fields)


def random_loan(rng: random.Random) -> dict[str, int]:
    gross = rng.randint(1_000_00, 900_000_00)
    term = rng.choice([rng.randint(1, 24), rng.randint(25, 360), rng.randint(361, 500)])
    rate = rng.choice([0, 20_000, rng.randrange(0, 140_000, 125), rng.randint(0, 140_000)])
    base = level(gross, rate, term)
    return {
        "gross": gross,
        "rate": rate,
        "term": term,
        "longest": rng.choice([0, 360, 480]),
        "value": rng.choice([-1, rng.randint(gross // 2, gross * 2), rng.randint(gross // 2, gross)]),
        "target": rng.choice([0, base, base - 1, rng.randint(0, base), rng.randint(base // 2, base)]),
    }


def run(loans: list[dict[str, int]], profiles: list[Profile], place: list[int]) -> np.ndarray[Any, Any]:
    arrays = [
        np.array([loan[name] for loan in loans], np.int64)
        for name in ("gross", "rate", "term", "longest", "value", "target")
    ]
    table = np.array([figures(profile) for profile in profiles], np.int64)
    return pk.terms_array(*arrays, np.array(place, np.int64), table, 0)


@pytest.mark.parametrize("seed", range(4))
def test_same_as_the_slow_loop(seed: int) -> None:
    # The draw is worth something: every step was taken and refused, every ending reached.
    assert len(compare(800, seed)) == 2 + len(STEPS) * 2


@pytest.mark.long
@pytest.mark.parametrize("piece", range(5))
def test_same_as_the_slow_loop_on_many(piece: int) -> None:
    """100,000 loans in five pieces."""
    for seed in range(100 + 10 * piece, 110 + 10 * piece):
        compare(2_000, seed)


def compare(count: int, seed: int) -> set[tuple[str, Any]]:
    """Compare random loans under random profiles; return the turns that were taken."""
    rng = random.Random(seed)
    drawn = [random_profile(rng) for _ in range(60)]
    profiles = [as_profile(item) for item in drawn]
    place = [rng.randrange(len(drawn)) for _ in range(count)]
    loans = [random_loan(rng) for _ in place]
    seen: set[tuple[str, Any]] = set()
    with localcontext() as context:
        context.prec = 50
        for loan, index, out in zip(loans, place, run(loans, profiles, place), strict=True):
            expected = slow(loan, drawn[index])
            where = (loan, drawn[index])
            assert out[pk.STATE] == expected["state"], where
            if expected["state"] != pk.DETERMINED:
                continue
            got = {
                "start": out[pk.START], "rate": out[pk.RATE], "cuts": out[pk.CUTS], "term": out[pk.TERM],
                "forborne": out[pk.FORBORNE], "forgiven": out[pk.FORGIVEN], "payment": out[pk.PAYMENT],
                "met": out[pk.MET] == 1,
                "refused": {step for bit, step in enumerate(STEPS) if out[pk.REFUSED] >> bit & 1},
                "after": {
                    step: out[pk.AFTER_RATE_CUT + bit]
                    for bit, step in enumerate(STEPS)
                    if out[pk.AFTER_RATE_CUT + bit] != -1
                },
            }  # fmt: skip
            assert got == {name: value for name, value in expected.items() if name != "state"}, where
            seen |= {("met", got["met"]), *(("step", step) for step in got["after"])}
            seen |= {("refused", step) for step in got["refused"]}
    return seen


def test_what_is_unknown_is_not_guessed() -> None:
    profile = as_profile({"powers": {"term_extension": {}}, "order": ["term_extension"]})
    loan = {"gross": 100_000_00, "rate": 60_000, "term": 240, "longest": 480, "value": -1, "target": 500_00}
    cases = [loan, *({**loan, name: -1} for name in ("gross", "rate", "term", "target")), loan]
    place = [0, 0, 0, 0, 0, -1]
    states = run(cases, [profile], place)[:, pk.STATE].tolist()
    assert states == [
        pk.DETERMINED, pk.NO_ANSWER, pk.NO_ANSWER, pk.NO_ANSWER, pk.NEEDS_TARGET, pk.NO_ANSWER,
    ]  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_one_more_power_never_raises_the_payment(step: str) -> None:
    rng = random.Random(step)
    for _ in range(40):
        drawn = random_profile(rng)
        powers = dict(drawn["powers"])
        if step not in powers:
            continue
        del powers[step]
        fewer = {"powers": powers, "order": [item for item in drawn["order"] if item != step]}
        # Only as the last step: an earlier one may leave later ones less to do.
        more = {"powers": drawn["powers"], "order": [*fewer["order"], step]}
        loan = random_loan(rng) | {"value": 50_000_00}
        out = run([loan, loan], [as_profile(more), as_profile(fewer)], [0, 1])
        assert out[0, pk.PAYMENT] <= out[1, pk.PAYMENT]
