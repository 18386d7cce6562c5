"""Regressions: linear probability and logistic, and what a group's rate would be if all else were alike.

Least squares with classic or HC1 errors is statsmodels'; the logistic model is fitted here by maximum likelihood and
equals statsmodels' to ten digits (``tests/oversight/test_fairness_models.py``). What is added: groups as categories
with a stated reference, rows left out are counted by reason, terms that cannot be told apart are left out by name, and
a logistic model is turned into *adjusted rates*: the mean predicted rate if every person belonged to the group,
everything else as it is, with intervals by the delta method.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping as MappingType
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.errors import InputError
from hopenow.oversight.fairness.rates import NOTHING, Estimate, alpha
from hopenow.oversight.fairness.vocabulary import measures

__all__ = ["Adjusted", "Coefficient", "Fitted", "adjusted", "fit"]

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Coefficient:
    """One line of a regression.

    Attributes:
        term: fact, or ``const``.
        level: the category; empty for a number.
        value: the coefficient: change of the rate (linear), or of the log odds (logistic).
        error: standard error of the kind asked for.
        robust: HC1 standard error.
        classic: standard error of the textbook formula.
        low: low end of the interval by ``error``.
        high: high end.
        p: chance of a coefficient as far from zero, by ``error``.
    """

    term: str
    level: str
    value: float
    error: float
    robust: float
    classic: float
    low: float
    high: float
    p: float


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A regression.

    Attributes:
        outcome: what is explained.
        method: ``linear_probability`` or ``logistic``.
        errors: ``classic`` or ``HC1``.
        used: rows used.
        outcomes: rows used with the outcome.
        left_out: reason to count of rows left out.
        dropped: terms left out, with the reason.
        coefficients: in order, the constant first; empty when ``refused`` says why there is no model.
        r_squared: of the linear model, McFadden's of the logistic one.
        refused: why there is no model; empty when there is one.
    """

    outcome: str
    method: str
    errors: str
    used: int
    outcomes: int
    left_out: dict[str, int]
    dropped: dict[str, str]
    coefficients: tuple[Coefficient, ...]
    r_squared: float
    refused: str = ""


@dataclasses.dataclass(frozen=True)
class Adjusted:
    """A group's rate and its difference and ratio to the reference, everything else alike."""

    group: str
    rate: Estimate
    difference: Estimate
    ratio: Estimate
    odds_ratio: Estimate


@dataclasses.dataclass(frozen=True)
class _Design:
    outcome: Floats
    matrix: Floats
    names: list[tuple[str, str]]
    used: int
    left_out: dict[str, int]
    dropped: dict[str, str]


def fit(
    frame: pl.DataFrame,
    outcome: str,
    terms: Sequence[str],
    method: str = "logistic",
    errors: str = "HC1",
    references: MappingType[str, str] | None = None,
) -> Fitted:
    """Fit a regression of a yes-or-no outcome.

    Args:
        frame: applications; rows in which the outcome or a term is not known are left out and counted.
        outcome: Boolean column.
        terms: columns: numbers as they are, text and Booleans as categories.
        method: ``linear_probability`` or ``logistic``.
        errors: of the intervals: ``classic`` or ``HC1``.
        references: category that each text column is compared with; the most frequent without.

    Raises:
        InputError: a column is not there, or of a kind that cannot be used.
    """
    design = _design(frame, outcome, terms, references or {}, separate=method == "logistic")
    return _fitted(design, outcome, method, errors)[0]


