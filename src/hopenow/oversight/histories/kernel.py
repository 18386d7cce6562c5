"""The kernel that walks each loan's months, finds the help it got and its delinquencies, and follows each of them.

An *entry* is a month from which a loan is followed: a help event (a modification, a deferral, the start of a plan) or
the start of a delinquency. What the columns mean is said in `hopenow.oversight.histories`; the reading of the files'
flags agrees with `hopenow.tapes.derive`, which derives a loan's state for a review (a test compares the two).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hopenow.mortgage._jit import i64, kernel, types
from hopenow.mortgage.kernels import payment
from hopenow.tapes.layouts import MONTHLY_INDEX, STATIC_INDEX, STATUS_NEGATIVE, STATUS_REO
from hopenow.tapes.scan import NULL

KINDS: Final = (
    "modification",
    "payment_deferral",
    "partial_claim",
    "forbearance",
    "trial",
    "repayment_plan",
    "delinquency",
)
"""Kinds of entries; all but the last are help."""
K_MODIFICATION, K_DEFERRAL, K_CLAIM, K_FORBEARANCE, K_TRIAL, K_REPAYMENT, K_DELINQUENCY = range(7)

FATES: Final = ("running", "paid_off", "short_sale", "deed_in_lieu", "foreclosure_sale", "acquired", "left")
"""How a loan ended: ``acquired`` is a deed in lieu or a foreclosed home, which the file does not tell apart; ``left``:
sold, repurchased or removed, so that nothing more is known of it."""
F_RUNNING, F_PAID, F_SHORT, F_DEED, F_SALE, F_ACQUIRED, F_LEFT = range(7)

STYLES: Final = ("fannie_mae", "freddie_mac", "own")
"""How a file flags workouts. ``fannie_mae``: the modification flag stays on, deferrals are a running sum;
``freddie_mac``: Y in the month, P afterwards; ``own``: the modification flag stays on, and a deferral or partial claim
is one where its code first shows or the running sum rises."""
Y_FANNIE, Y_FREDDIE, Y_OWN = range(3)

ENTRY: Final = (
    "loan",  # place of the loan in its piece
    "kind",
    "month",  # year * 12 + month - 1
    "row",  # place of the entry's row in its piece
    "number",  # 1 for a loan's first help, or first delinquency
    "late_before",  # months late in the last month known before
    "late_at",
    "worst_before",  # most months late since the loan was last current
    "rate_before",
    "rate_after",
    "payment_before",
    "payment_after",
    "balance_before",
    "balance_after",
    "term_before",
    "term_after",
    "amount",  # deferred or claimed, cents
    "reason",  # packed word
    "score_before",
    "seen",  # months after the entry with the loan's last row
    "fate",
    "fate_after",  # months after the entry in which the loan ended
    "first_30",
    "first_60",
    "first_90",
    "maybe_60",  # first month after the entry that is unknown and may have been 60 days late
    "current_after",  # first month, from the entry on, in which the loan was current
    "next_kind",  # next help (for a delinquency: first help from its first missed payment until it was over)
    "next_after",
    "long_after",  # months to the next long-term help, the entry itself included
    "over_after",  # delinquency only: months until it was cured or the loan ended
)
"""Columns of an entry; then come, for each month of the grid, `GRID`."""
GRID: Final = ("late", "plan", "score", "worst")
"""Months late (`G_UNKNOWN`, `G_UNSEEN`, or `G_ENDED` less the fate), plan in force, latest score within twelve months
and not from before the entry, most months late in the twelve months to then (`G_UNKNOWN` where a month could change
whether it is 60 days)."""
G_UNKNOWN, G_UNSEEN, G_ENDED = -1, -2, -10
E = {name: place for place, name in enumerate(ENTRY)}

LOAN: Final = (
    "first_month",
    "last_month",
    "months",  # rows used
    "fate",
    "late",  # months late in the last month; -1 unknown
    "worst",
    "helps",
    "delinquencies",
    "undated_modification",
    "left_out",  # 1: two loans under one id; 2: impossible span
    "plan",  # plan in force in the last month
)
L = {name: place for place, name in enumerate(LOAN)}

STOCK_FROM: Final = 1970 * 12
STOCK_MONTHS: Final = 1800
STOCK: Final = 14
"""Loans by month and months late: 0 to 11, 12 and more, unknown."""

(
    R_ORDER,
    R_DUPLICATE,
    R_TWO_LOANS,
    R_GAP,
    R_AFTER_END,
    R_BALANCE,
    R_JUMP,
    R_UNKNOWN,
    R_FLAG,
    R_SPAN,
    R_CODE,
) = range(11)
RULES: Final = 11

# Places in the parameter array.
(
    P_STYLE,
    P_SETTLE,
    P_LATE,
    P_RISE,
    P_SPAN,
    P_CAP,
    P_LOOK_BACK,
) = range(7)

_ints = types.Array(types.int64, 1, "C", readonly=True)
_out = types.Array(types.int64, 1, "C")
_table = types.Array(types.int64, 2, "C")

_F, _T, _R, _Y, _N, _P, _L = (ord(letter) for letter in "FTRYNPL")
_7 = ord("7")
M_PERIOD, M_STATUS, M_RATE, M_UPB, M_MATURITY = (
    MONTHLY_INDEX[name] for name in ("period", "status", "rate", "upb", "maturity")
)
M_MODIFIED, M_ENDED, M_PLAN, M_RESOLUTION, M_DEFERRAL = (
    MONTHLY_INDEX[name] for name in ("modified", "ended", "plan", "resolution", "deferral")
)
M_NIB, M_IB, M_SCORE, M_PAID, M_LEGAL = (
    MONTHLY_INDEX[name]
    for name in ("non_interest_bearing", "interest_bearing", "score", "last_paid", "remaining_legal")
)
M_PAYMENT: Final = MONTHLY_INDEX["score_co"]
"""A generic file's reported installment travels in a column that outcomes do not use otherwise (see `fields`)."""
S_RATE, S_UPB, S_TERM, S_FIRST, S_AMORTIZATION, S_SCORE, S_DATE = (
    STATIC_INDEX[name]
    for name in ("orig_rate", "orig_upb", "orig_term", "first_payment", "amortization", "orig_score", "orig_date")
)
_ARM = (ord("A") << 16) + (ord("R") << 8) + ord("M")

