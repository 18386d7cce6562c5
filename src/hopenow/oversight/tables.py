"""The tables of an outcomes report: every figure with its counts, small cells protected together.

Whatever is shown, on a page, in a file or on the screen, comes from these tables and from nothing else. A hidden count
is null, and so is everything that is worked out from it.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from hopenow.errors import InputError
from hopenow.law import package_documents
from hopenow.oversight import comparison, outcomes, survival
from hopenow.oversight.disclosure import ALL, HIDDEN, Key, System, partitions
from hopenow.oversight.histories import HELP, Histories
from hopenow.oversight.metrics.compute import compute, outcome, population, state, wilson
from hopenow.oversight.metrics.extrapolation import extrapolate
from hopenow.oversight.metrics.published import Published
from hopenow.oversight.metrics.registry import PACKAGE, Metric, confidence, metrics, parameters

__all__ = ["Choices", "Sheet", "Tables", "ThresholdChoice", "build"]

OTHER: Final = "other groups"
MOST_GROUPS: Final = 24
PERIODS: Final = (6, 12, 24, 36, 60)
"""Ends of the periods in which a protected curve is drawn."""
LATENESS: Final = ("current", "late 30", "late 60", "late 90 or more", "lost", "left out", "unknown", "too recent")


@dataclasses.dataclass(frozen=True)
class ThresholdChoice:
    """A threshold to look at: running variable, cutoff, and months after falling behind."""

    running: str
    cutoff: float
    months: int


@dataclasses.dataclass(frozen=True)
class Choices:
    """What to show.

    Attributes:
        by: groupings, of `outcomes.DIMENSIONS`.
        minimum_cell: smallest count shown; 1 shows everything.
        published: reference series; None leaves them out.
        coverage: share of the market that the files cover, and its error, as fractions; None does not extrapolate.
        thresholds: eligibility thresholds to look at.
    """

    by: tuple[str, ...] = ("option", "payment", "cohort")
    minimum_cell: int = 0
    published: Published | None = None
    coverage: tuple[float, float] | None = None
    thresholds: tuple[ThresholdChoice, ...] = ()

    @property
    def threshold(self) -> int:
        """The smallest count shown."""
        return self.minimum_cell or parameters()["minimum_cell"]


@dataclasses.dataclass(frozen=True)
class Sheet:
    """A table with what belongs to every figure in it."""

    name: str
    title: str
    frame: pl.DataFrame
    unit: str
    says: str
    method: str


@dataclasses.dataclass(frozen=True)
class Tables:
    """All tables of a report, by name."""

    outcomes: outcomes.Outcomes
    choices: Choices
    sheets: Mapping[str, Sheet]
    problems: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Sheet:
        """Return a table."""
        return self.sheets[name]


def build(histories: Histories, choices: Choices) -> Tables:
    """Compute every table.

    Raises:
        InputError: a grouping is unknown.
    """
    unknown = [name for name in choices.by if name not in outcomes.DIMENSIONS]
    if unknown:
        raise InputError(f"Unknown grouping {', '.join(unknown)}; there are: {', '.join(outcomes.DIMENSIONS)}.")
    made = outcomes.Outcomes.of(histories)
    k = choices.threshold
    problems: list[str] = []
    system = System(k)
    facts = _Facts(made, system)
    system.solve()
    sheets = [
        facts.help(),
        facts.side_by_side(),
        facts.durable(),
        facts.states(),
        *_groups(facts, choices.by, k),
        _payment_change(facts, k),
        _landmark(histories, k),
        _matched(histories, k),
        _thresholds(histories, choices.thresholds, k, problems),
        facts.stock(),
        _findings(histories, k),
    ]
    if choices.coverage is not None:
        sheets.append(_extrapolated(sheets[1].frame, choices.coverage))
    if choices.published is not None:
        sheets.append(_published(choices.published))
    return Tables(made, choices, {sheet.name: sheet for sheet in sheets}, tuple(problems))


def _shares(frame: pl.DataFrame, hits: str, of: str) -> pl.DataFrame:
    """Add a share with its interval; null where a count behind it is hidden."""
    some = pl.when(pl.col(of) > 0)
    low, high = wilson(pl.col(hits), pl.col(of), confidence())
    return frame.with_columns(share=some.then(pl.col(hits) / pl.col(of)), low=low, high=high)


# --- what is about everybody ----------------------------------------------------------------------


def _alone(count: int, k: int) -> int | None:
    return None if 0 < count < k else count


_STATE_WORDS: Final = {
    "kept and current": ("current",),
    "kept, late": ("late_30", "late_60", "late_unknown"),
    "pending": ("pending",),
    "paid off": ("paid_off",),
    "gave up the home": ("gave_up",),
    "lost the home": ("lost",),
    "unknown": ("left", "unseen"),
    "too recent": ("too_recent",),
}
"""States as shown: kept, gave up, lost, pending and unknown are apart (paid off: sold or refinanced)."""
SHOWN_STATES: Final = tuple(_STATE_WORDS)


def _shown_state(months: int, last: int) -> pl.Expr:
    words = {name: shown for shown, names in _STATE_WORDS.items() for name in names}
    return state(months, last).cast(pl.String).replace_strict(words, return_dtype=pl.String)


class _Facts:
    """Counts of everybody, in one system: help, tests, states, definitions, the stock of late loans."""

    def __init__(self, made: outcomes.Outcomes, system: System) -> None:
        self.made, self.system = made, system
        self.histories = made.histories
        self.last = made.histories.last_month or 0
        self.registry = metrics()
        self.long = _first_long_term(made.histories)
        self.mods = outcomes.grouped(population(self.registry["occ.redefault_60"], made.histories))
        self.exact = {
            str(months): _exact(self.registry["occ.redefault_30"], months, self.last)
            for months in self.registry["occ.redefault_30"].compute.months
        }
        self._add_help()
        self._add_tests()
        self._add_long_term()
        self._add_modifications()
        self._add_stock()
        self.results = pl.concat([compute(metric, self.histories) for metric in self.registry.values()]).to_dicts()
        self.cells = [self._add_metric(row) for row in self.results]
        self._chain_metrics()

    # What is counted.

    def _add_help(self) -> None:
        system, loans = self.system, self.histories.loans
        system.add(("loans",), loans.height)
        system.add(("people",), self.made.people.height)
        system.split(("loans",), ("people",))
        kinds = []
        for kind, actions, people in self.made.helps.iter_rows():
            kinds.append(system.add(("actions", kind), actions))
            system.add(("people", kind), people)
            system.split(("actions", kind), ("people", kind))
        system.add(("actions",), sum(system.count(key) for key in kinds))
        system.total(("actions",), kinds)
        for fate, count in loans.group_by("fate").agg(pl.len()).iter_rows():
            system.add(("ended", fate), count)

    def _add_tests(self) -> None:
        system = self.system
        for months in outcomes.horizons():
            rows = {r["test"]: r for r in self.made.durable.filter(pl.col("months") == months).iter_rows(named=True)}
            total = system.add(("people", months), rows["durable"]["people"])
            recent = system.split(("people",), total)
            for test, row in rows.items():
                parts = [system.add(("test", months, test, answer), row[answer]) for answer in ("yes", "no", "unknown")]
                system.total(total, parts)
            for wide, narrow in _NESTED:
                system.split(("test", months, wide, "yes"), ("test", months, narrow, "yes"))
            counted = self.made.people.select(_shown_state(months, self.last).alias("s"))["s"].value_counts()
            found = dict(counted.iter_rows())
            states = [system.add(("state", months, name), found.get(name, 0)) for name in SHOWN_STATES]
            system.total(total, states[:-1])
            system.total(recent, states[-1:])
            system.total(("people",), states)
            for answer, names in _HOME.items():
                system.total(("test", months, "still_home", answer), [("state", months, name) for name in names])

    def _add_long_term(self) -> None:
        """Add what had become of those with long-term help, for `_groups`."""
        self.names = [str(months) for months in outcomes.horizons()]
        timed = outcomes.redefault_times(self.long)
        fate = pl.col("cause") + pl.lit(" by ") + _period(pl.col("at"))
        self.people = timed.with_columns(
            *(_shown_state(int(months), self.last).alias(months) for months in self.names),
            curve=pl.when(pl.col("at") > PERIODS[-1]).then(pl.lit(f"{survival.CENSORED} by later")).otherwise(fate),
        )
        self._add_partitions(("long",), self.people, [*self.names, "curve"])

    def long_cells(self) -> pl.DataFrame:
        """Return what is decided for all with long-term help together, as `partitions` returns it."""
        keys: list[Key] = [("long",)]
        for name in (*self.names, "curve"):
            keys += [("long", name, word) for word in sorted(self.people[name].unique().to_list())]
        counts = [self.system.shown(key) for key in keys]
        return pl.DataFrame(
            {
                "group": [ALL] * len(keys),
                "partition": [ALL, *(str(key[1]) for key in keys[1:])],
                "category": [ALL, *(str(key[2]) for key in keys[1:])],
                "count": pl.Series(counts, dtype=pl.Int64),
                HIDDEN: [count is None for count in counts],
            }
        )

    def _add_modifications(self) -> None:
        """Add how late modified loans were, for `_payment_change`."""
        self.marked = self.mods.select(pl.col("payment"), *(expr.alias(name) for name, expr in self.exact.items()))
        self._add_partitions(("actions", "modification"), self.marked, list(self.exact))

    def _add_partitions(self, prefix: Key, people: pl.DataFrame, names: Sequence[str]) -> None:
        total = self.system.add(prefix, people.height)
        for name in names:
            counted = people[name].value_counts()
            parts = [self.system.add((*prefix, name, word), count) for word, count in counted.iter_rows()]
            if parts:
                self.system.total(total, parts)

    def _add_stock(self) -> None:
        """Add late loans each December, and in the last month: enough to see."""
        stock, system = self.histories.stock, self.system
        late = [name for name in stock.columns if name.startswith("late_")]
        chosen = stock.filter((pl.col("month") % 12 == 11) | (pl.col("month") == pl.col("month").max()))
        self.months = chosen["month"].to_list()
        for row in chosen.iter_rows(named=True):
            keys = [system.add(("stock", row["month"], at), sum(row[name] for name in late[at:])) for at in range(5)]
            for wide, narrow in itertools.pairwise(keys):
                system.split(wide, narrow)
            system.split(keys[0], keys[1])

    def _add_metric(self, row: Mapping[str, Any]) -> tuple[Key, Key | None]:
        """Add one result; return the keys of its numerator and denominator."""
        system, metric = self.system, self.registry[row["metric"]]
        rule, hits, of = metric.compute, row["numerator"], row["denominator"]
        if rule.kind == "count":
            key = system.add(("metric", *rule.of, *rule.ends), hits)
            for fate in rule.ends:
                if not system.has(("ended", fate)):
                    system.add(("ended", fate), 0)
            system.total(key, [*(("actions", kind) for kind in rule.of), *(("ended", fate) for fate in rule.ends)])
            return key, None
        if rule.kind == "stock":
            month = self.months[-1] if self.months else 0
            at = rule.late + (1 if rule.method == "OTS" else 0)
            return system.add(("stock", month, at), hits), system.add(("stock", month, 0), of)
        if rule.kind == "kept_current":
            return ("state", row["months"], SHOWN_STATES[0]), ("people", row["months"])
        if rule.kind == "people":
            key = ("people",) if set(rule.of) == set(HELP) else ("long",)
            system.add(key, hits)
            if key != ("people",):
                system.split(("people",), key)
            return key, ("loans",)
        share = self._share(row)
        whole = system.add((*share, "of"), of)
        good = rule.share == "below"
        name = rule.least if rule.kind == "payment_cut" else rule.late
        late = system.add((*share, "hits", name, rule.ever), of - hits if good else hits)
        rest = system.split(whole, late)
        self._add_left_out(row, share, whole)
        return (rest if good else late), whole

    def _share(self, row: Mapping[str, Any]) -> Key:
        rule = self.registry[row["metric"]].compute
        return ("metric", rule.kind, rule.of, row["months"], rule.lost, rule.paid_off, rule.first)

    def _add_left_out(self, row: Mapping[str, Any], share: Key, whole: Key) -> None:
        """Add those who are in the population of a result, but not in its denominator."""
        system, rule = self.system, self.registry[row["metric"]].compute
        everybody: Key = ("long",) if rule.first else ("actions", rule.of[0])
        parts = [system.add((*share, name), row[name]) for name in ("left_out", "unknown")]
        recent = system.count(everybody) - system.count(whole) - sum(system.count(part) for part in parts)
        parts.append(system.add(("recent", *everybody, row["months"]), recent))
        system.total(everybody, [whole, *parts])
        twin = (*everybody, str(row["months"]), "too recent")
        if system.has(twin):
            system.total(parts[-1], [twin])

    def _chain_metrics(self) -> None:
        """Say which results are parts of others: later of earlier, rarer of more frequent."""
        system = self.system
        chains: dict[Key, set[tuple[int, Key]]] = {}
        for row in self.results:
            rule = self.registry[row["metric"]].compute
            if rule.kind in ("late_at", "ever_late", "payment_cut"):
                share = self._share(row)
                name = rule.least if rule.kind == "payment_cut" else rule.late
                chains.setdefault(share, set()).add((name, (*share, "hits", name, rule.ever)))
        for members in chains.values():
            for (_, wide), (_, narrow) in itertools.pairwise(sorted(members, key=lambda item: item[0])):
                system.split(wide, narrow)
        for months in self.exact:
            share = ("metric", "late_at", ("modification",), int(months), "bad", "leave_out", False)
            prefix = ("actions", "modification", months)
            words = [word for word in LATENESS[:5] if system.has((*prefix, word))]
            system.total((*share, "of"), [(*prefix, word) for word in words])
            for late in (1, 2, 3):
                system.total((*share, "hits", late, 0), [(*prefix, word) for word in words if word in LATENESS[late:5]])

    # Sheets.

    def help(self) -> Sheet:
        system = self.system
        kinds = [*HELP]
        frame = pl.DataFrame(
            {
                "kind": [*kinds, ALL],
                "actions": [*(system.shown(("actions", kind)) for kind in kinds), system.shown(("actions",))],
                "people": [*(system.shown(("people", kind)) for kind in kinds), system.shown(("people",))],
            },
            schema={"kind": pl.String, "actions": pl.Int64, "people": pl.Int64},
        )
        return Sheet(
            "help",
            "Help found in the histories",
            frame,
            "actions, and people",
            "Actions count every modification, deferral, claim or plan; people count each homeowner (loan) "
            "once in a row.",
            "A modification, deferral or partial claim is dated by the month in which it first shows; a plan by its "
            "start. Trials, forbearance and repayment plans are activity, never help done.",
        )

    def durable(self) -> Sheet:
        rows = [
            {
                "months": months,
                "test": test,
                "people": self.system.shown(("people", months)),
                **{name: self.system.shown(("test", months, test, name)) for name in ("yes", "no", "unknown")},
            }
            for months in outcomes.horizons()
            for test in outcomes.TESTS
        ]
        schema = {"months": pl.Int32, "test": pl.String, **dict.fromkeys(("people", "yes", "no", "unknown"), pl.Int64)}
        some = pl.when(pl.col("people") > 0)
        frame = _shares(pl.DataFrame(rows, schema=schema), "yes", "people").with_columns(
            at_most=some.then((pl.col("yes") + pl.col("unknown")) / pl.col("people")),
            share_unknown=some.then(pl.col("unknown") / pl.col("people")),
        )
        return Sheet(
            "durable",
            "Durable help: four tests",
            frame,
            "people: homeowners (loans) with any help, counted from their first",
            "Long-term help; out of danger (current, and never 60 days late again after it); still in the "
            "home; able to "
            "get a mortgage again by the evidence in the file. Durable is all four.",
            "At each horizon everybody whose first help is old enough counts. The share is of yes among all of "
            "them; the "
            "interval is Wilson's. 'At most' is the share if every unknown were a yes.",
        )

    def states(self) -> Sheet:
        rows = [
            {
                "months": months,
                "people": self.system.shown(("people", months)),
                **{name: self.system.shown(("state", months, name)) for name in SHOWN_STATES},
            }
            for months in outcomes.horizons()
        ]
        schema = {"months": pl.Int32, "people": pl.Int64, **dict.fromkeys(SHOWN_STATES, pl.Int64)}
        return Sheet(
            "states",
            "What had become of the homeowners helped",
            _shares(pl.DataFrame(rows, schema=schema), "kept and current", "people"),
            "people: homeowners (loans) with any help, counted from their first",
            "Kept, gave up, lost, pending and unknown are apart. Pending: late, and a plan is running. Paid "
            "off: the loan "
            "was paid in full by a sale or a refinance, which the file does not tell apart. Unknown: the loan "
            "was sold or "
            "removed, or is no longer reported.",
            "Everybody is in one column only. The share is of kept and current among all who are not too recent.",
        )

    def stock(self) -> Sheet:
        names = ["known", "late_30", "late_60", "late_90", "late_120"]
        rows = [
            {"month": month, **{name: self.system.shown(("stock", month, at)) for at, name in enumerate(names)}}
            for month in self.months
        ]
        frame = pl.DataFrame(rows, schema={"month": pl.Int32, **dict.fromkeys(names, pl.Int64)})
        known = pl.when(pl.col("known") > 0)
        frame = frame.with_columns(
            *(known.then(pl.col(f"late_{days}") / pl.col("known")).alias(f"mba_{days}") for days in (30, 60, 90)),
            *(known.then(pl.col(f"late_{days + 30}") / pl.col("known")).alias(f"ots_{days}") for days in (30, 60, 90)),
            month=pl.date(pl.col("month") // 12, pl.col("month") % 12 + 1, 1),
        )
        return Sheet(
            "delinquency",
            "Late loans by both methods of counting",
            frame,
            "loans running at the end of the month whose lateness is known",
            "MBA: a loan is 30 days late with one installment unpaid at the end of the month. OTS: only when "
            "the next one "
            "is due and unpaid, too; so 30 days late by OTS is 60 by MBA.",
            "Each December, and the last month of the files.",
        )

    def _beside(self, row: Mapping[str, Any], name: str) -> int | None:
        """Return those left out of a result, or unknown in it."""
        rule = self.registry[row["metric"]].compute
        if rule.kind == "kept_current":
            gone = self.system.shown(("state", row["months"], "unknown"))
            return 0 if name == "left_out" else gone
        if rule.kind == "stock":
            return _alone(row[name], self.system.threshold)
        return self.system.shown((*self._share(row), name))

    def side_by_side(self) -> Sheet:
        documents = package_documents(PACKAGE)
        rows = []
        for row, (hits, of) in zip(self.results, self.cells, strict=True):
            metric = self.registry[row["metric"]]
            document = documents[metric.cite.split("#")[0]]
            edition = f" ({document.as_of})" if document.as_of else ""
            top, base = self.system.shown(hits), None if of is None else self.system.shown(of)
            hidden = top is None or (of is not None and base is None)
            rows.append(
                {
                    "metric": metric.id,
                    "title": metric.title,
                    "whose": _WHOSE[metric.family],
                    "unit": metric.unit,
                    "version": metric.version,
                    "months": row["months"],
                    "denominator": base,
                    "numerator": top,
                    "left_out": self._beside(row, "left_out"),
                    "unknown": self._beside(row, "unknown"),
                    HIDDEN: hidden,
                    "definition": metric.says,
                    "out_of": metric.denominator,
                    "source": f"{document.publisher}: {document.title}{edition}",
                    "verification": metric.verification,
                    "note": metric.note,
                }
            )
        schema = {
            "metric": pl.String, "title": pl.String, "whose": pl.String, "unit": pl.String, "version": pl.String,
            "months": pl.Int32, "denominator": pl.Int64, "numerator": pl.Int64, "left_out": pl.Int64,
            "unknown": pl.Int64, HIDDEN: pl.Boolean, "definition": pl.String, "out_of": pl.String, "source": pl.String,
            "verification": pl.String, "note": pl.String,
        }  # fmt: skip
        return Sheet(
            "side_by_side",
            "The same loans under every definition",
            _shares(pl.DataFrame(rows, schema=schema), "numerator", "denominator"),
            "as named in each row",
            "Each row is one measure with its own definition, unit, version and source, computed on the same loans.",
            "Left out: by the definition's own rule. Unknown: would count, but is not known. Intervals are Wilson's.",
        )


_NESTED: Final = (
    ("long_term_help", "out_of_danger"),
    ("out_of_danger", "first_three"),
    ("still_home", "first_three"),
    ("first_three", "durable"),
    ("mortgage_again", "durable"),
)
_HOME: Final = {
    "yes": ("kept and current", "kept, late", "pending"),
    "no": ("gave up the home", "lost the home"),
    "unknown": ("paid off", "unknown"),
}
_WHOSE: Final = {
    "hope_now": "HOPE NOW",
    "occ": "OCC and OTS",
    "hamp": "Treasury (HAMP)",
    "own": "Hope Now project",
    "mba": "MBA method",
    "ots": "OTS method",
}


# --- groups ---------------------------------------------------------------------------------------


def _first_long_term(histories: Histories) -> pl.DataFrame:
    events = outcomes.events(histories)
    return events.sort("month", "number").unique("loan_id", keep="first", maintain_order=True)


def _few(column: pl.Series, k: int) -> pl.Series:
    """Put groups that are small, or beyond the most that a table can hold, together."""
    sizes = column.value_counts(sort=True)
    large = sizes.filter(pl.col("count") >= max(2 * k, 1)).head(MOST_GROUPS)[column.name].to_list()
    if len(large) == sizes.height:
        return column
    return column.set(~column.is_in(large), OTHER)


def _period(at: pl.Expr) -> pl.Expr:
    answer = pl.lit("later")
    for end in reversed(PERIODS):
        answer = pl.when(at <= end).then(pl.lit(str(end))).otherwise(answer)
    return pl.when(at <= 0).then(pl.lit("0")).otherwise(answer)


def _groups(facts: _Facts, by: Sequence[str], k: int) -> list[Sheet]:
    names, people = facts.names, facts.people
    overall = facts.long_cells()
    state_sheets: list[Sheet] = []
    curve_rows = [_curve(people, overall, "", ALL, k)]
    state_rows = [_group_rows(overall.filter(pl.col("group") == ALL), "", names)]
    for dim in by:
        grouped = people.with_columns(_few(people[dim], k).alias(dim))
        cells = partitions(grouped, dim, [*names, "curve"], threshold=k, overall=facts.system, prefix=("long",))
        state_rows.append(_group_rows(cells.filter(pl.col("group") != ALL), dim, names))
        chosen = grouped.select(dim, "at", "cause")
        for group in sorted(chosen[dim].unique().to_list()):
            curve_rows.append(_curve(chosen.filter(pl.col(dim) == group), cells, dim, group, k))
    states = _shares(pl.concat(state_rows), "kept and current", "people")
    curves = pl.concat(curve_rows)
    unit = "people: homeowners (loans) with long-term help, counted from their first"
    state_sheets.append(
        Sheet(
            "groups",
            "Kept and current, by group",
            states,
            unit,
            "Groups are of the first long-term help: its kind, the change of the payment, its year, the "
            "servicer then, the "
            "state. Small groups are put together.",
            "Everybody is in one column only. The share is of kept and current among all who are not too recent; the "
            "interval is Wilson's.",
        )
    )
    state_sheets.append(
        Sheet(
            "curves",
            "Time to a new default after long-term help",
            curves,
            unit,
            "Free: not yet 60 or more days late again, and the loan still running (Kaplan-Meier). Redefault, "
            "home lost and "
            "paid off: the share to whom each came first (competing risks, Aalen-Johansen).",
            "Month 0 is the month of the help. Observation ends when the data end, the loan leaves the data, "
            "or a month is "
            "unknown that may have been 60 days late. Intervals are on the log(-log) scale. Where small counts are "
            "protected, curves are given at the ends of periods only.",
        )
    )
    return state_sheets


def _group_rows(cells: pl.DataFrame, dim: str, names: Sequence[str]) -> pl.DataFrame:
    rows = []
    groups = cells["group"].unique(maintain_order=True).to_list()
    table = {(g, p, c): None if hidden else count for g, p, c, count, hidden in cells.iter_rows()}
    for group in groups:
        for months in names:
            row: dict[str, Any] = {"by": dim, "group": group, "months": int(months)}
            row |= {name: table.get((group, months, name), 0) for name in SHOWN_STATES}
            whole, recent = table.get((group, ALL, ALL), 0), row["too recent"]
            row["people"] = None if whole is None or recent is None else whole - recent
            rows.append(row)
    schema = {
        "by": pl.String, "group": pl.String, "months": pl.Int32, "people": pl.Int64,
        **dict.fromkeys(SHOWN_STATES, pl.Int64),
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema)


CURVES: Final = pl.Schema(
    {
        "by": pl.String,
        "group": pl.String,
        "curve": pl.String,
        "month": pl.Int32,
        "at_risk": pl.Int64,
        "value": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
    }
)


def _curve(times: pl.DataFrame, cells: pl.DataFrame, dim: str, group: str, k: int) -> pl.DataFrame:
    """Return a group's curves: every month, or the ends of the periods up to which nothing behind them is hidden."""
    empty = pl.DataFrame(schema=CURVES)
    if times.height < max(k, parameters()["smallest_group"] if k > 1 else 1):
        return empty
    spans = times.select(pl.col("at").alias("month"), "cause")
    found = survival.curves(spans, outcomes.CAUSES, outcomes.horizons()[-1], confidence())
    if k > 1:
        own = cells.filter((pl.col("group") == group) & pl.col("partition").is_in(["curve", ALL]) & pl.col(HIDDEN))
        hidden = own["category"].str.extract(r" by (\w+)$", 1).fill_null("0").to_list()
        ends = [end for end in PERIODS if str(end) in hidden]
        if "0" in hidden:
            return empty
        limit = min(ends) if ends else PERIODS[-1] + 1
        found = found.filter(pl.col("month").is_in([0, *(end for end in PERIODS if end < limit)]))
        if found["month"].max() == 0:
            return empty
    return found.select(pl.lit(dim).alias("by"), pl.lit(group).alias("group"), *list(CURVES)[2:])


