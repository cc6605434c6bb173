//! Multiples of one fixed point of G1 by many numbers: a table, then affine additions.
//!
//! A number `s` below the order `r` is written with one digit a window, each odd and
//! below zero or above, never zero: with `o` the first bit of a window and `w` its
//! width, `s = sum of d * 2^o`, `d` in `-(2^w - 1), ..., -1, 1, ..., 2^w - 1`. The table
//! holds `d * 2^o * V` for the positive `d`, so half of what unsigned digits need, and
//! a multiple is one addition a window. Over many numbers at once the additions of one
//! window share one inversion (Montgomery's trick): each takes five multiplications
//! and a squaring ([`rows`]).
//!
//! That no digit is zero saves more than time: no sum ever begins at infinity, and a
//! sum meets its own summand, or the opposite one, in the last window only, where the
//! numbers wrap around at `r`.
//!
//! # Reference
//! Joye, Tunstall: Exponent recoding and regular exponentiation algorithms, 2009.
//!
//! The addresses that are read depend on the numbers: this is not in constant time.
//! Whoever multiplies by secrets does so on a machine of its own.

mod element;
mod recoding;
mod rows;
#[cfg(test)]
mod tests;

use std::thread;

use crate::curve::{Affine, G1Affine, G1Jacobian, Jacobian};
use crate::scalar::Scalar;
use crate::ORDER_BITS;

use element::Element;
use recoding::{Digit, Recoded, Window};

/// The fewest windows: with 13 of them a table has 528 MB, with 12 three times as much.
const WINDOWS_MIN: usize = 13;

/// The widest window.
const WINDOW_MAX: usize = 20;

/// Bytes of the smallest page.
#[cfg(target_os = "linux")]
const PAGE: usize = 4096;

/// A point of a table, in blst's form; two lines of the cache, wherever it stands.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(32))]
struct Entry {
    x: Element,
    y: Element,
}

/// Multiples of one point, ready to be added up.
pub struct FixedBase {
    windows: Vec<Window>,
    /// For each window the odd multiples, from 1 on; nothing for the point at infinity.
    table: Vec<Entry>,
}

impl FixedBase {
    /// Computes the table of `point` for windows of up to `window` bits.
    ///
    /// # Panics
    /// If the window is not between 1 and 20 bits: a bug of the caller.
    #[must_use]
    pub fn new(point: &G1Affine, window: usize) -> Self {
        assert!(
            (1..=WINDOW_MAX).contains(&window),
            "a window of 1 to 20 bits"
        );
        Self::with_windows(point, ORDER_BITS.div_ceil(window), 1)
    }

    /// Computes the table that suits `count` multiples: a larger one costs time to make,
    /// and saves additions.
    ///
    /// # Cost
    /// At a hundred million multiples, 528 MB and some 1.3 seconds, shared among `threads`.
    #[must_use]
    pub fn for_many(point: &G1Affine, count: usize, threads: usize) -> Self {
        let cost = |windows: &usize| {
            let table = Window::all(*windows).iter().map(Window::entries).sum();
            count.saturating_mul(*windows).saturating_add(table)
        };
        let windows = (WINDOWS_MIN..=ORDER_BITS).min_by_key(cost);
        Self::with_windows(point, windows.unwrap_or(WINDOWS_MIN), threads)
    }

    fn with_windows(point: &G1Affine, count: usize, threads: usize) -> Self {
        let windows = Window::all(count);
        let mut table = Vec::new();
        if !point.is_identity() {
            table = reserve(windows.iter().map(Window::entries).sum());
            fill(&mut table, &windows, point, threads.max(1));
        }
        Self { windows, table }
    }

    /// The multiple by one number.
    #[must_use]
    pub fn multiply(&self, scalar: &Scalar) -> G1Jacobian {
        if self.table.is_empty() {
            return G1Jacobian::default();
        }
        let recoded = Recoded::of(scalar);
        let total = self
            .windows
            .iter()
            .map(|window| self.point(recoded.digit(window)))
            .fold(G1Jacobian::default(), |total, point| {
                total.add_affine(&point)
            });
        if recoded.negated {
            total.negate()
        } else {
            total
        }
    }

    /// The multiples by many numbers, compressed, one after the other in their order.
    #[must_use]
    pub fn compressed(&self, scalars: &[Scalar]) -> Vec<u8> {
        rows::compressed(self, scalars)
    }

    /// One summand as a point.
    fn point(&self, digit: Digit) -> G1Affine {
        let Entry { x, y } = self.table[digit.place()];
        let point = element::point(&x, &y);
        if digit.is_negative() {
            point.negate()
        } else {
            point
        }
    }
}

/// Memory for a table, in large pages where the system has them: it is read all over, and
/// finding where a small page lies would take as long as reading it.
fn reserve(entries: usize) -> Vec<Entry> {
    let mut table: Vec<Entry> = Vec::with_capacity(entries);
    #[cfg(target_os = "linux")]
    {
        use rustix::mm::{madvise, Advice};
        let begin = table.as_mut_ptr().cast::<u8>();
        // The system takes whole pages only.
        let skipped = begin.align_offset(PAGE);
        let bytes = (size_of::<Entry>() * entries).saturating_sub(skipped);
        // SAFETY: the memory belongs to the table, and its content is not changed. If the
        // system has no such pages it says so, and nothing is lost.
        let _ = unsafe {
            madvise(
                begin.wrapping_add(skipped).cast(),
                bytes / PAGE * PAGE,
                Advice::LinuxHugepage,
            )
        };
    }
    table.resize(entries, Entry::default());
    table
}

/// Fills in the multiples of all windows, each window by one thread.
fn fill(table: &mut [Entry], windows: &[Window], point: &G1Affine, threads: usize) {
    let mut base = G1Jacobian::from_affine(point);
    let mut parts = Vec::with_capacity(windows.len());
    let mut rest = table;
    for window in windows {
        let (part, others) = rest.split_at_mut(window.entries());
        parts.push((part, base.to_affine()));
        rest = others;
        for _ in 0..window.bits {
            base = base.add(&base);
        }
    }
    let share = parts.len().div_ceil(threads);
    thread::scope(|scope| {
        for share in parts.chunks_mut(share) {
            let work = move || {
                for (part, base) in share {
                    rows::odd_multiples(part, base);
                }
            };
            if threads == 1 {
                work();
            } else {
                scope.spawn(work);
            }
        }
    });
}
