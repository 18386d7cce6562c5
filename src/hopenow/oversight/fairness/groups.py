"""Groups of people to be compared: given by the file, or worked out from it (risk, delinquency, income, age).

A group column is text; null is a person whose group is not known. Nobody is dropped for that: the tables show them as
``not known``.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence

import polars as pl

from hopenow.law import Parameters
from hopenow.oversight.fairness.mapping import DIMENSIONS_FROM, Mapping
from hopenow.oversight.fairness.vocabulary import measures

__all__ = ["UNKNOWN", "Dimension", "with_groups"]

UNKNOWN = "not known"
_PPM = 1_000_000


@dataclasses.dataclass(frozen=True)
class Dimension:
    """A way to put people into groups.

    Attributes:
        id: name of the group column.
        label: in words.
        ordered: the groups have an order of their own, from ``levels``.
        levels: every group in order; for a dimension without order, the most frequent first.
        reference: group that the others are compared with; None where there is no group at all.
        how: how the groups are made.
    """

    id: str
    label: str
    ordered: bool
    levels: tuple[str, ...]
    reference: str | None
    how: str

    @property
    def others(self) -> tuple[str, ...]:
        """Return the groups that are compared with the reference."""
        return tuple(level for level in self.levels if level != self.reference)


_GIVEN = {
    "race": "race",
    "ethnicity": "ethnicity",
    "sex": "sex",
    "language": "language",
    "channel": "channel",
    "marital_status": "marital status",
    "state": "state",
    "county": "county",
    "metro": "metropolitan area",
    "lender": "lender or servicer",
}
_WORKED_OUT = {
    "risk_decile": "risk (1 least, {risk_groups} most)",
    "delinquency_stage": "days past due",
    "income_band": "income against the area median",
    "age_band": "age",
    "elderly": "elderly",
}


def with_groups(
    frame: pl.DataFrame, mapping: Mapping, only: Sequence[str] = ()
) -> tuple[pl.DataFrame, list[Dimension]]:
    """Add a text column for every way to group the people of a file.

    Args:
        frame: applications.
        mapping: names references and labels.
        only: dimensions to look at; empty means all that the file allows.

    Returns:
        The frame with group columns ``group_<id>``, and the dimensions.
    """
    law = measures()
    made: dict[str, tuple[pl.Expr, Sequence[str] | None, str]] = {}
    for name in _WORKED_OUT:
        if any(set(needs) <= set(frame.columns) for needs in DIMENSIONS_FROM[name]):
            made[name] = _MAKERS[name](frame, law)
    for name in _GIVEN:
        if name in frame.columns:
            made[name] = (pl.col(name), None, "as the file gives it")
    wanted = {name: made[name] for name in made if not only or name in only}
    frame = frame.with_columns(expression.alias(f"group_{name}") for name, (expression, _, _) in wanted.items())
    found = []
    for name, (_, order, how) in wanted.items():
        dimension = _dimension(frame, name, order, how, mapping, law)
        if dimension.levels:
            found.append(dimension)
    return frame, found


def _dimension(
    frame: pl.DataFrame, name: str, order: Sequence[str] | None, how: str, mapping: Mapping, law: Parameters
) -> Dimension:
    counts = (
        frame[f"group_{name}"].drop_nulls().value_counts(name="n").sort("n", f"group_{name}", descending=[True, False])
    )
    there = counts[f"group_{name}"].to_list()
    levels = tuple(there) if order is None else tuple(level for level in order if level in set(there))
    wanted = mapping.references.get(name)
    usual = {"risk_decile": levels[0] if levels else None}.get(name) if order is not None else None
    reference = wanted if wanted in levels else usual or (there[0] if there else None)
    label = (_WORKED_OUT.get(name) or _GIVEN[name]).format(risk_groups=law["risk_groups"])
    if name not in _WORKED_OUT and mapping.label(name) != name.replace("_", " "):
        label = mapping.label(name)
    return Dimension(name, label, order is not None, levels, reference, how)


# --- worked out -----------------------------------------------------------------------------------

Made = tuple[pl.Expr, Sequence[str] | None, str]


def _bands(value: pl.Expr, cuts: Sequence[float], labels: Sequence[str]) -> pl.Expr:
    expression: pl.Expr = pl.lit(labels[-1])
    for cut, label in zip(reversed(cuts), reversed(labels[:-1]), strict=True):
        expression = pl.when(value < cut).then(pl.lit(label)).otherwise(expression)
    return pl.when(value.is_not_null()).then(expression)


def _numbers(law: Parameters, name: str) -> list[int]:
    value = law.value(name)
    assert isinstance(value, tuple)  # noqa: S101  (a list of words in the file)
    return [int(word) for word in value]


def _span_labels(cuts: Sequence[int], first: str, last: str) -> list[str]:
    middle = [f"{low} to {high - 1}" for low, high in itertools.pairwise(cuts)]
    return [first, *middle, last]


def _age(frame: pl.DataFrame, law: Parameters) -> Made:
    cuts = _numbers(law, "age_bands_from")
    labels = _span_labels(cuts, f"under {cuts[0]}", f"{cuts[-1]} and over")
    return _bands(pl.col("age"), cuts, labels), labels, "bands of age"


def _elderly(frame: pl.DataFrame, law: Parameters) -> Made:
    cut = law["elderly_from"]
    labels = [f"under {cut}", f"{cut} and over"]
    return _bands(pl.col("age"), [cut], labels), labels, "elderly as Regulation B defines it"


def _delinquency(frame: pl.DataFrame, law: Parameters) -> Made:
    cuts = _numbers(law, "delinquency_bands_from")
    labels = _span_labels(cuts, "current", f"{cuts[-1]} and more")
    return _bands(pl.col("days_delinquent"), cuts, labels), labels, "days since the oldest unpaid due date"


def _income(frame: pl.DataFrame, law: Parameters) -> Made:
    labels = ["low", "moderate", "middle", "upper"]
    names = ["low_income_below", "moderate_income_below", "middle_income_below"]
    if {"income", "area_median_income"} <= set(frame.columns):
        # Cross-multiplied, so that whoever stands exactly on a line is put right.
        expression: pl.Expr = pl.lit(labels[-1])
        for name, label in zip(reversed(names), reversed(labels[:-1]), strict=True):
            below = pl.col("income") * _PPM < pl.col("area_median_income") * law[name]
            expression = pl.when(below).then(pl.lit(label)).otherwise(expression)
        known = pl.col("income").is_not_null() & (pl.col("area_median_income") > 0)
        return pl.when(known).then(expression), labels, "yearly income over the area's median family income"
    cuts = [law[name] / _PPM for name in names]
    return _bands(pl.col("income_ratio"), cuts, labels), labels, "the file's ratio of income to the area's median"


def _risk(frame: pl.DataFrame, law: Parameters) -> Made:
    groups = law["risk_groups"]
    score = pl.col("risk_score") if "risk_score" in frame.columns else -pl.col("credit_score")
    how = "the file's risk score" if "risk_score" in frame.columns else "the credit score, lowest riskiest"
    # Average ranks keep people with the same score together.
    place = (score.rank("average") - 0.5) / score.count() * groups
    decile = place.floor().clip(0, groups - 1).cast(pl.Int64) + 1
    labels = [str(number) for number in range(1, groups + 1)]
    return decile.cast(pl.String), labels, f"{groups} groups of equal size by {how}"


_MAKERS: dict[str, Callable[[pl.DataFrame, Parameters], Made]] = {
    "risk_decile": _risk,
    "delinquency_stage": _delinquency,
    "income_band": _income,
    "age_band": _age,
    "elderly": _elderly,
}
