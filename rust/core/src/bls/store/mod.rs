//! Files of public keys, checked once and then summed as fast as they can be read.
//!
//! A store holds the keys of one suite in the order in which they were added,
//! each with both coordinates, so that nothing has to be decompressed or checked
//! again. It is never changed: adding keys writes a new file and puts it in the
//! old one's place, and whoever had the old one open goes on with it.
//!
//! # Format, version 1
//!
//! | bytes | what |
//! |---|---|
//! | 0..16 | `TrustID keys v1` and a line feed |
//! | 16 | number of the suite, [`Suite::NUMBER`] |
//! | 17 | kind: 1 validated, 2 proven |
//! | 18..24 | zero |
//! | 24..32 | count of keys, little-endian |
//! | 32..64 | digest |
//! | 64.. | keys, 96 bytes each in G1, 192 in G2 |
//!
//! A key is `x` and `y`, each coefficient `c` as `c * 2^384 mod p`, 48 bytes
//! little-endian: the form in which the arithmetic wants it. The digest is
//! SHA-256 of bytes 0..32 and of the SHA-256 digests of each 8,192 keys.
//!
//! # Read, not mapped
//!
//! The file is read with positioned reads into a small buffer. A mapping would
//! save one copy, about 3 % of a sum, and end the process with `SIGBUS` when
//! somebody cuts the file short; a read returns an error. So a damaged or
//! changing file is refused and never a crash, no `unsafe` is needed, and the
//! resident set of a sum over any number of keys is that of one buffer.

mod build;
mod file;
mod read;
mod select;

use trustid_lanes::{sha256, Affine, Digest};

use super::suite::Suite;

pub use build::KeyStoreBuilder;
pub use read::{KeyStore, Trust};
pub use select::Selection;

/// What was checked of every key in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The key alone: on the curve, of prime order, not the identity.
    Validated,
    /// The key and the proof of its possession.
    Proven,
}

const MAGIC: &[u8; 16] = b"TrustID keys v1\n";
const HEADER: usize = 64;
const DIGEST_AT: usize = 32;

/// Keys whose bytes one leaf of the digest covers.
const LEAF_KEYS: usize = 1 << 13;

/// The first half of the header, which the digest covers.
fn header<S: Suite>(kind: Kind, count: u64) -> [u8; DIGEST_AT] {
    let mut bytes = [0; DIGEST_AT];
    bytes[..16].copy_from_slice(MAGIC);
    bytes[16] = S::NUMBER;
    bytes[17] = match kind {
        Kind::Validated => 1,
        Kind::Proven => 2,
    };
    bytes[24..].copy_from_slice(&count.to_le_bytes());
    bytes
}

/// The digest of a store, from the digests of its leaves.
fn root(header: &[u8; DIGEST_AT], leaves: &[Digest]) -> Digest {
    let mut bytes = header.to_vec();
    bytes.extend_from_slice(leaves.as_flattened());
    sha256(&bytes)
}

/// Bytes of one stored key.
const fn key_bytes<S: Suite>() -> usize {
    S::Key::SERIALIZED
}
