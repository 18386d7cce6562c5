"""The rules as data: what the reference names is there, versions, defects, policies, counting over twenty years."""

from __future__ import annotations

import copy
import datetime
import re
from pathlib import Path
from typing import Any

import pytest

from hopenow.clocks import DEFAULT, Policies, law_files, policy_table, rulebook
from hopenow.clocks.rulebook import YEARS, Rule, read_law
from hopenow.dates import STATUTORY_HOLIDAYS, BusinessCalendar, BusinessDayTable, HolidayObservance
from hopenow.errors import CoverageError, InputError, LawError

DAY = datetime.timedelta(days=1)

# Ids of the reference that are no rules of a clock: open points (policies), and what other rooms hold.
NO_RULES = {
    *(f"OP-{number}" for number in range(1, 7)),
    *(f"QM-{number}" for number in range(1, 7)),
    *(f"ES-{number}" for number in (1, 4, 5, 6, 7, 8)),
}


def test_every_rule_of_the_reference_is_there(shared: Path) -> None:
    path = shared / "domain" / "regulation_x.md"
    if not path.is_file():
        pytest.skip(f"{path.name} is not in the development data")
    named = set(re.findall(r"^\| ([A-Z]{2}-\d+|T\d) \|", path.read_text(encoding="utf-8"), flags=re.MULTILINE))
    ours = set(rulebook(DEFAULT.with_(proposal_2024=True)).ids)
    assert named - NO_RULES <= ours
    assert ours - named == {"CV-1", "DP-1"} | {rule for rule in ours if law_of(rule).states or law_of(rule).programs}


def law_of(rule_id: str) -> Any:
    return next(file for file in law_files().values() if rule_id in file.rules)


def test_open_points_are_policies() -> None:
    named = {policy.id for policy in policy_table().values()}
    assert {"OP-1", "OP-2", "OP-3", "OP-4", "OP-5", "CR-3"} <= named
    assert rulebook().rule("EV-6", datetime.date(2026, 1, 1).toordinal()).verification == "unverified"
    assert {policy.verification for policy in policy_table().values()} == {"unverified"}


@pytest.mark.parametrize(
    ("rule", "day", "there"),
    [
        ("EI-1", "2014-01-09", False),
        ("EI-1", "2014-01-10", True),
        ("LM-6", "2017-10-18", False),
        ("LM-6", "2017-10-19", True),
        ("TR-2", "2017-10-18", False),
        ("PS-5", "2018-04-18", False),
        ("PS-5", "2018-04-19", True),
        ("EV-6", "2020-06-30", False),
        ("EV-6", "2020-07-01", True),
        ("FH-3", "2021-08-30", False),
        ("FH-3", "2021-08-31", True),
        ("FH-3", "2022-01-01", False),
        ("EI-1", "2026-11-23", True),
    ],
)
def test_versions(rule: str, day: str, there: bool) -> None:
    ordinal = datetime.date.fromisoformat(day).toordinal()
    assert (rule in rulebook().at(ordinal)) is there
    if there:
        assert rulebook().rule(rule, ordinal).start <= ordinal
    else:
        with pytest.raises(CoverageError, match=rule):
            rulebook().rule(rule, ordinal)


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(LawError, match="no rule 'XX-1'"):
        rulebook().rule("XX-1", 730_000)


def test_the_draft_is_off() -> None:
    assert DEFAULT.proposal_2024 is False
    assert "DP-1" not in rulebook().versions
    assert "DP-1" in rulebook(DEFAULT.with_(proposal_2024=True)).versions


def test_policies_that_cannot_be_set() -> None:
    with pytest.raises(InputError) as refused:
        DEFAULT.with_(observed_holidays="some", promptly_days="5", color="red", closing_hour=-1)
    assert len(refused.value.findings) == 4
    assert isinstance(DEFAULT.with_(promptly_days=3), Policies)
    assert DEFAULT.with_(promptly_days=3) != DEFAULT


def test_rolling_back_never_forward() -> None:
    # January 1, 2026 plus 45 is Sunday, February 15.
    sunday = datetime.date(2026, 2, 15).toordinal()
    plain = rulebook().rule("EI-3", sunday).after(datetime.date(2026, 1, 1).toordinal())
    rolled = rulebook(DEFAULT.with_(roll_back="previous_business_day")).rule("EI-3", sunday)
    assert plain == sunday
    assert rolled.after(datetime.date(2026, 1, 1).toordinal()) == sunday - 2
    bars = rulebook(DEFAULT.with_(roll_back="previous_business_day")).rule("FC-1", sunday)
    assert bars.after(datetime.date(2026, 1, 1).toordinal()) == datetime.date(2026, 5, 1).toordinal()


# --- counting, over every day of twenty years -----------------------------------------------------------


@pytest.mark.parametrize("observance", HolidayObservance)
def test_the_table_agrees_with_counting_day_by_day(observance: HolidayObservance) -> None:
    calendar = BusinessCalendar("counted", observance)
    table = BusinessDayTable(calendar, range(2014, 2036))
    first, last = datetime.date(2014, 1, 10), datetime.date(2034, 1, 10)
    days = [first + n * DAY for n in range((last - first).days + 400)]
    counts = [day for day in days if calendar.is_business_day(day)]
    position = 0
    for day in days[:-400]:
        while counts[position] <= day:
            position += 1
        for length in (1, 5, 7, 10, 15, 20, 30, 45):
            assert table.add(day.toordinal(), length) == counts[position + length - 1].toordinal()


