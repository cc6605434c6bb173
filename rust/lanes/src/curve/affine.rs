//! Points with two coordinates: blst's types, wrapped so that nothing outside needs `unsafe`.

use blst::{
    blst_fp, blst_fp2, blst_fp2_cneg, blst_fp_cneg, blst_p1_affine, blst_p1_affine_compress,
    blst_p1_affine_generator, blst_p1_affine_is_inf, blst_p1_affine_serialize, blst_p1_deserialize,
    blst_p1_uncompress, blst_p1s_add, blst_p1s_mult_pippenger,
    blst_p1s_mult_pippenger_scratch_sizeof, blst_p2_affine, blst_p2_affine_compress,
    blst_p2_affine_generator, blst_p2_affine_in_g2, blst_p2_affine_is_inf,
    blst_p2_affine_serialize, blst_p2_deserialize, blst_p2_uncompress, blst_p2s_add,
    blst_p2s_mult_pippenger, blst_p2s_mult_pippenger_scratch_sizeof, BLST_ERROR,
};

use super::jacobian::{G1Jacobian, G2Jacobian};
use super::{without_identity, Affine, PointError};
use crate::endomorphism::{self, COEFFICIENT};
use crate::field::Stored;

macro_rules! affine {
    ($affine:ident($raw_affine:ident), $field:ty, $jacobian:ident, $name:literal, $compressed:literal,
     $generator:ident, $uncompress:ident, $deserialize:ident, $compress:ident, $serialize:ident,
     $in_group:expr, $is_infinity:ident, $negate_coordinate:ident,
     $sum:ident, $best_sum:expr, $sum_size:expr, $read_all:expr,
     $scratch_size:ident, $multiply_sum:ident, $best_multiply_sum:expr, $best_scale_each:expr) => {
        #[doc = concat!("A point of ", $name, " with two coordinates.")]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[repr(transparent)]
        pub struct $affine(pub(crate) $raw_affine);

        impl $affine {
            /// The sum by blst's own batched additions.
            pub(crate) fn sum_with_blst(points: &[Self]) -> $jacobian {
                // The list of one pointer and null is read even for no points.
                if points.is_empty() {
                    return $jacobian::default();
                }
                let mut total = $jacobian::default();
                let list = [Self::as_raw(points).as_ptr(), core::ptr::null()];
                // SAFETY: one pointer and null stand for a contiguous array of that length.
                unsafe { $sum(&raw mut total.0, list.as_ptr(), points.len()) };
                total
            }

            /// The sum of multiples by blst's own method, of finite points.
            pub(crate) fn multiply_sum_with_blst(
                points: &[Self],
                scalars: &[u8],
                width: usize,
            ) -> $jacobian {
                let mut total = $jacobian::default();
                if points.is_empty() || width == 0 {
                    return total;
                }
                // SAFETY: computes a size.
                let scratch_bytes = unsafe { $scratch_size(points.len()) };
                let mut scratch = vec![0_u64; scratch_bytes.div_ceil(8)];
                let point_list = [Self::as_raw(points).as_ptr(), core::ptr::null()];
                let scalar_list = [scalars.as_ptr(), core::ptr::null()];
                // SAFETY: one pointer and null stand for a contiguous array: of
                // `points.len()` points, and of as many scalars of `width` bytes; the
                // scratch memory has the size that blst asked for.
                unsafe {
                    $multiply_sum(
                        &raw mut total.0,
                        point_list.as_ptr(),
                        points.len(),
                        scalar_list.as_ptr(),
                        8 * width,
                        scratch.as_mut_ptr(),
                    );
                }
                total
            }

            pub(crate) fn as_raw(points: &[Self]) -> &[$raw_affine] {
                // SAFETY: the wrapper is `repr(transparent)`, so both slices have one layout.
                unsafe { core::slice::from_raw_parts(points.as_ptr().cast(), points.len()) }
            }
        }

        impl Affine for $affine {
            type Jacobian = $jacobian;
            type Compressed = [u8; $compressed];
            type Serialized = [u8; 2 * $compressed];
            const COMPRESSED: usize = $compressed;

            fn generator() -> Self {
                // SAFETY: blst returns the address of a constant.
                Self(unsafe { *$generator() })
            }

            fn uncompress(bytes: &[u8]) -> Result<Self, PointError> {
                if bytes.len() != Self::COMPRESSED {
                    return Err(PointError::Encoding);
                }
                let mut point = Self::default();
                // SAFETY: blst reads `COMPRESSED` bytes, checked above.
                read_result(unsafe { $uncompress(&raw mut point.0, bytes.as_ptr()) })?;
                Ok(point)
            }

            fn deserialize(bytes: &[u8]) -> Result<Self, PointError> {
                // With the compression bit set blst would read the shorter form and ignore
                // the rest: two encodings of one point.
                if bytes.len() != Self::SERIALIZED || bytes[0] & COMPRESSION_BIT != 0 {
                    return Err(PointError::Encoding);
                }
                let mut point = Self::default();
                // SAFETY: blst reads `SERIALIZED` bytes, checked above.
                read_result(unsafe { $deserialize(&raw mut point.0, bytes.as_ptr()) })?;
                Ok(point)
            }

            fn compress(&self) -> Self::Compressed {
                let mut bytes = [0; $compressed];
                // SAFETY: blst writes `COMPRESSED` bytes.
                unsafe { $compress(bytes.as_mut_ptr(), &raw const self.0) };
                bytes
            }

            fn serialize(&self) -> Self::Serialized {
                let mut bytes = [0; 2 * $compressed];
                // SAFETY: blst writes `SERIALIZED` bytes.
                unsafe { $serialize(bytes.as_mut_ptr(), &raw const self.0) };
                bytes
            }

            fn in_subgroup(&self) -> bool {
                $in_group(self)
            }

            fn is_identity(&self) -> bool {
                // SAFETY: blst reads one point.
                unsafe { $is_infinity(&raw const self.0) }
            }

            fn negate(&self) -> Self {
                let mut point = *self;
                // SAFETY: blst reads and writes one coordinate; both may be the same.
                unsafe { $negate_coordinate(&raw mut point.0.y, &raw const self.0.y, true) };
                point
            }

            fn sum(points: &[Self]) -> Self::Jacobian {
                $best_sum(points)
            }

            fn multiply_sum(points: &[Self], scalars: &[u8], width: usize) -> Self::Jacobian {
                assert_eq!(scalars.len(), width * points.len(), "one scalar a point");
                if points.iter().any(Affine::is_identity) {
                    let (points, scalars) = without_identity(points, scalars, width);
                    return Self::multiply_sum(&points, &scalars, width);
                }
                $best_multiply_sum(points, scalars, width)
            }

            fn scale_each(points: &[Self], coefficients: &[u8]) -> Vec<Self> {
                assert_eq!(
                    coefficients.len(),
                    COEFFICIENT * points.len(),
                    "one coefficient a point"
                );
                if points.iter().any(Affine::is_identity) {
                    return endomorphism::scale_each(points, coefficients);
                }
                $best_scale_each(points, coefficients)
            }

            fn scale_sum(points: &[Self], coefficients: &[u8]) -> Self::Jacobian {
                Self::multiply_sum(&endomorphism::both(points), coefficients, COEFFICIENT / 2)
            }

            fn read_all(bytes: &[u8]) -> Vec<Option<Self>> {
                $read_all(bytes)
            }

            fn sum_size() -> usize {
                $sum_size
            }

            fn read_stored<E>(
                points: &mut [Self],
                read: impl FnOnce(&mut [u8]) -> Result<(), E>,
                refuse: impl Fn(PointError) -> E,
            ) -> Result<(), E> {
                let length = core::mem::size_of_val(points);
                // SAFETY: the points are made of words without padding, any bytes are
                // words, and the slice is given back before the points are used again.
                read(unsafe {
                    core::slice::from_raw_parts_mut(points.as_mut_ptr().cast(), length)
                })?;
                for point in points {
                    point.0.x.finish().map_err(&refuse)?;
                    point.0.y.finish().map_err(&refuse)?;
                    // No point of the curve has both coordinates zero.
                    if point.0.x == <$field>::default() && point.0.y == <$field>::default() {
                        return Err(refuse(PointError::Encoding));
                    }
                }
                Ok(())
            }

            fn store(&self, bytes: &mut Vec<u8>) {
                self.0.x.store(bytes);
                self.0.y.store(bytes);
            }
        }
    };
}

