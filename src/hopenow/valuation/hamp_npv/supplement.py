"""The quarterly supplement of the HAMP NPV model: a required, versioned input, and a public substitute for it.

Treasury sent servicers a new supplement each quarter: state timelines and costs, house prices of 110 markets, the
home price decline table. None of it was ever published. A supplement is a folder with ``supplement.yaml`` and four
tables, or one YAML file that holds them all (see ``docs/valuation.md``); a folder of such folders holds several
quarters. What is read is checked whole, and every defect is reported at once.

:func:`public_substitute` makes one from public figures. It is labeled as such in every result that rests on it.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime
import functools
import io
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hopenow.errors import CoverageError, HopeNowError, InputError
from hopenow.law import Parameters, Verification, segments, weakest
from hopenow.law.loader import read_strict
from hopenow.money import cents, half_up_div
from hopenow.programs.hamp import incentives
from hopenow.reference.house_prices import house_price_index, quarter_label, quarter_number, quarter_start
from hopenow.valuation.hamp_npv.figures import Coefficients, law, parameters
from hopenow.valuation.lanes import Floats, exponential, exponential_array, natural_log, natural_log_array
from hopenow.valuation.timelines import state_timelines

__all__ = ["PUBLIC_LABEL", "Prices", "Supplement", "Supplements", "load_supplement", "public_substitute"]

PUBLIC_LABEL = "public substitute, not Treasury's"
"""Shown with every result that rests on it."""

Integers = npt.NDArray[np.int64]

_QUARTER = 3
_YEAR = 12
_QUINTILES = 5
_MOST_DAYS = 5000  # no timeline is longer; also keeps the price table short
_TABLES = {
    "states": (
        "state", "foreclosure_days", "reo_days", "cost_percent", "settlement_percent",
        "reo_discount_percent_low_value", "reo_discount_percent_high_value",
    ),
    "markets": ("area", "market"),
    "prices": ("market", "quarter", "index"),
    "declines": ("market", "quintile", "amount"),
}  # fmt: skip
_STATES = """
AL AK AZ AR CA CO CT DE DC FL GA GU HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO
MT NE NV NH NJ NM NY NC ND OH OK OR PA PR RI SC SD TN TX UT VT VA VI WA WV WI WY
"""
STATES = frozenset(_STATES.split())
"""States and territories that the model takes."""


@dataclasses.dataclass(frozen=True, eq=False)
class Prices:
    """House prices by market and month, ready for the kernels; prices are over the price now.

    Attributes:
        levels: shape (markets, months + 1); month 0 is now.
        unprices: price of the month before over that of the month, for the early months; shape (markets, early + 1).
        growth: growth over twelve months, as a fraction; shape (markets, early + 1).
        late_unprice: the same ratio in later months.
        late_growth: yearly growth in later months.
    """

    levels: Floats
    unprices: Floats
    growth: Floats
    late_unprice: float
    late_growth: float

    def growth_parts(self, c: Coefficients) -> tuple[Floats, Floats]:
        """Return what growth adds to the prepayment exponent: shape (4 * markets, early + 1), and later on (4,)."""
        curve = c.smm["hpag"]
        buckets = np.arange(len(c.intercept))
        early = np.stack([curve.value(self.growth, np.full(self.growth.shape, b)) for b in buckets], axis=1)
        late = curve.value(np.full(buckets.size, self.late_growth), buckets)
        return np.ascontiguousarray(early.reshape(-1, self.growth.shape[1])), late


@dataclasses.dataclass(frozen=True, eq=False)
class Supplement:
    """One quarter's supplement.

    Attributes:
        name: which tables these are.
        label: what is shown with every result.
        first: first NPV date for which it counts.
        last: last such date.
        quarter: the current quarter of its house prices.
        verification: how sure its figures are.
        notes: what a reader has to know.
        states: state to its row in the state arrays.
        foreclosure_days: last paid installment to liquidation; shape (states,).
        reo_days: acquisition to disposition.
        costs: share of the balance before the modification.
        settlement: share of the sale price.
        discount_low: REO discount (not negative) for values up to the split; automated valuation.
        discount_high: the same above the split.
        markets: market to its row in the price tables.
        areas: ZIP code, its first three digits, or state, to a market's row.
        index: quarterly index of each market from the history's first quarter to the projection's last.
        declines: home price decline payment before the loan-to-value factor, cents; shape (markets, quintiles).
    """

    name: str
    label: str
    first: datetime.date
    last: datetime.date
    quarter: str
    verification: Verification
    notes: tuple[str, ...]
    states: Mapping[str, int]
    foreclosure_days: Integers
    reo_days: Integers
    costs: Floats
    settlement: Floats
    discount_low: Floats
    discount_high: Floats
    markets: Mapping[str, int]
    areas: Mapping[str, int]
    index: Floats
    declines: Integers

    def market_of(self, zip_code: str | None, state: str | None) -> int:
        """Return a home's market: by ZIP code, by its first three digits, then by state; -1 where there is none."""
        for area in (zip_code or "", (zip_code or "")[:3], state or ""):
            if area in self.areas:
                return self.areas[area]
        return -1

    @functools.cached_property
    def prices(self) -> Prices:
        """House prices by month."""
        return _monthly(self.index, parameters("3.0"))


