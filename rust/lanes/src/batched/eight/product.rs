//! Products by columns: sums of products of limbs that have one weight.
//!
//! The lower halves of products of limbs and the upper ones are summed apart, so that a
//! column waits for half as many additions, and nothing is moved from column to column but
//! carries. The reduction is Montgomery's, digit by digit: a digit's quotient needs its own
//! column alone, so that the next row of products is worked on while it is found.
//!
//! A column takes at most `8 (N + 1)` lower halves and as many upper ones, each of 52 bits:
//! below `2^60` for `N < 16`.

use super::limbs::{LIMBS, LIMB_BITS, P, P_INVERSE};
use super::{constant, normalize, Lanes};

/// Columns of a product.
const COLUMNS: usize = 2 * LIMBS;

/// A product at work.
struct Columns<V> {
    low: [V; COLUMNS],
    high: [V; COLUMNS],
}

/// Does something for each limb: written out, since what the compiler keeps as a loop moves
/// all columns through memory.
macro_rules! each_limb {
    ($at:ident => $work:block) => {
        each_limb!($at => $work, 0 1 2 3 4 5 6 7)
    };
    ($at:ident => $work:block, $($number:literal)*) => {
        $({
            const $at: usize = $number;
            $work
        })*
    };
}

/// The body of [`Lanes::dot`] over [`Lanes::add_low`] and [`Lanes::add_high`].
#[inline(always)]
pub(in super::super) fn dot<V: Lanes, const N: usize>(
    left: [&[V; LIMBS]; N],
    right: [&[V; LIMBS]; N],
) -> [V; LIMBS] {
    let mut columns = Columns::empty();
    columns.add_row(0, &left, &right);
    let mut carry = V::splat(0);
    each_limb!(ROW => {
        let quotient = columns.quotient(ROW, carry);
        if ROW + 1 < LIMBS {
            columns.add_row(ROW + 1, &left, &right);
        }
        carry = columns.clear(ROW, quotient);
    });
    columns.upper(carry)
}

/// The body of [`Lanes::square`]: products of different limbs are computed once and doubled.
#[inline(always)]
pub(in super::super) fn square<V: Lanes>(value: &[V; LIMBS]) -> [V; LIMBS] {
    let mut columns = Columns::empty();
    each_limb!(ROW => {
        for at in (0..LIMBS).filter(|at| *at > ROW) {
            columns.add_product(ROW + at, value[ROW], value[at]);
        }
    });
    for at in 1..COLUMNS - 1 {
        let both = columns.low[at].add(columns.high[at]);
        columns.low[at] = both.add(both);
        columns.high[at] = V::splat(0);
    }
    each_limb!(ROW => {
        columns.add_product(2 * ROW, value[ROW], value[ROW]);
    });
    let mut carry = V::splat(0);
    each_limb!(ROW => {
        let quotient = columns.quotient(ROW, carry);
        carry = columns.clear(ROW, quotient);
    });
    columns.upper(carry)
}

impl<V: Lanes> Columns<V> {
    #[inline(always)]
    fn empty() -> Self {
        Self {
            low: [V::splat(0); COLUMNS],
            high: [V::splat(0); COLUMNS],
        }
    }

    /// Adds a product of limbs whose lower half belongs to a column.
    #[inline(always)]
    fn add_product(&mut self, column: usize, left: V, right: V) {
        self.low[column] = self.low[column].add_low(left, right);
        self.high[column + 1] = self.high[column + 1].add_high(left, right);
    }

    /// Adds the products with one limb of each right factor.
    #[inline(always)]
    fn add_row<const N: usize>(
        &mut self,
        row: usize,
        left: &[&[V; LIMBS]; N],
        right: &[&[V; LIMBS]; N],
    ) {
        for (left, right) in left.iter().zip(right) {
            for at in 0..LIMBS {
                self.add_product(row + at, left[at], right[row]);
            }
        }
    }

    /// What the modulus is multiplied by to clear a column, to which all others below it carry.
    #[inline(always)]
    fn quotient(&mut self, column: usize, carry: V) -> V {
        self.low[column] = self.low[column].add(self.high[column]).add(carry);
        V::splat(0).add_low(self.low[column], V::splat(P_INVERSE))
    }

    /// Makes a column a multiple of `2^52`, and returns what it carries to the next one.
    #[inline(always)]
    fn clear(&mut self, column: usize, quotient: V) -> V {
        let modulus: [V; LIMBS] = constant(&P);
        for (at, limb) in modulus.iter().enumerate() {
            self.add_product(column + at, *limb, quotient);
        }
        self.low[column].right(LIMB_BITS)
    }

    /// The upper half of the columns, when the lower one is clear.
    #[inline(always)]
    fn upper(&self, carry: V) -> [V; LIMBS] {
        let mut result = [carry; LIMBS];
        for (at, limb) in result.iter_mut().enumerate() {
            let column = self.low[LIMBS + at].add(self.high[LIMBS + at]);
            *limb = if at == 0 { column.add(carry) } else { column };
        }
        normalize(result)
    }
}
