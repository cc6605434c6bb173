//! Numbers modulo the group order `r`: in constant time, wiped when dropped.

use blst::{
    blst_expand_message_xmd, blst_fr, blst_fr_add, blst_fr_from_uint64, blst_fr_inverse,
    blst_fr_mul, blst_fr_sub, blst_uint64_from_fr,
};
use zeroize::{Zeroize, Zeroizing};

use crate::secret::{SecretScalar, SECRET_BYTES};

/// The most bytes that a message is expanded to.
const OUTPUT_MAX: usize = 255 * 32;

/// A number modulo the group order.
///
/// It may be a secret, so it is neither `Debug` nor `Copy`; sums, products and
/// inverses take the same time whatever the numbers are.
#[derive(Clone, PartialEq, Eq)]
pub struct Scalar(blst_fr);

impl Drop for Scalar {
    fn drop(&mut self) {
        self.0.l.zeroize();
    }
}

impl Default for Scalar {
    fn default() -> Self {
        Self::zero()
    }
}

impl Scalar {
    /// Zero.
    #[must_use]
    pub fn zero() -> Self {
        Self(blst_fr::default())
    }

    /// One.
    #[must_use]
    pub fn one() -> Self {
        Self::from_u64(1)
    }

    /// A small number.
    #[must_use]
    pub fn from_u64(value: u64) -> Self {
        let mut result = Self::zero();
        // SAFETY: blst reads four words and writes a number.
        unsafe { blst_fr_from_uint64(&raw mut result.0, [value, 0, 0, 0].as_ptr()) };
        result
    }

    /// Reads 32 bytes, big-endian; `None` unless the number is below the order.
    #[must_use]
    pub fn from_be_bytes(bytes: &[u8; SECRET_BYTES]) -> Option<Self> {
        let mut words = words_of(bytes);
        let mut result = Self::zero();
        let fits = below_order(&words);
        if fits {
            // SAFETY: blst reads four words and writes a number.
            unsafe { blst_fr_from_uint64(&raw mut result.0, words.as_ptr()) };
        }
        words.zeroize();
        fits.then_some(result)
    }

    /// The 32 bytes, big-endian, in a buffer that wipes itself.
    #[must_use]
    pub fn to_be_bytes(&self) -> Zeroizing<[u8; SECRET_BYTES]> {
        let mut bytes = self.to_le_bytes();
        bytes.reverse();
        bytes
    }

    /// The 32 bytes, little-endian: what multiplications by public numbers take.
    #[must_use]
    pub fn to_le_bytes(&self) -> Zeroizing<[u8; SECRET_BYTES]> {
        let words = self.to_words();
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        for (place, word) in bytes.chunks_exact_mut(8).zip(words.iter()) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// The number in words of 64 bits, the lowest first.
    pub(crate) fn to_words(&self) -> Zeroizing<[u64; 4]> {
        let mut words = Zeroizing::new([0; 4]);
        // SAFETY: blst reads a number and writes four words.
        unsafe { blst_uint64_from_fr(words.as_mut_ptr(), &raw const self.0) };
        words
    }

    /// The same number as a secret exponent; `None` for zero.
    #[must_use]
    pub fn to_secret(&self) -> Option<SecretScalar> {
        SecretScalar::from_be_bytes(&self.to_be_bytes())
    }

    /// A sum.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        let mut result = Self::zero();
        // SAFETY: blst reads two numbers and writes one.
        unsafe { blst_fr_add(&raw mut result.0, &raw const self.0, &raw const other.0) };
        result
    }

    /// A difference.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        let mut result = Self::zero();
        // SAFETY: blst reads two numbers and writes one.
        unsafe { blst_fr_sub(&raw mut result.0, &raw const self.0, &raw const other.0) };
        result
    }

    /// A product.
    #[must_use]
    pub fn multiply(&self, other: &Self) -> Self {
        let mut result = Self::zero();
        // SAFETY: blst reads two numbers and writes one.
        unsafe { blst_fr_mul(&raw mut result.0, &raw const self.0, &raw const other.0) };
        result
    }

    /// The number of the opposite sign.
    #[must_use]
    pub fn negate(&self) -> Self {
        Self::zero().subtract(self)
    }

    /// Whether this is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.l == [0; 4]
    }

    /// The inverse; `None` for zero.
    #[must_use]
    pub fn invert(&self) -> Option<Self> {
        if self.is_zero() {
            return None;
        }
        let mut result = Self::zero();
        // SAFETY: blst reads a number and writes one.
        unsafe { blst_fr_inverse(&raw mut result.0, &raw const self.0) };
        Some(result)
    }

    /// The inverses of many, with one inversion; `None` if any is zero.
    #[must_use]
    pub fn invert_all(numbers: &[Self]) -> Option<Vec<Self>> {
        let mut before = Vec::with_capacity(numbers.len());
        let mut product = Self::one();
        for number in numbers {
            before.push(product.clone());
            product = product.multiply(number);
        }
        let mut inverse = product.invert()?;
        for (slot, number) in before.iter_mut().zip(numbers).rev() {
            *slot = slot.multiply(&inverse);
            inverse = inverse.multiply(number);
        }
        Some(before)
    }
}

