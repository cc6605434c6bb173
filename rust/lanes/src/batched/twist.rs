//! Points of two coordinates over `Fp2`, many times eight, with one inversion for a step of
//! all of them.
//!
//! A number of `Fp2` is inverted through its norm, so that Montgomery's trick needs products
//! in `Fp` alone.
//!
//! # Divisions by zero
//!
//! Equal points and opposite ones cannot be added here, nor can one of order two be doubled:
//! functions give `None` then.
//!
//! # Operations
//! For a point, in `Fp`: a doubling takes 9 products and 5 sums of two, an addition 7 and 5.
//! With three coordinates ([`super::points`]) it would be 8 products, 4 sums of two and 2 of
//! four, and 6, 16 and 2. A step costs one inversion besides.

use super::field::{Field, Part, LANES};
use super::fp::Fp;
use super::fp2::Fp2;
use super::points::{psi, PARAMETER};
use crate::curve::G2Affine;
use crate::endomorphism::Endomorphism;

/// Eight points of two coordinates, both below `2 p`.
#[derive(Clone, Copy)]
pub(super) struct Pair<F: Field> {
    pub(super) x: Fp2<F>,
    pub(super) y: Fp2<F>,
}

/// Points that are worked on together, eight in each entry.
#[derive(Clone)]
pub(super) struct Pairs<F: Field>(pub(super) Vec<Pair<F>>);

impl<F: Field> Pairs<F> {
    /// Doubles the points, on a curve `y^2 = x^3 + b`.
    #[inline(always)]
    pub(super) fn double(&mut self) -> Option<()> {
        F::apart(Step(self, None))
    }

    /// Adds the others to the points.
    #[inline(always)]
    pub(super) fn add(&mut self, others: &Self) -> Option<()> {
        F::apart(Step(self, Some(others)))
    }

    /// The points times the absolute value of the parameter.
    #[inline(always)]
    pub(super) fn times_parameter(&self) -> Option<Self> {
        let mut result = self.clone();
        for bit in (0..PARAMETER.ilog2()).rev() {
            result.double()?;
            if PARAMETER >> bit & 1 == 1 {
                result.add(self)?;
            }
        }
        Some(result)
    }

    /// The points of the opposite sign.
    #[inline(always)]
    pub(super) fn negate(self) -> Self {
        self.each(|point| Pair {
            y: point.y.neg(2),
            ..point
        })
    }

    /// The endomorphism that on G2 is the multiplication by the parameter.
    #[inline(always)]
    pub(super) fn psi(self) -> Self {
        self.each(|point| {
            let [x, y] = psi(&point.x, &point.y);
            Pair { x, y }
        })
    }

    /// That endomorphism twice.
    #[inline(always)]
    pub(super) fn psi_square(self) -> Self {
        let beta = Fp::load(&[G2Affine::BETA; LANES]);
        self.negate().each(|point| Pair {
            x: point.x.mul_fp(&beta),
            ..point
        })
    }

    #[inline(always)]
    fn each(mut self, work: impl Fn(Pair<F>) -> Pair<F>) -> Self {
        for point in &mut self.0 {
            *point = work(*point);
        }
        self
    }
}

/// A step of all points: the sum with others, or with themselves.
struct Step<'a, F: Field>(&'a mut Pairs<F>, Option<&'a Pairs<F>>);

impl<F: Field> Part<F> for Step<'_, F> {
    type Output = Option<()>;

    #[inline(always)]
    fn run(self) -> Option<()> {
        let Self(points, others) = self;
        let mut reciprocals: Vec<Fp2<F>> = match others {
            None => points.0.iter().map(|point| point.y.double()).collect(),
            Some(others) => {
                let both = points.0.iter().zip(&others.0);
                both.map(|(point, other)| other.x.sub(&point.x, 2))
                    .collect()
            }
        };
        invert_all(&mut reciprocals)?;
        for (at, (point, reciprocal)) in points.0.iter_mut().zip(&reciprocals).enumerate() {
            let (rise, other_x) = match others {
                None => {
                    let square = point.x.sqr();
                    (square.double().add(&square), point.x)
                }
                Some(others) => (others.0[at].y.sub(&point.y, 2), others.0[at].x),
            };
            let slope = rise.mul(reciprocal);
            let x = slope.sqr().sub(&point.x.add(&other_x), 4).reduce(8);
            point.y = slope.mul(&point.x.sub(&x, 2)).sub(&point.y, 2).reduce(4);
            point.x = x;
        }
        Some(())
    }
}

/// Replaces numbers, below `4 p`, by their inverses, below `2 p`; `None` if one is zero.
#[inline(always)]
pub(super) fn invert_all<F: Field>(numbers: &mut [Fp2<F>]) -> Option<()> {
    let mut product = Fp::one();
    let norms: Vec<[Fp<F>; 2]> = numbers
        .iter()
        .map(|number| {
            let (before, norm) = (product, number.norm());
            product = product.mul(&norm);
            [before, norm]
        })
        .collect();
    let mut inverse = product.invert()?;
    for (number, [before, norm]) in numbers.iter_mut().zip(&norms).rev() {
        *number = number.conjugate(4).mul_fp(&inverse.mul(before));
        inverse = inverse.mul(norm);
    }
    Some(())
}
