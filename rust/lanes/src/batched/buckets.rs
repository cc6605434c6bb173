//! Sums of multiples, `sum k_i P_i`: Pippenger's method over batched affine additions.
//!
//! Scalars are cut into signed digits of `c` bits. For each digit's place the points
//! go into `2^(c-1)` buckets by the digit's absolute value, and each bucket is added
//! up ([`super::collapse`]). What is left of the method, `sum d B_d` over the buckets
//! of a place, is brought down from `2^(c-1)` buckets to about `2^(c/2+1)` by adding
//! up twice more: with `d - 1 = h 2^k + l` it is
//! `2^k sum h H_h + sum (l + 1) L_l`, where `H_h` sums the buckets of one `h` and
//! `L_l` those of one `l`.
//!
//! An addition takes five products and a square, where blst's takes eight and two.
//!
//! The time depends on the scalars: they are public.

use super::collapse::{collapse, unload, Entry, Point, Stored, NEGATIVE};
use super::coordinate::{Coordinate, InLanes};
use super::field::{Field, LANES};
use super::path::{dispatch, Kernel};
use crate::curve::{Affine, Jacobian};

/// The least and the most bits of a digit.
const DIGIT_BITS: core::ops::RangeInclusive<usize> = 4..=15;

/// Fewer points are blst's; more are worked on in parts, so that memory stays bounded.
const POINTS_MIN: usize = 64;
const POINTS_MAX: usize = 1 << 18;

/// Digits that are put into buckets together, if there are as many.
const DIGITS_AT_ONCE: usize = 1 << 16;

type JacobianOf<C> = <<C as Coordinate>::Point as Affine>::Jacobian;

/// `sum k_i P_i` for finite points; `scalars` are little-endian, of `width` bytes each.
///
/// # Panics
/// If there is another number of scalars: a bug of the caller.
pub(crate) fn multiply_sum<P: InLanes>(points: &[P], scalars: &[u8], width: usize) -> P::Jacobian {
    dispatch(MultiplySum {
        points,
        scalars,
        width,
    })
}

/// A sum of multiples, to be computed.
#[derive(Clone, Copy)]
struct MultiplySum<'a, P> {
    points: &'a [P],
    scalars: &'a [u8],
    width: usize,
}

impl<P: InLanes> Kernel for MultiplySum<'_, P> {
    type Output = P::Jacobian;

    fn portable(self) -> P::Jacobian {
        InLanes::multiply_sum_with_blst(self.points, self.scalars, self.width)
    }

    #[inline(always)]
    fn run<F: Field>(self) -> P::Jacobian {
        let width = self.width;
        assert_eq!(
            self.scalars.len(),
            width * self.points.len(),
            "one scalar a point"
        );
        if self.points.len() < POINTS_MIN || width == 0 {
            return self.portable();
        }
        let mut total = P::Jacobian::default();
        for (points, scalars) in self
            .points
            .chunks(POINTS_MAX)
            .zip(self.scalars.chunks(width * POINTS_MAX))
        {
            total = total.add(&sum::<P::Coordinate<F>>(points, scalars, width));
        }
        total
    }
}

/// The same in lanes, for one point or more and at most [`POINTS_MAX`].
#[inline(always)]
fn sum<C: Coordinate>(points: &[C::Point], scalars: &[u8], width: usize) -> JacobianOf<C> {
    let stored: Vec<Stored<C>> = store_all::<C>(points);
    let bits = digit_bits(points.len(), 8 * width);
    let places = places(8 * width, bits);
    let mut digits = Vec::with_capacity(places * points.len());
    for scalar in scalars.chunks_exact(width) {
        signed_digits(scalar, bits, places, &mut digits);
    }
    let at_once = (DIGITS_AT_ONCE / points.len()).clamp(1, places);
    let mut total = JacobianOf::<C>::default();
    let mut end = places;
    while end > 0 {
        let first = end.saturating_sub(at_once);
        let mut entries = Vec::with_capacity(points.len() * (end - first));
        for place in first..end {
            let digits = digits.iter().skip(place).step_by(places);
            sort_into(digits, place - first, bits, &mut entries);
        }
        let (entries, buckets) = collapse::<C>(&entries, &stored);
        for sum in place_sums::<C>(&entries, &buckets, bits, end - first)
            .iter()
            .rev()
        {
            for _ in 0..bits {
                total = total.add(&total);
            }
            total = total.add(sum);
        }
        end = first;
    }
    total
}

/// Digits of `bits` bits in a number: one bit more than it has, for the last carry.
const fn places(number_bits: usize, bits: usize) -> usize {
    (number_bits + 1).div_ceil(bits)
}

