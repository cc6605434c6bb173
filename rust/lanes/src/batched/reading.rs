//! Compressed points of G1, read and checked to be in the group, eight at a time.
//!
//! `y` is the square root `(x^3 + 4)^((p + 1) / 4)`. A point `(x, y)` lies in the group of
//! prime order exactly if `(beta x, -y)` is `x^2` times it, for the curve's parameter `x`
//! ([`crate::endomorphism`]): two multiplications by 64 bits of which six are set.
//!
//! # Exceptional cases
//!
//! Additions are written for different finite points. Where `m P` meets `P` or `-P`, or is
//! infinity, `P` is of an order below `2^128`, so not in the group; the formulas then give
//! a third coordinate of zero from there on, and the point is refused, as it has to be.
//! There are no points of order two.
//!
//! # Operations
//!
//! For a point: 379 squares and 79 products for the root, 670 squares and 350 products for
//! the group.
//!
//! # Reference
//! Scott: A note on group membership tests for G1, G2 and GT on BLS pairing-friendly
//! curves, 2021, section 6. Formulas: dbl-2009-l and madd of the Explicit-Formulas Database.

use blst::{blst_fp, blst_p1_affine};

use super::eight::power_of_two;
use super::field::{Field, LANES};
use super::fp::Fp;
use super::path::{dispatch, Kernel};
use crate::curve::{read_one_by_one, Affine, G1Affine};
use crate::endomorphism::Endomorphism;
use crate::field::MODULUS;

/// The absolute value of the curve's parameter.
const PARAMETER: u64 = 0xd201_0000_0001_0000;

/// Bytes of a point.
const BYTES: usize = G1Affine::COMPRESSED;

/// Flags of the first byte: compressed, infinity, the larger `y`.
const COMPRESSED: u8 = 0x80;
const INFINITY: u8 = 0x40;
const LARGER: u8 = 0x20;

/// `(p + 1) / 4`, and `(p - 1) / 2`, above which `y` is the larger one of two.
const ROOT: [u64; 6] = shifted(&MODULUS, 2, 1);
const HALF: [u64; 6] = shifted(&MODULUS, 1, 0);

/// Bits of a window of the root's exponent.
const WINDOW: usize = 5;

/// Reads points, one after the other: `None` where bytes are not a finite point of the group.
pub(crate) fn read_all(bytes: &[u8]) -> Vec<Option<G1Affine>> {
    dispatch(Reading(bytes))
}

#[derive(Clone, Copy)]
struct Reading<'a>(&'a [u8]);

impl Kernel for Reading<'_> {
    type Output = Vec<Option<G1Affine>>;

    fn portable(self) -> Self::Output {
        read_one_by_one(self.0)
    }

    #[inline(always)]
    fn run<F: Field>(self) -> Self::Output {
        let mut result = Vec::with_capacity(self.0.len() / BYTES);
        for eight in self.0.chunks(BYTES * LANES) {
            let mut encodings = eight.chunks(BYTES).map(parse);
            let encodings = core::array::from_fn(|_| encodings.next().flatten());
            let points = read_eight::<F>(&encodings);
            result.extend(points.into_iter().take(eight.len() / BYTES));
        }
        result
    }
}

/// `x` as a number, and whether `y` is the larger one.
struct Encoding {
    x: [u64; 6],
    larger: bool,
}

fn parse(bytes: &[u8]) -> Option<Encoding> {
    let (first, rest) = bytes.split_first()?;
    if bytes.len() != BYTES || first & (COMPRESSED | INFINITY) != COMPRESSED {
        return None;
    }
    let mut number = [0; BYTES];
    number[0] = first & (INFINITY ^ COMPRESSED ^ LARGER ^ 0xff);
    number[1..].copy_from_slice(rest);
    let mut x = [0; 6];
    for (word, bytes) in x.iter_mut().rev().zip(number.as_chunks().0) {
        *word = u64::from_be_bytes(*bytes);
    }
    let larger = first & LARGER != 0;
    x.iter()
        .rev()
        .lt(MODULUS.iter().rev())
        .then_some(Encoding { x, larger })
}

