//! Products of numbers in doubles: exact, and without carries until the end.
//!
//! A column sums the products of limbs that have one weight. Its `high` part begins at
//! [`SPLIT`], whose last bit weighs `2^48`; so `high + a b`, rounded once by the
//! processor, takes in the part of `a b` above `2^48`, and a second multiplication
//! gives what was rounded away, exactly, between `-2^47` and `2^47`. That is two
//! multiplications, a subtraction and an addition for a product of limbs.
//!
//! Nothing is lost as long as
//!
//! * `high` stays between `2^100` and `2^101`, where its last bit keeps its weight: what
//!   is added to it must be below `2^99 = 32 * 2^94`. Limbs are below `2^47` and little
//!   more, the highest one below `2^44`. So a product adds less than `6.5 * 2^94`, and one
//!   with `p` less than `3.1 * 2^94`: four of the first and one of the second may be summed;
//! * `low`, a sum of up to 40 rest parts, is below `2^53`.
//!
//! Loops go over places, and arrays are filled by them: so the compiler writes them out.
//!
//! The reduction is Montgomery's for `R = 2^384`, with the whole quotient at once,
//! `q = t (-1 / p) mod R`: digit by digit, each would wait for the one before.

#![allow(
    clippy::needless_range_loop,
    reason = "iterators are not always written out, and each loop left costs a fifth"
)]

use core::arch::x86_64::__m256d;

use super::instructions::{add, multiply_add, multiply_subtract, number, subtract};
use super::limbs::{inverse_limbs, modulus_limbs, Half, LIMBS};
use super::rows::{add_rows, Column, WIDTH};
use super::{Element, HALVES};

/// `2^48`, and one by it.
const BASE: f64 = 281_474_976_710_656.0;
const INVERSE_BASE: f64 = 1.0 / BASE;
/// `1.5 * 2^100`: the last bit of doubles near it weighs `2^48`.
const SPLIT: f64 = 24.0 * BASE * BASE;
/// `1.5 * 2^52`: adding it rounds to whole numbers.
const WHOLE: f64 = 24.0 * BASE;

/// `p`, and `-1 / p mod R`.
const P: [f64; LIMBS] = modulus_limbs();
const Q: [f64; LIMBS] = inverse_limbs();

/// Products of numbers that a column takes before it has to be carried.
const AT_ONCE: usize = 4;

/// `sum left[i] * right[i] / R` modulo `p`, between `-p / 2` and `p / 2`.
#[inline(always)]
pub(super) fn dot<const N: usize>(left: [&Element; N], right: [&Element; N]) -> Element {
    const { assert!(N <= 2 * AT_ONCE, "their sum would not be exact") };
    let (modulus, inverse) = (broadcast(&P), broadcast(&Q));
    let mut result = [[number(0.0); LIMBS]; HALVES];
    for half in 0..HALVES {
        let (left, right) = (left.map(|it| &it[half]), right.map(|it| &it[half]));
        let first = products::<0, N>(left, right);
        let second = products::<4, N>(left, right);
        let mut low = limbs(number(0.0), &first, &second);
        let carried = carry::<LIMBS>(&mut low);
        let held = add(second[WIDTH - 1].high, carried);

        // q = low * (-1 / p) mod R; what goes beyond R is dropped.
        let mut quotient = limbs(
            number(0.0),
            &products::<0, 1>([&low], [&inverse]),
            &products::<4, 1>([&low], [&inverse]),
        );
        carry::<LIMBS>(&mut quotient);

        // The upper columns, which have nothing to wait for while the others do.
        let above = [
            products::<8, N>(left, right),
            products::<12, N>(left, right),
        ];
        result[half] = multiple(&low, held, &quotient, &modulus, above);
    }
    result
}

/// Brings limbs below `2^53` to `2^47` and little more; the highest keeps what it has.
#[inline(always)]
fn tidy(mut value: Half) -> Half {
    let carried = carry::<{ LIMBS - 1 }>(&mut value);
    value[LIMBS - 1] = multiply_add(carried, number(INVERSE_BASE), value[LIMBS - 1]);
    value
}

/// The same number modulo `p`, between `-p / 2` and `p / 2`, but for one part in `2^36`.
///
/// Limbs may be as large as `2^52`, the number as `64 p`.
#[inline(always)]
pub(super) fn center(mut value: Half) -> Half {
    // The highest limb alone tells how often p goes into the number.
    let whole = number(WHOLE);
    let share = number(1.0 / P[LIMBS - 1]);
    let quotient = subtract(multiply_add(value[LIMBS - 1], share, whole), whole);
    for at in 0..LIMBS {
        value[at] = multiply_subtract(quotient, number(P[at]), value[at]);
    }
    tidy(value)
}