/// The digit that takes the fewest additions: one for each point and place, and twice
/// as many for each place as it has buckets.
fn digit_bits(points: usize, number_bits: usize) -> usize {
    DIGIT_BITS
        .min_by_key(|bits| places(number_bits, *bits) * (points + (2 << (bits - 1))))
        .unwrap_or(*DIGIT_BITS.start())
}

/// Appends the digits of a number, the lowest first: each between `-2^(bits-1)` and `2^(bits-1)`.
fn signed_digits(scalar: &[u8], bits: usize, places: usize, digits: &mut Vec<i16>) {
    let (size, half) = (1_i32 << bits, 1_i32 << (bits - 1));
    let mut carry = 0;
    for place in 0..places {
        let first = place * bits;
        let mut window = 0_u32;
        for offset in 0..3 {
            let byte = scalar.get(first / 8 + offset).copied().unwrap_or(0);
            window |= u32::from(byte) << (8 * offset);
        }
        let mut digit = (window >> (first % 8)).cast_signed() & (size - 1);
        digit += carry;
        carry = i32::from(digit > half);
        digits.push(i16::try_from(digit - carry * size).expect("at most 15 bits"));
    }
}

/// Appends the points of one place, bucket by bucket.
fn sort_into<'a>(
    digits: impl Iterator<Item = &'a i16> + Clone,
    place: usize,
    bits: usize,
    entries: &mut Vec<Entry>,
) {
    let buckets = 1_usize << (bits - 1);
    let bucket = |digit: i16| usize::from(digit.unsigned_abs()) - 1;
    // Where the next point of each bucket goes.
    let mut next = vec![0; buckets + 1];
    for digit in digits.clone().filter(|digit| **digit != 0) {
        next[bucket(*digit) + 1] += 1;
    }
    let start = entries.len();
    let mut sum = start;
    for slot in &mut next {
        sum += *slot;
        *slot = sum;
    }
    entries.resize(sum, Entry::default());
    for (source, digit) in (0_u32..).zip(digits).filter(|(_, digit)| **digit != 0) {
        let slot = &mut next[bucket(*digit)];
        let sign = if *digit < 0 { NEGATIVE } else { 0 };
        entries[*slot] = Entry {
            bucket: u32::try_from(place * buckets + bucket(*digit)).expect("at most 2^31 buckets"),
            source: source | sign,
        };
        *slot += 1;
    }
}

/// For each place the sum of its buckets, each times its number.
#[inline(always)]
fn place_sums<C: Coordinate>(
    entries: &[Entry],
    buckets: &[Stored<C>],
    bits: usize,
    places: usize,
) -> Vec<JacobianOf<C>> {
    // Buckets 0 .. 2^low of a place are its L, and those from there on its H.
    let low = (bits - 1).div_ceil(2);
    let (lows, all) = (1_u32 << low, 1_u32 << (bits - 1));
    let mut parts = Vec::with_capacity(2 * entries.len());
    for entry in entries {
        let (place, number) = (entry.bucket / all, entry.bucket % all);
        let part = |bucket: u32| Entry {
            bucket: place * 2 * all + bucket,
            source: entry.source,
        };
        parts.push(part(number % lows));
        // H_0 counts nothing.
        if number >= lows {
            parts.push(part(lows + number / lows));
        }
    }
    parts.sort_by_key(|entry| entry.bucket);
    let (parts, points) = collapse::<C>(&parts, buckets);
    let points = unload::<C>(&points);
    let mut sums = vec![JacobianOf::<C>::default(); places];
    let mut rest = parts.as_slice();
    for (place, sum) in (0_u32..).zip(&mut sums) {
        let base = place * 2 * all;
        let (own, others) =
            rest.split_at(rest.partition_point(|part| part.bucket < base + 2 * all));
        let (own_lows, own_highs) =
            own.split_at(own.partition_point(|part| part.bucket < base + lows));
        rest = others;
        let mut total = weighted_sum(own_highs, base + lows, &points);
        for _ in 0..low {
            total = total.add(&total);
        }
        // Bucket l counts l + 1 times.
        *sum = total.add(&weighted_sum(own_lows, base.wrapping_sub(1), &points));
    }
    sums
}

/// `sum (bucket - base) * point` over entries in the order of their buckets.
fn weighted_sum<P: Affine>(entries: &[Entry], base: u32, points: &[P]) -> P::Jacobian {
    let (mut running, mut total) = (P::Jacobian::default(), P::Jacobian::default());
    let mut rest = entries.iter().rev().peekable();
    let Some(top) = rest.peek().map(|entry| entry.bucket.wrapping_sub(base)) else {
        return total;
    };
    for weight in (1..=top).rev() {
        if let Some(entry) = rest.next_if(|entry| entry.bucket.wrapping_sub(base) == weight) {
            running = running.add_affine(&points[entry.source as usize]);
        }
        total = total.add(&running);
    }
    total
}

