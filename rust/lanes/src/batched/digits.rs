//! Coefficients in odd digits: none of them is zero, so that each adds something.

/// Digits of half a coefficient, and their bits.
pub(super) const DIGITS: usize = 16;
pub(super) const DIGIT_BITS: usize = 4;

/// The digits of both halves, the lowest first, and whether each half was made odd.
#[derive(Clone, Copy)]
pub(super) struct Digits {
    pub(super) halves: [[i8; DIGITS]; 2],
    pub(super) one_more: [bool; 2],
}

impl Digits {
    /// Of 16 bytes.
    pub(super) fn of(coefficient: &[u8]) -> Self {
        let mut result = Self {
            halves: [[0; DIGITS]; 2],
            one_more: [false; 2],
        };
        for (half, bytes) in coefficient.chunks_exact(8).enumerate() {
            let mut number = 0;
            for byte in bytes.iter().rev() {
                number = number << 8 | u64::from(*byte);
            }
            result.one_more[half] = number % 2 == 0;
            result.halves[half] = odd_digits(number | 1);
        }
        result
    }
}

/// An odd number as `sum d_i 16^i` with odd digits between -15 and 15, the highest above zero.
fn odd_digits(mut number: u64) -> [i8; DIGITS] {
    let mut digits = [0; DIGITS];
    for digit in &mut digits[..DIGITS - 1] {
        // The lowest five bits, of which the last is set, less 16.
        *digit = small(number % 32) - 16;
        // (number - digit) / 16, without leaving 64 bits.
        number = number / 32 * 2 + 1;
    }
    digits[DIGITS - 1] = small(number);
    digits
}

fn small(number: u64) -> i8 {
    i8::try_from(number).expect("five bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_make_up_their_number() {
        for number in [
            1,
            3,
            15,
            17,
            0xff,
            0x1_0001,
            u64::MAX,
            u64::MAX - 2,
            0x8000_0000_0000_0001,
        ] {
            let digits = odd_digits(number);
            assert!(digits
                .iter()
                .all(|digit| digit % 2 != 0 && digit.abs() < 16));
            let sum = digits
                .iter()
                .rev()
                .fold(0_i128, |sum, digit| 16 * sum + i128::from(*digit));
            assert_eq!(i128::from(number), sum);
        }
    }
}
