//! Asking for memory before it is wanted.

/// Bytes of a line of the cache.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

/// Asks the cache for the lines of memory that a value begins in; only a hint.
#[allow(
    clippy::inline_always,
    reason = "a call would cost more than what is done"
)]
#[inline(always)]
pub fn prefetch<T>(wanted: &T) {
    #[cfg(target_arch = "x86_64")]
    for line in 0..size_of::<T>().div_ceil(LINE) {
        use core::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
        let wanted = (&raw const *wanted).cast::<i8>();
        // SAFETY: a hint, for any address; nothing is read or written.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(wanted.wrapping_add(LINE * line)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = wanted;
}
