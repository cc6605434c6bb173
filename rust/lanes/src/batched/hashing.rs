//! Hashing to G2, eight messages at a time.
//!
//! Both numbers of a message are mapped ([`super::swu`]), the points added on `E'` and taken
//! to the curve together. The cofactor is cleared with the endomorphism `psi`, which on the
//! group is the multiplication by the curve's parameter `x`:
//! `[x^2 - x - 1] P + [x - 1] psi(P) + psi^2(2 P)`, in two multiplications by `x`.
//!
//! Points keep two coordinates, and each step is done for all of them with one inversion
//! ([`super::twist`]).
//!
//! # Divisions by zero
//!
//! Additions are written for different finite points. Hashes meet others once in `2^250`
//! times or so; then, and where somebody gave the numbers, blst does the work.
//!
//! # Operations
//! For a message: four powers in `Fp` (1,504 squares and 324 products), 127 doublings and 15
//! additions of points, some 120 products besides; 143 inversions for all.
//!
//! # Reference
//! RFC 9380, sections 3, 5.2, 8.8.2 and appendix G.3; Budroni, Pintore: Efficient hash
//! maps to G2 on BLS curves, 2017.

use blst::{blst_fp, blst_fp2, blst_fp_add, blst_fp_from_uint64, blst_fp_mul, blst_map_to_g2};

use super::coordinate::Coordinate;
use super::eight::power_of_two;
use super::field::{Field, LANES};
use super::fp2::Fp2;
use super::path::{dispatch, Kernel};
use super::swu::{isogeny, Map, Maps};
use super::twist::Pairs;
use crate::curve::{G2Affine, G2Jacobian, Jacobian};
use crate::scalar::expand_message;

/// Fewer messages are blst's: they share what inversions cost among too few.
const MESSAGES_MIN: usize = 8;

/// Messages that are hashed together: their points take 128 KB.
const MESSAGES: usize = 1 << 9;

/// Bytes of which a number of the field is made.
const NUMBER: usize = 64;

/// Two numbers of `Fp2` for a message.
type Numbers = [blst_fp2; 2];

/// Hashes messages to G2 under a tag: of each, what stands before it and itself.
pub(crate) fn hash_to_g2(messages: &[[&[u8]; 2]], tag: &[u8]) -> Vec<G2Affine> {
    let mut points = Vec::with_capacity(messages.len());
    for messages in messages.chunks(MESSAGES) {
        let numbers: Vec<Numbers> = messages
            .iter()
            .map(|parts| numbers(&parts.concat(), tag))
            .collect();
        points.extend(dispatch(MapAll(&numbers)));
    }
    points
}

/// `hash_to_field` for `Fp2` and two numbers (RFC 9380, section 5.2).
fn numbers(message: &[u8], tag: &[u8]) -> Numbers {
    let mut bytes = [0; 4 * NUMBER];
    expand_message(&mut bytes, message, tag);
    let mut coefficients = bytes.as_chunks::<NUMBER>().0.iter().map(number);
    let mut next = || coefficients.next().unwrap_or_default();
    core::array::from_fn(|_| blst_fp2 {
        fp: [next(), next()],
    })
}

/// The number of 64 bytes, big-endian, modulo `p`.
fn number(bytes: &[u8; NUMBER]) -> blst_fp {
    let [high, mut low] = [0, NUMBER / 2].map(|from| {
        let mut words = [0_u64; 6];
        let (read, _) = bytes[from..from + NUMBER / 2].as_chunks();
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
        l: power_of_two(384 + 256),
    };
    let mut shifted = blst_fp::default();
    // SAFETY: blst reads two numbers and writes one, which may be one of those.
    unsafe {
        blst_fp_mul(&raw mut shifted, &raw const high, &raw const shift);
        blst_fp_add(&raw mut low, &raw const low, &raw const shifted);
    }
    low
}

/// Pairs of numbers, each to be mapped to a point of G2.
#[derive(Clone, Copy)]
struct MapAll<'a>(&'a [Numbers]);

impl Kernel for MapAll<'_> {
    type Output = Vec<G2Affine>;

    fn portable(self) -> Vec<G2Affine> {
        let points: Vec<G2Jacobian> = self
            .0
            .iter()
            .map(|[first, second]| {
                let mut point = G2Jacobian::default();
                // SAFETY: blst reads two numbers and writes one point.
                unsafe { blst_map_to_g2(&raw mut point.0, first, second) };
                point
            })
            .collect();
        G2Jacobian::to_affine_all(&points)
    }

    #[inline(always)]
    fn run<F: Field>(self) -> Vec<G2Affine> {
        let mut result = Vec::with_capacity(self.0.len());
        for numbers in self.0.chunks(MESSAGES) {
            let in_lanes = if numbers.len() < MESSAGES_MIN {
                None
            } else {
                map_all::<F>(numbers)
            };
            result.extend(in_lanes.unwrap_or_else(|| MapAll(numbers).portable()));
        }
        result
    }
}

