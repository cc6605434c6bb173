//! Points of G1 and G2: blst's types, wrapped so that nothing outside needs `unsafe`.

use core::fmt::Debug;

use blst::{
    blst_encode_to_g1, blst_encode_to_g2, blst_fp, blst_fp2, blst_fp2_cneg, blst_fp_cneg,
    blst_hash_to_g1, blst_hash_to_g2, blst_p1, blst_p1_add_or_double, blst_p1_add_or_double_affine,
    blst_p1_affine, blst_p1_affine_compress, blst_p1_affine_generator, blst_p1_affine_is_inf,
    blst_p1_affine_serialize, blst_p1_cneg, blst_p1_deserialize, blst_p1_from_affine,
    blst_p1_is_inf, blst_p1_mult, blst_p1_to_affine, blst_p1_uncompress, blst_p1s_add,
    blst_p1s_mult_pippenger, blst_p1s_mult_pippenger_scratch_sizeof, blst_p1s_to_affine, blst_p2,
    blst_p2_add_or_double, blst_p2_add_or_double_affine, blst_p2_affine, blst_p2_affine_compress,
    blst_p2_affine_generator, blst_p2_affine_in_g2, blst_p2_affine_is_inf,
    blst_p2_affine_serialize, blst_p2_cneg, blst_p2_deserialize, blst_p2_from_affine,
    blst_p2_is_inf, blst_p2_mult, blst_p2_to_affine, blst_p2_uncompress, blst_p2s_add,
    blst_p2s_mult_pippenger, blst_p2s_mult_pippenger_scratch_sizeof, blst_p2s_to_affine,
    blst_sign_pk_in_g1, blst_sign_pk_in_g2, BLST_ERROR,
};

use crate::endomorphism::{self, COEFFICIENT};
use crate::field::Stored;
use crate::secret::SecretScalar;

/// Why bytes are not a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointError {
    /// Wrong length, wrong flag bits, or a coordinate that is not below the modulus.
    Encoding,
    /// No point of the curve has this coordinate.
    NotOnCurve,
    /// On the curve, outside the subgroup of prime order.
    NotInSubgroup,
}

