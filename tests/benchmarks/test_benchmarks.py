"""The benchmarks run, on few loans: what they compare is the same, and what they print and write is whole."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from benchmarks import __main__ as command
from benchmarks import loans, terms
from benchmarks.measure import Row, in_child, turns


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loans, "BUILD", tmp_path)


@pytest.fixture(scope="module")
def inputs() -> terms.Inputs:
    return terms.Inputs(3_000)


def test_c_and_kernel_give_the_same_figures(inputs: terms.Inputs) -> None:
    if terms.compiler() is None:
        pytest.skip("there is no C compiler (gcc or cc) on the path")
    by_hand = terms.built()
    assert set(by_hand) == set(terms.BY_HAND)
    for work in by_hand.values():
        assert (inputs.kernel() == work(inputs).T).all()


def test_broken_c_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if terms.compiler() is None:
        pytest.skip("there is no C compiler (gcc or cc) on the path")
    broken = tmp_path / "broken.c"
    broken.write_text("int f(void) { return }\n")
    monkeypatch.setattr(terms, "SOURCE", broken)
    with pytest.raises(RuntimeError, match="does not compile"):
        terms.built()


def test_without_a_compiler_the_rest_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(terms, "compiler", lambda: None)
    monkeypatch.setattr(terms, "TODAY", {"absent": ("no_such_module", terms.plain_python)})
    assert [row.variant for row in terms.run(200, 1)] == ["kernel"]
    said = capsys.readouterr().out
    assert "no C compiler" in said
    assert "no_such_module is not installed" in said


def test_what_people_use_today_is_nearly_as_exact(inputs: terms.Inputs) -> None:
    """A straw man would be slower than need be: term and rate must be right, the payment within a cent."""
    exact = inputs.kernel()[:, inputs.known()].T
    plain = terms.plain_python(inputs.rows(3_000))
    right = sum(
        (row[terms.fk.RATE], row[terms.fk.TERM]) == found[:2] and abs(row[terms.fk.PAYMENT] - found[2]) <= 1
        for row, found in zip(exact.tolist(), plain, strict=True)
    )
    assert right >= 0.99 * len(exact)


def test_numpy_financial_agrees_with_plain_python(inputs: terms.Inputs) -> None:
    assert terms.numpy_financial(inputs.rows(50)) == terms.plain_python(inputs.rows(50))


def test_tape_in_published_units_holds_the_same_facts() -> None:
    from hopenow.facts.ingest import to_canonical

    outside = to_canonical(pl.read_parquet(loans.tape(300)))
    assert outside.findings.filter(pl.col("phase") == "shape").is_empty()
    canonical = pl.read_parquet(loans.tape(300, canonical=True))
    same = canonical.select(pl.col(pl.Date)).equals(
        outside.facts.select(canonical.select(pl.col(pl.Date)).columns)
    )
    assert same


def test_variants_take_turns() -> None:
    order: list[str] = []
    seconds = turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3)
    assert order == ["a", "b", *["a", "b"] * 3]
    assert [len(samples) for samples in seconds.values()] == [3, 3]


def test_child_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match="KeyError"):
        in_child("benchmarks.child", {"work": "nonsense"})


@pytest.mark.parametrize(
    ("target", "value", "met"),
    [(">= 2", 2.0, True), (">= 2", 1.9, False), ("<= 2", 2.1, False), ("", 1.0, None)],
)
def test_targets(target: str, value: float, met: bool | None) -> None:
    assert Row("b", "v", value, "s", target).met is met


def test_command_prints_and_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms, "compiler", lambda: None)
    monkeypatch.setattr(terms, "TODAY", {"plain Python": ("math", terms.plain_python)})
    out = tmp_path / "figures.json"
    assert command.main(["terms", "--loans", "200", "--repeat", "1", "--out", str(out)]) == 0
    assert "| terms | plain Python |" in capsys.readouterr().out
    written = json.loads(out.read_text())
    assert [row["variant"] for row in written["rows"]] == ["kernel", "plain Python"]
    assert written["machine"]["load_average"]


@pytest.mark.parametrize("arguments", [["speed"], ["terms", "--loans", "0"]])
def test_unknown_names_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(arguments)
    assert "usage" in capsys.readouterr().err


def test_a_mixed_tape_holds_every_kind_of_loan_with_its_own_facts() -> None:
    from benchmarks import mixed
    from hopenow.facts import schema

    tape = pl.read_parquet(mixed.tape(3_000))
    shares = tape.group_by("loan_type", "investor").len()
    assert shares.height == len(mixed.SHARES)
    assert tape["loan_id"].n_unique() == 3_000
    for name in tape.columns:
        home = schema()[name].home
        if home:
            assert tape.filter(pl.col("loan_type").cast(pl.String).ne_missing(home))[name].null_count() == (
                tape.filter(pl.col("loan_type").cast(pl.String).ne_missing(home)).height
            ), name


def test_a_mixed_tape_is_measured_under_every_program() -> None:
    from benchmarks import mixed

    found = in_child("benchmarks.child", {"work": "mixed", "tape": str(mixed.tape(1_500))})
    assert found["loans"] == 1_500
    assert found["results"] > 1_500
    assert found["anyone"] >= 1_500
