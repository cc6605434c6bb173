//! Eight lanes in AVX2 and FMA: two halves of four doubles a limb.
//!
//! A number is kept in eight limbs of 48 bits, whole numbers in doubles between `-2^47`
//! and `2^47` and little more; it stands for its value times `R = 2^384`, as blst's do.
//! Every element is between `-p / 2` and `p / 2`, but for one part in `2^36`: taking the
//! nearest multiple of `p` away costs little where limbs are signed, so that sums need no
//! bounds. See [`product`] for what multiplies.

mod instructions;
mod limbs;
mod product;
mod rows;
mod transfer;

use core::arch::x86_64::{
    __m256d, _mm256_and_pd, _mm256_blendv_pd, _mm256_castsi256_pd, _mm256_cmp_pd,
    _mm256_movemask_pd, _mm256_set_epi64x, _mm256_setzero_pd, _mm256_xor_pd, _CMP_EQ_OQ,
};
use std::arch::is_x86_feature_detected;

use blst::blst_fp;

use self::instructions::{add, number, subtract};
use self::limbs::{balanced, Half, LIMBS};
use super::eight::power_of_two;
use super::field::{Field, Part, LANES};
use super::path::Kernel;

/// Lanes of a register.
const HALF: usize = 4;

/// The field over AVX2 and FMA, of processors that [`available`] said yes for.
#[derive(Clone, Copy)]
pub(super) struct Avx2;

/// Halves of eight lanes.
const HALVES: usize = LANES / HALF;

/// Eight numbers, four in each half.
type Element = [Half; HALVES];

/// Whether this processor has the instructions.
pub(super) fn available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// Does the work where it may use the instructions; what is inlined into it will.
#[target_feature(enable = "avx2,fma")]
pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}

