"""The HAMP Base NPV model, run on one loan or on millions: inputs in, values and every intermediate figure out.

One path for all: a single loan is a batch of one. Loans are grouped by the supplement and the program figures of their
NPV dates; each group goes through the compiled kernels, on threads where it is large.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime
import os
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.errors import CoverageError
from hopenow.programs.hamp import kernel as waterfall
from hopenow.programs.hamp.tier1 import figures_of_the_law
from hopenow.reference import survey_series
from hopenow.valuation.hamp_npv import kernel as k
from hopenow.valuation.hamp_npv import plain
from hopenow.valuation.hamp_npv.checks import (
    ADJUSTABLE,
    EXCESSIVE,
    carry,
    checks,
    failed,
    housing_before,
    not_allowed,
    own_words,
)
from hopenow.valuation.hamp_npv.figures import (
    PROGRAM,
    Coefficients,
    Program,
    Readings,
    coefficients,
    parameters,
    program,
)
from hopenow.valuation.hamp_npv.inputs import Finding, Read, fields, read_inputs
from hopenow.valuation.hamp_npv.prepare import TITLES, WHOLE, Modification, Prepared, kernel_figures, prepare
from hopenow.valuation.hamp_npv.supplement import Supplement, Supplements
from hopenow.valuation.lanes import Floats, rounded_cents

__all__ = ["BATCH", "Group", "Outcome", "run", "survey_rates", "today", "value_groups", "value_table"]

BATCH = 65_536
"""Loans that one thread works at a time."""
Arguments = tuple[Floats, Floats, Floats, Floats, Floats, Floats]
"""Price tables and figures that both kernels take after the order of loans."""
_RENTED = 2


def today() -> datetime.date:
    """Return today's date."""
    return datetime.date.today()  # noqa: DTZ011  (an NPV date has no time zone)


@dataclasses.dataclass(frozen=True, eq=False)
class Group:
    """Loans with one supplement and one set of program figures: what went into the kernels, and what came out.

    Attributes:
        places: rows of the loans in the input.
        supplement: theirs.
        program: theirs.
        coefficients: of the version.
        prepared: the kernels' table and ratios.
        survey: survey rate, millionths.
        unmodified: results by row of kernel.RESULTS, shape (RESULTS, loans).
        modified: the same.
    """

    places: npt.NDArray[np.int64]
    supplement: Supplement
    program: Program
    coefficients: Coefficients
    readings: Readings
    prepared: Prepared
    survey: npt.NDArray[np.int64]
    unmodified: Floats
    modified: Floats

    def arguments(self) -> Arguments:
        """Return the price tables and figures that both kernels take after the order of loans."""
        return _arguments(self.supplement, self.coefficients, self.program, self.readings)


def _arguments(supplement: Supplement, c: Coefficients, program: Program, readings: Readings) -> Arguments:
    prices = supplement.prices
    early, late = prices.growth_parts(c)
    slopes = np.ascontiguousarray(np.concatenate([c.smm["mltv"].changes, c.smm["inct"].changes], axis=1))
    figures = kernel_figures(c, program, readings, prices.late_unprice)
    return prices.levels, prices.unprices, early, slopes, late, figures


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """A run: one row of figures for each loan, and everything needed to explain it.

    Attributes:
        frame: results; see :func:`run`.
        inputs: as read, in engine units.
        findings: of all loans, by code.
        groups: of the loans that were valued.
        version: of the model.
        readings: taken.
        modification: valued.
        label: of the supplements.
    """

    frame: pl.DataFrame
    inputs: pl.DataFrame
    findings: tuple[Finding, ...]
    groups: tuple[Group, ...]
    version: str
    readings: Readings
    modification: Modification
    label: str


