//! Numbers of blst into lanes, and back.

use core::arch::x86_64::{
    __m256d, __m256i, _mm256_add_epi64, _mm256_add_pd, _mm256_and_si256, _mm256_castpd_si256,
    _mm256_castsi256_pd, _mm256_cmpgt_epi64, _mm256_loadu_pd, _mm256_or_si256,
    _mm256_permute2f128_pd, _mm256_set1_epi64x, _mm256_set1_pd, _mm256_set_epi64x,
    _mm256_setzero_pd, _mm256_setzero_si256, _mm256_slli_epi64, _mm256_srli_epi64,
    _mm256_storeu_pd, _mm256_storeu_si256, _mm256_sub_epi64, _mm256_sub_pd, _mm256_unpackhi_pd,
    _mm256_unpacklo_pd,
};

use blst::blst_fp;

use super::limbs::{limb_of, Half, BITS, LIMBS};
use super::HALF;
use crate::field::MODULUS;

/// `2^52`: whole numbers below it are the last bits of doubles from it on.
const UNIT: f64 = 4_503_599_627_370_496.0;
/// `1.5 * 2^52`, for signed ones.
const SIGNED_UNIT: f64 = 1.5 * UNIT;
const LIMB_MASK: i64 = (1 << BITS) - 1;
/// Makes carries positive while they are shifted.
const BIAS: i64 = 1 << 60;

/// Numbers from blst's form, in limbs between 0 and `2^48`.
#[target_feature(enable = "avx2,fma")]
#[inline]
pub(super) fn load(numbers: &[blst_fp; HALF]) -> Half {
    let mut words = [_mm256_setzero_si256(); 6];
    for (at, word) in words.iter_mut().enumerate() {
        *word = _mm256_set_epi64x(
            numbers[3].l[at].cast_signed(),
            numbers[2].l[at].cast_signed(),
            numbers[1].l[at].cast_signed(),
            numbers[0].l[at].cast_signed(),
        );
    }
    let mask = _mm256_set1_epi64x(LIMB_MASK);
    let unit = _mm256_set1_pd(UNIT);
    let (low, high) = (limbs_of_words(&words[..3]), limbs_of_words(&words[3..]));
    let mut result = [_mm256_setzero_pd(); LIMBS];
    for (result, limb) in result.iter_mut().zip(low.iter().chain(&high)) {
        let bits = _mm256_or_si256(_mm256_and_si256(*limb, mask), _mm256_castpd_si256(unit));
        *result = _mm256_sub_pd(_mm256_castsi256_pd(bits), unit);
    }
    result
}

/// Three words as four limbs, with more bits above than belong to them.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn limbs_of_words(words: &[__m256i]) -> [__m256i; 4] {
    [
        words[0],
        _mm256_or_si256(
            _mm256_srli_epi64::<48>(words[0]),
            _mm256_slli_epi64::<16>(words[1]),
        ),
        _mm256_or_si256(
            _mm256_srli_epi64::<32>(words[1]),
            _mm256_slli_epi64::<32>(words[2]),
        ),
        _mm256_srli_epi64::<16>(words[2]),
    ]
}

/// Four limbs between 0 and `2^48` as three words.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn words_of_limbs(limbs: &[__m256i]) -> [__m256i; 3] {
    [
        _mm256_or_si256(limbs[0], _mm256_slli_epi64::<48>(limbs[1])),
        _mm256_or_si256(
            _mm256_srli_epi64::<16>(limbs[1]),
            _mm256_slli_epi64::<32>(limbs[2]),
        ),
        _mm256_or_si256(
            _mm256_srli_epi64::<32>(limbs[2]),
            _mm256_slli_epi64::<16>(limbs[3]),
        ),
    ]
}