def _payment_change(facts: _Facts, k: int) -> Sheet:
    """Redefault of modifications by the change of the payment, as the regulators' reports have it."""
    chosen = metrics()["occ.redefault_60"]
    cells = partitions(
        facts.marked,
        "payment",
        list(facts.exact),
        threshold=k,
        overall=facts.system,
        prefix=("actions", "modification"),
    )
    table = {(g, p, c): None if hidden else count for g, p, c, count, hidden in cells.iter_rows()}
    rows = []
    for group in cells["group"].unique(maintain_order=True).to_list():
        whole = table.get((group, ALL, ALL), 0)
        for months in facts.exact:
            *base, left_out, unknown, recent = (table.get((group, months, name), 0) for name in LATENESS)
            apart = [whole, left_out, unknown, recent]
            known = None if None in apart else whole - left_out - unknown - recent  # type: ignore[operator]
            for late in (1, 2, 3):
                bad, good = base[late:], base[:late]
                then = None
                if None not in bad:
                    then = sum(value for value in bad if value is not None)
                elif None not in good and known is not None:
                    then = known - sum(value for value in good if value is not None)
                rows.append(
                    {
                        "payment": group,
                        "months": int(months),
                        "late": f"{30 * late} or more days",
                        "modifications": known,
                        "late_then": then,
                        "left_out": left_out,
                        "unknown": unknown,
                    }
                )
    schema = {
        "payment": pl.String, "months": pl.Int32, "late": pl.String, "modifications": pl.Int64, "late_then": pl.Int64,
        "left_out": pl.Int64, "unknown": pl.Int64,
    }  # fmt: skip
    frame = _shares(pl.DataFrame(rows, schema=schema), "late_then", "modifications")
    return Sheet(
        "payment_change",
        "Late again, by the change of the payment",
        frame,
        "actions: modifications",
        chosen.says,
        f"{chosen.denominator} Payments before and after are level installments of principal and interest.",
    )


