"""The waterfall of December 2024: our kernel against C by hand, and against what people use today."""

from __future__ import annotations

import copy
import ctypes
import functools
import importlib.util
import math
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks import loans
from benchmarks.measure import Row, load, median, turns
from hopenow.programs.conventional import flex_kernel as fk
from hopenow.programs.conventional import flex_modification
from hopenow.review.engine import determine

Integers = npt.NDArray[np.int64]
SOURCE = Path(__file__).parent / "c" / "waterfall.c"
FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC")
# One loan after another, and 64 side by side as our kernel works them: what differs then is the compiler alone.
BY_HAND = {"C": "waterfall", "C, 64 loans side by side": "waterfall_in_lanes"}
SAMPLE = {"plain Python": 5_000, "numpy-financial": 1_000, "QuantLib": 50}


class Inputs:
    """Arrays that the kernel takes, in its order, and the figures of the law."""

    def __init__(self, count: int) -> None:
        """Make ``count`` loans, capitalized by the review itself."""
        arrays: dict[str, list[Integers]] = {}
        for start in range(0, count, loans.PIECE):
            parts = determine(loans.facts(min(loans.PIECE, count - start), seed=start + 1), loans.SETTINGS)
            for part in parts:
                for name, column in _COLUMNS.items():
                    values = part.frame[column].cast(pl.Int64).fill_null(fk.UNKNOWN).to_numpy()
                    arrays.setdefault(name, []).append(values)
        self.arrays = {name: np.ascontiguousarray(np.concatenate(pieces)) for name, pieces in arrays.items()}
        # One reading of the law for all: Fannie Mae's.
        part = next(part for part in parts if part.program.id == "fannie_mae")
        planned = next(item for item in part.interval.options if item.option.id == "flex_modification")
        self.law = flex_modification._figures_of_the_law(planned.parameters)
        self.count = self.arrays["gross"].size

    def pieces(self) -> list[Inputs]:
        """Return the loans in pieces of the size in which the review works."""
        found = []
        for start in range(0, self.count, loans.PIECE):
            piece = copy.copy(self)
            piece.arrays = {name: values[start : start + loans.PIECE] for name, values in self.arrays.items()}
            piece.count = piece.arrays["gross"].size
            found.append(piece)
        return found

    def kernel(self) -> Integers:
        """Run our kernel."""
        nothing = np.zeros(self.count, np.int64)
        gross, rate, posted, bound, start, value, old = self.arrays.values()
        return fk.terms_array(gross, rate, posted, bound, start, value, old, nothing, nothing, self.law, 1)

    def known(self) -> Integers:
        """Return the places of the loans that have an answer."""
        known = np.logical_and.reduce([values >= 0 for name, values in self.arrays.items() if name != "bound"])
        return np.flatnonzero(known & (self.arrays["start"] > 0))

    def rows(self, most: int) -> Iterator[list[int]]:
        """Return the first loans that have an answer, one after another, as plain numbers."""
        places = self.known()[:most]
        return iter(np.stack([self.arrays[name][places] for name in _PLAIN], axis=1).tolist())


_COLUMNS = {
    "gross": "flex_modification__gross_balance",
    "rate": "flex_modification__starting_rate",
    "posted": "modification_interest_rate",
    "bound": "modification_interest_rate_bound",
    "start": "flex_modification__starting_term",
    "value": "valuation__value",
    "old": "monthly_principal_and_interest",
}
_PLAIN = ("gross", "rate", "posted", "start", "value", "old")


# --- C ----------------------------------------------------------------------------------------------------------------


def compiler() -> str | None:
    """Return the C compiler, or None."""
    return shutil.which("gcc") or shutil.which("cc")


