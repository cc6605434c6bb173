//! The instructions that products take, on four doubles.

use core::arch::x86_64::{
    __m256d, _mm256_add_pd, _mm256_fmadd_pd, _mm256_fnmadd_pd, _mm256_set1_pd, _mm256_sub_pd,
};

macro_rules! instructions {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) = $instruction:ident;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub(super) fn $name($($argument: $type),*) -> __m256d {
            // SAFETY: only reached from what the processor has the instructions for.
            unsafe { $instruction($($argument),*) }
        }
    )*};
}

instructions! {
    /// The same number in each lane.
    number(value: f64) = _mm256_set1_pd;
    add(left: __m256d, right: __m256d) = _mm256_add_pd;
    subtract(left: __m256d, right: __m256d) = _mm256_sub_pd;
    /// `left * right + added`, rounded once.
    multiply_add(left: __m256d, right: __m256d, added: __m256d) = _mm256_fmadd_pd;
    /// `from - left * right`, rounded once.
    multiply_subtract(left: __m256d, right: __m256d, from: __m256d) = _mm256_fnmadd_pd;
}
