"""Clocks agree with the independent oracle on random dates."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hopenow.programs.conventional import process
from tests.oracle import conventional as oracle

FANNIE = "fannie_mae"
DAYS = st.dates(date(2025, 9, 1), date(2035, 12, 31))
FIRSTS = DAYS.map(lambda day: day.replace(day=1))


def due(clocks: tuple[process.Clock, ...]) -> dict[str, date | None]:
    return {clock.name: clock.due for clock in clocks}


@given(notice=DAYS, months=st.integers(1, 6), processing=st.booleans())
def test_trial_schedule(notice: date, months: int, processing: bool) -> None:
    found = process.trial_schedule(notice, months, processing, 15)
    wanted = oracle.trial_schedule(notice, months, processing)
    assert list(found.due) == wanted["trial_due"]
    assert (found.start, found.end) == (wanted["trial_start"], wanted["trial_end"])
    assert found.effective_date == wanted["effective_date"]
    assert found.first_payment_due == wanted["first_payment_due"]
    assert found.rate_change_date == wanted["rate_change_date"]


@given(received=DAYS, approved=DAYS)
def test_short_sale_clocks(received: date, approved: date) -> None:
    found = due(
        process.short_sale_clocks(FANNIE, received, revised_offer_received=received, approved=approved)
    )
    wanted = oracle.short_sale_clocks(received, approved)
    assert found == {
        "acknowledge_offer": wanted["acknowledge_by"],
        "answer_sale_offer": wanted["decide_by"],
        "answer_revised_offer": wanted["revised_offer_by"],
        "close_sale": wanted["close_by"],
    }


@given(accepted=DAYS, sale=DAYS)
def test_release_clocks(accepted: date, sale: date) -> None:
    found = due(process.release_clocks(FANNIE, accepted, sale_date=sale))
    wanted = oracle.release_clocks(accepted, sale)
    assert found == {
        "release_documents": wanted["documents_by"],
        "release_documents_extended": wanted["documents_by_extended"],
        "deed_before_sale": wanted["last_deed_date"],
    }


@given(oldest=DAYS, wait=st.integers(0, 250), judicial=st.booleans())
def test_solicitation(oldest: date, wait: int, judicial: bool) -> None:
    sale = oldest + timedelta(days=wait)
    (window,) = process.solicitation_windows(FANNIE, next_due_date=oldest, sale_date=sale, judicial=judicial)
    for day in range(90, 106):
        on = oldest + timedelta(days=day)
        allowed = oracle.solicitation_clocks({"sale_date": sale, "judicial": judicial, "on": on})["allowed"]
        assert allowed == (window.due is not None and on <= window.due)


@given(
    start=FIRSTS,
    earlier=st.lists(st.integers(1, 3), max_size=4),
    behind=st.integers(0, 6),
    pool=st.none() | st.integers(0, 15),
    without_contact=st.booleans(),
)
def test_forbearance_room(
    start: date, earlier: list[int], behind: int, pool: int | None, without_contact: bool
) -> None:
    terms = []
    first = start
    for months in earlier:
        following = oracle.add_months(first, months)
        terms.append((first, following - timedelta(days=1)))
        first = following
    oldest = oracle.add_months(start, -behind)
    last = None if pool is None else oracle.add_months(start, pool)
    found = process.forbearance_room(
        FANNIE,
        terms,
        next_start=first,
        next_due_date=oldest,
        last_pool_payment=last,
        without_contact=without_contact,
    )
    case = {
        "rule_set": "fb.2026-05" if first >= date(2026, 5, 1) else "fb.pre-2026-05",
        "start": first,
        "initial_start": start,
        "next_due_date": oldest,
        "mbs_loan": last is not None,
        "last_scheduled_payment_date": last,
        "without_contact": without_contact,
    }
    wanted = oracle.forbearance(case)
    assert found.allowed_months == wanted["max_months"]
    assert found.next_end == wanted["term_end"]
    assert list(found.limits) == [name.removesuffix("-old") for name in wanted["binding"]]
