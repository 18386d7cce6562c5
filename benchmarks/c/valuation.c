/* The cash flows of the HAMP Base NPV model in C: the yardstick of benchmarks/valuation.py.
 *
 * The same table of loans in, the same results out as hopenow/valuation/hamp_npv/kernel.py. Blocks of loans as lanes, so
 * that the compiler uses the widest vectors there are; what a good programmer would write by hand, fused multiply-add
 * included where the build allows it (-ffp-contract=fast). LANES is set by the build. */

#include <stdint.h>
#include <string.h>

#ifndef LANES
#define LANES 32
#endif

enum {
    DISCOUNT, MARKET, COLUMN, COLUMN_AFTER, VALUE, CARRY, SCORE_PART, SCORE_PART_AFTER, SURVEY, SETTLEMENT, REO_DISCOUNT,
    COSTS, INSURED, BALANCE, RATE, PAYMENT, TERM, MISSED, ROLLED, PAR, SALE_MONTH, SALE_PRICE_MONTH, CHANCE, BALANCE_AFTER,
    RATE_AFTER, PAYMENT_AFTER, TERM_AFTER, FORBORNE, CAP, CREDIT, SHARE, TRIAL, ONCE, DECLINE, REDUCTION, FEES, CLAIM,
    OWED_AFTER, INSURED_AFTER, SALE_MONTH_AFTER, SALE_PRICE_MONTH_AFTER, CHANCE_AFTER
};
enum { NPV, CURE, DEFAULT, PROCEEDS, CLAIMED, EXTRA };
enum {
    LTV_LOW, LTV_HIGH, LTV_K, INCENTIVE_LOW = LTV_K + 5, INCENTIVE_HIGH, INCENTIVE_K, MULTIPLE = INCENTIVE_K + 8, GROSS_UP,
    RISE, FIXED_MONTHS, ONCE_MONTH, SHARE_LAST, CREDIT_YEARS, DECLINE_MONTHS, PAID_MONTHS, PAID_DECLINE_MONTHS,
    REDUCTION_YEARS, LATE_UNPRICE, REAMORTIZE, LEVEL_PAYMENT
};
#define LTV_SLOPES 6
#define INCENTIVE_SLOPES 9
#define SLOPES (LTV_SLOPES + INCENTIVE_SLOPES)

typedef double lanes[LANES] __attribute__((aligned(64)));

static inline double fused(double a, double b, double c) { return __builtin_fma(a, b, c); }

static inline double exponential(double x)
{
    const double shift = 6755399441055744.0 + 1023.0;
    double shifted = fused(x, 1.4426950408889634, shift);
    double whole = shifted - shift;
    double r = fused(whole, -0.693147180369123816490, x);
    r = fused(whole, -1.90821492927058770002e-10, r);
    double p = fused(2.5100424157005067e-08, r, 2.7620138719733994e-07);
    p = fused(p, r, 2.7557268378684192e-06);
    p = fused(p, r, 2.480152119021773e-05);
    p = fused(p, r, 0.00019841269863105968);
    p = fused(p, r, 0.0013888888917281794);
    p = fused(p, r, 0.008333333333330051);
    p = fused(p, r, 0.04166666666662399);
    p = fused(p, r, 0.16666666666666669);
    p = fused(p, r, 0.5);
    p = fused(p, r, 1.0);
    p = fused(p, r, 1.0);
    union { double d; int64_t i; } bits = {.d = shifted};
    bits.i <<= 52;
    return p * bits.d;
}

static double power(double base, int64_t exponent)
{
    double found = 1.0;
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1) found *= base;
        base *= base;
    }
    return found;
}

static double annuity_factor(double monthly, int64_t months)
{
    if (months <= 0) return 0.0;
    if (monthly == 0.0) return 1.0 / (double)months;
    double grown = power(1.0 + monthly, months);
    return monthly * grown / (grown - 1.0);
}

static double level_worth(double monthly, int64_t first, int64_t last)
{
    if (last < first) return 0.0;
    if (monthly == 0.0) return (double)(last - first + 1);
    double v = 1.0 / (1.0 + monthly);
    return power(v, first - 1) * ((1.0 - power(v, last - first + 1)) / monthly);
}

static inline double most(double a, double b) { return a > b ? a : b; }
static inline double least(double a, double b) { return a < b ? a : b; }

static double incentive_part(double gain, const double *slope, const double *f)
{
    gain = least(most(gain, f[INCENTIVE_LOW]), f[INCENTIVE_HIGH]);
    double found = gain * slope[LTV_SLOPES];
    for (int k = 1; k < INCENTIVE_SLOPES; k++)
        found += most(gain - f[INCENTIVE_K + k - 1], 0.0) * slope[LTV_SLOPES + k];
    return found;
}