class Supplements(Protocol):
    """Where supplements come from."""

    @property
    def label(self) -> str:
        """What is shown of all of them."""
        ...

    def on(self, day: datetime.date) -> Supplement:
        """Return the supplement that counts for an NPV date.

        Raises:
            CoverageError: there is none.
        """
        ...


def _monthly(index: Floats, p: Parameters) -> Prices:
    """Spread quarterly figures over months: each quarter grows at one monthly rate; later growth is flat."""
    history, projected = p["history_quarters"], p["projected_quarters"]
    yearly = 1.0 + p["later_growth"] / 1e6
    late = exponential(natural_log(yearly) / _YEAR)
    longest = 2 * (_MOST_DAYS // p["days_in_month"] + 1) + p["redefault_paid_months"]
    early = _QUARTER * projected + _YEAR  # from then on, growth over twelve months is flat, too
    growth = index[:, 1:] / index[:, :-1]
    # Own logarithm and exponential: the same to the bit on every processor.
    root = exponential_array(natural_log_array(growth.ravel()) / _QUARTER).reshape(growth.shape)
    monthly = np.repeat(root, _QUARTER, axis=1)
    flat = np.full((index.shape[0], longest - _QUARTER * projected), late)
    steps = np.concatenate([monthly, flat], axis=1)
    path = np.concatenate([np.ones((index.shape[0], 1)), np.cumprod(steps, axis=1)], axis=1)
    now = _QUARTER * history
    levels = path[:, now:] / path[:, now : now + 1]
    unprices = np.ones((index.shape[0], early + 1))
    unprices[:, 1:] = 1.0 / steps[:, now : now + early]
    over_year = path[:, now : now + early + 1] / path[:, now - _YEAR : now + early + 1 - _YEAR] - 1.0
    return Prices(
        np.ascontiguousarray(levels), unprices, np.ascontiguousarray(over_year), 1.0 / late, p["later_growth"] / 1e6
    )


# --- reading ----------------------------------------------------------------------------------------------------------


class _Head(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str, Field(min_length=1)]
    publisher: Annotated[str, Field(min_length=1)]
    first: datetime.date
    last: datetime.date
    quarter: Annotated[str, Field(pattern=r"^\d{4}Q[1-4]$")]
    verification: Literal["verified", "secondary", "unverified"]
    note: str = ""


Rows = Sequence[Mapping[str, str]]


@dataclasses.dataclass(frozen=True)
class _Loaded:
    label: str
    found: tuple[Supplement, ...]

    def on(self, day: datetime.date) -> Supplement:
        """Return the supplement that counts for an NPV date."""
        for item in self.found:
            if item.first <= day <= item.last:
                return item
        raise CoverageError(
            "The supplement", day, self.found[0].first, self.found[-1].last,
            "Add the supplement of that quarter; a neighboring quarter's is never used.",
        )  # fmt: skip


def load_supplement(path: Path | str) -> Supplements:
    """Read one supplement (a YAML file, or a folder with ``supplement.yaml``), or a folder of several.

    Raises:
        InputError: what is there is not a supplement; carries every finding.
    """
    where = Path(path)
    single = where.is_file() or (where / "supplement.yaml").is_file()
    places = [where] if single else sorted(item for item in where.glob("*") if (item / "supplement.yaml").is_file())
    if not places:
        raise InputError(
            f"{where} is no supplement: neither a YAML file nor a folder with supplement.yaml (see docs/valuation.md)"
        )
    found, findings = [], []
    for place in places:
        try:
            found.append(_read_one(place))
        except InputError as error:
            findings += [f"{place.name}: {item}" for item in error.findings or [error.message]]
    found.sort(key=lambda item: item.first)
    findings += [
        f"{later.name} begins {later.first}, before {earlier.name} ends {earlier.last}"
        for earlier, later in pairwise(found)
        if later.first <= earlier.last
    ]
    if findings:
        raise InputError(f"{where} cannot be used as a supplement of the NPV model:", findings)
    return _Loaded("; ".join(dict.fromkeys(item.label for item in found)), tuple(found))


def _read_one(place: Path) -> Supplement:
    findings: list[str] = []
    tables: dict[str, Rows] = {}
    try:
        content = read_strict(place if place.is_file() else place / "supplement.yaml")
    except HopeNowError as error:
        raise InputError(f"{place} cannot be read", [str(error)]) from None
    if not isinstance(content, dict):
        raise InputError(f"{place} cannot be read", ["it does not hold names and values"])
    for name, columns in _TABLES.items():
        try:
            tables[name] = _table(name, columns, content, place)
        except InputError as error:
            findings += [f"{name}: {item}" for item in error.findings or [error.message]]
    head = None
    try:
        head = _Head.model_validate({key: value for key, value in content.items() if key not in _TABLES})
    except ValidationError as error:
        findings += [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
    if findings or head is None:
        raise InputError(f"{place} is not a supplement", findings)
    return build(head.model_dump(), tables, f"{head.publisher}: {head.name}")


def _table(name: str, columns: tuple[str, ...], content: Mapping[str, Any], place: Path) -> Rows:
    if place.is_file():
        rows = content.get(name)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise InputError("must be a list of rows by name")
        found = [{str(key): str(value) for key, value in row.items()} for row in rows]
    else:
        file = place / f"{name}.csv"
        if not file.is_file():
            raise InputError(f"there is no {file.name}")
        reader = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig")), strict=True)
        found = [{str(key): value or "" for key, value in row.items()} for row in reader]
    wrong = [
        f"row {n}: has {', '.join(row)}; expected {', '.join(columns)}"
        for n, row in enumerate(found, 1)
        if set(row) != set(columns)
    ]
    if wrong or not found:
        raise InputError("cannot be used", wrong[:10] or ["it has no rows"])
    return found


class _Reader:
    """Reads cells and remembers every defect."""

    def __init__(self) -> None:
        self.findings: list[str] = []

    def number(self, table: str, row: Mapping[str, str], column: str, low: Decimal, high: Decimal) -> Decimal:
        try:
            value = Decimal(row[column].strip())
            if low <= value <= high:
                return value
        except InvalidOperation:
            pass
        self.findings.append(
            f"{table}: {column} {row[column]!r} of {next(iter(row.values()))} is not a number from {low} to {high}"
        )
        return low


def build(head: Mapping[str, Any], tables: Mapping[str, Rows], label: str) -> Supplement:
    """Make a supplement of its tables, whose cells are text, and check it whole.

    Args:
        head: ``name``, ``publisher``, ``first``, ``last``, ``quarter``, ``verification`` and ``note``.
        tables: rows by table and column.
        label: what is shown with every result.

    Raises:
        InputError: with every finding.
    """
    read, p = _Reader(), parameters("3.0")
    zero, whole = Decimal(0), Decimal(100)
    states: dict[str, int] = {}
    rows: list[list[Decimal]] = []
    for row in tables["states"]:
        code = row["state"].strip()
        if code not in STATES or code in states:
            read.findings.append(f"states: {code!r} is {'given twice' if code in states else 'no state of the model'}")
            continue
        states[code] = len(rows)
        days = [read.number("states", row, name, Decimal(1), Decimal(_MOST_DAYS)) for name in _TABLES["states"][1:3]]
        # The documentation prints REO discounts with either sign; their size counts.
        shares = [abs(read.number("states", row, name, -whole, whole)) for name in _TABLES["states"][3:]]
        rows.append([*days, *shares])
    state_table = np.array([[float(cell) for cell in row] for row in rows]).reshape(-1, len(_TABLES["states"]) - 1)

    quarter = _quarter(str(head["quarter"]))
    first, last = quarter - p["history_quarters"], quarter + p["projected_quarters"]
    markets: dict[str, int] = {}
    figures: dict[tuple[str, int], Decimal] = {}
    for row in tables["prices"]:
        market = row["market"].strip()
        markets.setdefault(market, len(markets))
        at = _quarter(row["quarter"].strip())
        if not first <= at <= last or (market, at) in figures:
            read.findings.append(
                f"prices: {market} {row['quarter']} is given twice, or outside "
                f"{quarter_label(first)} to {quarter_label(last)}"
            )
            continue
        figures[market, at] = read.number("prices", row, "index", Decimal("0.000001"), Decimal(10**9))
    read.findings += [
        f"prices: {market} has no index for {quarter_label(at)}"
        for market in markets
        for at in range(first, last + 1)
        if (market, at) not in figures
    ]
    index = np.array([[float(figures.get((market, at), 1)) for at in range(first, last + 1)] for market in markets])

    areas: dict[str, int] = {}
    for row in tables["markets"]:
        area, market = row["area"].strip(), row["market"].strip()
        if market not in markets or area in areas or not (area in STATES or (area.isdigit() and len(area) in (3, 5))):
            read.findings.append(
                f"markets: {area!r} to {market!r}: give a ZIP code, its first three digits or a state, once, "
                "and a market that has prices"
            )
            continue
        areas[area] = markets[market]

    declines = np.full((len(markets), _QUINTILES), -1, np.int64)
    for row in tables["declines"]:
        market = row["market"].strip()
        place = int(read.number("declines", row, "quintile", Decimal(1), Decimal(_QUINTILES))) - 1
        if market not in markets:
            read.findings.append(f"declines: {market!r} has no prices")
            continue
        declines[markets[market], place] = cents(read.number("declines", row, "amount", zero, Decimal(10**7)))
    read.findings += [
        f"declines: {market} has no amount for quintile {place + 1}"
        for market, at in markets.items()
        for place in range(_QUINTILES)
        if declines[at, place] < 0
    ]
    if head["first"] > head["last"]:
        read.findings.append(f"first {head['first']} is after last {head['last']}")
    if read.findings:
        raise InputError(f"{head['name']} is not a supplement:", read.findings)
    return Supplement(
        name=str(head["name"]),
        label=label,
        first=head["first"],
        last=head["last"],
        quarter=str(head["quarter"]),
        verification=head["verification"],
        notes=(head["note"],) if head["note"] else (),
        states=states,
        foreclosure_days=state_table[:, 0].astype(np.int64),
        reo_days=state_table[:, 1].astype(np.int64),
        costs=state_table[:, 2] / float(whole),
        settlement=state_table[:, 3] / float(whole),
        discount_low=state_table[:, 4] / float(whole),
        discount_high=state_table[:, 5] / float(whole),
        markets=markets,
        areas=areas,
        index=index,
        declines=declines,
    )


def _quarter(text: str) -> int:
    if len(text) == 6 and text[4] == "Q" and text[:4].isdigit() and text[5] in "1234":
        return int(text[:4]) * 4 + int(text[5]) - 1
    return -1


# --- the public substitute --------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Public:
    path: str
    directory: Path | None
    label: str = PUBLIC_LABEL

    def on(self, day: datetime.date) -> Supplement:
        """Return the substitute for the quarter of an NPV date."""
        return _public_quarter(quarter_number(day), self.path, self.directory)


def public_substitute(path: str | None = None, directory: Path | None = None) -> Supplements:
    """Return a stand-in for Treasury's supplement, made of public figures.

    Args:
        path: where house prices after the last known quarter come from: ``autoregressive`` (what could be known then)
            or ``published`` (what happened; for back-tests); None takes the choice of ``substitute.yaml``.
        directory: the user's folder of newer reference files.

    Raises:
        InputError: an unknown path.
    """
    choice = law("substitute").parameters["price_path"]
    path = path or str(choice.values[0].value)
    if path not in choice.choices:
        raise InputError(f"{path!r} is no price path of the public substitute; use {' or '.join(choice.choices)}")
    return _Public(path, directory)


def _pooled_growth(growth: Floats) -> Callable[[Floats, Floats], Floats]:
    """Fit one equation to all areas: growth of a quarter from that of the two before; rows are areas."""
    now, before, earlier = growth[:, 2:].ravel(), growth[:, 1:-1].ravel(), growth[:, :-2].ravel()
    design = np.stack([np.ones_like(now), before, earlier], axis=1)
    fitted = np.linalg.lstsq(design, now, rcond=None)[0]
    # Digits beyond these differ between linear-algebra libraries.
    constant, first, second = np.round(fitted, 9)
    return lambda last, last_but_one: constant + first * last + second * last_but_one


@functools.lru_cache(maxsize=64)
def _public_quarter(quarter: int, path: str, directory: Path | None) -> Supplement:
    (segment,) = segments(law("substitute"), "hamp_npv")
    own, model = segment.parameters, parameters("3.0")
    table = house_price_index("state", directory)
    history, projected = model["history_quarters"], model["projected_quarters"]
    known = quarter - own["price_lag"]
    needed = quarter + projected if path == "published" else known
    first, last = table.first_quarter, table.first_quarter + table.figures.shape[1] - 1
    if quarter - history < first or needed > last or known - history < first:
        raise CoverageError(
            "The public substitute for the supplement of the NPV model",
            quarter_start(quarter), quarter_start(first + 2 * history), quarter_start(last + own["price_lag"]),
            "It rests on the house price index by state.",
        )  # fmt: skip
    codes = [code for code in table.areas if code in STATES]
    level = table.figures[[table.areas[code] for code in codes]].astype(np.float64)
    column = known - first
    if path == "published":
        index = level[:, quarter - history - first : quarter + projected - first + 1]
    else:
        growth = np.diff(np.log(level[:, : column + 1]), axis=1)
        following = _pooled_growth(growth)
        steps = list(growth.T[-2:])
        for _ in range(quarter + projected - known):
            steps.append(following(steps[-1], steps[-2]))
        ahead = level[:, column : column + 1] * np.exp(np.cumsum(np.stack(steps[2:], axis=1), axis=1))
        index = np.concatenate([level[:, quarter - history - first : column + 1], ahead], axis=1)
    day = quarter_start(quarter)
    # The first quarter of the program begins before its first day.
    figures = incentives.on(max(day, datetime.date(day.year, day.month + 2, 1)))
    lag = figures["hpdp_lag_quarters"]
    frames = state_timelines(own.word("foreclosure_time_frame"), directory)
    tables: dict[str, Rows] = {
        "states": [
            {
                "state": code,
                "foreclosure_days": str(frames[code].days),
                "reo_days": str(own["reo_days"]),
                "cost_percent": str(Decimal(own["cost_share"]).scaleb(-4)),
                "settlement_percent": str(Decimal(own["settlement_share"]).scaleb(-4)),
                "reo_discount_percent_low_value": str(Decimal(own["reo_discount"]).scaleb(-4)),
                "reo_discount_percent_high_value": str(Decimal(own["reo_discount"]).scaleb(-4)),
            }
            for code in frames
            if code in STATES
        ],
        "markets": [{"area": code, "market": code} for code in codes],
        "prices": [
            {"market": code, "quarter": quarter_label(quarter - history + place), "index": f"{figure:.6f}"}
            for code, row in zip(codes, index, strict=True)
            for place, figure in enumerate(row.tolist())
        ],
        "declines": [
            {
                "market": code,
                "quintile": str(place + 1),
                "amount": _decline(table.figures[table.areas[code]], quarter - lag - first, base, figures),
            }
            for code in codes
            for place, base in enumerate(_words(figures, "hpdp_bases"))
        ],
    }
    following_quarter = quarter_start(quarter + 1)
    head = {
        "name": f"Public substitute {quarter_label(quarter)}",
        "publisher": "Hope Now",
        "first": day,
        "last": following_quarter - datetime.timedelta(days=1),
        "quarter": quarter_label(quarter),
        "verification": weakest([own.source(name).verification for name in own]),
        "note": f"House prices: {table.info.source}, {table.info.edition}; "
        f"known through {quarter_label(known)}, then {path}. "
        "One market for each state instead of 110; none for Puerto Rico, Guam and the Virgin Islands. "
        "Timelines: Fannie Mae's time frames. Costs, charges and discounts: assumptions of this project.",
    }
    return build(head, tables, PUBLIC_LABEL)


def _words(p: Parameters, name: str) -> tuple[str, ...]:
    found = p.value(name)
    return found if isinstance(found, tuple) else (str(found),)


def _decline(figures: Integers, latest: int, base: str, p: Parameters) -> str:
    """Return the home price decline payment of a market before its loan-to-value factor, dollars."""
    if latest < 2 or latest >= figures.size or (figures[latest - 2 : latest + 1] <= 0).any():
        return "0"
    now, before, earlier = (int(figures[latest - place]) for place in range(3))
    declines = [incentives.rounded_decline(Fraction(100 * (b - a), b)) for a, b in ((now, before), (before, earlier))]
    bracket = incentives.decline_bracket(declines[0], declines[1], p)
    return str(Decimal(half_up_div(*_ratio(max(bracket, Fraction(0)) * cents(base)))).scaleb(-2))


def _ratio(value: Fraction) -> tuple[int, int]:
    return value.numerator, value.denominator
