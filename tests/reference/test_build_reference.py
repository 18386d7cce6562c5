"""The builder makes the package's tables from the publishers' files."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pytest

from hopenow.reference import describe
from hopenow.reference.tables import package_file
from tools import build_reference


def build(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["build_reference.py", *arguments])
    build_reference.main()


def test_building_again_gives_the_same_tables(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = shared / "data"
    build(
        monkeypatch,
        *("--state", str(data / "house_price_index_state.csv")),
        *("--metro", str(data / "house_price_index_metro.csv.gz")),
        *("--pmms", str(data / "pmms_30yr_weekly.csv")),
        *("--out", str(tmp_path)),
    )
    for path in tmp_path.iterdir():
        assert pl.read_parquet(path).equals(pl.read_parquet(package_file(path.name)))
    ours = {info.id: info for info in describe()}
    for info in describe(tmp_path)[:3]:
        assert info.origin == str(tmp_path / f"{info.id}.parquet")
        assert (info.source, info.edition, info.verification, info.note) == (
            ours[info.id].source,
            ours[info.id].edition,
            ours[info.id].verification,
            ours[info.id].note,
        )


def test_freddie_macs_own_file_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "PMMS_history.csv"
    source.write_text("date,pmms30\n12/30/1999,8.06\n1/7/2000,8.15\n")
    out = tmp_path / "out"
    out.mkdir()
    build(monkeypatch, "--pmms", str(source), "--out", str(out))
    info = describe(out)[2]
    assert (info.rows, info.verification, info.edition) == (1, ("verified",), "survey through 2000-01-07")


def test_nothing_to_build_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit):
        build(monkeypatch)
