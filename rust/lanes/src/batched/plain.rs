//! Eight lanes in plain integers: slow, everywhere, and what the tests measure the rest against.

use super::eight::{self, Lanes, LIMBS, LIMB_MASK};
use super::field::LANES;

/// Eight numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plain([u64; LANES]);

impl Plain {
    fn zip(self, other: Self, work: impl Fn(u64, u64) -> u64) -> Self {
        Self(core::array::from_fn(|lane| {
            work(self.0[lane], other.0[lane])
        }))
    }

    fn product(left: Self, right: Self, shift: u32) -> Self {
        left.zip(right, |left, right| {
            let product = u128::from(left & LIMB_MASK) * u128::from(right & LIMB_MASK);
            u64::try_from(product >> shift & u128::from(LIMB_MASK)).expect("52 bits")
        })
    }
}

impl Lanes for Plain {
    fn splat(value: u64) -> Self {
        Self([value; LANES])
    }

    fn load(values: &[u64; LANES]) -> Self {
        Self(*values)
    }

    fn store(self) -> [u64; LANES] {
        self.0
    }

    fn add(self, other: Self) -> Self {
        self.zip(other, u64::wrapping_add)
    }

    fn subtract(self, other: Self) -> Self {
        self.zip(other, u64::wrapping_sub)
    }

    fn and(self, other: Self) -> Self {
        self.zip(other, |left, right| left & right)
    }

    fn or(self, other: Self) -> Self {
        self.zip(other, |left, right| left | right)
    }

    fn left(self, bits: usize) -> Self {
        Self(self.0.map(|value| value << bits))
    }

    fn right(self, bits: usize) -> Self {
        Self(self.0.map(|value| value >> bits))
    }

    fn signed_carry(self) -> Self {
        Self(
            self.0
                .map(|value| (value.cast_signed() >> 52).cast_unsigned()),
        )
    }

    fn add_low(self, left: Self, right: Self) -> Self {
        self.add(Self::product(left, right, 0))
    }

    fn add_high(self, left: Self, right: Self) -> Self {
        self.add(Self::product(left, right, 52))
    }

    fn choose(self, negative: Self, other: Self) -> Self {
        Self(core::array::from_fn(|lane| {
            if self.0[lane].cast_signed() < 0 {
                negative.0[lane]
            } else {
                other.0[lane]
            }
        }))
    }

    /// Out of line: written out at each call, the tower would be a hundred times as long.
    #[inline(never)]
    fn dot<const N: usize>(left: [&[Self; LIMBS]; N], right: [&[Self; LIMBS]; N]) -> [Self; LIMBS] {
        eight::dot(left, right)
    }

    #[inline(never)]
    fn square(value: &[Self; LIMBS]) -> [Self; LIMBS] {
        eight::square(value)
    }
}