(
    E_LOAN, E_KIND, E_MONTH, E_ROW, E_NUMBER, E_BEFORE, E_AT, E_WORST, E_RATE0, E_RATE1, E_PAY0, E_PAY1,
    E_UPB0, E_UPB1, E_TERM0, E_TERM1, E_AMOUNT, E_REASON, E_SCORE, E_SEEN, E_FATE, E_FATE_AFTER, E_30, E_60,
    E_90, E_MAYBE, E_CURRENT, E_NEXT, E_NEXT_AFTER, E_LONG, E_OVER,
) = range(len(ENTRY))  # fmt: skip
E_GRID: Final = len(ENTRY)
(
    L_FIRST, L_LAST, L_MONTHS, L_FATE, L_LATE, L_WORST, L_HELPS, L_DELINQUENCIES, L_UNDATED, L_OUT, L_PLAN,
) = range(len(LOAN))  # fmt: skip


@kernel(i64(_table, _table, _out, i64, i64, i64, i64, i64))
def _note(found: Any, counts: Any, kept: Any, at: int, cap: int, rule: int, row: int, value: int) -> int:
    counts[rule, 0] += 1
    if kept[rule] < cap and at < found.shape[0]:
        kept[rule] += 1
        found[at, 0] = rule
        found[at, 1] = row
        found[at, 2] = value
        return at + 1
    return at


@kernel(i64(i64, i64, i64))
def _level(balance: int, rate: int, term: int) -> int:
    """Level payment, or `NULL` where the figures do not define one."""
    if balance == NULL or rate == NULL or term == NULL or balance <= 0 or rate < 0 or term < 1 or term > 600:
        return NULL
    answer = payment(balance, rate, term)
    return answer if answer >= 0 else NULL