def built() -> dict[str, Callable[[Inputs], Integers]]:
    """Compile the C versions and return them as functions, by name.

    Raises:
        RuntimeError: it does not compile.
    """
    loans.BUILD.mkdir(parents=True, exist_ok=True)
    library = loans.BUILD / "waterfall.so"
    command = [str(compiler()), *FLAGS, str(SOURCE), "-o", str(library), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{SOURCE} does not compile:\n{done.stderr}")
    loaded = ctypes.CDLL(str(library))
    numbers = np.ctypeslib.ndpointer(np.int64, flags="C_CONTIGUOUS")

    def runner(name: str) -> Callable[[Inputs], Integers]:
        function = getattr(loaded, name)
        function.argtypes = [ctypes.c_int64, *[numbers] * 9]
        function.restype = None

        def run(inputs: Inputs) -> Integers:
            out = np.empty((inputs.count, fk.WIDTH), np.int64)
            function(inputs.count, *inputs.arrays.values(), np.array(inputs.law, np.int64), out)
            return out

        return run

    return {title: runner(name) for title, name in BY_HAND.items()}


# --- what people use today --------------------------------------------------------------------------------------------
#
# One loan at a time, in floats, as the guides describe it: cut the rate step by step, find the term, set principal
# aside.
# The term comes from the closed form and is confirmed, so that these are good versions and not straw men.

Payment = Callable[[float, float, int], float]
Present = Callable[[float, float, int], float]


def one_by_one(
    row: list[int], payment: Payment, present: Present, term_for: Callable[[float, float, float], float]
) -> tuple[int, int, int]:
    """Work one loan; return rate (millionths), term and new payment (cents)."""
    gross, rate, posted, start, value, old = row
    target = (4 * old - 1) // 5  # strictly less than four fifths
    paid = payment(gross, rate / 12e6, start)
    if paid > target and gross >= 0.5 * value:
        while paid > target and rate > posted:
            rate = max(rate - 1_250, posted)
            paid = payment(gross, rate / 12e6, start)
    term = start
    if paid > target:
        term = min(max(math.ceil(term_for(target + 0.5, rate / 12e6, gross)), start), max(480, start))
        while term < 480 and payment(gross, rate / 12e6, term) > target:
            term += 1
        paid = payment(gross, rate / 12e6, term)
    if paid > target and gross > 0.5 * value:
        forborne = min(gross - present(target, rate / 12e6, term), max(gross - 0.5 * value, 0), 0.3 * gross)
        paid = payment(gross - forborne, rate / 12e6, term)
    return int(rate), term, int(paid)


def plain_payment(balance: float, monthly: float, term: int) -> float:
    """Return the level payment, rounded to the cent."""
    if monthly == 0:
        return math.floor(balance / term + 0.5)
    return math.floor(balance * monthly / (1 - (1 + monthly) ** -term) + 0.5)


def plain_present(payment: float, monthly: float, term: int) -> float:
    """Return the balance that the payments repay."""
    return payment * term if monthly == 0 else payment * (1 - (1 + monthly) ** -term) / monthly


def plain_term(payment: float, monthly: float, balance: float) -> float:
    """Return the months in which a payment repays a balance."""
    if monthly == 0:
        return balance / payment
    share = balance * monthly / payment
    return 1e9 if share >= 1 else -math.log1p(-share) / math.log1p(monthly)


def plain_python(rows: Iterator[list[int]]) -> list[tuple[int, int, int]]:
    """Work loans in plain Python."""
    return [one_by_one(row, plain_payment, plain_present, plain_term) for row in rows]


def numpy_financial(rows: Iterator[list[int]]) -> list[tuple[int, int, int]]:
    """Work loans with the functions of numpy-financial."""
    import numpy_financial as npf  # type: ignore[import-untyped,unused-ignore]

    def payment(balance: float, monthly: float, term: int) -> float:
        return math.floor(-float(npf.pmt(monthly, term, balance)) + 0.5)

    def present(each: float, monthly: float, term: int) -> float:
        return -float(npf.pv(monthly, term, each))

    def term_for(each: float, monthly: float, balance: float) -> float:
        with np.errstate(all="ignore"):
            months = float(npf.nper(monthly, -each, balance))
        return months if math.isfinite(months) else 1e9

    return [one_by_one(row, payment, present, term_for) for row in rows]


def quantlib(rows: Iterator[list[int]]) -> list[tuple[int, int, int]]:
    """Work loans with QuantLib's dated cash flows: a payment is the balance over the value of an annuity of one."""
    import QuantLib as ql  # type: ignore[import-untyped,import-not-found,unused-ignore]

    today = ql.Date(1, 10, 2026)
    ql.Settings.instance().evaluationDate = today
    flows = [ql.SimpleCashFlow(1.0, today + ql.Period(month + 1, ql.Months)) for month in range(600)]
    days = ql.Thirty360(ql.Thirty360.BondBasis)

    def annuity(monthly: float, term: int) -> float:
        rate = ql.InterestRate(12 * monthly, days, ql.Compounded, ql.Monthly)
        return float(ql.CashFlows.npv(flows[:term], rate, False, today, today))

    def payment(balance: float, monthly: float, term: int) -> float:
        return math.floor(balance / annuity(monthly, term) + 0.5)

    return [
        one_by_one(row, payment, lambda each, monthly, term: each * annuity(monthly, term), plain_term) for row in rows
    ]


TODAY: dict[str, tuple[str, Callable[[Iterator[list[int]]], list[tuple[int, int, int]]]]] = {
    "plain Python": ("math", plain_python),
    "numpy-financial": ("numpy_financial", numpy_financial),
    "QuantLib": ("QuantLib", quantlib),
}


def _processor_seconds(
    inputs: Inputs, variants: Mapping[str, Callable[[Inputs], Integers]], repeat: int
) -> dict[str, tuple[float, ...]]:
    """Return seconds of processor time a loan, of each variant for each piece in each turn."""
    found: dict[str, tuple[float, ...]] = dict.fromkeys(variants, ())
    for piece in inputs.pieces():
        bound = {name: functools.partial(work, piece) for name, work in variants.items()}
        for name, seconds in turns(bound, repeat, time.process_time).items():
            found[name] += tuple(each / piece.count for each in seconds)
    return found


def run(count: int, repeat: int) -> list[Row]:
    """Measure."""
    inputs = Inputs(count)
    ours = inputs.kernel()
    found: list[Row] = []
    variants: dict[str, Callable[[Inputs], Integers]] = {"kernel": Inputs.kernel}
    if compiler():
        for title, by_hand in built().items():
            unlike = int((ours != by_hand(inputs).T).any(axis=0).sum())
            found.append(
                Row(
                    "terms",
                    f"loans on which {title} and kernel differ",
                    unlike,
                    "loans",
                    "<= 0",
                    f"of {inputs.count:,}, all figures to the cent",
                )
            )
            variants[title] = by_hand
    else:
        print("terms: no C compiler (gcc or cc) on the path: the yardstick is left out")
    samples = _processor_seconds(inputs, variants, repeat)
    for name, each in samples.items():
        note = "one thread, by processor time, median of pieces"
        found.append(Row("terms", name, 1 / median(each), "loans/s", note=note, samples=each))
    for title in [name for name in variants if name != "kernel"]:
        ratio = median(samples[title]) / median(samples["kernel"])
        note = f"ratio of medians; load average {load():.1f}"
        found.append(Row("terms", f"kernel's speed, {title} = 1", ratio, "", ">= 0.8", note))
    ours_rate = 1 / median(samples["kernel"])
    for name, (module, work) in TODAY.items():
        if importlib.util.find_spec(module) is None:
            print(f"terms: {module} is not installed: left out (pip install {name})")
            continue
        rows = list(inputs.rows(min(SAMPLE[name], count)))
        turn = {name: lambda work=work, rows=rows: work(iter(rows))}
        each = turns(turn, min(repeat, 3), time.process_time)[name]
        rate = len(rows) / median(each)
        found.append(
            Row(
                "terms",
                name,
                rate,
                "loans/s",
                note=f"one loan at a time, {len(rows):,} loans; the kernel is {ours_rate / rate:,.0f} times as fast",
                samples=each,
            )
        )
    return found
