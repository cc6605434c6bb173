//! The manager's secret, and the keyed function that gives each slot its scalars.

use core::ops::Range;

use trustid_lanes::{sha256, Affine, Digest, G2Affine, G2Jacobian, Jacobian, Scalar, SECRET_BYTES};
use zeroize::Zeroizing;

use super::slots::Slots;
use crate::random::random_scalar;
use crate::Error;

/// Bytes of a manager's secret: `alpha` and the key of the function over the slots.
pub const MANAGER_SECRET_BYTES: usize = 2 * SECRET_BYTES;

/// What a derived scalar is for. The byte goes into the function.
#[derive(Clone, Copy)]
enum Purpose {
    /// `u` of the first value `u*P`.
    FirstValue = 0,
    /// The handle of a slot.
    Handle = 1,
    /// What stands in a revoked slot's row for the inverse; it answers no handle.
    Replacement = 2,
}

/// `alpha` and the key of the function over the slots; each copy is wiped on its own.
#[derive(Clone)]
pub(crate) struct Secret {
    alpha: Scalar,
    key: Zeroizing<[u8; SECRET_BYTES]>,
}

/// Bytes that are hashed for a scalar: key, purpose, slot, counter.
const BLOCK: usize = SECRET_BYTES + 1 + 8 + 4;

/// The keyed function, with buffers that are wiped once, not for each slot: that would take
/// a fifth of the time.
pub(crate) struct Derivation<'a> {
    alpha: &'a Scalar,
    block: Zeroizing<[u8; BLOCK]>,
    digest: Zeroizing<Digest>,
}

impl Derivation<'_> {
    /// `y + alpha` of a slot, as [`Secret::divisor`].
    pub(crate) fn divisor(&mut self, slot: u64) -> Scalar {
        self.derive(Purpose::Handle, slot).1
    }

    /// A scalar that nobody without the key can tell from a random one, and its sum with `alpha`.
    ///
    /// SHA-256 over key, purpose, slot and a counter: one block of the hash, of one
    /// length always, so that nothing can be appended (the construction of the PRF
    /// of FIPS 205, section 11.2). The lower 255 bits are taken if they are a number
    /// above zero and below the order (nine in ten are), otherwise the next counter
    /// is tried: no bias at all. A handle of `-alpha` is passed over as well: no row
    /// could answer it.
    fn derive(&mut self, purpose: Purpose, slot: u64) -> (Scalar, Scalar) {
        self.block[SECRET_BYTES] = purpose as u8;
        self.block[SECRET_BYTES + 1..SECRET_BYTES + 9].copy_from_slice(&slot.to_be_bytes());
        let mut counter: u32 = 0;
        loop {
            self.block[SECRET_BYTES + 9..].copy_from_slice(&counter.to_be_bytes());
            *self.digest = sha256(self.block.as_slice());
            self.digest[0] &= 0x7f;
            if let Some(scalar) = Scalar::from_be_bytes(&self.digest) {
                let sum = scalar.add(self.alpha);
                if !scalar.is_zero() && !sum.is_zero() {
                    return (scalar, sum);
                }
            }
            counter += 1;
        }
    }
}

impl Secret {
    /// Draws a new secret.
    pub(crate) fn generate() -> Result<Self, Error> {
        let mut key = Zeroizing::new([0; SECRET_BYTES]);
        getrandom::fill(key.as_mut_slice()).map_err(|_| Error::RandomnessUnavailable)?;
        Ok(Self {
            alpha: random_scalar()?,
            key,
        })
    }

    /// Reads what [`Secret::to_bytes`] gave.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let array: &[u8; MANAGER_SECRET_BYTES] =
            bytes.try_into().map_err(|_| Error::ManagerSecretInvalid)?;
        let (alpha, key) = array.split_at(SECRET_BYTES);
        let mut secret = Self {
            alpha: super::member::read_nonzero(alpha).map_err(|_| Error::ManagerSecretInvalid)?,
            key: Zeroizing::new([0; SECRET_BYTES]),
        };
        secret.key.copy_from_slice(key);
        Ok(secret)
    }

    pub(crate) fn to_bytes(&self) -> Zeroizing<[u8; MANAGER_SECRET_BYTES]> {
        let mut bytes = Zeroizing::new([0; MANAGER_SECRET_BYTES]);
        bytes[..SECRET_BYTES].copy_from_slice(self.alpha.to_be_bytes().as_slice());
        bytes[SECRET_BYTES..].copy_from_slice(self.key.as_slice());
        bytes
    }

    /// `alpha*Q`.
    pub(crate) fn public_key(&self) -> Result<G2Affine, Error> {
        let alpha = self.alpha.to_secret().ok_or(Error::ManagerSecretInvalid)?;
        Ok(G2Jacobian::from_affine(&G2Affine::generator())
            .multiply_secret(&alpha)
            .to_affine())
    }

    /// `u` of the first value.
    pub(crate) fn first_value(&self) -> Scalar {
        self.derive(Purpose::FirstValue, 0).0
    }

    /// The handle `y` of a slot.
    pub(crate) fn handle(&self, slot: u64) -> Scalar {
        self.derive(Purpose::Handle, slot).0
    }

    /// `y + alpha` of a slot: what the value is divided by when it goes.
    pub(crate) fn divisor(&self, slot: u64) -> Scalar {
        self.derive(Purpose::Handle, slot).1
    }

    /// The scalar of a revoked slot's row.
    pub(crate) fn replacement(&self, slot: u64) -> Scalar {
        self.derive(Purpose::Replacement, slot).0
    }

    /// `s` of each slot: `1 / (y + alpha)`, or what replaced it when it was revoked.
    pub(crate) fn row_scalars(&self, slots: Range<u64>, revoked: &Slots) -> Option<Vec<Scalar>> {
        let mut derivation = self.derivation();
        let divisors: Vec<Scalar> = slots.clone().map(|slot| derivation.divisor(slot)).collect();
        let mut scalars = Scalar::invert_all(&divisors)?;
        for (slot, scalar) in slots.zip(&mut scalars) {
            if revoked.has(slot) {
                *scalar = self.replacement(slot);
            }
        }
        Some(scalars)
    }

    fn derive(&self, purpose: Purpose, slot: u64) -> (Scalar, Scalar) {
        self.derivation().derive(purpose, slot)
    }

    /// The function over the slots, for many of them.
    pub(crate) fn derivation(&self) -> Derivation<'_> {
        let mut block = Zeroizing::new([0; BLOCK]);
        block[..SECRET_BYTES].copy_from_slice(self.key.as_slice());
        Derivation {
            alpha: &self.alpha,
            block,
            digest: Zeroizing::default(),
        }
    }
}
