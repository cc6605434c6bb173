//! Compressed points of G1 and G2, read and checked to be in the group, eight at a time.
//!
//! `y` is a square root of `x^3 + 4`, or of `x^3 + 4 (1 + u)` ([`super::root`]). A point
//! `(x, y)` of the curve lies in G1 exactly if `(beta x, -y)` is `x^2` times it, for the
//! curve's parameter `x` ([`crate::endomorphism`]), and one of the twist in G2 exactly if
//! `psi` of it is `x` times it: two multiplications by 64 bits of which six are set, or one.
//!
//! # Exceptional cases
//!
//! Additions are written for different finite points ([`super::points`]). Where `m P` meets
//! `P` or `-P`, or is infinity, `P` is of an order below `2^128`, so not in the group; its
//! third coordinate is zero then, and the point is refused, as it has to be. There are no
//! points of order two.
//!
//! # Operations
//!
//! For a point of G1: one power, then 670 squares and 350 products. For one of G2: two
//! powers, then in `Fp2` 267 squares, 166 products and 68 sums of two products.
//!
//! # Reference
//! Scott: A note on group membership tests for G1, G2 and GT on BLS pairing-friendly
//! curves, 2021, sections 4 and 6.

use core::marker::PhantomData;

use super::coordinate::{Coordinate, InLanes};
use super::field::{Field, LANES};
use super::fp::Fp;
use super::fp2::Fp2;
use super::path::{dispatch, Kernel};
use super::points::{psi, Points};
use super::root::{inverse_root, root_by_norm, Norm};
use crate::curve::{read_one_by_one, G1Affine, G2Affine};
use crate::endomorphism::Endomorphism;
use crate::field::MODULUS;

/// Bytes of a coefficient.
const COEFFICIENT: usize = 48;

/// The most coefficients of a coordinate.
const COEFFICIENTS: usize = 2;

/// Flags of the first byte: compressed, infinity, the larger `y`.
const COMPRESSED: u8 = 0x80;
const INFINITY: u8 = 0x40;
const LARGER: u8 = 0x20;

/// The bits of the first word that are no flags.
const NUMBER: u64 = u64::MAX >> 3;

/// `(p - 1) / 2`, above which a number is the larger one of itself and its negative.
const HALF: [u64; 6] = half(&MODULUS);

/// Fewer points are blst's: lanes take as long for one as for eight.
const POINTS_MIN: usize = 4;

/// Reads points, one after the other: `None` where bytes are not a finite point of the group.
pub(crate) fn read_all<P: Readable>(bytes: &[u8]) -> Vec<Option<P>> {
    dispatch(Reading(bytes, PhantomData))
}

#[derive(Clone, Copy)]
struct Reading<'a, P>(&'a [u8], PhantomData<P>);

impl<P: Readable> Kernel for Reading<'_, P> {
    type Output = Vec<Option<P>>;

    fn portable(self) -> Self::Output {
        read_one_by_one(self.0)
    }

    #[inline(always)]
    fn run<F: Field>(self) -> Self::Output {
        let size = P::COMPRESSED;
        let mut result = Vec::with_capacity(self.0.len() / size);
        for eight in self.0.chunks(size * LANES) {
            if eight.len() < size * POINTS_MIN {
                result.extend(Reading(eight, PhantomData).portable());
                continue;
            }
            let mut encodings = eight.chunks(size).map(|bytes| parse(bytes, size));
            let encodings = core::array::from_fn(|_| encodings.next().flatten());
            let points = read_eight::<P, F>(&encodings);
            result.extend(points.into_iter().take(eight.len() / size));
        }
        result
    }
}

/// `x` as one number or two, the first coefficient first, and whether `y` is the larger one.
struct Encoding {
    x: [[u64; 6]; COEFFICIENTS],
    larger: bool,
}

fn parse(bytes: &[u8], size: usize) -> Option<Encoding> {
    let first = *bytes.first()?;
    if bytes.len() != size || first & (COMPRESSED | INFINITY) != COMPRESSED {
        return None;
    }
    let mut x = [[0; 6]; COEFFICIENTS];
    // Bytes begin with the last coefficient.
    for (number, bytes) in x.iter_mut().zip(bytes.rchunks(COEFFICIENT)) {
        for (word, bytes) in number.iter_mut().rev().zip(bytes.as_chunks().0) {
            *word = u64::from_be_bytes(*bytes);
        }
    }
    x[size / COEFFICIENT - 1][5] &= NUMBER;
    let below = |number: &[u64; 6]| number.iter().rev().lt(MODULUS.iter().rev());
    let larger = first & LARGER != 0;
    x.iter().all(below).then_some(Encoding { x, larger })
}

