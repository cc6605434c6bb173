//! Rows of products of limbs, in so many instructions.
//!
//! A product of two numbers is worked on four columns at a time, in rows: each row is one limb
//! of the left factor times those of the right one that fall into the columns. The compiler
//! would write out all rows of all columns: some 7 KB for a product, more than a processor
//! that shares its core keeps decoded, and the columns moved to memory and back between. Here
//! the rows that fill all four columns are a loop, and the columns stay in registers.

use core::arch::x86_64::__m256d;

use super::limbs::{Half, LIMBS};

/// Columns that are worked on together: each hides the others' latency.
pub(super) const WIDTH: usize = 4;

/// A column at work: see [`super::product`].
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) high: __m256d,
    pub(super) low: __m256d,
}

/// Adds what `left * right` has in the columns from `FIRST` on.
#[inline(always)]
pub(super) fn add_rows<const FIRST: usize>(
    columns: &mut [Column; WIDTH],
    left: &Half,
    right: &Half,
) {
    // SAFETY: only reached from what the processor has the instructions for.
    unsafe {
        if FIRST < LIMBS - WIDTH + 1 {
            add_falling(columns, left, right, FIRST);
        } else {
            add_rising(columns, left, right, FIRST);
        }
    }
}

/// A row: one limb of `left`, and what it is multiplied by for some of the columns.
macro_rules! row {
    ($limb:literal: $($column:literal $factor:literal),*) => {
        concat!(
            "vmovapd {limb}, ymmword ptr [{left} + ", $limb, "]\n",
            $("vmovapd {rest", $column, "}, {high", $column, "}\n",)*
            $("vfmadd231pd {high", $column, "}, {limb}, ymmword ptr [", $factor, "]\n",)*
            $("vsubpd {rest", $column, "}, {rest", $column, "}, {high", $column, "}\n",)*
            $("vfmadd231pd {rest", $column, "}, {limb}, ymmword ptr [", $factor, "]\n",)*
            $("vaddpd {low", $column, "}, {low", $column, "}, {rest", $column, "}\n",)*
        )
    };
}

/// Names what all rows work with.
macro_rules! rows {
    ($columns:ident, $left:expr, $right:expr, $full:expr, $($line:expr),* $(,)?) => {
        core::arch::asm!(
            $($line,)*
            high0 = inout(ymm_reg) $columns[0].high,
            high1 = inout(ymm_reg) $columns[1].high,
            high2 = inout(ymm_reg) $columns[2].high,
            high3 = inout(ymm_reg) $columns[3].high,
            low0 = inout(ymm_reg) $columns[0].low,
            low1 = inout(ymm_reg) $columns[1].low,
            low2 = inout(ymm_reg) $columns[2].low,
            low3 = inout(ymm_reg) $columns[3].low,
            rest0 = out(ymm_reg) _,
            rest1 = out(ymm_reg) _,
            rest2 = out(ymm_reg) _,
            rest3 = out(ymm_reg) _,
            limb = out(ymm_reg) _,
            left = inout(reg) $left => _,
            right = inout(reg) $right => _,
            full = inout(reg) $full => _,
            options(pure, readonly, nostack),
        )
    };
}

/// Columns up to the one of the highest limbs: `first + 1` rows fill all four, and three rows
/// the last three, two and one of them.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn add_falling(columns: &mut [Column; WIDTH], left: &Half, right: &Half, first: usize) {
    // SAFETY: reads the limbs `0 ..= first + 3` of both numbers, `first` being at most 4: row
    // `r` has the limbs `first + c - r` of `right` for the columns `c` where that is not
    // negative. Changes only the registers named.
    unsafe {
        rows!(
            columns,
            left.as_ptr(),
            right[first..].as_ptr(),
            first + 1,
            "2:",
            row!("0": "0" "{right}", "1" "{right} + 32", "2" "{right} + 64", "3" "{right} + 96"),
            "add {left}, 32",
            "sub {right}, 32",
            "dec {full}",
            "jnz 2b",
            row!("0": "1" "{right} + 32", "2" "{right} + 64", "3" "{right} + 96"),
            row!("32": "2" "{right} + 32", "3" "{right} + 64"),
            row!("64": "3" "{right} + 32"),
        );
    }
}

/// Columns from the one of the highest limbs on: three rows that have one, two and three
/// columns, and `12 - first` rows that fill all four.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn add_rising(columns: &mut [Column; WIDTH], left: &Half, right: &Half, first: usize) {
    const HIGHEST: usize = LIMBS - 1;
    // SAFETY: reads the limbs from `first - 7` on of both numbers, `first` being 7 to 12: row
    // `r` has the limbs `first + c - r` of `right` for the columns `c` where that is below 8.
    // Changes only the registers named.
    unsafe {
        rows!(
            columns,
            left[first - HIGHEST..].as_ptr(),
            right[WIDTH..].as_ptr(),
            HIGHEST + LIMBS - WIDTH + 1 - first,
            row!("0": "0" "{right} + 96"),
            row!("32": "0" "{right} + 64", "1" "{right} + 96"),
            row!("64": "0" "{right} + 32", "1" "{right} + 64", "2" "{right} + 96"),
            "test {full}, {full}",
            "jz 3f",
            "2:",
            row!("96": "0" "{right}", "1" "{right} + 32", "2" "{right} + 64", "3" "{right} + 96"),
            "add {left}, 32",
            "sub {right}, 32",
            "dec {full}",
            "jnz 2b",
            "3:",
        );
    }
}
