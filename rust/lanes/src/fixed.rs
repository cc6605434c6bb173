//! Multiples of one fixed point of G1 by many numbers: a table, then affine additions.
//!
//! The table holds `d * 2^(w*i) * V` for every window `i` of `w` bits and every digit
//! `d > 0`. A multiple is then one addition a window. Over many numbers at once the
//! additions of one window share one inversion (Montgomery's trick), so that each
//! takes five multiplications and a squaring.
//!
//! The addresses that are read depend on the numbers: this is not in constant time.
//! Whoever multiplies by secrets does so on a machine of its own.

use blst::{blst_fp, blst_fp_add, blst_fp_inverse, blst_fp_mul, blst_fp_sqr, blst_fp_sub};

use crate::curve::{Affine, G1Affine, G1Jacobian, Jacobian};
use crate::scalar::Scalar;
use crate::ORDER_BITS;

/// The widest window: 16 of them, 100 MB.
const WINDOW_MAX: usize = 16;

/// Numbers that are worked on together: what they need stays in the cache.
const ROUND: usize = 512;

/// Multiples of one point, ready to be added up.
pub struct FixedBase {
    window: usize,
    windows: usize,
    table: Vec<G1Affine>,
}

impl FixedBase {
    /// Computes the table of `point` for windows of `window` bits.
    ///
    /// # Panics
    /// If the window is not between 1 and 16 bits: a bug of the caller.
    #[must_use]
    pub fn new(point: &G1Affine, window: usize) -> Self {
        assert!(
            (1..=WINDOW_MAX).contains(&window),
            "a window of 1 to 16 bits"
        );
        let windows = ORDER_BITS.div_ceil(window);
        let digits = (1 << window) - 1;
        let mut table = Vec::with_capacity(windows * digits);
        let mut base = *point;
        for _ in 0..windows {
            let mut multiple = G1Jacobian::from_affine(&base);
            let mut multiples = Vec::with_capacity(digits + 1);
            for _ in 0..=digits {
                multiples.push(multiple);
                multiple = multiple.add_affine(&base);
            }
            let mut all = G1Jacobian::to_affine_all(&multiples);
            // The last one is 2^w * base, where the next window begins.
            base = all.pop().unwrap_or(base);
            table.append(&mut all);
        }
        Self {
            window,
            windows,
            table,
        }
    }

    /// The window width that suits `count` multiples of one point: a larger table costs
    /// time to make, and saves additions.
    #[must_use]
    pub const fn window_for(count: usize) -> usize {
        match count {
            0..=64 => 4,
            65..=1_024 => 6,
            1_025..=32_768 => 8,
            32_769..=1_048_576 => 11,
            _ => 13,
        }
    }

    /// The table for `count` multiples.
    #[must_use]
    pub fn for_many(point: &G1Affine, count: usize, _threads: usize) -> Self {
        Self::new(point, Self::window_for(count))
    }

    /// The multiples, compressed.
    #[must_use]
    pub fn compressed(&self, scalars: &[Scalar]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(48 * scalars.len());
        for point in &self.multiply_all(scalars) {
            bytes.extend_from_slice(&point.compress());
        }
        bytes
    }

    /// The multiple by one number.
    #[must_use]
    pub fn multiply(&self, scalar: &Scalar) -> G1Jacobian {
        let bytes = scalar.to_le_bytes();
        let mut total = G1Jacobian::default();
        for window in 0..self.windows {
            if let Some(entry) = self.entry(window, &bytes) {
                total = total.add_affine(entry);
            }
        }
        total
    }

    /// The multiples by many numbers, in their order.
    #[must_use]
    pub fn multiply_all(&self, scalars: &[Scalar]) -> Vec<G1Affine> {
        let mut results = vec![G1Affine::default(); scalars.len()];
        for (numbers, sums) in scalars.chunks(ROUND).zip(results.chunks_mut(ROUND)) {
            let bytes: Vec<_> = numbers.iter().map(Scalar::to_le_bytes).collect();
            let mut round = Round::default();
            for window in 0..self.windows {
                for (place, number) in bytes.iter().enumerate() {
                    if let Some(entry) = self.entry(window, number) {
                        round.plan(place, &mut sums[place], entry);
                    }
                }
                round.finish(sums);
            }
        }
        results
    }

    fn entry(&self, window: usize, bytes: &[u8; 32]) -> Option<&G1Affine> {
        let first = window * self.window;
        let mut digit = 0;
        for offset in 0..3 {
            let byte = bytes.get(first / 8 + offset).copied().unwrap_or(0);
            digit |= usize::from(byte) << (8 * offset);
        }
        let digits = (1 << self.window) - 1;
        digit = (digit >> (first % 8)) & digits;
        (digit > 0).then(|| &self.table[window * digits + digit - 1])
    }
}

/// Additions `sum += entry` that wait for the inverse they share.
#[derive(Default)]
struct Round<'a> {
    planned: Vec<Addition<'a>>,
    product: Option<blst_fp>,
}

struct Addition<'a> {
    place: usize,
    entry: &'a G1Affine,
    /// What the slope is divided by: `x2 - x1`, or `2 * y1` where a point is doubled.
    denominator: blst_fp,
    /// The product of all earlier denominators.
    before: blst_fp,
    doubling: bool,
}