/// The points of eight lanes that are finite and in the group.
#[inline(always)]
fn read_eight<P: Readable, F: Field>(encodings: &[Option<Encoding>; LANES]) -> [Option<P>; LANES] {
    let numbers = encodings.each_ref().map(|encoding| {
        encoding
            .as_ref()
            .map_or([[0; 6]; COEFFICIENTS], |encoding| encoding.x)
    });
    let x = P::number::<F>(&numbers);
    let right = x.sqr().mul(&x).add(&P::constant::<F>());
    let (y, on_curve) = P::root::<F>(&right);
    let in_group = P::in_group::<F>(&x, &y);
    let larger = P::larger::<F>(&y);
    let points = Coordinate::store(&x, &y);
    core::array::from_fn(|lane| {
        let encoding = encodings[lane].as_ref()?;
        (on_curve[lane] && in_group[lane]).then(|| {
            if larger[lane] == encoding.larger {
                points[lane]
            } else {
                points[lane].negate()
            }
        })
    })
}

/// A group whose points are read in lanes. Coordinates are below `2 p`.
pub(crate) trait Readable: InLanes {
    /// A coordinate from its coefficients, which are below `p`.
    fn number<F: Field>(words: &[[[u64; 6]; COEFFICIENTS]; LANES]) -> Self::Coordinate<F>;
    /// `b` in `y^2 = x^3 + b`.
    fn constant<F: Field>() -> Self::Coordinate<F>;
    /// A root of each number, which is below `4 p`, and where there is one.
    fn root<F: Field>(number: &Self::Coordinate<F>) -> (Self::Coordinate<F>, [bool; LANES]);
    /// Whether points of the curve lie in the group.
    fn in_group<F: Field>(x: &Self::Coordinate<F>, y: &Self::Coordinate<F>) -> [bool; LANES];
    /// Whether a coordinate is the larger one of itself and its negative.
    fn larger<F: Field>(y: &Self::Coordinate<F>) -> [bool; LANES];
}

impl Readable for G1Affine {
    #[inline(always)]
    fn number<F: Field>(words: &[[[u64; 6]; COEFFICIENTS]; LANES]) -> Fp<F> {
        Fp::from_words(&words.map(|words| words[0]))
    }

    #[inline(always)]
    fn constant<F: Field>() -> Fp<F> {
        Fp::small(4)
    }

    #[inline(always)]
    fn root<F: Field>(number: &Fp<F>) -> (Fp<F>, [bool; LANES]) {
        let root = inverse_root(number).mul(number);
        (root, root.sqr().sub(number, 4).is_zero())
    }

    #[inline(always)]
    fn in_group<F: Field>(x: &Fp<F>, y: &Fp<F>) -> [bool; LANES] {
        let multiple = point(x, y).times_parameter().times_parameter();
        let beta = Fp::load(&[Self::BETA; LANES]);
        multiple.negate().is_at(&beta.mul(x), y)
    }

    #[inline(always)]
    fn larger<F: Field>(y: &Fp<F>) -> [bool; LANES] {
        y.words().map(|y| above_half(&y))
    }
}

impl Readable for G2Affine {
    #[inline(always)]
    fn number<F: Field>(words: &[[[u64; 6]; COEFFICIENTS]; LANES]) -> Fp2<F> {
        Fp2 {
            c0: Fp::from_words(&words.map(|words| words[0])),
            c1: Fp::from_words(&words.map(|words| words[1])),
        }
    }

    #[inline(always)]
    fn constant<F: Field>() -> Fp2<F> {
        let four = Fp::small(4);
        Fp2 { c0: four, c1: four }
    }

    #[inline(always)]
    fn root<F: Field>(number: &Fp2<F>) -> (Fp2<F>, [bool; LANES]) {
        let norm = Norm::new(number);
        (root_by_norm(number, &norm.root), norm.square)
    }

    #[inline(always)]
    fn in_group<F: Field>(x: &Fp2<F>, y: &Fp2<F>) -> [bool; LANES] {
        let [image_x, image_y] = psi(x, y);
        // The parameter is negative.
        let multiple = point(x, y).times_parameter().negate();
        multiple.is_at(&image_x, &image_y)
    }

    #[inline(always)]
    fn larger<F: Field>(y: &Fp2<F>) -> [bool; LANES] {
        let (c0, c1) = (y.c0.words(), y.c1.words());
        core::array::from_fn(|lane| {
            let last = if c1[lane] == [0; 6] { c0 } else { c1 };
            above_half(&last[lane])
        })
    }
}

#[inline(always)]
fn point<C: Coordinate>(x: &C, y: &C) -> Points<C> {
    Points {
        x: *x,
        y: *y,
        z: C::one(),
    }
}

