//! Sums of many points of G1 by batched affine additions.
//!
//! Two points with two coordinates are added with `l = (y2 - y1) / (x2 - x1)`,
//! `x3 = l^2 - x1 - x2`, `y3 = l * (x1 - x3) - y1`. The division is what costs;
//! here one inversion serves a whole round of additions (Montgomery's trick), so
//! that an addition takes five multiplications and a squaring.
//!
//! blst does so one point at a time, with nine tenths of its time spent in the
//! multiplications: on a machine without vector units nothing is to be gained
//! over it, and its function is called. Here the same is done for eight points
//! at a time, each in its own 64-bit lane, in limbs of 52 bits ([`eight`]): over
//! the AVX-512 IFMA instructions where the processor has them ([`ifma`]), and
//! over plain integers in the tests, so that the algorithm is held against blst
//! on every machine.
//!
//! Not in constant time: keys that are summed are public.

#![allow(
    clippy::inline_always,
    reason = "the vector instructions are compiled only where everything is inlined into one function"
)]

#[cfg(test)]
mod buckets;
#[cfg(test)]
mod collapse;
#[cfg(test)]
mod coordinate;
mod eight;
#[cfg(test)]
mod fp;
#[cfg(test)]
mod fp12;
#[cfg(test)]
mod fp2;
#[cfg(target_arch = "x86_64")]
mod ifma;
#[cfg(test)]
mod miller;
#[cfg(test)]
mod multiples;
#[cfg(test)]
mod plain;

use crate::curve::{G1Affine, G1Jacobian, Jacobian};

/// What adding points needs of a field, for one point or several at once.
///
/// Elements may be kept larger than the modulus; each function says what it takes.
trait Arithmetic {
    /// `LANES` field elements.
    type Element: Copy;
    /// Points that one element holds a coordinate of.
    const LANES: usize;
    /// Elements of one round: what stays in the second level of the cache.
    const ROUND: usize;

    /// One, in each lane.
    fn one() -> Self::Element;
    /// Coordinates of `LANES` points, none of them infinity.
    fn load(points: &[G1Affine]) -> (Self::Element, Self::Element);
    /// The points back.
    fn unload(x: &Self::Element, y: &Self::Element, points: &mut Vec<G1Affine>);
    /// A product.
    fn multiply(left: &Self::Element, right: &Self::Element) -> Self::Element;
    /// A square.
    fn square(value: &Self::Element) -> Self::Element;
    /// A difference: something to multiply with, not to keep.
    fn difference(left: &Self::Element, right: &Self::Element) -> Self::Element;
    /// `value - first - second`, of a square and two `x` coordinates: an `x` coordinate.
    fn new_x(value: &Self::Element, first: &Self::Element, second: &Self::Element)
        -> Self::Element;
    /// `value - first`, of a product and a `y` coordinate: a `y` coordinate.
    fn new_y(value: &Self::Element, first: &Self::Element) -> Self::Element;
    /// The inverse in each lane, or `None` if any lane is zero.
    fn invert(value: &Self::Element) -> Option<Self::Element>;
}

/// Fewer rounds than this are not worth setting up.
const ROUNDS_MIN: usize = 2;

/// The sum of points, on the quickest path that this machine has.
pub(crate) fn sum(points: &[G1Affine]) -> G1Jacobian {
    #[cfg(target_arch = "x86_64")]
    if let Some(total) = ifma::sum(points) {
        return total;
    }
    G1Affine::sum_with_blst(points)
}

/// Points that are best summed at once: blst works on 1,024 within the cache, the
/// eight lanes share the cost of setting up among more.
pub(crate) fn sum_size() -> usize {
    #[cfg(target_arch = "x86_64")]
    if ifma::available() {
        return SUM_IN_LANES;
    }
    SUM_ONE_BY_ONE
}

const SUM_ONE_BY_ONE: usize = 1 << 10;
const SUM_IN_LANES: usize = 1 << 15;

/// The sum of points over one arithmetic.
#[inline(always)]
fn sum_with<A: Arithmetic>(points: &[G1Affine]) -> G1Jacobian {
    let size = A::ROUND * A::LANES;
    if points.len() < ROUNDS_MIN * size || points.iter().any(is_infinity) {
        return G1Affine::sum_with_blst(points);
    }
    let (first, rest) = points.split_at(size);
    let mut sums: Vec<(A::Element, A::Element)> =
        first.chunks_exact(A::LANES).map(A::load).collect();
    let mut added = sums.clone();
    let mut before = vec![A::one(); A::ROUND];
    let mut aside = G1Jacobian::default();
    let mut rounds = rest.chunks_exact(size);
    for round in &mut rounds {
        for (slot, part) in added.iter_mut().zip(round.chunks_exact(A::LANES)) {
            *slot = A::load(part);
        }
        // In some lane two equal points met, or opposite ones: no slope to be had.
        // The round is summed the slow way and set aside; the sums stay as they are.
        if !add_round::<A>(&mut sums, &added, &mut before) {
            aside = aside.add(&G1Affine::sum_with_blst(round));
        }
    }
    let mut last = rounds.remainder().to_vec();
    for (x, y) in &sums {
        A::unload(x, y, &mut last);
    }
    aside.add(&G1Affine::sum_with_blst(&last))
}

/// Whether this is infinity; asked of every point, so without a call.
#[inline(always)]
fn is_infinity(point: &G1Affine) -> bool {
    point.0.x.l == [0; 6] && point.0.y.l == [0; 6]
}

/// Adds one list of points to another, place by place, with one inversion.
///
/// Returns `false`, with nothing changed, if two points at one place have one `x`.
#[inline(always)]
fn add_round<A: Arithmetic>(
    sums: &mut [(A::Element, A::Element)],
    added: &[(A::Element, A::Element)],
    before: &mut [A::Element],
) -> bool {
    // before[i] = product of the differences of all earlier places.
    let mut product = A::one();
    for ((sum, point), slot) in sums.iter().zip(added).zip(before.iter_mut()) {
        *slot = product;
        product = A::multiply(&product, &A::difference(&point.0, &sum.0));
    }
    let Some(mut inverse) = A::invert(&product) else {
        return false;
    };
    for ((sum, point), slot) in sums.iter_mut().zip(added).zip(before.iter()).rev() {
        let (x1, y1) = *sum;
        let (x2, y2) = point;
        let reciprocal = A::multiply(&inverse, slot);
        inverse = A::multiply(&inverse, &A::difference(x2, &x1));
        let slope = A::multiply(&A::difference(y2, &y1), &reciprocal);
        let x3 = A::new_x(&A::square(&slope), &x1, x2);
        let y3 = A::new_y(&A::multiply(&slope, &A::difference(&x1, &x3)), &y1);
        *sum = (x3, y3);
    }
    true
}

#[cfg(test)]
mod tests;
