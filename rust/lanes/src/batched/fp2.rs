//! `Fp2 = Fp[u] / (u^2 + 1)` in eight lanes, with the bounds of [`Fp`].

use blst::blst_fp2;

use super::field::{Field, LANES};
use super::fp::Fp;

/// Eight numbers `c0 + c1 u`.
#[derive(Clone, Copy)]
pub(crate) struct Fp2<F: Field> {
    pub(super) c0: Fp<F>,
    pub(super) c1: Fp<F>,
}

impl<F: Field> Fp2<F> {
    #[inline(always)]
    pub(super) fn zero() -> Self {
        Self {
            c0: Fp::zero(),
            c1: Fp::zero(),
        }
    }

    #[inline(always)]
    pub(super) fn one() -> Self {
        Self {
            c0: Fp::one(),
            c1: Fp::zero(),
        }
    }

    #[inline(always)]
    pub(super) fn load(numbers: &[blst_fp2; LANES]) -> Self {
        Self {
            c0: Fp::load(&numbers.map(|number| number.fp[0])),
            c1: Fp::load(&numbers.map(|number| number.fp[1])),
        }
    }

    /// The numbers in blst's form.
    #[inline(always)]
    pub(super) fn store(&self) -> [blst_fp2; LANES] {
        let (c0, c1) = (self.c0.store(), self.c1.store());
        core::array::from_fn(|lane| blst_fp2 {
            fp: [c0[lane], c1[lane]],
        })
    }

    /// The sum; as large as both together.
    #[inline(always)]
    pub(super) fn add(&self, other: &Self) -> Self {
        Self {
            c0: self.c0.add(&other.c0),
            c1: self.c1.add(&other.c1),
        }
    }

    #[inline(always)]
    pub(super) fn double(&self) -> Self {
        self.add(self)
    }

    /// The difference, larger by `bound p`; `other` must be below that.
    #[inline(always)]
    pub(super) fn sub(&self, other: &Self, bound: u64) -> Self {
        Self {
            c0: self.c0.sub(&other.c0, bound),
            c1: self.c1.sub(&other.c1, bound),
        }
    }

    /// `bound p` less this, which must be below that.
    #[inline(always)]
    pub(super) fn neg(&self, bound: u64) -> Self {
        Self::zero().sub(self, bound)
    }

    /// The product, below `2 p`; `other` must be below `64 p`.
    ///
    /// Two sums of two products cost as much as Karatsuba's three products, and no additions.
    #[inline(always)]
    pub(super) fn mul(&self, other: &Self) -> Self {
        let minus = other.c1.neg(64);
        Self {
            c0: Fp::dot([&self.c0, &self.c1], [&other.c0, &minus]),
            c1: Fp::dot([&self.c0, &self.c1], [&other.c1, &other.c0]),
        }
    }

    /// `left[0] * right[0] + left[1] * right[1]`, below `2 p`; `right` must be below `64 p`.
    #[inline(always)]
    pub(super) fn dot([a, b]: [&Self; 2], [c, d]: [&Self; 2]) -> Self {
        let minus = [c.c1.neg(64), d.c1.neg(64)];
        let left = [&a.c0, &a.c1, &b.c0, &b.c1];
        Self {
            c0: Fp::dot(left, [&c.c0, &minus[0], &d.c0, &minus[1]]),
            c1: Fp::dot(left, [&c.c1, &c.c0, &d.c1, &d.c0]),
        }
    }

    /// The square, below `2 p`; this must be below `64 p`.
    #[inline(always)]
    pub(super) fn sqr(&self) -> Self {
        let sum = self.c0.add(&self.c1);
        let difference = self.c0.difference(&self.c1, 64);
        Self {
            c0: sum.mul(&difference),
            c1: self.c0.double().mul(&self.c1),
        }
    }

    /// The product with numbers of `Fp`, below `2 p`.
    #[inline(always)]
    pub(super) fn mul_fp(&self, other: &Fp<F>) -> Self {
        Self {
            c0: self.c0.mul(other),
            c1: self.c1.mul(other),
        }
    }

    /// The product with `1 + u`, not reduced; this must be below `bound p`.
    #[inline(always)]
    pub(super) fn mul_by_nonresidue(&self, bound: u64) -> Self {
        Self {
            c0: self.c0.sub(&self.c1, bound),
            c1: self.c0.add(&self.c1),
        }
    }

