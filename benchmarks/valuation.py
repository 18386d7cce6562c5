"""The cash flows of the HAMP value test: our kernels against C, against NumPy, and against what people use today.

One loan is two scenarios of up to 480 monthly cash flows each, with a prepayment hazard worked anew every month.
"""

from __future__ import annotations

import ctypes
import datetime
import importlib.util
import math
import shutil
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import loans as shared
from benchmarks.measure import Row, load, median, turns
from hopenow.valuation.hamp_npv import Readings, figures, public_substitute
from hopenow.valuation.hamp_npv import kernel as k
from hopenow.valuation.hamp_npv.model import BATCH, Arguments, value_table
from hopenow.valuation.hamp_npv.prepare import kernel_figures, smm_constant

Floats = npt.NDArray[np.float64]
Both = tuple[Floats, Floats]
SOURCE = Path(__file__).parent / "c" / "valuation.c"
FLAGS = (
    "-O3",
    "-march=native",
    "-mprefer-vector-width=512",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-shared",
    "-fPIC",
)
BUILDS = {
    "C, strict": ("-DLANES=64", "-ffp-contract=off"),
    "C, 64 lanes": ("-DLANES=64", "-ffp-contract=fast"),
    "C, 32 lanes": ("-DLANES=32", "-ffp-contract=fast"),
    "C, 16 lanes": ("-DLANES=16", "-ffp-contract=fast"),
    "C, unsafe floats": ("-DLANES=64", "-ffast-math", "-fno-associative-math"),
}
"""The yardstick is the quickest of these; each is vectorized by the compiler as wide as the processor allows."""
DAY = datetime.date(2010, 3, 1)
NEAR = 1e-9


def table(count: int, seed: int = 1) -> Floats:
    """Make loans as the kernels take them: late loans with standard terms, three in ten with forbearance."""
    g = np.random.default_rng(seed)
    supplement, c = public_substitute().on(DAY), figures.coefficients("3.0")
    t = np.zeros((k.FIELDS, count))
    t[k.DISCOUNT], t[k.SURVEY] = g.choice([0.05, 0.0625, 0.075], count) / 12, 5.0
    t[k.MARKET] = g.integers(0, len(supplement.markets), count)
    bucket = g.integers(0, 4, count)
    t[k.COLUMN] = t[k.COLUMN_AFTER] = bucket
    t[k.VALUE], t[k.CARRY] = g.uniform(60e5, 500e5, count), g.uniform(100e2, 900e2, count)
    balance = t[k.VALUE] * g.uniform(0.6, 1.7, count)
    score = g.integers(450, 800, count)
    part = smm_constant(c, score, (balance * 1.05).astype(np.int64), bucket)
    t[k.SCORE_PART] = t[k.SCORE_PART_AFTER] = part
    t[k.SETTLEMENT], t[k.REO_DISCOUNT], t[k.COSTS] = 0.07, 0.12, 0.1 * balance
    t[k.INSURED] = g.choice([0.0, 0.25], count)
    t[k.BALANCE], t[k.RATE], t[k.TERM] = balance, g.integers(40, 72, count) / 800, g.integers(200, 361, count)
    t[k.PAYMENT] = _level(balance, t[k.RATE], t[k.TERM])
    t[k.MISSED] = t[k.ROLLED] = bucket + g.integers(0, 6, count) * (bucket == 3)
    t[k.SALE_MONTH] = g.integers(7, 40, count)
    t[k.SALE_PRICE_MONTH] = t[k.SALE_MONTH] // 3 * 3
    t[k.CHANCE] = g.uniform(0.3, 0.95, count)
    t[k.FORBORNE] = np.where(g.random(count) < 0.3, 0.2 * balance, 0.0)
    t[k.BALANCE_AFTER] = 1.05 * balance - t[k.FORBORNE]
    t[k.RATE_AFTER] = g.choice([0.02, 0.02, 0.03, 0.035], count)
    t[k.TERM_AFTER] = np.where(g.random(count) < 0.6, 480, t[k.TERM])
    t[k.PAYMENT_AFTER] = _level(t[k.BALANCE_AFTER], t[k.RATE_AFTER], t[k.TERM_AFTER])
    t[k.CAP], t[k.CREDIT], t[k.SHARE], t[k.TRIAL] = 0.05, 1000e2, g.uniform(0, 200e2, count).round(), 3
    t[k.ONCE], t[k.DECLINE] = np.where(bucket == 0, 1500e2, 0), g.choice([0, 2000e2], count)
    t[k.OWED_AFTER] = t[k.INSURED_AFTER] = t[k.BALANCE_AFTER] + t[k.FORBORNE]
    t[k.SALE_MONTH_AFTER] = t[k.SALE_MONTH] + 6
    t[k.SALE_PRICE_MONTH_AFTER] = (t[k.SALE_MONTH_AFTER] + 6) // 3 * 3
    t[k.CHANCE_AFTER] = 0.7 * t[k.CHANCE]
    return t


