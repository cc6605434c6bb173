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
//! The reduction is Montgomery's for `R = 2^384`, with the whole quotient at once,
//! `q = t (-1 / p) mod R`: digit by digit, each would wait for the one before.

use core::arch::x86_64::{
    __m256d, _mm256_add_pd, _mm256_fmadd_pd, _mm256_fnmadd_pd, _mm256_set1_pd, _mm256_setzero_pd,
    _mm256_sub_pd,
};

use super::limbs::{inverse_limbs, modulus_limbs, Half, LIMBS};

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

/// Columns that are worked on together: each hides the others' latency.
const WIDTH: usize = 4;
/// Columns of a product, and one more to make the number even.
const COLUMNS: usize = 2 * LIMBS;
/// Products of numbers that a column takes before it has to be carried.
const AT_ONCE: usize = 4;

/// A column at work.
#[derive(Clone, Copy)]
struct Column {
    high: __m256d,
    low: __m256d,
}

/// What came of a column: `high`, a multiple of `2^48`, and `low`.
type Sums = [Column; COLUMNS];

/// `sum left[i] * right[i] / R` modulo `p`, between `-p / 2` and `p / 2`.
#[target_feature(enable = "avx2,fma")]
#[inline]
pub(super) fn dot<const N: usize>(left: [&Half; N], right: [&Half; N]) -> Half {
    const { assert!(N <= 2 * AT_ONCE, "their sum would not be exact") };
    let mut sums = [zero(); COLUMNS];
    products::<0, N>(&mut sums, left, right);
    products::<4, N>(&mut sums, left, right);
    products::<8, N>(&mut sums, left, right);
    products::<12, N>(&mut sums, left, right);
    reduce(&sums)
}

/// `value * value / R`, as [`dot`].
#[target_feature(enable = "avx2,fma")]
#[inline]
pub(super) fn square(value: &Half) -> Half {
    let double = value.map(|limb| _mm256_add_pd(limb, limb));
    let mut sums = [zero(); COLUMNS];
    square_products::<0>(&mut sums, value, &double);
    square_products::<4>(&mut sums, value, &double);
    square_products::<8>(&mut sums, value, &double);
    square_products::<12>(&mut sums, value, &double);
    reduce(&sums)
}

/// Brings limbs below `2^53` to `2^47` and little more; the highest keeps what it has.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn tidy(mut value: Half) -> Half {
    let highest = value[LIMBS - 1];
    let carry = carry(&mut value[..LIMBS - 1]);
    value[LIMBS - 1] = _mm256_fmadd_pd(carry, _mm256_set1_pd(INVERSE_BASE), highest);
    value
}

/// The same number modulo `p`, between `-p / 2` and `p / 2`, but for one part in `2^36`.
///
/// Limbs may be as large as `2^52`, the number as `64 p`.
#[target_feature(enable = "avx2,fma")]
#[inline]
pub(super) fn center(mut value: Half) -> Half {
    // The highest limb alone tells how often p goes into the number.
    let whole = _mm256_set1_pd(WHOLE);
    let share = _mm256_set1_pd(1.0 / P[LIMBS - 1]);
    let quotient = _mm256_sub_pd(_mm256_fmadd_pd(value[LIMBS - 1], share, whole), whole);
    for (limb, modulus) in value.iter_mut().zip(P) {
        *limb = _mm256_fnmadd_pd(quotient, _mm256_set1_pd(modulus), *limb);
    }
    tidy(value)
}

/// `sum / R` modulo `p`.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn reduce(sums: &Sums) -> Half {
    let inverse_base = _mm256_set1_pd(INVERSE_BASE);
    let mut low: Half = core::array::from_fn(|at| joined(sums, at));
    let carried = carry(&mut low);

    // q = low * (-1 / p) mod R; what goes beyond R is dropped.
    let inverse = Q.map(|limb| _mm256_set1_pd(limb));
    let mut parts = [zero(); COLUMNS];
    products::<0, 1>(&mut parts, [&low], [&inverse]);
    products::<4, 1>(&mut parts, [&low], [&inverse]);
    let mut quotient: Half = core::array::from_fn(|at| joined(&parts, at));
    carry(&mut quotient);

    // low + q p is a multiple of R. Which one is seen from its two highest columns.
    let modulus = P.map(|limb| _mm256_set1_pd(limb));
    let mut below = low[LIMBS - 2];
    for at in 0..LIMBS - 1 {
        below = _mm256_fmadd_pd(quotient[at], modulus[LIMBS - 2 - at], below);
    }
    let mut parts = *sums;
    parts[LIMBS - 1].low = low[LIMBS - 1];
    products::<7, 1>(&mut parts, [&quotient], [&modulus]);
    products::<11, 1>(&mut parts, [&quotient], [&modulus]);
    let split = _mm256_set1_pd(SPLIT);
    let rest = _mm256_fmadd_pd(below, inverse_base, parts[LIMBS - 1].low);
    let rest = _mm256_sub_pd(_mm256_add_pd(rest, split), split);
    parts[LIMBS - 1].high = _mm256_add_pd(_mm256_add_pd(parts[LIMBS - 1].high, rest), carried);
    center(core::array::from_fn(|at| joined(&parts, LIMBS + at)))
}

