//! A field element in each of eight lanes, loosely reduced.
//!
//! Products come out below `2 p`; sums and differences grow, and nothing is reduced
//! before a product takes them: factors may be as large as `2^16 p` ([`Field`]). Only
//! what is kept from round to round has to be [`Fp::reduce`]d.

use blst::{blst_fp, blst_fp_eucl_inverse, blst_fp_mul};

use super::eight::power_of_two;
use super::field::{Field, LANES};
use crate::curve::G1Affine;

/// Eight field elements.
#[derive(Clone, Copy)]
pub(crate) struct Fp<F: Field>(F::Element);

impl<F: Field> Fp<F> {
    #[inline(always)]
    pub(super) fn zero() -> Self {
        Self(F::zero())
    }

    #[inline(always)]
    pub(super) fn one() -> Self {
        Self(F::one())
    }

    #[inline(always)]
    pub(super) fn load(numbers: &[blst_fp; LANES]) -> Self {
        Self(F::load(numbers))
    }

    /// The numbers in blst's form, below `p`.
    #[inline(always)]
    pub(super) fn store(&self) -> [blst_fp; LANES] {
        F::store(&self.0)
    }

    /// Numbers below `p` in words, the lowest first.
    #[inline(always)]
    pub(super) fn from_words(words: &[[u64; 6]; LANES]) -> Self {
        // blst's form of a number is 2^384 times it: so 2^768 in its place is the factor 2^384.
        let enter = Self::load(
            &[blst_fp {
                l: const { power_of_two(768) },
            }; LANES],
        );
        Self::load(&words.map(|l| blst_fp { l })).mul(&enter)
    }

    /// The numbers in words, below `p`.
    #[inline(always)]
    pub(super) fn words(&self) -> [[u64; 6]; LANES] {
        let leave = Self::load(
            &[blst_fp {
                l: [1, 0, 0, 0, 0, 0],
            }; LANES],
        );
        self.mul(&leave).store().map(|number| number.l)
    }

    /// The same small number in each lane, below `2 p`.
    #[inline(always)]
    pub(super) fn small(value: u64) -> Self {
        Self::from_words(&[[value, 0, 0, 0, 0, 0]; LANES])
    }

    /// Coordinates of points, for sums only: see [`Field::load_points`].
    #[inline(always)]
    pub(super) fn load_points(points: &[G1Affine; LANES]) -> (Self, Self) {
        let (x, y) = F::load_points(points);
        (Self(x), Self(y))
    }

    /// The points whose sums were made.
    #[inline(always)]
    pub(super) fn store_points(x: &Self, y: &Self) -> [G1Affine; LANES] {
        F::store_points(&x.0, &y.0)
    }

    /// The numbers that [`Fp::rows`] gave, one a lane.
    #[inline(always)]
    pub(super) fn from_rows(rows: [&F::Row; LANES]) -> Self {
        Self(F::from_rows(rows))
    }

    /// The number of each lane as it is, without conversion or reduction.
    #[inline(always)]
    pub(super) fn rows(&self) -> [F::Row; LANES] {
        F::rows(&self.0)
    }

    /// The sum; as large as both together.
    #[inline(always)]
    pub(super) fn add(&self, other: &Self) -> Self {
        Self(F::add(&self.0, &other.0))
    }

    #[inline(always)]
    pub(super) fn double(&self) -> Self {
        self.add(self)
    }

    /// The difference, larger by `bound p`; `other` must not be above that.
    #[inline(always)]
    pub(super) fn sub(&self, other: &Self, bound: u64) -> Self {
        Self(F::sub(&self.0, &other.0, bound))
    }

    /// As [`Fp::sub`], for one product only: see [`Field::difference`].
    #[inline(always)]
    pub(super) fn difference(&self, other: &Self, bound: u64) -> Self {
        Self(F::difference(&self.0, &other.0, bound))
    }

