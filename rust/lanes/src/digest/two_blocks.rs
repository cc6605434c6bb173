//! SHA-256 of two messages of one block each, with the instructions of the SHA extensions.
//!
//! # Reference
//! FIPS 180-4, section 6.2.2; Intel SDM, SHA256RNDS2, SHA256MSG1, SHA256MSG2.

use core::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_blend_epi16, _mm_loadu_si128, _mm_set_epi64x,
    _mm_setr_epi32, _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32,
    _mm_shuffle_epi32, _mm_shuffle_epi8, _mm_storeu_si128,
};
use std::arch::is_x86_feature_detected;

use super::Digest;

/// The first 32 bits of the fractional parts of the cube roots of the first primes.
#[rustfmt::skip]
const ROUND: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// The eight words of the first state.
const FIRST: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

pub(super) fn available() -> bool {
    is_x86_feature_detected!("sha")
        && is_x86_feature_detected!("ssse3")
        && is_x86_feature_detected!("sse4.1")
}

#[target_feature(enable = "sha,ssse3,sse4.1")]
pub(super) fn digests(blocks: [&[u8; 64]; 2]) -> [Digest; 2] {
    // The instructions want the state in this order.
    let first = (four(&FIRST, [5, 4, 1, 0]), four(&FIRST, [7, 6, 3, 2]));
    let turned = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let mut states = [first; 2];
    let mut schedules = blocks.map(|block| {
        core::array::from_fn::<__m128i, 4, _>(|part| {
            // SAFETY: 16 bytes within the block.
            let part = unsafe { _mm_loadu_si128(block[16 * part..].as_ptr().cast()) };
            _mm_shuffle_epi8(part, turned)
        })
    });
    for step in 0..ROUND.len() / 4 {
        let constants = four(&ROUND, [0, 1, 2, 3].map(|at| 4 * step + at));
        for ((upper, lower), [w0, w1, w2, w3]) in states.iter_mut().zip(&mut schedules) {
            let sum = _mm_add_epi32(*w0, constants);
            *lower = _mm_sha256rnds2_epu32(*lower, *upper, sum);
            *upper = _mm_sha256rnds2_epu32(*upper, *lower, _mm_shuffle_epi32(sum, 0x0e));
            if step < 12 {
                let next =
                    _mm_add_epi32(_mm_sha256msg1_epu32(*w0, *w1), _mm_alignr_epi8(*w3, *w2, 4));
                *w0 = _mm_sha256msg2_epu32(next, *w3);
            }
            (*w0, *w1, *w2, *w3) = (*w1, *w2, *w3, *w0);
        }
    }
    states.map(|(upper, lower)| {
        let upper = _mm_shuffle_epi32(_mm_add_epi32(upper, first.0), 0x1b);
        let lower = _mm_shuffle_epi32(_mm_add_epi32(lower, first.1), 0xb1);
        let mut digest = [0; 32];
        let halves = [
            _mm_blend_epi16(upper, lower, 0xf0),
            _mm_alignr_epi8(lower, upper, 8),
        ];
        for (place, half) in digest.chunks_exact_mut(16).zip(halves) {
            // SAFETY: 16 bytes within the digest.
            unsafe { _mm_storeu_si128(place.as_mut_ptr().cast(), _mm_shuffle_epi8(half, turned)) };
        }
        digest
    })
}

/// Some words of a list, the first one lowest.
#[allow(
    clippy::cast_possible_wrap,
    reason = "words of 32 bits, whatever their sign"
)]
#[inline]
#[target_feature(enable = "ssse3")]
fn four(words: &[u32], places: [usize; 4]) -> __m128i {
    let [first, second, third, fourth] = places.map(|place| words[place] as i32);
    _mm_setr_epi32(first, second, third, fourth)
}
