from __future__ import annotations

import datetime
import gzip
from pathlib import Path

import polars as pl
import pytest

from hopenow.errors import InputError
from hopenow.facts.schema import NEVER, schema
from hopenow.tapes import fannie_mae
from hopenow.tapes.history import amortization_check, read_performance
from hopenow.tapes.layouts import FANNIE_MAE_108, LAYOUTS, pack, unpack
from hopenow.tapes.loan_months import recognize
from tests.tapes.performance_lines import FANNIE, facts, fannie, findings, line, one, write

PLAIN = [fannie("012022", "119880.54"), fannie("022022", "119760.48"), fannie("032022", "119639.82")]


def rules(path: Path, **options: object) -> list[tuple[int | None, str]]:
    return findings(list(read_performance(path, at="each", **options)))  # type: ignore[arg-type]


def test_a_plain_loan_is_read_whole(tmp_path: Path) -> None:
    batches = list(fannie_mae.read(write(tmp_path, PLAIN), at="last"))
    assert findings(batches) == []
    assert [(batch.read, batch.skipped) for batch in batches] == [(1, 0)]
    row = one(facts(batches))
    expected = {
        "row": 3,
        "loan_id": "700000000001",
        "evaluation_date": datetime.date(2022, 3, 31),
        "investor": "fannie_mae",
        "loan_type": "conventional",
        "lien_position": 1,
        "servicer": "Elm Street Bank",
        "amortization_type": "fixed",
        "rate_is_final": True,
        "interest_only": False,
        "original_balance": 120_000_00,
        "original_rate": 60_000,
        "note_rate": 60_000,
        "original_term": 360,
        "origination_date": datetime.date(2021, 11, 1),
        "first_payment_date": datetime.date(2022, 1, 1),
        "maturity_date": datetime.date(2051, 12, 1),
        "monthly_principal_and_interest": 719_46,
        "interest_bearing_balance": 119_639_82,
        "deferred_balance": 0,
        "remaining_term": 357,
        "next_due_date": datetime.date(2022, 4, 1),
        "months_delinquent": 0,
        "days_delinquent": 0,
        "mortgage_insured": False,
        "prior_modifications": 0,
        "last_modification_date": NEVER,
        "last_failed_trial_date": NEVER,
        "last_payment_deferral_date": NEVER,
        "deferred_months_used": 0,
        "active_trial": False,
        "payments_since_note_or_modification": 3,
        "payment_history": "0,0,0",
        "thirty_day_lates_last_6_months": 0,
        "credit_score": 690,
        "credit_score_date": datetime.date(2021, 11, 1),
        "property_value": 150_000_00,
        "valuation_date": datetime.date(2021, 11, 1),
        "occupancy": "principal_residence",
        "state": "OH",
        "metro": "17140",
        "zip3": "452",
        "units": 1,
    }
    assert {name: row[name] for name in expected} == expected


def test_the_frame_is_canonical(tmp_path: Path) -> None:
    frame = facts(list(read_performance(write(tmp_path, PLAIN), at="each")))
    known = schema()
    assert {name: dtype for name, dtype in frame.schema.items() if name != "row"} == {
        name: known[name].dtype for name in frame.columns if name != "row"
    }


@pytest.mark.parametrize(
    ("field", "text", "rule"),
    [
        ("rem_maturity", "NULL", "SHAPE-NULL-WORD"),
        ("rem_maturity", "N/A", "SHAPE-NULL-WORD"),
        ("rem_maturity", "358.0", "SHAPE-FLOAT"),
        ("rem_maturity", "35x", "SHAPE-INTEGER"),
        ("maturity", "92051", "SHAPE-LEADING-ZERO"),
        ("maturity", "132051", "SHAPE-DATE"),
        ("curr_actual_upb", "119,760.48", "SHAPE-MONEY"),
        ("curr_actual_upb", "119760.485", "SHAPE-MONEY"),
        ("curr_actual_upb", "-5.00", "SHAPE-MONEY"),
        ("curr_rate", "6%", "SHAPE-RATE"),
        ("delinquency", "late", "SHAPE-STATUS"),
        ("mod_flag", "not modified", "SHAPE-CODE"),
        ("delinquency", "XX", "LOGIC-STATUS-UNKNOWN"),
        ("delinquency", "-1", "LOGIC-STATUS-UNKNOWN"),
        ("curr_actual_upb", "", "LOGIC-BALANCE-MISSING"),
        ("curr_actual_upb", "0.00", "LOGIC-BALANCE-MISSING"),
    ],
)
def test_a_field_that_cannot_be_read_is_unknown_and_found(
    tmp_path: Path, field: str, text: str, rule: str
) -> None:
    plain = {"reporting_period": "022022", "curr_actual_upb": "119760.48"}
    dirty = line("fannie_mae_108", FANNIE, **{**plain, field: text})
    batches = list(read_performance(write(tmp_path, [PLAIN[0], dirty, PLAIN[2]]), at="each"))
    assert (2, rule) in findings(batches)
    assert facts(batches).height == 3
    frame = pl.concat([batch.findings for batch in batches]).filter(pl.col("rule") == rule)
    assert frame["loan_id"].to_list() == ["700000000001"]
    assert frame["message"].str.len_chars().min() > 20
    if rule.startswith("SHAPE"):
        assert (frame["field"][0], frame["value"][0]) == (field, text)


