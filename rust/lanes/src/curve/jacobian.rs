//! Points with three coordinates: blst's types, wrapped so that nothing outside needs `unsafe`.

use blst::{
    blst_encode_to_g1, blst_encode_to_g2, blst_hash_to_g1, blst_hash_to_g2, blst_p1,
    blst_p1_add_or_double, blst_p1_add_or_double_affine, blst_p1_cneg, blst_p1_from_affine,
    blst_p1_is_inf, blst_p1_mult, blst_p1_to_affine, blst_p1s_to_affine, blst_p2,
    blst_p2_add_or_double, blst_p2_add_or_double_affine, blst_p2_cneg, blst_p2_from_affine,
    blst_p2_is_inf, blst_p2_mult, blst_p2_to_affine, blst_p2s_to_affine, blst_sign_pk_in_g1,
    blst_sign_pk_in_g2,
};

use super::affine::{G1Affine, G2Affine};
use super::Jacobian;
use crate::secret::SecretScalar;

macro_rules! jacobian {
    ($jacobian:ident($raw:ty), $affine:ident, $name:literal, $hash:ident, $hash_all:expr, $encode:ident, $add:ident,
     $add_affine:ident, $negate:ident, $multiply_secret:ident, $multiply:ident, $is_infinity:ident,
     $from_affine:ident, $to_affine:ident, $to_affine_all:ident) => {
        #[doc = concat!("A point of ", $name, " with three coordinates.")]
        #[derive(Clone, Copy, Debug, Default)]
        #[repr(transparent)]
        pub struct $jacobian(pub(crate) $raw);

        impl Jacobian for $jacobian {
            type Affine = $affine;

            fn hash(message: &[u8], tag: &[u8], augmentation: &[u8]) -> Self {
                let mut point = Self::default();
                // SAFETY: each pointer comes with the length of its slice.
                unsafe {
                    $hash(
                        &raw mut point.0,
                        message.as_ptr(),
                        message.len(),
                        tag.as_ptr(),
                        tag.len(),
                        augmentation.as_ptr(),
                        augmentation.len(),
                    );
                }
                point
            }

            fn hash_all(messages: &[[&[u8]; 2]], tag: &[u8]) -> Vec<$affine> {
                $hash_all(messages, tag)
            }

            fn encode(message: &[u8], tag: &[u8]) -> Self {
                let mut point = Self::default();
                // SAFETY: each pointer comes with the length of its slice; no augmentation.
                unsafe {
                    $encode(
                        &raw mut point.0,
                        message.as_ptr(),
                        message.len(),
                        tag.as_ptr(),
                        tag.len(),
                        core::ptr::null(),
                        0,
                    );
                }
                point
            }

            fn add(&self, other: &Self) -> Self {
                let mut total = Self::default();
                // SAFETY: blst reads two points and writes one.
                unsafe { $add(&raw mut total.0, &raw const self.0, &raw const other.0) };
                total
            }

            fn add_affine(&self, other: &Self::Affine) -> Self {
                let mut total = Self::default();
                // SAFETY: blst reads two points and writes one.
                unsafe { $add_affine(&raw mut total.0, &raw const self.0, &raw const other.0) };
                total
            }

            fn negate(&self) -> Self {
                let mut point = *self;
                // SAFETY: blst changes one point in place.
                unsafe { $negate(&raw mut point.0, true) };
                point
            }

            fn multiply_secret(&self, secret: &SecretScalar) -> Self {
                let mut product = Self::default();
                // SAFETY: blst reads a point and a scalar and writes a point.
                unsafe {
                    $multiply_secret(&raw mut product.0, &raw const self.0, &raw const secret.0);
                }
                product
            }

            fn multiply_public(&self, scalar: &[u8]) -> Self {
                let mut product = Self::default();
                // SAFETY: blst reads `8 * len` bits, rounded up to bytes, from `scalar`.
                unsafe {
                    $multiply(
                        &raw mut product.0,
                        &raw const self.0,
                        scalar.as_ptr(),
                        8 * scalar.len(),
                    );
                }
                product
            }

            fn is_identity(&self) -> bool {
                // SAFETY: blst reads one point.
                unsafe { $is_infinity(&raw const self.0) }
            }

            fn from_affine(point: &Self::Affine) -> Self {
                let mut result = Self::default();
                // SAFETY: blst reads a point and writes a point.
                unsafe { $from_affine(&raw mut result.0, &raw const point.0) };
                result
            }

            fn to_affine(&self) -> Self::Affine {
                let mut point = $affine::default();
                // SAFETY: blst reads a point and writes a point.
                unsafe { $to_affine(&raw mut point.0, &raw const self.0) };
                point
            }

            fn to_affine_all(points: &[Self]) -> Vec<Self::Affine> {
                let mut result = vec![$affine::default(); points.len()];
                if points.is_empty() {
                    return result;
                }
                let list = [points.as_ptr().cast(), core::ptr::null()];
                // SAFETY: both arrays hold `points.len()` entries, and both wrappers are
                // `repr(transparent)`.
                unsafe {
                    $to_affine_all(result.as_mut_ptr().cast(), list.as_ptr(), points.len());
                }
                result
            }
        }
    };
}

jacobian!(
    G1Jacobian(blst_p1),
    G1Affine,
    "G1",
    blst_hash_to_g1,
    crate::batched::hash_all,
    blst_encode_to_g1,
    blst_p1_add_or_double,
    blst_p1_add_or_double_affine,
    blst_p1_cneg,
    blst_sign_pk_in_g2,
    blst_p1_mult,
    blst_p1_is_inf,
    blst_p1_from_affine,
    blst_p1_to_affine,
    blst_p1s_to_affine
);

jacobian!(
    G2Jacobian(blst_p2),
    G2Affine,
    "G2",
    blst_hash_to_g2,
    crate::batched::hash_all,
    blst_encode_to_g2,
    blst_p2_add_or_double,
    blst_p2_add_or_double_affine,
    blst_p2_cneg,
    blst_sign_pk_in_g1,
    blst_p2_mult,
    blst_p2_is_inf,
    blst_p2_from_affine,
    blst_p2_to_affine,
    blst_p2s_to_affine
);
