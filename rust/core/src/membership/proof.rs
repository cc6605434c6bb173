//! A proof of membership, as bytes.

use trustid_lanes::{Affine, G1Affine, Scalar, SECRET_BYTES};

use super::batch::{check_batch, in_parts};
use crate::bls::read_compressed;
use crate::Error;

/// Bytes of a proof: four points and three scalars.
pub const PROOF_BYTES: usize = 4 * POINT + 3 * SECRET_BYTES;

/// Bytes of a compressed point.
const POINT: usize = 48;

/// A proof that the handle in a commitment is a member.
///
/// `a` and `b` are points of the subgroup and not the identity. `t1` and `t2` are
/// kept as they were sent: a check computes what they must be and compares bytes,
/// or reads them as points, so that nothing but canonical points of the subgroup
/// passes either way.
#[derive(Clone, PartialEq, Eq)]
pub struct MembershipProof {
    pub(super) a: G1Affine,
    pub(super) b: G1Affine,
    pub(super) t1: [u8; POINT],
    pub(super) t2: [u8; POINT],
    /// Responses for the randomizer, the handle and the blinding.
    pub(super) randomizer: Scalar,
    pub(super) handle: Scalar,
    pub(super) blinding: Scalar,
}

impl core::fmt::Debug for MembershipProof {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("MembershipProof")
    }
}

impl MembershipProof {
    /// Reads 288 bytes: `A`, `B`, `T1`, `T2` compressed, then three responses, big-endian.
    ///
    /// # Errors
    /// [`Error::ProofInvalid`]: another length, a response that is not below the
    /// group order, or `A` or `B` the identity: with both, and a randomizer of zero,
    /// anybody's proof would hold. For other bytes that are no point:
    /// [`Error::PointEncoding`], [`Error::PointNotOnCurve`], [`Error::PointNotInSubgroup`].
    ///
    /// # Cost
    /// Two square roots and two subgroup checks, 0.12 ms.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let bytes: &[u8; PROOF_BYTES] = bytes.try_into().map_err(|_| Error::ProofInvalid)?;
        let a: G1Affine = read_compressed(&bytes[..POINT])?;
        let b: G1Affine = read_compressed(&bytes[POINT..2 * POINT])?;
        if a.is_identity() || b.is_identity() {
            return Err(Error::ProofInvalid);
        }
        Self::with_points(bytes, a, b)
    }

    /// Reads many proofs, one after the other.
    ///
    /// # Errors
    /// [`Error::ProofInvalid`] for bytes that are no whole number of proofs; [`Error::At`]
    /// with the first place whose bytes [`MembershipProof::from_bytes`] refuses;
    /// [`Error::LimitExceeded`] above [`super::MAX_BATCH`] or for the threads.
    ///
    /// # Cost
    /// As one by one; some two thirds of it where the processor has lanes.
    pub fn read_all(bytes: &[u8], threads: usize) -> Result<Vec<Self>, Error> {
        let (proofs, rest) = bytes.as_chunks::<PROOF_BYTES>();
        if !rest.is_empty() {
            return Err(Error::ProofInvalid);
        }
        check_batch(proofs.len(), threads)?;
        in_parts(proofs, threads, |proofs| {
            let encodings: Vec<u8> = proofs
                .iter()
                .flat_map(|proof| &proof[..2 * POINT])
                .copied()
                .collect();
            let points = G1Affine::read_all(&encodings);
            let found = proofs.iter().zip(points.as_chunks().0);
            found
                .map(|(bytes, points)| match points {
                    [Some(a), Some(b)] => Self::with_points(bytes, *a, *b),
                    // Which of all the refusals it is.
                    _ => Self::from_bytes(bytes),
                })
                .collect()
        })
    }

    fn with_points(bytes: &[u8; PROOF_BYTES], a: G1Affine, b: G1Affine) -> Result<Self, Error> {
        Ok(Self {
            a,
            b,
            t1: part(bytes, 2 * POINT),
            t2: part(bytes, 3 * POINT),
            randomizer: response(bytes, 0)?,
            handle: response(bytes, 1)?,
            blinding: response(bytes, 2)?,
        })
    }

    /// The 288 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; PROOF_BYTES] {
        let mut bytes = [0; PROOF_BYTES];
        let points = [self.a.compress(), self.b.compress(), self.t1, self.t2];
        for (place, point) in bytes.chunks_exact_mut(POINT).zip(&points) {
            place.copy_from_slice(point);
        }
        let responses = [&self.randomizer, &self.handle, &self.blinding];
        for (place, scalar) in bytes[4 * POINT..]
            .chunks_exact_mut(SECRET_BYTES)
            .zip(responses)
        {
            place.copy_from_slice(scalar.to_be_bytes().as_slice());
        }
        bytes
    }
}

fn part<const N: usize>(bytes: &[u8; PROOF_BYTES], at: usize) -> [u8; N] {
    let mut found = [0; N];
    found.copy_from_slice(&bytes[at..at + N]);
    found
}

fn response(bytes: &[u8; PROOF_BYTES], index: usize) -> Result<Scalar, Error> {
    Scalar::from_be_bytes(&part(bytes, 4 * POINT + SECRET_BYTES * index)).ok_or(Error::ProofInvalid)
}
