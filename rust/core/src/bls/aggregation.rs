//! One signature for many: aggregation and its checks.

use std::collections::HashSet;

use trustid_lanes::{Affine, Jacobian, MillerLoop};

use super::public::{hash_all, pairs_cancel, ProvenKey};
use super::signature::Signature;
use super::suite::{Possession, Suite};
use crate::parallel::{by_ranges, check_threads};
use crate::Error;

/// The most parts that one call takes; longer lists belong in a key store.
pub const MAX_PARTS: usize = 1 << 17;

/// Adds signatures up to one.
///
/// Order does not matter. What comes out says nothing by itself: it holds when
/// [`verify_aggregate`] or [`fast_aggregate_verify`] says so.
///
/// # Errors
/// [`Error::AggregateEmpty`]; [`Error::LimitExceeded`] above [`MAX_PARTS`];
/// [`Error::AggregateInvalid`] if the signatures cancel, so that their sum is the identity.
///
/// # Reference
/// draft-irtf-cfrg-bls-signature-06, section 2.8.
pub fn aggregate<S: Suite>(signatures: &[Signature<S>]) -> Result<Signature<S>, Error> {
    check_count(signatures.len())?;
    let points: Vec<S::Signature> = signatures.iter().map(|part| *part.point()).collect();
    let total = S::Signature::sum(&points);
    if total.is_identity() {
        return Err(Error::AggregateInvalid);
    }
    Ok(Signature::from_checked(total.to_affine()))
}

/// Checks one signature that stands for many signed messages.
///
/// Holds exactly when every signer signed the message beside its key. The
/// signer's type follows from the suite: [`ProvenKey`] where the scheme rests
/// on proofs of possession, a plain key where messages differ by rule (basic)
/// or by construction (augmented).
///
/// # Arguments
/// * `threads` - threads to use, the caller's included.
///
/// # Errors
/// [`Error::AggregateEmpty`], [`Error::LimitExceeded`],
/// [`Error::MessagesNotDistinct`] in the basic scheme, [`Error::AggregateInvalid`].
///
/// # Cost
/// For each message one hash to the group and one Miller loop; one final exponentiation.
///
/// # Reference
/// draft-irtf-cfrg-bls-signature-06, sections 2.9, 3.1.1, 3.2.3 and 3.3.
pub fn verify_aggregate<S: Suite>(
    signature: &Signature<S>,
    signers: &[S::Signer],
    messages: &[&[u8]],
    threads: usize,
) -> Result<(), Error>
where
    S::Signer: Sync,
{
    check_threads(threads)?;
    check_count(signers.len())?;
    if signers.len() != messages.len() {
        return Err(Error::AggregateCount {
            keys: signers.len(),
            found: messages.len(),
        });
    }
    if S::DISTINCT_MESSAGES {
        check_distinct(messages)?;
    }
    let parts = by_ranges(signers.len(), threads, |range| {
        let (signers, messages) = (&signers[range.clone()], &messages[range]);
        let keys: Vec<S::Key> = signers.iter().map(|key| *key.as_ref().point()).collect();
        let pairs = signers.iter().zip(messages);
        let hashes = hash_all(pairs.map(|(signer, message)| (signer.as_ref(), *message)));
        let mut product = MillerLoop::new();
        S::pair(&mut product, &keys, &hashes);
        product
    });
    let mut product = MillerLoop::new();
    S::pair(
        &mut product,
        &[S::Key::generator().negate()],
        &[*signature.point()],
    );
    for part in &parts {
        product.merge(part);
    }
    if product.is_one() {
        Ok(())
    } else {
        Err(Error::AggregateInvalid)
    }
}

/// Checks one signature of many signers over one message.
///
/// Each signer counts once: a key that stands twice is refused, since what
/// people read off a result is how many signed.
///
/// # Errors
/// [`Error::AggregateEmpty`], [`Error::LimitExceeded`], [`Error::DuplicateSigner`];
/// [`Error::AggregateInvalid`], also when the keys cancel to the identity.
///
/// # Cost
/// One addition for each key and the cost of one verification.
///
/// # Reference
/// draft-irtf-cfrg-bls-signature-06, section 3.3.4.
pub fn fast_aggregate_verify<S: Possession>(
    signature: &Signature<S>,
    signers: &[ProvenKey<S>],
    message: &[u8],
) -> Result<(), Error> {
    check_count(signers.len())?;
    let mut seen = HashSet::with_capacity(signers.len());
    for (index, signer) in signers.iter().enumerate() {
        if !seen.insert(Key(signer.public_key().to_bytes())) {
            return Err(Error::DuplicateSigner { index });
        }
    }
    let points: Vec<S::Key> = signers
        .iter()
        .map(|key| *key.public_key().point())
        .collect();
    check_sum::<S>(signature, &S::Key::sum(&points), message)
}

/// Checks a signature over `message` against the sum of proven keys.
pub(crate) fn check_sum<S: Possession>(
    signature: &Signature<S>,
    total: &<S::Key as Affine>::Jacobian,
    message: &[u8],
) -> Result<(), Error> {
    // The draft's KeyValidate on the sum: keys that cancel would accept the identity
    // as a signature of all of them.
    if total.is_identity() {
        return Err(Error::AggregateInvalid);
    }
    let hashed: <S::Signature as Affine>::Jacobian = Jacobian::hash(message, S::ID.as_bytes(), &[]);
    if pairs_cancel::<S>(
        &[total.to_affine()],
        &[hashed.to_affine()],
        signature.point(),
    ) {
        Ok(())
    } else {
        Err(Error::AggregateInvalid)
    }
}

/// A compressed key as an entry of a set.
struct Key<B>(B);

impl<B: AsRef<[u8]>> PartialEq for Key<B> {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ref() == other.0.as_ref()
    }
}

impl<B: AsRef<[u8]>> Eq for Key<B> {}

impl<B: AsRef<[u8]>> core::hash::Hash for Key<B> {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.0.as_ref().hash(state);
    }
}

const fn check_count(parts: usize) -> Result<(), Error> {
    if parts == 0 {
        return Err(Error::AggregateEmpty);
    }
    if parts > MAX_PARTS {
        return Err(Error::LimitExceeded {
            what: "parts of an aggregate",
            limit: MAX_PARTS,
            found: parts,
        });
    }
    Ok(())
}

fn check_distinct(messages: &[&[u8]]) -> Result<(), Error> {
    let mut seen = HashSet::with_capacity(messages.len());
    for (index, message) in messages.iter().enumerate() {
        if !seen.insert(*message) {
            return Err(Error::MessagesNotDistinct { index });
        }
    }
    Ok(())
}