/// The order `r` in words of 64 bits, the lowest first.
pub(crate) const ORDER: [u64; 4] = [
    0xffff_ffff_0000_0001,
    0x53bd_a402_fffe_5bfe,
    0x3339_d808_09a1_d805,
    0x73ed_a753_299d_7d48,
];

/// Words of 64 bits, the lowest first.
fn words_of(bytes: &[u8; SECRET_BYTES]) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, part) in words.iter_mut().zip(bytes.rchunks_exact(8)) {
        let mut value = [0; 8];
        value.copy_from_slice(part);
        *word = u64::from_be_bytes(value);
    }
    words
}

/// Whether a number is below the order: whether the order does not fit into it.
/// One subtraction, whatever the number is.
fn below_order(words: &[u64; 4]) -> bool {
    let mut borrow = false;
    for (word, order) in words.iter().zip(&ORDER) {
        let (difference, first) = word.overflowing_sub(*order);
        let (_, second) = difference.overflowing_sub(u64::from(borrow));
        borrow = first | second;
    }
    borrow
}

/// Fills `output` with bytes that stand for `message` under the tag `tag`.
///
/// # Panics
/// If more than 8,160 bytes are asked for: a bug of the caller, whose lengths are constants.
///
/// # Reference
/// RFC 9380, section 5.3.1, `expand_message_xmd` with SHA-256; section 5.3.3 for tags of
/// more than 255 bytes.
pub fn expand_message(output: &mut [u8], message: &[u8], tag: &[u8]) {
    assert!(output.len() <= OUTPUT_MAX);
    // SAFETY: each pointer comes with the length of its slice.
    unsafe {
        blst_expand_message_xmd(
            output.as_mut_ptr(),
            output.len(),
            message.as_ptr(),
            message.len(),
            tag.as_ptr(),
            tag.len(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(seed: u8) -> Scalar {
        let mut bytes = [0; 32];
        expand_message(&mut bytes, &[seed], b"test");
        bytes[0] &= 0x3f;
        Scalar::from_be_bytes(&bytes).expect("below the order")
    }

    #[test]
    fn arithmetic_keeps_its_laws() {
        let (a, b, c) = (number(1), number(2), number(3));
        assert!(a.add(&b).multiply(&c) == a.multiply(&c).add(&b.multiply(&c)));
        assert!(a.subtract(&a).is_zero() && a.add(&a.negate()).is_zero());
        assert!(a.multiply(&a.invert().expect("not zero")) == Scalar::one());
        assert!(Scalar::zero().invert().is_none());
        let all = [a, b, c];
        let inverses = Scalar::invert_all(&all).expect("not zero");
        for (one, inverse) in all.iter().zip(&inverses) {
            assert!(one.multiply(inverse) == Scalar::one());
        }
        assert!(Scalar::invert_all(&[Scalar::one(), Scalar::zero()]).is_none());
        assert!(Scalar::invert_all(&[]).is_some_and(|none| none.is_empty()));
    }

    #[test]
    fn only_numbers_below_the_order_are_read() {
        let largest = Scalar::one().negate().to_be_bytes();
        assert!(Scalar::from_be_bytes(&largest).is_some_and(|read| read.to_be_bytes() == largest));
        let mut order = *largest;
        order[31] += 1;
        assert!(Scalar::from_be_bytes(&order).is_none());
        order[0] -= 1;
        assert!(Scalar::from_be_bytes(&order).is_some_and(|read| *read.to_be_bytes() == order));
        let small = Scalar::from_u64(0x0102_0304_0506_0708).to_le_bytes();
        assert_eq!([8, 7, 6, 5, 4, 3, 2, 1], small[..8]);
        assert_eq!([0; 24], small[8..]);
        assert!(Scalar::from_be_bytes(&[0xff; 32]).is_none());
        assert!(Scalar::zero().to_secret().is_none());
    }
}