/// The same in lanes, or `None` if a division by zero was met.
#[inline(always)]
fn map_all<F: Field>(numbers: &[Numbers]) -> Option<Vec<G2Affine>> {
    let maps = Maps::<F>::new();
    let [mut points, others] = [0, 1].map(|which| {
        let eights = numbers.chunks(LANES).map(|eight| {
            let lane = |lane: usize| eight[lane.min(eight.len() - 1)][which];
            let numbers = Fp2::load(&core::array::from_fn(lane));
            F::apart(Map(&maps, &numbers))
        });
        Pairs(eights.collect())
    });
    points.add(&others)?;
    isogeny(&mut points)?;
    let points = clear_cofactor(&points)?;
    let eights = points.0.iter();
    let mut result: Vec<G2Affine> = eights
        .flat_map(|eight| Coordinate::store(&eight.x, &eight.y))
        .collect();
    result.truncate(numbers.len());
    Some(result)
}

/// The points times the effective cofactor.
#[inline(always)]
fn clear_cofactor<F: Field>(points: &Pairs<F>) -> Option<Pairs<F>> {
    // The parameter is negative.
    let mut sum = points.times_parameter()?.negate();
    sum.add(&points.clone().psi())?;
    let mut result = sum.times_parameter()?.negate();
    result.add(&sum.negate())?;
    let mut rest = points.clone();
    rest.double()?;
    rest = rest.psi_square();
    rest.add(&points.clone().negate())?;
    result.add(&rest)?;
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::super::eight::Eight;
    use super::super::plain::Plain;
    use super::super::tests::everywhere;
    use super::*;

    fn check(numbers: &[Numbers]) -> Vec<G2Affine> {
        let kernel = MapAll(numbers);
        let expected = kernel.portable();
        for (path, found) in everywhere(&kernel) {
            assert_eq!(expected, found, "{path}");
        }
        expected
    }

    #[test]
    fn messages_are_hashed_as_blst_does_whatever_their_number() {
        let texts: Vec<Vec<u8>> = (0..19_u8).map(|at| vec![at; 7 * usize::from(at)]).collect();
        for tag in [b"".as_slice(), b"BLS_SIG", &[7; 255], &[7; 256]] {
            for count in [0, 1, 7, 8, 9, 16, 19] {
                let messages: Vec<[&[u8]; 2]> = texts[..count]
                    .iter()
                    .map(|text| text.split_at(text.len() / 3).into())
                    .collect();
                let expected: Vec<G2Affine> = messages
                    .iter()
                    .map(|[before, message]| G2Jacobian::hash(message, tag, before).to_affine())
                    .collect();
                assert_eq!(expected, hash_to_g2(&messages, tag));
                let numbers: Vec<Numbers> =
                    texts[..count].iter().map(|it| numbers(it, tag)).collect();
                assert_eq!(expected, check(&numbers));
            }
        }
    }

    fn small(c0: u64, c1: u64) -> blst_fp2 {
        blst_fp2 {
            fp: [c0, c1].map(|value| {
                let mut result = blst_fp::default();
                // SAFETY: blst reads six words and writes one number.
                unsafe { blst_fp_from_uint64(&raw mut result, [value, 0, 0, 0, 0, 0].as_ptr()) };
                result
            }),
        }
    }

    fn minus(number: &blst_fp2) -> blst_fp2 {
        let mut result = blst_fp2::default();
        // SAFETY: blst reads one number and writes one.
        unsafe { blst::blst_fp2_cneg(&raw mut result, number, true) };
        result
    }

    fn eight() -> Vec<Numbers> {
        (0..LANES)
            .map(|at| numbers(&at.to_le_bytes(), b"lanes"))
            .collect()
    }

    #[test]
    fn each_lane_maps_its_own_numbers() {
        let good = eight();
        let expected = check(&good);
        for (at, special) in [
            [small(0, 0), small(1, 0)],
            [small(3, 5), small(0, 0)],
            [small(0, 1), small(0, 2)],
            [minus(&small(0, 1)), small(0, 2)],
            [minus(&small(1, 0)), minus(&small(0, 5))],
            [small(7, 9), small(7, 8)],
            [minus(&small(1, 1)), small(1, 2)],
            [small(1, 1), minus(&small(1, 2))],
        ]
        .into_iter()
        .enumerate()
        {
            let mut changed = good.clone();
            changed[at] = special;
            assert!(map_all::<Eight<Plain>>(&changed).is_some());
            for (lane, point) in check(&changed).iter().enumerate() {
                assert_eq!(lane != at, *point == expected[lane]);
            }
        }
    }

    #[test]
    fn equal_points_and_opposite_ones_are_left_to_blst() {
        let good = eight();
        let expected = check(&good);
        for (at, special) in [
            [small(0, 0), small(0, 0)],
            [small(7, 9), small(7, 9)],
            [small(7, 9), minus(&small(7, 9))],
            [small(0, 4), minus(&small(0, 4))],
        ]
        .into_iter()
        .enumerate()
        {
            let mut changed = good.clone();
            changed[at] = special;
            assert!(map_all::<Eight<Plain>>(&changed).is_none());
            let found = check(&changed);
            assert_eq!(at >= 2, found[at] == G2Affine::default());
            assert_eq!(expected[at + 1..], found[at + 1..]);
        }
    }
}
