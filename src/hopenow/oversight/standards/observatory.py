"""Which features at origination went with distress later, by cohort and lender, from loan-performance histories.

A loan is in distress when, within the window after its first payment, it was so many installments behind or ended with
a loss (``observatory.yaml``). It is not when it was seen through the window, or was paid off, without that. Otherwise
it cannot be told: the data end too early, the loan left the data for another reason, its beginning or a month is
missing. These are shares among loans that were made: they describe, they do not show what caused the distress.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl

from hopenow.errors import InputError
from hopenow.law import Parameters, package_option, segments
from hopenow.oversight.fairness.applications import FINDINGS
from hopenow.oversight.fairness.cells import EVERYBODY, Cells, cut, everybody, together
from hopenow.oversight.fairness.funnel import funnel
from hopenow.oversight.fairness.groups import UNKNOWN, Dimension
from hopenow.oversight.fairness.rates import rate
from hopenow.oversight.fairness.stages import Reached
from hopenow.oversight.fairness.vocabulary import Stage
from hopenow.tapes.inspect import recognize_layout
from hopenow.tapes.layouts import LAYOUT_BY_ID, Layout

__all__ = ["FEATURES", "OBSERVED", "WITHIN", "Observatory", "figures", "loans", "observe"]

PACKAGE = "hopenow.oversight.standards"
DISTRESSED = Stage(
    name="distressed", label="in distress", means="Fell far behind, or ended with a loss, within the window."
)
CONTROLS = ("score_band", "ltv_band", "dti_band", "purpose", "occupancy")

FEATURES: Mapping[str, str] = {
    "score_band": "credit score",
    "ltv_band": "loan over value",
    "dti_band": "debt over income",
    "term_band": "term in months",
    "purpose": "purpose",
    "occupancy": "occupancy",
    "property": "kind of property",
    "channel": "channel",
    "first_time": "first-time buyer",
    "borrowers": "number of borrowers",
    "mortgage_insurance": "mortgage insurance",
    "state": "state",
    "cohort": "cohort (quarter of origination)",
    "lender": "lender",
}
"""What loans are compared by."""

OBSERVED = pl.Schema(
    {
        "feature": pl.String,
        "band": pl.String,
        "reference": pl.String,
        "loans": pl.Int64,
        "not_known": pl.Int64,
        "distressed": pl.Int64,
        **{f"{name}{end}": pl.Float64 for name in ("rate", "ratio", "adjusted_ratio") for end in ("", "_low", "_high")},
        "sign": pl.String,
        "withheld": pl.Boolean,
        "model_note": pl.String,
    }
)
"""Share of a band's loans that came to distress, out of those of which it can be told, and its ratio to "
"the reference's."""
WITHIN = pl.Schema(
    {
        "by": pl.String,
        "value": pl.String,
        "feature": pl.String,
        "band": pl.String,
        "loans": pl.Int64,
        "not_known": pl.Int64,
        "distressed": pl.Int64,
        "rate": pl.Float64,
        "rate_low": pl.Float64,
        "rate_high": pl.Float64,
        "withheld": pl.Boolean,
    }
)
"""The same inside each cohort and each lender."""

