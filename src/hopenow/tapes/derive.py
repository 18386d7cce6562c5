"""The kernel that walks each loan's months and derives the state that a single month's record does not show.

Everything at a month is derived from that month and the ones before it, never from later ones, so that a
review "as of" a past month sees what could be known then. What each column means and which choices it rests
on is in `history`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hopenow.mortgage._jit import i64, kernel, types
from hopenow.mortgage.kernels import interest, payment
from hopenow.tapes.layouts import MONTHLY_INDEX, STATIC_INDEX, STATUS_NEGATIVE, STATUS_REO
from hopenow.tapes.scan import HISTORY_MONTHS, NULL

OUT: Final = (
    "evaluation_date",
    "rate_is_final",
    "amortization",  # 0 fixed, 1 adjustable, 2 step rate
    "interest_only",
    "rate_ceiling",
    "last_rate_adjustment_date",
    "maturity_date",
    "projected_payoff_date",
    "note_rate",
    "monthly_principal_and_interest",
    "interest_bearing_balance",
    "deferred_balance",
    "remaining_term",
    "next_due_date",
    "mortgage_insured",
    "months_delinquent",
    "days_delinquent",
    "thirty_day_lates_last_6_months",
    "prior_modifications",
    "last_modification_date",
    "last_flex_modification_date",
    "flex_modification_redefault_date",
    "flex_modification_reinstated",
    "last_failed_trial_date",
    "last_payment_deferral_date",
    "deferred_months_used",
    "active_trial",
    "active_repayment_plan",
    "active_forbearance",
    "forbearance_start_date",
    "forbearance_months_used",
    "payments_since_note_or_modification",
    "credit_score",
    "credit_score_date",
    # Not facts: what happened in the month.
    "event",
    "curtailment",
    "expected_balance",
)
"""Columns of the kernel's answer; dates are days since 1970, `NULL` is unknown."""
O = {name: place for place, name in enumerate(OUT)}  # noqa: E741

# Classes of a month against the month before (`event`).
(
    E_NONE,
    E_MATCHED,
    E_CURTAILMENT,
    E_TWO_PAYMENTS,
    E_NO_PAYMENT,
    E_BLANK,
    E_MODIFIED,
    E_DEFERRED,
    E_RATE_CHANGE,
    E_BALANCE_ROSE,
    E_LESS_PRINCIPAL,
    E_NO_INSTALLMENT_KNOWN,
    E_GAP,
    E_NOT_CURRENT,
    E_ENDED,
) = range(15)
EVENTS: Final = (
    "first month",
    "matched",
    "curtailment",
    "two payments",
    "no payment posted",
    "balance not reported",
    "modification",
    "payment deferral",
    "rate change",
    "balance rose",
    "less principal than scheduled",
    "installment not known",
    "months missing",
    "not current in both months",
    "ended",
)

# Rules the walk can break, numbered.
(
    W_ENDED,
    W_DUPLICATE,
    W_ORDER,
    W_GAP,
    W_STATUS_UNKNOWN,
    W_STATUS_TERMINAL,
    W_WITHHELD,
    W_NO_BALANCE,
    W_NO_MONTH,
    W_SPLIT,
    W_DEFERRAL,
) = range(11)
WALK_RULES: Final = 11

LAST, EACH, AT_MONTH = range(3)

NEVER_DAYS: Final = -25567
"""1900-01-01, the canonical date of an event known never to have happened."""

# Places in the parameter array.
P_FREDDIE, P_FLEX, P_GRACE, P_WITHHELD, P_SETTLE, P_ROUNDING, P_MODE, P_MONTH, P_CAP = range(9)

_ints = types.Array(types.int64, 1, "C", readonly=True)
_ints_out = types.Array(types.int64, 1, "C")
_table = types.Array(types.int64, 2, "C")
_bytes_out = types.Array(types.uint8, 1, "C")

_F = ord("F")
_T = ord("T")
_R = ord("R")
_Y = ord("Y")
_N = ord("N")
_P = ord("P")
_D = ord("D")
_7 = ord("7")
_ARM = (ord("A") << 16) + (ord("R") << 8) + ord("M")
_FRM = (ord("F") << 16) + (ord("R") << 8) + ord("M")

