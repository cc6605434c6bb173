//! Secret keys.

#![allow(
    clippy::unused_self,
    reason = "Python's special methods take self, also those that only refuse"
)]

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyBytesMethods};
use trustid_core::bls::{sign_many, SecretKey as CoreSecretKey};
use trustid_core::Error;

use super::public::{AnyProvenKey, AnyPublicKey, ProvenKey, PublicKey};
use super::signature::{AnyProof, AnySignature, ProofOfPossession, Signature};
use crate::errors::{to_python, IntoPython};
use crate::gil::{detached, hashing};
use crate::suite::{any_suite, each, lift, make, Suite};

any_suite!(AnySecretKey, SecretKey);

/// A secret key of one suite: 32 bytes, wiped from memory when it goes.
///
/// Nothing shows it: `repr` names the suite only, two keys cannot be compared,
/// and copying or pickling raises `TypeError`. It is used in constant time.
///
/// Reference:
///     draft-irtf-cfrg-bls-signature-06, section 2.3.
///
/// Example:
///     >>> ada = SecretKey.generate()
///     >>> ada.public_key().verify(ada.sign(b"red"), b"red")
#[pyclass(frozen, module = "trustid.keys.bls")]
pub(crate) struct SecretKey(AnySecretKey);

#[pymethods]
impl SecretKey {
    /// Make a new key from the operating system's randomness.
    ///
    /// Args:
    ///     suite: What the key is for; a key belongs to one suite.
    ///
    /// Raises:
    ///     InternalError: The operating system gave no randomness.
    ///
    /// Cost:
    ///     Some microseconds.
    #[staticmethod]
    #[pyo3(signature = (suite = Suite::MIN_PK_POSSESSION))]
    fn generate(suite: Suite) -> PyResult<Self> {
        Ok(Self(make!(
            AnySecretKey,
            suite,
            CoreSecretKey::generate().into_python()?
        )))
    }

    /// Derive a key from secret material, the draft's KeyGen.
    ///
    /// The same material, salt and info always give the same key.
    ///
    /// Args:
    ///     material: At least 32 bytes that nobody can guess.
    ///     suite: What the key is for.
    ///     salt: None takes SHA-256 of `BLS-SIG-KEYGEN-SALT-`, which gives the
    ///         keys of version 4 of the draft (and of EIP-2333's masters).
    ///     info: Separates several keys made from one material.
    ///
    /// Raises:
    ///     MalformedError: `key_invalid`, the material is shorter than 32 bytes.
    ///
    /// Reference:
    ///     draft-irtf-cfrg-bls-signature-06, section 2.3.
    #[staticmethod]
    #[pyo3(signature = (material, suite = Suite::MIN_PK_POSSESSION, *, salt = None, info = b"".as_slice()))]
    fn derive(material: &[u8], suite: Suite, salt: Option<&[u8]>, info: &[u8]) -> PyResult<Self> {
        Ok(Self(make!(
            AnySecretKey,
            suite,
            CoreSecretKey::derive(material, salt, info).into_python()?
        )))
    }

    /// Read a secret key of 32 bytes, big-endian.
    ///
    /// Raises:
    ///     MalformedError: `key_invalid`, not 32 bytes, zero, or not below the group order.
    #[staticmethod]
    #[pyo3(signature = (data, suite = Suite::MIN_PK_POSSESSION))]
    fn from_bytes(data: &[u8], suite: Suite) -> PyResult<Self> {
        Ok(Self(make!(
            AnySecretKey,
            suite,
            CoreSecretKey::from_bytes(data).into_python()?
        )))
    }

