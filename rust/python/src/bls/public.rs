//! Public keys, plain and proved.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use trustid_core::bls::{
    prove_many, read_keys, Possession, ProofOfPossession as CoreProof, ProvenKey as CoreProvenKey,
    PublicKey as CorePublicKey,
};
use trustid_core::Error;

use super::aggregation::narrow_all;
use super::signature::{AnyProof, ProofOfPossession, Signature};
use crate::errors::{to_python, IntoPython};
use crate::gil::{detached, hashing};
use crate::suite::{any_suite, each, make, make_many, narrow, Narrow, Suite};

/// Bytes of compressed points that cost about as much to read as one pairing.
pub(super) const BYTES_READ_PER_PAIRING: usize = 1 << 9;

any_suite!(AnyPublicKey, PublicKey);
narrow!(AnyPublicKey, PublicKey);
any_suite!(possession AnyProvenKey, ProvenKey);
narrow!(possession AnyProvenKey, ProvenKey);

/// A public key of one suite.
///
/// A key in hand was checked once, when it was read: canonical bytes, on the
/// curve, of prime order, not the identity.
///
/// Example:
///     >>> ada = SecretKey.generate()
///     >>> key = PublicKey.from_bytes(bytes(ada.public_key()))
///     >>> key == ada.public_key()
///     True
#[pyclass(frozen, module = "trustid.keys.bls")]
pub(crate) struct PublicKey(pub(super) AnyPublicKey);

#[pymethods]
impl PublicKey {
    /// Read a compressed public key and check all that KeyValidate asks for.
    ///
    /// Args:
    ///     data: 48 bytes in the MIN_PK suites, 96 in the MIN_SIG suites.
    ///     suite: What the key is for.
    ///
    /// Raises:
    ///     MalformedError: `point_encoding`, `point_not_on_curve`,
    ///         `point_not_in_subgroup`, or `key_invalid` for the identity.
    ///
    /// Cost:
    ///     One square root and one subgroup check, about 0.1 ms.
    ///
    /// Reference:
    ///     draft-irtf-cfrg-bls-signature-06, section 2.5.
    #[staticmethod]
    #[pyo3(signature = (data, suite = Suite::MIN_PK_POSSESSION))]
    fn from_bytes(data: &[u8], suite: Suite) -> PyResult<Self> {
        Ok(Self(make!(
            AnyPublicKey,
            suite,
            CorePublicKey::from_bytes(data).into_python()?
        )))
    }

    /// Read many compressed public keys at once.
    ///
    /// Args:
    ///     data: The keys, one after the other.
    ///     suite: What the keys are for.
    ///     threads: Threads to use, the caller's included.
    ///
    /// Returns:
    ///     The keys in the order of the data.
    ///
    /// Raises:
    ///     MalformedError: As `from_bytes`; the message names the first bad place.
    ///     LimitExceededError: `limit_exceeded`, more than 16,777,216 keys or 256 threads.
    ///
    /// Cost:
    ///     That of `from_bytes` for each, shared among the threads.
    #[staticmethod]
    #[pyo3(signature = (data, suite = Suite::MIN_PK_POSSESSION, *, threads = 1))]
    fn read_many(
        python: Python<'_>,
        data: &[u8],
        suite: Suite,
        threads: usize,
    ) -> PyResult<Vec<Self>> {
        let cost = data.len() / BYTES_READ_PER_PAIRING;
        Ok(make_many!(
            AnyPublicKey,
            suite,
            detached(python, cost, || read_keys(data, threads)).into_python()?,
            Self
        ))
    }