def adjusted(
    frame: pl.DataFrame, outcome: str, group: str, levels: Sequence[str], reference: str, controls: Sequence[str]
) -> tuple[Fitted, list[Adjusted]]:
    """Compare the groups of one column with everything named in ``controls`` alike (logistic regression).

    Args:
        frame: applications.
        outcome: Boolean column.
        group: text column.
        levels: groups to report, the reference among them.
        reference: group compared with.
        controls: what is held alike.

    Returns:
        The model, and the adjusted rates; none where there is no model.
    """
    design = _design(frame, outcome, [group, *controls], {group: reference}, separate=True)
    model, result = _fitted(design, outcome, "logistic", "HC1")
    if result is None:
        return model, []
    covariance = result.robust
    own = [place for place, (term, level) in enumerate(design.names) if term == group and level]
    column = {design.names[place][1]: place for place in own}
    wanted = [level for level in levels if level == reference or level in column]
    means, gradients = {}, {}
    rest = np.setdiff1d(np.arange(design.matrix.shape[1]), own)
    others = np.ascontiguousarray(design.matrix[:, rest])
    without = others @ result.params[rest]
    for level in wanted:
        shift = result.params[column[level]] if level in column else 0.0
        predicted = 1 / (1 + np.exp(-(without + shift)))
        slope = predicted * (1 - predicted)
        means[level] = float(predicted.mean())
        gradient = np.zeros(design.matrix.shape[1])
        gradient[rest] = slope @ others / len(predicted)
        if level in column:
            gradient[column[level]] = slope.mean()
        gradients[level] = gradient
    z = _z()
    found = []
    for level in wanted:
        found.append(
            Adjusted(
                level,
                _interval(means[level], gradients[level], covariance, z),
                NOTHING if level == reference else _interval(
                    means[level] - means[reference], gradients[level] - gradients[reference], covariance, z
                ),
                NOTHING if level == reference else _log_interval(
                    means[level] / means[reference],
                    gradients[level] / means[level] - gradients[reference] / means[reference], covariance, z,
                ),
                NOTHING if level == reference else _odds(result.params[column[level]], covariance, column[level], z),
            )
        )  # fmt: skip
    return model, found


# --- rows and columns -----------------------------------------------------------------------------


def _design(
    frame: pl.DataFrame,
    outcome: str,
    terms: Sequence[str],
    references: MappingType[str, str],
    *,
    separate: bool = False,
) -> _Design:
    """Return the outcome and the columns of a model.

    Categories of too few people are put together, so that no coefficient tells of a few. With ``separate`` (for a
    logistic model), people of a category in which everybody has the same outcome are left out with it: it would
    have no finite coefficient.
    """
    missing = [name for name in (outcome, *terms) if name not in frame.columns]
    if missing:
        raise InputError("the model names columns that the file does not give", [f"{name!r}" for name in missing])
    left_out: dict[str, int] = {}
    dropped: dict[str, str] = {}
    kept = frame.select(*dict.fromkeys((outcome, *terms)))
    for name in kept.columns:
        unknown = kept[name].null_count()
        if unknown:
            left_out[f"{name} is not known"] = unknown
            kept = kept.filter(pl.col(name).is_not_null())
    words = [name for name in dict.fromkeys(terms) if not kept[name].dtype.is_numeric()]
    for name in words:
        if kept[name].dtype == pl.Boolean:
            kept = kept.with_columns(pl.when(name).then(pl.lit("yes")).otherwise(pl.lit("no")).alias(name))
        if kept[name].dtype != pl.String:
            raise InputError(f"{name} is of type {kept[name].dtype}, which cannot stand in a model")
        kept = _few_together(kept, name, references.get(name, "no"))
    if separate:
        kept = _without_certain(kept, outcome, words, left_out, dropped)
    columns: list[Floats] = [np.ones(kept.height)]
    names: list[tuple[str, str]] = [("const", "")]
    for name in dict.fromkeys(terms):
        series = kept[name]
        if name not in words:
            columns.append(series.cast(pl.Float64).to_numpy())
            names.append((name, ""))
            continue
        for level in _levels(series, references.get(name, "no")):
            columns.append((series == level).cast(pl.Float64).to_numpy())
            names.append((name, level))
    matrix = np.column_stack(columns) if kept.height else np.empty((0, len(columns)))
    keep = _told_apart(matrix)
    for place, name_level in enumerate(names):
        if place not in keep:
            dropped[": ".join(part for part in name_level if part)] = "says nothing that the other terms do not say"
    return _Design(
        kept[outcome].cast(pl.Float64).to_numpy(),
        matrix[:, keep],
        [names[place] for place in keep],
        kept.height,
        left_out,
        dropped,
    )


FEW = "other levels together"


def _few_together(kept: pl.DataFrame, name: str, reference: str) -> pl.DataFrame:
    """Put categories of few people together; too few even so count with the reference."""
    least = measures()["minimum_cell"]
    sizes = {str(level): int(count) for level, count in kept[name].value_counts(name="n").iter_rows()}
    few = [level for level, count in sizes.items() if count < least]
    if not few or len(few) == len(sizes):
        return kept
    base = reference if reference in sizes and reference not in few else max(sizes, key=lambda level: sizes[level])
    into = FEW if sum(sizes[level] for level in few) >= least else base
    return kept.with_columns(pl.col(name).replace(dict.fromkeys(few, into)))