_SHARED = {
    "loan": "loan_id",
    "period": "reporting_period",
    "status": "delinquency",
    "ended": "zb_code",
    "first_payment": "first_pay",
    "originated": "orig_date",
    "lender": "seller",
    "channel": "channel",
    "term": "orig_term",
    "ltv": "oltv",
    "dti": "dti",
    "borrowers": "num_borrowers",
    "first_time": "first_time",
    "purpose": "purpose",
    "property": "prop",
    "occupancy": "occupancy",
    "state": "state",
    "mi": "mi_pct",
}
_FREDDIE = {
    "loan": "loan_sequence_number",
    "period": "reporting_period",
    "status": "delinquency_status",
    "ended": "zb_code",
    "first_payment": "first_payment_date",
    "lender": "seller",
    "channel": "channel",
    "term": "orig_term",
    "ltv": "ltv",
    "dti": "dti",
    "borrowers": "num_borrowers",
    "first_time": "first_time",
    "purpose": "purpose",
    "property": "property_type",
    "occupancy": "occupancy",
    "state": "state",
    "mi": "mi_pct",
    "score": "credit_score",
}
_NAMES: Mapping[str, Mapping[str, str]] = {
    "fannie_mae_108": {**_SHARED, "score": "fico_b"},
    "fannie_mae_110": {**_SHARED, "score": "fico_b"},
    "fannie_mae_acquisition": {**_SHARED, "score": "fico", "property": "prop_type"},
    "fannie_mae_performance": _SHARED,
    "freddie_mac_origination": _FREDDIE,
    "freddie_mac_performance": _FREDDIE,
}
"""What is read, by layout: our name to the field's."""
_MONTHLY = ("period", "status", "ended")
_WORDS: Mapping[str, Mapping[str, str]] = {
    "purpose": {
        "P": "purchase",
        "C": "cash-out refinance",
        "R": "refinance",
        "N": "refinance without cash out",
        "U": "refinance, not specified",
    },
    "occupancy": {"P": "principal residence", "S": "second home", "I": "investment"},
    "property": {
        "SF": "single family",
        "PU": "planned development",
        "CO": "condominium",
        "MH": "manufactured",
        "CP": "cooperative",
    },
    "channel": {"R": "retail", "C": "correspondent", "B": "broker", "T": "third party, not specified"},
    "first_time": {"Y": "yes", "N": "no"},
}


@dataclasses.dataclass(frozen=True)
class Observatory:
    """What was observed.

    Attributes:
        observed: see `OBSERVED`.
        within: see `WITHIN`.
        findings: what was not used, or is odd.
        loans: loans read.
        window: months looked at.
        late: unpaid installments that count as distress.
        joined: feature to the bands that are counted in another.
        names: of the files.
    """

    observed: pl.DataFrame
    within: pl.DataFrame
    findings: pl.DataFrame
    loans: int
    window: int
    late: int
    joined: dict[str, dict[str, str]]
    names: tuple[str, ...]


def figures() -> Parameters:
    """Return the observatory's figures."""
    return segments(package_option(PACKAGE, "observatory"), "hopenow")[-1].parameters


def observe(
    paths: Path | str | Iterable[Path | str], *, window: int | None = None, minimum: int | None = None
) -> Observatory:
    """Observe the loans of performance files.

    Args:
        paths: files of one enterprise in any of the layouts, origination and monthly files together.
        window: months from the first payment; None takes the file's own choice.
        minimum: smallest count shown; None takes that of the fairness measures.

    Raises:
        InputError: a file is of no known layout, or one that belongs to it is missing.
    """
    files = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    p = figures()
    months = p["window"] if window is None else window
    frame, findings = loans(files, months)
    frame, dimensions = _dimensions(frame, p)
    reached = Reached((DISTRESSED,), (), frame, pl.DataFrame(schema=FINDINGS))
    controls = [name for name in CONTROLS if frame[name].null_count() < frame.height]
    way = funnel(reached, frame, dimensions, controls, minimum)
    rows = [_row(row) for row in way.steps.iter_rows(named=True)]
    within = []
    for by in ("cohort", "lender"):
        outer = next((item for item in dimensions if item.id == by), None)
        if outer is not None and len(way.tables[by].groups) > 1:
            within += _within(frame, outer, [item for item in dimensions if item.id in CONTROLS], way.tables, minimum)
    return Observatory(
        pl.DataFrame(rows, schema=OBSERVED),
        pl.DataFrame(within, schema=WITHIN),
        findings,
        frame.height,
        months,
        p["late_installments"],
        {name: dict(cells.joined) for name, cells in way.tables.items() if cells.joined},
        tuple(path.name for path in files),
    )


def _row(row: dict[str, object]) -> dict[str, object]:
    names = [f"{name}{end}" for name in ("rate", "ratio", "adjusted_ratio") for end in ("", "_low", "_high")]
    low, high = row["ratio_low"], row["ratio_high"]
    sign = ""
    if isinstance(low, float) and low > 1:
        sign = "more distress, beyond chance"
    elif isinstance(high, float) and high < 1:
        sign = "less distress, beyond chance"
    return {
        "feature": row["dimension"] or "",
        "band": row["group"],
        "reference": row["reference"],
        "loans": row["people"],
        "not_known": row["not_known"],
        "distressed": row["reached"],
        **{name: row[name] for name in names},
        "sign": sign if row["group"] != UNKNOWN else "",
        "withheld": row["withheld"],
        "model_note": row["model_note"],
    }


