//! Many independent signatures checked together.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyBytesMethods};
use trustid_core::bls::{self, PublicKey as CorePublicKey, Suite as CoreSuite};
use trustid_core::Error;

use super::aggregation::narrow_all;
use super::public::{AnyPublicKey, ProvenKey, PublicKey};
use super::signature::{AnySignature, Signature};
use crate::errors::{to_python, IntoPython};
use crate::gil::{detached, hashing};
use crate::suite::{each, Narrow};

/// A key of either kind, of which only the key matters here.
#[derive(FromPyObject)]
pub(crate) enum AnyKey<'py> {
    Plain(Bound<'py, PublicKey>),
    Proven(Bound<'py, ProvenKey>),
}

impl<S: CoreSuite> Narrow<CorePublicKey<S>> for AnyKey<'_>
where
    AnyPublicKey: Narrow<CorePublicKey<S>>,
{
    fn narrow(&self) -> Result<CorePublicKey<S>, Error> {
        match self {
            Self::Plain(key) => key.get().0.narrow(),
            Self::Proven(key) => key.get().public_key().0.narrow(),
        }
    }
}

/// Check that each signature fits the key and the message at its place.
///
/// All are checked together with fresh random coefficients of 128 bits:
/// signatures that are wrong and cancel each other do not pass.
///
/// Args:
///     keys: 1 to 131,072 keys, plain or proven, of one suite.
///     messages: As many messages.
///     signatures: As many signatures.
///     threads: Threads to use, the caller's included.
///
/// Raises:
///     SignatureError: `signature_invalid`, the message names the first place
///         that does not fit; `aggregate_invalid` for no signatures or lists of
///         different lengths; `suite_mismatch`.
///     LimitExceededError: `limit_exceeded`.
///
/// Cost:
///     About two thirds of a verification for each; a third or less where keys
///     or messages repeat. The interpreter lock is released from 8 signatures on.
///
/// Example:
///     >>> ada, bob = SecretKey.generate(), SecretKey.generate()
///     >>> keys, messages = [ada.public_key(), bob.public_key()], [b"red", b"blue"]
///     >>> verify_batch(keys, messages, [ada.sign(b"red"), bob.sign(b"blue")])
#[pyfunction]
#[pyo3(signature = (keys, messages, signatures, *, threads = 1))]
pub(crate) fn verify_batch(
    python: Python<'_>,
    keys: Vec<AnyKey<'_>>,
    messages: Vec<Bound<'_, PyBytes>>,
    signatures: Vec<Bound<'_, Signature>>,
    threads: usize,
) -> PyResult<()> {
    let messages: Vec<&[u8]> = messages.iter().map(PyBytesMethods::as_bytes).collect();
    let cost = signatures.len() + hashing(messages.iter().map(|part| part.len()).sum());
    each!(AnySignature, first(&signatures)?, like => {
        let (keys, parts) = of_suite(like, &keys, &signatures)?;
        detached(python, cost, || bls::verify_batch(&keys, &messages, &parts, threads))
            .into_python()
    })
}

/// Find the places whose signatures do not fit; an empty list if all do.
///
/// Args:
///     keys: 1 to 131,072 keys, plain or proven, of one suite.
///     messages: As many messages.
///     signatures: As many signatures.
///     threads: Threads to use, the caller's included.
///
/// Returns:
///     The bad places, in order.
///
/// Raises:
///     SignatureError: `aggregate_invalid` for no signatures or lists of
///         different lengths; `suite_mismatch`.
///     LimitExceededError: `limit_exceeded`.
///
/// Cost:
///     That of `verify_batch` and, for `k` bad ones among `n`, about
///     `k * log2(n / k)` checks of ever smaller parts.
///
/// Example:
///     >>> ada = SecretKey.generate()
///     >>> keys, signed = [ada.public_key()] * 3, [ada.sign(b"red")] * 3
///     >>> find_invalid(keys, [b"red", b"blue", b"red"], signed)
///     [1]
#[pyfunction]
#[pyo3(signature = (keys, messages, signatures, *, threads = 1))]
pub(crate) fn find_invalid(
    python: Python<'_>,
    keys: Vec<AnyKey<'_>>,
    messages: Vec<Bound<'_, PyBytes>>,
    signatures: Vec<Bound<'_, Signature>>,
    threads: usize,
) -> PyResult<Vec<usize>> {
    let messages: Vec<&[u8]> = messages.iter().map(PyBytesMethods::as_bytes).collect();
    let cost = signatures.len() + hashing(messages.iter().map(|part| part.len()).sum());
    each!(AnySignature, first(&signatures)?, like => {
        let (keys, parts) = of_suite(like, &keys, &signatures)?;
        detached(python, cost, || bls::find_invalid(&keys, &messages, &parts, threads))
            .into_python()
    })
}

/// The first signature, whose suite is that of the whole batch.
fn first<'a>(signatures: &'a [Bound<'_, Signature>]) -> PyResult<&'a AnySignature> {
    match signatures.first() {
        Some(signature) => Ok(&signature.get().0),
        None => Err(to_python(&Error::AggregateEmpty)),
    }
}

/// The keys and signatures, all of the suite of the first signature.
#[allow(clippy::type_complexity, reason = "two lists that belong together")]
fn of_suite<S: CoreSuite>(
    _like: &bls::Signature<S>,
    keys: &[AnyKey<'_>],
    signatures: &[Bound<'_, Signature>],
) -> PyResult<(Vec<CorePublicKey<S>>, Vec<bls::Signature<S>>)>
where
    AnyPublicKey: Narrow<CorePublicKey<S>>,
    AnySignature: Narrow<bls::Signature<S>>,
{
    let keys = narrow_all(keys)?;
    let signatures = narrow_all(signatures.iter().map(|part| &part.get().0))?;
    Ok((keys, signatures))
}
