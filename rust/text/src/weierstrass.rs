//! Points of y^2 = x^3 + a*x + b over a prime field, from x and one bit of y.
//!
//! Numbers are words, the least first, in Montgomery's form: times 2^64 for each
//! word. Keys are public: nothing here runs in constant time for its input.
//!
//! # Reference
//! SEC 1, section 2.3.4; SEC 2, sections 2.4.1, 2.4.2 and 2.5.1.

#![allow(
    clippy::inline_always,
    reason = "a sum that passes a call goes through memory, at twice the time"
)]

/// A curve over a field of `N` words, whose prime is 3 modulo 4 and has its highest bit set.
pub(crate) trait Curve<const N: usize> {
    /// The prime p.
    const PRIME: [u64; N];
    /// Whether a is -3; else it is 0.
    const A_IS_MINUS_3: bool;
    /// b, not in Montgomery's form.
    const B: [u64; N];

    /// -1/p modulo 2^64.
    const INVERSE: u64 = minus_inverse(Self::PRIME[0]);
    /// 2^(128*N) modulo p: brings a number into Montgomery's form.
    const SQUARE: [u64; N] = square_of_radix(&Self::PRIME);
    /// (p + 1)/4: this power is the square root of what has one.
    const ROOT: [u64; N] = quarter(&Self::PRIME);

    /// t plus the multiple of p that makes its lowest word zero, without that
    /// word: those above it, with the highest one to be filled, and the carry into it.
    #[inline(always)]
    fn lowered(t: &[u64; N]) -> ([u64; N], u64) {
        let m = t[0].wrapping_mul(Self::INVERSE);
        let (_, mut carry) = multiply_add(t[0], m, Self::PRIME[0], 0);
        let mut found = [0; N];
        for place in 1..N {
            (found[place - 1], carry) = multiply_add(t[place], m, Self::PRIME[place], carry);
        }
        (found, carry)
    }
}

/// The most words of a field.
const WORDS_MAX: usize = 6;

/// P-256, or secp256r1.
pub(crate) struct P256;

impl Curve<4> for P256 {
    const PRIME: [u64; 4] = [
        0xffff_ffff_ffff_ffff,
        0x0000_0000_ffff_ffff,
        0,
        0xffff_ffff_0000_0001,
    ];
    const A_IS_MINUS_3: bool = true;
    const B: [u64; 4] = [
        0x3bce_3c3e_27d2_604b,
        0x651d_06b0_cc53_b0f6,
        0xb3eb_bd55_7698_86bc,
        0x5ac6_35d8_aa3a_93e7,
    ];

    /// As above: with -1/p = 1 it is t + t[0]*p, and p is 2^256 - 2^224 + 2^192 + 2^96 - 1.
    #[inline(always)]
    fn lowered(t: &[u64; 4]) -> ([u64; 4], u64) {
        let m = t[0];
        let (first, carry) = multiply_add(t[1], m << 32, 1, 0);
        let (second, carry) = multiply_add(t[2], m >> 32, 1, carry);
        let (third, carry) = multiply_add(t[3], m, Self::PRIME[3], carry);
        ([first, second, third, 0], carry)
    }
}

/// P-384, or secp384r1.
pub(crate) struct P384;

impl Curve<6> for P384 {
    const PRIME: [u64; 6] = [
        0x0000_0000_ffff_ffff,
        0xffff_ffff_0000_0000,
        0xffff_ffff_ffff_fffe,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
    ];
    const A_IS_MINUS_3: bool = true;
    const B: [u64; 6] = [
        0x2a85_c8ed_d3ec_2aef,
        0xc656_398d_8a2e_d19d,
        0x0314_088f_5013_875a,
        0x181d_9c6e_fe81_4112,
        0x988e_056b_e3f8_2d19,
        0xb331_2fa7_e23e_e7e4,
    ];
}

/// secp256k1.
pub(crate) struct Secp256k1;

impl Curve<4> for Secp256k1 {
    const PRIME: [u64; 4] = [
        0xffff_fffe_ffff_fc2f,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
    ];
    const A_IS_MINUS_3: bool = false;
    const B: [u64; 4] = [7, 0, 0, 0];
}