    /// Lane by lane, `2 p` less this where `which` says so: see [`Field::negate`].
    #[inline(always)]
    pub(super) fn negate(&self, which: [bool; LANES]) -> Self {
        Self(F::negate(which, &self.0))
    }

    /// `bound p` less this, which must not be above that.
    #[inline(always)]
    pub(super) fn neg(&self, bound: u64) -> Self {
        Self::zero().sub(self, bound)
    }

    /// The product, below `2 p`.
    #[inline(always)]
    pub(super) fn mul(&self, other: &Self) -> Self {
        Self(F::dot([&self.0], [&other.0]))
    }

    /// The square, below `2 p`.
    #[inline(always)]
    pub(super) fn sqr(&self) -> Self {
        Self(F::sqr(&self.0))
    }

    /// `sum left[i] * right[i]`, below `2 p`, for little more than half of as many products:
    /// the reduction is done once.
    #[inline(always)]
    pub(super) fn dot<const N: usize>(left: [&Self; N], right: [&Self; N]) -> Self {
        Self(F::dot(left.map(|it| &it.0), right.map(|it| &it.0)))
    }

    /// The same numbers below `2 p`; they must be below `bound p`.
    #[inline(always)]
    pub(super) fn reduce(&self, bound: u64) -> Self {
        Self(F::reduce(&self.0, bound))
    }

    /// The inverse of each number, with one inversion, or `None` if any is zero.
    #[inline(always)]
    pub(super) fn invert(&self) -> Option<Self> {
        Some(Self::load(&invert_all(&self.store())?))
    }

    /// Replaces numbers by their inverses, below `2 p`, with one inversion; `None` if one is
    /// zero.
    #[inline(always)]
    pub(super) fn invert_all(numbers: &mut [Self]) -> Option<()> {
        // before[i] = product of all earlier numbers.
        let mut product = Self::one();
        let mut before = Vec::with_capacity(numbers.len());
        for number in &*numbers {
            before.push(product);
            product = product.mul(number);
        }
        let mut inverse = product.invert()?;
        for (number, before) in numbers.iter_mut().zip(&before).rev() {
            let reciprocal = inverse.mul(before);
            inverse = inverse.mul(number);
            *number = reciprocal;
        }
        Some(())
    }

    /// Which numbers are odd: `sgn0` of RFC 9380, section 4.1.
    #[inline(always)]
    pub(super) fn signs(&self) -> [bool; LANES] {
        self.words().map(|words| words[0] & 1 == 1)
    }

    /// Which numbers are zero.
    #[inline(always)]
    pub(super) fn is_zero(&self) -> [bool; LANES] {
        F::is_zero(&self.0)
    }

    /// Lane by lane: `first` where `which` says so, `second` elsewhere.
    #[inline(always)]
    pub(super) fn select(which: [bool; LANES], first: &Self, second: &Self) -> Self {
        Self(F::select(which, &first.0, &second.0))
    }
}

/// The inverses, by Montgomery's trick, or `None` if a number is zero.
fn invert_all(numbers: &[blst_fp; LANES]) -> Option<[blst_fp; LANES]> {
    let multiply = |left: &blst_fp, right: &blst_fp| {
        let mut product = blst_fp::default();
        // SAFETY: blst reads two elements and writes one.
        unsafe { blst_fp_mul(&raw mut product, left, right) };
        product
    };
    // before[i] = product of all numbers up to i.
    let mut before = *numbers;
    for at in 1..LANES {
        before[at] = multiply(&before[at - 1], &numbers[at]);
    }
    if before[LANES - 1] == blst_fp::default() {
        return None;
    }
    let mut inverse = blst_fp::default();
    // SAFETY: blst reads one element and writes one.
    unsafe { blst_fp_eucl_inverse(&raw mut inverse, &raw const before[LANES - 1]) };
    let mut inverses = *numbers;
    for at in (1..LANES).rev() {
        inverses[at] = multiply(&inverse, &before[at - 1]);
        inverse = multiply(&inverse, &numbers[at]);
    }
    inverses[0] = inverse;
    Some(inverses)
}
