from __future__ import annotations

import datetime
import gzip
import hashlib
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hopenow.errors import InputError
from hopenow.portfolio.columns import assembled, context, gathered, published, result_schema
from hopenow.portfolio.lawcheck import check
from hopenow.portfolio.legend import rule_legend, rule_set_legend
from hopenow.portfolio.outputs import PARTIAL, CsvSink, Outputs, ParquetSink
from hopenow.portfolio.sources import find_loan, find_sources, measure
from hopenow.portfolio.tally import Tally
from hopenow.programs.registry import program
from hopenow.review import Settings, review_canonical
from hopenow.review.engine import determine
from hopenow.review.published import published as engine_published
from hopenow.review.published import term_types
from hopenow.review.reasons import Lacking, worded
from hopenow.tapes.synthetic import write_synthetic
from tests.portfolio.tapes import loans, write_table

PROGRAMS = [program("fannie_mae"), program("freddie_mac")]
DAY = datetime.date(2026, 9, 1)


# --- whole or not at all --------------------------------------------------------------------------


def test_files_appear_together_at_the_end(tmp_path: Path) -> None:
    with Outputs(tmp_path / "deep" / "folder") as outputs:
        outputs.write_text("one.txt", "1")
        outputs.write_text("two.txt", "2")
        assert {path.name for path in outputs.folder.iterdir()} == {f"one.txt{PARTIAL}", f"two.txt{PARTIAL}"}
    assert {path.name for path in outputs.folder.iterdir()} == {"one.txt", "two.txt"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_removes_what_was_begun_and_keeps_the_old(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "one.txt").write_text("old", encoding="utf-8")
    schema = result_schema(PROGRAMS)

    def stopped() -> None:
        with Outputs(tmp_path) as outputs:
            outputs.write_text("one.txt", "new")
            outputs.open += [ParquetSink(outputs.begin("a.parquet"), schema), CsvSink(outputs.begin("a.csv"), schema)]
            raise error

    with pytest.raises(error):
        stopped()
    assert [path.name for path in tmp_path.iterdir()] == ["one.txt"]
    assert (tmp_path / "one.txt").read_text(encoding="utf-8") == "old"


# --- columns ------------------------------------------------------------------------------------


def test_columns_of_an_option_stand_together() -> None:
    options = [name.split("__")[0] for name in result_schema(PROGRAMS).names if "__" in name]
    changes = [name for name, following in zip(options, [*options[1:], ""], strict=True) if name != following]
    assert len(changes) == len(set(changes))


def test_a_frame_is_filled_up_to_the_schema() -> None:
    schema = result_schema(PROGRAMS)
    money = "flex_modification__principal_and_interest"
    frame = pl.DataFrame({"loan_id": ["1", "2"], "program": ["fannie_mae", None], money: [None, 123_456]})
    made = published(frame, schema)
    assert made.schema == schema
    assert made.column("program").to_pylist() == ["fannie_mae", None]
    assert made.column(money).to_pylist() == [None, Decimal("1234.56")]
    assert made.column("flex_modification__rate").to_pylist() == [None, None]
    assert published(frame[1:], schema).column(money).to_pylist() == [Decimal("1234.56")]


@pytest.mark.parametrize("amount", [10**15, -(10**15)])
def test_an_amount_that_does_not_fit_is_refused(amount: int) -> None:
    frame = pl.DataFrame({"flex_modification__principal_and_interest": [1, amount]})
    with pytest.raises(InputError, match="more than 15 digits"):
        published(frame, result_schema(PROGRAMS))


def test_the_same_is_said_as_by_the_review_itself() -> None:
    facts = loans(120).with_row_index("row", 1)
    settings = Settings(assume={"hardship_resolved": True}, programs=("fannie_mae", "freddie_mac"))
    mine = assembled(facts, determine(facts, settings), settings, result_schema(PROGRAMS))
    theirs = engine_published(review_canonical(facts.drop("row"), settings), term_types(PROGRAMS))
    for name in theirs.column_names:
        assert mine.column(name).to_pylist() == theirs.column(name).to_pylist(), name


def test_missing_facts_of_parts_are_put_in_the_order_of_the_loans() -> None:
    one = Lacking(("a", "b"), np.array([[0b01, 0b10]], np.uint64), {})
    other = Lacking(("b", "c"), np.array([[0b11]], np.uint64), {})
    rows = [pl.Series([0, 3], dtype=pl.UInt32), pl.Series([1], dtype=pl.UInt32)]
    assert gathered([one, other], rows, 5).lists().to_pylist() == [["a"], ["b", "c"], [], ["b"], []]


def test_more_than_63_missing_facts() -> None:
    names = tuple(f"f{place}" for place in range(70))
    one = Lacking(("x", *names), np.array([[1], [1 << 7]], np.uint64), {})
    together = gathered(
        [Lacking(names, np.array([[1 << 62], [1]], np.uint64), {}), one], [pl.Series([1]), pl.Series([0])], 2
    )
    assert [sorted(words) for words in together.lists().to_pylist()] == [["f69", "x"], ["f62", "f63"]]


# --- tally ----------------------------------------------------------------------------------------


def counted(facts: pl.DataFrame, settings: Settings) -> Tally:
    parts = determine(facts, settings)
    rows = np.concatenate([part.frame["_row"].to_numpy() for part in parts]) if parts else np.zeros(0, np.uint32)
    tally = Tally(PROGRAMS)
    left = np.setdiff1d(np.arange(facts.height, dtype=np.uint32), rows)
    tally.add([worded(part, tuple(settings.assume)) for part in parts], context(facts), left)
    return tally


def test_tallies_of_parts_add_up() -> None:
    facts = loans(120).with_row_index("row", 1)
    settings = Settings(assume={"hardship_resolved": True}, programs=("fannie_mae", "freddie_mac"))
    whole, parts = counted(facts, settings), Tally(PROGRAMS)
    for start in range(0, facts.height, 17):
        parts.merge(counted(facts[start : start + 17], settings))
    assert parts == whole
    assert whole.results > facts.height


def test_a_tally_of_nothing() -> None:
    tally = Tally(PROGRAMS)
    tally.add([], context(loans(1)[:0]), np.zeros(0, np.uint32))
    assert tally == Tally(PROGRAMS)


# --- sources --------------------------------------------------------------------------------------


def test_layouts_are_recognized_and_tables_are_the_rest(tmp_path: Path) -> None:
    history = tmp_path / "history.txt"
    write_synthetic(history, loans=5, months=6, seed=1)
    table = write_table(tmp_path / "table.csv", 5, dirt=False)
    sources = find_sources([table, history])
    assert [source.program for source in sources] == [None, "fannie_mae"]


def test_every_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        find_sources([tmp_path / "a", tmp_path / "b", tmp_path])
    assert len(caught.value.findings) == 3


def test_no_file_is_refused() -> None:
    with pytest.raises(InputError, match="no file was given"):
        find_sources([])


def test_measure_counts_lines_and_hashes(tmp_path: Path) -> None:
    text = b"a\n" * 1_000
    plain, packed, parquet = tmp_path / "a.txt", tmp_path / "a.gz", tmp_path / "a.parquet"
    plain.write_bytes(text)
    packed.write_bytes(gzip.compress(text))
    pq.write_table(pa.table({"a": list(range(77))}), parquet)
    assert [measure(path).lines for path in (plain, packed, parquet)] == [1_000, 1_000, 77]
    assert measure(plain).sha256 == hashlib.sha256(text).hexdigest()
    assert measure(packed).bytes == packed.stat().st_size


@pytest.mark.parametrize("data", [b"\x1f\x8bnot gzip", b"PAR1not parquet", b""])
def test_measure_never_fails_on_damage(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    assert measure(path).lines == 0


def test_a_loan_is_found_with_its_findings(tape: Path) -> None:
    sources = find_sources([tape])
    assert find_loan(sources, "L30", "last").facts["row"].to_list() == [31]
    assert "SHAPE-PATTERN" in find_loan(sources, "L30", "last").findings["rule"].to_list()
    assert find_loan(sources, "nobody", "last").facts.is_empty()


def test_a_loan_in_a_history_is_found_without_what_is_said_of_other_months(shared: Path) -> None:
    sources = find_sources([shared / "data" / "tapes" / "fannie_mae_2017Q1_108col.csv.gz"])
    each, last = (find_loan(sources, "100003080256", months) for months in ("each", "last"))
    assert "LOGIC-BALANCE-WITHHELD" in each.findings["rule"].to_list()
    assert "LOGIC-BALANCE-WITHHELD" not in last.findings["rule"].to_list()
    assert last.facts.height == 1


# --- law ------------------------------------------------------------------------------------------


def test_a_rule_that_changed_is_told_in_both_wordings() -> None:
    rules = rule_legend(PROGRAMS, datetime.date(2023, 1, 1), DAY, {})
    wanted = ("fannie_mae", "payment_deferral", "PD-7")
    texts = {rule.says: rule.rule_sets for rule in rules if (rule.program, rule.option, rule.rule) == wanted}
    assert texts == {
        "At least 1 and at most 2 payments are unpaid.": ["pd.2020-07"],
        "At least 2 and at most 6 payments are unpaid.": ["pd.2023-10"],
    }


def test_an_early_adoption_moves_the_start() -> None:
    day = datetime.date(2023, 8, 1)
    sets = rule_set_legend(PROGRAMS, day, day, {"pd.2023-10": day})
    (own,) = [item for item in sets if item.program == "fannie_mae" and item.option == "payment_deferral"]
    assert (own.rule_set, own.start) == ("pd.2023-10", "2023-08-01")


def test_missing_law_files_are_all_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        check([tmp_path / "a.yaml", tmp_path / "b.yaml"])
    assert len(caught.value.findings) == 2


def test_own_law_files_may_cite_the_projects_documents(tmp_path: Path) -> None:
    text = (
        "option: own\ntitle: Own\nhomeowner: Own.\n"
        "rule_sets: [{id: own, for: fannie_mae, from: 2024-01-01, content: Own, "
        "cite: CITED, verification: unverified}]\n"
    )
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(text.replace("CITED", "LL-2023-04"), encoding="utf-8")
    bad.write_text(text.replace("CITED", "NOTHING"), encoding="utf-8")
    assert check([good]).defects == ()
    ((name, defect),) = check([good, bad]).defects
    assert name == str(bad)
    assert "NOTHING" in defect
