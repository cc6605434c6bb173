//! Many multiples at once, one point after the other, over blst's field.

#![allow(
    clippy::inline_always,
    reason = "a call would cost more than what is done"
)]

use super::element::{
    inverse, is_zero, multiply, multiply_by, negate_if, square, subtract, words, Element,
};
use super::recoding::{Digit, Recoded};
use super::{Entry, FixedBase};
use crate::curve::{Affine, G1Affine, G1Jacobian, Jacobian};
use crate::field::MODULUS;
use crate::scalar::Scalar;

/// Numbers that are worked on together: what they need stays in the second level of the cache.
const ROUND: usize = 1024;

/// How many entries ahead the table is fetched from memory.
const AHEAD: usize = 12;

/// Bytes of a compressed point.
const BYTES: usize = 48;

/// One, in blst's form: `2^384 mod p`.
const ONE: Element = [
    0x7609_0000_0002_fffd,
    0xebf4_000b_c40c_0002,
    0x5f48_9857_53c7_58ba,
    0x77ce_5853_7052_5745,
    0x5c07_1a97_a256_ec6d,
    0x15f6_5ec3_fa80_e493,
];

/// The multiples by many numbers, compressed, one after the other.
pub(super) fn compressed(base: &FixedBase, scalars: &[Scalar]) -> Vec<u8> {
    if base.table.is_empty() {
        return G1Affine::default().compress().repeat(scalars.len());
    }
    let mut bytes = Vec::with_capacity(BYTES * scalars.len());
    let mut round = Round::default();
    for part in scalars.chunks(ROUND) {
        round.add_up(base, part);
        let begin = bytes.len();
        for (sum, number) in round.sums.iter().zip(&round.numbers) {
            bytes.extend_from_slice(&compress(sum, number.negated));
        }
        for place in round.aside.drain(..) {
            let at = begin + BYTES * place;
            let point = base.multiply(&part[place]).to_affine();
            bytes[at..at + BYTES].copy_from_slice(&point.compress());
        }
    }
    bytes
}

/// What one round needs, kept from round to round.
#[derive(Default)]
pub(super) struct Round {
    numbers: Vec<Recoded>,
    digits: Vec<Digit>,
    sums: Vec<Entry>,
    shared: Shared,
    /// Sums that met their own summand or its opposite: those have no slope and are
    /// computed another way.
    pub(super) aside: Vec<usize>,
}

impl Round {
    /// Adds up the summands of some numbers; what stands in `aside` has a wrong sum.
    pub(super) fn add_up(&mut self, base: &FixedBase, scalars: &[Scalar]) {
        self.numbers.clear();
        self.numbers.extend(scalars.iter().map(Recoded::of));
        self.sums.clear();
        for (turn, window) in base.windows.iter().enumerate() {
            self.digits.clear();
            self.digits
                .extend(self.numbers.iter().map(|number| number.digit(window)));
            let summands = Summands {
                table: &base.table,
                digits: &self.digits,
            };
            if turn == 0 {
                let first = self
                    .digits
                    .iter()
                    .map(|digit| summands.table[digit.place()]);
                self.sums.extend(first);
                for (place, sum) in self.sums.iter_mut().enumerate() {
                    summands.write_y(place, &mut sum.y);
                }
            } else {
                self.shared.add(&mut self.sums, &summands, &mut self.aside);
            }
        }
    }
}

/// What is added: a place in a list each.
trait Points {
    fn x(&self, place: usize) -> &Element;
    fn write_y(&self, place: usize, y: &mut Element);
    /// Asks for what will be wanted soon.
    fn fetch(&self, place: usize);
}

/// Summands of one window.
struct Summands<'a> {
    table: &'a [Entry],
    digits: &'a [Digit],
}

impl Points for Summands<'_> {
    #[inline(always)]
    fn x(&self, place: usize) -> &Element {
        &self.table[self.digits[place].place()].x
    }

    #[inline(always)]
    fn write_y(&self, place: usize, y: &mut Element) {
        let digit = self.digits[place];
        negate_if(y, &self.table[digit.place()].y, digit.is_negative());
    }

    #[inline(always)]
    fn fetch(&self, place: usize) {
        #[cfg(target_arch = "x86_64")]
        if let Some(digit) = self.digits.get(place) {
            use core::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
            let entry = &raw const self.table[digit.place()];
            // SAFETY: asks the cache for memory; nothing is read or written.
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(entry.cast());
                _mm_prefetch::<_MM_HINT_T0>(entry.cast::<i8>().wrapping_add(64));
            }
        }
    }
}

