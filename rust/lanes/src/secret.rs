//! Secret exponents: made, read and used in constant time, wiped when dropped.

use blst::{
    blst_bendian_from_scalar, blst_keygen_v5, blst_scalar, blst_scalar_from_bendian, blst_sk_check,
};
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a secret scalar, big-endian.
pub const SECRET_BYTES: usize = 32;

/// A secret exponent `s` with `0 < s < r`.
///
/// It is neither `Debug` nor `PartialEq` nor `Copy`: nothing prints it, nothing
/// compares it byte by byte, and each clone is wiped on its own.
#[derive(Clone)]
pub struct SecretScalar(pub(crate) blst_scalar);

impl Drop for SecretScalar {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl SecretScalar {
    /// Reads 32 bytes, big-endian; `None` unless `0 < s < r`.
    #[must_use]
    pub fn from_be_bytes(bytes: &[u8; SECRET_BYTES]) -> Option<Self> {
        let mut secret = Self(blst_scalar::default());
        // SAFETY: blst reads 32 bytes from `bytes` and writes one scalar.
        let fits = unsafe {
            blst_scalar_from_bendian(&raw mut secret.0, bytes.as_ptr());
            blst_sk_check(&raw const secret.0)
        };
        fits.then_some(secret)
    }

    /// Derives a secret with HKDF as the draft's `KeyGen` does.
    ///
    /// `None` if `ikm` is shorter than 32 bytes.
    ///
    /// # Reference
    /// draft-irtf-cfrg-bls-signature-06, section 2.3.
    #[must_use]
    pub fn derive(ikm: &[u8], salt: &[u8], info: &[u8]) -> Option<Self> {
        if ikm.len() < SECRET_BYTES {
            return None;
        }
        let mut secret = Self(blst_scalar::default());
        // SAFETY: each pointer comes with the length of the slice it was taken from.
        unsafe {
            blst_keygen_v5(
                &raw mut secret.0,
                ikm.as_ptr(),
                ikm.len(),
                salt.as_ptr(),
                salt.len(),
                info.as_ptr(),
                info.len(),
            );
            blst_sk_check(&raw const secret.0).then_some(secret)
        }
    }

    /// The 32 bytes, big-endian, in a buffer that wipes itself.
    #[must_use]
    pub fn to_be_bytes(&self) -> Zeroizing<[u8; SECRET_BYTES]> {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        // SAFETY: blst writes exactly 32 bytes.
        unsafe { blst_bendian_from_scalar(bytes.as_mut_ptr(), &raw const self.0) };
        bytes
    }
}