/* The loops take loan to value at a bend or above; this constant makes up for it. */
static double ltv_start(const double *slope, const double *f)
{
    double found = 0.0;
    for (int k = 1; k < LTV_SLOPES; k++) found += f[LTV_K + k - 1] * slope[k];
    return found;
}

static double disposition(double value, double discount, double price, double settlement, double costs, double cover,
                          double claim_on, double cap, double *claim)
{
    double sale = value * (1.0 - discount) * price * (1.0 - settlement);
    *claim = least(cover * claim_on, most(claim_on - sale, 0.0));
    return least(sale - costs + *claim, cap + *claim);
}

#define AT(row, loan) loans[(int64_t)(row) * n + (loan)]
#define OUT(row, loan) out[(int64_t)(row) * n + (loan)]

void unmodified(int64_t n, const double *loans, int64_t count, const int64_t *order, const double *prices, int64_t months,
                const double *unprices, int64_t early, const double *parts, const double *slopes, const double *late,
                const double *f, double *out)
{
    const double low = f[LTV_LOW], high = f[LTV_HIGH];
    const double k1 = f[LTV_K], k2 = f[LTV_K + 1], k3 = f[LTV_K + 2], k4 = f[LTV_K + 3], k5 = f[LTV_K + 4];
    for (int64_t first = 0; first < count; first += LANES) {
        lanes bal, start, grow, pmt, last, q, v, unvalue, x0, hx, unprice, pv, s[LTV_SLOPES];
        int64_t who[LANES], longest = 0;
        int here = (int)(count - first < LANES ? count - first : LANES);
        for (int i = 0; i < LANES; i++) {
            int64_t loan = who[i] = order[first + (i < here ? i : here - 1)];
            const double *slope = slopes + (int64_t)AT(COLUMN, loan) * SLOPES;
            double monthly = AT(RATE, loan) / 12, balance = AT(BALANCE, loan), payment = AT(PAYMENT, loan);
            int64_t term = (int64_t)AT(TERM, loan);
            for (int64_t k = (int64_t)AT(ROLLED, loan); k > 0; k--) balance = most(balance * (1.0 + monthly) - payment, 0.0);
            if (f[LEVEL_PAYMENT] == 1.0) payment = balance * annuity_factor(monthly, term);
            if (AT(PAR, loan) == 1.0) term = 0;
            if (term > longest) longest = term;
            bal[i] = start[i] = balance;
            grow[i] = 1.0 + monthly;
            pmt[i] = payment;
            last[i] = (double)term;
            v[i] = 1.0 / (1.0 + AT(DISCOUNT, loan));
            q[i] = term > 0 ? v[i] : 0.0;
            unvalue[i] = 100.0 / AT(VALUE, loan);
            x0[i] = AT(SCORE_PART, loan) + incentive_part(AT(RATE, loan) * 100.0 - AT(SURVEY, loan), slope, f);
            x0[i] -= ltv_start(slope, f);
            pv[i] = 0.0;
            for (int k = 0; k < LTV_SLOPES; k++) s[k][i] = slope[k];
        }
        for (int64_t month = 1; month <= longest; month++) {
            if (month <= early) {
                for (int i = 0; i < LANES; i++) {
                    int64_t market = (int64_t)AT(MARKET, who[i]);
                    unprice[i] = unprices[market * (early + 1) + month];
                    hx[i] = parts[(4 * market + (int64_t)AT(COLUMN, who[i])) * (early + 1) + month];
                }
            } else if (month == early + 1) {
                for (int i = 0; i < LANES; i++) {
                    unprice[i] = f[LATE_UNPRICE];
                    hx[i] = late[(int64_t)AT(COLUMN, who[i])];
                }
            }
            const double now = (double)month;
            for (int i = 0; i < LANES; i++) {
                double u = unvalue[i] * unprice[i];
                unvalue[i] = u;
                double ltv = least(most(bal[i] * u, low), high);
                double x = fused(ltv, s[0][i], x0[i] + hx[i]);
                x = fused(most(ltv, k1), s[1][i], x);
                x = fused(most(ltv, k2), s[2][i], x);
                x = fused(most(ltv, k3), s[3][i], x);
                x = fused(most(ltv, k4), s[4][i], x);
                x = fused(most(ltv, k5), s[5][i], x);
                double odds = exponential(x), stay = 1.0 / (1.0 + odds);
                double owed = bal[i] * grow[i];
                double paid = now >= last[i] ? owed : least(pmt[i], owed);
                double rest = owed - paid;
                pv[i] = fused(q[i], fused(rest, odds * stay, paid), pv[i]);
                q[i] = now >= last[i] ? 0.0 : q[i] * (v[i] * stay);
                bal[i] = rest;
            }
        }
        for (int i = 0; i < here; i++) {
            int64_t loan = who[i], sale = (int64_t)AT(SALE_MONTH, loan);
            double claim, arrears = AT(MISSED, loan) * AT(PAYMENT, loan);
            double cure = (AT(PAR, loan) == 1.0 ? start[i] : pv[i]) + arrears;
            double price = prices[(int64_t)AT(MARKET, loan) * months + (int64_t)AT(SALE_PRICE_MONTH, loan)];
            double net = disposition(AT(VALUE, loan), AT(REO_DISCOUNT, loan), price, AT(SETTLEMENT, loan), AT(COSTS, loan),
                                     AT(INSURED, loan), AT(BALANCE, loan) * f[GROSS_UP], AT(BALANCE, loan), &claim);
            double lost = net * power(v[i], sale) - AT(CARRY, loan) * level_worth(AT(DISCOUNT, loan), 1, sale);
            double chance = AT(CHANCE, loan);
            OUT(NPV, loan) = (1.0 - chance) * cure + chance * lost;
            OUT(CURE, loan) = cure;
            OUT(DEFAULT, loan) = lost;
            OUT(PROCEEDS, loan) = net;
            OUT(CLAIMED, loan) = claim;
            OUT(EXTRA, loan) = start[i];
        }
    }
}