    /// `c0 - c1 u`; this must be below `bound p`.
    #[inline(always)]
    pub(super) fn conjugate(&self, bound: u64) -> Self {
        Self {
            c0: self.c0,
            c1: self.c1.neg(bound),
        }
    }

    /// Lane by lane, `2 p` less this where `which` says so: see [`Field::negate`].
    #[inline(always)]
    pub(super) fn negate(&self, which: [bool; LANES]) -> Self {
        Self {
            c0: self.c0.negate(which),
            c1: self.c1.negate(which),
        }
    }

    /// `sgn0` of RFC 9380, section 4.1: whether the number is odd, by its first
    /// coefficient that is not zero.
    #[inline(always)]
    pub(super) fn signs(&self) -> [bool; LANES] {
        let (c0, c1) = (self.c0.words(), self.c1.words());
        core::array::from_fn(|lane| {
            let first = if c0[lane] == [0; 6] { c1 } else { c0 };
            first[lane][0] & 1 == 1
        })
    }

    /// The same numbers below `2 p`; they must be below `bound p`.
    #[inline(always)]
    pub(super) fn reduce(&self, bound: u64) -> Self {
        Self {
            c0: self.c0.reduce(bound),
            c1: self.c1.reduce(bound),
        }
    }

    /// The inverse of each number, with one inversion, or `None` if any is zero.
    #[inline(always)]
    pub(super) fn invert(&self) -> Option<Self> {
        // 1 / (c0 + c1 u) = (c0 - c1 u) / (c0^2 + c1^2)
        Some(self.conjugate(64).mul_fp(&self.norm().invert()?))
    }

    /// Replaces numbers, below `8 p`, by their inverses, below `2 p`, with one inversion;
    /// `None` if one is zero. Montgomery's trick with norms takes products in `Fp` alone.
    #[inline(always)]
    pub(super) fn invert_all(numbers: &mut [Self]) -> Option<()> {
        let mut norms: Vec<Fp<F>> = numbers.iter().map(Self::norm).collect();
        Fp::invert_all(&mut norms)?;
        for (number, inverse) in numbers.iter_mut().zip(&norms) {
            *number = number.conjugate(8).mul_fp(inverse);
        }
        Some(())
    }

    /// `c0^2 + c1^2`, below `2 p`.
    #[inline(always)]
    pub(super) fn norm(&self) -> Fp<F> {
        Fp::dot([&self.c0, &self.c1], [&self.c0, &self.c1])
    }

    /// Which numbers are zero.
    #[inline(always)]
    pub(super) fn is_zero(&self) -> [bool; LANES] {
        // -1 is no square in Fp, so that only zero has the norm zero.
        Fp::dot([&self.c0, &self.c1], [&self.c0, &self.c1]).is_zero()
    }

    /// Lane by lane: `first` where `which` says so, `second` elsewhere.
    #[inline(always)]
    pub(super) fn select(which: [bool; LANES], first: &Self, second: &Self) -> Self {
        Self {
            c0: Fp::select(which, &first.c0, &second.c0),
            c1: Fp::select(which, &first.c1, &second.c1),
        }
    }
}

#[cfg(test)]
mod tests {
    use blst::{
        blst_fp, blst_fp2_add, blst_fp2_eucl_inverse, blst_fp2_mul, blst_fp2_sqr, blst_fp2_sub,
        blst_fp_from_uint64,
    };
    use proptest::prelude::*;

    use super::super::eight::Eight;
    use super::super::plain::Plain;
    use super::*;
    use crate::field::MODULUS;

    type Lanes8 = Fp2<Eight<Plain>>;

    fn number(words: [u64; 6]) -> blst_fp {
        let mut result = blst_fp::default();
        // SAFETY: blst reads six words and writes one element.
        unsafe { blst_fp_from_uint64(&raw mut result, words.as_ptr()) };
        result
    }

    /// Zero, one, `p - 1`, or a number below `2^380`.
    fn coefficient() -> impl Strategy<Value = blst_fp> {
        let mut largest = MODULUS;
        largest[0] -= 1;
        prop_oneof![
            1 => Just([0; 6]),
            1 => Just([1, 0, 0, 0, 0, 0]),
            1 => Just(largest),
            5 => prop::array::uniform6(any::<u64>()).prop_map(|mut words| {
                words[5] >>= 4;
                words
            }),
        ]
        .prop_map(number)
    }

    fn eight() -> impl Strategy<Value = [blst_fp2; LANES]> {
        prop::array::uniform8(
            (coefficient(), coefficient()).prop_map(|(c0, c1)| blst_fp2 { fp: [c0, c1] }),
        )
    }

