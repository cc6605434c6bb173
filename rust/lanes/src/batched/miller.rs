//! Products of Miller loops, eight pairs at a time.
//!
//! Each lane multiplies up the pairs that fall to it, and squares its product once
//! a step for all of them. The points of G2 stay in two coordinates: one inversion
//! a step serves all pairs (Montgomery's trick), and a step then takes fewer
//! products than it does with three.
//!
//! # The lines
//!
//! With `T = (x, y)` on the twist and slope `s`, the line through `T` at `P` is, but
//! for a factor in `Fp`, `1 - s x_P / (y_P w) + (s x - y) / (y_P w^3)`; the final
//! exponentiation removes such factors. `1 / w = w^5 / (1 + u)` and
//! `1 / w^3 = w^3 / (1 + u)`, so that with `y' = y / (1 + u)` and `s' = s / (1 + u)`
//! in place of `y` and `s` it is `1 + b w^3 + c w^5` where
//! `b = (s' x - y') / y_P` and `c = -s' x_P / y_P`. The point's arithmetic in these
//! terms: `s' = 3 x^2 / (4 u y')` for the tangent, `s' = (y' - y'_Q) / (x - x_Q)` for
//! the line through `Q`, then `x_3 = 2 u s'^2 - x - x_Q`, `y'_3 = s' x - y' - s' x_3`.
//!
//! # Divisions by zero
//!
//! In the loop `T = k Q` with `2 <= k < 2^64`. Where `Q` has the prime order `r`,
//! `k Q` is neither infinity, nor of order two, nor `Q` or `-Q`, as `r` is larger
//! than `2^64 + 1`; nor has a point of order `r` in G1 a coordinate `y = 0`. Other
//! points of the curves may divide by zero: that is noticed, and left to blst.
//!
//! # Operations
//!
//! For a pair and a doubling: 9 products in `Fp` and 7 sums of two for the point and its share
//! of the inversion, 4 for the line, and 48 products with 12 reductions to multiply by it.

use blst::{blst_fp12, blst_fp12_conjugate, blst_fp12_mul, blst_miller_loop_n};

use super::field::{Field, LANES};
use super::fp::Fp;
use super::fp12::{Fp12, Line};
use super::fp2::Fp2;
use super::path::{dispatch, Kernel};
use crate::curve::{G1Affine, G2Affine};

/// The absolute value of the curve's parameter, `-x`.
const PARAMETER: u64 = 0xd201_0000_0001_0000;

/// Pairs that are worked on together: their points stay near the processor, and what
/// is paid once a step is shared among 128.
const PAIRS: usize = 1 << 10;

/// Fewer pairs are blst's: what is paid once a step is shared among too few.
const PAIRS_MIN: usize = 12;

/// Lines that the running product takes before it is reduced: it grows by `2 p` with each.
const LINES: usize = 8;

/// Eight pairs of points, and how far the loop is with them. Coordinates are below `2 p`.
#[derive(Clone, Copy)]
struct Pairs<F: Field> {
    /// `T`, and `Q` from where it started; the second coordinates over `1 + u`.
    x: Fp2<F>,
    y: Fp2<F>,
    start_x: Fp2<F>,
    start_y: Fp2<F>,
    /// `-x_P / y_P` and `1 / y_P`; both zero where no pair is, so that its lines are one.
    slope_factor: Fp<F>,
    constant_factor: Fp<F>,
}

/// The product of the Miller loops of pairs of finite points, up to factors that the
/// final exponentiation removes.
///
/// # Panics
/// If there are no pairs, or the slices differ in length: bugs of the caller.
pub(crate) fn miller_product(left: &[G1Affine], right: &[G2Affine]) -> blst_fp12 {
    dispatch(MillerProduct { left, right })
}

/// A product of Miller loops, to be computed.
pub(super) struct MillerProduct<'a> {
    pub(super) left: &'a [G1Affine],
    pub(super) right: &'a [G2Affine],
}

impl Kernel for MillerProduct<'_> {
    type Output = blst_fp12;

    fn portable(self) -> blst_fp12 {
        let lefts = [G1Affine::as_raw(self.left).as_ptr(), core::ptr::null()];
        let rights = [G2Affine::as_raw(self.right).as_ptr(), core::ptr::null()];
        assert!(!self.left.is_empty() && self.left.len() == self.right.len());
        let mut product = blst_fp12::default();
        // SAFETY: a list of one pointer and null is blst's spelling of one contiguous
        // array; both arrays hold `left.len()` points.
        unsafe {
            blst_miller_loop_n(
                &raw mut product,
                rights.as_ptr(),
                lefts.as_ptr(),
                self.left.len(),
            );
        }
        product
    }

    #[inline(always)]
    fn run<F: Field>(self) -> blst_fp12 {
        let mut total: Option<blst_fp12> = None;
        for (left, right) in self.left.chunks(PAIRS).zip(self.right.chunks(PAIRS)) {
            let in_lanes = if left.len() < PAIRS_MIN {
                None
            } else {
                product::<F>(left, right)
            };
            let part = in_lanes.unwrap_or_else(|| MillerProduct { left, right }.portable());
            total = Some(total.map_or(part, |total| times(&total, &part)));
        }
        total.unwrap_or_else(|| self.portable())
    }
}

