//! A field element in each of eight lanes, loosely reduced.
//!
//! Values are kept between 0 and a small multiple of `p`, in normalized limbs.
//! Products come out below `2 p`; sums and differences grow, and nothing is
//! reduced before a product takes them: factors may be as large as `2^16 p`.
//! Only what is kept from round to round has to be [`Fp::reduce`]d.

use blst::blst_fp;

use super::eight::{
    constant, invert_all, lanes, limbs, multiple, normalize, numbers, power_of_two, reduce, zip3,
    Lanes, Limbs, LANES, LIMBS, R,
};

/// Eight field elements, each times `R = 2^416`.
#[derive(Clone, Copy)]
pub(super) struct Fp<V>([V; LIMBS]);

/// `2^448 mod p`: takes blst's form, times `2^384`, to this one.
const ENTER: Limbs = limbs(&power_of_two(448));
/// `2^384 mod p`: takes this form to blst's.
const LEAVE: Limbs = limbs(&power_of_two(384));

impl<V: Lanes> Fp<V> {
    #[inline(always)]
    pub(super) fn zero() -> Self {
        Self([V::splat(0); LIMBS])
    }

    #[inline(always)]
    pub(super) fn one() -> Self {
        Self(constant(&R))
    }

    #[inline(always)]
    pub(super) fn load(numbers: &[blst_fp; LANES]) -> Self {
        Self(V::dot(
            [&lanes(|lane| numbers[lane].l)],
            [&constant(&ENTER)],
        ))
    }

    /// The numbers in blst's form, below `p`.
    #[inline(always)]
    pub(super) fn store(&self) -> [blst_fp; LANES] {
        numbers(&V::dot([&self.0], [&constant(&LEAVE)])).map(|l| blst_fp { l })
    }

    /// The numbers from the limbs that [`Fp::rows`] gave.
    #[inline(always)]
    pub(super) fn from_rows(rows: [&[u64; LIMBS]; LANES]) -> Self {
        let mut result = [V::splat(0); LIMBS];
        for (at, limb) in result.iter_mut().enumerate() {
            *limb = V::load(&rows.map(|row| row[at]));
        }
        Self(result)
    }

    /// The limbs of each number as they are, without conversion or reduction.
    #[inline(always)]
    pub(super) fn rows(&self) -> [[u64; LIMBS]; LANES] {
        let columns = self.0.map(V::store);
        core::array::from_fn(|lane| columns.map(|column| column[lane]))
    }

    /// The sum; as large as both together.
    #[inline(always)]
    pub(super) fn add(&self, other: &Self) -> Self {
        Self(normalize(zip3(
            &self.0,
            &other.0,
            &[0; LIMBS],
            |left, right, _| left.add(right),
        )))
    }

    #[inline(always)]
    pub(super) fn double(&self) -> Self {
        self.add(self)
    }

    /// The difference, larger by `bound p`; `other` must be below that.
    #[inline(always)]
    pub(super) fn sub(&self, other: &Self, bound: u64) -> Self {
        Self(normalize(zip3(
            &self.0,
            &other.0,
            &multiple(bound),
            |left, right, padding| left.subtract(right).add(padding),
        )))
    }

    /// `bound p` less this, which must be below that.
    #[inline(always)]
    pub(super) fn neg(&self, bound: u64) -> Self {
        Self::zero().sub(self, bound)
    }

    /// The product, below `2 p`.
    #[inline(always)]
    pub(super) fn mul(&self, other: &Self) -> Self {
        Self(V::dot([&self.0], [&other.0]))
    }

    /// The square, below `2 p`.
    #[inline(always)]
    pub(super) fn sqr(&self) -> Self {
        self.mul(self)
    }

    /// `sum left[i] * right[i]`, below `2 p`, for little more than half of as many products:
    /// the reduction is done once.
    #[inline(always)]
    pub(super) fn dot<const N: usize>(left: [&Self; N], right: [&Self; N]) -> Self {
        Self(V::dot(left.map(|it| &it.0), right.map(|it| &it.0)))
    }

    /// The same numbers below `2 p`; they must be below `bound p`.
    #[inline(always)]
    pub(super) fn reduce(&self, bound: u64) -> Self {
        let mut value = self.0;
        let mut factor = bound.next_power_of_two() / 2;
        while factor > 1 {
            value = reduce(&value, &multiple(factor));
            factor /= 2;
        }
        Self(value)
    }

    /// The inverse of each number, with one inversion, or `None` if any is zero.
    #[inline(always)]
    pub(super) fn invert(&self) -> Option<Self> {
        let mut values = numbers(&self.mul(&Self::one()).0);
        if values.contains(&[0; 6]) {
            return None;
        }
        invert_all(&mut values);
        Some(Self(lanes(|lane| values[lane])))
    }

    /// Which numbers are zero.
    #[inline(always)]
    pub(super) fn is_zero(&self) -> [bool; LANES] {
        numbers(&self.mul(&Self::one()).0).map(|words| words == [0; 6])
    }

    /// Lane by lane: `first` where `which` says so, `second` elsewhere.
    #[inline(always)]
    pub(super) fn select(which: [bool; LANES], first: &Self, second: &Self) -> Self {
        let mask = V::load(&which.map(|first| if first { u64::MAX } else { 0 }));
        let mut result = second.0;
        for (limb, first) in result.iter_mut().zip(first.0) {
            *limb = mask.choose(first, *limb);
        }
        Self(result)
    }
}
