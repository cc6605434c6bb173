//! One signature for many.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyBytesMethods};
use trustid_core::bls::{self, Possession, Suite as CoreSuite};
use trustid_core::Error;

use super::public::Signer;
use super::signature::{AnySignature, Signature};
use crate::errors::{to_python, IntoPython};
use crate::gil::{detached, hashing};
use crate::suite::{each, lift, Narrow};

/// Keys that cost about as much to add as one pairing.
const KEYS_PER_PAIRING: usize = 1 << 10;

/// Add signatures up to one.
///
/// Order does not matter. The sum says nothing by itself: `verify_aggregate`
/// or `fast_aggregate_verify` says whether it holds.
///
/// Args:
///     signatures: 1 to 131,072 signatures of one suite.
///
/// Raises:
///     SignatureError: `aggregate_invalid`, none were given or they cancel;
///         `suite_mismatch`.
///     LimitExceededError: `limit_exceeded`.
///
/// Cost:
///     About a microsecond for each signature.
///
/// Reference:
///     draft-irtf-cfrg-bls-signature-06, section 2.8.
#[pyfunction]
pub(crate) fn aggregate(
    python: Python<'_>,
    signatures: Vec<Bound<'_, Signature>>,
) -> PyResult<Signature> {
    let Some(first) = signatures.first() else {
        return Err(to_python(&Error::AggregateEmpty));
    };
    let cost = signatures.len() / KEYS_PER_PAIRING;
    Ok(Signature(
        lift!(AnySignature => AnySignature, &first.get().0, _ => {
            let parts = narrow_all(signatures.iter().map(|part| &part.get().0))?;
            detached(python, cost, || bls::aggregate(&parts)).into_python()?
        }),
    ))
}

/// Check one signature that stands for many signed messages.
///
/// Holds exactly when every signer signed the message beside its key. A
/// refusal does not tell which pair is at fault.
///
/// Args:
///     signature: Sum of the signatures.
///     keys: 1 to 131,072 keys: `ProvenKey` in the POSSESSION suites, any key
///         in the others.
///     messages: As many messages; in the BASIC suites no two may be equal.
///     threads: Threads to use, the caller's included.
///
/// Raises:
///     SignatureError: `aggregate_invalid`, also for no keys or another number
///         of messages; `messages_not_distinct`; `pop_required`; `suite_mismatch`.
///     LimitExceededError: `limit_exceeded`.
///
/// Cost:
///     For each message one hash to the group and one Miller loop, about 0.5 ms.
///     The interpreter lock is released from 8 messages on.
///
/// Reference:
///     draft-irtf-cfrg-bls-signature-06, sections 2.9, 3.1.1, 3.2.3 and 3.3.
///
/// Example:
///     >>> ada, bob = SecretKey.generate(), SecretKey.generate()
///     >>> total = aggregate([ada.sign(b"red"), bob.sign(b"blue")])
///     >>> verify_aggregate(total, [ada.proven_key(), bob.proven_key()], [b"red", b"blue"])
#[pyfunction]
#[pyo3(signature = (signature, keys, messages, *, threads = 1))]
pub(crate) fn verify_aggregate(
    python: Python<'_>,
    signature: &Signature,
    keys: Vec<Signer<'_>>,
    messages: Vec<Bound<'_, PyBytes>>,
    threads: usize,
) -> PyResult<()> {
    each!(AnySignature, &signature.0, signature => {
        let signers = narrow_all(&keys)?;
        verify_pairs(python, signature, &signers, &messages, threads)
    })
}

fn verify_pairs<S: CoreSuite>(
    python: Python<'_>,
    signature: &bls::Signature<S>,
    signers: &[S::Signer],
    messages: &[Bound<'_, PyBytes>],
    threads: usize,
) -> PyResult<()>
where
    S::Signer: Sync,
{
    let messages: Vec<&[u8]> = messages.iter().map(PyBytesMethods::as_bytes).collect();
    let bytes = messages.iter().map(|message| message.len()).sum();
    detached(python, messages.len() + hashing(bytes), || {
        bls::verify_aggregate(signature, signers, &messages, threads)
    })
    .into_python()
}

/// Check one signature of many signers over one message.
///
/// Each signer counts once: a key that stands twice is refused, since what
/// people read off a result is how many signed.
///
/// Args:
///     signature: Sum of the signatures, of a POSSESSION suite.
///     keys: 1 to 131,072 proven keys.
///     message: The bytes that every one of them signed.
///
/// Raises:
///     SignatureError: `aggregate_invalid`, also for no keys or keys that
///         cancel; `duplicate_signer`; `pop_required` for a key without proof;
///         `suite_mismatch`.
///     UnsupportedError: `unsupported`, the suite has no proofs of possession.
///     LimitExceededError: `limit_exceeded`.
///
/// Cost:
///     About a microsecond for each key and one verification, about 1 ms.
///
/// Reference:
///     draft-irtf-cfrg-bls-signature-06, section 3.3.4.
///
/// Example:
///     >>> ada, bob = SecretKey.generate(), SecretKey.generate()
///     >>> total = aggregate([ada.sign(b"epoch 7"), bob.sign(b"epoch 7")])
///     >>> fast_aggregate_verify(total, [ada.proven_key(), bob.proven_key()], b"epoch 7")
#[pyfunction]
pub(crate) fn fast_aggregate_verify(
    python: Python<'_>,
    signature: &Signature,
    keys: Vec<Signer<'_>>,
    message: &[u8],
) -> PyResult<()> {
    match &signature.0 {
        AnySignature::MinPkPossession(signature) => {
            verify_one_message(python, signature, &narrow_all(&keys)?, message)
        }
        AnySignature::MinSigPossession(signature) => {
            verify_one_message(python, signature, &narrow_all(&keys)?, message)
        }
        other => Err(to_python(&Error::SuiteWithoutPossession {
            suite: other.suite().id(),
        })),
    }
}

fn verify_one_message<S: Possession>(
    python: Python<'_>,
    signature: &bls::Signature<S>,
    keys: &[bls::ProvenKey<S>],
    message: &[u8],
) -> PyResult<()> {
    let cost = 2 + keys.len() / KEYS_PER_PAIRING + hashing(message.len());
    detached(python, cost, || {
        bls::fast_aggregate_verify(signature, keys, message)
    })
    .into_python()
}

/// Takes the values of one suite out of handles of any suite.
pub(super) fn narrow_all<'a, T, A: Narrow<T> + 'a>(
    handles: impl IntoIterator<Item = &'a A>,
) -> PyResult<Vec<T>> {
    handles
        .into_iter()
        .map(Narrow::narrow)
        .collect::<Result<_, _>>()
        .into_python()
}
