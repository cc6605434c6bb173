//! Square roots in `Fp` and `Fp2`, eight at a time.
//!
//! A number `w = a + b u` of `Fp2` is a square exactly if its norm `n = a^2 + b^2` is one
//! in `Fp`. With `r^2 = n`, of `(a + r) / 2` and `(a - r) / 2` one is a square (their
//! product is `-b^2 / 4`, and -1 is none): the square of the root's first coefficient. One
//! power tells which, and gives the root in either case. So a root in `Fp2` takes two
//! powers in `Fp`, and both together give `1 / w` as well.
//!
//! # Operations
//! A power: 376 squares and 81 products.
//!
//! # Reference
//! Adj, Rodriguez-Henriquez: Square root computation over even extension fields, 2014,
//! section 5 (the complex method).

use blst::blst_fp;

use super::eight::power_of_two;
use super::field::{Field, Part, LANES};
use super::fp::Fp;
use super::fp2::Fp2;
use crate::field::MODULUS;

/// `(p - 3) / 4`.
const EXPONENT: [u64; 6] = quarter(&MODULUS);

/// Bits of a window of the exponent.
const WINDOW: usize = 5;

/// `number^((p - 3) / 4)`, below `2 p`: `t` such that `t number` is a root of `number` and
/// `t` the root's inverse, or, where there is none, of `-number` and the inverse's negative.
#[inline(always)]
pub(super) fn inverse_root<F: Field>(number: &Fp<F>) -> Fp<F> {
    F::apart(InverseRoot(number))
}

struct InverseRoot<'a, F: Field>(&'a Fp<F>);

impl<F: Field> Part<F> for InverseRoot<'_, F> {
    type Output = Fp<F>;

    #[inline(always)]
    fn run(self) -> Fp<F> {
        power(self.0)
    }
}

#[inline(always)]
fn power<F: Field>(number: &Fp<F>) -> Fp<F> {
    let square = number.sqr();
    // Odd powers: 1, 3, ... 31.
    let mut odd = [*number; 1 << (WINDOW - 1)];
    for at in 1..odd.len() {
        odd[at] = odd[at - 1].mul(&square);
    }
    let bit = |at: usize| EXPONENT[at / 64] >> (at % 64) & 1 == 1;
    let mut result: Option<Fp<F>> = None;
    let mut end = 64 * EXPONENT.len();
    while end > 0 {
        let mut first = end - 1;
        let mut window = 0;
        if bit(first) {
            first = end.saturating_sub(WINDOW);
            while !bit(first) {
                first += 1;
            }
            window = (first..end)
                .rev()
                .fold(0, |value, at| 2 * value + usize::from(bit(at)));
        }
        if let Some(power) = &mut result {
            for _ in first..end {
                *power = power.sqr();
            }
        }
        if window > 0 {
            let factor = odd[window / 2];
            result = Some(result.map_or(factor, |power| power.mul(&factor)));
        }
        end = first;
    }
    result.unwrap_or(Fp::one())
}

/// What the norm of numbers of `Fp2` says about them.
pub(super) struct Norm<F: Field> {
    /// Which numbers are squares.
    pub(super) square: [bool; LANES],
    /// A root of the norm, or of its negative where that is no square; below `2 p`.
    pub(super) root: Fp<F>,
    /// One over the norm, or its negative where that is no square; below `2 p`.
    pub(super) inverse: Fp<F>,
}

impl<F: Field> Norm<F> {
    /// Of numbers that are below `2^8 p`.
    #[inline(always)]
    pub(super) fn new(number: &Fp2<F>) -> Self {
        let norm = number.norm();
        let inverse_root = inverse_root(&norm);
        let root = norm.mul(&inverse_root);
        Self {
            square: root.sqr().sub(&norm, 2).is_zero(),
            root,
            inverse: inverse_root.sqr(),
        }
    }
}

/// A root of each number, which is a square below `4 p` whose norm has the root `norm_root`,
/// below `2 p`. Below `2 p`.
#[inline(always)]
pub(super) fn root_by_norm<F: Field>(number: &Fp2<F>, norm_root: &Fp<F>) -> Fp2<F> {
    // blst's form of a half.
    let half = Fp::load(
        &[blst_fp {
            l: const { power_of_two(383) },
        }; LANES],
    );
    let sum = number.c0.add(norm_root);
    // b = 0 and r = -a: the other root of the norm gives a.
    let share = Fp::select(sum.is_zero(), &number.c0, &sum.mul(&half));
    let inverse = inverse_root(&share);
    let first = share.mul(&inverse);
    let second = number.c1.mul(&half).mul(&inverse);
    let square = first.sqr().sub(&share, 4).is_zero();
    Fp2 {
        c0: Fp::select(square, &first, &second),
        c1: Fp::select(square, &second, &first.neg(2)),
    }
}

/// A quarter of a number, rounded down.
const fn quarter(number: &[u64; 6]) -> [u64; 6] {
    let mut result = *number;
    let mut at = 0;
    while at < 6 {
        let above = if at < 5 { number[at + 1] } else { 0 };
        result[at] = number[at] >> 2 | above << 62;
        at += 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use blst::{blst_fp2, blst_fp2_sqr, blst_fp2_sqrt};
    use proptest::prelude::*;

    use super::super::path::Kernel;
    use super::super::tests::{everywhere, number};
    use super::*;

    /// Numbers whose roots are taken, squared again; zero where there is none.
    #[derive(Clone)]
    struct Roots([blst_fp2; LANES]);

    impl Kernel for Roots {
        type Output = [Option<blst_fp2>; LANES];

        fn portable(self) -> Self::Output {
            self.0.map(|number| {
                let mut root = blst_fp2::default();
                // SAFETY: blst reads one number and writes one.
                unsafe { blst_fp2_sqrt(&raw mut root, &raw const number) }.then_some(number)
            })
        }

        #[inline(always)]
        fn run<F: Field>(self) -> Self::Output {
            let numbers = Fp2::<F>::load(&self.0);
            let norm = Norm::new(&numbers);
            let squares = root_by_norm(&numbers, &norm.root).sqr().store();
            core::array::from_fn(|lane| norm.square[lane].then_some(squares[lane]))
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn numbers_have_roots_where_blst_finds_them(
            numbers in prop::array::uniform8(prop::array::uniform2(number())),
            squared in prop::array::uniform8(any::<bool>()),
        ) {
            let numbers = core::array::from_fn(|lane| {
                let mut number = blst_fp2 { fp: numbers[lane] };
                if squared[lane] {
                    let root = number;
                    // SAFETY: blst reads one number and writes one.
                    unsafe { blst_fp2_sqr(&raw mut number, &raw const root) };
                }
                number
            });
            let kernel = Roots(numbers);
            let expected = kernel.clone().portable();
            for (path, found) in everywhere(&kernel) {
                prop_assert_eq!(expected, found, "{}", path);
            }
        }
    }
}