def run(
    loans: pl.DataFrame | Mapping[str, object] | Sequence[Mapping[str, object]] | Read,
    supplements: Supplements,
    *,
    version: str = "3.0",
    readings: Readings | None = None,
    modification: Modification | None = None,
    on: datetime.date | None = None,
    threads: int | None = None,
    batch: int = BATCH,
    compiled: bool = True,
) -> Outcome:
    """Run the model.

    Args:
        loans: inputs by name (see ``inputs.yaml``), one row for each loan.
        supplements: the quarterly tables; see :mod:`hopenow.valuation.hamp_npv.supplement`.
        version: ``3.0``; ``4.0`` and ``5.0`` put their default equations over it.
        readings: of the open points; None takes the defaults.
        modification: which is valued; None is the standard one (Tier 1).
        on: NPV dates after this day are in the future; None is today.
        threads: at once; None takes one for each processor.
        batch: loans that one thread works at a time; results do not depend on it.
        compiled: False runs the readable version instead of the kernels.

    Returns:
        ``frame`` has one row for each loan, in order: ``servicer_loan_number``, ``run_ok``, ``run_code`` (``Y``, or
        ``N: `` and every code), ``npv_unmodified`` and ``npv_modified`` (cents, rounded once, half up; null where the
        run failed), ``difference``, ``positive`` (strictly greater, compared in whole cents), ``survey_rate`` (in
        millionths),
        ``ratio_before`` and ``ratio_after`` (percent), ``default_unmodified`` and ``default_modified`` (probabilities),
        ``cure_unmodified``, ``default_value_unmodified``, ``cure_modified``, ``default_value_modified`` (cents),
        ``months_to_sale``, ``months_to_sale_modified``, ``de_minimis``, ``success_within_half``, ``forbearance_flag``,
        ``waterfall_test``.

    Raises:
        InputError: unknown columns, no loans, unknown version or readings.
    """
    readings, modification = readings or Readings(), modification or Modification()
    c = coefficients(version)
    read = loans if isinstance(loans, Read) else read_inputs(loans)
    frame = housing_before(_filled(read.frame, version))
    bad = failed(frame, version, readings, on or today(), tier1=not modification.tier2)
    allowed = not_allowed(frame)
    stops = (
        bad.select(pl.any_horizontal(pl.all()).alias("stop"))["stop"]
        | allowed.select(pl.any_horizontal(pl.all()).alias("stop"))["stop"]
    )
    findings = [*read.findings, *_allowed_findings(frame, allowed, bad)]
    unreadable = np.zeros(frame.height, bool)
    unreadable[[item.row for item in read.findings]] = True
    stopped = stops.to_numpy() | unreadable
    survey = survey_rates(frame)
    own, chosen = _own_stops(frame, stopped, survey, supplements, version, readings, modification)
    findings += own
    groups = value_groups(
        frame, survey, chosen, c, readings, modification, threads=threads, batch=batch, compiled=compiled
    )
    result = _results(frame, bad, groups, version, modification, findings)
    return Outcome(
        result,
        frame,
        tuple(sorted(findings, key=lambda item: item.row)),
        groups,
        version,
        readings,
        modification,
        supplements.label,
    )


def _filled(frame: pl.DataFrame, version: str) -> pl.DataFrame:
    """Fill in optional inputs; version 5.0 also has a score for borrowers without one."""
    p = parameters(version)
    if "score_unknown" in p:
        own, other = pl.col("credit_score"), pl.col("co_borrower_score")
        known = pl.coalesce(own, other, pl.lit(p["score_unknown"], pl.Int64))
        lowest = pl.lit(p["score_lowest"], pl.Int64)
        frame = frame.with_columns(
            pl.max_horizontal(known, lowest).alias("credit_score"),
            pl.when(other.is_not_null()).then(pl.max_horizontal(other, lowest)).alias("co_borrower_score"),
        )
    return frame.with_columns(
        pl.col(name).fill_null(field.units(field.otherwise))
        for name, field in fields().items()
        if field.otherwise is not None
    )


def _allowed_findings(frame: pl.DataFrame, allowed: pl.DataFrame, bad: pl.DataFrame) -> list[Finding]:
    """Return a finding for each value that is not allowed, unless a run error of that input already says so."""
    found = []
    for name in allowed.columns:
        own = [code for code, item in checks().items() if name in item.outside or name in item.among]
        said = bad.select(pl.any_horizontal(own) if own else pl.lit(False)).to_series()
        kind = fields()[name].kind
        for row in allowed[name].arg_true().to_list():
            if not (own and said[row]):
                found.append(
                    Finding(row, "not_allowed", name, own_words()["not_allowed"], _shown(frame[name][row], kind))
                )
    return found


def _shown(value: object, kind: str) -> str:
    if value is None:
        return ""
    if kind == "money" and isinstance(value, int):
        return f"{value / 100:.2f}"
    if kind == "percent" and isinstance(value, int):
        return f"{value / 100_000:.5f}".rstrip("0").rstrip(".")
    return str(value)


