"""The HAMP Base NPV model once more, written from its published description alone, one loan at a time.

Nothing is shared with the engine: the coefficient tables are typed in as printed, cash flows are lists of (month,
amount, share of loans), house prices a function of time. Numbers are floats, or Decimals where ``real`` says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

R = Any  # float or Decimal

DEFAULT_3 = {
    0: ("-2.95", "0.0494", "-0.00568", "0.010", "-0.275"),
    1: ("-2.25", "0.0425", "-0.00495", "0.015", "-0.365"),
    2: ("-1.98", "0.0375", "-0.00332", "0.025", "-0.555"),
    3: ("-1.15", "0.0255", "-0.00195", "0.045", "-0.745"),
}
KINKS = {0: ("0", "0"), 1: ("0", "0"), 2: ("-0.01084", "-0.01448"), 3: ("0", "-0.01309")}
RELIEF_5 = {True: ("-0.2178", "0.1712", "0.0217", "0"), False: ("-0.2927", "0.2303", "0.0174", "0")}

# As printed: variable, lower end, upper end (None: open), coefficient of current, 30, 60, 90+ days.
PREPAYMENT = """
intercept . . -6.53418 -6.32201 -6.17936 -4.21361
hpag . -0.2 4.20400 3.19578 2.56488 2.11653
hpag -0.2 -0.1 1.20280 0.19740 0.80500 0
hpag -0.1 0 3.34370 6.21320 4.50000 2.72610
hpag 0 0.1 1.52310 4.32870 4.25000 6.33720
hpag 0.1 0.2 1.00200 1.73040 1.98990 1.20390
hpag 0.2 . 1.65990 2.68370 2.11510 2.46250
inct . -1.5 0.71370 0.72510 0.24045 0.52020
inct -1.5 -1 0.05490 0.06370 0.05883 0.08613
inct -1 0 0.91180 0.45198 0.34893 0.22795
inct 0 0.5 2.08100 0.71020 0.37760 0.12720
inct 0.5 1 1.19200 0.62190 0.19970 0.01860
inct 1 1.5 0.51590 0.05750 0.06870 0
inct 1.5 2 0.17970 0.10540 0.11150 0.14470
inct 2 2.5 0.05280 0.12610 0 0.05130
inct 2.5 . 0 0 0 0
mltv . 50 0.00400 -0.00246 -0.00763 -0.01408
mltv 50 70 -0.00300 -0.01425 -0.01718 -0.02603
mltv 70 80 -0.02160 -0.02580 -0.03090 -0.03555
mltv 80 90 -0.01660 -0.01938 -0.01915 -0.02178
mltv 90 100 -0.11490 -0.11260 -0.11230 -0.11010
mltv 100 . -0.03110 -0.03640 -0.06010 -0.06130
score . 640 0.00160 0.00257 0.00227 0.00145
score 640 700 0.00160 0.00556 0.00395 0.00307
score 700 760 0.00160 0.00546 0.00466 0.00394
score 760 . 0 0 0 0
amt . 80 0.01240 0.01026 0.00940 0.00671
amt 80 140 0.00717 0.00615 0.00426 0.00501
amt 140 220 0.00336 0.00201 0.00082 0.00012
amt 220 300 0.00178 0.00089 0.00010 -0.00019
amt 300 . 0 0 0 0
"""
BOUNDS = {
    "hpag": ("-0.5", "0.5"),
    "inct": ("-5", "3"),
    "mltv": ("40", "180"),
    "score": ("400", "800"),
    "amt": ("50", "500"),
}
ROWS = [line.split() for line in PREPAYMENT.strip().splitlines()]


class Oracle:
    """The model over one kind of numbers.

    Args:
        real: ``float`` or ``Decimal``.
    """

    def __init__(self, real: Callable[[Any], R] = float) -> None:
        self.real = real
        self.exact = real is Decimal
        num = self.number
        self.rows: list[tuple[str, R | None, R | None, list[R]]] = [
            (name, None if low == "." else num(low), None if high == "." else num(high), [num(cell) for cell in cells])
            for name, low, high, *cells in ROWS
        ]
        self.bounds = {name: (num(low), num(high)) for name, (low, high) in BOUNDS.items()}

    def number(self, value: object) -> R:
        return self.real(str(value))

    def exp(self, x: R) -> R:
        return x.exp() if self.exact else math.exp(x)

    def ln(self, x: R) -> R:
        return x.ln() if self.exact else math.log(x)

    def root(self, x: R, n: int) -> R:
        return self.exp(self.ln(x) / n) if self.exact else x ** (1 / n)

    def logistic(self, x: R) -> R:
        return self.exp(x) / (1 + self.exp(x))

    # --- prepayment and default -----------------------------------------------------------------------------------

    def smm_exponent(self, column: int, **variables: R) -> R:
        """Add up the printed table, row by row."""
        total = self.number(0)
        for name, low, high, cells in self.rows:
            if name == "intercept":
                total += cells[column]
                continue
            x = min(max(variables[name], self.bounds[name][0]), self.bounds[name][1])
            if low is None:
                part = min(high, x)
            elif high is None:
                part = max(low, x) - low
            else:
                part = max(low, min(high, x)) - low
            total += cells[column] * part
        return total

    def default(
        self,
        version: str,
        bucket: int,
        ltv: R,
        score: R,
        before: R,
        after: R,
        redefault: bool,
        switches: Mapping[str, str],
    ) -> R:
        """Return the lifetime default probability."""
        num = self.number
        shared = 2 if version == "5.0" and bucket < 2 else bucket
        b = [num(cell) for cell in DEFAULT_3[shared]]
        ltv = min(max(ltv, num(0)), num(300))
        before = min(max(before, num(31)), num(100))
        after = min(max(after, num(0)), num(100))
        z = b[0] + b[1] * ltv + b[2] * score + b[3] * before
        log = version == "5.0" and switches["relief_form"] == "logged"
        if version != "3.0":
            for at, slope in zip((100, 120), KINKS[shared], strict=True):
                over = max(ltv - at, num(0))
                z += num(slope) * (self.ln(over + 1) if log else over)
        if redefault and version == "5.0":
            if switches["ratio_after_top"] == "topped":
                after = min(after, num(31))
            cut = max(before - after, num(0))
            for at, slope in zip((0, 5, 15, 30), RELIEF_5[bucket < 3], strict=True):
                over = max(cut - at, num(0))
                z += num(slope) * (self.ln(over + 1) if log else over)
        elif redefault:
            z += b[4] * self.ln(max(before - after, num(0)) + 1)
        return self.logistic(z)

    # --- house prices ---------------------------------------------------------------------------------------------

    def price(self, index: Sequence[R], month: int) -> R:
        """Return the price in a month over the price now; four quarters known, twelve projected, then 4.5 %."""
        quarter, rest = divmod(month, 3)
        place = 4 + quarter
        now = index[4]
        if place >= 16:
            return index[16] / now * self.root(self.number("1.045"), 12) ** (month - 36)
        growth = index[place + 1] / index[place]
        return index[place] / now * self.root(growth, 3) ** rest

    # --- the test -------------------------------------------------------------------------------------------------

    def value(
        self,
        loan: Mapping[str, Any],
        market: Mapping[str, Any],
        switches: Mapping[str, str],
        version: str = "3.0",
        tier2: bool = False,
        reduction: bool = False,
    ) -> dict[str, R]:
        """Return values in dollars, and what they are made of.

        Args:
            loan: inputs by name, as decimal text, numbers and dates.
            market: survey rate (percent), state figures, quarterly index and price decline amounts by quintile.
            switches: the readings.
            version: of the default equations.
            tier2: a Tier 2 modification.
            reduction: with principal reduction.
        """
        n = self.number

        def money(name: str) -> R:
            return n(loan.get(name) or "0")

        def percent(name: str) -> R:
            return n(loan.get(name) or "0") / 100

        missed = int(loan["months_past_due"])
        bucket = min(missed, 3)
        score = n(min(int(s) for s in (loan["credit_score"], loan.get("co_borrower_score")) if s is not None))
        income, value, upb = money("gross_income"), money("property_value"), money("upb")
        carry = money("association_dues") + money("insurance") + money("taxes")
        pay, rate, term = money("principal_and_interest"), percent("rate"), int(loan["remaining_term"])
        pay_dti = self.pay_for_ratio(loan, pay, upb, term + missed)
        upb1, rate1, term1 = money("upb_after"), percent("rate_after"), int(loan["term_after"])
        pay1, aside, forgiven = money("principal_and_interest_after"), money("forbearance"), money("forgiveness")
        pitia0, pitia1 = pay_dti + carry, pay1 + carry
        dti0, dti1 = 100 * pitia0 / income, 100 * pitia1 / income
        survey = n(market["survey_percent"])
        yearly = survey / 100 + percent("risk_premium")
        d = yearly / 12 if switches["monthly_discount"] == "twelfth" else self.root(1 + yearly, 12) - 1
        index = [n(figure) for figure in market["index"]]

        # chances
        equation = 2 if loan["imminent_default"] == "Y" and bucket < 2 else bucket
        ltv = n(loan["mark_to_market_ltv"])
        owed = upb1 + (aside if switches["ltv_after"] == "total" else n(0))
        ltv1 = ltv if version == "3.0" else 100 * owed / value
        p0 = self.default(version, equation, ltv, score, dti0, dti1, False, switches)
        p1 = self.default(version, equation, ltv1, score, dti0, dti1, True, switches)

        # prepayment
        amount = money("original_upb") / 1000

        def smm(column: int, month: int, balance: R, incentive: R) -> R:
            here = self.price(index, month)
            return self.logistic(
                self.smm_exponent(
                    column, hpag=here / self.price(index, month - 12) - 1, inct=incentive,
                    mltv=100 * balance / (value * here), score=score, amt=amount,
                )
            )  # fmt: skip

        # timelines
        fm, rm = -(-int(market["foreclosure_days"]) // 30), -(-int(market["reo_days"]) // 30)
        sale0, sale1 = max(1, fm - missed) + rm, fm + rm

        # incentives
        # Tests of a ratio are exact: floats fall on the wrong side of a tie.
        exact_income = Fraction(str(loan["gross_income"]))
        exact0, exact1 = Fraction(round(pitia0 * 100), 100), Fraction(round(pitia1 * 100), 100)
        enough = (exact0 - exact1) >= Fraction("0.06") * exact0
        m = min(n(1000), self.cent((pitia0 - n("0.31") * income) * 12 / 2)) if enough and not tier2 else n(0)
        m = max(m, n(0))
        once = n(1500) if missed == 0 and enough and str(loan.get("occupancy_code", 1)) != "2" else n(0)
        if tier2:
            share = self.cent(min(max(pay - pay1, n(0)), n("0.15") * pay) / 2)
        else:
            upper = min(n("0.38") * income - carry, pay_dti)
            share = self.cent(max(upper - (n("0.31") * income - carry), n(0)) / 2)
            if switches["cost_share_test"] == "target":
                share = share if exact1 <= Fraction("0.31") * exact_income else n(0)
            else:
                share = share if exact1 < Fraction("0.32") * exact_income else n(0)
        investor, today = int(loan["investor_code"]), loan["npv_date"]
        trial = 4 if investor == 1 and missed == 0 else 3
        hpdp = n(0)
        if investor not in (1, 2) and enough and today >= date(2009, 9, 1):
            quintile = 1 + sum(upb > top for top in (73000, 116000, 169000, 259000))
            thirds = 0 if ltv < 70 else 1 if ltv < 80 else 2 if ltv < 90 else 3
            hpdp = self.cent(n(market["declines"][quintile]) * thirds / 3)
        bonus = self.forgiven(upb1 + aside + forgiven, forgiven, value, missed, today) if reduction else n(0)

        # as it is
        start = upb
        if switches["cure_balance"] == "rolled_forward":
            for _ in range(missed):
                start = max(start + start * rate / 12 - pay, n(0))
        scheduled = pay
        if switches["scheduled_payment"] == "amortizing":
            scheduled = start * self.level(rate / 12, term)
        by_flows = int(loan["product"]) == 2 and not (rate > 0 and pay <= self.floor_cent(upb * rate / 12 + n("0.01")))
        cure0 = start
        if by_flows:
            flows, balance, alive = [], start, n(1)
            gain = 100 * rate - survey
            for i in range(1, term + 1):
                leave = smm(bucket, i, balance, gain)
                interest = balance * rate / 12
                principal = balance if i == term else min(scheduled - interest, balance)
                flows += [(i, principal + interest, alive), (i, balance - principal, alive * leave)]
                balance, alive = balance - principal, alive * (1 - leave)
            cure0 = self.worth(flows, d)
        cure0 += missed * pay
        net0, claim0 = self.disposition(loan, market, value, upb, upb, upb, self.sale_price(index, sale0, switches))
        default0 = self.worth([(j, -carry, n(1)) for j in range(1, sale0 + 1)] + [(sale0, net0, n(1))], d)

        # as modified
        eighth = n("0.125")
        cap = self.floor((survey + eighth / 2) / eighth) * eighth / 100
        column = bucket if switches["smm_column_after"] == "at_evaluation" else 0
        flows, early, balance, alive = [], [], upb1, n(1)
        left_alive, s6 = [], n(1)
        note, payment = rate1, pay1
        last = max(term1, 24)
        for i in range(1, last + 1):
            if i > 60 and (i - 61) % 12 == 0 and not tier2 and note < cap and i <= term1:
                note = min(note + n("0.01"), cap)
                payment = balance * self.level(note / 12, term1 - i + 1)
            credits = sum((m / (1 + d) ** (12 * j - i) for j in range(1, 6) if i <= 12 * j), n(0))
            remaining = max(term1 - i, 0)
            carried = ((1 + note / 12) ** remaining - 1) * aside / (1 + d) ** remaining
            # As the balance goes to nothing, what is given up goes beyond every bound.
            given_up = n(1000) if credits + carried > 0 else n(0)
            if balance > 0:
                given_up = 100 * (credits / balance / 6 + carried / balance / 6)
            leave = smm(column, i, balance, 100 * note - survey - given_up)
            here: list[tuple[int, R, R]] = []
            if i <= term1:
                interest = balance * note / 12
                principal = balance if i == term1 else min(payment - interest, balance)
                here += [(i, principal + interest, alive), (i, balance - principal + aside, alive * leave)]
                if i == trial + 1:
                    here.append((i, share * trial, alive))
                if trial < i <= 60:
                    here.append((i, share, alive))
                if i == 3:
                    here.append((i, once, alive))
                flows += here
                early += here if i <= 6 else []
                if i % 12 == 0 and i <= 60:
                    flows.append((i, m, alive))
                if i in (12, 24, 36):
                    flows.append((i, bonus / 3, alive))
                balance -= principal
                if i in (13, 25, 37, 49, 61):
                    balance = max(balance - m, n(0))
                    if switches["after_curtailment"] == "reamortize" and m > 0:
                        payment = balance * self.level(note / 12, term1 - i)
                if i == term1:
                    flows.append((i, aside, alive * (1 - leave)))
            alive *= 1 - leave
            left_alive.append(alive)
            s6 = alive if i == 6 else s6
        once_paid = money("mi_partial_claim") - money("modification_fees")
        accrued = hpdp / 24
        yearly_parts = [(12, accrued, sum(left_alive[:12], n(0))), (24, accrued, sum(left_alive[12:24], n(0)))]
        cure1 = self.worth(flows + yearly_parts, d) + once_paid
        total = upb1 + aside + (forgiven if reduction else n(0))
        claim_base = total if switches["claim_after"] == "total" else upb1
        cap_base = total if switches["disposition_cap_after"] == "total" else upb
        price1 = self.sale_price(index, sale1 + 6, switches)
        net1, claim1 = self.disposition(loan, market, value, upb, claim_base, cap_base, price1)
        after = [(j, -carry, s6) for j in range(7, sale1 + 7)] + [(sale1 + 6, net1 - money("mi_partial_claim"), s6)]
        default1 = self.worth(early + after + [(12, accrued, sum(left_alive[:8], n(0)))], d) + once_paid
        return {
            "npv_unmodified": (1 - p0) * cure0 + p0 * default0,
            "npv_modified": (1 - p1) * cure1 + p1 * default1,
            "cure_unmodified": cure0,
            "default_value_unmodified": default0,
            "cure_modified": cure1,
            "default_value_modified": default1,
            "default_unmodified": p0,
            "default_modified": p1,
            "claim_unmodified": claim0,
            "claim_modified": claim1,
        }

    # --- parts ----------------------------------------------------------------------------------------------------

    def worth(self, flows: Sequence[tuple[int, R, R]], d: R) -> R:
        """Discount flows, the last month first (Horner's rule)."""
        by_month: dict[int, R] = {}
        for month, amount, share in flows:
            by_month[month] = by_month.get(month, self.number(0)) + amount * share
        total = self.number(0)
        for month in range(max(by_month), 0, -1):
            total = (total + by_month.get(month, self.number(0))) / (1 + d)
        return total

    def level(self, monthly: R, months: int) -> R:
        """Return the level payment per unit of balance."""
        if months <= 0:
            return self.number(0)
        return 1 / self.number(months) if monthly == 0 else monthly / (1 - (1 + monthly) ** -months)

    def pay_for_ratio(self, loan: Mapping[str, Any], pay: R, upb: R, months: int) -> R:
        """Return the payment in the ratio: greater, maybe, for an adjustable loan that resets within four months."""
        if int(loan["product"]) != 1:
            return pay
        year, month = divmod(loan["npv_date"].month - 1 + 4, 12)
        first = (loan["npv_date"].year + year, month + 1, loan["npv_date"].day)
        reset = loan["reset_date"]
        if (reset.year, reset.month, reset.day) > first:
            return pay
        return max(pay, self.cent(upb * self.level(self.number(loan["reset_rate"]) / 1200, months)))

    def disposition(
        self, loan: Mapping[str, Any], market: Mapping[str, Any], value: R, upb: R, claim_base: R, cap_base: R, price: R
    ) -> tuple[R, R]:
        """Return what the sale of the home leaves, and what mortgage insurance pays."""
        n = self.number
        table = market["discount_high"] if value > 100000 else market["discount_low"]
        part = {1: "1", 2: "0.75", 3: "0.25"}[int(loan["valuation_type"])]
        reo = value * (1 - n(table) / 100 * n(part)) * price * (1 - n(market["settlement"]) / 100)
        claim = min(n(loan["mi_coverage"]) / 100 * claim_base * n("1.15"), max(claim_base * n("1.15") - reo, n(0)))
        return min(reo - n(market["cost"]) / 100 * upb + claim, cap_base + claim), claim

    def sale_price(self, index: Sequence[R], month: int, switches: Mapping[str, str]) -> R:
        return self.price(index, month // 3 * 3 if switches["price_between_quarters"] == "quarter_end" else month)

    def forgiven(self, owed: R, forgiven: R, value: R, missed: int, today: date) -> R:
        """Return the incentive for forgiven principal, dollar by dollar from the top."""
        n = self.number
        if today < date(2010, 10, 1):
            return n(0)
        new = today >= date(2012, 3, 1)
        rates = {
            "low": "0.63" if new else "0.21",
            "middle": "0.45" if new else "0.15",
            "high": "0.30" if new else "0.10",
        }
        if missed > 6:
            rates = dict.fromkeys(rates, "0.18" if new else "0.06")
        top, bottom, total = owed, owed - forgiven, n(0)
        for name, low, high in (("high", "1.40", None), ("middle", "1.15", "1.40"), ("low", "1.05", "1.15")):
            ceiling = top if high is None else min(top, n(high) * value)
            total += max(ceiling - max(bottom, n(low) * value), n(0)) * n(rates[name])
        return self.cent(total)

    def cent(self, amount: R) -> R:
        """Round to the cent, half up."""
        return self.floor(amount * 100 + self.number("0.5") + (self.number(0) if self.exact else 1e-7)) / 100

    def floor_cent(self, amount: R) -> R:
        return self.floor(amount * 100) / 100

    def floor(self, x: R) -> R:
        return self.number(math.floor(x))