def _without_certain(
    kept: pl.DataFrame, outcome: str, words: Sequence[str], left_out: dict[str, int], dropped: dict[str, str]
) -> pl.DataFrame:
    """Leave out people of categories in which everybody has the same outcome, until there is none."""
    found = True
    while found:
        found = False
        for name in words:
            spread = kept.group_by(name).agg(pl.col(outcome).n_unique().alias("kinds"), pl.len().alias("n"))
            certain = spread.filter(pl.col("kinds") == 1)
            if certain.is_empty() or certain.height == spread.height:
                continue
            found = True
            reason = f"everybody of a category of {name} has the same outcome"
            left_out[reason] = left_out.get(reason, 0) + int(certain["n"].sum())
            for level in certain[name].to_list():
                dropped[f"{name}: {level}"] = "everybody in it has the same outcome"
            kept = kept.filter(~pl.col(name).is_in(certain[name].implode()))
    return kept


def _levels(series: pl.Series, reference: str) -> list[str]:
    """Return the categories other than the reference; the most frequent stands in for one that is not there."""
    counts = series.value_counts(name="n").sort("n", series.name, descending=[True, False])[series.name].to_list()
    base = reference if reference in counts else counts[0] if counts else ""
    return sorted(level for level in counts if level != base)


def _told_apart(matrix: Floats) -> list[int]:
    """Return the columns that are not made up of earlier ones."""
    if not len(matrix):
        return list(range(matrix.shape[1]))
    gram = matrix.T @ matrix
    scale = np.sqrt(np.diag(gram))
    gram = gram / np.outer(np.where(scale > 0, scale, 1), np.where(scale > 0, scale, 1))
    kept: list[int] = []
    for place in range(matrix.shape[1]):
        if scale[place] == 0:
            continue
        if kept:
            part = gram[np.ix_(kept, kept)]
            cross = gram[np.ix_(kept, [place])]
            rest = gram[place, place] - float((cross.T @ np.linalg.solve(part, cross))[0, 0])
            if rest < 1e-9:
                continue
        kept.append(place)
    return kept


# --- fitting --------------------------------------------------------------------------------------


def _fitted(design: _Design, outcome: str, method: str, errors: str) -> tuple[Fitted, _Solved | None]:
    hits = int(design.outcome.sum())
    terms = design.matrix.shape[1] - 1

    def result(coefficients: Sequence[Coefficient], r_squared: float, refused: str = "") -> Fitted:
        return Fitted(
            outcome,
            method,
            errors,
            design.used,
            hits,
            design.left_out,
            design.dropped,
            tuple(coefficients),
            r_squared,
            refused,
        )

    needed = measures()["model_least_per_term"] * max(terms, 1)
    if min(hits, design.used - hits) < needed:
        return result((), math.nan, f"too few: at least {needed} with each outcome are needed for {terms} terms"), None
    found = _least_squares(design) if method == "linear_probability" else _logistic(design, hits)
    if found is None:
        return result((), math.nan, "cannot be fitted: a term tells the outcome completely"), None
    classic, robust = np.sqrt(np.diag(found.classic)), np.sqrt(np.diag(found.robust))
    chosen = robust if errors == "HC1" else classic
    z = _z()
    lines = []
    for place, (term, level) in enumerate(design.names):
        value, spread = float(found.params[place]), float(chosen[place])
        p = math.erfc(abs(value / spread) / math.sqrt(2)) if spread > 0 else math.nan
        lines.append(
            Coefficient(
                term,
                level,
                value,
                spread,
                float(robust[place]),
                float(classic[place]),
                value - z * spread,
                value + z * spread,
                p,
            )
        )
    return result(lines, found.fitness), found


@dataclasses.dataclass(frozen=True)
class _Solved:
    """Coefficients, their covariance by the textbook formula and by HC1, and R squared (McFadden's of a logistic)."""

    params: Floats
    classic: Floats
    robust: Floats
    fitness: float


