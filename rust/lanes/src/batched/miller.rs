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
//! For a pair and a doubling: 26 products in `Fp` for the point and the inversion's
//! share, 4 for the line, and 48 products with 12 reductions to multiply by it.

use blst::{blst_fp12, blst_fp12_conjugate, blst_fp12_mul};

use super::field::{Field, LANES};
use super::fp::Fp;
use super::fp12::{Fp12, Line};
use super::fp2::Fp2;
use crate::curve::{G1Affine, G2Affine};

/// The absolute value of the curve's parameter, `-x`.
const PARAMETER: u64 = 0xd201_0000_0001_0000;

/// Pairs that are worked on together: their points stay near the processor, and what
/// is paid once a step is shared among 128.
pub(super) const PAIRS: usize = 1 << 10;

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
/// final exponentiation removes; or `None` if it met a division by zero, which points
/// of the subgroups cannot cause.
///
/// # Panics
/// If there are more than [`PAIRS`]: a bug of the caller.
#[inline(always)]
pub(super) fn product<F: Field>(left: &[G1Affine], right: &[G2Affine]) -> Option<blst_fp12> {
    assert!(left.len() == right.len() && left.len() <= PAIRS);
    let mut pairs = load::<F>(left, right)?;
    let mut before = vec![Fp2::zero(); pairs.len()];
    let mut product = Fp12::one();
    let top = PARAMETER.ilog2();
    for bit in (0..top).rev() {
        product = product.sqr(2);
        step(&mut pairs, &mut before, &mut product, Slope::Tangent)?;
        if PARAMETER >> bit & 1 == 1 {
            step(&mut pairs, &mut before, &mut product, Slope::ThroughStart)?;
        }
    }
    let [mut total, others @ ..] = product.store();
    for other in &others {
        // SAFETY: blst allows the result to be one of the factors.
        unsafe { blst_fp12_mul(&raw mut total, &raw const total, other) };
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
    /// What the slope is divided by, below `64 p`.
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
fn step<F: Field>(
    pairs: &mut [Pairs<F>],
    before: &mut [Fp2<F>],
    product: &mut Fp12<F>,
    slope: Slope,
) -> Option<()> {
    // before[i] = product of the denominators of all earlier pairs.
    let mut denominators = Fp2::one();
    for (pairs, slot) in pairs.iter().zip(before.iter_mut()) {
        *slot = denominators;
        denominators = denominators.mul(&pairs.denominator(slope));
    }
    let mut inverse = denominators.invert()?;
    for (at, (pairs, before)) in pairs.iter_mut().zip(before.iter()).enumerate().rev() {
        let reciprocal = inverse.mul(before);
        inverse = inverse.mul(&pairs.denominator(slope));
        product.mul_by_line(&pairs.advance(slope, &reciprocal));
        if at % LINES == 0 {
            product.reduce(8 + 2 * LINES as u64);
        }
    }
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
    use blst::{blst_final_exp, blst_miller_loop_n};

    use super::super::eight::Eight;
    use super::super::plain::Plain;
    use super::*;
    use crate::curve::{G1Jacobian, G2Jacobian, Jacobian};

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

    fn with_blst(left: &[G1Affine], right: &[G2Affine]) -> blst_fp12 {
        let mut value = blst_fp12::default();
        let (lefts, rights) = (G1Affine::as_raw(left), G2Affine::as_raw(right));
        // SAFETY: one pointer and null stand for a contiguous array of that length.
        unsafe {
            blst_miller_loop_n(
                &raw mut value,
                [rights.as_ptr(), core::ptr::null()].as_ptr(),
                [lefts.as_ptr(), core::ptr::null()].as_ptr(),
                left.len(),
            );
        }
        finished(&value)
    }

    #[test]
    fn products_of_pairings_are_those_of_blst() {
        let (left, right) = pairs(17);
        for count in [1, 2, 7, 8, 9, 16, 17] {
            let found = product::<Eight<Plain>>(&left[..count], &right[..count]).expect("finite");
            assert_eq!(
                with_blst(&left[..count], &right[..count]),
                finished(&found),
                "{count} pairs"
            );
        }
    }
}