def test_floats_and_lost_zeros_are_read_and_the_rest_is_unknown(tmp_path: Path) -> None:
    lines = [fannie("012022", "119880.54", maturity="92051"), fannie("022022", "12,00", orig_term="360.0")]
    frame = facts(list(read_performance(write(tmp_path, lines), at="each")))
    assert frame["maturity_date"][0] == datetime.date(2051, 9, 1)
    assert frame["interest_bearing_balance"].to_list() == [119_880_54, None]
    assert frame["original_term"].to_list() == [360, 360]


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        ("|".join(PLAIN[1].split("|")[:50]), "SHAPE-FIELD-COUNT"),
        (PLAIN[1] + "|more", "SHAPE-FIELD-COUNT"),
        (fannie("022022", "119760.48", loan_id=""), "SHAPE-LOAN-ID"),
        (fannie("022022", "119760.48", loan_id="null"), "SHAPE-LOAN-ID"),
        (fannie("", "119760.48"), "SHAPE-PERIOD"),
        (fannie("2022", "119760.48"), "SHAPE-PERIOD"),
    ],
)
@pytest.mark.parametrize("at", ["each", "last"])
def test_a_line_that_cannot_be_read_is_skipped_and_the_others_are_not(
    tmp_path: Path, bad: str, rule: str, at: str
) -> None:
    batches = list(read_performance(write(tmp_path, [PLAIN[0], bad, PLAIN[2]]), at=at))  # type: ignore[arg-type]
    assert (2, rule) in findings(batches)
    assert sum(batch.skipped for batch in batches) == 1
    assert sum(batch.read for batch in batches) == (3 if at == "each" else 2)
    assert facts(batches).height == (2 if at == "each" else 1)


def test_a_file_that_breaks_off(tmp_path: Path) -> None:
    path = tmp_path / "tape.txt"
    path.write_text("\n".join(PLAIN) + "\n|700000000002|012022|R|Elm", encoding="utf-8")
    batches = list(read_performance(path, at="each"))
    assert findings(batches) == [(4, "SHAPE-TRUNCATED")]
    assert [(batch.read, batch.skipped) for batch in batches] == [(4, 1)]


def test_a_last_line_without_newline_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "tape.txt"
    path.write_text("\n".join(PLAIN), encoding="utf-8")
    batches = list(read_performance(path, at="each"))
    assert findings(batches) == []
    assert facts(batches).height == 3


