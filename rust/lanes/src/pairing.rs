//! Products of pairings: Miller loops first, one final exponentiation at the end.

use blst::{
    blst_final_exp, blst_fp, blst_fp12, blst_fp12_conjugate, blst_fp12_is_one, blst_fp12_mul,
    blst_fp12_mul_by_xy00z0, blst_fp12_one, blst_fp12_sqr, blst_fp6, blst_fp_add, blst_fp_cneg,
    blst_fp_mul, blst_precompute_lines,
};

use crate::batched::miller_product;
use crate::curve::{Affine, G1Affine, G2Affine};

/// The absolute value of the curve's parameter: what a Miller loop runs over, bit by bit.
const PARAMETER: u64 = 0xd201_0000_0001_0000;

/// Lines of one Miller loop, one for each doubling and addition: what it does with the
/// point of G2 alone.
const LINES: usize = 68;

/// A point of G2 whose part of the Miller loop is done, for many pairings with it.
pub struct PreparedG2 {
    /// 68 of them; None for the point at infinity.
    lines: Option<Vec<blst_fp6>>,
}

impl PreparedG2 {
    /// Does the point's part of the Miller loop.
    #[must_use]
    pub fn new(point: &G2Affine) -> Self {
        let lines = (!point.is_identity()).then(|| {
            let mut lines = vec![blst_fp6::default(); LINES];
            // SAFETY: blst reads one point and writes 68 lines.
            unsafe { blst_precompute_lines(lines.as_mut_ptr(), &raw const point.0) };
            lines
        });
        Self { lines }
    }
}

/// A product of Miller loops, waiting for its final exponentiation.
///
/// Pairs with the point at infinity contribute the factor one.
#[derive(Clone, Copy)]
pub struct MillerLoop {
    product: Option<blst_fp12>,
}

impl Default for MillerLoop {
    fn default() -> Self {
        Self::new()
    }
}

impl MillerLoop {
    /// The empty product.
    #[must_use]
    pub const fn new() -> Self {
        Self { product: None }
    }

    /// Multiplies by `e(left[i], right[i])` for every `i`; the squarings are shared.
    ///
    /// # Panics
    /// If the two slices differ in length: that is a bug of the caller.
    pub fn add(&mut self, left: &[G1Affine], right: &[G2Affine]) {
        assert_eq!(left.len(), right.len(), "a pairing takes pairs");
        // blst's loop knows no infinity: such a pair would spoil the whole product.
        if left.iter().any(Affine::is_identity) || right.iter().any(Affine::is_identity) {
            let (left, right): (Vec<G1Affine>, Vec<G2Affine>) = left
                .iter()
                .zip(right)
                .filter(|(left, right)| !left.is_identity() && !right.is_identity())
                .unzip();
            self.add_finite(&left, &right);
        } else {
            self.add_finite(left, right);
        }
    }

    fn add_finite(&mut self, left: &[G1Affine], right: &[G2Affine]) {
        if left.is_empty() {
            return;
        }
        let factor = miller_product(left, right);
        self.multiply(&factor);
    }

    /// Multiplies by `e(left, right)` for every pair, with the part of `right` done before;
    /// the squarings are shared.
    pub fn add_prepared(&mut self, pairs: &[(G1Affine, &PreparedG2)]) {
        let pairs: Vec<(LinePlace, &[blst_fp6])> = pairs
            .iter()
            .filter(|(left, _)| !left.is_identity())
            .filter_map(|(left, right)| Some((LinePlace::new(left), right.lines.as_deref()?)))
            .collect();
        if !pairs.is_empty() {
            self.multiply(&loop_of_lines(&pairs));
        }
    }

    /// Multiplies by another product.
    pub fn merge(&mut self, other: &Self) {
        if let Some(factor) = &other.product {
            self.multiply(factor);
        }
    }

    /// Whether the product of the pairings is one.
    #[must_use]
    pub fn is_one(&self) -> bool {
        let Some(product) = &self.product else {
            return true;
        };
        let mut result = blst_fp12::default();
        // SAFETY: both values live in this frame.
        unsafe {
            blst_final_exp(&raw mut result, product);
            blst_fp12_is_one(&raw const result)
        }
    }

    fn multiply(&mut self, factor: &blst_fp12) {
        match &mut self.product {
            // SAFETY: blst allows the result to be one of the factors.
            Some(product) => unsafe { blst_fp12_mul(product, product, factor) },
            None => self.product = Some(*factor),
        }
    }
}