def test_the_table_says_what_the_calendar_says() -> None:
    table = BusinessDayTable(STATUTORY_HOLIDAYS, range(2024, 2027))
    day = datetime.date(2025, 7, 3)
    assert table.add(day.toordinal(), 1) == datetime.date(2025, 7, 7).toordinal()
    assert table.on_or_before(datetime.date(2025, 7, 6).toordinal()) == day.toordinal()
    assert table.between(day.toordinal(), day.toordinal() + 4) == 1
    assert STATUTORY_HOLIDAYS.business_days_between(day, day + 4 * DAY) == 1


@pytest.mark.parametrize(("day", "count"), [("2023-12-31", 1), ("2027-01-01", 1), ("2026-12-31", 1), ("2025-01-01", 0)])
def test_outside_the_table(day: str, count: int) -> None:
    table = BusinessDayTable(STATUTORY_HOLIDAYS, range(2024, 2027))
    with pytest.raises(CoverageError, match="2024-01-01 to 2026-12-31"):
        table.add(datetime.date.fromisoformat(day).toordinal(), count)


def test_outside_the_table_backward_and_between() -> None:
    table = BusinessDayTable(STATUTORY_HOLIDAYS, range(2024, 2027))
    with pytest.raises(CoverageError):
        table.on_or_before(datetime.date(2024, 1, 1).toordinal())
    with pytest.raises(CoverageError):
        table.between(datetime.date(2024, 5, 1).toordinal(), datetime.date(2027, 5, 1).toordinal())
    with pytest.raises(InputError, match="run of calendar years"):
        BusinessDayTable(STATUTORY_HOLIDAYS, range(2020, 2020))


def test_every_deadline_without_weekends_lands_on_a_working_day() -> None:
    book = rulebook()
    for rule in book:
        if rule.day != "XHOL":
            continue
        for number in range(0, 7_300):
            day = datetime.date(2014, 1, 10) + number * DAY
            landed = datetime.date.fromordinal(rule.after(day.toordinal()))
            assert landed.weekday() < 5
            if number % 97 == 0:
                assert STATUTORY_HOLIDAYS.business_days_between(day, landed) == rule.length


def test_the_tabulated_years_cover_the_rules() -> None:
    assert YEARS.start <= 2014 - 12
    assert YEARS.stop > 2080


# --- defects of a law file ------------------------------------------------------------------------------------

GOOD: dict[str, Any] = {
    "title": "Letters",
    "document": "1024-2017",
    "rules": {
        "XX-1": {
            "title": "Answer the letter",
            "who": "servicer",
            "trigger": "a letter is received",
            "must": "Answer it",
            "length": 5,
            "day": "XHOL",
            "cite": "somewhere",
            "verification": "verified",
            "versions": [{"from": datetime.date(2014, 1, 10)}, {"from": datetime.date(2018, 1, 1), "length": 6}],
        }
    },
}


def spoiled(path: str, value: Any) -> dict[str, Any]:
    content = copy.deepcopy(GOOD)
    place: Any = content
    *way, last = path.split("/")
    for name in way:
        place = place[int(name)] if isinstance(place, list) else place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return content


def test_a_good_file() -> None:
    assert set(read_law("good.yaml", GOOD).rules) == {"XX-1"}


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("color", "red", "color"),
        ("rules/XX-1/color", "red", "color"),
        ("rules/XX-1/cite", None, "cite"),
        ("rules/XX-1/cite", "", "cite"),
        ("rules/XX-1/verification", "sure", "verification"),
        ("rules/XX-1/verification", None, "verification"),
        ("rules/XX-1/who", "nobody", "who"),
        ("rules/XX-1/day", "WEEKS", "day"),
        ("rules/XX-1/day", None, "a length needs a kind of day"),
        ("rules/XX-1/length", "5", "length"),
        ("rules/XX-1/versions", [], "versions"),
        ("rules/XX-1/versions/0/from", None, "from"),
        ("rules/XX-1/versions/0/from", datetime.date(2019, 1, 1), "does not come after"),
        ("rules/XX-1/versions/0/to", datetime.date(2018, 1, 1), "does not come after"),
        ("rules/XX-1/versions/1/to", datetime.date(2017, 1, 1), "ends before it begins"),
        ("rules/XX-1/document", "nothing", "not in the table of documents"),
        ("document", "nothing", "not in the table"),
        ("draft", "nothing", "no policy"),
        ("rules/XX-1/policies", ["nothing"], "which is no policy"),
    ],
)
def test_defects(path: str, value: Any, message: str) -> None:
    with pytest.raises(LawError, match=message):
        read_law("bad.yaml", spoiled(path, value))


def test_a_length_is_needed_for_a_kind_of_day() -> None:
    content = spoiled("rules/XX-1/length", None)
    del content["rules"]["XX-1"]["versions"][1]["length"]
    with pytest.raises(LawError, match="a kind of day \\(but a target\\) a length"):
        read_law("bad.yaml", content)


def test_rules_name_their_policies() -> None:
    law = rulebook().at(datetime.date(2026, 1, 1).toordinal())
    assert law["LM-2"].policies == ("observed_holidays",)
    assert law["LM-1"].policies == ("promptly_days", "observed_holidays")
    assert law["AP-3"].policies == ("appeal_made_on",)
    assert law["FC-3"].policies == ("silence_is_rejection", "facial_sale_test")
    rolled = rulebook(DEFAULT.with_(roll_back="previous_business_day")).at(datetime.date(2026, 1, 1).toordinal())
    assert rolled["AP-3"].policies == ("roll_back", "appeal_made_on")


def test_rules_show_themselves() -> None:
    rule = rulebook().rule("EI-1", datetime.date(2026, 1, 1).toordinal())
    assert isinstance(rule, Rule)
    assert repr(rule) == "Rule(EI-1 from 2025-07-15)"
    assert len(rulebook().ids) == len(set(rulebook().ids))
    assert rulebook() is rulebook(DEFAULT)
