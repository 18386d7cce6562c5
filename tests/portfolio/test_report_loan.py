"""A loan's page: every option, every no and what would change it, every question, assumption and source."""

from __future__ import annotations

import dataclasses
import datetime
import re
from html.parser import HTMLParser

import polars as pl
import pytest

from hopenow.errors import InputError
from hopenow.facts import schema
from hopenow.pages import MARKS
from hopenow.portfolio.pages import explain_html, loan_page
from hopenow.review.engine import Settings
from hopenow.review.explain import Explanation, OptionExplained, explain

HOSTILE = '<script>alert("x")</script>&\u00e9'
PROGRAMS = ("fannie_mae", "freddie_mac")


def facts(**changes: object) -> pl.DataFrame:
    """A delinquent loan whose payments, value and balance are known, and little of the household."""
    row = {
        "loan_id": "100200300400",
        "evaluation_date": datetime.date(2026, 9, 9),
        "investor": "fannie_mae",
        "loan_type": "conventional",
        "lien_position": 1,
        "amortization_type": "fixed",
        "interest_bearing_balance": 23676547,
        "accrued_interest": 1025984,
        "escrow_advances": 420000,
        "servicing_advances": 18000,
        "deferred_balance": 0,
        "property_value": 29000000,
        "note_rate": 65000,
        "remaining_term": 309,
        "monthly_principal_and_interest": 158017,
        "next_due_date": datetime.date(2026, 5, 1),
        "monthly_taxes": 32000,
        "monthly_insurance": 20000,
        "escrow_shortage": 186000,
        "origination_date": datetime.date(2020, 1, 1),
        "valuation_date": datetime.date(2026, 9, 1),
        "valuation_method": "appraisal",
        "state": "OH",
    } | changes
    return pl.DataFrame([row], schema={name: schema()[name].dtype for name in row})


@pytest.fixture(scope="module")
def assumed() -> Explanation:
    """The loan with the end of the hardship assumed, which rules forbearance out."""
    settings = Settings(programs=PROGRAMS, assume={"hardship_resolved": True, "occupancy": "principal_residence"})
    (found,) = explain(facts(), settings)
    return found


class Reader(HTMLParser):
    """Text of a page by the id of the innermost element that has one, headings, links and ids."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[tuple[str, str]] = []
        self.text: dict[str, str] = {}
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.tags.append(tag)
        if names.get("id"):
            self.ids.append(names["id"] or "")
        if tag == "a":
            self.links.append(names.get("href") or "")
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in {"meta", "br", "path"}:
            self.stack.append((tag, names.get("id") or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"meta", "br", "path"}:
            opened, _ = self.stack.pop()
            assert opened == tag

    def handle_data(self, data: str) -> None:
        for _, name in self.stack:
            if name:
                self.text[name] = self.text.get(name, "") + data
        if not any(tag == "style" for tag, _ in self.stack):
            self.text[""] = self.text.get("", "") + data

    def words(self, name: str = "") -> str:
        """Text inside the element with this id (all of it without)."""
        return " ".join(self.text.get(name, "").split())


def test_every_option_is_on_the_page(assumed: Explanation) -> None:
    """Each option has its card and its numbers."""
    page = Reader(loan_page(assumed))
    for option in assumed.ranked():
        assert option.title in page.words(option.id)
        assert option.homeowner in page.words(option.id)
        assert page.words(f"{option.id}-numbers")


def test_every_no_says_what_would_change_it(assumed: Explanation) -> None:
    """Each rule that rules an option out stands there with its demand and its way out."""
    page = Reader(loan_page(assumed))
    ruled_out = [option for option in assumed.ranked() if option.status == "ineligible"]
    assert ruled_out
    for option in ruled_out:
        card = page.words(option.id)
        for rule in option.rules:
            if rule.answer == "no" and rule.consequence == "rules this option out":
                assert " ".join(rule.says.split()) in card
                assert " ".join(rule.change.split()) in card
        assert "What would change it" in card or "has ended" in card or "did not exist" in card


def test_possible_options_come_first_and_in_order(assumed: Explanation) -> None:
    """The order of the program, possible ones before the rest."""
    page = Reader(loan_page(assumed))
    cards = [name for name in page.ids if name in {option.id for option in assumed.options}]
    assert cards == [option.id for option in assumed.ranked()]


def test_payment_change_and_ending_are_those_of_the_terms(assumed: Explanation) -> None:
    """The figures on the cards are the terms, to the cent."""
    page = Reader(loan_page(assumed))
    flex = page.words("flex_modification")
    assert "$1,264.13" in flex
    assert "now $1,580.17: $316.04 less each month" in flex
    assert "$35,483.32 set aside is due then" in flex
    assert "The last payment is due December 1, 2066" in flex
    assert "$3,054.80" in page.words("repayment_plan")
    deferral = page.words("payment_deferral")
    assert (
        "$12,280.85 is due when you sell, refinance or pay off the home, at the latest on January 1, 2052" in deferral
    )
    assert "To pay at once$10,680.85" in page.words("reinstatement")
    assert "An estimate: it leaves out late charges" in page.words("reinstatement")


def test_every_open_question_is_asked(assumed: Explanation) -> None:
    """On the card, and once in the checklist."""
    page = Reader(loan_page(assumed))
    for option in assumed.ranked():
        if option.status == "conditional":
            for question in option.questions:
                assert question.ask in page.words(option.id)
    for question in assumed.questions():
        assert question.ask in page.words()


def test_assumed_facts_are_flagged_where_they_matter(assumed: Explanation) -> None:
    """At the top, at the no that rests on one, in the rules and among the facts."""
    page = Reader(loan_page(assumed))
    assert "Some answers are assumed." in page.words()
    assert "This no rests on something assumed (hardship resolved)" in page.words("forbearance")
    assert "rests on something assumed" in page.words("repayment_plan")
    assert "yes assumed" in page.words("forbearance-numbers")
    assert "hardship resolved assumed" in page.words()


def test_an_assumed_fact_that_no_rule_names_flags_every_option_with_figures() -> None:
    """A value that only the arithmetic reads may be in any amount."""
    (found,) = explain(
        facts(property_value=None), Settings(programs=("fannie_mae",), assume={"property_value": 25000000})
    )
    page = Reader(loan_page(found))
    assert "property value" in page.words("flex_modification")
    assert "assumed" in page.words("flex_modification")


def without_verification(option: OptionExplained) -> OptionExplained:
    """The same option, its first failed rule unverified: to be confirmed, ruling nothing out."""
    rules = list(option.rules)
    place = next(index for index, rule in enumerate(rules) if rule.answer == "no")
    rules[place] = dataclasses.replace(
        rules[place],
        consequence="must be confirmed with the investor: this rule is not verified",
        citation=dataclasses.replace(rules[place].citation, verification="unverified"),
    )
    return dataclasses.replace(option, rules=tuple(rules), status="conditional")


def test_an_unverified_rule_is_never_a_reason(assumed: Explanation) -> None:
    """It is something for the servicer to confirm."""
    options = tuple(
        without_verification(option) if option.id == "forbearance" else option for option in assumed.options
    )
    page = Reader(loan_page(dataclasses.replace(assumed, options=options)))
    card = page.words("forbearance")
    assert "To be confirmed by your servicer" in card
    assert "not counted against you" in card
    assert "What would change it" not in card


def test_every_source_is_listed_with_its_mark(assumed: Explanation) -> None:
    """Each rule's publication, edition and mark; each number of a note leads to one."""
    page = Reader(loan_page(assumed))
    for option in assumed.options:
        for rule in option.rules:
            assert " ".join(rule.citation.title.split()) in page.words()
    for link in page.links:
        assert link.startswith("#")
        assert link[1:] in page.ids
    for title, meaning in MARKS.values():
        assert f"{title} {meaning}" in page.words()