void modified(int64_t n, const double *loans, int64_t count, const int64_t *order, const double *prices, int64_t months,
              const double *unprices, int64_t early, const double *parts, const double *slopes, const double *late,
              const double *f, double *out)
{
    const double low = f[LTV_LOW], high = f[LTV_HIGH], low_gain = f[INCENTIVE_LOW], high_gain = f[INCENTIVE_HIGH];
    const double k1 = f[LTV_K], k2 = f[LTV_K + 1], k3 = f[LTV_K + 2], k4 = f[LTV_K + 3], k5 = f[LTV_K + 4];
    const double g1 = f[INCENTIVE_K], g2 = f[INCENTIVE_K + 1], g3 = f[INCENTIVE_K + 2], g4 = f[INCENTIVE_K + 3];
    const double g5 = f[INCENTIVE_K + 4], g6 = f[INCENTIVE_K + 5], g7 = f[INCENTIVE_K + 6], g8 = f[INCENTIVE_K + 7];
    const double multiple = f[MULTIPLE], rise = f[RISE];
    const int64_t fixed = (int64_t)f[FIXED_MONTHS], share_last = (int64_t)f[SHARE_LAST];
    const int64_t credit_last = (int64_t)f[CREDIT_YEARS] * 12, accrue = (int64_t)f[DECLINE_MONTHS];
    const int64_t once_month = (int64_t)f[ONCE_MONTH], paid_months = (int64_t)f[PAID_MONTHS];
    const int64_t paid_accrue = (int64_t)f[PAID_DECLINE_MONTHS], years = (int64_t)f[REDUCTION_YEARS];
    int64_t extras = share_last > credit_last ? share_last : credit_last;
    int64_t tracked = accrue > paid_months ? accrue : paid_months;
    if (once_month > extras) extras = once_month;
    if (years * 12 > extras) extras = years * 12;
    if (paid_accrue > tracked) tracked = paid_accrue;
    for (int64_t first = 0; first < count; first += LANES) {
        lanes bal, grow, pmt, last, q, v, d1, unvalue, x0, xb, hx, unprice, pv, alive, kept, pv6, s6, sum1, sum2, sum8;
        lanes aside, credit, red, share, trial, once, note, survey, grown, shrunk, ahead;
        lanes s[LTV_SLOPES], w[INCENTIVE_SLOPES];
        int64_t who[LANES], longest = tracked;
        int here = (int)(count - first < LANES ? count - first : LANES), forborne = 0, credited = 0, rising = 1;
        for (int i = 0; i < LANES; i++) {
            int64_t loan = who[i] = order[first + (i < here ? i : here - 1)], term = (int64_t)AT(TERM_AFTER, loan);
            const double *slope = slopes + (int64_t)AT(COLUMN_AFTER, loan) * SLOPES;
            double monthly = AT(RATE_AFTER, loan) / 12, sum = 0.0, factor = 1.0;
            if (term > longest) longest = term;
            forborne |= AT(FORBORNE, loan) > 0.0;
            credited |= AT(CREDIT, loan) > 0.0;
            bal[i] = AT(BALANCE_AFTER, loan);
            grow[i] = 1.0 + monthly;
            pmt[i] = AT(PAYMENT_AFTER, loan);
            last[i] = (double)term;
            d1[i] = 1.0 + AT(DISCOUNT, loan);
            v[i] = q[i] = 1.0 / d1[i];
            unvalue[i] = 100.0 / AT(VALUE, loan);
            aside[i] = AT(FORBORNE, loan);
            credit[i] = AT(CREDIT, loan);
            red[i] = AT(REDUCTION, loan) / (double)years;
            share[i] = AT(SHARE, loan);
            trial[i] = AT(TRIAL, loan);
            once[i] = AT(ONCE, loan);
            note[i] = AT(RATE_AFTER, loan);
            xb[i] = AT(SCORE_PART_AFTER, loan) - ltv_start(slope, f);
            for (int k = 1; k < INCENTIVE_SLOPES; k++) xb[i] -= f[INCENTIVE_K + k - 1] * slope[LTV_SLOPES + k];
            survey[i] = AT(SURVEY, loan);
            grown[i] = power(1.0 + monthly, term);
            shrunk[i] = power(v[i], term);
            double yearly = power(v[i], 12);
            for (int64_t k = 0; k < credit_last / 12; k++) sum += factor *= yearly;
            ahead[i] = credit[i] * sum;
            alive[i] = 1.0;
            pv[i] = sum1[i] = sum2[i] = sum8[i] = 0.0;
            for (int k = 0; k < LTV_SLOPES; k++) s[k][i] = slope[k];
            for (int k = 0; k < INCENTIVE_SLOPES; k++) w[k][i] = slope[LTV_SLOPES + k];
        }
        for (int64_t month = 1; month <= longest; month++) {
            const double now = (double)month;
            int fresh = month == 1;
            if (rising && month > fixed && (month - fixed - 1) % 12 == 0) {
                rising = 0;
                for (int i = 0; i < LANES; i++) {
                    double cap = AT(CAP, who[i]);
                    int64_t left = (int64_t)last[i] - month + 1;
                    if (note[i] < cap && left > 0) {
                        rising = fresh = 1;
                        note[i] = least(note[i] + rise, cap);
                        grow[i] = 1.0 + note[i] / 12;
                        pmt[i] = bal[i] * annuity_factor(note[i] / 12, left);
                        grown[i] = power(1.0 + note[i] / 12, left);
                    }
                }
            }
            if (month <= early) {
                for (int i = 0; i < LANES; i++) {
                    int64_t market = (int64_t)AT(MARKET, who[i]);
                    unprice[i] = unprices[market * (early + 1) + month];
                    hx[i] = parts[(4 * market + (int64_t)AT(COLUMN_AFTER, who[i])) * (early + 1) + month];
                }
            } else if (month == early + 1) {
                for (int i = 0; i < LANES; i++) {
                    unprice[i] = f[LATE_UNPRICE];
                    hx[i] = late[(int64_t)AT(COLUMN_AFTER, who[i])];
                }
            }
            if (fresh || forborne || (credited && month <= credit_last + 1)) {
                const double carrying = month <= credit_last ? 1.0 : 0.0, spent = month % 12 == 0 ? 1.0 : 0.0;
                for (int i = 0; i < LANES; i++) {
                    double to_come = ahead[i] * d1[i] * carrying;
                    grown[i] /= grow[i];
                    shrunk[i] *= d1[i];
                    ahead[i] = to_come - credit[i] * spent;
                    double lost = to_come + (grown[i] - 1.0) * aside[i] * shrunk[i];
                    lost = lost / (bal[i] > 0.0 ? bal[i] : 1.0) / multiple;
                    double gain = (note[i] - lost) * 100.0 - survey[i];
                    gain = least(most(gain, low_gain), high_gain);
                    double x = fused(gain, w[0][i], xb[i]);
                    x = fused(most(gain, g1), w[1][i], x);
                    x = fused(most(gain, g2), w[2][i], x);
                    x = fused(most(gain, g3), w[3][i], x);
                    x = fused(most(gain, g4), w[4][i], x);
                    x = fused(most(gain, g5), w[5][i], x);
                    x = fused(most(gain, g6), w[6][i], x);
                    x = fused(most(gain, g7), w[7][i], x);
                    x = fused(most(gain, g8), w[8][i], x);
                    x0[i] = x;
                }
            }
            if (month <= extras) {
                const double at_once = month == once_month ? 1.0 : 0.0, shared = month <= share_last ? 1.0 : 0.0;
                const double success = month % 12 == 0 && month <= credit_last ? 1.0 : 0.0;
                const double reduced = month % 12 == 0 && month <= years * 12 ? 1.0 : 0.0;
                for (int i = 0; i < LANES; i++) {
                    double shares = now > trial[i] ? 1.0 : 0.0;
                    shares = now == trial[i] + 1.0 ? shares + trial[i] : shares;
                    double cash = once[i] * at_once + share[i] * (shares * shared) + credit[i] * success + red[i] * reduced;
                    pv[i] += q[i] * cash;
                }
            }
            for (int i = 0; i < LANES; i++) {
                double u = unvalue[i] * unprice[i];
                unvalue[i] = u;
                double ltv = least(most(bal[i] * u, low), high);
                double x = fused(ltv, s[0][i], x0[i] + hx[i]);
                x = fused(most(ltv, k1), s[1][i], x);
                x = fused(most(ltv, k2), s[2][i], x);
                x = fused(most(ltv, k3), s[3][i], x);
                x = fused(most(ltv, k4), s[4][i], x);
                x = fused(most(ltv, k5), s[5][i], x);
                double odds = exponential(x), stay = 1.0 / (1.0 + odds), leave = odds * stay;
                double owed = bal[i] * grow[i];
                double paid = now >= last[i] ? owed : least(pmt[i], owed);
                double rest = owed - paid;
                double due = fused(aside[i], now >= last[i] ? 1.0 : leave, paid);
                pv[i] = fused(q[i], fused(rest, leave, due), pv[i]);
                q[i] = now >= last[i] ? 0.0 : q[i] * (v[i] * stay);
                bal[i] = rest;
                kept[i] = stay;
            }
            if (month <= tracked) {
                const double half = month <= accrue / 2 ? 1.0 : 0.0;
                const double whole = accrue / 2 < month && month <= accrue ? 1.0 : 0.0;
                const double brief = month <= paid_accrue ? 1.0 : 0.0;
                for (int i = 0; i < LANES; i++) {
                    alive[i] *= kept[i];
                    sum1[i] += alive[i] * half;
                    sum2[i] += alive[i] * whole;
                    sum8[i] += alive[i] * brief;
                }
                if (month == paid_months) {
                    memcpy(pv6, pv, sizeof pv);
                    memcpy(s6, alive, sizeof alive);
                }
            }
            if (credited && month > 12 && month % 12 == 1 && month <= credit_last + 1) {
                for (int i = 0; i < LANES; i++) {
                    bal[i] = most(bal[i] - credit[i], 0.0);
                    if (f[REAMORTIZE] == 1.0 && credit[i] > 0.0)
                        pmt[i] = bal[i] * annuity_factor(note[i] / 12, (int64_t)last[i] - month);
                }
            }
        }
        for (int i = 0; i < here; i++) {
            int64_t loan = who[i], sale = (int64_t)AT(SALE_MONTH_AFTER, loan) + paid_months;
            double part = AT(DECLINE, loan) / (double)accrue, extra = AT(CLAIM, loan) - AT(FEES, loan), claim;
            double anniversary = power(v[i], accrue / 2);
            double cure = pv[i] + part * anniversary * (sum1[i] + anniversary * sum2[i]) + extra;
            double price = prices[(int64_t)AT(MARKET, loan) * months + (int64_t)AT(SALE_PRICE_MONTH_AFTER, loan)];
            double net = disposition(AT(VALUE, loan), AT(REO_DISCOUNT, loan), price, AT(SETTLEMENT, loan), AT(COSTS, loan),
                                     AT(INSURED, loan), AT(INSURED_AFTER, loan) * f[GROSS_UP], AT(OWED_AFTER, loan), &claim);
            double carried = AT(CARRY, loan) * level_worth(AT(DISCOUNT, loan), paid_months + 1, sale);
            double sold = (net - AT(CLAIM, loan)) * power(v[i], sale);
            double lost = pv6[i] + s6[i] * (sold - carried) + part * anniversary * sum8[i] + extra;
            double chance = AT(CHANCE_AFTER, loan);
            OUT(NPV, loan) = (1.0 - chance) * cure + chance * lost;
            OUT(CURE, loan) = cure;
            OUT(DEFAULT, loan) = lost;
            OUT(PROCEEDS, loan) = net;
            OUT(CLAIMED, loan) = claim;
            OUT(EXTRA, loan) = s6[i];
        }
    }
}
