//! Arithmetic on eight numbers or points at a time, each in its own lane.
//!
//! [`Field`] is what lanes can do, and there are three kinds of them: whole numbers in
//! limbs of 52 bits over the AVX-512 IFMA instructions ([`eight`], [`ifma`]), doubles in
//! limbs of 48 bits over AVX2 and FMA ([`avx2`]), and, in the tests alone, the first kind
//! over plain integers, so that the algorithm is held against blst on every machine. Work
//! is written once, as a [`Kernel`], and done on the quickest path that the processor has
//! ([`path`]); without vector units nothing is to be gained over blst, which is called.
//!
//! Not in constant time but for the field's own operations: what is worked on is public.

#![allow(
    clippy::inline_always,
    reason = "the vector instructions are compiled only where everything is inlined into one function"
)]
#[cfg(target_arch = "x86_64")]
mod avx2;
mod buckets;
mod collapse;
mod coordinate;
mod digits;
mod eight;
mod field;
mod fp;
mod fp12;
mod fp2;
mod hashing;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod miller;
mod multiples;
mod path;
#[cfg(test)]
mod plain;
mod points;
mod reading;
mod root;
pub(crate) mod rows;
mod steps;
mod sum;
mod swu_g1;
mod swu_g2;
#[cfg(test)]
mod tests;

pub(crate) use buckets::multiply_sum;
pub(crate) use hashing::hash_all;
pub(crate) use miller::miller_product;
pub(crate) use multiples::scale_each;
#[cfg(test)]
pub(crate) use path::tried;
pub use path::{path, paths, Path, PathUnavailable, VARIABLE};
pub(crate) use reading::read_all;
pub(crate) use sum::{sum, sum_size};