/// Functions of the field, each one compiled for the instructions.
macro_rules! field {
    ($($(#[$attribute:meta])* fn $name:ident $(<const $size:ident: usize>)? ($($argument:ident: $type:ty),*) -> $result:ty $body:block)*) => {$(
        #[inline(always)]
        fn $name $(<const $size: usize>)? ($($argument: $type),*) -> $result {
            #[target_feature(enable = "avx2,fma")]
            $(#[$attribute])*
            fn here $(<const $size: usize>)? ($($argument: $type),*) -> $result $body
            // SAFETY: the field is named only where the processor has the instructions.
            unsafe { here $(::<$size>)? ($($argument),*) }
        }
    )*};
}

impl Field for Avx2 {
    type Element = Element;
    type Row = [f64; LIMBS];

    #[inline(always)]
    fn negate_row(row: &Self::Row) -> Self::Row {
        row.map(|limb| -limb)
    }

    #[inline(always)]
    fn apart<P: Part<Self>>(part: P) -> P::Output {
        #[target_feature(enable = "avx2,fma")]
        #[inline(never)]
        fn here<P: Part<Avx2>>(part: P) -> P::Output {
            part.run()
        }
        // SAFETY: the field is named only where the processor has the instructions.
        unsafe { here(part) }
    }

    field! {
        #[inline]
        fn zero() -> Element {
            nothing()
        }

        #[inline]
        fn one() -> Element {
            [ONE.map(number); 2]
        }

        #[inline(never)]
        fn load(numbers: &[blst_fp; LANES]) -> Element {
            let [first, second] = halves(numbers);
            center([transfer::load(first), transfer::load(second)])
        }

        #[inline(never)]
        fn store(value: &Element) -> [blst_fp; LANES] {
            let mut result = [blst_fp::default(); LANES];
            let (first, second) = result.split_at_mut(HALF);
            transfer::store(&value[0], first);
            transfer::store(&value[1], second);
            result
        }

        #[inline]
        fn from_rows(rows: [&[f64; LIMBS]; LANES]) -> Element {
            let [first, second] = halves(&rows);
            [transfer::from_rows(first), transfer::from_rows(second)]
        }

        #[inline]
        fn rows(value: &Element) -> [[f64; LIMBS]; LANES] {
            let mut result = [[0.0; LIMBS]; LANES];
            let (first, second) = result.split_at_mut(HALF);
            transfer::to_rows(&value[0], first);
            transfer::to_rows(&value[1], second);
            result
        }

        #[inline]
        fn add(left: &Element, right: &Element) -> Element {
            center(zip(left, right, add))
        }

        #[inline]
        fn sub(left: &Element, right: &Element, _bound: u64) -> Element {
            center(zip(left, right, subtract))
        }

        // Twice as large limbs in both factors still make an exact product of one pair:
        // 26 and 3.1 of the 32 * 2^94 that a column has room for (`product`).
        #[inline]
        fn difference(left: &Element, right: &Element, _bound: u64) -> Element {
            zip(left, right, subtract)
        }

        #[inline]
        fn negate(which: [bool; LANES], value: &Element) -> Element {
            // The bit of the sign, where it is to be turned.
            let sign = |from: usize| {
                let [a, b, c, d] = core::array::from_fn(|lane| {
                    i64::from(which[from + lane]) << 63
                });
                _mm256_castsi256_pd(_mm256_set_epi64x(d, c, b, a))
            };
            let signs = [sign(0), sign(HALF)];
            core::array::from_fn(|half| {
                value[half].map(|limb| _mm256_xor_pd(limb, signs[half]))
            })
        }

        #[inline(never)]
        fn dot<const N: usize>(left: [&Element; N], right: [&Element; N]) -> Element {
            product::dot(left, right)
        }

        // No products of its own: they would save a tenth of it where nothing else is done,
        // and cost more than that where squares and products take turns, since the code of
        // both is more than stays decoded.
        #[inline]
        fn sqr(value: &Element) -> Element {
            Avx2::dot([value], [value])
        }

        #[inline]
        fn reduce(value: &Element, _bound: u64) -> Element {
            *value
        }

        #[inline]
        fn is_zero(value: &Element) -> [bool; LANES] {
            // Below p, and with limbs below 2^48, only zero itself is zero.
            let zero = _mm256_setzero_pd();
            let masks = value.map(|half| {
                let mut all = _mm256_cmp_pd::<_CMP_EQ_OQ>(half[0], zero);
                for limb in &half[1..] {
                    all = _mm256_and_pd(all, _mm256_cmp_pd::<_CMP_EQ_OQ>(*limb, zero));
                }
                _mm256_movemask_pd(all)
            });
            core::array::from_fn(|lane| masks[lane / HALF] >> (lane % HALF) & 1 == 1)
        }

        #[inline]
        fn select(which: [bool; LANES], first: &Element, second: &Element) -> Element {
            let mask = |from: usize| {
                let [a, b, c, d] = core::array::from_fn(|lane| -i64::from(which[from + lane]));
                _mm256_castsi256_pd(_mm256_set_epi64x(d, c, b, a))
            };
            let masks = [mask(0), mask(HALF)];
            core::array::from_fn(|half| {
                core::array::from_fn(|at| {
                    _mm256_blendv_pd(second[half][at], first[half][at], masks[half])
                })
            })
        }
    }
}

/// One, times `R`.
const ONE: [f64; LIMBS] = balanced(&power_of_two(384));

/// An element to be filled.
#[inline(always)]
fn nothing() -> Element {
    [[number(0.0); LIMBS]; 2]
}

/// Limb by limb.
#[inline(always)]
fn zip(left: &Element, right: &Element, work: impl Fn(__m256d, __m256d) -> __m256d) -> Element {
    let mut result = nothing();
    for (half, result) in result.iter_mut().enumerate() {
        for at in 0..LIMBS {
            result[at] = work(left[half][at], right[half][at]);
        }
    }
    result
}

/// Brings sums back to what an element is.
#[inline(always)]
fn center(mut value: Element) -> Element {
    for half in &mut value {
        *half = product::center(*half);
    }
    value
}

/// The lanes of both halves.
#[inline(always)]
fn halves<T>(lanes: &[T; LANES]) -> [&[T; HALF]; 2] {
    let (first, second) = lanes.split_at(HALF);
    [first, second].map(|half| half.try_into().expect("four of eight"))
}
