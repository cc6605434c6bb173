//! Eight points at a time: field elements in eight limbs of 52 bits, one lane a point.
//!
//! An element is eight vectors, the lowest limb first, and stands for its value
//! times `R = 2^416` (Montgomery form). Since `R` is 2^35 times the modulus `p`,
//! reduction can be lazy: a product of anything below `16 p` comes out below
//! `2 p`. Kept coordinates are below `2 p`, differences below `4 p`.
//!
//! # Entering without a conversion
//!
//! blst keeps `x * 2^384`. Read as Montgomery form for `R = 2^416`, that is
//! `x * 2^-32`. Instead of converting, points are added on the curve whose
//! points are `(s^2 x, s^3 y)` with `s = 2^-16`: the formula for sums is the same
//! on it. So `x` is taken as it is, and only `y` is multiplied by `2^-16`.

use core::marker::PhantomData;

use blst::{blst_fp, blst_p1_affine};

use super::field::{Field, Part, LANES};
use crate::curve::G1Affine;
use crate::field::MODULUS;

/// Limbs of an element.
pub(super) const LIMBS: usize = 8;

/// Bits of a limb.
const LIMB_BITS: usize = 52;

/// The bits of a limb.
pub(super) const LIMB_MASK: u64 = (1 << LIMB_BITS) - 1;

/// `R mod p`, one in Montgomery form; `2^400 mod p`, `s = 2^-16` in it; `2^16 * R mod p`, `1 / s` in it.
pub(super) const R: Limbs = limbs(&power_of_two(416));
const S: Limbs = limbs(&power_of_two(400));
const INVERSE_S: Limbs = limbs(&power_of_two(432));
/// `2^448 mod p`: takes blst's form, times `2^384`, to this one.
const ENTER: Limbs = limbs(&power_of_two(448));
/// `2^384 mod p`: takes this form to blst's.
const LEAVE: Limbs = limbs(&power_of_two(384));

/// `p` and its small multiples, and `-1 / p mod 2^52`.
pub(super) const P: Limbs = limbs(&MODULUS);
pub(super) const P2: Limbs = multiple(2);
const P_INVERSE: u64 = negative_inverse(MODULUS[0]);

pub(super) type Limbs = [u64; LIMBS];

/// Eight 64-bit numbers, and what the arithmetic needs of them.
pub(super) trait Lanes: Copy + 'static {
    fn splat(value: u64) -> Self;
    fn load(values: &[u64; LANES]) -> Self;
    fn store(self) -> [u64; LANES];
    /// The sum, modulo 2^64.
    fn add(self, other: Self) -> Self;
    /// The difference, modulo 2^64.
    fn subtract(self, other: Self) -> Self;
    fn and(self, other: Self) -> Self;
    /// Shifted right by 52, filled with zeros.
    fn carry(self) -> Self;
    /// Shifted right by 52, filled with the sign.
    fn signed_carry(self) -> Self;
    /// Adds the lower 52 bits of the product of the lower 52 bits of two factors.
    fn add_low(self, left: Self, right: Self) -> Self;
    /// Adds the upper 52 bits of that product.
    fn add_high(self, left: Self, right: Self) -> Self;
    /// Lane by lane: `negative` where this is below zero as a signed number, `other` elsewhere.
    fn choose(self, negative: Self, other: Self) -> Self;

    /// `sum left[i] * right[i] / R`, with one reduction for the whole sum.
    ///
    /// If factors are below `a_i p` and `b_i p`, the sum of all `a_i b_i` must be below
    /// `2^34`; then the result is below `2 p`. Limbs are normalized, before and after.
    #[inline(always)]
    fn dot<const N: usize>(left: [&[Self; LIMBS]; N], right: [&[Self; LIMBS]; N]) -> [Self; LIMBS] {
        dot(left, right)
    }

    /// Does a part of a kernel out of line.
    #[inline(never)]
    fn apart<P: Part<Eight<Self>>>(part: P) -> P::Output {
        part.run()
    }
}