# Column numbers as constants of the module, so that the kernel sees plain numbers.
M_PERIOD, M_STATUS, M_RATE, M_UPB = (MONTHLY_INDEX[name] for name in ("period", "status", "rate", "upb"))
M_REMAINING, M_MATURITY = MONTHLY_INDEX["remaining_to_maturity"], MONTHLY_INDEX["maturity"]
M_MODIFIED, M_ENDED, M_PLAN, M_RESOLUTION = (
    MONTHLY_INDEX[name] for name in ("modified", "ended", "plan", "resolution")
)
M_DEFERRAL, M_NIB, M_IB = (
    MONTHLY_INDEX[name] for name in ("deferral", "non_interest_bearing", "interest_bearing")
)
M_SCORE, M_SCORE_CO, M_MI = (MONTHLY_INDEX[name] for name in ("score", "score_co", "mi_cancelled"))
M_PAID, M_DISASTER, M_LEGAL = (MONTHLY_INDEX[name] for name in ("last_paid", "disaster", "remaining_legal"))
S_RATE, S_UPB, S_TERM, S_DATE, S_FIRST = (
    STATIC_INDEX[name] for name in ("orig_rate", "orig_upb", "orig_term", "orig_date", "first_payment")
)
S_SCORE, S_SCORE_CO, S_MI, S_AMORTIZATION = (
    STATIC_INDEX[name] for name in ("orig_score", "orig_score_co", "mi_percent", "amortization")
)
S_IO, S_FIRST_PRINCIPAL, S_CAP = (
    STATIC_INDEX[name] for name in ("interest_only", "first_principal", "lifetime_cap")
)

O_EVALUATION, O_FINAL, O_AMORTIZATION, O_IO, O_CEILING, O_ADJUSTED = (
    O[name]
    for name in (
        "evaluation_date", "rate_is_final", "amortization", "interest_only", "rate_ceiling",
        "last_rate_adjustment_date"
    )
)  # fmt: skip
O_MATURITY, O_PAYOFF, O_RATE, O_PI, O_IB, O_DEFERRED = (
    O[name]
    for name in (
        "maturity_date", "projected_payoff_date", "note_rate", "monthly_principal_and_interest",
        "interest_bearing_balance",
        "deferred_balance",
    )
)  # fmt: skip
O_REMAINING, O_DUE, O_INSURED, O_MONTHS, O_DAYS, O_LATES = (
    O[name]
    for name in (
        "remaining_term", "next_due_date", "mortgage_insured", "months_delinquent", "days_delinquent",
        "thirty_day_lates_last_6_months",
    )
)  # fmt: skip
O_MODIFICATIONS, O_MODIFIED, O_FLEX, O_REDEFAULT, O_REINSTATED, O_FAILED = (
    O[name]
    for name in (
        "prior_modifications", "last_modification_date", "last_flex_modification_date",
        "flex_modification_redefault_date",
        "flex_modification_reinstated", "last_failed_trial_date",
    )
)  # fmt: skip
(
    O_DEFERRAL,
    O_DEFERRED_MONTHS,
    O_TRIAL,
    O_REPAYMENT,
    O_FORBEARANCE,
    O_FORBEARANCE_START,
    O_FORBEARANCE_MONTHS,
) = (
    O[name]
    for name in (
        "last_payment_deferral_date", "deferred_months_used", "active_trial", "active_repayment_plan",
        "active_forbearance",
        "forbearance_start_date", "forbearance_months_used",
    )
)  # fmt: skip
O_PAYMENTS, O_SCORE, O_SCORE_DATE, O_EVENT, O_CURTAILMENT, O_EXPECTED = (
    O[name]
    for name in (
        "payments_since_note_or_modification", "credit_score", "credit_score_date", "event", "curtailment",
        "expected_balance"
    )
)  # fmt: skip


@kernel(i64(i64))
def first_day(month: int) -> int:
    """Days since 1970-01-01 of the first day of a month (``year * 12 + month - 1``), Gregorian calendar."""
    if month == NULL:
        return NULL
    year = month // 12
    place = month % 12
    # Count years from March, so that the leap day comes last.
    shifted = year - 1 if place < 2 else year
    from_march = (place + 10) % 12
    century = shifted // 100
    return 365 * shifted + shifted // 4 - century + century // 4 + (153 * from_march + 2) // 5 - 719468


