from __future__ import annotations

import datetime
from pathlib import Path

import polars as pl

from hopenow.review import Settings
from hopenow.review.engine import determine

DAY = datetime.date(2023, 1, 18)
FACTS = pl.DataFrame({"loan_id": ["1"], "evaluation_date": [DAY]})
COLUMNS = {
    "fha": "fha_market_rate__index_rate",
    "va": "va_maximum_rate__survey_rate",
}


def found(program: str, folder: Path | None) -> int:
    (part,) = determine(FACTS, Settings(programs=(program,), reference_dir=folder))
    value: int = part.frame[COLUMNS[program]].item()
    return value


def test_a_newer_survey_reaches_every_program_that_rests_on_it(tmp_path: Path) -> None:
    (tmp_path / "PMMS_history.csv").write_text("date,pmms30\n1/12/2023,9.99\n1/19/2023,1.11\n", encoding="utf-8")
    for program in COLUMNS:
        shipped = found(program, None)
        assert found(program, tmp_path) == 99_900 != shipped
        assert found(program, None) == shipped