/// The y of a point.
///
/// # Arguments
/// * `x` - 8*N bytes, big-endian.
/// * `odd` - whether y is an odd number.
///
/// # Returns
/// y, as long as x; `None` where x is not below the prime or no point has it.
///
/// # Cost
/// One power: 5 microseconds for 256 bits.
pub(crate) fn y_of<C: Curve<N>, const N: usize>(x: &[u8], odd: bool) -> Option<Vec<u8>> {
    let x = words::<N>(x)?;
    if !is_below(&x, &C::PRIME) {
        return None;
    }
    let x = times::<C, N>(&x, &C::SQUARE);
    let mut right = times::<C, N>(&times::<C, N>(&x, &x), &x);
    if C::A_IS_MINUS_3 {
        for _ in 0..3 {
            right = minus(&right, &x, &C::PRIME);
        }
    }
    right = plus(&right, &times::<C, N>(&C::B, &C::SQUARE), &C::PRIME);
    let y = power::<C, N>(&right, &C::ROOT);
    if times::<C, N>(&y, &y) != right {
        return None;
    }
    let mut one = [0; N];
    one[0] = 1;
    let mut y = times::<C, N>(&y, &one);
    // No point has y = 0: the order of each curve is odd.
    if (y[0] & 1 == 1) != odd {
        y = minus(&[0; N], &y, &C::PRIME);
    }
    Some(y.iter().rev().flat_map(|word| word.to_be_bytes()).collect())
}

fn words<const N: usize>(bytes: &[u8]) -> Option<[u64; N]> {
    let mut words = [0; N];
    if bytes.len() != 8 * N {
        return None;
    }
    for (word, bytes) in words.iter_mut().rev().zip(bytes.chunks_exact(8)) {
        *word = u64::from_be_bytes(bytes.try_into().ok()?);
    }
    Some(words)
}

fn is_below<const N: usize>(left: &[u64; N], right: &[u64; N]) -> bool {
    left.iter().rev().lt(right.iter().rev())
}

/// t + a*b + carry: its low word and its high one. It never exceeds two words.
#[inline(always)]
const fn multiply_add(t: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let wide = (a as u128 * b as u128)
        .wrapping_add(t as u128)
        .wrapping_add(carry as u128);
    #[allow(clippy::cast_possible_truncation, reason = "the two halves of it")]
    (wide as u64, (wide >> 64) as u64)
}

/// Montgomery's product a*b/2^(64*N), below p, of numbers below p.
///
/// # Reference
/// Koc, Acar, Kaliski: Analyzing and Comparing Montgomery Multiplication Algorithms, CIOS.
#[inline]
fn times<C: Curve<N>, const N: usize>(a: &[u64; N], b: &[u64; N]) -> [u64; N] {
    // Row by row, not in a loop, which would keep the sum in memory.
    let mut sum = row::<C, N>(([0; N], false), a, b[0]);
    sum = row::<C, N>(sum, a, b[1]);
    sum = row::<C, N>(sum, a, b[2]);
    sum = row::<C, N>(sum, a, b[3]);
    if N == 6 {
        sum = row::<C, N>(sum, a, b[4]);
        sum = row::<C, N>(sum, a, b[5]);
    }
    reduced(&sum.0, sum.1, &C::PRIME)
}

/// (sum + a*word)/2^64 modulo p; the sum is below 2p, with its highest bit apart.
#[inline(always)]
fn row<C: Curve<N>, const N: usize>(
    (mut sum, top): ([u64; N], bool),
    a: &[u64; N],
    word: u64,
) -> ([u64; N], bool) {
    let mut carry = 0;
    for place in 0..N {
        (sum[place], carry) = multiply_add(sum[place], a[place], word, carry);
    }
    let (high, over) = carry.overflowing_add(u64::from(top));
    (sum, carry) = C::lowered(&sum);
    let again;
    (sum[N - 1], again) = high.overflowing_add(carry);
    (sum, over | again)
}

/// Montgomery's a*a/2^(64*N): each product of two words is made once.
#[inline]
fn squared<C: Curve<N>, const N: usize>(a: &[u64; N]) -> [u64; N] {
    let mut wide = [0; 2 * WORDS_MAX];
    for low in 0..N {
        let mut carry = 0;
        for high in low + 1..N {
            (wide[low + high], carry) = multiply_add(wide[low + high], a[low], a[high], carry);
        }
        wide[low + N] = carry;
    }
    for place in (1..2 * N).rev() {
        wide[place] = wide[place] << 1 | wide[place - 1] >> 63;
    }
    let mut carry = 0;
    for place in 0..N {
        (wide[2 * place], carry) = multiply_add(wide[2 * place], a[place], a[place], carry);
        (wide[2 * place + 1], carry) = multiply_add(wide[2 * place + 1], carry, 1, 0);
    }
    let mut sum = [0; N];
    sum.copy_from_slice(&wide[..N]);
    let mut top = false;
    for &word in &wide[N..2 * N] {
        let (high, over) = word.overflowing_add(u64::from(top));
        (sum, carry) = C::lowered(&sum);
        let again;
        (sum[N - 1], again) = high.overflowing_add(carry);
        top = over | again;
    }
    reduced(&sum, top, &C::PRIME)
}