@kernel(
    types.void(_table, i64, i64, i64, i64, i64, _out, _out, _out, _ints, i64, i64),
)
def _follow(
    entries: Any,
    at: int,
    start: int,
    slots: int,
    end: int,
    fate: int,
    late: Any,
    plan: Any,
    score: Any,
    grid: Any,
    bad: int,
    look_back: int,
) -> None:
    """Fill in what became of a loan from an entry's month on.

    Args:
        entries: in and out, [entry, column].
        at: place of the entry.
        start: month of the entry, counted from the loan's first.
        slots: months from the loan's first row to its last.
        end: month in which the loan ended; `slots` where it did not.
        fate: how it ended.
        late: months late in each month, -1 unknown.
        plan: plan in force in each month.
        score: current score in each month, `NULL` unknown.
        grid: months after the entry to look at.
        bad: months late that count as serious (60 days: 2).
        look_back: months to look back for the worst and the score.
    """
    last = end - 1 if end < slots else slots - 1
    entries[at, E_SEEN] = last - start
    if end < slots:
        entries[at, E_FATE] = fate
        entries[at, E_FATE_AFTER] = end - start
    known = late[start]
    since = start
    entries[at, E_CURRENT] = 0 if known == 0 else NULL
    for slot in range(start + 1, last + 1):
        t = slot - start
        now = late[slot]
        if now < 0:
            if (known < 0 or known + slot - since >= bad) and entries[at, E_MAYBE] == NULL:
                entries[at, E_MAYBE] = t
            continue
        known = now
        since = slot
        if now >= 1 and entries[at, E_30] == NULL:
            entries[at, E_30] = t
        if now >= bad and entries[at, E_60] == NULL:
            entries[at, E_60] = t
        if now >= bad + 1 and entries[at, E_90] == NULL:
            entries[at, E_90] = t
        if now == 0 and entries[at, E_CURRENT] == NULL:
            entries[at, E_CURRENT] = t
    for place in range(len(grid)):
        slot = start + grid[place]
        column = E_GRID + 4 * place
        entries[at, column + 1] = 0
        entries[at, column + 2] = NULL
        entries[at, column + 3] = -1
        if slot >= end and end < slots:
            entries[at, column] = -10 - fate
            continue
        if slot > last:
            entries[at, column] = -2
            continue
        entries[at, column] = late[slot]
        entries[at, column + 1] = plan[slot]
        worst = 0
        doubt = False
        known = -1
        since = 0
        begin = max(start, slot - look_back + 1)
        for back in range(begin, slot + 1):
            now = late[back]
            if now < 0:
                if known < 0 or known + back - since >= bad:
                    doubt = True
                continue
            known = now
            since = back
            if now > worst:
                worst = now
        entries[at, column + 3] = worst if worst >= bad or not doubt else -1
        for back in range(slot, begin - 1, -1):
            if score[back] != NULL:
                entries[at, column + 2] = score[back]
                break