def _exact(metric: Metric, months: int, last: int) -> pl.Expr:
    late = pl.col(f"late_{months}")
    mark = outcome(metric, months, last)
    return (
        pl.when(mark == "too_recent")
        .then(pl.lit("too recent"))
        .when(mark == "left_out")
        .then(pl.lit("left out"))
        .when(mark == "unknown")
        .then(pl.lit("unknown"))
        .when(late < 0)
        .then(pl.lit("lost"))
        .when(late == 0)
        .then(pl.lit("current"))
        .when(late == 1)
        .then(pl.lit("late 30"))
        .when(late == 2)
        .then(pl.lit("late 60"))
        .otherwise(pl.lit("late 90 or more"))
    )


# --- comparison -----------------------------------------------------------------------------------

_GROUP_WORDS: Final = {
    "helped": "long-term help",
    "cured_with_plan": "current again with a plan only",
    "self_cured": "current again without help",
    "neither": "still late, no long-term help",
    "over": "loan ended before",
}


def _landmark(histories: Histories, k: int) -> Sheet:
    at = parameters()["landmark"]
    last = histories.last_month or 0
    names = [str(months) for months in outcomes.horizons() if months > at]
    people = comparison.sorted_delinquencies(histories).select(
        pl.col("group").cast(pl.String).replace_strict(_GROUP_WORDS, return_dtype=pl.String).alias("who"),
        *(_shown_state(int(months), last).alias(months) for months in names),
    )
    cells = partitions(people, "who", names, threshold=k)
    frame = _shares(_group_rows(cells, "landmark", names), "kept and current", "people").drop("by")
    order = {name: place for place, name in enumerate([*_GROUP_WORDS.values(), ALL])}
    frame = frame.sort("months", pl.col("group").replace_strict(order, return_dtype=pl.Int32))
    return Sheet(
        "landmark",
        f"Helped, self-cured and neither, {at} months after falling behind",
        frame,
        "people: homeowners (loans) 60 or more days late for the first time in the file",
        comparison.WORDS["landmark"],
        "Months count from the start of the delinquency. The share is of kept and current among all who are not too "
        "recent; the interval is Wilson's.",
    )


