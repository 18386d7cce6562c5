"""Supplements of the HAMP value test: strict reading, every defect at once, and the public substitute."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from hopenow.errors import CoverageError, InputError
from hopenow.valuation.hamp_npv import PUBLIC_LABEL, evaluate, load_supplement, public_substitute, run
from hopenow.valuation.hamp_npv.supplement import STATES
from tests.valuation.hamp_loans import standard_loan

TODAY = datetime.date(2020, 1, 1)
DAY = datetime.date(2010, 3, 15)
HEAD = {
    "name": "Supplement 2010Q1", "publisher": "Example Servicer", "first": datetime.date(2010, 1, 1),
    "last": datetime.date(2010, 3, 31), "quarter": "2010Q1", "verification": "secondary",
}  # fmt: skip
QUARTERS = [f"{2009 + place // 4}Q{place % 4 + 1}" for place in range(17)]


def folder(where: Path) -> Path:
    where.mkdir(parents=True, exist_ok=True)
    (where / "supplement.yaml").write_text(yaml.safe_dump(HEAD))
    columns = "state,foreclosure_days,reo_days,cost_percent,settlement_percent"
    columns += ",reo_discount_percent_low_value,reo_discount_percent_high_value\n"
    (where / "states.csv").write_text(f"{columns}CA,300,150,9.5,6.5,-20,12\nTX,200,120,8,6,20,12\n")
    (where / "markets.csv").write_text(
        "area,market\nCA,rest of California\n902,Los Angeles\n90211,Beverly Hills\nTX,Texas\n"
    )
    names = ("rest of California", "Los Angeles", "Beverly Hills", "Texas")
    prices = [f"{name},{quarter},{100 - place}" for name in names for place, quarter in enumerate(QUARTERS)]
    (where / "prices.csv").write_text("market,quarter,index\n" + "\n".join(prices) + "\n")
    declines = [f"{name},{quintile},{1000 * quintile}" for name in names for quintile in range(1, 6)]
    (where / "declines.csv").write_text("market,quintile,amount\n" + "\n".join(declines) + "\n")
    return where


def test_a_folder_is_read(tmp_path: Path) -> None:
    found = load_supplement(folder(tmp_path / "q1")).on(DAY)
    assert found.label == "Example Servicer: Supplement 2010Q1"
    assert list(found.markets) == ["rest of California", "Los Angeles", "Beverly Hills", "Texas"]
    assert [found.market_of(*place) for place in (("90211", "CA"), ("90210", "CA"), ("94000", "CA"), ("1", "NY"))] == [
        2,
        1,
        0,
        -1,
    ]
    assert found.discount_low[0] == 0.2  # the sign does not matter
    assert found.declines[1].tolist() == [100_000, 200_000, 300_000, 400_000, 500_000]
    prices = found.prices
    assert prices.levels[0, 0] == 1.0
    assert prices.levels[0, 3] == pytest.approx(95 / 96)
    assert prices.levels[0, 36] == pytest.approx(84 / 96)
    assert prices.levels[0, 48] / prices.levels[0, 36] == pytest.approx(1.045)
    assert prices.growth[0, 0] == pytest.approx(96 / 100 - 1)
    assert prices.growth[0, -1] == pytest.approx(0.045)


def test_a_file_holds_the_same(tmp_path: Path) -> None:
    import csv

    where = folder(tmp_path / "q1")
    content: dict[str, object] = dict(HEAD)
    for name in ("states", "markets", "prices", "declines"):
        with (where / f"{name}.csv").open() as stream:
            content[name] = list(csv.DictReader(stream))
    path = tmp_path / "one.yaml"
    path.write_text(yaml.safe_dump(content))
    loan = standard_loan()
    assert run(loan, load_supplement(path), on=TODAY).frame.equals(run(loan, load_supplement(where), on=TODAY).frame)


def test_results_name_the_supplement(tmp_path: Path) -> None:
    result = evaluate(standard_loan(), load_supplement(folder(tmp_path)), on=TODAY)
    assert result.ok
    assert result.supplement == "Supplement 2010Q1"
    assert PUBLIC_LABEL not in str(result.as_dict())


def test_no_neighboring_quarter_is_used(tmp_path: Path) -> None:
    supplements = load_supplement(folder(tmp_path))
    with pytest.raises(CoverageError, match="2010-01-01 to 2010-03-31"):
        supplements.on(datetime.date(2010, 4, 1))
    day = datetime.date(2010, 4, 1)
    result = evaluate(standard_loan(npv_date=day, data_collection_date=day), supplements, on=TODAY)
    assert result.run_code == "N: no_supplement"


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def work(where: Path) -> None:
        path = where / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return work


DEFECTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a table is missing": (lambda where: (where / "prices.csv").unlink(), "there is no prices.csv"),
    "a column is missing": (edit("declines.csv", "quintile", "fifth"), "expected market, quintile, amount"),
    "a state is unknown": (edit("states.csv", "TX,", "ZZ,"), "'ZZ' is no state of the model"),
    "a state stands twice": (edit("states.csv", "TX,", "CA,"), "'CA' is given twice"),
    "a number is none": (edit("states.csv", "300", "soon"), "foreclosure_days 'soon' of CA"),
    "days are out of range": (edit("states.csv", "300", "0"), "is not a number from 1 to 5000"),
    "a quarter is missing": (edit("prices.csv", "Texas,2011Q2,91\n", ""), "Texas has no index for 2011Q2"),
    "a quarter is outside": (edit("prices.csv", "Texas,2011Q2", "Texas,2019Q2"), "2019Q2 is given twice, or outside"),
    "an area has no market": (edit("markets.csv", "902,Los Angeles", "902,Atlantis"), "'902' to 'Atlantis'"),
    "an area is none": (edit("markets.csv", "902,", "Hollywood,"), "'Hollywood' to 'Los Angeles'"),
    "an amount is missing": (edit("declines.csv", "Texas,3,3000\n", ""), "Texas has no amount for quintile 3"),
    "a key is unknown": (edit("supplement.yaml", "publisher:", "printer: x\npublisher:"), "printer"),
    "a key stands twice": (edit("supplement.yaml", "publisher:", "name: x\npublisher:"), "stands twice"),
    "a mark is none": (edit("supplement.yaml", "secondary", "sure"), "verification"),
    "the quarter is none": (edit("supplement.yaml", "2010Q1\n", "spring\n"), ""),
    "it ends before it begins": (edit("supplement.yaml", "2010-03-31", "2009-03-31"), "is after last"),
}


@pytest.mark.parametrize("name", list(DEFECTS))
def test_a_defect_is_found(name: str, tmp_path: Path) -> None:
    where = folder(tmp_path)
    work, words = DEFECTS[name]
    if name == "the quarter is none":
        edit("supplement.yaml", "quarter: 2010Q1", "quarter: spring")(where)
        words = "quarter"
    else:
        work(where)
    with pytest.raises(InputError) as caught:
        load_supplement(where)
    assert words in str(caught.value)


def test_every_defect_is_told_at_once(tmp_path: Path) -> None:
    where = folder(tmp_path)
    for name in ("a number is none", "a quarter is missing", "an amount is missing"):
        DEFECTS[name][0](where)
    with pytest.raises(InputError) as caught:
        load_supplement(where)
    assert len(caught.value.findings) == 3


def test_several_quarters_must_not_overlap(tmp_path: Path) -> None:
    folder(tmp_path / "one")
    second = folder(tmp_path / "two")
    with pytest.raises(InputError, match="before Supplement 2010Q1 ends"):
        load_supplement(tmp_path)
    edit("supplement.yaml", "first: 2010-01-01", "first: 2010-04-01")(second)
    edit("supplement.yaml", "last: 2010-03-31", "last: 2010-06-30")(second)
    found = load_supplement(tmp_path)
    assert found.on(datetime.date(2010, 5, 1)).first == datetime.date(2010, 4, 1)


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no supplement"):
        load_supplement(tmp_path)


# --- the public substitute ------------------------------------------------------------------------


def test_the_substitute_covers_the_program_and_says_what_it_is() -> None:
    public = public_substitute()
    assert public.label == PUBLIC_LABEL
    for day in (datetime.date(2009, 4, 15), datetime.date(2012, 6, 1), datetime.date(2016, 12, 31)):
        found = public.on(day)
        assert found.first <= day <= found.last
        assert found.verification == "unverified"
        assert set(found.states) == STATES & set(found.states)
        assert len(found.markets) == 51
        assert (found.index > 0).all()
    with pytest.raises(CoverageError):
        public.on(datetime.date(1999, 1, 1))


def test_the_substitute_knows_no_later_prices_unless_told() -> None:
    then, known = public_substitute().on(DAY), public_substitute("published").on(DAY)
    place = then.markets["NV"]
    # Through the second quarter before the test both are what was published; later only one is.
    assert np.array_equal(then.index[:, :3], known.index[:, :3])
    assert not np.allclose(then.index[place, 3:], known.index[place, 3:])
    with pytest.raises(InputError, match="autoregressive or published"):
        public_substitute("crystal ball")
