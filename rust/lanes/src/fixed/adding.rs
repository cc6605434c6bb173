//! Batched affine additions over blst's field, one point after the other.
//!
//! Two points are added with a division; a round of additions shares one (Montgomery's
//! trick), so that each takes five multiplications and a squaring.

#![allow(
    clippy::inline_always,
    reason = "a call would cost more than what is done"
)]

use super::recoding::Digit;
use crate::curve::{G1Affine, G1Jacobian, Jacobian};
use crate::element::{
    inverse, is_zero, multiply, multiply_by, negate_if, square, subtract, Element,
};
use crate::memory::{large, prefetch};
use blst::{blst_fp, blst_p1_affine};

/// Additions that share a division while a table is made.
const ROUND: usize = 1024;

/// How many entries are fetched from memory at once, before the turn of the ones before
/// them ends: where they lie takes long to find, and is found for several side by side.
const AHEAD: usize = 16;

/// One, in blst's form: `2^384 mod p`.
const ONE: Element = [
    0x7609_0000_0002_fffd,
    0xebf4_000b_c40c_0002,
    0x5f48_9857_53c7_58ba,
    0x77ce_5853_7052_5745,
    0x5c07_1a97_a256_ec6d,
    0x15f6_5ec3_fa80_e493,
];

/// A point other than infinity, in blst's form; two lines of the cache, wherever it stands.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(32))]
pub(crate) struct Entry {
    pub(crate) x: Element,
    pub(crate) y: Element,
}

impl Entry {
    pub(crate) const fn of(point: &G1Affine) -> Self {
        Self {
            x: point.0.x.l,
            y: point.0.y.l,
        }
    }

    pub(crate) const fn point(&self) -> G1Affine {
        G1Affine(blst_p1_affine {
            x: blst_fp { l: self.x },
            y: blst_fp { l: self.y },
        })
    }
}

/// Adds up the entries that digits name: `digits` has a list for each table, with one digit
/// for each sum.
///
/// `None` if a sum met its own summand or the opposite one: then there was no slope.
pub(crate) fn add_up(tables: &[&[Entry]], digits: &[Vec<Digit>]) -> Option<Vec<Entry>> {
    let mut all = tables.iter().zip(digits).map(|(table, digits)| Summands {
        table,
        digits: digits.as_slice(),
    });
    let first = all.next()?;
    let mut sums = vec![Entry::default(); first.digits.len()];
    for (place, sum) in sums.iter_mut().enumerate() {
        sum.x = *first.x(place);
        first.write_y(place, &mut sum.y);
    }
    let mut steps = Vec::new();
    all.all(|summands| add(&mut sums, &summands, &mut steps))
        .then_some(sums)
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
        if let Some(digit) = self.digits.get(place) {
            prefetch(&self.table[digit.place()]);
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

/// What is kept of an addition until its divisor is inverted.
#[derive(Clone, Copy, Default)]
struct Step {
    /// What the slope is divided by: the difference of the `x`.
    divisor: Element,
    /// The product of all divisors before.
    before: Element,
    /// The `y` of what is added, so that the table is read once.
    y: Element,
}

/// Adds a point to each sum; `false`, and nothing is of use, if one has no slope.
fn add(sums: &mut [Entry], points: &impl Points, steps: &mut Vec<Step>) -> bool {
    steps.resize(sums.len(), Step::default());
    let mut running = ONE;
    for place in 0..AHEAD {
        points.fetch(place);
    }
    for (place, (sum, step)) in sums.iter().zip(&mut *steps).enumerate() {
        if place % AHEAD == 0 {
            for next in place + AHEAD..place + 2 * AHEAD {
                points.fetch(next);
            }
        }
        subtract(&mut step.divisor, points.x(place), &sum.x);
        points.write_y(place, &mut step.y);
        step.before = running;
        multiply_by(&mut running, &step.divisor);
    }
    if is_zero(&running) {
        return false;
    }
    let mut inverse = inverse(&running);
    let (mut reciprocal, mut slope, mut x) = ([0; 6], [0; 6], [0; 6]);
    for (sum, step) in sums.iter_mut().zip(steps).rev() {
        multiply(&mut reciprocal, &inverse, &step.before);
        multiply_by(&mut inverse, &step.divisor);
        subtract(&mut slope, &step.y, &sum.y);
        multiply_by(&mut slope, &reciprocal);
        // x3 = slope^2 - x1 - x2, with x2 the divisor and x1; y3 = slope * (x1 - x3) - y1
        square(&mut x, &slope);
        subtract(&mut reciprocal, &x, &sum.x);
        subtract(&mut x, &reciprocal, &sum.x);
        subtract(&mut reciprocal, &x, &step.divisor);
        subtract(&mut x, &sum.x, &reciprocal);
        sum.x = reciprocal;
        multiply_by(&mut slope, &x);
        subtract(&mut x, &slope, &sum.y);
        sum.y = x;
    }
    true
}

/// The odd multiples 1, 3, 5, ... of a point of prime order, `count` of them, a power of two.
///
/// None of them has the `x` of what is added to it: they are different numbers far below
/// half the order.
pub(super) fn odd_multiples(point: &G1Affine, count: usize) -> Vec<Entry> {
    let mut list = large(count);
    list.resize(count, Entry::of(point));
    let mut step = G1Jacobian::from_affine(point);
    let mut steps = Vec::new();
    let mut done = 1;
    while done < count {
        // To the first ones, 1 to 2 d - 1 times the point, 2 d times it is added.
        step = step.add(&step);
        let points = Same(Entry::of(&step.to_affine()));
        let (from, to) = list.split_at_mut(done);
        let to = &mut to[..done];
        to.copy_from_slice(from);
        for part in to.chunks_mut(ROUND) {
            add(part, &points, &mut steps);
        }
        done *= 2;
    }
    list
}