/// The field in eight lanes of `V`.
#[derive(Clone, Copy)]
pub(super) struct Eight<V>(PhantomData<V>);

impl<V: Lanes> Field for Eight<V> {
    type Element = [V; LIMBS];
    type Row = Limbs;

    #[inline(always)]
    fn zero() -> [V; LIMBS] {
        constant(&[0; LIMBS])
    }

    #[inline(always)]
    fn one() -> [V; LIMBS] {
        constant(&R)
    }

    #[inline(always)]
    fn load(numbers: &[blst_fp; LANES]) -> [V; LIMBS] {
        multiply(&lanes(|lane| numbers[lane].l), &constant(&ENTER))
    }

    #[inline(always)]
    fn store(value: &[V; LIMBS]) -> [blst_fp; LANES] {
        numbers(&multiply(value, &constant(&LEAVE))).map(|l| blst_fp { l })
    }

    #[inline(always)]
    fn load_points(points: &[G1Affine; LANES]) -> ([V; LIMBS], [V; LIMBS]) {
        let x = lanes(|lane| points[lane].0.x.l);
        let y = lanes(|lane| points[lane].0.y.l);
        (x, multiply(&y, &constant(&S)))
    }

    #[inline(always)]
    fn store_points(x: &[V; LIMBS], y: &[V; LIMBS]) -> [G1Affine; LANES] {
        let (x, y) = (numbers(x), numbers(&multiply(y, &constant(&INVERSE_S))));
        core::array::from_fn(|lane| {
            G1Affine(blst_p1_affine {
                x: blst_fp { l: x[lane] },
                y: blst_fp { l: y[lane] },
            })
        })
    }

    #[inline(always)]
    fn from_rows(rows: [&Limbs; LANES]) -> [V; LIMBS] {
        let mut result = constant(&[0; LIMBS]);
        for (at, limb) in result.iter_mut().enumerate() {
            *limb = V::load(&rows.map(|row| row[at]));
        }
        result
    }

    #[inline(always)]
    fn rows(value: &[V; LIMBS]) -> [Limbs; LANES] {
        let columns = value.map(V::store);
        core::array::from_fn(|lane| columns.map(|column| column[lane]))
    }

    #[inline(always)]
    fn negate_row(row: &Limbs) -> Limbs {
        let mut borrow = 0;
        let mut result = [0; LIMBS];
        for at in 0..LIMBS {
            let difference = P2[at].wrapping_sub(row[at]).wrapping_sub(borrow);
            borrow = difference >> 63;
            result[at] = difference & LIMB_MASK;
        }
        result
    }

    #[inline(always)]
    fn add(left: &[V; LIMBS], right: &[V; LIMBS]) -> [V; LIMBS] {
        normalize(zip3(left, right, &[0; LIMBS], |left, right, _| {
            left.add(right)
        }))
    }

    #[inline(always)]
    fn sub(left: &[V; LIMBS], right: &[V; LIMBS], bound: u64) -> [V; LIMBS] {
        normalize(zip3(left, right, &multiple(bound), |left, right, p| {
            left.subtract(right).add(p)
        }))
    }

    #[inline(always)]
    fn dot<const N: usize>(left: [&[V; LIMBS]; N], right: [&[V; LIMBS]; N]) -> [V; LIMBS] {
        V::dot(left, right)
    }

    #[inline(always)]
    fn sqr(value: &[V; LIMBS]) -> [V; LIMBS] {
        multiply(value, value)
    }

    #[inline(always)]
    fn reduce(value: &[V; LIMBS], bound: u64) -> [V; LIMBS] {
        let mut value = *value;
        let mut factor = bound.next_power_of_two() / 2;
        while factor > 1 {
            value = reduce(&value, &multiple(factor));
            factor /= 2;
        }
        value
    }

    #[inline(always)]
    fn apart<P: Part<Self>>(part: P) -> P::Output {
        V::apart(part)
    }

    #[inline(always)]
    fn is_zero(value: &[V; LIMBS]) -> [bool; LANES] {
        numbers(&multiply(value, &constant(&R))).map(|words| words == [0; 6])
    }

