"""CheckMyNPV for everyone: which corrected input changes the outcome of a denial.

The inputs printed in a notice are run as they are; then each corrected value alone, each pair, and all together.
Where the notice used the standard terms, a correction that moves them (income, taxes, value) works them anew, as a
re-test did.
"""

from __future__ import annotations

import dataclasses
import datetime
import itertools
from collections.abc import Mapping
from typing import Any

from hopenow.errors import InputError
from hopenow.money import dollars, format_cents
from hopenow.valuation.hamp_npv.checks import housing_before
from hopenow.valuation.hamp_npv.figures import Readings, parameters, program
from hopenow.valuation.hamp_npv.inputs import fields, read_inputs
from hopenow.valuation.hamp_npv.model import run, survey_rates
from hopenow.valuation.hamp_npv.result import OUTCOMES, Result, complete, explain, shown
from hopenow.valuation.hamp_npv.supplement import Supplements
from hopenow.valuation.hamp_npv.terms import SCENARIOS, work_terms
from hopenow.valuation.hamp_npv.tiers import outside

__all__ = ["Change", "Differences", "what_differs"]

TERMS = ("upb_after", "rate_after", "term_after", "principal_and_interest_after", "forbearance", "forgiveness")
MOVES_TERMS = (
    "gross_income", "association_dues", "insurance", "taxes", "property_value", "upb", "rate", "remaining_term",
    "principal_and_interest", "reset_rate", "reset_date",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Change:
    """One or more corrected inputs and what they do.

    Attributes:
        inputs: names of the corrected inputs.
        positive: outcome with them; None where the run fails.
        difference: value with the modification less value without, cents.
        run_code: of that run.
        flips: the outcome differs from the notice's.
        terms_anew: the modified terms were worked anew.
        words: the same in a sentence.
    """

    inputs: tuple[str, ...]
    positive: bool | None
    difference: int | None
    run_code: str
    flips: bool
    terms_anew: bool
    words: str


@dataclasses.dataclass(frozen=True)
class Differences:
    """What the corrected inputs change.

    Attributes:
        notice: result with the inputs of the notice.
        corrected: result with every correction.
        singles: each correction alone.
        pairs: each two together, where neither flips the outcome alone.
        notes: of each corrected input, whether the program let a re-test take it.
        summary: in plain words.
    """

    notice: Result
    corrected: Result
    singles: tuple[Change, ...]
    pairs: tuple[Change, ...]
    notes: tuple[str, ...]
    summary: str

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""

        def change(item: Change) -> dict[str, Any]:
            found = dataclasses.asdict(item)
            found["difference"] = None if item.difference is None else str(dollars(item.difference))
            return found

        return {
            "summary": self.summary,
            "notice": self.notice.as_dict(paths=False),
            "corrected": self.corrected.as_dict(paths=False),
            "singles": [change(item) for item in self.singles],
            "pairs": [change(item) for item in self.pairs],
            "notes": list(self.notes),
        }


def what_differs(
    notice: Mapping[str, object],
    corrections: Mapping[str, object],
    supplements: Supplements,
    *,
    version: str = "3.0",
    readings: Readings | None = None,
    on: datetime.date | None = None,
    rework_terms: bool = True,
) -> Differences:
    """Compare the inputs of a denial with corrected ones.

    Args:
        notice: inputs by name, as printed.
        corrections: inputs by name that differ.
        supplements: the quarterly tables.
        version: of the model.
        readings: of the open points.
        on: NPV dates after this day are in the future; None is today.
        rework_terms: work the standard terms anew where a correction moves them and the notice used standard terms.

    Raises:
        InputError: no correction, corrections that are no inputs or cannot be read, all of them.
    """
    known = fields()
    changed = {
        name: value for name, value in corrections.items() if str(notice.get(name, "")).strip() != str(value).strip()
    }
    findings = [f"{name} is no input of the NPV model" for name in corrections if name not in known]
    if not findings and changed:
        findings = [str(item) for item in read_inputs(dict(changed)).findings]
    if not changed and not findings:
        findings = ["nothing differs from the notice"]
    if findings:
        raise InputError("the corrected inputs cannot be compared:", findings)
    filled, notes = complete(notice)
    first = run(filled, supplements, version=version, readings=readings, on=on)
    base = explain(first, 0, notes)
    standard = bool(first.frame["waterfall_test"][0]) and rework_terms
    names = list(changed)
    combinations: list[tuple[str, ...]] = [(name,) for name in names]
    combinations += itertools.combinations(names, 2)
    combinations += [tuple(names)] if len(names) > 2 else []
    rows = [_with(filled, {name: changed[name] for name in chosen}, standard) for chosen in combinations]
    outcome = run([row for row, _ in rows], supplements, version=version, readings=readings, on=on)
    changes = [
        _change(chosen, outcome.frame.row(place, named=True), base, rows[place][1], filled, changed)
        for place, chosen in enumerate(combinations)
    ]
    alone = {item.inputs[0] for item in changes if len(item.inputs) == 1 and item.flips}
    singles = tuple(item for item in changes if len(item.inputs) == 1)
    pairs = tuple(item for item in changes if len(item.inputs) == 2 and not alone & set(item.inputs))
    full = explain(outcome, len(combinations) - 1, notes)
    return Differences(
        base,
        full,
        singles,
        pairs,
        tuple(_may_change(name, version) for name in names),
        _summary(base, full, singles, pairs),
    )


def _with(
    notice: Mapping[str, object], changed: Mapping[str, object], standard: bool
) -> tuple[dict[str, object], bool]:
    """Return the inputs with corrections, what follows from them worked anew, and whether the terms were."""
    row = {**notice, **changed}
    if "mark_to_market_ltv" not in changed and {"upb", "property_value"} & changed.keys():
        del row["mark_to_market_ltv"]
        row, _ = complete(row)
    anew = standard and not set(TERMS) & changed.keys() and bool(set(MOVES_TERMS) & changed.keys())
    if anew:
        frame = housing_before(read_inputs(row).frame)
        gross = _gross(notice, changed)
        terms = work_terms(frame, SCENARIOS["tier1"], program(frame["npv_date"][0]), int(survey_rates(frame)[0]), gross)
        anew = terms.reached
        if anew:
            row |= {name: outside(name, value) for name, value in terms.inputs().items()}
    return row, anew


def _gross(notice: Mapping[str, object], changed: Mapping[str, object]) -> int | None:
    """Return the balance after capitalization; a corrected balance moves it by as much."""
    if "upb" not in changed:
        return None
    names = ("upb", "upb_after", "forbearance", "forgiveness")
    old = read_inputs({name: notice.get(name) for name in names}).frame.row(0, named=True)
    new = read_inputs({"upb": changed["upb"]}).frame["upb"][0]
    return int(old["upb_after"] + (old["forbearance"] or 0) + (old["forgiveness"] or 0) + new - old["upb"])


def _change(
    chosen: tuple[str, ...],
    of: Mapping[str, Any],
    base: Result,
    anew: bool,
    notice: Mapping[str, object],
    changed: Mapping[str, object],
) -> Change:
    positive = of["positive"]
    flips = positive is not None and base.positive is not None and positive != base.positive
    parts = []
    for name in chosen:
        label = fields()[name].says.lower().rstrip(".")
        was = _shown(name, notice.get(name))
        parts.append(f"{label} {_shown(name, changed[name])} in place of {was or 'nothing'}")
    start = f"With {' and '.join(parts)}"
    if positive is None:
        words = f"{start} the test cannot be run: {of['run_code']}."
    else:
        verb = "becomes" if base.positive is None else "changes to" if flips else "stays"
        word = "positive" if positive else "negative"
        words = f"{start} the result {verb} {word} (difference {format_cents(of['difference'])})."
    if anew:
        words += " The terms of the modification are worked anew, as in a re-test."
    return Change(chosen, positive, of["difference"], of["run_code"], flips, anew, words)


def _shown(name: str, value: object) -> str:
    if value is None:
        return ""
    read = read_inputs({name: value}).frame[name][0]
    return str(value) if read is None else shown(read, fields()[name].kind)


def _may_change(name: str, version: str) -> str:
    field, name_in_words = fields()[name], name.replace("_", " ").capitalize()
    if field.may_change or name in TERMS:
        return f"{name_in_words}: a re-test could take a corrected value if the one used was wrong and papers show it."
    if name == "property_value":
        return (
            f"{name_in_words}: fixed at the first run; the program had its own appeal of the value, with an appraisal."
        )
    return (
        f"{name_in_words}: fixed at the first run; a value that was wrong then had to be disputed "
        f"within {parameters(version)['dispute_days']} days of the notice."
    )


def _summary(base: Result, full: Result, singles: tuple[Change, ...], pairs: tuple[Change, ...]) -> str:
    start = f"With the inputs of the notice the result is {_word(base)}. With every correction it is {_word(full)}."
    flips = [item for item in singles if item.flips]
    if flips:
        which = "; ".join(fields()[item.inputs[0]].says.lower() for item in flips)
        return f"{start} One corrected input alone changes the result: {which}."
    together = [item for item in pairs if item.flips]
    if together:
        which = "; ".join(" with ".join(fields()[name].says.lower() for name in item.inputs) for item in together)
        return f"{start} No single input changes the result, but two together do: {which}."
    if base.positive is not None and full.positive is not None and base.positive != full.positive:
        return f"{start} It takes more than two of the corrections together to change the result."
    return f"{start} None of the corrections changes the result."


def _word(result: Result) -> str:
    return OUTCOMES[result.positive].split(":")[0] if result.positive is not None else f"no result ({result.run_code})"
