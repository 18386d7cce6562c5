"""Profiles: what may be written, and every way to write it wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from hopenow.errors import InputError
from hopenow.programs.private_label import load_profiles
from hopenow.programs.private_label.profile import LIMITS, POWERS, STEPS
from tests.programs.private_label.loans import GOOD, HERE

BAD = sorted((HERE / "bad").glob("*.yaml"))


@pytest.mark.parametrize("path", BAD, ids=[path.stem for path in BAD])
def test_each_defect_is_named(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    expected = first.removeprefix("# expects: ")
    assert expected != first
    with pytest.raises(InputError) as caught:
        load_profiles([path])
    findings = [str(finding) for finding in caught.value.findings]
    assert len(findings) == 1, findings
    assert findings[0].startswith(f"{path.name}: ")
    assert expected in findings[0]


def test_there_are_bad_fixtures() -> None:
    assert len(BAD) > 30


def test_all_defects_of_all_files_come_at_once() -> None:
    paths = [HERE / "bad" / f"{name}.yaml" for name in ("no_clause", "not_yaml", "no_trigger")]
    with pytest.raises(InputError) as caught:
        load_profiles(paths)
    assert len(caught.value.findings) == 3


def test_several_defects_of_one_file_come_at_once(tmp_path: Path) -> None:
    text = GOOD.read_text(encoding="utf-8")
    text = (
        text.replace("floor: 3,", "floor: -3,").replace("when: default,", "when: soon,") + "surprise: true\n"
    )
    path = tmp_path / "three.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_profiles([path])
    assert len(caught.value.findings) == 3


def test_a_missing_file_is_a_finding(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_profiles([tmp_path / "nowhere.yaml"])


def test_good_profile_loads_in_engine_units() -> None:
    profile = load_profiles([str(GOOD)])["everything"]
    assert profile.allow_rate_cut is not None
    assert (profile.allow_rate_cut.floor, profile.allow_rate_cut.step) == (30_000, 2_500)
    assert profile.steps == ("term_extension", "rate_cut", "forgiveness", "forbearance")
    assert all(profile.allows(power) for power in POWERS)
    assert profile.verification("modification") == "unverified"  # the trial's clause
    assert profile.verification("deferral") == "verified"


def test_shipped_profiles() -> None:
    profiles = load_profiles()
    assert list(profiles) == ["deny_all", "generic_portfolio"]
    assert not any(profiles["deny_all"].allows(power) for power in POWERS)
    assert list(load_profiles([GOOD], with_shipped=False)) == ["everything"]


def test_template_holds_the_published_figures() -> None:
    template = load_profiles()["generic_portfolio"]
    cut, longer, aside = template.allow_rate_cut, template.allow_term_extension, template.allow_forbearance
    assert cut is not None
    assert (cut.floor, cut.step) == (20_000, 1_250)
    assert longer is not None
    assert (longer.longest_term, longer.latest_maturity) == (480, None)
    assert aside is not None
    assert (aside.largest_share, aside.lowest_loan_to_value) == (333_333, 1_000_000)
    assert template.target is not None
    assert (template.target.kind, template.target.percent) == ("housing_ratio", 310_000)
    assert template.npv_required is not None
    assert template.npv_required.required
    assert template.order == ("rate_cut", "term_extension", "forbearance")
    assert not template.allows("allow_forgiveness")
    assert "investor's own rules apply" in template.label
    assert {clause.verification for _, clause in template.clauses()} == {"secondary", "unverified"}


def test_silence_and_refusal_read_differently() -> None:
    profiles = load_profiles()
    assert profiles["deny_all"].refusal("allow_deferral") == "deferral: no clause allows it"
    told = profiles["generic_portfolio"].refusal("allow_forgiveness")
    assert told is not None
    assert "forgives no principal" in told
    assert "secondary" in told
    assert profiles["generic_portfolio"].refusal("allow_rate_cut") is None


def test_names_agree() -> None:
    profile = load_profiles([GOOD])["everything"]
    for name in (*POWERS, *LIMITS, *(f"allow_{step}" for step in STEPS)):
        assert getattr(profile, name) is not None
