"""The three-sided view: from a review's terms to values, conflicts, pages and files."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from hopenow.cli.app import cli
from hopenow.errors import InputError
from hopenow.facts import schema
from hopenow.portfolio.sources import find_sources
from hopenow.review.engine import Part, Settings, determine
from hopenow.review.published import published
from hopenow.tapes.synthetic import synthetic_delinquent
from hopenow.valuation.modern import CASES, RANGED
from hopenow.valuation.offers import NO_HELP
from hopenow.valuation.sides import Interests, Sides, sensitivity, sides
from hopenow.valuation.sides_page import as_dict, conflict_words, in_published_units, page

DAY = datetime.date(2025, 9, 15)


@pytest.fixture(scope="module")
def facts() -> pl.DataFrame:
    return synthetic_delinquent(1_500, evaluation_date=DAY)


@pytest.fixture(scope="module")
def parts(facts: pl.DataFrame) -> list[Part]:
    return determine(facts, Settings())


@pytest.fixture(scope="module")
def found(facts: pl.DataFrame, parts: list[Part]) -> Sides:
    return sides(facts, parts)


def one(facts: pl.DataFrame, found: Sides, option: str = "flex_modification") -> pl.DataFrame:
    place = found.options.filter(pl.col("option").str.contains(option))["_row"][0]
    return facts[int(place)]


def test_every_loan_is_valued_or_named_with_what_is_missing(facts: pl.DataFrame, found: Sides) -> None:
    assert found.register.height + found.not_usable.height == facts.height
    assert found.options.filter(pl.col("option") == NO_HELP).height == found.register.height
    assert (found.not_usable["missing"].str.len_chars() > 0).all()
    lacking = facts.filter(pl.col("loan_id").is_in(found.not_usable["loan_id"].to_list()))
    assert lacking.select(pl.any_horizontal(pl.all().is_null()).all()).item()


def test_ranges_are_in_order_and_chances_are_chances(found: Sides) -> None:
    o = found.options
    for name in ("investor", "gain", "servicer", "lost_ever", "home_12", "home_24", "home_60"):
        low, base, high = (o[f"{name}_{case}"] for case in CASES)
        assert (low <= base).all(), name
        assert (base <= high).all(), name
    for name in ("home_12_low", "home_60_high", "lost_ever_low", "paid_off_60", "lost_60"):
        assert o[name].is_between(-1e-12, 1 + 1e-12).all()
    assert (o["home_12_base"] >= o["home_60_base"] - 1e-12).all()
    alone = o.filter(pl.col("option") == NO_HELP)
    assert (alone["gain_base"] == 0).all()
    assert (alone["payment_change"] == 0).all()


def test_servicer_parts_make_the_whole(found: Sides) -> None:
    made = found.options.select(
        pl.col("servicer_fees") + pl.col("servicer_late_income") + pl.col("servicer_incentive")
        - pl.col("servicer_cost") - pl.col("servicer_advances") - pl.col("servicer_base")
    ).to_series()  # fmt: skip
    assert made.abs().max() <= 3  # five roundings


def test_conflict_register_follows_from_the_options(found: Sides) -> None:
    for entry in found.register.head(300).iter_rows(named=True):
        own = found.options.filter(pl.col("_row") == entry["_row"])
        for side in ("investor", "servicer"):
            worth = dict(zip(own["option"], own[f"{side}_base"], strict=True))
            assert worth[entry[f"best_for_{side}"]] == max(worth.values())
        assert entry["investor_loses_base"] >= 0
        assert entry["servicer_gains_base"] >= 0
        assert entry["servicer_conflict"] == (entry["best_for_investor"] != entry["best_for_servicer"])
        lost = dict(zip(own["option"], own["lost_ever_base"], strict=True))
        assert lost[entry["best_for_homeowner"]] == min(lost.values())


def test_register_says_unknown_unless_it_was_told(facts: pl.DataFrame, parts: list[Part], found: Sides) -> None:
    assert set(found.register["own_junior_lien"]) == {"unknown"}
    told = sides(facts, parts, Interests(junior_lien=True, affiliates=False)).register
    assert set(told["own_junior_lien"]) == {"yes"}
    assert set(told["affiliated_vendors"]) == {"no"}
    conflicts = [entry for entry in found.register.iter_rows(named=True) if entry["servicer_conflict"]]
    assert conflicts
    said = " ".join(conflict_words(conflicts[0]))
    assert "Conflict: best for the investor is" in said
    assert "the investor loses $" in said
    assert "unknown" in said


def test_a_loan_alone_is_worth_what_it_is_worth_among_others(facts: pl.DataFrame, found: Sides) -> None:
    alone = one(facts, found)
    again = sides(alone, determine(alone, Settings()))
    own = found.options.filter(pl.col("loan_id") == alone["loan_id"][0]).drop("_row")
    assert again.options.drop("_row").equals(own)


def test_threads_change_nothing(facts: pl.DataFrame, parts: list[Part], found: Sides) -> None:
    assert sides(facts, parts, threads=2).options.equals(found.options)


def test_sensitivity_moves_each_assumption_and_counts_self_cure(facts: pl.DataFrame, found: Sides) -> None:
    alone = one(facts, found)
    swings = sensitivity(alone, determine(alone, Settings()))
    option = next(item.option for item in swings if "flex" in item.option)
    own = [item for item in swings if item.option == option]
    assert {item.assumption for item in own} == {*RANGED, "self_cure_counted"}
    assert [item.width for item in own] == sorted((item.width for item in own), reverse=True)
    base = found.options.filter((pl.col("loan_id") == alone["loan_id"][0]) & (pl.col("option") == option))[
        "gain_base"
    ].item()
    assert {item.base for item in own} == {base}
    with pytest.raises(InputError):
        sensitivity(facts, [])


def test_options_that_only_give_time_are_named_and_not_valued(found: Sides) -> None:
    assert "forbearance" in set(found.not_valued["option"])
    assert not found.options["option"].str.contains("forbearance").any()


def test_missing_columns_are_named_all_at_once() -> None:
    with pytest.raises(InputError, match="property_value") as error:
        sides(pl.DataFrame({"loan_id": ["1"]}), [])
    assert "remaining_term" in str(error.value)


def test_page_and_json_say_what_they_rest_on(facts: pl.DataFrame, found: Sides) -> None:
    alone = one(facts, found)
    parts = determine(alone, Settings())
    again = sides(alone, parts)
    swings = sensitivity(alone, parts)
    html = page(again, swings)
    for words in ("nobody has verified", "Conflict register", "No help", "unverified", "Still home"):
        assert words in html
    plain = json.loads(json.dumps(as_dict(again, swings)))
    assert plain["verification"] == "unverified"
    assert {item["name"] for item in plain["assumptions"]} >= set(RANGED)
    assert plain["options"][0]["investor_base"].count(".") == 1


def test_money_leaves_as_exact_dollars(found: Sides) -> None:
    frame = in_published_units(found.options.head(5))
    assert isinstance(frame.schema["investor_base"], pl.Decimal)
    assert not any(name.startswith("_") for name in frame.columns)
    cents = found.options["investor_base"][:5].to_list()
    assert [int(value * 100) for value in frame["investor_base"].to_list()] == cents


def test_command_values_one_loan_and_a_tape(tmp_path: Path, facts: pl.DataFrame) -> None:
    tape = tmp_path / "loans.parquet"
    pq.write_table(published(facts.head(200), {}), tape)
    run = CliRunner()
    result = run.invoke(cli, ["npv", "sides", str(tape), "--out", str(tmp_path / "all.parquet")])
    assert result.exit_code == 0, result.output
    rows = pl.read_parquet(tmp_path / "all.parquet")
    (source,) = find_sources([tape])
    again = pl.concat(schema().complete(batch.facts, ()) for batch in source.read("last", 65_536, "ignore"))
    first = sides(again, determine(again, Settings())).options
    assert rows.height == first.height
    assert [int(value * 100) for value in rows["investor_base"]] == first["investor_base"].to_list()
    assert (tmp_path / "all-conflicts.parquet").is_file()
    loan = rows["loan_id"][0]
    result = run.invoke(cli, ["npv", "sides", str(tape), "--loan", loan])
    assert "what each way forward is worth" in result.output
    result = run.invoke(cli, ["npv", "sides", str(tape), "--loan", loan, "--html", str(tmp_path / "one.html")])
    assert (tmp_path / "one.html").read_text().startswith("<!")
    result = run.invoke(cli, ["npv", "sides", str(tape), "--loan", loan, "--json"])
    assert json.loads(result.output)["options"]


def test_npv_alone_still_runs_the_value_test() -> None:
    result = CliRunner().invoke(cli, ["npv", "--template"])
    assert result.exit_code == 0
    assert "npv_date" in result.output
    shown = CliRunner().invoke(cli, ["npv", "--help"]).output
    assert "sides" in shown
    assert "--tiers" in shown