impl<'a> Round<'a> {
    /// Plans one addition, or does it where no division is needed.
    fn plan(&mut self, place: usize, sum: &mut G1Affine, entry: &'a G1Affine) {
        if sum.is_identity() {
            *sum = *entry;
            return;
        }
        if entry.is_identity() {
            return;
        }
        let doubling = sum.0.x == entry.0.x;
        if doubling && sum.0.y != entry.0.y {
            // Opposite points: their sum is infinity.
            *sum = G1Affine::default();
            return;
        }
        let denominator = if doubling {
            sum_of(&sum.0.y, &sum.0.y)
        } else {
            difference(&entry.0.x, &sum.0.x)
        };
        let (before, product) = match &self.product {
            Some(product) => (*product, product_of(product, &denominator)),
            None => (blst_fp::default(), denominator),
        };
        self.product = Some(product);
        self.planned.push(Addition {
            place,
            entry,
            denominator,
            before,
            doubling,
        });
    }

    /// Does all planned additions with one inversion; each place was planned at most once.
    fn finish(&mut self, sums: &mut [G1Affine]) {
        let Some(product) = self.product.take() else {
            return;
        };
        let mut inverse = blst_fp::default();
        // SAFETY: blst reads a number and writes one.
        unsafe { blst_fp_inverse(&raw mut inverse, &raw const product) };
        for (index, planned) in self.planned.drain(..).enumerate().rev() {
            let reciprocal = if index == 0 {
                inverse
            } else {
                product_of(&inverse, &planned.before)
            };
            inverse = product_of(&inverse, &planned.denominator);
            let sum = &mut sums[planned.place];
            let numerator = if planned.doubling {
                let square = square_of(&sum.0.x);
                sum_of(&sum_of(&square, &square), &square)
            } else {
                difference(&planned.entry.0.y, &sum.0.y)
            };
            let slope = product_of(&numerator, &reciprocal);
            let x = difference(
                &difference(&square_of(&slope), &sum.0.x),
                &planned.entry.0.x,
            );
            let y = difference(&product_of(&slope, &difference(&sum.0.x, &x)), &sum.0.y);
            (sum.0.x, sum.0.y) = (x, y);
        }
    }
}

fn product_of(left: &blst_fp, right: &blst_fp) -> blst_fp {
    let mut result = blst_fp::default();
    // SAFETY: blst reads two numbers and writes one.
    unsafe { blst_fp_mul(&raw mut result, left, right) };
    result
}

fn square_of(number: &blst_fp) -> blst_fp {
    let mut result = blst_fp::default();
    // SAFETY: blst reads a number and writes one.
    unsafe { blst_fp_sqr(&raw mut result, number) };
    result
}

fn sum_of(left: &blst_fp, right: &blst_fp) -> blst_fp {
    let mut result = blst_fp::default();
    // SAFETY: blst reads two numbers and writes one.
    unsafe { blst_fp_add(&raw mut result, left, right) };
    result
}

fn difference(left: &blst_fp, right: &blst_fp) -> blst_fp {
    let mut result = blst_fp::default();
    // SAFETY: blst reads two numbers and writes one.
    unsafe { blst_fp_sub(&raw mut result, left, right) };
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::expand_message;

    fn numbers(count: usize) -> Vec<Scalar> {
        (0..count)
            .map(|index| {
                let mut bytes = [0; 32];
                expand_message(&mut bytes, &index.to_le_bytes(), b"numbers");
                bytes[0] &= 0x3f;
                Scalar::from_be_bytes(&bytes).expect("below the order")
            })
            .chain([
                Scalar::zero(),
                Scalar::one(),
                Scalar::one().negate(),
                Scalar::from_u64(256),
            ])
            .collect()
    }

    #[test]
    fn multiples_are_those_of_blst() {
        let point = G1Jacobian::hash(b"a point", b"test", &[]).to_affine();
        for window in [1, 4, 5, 8] {
            let base = FixedBase::new(&point, window);
            let scalars = numbers(600);
            let found = base.multiply_all(&scalars);
            for (scalar, found) in scalars.iter().zip(&found) {
                let expected = G1Jacobian::from_affine(&point)
                    .multiply_public(scalar.to_le_bytes().as_slice())
                    .to_affine();
                assert_eq!(&expected, found);
            }
            assert_eq!(found[7], base.multiply(&scalars[7]).to_affine());
        }
    }

    /// Equal points, opposite ones and infinity, met on purpose.
    #[test]
    fn exceptional_additions_are_right() {
        let point = G1Affine::generator();
        let other = G1Jacobian::hash(b"other", b"test", &[]).to_affine();
        let infinity = G1Affine::default();
        let lefts = [point, point, point, infinity, infinity, other, point];
        let rights = [
            point,
            point.negate(),
            infinity,
            point,
            infinity,
            point,
            other,
        ];
        let mut sums = lefts;
        let mut round = Round::default();
        for (place, right) in rights.iter().enumerate() {
            round.plan(place, &mut sums[place], right);
        }
        round.finish(&mut sums);
        for ((left, right), sum) in lefts.iter().zip(&rights).zip(&sums) {
            let expected = G1Jacobian::from_affine(left).add_affine(right).to_affine();
            assert_eq!(&expected, sum);
        }
    }
}
