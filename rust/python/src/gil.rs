//! When the interpreter lock is let go.

use pyo3::Python;

/// The cost from which the lock is released, in pairings of about a millisecond.
///
/// Taking the lock back can cost the switch interval, 5 ms, when another thread
/// is busy: below this a call is quicker with the lock held.
pub(crate) const DETACH_MIN: usize = 8;

/// Message bytes that cost about as much to hash as one pairing.
const BYTES_PER_PAIRING: usize = 1 << 18;

/// Runs `work` without the interpreter lock if `cost` pairings are worth it.
///
/// `work` owns or borrows Rust values only; `bytes` objects that it reads are
/// immutable and held by the caller.
pub(crate) fn detached<T: Send>(
    python: Python<'_>,
    cost: usize,
    work: impl FnOnce() -> T + Send,
) -> T {
    if cost < DETACH_MIN {
        work()
    } else {
        python.detach(work)
    }
}

/// The cost of hashing `bytes` bytes of message, in pairings.
pub(crate) const fn hashing(bytes: usize) -> usize {
    bytes / BYTES_PER_PAIRING
}
