//! base64url without padding (RFC 4648, section 5), in its one canonical form.

use crate::error::{malformed, Result};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What stands for a byte that is no base64url; its high bits mark it.
const FOREIGN: u8 = 0xff;

const VALUES: [u8; 256] = values();

const fn values() -> [u8; 256] {
    let mut values = [FOREIGN; 256];
    let mut place = 0;
    while place < ALPHABET.len() {
        #[allow(clippy::cast_possible_truncation, reason = "below 64")]
        let value = place as u8;
        values[ALPHABET[place] as usize] = value;
        place += 1;
    }
    values
}

/// How many characters `bytes` bytes take.
#[must_use]
pub const fn encoded_len(bytes: usize) -> usize {
    bytes / 3 * 4 + [0, 2, 3][bytes % 3]
}

/// Appends the text of `data`.
pub fn encode(data: &[u8], text: &mut Vec<u8>) {
    let start = text.len();
    text.resize(start + encoded_len(data.len()), 0);
    let character = |bits: u32| ALPHABET[(bits & 63) as usize];
    let mut groups = data.chunks_exact(3);
    let mut places = text[start..].chunks_exact_mut(4);
    for (group, place) in (&mut groups).zip(&mut places) {
        let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
        place.copy_from_slice(&[bits >> 18, bits >> 12, bits >> 6, bits].map(character));
    }
    let place = places.into_remainder();
    match *groups.remainder() {
        [one] => {
            place.copy_from_slice(&[u32::from(one) >> 2, u32::from(one) << 4].map(character));
        }
        [one, two] => {
            let bits = u32::from(one) << 8 | u32::from(two);
            place.copy_from_slice(&[bits >> 10, bits >> 4, bits << 2].map(character));
        }
        _ => {}
    }
}

/// Appends the bytes that `text` stands for.
///
/// # Errors
/// [`crate::Error::Malformed`] for padding, white space, a foreign character,
/// or spare bits that are not zero (RFC 4648, section 3.5).
pub fn decode(text: &[u8], data: &mut Vec<u8>) -> Result<()> {
    let start = data.len();
    data.resize(start + text.len() / 4 * 3, 0);
    // All values together: a foreign character leaves a high bit here, looked at once.
    let mut seen = 0;
    let mut value = |character: u8| {
        let value = VALUES[usize::from(character)];
        seen |= value;
        u32::from(value)
    };
    let mut groups = text.chunks_exact(4);
    for (group, place) in (&mut groups).zip(data[start..].chunks_exact_mut(3)) {
        let bits =
            value(group[0]) << 18 | value(group[1]) << 12 | value(group[2]) << 6 | value(group[3]);
        place.copy_from_slice(&bits.to_be_bytes()[1..]);
    }
    let spare = match *groups.remainder() {
        [] => 0,
        [one, two] => {
            let bits = value(one) << 6 | value(two);
            data.extend_from_slice(&(bits >> 4).to_be_bytes()[3..]);
            bits & 0xf
        }
        [one, two, three] => {
            let bits = value(one) << 12 | value(two) << 6 | value(three);
            data.extend_from_slice(&(bits >> 2).to_be_bytes()[2..]);
            bits & 3
        }
        _ => 1,
    };
    if seen > 63 || spare != 0 {
        return malformed("base64url without padding, in canonical form");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text_of(data: &[u8]) -> String {
        let mut text = Vec::new();
        encode(data, &mut text);
        String::from_utf8(text).expect("ASCII")
    }

    fn bytes_of(text: &[u8]) -> Result<Vec<u8>> {
        let mut data = Vec::new();
        decode(text, &mut data).map(|()| data)
    }

    #[test]
    fn the_vectors_of_rfc_4648_section_10() {
        for (data, text) in [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
            ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(text_of(data.as_bytes()), text);
            assert_eq!(bytes_of(text.as_bytes()).as_deref(), Ok(data.as_bytes()));
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        assert_eq!(bytes_of(b"_-8"), Ok(vec![0xff, 0xef]));
        for text in [
            "Zg==",
            "Zh",
            "Zm9",
            "Z",
            "Zm9vY",
            "Zm+v",
            "Zm/v",
            "Zm 9v",
            "Zm9v\n",
            "Zm9\u{e9}",
        ] {
            assert!(bytes_of(text.as_bytes()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_written_the_same_again(text in "[A-Za-z0-9_=+-]{0,20}") {
            if let Ok(data) = bytes_of(text.as_bytes()) {
                prop_assert_eq!(text_of(&data), text);
            }
        }

        #[test]
        fn bytes_come_back(data in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(bytes_of(text_of(&data).as_bytes()), Ok(data));
        }
    }
}
