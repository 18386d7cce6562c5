"""The registry and what is derived from the law files: whole, true, and red on planted defects."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections import Counter
from pathlib import Path

import pytest
import yaml

from hopenow.errors import InputError, LawError
from hopenow.law import segments
from hopenow.law.segments import marks
from hopenow.programs.base import Program
from hopenow.programs.coverage import MARKS, WHATS, Days, counts, coverage, coverage_data, registry_defects
from hopenow.programs.registry import (
    ALL,
    ENTRIES,
    EVERYONE,
    ON_TAPES,
    PROGRAMS,
    Entry,
    Span,
    candidates,
    entry,
    load_registry,
    program,
)

OWN = {item.entry.id: item for item in coverage()}
LOADED = {name: program(name) for name in PROGRAMS}


def changed(name: str, **fields: object) -> list[Entry]:
    """The registry with one entry changed."""
    return [item.model_copy(update=fields) if item.id == name else item for item in ENTRIES]


# --- the registry ---------------------------------------------------------------------------------


def test_the_registry_agrees_with_programs_and_law_files() -> None:
    assert registry_defects() == []


def test_tapes_are_reviewed_under_the_conventional_programs_unless_others_are_named() -> None:
    assert ON_TAPES == ("fannie_mae", "freddie_mac", "private_label")
    assert EVERYONE == ("assistance_funds", "housing_counseling")
    assert ALL not in PROGRAMS


def test_candidates() -> None:
    assert candidates(["fha"], [None]) == ("fha", "hope_now_2007")
    assert candidates(["fha"], [None], everyone=True)[-2:] == EVERYONE
    assert set(candidates([None], [None])) == set(PROGRAMS) - set(EVERYONE)
    assert "fannie_mae" not in candidates(["conventional"], ["freddie_mac"])


def test_unknown_program_names_those_there_are() -> None:
    with pytest.raises(InputError, match="housing_counseling"):
        entry("housing")


@pytest.mark.parametrize("item", ENTRIES, ids=lambda item: item.id)
def test_every_entry_says_what_governs_it(item: Entry) -> None:
    assert len(item.document.title) > 10
    assert len(item.document.revision) > 5
    assert item.open_to.endswith(".")


PLANTED = """
sample:
  authority: A
  name: N
  status: in_force
  from: 2020-01-01
  to: null
  verified: null
  document: {publisher: P, title: T, revision: R, url: null, read: verified}
  open_to: Everyone.
  loan_types: [va]
  investors: null
  looked_at: loans