/// The points of eight lanes that are finite and in the group.
#[inline(always)]
fn read_eight<F: Field>(encodings: &[Option<Encoding>; LANES]) -> [Option<G1Affine>; LANES] {
    let words = |words: [u64; 6]| [blst_fp { l: words }; LANES];
    // blst's form of a number is 2^384 times it: so 2^768 in its place is the factor 2^384.
    let enter = Fp::<F>::load(&words(power_of_two(768)));
    let leave = Fp::<F>::load(&words([1, 0, 0, 0, 0, 0]));
    let numbers = encodings.each_ref().map(|encoding| blst_fp {
        l: encoding.as_ref().map_or([0; 6], |encoding| encoding.x),
    });
    let x = Fp::<F>::load(&numbers).mul(&enter);
    let four = Fp::one().double().double();
    let right = x.sqr().mul(&x).add(&four);
    let y = root(&right);
    let on_curve = y.sqr().sub(&right, 10).is_zero();
    let in_group = in_group(&x, &y);
    let (x, plain, y) = (x.store(), y.mul(&leave).store(), y.store());
    core::array::from_fn(|lane| {
        let encoding = encodings[lane].as_ref()?;
        let point = G1Affine(blst_p1_affine {
            x: x[lane],
            y: y[lane],
        });
        let larger = plain[lane].l.iter().rev().gt(HALF.iter().rev());
        (on_curve[lane] && in_group[lane]).then(|| {
            if larger == encoding.larger {
                point
            } else {
                point.negate()
            }
        })
    })
}

/// The square root of each number that has one.
#[inline(always)]
fn root<F: Field>(number: &Fp<F>) -> Fp<F> {
    let square = number.sqr();
    // Odd powers: 1, 3, ... 31.
    let mut odd = [*number; 1 << (WINDOW - 1)];
    for at in 1..odd.len() {
        odd[at] = odd[at - 1].mul(&square);
    }
    let bit = |at: usize| ROOT[at / 64] >> (at % 64) & 1 == 1;
    let mut result: Option<Fp<F>> = None;
    let mut end = 64 * ROOT.len();
    while end > 0 {
        let mut first = end - 1;
        let mut window = 0;
        if bit(first) {
            first = end.saturating_sub(WINDOW);
            while !bit(first) {
                first += 1;
            }
            window = (first..end)
                .rev()
                .fold(0, |value, at| 2 * value + usize::from(bit(at)));
        }
        if let Some(power) = &mut result {
            for _ in first..end {
                *power = power.sqr();
            }
        }
        if window > 0 {
            let factor = odd[window / 2];
            result = Some(result.map_or(factor, |power| power.mul(&factor)));
        }
        end = first;
    }
    result.unwrap_or(Fp::one())
}

/// Eight points `(x / z^2, y / z^3)`; below `18 p`, `2 p` and `4 p`.
#[derive(Clone, Copy)]
struct Points<F: Field> {
    x: Fp<F>,
    y: Fp<F>,
    z: Fp<F>,
}

/// Whether the points `(x, y)` lie in the group; coordinates below `2 p`.
#[inline(always)]
fn in_group<F: Field>(x: &Fp<F>, y: &Fp<F>) -> [bool; LANES] {
    let point = Points {
        x: *x,
        y: *y,
        z: Fp::one(),
    };
    let multiple = times_parameter(&times_parameter(&point));
    let square = multiple.z.sqr();
    let beta = Fp::load(&[G1Affine::BETA; LANES]);
    let same_x = beta.mul(x).mul(&square).sub(&multiple.x, 18).is_zero();
    let same_y = square.mul(&multiple.z).mul(y).add(&multiple.y).is_zero();
    let infinity = multiple.z.is_zero();
    core::array::from_fn(|lane| same_x[lane] && same_y[lane] && !infinity[lane])
}

/// The points times the absolute value of the parameter.
#[inline(always)]
fn times_parameter<F: Field>(points: &Points<F>) -> Points<F> {
    let square = points.z.sqr();
    let cube = square.mul(&points.z);
    let mut result = *points;
    for bit in (0..PARAMETER.ilog2()).rev() {
        result = result.double();
        if PARAMETER >> bit & 1 == 1 {
            result = result.add(points, &square, &cube);
        }
    }
    result
}

impl<F: Field> Points<F> {
    #[inline(always)]
    fn double(&self) -> Self {
        let x_square = self.x.sqr();
        let y_square = self.y.sqr();
        let product = self.x.mul(&y_square).double().double();
        let slope = x_square.double().add(&x_square);
        let x = slope.sqr().sub(&product.double(), 16);
        let eight = y_square.double().double().double();
        Self {
            x,
            y: Fp::dot([&slope, &eight.neg(16)], [&product.sub(&x, 18), &y_square]),
            z: self.y.mul(&self.z).double(),
        }
    }