@kernel(
    types.void(
        _ints, i64, _table, _table, _ints, _ints, _ints, _table, _table, _table, _table, _out, _table, _out,
    )
)  # fmt: skip
def walk(
    starts: Any,
    loans: int,
    monthly: Any,
    static: Any,
    parameters: Any,
    grid: Any,
    fates: Any,
    entries: Any,
    summary: Any,
    stock: Any,
    counts: Any,
    kept: Any,
    found: Any,
    sums: Any,
) -> None:
    """Walk every loan's months.

    Args:
        starts: first row of each loan, and the end.
        loans: number of loans.
        monthly: [`layouts.MONTHLY` column, row].
        static: [`layouts.STATIC` column, loan].
        parameters: the ``P_`` places.
        grid: months after an entry to look at, ascending.
        fates: fate of each zero-balance code from 0 to 99.
        entries: out, [entry, column], filled with `NULL` by this function as far as it is used.
        summary: out, [`LOAN` column, loan].
        stock: in and out, [month, months late].
        counts: in and out, [rule, 0].
        kept: in and out, findings kept so far for each rule.
        found: out, [finding, 3]: rule, row, value.
        sums: out: entries, findings.
    """
    style = parameters[P_STYLE]
    settle = parameters[P_SETTLE]
    bad = parameters[P_LATE]
    rise_allowed = parameters[P_RISE]
    span_allowed = parameters[P_SPAN]
    cap = parameters[P_CAP]
    look_back = parameters[P_LOOK_BACK]
    written = 0
    noted = 0
    order = np.empty(16, np.int64)
    rows = np.empty(16, np.int64)
    late = np.empty(16, np.int64)
    plans = np.empty(16, np.int64)
    scores = np.empty(16, np.int64)
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
                noted = _note(found, counts, kept, noted, cap, R_ORDER, begin + step, NULL)
        if not tidy:
            keys = np.empty(size, np.int64)
            for step in range(size):
                keys[step] = monthly[M_PERIOD, begin + step]
            places = np.argsort(keys, kind="mergesort")
            for step in range(size):
                order[step] = begin + places[step]
        first = monthly[M_PERIOD, order[0]]
        slots = monthly[M_PERIOD, order[size - 1]] - first + 1
        for place in range(len(LOAN)):
            summary[place, loan] = 0
        summary[L_FIRST, loan] = first
        summary[L_LAST, loan] = first + slots - 1
        summary[L_LATE, loan] = -1
        if slots > span_allowed:
            noted = _note(found, counts, kept, noted, cap, R_SPAN, order[0], slots)
            summary[L_OUT, loan] = 2
            continue
        if slots > len(rows):
            rows = np.empty(2 * slots, np.int64)
            late = np.empty(2 * slots, np.int64)
            plans = np.empty(2 * slots, np.int64)
            scores = np.empty(2 * slots, np.int64)
        for slot in range(slots):
            rows[slot] = -1
        two = False
        for step in range(size):
            row = order[step]
            slot = monthly[M_PERIOD, row] - first
            other = rows[slot]
            if other >= 0:
                same = (
                    monthly[M_UPB, row] == monthly[M_UPB, other]
                    and monthly[M_STATUS, row] == monthly[M_STATUS, other]
                    and monthly[M_RATE, row] == monthly[M_RATE, other]
                )
                if same:
                    noted = _note(found, counts, kept, noted, cap, R_DUPLICATE, row, monthly[M_PERIOD, row])
                else:
                    if not two:
                        noted = _note(found, counts, kept, noted, cap, R_TWO_LOANS, row, monthly[M_PERIOD, row])
                    two = True
            rows[slot] = row
        if two:
            summary[L_OUT, loan] = 1
            continue

        # The loan's months: late, plan, score; and its end.
        first_due = static[S_FIRST, loan]
        from_start = first_due != NULL and first - first_due <= 6
        end = slots
        fate = F_RUNNING
        used = 0
        gap = 0
        known = -1
        since = -1
        holding = 0
        worst_ever = 0
        for slot in range(slots):
            row = rows[slot]
            late[slot] = -1
            plans[slot] = holding
            scores[slot] = NULL
            if row < 0:
                gap += 1
                continue
            if end < slots:
                noted = _note(found, counts, kept, noted, cap, R_AFTER_END, row, NULL)
                continue
            if gap:
                noted = _note(found, counts, kept, noted, cap, R_GAP, row, gap)
                gap = 0
            used += 1
            raw = monthly[M_STATUS, row]
            code = monthly[M_ENDED, row]
            if (code != NULL and code > 0) or raw == STATUS_REO:
                end = slot
                if raw == STATUS_REO and (code == NULL or code <= 0):
                    fate = F_ACQUIRED
                elif code < len(fates) and fates[code] > 0:
                    fate = fates[code]
                else:
                    fate = F_LEFT
                    noted = _note(found, counts, kept, noted, cap, R_CODE, row, code)
                plans[slot] = 0
                continue
            now = raw
            if raw < 0:
                now = -1
                paid = monthly[M_PAID, row]
                period = first + slot
                if paid != NULL and -1 <= period - paid < 600:
                    now = period - paid if period > paid else 0
                elif raw != STATUS_NEGATIVE:
                    noted = _note(found, counts, kept, noted, cap, R_UNKNOWN, row, raw)
            late[slot] = now
            if now >= 0:
                if known >= 0 and now > known + slot - since:
                    noted = _note(found, counts, kept, noted, cap, R_JUMP, row, now - known)
                known = now
                since = slot
                if now > worst_ever:
                    worst_ever = now
            scores[slot] = monthly[M_SCORE, row]
            word = monthly[M_PLAN, row]
            if word == _F:
                holding = 1
            elif word == _T:
                holding = 2
            elif word == _R:
                holding = 3
            elif word != NULL or style == Y_FREDDIE:
                holding = 0
            plans[slot] = holding
            place = first + slot - STOCK_FROM
            if 0 <= place < STOCK_MONTHS:
                stock[place, STOCK - 1 if now < 0 else min(now, STOCK - 2)] += 1
        last = end - 1 if end < slots else slots - 1
        summary[L_MONTHS, loan] = used
        summary[L_FATE, loan] = fate
        summary[L_WORST, loan] = worst_ever
        if last >= 0:
            summary[L_LATE, loan] = late[last] if fate == F_RUNNING else -1
            summary[L_PLAN, loan] = plans[last] if fate == F_RUNNING else 0

        # Help and delinquencies, in the order of time.
        base = written
        helps = 0
        spells = 0
        arm = static[S_AMORTIZATION, loan] == _ARM
        installment = _level(static[S_UPB, loan], static[S_RATE, loan], static[S_TERM, loan])
        rate = static[S_RATE, loan]
        flagged = -1
        modified_at = -1000
        deferral = NULL
        resolved = NULL
        maturity = NULL
        upb = NULL
        nib = NULL
        term = NULL
        status = -1
        status_at = -1
        score = static[S_SCORE, loan]
        spell = -1  # entry of the running delinquency
        missed = -1  # month of its first missed payment
        worst = 0
        plan_before = 0
        deferred_at = -1000
        for slot in range(last + 1):
            row = rows[slot]
            if row < 0:
                continue
            now = late[slot]
            period = first + slot
            initial = slot == 0
            new_rate = monthly[M_RATE, row]
            if new_rate == NULL:
                new_rate = rate
            new_maturity = monthly[M_MATURITY, row]
            if new_maturity == NULL and monthly[M_LEGAL, row] != NULL:
                new_maturity = period + monthly[M_LEGAL, row]
            if new_maturity == NULL:
                new_maturity = maturity
            new_upb = monthly[M_UPB, row]
            if new_upb == 0:
                new_upb = NULL

            # Deferrals and partial claims.
            amount = 0
            deferred_now = False
            new_deferral = monthly[M_DEFERRAL, row]
            resolution = monthly[M_RESOLUTION, row]
            new_nib = monthly[M_NIB, row]
            if style == Y_FREDDIE:
                if resolution == _Y:
                    deferred_now = True
                    if new_nib != NULL:
                        amount = max(0, new_nib - (0 if nib == NULL else nib))
            else:
                before = 0 if deferral == NULL else deferral
                if new_deferral != NULL and new_deferral > before and not (initial and not from_start):
                    deferred_now = True
                    amount = new_deferral - before
                if style == Y_OWN and not deferred_now and resolution != NULL and resolution != _N:
                    deferred_now = resolution != resolved and not (initial and not from_start)

            # Modifications.
            modified_now = False
            flag = monthly[M_MODIFIED, row]
            if style == Y_FREDDIE:
                if flag == _Y:
                    modified_now = True
                    flagged = 1
                elif flag == _P and flagged < 1:
                    summary[L_UNDATED, loan] = 1
                    flagged = 1
                elif flag == NULL and flagged < 0:
                    flagged = 0
            elif flag == _Y:
                if flagged == 0 or (flagged < 0 and from_start):
                    modified_now = True
                elif flagged < 0:
                    summary[L_UNDATED, loan] = 1
                elif slot - modified_at > settle:
                    longer = maturity != NULL and new_maturity != NULL and new_maturity > maturity
                    cut = not arm and rate != NULL and new_rate != NULL and new_rate < rate
                    grew = (
                        upb != NULL and new_upb != NULL and installment != NULL
                        and new_upb - upb > 3 * installment and not deferred_now
                        and status >= 2 and 0 <= now <= 1
                    )  # fmt: skip
                    modified_now = longer or cut or grew
                flagged = 1
            elif flag == _N:
                if flagged == 1:
                    noted = _note(found, counts, kept, noted, cap, R_FLAG, row, NULL)
                flagged = 0
            settling = modified_now or slot - modified_at <= settle

            # Plans begin where their code first shows; a trial's code may outlast its modification.
            plan = plans[slot]
            starting = plan if plan != plan_before and plan > 0 and not (initial and not from_start) else 0
            if starting == 2 and settling:
                starting = 0

            # A balance that rises needs a reason.
            if (
                upb != NULL and new_upb != NULL and new_upb - upb > rise_allowed
                and not settling and not deferred_now and slot - deferred_at > settle
                and not (now >= 0 and status >= 0 and now > status + (slot - status_at))
            ):  # fmt: skip
                noted = _note(found, counts, kept, noted, cap, R_BALANCE, row, new_upb - upb)

            # What the balance bears, and the installment.
            new_ib = monthly[M_IB, row]
            new_bearing = new_ib
            if new_bearing == NULL and new_upb != NULL:
                held = 0 if new_nib == NULL else new_nib
                later = 0 if new_deferral == NULL else new_deferral
                if modified_now or (modified_at >= 0 and modified_at >= deferred_at):
                    later = 0  # the modification took up what was deferred before
                new_bearing = new_upb - min(new_upb, max(held, later) if held >= later else held + later)
            due = NULL if now < 0 else period + 1 - now
            remaining = NULL
            if due != NULL and new_maturity != NULL and new_maturity >= due:
                remaining = new_maturity - due + 1
            reported = monthly[M_PAYMENT, row] if style == Y_OWN else NULL

            for kind in range(6):
                if kind == K_MODIFICATION:
                    happened = modified_now
                elif kind == K_DEFERRAL:
                    happened = deferred_now and resolution != _L
                elif kind == K_CLAIM:
                    happened = deferred_now and resolution == _L
                else:
                    happened = starting == kind - 2
                if not happened:
                    continue
                helps += 1
                for column in range(entries.shape[1]):
                    entries[written, column] = NULL
                entries[written, E_LOAN] = loan
                entries[written, E_KIND] = kind
                entries[written, E_MONTH] = period
                entries[written, E_ROW] = row
                entries[written, E_NUMBER] = helps
                entries[written, E_BEFORE] = NULL if status < 0 else status
                entries[written, E_AT] = NULL if now < 0 else now
                entries[written, E_WORST] = worst
                entries[written, E_RATE0] = rate
                entries[written, E_PAY0] = installment
                entries[written, E_UPB0] = upb
                entries[written, E_TERM0] = term
                entries[written, E_SCORE] = score
                if kind in (K_DEFERRAL, K_CLAIM):
                    entries[written, E_AMOUNT] = amount if amount > 0 else NULL
                    entries[written, E_REASON] = resolution
                entries[written, E_FATE] = F_RUNNING
                _follow(
                    entries, written, slot, slots, end, fate, late, plans, scores, grid, bad, look_back
                )  # fmt: skip
                written += 1
            if modified_now:
                modified_at = slot
            if deferred_now:
                deferred_at = slot
            if slot - modified_at <= settle or modified_now:
                # The figures of a modification may arrive some months after its flag; the last ones count.
                installment = _level(new_bearing, new_rate, remaining)
                if reported != NULL:
                    installment = reported
                for entry in range(base, written):
                    if entries[entry, E_KIND] == K_MODIFICATION and entries[entry, E_MONTH] == first + modified_at:
                        entries[entry, E_RATE1] = new_rate
                        if installment != NULL:
                            entries[entry, E_PAY1] = installment
                        if new_upb != NULL and (
                            entries[entry, E_UPB1] == NULL
                            or (installment != NULL and abs(new_upb - entries[entry, E_UPB1]) > 3 * installment)
                        ):
                            entries[entry, E_UPB1] = new_upb
                        if remaining != NULL and (entries[entry, E_TERM1] == NULL or new_maturity != maturity):
                            entries[entry, E_TERM1] = remaining
            elif reported != NULL:
                installment = reported
            elif rate != NULL and new_rate != rate:
                installment = _level(new_bearing, new_rate, remaining)

            # A delinquency begins with the first month that is seriously late, and ends when the loan is current.
            if now >= 1 and missed < 0:
                missed = slot
            if now > worst:
                worst = now
            if now >= bad and spell < 0:
                spells += 1
                for column in range(entries.shape[1]):
                    entries[written, column] = NULL
                entries[written, E_LOAN] = loan
                entries[written, E_KIND] = K_DELINQUENCY
                entries[written, E_MONTH] = period
                entries[written, E_ROW] = row
                entries[written, E_NUMBER] = spells
                entries[written, E_BEFORE] = NULL if status < 0 else status
                entries[written, E_AT] = now
                entries[written, E_WORST] = worst
                entries[written, E_RATE0] = rate
                entries[written, E_PAY0] = installment
                entries[written, E_UPB0] = upb
                entries[written, E_TERM0] = term
                entries[written, E_SCORE] = score
                entries[written, E_FATE] = F_RUNNING
                entries[written, E_AMOUNT] = missed
                _follow(
                    entries, written, slot, slots, end, fate, late, plans, scores, grid, bad, look_back
                )  # fmt: skip
                spell = written
                written += 1
            if now == 0:
                if spell >= 0:
                    entries[spell, E_OVER] = period - entries[spell, E_MONTH]
                spell = -1
                missed = -1
                worst = 0
            plan_before = plan
            deferral = new_deferral if new_deferral != NULL else deferral
            if resolution != NULL:
                resolved = resolution
            maturity = new_maturity
            if new_upb != NULL:
                upb = new_upb
            if new_nib != NULL:
                nib = new_nib
            if remaining != NULL:
                term = remaining
            if now >= 0:
                status = now
                status_at = slot
            if scores[slot] != NULL:
                score = scores[slot]
            rate = new_rate
        if spell >= 0 and end < slots:
            entries[spell, E_OVER] = first + end - entries[spell, E_MONTH]

        # Which help came next, and which was the first within a delinquency.
        for entry in range(base, written):
            month = entries[entry, E_MONTH]
            kind = entries[entry, E_KIND]
            if kind < K_DELINQUENCY:
                if kind <= K_CLAIM:
                    entries[entry, E_LONG] = 0
                for other in range(base, written):
                    if other == entry or entries[other, E_KIND] == K_DELINQUENCY:
                        continue
                    after = entries[other, E_MONTH] - month
                    if after < 0 or (after == 0 and other < entry):
                        continue
                    if entries[entry, E_NEXT] == NULL:
                        entries[entry, E_NEXT] = entries[other, E_KIND]
                        entries[entry, E_NEXT_AFTER] = after
                    if entries[other, E_KIND] <= K_CLAIM and entries[entry, E_LONG] == NULL:
                        entries[entry, E_LONG] = after
            else:
                begun = first + entries[entry, E_AMOUNT]
                over = entries[entry, E_OVER]
                entries[entry, E_AMOUNT] = NULL
                for other in range(base, written):
                    if entries[other, E_KIND] == K_DELINQUENCY:
                        continue
                    when = entries[other, E_MONTH]
                    running = (
                        when < begun
                        and entries[other, E_KIND] > K_CLAIM
                        and (plans[begun - first] == entries[other, E_KIND] - 2)
                    )
                    if (when < begun and not running) or (over != NULL and when > month + over):
                        continue
                    if entries[entry, E_NEXT] == NULL:
                        entries[entry, E_NEXT] = entries[other, E_KIND]
                        entries[entry, E_NEXT_AFTER] = max(0, when - month)
                    if entries[other, E_KIND] <= K_CLAIM and entries[entry, E_LONG] == NULL:
                        entries[entry, E_LONG] = max(0, when - month)
        summary[L_HELPS, loan] = helps
        summary[L_DELINQUENCIES, loan] = spells
    sums[0] = written
    sums[1] = noted
