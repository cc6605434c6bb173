//! Signatures and proofs of possession: points of the signature group.

use trustid_lanes::Affine;

use super::public::read_compressed;
use super::suite::{Possession, Suite};
use crate::Error;

/// A signature of suite `S`, of one signer or aggregated: a point of prime order, never the identity.
///
/// The identity is refused although the draft's `Verify` would read it: it can
/// only be the sum of signatures that cancel, and no honest signer sees one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature<S: Suite> {
    point: S::Signature,
}

impl<S: Suite> Signature<S> {
    pub(crate) const fn from_checked(point: S::Signature) -> Self {
        Self { point }
    }

    /// Reads the compressed form: 96 bytes in the minimal-public-key-size variant, 48 in the other.
    ///
    /// # Errors
    /// [`Error::PointEncoding`], [`Error::PointNotOnCurve`],
    /// [`Error::PointNotInSubgroup`], [`Error::SignatureIsIdentity`].
    ///
    /// # Reference
    /// draft-irtf-cfrg-bls-signature-06, section 2.7, steps 1 to 3.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        read_signature_point::<S>(bytes).map(Self::from_checked)
    }

    /// The compressed form.
    #[must_use]
    pub fn to_bytes(&self) -> <S::Signature as Affine>::Compressed {
        self.point.compress()
    }

    pub(crate) const fn point(&self) -> &S::Signature {
        &self.point
    }
}

/// A proof that the holder of a public key knows its secret.
///
/// Not a [`Signature`]: it is made under another tag, and a type of its own
/// keeps one from being offered as the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProofOfPossession<S: Possession> {
    point: S::Signature,
}

impl<S: Possession> ProofOfPossession<S> {
    pub(crate) const fn from_checked(point: S::Signature) -> Self {
        Self { point }
    }

    /// Reads the compressed form, of the size of a signature.
    ///
    /// # Errors
    /// As [`Signature::from_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        read_signature_point::<S>(bytes).map(Self::from_checked)
    }

    /// The compressed form.
    #[must_use]
    pub fn to_bytes(&self) -> <S::Signature as Affine>::Compressed {
        self.point.compress()
    }

    pub(crate) const fn point(&self) -> &S::Signature {
        &self.point
    }
}

fn read_signature_point<S: Suite>(bytes: &[u8]) -> Result<S::Signature, Error> {
    let point = read_compressed::<S::Signature>(bytes)?;
    if point.is_identity() {
        return Err(Error::SignatureIsIdentity);
    }
    Ok(point)
}
