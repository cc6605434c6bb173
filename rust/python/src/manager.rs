//! The accumulator's manager.

#![allow(
    clippy::unused_self,
    reason = "Python's special methods take self, also those that only refuse"
)]

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use trustid_core::accumulator::{Manager as CoreManager, DEFAULT_CAPACITY};

use crate::accumulator::{secret_stays, Accumulator, Member, Params};
use crate::errors::IntoPython;
use crate::gil::detached;
use crate::rows::{self, RowsSummary};

/// Rows, or revoked slots, that cost about as much as one pairing.
const SLOTS_PER_PAIRING: usize = 128;

/// The manager of one registry: its secret, its value, and who is in.
///
/// It lives in a process of its own, never in a web worker. It may be used from
/// several threads, one at a time. Nothing shows, compares or pickles it.
///
/// Example:
///     >>> manager = Manager.create(b"https://example.org/registry", 4096)
///     >>> member = manager.take(7)
///     >>> manager.revoke([7]).epoch
///     1
#[pyclass(frozen, module = "trustid.status.accumulator")]
pub(crate) struct Manager(Mutex<CoreManager>);

#[pymethods]
impl Manager {
    /// Make a new registry, at epoch 0 with nobody in.
    ///
    /// Args:
    ///     registry: Its name, 1 to 1,024 bytes.
    ///     capacity: The number of slots, 2^27 at most.
    ///
    /// Raises:
    ///     MalformedError: `params_invalid`.
    #[staticmethod]
    #[pyo3(signature = (registry, capacity = DEFAULT_CAPACITY))]
    fn create(registry: &[u8], capacity: u64) -> PyResult<Self> {
        Ok(Self(Mutex::new(
            CoreManager::create(registry, capacity).into_python()?,
        )))
    }

    /// Take up stored state again, and hold it against the secret.
    ///
    /// Args:
    ///     secret: What `secret_bytes` gave.
    ///     params: The parameters that were published.
    ///     state: What `state_bytes` gave; none for a registry that nobody joined.
    ///
    /// Raises:
    ///     MalformedError: `key_invalid`, the secret has another form.
    ///     StoreError: `store_tampered`, they do not belong together.
    #[staticmethod]
    fn restore(python: Python<'_>, secret: &[u8], params: &Params, state: &[u8]) -> PyResult<Self> {
        let cost = state.len() / SLOTS_PER_PAIRING;
        let manager = detached(python, cost, || {
            CoreManager::restore(secret, &params.0, state)
        });
        Ok(Self(Mutex::new(manager.into_python()?)))
    }

    /// Make a registry from a chosen secret: for test vectors only.
    #[staticmethod]
    fn _create_derand(secret: &[u8], registry: &[u8], capacity: u64) -> PyResult<Self> {
        Ok(Self(Mutex::new(
            CoreManager::create_derand(secret, registry, capacity).into_python()?,
        )))
    }

