//! Files of public keys.

mod build;
mod select;

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use trustid_core::bls::{KeyStore as CoreKeyStore, Kind, Trust};
use trustid_core::Error;

use self::build::Work;
use self::select::{cost, select};
use super::public::{AnyProvenKey, AnyPublicKey, ProvenKey, PublicKey};
use super::signature::{AnySignature, Signature};
use crate::errors::{to_python, IntoPython};
use crate::gil::{detached, hashing};
use crate::suite::{any_suite, each, lift, make, Suite};

any_suite!(AnyKeyStore, KeyStore);

/// Bytes of a digest.
const DIGEST: usize = 32;

/// A file of public keys, checked once and summed as fast as they can be read.
///
/// A store of proven keys was built from keys and proofs of possession; only
/// such a store checks signatures of many signers. Keys have places, 0 to
/// `len(store) - 1`, in the order in which they were added. The file holds both
/// coordinates (96 bytes a key in the MIN_PK suites, 192 in the MIN_SIG suites)
/// and is read, not loaded: a hundred million keys need no memory to speak of.
/// Several processes can have one store open. A file that was cut short or
/// changed is refused.
///
/// Example:
///     >>> import os, tempfile
///     >>> folder = tempfile.TemporaryDirectory()
///     >>> path = os.path.join(folder.name, "committee.store")
///     >>> ada, bob = SecretKey.generate(), SecretKey.generate()
///     >>> keys = bytes(ada.public_key()) + bytes(bob.public_key())
///     >>> proofs = bytes(ada.prove_possession()) + bytes(bob.prove_possession())
///     >>> store = KeyStore.build(path, keys, proofs)
///     >>> total = aggregate([ada.sign(b"epoch 7"), bob.sign(b"epoch 7")])
///     >>> store.fast_aggregate_verify(total, b"epoch 7")
///     2
///     >>> folder.cleanup()
#[pyclass(frozen, module = "trustid.keys.bls")]
pub(crate) struct KeyStore(AnyKeyStore);

#[pymethods]
impl KeyStore {
    /// Check keys, with proofs of possession or without, and write them to a new file.
    ///
    /// The file appears, or takes another's place, when everything in it was
    /// checked and is on the disk.
    ///
    /// Args:
    ///     path: Where the store will be.
    ///     keys: Compressed keys, one after the other.
    ///     proofs: As many compressed proofs; None makes a store of keys that are
    ///         checked and not proved.
    ///     suite: What the keys are for.
    ///     threads: Threads to use, the caller's included.
    ///     progress: Called with keys done and keys in all after each 4,096;
    ///         what it raises ends the work and leaves nothing behind.
    ///
    /// Returns:
    ///     The store, open.
    ///
    /// Raises:
    ///     MalformedError: As `PublicKey.from_bytes`; the message names the first bad place.
    ///     SignatureError: `pop_invalid` with the first bad place; `aggregate_invalid`
    ///         for another number of proofs than of keys.
    ///     UnsupportedError: `unsupported`, proofs in a suite without them.
    ///     StoreError: `store_unavailable`, the file cannot be written.
    ///
    /// Cost:
    ///     About 0.1 ms for each key, 0.8 ms with its proof, shared among the threads.
    #[staticmethod]
    #[pyo3(signature = (path, keys, proofs, suite = Suite::MIN_PK_POSSESSION, *, threads = 1, progress = None))]
    fn build(
        python: Python<'_>,
        path: PathBuf,
        keys: &[u8],
        proofs: Option<&[u8]>,
        suite: Suite,
        threads: usize,
        progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let work = Work {
            python,
            keys,
            proofs,
            threads,
            progress,
        };
        let store = match suite {
            Suite::MIN_PK_BASIC => AnyKeyStore::MinPkBasic(work.validated(&path)?),
            Suite::MIN_PK_AUGMENTED => AnyKeyStore::MinPkAugmented(work.validated(&path)?),
            Suite::MIN_SIG_BASIC => AnyKeyStore::MinSigBasic(work.validated(&path)?),
            Suite::MIN_SIG_AUGMENTED => AnyKeyStore::MinSigAugmented(work.validated(&path)?),
            Suite::MIN_PK_POSSESSION => AnyKeyStore::MinPkPossession(work.any(&path)?),
            Suite::MIN_SIG_POSSESSION => AnyKeyStore::MinSigPossession(work.any(&path)?),
        };
        Ok(Self(store))
    }

