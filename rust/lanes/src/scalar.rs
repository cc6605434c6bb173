//! Numbers modulo the group order `r`: in constant time, wiped when dropped.

use blst::{
    blst_bendian_from_scalar, blst_expand_message_xmd, blst_fr, blst_fr_add, blst_fr_from_scalar,
    blst_fr_inverse, blst_fr_mul, blst_fr_sub, blst_scalar, blst_scalar_fr_check,
    blst_scalar_from_bendian, blst_scalar_from_fr,
};
use zeroize::{Zeroize, Zeroizing};

use crate::secret::{SecretScalar, SECRET_BYTES};

/// The longest domain separation tag that RFC 9380 takes as it is.
const TAG_MAX: usize = 255;

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
        let mut bytes = [0; SECRET_BYTES];
        bytes[SECRET_BYTES - 8..].copy_from_slice(&value.to_be_bytes());
        Self::from_scalar(&read(&bytes))
    }

    /// Reads 32 bytes, big-endian; `None` unless the number is below the order.
    #[must_use]
    pub fn from_be_bytes(bytes: &[u8; SECRET_BYTES]) -> Option<Self> {
        let mut number = read(bytes);
        // SAFETY: blst reads one scalar.
        let fits = unsafe { blst_scalar_fr_check(&raw const number) };
        let scalar = fits.then(|| Self::from_scalar(&number));
        number.zeroize();
        scalar
    }

    /// The 32 bytes, big-endian, in a buffer that wipes itself.
    #[must_use]
    pub fn to_be_bytes(&self) -> Zeroizing<[u8; SECRET_BYTES]> {
        let mut number = self.to_scalar();
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        // SAFETY: blst reads one scalar and writes 32 bytes.
        unsafe { blst_bendian_from_scalar(bytes.as_mut_ptr(), &raw const number) };
        number.zeroize();
        bytes
    }

    /// The 32 bytes, little-endian: what multiplications by public numbers take.
    #[must_use]
    pub fn to_le_bytes(&self) -> Zeroizing<[u8; SECRET_BYTES]> {
        let mut bytes = self.to_be_bytes();
        bytes.reverse();
        bytes
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

    fn from_scalar(number: &blst_scalar) -> Self {
        let mut result = Self::zero();
        // SAFETY: blst reads a scalar and writes a number.
        unsafe { blst_fr_from_scalar(&raw mut result.0, number) };
        result
    }

    fn to_scalar(&self) -> blst_scalar {
        let mut number = blst_scalar::default();
        // SAFETY: blst reads a number and writes a scalar.
        unsafe { blst_scalar_from_fr(&raw mut number, &raw const self.0) };
        number
    }
}

fn read(bytes: &[u8; SECRET_BYTES]) -> blst_scalar {
    let mut number = blst_scalar::default();
    // SAFETY: blst reads 32 bytes and writes one scalar.
    unsafe { blst_scalar_from_bendian(&raw mut number, bytes.as_ptr()) };
    number
}

/// Fills `output` with bytes that stand for `message` under the tag `tag`.
///
/// # Panics
/// If the tag is longer than 255 bytes, or more is asked for than the function gives:
/// bugs of the caller, whose tags and lengths are constants.
///
/// # Reference
/// RFC 9380, section 5.3.1, `expand_message_xmd` with SHA-256.
pub fn expand_message(output: &mut [u8], message: &[u8], tag: &[u8]) {
    assert!(tag.len() <= TAG_MAX && output.len() <= 32 * TAG_MAX);
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
        assert!(Scalar::from_be_bytes(&[0xff; 32]).is_none());
        assert!(Scalar::zero().to_secret().is_none());
    }
}