def _matched(histories: Histories, k: int) -> Sheet:
    frame = comparison.matched(histories)
    small = (
        (pl.col("helped_matched") < k)
        | (pl.col("others_matched") < k)
        | (pl.col("helped") - pl.col("helped_matched")).is_between(1, k - 1)
    )
    nothing = (pl.col("helped") == 0) & (k <= 1)
    shown = frame.with_columns(
        pl.when(~small | nothing | (k <= 1)).then(pl.col(name)).alias(name)
        for name in frame.columns
        if name != "months"
    )
    return Sheet(
        "matched",
        "The helped beside the alike",
        shown,
        "people: homeowners (loans) 60 or more days late for the first time in the file",
        comparison.WORDS["matched"],
        "Cells: quarter in which the delinquency became serious, months late, bands of original credit score and "
        "loan-to-value. The difference in current homeowners is weighted by the helped; its interval is "
        "normal, with half "
        "a success and half a failure added in each cell.",
    )


def _thresholds(histories: Histories, chosen: Sequence[ThresholdChoice], k: int, problems: list[str]) -> Sheet:
    rows = []
    for item in chosen:
        try:
            jump, first = comparison.threshold(histories, item.running, item.cutoff, item.months)
        except InputError as error:
            problems.append(str(error))
            continue
        for found in (first, jump):
            if found is None or min(found.below, found.above) < k:
                continue
            values = dataclasses.asdict(found)
            rows.append({name: values[name] for name in _THRESHOLD})
    return Sheet(
        "thresholds",
        "At eligibility thresholds",
        pl.DataFrame(rows, schema=_THRESHOLD),
        "people: homeowners (loans) 60 or more days late for the first time in the file",
        comparison.WORDS["threshold"],
        "Local linear regression with a triangular kernel on each side; the interval is the robust one of Calonico, "
        "Cattaneo and Titiunik (2014). Heaping is the chance of so uneven a number on both sides close to the "
        "threshold if "
        "nobody steered: a small one means that the comparison cannot be trusted.",
    )


