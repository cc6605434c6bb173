//! Very many multiples of one point: eight at a time where the processor has lanes for it.

use std::thread;

use zeroize::Zeroize;

use super::adding::{odd_multiples, Entry};
use super::bases;
use super::recoding::{Digit, Recoded, Window};
use crate::batched::{path, rows, Path};
use crate::curve::{Affine, G1Affine, G1Jacobian, Jacobian};
use crate::element::words;
use crate::field::MODULUS;
use crate::scalar::Scalar;
use crate::ORDER_BITS;

/// The fewest windows. With 13 of them the tables have 704 MB in lanes, 528 MB without;
/// with 12, three times as much.
const WINDOWS_MIN: usize = 13;

/// Making an entry costs this many additions.
const ENTRY_COST: usize = 2;

/// Numbers that are worked on together: what they need stays in the second level of the cache.
const ROUND: usize = 1024;

/// Bytes of a compressed point.
const BYTES: usize = 48;

/// Tables of one point, for very many multiples.
pub struct Multiples {
    point: G1Affine,
    pub(super) path: Path,
    pub(super) windows: Vec<Window>,
    /// One for each window; none for the point at infinity.
    pub(super) tables: Vec<rows::Table>,
}

impl Multiples {
    /// Computes the tables that suit `count` multiples: larger ones cost time to make, and
    /// save additions.
    ///
    /// # Cost
    /// From some ten million multiples on, 704 MB and some 2 seconds, shared among `threads`.
    #[must_use]
    pub fn new(point: &G1Affine, count: usize, threads: usize) -> Self {
        Self::on_path(path().unwrap_or(Path::Portable), point, count, threads)
    }

    pub(super) fn on_path(path: Path, point: &G1Affine, count: usize, threads: usize) -> Self {
        let cost = |windows: &usize| {
            let entries: usize = Window::all(*windows).iter().map(Window::entries).sum();
            count
                .saturating_mul(*windows)
                .saturating_add(entries.saturating_mul(ENTRY_COST))
        };
        let windows = (WINDOWS_MIN..=ORDER_BITS).min_by_key(cost);
        let windows = Window::all(windows.unwrap_or(WINDOWS_MIN));
        let tables = if point.is_identity() {
            Vec::new()
        } else {
            tables(path, point, &windows, threads.max(1))
        };
        Self {
            point: *point,
            path,
            windows,
            tables,
        }
    }

    /// The multiples by many numbers, compressed, one after the other in their order.
    #[must_use]
    pub fn compressed(&self, scalars: &[Scalar]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BYTES * scalars.len());
        let mut digits: Vec<Vec<Digit>> = vec![Vec::new(); self.tables.len()];
        for part in scalars.chunks(ROUND) {
            let numbers: Vec<Recoded> = part.iter().map(Recoded::of).collect();
            for (window, digits) in self.windows.iter().zip(&mut digits) {
                digits.clear();
                digits.extend(numbers.iter().map(|number| number.digit(window)));
            }
            match rows::add_up(self.path, &self.tables, &digits) {
                Some(sums) => {
                    for (sum, number) in sums.iter().zip(&numbers) {
                        bytes.extend_from_slice(&compress(sum, number.negated));
                    }
                }
                None => bytes.extend(part.iter().flat_map(|scalar| self.by_blst(scalar))),
            }
        }
        // They are the numbers again, which may be secret.
        for digits in &mut digits {
            digits.as_mut_slice().zeroize();
        }
        bytes
    }

    /// One multiple, whatever it meets on the way.
    fn by_blst(&self, scalar: &Scalar) -> [u8; BYTES] {
        G1Jacobian::from_affine(&self.point)
            .multiply_public(scalar.to_le_bytes().as_slice())
            .to_affine()
            .compress()
    }
}

/// The tables of all windows, each made by one thread.
fn tables(path: Path, point: &G1Affine, windows: &[Window], threads: usize) -> Vec<rows::Table> {
    let bases = bases(point, windows);
    let work: Vec<_> = windows.iter().zip(&bases).collect();
    let make = |(window, base): &(&Window, &G1Affine)| {
        rows::table(path, odd_multiples(base, window.entries()))
    };
    if threads == 1 {
        return work.iter().map(make).collect();
    }
    thread::scope(|scope| {
        let running: Vec<_> = work
            .chunks(work.len().div_ceil(threads))
            .map(|share| scope.spawn(move || share.iter().map(make).collect::<Vec<_>>()))
            .collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().expect("tables do not panic"))
            .collect()
    })
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
    let mut borrow = false;
    let mut below = 0;
    for (word, modulus) in number.iter().zip(&MODULUS) {
        let doubled = word << 1 | below;
        below = word >> 63;
        // p - 2 n, of which only the sign is wanted.
        let (first, under) = modulus.overflowing_sub(doubled);
        let (_, again) = first.overflowing_sub(u64::from(borrow));
        borrow = under | again;
    }
    borrow
}