    #[inline(always)]
    fn select(which: [bool; LANES], first: &[V; LIMBS], second: &[V; LIMBS]) -> [V; LIMBS] {
        let mask = V::load(&which.map(|first| if first { u64::MAX } else { 0 }));
        let mut result = *second;
        for (limb, first) in result.iter_mut().zip(first) {
            *limb = mask.choose(*first, *limb);
        }
        result
    }
}

/// A Montgomery product, below `2 p`.
#[inline(always)]
fn multiply<V: Lanes>(left: &[V; LIMBS], right: &[V; LIMBS]) -> [V; LIMBS] {
    V::dot([left], [right])
}

/// The body of [`Lanes::dot`] over [`Lanes::add_low`] and [`Lanes::add_high`].
#[inline(always)]
pub(super) fn dot<V: Lanes, const N: usize>(
    left: [&[V; LIMBS]; N],
    right: [&[V; LIMBS]; N],
) -> [V; LIMBS] {
    let zero = V::splat(0);
    let inverse = V::splat(P_INVERSE);
    let modulus: [V; LIMBS] = constant(&P);
    // Limbs of the running sum: eight rounds of 2 N + 2 parts of 52 bits, below 2^60 for N < 16.
    let mut low = [zero; LIMBS];
    for digit in 0..LIMBS {
        let mut high = [zero; LIMBS];
        for (left, right) in left.iter().zip(&right) {
            for at in 0..LIMBS {
                low[at] = low[at].add_low(left[at], right[digit]);
                high[at] = high[at].add_high(left[at], right[digit]);
            }
        }
        let quotient = zero.add_low(low[0], inverse);
        for at in 0..LIMBS {
            low[at] = low[at].add_low(modulus[at], quotient);
            high[at] = high[at].add_high(modulus[at], quotient);
        }
        // The lowest limb is now a multiple of 2^52: it goes, and its carry stays.
        let carry = low[0].carry();
        for at in 0..LIMBS - 1 {
            low[at] = low[at + 1].add(high[at]);
        }
        low[LIMBS - 1] = high[LIMBS - 1];
        low[0] = low[0].add(carry);
    }
    normalize(low)
}

/// Carries what is beyond 52 bits, or below zero, from limb to limb; the value is not negative.
#[inline(always)]
pub(super) fn normalize<V: Lanes>(mut value: [V; LIMBS]) -> [V; LIMBS] {
    let mask = V::splat(LIMB_MASK);
    for at in 0..LIMBS - 1 {
        let carry = value[at].signed_carry();
        value[at] = value[at].and(mask);
        value[at + 1] = value[at + 1].add(carry);
    }
    value
}

/// Takes `multiple` away where it fits.
#[inline(always)]
pub(super) fn reduce<V: Lanes>(value: &[V; LIMBS], multiple: &Limbs) -> [V; LIMBS] {
    let less = normalize(zip3(value, value, multiple, |value, _, multiple| {
        value.subtract(multiple)
    }));
    let sign = less[LIMBS - 1];
    let mut result = *value;
    for (limb, less) in result.iter_mut().zip(less) {
        *limb = sign.choose(*limb, less);
    }
    result
}

#[inline(always)]
pub(super) fn zip3<V: Lanes>(
    left: &[V; LIMBS],
    right: &[V; LIMBS],
    third: &Limbs,
    work: impl Fn(V, V, V) -> V,
) -> [V; LIMBS] {
    let mut result = *left;
    for at in 0..LIMBS {
        result[at] = work(left[at], right[at], V::splat(third[at]));
    }
    result
}

#[inline(always)]
pub(super) fn constant<V: Lanes>(value: &Limbs) -> [V; LIMBS] {
    let mut result = [V::splat(0); LIMBS];
    for at in 0..LIMBS {
        result[at] = V::splat(value[at]);
    }
    result
}