fn times(left: &blst_fp12, right: &blst_fp12) -> blst_fp12 {
    let mut result = blst_fp12::default();
    // SAFETY: blst reads two numbers and writes one.
    unsafe { blst_fp12_mul(&raw mut result, left, right) };
    result
}

/// The same in lanes, or `None` if a division by zero was met, which points of the
/// subgroups cannot cause.
///
/// # Panics
/// If there are more than [`PAIRS`]: a bug of the caller.
#[inline(always)]
fn product<F: Field>(left: &[G1Affine], right: &[G2Affine]) -> Option<blst_fp12> {
    assert!(left.len() == right.len() && left.len() <= PAIRS);
    let mut pairs = load::<F>(left, right)?;
    let mut product = Fp12::one();
    let top = PARAMETER.ilog2();
    for bit in (0..top).rev() {
        product = product.sqr(2);
        step(&mut pairs, &mut product, Slope::Tangent)?;
        if PARAMETER >> bit & 1 == 1 {
            step(&mut pairs, &mut product, Slope::ThroughStart)?;
        }
    }
    let [mut total, others @ ..] = product.store();
    for other in &others {
        total = times(&total, other);
    }
    // The parameter is negative.
    // SAFETY: blst changes one number in place.
    unsafe { blst_fp12_conjugate(&raw mut total) };
    Some(total)
}

/// Which line a step draws.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slope {
    Tangent,
    ThroughStart,
}

impl<F: Field> Pairs<F> {
    /// What the slope is divided by, below `8 p`.
    #[inline(always)]
    fn denominator(&self, slope: Slope) -> Fp2<F> {
        match slope {
            Slope::Tangent => {
                let four = self.y.double().double();
                Fp2 {
                    c0: four.c1.neg(8),
                    c1: four.c0,
                }
            }
            Slope::ThroughStart => self.x.sub(&self.start_x, 2),
        }
    }

    /// Moves `T`, and gives the line it moved along; `reciprocal` is of the denominator.
    #[inline(always)]
    fn advance(&mut self, slope: Slope, reciprocal: &Fp2<F>) -> Line<F> {
        let (numerator, both) = match slope {
            Slope::Tangent => {
                let square = self.x.sqr();
                (square.double().add(&square), self.x.double())
            }
            Slope::ThroughStart => (self.y.sub(&self.start_y, 2), self.x.add(&self.start_x)),
        };
        let slope = numerator.mul(reciprocal);
        let square = slope.sqr().double();
        let x = Fp2 {
            c0: square.c1.neg(4),
            c1: square.c0,
        }
        .sub(&both, 4)
        .reduce(8);
        let constant = slope.mul(&self.x).sub(&self.y, 2);
        self.y = constant.sub(&slope.mul(&x), 2).reduce(8);
        self.x = x;
        Line::new(
            constant.mul_fp(&self.constant_factor),
            slope.mul_fp(&self.slope_factor),
        )
    }
}

/// Draws a line for each pair, with one inversion for all, and multiplies by it.
#[inline(always)]
fn step<F: Field>(pairs: &mut [Pairs<F>], product: &mut Fp12<F>, slope: Slope) -> Option<()> {
    let mut reciprocals: Vec<Fp2<F>> = pairs.iter().map(|pairs| pairs.denominator(slope)).collect();
    Fp2::invert_all(&mut reciprocals)?;
    for (at, (pairs, reciprocal)) in pairs.iter_mut().zip(&reciprocals).enumerate() {
        product.mul_by_line(&pairs.advance(slope, reciprocal));
        if at % LINES == LINES - 1 {
            product.reduce(8 + 2 * LINES as u64);
        }
    }
    product.reduce(8 + 2 * LINES as u64);
    Some(())
}

