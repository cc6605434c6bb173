//! Public keys, and public keys whose possession was proved.

use trustid_lanes::{Affine, Jacobian, MillerLoop};

use super::signature::{ProofOfPossession, Signature};
use super::suite::{Possession, Suite};
use crate::Error;

/// A public key of suite `S`: a point of prime order, never the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey<S: Suite> {
    point: S::Key,
}

impl<S: Suite> PublicKey<S> {
    /// Wraps a point that is known to be in the subgroup and not the identity.
    pub(crate) const fn from_checked(point: S::Key) -> Self {
        Self { point }
    }

    /// Reads the compressed form and checks all that `KeyValidate` asks for.
    ///
    /// 48 bytes in the minimal-public-key-size variant, 96 in the other.
    ///
    /// # Errors
    /// [`Error::PointEncoding`], [`Error::PointNotOnCurve`],
    /// [`Error::PointNotInSubgroup`], [`Error::KeyIsIdentity`].
    ///
    /// # Reference
    /// draft-irtf-cfrg-bls-signature-06, section 2.5.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let point = read_compressed::<S::Key>(bytes)?;
        if point.is_identity() {
            return Err(Error::KeyIsIdentity);
        }
        Ok(Self { point })
    }

    /// The compressed form.
    #[must_use]
    pub fn to_bytes(&self) -> <S::Key as Affine>::Compressed {
        self.point.compress()
    }

    pub(crate) const fn point(&self) -> &S::Key {
        &self.point
    }

    /// Checks that `signature` was made over `message` with this key's secret.
    ///
    /// # Errors
    /// [`Error::SignatureInvalid`].
    ///
    /// # Cost
    /// One hash to the group, two Miller loops, one final exponentiation.
    ///
    /// # Reference
    /// draft-irtf-cfrg-bls-signature-06, sections 2.7, 3.1, 3.2.2 and 3.3.
    pub fn verify(&self, signature: &Signature<S>, message: &[u8]) -> Result<(), Error> {
        let hashed = self.hash(message).to_affine();
        if pairs_cancel::<S>(&[self.point], &[hashed], signature.point()) {
            Ok(())
        } else {
            Err(Error::SignatureInvalid)
        }
    }

    /// The point of the signature group that this key's holder multiplies to sign `message`.
    pub(crate) fn hash(&self, message: &[u8]) -> <S::Signature as Affine>::Jacobian {
        let prefix = S::AUGMENTED.then_some(self);
        Jacobian::hash(message, S::ID.as_bytes(), augmentation(prefix).as_ref())
    }
}

/// What [`PublicKey::hash`] gives for each key and message.
pub(crate) fn hash_all<'a, S: Suite>(
    pairs: impl Iterator<Item = (&'a PublicKey<S>, &'a [u8])>,
) -> Vec<S::Signature> {
    let parts: Vec<(Prefix<S>, &[u8])> = pairs
        .map(|(key, message)| (augmentation(S::AUGMENTED.then_some(key)), message))
        .collect();
    let parts: Vec<[&[u8]; 2]> = parts
        .iter()
        .map(|(prefix, message)| [prefix.as_ref(), message])
        .collect();
    <S::Signature as Affine>::Jacobian::hash_all(&parts, S::ID.as_bytes())
}

impl<S: Suite> AsRef<Self> for PublicKey<S> {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// A public key whose holder proved to know its secret.
///
/// The only kind of key that the proof-of-possession scheme aggregates: a key
/// computed from other people's keys so as to cancel them has no known secret,
/// so nobody can make one of these from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvenKey<S: Suite> {
    key: PublicKey<S>,
}

impl<S: Possession> ProvenKey<S> {
    pub(crate) const fn from_proved(key: PublicKey<S>) -> Self {
        Self { key }
    }

    /// Checks the proof of possession of `key`.
    ///
    /// # Errors
    /// [`Error::PossessionInvalid`].
    ///
    /// # Cost
    /// That of [`PublicKey::verify`].
    ///
    /// # Reference
    /// draft-irtf-cfrg-bls-signature-06, section 3.3.3.
    pub fn prove(key: PublicKey<S>, proof: &ProofOfPossession<S>) -> Result<Self, Error> {
        let bytes = key.to_bytes();
        let hashed: <S::Signature as Affine>::Jacobian =
            Jacobian::hash(bytes.as_ref(), S::PROOF_TAG.as_bytes(), &[]);
        if pairs_cancel::<S>(&[key.point], &[hashed.to_affine()], proof.point()) {
            Ok(Self { key })
        } else {
            Err(Error::PossessionInvalid)
        }
    }
}

impl<S: Suite> ProvenKey<S> {
    /// The key itself.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey<S> {
        &self.key
    }
}

impl<S: Suite> AsRef<PublicKey<S>> for ProvenKey<S> {
    fn as_ref(&self) -> &PublicKey<S> {
        &self.key
    }
}

/// What stands before the message: the signer's compressed key, or nothing.
pub(crate) fn augmentation<S: Suite>(key: Option<&PublicKey<S>>) -> Prefix<S> {
    Prefix(key.map(PublicKey::to_bytes))
}

pub(crate) struct Prefix<S: Suite>(Option<<S::Key as Affine>::Compressed>);

impl<S: Suite> AsRef<[u8]> for Prefix<S> {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], AsRef::as_ref)
    }
}

/// Reads a compressed point and holds it against curve and subgroup; may be the identity.
pub(crate) fn read_compressed<P: Affine>(bytes: &[u8]) -> Result<P, Error> {
    let point = P::uncompress(bytes)
        .map_err(|error| Error::from_point(error, P::COMPRESSED, bytes.len()))?;
    if !point.in_subgroup() {
        return Err(Error::PointNotInSubgroup);
    }
    Ok(point)
}

/// Whether `e(key_1, hash_1) ... e(key_n, hash_n) = e(generator, signature)`.
pub(crate) fn pairs_cancel<S: Suite>(
    keys: &[S::Key],
    hashes: &[S::Signature],
    signature: &S::Signature,
) -> bool {
    let mut all_keys = Vec::with_capacity(keys.len() + 1);
    all_keys.extend_from_slice(keys);
    all_keys.push(S::Key::generator().negate());
    let mut all_points = Vec::with_capacity(hashes.len() + 1);
    all_points.extend_from_slice(hashes);
    all_points.push(*signature);
    let mut product = MillerLoop::new();
    S::pair(&mut product, &all_keys, &all_points);
    product.is_one()
}