_THRESHOLD: Final = {
    "outcome": pl.String, "running": pl.String, "cutoff": pl.Float64, "bandwidth": pl.Float64, "below": pl.Int64,
    "above": pl.Int64, "estimate": pl.Float64, "robust": pl.Float64, "low": pl.Float64, "high": pl.Float64,
    "heaping": pl.Float64, "values": pl.Int64,
}  # fmt: skip


# --- the rest -------------------------------------------------------------------------------------


def _findings(histories: Histories, k: int) -> Sheet:
    counts = histories.counts.cast({"phase": pl.String, "severity": pl.String})
    words = (
        histories.findings.group_by("rule").agg(pl.col("message").first())
        if histories.findings.height
        else pl.DataFrame(schema={"rule": pl.String, "message": pl.String})
    )
    frame = counts.join(words, on="rule", how="left", maintain_order="left").select(
        "rule",
        "severity",
        "field",
        pl.when((pl.col("count") >= k) | (k <= 1)).then(pl.col("count")).alias("count"),
        "message",
    )
    return Sheet(
        "findings",
        "Findings in the files",
        frame,
        "rows (or loans, where a loan is left out)",
        "What is impossible or cannot be read is counted here, never passed over in silence.",
        "An error means that the row or loan is left out of every figure; a warning, that it is used as the "
        "message says.",
    )