def test_page_is_structured_for_everyone(assumed: Explanation) -> None:
    """Language, landmarks, headings in order, tables with captions, no script, nothing loaded."""
    text = loan_page(assumed)
    page = Reader(text)
    assert text.startswith("<!doctype html>")
    assert '<html lang="en">' in text
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    assert len(page.ids) == len(set(page.ids))
    assert page.tags.count("main") == 1
    assert page.tags.count("table") == page.tags.count("caption")
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not re.search(r'\b(?:src|href)="(?!#)', text)


def test_help_is_free_and_scams_are_named(assumed: Explanation) -> None:
    """Before anything else, without a telephone number that could go stale."""
    page = Reader(loan_page(assumed))
    words = page.words("main")
    assert words.index("Help is free") < words.index("What may be open to you")
    assert "Watch out for scams" in words
    assert not re.search(r"\b\d{3}-\d{3}-\w{4}\b", words)


def test_hostile_identifiers_are_text() -> None:
    """A loan number is never markup."""
    text = explain_html(facts(loan_id=HOSTILE), Settings(programs=("fannie_mae",)))
    assert "<script" not in text
    assert HOSTILE in Reader(text).words()


def test_unknown_investor_gives_one_page_with_a_part_for_each_program() -> None:
    """Both sets of rules, told apart, ids still unique, headings still in order."""
    found = explain(facts(investor=None), Settings(programs=PROGRAMS))
    page = Reader(loan_page(found))
    assert len(found) == 2
    assert "We do not know yet who owns or guarantees your loan" in page.words()
    assert len(page.ids) == len(set(page.ids))
    assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    for place, explanation in enumerate(found, start=1):
        assert explanation.program_title in page.words(f"p{place}-top")
        for option in explanation.ranked():
            assert option.title in page.words(f"p{place}-{option.id}")


def test_nothing_to_show_is_an_error() -> None:
    """No program applies."""
    with pytest.raises(InputError, match="no program applies"):
        loan_page([])


def test_no_option_open_still_points_to_help(assumed: Explanation) -> None:
    """Every option ruled out: the page says what could change, and who helps."""
    options = tuple(dataclasses.replace(option, status="ineligible") for option in assumed.options)
    words = Reader(loan_page(dataclasses.replace(assumed, options=options))).words()
    assert "none of the Fannie Mae options is open now" in words
    assert "HUD-approved counselor" in words


def test_a_finding_is_met_or_not_and_never_offered(assumed: Explanation) -> None:
    """The property value and the test of imminent default are no options."""
    page = Reader(loan_page(assumed))
    assert "Met" in page.words("valuation-numbers")
    assert "Not met" in page.words("imminent_default-numbers")
    for name in ("valuation-numbers", "imminent_default-numbers"):
        assert "Open to you" not in page.words(name)
        assert "option is not open" not in page.words(name)
    assert "valuation" not in page.ids
