/*
 * The Flex Modification waterfall of December 2024 by hand in C: the yardstick for the compiled Python kernel. Twice:
 * one loan after another with the library's functions (waterfall), and 64 loans side by side as the kernel works them
 * (waterfall_in_lanes), so that the compilers can be compared as well as the methods.
 *
 * Units as in the engine: money in cents, rates in millionths a year, terms in months; -1 means "not known". Floats are
 * strict. A payment is worked out in double precision; where that cannot decide the cent, in 113 bits.
 *
 *     gcc -O3 -march=native -ffp-contract=off -fno-math-errno -fno-trapping-math \
 *         -shared -fPIC waterfall.c -o waterfall.so -lm
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef int64_t i64;
typedef __float128 quad;

enum { YEAR = 12000000, WHOLE = 1000000, UNKNOWN = -1 };
enum { DETERMINED, NEEDS_VALUE, NEEDS_RATE, NEEDS_INCOME, NO_ANSWER };
enum { NONE, BY_TARGET, BY_VALUE, BY_SHARE };
enum { TWO_DECIMAL, STRICT_CENT, AT_LEAST };
enum { HALF_UP, FLOOR };
enum { REDUCTION, TARGET_MODE, CUT_FROM, STEP, PART_STEP, LONGEST, FORBEAR_ABOVE, FORBEAR_FLOOR, FORBEAR_SHARE,
       FIRST_FLOOR, VALUE_MODE, LIMIT_MODE };
enum { RATE, RATE_STEPS, TERM, PAYMENT_BEFORE, FORBORNE, CAP_TARGET, CAP_VALUE, CAP_SHARE, BOUND, PAYMENT, MET, STATE,
       TARGET_PAYMENT, WIDTH };

static inline i64 lesser(i64 a, i64 b) { return a < b ? a : b; }
static inline i64 greater(i64 a, i64 b) { return a > b ? a : b; }
static inline i64 half_up(i64 top, i64 bottom) { return (2 * top + bottom) / (2 * bottom); }

/* 1 - (1 + i)^-n */
static quad discount(i64 rate, i64 term)
{
    quad base = (quad)YEAR / (YEAR + rate), power = 1;
    for (; term > 0; term >>= 1, base *= base)
        if (term & 1)
            power *= base;
    return 1 - power;
}

static i64 settle(quad value, i64 mode)
{
    i64 whole = (i64)value;
    quad rest = value - whole, tie = (quad)1e-18 + (quad)1e-28 * value;
    if (mode == HALF_UP)
        return whole + (rest >= (quad)0.5 - tie);
    return whole + (1 - rest <= tie);
}

static inline int settled(double value, double exponent, i64 mode)
{
    double slack = 1e-5 + value * (1e-14 + 1e-15 / exponent);
    double fraction = value - floor(value);
    if (mode == HALF_UP)
        return fabs(fraction - 0.5) > slack;
    return fraction > slack && 1.0 - fraction > slack;
}

static i64 payment_exactly(i64 balance, i64 rate, i64 term)
{
    return settle((quad)balance * rate / (YEAR * discount(rate, term)), HALF_UP);
}

/* Level payment; growth is log1p of the monthly rate. */
static inline i64 payment_at(i64 balance, i64 rate, i64 term, double growth)
{
    double exponent, value;
    if (rate == 0)
        return half_up(balance, term);
    if (term == 1)
        return balance + half_up(balance * rate, YEAR);
    exponent = (double)term * growth;
    value = (double)balance * ((double)rate / YEAR) / (1.0 - exp(-exponent));
    if (__builtin_expect(settled(value, exponent, HALF_UP), 1))
        return (i64)floor(value + 0.5);
    return payment_exactly(balance, rate, term);
}

static inline i64 payment(i64 balance, i64 rate, i64 term)
{
    return payment_at(balance, rate, term, log1p((double)rate / YEAR));
}

static i64 present_value(i64 each, i64 rate, i64 term, i64 mode)
{
    double monthly, exponent, value;
    if (rate == 0)
        return each * term;
    monthly = (double)rate / YEAR;
    exponent = (double)term * log1p(monthly);
    value = (double)each * (1.0 - exp(-exponent)) / monthly;
    if (settled(value, exponent, mode))
        return (i64)floor(mode == HALF_UP ? value + 0.5 : value);
    return settle((quad)each * YEAR * discount(rate, term) / rate, mode);
}

