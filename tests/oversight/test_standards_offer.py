"""Key facts of one loan: amounts against an independent ledger, highest payments by hand, words that most can read."""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopenow.cli.app import run
from hopenow.errors import InputError
from hopenow.oversight.standards.offer import key_facts, parse_offer, read_offer

ARM = {"first_change_after": 60, "then_every": 12, "first_cap": 2, "later_cap": 2, "lifetime_cap": 11}


def facts(**content: Any) -> Any:
    return key_facts(parse_offer(content))


def cent(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def level(balance: Decimal, rate: Decimal, months: int) -> Decimal:
    monthly = rate / 1200
    return cent(balance / months) if rate == 0 else cent(balance * monthly / (1 - (1 + monthly) ** -months))


def ledger(
    amount: Decimal, months: int, rate_of: Any, interest_only: int = 0, pay_off: int | None = None
) -> list[tuple[Decimal, Decimal]]:
    """Payments and balances in decimals, written without the module under test."""
    balance, rows, rate, payment = amount, [], None, Decimal(0)
    for number in range(1, months + 1):
        new = rate_of(number)
        if new != rate or number == interest_only + 1:
            rate = new
            payment = level(balance, rate, (pay_off or months) - number + 1)
        interest = cent(balance * rate / 1200)
        if number <= interest_only:
            paid = interest
        elif number == months:
            paid = balance + interest
        else:
            paid = min(payment, balance + interest)
        balance = balance + interest - paid
        rows.append((paid, balance))
    return rows


@given(st.integers(20_000, 900_000), st.integers(0, 48), st.sampled_from([120, 180, 360]))
def test_a_fixed_loan_equals_a_plain_ledger(amount: int, quarters: int, months: int) -> None:
    rate = Decimal(quarters) / 4
    found = facts(amount=amount, rate=rate, months=months)
    rows = ledger(Decimal(amount), months, lambda _: rate)
    assert found.payment_now == rows[0][0] * 100
    assert found.balance_five_years == rows[59][1] * 100
    assert found.total_same == found.total_highest == sum(paid for paid, _ in rows) * 100
    assert found.highest_five_years == found.payment_now
    assert found.balloon is None


@given(st.integers(50_000, 500_000), st.sampled_from([24, 36, 60, 84]), st.sampled_from([6, 12]), st.integers(0, 2))
def test_an_adjustable_loan_at_its_caps_equals_a_plain_ledger(
    amount: int, first: int, every: int, interest_only_years: int
) -> None:
    interest_only = 12 * interest_only_years
    found = facts(
        amount=amount,
        rate=4,
        interest_only=interest_only,
        adjustable={
            "first_change_after": first,
            "then_every": every,
            "first_cap": "2.5",
            "later_cap": 1,
            "lifetime_cap": "9.25",
        },
    )

    def highest(number: int) -> Decimal:
        if number <= first:
            return Decimal(4)
        return min(Decimal("6.5") + (number - first - 1) // every, Decimal("9.25"))

    rows = ledger(Decimal(amount), 360, highest, interest_only)
    assert found.total_highest == sum(paid for paid, _ in rows) * 100
    assert found.balance_five_years == rows[59][1] * 100
    early = [paid for paid, _ in rows[:61]]
    assert found.highest_five_years == max(early) * 100
    assert found.highest_five_years_number == early.index(max(early)) + 1
    same = ledger(Decimal(amount), 360, lambda _: Decimal(4), interest_only)
    assert found.total_same == sum(paid for paid, _ in same) * 100


def test_a_rate_that_changes_after_five_years_counts_on_the_very_day() -> None:
    found = facts(amount=200_000, rate=6, adjustable=ARM)
    assert found.highest_five_years_number == 61
    assert found.highest_five_years == 143_642  # the payment of the commentary: 8 percent over 300 months
    assert found.balance_five_years == found.balance_five_years_same


def test_a_balloon_and_interest_only() -> None:
    balloon = facts(amount=200_000, rate=6, months=72, pay_off_months=360)
    assert abs(balloon.balloon - 18_399_501) <= 100  # a rounded ledger beside the commentary's figure
    assert balloon.highest_five_years == balloon.payment_now == 119_910
    assert any("last payment is very large" in text for text in balloon.changes)
    early = facts(amount=200_000, rate=6, months=48, pay_off_months=360)
    assert early.highest_five_years == early.balloon
    only = facts(amount=200_000, rate=7, interest_only=60)
    assert only.payment_now == 116_667
    assert only.highest_five_years == 141_356
    assert only.balance_five_years == 20_000_000
    assert any("interest only" in text for text in only.changes)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"amount": 0, "rate": 5}, "more than zero"),
        ({"amount": "12.345", "rate": 5}, "amount"),
        ({"amount": 1000, "rate": "five"}, "rate"),
        ({"amount": 1000, "rate": 5, "interest_only": 360}, "interest_only"),
        ({"amount": 1000, "rate": 5, "pay_off_months": 120}, "pay_off_months"),
        ({"amount": 1000, "rate": 12, "adjustable": ARM}, "lifetime_cap"),
        ({"amount": 1000, "rate": 5, "colour": "red"}, "colour"),
        ({"rate": 5}, "amount"),
    ],
)
def test_an_offer_that_makes_no_sense_is_refused(content: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        parse_offer(content)


def syllables(word: str) -> int:
    word = re.sub(r"(?:[^laeiouy]es|ed|[^laeiouy]e)$", "", word.lower())
    return max(len(re.findall(r"[aeiouy]{1,2}", word)), 1)


def grade(text: str) -> float:
    """The Flesch-Kincaid grade; an amount of money counts as one short word."""
    text = re.sub(r"\$?\d[\d,.%]*\d|\d", "ten", text)
    sentences = [part for part in re.split(r"[.?!]+", text) if part.strip()]
    words = re.findall(r"[A-Za-z']+", text)
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def test_the_words_are_for_everybody() -> None:
    for content in (
        {"amount": 250_000, "rate": "6.5"},
        {
            "amount": 250_000,
            "rate": 3,
            "adjustable": ARM,
            "fees": 4000,
            "taxes_and_insurance": 350,
            "prepayment_penalty": True,
        },
        {"amount": 250_000, "rate": 6, "months": 84, "pay_off_months": 360, "interest_only": 24},
    ):
        found = facts(**content)
        said = " ".join([*(f"{question} {meaning}" for question, _, meaning in found.lines()), *found.changes])
        assert grade(said) <= 8, (grade(said), said)


def test_the_command_speaks_and_writes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    offer = tmp_path / "offer.yaml"
    offer.write_text(
        "amount: 250000\nrate: 3.125\n"
        "adjustable: {first_change_after: 24, then_every: 6, first_cap: 3, later_cap: 1.5, lifetime_cap: 9}\n",
        encoding="utf-8",
    )
    page = tmp_path / "facts.html"
    assert run(["standards", "key-facts", str(offer), "--html", str(page)]) == 0
    said = capsys.readouterr().out
    assert "What do you pay each month now?" in said
    text = page.read_text(encoding="utf-8")
    assert "Before you sign" in text
    assert "<script" not in text
    same = tmp_path / "offer.json"
    same.write_text(json.dumps({"amount": 250000, "rate": 3.125}), encoding="utf-8")
    assert read_offer(same).rate == 31_250


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    offer = tmp_path / "offer.yaml"
    offer.write_text("amount: 250000\namount: 3\n", encoding="utf-8")
    assert run(["standards", "key-facts", str(offer)]) == 3
    assert "twice" in capsys.readouterr().err
    assert run(["standards", "key-facts", str(tmp_path / "gone.yaml")]) == 3
    capsys.readouterr()
    offer.write_text("- 1\n", encoding="utf-8")
    assert run(["standards", "key-facts", str(offer)]) == 3
    assert "by name" in capsys.readouterr().err