/// Brings points into the form of the lanes.
#[inline(always)]
fn store_all<C: Coordinate>(points: &[C::Point]) -> Vec<Stored<C>> {
    let mut stored = Vec::with_capacity(points.len().next_multiple_of(LANES));
    for points in points.chunks(LANES) {
        let (x, y) = C::load(&core::array::from_fn(|lane| {
            points[lane.min(points.len() - 1)]
        }));
        let both = x.scatter().into_iter().zip(y.scatter());
        stored.extend(both.map(|(x, y)| Point { x, y }));
    }
    stored.truncate(points.len());
    stored
}

#[cfg(test)]
mod tests {
    use super::super::eight::Eight as Whole;
    use super::super::path::{on_path, tried};
    use super::super::plain::Plain;
    use super::*;
    use crate::curve::{G1Affine, G2Affine};
    use crate::scalar::expand_message;

    fn points<P: Affine>(count: usize) -> Vec<P> {
        let mut point = P::Jacobian::from_affine(&P::generator()).multiply_public(b"first");
        let all: Vec<P::Jacobian> = (0..count)
            .map(|_| {
                point = point.add_affine(&P::generator());
                point
            })
            .collect();
        P::Jacobian::to_affine_all(&all)
    }

    fn numbers(count: usize, width: usize) -> Vec<u8> {
        let mut bytes = vec![0; count * width];
        for (at, part) in bytes.chunks_mut(1024).enumerate() {
            expand_message(part, &at.to_le_bytes(), b"numbers");
        }
        bytes
    }

    /// Sum one by one.
    fn expected<P: Affine>(points: &[P], scalars: &[u8], width: usize) -> P {
        let mut total = P::Jacobian::default();
        for (point, scalar) in points.iter().zip(scalars.chunks_exact(width)) {
            total = total.add(&P::Jacobian::from_affine(point).multiply_public(scalar));
        }
        total.to_affine()
    }

    fn check<P: InLanes>(points: &[P], scalars: &[u8], width: usize) {
        let expected = expected(points, scalars, width);
        let found = sum::<P::Coordinate<Whole<Plain>>>(points, scalars, width);
        assert_eq!(
            expected,
            found.to_affine(),
            "{} points of {width} bytes",
            points.len()
        );
        for path in tried() {
            let found = on_path(
                path,
                MultiplySum {
                    points,
                    scalars,
                    width,
                },
            );
            assert_eq!(
                expected,
                found.to_affine(),
                "{} points, {}",
                points.len(),
                path.name()
            );
        }
    }

    #[test]
    fn sums_are_those_of_single_multiplications() {
        let (all, twisted) = (points::<G1Affine>(300), points::<G2Affine>(40));
        for (count, width) in [
            (1, 32),
            (2, 16),
            (7, 8),
            (8, 32),
            (9, 1),
            (300, 32),
            (257, 16),
        ] {
            check(&all[..count], &numbers(count, width), width);
        }
        for (count, width) in [(1, 16), (40, 32)] {
            check(&twisted[..count], &numbers(count, width), width);
        }
    }

    #[test]
    fn equal_points_opposite_points_and_extreme_scalars() {
        let good = points::<G1Affine>(64);
        let same = vec![good[0]; 64];
        let pairs: Vec<G1Affine> = good
            .iter()
            .flat_map(|point| [*point, point.negate()])
            .collect();
        for scalars in [
            vec![0; 64 * 16],
            vec![0xff; 64 * 16],
            vec![0x80; 64 * 16],
            numbers(64, 16),
        ] {
            check(&good, &scalars, 16);
            check(&same, &scalars, 16);
            check(&pairs[..64], &scalars, 16);
        }
        let twice: Vec<u8> = numbers(32, 16)
            .chunks_exact(16)
            .flat_map(|part| [part, part].concat())
            .collect();
        check(&pairs[..64], &twice, 16);
        let twisted = points::<G2Affine>(12);
        let pairs: Vec<G2Affine> = twisted
            .iter()
            .flat_map(|point| [*point, point.negate()])
            .collect();
        check(&pairs, &vec![0x11; 24 * 16], 16);
        check(
            &[vec![twisted[0]; 23], vec![twisted[1]]].concat(),
            &vec![0x11; 24 * 16],
            16,
        );
    }

    #[test]
    fn a_bucket_larger_than_a_chunk_is_added_up() {
        let all = points::<G1Affine>(20_000);
        check(&all, &vec![1; 20_000], 1);
    }
}