    type Binary = unsafe extern "C" fn(*mut blst_fp2, *const blst_fp2, *const blst_fp2);
    type Unary = unsafe extern "C" fn(*mut blst_fp2, *const blst_fp2);

    fn both(
        work: Binary,
        left: &[blst_fp2; LANES],
        right: &[blst_fp2; LANES],
    ) -> [blst_fp2; LANES] {
        core::array::from_fn(|lane| {
            let mut result = blst_fp2::default();
            // SAFETY: blst reads two elements and writes one.
            unsafe {
                work(
                    &raw mut result,
                    &raw const left[lane],
                    &raw const right[lane],
                );
            }
            result
        })
    }

    fn each(work: Unary, values: &[blst_fp2; LANES]) -> [blst_fp2; LANES] {
        values.map(|value| {
            let mut result = blst_fp2::default();
            // SAFETY: blst reads one element and writes one.
            unsafe { work(&raw mut result, &raw const value) };
            result
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]

        #[test]
        fn every_operation_is_that_of_blst(left in eight(), right in eight()) {
            let (a, b) = (Lanes8::load(&left), Lanes8::load(&right));
            prop_assert_eq!(left, a.store());
            prop_assert_eq!(both(blst_fp2_add, &left, &right), a.add(&b).store());
            prop_assert_eq!(both(blst_fp2_sub, &left, &right), a.sub(&b, 2).store());
            let product = both(blst_fp2_mul, &left, &right);
            prop_assert_eq!(product, a.mul(&b).store());
            prop_assert_eq!(product, a.sub(&Lanes8::zero(), 4096).mul(&b.sub(&Lanes8::zero(), 60)).store());
            prop_assert_eq!(product, a.mul(&b).sub(&Lanes8::zero(), 100).reduce(102).store());
            prop_assert_eq!(both(blst_fp2_sub, &product, &left), a.mul(&b).sub(&a, 4).reduce(8).store());
            prop_assert_eq!(each(blst_fp2_sqr, &left), a.sqr().store());
            let sum = both(blst_fp2_add, &product, &each(blst_fp2_sqr, &left));
            prop_assert_eq!(sum, Fp2::dot([&a, &a], [&b, &a]).store());
            prop_assert_eq!(sum, Fp2::dot([&a.sub(&Lanes8::zero(), 4096), &a], [&b.sub(&Lanes8::zero(), 60), &a]).store());
            let conjugate = both(blst_fp2_mul, &left, &a.conjugate(2).store());
            prop_assert_eq!(conjugate.map(|value| value.fp[0]), a.norm().store());
            prop_assert_eq!(a.c0.mul(&a.c0).store(), a.c0.sqr().store());
            prop_assert_eq!(a.add(&a).store(), a.double().store());
            prop_assert_eq!(Lanes8::zero().store(), a.double().add(&a.double().neg(8)).store());
            let one_plus_u = [blst_fp2 { fp: [number([1, 0, 0, 0, 0, 0]); 2] }; LANES];
            prop_assert_eq!(both(blst_fp2_mul, &left, &one_plus_u), a.mul_by_nonresidue(2).store());
            let scaled = right.map(|value| blst_fp2 { fp: [value.fp[0], blst_fp::default()] });
            prop_assert_eq!(both(blst_fp2_mul, &left, &scaled), a.mul_fp(&b.c0).store());
            prop_assert_eq!(a.conjugate(2).store(), both(blst_fp2_sub,
                &left.map(|value| blst_fp2 { fp: [value.fp[0], blst_fp::default()] }),
                &left.map(|value| blst_fp2 { fp: [blst_fp::default(), value.fp[1]] })));
            let zeros = left.map(|value| value == blst_fp2::default());
            prop_assert_eq!(zeros, a.is_zero());
            prop_assert_eq!(zeros, a.sub(&Lanes8::zero(), 64).is_zero());
            match a.invert() {
                None => prop_assert!(zeros.contains(&true)),
                Some(inverse) => {
                    prop_assert!(!zeros.contains(&true));
                    prop_assert_eq!(each(blst_fp2_eucl_inverse, &left), inverse.store());
                }
            }
            let chosen = Lanes8::select(zeros, &Lanes8::one(), &a).store();
            for lane in 0..LANES {
                prop_assert_eq!(chosen[lane], if zeros[lane] { Lanes8::one().store()[lane] } else { left[lane] });
            }
        }
    }
}
