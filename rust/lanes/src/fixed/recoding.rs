//! Numbers in odd digits.

use zeroize::{DefaultIsZeroes, Zeroizing};

use crate::scalar::{Scalar, ORDER};
use crate::ORDER_BITS;

/// Some bits of a number, of which a digit is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) first_bit: usize,
    pub(super) bits: usize,
}

impl Window {
    /// `count` windows that cover the order, as even as can be.
    pub(super) fn all(count: usize) -> Vec<Self> {
        let mut first_bit = 0;
        (0..count)
            .map(|place| {
                let bits = ORDER_BITS / count + usize::from(place < ORDER_BITS % count);
                let window = Self { first_bit, bits };
                first_bit += bits;
                window
            })
            .collect()
    }

    /// How many odd multiples the window has: one for each two digits.
    pub(super) const fn entries(&self) -> usize {
        1 << (self.bits - 1)
    }
}

/// A digit: its place in the table of its window, and in the highest bit its sign.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Digit(u32);

impl DefaultIsZeroes for Digit {}

const NEGATIVE: u32 = 1 << 31;

impl Digit {
    pub(crate) const fn place(self) -> usize {
        (self.0 & !NEGATIVE) as usize
    }

    pub(crate) const fn is_negative(self) -> bool {
        self.0 & NEGATIVE != 0
    }
}

/// A number that is ready to be cut into digits.
pub(super) struct Recoded {
    words: Zeroizing<[u64; 4]>,
    /// Whether the digits are those of `r` less the number.
    pub(super) negated: bool,
}

impl Recoded {
    /// Only odd numbers are sums of odd digits, and `r` is odd: of `s` and `r - s` one is.
    ///
    /// With `b` bits in all windows together and `t` the bits of a window of width `w`,
    /// `d = 2 t + 1 - 2^w` for each window comes to
    /// `sum of d * 2^o = 2 * sum of t * 2^o + 1 - 2^b`, so that the `t` are simply the
    /// bits of `(s - 1) / 2 + 2^(b - 1)`.
    pub(super) fn of(scalar: &Scalar) -> Self {
        let mut words = scalar.to_words();
        let negated = words[0] & 1 == 0;
        let mask = 0_u64.wrapping_sub(u64::from(negated));
        // r - s is (~s + 1) + r: with the mask, both in one pass without a branch.
        let mut carry = u128::from(negated);
        for (word, order) in words.iter_mut().zip(&ORDER) {
            let sum = u128::from(*word ^ mask) + u128::from(order & mask) + carry;
            (*word, carry) = (low(sum), sum >> 64);
        }
        for at in 0..3 {
            words[at] = words[at] >> 1 | words[at + 1] << 63;
        }
        words[3] = words[3] >> 1 | 1 << (ORDER_BITS - 1 - 3 * 64);
        Self { words, negated }
    }

    pub(super) fn digit(&self, window: &Window) -> Digit {
        let (word, shift) = (window.first_bit / 64, window.first_bit % 64);
        let upper = self.words.get(word + 1).copied().unwrap_or(0);
        let wide = u128::from(self.words[word]) | u128::from(upper) << 64;
        let half = window.entries() as u64;
        let bits = low(wide >> shift) & (2 * half - 1);
        // Below half the digit is negative, and its size counts down from the middle.
        let positive = bits / half;
        let place = (bits ^ positive.wrapping_sub(1)) & (half - 1);
        Digit(low_half(place) | NEGATIVE & low_half(positive.wrapping_sub(1)))
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the lower half is meant")]
const fn low(wide: u128) -> u64 {
    wide as u64
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "places are below 2^31, and of a mask the lower half is meant"
)]
const fn low_half(wide: u64) -> u32 {
    wide as u32
}