/// A point of G1 or G2 with coordinates `x, y`, or the point at infinity.
///
/// Values that were read with [`Affine::uncompress`] lie on the curve;
/// [`Affine::in_subgroup`] must be asked before they are used as group elements.
pub trait Affine: Copy + Eq + Debug + Default + Send + Sync + 'static {
    /// The same point with a third coordinate, as sums need it.
    type Jacobian: Jacobian<Affine = Self>;
    /// The compressed form, an array.
    type Compressed: AsRef<[u8]> + Copy + Debug + Eq + Send + Sync;
    /// The uncompressed form, an array.
    type Serialized: AsRef<[u8]> + Copy + Debug + Eq + Send + Sync;

    /// Bytes of the compressed form: flags and `x`.
    const COMPRESSED: usize;
    /// Bytes of the uncompressed form: `x` and `y`.
    const SERIALIZED: usize = 2 * Self::COMPRESSED;

    /// The fixed generator of the group.
    fn generator() -> Self;
    /// Reads the compressed form: exactly [`Affine::COMPRESSED`] bytes, canonical, on the curve.
    ///
    /// # Errors
    /// [`PointError::Encoding`] or [`PointError::NotOnCurve`].
    fn uncompress(bytes: &[u8]) -> Result<Self, PointError>;
    /// Reads the uncompressed form: exactly [`Affine::SERIALIZED`] bytes, canonical, on the curve.
    ///
    /// # Errors
    /// [`PointError::Encoding`] or [`PointError::NotOnCurve`].
    fn deserialize(bytes: &[u8]) -> Result<Self, PointError>;
    /// The compressed form.
    fn compress(&self) -> Self::Compressed;
    /// The uncompressed form.
    fn serialize(&self) -> Self::Serialized;
    /// Whether the point lies in the subgroup of prime order (infinity does).
    fn in_subgroup(&self) -> bool;
    /// Whether this is the point at infinity.
    fn is_identity(&self) -> bool;
    /// The point of the opposite sign.
    #[must_use]
    fn negate(&self) -> Self;
    /// The sum of all points, by batched affine additions.
    fn sum(points: &[Self]) -> Self::Jacobian;
    /// The sum of `scalar_i * point_i`, by Pippenger's method; not in constant time.
    ///
    /// `scalars` holds one number after the other, each of `width` bytes, little-endian.
    ///
    /// # Panics
    /// If `scalars` has another length than `width` bytes a point: a bug of the caller.
    fn multiply_sum(points: &[Self], scalars: &[u8], width: usize) -> Self::Jacobian;
    /// Each point times its coefficient `a + b x^2`, where `x` is the curve's parameter and
    /// `a` and `b` are the coefficient's halves of 64 bits, little-endian.
    ///
    /// For random coefficients that is as good as any number of 128 bits, for half of the
    /// doublings: the coefficients stand for `2^128` different numbers modulo the order.
    /// The points must be in the subgroup of prime order. Not in constant time.
    ///
    /// # Panics
    /// If there is not one coefficient of 16 bytes for each point: a bug of the caller.
    fn scale_each(points: &[Self], coefficients: &[u8]) -> Vec<Self>;
    /// The sum of what [`Affine::scale_each`] gives.
    ///
    /// # Panics
    /// As [`Affine::scale_each`].
    fn scale_sum(points: &[Self], coefficients: &[u8]) -> Self::Jacobian;
    /// Reads compressed points, one after the other; `None` where bytes are not a finite
    /// point of the subgroup. Quicker than one by one where the machine has lanes for it.
    fn read_all(bytes: &[u8]) -> Vec<Option<Self>>;
    /// Points that are best given to [`Affine::sum`] at once on this machine.
    fn sum_size() -> usize;
    /// Fills points with the bytes that key stores hold: both coordinates in blst's
    /// Montgomery form (`x * 2^384 mod p`), little-endian.
    ///
    /// `read` gets the memory of the points, [`Affine::SERIALIZED`] bytes each. Then each
    /// number is checked to be below `p`, and each point not to be infinity; that they
    /// are on the curve is not: who wrote the bytes answers for that.
    ///
    /// # Errors
    /// What `read` returns; [`PointError::Encoding`], translated by `refuse`.
    fn read_stored<E>(
        points: &mut [Self],
        read: impl FnOnce(&mut [u8]) -> Result<(), E>,
        refuse: impl Fn(PointError) -> E,
    ) -> Result<(), E>;
    /// Appends the form that [`Affine::read_stored`] reads.
    fn store(&self, bytes: &mut Vec<u8>);
}

/// A point of G1 or G2 in Jacobian coordinates.
pub trait Jacobian: Copy + Default + Debug + Send + Sync + 'static {
    /// The same point with two coordinates.
    type Affine: Affine<Jacobian = Self>;

    /// Hashes to the group with the random-oracle suite (`..._SSWU_RO_`).
    ///
    /// `augmentation` stands before `message`; a tag longer than 255 bytes is hashed.
    ///
    /// # Reference
    /// RFC 9380, sections 3, 5.3.3 and 8.8.
    fn hash(message: &[u8], tag: &[u8], augmentation: &[u8]) -> Self;
    /// Hashes many messages as [`Jacobian::hash`] does: of each, what stands before it, and
    /// itself. Quicker than one by one where the machine has lanes for it.
    fn hash_all(messages: &[[&[u8]; 2]], tag: &[u8]) -> Vec<Self::Affine>;
    /// Hashes to the group with the non-uniform suite (`..._SSWU_NU_`).
    fn encode(message: &[u8], tag: &[u8]) -> Self;
    /// The sum of two points, equal ones and opposite ones included.
    #[must_use]
    fn add(&self, other: &Self) -> Self;
    /// The sum with a point of two coordinates.
    #[must_use]
    fn add_affine(&self, other: &Self::Affine) -> Self;
    /// The point of the opposite sign.
    #[must_use]
    fn negate(&self) -> Self;
    /// The product with a secret, in constant time.
    #[must_use]
    fn multiply_secret(&self, secret: &SecretScalar) -> Self;
    /// The product with a public number, little-endian; not in constant time.
    #[must_use]
    fn multiply_public(&self, scalar: &[u8]) -> Self;
    /// Whether this is the point at infinity.
    fn is_identity(&self) -> bool;
    /// From two coordinates to three.
    fn from_affine(point: &Self::Affine) -> Self;
    /// From three coordinates to two: one inversion.
    fn to_affine(&self) -> Self::Affine;
    /// From three coordinates to two, for many points with few inversions.
    fn to_affine_all(points: &[Self]) -> Vec<Self::Affine>;
}

