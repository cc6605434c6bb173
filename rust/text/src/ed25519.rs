//! Ed25519 signatures, checked by `ed25519-dalek`, with what it leaves open closed.
//!
//! Signing is elsewhere: nothing here is secret, and nothing runs in constant time.

use ed25519_dalek::{Signature, Verifier, VerifyingKey};

use crate::error::{Error, Result};
use crate::point;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// Bytes of a signature: R, then S.
pub const SIGNATURE_BYTES: usize = 64;

/// A key that checks signatures: a point in canonical form, not of small order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ed25519PublicKey(VerifyingKey);

impl Ed25519PublicKey {
    /// Reads 32 bytes.
    ///
    /// # Errors
    /// [`Error::Key`] for another length, y not below the prime, no point of the
    /// curve, or a point of small order, with which one signature would fit many messages.
    ///
    /// # Cost
    /// One square root.
    ///
    /// # Reference
    /// RFC 8032, section 5.1.3.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let encoded = point::edwards_encoding(bytes)?;
        VerifyingKey::from_bytes(&encoded)
            .map(Self)
            .map_err(|_| Error::Key {
                expected: point::NO_EDWARDS_POINT,
            })
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        self.0.as_bytes()
    }

    /// Checks a signature: R is the encoding of S*B - H(R, A, M)*A, with S below
    /// the order of the group and R not of small order.
    ///
    /// # Errors
    /// [`Error::SignatureLength`], [`Error::SignatureInvalid`].
    ///
    /// # Cost
    /// One multiplication of two points at once, 25 to 50 microseconds.
    ///
    /// # Reference
    /// RFC 8032, section 5.1.7, without the cofactor: what holds here holds
    /// for those who check with it.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<()> {
        let Ok(signature) = Signature::from_slice(signature) else {
            return Err(Error::SignatureLength {
                found: signature.len(),
            });
        };
        // `verify_strict` would find R's point for this, another square root: its encoding tells as much.
        if point::is_small_order(*signature.r_bytes()) {
            return Err(Error::SignatureInvalid);
        }
        self.0
            .verify(message, &signature)
            .map_err(|_| Error::SignatureInvalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
    use curve25519_dalek::{EdwardsPoint, Scalar};
    use proptest::prelude::*;
    use sha2::{Digest, Sha512};

    /// A key and its signature over a message, with a nonce that is `nonce` and a point added to R.
    fn signed(secret: u64, nonce: u64, message: &[u8], more: EdwardsPoint) -> (Vec<u8>, [u8; 64]) {
        let (secret, nonce) = (Scalar::from(secret), Scalar::from(nonce));
        let key = (ED25519_BASEPOINT_POINT * secret).compress();
        let commitment = (ED25519_BASEPOINT_POINT * nonce + more).compress();
        let hash = Sha512::new()
            .chain_update(commitment.as_bytes())
            .chain_update(key.as_bytes())
            .chain_update(message);
        let challenge = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        let answer = nonce + challenge * secret;
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(commitment.as_bytes());
        signature[32..].copy_from_slice(answer.as_bytes());
        (key.to_bytes().to_vec(), signature)
    }

    fn check(key: &[u8], message: &[u8], signature: &[u8]) -> Result<()> {
        Ed25519PublicKey::from_bytes(key)?.verify(message, signature)
    }

    fn nothing() -> EdwardsPoint {
        EIGHT_TORSION[0]
    }

    /// The little-endian sum of S and the order of the group.
    fn malleated(signature: &[u8; 64]) -> [u8; 64] {
        let order = (-Scalar::ONE).to_bytes();
        let mut other = *signature;
        let mut carry = 1;
        for (byte, part) in other[32..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + u16::from(part) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
        other
    }

    #[test]
    fn signatures_hold_or_are_refused() {
        let (key, signature) = signed(7, 11, b"red", nothing());
        assert_eq!(check(&key, b"red", &signature), Ok(()));
        let invalid = Err(Error::SignatureInvalid);
        assert_eq!(check(&key, b"blue", &signature), invalid);
        let (other, _) = signed(8, 11, b"red", nothing());
        assert_eq!(check(&other, b"red", &signature), invalid);
        assert_eq!(check(&key, b"red", &malleated(&signature)), invalid);
        for wrong in [&signature[1..], &[&signature[..], &[0]].concat()] {
            let found = wrong.len();
            assert_eq!(
                check(&key, b"red", wrong),
                Err(Error::SignatureLength { found })
            );
        }
    }

    #[test]
    fn small_order_has_no_part_in_it() {
        for point in EIGHT_TORSION {
            assert!(Ed25519PublicKey::from_bytes(point.compress().as_bytes()).is_err());
            // R alone of small order: the nonce is zero, and the answer fits.
            let (key, signature) = signed(7, 0, b"red", point);
            assert_eq!(
                check(&key, b"red", &signature),
                Err(Error::SignatureInvalid)
            );
            // R with a part of small order: holds with the cofactor only.
            let (key, signature) = signed(7, 11, b"red", point);
            assert_eq!(
                check(&key, b"red", &signature).is_ok(),
                point == nothing(),
                "{point:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_flipped_bit_is_refused(secret in 1u64.., nonce in 1u64.., place in 0usize..1024) {
            let (key, signature) = signed(secret, nonce, b"red", nothing());
            prop_assert_eq!(check(&key, b"red", &signature), Ok(()));
            let mut other = signature;
            other[place / 8 % 64] ^= 1 << (place % 8);
            prop_assert!(check(&key, b"red", &other).is_err());
        }
    }
}