@kernel(i64(i64))
def last_day(month: int) -> int:
    """Days since 1970-01-01 of the last day of a calendar month."""
    return NULL if month == NULL else first_day(month + 1) - 1


@kernel(i64(i64, i64, i64))
def _installment(balance: int, rate: int, term: int) -> int:
    """Level payment, or `NULL` where the figures do not define one."""
    if balance == NULL or rate == NULL or term == NULL or balance <= 0 or rate < 0 or term < 1 or term > 600:
        return NULL
    answer = payment(balance, rate, term)
    return answer if answer >= 0 else NULL


@kernel(i64(i64, i64))
def _month_interest(balance: int, rate: int) -> int:
    if balance == NULL or rate == NULL or balance < 0 or rate < 0:
        return NULL
    return interest(balance, rate, 1)


@kernel(i64(_bytes_out, i64, i64))
def _write_number(out: Any, at: int, value: int) -> int:
    if value >= 100:
        out[at] = 48 + value // 100
        at += 1
    if value >= 10:
        out[at] = 48 + value // 10 % 10
        at += 1
    out[at] = 48 + value % 10
    return at + 1


@kernel(i64(_table, _table, _ints_out, i64, i64, i64, i64, i64))
def _note(events: Any, counts: Any, kept: Any, at: int, cap: int, rule: int, row: int, value: int) -> int:
    counts[rule, 0] += 1
    if kept[rule] < cap and at < events.shape[0]:
        kept[rule] += 1
        events[at, 0] = rule
        events[at, 1] = row
        events[at, 2] = value
        return at + 1
    return at