macro_rules! curve {
    ($affine:ident($raw_affine:ident), $field:ty, $jacobian:ident($raw:ty), $name:literal, $compressed:literal,
     $generator:ident, $uncompress:ident, $deserialize:ident, $compress:ident, $serialize:ident,
     $in_group:expr, $affine_is_infinity:ident, $negate_coordinate:ident, $sum:ident, $best_sum:expr, $sum_size:expr, $read_all:expr, $scratch_size:ident, $multiply_sum:ident, $best_multiply_sum:expr, $best_scale_each:expr, $hash:ident, $hash_all:expr, $encode:ident, $add:ident,
     $add_affine:ident, $negate:ident, $multiply_secret:ident, $multiply:ident, $is_infinity:ident,
     $from_affine:ident, $to_affine:ident, $to_affine_all:ident) => {
        #[doc = concat!("A point of ", $name, " with two coordinates.")]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[repr(transparent)]
        pub struct $affine(pub(crate) $raw_affine);

        #[doc = concat!("A point of ", $name, " with three coordinates.")]
        #[derive(Clone, Copy, Debug, Default)]
        #[repr(transparent)]
        pub struct $jacobian(pub(crate) $raw);

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
                unsafe { $affine_is_infinity(&raw const self.0) }
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

/// The bit of the first byte that says "compressed".
const COMPRESSION_BIT: u8 = 0x80;

curve!(
    G1Affine(blst_p1_affine),
    blst_fp,
    G1Jacobian(blst_p1),
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
    crate::batched::scale_each,
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

curve!(
    G2Affine(blst_p2_affine),
    blst_fp2,
    G2Jacobian(blst_p2),
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
    endomorphism::scale_each,
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

/// Reads points as [`Affine::read_all`] does, with blst.
pub(crate) fn read_one_by_one<P: Affine>(bytes: &[u8]) -> Vec<Option<P>> {
    let one = |bytes: &[u8]| {
        let point = P::uncompress(bytes).ok()?;
        (point.in_subgroup() && !point.is_identity()).then_some(point)
    };
    bytes.chunks(P::COMPRESSED).map(one).collect()
}

fn read_result(result: BLST_ERROR) -> Result<(), PointError> {
    match result {
        BLST_ERROR::BLST_SUCCESS => Ok(()),
        BLST_ERROR::BLST_POINT_NOT_ON_CURVE => Err(PointError::NotOnCurve),
        BLST_ERROR::BLST_POINT_NOT_IN_GROUP => Err(PointError::NotInSubgroup),
        _ => Err(PointError::Encoding),
    }
}

/// The points that are not infinity, with their scalars.
fn without_identity<P: Affine>(points: &[P], scalars: &[u8], width: usize) -> (Vec<P>, Vec<u8>) {
    let mut kept = (Vec::new(), Vec::new());
    for (point, scalar) in points.iter().zip(scalars.chunks_exact(width.max(1))) {
        if !point.is_identity() {
            kept.0.push(*point);
            kept.1.extend_from_slice(scalar);
        }
    }
    kept
}
