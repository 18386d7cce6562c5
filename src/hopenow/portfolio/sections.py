"""What a report tells: questions and answers, pictures, the tables behind them, and what was counted."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from hopenow.pages import MARKS, Headline, Section, Table, charts, number, share, words
from hopenow.pages.document import Cell
from hopenow.pages.words import DASH
from hopenow.portfolio.summary import NO_PROGRAM, UNKNOWN, Histogram, OptionCounts, RuleLegend, Summary

_MOST_BARS = 12
_VIOLET = "#8168b3"
_MOST_HISTOGRAMS = 3
_NOT_RULES = {
    "NOT-YET-IN-FORCE": "The option did not exist yet at the evaluation date.",
    "ENDED": "The option had ended by the evaluation date.",
    "NOT-COVERED": "There are no rules on file for the evaluation date.",
}
OUTLOOK_WORDS: dict[str, tuple[str, str]] = {
    "keep_eligible": ("A way to keep the home is open", charts.BLUE),
    "keep_conditional": ("A way to keep the home may be open", charts.LIGHT_BLUE),
    "reinstate_only": ("Only paying everything past due", charts.TEAL),
    "leave_only": ("Only ways to leave the home", charts.AMBER),
    "help_only": ("Only advice", _VIOLET),
    "none": ("Every option is ruled out", charts.GRAY),
    "no_program": ("No program applies", charts.PALE),
}
_STATUS_SERIES = (
    ("eligible", "Open", charts.BLUE),
    ("conditional", "May be open", charts.LIGHT_BLUE),
    ("ineligible", "Ruled out", charts.PALE),
    ("not_determined", "Not determined", charts.GRAY),
)
_MARK_COLORS = {"verified": charts.TEAL, "secondary": charts.LIGHT_BLUE, "unverified": charts.AMBER}

def merged(options: Iterable[OptionCounts]) -> list[OptionCounts]:
    """Add up the same option over programs, in the order in which the options come."""
    found: dict[str, OptionCounts] = {}
    for item in options:
        if item.id not in found:
            found[item.id] = OptionCounts("", item.id, item.title, item.kind)
        into = found[item.id]
        for name in ("statuses", "failed", "only_failed", "conditions", "unknown", "missing", "rule_sets"):
            setattr(into, name, _added(getattr(into, name), getattr(item, name)))
        for name in ("verification", "words"):
            both, more = getattr(into, name), getattr(item, name)
            setattr(
                into,
                name,
                {key: _added(both.get(key, {}), more.get(key, {})) for key in dict.fromkeys((*both, *more))},
            )
        into.payment_change = _histograms(into.payment_change, item.payment_change)
        into.payment_reduction = _histograms(into.payment_reduction, item.payment_reduction)
    return list(found.values())


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    both = Counter(dict(one))
    both.update(other)
    return dict(both)


def _histograms(one: Histogram | None, other: Histogram | None) -> Histogram | None:
    if one is None or other is None:
        return one or other
    edges = Counter(one.counts)
    edges.update(other.counts)
    least = [value for value in (one.minimum, other.minimum) if value is not None]
    most = [value for value in (one.maximum, other.maximum) if value is not None]
    return dataclasses.replace(
        one,
        counts=dict(edges),
        count=one.count + other.count,
        total=one.total + other.total,
        minimum=min(least, default=None),
        maximum=max(most, default=None),
    )


class Sections:
    """Turns a summary into sections."""

    def __init__(self, summary: Summary) -> None:
        self.summary = summary
        # Advice alone is an outlook only where nothing but advice was looked at.
        self.outlooks = {
            name: words
            for name, words in OUTLOOK_WORDS.items()
            if name != "help_only" or summary.outlook.get(name)
        }
        self.all = merged(summary.options)
        self.options = [item for item in self.all if item.kind != "finding"]
        self.titles = {item.id: item.title for item in self.all} | {
            "none": "None is possible",
            NO_PROGRAM: "No program applies",
        }
        # One word for the unit: a loan is a result only when every loan gave exactly one.
        self.unit = "loans" if summary.results == summary.reviewed and summary.at == "last" else "results"
        self.legend: dict[tuple[str, str], RuleLegend] = {}
        for rule in summary.rules:
            self.legend.setdefault((rule.option, rule.rule), rule)

    # --- top

    def reconcile(self) -> Table:
        """Return how the rows read were used."""
        summary = self.summary
        rows: list[tuple[Cell, ...]] = [("Rows read", summary.read), ("Rows reviewed", summary.reviewed)]
        rows += [
            (f"Skipped: {words(reason).replace('-', ' ').lower()} ({reason})", count)
            for reason, count in _by_count(summary.skipped_by_reason)
        ]
        rows.append(("Reviewed and skipped together", summary.reviewed + summary.skipped))
        return Table("From the tape to this report", ("What", "Rows"), tuple(rows), total=True)

    def headline(self) -> list[Headline]:
        """Return the headline numbers."""
        summary, outlook = self.summary, self.summary.outlook
        unit = self.unit
        found = [
            Headline(
                number(outlook.get(name, 0)),
                label,
                f"{share(outlook.get(name, 0), summary.results)} of {number(summary.results)} {unit}",
            )
            for name, label in (
                ("keep_eligible", "have a way to keep the home that is open on the known facts"),
                ("keep_conditional", "may have one: some answers or approvals are missing"),
            )
        ]
        rest = summary.results - outlook.get("keep_eligible", 0) - outlook.get("keep_conditional", 0)
        found.append(
            Headline(
                number(rest),
                "have no way to keep the home on these facts, other than paying in full",
                f"{share(rest, summary.results)} of {number(summary.results)} {unit}",
            )
        )
        return found

    def sections(self) -> list[Section]:
        """Return the sections that have something to show."""
        makers = (
            self.outlook,
            self.by_option,
            self.first_option,
            self.payment_change,
            self.limits,
            self.binding,
            self.missing,
            self.places,
            self.delinquency,
            self.certainty,
        )
        return [section for section in (make() for make in makers) if section is not None]

    # --- pictures

    def outlook(self) -> Section | None:
        """Best that is open."""
        outlook = self.summary.outlook
        rows = [(label, outlook.get(name, 0)) for name, (label, _) in self.outlooks.items()]
        if not sum(outlook.values()):
            return None
        table = self._shares("Best that is open", "Best that is open", rows)
        return Section(
            "outlook",
            "What is the best that is open?",
            f"{share(_keep(outlook), self.summary.results)} of {self.unit} have, or may have, a way to keep the home.",
            self._counted("its best option"),
            (
                charts.bars(
                    "outlook",
                    table.caption,
                    _describe(table),
                    rows,
                    [color for _, color in self.outlooks.values()],
                ),
            ),
            (table,),
        )

    def by_option(self) -> Section | None:
        """Each option by status."""
        rows = [(item.title, [item.statuses.get(name, 0) for name, _, _ in _STATUS_SERIES]) for item in self.options]
        rows = [row for row in rows if sum(row[1])]
        if not rows:
            return None
        keep = [item for item in self.options if item.kind == "keep"] or self.options
        top = max(keep, key=lambda item: item.possible)
        columns = ("Option", *(label for _, label, _ in _STATUS_SERIES), "All")
        table = Table("Options by answer", columns, tuple((title, *counts, sum(counts)) for title, counts in rows))
        tables = [table]
        if len(self.summary.programs) > 1:
            tables.append(self._by_program())
        series = [(label, color) for _, label, color in _STATUS_SERIES]
        return Section(
            "options",
            "How many have which option?",
            f"Of the ways to keep the home, {top.title} is possible most often: for {number(top.possible)} of "
            f"{number(sum(top.statuses.values()))} {self.unit}.",
            f"Counts {self.unit}, once for every option; out of all {self.unit} of the programs that "
            "have the option. The options are not alternatives: one loan can have several.",
            (charts.stacked("options", table.caption, _describe(table), rows, series),),
            tuple(tables),
            "Open: every rule is met on the known facts. May be open: nothing rules it out, but an "
            "answer, an approval or a step is missing. Ruled out: at least one rule that we could "
            "check at its source says no.",
        )

    def _by_program(self) -> Table:
        rows: list[tuple[Cell, ...]] = [
            (
                f"{self._program(item.program)}: {item.title}",
                *(item.statuses.get(name, 0) for name, _, _ in _STATUS_SERIES),
                sum(item.statuses.values()),
            )
            for item in self.summary.options
            if item.kind != "finding"
        ]
        return Table(
            "Options by answer, for each program",
            ("Program and option", *(label for _, label, _ in _STATUS_SERIES), "All"),
            tuple(rows),
        )

    def _program(self, name: str) -> str:
        return self.summary.program_titles.get(name, words(name))

    def first_option(self) -> Section | None:
        """First possible option."""
        possible, eligible = self.summary.first_possible, self.summary.first_eligible
        names = [name for name, _ in _by_count(possible)] + [name for name in eligible if name not in possible]
        rows = [(self.titles.get(name, words(name)), [possible.get(name, 0), eligible.get(name, 0)]) for name in names]
        if not rows:
            return None
        table = Table(
            "First option in the order of the program",
            ("Option", "First that is or may be open", "First that is open"),
            tuple((title, *counts) for title, counts in rows),
            note="Each column adds up to all results.",
        )
        picture = charts.bars(
            "first",
            "First option that is or may be open",
            _describe(table),
            [(title, counts[0]) for title, counts in rows if counts[0]],
        )
        return Section(
            "first",
            "Which option comes first?",
            f"Most often the first in line is: {rows[0][0]} "
            f"({share(rows[0][1][0], self.summary.results)} of {self.unit}).",
            self._counted("the first possible option in its program's order"),
            (picture,),
            (table,),
            "The servicer looks at the options in the order of the owner's guide. The picture shows "
            "the first that is not ruled out.",
        )

    def payment_change(self) -> Section | None:
        """How payments would change."""
        having = [
            (item, item.payment_change)
            for item in self.options
            if item.payment_change is not None and item.payment_change.count
        ]
        having.sort(key=lambda pair: -pair[1].count)
        if not having:
            return None
        pictures: list[charts.Picture] = []
        tables: list[Table] = []
        for item, histogram in having:
            rows = _bins(histogram)
            mean = histogram.mean
            note = (
                f"{number(histogram.count)} {self.unit} with terms; mean fall {_dollars(mean)}; from "
                f"{_dollars(histogram.minimum)} to {_dollars(histogram.maximum)}. Below zero: the payment "
                "rises."
            )
            table = Table(
                f"{item.title}: fall of the monthly principal and interest",
                ("Fall each month", self.unit.capitalize()),
                tuple(rows),
                note,
            )
            tables.append(table)
            if len(pictures) < _MOST_HISTOGRAMS:
                drawn = [(_short(label), [count]) for label, count in rows]
                pictures.append(
                    charts.columns(
                        f"change-{item.id}",
                        table.caption,
                        _describe(table),
                        drawn,
                        [(self.unit, charts.BLUE)],
                        f"{item.title}: dollars less each month",
                    )
                )
            if item.payment_reduction is not None and item.payment_reduction.count:
                reduction = item.payment_reduction
                tables.append(
                    Table(
                        f"{item.title}: the same in percent of the present payment",
                        ("Fall", self.unit.capitalize()),
                        tuple(_bins(reduction)),
                    )
                )
        best, histogram = having[0]
        return Section(
            "change",
            "How would the payment change?",
            f"{best.title} would lower principal and interest by {_dollars(histogram.mean)} a month on average.",
            f"Counts {self.unit} in which the option is or may be open and its terms could be worked "
            "out. Dollars of monthly principal and interest; taxes and insurance left out.",
            tuple(pictures),
            tuple(tables),
            "A column holds amounts from its edge up to the next one; the first and last also hold everything beyond.",
        )

    def limits(self) -> Section | None:
        """Which limit bound the terms."""
        rows = [
            (
                f"{item.title}{', ' + words(name) if len(item.words) > 1 else ''}: "
                f"{'no limit reached' if word == 'none' else words(word)}",
                count,
            )
            for item in self.options
            for name, found in item.words.items()
            for word, count in _by_count(found)
        ]
        if not rows:
            return None
        table = Table("Limits that decide the terms", ("Option and limit", self.unit.capitalize()), tuple(rows))
        return Section(
            "limits",
            "Which limit decides the terms?",
            "Where an amount is capped by more than one limit, this is the one that bound.",
            f"Counts {self.unit} in which the option is or may be open and its terms could be worked out.",
            (charts.bars("limits", table.caption, _describe(table), rows[: 2 * _MOST_BARS]),),
            (table,),
        )

    def binding(self) -> Section | None:
        """The rule that stands in the way most, for each option."""
        rows: list[tuple[str, list[int]]] = []
        for item in self.options:
            rules = [rule for rule in item.failed if rule not in _NOT_RULES]
            if rules:
                rule = max(rules, key=lambda name: (item.only_failed.get(name, 0), item.failed[name], name))
                alone = item.only_failed.get(rule, 0)
                rows.append((self._rule(item, rule), [alone, item.failed[rule] - alone]))
        if not rows:
            return None
        flat = [(label.replace("\n", ": "), counts) for label, counts in rows]
        first, counts = max(flat, key=lambda row: row[1][0])
        table = Table(
            "The rule that stands in the way most, for each option",
            ("Option and rule", "It alone", "With others", "All"),
            tuple((label, *own, sum(own)) for label, own in flat),
        )
        series = [("This rule alone rules it out", charts.BLUE), ("Other rules do too", charts.LIGHT_BLUE)]
        return Section(
            "binding",
            "Which rule stands in the way most?",
            f"The most frequent single obstacle: {first} It alone rules out {number(counts[0])} {self.unit}.",
            f"Counts {self.unit} that the rule rules out of its option, out of "
            f"{number(self.summary.results)}. One rule is shown for each option; every rule is listed "
            "below.",
            (charts.stacked("binding", table.caption, _describe(table), rows, series),),
            (table,),
            "Dark: without this rule the option would be possible. Options that were not in force "
            "are left out of the picture.",
        )

    def _rule(self, item: OptionCounts, rule: str) -> str:
        legend = self.legend.get((item.id, rule))
        return f"{item.title} ({rule})\n{legend.says}" if legend else f"{item.title}\n{rule}"

    def missing(self) -> Section | None:
        """Facts that keep options open."""
        facts = self.summary.missing
        ranked = sorted(facts.items(), key=lambda pair: (-pair[1].results, -pair[1].decides, pair[0]))
        if not ranked:
            return None
        rows = [(fact.ask, [fact.decides, fact.results - fact.decides]) for _, fact in ranked[:_MOST_BARS]]
        table = Table(
            "Facts that are missing",
            ("Question", "Fact", "This answer alone", "Others too", "All", "Options that wait"),
            tuple(
                (fact.ask, name, fact.decides, fact.results - fact.decides, fact.results, fact.determinations)
                for name, fact in ranked
            ),
        )
        often = ranked[0][1]
        best = max(facts.values(), key=lambda fact: fact.decides)
        says = (
            f"Asked for most often: \u201c{often.ask}\u201d ({share(often.results, self.summary.results)} "
            f"of {self.unit})."
        )
        if best.decides:
            which = "that one" if best is often else f"\u201c{best.ask}\u201d"
            says += (
                f" The answer that most often settles everything by itself is {which} "
                f"({number(best.decides)} {self.unit})."
            )
        else:
            says += f" No single answer settles any of the {self.unit}: several are needed together."
        series = [
            ("This answer alone decides", charts.BLUE),
            ("Other answers are needed too", charts.LIGHT_BLUE),
        ]
        return Section(
            "missing",
            "Which missing facts would decide most?",
            says,
            f"Counts {self.unit} in which at least one option that may be open waits for the fact; "
            f"out of {number(self.summary.results)}. The last column of the table counts options that "
            f"wait, over all {self.unit}.",
            (charts.stacked("missing", table.caption, _describe(table), rows, series),),
            (table,),
            f"The picture shows the first {len(rows)} of {len(ranked)} facts.",
        )

    def places(self) -> Section | None:
        """By state."""
        states = sorted(self.summary.by_state.items(), key=lambda pair: (-sum(pair[1].values()), pair[0]))
        if not states:
            return None
        counts = {state: sum(found.values()) for state, found in states}
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (
                state if state != UNKNOWN else "not known",
                count,
                *(self.summary.by_state[state].get(name, 0) for name in self.outlooks),
                share(_keep(self.summary.by_state[state]), count),
            )
            for state, count in counts.items()
        )
        table = Table(
            "By state",
            (
                "State",
                self.unit.capitalize(),
                *(label for label, _ in self.outlooks.values()),
                "Keep is or may be open",
            ),
            rows,
        )
        elsewhere = {state: count for state, count in counts.items() if state not in charts.TILES}
        off = sum(elsewhere.values())
        note = "Every result is on the map."
        if off:
            named = [f"{state} {number(count)}" for state, count in list(elsewhere.items())[:_MOST_BARS]]
            note = f"Not on the map: {', '.join(named)} (together {number(off)})."
        known = next(((state, count) for state, count in counts.items() if state != UNKNOWN), None)
        says = (
            f"Most {self.unit} are in {known[0]}: {number(known[1])}."
            if known
            else "The tape does not say where the homes are."
        )
        picture = charts.tiles("places", table.caption, _describe(table), counts, self.unit.capitalize())
        return Section(
            "places",
            "Where in the country?",
            says,
            self._counted("the state of the home"),
            (picture,),
            (table,),
            note,
        )

    def delinquency(self) -> Section | None:
        """By months delinquent."""
        found = self.summary.by_months_delinquent
        if not found:
            return None
        names = sorted(
            found,
            key=lambda name: (name == UNKNOWN, int(name.rstrip("+")) if name.rstrip("+").isdigit() else 0),
        )
        rows = [
            (name if name != UNKNOWN else "?", [found[name].get(outlook, 0) for outlook in self.outlooks])
            for name in names
        ]
        table = Table(
            "By months delinquent",
            ("Months delinquent", *(label for label, _ in self.outlooks.values()), "All"),
            tuple((name if name != "?" else "not known", *counts, sum(counts)) for name, counts in rows),
        )
        behind = sum(sum(counts) for name, counts in rows if name not in ("0", "?"))
        return Section(
            "stage",
            "How far behind are they?",
            f"{number(behind)} {self.unit} ({share(behind, self.summary.results)}) are at least one month behind.",
            self._counted("whole unpaid installments at the evaluation date (MBA method)"),
            (
                charts.columns(
                    "stage",
                    table.caption,
                    _describe(table),
                    rows,
                    list(self.outlooks.values()),
                    "Months delinquent (? = not known)",
                ),
            ),
            (table,),
        )

    def certainty(self) -> Section | None:
        """How sure the answers are."""
        rows: list[tuple[str, list[int]]] = []
        for status, label, _ in _STATUS_SERIES:
            both = Counter[str]()
            for item in self.options:
                both.update(item.verification.get(status, {}))
            if both:
                rows.append((label, [both.get(mark, 0) for mark in MARKS]))
        if not rows:
            return None
        table = Table(
            "How sure the answers are",
            ("Answer", *(title for title, _ in MARKS.values()), "All"),
            tuple((label, *counts, sum(counts)) for label, counts in rows),
        )
        everything = sum(sum(counts) for _, counts in rows)
        sure = sum(counts[0] for _, counts in rows)
        series = [(MARKS[mark][0], _MARK_COLORS[mark]) for mark in MARKS]
        return Section(
            "certainty",
            "How sure are the answers?",
            f"{share(sure, everything)} of all answers rest only on text that was read at its publisher.",
            "Counts answers: one for every option of every result. An answer is as sure as the "
            "weakest rule and figure behind it.",
            (charts.stacked("certainty", table.caption, _describe(table), rows, series, whole=True),),
            (table,),
            " ".join(f"{title}: {meaning}" for title, meaning in MARKS.values()),
        )

    # --- tables without a picture

    def binding_tables(self) -> list[tuple[str, Table]]:
        """Return, for each option, every rule that rules it out."""
        found = []
        for item in self.options:
            rows = []
            for rule, count in _by_count(item.failed):
                legend = self.legend.get((item.id, rule))
                says = legend.says if legend else _NOT_RULES.get(rule, "")
                change = legend.change if legend else ""
                source = f"{legend.citation} [{MARKS[legend.verification][0].lower()}]" if legend else ""
                rows.append(
                    (
                        f"{rule}: {says}" if says else rule,
                        count,
                        item.only_failed.get(rule, 0),
                        change,
                        source,
                    )
                )
            if rows:
                ruled_out = item.statuses.get("ineligible", 0) + item.statuses.get("not_determined", 0)
                table = Table(
                    f"{item.title}: why not",
                    ("Rule", self.unit.capitalize(), "It alone", "What would change it", "Source"),
                    tuple(rows),
                    f"Out of {number(sum(item.statuses.values()))}; not open in {number(ruled_out)}.",
                )
                found.append((item.title, table))
        return found

    def rule_set_table(self) -> Table | None:
        """Return the versions of the rules that were used."""
        rows = tuple(
            (
                f"{self._program(item.program)}: {self.titles.get(item.option, words(item.option))}",
                item.rule_set,
                item.start or "not established",
                item.end or "open",
                item.content,
                item.citation,
                MARKS[item.verification][0],
                item.results,
            )
            for item in self.summary.rule_sets
        )
        columns = (
            "Option",
            "Rule set",
            "From",
            "To",
            "Content",
            "Source",
            "How sure",
            self.unit.capitalize(),
        )
        return Table("Versions of the rules that were used", columns, rows) if rows else None

    def reference_table(self) -> Table | None:
        """Return the editions of the public series."""
        rows = tuple(
            (
                item.name,
                item.source,
                item.edition,
                f"{item.first} to {item.last}",
                MARKS[item.verification][0] if item.verification in MARKS else item.verification,
                item.origin,
            )
            for item in self.summary.references
        )
        return (
            Table("Public series", ("Series", "Source", "Edition", "Covers", "How sure", "From"), rows)
            if rows
            else None
        )

    def findings_table(self) -> Table | None:
        """Return what was wrong with the tape."""
        rows = tuple(
            (
                f"{item['rule']}",
                f"{item['field']}",
                f"{item['severity']}",
                f"{item['phase']}",
                int(item["count"]),
            )
            for item in self.summary.findings_by_rule
        )
        return Table("Findings on the tape", ("Finding", "Field", "Severity", "Phase", "Count"), rows) if rows else None

    def source_table(self) -> Table | None:
        """Return the files that were read."""
        rows = tuple((item.name, item.layout, item.bytes, item.sha256) for item in self.summary.sources)
        return Table("Files that were read", ("File", "Layout", "Bytes", "SHA-256"), rows) if rows else None

    # --- words

    def _counted(self, what: str) -> str:
        return f"Counts {self.unit}, each once, by {what}; out of {number(self.summary.results)} {self.unit}."

    def _shares(self, caption: str, first: str, rows: Sequence[tuple[str, int]]) -> Table:
        total = sum(count for _, count in rows)
        filled: list[tuple[Cell, ...]] = [(label, count, share(count, total)) for label, count in rows]
        return Table(
            caption,
            (first, self.unit.capitalize(), "Share"),
            (*filled, ("All", total, share(total, total))),
            total=True,
        )


def _keep(outlook: Mapping[str, int]) -> int:
    return outlook.get("keep_eligible", 0) + outlook.get("keep_conditional", 0)


def _by_count(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return the entries, the most frequent first."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _dollars(value: object) -> str:
    if value is None:
        return DASH
    return f"-${-value:,.2f}" if value < 0 else f"${value:,.2f}"  # type: ignore[operator]


def _bins(histogram: Histogram) -> list[tuple[str, int]]:
    """Return every bin from the first to the last that holds anything, empty ones between them included."""
    if not histogram.counts:
        return []
    found = []
    for edge in range(min(histogram.counts), max(histogram.counts) + 1, histogram.width):
        label = f"{_edge(edge, histogram.unit)} to {_edge(edge + histogram.width, histogram.unit)}"
        if edge == histogram.highest:
            label = f"{_edge(edge, histogram.unit)} and more"
        elif edge == histogram.lowest:
            label = f"under {_edge(edge + histogram.width, histogram.unit)}"
        found.append((label, histogram.counts.get(edge, 0)))
    return found


def _short(label: str) -> str:
    """Shorten a bin's label for an axis: its lower edge."""
    if label.startswith("under "):
        return f"<{label.removeprefix('under ')}"
    return f"{label.removesuffix(' and more')}+" if label.endswith(" and more") else label.split(" to ")[0]


def _edge(edge: int, unit: str) -> str:
    if unit == "percent":
        return f"{edge}%"
    return f"-${-edge:,}" if edge < 0 else f"${edge:,}"


def _describe(table: Table) -> str:
    """Describe a picture for those who do not see it."""
    return (
        f"Chart of the table \u201c{table.caption}\u201d, which follows it with every number ({len(table.rows)} rows)."
    )