# --- loans ----------------------------------------------------------------------------------------


def loans(files: Sequence[Path], window: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read performance files into one row per loan: its features, and whether it came to distress.

    Args:
        files: see `observe`.
        window: months from the first payment.

    Returns:
        The loans, with ``distressed`` (null where it cannot be told) and ``why_unknown``; and findings.
    """
    layouts = {path: _layout(path) for path in files}
    monthly = [path for path in files if layouts[path].role != "origination"]
    origins = [path for path in files if layouts[path].role == "origination"]
    if not monthly:
        raise InputError("only origination files were given; add the monthly files that belong to them")
    if any(layouts[path].role == "monthly" for path in monthly) and not origins:
        raise InputError("the monthly file needs its origination file; add it")
    p = figures()
    months = pl.concat([_scan(path, layouts[path], origin=not origins) for path in monthly], how="diagonal")
    static = [name for name in _NAMES["fannie_mae_108"] if name not in (*_MONTHLY, "loan")]
    if origins:
        table = pl.concat([_scan(path, layouts[path], origin=True) for path in origins], how="diagonal").unique("loan")
        months = months.join(table, on="loan", how="left")
    there = [name for name in static if name in months.collect_schema().names()]
    age = pl.col("_month") - pl.col("_first")
    late = pl.col("status").str.strip_chars_start("0").replace("", "0").cast(pl.Int64, strict=False)
    marked = months.with_columns(age.alias("_age"), late.alias("_late"))
    loss = pl.col("ended").str.zfill(2).is_in(_texts(p, "loss_endings"))
    inside = pl.col("_age") <= window
    event = ((pl.col("_late") >= p["late_installments"]) | loss) & inside
    unknown_month = inside & pl.col("_late").is_null() & pl.col("ended").is_null() & (pl.col("status") != "RA")
    reo = (pl.col("status") == "RA") & inside
    result = (
        marked.group_by("loan")
        .agg(
            *(pl.col(name).drop_nulls().first() for name in there),
            pl.col("_first").drop_nulls().first(),
            (event | reo).any().alias("_event"),
            unknown_month.sum().alias("_unknown_months"),
            pl.col("_age").min().alias("_from"),
            pl.col("_age").max().alias("_to"),
            pl.col("ended").drop_nulls().last().str.zfill(2).alias("_ended"),
            pl.len().alias("_rows"),
        )
        .collect(engine="streaming")
        .sort("loan")
    )
    paid = pl.col("_ended").is_in(_texts(p, "paid_endings"))
    reasons = (
        pl.when(pl.col("_event").fill_null(False))
        .then(None)
        .when(pl.col("_first").is_null())
        .then(pl.lit("the first payment date is missing"))
        .when(pl.col("_from") > p["latest_first_report"])
        .then(pl.lit("the first report came too late"))
        .when(pl.col("_unknown_months") > 0)
        .then(pl.lit("a month's status is not known"))
        .when((pl.col("_to") < window) & pl.col("_ended").is_not_null() & ~paid)
        .then(pl.lit("left the data for another reason"))
        .when((pl.col("_to") < window) & ~paid.fill_null(False))
        .then(pl.lit("the data end before the window does"))
    )
    result = result.with_columns(reasons.alias("why_unknown"))
    result = result.with_columns(
        pl.when(pl.col("why_unknown").is_null()).then(pl.col("_event").fill_null(False)).alias("distressed")
    )
    counts = result["why_unknown"].drop_nulls().value_counts(name="n", sort=True)
    rows = [
        (
            "OBS-UNKNOWN",
            None,
            "distressed",
            str(why),
            int(n),
            "unknown",
            f"whether the loan came to distress cannot be told: {why}",
        )
        for why, n in counts.iter_rows()
    ]
    return result, pl.DataFrame(rows, schema=FINDINGS, orient="row")


def _layout(path: Path) -> Layout:
    found = recognize_layout(path)
    if found is None or found.id not in LAYOUT_BY_ID:
        raise InputError(f"{path.name} is no loan-performance file of a known layout")
    return LAYOUT_BY_ID[found.id]


def _texts(p: Parameters, name: str) -> list[str]:
    value = p.value(name)
    assert isinstance(value, tuple)  # noqa: S101  (a list of words in the file)
    return [str(item) for item in value]


def _scan(path: Path, layout: Layout, *, origin: bool) -> pl.LazyFrame:
    """Read what is needed of a file, as text, with months counted."""
    names = {ours: theirs for ours, theirs in _NAMES[layout.id].items() if theirs in layout.fields}
    if layout.role != "origination" and not origin:
        names = {ours: theirs for ours, theirs in names.items() if ours in (*_MONTHLY, "loan")}
    if path.suffix.lower() in {".parquet", ".pq"}:
        frame = pl.scan_parquet(path).select(
            pl.col(theirs).cast(pl.String).alias(ours) for ours, theirs in names.items()
        )
    else:
        columns = list(layout.fields)
        raw = pl.scan_csv(
            path,
            separator="|",
            has_header=False,
            new_columns=columns,
            infer_schema=False,
            quote_char=None,
            truncate_ragged_lines=True,
        )
        frame = raw.select(pl.col(theirs).alias(ours) for ours, theirs in names.items())
    frame = frame.with_columns(pl.all().str.strip_chars().replace({"": None, "NULL": None}))
    made = []
    if "period" in names:
        made.append(_month(pl.col("period"), layout.year_first).alias("_month"))
    if "first_payment" in names:
        made.append(_month(pl.col("first_payment"), layout.year_first).alias("_first"))
    return frame.with_columns(made)


def _month(text: pl.Expr, year_first: bool) -> pl.Expr:
    """Count months from year 0: MMYYYY, MM/DD/YYYY, MM/YYYY, YYYYMM."""
    digits = text.str.replace_all("/", "")
    year = pl.when(year_first).then(digits.str.head(4)).otherwise(digits.str.tail(4))
    month = pl.when(year_first).then(digits.str.tail(2)).otherwise(digits.str.zfill(6).str.head(2))
    return year.cast(pl.Int64, strict=False) * 12 + month.cast(pl.Int64, strict=False) - 1


# --- bands ----------------------------------------------------------------------------------------


def _dimensions(frame: pl.DataFrame, p: Parameters) -> tuple[pl.DataFrame, list[Dimension]]:
    """Add a text column for every feature, and stage columns."""
    there = set(frame.columns)
    made: dict[str, tuple[pl.Expr, list[str] | None]] = {}
    bands = {
        "score_band": ("score", "score_bands_from", "9999"),
        "ltv_band": ("ltv", "ltv_bands_from", "999"),
        "dti_band": ("dti", "dti_bands_from", "999"),
        "term_band": ("term", "term_bands_from", ""),
    }
    for name, (column, cuts, filler) in bands.items():
        if column in there:
            made[name] = _bands(column, [int(word) for word in _texts(p, cuts)], filler)
    for name, words in _WORDS.items():
        if name in there:
            made[name] = (pl.col(name).replace(dict(words)), None)
    if "borrowers" in there:
        several = pl.col("borrowers").cast(pl.Int64, strict=False)
        made["borrowers"] = (
            pl.when(several == 1).then(pl.lit("one")).when(several > 1).then(pl.lit("two or more")),
            ["one", "two or more"],
        )
    if "mi" in there:
        insured = pl.col("mi").cast(pl.Float64, strict=False) > 0
        made["mortgage_insurance"] = (pl.when(insured).then(pl.lit("yes")).otherwise(pl.lit("no")), ["no", "yes"])
    for name in ("state", "lender"):
        if name in there:
            made[name] = (pl.col(name), None)
    made["cohort"] = (_quarter(pl.col("_first")), [])
    frame = frame.with_columns(expression.alias(name) for name, (expression, _) in made.items())
    frame = frame.with_columns(pl.col(name).alias(f"group_{name}") for name in made)
    known = pl.col("distressed").is_not_null()
    frame = frame.with_columns(
        pl.col("distressed").fill_null(False).alias("reached_distressed"), known.alias("known_distressed")
    )
    found = []
    for name, (_, order) in made.items():
        counts = frame[name].drop_nulls().value_counts(name="n").sort("n", name, descending=[True, False])
        levels = counts[name].to_list()
        if not levels:
            continue
        if order is not None:
            levels = [level for level in order if level in levels] if order else sorted(levels)
        reference = counts[name][0]
        found.append(
            Dimension(
                name,
                FEATURES[name],
                order is not None,
                tuple(levels),
                reference,
                "as the file gives it" if order is None else "bands of the file's number",
            )
        )
    return frame, found


def _bands(column: str, cuts: list[int], filler: str) -> tuple[pl.Expr, list[str]]:
    labels = [
        f"under {cuts[0]}",
        *(f"{low} to {high - 1}" for low, high in itertools.pairwise(cuts)),
        f"{cuts[-1]} and over",
    ]
    value = pl.when(pl.col(column) != filler).then(pl.col(column).cast(pl.Float64, strict=False))
    expression: pl.Expr = pl.lit(labels[-1])
    for cut_at, label in zip(reversed(cuts), reversed(labels[:-1]), strict=True):
        expression = pl.when(value < cut_at).then(pl.lit(label)).otherwise(expression)
    return pl.when(value.is_not_null()).then(expression), labels


def _quarter(month: pl.Expr) -> pl.Expr:
    """Name the quarter in which the loan was made: two months before the first payment, as is usual."""
    made = month - 2
    return pl.concat_str((made // 12).cast(pl.String), pl.lit("Q"), (made % 12 // 3 + 1).cast(pl.String))


# --- inside cohorts and lenders ---------------------------------------------------------------------


def _within(
    frame: pl.DataFrame, outer: Dimension, inner: Sequence[Dimension], tables: Mapping[str, Cells], minimum: int | None
) -> list[dict[str, object]]:
    """Cross one feature with another, protecting the crossed table together with the two that are shown already."""
    frame = together(frame, outer, minimum)
    values = list(tables[outer.id].groups)
    answers = ("yes", "no", "?")
    answer = (
        pl.when(~pl.col("known_distressed"))
        .then(pl.lit("?"))
        .when(pl.col("reached_distressed"))
        .then(pl.lit("yes"))
        .otherwise(pl.lit("no"))
    )
    frame = frame.with_columns(pl.concat_str(pl.col(f"group_{outer.id}"), pl.lit("|"), answer).alias("_class"))
    classes = [f"{value}|{item}" for value in values for item in answers]
    crossed: dict[str, list[str]] = {
        "distressed": [f"{value}|yes" for value in values],
        "distressed?": [f"{value}|?" for value in values],
    }
    for value in values:
        crossed |= {
            f"{value}|all": [f"{value}|{item}" for item in answers],
            f"{value}|distressed": [f"{value}|yes"],
            f"{value}|unknown": [f"{value}|?"],
        }
    same = {"people": "all", "distressed": "distressed", "distressed?": "unknown"}
    whole = everybody(frame, "_class", classes, crossed, minimum)
    shown = {(EVERYBODY, f"{group}|{same[figure]}") for group, figure in tables[outer.id].shown() if figure in same}
    rows: list[dict[str, object]] = []
    for dimension in inner:
        cells = cut(
            frame,
            dimension,
            "_class",
            classes,
            crossed,
            minimum,
            whole=_only(whole, shown),
            known=tables[dimension.id].shown(),
        )
        for value in values:
            for band in cells.groups:
                people, unknown, hits = (
                    cells.total(band, f"{value}|{name}") for name in ("all", "unknown", "distressed")
                )
                row: dict[str, object] = {
                    "by": outer.id,
                    "value": value,
                    "feature": dimension.id,
                    "band": band,
                    "loans": people,
                    "not_known": unknown,
                    "distressed": hits,
                    "withheld": people is None or unknown is None or hits is None,
                }
                if people is not None and unknown is not None and hits is not None and people > unknown:
                    found = rate(hits, people - unknown)
                    row |= {"rate": found.value, "rate_low": found.low, "rate_high": found.high}
                rows.append(row)
    return rows


def _only(cells: Cells, shown: set[tuple[str, str]]) -> Cells:
    """Return figures of everybody as shown elsewhere: those of the outer table, and nothing more."""
    hidden = {
        name: tuple((EVERYBODY, name) not in shown and name != "people" for _ in marks)
        for name, marks in cells.hidden.items()
    }
    return Cells(cells.groups, cells.joined, cells.values, hidden)