    /// The sum with other points, whose third coordinates have this square and cube.
    #[inline(always)]
    fn add(&self, other: &Self, other_square: &Fp<F>, other_cube: &Fp<F>) -> Self {
        let square = self.z.sqr();
        let x1 = self.x.mul(other_square);
        let y1 = self.y.mul(other_cube);
        let run = other.x.mul(&square).sub(&x1, 2);
        let rise = other.y.mul(&square.mul(&self.z)).sub(&y1, 2);
        let square = run.sqr();
        let cube = square.mul(&run);
        let middle = x1.mul(&square);
        let x = rise.sqr().sub(&cube.add(&middle.double()), 6);
        Self {
            x,
            y: Fp::dot([&rise, &y1.neg(2)], [&middle.sub(&x, 8), &cube]),
            z: self.z.mul(&other.z).mul(&run),
        }
    }
}

/// `(number + added) / 2^bits`, rounded down.
const fn shifted(number: &[u64; 6], bits: u32, added: u64) -> [u64; 6] {
    let mut result = *number;
    // The lowest word of p is far from overflowing.
    result[0] += added;
    let mut at = 0;
    while at < 6 {
        let above = if at < 5 { result[at + 1] } else { 0 };
        result[at] = result[at] >> bits | above << (64 - bits);
        at += 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::super::tests::everywhere;
    use super::*;
    use crate::curve::{G1Jacobian, Jacobian};

    /// Points of the curve, most of them outside the group; with `x = 0`, one of order three.
    fn on_curve(count: u8) -> Vec<[u8; BYTES]> {
        (0..=255)
            .map(|last| {
                let mut bytes = [0; BYTES];
                bytes[0] = COMPRESSED | if last % 2 == 0 { LARGER } else { 0 };
                bytes[BYTES - 1] = last;
                bytes
            })
            .filter(|bytes| G1Affine::uncompress(bytes).is_ok())
            .take(usize::from(count))
            .collect()
    }

    fn check(encodings: &[[u8; BYTES]]) -> Vec<Option<G1Affine>> {
        let kernel = Reading(encodings.as_flattened());
        let expected = kernel.portable();
        for (path, found) in everywhere(&kernel) {
            assert_eq!(expected, found, "{path}");
        }
        expected
    }

    fn in_group(count: usize) -> Vec<[u8; BYTES]> {
        (0..count)
            .map(|at| {
                let point = G1Jacobian::hash(&at.to_le_bytes(), b"reading", &[]);
                point.to_affine().compress()
            })
            .collect()
    }

    #[test]
    fn points_of_the_group_are_read_whatever_their_number() {
        let good = in_group(19);
        for count in [0, 1, 7, 8, 9, 16, 19] {
            assert!(check(&good[..count]).iter().all(Option::is_some));
        }
    }

    #[test]
    fn what_is_not_a_point_of_the_group_is_left_out_in_each_lane() {
        let good = in_group(LANES);
        let mut bad = on_curve(20);
        let generator = G1Affine::generator().compress();
        for (place, value) in [
            (0, 0),
            (0, 0x1a),
            (0, 0xe0),
            (0, 0xc0),
            (0, 0x9f),
            (BYTES - 1, 0),
        ] {
            let mut changed = generator;
            changed[place] = value;
            bad.push(changed);
        }
        let mut infinity = [0; BYTES];
        infinity[0] = COMPRESSED | INFINITY;
        bad.push(infinity);
        // p - 1, p, p + 1 in place of x.
        for added in 0..3 {
            let mut words = MODULUS;
            words[0] = words[0] - 1 + added;
            let mut bytes: Vec<u8> = words
                .iter()
                .rev()
                .flat_map(|word| word.to_be_bytes())
                .collect();
            bytes[0] |= COMPRESSED;
            bad.push(bytes.try_into().expect("48 bytes"));
        }
        for (at, bad) in bad.into_iter().enumerate() {
            let mut eight = good.clone();
            eight[at % LANES] = bad;
            let found = check(&eight);
            assert_eq!(None, found[at % LANES], "{bad:02x?}");
            assert_eq!(LANES - 1, found.iter().flatten().count());
        }
    }

    #[test]
    fn both_signs_are_read() {
        let points = in_group(4).into_iter().flat_map(|bytes| {
            let point = G1Affine::uncompress(&bytes).expect("compressed");
            [bytes, point.negate().compress()]
        });
        assert!(check(&points.collect::<Vec<_>>())
            .iter()
            .all(Option::is_some));
    }
}