    /// The 32 bytes, big-endian: for a keystore only.
    ///
    /// Python keeps `bytes` as it likes: this copy is not wiped.
    fn to_bytes<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        each!(AnySecretKey, &self.0, key => PyBytes::new(python, key.to_bytes().as_slice()))
    }

    /// The public key of this secret, the draft's SkToPk.
    ///
    /// Cost:
    ///     One multiplication of the generator, 0.1 to 0.4 ms.
    ///
    /// Reference:
    ///     draft-irtf-cfrg-bls-signature-06, section 2.4.
    fn public_key(&self) -> PublicKey {
        PublicKey(lift!(AnySecretKey => AnyPublicKey, &self.0, key => key.public_key()))
    }

    /// The public key, proved: whoever holds the secret needs no other proof.
    ///
    /// Raises:
    ///     UnsupportedError: `unsupported`, the suite has no proofs of possession.
    fn proven_key(&self) -> PyResult<ProvenKey> {
        match &self.0 {
            AnySecretKey::MinPkPossession(key) => {
                Ok(AnyProvenKey::MinPkPossession(key.proven_key()))
            }
            AnySecretKey::MinSigPossession(key) => {
                Ok(AnyProvenKey::MinSigPossession(key.proven_key()))
            }
            other => Err(without_possession(other)),
        }
        .map(ProvenKey)
    }

    /// Sign a message.
    ///
    /// The same key and message always give the same signature.
    ///
    /// Args:
    ///     message: Any bytes, also none.
    ///
    /// Returns:
    ///     The signature: 96 bytes in the MIN_PK suites, 48 in the MIN_SIG suites.
    ///
    /// Cost:
    ///     One hash to the group and one multiplication in constant time, 0.15 to 0.5 ms.
    ///
    /// Reference:
    ///     draft-irtf-cfrg-bls-signature-06, sections 2.6, 3.1, 3.2.1 and 3.3.
    fn sign(&self, python: Python<'_>, message: &[u8]) -> Signature {
        detached(python, hashing(message.len()), || {
            Signature(lift!(AnySecretKey => AnySignature, &self.0, key => key.sign(message)))
        })
    }

    /// Sign many messages.
    ///
    /// Args:
    ///     messages: Each any bytes.
    ///     threads: Threads to use, the caller's included.
    ///
    /// Returns:
    ///     The compressed signatures, one after the other.
    ///
    /// Raises:
    ///     LimitExceededError: `limit_exceeded`, more than 16,777,216 messages or 256 threads.
    ///
    /// Cost:
    ///     That of `sign` for each, shared among the threads.
    #[pyo3(signature = (messages, *, threads = 1))]
    fn sign_many<'py>(
        &self,
        python: Python<'py>,
        messages: Vec<Bound<'py, PyBytes>>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let messages: Vec<&[u8]> = messages.iter().map(PyBytesMethods::as_bytes).collect();
        let cost = messages.len() + hashing(messages.iter().map(|part| part.len()).sum());
        let bytes = detached(
            python,
            cost,
            || each!(AnySecretKey, &self.0, key => sign_many(key, &messages, threads)),
        );
        Ok(PyBytes::new(python, &bytes.into_python()?))
    }

    /// Prove that whoever publishes the public key holds this secret.
    ///
    /// Raises:
    ///     UnsupportedError: `unsupported`, the suite has no proofs of possession.
    ///
    /// Cost:
    ///     That of signing.
    ///
    /// Reference:
    ///     draft-irtf-cfrg-bls-signature-06, section 3.3.2.
    fn prove_possession(&self) -> PyResult<ProofOfPossession> {
        match &self.0 {
            AnySecretKey::MinPkPossession(key) => {
                Ok(AnyProof::MinPkPossession(key.prove_possession()))
            }
            AnySecretKey::MinSigPossession(key) => {
                Ok(AnyProof::MinSigPossession(key.prove_possession()))
            }
            other => Err(without_possession(other)),
        }
        .map(ProofOfPossession)
    }

    /// The suite that the key belongs to.
    #[getter]
    const fn suite(&self) -> Suite {
        self.0.suite()
    }

    fn __repr__(&self) -> String {
        format!("<SecretKey {}, redacted>", self.0.suite().id())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(secret_stays("pickled or copied"))
    }

    fn __eq__(&self, _other: &Bound<'_, PyAny>) -> PyResult<bool> {
        Err(secret_stays("compared"))
    }

    fn __hash__(&self) -> PyResult<u64> {
        Err(secret_stays("hashed"))
    }
}

fn without_possession(key: &AnySecretKey) -> PyErr {
    to_python(&Error::SuiteWithoutPossession {
        suite: key.suite().id(),
    })
}

fn secret_stays(done: &str) -> PyErr {
    PyTypeError::new_err(format!("a secret key cannot be {done}"))
}
