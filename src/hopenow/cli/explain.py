"""``hopenow explain``: one loan in words that a housing counselor can read to a homeowner."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hopenow.cli.options import chosen, with_settings

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

    from hopenow.review.explain import Citation, Explanation, OptionExplained, RuleAnswer

RULES_OUT = "rules this option out"


@click.command("explain")
@click.argument("tape", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--at",
    metavar="MONTH",
    default="last",
    show_default=True,
    help="For histories: the loan's last month, each month, or one month (YYYY-MM).",
)
@click.option("--mapping", metavar="FILE", type=click.Path(path_type=Path), help="Which column is which fact.")
@with_settings
@click.option("--html", metavar="FILE", type=click.Path(path_type=Path), help="Write a page instead.")
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON instead.")
@click.option("--rules", "all_rules", is_flag=True, help="Every rule's answer too, not only those that matter.")
def command(
    tape: tuple[Path, ...],
    at: str,
    mapping: Path | None,
    html: Path | None,
    as_json: bool,
    all_rules: bool,
    **choices: Any,
) -> int:
    """Explain one loan: every option, best first, with its numbers, reasons and sources.

    \b
    hopenow explain TAPE... LOAN_ID    a loan of a tape
    hopenow explain loan.json          the facts of one loan by name, as JSON or YAML
    """  # noqa: D301  (\\b keeps click from wrapping the lines)
    from hopenow.cli.console import console
    from hopenow.programs.registry import EVERYONE
    from hopenow.review import explain

    settings = chosen(**choices)
    loan = _loan(tape, at, mapping)
    if loan is None:
        return 1
    if loan.source is not None and not settings.programs and not settings.extra_programs:
        settings = dataclasses.replace(settings, programs=(loan.source,))
    explanations = explain(loan.facts, settings)
    own = bool(explanations)
    if not own and not settings.programs:
        # No review ends with nothing: what is open to anyone stays.
        explanations = explain(loan.facts, dataclasses.replace(settings, programs=EVERYONE, readings={}))
    if html is not None:
        _write_page(html, explanations)
    elif as_json:
        import json

        click.echo(json.dumps([item.as_dict() for item in explanations], indent=2))
    else:
        _render(explanations, loan, console(), all_rules, own=own)
    return 0


@dataclasses.dataclass(frozen=True)
class _Loan:
    facts: pl.DataFrame
    source: str | None
    notes: Sequence[str]


def _loan(tape: tuple[Path, ...], at: str, mapping: Path | None) -> _Loan | None:
    from hopenow.portfolio.choices import parse_at
    from hopenow.portfolio.onefile import SUFFIXES, read_loan
    from hopenow.portfolio.sources import find_loan, find_sources

    if len(tape) == 1:
        if tape[0].suffix.lower() not in SUFFIXES:
            raise click.UsageError("name the loan after the tape: hopenow explain TAPE LOAN_ID")
        facts, notes, warnings = read_loan(tape[0])
        return _Loan(facts, None, [*notes, *warnings])
    *files, last = tape
    loan_id = str(last)
    sources = find_sources(files, mapping)
    month = parse_at(at)
    found = find_loan(sources, loan_id, month)
    lines = [f"{row['field'] or 'row'}: {row['message']}" for row in found.findings.iter_rows(named=True)]
    if found.facts.is_empty():
        reasons = "".join(f"\n- {line}" for line in lines)
        word = "was skipped" if lines else "is not there"
        click.echo(f"hopenow: loan {loan_id!r} {word} in {', '.join(path.name for path in files)}{reasons}", err=True)
        return None
    facts = _at(found.facts, at)
    owners = {source.program for source in sources}
    return _Loan(facts, owners.pop() if len(owners) == 1 else None, list(dict.fromkeys(lines)))


def _at(facts: pl.DataFrame, at: str) -> pl.DataFrame:
    """Of several evaluation dates of one loan take the last, unless each is asked for."""
    return facts if at == "each" else facts.sort("evaluation_date").tail(1)


def _write_page(path: Path, explanations: list[Explanation]) -> None:
    from hopenow.portfolio.outputs import Outputs
    from hopenow.portfolio.report import loan_page

    text = loan_page(explanations)
    with Outputs(path.parent) as outputs:
        outputs.write_text(path.name, text)
    click.echo(str(path))


# --- in the terminal ------------------------------------------------------------------------------


def _render(explanations: list[Explanation], loan: _Loan, screen: Console, all_rules: bool, *, own: bool) -> None:
    if not own:
        row = loan.facts.row(0, named=True)
        screen.print(
            f"No program applies to loan {row['loan_id']}: its investor or loan type is one without rules here yet."
            f"{' What is open to anyone follows.' if explanations else ''}"
        )
    for place, explanation in enumerate(explanations, start=1):
        page = _Page(explanation, loan.notes, screen, all_rules)
        page.show(last=place == len(explanations))


class _Page:
    """One loan under one program on the terminal."""

    def __init__(self, explanation: Explanation, notes: Sequence[str], screen: Console, all_rules: bool) -> None:
        self.explanation, self.notes, self.screen, self.all_rules = explanation, notes, screen, all_rules
        self.sources: dict[str, Citation] = {}
        self.asked: dict[str, int] = {}

    def show(self, *, last: bool) -> None:
        possible = [option for option in self.explanation.ranked() if option.status in ("eligible", "conditional")]
        self._heading(possible)
        for place, option in enumerate(possible, start=1):
            self._possible(place, option)
        self._ruled_out()
        self._papers()
        if last:
            self._foreclosure()
        self._sources()

    def say(self, text: str = "", indent: int = 0, style: str = "") -> None:
        from rich.padding import Padding
        from rich.text import Text

        self.screen.print(Padding(Text(text), (0, 0, 0, indent), expand=False) if text else "", style=style or None)

    def head(self, text: str) -> None:
        self.say()
        self.screen.rule(text, align="left", style="dim")

    def source(self, citation: Citation) -> str:
        """Remember a source; returns its number in brackets."""
        key = citation.short()
        self.sources.setdefault(key, citation)
        return f"[{list(self.sources).index(key) + 1}]"

    def _papers(self) -> None:
        if not self.explanation.papers:
            return
        self.head("Papers to gather for a complete application")
        for paper in self.explanation.papers:
            self.say(f"- {paper.name}{'' if paper.needed else ' (may be needed)'}", indent=3)
            self.say(paper.why, indent=5, style="dim")
            for other in paper.alternatives:
                self.say(f"or: {other}", indent=5, style="dim")
            for question in paper.questions:
                self.say(f"it depends: {question}", indent=5, style="dim")

    def _foreclosure(self) -> None:
        from hopenow.cli.console import MARK_STYLE

        found = self.explanation.foreclosure
        if found is None:
            return
        self.head(f"How foreclosure usually goes in {found.name}")
        for line in found.lines:
            self.say(f"{line.title}: {line.says}", 1)
            if line.note:
                self.say(line.note, 3, "dim")
            if line.source is not None:
                place = f" {line.source.address}" if line.source.address else ""
                mark = line.source.verification
                self.say(f"{line.source.citation}{place}  ({mark})", 3, MARK_STYLE[mark])
        self.say(found.caution, 1, "dim")

    def _heading(self, possible: Sequence[OptionExplained]) -> None:
        item = self.explanation
        self.say()
        self.say(f"Loan {item.loan_id}", style="bold")
        self.say(
            f"Reviewed as of {item.evaluation_date:%B} {item.evaluation_date.day}, "
            f"{item.evaluation_date.year} under the rules of {item.program_title}"
        )
        if not item.investor_known:
            self.say(
                f"ONE POSSIBILITY: who owns or guarantees this loan is not known. This holds if it is "
                f"{item.program_title}; the servicer must tell you who owns or guarantees it.",
                style="yellow",
            )
        for name in item.assumed:
            fact = next(fact for fact in item.facts if fact.name == name)
            self.say(
                f"ASSUMED, not known: {fact.meaning.rstrip('.')}: {fact.value}. "
                "What rests on it holds only if that is so.",
                style="bold yellow",
            )
        for reading in item.readings:
            self.say(
                f"READ DIFFERENTLY: {reading.meaning}: {reading.value} (usually {reading.default}). "
                f"{reading.source} ({reading.mark})",
                style="bold yellow",
            )
        for note in self.notes:
            self.say(f"About the data: {note}", style="dim")
        self.say()
        if not possible:
            self.say("On these facts no option is open. See below for what would change that.", style="bold")
            return
        best = possible[0]
        sure = sum(option.status == "eligible" for option in possible)
        open_ones = len(possible) - sure
        parts = [f"{sure} {'option is' if sure == 1 else 'options are'} open"] if sure else []
        noun = "" if sure else " options" if open_ones > 1 else " option"
        parts += [f"{open_ones}{noun} may be possible once questions or approvals are settled"] if open_ones else []
        self.say(f"{', and '.join(parts)}. First in the order: {best.title}.", style="bold")
        if item.order_citation is not None and len(item.ranked()) > 1:
            self.say(
                f"The order is the investor's own {self.source(item.order_citation)}; all options are shown.",
                style="dim",
            )

    # --- options that are open --------------------------------------------------------------------

    def _possible(self, place: int, option: OptionExplained) -> None:
        from hopenow.cli.console import STATUS_STYLE

        self.head(f"{place}. {option.title}")
        status = "Open on what is known" if option.status == "eligible" else self._open_words(option)
        self.say(status, 3, STATUS_STYLE[option.status])
        self.say(option.homeowner, 3)
        if option.kind == "help":
            for process in option.process:
                self.say(f"- {process.says} {self.source(process.citation)}", 3)
        self._approvals(option)
        self._questions(option)
        self._steps(option)
        if option.estimated_without:
            names = ", ".join(name.replace("_", " ") for name in option.estimated_without)
            self.say(f"An estimate: not known, and so left out: {names}.", 3, "yellow")
        if option.verification != "verified":
            self.say(f"How sure: {MARK_WORDS[option.verification]}", 3, "dim")
        if self.all_rules:
            self._rules(option)
            for process in () if option.kind == "help" else option.process:
                self.say(f"{process.says} {self.source(process.citation)}", 5, "dim")

    def _open_words(self, option: OptionExplained) -> str:
        count = len(option.questions)
        approvals = sum(rule.answer == "no" for rule in option.rules)
        parts = [f"{count} question{'s' if count != 1 else ''}"] if count else []
        parts += [f"{approvals} point{'s' if approvals != 1 else ''} to settle"] if approvals else []
        return f"May be possible: {' and '.join(parts)} open" if parts else "May be possible"

    def _approvals(self, option: OptionExplained) -> None:
        for rule in option.rules:
            if rule.answer == "no":
                self.say(f"- {_sentence(rule.consequence)}: {rule.says} {self.source(rule.citation)}", 3)
                self.say(rule.change, 5, "dim")

    def _steps(self, option: OptionExplained) -> None:
        from rich.padding import Padding
        from rich.table import Table

        steps = [step for step in option.steps if step.value != "not known"]
        if not steps:
            return
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        table.add_column("step", no_wrap=True)
        table.add_column("value", justify="right", no_wrap=True, style="bold")
        table.add_column("how", style="dim")
        for step in steps:
            table.add_row(step.title, step.value, step.text)
        self.say()
        self.screen.print(Padding(table, (0, 0, 0, 3), expand=False))

    # --- the rest ---------------------------------------------------------------------------------

    def _questions(self, option: OptionExplained) -> None:
        """Ask each question in full where it first comes up; later options name its number."""
        earlier = [self.asked[item.fact] for item in option.questions if item.fact in self.asked]
        new = [item for item in option.questions if item.fact not in self.asked]
        if new:
            self.say("Still to be answered:", 3)
        for question in new:
            self.asked[question.fact] = len(self.asked) + 1
            self.say(f"{self.asked[question.fact]:>3}. {question.ask}", 4)
        if earlier:
            word = "as well as questions" if new else "Still to be answered: questions"
            self.say(f"{word} {', '.join(map(str, sorted(earlier)))} above", 5 if new else 3)

    def _ruled_out(self) -> None:
        others = [option for option in self.explanation.ranked() if option.status not in ("eligible", "conditional")]
        if not others:
            return
        self.head("Not open now, and what would change that")
        for option in others:
            self.say(option.title, 1, "bold")
            if option.status == "not_determined" or not option.rules:
                self.say(f"Not in force on this date. {option.coverage}", 3, "dim")
            for rule in self._reasons(option):
                self.say(f"- Not met: {rule.says} {self.source(rule.citation)}", 3)
                known = [
                    f"{fact.meaning.rstrip('.')}: {fact.value}" for fact in rule.facts if fact.value != "not known"
                ]
                if known:
                    self.say(f"here: {'; '.join(known)}", 5, "dim")
                self.say(f"would change it: {rule.change}", 5, "dim")
            if self.all_rules:
                self._rules(option)

    @staticmethod
    def _reasons(option: OptionExplained) -> list[RuleAnswer]:
        """Reasons for a no. A rule that is not verified is never one."""
        return [rule for rule in option.rules if rule.answer == "no" and rule.consequence == RULES_OUT]

    def _rules(self, option: OptionExplained) -> None:
        for rule in option.rules:
            facts = ", ".join(f"{fact.name.replace('_', ' ')} {fact.value}" for fact in rule.facts)
            self.say(f"{rule.id:<8} {rule.answer:<8} {rule.says} {self.source(rule.citation)}", 5)
            if facts:
                self.say(facts, 14, "dim")

    def _sources(self) -> None:
        from hopenow.cli.console import MARK_STYLE

        if not self.sources:
            return
        self.head("Sources")
        for place, (text, citation) in enumerate(self.sources.items(), start=1):
            self.say(
                f"[{place}] {text}{f' {citation.url}' if citation.url else ''}  ({citation.verification})",
                1,
                MARK_STYLE[citation.verification],
            )
        marks = {citation.verification for citation in self.sources.values()}
        for mark, words in MARK_WORDS.items():
            if mark in marks:
                self.say(f"{mark}: {words}", 1, "dim")
        self.say()
        self.say(
            "Help from a HUD-approved housing counseling agency is free. "
            "Be wary of anyone who asks for money up front.",
            1,
        )


MARK_WORDS = {
    "verified": "read in the publisher's own text.",
    "secondary": "read in a careful restatement, or an edition close to the date; not compared by word.",
    "unverified": "could not be confirmed at its source; never rules an option out, must be confirmed.",
}


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
