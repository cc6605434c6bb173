//! Hashing to G1 and G2, eight messages at a time.
//!
//! Both numbers of a message are mapped to a curve `E'` ([`super::swu_g1`],
//! [`super::swu_g2`]), the points added there and taken to the curve together; then the
//! cofactor is cleared. Points keep two coordinates, and each step is done for all of them
//! with one inversion ([`super::steps`]).
//!
//! # Divisions by zero
//!
//! Additions are written for different finite points. Hashes meet others once in `2^250`
//! times or so; then, and where somebody chose the numbers, blst does the work.
//!
//! # Reference
//! RFC 9380, sections 3, 5.2 and 8.8.

use blst::{blst_fp, blst_fp_add, blst_fp_from_uint64, blst_fp_mul};

use super::coordinate::{Coordinate, InLanes};
use super::eight::power_of_two;
use super::field::{Field, LANES};
use super::path::{dispatch, Kernel};
use super::steps::{Pair, Pairs};
use crate::curve::Jacobian;
use crate::scalar::expand_message;

/// Fewer messages are blst's: they share what inversions cost among too few.
const MESSAGES_MIN: usize = 8;

/// Messages that are hashed together: their points take 128 KB.
const MESSAGES: usize = 1 << 9;

/// Bytes of which a number of `Fp` is made.
const BYTES: usize = 64;

/// A group to which messages are hashed in lanes.
pub(crate) trait Hashing: InLanes {
    /// A number of the field that the curve is over.
    type Number: Copy + Send + Sync;
    /// Coefficients of a number, two at most.
    const COEFFICIENTS: usize;

    /// A number from its coefficients.
    fn number(coefficients: &[blst_fp]) -> Self::Number;
    /// The point of the group for two numbers, by blst.
    fn map_with_blst(numbers: &[Self::Number; 2]) -> Self::Jacobian;
    /// The same for many, eight in each entry, the last ones repeated; `None` if a division
    /// by zero was met.
    fn map_all<F: Field>(numbers: &[[Self::Number; 2]]) -> Option<Pairs<Self::Coordinate<F>>>;
}

/// Hashes messages under a tag: of each, what stands before it and itself.
pub(crate) fn hash_all<P: Hashing>(messages: &[[&[u8]; 2]], tag: &[u8]) -> Vec<P> {
    let mut points = Vec::with_capacity(messages.len());
    for messages in messages.chunks(MESSAGES) {
        let numbers: Vec<_> = messages
            .iter()
            .map(|parts| numbers::<P>(&parts.concat(), tag))
            .collect();
        points.extend(dispatch(MapAll::<P>(&numbers)));
    }
    points
}

/// `hash_to_field` for two numbers (RFC 9380, section 5.2).
fn numbers<P: Hashing>(message: &[u8], tag: &[u8]) -> [P::Number; 2] {
    let mut bytes = [0; 4 * BYTES];
    let bytes = &mut bytes[..2 * P::COEFFICIENTS * BYTES];
    expand_message(bytes, message, tag);
    let coefficients: Vec<blst_fp> = bytes.as_chunks().0.iter().map(coefficient).collect();
    let (first, second) = coefficients.split_at(P::COEFFICIENTS);
    [P::number(first), P::number(second)]
}

/// The number of 64 bytes, big-endian, modulo `p`.
fn coefficient(bytes: &[u8; BYTES]) -> blst_fp {
    let [high, mut low] = [0, BYTES / 2].map(|from| {
        let mut words = [0_u64; 6];
        let (read, _) = bytes[from..from + BYTES / 2].as_chunks();
        for (word, bytes) in words.iter_mut().zip(read.iter().rev()) {
            *word = u64::from_be_bytes(*bytes);
        }
        let mut half = blst_fp::default();
        // SAFETY: blst reads six words and writes one number.
        unsafe { blst_fp_from_uint64(&raw mut half, words.as_ptr()) };
        half
    });
    // 2^256, in blst's form.
    let shift = blst_fp {
        l: const { power_of_two(384 + 256) },
    };
    let mut shifted = blst_fp::default();
    // SAFETY: blst reads two numbers and writes one, which may be one of those.
    unsafe {
        blst_fp_mul(&raw mut shifted, &raw const high, &raw const shift);
        blst_fp_add(&raw mut low, &raw const low, &raw const shifted);
    }
    low
}

/// Pairs of numbers, each to be mapped to a point of the group.
#[derive(Clone, Copy)]
struct MapAll<'a, P: Hashing>(&'a [[P::Number; 2]]);

impl<P: Hashing> Kernel for MapAll<'_, P> {
    type Output = Vec<P>;

    fn portable(self) -> Vec<P> {
        let points: Vec<P::Jacobian> = self.0.iter().map(P::map_with_blst).collect();
        Jacobian::to_affine_all(&points)
    }

    #[inline(always)]
    fn run<F: Field>(self) -> Vec<P> {
        let mut result = Vec::with_capacity(self.0.len());
        for numbers in self.0.chunks(MESSAGES) {
            let in_lanes = if numbers.len() < MESSAGES_MIN {
                None
            } else {
                P::map_all::<F>(numbers)
            };
            match in_lanes {
                None => result.extend(MapAll::<P>(numbers).portable()),
                Some(points) => {
                    let eights = points.0.iter();
                    let points = eights.flat_map(|eight| Coordinate::store(&eight.x, &eight.y));
                    result.extend(points.take(numbers.len()));
                }
            }
        }
        result
    }
}