def _extrapolated(side: pl.DataFrame, coverage: tuple[float, float]) -> Sheet:
    rows = []
    registry = metrics()
    for row in side.iter_rows(named=True):
        if registry[row["metric"]].compute.kind not in ("count", "people") or row["numerator"] is None:
            continue
        found = extrapolate(row["numerator"], coverage[0], coverage[1], confidence())
        rows.append(
            {
                "metric": row["metric"],
                "title": row["title"],
                "unit": row["unit"],
                "reported": found.reported,
                "extrapolated": found.extrapolated,
                "low": found.low,
                "high": found.high,
                "least": found.least,
                "estimated_share": found.estimated_share,
            }
        )
    schema = {
        "metric": pl.String, "title": pl.String, "unit": pl.String, "reported": pl.Int64, "extrapolated": pl.Int64,
        "low": pl.Int64, "high": pl.Int64, "least": pl.Int64, "estimated_share": pl.Float64,
    }  # fmt: skip
    return Sheet(
        "extrapolated",
        "Reported and extrapolated",
        pl.DataFrame(rows, schema=schema),
        "as named in each row",
        f"The files cover {100 * coverage[0]:g}% of the market (give or take {100 * coverage[1]:g} points), as "
        f"stated by "
        "whoever made this report. Extrapolated is reported over coverage: those not counted are taken to be "
        "like those "
        "counted, which nobody checked.",
        "Low and high: if those counted were drawn by lot, with the error of the coverage. Least: if those not "
        "counted did "
        "nothing at all.",
    )


def _published(published: Published) -> Sheet:
    frame = published.values.with_columns(
        title=pl.col("series").replace_strict(
            {name: item.title for name, item in published.series.items()}, default=pl.col("series")
        ),
        extrapolated=pl.col("series").replace_strict(
            {name: item.extrapolated for name, item in published.series.items()}, default=None, return_dtype=pl.Boolean
        ),
    )
    breaks = {(name, day): words for name, day, words in published.breaks}
    texts = [
        " ".join(
            words
            for (name, day), words in breaks.items()
            if name == series and start is not None and start <= day <= end
        )
        for series, start, end in frame.select("series", "start", "end").iter_rows()
    ]
    return Sheet(
        "published",
        "Published series, for reference",
        frame.with_columns(pl.Series("break_within", texts, dtype=pl.String)),
        "as named in each row",
        "Figures that others published, as they stood; several for one period are restatements, all kept. Only "
        "figures with "
        "the same number of breaks before them are comparable.",
        "Extrapolated: the publisher counted a part of the market and scaled it up, without an error band.",
    )
