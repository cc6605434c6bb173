//! Multiples of one fixed point of G1: a table, then one addition a window.
//!
//! A number `s` below the order `r` is written with one digit a window, each odd, above
//! zero or below: with `o` the first bit of a window and `w` its width,
//! `s = sum of d * 2^o`, `d` in `-(2^w - 1), ..., -1, 1, ..., 2^w - 1`. The table holds
//! `d * 2^o * V` for the positive `d`: half of what digits without a sign need.
//!
//! That no digit is zero saves more than time: no sum ever begins at infinity, and a
//! sum meets its own summand, or the opposite one, in the last window only, where the
//! numbers wrap around at `r`.
//!
//! * [`FixedBase`]: one multiple after the other;
//! * [`Multiples`]: very many of them, with an inversion for a thousand additions.
//!
//! The addresses that are read depend on the numbers: this is not in constant time.
//! Whoever multiplies by secrets does so on a machine of its own.
//!
//! # Reference
//! Joye, Tunstall: Exponent recoding and regular exponentiation algorithms, 2009.

mod adding;
mod multiples;
mod recoding;
#[cfg(test)]
mod tests;

use crate::curve::{Affine, G1Affine, G1Jacobian, Jacobian};
use crate::public_point::PublicPoint;
use crate::scalar::Scalar;
use crate::ORDER_BITS;

use recoding::Recoded;

pub(crate) use adding::{add_up, Entry};
pub use multiples::Multiples;
pub(crate) use recoding::Digit;
use recoding::Window;

/// The widest window of a table for one multiple after the other: 16 MB.
const WINDOW_MAX: usize = 14;

/// A point that is multiplied again and again.
pub struct FixedBase {
    windows: Vec<Window>,
    /// For each window the odd multiples, from 1 on; nothing for the point at infinity.
    tables: Vec<Vec<Entry>>,
}

impl FixedBase {
    /// Computes the table of `point` for windows of up to `window` bits.
    ///
    /// # Panics
    /// If the window is not between 1 and 14 bits: a bug of the caller.
    #[must_use]
    pub fn new(point: &G1Affine, window: usize) -> Self {
        assert!(
            (1..=WINDOW_MAX).contains(&window),
            "a window of 1 to 14 bits"
        );
        let windows = Window::all(ORDER_BITS.div_ceil(window));
        let bases = if point.is_identity() {
            Vec::new()
        } else {
            bases(point, &windows)
        };
        let tables = windows
            .iter()
            .zip(&bases)
            .map(|(window, base)| adding::odd_multiples(base, window.entries()))
            .collect();
        Self { windows, tables }
    }

    /// The multiple by one number.
    #[must_use]
    pub fn multiply(&self, scalar: &Scalar) -> G1Jacobian {
        let recoded = Recoded::of(scalar);
        let mut total = PublicPoint::default();
        for (window, table) in self.windows.iter().zip(&self.tables) {
            let digit = recoded.digit(window);
            let point = table[digit.place()].point();
            total.add(&point, digit.is_negative() != recoded.negated);
        }
        total.into()
    }
}

/// The point times `2^o` for the first bit `o` of each window.
fn bases(point: &G1Affine, windows: &[Window]) -> Vec<G1Affine> {
    let mut base = G1Jacobian::from_affine(point);
    let mut all = Vec::with_capacity(windows.len());
    for window in windows {
        all.push(base);
        for _ in 0..window.bits {
            base = base.add(&base);
        }
    }
    G1Jacobian::to_affine_all(&all)
}
