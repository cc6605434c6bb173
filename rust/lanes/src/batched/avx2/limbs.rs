//! Numbers in eight limbs of 48 bits, each a signed whole number in a double.

use core::arch::x86_64::__m256d;

use crate::field::MODULUS;

/// Limbs of a number.
pub(super) const LIMBS: usize = 8;
/// Bits of a limb.
pub(super) const BITS: usize = 48;

/// Numbers in four lanes, the lowest limb first.
pub(super) type Half = [__m256d; LIMBS];

/// `p`.
pub(super) const fn modulus_limbs() -> [f64; LIMBS] {
    balanced(&MODULUS)
}

/// `-1 / p mod 2^384`.
pub(super) const fn inverse_limbs() -> [f64; LIMBS] {
    // Each step of Newton's iteration doubles the bits that are right: 1, 2, 4, ... 512.
    let mut inverse = [1, 0, 0, 0, 0, 0];
    let mut step = 0;
    while step < 9 {
        let factor = subtract(&[2, 0, 0, 0, 0, 0], &multiply(&MODULUS, &inverse));
        inverse = multiply(&inverse, &factor);
        step += 1;
    }
    balanced(&subtract(&[0; 6], &inverse))
}

/// A number below `2^384`, modulo that, in limbs between `-2^47` and `2^47`.
pub(super) const fn balanced(words: &[u64; 6]) -> [f64; LIMBS] {
    let mut result = [0.0; LIMBS];
    let mut carry = 0;
    let mut at = 0;
    while at < LIMBS {
        let limb = limb_of(words, at).cast_signed() + carry;
        carry = (limb + (1 << (BITS - 1))) >> BITS;
        result[at] = double(limb - (carry << BITS));
        at += 1;
    }
    result
}

/// 48 bits of a number.
#[inline]
pub(super) const fn limb_of(words: &[u64; 6], at: usize) -> u64 {
    let (word, shift) = (at * BITS / 64, at * BITS % 64);
    let mut limb = words[word] >> shift;
    if shift > 64 - BITS {
        limb |= words[word + 1] << (64 - shift);
    }
    limb & ((1 << BITS) - 1)
}

/// A whole number below `2^48` as a double.
#[allow(clippy::cast_precision_loss, reason = "53 bits are exact")]
const fn double(number: i64) -> f64 {
    number as f64
}

/// The product modulo `2^384`.
const fn multiply(left: &[u64; 6], right: &[u64; 6]) -> [u64; 6] {
    let mut result = [0_u64; 6];
    let mut row = 0;
    while row < 6 {
        let mut carry = 0_u128;
        let mut at = 0;
        while row + at < 6 {
            carry += left[row] as u128 * right[at] as u128 + result[row + at] as u128;
            result[row + at] = low(carry);
            carry >>= 64;
            at += 1;
        }
        row += 1;
    }
    result
}

/// The difference modulo `2^384`.
const fn subtract(left: &[u64; 6], right: &[u64; 6]) -> [u64; 6] {
    let mut result = [0; 6];
    let mut borrow = false;
    let mut at = 0;
    while at < 6 {
        let (difference, first) = left[at].overflowing_sub(right[at]);
        let (difference, second) = difference.overflowing_sub(borrow as u64);
        result[at] = difference;
        borrow = first | second;
        at += 1;
    }
    result
}

#[allow(clippy::cast_possible_truncation, reason = "the lower half is meant")]
const fn low(number: u128) -> u64 {
    number as u64
}
