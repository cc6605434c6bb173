//! Points of two coordinates, many times eight, with one inversion for a step of all of them.
//!
//! # Divisions by zero
//!
//! Equal points and opposite ones cannot be added here, nor can one of order two be doubled:
//! functions give `None` then.
//!
//! # Operations
//! For a point of G1: a doubling takes 2 squares and 5 products, an addition 1 and 5. For one
//! of G2, in `Fp`: 9 products and 5 sums of two, and 7 and 5; with three coordinates
//! ([`super::points`]) it would be 8, 4 and 2 sums of four, and 6, 16 and 2. A step costs one
//! inversion besides.

use super::coordinate::Coordinate;
use super::field::{Field, Part};
use super::points::PARAMETER;

/// Eight points of two coordinates, both below `2 p`.
#[derive(Clone, Copy)]
pub(crate) struct Pair<C> {
    pub(super) x: C,
    pub(super) y: C,
}

/// Points that are worked on together, eight in each entry.
#[derive(Clone)]
pub(crate) struct Pairs<C>(pub(super) Vec<Pair<C>>);

impl<C: Coordinate> Pairs<C> {
    /// Doubles the points, on a curve `y^2 = x^3 + b`.
    #[inline(always)]
    pub(super) fn double(&mut self) -> Option<()> {
        C::Field::apart(Step(self, None))
    }

    /// Adds the others to the points.
    #[inline(always)]
    pub(super) fn add(&mut self, others: &Self) -> Option<()> {
        C::Field::apart(Step(self, Some(others)))
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

    /// Does something with each eight.
    #[inline(always)]
    pub(super) fn each(mut self, work: impl Fn(Pair<C>) -> Pair<C>) -> Self {
        for point in &mut self.0 {
            *point = work(*point);
        }
        self
    }
}

/// A step of all points: the sum with others, or with themselves.
struct Step<'a, C>(&'a mut Pairs<C>, Option<&'a Pairs<C>>);

impl<C: Coordinate> Part<C::Field> for Step<'_, C> {
    type Output = Option<()>;

    #[inline(always)]
    fn run(self) -> Option<()> {
        let Self(points, others) = self;
        let mut reciprocals: Vec<C> = match others {
            None => points.0.iter().map(|point| point.y.double()).collect(),
            Some(others) => {
                let both = points.0.iter().zip(&others.0);
                both.map(|(point, other)| other.x.sub(&point.x, 2))
                    .collect()
            }
        };
        C::invert_all(&mut reciprocals)?;
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
