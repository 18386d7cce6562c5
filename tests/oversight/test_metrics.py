"""The registry is strict, and each measure equals what a hand finds on a few loans."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hopenow.errors import InputError, LawError
from hopenow.oversight import outcomes
from hopenow.oversight.histories import Histories, read
from hopenow.oversight.metrics import compute, extrapolate, metrics, package_published, read_published
from hopenow.oversight.metrics.published import span
from hopenow.oversight.metrics.registry import load

START = 2015 * 12

GOOD: dict[str, Any] = {
    "id": "x.y",
    "title": "T",
    "version": "1",
    "unit": "loan",
    "says": "S",
    "denominator": "D",
    "compute": {"kind": "count", "of": ["modification"]},
    "cite": "OWN",
    "verification": "verified",
}


def test_every_measure_has_what_a_number_must_carry() -> None:
    for metric in metrics().values():
        assert metric.unit in ("person", "loan", "action")
        assert metric.says
        assert metric.denominator
        assert metric.version
        assert metric.cite
    assert {metric.family for metric in metrics().values()} == {"hope_now", "occ", "hamp", "own", "mba", "ots"}
    # Trials are never counted as help done.
    assert "trial" not in metrics()["own.people_long_term"].compute.of
    assert "trial" not in metrics()["own.redefault_60"].compute.of


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"color": "red"}, "Extra inputs"),
        ({"unit": "household"}, "unit"),
        ({"cite": "NOBODY"}, "table of documents"),
        ({"verification": "sure"}, "verification"),
        ({"compute": {"kind": "guess"}}, "compute.kind"),
        ({"compute": {"kind": "count", "lost": "ignored"}}, "compute.lost"),
        ({"version": None}, "version"),
    ],
)
def test_a_defect_of_the_registry_is_an_error(change: dict[str, Any], words: str) -> None:
    assert load([GOOD], "good.yaml")
    with pytest.raises(LawError, match=words):
        load([{**GOOD, **change}], "bad.yaml")


def loans(tmp_path: Path) -> Histories:
    """Ten loans modified in month 4; by hand: what each does later."""
    later = {
        "stays": [0] * 70,
        "thirty": [*[0] * 5, 1, *[0] * 64],  # 30 days late six months after month 3, once
        "sixty_at_6": [0, 0, 0, 0, 1, 2, 1, 0, *[0] * 62],  # late 60 at six months only
        "ninety": [0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, *range(10, 68)],
        "paid": [0] * 5,
        "lost": [0, 1, 2, 3, 4],
        "left": [0] * 5,
        "gone": [0] * 5,
    }
    ends = {"paid": "paid_off", "lost": "foreclosure_sale", "left": "left"}
    rows = []
    for key, lates in later.items():
        whole = [0, 1, 2, 3, 0, *lates]
        for place, late in enumerate(whole):
            end = ends.get(key) if place == len(whole) - 1 else None
            rows.append((key, START + place, late, "yes" if place >= 4 else "no", end or "none"))
    path = tmp_path / "x.parquet"
    frame = pl.DataFrame(rows, schema=["loan_id", "month", "months_late", "modified", "ended"], orient="row")
    frame.with_columns(first_payment_month=pl.lit(START)).write_parquet(path)
    return read(path, grid=outcomes.grid())


def counts(histories: Histories, name: str, months: int) -> tuple[int, int, int]:
    row = compute(metrics()[name], histories).filter(pl.col("months") == months).row(0, named=True)
    return row["numerator"], row["denominator"], row["left_out"]


def test_the_same_loans_under_each_definition(tmp_path: Path) -> None:
    found = loans(tmp_path)
    assert found.helps.height == 8
    # Six months after: stays 0, thirty 1, sixty_at_6 2, ninety 3 months late; lost; paid, left and gone are out.
    assert counts(found, "occ.redefault_30", 6) == (4, 5, 3)
    assert counts(found, "occ.redefault_60", 6) == (3, 5, 3)
    assert counts(found, "occ.redefault_90", 6) == (2, 5, 3)
    assert counts(found, "hope_now.performing_6", 6) == (3, 5, 3)
    # Paid off stays in for the Treasury; a loan once 90 days late stays counted.
    assert counts(found, "hamp.disqualified", 6) == (2, 6, 2)
    assert counts(found, "hamp.late_60", 6) == (3, 6, 2)
    assert counts(found, "hamp.late_60", 12) == (2, 6, 2)
    # Ever 60 days late: sixty_at_6, ninety, and lost (which was 60 days late first).
    assert counts(found, "own.redefault_60", 12) == (3, 6, 2)
    assert counts(found, "own.kept_current", 12) == (3, 8, 0)


def test_redefault_by_the_size_of_the_payment_change(tmp_path: Path) -> None:
    rows = []
    for number, rate in enumerate([2.0, 3.2, 4.3, 4.5, 6.0]):
        for place in range(20):
            late = [0, 1, 2, 3][place] if place < 4 else 0 if place < 8 or number < 4 else place - 7
            after = place >= 4
            rows.append(
                (f"L{number}", START + place, late, "yes" if after else "no", rate if after else 4.5, 200_000.0)
            )
    frame = pl.DataFrame(
        rows, schema=["loan_id", "month", "months_late", "modified", "note_rate", "balance"], orient="row"
    )
    frame = frame.with_columns(
        first_payment_month=pl.lit(START), maturity=pl.lit(START + 7 + 360), original_balance=pl.lit(200_000.0),
        original_rate=pl.lit(4.5), original_term=pl.lit(360),
    )  # fmt: skip
    frame.write_parquet(tmp_path / "x.parquet")
    found = read(tmp_path / "x.parquet", grid=outcomes.grid())
    bands = dict(outcomes.grouped(found.helps).select("loan_id", "payment").iter_rows())
    assert bands == {
        "L0": "cut by 20% or more",
        "L1": "cut by 10% to under 20%",
        "L2": "cut by under 10%",
        "L3": "unchanged",
        "L4": "raised",
    }
    assert compute(metrics()["hope_now.lower_payment"], found)["numerator"].to_list() == [3]
    assert compute(metrics()["hope_now.lower_payment_10"], found)["numerator"].to_list() == [2]
    raised = found.helps.filter(pl.col("loan_id") == "L4")
    assert compute(metrics()["occ.redefault_90"], found, raised).filter(pl.col("months") == 9)["value"].to_list() == [
        1.0
    ]


def test_mba_and_ots_methods(tmp_path: Path) -> None:
    found = loans(tmp_path)
    last = {
        name: compute(metrics()[name], found).select("numerator", "denominator").row(0)
        for name in ("mba.late_30", "mba.late_60", "mba.late_90", "ots.late_30", "ots.late_60", "ots.late_90")
    }
    assert set(last.values()) == {(0, 3)} or all(late <= of for late, of in last.values())
    stock = found.stock.filter(pl.col("month") == START + 2).row(0, named=True)
    assert (stock["late_2"], stock["late_0"]) == (8, 0)


# --- reported and extrapolated --------------------------------------------------------------------


def test_extrapolation_keeps_reported_apart() -> None:
    found = extrapolate(710, 0.71, 0.03)
    assert (found.reported, found.extrapolated, found.least) == (710, 1000, 710)
    assert found.low < 1000 < found.high
    assert found.estimated_share == pytest.approx(0.29)
    whole = extrapolate(500, 1.0)
    assert (whole.extrapolated, whole.low, whole.high) == (500, 500, 500)
    for wrong in ((1, 0.0, 0.0), (1, 1.1, 0.0), (-1, 0.5, 0.0), (1, 0.5, 0.5)):
        with pytest.raises(InputError):
            extrapolate(*wrong)


# --- published series -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2012", (2012, 1, 1), (2012, 12, 31)),
        ("2012-Q3", (2012, 7, 1), (2012, 9, 30)),
        ("2012-H2", (2012, 7, 1), (2012, 12, 31)),
        ("2013-02", (2013, 2, 1), (2013, 2, 28)),
        ("2007-07..2008-01", (2007, 7, 1), (2008, 1, 31)),
        ("2008-Q3 vintage", (2008, 7, 1), (2008, 9, 30)),
    ],
)
def test_periods(period: str, first: tuple[int, int, int], last: tuple[int, int, int]) -> None:
    assert span(period) == (datetime.date(*first), datetime.date(*last))


def test_periods_that_cannot_be_read_have_no_dates() -> None:
    assert span("sometime") == (None, None)
    assert span("2013-13") == (None, None)


def test_breaks_and_restatements_are_kept() -> None:
    published = package_published()
    assert published.restated.select("series", "period").unique().height == 3
    sales = published.values.filter((pl.col("series") == "foreclosure_sales") & (pl.col("period") == "2011"))
    assert sales["value"].to_list() == [843_000, 840_186]
    assert sales["latest"].to_list() == [False, True]
    mods = published.values.filter(pl.col("series") == "modifications_completed").sort("start")
    assert mods["breaks_before"].to_list()[0] == 0
    assert set(mods["breaks_before"].to_list()[1:]) == {1}
    assert all(row["source"] for row in published.values.iter_rows(named=True))


def test_the_collected_figures_load(shared: Path) -> None:
    published = read_published(shared / "data" / "hope_now_published_metrics.csv")
    assert published.values.height == 304
    restated = published.restated
    feb = restated.filter((pl.col("series") == "foreclosure_starts") & (pl.col("period") == "2013-02"))
    assert feb["value"].to_list() == [167_232, 192_000]
    assert published.values.filter(pl.col("text") == "40-50")["value"].to_list() == [None]


def test_a_wrong_file_of_figures_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("period,measure\n2012,a\n")
    with pytest.raises(InputError, match="source_title"):
        read_published(path)
    path.write_text("period,measure,value,unit,note,source_title,source_date,source_url\n2012,a,many,count,,S,2012,\n")
    with pytest.raises(InputError, match="'many' is not a number"):
        read_published(path)
    with pytest.raises(InputError, match="not a file"):
        read_published(tmp_path / "none.csv")
