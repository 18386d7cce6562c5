"""What is reported for each option, messages, and the strict tables."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from hopenow.errors import CoverageError, InputError, LawError
from hopenow.programs.conventional import reporting
from hopenow.programs.conventional.common import PACKAGE, law
from hopenow.programs.conventional.enterprise import OPTIONS

FANNIE, FREDDIE = "fannie_mae", "freddie_mac"
BOTH = pytest.mark.parametrize("authority", [FANNIE, FREDDIE])


@pytest.mark.parametrize(
    ("option", "code", "mark"),
    [
        ("forbearance", "09", "secondary"),
        ("repayment_plan", "12", "secondary"),
        ("short_sale", "17", "secondary"),
        ("mortgage_release", "44", "secondary"),
        ("flex_modification", "BF", "unverified"),
        ("flex_modification", "28", "unverified"),
    ],
)
def test_status_codes(option: str, code: str, mark: str) -> None:
    found = reporting.reporting(option, FANNIE).codes[code]
    assert (found.kind, found.verification) == ("status", mark)


@pytest.mark.parametrize(
    ("option", "program"),
    [
        ("flex_modification", "FLXM"),
        ("disaster_flex_modification", "FLXDM"),
        ("payment_deferral", "PDM"),
        ("disaster_payment_deferral", "PDMD"),
        ("forbearance", "FB"),
        ("repayment_plan", "RP"),
        ("short_sale", "SHRTSLE"),
        ("mortgage_release", None),
        ("reinstatement", None),
    ],
)
def test_program_codes(option: str, program: str | None) -> None:
    found = reporting.reporting(option, FREDDIE)
    assert found.program == program
    assert (found.open is not None) or program is not None
    assert reporting.reporting(option, FANNIE).program is None


def test_default_reporting_codes() -> None:
    assert "HD" in reporting.reporting("flex_modification", FREDDIE).codes
    assert "H6" in reporting.reporting("disaster_payment_deferral", FREDDIE).codes
    assert "H6" not in reporting.reporting("payment_deferral", FREDDIE).codes


def test_codes_that_belong_to_no_option() -> None:
    assert reporting.code(FANNIE, "32").meaning == "Military indulgence"
    for name in ("15", "H5"):
        found = reporting.code(FANNIE, name)
        assert found.meaning is None
        assert found.verification == "unverified"
        assert found.note
    with pytest.raises(InputError, match="'99' is not a known code of 'fannie_mae'; known: 09"):
        reporting.code(FANNIE, "99")
    with pytest.raises(InputError, match="known: none"):
        reporting.code("ginnie_mae", "09")


@BOTH
def test_every_option_of_the_programs_is_covered(authority: str) -> None:
    offered = [option.id for option in OPTIONS if option.kind != "finding"]
    assert len(offered) > 8
    for option in offered:
        found = reporting.reporting(option, authority)
        assert found.codes or found.open, option


def test_incentives_in_words() -> None:
    kept = reporting.reporting("flex_modification", FANNIE).incentives
    assert [words.says for words in kept] == [
        "Servicer incentive $1,000 if the modification is closed within 2 months after the last trial month.",
        "Incentives for keeping the home are at most $1,000 per loan.",
    ]
    (left,) = reporting.reporting("short_sale", FANNIE).incentives
    assert "$2,500 up to 210 days delinquent, $1,500 up to 300, $750 after that" in left.says
    assert left.verification == "secondary"
    (other,) = reporting.reporting("short_sale", FREDDIE).incentives
    assert other.verification == "unverified"
    (none,) = reporting.reporting("forbearance", FANNIE).incentives
    assert none.says.startswith("No incentive")
    assert reporting.reporting("reinstatement", FANNIE).incentives == ()


def test_incentives_before_their_edition_are_refused() -> None:
    with pytest.raises(CoverageError, match="covered: from 2023-10-11"):
        reporting.reporting("payment_deferral", FANNIE, date(2023, 10, 10))


@pytest.mark.parametrize(
    ("on", "systems"),
    [
        (date(2025, 12, 19), ["Resolve", "Workout Prospector"]),
        (date(2025, 12, 20), ["Resolve"]),
        (None, ["Resolve"]),
    ],
)
def test_retired_system(on: date | None, systems: list[str]) -> None:
    found = reporting.reporting("flex_modification", FREDDIE, on)
    assert [item.name for item in found.systems] == systems


def test_unknown_names_are_both_named() -> None:
    with pytest.raises(InputError) as error:
        reporting.reporting("magic", "ginnie_mae")
    assert len(error.value.findings) == 2


# --- messages -------------------------------------------------------------------------------------


def test_messages() -> None:
    found = reporting.message("LM000018")
    assert found.kinds == ("eligibility", "fatal")
    assert found.fatal
    assert found.citation == "RESOLVE#LM000018"
    assert not reporting.message("LM000026").fatal
    assert reporting.message("LM000106").since == date(2025, 3, 31)
    with pytest.raises(InputError, match="'LM999999' is not a message"):
        reporting.message("LM999999")


def test_every_message_of_the_reference_is_there(shared: Path) -> None:
    text = (shared / "domain" / "conventional_loans.md").read_text(encoding="utf-8")
    appendix = text[text.index("## Appendix B") : text.index("## Appendix C")]
    rows = dict(re.findall(r"^\| ((?:LM|RE)\d{6}) \| ([a-z, ]+) \|", appendix, flags=re.MULTILINE))
    assert len(rows) > 30
    assert {name: ", ".join(item.kinds) for name, item in reporting.messages().items()} == rows


def test_codes_of_the_rules_are_messages() -> None:
    seen = set()
    for option in OPTIONS:
        for rule in law(option.id).rules.values():
            seen |= {source.code for source in rule.sources if source.code is not None}
    assert len(seen) > 5
    assert seen <= set(reporting.messages())


# --- strict tables --------------------------------------------------------------------------------

Change = Callable[[dict[str, Any]], object]
BAD: dict[str, tuple[Change, str]] = {
    "unknown key": (lambda table: table.update(color="red"), "color: Extra inputs"),
    "unknown kind of code": (
        lambda table: table["codes"][FANNIE]["09"].update(kind="smell"),
        "codes.fannie_mae.09.kind",
    ),
    "code without citation": (
        lambda table: table["codes"][FANNIE]["09"].pop("cite"),
        "codes.fannie_mae.09.cite: Field required",
    ),
    "code without mark": (
        lambda table: table["codes"][FANNIE]["09"].pop("verification"),
        "codes.fannie_mae.09.verification: Field required",
    ),
    "code without meaning": (
        lambda table: table["codes"][FANNIE]["09"].pop("meaning"),
        "code fannie_mae.09 has no meaning",
    ),
    "unknown code": (
        lambda table: table["options"]["forbearance"][0].update(codes=["99"]),
        "forbearance names the code '99'",
    ),
    "code of the other authority": (
        lambda table: table["options"]["forbearance"][0].update(codes=["FB"]),
        "forbearance names the code 'FB', which fannie_mae does not have",
    ),
    "unknown document of a step": (
        lambda table: table["options"]["forbearance"][0]["steps"][0].update(cite="X-1"),
        "cites 'X-1'",
    ),
    "unknown document of a code": (
        lambda table: table["codes"][FREDDIE]["HD"].update(cite="X-1"),
        "code freddie_mac.HD cites 'X-1'",
    ),
    "authority twice": (
        lambda table: table["options"]["forbearance"].append({"for": FANNIE}),
        "forbearance has two rows for fannie_mae",
    ),
    "authority missing": (
        lambda table: table["options"]["forbearance"].pop(),
        "forbearance has no row for freddie_mac",
    ),
    "unknown authority": (
        lambda table: table["options"]["forbearance"].append({"for": "ginnie_mae"}),
        "unknown authority 'ginnie_mae'",
    ),
    "no rows": (lambda table: table["options"].update(forbearance=[]), "options.forbearance"),
    "unknown system": (
        lambda table: table["options"]["short_sale"][0].update(systems=["Fax"]),
        "short_sale names the system 'Fax'",
    ),
    "system of nobody": (
        lambda table: table["systems"][0].update({"for": "ginnie_mae"}),
        "system SMDU is of the unknown authority",
    ),
    "day that is no day": (
        lambda table: table["systems"][0].update({"to": "soon"}),
        "systems.0.to",
    ),
}
BAD_MESSAGES: dict[str, tuple[Change, str]] = {
    "unknown key": (lambda table: table.update(color="red"), "color: Extra inputs"),
    "no citation": (lambda table: table.pop("cite"), "cite: Field required"),
    "no mark": (lambda table: table.pop("verification"), "verification: Field required"),
    "unknown document": (lambda table: table.update(cite="X-1"), "the table cites 'X-1'"),
    "malformed code": (
        lambda table: table["messages"].update(LM18={"kind": "info", "meaning": "x"}),
        "LM18",
    ),
    "unknown kind": (
        lambda table: table["messages"]["LM000001"].update(kind="shout"),
        "messages.LM000001.kind",
    ),
    "no kind": (lambda table: table["messages"]["LM000001"].update(kind=[]), "messages.LM000001.kind"),
    "no meaning": (
        lambda table: table["messages"]["LM000001"].pop("meaning"),
        "messages.LM000001.meaning: Field required",
    ),
    "no messages": (lambda table: table.update(messages={}), "messages"),
}


def planted(name: str, change: Change, folder: Path) -> Path:
    """Write a changed copy of a table that ships."""
    text = importlib.resources.files(PACKAGE).joinpath(name).read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    change(content)
    path = folder / name
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


@pytest.mark.parametrize(("change", "defect"), BAD.values(), ids=BAD.keys())
def test_bad_table_is_refused(tmp_path: Path, change: Change, defect: str) -> None:
    with pytest.raises(LawError) as error:
        reporting.load_reporting(planted("reporting.yaml", change, tmp_path))
    assert defect in str(error.value)


@pytest.mark.parametrize(("change", "defect"), BAD_MESSAGES.values(), ids=BAD_MESSAGES.keys())
def test_bad_messages_are_refused(tmp_path: Path, change: Change, defect: str) -> None:
    with pytest.raises(LawError) as error:
        reporting.load_messages(planted("messages.yaml", change, tmp_path))
    assert defect in str(error.value)


def test_untouched_copies_load(tmp_path: Path) -> None:
    """The planted defects, not the copying, are what is refused."""
    reporting.load_reporting(planted("reporting.yaml", dict, tmp_path))
    reporting.load_messages(planted("messages.yaml", dict, tmp_path))


def test_code_met_twice_is_refused(tmp_path: Path) -> None:
    text = importlib.resources.files(PACKAGE).joinpath("messages.yaml").read_text(encoding="utf-8")
    path = tmp_path / "messages.yaml"
    path.write_text(text + text.splitlines()[-1] + "\n", encoding="utf-8")
    with pytest.raises(LawError, match="stands twice"):
        reporting.load_messages(path)