/// The bit of the first byte that says "compressed".
const COMPRESSION_BIT: u8 = 0x80;

affine!(
    G1Affine(blst_p1_affine),
    blst_fp,
    G1Jacobian,
    "G1",
    48,
    blst_p1_affine_generator,
    blst_p1_uncompress,
    blst_p1_deserialize,
    blst_p1_affine_compress,
    blst_p1_affine_serialize,
    crate::public_point::in_subgroup,
    blst_p1_affine_is_inf,
    blst_fp_cneg,
    blst_p1s_add,
    crate::batched::sum,
    crate::batched::sum_size(),
    crate::batched::read_all,
    blst_p1s_mult_pippenger_scratch_sizeof,
    blst_p1s_mult_pippenger,
    crate::batched::multiply_sum,
    crate::batched::scale_each
);

affine!(
    G2Affine(blst_p2_affine),
    blst_fp2,
    G2Jacobian,
    "G2",
    96,
    blst_p2_affine_generator,
    blst_p2_uncompress,
    blst_p2_deserialize,
    blst_p2_affine_compress,
    blst_p2_affine_serialize,
    // SAFETY: blst reads one point.
    |point: &G2Affine| unsafe { blst_p2_affine_in_g2(&raw const point.0) },
    blst_p2_affine_is_inf,
    blst_fp2_cneg,
    blst_p2s_add,
    G2Affine::sum_with_blst,
    1 << 10,
    crate::batched::read_all,
    blst_p2s_mult_pippenger_scratch_sizeof,
    blst_p2s_mult_pippenger,
    crate::batched::multiply_sum,
    endomorphism::scale_each
);

fn read_result(result: BLST_ERROR) -> Result<(), PointError> {
    match result {
        BLST_ERROR::BLST_SUCCESS => Ok(()),
        BLST_ERROR::BLST_POINT_NOT_ON_CURVE => Err(PointError::NotOnCurve),
        BLST_ERROR::BLST_POINT_NOT_IN_GROUP => Err(PointError::NotInSubgroup),
        _ => Err(PointError::Encoding),
    }
}