/* The closed form guesses; the rounded payment at its neighbors decides. */
static i64 smallest_term(i64 balance, i64 rate, i64 target, i64 first, i64 last)
{
    double limit = (double)target + 0.5, growth = rate ? log1p((double)rate / YEAR) : 0.0, guess;
    i64 term;
    if (first > last)
        return -1;
    if (rate == 0)
        guess = (double)balance / limit;
    else {
        double share = (double)balance * ((double)rate / YEAR) / limit;
        guess = share < 1.0 ? -log1p(-share) / growth : (double)last;
    }
    term = guess < (double)last ? greater((i64)ceil(guess), first) : last;
    if (payment_at(balance, rate, term, growth) <= target) {
        while (term > first && payment_at(balance, rate, term - 1, growth) <= target)
            term--;
        return term;
    }
    while (++term <= last)
        if (payment_at(balance, rate, term, growth) <= target)
            return term;
    return -1;
}

static inline i64 stepped(i64 start, i64 lowest, i64 step, i64 steps)
{
    return start <= lowest ? start : greater(start - steps * step, lowest);
}

static i64 steps_to_reach(i64 balance, i64 start, i64 lowest, i64 step, i64 term, i64 above, i64 target, i64 part)
{
    i64 last = (start - lowest) / step, low = 0, high, least, guess, shift;
    if (part && last * step < start - lowest)
        last++;
    if (last == 0)
        return 0;
    least = payment(balance, stepped(start, lowest, step, last), term);
    if (least > target)
        return last;
    high = last;
    guess = above > least ? (i64)((double)last * (double)(above - target) / (double)(above - least)) : 1;
    for (shift = 0; shift < 2; shift++) {
        i64 tried = guess + shift;
        if (low < tried && tried < high) {
            if (payment(balance, stepped(start, lowest, step, tried), term) <= target)
                high = tried;
            else
                low = tried;
        }
    }
    while (high - low > 1) {
        i64 middle = (low + high) / 2;
        if (payment(balance, stepped(start, lowest, step, middle), term) <= target)
            high = middle;
        else
            low = middle;
    }
    return high;
}

static i64 target_of(i64 old, i64 reduction, i64 mode)
{
    if (mode == TWO_DECIMAL)
        return old * (20000 - (2 * (reduction / 100) - 1)) / 20000;
    if (mode == STRICT_CENT)
        return (old * (WHOLE - reduction) - 1) / WHOLE;
    return old * (WHOLE - reduction) / WHOLE;
}

static inline i64 value_limit(i64 gross, i64 value, const i64 *law)
{
    i64 part = value * law[FORBEAR_FLOOR];
    return greater(gross - (law[LIMIT_MODE] == FLOOR ? (part + WHOLE - 1) / WHOLE : half_up(part, WHOLE)), 0);
}

static inline i64 share_limit(i64 gross, const i64 *law)
{
    return law[LIMIT_MODE] == FLOOR ? gross * law[FORBEAR_SHARE] / WHOLE : half_up(gross * law[FORBEAR_SHARE], WHOLE);
}

static void one(i64 gross, i64 rate, i64 posted, i64 bound, i64 start, i64 value, i64 old, const i64 *law, i64 *out)
{
    i64 target = target_of(old, law[REDUCTION], law[TARGET_MODE]);
    i64 pay = payment(gross, rate, start), steps = 0, term = start;

    if (pay > target && rate > (posted == UNKNOWN ? bound : posted)) {
        if (value == UNKNOWN) {
            out[STATE] = NEEDS_VALUE;
            return;
        }
        if (gross * WHOLE >= law[CUT_FROM] * value) {
            if (posted == UNKNOWN) {
                out[STATE] = NEEDS_RATE;
                return;
            }
            steps = steps_to_reach(gross, rate, posted, law[STEP], start, pay, target, law[PART_STEP]);
            rate = stepped(rate, posted, law[STEP], steps);
            pay = payment(gross, rate, start);
        }
    }
    if (pay > target) {
        i64 reached = smallest_term(gross, rate, target, start, law[LONGEST]);
        term = reached > 0 ? reached : greater(law[LONGEST], start);
        pay = payment(gross, rate, term);
    }
    if (pay > target && value == UNKNOWN) {
        out[STATE] = NEEDS_VALUE;
        return;
    }
    out[RATE] = rate, out[RATE_STEPS] = steps, out[TERM] = term, out[PAYMENT_BEFORE] = pay;
    out[FORBORNE] = out[CAP_TARGET] = out[CAP_VALUE] = out[CAP_SHARE] = 0, out[BOUND] = NONE;
    out[PAYMENT] = pay, out[TARGET_PAYMENT] = target, out[STATE] = DETERMINED, out[MET] = pay <= target;
    if (pay > target) {
        i64 by_target = gross - present_value(target, rate, term, law[VALUE_MODE]);
        i64 by_value = value_limit(gross, value, law), by_share = share_limit(gross, law);
        out[CAP_TARGET] = by_target, out[CAP_VALUE] = by_value, out[CAP_SHARE] = by_share;
        if (gross * WHOLE > law[FORBEAR_ABOVE] * value) {
            i64 amount = lesser(by_target, lesser(by_value, by_share));
            out[FORBORNE] = amount;
            out[BOUND] = amount == by_target ? BY_TARGET : amount == by_value ? BY_VALUE : BY_SHARE;
            out[PAYMENT] = payment(gross - amount, rate, term);
            out[MET] = out[PAYMENT] <= target;
        }
    }
}

