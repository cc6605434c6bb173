//! Secret keys: derived, read, used; never printed, never compared.

use core::fmt;
use core::marker::PhantomData;

use trustid_lanes::{Affine, Jacobian, SecretScalar, SECRET_BYTES};
use zeroize::Zeroizing;

use super::public::{augmentation, ProvenKey, PublicKey};
use super::signature::{ProofOfPossession, Signature};
use super::suite::{Possession, Suite};
use crate::Error;

/// The salt that makes `KeyGen` give the keys of version 4 of the draft and of EIP-2333:
/// SHA-256 of `BLS-SIG-KEYGEN-SALT-`. The draft lets the application choose; this is the default.
const DEFAULT_SALT: [u8; 32] = [
    0xaf, 0xf1, 0xb7, 0x03, 0x64, 0x7f, 0xe4, 0xbd, 0x43, 0x3a, 0x89, 0x3a, 0x3d, 0x2b, 0xa5, 0x1a,
    0xbe, 0x26, 0xef, 0x79, 0x4a, 0x83, 0x56, 0xfe, 0xa6, 0x2e, 0x8e, 0x7c, 0x7c, 0x87, 0x75, 0x46,
];

/// A secret key of suite `S`: a number above zero and below the group order.
///
/// Wiped from memory when dropped. It has no `PartialEq`, and `Debug` shows
/// only the suite.
pub struct SecretKey<S: Suite> {
    scalar: SecretScalar,
    suite: PhantomData<S>,
}

impl<S: Suite> fmt::Debug for SecretKey<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretKey({}, redacted)", S::ID)
    }
}

impl<S: Suite> SecretKey<S> {
    const fn from_scalar(scalar: SecretScalar) -> Self {
        Self {
            scalar,
            suite: PhantomData,
        }
    }

    /// Makes a new key from the operating system's randomness.
    ///
    /// # Errors
    /// [`Error::RandomnessUnavailable`].
    pub fn generate() -> Result<Self, Error> {
        let mut material = Zeroizing::new([0; SECRET_BYTES]);
        getrandom::fill(material.as_mut_slice()).map_err(|_| Error::RandomnessUnavailable)?;
        Self::derive(material.as_slice(), None, &[])
    }

    /// Derives a key from secret material, the draft's `KeyGen`.
    ///
    /// # Arguments
    /// * `material` - at least 32 bytes that nobody can guess.
    /// * `salt` - `None` takes SHA-256 of `BLS-SIG-KEYGEN-SALT-`, which gives the
    ///   keys of version 4 of the draft.
    /// * `info` - separates several keys made from one material.
    ///
    /// # Errors
    /// [`Error::KeyMaterialShort`].
    ///
    /// # Reference
    /// draft-irtf-cfrg-bls-signature-06, section 2.3.
    pub fn derive(material: &[u8], salt: Option<&[u8]>, info: &[u8]) -> Result<Self, Error> {
        SecretScalar::derive(material, salt.unwrap_or(&DEFAULT_SALT), info)
            .map(Self::from_scalar)
            .ok_or(Error::KeyMaterialShort {
                found: material.len(),
            })
    }

    /// Reads 32 bytes, big-endian.
    ///
    /// # Errors
    /// [`Error::SecretKeyLength`], [`Error::SecretKeyRange`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let array: &[u8; SECRET_BYTES] = bytes
            .try_into()
            .map_err(|_| Error::SecretKeyLength { found: bytes.len() })?;
        SecretScalar::from_be_bytes(array)
            .map(Self::from_scalar)
            .ok_or(Error::SecretKeyRange)
    }

    /// The 32 bytes, big-endian, in a buffer that wipes itself.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; SECRET_BYTES]> {
        self.scalar.to_be_bytes()
    }

    /// The public key that belongs to this secret, the draft's `SkToPk`.
    ///
    /// # Reference
    /// draft-irtf-cfrg-bls-signature-06, section 2.4.
    #[must_use]
    pub fn public_key(&self) -> PublicKey<S> {
        let generator = Jacobian::from_affine(&S::Key::generator());
        let point: <S::Key as Affine>::Jacobian = generator;
        PublicKey::from_checked(point.multiply_secret(&self.scalar).to_affine())
    }

    /// Signs `message`.
    ///
    /// The same key and message always give the same signature. With message
    /// augmentation the public key is computed first, which costs another
    /// multiplication.
    ///
    /// # Cost
    /// One hash to the group and one multiplication in constant time.
    ///
    /// # Reference
    /// draft-irtf-cfrg-bls-signature-06, sections 2.6, 3.1, 3.2.1 and 3.3.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature<S> {
        let prefix = S::AUGMENTED.then(|| self.public_key());
        let hashed = <S::Signature as Affine>::Jacobian::hash(
            message,
            S::ID.as_bytes(),
            augmentation(prefix.as_ref()).as_ref(),
        );
        self.sign_hash(&hashed)
    }

    /// Signs a message that was hashed to the group, with what stands before it.
    pub(crate) fn sign_hash(&self, hashed: &<S::Signature as Affine>::Jacobian) -> Signature<S> {
        Signature::from_checked(hashed.multiply_secret(&self.scalar).to_affine())
    }
}

impl<S: Possession> SecretKey<S> {
    /// Proves that whoever publishes the public key holds this secret.
    ///
    /// # Reference
    /// draft-irtf-cfrg-bls-signature-06, section 3.3.2.
    #[must_use]
    pub fn prove_possession(&self) -> ProofOfPossession<S> {
        let key = self.public_key().to_bytes();
        let hashed =
            <S::Signature as Affine>::Jacobian::hash(key.as_ref(), S::PROOF_TAG.as_bytes(), &[]);
        ProofOfPossession::from_checked(hashed.multiply_secret(&self.scalar).to_affine())
    }

    /// The public key, proved: who holds the secret needs no other proof.
    #[must_use]
    pub fn proven_key(&self) -> ProvenKey<S> {
        ProvenKey::from_proved(self.public_key())
    }
}