"""


def planted(path: Path, old: str, new: str) -> Path:
    assert old in PLANTED
    file = path / "registry.yaml"
    file.write_text(PLANTED.replace(old, new), encoding="utf-8")
    return file


def test_the_sample_loads(tmp_path: Path) -> None:
    (found,) = load_registry(planted(tmp_path, "sample", "sample"))
    assert (found.id, found.start, found.end) == ("sample", datetime.date(2020, 1, 1), None)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("status: in_force", "status: running", "sample.status"),
        ("status: in_force", "status: ended", "needs its last day"),
        ("  to: null", "  to: 2021-01-01", "has no last day"),
        ("  authority: A\n", "", "sample.authority"),
        ("  name: N", "  name: N\n  nickname: M", "sample.nickname"),
        ("read: verified", "read: skimmed", "sample.document.read"),
        ("  verified: null", "  verified: {from: 2022-01-01, to: 2021-01-01}", "is after"),
        ("  verified: null", "  verified: yes", "sample.verified"),
        ("  looked_at: loans", "  looked_at: never", "sample.looked_at"),
        ("  looked_at: loans", "  looked_at: loans\n  everyone: true", "open to everyone names no loan types"),
        ("  name: N", "  name: N\n  name: M", "stands twice"),
        ("from: 2020-01-01", "from: 2020-02-30", "does not exist"),
    ],
)
def test_a_defective_registry_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(LawError, match=words):
        load_registry(planted(tmp_path, old, new))


def test_an_empty_registry_is_refused(tmp_path: Path) -> None:
    (tmp_path / "registry.yaml").write_text("")
    with pytest.raises(LawError, match="empty"):
        load_registry(tmp_path / "registry.yaml")


def test_all_defects_come_at_once(tmp_path: Path) -> None:
    path = planted(tmp_path, "status: in_force", "status: running\n  colour: blue")
    with pytest.raises(LawError) as caught:
        load_registry(path)
    assert "status" in str(caught.value)
    assert "colour" in str(caught.value)


# --- planted contradictions between the registry and the law files --------------------------------


def test_a_missing_entry_is_found() -> None:
    found = registry_defects([item for item in ENTRIES if item.id != "usda"])
    assert found == ["usda: there is a program, but no entry in the registry"]


def test_an_entry_without_program_is_found() -> None:
    extra = ENTRIES[0].model_copy(update={"id": "hud_old"})
    assert registry_defects([*ENTRIES, extra]) == ["hud_old: there is an entry, but no program"]


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("fannie_mae", {"verified": Span.model_validate({"from": None})}, "the marks support no day"),
        (
            "usda",
            {"verified": Span.model_validate({"from": datetime.date(2020, 1, 1), "to": datetime.date(2021, 1, 1)})},
            "the marks support no day",
        ),
        ("hamp", {"start": datetime.date(2009, 3, 4)}, "the law files begin 2009-04-06"),
        ("hamp", {"end": datetime.date(2017, 12, 1)}, "the law files end 2016-12-31"),
        ("hamp", {"status": "in_force", "end": None}, "the law files end 2016-12-31"),
        ("va", {"start": None}, "the law files begin 2008-02-01"),
        ("fha", {"loan_types": ("fha", "hud")}, "loan_type knows no hud"),
        ("hamp", {"investors": ("banks",)}, "investor knows no banks"),
    ],
)
def test_a_claim_that_the_law_files_do_not_support_is_found(
    name: str, fields: dict[str, object], words: str
) -> None:
    (found,) = registry_defects(changed(name, **fields))
    assert found.startswith(f"{name}: ")
    assert words in found


def test_a_verified_range_that_the_marks_support_is_accepted() -> None:
    """Section 184 without the options of which a part was not read is verified from its first day on."""
    whole = program("section_184")
    sure = tuple(
        option
        for option in whole.options
        if all(marks(item) == "verified" for item in segments(option.law, whole.id))
    )
    assert 0 < len(sure) < len(whole.options)
    partial = {**LOADED, "section_184": dataclasses.replace(whole, options=sure)}
    first = datetime.date(2025, 1, 27)
    good = changed("section_184", verified=Span.model_validate({"from": first, "to": None}))
    assert registry_defects(good, partial) == []
    early = changed("section_184", verified=Span.model_validate({"from": first - datetime.timedelta(1), "to": None}))
    (found,) = registry_defects(early, partial)
    assert "the marks support 2025-01-27 to (open)" in found


# --- coverage -------------------------------------------------------------------------------------


def independent(loaded: Program, what: str) -> Counter[str]:
    """Count marks straight from the YAML models, one option after another, without leaving out what is shared."""
    found: Counter[str] = Counter()
    for option in loaded.options:
        law = option.law
        sources: dict[str, list[tuple[tuple[str, ...], str]]] = {
            "versions": [(item.authorities, item.verification) for item in law.rule_sets],
            "rules": [(s.authorities, s.verification) for rule in law.rules.values() for s in rule.sources],
            "figures": [(v.authorities, v.verification) for item in law.parameters.values() for v in item.values],
            "entries": [(s.authorities, s.verification) for item in law.process.values() for s in item.sources],
        }
        found.update(mark for authorities, mark in sources[what] if loaded.id in authorities)
    return found


@pytest.mark.parametrize("name", PROGRAMS)
def test_counts_by_option_are_those_of_the_law_files(name: str) -> None:
    for what in WHATS:
        each: Counter[str] = Counter()
        for option in OWN[name].options:
            each.update(item.mark for item in option.items if item.what == what)
        assert each == independent(LOADED[name], what)


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_options_share_is_counted_once(name: str) -> None:
    total = counts(OWN[name].items)
    for what in WHATS:
        for mark in MARKS:
            most = max(counts(option.items)[what][mark] for option in OWN[name].options)
            assert most <= total[what][mark] <= independent(LOADED[name], what)[mark]


@pytest.mark.parametrize("name", PROGRAMS)
def test_verified_days_are_those_on_which_everything_is_verified(name: str) -> None:
    """Day by day over thirty years, from the segments alone."""
    loaded, found = LOADED[name], OWN[name]
    cut = {option.id: segments(option.law, loaded.id) for option in loaded.options}
    edges = {item.start for own in cut.values() for item in own}
    days = sorted({day + datetime.timedelta(step) for day in edges for step in (-1, 0, 1)})
    days = [day for day in days if day.year > 1900]

    def within(spans: tuple[Days, ...], day: datetime.date) -> bool:
        return any((span.start or day) <= day <= (span.end or day) for span in spans)

    for day in days:
        now = {option: item for option, own in cut.items() for item in own if item.start <= day <= item.end}
        for option in found.options:
            sure = option.id in now and marks(now[option.id]) == "verified"
            assert within(option.verified, day) == sure, (option.id, day)
            assert within(option.covered, day) == (option.id in now), (option.id, day)
        offered = any(option.id in now for option in loaded.options if option.kind != "finding")
        assert within(found.verified, day) == (offered and all(marks(item) == "verified" for item in now.values()))


def test_unverified_things_are_named() -> None:
    names = {item.name for option in OWN["section_184"].options for item in option.doubtful()}
    assert "capitalizes" in names
    for name in PROGRAMS:
        for option in OWN[name].options:
            marked = counts(option.items)
            assert len(option.doubtful()) == sum(marked[what]["unverified"] for what in WHATS)


def test_data_is_plain_and_adds_up() -> None:
    data = coverage_data()
    assert json.loads(json.dumps(data)) == data
    assert [item["id"] for item in data["programs"]] == list(PROGRAMS)
    for what in WHATS:
        for mark in MARKS:
            summed = sum(item["counts"][what][mark] for item in data["programs"])
            # Programs that share a law file count what it says for both; the whole counts it for each as well.
            assert data["counts"][what][mark] == summed
    fast_track = next(
        option for item in data["programs"] for option in item["options"] if option["id"] == "hope_now_fast_track"
    )
    assert {reading["name"] for reading in fast_track["readings"]} >= {"equity", "f1_score"}


def test_the_shipped_registry_is_the_file(repository: Path) -> None:
    content = yaml.safe_load((repository / "src/hopenow/programs/registry.yaml").read_text(encoding="utf-8"))
    assert list(content) == list(PROGRAMS)