/// The same point everywhere.
struct Same(Entry);

impl Points for Same {
    #[inline(always)]
    fn x(&self, _place: usize) -> &Element {
        &self.0.x
    }

    #[inline(always)]
    fn write_y(&self, _place: usize, y: &mut Element) {
        *y = self.0.y;
    }

    #[inline(always)]
    fn fetch(&self, _place: usize) {}
}

/// Additions that share one inversion.
#[derive(Default)]
struct Shared {
    /// What each slope is divided by, and the product of all before it.
    divisors: Vec<(Element, Element)>,
}

impl Shared {
    /// Adds a point to each sum. Where there is no slope, the place is put aside, once.
    fn add(&mut self, sums: &mut [Entry], points: &impl Points, aside: &mut Vec<usize>) {
        self.divisors.resize(sums.len(), ([0; 6], [0; 6]));
        let mut running = ONE;
        for place in 0..AHEAD {
            points.fetch(place);
        }
        for (place, (sum, (divisor, before))) in sums.iter().zip(&mut self.divisors).enumerate() {
            points.fetch(place + AHEAD);
            subtract(divisor, points.x(place), &sum.x);
            if is_zero(divisor) {
                if !aside.contains(&place) {
                    aside.push(place);
                }
                *divisor = ONE;
            }
            *before = running;
            multiply_by(&mut running, divisor);
        }
        let mut inverse = inverse(&running);
        let (mut reciprocal, mut slope, mut y) = ([0; 6], [0; 6], [0; 6]);
        for (place, (sum, (divisor, before))) in
            sums.iter_mut().zip(&self.divisors).enumerate().rev()
        {
            multiply(&mut reciprocal, &inverse, before);
            multiply_by(&mut inverse, divisor);
            points.write_y(place, &mut y);
            subtract(&mut slope, &y, &sum.y);
            multiply_by(&mut slope, &reciprocal);
            // x3 = slope^2 - x1 - x2, y3 = slope * (x1 - x3) - y1
            square(&mut y, &slope);
            subtract(&mut reciprocal, &y, &sum.x);
            subtract(&mut y, &reciprocal, points.x(place));
            subtract(&mut reciprocal, &sum.x, &y);
            sum.x = y;
            multiply_by(&mut slope, &reciprocal);
            subtract(&mut y, &slope, &sum.y);
            sum.y = y;
        }
    }
}

/// Fills a list with the odd multiples of a point other than infinity: 1, 3, 5, ...
pub(super) fn odd_multiples(list: &mut [Entry], point: &G1Affine) {
    list[0] = entry(point);
    let mut step = G1Jacobian::from_affine(point);
    let (mut shared, mut aside) = (Shared::default(), Vec::new());
    let mut done = 1;
    while done < list.len() {
        // To the first ones, 1 to 2 d - 1 times the point, 2 d times it is added.
        step = step.add(&step);
        let points = Same(entry(&step.to_affine()));
        let (from, to) = list.split_at_mut(done);
        let to = &mut to[..done];
        to.copy_from_slice(from);
        for part in to.chunks_mut(ROUND) {
            shared.add(part, &points, &mut aside);
        }
        done *= 2;
    }
}

fn entry(point: &G1Affine) -> Entry {
    Entry {
        x: point.0.x.l,
        y: point.0.y.l,
    }
}

/// The compressed form of a point other than infinity, or of its opposite.
///
/// `x`, big-endian, and two flags: compressed, and whether `y` is the larger of the
/// two that there are.
fn compress(point: &Entry, negated: bool) -> [u8; BYTES] {
    let (x, y) = (words(&point.x), words(&point.y));
    let mut bytes = [0; BYTES];
    for (place, word) in bytes.chunks_exact_mut(8).zip(x.iter().rev()) {
        place.copy_from_slice(&word.to_be_bytes());
    }
    bytes[0] |= 0x80 | u8::from(is_larger(&y) != negated) << 5;
    bytes
}

/// Whether a number is above `(p - 1) / 2`: whether its double is above `p`.
fn is_larger(number: &[u64; 6]) -> bool {
    let mut borrow = 0;
    for (at, modulus) in MODULUS.iter().enumerate() {
        let below = if at == 0 { 0 } else { number[at - 1] >> 63 };
        let doubled = number[at] << 1 | below;
        // p - 2 n, of which only the sign is wanted.
        let (first, under) = modulus.overflowing_sub(doubled);
        let (_, again) = first.overflowing_sub(borrow);
        borrow = u64::from(under | again);
    }
    borrow == 1
}