/// What `low + q p`, a multiple of `R`, makes of the columns above it.
#[inline(always)]
fn multiple(
    low: &Half,
    held: __m256d,
    quotient: &Half,
    modulus: &Half,
    [third, fourth]: [[Column; WIDTH]; 2],
) -> Half {
    // Which multiple it is is seen from its two highest columns.
    let lower = products::<7, 1>([quotient], [modulus]);
    let upper = products::<11, 1>([quotient], [modulus]);
    let mut below = low[LIMBS - 2];
    for at in 0..LIMBS - 1 {
        below = multiply_add(quotient[at], modulus[LIMBS - 2 - at], below);
    }
    let rest = multiply_add(
        below,
        number(INVERSE_BASE),
        add(low[LIMBS - 1], lower[0].low),
    );
    let rest = subtract(add(rest, number(SPLIT)), number(SPLIT));
    center(limbs(
        add(held, add(lower[0].high, rest)),
        &sum(&third, &[lower[1], lower[2], lower[3], upper[0]]),
        &sum(&fourth, &[upper[1], upper[2], upper[3], fourth[3]]),
    ))
}

/// Column by column; the last one has no products, and is zero.
#[inline(always)]
fn sum(left: &[Column; WIDTH], right: &[Column; WIDTH]) -> [Column; WIDTH] {
    let mut sums = *left;
    for at in 0..WIDTH {
        sums[at].high = add(left[at].high, right[at].high);
        sums[at].low = add(left[at].low, right[at].low);
    }
    sums
}

/// The limbs of eight columns: their low parts, and what the columns below them held.
#[inline(always)]
fn limbs(held: __m256d, lower: &[Column; WIDTH], upper: &[Column; WIDTH]) -> Half {
    let mut limbs = [held; LIMBS];
    for at in 0..WIDTH {
        limbs[at] = lower[at].low;
        limbs[WIDTH + at] = upper[at].low;
    }
    limbs[0] = multiply_add(held, number(INVERSE_BASE), limbs[0]);
    limbs[WIDTH] = multiply_add(lower[WIDTH - 1].high, number(INVERSE_BASE), limbs[WIDTH]);
    for at in 0..WIDTH - 1 {
        limbs[at + 1] = multiply_add(lower[at].high, number(INVERSE_BASE), limbs[at + 1]);
        limbs[WIDTH + at + 1] =
            multiply_add(upper[at].high, number(INVERSE_BASE), limbs[WIDTH + at + 1]);
    }
    limbs
}

/// Carries from limb to limb what is above `2^47`; returns what leaves the last of `COUNT`.
///
/// Once is enough: what comes in is below `2^6`.
#[inline(always)]
fn carry<const COUNT: usize>(limbs: &mut Half) -> __m256d {
    let mut carried = number(0.0);
    for at in 0..COUNT {
        let carry = subtract(add(limbs[at], number(SPLIT)), number(SPLIT));
        limbs[at] = multiply_add(carried, number(INVERSE_BASE), subtract(limbs[at], carry));
        carried = carry;
    }
    carried
}

/// What `left[i] * right[i]` have in the columns from `FIRST` on.
#[inline(always)]
fn products<const FIRST: usize, const N: usize>(
    left: [&Half; N],
    right: [&Half; N],
) -> [Column; WIDTH] {
    let mut columns = [empty(); WIDTH];
    let mut held = [number(0.0); WIDTH];
    for factor in 0..N {
        if factor == AT_ONCE {
            for at in 0..WIDTH {
                let high = subtract(add(columns[at].low, number(SPLIT)), number(SPLIT));
                held[at] = add(subtract(columns[at].high, number(SPLIT)), high);
                columns[at].low = subtract(columns[at].low, high);
                columns[at].high = number(SPLIT);
            }
        }
        add_rows::<FIRST>(&mut columns, left[factor], right[factor]);
    }
    for at in 0..WIDTH {
        columns[at].high = subtract(columns[at].high, number(SPLIT));
        if N > AT_ONCE {
            columns[at].high = add(columns[at].high, held[at]);
        }
    }
    columns
}

#[inline(always)]
fn broadcast(limbs: &[f64; LIMBS]) -> Half {
    let mut result = [number(0.0); LIMBS];
    for at in 0..LIMBS {
        result[at] = number(limbs[at]);
    }
    result
}

/// A column that is added to: nothing is added to `-0.0` by an instruction.
#[inline(always)]
fn empty() -> Column {
    Column {
        high: number(SPLIT),
        low: number(-0.0),
    }
}
