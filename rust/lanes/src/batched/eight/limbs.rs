//! Numbers in eight limbs of 52 bits, and the constants of the field in them.

use crate::field::MODULUS;

/// Limbs of an element.
pub(in super::super) const LIMBS: usize = 8;

/// Words of 64 bits of a number.
pub(super) const WORDS: usize = 6;

/// Bits of a limb.
pub(super) const LIMB_BITS: usize = 52;

/// The bits of a limb.
pub(in super::super) const LIMB_MASK: u64 = (1 << LIMB_BITS) - 1;

/// `R mod p`, one in Montgomery form; `2^400 mod p`, `s = 2^-16` in it; `2^16 * R mod p`, `1 / s` in it.
pub(super) const R: Limbs = limbs(&power_of_two(416));
pub(super) const S: Limbs = limbs(&power_of_two(400));
pub(super) const INVERSE_S: Limbs = limbs(&power_of_two(432));
/// `2^448 mod p`: takes blst's form, times `2^384`, to this one.
pub(super) const ENTER: Limbs = limbs(&power_of_two(448));
/// `2^384 mod p`: takes this form to blst's.
pub(super) const LEAVE: Limbs = limbs(&power_of_two(384));

/// `p`, its double, and `-1 / p mod 2^52`.
pub(super) const P: Limbs = limbs(&MODULUS);
pub(super) const P2: Limbs = multiple(2);
pub(super) const P_INVERSE: u64 = negative_inverse(MODULUS[0]);

/// A number, the lowest limb first.
pub(in super::super) type Limbs = [u64; LIMBS];

/// Six words of 64 bits as eight limbs of 52.
pub(super) const fn limbs(words: &[u64; WORDS]) -> Limbs {
    let mut result = [0; LIMBS];
    let mut at = 0;
    while at < LIMBS {
        let (word, shift) = (at * LIMB_BITS / 64, at * LIMB_BITS % 64);
        let mut limb = if word < WORDS {
            words[word] >> shift
        } else {
            0
        };
        if shift > 64 - LIMB_BITS && word + 1 < WORDS {
            limb |= words[word + 1] << (64 - shift);
        }
        result[at] = limb & LIMB_MASK;
        at += 1;
    }
    result
}

/// Eight limbs of 52 bits, of a number below 2^384, as six words of 64.
pub(super) fn words(limbs: &Limbs) -> [u64; WORDS] {
    let mut result = [0; WORDS];
    for (at, limb) in limbs.iter().enumerate() {
        let (word, shift) = (at * LIMB_BITS / 64, at * LIMB_BITS % 64);
        if word < WORDS {
            result[word] |= limb << shift;
        }
        if shift > 64 - LIMB_BITS && word + 1 < WORDS {
            result[word + 1] |= limb >> (64 - shift);
        }
    }
    result
}

/// `words - p`, and whether `words` was below `p`.
const fn minus_modulus(words: &[u64; WORDS]) -> ([u64; WORDS], bool) {
    let mut result = [0; WORDS];
    let mut borrow = false;
    let mut at = 0;
    while at < WORDS {
        let (first, under) = words[at].overflowing_sub(MODULUS[at]);
        let (second, again) = first.overflowing_sub(borrow as u64);
        result[at] = second;
        borrow = under | again;
        at += 1;
    }
    (result, borrow)
}

/// A number below `p` for one below `4 p`.
pub(super) const fn below_modulus(mut words: [u64; WORDS]) -> [u64; WORDS] {
    loop {
        let (less, below) = minus_modulus(&words);
        if below {
            return words;
        }
        words = less;
    }
}

/// `2^exponent mod p`.
pub(in super::super) const fn power_of_two(exponent: usize) -> [u64; WORDS] {
    let mut words = [1, 0, 0, 0, 0, 0];
    let mut step = 0;
    while step < exponent {
        // The modulus has 381 bits, so that a number below it can be doubled in place.
        let mut at = WORDS;
        while at > 0 {
            at -= 1;
            let carried = if at > 0 { words[at - 1] >> 63 } else { 0 };
            words[at] = words[at] << 1 | carried;
        }
        words = below_modulus(words);
        step += 1;
    }
    words
}

/// A small multiple of `p`, at most `4096 p`, in limbs.
pub(super) const fn multiple(factor: u64) -> Limbs {
    let mut result = [0; LIMBS];
    let mut carry = 0;
    let mut at = 0;
    while at < LIMBS {
        let sum = P[at] * factor + carry;
        result[at] = sum & LIMB_MASK;
        carry = sum >> LIMB_BITS;
        at += 1;
    }
    result
}

/// `-1 / value mod 2^52`, by Newton's iteration, for an odd number.
const fn negative_inverse(value: u64) -> u64 {
    let mut inverse = 1_u64;
    let mut step = 0;
    while step < WORDS {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(value.wrapping_mul(inverse)));
        step += 1;
    }
    inverse.wrapping_neg() & LIMB_MASK
}