    /// The compressed form: 48 bytes in the MIN_PK suites, 96 in the MIN_SIG suites.
    fn to_bytes<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        each!(AnyPublicKey, &self.0, key => PyBytes::new(python, key.to_bytes().as_ref()))
    }

    /// Check that a signature was made over a message with this key's secret.
    ///
    /// Args:
    ///     signature: Of the same suite.
    ///     message: The bytes that were signed.
    ///
    /// Raises:
    ///     SignatureError: `signature_invalid`; `suite_mismatch` for a signature of another suite.
    ///
    /// Cost:
    ///     One hash to the group and two pairings, about 1 ms.
    ///
    /// Reference:
    ///     draft-irtf-cfrg-bls-signature-06, sections 2.7, 3.1, 3.2.2 and 3.3.
    fn verify(&self, python: Python<'_>, signature: &Signature, message: &[u8]) -> PyResult<()> {
        detached(python, 2 + hashing(message.len()), || {
            each!(AnyPublicKey, &self.0, key => {
                signature.0.narrow().and_then(|signature| key.verify(&signature, message))
            })
        })
        .into_python()
    }

    /// The suite that the key belongs to.
    #[getter]
    const fn suite(&self) -> Suite {
        self.0.suite()
    }

    fn __bytes__<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        self.to_bytes(python)
    }

    fn __repr__(&self) -> String {
        format!(
            "<PublicKey {} {}>",
            hexadecimal(&self.bytes()),
            self.0.suite().id()
        )
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0.suite() == other.0.suite() && self.bytes() == other.bytes()
    }

    fn __hash__(&self) -> u64 {
        hash_of(&self.bytes())
    }
}

impl PublicKey {
    fn bytes(&self) -> Vec<u8> {
        each!(AnyPublicKey, &self.0, key => key.to_bytes().as_ref().to_vec())
    }
}

/// A public key whose holder proved to know its secret.
///
/// The only kind of key that the POSSESSION suites aggregate: a key computed
/// so as to cancel other people's keys has no known secret, so nobody can make
/// one of these from it.
///
/// Example:
///     >>> ada = SecretKey.generate()
///     >>> key = ProvenKey.prove(ada.public_key(), ada.prove_possession())
///     >>> key == ada.proven_key()
///     True
#[pyclass(frozen, module = "trustid.keys.bls")]
pub(crate) struct ProvenKey(pub(super) AnyProvenKey);

#[pymethods]
impl ProvenKey {
    /// Check a proof of possession, the draft's PopVerify.
    ///
    /// Raises:
    ///     SignatureError: `pop_invalid`; `suite_mismatch` for a key of another suite.
    ///
    /// Cost:
    ///     That of verifying a signature, about 1 ms.
    ///
    /// Reference:
    ///     draft-irtf-cfrg-bls-signature-06, section 3.3.3.
    #[staticmethod]
    fn prove(key: &PublicKey, proof: &ProofOfPossession) -> PyResult<Self> {
        Ok(Self(match &proof.0 {
            AnyProof::MinPkPossession(proof) => AnyProvenKey::MinPkPossession(
                key.0
                    .narrow()
                    .and_then(|key| CoreProvenKey::prove(key, proof))
                    .into_python()?,
            ),
            AnyProof::MinSigPossession(proof) => AnyProvenKey::MinSigPossession(
                key.0
                    .narrow()
                    .and_then(|key| CoreProvenKey::prove(key, proof))
                    .into_python()?,
            ),
        }))
    }

    /// Check many proofs of possession together.
    ///
    /// Args:
    ///     keys: 1 to 131,072 keys of one suite.
    ///     proofs: As many proofs.
    ///     threads: Threads to use, the caller's included.
    ///
    /// Returns:
    ///     The proven keys, in the order of the keys.
    ///
    /// Raises:
    ///     SignatureError: `pop_invalid`, the message names the first place that
    ///         does not fit; `aggregate_invalid` for no proofs or lists of
    ///         different lengths; `suite_mismatch`.
    ///     LimitExceededError: `limit_exceeded`.
    ///
    /// Cost:
    ///     About two thirds of a verification for each.
    #[staticmethod]
    #[pyo3(signature = (keys, proofs, *, threads = 1))]
    fn prove_many(
        python: Python<'_>,
        keys: Vec<Bound<'_, PublicKey>>,
        proofs: Vec<Bound<'_, ProofOfPossession>>,
        threads: usize,
    ) -> PyResult<Vec<Self>> {
        match proofs.first().map(|proof| proof.get().0.suite()) {
            None => Err(to_python(&Error::AggregateEmpty)),
            Some(Suite::MIN_SIG_POSSESSION) => prove_list(
                python,
                &keys,
                &proofs,
                threads,
                AnyProvenKey::MinSigPossession,
            ),
            Some(_) => prove_list(
                python,
                &keys,
                &proofs,
                threads,
                AnyProvenKey::MinPkPossession,
            ),
        }
    }

