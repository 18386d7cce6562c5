"""The words behind the ids of a result file: every rule and rule set used on the dates reviewed."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from hopenow.law import cited, shown_value
from hopenow.portfolio.summary import RuleLegend, RuleSetLegend
from hopenow.programs.base import Program
from hopenow.review.plan import Interval, PlannedOption, PlannedRule, intervals


def touched(
    program: Program, first: datetime.date, last: datetime.date, adopted: Mapping[str, datetime.date]
) -> list[Interval]:
    """Return the program's intervals that hold evaluation dates from ``first`` to ``last``."""
    return [item for item in intervals(program, adopted) if item.start <= last and first <= item.end]


def rule_legend(
    programs: Sequence[Program],
    first: datetime.date,
    last: datetime.date,
    adopted: Mapping[str, datetime.date],
) -> list[RuleLegend]:
    """Return every rule of the programs between two evaluation dates, each wording once."""
    found: dict[tuple[str, ...], RuleLegend] = {}
    for program in programs:
        for interval in touched(program, first, last, adopted):
            for planned in interval.options:
                for rule in planned.rules:
                    entry = _rule(program.id, planned, rule)
                    same = found.setdefault(
                        (program.id, entry.option, entry.rule, entry.says, entry.change, entry.citation),
                        entry,
                    )
                    same.rule_sets = list(dict.fromkeys([*same.rule_sets, *entry.rule_sets]))
    return list(found.values())


def _rule(program: str, planned: PlannedOption, rule: PlannedRule) -> RuleLegend:
    law = planned.option.law
    words = law.rules[rule.id]
    figures = {name: _shown(planned, name) for name in planned.parameters}
    citation, url = cited(law, rule.source.cite)
    return RuleLegend(
        program=program,
        option=planned.option.id,
        rule=rule.id,
        says=words.says.format(**figures),
        change=words.change.format(**figures),
        effect=rule.effect,
        rules_out=rule.rules_out,
        citation=citation,
        url=url,
        verification=rule.verification,
        rule_sets=[] if planned.segment is None else [planned.segment.rule_set.id],
    )


def _shown(planned: PlannedOption, name: str) -> str:
    return shown_value(planned.parameters.source(name).value, planned.option.law.parameters[name].unit)


def rule_set_legend(
    programs: Sequence[Program],
    first: datetime.date,
    last: datetime.date,
    adopted: Mapping[str, datetime.date],
) -> list[RuleSetLegend]:
    """Return every rule set in force for some evaluation date between two dates."""
    found: dict[tuple[str, str, str], RuleSetLegend] = {}
    for program in programs:
        for interval in touched(program, first, last, adopted):
            for planned in interval.options:
                if planned.segment is None:
                    continue
                item = planned.segment.rule_set
                start = adopted.get(item.id, item.start)
                found.setdefault(
                    (program.id, planned.option.id, item.id),
                    RuleSetLegend(
                        program=program.id,
                        option=planned.option.id,
                        rule_set=item.id,
                        start=None if start is None else start.isoformat(),
                        end=None if item.end is None else item.end.isoformat(),
                        content=item.content,
                        citation=cited(planned.option.law, item.cite)[0],
                        verification=planned.segment.verification,
                    ),
                )
    return list(found.values())
