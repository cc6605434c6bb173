//! What the escapes of a JSON string stand for.

/// The value of hexadecimal digits.
pub(super) fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |unit, &digit| {
        Some(unit << 4 | char::from(digit).to_digit(16)?)
    })
}

/// The characters that a string's text stands for; its escapes were checked.
pub(super) fn unescaped(raw: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut units = Vec::new();
    let mut rest = raw;
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'\\' && after.first() == Some(&b'u') {
            units.push(after.get(1..5).and_then(hexadecimal).unwrap_or_default());
            rest = after.get(5..).unwrap_or_default();
            continue;
        }
        write_units(&mut units, &mut bytes);
        if byte == b'\\' {
            bytes.push(match after.first() {
                Some(b'b') => 0x08,
                Some(b'f') => 0x0c,
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(&other) => other,
                None => byte,
            });
            rest = after.get(1..).unwrap_or_default();
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    write_units(&mut units, &mut bytes);
    bytes
}

/// Writes UTF-16 code units as UTF-8.
fn write_units(units: &mut Vec<u32>, bytes: &mut Vec<u8>) {
    let halves = units
        .drain(..)
        .map(|unit| u16::try_from(unit).unwrap_or_default());
    for character in char::decode_utf16(halves) {
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}