@kernel(
    types.void(
        _ints, i64, _table, _table, _table, _ints, _table, _ints_out, _ints_out, _bytes_out, _ints_out,
        _table, _ints_out,
        _table, _ints_out,
    )
)  # fmt: skip
def walk(
    starts: Any,
    loans: int,
    monthly: Any,
    static: Any,
    history: Any,
    parameters: Any,
    out: Any,
    out_row: Any,
    out_loan: Any,
    past: Any,
    past_ends: Any,
    counts: Any,
    kept: Any,
    events: Any,
    sums: Any,
) -> None:
    """Walk every loan's months in order and write the state at the months asked for.

    Args:
        starts: first row of each loan, and the end.
        loans: number of loans.
        monthly: [`layouts.MONTHLY` column, row].
        static: [`layouts.STATIC` column, loan].
        history: [loan, months back] reported with the loan's first row; -1 unknown.
        parameters: the ``P_`` places.
        out: out, [`OUT` column, place].
        out_row: out, row of each place.
        out_loan: out, loan of each place.
        past: out, payment histories one after another.
        past_ends: out, where each place's payment history begins; one more than the places.
        counts: in and out, [rule, 0].
        kept: in and out, events kept so far for each rule.
        events: out, [event, 3]: rule, row, value.
        sums: out: places written, places asked for but skipped, events.
    """
    freddie = parameters[P_FREDDIE] != 0
    flex_from = parameters[P_FLEX]
    grace = parameters[P_GRACE]
    withheld = parameters[P_WITHHELD]
    settle = parameters[P_SETTLE]
    rounding = parameters[P_ROUNDING]
    mode = parameters[P_MODE]
    wanted = parameters[P_MONTH]
    cap = parameters[P_CAP]
    written = 0
    skipped = 0
    event = 0
    text = 0
    past_ends[0] = 0
    months = np.empty(HISTORY_MONTHS, np.int64)
    order = np.empty(16, np.int64)
    for loan in range(loans):
        begin = starts[loan]
        size = starts[loan + 1] - begin
        if size > len(order):
            order = np.empty(2 * size, np.int64)
        tidy = True
        for step in range(size):
            order[step] = begin + step
            if step and monthly[M_PERIOD, begin + step] < monthly[M_PERIOD, begin + step - 1]:
                tidy = False
                event = _note(events, counts, kept, event, cap, W_ORDER, begin + step, NULL)
        if not tidy:
            keys = np.empty(size, np.int64)
            for step in range(size):
                keys[step] = monthly[M_PERIOD, begin + step]
            places = np.argsort(keys, kind="mergesort")
            for step in range(size):
                order[step] = begin + places[step]

        orig_upb = static[S_UPB, loan]
        orig_rate = static[S_RATE, loan]
        orig_term = static[S_TERM, loan]
        first_due = static[S_FIRST, loan]
        arm = static[S_AMORTIZATION, loan] == _ARM
        fixed = static[S_AMORTIZATION, loan] == _FRM
        io_loan = static[S_IO, loan] == _Y
        io_until = static[S_FIRST_PRINCIPAL, loan]
        installment = NULL if io_loan else _installment(orig_upb, orig_rate, orig_term)
        slack = 2 if installment == NULL or orig_upb <= 0 else installment * (rounding // 2) // orig_upb + 2
        original = True  # the installment still rests on the original figures
        exact = False
        last_seen = NULL  # installment that the last current-to-current month showed
        previous = NULL
        rate = orig_rate
        maturity = NULL
        balance = NULL
        upb = NULL
        status = NULL
        flagged = -1
        modifications = 0
        modified_at = NULL
        modified_dated = False
        payments_from = first_due
        flex = NULL
        redefault = NULL
        reinstated = False
        adjusted = NULL
        stepped = False
        deferral = NULL
        deferral_at = NULL
        deferrals_known = False
        deferral_undated = False
        included = -1
        deferred_months = 0
        deferred_months_known = True
        nib = NULL
        trial = False
        trial_end = NULL
        failed = NULL
        plan_months = 0
        exposed = False  # two months delinquent (or unknown) while nobody reported plans or deferrals
        owed = False
        forbearance_from = NULL
        forbearance_months = 0
        forbearance_known = False
        from_start = False
        ended = False
        ended_code = -1
        any_balance = False
        reports = 0
        insured_off = False
        for back in range(HISTORY_MONTHS):
            months[back] = -1
        reached = False

        for step in range(size):
            row = order[step]
            period = monthly[M_PERIOD, row]
            asked = mode == EACH or (mode == AT_MONTH and period == wanted)
            if step + 1 < size and monthly[M_PERIOD, order[step + 1]] == period:
                event = _note(events, counts, kept, event, cap, W_DUPLICATE, row, period)
                if mode == EACH:
                    skipped += 1
                continue
            if mode == AT_MONTH and period > wanted:
                break
            final = step + 1 == size
            if mode == LAST:
                asked = final
            if asked:
                reached = True
            if ended:
                if asked:
                    event = _note(events, counts, kept, event, cap, W_ENDED, row, ended_code)
                    skipped += 1
                previous = period
                continue
            gap = 1 if previous == NULL else period - previous
            if gap > 1:
                event = _note(events, counts, kept, event, cap, W_GAP, row, gap - 1)
            reports += 1

            # What the row says.
            code = monthly[M_ENDED, row]
            raw = monthly[M_STATUS, row]
            if (code != NULL and code > 0) or raw == STATUS_REO:
                ended = True
                ended_code = -1 if code == NULL else code
                if raw == STATUS_NEGATIVE:
                    event = _note(events, counts, kept, event, cap, W_STATUS_TERMINAL, row, raw)
                if asked:
                    event = _note(events, counts, kept, event, cap, W_ENDED, row, ended_code)
                    skipped += 1
                previous = period
                continue
            paid = monthly[M_PAID, row]
            now = raw
            if raw < 0:
                now = NULL
                # A month's own record of the last paid installment says as much as the status would.
                if paid != NULL and -1 <= period - paid < 600:
                    now = period - paid if period > paid else 0
                else:
                    event = _note(events, counts, kept, event, cap, W_STATUS_UNKNOWN, row, raw)
            new_upb = monthly[M_UPB, row]
            if new_upb == 0:
                new_upb = NULL
            if new_upb == NULL:
                rule = W_WITHHELD if not any_balance and reports <= withheld else W_NO_BALANCE
                event = _note(events, counts, kept, event, cap, rule, row, NULL)
            else:
                any_balance = True
            new_rate = monthly[M_RATE, row]
            if new_rate == NULL:
                new_rate = rate
            new_maturity = monthly[M_MATURITY, row]
            if new_maturity == NULL and monthly[M_LEGAL, row] != NULL:
                new_maturity = period + monthly[M_LEGAL, row]
            if new_maturity == NULL:
                new_maturity = maturity
            if step == 0 or previous == NULL:
                from_start = first_due != NULL and period - first_due <= 6
                if not from_start and row == begin:
                    for back in range(HISTORY_MONTHS - 1):
                        months[back] = history[loan, back + 1]
            due = NULL if now == NULL else period + 1 - now

            # Payment deferral. The reported amount is the sum of all of them.
            new_deferral = monthly[M_DEFERRAL, row]
            resolution = monthly[M_RESOLUTION, row]
            new_nib = monthly[M_NIB, row]
            new_ib = monthly[M_IB, row]
            deferred_now = False
            rise = 0
            if freddie:
                deferrals_known = True
                if resolution == _Y:
                    deferred_now = True
                    before_nib = 0 if nib == NULL else nib
                    rise = 0 if new_nib == NULL else max(0, new_nib - before_nib)
                elif resolution == _P and deferral_at == NULL and not deferral_undated:
                    deferral_undated = True
                    deferred_months_known = False
            else:
                if resolution != NULL or new_deferral != NULL:
                    deferrals_known = True
                before = 0 if deferral == NULL else deferral
                if new_deferral != NULL and new_deferral > before:
                    rise = new_deferral - before
                    if previous == NULL and not from_start:
                        deferral_undated = True
                    else:
                        deferred_now = True
                        # Does the non-interest-bearing balance hold the deferral? It does if it rose with it.
                        if new_nib != NULL:
                            nib_rise = new_nib - (0 if nib == NULL else nib)
                            included = 1 if 2 * nib_rise >= rise else 0
                elif new_deferral != NULL and new_deferral < before:
                    event = _note(events, counts, kept, event, cap, W_DEFERRAL, row, new_deferral)
            disaster = resolution == _D or (freddie and monthly[M_DISASTER, row] == _Y)
            if rise > 0 and not disaster:
                limit = NULL
                if previous != NULL and status != NULL:
                    limit = status + gap
                count = NULL
                if installment != NULL and installment > 0:
                    # A computed installment may be a little off (see the rounding of the original balance).
                    count = (rise + installment // 50) // installment
                if count == NULL or (limit != NULL and limit < count):
                    count = limit
                if count == NULL:
                    deferred_months_known = False
                else:
                    deferred_months += count
            elif deferred_now and not disaster:
                if previous != NULL and status != NULL:
                    deferred_months += status + gap
                else:
                    deferred_months_known = False
            if deferred_now and not disaster:
                deferral_at = period

            # Modification.
            flag = monthly[M_MODIFIED, row]
            modified_now = False
            if freddie:
                if flag == _Y:
                    modified_now = True
                elif flag == _P and modifications == 0:
                    modifications = 1
                    modified_dated = False
                    flagged = 1
                elif flag == NULL and flagged < 0:
                    flagged = 0
            elif flag == _Y:
                if flagged == 0 or (flagged < 0 and from_start):
                    modified_now = True
                elif flagged < 0:
                    modifications = 1
                    modified_dated = False
                    original = False
                elif modified_at == NULL or period - modified_at > settle:
                    later = maturity != NULL and new_maturity != NULL and new_maturity > maturity
                    cut = not arm and rate != NULL and new_rate != NULL and new_rate < rate
                    grew = (
                        upb != NULL and new_upb != NULL and installment != NULL
                        and new_upb - upb > 3 * installment and not deferred_now
                        and status != NULL and status >= 2 and now != NULL and now <= 1
                    )  # fmt: skip
                    if later or cut or grew:
                        modified_now = True
                flagged = 1
            elif flag == _N:
                flagged = 0
            if modified_now:
                modifications += 1
                modified_at = period
                modified_dated = True
                flagged = 1
                payments_from = due
                if period >= flex_from:
                    flex = period
                    redefault = NULL
                    reinstated = False
                else:
                    flex = NULL
                    redefault = NULL
                    reinstated = False
                trial_end = NULL
            settling = modified_at != NULL and period - modified_at <= settle

            # Balances.
            deferred = NULL
            if new_ib != NULL and new_upb != NULL:
                deferred = max(0, new_upb - new_ib)
                bearing = new_ib
            else:
                amount = 0 if new_deferral == NULL else new_deferral
                if (
                    modified_at != NULL
                    and (deferral_at == NULL or modified_at > deferral_at)
                    and new_nib != NULL
                ):
                    amount = 0  # the modification took up what was deferred before
                if new_nib == NULL:
                    if not (flagged == 1 and not freddie and amount == 0):
                        deferred = amount
                elif included == 1 or (included < 0 and new_nib >= amount):
                    deferred = max(new_nib, amount)
                else:
                    deferred = new_nib + amount
                if new_upb != NULL and deferred != NULL:
                    deferred = min(deferred, new_upb)
                bearing = NULL if new_upb == NULL or deferred == NULL else new_upb - deferred

            # Installment.
            remaining = NULL
            if due != NULL and new_maturity != NULL and new_maturity >= due:
                remaining = new_maturity - due + 1
            interest_only = io_loan and io_until != NULL and due != NULL and due < io_until
            rate_changed = rate != NULL and new_rate != rate
            re_amortize = modified_now or (previous == NULL and flagged == 1)
            if settling and not modified_now:
                moved = maturity != NULL and new_maturity != maturity
                jumped = upb != NULL and new_upb != NULL and (
                    new_upb > upb or (installment != NULL and upb - new_upb > 2 * installment)
                )  # fmt: skip
                re_amortize = re_amortize or rate_changed or moved or jumped or installment == NULL
                if payments_from == NULL:
                    payments_from = due
            elif rate_changed:
                re_amortize = True
                adjusted = period
                if not arm and modifications > 0 and new_rate > rate:
                    stepped = True
            if arm and rate_changed:
                adjusted = period
            if io_loan:
                if interest_only:
                    installment = _month_interest(bearing, new_rate)
                    original = False
                elif original or installment == NULL or rate_changed or (due != NULL and due == io_until):
                    installment = _installment(bearing, new_rate, remaining) if io_until != NULL else NULL
                    original = False
                    slack = 5
            elif re_amortize:
                installment = _installment(bearing, new_rate, remaining)
                original = False
                exact = False
                last_seen = NULL
                slack = 5
            elif original and not exact and balance == NULL and installment != NULL and deferred == 0:
                # The first balance tells the original one, which is published rounded, to the cent.
                seen = _installment(bearing, new_rate, remaining)
                if seen != NULL and abs(seen - installment) <= slack:
                    # A little principal paid early looks the same, so the range for two equal months stays.
                    slack += installment - seen
                    installment = seen

            # This month against the month before.
            happened = E_NONE
            curtailment = NULL
            expected = NULL
            if previous != NULL:
                if gap > 1:
                    happened = E_GAP
                elif modified_now or (settling and re_amortize):
                    happened = E_MODIFIED
                elif deferred_now:
                    happened = E_DEFERRED
                elif status != 0 or now != 0:
                    happened = E_NOT_CURRENT
                elif balance == NULL or bearing == NULL:
                    happened = E_BLANK
                elif installment == NULL and not interest_only:
                    happened = E_NO_INSTALLMENT_KNOWN
                else:
                    due_interest = _month_interest(balance, rate)
                    drop = balance - bearing
                    shown = drop + due_interest
                    before_installment = installment
                    if interest_only:
                        before_installment = due_interest
                    elif (
                        not rate_changed and shown == last_seen and drop > 0
                        and (shown < installment or (not exact and shown - installment <= slack))
                    ):  # fmt: skip
                        # Two months in a row show one and the same installment. Near the computed one it is
                        # the contract's; a lower one on a loan that stays current is the contract's after
                        # re-amortization.
                        installment = shown
                        before_installment = shown
                        exact = True
                    scheduled = before_installment - due_interest
                    expected = balance - scheduled
                    second = before_installment - _month_interest(max(0, expected), rate)
                    if abs(bearing - expected) <= 100:
                        happened = E_MATCHED
                    elif rate_changed:
                        happened = E_RATE_CHANGE
                    elif drop == 0:
                        happened = E_NO_PAYMENT
                    elif drop < 0:
                        happened = E_BALANCE_ROSE
                    elif abs(drop - scheduled - second) <= 200:
                        happened = E_TWO_PAYMENTS
                    elif drop > scheduled:
                        happened = E_CURTAILMENT
                        curtailment = drop - scheduled
                    else:
                        happened = E_LESS_PRINCIPAL
                    last_seen = shown

            # Payment history.
            shift = min(gap, HISTORY_MONTHS) if previous != NULL else 1
            if previous != NULL or from_start:
                for back in range(HISTORY_MONTHS - 1, shift - 1, -1):
                    months[back] = months[back - shift]
                for back in range(shift):
                    months[back] = -1
                months[0] = -1 if now == NULL else now
            else:
                for back in range(HISTORY_MONTHS - 1, 0, -1):
                    months[back] = months[back - 1]
                months[0] = -1 if now == NULL else now
            life = HISTORY_MONTHS
            if first_due != NULL and period + 1 - first_due < HISTORY_MONTHS:
                life = max(1, period + 1 - first_due)

            # Redefault after a Flex Modification.
            if flex != NULL and now != NULL:
                if redefault == NULL:
                    if now >= 2 and period > flex:
                        redefault = period
                elif now == 0:
                    reinstated = True

            # Plans.
            plan = monthly[M_PLAN, row]
            plan_known = plan != NULL or freddie
            plan_months = plan_months + 1 if plan_known else 0
            late = now == NULL or now >= 2 or (previous == NULL and not from_start) or gap > 1
            exposed = exposed or (late and not plan_known)
            owed = owed or (late and not deferrals_known)
            in_trial = plan == _T and not modified_now and not settling
            left_trial = trial and plan_known and not in_trial and not modified_now
            if left_trial and plan != _F and not deferred_now and (now == NULL or now > 0):
                trial_end = period
            if trial_end != NULL:
                if modified_now or deferred_now or plan in (_T, _F) or now == 0:
                    trial_end = NULL
                elif period - trial_end >= grace:
                    failed = trial_end
                    trial_end = NULL
            if plan_known:
                trial = in_trial
            if plan == _F:
                if forbearance_from == NULL:
                    forbearance_from = period
                    forbearance_months = 0
                    forbearance_known = previous != NULL or from_start
                forbearance_months += gap if previous != NULL and forbearance_months > 0 else 1
            elif plan_known and now == 0:
                forbearance_from = NULL
                forbearance_months = 0

            if monthly[M_MI, row] == _Y:
                insured_off = True

            if asked:
                out[O_EVALUATION, written] = last_day(period)
                out[O_AMORTIZATION, written] = 1 if arm else (2 if stepped else (0 if fixed else NULL))
                final_rate = NULL
                if flex != NULL or (fixed and not stepped and modifications == 0):
                    final_rate = 1
                elif (arm and modifications == 0) or stepped:
                    final_rate = 0
                out[O_FINAL, written] = final_rate
                out[O_IO, written] = (
                    NULL if io_loan and (io_until == NULL or due == NULL) else (1 if interest_only else 0)
                )
                lifetime = static[S_CAP, loan]
                out[O_CEILING, written] = (
                    orig_rate + lifetime if arm and lifetime != NULL and orig_rate != NULL else NULL
                )
                if adjusted != NULL and (arm or stepped):
                    out[O_ADJUSTED, written] = first_day(adjusted)
                else:
                    out[O_ADJUSTED, written] = (
                        NEVER_DAYS if fixed and not stepped and modifications == 0 else NULL
                    )
                out[O_MATURITY, written] = first_day(new_maturity)
                payoff = monthly[M_REMAINING, row]
                if payoff != NULL and due != NULL and remaining != NULL and 0 < payoff < remaining:
                    out[O_PAYOFF, written] = first_day(due + payoff - 1)
                else:
                    out[O_PAYOFF, written] = NULL
                out[O_RATE, written] = new_rate
                out[O_PI, written] = installment
                out[O_IB, written] = bearing
                out[O_DEFERRED, written] = deferred
                out[O_REMAINING, written] = remaining
                out[O_DUE, written] = first_day(due)
                percent = static[S_MI, loan]
                if percent == NULL:
                    out[O_INSURED, written] = NULL if freddie else 0
                elif freddie and percent == 99900:
                    out[O_INSURED, written] = NULL
                else:
                    out[O_INSURED, written] = 1 if percent > 0 and not insured_off else 0
                out[O_MONTHS, written] = now
                out[O_DAYS, written] = NULL if due == NULL else max(0, last_day(period) - first_day(due))
                lates = 0
                for back in range(min(6, life)):
                    if months[back] < 0:
                        lates = NULL
                        break
                    if months[back] >= 1:
                        lates += 1
                out[O_LATES, written] = lates
                out[O_MODIFICATIONS, written] = modifications if flagged >= 0 else NULL
                if modifications > 0:
                    out[O_MODIFIED, written] = first_day(modified_at) if modified_dated else NULL
                else:
                    out[O_MODIFIED, written] = NEVER_DAYS if flagged == 0 else NULL
                if flex != NULL:
                    out[O_FLEX, written] = first_day(flex)
                    out[O_REDEFAULT, written] = last_day(redefault) if redefault != NULL else NEVER_DAYS
                    out[O_REINSTATED, written] = NULL if redefault == NULL else (1 if reinstated else 0)
                else:
                    never = (
                        flagged == 0
                        or (modifications > 0 and modified_dated)
                        or (flagged == 1 and period < flex_from)
                    )
                    out[O_FLEX, written] = NEVER_DAYS if never and flagged >= 0 else NULL
                    out[O_REDEFAULT, written] = NEVER_DAYS if never and flagged >= 0 else NULL
                    out[O_REINSTATED, written] = NULL
                if failed != NULL:
                    out[O_FAILED, written] = last_day(failed)
                else:
                    out[O_FAILED, written] = NEVER_DAYS if plan_months >= 12 or not exposed else NULL
                if deferral_at != NULL:
                    out[O_DEFERRAL, written] = first_day(deferral_at)
                else:
                    out[O_DEFERRAL, written] = (
                        NEVER_DAYS if not deferral_undated and (deferrals_known or not owed) else NULL
                    )
                out[O_DEFERRED_MONTHS, written] = (
                    deferred_months if deferred_months_known and (deferrals_known or not owed) else NULL
                )
                out[O_TRIAL, written] = (1 if in_trial else 0) if plan_known else NULL
                out[O_REPAYMENT, written] = (1 if plan == _R else 0) if plan_known else NULL
                out[O_FORBEARANCE, written] = (1 if plan == _F else 0) if plan_known else NULL
                if forbearance_from != NULL:
                    out[O_FORBEARANCE_START, written] = (
                        first_day(forbearance_from) if forbearance_known else NULL
                    )
                    out[O_FORBEARANCE_MONTHS, written] = forbearance_months if forbearance_known else NULL
                else:
                    out[O_FORBEARANCE_START, written] = NEVER_DAYS if plan_known else NULL
                    out[O_FORBEARANCE_MONTHS, written] = 0 if plan_known else NULL
                made = NULL
                if due != NULL and payments_from != NULL and (modifications == 0 or modified_dated):
                    made = due - payments_from
                    if modifications == 0 or (
                        deferral_at != NULL and modified_at != NULL and deferral_at >= modified_at
                    ):
                        made -= deferred_months
                    made = max(0, made)
                out[O_PAYMENTS, written] = made
                score = monthly[M_SCORE, row]
                other = monthly[M_SCORE_CO, row]
                scored = last_day(period)
                if score == NULL or score < 300 or score > 850:
                    score = static[S_SCORE, loan]
                    other = static[S_SCORE_CO, loan]
                    scored = first_day(static[S_DATE, loan])
                if other != NULL and 300 <= other <= 850 and (score == NULL or other < score):
                    score = other
                if score == NULL or score < 300 or score > 850:
                    score = NULL
                    scored = NULL
                out[O_SCORE, written] = score
                out[O_SCORE_DATE, written] = scored
                out[O_EVENT, written] = happened
                out[O_CURTAILMENT, written] = curtailment
                out[O_EXPECTED, written] = expected
                shown_months = 0
                for back in range(min(HISTORY_MONTHS, life)):
                    if months[back] >= 0:
                        shown_months = back + 1
                for back in range(shown_months):
                    if back:
                        past[text] = 44
                        text += 1
                    if months[back] >= 0:
                        text = _write_number(past, text, min(months[back], 999))
                out_row[written] = row
                out_loan[written] = loan
                written += 1
                past_ends[written] = text

            previous = period
            status = now
            rate = new_rate
            maturity = new_maturity
            upb = new_upb
            balance = bearing
            nib = new_nib if new_nib != NULL else nib
            deferral = new_deferral if new_deferral != NULL else deferral
        if mode == AT_MONTH and not reached:
            event = _note(events, counts, kept, event, cap, W_NO_MONTH, starts[loan + 1] - 1, wanted)
            skipped += 1
    sums[0] = written
    sums[1] = skipped
    sums[2] = event
