//! Products of pairings: Miller loops first, one final exponentiation at the end.

use blst::{
    blst_final_exp, blst_fp12, blst_fp12_is_one, blst_fp12_mul, blst_fp6, blst_miller_loop_lines,
    blst_precompute_lines,
};

use crate::batched::miller_product;
use crate::curve::{Affine, G1Affine, G2Affine};

/// Lines of one Miller loop: what it does with the point of G2 alone.
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

    /// Multiplies by `e(left, right)`, with the part of `right` done before.
    pub fn add_prepared(&mut self, left: &G1Affine, right: &PreparedG2) {
        let Some(lines) = &right.lines else {
            return;
        };
        if left.is_identity() {
            return;
        }
        let mut factor = blst_fp12::default();
        // SAFETY: blst reads 68 lines and one point, and writes one number.
        unsafe { blst_miller_loop_lines(&raw mut factor, lines.as_ptr(), &raw const left.0) };
        self.multiply(&factor);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::{G1Jacobian, G2Jacobian, Jacobian};

    #[test]
    fn prepared_points_pair_as_the_points_themselves() {
        let left = G1Jacobian::hash(b"left", b"test", &[]).to_affine();
        let right = G2Jacobian::hash(b"right", b"test", &[]).to_affine();
        let prepared = PreparedG2::new(&right);
        let mut product = MillerLoop::new();
        product.add_prepared(&left, &prepared);
        assert!(!product.is_one());
        product.add(&[left.negate()], &[right]);
        assert!(product.is_one());
        product.add_prepared(&G1Affine::default(), &prepared);
        product.add_prepared(&left, &PreparedG2::new(&G2Affine::default()));
        assert!(product.is_one());
    }
}
