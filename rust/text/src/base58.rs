//! base58 with the Bitcoin alphabet (draft-msporny-base58-03).
//!
//! Both directions cost the square of the length, so both have a limit.

use crate::error::{malformed, Error, Result};

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const FOREIGN: u8 = 0xff;
const VALUES: [u8; 256] = values();

/// Five digits at a time fit in a word of 32 bits; only then is the number that grows touched.
const STEP: usize = 5;
const STEP_POWER: u64 = 58u64.pow(5);

const fn values() -> [u8; 256] {
    let mut values = [FOREIGN; 256];
    let mut place = 0;
    while place < ALPHABET.len() {
        #[allow(clippy::cast_possible_truncation, reason = "below 58")]
        let value = place as u8;
        values[ALPHABET[place] as usize] = value;
        place += 1;
    }
    values
}

fn within<T>(fits: bool, limit: usize, value: T) -> Result<T> {
    if fits {
        Ok(value)
    } else {
        Err(Error::Limit {
            what: "base58 characters",
            limit,
        })
    }
}

/// The bytes that `text` stands for.
///
/// # Errors
/// [`Error::Limit`] for more than `limit` characters;
/// [`Error::Malformed`] for a foreign character.
pub fn decode(text: &[u8], limit: usize) -> Result<Vec<u8>> {
    within(text.len() <= limit, limit, ())?;
    // Words of 32 bits, the lowest first.
    let mut number: Vec<u32> = Vec::with_capacity(text.len() / 5 + 1);
    let (first, rest) = text.split_at(text.len() % STEP);
    let steps = rest.chunks_exact(STEP);
    for digits in std::iter::once(first).chain(steps) {
        let mut carry = 0u64;
        for &digit in digits {
            let value = VALUES[usize::from(digit)];
            if value == FOREIGN {
                return malformed("base58btc characters");
            }
            carry = carry * 58 + u64::from(value);
        }
        for word in &mut number {
            carry += u64::from(*word) * STEP_POWER;
            *word = low(carry);
            carry >>= 32;
        }
        while carry > 0 {
            number.push(low(carry));
            carry >>= 32;
        }
    }
    let zeros = text
        .iter()
        .take_while(|&&digit| digit == ALPHABET[0])
        .count();
    let mut data = vec![0; zeros];
    let big_endian = number.iter().rev().flat_map(|word| word.to_be_bytes());
    data.extend(big_endian.skip_while(|&byte| byte == 0));
    Ok(data)
}

#[allow(clippy::cast_possible_truncation, reason = "the low 32 bits are meant")]
const fn low(value: u64) -> u32 {
    value as u32
}

/// The text of `data`.
///
/// # Errors
/// [`Error::Limit`] if it has more than `limit` characters.
pub fn encode(data: &[u8], limit: usize) -> Result<Vec<u8>> {
    // A character carries less than six bits: what is far too long is refused before the work.
    within(data.len() * 8 <= limit.saturating_mul(6), limit, ())?;
    let zeros = data.iter().take_while(|&&byte| byte == 0).count();
    let mut number: Vec<u32> = data[zeros..]
        .rchunks(4)
        .map(|word| word.iter().fold(0, |sum, &byte| sum << 8 | u32::from(byte)))
        .collect();
    // Digits, the lowest first.
    let mut digits = Vec::with_capacity(data.len() * 7 / 5 + STEP);
    while !number.is_empty() {
        let mut rest = 0u64;
        for word in number.iter_mut().rev() {
            let value = rest << 32 | u64::from(*word);
            *word = low(value / STEP_POWER);
            rest = value % STEP_POWER;
        }
        while number.last() == Some(&0) {
            number.pop();
        }
        for _ in 0..STEP {
            digits.push((rest % 58) as usize);
            rest /= 58;
        }
    }
    while digits.last() == Some(&0) {
        digits.pop();
    }
    let mut text = vec![ALPHABET[0]; zeros];
    text.extend(digits.into_iter().rev().map(|digit| ALPHABET[digit]));
    within(text.len() <= limit, limit, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMIT: usize = 200;

    #[test]
    fn the_vectors_of_the_draft() {
        for (data, text) in [
            (&b"Hello World!"[..], "2NEpo7TZRRrLZSi2U"),
            (
                b"The quick brown fox jumps over the lazy dog.",
                "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
            ),
            (b"\0\0\x28\x7f\xb4\xcd", "11233QC4"),
            (b"", ""),
            (b"\0", "1"),
        ] {
            assert_eq!(encode(data, LIMIT).as_deref(), Ok(text.as_bytes()));
            assert_eq!(decode(text.as_bytes(), LIMIT).as_deref(), Ok(data));
        }
    }

    #[test]
    fn foreign_characters_are_refused() {
        assert!(decode(b"2NEpo7TZRRrLZSi2U", LIMIT).is_ok());
        for text in ["0", "O", "I", "l", "2NEpo7TZRRrLZSi2U ", "\u{e9}"] {
            assert!(decode(text.as_bytes(), LIMIT).is_err(), "{text}");
        }
    }

    #[test]
    fn the_length_is_limited() {
        assert!(decode(&[b'2'; 200], LIMIT).is_ok());
        assert!(matches!(
            decode(&[b'2'; 201], LIMIT),
            Err(Error::Limit { limit: LIMIT, .. })
        ));
        assert_eq!(encode(&[0; 150], LIMIT).map(|text| text.len()), Ok(150));
        assert!(encode(&[255; 146], LIMIT).is_ok());
        assert!(matches!(
            encode(&[255; 150], LIMIT),
            Err(Error::Limit { .. })
        ));
        assert!(matches!(
            encode(&vec![255; 1 << 22], LIMIT),
            Err(Error::Limit { .. })
        ));
    }

    proptest! {
        #[test]
        fn bytes_come_back(zeros in 0usize..3, data in prop::collection::vec(any::<u8>(), 0..100)) {
            let data = [vec![0; zeros], data].concat();
            prop_assert_eq!(decode(&encode(&data, LIMIT).expect("short"), LIMIT), Ok(data));
        }

        #[test]
        fn text_comes_back(text in "[1-9A-HJ-NP-Za-km-z]{0,120}") {
            let data = decode(text.as_bytes(), LIMIT).expect("base58");
            prop_assert_eq!(encode(&data, LIMIT), Ok(text.into_bytes()));
        }
    }
}
