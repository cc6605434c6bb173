//! Hashing to the groups of BLS12-381.

use trustid_lanes::{Affine, G1Jacobian, G2Jacobian, Jacobian};

use crate::bls::bulk::hash_many;
use crate::Error;

/// Hashes `message` to G1 under the domain separation tag `tag`.
///
/// Suite `BLS12381G1_XMD:SHA-256_SSWU_RO_`. Returns the compressed point, 48
/// bytes. A tag of more than 255 bytes is hashed first, as the RFC says.
///
/// # Cost
/// About 60 microseconds and two SHA-256 blocks for each 64 bytes. The time
/// depends on the lengths only.
///
/// # Reference
/// RFC 9380, sections 3 and 8.8.1.
#[must_use]
pub fn hash_to_g1(message: &[u8], tag: &[u8]) -> [u8; 48] {
    G1Jacobian::hash(message, tag, &[]).to_affine().compress()
}

/// Hashes `message` to G2 under the domain separation tag `tag`.
///
/// Suite `BLS12381G2_XMD:SHA-256_SSWU_RO_`. Returns the compressed point, 96 bytes.
///
/// # Reference
/// RFC 9380, sections 3 and 8.8.2.
#[must_use]
pub fn hash_to_g2(message: &[u8], tag: &[u8]) -> [u8; 96] {
    G2Jacobian::hash(message, tag, &[]).to_affine().compress()
}

/// Encodes `message` to G1, non-uniformly: half the cost of [`hash_to_g1`].
///
/// Suite `BLS12381G1_XMD:SHA-256_SSWU_NU_`. Not a random oracle: no signature
/// scheme of this crate uses it.
///
/// # Reference
/// RFC 9380, sections 3 and 8.8.1.
#[must_use]
pub fn encode_to_g1(message: &[u8], tag: &[u8]) -> [u8; 48] {
    G1Jacobian::encode(message, tag).to_affine().compress()
}

/// Encodes `message` to G2, non-uniformly: half the cost of [`hash_to_g2`].
///
/// Suite `BLS12381G2_XMD:SHA-256_SSWU_NU_`. Not a random oracle: no signature
/// scheme of this crate uses it.
///
/// # Reference
/// RFC 9380, sections 3 and 8.8.2.
#[must_use]
pub fn encode_to_g2(message: &[u8], tag: &[u8]) -> [u8; 96] {
    G2Jacobian::encode(message, tag).to_affine().compress()
}

/// Hashes many messages to G1: the compressed points, one after the other.
///
/// # Arguments
/// * `threads` - threads to use, the caller's included.
///
/// # Errors
/// [`Error::LimitExceeded`].
///
/// # Cost
/// That of [`hash_to_g1`] for each, or about two thirds of it where the processor has AVX2.
pub fn hash_many_to_g1(messages: &[&[u8]], tag: &[u8], threads: usize) -> Result<Vec<u8>, Error> {
    hash_many::<G1Jacobian>(messages, tag, threads)
}

/// Hashes many messages to G2: the compressed points, one after the other.
///
/// # Errors
/// [`Error::LimitExceeded`].
///
/// # Cost
/// That of [`hash_to_g2`] for each, or about 0.6 of it where the processor has AVX2.
pub fn hash_many_to_g2(messages: &[&[u8]], tag: &[u8], threads: usize) -> Result<Vec<u8>, Error> {
    hash_many::<G2Jacobian>(messages, tag, threads)
}
