"""From a review's determinations to terms that can be valued: what each option makes of the loan.

Options differ in the columns of their terms. What an option does is read from these columns alone, so that a new
program is valued without a word here; an option whose terms cannot be valued says why.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.programs.base import Option, Program, column
from hopenow.valuation.modern.assumptions import ELSEWHERE, Market
from hopenow.valuation.modern.model import Loans, Terms, as_is

__all__ = ["NEEDED", "NO_HELP", "STATUS", "Determined", "Offers", "gathered", "loans_of"]

Ints = npt.NDArray[np.int64]

NO_HELP: Final = "no_help"
"""Stands among the options for the loan as it is."""
STATUS: Final = ("eligible", "conditional")
"""Statuses by code that are valued; the codes are those of a determination."""
NEEDED: Final = (
    "evaluation_date",
    "months_delinquent",
    "interest_bearing_balance",
    "note_rate",
    "monthly_principal_and_interest",
    "remaining_term",
    "property_value",
)
"""Facts without which a loan cannot be valued."""

KINDS: Final = ("none", "modification", "deferral", "claim", "plan", "reinstatement", "sale", "deed")
"""What an option does to the loan. `claim`: somebody else pays the arrears and is owed them on the home."""
NONE, MODIFICATION, DEFERRAL, CLAIM, PLAN, REINSTATEMENT, SALE, DEED = range(8)

_BALANCES: Final = ("interest_bearing_balance", "new_balance", "balance_after")
_CLAIMS: Final = ("claim_amount", "claim", "advance")
_DEEDS: Final = ("deed", "release")
_TRIALS: Final = ("trial_months", "trial_start")
_PARTS: Final = ("monthly_taxes", "monthly_insurance", "monthly_dues", "monthly_mortgage_insurance")
_NOT_VALUED: Final = {
    "time": "it only gives time; what it is worth depends on what comes after it",
    "shape": "its terms change the loan in a way that the model has no room for",
    "unknown": "its terms are not known yet",
}


class Determined(Protocol):
    """The loans of one program with what a review determined of them (see `hopenow.review.engine.Part`)."""

    @property
    def program(self) -> Program:
        """The program."""
        ...

    @property
    def frame(self) -> pl.DataFrame:
        """One row for each loan: its place (``_row``), status codes and terms, in engine units."""
        ...


@dataclasses.dataclass(frozen=True, eq=False)
class Offers:
    """Everything that can be valued; arrays of one length, the loans as they are first.

    Attributes:
        terms: of each offer.
        option: place among ``names``. kind: place among `KINDS`. status: place among `STATUS`.
        trial: whether a trial comes first. now: paid to the investor at the start, by others or the homeowner.
        own: the part of that that the homeowner pays. proceeds: of a sale, known or -1.
        incentive: paid to the servicer. names: program and option.
        not_valued: place of the loan, program, option, and why.
    """

    terms: Terms
    option: Ints
    kind: Ints
    status: Ints
    trial: npt.NDArray[np.bool_]
    now: Ints
    own: Ints
    proceeds: Ints
    incentive: Ints
    names: tuple[tuple[str, str], ...]
    not_valued: pl.DataFrame


def loans_of(facts: pl.DataFrame, m: Market) -> tuple[Loans, npt.NDArray[np.bool_]]:
    """Return the loans of a frame of facts, and which of them can be valued.

    Facts that are not known of the others are filled with something harmless; nothing of it is shown.
    """
    usable = facts.select(
        pl.all_horizontal(pl.col(name).is_not_null() for name in NEEDED)
        & (pl.col("property_value") > 0)
        & (pl.col("remaining_term") > 0)
        & (pl.col("monthly_principal_and_interest") > 0)
        & (pl.col("interest_bearing_balance") > 0)
    )
    mask = usable.to_series().to_numpy()

    def of(name: str, otherwise: int) -> Ints:
        return np.ascontiguousarray(facts[name].cast(pl.Int64).fill_null(otherwise).to_numpy(), dtype=np.int64)

    parts = [name for name in _PARTS if name in facts.columns]
    escrow = facts.select(
        pl.when(pl.col("monthly_taxes").is_null() | pl.col("monthly_insurance").is_null())
        .then(-1)
        .otherwise(pl.sum_horizontal(pl.col(name).fill_null(0) for name in parts))
    )
    days = {day: place * len(m.states) for place, day in enumerate(m.days)}
    place = facts.select(
        pl.col("state")
        .cast(pl.String)
        .replace_strict(dict(m.states), default=m.states[ELSEWHERE], return_dtype=pl.Int64)
        + pl.col("evaluation_date").replace_strict(days, default=0, return_dtype=pl.Int64)
    )
    made = Loans(
        late=np.maximum(of("months_delinquent", 0), 0),
        balance=np.maximum(of("interest_bearing_balance", 1), 1),
        deferred=np.maximum(of("deferred_balance", 0), 0),
        rate=of("note_rate", 0),
        payment=np.maximum(of("monthly_principal_and_interest", 1), 1),
        term=np.maximum(of("remaining_term", 1), 1),
        value=np.maximum(of("property_value", 1), 1),
        escrow=np.ascontiguousarray(escrow.to_series().to_numpy(), dtype=np.int64),
        state=np.ascontiguousarray(place.to_series().to_numpy(), dtype=np.int64),
    )
    return made, mask


def gathered(loans: Loans, usable: npt.NDArray[np.bool_], determined: Iterable[Determined]) -> Offers:
    """Gather the loans as they are and every option that they are or may be eligible for."""
    own = as_is(loans)
    alone = np.flatnonzero(usable)
    names: list[tuple[str, str]] = [("", NO_HELP)]
    chunks = [_chunk(own, alone, 0, NONE, np.zeros(alone.size, np.int64))]
    left_out: list[pl.DataFrame] = []
    for part in determined:
        rows = part.frame["_row"].to_numpy()
        for option in part.program.options:
            code = column(option.id, "status_code")
            if option.kind not in ("keep", "reinstate", "leave") or code not in part.frame.columns:
                continue
            status = part.frame[code].to_numpy()
            chosen = np.flatnonzero((status < len(STATUS)) & usable[rows])
            if not chosen.size:
                continue
            name = (part.program.id, option.id)
            frame = part.frame[pl.Series(chosen.astype(np.uint32))]
            adapted = _adapted(option, frame, own, rows[chosen].astype(np.int64))
            if isinstance(adapted, str):
                left_out.append(_left_out(rows[chosen], name, _NOT_VALUED[adapted]))
                continue
            known, chunk = adapted
            if not known.all():
                left_out.append(_left_out(rows[chosen][~known], name, _NOT_VALUED["unknown"]))
            if name not in names:
                names.append(name)
            size = int(known.sum())
            chunk["option"] = np.full(size, names.index(name), np.int64)
            chunk["status"] = status[chosen][known].astype(np.int64)
            chunks.append(chunk)
    together = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}
    fields = [item.name for item in dataclasses.fields(Terms)]
    return Offers(
        terms=Terms(**{name: together.pop(name) for name in fields}),
        **together,
        names=tuple(names),
        not_valued=pl.concat(left_out) if left_out else _left_out(np.zeros(0, np.int64), ("", ""), ""),
    )


def _left_out(rows: Any, name: tuple[str, str], why: str) -> pl.DataFrame:
    return pl.DataFrame({"_row": pl.Series(rows, dtype=pl.UInt32)}).with_columns(
        program=pl.lit(name[0]), option=pl.lit(name[1]), why=pl.lit(why)
    )


def _chunk(own: Terms, at: Ints, option: int, kind: int, status: Ints) -> dict[str, Any]:
    """Return offers that leave the loans as they are, to be changed."""
    chunk: dict[str, Any] = {item.name: getattr(own, item.name)[at] for item in dataclasses.fields(Terms)}
    nothing = np.zeros(at.size, np.int64)
    return chunk | {
        "option": np.full(at.size, option, np.int64),
        "kind": np.full(at.size, kind, np.int64),
        "status": status,
        "trial": np.zeros(at.size, np.bool_),
        "now": nothing,
        "own": nothing,
        "proceeds": nothing - 1,
        "incentive": nothing,
    }


def _adapted(
    option: Option, frame: pl.DataFrame, own: Terms, at: Ints
) -> tuple[npt.NDArray[np.bool_], dict[str, Any]] | str:
    """Return which rows have terms and their offers, or a word of `_NOT_VALUED`."""
    kind, wanted = _kind(option)
    if kind == NONE:
        return str(wanted)
    known = np.ones(frame.height, np.bool_)
    for name in wanted:
        known &= frame[column(option.id, name)].is_not_null().to_numpy()
    rows = frame.filter(pl.Series(known)) if not known.all() else frame

    def of(name: str) -> Ints:
        values = rows[column(option.id, name)].cast(pl.Int64).fill_null(0)
        return np.ascontiguousarray(values.to_numpy(), dtype=np.int64)

    found: dict[str, Any] = _chunk(own, at[known], 0, kind, np.zeros(int(known.sum()), np.int64))
    columns = option.columns
    if kind in (MODIFICATION, DEFERRAL, CLAIM, PLAN, REINSTATEMENT):
        found["paying"] = np.ones(rows.height, np.bool_)
    if kind == MODIFICATION:
        found["balance"] = of(next(name for name in _BALANCES if name in columns))
        found["rate"], found["term"], found["payment"] = of("rate"), of("term"), of("principal_and_interest")
        if "deferred_balance" in columns:
            found["forborne"] = of("deferred_balance")
        elif "forborne" in columns:
            found["forborne"] = found["forborne"] + of("forborne")
        for name in _CLAIMS:
            if name in columns:
                found["behind"] = found["now"] = of(name)
                break
        found["trial"] = np.full(rows.height, any(name in columns for name in _TRIALS))
    elif kind == DEFERRAL:
        found["balance"], found["forborne"] = of("interest_bearing_balance"), of("deferred_balance")
        if "remaining_term" in columns:
            found["term"] = of("remaining_term")
    elif kind == CLAIM:
        found["behind"] = found["now"] = of(next(name for name in _CLAIMS if name in columns))
    elif kind == PLAN:
        found["extra"], found["extra_months"] = of("installment"), of("months")
    elif kind == REINSTATEMENT:
        found["now"] = found["own"] = of("amount")
    elif kind == SALE:
        net = rows[column(option.id, "net_proceeds")].cast(pl.Int64).fill_null(-1)
        found["proceeds"] = np.ascontiguousarray(net.to_numpy(), dtype=np.int64)
    if "servicer_incentive" in columns:
        found["incentive"] = of("servicer_incentive")
    found["term"] = np.maximum(found["term"], 1)
    return known, found


def _kind(option: Option) -> tuple[int, Any]:
    """Return what an option does and the terms that must be known, or `NONE` and why it cannot be valued."""
    columns: Mapping[str, Any] = option.columns
    if option.kind == "leave":
        if "net_proceeds" in columns:
            return SALE, ()
        return (DEED, ()) if any(word in option.id for word in _DEEDS) else (NONE, "shape")
    if option.kind == "reinstate":
        return (REINSTATEMENT, ("amount",)) if "amount" in columns else (NONE, "shape")
    balance = next((name for name in _BALANCES if name in columns), None)
    if balance and {"rate", "term", "principal_and_interest"} <= columns.keys():
        return MODIFICATION, (balance, "rate", "term", "principal_and_interest")
    if {"deferred_balance", "interest_bearing_balance"} <= columns.keys():
        return DEFERRAL, ("interest_bearing_balance", "deferred_balance")
    if {"installment", "months", "arrears"} <= columns.keys():
        return PLAN, ("installment", "months")
    claim = next((name for name in _CLAIMS if name in columns), None)
    if claim and "monthly_help" not in columns:
        return CLAIM, (claim,)
    if {"months", "start", "end"} <= columns.keys():
        return NONE, "time"
    return NONE, "shape"


def days_of(facts: pl.DataFrame) -> list[datetime.date]:
    """Return the days of valuation, in order."""
    days: list[datetime.date] = facts["evaluation_date"].drop_nulls().unique().sort().to_list()
    return days