    /// The key itself.
    #[getter]
    pub(super) fn public_key(&self) -> PublicKey {
        PublicKey(match &self.0 {
            AnyProvenKey::MinPkPossession(key) => AnyPublicKey::MinPkPossession(*key.public_key()),
            AnyProvenKey::MinSigPossession(key) => {
                AnyPublicKey::MinSigPossession(*key.public_key())
            }
        })
    }

    /// The compressed form of the key.
    fn to_bytes<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        self.public_key().to_bytes(python)
    }

    /// Check that a signature was made over a message with this key's secret.
    ///
    /// Raises:
    ///     SignatureError: As `PublicKey.verify`.
    fn verify(&self, python: Python<'_>, signature: &Signature, message: &[u8]) -> PyResult<()> {
        self.public_key().verify(python, signature, message)
    }

    /// The suite that the key belongs to.
    #[getter]
    const fn suite(&self) -> Suite {
        self.0.suite()
    }

    fn __bytes__<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        self.to_bytes(python)
    }

    fn __repr__(&self) -> String {
        let key = self.public_key();
        format!(
            "<ProvenKey {} {}>",
            hexadecimal(&key.bytes()),
            self.0.suite().id()
        )
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.public_key().__eq__(&other.public_key())
    }

    fn __hash__(&self) -> u64 {
        self.public_key().__hash__()
    }
}

fn prove_list<S: Possession>(
    python: Python<'_>,
    keys: &[Bound<'_, PublicKey>],
    proofs: &[Bound<'_, ProofOfPossession>],
    threads: usize,
    wrap: impl Fn(CoreProvenKey<S>) -> AnyProvenKey,
) -> PyResult<Vec<ProvenKey>>
where
    AnyPublicKey: Narrow<CorePublicKey<S>>,
    AnyProof: Narrow<CoreProof<S>>,
{
    let keys = narrow_all(keys.iter().map(|key| &key.get().0))?;
    let proofs = narrow_all(proofs.iter().map(|proof| &proof.get().0))?;
    let proven = detached(python, proofs.len(), || prove_many(&keys, &proofs, threads));
    Ok(proven
        .into_python()?
        .into_iter()
        .map(|key| ProvenKey(wrap(key)))
        .collect())
}

/// A key in a list of signers: Python may hand over either kind.
#[derive(FromPyObject)]
pub(crate) enum Signer<'py> {
    Proven(Bound<'py, ProvenKey>),
    Plain(Bound<'py, PublicKey>),
}

macro_rules! plain_signer {
    ($($suite:ident),+) => {
        $(impl Narrow<CorePublicKey<trustid_core::bls::$suite>> for Signer<'_> {
            fn narrow(&self) -> Result<CorePublicKey<trustid_core::bls::$suite>, Error> {
                match self {
                    Self::Plain(key) => key.get().0.narrow(),
                    Self::Proven(key) => key.get().public_key().0.narrow(),
                }
            }
        })+
    };
}

macro_rules! proven_signer {
    ($($suite:ident),+) => {
        $(impl Narrow<CoreProvenKey<trustid_core::bls::$suite>> for Signer<'_> {
            fn narrow(&self) -> Result<CoreProvenKey<trustid_core::bls::$suite>, Error> {
                match self {
                    Self::Proven(key) => key.get().0.narrow(),
                    Self::Plain(_) => Err(Error::PossessionNotProved),
                }
            }
        })+
    };
}

plain_signer!(MinPkBasic, MinPkAugmented, MinSigBasic, MinSigAugmented);
proven_signer!(MinPkPossession, MinSigPossession);

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or_default());
        }
    }
    text
}

pub(super) fn hash_of(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