/// The limb of a column: its low part, and what the column below it held.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn joined(sums: &Sums, at: usize) -> __m256d {
    if at == 0 {
        return sums[0].low;
    }
    _mm256_fmadd_pd(
        sums[at - 1].high,
        _mm256_set1_pd(INVERSE_BASE),
        sums[at].low,
    )
}

/// Carries from limb to limb what is above `2^47`; returns what leaves the highest one.
///
/// Once is enough: what comes in is below `2^6`.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn carry(limbs: &mut [__m256d]) -> __m256d {
    let (split, inverse_base) = (_mm256_set1_pd(SPLIT), _mm256_set1_pd(INVERSE_BASE));
    let mut carried = _mm256_setzero_pd();
    for limb in limbs {
        let carry = _mm256_sub_pd(_mm256_add_pd(*limb, split), split);
        *limb = _mm256_fmadd_pd(carried, inverse_base, _mm256_sub_pd(*limb, carry));
        carried = carry;
    }
    carried
}

#[target_feature(enable = "avx2,fma")]
#[inline]
fn zero() -> Column {
    Column {
        high: _mm256_setzero_pd(),
        low: _mm256_setzero_pd(),
    }
}

/// Adds to the columns from `FIRST` on what `left[i] * right[i]` has there.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn products<const FIRST: usize, const N: usize>(
    sums: &mut Sums,
    left: [&Half; N],
    right: [&Half; N],
) {
    for (left, right) in left.chunks(AT_ONCE).zip(right.chunks(AT_ONCE)) {
        let mut columns = open::<FIRST>(sums);
        for (left, right) in left.iter().zip(right) {
            for row in 0..LIMBS {
                for (at, column) in columns.iter_mut().enumerate() {
                    if row <= FIRST + at && FIRST + at < row + LIMBS {
                        add(column, left[row], right[FIRST + at - row]);
                    }
                }
                settle(&mut columns);
            }
        }
        close::<FIRST>(sums, &columns, N > AT_ONCE);
    }
}

/// Adds to the columns from `FIRST` on what a square has there.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn square_products<const FIRST: usize>(sums: &mut Sums, value: &Half, double: &Half) {
    let mut columns = open::<FIRST>(sums);
    for row in 0..LIMBS {
        for (at, column) in columns.iter_mut().enumerate() {
            if FIRST + at == 2 * row {
                add(column, value[row], value[row]);
            } else if 2 * row < FIRST + at && FIRST + at < row + LIMBS {
                add(column, value[row], double[FIRST + at - row]);
            }
        }
        settle(&mut columns);
    }
    close::<FIRST>(sums, &columns, false);
}

#[target_feature(enable = "avx2,fma")]
#[inline]
fn open<const FIRST: usize>(sums: &Sums) -> [Column; WIDTH] {
    core::array::from_fn(|at| Column {
        high: _mm256_set1_pd(SPLIT),
        low: sums[FIRST + at].low,
    })
}

#[target_feature(enable = "avx2,fma")]
#[inline]
fn close<const FIRST: usize>(sums: &mut Sums, columns: &[Column; WIDTH], more: bool) {
    let split = _mm256_set1_pd(SPLIT);
    for (sum, column) in sums[FIRST..].iter_mut().zip(columns) {
        sum.high = _mm256_add_pd(sum.high, _mm256_sub_pd(column.high, split));
        sum.low = column.low;
        if more {
            let high = _mm256_sub_pd(_mm256_add_pd(sum.low, split), split);
            sum.high = _mm256_add_pd(sum.high, high);
            sum.low = _mm256_sub_pd(sum.low, high);
        }
    }
}

/// Adds the product of two limbs.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn add(column: &mut Column, left: __m256d, right: __m256d) {
    let high = _mm256_fmadd_pd(left, right, column.high);
    let rest = _mm256_fmadd_pd(left, right, _mm256_sub_pd(column.high, high));
    column.low = _mm256_add_pd(column.low, rest);
    column.high = high;
}

/// Keeps columns in registers between rows: left alone, the compiler puts the rest parts of
/// all rows off, and moves what they take to memory and back.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn settle(columns: &mut [Column; WIDTH]) {
    for column in columns {
        #[cfg(not(miri))]
        // SAFETY: no instruction; two registers are named as read and written.
        unsafe {
            core::arch::asm!(
                "/* {high} {low} */",
                high = inout(ymm_reg) column.high,
                low = inout(ymm_reg) column.low,
                options(nomem, nostack, preserves_flags),
            );
        }
    }
}