static void alone(i64 gross, i64 rate, i64 posted, i64 bound, i64 start, i64 value, i64 old, const i64 *law, i64 *out)
{
    for (int place = 0; place < WIDTH; place++)
        out[place] = UNKNOWN;
    out[STATE] = NO_ANSWER;
    if (gross >= 0 && rate >= 0 && start > 0 && old >= 0)
        one(gross, rate, posted, bound, start, value, old, law, out);
}

/* One row of WIDTH figures per loan. */
void waterfall(i64 count, const i64 *gross, const i64 *rate, const i64 *posted, const i64 *bound, const i64 *start,
               const i64 *value, const i64 *old, const i64 *law, i64 *out)
{
    for (i64 i = 0; i < count; i++, out += WIDTH)
        alone(gross[i], rate[i], posted[i], bound[i], start[i], value[i], old[i], law, out);
}

/* --- 64 loans side by side ---------------------------------------------------------------------------------------- */

enum { LANES = 64 };

static inline double log_of_growth(double monthly)
{
    double s = monthly / (2.0 + monthly), q = s * s;
    double tail = q * (1.0 / 7 + q * (1.0 / 9 + q * (1.0 / 11 + q * (1.0 / 13 + q * (1.0 / 15)))));
    return 2.0 * s * (1.0 + q * (1.0 / 3 + q * (1.0 / 5 + tail)));
}

static inline double log_of(double value)
{
    i64 bits, exponent;
    double mantissa, s, q, tail;
    memcpy(&bits, &value, 8);
    exponent = (bits - 0x3FE6A09E667F3BCD) >> 52;
    bits -= (i64)((uint64_t)exponent << 52);
    memcpy(&mantissa, &bits, 8);
    s = (mantissa - 1.0) / (mantissa + 1.0), q = s * s;
    tail = q * (1.0 / 9 + q * (1.0 / 11 + q * (1.0 / 13 + q * (1.0 / 15 + q * (1.0 / 17)))));
    tail = 2.0 * s * (1.0 + q * (1.0 / 3 + q * (1.0 / 5 + q * (1.0 / 7 + tail))));
    return 0.6931471805599453 * (double)exponent + tail;
}

/* 1 - exp(-x) */
static inline double repaid(double x)
{
    double z = (x < 40.0 ? x : 40.0) * (1.0 / 1024);
    double tail = z * (1.0 / 120 - z * (1.0 / 720 - z * (1.0 / 5040 - z * (1.0 / 40320 - z * (1.0 / 362880)))));
    double u = z * (1.0 - z * (1.0 / 2 - z * (1.0 / 6 - z * (1.0 / 24 - tail))));
    u *= 2.0 - u, u *= 2.0 - u, u *= 2.0 - u, u *= 2.0 - u, u *= 2.0 - u;
    u *= 2.0 - u, u *= 2.0 - u, u *= 2.0 - u, u *= 2.0 - u, u *= 2.0 - u;
    return u;
}

struct sheet {
    double balance[LANES], monthly[LANES], first[LANES], last[LANES], limit[LANES];
    double term[LANES], sure[LANES], repaid[LANES], value[LANES];
};

static void level(struct sheet *restrict s)
{
    for (int j = 0; j < LANES; j++) {
        s->repaid[j] = repaid(log_of_growth(s->monthly[j]) * s->first[j]);
        s->value[j] = s->balance[j] * s->monthly[j] / s->repaid[j];
    }
}

static void shortest(struct sheet *restrict s)
{
    for (int j = 0; j < LANES; j++) {
        double monthly = s->monthly[j], first = s->first[j], last = s->last[j], limit = s->limit[j];
        double growth = log_of_growth(monthly), asked = s->balance[j] * monthly, left = 1.0 - asked / limit;
        double term, share, over, over_before, slack;
        int found, none;
        left = left > 1e-300 ? left : 1e-300;
        term = ceil(-log_of(left) / growth);
        term = term > first ? term : first;
        term = term < last ? term : last;
        share = repaid(growth * term);
        over = asked - limit * share;
        over_before = asked - limit * (share - (1.0 - share) * monthly);
        slack = 1e-5 * share + 1e-14 * asked;
        found = (over < -slack) & ((term == first) | (over_before > slack));
        none = (over > slack) & (term == last);
        s->term[j] = term;
        s->sure[j] = (found | none) ? 1.0 : 0.0;
        s->repaid[j] = share;
        s->value[j] = asked / share;
    }
}

