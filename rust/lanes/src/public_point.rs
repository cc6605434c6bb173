//! Points of G1 that everybody may know: doublings and additions of one point at a time,
//! with the small operations of the field inlined and as few of them as can be.
//!
//! Not in constant time. Every sum is right, whatever points it meets.
//!
//! # Reference
//! Cohen, Frey: Handbook of Elliptic and Hyperelliptic Curve Cryptography, 2005, section
//! 13.2.1; doubling with `Z3 = Y Z` instead of `2 Y Z`, which divides `X3` by 4 and `Y3` by 8.

use blst::{blst_fp, blst_p1};

use crate::curve::{Affine, G1Affine, G1Jacobian, Jacobian};
use crate::element::{
    add, halve, is_zero, multiply, multiply_by, negate_if, square, subtract, Element,
};
use crate::endomorphism::Endomorphism;

/// The absolute value of the curve's parameter.
const PARAMETER: u64 = 0xd201_0000_0001_0000;

/// The point `(x / z^2, y / z^3)`, or infinity for a `z` of zero.
#[derive(Clone, Copy, Default)]
pub(crate) struct PublicPoint {
    x: Element,
    y: Element,
    z: Element,
}

impl From<G1Jacobian> for PublicPoint {
    fn from(point: G1Jacobian) -> Self {
        let G1Jacobian(blst_p1 { x, y, z }) = point;
        let [x, y, z] = [x.l, y.l, z.l];
        Self { x, y, z }
    }
}

impl From<PublicPoint> for G1Jacobian {
    fn from(point: PublicPoint) -> Self {
        let [x, y, z] = [point.x, point.y, point.z].map(|l| blst_fp { l });
        Self(blst_p1 { x, y, z })
    }
}

impl PublicPoint {
    /// Twice the point, in its place.
    pub(crate) fn double(&mut self) {
        let [mut slope, mut middle, mut square_y, mut other] = [[0; 6]; 4];
        square(&mut other, &self.x);
        halve(&mut slope, &other);
        add(&mut middle, &slope, &other);
        slope = middle;
        square(&mut square_y, &self.y);
        multiply(&mut middle, &self.x, &square_y);
        multiply_by(&mut self.z, &self.y);
        // X3 = (3/2 X^2)^2 - 2 X Y^2, Y3 = 3/2 X^2 (X Y^2 - X3) - Y^4
        square(&mut other, &slope);
        subtract(&mut self.y, &other, &middle);
        subtract(&mut self.x, &self.y, &middle);
        subtract(&mut other, &middle, &self.x);
        multiply_by(&mut slope, &other);
        square(&mut other, &square_y);
        subtract(&mut self.y, &slope, &other);
    }

    /// Adds a point, or its opposite.
    pub(crate) fn add(&mut self, point: &G1Affine, negative: bool) {
        let (x, mut y) = (&point.0.x.l, [0; 6]);
        negate_if(&mut y, &point.0.y.l, negative);
        let [mut square_z, mut run, mut rise, mut other] = [[0; 6]; 4];
        square(&mut square_z, &self.z);
        multiply(&mut other, x, &square_z);
        subtract(&mut run, &other, &self.x);
        if is_zero(&self.z) || is_zero(&run) || (is_zero(x) && is_zero(&point.0.y.l)) {
            let point = if negative { point.negate() } else { *point };
            *self = G1Jacobian::from(*self).add_affine(&point).into();
            return;
        }
        multiply(&mut other, &square_z, &self.z);
        multiply_by(&mut y, &other);
        subtract(&mut rise, &y, &self.y);
        multiply_by(&mut self.z, &run);
        let [mut run_square, mut run_cube, mut middle] = [[0; 6]; 3];
        square(&mut run_square, &run);
        multiply(&mut run_cube, &run_square, &run);
        multiply(&mut middle, &self.x, &run_square);
        // X3 = R^2 - H^3 - 2 X1 H^2, Y3 = R (X1 H^2 - X3) - Y1 H^3
        square(&mut other, &rise);
        subtract(&mut run, &other, &run_cube);
        subtract(&mut other, &run, &middle);
        subtract(&mut self.x, &other, &middle);
        subtract(&mut other, &middle, &self.x);
        multiply_by(&mut rise, &other);
        multiply_by(&mut run_cube, &self.y);
        subtract(&mut self.y, &rise, &run_cube);
    }
}

/// Whether a point of the curve lies in the subgroup of prime order: whether `x^2` times it,
/// for the curve's parameter `x`, is what the endomorphism makes of it.
///
/// # Reference
/// Scott: A note on group membership tests for G1, G2 and GT on BLS pairing-friendly
/// curves, 2021, section 6.
pub(crate) fn in_subgroup(point: &G1Affine) -> bool {
    if point.is_identity() {
        return true;
    }
    let multiple = G1Jacobian::from(times_parameter(point)).to_affine();
    let PublicPoint { x, y, z } = times_parameter(&multiple);
    if is_zero(&z) {
        return false;
    }
    let expected = point.times_parameter_squared();
    let [mut power, mut product, mut cube] = [[0; 6]; 3];
    square(&mut power, &z);
    multiply(&mut cube, &power, &z);
    multiply(&mut product, &expected.0.x.l, &power);
    multiply_by(&mut cube, &expected.0.y.l);
    product == x && cube == y
}

/// The point times the absolute value of the parameter.
fn times_parameter(point: &G1Affine) -> PublicPoint {
    let mut result = PublicPoint::from(G1Jacobian::from_affine(point));
    for bit in (0..PARAMETER.ilog2()).rev() {
        result.double();
        if PARAMETER >> bit & 1 == 1 {
            result.add(point, false);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use blst::blst_p1_affine_in_g1;

    use super::*;

    fn points() -> Vec<G1Affine> {
        let hashed = |seed: u8| G1Jacobian::hash(&[seed], b"test", &[]).to_affine();
        let first = hashed(1);
        vec![
            G1Affine::default(),
            first,
            first.negate(),
            hashed(2),
            G1Affine::generator(),
        ]
    }

    #[test]
    fn sums_are_those_of_blst_whatever_they_meet() {
        for left in points() {
            // A third coordinate other than one, and one of zero.
            let doubled = G1Jacobian::from_affine(&left).add(&G1Jacobian::from_affine(&left));
            let mut twice = PublicPoint::from(G1Jacobian::from_affine(&left));
            twice.double();
            assert_eq!(doubled.to_affine(), G1Jacobian::from(twice).to_affine());
            for right in points().into_iter().chain([doubled.to_affine()]) {
                for (negative, summand) in [(false, right), (true, right.negate())] {
                    let mut sum = twice;
                    sum.add(&right, negative);
                    let expected = doubled.add_affine(&summand).to_affine();
                    assert_eq!(expected, G1Jacobian::from(sum).to_affine());
                }
            }
        }
    }

    /// Points of the curve with a small `x`: most lie outside the subgroup, one is of order 3.
    #[test]
    fn the_subgroup_is_that_of_blst() {
        let small = (0..=255).filter_map(|last| {
            let mut bytes = [0; 48];
            (bytes[0], bytes[47]) = (0x80, last);
            G1Affine::uncompress(&bytes).ok()
        });
        let mut inside = 0;
        for point in small.chain(points()) {
            // SAFETY: blst reads one point.
            let expected = unsafe { blst_p1_affine_in_g1(&raw const point.0) };
            assert_eq!(expected, in_subgroup(&point));
            inside += usize::from(expected);
        }
        assert_eq!(points().len(), inside);
    }
}