/// An element from the words of each lane's number.
#[inline(always)]
pub(super) fn lanes<V: Lanes>(words: impl Fn(usize) -> [u64; 6]) -> [V; LIMBS] {
    let mut rows = [[0_u64; LANES]; LIMBS];
    for lane in 0..LANES {
        for (row, limb) in rows.iter_mut().zip(limbs(&words(lane))) {
            row[lane] = limb;
        }
    }
    let mut result = [V::splat(0); LIMBS];
    for at in 0..LIMBS {
        result[at] = V::load(&rows[at]);
    }
    result
}

/// The number of each lane, below `p`; the element is below `2 p`.
#[inline(always)]
pub(super) fn numbers<V: Lanes>(value: &[V; LIMBS]) -> [[u64; 6]; LANES] {
    let rows = value.map(V::store);
    core::array::from_fn(|lane| below_modulus(words(&rows.map(|row| row[lane]))))
}

/// Six words of 64 bits as eight limbs of 52.
#[inline(always)]
pub(super) const fn limbs(words: &[u64; 6]) -> Limbs {
    let mut result = [0; LIMBS];
    let mut at = 0;
    while at < LIMBS {
        let (word, shift) = (at * LIMB_BITS / 64, at * LIMB_BITS % 64);
        let mut limb = if word < 6 { words[word] >> shift } else { 0 };
        if shift > 64 - LIMB_BITS && word + 1 < 6 {
            limb |= words[word + 1] << (64 - shift);
        }
        result[at] = limb & LIMB_MASK;
        at += 1;
    }
    result
}

/// Eight limbs of 52 bits, of a number below 2^384, as six words of 64.
fn words(limbs: &Limbs) -> [u64; 6] {
    let mut result = [0; 6];
    for (at, limb) in limbs.iter().enumerate() {
        let (word, shift) = (at * LIMB_BITS / 64, at * LIMB_BITS % 64);
        if word < 6 {
            result[word] |= limb << shift;
        }
        if shift > 64 - LIMB_BITS && word + 1 < 6 {
            result[word + 1] |= limb >> (64 - shift);
        }
    }
    result
}

/// `words - p`, and whether `words` was below `p`.
const fn minus_modulus(words: &[u64; 6]) -> ([u64; 6], bool) {
    let mut result = [0; 6];
    let mut borrow = false;
    let mut at = 0;
    while at < 6 {
        let (first, under) = words[at].overflowing_sub(MODULUS[at]);
        let (second, again) = first.overflowing_sub(borrow as u64);
        result[at] = second;
        borrow = under | again;
        at += 1;
    }
    (result, borrow)
}

/// A number below `p` for one below `4 p`.
const fn below_modulus(mut words: [u64; 6]) -> [u64; 6] {
    loop {
        let (less, below) = minus_modulus(&words);
        if below {
            return words;
        }
        words = less;
    }
}

/// `2^exponent mod p`.
pub(super) const fn power_of_two(exponent: usize) -> [u64; 6] {
    let mut words = [1, 0, 0, 0, 0, 0];
    let mut step = 0;
    while step < exponent {
        // The modulus has 381 bits, so that a number below it can be doubled in place.
        let mut at = 6;
        while at > 0 {
            at -= 1;
            let carried = if at > 0 { words[at - 1] >> 63 } else { 0 };
            words[at] = words[at] << 1 | carried;
        }
        words = below_modulus(words);
        step += 1;
    }
    words
}

/// A small multiple of `p`, at most `4096 p`, in limbs.
pub(super) const fn multiple(factor: u64) -> Limbs {
    let mut result = [0; LIMBS];
    let mut carry = 0;
    let mut at = 0;
    while at < LIMBS {
        let sum = P[at] * factor + carry;
        result[at] = sum & LIMB_MASK;
        carry = sum >> LIMB_BITS;
        at += 1;
    }
    result
}

/// `-1 / value mod 2^52`, by Newton's iteration, for an odd number.
const fn negative_inverse(value: u64) -> u64 {
    let mut inverse = 1_u64;
    let mut step = 0;
    while step < 6 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(value.wrapping_mul(inverse)));
        step += 1;
    }
    inverse.wrapping_neg() & LIMB_MASK
}