/// Numbers between `-p` and `p`, in blst's form.
#[target_feature(enable = "avx2,fma")]
#[inline]
pub(super) fn store(value: &Half, numbers: &mut [blst_fp]) {
    let unit = _mm256_set1_pd(SIGNED_UNIT);
    let mut limbs = [_mm256_setzero_si256(); LIMBS];
    for (limb, value) in limbs.iter_mut().zip(value) {
        let bits = _mm256_castpd_si256(_mm256_add_pd(*value, unit));
        *limb = _mm256_sub_epi64(bits, _mm256_castpd_si256(unit));
    }
    carry(&mut limbs);
    // The highest limb has the sign of the number.
    let negative = _mm256_cmpgt_epi64(_mm256_setzero_si256(), limbs[LIMBS - 1]);
    for (at, limb) in limbs.iter_mut().enumerate() {
        let modulus = _mm256_set1_epi64x(limb_of(&MODULUS, at).cast_signed());
        *limb = _mm256_add_epi64(*limb, _mm256_and_si256(negative, modulus));
    }
    carry(&mut limbs);
    let (low, high) = limbs.split_at(4);
    let words = [words_of_limbs(low), words_of_limbs(high)];
    for (at, word) in words.as_flattened().iter().enumerate() {
        let mut lanes = [0_u64; HALF];
        // SAFETY: writes 32 bytes, the size of the array, at any alignment.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), *word) };
        for (number, lane) in numbers.iter_mut().zip(lanes) {
            number.l[at] = lane;
        }
    }
}

/// Makes all limbs but the highest lie between 0 and `2^48`.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn carry(limbs: &mut [__m256i; LIMBS]) {
    let mask = _mm256_set1_epi64x(LIMB_MASK);
    for at in 0..LIMBS - 1 {
        let biased = _mm256_add_epi64(limbs[at], _mm256_set1_epi64x(BIAS));
        let carry = _mm256_sub_epi64(
            _mm256_srli_epi64::<48>(biased),
            _mm256_set1_epi64x(BIAS >> BITS),
        );
        limbs[at] = _mm256_and_si256(limbs[at], mask);
        limbs[at + 1] = _mm256_add_epi64(limbs[at + 1], carry);
    }
}

/// Four rows as four lanes of eight limbs.
#[target_feature(enable = "avx2,fma")]
#[inline]
pub(super) fn from_rows(rows: &[&[f64; LIMBS]; HALF]) -> Half {
    let mut result = [_mm256_setzero_pd(); LIMBS];
    for first in [0, HALF] {
        let mut block = [_mm256_setzero_pd(); HALF];
        for (limbs, row) in block.iter_mut().zip(rows) {
            // SAFETY: reads four of the eight limbs, 32 bytes, at any alignment.
            *limbs = unsafe { _mm256_loadu_pd(row[first..first + HALF].as_ptr()) };
        }
        result[first..first + HALF].copy_from_slice(&transpose(block));
    }
    result
}

/// Four lanes of eight limbs as four rows.
#[target_feature(enable = "avx2,fma")]
#[inline]
pub(super) fn to_rows(value: &Half, rows: &mut [[f64; LIMBS]]) {
    for first in [0, HALF] {
        let block = transpose([
            value[first],
            value[first + 1],
            value[first + 2],
            value[first + 3],
        ]);
        for (row, limbs) in rows.iter_mut().zip(block) {
            // SAFETY: writes four of the eight limbs, 32 bytes, at any alignment.
            unsafe { _mm256_storeu_pd(row[first..].as_mut_ptr(), limbs) };
        }
    }
}

#[target_feature(enable = "avx2,fma")]
#[inline]
fn transpose([a, b, c, d]: [__m256d; HALF]) -> [__m256d; HALF] {
    let (ab, ab_odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
    let (cd, cd_odd) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
    [
        _mm256_permute2f128_pd::<0x20>(ab, cd),
        _mm256_permute2f128_pd::<0x20>(ab_odd, cd_odd),
        _mm256_permute2f128_pd::<0x31>(ab, cd),
        _mm256_permute2f128_pd::<0x31>(ab_odd, cd_odd),
    ]
}
