//! Sums of few multiples of points of G1 by public numbers, with shared doublings.
//!
//! A number `s` is split into `s0 + s1 x^2`, halves of 128 bits, and `x^2 P` is one product
//! away ([`crate::endomorphism`]), so that all multiples of a sum share 128 doublings.
//! Halves are written in digits without neighbours, each odd and between -15 and 15: one
//! addition in six bits on average.
//!
//! Not in constant time: for points and numbers that everybody may know.
//!
//! # Reference
//! Hankerson, Menezes, Vanstone: Guide to Elliptic Curve Cryptography, 2004,
//! algorithms 3.35 (width-w NAF) and 3.51 (interleaving).

use blst::blst_p1_double;

use crate::curve::{G1Affine, G1Jacobian, Jacobian};
use crate::endomorphism::{Endomorphism, PARAMETER_SQUARED};
use crate::public_point::PublicPoint;
use crate::scalar::Scalar;

/// Bits of a digit, its sign included.
const WIDTH: u32 = 5;

/// Odd multiples of a point: 1, 3, ... 15.
const MULTIPLES: usize = 1 << (WIDTH - 2);

/// Digits of a half: one more than it has bits, for what the last digit carries.
const DIGITS: usize = 129;

/// Small odd multiples of a point of prime order, or of infinity.
pub struct OddMultiples([G1Affine; MULTIPLES]);

/// A table and the digits of what it is multiplied by.
type Half = ([G1Affine; MULTIPLES], [i8; DIGITS]);

impl OddMultiples {
    /// The multiples of each point, with one inversion for all of them.
    ///
    /// The points must be in the subgroup of prime order, as
    /// [`Affine::in_subgroup`] says; for others the sums are others.
    #[must_use]
    pub fn of<const N: usize>(points: [&G1Affine; N]) -> [Self; N] {
        let mut all = Vec::with_capacity(MULTIPLES * N);
        for point in points {
            let mut multiple = G1Jacobian::from_affine(point);
            let twice = double(&multiple);
            all.push(multiple);
            for _ in 1..MULTIPLES {
                multiple = multiple.add(&twice);
                all.push(multiple);
            }
        }
        let all = G1Jacobian::to_affine_all(&all);
        core::array::from_fn(|index| {
            Self(core::array::from_fn(|place| all[MULTIPLES * index + place]))
        })
    }

    /// The sum of the points' multiples.
    ///
    /// # Cost
    /// 128 doublings, and some 43 additions for each full number.
    #[must_use]
    pub fn sum(terms: &[(&Self, &Scalar)]) -> G1Jacobian {
        let halves: Vec<Half> = terms
            .iter()
            .flat_map(|(multiples, scalar)| {
                let [low, high] = split(scalar);
                let other = multiples.0.map(|point| point.times_parameter_squared());
                [(multiples.0, digits(low)), (other, digits(high))]
            })
            .collect();
        let mut total = PublicPoint::default();
        for place in (0..DIGITS).rev() {
            total.double();
            for (multiples, digits) in &halves {
                let digit = digits[place];
                if digit != 0 {
                    let point = &multiples[usize::from(digit.unsigned_abs()) / 2];
                    total.add(point, digit < 0);
                }
            }
        }
        total.into()
    }
}

fn double(point: &G1Jacobian) -> G1Jacobian {
    let mut result = G1Jacobian::default();
    // SAFETY: blst reads a point and writes a point.
    unsafe { blst_p1_double(&raw mut result.0, &raw const point.0) };
    result
}

