//! SHA-256 of blst, with the processor's instructions where it has them.

use blst::blst_sha256;

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// The SHA-256 digest of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Digest {
    let mut digest = [0; 32];
    // SAFETY: blst reads `bytes.len()` bytes and writes 32.
    unsafe { blst_sha256(digest.as_mut_ptr(), bytes.as_ptr(), bytes.len()) };
    digest
}
