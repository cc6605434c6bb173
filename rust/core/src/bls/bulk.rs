//! Reading, signing and hashing many at once: contiguous bytes in and out.

use trustid_lanes::{Affine, Jacobian};

use super::public::PublicKey;
use super::secret::SecretKey;
use super::signature::{ProofOfPossession, Signature};
use super::suite::{Possession, Suite};
use crate::parallel::{by_ranges, check_threads, each};
use crate::Error;

/// The most items that one bulk call takes: what it returns stays below some gigabytes.
pub const MAX_BULK: usize = 1 << 24;

/// Points that are read before it is looked whether one of them was bad.
const READ_AT_ONCE: usize = 1 << 8;

/// Reads many compressed public keys, one after the other.
///
/// # Errors
/// [`Error::At`] with the first bad place; [`Error::PointEncoding`] if the bytes
/// are not a whole number of keys; [`Error::LimitExceeded`] above [`MAX_BULK`].
///
/// # Cost
/// That of [`PublicKey::from_bytes`] for each, shared among the threads; keys of 48 bytes
/// take half of it where the processor has AVX2, and less with AVX-512 IFMA.
pub fn read_keys<S: Suite>(bytes: &[u8], threads: usize) -> Result<Vec<PublicKey<S>>, Error> {
    read_all(
        bytes,
        threads,
        PublicKey::from_checked,
        PublicKey::from_bytes,
    )
}

/// Reads many compressed signatures, one after the other.
///
/// # Errors
/// As [`read_keys`].
pub fn read_signatures<S: Suite>(bytes: &[u8], threads: usize) -> Result<Vec<Signature<S>>, Error> {
    read_all(
        bytes,
        threads,
        Signature::from_checked,
        Signature::from_bytes,
    )
}

/// Reads many compressed proofs of possession, one after the other.
pub(crate) fn read_proofs<S: Possession>(
    bytes: &[u8],
    threads: usize,
) -> Result<Vec<ProofOfPossession<S>>, Error> {
    read_all(
        bytes,
        threads,
        ProofOfPossession::from_checked,
        ProofOfPossession::from_bytes,
    )
}

/// Signs many messages with one key: the compressed signatures, one after the other.
///
/// # Errors
/// [`Error::LimitExceeded`].
pub fn sign_many<S: Suite>(
    secret: &SecretKey<S>,
    messages: &[&[u8]],
    threads: usize,
) -> Result<Vec<u8>, Error> {
    check_bulk(messages.len(), threads)?;
    let signatures = each(messages.len(), threads, |index| {
        Ok(secret.sign(messages[index]))
    })?;
    let mut bytes = Vec::with_capacity(S::Signature::COMPRESSED * signatures.len());
    for signature in &signatures {
        bytes.extend_from_slice(signature.to_bytes().as_ref());
    }
    Ok(bytes)
}

/// Hashes many messages to the group of `J`: the compressed points, one after the other.
pub(crate) fn hash_many<J: Jacobian>(
    messages: &[&[u8]],
    tag: &[u8],
    threads: usize,
) -> Result<Vec<u8>, Error> {
    check_bulk(messages.len(), threads)?;
    let points = each(messages.len(), threads, |index| {
        Ok(J::hash(messages[index], tag, &[]))
    })?;
    let mut bytes = Vec::with_capacity(J::Affine::COMPRESSED * points.len());
    for point in J::to_affine_all(&points) {
        bytes.extend_from_slice(point.compress().as_ref());
    }
    Ok(bytes)
}

/// Reads points many at a time; `read` names what is wrong where that gave nothing.
fn read_all<P: Affine, T: Send>(
    bytes: &[u8],
    threads: usize,
    wrap: impl Fn(P) -> T + Sync,
    read: impl Fn(&[u8]) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    let size = P::COMPRESSED;
    if !bytes.len().is_multiple_of(size) {
        return Err(Error::PointEncoding {
            expected: size,
            found: bytes.len() % size,
        }
        .at(bytes.len() / size));
    }
    check_bulk(bytes.len() / size, threads)?;
    let parts = by_ranges(bytes.len() / size, threads, |range| {
        let mut all = Vec::with_capacity(range.len());
        for first in range.clone().step_by(READ_AT_ONCE) {
            let end = range.end.min(first + READ_AT_ONCE);
            for (place, point) in P::read_all(&bytes[size * first..size * end])
                .into_iter()
                .enumerate()
            {
                let index = first + place;
                all.push(match point {
                    Some(point) => wrap(point),
                    None => read(&bytes[size * index..size * (index + 1)])
                        .map_err(|error| error.at(index))?,
                });
            }
        }
        Ok(all)
    });
    let mut all = Vec::with_capacity(bytes.len() / size);
    for part in parts {
        all.extend(part?);
    }
    Ok(all)
}

fn check_bulk(items: usize, threads: usize) -> Result<(), Error> {
    check_threads(threads)?;
    if items > MAX_BULK {
        return Err(Error::LimitExceeded {
            what: "items of a bulk call",
            limit: MAX_BULK,
            found: items,
        });
    }
    Ok(())
}
