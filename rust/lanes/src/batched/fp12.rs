//! `Fp12 = Fp6[w] / (w^2 - v)` over `Fp6 = Fp2[v] / (v^3 - (1 + u))` in eight lanes:
//! what a Miller loop needs of it.

use blst::{blst_fp12, blst_fp6};

use super::field::{Field, LANES};
use super::fp::Fp;
use super::fp2::Fp2;

/// Eight numbers `c0 + c1 v + c2 v^2`.
type Fp6<F> = [Fp2<F>; 3];

/// Eight numbers `c0 + c1 w`.
#[derive(Clone, Copy)]
pub(super) struct Fp12<F: Field> {
    c0: Fp6<F>,
    c1: Fp6<F>,
}

/// The line `1 + (b v + c v^2) w` of a pair, made ready to be multiplied with.
pub(super) struct Line<F: Field> {
    b: Factor<F>,
    c: Factor<F>,
    /// `b` and `c` times `1 + u`, which is `v^3`.
    b_shifted: Factor<F>,
    c_shifted: Factor<F>,
}

/// A factor of sums of products, with what is needed of its negative.
struct Factor<F: Field> {
    value: Fp2<F>,
    minus_c1: Fp<F>,
}

impl<F: Field> Factor<F> {
    /// `value` must be below `bound p`.
    #[inline(always)]
    fn new(value: Fp2<F>, bound: u64) -> Self {
        Self {
            value,
            minus_c1: value.c1.neg(bound),
        }
    }
}

/// `sum left[i] * right[i]`, below `2 p`: one reduction for each coefficient.
#[inline(always)]
fn sum_of_products<F: Field>(left: [&Fp2<F>; 2], right: [&Factor<F>; 2]) -> Fp2<F> {
    let [a, b] = left;
    let [c, d] = right;
    let left = [&a.c0, &a.c1, &b.c0, &b.c1];
    Fp2 {
        c0: Fp::dot(left, [&c.value.c0, &c.minus_c1, &d.value.c0, &d.minus_c1]),
        c1: Fp::dot(left, [&c.value.c1, &c.value.c0, &d.value.c1, &d.value.c0]),
    }
}

impl<F: Field> Line<F> {
    /// Both coefficients must be below `2 p`.
    #[inline(always)]
    pub(super) fn new(b: Fp2<F>, c: Fp2<F>) -> Self {
        Self {
            b: Factor::new(b, 2),
            c: Factor::new(c, 2),
            b_shifted: Factor::new(b.mul_by_nonresidue(2), 4),
            c_shifted: Factor::new(c.mul_by_nonresidue(2), 4),
        }
    }
}

impl<F: Field> Fp12<F> {
    #[inline(always)]
    pub(super) fn one() -> Self {
        let zero = Fp2::zero();
        Self {
            c0: [Fp2::one(), zero, zero],
            c1: [zero; 3],
        }
    }

    /// The product with a line; each coefficient grows by `2 p`.
    ///
    /// 48 products and 12 reductions: coefficient by coefficient, since the additions
    /// that would save products cost as much as they save.
    #[inline(always)]
    pub(super) fn mul_by_line(&mut self, line: &Line<F>) {
        let Line {
            b,
            c,
            b_shifted,
            c_shifted,
        } = line;
        let ([f0, f1, f2], [g0, g1, g2]) = (&self.c0, &self.c1);
        // g L v and f L for L = b v + c v^2, and v^3 = 1 + u.
        let added0 = [
            sum_of_products([g0, g1], [c_shifted, b_shifted]),
            sum_of_products([g1, g2], [c_shifted, b_shifted]),
            sum_of_products([g0, g2], [b, c_shifted]),
        ];
        let added1 = [
            sum_of_products([f1, f2], [c_shifted, b_shifted]),
            sum_of_products([f0, f2], [b, c_shifted]),
            sum_of_products([f0, f1], [c, b]),
        ];
        for at in 0..3 {
            self.c0[at] = self.c0[at].add(&added0[at]);
            self.c1[at] = self.c1[at].add(&added1[at]);
        }
    }

    /// Brings coefficients below `2 p`; they must be below `bound p`.
    #[inline(always)]
    pub(super) fn reduce(&mut self, bound: u64) {
        for part in self.c0.iter_mut().chain(&mut self.c1) {
            *part = part.reduce(bound);
        }
    }

    /// The square, below `8 p`; this must be below `bound p`, and that below `2^14`.
    #[inline(always)]
    pub(super) fn sqr(&self, bound: u64) -> Self {
        // (f + g w)^2 = (f + g)(f + g v) - f g - f g v + 2 f g w
        let product = multiply(&self.c0, &self.c1, bound);
        let shifted = times_v(&self.c1, bound);
        let left = zip(&self.c0, &self.c1, Fp2::add);
        let right = zip(&self.c0, &shifted, Fp2::add);
        let whole = multiply(&left, &right, 3 * bound);
        let less = zip(&product, &times_v(&product, 2), Fp2::add);
        Self {
            c0: zip(&whole, &less, |whole, less| whole.sub(less, 6)),
            c1: product.map(|part| part.double()),
        }
    }

    /// The numbers in blst's form.
    #[inline(always)]
    pub(super) fn store(&self) -> [blst_fp12; LANES] {
        let halves = [&self.c0, &self.c1].map(|half| half.map(|part| part.store()));
        core::array::from_fn(|lane| blst_fp12 {
            fp6: halves.map(|half| blst_fp6 {
                fp2: half.map(|part| part[lane]),
            }),
        })
    }
}

/// The product, below `2 p`; `right` must be below `bound p`.
#[inline(always)]
fn multiply<F: Field>(left: &Fp6<F>, right: &Fp6<F>, bound: u64) -> Fp6<F> {
    let [a0, a1, a2] = left;
    let [b0, b1, b2] = right.map(|part| Factor::new(part, bound));
    let [_, s1, s2] = right.map(|part| Factor::new(part.mul_by_nonresidue(bound), 2 * bound));
    let sum = |factors: [&Factor<F>; 3]| {
        let [c, d, e] = factors;
        let left = [&a0.c0, &a0.c1, &a1.c0, &a1.c1, &a2.c0, &a2.c1];
        Fp2 {
            c0: Fp::dot(
                left,
                [
                    &c.value.c0,
                    &c.minus_c1,
                    &d.value.c0,
                    &d.minus_c1,
                    &e.value.c0,
                    &e.minus_c1,
                ],
            ),
            c1: Fp::dot(
                left,
                [
                    &c.value.c1,
                    &c.value.c0,
                    &d.value.c1,
                    &d.value.c0,
                    &e.value.c1,
                    &e.value.c0,
                ],
            ),
        }
    };
    [
        sum([&b0, &s2, &s1]),
        sum([&b1, &b0, &s2]),
        sum([&b2, &b1, &b0]),
    ]
}

/// The product with `v`; `value` must be below `bound p`, and the result is below twice that.
#[inline(always)]
fn times_v<F: Field>(value: &Fp6<F>, bound: u64) -> Fp6<F> {
    [value[2].mul_by_nonresidue(bound), value[0], value[1]]
}

#[inline(always)]
fn zip<F: Field>(
    left: &Fp6<F>,
    right: &Fp6<F>,
    work: impl Fn(&Fp2<F>, &Fp2<F>) -> Fp2<F>,
) -> Fp6<F> {
    core::array::from_fn(|at| work(&left[at], &right[at]))
}
