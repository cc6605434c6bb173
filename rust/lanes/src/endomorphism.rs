//! The endomorphisms that multiply by the square of the curve's parameter, and what they
//! save: coefficients of 128 bits for the price of 64 doublings.
//!
//! On points of prime order `(X, Y) -> (beta X, -Y)` is the multiplication by `x^2`,
//! where `x` is the parameter (`-0xd201000000010000`) and `beta` one of the two cube
//! roots of one in `Fp`: one of them in G1, the other one in G2.
//!
//! # Reference
//! Galbraith, Lin, Scott: Endomorphisms for Faster Elliptic Curve Cryptography on a
//! Large Class of Curves, 2009; Scott: A note on group membership tests for G1, G2 and
//! GT on BLS pairing-friendly curves, 2021.

use blst::{blst_fp, blst_fp_mul};

use crate::curve::{Affine, G1Affine, G2Affine, Jacobian};

/// Bytes of a coefficient: two halves of 64 bits, little-endian.
///
/// It stands for `a + b x^2`, which is another number modulo the group order for each
/// of the `2^128` choices, since `x^2` has 128 bits: as good as `2^128` numbers in a
/// row where a coefficient is drawn at random.
pub const COEFFICIENT: usize = 16;

/// `x^2`.
pub(crate) const PARAMETER_SQUARED: u128 = 0xd201_0000_0001_0000 * 0xd201_0000_0001_0000;

/// A group with that endomorphism.
pub(crate) trait Endomorphism: Affine {
    /// The cube root of one, in blst's Montgomery form.
    const BETA: blst_fp;

    /// The product with `x^2`, of a point of prime order.
    fn times_parameter_squared(&self) -> Self;
}

impl Endomorphism for G1Affine {
    const BETA: blst_fp = blst_fp {
        l: [
            0x30f1_361b_798a_64e8,
            0xf3b8_ddab_7ece_5a2a,
            0x16a8_ca3a_c615_77f7,
            0xc26a_2ff8_74fd_029b,
            0x3636_b766_6070_1c6e,
            0x051b_a4ab_241b_6160,
        ],
    };

    fn times_parameter_squared(&self) -> Self {
        let mut point = self.negate();
        point.0.x = product(&self.0.x, &Self::BETA);
        point
    }
}

impl Endomorphism for G2Affine {
    const BETA: blst_fp = blst_fp {
        l: [
            0xcd03_c9e4_8671_f071,
            0x5dab_2246_1fcd_a5d2,
            0x5870_42af_d385_1b95,
            0x8eb6_0ebe_01ba_cb9e,
            0x03f9_7d6e_83d0_50d2,
            0x18f0_2065_5463_8741,
        ],
    };

    fn times_parameter_squared(&self) -> Self {
        let mut point = self.negate();
        point.0.x.fp = self.0.x.fp.map(|part| product(&part, &Self::BETA));
        point
    }
}

fn product(left: &blst_fp, right: &blst_fp) -> blst_fp {
    let mut result = blst_fp::default();
    // SAFETY: blst reads two numbers and writes one.
    unsafe { blst_fp_mul(&raw mut result, left, right) };
    result
}

/// Each point twice, as it is and times `x^2`, in the order of a coefficient's halves.
pub(crate) fn both<P: Endomorphism>(points: &[P]) -> Vec<P> {
    points
        .iter()
        .flat_map(|point| [*point, point.times_parameter_squared()])
        .collect()
}

/// Each point times its coefficient, one by one.
pub(crate) fn scale_each<P: Endomorphism>(points: &[P], coefficients: &[u8]) -> Vec<P> {
    let products: Vec<P::Jacobian> = points
        .iter()
        .zip(coefficients.chunks_exact(COEFFICIENT))
        .map(|(point, coefficient)| {
            P::multiply_sum(
                &[*point, point.times_parameter_squared()],
                coefficient,
                COEFFICIENT / 2,
            )
        })
        .collect();
    Jacobian::to_affine_all(&products)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<P: Endomorphism>() {
        for point in [
            P::default(),
            P::generator(),
            P::generator().negate(),
            P::Jacobian::hash(b"point", b"test", &[]).to_affine(),
        ] {
            let expected =
                P::Jacobian::from_affine(&point).multiply_public(&PARAMETER_SQUARED.to_le_bytes());
            assert_eq!(expected.to_affine(), point.times_parameter_squared());
        }
    }

    #[test]
    fn the_endomorphism_multiplies_by_the_parameter_squared() {
        check::<G1Affine>();
        check::<G2Affine>();
    }
}