/// Where lines are evaluated: `-2 x` and `2 y` of a finite point of G1.
///
/// blst's lines leave these factors out.
struct LinePlace {
    x: blst_fp,
    y: blst_fp,
}

impl LinePlace {
    fn new(point: &G1Affine) -> Self {
        let [mut x, mut y] = [blst_fp::default(); 2];
        // SAFETY: blst reads numbers and writes numbers, in place where both are one.
        unsafe {
            blst_fp_add(&raw mut x, &raw const point.0.x, &raw const point.0.x);
            blst_fp_cneg(&raw mut x, &raw const x, true);
            blst_fp_add(&raw mut y, &raw const point.0.y, &raw const point.0.y);
        }
        Self { x, y }
    }

    /// Multiplies by the value of a line.
    fn multiply(&self, product: &mut blst_fp12, line: &blst_fp6) {
        let mut value = *line;
        for (place, factor) in [(1, &self.x), (2, &self.y)] {
            for part in &mut value.fp2[place].fp {
                // SAFETY: blst reads two numbers and writes one, in place.
                unsafe { blst_fp_mul(part, part, factor) };
            }
        }
        // SAFETY: blst allows the result to be one of the factors.
        unsafe { blst_fp12_mul_by_xy00z0(product, product, &raw const value) };
    }
}

/// One Miller loop for many points with their lines, as blst's own for one.
fn loop_of_lines(pairs: &[(LinePlace, &[blst_fp6])]) -> blst_fp12 {
    // SAFETY: blst returns the address of a constant.
    let mut product = unsafe { *blst_fp12_one() };
    let mut index = 0;
    let mut step = |product: &mut blst_fp12| {
        for (place, lines) in pairs {
            place.multiply(product, &lines[index]);
        }
        index += 1;
    };
    for bit in (0..PARAMETER.ilog2()).rev() {
        // SAFETY: blst allows the result to be the number that is squared.
        unsafe { blst_fp12_sqr(&raw mut product, &raw const product) };
        step(&mut product);
        if PARAMETER >> bit & 1 == 1 {
            step(&mut product);
        }
    }
    // The curve's parameter is below zero.
    // SAFETY: blst changes one number in place.
    unsafe { blst_fp12_conjugate(&raw mut product) };
    product
}

#[cfg(test)]
mod tests {
    use blst::blst_miller_loop_lines;

    use super::*;
    use crate::curve::{G1Jacobian, G2Jacobian, Jacobian};

    #[test]
    fn prepared_points_pair_as_the_points_themselves() {
        let left = G1Jacobian::hash(b"left", b"test", &[]).to_affine();
        let right = G2Jacobian::hash(b"right", b"test", &[]).to_affine();
        let prepared = PreparedG2::new(&right);
        let mut product = MillerLoop::new();
        product.add_prepared(&[(left, &prepared)]);
        assert!(!product.is_one());
        product.add(&[left.negate()], &[right]);
        assert!(product.is_one());
        let nothing = PreparedG2::new(&G2Affine::default());
        product.add_prepared(&[(G1Affine::default(), &prepared), (left, &nothing)]);
        assert!(product.is_one());
        let double = G1Jacobian::from_affine(&left).add_affine(&left).to_affine();
        let generator = PreparedG2::new(&G2Affine::generator());
        product.add_prepared(&[(double, &prepared), (left, &nothing), (left, &generator)]);
        assert!(!product.is_one());
        let (left, right) = (left.negate(), [right, right, G2Affine::generator()]);
        product.add(&[left; 3], &right);
        assert!(product.is_one());
    }

    #[test]
    fn the_loop_of_lines_is_that_of_blst() {
        let left = G1Jacobian::hash(b"left", b"test", &[]).to_affine();
        let right = PreparedG2::new(&G2Affine::generator());
        let mut product = MillerLoop::new();
        product.add_prepared(&[(left, &right)]);
        let lines = right.lines.expect("not infinity");
        let mut expected = blst_fp12::default();
        // SAFETY: blst reads 68 lines and one point, and writes one number.
        unsafe { blst_miller_loop_lines(&raw mut expected, lines.as_ptr(), &raw const left.0) };
        assert_eq!(Some(expected), product.product);
    }
}
