//! Eight lanes in AVX-512 IFMA registers, where the processor has them.

use core::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_cmplt_epi64_mask, _mm512_loadu_si512,
    _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_mask_blend_epi64, _mm512_or_si512,
    _mm512_set1_epi64, _mm512_setzero_si512, _mm512_sllv_epi64, _mm512_srai_epi64,
    _mm512_srlv_epi64, _mm512_storeu_si512, _mm512_sub_epi64,
};
use std::arch::is_x86_feature_detected;

use super::eight::{self, Eight, Lanes, LIMBS};
use super::field::{Part, LANES};
use super::path::Kernel;

/// Eight numbers in one register.
///
/// Its functions use AVX-512 IFMA and may run only where [`available`] said so.
/// They are inlined into [`run`], behind that question ([`super::path`]).
#[derive(Clone, Copy)]
pub(super) struct Ifma(__m512i);

/// Whether this processor has the instructions.
pub(super) fn available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
}

/// Does the work where it may use the instructions; what is inlined into it will.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Eight<Ifma>>()
}

/// Out of line: written out at each call, the tower would not fit the instruction cache.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline(never)]
fn dot_here<const N: usize>(
    left: [&[Ifma; LIMBS]; N],
    right: [&[Ifma; LIMBS]; N],
) -> [Ifma; LIMBS] {
    eight::dot(left, right)
}

/// Out of line, as [`dot_here`].
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline(never)]
fn apart_here<P: Part<Eight<Ifma>>>(part: P) -> P::Output {
    part.run()
}

/// Out of line, as [`dot_here`].
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline(never)]
fn square_here(value: &[Ifma; LIMBS]) -> [Ifma; LIMBS] {
    eight::square(value)
}

impl Lanes for Ifma {
    #[inline(always)]
    fn splat(value: u64) -> Self {
        // SAFETY: only reached through `run`, behind `available`; so are all below.
        Self(unsafe { _mm512_set1_epi64(value.cast_signed()) })
    }

    #[inline(always)]
    fn load(values: &[u64; LANES]) -> Self {
        // SAFETY: as above; reads 64 bytes, the size of the array, at any alignment.
        Self(unsafe { _mm512_loadu_si512(values.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store(self) -> [u64; LANES] {
        let mut values = [0; LANES];
        // SAFETY: as above; writes 64 bytes, the size of the array, at any alignment.
        unsafe { _mm512_storeu_si512(values.as_mut_ptr().cast(), self.0) };
        values
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        Self(unsafe { _mm512_add_epi64(self.0, other.0) })
    }

    #[inline(always)]
    fn subtract(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        Self(unsafe { _mm512_sub_epi64(self.0, other.0) })
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        Self(unsafe { _mm512_and_si512(self.0, other.0) })
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        Self(unsafe { _mm512_or_si512(self.0, other.0) })
    }

    #[inline(always)]
    fn left(self, bits: usize) -> Self {
        // SAFETY: as in `splat`.
        Self(unsafe { _mm512_sllv_epi64(self.0, Self::splat(bits as u64).0) })
    }

    #[inline(always)]
    fn right(self, bits: usize) -> Self {
        // SAFETY: as in `splat`.
        Self(unsafe { _mm512_srlv_epi64(self.0, Self::splat(bits as u64).0) })
    }

    #[inline(always)]
    fn signed_carry(self) -> Self {
        // SAFETY: as in `splat`.
        Self(unsafe { _mm512_srai_epi64::<52>(self.0) })
    }

    #[inline(always)]
    fn add_low(self, left: Self, right: Self) -> Self {
        // SAFETY: as in `splat`.
        Self(unsafe { _mm512_madd52lo_epu64(self.0, left.0, right.0) })
    }

    #[inline(always)]
    fn add_high(self, left: Self, right: Self) -> Self {
        // SAFETY: as in `splat`.
        Self(unsafe { _mm512_madd52hi_epu64(self.0, left.0, right.0) })
    }

    #[inline(always)]
    fn choose(self, negative: Self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        Self(unsafe {
            let sign = _mm512_cmplt_epi64_mask(self.0, _mm512_setzero_si512());
            _mm512_mask_blend_epi64(sign, other.0, negative.0)
        })
    }

    #[inline(always)]
    fn dot<const N: usize>(left: [&[Self; LIMBS]; N], right: [&[Self; LIMBS]; N]) -> [Self; LIMBS] {
        // SAFETY: as in `splat`.
        unsafe { dot_here(left, right) }
    }

    #[inline(always)]
    fn apart<P: Part<Eight<Self>>>(part: P) -> P::Output {
        // SAFETY: as in `splat`.
        unsafe { apart_here(part) }
    }

    #[inline(always)]
    fn square(value: &[Self; LIMBS]) -> [Self; LIMBS] {
        // SAFETY: as in `splat`.
        unsafe { square_here(value) }
    }
}