    /// The secret, 64 bytes: for the keystore only.
    fn secret_bytes<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(python, self.lock().secret_bytes().as_slice())
    }

    /// What changes; not for the public.
    fn state_bytes<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(python, &self.lock().state_bytes())
    }

    /// The public parameters.
    #[getter]
    fn params(&self) -> Params {
        Params(self.lock().params().clone())
    }

    /// The value of the present epoch.
    #[getter]
    fn accumulator(&self) -> Accumulator {
        Accumulator(*self.lock().accumulator())
    }

    /// How many slots are taken and not revoked.
    #[getter]
    fn members(&self) -> u64 {
        self.lock().members()
    }

    /// Take a free slot, for good; nothing public changes.
    ///
    /// Raises:
    ///     AccumulatorStateError: `handle_duplicate`, `handle_revoked_final`.
    ///     LimitExceededError: `limit_exceeded`, no such slot.
    fn take(&self, slot: u64) -> PyResult<Member> {
        Ok(Member(self.lock().take(slot).into_python()?))
    }

    /// The handle of a slot that is taken and not revoked.
    ///
    /// Raises:
    ///     AccumulatorStateError: `not_member`.
    fn member(&self, slot: u64) -> PyResult<Member> {
        Ok(Member(self.lock().member(slot).into_python()?))
    }

    /// Revoke slots, for good: all of them, or none if one cannot be.
    ///
    /// Args:
    ///     slots: Any number, each once. For none, nothing happens.
    ///     threads: Threads to use, the caller's included.
    ///
    /// Returns:
    ///     The value of the epoch that begins.
    ///
    /// Raises:
    ///     AccumulatorStateError: `not_member`.
    ///     LimitExceededError: `limit_exceeded`, too many threads.
    ///
    /// Cost:
    ///     A fraction of a microsecond each, and one multiplication in the group in all.
    #[pyo3(signature = (slots, *, threads = 1))]
    fn revoke(&self, python: Python<'_>, slots: Vec<u64>, threads: usize) -> PyResult<Accumulator> {
        let after = detached(python, slots.len() / SLOTS_PER_PAIRING, || {
            self.lock().revoke_with(&slots, threads)
        });
        Ok(Accumulator(after.into_python()?))
    }

    /// Revoke very many slots, for good: all of them, or none if one cannot be.
    ///
    /// Args:
    ///     slots: 4 bytes each, little-endian (`encode_slots`).
    ///     threads: Threads to use, the caller's included.
    ///
    /// Raises:
    ///     AccumulatorStateError: `not_member`, the message names the first place.
    ///     MalformedError: `malformed`, another length.
    ///     LimitExceededError: `limit_exceeded`, too many threads.
    ///
    /// Cost:
    ///     Some 0.15 microseconds each, shared among the threads.
    #[pyo3(signature = (slots, *, threads = 1))]
    fn revoke_encoded(
        &self,
        python: Python<'_>,
        slots: &[u8],
        threads: usize,
    ) -> PyResult<Accumulator> {
        let cost = slots.len() / size_of::<u32>() / SLOTS_PER_PAIRING;
        let after = detached(python, cost, || self.lock().revoke_encoded(slots, threads));
        Ok(Accumulator(after.into_python()?))
    }

    /// Begin an epoch without revoking anybody: its number moves on, the value stays.
    fn advance(&self) -> Accumulator {
        Accumulator(self.lock().advance())
    }

    /// Write the rows of all slots to a file, or nothing.
    ///
    /// The file grows beside its place, with `.part` after its name, and takes its
    /// place when all of it is on the disk. After a crash at any point the next call
    /// goes on from what is done; the bytes are the same. The manager can be used
    /// meanwhile: the rows are those of the epoch at the call.
    ///
    /// Args:
    ///     path: Where the file goes; one that is there stays until the new one is whole.
    ///     threads: Threads to use, the caller's included.
    ///     progress: Called with rows done and rows in all, four times a second and at
    ///         the end; what it raises ends the work, and the part stays.
    ///
    /// Raises:
    ///     StoreError: `store_unavailable`: no place on the disk, no right to write, or
    ///         another writer at work on this path.
    ///     LimitExceededError: `limit_exceeded`, too many threads.
    ///
    /// Cost:
    ///     Some microseconds a row and thread, half a gigabyte of memory at a hundred
    ///     million rows; not in constant time.
    #[pyo3(signature = (path, *, threads = 1, progress = None))]
    fn write_rows(
        &self,
        python: Python<'_>,
        path: PathBuf,
        threads: usize,
        progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<RowsSummary> {
        let refresh = self.lock().refresh();
        rows::write(python, &refresh, &path, threads, progress.as_ref())
    }

    /// The row of a slot that is taken and not revoked.
    ///
    /// Raises:
    ///     AccumulatorStateError: `not_member`.
    fn row<'py>(&self, python: Python<'py>, slot: u64) -> PyResult<Bound<'py, PyBytes>> {
        let row = self.lock().row(slot).into_python()?;
        Ok(PyBytes::new(python, &row))
    }

    /// The rows of a range of slots, free, taken and revoked ones alike.
    ///
    /// Raises:
    ///     LimitExceededError: `limit_exceeded`.
    ///
    /// Cost:
    ///     Some microseconds a row; not in constant time.
    #[pyo3(signature = (first, count, *, threads = 1))]
    fn rows<'py>(
        &self,
        python: Python<'py>,
        first: u64,
        count: u64,
        threads: usize,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let range = first..first.saturating_add(count);
        let cost = usize::try_from(count).unwrap_or(usize::MAX) / SLOTS_PER_PAIRING;
        let rows = detached(python, cost, || self.lock().rows(range, threads));
        Ok(PyBytes::new(python, &rows.into_python()?))
    }

    /// The rows of one block of 4,096 slots.
    ///
    /// Raises:
    ///     MalformedError: `malformed`, there is no such block.
    #[pyo3(signature = (block, *, threads = 1))]
    fn block<'py>(
        &self,
        python: Python<'py>,
        block: u64,
        threads: usize,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let rows = detached(python, 32, || self.lock().block(block, threads));
        Ok(PyBytes::new(python, &rows.into_python()?))
    }

    fn __repr__(&self) -> String {
        format!(
            "<Manager at epoch {}, redacted>",
            self.lock().accumulator().epoch()
        )
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

impl Manager {
    /// A manager whose thread panicked is as it was: what changes, changes at the end.
    fn lock(&self) -> MutexGuard<'_, CoreManager> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
