//! What the challenge of a proof depends on: everything public, each part with its length.

use trustid_lanes::{expand_message, Affine, Scalar};

use super::opening::Commitment;
use super::proof::MembershipProof;
use crate::accumulator::{Accumulator, Params};
use crate::Error;

/// The longest identifier of a verifier.
pub const MAX_VERIFIER_BYTES: usize = 2048;

/// The shortest nonce: 128 bits, written as they are.
pub const NONCE_BYTES_MIN: usize = 16;

/// The longest nonce.
pub const NONCE_BYTES_MAX: usize = 1024;

/// Separates this hash from all others.
const CHALLENGE_TAG: &[u8] = b"TRUSTID-MEMBERSHIP-V1_XMD:SHA-256";

/// Bytes of a challenge: 128 bits, as strong as the coefficients of a batch.
pub(super) const CHALLENGE_BYTES: usize = 16;

/// To whom and for what a proof is made.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    verifier: &'a [u8],
    nonce: &'a [u8],
    credential: &'a [u8; 32],
}

impl<'a> Context<'a> {
    /// Puts a context together.
    ///
    /// # Arguments
    /// * `verifier` - the verifier's identifier, 1 to 2,048 bytes.
    /// * `nonce` - what the verifier drew for this presentation, 16 to 1,024 bytes.
    /// * `credential` - the SHA-256 digest of the credential as its issuer signed it.
    ///
    /// # Errors
    /// [`Error::ContextInvalid`].
    pub fn new(
        verifier: &'a [u8],
        nonce: &'a [u8],
        credential: &'a [u8; 32],
    ) -> Result<Self, Error> {
        if verifier.is_empty() || verifier.len() > MAX_VERIFIER_BYTES {
            return Err(Error::ContextInvalid {
                found: "a verifier identifier that is empty or too long",
            });
        }
        if nonce.len() < NONCE_BYTES_MIN || nonce.len() > NONCE_BYTES_MAX {
            return Err(Error::ContextInvalid {
                found: "a nonce that is too short or too long",
            });
        }
        Ok(Self {
            verifier,
            nonce,
            credential,
        })
    }
}

/// The four points of a proof, as they are sent.
pub(super) struct Points {
    pub(super) a: [u8; 48],
    pub(super) b: [u8; 48],
    pub(super) t1: [u8; 48],
    pub(super) t2: [u8; 48],
}

impl From<&MembershipProof> for Points {
    fn from(proof: &MembershipProof) -> Self {
        Self {
            a: proof.a.compress(),
            b: proof.b.compress(),
            t1: proof.t1,
            t2: proof.t2,
        }
    }
}

/// A challenge, as a number of 128 bits.
pub(super) struct Challenge(pub(super) [u8; CHALLENGE_BYTES]);

impl Challenge {
    /// Hashes everything public. Leaving one item out would let a forger choose it
    /// after the challenge is known ("Frozen Heart").
    pub(super) fn new(
        params: &Params,
        accumulator: &Accumulator,
        commitment: &Commitment,
        points: &Points,
        context: &Context<'_>,
    ) -> Self {
        let mut message = Vec::with_capacity(1024);
        let mut put = |item: &[u8]| {
            message.extend_from_slice(&(item.len() as u64).to_be_bytes());
            message.extend_from_slice(item);
        };
        put(&params.g.compress());
        put(&params.h.compress());
        put(&params.capacity().to_be_bytes());
        put(&params.public_key());
        put(params.registry());
        put(&accumulator.epoch().to_be_bytes());
        put(&accumulator.value());
        put(&commitment.to_bytes());
        put(&points.a);
        put(&points.b);
        put(&points.t1);
        put(&points.t2);
        put(context.verifier);
        put(context.nonce);
        put(context.credential);
        let mut bytes = [0; CHALLENGE_BYTES];
        expand_message(&mut bytes, &message, CHALLENGE_TAG);
        Self(bytes)
    }

    /// The challenge as a scalar.
    pub(super) fn scalar(&self) -> Scalar {
        scalar_of(&self.0)
    }
}

/// The scalar of 16 bytes, big-endian.
pub(super) fn scalar_of(bytes: &[u8; CHALLENGE_BYTES]) -> Scalar {
    let mut wide = [0; 32];
    wide[32 - CHALLENGE_BYTES..].copy_from_slice(bytes);
    // 128 bits are always below the order.
    Scalar::from_be_bytes(&wide).unwrap_or_default()
}
