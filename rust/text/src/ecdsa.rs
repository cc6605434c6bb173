//! The two forms of an ECDSA signature: r and s of a fixed length, as JOSE and
//! COSE have it, and DER, as `OpenSSL` does.
//!
//! # Reference
//! RFC 7518, section 3.4; RFC 3279, section 2.2.3; X.690, sections 8.1 and 8.3.

use crate::error::{malformed, Result};

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

/// The longest r or s: that the whole is shorter than 128 bytes, where lengths take one byte.
pub const COORDINATE_MAX: usize = 48;

/// DER of a signature of two halves.
///
/// # Errors
/// [`crate::Error::Malformed`] for an odd length, none, or more than twice [`COORDINATE_MAX`].
pub fn der_of_fixed(signature: &[u8]) -> Result<Vec<u8>> {
    let size = signature.len() / 2;
    if !signature.len().is_multiple_of(2) || !(1..=COORDINATE_MAX).contains(&size) {
        return malformed("a signature of two halves");
    }
    let mut der = vec![SEQUENCE, 0];
    for half in signature.chunks_exact(size) {
        let zeros = half.iter().take_while(|&&byte| byte == 0).count();
        let digits = &half[zeros.min(size - 1)..];
        // A leading bit would make the number negative.
        let padded = digits[0] >= 0x80;
        der.extend([INTEGER, length(digits.len() + usize::from(padded))]);
        if padded {
            der.push(0);
        }
        der.extend_from_slice(digits);
    }
    der[1] = length(der.len() - 2);
    Ok(der)
}

fn length(bytes: usize) -> u8 {
    u8::try_from(bytes).unwrap_or(u8::MAX)
}

/// The signature that DER holds: r and s, each of `size` bytes.
///
/// # Errors
/// [`crate::Error::Malformed`] for other bytes, and for a number of more than `size` bytes.
pub fn fixed_of_der(der: &[u8], size: usize) -> Result<Vec<u8>> {
    let read = || {
        let rest = der.strip_prefix(&[SEQUENCE, length(der.len().checked_sub(2)?)])?;
        let mut signature = Vec::with_capacity(2 * size);
        let rest = read_integer(rest, size, &mut signature)?;
        let rest = read_integer(rest, size, &mut signature)?;
        rest.is_empty().then_some(signature)
    };
    read().map_or_else(|| malformed("an ECDSA signature in DER"), Ok)
}

/// Appends one number, filled up to `size` bytes; gives what follows it.
fn read_integer<'a>(der: &'a [u8], size: usize, signature: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (&count, rest) = der.strip_prefix(&[INTEGER])?.split_first()?;
    let (number, rest) = rest.split_at_checked(usize::from(count))?;
    let digits = number.strip_prefix(&[0]).unwrap_or(number);
    signature.resize(signature.len() + size.checked_sub(digits.len())?, 0);
    signature.extend_from_slice(digits);
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_and_large_numbers() {
        let signature = |r: u8, s: u8| vec![0, r, 0, s];
        for (fixed, der) in [
            (signature(0, 1), vec![0x30, 6, 2, 1, 0, 2, 1, 1]),
            (
                signature(0x7f, 0x80),
                vec![0x30, 7, 2, 1, 0x7f, 2, 2, 0, 0x80],
            ),
            (
                vec![0xff, 1, 1, 0],
                vec![0x30, 9, 2, 3, 0, 0xff, 1, 2, 2, 1, 0],
            ),
        ] {
            assert_eq!(der_of_fixed(&fixed), Ok(der.clone()));
            assert_eq!(fixed_of_der(&der, 2), Ok(fixed));
        }
    }

    #[test]
    fn other_lengths() {
        assert!(der_of_fixed(&[1; 96]).is_ok());
        for size in [0, 1, 3, 97, 98, 200] {
            assert!(der_of_fixed(&vec![1; size]).is_err(), "{size}");
        }
        let der = der_of_fixed(&[0xff; 64]).expect("a signature");
        assert!(fixed_of_der(&der, 32).is_ok());
        assert!(fixed_of_der(&der, 31).is_err());
        for end in 0..der.len() {
            assert!(fixed_of_der(&der[..end], 32).is_err());
        }
        assert!(fixed_of_der(&[&der[..], &[0]].concat(), 32).is_err());
    }

    proptest! {
        #[test]
        fn a_signature_comes_back(halves in prop::collection::vec(any::<u8>(), 1..49)) {
            let fixed = [&halves[..], &halves[..]].concat();
            let der = der_of_fixed(&fixed).expect("a signature");
            prop_assert_eq!(fixed_of_der(&der, halves.len()), Ok(fixed));
        }

        #[test]
        fn any_bytes_are_read_or_refused(der in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(fixed) = fixed_of_der(&der, 32) {
                prop_assert_eq!(fixed.len(), 64);
            }
        }
    }
}