    /// Open a store.
    ///
    /// A digest inside a file says nothing about who wrote it. So either the
    /// digest is known from elsewhere, or only the owner, the caller or root,
    /// may write the file and its folder.
    ///
    /// Args:
    ///     path: Where the store is.
    ///     suite: What its keys are for.
    ///     digest: The 32 bytes that `digest` gave; the whole file is read to check it.
    ///     threads: Threads to use for that, the caller's included.
    ///
    /// Raises:
    ///     MalformedError: `malformed`, not a store of this suite.
    ///     StoreError: `store_unavailable`, it cannot be read; `store_tampered`,
    ///         it has another length or digest; `store_unsafe`, somebody else
    ///         can write it and no digest was given.
    ///
    /// Cost:
    ///     With a digest one pass of SHA-256 over the file; without, nothing.
    #[staticmethod]
    #[pyo3(signature = (path, suite = Suite::MIN_PK_POSSESSION, *, digest = None, threads = 1))]
    fn open(
        python: Python<'_>,
        path: PathBuf,
        suite: Suite,
        digest: Option<&[u8]>,
        threads: usize,
    ) -> PyResult<Self> {
        let digest: Option<[u8; DIGEST]> = match digest {
            None => None,
            Some(bytes) => Some(bytes.try_into().map_err(|_| {
                to_python(&Error::StoreDamaged {
                    found: "a digest of another length than 32 bytes",
                })
            })?),
        };
        let trust = digest.as_ref().map_or(Trust::Owner, Trust::Digest);
        Ok(Self(make!(
            AnyKeyStore,
            suite,
            python
                .detach(|| CoreKeyStore::open(&path, trust, threads))
                .into_python()?
        )))
    }

    /// Write a new store of this one's keys and more, and open it.
    ///
    /// This store stays as it is, also where the new one takes its place.
    ///
    /// Args:
    ///     path: Where the new store will be; it may be where this one is.
    ///     keys: Compressed keys to add.
    ///     proofs: As many compressed proofs; None for a store of unproven keys.
    ///     threads: Threads to use, the caller's included.
    ///     progress: As in `build`.
    ///
    /// Raises:
    ///     SignatureError: `pop_required`, this store holds proven keys and no
    ///         proofs were given; and as `build`.
    ///     StoreError: `store_tampered`, this store does not answer its digest.
    ///
    /// Cost:
    ///     That of building the part that is new, and copying the rest.
    #[pyo3(signature = (path, keys, proofs, *, threads = 1, progress = None))]
    fn extend(
        &self,
        python: Python<'_>,
        path: PathBuf,
        keys: &[u8],
        proofs: Option<&[u8]>,
        threads: usize,
        progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let work = Work {
            python,
            keys,
            proofs,
            threads,
            progress,
        };
        Ok(Self(match &self.0 {
            AnyKeyStore::MinPkPossession(store) => {
                AnyKeyStore::MinPkPossession(work.extended(&path, store)?)
            }
            AnyKeyStore::MinSigPossession(store) => {
                AnyKeyStore::MinSigPossession(work.extended(&path, store)?)
            }
            AnyKeyStore::MinPkBasic(store) => {
                AnyKeyStore::MinPkBasic(work.extended_plain(&path, store)?)
            }
            AnyKeyStore::MinPkAugmented(store) => {
                AnyKeyStore::MinPkAugmented(work.extended_plain(&path, store)?)
            }
            AnyKeyStore::MinSigBasic(store) => {
                AnyKeyStore::MinSigBasic(work.extended_plain(&path, store)?)
            }
            AnyKeyStore::MinSigAugmented(store) => {
                AnyKeyStore::MinSigAugmented(work.extended_plain(&path, store)?)
            }
        }))
    }

    /// The key at a place.
    ///
    /// Raises:
    ///     MalformedError: `malformed`, there is no such place.
    ///     StoreError: `store_tampered`.
    fn key(&self, place: u64) -> PyResult<PublicKey> {
        Ok(PublicKey(
            lift!(AnyKeyStore => AnyPublicKey, &self.0, store => {
                store.key(place).into_python()?
            }),
        ))
    }

    /// The key at a place of a store of proven keys.
    ///
    /// Raises:
    ///     SignatureError: `pop_required`, its keys were not proved.
    ///     UnsupportedError: `unsupported`, the suite has no proofs of possession.
    ///     MalformedError: `malformed`, there is no such place.
    fn proven_key(&self, place: u64) -> PyResult<ProvenKey> {
        let key = match &self.0 {
            AnyKeyStore::MinPkPossession(store) => {
                AnyProvenKey::MinPkPossession(store.proven_key(place).into_python()?)
            }
            AnyKeyStore::MinSigPossession(store) => {
                AnyProvenKey::MinSigPossession(store.proven_key(place).into_python()?)
            }
            other => return Err(without_possession(other.suite())),
        };
        Ok(ProvenKey(key))
    }