def survey_rates(frame: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Return the survey rate that counts on each NPV date, millionths; -1 where none is known."""
    series = survey_series()
    weeks, rates = np.array(series.weeks, "datetime64[D]"), np.array(series.rates, np.int64)
    after = _days_after()
    days = frame["npv_date"].to_numpy().astype("datetime64[D]") - np.timedelta64(after, "D")
    places = np.searchsorted(weeks, days, side="right") - 1
    covered = (places >= 0) & (days <= np.datetime64(series.covered_to, "D"))
    return np.where(covered, rates[np.clip(places, 0, None)], -1)


def _days_after() -> int:
    from hopenow.valuation.hamp_npv.figures import programs

    return programs()[0].tier1["survey_days_after"]


Chosen = dict[tuple[datetime.date, datetime.date], tuple[Supplement, Program, npt.NDArray[np.int64]]]


def _own_stops(
    frame: pl.DataFrame,
    stopped: npt.NDArray[np.bool_],
    survey: npt.NDArray[np.int64],
    supplements: Supplements,
    version: str,
    readings: Readings,
    modification: Modification,
) -> tuple[list[Finding], Chosen]:
    """Find what this project cannot value, and group the rest by supplement and program figures."""
    findings: list[Finding] = []
    words = own_words()
    open_rows = np.flatnonzero(~stopped)
    days, which = np.unique(frame["npv_date"].to_numpy().astype("datetime64[D]")[open_rows], return_inverse=True)
    kept: dict[tuple[datetime.date, datetime.date], tuple[Supplement, Program]] = {}
    members: dict[tuple[datetime.date, datetime.date], list[int]] = {}
    for place, day in enumerate(days.tolist()):
        try:
            at = program(day)
            if (modification.tier2 and at.tier2 is None) or (modification.reduction and at.reduction is None):
                raise CoverageError(PROGRAM, day, hint=f"There was no {TITLES[modification.name]} on that day.")
            supplement = supplements.on(day)
        except CoverageError as error:
            code = "no_program" if error.subject == PROGRAM else "no_supplement"
            rows = open_rows[which == place]
            findings += [Finding(int(row), code, "npv_date", words[code], str(error)) for row in rows]
            continue
        key = (supplement.first, at.start)
        kept[key] = (supplement, at)
        members.setdefault(key, []).append(place)
    overlay = coefficients(version)
    chosen: Chosen = {}
    for key, places in members.items():
        supplement, at = kept[key]
        rows = open_rows[np.isin(which, places)]
        part = frame[rows]
        stop = np.zeros(rows.size, bool)
        refusals = [
            ("no_supplement", "state", ~_covered(part, supplement)),
            ("no_survey", "npv_date", survey[rows] < 0),
        ]
        if readings["early_without_flag"] == "reject":
            early = (part["months_past_due"] < overlay.imminent).to_numpy() & ~part["imminent_default"].to_numpy()
            refusals.append(("early_without_flag", "imminent_default", early))
        if version != "3.0":
            refusals.append(("not_owner_occupied", "occupancy_code", (part["occupancy_code"] == _RENTED).to_numpy()))
        if overlay.relief_knots:
            now = (part.select(pl.col("pi_before") + carry()).to_series() * WHOLE).to_numpy()
            limit = (part["gross_income"] * at.tier1["target_ratio"]).to_numpy()
            refusals.append(("overlay_ratio", "gross_income", now <= limit))
        for code, field, where in refusals:
            findings += [Finding(int(row), code, field, words[code]) for row in rows[where]]
            stop |= where
        chosen[key] = (supplement, at, rows[~stop])
    return findings, chosen


def _covered(part: pl.DataFrame, supplement: Supplement) -> npt.NDArray[np.bool_]:
    """Tell which homes have a state and a market in the supplement."""
    places = part.select("zip", "state")
    answers = {
        pair: pair[1] in supplement.states and supplement.market_of(*pair) >= 0 for pair in set(places.iter_rows())
    }
    return np.fromiter((answers[pair] for pair in places.iter_rows()), bool, part.height)


def value_groups(
    frame: pl.DataFrame,
    survey: npt.NDArray[np.int64],
    chosen: Chosen,
    c: Coefficients,
    readings: Readings,
    modification: Modification,
    *,
    threads: int | None = None,
    batch: int = BATCH,
    compiled: bool = True,
) -> tuple[Group, ...]:
    """Value loans group by group; arguments as in :func:`run`."""
    groups = []
    for supplement, at, places in chosen.values():
        if not places.size:
            continue
        prepared = prepare(frame[places], survey[places], supplement, c, at, readings, modification)
        results = value_table(
            prepared.table, _arguments(supplement, c, at, readings), threads=threads, batch=batch, compiled=compiled
        )
        before, after = results
        groups.append(Group(places, supplement, at, c, readings, prepared, survey[places], before, after))
    return tuple(groups)


def value_table(
    table: Floats,
    arguments: Arguments,
    *,
    threads: int | None = None,
    batch: int = BATCH,
    compiled: bool = True,
) -> tuple[Floats, Floats]:
    """Run both kernels over a table of loans.

    Args:
        table: shape (kernel.FIELDS, loans).
        arguments: price tables and figures.
        threads: at once; None takes one for each processor.
        batch: loans that one thread works at a time.
        compiled: False runs the readable version.

    Returns:
        Results of the unmodified and of the modified loans, shape (kernel.RESULTS, loans).
    """
    count = table.shape[1]
    out, out_after = np.zeros((k.RESULTS, count)), np.zeros((k.RESULTS, count))
    unmodified, modified = (k.unmodified, k.modified) if compiled else (plain.unmodified, plain.modified)

    def work(start: int) -> None:
        rows = np.arange(start, min(start + batch, count))
        # Loans of like length side by side, so that a block ends as soon as its loans do.
        length = np.where(table[k.PAR, rows] == 1.0, 0.0, table[k.TERM, rows])
        unmodified(table, rows[np.argsort(length, kind="stable")], *arguments, out)
        by = np.lexsort((table[k.TERM_AFTER, rows], table[k.FORBORNE, rows] > 0.0))
        modified(table, rows[by], *arguments, out_after)

    starts = range(0, count, batch)
    workers = min(threads or os.cpu_count() or 1, len(starts))
    if workers <= 1:
        for start in starts:
            work(start)
    else:
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, starts))
    return out, out_after


def _results(
    frame: pl.DataFrame,
    bad: pl.DataFrame,
    groups: Sequence[Group],
    version: str,
    modification: Modification,
    findings: list[Finding],
) -> pl.DataFrame:
    count = frame.height
    whole = {
        name: np.zeros(count, np.int64)
        for name in (
            "before",
            "after",
            "cure",
            "default",
            "cure_after",
            "default_after",
            "survey",
            "months",
            "months_after",
        )
    }
    share = {name: np.zeros(count) for name in ("p", "p_after", "ratio", "ratio_after")}
    flags = {name: np.zeros(count, bool) for name in ("known", "enough", "within")}
    for group in groups:
        at, table = group.places, group.prepared.table
        for name, source, row in (
            ("before", group.unmodified, k.NPV),
            ("cure", group.unmodified, k.CURE),
            ("default", group.unmodified, k.DEFAULT),
            ("after", group.modified, k.NPV),
            ("cure_after", group.modified, k.CURE),
            ("default_after", group.modified, k.DEFAULT),
        ):
            whole[name][at] = rounded_cents(source[row])
        whole["survey"][at] = group.survey
        whole["months"][at] = table[k.SALE_MONTH]
        whole["months_after"][at] = table[k.SALE_MONTH_AFTER] + parameters(version)["redefault_paid_months"]
        share["p"][at], share["p_after"][at] = table[k.CHANCE], table[k.CHANCE_AFTER]
        share["ratio"][at], share["ratio_after"][at] = group.prepared.ratio_before, group.prepared.ratio_after
        flags["known"][at], flags["enough"][at] = True, group.prepared.enough
        largest = group.program.incentives["yearly_largest"]
        flags["within"][at] = (group.prepared.success <= largest) & (table[k.CREDIT] <= group.prepared.success)
    known = pl.Series("known", flags["known"])
    positive = whole["after"] > whole["before"]
    under_water = (frame["forbearance"] > 0) & (frame["upb_after"] < frame["property_value"])
    flag = (under_water.fill_null(False).to_numpy()) & ~positive & flags["known"]
    excessive = (
        flag
        if parameters(version)["excessive_forbearance_is_error"] and not modification.tier2
        else np.zeros(count, bool)
    )
    bad = bad.with_columns(pl.Series(EXCESSIVE, excessive))
    ok = known & ~pl.Series(excessive) & ~bad.select(pl.any_horizontal(pl.all()).alias("any"))["any"]
    codes = bad.select(
        pl.concat_str(
            [pl.when(pl.col(code)).then(pl.lit(code)) for code in bad.columns], separator="; ", ignore_nulls=True
        ).alias("codes")
    )["codes"]
    codes = _with_own(codes, findings, count)

    def amount(name: str, values: npt.NDArray[np.int64]) -> pl.Series:
        return pl.Series(name, values).set(~ok, None)

    def number(name: str, values: Floats) -> pl.Series:
        return pl.Series(name, values).set(~known, None)

    def answer(name: str, values: npt.NDArray[np.bool_], where: pl.Series) -> pl.Series:
        return pl.select(pl.when(where).then(pl.Series(values)).alias(name)).to_series()

    result = pl.DataFrame(
        [
            frame["servicer_loan_number"],
            ok.alias("run_ok"),
            pl.select(pl.when(ok).then(pl.lit("Y")).otherwise(pl.lit("N: ") + codes).alias("run_code")).to_series(),
            amount("npv_unmodified", whole["before"]),
            amount("npv_modified", whole["after"]),
            amount("difference", whole["after"] - whole["before"]),
            answer("positive", positive, ok),
            pl.Series("survey_rate", whole["survey"]).set(~known, None),
            number("ratio_before", share["ratio"]),
            number("ratio_after", share["ratio_after"]),
            number("default_unmodified", share["p"]),
            number("default_modified", share["p_after"]),
            amount("cure_unmodified", whole["cure"]),
            amount("default_value_unmodified", whole["default"]),
            amount("cure_modified", whole["cure_after"]),
            amount("default_value_modified", whole["default_after"]),
            pl.Series("months_to_sale", whole["months"]).set(~known, None),
            pl.Series("months_to_sale_modified", whole["months_after"]).set(~known, None),
            answer("de_minimis", flags["enough"], known),
            answer("success_within_half", flags["within"], known),
            answer("forbearance_flag", flag, known),
        ]
    )
    return result.with_columns(_waterfall_test(frame, groups, version, modification))


def _with_own(codes: pl.Series, findings: Sequence[Finding], count: int) -> pl.Series:
    own: dict[int, list[str]] = {}
    for item in findings:
        if item.code in own_words():
            own.setdefault(item.row, []).append(item.code)
    if not own:
        return codes
    texts = codes.to_list()
    for row, words in own.items():
        texts[row] = "; ".join([part for part in (texts[row], *dict.fromkeys(words)) if part])
    return pl.Series("codes", texts, pl.String)


def _waterfall_test(
    frame: pl.DataFrame, groups: Sequence[Group], version: str, modification: Modification
) -> pl.Series:
    """Compare the terms with those of the standard waterfall, within the model's tolerances; null where not tested."""
    p = parameters(version)
    result: list[bool | None] = [None] * frame.height
    for group in groups if not (modification.tier2 or modification.reduction) else ():
        part, own = frame[group.places], group.program.tier1

        def whole(name: str, part: pl.DataFrame = part) -> npt.NDArray[np.int64]:
            return np.ascontiguousarray(part[name].fill_null(0).to_numpy().astype(np.int64))

        count = part.height
        scale = 10_000_000 // WHOLE
        housing = whole("association_dues") + whole("insurance") + whole("taxes")
        target = (whole("gross_income") * own["target_ratio"] + WHOLE - 1) // WHOLE - housing
        gross = whole("upb_after") + whole("forbearance") + whole("forgiveness")
        soon = (part["product"] == ADJUSTABLE).to_numpy() & (
            part["pi_before"] > part["principal_and_interest"]
        ).to_numpy()
        start = np.where(soon, whole("reset_rate"), whole("rate")) // scale
        ones = np.ones(count, np.int64)
        found = waterfall.tier1_array(
            gross, start, whole("remaining_term"), ones * own["lowest_rate"], ones * own["longest_term"],
            whole("property_value"), target, ones, whole("pi_before"), ones * 0, ones * 0,
            figures_of_the_law(own, False),
        )  # fmt: skip
        near = np.abs(found[waterfall.RATE] * scale - whole("rate_after")) <= p["waterfall_rate_within"] * scale
        near &= np.abs(found[waterfall.TERM] - whole("term_after")) <= p["waterfall_term_within"]
        near &= np.abs(found[waterfall.FORBORNE] - whole("forbearance")) <= p["waterfall_forbearance_within"]
        for row, good in zip(group.places.tolist(), near.tolist(), strict=True):
            result[row] = good
    return pl.Series("waterfall_test", result, pl.Boolean)
