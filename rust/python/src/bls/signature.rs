//! Signatures and proofs of possession.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use trustid_core::bls::{
    read_signatures, ProofOfPossession as CoreProof, Signature as CoreSignature,
};
use trustid_core::Error;

use super::public::{hash_of, hexadecimal, BYTES_READ_PER_PAIRING};
use crate::errors::{to_python, IntoPython};
use crate::gil::detached;
use crate::suite::{any_suite, each, make, make_many, narrow, Narrow, Suite};

any_suite!(AnySignature, Signature);
narrow!(AnySignature, Signature);
any_suite!(possession AnyProof, ProofOfPossession);
narrow!(possession AnyProof, ProofOfPossession);

/// A signature of one suite, made by one signer or added up from many.
///
/// A signature in hand was checked for encoding, curve and subgroup, and is
/// not the identity. Whether it holds, `verify` says.
#[pyclass(frozen, module = "trustid.keys.bls")]
pub(crate) struct Signature(pub(super) AnySignature);

#[pymethods]
impl Signature {
    /// Read a compressed signature.
    ///
    /// Args:
    ///     data: 96 bytes in the MIN_PK suites, 48 in the MIN_SIG suites.
    ///     suite: The suite that it was made in.
    ///
    /// Raises:
    ///     MalformedError: `point_encoding`, `point_not_on_curve`, `point_not_in_subgroup`.
    ///     SignatureError: `signature_invalid` for the identity, which signs nothing.
    ///
    /// Cost:
    ///     One square root and one subgroup check, 0.1 to 0.2 ms.
    ///
    /// Reference:
    ///     draft-irtf-cfrg-bls-signature-06, section 2.7, steps 1 to 3.
    #[staticmethod]
    #[pyo3(signature = (data, suite = Suite::MIN_PK_POSSESSION))]
    fn from_bytes(data: &[u8], suite: Suite) -> PyResult<Self> {
        Ok(Self(make!(
            AnySignature,
            suite,
            CoreSignature::from_bytes(data).into_python()?
        )))
    }

    /// Read many compressed signatures at once.
    ///
    /// Args:
    ///     data: The signatures, one after the other.
    ///     suite: The suite that they were made in.
    ///     threads: Threads to use, the caller's included.
    ///
    /// Raises:
    ///     MalformedError: As `from_bytes`; the message names the first bad place.
    ///     SignatureError: `signature_invalid` for the identity.
    ///     LimitExceededError: `limit_exceeded`, more than 16,777,216 signatures or 256 threads.
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
            AnySignature,
            suite,
            detached(python, cost, || read_signatures(data, threads)).into_python()?,
            Self
        ))
    }

    /// The compressed form: 96 bytes in the MIN_PK suites, 48 in the MIN_SIG suites.
    fn to_bytes<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        each!(AnySignature, &self.0, value => PyBytes::new(python, value.to_bytes().as_ref()))
    }

    /// The suite that the signature was made in.
    #[getter]
    const fn suite(&self) -> Suite {
        self.0.suite()
    }

    fn __bytes__<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        self.to_bytes(python)
    }

    fn __repr__(&self) -> String {
        format!(
            "<Signature {} {}>",
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

impl Signature {
    fn bytes(&self) -> Vec<u8> {
        each!(AnySignature, &self.0, value => value.to_bytes().as_ref().to_vec())
    }
}

/// A proof that the holder of a public key knows its secret.
///
/// Not a `Signature`: it is made under a tag of its own, so neither passes for
/// the other.
#[pyclass(frozen, module = "trustid.keys.bls")]
pub(crate) struct ProofOfPossession(pub(super) AnyProof);

#[pymethods]
impl ProofOfPossession {
    /// Read a compressed proof, of the size of a signature.
    ///
    /// Raises:
    ///     MalformedError: `point_encoding`, `point_not_on_curve`, `point_not_in_subgroup`.
    ///     SignatureError: `signature_invalid` for the identity.
    ///     UnsupportedError: `unsupported`, the suite has no proofs of possession.
    #[staticmethod]
    #[pyo3(signature = (data, suite = Suite::MIN_PK_POSSESSION))]
    fn from_bytes(data: &[u8], suite: Suite) -> PyResult<Self> {
        Ok(Self(match suite {
            Suite::MIN_PK_POSSESSION => {
                AnyProof::MinPkPossession(CoreProof::from_bytes(data).into_python()?)
            }
            Suite::MIN_SIG_POSSESSION => {
                AnyProof::MinSigPossession(CoreProof::from_bytes(data).into_python()?)
            }
            other => {
                return Err(to_python(&Error::SuiteWithoutPossession {
                    suite: other.id(),
                }));
            }
        }))
    }

    /// The compressed form.
    fn to_bytes<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(python, &self.bytes())
    }

    /// The suite of the key that it proves.
    #[getter]
    const fn suite(&self) -> Suite {
        self.0.suite()
    }

    fn __bytes__<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        self.to_bytes(python)
    }

    fn __repr__(&self) -> String {
        format!(
            "<ProofOfPossession {} {}>",
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

impl ProofOfPossession {
    fn bytes(&self) -> Vec<u8> {
        each!(possession AnyProof, &self.0, value => value.to_bytes().as_ref().to_vec())
    }
}