/// The sums of the points that a map gives for both numbers of each pair.
#[inline(always)]
pub(super) fn sums<N: Copy, C: Coordinate>(
    numbers: &[[N; 2]],
    map: impl Fn(&[N; LANES]) -> Pair<C>,
) -> Option<Pairs<C>> {
    let [mut points, others] = [0, 1].map(|which| {
        let eights = numbers.chunks(LANES).map(|eight| {
            map(&core::array::from_fn(|lane| {
                eight[lane.min(eight.len() - 1)][which]
            }))
        });
        Pairs(eights.collect())
    });
    points.add(&others)?;
    Some(points)
}

#[cfg(test)]
mod tests {
    use blst::{blst_fp_cneg, blst_fp_inverse, blst_fp_sqrt};

    use super::super::eight::Eight;
    use super::super::plain::Plain;
    use super::super::tests::everywhere;
    use super::*;
    use crate::curve::{G1Affine, G2Affine};

    fn check<P: Hashing>(numbers: &[[P::Number; 2]]) -> Vec<P> {
        let kernel = MapAll::<P>(numbers);
        let expected = kernel.portable();
        for (path, found) in everywhere(&kernel) {
            assert_eq!(expected, found, "{path}");
        }
        expected
    }

    fn as_blst_does<P: Hashing>() {
        let texts: Vec<Vec<u8>> = (0..19_u8).map(|at| vec![at; 7 * usize::from(at)]).collect();
        for tag in [b"".as_slice(), b"BLS_SIG", &[7; 255], &[7; 256]] {
            for count in [0, 1, 7, 8, 9, 16, 19] {
                let messages: Vec<[&[u8]; 2]> = texts[..count]
                    .iter()
                    .map(|text| text.split_at(text.len() / 3).into())
                    .collect();
                let expected: Vec<P> = messages
                    .iter()
                    .map(|[before, message]| P::Jacobian::hash(message, tag, before).to_affine())
                    .collect();
                assert_eq!(expected, hash_all::<P>(&messages, tag));
                let numbers: Vec<_> = texts[..count]
                    .iter()
                    .map(|text| numbers::<P>(text, tag))
                    .collect();
                assert_eq!(expected, check::<P>(&numbers));
            }
        }
    }

    #[test]
    fn messages_are_hashed_as_blst_does_whatever_their_number() {
        as_blst_does::<G1Affine>();
        as_blst_does::<G2Affine>();
    }

    /// A small number, or its negative.
    fn small(value: i8) -> blst_fp {
        let words = [u64::from(value.unsigned_abs()), 0, 0, 0, 0, 0];
        let mut positive = blst_fp::default();
        let mut result = blst_fp::default();
        // SAFETY: blst reads six words and writes one number; reads one and writes one.
        unsafe {
            blst_fp_from_uint64(&raw mut positive, words.as_ptr());
            blst_fp_cneg(&raw mut result, &raw const positive, value < 0);
        }
        result
    }

    fn pair<P: Hashing>(numbers: [[i8; 2]; 2]) -> [P::Number; 2] {
        numbers.map(|number| P::number(&number.map(small)[..P::COEFFICIENTS]))
    }

    /// Eight pairs of which one is replaced, lane after lane, and what becomes of it.
    fn replaced<P: Hashing>(special: &[[[i8; 2]; 2]], in_lanes: bool) -> Vec<P> {
        let good: Vec<_> = (0..LANES)
            .map(|at| numbers::<P>(&at.to_le_bytes(), b"lanes"))
            .collect();
        let expected = check::<P>(&good);
        let each = special.iter().enumerate().map(|(at, special)| {
            let mut changed = good.clone();
            changed[at] = pair::<P>(*special);
            let found = P::map_all::<Eight<Plain>>(&changed).is_some();
            assert_eq!(in_lanes, found, "{special:?}");
            let found = check::<P>(&changed);
            for lane in 0..LANES {
                assert_eq!(lane != at, found[lane] == expected[lane]);
            }
            found[at]
        });
        each.collect()
    }

    fn own_numbers<P: Hashing>() {
        let special = [
            [[0, 0], [1, 0]],
            [[3, 5], [0, 0]],
            [[4, 1], [5, 2]],
            [[-4, 1], [0, 2]],
            [[-1, 0], [9, -5]],
            [[7, 9], [8, 9]],
            [[-1, -1], [2, 1]],
            [[1, 1], [-2, -1]],
        ];
        assert_eq!(LANES, replaced::<P>(&special, true).len());
    }

    #[test]
    fn each_lane_maps_its_own_numbers() {
        own_numbers::<G1Affine>();
        own_numbers::<G2Affine>();
    }

    #[test]
    fn where_the_map_to_g1_would_divide_by_zero_it_has_its_exception() {
        // Z t^2 = -1 for Z = 11.
        let mut number = small(-11);
        // SAFETY: blst reads one number and writes one, which may be the same.
        let found = unsafe {
            blst_fp_inverse(&raw mut number, &raw const number);
            blst_fp_sqrt(&raw mut number, &raw const number)
        };
        assert!(found);
        let mut numbers = [[number, small(2)]; LANES];
        numbers[3] = [small(3), number];
        assert!(G1Affine::map_all::<Eight<Plain>>(&numbers).is_some());
        check::<G1Affine>(&numbers);
    }

    fn left_to_blst<P: Hashing>() {
        let special = [
            [[0, 0], [0, 0]],
            [[7, 9], [7, 9]],
            [[7, 9], [-7, -9]],
            [[1, 4], [-1, -4]],
        ];
        for (at, point) in replaced::<P>(&special, false).iter().enumerate() {
            assert_eq!(at >= 2, point.is_identity());
        }
    }

    #[test]
    fn equal_points_and_opposite_ones_are_left_to_blst() {
        left_to_blst::<G1Affine>();
        left_to_blst::<G2Affine>();
    }
}
