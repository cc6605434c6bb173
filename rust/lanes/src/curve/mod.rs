//! Points of G1 and G2, and what can be done with them.

mod affine;
mod jacobian;

use core::fmt::Debug;

pub use self::affine::{G1Affine, G2Affine};
pub use self::jacobian::{G1Jacobian, G2Jacobian};
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

/// Reads points as [`Affine::read_all`] does, with blst.
pub(crate) fn read_one_by_one<P: Affine>(bytes: &[u8]) -> Vec<Option<P>> {
    let one = |bytes: &[u8]| {
        let point = P::uncompress(bytes).ok()?;
        (point.in_subgroup() && !point.is_identity()).then_some(point)
    };
    bytes.chunks(P::COMPRESSED).map(one).collect()
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