def _least_squares(design: _Design) -> _Solved:
    import statsmodels.api as sm

    found = sm.OLS(design.outcome, design.matrix).fit()
    robust = np.asarray(found.get_robustcov_results("HC1").cov_params())
    return _Solved(found.params, np.asarray(found.cov_params()), robust, float(found.rsquared))


def _logistic(design: _Design, hits: int) -> _Solved | None:
    """Fit by Newton's method; None where a combination of terms tells the outcome.

    A report fits one model for every stage and way to group people. statsmodels' ``Logit``, against which this is
    tested, takes about six times as long. Columns are brought to one size first, so that steps are well measured.
    """
    scale = np.sqrt((design.matrix**2).mean(axis=0))
    matrix, outcome = design.matrix / scale, design.outcome
    count, terms = matrix.shape
    params = np.zeros(terms)
    for _ in range(_MOST_STEPS):
        predicted = _chance(matrix @ params)
        weights = predicted * (1 - predicted)
        information = (matrix * weights[:, None]).T @ matrix
        try:
            step = np.linalg.solve(information, matrix.T @ (outcome - predicted))
        except np.linalg.LinAlgError:
            return None
        params = params + step
        if not np.isfinite(params).all() or np.abs(params).max() > _TOO_LARGE:
            return None
        if np.abs(step).max() < _SETTLED:
            break
    else:
        return None
    odds = matrix @ params
    predicted = _chance(odds)
    classic = np.linalg.inv((matrix * (predicted * (1 - predicted))[:, None]).T @ matrix)
    robust = (
        classic @ ((matrix * ((outcome - predicted) ** 2)[:, None]).T @ matrix) @ classic * (count / (count - terms))
    )
    likelihood = float((outcome * odds - np.logaddexp(0, odds)).sum())
    share = hits / count
    alone = count * (share * math.log(share) + (1 - share) * math.log(1 - share))
    sizes = np.outer(scale, scale)
    return _Solved(params / scale, classic / sizes, robust / sizes, 1 - likelihood / alone)


_MOST_STEPS = 60
_SETTLED = 1e-9
_TOO_LARGE = 40.0
"""Log odds beyond which a term is taken to tell the outcome."""


def _chance(odds: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
    return found


def _z() -> float:
    from scipy.stats import norm

    return float(norm.ppf(1 - alpha() / 2))


def _interval(value: float, gradient: Floats, covariance: Floats, z: float) -> Estimate:
    spread = z * math.sqrt(max(float(gradient @ covariance @ gradient), 0.0))
    return Estimate(value, value - spread, value + spread)


def _log_interval(value: float, gradient: Floats, covariance: Floats, z: float) -> Estimate:
    spread = z * math.sqrt(max(float(gradient @ covariance @ gradient), 0.0))
    return Estimate(value, value * math.exp(-spread), value * math.exp(spread))


def _odds(coefficient: float, covariance: Floats, place: int, z: float) -> Estimate:
    spread = z * math.sqrt(max(float(covariance[place, place]), 0.0))
    return Estimate(math.exp(coefficient), math.exp(coefficient - spread), math.exp(coefficient + spread))


def linear(
    frame: pl.DataFrame, outcome: str, group: str, reference: str, controls: Sequence[str]
) -> tuple[dict[str, tuple[float, float, float]], int]:
    """Compare a number between groups with everything in ``controls`` alike (least squares, HC1 errors).

    Returns:
        Group to difference from the reference and its interval, and how many rows were used.
    """
    design = _design(frame, outcome, [group, *controls], {group: reference})
    count, terms = design.matrix.shape
    if count <= terms:
        return {}, count
    # Columns brought to the same size first: the normal equations are then as good as a decomposition, and quicker.
    scale = np.sqrt((design.matrix**2).mean(axis=0))
    matrix = design.matrix / scale
    inverse = np.linalg.inv(matrix.T @ matrix)
    params = inverse @ (matrix.T @ design.outcome)
    rest = design.outcome - matrix @ params
    covariance = inverse @ ((matrix * (rest**2)[:, None]).T @ matrix) @ inverse * (count / (count - terms))
    values, errors = params / scale, np.sqrt(np.diag(covariance)) / scale
    z = _z()
    return {
        level: (
            float(values[place]),
            float(values[place] - z * errors[place]),
            float(values[place] + z * errors[place]),
        )
        for place, (term, level) in enumerate(design.names)
        if term == group
    }, count