/// A number as `low + high x^2`, both below `x^2`: a division, bit by bit.
fn split(scalar: &Scalar) -> [u128; 2] {
    let words = scalar.to_words();
    let low = u128::from(words[1]) << 64 | u128::from(words[0]);
    // The order is `x^4 - x^2 + 1`: its upper half is below `x^2`, and the quotient too.
    let mut remainder = u128::from(words[3]) << 64 | u128::from(words[2]);
    let mut quotient = 0;
    for bit in (0..u128::BITS).rev() {
        let carried = remainder >> (u128::BITS - 1) == 1;
        remainder = remainder << 1 | (low >> bit & 1);
        if carried || remainder >= PARAMETER_SQUARED {
            remainder = remainder.wrapping_sub(PARAMETER_SQUARED);
            quotient |= 1 << bit;
        }
    }
    [remainder, quotient]
}

/// A number as `sum d_i 2^i`; each digit is zero or odd and between -15 and 15.
fn digits(mut number: u128) -> [i8; DIGITS] {
    let mut digits = [0; DIGITS];
    let mut place = 0;
    while number != 0 {
        let zeros = number.trailing_zeros();
        number >>= zeros;
        place += zeros as usize;
        let low = i8::try_from(number % (1 << WIDTH)).expect("five bits");
        number >>= WIDTH;
        digits[place] = low;
        if low > 1 << (WIDTH - 1) {
            digits[place] = low - (1 << WIDTH);
            number += 1;
        }
        place += WIDTH as usize;
    }
    digits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::curve::Affine;

    /// The order less one.
    fn largest() -> Scalar {
        Scalar::one().negate()
    }

    fn scalar_of(number: u128) -> Scalar {
        let mut bytes = [0; 32];
        bytes[16..].copy_from_slice(&number.to_be_bytes());
        Scalar::from_be_bytes(&bytes).expect("below the order")
    }

    fn point(seed: u8) -> G1Affine {
        G1Jacobian::hash(&[seed], b"test", &[]).to_affine()
    }

    fn extremes() -> Vec<Scalar> {
        let square = scalar_of(PARAMETER_SQUARED);
        vec![
            Scalar::zero(),
            Scalar::one(),
            largest(),
            square.clone(),
            square.negate(),
            square.subtract(&Scalar::one()),
            square.multiply(&square),
            scalar_of(u128::MAX),
            scalar_of(1 << 127),
        ]
    }

    fn check(points: [&G1Affine; 2], scalars: [&Scalar; 2]) {
        let [first, second] = OddMultiples::of(points);
        let found = OddMultiples::sum(&[(&first, scalars[0]), (&second, scalars[1])]);
        let [left, right] = [0, 1].map(|index| {
            G1Jacobian::from_affine(points[index])
                .multiply_public(scalars[index].to_le_bytes().as_slice())
        });
        assert_eq!(left.add(&right).to_affine(), found.to_affine());
    }

    #[test]
    fn sums_are_those_of_blst_for_the_extremes() {
        let (one, other) = (point(1), point(2));
        let infinity = G1Affine::default();
        for first in &extremes() {
            for second in &extremes() {
                check([&one, &other], [first, second]);
            }
            // Points that meet themselves, their opposite, and infinity.
            check([&one, &one], [first, first]);
            check([&one, &one.negate()], [first, first]);
            check([&one, &one], [first, &first.negate()]);
            check([&infinity, &one], [first, first]);
        }
        assert!(OddMultiples::sum(&[]).is_identity());
    }

    #[test]
    fn halves_are_below_the_square_and_make_up_the_number() {
        let square = scalar_of(PARAMETER_SQUARED);
        for scalar in &extremes() {
            let [low, high] = split(scalar);
            assert!(low < PARAMETER_SQUARED && high < PARAMETER_SQUARED);
            let again = scalar_of(low).add(&scalar_of(high).multiply(&square));
            assert!(&again == scalar);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn sums_are_those_of_blst(first: [u8; 32], second: [u8; 32]) {
            let scalars = [first, second].map(|mut bytes| {
                bytes[0] &= 0x3f;
                Scalar::from_be_bytes(&bytes).expect("below the order")
            });
            check([&point(3), &point(4)], scalars.each_ref());
        }
    }
}
