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

mod limbs;
mod product;

use core::marker::PhantomData;

use blst::{blst_fp, blst_p1_affine};

use self::limbs::{
    below_modulus, multiple, words, Limbs, ENTER, INVERSE_S, LEAVE, LIMB_BITS, P2, R, S, WORDS,
};
pub(super) use self::limbs::{power_of_two, LIMBS, LIMB_MASK};
pub(super) use self::product::{dot, square};
use super::field::{Field, Part, LANES};
use crate::curve::G1Affine;

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
    fn or(self, other: Self) -> Self;
    /// Shifted by less than 64 bits, filled with zeros.
    fn left(self, bits: usize) -> Self;
    fn right(self, bits: usize) -> Self;
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

    /// The square by `R`, as [`Lanes::dot`].
    #[inline(always)]
    fn square(value: &[Self; LIMBS]) -> [Self; LIMBS] {
        square(value)
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
        V::square(value)
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
        numbers(&multiply(value, &constant(&R))).map(|words| words == [0; WORDS])
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

/// Carries what is beyond 52 bits, or below zero, from limb to limb; the value is not negative.
#[inline(always)]
fn normalize<V: Lanes>(mut value: [V; LIMBS]) -> [V; LIMBS] {
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
fn reduce<V: Lanes>(value: &[V; LIMBS], multiple: &Limbs) -> [V; LIMBS] {
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
fn zip3<V: Lanes>(
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
fn constant<V: Lanes>(value: &Limbs) -> [V; LIMBS] {
    let mut result = [V::splat(0); LIMBS];
    for at in 0..LIMBS {
        result[at] = V::splat(value[at]);
    }
    result
}

/// An element from the words of each lane's number.
#[inline(always)]
fn lanes<V: Lanes>(words: impl Fn(usize) -> [u64; WORDS]) -> [V; LIMBS] {
    let numbers: [_; LANES] = core::array::from_fn(words);
    let mut words = [V::splat(0); WORDS];
    for (at, word) in words.iter_mut().enumerate() {
        *word = V::load(&numbers.map(|number| number[at]));
    }
    let mut result = [V::splat(0); LIMBS];
    for (at, limb) in result.iter_mut().enumerate() {
        let (word, shift) = (at * LIMB_BITS / 64, at * LIMB_BITS % 64);
        *limb = words[word].right(shift);
        if shift > 64 - LIMB_BITS && word + 1 < WORDS {
            *limb = limb.or(words[word + 1].left(64 - shift));
        }
        *limb = limb.and(V::splat(LIMB_MASK));
    }
    result
}

/// The number of each lane, below `p`; the element is below `2 p`.
#[inline(always)]
fn numbers<V: Lanes>(value: &[V; LIMBS]) -> [[u64; WORDS]; LANES] {
    let rows = value.map(V::store);
    core::array::from_fn(|lane| below_modulus(words(&rows.map(|row| row[lane]))))
}
