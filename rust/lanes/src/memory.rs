//! Memory that is large, and memory before it is wanted.

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

/// Bytes of the smallest page.
#[cfg(target_os = "linux")]
const PAGE: usize = 4096;

/// Memory for a table, in large pages where the system has them: it is read all over, and
/// finding where a small page lies would take as long as reading it.
pub(crate) fn large<T>(count: usize) -> Vec<T> {
    let mut list: Vec<T> = Vec::with_capacity(count);
    #[cfg(target_os = "linux")]
    {
        use rustix::mm::{madvise, Advice};
        let begin = list.as_mut_ptr().cast::<u8>();
        // The system takes whole pages only.
        let skipped = begin.align_offset(PAGE);
        let bytes = (size_of::<T>() * count).saturating_sub(skipped) / PAGE * PAGE;
        let begin = begin.wrapping_add(skipped).cast();
        // SAFETY: the memory belongs to the list, and its content is not changed. If the
        // system has no such pages it says so, and nothing is lost.
        let _ = unsafe { madvise(begin, bytes, Advice::LinuxHugepage) };
    }
    list
}
