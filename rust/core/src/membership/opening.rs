//! The commitment that ties a credential to a slot, and what opens it.

use core::fmt;

use trustid_lanes::{Affine, G1Affine, G1Jacobian, Jacobian, Scalar, SECRET_BYTES};
use zeroize::Zeroizing;

use super::batch::{check_batch, in_parts};
use crate::accumulator::{generator_g, generator_h, read_member_of_group, read_nonzero, Member};
use crate::random::random_scalar;
use crate::Error;

/// Bytes of an opening: handle and blinding.
pub const OPENING_BYTES: usize = 2 * SECRET_BYTES;

/// A commitment `K = y*G + rho*H` to a handle: in each copy of a credential another one.
///
/// It hides the handle whatever anybody can compute, and can be opened to one
/// handle only as long as nobody knows the logarithm of `H` to `G`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment {
    pub(crate) point: G1Affine,
}

impl Commitment {
    /// Reads 48 bytes, compressed.
    ///
    /// # Errors
    /// [`Error::PointEncoding`], [`Error::PointNotOnCurve`],
    /// [`Error::PointNotInSubgroup`], [`Error::PointIsIdentity`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self {
            point: read_member_of_group(bytes)?,
        })
    }

    /// Reads many commitments, one after the other.
    ///
    /// # Errors
    /// [`Error::PointEncoding`] for bytes that are no whole number of points; [`Error::At`]
    /// with the first place whose bytes [`Commitment::from_bytes`] refuses;
    /// [`Error::LimitExceeded`] above [`super::MAX_BATCH`] or for the threads.
    ///
    /// # Cost
    /// As one by one; some two thirds of it where the processor has lanes.
    pub fn read_all(bytes: &[u8], threads: usize) -> Result<Vec<Self>, Error> {
        let (points, rest) = bytes.as_chunks::<{ G1Affine::COMPRESSED }>();
        if !rest.is_empty() {
            return Err(Error::PointEncoding {
                expected: G1Affine::COMPRESSED,
                found: rest.len(),
            });
        }
        check_batch(points.len(), threads)?;
        in_parts(points, threads, |points| {
            let found = G1Affine::read_all(points.as_flattened());
            points
                .iter()
                .zip(found)
                .map(|(bytes, found)| match found {
                    Some(point) => Ok(Self { point }),
                    // Which of all the refusals it is.
                    None => Self::from_bytes(bytes),
                })
                .collect()
        })
    }

    /// The 48 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 48] {
        self.point.compress()
    }
}

/// What opens a commitment: the handle `y` and the blinding `rho`.
///
/// The issuer makes it and gives it to the holder; holders never make commitments,
/// which could hold the handle of an accomplice. Wiped when dropped.
#[derive(Clone)]
pub struct Opening {
    pub(crate) handle: Scalar,
    pub(crate) blinding: Scalar,
    commitment: Commitment,
}

impl fmt::Debug for Opening {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Opening(redacted)")
    }
}

impl Opening {
    /// Makes a fresh commitment to a handle.
    ///
    /// # Errors
    /// [`Error::RandomnessUnavailable`].
    ///
    /// # Cost
    /// Two multiplications in constant time and two hashes to the curve, 0.4 ms.
    pub fn generate(member: &Member) -> Result<Self, Error> {
        Self::open(member.handle.clone(), random_scalar()?)
    }

    /// Reads 64 bytes: the handle and the blinding, each 32 bytes big-endian.
    ///
    /// # Errors
    /// [`Error::HandleInvalid`]: another length, or a number that is zero or not
    /// below the group order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() != OPENING_BYTES {
            return Err(Error::HandleInvalid);
        }
        let (handle, blinding) = bytes.split_at(SECRET_BYTES);
        Self::open(read_nonzero(handle)?, read_nonzero(blinding)?)
    }

    fn open(handle: Scalar, blinding: Scalar) -> Result<Self, Error> {
        let point = combine(&generator_g(), &handle, &generator_h(), &blinding)?.to_affine();
        if point.is_identity() {
            return Err(Error::HandleInvalid);
        }
        Ok(Self {
            handle,
            blinding,
            commitment: Commitment { point },
        })
    }

    /// The 64 bytes, in a buffer that wipes itself.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; OPENING_BYTES]> {
        let mut bytes = Zeroizing::new([0; OPENING_BYTES]);
        bytes[..SECRET_BYTES].copy_from_slice(self.handle.to_be_bytes().as_slice());
        bytes[SECRET_BYTES..].copy_from_slice(self.blinding.to_be_bytes().as_slice());
        bytes
    }

    /// The commitment that goes into the credential.
    #[must_use]
    pub const fn commitment(&self) -> Commitment {
        self.commitment
    }

    /// The handle.
    #[must_use]
    pub fn member(&self) -> Member {
        Member::new(self.handle.clone())
    }
}

/// `first_scalar * first + second_scalar * second`, in constant time; neither scalar is zero.
pub(super) fn combine(
    first: &G1Affine,
    first_scalar: &Scalar,
    second: &G1Affine,
    second_scalar: &Scalar,
) -> Result<G1Jacobian, Error> {
    Ok(times(first, first_scalar)?.add(&times(second, second_scalar)?))
}

/// A product in constant time; the scalar is not zero.
pub(super) fn times(point: &G1Affine, scalar: &Scalar) -> Result<G1Jacobian, Error> {
    let secret = scalar.to_secret().ok_or(Error::HandleInvalid)?;
    Ok(G1Jacobian::from_affine(point).multiply_secret(&secret))
}