static inline int decided(double value, i64 mode)
{
    return settled(value, 1.0, mode);
}

static inline i64 rounded(double value, i64 mode)
{
    return (i64)floor(mode == HALF_UP ? value + 0.5 : value);
}

/* Return 0 where the lane does not decide; the loan is then worked alone. */
static inline int finish(const struct sheet *s, int j, i64 gross, i64 rate, i64 steps, i64 value, i64 target,
                         const i64 *law, i64 *out)
{
    i64 pay, new, amount = 0, by_target = 0, by_value = 0, by_share = 0, bound = NONE;
    if (s->sure[j] != 1.0 || !decided(s->value[j], HALF_UP))
        return 0;
    pay = new = rounded(s->value[j], HALF_UP);
    if (pay > target) {
        double worth = (double)target * s->repaid[j] / s->monthly[j];
        if (value == UNKNOWN || !decided(worth, law[VALUE_MODE]))
            return 0;
        by_target = gross - rounded(worth, law[VALUE_MODE]);
        by_value = value_limit(gross, value, law);
        by_share = share_limit(gross, law);
        if (gross * WHOLE > law[FORBEAR_ABOVE] * value) {
            double after;
            amount = lesser(by_target, lesser(by_value, by_share));
            bound = amount == by_target ? BY_TARGET : amount == by_value ? BY_VALUE : BY_SHARE;
            after = (double)(gross - amount) * s->monthly[j] / s->repaid[j];
            if (!decided(after, HALF_UP))
                return 0;
            new = rounded(after, HALF_UP);
        }
    }
    out[RATE] = rate, out[RATE_STEPS] = steps, out[TERM] = (i64)s->term[j], out[PAYMENT_BEFORE] = pay;
    out[FORBORNE] = amount, out[CAP_TARGET] = by_target, out[CAP_VALUE] = by_value, out[CAP_SHARE] = by_share;
    out[BOUND] = bound, out[PAYMENT] = new, out[MET] = new <= target;
    out[STATE] = DETERMINED, out[TARGET_PAYMENT] = target;
    return 1;
}

void waterfall_in_lanes(i64 count, const i64 *gross, const i64 *rate, const i64 *posted, const i64 *bound,
                        const i64 *start, const i64 *value, const i64 *old, const i64 *law, i64 *out)
{
    struct sheet s;
    i64 targets[LANES], rates[LANES], steps[LANES];
    for (int j = 0; j < LANES; j++)
        s.balance[j] = s.monthly[j] = s.first[j] = s.last[j] = s.limit[j] = NAN;
    for (i64 begin = 0; begin < count; begin += LANES) {
        int width = (int)lesser(LANES, count - begin);
        for (int j = 0; j < width; j++) {
            i64 i = begin + j;
            targets[j] = target_of(old[i], law[REDUCTION], law[TARGET_MODE]);
            s.balance[j] = (double)gross[i];
            s.monthly[j] = NAN;
            if (gross[i] >= 0 && rate[i] > 0 && start[i] > 0 && old[i] >= 0)
                s.monthly[j] = (double)rate[i] / YEAR;
            s.first[j] = (double)start[i];
            s.last[j] = (double)greater(law[LONGEST], start[i]);
            s.limit[j] = (double)targets[j] + 0.5;
        }
        level(&s);
        for (int j = 0; j < width; j++) {
            i64 i = begin + j;
            rates[j] = rate[i], steps[j] = 0;
            if (!decided(s.value[j], HALF_UP))
                s.monthly[j] = NAN;
            else if (s.value[j] > s.limit[j] && rate[i] > (posted[i] == UNKNOWN ? bound[i] : posted[i])) {
                if (value[i] == UNKNOWN)
                    s.monthly[j] = NAN;
                else if (gross[i] * WHOLE >= law[CUT_FROM] * value[i]) {
                    if (posted[i] == UNKNOWN) {
                        s.monthly[j] = NAN;
                        continue;
                    }
                    steps[j] = steps_to_reach(gross[i], rate[i], posted[i], law[STEP], start[i],
                                              rounded(s.value[j], HALF_UP), targets[j], law[PART_STEP]);
                    rates[j] = stepped(rate[i], posted[i], law[STEP], steps[j]);
                    s.monthly[j] = rates[j] ? (double)rates[j] / YEAR : NAN;
                }
            }
        }
        shortest(&s);
        for (int j = 0; j < width; j++) {
            i64 i = begin + j, *row = out + i * WIDTH;
            if (!finish(&s, j, gross[i], rates[j], steps[j], value[i], targets[j], law, row))
                alone(gross[i], rate[i], posted[i], bound[i], start[i], value[i], old[i], law, row);
        }
    }
}
