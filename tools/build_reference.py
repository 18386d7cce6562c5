"""Make the package's reference series from the publishers' files.

    python tools/build_reference.py --state hpi_at_state.csv --metro hpi_at_metro.csv --pmms PMMS_history.csv

Each series keeps our own columns, from the first year on, and carries its description (source, unit, edition,
verification) inside the Parquet file. The two hand-kept tables (modification_rates.yaml,
state_foreclosure.yaml) are not touched.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl

from hopenow.reference.house_prices import (
    check_index_frame,
    quarter_label,
    quarter_number,
    read_fhfa_metro,
    read_fhfa_state,
)
from hopenow.reference.mortgage_rates import check_rate_frame, read_pmms_csv

DEFAULT_OUT = Path(__file__).parents[1] / "src" / "hopenow" / "reference" / "data"
FIRST_YEAR = 2000

DESCRIPTIONS = {
    "house_price_state": {
        "title": "House price index by state, quarterly",
        "unit": "index, hundredths (first quarter of 1980 is 10,000)",
        "source": "FHFA House Price Index, all transactions, states (fhfa.gov, hpi_at_state.csv)",
        "verification": "verified",
        "note": "Public domain. Revised back to 1975 with every issue: never mix editions.",
    },
    "house_price_metro": {
        "title": "House price index by metropolitan area, quarterly",
        "unit": "index, hundredths (first quarter of 1995 is 10,000)",
        "source": "FHFA House Price Index, all transactions, metro areas (fhfa.gov, hpi_at_metro.csv)",
        "verification": "verified",
        "note": "Public domain. CBSA codes as delineated for this edition; large areas by division.",
    },
    "pmms_30yr": {
        "title": "Average rate of 30-year fixed-rate mortgages, weekly",
        "unit": "millionths per year",
        "source": "Freddie Mac Primary Mortgage Market Survey (freddiemac.com/pmms)",
        "verification": "verified",
        "note": "Provided by Freddie Mac as is, without warranty; a national average of offered rates.",
    },
}


def write(table_id: str, frame: pl.DataFrame, edition: str, out: Path, **changes: str) -> Path:
    """Write one series with its description and return the file's path."""
    path = out / f"{table_id}.parquet"
    metadata = DESCRIPTIONS[table_id] | {"edition": edition} | changes
    frame.write_parquet(path, compression="zstd", compression_level=19, statistics=False, metadata=metadata)
    print(f"{path}: {frame.height} rows, {path.stat().st_size} bytes, {edition}")
    return path


def build_index(table_id: str, source: Path, out: Path, first_year: int) -> Path:
    """Make one house price table from FHFA's file."""
    reader = read_fhfa_state if table_id == "house_price_state" else read_fhfa_metro
    frame = reader(source, first_year=first_year)
    check_index_frame(frame, str(source))
    last = frame["quarter_start"].to_list()
    return write(table_id, frame, f"FHFA issue through {quarter_label(quarter_number(max(last)))}", out)


def build_pmms(source: Path, out: Path, first_year: int) -> Path:
    """Make the weekly mortgage rate table from Freddie Mac's history, or from a plain list."""
    frame = read_pmms_csv(source, first_year=first_year)
    check_rate_frame(frame, str(source))
    own_layout = source.name.lower() == "pmms_history.csv"
    word = (
        "verified" if own_layout else "secondary"
    )  # a list of another's making is not the publisher's own text
    return write("pmms_30yr", frame, f"survey through {max(frame['week'].to_list())}", out, verification=word)


def main() -> None:
    """Build the tables named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--state", type=Path, help="FHFA's hpi_at_state.csv")
    parser.add_argument("--metro", type=Path, help="FHFA's hpi_at_metro.csv, plain or gzip")
    parser.add_argument("--pmms", type=Path, help="Freddie Mac's PMMS_history.csv, or a file of date,value")
    parser.add_argument("--first-year", type=int, default=FIRST_YEAR)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    given = parser.parse_args()
    if not (given.state or given.metro or given.pmms):
        parser.error("nothing to build: give --state, --metro or --pmms")
    if given.state:
        build_index("house_price_state", given.state, given.out, given.first_year)
    if given.metro:
        build_index("house_price_metro", given.metro, given.out, given.first_year)
    if given.pmms:
        build_pmms(given.pmms, given.out, given.first_year)


if __name__ == "__main__":
    main()