    /// The sum of keys, compressed: to look at, not to verify with.
    ///
    /// Args:
    ///     start: The first place; counts only with `stop`.
    ///     stop: The place after the last.
    ///     places: Places in any order, each once.
    ///     bitmap: One bit a key, `len(store)` of them: bit `i % 8`, from the
    ///         lowest, of byte `i // 8`. Without any of these, all keys.
    ///     threads: Threads to use, the caller's included.
    ///
    /// Raises:
    ///     MalformedError: `malformed`, nothing or something that is not there is selected.
    ///     SignatureError: `duplicate_signer`, a place stands twice.
    ///     StoreError: `store_tampered`, the file was cut short or changed.
    ///
    /// Cost:
    ///     0.2 to 0.4 microseconds a key in the MIN_PK suites, three times that in the others.
    #[pyo3(signature = (*, start = None, stop = None, places = None, bitmap = None, threads = 1))]
    fn sum<'py>(
        &self,
        python: Python<'py>,
        start: Option<u64>,
        stop: Option<u64>,
        places: Option<Vec<u64>>,
        bitmap: Option<&[u8]>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyBytes>> {
        each!(AnyKeyStore, &self.0, store => {
            let selection = select(start, stop, places.as_deref(), bitmap, store.count())?;
            let cost = cost(&selection, store.count());
            let (total, _) = detached(python, cost, || store.sum(selection, threads)).into_python()?;
            Ok(PyBytes::new(python, total.as_ref()))
        })
    }

    /// Check one signature of many signers over one message.
    ///
    /// Args:
    ///     signature: Sum of the signatures of those who are selected.
    ///     message: The bytes that every one of them signed.
    ///     start: As in `sum`, as are `stop`, `places` and `bitmap`.
    ///     stop: The place after the last.
    ///     places: Places in any order, each once.
    ///     bitmap: One bit a key.
    ///     threads: Threads to use, the caller's included.
    ///
    /// Returns:
    ///     How many signed.
    ///
    /// Raises:
    ///     SignatureError: `aggregate_invalid`; `pop_required`, the keys of this
    ///         store were not proved; `duplicate_signer`; `suite_mismatch`.
    ///     UnsupportedError: `unsupported`, the suite has no proofs of possession.
    ///     MalformedError: `malformed`, nothing or something that is not there is selected.
    ///     StoreError: `store_tampered`.
    ///
    /// Cost:
    ///     That of `sum` and of one verification.
    ///
    /// Reference:
    ///     draft-irtf-cfrg-bls-signature-06, section 3.3.4.
    #[pyo3(signature = (signature, message, *, start = None, stop = None, places = None, bitmap = None, threads = 1))]
    fn fast_aggregate_verify(
        &self,
        python: Python<'_>,
        signature: &Signature,
        message: &[u8],
        start: Option<u64>,
        stop: Option<u64>,
        places: Option<Vec<u64>>,
        bitmap: Option<&[u8]>,
        threads: usize,
    ) -> PyResult<u64> {
        let count = self.__len__() as u64;
        let selection = select(start, stop, places.as_deref(), bitmap, count)?;
        let cost = 2 + cost(&selection, count) + hashing(message.len());
        match (&self.0, &signature.0) {
            (AnyKeyStore::MinPkPossession(store), AnySignature::MinPkPossession(signature)) => {
                detached(python, cost, || {
                    store.fast_aggregate_verify(signature, selection, message, threads)
                })
            }
            (AnyKeyStore::MinSigPossession(store), AnySignature::MinSigPossession(signature)) => {
                detached(python, cost, || {
                    store.fast_aggregate_verify(signature, selection, message, threads)
                })
            }
            (AnyKeyStore::MinPkPossession(_) | AnyKeyStore::MinSigPossession(_), other) => {
                Err(Error::SuiteMismatch {
                    expected: self.0.suite().id(),
                    found: other.suite().id(),
                })
            }
            (other, _) => return Err(without_possession(other.suite())),
        }
        .into_python()
    }

    /// Read the whole file and hold it against its digest.
    ///
    /// Raises:
    ///     StoreError: `store_tampered`.
    #[pyo3(signature = (*, threads = 1))]
    fn check_digest(&self, python: Python<'_>, threads: usize) -> PyResult<()> {
        python
            .detach(|| each!(AnyKeyStore, &self.0, store => store.check_digest(threads)))
            .into_python()
    }

    /// SHA-256 over suite, kind, count and keys: what `open` may be given.
    #[getter]
    fn digest<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        each!(AnyKeyStore, &self.0, store => PyBytes::new(python, store.digest()))
    }

    /// Whether possession of every key was proved.
    #[getter]
    fn proven(&self) -> bool {
        each!(AnyKeyStore, &self.0, store => store.kind() == Kind::Proven)
    }

    /// The suite that the keys are for.
    #[getter]
    const fn suite(&self) -> Suite {
        self.0.suite()
    }

    fn __len__(&self) -> usize {
        let count = each!(AnyKeyStore, &self.0, store => store.count());
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    fn __repr__(&self) -> String {
        let kind = if self.proven() { "proven" } else { "validated" };
        format!(
            "<KeyStore of {} {kind} keys {}>",
            self.__len__(),
            self.0.suite().id()
        )
    }
}

fn without_possession(suite: Suite) -> PyErr {
    to_python(&Error::SuiteWithoutPossession { suite: suite.id() })
}