/// A number below 2p, with its highest bit apart, modulo p.
#[inline]
const fn reduced<const N: usize>(t: &[u64; N], top: bool, prime: &[u64; N]) -> [u64; N] {
    let (less, borrow) = subtracted(t, prime);
    // By a mask: a branch would be guessed wrong every other time.
    let keep = if borrow && !top { u64::MAX } else { 0 };
    let mut found = [0; N];
    let mut place = 0;
    while place < N {
        found[place] = (t[place] & keep) | (less[place] & !keep);
        place += 1;
    }
    found
}

#[inline]
const fn subtracted<const N: usize>(a: &[u64; N], b: &[u64; N]) -> ([u64; N], bool) {
    let mut found = [0; N];
    let mut borrow = false;
    let mut place = 0;
    while place < N {
        let (less, first) = a[place].overflowing_sub(b[place]);
        let (less, second) = less.overflowing_sub(borrow as u64);
        found[place] = less;
        borrow = first | second;
        place += 1;
    }
    (found, borrow)
}

#[inline]
const fn added<const N: usize>(a: &[u64; N], b: &[u64; N]) -> ([u64; N], bool) {
    let mut found = [0; N];
    let mut carry = false;
    let mut place = 0;
    while place < N {
        let (sum, first) = a[place].overflowing_add(b[place]);
        let (sum, second) = sum.overflowing_add(carry as u64);
        found[place] = sum;
        carry = first | second;
        place += 1;
    }
    (found, carry)
}

const fn plus<const N: usize>(a: &[u64; N], b: &[u64; N], prime: &[u64; N]) -> [u64; N] {
    let (sum, carry) = added(a, b);
    reduced(&sum, carry, prime)
}

const fn minus<const N: usize>(a: &[u64; N], b: &[u64; N], prime: &[u64; N]) -> [u64; N] {
    let (less, borrow) = subtracted(a, b);
    if borrow {
        added(&less, prime).0
    } else {
        less
    }
}

/// Bits of an exponent that are taken at once: half a byte.
const WINDOW: usize = 4;

fn power<C: Curve<N>, const N: usize>(base: &[u64; N], exponent: &[u64; N]) -> [u64; N] {
    // Those from 0 to 15; the first is never used.
    let mut powers = [*base; 1 << WINDOW];
    for place in 2..powers.len() {
        powers[place] = times::<C, N>(&powers[place - 1], base);
    }
    let mut found: Option<[u64; N]> = None;
    for byte in exponent.iter().rev().flat_map(|word| word.to_be_bytes()) {
        for digit in [byte >> WINDOW, byte & 0xf] {
            found = found.map(|mut found| {
                for _ in 0..WINDOW {
                    found = squared::<C, N>(&found);
                }
                found
            });
            if digit > 0 {
                let power = &powers[usize::from(digit)];
                found = Some(found.map_or(*power, |found| times::<C, N>(&found, power)));
            }
        }
    }
    found.unwrap_or(*base)
}

/// -1/p modulo 2^64 by Newton: each step doubles the bits that are right; an odd number is its own inverse modulo 8.
const fn minus_inverse(p: u64) -> u64 {
    let mut inverse = p;
    let mut bits = 3;
    while bits < u64::BITS {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(p.wrapping_mul(inverse)));
        bits *= 2;
    }
    inverse.wrapping_neg()
}

const fn square_of_radix<const N: usize>(prime: &[u64; N]) -> [u64; N] {
    // 2^(64*N) less p is the radix modulo p, since p is more than half of it.
    let (mut found, _) = subtracted(&[0; N], prime);
    let mut bits = 0;
    while bits < 64 * N {
        found = plus(&found, &found, prime);
        bits += 1;
    }
    found
}

const fn quarter<const N: usize>(prime: &[u64; N]) -> [u64; N] {
    let mut found = [0; N];
    let mut place = 0;
    while place < N {
        let above = if place + 1 < N { prime[place + 1] } else { 0 };
        found[place] = prime[place] >> 2 | above << 62;
        place += 1;
    }
    let mut one = [0; N];
    one[0] = 1;
    added(&found, &one).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check<C: Curve<N>, const N: usize>(words: &[u64]) {
        let a: [u64; N] = words[..N].try_into().expect("enough words");
        if is_below(&a, &C::PRIME) {
            assert_eq!(squared::<C, N>(&a), times::<C, N>(&a, &a));
        }
    }

    proptest! {
        /// Words of zeros and of ones alone make the carries that random ones never do.
        #[test]
        fn a_square_is_a_product(words in prop::collection::vec(
            prop_oneof![any::<u64>(), Just(0), Just(u64::MAX), Just(u64::from(u32::MAX))], 6))
        {
            check::<P256, 4>(&words);
            check::<P384, 6>(&words);
            check::<Secp256k1, 4>(&words);
        }
    }
}