fn above_half(number: &[u64; 6]) -> bool {
    number.iter().rev().gt(HALF.iter().rev())
}

/// Half of a number, rounded down.
const fn half(number: &[u64; 6]) -> [u64; 6] {
    let mut result = *number;
    let mut at = 0;
    while at < 6 {
        let above = if at < 5 { number[at + 1] } else { 0 };
        result[at] = number[at] >> 1 | above << 63;
        at += 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::super::tests::everywhere;
    use super::*;
    use crate::curve::Jacobian;

    /// Points of the curve, most of them outside the group; in G1 with `x = 0`, one of order three.
    fn on_curve<P: Readable>(count: usize) -> Vec<Vec<u8>> {
        (0..=255)
            .map(|last| {
                let mut bytes = vec![0; P::COMPRESSED];
                bytes[0] = COMPRESSED | if last % 2 == 0 { LARGER } else { 0 };
                bytes[P::COMPRESSED - 1] = last;
                bytes
            })
            .filter(|bytes| P::uncompress(bytes).is_ok())
            .take(count)
            .collect()
    }

    fn check<P: Readable>(encodings: &[Vec<u8>]) -> Vec<Option<P>> {
        let bytes = encodings.concat();
        let kernel = Reading::<P>(&bytes, PhantomData);
        let expected = kernel.portable();
        for (path, found) in everywhere(&kernel) {
            assert_eq!(expected, found, "{path}");
        }
        expected
    }

    fn in_group<P: Readable>(count: usize) -> Vec<Vec<u8>> {
        (0..count)
            .map(|at| {
                let point = P::Jacobian::hash(&at.to_le_bytes(), b"reading", &[]);
                point.to_affine().compress().as_ref().to_vec()
            })
            .collect()
    }

    fn whatever_their_number<P: Readable>() {
        let good = in_group::<P>(19);
        for count in [0, 1, 3, 4, 7, 8, 9, 16, 19] {
            assert!(check::<P>(&good[..count]).iter().all(Option::is_some));
        }
    }

    #[test]
    fn points_of_the_group_are_read_whatever_their_number() {
        whatever_their_number::<G1Affine>();
        whatever_their_number::<G2Affine>();
    }

    /// Encodings that are none, or of no finite point of the group.
    fn bad<P: Readable>() -> Vec<Vec<u8>> {
        let mut bad = on_curve::<P>(20);
        let generator = P::generator().compress().as_ref().to_vec();
        for (place, value) in [
            (0, 0),
            (0, 0x1a),
            (0, 0xe0),
            (0, 0xc0),
            (0, 0x9f),
            (P::COMPRESSED - 1, 0),
        ] {
            let mut changed = generator.clone();
            changed[place] = value;
            bad.push(changed);
        }
        let mut infinity = vec![0; P::COMPRESSED];
        infinity[0] = COMPRESSED | INFINITY;
        bad.push(infinity);
        // p - 1, p, p + 1 in place of each coefficient of x.
        for place in (0..P::COMPRESSED).step_by(COEFFICIENT) {
            for added in 0..3 {
                let mut words = MODULUS;
                words[0] = words[0] - 1 + added;
                let mut changed = generator.clone();
                for (bytes, word) in changed[place..].chunks_mut(8).zip(words.iter().rev()) {
                    bytes.copy_from_slice(&word.to_be_bytes());
                }
                changed[0] |= COMPRESSED;
                bad.push(changed);
            }
        }
        bad
    }

    fn left_out<P: Readable>() {
        let good = in_group::<P>(LANES);
        for (at, bad) in bad::<P>().into_iter().enumerate() {
            let mut eight = good.clone();
            eight[at % LANES].clone_from(&bad);
            let found = check::<P>(&eight);
            assert_eq!(None, found[at % LANES], "{bad:02x?}");
            assert_eq!(LANES - 1, found.iter().flatten().count());
        }
    }

    #[test]
    fn what_is_not_a_point_of_the_group_is_left_out_in_each_lane() {
        left_out::<G1Affine>();
        left_out::<G2Affine>();
    }

    fn both_signs<P: Readable>() {
        let points = in_group::<P>(4).into_iter().flat_map(|bytes| {
            let point = P::uncompress(&bytes).expect("compressed");
            [bytes, point.negate().compress().as_ref().to_vec()]
        });
        let points: Vec<_> = points.collect();
        assert!(check::<P>(&points).iter().all(Option::is_some));
    }

    #[test]
    fn both_signs_are_read() {
        both_signs::<G1Affine>();
        both_signs::<G2Affine>();
    }
}
