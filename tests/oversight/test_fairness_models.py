"""Regressions equal statsmodels' and published ones; adjusted rates remove what is held alike, and cover."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

from hopenow.errors import InputError
from hopenow.oversight.fairness import examine, load_mapping
from hopenow.oversight.fairness.compare import means
from hopenow.oversight.fairness.groups import Dimension
from hopenow.oversight.fairness.models import FEW, adjusted, fit, linear


def made(count: int, seed: int, effect: float = 0.0) -> pl.DataFrame:
    """Race is mixed up with payment to income, which alone decides, unless there is an effect of race."""
    rng = np.random.default_rng(seed)
    black = rng.uniform(size=count) < 0.4
    burden = rng.normal(0.3, 0.1, count) + 0.1 * black
    chance = 1 / (1 + np.exp(-(3 - 8 * burden - effect * black)))
    return pl.DataFrame(
        {
            "group_race": np.where(black, "black", "white").tolist(),
            "burden": burden,
            "yes": rng.uniform(size=count) < chance,
            "rate": 4 + burden + effect * black + rng.normal(0, 0.3, count),
        }
    )


def test_the_boston_regression_to_three_digits(shared: Path) -> None:
    path = shared / "data" / "fairness" / "boston_hmda.csv"
    result = examine(path, load_mapping("boston_hmda"))
    textbook = {(line.term, line.level): line for line in result.models["textbook"].coefficients}
    assert f"{textbook['payment_to_income', ''].value:.3f}" == "0.559"
    assert f"{textbook['race', 'black'].value:.3f}" == "0.177"
    assert f"{textbook['const', ''].value:.3f}" == "-0.091"
    assert f"{textbook['payment_to_income', ''].robust:.3f}" == "0.089"
    assert f"{textbook['race', 'black'].robust:.3f}" == "0.025"
    logistic = {(line.term, line.level): line for line in result.models["logistic"].coefficients}
    assert f"{logistic['payment_to_income', ''].value:.2f}" == "5.37"
    assert f"{logistic['race', 'black'].value:.2f}" == "1.27"
    # The same, worked out here from the file itself.
    with path.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    matrix = np.array([[1.0, float(row["dir"]), float(row["black"] == "yes")] for row in rows])
    outcome = np.array([float(row["deny"] == "yes") for row in rows])
    expected, *_ = np.linalg.lstsq(matrix, outcome, rcond=None)
    assert [line.value for line in result.models["textbook"].coefficients] == pytest.approx(expected)
    # The row filled with averages is found: two of its codes are no codes, two of its words are missing.
    assert result.findings["column"].to_list() == ["ccs", "mcs"]
    assert result.applications.frame["public_bad_record"].null_count() == 1
    offered = result.funnel.steps.filter((pl.col("dimension") == "race") & (pl.col("stage") == "offered"))
    black = offered.filter(pl.col("group") == "black").row(0, named=True)
    assert (black["entered"], black["reached"]) == (339, 243)
    assert black["ratio"] == pytest.approx((243 / 339) / (1853 / 2042))
    assert black["flag"] == "adverse impact"
    # Alike in credit history and the rest, the gap is a third of the raw one, and still there.
    assert -0.10 < black["adjusted_difference_low"] < black["adjusted_difference_high"] < -0.02


def test_the_public_use_file_survives_its_dirt(shared: Path) -> None:
    path = shared / "data" / "fairness" / "fhlbank_ama_pudb_2010.csv.zip"
    result = examine(path, load_mapping("fhlbank_ama_pudb_2010"))
    assert result.applications.read == result.applications.frame.height == 41_220
    assert result.applications.unused == ()
    counts = {
        key[0]: rows
        for key, rows in (
            (row[:1], row[1]) for row in result.findings.group_by("column").agg(pl.col("rows").sum()).rows()
        )
    }
    assert counts == {
        "Income": 825 + 45, "Front": 654 + 172, "Back": 654 + 173,
        "BoRace": 1898, "BoEth": 2144, "BoGender": 921, "BoAge": 6589,
    }  # fmt: skip
    frame = result.applications.frame
    assert frame["payment_to_income"].null_count() == 827
    assert frame["payment_to_income"].max() <= 2  # type: ignore[operator]
    assert result.funnel.steps.is_empty()
    assert len(result.reached.absent) == 9
    people = {(row["dimension"], row["group"]): row["people"] for row in result.people.rows(named=True)}
    assert people["race", "black"] == 453
    assert people["race", "not known"] == 1898
    for name in ("race", "sex", "income_band", "age_band", "metro"):
        assert result.people.filter(pl.col("dimension") == name)["people"].sum() == 41_220
    rates = result.means.filter((pl.col("measure") == "note_rate") & (pl.col("dimension") == "race"))
    assert rates.filter(pl.col("group") == "black")["difference"].item() == pytest.approx(0.205346, abs=5e-4)


def test_coefficients_and_errors_are_those_of_statsmodels() -> None:
    frame = made(3_000, 1, 0.4)
    matrix = sm.add_constant(np.column_stack([frame["burden"], (frame["group_race"] == "white").cast(pl.Float64)]))
    outcome = frame["yes"].cast(pl.Float64).to_numpy()
    straight = fit(frame, "yes", ["burden", "group_race"], "linear_probability", references={"group_race": "black"})
    expected = sm.OLS(outcome, matrix).fit()
    assert [line.value for line in straight.coefficients] == pytest.approx(expected.params)
    assert [line.robust for line in straight.coefficients] == pytest.approx(expected.get_robustcov_results("HC1").bse)
    curved = fit(frame, "yes", ["burden", "group_race"], references={"group_race": "black"}, errors="classic")
    logit = sm.Logit(outcome, matrix).fit(disp=0, tol=1e-12)
    assert curved.r_squared == pytest.approx(logit.prsquared, rel=1e-9)
    assert [line.value for line in curved.coefficients] == pytest.approx(logit.params, rel=1e-10)
    assert [line.error for line in curved.coefficients] == pytest.approx(logit.bse)
    robust = sm.Logit(outcome, matrix).fit(disp=0, cov_type="HC1")
    assert [line.robust for line in curved.coefficients] == pytest.approx(robust.bse, rel=1e-3)  # without n over n - k
    found, used = linear(frame, "rate", "group_race", "black", ["burden"])
    number = sm.OLS(frame["rate"].to_numpy(), matrix).fit(cov_type="HC1")
    assert used == 3_000
    assert found["white"][0] == pytest.approx(number.params[2])
    assert found["white"][1:] == pytest.approx(number.conf_int()[2], rel=1e-6)


def test_what_is_held_alike_is_taken_out() -> None:
    frame = made(20_000, 3)
    raw = frame.group_by("group_race").agg(pl.col("yes").mean()).sort("group_race")["yes"].to_list()
    assert raw[0] < raw[1] - 0.1
    _, found = adjusted(frame, "yes", "group_race", ["white", "black"], "white", ["burden"])
    black = next(item for item in found if item.group == "black")
    assert black.difference.low < 0 < black.difference.high
    assert black.ratio.low < 1 < black.ratio.high
    assert black.odds_ratio.low < 1 < black.odds_ratio.high
    both = {item.group: item.rate.value for item in found}
    assert both["black"] == pytest.approx(both["white"], abs=0.02)


def test_adjusted_intervals_cover() -> None:
    inside = {"difference": 0, "ratio": 0, "odds": 0}
    runs = 200
    for seed in range(runs):
        frame = made(800, 100 + seed)
        _, found = adjusted(frame, "yes", "group_race", ["white", "black"], "white", ["burden"])
        black = next(item for item in found if item.group == "black")
        inside["difference"] += black.difference.low <= 0 <= black.difference.high
        inside["ratio"] += black.ratio.low <= 1 <= black.ratio.high
        inside["odds"] += black.odds_ratio.low <= 1 <= black.odds_ratio.high
    # 95 percent, with four standard errors of 200 runs.
    assert all(0.885 <= count / runs <= 0.995 for count in inside.values()), inside


def test_rows_and_terms_left_out_are_counted() -> None:
    frame = made(1_000, 5).with_columns(
        pl.when(pl.int_range(pl.len()) >= 30).then(pl.col("burden")).alias("burden"),
        (2 * pl.col("burden") + 1).alias("same"),
        pl.lit(1.0).alias("constant"),
    )
    model = fit(frame.with_columns(pl.col("burden").alias("twin")), "yes", ["burden", "twin", "constant"])
    assert model.left_out == {"burden is not known": 30}
    assert set(model.dropped) == {"twin", "constant"}
    assert model.used == 970


def test_a_model_that_cannot_be_had_says_why() -> None:
    frame = made(1_000, 6)
    few = fit(frame.head(12), "yes", ["burden", "group_race"])
    assert "too few" in few.refused
    telling = fit(frame.with_columns(pl.col("yes").cast(pl.Float64).alias("tell")), "yes", ["tell"])
    assert "cannot be fitted" in telling.refused
    assert telling.coefficients == ()
    with pytest.raises(InputError, match="'gone'"):
        fit(frame, "yes", ["gone"])
    with pytest.raises(InputError, match="cannot stand in a model"):
        fit(frame.with_columns(pl.lit(None, pl.Date).fill_null(pl.date(2020, 1, 1)).alias("day")), "yes", ["day"])


def test_few_people_of_a_category_get_no_coefficient_of_their_own() -> None:
    frame = made(2_000, 7).with_columns(
        pl.when(pl.int_range(pl.len()) < 4).then(pl.lit("a")).when(pl.int_range(pl.len()) < 8).then(pl.lit("b"))
        .when(pl.int_range(pl.len()) < 20).then(pl.lit("c")).otherwise(pl.lit("d")).alias("kind")
    )  # fmt: skip
    levels = {line.level for line in fit(frame, "yes", ["kind", "burden"], "linear_probability").coefficients}
    assert levels == {"", "c"}  # a and b are too few even together, and count with d
    more = frame.with_columns(
        pl.when(pl.int_range(pl.len()).is_between(20, 27)).then(pl.lit("e")).otherwise("kind").alias("kind")
    )
    assert {line.level for line in fit(more, "yes", ["kind"], "linear_probability").coefficients} == {"", "c", FEW}


def test_a_category_that_settles_the_outcome_is_left_out_not_the_whole_model() -> None:
    frame = made(3_000, 8).with_columns(
        pl.when(pl.int_range(pl.len()) < 40).then(pl.lit("sure")).otherwise(pl.lit("open")).alias("kind")
    )
    frame = frame.with_columns(pl.when(pl.col("kind") == "sure").then(pl.lit(False)).otherwise("yes").alias("yes"))
    model, found = adjusted(frame, "yes", "group_race", ["white", "black"], "white", ["burden", "kind"])
    assert len(found) == 2
    assert model.used == 2_960
    assert model.left_out == {"everybody of a category of kind has the same outcome": 40}
    assert "kind: sure" in model.dropped


def test_means_and_how_many_lack_them() -> None:
    rng = np.random.default_rng(9)
    count = 900
    race = np.repeat(["a", "b", "c"], [500, 300, 100])
    rate = rng.normal(5, 1, count) + 0.5 * (race == "b")
    lack = np.zeros(count, bool)
    lack[:40] = True
    lack[500:504] = True
    lack[800:860] = True
    frame = pl.DataFrame({"group_race": race.tolist(), "note_rate": rate}).with_columns(
        pl.when(pl.Series(~lack)).then("note_rate").alias("note_rate")
    )
    dimension = Dimension("race", "race", False, ("a", "b", "c"), "a", "")
    found = {row["group"]: row for row in means(frame, [dimension], ["note_rate"], []).iter_rows(named=True)}
    # Four of b lack it: that is hidden, and another with it, since the sizes and the total are known.
    assert found["b"]["people"] is None
    assert sum(row["not_known"] is None for row in found.values()) >= 2
    known = rate[(race == "b") & ~lack], rate[(race == "a") & ~lack]
    assert found["b"]["difference"] == pytest.approx(known[0].mean() - known[1].mean(), abs=1e-3)
    expected = sm.stats.CompareMeans(sm.stats.DescrStatsW(known[0]), sm.stats.DescrStatsW(known[1])).tconfint_diff(
        usevar="unequal"
    )
    assert (found["b"]["difference_low"], found["b"]["difference_high"]) == pytest.approx(expected, abs=1e-3)
    few = means(frame.head(544), [dimension], ["note_rate"], []).filter(pl.col("group") == "b")
    assert few["mean"].item() is not None
