//! Reading, signing and hashing many at once: contiguous bytes in and out.

use trustid_lanes::{Affine, Jacobian};

use super::public::{augmentation, PublicKey};
use super::secret::SecretKey;
use super::signature::{ProofOfPossession, Signature};
use super::suite::{Possession, Suite};
use crate::parallel::{by_ranges, check_threads};
use crate::Error;

/// The most items that one bulk call takes: what it returns stays below some gigabytes.
pub const MAX_BULK: usize = 1 << 24;

/// Points that are read before it is looked whether one of them was bad.
const READ_AT_ONCE: usize = 1 << 8;

/// Messages that are hashed before their points are used: lists of points stay short.
const HASHED_AT_ONCE: usize = 1 << 8;

/// The group of signatures with three coordinates.
type SignatureJacobian<S> = <<S as Suite>::Signature as Affine>::Jacobian;

/// Reads many compressed public keys, one after the other.
///
/// # Errors
/// [`Error::At`] with the first bad place; [`Error::PointEncoding`] if the bytes
/// are not a whole number of keys; [`Error::LimitExceeded`] above [`MAX_BULK`].
///
/// # Cost
/// That of [`PublicKey::from_bytes`] for each, shared among the threads; about two thirds of
/// it where the processor has AVX2.
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
    let key = S::AUGMENTED.then(|| secret.public_key());
    let prefix = augmentation(key.as_ref());
    let parts = by_ranges(messages.len(), threads, |range| {
        let mut bytes = Vec::with_capacity(S::Signature::COMPRESSED * range.len());
        for messages in messages[range].chunks(HASHED_AT_ONCE) {
            let hashes =
                hash_all::<SignatureJacobian<S>>(prefix.as_ref(), messages, S::ID.as_bytes());
            for hash in &hashes {
                bytes.extend_from_slice(
                    secret
                        .sign_hash(&Jacobian::from_affine(hash))
                        .to_bytes()
                        .as_ref(),
                );
            }
        }
        bytes
    });
    Ok(parts.concat())
}

/// Hashes many messages to the group of `J`: the compressed points, one after the other.
pub(crate) fn hash_many<J: Jacobian>(
    messages: &[&[u8]],
    tag: &[u8],
    threads: usize,
) -> Result<Vec<u8>, Error> {
    check_bulk(messages.len(), threads)?;
    let parts = by_ranges(messages.len(), threads, |range| {
        let mut bytes = Vec::with_capacity(J::Affine::COMPRESSED * range.len());
        for messages in messages[range].chunks(HASHED_AT_ONCE) {
            for point in hash_all::<J>(&[], messages, tag) {
                bytes.extend_from_slice(point.compress().as_ref());
            }
        }
        bytes
    });
    Ok(parts.concat())
}

/// Hashes messages, each with `prefix` before it.
fn hash_all<J: Jacobian>(prefix: &[u8], messages: &[&[u8]], tag: &[u8]) -> Vec<J::Affine> {
    let parts: Vec<[&[u8]; 2]> = messages.iter().map(|message| [prefix, message]).collect();
    J::hash_all(&parts, tag)
}

/// Reads points many at a time; `read` names what is wrong where that gave nothing.
pub(crate) fn read_all<P: Affine, T: Send>(
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