/// Brings pairs into lanes: eight at a time, the last ones filled up with lanes that count as one.
#[inline(always)]
fn load<F: Field>(left: &[G1Affine], right: &[G2Affine]) -> Option<Vec<Pairs<F>>> {
    let twist = Fp2::one().mul_by_nonresidue(2).invert()?;
    let mut pairs = Vec::with_capacity(left.len().div_ceil(LANES));
    let mut before = Vec::with_capacity(pairs.capacity());
    let mut denominators = Fp::one();
    for (left, right) in left.chunks(LANES).zip(right.chunks(LANES)) {
        let lane = |lane: usize| lane.min(left.len() - 1);
        let p: [_; LANES] = core::array::from_fn(|at| left[lane(at)].0);
        let q: [_; LANES] = core::array::from_fn(|at| right[lane(at)].0);
        let (x, y) = (
            Fp2::load(&q.map(|point| point.x)),
            Fp2::load(&q.map(|point| point.y)).mul(&twist),
        );
        let y_p = Fp::load(&p.map(|point| point.y));
        before.push(denominators);
        denominators = denominators.mul(&y_p);
        pairs.push(Pairs {
            x,
            y,
            start_x: x,
            start_y: y,
            slope_factor: Fp::load(&p.map(|point| point.x)),
            constant_factor: y_p,
        });
    }
    let mut inverse = denominators.invert()?;
    for (at, pairs) in pairs.iter_mut().enumerate().rev() {
        let filled: [bool; LANES] = core::array::from_fn(|lane| at * LANES + lane < left.len());
        let reciprocal = inverse.mul(&before[at]);
        inverse = inverse.mul(&pairs.constant_factor);
        let slope_factor = pairs.slope_factor.mul(&reciprocal).neg(2);
        pairs.slope_factor = Fp::select(filled, &slope_factor, &Fp::zero());
        pairs.constant_factor = Fp::select(filled, &reciprocal, &Fp::zero());
    }
    Some(pairs)
}

#[cfg(test)]
mod tests {
    use blst::{
        blst_final_exp, blst_fp, blst_fp12_one, blst_fp2, blst_fp_from_uint64, blst_p1_affine,
    };

    use super::super::eight::Eight;
    use super::super::path::{on_path, tried};
    use super::super::plain::Plain;
    use super::*;
    use crate::curve::{Affine, G1Jacobian, G2Jacobian, Jacobian};

    fn pairs(count: usize) -> (Vec<G1Affine>, Vec<G2Affine>) {
        (0..count)
            .map(|at| {
                (
                    G1Jacobian::hash(&at.to_le_bytes(), b"left", &[]).to_affine(),
                    G2Jacobian::hash(&at.to_le_bytes(), b"right", &[]).to_affine(),
                )
            })
            .unzip()
    }

    fn finished(value: &blst_fp12) -> blst_fp12 {
        let mut result = blst_fp12::default();
        // SAFETY: blst reads one number and writes one.
        unsafe { blst_final_exp(&raw mut result, value) };
        result
    }

    #[test]
    fn products_of_pairings_are_those_of_blst() {
        let (left, right) = pairs(PAIRS + 9);
        for count in [1, 2, 7, 8, 9, 16, 17, PAIRS + 9] {
            let (left, right) = (&left[..count], &right[..count]);
            let expected = finished(&MillerProduct { left, right }.portable());
            for path in tried() {
                let found = on_path(path, MillerProduct { left, right });
                assert_eq!(expected, finished(&found), "{count} pairs, {}", path.name());
            }
            if count < 20 {
                let found = product::<Eight<Plain>>(left, right).expect("finite");
                assert_eq!(expected, finished(&found), "{count} pairs, plain");
            }
        }
    }

    #[test]
    fn a_point_and_its_negative_cancel_in_any_lane() {
        let (left, right) = pairs(11);
        let lefts: Vec<G1Affine> = left
            .iter()
            .flat_map(|point| [*point, point.negate()])
            .collect();
        let rights: Vec<G2Affine> = right.iter().flat_map(|point| [*point; 2]).collect();
        // SAFETY: blst returns the address of a constant.
        let one = unsafe { *blst_fp12_one() };
        for path in tried() {
            let pairs = MillerProduct {
                left: &lefts,
                right: &rights,
            };
            assert_eq!(one, finished(&on_path(path, pairs)), "{}", path.name());
        }
    }

    #[test]
    fn points_outside_the_subgroups_are_left_to_blst() {
        // (0, 2) has order three on the curve: twice it is its negative.
        let mut two = blst_fp::default();
        // SAFETY: blst reads six words and writes one element.
        unsafe { blst_fp_from_uint64(&raw mut two, [2, 0, 0, 0, 0, 0].as_ptr()) };
        let small = G1Affine(blst_p1_affine {
            x: blst_fp::default(),
            y: two,
        });
        let (mut left, mut right) = pairs(13);
        left[3] = small;
        // A point whose second coordinate is zero is of order two: no tangent has a slope.
        right[5].0.y = blst_fp2::default();
        assert!(product::<Eight<Plain>>(&left, &right).is_none());
        let expected = MillerProduct {
            left: &left,
            right: &right,
        }
        .portable();
        for path in tried() {
            assert_eq!(
                expected,
                on_path(
                    path,
                    MillerProduct {
                        left: &left,
                        right: &right
                    }
                )
            );
        }
    }
}
