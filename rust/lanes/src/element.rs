//! The base field one number at a time, in blst's form: what is called often, inlined.

#![allow(
    clippy::inline_always,
    reason = "a call would cost more than what is done"
)]

use blst::{blst_fp_eucl_inverse, blst_fp_mul, blst_fp_sqr, blst_uint64_from_fp};

use crate::field::MODULUS;

/// A number below `p`, times `2^384`.
pub(crate) type Element = [u64; 6];

/// Writes a product.
///
/// Results are written where they stay, here and below: what blst stores word by word
/// would wait long in the store buffer for a copy that reads two words at once.
#[inline(always)]
pub(crate) fn multiply(result: &mut Element, left: &Element, right: &Element) {
    let result: *mut Element = result;
    // SAFETY: `blst_fp` is six words, as `Element` is; blst reads two and writes one.
    unsafe { blst_fp_mul(result.cast(), left.as_ptr().cast(), right.as_ptr().cast()) };
}

/// Writes a product over one of its factors.
#[inline(always)]
pub(crate) fn multiply_by(number: &mut Element, factor: &Element) {
    let number: *mut Element = number;
    // SAFETY: as in `multiply`; blst writes when it has read everything.
    unsafe { blst_fp_mul(number.cast(), number.cast(), factor.as_ptr().cast()) };
}

/// Writes a square.
#[inline(always)]
pub(crate) fn square(result: &mut Element, number: &Element) {
    let result: *mut Element = result;
    // SAFETY: as in `multiply`.
    unsafe { blst_fp_sqr(result.cast(), number.as_ptr().cast()) };
}

/// The inverse; zero for zero.
pub(crate) fn inverse(number: &Element) -> Element {
    let mut result = [0; 6];
    // SAFETY: as in `multiply`.
    unsafe { blst_fp_eucl_inverse(result.as_mut_ptr().cast(), number.as_ptr().cast()) };
    result
}

#[inline(always)]
pub(crate) fn is_zero(number: &Element) -> bool {
    number.iter().fold(0, |all, word| all | word) == 0
}

/// Writes a difference.
#[inline(always)]
pub(crate) fn subtract(result: &mut Element, left: &Element, right: &Element) {
    let mut borrow = false;
    for at in 0..6 {
        let (first, under) = left[at].overflowing_sub(right[at]);
        let (second, again) = first.overflowing_sub(u64::from(borrow));
        (result[at], borrow) = (second, under | again);
    }
    let mask = 0_u64.wrapping_sub(u64::from(borrow));
    let mut carry = false;
    for (word, modulus) in result.iter_mut().zip(&MODULUS) {
        let (first, over) = word.overflowing_add(modulus & mask);
        let (second, again) = first.overflowing_add(u64::from(carry));
        (*word, carry) = (second, over | again);
    }
}

/// Writes a sum.
#[inline(always)]
pub(crate) fn add(result: &mut Element, left: &Element, right: &Element) {
    // left - (p - right), with p - 0 = p counted as zero: p is above every number.
    let mut opposite = [0; 6];
    negate_if(&mut opposite, right, true);
    subtract(result, left, &opposite);
}

/// Writes half of a number.
#[inline(always)]
pub(crate) fn halve(result: &mut Element, number: &Element) {
    // Of n and n + p one is even.
    let mask = 0_u64.wrapping_sub(number[0] & 1);
    let mut carry = false;
    for at in 0..6 {
        let (first, over) = number[at].overflowing_add(MODULUS[at] & mask);
        let (second, again) = first.overflowing_add(u64::from(carry));
        (result[at], carry) = (second, over | again);
    }
    // Twice p has 382 bits: nothing is carried out of the highest word.
    for at in 0..5 {
        result[at] = result[at] >> 1 | result[at + 1] << 63;
    }
    result[5] >>= 1;
}

/// Writes the number, or `p` less it; zero is no coordinate `y` of the group.
#[inline(always)]
pub(crate) fn negate_if(result: &mut Element, number: &Element, negative: bool) {
    let mask = 0_u64.wrapping_sub(u64::from(negative));
    let mut carry = negative;
    for at in 0..6 {
        // p - n is p + ~n + 1, modulo 2^384.
        let (first, over) = (number[at] ^ mask).overflowing_add(MODULUS[at] & mask);
        let (second, again) = first.overflowing_add(u64::from(carry));
        (result[at], carry) = (second, over | again);
    }
}

/// The number itself, below `p`, the lowest word first.
#[inline(always)]
pub(crate) fn words(number: &Element) -> [u64; 6] {
    let mut result = [0; 6];
    // SAFETY: blst reads six words and writes six.
    unsafe { blst_uint64_from_fp(result.as_mut_ptr(), number.as_ptr().cast()) };
    result
}