def test_a_damaged_archive_gives_what_came_before(tmp_path: Path) -> None:
    many = [fannie("012022", "119880.54", loan_id=f"7000{number:08d}") for number in range(20_000)]
    whole = gzip.compress(("\n".join(many) + "\n").encode())
    path = tmp_path / "tape.txt.gz"
    path.write_bytes(whole[: len(whole) // 2])
    batches = list(read_performance(path))
    found = {rule for _, rule in findings(batches)}
    assert "SHAPE-ARCHIVE" in found
    assert 0 < facts(batches).height < 20_000


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("packed", [False, True])
def test_encodings_line_ends_and_compression(
    tmp_path: Path, encoding: str, newline: str, packed: bool
) -> None:
    lines = [fannie("012022", "119880.54", servicer="Crédit du Nord"), *PLAIN[1:]]
    data = (newline.join(lines) + newline).encode(encoding)
    path = tmp_path / ("tape.gz" if packed else "tape.txt")
    path.write_bytes(gzip.compress(data) if packed else data)
    batches = list(read_performance(path, at="each"))
    frame = facts(batches)
    assert frame["servicer"].to_list() == ["Crédit du Nord", "Elm Street Bank", "Elm Street Bank"]
    assert frame["interest_bearing_balance"].to_list() == [119_880_54, 119_760_48, 119_639_82]
    odd = encoding in {"utf-16", "latin-1"}
    assert [rule for _, rule in findings(batches)] == (["SHAPE-ENCODING"] if odd else [])


def test_a_header_line_is_passed_over(tmp_path: Path) -> None:
    batches = list(read_performance(write(tmp_path, ["|".join(FANNIE_MAE_108.fields), *PLAIN]), at="each"))
    assert findings(batches) == [(1, "SHAPE-HEADER")]
    assert facts(batches)["row"].to_list() == [2, 3, 4]


def test_duplicates_disorder_and_gaps(tmp_path: Path) -> None:
    lines = [
        PLAIN[1],
        PLAIN[0],
        PLAIN[2],
        fannie("032022", "119639.00"),
        fannie("062022", "119275.12"),
    ]
    batches = list(read_performance(write(tmp_path, lines), at="each"))
    assert sorted(findings(batches)) == [
        (2, "LOGIC-MONTH-ORDER"),
        (3, "LOGIC-DUPLICATE-MONTH"),
        (5, "LOGIC-MONTH-GAP"),
    ]
    frame = facts(batches)
    assert frame["row"].to_list() == [2, 1, 4, 5]
    assert frame["payment_history"].to_list()[-1] == "0,,,0,0,0"
    assert frame["thirty_day_lates_last_6_months"][-1] is None
    assert [(batch.read, batch.skipped) for batch in batches] == [(5, 1)]


def test_withheld_balances_are_unknown(tmp_path: Path) -> None:
    lines = [fannie("012022", "0.00"), fannie("022022", ""), fannie("032022", "119639.82")]
    batches = list(read_performance(write(tmp_path, lines), at="each"))
    assert findings(batches) == [(1, "LOGIC-BALANCE-WITHHELD"), (2, "LOGIC-BALANCE-WITHHELD")]
    assert facts(batches)["interest_bearing_balance"].to_list() == [None, None, 119_639_82]


def test_ended_loans_are_skipped_with_the_reason(tmp_path: Path) -> None:
    end = fannie("042022", "0.00", "-1", zb_code="03", zb_date="042022", mod_flag="")
    path = write(tmp_path, [*PLAIN, end])
    last = list(read_performance(path))
    assert [(batch.read, batch.skipped) for batch in last] == [(1, 1)]
    found = pl.concat([batch.findings for batch in last])
    assert set(found["rule"]) == {"LOGIC-ENDED", "LOGIC-STATUS-TERMINAL"}
    assert "code 03 short sale" in found.filter(pl.col("rule") == "LOGIC-ENDED")["message"][0]
    each = list(read_performance(path, at="each"))
    assert [(batch.read, batch.skipped) for batch in each] == [(4, 1)]


def test_at_a_month(tmp_path: Path) -> None:
    other = [fannie("022022", "119760.48", loan_id="700000000002")]
    batches = list(read_performance(write(tmp_path, [*PLAIN, *other]), at=datetime.date(2022, 3, 31)))
    assert facts(batches)["loan_id"].to_list() == ["700000000001"]
    assert findings(batches) == [(4, "LOGIC-NO-SUCH-MONTH")]
    assert [(batch.read, batch.skipped) for batch in batches] == [(2, 1)]


def test_findings_are_capped_and_all_counted(tmp_path: Path) -> None:
    lines = [fannie("012022", "", loan_id=f"7000{number:08d}", rem_maturity="NULL") for number in range(50)]
    batches = list(read_performance(write(tmp_path, lines), cap=7))
    assert len(findings(batches)) == 14
    counts = pl.concat([batch.counts for batch in batches if batch.counts is not None])
    assert sorted(counts.select("rule", "count").iter_rows()) == [
        ("LOGIC-BALANCE-WITHHELD", 50),
        ("SHAPE-NULL-WORD", 50),
    ]


def scattered(folder: Path) -> list[Path]:
    months = [("012022", "119880.54"), ("022022", "119760.48"), ("032022", "119639.82")]
    ids = ["700000000003", "700000000001", "700000000002"]
    return [
        write(folder, [fannie(month, balance, loan_id=loan) for loan in ids], f"{month}.txt")
        for month, balance in months
    ]


def test_months_in_separate_files_are_brought_together(tmp_path: Path) -> None:
    frame = facts(list(read_performance(scattered(tmp_path), at="each"))).sort("loan_id", "evaluation_date")
    assert frame.height == 9
    assert frame["payment_history"].to_list()[2::3] == ["0,0,0"] * 3
    assert frame["servicer"].unique().to_list() == ["Elm Street Bank"]


def test_a_loan_that_comes_again_is_not_lost_in_silence(tmp_path: Path) -> None:
    paths = scattered(tmp_path)
    batches = list(read_performance(paths, at="each", order="contiguous"))
    assert sum(batch.read for batch in batches) == 9
    assert sum(batch.skipped for batch in batches) == 6
    assert {rule for _, rule in findings(batches)} == {"LOGIC-LOAN-SPLIT"}


@pytest.mark.parametrize("typed", [False, True])
def test_parquet_gives_what_text_gives(tmp_path: Path, typed: bool) -> None:
    lines = [*PLAIN, fannie("042022", "119518.56", "01", borrower_assistance_plan="F")]
    text = facts(list(read_performance(write(tmp_path, lines), at="each")))
    rows = [dict(zip(FANNIE_MAE_108.fields, entry.split("|"), strict=True)) for entry in lines]
    cells = [{name: value or None for name, value in row.items()} for row in rows]
    frame = pl.DataFrame(cells, schema_overrides=dict.fromkeys(FANNIE_MAE_108.fields, pl.String))
    if typed:
        frame = frame.with_columns(
            pl.col("curr_actual_upb", "orig_upb").cast(pl.Decimal(14, 2)),
            pl.col("orig_rate").cast(pl.Float64),
            pl.col("orig_term", "delinquency", "oltv").cast(pl.Int32),
            pl.col("fico_b").cast(pl.Float64),
            pl.col("reporting_period").str.to_date("%m%Y%d", strict=False).fill_null(
                pl.concat_str(pl.lit("01"), pl.col("reporting_period")).str.to_date("%d%m%Y")
            ),
            pl.col("state").cast(pl.Categorical),
        )  # fmt: skip
    path = tmp_path / "tape.parquet"
    frame.write_parquet(path)
    assert recognize(path) == FANNIE_MAE_108
    assert facts(list(read_performance(path, at="each"))).equals(text)


def test_parquet_rows_that_cannot_be_read(tmp_path: Path) -> None:
    rows = [dict(zip(FANNIE_MAE_108.fields, entry.split("|"), strict=True)) for entry in PLAIN]
    rows[1]["reporting_period"] = ""
    rows[2]["curr_actual_upb"] = "abc"
    path = tmp_path / "tape.parquet"
    pl.DataFrame([{name: value or None for name, value in row.items()} for row in rows]).cast(
        pl.String
    ).write_parquet(path)
    batches = list(read_performance(path, at="each"))
    assert {(2, "SHAPE-PERIOD"), (3, "SHAPE-MONEY")} <= set(findings(batches))
    assert [(batch.read, batch.skipped) for batch in batches] == [(3, 1)]


def test_the_newest_layout_reports_the_interest_bearing_balance(tmp_path: Path) -> None:
    fields = {
        "reporting_period": "032022",
        "curr_actual_upb": "119639.82",
        "interest_bearing_upb": "110000.00",
    }
    row = one(facts(list(read_performance(write(tmp_path, [line("fannie_mae_110", FANNIE, **fields)])))))
    assert (row["interest_bearing_balance"], row["deferred_balance"]) == (110_000_00, 9_639_82)


def old_files(folder: Path) -> list[Path]:
    origin = {
        "loan_id": "700000000001", "orig_rate": "6.0", "orig_upb": "120000.0", "term": "360",
        "orig_date": "11/2015",
        "first_pay": "01/2016", "oltv": "80.0", "fico": "700.0", "units": "1", "occupancy": "P",
        "state": "OH", "zip3": "452", "mi_pct": "25.0", "product": "FRM",
    }  # fmt: skip
    monthly = {
        "loan_id": "700000000001", "servicer": "ELM STREET BANK", "curr_rate": "6.0", "loan_age": "1.0",
        "adj_rem": "358.0", "maturity": "12/2045", "msa": "17140", "delinquency": "0", "mod_flag": "N",
    }  # fmt: skip
    months = [("01/01/2016", ""), ("02/01/2016", "119760.48"), ("03/01/2016", "119639.82")]
    rows = [
        line("fannie_mae_performance", monthly, reporting_period=month, curr_actual_upb=balance)
        for month, balance in months
    ]
    stranger = line("fannie_mae_performance", monthly, loan_id="700000000009", reporting_period="03/01/2016")
    return [
        write(folder, [line("fannie_mae_acquisition", origin)], "Acquisition_2016Q1.txt"),
        write(folder, [*rows, stranger], "Performance_2016Q1.txt"),
    ]


def test_the_two_older_files_are_joined(tmp_path: Path) -> None:
    batches = list(fannie_mae.read(old_files(tmp_path)))
    frame = facts(batches)
    row = one(frame.filter(pl.col("loan_id") == "700000000001"))
    assert row["original_balance"] == 120_000_00
    assert row["monthly_principal_and_interest"] == 719_46
    assert row["interest_bearing_balance"] == 119_639_82
    assert row["mortgage_insured"] is True
    assert row["metro"] == "17140"
    assert row["servicer"] == "ELM STREET BANK"
    assert row["credit_score"] == 700
    assert (4, "LOGIC-NO-ORIGINATION") in findings(batches)
    assert "SHAPE-FLOAT" in {rule for _, rule in findings(batches)}


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    old = old_files(tmp_path)
    with pytest.raises(InputError, match="needs its origination"):
        list(read_performance(old[1]))
    with pytest.raises(InputError, match="Only origination"):
        list(read_performance(old[0]))
    odd = write(tmp_path, ["a|b|c"], "odd.txt")
    with pytest.raises(InputError, match="none of the loan-performance layouts"):
        list(read_performance(odd))
    with pytest.raises(InputError, match="is not a file"):
        list(read_performance(tmp_path / "absent"))
    with pytest.raises(InputError, match="Not Fannie Mae"):
        list(fannie_mae.read(odd))


def test_layouts_have_their_published_number_of_fields() -> None:
    widths = {layout.id: len(layout.fields) for layout in LAYOUTS}
    assert widths == {
        "fannie_mae_108": 108,
        "fannie_mae_110": 110,
        "fannie_mae_acquisition": 25,
        "fannie_mae_performance": 31,
        "freddie_mac_origination": 32,
        "freddie_mac_performance": 32,
    }
    for layout in LAYOUTS:
        assert len(set(layout.fields)) == len(layout.fields)
        assert set(layout.reads) <= set(layout.fields)


def test_words_are_packed_and_unpacked() -> None:
    assert unpack(pack("FRM")) == "FRM"
    assert pack("F") == ord("F")


def test_the_real_tape(shared: Path) -> None:
    path = shared / "data/tapes/fannie_mae_2017Q1_108col.csv.gz"
    batches = list(fannie_mae.read(path, at="each"))
    assert sum(batch.read for batch in batches) == 20_000
    frame = facts(batches)
    assert frame.height + sum(batch.skipped for batch in batches) == 20_000
    assert frame["loan_id"].n_unique() == 438
    by_loan = frame.group_by("loan_id").agg(
        modified=pl.col("prior_modifications").max(),
        deferred=pl.col("last_payment_deferral_date").max() > NEVER,
        plan=(pl.col("active_forbearance") | pl.col("active_trial")).any(),
        late=pl.col("months_delinquent").max(),
    )
    assert (by_loan["modified"] > 0).sum() == 3
    assert by_loan["deferred"].sum() == 8
    assert by_loan["plan"].sum() == 21
    assert (by_loan["late"] >= 3).sum() == 14
    last = list(fannie_mae.read(path))
    assert sum(batch.read for batch in last) == 438


def at_month(shared: Path, loan: str, day: datetime.date) -> dict[str, object]:
    path = shared / "data/tapes/fannie_mae_2017Q1_108col.csv.gz"
    frame = facts(list(fannie_mae.read(path, at=day)))
    return one(frame.filter(pl.col("loan_id") == loan))


def test_a_real_modification(shared: Path) -> None:
    before = at_month(shared, "100666946068", datetime.date(2021, 12, 31))
    after = at_month(shared, "100666946068", datetime.date(2022, 1, 31))
    names = ("interest_bearing_balance", "note_rate", "monthly_principal_and_interest", "prior_modifications")
    assert [before[name] for name in names] == [188_421_14, 43_750, 998_57, 0]
    assert [after[name] for name in names] == [206_969_11, 28_750, 726_89, 1]
    assert after["remaining_term"] == 479
    assert after["last_flex_modification_date"] == datetime.date(2022, 1, 1)
    assert after["last_failed_trial_date"] == NEVER


def test_a_real_deferral(shared: Path) -> None:
    after = at_month(shared, "100483525537", datetime.date(2020, 11, 30))
    assert after["deferred_balance"] == 3_069_40
    assert after["deferred_months_used"] == 4
    assert after["last_payment_deferral_date"] == datetime.date(2020, 11, 1)
    assert after["monthly_principal_and_interest"] == 767_35


def test_real_balances_follow_from_the_installment(shared: Path) -> None:
    check = amortization_check(shared / "data/tapes/fannie_mae_2017Q1_108col.csv.gz")
    assert check.compared == 16_379
    # The rest: a quarter pays more than the installment, mostly the same extra every month.
    assert check.share > 0.68