def _level(balance: Floats, rate: Floats, term: Floats) -> Floats:
    monthly = rate / 12
    found: Floats = balance * monthly / (1 - (1 + monthly) ** -term)
    return found


def arguments() -> Arguments:
    """Return price tables and figures, as the model makes them."""
    supplement, c = public_substitute().on(DAY), figures.coefficients("3.0")
    prices = supplement.prices
    early, late = prices.growth_parts(c)
    slopes = np.ascontiguousarray(np.concatenate([c.smm["mltv"].changes, c.smm["inct"].changes], axis=1))
    known = kernel_figures(c, figures.program(DAY), Readings(), prices.late_unprice)
    return prices.levels, prices.unprices, early, slopes, late, known


# --- C ----------------------------------------------------------------------------------------------------------------


def built(compiler: str, name: str) -> Callable[[Floats, Arguments], Both]:
    """Compile one build of the C version and return it as a function.

    Raises:
        RuntimeError: it does not compile.
    """
    shared.BUILD.mkdir(parents=True, exist_ok=True)
    library = shared.BUILD / f"valuation-{list(BUILDS).index(name)}.so"
    command = [compiler, *FLAGS, *BUILDS[name], str(SOURCE), "-o", str(library)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{SOURCE} does not compile:\n{done.stderr}")
    opened = ctypes.CDLL(str(library))
    floats = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
    whole = np.ctypeslib.ndpointer(np.int64, flags="C_CONTIGUOUS")
    size = ctypes.c_int64
    for function in (opened.unmodified, opened.modified):
        function.argtypes = [size, floats, size, whole, floats, size, floats, size, *[floats] * 5]
        function.restype = None

    def run(t: Floats, a: Arguments) -> Both:
        count = t.shape[1]
        results = np.zeros((k.RESULTS, count)), np.zeros((k.RESULTS, count))
        prices, unprices, *rest = a
        # The same batches in the same order as the engine's.
        for start in range(0, count, BATCH):
            rows = np.arange(start, min(start + BATCH, count))
            orders = (
                rows[np.argsort(t[k.TERM, rows], kind="stable")],
                rows[np.lexsort((t[k.TERM_AFTER, rows], t[k.FORBORNE, rows] > 0.0))],
            )
            for function, order, out in zip((opened.unmodified, opened.modified), orders, results, strict=True):
                function(
                    count, t, order.size, order, prices, prices.shape[1], unprices, unprices.shape[1] - 1, *rest, out
                )
        return results

    return run


# --- what people use today --------------------------------------------------------------------------------------------


class OneByOne:
    """The unmodified loan in plain Python, one at a time, as the documentation describes it."""

    def __init__(self, t: Floats, a: Arguments) -> None:
        self.rows = t.T.tolist()
        _, unprices, growth, slopes, late, known = a
        self.unprices, self.growth = unprices.tolist(), growth.tolist()
        self.slopes, self.late, self.f = slopes.tolist(), late.tolist(), known.tolist()

    def flows(self, row: list[float]) -> tuple[list[float], float]:
        """Return the expected cash of each month, cents, and the monthly discount rate."""
        f, slope = self.f, self.slopes[int(row[k.COLUMN])]
        balance, monthly, pay = row[k.BALANCE], row[k.RATE] / 12, row[k.PAYMENT]
        for _ in range(int(row[k.ROLLED])):
            balance = max(balance * (1 + monthly) - pay, 0.0)
        gain = min(max(100 * row[k.RATE] - row[k.SURVEY], f[k.INCENTIVE_LOW]), f[k.INCENTIVE_HIGH])
        constant = row[k.SCORE_PART] + gain * slope[k.LTV_SLOPES]
        for place in range(1, k.INCENTIVE_SLOPES):
            constant += max(gain - f[k.INCENTIVE_K1 + place - 1], 0.0) * slope[k.LTV_SLOPES + place]
        market, column, unvalue, alive = int(row[k.MARKET]), int(row[k.COLUMN]), 100 / row[k.VALUE], 1.0
        unprice, growth, found = self.unprices[market], self.growth[4 * market + column], []
        term = int(row[k.TERM])
        for month in range(1, term + 1):
            early = month < len(unprice)
            unvalue *= unprice[month] if early else f[k.LATE_UNPRICE]
            ltv = min(max(balance * unvalue, f[k.LTV_LOW]), f[k.LTV_HIGH])
            x = constant + (growth[month] if early else self.late[column]) + ltv * slope[0]
            for place in range(1, k.LTV_SLOPES):
                x += max(ltv - f[k.LTV_K1 + place - 1], 0.0) * slope[place]
            smm = 1 / (1 + math.exp(-x))
            owed = balance * (1 + monthly)
            paid = owed if month == term else min(pay, owed)
            balance = owed - paid
            found.append(alive * (balance * smm + paid))
            alive *= 1 - smm
        return found, row[k.DISCOUNT]

    def plain(self, row: list[float]) -> float:
        """Return the value if the loan cures, cents."""
        flows, d = self.flows(row)
        v, factor, total = 1 / (1 + d), 1.0, 0.0
        for cash in flows:
            factor *= v
            total += factor * cash
        return total + row[k.MISSED] * row[k.PAYMENT]

    def numpy_financial(self, row: list[float]) -> float:
        """Return the same, discounted by numpy-financial."""
        import numpy_financial as npf  # type: ignore[import-untyped,unused-ignore]

        flows, d = self.flows(row)
        return float(npf.npv(d, [row[k.MISSED] * row[k.PAYMENT], *flows]))

    def quantlib(self, row: list[float]) -> float:
        """Return the same, discounted by QuantLib's dated cash flows."""
        import QuantLib as ql  # type: ignore[import-untyped,import-not-found,unused-ignore]

        flows, d = self.flows(row)
        today = ql.Date(1, 3, 2010)
        ql.Settings.instance().evaluationDate = today
        leg = [
            ql.SimpleCashFlow(cash, today + ql.Period(month, ql.Months)) for month, cash in enumerate(flows, start=1)
        ]
        rate = ql.InterestRate(12 * d, ql.Thirty360(ql.Thirty360.BondBasis), ql.Compounded, ql.Monthly)
        return float(ql.CashFlows.npv(leg, rate, False, today, today)) + row[k.MISSED] * row[k.PAYMENT]


TODAY = {"plain Python": ("math", 1_000), "numpy-financial": ("numpy_financial", 300), "QuantLib": ("QuantLib", 50)}


def _apart(ours: Both, theirs: Both) -> float:
    """Return the largest relative difference of the values."""
    return max(float(np.max(np.abs(a - b) / np.maximum(np.abs(b), 1.0))) for a, b in zip(ours, theirs, strict=True))


def run(count: int, repeat: int) -> list[Row]:
    """Measure."""
    count = min(count, 4 * BATCH)
    t, a = table(count), arguments()
    ours = value_table(t, a, threads=1)
    rows: list[Row] = []
    few = min(count, 4_096)
    readable = value_table(t[:, :few].copy(), a, threads=1, compiled=False)
    apart = _apart((ours[0][:, :few], ours[1][:, :few]), readable)
    rows.append(Row("valuation", "readable version, largest difference", apart, "relative", f"<= {NEAR}"))
    same = all(
        np.array_equal(x, y)
        for other in (1_000, 7_777)
        for x, y in zip(ours, value_table(t, a, threads=2, batch=other), strict=True)
    )
    rows.append(Row("valuation", "batches and threads that change a bit", int(not same), "", "<= 0"))
    variants: dict[str, Callable[[], Any]] = {"kernel": lambda: value_table(t, a, threads=1)}
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        print("valuation: no C compiler (gcc or cc) on the path: the yardstick is left out")
    for name in BUILDS if compiler else ():
        by_hand = built(str(compiler), name)
        theirs = by_hand(t, a)
        if name == "C, strict":
            unlike = sum(int((x != y).any(axis=0).sum()) for x, y in zip(ours, theirs, strict=True))
            rows.append(
                Row("valuation", "loans on which strict C differs by a bit", unlike, "loans", note=f"of {2 * count:,}")
            )
        rows.append(Row("valuation", f"{name}, largest difference", _apart(ours, theirs), "relative", f"<= {NEAR}"))
        variants[name] = lambda by_hand=by_hand: by_hand(t, a)  # type: ignore[misc]
    seconds = turns(variants, repeat, time.thread_time)
    for name, samples in seconds.items():
        rows.append(Row("valuation", name, count / median(samples), "loans/s", note="one thread", samples=samples))
    if compiler:
        best = min((name for name in BUILDS), key=lambda name: median(seconds[name]))
        ratio = median(seconds[best]) / median(seconds["kernel"])
        note = f"the quickest C ({best}) = 1; ratio of medians of processor time; load average {load():.1f}"
        rows.append(Row("valuation", "kernel's speed, C = 1", ratio, "", ">= 0.9", note, samples=()))
    rate = count / median(seconds["kernel"])
    begun = time.perf_counter()
    value_table(t, a, threads=2, batch=max(count // 8, 1))
    rate_of_two = count / (time.perf_counter() - begun)
    rows.append(Row("valuation", "kernel, two threads", rate_of_two, "loans/s", note="by the clock, once"))
    rows.append(
        _timed("NumPy, month by month", few, rate, lambda: value_table(t[:, :few].copy(), a, threads=1, compiled=False))
    )
    each = OneByOne(t[:, :1_000], a)
    for name, (module, most) in TODAY.items():
        if importlib.util.find_spec(module) is None:
            print(f"valuation: {module} is not installed: left out (pip install {name})")
            continue
        work = {"plain Python": each.plain, "numpy-financial": each.numpy_financial, "QuantLib": each.quantlib}[name]
        some = each.rows[: min(most, count)]
        off = max(
            abs(work(row) - ours[0][k.CURE, place]) / ours[0][k.CURE, place] for place, row in enumerate(some[:20])
        )
        if off > 1e-6:
            raise RuntimeError(f"{name} values the loans differently, by {off}")
        rows.append(_timed(f"{name}, unmodified alone", len(some), rate, partial(_each, work, some)))

    return rows


def _each(work: Callable[[list[float]], float], rows: list[list[float]]) -> list[float]:
    return [work(row) for row in rows]


def _timed(name: str, count: int, ours: float, work: Callable[[], Any]) -> Row:
    begun = time.thread_time()
    work()
    rate = count / (time.thread_time() - begun)
    return Row("valuation", name, rate, "loans/s", note=f"the kernel is {ours / rate:,.0f} times as fast with both")
